-- What people read of steps, slots and lanes; like the views of actions, by no function.

-- a step's row is created when it starts: while its body runs, the live row holds it; the only step of an action stays
-- with it
create view action_steps as
  select
    action,
    idx,
    name,
    (array['own', 'unnamed', 'prepended', 'method', 'job'] /* stepKinds */)[kind + 1] as kind,
    (array[
      'pending', 'performing', 'succeeded', 'superseded', 'cancelled', 'failed', 'timed_out', 'deadlocked', 'skipped'
    ] /* stepStatuses */)[status + 1] as status,
    case
      when result -> '$failure' is not null then null
      when strpos(result::text, '"$') = 0 then result
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
                  select coalesce(o.result, e.result) from slots o left join ended_actions e on e.id = o.child
                  where o.action = steps.action and o.step = steps.idx and o.slot = h.slot[1]::int
                )::text,
                'null'
              )
            end,
            ''
            order by p.n
          )::jsonb
        from regexp_split_to_table(steps.result::text, '\{"\$slot": \d+\}') with ordinality p (piece, n)
        left join regexp_matches(steps.result::text, '\{"\$slot": (\d+)\}', 'g') with ordinality h (slot, n)
          on h.n = p.n
      )
    end as result,
    result -> '$failure' as failure,
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
    null,
    started_at,
    ended_at
  from ended_actions
  where step_name is not null;
comment on view action_steps is 'The steps of all actions: ended, waiting and running.';
comment on column action_steps.action is 'The id of the action in `actions`.';
comment on column action_steps.idx is 'Its place among the steps of the action, from 0.';
comment on column action_steps.kind is
  'own: known by its name. unnamed: by its position. prepended: from another module. method and job: the only one.';
comment on column action_steps.status is 'performing: it runs, or waits for what it has started.';
comment on column action_steps.result is
  'As later steps receive it, with the results of its children; null where nobody does.';

comment on column action_steps.failure is 'With what it failed, where the action went on without it.';

create view action_slots as
  select
    action,
    step,
    slot,
    child,
    split_part(definition, '/', 1) as actor_type,
    actor_id,
    split_part(definition, '/', 2) as name,
    due_at,
    (array['pending', 'performing', 'succeeded', 'superseded', 'cancelled', 'failed', 'timed_out', 'deadlocked']
      /* statuses */)[status + 1] as status
  from slots;
comment on view action_slots is 'What the steps of actions wait or waited for: children and times.';
comment on column action_slots.step is 'Which step of the action, from 0.';
comment on column action_slots.child is
  'The action that settles it: another one than was asked for, where that has joined one, or was superseded in a lane '
  'in which who waits for it waits for the newer one then; '
  'null for a time.';
comment on column action_slots.actor_type is 'With actor_id and name, what was asked for.';
comment on column action_slots.due_at is 'When the wait is over; null for a child.';
comment on column action_slots.status is 'How it was settled; null while it is open.';

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
    and l.phase <> 2 /* Phase.outbound */
    and (select j.id from jobs j where j.action = l.id and j.kind = 1 /* JobKind.continuation */ limit 1) is null
    and (
      l.phase <> 1 /* Phase.waiting */
      or not exists (select 1 from slots o where o.action = l.id and o.step = l.step and o.status is null)
    );
comment on view stranded_actions is
  'What must not be: live actions that nothing continues, with no worker, no job, no open slot,
  and nobody outside to wait for.';
