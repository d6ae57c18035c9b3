/** What fails in the engine's own hands, beside user code: a logger, a look at what is due, a put-back. Nothing is forgotten for it. */
import { PgClient } from "@effect/sql-pg/PgClient"
import { assert, it } from "@effect/vitest"
import { Clock, Deferred, Duration, Effect, Exit, Fiber, Layer, Logger, Schedule, Scope } from "effect"
import { Stepped } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import { healthy, server } from "../harness/databases.ts"
import { layerDeploy } from "../harness/deploying.ts"
import { Halt, layerIntercepted } from "../harness/intercepting.ts"
import { recordOf } from "../harness/observing.ts"
import { until } from "../harness/workers.ts"
import { Cars, failingOn, halt, lost, note, nothing, scene, seen, working } from "./fixtures/ownFaults.ts"

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
      enqueueAndClaim: ({ items, now }) => Effect.as(store.enqueue(items, now, undefined), nothing)
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
    nextDueWith: (of) =>
      Effect.suspend(() => {
        if (failing === 0) return store.nextDueWith(of)
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
      const closing = new Halt()
      const scope = yield* Scope.make()
      const engine = yield* Layer.buildWithScope(
        Layer.fresh(Layer.provideMerge(
          Cars.layer,
          layerIntercepted((store) => ({
            whatOf: (token, action) =>
              Effect.tap(store.whatOf(token, action), () => seen.length > 0 ? halt.once : Effect.void),
            // the engine is being closed, and its store is open still
            unregister: (...args) => Effect.andThen(closing.here, store.unregister(...args))
          }), { handledDefects: () => false, retry: Schedule.spaced(1) })
        )),
        scope
      )
      const performing = yield* Effect.forkChild(
        Effect.provide(Effect.repeat(performDue, { until: () => Deferred.isDoneUnsafe(halt.reached) }), engine)
      )
      yield* Deferred.await(halt.reached)
      const close = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* Deferred.await(closing.reached)
      yield* Deferred.succeed(halt.go, undefined)
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(performing)))
      yield* Deferred.succeed(closing.go, undefined)
      yield* Fiber.join(close)
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
      scene.hook = Effect.onInterrupt(
        Effect.andThen(Deferred.succeed(reached, undefined), Effect.never),
        () => Deferred.succeed(interrupted, undefined)
      )
      yield* Layer.build(
        Stepped.worker({ concurrency: 4 }).pipe(
          Layer.provide(layerDeploy(Cars.layer, { lease: "4 seconds", pollInterval: "20 millis" }))
        )
      )
      const handle = yield* (yield* Cars.client)(1).carefulLater()
      yield* Deferred.await(reached)
      assert.isTrue(yield* handle.cancel())
      yield* Deferred.await(interrupted)
      yield* until("it ends", Effect.map(handle.status, ({ status }) => status === "cancelled"))
      assert.deepStrictEqual(seen, [])
      yield* healthy
    })).pipe(Effect.provide(Layer.provideMerge(Cars.layer, server.layer())))
)

it.live("7.3: what a body that ended its own fiber leaves is let go, whatever else fails with it", () => {
  let fails = false
  const real = Clock.Clock.defaultValue()
  const look = () => {
    const broken = fails
    fails = false
    if (broken) throw new Error("the clock fails")
    return real.currentTimeMillisUnsafe()
  }
  const clock: Clock.Clock = Object.assign(Object.create(real), {
    currentTimeMillisUnsafe: look,
    currentTimeMillis: Effect.sync(look)
  })
  scene.hook = Effect.withFiber((fiber) => {
    scene.hook = note("again")
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
  const said: Array<string> = []
  scene.hook = Effect.suspend(() => ++runs === 1 ? Effect.never : Effect.void)
  return Effect.gen(function*() {
    const handle = yield* (yield* Cars.client)(1).endsLater()
    yield* until("it runs", Effect.sync(() => runs === 1))
    away = true
    yield* handle.await
    assert.strictEqual(runs, 2)
    // but for a process that has overslept on a busy machine: that is as a body that blocks it, which burns one, and says so
    const isBlocked = said.some((line) => line.includes("the lease is lost") && line.includes("has blocked the thread"))
    assert.deepInclude({ ...yield* recordOf(handle.id) }, { status: "succeeded", attempts: isBlocked ? 2 : 1 })
    yield* healthy
  }).pipe(Effect.provide(working(
    (store) => ({
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
    }),
    { lease: Duration.seconds(1), pollInterval: Duration.millis(50) },
    Logger.make(({ message }) => void said.push(String(message)))
  )))
})

it.live("8: a lease that this process gives up itself after a body has blocked the thread burns an attempt", () => {
  const lease = 4000
  let away = false
  let runs = 0
  let renewing = false
  let renewed = -Infinity
  const said: Array<string> = []
  const blocks = Effect.gen(function*() {
    for (;;) {
      yield* Effect.sleep("50 millis")
      // the next renewal is due in this time, and none is under way
      const since = performance.now() - renewed
      if (renewing || since < 30 || since > 700) continue
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lease * 0.8)
      away = true
      return yield* Effect.never
    }
  })
  scene.hook = Effect.suspend(() => ++runs === 1 ? blocks : Effect.void)
  return Effect.gen(function*() {
    const handle = yield* (yield* Cars.client)(1).endsLater()
    yield* handle.await
    assert.strictEqual(runs, 2)
    assert.isTrue(said.some((line) => line.includes("the lease is lost") && line.includes("has blocked the thread")))
    assert.deepInclude({ ...yield* recordOf(handle.id) }, { status: "succeeded", attempts: 2 })
    yield* healthy
  }).pipe(Effect.provide(working(
    (store) => ({
      renew: (...args) =>
        Effect.suspend(() => {
          if (away) return lost("renew")
          renewing = true
          return Effect.ensuring(
            store.renew(...args),
            Effect.sync(() => {
              renewing = false
              renewed = performance.now()
            })
          )
        }),
      unregister: (...args) =>
        Effect.suspend(() => {
          away = false
          return store.unregister(...args)
        })
    }),
    { lease: Duration.millis(lease), pollInterval: Duration.millis(50) },
    Logger.make(({ message }) => void said.push(String(message)))
  )))
})
