-- A cycle of waiting in which everybody performs: two have joined at the same time what waits for the other. What one
-- of them has asked for is deadlocked, as it would have been had it come a moment later. Where it is that one by itself
-- that holds the cycle together is looked at as if it asked again.
-- For other functions only: it inherits their search path and their settings.
create function break_joining(p_token bigint, p_now timestamptz, p_definitions text[], p_flags smallint[])
returns setof answer language plpgsql as $$
declare
  one record;
  found_in record;
  is_far boolean := false;
  asked uuid;
begin
  for one in select j.action, j.step, j.slot, j.child, j.definition, j.actor_id from joined_slots(1000) j loop
    select d.cycle, d.undecided into found_in from deadlock_of(one.action) d;
    if found_in.undecided and not is_far then
      is_far := true;
      found_in.undecided := not is_deadlocked(one.action);
      continue when found_in.undecided;
    elsif found_in.cycle is null then
      continue;
    end if;
    perform 1
    from steps
    where action = one.action and idx = one.step and status = 1 /* Status.performing */
    for no key update skip locked;
    continue when not found;
    asked := gen_random_uuid();
    update slots
    set child = asked, moved = null
    where action = one.action and step = one.step and slot = one.slot and child = one.child and status is null;
    continue when not found;
    found_in.cycle := (
      select d.cycle from deadlock_of(asked, p_joined => one.child, p_edges => 1000000, p_rounds => null) d);
    if found_in.cycle is null then
      update slots
      set child = one.child, moved = true
      where action = one.action and step = one.step and slot = one.slot;
      continue;
    end if;
    update slots
    set
      status = 7 /* Status.deadlocked */,
      cause = deadlock_cause(found_in.cycle, one.definition, one.actor_id)
    where action = one.action and step = one.step and slot = one.slot;
    return next row(
      -3 /* Kind.ended */, asked, one.definition, one.actor_id, null, 0, 7 /* Status.deadlocked */, 0, 1, null)::answer;
    return query select * from resume_parents(
      leased(p_token), p_now, p_definitions, array[one.action], array[one.step], p_flags);
    return;
  end loop;
end $$;
