-- The running step of actions that are ended from outside ends as cancelled; it has no row yet, and no name if no
-- worker has had the action. Their live rows are locked by the caller.
-- For other functions only: it inherits their search path and their settings.
create function cancel_running(p_ids uuid[], p_now timestamptz) returns void
language plpgsql as $$
begin
  insert into steps (action, idx, kind, name, status, started_at, ended_at)
  select id, step, step_kind, step_name, 4 /* Status.cancelled */, coalesce(step_started_at, started_at, p_now), p_now
  from live_actions
  where
    id = any(p_ids)
    and status = 1 /* Status.performing */
    and phase = 0 /* Phase.step */
    and outcome is null
    and step_name is not null
  on conflict do nothing;
end $$;
