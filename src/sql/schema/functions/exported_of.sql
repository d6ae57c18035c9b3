-- What is stored of an action, as a JSON object: its columns in `actions`, with its steps, what these have waited
-- for, what was sent to it, what its bodies have left, which executions of workflows it has waited for, and the
-- arguments that it was asked for with, where they were replaced (`given`).
-- For other functions only: it inherits their search path and their settings.
create function exported_of(p_id uuid) returns text
language plpgsql stable as $$
begin
  return (
    select (
      to_jsonb(a) - '{token,priority,due_at,timeout_at,step_timeout_at,waits_for,pause,cancelled_at}'::text[]
      || jsonb_build_object(
        'steps', coalesce((
          select jsonb_agg(to_jsonb(s) - 'action' order by s.idx) from action_steps s where s.action = a.id), '[]'),
        'slots', coalesce((
          select
            jsonb_agg(
              to_jsonb(o) - 'action' || jsonb_build_object('result', w.result, 'failure', w.cause)
              order by o.step, o.slot)
          from action_slots o
          cross join lateral (
            select w.result, w.cause
            from slots w
            where w.action = o.action and w.step = o.step and w.slot = o.slot
            offset 0
          ) w
          where o.action = a.id), '[]'),
        'signals', coalesce((
          select jsonb_agg(to_jsonb(g) - 'action' order by g.id) from action_signals g where g.action = a.id), '[]'),
        'memos', coalesce((
          select
            jsonb_agg(
              jsonb_build_object(
                'step', m.step, 'name', m.name, 'attempt', m.attempt, 'result', m.result, 'ended_at', m.ended_at)
              order by m.step, m.ended_at, m.name, m.attempt)
          from memos m
          where m.action = a.id), '[]'),
        'executions', coalesce((
          select jsonb_agg(p.child order by p.child) from execution_parents p where p.parent = a.id), '[]'))
      || coalesce((
        select jsonb_build_object('given', e.given) from ended_actions e where e.id = a.id and e.given is not null),
        '{}')
    )::text
    from actions a
    where a.id = p_id);
end $$;
