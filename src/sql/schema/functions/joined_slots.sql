-- Slots that wait for what somebody else has begun, and that performs and waits in turn: in a cycle of waiting in which
-- everybody performs there is one of these. In any order, so that with more of them than one call looks at, each has
-- its turn.
-- For other functions only: it inherits their search path and their settings.
create function joined_slots(p_limit int)
returns table (action uuid, step int, slot int, child uuid, definition text, actor_id text)
language plpgsql stable as $$
#variable_conflict use_column
begin
  return query
    select o.action, o.step, o.slot, o.child, o.definition, o.actor_id
    from slots o
    where
      o.moved
      and o.status is null
      and (
        select l.phase = 1 /* Phase.waiting */ and l.status = 1 /* Status.performing */
        from live_actions l
        where l.id = o.child)
    order by random()
    limit p_limit;
end $$;
