-- Why a live action is not finished.
-- For other functions only: it inherits their search path and their settings.
create function why_live(p_now timestamptz, p_id uuid) returns jsonb
language plpgsql stable as $$
declare
  l record;
  job record;
  reasons jsonb := jsonb_build_array();
begin
  select
    x.status, x.outcome, x.phase, x.token, x.lane, x.lanes, x.seat, x.queue, x.definition, x.step, x.step_name,
    x.step_kind, x.step_started_at, x.step_attempt, x.step_attempts, x.step_timeout_at, x.verdict, x.attempts, x.cause,
    x.failure, x.progress, x.unwinds, x.heard_at, x.details, x.silent_at, x.started_at
  into l
  from live_actions x
  where x.id = p_id;
  if l.unwinds is not null
    or (
      l.outcome is not null and l.verdict ->> '_tag' is distinct from 'ends'
      and l.phase in (1 /* Phase.waiting */, 5 /* Phase.unwinding */, 7 /* Phase.closing */))
  then
    reasons := jsonb_build_array(jsonb_build_object(
      'tag', 'Unwinding',
      'status', (
        array['pending', 'performing', 'succeeded', 'superseded', 'cancelled', 'failed', 'timed_out', 'deadlocked']
          /* statuses */)[1 + coalesce(l.outcome, 2 /* Status.succeeded */)],
      'cause', l.cause - 'pretty',
      'hasEnded', l.unwinds is not null,
      'step', case
        when l.phase = 1 /* Phase.waiting */ then (
          select s.name
          from steps s
          where s.action = p_id and s.idx = l.step and s.kind = 5 /* StepKind.compensation */)
        when l.step_kind = 5 /* StepKind.compensation */ then l.step_name end));
  end if;

  if l.status = 0 /* Status.pending */ and l.outcome is null then
    return reasons || why_pending(
      p_now, p_id, l.lane, l.lanes, l.seat, l.queue, l.definition, l.unwinds is not null);
  end if;
  if l.token is not null then
    return reasons || jsonb_build_object(
      'tag', 'Performs',
      'what', (
        array['step', 'concluding', 'concluding', 'callbacks', 'job', 'undoing', 'concluding', 'closing'])[1 + l.phase],
      'step', l.step_name, 'attempt', coalesce(l.step_attempt, 1),
      'since', case
        when l.phase not in (1 /* Phase.waiting */, 3 /* Phase.callbacks */, 6 /* Phase.held */)
          then extract(epoch from l.step_started_at) * 1000 end,
      'worker', why_worker(l.token),
      'progress', case
        when (l.progress ->> 'step')::int = l.step and (l.progress ->> 'attempt')::int = coalesce(l.step_attempt, 1)
          and l.phase in (0 /* Phase.step */, 5 /* Phase.unwinding */)
          then l.progress -> 'value' end);
  end if;
  if l.phase = 2 /* Phase.outbound */ then
    return reasons || jsonb_build_object(
      'tag', 'Outbound',
      'since', extract(epoch from coalesce(
        l.step_started_at,
        (select s.ended_at from steps s where s.action = p_id order by s.idx desc limit 1),
        l.started_at)) * 1000,
      'heardAt', extract(epoch from l.heard_at) * 1000, 'silentAt', extract(epoch from l.silent_at) * 1000,
      'details', l.details);
  end if;
  if l.phase = 6 /* Phase.held */ and l.verdict is null then
    return reasons || jsonb_build_object(
      'tag', 'Held', 'step', l.step_name, 'attempt', coalesce(l.step_attempt, 1),
      'since', coalesce(
        (l.step_attempts #>> '{last,-1,endedAt}')::float8, extract(epoch from l.step_started_at) * 1000),
      'failure', coalesce(l.failure, l.step_attempts #> '{last,-1,failure}') - 'pretty',
      'decided', (
        select jsonb_build_object(
          'verb', o.verb, 'by', o.by, 'reason', o.reason, 'at', extract(epoch from o.at) * 1000)
        from operations o
        where o.target = p_id::text and o.outcome = 'done' and o.step = l.step
        order by o.id desc
        limit 1));
  end if;
  if l.phase = 8 /* Phase.suspended */ then 
    return reasons || why_suspended(p_id, l.failure, l.progress);
  end if;
  if l.phase = 1 /* Phase.waiting */ then
    reasons := reasons || why_waiting(p_id, l.step, l.step_timeout_at);
    if exists (select 1 from slots o where o.action = p_id and o.step = l.step and o.status is null offset 0) then
      return reasons;
    end if;
  end if;

  select j.priority, j.due_at, j.enqueued_at
  into job
  from jobs j
  where j.action = p_id and j.kind = 1 /* JobKind.continuation */
  limit 1;
  if not found then return reasons || '{"tag": "Stranded"}'::jsonb; end if;
  if job.priority = 1000 /* Priority.later */ and job.due_at > p_now then
    return reasons || jsonb_build_object(
      'tag', 'Retries',
      'what', (
        array['step', 'concluding', 'concluding', 'callbacks', 'job', 'undoing', 'concluding', 'closing'])[1 + l.phase],
      'step', l.step_name, 'attempt', coalesce(l.step_attempt, l.attempts + 1),
      'at', extract(epoch from job.due_at) * 1000,
      'failure', coalesce(l.failure, l.step_attempts #> '{last,-1,failure}') - 'pretty');
  end if;
  return reasons || jsonb_build_object(
    'tag', 'Due', 'queue', l.queue, 'since', extract(epoch from coalesce(job.due_at, job.enqueued_at)) * 1000,
    'workers', why_served(l.queue, l.definition));
end $$;
