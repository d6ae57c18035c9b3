-- Interrupts an execution by the id of its action, as `send_to_executions` does it by its own, and records who has
-- asked for it (nothing where there is no such action). It locks the execution's row of `action_keys`, as whoever
-- sends it something does, and then what that locks; of one that was interrupted before, the live row, as
-- `resume_execution` does. All of it is one commit: a crash leaves what was before, or the interruption with the job
-- that delivers it. Gives `done`; `already`: it was interrupted before, and hears of that; `notExecution`, `over`,
-- `none`; and which one it is, where this is the first interruption.
create function interrupt_execution(
  p_now timestamptz, p_id uuid, p_operation jsonb, out became text, out definition text, out actor_id text)
language plpgsql set search_path from current as $$
#variable_conflict use_column
declare
  k record;
begin
  perform require_read_committed();
  select definition, actor_id, false as is_first
  into k
  from action_keys
  where action = p_id and kind = 5 /* KeyKind.execution */ and given is not null
  for update;
  if not found then
    became := case when not_queued(p_id) = 'none' then 'none' else 'notExecution' end;
  -- what is queued and cancelled only waits to be ended
  elsif not exists (select 1 from live_actions l where l.id = p_id and l.outcome is null)
    and not exists (
      select 1
      from jobs j
      where j.action = p_id and j.kind = 0 /* JobKind.invocation */ and j.cancelled_at is null) then
    became := 'over';
  elsif not exists (
    select 1 from signals s where s.action = p_id and s.name = '~interrupt' /* ExecutionName.interrupt */
  ) then
    select s.is_first
    into k.is_first
    from send_to_executions(
      p_now => p_now, p_kept_ms => 0, p_is_patient => true, sent_definition => array[k.definition],
      sent_execution => array[k.actor_id], sent_action => array[p_id],
      sent_name => array['~interrupt' /* ExecutionName.interrupt */],
      sent_payload => array[jsonb_build_object('unsafe', false)], sent_due => array[null::timestamptz],
      sent_makes => array[false], sent_again => array[false], sent_wakes => array[true]) s;
    -- it may have ended since it was looked for
    became := case when k.is_first then 'done' else 'over' end;
    if k.is_first then
      definition := k.definition;
      actor_id := k.actor_id;
    end if;
  -- what waits, and has not failed, was told with the first one
  elsif exists (
    select 1 from live_actions l where l.id = p_id and l.phase = 8 /* Phase.suspended */ and l.failure is null
  ) then
    became := 'already';
  else
    became := resume_execution(p_now, p_id);
    if became = 'notStarted' then became := 'already'; end if;
  end if;
  if became <> 'none' then perform record_operation(p_operation, became); end if;
end $$;
