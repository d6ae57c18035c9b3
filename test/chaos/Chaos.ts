/**
 * Chaos on a real server: random trees, asked for by clients and performed by worker processes, while workers are killed and frozen, the
 * server is stopped hard, sessions are ended, connections are cut and stalled, answers and notifications are lost, clocks are off, and
 * sessions are at another isolation level by default.
 * Then everything that must hold is looked at.
 *
 * A seed says which trees there are, and which faults come in which order; when exactly they hit is the machine's.
 */
import { Effect, Fiber, Result } from "effect"
import { SqlClient } from "effect/sql"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { examined } from "../harness/observing.ts"
import { startServer } from "../harness/PostgresServer.ts"
import { type Book, type Counts, openBook } from "./Book.ts"
import { startClients } from "./Clients.ts"
import { layerLooking, prepareDatabase, type Undisturbed } from "./Database.ts"
import { faultsFor } from "./Faults.ts"
import { startProxy } from "./Proxy.ts"
import { randomFrom } from "./Random.ts"
import { judge, stories } from "./verdict.ts"
import { startWorkers } from "./Workers.ts"
import type { Isolation } from "./World.ts"

export interface ChaosOptions {
  readonly trees: number
  readonly kills: number
  readonly seed: number
  /** How long faults and trees may go on, however much of them has come by then; what has begun is waited for. */
  readonly minutes?: number | undefined
  /** Takes a line now and then. */
  readonly tell?: (line: string) => void
}

export interface ChaosReport {
  readonly seconds: number
  readonly counts: Counts
  /** What is wrong; nothing, if all is well. */
  readonly findings: ReadonlyArray<string>
  /** What is there of the actions that they name. */
  readonly stories: ReadonlyArray<string>
}

const workplaces = 4
/** On average; long enough for a worker to have something in hand again. */
const betweenFaultsMs = 400
/** How long nothing at all may happen, whatever the faults are. */
const patienceMs = 60_000

/** Runs chaos to its end, and leaves nothing behind. */
export const chaos = (options: ChaosOptions): Effect.Effect<ChaosReport> =>
  Effect.scoped(Effect.gen(function*() {
    const begun = performance.now()
    const seconds = () => Math.round((performance.now() - begun) / 1000)
    const tell = (line: string) => Effect.sync(() => options.tell?.(`${seconds()} s: ${line}`))
    const book = openBook()
    const random = randomFrom(options.seed)
    const faults = faultsFor(options.kills, random)
    let struck = 0
    // neither faults nor trees come all at once: both go on until the end
    const asked = () => book.counts.trees / options.trees
    let endsAt = Infinity
    let isSilent = false
    const isOver = () => performance.now() > endsAt
    const isEarly = () => asked() > (struck + 1) / faults.length + 0.02

    const server = yield* Effect.orDie(startServer({ flags: ["fsync=off"] }))
    // gone with the server, however this ends
    const folder = join(server.folder, "logs")
    mkdirSync(folder)
    const undisturbed = yield* prepareDatabase(server.url)
    const proxies = yield* Effect.forEach(Array.from({ length: workplaces }), () => startProxy(server.url))
    const isolation = () => {
      const level = random.oneOf<Isolation>(["read committed", "repeatable read"])
      if (level !== "read committed") book.counts["processes at repeatable read"]++
      return level
    }
    const workers = yield* startWorkers({
      proxies,
      random,
      holding: holding(undisturbed),
      folder,
      onLost: book.accuse,
      clockMs: () => {
        const millis = random.oneOf([0, 0, 0, 0, 3_600_000, -3_600_000])
        if (millis !== 0) book.counts["clocks off"]++
        return millis
      },
      isolation,
      version: () => random.oneOf([1, 2])
    })
    const clientProxy = yield* startProxy(server.url)
    const clients = yield* startClients({
      proxy: clientProxy,
      isolation: isolation(),
      book,
      undisturbed,
      folder,
      trees: options.trees,
      seed: options.seed,
      isEarly,
      isOver,
      isSilent: () => isSilent
    })
    const victims = { server, workers, proxies: [...proxies, clientProxy], undisturbed }

    yield* Effect.forkScoped(
      Effect.forever(Effect.andThen(Effect.sleep("10 seconds"), Effect.suspend(() => tell(book.inWords()))))
    )
    yield* Effect.forkScoped(clients.complete)
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep("5 seconds"), visit(undisturbed, book))))

    const all = Effect.gen(function*() {
      // how long the server takes to start is not the run's
      if (options.minutes !== undefined) endsAt = performance.now() + options.minutes * 60_000
      const asking = yield* Effect.forkScoped(clients.ask)
      for (const strike of faults) {
        while (!isOver() && asked() < struck / faults.length - 0.02) yield* Effect.sleep("50 millis")
        // a busy machine has one kill at least
        if (isOver() && book.counts.kills > 0) break
        yield* strike(victims, random, book)
        struck++
        yield* Effect.sleep(random.below(2 * betweenFaultsMs))
      }
      yield* Effect.forEach(victims.proxies, (proxy) => proxy.heal)
      yield* tell("no more faults")
      // what rings for ever would never come to rest, and nobody would see that something else does not go on
      isSilent = true
      yield* silence(undisturbed, book)
      yield* Fiber.join(asking)
      yield* silence(undisturbed, book)
      yield* untilEmpty(undisturbed)
      return undefined
    })
    const stuck = yield* Effect.raceFirst(all, standstill(undisturbed))
    if (stuck !== undefined) book.accuse(`nothing goes on with\n${stuck}`)
    else {
      yield* tell("everything has ended")
      const ended = yield* Effect.result(Effect.timeout(workers.end, patienceMs))
      if (Result.isFailure(ended)) book.accuse("workers do not end when they are told to")
    }
    yield* judge({ book, clients, folder, undisturbed })
    yield* tell(book.inWords())
    // what ends from here on is meant to
    return {
      seconds: seconds(),
      counts: { ...book.counts },
      findings: [...book.findings],
      stories: yield* stories(undisturbed, book)
    }
  }))

