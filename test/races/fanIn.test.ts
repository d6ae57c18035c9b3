/**
 * Many children that end at once, in several engines: the parent goes on exactly once, no wake-up is lost, and the server finds no
 * deadlock, however impatiently it looks for one (rule 4.4).
 *
 * `STEPPED_ROUNDS=10000` makes it long.
 */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Layer, Option, Redacted, References, Schema } from "effect"
import type { Context } from "effect"
import { SqlClient } from "effect/sql"
import { readFileSync } from "node:fs"
import { type ActionHandle, Cancelled, Step, Stepped } from "stepped"
import { healthy } from "../harness/databases.ts"
import { layerUrl, startServer } from "../harness/Server.ts"
import { allEnded, layerWorkers, noDeadlock, until } from "../harness/workers.ts"

const rounds = Number(process.env.STEPPED_ROUNDS ?? 240)
const sizes = [2, 3, 2, 8, 5, 2, 13, 3, 64, 4, 2, 21, 6, 2, 34, 3]

/** How the children of a round end. */
const kinds = [
  "performed",
  "completed",
  "superseding",
  "performed",
  "achieved",
  "cancelled",
  "completed",
  "timing out",
  "failing",
  "shared"
] as const
type Kind = typeof kinds[number]

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

/** What bodies have seen, by round: how often the parent went on and its callbacks ran, and who waits for somebody outside. */
class Round {
  readonly kind: Kind
  readonly size: number
  readonly arrived = Deferred.makeUnsafe<void>()
  readonly asked = new Set<number>()
  gathered = 0
  called = 0
  constructor(n: number) {
    this.kind = kinds[n % kinds.length]!
    this.size = sizes[(n * 7) % sizes.length]!
  }
}
const seen = new Map<number, Round>()
const roundOf = (n: number) => seen.get(n)!

const numbers = (size: number) => Array.from({ length: size }, (_, i) => i)
const cars = (round: number, size: number) => numbers(size).map((i) => Car.ref(round * 100 + i))

const both = [Schema.Int, Schema.Int] as const
const honk = Stepped.action("honk", { arguments: [Schema.Int], success: Schema.Int })
  .step((n) => Effect.succeed(n))
const failing = Stepped.action("failing", { arguments: [Schema.Int], error: Schema.String })
  .step("work", () => Effect.fail("no"))
  .after(() => Effect.void)
const ask = Stepped.action("ask", {
  arguments: both,
  success: Schema.Int,
  outbound: true,
  timeout: (round) => roundOf(round).kind === "timing out" ? "100 millis" : "1 hour"
})
  .step("ask", (round, size) =>
    Effect.map(Car, ({ id }) => {
      const { arrived, asked } = roundOf(round)
      if (asked.add(id).size === size) Deferred.doneUnsafe(arrived, Exit.void)
    }))
  .failed(() => Effect.void)
  .cancelled(() => Effect.void)
// few lanes for the children of all rounds
const turn = Stepped.action("turn", {
  arguments: both,
  success: Schema.Int,
  concurrencyKey: (lane) => ["turn", lane],
  checksum: (_, n) => n % 3 === 0 ? n : undefined
})
  .step("a", () => Effect.yieldNow)
  .step("b", (_, n) => Effect.succeed(n), { transactional: true })
// few achievements, which many lanes grant and erase
const build = Stepped.action("build", {
  arguments: both,
  success: Schema.Int,
  concurrencyKey: (lane) => ["build", lane],
  checksumKey: (_, n) => ["built", n % 7],
  checksum: (_, n) => n
}).step((_, n) => Effect.succeed(n))
const common = Stepped.action("common", {
  arguments: [Schema.Int],
  success: Schema.Int,
  checksum: (n) => n,
  concurrencyKey: () => "common"
}).step((n) => Effect.as(Effect.yieldNow, n))

// one child that many parents wait for
const shared = Stepped.action("shared", { success: Schema.Int, outbound: true, checksum: () => "same" })
  .step(() => Effect.void)
