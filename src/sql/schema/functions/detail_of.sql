-- What a worker needs to go on with an action that it does not have in memory: earlier results, settled slots, a
-- decided outcome; what its body has done and does not do again, and, of the body of an execution, what was sent to it
-- (and when, with clocks that are still to ring) and which executions it waits for or has waited for, with what has
-- come of those that have ended: so a replay reads nothing, and what comes later wakes it. Null if that is more than
-- what travels with an answer: then the worker loads it apart, in pieces (what_of, results_after, slots_after,
-- memos_after, sent_after, awaited_after, earlier_after). Sizes are looked at before anything is built: what is stored
-- in this much may be a hundred times as large, but no more than that. JSON as text: building it costs a third of what
-- jsonb does, and nothing here looks into it again.
-- It is called with and without planner settings, and has its own.
create function detail_of(p_id uuid) returns json
language plpgsql stable set search_path from current as $$
declare
  v_detail json;
begin
  with s as materialized (
    select s.idx, s.name, s.status, s.marked, s.result, s.kind, s.attempt, s.undo, s.undoes, s.memos,
      case when s.status = 4 /* Status.cancelled */ then s.attempts -> 'stays' end as stays
    from steps s
    where s.action = p_id
  ),
  o as materialized (
    select o.step, o.slot, o.status, o.definition, o.actor_id, o.success,
      coalesce(o.result, e.result) as result, coalesce(o.cause, e.cause) as cause,
      case when (e.definition, e.actor_id) <> (o.definition, o.actor_id)
        then json_build_array(e.definition, e.actor_id) end as ran,
      case when o.error is not null then json_build_array(o.error, o.child) end as as_value,
      case when o.signal is not null then json_build_array(o.signal, o.optional) end as signal
    from slots o
    -- of a step that was tried again those of its last attempt
    join s on s.idx = o.step and s.attempt is not distinct from o.attempt
    left join lateral (
      select e.result, e.cause, e.definition, e.actor_id from ended_actions e where e.id = o.child offset 0
    ) e on true
    where
      o.action = p_id and (o.child is not null or o.signal is not null)
      and coalesce(o.undo, 2) = 2 /* UndoSlot.reused */
  ),
  -- of these nothing is read unless it is asked for
  m as materialized (
    select m.step_kind, m.step_name, m.name, m.result, m.attempt from memos m where m.action = p_id
  ),
  g as materialized (
    select g.name, g.payload, case when g.to_ring then g.sent_at end as rings_at from signals g where g.action = p_id
  ),
  c as materialized (
    select k.definition, k.actor_id, e.status, e.result, e.cause
    from execution_parents p
    cross join lateral (
      select k.definition, k.actor_id
      from action_keys k
      where k.action = p.child and k.kind = 5 /* KeyKind.execution */
      offset 0
    ) k
    left join lateral (
      select e.status, e.result, e.cause from ended_actions e where e.id = p.child offset 0
    ) e on true
    where p.parent = p_id
  )
  select
    case
      when weight(l.arguments)
        -- callbacks and jobs are given nothing of the steps
        + case when l.phase in (3 /* Phase.callbacks */, 4 /* Phase.job */) then 0 else
            coalesce((select sum(coalesce(pg_column_size(result), 0)) from s), 0)
            + coalesce((select sum(coalesce(pg_column_size(result), 0) + coalesce(pg_column_size(cause),
            0) + 40) from o), 0)
          end
        + case when l.phase in (0 /* Phase.step */, 5 /* Phase.unwinding */, 7 /* Phase.closing */)
            then coalesce((select sum(coalesce(pg_column_size(result), 0)) from m), 0) else 0 end
        + case when l.step_kind = 6 /* StepKind.replayed */ then
            coalesce((select sum(coalesce(pg_column_size(payload), 0)) from g), 0)
            + coalesce((select sum(coalesce(pg_column_size(result), 0) + coalesce(pg_column_size(cause), 0)) from c), 0)
          else 0 end
        + case when l.step_attempt is not null or (l.retry_of is not null and l.phase = 0 /* Phase.step */)
            then taken_over_size(l.id, l.step) else 0 end
        < 131072 /* travelling */
      then json_build_object(
        'name', l.step_name,
        'kind', l.step_kind,
        'epoch', l.epoch,
        'prepended', l.prepended,
        'unwinds', case when l.unwinds is not null then (
          select coalesce(e.undo, 0) from ended_actions e where e.id = l.id) end,
        'unwound', case when l.phase = 1 /* Phase.waiting */ and l.outcome is not null
          then unwound_of(l.id, l.step) end,
        'outcome', l.outcome,
        'result', l.result,
        'cause', l.cause,
        'callbacks', l.callbacks,
        'startedAt', extract(epoch from l.step_started_at) * 1000,
        'waited', case when l.step = 0 and l.phase = 0 /* Phase.step */
          then waited(l.started_at, greatest(l.enqueued_at, l.delayed_until)) end,
        'verdict', l.verdict,
        'attempt', l.step_attempt,
        'attempts', l.step_attempts,
        'failure', l.failure,
        'memos', case
          when l.phase in (0 /* Phase.step */, 5 /* Phase.unwinding */, 7 /* Phase.closing */) then (
            select json_agg(json_build_array(m.step_kind, m.step_name, m.name, m.result, nullif(m.attempt, 1))) from m)
          when l.phase = 1 /* Phase.waiting */ then (select to_json(true) from s where s.idx = l.step and s.memos) end,
        'replay', case when l.step_kind = 6 /* StepKind.replayed */ then json_build_object(
          'signals', (
            select json_agg(json_build_array(g.name, g.payload, extract(epoch from g.rings_at) * 1000)) from g),
          'children', (
            select json_agg(json_build_array(c.definition, c.actor_id, c.status, c.result, c.cause)) from c)) end,
        'earlier', case
          when l.step_attempt is not null or (l.retry_of is not null and l.phase = 0 /* Phase.step */)
            then earlier_slots(l.id, l.step) end,
        'retries', case when coalesce(l.retry_of, l.unwinds) is not null then (
          select json_build_object(
            'first', r.first,
            'compensated', r.compensated,
            'remembered', (select json_agg(distinct m.step_name) from m))
          from retries r
          where r.action = l.id) end,
        'timeoutAt', extract(
          epoch from case when l.outcome is null then l.timeout_at else l.undone_until end) * 1000,
        'trace', l.trace,
        'after', l.step_trace,
        'senders', case
          when l.step_trace is null then null
          when l.phase = 1 /* Phase.waiting */ then senders_of(l.id, l.step)
          when l.outcome_trace is not null and l.phase in (3 /* Phase.callbacks */, 5 /* Phase.unwinding */)
            then json_build_array(l.outcome_trace) end,
        'steps', case when l.phase not in (3 /* Phase.callbacks */, 4 /* Phase.job */) then (
          select json_agg(
            case
              when stays is not null
                then json_build_array(idx, name, status, marked, result, kind, undo, undoes, stays)
              when undo is null and undoes is null
                then json_build_array(idx, name, status, marked, result, kind)
              else json_build_array(idx, name, status, marked, result, kind, undo, undoes) end
            order by idx)
          from s) end,
        'slots', case when l.phase not in (3 /* Phase.callbacks */, 4 /* Phase.job */) then (
          select json_agg(
            case when signal is null
              then json_build_array(step, slot, status, definition, actor_id, result, cause, success, ran, as_value)
              else json_build_array(
                step, slot, status, definition, actor_id, result, cause, success, ran, as_value, signal) end
            order by step, slot)
          from o) end)
    end
  into v_detail
  from live_actions l
  where l.id = p_id;
  return case when octet_length(v_detail::text) < 131072 /* travelling */ then v_detail end;
end $$;
