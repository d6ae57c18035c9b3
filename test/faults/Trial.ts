/**
 * One tree under one injection: a client asks for work, a worker performs it, whoever dies is followed by another one, and what came of
 * it has to be what comes of it without faults.
 */
import { Cause, Clock, Effect, Exit, Fiber, type Layer, Schedule } from "effect"
import { SqlClient, SqlError } from "effect/sql"
import { deepStrictEqual } from "node:assert/strict"
import type { Engine, Stepped } from "stepped"
import { brokenRules, clear } from "../model/Trees.ts"
import type { Injection } from "./Injection.ts"
import { type Pool, type Process, type Services, startProcess } from "./Process.ts"

export interface Tree {
  readonly name: string
  /** New for every trial. */
  readonly cast: () => Cast
}

export interface Cast {
  readonly settings?: Stepped.EngineOptions
  /** Built by every process. */
  readonly definitions: Layer.Layer<never, never, Engine | SqlClient.SqlClient>
  /** Has everything done, and gives what is to be seen then. */
  readonly play: (stage: Stage) => Effect.Effect<unknown, unknown>
  /** Whether bodies have transactions of their own. */
  readonly ownTransactions?: boolean
  /** Whether the client's process is a worker too. */
  readonly clientWorks?: boolean
  /** What may be seen; anything, if not given. */
  readonly allowed: ReadonlyArray<unknown> | undefined
  /** The order, in a few words, that leads to what was seen, where that is none of these and may hang on who is faster. */
  readonly inOtherOrder?: (seen: unknown) => Effect.Effect<ReadonlyArray<string> | undefined>
}

/** What a client hears: an answer, an error of the API, or nothing, since it is dead. */
export type Heard<A> =
  | { readonly _tag: "Answer"; readonly value: A }
  | { readonly _tag: "Error"; readonly error: unknown }
  | { readonly _tag: "Death" }

export interface Stage {
  /** A client without faults, for looking. */
  readonly sql: SqlClient.SqlClient
  /** Asks the client's process once. */
  readonly ask: <A, E>(effect: Effect.Effect<A, E, Services>) => Effect.Effect<Heard<A>>
  /** Asks until there is an answer: for what may be repeated. */
  readonly insist: <A, E>(effect: Effect.Effect<A, E, Services>) => Effect.Effect<A>
  /** Whether a process has died, or lost its lease. */
  readonly mayRepeat: () => boolean
  /** Waits until nothing goes on by itself. */
  readonly idle: Effect.Effect<void>
  readonly advance: (millis: number) => Effect.Effect<void>
  /**
   * Performs everything: when it is idle `outside` completes what it can, and where that is nothing the clock goes to the next wait.
   * Gives whether anything is left.
   */
  readonly drain: (outside: Effect.Effect<boolean>) => Effect.Effect<boolean>
}

export interface Slot {
  /** For looking. */
  readonly sql: SqlClient.SqlClient
  /** Sessions for a process, used or new. */
  readonly pool: (role: "worker" | "client") => Effect.Effect<Pool>
}

export interface Trial {
  readonly tree: Tree
  readonly injection: Injection
  /** What came of it. */
  readonly seen: unknown
  /** What is wrong, if something is. */
  readonly problem: string | undefined
  /** The order in which everything went on, where that is another than a single performer's and as right. */
  readonly order: ReadonlyArray<string> | undefined
  readonly millis: number
}

const settings: Stepped.EngineOptions = {
  databaseClock: false,
  lease: "2 seconds",
  statementTimeout: "500 millis",
  pollInterval: "200 millis",
  retry: Schedule.spaced("1 millis"),
  // a machine that is busy exceeds deadlines that short by itself
  attempts: 50
}

/** Whoever keeps an order waits for it, in the middle of statements too. */
const patient: Stepped.EngineOptions = { lease: "20 seconds", statementTimeout: "5 seconds" }

/**
 * At rest is a trial in which nothing goes on without anybody's help (`goingOn` finds nothing, nothing is tried again, and the next wait is in
 * times to come). Alone that takes less than 15 seconds, whatever is hit: the longest that an engine waits for by itself are a lease (2 s), some
 * statements' deadlines, and the seconds in which a process that ends asks a database that does not answer. Wall clock says nothing of that
 * beside other work, so that only four times as long fails a trial; the list of the slowest ones, which a campaign prints, tells what has come
 * near. With `--rest 15` a campaign fails by it.
 */
