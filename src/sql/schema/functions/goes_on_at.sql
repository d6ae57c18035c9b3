-- Where another action goes on for one that has ended (rule 18.1): with the step that has ended it, the first one that
-- was compensated, or an earlier one (`p_from`), whichever comes first; where it was undone as a whole, that is the
-- first one of its own. Where all have succeeded, an outbound action
-- goes on with the last one, as what that has begun outside has failed, and any other with what comes next, whose name
-- is not known here. `afresh`: nothing of the step is taken over; `waits`: its body has done what it was to do, and
-- all that it waits for can stay or be retried, or it cannot ask again as long as something of that is open. Of a step
-- that was to begin again nothing is stored but its attempts.
-- For other functions only: it inherits their search path and their settings.
create function goes_on_at(
  p_action uuid, p_from int, p_is_outbound boolean, out step int, out name text, out kind smallint,
  out afresh boolean, out waits boolean)
language plpgsql stable as $$
#variable_conflict use_column
declare
  last record;
  undone int;
  first int;
begin
  select s.idx, s.kind, s.name, s.status, s.marked, s.attempts #> '{last,-1,endedAt}' is not null as was_to_come
  into last
  from steps s
  where s.action = p_action and s.kind <> 5 /* StepKind.compensation */
  order by s.idx desc
  limit 1;
  -- an only step that has not waited has no row
  if not found then
    select 0 as idx, e.step_kind as kind, e.step_name as name, e.status as status, false as marked,
      false as was_to_come
    into last
    from ended_actions e
    where e.id = p_action and e.step_name is not null;
  end if;
  afresh := false;
  waits := false;
  if last is null then
    step := 0;
    return;
  end if;
  step := last.idx + case
    when last.status in (2 /* Status.succeeded */, 8 /* StepStatus.skipped */)
      and (not p_is_outbound or last.kind = 2 /* StepKind.prepended */)
      then 1
    else 0 end;
  first := coalesce((
    select min(s.idx)
    from steps s
    where s.action = p_action and s.kind not in (2 /* StepKind.prepended */, 5 /* StepKind.compensation */)
  ), last.idx);
  select min(coalesce(s.undoes, first))
  into undone
  from steps s
  where
    s.action = p_action and s.kind = 5 /* StepKind.compensation */
    -- some of its children are unwound, whether others could not be
    and (s.status = 2 /* Status.succeeded */ or s.undo = 8 /* Undo.unwind */);
  afresh := p_from < least(step, undone);
  step := least(step, undone, p_from);
  afresh := coalesce(afresh, false) or exists (
    select 1
    from steps s
    where
      s.action = p_action
      and s.kind = 5 /* StepKind.compensation */
      and s.status = 2 /* Status.succeeded */
      and coalesce(s.undoes, first) = step
      and s.undo is distinct from 8 /* Undo.unwind */);
  if step = last.idx then
    name := last.name;
    kind := last.kind;
  elsif step < last.idx then
    select s.name, s.kind, s.marked
    into name, kind, last.marked
    from steps s
    where s.action = p_action and s.idx = step;
  end if;
  if name is not null and not afresh and not last.marked and not (last.was_to_come and step = last.idx)
    -- what the last step of an outbound action has begun, it begins again
    and (step < last.idx or step is not distinct from undone
      or last.status not in (2 /* Status.succeeded */, 8 /* StepStatus.skipped */))
  then
    select coalesce(bool_and(r.becomes <> 'asked') or bool_or(r.becomes in ('joined', 'ending')), false)
    into waits
    from slots_retried(p_action, step) r;
  end if;
end $$;
