-- Starts an invocation that nobody has stored: it becomes a live row without being one of the queue, whose order it
-- keeps, since nothing else stands there. Gives nothing, and has changed nothing, where it is not to begin at once:
-- somebody is in front of it, its lane is taken, or something is paused.
-- For other functions only: it inherits their search path and their settings.
create function start_at_once(
  p_token bigint, p_now timestamptz, p_queues text[], p_definitions text[], p_first_steps text[], p_flags smallint[],
  p_queue text, p_action uuid, p_definition text, p_actor_id text, p_arguments jsonb, p_lane text, p_checksum_key text,
  p_timeout_ms bigint, p_tags text[], p_trace text)
returns setof answer language plpgsql as $$
begin
  if exists (select 1 from pauses) or leased(p_token) is null then return; end if;
  insert into live_actions (
    id, definition, actor_id, queue, arguments, lane, seat, status, checksum_key, depth, rooted, flags, token,
    step_kind, step_name, prepended, step_started_at, timeout_ms, timeout_at, enqueued_at, started_at, tags, trace)
  select
    p_action, p_definition, p_actor_id, p_queue, p_arguments, p_lane, 0 /* Seat.performing */,
    1 /* Status.performing */, p_checksum_key, 0, true, s.flags, p_token, s.step_kind, s.step_name, s.prepended, p_now,
    p_timeout_ms, s.timeout_at, p_now, p_now, p_tags, p_trace
  from start_performing(p_now, p_definition, p_timeout_ms, p_definitions, p_first_steps, p_flags) s
  where
    not exists (
      select 1
      from unnest(p_queues) q(name)
      cross join lateral (
        select 1
        from jobs j
        where j.queue = q.name and j.priority < 1000 /* Priority.later */
        limit 1
      ) j)
  on conflict (lane, seat) do nothing;
  if not found then return; end if;
  perform erase_achievements(array[coalesce(p_checksum_key, p_lane)]);
  return next row(
    0 /* Kind.start */, p_action, p_definition, p_actor_id, p_arguments, 0, 0 /* Phase.step */, 0, 0,
    start_detail(extract(epoch from p_now) * 1000 + p_timeout_ms, p_trace))::answer;
  return next row(-1 /* Kind.taken */, null, null, null, null, 1, 0, 0, 0, null)::answer;
end $$;
