-- An invocation that arrives when a newer one is next in its lane: that one is what whoever waits for it gets, and what
-- keeps it from being cancelled with its parent if it has none. Where its waiters are told instead (by the caller), it
-- is superseded in the lane `p_told_in`.
-- For other functions only: it inherits their search path and their settings.
create function superseded_at_once(
  p_now timestamptz, p_job claimed_job, p_by uuid, p_told_in text default null)
returns void
language plpgsql as $$
begin
  insert into ended_actions (
    id, definition, actor_id, queue, arguments, lane, status, checksum_key, checksum, parent, parent_step, depth,
    attempts, superseded_by, cause, timeout_ms, enqueued_at, ended_at, tags, trace, lanes,
    started_by, started_by_step, retry_of)
  values (
    p_job.action, p_job.definition, p_job.actor_id, p_job.queue, p_job.arguments, p_job.lane,
    3 /* Status.superseded */, nullif(p_job.checksum_key, p_job.lane), p_job.checksum, p_job.parent,
    p_job.parent_step, p_job.depth, 0,
    p_by, superseded_in(p_told_in, p_job.definition, p_job.actor_id), p_job.timeout_ms, p_job.enqueued_at, p_now,
    p_job.tags, p_job.trace, p_job.lanes, p_job.started_by, p_job.started_by_step, p_job.retry_of);
  if p_told_in is not null then return; end if;
  perform wait_for_instead(p_job.action, coalesce(p_job.given, p_job.arguments), p_by);
  if p_job.parent is null then update live_actions set rooted = true where id = p_by; end if;
end $$;