const restMillis = 60_000
/** How long a process has to come to its end, for the same reason. */
const endMillis = 60_000
const realClock = Clock.Clock.defaultValue()

/** When each trial begins, in user time. */
export const userStart = 1_000_000_000_000

/** User time: it stands still until somebody moves it, while sleeping takes its time. */
const makeUserClock = () => {
  let millis = userStart
  const clock: Clock.Clock = Object.assign(Object.create(realClock) as Clock.Clock, {
    currentTimeMillisUnsafe: () => millis,
    currentTimeMillis: Effect.sync(() => millis)
  })
  return { clock, now: () => millis, set: (to: number) => void (millis = to) }
}

/** Runs one tree under one injection, to its rest. */
export const runTrial = (slot: Slot, tree: Tree, injection: Injection): Effect.Effect<Trial> =>
  Effect.gen(function*() {
    const began = performance.now()
    const processes: Array<Process> = []
    // on its own: what does not let itself be interrupted must not hold up the others
    const cast = tree.cast()
    const fiber = yield* Effect.forkDetach(Effect.scoped(play(slot, cast, injection, processes)))
    const exit = yield* Effect.timeoutOrElse(Fiber.await(fiber), {
      // more than rests and ends together, as far as a tree has some of them one after another
      duration: "5 minutes",
      orElse: () => Effect.succeed(Exit.die(new Error("it does not come to its end")))
    })
    // what a failing trial leaves must not perform the next one's work
    yield* Effect.forEach(processes.filter(({ isOver }) => !isOver()), ({ bury }) => bury)
    const millis = performance.now() - began
    const trial = { tree, injection, millis, order: undefined }
    if (Exit.isFailure(exit)) return { ...trial, seen: undefined, problem: Cause.pretty(exit.cause) }
    const { broken, seen } = exit.value
    if (broken.length > 0) return { ...trial, seen, problem: broken.join("\n") }
    const { allowed, inOtherOrder } = cast
    if (allowed === undefined || allowed.some((one) => fits(seen, one))) return { ...trial, seen, problem: undefined }
    const order = inOtherOrder === undefined ? undefined : yield* inOtherOrder(seen)
    return { ...trial, seen, order, problem: order === undefined ? difference(seen, allowed[0]) : undefined }
  }).pipe(Effect.provideService(Clock.Clock, realClock))