const share = Stepped.action("share", { success: Schema.Int })
  .step(() => Effect.map(Step.on(Car.ref(0), shared), ([child]) => child!))

const children = (round: number): Effect.Effect<ReadonlyArray<unknown>, never, Step> => {
  const { kind, size } = roundOf(round)
  switch (kind) {
    case "performed":
      return Step.on(cars(round, size), honk, round)
    case "failing":
      return Step.on(cars(round, size), failing, round)
    case "superseding":
      return Effect.map(
        Effect.forEach(numbers(size), (i) => Step.on(Car.ref(i), turn, (round + i) % 8, round + i)),
        (all) => all.flat()
      )
    case "achieved":
      return Effect.map(
        Effect.forEach(numbers(size), (i) => Step.on(Car.ref(i), build, i % 16, (round * i) % 50)),
        (all) => all.flat()
      )
    case "shared":
      return Effect.map(
        Effect.forEach(numbers(size), (i) => Step.on(Car.ref(i), common, round >> 5)),
        (all) => all.flat()
      )
    default:
      return Step.on(cars(round, size), ask, round, size)
  }
}
const gather = Stepped.action("gather", { arguments: [Schema.Int], success: Schema.Int })
  .step("children", (round) => Effect.asVoid(children(round)))
  .step("next", (round) =>
    Effect.sync(() => {
      roundOf(round).gathered++
      return round
    }))
  .after((round) =>
    Effect.sync(() => {
      roundOf(round).called++
    })
  )
const Cars = Stepped.actions(Car, [honk, failing, ask, turn, build, common, shared, share, gather])

type Engine = Context.Context<Stepped.Services | SqlClient.SqlClient>

/** One parent and its children; every engine has a hand in their ends. */
const play = (n: number, engines: ReadonlyArray<Engine>) =>
  Effect.gen(function*() {
    const round = new Round(n)
    seen.set(n, round)
    const by = (i: number) => Effect.provide(engines[i % engines.length]!)
    const root = yield* Effect.flatMap(Cars.client, (client) => client(n).gatherLater(n)).pipe(by(n))
    const complete = (only: (i: number) => boolean) =>
      Effect.forEach(
        cars(n, round.size).filter((_, i) => only(i)),
        (car, i) => Stepped.complete(car, ask, Stepped.Outcome.succeeded(i)).pipe(by(i)),
        { concurrency: "unbounded" }
      )
    let cancelled = false
    switch (round.kind) {
      case "completed": {
        yield* Deferred.await(round.arrived)
        const answers = yield* complete(() => true)
        assert.isTrue(answers.every(Option.isSome))
        break
      }
      case "timing out":
        yield* Deferred.await(round.arrived)
        yield* complete((i) => i % 2 === 0)
        break
      case "cancelled":
        yield* Deferred.await(round.arrived)
        ;[cancelled] = yield* Effect.all([by(n + 1)(root.cancel), complete((i) => n % 4 === 0 || i > 0)], {
          concurrency: "unbounded"
        })
    }
    yield* by(n)(ends(n, round, root, cancelled))
    seen.delete(n)
  })

const ends = (n: number, round: Round, root: ActionHandle, cancelled: boolean) =>
  Effect.gen(function*() {
    const exit = yield* Effect.exit(root.await).pipe(
      Effect.timeoutOrElse({
        duration: "1 minute",
        orElse: () =>
          Effect.flatMap(left(root.id), (rows) =>
            Effect.die(new Error(`round ${n} (${round.kind} ${round.size}) waits for ever:\n${rows.join("\n")}`)))
      })
    )
    const well = Exit.isSuccess(exit)
    const text = `round ${n} (${round.kind} ${round.size}): ${exit}`
    assert.deepStrictEqual([round.called, round.gathered], [1, well ? 1 : 0], text)
    switch (round.kind) {
      case "cancelled":
        assert.strictEqual(well, !cancelled, text)
        if (cancelled) {
          assert.instanceOf(yield* Effect.flip(exit), Cancelled)
        }
        break
      case "timing out":
      case "failing":
        assert.isFalse(well, text)
        break
      default:
        assert.isTrue(well, text)
    }
  })

