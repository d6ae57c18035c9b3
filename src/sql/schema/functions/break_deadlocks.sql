-- Two edges that close a cycle at the same time see each other only afterwards, and what is more than a newcomer can
-- look through is left to this sweep: an action that waits in a cycle ends as deadlocked. Where there is more to look
-- through, a call looks at some actions as far as newcomers do, and at one of these to its end; the next call takes
-- others.
create function break_deadlocks(p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[],
p_flags smallint[])
returns setof answer language plpgsql set search_path from current as $$
declare
  one uuid;
  found_in record;
  further uuid[] := array[]::uuid[];
  broken jsonb;
begin
  perform require_read_committed();
  for one in select b.id from blocked_pending(1000) b loop
    select d.cycle, d.undecided into found_in from deadlock_of(one) d;
    if found_in.undecided then further := further || one; end if;
    exit when cardinality(further) = 10;
    -- once more: the cycle may have opened before its actions were locked
    if found_in.cycle is not null and lock_waiting(one) then broken := (deadlock_of(one)).cycle; end if;
    exit when broken is not null;
  end loop;
  if broken is null and cardinality(further) > 0 then
    one := further[1];
    if is_deadlocked(one) and lock_waiting(one) then
      broken := (deadlock_of(one, p_edges => 1000000, p_rounds => null)).cycle;
    end if;
  end if;
  if broken is null then
    return query select * from break_joining(p_token, p_now, p_definitions, p_flags);
    return;
  end if;
  return query
    select
      (-3 /* Kind.ended */)::smallint, one, l.definition, l.actor_id, null::jsonb, 0,
      7 /* Status.deadlocked */::smallint, 0::smallint, 1::smallint, null::json
    from live_actions l
    where l.id = one;
  -- one cycle a call: its end may have opened the others
  return query select * from end_actions(leased(p_token), p_now, p_definitions, p_first_steps, p_flags,
    array[one], null, array[7 /* Status.deadlocked */::smallint], null,
    array(select deadlock_cause(broken, l.definition, l.actor_id) from live_actions l where l.id = one),
    null, null, null, null, array[one]);
end $$;
