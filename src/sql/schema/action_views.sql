-- What people read of actions. A newer set of functions may stand beside an older one, so that views use none of them.

-- Lists are made of three views: with the conditions that two of them have, the planner reads these as a whole where
-- they are parts of `actions`. All have the same columns, in the same order and of the same types.
create view queued_actions as
  select
    action as id,
    split_part(definition, '/', 1) as actor_type,
    actor_id,
    split_part(definition, '/', 2) as name,
    coalesce(given, arguments) as arguments,
    queue,
    'queued' as status,
    false as outbound,
    false as unwinding,
    lane,
    case when lanes is not null then array(select replace(x, U&'\0001', ':') from unnest(lanes) x) end as lanes,
    coalesce(checksum_key, lane) as checksum_key,
    checksum,
    parent,
    parent_step,
    started_by,
    started_by_step,
    retry_of,
    depth,
    attempts + case when token is null then 0 else 1 end as attempts,
    token,
    null::jsonb as result,
    case when cancelled_at is not null and failure ? 'reason' then failure end as cause,
    case when cancelled_at is null then failure end as last_failure,
    coalesce(own_priority, 0::smallint) as priority,
    due_at,
    timeout_ms,
    null::timestamptz as timeout_at,
    null::timestamptz as step_timeout_at,
    elder as waits_for,
    -- what is cancelled, or tried again, goes on
    case when cancelled_at is null and attempts = 0 then (
      select
        jsonb_build_object(
          'kind', p.kind, 'subject', replace(p.subject, U&'\0001', ':'), 'reason', p.reason, 'by', p.by, 'since',
          p.since)
      from pauses p
      where
        p.kind = 'everything'
        or (p.kind = 'queue' and p.subject = jobs.queue)
        or (p.kind = 'definition' and p.subject = jobs.definition)
      order by p.since, p.kind, p.subject
      limit 1
    ) end as pause,
    cancelled_at,
    null::uuid as superseded_by,
    null::jsonb as unwound,
    null::text as build,
    0::smallint as callbacks_succeeded,
    0::smallint as callbacks_failed,
    tags,
    substr(trace, 4, 32) as trace_id,
    null::jsonb as progress,
    null::jsonb as heartbeat,
    enqueued_at,
    null::timestamptz as started_at,
    null::timestamptz as ended_at,
    null::text as forgotten
  from jobs
  where kind = 0 /* JobKind.invocation */;
comment on view queued_actions is 'Those of the actions that no worker has joined to their lanes yet.';

create view active_actions as
  select
    id,
    split_part(definition, '/', 1) as actor_type,
    actor_id,
    split_part(definition, '/', 2) as name,
    arguments,
    queue,
    (array['pending', 'performing', 'succeeded', 'superseded', 'cancelled', 'failed', 'timed_out', 'deadlocked']
      /* statuses */)[status + 1] as status,
    flags & 16 /* Flag.outbound */ <> 0 as outbound,
    outcome is not null and verdict ->> '_tag' is distinct from 'ends'
      and phase in (1 /* Phase.waiting */, 5 /* Phase.unwinding */, 7 /* Phase.closing */) as unwinding,
    lane,
    case when lanes is not null then array(select replace(x, U&'\0001', ':') from unnest(lanes) x) end as lanes,
    coalesce(checksum_key, lane) as checksum_key,
    checksum,
    parent,
    parent_step,
    started_by,
    started_by_step,
    retry_of,
    depth,
    -- stored is how many have ended without an answer; the one that is under way, or has come to its end, is one more
    attempts + case
      when
        status = 1 /* Status.performing */
        and (token is not null or phase in (1 /* Phase.waiting */, 2 /* Phase.outbound */))
        then 1
      else 0
    end as attempts,
    token,
    result,
    cause,
    -- what waits has been done
    case when phase not in (1 /* Phase.waiting */, 2 /* Phase.outbound */) then failure end as last_failure,
    null::smallint as priority,
    case phase
      when 1 /* Phase.waiting */ then (
        -- not the greatest of all, gone through until it is one of these
        select max(w.due_at) from (
          select case when o.heartbeat_ms is null then o.due_at else o.limit_at end as due_at from slots o
          where o.action = live_actions.id and o.step = live_actions.step and o.status is null
          offset 0
        ) w
      )
      -- asked by a subquery that cannot become a join: all of the queue would be read for it
      else coalesce(
        (
          select j.due_at from jobs j
          where j.action = live_actions.id and j.kind = 1 /* JobKind.continuation */
          limit 1
        ),
        case when status = 0 /* Status.pending */ and lanes is not null then (
          select max(greatest(s.due_at, n.due_at)) from seats s
          join named_lanes n on n.lane = s.lane
          where s.action = live_actions.id
        ) end
      )
    end as due_at,
    timeout_ms,
    case when outcome is null then timeout_at when phase <> 3 /* Phase.callbacks */ then undone_until end
      as timeout_at,
    step_timeout_at,
    null::uuid as waits_for,
    case when status = 0 /* Status.pending */ and outcome is null then (
      select
        jsonb_build_object(
          'kind', p.kind, 'subject', replace(p.subject, U&'\0001', ':'), 'reason', p.reason, 'by', p.by, 'since',
          p.since)
      from pauses p
      where
        p.kind = 'everything'
        or (p.kind = 'queue' and p.subject = live_actions.queue)
        or (p.kind = 'definition' and p.subject = live_actions.definition)
        or (p.kind = 'lane' and p.subject = live_actions.lane)
        or (p.kind = 'lane' and p.subject = any(live_actions.lanes))
      order by p.since, p.kind, p.subject
      limit 1
    ) end as pause,
    null::timestamptz as cancelled_at,
    null::uuid as superseded_by,
    null::jsonb as unwound,
    null::text as build,
    0::smallint as callbacks_succeeded,
    0::smallint as callbacks_failed,
    tags,
    substr(trace, 4, 32) as trace_id,
    case
      when
        (progress ->> 'step')::int = step
        and (progress ->> 'attempt')::int = coalesce(step_attempt, 1)
        and phase in (0 /* Phase.step */, 1 /* Phase.waiting */, 5 /* Phase.unwinding */)
        then progress -> 'value'
    end as progress,
    case
      when heard_at is not null or heartbeat_ms is not null then
        jsonb_build_object('heard_at', heard_at, 'details', details, 'silent_at', silent_at)
      when phase = 1 /* Phase.waiting */ and flags & 512 /* Flag.signals */ <> 0 then (
        select
          jsonb_build_object(
            'heard_at', o.heard_at, 'details', o.details,
            'silent_at', case
              when o.heartbeat_ms is not null and o.due_at < coalesce(o.limit_at, 'infinity') then o.due_at end)
        from slots o
        where
          o.action = live_actions.id and o.step = live_actions.step and o.status is null
          and (o.heard_at is not null or o.heartbeat_ms is not null)
        order by o.heard_at desc nulls last, o.due_at
        limit 1
      )
    end as heartbeat,
    enqueued_at,
    started_at,
    null::timestamptz as ended_at,
    null::text as forgotten
  from live_actions
  where unwinds is null;
