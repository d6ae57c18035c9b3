/**
 * How the database itself is: what holds back vacuum, who waits for locks, how far replicas are behind, how long a commit takes; and what that
 * means for the engine's throughput.
 *
 * @since 0.1.0
 */
import { Effect } from "effect"
import { drawn, joined, leaf, type Node, roughly, timeFrom } from "./domain/drawing.ts"
import { shown } from "./domain/shown.ts"
import { Engine } from "./Engine.ts"
import type { StorageError } from "./SteppedError.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * Something that sees the database as it was: rows that have died since then cannot be removed.
 *
 * @category models
 * @since 0.1.0
 */
export interface HeldSnapshot {
  /** `prepared`: a prepared transaction. `slot`: a replication slot. `replica`: a query there, which is told of here. */
  readonly kind: "session" | "prepared" | "slot" | "replica"
  /** The process of the server; none of a prepared transaction, and of a slot that nobody uses. */
  readonly pid: number | undefined
  /** The application's name, or that of the prepared transaction or the slot. */
  readonly name: string
  readonly user: string | undefined
  /** As `idle in transaction`; none where this role may not see it. */
  readonly state: string | undefined
  /** When its transaction began; none where this role may not see it, and of slots and replicas. */
  readonly since: Date | undefined
  /** How many transactions have begun since then. */
  readonly transactions: number
}

/**
 * A session that waits for a lock on a table of the engine's, or on a row of one.
 *
 * @category models
 * @since 0.1.0
 */
export interface LockWait {
  readonly pid: number
  readonly application: string
  /** The tables that it waits for, or has in use while it waits for a row. */
  readonly tables: ReadonlyArray<string>
  /** As `AccessExclusiveLock`. */
  readonly mode: string
  readonly since: Date | undefined
  readonly blockedBy: ReadonlyArray<{
    readonly pid: number
    readonly application: string
    readonly state: string | undefined
    /** When its transaction began. */
    readonly since: Date | undefined
  }>
}

/**
 * The rows of a table of the engine's, as the server's statistics have them.
 *
 * @category models
 * @since 0.1.0
 */
export interface TableHealth {
  readonly name: string
  readonly liveRows: number
  readonly deadRows: number
  /** By hand or by itself. */
  readonly lastVacuum: Date | undefined
}

/**
 * A replica; where the server itself is one, that.
 *
 * @category models
 * @since 0.1.0
 */
export interface ReplicaLag {
  readonly name: string
  readonly state: string | undefined
  /** Commits wait for it. */
  readonly isSynchronous: boolean
  /** How long ago was committed what it shows; none where nothing was, or this role may not see it. */
  readonly lagMs: number | undefined
  readonly lagBytes: number | undefined
}

/**
 * What something means for throughput, and what to do about it.
 *
 * @category models
 * @since 0.1.0
 */
export interface HealthNote {
  readonly topic: "snapshots" | "locks" | "deadRows" | "connections" | "replicas" | "clock" | "roundTrip" | "commitTime"
  /** `unseen`: the database does not have it, or this role may not see it. */
  readonly level: "fine" | "watch" | "bad" | "unseen"
  readonly text: string
}

/**
 * How the database is.
 *
 * @category models
 * @since 0.1.0
 */
export interface DatabaseHealth {
  /** On the database's clock. */
  readonly at: Date
  readonly isReplica: boolean
  /** The oldest first, 10 at most: of sessions in this database, of prepared transactions, slots and replicas. */
  readonly snapshots: ReadonlyArray<HeldSnapshot>
  /** Who has waited longest first, 20 at most. */
  readonly lockWaits: ReadonlyArray<LockWait>
  readonly tables: ReadonlyArray<TableHealth>
  /** How many there are, and may be of roles that are no superusers; none of the embedded database. */
  readonly connections: { readonly used: number; readonly most: number } | undefined
  readonly replicas: ReadonlyArray<ReplicaLag>
  /** How far the database's clock is ahead of this program's, in ms: the middle one of three. */
  readonly clockOffsetMs: number
  /** How long the answer to a statement takes that does nothing: the middle one of five. */
  readonly roundTripMs: number
  /** How long a commit takes that is written, the middle one of three; none where this role, or this server, writes nothing. */
  readonly commitMs: number | undefined
  /** One of each topic. */
  readonly notes: ReadonlyArray<HealthNote>
}

