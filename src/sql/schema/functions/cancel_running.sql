-- The running step of actions that are ended from outside ends as cancelled; it has no row yet, and no name if no
-- worker has had the action. Their live rows are locked by the caller.
-- For other functions only: it inherits their search path and their settings.
create function cancel_running(p_ids uuid[], p_now timestamptz) returns void
language plpgsql as $$
begin
  insert into steps (action, idx, kind, name, status, started_at, ended_at, attempt, attempts, undo)
  select
    id, step, step_kind, step_name, 4 /* Status.cancelled */,
    coalesce(to_timestamp((step_attempts ->> 'since')::float8 / 1000), step_started_at, started_at, p_now), p_now,
    -- one that is only to come was none
    step_attempt - case when step_started_at is null then 1 else 0 end,
    attempts_with(step_attempts, step_attempt, step_started_at),
    -- nothing is to be undone of what has not begun
    case when step_attempt is null and step_started_at is null then 0 end
  from live_actions
  where
    id = any(p_ids)
    and status = 1 /* Status.performing */
    and phase in (0 /* Phase.step */, 6 /* Phase.held */, 8 /* Phase.suspended */)
    and outcome is null
    and step_name is not null
  on conflict do nothing;
end $$;
