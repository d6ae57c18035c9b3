/** Rules 6.1 to 6.3: what other modules and inheriting actors add to definitions. */
import type { PgClient } from "@effect/sql-pg"
import { assert, beforeEach, it } from "@effect/vitest"
import { Cause, Context, Deferred, Effect, Exit, Fiber, Layer, Schema } from "effect"
import { DefinitionError, Step, Stepped } from "stepped"
import type { Engine } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import { lanes, recordOf, recordsOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"

const seen: Array<string> = []
const note = (text: string) => Effect.sync(() => void seen.push(text))
let body: Effect.Effect<void> = Effect.void
beforeEach(() => {
  seen.length = 0
  body = Effect.void
})

class Garage extends Context.Service<Garage, string>()("Garage") {}
class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
class Van extends Stepped.Actor<Van>()("Van", { extends: Car }) {}
class SmallVan extends Stepped.Actor<SmallVan>()("SmallVan", { extends: Van }) {}

const honk = Stepped.action("honk", { arguments: [Schema.String] })
const drive = Stepped.action("drive", { arguments: [Schema.String] })
  .step("start", (to) => note(`start ${to}`))
  .step("arrive", (to) => Effect.andThen(note(`arrive ${to}`), Effect.suspend(() => body)))
  .succeeded(() => note("own callback"))
const tow = Stepped.action("tow", {
  arguments: [Schema.String],
  job: (job, to) => Effect.andThen(note(`tow ${to}`), job.succeeded())
})
const wait = Stepped.action("wait", { outbound: true }).step("ask", () => note("ask")).step("log", () => note("log"))
const paint = Stepped.action("paint", { success: Schema.String, checksum: () => "red" })
  .step("paint", () => Effect.flatMap(Car, (car) => Effect.as(note(`${car} paints`), `${car}`)))
  .succeeded(() => note("car painted"))
const trip = Stepped.action("trip").step("go", () => Effect.all([Step.do(honk, "on a trip"), Step.do(paint)]))

const Cars = Stepped.actions(Car, [honk, drive, tow, wait, paint, trip])
const CarsLive = Cars.toLayer(Effect.succeed({ honk: (how) => note(`honk ${how}`) }))

const vanPaint = Stepped.action("paint", { success: Schema.String })
  .step("primer", () => note("primer"))
  .step("paint", () => Effect.flatMap(Van, (van) => Effect.as(note(`${van} paints`), "white")))
  .succeeded(() => note("van painted"))
const load = Stepped.action("load").step("beep", () => Step.do(honk, "backwards"))
const Vans = Cars.extend(Van, [vanPaint, load])
const SmallVans = Vans.extend(SmallVan, [])

suite("extending", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | PgClient.PgClient>,
    live: Layer.Layer<never, never, Engine> = CarsLive
  ) =>
    it.effect(name, () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(live, engine.layer())))

  test(
    "6.1: a prepended step goes before all others, the latest first",
    () =>
      Effect.gen(function*() {
        const handle = yield* (yield* Cars.client)(1).driveLater("home")
        yield* performSteppedActions()
        assert.deepStrictEqual(seen, ["second home", "first home", "start home", "arrive home", "own callback"])
        assert.deepStrictEqual(yield* stepsOf(handle.id), [
          "before-2 succeeded",
          "before-1 succeeded",
          "start succeeded",
          "arrive succeeded"
        ])
      }),
    Layer.provideMerge(
      Stepped.prependStep(Cars, drive, (to) => note(`second ${to}`)),
      Layer.provideMerge(Stepped.prependStep(Cars, drive, (to) => note(`first ${to}`)), CarsLive)
    )
  )

  test(
    "6.1: it does not count as \"has steps\": the method and the job still run, after it",
    () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)(1)
        const method = yield* car.honkLater("loud")
        const job = yield* car.towLater("home")
        yield* performSteppedActions()
        assert.deepStrictEqual(seen.filter((text) => text.includes("loud")), ["before loud", "honk loud"])
        assert.deepStrictEqual(seen.filter((text) => text.includes("home")), ["before home", "tow home"])
        assert.deepStrictEqual(yield* stepsOf(method.id), ["before-1 succeeded", "honk succeeded"])
        assert.deepStrictEqual(yield* stepsOf(job.id), ["before-1 succeeded", "tow succeeded"])
      }),
    Layer.provideMerge(
      Layer.mergeAll(
        Stepped.prependStep(Cars, honk, (how) => note(`before ${how}`)),
        Stepped.prependStep(Cars, tow, (to) => note(`before ${to}`))
      ),
      CarsLive
    )
  )

  test(
    "6.1: a prepended step can enqueue, replace arguments and fail like any other",
    () =>
      Effect.gen(function*() {
        const client = yield* Cars.client
        const good = yield* client(1).driveLater("home")
        yield* performSteppedActions()
        assert.deepStrictEqual(seen, ["honk for home", "start away", "arrive away", "own callback"])
        assert.strictEqual((yield* recordOf(good.id)).status, "succeeded")
        const bad = yield* client(2).driveLater("home")
        yield* performSteppedActions()
        assert.deepStrictEqual([(yield* recordOf(bad.id)).status, yield* stepsOf(bad.id)], ["failed", [
          "before-1 failed"
        ]])
      }),
    Layer.provideMerge(
      Stepped.prependStep(Cars, drive, (to) =>
        Effect.gen(function*() {
          const car = yield* Car
          yield* Step.do(honk, `for ${to}`)
          yield* Step.setArguments("away")
          if (car.id === 2) return yield* Effect.die(new Error("no"))
        })),
      CarsLive
    )
  )

  test("6.1+: a step that is prepended later does not apply to actions that have started, but to pending ones", () =>
    Effect.gen(function*() {
      const reached = yield* Deferred.make<void>()
      const [first, second] = yield* deployed(CarsLive)(Effect.gen(function*() {
        const car = (yield* Cars.client)(1)
        body = Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
        const first = yield* car.driveLater("home")
        const worker = yield* Effect.forkChild(performSteppedActions())
        yield* Deferred.await(reached)
        const second = yield* car.driveNow("away")
        assert.strictEqual((yield* second.status).status, "pending")
        yield* Fiber.interrupt(worker)
        return [first, second] as const
      }))
      body = Effect.void
      seen.length = 0
      const extended = Layer.provideMerge(Stepped.prependStep(Cars, drive, (to) => note(`before ${to}`)), CarsLive)
      yield* deployed(extended)(performSteppedActions())
      assert.deepStrictEqual(seen, [
        "arrive home",
        "own callback",
        "before away",
        "start away",
        "arrive away",
        "own callback"
      ])
      assert.deepStrictEqual(yield* stepsOf(first.id), ["start succeeded", "arrive succeeded"])
      assert.deepStrictEqual(yield* stepsOf(second.id), ["before-1 succeeded", "start succeeded", "arrive succeeded"])
    }))

  test("6.1+: nor does it apply to one that was released while its first step ran", () =>
    Effect.gen(function*() {
      const reached = yield* Deferred.make<void>()
      const only = Stepped.action("only").step("first", () => Effect.andThen(note("first"), Effect.suspend(() => body)))
      const Only = Stepped.actions(Car, [only])
      const handle = yield* deployed(Only.layer)(Effect.gen(function*() {
        body = Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
        const handle = yield* (yield* Only.client)(1).onlyLater()
        const worker = yield* Effect.forkChild(performSteppedActions())
        yield* Deferred.await(reached)
        yield* Fiber.interrupt(worker)
        return handle
      }))
      body = Effect.void
      yield* deployed(Layer.provideMerge(Stepped.prependStep(Only, only, () => note("before")), Only.layer))(
        performSteppedActions()
      )
      assert.deepStrictEqual(seen, ["first", "first"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["first succeeded"])
    }))

  test(
    "6.1: after appends callbacks, in the order of construction, with the services of their own layer",
    () =>
      Effect.gen(function*() {
        yield* (yield* Cars.client)(1).driveLater("home")
        yield* performSteppedActions()
        assert.deepStrictEqual(seen.slice(2), ["own callback", "home succeeded in north", "any home succeeded"])
      }),
    Layer.provideMerge(
      Stepped.after(Cars, drive, [], (to, outcome) => note(`any ${to} ${outcome.status}`)),
      Layer.provideMerge(
        Layer.provide(
          Stepped.after(
            Cars,
            drive,
            ["succeeded"],
            (to, outcome) => Effect.flatMap(Garage, (garage) => note(`${to} ${outcome.status} in ${garage}`))
          ),
          Layer.succeed(Garage, "north")
        ),
        Layer.provideMerge(Stepped.after(Cars, drive, ["failed", "cancelled"], () => note("never")), CarsLive)
      )
    )
  )

  test(
    "6.1: after and prependStep also extend a definition that is provided later",
    () =>
      Effect.gen(function*() {
        const handle = yield* (yield* Cars.client)(1).driveLater("home")
        yield* performSteppedActions()
        assert.deepStrictEqual(seen, ["before", "start home", "arrive home", "own callback", "added"])
        assert.strictEqual((yield* recordOf(handle.id)).callbacksSucceeded, 2)
      }),
    Layer.provideMerge(
      CarsLive,
      Layer.mergeAll(
        Stepped.after(Cars, drive, ["succeeded"], () => note("added")),
        Stepped.prependStep(Cars, drive, () => note("before"))
      )
    )
  )

  test("6.1: extending is an error once the engine has claimed", () =>
    Effect.gen(function*() {
      yield* performDue
      for (
        const layer of [
          Stepped.after(Cars, drive, [], () => Effect.void),
          Stepped.prependStep(Cars, drive, () => Effect.void)
        ]
      ) {
        const exit = yield* Effect.exit(Effect.scoped(Layer.build(layer)))
        assert.isTrue(Exit.isFailure(exit) && Cause.squash(exit.cause) instanceof DefinitionError)
      }
    }))

  test(
    "6.2: an actor inherits actions as they are, with additions, and acts as the one that it is",
    () =>
      Effect.gen(function*() {
        const van = (yield* Vans.client)(7)
        const handle = yield* van.driveLater("home")
        yield* performSteppedActions()
        assert.deepStrictEqual(seen, ["before home", "start home", "arrive home", "own callback", "added"])
        const record = yield* recordOf(handle.id)
        assert.deepStrictEqual([record.actorType, record.actorId, record.lane], ["Van", "7", "Van/7/drive"])
      }),
    Layer.provideMerge(
      Vans.layer,
      Layer.provideMerge(
        Layer.mergeAll(
          Stepped.after(Cars, drive, [], () => note("added")),
          Stepped.prependStep(Cars, drive, (to) => note(`before ${to}`))
        ),
        CarsLive
      )
    )
  )

  test(
    "6.2: an own definition of the same name replaces the inherited one with its callbacks",
    () =>
      Effect.gen(function*() {
        const van = yield* (yield* Vans.client)(7).paintLater()
        yield* performSteppedActions()
        assert.deepStrictEqual(seen, ["primer", "Van/7 paints", "van painted"])
        assert.strictEqual(yield* van.await, "white")
        assert.deepStrictEqual(yield* stepsOf(van.id), ["primer succeeded", "paint succeeded"])
        // no checksum is inherited either
        assert.isUndefined((yield* recordOf(van.id)).checksum)
        seen.length = 0
        const car = yield* (yield* Cars.client)(7).paintLater()
        yield* performSteppedActions()
        assert.deepStrictEqual([seen, yield* car.await], [["Car/7 paints", "car painted"], "Car/7"])
      }),
    Layer.provideMerge(
      Vans.layer,
      Layer.provideMerge(Stepped.after(Vans, vanPaint, ["failed"], () => note("never")), CarsLive)
    )
  )

  test(
    "6.2: what is added to the parent's definition does not reach one that replaces it, nor the other way round",
    () =>
      Effect.gen(function*() {
        yield* (yield* Vans.client)(1).paintLater()
        yield* performSteppedActions()
        assert.deepStrictEqual(seen, ["before van", "primer", "Van/1 paints", "van painted", "added to van"])
        seen.length = 0
        yield* (yield* Cars.client)(1).paintLater()
        yield* performSteppedActions()
        assert.deepStrictEqual(seen, ["before car", "Car/1 paints", "car painted", "added to car"])
      }),
    Layer.provideMerge(
      Layer.mergeAll(
        Stepped.after(Cars, paint, [], () => note("added to car")),
        Stepped.prependStep(Cars, paint, () => note("before car")),
        Stepped.after(Vans, vanPaint, [], () => note("added to van")),
        Stepped.prependStep(Vans, vanPaint, () => note("before van"))
      ),
      Layer.provideMerge(Vans.layer, CarsLive)
    )
  )

  test(
    "6.2: what is added to an inherited action of the child does not touch the parent, but reaches grandchildren",
    () =>
      Effect.gen(function*() {
        const ran = (client: { readonly honkLater: (how: string) => Effect.Effect<unknown, unknown> }) =>
          Effect.gen(function*() {
            seen.length = 0
            yield* client.honkLater("x")
            yield* performSteppedActions()
            return [...seen]
          })
        assert.deepStrictEqual(yield* ran((yield* Cars.client)(1)), ["honk x"])
        assert.deepStrictEqual(yield* ran((yield* Vans.client)(1)), ["before van", "honk x", "van honked"])
        assert.deepStrictEqual(yield* ran((yield* SmallVans.client)(1)), ["before van", "honk x", "van honked"])
      }),
    Layer.provideMerge(
      Layer.mergeAll(
        Stepped.after(Vans, honk, ["succeeded"], () => note("van honked")),
        Stepped.prependStep(Vans, honk, () => note("before van"))
      ),
      Layer.provideMerge(SmallVans.layer, Layer.provideMerge(Vans.layer, CarsLive))
    )
  )

  test(
    "6.2: inherited steps enqueue on the child, with its own definitions and the child's type in default keys",
    () =>
      Effect.gen(function*() {
        const client = yield* Vans.client
        const handle = yield* client(3).tripLater()
        const beeping = yield* client(3).loadLater()
        yield* performSteppedActions()
        assert.strictEqual((yield* recordOf(handle.id)).status, "succeeded")
        assert.strictEqual((yield* recordOf(beeping.id)).status, "succeeded")
        assert.includeMembers(seen, ["honk on a trip", "honk backwards", "primer", "Van/3 paints"])
        const records = [...yield* recordsOf("honk"), ...yield* recordsOf("paint"), ...yield* recordsOf("trip")]
        assert.deepStrictEqual([...new Set(records.map((record) => `${record.lane} ${record.checksumKey}`))].sort(), [
          "Van/3/honk Van/3/honk",
          "Van/3/paint Van/3/paint",
          "Van/3/trip Van/3/trip"
        ])
      }),
    Layer.provideMerge(Vans.layer, CarsLive)
  )

  test("6.2: car and van of one id have lanes of their own", () =>
    Effect.gen(function*() {
      yield* (yield* Cars.client)(1).waitLater()
      yield* (yield* Vans.client)(1).waitLater()
      yield* performIdle
      assert.deepStrictEqual(yield* lanes, ["Car/1/wait", "Van/1/wait"])
      yield* Stepped.complete(Van.ref(1), wait, Stepped.Outcome.succeededVoid)
      assert.deepStrictEqual(yield* statusesOf("wait"), ["performing", "succeeded"])
      yield* Stepped.complete(Car.ref(1), wait, Stepped.Outcome.succeededVoid)
    }), Layer.provideMerge(Vans.layer, CarsLive))

  test("6.3: redefining an action on the same actor is an error", () =>
    Effect.gen(function*() {
      const again = Stepped.action("drive").step(() => note("other"))
      const exit = yield* Effect.exit(Effect.scoped(Layer.build(Stepped.actions(Car, [again]).layer)))
      assert.isTrue(Exit.isFailure(exit))
      const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
      assert.instanceOf(error, DefinitionError)
      assert.match(error.message, /Car/)
      assert.throws(
        () => (Stepped.actions as (actor: typeof Car, list: ReadonlyArray<unknown>) => unknown)(Car, [drive, again]),
        DefinitionError,
        "Car lists the action drive twice"
      )
      yield* (yield* Cars.client)(1).driveLater("home")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["start home", "arrive home", "own callback"])
    }))
})
