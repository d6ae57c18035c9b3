-- Who waits in a lane, at this seat, is superseded by a newcomer (2.5 c): it goes into the history, and whoever waits
-- for it waits for the newcomer from now on. `superseded` is who that was, null where nobody waits; `was_rooted`
-- whether somebody outside waits for it. The steps that wait for it are locked by the caller.
-- For other functions only: it inherits their search path and their settings.
create function supersede_pending(
  p_now timestamptz, p_job claimed_job, p_seat smallint, out superseded uuid, out was_rooted boolean)
language plpgsql as $$
declare
  asked jsonb;
begin
  with old as (
    delete from live_actions
    where lane = p_job.lane and seat = p_seat
    returning
      id, definition, actor_id, queue, arguments, lane, checksum_key, checksum, parent, parent_step, depth, attempts,
      rooted, timeout_ms, enqueued_at, tags, trace, started_by, started_by_step, retry_of, given
  ),
  e as (
    insert into ended_actions (
      id, definition, actor_id, queue, arguments, lane, status, checksum_key, checksum, parent, parent_step, depth,
      attempts, superseded_by, timeout_ms, enqueued_at, started_at, ended_at, tags, trace, started_by,
      started_by_step, retry_of)
    select
      id, definition, actor_id, queue, arguments, lane, 3 /* Status.superseded */, checksum_key, checksum, parent,
      parent_step, depth, attempts, p_job.action, timeout_ms, enqueued_at, null, p_now, tags, trace, started_by,
      started_by_step, retry_of
    from old
  )
  select old.id, old.rooted, coalesce(old.given, old.arguments) into superseded, was_rooted, asked from old;
  if superseded is null then return; end if;
  perform wait_for_instead(superseded, asked, p_job.action, coalesce(p_job.given, p_job.arguments));
  if was_rooted then update outcomes set follows = p_job.action where follows = superseded; end if;
end $$;
