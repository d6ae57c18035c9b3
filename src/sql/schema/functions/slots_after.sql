-- Slots of a step behind `p_slot` with their results, as many as `p_bytes` hold, one at least.
create function slots_after(p_action uuid, p_step int, p_slot int, p_bytes int)
returns table (
  slot int, status smallint, definition text, actor_id text, result text, success text, ran_definition text,
  ran_actor_id text, cause text, error text, child uuid, signal text, optional boolean)
language plpgsql stable set search_path from current as $$
begin
  for slot, status, definition, actor_id, result, success, ran_definition, ran_actor_id, cause, error, child,
    signal, optional in
    select
      o.slot, o.status, o.definition, o.actor_id, coalesce(o.result, e.result)::text, o.success, e.definition,
      e.actor_id, case when o.error is not null then coalesce(o.cause, e.cause)::text end, o.error, o.child,
      o.signal, o.optional
    from slots o
    left join lateral (
      select e.result, e.cause, e.definition, e.actor_id from ended_actions e where e.id = o.child offset 0
    ) e on true
    where
      o.action = p_action and o.step = p_step and o.slot > p_slot and (o.child is not null or o.signal is not null)
      -- of a step that was tried again those of its last attempt
      and o.attempt is not distinct from (select s.attempt from steps s where s.action = p_action and s.idx = p_step)
    order by o.slot
  loop
    return next;
    p_bytes := p_bytes - coalesce(octet_length(result), 0) - coalesce(octet_length(cause), 0) - 40;
    exit when p_bytes <= 0;
  end loop;
end $$;
