-- What has come of the children that were to be unwound for this step, as far as there is more to say than that they
-- were: some of them.
-- For other functions only: it inherits their search path and their settings.
create function unwound_of(p_action uuid, p_step int) returns json
language plpgsql stable as $$
begin
  return (
    select json_agg(json_build_array(x.definition, x.actor_id, x.child, x.undo, x.cause) order by x.slot)
    from (
      select o.slot, o.definition, o.actor_id, o.child, o.undo, o.cause
      from slots o
      where
        o.action = p_action and o.step = p_step
        and (o.undo = 3 /* UndoSlot.kept */ or (o.undo is not null and o.cause is not null))
      order by o.slot
      limit 100
    ) x);
end $$;
