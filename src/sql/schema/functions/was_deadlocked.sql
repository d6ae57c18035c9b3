-- Whether an action that has ended well was to be unwound and has never begun, as it would have waited for itself.
-- For other functions only: it inherits their search path and their settings.
create function was_deadlocked(p_action uuid, p_unwound jsonb) returns boolean
language sql stable as $$
  select p_unwound is null and exists (
    select 1
    from slots o
    where o.child = p_action and o.undo = 1 /* UndoSlot.waits */ and o.status = 7 /* Status.deadlocked */)
$$;
