-- Fixes the outcome of live actions from outside, in favour of what undoes them (`p_unwinds`), or of their callbacks:
-- the rows are locked, and have either. A pending one leaves its lane: it has no seat, so that nothing supersedes or
-- promotes it while its callbacks run. One that unwinds performs; where its step waits for children it waits until they
-- have ended.
-- For other functions only: it inherits their search path and their settings.
create function fix_outcome(p_now timestamptz, p_ids uuid[], p_status smallint, p_result jsonb,
p_cause jsonb, p_unwinds boolean, p_trace text) returns setof answer
language plpgsql as $$
begin
  delete from jobs
  where ctid = any(array(
    select ctid from jobs where action = any(p_ids) and kind = 1 /* JobKind.continuation */ for update skip locked));
  perform cancel_running(p_ids, p_now);
  perform lock_waiting_steps('{}', p_ids);
  if (case when p_unwinds then close_steps(p_ids) else cancel_steps(p_now, p_ids) end) then
    return next news(-4 /* Kind.abandoned */);
  end if;
  update live_actions
  set
    outcome = p_status,
    result = p_result,
    cause = cause_at(p_cause, definition, actor_id),
    outcome_trace = p_trace,
    phase = case
      when not p_unwinds then 3 /* Phase.callbacks */
      when phase = 1 /* Phase.waiting */ then phase
      else 5 /* Phase.unwinding */ end,
    -- what was running has its row
    step = case when p_unwinds and phase in (0 /* Phase.step */, 6 /* Phase.held */) then step + 1 else step end,
    step_name = case when p_unwinds and phase <> 1 /* Phase.waiting */ then null else step_name end,
    step_kind = case when p_unwinds and phase <> 1 /* Phase.waiting */ then null else step_kind end,
    step_attempt = case when p_unwinds and phase <> 1 /* Phase.waiting */ then null else step_attempt end,
    step_attempts = case when p_unwinds and phase <> 1 /* Phase.waiting */ then null else step_attempts end,
    -- what undoes a step has its own
    step_started_at = case when p_unwinds and phase <> 1 /* Phase.waiting */ then null else step_started_at end,
    step_timeout_at = null,
    silent_at = null,
    verdict = null,
    token = null,
    attempts = 0,
    failure = null,
    seat = case when status = 1 /* Status.performing */ then seat end,
    status = 1 /* Status.performing */
  where id = any(p_ids);
  perform continue_by_job(p_now, case when not p_unwinds then p_ids else array(
    select l.id
    from live_actions l
    where
      l.id = any(p_ids)
      and not (
        l.phase = 1 /* Phase.waiting */
        and exists (select 1 from slots o where o.action = l.id and o.step = l.step and o.status is null
        offset 0))) end);
  return next news(-8 /* Kind.queued */);
  return query
    select
      (-7 /* Kind.interrupt */)::smallint, id, definition, actor_id, null::jsonb, 0, p_status,
      0::smallint, 0::smallint, null::json
    from live_actions
    where id = any(p_ids);
end $$;
