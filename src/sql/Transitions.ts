/**
 * The driver behind the engine: one method for each transition, one statement each, over arrays.
 *
 * A transition is one statement and therefore one transaction; what it locks, and in which order, stands at the top of
 * `migrations/0001_initial.ts`. Every call has a deadline on the real clock and ends in a {@link StorageError}: one that says
 * `isRetryable` has either not happened (deadlock, timeout in the server: retried here already) or its answer was lost
 * (a connection that went away), which the caller resolves by asking again under its token.
 */
import { PgClient } from "@effect/sql-pg/PgClient"
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import { BeginTransaction } from "effect/sql/SqlClient"
import { SqlError } from "effect/sql/SqlError"
import type { StepKind } from "../Action.ts"
import { StorageError } from "../SteppedError.ts"
import { isTransaction } from "./OwnConnections.ts"
import { Storage } from "./Storage.ts"
import { answered, impatiently, isUnsuitable, realClock, storageError } from "./storageError.ts"
import { countOf, partsOf, weighInvocation, weighSlot } from "./weight.ts"

export { travelling } from "./migrations/0001_initial.ts"
export { monotonic, realClock } from "./storageError.ts"

/** The status codes of the tables, by name. */
export const Status = {
  pending: 0,
  performing: 1,
  succeeded: 2,
  superseded: 3,
  cancelled: 4,
  failed: 5,
  timed_out: 6,
  deadlocked: 7
} as const

/** The names of the status codes. */
export const statusNames = Object.keys(Status) as ReadonlyArray<keyof typeof Status>

/** Whether a text can be an action's id; one that cannot would fail the statement for all the others in it. */
export const isActionId = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)

/** What a live action does next. */
export const Phase = { step: 0, waiting: 1, outbound: 2, callbacks: 3, job: 4 } as const

/** Bits of `live_actions.flags`: which statuses have callbacks, whether somebody outside completes the action, whether its success is void. */
export const Flag = { succeeded: 1, failed: 2, cancelled: 4, timed_out: 8, outbound: 16, void: 32 } as const

/** What a step is, by its code in the tables. */
export const stepKinds: ReadonlyArray<StepKind> = ["own", "unnamed", "prepended", "method", "job"]

/** The code of a kind of step. */
export const stepKindCode = (kind: StepKind): number => stepKinds.indexOf(kind)

/** One row of the queue before it has an id, with its columns' short names. */
export interface Invocation {
  readonly q: string
  readonly a: string
  readonly d: string
  readonly ai: string
  readonly args: unknown
  readonly l: string | null
  readonly sk: string | null
  readonly cs: string | null
  readonly t: number | null
  readonly p: string | null
  readonly ps: number | null
  readonly dp: number
  /** it joins its lane in turn with siblings that may be headed for the same one */
  readonly od?: boolean
  /** false: the checksum is left to the worker, see the column `prepared` */
  readonly pr?: boolean
  /** held under this token from the start: its own process performs it at once */
  readonly tk?: number
}

/** The definitions that a worker can run: what it may claim, and what a claim must know about them. */
export interface Known {
  readonly queues: PgTypes.Parameter
  readonly definitions: PgTypes.Parameter
  /** The name of the step that a starting action begins with, or, joined with `/`, those of its prepended steps. */
  readonly firstSteps: PgTypes.Parameter
  /** {@link Flag}s; from the ninth bit on, the kind of the first step. */
  readonly flags: PgTypes.Parameter
  readonly prepare: PgTypes.Parameter
}

/** What a transition answers: work for this worker (0 start, 1 continue, 2 prepare) or news (negative kinds). */
export interface Task {
  readonly kind: number
  readonly action: string
  readonly definition: string
  readonly actorId: string
  readonly arguments: unknown
  readonly step: number
  readonly phase: number
  readonly attempts: number
  readonly depth: number
  readonly detail: unknown
}

/** What an action's detail holds without the results of its steps, and its arguments. */
export interface Whole {
  readonly arguments: unknown
  readonly detail: unknown
}

/** A stored result on its way in, as JSON text. */
export interface StoredResult {
  readonly step: number
  readonly result: string
}

/** A settled slot with the child's result, as JSON text. */
export interface StoredSlot {
  readonly slot: number
  readonly status: number | null
  readonly definition: string
  readonly actorId: string
  readonly result: string | null
  readonly success: string | null
}

/** The news among the kinds of a {@link Task}. */
export const News = {
  claimed: -1,
  stale: -2,
  ended: -3,
  prune: -4,
  lostLease: -5,
  verdict: -6,
  interrupt: -7,
  queued: -8,
  blocked: -9
} as const

