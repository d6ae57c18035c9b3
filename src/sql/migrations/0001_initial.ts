/**
 * Migration 1: the tables, the view over hot and cold rows, and the set-based transition functions.
 *
 * Life of an action, row by row:
 *
 * ```text
 * jobs           an invocation that waits for a worker (also: "continue this live action", held while `before` runs, and waiting for an
 *                elder sibling). Priorities: 0 first, 10 in order, 100 at its time, 101 held, 102 waiting
 *   -> live_actions    pending or performing. The performing row IS the lane (unique on lane and status) and IS the lease
 *                      (its token names the worker that may write to it; null while it waits for slots or outside)
 *      steps           one row for each step that ended or waits; the step that runs now is in the live row
 *      slots           what a step waits for: a child action or a time; status null = still open
 *   -> ended_actions   append-only history, never updated
 * outcomes       answers for handles of invocations that were never stored as actions (short-circuited, joined)
 * achievements   checksum key -> checksum and result of the last success
 * prunes         ended actions whose abandoned children are still to be cancelled
 * workers        one row for each engine, with its lease on the database's clock
 * ```
 *
 * Lock order of every function: jobs (always SKIP LOCKED), then live rows sorted by lane in ONE pass that may wait, then
 * achievements sorted by key, then steps sorted by id. Everything out of that order is taken with SKIP LOCKED and, where skipped,
 * left for the next transition. A slot is changed only under the lock of its step's row.
 *
 * User time comes in as `p_now`; only leases, and since when an invocation is cancelled, use the database's clock. Keys compare as bytes (`collate "C"`): the same everywhere, and
 * cheaper than by a language's rules.
 */
import { travelling } from "../../store/weight.ts"
import { isolationState } from "../storageError.ts"

const statuses = "array['pending','performing','succeeded','superseded','cancelled','failed','timed_out','deadlocked']"
const stepKinds = "array['own','unnamed','prepended','method','job']"

const tables = [
  `create table workers (
    token bigint generated always as identity primary key,
    name text not null,
    lease_until timestamptz not null,
    started_at timestamptz not null
  )`,
  `create table jobs (
    id bigint generated always as identity,
    queue text collate "C" not null,
    priority smallint not null,
    kind smallint not null,
    action uuid not null,
    definition text collate "C" not null,
    actor_id text collate "C" not null,
    arguments jsonb,
    lane text collate "C",
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
    -- the sibling that it waits for, with priority 102
    elder uuid,
    -- the arguments as given, where it was prepared to others, and whether its achievement cannot be read
    given jsonb,
    unread boolean,
    -- on the database's clock: it cannot start any more, and whoever takes it ends it
    cancelled_at timestamptz,
    -- false: whoever enqueued it has left the checksum to a worker, whether that knows a \`before\` or not; true: its \`before\` has run, and
    -- must not run again on what it gave; null: that is for the worker's definition to say
    prepared boolean,
    primary key (queue, priority, id)
  ) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0)`,
  // an invocation is queued once: a try whose answer was lost may commit after the next one has looked
  `create unique index jobs_invocation on jobs (action) where kind = 0`,
  `create index jobs_action on jobs (action) where kind = 1`,
  `create index jobs_due on jobs (due_at) where due_at is not null`,
  `create index jobs_held on jobs (token) where priority = 101`,
  // only those that have to be in order are in these two
  `create index jobs_ordered on jobs (parent, parent_step, id) where ordered`,
  `create index jobs_elder on jobs (elder) where elder is not null`,
  `create table live_actions (
    id uuid primary key,
    definition text collate "C" not null,
    actor_id text collate "C" not null,
    queue text collate "C" not null,
    arguments jsonb not null,
    lane text collate "C" not null,
    status smallint not null,
    checksum_key text collate "C" not null,
    checksum text collate "C",
    parent uuid,
    parent_step int,
    depth smallint not null,
    rooted boolean not null,
    flags smallint not null,
    attempts smallint not null default 0,
    token bigint,
    phase smallint not null default 0,
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
    timeout_ms bigint,
    timeout_at timestamptz,
    enqueued_at timestamptz not null,
    started_at timestamptz,
    constraint live_actions_lane unique (lane, status)
  ) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0)`,
  `create index live_actions_timeout on live_actions (timeout_at) where timeout_at is not null`,
  `create index live_actions_outbound on live_actions (definition, actor_id) where flags & 16 <> 0`,
  `create table ended_actions (
    id uuid primary key,
    definition text collate "C" not null,
    actor_id text collate "C" not null,
    queue text collate "C" not null,
    arguments jsonb not null,
    lane text collate "C" not null,
    status smallint not null,
    checksum_key text collate "C" not null,
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
    enqueued_at timestamptz not null,
    started_at timestamptz,
    ended_at timestamptz not null
  ) with (autovacuum_vacuum_insert_scale_factor = 0.2)`,
  // rows come in the order of their end: a few bytes for each hundred pages tell where a time begins
  `create index ended_actions_ended_at on ended_actions using brin (ended_at)`,
  `create index ended_actions_callbacks_failed on ended_actions (id) where callbacks_failed > 0`,
  `create table steps (
    action uuid not null,
    idx int not null,
    kind smallint not null,
    name text not null,
    status smallint not null,
    marked boolean not null default false,
    result jsonb,
    started_at timestamptz not null,
    ended_at timestamptz,
    primary key (action, idx)
  ) with (fillfactor = 90)`,
  `create table slots (
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
    primary key (action, step, slot)
  ) with (fillfactor = 80)`,
  `create index slots_child on slots (child) where status is null and child is not null`,
  `create index slots_due on slots (due_at) where status is null and due_at is not null`,
  `create table achievements (
    checksum_key text collate "C" primary key,
    checksum text collate "C" not null,
    result jsonb,
    action uuid not null,
    achieved_at timestamptz not null
  ) with (fillfactor = 80)`,
  `create table outcomes (
    id uuid primary key,
    definition text collate "C" not null,
    actor_id text collate "C" not null,
    status smallint,
    result jsonb,
    cause jsonb,
    follows uuid,
    created_at timestamptz not null
  )`,
  `create index outcomes_created on outcomes (created_at)`,
  `create table prunes (action uuid primary key)`,
  `create view actions as
    select id, split_part(definition, '/', 1) as actor_type, actor_id, split_part(definition, '/', 2) as name, arguments, queue,
      (${statuses})[status + 1] as status, flags & 16 <> 0 as outbound, split_part(lane, E'\\x01', 1) as lane, checksum_key, checksum, parent, parent_step, depth, attempts, token,
      result, cause, null::uuid as superseded_by, 0::smallint as callbacks_succeeded, 0::smallint as callbacks_failed,
      enqueued_at, started_at, null::timestamptz as ended_at
    from live_actions
    union all
    select id, split_part(definition, '/', 1), actor_id, split_part(definition, '/', 2), arguments, queue,
      (${statuses})[status + 1], false, lane, checksum_key, checksum, parent, parent_step, depth, attempts, null,
      result, cause, superseded_by, callbacks_succeeded, callbacks_failed, enqueued_at, started_at, ended_at
    from ended_actions`,
  // a step's row is created when it starts: while its body runs, the live row holds it; the only step of an action stays with it
  `create view action_steps as
    select action, idx, name, (${stepKinds})[kind + 1] as kind, (${statuses})[status + 1] as status, result, started_at, ended_at from steps
    union all
    select id, step, coalesce(step_name, (step + 1)::text), (${stepKinds})[coalesce(step_kind, 0) + 1], 'performing', null, coalesce(step_started_at, started_at), null
    from live_actions where status = 1 and phase = 0 and outcome is null
    union all
    select id, 0, step_name, (${stepKinds})[step_kind + 1], (${statuses})[status + 1], null, started_at, ended_at from ended_actions where step_name is not null`,
  `create type task as (
    kind smallint, action uuid, definition text, actor_id text, arguments jsonb, step int, phase smallint, attempts smallint, depth smallint,
    detail json
  )`
]

/** Bytes of arguments, or of results, that one claim takes, and one of them more at most. */
const answering = 16 * 1024 * 1024

// A session's temporary tables come last: where a search path does not name them, they come before everything else, and a program's own
// `jobs` would be taken for the queue. Functions that only others call have no setting: they inherit their caller's, so each one that is
// called from outside states its own or names the schema with every table.
const path = (schema: string) => `set search_path = ${schema}, pg_temp`

// What a function finds under its locks it must see: from its second look on it needs the snapshot of each statement. Where the level is
// another one it refuses, and whoever calls it states the level.
const looksAgain = `if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
      raise exception 'the transaction sees only what was committed when it began' using errcode = '${isolationState}', detail = current_setting('transaction_isolation');
    end if;`

// A live action `l` that nothing continues: under no token, with no job, and waiting for no slot and nobody outside.
const stranded = `l.status = 1 and l.token is null and l.phase in (0, 1, 3, 4)
        and (select j.id from jobs j where j.action = l.id and j.kind = 1 limit 1) is null
        and (l.phase <> 1 or not exists (select 1 from slots o where o.action = l.id and o.step = l.step and o.status is null))`

// Settings that keep the plans of a batch right whatever the tables hold: each row of a table is found by its index. A session keeps the
// plans that it made while the tables were empty and never analysed; there a scan, a bitmap or a hash of a whole table looks as good.
// Arrays are looked up in arrays by `(x in (select unnest(…))) is true`, which hashes without being a join.
// Where dead rows are many, because of an old snapshot, and statistics know of few living ones, a look-up seems to read hundreds of pages,
// and reading all of an index the better way: so live rows are joined by ctid, or looked up in subqueries that cannot be turned around.
const hot = (schema: string) =>
  `${
    path(schema)
  } set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off`

