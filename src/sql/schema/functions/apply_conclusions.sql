-- Applies the conclusions that are not stale (`p_good`, null for all of them) to the live rows in their places, which
-- the caller has locked, and to the steps. Those that end are given, as `end_actions` takes them.
-- For other functions only: it inherits their search path and their settings.
create function apply_conclusions(
  p_now timestamptz, p_good int[], p_places tid[], conclusion_action uuid[], conclusion_step int[],
  conclusion_phase smallint[], conclusion_step_name text[], conclusion_step_kind smallint[],
  conclusion_step_status smallint[], conclusion_step_result jsonb[], conclusion_step_marked boolean[],
  conclusion_step_started_at timestamptz[], conclusion_step_waited boolean[],
  conclusion_step_attempt smallint[], conclusion_step_attempts jsonb[], conclusion_step_memos boolean[],
  conclusion_step_timeout_at timestamptz[], conclusion_heartbeat float8[], conclusion_step_undo smallint[],
  conclusion_step_undoes int[], conclusion_trace text[],
  conclusion_ends boolean[], conclusion_keeps boolean[],
  conclusion_next_phase smallint[], conclusion_next_step int[], conclusion_next_name text[],
  conclusion_next_kind smallint[], conclusion_arguments jsonb[], conclusion_outcome smallint[],
  conclusion_result jsonb[], conclusion_cause jsonb[], conclusion_callbacks_succeeded smallint[],
  conclusion_callbacks_failed smallint[], conclusion_callbacks jsonb[], conclusion_failure jsonb[],
  conclusion_attempts smallint[],
  out ids uuid[], out arguments jsonb[], out outcomes smallint[], out results jsonb[], out causes jsonb[],
  out succeeded smallint[], out failed smallint[], out step_names text[], out step_kinds smallint[],
  out abrupt uuid[])
