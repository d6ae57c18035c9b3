-- Puts claimed invocations under the worker's token, out of the queue's order: they are being prepared, or what was
-- achieved is being looked at. What is known of them by now goes with them.
-- For other functions only: it inherits their search path and their settings.
create function hold_for_preparing(p_token bigint, p_jobs claimed_job[]) returns void
language plpgsql as $$
begin
  update jobs j
  set
    priority = 1001 /* Priority.held */,
    token = p_token,
    due_at = null,
    elder = null,
    passes_by = null,
    -- with that it has not failed any more
    failure = case when h.prepared then null else j.failure end,
    arguments = h.arguments,
    lane = h.lane,
    lanes = h.lanes,
    checksum_key = h.checksum_key,
    checksum = h.checksum,
    timeout_ms = h.timeout_ms,
    given = h.given,
    prepared = h.prepared
  from unnest(p_jobs) h
  where j.ctid = h.place;
end $$;
