-- One invocation joins its named lanes, which the caller has locked: rules 2.5 a and b, then what their policies say.
-- `became`: `achieved`, with the result; `deadlocked` or `refused`, with the cause; `joined` to another action;
-- `superseded` by a newer one; or `waiting`, until fill_named_lanes lets it begin. Nothing is written before all its
-- lanes have been asked. `ended` are those whose handles hear of an end, `told` those of them whose waiters do, `freed`
-- other lanes that were left.
-- For other functions only: it inherits their search path and their settings.
create function join_named_lane(
  p_now timestamptz, p_definitions text[], p_flags smallint[], p_job claimed_job, p_ignores boolean, out became text,
  out result jsonb, out cause jsonb, out ended uuid[], out told uuid[], out freed text[])
language plpgsql as $$
declare
  joins record;
  cycle jsonb;
  same uuid;
  newer record;
  left_by record;
begin
  ended := '{}';
  freed := '{}';
  if p_job.checksum is not null and not p_ignores then
    select a.result
    into result
    from achievements a
    where a.checksum_key = p_job.checksum_key and a.checksum = p_job.checksum;
    if found then
      became := 'achieved';
      return;
    end if;
  end if;

  if p_job.parent is not null then
    select
      array_agg(n.lane order by n.lane) as entered,
      array_agg((n.settings ->> 'limit')::int order by n.lane) as limits,
      -- where it takes the place of who waits, it is behind nobody
      case when bool_and(n.settings ->> 'whenBusy' = 'line') then
        turn_of(case when p_job.priority > -1000 /* Priority.first */ then p_job.priority else 0::smallint end,
          140737488355328) end as turn
    into joins
    from named_lanes n
    where n.lane = any(p_job.lanes);
    cycle := (deadlock_of(p_job.action, joins.entered, joins.limits, joins.turn)).cycle;
  end if;
  if p_job.checksum is not null and cycle is null then
    same := same_in_named_lanes(p_job);
    -- it would wait for this one alone, where its lanes would do with anybody's end, or have room
    if same is not null and p_job.parent is not null then
      cycle := (deadlock_of(p_job.action, p_joined => same)).cycle;
    end if;
  end if;
  if cycle is not null then
    became := 'deadlocked';
    cause := deadlock_cause(cycle, p_job.definition, p_job.actor_id);
    return;
  end if;
  if same is not null then
    update slots set child = same, moved = true where child = p_job.action and status is null;
    if p_job.parent is null then
      update live_actions set rooted = true where id = same;
      insert into outcomes (id, definition, actor_id, follows, created_at)
      values (p_job.action, p_job.definition, p_job.actor_id, same, p_now);
      ended := array[p_job.action];
    end if;
    became := 'joined';
    return;
  end if;

  cause := refused_by(p_now, p_job);
  if cause is not null then
    became := 'refused';
    return;
  end if;

  -- 14.2: a newer one waits already, and supersedes it
  select l.id, case when n.settings ->> 'waiters' = 'fail' then n.lane end as told_in
  into newer
  from named_lanes n
  join seats s on s.lane = n.lane and s.seat is null
  join live_actions l on l.id = s.action
  where
    n.lane = any(p_job.lanes)
    and n.settings ->> 'whenBusy' in ('supersede', 'cancelRunning')
    and is_newer(l.delayed_until, l.enqueued_at, l.queued_as, p_job.delayed_until, p_job.enqueued_at, p_job.id)
  -- to be told in one lane is enough
  order by n.settings ->> 'waiters' is null, s.place
  limit 1;
  if found then
    perform superseded_at_once(p_now, p_job, newer.id, newer.told_in);
    ended := array[p_job.action];
    if newer.told_in is not null then told := ended; end if;
    became := 'superseded';
    return;
  end if;

  select s.old, s.told, s.freed, s.since, s.is_rooted into left_by from supersede_in_named_lanes(p_now, p_job) s;
  ended := coalesce(left_by.old, '{}');
  told := left_by.told;
  freed := left_by.freed;
  insert into live_actions (
    id, definition, actor_id, queue, arguments, lanes, status, checksum_key, checksum, parent, parent_step, depth,
    rooted, flags, timeout_ms, enqueued_at, tags, delayed_until, queued_as)
  values (
    p_job.action, p_job.definition, p_job.actor_id, p_job.queue, p_job.arguments, p_job.lanes, 0 /* Status.pending */,
    p_job.checksum_key, p_job.checksum, p_job.parent, p_job.parent_step, p_job.depth,
    p_job.parent is null or left_by.is_rooted, p_flags[array_position(p_definitions, p_job.definition)] & 255,
    p_job.timeout_ms, p_job.enqueued_at, p_job.tags, p_job.delayed_until, p_job.id);
  with p as materialized (select nextval('places') as place)
  insert into seats (action, lane, "limit", priority, place, several, tells, since, due_at)
  select
    p_job.action, n.lane, (n.settings ->> 'limit')::int,
    -- what goes before the others in its queue does so for another reason
    case when p_job.priority > -1000 /* Priority.first */ then p_job.priority else 0 end, p.place,
    cardinality(p_job.lanes) > 1,
    coalesce(n.settings ->> 'waiters', '') = 'fail',
    case when n.settings ? 'wait' then coalesce(left_by.since, p_now) end,
    least(
      p_now + (n.settings ->> 'wait')::bigint * interval '1 millisecond',
      coalesce(left_by.since, p_now) + (n.settings ->> 'maxWait')::bigint * interval '1 millisecond')
  from named_lanes n
  cross join p
  where n.lane = any(p_job.lanes);
  became := 'waiting';
end $$;
