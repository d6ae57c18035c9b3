-- Fixes the outcome of live actions from outside, in callbacks' favour: the rows are locked, the status has callbacks.
-- A pending one leaves its lane: it has no seat, so that nothing supersedes or promotes it while its callbacks run.
-- For other functions only: it inherits their search path and their settings.
create function fix_outcome(p_now timestamptz, p_ids uuid[], p_status smallint, p_result jsonb,
p_cause jsonb) returns setof answer
language plpgsql as $$
begin
  delete from jobs
  where ctid = any(array(
    select ctid from jobs where action = any(p_ids) and kind = 1 /* JobKind.continuation */ for update skip locked));
  perform cancel_running(p_ids, p_now);
  perform lock_waiting_steps('{}', p_ids);
  if cancel_steps(p_now, p_ids) then return next news(-4 /* Kind.abandoned */); end if;
  update live_actions
  set
    outcome = p_status,
    result = p_result,
    cause = cause_at(p_cause, definition, actor_id),
    phase = 3 /* Phase.callbacks */,
    token = null,
    attempts = 0,
    seat = case when status = 1 /* Status.performing */ then seat end,
    status = 1 /* Status.performing */
  where id = any(p_ids);
  perform continue_by_job(p_now, p_ids);
  return next news(-8 /* Kind.queued */);
  return query select * from news_of(-7 /* Kind.interrupt */, p_ids);
end $$;
