-- The tables.
--
-- Life of an action, row by row:
--
-- jobs an invocation that waits for a worker (also: "continue this live action", held while `before` runs, and
--                  waiting for an elder sibling)
-- -> live_actions pending or performing. The performing row IS the lane (unique on lane and seat) and IS the lease
--                        (its token names the worker that may write to it; null while it waits for slots or outside);
--                        with `unwinds`, not an action but what undoes the ended one of its id: it has a place in
--                        the lanes as any, before those that wait
--        steps           one row for each step that ended or waits; the step that runs now is in the live row
--        slots           what a step waits for: a child action, a time or a signal; status null = still open
--     -> ended_actions   append-only history; of a child alone that can be undone it is noted who else counts on it,
--                        and what came of undoing it
--   outcomes       answers for handles of invocations that were never stored as actions (short-circuited, joined)
--   achievements   checksum key -> checksum and result of the last success
--   pauses         what is not begun for the time being; resumed: what was, and may have left somebody waiting
--   abandoned_by         actions that have ended, or unwind, whose children are still to be cancelled, or unwound
--   named_lanes    lanes with a policy, each of which is locked by its row; seats: who performs in them and who waits
--   workers        one row for each engine, with its lease on the database's clock; definitions: what they can run,
--                  for who does not have the program
--   action_keys    what names an action beside its id; memos: what its bodies have stored on the way (gone with the
--                  step's success). The two are empty as long as nobody uses them, and go with the history
--   signals        what was sent to actions, read or not; goes with the history. Of an execution: its deferreds and its
--                  clocks, by their names, each once
--   execution_parents    which executions wait for which others: who ends wakes them
--   retries        actions that go on for ones that have ended: the first of each chain
--   operations     what operators have done, and what they were refused; nothing of the engine reads it
--   heals          what upkeep had to heal, by definition: something is wrong there; nothing of the engine reads it
--   schedules      what is enqueued by the clock, with the slot that comes next; schedule_versions: what programs have
--                  declared of them. A slot that was enqueued has a row in `action_keys`
--   rate_limits    what programs limit by `stepped/stores`, and queue_elements: what they hand over; of no action, and
--                  nothing of the engine reads them
--
-- What is at the end of a table behind "for what is to come" is null as yet: a row pays for no null, as it has some
-- already.
--
-- Lock order of every function: schedules by name (who fires them skips what is locked), then keys (`action_keys`; who
-- waits for one that is not committed holds nothing else but the schedule that it fires, or, among ids of executions,
-- ones that come before it, and then not for long), then jobs (always SKIP LOCKED), then named lanes sorted by name,
-- then live rows sorted by lane, each in ONE pass that may wait (those in named lanes under their lanes' locks alone),
-- then achievements sorted by key, then steps sorted by action and index.
-- Rows of the history are locked by whoever reuses, unwinds, deletes or forgets them, and never waited for, but by who
-- retries one, or has it undone again, and holds nothing else by then. Those two lock none that is being undone, for
-- whose end its worker would wait with its lanes. Everything out of that order is taken with SKIP
-- LOCKED and, where skipped, left for the next transition. A slot is changed only under the lock of its step's row.
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
  started_at timestamptz not null,
  -- when it was heard last: with each renewal
  renewed_at timestamptz not null default clock_timestamp(),
  -- the version of its program
  build text,
  -- the queues that it is restricted to; its definitions with their hashes, once it has said so
  queues text[],
  definitions text[] collate "C",
  hashes text[],
  -- since when, on the database's clock, it is to take nothing new, and to stop
  drained_at timestamptz,
  -- the hashes of the schedules that its program declares, once it has said so; null: none
  schedules text[] collate "C"
);
comment on table workers is 'One row for each worker that runs; with the row gone,
nothing is written under its token any more.';

create table definitions (
  key text collate "C" not null,
  hash text collate "C" not null,
  json jsonb not null,
  first_seen timestamptz not null,
  last_seen timestamptz not null,
  primary key (key, hash)
);
comment on table definitions is 'What workers have said of the definitions that they can run: one row
for each version.';

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
  -- the arguments as given, where it was prepared to others, and the action whose achievement it passes by, as that
  -- cannot be read or is too old
  given jsonb,
  passes_by uuid,
  -- on the database's clock: it cannot start any more, and whoever takes it ends it
  cancelled_at timestamptz,
  -- false: whoever enqueued it has left the checksum to a worker, whether that knows a `before` or not; true: its
  -- `before` has run, and must not run again on what it gave; null: that is for the worker's definition to say
  prepared boolean,
  -- why its `before` or its keys are to run again
  failure jsonb,
  -- its named lanes, in order; `lane` is null then
  lanes text[] collate "C",
  -- short texts that it is found by, and where its trace goes on: W3C's traceparent and, behind a space, tracestate
  tags text[],
  trace text,
  -- the priority that it was enqueued with, if that is not 0, for when it comes back into the order
  own_priority smallint,
  -- when it was to be due, if that was later than now: by this, too, it is newer or older in its lane
  delayed_until timestamptz,
  -- of one whose tenant takes turns with others: who that is, and in which turn this one is; `own_priority` is then
  -- never null
  tenant text collate "C",
  turn bigint,
  -- the action that has started it without waiting for it, and the number of the step; null of a callback
  started_by uuid,
  started_by_step int,
  -- the ended action that it goes on for
  retry_of uuid,
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
create index jobs_cancelled on jobs (queue, id) where cancelled_at is not null;
create index jobs_alone on jobs (id) where priority = 1005 /* Priority.alone */;
create index jobs_started on jobs (started_by) where started_by is not null;
create index jobs_retry on jobs (retry_of) where retry_of is not null;
-- in both are those alone whose tenants take turns
create index jobs_turns on jobs (queue, own_priority, turn, id) where priority = 999 /* Priority.turns */;
create index jobs_tenant on jobs (queue, own_priority, tenant, turn) where priority = 999 /* Priority.turns */;
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
  -- 0 performs in the lane, or would if that was not paused; -1 is next; below that what unwinds one that has ended
  -- waits, before that one, the higher first; null: it has left the lane, and only its callbacks run
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
  -- how often somebody has gone on with it after it was in nobody's hands; null: it has only begun. Whoever has it
  -- again under the same token is told by it from whoever had it
  epoch int,
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
  -- of the step that runs, waits, or is to begin again: which attempt of it, if not the first, and what came of the
  -- earlier ones; of a job which run of it
  step_attempt smallint,
  step_attempts jsonb,
  -- of the step that waits: when its time is over, and what somebody has decided of it, for its worker to conclude
  step_timeout_at timestamptz,
  verdict jsonb,
  -- of one that is in nobody's hands: the span of the body that ran last
  step_trace text,
  -- what a step has said of itself last, with its number and attempt: another one's is not looked at; of an execution
  -- that is suspended: since when, and what it awaits
  progress jsonb,
  started_by uuid,
  started_by_step int,
  -- as in jobs
  retry_of uuid,
  -- it is no action of its own, but unwinds the one that has ended under its id
  unwinds uuid,
  -- For what is to come. Which version of its definition has begun it
  fingerprint int,
  -- of one that waits outside: when whoever performs it was heard last, and what was said then; how long nothing may be
  -- heard, and when that is over
  heard_at timestamptz,
  details jsonb,
  heartbeat_ms bigint,
  silent_at timestamptz,
  -- when the time is over in which its steps are undone
  undone_until timestamptz,
  -- of one whose outcome is decided: the span in which it was completed from outside, if there was one
  outcome_trace text,
  -- the arguments that it was asked for with, where `before` or a step has replaced them
  given jsonb,
  constraint live_actions_lane unique (lane, seat)
) with (
  fillfactor = 85,
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0
);
comment on table live_actions is
  'Actions that are performing, and at most one for each lane that is pending behind them.';

