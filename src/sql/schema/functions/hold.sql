-- Puts claimed invocations back under the worker's token, out of the queue's order: they are being prepared, checked, or have to wait.
-- For other functions only: it inherits their search path and their settings.
create function hold(p_token bigint, p_jobs jobs[]) returns void language plpgsql as $$
begin
  insert into jobs overriding system value
    select id, queue, 101, kind, action, definition, actor_id, arguments, lane, checksum_key, checksum, timeout_ms, parent, parent_step, depth,
      attempts, p_token, null, enqueued_at, ordered, null, given, null, null, prepared, failure from unnest(p_jobs);
end $$;