/** One member of a batch for `finish`; the columns' short names are those of the function. */
export interface Member {
  /** action, step and phase: with the token, the fence */
  readonly a: string
  readonly s: number
  readonly ph: number
  /** the step's row: name, kind, status, result, marked, start (ms), `rs`: the row exists */
  readonly sn?: string | undefined
  readonly sk?: number | undefined
  readonly ss?: number | undefined
  readonly sr?: unknown
  readonly sm?: boolean | undefined
  readonly st?: number | undefined
  readonly rs?: boolean | undefined
  /** `e`: the action ends; `k`: this worker keeps it */
  readonly e?: boolean | undefined
  readonly k?: boolean | undefined
  /** next phase, step, step's name and kind; replaced arguments */
  readonly np?: number | undefined
  readonly ns?: number | undefined
  readonly nn?: string | undefined
  readonly nk?: number | undefined
  readonly args?: unknown
  /** outcome, result, cause; callbacks that succeeded and failed */
  readonly o?: number | undefined
  readonly r?: unknown
  readonly c?: unknown
  readonly g?: number | undefined
  readonly b?: number | undefined
  /** callbacks that have ended while others are to be tried again: their identities, and whether they succeeded */
  readonly cb?: ReadonlyArray<readonly [identity: string, succeeded: boolean]> | undefined
  /** attempts to add (-1: back to none), a job to continue with, when (ms) */
  readonly inc?: number | undefined
  readonly jb?: boolean | undefined
  readonly due?: number | undefined
}

/** A slot to be stored with a step that waits. */
export interface NewSlot {
  readonly a: string
  readonly st: number
  readonly n: number
  readonly ch: string | null
  readonly d: string | null
  readonly ai: string | null
  readonly due: number | null
  /** the fingerprint of the success schema that was asked with; none for void */
  readonly su?: string | null
}

/** An invocation that `before` and the effectful keys have prepared, or ended. */
export interface Prepared {
  /** the action, which the statement does not need */
  readonly a: string
  readonly j: number
  readonly q: string
  readonly args: unknown
  readonly l: string | null
  readonly sk: string | null
  readonly cs: string | null
  readonly t: number | null
  readonly o: number | null
  readonly r: unknown
  readonly c: unknown
  /** an achievement that cannot be read is forgotten */
  readonly ig?: boolean
}

/** What became of an invocation. */
export interface Found {
  readonly id: string
  /** The action that its outcome comes from: itself, or what superseded it or what it joined. */
  readonly final: string
  /** Its own status, where it has ended as an action. */
  readonly own: number | null
  readonly state: "ended" | "live" | "queued" | "unknown"
  readonly status: number | null
  readonly result: unknown
  readonly cause: unknown
  readonly definition: string | null
  readonly actorId: string | null
  /** What was asked for, whatever its outcome comes from. */
  readonly ownDefinition: string | null
  readonly ownActorId: string | null
}

/** An action that nothing continued. */
export interface Healed {
  readonly action: string
  readonly definition: string
  readonly actorId: string
  readonly phase: number
}

/** Due jobs of one definition in one queue that a worker does not take. */
export interface Unclaimed {
  readonly queue: string
  readonly definition: string
  /** When the oldest of them was enqueued, in ms of user time. */
  readonly since: number
}

const array = (values: ReadonlyArray<unknown>, oid: number) => Result.getOrThrow(PgTypes.array(values, oid))

/** A batch as columns, in the order of the given types; one that no row has something in is null. */
const columns = <Row extends object>(
  rows: ReadonlyArray<Row>,
  types: { readonly [Name in keyof Required<Row>]: number }
): ReadonlyArray<PgTypes.Parameter | null> =>
  Object.keys(types).map((key) => {
    const name = key as keyof Row
    let empty = true
    const values = rows.map((row) => {
      const value: unknown = row[name] ?? null
      if (value !== null) empty = false
      return value
    })
    return empty ? null : array(values, types[name])
  })

const { bool, float8, int2, int4, jsonb, text, timestamptz, uuid } = PgTypes.OID

// in the order of the functions' parameters
const memberColumns = {
  a: uuid,
  s: int4,
  ph: int2,
  sn: text,
  sk: int2,
  ss: int2,
  sr: jsonb,
  sm: bool,
  st: timestamptz,
  rs: bool,
  e: bool,
  k: bool,
  np: int2,
  ns: int4,
  nn: text,
  nk: int2,
  args: jsonb,
  o: int2,
  r: jsonb,
  c: jsonb,
  g: int2,
  b: int2,
  cb: jsonb,
  inc: int2,
  jb: bool,
  due: timestamptz
}
const slotColumns = { a: uuid, st: int4, n: int4, ch: uuid, d: text, ai: text, due: timestamptz, su: text }
const childColumns = {
  q: text,
  a: uuid,
  d: text,
  ai: text,
  args: jsonb,
  l: text,
  sk: text,
  cs: text,
  t: float8,
  p: uuid,
  ps: int4,
  dp: int2,
  od: bool,
  pr: bool
}
/** Rows of one statement. */
const enqueueMax = 5000
const slotsMax = 20_000
/** Bytes of results that one statement loads, and one result more at most. */
const pieceBytes = 4 * 1024 * 1024
/** Bytes of results that one look at outcomes gives, and one result more at most. */
const answerBytes = 16 * 1024 * 1024
const invocationColumns = { ...childColumns, tk: float8 }

/** How many parameters batches take. */
const width = (...batches: ReadonlyArray<object>) => batches.reduce((sum, of) => sum + Object.keys(of).length, 0)