create index live_actions_step_timeout on live_actions (step_timeout_at) where step_timeout_at is not null;
create index live_actions_silent on live_actions (silent_at) where silent_at is not null;
create index live_actions_started on live_actions (started_by) where started_by is not null;
create index live_actions_retry on live_actions (retry_of) where retry_of is not null;
create index live_actions_timeout on live_actions (timeout_at) where timeout_at is not null;
-- first in a lane that is paused, and not performing
create index live_actions_held on live_actions (lane)
  where seat = 0 /* Seat.performing */ and status = 0 /* Status.pending */;
create index live_actions_outbound on live_actions (definition, actor_id) where flags & 16 /* Flag.outbound */ <> 0;
create index live_actions_signals on live_actions (definition, actor_id) where flags & 512 /* Flag.signals */ <> 0;

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
  started_by uuid,
  started_by_step int,
  retry_of uuid,
  -- For what is to come. As in live_actions
  fingerprint int,
  -- of a child that has ended well: whether there may be something to undo; bits of `Unwound` of src/domain/Phase.ts
  undo smallint,
  -- it was unwound, or undone again: what could not be undone, is uncertain, or was kept, by now
  unwound jsonb,
  -- of one that has failed, timed out or is deadlocked: the build of the worker that has ended it
  build text,
  -- what somebody has asked to forget of it: bits of `Forgotten` of src/domain/Phase.ts
  forgotten smallint,
  -- as in live_actions
  given jsonb
) with (autovacuum_vacuum_insert_scale_factor = 0.2);
comment on table ended_actions is 'The history: actions that have ended. Rows are added and, when they are old,
deleted; ids take user time, so that the primary key is in the order of time.';

