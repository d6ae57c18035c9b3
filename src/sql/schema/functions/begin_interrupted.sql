-- One that is still queued, and is to be interrupted, begins as an action that its worker does not have in memory: so
-- its body comes with the interruption, and does nothing that it would only undo. Says whether it does. Whoever takes
-- it just now is told as everybody is whose body runs.
-- For other functions only: it inherits their search path and their settings.
create function begin_interrupted(p_now timestamptz, p_id uuid) returns boolean
language plpgsql as $$
begin
  with d as (
    delete from jobs
    where ctid = any(array(
      select j.ctid
      from jobs j
      where j.action = p_id and j.kind = 0 /* JobKind.invocation */ and j.token is null and j.cancelled_at is null
      for update skip locked))
    returning action, definition, actor_id, queue, arguments, lane, attempts, enqueued_at, trace, started_by
  )
  insert into live_actions (
    id, definition, actor_id, queue, arguments, lane, seat, status, depth, rooted, flags, attempts, step_kind,
    enqueued_at, started_at, trace, started_by)
  select
    d.action, d.definition, d.actor_id, d.queue, d.arguments, d.lane, 0 /* Seat.performing */,
    1 /* Status.performing */, 0, true, 0, d.attempts,
    -- who ends it before that has begun is to wake who waits for it
    6 /* StepKind.replayed */, d.enqueued_at, p_now, d.trace, d.started_by
  from d;
  return found and continue_by_job(p_now, array[p_id]) > 0;
end $$;