comment on view active_actions is 'Those of the actions that perform or wait for their lanes.';

-- Without a condition, so that the planner takes it apart in `actions`, and goes by its indexes.
create view past_actions as
  select
    id,
    split_part(definition, '/', 1) as actor_type,
    actor_id,
    split_part(definition, '/', 2) as name,
    arguments,
    coalesce(queue, 'default') as queue,
    (array['pending', 'performing', 'succeeded', 'superseded', 'cancelled', 'failed', 'timed_out', 'deadlocked']
      /* statuses */)[status + 1] as status,
    false as outbound,
    (select l.unwinds from live_actions l where l.id = ended_actions.id) is not null as unwinding,
    lane,
    case when lanes is not null then array(select replace(x, U&'\0001', ':') from unnest(lanes) x) end as lanes,
    coalesce(checksum_key, lane) as checksum_key,
    checksum,
    parent,
    parent_step,
    started_by,
    started_by_step,
    retry_of,
    depth,
    -- what was given up was not begun again
    attempts + case when started_at is null or cause ->> 'kind' = 'exhausted' then 0 else 1 end as attempts,
    null::bigint as token,
    result,
    cause,
    null::jsonb as last_failure,
    null::smallint as priority,
    null::timestamptz as due_at,
    timeout_ms,
    null::timestamptz as timeout_at,
    null::timestamptz as step_timeout_at,
    null::uuid as waits_for,
    null::jsonb as pause,
    null::timestamptz as cancelled_at,
    superseded_by,
    unwound,
    build,
    callbacks_succeeded,
    callbacks_failed,
    tags,
    substr(trace, 4, 32) as trace_id,
    null::jsonb as progress,
    null::jsonb as heartbeat,
    enqueued_at,
    started_at,
    ended_at,
    case when forgotten & 1 /* Forgotten.whole */ <> 0 then 'whole' when forgotten is not null then 'inPart' end
      as forgotten
  from ended_actions;
comment on view past_actions is 'Those of the actions that have ended.';

