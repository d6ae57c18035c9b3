-- The same as `earlier_slots` says of what has succeeded, behind a slot, as many as `p_bytes` hold, one at least.
create function earlier_after(p_action uuid, p_step int, p_slot int, p_bytes int)
returns table (slot int, request text, definition text, actor_id text, arguments text, signal text)
language plpgsql stable set search_path from current as $$
begin
  for slot, request, definition, actor_id, arguments, signal in
    select
      o.slot, case when a.asked is null then o.request end, o.definition, o.actor_id, a.asked::text, o.signal
    from slots o
    cross join lateral (select asked_for(o.child, o.attempt, o.request) as asked offset 0) a
    where
      o.action = p_action and o.step = p_step and o.slot > p_slot and o.status = 2 /* Status.succeeded */
      and coalesce(o.request <> '', coalesce(o.attempt, 0) = 0)
    order by o.slot
  loop
    return next;
    p_bytes := p_bytes - coalesce(octet_length(arguments), 0) - 200;
    exit when p_bytes <= 0;
  end loop;
end $$;
