/** An idle worker takes what its own process asks for with the commit that stores it; whatever becomes of that, it is stored once. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Schema, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { Engine, Stepped, StorageError } from "stepped"
import * as GroupCommit from "../../../src/engine/client/GroupCommit.ts"
import { sqlState } from "../../../src/sql/storageError.ts"
import { healthy } from "../../harness/databases.ts"
import { Halt, layerIntercepted } from "../../harness/intercepting.ts"
import { layerServer } from "../../harness/Server.ts"
import { allEnded, idleWorker, until } from "../../harness/workers.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const Found = Schema.Struct({ at: Schema.Date, note: Schema.optional(Schema.String), size: Schema.Number })
class Lost extends Schema.TaggedError<Lost>()("Lost", { since: Schema.Date }) {}
const performed: Array<number> = []
const find = Stepped.action("find", { arguments: [Schema.Int], success: Found })
  .step((n) =>
    Effect.sync(() => {
      performed.push(n)
      return { at: new Date(n), note: undefined, size: -0 }
    })
  )
const lose = Stepped.action("lose", { error: Lost }).step(() => Effect.fail(new Lost({ since: new Date(5) })))
const reporting = Stepped.action("reporting", { success: Schema.Int }).step(() => Effect.succeed(3))
  .after(() => Effect.void)
const shelved = Stepped.action("shelved", { queue: "shelf" }).step(() => Effect.void)
const rent = Stepped.action("rent", { outbound: true }).step(() => Effect.void)
const Cars = Stepped.actions(Car, [find, lose, reporting, shelved, rent])

/** Which of the two have been asked for: together, and alone. */
const counting = (intercept: Parameters<typeof layerIntercepted>[0] = () => ({})) => {
  const calls = { together: 0 }
  const engine = Layer.provideMerge(
    Cars.layer,
    layerIntercepted((store) => {
      const inner = { ...store, ...intercept(store) }
      return {
        ...inner,
        enqueueAndClaim: (options) => {
          calls.together++
          return inner.enqueueAndClaim(options)
        }
      }
    })
  ).pipe(
    Layer.provideMerge(layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 12 }))
  )
  return { calls, engine }
}

const idle = idleWorker({ queues: ["default"] })

const broken = (isRetryable: boolean) =>
  new StorageError({ operation: "claim", isRetryable, cause: new Error("cannot claim") })

describe("an idle worker", () => {
  it.live("takes what its process asks for at once, and its end is known without a look", () => {
    // whoever looks never hears of anything
    const { calls, engine } = counting(() => ({ outcomes: () => Effect.never }))
    return Effect.gen(function*() {
      yield* idle
      const cars = yield* Cars.client
      const found = yield* cars(1).find(7)
      const failed = yield* Effect.flip(cars(1).lose())
      assert.deepStrictEqual([found, failed instanceof Lost && failed.since], [
        { at: new Date(7), note: undefined, size: 0 },
        new Date(5)
      ])
      assert.strictEqual(yield* cars(1).reporting(), 3)
      assert.strictEqual(calls.together, 3)
      yield* allEnded
      yield* healthy
    }).pipe(Effect.scoped, Effect.provide(engine))
  })

  it.live("gives the same as a later look does", () => {
    const { engine } = counting()
    return Effect.gen(function*() {
      yield* idle
      const cars = yield* Cars.client
      const handle = yield* cars(1).findLater(8)
      yield* allEnded
      assert.deepStrictEqual(yield* cars(1).find(8), yield* handle.await)
      assert.deepStrictEqual(
        yield* Effect.flip(cars(1).lose()),
        yield* Effect.flip(Effect.flatMap(cars(1).loseLater(), (later) => Effect.andThen(allEnded, later.await)))
      )
    }).pipe(Effect.scoped, Effect.provide(engine))
  })

  for (
    const [what, intercept] of [
      ["a claim that fails", () => ({ enqueueAndClaim: () => Effect.fail(broken(false)) })],
      ["a database that is away for a moment", () => ({ enqueueAndClaim: () => Effect.fail(broken(true)) })],
      [
        "an answer that is lost",
        (store) => ({
          enqueueAndClaim: (options) => Effect.andThen(store.enqueueAndClaim(options), Effect.fail(broken(true)))
        })
      ]
    ] satisfies ReadonlyArray<readonly [string, Parameters<typeof layerIntercepted>[0]]>
  ) {
    it.live(`loses nothing by ${what}`, () => {
      const { calls, engine } = counting(intercept)
      performed.length = 0
      return Effect.gen(function*() {
        yield* idle
        const cars = yield* Cars.client
        yield* Effect.forEach([1, 2, 3], (n) => cars(n).find(n), { concurrency: 3 })
        assert.isAtLeast(calls.together, 1)
        assert.deepStrictEqual(performed.toSorted(), [1, 2, 3])
        yield* allEnded
        yield* healthy
      }).pipe(Effect.scoped, Effect.provide(engine))
    })
  }

  it.live("leaves to others what it does not take, and many at once to the next claim", () => {
    const { calls, engine } = counting()
    return Effect.gen(function*() {
      yield* idle
      const sql = yield* SqlClient.SqlClient
      const cars = yield* Cars.client
      yield* cars(1).shelvedLater()
      yield* cars.enqueueMany(find, Array.from({ length: 33 }, (_, n) => [n, n]))
      assert.strictEqual(calls.together, 0)
      yield* until(
        "only the shelved one is left",
        Effect.map(sql`select from stepped.ended_actions`, (rows) => rows.length === 33)
      )
      assert.strictEqual((yield* sql`select from stepped.jobs where queue = 'shelf'`).length, 1)
      yield* healthy
    }).pipe(Effect.scoped, Effect.provide(engine))
  })

  it.live("does not wait for a lane that somebody has locked while others want to enqueue", () => {
    const refusals: Array<string | undefined> = []
    const { calls, engine } = counting((store) => ({
      enqueueAndClaim: (options) =>
        Effect.tapError(
          store.enqueueAndClaim(options),
          (error) => Effect.sync(() => refusals.push(sqlState(error.cause)))
        )
    }))
    return Effect.gen(function*() {
      yield* idle
      const sql = yield* SqlClient.SqlClient
      const cars = yield* Cars.client
      const first = yield* cars(1).rentLater()
      yield* until(
        "its step is over",
        Effect.map(sql`select from stepped.live_actions where token is null`, (rows) => rows.length === 1)
      )
      const before = calls.together
      const locked = Deferred.makeUnsafe<void>()
      const second = yield* Effect.forkChild(Effect.andThen(Deferred.await(locked), cars(1).rentLater()))
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* sql`select from stepped.live_actions for update`
        yield* Deferred.succeed(locked, undefined)
        yield* Fiber.join(second)
      }))
      assert.strictEqual(calls.together, before + 1)
      // the server gave it up soon, and not the client at the end of its deadline
      assert.deepStrictEqual(refusals, ["55P03"])
      yield* first.cancel()
      yield* (yield* Fiber.join(second)).cancel()
      yield* allEnded
      yield* healthy
    }).pipe(Effect.scoped, Effect.provide(engine))
  })

  it.live("that stops before it hears of it gives it back", () => {
    const halt = new Halt()
    const { engine } = counting((store) => ({
      enqueueAndClaim: (options) => Effect.tap(store.enqueueAndClaim(options), () => halt.once)
    }))
    performed.length = 0
    return Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const first = yield* Scope.make()
      yield* Effect.provideService(idle, Scope.Scope, first)
      const cars = yield* Cars.client
      const asked = yield* Effect.forkChild(cars(1).find(1))
      yield* Deferred.await(halt.reached)
      yield* Scope.close(first, Exit.void)
      yield* Deferred.succeed(halt.go, undefined)
      yield* until(
        "it is given back",
        Effect.map(sql`select from stepped.live_actions where token is null`, (rows) => rows.length === 1)
      )
      assert.deepStrictEqual(performed, [])
      yield* Layer.build(Stepped.worker())
      yield* Fiber.join(asked)
      assert.deepStrictEqual(performed, [1])
      yield* Effect.flatMap(Engine, (engine) => engine.doctor)
      yield* healthy
    }).pipe(Effect.scoped, Effect.provide(engine))
  })
})

