-- Actions that have just taken lanes that are paused do not perform: each is the first of its lane.
-- For other functions only: it inherits their search path and their settings.
create function hold_lanes(p_ids uuid[]) returns void
language sql as $$
  update live_actions
  set
    status = 0 /* Status.pending */,
    token = null,
    step_kind = null,
    step_name = null,
    prepended = null,
    step_started_at = null,
    timeout_at = null,
    started_at = null
  where id = any(p_ids)
$$;
