-- One invocation joins a lane that this claim has locked: rules 2.5 to 2.7 and 14.2, step by step. `became` says what
-- it is by now: `achieved`, with the result; `performing`, `pending`; `joined` to another action, `superseded` by it,
-- `busy`, as it may not supersede anybody, or `deadlocked`, in this `cycle`. `ended` is the action or invocation whose
-- handle hears of an end. The steps that wait for it, and for the pending action, are locked by the caller.
-- For other functions only: it inherits their search path and their settings.
create function join_lane(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[], p_job claimed_job,
  p_erased text[], p_is_paused boolean, out became text, out result jsonb,
  out achieved_by uuid, out achieved_at timestamptz, out cycle jsonb, out ended uuid)
language plpgsql as $$
declare
  current_id uuid;
  same uuid;
  was_rooted boolean;
  -- where who waits is: in a lane that is or was paused the first one waits as well, until somebody has it perform
  waiting_seat smallint := -1 /* Seat.pending */;
  takes_signals boolean := p_flags[array_position(p_definitions, p_job.definition)] & 512 /* Flag.signals */ <> 0;
begin
  select
    l.id,
    case when l.status = 0 /* Status.pending */ then 0 /* Seat.performing */ else -1 /* Seat.pending */ end
  into current_id, waiting_seat
  from live_actions l
  where l.lane = p_job.lane and l.seat = 0 /* Seat.performing */;
  if p_job.checksum is not null then
    select a.result, a.action, a.achieved_at
    into result, achieved_by, achieved_at
    from achievement_for(p_job.checksum_key, p_job.checksum, p_job.passes_by) a;
    if found then
      became := 'achieved';
      return;
    end if;
  end if;

  if current_id is null then
    -- the lane was given back because its first comer was already achieved
    if not p_is_paused then
      delete from achievements where checksum_key = p_job.checksum_key and checksum_key = any(p_erased);
    end if;
    insert into live_actions (
      id, definition, actor_id, queue, arguments, lane, seat, status, checksum_key, checksum, parent, parent_step,
      depth, rooted, flags, token, step_kind, step_name, prepended, step_started_at, timeout_ms, timeout_at,
      enqueued_at, started_at, tags, trace, started_by, started_by_step, retry_of, given)
    select
      p_job.action, p_job.definition, p_job.actor_id, p_job.queue, p_job.arguments, p_job.lane,
      0 /* Seat.performing */, 1 /* Status.performing */, nullif(p_job.checksum_key, p_job.lane), p_job.checksum,
      p_job.parent, p_job.parent_step, p_job.depth, p_job.parent is null, s.flags, p_token, s.step_kind,
      s.step_name, s.prepended,
      p_now, p_job.timeout_ms, s.timeout_at, p_job.enqueued_at, p_now, p_job.tags, p_job.trace, p_job.started_by,
      p_job.started_by_step, p_job.retry_of, nullif(p_job.given, p_job.arguments)
    from start_performing(p_now, p_job.definition, p_job.timeout_ms, p_definitions, p_first_steps, p_flags) s;
    became := 'performing';
    if p_is_paused then
      perform hold_lanes(array[p_job]);
      became := 'pending';
    end if;
    return;
  end if;

  -- 2.5 a: would wait for somebody who waits for it
  if p_job.parent is not null then cycle := (deadlock_of(p_job.action, array[p_job.lane], array[1])).cycle; end if;
  if cycle is not null then
    became := 'deadlocked';
    return;
  end if;

  -- 2.5 b: joins a live one with the same checksum
  if p_job.checksum is not null then
    same := same_in_lane(p_job);
    if same is not null then
      perform wait_for_instead(p_job.action, coalesce(p_job.given, p_job.arguments), same);
      if p_job.parent is null then update live_actions set rooted = true where id = same; end if;
      if p_job.parent is null or takes_signals then
        insert into outcomes (id, definition, actor_id, follows, created_at)
        values (p_job.action, p_job.definition, p_job.actor_id, same, p_now);
        ended := p_job.action;
      end if;
      if takes_signals then perform hand_over_signals(p_now, array[p_job.action], same); end if;
      if p_job.retry_of is not null then delete from retries where action = p_job.action; end if;
      became := 'joined';
      return;
    end if;
  end if;

  -- 14.2: a newer one is next, and supersedes it
  select l.id into ended
  from live_actions l
  where
    l.lane = p_job.lane
    and l.seat = waiting_seat
    and is_newer(
      l.delayed_until, l.enqueued_at, l.queued_as, p_job.delayed_until, p_job.enqueued_at, p_job.id);
  if found then
    perform superseded_at_once(p_now, p_job, ended);
    if takes_signals then perform hand_over_signals(p_now, array[p_job.action], ended); end if;
    ended := p_job.action;
    became := 'superseded';
    return;
  end if;

  -- 18.1: what goes on for one that has ended by itself supersedes nobody
  if p_job.retry_of is not null and p_job.parent is null
    and exists (select 1 from live_actions l where l.lane = p_job.lane and l.seat = waiting_seat offset 0) then
    became := 'busy';
    return;
  end if;

  -- 2.5 c: supersedes the pending one
  select s.superseded, s.was_rooted into ended, was_rooted from supersede_pending(p_now, p_job, waiting_seat) s;
  insert into live_actions (
    id, definition, actor_id, queue, arguments, lane, seat, status, checksum_key, checksum, parent, parent_step, depth,
    rooted, flags, timeout_ms, enqueued_at, tags, trace, delayed_until, queued_as, started_by, started_by_step,
    retry_of, given)
  values (
    p_job.action, p_job.definition, p_job.actor_id, p_job.queue, p_job.arguments, p_job.lane, waiting_seat,
    0 /* Status.pending */,
    nullif(p_job.checksum_key, p_job.lane), p_job.checksum, p_job.parent, p_job.parent_step, p_job.depth,
    p_job.parent is null or coalesce(was_rooted, false),
    p_flags[array_position(p_definitions, p_job.definition)] & 1023, p_job.timeout_ms, p_job.enqueued_at,
    p_job.tags, p_job.trace, p_job.delayed_until, p_job.id, p_job.started_by, p_job.started_by_step, p_job.retry_of,
    nullif(p_job.given, p_job.arguments));
  if ended is not null and takes_signals then perform hand_over_signals(p_now, array[ended], p_job.action); end if;
  became := 'pending';
end $$;
