/** How the server itself is: its sessions, locks, statistics and replicas, read as far as this role may see them; and its times, measured. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { SqlError } from "effect/sql/SqlError"
import type { HeldSnapshot, LockWait, ReplicaLag, TableHealth } from "../DatabaseHealth.ts"
import { monotonic } from "../store/RealClock.ts"
import type { Records } from "../store/Records.ts"
import type { Storage } from "../store/Storage.ts"
import type { Beside, Look, Run } from "./beside.ts"

/** Of the database's own transactions, each with what it is called; a session's xmin is not shown of what does nothing. */
const snapshotsText = `select kind, pid, name, "user", state, since, transactions from (
    select 'session' as kind, a.pid, coalesce(a.application_name, '') as name, a.usename::text as "user", a.state, a.xact_start as since,
      greatest(age(a.backend_xmin), age(a.backend_xid)) as transactions
    from pg_stat_activity a
    where a.datname = current_database() and a.pid <> pg_backend_pid() and coalesce(a.backend_type, '') <> 'autovacuum worker'
      and (a.backend_xmin is not null or a.backend_xid is not null)
    union all
    select 'prepared', null, gid, owner::text, 'prepared', prepared, age(transaction) from pg_prepared_xacts where database = current_database()
    union all
    select 'slot', active_pid, slot_name::text, null, case when active then 'active' else 'inactive' end, null, age(xmin)
    from pg_replication_slots where xmin is not null
    union all
    select 'replica', pid, coalesce(application_name, ''), usename::text, state, null, age(backend_xmin)
    from pg_stat_replication where backend_xmin is not null) s
  order by transactions desc, since nulls last, pid limit 10`

/** Who waits for a row waits for a transaction, and has the table in use. */
const lockWaitsText =
  `with l as materialized (select pid, locktype, mode, granted, relation, database, waitstart from pg_locks)
  select w.pid, coalesce(a.application_name, ''), t.names, w.mode, w.waitstart, (
      select coalesce(jsonb_agg(jsonb_build_object('pid', b.pid, 'application', coalesce(b.application_name, ''), 'state', b.state,
        'since', extract(epoch from b.xact_start) * 1000) order by b.pid), '[]')
      from pg_stat_activity b where b.pid = any(pg_blocking_pids(w.pid)))
  from l w
  cross join lateral (
    select coalesce(
      array_agg(distinct c.relname::text) filter (where h.locktype = 'tuple' or not h.granted), array_agg(distinct c.relname::text)) as names
    from l h join pg_class c on c.oid = h.relation
    where h.pid = w.pid and h.database = (select oid from pg_database where datname = current_database())
      and c.relnamespace = to_regnamespace($1) and c.relkind = 'r') t
  left join pg_stat_activity a on a.pid = w.pid
  where not w.granted and t.names is not null
  order by w.waitstart nulls last, w.pid limit 20`

const tablesText =
  `select relname::text, n_live_tup::float8, n_dead_tup::float8, greatest(last_vacuum, last_autovacuum) from pg_stat_user_tables
  where schemaname = $1 order by relname`

const connectionsText =
  `select (select sum(numbackends)::int from pg_stat_database), current_setting('max_connections')::int
  - current_setting('superuser_reserved_connections')::int - coalesce(current_setting('reserved_connections', true)::int, 0)`

/** Of a replica how far it is itself. */
const replicasText = `select name, state, is_synchronous, lag_ms, lag_bytes from (
    select coalesce(nullif(application_name, ''), client_addr::text, 'a replica') as name, state, coalesce(sync_state in ('sync', 'quorum'), false) as is_synchronous,
      (extract(epoch from replay_lag) * 1000)::float8 as lag_ms,
      case when not pg_is_in_recovery() then pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::float8 end as lag_bytes
    from pg_stat_replication
    union all
    select 'this server', 'replica', false,
      case when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0 else (extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::float8 end,
      pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::float8
    where pg_is_in_recovery()) r
  order by lag_ms desc nulls last limit 20`

/** Nothing is left of it but its record in the log, which a commit waits for. */
const writtenText = "select pg_logical_emit_message(true, 'stepped'::text, ''::text)::text"

/** Null is nothing. */
const some = <A>(value: unknown): A | undefined => (value ?? undefined) as A | undefined

