-- Puts an invocation that this worker holds back until a time, which costs an attempt.
create function postpone(p_token bigint, p_queue text, p_job bigint, p_due timestamptz, p_failure jsonb) returns void
language plpgsql set search_path from current as $$
begin
  -- whoever takes the token away passes by what is locked: it waits for this to end
  perform 1 from workers where token = p_token for key share;
  update jobs
  set
    priority = 1000 /* Priority.later */,
    token = null,
    attempts = least(attempts + 1, 32767),
    due_at = p_due,
    failure = coalesce(p_failure, failure)
  where queue = p_queue and priority = 1001 /* Priority.held */ and id = p_job and token = p_token;
end $$;