it.live("what has been stored with others, without an answer, is not stored again alone when the next try is refused", () => {
  let tries = 0
  const refused = Deferred.makeUnsafe<void>()
  const { engine } = counting((store) => ({
    enqueue: (items, now, again) =>
      items.length === 1
        ? store.enqueue(items, now, again)
        : tries++ === 0
        ? Effect.andThen(store.enqueue(items, now, again), Effect.fail(broken(true)))
        : Effect.andThen(Deferred.await(refused), Effect.fail(broken(false)))
  }))
  performed.length = 0
  return Effect.gen(function*() {
    const cars = yield* Cars.client
    // the first goes alone, the others together
    const asked = yield* Effect.forkChild(Effect.forEach([1, 2, 3], (n) => cars(n).findLater(n), { concurrency: 3 }))
    yield* until("it is tried again", Effect.sync(() => tries === 2))
    // by a worker that is gone by then: it would take what is asked for
    yield* Effect.scoped(Effect.andThen(Layer.build(Stepped.worker()), allEnded))
    yield* Deferred.succeed(refused, undefined)
    yield* Fiber.join(asked)
    yield* Layer.build(Stepped.worker())
    yield* allEnded
    assert.deepStrictEqual(performed.toSorted(), [1, 2, 3])
    yield* healthy
  }).pipe(Effect.scoped, Effect.provide(engine))
})

const asked = (action: string) => ({
  queue: "default",
  action,
  definition: "Car/find",
  actorId: "1",
  arguments: [],
  lane: action,
  checksumKey: null,
  checksum: null,
  timeout: null,
  parent: null,
  parentStep: null,
  depth: 0
})

describe("what is refused together is tried alone", () => {
  for (
    const [limitMs, when, expected] of [
      [60_000, "in its time", [3, 1, 1, 1]],
      [0, "no more when that is over, as what came of an earlier try may be kept no longer", [3]]
    ] as const
  ) {
    it.live(when, () =>
      Effect.scoped(Effect.gen(function*() {
        const sizes: Array<number> = []
        const refusing = (items: ReadonlyArray<unknown>) =>
          Effect.andThen(
            Effect.sleep(5),
            Effect.suspend(() => {
              sizes.push(items.length)
              return Effect.fail(broken(false))
            })
          )
        const enqueue = yield* GroupCommit.make(refusing, Effect.succeed(0), () => {}, limitMs)
        const exits = yield* Effect.forEach(["a", "b", "c"], (action) => Effect.exit(enqueue([asked(action)])), {
          concurrency: 3
        })
        assert.isTrue(exits.every(Exit.isFailure))
        assert.deepStrictEqual(sizes, [...expected])
      })))
  }
})
