-- The same as detail_of for an action whose detail is loaded apart, and under this token, or, where none is given,
-- whoever has it: without what comes in pieces (results; what its body has done, was sent and waits for; what earlier
-- attempts have asked for), of which it only says that there is some, and with the first slot alone that makes its step
-- fail.
create function what_of(p_token bigint, p_id uuid) returns table (arguments jsonb, detail json)
language plpgsql stable set search_path from current as $$
begin
  return query
    select l.arguments, json_build_object(
      'name', l.step_name,
      'kind', l.step_kind,
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
      'verdict', l.verdict,
      'attempt', l.step_attempt,
      'attempts', l.step_attempts,
      'failure', l.failure,
      'memos', case
        when l.phase in (0 /* Phase.step */, 5 /* Phase.unwinding */, 7 /* Phase.closing */) then (
          select to_json(true) from memos m where m.action = l.id limit 1)
        when l.phase = 1 /* Phase.waiting */ then (
          select to_json(true) from steps s where s.action = l.id and s.idx = l.step and s.memos) end,
      'replay', case when l.step_kind = 6 /* StepKind.replayed */ then to_json(true) end,
      'earlier', case
        when l.step_attempt is not null or (l.retry_of is not null and l.phase = 0 /* Phase.step */)
          then json_build_object('next', (
            select coalesce(max(o.slot) + 1, 0) from slots o where o.action = l.id and o.step = l.step)) end,
      'retries', case when coalesce(l.retry_of, l.unwinds) is not null then (
        select json_build_object(
          'first', r.first,
          'compensated', r.compensated,
          'remembered', (select json_agg(distinct m.step_name) from memos m where m.action = l.id))
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
      -- callbacks may ask for results
      'steps', case when l.phase <> 4 /* Phase.job */ then (
        select json_agg(
          json_build_array(
            s.idx, s.name, s.status, s.marked, null, s.kind, s.undo, s.undoes,
            case when s.status = 4 /* Status.cancelled */ then s.attempts -> 'stays' end)
          order by s.idx)
        from steps s
        where s.action = p_id) end,
      'slots', case when l.phase = 1 /* Phase.waiting */ then (
        select json_agg(x.o) from (
          select json_build_array(
            o.step, o.slot, o.status, o.definition, o.actor_id, null, coalesce(o.cause, e.cause), o.success,
            case when (e.definition, e.actor_id) <> (o.definition, o.actor_id)
              then json_build_array(e.definition, e.actor_id) end, null,
            case when o.signal is not null then json_build_array(o.signal, o.optional) end) as o
          from slots o
          left join lateral (
            select e.cause, e.definition, e.actor_id from ended_actions e where e.id = o.child offset 0
          ) e on true
          where
            o.action = p_id and o.step = l.step and (o.child is not null or o.signal is not null)
            and o.status <> 2 /* Status.succeeded */
            -- a wait that may pass has passed
            and not (o.status = 6 /* Status.timed_out */ and coalesce(o.optional, false))
            and o.error is null and o.undo is null and o.attempt is not distinct from l.step_attempt
          order by o.slot
          limit 1
        ) x) end)
    from live_actions l
    where l.id = p_id and (p_token is null or l.token = p_token);
end $$;