// -------------------------------------------------------------------------------------------------------------------
// looking
// -------------------------------------------------------------------------------------------------------------------

/**
 * Looks at the database itself: what slows the engine down that is none of its invariants (`Stepped.doctor` looks at those).
 *
 * **Details**
 *
 * It reads the server's statistics and its locks, on a connection of its own beside the pool, by statements of two seconds at most; and it commits
 * three times something that leaves nothing behind but a record in the log. It works with a role that may only read, and on a replica: what cannot
 * be seen or done there is missing, and its note says why.
 *
 * **Example** (What is wrong with it?)
 *
 * ```ts
 * import { Console, Effect } from "effect"
 * import { Stepped } from "stepped"
 *
 * const look = Effect.gen(function*() {
 *   yield* Console.log(Stepped.renderDatabaseHealth(yield* Stepped.databaseHealth))
 * })
 * ```
 *
 * @category looking
 * @since 0.1.0
 */
export const databaseHealth: Effect.Effect<DatabaseHealth, StorageError, Engine> = Effect.flatMap(
  Engine,
  (engine) => engine.databaseHealth
)

// -------------------------------------------------------------------------------------------------------------------
// writing
// -------------------------------------------------------------------------------------------------------------------

/**
 * Writes it as text for a terminal: a line for each topic, with whom and what it is about below.
 *
 * @category writing
 * @since 0.1.0
 */
export const renderDatabaseHealth = (health: DatabaseHealth): string =>
  drawn({
    line: `the database at ${health.at.toISOString()}`,
    below: health.notes.map(({ level, text, topic }) => ({
      line: joined(level, shown(text, 1000)),
      below: detailsOf(health, topic)
    }))
  })

const detailsOf = (health: DatabaseHealth, topic: HealthNote["topic"]): ReadonlyArray<Node> => {
  switch (topic) {
    case "snapshots":
      return health.snapshots.map((snapshot) => leaf(snapshotText(snapshot, health.at)))
    case "locks":
      return health.lockWaits.map((wait) => ({
        line: joined(
          `${shown(wait.application)} (${wait.pid}) waits for ${wait.tables.join(", ")}`,
          wait.mode,
          wait.since && `since ${timeFrom(health.at, wait.since)}`
        ),
        below: wait.blockedBy.map(({ application, pid, since, state }) =>
          leaf(joined(`behind ${shown(application)} (${pid})`, state, since && `since ${timeFrom(health.at, since)}`))
        )
      }))
    case "deadRows":
      return health.tables.filter(({ deadRows, liveRows }) => deadRows + liveRows > 0).map((
        { deadRows, lastVacuum, liveRows, name }
      ) =>
        leaf(joined(
          name,
          `${deadRows} dead, ${liveRows} living`,
          lastVacuum === undefined ? "never vacuumed" : `vacuumed ${timeFrom(health.at, lastVacuum)}`
        ))
      )
    case "replicas":
      return health.replicas.map(({ isSynchronous, lagBytes, lagMs, name, state }) =>
        leaf(joined(
          shown(name),
          state,
          isSynchronous ? "synchronous" : undefined,
          lagMs === undefined ? undefined : `${roughly(lagMs)} behind`,
          lagBytes === undefined ? undefined : `${lagBytes} bytes`
        ))
      )
    default:
      return []
  }
}

const snapshotText = ({ kind, name, pid, since, state, transactions, user }: HeldSnapshot, at: Date): string =>
  joined(
    `${kind} ${shown(name)}${pid === undefined ? "" : ` (${pid})`}`,
    user,
    state,
    since && `since ${timeFrom(at, since)}`,
    `${transactions} transactions ago`
  )
