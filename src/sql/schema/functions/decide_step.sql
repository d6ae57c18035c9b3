-- Somebody decides of an attempt of a step that is held, waits, or is to begin again, or abandons what undoes an
-- action's steps (no step is given), whoever is at it: what is waited for is cancelled, and whoever has the definition
-- concludes it. Whose answer is lost asks again: about that attempt nothing is decided any more once the action has
-- gone on from there, and until then what was decided first counts. Gives what has come of that: `VerdictCode` in
-- src/sql/rows.ts; `repeated` is done, too, and was before.
-- For other functions only: it inherits their search path and their settings.
create function decide_step(p_now timestamptz, p_action uuid, p_step int, p_attempt int, p_verdict jsonb) returns int
language plpgsql as $$
declare
  l record;
  waited uuid[];
  abandons boolean := p_verdict ->> '_tag' = 'abandon';
  is_new boolean := true;
begin
  perform require_read_committed();
  select
    definition, status, phase, outcome, token, step, step_kind, step_name, step_attempt, step_started_at, verdict
  into l
  from live_actions
  where id = p_action
  for update;
  if not found then
    return case
      when exists (select 1 from ended_actions where id = p_action)
        or exists (select 1 from outcomes where id = p_action) then 4 /* Verdict.over */
      when exists (select 1 from jobs where action = p_action and kind = 0 /* JobKind.invocation */)
        then 6 /* Verdict.notStarted */
      else 0 /* Verdict.none */ end;
  end if;
  if l.outcome is not null and (not abandons or l.phase = 3 /* Phase.callbacks */) then
    return 4 /* Verdict.over */;
  end if;
  -- of an unwinding: it has not begun, or a body is still to end before it
  if l.status <> 1 /* Status.performing */
    or (abandons and (l.outcome is null or l.phase not in (1 /* Phase.waiting */, 5 /* Phase.unwinding */))) then
    return 6 /* Verdict.notStarted */;
  end if;
  if (p_step, p_attempt) < (l.step, coalesce(l.step_attempt, 1)) then
    return 4 /* Verdict.over */;
  end if;
  if (p_step, p_attempt) > (l.step, coalesce(l.step_attempt, 1)) then
    return 6 /* Verdict.notStarted */;
  end if;
  if l.verdict is not null and (not abandons or l.verdict ->> '_tag' = 'abandon') then
    return case
      when l.verdict = p_verdict or abandons then 7 /* Verdict.repeated */
      else 4 /* Verdict.over */ end;
  end if;
  if not abandons and (l.token is not null
    or l.phase not in (0 /* Phase.step */, 1 /* Phase.waiting */, 6 /* Phase.held */)
    or (l.phase = 0 /* Phase.step */ and (l.step_attempt is null or l.step_started_at is not null))) then
    return 3 /* Verdict.busy */;
  end if;
  -- its worker would hold it again
  if p_verdict ->> '_tag' = 'skip' and cannot_be_skipped(l.definition, l.step_kind, l.step_name) then
    return 9 /* Verdict.notSkippable */;
  end if;
  if l.phase = 1 /* Phase.waiting */ then
    perform lock_waiting_steps('{}', array[p_action]);
    select c.waited into waited from cancel_slots(array[p_action]) c;
    -- all of it was there already: somebody goes on with it
    if waited is null and not abandons then return 3 /* Verdict.busy */; end if;
  end if;
  -- what is to begin again at once is so already
  if l.phase = 0 /* Phase.step */ and p_verdict ->> '_tag' = 'again' then
    is_new := exists (
      select 1
      from jobs
      where action = p_action and kind = 1 /* JobKind.continuation */ and priority = 1000 /* Priority.later */);
  end if;
  -- one that a claim has just taken is that claim's to drop
  delete from jobs
  where ctid = any(array(
    select ctid from jobs where action = p_action and kind = 1 /* JobKind.continuation */ for update skip locked));
  -- a further attempt of what does not wait needs nobody to conclude anything
  update live_actions
  set
    token = null,
    attempts = case when abandons then 0 else attempts end,
    verdict = case when l.phase = 1 /* Phase.waiting */ or p_verdict ->> '_tag' <> 'again' then p_verdict end,
    phase = case
      when l.phase = 6 /* Phase.held */ and p_verdict ->> '_tag' = 'again' then 0 /* Phase.step */
      else l.phase end
  where id = p_action;
  if abandons then
    -- what undoes a step may do so itself, in a transaction that is to commit all the same: see complete
    perform set_config(
      'stepped.ended', concat_ws(',', nullif(current_setting('stepped.ended', true), ''), p_action), true);
  end if;
  perform continue_by_job(p_now, array[p_action]);
  return case when is_new then 1 /* Verdict.done */ else 7 /* Verdict.repeated */ end;
end $$;
