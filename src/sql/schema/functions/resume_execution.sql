-- Resumes an execution, also one that is suspended since it has failed, and records who has asked for it, where
-- somebody is named (`p_operation`; nothing where there is no such action). It locks the live row alone, and waits for
-- it; a job continues it, committed with that, so that a crash leaves either what was before, or a job. Gives `done`;
-- `already`: it goes on at once anyway; `notStarted`, `notExecution`, `over`, `none`: it stays as it is.
create function resume_execution(p_now timestamptz, p_id uuid, p_operation jsonb default null) returns text
language plpgsql set search_path from current as $$
declare
  l record;
  v_became text;
begin
  perform require_read_committed();
  select phase, status, outcome, flags, token is not null as is_taken
  into l
  from live_actions
  where id = p_id
  for update;
  if not found then
    v_became := case not_queued(p_id)
      when 'running' then case
        when exists (
          select 1
          from jobs j
          where j.action = p_id and j.kind = 0 /* JobKind.invocation */ and j.cancelled_at is not null) then 'over'
        else 'notStarted' end
      -- it has begun since it was looked for
      when 'begun' then 'already'
      when 'over' then 'over'
      else 'none' end;
  elsif l.outcome is not null then
    v_became := 'over';
  elsif l.status <> 1 /* Status.performing */ then
    v_became := 'notStarted';
  end if;
  if v_became is distinct from 'none' and not is_execution(p_id) then
    v_became := 'notExecution';
  elsif v_became is null then
    if wake_execution(p_id, true) then
      perform continue_by_job(p_now, array[p_id]);
      v_became := 'done';
    else
      -- a body that runs was told, or had been before; else whoever takes it has it go on
      v_became := case when l.is_taken and l.flags & 2048 /* Flag.resumed */ = 0 then 'done' else 'already' end;
    end if;
  end if;
  if v_became <> 'none' then perform record_operation(p_operation, v_became); end if;
  return v_became;
end $$;
