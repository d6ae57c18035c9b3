-- Holds what an ended action's step would be given that somebody has retried by itself, and that has not ended: with
-- its row locked it ends, or begins, later, and finds who waits for it. Of one that ends or begins just now that is
-- not so: all of it is tried again. From then on `slots_retried` says the same as long as this transaction lasts.
-- For other functions only: it inherits their search path and their settings.
create function hold_joined(p_action uuid, p_step int) returns void
language plpgsql as $$
declare
  joined uuid[] := array(select r.child from slots_retried(p_action, p_step) r where r.becomes = 'joined');
begin
  if cardinality(joined) > 0
    and cardinality(joined) > cardinality(
      array(select l.id from live_actions l where l.id = any(joined) for key share skip locked)
      || array(
        select j.action
        from jobs j
        where j.action = any(joined) and j.kind = 0 /* JobKind.invocation */
        for key share skip locked))
  then
    raise exception 'what is waited for ends, or begins' using errcode = 'serialization_failure';
  end if;
end $$;
