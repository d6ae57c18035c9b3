/** What fails in the engine's own hands, beside user code: a logger, a look at what is due, a put-back. Nothing is forgotten for it. */
import { PgClient } from "@effect/sql-pg/PgClient"
import { assert, beforeEach, it } from "@effect/vitest"
import { Clock, Deferred, Duration, Effect, Exit, Fiber, Layer, Logger, Schedule, Schema, Scope } from "effect"
import { Step, Stepped, StorageError } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import type { Settings } from "../../src/engine/Settings.ts"
import { type Answer, nothingTaken } from "../../src/store/Answer.ts"
import type { Store } from "../../src/store/Store.ts"
import { travelling } from "../../src/store/weight.ts"
import { healthy, server } from "../harness/databases.ts"
import { layerDeploy } from "../harness/deploying.ts"
import { Halt, layerIntercepted } from "../harness/intercepting.ts"
import { recordOf } from "../harness/observing.ts"
import { until } from "../harness/workers.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const seen: Array<string> = []
let halt = new Halt()
let hook: Effect.Effect<void> = Effect.void
beforeEach(() => {
  seen.length = 0
  halt = new Halt()
  hook = Effect.void
})
const note = (text: string) => Effect.sync(() => void seen.push(text))
const drive = Stepped.action("drive").step(() => note("drive"))
const rest = Stepped.action("rest", { arguments: [Schema.Int] }).step((millis) => Step.wait(millis))
const careful = Stepped.action("careful").before(() => Effect.suspend(() => hook)).step(() => note("careful"))
const loads = Stepped.action("loads")
  .step("large", () => Effect.as(Step.wait(0), "x".repeat(travelling + 1)))
  // the second time, it is claimed with what it has got to, which does not travel
  .step(
    "store",
    () => Effect.andThen(note("store"), Effect.suspend(() => seen.length > 1 ? Effect.void : Effect.die("no"))),
    {
      transactional: true
    }
  )
const ends = Stepped.action("ends").step(() => Effect.suspend(() => hook))
const Cars = Stepped.actions(Car, [drive, rest, careful, loads, ends])

type Service = Store["Service"]
const nothing: Answer = { work: [], news: [], taken: nothingTaken }
const lost = (operation: string, isRetryable = true) =>
  Effect.fail(new StorageError({ operation, isRetryable, cause: new Error("lost") }))

/** A working engine that looks for nothing by itself, and its client. */
const working = (
  intercept: (store: Service) => Partial<Service>,
  settings: Partial<Settings["Service"]> = {},
  logger: Logger.Logger<unknown, void> = Logger.make(() => {})
) =>
  Stepped.worker({ connections: 2, gracePeriod: 0 }).pipe(
    Layer.provideMerge(Cars.layer),
    Layer.provideMerge(layerIntercepted(intercept, { pollInterval: Duration.hours(1), ...settings })),
    // an engine of its own, beside the one around it
    Layer.fresh,
    Layer.provideMerge(server.layer()),
    Layer.provideMerge(Logger.layer([logger]))
  )

/** Fails on what holds these words. */
const failingOn = (words: string) =>
  Logger.make(({ message }) => {
    if (!String(message).includes(words)) return
    seen.push("logged")
    throw new Error("the logger fails")
  })

it.live("a logger that fails does not end what claims", () => {
  let claims = 0
  return Effect.gen(function*() {
    const handle = yield* (yield* Cars.client)(1).driveLater()
    yield* handle.await
    assert.isAtLeast(seen.filter((text) => text === "logged").length, 2)
    yield* healthy
  }).pipe(Effect.provide(working(
    (store) => ({
      claim: (options) => claims++ < 4 ? lost("claim") : store.claim(options),
      enqueueAndClaim: ({ items, now }) => Effect.as(store.enqueue(items, now, false), nothing)
    }),
    {},
    failingOn("cannot claim")
  )))
})

it.live("a logger that fails does not end what tries again to store what could not be stored", () => {
  const doomed = new Map<string, number>()
  return Effect.gen(function*() {
    const sql = yield* PgClient
    const cars = yield* Cars.client
    for (const id of [1, 2]) {
      // in a transaction: nobody has it before it is known which one it is
      const handle = yield* sql.withTransaction(Effect.tap(cars(id).driveLater(), ({ id }) =>
        Effect.sync(() => {
          doomed.set(id, 5)
        })))
      yield* handle.await
    }
    assert.deepStrictEqual(seen, ["drive", "logged", "drive", "logged"])
    yield* healthy
  }).pipe(Effect.provide(working(
    (store) => ({
      finish: (options) => {
        const found = options.conclusions.find(({ fence }) => (doomed.get(fence.action) ?? 0) > 0)
        if (found === undefined) return store.finish(options)
        doomed.set(found.fence.action, doomed.get(found.fence.action)! - 1)
        return lost("finish")
      }
    }),
    {},
    failingOn("it is tried again in 1000 ms")
  )))
})

it.live("what goes back since not even its failure can be stored is tried again when it is due", () => {
  let refusals = 2
  return Effect.gen(function*() {
    const handle = yield* (yield* Cars.client)(1).driveLater()
    yield* handle.await
    assert.deepStrictEqual(seen, ["drive", "drive"])
    assert.strictEqual((yield* recordOf(handle.id)).status, "succeeded")
    yield* healthy
  }).pipe(Effect.provide(working((store) => ({
    finish: (options) =>
      options.conclusions.some(({ _tag }) => _tag === "ActionEnds") && refusals-- > 0
        ? lost("finish", false)
        : store.finish(options)
  }))))
})