const snapshotOf = (row: ReadonlyArray<unknown>): HeldSnapshot => ({
  kind: row[0] as HeldSnapshot["kind"],
  pid: some(row[1]),
  name: row[2] as string,
  user: some(row[3]),
  state: some(row[4]),
  since: some(row[5]),
  transactions: row[6] as number
})

type Blocking = Omit<LockWait["blockedBy"][number], "since" | "state"> & {
  readonly state: string | null
  readonly since: number | null
}

const lockWaitOf = (row: ReadonlyArray<unknown>): LockWait => ({
  pid: row[0] as number,
  application: row[1] as string,
  tables: row[2] as ReadonlyArray<string>,
  mode: row[3] as string,
  since: some(row[4]),
  blockedBy: (row[5] as ReadonlyArray<Blocking>).map((one) => ({
    ...one,
    state: one.state ?? undefined,
    since: one.since === null ? undefined : new Date(one.since)
  }))
})

const tableOf = (row: ReadonlyArray<unknown>): TableHealth => ({
  name: row[0] as string,
  liveRows: row[1] as number,
  deadRows: row[2] as number,
  lastVacuum: some(row[3])
})

const replicaOf = (row: ReadonlyArray<unknown>): ReplicaLag => ({
  name: row[0] as string,
  state: some(row[1]),
  isSynchronous: row[2] as boolean,
  lagMs: some(row[3]),
  lagBytes: some(row[4])
})

const middleOf = (times: ReadonlyArray<number>): number => times.toSorted((a, b) => a - b)[times.length >> 1]!

const timed = (effect: Effect.Effect<unknown, SqlError>) =>
  Effect.suspend(() => {
    const from = monotonic()
    return Effect.map(effect, () => monotonic() - from)
  })

const times = (count: number, one: Effect.Effect<number, SqlError>) =>
  Effect.map(Effect.forEach(Array.from({ length: count }), () => one), middleOf)

/** What an answer takes falls on the way there and on the way back alike. */
const clockOffsetOf = (run: Run) =>
  Effect.gen(function*() {
    const before = yield* Clock.currentTimeMillis
    const [row] = yield* run("select clock_timestamp()")
    const after = yield* Clock.currentTimeMillis
    return (row![0] as Date).getTime() - (before + after) / 2
  })

/** Of what is written; nothing where nothing is. */
const commitOf = (run: Run): Effect.Effect<number | undefined> =>
  times(
    3,
    run("begin isolation level read committed").pipe(
      Effect.andThen(run("set local statement_timeout = 2000")),
      Effect.andThen(run(writtenText)),
      Effect.andThen(timed(run("commit"))),
      Effect.tapError(() => Effect.ignore(run("rollback")))
    )
  ).pipe(Effect.orElseSucceed(() => undefined))

export const healthOf = (
  { embedded, schema }: Storage["Service"],
  beside: Beside
): Pick<Records, "health"> => {
  const rows = <A>({ maybe }: Look, of: (row: ReadonlyArray<unknown>) => A, ...asked: Parameters<Run>) =>
    Effect.map(maybe(...asked), (found = []) => found.map(of))
  const named = [PgTypes.text(schema)]
  return {
    health: beside.session("databaseHealth", (session) =>
      Effect.gen(function*() {
        const seen = yield* beside.look(session, (look) =>
          Effect.gen(function*() {
            const [row] = yield* look.query(
              "select clock_timestamp(), pg_is_in_recovery(), pg_has_role(current_user, 'pg_read_all_stats', 'usage')"
            )
            const connections = embedded ? undefined : (yield* look.maybe(connectionsText))?.[0]
            return {
              at: row![0] as Date,
              isReplica: row![1] as boolean,
              seesAll: row![2] as boolean,
              snapshots: yield* rows(look, snapshotOf, snapshotsText),
              lockWaits: yield* rows(look, lockWaitOf, lockWaitsText, named),
              tables: yield* rows(look, tableOf, tablesText, named),
              connections: connections && { used: connections[0] as number, most: connections[1] as number },
              replicas: yield* rows(look, replicaOf, replicasText)
            }
          }))
        const clockOffsetMs = yield* times(3, clockOffsetOf(session.run))
        const roundTripMs = yield* times(5, timed(session.run("select 1")))
        const commitMs = session.isInside || seen.isReplica ? undefined : yield* commitOf(session.run)
        return { ...seen, isEmbedded: embedded, clockOffsetMs, roundTripMs, commitMs }
      }))
  }
}