/** The doctor is to find nothing on a system that lives, either; only what a dead worker held may be with nobody for a moment. */
const visit = (undisturbed: Undisturbed, book: Book) =>
  Effect.map(undisturbed(Effect.provide(examined, layerLooking)), (findings) => {
    for (const { invariant, problem, subject } of findings) {
      if (invariant !== 5) book.accuse(`the doctor found meanwhile (${invariant}): ${subject} ${problem}`)
    }
  })

/** Workers are registered by their host and process. */
const holding = (undisturbed: Undisturbed) =>
  undisturbed(Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.map(
      sql.unsafe<{ pid: number }>(
        "select distinct split_part(w.name, ':', 2)::int as pid from stepped.workers w join stepped.live_actions l on l.token = w.token where w.name like '%:%'"
      ),
      (rows) => new Set(rows.map(({ pid }) => pid))
    )))

const left = (undisturbed: Undisturbed) =>
  undisturbed(Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.map(
      sql.unsafe<{ subject: string }>(
        `select concat_ws(' ', id, definition, arguments->>0, 'in', lane, 'status', status, 'phase', phase, 'step', step, 'token', token, 'outcome', outcome, 'attempts', attempts,
            (select string_agg(concat_ws(' ', 'waits for', o.child, o.due_at), ', ') from stepped.slots o where o.action = l.id and o.status is null)) as subject
          from stepped.live_actions l
          union all select concat_ws(' ', 'job', id, kind, action, definition, arguments->>0, 'priority', priority, 'token', token, 'due', due_at) from stepped.jobs
          union all select 'abandoned ' || action from stepped.abandoned_by`
      ),
      (rows) => rows.map(({ subject }) => subject)
    )))

/** Waits until each schedule has fired all that is due, and pauses it then. */
const silence = (undisturbed: Undisturbed, book: Book) =>
  Effect.gen(function*() {
    const since = performance.now()
    while (true) {
      yield* undisturbed(Effect.flatMap(SqlClient.SqlClient, (sql) =>
        sql`update stepped.schedules set paused_at = clock_timestamp(), paused_by = 'chaos', paused_reason = 'the run is over'
          where paused_at is null and next_at > clock_timestamp()`))
      const [left] = yield* undisturbed(Effect.flatMap(SqlClient.SqlClient, (sql) =>
        sql<
          { names: string | null }
        >`select string_agg(name, ', ') as names from stepped.schedules where paused_at is null`))
      if (left!.names === null) {
        return
      }
      if (performance.now() - since > patienceMs) {
        return book.accuse(`nobody fires what is due of ${left!.names}`)
      }
      yield* Effect.sleep("100 millis")
    }
  })

const untilEmpty = (undisturbed: Undisturbed) =>
  Effect.gen(function*() {
    while ((yield* left(undisturbed)).length > 0) yield* Effect.sleep("200 millis")
  })

/** Waits until nothing has ended for so long that nothing will; gives what is left. */
const standstill = (undisturbed: Undisturbed) =>
  Effect.gen(function*() {
    let last = -1
    let since = performance.now()
    while (true) {
      const [row] = yield* undisturbed(Effect.flatMap(SqlClient.SqlClient, (sql) =>
        sql.unsafe<{ seq: number }>("select coalesce(max(seq), 0)::int as seq from chaos.notes")))
      if (row!.seq !== last) {
        since = performance.now()
      }
      last = row!.seq
      if (performance.now() - since > patienceMs) {
        return (yield* left(undisturbed)).join("\n")
      }
      yield* Effect.sleep("1 second")
    }
  })
