-- Actions that have just taken lanes that are paused do not perform: each is the first of its lane.
-- For other functions only: it inherits their search path and their settings.
create function hold_lanes(p_jobs claimed_job[]) returns void
language sql as $$
  update live_actions l
  set
    delayed_until = j.delayed_until,
    queued_as = j.id,
    status = 0 /* Status.pending */,
    token = null,
    -- by that an execution is known, whose end wakes who waits for it
    step_kind = case when l.step_kind = 6 /* StepKind.replayed */ then l.step_kind end,
    step_name = null,
    prepended = null,
    step_started_at = null,
    timeout_at = null,
    started_at = null
  from unnest(p_jobs) j
  where l.id = j.action
$$;