create index ended_actions_started on ended_actions (started_by) where started_by is not null;
create index ended_actions_retry on ended_actions (retry_of) where retry_of is not null;
-- only of those that have tags
create index ended_actions_tags on ended_actions using gin (tags) where tags is not null;
create index ended_actions_failed on ended_actions (ended_at)
  where status in (5 /* Status.failed */, 6 /* Status.timed_out */, 7 /* Status.deadlocked */);
create index ended_actions_callbacks_failed on ended_actions (id) where callbacks_failed > 0;
create index ended_actions_left on ended_actions (id)
  where jsonb_path_exists(coalesce(unwound, cause), '$.notUndone[*] ? (!exists (@.child))');

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
  -- true: it waits, and its body has left memos
  memos boolean,
  -- which attempt of it, if not the first, and what came of all of them
  attempt smallint,
  attempts jsonb,
  -- whether it is to be undone, should its action not succeed, as the version has it that has run it: bits of `Undo` of
  -- src/domain/Phase.ts
  undo smallint,
  -- of a compensation, the step that it undoes
  undoes int,
  -- of one that has waited, and had a limit: when its time was over
  timeout_at timestamptz,
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
  -- its failure is a value for the parent's step: fingerprint of the error schema that was asked with; empty for void
  error text collate "C",
  -- true: its action has another end than this step, and waits only until the child has ended, which it is to
  closing boolean,
  -- which attempt of its step has asked, if not the first (0: it is one of the action that this one goes on for: the
  -- step may use it again if it has succeeded, and may have to undo it), and a checksum of what for, where a further
  -- one may ask again; empty: it uses again what an earlier one has asked for. An array: the child is another one than
  -- was asked for, or none, and these were the arguments
  attempt smallint,
  request text collate "C",
  -- what undoes the step waits here until the child is unwound, which has ended or is to; bits of `UndoneBy` of
  -- src/domain/Phase.ts
  undo smallint,
  -- the signal that it waits for, until `due_at` if it has a limit, and whether that may pass without one
  signal text collate "C",
  optional boolean,
  -- it was taken over from the action that this one goes on for: the child was that one's own, or has gone on for such
  -- a one by itself, or that one has read the signal; false: this one has waited for what goes on for such a child by
  -- itself
  carried boolean,
  -- when whoever is to send the signal was heard last, and what was said then
  heard_at timestamptz,
  details jsonb,
  -- how long nothing may be heard of him; `due_at` is when that is over then, or at `limit_at`, if that is earlier
  heartbeat_ms bigint,
  limit_at timestamptz,
  -- the span in which the signal was sent, or the child completed from outside, that has settled it
  trace text,
  -- true: the child was answered without becoming an action
  unstored boolean,
  primary key (action, step, slot)
) with (fillfactor = 80);
comment on table slots is 'What a step waits for: a child action, a time or a signal, each in a slot of its own.';

