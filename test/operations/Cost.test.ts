/**
 * What an action costs in statements, commits and bytes of WAL, on a running engine: rates are noise on a test machine, counts are
 * not. `bench/` has the rates.
 */
import { PgClient } from "@effect/sql-pg"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { type Context, Effect, Exit, Layer, Scope } from "effect"
import { Stepped } from "stepped"
import { performDue } from "stepped/testing"
import { healthy } from "../harness/databases.ts"
import { layerUrl, startServer } from "../harness/Server.ts"
import {
  absent,
  careful,
  Cars,
  CarsLive,
  type Client,
  type Clients,
  cost,
  drive,
  fleet,
  noted,
  numbers,
  reporting,
  steps,
  still
} from "./fixtures/cost.ts"

describe("the cost of actions", () => {
  const engine = Layer.unwrap(Effect.map(
    startServer({ flags: ["autovacuum=off", "fsync=off", "full_page_writes=off"] }),
    ({ url }) => {
      const client = layerUrl(url)
      const worker = Stepped.worker({ concurrency: 1000, connections: 1, queues: ["default"] }).pipe(
        Layer.provide(CarsLive),
        Layer.provideMerge(Stepped.layer({ ...still, migrate: true })),
        Layer.provide(Layer.effect(PgClient.PgClient, Effect.map(PgClient.PgClient, noted)))
      )
      return Layer.provideMerge(worker, client)
    }
  ))

  const scope = Scope.makeUnsafe()
  const services = Layer.buildWithScope(engine, scope)
  let built: Promise<Layer.Success<typeof engine> extends infer R ? Context.Context<R> : never> | undefined
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

  /** One worker for all tests, which has done everything once before anything is counted. */
  const counting = <A, E>(test: Effect.Effect<A, E, Layer.Success<typeof engine>>) =>
    Effect.gen(function*() {
      const context = yield* Effect.promise(() =>
        built ??= Effect.runPromise(Effect.tap(
          services,
          (context) => Effect.provideContext(Effect.flatMap(Cars.client, (client) => client(1).convoy(2)), context)
        ))
      )
      yield* Effect.provideContext(Effect.andThen(test, healthy), context)
    })

  const cases: ReadonlyArray<
    readonly [what: string, run: (car: Client) => Effect.Effect<unknown, unknown>, commits: number, finish: number]
  > = [
    [
      "a plain action takes two commits: an idle worker takes it with the one that stores it",
      (car) => car.drive(1),
      2,
      1
    ],
    ["one that is performed in the caller's fiber takes three", (car) => car.driveNow(1), 3, 1],
    ["every further step takes one", (car) => car.steps(), 4, 3],
    ["a hook before takes one", (car) => car.careful(), 3, 1],
    ["callbacks take one, however many they are", (car) => car.reporting(), 3, 2],
    [
      "a parent and its fifty children take five: the children are claimed and finished together",
      (car) => car.convoy(50),
      5,
      3
    ]
  ]
  for (const [what, run, commits, finish] of cases) {
    it.live(what, () =>
      counting(Effect.gen(function*() {
        const client = yield* Cars.client
        const spent = yield* cost(run(client(1)))
        assert.strictEqual(spent.commits, commits)
        // how often the caller looks depends on how long it takes
        const { claim = 0, enqueue = 0, enqueue_and_claim = 0, outcomes_of: _looks, ...others } = spent.statements
        assert.deepStrictEqual([enqueue + enqueue_and_claim, others], [1, { finish }])
        // the last claim is the look that finds nothing
        assert.isAtMost(claim, commits - finish + 1)
      })))
  }

  it.live("five hundred actions at once share their commits", () =>
    counting(Effect.gen(function*() {
      const client = yield* Cars.client
      const ids = Array.from({ length: 500 }, (_, id) => id)
      const spent = yield* cost(
        Effect.forEach(ids, (id) => client(id).drive(id), { concurrency: "unbounded" })
      )
      assert.deepStrictEqual(spent.result, ids)
      // two of each as a rule: the first comes alone, the others while it is under way
      assert.isAtMost(spent.commits, 12)
      const { outcomes_of: _looks, ...transitions } = spent.statements
      assert.deepStrictEqual(Object.keys(transitions).sort(), ["claim", "enqueue", "enqueue_and_claim", "finish"])
      assert.isAtMost(Object.values(transitions).reduce((sum, count) => sum + count), 20)
    })))

  // per action, for many at once, by a worker with the default concurrency: the rates rest on these
  const budgets: ReadonlyArray<
    readonly [
      what: string,
      actions: number,
      enqueue: (cars: Clients) => Effect.Effect<unknown, unknown>,
      budget: { readonly commits: number; readonly statements: number; readonly walBytes: number }
    ]
  > = [
    [
      "an action of one step",
      2000,
      (cars) => cars.enqueueMany(drive, numbers(2000).map((id) => [id, 1])),
      { commits: 0.02, statements: 0.03, walBytes: 1500 }
    ],
    [
      "an action of three steps",
      1000,
      (cars) => cars.enqueueMany(steps, numbers(1000).map((id) => [id])),
      { commits: 0.06, statements: 0.07, walBytes: 3500 }
    ],
    [
      "one of a parent's fifty children",
      50 * 51,
      (cars) => cars.enqueueMany(fleet, numbers(50).map((id) => [id])),
      { commits: 0.02, statements: 0.03, walBytes: 2500 }
    ],
    [
      "an action with a hook and callbacks",
      1000,
      (cars) =>
        Effect.andThen(
          cars.enqueueMany(careful, numbers(500).map((id) => [id])),
          cars.enqueueMany(reporting, numbers(500).map((id) => [id]))
        ),
      { commits: 0.04, statements: 0.05, walBytes: 2500 }
    ]
  ]
  for (const [what, actions, enqueue, budget] of budgets) {
    it.live(`${what} costs ${budget.commits} commits and ${budget.walBytes} bytes of WAL at most under load`, () =>
      counting(Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const drained = Effect.gen(function*() {
          while (true) {
            const [row] = yield* sql<{ done: boolean }>`
              select not exists (select from loaded.jobs) and not exists (select from loaded.live_actions) as done`
            if (row!.done) return
            yield* Effect.sleep("5 millis")
          }
        })
        const perform = Effect.scoped(Effect.andThen(Layer.build(Stepped.worker()), drained))
        yield* Effect.gen(function*() {
          const cars = yield* Cars.client
          // the first ones bring the JavaScript engine up to speed, and show how long bodies take
          yield* cars.enqueueMany(drive, numbers(500).map((id) => [id, 1]))
          yield* perform
          yield* enqueue(cars)
          const spent = yield* cost(perform)
          const statements = Object.values(spent.statements).reduce((sum, count) => sum + count)
          assert.isAtMost(spent.commits / actions, budget.commits)
          assert.isAtMost(statements / actions, budget.statements)
          assert.isAtMost(spent.walBytes / actions, budget.walBytes)
        }).pipe(Effect.provide(
          // the actions of this engine, not those of the one above
          Layer.fresh(CarsLive).pipe(
            Layer.provideMerge(Stepped.layer({ ...still, schema: "loaded", migrate: true })),
            Layer.provideMerge(Layer.effect(PgClient.PgClient, Effect.map(PgClient.PgClient, noted)))
          )
        ))
      })))
  }

  it.live("a call of its own for each of thousands costs a fortieth of a commit, in bulk nothing to speak of", () =>
    counting(Effect.gen(function*() {
      const client = yield* Cars.client
      const alone = yield* cost(Effect.forEach(numbers(3200), (id) => client(id).absentLater(), { concurrency: 80 }))
      assert.isAtMost(alone.commits / 3200, 1 / 40)
      assert.isAtMost(alone.walBytes / 3200, 600)
      const bulk = yield* cost(client.enqueueMany(absent, numbers(12_000).map((id) => [id])))
      assert.deepStrictEqual([bulk.commits, bulk.statements.enqueue], [1, 3])
      assert.isAtMost(bulk.walBytes / 12_000, 600)
      yield* Effect.flatMap(PgClient.PgClient, (sql) => sql`truncate stepped.jobs`)
    })))

  it.live("looking for work without finding any takes no commit", () =>
    counting(Effect.gen(function*() {
      // whoever looks beside a worker has a token of its own, from the first time on
      yield* performDue
      const spent = yield* cost(Effect.forEach(Array.from({ length: 10 }), () => performDue))
      assert.strictEqual(spent.commits, 0)
      assert.isAtLeast(spent.statements.claim!, 10)
    })))
})
