-- What people read. A newer set of functions may stand beside an older one, so that views use none of them.

create view actions as
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
    split_part(lane, E'\x01', 1) as lane,
    checksum_key,
    checksum,
    parent,
    parent_step,
    depth,
    attempts,
    token,
    result,
    cause,
    null::uuid as superseded_by,
    0::smallint as callbacks_succeeded,
    0::smallint as callbacks_failed,
    enqueued_at,
    started_at,
    null::timestamptz as ended_at
  from live_actions
  union all
  select
    id,
    split_part(definition, '/', 1),
    actor_id,
    split_part(definition, '/', 2),
    arguments,
    queue,
    (array['pending', 'performing', 'succeeded', 'superseded', 'cancelled', 'failed', 'timed_out', 'deadlocked']
      /* statuses */)[status + 1],
    false,
    lane,
    checksum_key,
    checksum,
    parent,
    parent_step,
    depth,
    attempts,
    null,
    result,
    cause,
    superseded_by,
    callbacks_succeeded,
    callbacks_failed,
    enqueued_at,
    started_at,
    ended_at
  from ended_actions;
comment on view actions is 'All actions, live and ended, with their codes in words.';
comment on column actions.id is 'The id that a handle has.';
comment on column actions.actor_type is 'The type of the actor that performs it.';
comment on column actions.actor_id is 'Which actor of that type, as text.';
comment on column actions.name is 'The name of the action.';
comment on column actions.arguments is 'Encoded; those that its `before` has given, if it has one.';
comment on column actions.status is 'pending: waits for its lane. performing: live. All others are ends.';
comment on column actions.outbound is 'Somebody outside completes it.';
comment on column actions.lane is 'Actions with the same lane perform one after another.';
comment on column actions.checksum_key is 'Where its success is kept.';
comment on column actions.checksum is 'An invocation with the same one takes its result instead of running.';
comment on column actions.parent is 'The action whose step has started it; null for a root.';
comment on column actions.parent_step is 'Which of the parent''s steps, from 0.';
comment on column actions.depth is 'How many ancestors it has.';
comment on column actions.attempts is 'Tries of its present step that have failed.';
comment on column actions.token is 'The worker that performs it now; null while it waits.';
comment on column actions.cause is 'Why it ended otherwise than in success.';
comment on column actions.superseded_by is 'The newer action that has taken its place in the lane.';
comment on column actions.callbacks_failed is 'With one of these a success is no achievement.';
comment on column actions.enqueued_at is 'When it was asked for.';
comment on column actions.started_at is 'When it took its lane.';

-- a step's row is created when it starts: while its body runs, the live row holds it; the only step of an action stays with it
create view action_steps as
  select
    action,
    idx,
    name,
    (array['own', 'unnamed', 'prepended', 'method', 'job'] /* stepKinds */)[kind + 1] as kind,
    (array['pending', 'performing', 'succeeded', 'superseded', 'cancelled', 'failed', 'timed_out', 'deadlocked']
      /* statuses */)[status + 1] as status,
    result,
    started_at,
    ended_at
  from steps
  union all
  select
    id,
    step,
    coalesce(step_name, (step + 1)::text),
    (array['own', 'unnamed', 'prepended', 'method', 'job'] /* stepKinds */)[coalesce(step_kind, 0) + 1],
    'performing',
    null,
    coalesce(step_started_at, started_at),
    null
  from live_actions
  where status = 1 /* Status.performing */ and phase = 0 /* Phase.step */ and outcome is null
  union all
  select
    id,
    0,
    step_name,
    (array['own', 'unnamed', 'prepended', 'method', 'job'] /* stepKinds */)[step_kind + 1],
    (array['pending', 'performing', 'succeeded', 'superseded', 'cancelled', 'failed', 'timed_out', 'deadlocked']
      /* statuses */)[status + 1],
    null,
    started_at,
    ended_at
  from ended_actions
  where step_name is not null;
comment on view action_steps is 'The steps of all actions: ended, waiting and running.';
comment on column action_steps.action is 'The id of the action in `actions`.';
comment on column action_steps.idx is 'Its place among the steps of the action, from 0.';
comment on column action_steps.kind is
  'own: known by its name. unnamed: by its position. prepended: from another module. method and job: the only one of its action.';
comment on column action_steps.status is 'performing: it runs, or waits for what it has started.';

-- Whether there is a job is asked by a subquery that cannot become a join: all of the queue would be read for it.
create view stranded_actions as
  select l.id, l.definition, l.actor_id, l.queue, l.phase, l.ctid as place
  from live_actions l
  where
    l.status = 1 /* Status.performing */
    and l.token is null
    and l.phase <> 2 /* Phase.outbound */
    and (select j.id from jobs j where j.action = l.id and j.kind = 1 /* JobKind.continuation */ limit 1) is null
    and (
      l.phase <> 1 /* Phase.waiting */
      or not exists (select 1 from slots o where o.action = l.id and o.step = l.step and o.status is null)
    );
comment on view stranded_actions is
  'What must not be: live actions that nothing continues, with no worker, no job, no open slot, and nobody outside to wait for.';
