-- What was sent to these actions and nobody has read is from now on that one's which has superseded them, or which they
-- have joined: the caller has locked it, or has just stored it. It may wait for one already, which is for a transition
-- of its own to see. Keys of theirs that count for all actions of the actor are held as long as there is that one.
-- For other functions only: it inherits their search path and their settings.
create function hand_over_signals(p_now timestamptz, p_from uuid[], p_to uuid) returns void
language plpgsql as $$
begin
  update signals set action = p_to where action = any(p_from) and step is null;
  if found then
    update action_keys
    set action = p_to
    where action = any(p_from) and kind = 4 /* KeyKind.signal */ and free_at is null;
    perform signal_by_job(p_now, array[p_to]);
  end if;
end $$;
