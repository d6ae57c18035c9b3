-- What was sent to an action under a name and nobody has read, failures apart: of two with one key the first one.
create function unread_signals(p_action uuid, p_name text) returns table (id bigint, payload jsonb)
language plpgsql stable set search_path from current as $$
#variable_conflict use_column
begin
  return query
    select u.id, u.payload
    from signals u
    where
      u.action = p_action and u.name = p_name and u.step is null and u.cause is null
      and (u.for_step is null or attempt_counts(u.action, u.for_step, u.for_attempt))
      and not exists (
        select 1 from signals e where e.action = u.action and e.name = u.name and e.key = u.key and e.id < u.id
        offset 0)
    order by u.id;
end $$;
