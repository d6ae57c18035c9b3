-- Moves live actions into the history, one after another in the order of their lanes. Either the caller has locked
-- them, or this is its pass over live rows that may wait: then `p_epochs`, `p_steps` and `p_phases` say where each was
-- performed, and what is no longer there under this token is not among the `ended` ones. Nor is, on some versions of
-- the server, what somebody has changed since this statement began: rows are found by their places, which no statistics
-- turn into a join of all that live. So the caller looks again for what has not ended. `freed` are the lanes that they
-- performed in, with null for named ones, which are locked here too, `achieves` is whether any has a checksum. What
-- unwinds one that has ended is in the history already, and only says there what it could not undo. `executed` are
-- those of them that were executions of workflows.
-- For other functions only: it inherits their search path and their settings.
create function move_to_history(
  p_token bigint, p_now timestamptz, p_ids uuid[], p_epochs int[], p_steps int[], p_phases smallint[],
  p_arguments jsonb[], p_outcomes smallint[], p_results jsonb[], p_causes jsonb[], p_callbacks_succeeded smallint[],
  p_callbacks_failed smallint[], p_step_names text[], p_step_kinds smallint[], out ended uuid[], out freed text[],
  out achieves boolean, out executed uuid[])
language plpgsql as $$
declare
  undone uuid[];
  undone_as jsonb[];
begin
  with x as (
    select
      l.place, x.epoch, x.step, x.phase, x.arguments, x.outcome, x.result, x.cause, x.succeeded, x.failed, x.step_name,
      x.step_kind
    from unnest(
      p_ids, p_epochs, p_steps, p_phases, p_arguments, p_outcomes, p_results, p_causes, p_callbacks_succeeded,
      p_callbacks_failed, p_step_names, p_step_kinds
    ) as x(id, epoch, step, phase, arguments, outcome, result, cause, succeeded, failed, step_name, step_kind)
    cross join lateral (select l.ctid as place, l.lane from live_actions l where l.id = x.id offset 0) l
    -- asked once, and only where there is one without a lane; sorting ends before the first row is deleted
    order by coalesce(l.lane, case when p_steps is not null then (select lock_named_lanes(p_ids)) end), x.id
    offset 0
  ),
  gone as (
    delete from live_actions l
    using x
    where
      l.ctid = x.place
      and (
        p_steps is null
        or (
          l.token = p_token and l.step = x.step and l.phase = x.phase
          and coalesce(l.epoch, 0) = coalesce(x.epoch, 0)))
    returning
      l.id, l.definition, l.actor_id, l.queue, l.lane, l.seat, l.checksum_key, l.checksum, l.parent, l.parent_step,
      l.depth, l.attempts, l.timeout_ms, l.enqueued_at, l.started_at, l.tags, l.trace, l.lanes, l.started_by,
      l.started_by_step, l.retry_of, l.unwinds, l.flags, l.rooted, l.step_kind as live_kind,
      coalesce(x.arguments, l.arguments) as arguments,
      case when x.arguments is not null then coalesce(l.given, l.arguments) else l.given end as given,
      -- what was decided before its callbacks ran counts
      coalesce(l.outcome, x.outcome) as status,
      case when l.outcome is null then x.result else l.result end as result,
      -- with what was not undone since then
      case when l.outcome is null or x.cause ?| '{notUndone,uncertain,kept}' then x.cause else l.cause end as cause,
      -- what the engine itself has ended does not say what is left
      case
        when l.unwinds is not null and x.outcome = 5 /* Status.failed */ and (x.cause ? 'notUndone') is not true
          then x.cause ->> 'message' end as broken,
      x.step_name,
      case when x.step_name is not null then x.step_kind end as step_kind,
      coalesce(x.succeeded, 0::smallint) as succeeded,
      coalesce(x.failed, 0::smallint) as failed
  ),
  e as (
    -- what almost all have is not written
    insert into ended_actions (
      id, definition, actor_id, queue, arguments, lane, status, checksum_key, checksum, parent, parent_step, depth,
      attempts, result, cause, step_name, step_kind, callbacks_succeeded, callbacks_failed, timeout_ms, enqueued_at,
      started_at, ended_at, tags, trace, lanes, started_by, started_by_step, retry_of, given, undo, build)
    select
      id, definition, actor_id, nullif(queue, 'default'), arguments, lane, status, nullif(checksum_key, lane), checksum,
      parent, parent_step, depth, attempts, result, cause, step_name, step_kind, succeeded, failed, timeout_ms,
      enqueued_at, started_at, p_now, tags, trace, lanes, started_by, started_by_step, retry_of, given,
      -- of a root, too: a step may have joined it, which is to say then that it has been left
      case when flags & 64 /* Flag.compensates */ <> 0 and status = 2 /* Status.succeeded */
        then 1 | case when rooted then 2 /* Undoable.shared */ else 0 end
          | case when flags & 128 /* Flag.undone */ <> 0 then 4 /* Undoable.whole */ else 0 end end,
      case
        when status in (5 /* Status.failed */, 6 /* Status.timed_out */, 7 /* Status.deadlocked */)
        then (select w.build from workers w where w.token = p_token) end
    from gone
    where unwinds is null
  )
  select
    array_agg(id),
    array_agg(lane) filter (where seat = 0 /* Seat.performing */ or lanes is not null),
    bool_or(checksum is not null),
    array_agg(id) filter (where live_kind = 6 /* StepKind.replayed */),
    array_agg(id) filter (where unwinds is not null),
    array_agg(
      jsonb_strip_nulls(jsonb_build_object(
        'notUndone', case when broken is null then nullif(cause -> 'notUndone', '[]') else
          coalesce(cause -> 'notUndone', '[]')
          || jsonb_build_object('step', split_part(definition, '/', 2), 'message', broken) end,
        'uncertain', cause -> 'uncertain',
        'kept', cause -> 'kept'))) filter (where unwinds is not null)
  into ended, freed, achieves, executed, undone, undone_as
  from gone;
  if undone is not null then
    update ended_actions e
    set unwound = x.unwound
    from unnest(undone, undone_as) x(id, unwound)
    where e.id = any(undone) and e.id = x.id;
  end if;
end $$;
