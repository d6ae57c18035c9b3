-- Cancels the running steps of these actions, and with them what they wait for: it does not run on while callbacks do,
-- nor after the end. Gives whether children are left behind that are to be looked at. The steps are locked by the
-- caller.
-- For other functions only: it inherits their search path and their settings.
create function cancel_steps(p_now timestamptz, p_ids uuid[]) returns boolean
language plpgsql as $$
begin
  update steps
  set status = 4 /* Status.cancelled */, ended_at = p_now
  where action = any(p_ids) and status = 1 /* Status.performing */;
  return is_abandoned from cancel_slots(p_ids);
end $$;