create index slots_child on slots (child) where status is null and child is not null;
create index slots_moved on slots (child) where moved;
-- joins that are waited for
create index slots_joining on slots (child) where moved and status is null;
-- what was to be unwound and never was
create index slots_deadlocked on slots (child)
  where undo = 1 /* UndoSlot.waits */ and status = 7 /* Status.deadlocked */;
create index slots_due on slots (due_at) where status is null and due_at is not null and signal is null;
-- when waits for signals are over
create index slots_signals_due on slots (due_at) where status is null and due_at is not null and signal is not null;

create table achievements (
  checksum_key text collate "C" primary key,
  checksum text collate "C" not null,
  result jsonb,
  action uuid not null,
  achieved_at timestamptz not null,
  definition text collate "C" not null
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
  -- everything, schedules, queue, definition or lane
  kind text collate "C" not null,
  -- the queue, the definition, the lane; empty for everything, and for schedules, all of which it is about
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

-- One row for each time that an action has left children behind: whoever has looked at what was there deletes the rows
-- that he has seen, and not one that comes in between, for what he has not seen.
create table abandoned_by (action uuid not null);
create index abandoned_by_action on abandoned_by (action);
comment on table abandoned_by is 'Actions that have ended, unwind or go on with another attempt, whose children are
still to be cancelled, as nothing else waits for them, or to be unwound.';

-- None of the three that follow is read by a claim or an end of who has no row in them: he pays nothing.

create table action_keys (
  -- whose key it is: the definition's and the actor's, so that others may have the same one; of an id, which nobody
  -- else may have, they are empty; of a slot, the definition is empty, and the schedule's name stands for the actor
  definition text collate "C" not null,
  actor_id text collate "C" not null,
  -- what it is: an id that the caller has chosen, an idempotency key, a completion's key, a slot of a schedule, a
  -- signal's name and key that count once for all actions of the actor, or the id of an execution, which stands for the
  -- actor
  kind smallint not null,
  key text collate "C" not null,
  -- there may be no such action yet, if something was sent to an execution that nobody has started
  action uuid not null,
  -- a digest of what came with the key: with another one it is a conflict; of an execution whether it was started
  given text collate "C",
  created_at timestamptz not null,
  -- before which it does not name another action: its time begins with that one's end, and upkeep puts it off until
  -- then; null: when the history of this one is deleted
  free_at timestamptz,
  -- of a completion's or a signal's key, which has no time of its own while there is that history: how long it is held
  -- at least
  held_until timestamptz,
  primary key (definition, actor_id, kind, key)
);
comment on table action_keys is 'What names an action beside its id, as long as it may not name another one.';

create index action_keys_action on action_keys (action);
create index action_keys_free on action_keys (free_at) where free_at is not null;

-- Sending appends to this table, with a job of its own for the target (`JobKind.signal`), and locks nothing that a
-- transition waits for. How what is sent meets a wait that is being stored stands at the top of `deliver_signals`. Rows
-- are changed under the lock of the live row that has them, or of the row of the step that waits for them.
create table signals (
  -- whose it is: queued or live; what is unread goes on with whoever has superseded that, or was joined by it
  action uuid not null,
  name text collate "C" not null,
  id bigint generated always as identity,
  -- to whom it was sent, whoever has it by now: of two with one key that is the first one's
  target uuid not null,
  key text collate "C",
  payload jsonb,
  -- a failure was sent
  cause jsonb,
  -- of an execution's clock when it is to ring
  sent_at timestamptz not null,
  -- the step that it was read in, and the slot that it has settled; without a slot the step was given it by
  -- `Step.received`. Null: nobody has read it
  step int,
  slot int,
  -- the step, and its attempt, that has asked for it by a token
  for_step int,
  for_attempt smallint,
  -- the span in which it was sent, if there was one
  trace text,
  -- an execution's clock that has not rung: whoever takes its job says that it has, whatever the time is elsewhere
  to_ring boolean,
  primary key (action, name, id)
) with (fillfactor = 90);
comment on table signals is 'What was sent to an action from outside, in the order in which it came, read or not.';

create index signals_unread on signals (action, name, id) where step is null;
create unique index signals_sent on signals (target, name, key) where key is not null;
create index signals_key on signals (action, name, key) where key is not null;

create table memos (
  action uuid not null,
  -- of an action that is replayed from its beginning there is one step
  step int not null,
  -- what its step is known by: a deploy may put another one into its place
  step_kind smallint not null,
  step_name text collate "C" not null,
  name text collate "C" not null,
  -- of an activity that is tried again
  attempt int not null default 1,
  result jsonb,
  cause jsonb,
  ended_at timestamptz not null,
  primary key (action, step, step_kind, step_name, name, attempt)
);
comment on table memos is 'What a body has done and does not do again, however often it runs.';

create table execution_parents (
  parent uuid not null,
  child uuid not null,
  primary key (parent, child)
);
comment on table execution_parents is 'Which executions of workflows wait for which others; goes with the history.';

create index execution_parents_child on execution_parents (child);

create table retries (
  -- queued, live or ended, with `retry_of`
  action uuid primary key,
  -- the first of those that go on for one another
  first uuid not null,
  -- how often which of its steps, by name, were compensated in those before it
  compensated jsonb not null,
  -- the step that it is to begin with, if that was asked for
  step int
);
comment on table retries is 'What is known of an action that goes on for one that has ended; goes with the history.';

-- Written by what operators ask for alone, with its transition, and deleted by age: `record_operation`.
create table operations (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  by text not null,
  -- the service and its verb: `JobQueue.pause`
  verb text collate "C" not null,
  -- what it was asked of: an action's id, the name of a lane or a key, what was filtered by
  target text collate "C" not null,
  -- of a verb that decides of a step: which one of the action, and which attempt of it
  step int,
  attempt int,
  reason text,
  -- of what, how much
  counts jsonb,
  -- `done`, or why nothing was changed
  outcome text collate "C" not null,
  -- the action of the engine's own that has asked for it, of many
  through uuid
);
comment on table operations is 'What operators have done, and what they were refused.';
comment on column operations.by is 'Who has asked for it.';
comment on column operations.verb is 'The service and its verb, as JobQueue.pause.';
comment on column operations.target is 'What it was asked of: the id of an action, a lane, a key, a filter.';
comment on column operations.counts is 'How much of what it has come to.';
comment on column operations.outcome is 'done, or why nothing was changed; denied: the program has not let them.';
comment on column operations.through is 'The action that has asked for it of many, if one has.';

create index operations_target on operations (target, id);
create index operations_at on operations (at);
-- whoever is refused may ask for the same thing all the time
create unique index operations_refused
  on operations (target, verb, by, coalesce(step, -1), coalesce(attempt, -1))
  where outcome <> 'done' and through is null;
-- what is asked of many is asked of each of them once, and in this order: how far it has come is seen by it
create unique index operations_through on operations (through, target) where through is not null;

-- Written by `heal` alone, which deletes what is a week old; one at a time, and after all else.
create table heals (
  definition text collate "C" not null,
  -- what nothing continued: `slots`, waiting for some that are all settled; `job`, that was to go on; `lane`, in a lane
  kind text collate "C" not null,
  count bigint not null,
  -- user time, as of the worker that has healed it
  first_at timestamptz not null,
  last_at timestamptz not null,
  -- the last one, and the name of the worker that was it
  action uuid not null,
  worker text,
  primary key (definition, kind)
);
comment on table heals is 'What would have waited for ever, and was healed by a worker: how often, and when last.';
comment on column heals.kind is 'slots, job or lane: what nobody would have gone on with.';

-- Read by who fires, by `schedules_due`: one look at the first entry for each definition that a worker has, however
-- many rows are not due. Changed under the lock of the row alone.
create table schedules (
  name text collate "C" primary key,
  -- {"cron": …}, by the local time of the zone; {"every": …}, in ms since 1970; {"at": …}, in ms
  spec jsonb not null,
  zone text,
  definition text collate "C" not null,
  actor_id text collate "C" not null,
  queue text collate "C" not null,
  arguments jsonb not null,
  -- what becomes of slots that nobody was there for: {"policy": …}, for `all` with `max` and `window` in ms
  catch_up jsonb not null,
  -- a slot fires later by up to so much, always the same one by as much
  jitter_ms float8,
  -- from then on there are no slots
  until timestamptz,
  -- the slot that comes next, and when it fires; null: none comes any more
  slot timestamptz,
  next_at timestamptz,
  -- the last slot that has fired
  last_slot timestamptz,
  source smallint not null,
  -- tells what it was given from what it is given later
  hash text collate "C" not null,
  paused_at timestamptz,
  paused_by text,
  paused_reason text,
  -- why somebody could not read it who was to fire it
  trouble text,
  changed_at timestamptz not null
) with (
  fillfactor = 80,
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0
);
comment on table schedules is 'What is enqueued by the clock: when, on whom, and with what.';

create index schedules_due on schedules (definition, next_at) where next_at is not null and paused_at is null;
create index schedules_broken on schedules (name) where trouble is not null;

create table schedule_versions (
  name text collate "C" not null,
  hash text collate "C" not null,
  -- on the database's clock: of two that are declared, the one that was seen first later is in force
  first_seen timestamptz not null,
  primary key (name, hash)
);
comment on table schedule_versions is 'What programs have declared of each schedule: one row for each version.';

-- What `stepped/stores` has of Effect's stores stands beside the engine: nobody who has one of these rows locked waits
-- for anything of the engine's, but in a transaction of the program's own.

-- A row for each key that says something: a window that is open, a bucket that is not full, what was learned of
-- somebody else's limit. Times are user time in ms since 1970, and numbers those that JavaScript counts with: parts of
-- a token, and of a ms, stay what they are. Changed under the lock of the row alone.
create table rate_limits (
  kind smallint not null,
  key text collate "C" not null,
  -- of a window, what is taken; of a bucket, what is left; of what adapts, what was observed
  tokens float8 not null,
  -- of a bucket, since when its next token comes in; of what adapts, until when nothing is asked for
  at float8 not null,
  -- from then on the row says nothing
  expires_at float8 not null,
  -- when cleaning up looks at it: later than that, so that it changes once a minute at most, as rows that change
  -- without their indexes stay in their page
  look_at float8 not null,
  -- of what adapts alone
  phase text collate "C",
  epoch int,
  learning_since float8,
  learned_limit float8,
  learned_ms float8,
  primary key (kind, key)
) with (
  fillfactor = 50,
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0
);
comment on table rate_limits is 'How much programs have taken of what they limit, by key.';

create index rate_limits_look on rate_limits (look_at);

create table queue_elements (
  number bigint generated always as identity primary key,
  queue text collate "C" not null,
  -- offered under it a second time it is the same one, also after it was taken, until it is forgotten
  id text collate "C" not null,
  -- JSON, as text: there JSON may have characters that Postgres does not
  element text not null,
  state smallint not null default 0 /* ElementState.waiting */,
  -- how often it was taken, but for those who have given it back
  attempts int not null default 0,
  -- user time, before which nobody takes it
  due_at timestamptz not null,
  -- another one each time that it is taken: with it gone, nothing comes of what was taken any more
  token uuid,
  -- on the database's clock, from when on it waits again unless its taker renews that
  lease_until timestamptz,
  -- why it was not processed the last time
  failure text,
  offered_at timestamptz not null,
  ended_at timestamptz
) with (
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0
);
comment on table queue_elements is 'What programs hand over in queues of their own: one row for each element.';

create unique index queue_elements_id on queue_elements (queue, id);
create index queue_elements_due on queue_elements (queue, due_at, number) where state = 0 /* ElementState.waiting */;
create index queue_elements_taken on queue_elements (queue, lease_until) where state = 1 /* ElementState.taken */;
create index queue_elements_token on queue_elements (token) where token is not null;
create index queue_elements_ended on queue_elements (state, ended_at) where ended_at is not null;
