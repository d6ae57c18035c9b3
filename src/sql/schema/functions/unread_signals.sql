-- What was sent to an action under a name and nobody has read, failures apart, behind `p_after`: as much as `p_bytes`
-- hold, one at least; of two with one key the first one.
create function unread_signals(p_action uuid, p_name text, p_after bigint, p_bytes int)
returns table (id bigint, payload text)
language plpgsql stable set search_path from current as $$
#variable_conflict use_column
begin
  for id, payload in
    select u.id, u.payload::text
    from signals u
    where
      u.action = p_action and u.name = p_name and u.step is null and u.cause is null and u.id > p_after
      and (u.for_step is null or attempt_counts(u.action, u.for_step, u.for_attempt))
      and not exists (
        select 1
        from signals e
        where
          e.action = u.action and e.name = u.name and e.key = u.key and (e.id < u.id or e.step is not null)
        offset 0)
    order by u.id
  loop
    return next;
    p_bytes := p_bytes - coalesce(octet_length(payload), 0) - 40;
    exit when p_bytes <= 0;
  end loop;
end $$;