create view actions as
  select
    id, actor_type, actor_id, name, arguments, queue, status, outbound, unwinding, lane, lanes, checksum_key,
    checksum, parent, parent_step, started_by, started_by_step, retry_of, depth, attempts, token, result, cause,
    last_failure, priority, due_at, timeout_ms, timeout_at, step_timeout_at, waits_for, pause, cancelled_at,
    superseded_by, unwound, build, callbacks_succeeded, callbacks_failed, tags, trace_id, progress, heartbeat,
    enqueued_at, started_at, ended_at, forgotten
  from active_actions
  union all
  select
    id, actor_type, actor_id, name, arguments, queue, status, outbound, unwinding, lane, lanes, checksum_key,
    checksum, parent, parent_step, started_by, started_by_step, retry_of, depth, attempts, token, result, cause,
    last_failure, priority, due_at, timeout_ms, timeout_at, step_timeout_at, waits_for, pause, cancelled_at,
    superseded_by, unwound, build, callbacks_succeeded, callbacks_failed, tags, trace_id, progress, heartbeat,
    enqueued_at, started_at, ended_at, forgotten
  from past_actions
  union all
  select
    id, actor_type, actor_id, name, arguments, queue, status, outbound, unwinding, lane, lanes, checksum_key,
    checksum, parent, parent_step, started_by, started_by_step, retry_of, depth, attempts, token, result, cause,
    last_failure, priority, due_at, timeout_ms, timeout_at, step_timeout_at, waits_for, pause, cancelled_at,
    superseded_by, unwound, build, callbacks_succeeded, callbacks_failed, tags, trace_id, progress, heartbeat,
    enqueued_at, started_at, ended_at, forgotten
  from queued_actions;
comment on view actions is 'All actions, queued, live and ended, with their codes in words.';
comment on column actions.id is 'The id that a handle has.';
comment on column actions.actor_type is 'The type of the actor that performs it.';
comment on column actions.actor_id is 'Which actor of that type, as text.';
comment on column actions.name is 'The name of the action.';
comment on column actions.arguments is 'Encoded; those that its `before` has given, if it has one.';
comment on column actions.status is
  'queued: no worker has joined it to its lane yet. pending: waits for its lane. performing: live. All others '
  'are ends.';
comment on column actions.outbound is 'Somebody outside completes it.';
comment on column actions.unwinding is
  'How it ends is decided, and what its steps have done is being undone; `cause` says why. Of one that has ended: '
  'its parent unwinds it, or what undoes it is run again.';
comment on column actions.lane is
  'Actions with the same lane perform one after another; null as long as a worker is to compute it.';
comment on column actions.lanes is
  'In place of a lane, those that it takes together: name and key of each, with a colon between them.';
comment on column actions.checksum_key is 'Where its success is kept.';
comment on column actions.checksum is 'An invocation with the same one takes its result instead of running.';
comment on column actions.parent is 'The action whose step has started it; null for a root.';
comment on column actions.parent_step is 'Which of the parent''s steps, from 0.';
comment on column actions.started_by is
  'The action that has started it without waiting for it; its history may have been deleted.';
comment on column actions.started_by_step is 'Which of the steps of that one, from 0; null where it was a callback.';
comment on column actions.retry_of is
  'The ended action that it goes on for (`ActionRepo.retry`); its history may have been deleted.';
comment on column actions.depth is 'How many ancestors it has.';
comment on column actions.attempts is
  'How often its last step, its job or its callbacks were begun, or a worker died that had taken it to begin them; '
  'of what is queued, its `before` and its keys.';
comment on column actions.token is 'The worker that performs it now; null while it waits.';
comment on column actions.cause is 'Why it ended otherwise than in success.';
comment on column actions.last_failure is 'Why what it does was not done, while it is tried again.';
comment on column actions.priority is 'Of what is queued: the lower, the sooner; 0 if none was given.';
comment on column actions.due_at is
  'When it goes on: at the time to which it is delayed, with the next try, or no sooner, with the end of its last '
  'wait, or when its lanes let it begin.';
comment on column actions.timeout_ms is 'How long it may perform.';
comment on column actions.timeout_at is 'When its time is over.';
comment on column actions.step_timeout_at is 'When the time of its step is over, where that waits and has a limit.';
comment on column actions.waits_for is 'The elder sibling that has to join its lane before this one.';
comment on column actions.pause is
  'Why it does not begin, where it waits: the oldest of the pauses that hold it.';
comment on column actions.cancelled_at is
  'Since when, on the database''s clock, it cannot start any more: a worker that has its definition ends it.';
comment on column actions.superseded_by is 'The newer action that has taken its place in the lane.';
comment on column actions.unwound is
  'It was unwound by its parent, or undone again, since it has ended: what could not be undone, what is uncertain, '
  'what was kept; empty where all was undone.';
comment on column actions.build is
  'Of one that has failed, timed out or is deadlocked: the build of the worker that has ended it.';
comment on column actions.callbacks_failed is 'With one of these a success is no achievement.';
comment on column actions.progress is 'What its running step has said of itself last.';
comment on column actions.heartbeat is
  'Of one that waits outside, or for signals: when whoever is to answer was heard last, with which details, and when '
  'he has been silent for too long; of several waits the one that was heard last.';
comment on column actions.tags is 'Texts that it was enqueued with.';
comment on column actions.trace_id is 'The trace that it is part of, where somebody had a span.';
comment on column actions.enqueued_at is 'When it was asked for.';
comment on column actions.started_at is 'When it took its lane.';
comment on column actions.forgotten is
  'whole: somebody has asked to forget its actor, and nothing is left of what it was given and has come to. inPart: '
  'that of actions of another actor, which it had.';
