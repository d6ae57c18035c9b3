-- Steps that begin to wait for signals may have been sent some before: those that wait for nothing more go on at once.
-- Their actions are locked by the caller, since before this looks: see `deliver_signals`. `p_slots` are the numbers of
-- the slots that are stored; all, if null.
-- For other functions only: it inherits their search path and their settings.
create function go_on_signalled(
  p_token bigint, p_now timestamptz, p_definitions text[], p_flags smallint[], p_slots int[], slot_action uuid[],
  slot_step int[], slot_signal text[])
returns setof answer language plpgsql as $$
declare
  waiting uuid[];
  waiting_steps int[];
begin
  select array_agg(x.action), array_agg(x.step)
  into waiting, waiting_steps
  from (
    select distinct x.action, x.step
    from unnest(slot_action, slot_step, slot_signal) with ordinality as x(action, step, signal, n)
    where x.signal is not null and (p_slots is null or x.n = any(p_slots))
    offset 0
  ) x
  where match_signals(x.action, x.step);
  if waiting is not null then
    return query select * from resume_parents(p_token, p_now, p_definitions, waiting, waiting_steps, p_flags);
  end if;
end $$;