/** What an action waits for, and what is live or queued at all. */
const left = (id: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    sql<{ line: string }>`
      select concat_ws(' ', 'waits', o.step, o.slot, 'for', o.definition, o.child, f.state) as line
      from stepped.slots o left join stepped.outcomes_of(array[o.child]) f on true where o.action = ${id} and o.status is null
      union all select 'live ' || to_jsonb(l)::text from stepped.live_actions l
      union all select 'job ' || to_jsonb(j)::text from stepped.jobs j
      union all select 'prune ' || to_jsonb(p)::text from stepped.prunes p`).pipe(
      Effect.map((rows) => rows.map(({ line }) => line))
    )

const deadlocks = (file: string) => readFileSync(file, "utf8").split("\n").filter((line) => line.includes(" 40P01 "))

/** Two that want each other's lock. */
const deadlock = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const locked = [yield* Deferred.make<void>(), yield* Deferred.make<void>()] as const
  const one = (n: 0 | 1) =>
    sql.withTransaction(Effect.gen(function*() {
      yield* sql`select pg_advisory_xact_lock(${n}::int)`
      yield* Deferred.succeed(locked[n], undefined)
      yield* Effect.forEach(locked, Deferred.await)
      yield* sql`select pg_advisory_xact_lock(${1 - n}::int)`
    }))
  yield* Effect.all([Effect.exit(one(0)), Effect.exit(one(1))], { concurrency: "unbounded" })
})

it.live(
  `4.4: children of ${rounds} steps end at once, and the server's log names no deadlock`,
  () =>
    Effect.gen(function*() {
      const { logFile, url } = yield* startServer({
        flags: ["deadlock_timeout=1ms", "log_lock_waits=off", "log_line_prefix=%m [%p] %e %d "]
      })
      const database = Redacted.make(Redacted.value(url))
      // a lease that ends on a busy machine would let a body run twice, which is right, and not what is counted here
      const engine = (migrate: boolean) =>
        Stepped.worker({ concurrency: 64, connections: 3 }).pipe(
          Layer.provideMerge(Cars.layer),
          Layer.provideMerge(Stepped.layer({ migrate, lease: "20 seconds", pollInterval: "50 millis" })),
          Layer.provideMerge(layerUrl(database, { maxConnections: 10 })),
          Layer.fresh
        )
      const first = yield* Layer.build(engine(true))
      const engines = [first, yield* Layer.build(engine(false))]
      yield* Effect.forEach(numbers(rounds), (n) => play(n, engines), { concurrency: 24, discard: true })
      yield* Effect.provide(Effect.andThen(allEnded, healthy), first)
      assert.deepStrictEqual(deadlocks(logFile), [])
      // one that is made for it shows there
      yield* Effect.provide(deadlock, first)
      assert.isNotEmpty(deadlocks(logFile))
    }).pipe(Effect.scoped, Effect.provideService(References.MinimumLogLevel, "Warn")),
  60_000 + rounds * 200
)

it.effect("4.4: of 200 parents that wait for one child each goes on once", () =>
  Effect.gen(function*() {
    const client = yield* Cars.client
    const sql = yield* SqlClient.SqlClient
    const handles = yield* Effect.forEach(numbers(200), (n) => client(n + 1).shareLater(), { concurrency: "unbounded" })
    yield* until(
      "all parents wait for the one",
      Effect.map(
        sql<{ n: number }>`select count(*)::int as n from stepped.slots o join stepped.live_actions l on l.id = o.child
          where o.status is null and l.phase = 2`,
        (rows) => rows[0]!.n === 200
      )
    )
    yield* Stepped.complete(Car.ref(0), shared, Stepped.Outcome.succeeded(7))
    const results = yield* Effect.forEach(handles, (handle) => handle.await, { concurrency: "unbounded" })
    assert.deepStrictEqual(results, numbers(200).map(() => 7))
    yield* allEnded
    yield* healthy
    yield* noDeadlock
  }).pipe(Effect.provide(layerWorkers(Cars.layer))))
