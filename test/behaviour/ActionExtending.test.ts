/** Rules 6.1 to 6.3: what other modules and inheriting actors add to definitions. */
import type { PgClient } from "@effect/sql-pg"
import { assert, beforeEach, it } from "@effect/vitest"
import { Cause, Context, Deferred, Effect, Exit, Fiber, Layer, Schema } from "effect"
import { DefinitionError, Step, Stepped } from "stepped"
import type { Engine } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import { note, seen } from "../harness/notes.ts"
import { kindsOf, lanes, recordOf, recordsOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"

let body: Effect.Effect<void> = Effect.void
let holding: { readonly step: string; readonly effect: Effect.Effect<void> } | undefined
beforeEach(() => {
  body = Effect.void
  holding = undefined
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

const park = Stepped.action("park").step(() => note("park")).step("lock", () => note("lock")).step(() => note("leave"))

const Cars = Stepped.actions(Car, [honk, drive, tow, wait, paint, trip, park])
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
          "second succeeded",
          "first succeeded",
          "start succeeded",
          "arrive succeeded"
        ])
      }),
    Layer.provideMerge(
      Stepped.prependStep(Cars, drive, "second", (to) => note(`second ${to}`)),
      Layer.provideMerge(Stepped.prependStep(Cars, drive, "first", (to) => note(`first ${to}`)), CarsLive)
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
        assert.deepStrictEqual(yield* stepsOf(method.id), ["check succeeded", "honk succeeded"])
        assert.deepStrictEqual(yield* stepsOf(job.id), ["check succeeded", "tow succeeded"])
      }),
    Layer.provideMerge(
      Layer.mergeAll(
        Stepped.prependStep(Cars, honk, "check", (how) => note(`before ${how}`)),
        Stepped.prependStep(Cars, tow, "check", (to) => note(`before ${to}`))
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
          "check failed"
        ]])
      }),
    Layer.provideMerge(
      Stepped.prependStep(Cars, drive, "check", (to) =>
        Effect.gen(function*() {
          const car = yield* Car
          yield* Step.do(honk, `for ${to}`)
          yield* Step.setArguments(drive, "away")
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
      const extended = Layer.provideMerge(
        Stepped.prependStep(Cars, drive, "check", (to) => note(`before ${to}`)),
        CarsLive
      )
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
      assert.deepStrictEqual(yield* stepsOf(second.id), ["check succeeded", "start succeeded", "arrive succeeded"])
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
      yield* deployed(Layer.provideMerge(Stepped.prependStep(Only, only, "check", () => note("before")), Only.layer))(
        performSteppedActions()
      )
      assert.deepStrictEqual(seen, ["first", "first"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["first succeeded"])
    }))

  test("6.1+: a step is no prepended one for its name, whatever it is called", () =>
    Effect.gen(function*() {
      const order = Stepped.action("order", { success: Schema.String })
        .step("pay", () => Effect.as(note("pay"), "paid"))
        .step("before-1", ({ pay }) => Effect.as(note(`before-1 after ${pay}`), "counted"))
        .step("ship", (results) => Effect.as(note("ship"), `${results.pay}, ${results["before-1"]}`))
      const Orders = Stepped.actions(Car, [order])
      const checkStock = Stepped.prependStep(Orders, order, "checkStock", () => note("checkStock"))
      yield* deployed(Layer.provideMerge(checkStock, Orders.layer))(Effect.gen(function*() {
        const handle = yield* (yield* Orders.client)(1).orderLater()
        yield* performSteppedActions()
        assert.deepStrictEqual(seen, ["checkStock", "pay", "before-1 after paid", "ship"])
        assert.strictEqual(yield* handle.await, "paid, counted")
        assert.deepStrictEqual(yield* kindsOf(handle.id), [
          "prepended checkStock",
          "own pay",
          "own before-1",
          "own ship"
        ])
      }))
    }))

  test(
    "6.1+: what a step is, is stored with it",
    () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)(1)
        const [method, job, outbound, own, unnamed] = [
          yield* car.honkLater("x"),
          yield* car.towLater("home"),
          yield* car.waitLater(),
          yield* car.paintLater(),
          yield* car.parkLater()
        ]
        yield* performIdle
        assert.deepStrictEqual(yield* kindsOf(method.id), ["method honk"])
        assert.deepStrictEqual(yield* kindsOf(job.id), ["job tow"])
        assert.deepStrictEqual(yield* kindsOf(outbound.id), ["own ask", "own log"])
        assert.deepStrictEqual(yield* kindsOf(own.id), ["prepended mask", "own paint"])
        assert.deepStrictEqual(yield* kindsOf(unnamed.id), ["unnamed 1", "own lock", "unnamed 3"])
        yield* Stepped.complete(Car.ref(1), wait, Stepped.Outcome.succeededVoid)

        // also that of a step that runs, and of one that is cancelled in the middle
        const reached = yield* Deferred.make<void>()
        body = Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
        const running = yield* car.driveLater("away")
        const worker = yield* Effect.forkChild(performSteppedActions())
        yield* Deferred.await(reached)
        assert.deepStrictEqual(yield* kindsOf(running.id), ["own start", "own arrive"])
        yield* running.cancel()
        yield* Fiber.interrupt(worker)
        assert.deepStrictEqual(yield* kindsOf(running.id), ["own start", "own arrive"])
        assert.deepStrictEqual(yield* stepsOf(running.id), ["start succeeded", "arrive cancelled"])
      }),
    Layer.provideMerge(Stepped.prependStep(Cars, paint, "mask", () => note("mask")), CarsLive)
  )

  /** A version of the definitions, until it is stopped in the middle of a step. */
  const stoppedAt = (step: string, live: Layer.Layer<never, never, Engine>, to: string) =>
    deployed(live)(Effect.gen(function*() {
      const reached = yield* Deferred.make<void>()
      holding = { step, effect: Effect.andThen(Deferred.succeed(reached, undefined), Effect.never) }
      const handle = yield* (yield* Cars.client)(1).driveLater(to)
      const worker = yield* Effect.forkChild(performSteppedActions())
      yield* Deferred.await(reached)
      yield* Fiber.interrupt(worker)
      holding = undefined
      return handle
    }))
  const prepended = (step: string) =>
    Stepped.prependStep(Cars, drive, step, (to) =>
      Effect.gen(function*() {
        yield* note(`${step} ${to}`)
        // it also waits for a child: another process may be the one that goes on
        yield* Step.do(honk, step)
        if (holding?.step === step) yield* holding.effect
      }))
  const steps = () => seen.filter((text) => !text.startsWith("honk"))
  const checkFirst = Layer.provideMerge(prepended("check"), Layer.provideMerge(prepended("load"), CarsLive))
  const loadFirst = Layer.provideMerge(prepended("load"), Layer.provideMerge(prepended("check"), CarsLive))
  const driven = ["start home", "arrive home", "own callback"]

  test("6.1+: each prepended step runs once, also where the next process has built its layers in another order", () =>
    Effect.gen(function*() {
      for (
        const [before, after, first, second] of [
          [checkFirst, loadFirst, "check", "load"],
          [loadFirst, checkFirst, "load", "check"]
        ] as const
      ) {
        for (const at of [first, second]) {
          seen.length = 0
          const handle = yield* stoppedAt(at, before, "home")
          // the step in which it was stopped begins again
          assert.deepStrictEqual(steps(), at === first ? [`${first} home`] : [`${first} home`, `${second} home`])
          yield* deployed(after)(performSteppedActions())
          assert.deepStrictEqual(steps(), [
            `${first} home`,
            ...at === first ? [`${first} home`] : [],
            `${second} home`,
            ...at === second ? [`${second} home`] : [],
            ...driven
          ])
          assert.deepStrictEqual(yield* stepsOf(handle.id), [
            `${first} succeeded`,
            `${second} succeeded`,
            "start succeeded",
            "arrive succeeded"
          ])
        }
      }
    }))

  test("6.1+: what a deploy prepends or drops does not have a step run again, nor late", () =>
    Effect.gen(function*() {
      const only = (step: string) => Layer.provideMerge(prepended(step), CarsLive)
      // dropped after it ran, and while it ran
      for (const at of ["load", "check"]) {
        seen.length = 0
        const handle = yield* stoppedAt(at, checkFirst, "home")
        const begun = steps().length
        yield* deployed(only("load"))(performSteppedActions())
        assert.deepStrictEqual(steps().slice(begun), ["load home", ...driven])
        assert.strictEqual((yield* recordOf(handle.id)).status, "succeeded")
      }
      // added while another one ran
      seen.length = 0
      yield* stoppedAt("load", only("load"), "home")
      yield* deployed(checkFirst)(performSteppedActions())
      assert.deepStrictEqual(steps(), ["load home", "load home", ...driven])
      // rolled back after own steps have begun
      seen.length = 0
      yield* stoppedAt("check", checkFirst, "home")
      yield* deployed(CarsLive)(Effect.gen(function*() {
        const reached = yield* Deferred.make<void>()
        body = Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
        const worker = yield* Effect.forkChild(performSteppedActions())
        yield* Deferred.await(reached)
        yield* Fiber.interrupt(worker)
        body = Effect.void
      }))
      assert.deepStrictEqual(steps(), ["check home", "start home", "arrive home"])
      yield* deployed(checkFirst)(performSteppedActions())
      assert.deepStrictEqual(steps(), ["check home", "start home", "arrive home", "arrive home", "own callback"])
    }))

  test("6.1+: a method that a deploy has turned into steps is none of them, though one has its name", () =>
    Effect.gen(function*() {
      const loaded = Stepped.action("honk", { arguments: [Schema.String] })
        .step("look", (how) => note(`look ${how}`))
        .step("honk", (how) => note(`honk ${how}, as a step`))
      const Loaded = Stepped.actions(Car, [loaded])
      const reached = yield* Deferred.make<void>()
      body = Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
      const Held = Cars.toLayer(
        Effect.succeed({ honk: (how) => Effect.andThen(note(`honk ${how}`), Effect.suspend(() => body)) })
      )
      const running = yield* deployed(Held)(Effect.gen(function*() {
        const handle = yield* (yield* Cars.client)(1).honkLater("loud")
        const worker = yield* Effect.forkChild(performSteppedActions())
        yield* Deferred.await(reached)
        yield* Fiber.interrupt(worker)
        return handle
      }))
      body = Effect.void
      yield* deployed(Loaded.layer)(performSteppedActions())
      assert.deepStrictEqual(seen, ["honk loud", "look loud", "honk loud, as a step"])
      assert.deepStrictEqual(yield* kindsOf(running.id), ["own look", "own honk"])

      // and back, with the step of that name still to come
      seen.length = 0
      const Stopping = Stepped.actions(Car, [
        Stepped.action("honk", { arguments: [Schema.String] })
          .step("look", (how) => Effect.andThen(note(`look ${how}`), Step.wait("1 second")))
          .step("honk", () => note("never"))
      ])
      const back = yield* deployed(Stopping.layer)(Effect.gen(function*() {
        const handle = yield* (yield* Stopping.client)(1).honkLater("low")
        yield* performIdle
        return handle
      }))
      yield* deployed(CarsLive)(performSteppedActions())
      assert.deepStrictEqual(seen, ["look low", "honk low"])
      assert.deepStrictEqual(yield* kindsOf(back.id), ["own look", "method honk"])
    }))

  test(
    "6.2: what is prepended to an action runs for all heirs, before it the heir's own, over any generations",
    () =>
      Effect.gen(function*() {
        const ran = (client: { readonly towLater: (to: string) => Effect.Effect<{ readonly id: string }, unknown> }) =>
          Effect.gen(function*() {
            seen.length = 0
            const { id } = yield* client.towLater("home")
            yield* performSteppedActions()
            return [[...seen], yield* kindsOf(id)]
          })
        const [car, van, small] = [
          [["car", "tow home"], ["prepended car", "job tow"]],
          [["van", "car", "tow home"], ["prepended van", "prepended car", "job tow"]],
          [["small", "van", "car", "tow home"], ["prepended small", "prepended van", "prepended car", "job tow"]]
        ]
        assert.deepStrictEqual(yield* ran((yield* Cars.client)(1)), car!)
        assert.deepStrictEqual(yield* ran((yield* Vans.client)(1)), van!)
        assert.deepStrictEqual(yield* ran((yield* SmallVans.client)(1)), small!)
      }),
    Layer.provideMerge(
      Layer.mergeAll(
        Stepped.prependStep(SmallVans, tow, "small", () => note("small")),
        Stepped.prependStep(Cars, tow, "car", () => note("car")),
        Stepped.prependStep(Vans, tow, "van", () => note("van"))
      ),
      Layer.provideMerge(SmallVans.layer, Layer.provideMerge(Vans.layer, CarsLive))
    )
  )

  test("6.1+: no other step of the action has a prepended one's name, inherited or own, in whatever order they come", () =>
    Effect.gen(function*() {
      const nothing = () => Effect.void
      const all = Layer.mergeAll(CarsLive, Vans.layer, SmallVans.layer)
      const refused = (
        message: string,
        ...added: ReadonlyArray<Layer.Layer<never, never, Engine>>
      ) =>
        Effect.gen(function*() {
          const before = Layer.provideMerge(all, Layer.mergeAll(...added as [Layer.Layer<never, never, Engine>]))
          const after = Layer.provideMerge(Layer.mergeAll(...added as [Layer.Layer<never, never, Engine>]), all)
          for (const live of [before, after]) {
            const exit = yield* Effect.exit(deployed(live)(Effect.void))
            const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
            assert.instanceOf(error, DefinitionError)
            for (const part of message.split(" … ")) assert.include(error.message, part)
          }
        })
      yield* refused(
        "Car/drive has two steps named arrive … Car/drive has a step arrive … arrive is prepended to Car/drive",
        Stepped.prependStep(Cars, drive, "arrive" as string, nothing)
      )
      yield* refused(
        "Car/honk has two steps named honk … the method of Car/honk is the step honk … honk is prepended to Car/honk",
        Stepped.prependStep(Cars, honk, "honk", nothing)
      )
      yield* refused(
        "Car/tow has two steps named tow … the job of Car/tow is the step tow … tow is prepended to Car/tow",
        Stepped.prependStep(Cars, tow, "tow", nothing)
      )
      yield* refused(
        "Car/tow has two steps named check … check is prepended to Car/tow, and check is prepended to Car/tow again",
        Stepped.prependStep(Cars, tow, "check", nothing),
        Stepped.prependStep(Cars, tow, "check", () => Effect.void)
      )
      yield* refused(
        "SmallVan/tow has two steps named check … check is prepended to Car/tow, and check is prepended to SmallVan/tow",
        Stepped.prependStep(Cars, tow, "check", nothing),
        Stepped.prependStep(SmallVans, tow, "check", nothing)
      )
      yield* refused(
        "Van/drive has two steps named start … Car/drive has a step start, and start is prepended to Van/drive",
        Stepped.prependStep(Vans, drive, "start" as string, nothing)
      )
      // what an heir replaces is not there; brothers have nothing to do with each other
      yield* deployed(Layer.provideMerge(
        all,
        Layer.mergeAll(
          Stepped.prependStep(Cars, paint, "primer", nothing),
          Stepped.prependStep(Vans, tow, "check", nothing),
          Stepped.prependStep(Cars, honk, "check", nothing)
        )
      ))(Effect.void)
      for (const name of ["1", "before 1", "", "a/b"]) {
        assert.throws(() => Stepped.prependStep(Cars, honk, name, nothing), DefinitionError, "cannot name a step")
      }
      // a layer that was refused has left nothing
      const exit = yield* Effect.exit(Effect.scoped(Layer.build(Stepped.prependStep(Cars, honk, "honk", nothing))))
      assert.isTrue(Exit.isFailure(exit))
      const handle = yield* (yield* Cars.client)(1).honkLater("well")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* kindsOf(handle.id), ["method honk"])
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
        Stepped.prependStep(Cars, drive, "check", () => note("before"))
      )
    )
  )

  test("6.1: extending is an error once the engine has claimed", () =>
    Effect.gen(function*() {
      yield* performDue
      for (
        const layer of [
          Stepped.after(Cars, drive, [], () => Effect.void),
          Stepped.prependStep(Cars, drive, "check", () => Effect.void)
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
          Stepped.prependStep(Cars, drive, "check", (to) => note(`before ${to}`))
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
        Stepped.prependStep(Cars, paint, "check", () => note("before car")),
        Stepped.after(Vans, vanPaint, [], () => note("added to van")),
        Stepped.prependStep(Vans, vanPaint, "check", () => note("before van"))
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
        Stepped.prependStep(Vans, honk, "check", () => note("before van"))
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
