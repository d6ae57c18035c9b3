-- The tables.
--
-- Life of an action, row by row:
--
-- jobs an invocation that waits for a worker (also: "continue this live action", held while `before` runs, and
--                  waiting for an elder sibling)
-- -> live_actions pending or performing. The performing row IS the lane (unique on lane and seat) and IS the lease
--                        (its token names the worker that may write to it; null while it waits for slots or outside)
--        steps           one row for each step that ended or waits; the step that runs now is in the live row
--        slots           what a step waits for: a child action or a time; status null = still open
--     -> ended_actions   append-only history, never updated
--   outcomes       answers for handles of invocations that were never stored as actions (short-circuited, joined)
--   achievements   checksum key -> checksum and result of the last success
--   pauses         what is not begun for the time being; resumed: what was, and may have left somebody waiting
--   abandoned_by         ended actions whose abandoned children are still to be cancelled
--   named_lanes    lanes with a policy, each of which is locked by its row; seats: who performs in them and who waits
--   workers        one row for each engine, with its lease on the database's clock
--   action_keys    what names an action beside its id; signals: what was sent to it; memos: what its bodies have
--                  stored on the way. The three are empty as long as nobody uses them, and go with the history
--
-- What is at the end of a table behind "for what is to come" is null as yet: a row pays for no null, as it has some
-- already. Where the rest of that goes, src/README.md says.
--
-- Lock order of every function: jobs (always SKIP LOCKED), then named lanes sorted by name, then live rows sorted by
-- lane, each in ONE pass that may wait (those in named lanes under their lanes' locks alone), then achievements sorted
-- by key, then steps sorted by action and index. Everything out of that order is taken with SKIP LOCKED and, where
-- skipped, left for the next transition. A slot is changed only under the lock of its step's row.
--
-- User time comes in as `p_now`; only leases, and since when an invocation is cancelled, use the database's clock. Keys
-- compare as bytes (`collate "C"`): the same everywhere, and cheaper than by a language's rules.
--
-- Codes have the names of src/domain/Phase.ts beside them, as `1 /* Phase.waiting */`; a test holds both equal. Nothing
-- here or in functions/ names the schema: whoever installs has it first in the search path, with pg_temp last. A
-- session's temporary tables come before everything else where a search path does not name them, and a program's own
-- `jobs` would be taken for the queue.

create table workers (
  token bigint generated always as identity primary key,
  name text not null,
  lease_until timestamptz not null,
  started_at timestamptz not null
);
comment on table workers is 'One row for each worker that runs; with the row gone,
nothing is written under its token any more.';

create table jobs (
  id bigint generated always as identity,
  queue text collate "C" not null,
  -- where it stands in its queue: in order by the number that it was enqueued with, or out of the order
  priority smallint not null,
  kind smallint not null,
  action uuid not null,
  definition text collate "C" not null,
  actor_id text collate "C" not null,
  arguments jsonb,
  lane text collate "C",
  -- null: the same as the lane, or not known yet
  checksum_key text collate "C",
  checksum text collate "C",
  timeout_ms bigint,
  parent uuid,
  parent_step int,
  depth smallint not null default 0,
  attempts smallint not null default 0,
  token bigint,
  due_at timestamptz,
  enqueued_at timestamptz not null,
  -- its siblings may be headed for the same lane, which they join in turn
  ordered boolean,
  -- the sibling that it waits for
  elder uuid,
  -- the arguments as given, where it was prepared to others, and whether its achievement cannot be read
  given jsonb,
  unread boolean,
  -- on the database's clock: it cannot start any more, and whoever takes it ends it
  cancelled_at timestamptz,
  -- false: whoever enqueued it has left the checksum to a worker, whether that knows a `before` or not; true: its
  -- `before` has run, and must not run again on what it gave; null: that is for the worker's definition to say
  prepared boolean,
  -- why its `before` or its keys are to run again
  failure jsonb,
  -- its named lanes, in order; `lane` is null then
  lanes text[] collate "C",
  -- short texts that it is found by, and where its trace goes on
  tags text[],
  trace text,
  -- the priority that it was enqueued with, if that is not 0, for when it comes back into the order
  own_priority smallint,
  -- when it was to be due, if that was later than now: by this, too, it is newer or older in its lane
  delayed_until timestamptz,
  -- For what is to come. The ended action that it goes on for; the one whose step has started it without waiting for
  -- it, and the number of that step
  retry_of uuid,
  started_by uuid,
  started_by_step int,
  primary key (queue, priority, id)
) with (
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0
);
comment on table jobs is
  'The queue: invocations that wait for a worker, and live actions that wait for one to go on with them.';

-- an invocation is queued once: a try whose answer was lost may commit after the next one has looked
create unique index jobs_invocation on jobs (action) where kind = 0 /* JobKind.invocation */;
create index jobs_action on jobs (action) where kind = 1 /* JobKind.continuation */;
create index jobs_due on jobs (priority, due_at) where due_at is not null;
create index jobs_paused on jobs (queue, definition, id) where priority = 1004 /* Priority.paused */;
create index jobs_held on jobs (token) where priority = 1001 /* Priority.held */;
-- only those that have to be in order are in these two
create index jobs_ordered on jobs (parent, parent_step, id) where ordered;
create index jobs_elder on jobs (elder) where elder is not null;

create table live_actions (
  id uuid primary key,
  definition text collate "C" not null,
  actor_id text collate "C" not null,
  queue text collate "C" not null,
  arguments jsonb not null,
  -- null: it is in named lanes
  lane text collate "C",
  -- 0 performs in the lane, or would if that was not paused; -1 is next; null: it has left the lane, and only its
  -- callbacks run
  seat smallint,
  status smallint not null,
  -- null: the same as the lane
  checksum_key text collate "C",
  checksum text collate "C",
  parent uuid,
  parent_step int,
  depth smallint not null,
  rooted boolean not null,
  flags smallint not null,
  attempts smallint not null default 0,
  token bigint,
  phase smallint not null default 0 /* Phase.step */,
  step_kind smallint,
  step int not null default 0,
  step_name text,
  -- the prepended steps that it started with, in their order, joined with '/': later ones do not concern it
  prepended text,
  step_started_at timestamptz,
  outcome smallint,
  result jsonb,
  cause jsonb,
  -- callbacks that have ended while others are to be tried again, with whether they succeeded
  callbacks jsonb,
  -- why what it does is tried again
  failure jsonb,
  timeout_ms bigint,
  timeout_at timestamptz,
  enqueued_at timestamptz not null,
  started_at timestamptz,
  lanes text[] collate "C",
  tags text[],
  trace text,
  -- as in jobs: of one that is pending it says whether a newcomer is newer
  delayed_until timestamptz,
  -- its number in the queue, of one that is pending: the higher one is newer
  queued_as bigint,
  -- For what is to come. As in jobs; and the ended action that this one undoes
  retry_of uuid,
  started_by uuid,
  started_by_step int,
  unwinds uuid,
  -- which version of its definition has begun it
  fingerprint int,
  -- of the step that runs: which attempt of it, if not the first, what came of the earlier ones, and when it is to end
  step_attempt smallint,
  step_attempts jsonb,
  step_timeout_at timestamptz,
  -- what it has said of itself last, and when whoever performs it outside was heard last
  progress jsonb,
  heard_at timestamptz,
  constraint live_actions_lane unique (lane, seat)
) with (
  fillfactor = 85,
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0
);
comment on table live_actions is
  'Actions that are performing, and at most one for each lane that is pending behind them.';

create index live_actions_timeout on live_actions (timeout_at) where timeout_at is not null;
-- first in a lane that is paused, and not performing
create index live_actions_held on live_actions (lane)
  where seat = 0 /* Seat.performing */ and status = 0 /* Status.pending */;
create index live_actions_outbound on live_actions (definition, actor_id) where flags & 16 /* Flag.outbound */ <> 0;

create table named_lanes (
  -- its name, U+0001, and the key
  lane text collate "C" primary key,
  -- what its worker knows of it who let in the last one: src/domain/LaneSettings.ts
  settings jsonb not null,
  -- when the last actions began, as many as its rate counts
  starts timestamptz[],
  -- when the first in line may begin without anybody's end
  due_at timestamptz,
  -- the first in line might begin, or have somebody cancelled for it, and a pause holds it
  paused boolean
) with (fillfactor = 50);
comment on table named_lanes is 'Lanes with a policy that are in use; the row of a lane is its lock.';

create index named_lanes_due on named_lanes (due_at) where due_at is not null;
create index named_lanes_paused on named_lanes (lane) where paused;

create table seats (
  action uuid not null,
  lane text collate "C" not null,
  -- 0 and up: it performs there; null: it waits in line
  seat int,
  -- what it was admitted under
  "limit" int not null,
  priority smallint not null,
  place bigint not null,
  -- whoever waits for it is told where it is superseded here, rather than waiting for the newer one
  tells boolean not null default false,
  -- of a start that newer ones put off: since the first of them, and until when
  since timestamptz,
  due_at timestamptz,
  -- its action has other lanes, too: where it cannot begin because of those, it holds up who stands behind it here
  several boolean not null default false,
  primary key (action, lane)
) with (fillfactor = 80);
comment on table seats is 'Who performs in a named lane, and who waits for it: a row for each lane of a live action.';

-- all places of an action have the same number, so that all lines have one order
create sequence places owned by seats.place;

create unique index seats_taken on seats (lane, seat) where seat is not null;
create index seats_line on seats (lane, priority, place) where seat is null;
create index seats_several on seats (lane) where seat is null and several;

create table ended_actions (
  id uuid primary key,
  definition text collate "C" not null,
  actor_id text collate "C" not null,
  -- null: the default one
  queue text collate "C",
  arguments jsonb not null,
  lane text collate "C",
  status smallint not null,
  -- null: the same as the lane
  checksum_key text collate "C",
  checksum text collate "C",
  parent uuid,
  parent_step int,
  depth smallint not null,
  attempts smallint not null,
  result jsonb,
  cause jsonb,
  superseded_by uuid,
  -- the only step, which has no row of its own then: its times and its status are the action's
  step_name text,
  step_kind smallint,
  callbacks_succeeded smallint not null default 0,
  callbacks_failed smallint not null default 0,
  timeout_ms bigint,
  enqueued_at timestamptz not null,
  started_at timestamptz,
  ended_at timestamptz not null,
  lanes text[] collate "C",
  tags text[],
  trace text,
  -- For what is to come. As in live_actions
  retry_of uuid,
  started_by uuid,
  started_by_step int,
  unwinds uuid,
  fingerprint int,
  -- whether it, or what it has started, can be undone, and what came of that
  undo smallint
) with (autovacuum_vacuum_insert_scale_factor = 0.2);
comment on table ended_actions is 'The history: actions that have ended. Rows are added and, when they are old,
deleted; ids take user time, so that the primary key is in the order of time.';

create index ended_actions_callbacks_failed on ended_actions (id) where callbacks_failed > 0;

create table steps (
  action uuid not null,
  idx int not null,
  kind smallint not null,
  name text not null,
  status smallint not null,
  marked boolean not null default false,
  result jsonb,
  started_at timestamptz not null,
  ended_at timestamptz,
  -- For what is to come. Which attempt of it, if not the first, and what came of the earlier ones; the step that this
  -- one undoes
  attempt smallint,
  attempts jsonb,
  undoes int,
  primary key (action, idx)
) with (fillfactor = 90);
comment on table steps is 'Steps that have ended,
or wait for what they have started; the one that runs now is in its live action.';

create table slots (
  action uuid not null,
  step int not null,
  slot int not null,
  child uuid,
  definition text collate "C",
  actor_id text collate "C",
  due_at timestamptz,
  -- fingerprint of the success schema that was asked with; null for void
  success text collate "C",
  status smallint,
  result jsonb,
  cause jsonb,
  -- true: the child is not its parent's own: it has superseded or was joined by the one that was asked for
  moved boolean,
  -- For what is to come. Which attempt of its step has asked; the signal that it waits for, whether it may pass without
  -- one, and when whoever is to send it was heard last; whether a failure is a value; what the child has to undo
  attempt smallint,
  signal text collate "C",
  optional boolean,
  heard_at timestamptz,
  as_value boolean,
  undo smallint,
  primary key (action, step, slot)
) with (fillfactor = 80);
comment on table slots is 'What a step waits for: a child action or a time, each in a slot of its own.';

create index slots_child on slots (child) where status is null and child is not null;
create index slots_moved on slots (child) where moved;
create index slots_due on slots (due_at) where status is null and due_at is not null;

create table achievements (
  checksum_key text collate "C" primary key,
  checksum text collate "C" not null,
  result jsonb,
  action uuid not null,
  achieved_at timestamptz not null
) with (fillfactor = 80);
comment on table achievements is
  'What was achieved last for each checksum key: an invocation with the same checksum takes its result from here.';

create table outcomes (
  id uuid primary key,
  definition text collate "C" not null,
  actor_id text collate "C" not null,
  status smallint,
  result jsonb,
  cause jsonb,
  follows uuid,
  created_at timestamptz not null
);
comment on table outcomes is
  'Answers for whoever waits for an invocation that never became an action: it was achieved already,
  or has joined another one.';

create index outcomes_created on outcomes (created_at);
create index outcomes_follows on outcomes (follows) where follows is not null;

-- Nobody locks these: what was left where it is while somebody resumed is found by way of `resumed`.
create table pauses (
  -- everything, queue, definition or lane
  kind text collate "C" not null,
  -- the queue, the definition, the lane; empty for everything
  subject text collate "C" not null,
  reason text not null,
  by text not null,
  since timestamptz not null,
  primary key (kind, subject)
);
comment on table pauses is 'What is not begun for the time being, and why.';

-- A lane is looked at by its name; what else is resumed concerns any lane that is held, and those are gone through.
create table resumed (
  kind text collate "C" not null,
  subject text collate "C" not null,
  -- whoever has not heard of it yet has a transaction before this one; null: nobody has looked
  until xid8,
  -- the last lane that was looked at; null: the next look begins with the first one
  passed text collate "C",
  -- all of them have heard of it: after this time through nobody is left
  is_last boolean not null default false,
  looked_at timestamptz,
  primary key (kind, subject)
);
comment on table resumed is 'What is paused no more, until nobody waits because of it.';

create table abandoned_by (action uuid primary key);
comment on table abandoned_by is 'Ended actions whose children that nothing else waits for are still to be cancelled.';

-- The three that follow are written to by nobody as yet. None of them is read by a claim or an end: who has no row in
-- them pays nothing.

create table action_keys (
  -- whose key it is: the definition's and the actor's, so that others may have the same one
  definition text collate "C" not null,
  actor_id text collate "C" not null,
  -- what it is: an id that the caller has chosen, an idempotency key, an execution's id elsewhere, a completion's key
  kind smallint not null,
  key text collate "C" not null,
  -- there may be no such action yet, if something was sent to an execution that nobody has started
  action uuid not null,
  -- a digest of what came with the key: with another one it is a conflict
  given text collate "C",
  created_at timestamptz not null,
  -- when it may name another action; null: when the history of this one is deleted
  free_at timestamptz,
  primary key (definition, actor_id, kind, key)
);
comment on table action_keys is 'What names an action beside its id, as long as it may not name another one.';

create index action_keys_action on action_keys (action);
create index action_keys_free on action_keys (free_at) where free_at is not null;

create table signals (
  id bigint generated always as identity primary key,
  -- queued or live; whoever supersedes it takes over what is unread
  action uuid not null,
  name text collate "C" not null,
  -- of two with one key the first counts, as of two to what takes one value only
  key text collate "C",
  payload jsonb,
  cause jsonb,
  sent_at timestamptz not null,
  -- the step and the slot that it has settled; null: nobody has read it
  step int,
  slot int
);
comment on table signals is 'What was sent to an action from outside, in the order in which it came, read or not.';

create index signals_action on signals (action, id);
create unique index signals_key on signals (action, name, key) where key is not null;

create table memos (
  action uuid not null,
  -- of an action that is replayed from its beginning there is one step
  step int not null,
  name text collate "C" not null,
  attempt int not null,
  result jsonb,
  cause jsonb,
  ended_at timestamptz not null,
  primary key (action, step, name, attempt)
);
comment on table memos is 'What a body has done and does not do again, however often it runs.';
