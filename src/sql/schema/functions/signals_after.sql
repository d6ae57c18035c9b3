-- What was sent to actions and nobody has read, in the order of these: of the first one behind `p_name` and `p_id`, as
-- many as `p_bytes` hold, one at least. As in `unread_signals`, but failures, too, and under every name.
create function signals_after(p_actions uuid[], p_name text, p_id bigint, p_bytes int)
returns table (action uuid, name text, id bigint, payload jsonb, cause jsonb)
language plpgsql stable set search_path from current as $$
#variable_conflict use_column
begin
  foreach action in array p_actions loop
    for name, id, payload, cause in
      select u.name, u.id, u.payload, u.cause
      from signals u
      where
        u.action = signals_after.action and u.step is null
        and (u.name, u.id) > (coalesce(p_name, ''), coalesce(p_id, 0))
        and (u.for_step is null or attempt_counts(u.action, u.for_step, u.for_attempt))
        and not exists (
          select 1
          from signals e
          where
            e.action = u.action and e.name = u.name and e.key = u.key and (e.id < u.id or e.step is not null)
          offset 0)
      order by u.name, u.id
    loop
      return next;
      p_bytes := p_bytes - coalesce(octet_length(payload::text), 0) - coalesce(octet_length(cause::text), 0) - 40;
      if p_bytes <= 0 then
        return;
      end if;
    end loop;
    p_name := null;
    p_id := null;
  end loop;
end $$;
