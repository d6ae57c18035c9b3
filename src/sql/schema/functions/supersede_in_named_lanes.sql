-- Who waits in the superseding ones of an invocation's named lanes leaves all its lanes for the newcomer (2.5 c, 15.5).
-- Its waiters wait for that from now on, or, where it says so, are told: by the caller, of `told`. `freed` are the
-- other lanes that they leave, `since` is when the first of those began whose start the newcomer puts off again,
-- `is_rooted` whether somebody outside waits for one whose waiters the newcomer inherits. The steps that wait are
-- locked by the caller.
-- For other functions only: it inherits their search path and their settings.
create function supersede_in_named_lanes(
  p_now timestamptz, p_job claimed_job, out old uuid[], out told uuid[], out freed text[], out since timestamptz,
  out is_rooted boolean)
language plpgsql as $$
declare
  told_in text[];
  -- those whose waiters wait for the newcomer, and the arguments that they were asked for with
  left_by uuid[];
  asked jsonb[];
begin
  select
    array_agg(s.action order by s.action), min(s.since), array_agg(s.action) filter (where s.told_in is not null),
    array_agg(s.told_in) filter (where s.told_in is not null)
  into old, since, told, told_in
  from replaced_in_named_lanes(p_job, null) s;
  is_rooted := false;
  freed := '{}';
  if old is null then return; end if;
  with g as (
    delete from seats where action = any(old) returning lane
  )
  select coalesce(array_agg(distinct lane) filter (where lane <> all(p_job.lanes)), '{}') into freed from g;
  with gone as (
    delete from live_actions
    where id = any(old)
    returning
      id, definition, actor_id, queue, arguments, lanes, checksum_key, checksum, parent, parent_step, depth, attempts,
      rooted, timeout_ms, enqueued_at, tags, trace, started_by, started_by_step, retry_of, given
  ),
  e as (
    insert into ended_actions (
      id, definition, actor_id, queue, arguments, lanes, status, checksum_key, checksum, parent, parent_step, depth,
      attempts, superseded_by, cause, timeout_ms, enqueued_at, ended_at, tags, trace, started_by, started_by_step,
      retry_of)
    select
      id, definition, actor_id, queue, arguments, lanes, 3 /* Status.superseded */, checksum_key, checksum, parent,
      parent_step, depth, attempts, p_job.action,
      superseded_in(told_in[array_position(told, id)], definition, actor_id),
      timeout_ms, enqueued_at, p_now, tags, trace, started_by, started_by_step, retry_of
    from gone
  )
  select
    coalesce(bool_or(rooted) filter (where (id = any(told)) is not true), false),
    array_agg(id) filter (where (id = any(told)) is not true),
    array_agg(coalesce(given, arguments)) filter (where (id = any(told)) is not true)
  into is_rooted, left_by, asked
  from gone;
  perform wait_for_instead(x.id, x.asked, p_job.action, coalesce(p_job.given, p_job.arguments))
  from unnest(left_by, asked) x(id, asked);
  if is_rooted then
    update outcomes
    set follows = p_job.action
    where follows = any(left_by);
  end if;
end $$;
