-- Stores steps that have ended, of actions that this worker keeps for their next one, and nothing else of them: one
-- after another in the order of their lanes, without locking them before. As with `move_to_history`, what is no longer
-- there under this token, or was changed since this statement began, is not among the `moved` ones: the caller looks
-- again.
-- For other functions only: it inherits their search path and their settings.
create function move_on(
  p_token bigint, p_now timestamptz, p_ids uuid[], p_epochs int[], p_steps int[], p_names text[], p_kinds smallint[],
  p_statuses smallint[], p_results jsonb[], p_marked boolean[], p_started_at timestamptz[], p_next_steps int[],
  p_next_names text[], p_next_kinds smallint[], out moved uuid[])
language plpgsql as $$
begin
  with x as (
    select
      l.place, x.epoch, x.step, x.name, x.kind, x.status, x.result, x.marked, x.started_at, x.next_step, x.next_name,
      x.next_kind
    from unnest(
      p_ids, p_epochs, p_steps, p_names, p_kinds, p_statuses, p_results, p_marked, p_started_at, p_next_steps,
      p_next_names, p_next_kinds
    ) as x(id, epoch, step, name, kind, status, result, marked, started_at, next_step, next_name, next_kind)
    cross join lateral (select l.ctid as place, l.lane from live_actions l where l.id = x.id offset 0) l
    -- sorting ends before the first row is changed; nobody leaves a lane here, so that those with names are not locked
    order by l.lane, x.id
    offset 0
  ),
  moved as (
    update live_actions l
    set
      step = x.next_step, step_name = x.next_name, step_kind = x.next_kind, step_started_at = p_now,
      -- what was said of the step that has ended is in its row, or over
      step_attempt = null, step_attempts = null, step_timeout_at = null, heartbeat_ms = null, silent_at = null,
      verdict = null, step_trace = null
    from x
    where
      l.ctid = x.place
      and l.token = p_token and l.step = x.step and l.phase = 0 /* Phase.step */
      and coalesce(l.epoch, 0) = coalesce(x.epoch, 0)
    returning l.id, x.step, x.name, x.kind, x.status, x.result, x.marked, x.started_at
  ),
  ended_steps as (
    insert into steps (action, idx, kind, name, status, marked, result, started_at, ended_at)
    select m.id, m.step, m.kind, m.name, m.status, coalesce(m.marked, false), m.result, m.started_at, p_now
    from moved m
  )
  select array_agg(m.id) into moved from moved m;
end $$;
