-- Starts an execution of a workflow, unless it was started before, and gives the id of its action. What was sent to it
-- before that is looked at when it is suspended: a job for what is there, and one for each clock that is to ring.
-- `p_parent` is the execution that waits for it, which its end wakes (`p_waits`), or that has only started it.
-- `is_new` says whether it was started here: only then its end is sure to come after the link.
create function start_execution(
  p_now timestamptz, p_definition text, p_execution text, p_id uuid, p_kept_ms float8, p_queue text, p_lane text,
  p_arguments jsonb, p_trace text, p_parent uuid, p_waits boolean, out action uuid, out is_new boolean)
language plpgsql set search_path from current as $$
declare
  v_action uuid;
  v_is_started boolean;
begin
  perform require_read_committed();
  select x.action, x.is_started
  into v_action, v_is_started
  from lock_execution(p_now, p_definition, p_execution, p_id, p_kept_ms, true) x;
  action := v_action;
  is_new := not v_is_started;
  if p_waits then
    insert into execution_parents (parent, child) values (p_parent, v_action) on conflict do nothing;
  end if;
  if v_is_started then return; end if;
  update action_keys k
  set given = 'started', free_at = null
  where k.definition = p_definition and k.actor_id = p_execution and k.kind = 5 /* KeyKind.execution */ and k.key = '';
  insert into jobs (
    queue, priority, kind, action, definition, actor_id, arguments, lane, depth, enqueued_at, trace, started_by)
  values (
    p_queue, 0 /* Priority.inOrder */, 0 /* JobKind.invocation */, v_action, p_definition, p_execution, p_arguments,
    p_lane, 0, p_now, p_trace, p_parent);
  insert into jobs (queue, priority, kind, action, definition, actor_id, due_at, enqueued_at)
  select
    p_queue,
    case when s.due is null then -1000 /* Priority.first */ else 1000 /* Priority.later */ end,
    2 /* JobKind.signal */, v_action, p_definition, p_execution, s.due, p_now
  from (
    select distinct case when g.sent_at > p_now then g.sent_at end as due from signals g where g.action = v_action
  ) s;
end $$;