const play = (slot: Slot, cast: Cast, injection: Injection, processes: Array<Process>) =>
  Effect.gen(function*() {
    const { sql } = slot
    let heals = 0
    yield* clear.pipe(Effect.provideService(SqlClient.SqlClient, sql))
    yield* sql`truncate stepped.workers, effects`
    const time = makeUserClock()

    const start = (role: "worker" | "client") =>
      Effect.flatMap(slot.pool(role), (pool) =>
        startProcess({
          pool,
          role,
          works: role === "worker" || cast.clientWorks === true,
          isPatient: role === "client" || cast.ownTransactions === true,
          injection,
          clock: time.clock,
          settings: { ...settings, ...injection.isReplay ? patient : {}, ...cast.settings },
          definitions: cast.definitions,
          onHealed: () => void heals++,
          sql
        })).pipe(
          Effect.retry({ times: 3 }),
          Effect.orDie,
          Effect.tap((process) => Effect.sync(() => processes.push(process)))
        )

    // the worker, and whoever takes over from it
    let worker: Process | undefined
    const working = yield* Effect.forkScoped(Effect.gen(function*() {
      while (true) {
        worker = yield* start("worker")
        yield* worker.died
        yield* worker.bury
      }
    }))

    let client: Process | undefined
    const ask: Stage["ask"] = (effect) =>
      Effect.gen(function*() {
        client ??= yield* start("client").pipe(
          // one that works may die while nobody asks it, and its sessions with it
          Effect.tap((process) =>
            Effect.forkDetach(
              Effect.andThen(process.died, Effect.suspend(() => process.isOver() ? Effect.void : process.bury))
            )
          )
        )
        const exit = yield* client.run(effect)
        if (exit === undefined) {
          yield* client.bury
          client = undefined
          return { _tag: "Death" } as const
        }
        if (Exit.isSuccess(exit)) return { _tag: "Answer", value: exit.value } as const
        const error = exit.cause.reasons.find(Cause.isFailReason)
        if (error === undefined && !isOfDriver(exit.cause)) {
          return yield* Effect.die(new Error(`a client hears of a defect: ${Cause.pretty(exit.cause)}`))
        }
        yield* client.settled
        return { _tag: "Error", error: error?.error } as const
      })
    const insist: Stage["insist"] = (effect) =>
      Effect.gen(function*() {
        const deadline = performance.now() + restMillis
        // where the machine is busy statements exceed their time, too
        for (let attempt = 0; attempt < 10 || performance.now() < deadline; attempt++) {
          const heard = yield* ask(effect)
          if (heard._tag === "Answer") return heard.value
        }
        return yield* Effect.die(new Error("what a client has asked for came to nothing, however often"))
      })

    const fails = Effect.suspend(() => {
      const exit = working.pollUnsafe()
      return exit !== undefined && Exit.isFailure(exit) ? Effect.failCause(exit.cause) : Effect.void
    })
    const idle = Effect.gen(function*() {
      const deadline = performance.now() + restMillis
      while ((yield* goingOn(time.now())) > 0 || (yield* hurry(time.now()))) {
        yield* fails
        if (performance.now() > deadline) {
          return yield* Effect.die(new Error(`it does not come to rest:\n${(yield* left).join("\n")}`))
        }
        yield* Effect.sleep("5 millis")
      }
    }).pipe(Effect.provideService(SqlClient.SqlClient, sql), Effect.orDie)

    const drain: Stage["drain"] = (outside) =>
      Effect.gen(function*() {
        for (let pass = 0; pass < 1000; pass++) {
          yield* idle
          if (yield* outside) continue
          const next = yield* nextDue
          if (next === undefined) break
          time.set(Math.max(next, time.now()))
        }
        return (yield* left).length > 0
      }).pipe(Effect.provideService(SqlClient.SqlClient, sql), Effect.orDie)

    const stage: Stage = {
      sql,
      ask,
      insist,
      mayRepeat: () => processes.some(({ isDead, leases }) => isDead() || leases() > 1),
      idle,
      // what was asked for before has the time of before: it is not to be late by all of this
      advance: (millis) =>
        Effect.gen(function*() {
          time.set(time.now() + millis)
          yield* Effect.sleep("100 millis")
          yield* Effect.forEach([worker, client], (process) => process?.settled ?? Effect.void)
        }),
      drain
    }
    const seen = yield* cast.play(stage)
    injection.stop()
    const rules = yield* insist(brokenRules({ oneClock: true }))
    const broken = heals === 0 ? rules : [...rules, `what a transition has left behind was healed ${heals} times`]
    yield* Fiber.interrupt(working)
    for (const process of [worker, client]) {
      if (process !== undefined && !process.isDead()) {
        yield* Effect.timeoutOrElse(process.end, {
          duration: endMillis,
          orElse: () => Effect.die(new Error("a process does not come to its end"))
        })
        // sessions that hung are not for others
        if (injection.hits.some(({ fault }) => fault === "hang" || fault === "silence")) yield* process.bury
      }
    }
    return { seen, broken }
  })

/** Equal, but for what faults have left open. */
const fits = (seen: unknown, allowed: unknown): boolean => {
  if (seen === undefined) return true
  if (typeof seen !== "object" || seen === null || typeof allowed !== "object" || allowed === null) {
    return seen === allowed
  }
  const [mine, theirs] = [Object.entries(seen), Object.entries(allowed)]
  return mine.length === theirs.length &&
    mine.every(([key, value]) => key in allowed && fits(value, (allowed as Record<string, unknown>)[key]))
}

/**
 * A ROLLBACK that fails on a connection that is gone makes all that failed in a program's own transaction a defect, which is no doing of
 * the engine's.
 */
const isOfDriver = (cause: Cause.Cause<unknown>): boolean =>
  cause.reasons.some((reason) => Cause.isDieReason(reason) && reason.defect instanceof SqlError.SqlError)