it.live("what is due while the look at it fails is seen a moment later, and not at the next poll", () => {
  let failing = 0
  return Effect.gen(function*() {
    const handle = yield* (yield* Cars.client)(1).restLater(300)
    failing = 1
    yield* handle.await
    assert.strictEqual(failing, 0)
    yield* healthy
  }).pipe(Effect.provide(working((store) => ({
    nextDue: Effect.suspend(() => {
      if (failing === 0) return store.nextDue
      failing--
      return lost("nextDue")
    })
  }))))
})

it.live(
  "8: a transactional step does not begin when its engine has given up its lease meanwhile",
  () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      yield* client(1).loadsLater()
      const scope = yield* Scope.make()
      const engine = yield* Layer.buildWithScope(
        Layer.fresh(Layer.provideMerge(
          Cars.layer,
          layerIntercepted((store) => ({
            whatOf: (token, action) =>
              Effect.tap(store.whatOf(token, action), () => seen.length > 0 ? halt.once : Effect.void)
          }), { handle: () => false, retry: Schedule.spaced(1) })
        )),
        scope
      )
      const performing = yield* Effect.forkChild(
        Effect.provide(Effect.repeat(performDue, { until: () => Deferred.isDoneUnsafe(halt.reached) }), engine)
      )
      yield* Deferred.await(halt.reached)
      yield* Scope.close(scope, Exit.void)
      yield* Deferred.succeed(halt.go, undefined)
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(performing)))
      assert.deepStrictEqual(seen, ["store"])
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["store", "store"])
      yield* healthy
    }).pipe(Effect.provide(Layer.provideMerge(Cars.layer, server.layer())))
)

it.live(
  "4.6+: a hook that runs in another process ends when its action is cancelled here",
  () =>
    Effect.scoped(Effect.gen(function*() {
      const reached = yield* Deferred.make<void>()
      const interrupted = yield* Deferred.make<void>()
      hook = Effect.onInterrupt(
        Effect.andThen(Deferred.succeed(reached, undefined), Effect.never),
        () => Deferred.succeed(interrupted, undefined)
      )
      yield* Layer.build(
        Stepped.worker({ concurrency: 4 }).pipe(
          Layer.provide(layerDeploy(Cars.layer, { lease: "1 second", pollInterval: "20 millis" }))
        )
      )
      const handle = yield* (yield* Cars.client)(1).carefulLater()
      yield* Deferred.await(reached)
      assert.isTrue(yield* handle.cancel)
      yield* Deferred.await(interrupted)
      yield* until("it ends", Effect.map(handle.status, ({ status }) => status === "cancelled"))
      assert.deepStrictEqual(seen, [])
      yield* healthy
    })).pipe(Effect.provide(Layer.provideMerge(Cars.layer, server.layer())))
)

it.live("7.3: what a body that ended its own fiber leaves is let go, whatever else fails with it", () => {
  let fails = false
  const real = Clock.Clock.defaultValue()
  const clock: Clock.Clock = Object.assign(Object.create(real), {
    currentTimeMillis: Effect.suspend(() => {
      const broken = fails
      fails = false
      return broken ? Effect.die("the clock fails") : real.currentTimeMillis
    })
  })
  hook = Effect.withFiber((fiber) => {
    hook = note("again")
    fails = true
    fiber.interruptUnsafe()
    return Effect.yieldNow
  })
  return Effect.scoped(Effect.gen(function*() {
    const engine = yield* Layer.build(Layer.fresh(Layer.provideMerge(
      Cars.layer,
      layerIntercepted(() => ({}), { lease: Duration.seconds(1) })
    )))
    const car = yield* Effect.provide(Effect.map(Cars.client, (client) => client(1)), engine)
    yield* Effect.exit(Effect.provideService(car.endsNow(), Clock.Clock, clock))
    assert.isFalse(fails)
    yield* until("it is performed", Effect.map(performDue, () => seen.includes("again")))
    yield* healthy
  })).pipe(Effect.provide(Layer.provideMerge(Cars.layer, server.layer())))
})

it.live("8: a lease that this process gives up itself burns no attempt, however late the database hears of it", () => {
  let away = false
  let looks = 0
  let runs = 0
  hook = Effect.suspend(() => ++runs === 1 ? Effect.never : Effect.void)
  return Effect.gen(function*() {
    const handle = yield* (yield* Cars.client)(1).endsLater()
    yield* until("it runs", Effect.sync(() => runs === 1))
    away = true
    yield* handle.await
    assert.strictEqual(runs, 2)
    assert.deepInclude({ ...yield* recordOf(handle.id) }, { status: "succeeded", attempts: 0 })
    yield* healthy
  }).pipe(Effect.provide(working((store) => ({
    renew: (...args) => away ? lost("renew") : store.renew(...args),
    // not before dead workers have been looked for several times, and the lease is over in the database too
    unregister: (...args) =>
      Effect.suspend(() => {
        away = false
        looks = 0
        return Effect.andThen(halt.here, store.unregister(...args))
      }),
    recover: (...args) =>
      Effect.tap(store.recover(...args), () => ++looks > 4 ? Deferred.succeed(halt.go, undefined) : Effect.void)
  }), { lease: Duration.seconds(1), pollInterval: Duration.millis(50) })))
})