/** `$1, $2, …` */
const places = (last: number, first = 1) =>
  Array.from({ length: last - first + 1 }, (_, i) => `$${first + i}`).join(", ")

/** Packs the definitions of a worker once, for all its calls. */
export const known = (
  definitions: ReadonlyArray<{
    readonly key: string
    readonly queue: string
    readonly steps: ReadonlyArray<{ readonly kind: StepKind; readonly name: string }>
    readonly flags: number
    readonly prepare: boolean
  }>,
  queues: ReadonlySet<string> = new Set(definitions.map((d) => d.queue))
): Known => ({
  queues: array([...queues], PgTypes.OID.text),
  definitions: array(definitions.map((d) => d.key), PgTypes.OID.text),
  firstSteps: array(
    definitions.map(({ steps }) => {
      const prepended = steps.filter(({ kind }) => kind === "prepended")
      return prepended.length > 0 ? prepended.map(({ name }) => name).join("/") : steps[0]?.name ?? null
    }),
    PgTypes.OID.text
  ),
  flags: array(
    definitions.map(({ flags, steps: [first] }) => flags | (first === undefined ? 0 : stepKindCode(first.kind) << 8)),
    PgTypes.OID.int2
  ),
  prepare: array(definitions.map((d) => d.prepare), PgTypes.OID.bool)
})

/** A worker that can run nothing: for transitions that a client makes. */
export const nothingKnown: Known = known([])

const toTask = (row: ReadonlyArray<unknown>): Task => ({
  kind: row[0] as number,
  action: row[1] as string,
  definition: row[2] as string,
  actorId: row[3] as string,
  arguments: row[4],
  step: row[5] as number,
  phase: row[6] as number,
  attempts: row[7] as number,
  depth: row[8] as number,
  detail: row[9]
})

const at = (millis: number) => PgTypes.timestamptz(millis)
const token = (value: bigint | null) => PgTypes.int8(value)
const json = (value: unknown) => value === undefined || value === null ? null : JSON.stringify(value)

/** What time or cleaning up brings, at most `limit` of it. */
type Pass = (
  token: bigint | null,
  now: number,
  known: Known,
  limit?: number
) => Effect.Effect<ReadonlyArray<Task>, StorageError>

const batched: ReadonlySet<string> = new Set(["enqueue", "claim", "finish", "tick", "prune"])

/** Whether the server refused the statement, so that it has certainly not happened and may be sent again. */
const refused = (error: StorageError): boolean => {
  const reason = error.cause instanceof SqlError ? error.cause.reason : undefined
  return reason?._tag === "DeadlockError" || reason?._tag === "SerializationError" || tookTooLong(error)
}

/** Whether the server ended the statement for the time that it took or waited: a smaller one may pass. */
export const tookTooLong = (error: unknown): boolean => {
  const reason = error instanceof StorageError && error.cause instanceof SqlError ? error.cause.reason : undefined
  return reason?._tag === "LockTimeoutError" || reason?._tag === "StatementTimeoutError"
}

const lostTransaction = storageError("transaction")

/** An error of an effect inside a transaction. */
class Own<E> {
  readonly error: E
  constructor(error: E) {
    this.error = error
  }
}

/**
 * Runs a transaction whose own statements have a deadline. BEGIN, COMMIT and ROLLBACK cannot be interrupted: where one of them gets no
 * answer, the transaction is left to itself, in a fiber that nobody waits for. The body takes the time that it takes.
 */
const bounded = <A, E, R>(
  withTransaction: (body: Effect.Effect<A, E, R>) => Effect.Effect<A, E | SqlError, R>,
  body: Effect.Effect<A, E, R>,
  deadline: Duration.Duration
): Effect.Effect<A, E | SqlError | StorageError, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      let began = false
      const begun = Latch.makeUnsafe(false)
      const ended = Latch.makeUnsafe(false)
      const marked = Effect.suspend(() => {
        began = true
        begun.openUnsafe()
        return body
      })
      const fiber = yield* Effect.forkDetach(withTransaction(Effect.ensuring(marked, ended.open)))
      const exit = Fiber.await(fiber)
      const within = <X>(effect: Effect.Effect<X>) =>
        Effect.provideService(Effect.timeoutOption(Effect.interruptible(effect), deadline), Clock.Clock, realClock)
      const over = Effect.raceFirst(ended.await, exit)
      const answer = Effect.gen(function*() {
        const answered = yield* within(Effect.raceFirst(begun.await, exit))
        if (Option.isSome(answered)) {
          yield* over
          const exited = yield* within(exit)
          if (Option.isSome(exited)) return yield* exited.value
        }
        fiber.interruptUnsafe()
        const cause = new Error(`no answer within ${Duration.format(deadline)}`)
        return yield* new StorageError({ operation: "transaction", isRetryable: true, cause })
      })
      return yield* Effect.onInterrupt(restore(answer), () => {
        fiber.interruptUnsafe()
        return Effect.andThen(began ? over : Effect.void, within(exit))
      })
    })
  )

/**
 * The engine's own transactions see what is committed meanwhile, whatever the level is by default; a body's other transactions are begun
 * as the program says.
 */
