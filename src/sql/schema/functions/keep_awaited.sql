-- Gives these ids of what has ended without the executions that somebody is just about to wait for, or has begun to
-- since they were looked at. Whoever does has locked its key (`lock_executions`), and its link is seen after that: so
-- the keys are locked here too, skipping what is locked, and the links looked at by a statement after that. Who comes
-- later waits, and finds what has become of it.
-- For other functions only: it inherits their search path and their settings.
create function keep_awaited(p_ids uuid[]) returns uuid[]
language plpgsql as $$
declare
  v_executions uuid[] := array(
    select k.action
    from unnest(p_ids) x(id)
    cross join lateral (
      select k.action from action_keys k where k.action = x.id and k.kind = 5 /* KeyKind.execution */ offset 0
    ) k);
  v_locked uuid[];
begin
  if cardinality(v_executions) = 0 then return p_ids; end if;
  v_locked := array(
    select k.action
    from action_keys k
    where k.action = any(v_executions) and k.kind = 5 /* KeyKind.execution */
    for update skip locked);
  return array(
    select x.id
    from unnest(p_ids) with ordinality x(id, n)
    where
      x.id <> all(v_executions)
      or (
        x.id = any(v_locked)
        and not exists (
          select 1
          from execution_parents p
          where p.child = x.id and exists (select 1 from live_actions l where l.id = p.parent offset 0)
          offset 0))
    order by x.n);
end $$;
