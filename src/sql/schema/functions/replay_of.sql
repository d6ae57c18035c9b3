-- What an execution is replayed with beside its memos: what was sent to it, and when, with clocks that are still to
-- ring; and the executions that it waits for or has waited for, with what has come of those that have ended. Read with
-- the claim, so that a replay reads nothing: what comes later wakes it.
-- For other functions only: it inherits their search path and their settings.
create function replay_of(p_id uuid) returns json
language plpgsql stable as $$
begin
  return json_build_object(
    'signals', (
      select json_agg(json_build_array(s.name, s.payload, extract(epoch from s.sent_at) * 1000))
      from signals s
      where s.action = p_id),
    'children', (
      select json_agg(json_build_array(k.definition, k.actor_id, e.status, e.result, e.cause))
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
      where p.parent = p_id));
end $$;
