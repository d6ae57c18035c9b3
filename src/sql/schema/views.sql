-- What people read of steps, slots and lanes. Like the views of actions, they use no function; functions may read them,
-- as `exported_of` does.

-- a step's row is created when it starts: while its body runs, the live row holds it; the only step of an action stays
-- with it
create view action_steps as
  select
    action,
    idx,
    name,
    (array['own', 'unnamed', 'prepended', 'method', 'job', 'compensation', 'replayed']
      /* stepKinds */)[kind + 1] as kind,
    (array[
      'pending', 'performing', 'succeeded', 'superseded', 'cancelled', 'failed', 'timed_out', 'deadlocked', 'skipped'
    ] /* stepStatuses */)[status + 1] as status,
    case
      when steps.result -> '$failure' is not null then null
      when strpos(given::text, '"$') = 0 then given
      -- It is kept with marks: places for the results of children, what JSON has no word for, and keys of its own that
      -- look like
      -- marks. In a text all quotes are escaped, so that what looks like a mark is one.
      else (
        select
          string_agg(
            regexp_replace(
              replace(replace(p.piece, '{"$undefined": true}', 'null'), '{"$null": true}', 'null'),
              '(?<!\\)"\$(\$(?:[^"\\]|\\.)*": )',
              '"\1',
              'g'
            ) || case
              when h.slot is null then ''
              else coalesce(
                (
                  select
                    case
                      when o.error is null or o.status is null then coalesce(o.result, e.result)
                      -- as Effect writes a `Result`
                      when o.status = 2 /* Status.succeeded */
                        then jsonb_build_object('_tag', 'Success', 'success', coalesce(o.result, e.result))
                      else jsonb_build_object('_tag', 'Failure', 'failure', coalesce(o.cause, e.cause))
                    end
                  from slots o left join ended_actions e on e.id = o.child
                  where o.action = steps.action and o.step = steps.idx and o.slot = h.slot[1]::int
                )::text,
                'null'
              )
            end,
            ''
            order by p.n
          )::jsonb
        from regexp_split_to_table(given::text, '\{"\$slot": \d+\}') with ordinality p (piece, n)
        left join regexp_matches(given::text, '\{"\$slot": (\d+)\}', 'g') with ordinality h (slot, n)
          on h.n = p.n
      )
    end as result,
    result -> '$failure' as failure,
    undoes,
    started_at,
    ended_at,
    coalesce(attempt, 1) as attempt_number,
    attempts -> 'last' as attempts,
    steps.result ? '$unchecked' is true as is_unchecked
  from steps cross join lateral (select coalesce(steps.result -> '$unchecked', steps.result) as given) g
  union all
  select
    id,
    step,
    coalesce(step_name, (step + 1)::text),
    (array['own', 'unnamed', 'prepended', 'method', 'job', 'compensation', 'replayed']
      /* stepKinds */)[coalesce(step_kind, 0) + 1],
    case when phase = 6 /* Phase.held */ then 'held' else 'performing' end,
    null,
    case when phase = 6 /* Phase.held */ then failure end,
    null,
    coalesce(to_timestamp((step_attempts ->> 'since')::float8 / 1000), step_started_at, started_at),
    null,
    coalesce(step_attempt, 1),
    step_attempts -> 'last',
    false
  from live_actions
  where
    status = 1 /* Status.performing */
    and (
      (phase in (0 /* Phase.step */, 6 /* Phase.held */, 8 /* Phase.suspended */) and outcome is null)
      or (phase = 7 /* Phase.closing */ and step_name is not null)
      or (phase = 5 /* Phase.unwinding */ and step_kind = 5 /* StepKind.compensation */))
  union all
  select
    id,
    0,
    step_name,
    (array['own', 'unnamed', 'prepended', 'method', 'job', 'compensation', 'replayed'] /* stepKinds */)[step_kind + 1],
    (array['pending', 'performing', 'succeeded', 'superseded', 'cancelled', 'failed', 'timed_out', 'deadlocked']
      /* statuses */)[status + 1],
    null,
    null,
    null,
    started_at,
    ended_at,
    1,
    null,
    false
  from ended_actions
  where step_name is not null;
comment on view action_steps is 'The steps of all actions: ended, waiting and running.';
comment on column action_steps.action is 'The id of the action in `actions`.';
comment on column action_steps.idx is 'Its place among the steps of the action, from 0.';
comment on column action_steps.kind is
  'own: known by its name. unnamed: by its position. prepended: from another module. method and job: the only one. '
  'compensation: it undoes another one, whose name it has. replayed: the body of an execution.';
comment on column action_steps.status is
  'performing: it runs, waits for what it has started, or is to begin again. held: somebody is to decide of it.';
comment on column action_steps.result is
  'As later steps receive it, with the results of its children; null where nobody does.';

comment on column action_steps.attempt_number is 'The attempt that runs, was the last one, or is the next one.';
comment on column action_steps.attempts is
  'The last hundred attempts of what has begun again: number, startedAt, endedAt and nextAt in milliseconds, failure.';
comment on column action_steps.failure is
  'With what it failed, where the action went on without it; why it is held.';
comment on column action_steps.is_unchecked is
  'Somebody has given its result, which no schema was there to read.';