const functions = (schema: string) => {
  const planned = hot(schema)
  return [
    // How much room a stored value takes on its way out. One that is not compressed takes no more than it is stored in.
    `create function weight(p_value jsonb) returns int language sql stable as $$
    select case when pg_column_compression(p_value) is null then coalesce(pg_column_size(p_value), 0) else octet_length(p_value::text) end
  $$`,

    // What a worker needs to go on with an action that it does not have in memory (called from outside too): earlier results, settled slots, a decided outcome.
    // Null if that is more than what travels with an answer: then the worker loads it apart, in pieces (what_of, results_after, slots_after).
    // Sizes are looked at before anything is built: what is stored in this much may be a hundred times as large, but no more than that.
    // JSON as text: building it costs a third of what jsonb does, and nothing here looks into it again.
    `create function detail_of(p_id uuid) returns json language plpgsql stable ${planned} as $$
  declare d json;
  begin
    with t as materialized (select s.idx, s.name, s.status, s.marked, s.result, s.kind from steps s where s.action = p_id),
    o as materialized (select o.step, o.slot, o.status, o.definition, o.actor_id, coalesce(o.result, e.result) as result, coalesce(o.cause, e.cause) as cause, o.success
      from slots o left join ended_actions e on e.id = o.child where o.action = p_id and o.child is not null)
    -- callbacks and jobs are given nothing of the steps
    select case when weight(l.arguments) + case when l.phase > 2 then 0 else coalesce((select sum(coalesce(pg_column_size(result), 0)) from t), 0)
        + coalesce((select sum(coalesce(pg_column_size(result), 0) + coalesce(pg_column_size(cause), 0) + 40) from o), 0) end < ${travelling} then json_build_object(
      'name', l.step_name, 'kind', l.step_kind, 'prepended', l.prepended, 'outcome', l.outcome, 'result', l.result, 'cause', l.cause, 'callbacks', l.callbacks, 'startedAt', extract(epoch from l.step_started_at) * 1000, 'timeoutAt', extract(epoch from l.timeout_at) * 1000,
      'steps', case when l.phase < 3 then (select json_agg(json_build_array(idx, name, status, marked, result, kind) order by idx) from t) end,
      'slots', case when l.phase < 3 then (select json_agg(json_build_array(step, slot, status, definition, actor_id, result, cause, success) order by step, slot) from o) end) end
    into d from live_actions l where l.id = p_id;
    return case when octet_length(d::text) < ${travelling} then d end;
  end $$`,

    // The same for an action whose detail is loaded apart, and under this token: without results, which come in pieces, and with the first slot that did not succeed alone.
    `create function what_of(p_token bigint, p_id uuid) returns table (arguments jsonb, detail json) language plpgsql stable ${planned} as $$
  begin
    return query select l.arguments, json_build_object(
      'name', l.step_name, 'kind', l.step_kind, 'prepended', l.prepended, 'outcome', l.outcome, 'result', l.result, 'cause', l.cause, 'callbacks', l.callbacks, 'startedAt', extract(epoch from l.step_started_at) * 1000, 'timeoutAt', extract(epoch from l.timeout_at) * 1000,
      'steps', case when l.phase < 3 then (select json_agg(json_build_array(s.idx, s.name, s.status, s.marked, null, s.kind) order by s.idx) from steps s where s.action = p_id) end,
      'slots', case when l.phase = 1 then (select json_agg(x.o) from (
        select json_build_array(o.step, o.slot, o.status, o.definition, o.actor_id, null, coalesce(o.cause, e.cause), o.success) as o
        from slots o left join ended_actions e on e.id = o.child where o.action = p_id and o.step = l.step and o.child is not null and o.status <> 2 order by o.slot limit 1) x) end)
    from live_actions l where l.id = p_id and l.token = p_token;
  end $$`,

    // Results of an action's steps from \`p_from\` on, as many as \`p_bytes\` hold, one at least.
    `create function results_after(p_action uuid, p_from int, p_bytes int) returns table (idx int, result text) language plpgsql stable ${planned} as $$
  begin
    for idx, result in select s.idx, s.result::text from steps s where s.action = p_action and s.idx >= p_from and s.result is not null order by s.idx loop
      return next;
      p_bytes := p_bytes - octet_length(result) - 40;
      exit when p_bytes <= 0;
    end loop;
  end $$`,

    // Slots of a step behind \`p_slot\` with their results, as many as \`p_bytes\` hold, one at least.
    `create function slots_after(p_action uuid, p_step int, p_slot int, p_bytes int) returns table (slot int, status smallint, definition text, actor_id text, result text, success text) language plpgsql stable ${planned} as $$
  begin
    for slot, status, definition, actor_id, result, success in
      select o.slot, o.status, o.definition, o.actor_id, coalesce(o.result, e.result)::text, o.success
      from slots o left join ended_actions e on e.id = o.child where o.action = p_action and o.step = p_step and o.slot > p_slot and o.child is not null order by o.slot loop
      return next;
      p_bytes := p_bytes - coalesce(octet_length(result), 0) - 40;
      exit when p_bytes <= 0;
    end loop;
  end $$`,

    // What a worker needs to prepare an invocation: its place in the queue and the keys that are known already.
    `create function held_detail(p_job jobs) returns jsonb language sql immutable as $$
    select jsonb_build_object('job', p_job.id, 'queue', p_job.queue, 'lane', p_job.lane, 'checksumKey', p_job.checksum_key, 'timeout', p_job.timeout_ms)
  $$`,

    // Everyone who waits, directly or not, for this action: parents through open slots, and whoever is pending behind them in their lanes.
    `create function waiters_of(p_id uuid) returns setof uuid language sql stable set enable_seqscan = off as $$
    with recursive up(id) as (
      select action from ${schema}.slots where child = p_id and status is null
      union
      select n.id from up, lateral (
        select s.action as id from ${schema}.slots s where s.child = up.id and s.status is null
        union all
        select p.id from ${schema}.live_actions c join ${schema}.live_actions p on p.lane = c.lane and p.status = 0 where c.id = up.id and c.status = 1
      ) n
    ) select id from up
  $$`,

    // Who is handed what follows from a decision: nobody whose lease is over. The decision itself counts, and what follows gets jobs.
    `create function leased(p_token bigint) returns bigint language plpgsql as $$
  begin
    perform 1 from workers where token = p_token and lease_until > clock_timestamp() for key share;
    return case when found then p_token end;
  end $$`,

    // A step ends when no row says that it still waits. Parents that this worker can run are handed over under its token; the others,
    // and those that somebody else has locked, get a job: waiting for them here would break the lock order.
    `create function resume(p_token bigint, p_now timestamptz, p_defs text[], p_parents uuid[], p_steps int[], p_flags smallint[]) returns setof task language plpgsql as $$
  declare ready uuid[]; got uuid[];
  begin
    -- distinct first: a batch of children has few parents, and each is looked at once
    ready := array(select x.a from (select distinct a, s from unnest(p_parents, p_steps) as y(a, s)) x
      where not exists (select 1 from slots o where o.action = x.a and o.step = x.s and o.status is null));
    if cardinality(ready) = 0 then return; end if;
    if p_token is not null then
      with l as (select id from live_actions where id = any(ready) and phase = 1 and token is null and definition = any(p_defs) for update skip locked),
      u as (update live_actions t set token = p_token, flags = p_flags[array_position(p_defs, t.definition)] & 255 where t.id = any(array(select id from l)) returning t.id)
      select array_agg(id) into got from u;
      return query select 1::smallint, t.id, t.definition, t.actor_id, case when x.d is not null then t.arguments end, t.step, t.phase, t.attempts, t.depth, x.d
        from live_actions t cross join lateral (select detail_of(t.id) as d offset 0) x where t.id = any(got) order by t.id;
    end if;
    insert into jobs (queue, priority, kind, action, definition, actor_id, enqueued_at)
      select queue, 0, 1, id, definition, actor_id, p_now from live_actions
      where id = any(ready) and phase = 1 and token is null and id <> all(coalesce(got, '{}')) order by id;
    if found then return next row(-8, null, null, null, null, 0, 0, 0, 0, null)::task; end if;
  end $$`,

    // The running step of actions that are ended from outside ends as cancelled; it has no row yet, and no name if no worker has had the action. Their live rows are locked by the caller.
    `create function cancel_running(p_ids uuid[], p_now timestamptz) returns void language sql as $$
    insert into steps (action, idx, kind, name, status, started_at, ended_at)
      select id, step, step_kind, step_name, 4, coalesce(step_started_at, started_at, p_now), p_now
      from live_actions where id = any(p_ids) and status = 1 and phase = 0 and outcome is null and step_name is not null
      on conflict do nothing
  $$`,

    // Ends live actions whose rows and lanes the caller has locked: history, achievement, promotion, slots, parents. \`p_freed\` are the
    // lanes that they perform in, \`p_steps\` and \`p_kinds\` the names and kinds of only steps that have no row; \`p_abrupt\` are those that do not end by themselves; \`p_tids\` where they are, if that is known.
    `create function conclude(p_token bigint, p_now timestamptz, p_defs text[], p_first text[], p_flags smallint[], p_freed text[],
    p_ids uuid[], p_outcomes smallint[], p_results jsonb[], p_causes jsonb[], p_good smallint[], p_bad smallint[], p_steps text[], p_abrupt uuid[], p_tids tid[] default null, p_kinds smallint[] default null) returns setof task language plpgsql as $$
  declare next_up uuid[]; erased text[]; parents uuid[]; parent_steps int[]; abandoned uuid[]; queued uuid[];
  begin
    if p_abrupt is not null then
      queued := array(select id from live_actions where id = any(p_abrupt) and token is null);
      -- one that a claim has just taken is that claim's to drop: it may be waiting for these lanes
      if cardinality(queued) > 0 then delete from jobs where ctid = any(array(select ctid from jobs where action = any(queued) and kind = 1 for update skip locked)); end if;
      perform cancel_running(p_abrupt, p_now);
    end if;
    -- one that ends itself with the one before it is nobody's next
    next_up := array(select id from live_actions where lane = any(p_freed) and status = 0 and (id in (select unnest(p_ids))) is not true);
    if cardinality(next_up) > 0 then
      erased := array(select checksum_key from achievements where checksum_key = any(array(select checksum_key from live_actions where id = any(next_up))));
    end if;
    if p_tids is null then
      p_tids := array(select (select l.ctid from live_actions l where l.id = a) from unnest(p_ids) with ordinality x(a, n) order by n);
    end if;
    with x as (select * from unnest(p_tids, p_outcomes, p_results, p_causes, p_good, p_bad, p_steps, p_kinds) as x(tid, o, r, c, g, b, sn, sk)),
    gone as (delete from live_actions l using x where l.ctid = x.tid returning l.*, x.o, x.r, x.c, x.g, x.b, x.sn, x.sk),
    ended as (
      insert into ended_actions (id, definition, actor_id, queue, arguments, lane, status, checksum_key, checksum, parent, parent_step, depth, attempts,
        result, cause, step_name, step_kind, callbacks_succeeded, callbacks_failed, enqueued_at, started_at, ended_at)
      select id, definition, actor_id, queue, arguments, split_part(lane, E'\\x01', 1), coalesce(outcome, o), checksum_key, checksum, parent, parent_step, depth, attempts,
        case when outcome is null then r else result end, case when outcome is null then c else cause end, sn, case when sn is not null then sk end, coalesce(g, 0::smallint), coalesce(b, 0::smallint), enqueued_at, started_at, p_now from gone
      returning id, status, checksum_key, checksum, result, callbacks_failed)
    insert into achievements (checksum_key, checksum, result, action, achieved_at)
      select distinct on (checksum_key) checksum_key, checksum, result, id, p_now from (
        select checksum_key, checksum, result, id from ended where checksum is not null and status = 2 and callbacks_failed = 0
        -- what is erased below has its place in the one pass over all keys in their order
        union all select k, '', null, '00000000-0000-0000-0000-000000000000' from unnest(erased) k) k
      order by checksum_key, id desc
      on conflict (checksum_key) do update set checksum = excluded.checksum, result = excluded.result, action = excluded.action, achieved_at = excluded.achieved_at;
    if cardinality(next_up) > 0 then
      -- of what was found, or has just been granted: what comes meanwhile comes afterwards
      delete from achievements where checksum_key = any(array(select checksum_key from live_actions where id = any(next_up))) and (checksum_key = any(erased) or action = any(p_ids));
      update live_actions set status = 1, started_at = p_now, timeout_at = p_now + timeout_ms * interval '1 millisecond',
        token = case when definition = any(p_defs) then p_token end, step = 0, step_started_at = p_now,
        -- whoever has it in hand begins its first step; what gets a job begins when that is claimed
        step_name = case when p_token is not null then split_part(p_first[array_position(p_defs, definition)], '/', 1) end,
        step_kind = case when p_token is not null then p_flags[array_position(p_defs, definition)] >> 8 end,
        prepended = case when p_token is not null and p_flags[array_position(p_defs, definition)] >> 8 = 2 then p_first[array_position(p_defs, definition)] end,
        flags = coalesce(p_flags[array_position(p_defs, definition)] & 255, flags)
        where id = any(next_up);
      -- with arguments that do not travel it is continued like one that this worker does not have in memory
      return query select case when x.heavy then 1 else 0 end::smallint, id, definition, actor_id, case when not x.heavy then arguments end, 0, 0::smallint, attempts, depth,
          case when not x.heavy and timeout_at is not null then to_json(extract(epoch from timeout_at) * 1000) end
        from live_actions cross join lateral (select weight(arguments) >= ${travelling} as heavy offset 0) x where id = any(next_up) and token is not null;
      insert into jobs (queue, priority, kind, action, definition, actor_id, enqueued_at)
        select queue, 0, 1, id, definition, actor_id, p_now from live_actions where id = any(next_up) and token is null;
      if found then return next row(-8, null, null, null, null, 0, 0, 0, 0, null)::task; end if;
    end if;
    if p_abrupt is not null or exists (select 1 from slots where child = any(p_ids) and status is null) then
      perform 1 from steps s where (s.action, s.idx) in (
          select action, step from slots where child = any(p_ids) and status is null
          union select action, idx from steps where action = any(p_abrupt) and status = 1)
        order by s.action, s.idx for no key update;
    end if;
    if p_abrupt is not null then
      update steps set status = 4, ended_at = p_now where action = any(p_abrupt) and status = 1;
      with o as (update slots set status = 4 where action = any(p_abrupt) and status is null returning action, child)
      select array_agg(distinct action) into abandoned from o where child is not null;
      if abandoned is not null then
        insert into prunes select unnest(abandoned) on conflict do nothing;
        return next row(-4, null, null, null, null, 0, 0, 0, 0, null)::task;
      end if;
    end if;
    with u as (update slots o set status = case when e.status = 2 and e.callbacks_failed > 0 then 5 else e.status end
      from ended_actions e where o.child = any(p_ids) and o.status is null and e.id = o.child returning o.action, o.step)
    select array_agg(action), array_agg(step) into parents, parent_steps from u;
    if parents is not null then
      return query select * from resume(p_token, p_now, p_defs, parents, parent_steps, p_flags);
    end if;
  end $$`,

    // Tells the slots of invocations that were never stored (short-circuited, joined elsewhere: see claim), and keeps an answer for handles.
    `create function settle(p_token bigint, p_now timestamptz, p_defs text[], p_flags smallint[], p_members jobs[], p_status smallint[], p_results jsonb[], p_causes jsonb[]) returns setof task language plpgsql as $$
  declare parents uuid[]; parent_steps int[];
  begin
    insert into outcomes (id, definition, actor_id, status, result, cause, created_at)
      select (m.j).action, (m.j).definition, (m.j).actor_id, m.s, m.r, m.c, p_now
      from (select unnest(p_members) as j, unnest(p_status) as s, unnest(p_results) as r, unnest(p_causes) as c) m where (m.j).parent is null;
    with u as (update slots o set status = m.s, result = m.r, cause = m.c
      from (select unnest(p_members) as j, unnest(p_status) as s, unnest(p_results) as r, unnest(p_causes) as c) m
      where o.child = (m.j).action and o.status is null returning o.action, o.step)
    select array_agg(action), array_agg(step) into parents, parent_steps from u;
    return query select -3::smallint, action, null::text, null::text, null::jsonb, 0, 0::smallint, 0::smallint, 0::smallint, null::json from unnest(p_members);
    if parents is not null then
      return query select * from resume(p_token, p_now, p_defs, parents, parent_steps, p_flags);
    end if;
  end $$`,

    // Puts claimed invocations back under the worker's token, out of the queue's order: they are being prepared, checked, or have to wait.
    `create function hold(p_token bigint, p_jobs jobs[]) returns void language plpgsql as $$
  begin
    insert into jobs overriding system value
      select id, queue, 101, kind, action, definition, actor_id, arguments, lane, checksum_key, checksum, timeout_ms, parent, parent_step, depth,
        attempts, p_token, null, enqueued_at, ordered, null, given, null, null, prepared from unnest(p_jobs);
  end $$`,

    // Ends invocations that were cancelled before anybody took them: with callbacks for it as live actions that have nothing else to do,
    // each in a lane of its own, as \`decide\` leaves pending ones; without, at once. Neither lanes nor achievements are looked at; the steps
    // that wait for them are locked by the caller. Keys that were not computed are the default ones.
    `create function end_cancelled(p_token bigint, p_now timestamptz, p_defs text[], p_flags smallint[], p_jobs jobs[]) returns setof task language plpgsql as $$
  declare hooked uuid[]; parents uuid[]; parent_steps int[];
  begin
    with j as (select *, split_part(definition, '/', 1) || '/' || actor_id || '/' || split_part(definition, '/', 2) as named,
        p_flags[array_position(p_defs, definition)] & 255 as known,
        jsonb_build_object('kind', 'cancelled', 'path', split_part(definition, '/', 2) || ' ' || split_part(definition, '/', 1) || '/' || actor_id,
          'message', case when parent is null or exists (select 1 from steps s where s.action = parent and s.idx = parent_step and s.status = 1) then 'cancelled' else 'its parent is over' end) as why
      from unnest(p_jobs)),
    l as (insert into live_actions (id, definition, actor_id, queue, arguments, lane, status, checksum_key, checksum, parent, parent_step, depth, rooted, flags,
        token, phase, outcome, cause, enqueued_at)
      select action, definition, actor_id, queue, coalesce(given, arguments), coalesce(lane, named) || E'\\x01' || action, 1, coalesce(checksum_key, named), checksum, parent, parent_step, depth, parent is null,
        known & 255, p_token, 3, 4, why, enqueued_at from j where known & 4 <> 0 returning id),
    e as (insert into ended_actions (id, definition, actor_id, queue, arguments, lane, status, checksum_key, checksum, parent, parent_step, depth, attempts, cause, enqueued_at, ended_at)
      select action, definition, actor_id, queue, coalesce(given, arguments), coalesce(lane, named), 4, coalesce(checksum_key, named), checksum, parent, parent_step, depth, 0, why, enqueued_at, p_now
      from j where known & 4 = 0 returning id),
    u as (update slots o set status = 4 from e where o.child = e.id and o.status is null returning o.action, o.step)
    select (select array_agg(id) from l), (select array_agg(action) from u), (select array_agg(step) from u) into hooked, parents, parent_steps;
    return query select 1::smallint, t.id, t.definition, t.actor_id, case when x.d is not null then t.arguments end, t.step, t.phase, t.attempts, t.depth, x.d
      from (select (j).id as n, (j).action from unnest(p_jobs) j) c join live_actions t on t.id = c.action
      cross join lateral (select detail_of(t.id) as d offset 0) x where t.id = any(hooked) order by c.n;
    return query select -3::smallint, (j).action, null::text, null::text, null::jsonb, 0, 0::smallint, 0::smallint, 0::smallint, null::json from unnest(p_jobs) j
      where ((j).action in (select unnest(hooked))) is not true;
    if parents is not null then
      return query select * from resume(p_token, p_now, p_defs, parents, parent_steps, p_flags);
    end if;
  end $$`,

    // Siblings whose lane is the same, or not known yet, join it in the order of their ids, whatever their queues and definitions. One that
    // has an elder on its way becomes that one's to wake: under no token, and not asked for again. Whom it waits for is kept from going
    // by a share lock until this is committed: whoever takes that one (always with SKIP LOCKED, or, to be joined, as one that is tried
    // again) has not looked yet whom to wake, or has it locked; then this one is put back as due. Those that wait themselves are not waited
    // for: whoever wakes them finds them unlocked, but for what somebody is cancelling, which \\`recover\\` wakes if that is undone.
    `create function in_turn(inout inv jobs[], inout ignoring uuid[], p_others jobs[], out put_back int, out moved boolean) language plpgsql as $$
  declare younger jobs[];
  begin
    ignoring := ignoring || array(select i.action from unnest(inv) i where i.unread);
    -- those of this batch are out of the queue, and join in the order of their ids
    select array_agg(x.i order by x.n) filter (where x.waits), array_agg(x.i order by x.n) filter (where not x.waits) into younger, inv
      from (select i, n, (i).ordered is true and exists (select 1 from jobs e where e.parent = (i).parent and e.parent_step = (i).parent_step and e.ordered and e.id < (i).id
        and (e.lane is null or e.lane = (i).lane)) as waits from (select i, row_number() over () as n from unnest(inv) i) y offset 0) x;
    put_back := 0;
    moved := younger is not null;
    if younger is not null then
      with w as (
        select (y).*, e.action as whom
        from unnest(younger) y left join lateral (
          select e.action from jobs e where e.parent = (y).parent and e.parent_step = (y).parent_step and e.ordered and e.id < (y).id
            and (e.lane is null or e.lane = (y).lane) and e.priority <> 102 order by e.id desc limit 1 for share skip locked) e on true),
      i as (insert into jobs overriding system value
        select id, queue, case when whom is null then 0 else 102 end, kind, action, definition, actor_id, arguments, lane, checksum_key, checksum, timeout_ms, parent, parent_step, depth,
          attempts, null, null, enqueued_at, ordered, whom, given, action = any(ignoring), null, prepared from w returning elder)
      select count(*) filter (where elder is null) into put_back from i;
    end if;
    update jobs set priority = 0, elder = null where ctid = any(array(select ctid from jobs where elder = any(array(
      select i.action from unnest(inv || p_others) i where i.ordered)) for update skip locked));
    moved := moved or found;
  end $$`,

    // Takes jobs and joins their actions to their lanes. \`p_after\` says for a queue up to which id this worker has taken its invocations
    // in the last moment: what died there has to be stepped over, one by one, as long as some old snapshot might see it.
    `create function claim(p_token bigint, p_now timestamptz, p_room int, p_queues text[], p_defs text[], p_first text[], p_flags smallint[], p_prepare boolean[],
    p_joins jsonb, p_only uuid, p_after jsonb default null) returns setof task language plpgsql ${planned} as $$
  declare
    js jobs[]; inv jobs[]; conts jobs[]; held jobs[]; contended jobs[]; due jobs[]; cancelled jobs[];
    taken int := 0; again int := 0; n int; moved boolean; v_bytes bigint := 0; special boolean; in_order boolean := false; started uuid[]; achieved uuid[] := '{}'; kids uuid[]; got uuid[];
    unread jsonb[]; late uuid[]; checked boolean := false; ignoring uuid[] := '{}'; erased text[]; given_back text[];
    done jobs[] := '{}'; done_status smallint[] := '{}'; done_result jsonb[] := '{}'; done_cause jsonb[] := '{}';
    m jobs; cur live_actions; old live_actions; ach achievements; same uuid;
  begin
    ${looksAgain}
    -- not locked yet: a look that finds nothing writes nothing, and needs no commit
    perform 1 from workers where token = p_token and lease_until > clock_timestamp();
    if not found then return next row(-5, null, null, null, null, 0, 0, 0, 0, null)::task; return; end if;

    if p_joins is not null then
      -- an achievement whose result the worker could not read is none for its action
      ignoring := array(select a from jsonb_to_recordset(p_joins) as x(a uuid, ig boolean) where ig);
      -- one that somebody looks at, to wait for it or to cancel it, is tried again
      with x as (select * from jsonb_to_recordset(p_joins) as x(j bigint, q text, args jsonb, l text, sk text, cs text, t bigint, o smallint, r jsonb, c jsonb)),
      h as materialized (select t.ctid as tid, x.* from x join jobs t on t.queue = x.q and t.priority = 101 and t.id = x.j and t.token = p_token for update of t skip locked),
      d as (delete from jobs t using h where t.ctid = h.tid returning t.*, h.args, h.l, h.sk, h.cs, h.t as ms, h.o, h.r, h.c)
      select array_agg(row(id, queue, 10, 0, action, definition, actor_id, args, l, sk, cs, ms, parent, parent_step, depth, attempts, null, null, enqueued_at, ordered, null, coalesce(given, arguments), null, null, true)::jobs order by id) filter (where o is null),
        coalesce(array_agg(row(id, queue, 10, 0, action, definition, actor_id, args, l, sk, cs, ms, parent, parent_step, depth, attempts, null, null, enqueued_at, ordered, null, coalesce(given, arguments), null, null, true)::jobs order by id) filter (where o is not null), '{}'),
        coalesce(array_agg(o order by id) filter (where o is not null), '{}'), coalesce(array_agg(r order by id) filter (where o is not null), '{}'),
        coalesce(array_agg(c order by id) filter (where o is not null), '{}')
      into inv, done, done_status, done_result, done_cause from d;
      return query select -9::smallint, t.action, null::text, null::text, null::jsonb, 0, 0::smallint, 0::smallint, 0::smallint, null::json
        from jsonb_to_recordset(p_joins) as x(j bigint, q text) join jobs t on t.queue = x.q and t.priority = 101 and t.id = x.j and t.token = p_token;
    end if;

    if p_only is not null then
      with d as (delete from jobs where ctid = any(array(select ctid from jobs where action = p_only and kind = 0 and definition = any(p_defs) and (token is null or token = p_token) for update skip locked)) returning jobs as j)
      select array_agg(j), count(*) into js, taken from d;
    elsif p_room > 0 then
      -- by due_at alone (an expression of the queue has no index): by the queue's key it would read the whole queue
      with d as (delete from jobs where ctid = any(array(select tid from (
          select tid, sum(bytes) over (rows unbounded preceding) - bytes as before from (
            select ctid as tid, weight(arguments) as bytes from jobs where due_at <= p_now and definition = any(p_defs) and queue || '' = any(p_queues)
            order by due_at limit p_room for update skip locked) c) b
          where before < ${answering})) returning jobs as j, due_at, id, weight(arguments) as bytes)
      select array_agg(j order by due_at, id), count(*), coalesce(sum(bytes), 0) into due, taken, v_bytes from d;
      if taken < p_room and v_bytes < ${answering} then
        with d as (delete from jobs where ctid = any(array(select tid from (
          select tid, sum(bytes) over (rows unbounded preceding) - bytes as before from (
          select c.tid, c.bytes from unnest(p_queues) q(name)
            cross join lateral (values (0::smallint, -1::bigint), (10::smallint, coalesce((p_after->>q.name)::bigint, -1))) k(priority, passed)
            cross join lateral (
              select j.ctid as tid, weight(j.arguments) as bytes from jobs j where j.queue = q.name and j.priority = k.priority and j.id > k.passed and j.definition = any(p_defs)
              order by j.id limit p_room - taken for update skip locked) c
            limit p_room - taken) c) b
          where before < ${answering} - v_bytes)) returning jobs as j, priority, id, weight(arguments) as bytes)
        select array_agg(j order by priority, id), taken + count(*), v_bytes + coalesce(sum(bytes), 0) into js, taken, v_bytes from d;
      end if;
      -- as much as it has room for: what is left is for the next one, whatever it is
      if v_bytes >= ${answering} then p_room := taken; end if;
      js := due || js;
    end if;
    if taken > 0 or p_joins is not null then
      perform 1 from workers where token = p_token and lease_until > clock_timestamp() for key share;
      -- lost since then: nothing of this has happened, and the next try says so
      if not found then raise exception 'the lease is lost' using errcode = 'serialization_failure'; end if;
    end if;

    if taken > 0 then
      -- most often there is nothing to sort: each pass over rows that are values takes as long as reading them from their table
      select bool_or(j.kind = 1 or j.cancelled_at is not null or j.lane is null or not coalesce(j.prepared, not p_prepare[array_position(p_defs, j.definition)])), bool_or(j.ordered), bool_or(j.checksum is not null)
        into special, in_order, checked from unnest(js) j;
      if special then
        select array_agg(j) filter (where j.kind = 1), array_agg(j) filter (where j.kind = 0 and j.cancelled_at is null and (j.lane is null or not coalesce(j.prepared, not p_prepare[array_position(p_defs, j.definition)]))),
          inv || array_agg(j) filter (where j.kind = 0 and j.cancelled_at is null and j.lane is not null and coalesce(j.prepared, not p_prepare[array_position(p_defs, j.definition)])),
          array_agg(j) filter (where j.cancelled_at is not null)
        into conts, held, inv, cancelled from unnest(js) j;
      else
        inv := inv || js;
      end if;
      if held is not null then
        perform hold(p_token, held);
        return query select 2::smallint, action, definition, actor_id, arguments, 0, 0::smallint, attempts, depth,
          held_detail(h)::json from unnest(held) h;
      end if;
    end if;
    if in_order or (p_joins is not null and exists (select 1 from unnest(inv || done || cancelled) i where i.ordered)) then
      select t.inv, t.ignoring, t.put_back, t.moved into inv, ignoring, again, moved from in_turn(inv, ignoring, done || cancelled) t;
      -- also for those who have passed by what was looked at
      if moved then return next row(-8, null, null, null, null, 0, 0, 0, 0, null)::task; end if;
    end if;

    if inv is not null then
      -- already achieved: neither lane nor row. A result that somebody will read is checked by the worker first: what its
      -- schema refuses is no achievement (held, and sent back as a join).
      checked := checked or (p_joins is not null and exists (select 1 from unnest(inv) i where i.checksum is not null));
      -- In one look: by a second one somebody may have erased it.
      if checked then
        select coalesce(array_agg(i.action), '{}'), done || array_agg(i), done_status || array_agg(2::smallint), done_result || array_agg(a.result), done_cause || array_agg(null::jsonb)
          into achieved, done, done_status, done_result, done_cause
          from unnest(inv) i join achievements a on a.checksum_key = i.checksum_key and a.checksum = i.checksum where i.action <> all(ignoring);
      end if;
      -- every lane of the batch in one pass, in key order: free ones are taken, the others locked
      with f as (select distinct on (lane) *, p_flags[array_position(p_defs, definition)] as fl, p_first[array_position(p_defs, definition)] as st
        from unnest(inv) i where action <> all(achieved) order by lane, id),
      l as (insert into live_actions (id, definition, actor_id, queue, arguments, lane, status, checksum_key, checksum, parent, parent_step, depth, rooted, flags, attempts,
          token, step_kind, step_name, prepended, step_started_at, timeout_ms, timeout_at, enqueued_at, started_at)
        select action, definition, actor_id, queue, arguments, lane, 1, checksum_key, checksum, parent, parent_step, depth, parent is null,
          fl & 255, 0, p_token, fl >> 8, split_part(st, '/', 1), case when fl >> 8 = 2 then st end, p_now,
          timeout_ms, p_now + timeout_ms * interval '1 millisecond', enqueued_at, p_now from f order by lane
        on conflict (lane, status) do update set token = live_actions.token where false returning id)
      select coalesce(array_agg(id), '{}') into started from l;
      -- checked again under the lane's lock: the statement above saw an older snapshot
      if checked and exists (select 1 from unnest(inv) i join achievements a on a.checksum_key = i.checksum_key and a.checksum = i.checksum where (i.action in (select unnest(started))) is true and i.action <> all(ignoring)) then
        with x as materialized (select i, a.result, (select l.ctid from live_actions l where l.id = i.action) as tid from unnest(inv) i join achievements a on a.checksum_key = i.checksum_key and a.checksum = i.checksum where (i.action in (select unnest(started))) is true and i.action <> all(ignoring)),
        g as (delete from live_actions l using x where l.ctid = x.tid returning l.id, x.i, x.result)
        select achieved || array_agg(id), done || array_agg(i), done_status || array_agg(2::smallint), done_result || array_agg(result), done_cause || array_agg(null::jsonb), array_agg((i).lane)
          into achieved, done, done_status, done_result, done_cause, given_back from g;
        started := array(select x from unnest(started) x where x <> all(achieved));
      end if;
      -- in one pass, in key order: those of whoever starts, now or, in a lane that was given back, below
      erased := array(select checksum_key from achievements where checksum_key = any(array(
        select i.checksum_key from unnest(inv) i where (i.action in (select unnest(started))) is true
        union all select i.checksum_key from unnest(inv) i where i.lane = any(given_back))) order by checksum_key for update);
      if cardinality(erased) > 0 then
        delete from achievements where checksum_key = any(array(select i.checksum_key from unnest(inv) i where (i.action in (select unnest(started))) is true)) and checksum_key = any(erased);
      end if;
      -- of those that were looked at together an elder one may have erased what a younger one of its lane has found: that is in its turn below
      if cardinality(achieved) > 0 and cardinality(started) + coalesce(cardinality(given_back), 0) > 0 then
        late := array(select x.action from (
          select i.action, i.id, min(i.id) filter (where (i.action in (select unnest(started))) is true or (i.lane = any(given_back) and (i.action in (select unnest(achieved))) is not true)) over (partition by i.lane, i.checksum_key) as first from unnest(inv) i) x
          where x.id > x.first and (x.action in (select unnest(achieved))) is true);
        if cardinality(late) > 0 then
          achieved := array(select x from unnest(achieved) x where x <> all(late));
          select coalesce(array_agg(x.j), '{}'), coalesce(array_agg(x.s), '{}'), coalesce(array_agg(x.r), '{}'), coalesce(array_agg(x.c), '{}') into done, done_status, done_result, done_cause
            from (select unnest(done) as j, unnest(done_status) as s, unnest(done_result) as r, unnest(done_cause) as c) x where (x.j).action <> all(late);
        end if;
      end if;
      if cardinality(started) + cardinality(achieved) < cardinality(inv) then
        contended := array(select i from unnest(inv) i where i.action <> all(started) and i.action <> all(achieved) order by i.id);
      end if;
    end if;

    kids := array(select (d).action from unnest(done) d)
      || array(select c.action from unnest(contended) c)
      || array(select c.action from unnest(cancelled) c)
      || array(select p.id from live_actions p where p.status = 0 and p.lane = any(array(select c.lane from unnest(contended) c)));
    if cardinality(kids) > 0 then
      perform 1 from steps s where (s.action, s.idx) in (select action, step from slots where child = any(kids) and status is null)
        order by s.action, s.idx for no key update;
    end if;

    if contended is not null then
      foreach m in array contended loop
        select * into cur from live_actions where lane = m.lane and status = 1;
        if m.checksum is not null and m.action <> all(ignoring) then
          select * into ach from achievements where checksum_key = m.checksum_key and checksum = m.checksum;
          if found then
            achieved := achieved || m.action; done := array_append(done, m); done_status := done_status || 2::smallint; done_result := array_append(done_result, ach.result); done_cause := array_append(done_cause, null::jsonb);
            continue;
          end if;
        end if;
        if cur.id is null then
          -- the lane was given back above because its first comer was already achieved
          delete from achievements where checksum_key = m.checksum_key and checksum_key = any(erased);
          insert into live_actions (id, definition, actor_id, queue, arguments, lane, status, checksum_key, checksum, parent, parent_step, depth, rooted, flags, token, step_kind, step_name, prepended, step_started_at, timeout_ms, timeout_at, enqueued_at, started_at)
            select m.action, m.definition, m.actor_id, m.queue, m.arguments, m.lane, 1, m.checksum_key, m.checksum, m.parent, m.parent_step, m.depth, m.parent is null,
              fl & 255, p_token, fl >> 8, split_part(st, '/', 1), case when fl >> 8 = 2 then st end, p_now, m.timeout_ms, p_now + m.timeout_ms * interval '1 millisecond', m.enqueued_at, p_now
            from (select p_flags[array_position(p_defs, m.definition)] as fl, p_first[array_position(p_defs, m.definition)] as st) d;
          started := started || m.action;
          continue;
        end if;
        -- 2.5 a: would wait for somebody who waits for it
        if m.parent is not null and exists (select 1 from waiters_of(m.action) w where w = cur.id) then
          done := array_append(done, m); done_status := done_status || 7::smallint; done_result := array_append(done_result, null::jsonb);
          done_cause := array_append(done_cause, jsonb_build_object('kind', 'deadlocked', 'lane', m.lane));
          continue;
        end if;
        -- 2.5 b: joins a live one with the same checksum
        if m.checksum is not null then
          select id into same from live_actions where lane = m.lane and status in (0, 1) and checksum_key = m.checksum_key and checksum = m.checksum order by status desc limit 1;
          if found then
            update slots set child = same where child = m.action and status is null;
            if m.parent is null then
              update live_actions set rooted = true where id = same;
              insert into outcomes (id, definition, actor_id, follows, created_at) values (m.action, m.definition, m.actor_id, same, p_now);
              return next row(-3, m.action, null, null, null, 0, 0, 0, 0, null)::task;
            end if;
            continue;
          end if;
        end if;
        -- 2.5 c: supersedes the pending one
        delete from live_actions where lane = m.lane and status = 0 returning * into old;
        if found then
          insert into ended_actions (id, definition, actor_id, queue, arguments, lane, status, checksum_key, checksum, parent, parent_step, depth, attempts, superseded_by, enqueued_at, started_at, ended_at)
            values (old.id, old.definition, old.actor_id, old.queue, old.arguments, old.lane, 3, old.checksum_key, old.checksum, old.parent, old.parent_step, old.depth, old.attempts, m.action, old.enqueued_at, null, p_now);
          update slots set child = m.action where child = old.id and status is null;
          return next row(-3, old.id, null, null, null, 0, 0, 0, 0, null)::task;
        end if;
        insert into live_actions (id, definition, actor_id, queue, arguments, lane, status, checksum_key, checksum, parent, parent_step, depth, rooted, flags, timeout_ms, enqueued_at)
          values (m.action, m.definition, m.actor_id, m.queue, m.arguments, m.lane, 0, m.checksum_key, m.checksum, m.parent, m.parent_step, m.depth, m.parent is null or coalesce(old.rooted, false),
            p_flags[array_position(p_defs, m.definition)] & 255, m.timeout_ms, m.enqueued_at);
        old := null;
      end loop;
    end if;

    if cardinality(achieved) > 0 then
      select array_agg(x.j), array_agg(x.r) into held, unread from (select unnest(done) as j, unnest(done_status) as s, unnest(done_result) as r) x
        where x.s = 2 and (x.j).action = any(achieved) and p_flags[array_position(p_defs, (x.j).definition)] & 32 = 0;
      if held is not null then
        perform hold(p_token, held);
        return query select 2::smallint, (x.h).action, (x.h).definition, (x.h).actor_id, (x.h).arguments, 0, 0::smallint, (x.h).attempts, (x.h).depth,
          -- beyond the bytes of one answer it comes back as it is, and is looked at by the next
          (held_detail(x.h) || jsonb_build_object('checksum', (x.h).checksum) || case when x.before < ${answering} then jsonb_build_object('achievement', x.r) else jsonb_build_object('ready', true) end)::json
          from (select h, r, sum(weight(r)) over (rows unbounded preceding) - weight(r) as before from (select unnest(held) as h, unnest(unread) as r) u) x;
        select coalesce(array_agg(x.j), '{}'), coalesce(array_agg(x.s), '{}'), coalesce(array_agg(x.r), '{}'), coalesce(array_agg(x.c), '{}') into done, done_status, done_result, done_cause
          from (select unnest(done) as j, unnest(done_status) as s, unnest(done_result) as r, unnest(done_cause) as c) x
          where (x.j).action <> all(array(select (h).action from unnest(held) h));
      end if;
    end if;
    if cardinality(done) > 0 then
      return query select * from settle(p_token, p_now, p_defs, p_flags, done, done_status, done_result, done_cause);
    end if;
    if cancelled is not null then
      return query select * from end_cancelled(p_token, p_now, p_defs, p_flags, cancelled);
    end if;

    if conts is not null then
      with l as (select id from live_actions t where id = any(array(select action from unnest(conts))) and token is null
          and (phase in (0, 3, 4) or (phase = 1 and not exists (select 1 from slots o where o.action = t.id and o.step = t.step and o.status is null)))
        for update skip locked),
      -- One that was promoted by a process that did not know its definition begins here. Who completes an action, and whether somebody is to
      -- hear of its end, is said by the version that has it.
      u as (update live_actions t set token = p_token,
          flags = p_flags[array_position(p_defs, t.definition)] & 255,
          step_name = case when t.step_name is null and t.phase = 0 and t.step = 0 then split_part(p_first[array_position(p_defs, t.definition)], '/', 1) else t.step_name end,
          step_kind = case when t.step_name is null and t.phase = 0 and t.step = 0 then p_flags[array_position(p_defs, t.definition)] >> 8 else t.step_kind end,
          prepended = case when t.step_name is null and t.phase = 0 and t.step = 0 and p_flags[array_position(p_defs, t.definition)] >> 8 = 2
            then p_first[array_position(p_defs, t.definition)] else t.prepended end
        where t.id = any(array(select id from l)) returning t.id)
      select array_agg(id) into got from u;
      return query select 1::smallint, t.id, t.definition, t.actor_id, case when x.d is not null then t.arguments end, t.step, t.phase, t.attempts, t.depth, x.d
        from (select action, min(id) as id from unnest(conts) group by action) c join live_actions t on t.id = c.action
        cross join lateral (select detail_of(t.id) as d offset 0) x where t.id = any(got) order by c.id;
      -- locked by somebody else right now: tried again
      insert into jobs (queue, priority, kind, action, definition, actor_id, enqueued_at)
        select distinct on (t.id) t.queue, 0, 1, t.id, t.definition, t.actor_id, p_now from live_actions t
        where t.id = any(array(select action from unnest(conts))) and t.id <> all(coalesce(got, '{}')) and t.token is null and t.phase <> 2
          and not (t.phase = 1 and exists (select 1 from slots o where o.action = t.id and o.step = t.step and o.status is null));
      get diagnostics n = row_count;
      again := again + n;
    end if;

    if cardinality(started) > 0 then
      return query select 0::smallint, i.action, i.definition, i.actor_id, i.arguments, 0, 0::smallint, i.attempts, i.depth,
          case when i.timeout_ms is not null then to_json(extract(epoch from p_now) * 1000 + i.timeout_ms) end from unnest(inv) i
        where (i.action in (select unnest(started))) is true;
    end if;
    if exists (select 1 from prunes) then return next row(-4, null, null, null, null, 0, 0, 0, 0, null)::task; end if;
    return next row(-1, null, null, null, null, taken, case when v_bytes >= ${answering} then 1 else 0 end, again, 0,
      case when taken >= p_room then (select json_object_agg(queue, last) from (select queue, max(id) as last from unnest(js) where priority = 10 group by queue) x) end)::task;
  end $$`,

    // Adds invocations to the queue, in the order given; one that its process performs at once is held under its token. \`p_again\` skips those that an earlier call, whose answer was lost, has stored.
    // Batches come as columns: a third of what parsing JSON costs. A column that nothing is in is null, which unnest fills up.
    `create function enqueue(p_now timestamptz, p_again boolean, p_which int[], c_q text[], c_a uuid[], c_d text[], c_ai text[], c_args jsonb[], c_l text[], c_sk text[],
    c_cs text[], c_t float8[], c_p uuid[], c_ps int[], c_dp smallint[], c_od bool[], c_pr boolean[], c_tk float8[]) returns void language plpgsql ${
      path(schema)
    } as $$
  begin
    insert into jobs (queue, priority, kind, action, definition, actor_id, arguments, lane, checksum_key, checksum, timeout_ms, parent, parent_step, depth, ordered, prepared, token, enqueued_at)
    select q, case when tk is null then 10 else 101 end, 0, a, d, ai, args, l, sk, cs, t, p, ps, dp, od, pr, tk, p_now
    from unnest(c_q, c_a, c_d, c_ai, c_args, c_l, c_sk, c_cs, c_t, c_p, c_ps, c_dp, c_od, c_pr, c_tk) with ordinality as x(q, a, d, ai, args, l, sk, cs, t, p, ps, dp, od, pr, tk, n)
    where (p_which is null or n = any(p_which)) and (not p_again or x.a in (select o.id from outcomes_of(c_a) o where o.state = 'unknown'))
    order by n
    on conflict (action) where kind = 0 do nothing;
  end $$`,

    // For a worker that has room for what its own process asks for: one commit for both. The claim is one like any other, of whatever comes
    // first. Its locks come after those on the new rows, which nobody waits for but a repetition of the same call, which holds nothing.
    // Whoever asks must not wait for lanes that others have locked: then it fails, and is stored alone.
    `create function enqueue_and_claim(p_token bigint, p_now timestamptz, p_room int, p_queues text[], p_defs text[], p_first text[], p_flags smallint[], p_prepare boolean[], p_after jsonb,
    c_q text[], c_a uuid[], c_d text[], c_ai text[], c_args jsonb[], c_l text[], c_sk text[],
    c_cs text[], c_t float8[], c_p uuid[], c_ps int[], c_dp smallint[], c_od bool[], c_pr boolean[]) returns setof task language plpgsql ${
      path(schema)
    } set lock_timeout = '20ms' as $$
  begin
    perform enqueue(p_now, false, null, c_q, c_a, c_d, c_ai, c_args, c_l, c_sk, c_cs, c_t, c_p, c_ps, c_dp, c_od, c_pr, null);
    return query select * from claim(p_token, p_now, p_room, p_queues, p_defs, p_first, p_flags, p_prepare, null, null, p_after);
  end $$`,

    // Applies what a worker's bodies did: steps, parking, children, decided outcomes, ends. A member whose live row is no longer at the
    // step and phase that it ran, under this token, is stale: it changes nothing and the others go on.
    `create function finish(p_token bigint, p_now timestamptz, p_defs text[], p_first text[], p_flags smallint[],
    m_a uuid[], m_s int[], m_ph smallint[], m_sn text[], m_sk smallint[], m_ss smallint[], m_sr jsonb[], m_sm boolean[], m_st timestamptz[], m_rs boolean[],
    m_e boolean[], m_k boolean[], m_np smallint[], m_ns int[], m_nn text[], m_nk smallint[], m_args jsonb[], m_o smallint[], m_r jsonb[], m_c jsonb[], m_g smallint[], m_b smallint[], m_cb jsonb[],
    m_inc smallint[], m_jb boolean[], m_due timestamptz[],
    o_a uuid[], o_st int[], o_n int[], o_ch uuid[], o_d text[], o_ai text[], o_due timestamptz[], o_su text[],
    c_q text[], c_a uuid[], c_d text[], c_ai text[], c_args jsonb[], c_l text[], c_sk text[], c_cs text[], c_t float8[], c_p uuid[], c_ps int[], c_dp smallint[], c_od bool[], c_pr boolean[])
    returns setof task language plpgsql ${planned} as $$
  declare good int[]; freed text[]; tids tid[]; v_tids tid[]; v_ids uuid[]; v_o smallint[]; v_r jsonb[]; v_c jsonb[]; v_g smallint[]; v_b smallint[]; v_steps text[]; v_kinds smallint[]; v_abrupt uuid[]; v_args boolean; fresh int[];
  begin
    ${looksAgain}
    perform 1 from workers where token = p_token and lease_until > clock_timestamp() for key share;
    if not found then return next row(-5, null, null, null, null, 0, 0, 0, 0, null)::task; return; end if;
    -- locked in the order of their lanes, one look-up after another
    with h as (select m.n, m.e, m.lane, l.tid
      from (select *, (select l.lane from live_actions l where l.id = a) as lane from unnest(m_a, m_s, m_ph, m_e) with ordinality as m(a, s, ph, e, n) order by lane offset 0) m
      left join lateral (select l.ctid as tid from live_actions l where l.id = m.a and l.token = p_token and l.step = m.s and l.phase = m.ph for update) l on true)
    select array_agg(n) filter (where tid is not null), array_agg(lane) filter (where e and tid is not null), array_agg(tid order by n) into good, freed, tids from h;
    if cardinality(good) = cardinality(m_a) then
      good := null;
    else
      good := coalesce(good, '{}');
      return query select -2::smallint, m.a, null::text, null::text, null::jsonb, m.s, m.ph, 0::smallint, 0::smallint,
          -- a transactional body may have ended its own action
          case when m.a = any(string_to_array(current_setting('stepped.ended', true), ',')::uuid[]) then to_json('ended here'::text) end
        from unnest(m_a, m_s, m_ph) with ordinality as m(a, s, ph, n) where n <> all(good);
      if cardinality(good) = 0 then return; end if;
    end if;
    with m as materialized (select * from unnest(m_a, m_s, m_sn, m_sk, m_ss, m_sr, m_sm, m_st, m_rs, m_e, m_k, m_np, m_ns, m_nn, m_nk, m_args, m_o, m_r, m_c, m_g, m_b, m_cb, m_inc, m_jb, m_due, m_ph, tids)
        with ordinality as m(a, s, sn, sk, ss, sr, sm, st, rs, e, k, np, ns, nn, nk, args, o, r, c, g, b, cb, inc, jb, due, ph, tid, n) where good is null or n = any(good)),
    -- an action that ends with its first step needs no row for it, unless that was cancelled: the history has its name
    si as (insert into steps (action, idx, kind, name, status, marked, result, started_at, ended_at)
      select a, s, sk, sn, ss, coalesce(sm, false), sr, st, case when ss = 1 then null else p_now end from m
      where sn is not null and not coalesce(rs, false) and not (coalesce(e, false) and s = 0 and sr is null and ss <> 4)),
    su as (update steps t set status = m.ss, ended_at = p_now from m where m.rs and t.action = m.a and t.idx = m.s),
    lu as (update live_actions l set token = case when m.k then l.token end, phase = m.np, step = coalesce(m.ns, l.step), step_name = case when m.ns is not null then m.nn else l.step_name end,
        step_kind = case when m.ns is not null then m.nk else l.step_kind end,
        step_started_at = case when m.ns is not null then p_now else l.step_started_at end, arguments = coalesce(m.args, l.arguments),
        attempts = case when m.inc < 0 then 0 else l.attempts + coalesce(m.inc, 0) end,
        outcome = coalesce(m.o, l.outcome), result = case when m.o is null then l.result else m.r end, cause = case when m.o is null then l.cause else m.c end,
        callbacks = coalesce(m.cb, l.callbacks)
      from m where l.ctid = m.tid and not coalesce(m.e, false)
      returning l.id, l.queue, l.definition, l.actor_id, m.jb, m.due),
    j as (insert into jobs (queue, priority, kind, action, definition, actor_id, due_at, enqueued_at)
      select queue, case when due is null then 0 else 100 end, 1, id, definition, actor_id, due, p_now from lu where jb)
    select array_agg(a), array_agg(o), array_agg(r), array_agg(c), array_agg(g), array_agg(b),
        array_agg(case when s = 0 and not coalesce(rs, false) and sr is null and ss <> 4 then sn end), array_agg(sk), array_agg(a) filter (where ph = 3), bool_or(args is not null), array_agg(tid)
      into v_ids, v_o, v_r, v_c, v_g, v_b, v_steps, v_kinds, v_abrupt, v_args, v_tids from m where e;
    if o_a is not null then
      -- beside a stale member there may be a valid one of the same action
      if good is not null then
        fresh := array(select x.n from unnest(o_a, o_st) with ordinality as x(a, s, n)
          where ((x.a, x.s) in (select m.a, m.s from unnest(m_a, m_s, m_ph) with ordinality as m(a, s, ph, n) where m.ph = 0 and m.n = any(good))) is true);
      end if;
      insert into slots (action, step, slot, child, definition, actor_id, due_at, success)
        select a, st, n, ch, d, ai, due, su from unnest(o_a, o_st, o_n, o_ch, o_d, o_ai, o_due, o_su) with ordinality as x(a, st, n, ch, d, ai, due, su, i) where good is null or i = any(fresh);
      if c_a is not null then
        if good is not null then
          fresh := array(select x.n from unnest(c_p, c_ps) with ordinality as x(a, s, n)
            where ((x.a, x.s) in (select m.a, m.s from unnest(m_a, m_s, m_ph) with ordinality as m(a, s, ph, n) where m.ph = 0 and m.n = any(good))) is true);
        end if;
        perform enqueue(p_now, false, fresh, c_q, c_a, c_d, c_ai, c_args, c_l, c_sk, c_cs, c_t, c_p, c_ps, c_dp, c_od, c_pr, null);
        return next row(-8, null, null, null, null, 0, 0, 0, 0, null)::task;
      end if;
    end if;
    if v_ids is not null then
      -- changed arguments are seen by later readers too
      if v_args then
        update live_actions l set arguments = m.args from unnest(m_e, m_args, tids) with ordinality as m(e, args, tid, n)
          where m.e and m.args is not null and l.ctid = m.tid and (good is null or m.n = any(good));
        v_tids := null;
      end if;
      return query select * from conclude(p_token, p_now, p_defs, p_first, p_flags, freed, v_ids, v_o, v_r, v_c, v_g, v_b, v_steps, v_abrupt, v_tids, v_kinds);
    end if;
  end $$`,

    // More slots and children of a member that \`finish\` has stored in the same transaction: what it holds locked, and nothing else, is theirs.
    `create function add_children(p_now timestamptz, o_a uuid[], o_st int[], o_n int[], o_ch uuid[], o_d text[], o_ai text[], o_due timestamptz[], o_su text[],
    c_q text[], c_a uuid[], c_d text[], c_ai text[], c_args jsonb[], c_l text[], c_sk text[], c_cs text[], c_t float8[], c_p uuid[], c_ps int[], c_dp smallint[], c_od bool[], c_pr boolean[])
    returns void language plpgsql ${path(schema)} as $$
  begin
    insert into slots (action, step, slot, child, definition, actor_id, due_at, success) select * from unnest(o_a, o_st, o_n, o_ch, o_d, o_ai, o_due, o_su);
    perform enqueue(p_now, false, null, c_q, c_a, c_d, c_ai, c_args, c_l, c_sk, c_cs, c_t, c_p, c_ps, c_dp, c_od, c_pr, null);
  end $$`,

    // Fixes the outcome of live actions from outside, in callbacks' favour: the rows are locked, the status has callbacks. A pending one
    // leaves its lane for a private one, so that nothing supersedes or promotes it while its callbacks run.
    `create function decide(p_now timestamptz, p_ids uuid[], p_status smallint, p_result jsonb, p_cause jsonb) returns setof task language plpgsql as $$
  begin
    delete from jobs where ctid = any(array(select ctid from jobs where action = any(p_ids) and kind = 1 for update skip locked));
    perform cancel_running(p_ids, p_now);
    perform 1 from steps where action = any(p_ids) and status = 1 order by action, idx for no key update;
    update steps set status = 4, ended_at = p_now where action = any(p_ids) and status = 1;
    -- what the cancelled steps waited for goes with them: it does not run on while callbacks do
    with o as (update slots set status = 4 where action = any(p_ids) and status is null returning action, child)
    insert into prunes select distinct action from o where child is not null on conflict do nothing;
    if found then return next row(-4, null, null, null, null, 0, 0, 0, 0, null)::task; end if;
    update live_actions set outcome = p_status, result = p_result, cause = p_cause, phase = 3, token = null, attempts = 0,
      lane = case when status = 0 then lane || E'\\x01' || id else lane end, status = 1 where id = any(p_ids);
    insert into jobs (queue, priority, kind, action, definition, actor_id, enqueued_at)
      select queue, 0, 1, id, definition, actor_id, p_now from live_actions where id = any(p_ids);
    return next row(-8, null, null, null, null, 0, 0, 0, 0, null)::task;
    return query select -7::smallint, x, null::text, null::text, null::jsonb, 0, 0::smallint, 0::smallint, 0::smallint, null::json from unnest(p_ids) x;
  end $$`,

    // Ends live actions from outside (locked by the caller): through their callbacks where they have some for the status, else at once.
    // One kind a call, since each locks steps in a pass of its own: those with callbacks first, the others are the caller's to call again for.
    `create function end_from_outside(p_token bigint, p_now timestamptz, p_defs text[], p_first text[], p_flags smallint[], p_ids uuid[], p_status smallint, p_result jsonb, p_cause jsonb)
    returns setof task language plpgsql as $$
  declare bit int := case p_status when 2 then 1 when 5 then 2 when 4 then 4 when 6 then 8 else 0 end; hooked uuid[]; n int := cardinality(p_ids);
  begin
    p_token := leased(p_token);
    -- those of the version that had it last, and those that this one knows of: with none in the end, its worker ends it all the same
    hooked := array(select id from live_actions where id = any(p_ids) and (flags | coalesce(p_flags[array_position(p_defs, definition)], 0::smallint)) & bit <> 0);
    if cardinality(hooked) > 0 then
      return query select * from decide(p_now, hooked, p_status, p_result, p_cause);
    else
      return query select -3::smallint, x, null::text, null::text, null::jsonb, 0, 0::smallint, 0::smallint, 0::smallint, null::json from unnest(p_ids) x;
      return query select * from conclude(p_token, p_now, p_defs, p_first, p_flags, array(select lane from live_actions where id = any(p_ids) and status = 1),
        p_ids, array_fill(p_status, array[n]), array_fill(p_result, array[n]), array_fill(p_cause, array[n]), null, null, null, p_ids);
    end if;
  end $$`,

    // Completes or cancels one action from outside. The verdict comes first: kind -6, step 0 none, 1 done, 2 ambiguous, 3 busy (try again), 4 already over,
    // 5 the id names another definition or actor (which the row says). By id, without an actor, p_definition is a name alone.
    `create function complete(p_token bigint, p_now timestamptz, p_defs text[], p_first text[], p_flags smallint[], p_id uuid, p_definition text, p_actor text,
    p_status smallint, p_result jsonb, p_cause jsonb, p_outbound boolean) returns setof task language plpgsql ${planned} as $$
  declare ids uuid[]; v_lane text; l live_actions; v_definition text; v_actor text;
  begin
    ${looksAgain}
    if p_id is not null then
      -- in one look: whatever moves it meanwhile, what an id names stays the same
      select x.definition, x.actor_id into v_definition, v_actor from (
        select definition, actor_id from live_actions where id = p_id
        union all select definition, actor_id from jobs where action = p_id and kind = 0
        union all select definition, actor_id from ended_actions where id = p_id
        union all select definition, actor_id from outcomes where id = p_id) x limit 1;
      if not found then return next row(-6, p_id, null, null, null, 0, 0, 0, 0, null)::task; return; end if;
      if (p_actor is null and split_part(v_definition, '/', 2) <> p_definition) or (p_actor is not null and (v_definition, v_actor) <> (p_definition, p_actor)) then
        return next row(-6, p_id, v_definition, v_actor, null, 5, 0, 0, 0, null)::task; return;
      end if;
    end if;
    if p_id is null then
      ids := array(select id from live_actions where definition = p_definition and actor_id = p_actor and flags & 16 <> 0 and status = 1 and outcome is null order by id);
      if cardinality(ids) = 0 then return next row(-6, null, null, null, null, 0, 0, 0, 0, null)::task; return; end if;
      if cardinality(ids) > 1 then return next row(-6, null, null, null, null, 2, 0, 0, 0, to_json(ids))::task; return; end if;
      p_id := ids[1];
    elsif not p_outbound then
      -- one that nobody has taken, or that is being prepared, is marked: whoever has its definition ends it, before what else is queued
      update jobs set cancelled_at = clock_timestamp(), priority = 0, token = null, due_at = null, elder = null where ctid = any(array(
        select ctid from jobs where action = p_id and kind = 0 and cancelled_at is null for update skip locked));
      if found then
        return next row(-6, p_id, null, null, null, 1, 0, 0, 0, null)::task;
        return next row(-7, p_id, null, null, null, 0, 0, 0, 0, null)::task;
        return next row(-8, null, null, null, null, 0, 0, 0, 0, null)::task;
        return;
      end if;
    end if;
    select lane into v_lane from live_actions where id = p_id;
    if not found then
      -- neither queued nor over: on its way from one to the other
      return next row(-6, p_id, null, null, null, case when exists (select 1 from jobs where action = p_id and kind = 0 and cancelled_at is not null)
        or exists (select 1 from ended_actions where id = p_id) or exists (select 1 from outcomes where id = p_id) then 4 else 3 end, 0, 0, 0, null)::task;
      return;
    end if;
    -- a lane that moved on while we waited for it is not ours: somebody may be joining this action
    perform 1 from live_actions where lane = v_lane and status = 1 for update;
    if not found then return next row(-6, p_id, null, null, null, 3, 0, 0, 0, null)::task; return; end if;
    select * into l from live_actions where id = p_id for update;
    if not found or l.lane <> v_lane then return next row(-6, p_id, null, null, null, 3, 0, 0, 0, null)::task; return; end if;
    if l.outcome is not null or (p_outbound and (l.flags & 16 = 0 or l.status <> 1)) then
      return next row(-6, p_id, null, null, null, 4, 0, 0, 0, null)::task; return;
    end if;
    if p_outbound and l.timeout_at <= p_now then
      -- its time was over, and nobody has noticed: whoever completes it comes too late
      return next row(-6, p_id, null, null, null, 4, 0, 0, 0, null)::task;
      return query select * from end_from_outside(p_token, p_now, p_defs, p_first, p_flags, array[p_id], 6::smallint, null, null);
      return;
    end if;
    return next row(-6, p_id, null, null, null, 1, 0, 0, 0, null)::task;
    -- until the end of this transaction, and only as far as it is not taken back by a savepoint: see finish
    perform set_config('stepped.ended', concat_ws(',', nullif(current_setting('stepped.ended', true), ''), p_id), true);
    return query select * from end_from_outside(p_token, p_now, p_defs, p_first, p_flags, array[p_id], p_status, p_result, p_cause);
  end $$`,

    // What time has brought: timeouts first, then, in a call that finds none, waits. Rows that somebody holds are left for the next call.
    `create function tick(p_token bigint, p_now timestamptz, p_defs text[], p_first text[], p_flags smallint[], p_limit int) returns setof task language plpgsql ${planned} as $$
  declare late uuid[]; parents uuid[]; parent_steps int[];
  begin
    ${looksAgain}
    late := array(select id from live_actions where timeout_at <= p_now and outcome is null and status = 1 order by timeout_at limit p_limit for update skip locked);
    if cardinality(late) > 0 then
      return query select * from end_from_outside(p_token, p_now, p_defs, p_first, p_flags, late, 6::smallint, null, null);
    elsif exists (select 1 from slots where due_at <= p_now and status is null) then
      with c as (select action, step, slot from slots where due_at <= p_now and status is null order by due_at limit p_limit),
      s as (select t.action, t.idx, c.slot from c join steps t on t.action = c.action and t.idx = c.step for no key update of t skip locked),
      u as (update slots o set status = 2 from s where o.action = s.action and o.step = s.idx and o.slot = s.slot and o.status is null returning o.action, o.step)
      select array_agg(action), array_agg(step) into parents, parent_steps from u;
      if parents is not null then return query select * from resume(leased(p_token), p_now, p_defs, parents, parent_steps, p_flags); end if;
    end if;
    return next row(-1, null, null, null, null, coalesce(cardinality(late), 0) + coalesce(cardinality(parents), 0), 0, 0, 0, null)::task;
  end $$`,

    // Cancels what ended actions have left behind, one level a call, some at a time: children that nothing else waits for.
    `create function prune(p_token bigint, p_now timestamptz, p_defs text[], p_first text[], p_flags smallint[], p_limit int) returns setof task language plpgsql ${planned} as $$
  declare dead uuid[]; kids uuid[]; held uuid[]; marked int; busy boolean; locked text[]; doomed uuid[]; missed boolean;
  begin
    ${looksAgain}
    dead := array(select action from prunes order by action limit p_limit for update skip locked);
    if cardinality(dead) = 0 then return; end if;
    -- those that nobody has taken are marked as \`complete\` does, but keep their places: many of them must not overtake all others
    with c as materialized (select j.ctid as tid, j.action, j.token from slots o join jobs j on j.action = o.child and j.kind = 0 and j.cancelled_at is null where o.action = any(dead) and o.status = 4
      and not exists (select 1 from slots w where w.child = o.child and w.status is null) limit p_limit * 20 for update of j skip locked),
    u as (update jobs set cancelled_at = clock_timestamp(), priority = least(priority, 10), token = null, due_at = null, elder = null where ctid = any(array(select tid from c)) returning 1)
    select array_agg(action) filter (where token is not null), (select count(*) from u) into held, marked from c;
    if marked > 0 then
      return query select -7::smallint, x, null::text, null::text, null::jsonb, 0, 0::smallint, 0::smallint, 0::smallint, null::json from unnest(held) x;
      return next row(-8, null, null, null, null, 0, 0, 0, 0, null)::task;
      -- those that are marked already are passed by each time: not by the looks below too
      if marked = p_limit * 20 then return next row(-4, null, null, null, null, 0, 0, 0, 0, null)::task; return; end if;
    end if;
    busy := exists (select 1 from slots o join jobs j on j.action = o.child and j.kind = 0 and j.cancelled_at is null where o.action = any(dead) and o.status = 4
      and not exists (select 1 from slots w where w.child = o.child and w.status is null));
    -- some at a time: those that are over are passed by
    kids := array(select distinct o.child from slots o cross join lateral (select from live_actions l where l.id = o.child and l.outcome is null and not l.rooted offset 0) l
      where o.action = any(dead) and o.status = 4 and not exists (select 1 from slots w where w.child = o.child and w.status is null) limit p_limit * 10);
    locked := array(select lane from live_actions where status = 1 and lane = any(array(select lane from live_actions where id = any(kids))) order by lane for update);
    -- a lane that moved on while we waited for it is not ours: its new performer may be ending by itself just now
    select coalesce(array_agg(id) filter (where lane = any(locked)), '{}'), coalesce(bool_or(lane <> all(locked)), false) into doomed, missed
      from live_actions l where id = any(kids) and outcome is null and not rooted
      and not exists (select 1 from slots w where w.child = l.id and w.status is null);
    if cardinality(doomed) > 0 then
      return query select * from end_from_outside(p_token, p_now, p_defs, p_first, p_flags, doomed, 4::smallint, null, jsonb_build_object('kind', 'cancelled', 'message', 'its parent is over'));
    end if;
    -- whatever is left is for the next call, which finds nothing to do when this one has done it all
    if cardinality(doomed) > 0 or busy or missed then return next row(-4, null, null, null, null, 0, 0, 0, 0, null)::task;
    else delete from prunes where action = any(dead);
    end if;
    return next row(-1, null, null, null, null, cardinality(dead), 0, 0, 0, null)::task;
  end $$`,

    // Two edges that close a cycle at the same time see each other only afterwards: the pending action of a cycle ends as deadlocked.
    // In any order, so that with more of them than one call looks at, each has its turn.
    `create function break_deadlocks(p_token bigint, p_now timestamptz, p_defs text[], p_first text[], p_flags smallint[]) returns setof task language plpgsql ${
      path(schema)
    } as $$
  declare p record; n int := 0;
  begin
    ${looksAgain}
    for p in select w.id, w.lane, c.id as current from live_actions w join live_actions c on c.lane = w.lane and c.status = 1
      where w.status = 0 and w.outcome is null and exists (select 1 from slots o where o.child = w.id and o.status is null) order by random() limit 1000 loop
      if exists (select 1 from waiters_of(p.id) x where x = p.current) then
        perform 1 from live_actions where lane = p.lane and status = 1 and id = p.current for update skip locked;
        if found then
          perform 1 from live_actions where id = p.id and status = 0 and outcome is null for update skip locked;
          -- once more: the cycle may have opened before the two were locked
          if found and exists (select 1 from waiters_of(p.id) x where x = p.current) then
            return next row(-3, p.id, null, null, null, 0, 0, 0, 0, null)::task;
            return query select * from conclude(leased(p_token), p_now, p_defs, p_first, p_flags, '{}', array[p.id], array[7::smallint], null,
              array[jsonb_build_object('kind', 'deadlocked', 'lane', p.lane)], null, null, null, array[p.id]);
            return; -- one cycle a call: its end may have opened the others
          end if;
        end if;
      end if;
    end loop;
  end $$`,

    // Takes over what workers left behind whose lease is over. Only rows that nobody has locked; the rest comes next time.
    // What has died together for a second time is tried again one after another: the action that kills its process takes only itself along.
    // With its row gone, nobody renews a lease late any more. The caller's own (\`p_spared\`) is its own to renew or to give up, however late it comes.
    `create function recover(p_now timestamptz, p_tokens bigint[], p_burn boolean, p_spared bigint[] default '{}') returns int language plpgsql ${planned} as $$
  declare n int := 0; k int;
  begin
    ${looksAgain}
    delete from workers where token in (select token from workers where token = any(p_tokens) or (p_burn and lease_until < clock_timestamp() and token <> all(p_spared)) order by token for update skip locked);
    with l as (select id from live_actions l where token is not null and not exists (select 1 from workers w where w.token = l.token) for update skip locked),
    u as (update live_actions t set token = null, attempts = attempts + case when p_burn then 1 else 0 end where t.id = any(array(select id from l)) returning t.id, t.queue, t.definition, t.actor_id, t.attempts)
    insert into jobs (queue, priority, kind, action, definition, actor_id, due_at, enqueued_at)
      select queue, case when late > 0 then 100 else 0 end, 1, id, definition, actor_id, case when late > 0 then p_now + late * interval '1 second' end, p_now
      from (select *, case when p_burn and attempts > 1 then least(60, row_number() over (partition by attempts > 1 order by id) - 1) else 0 end as late from u) x;
    get diagnostics n = row_count;
    with l as (select queue, priority, id, attempts from jobs j where priority = 101 and not exists (select 1 from workers w where w.token = j.token) for update skip locked),
    x as (select *, case when p_burn and attempts > 0 then least(60, row_number() over (partition by attempts > 0 order by id) - 1) else 0 end as late from l)
    update jobs j set priority = case when late > 0 then 100 else 10 end, due_at = case when late > 0 then p_now + late * interval '1 second' end, token = null,
      attempts = j.attempts + case when p_burn then 1 else 0 end from x where j.queue = x.queue and j.priority = x.priority and j.id = x.id;
    get diagnostics k = row_count;
    -- somebody was cancelling them when their elders joined, and did not in the end
    update jobs set priority = 0, elder = null where ctid = any(array(select w.ctid from jobs w where w.elder is not null
      and not exists (select 1 from jobs e where e.action = w.elder and e.kind = 0) for update skip locked));
    return n + k;
  end $$`,

    // What must not be, and is put right: a live action that nothing continues gets the job that does. Some pages of the table a call, in the
    // order in which they lie there: an index would lead through all that has died, for as long as an old snapshot might see it, and what
    // nothing continues does not move. Gives where the next call begins, or null after the last page. It waits for nobody: another one at
    // it, and rows that somebody has in hand, are passed by. Transitions leave a job, a token or an open slot with the same commit, so one
    // snapshot tells; it has to be newer than the lock, since whoever had the row before may have decided about it.
    `create function heal(p_now timestamptz, p_page int, p_pages int) returns table (action uuid, definition text, actor_id text, phase smallint, next int)
    language plpgsql ${planned} as $$
  #variable_conflict use_column
  declare v_from tid := ('(' || p_page || ',0)')::tid; v_to tid := ('(' || p_page + p_pages || ',0)')::tid; locked uuid[];
  begin
    ${looksAgain}
    if not pg_try_advisory_xact_lock(hashtextextended('stepped heal ${schema}', 0)) then return query select null::uuid, null::text, null::text, null::smallint, p_page; return; end if;
    locked := array(select l.id from live_actions l where l.ctid >= v_from and l.ctid < v_to and ${stranded} for update skip locked);
    if cardinality(locked) > 0 then
      return query with j as (insert into jobs (queue, priority, kind, action, definition, actor_id, enqueued_at)
          select l.queue, 0, 1, l.id, l.definition, l.actor_id, p_now from live_actions l where l.id = any(locked) and ${stranded} returning action, definition, actor_id)
        select j.action, j.definition, j.actor_id, (select l.phase from live_actions l where l.id = j.action), null::int from j;
    end if;
    return query select null::uuid, null::text, null::text, null::smallint,
      case when pg_relation_size('${schema}.live_actions') > (p_page + p_pages)::bigint * current_setting('block_size')::int then p_page + p_pages end;
  end $$`,

    // Gives back what a worker holds, without burning an attempt: live actions get a job, held invocations return to the queue.
    `create function release(p_token bigint, p_actions uuid[], p_now timestamptz) returns void language plpgsql ${
      path(schema)
    } as $$
  begin
    ${looksAgain}
    update jobs set priority = 10, token = null where ctid = any(array(
      select ctid from jobs where action = any(p_actions) and kind = 0 and priority = 101 and token = p_token for update skip locked));
    with l as (select id from live_actions where id = any(p_actions) and token = p_token order by lane for update),
    u as (update live_actions t set token = null where t.id = any(array(select id from l)) returning t.id, t.queue, t.definition, t.actor_id)
    insert into jobs (queue, priority, kind, action, definition, actor_id, enqueued_at) select queue, 0, 1, id, definition, actor_id, p_now from u;
  end $$`,

    // What became of invocations, whatever carried them: follows superseding and joining to the end. In PL/pgSQL, as all that is called
    // often: a function in SQL is planned again by every call, which takes longer than running it.
    `create function outcomes_of(p_ids uuid[]) returns table (id uuid, final uuid, own smallint, state text, status smallint, result jsonb, cause jsonb, definition text, actor_id text, own_definition text, own_actor_id text)
    language plpgsql stable ${planned} as $$
  #variable_conflict use_column
  declare v_ids uuid[]; v_next uuid[]; v_far boolean; v_places jsonb; v_final int[]; v_path int[]; v_at int;
  begin
    -- Each action on the way once, however many go that way: thousands may have superseded one another. Looked up one by one: joined, all of
    -- the history would be read at every step.
    with recursive way(id, next) as (
      select x, coalesce((select e.superseded_by from ended_actions e where e.id = x), (select o.follows from outcomes o where o.id = x), x) from unnest(p_ids) x
      union
      select w.next, coalesce((select e.superseded_by from ended_actions e where e.id = w.next), (select o.follows from outcomes o where o.id = w.next), w.next)
      from way w where w.next <> w.id
    ) select array_agg(w.id), array_agg(w.next), bool_or(w.next <> w.id) into v_ids, v_next, v_far from way w;
    if v_far then
      v_places := (select jsonb_object_agg(w.id, w.n) from unnest(v_ids) with ordinality w(id, n));
      v_final := array_fill(0, array[cardinality(v_ids)]);
      for i in 1 .. cardinality(v_ids) loop
        v_at := i;
        v_path := '{}';
        while v_final[v_at] = 0 and v_next[v_at] <> v_ids[v_at] loop
          v_path := array_append(v_path, v_at);
          v_at := (v_places->>v_next[v_at]::text)::int;
        end loop;
        if v_final[v_at] <> 0 then v_at := v_final[v_at]; end if;
        v_final[i] := v_at;
        for k in 1 .. cardinality(v_path) loop v_final[v_path[k]] := v_at; end loop;
      end loop;
    end if;
    return query with z(root, id) as (
      select x, case when v_far then v_ids[v_final[(v_places->>x::text)::int]] else x end from (select distinct unnest(p_ids)) d(x))
    select z.root, z.id, (select x.status from ended_actions x where x.id = z.root),
      case when e.id is not null or o.status is not null then 'ended' when l.id is not null then 'live' when exists (select 1 from jobs j where j.action = z.id and j.kind = 0) then 'queued' else 'unknown' end,
      coalesce(e.status, o.status, l.status), coalesce(e.result, o.result), coalesce(e.cause, o.cause), coalesce(e.definition, o.definition, l.definition), coalesce(e.actor_id, o.actor_id, l.actor_id),
      case when z.root <> z.id then coalesce((select x.definition from ended_actions x where x.id = z.root), (select x.definition from outcomes x where x.id = z.root))
        else coalesce(e.definition, o.definition, l.definition, (select j.definition from jobs j where j.action = z.id and j.kind = 0)) end,
      case when z.root <> z.id then coalesce((select x.actor_id from ended_actions x where x.id = z.root), (select x.actor_id from outcomes x where x.id = z.root))
        else coalesce(e.actor_id, o.actor_id, l.actor_id, (select j.actor_id from jobs j where j.action = z.id and j.kind = 0)) end
    from z left join ended_actions e on e.id = z.id left join outcomes o on o.id = z.id left join lateral (select * from live_actions l where l.id = z.id offset 0) l on true;
  end $$`,

    // Puts the job that a claim of one would take first off to a later time: an error that nobody expected stops it, and must not stop
    // those behind it.
    `create function set_aside(p_now timestamptz, p_due timestamptz, p_queues text[], p_defs text[]) returns uuid language plpgsql ${
      path(schema)
    } as $$
  declare at tid; v_action uuid;
  begin
    select ctid into at from jobs where due_at <= p_now and definition = any(p_defs) and queue || '' = any(p_queues) order by due_at limit 1 for update skip locked;
    if at is null then
      select c.ctid into at from unnest(p_queues) q(name) cross join lateral (
        select j.ctid from jobs j where j.queue = q.name and j.priority < 100 and j.definition = any(p_defs)
        order by j.priority, j.id limit 1 for update skip locked) c limit 1;
    end if;
    update jobs set priority = 100, due_at = p_due, attempts = attempts + 1 where ctid = at returning action into v_action;
    return v_action;
  end $$`,

    // Deletes history from before a time, oldest first. Nothing that a live action may still read: what that joined, was superseded by or
    // got results from ended after it was enqueued. Nor what has left children behind that are still to be cancelled: its slots name them.
    `create function delete_ended(p_before timestamptz, p_limit int) returns int language plpgsql ${path(schema)} as $$
  declare ids uuid[];
  begin
    ids := array(select id from ended_actions where ended_at < least(p_before, (select min(enqueued_at) from live_actions))
      and not exists (select 1 from prunes p where p.action = ended_actions.id) order by ended_at limit p_limit for update skip locked);
    delete from slots where action = any(ids);
    delete from steps where action = any(ids);
    delete from ended_actions where id = any(ids);
    return cardinality(ids);
  end $$`
  ]
}

/** The statements of migration 1 for a schema whose name was checked. */
export const statements = (schema: string): ReadonlyArray<string> => [
  `set local search_path = ${schema}, pg_temp`,
  ...tables,
  ...functions(schema)
]