language plpgsql as $$
#variable_conflict use_column
begin
  with c as materialized (
    select x.*
    from unnest(
      conclusion_action, conclusion_step, conclusion_phase, conclusion_step_name, conclusion_step_kind,
      conclusion_step_status, conclusion_step_result, conclusion_step_marked, conclusion_step_started_at,
      conclusion_step_waited, conclusion_step_attempt, conclusion_step_attempts, conclusion_step_memos,
      conclusion_step_timeout_at, conclusion_heartbeat,
      conclusion_step_undo, conclusion_step_undoes, conclusion_trace, conclusion_ends, conclusion_keeps,
      conclusion_next_phase,
      conclusion_next_step, conclusion_next_name, conclusion_next_kind, conclusion_arguments, conclusion_outcome,
      conclusion_result, conclusion_cause, conclusion_callbacks_succeeded, conclusion_callbacks_failed,
      conclusion_callbacks, conclusion_failure, conclusion_attempts, p_places
    ) with ordinality as x(
      action, step, phase, step_name, step_kind, step_status, step_result, step_marked, step_started_at, step_waited,
      step_attempt, step_attempts, step_memos, step_timeout_at, heartbeat, step_undo, step_undoes, trace, ends, keeps,
      next_phase,
      next_step, next_name, next_kind, arguments, outcome, result, cause, callbacks_succeeded, callbacks_failed,
      callbacks,
      failure, attempts, place, n)
    where p_good is null or x.n = any(p_good)
  ),
  -- an action that ends with its first step needs no row for it, unless that was cancelled, skipped, or tried again:
  -- the history has its name
  new_steps as (
    insert into steps (
      action, idx, kind, name, status, marked, result, started_at, ended_at, attempt, attempts, undo, undoes,
      memos, timeout_at)
    select
      c.action, c.step, c.step_kind, c.step_name, c.step_status, coalesce(c.step_marked, false), c.step_result,
      c.step_started_at, case when c.step_status = 1 /* Status.performing */ then null else p_now end,
      c.step_attempt, c.step_attempts, c.step_undo, c.step_undoes,
      case when c.step_status = 1 /* Status.performing */ then c.step_memos end,
      case when c.step_status = 1 /* Status.performing */ then c.step_timeout_at end
    from c
    where
      c.step_name is not null
      and not coalesce(c.step_waited, false)
      and not (
        coalesce(c.ends, false) and c.step = 0 and c.step_result is null and c.step_attempt is null
        and c.step_status not in (4 /* Status.cancelled */, 8 /* StepStatus.skipped */))
  ),
  ended_steps as (
    update steps s
    set status = c.step_status, ended_at = p_now, result = coalesce(c.step_result, s.result),
      attempts = coalesce(c.step_attempts, s.attempts)
    from c
    cross join lateral (
      select w.ctid as place from steps w where w.action = c.action and w.idx = c.step offset 0
    ) w
    where c.step_waited and c.step_name is not null and s.ctid = w.place
  ),
  -- what begins again has a row when it waits again, or ends
  begin_again as (
    delete from steps s
    using
      c
      cross join lateral (
        select w.ctid as place from steps w where w.action = c.action and w.idx = c.step offset 0
      ) w
    where c.step_waited and c.step_name is null and s.ctid = w.place
  ),
  moved as (
    update live_actions l
    set
      token = case when c.keeps then l.token end,
      phase = c.next_phase,
      step = coalesce(c.next_step, l.step),
      step_name = case when c.next_step is not null then c.next_name else l.step_name end,
      step_kind = case when c.next_step is not null then c.next_kind else l.step_kind end,
      -- what is for whoever claims it starts then
      step_started_at = case
        when c.next_step is null then l.step_started_at
        when c.keeps then p_now end,
      -- of a step that has ended they are in its row
      step_attempt = case
        when c.next_step is null then l.step_attempt
        when c.step_name is null then c.step_attempt end,
      step_attempts = case
        when c.next_step is null then l.step_attempts
        when c.step_name is null then c.step_attempts end,
      -- of what waits, and is only concluded again, it stays
      step_timeout_at = case
        when c.phase = 1 /* Phase.waiting */ and c.next_phase = 1 /* Phase.waiting */ then l.step_timeout_at
        when c.next_phase <> 5 /* Phase.unwinding */ then c.step_timeout_at end,
      heartbeat_ms = c.heartbeat,
      silent_at = p_now + c.heartbeat * interval '1 millisecond',
      undone_until = case
        when c.next_phase = 5 /* Phase.unwinding */ then coalesce(c.step_timeout_at, l.undone_until)
        else l.undone_until end,
      verdict = case
        when (c.phase = c.next_phase and c.next_step is null) or c.phase = 7 /* Phase.closing */ then l.verdict end,
      -- what nobody had a span for when it was enqueued belongs to the trace of its first body; what goes on later is
      -- linked to the last one
      trace = coalesce(l.trace, c.trace),
      step_trace = case when not coalesce(c.keeps, false) then coalesce(c.trace, l.step_trace) end,
      arguments = coalesce(c.arguments, l.arguments),
      given = case when c.arguments is not null then coalesce(l.given, l.arguments) else l.given end,
      attempts = case when c.attempts < 0 then 0 else least(l.attempts::int + coalesce(c.attempts, 0), 32767) end,
      outcome = coalesce(c.outcome, l.outcome),
      result = case when c.outcome is null then l.result else c.result end,
      cause = case when c.outcome is null then l.cause else c.cause end,
      callbacks = coalesce(c.callbacks, l.callbacks),
      -- of an execution that is suspended: since when, and each name that it awaits, and since when it does
      progress = case
        when c.next_phase = 8 /* Phase.suspended */ then (
          select jsonb_build_object(
            'suspendedAt', extract(epoch from p_now) * 1000,
            'awaits', jsonb_object_agg(
              a.name, coalesce(l.progress -> 'awaits' -> a.name, to_jsonb(extract(epoch from p_now) * 1000))))
          from jsonb_array_elements_text(c.step_result) a(name))
        else l.progress end,
      -- of the step that has ended, or whose action's outcome is fixed, it is said no more, nor when another one is
      -- undone
      failure = case
        when c.attempts < 0 or c.next_step > c.step or c.outcome is not null
          or (c.next_phase = 5 /* Phase.unwinding */ and c.next_name is not null) then c.failure
        else coalesce(c.failure, l.failure) end
    from c
    where l.ctid = c.place and not coalesce(c.ends, false)
  )
  select
    array_agg(c.action), array_agg(c.arguments), array_agg(c.outcome), array_agg(c.result), array_agg(c.cause),
    array_agg(c.callbacks_succeeded), array_agg(c.callbacks_failed),
    array_agg(
      case when c.step = 0 and not coalesce(c.step_waited, false) and c.step_result is null and c.step_attempt is null
        and c.step_status not in (4 /* Status.cancelled */, 8 /* StepStatus.skipped */)
        then c.step_name end),
    array_agg(c.step_kind),
    array_agg(c.action) filter (where c.phase = 3 /* Phase.callbacks */)
  into ids, arguments, outcomes, results, causes, succeeded, failed, step_names, step_kinds, abrupt
  from c
  where c.ends;
end $$;
