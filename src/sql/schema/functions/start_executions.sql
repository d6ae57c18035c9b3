-- Starts executions of workflows, each unless it was started before, and gives the ids of their actions, by their
-- numbers. What was sent to one before that is looked at when it is suspended: a job for what is there, and one for
-- each clock that is to ring. A parent is the execution that waits for it, which its end wakes (`new_waits`), or that
-- has only started it. `is_new` says whether it was started here: only then its end is sure to come after the link. Of
-- two that are the same the first one is started.
create function start_executions(
  p_now timestamptz, p_kept_ms float8, p_is_patient boolean, new_definition text[], new_execution text[],
  new_action uuid[], new_queue text[], new_lane text[], new_arguments jsonb[], new_trace text[], new_parent uuid[],
  new_waits boolean[])
returns table (n int, action uuid, is_new boolean)
language plpgsql set search_path from current as $$
#variable_conflict use_column
declare
  v_made uuid[];
  v_met uuid[] := array[]::uuid[];
  v_action uuid[] := new_action;
  v_first bigint[];
begin
  perform require_read_committed();
  v_made := lock_executions(
    p_now, p_kept_ms, p_is_patient, true, new_definition, new_execution, new_action,
    array_fill(true, array[cardinality(new_action)]));
  if cardinality(v_made) < cardinality(new_action) then
    select array_agg(k.action order by x.n)
    into v_action
    from unnest(new_definition, new_execution) with ordinality as x(definition, execution, n)
    cross join lateral (
      select k.action
      from action_keys k
      where
        k.definition = x.definition and k.actor_id = x.execution and k.kind = 5 /* KeyKind.execution */ and k.key = ''
      offset 0
    ) k;
    with s as (
      update action_keys k
      set given = 'started', free_at = null
      from
        (select distinct x.action from unnest(v_action) as x(action)) x
        cross join lateral (
          select t.ctid as place
          from action_keys t
          where t.action = x.action and t.kind = 5 /* KeyKind.execution */
          offset 0
        ) t
      where k.ctid = t.place and k.given is null
      returning k.action
    )
    select coalesce(array_agg(s.action), v_met) into v_met from s;
  end if;
  v_first := array(
    select min(x.n)
    from unnest(v_action) with ordinality as x(action, n)
    where (x.action in (select unnest(v_made || v_met))) is true
    group by x.action);
  insert into execution_parents (parent, child)
  select distinct x.parent, x.action
  from unnest(new_parent, new_waits, v_action) as x(parent, waits, action)
  where x.waits
  order by 1, 2
  on conflict do nothing;
  insert into jobs (
    queue, priority, kind, action, definition, actor_id, arguments, lane, depth, enqueued_at, trace, started_by)
  select
    x.queue, 0 /* Priority.inOrder */, 0 /* JobKind.invocation */, x.action, x.definition, x.execution, x.arguments,
    x.lane, 0, p_now, x.trace, x.parent
  from unnest(
    new_definition, new_execution, new_queue, new_lane, new_arguments, new_trace, new_parent, v_action
  ) with ordinality as x(definition, execution, queue, lane, arguments, trace, parent, action, n)
  where (x.n in (select unnest(v_first))) is true
  order by x.n;
  insert into jobs (queue, priority, kind, action, definition, actor_id, due_at, enqueued_at)
  select
    x.queue,
    case when g.due is null then -1000 /* Priority.first */ else 1000 /* Priority.later */ end,
    2 /* JobKind.signal */, x.action, x.definition, x.execution, g.due, p_now
  from
    unnest(new_definition, new_execution, new_queue, v_action) with ordinality
      as x(definition, execution, queue, action, n)
    cross join lateral (
      select distinct case when g.to_ring then g.sent_at end as due from signals g where g.action = x.action
    ) g
  where (x.n in (select unnest(v_first))) is true and (x.action in (select unnest(v_met))) is true
  order by x.n;
  return query
    select x.n::int, x.action, (x.n in (select unnest(v_first))) is true
    from unnest(v_action) with ordinality as x(action, n);
end $$;