const difference = (seen: unknown, expected: unknown): string => {
  try {
    deepStrictEqual(seen, expected)
  } catch (error) {
    return (error as Error).message
  }
  return "what was seen is none of what is allowed"
}

/** A step that waits, with a time of its own. */
const waitsLate = `l.phase = 1 and l.token is null and exists (
  select 1 from stepped.slots o where o.action = l.id and o.step = l.step and o.status is null)`

/** How much goes on, or will without anybody's help: due, held, left behind, or a cycle that a sweep has to find. */
const goingOn = (now: number) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.map(
      sql<{ n: number }>`with at as (select to_timestamp(${now} / 1000.0) as due) select (
        (select count(*) from stepped.jobs j, at where (due_at is null or due_at <= due) and priority <> 1002
          and not (kind = 0 and token is null and cancelled_at is null and attempts = 0 and exists (select 1 from stepped.pauses p
            where p.kind = 'everything' or (p.kind = 'queue' and p.subject = j.queue) or (p.kind = 'definition' and p.subject = j.definition))))
        + stepped.resumes()::int
        + (select count(*) from stepped.named_lanes, at where due_at <= due)
        + (select count(*) from stepped.live_actions where token is not null)
        + (select count(*) from stepped.abandoned_by)
        + (select count(*) from stepped.schedules, at where next_at <= due and paused_at is null
          and not exists (select 1 from stepped.pauses where kind = 'schedules'))
        + (select count(*) from stepped.slots, at where status is null and due_at <= due)
        + (select count(*) from stepped.queue_elements, at where state = 1 or (state = 0 and due_at <= due))
        + (select count(*) from stepped.live_actions, at where timeout_at <= due and outcome is null and status = 1)
        + (select count(*) from stepped.live_actions l, at where step_timeout_at <= due and ${sql.literal(waitsLate)})
        + (select count(*) from stepped.live_actions, at where silent_at <= due and outcome is null)
        + (select count(*) from stepped.live_actions w where w.status = 0 and w.outcome is null and stepped.is_deadlocked(w.id)))::int as n`,
      (rows) => rows[0]!.n
    ))

/**
 * What has died, or met an error of the database, is tried again some user time later: that is not to be overtaken by what the scenario
 * does next. Clocks of executions ring at their time. Gives whether there was any.
 */
const hurry = (now: number) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.map(
      sql`update stepped.jobs j set due_at = to_timestamp(${now} / 1000.0) where due_at > to_timestamp(${now} / 1000.0) and kind <> 2
        and (attempts > 0 or exists (select 1 from stepped.live_actions l where l.id = j.action and l.attempts > 0)) returning 1`,
      (rows) => rows.length > 0
    ))

/** When the next wait, retry or start that a lane has put off is due, or a timeout before it. */
const nextDue = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.map(
    sql<{ due: number | null }>`select (extract(epoch from least(w.due, t.due)) * 1000)::float8 as due from
      (select least((select min(due_at) from stepped.slots where status is null), (select min(due_at) from stepped.jobs),
        (select min(due_at) from stepped.queue_elements where state = 0), (select min(due_at) from stepped.named_lanes), (select min(next_at) from stepped.schedules where paused_at is null
          and not exists (select 1 from stepped.pauses where kind = 'schedules')),
        (select min(silent_at) from stepped.live_actions where outcome is null),
        (select min(step_timeout_at) from stepped.live_actions l where ${sql.literal(waitsLate)})) as due) w,
      (select min(timeout_at) as due from stepped.live_actions where outcome is null and status = 1) t
      where w.due is not null`,
    (rows) => rows[0]?.due ?? undefined
  ))

const left = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.map(
    sql<
      { subject: string }
    >`select concat_ws(' ', 'action', id, definition, arguments->>0, 'in', lane, 'status', status, 'phase', phase,
        'step', step, 'token', token, 'outcome', outcome, 'attempts', attempts) as subject from stepped.live_actions
      union all select concat_ws(' ', 'job', id, kind, action, definition, arguments->>0, 'priority', priority, 'token', token, 'due', due_at) from stepped.jobs
      union all select concat_ws(' ', 'abandoned', action) from stepped.abandoned_by`,
    (rows) => rows.map(({ subject }) => subject)
  ))
