-- Resumes an execution, also one that is suspended since it has failed. It locks the live row alone, and waits for it.
-- One that is queued, or has ended, stays as it is. Says whether there is something to do now.
create function resume_execution(p_now timestamptz, p_id uuid) returns boolean
language plpgsql set search_path from current as $$
begin
  perform require_read_committed();
  perform 1 from live_actions where id = p_id for update;
  if not found or not wake_execution(p_id, true) then return false; end if;
  perform continue_by_job(p_now, array[p_id]);
  return true;
end $$;