export const readCommitted = <A, E, R>(
  sql: PgClient,
  body: Effect.Effect<A, E, R>
): Effect.Effect<A, E | SqlError, R> =>
  Effect.flatMap(BeginTransaction, (begin) =>
    Effect.provideService(
      sql.withTransaction(Effect.provideService(body, BeginTransaction, begin)),
      BeginTransaction,
      "begin isolation level read committed"
    ))

interface Finishing {
  readonly token: bigint
  readonly now: number
  readonly known: Known
  readonly members: ReadonlyArray<Member>
  readonly slots: ReadonlyArray<NewSlot>
  readonly children: ReadonlyArray<Invocation>
}

interface Claiming {
  readonly token: bigint
  readonly now: number
  readonly room: number
  readonly known: Known
  /** For queues: invocations up to this id are passed over, see `claim`. */
  readonly after?: ReadonlyMap<string, number>
}

/**
 * The transitions over Postgres.
 *
 * @internal
 */
export class Transitions extends Context.Service<Transitions, {
  readonly enqueue: (items: ReadonlyArray<Invocation>, now: number, again: boolean) => Effect.Effect<void, StorageError>
  readonly claim: (
    options: Claiming & { readonly joins: ReadonlyArray<Prepared>; readonly only: string | null }
  ) => Effect.Effect<ReadonlyArray<Task>, StorageError>
  /** Both in one transaction, for invocations that are not held. */
  readonly enqueueAndClaim: (
    options: Claiming & { readonly items: ReadonlyArray<Invocation> }
  ) => Effect.Effect<ReadonlyArray<Task>, StorageError>
  readonly finish: (options: Finishing) => Effect.Effect<ReadonlyArray<Task>, StorageError>
  readonly complete: (options: {
    readonly token: bigint | null
    readonly now: number
    readonly known: Known
    /** Its definition and actor are what it is taken for; of a definition without an actor only the name counts. */
    readonly id: string | null
    readonly definition: string
    readonly actorId: string | null
    readonly status: number
    readonly result: unknown
    readonly cause: unknown
    readonly outbound: boolean
  }) => Effect.Effect<ReadonlyArray<Task>, StorageError>
  /** An action under this token whose detail did not travel with the answer that handed it over; none when it is no longer under it. */
  readonly whatOf: (token: bigint, action: string) => Effect.Effect<Whole | undefined, StorageError>
  /** Results of an action's steps from an index on, a piece of a few MiB; none at the end. */
  readonly resultsAfter: (action: string, from: number) => Effect.Effect<ReadonlyArray<StoredResult>, StorageError>
  /** Slots of a step behind one with their results, a piece of a few MiB; none at the end. */
  readonly slotsAfter: (
    action: string,
    step: number,
    slot: number
  ) => Effect.Effect<ReadonlyArray<StoredSlot>, StorageError>
  readonly tick: Pass
  readonly prune: Pass
  readonly breakDeadlocks: (
    token: bigint | null,
    now: number,
    known: Known
  ) => Effect.Effect<ReadonlyArray<Task>, StorageError>
  readonly outcomes: (ids: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<Found>, StorageError>
  /** Registers a worker; its token fences everything that it writes. */
  readonly register: (name: string, lease: Duration.Duration) => Effect.Effect<bigint, StorageError>
  /** Prolongs the lease, also one that is over, unless somebody has taken over; answers how many of the given actions are no longer this worker's, and which it has by the rows. */
  readonly renew: (
    token: bigint,
    lease: Duration.Duration,
    running: ReadonlyArray<string>
  ) => Effect.Effect<
    { readonly lost: boolean; readonly gone: number; readonly held: ReadonlyArray<string> },
    StorageError
  >
  /** Gives up a token: what it still holds is taken over at once. With `burns` that counts as an attempt. */
  readonly unregister: (token: bigint, now: number, burns?: boolean) => Effect.Effect<void, StorageError>
  /** Takes over what dead workers left, not what is held under `spared`; on one-session databases everything of everybody before. */
  readonly recover: (now: number, spared?: ReadonlyArray<bigint>) => Effect.Effect<number, StorageError>
  /** The live actions and held jobs under a token, for a worker whose claim's answer was lost. */
  readonly heldBy: (
    token: bigint,
    /** Of these only that they are there is asked, not what they hold. */
    except?: ReadonlyArray<string>
  ) => Effect.Effect<{ readonly live: ReadonlyArray<Task>; readonly held: ReadonlyArray<Task> }, StorageError>
  /** Releases live rows by id and held jobs by action, without burning an attempt. */
  readonly release: (token: bigint, actions: ReadonlyArray<string>, now: number) => Effect.Effect<void, StorageError>
  /** Puts a held invocation back, to be prepared again at `due`. */
  readonly postpone: (token: bigint, queue: string, job: number, due: number) => Effect.Effect<void, StorageError>
  /** When the next wait or retry, and the next timeout, is due (user time in ms). */
  readonly nextDue: Effect.Effect<
    { readonly wait: number | undefined; readonly timeout: number | undefined },
    StorageError
  >
  /** Due jobs that a worker with these definitions and queues does not take, as far as they are among the first of their queues. */
  readonly unclaimed: (now: number, known: Known) => Effect.Effect<ReadonlyArray<Unclaimed>, StorageError>
  /** Deletes answers kept for handles since before the given time. */
  readonly forgetOutcomes: (before: number) => Effect.Effect<void, StorageError>
  /** Puts the job that a claim of one would take off to a later time; gives its action. */
  readonly setAside: (now: number, due: number, known: Known) => Effect.Effect<string | null, StorageError>
  /** Deletes history from before the given time (user time in ms); gives how many actions. */
  readonly deleteEnded: (before: number, limit: number) => Effect.Effect<number, StorageError>
  /** Gives jobs to live actions that nothing continues, on so many pages of their table; says which, and with which page to go on. */
  readonly heal: (now: number, page: number, pages: number) => Effect.Effect<{
    readonly healed: ReadonlyArray<Healed>
    readonly next: number | undefined
  }, StorageError>
  /** The database's clock minus this machine's, in ms, and by how much the way there and back may have falsified it. */
  readonly clockOffset: Effect.Effect<{ readonly millis: number; readonly uncertainty: number }, StorageError>
  /** Runs an effect in a transaction of the user's client, at read committed. */
  readonly withTransaction: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | StorageError, R>
  /** Whether the calling fiber is inside a transaction of the client. */
  readonly inTransaction: Effect.Effect<boolean>
  /** Runs an effect after the open transaction's commit, or now. */
  readonly afterCommit: (effect: Effect.Effect<void>) => Effect.Effect<void>
}>()("stepped/sql/Transitions") {
  static readonly layer: Layer.Layer<Transitions, never, PgClient | Storage> = Layer.effect(
    Transitions,
    Effect.gen(function*() {
      const sql = yield* PgClient
      const storage = yield* Storage
      const schema = storage.quoted
      const deadline = storage.deadline

      // A statement in the user's transaction is the user's to retry: after an error that transaction is over.
      const again = Schedule.exponential("10 millis", 2).pipe(Schedule.jittered, Schedule.upTo({ times: 8 }))
      // What the server refuses at the level that the database, the role or the session has by default. From then on it is run in a
      // transaction that states its level, which nothing of the session has to remember.
      const stating = new Set<string>()
      const atItsLevel = <A>(operation: string, statement: Effect.Effect<A, StorageError>) =>
        Effect.suspend(() =>
          stating.has(operation)
            ? withTransaction(statement)
            : Effect.catch(statement, (error) => {
              if (!isUnsuitable(error)) return Effect.fail(error)
              stating.add(operation)
              return withTransaction(statement)
            })
        )
      const call = (operation: string, text: string, params: ReadonlyArray<unknown>) =>
        sql.unsafe(text, params).values.pipe(
          answered(operation, deadline),
          (effect) =>
            Effect.flatMap(
              inTransaction,
              (inside) =>
                inside ? effect : Effect.retry(atItsLevel(operation, effect), {
                  schedule: again,
                  // a batch is the caller's to make smaller, and what need not be done together is not tried again together
                  while: (error) =>
                    refused(error) && operation !== "enqueueAndClaim" && !(batched.has(operation) && tookTooLong(error))
                })
            ),
          Effect.provideService(Clock.Clock, realClock),
          Effect.withTracerEnabled(false)
        )
      const tasks = (operation: string, text: string, params: ReadonlyArray<unknown>) =>
        Effect.map(call(operation, text, params), (rows) => rows.map(toTask))
      const inTransaction = Effect.map(
        Effect.serviceOption(sql.transactionService),
        (option) => Option.isSome(option) && isTransaction(option.value)
      )

      const textEnqueue = `select ${schema}.enqueue(${places(3 + width(invocationColumns))})`
      const enqueue = (items: ReadonlyArray<Invocation>, now: number, repeated: boolean) =>
        Effect.asVoid(call("enqueue", textEnqueue, [at(now), repeated, null, ...columns(items, invocationColumns)]))
      const textClaim = `select * from ${schema}.claim($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10, $11::jsonb)`
      const passed = (after: Claiming["after"]) =>
        after === undefined || after.size === 0 ? null : JSON.stringify(Object.fromEntries(after))
      const textEnqueueAndClaim = `select * from ${schema}.enqueue_and_claim(${places(8)}, $9::jsonb, ${
        places(9 + width(childColumns), 10)
      })`
      const textFinish = `select * from ${schema}.finish(${
        places(5 + width(memberColumns, slotColumns, childColumns))
      })`
      const textOutcomes = `with f as materialized (select * from ${schema}.outcomes_of($1)),
        w as (select *, ${schema}.weight(result) + ${schema}.weight(cause) as bytes from f),
        t as (select *, sum(bytes) over (rows unbounded preceding) - bytes < $2 as travels from w)
        select id, final, own, state, status, case when travels then result end, case when travels then cause end, definition, actor_id, travels, own_definition, own_actor_id
          from t`
      const textAddChildren = `select ${schema}.add_children(${places(1 + width(slotColumns, childColumns))})`
      const textComplete =
        `select * from ${schema}.complete($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11::jsonb, $12)`

      const pass = (name: string) => (by: bigint | null, now: number, k: Known, limit = 500) =>
        tasks(name, `select * from ${schema}.${name}($1, $2, $3, $4, $5, $6)`, [
          token(by),
          at(now),
          k.definitions,
          k.firstSteps,
          k.flags,
          PgTypes.int4(limit)
        ])

      // ROLLBACK cannot be interrupted, and would wait for ever on a connection that has died in silence; one whose statement is given up
      // without an answer is ended
      const answersStill = Effect.ignore(impatiently(sql.unsafe("select 1").values, "2 seconds"))

      const withTransaction = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | StorageError, R> =>
        bounded<A, Own<E>, R>(
          (body) => readCommitted(sql, Effect.onInterrupt(body, () => answersStill)),
          Effect.mapError(effect, (error) => new Own(error)),
          deadline
        ).pipe(
          // the effect's own SqlErrors are its own: only those of the transaction are ours
          Effect.mapError((error): E | StorageError =>
            error instanceof Own ? error.error : error instanceof StorageError ? error : lostTransaction(error)
          ),
          // a ROLLBACK on a connection that is gone is a defect there, beside what was to be rolled back; here it means the same as a
          // COMMIT whose answer is lost
          Effect.catchCause((cause) => {
            const lost = cause.reasons.filter(Cause.isDieReason).find(({ defect }) => defect instanceof SqlError)
            return lost === undefined
              ? Effect.failCause(cause)
              : Effect.fail(lostTransaction(lost.defect as SqlError))
          })
        )

      /** Several statements as one transition: nobody sees the first ones before the last one has ended. */
      const asOne = <A>(statements: Effect.Effect<A, StorageError>): Effect.Effect<A, StorageError> =>
        Effect.flatMap(inTransaction, (inside) => inside ? statements : withTransaction(statements))

      const finish = (o: Finishing) =>
        tasks("finish", textFinish, [
          token(o.token),
          at(o.now),
          o.known.definitions,
          o.known.firstSteps,
          o.known.flags,
          ...columns(o.members, memberColumns),
          ...columns(o.slots, slotColumns),
          ...columns<Omit<Invocation, "tk">>(o.children, childColumns)
        ])

      /** The member with the first of its children, under whose locks the others are added; none of them where it is stale. */
      const finishInParts = (o: Finishing) =>
        Effect.gen(function*() {
          const slots = partsOf(o.slots, weighSlot, slotsMax)
          const children = partsOf(o.children, weighInvocation, enqueueMax)
          const answer = yield* finish({ ...o, slots: slots[0] ?? [], children: children[0] ?? [] })
          if (answer.some(({ kind }) => kind === News.stale || kind === News.lostLease)) return answer
          for (let i = 1; i < Math.max(slots.length, children.length); i++) {
            yield* call("addChildren", textAddChildren, [
              at(o.now),
              ...columns(slots[i] ?? [], slotColumns),
              ...columns<Omit<Invocation, "tk">>(children[i] ?? [], childColumns)
            ])
          }
          return answer
        })

      return Transitions.of({
        enqueue: (items, now, repeated) =>
          countOf(items, weighInvocation, enqueueMax) === items.length
            ? enqueue(items, now, repeated)
            : asOne(Effect.forEach(
              partsOf(items, weighInvocation, enqueueMax),
              (part) => enqueue(part, now, repeated),
              { discard: true }
            )),
        claim: (o) =>
          tasks("claim", textClaim, [
            token(o.token),
            at(o.now),
            PgTypes.int4(o.room),
            o.known.queues,
            o.known.definitions,
            o.known.firstSteps,
            o.known.flags,
            o.known.prepare,
            o.joins.length === 0 ? null : JSON.stringify(o.joins),
            PgTypes.uuid(o.only),
            passed(o.after)
          ]),
        enqueueAndClaim: (o) =>
          tasks("enqueueAndClaim", textEnqueueAndClaim, [
            token(o.token),
            at(o.now),
            PgTypes.int4(o.room),
            o.known.queues,
            o.known.definitions,
            o.known.firstSteps,
            o.known.flags,
            o.known.prepare,
            passed(o.after),
            ...columns<Omit<Invocation, "tk">>(o.items, childColumns)
          ]),
        finish: (o) => {
          // one member may have more children than a statement takes; a batch is made so that it fits
          const large = o.members.length === 1 && o.children.length + o.slots.length > 1 &&
            (countOf(o.children, weighInvocation, enqueueMax) < o.children.length ||
              countOf(o.slots, weighSlot, slotsMax) < o.slots.length)
          return large ? asOne(finishInParts(o)) : finish(o)
        },
        complete: (o) =>
          tasks("complete", textComplete, [
            token(o.token),
            at(o.now),
            o.known.definitions,
            o.known.firstSteps,
            o.known.flags,
            PgTypes.uuid(o.id),
            PgTypes.text(o.definition),
            PgTypes.text(o.actorId),
            PgTypes.int2(o.status),
            json(o.result),
            json(o.cause),
            o.outbound
          ]),
        whatOf: (by, action) =>
          Effect.map(
            call("whatOf", `select arguments, detail from ${schema}.what_of($1, $2)`, [
              token(by),
              PgTypes.uuid(action)
            ]),
            (rows) => rows[0] && { arguments: rows[0][0], detail: rows[0][1] }
          ),
        resultsAfter: (action, from) =>
          Effect.map(
            call("resultsAfter", `select idx, result from ${schema}.results_after($1, $2, $3)`, [
              PgTypes.uuid(action),
              PgTypes.int4(from),
              PgTypes.int4(pieceBytes)
            ]),
            (rows) => rows.map((row): StoredResult => ({ step: row[0] as number, result: row[1] as string }))
          ),
        slotsAfter: (action, step, slot) =>
          Effect.map(
            call(
              "slotsAfter",
              `select slot, status, definition, actor_id, result, success from ${schema}.slots_after($1, $2, $3, $4)`,
              [PgTypes.uuid(action), PgTypes.int4(step), PgTypes.int4(slot), PgTypes.int4(pieceBytes)]
            ),
            (rows) =>
              rows.map((row): StoredSlot => ({
                slot: row[0] as number,
                status: row[1] as number | null,
                definition: row[2] as string,
                actorId: row[3] as string,
                result: row[4] as string | null,
                success: row[5] as string | null
              }))
          ),
        tick: pass("tick"),
        prune: pass("prune"),
        breakDeadlocks: (by, now, k) =>
          tasks("breakDeadlocks", `select * from ${schema}.break_deadlocks($1, $2, $3, $4, $5)`, [
            token(by),
            at(now),
            k.definitions,
            k.firstSteps,
            k.flags
          ]),
        outcomes: (ids) =>
          Effect.gen(function*() {
            const found: Array<Found> = []
            // what is beyond the bytes of one answer is asked for by the next
            for (let asked = ids; asked.length > 0;) {
              const rows = yield* call("outcomes", textOutcomes, [
                array(asked, PgTypes.OID.uuid),
                PgTypes.int4(answerBytes)
              ])
              const rest: Array<string> = []
              for (const row of rows) {
                if (row[9] === false) rest.push(row[0] as string)
                else {
                  found.push({
                    id: row[0] as string,
                    final: row[1] as string,
                    own: row[2] as number | null,
                    state: row[3] as Found["state"],
                    status: row[4] as number | null,
                    result: row[5],
                    cause: row[6],
                    definition: row[7] as string | null,
                    actorId: row[8] as string | null,
                    ownDefinition: row[10] as string | null,
                    ownActorId: row[11] as string | null
                  })
                }
              }
              asked = rest
            }
            return found
          }),
        register: (name, lease) =>
          Effect.map(
            call(
              "register",
              `insert into ${schema}.workers (name, lease_until, started_at) values ($1, clock_timestamp() + $2 * interval '1 millisecond', clock_timestamp()) returning token`,
              [PgTypes.text(name), PgTypes.float8(Duration.toMillis(lease))]
            ),
            (rows) => BigInt(rows[0]![0] as bigint | number)
          ),
        renew: (by, lease, running) =>
          Effect.map(
            call(
              "renew",
              `with w as (update ${schema}.workers set lease_until = clock_timestamp() + $2 * interval '1 millisecond' where token = $1 returning 1)
               select (select count(*)::int from w), (select count(*)::int from unnest($3::uuid[]) x where not exists (select 1 from ${schema}.live_actions l where l.id = x and l.token = $1)
                  and not exists (select 1 from ${schema}.jobs j where j.action = x and j.kind = 0 and j.token = $1)), array(select id::text from ${schema}.live_actions where token = $1 union all select action::text from ${schema}.jobs where priority = 101 and token = $1)`,
              [token(by), PgTypes.float8(Duration.toMillis(lease)), array(running, PgTypes.OID.uuid)]
            ),
            (rows) => ({
              lost: rows[0]![0] === 0,
              gone: rows[0]![1] as number,
              held: rows[0]![2] as ReadonlyArray<string>
            })
          ),
        unregister: (by, now, burns = false) =>
          Effect.asVoid(
            call("unregister", `select ${schema}.recover($1, $2, $3)`, [
              at(now),
              array([by], PgTypes.OID.int8),
              PgTypes.bool(burns)
            ])
          ),
        recover: (now, spared) =>
          Effect.map(
            call(
              "recover",
              // one process at a time has an embedded database: whoever is registered when it opens is dead, whatever its lease
              `select ${schema}.recover($1, ${
                storage.embedded ? `array(select token from ${schema}.workers)` : "'{}'"
              }, true, $2)`,
              [at(now), array(spared ?? [], PgTypes.OID.int8)]
            ),
            (rows) => rows[0]![0] as number
          ),
        heldBy: (by, except = []) =>
          Effect.gen(function*() {
            const live = yield* tasks(
              "heldBy",
              `select 1::smallint, id, definition, actor_id, case when x.d is not null then arguments end, step, phase, attempts, depth, x.d
                from ${schema}.live_actions cross join lateral (select case when id <> all($2) then ${schema}.detail_of(id) end as d offset 0) x where token = $1`,
              [token(by), array(except, PgTypes.OID.uuid)]
            )
            const held = yield* tasks(
              "heldBy",
              `select 2::smallint, action, definition, actor_id, case when action <> all($2) then arguments end, 0, 0::smallint, attempts, depth, ${schema}.held_detail(j)
                from ${schema}.jobs j where priority = 101 and token = $1`,
              [token(by), array(except, PgTypes.OID.uuid)]
            )
            return { live, held }
          }),
        release: (by, actions, now) =>
          Effect.asVoid(
            call("release", `select ${schema}.release($1, $2, $3)`, [
              token(by),
              array(actions, PgTypes.OID.uuid),
              at(now)
            ])
          ),
        postpone: (by, queue, job, due) =>
          Effect.asVoid(
            call(
              "postpone",
              `update ${schema}.jobs set priority = 100, token = null, attempts = attempts + 1, due_at = $4 where queue = $2 and priority = 101 and id = $3 and token = $1`,
              [token(by), PgTypes.text(queue), PgTypes.int8(BigInt(job)), at(due)]
            )
          ),
        nextDue: Effect.map(
          call(
            "nextDue",
            `select (extract(epoch from least((select min(due_at) from ${schema}.slots where status is null and due_at is not null), (select min(due_at) from ${schema}.jobs where due_at is not null))) * 1000)::float8,
              (extract(epoch from (select min(timeout_at) from ${schema}.live_actions where timeout_at is not null and outcome is null and status = 1)) * 1000)::float8`,
            []
          ),
          (rows) => ({
            wait: (rows[0]![0] ?? undefined) as number | undefined,
            timeout: (rows[0]![1] ?? undefined) as number | undefined
          })
        ),
        unclaimed: (now, k) =>
          Effect.map(
            call(
              "unclaimed",
              // what nobody takes stays at the front of its queue: a few rows of each show it, however long the queue
              `with recursive q(name) as (
                select min(queue) from ${schema}.jobs
                union all select (select min(j.queue) from ${schema}.jobs j where j.queue > q.name) from q where q.name is not null),
              j as (
                select x.* from q cross join lateral (select queue, definition, enqueued_at from ${schema}.jobs
                  where queue = q.name and priority < 100 order by priority, id limit 1000) x
                union all
                (select queue, definition, enqueued_at from ${schema}.jobs where due_at <= $1 order by due_at limit 1000))
              select queue, definition, (extract(epoch from min(enqueued_at)) * 1000)::float8 from j
                where not (queue = any($2) and definition = any($3)) group by queue, definition order by queue, definition`,
              [at(now), k.queues, k.definitions]
            ),
            (rows) =>
              rows.map((row): Unclaimed => ({
                queue: row[0] as string,
                definition: row[1] as string,
                since: row[2] as number
              }))
          ),
        forgetOutcomes: (before) =>
          Effect.asVoid(
            // whoever has joined an action is answered when that has ended, however long it took
            call(
              "forgetOutcomes",
              `delete from ${schema}.outcomes o where created_at < $1 and (follows is null or
                not exists (select 1 from ${schema}.live_actions l where l.id = o.follows) and
                not exists (select 1 from ${schema}.outcomes_of(array[o.follows]) f left join ${schema}.ended_actions e on e.id = f.final
                  where f.state = 'live' or e.ended_at >= $1))`,
              [at(before)]
            )
          ),
        setAside: (now, due, k) =>
          Effect.map(
            call("setAside", `select ${schema}.set_aside($1, $2, $3, $4)`, [at(now), at(due), k.queues, k.definitions]),
            (rows) => rows[0]![0] as string | null
          ),
        heal: (now, page, pages) =>
          Effect.map(
            call("heal", `select action, definition, actor_id, phase, next from ${schema}.heal($1, $2, $3)`, [
              at(now),
              PgTypes.int4(page),
              PgTypes.int4(pages)
            ]),
            (rows) => ({
              healed: rows.filter((row) => row[0] !== null).map((row): Healed => ({
                action: row[0] as string,
                definition: row[1] as string,
                actorId: row[2] as string,
                phase: row[3] as number
              })),
              next: (rows.at(-1)?.[4] ?? undefined) as number | undefined
            })
          ),
        deleteEnded: (before, limit) =>
          Effect.map(
            call("deleteEnded", `select ${schema}.delete_ended($1, $2)`, [at(before), PgTypes.int4(limit)]),
            (rows) => rows[0]![0] as number
          ),
        clockOffset: Effect.suspend(() => {
          const sent = realClock.currentTimeMillisUnsafe()
          return Effect.map(
            call("clockOffset", "select (extract(epoch from clock_timestamp()) * 1000)::float8", []),
            (rows) => {
              const received = realClock.currentTimeMillisUnsafe()
              return { millis: (rows[0]![0] as number) - (sent + received) / 2, uncertainty: (received - sent) / 2 }
            }
          )
        }),
        withTransaction,
        inTransaction,
        afterCommit: sql.afterCommit
      })
    })
  )
}
