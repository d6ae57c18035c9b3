-- One invocation joins its named lanes, which the caller has locked: rules 2.5 a and b, then what their policies say.
-- `became`: `achieved`, with the result; `deadlocked` or `refused`, with the cause; `joined` to another action;
-- `superseded` by a newer one; or `waiting`, until fill_named_lanes lets it begin. Nothing is written before all its
-- lanes have been asked. `ended` are those whose handles hear of an end, `told` those of them whose waiters do, `freed`
-- other lanes that were left.
-- For other functions only: it inherits their search path and their settings.
create function join_named_lane(
  p_now timestamptz, p_definitions text[], p_flags smallint[], p_job claimed_job, out became text,
  out result jsonb, out achieved_by uuid, out achieved_at timestamptz, out cause jsonb, out ended uuid[],
  out told uuid[], out freed text[])
language plpgsql as $$
declare
  cycle jsonb;
  same uuid;
  newer record;
  left_by record;
  takes_signals boolean := p_flags[array_position(p_definitions, p_job.definition)] & 512 /* Flag.signals */ <> 0;
begin
  ended := '{}';
  freed := '{}';
  if p_job.checksum is not null then
    select a.result, a.action, a.achieved_at
    into result, achieved_by, achieved_at
    from achievement_for(p_job.checksum_key, p_job.checksum, p_job.passes_by) a;
    if found then
      became := 'achieved';
      return;
    end if;
  end if;

  -- who is in one lane alone is waited for by its parent, and by whom it supersedes no more than that one was; in
  -- several, whoever waits for that one, or behind it in a line, may perform in another of its lanes
  if p_job.parent is not null or cardinality(p_job.lanes) > 1 then
    cycle := deadlock_in_named_lanes(p_job);
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
    perform wait_for_instead(p_job.action, coalesce(p_job.given, p_job.arguments), same);
    if p_job.parent is null then update live_actions set rooted = true where id = same; end if;
    if p_job.parent is null or takes_signals then
      insert into outcomes (id, definition, actor_id, follows, created_at)
      values (p_job.action, p_job.definition, p_job.actor_id, same, p_now);
      ended := array[p_job.action];
    end if;
    if takes_signals then perform hand_over_signals(p_now, array[p_job.action], same); end if;
    if p_job.retry_of is not null then delete from retries where action = p_job.action; end if;
    became := 'joined';
    return;
  end if;

  cause := refused_by(p_now, p_job);
  -- 18.1: what goes on for one that has ended by itself supersedes and cancels nobody
  if cause is null and p_job.retry_of is not null and p_job.parent is null then
    select refusal(
      'lane_busy', 'turned away by the busy lane ' /* words.busy */, n.lane, p_job.definition, p_job.actor_id)
    into cause
    from newcomer_ends(null, p_job.lanes) n;
  end if;
  if cause is not null then
    became := 'refused';
    return;
  end if;

  -- 14.2: a newer one waits already, and supersedes it
  select n.id, n.told_in into newer from newer_in_named_lanes(p_job) n;
  if newer.id is not null then
    -- whoever waits for it would wait for that one, in lanes that are not its own
    if newer.told_in is null and p_job.parent is not null then
      cycle := (deadlock_of(p_job.action, p_joined => newer.id)).cycle;
      if cycle is not null then
        became := 'deadlocked';
        cause := deadlock_cause(cycle, p_job.definition, p_job.actor_id);
        return;
      end if;
    end if;
    perform superseded_at_once(p_now, p_job, newer.id, newer.told_in);
    ended := array[p_job.action];
    if newer.told_in is not null then told := ended;
    elsif takes_signals then perform hand_over_signals(p_now, ended, newer.id);
    end if;
    became := 'superseded';
    return;
  end if;

  select s.old, s.told, s.freed, s.since, s.is_rooted into left_by from supersede_in_named_lanes(p_now, p_job) s;
  ended := coalesce(left_by.old, '{}');
  told := left_by.told;
  freed := left_by.freed;
  insert into live_actions (
    id, definition, actor_id, queue, arguments, lanes, status, checksum_key, checksum, parent, parent_step, depth,
    rooted, flags, timeout_ms, enqueued_at, tags, trace, delayed_until, queued_as, started_by, started_by_step,
    retry_of, given)
  values (
    p_job.action, p_job.definition, p_job.actor_id, p_job.queue, p_job.arguments, p_job.lanes, 0 /* Status.pending */,
    p_job.checksum_key, p_job.checksum, p_job.parent, p_job.parent_step, p_job.depth,
    p_job.parent is null or left_by.is_rooted, p_flags[array_position(p_definitions, p_job.definition)] & 1023,
    p_job.timeout_ms, p_job.enqueued_at, p_job.tags, p_job.trace, p_job.delayed_until, p_job.id, p_job.started_by,
    p_job.started_by_step, p_job.retry_of, nullif(p_job.given, p_job.arguments));
  with p as materialized (select nextval('places') as place)
  insert into seats (action, lane, "limit", priority, place, several, tells, since, due_at)
  select
    p_job.action, n.lane, (n.settings ->> 'limit')::int,
    line_priority(p_job.priority), p.place,
    cardinality(p_job.lanes) > 1,
    coalesce(n.settings ->> 'waiters', '') = 'fail',
    case when n.settings ? 'wait' then coalesce(left_by.since, p_now) end,
    start_put_off(n.settings, p_now, left_by.since)
  from named_lanes n
  cross join p
  where n.lane = any(p_job.lanes);
  if takes_signals and cardinality(ended) > 0 then
    perform hand_over_signals(
      p_now, array(select o from unnest(ended) o where (o = any(told)) is not true), p_job.action);
  end if;
  became := 'waiting';
end $$;