comment on column action_steps.undoes is 'Of a compensation, which step of the action it undoes, from 0.';

create view action_slots as
  select
    action,
    step,
    slot,
    child,
    split_part(definition, '/', 1) as actor_type,
    actor_id,
    split_part(definition, '/', 2) as name,
    case when heartbeat_ms is null then due_at else limit_at end as due_at,
    (array['pending', 'performing', 'succeeded', 'superseded', 'cancelled', 'failed', 'timed_out', 'deadlocked']
      /* statuses */)[status + 1] as status,
    error is not null as is_attempt,
    coalesce(attempt, 1) as attempt_number,
    signal,
    case when heard_at is not null or heartbeat_ms is not null then
      jsonb_build_object(
        'heard_at', heard_at, 'details', details,
        'silent_at', case
          when status is null and heartbeat_ms is not null and due_at < coalesce(limit_at, 'infinity') then due_at end)
    end as heartbeat
  from slots;
comment on view action_slots is 'What the steps of actions wait or waited for: children, times and signals.';
comment on column action_slots.step is 'Which step of the action, from 0.';
comment on column action_slots.child is
  'The action that settles it: another one than was asked for, where that has joined one, or was superseded in a lane '
  'in which who waits for it waits for the newer one then; '
  'null for a time, and for a signal.';
comment on column action_slots.attempt_number is 'Which attempt of the step has asked.';
comment on column action_slots.actor_type is 'With actor_id and name, what was asked for.';
comment on column action_slots.due_at is 'When the wait is over; null for a child, and for a signal without a limit.';
comment on column action_slots.signal is 'The signal that it waits for, by its name.';
comment on column action_slots.heartbeat is
  'Of a wait for a signal: when whoever is to send it was heard last, with which details, and when he has been silent '
  'for too long.';
comment on column action_slots.status is 'How it was settled; null while it is open.';
comment on column action_slots.is_attempt is 'Its failure is a value for the step, and does not fail it.';

create view action_signals as
  select action, id, name, key, payload, cause as failure, sent_at, step, slot from signals;
comment on view action_signals is 'What was sent to actions from outside, read or not, in the order of its ids.';
comment on column action_signals.action is 'Who has it: whoever took the place of whom it was sent to.';
comment on column action_signals.failure is 'The error that was sent in its place.';
comment on column action_signals.step is 'Which step of the action has read it, from 0; null: nobody has.';
comment on column action_signals.slot is 'The slot that it has settled; null of one that the step was given at once.';

create view lanes as
  select
    null::text as name,
    c.lane as key,
    1 as "limit",
    case when c.status = 1 /* Status.performing */ then array[c.id] else array[]::uuid[] end as performing,
    array(
      select p.id from live_actions p
      where p.lane = c.lane and p.status = 0 /* Status.pending */ and p.seat is not null
    ) as pending,
    (
      select count(*) from live_actions p
      where p.lane = c.lane and p.status = 0 /* Status.pending */ and p.seat is not null
    ) as waiting,
    null::timestamptz as due_at
  from live_actions c
  where c.seat = 0 /* Seat.performing */
  union all
  select
    split_part(n.lane, U&'\0001', 1),
    split_part(n.lane, U&'\0001', 2),
    (n.settings ->> 'limit')::int,
    array(select s.action from seats s where s.lane = n.lane and s.seat is not null order by s.seat),
    array(
      select s.action from seats s
      where s.lane = n.lane and s.seat is null
      order by s.priority, s.place
      limit 100
    ),
    (select count(*) from seats s where s.lane = n.lane and s.seat is null),
    n.due_at
  from named_lanes n
  where exists (select from seats s where s.lane = n.lane);
comment on view lanes is 'The lanes that are occupied.';
comment on column lanes.name is 'The name of the lane; null where an action has a concurrency key alone.';
comment on column lanes.key is 'The key within the lane.';
comment on column lanes."limit" is 'How many may perform in it at a time.';
comment on column lanes.performing is 'The actions that perform in it; none where the first one is paused.';
comment on column lanes.pending is 'Those that wait for it, whose turn is next first: 100 at most.';
comment on column lanes.waiting is 'How many wait for it.';
comment on column lanes.due_at is
  'When the next one may begin without anybody''s end: what a rate or a debounce puts off.';

-- Whether there is a job is asked by a subquery that cannot become a join: all of the queue would be read for it.
create view stranded_actions as
  select l.id, l.definition, l.actor_id, l.queue, l.phase, l.ctid as place
  from live_actions l
  where
    l.status = 1 /* Status.performing */
    and l.token is null
    and l.phase not in (2 /* Phase.outbound */, 8 /* Phase.suspended */)
    and (l.phase <> 6 /* Phase.held */ or l.verdict is not null)
    and (select j.id from jobs j where j.action = l.id and j.kind = 1 /* JobKind.continuation */ limit 1) is null
    and (
      l.phase <> 1 /* Phase.waiting */
      or not exists (select 1 from slots o where o.action = l.id and o.step = l.step and o.status is null offset 0)
    );
comment on view stranded_actions is
  'What must not be: live actions that nothing continues, with no worker, no job, no open slot,
  and nobody outside to wait for.';
