/** Rule 7.4: performing everything in a test. */
import { assert, beforeEach, it } from "@effect/vitest"
import { Clock, Effect, Layer, Schedule, Schema } from "effect"
import { Engine, Step, Stepped } from "stepped"
import { NotDrained, performDue, performSteppedActions, succeedOutbound } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { recordOf, statusesOf } from "../harness/observing.ts"

const seen: Array<string> = []
const note = (text: string) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.sync(() => void seen.push(`${now} ${text}`)))
let failures = 0
beforeEach(() => {
  seen.length = 0
  failures = 0
})

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

const honk = Stepped.action("honk", { arguments: [Schema.String] }).step((how) => note(`honk ${how}`))
const park = Stepped.action("park").step(() => Effect.all([Step.do(honk, "a"), Step.on(Car.ref(2), honk, "b")])).step(
  () => note("parked")
)
const trip = Stepped.action("trip").step(() => Step.do(park)).step(() => Step.do(honk, "c")).step(() => note("home"))
const stopover = Stepped.action("stopover")
  .step(() => Effect.all([Step.wait("10 seconds"), Step.wait("4 seconds")]))
  .step(() => note("waited"))
const ask = Stepped.action("ask", { arguments: [Schema.String], outbound: true, timeout: "5 seconds" })
  .step((what) => note(`ask ${what}`))
  .after((what, { status }) => note(`${what} ${status}`))
const patient = Stepped.action("patient", { outbound: true }).step(() => Effect.void)
const talk = Stepped.action("talk").step(() => Step.do(ask, "name")).step(() => Step.do(ask, "age")).step(() =>
  note("talked")
)
const shaky = Stepped.action("shaky").step(() =>
  note("try").pipe(Effect.andThen(Effect.suspend(() => failures-- > 0 ? Effect.die("no") : Effect.void)))
)

const Cars = Stepped.actions(Car, [honk, park, trip, stopover, ask, patient, talk, shaky])
const elsewhere = Stepped.action("elsewhere", { arguments: [Schema.Int] }).step(() => Effect.void)
class Boat extends Stepped.Actor<Boat>()("Boat", { id: Schema.Int }) {}
const Boats = Stepped.actions(Boat, [elsewhere])

suite("draining", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services>,
    options: Stepped.EngineOptions = {}
  ) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Cars.layer, engine.layer(options)))
    )

  test("7.4: what somebody else enqueues after the last look is performed, too", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const engine = yield* Engine
      let isEnqueued = false
      // where a pass has found nothing, and what is left has not been looked at yet
      const nextDue = Effect.gen(function*() {
        if (!isEnqueued) yield* car.honkLater("late")
        isEnqueued = true
        return yield* engine.nextDue
      }).pipe(Effect.orDie, Effect.provide(yield* Effect.context<Stepped.Services>()))
      yield* Effect.provideService(performSteppedActions(), Engine, { ...engine, nextDue })
      assert.deepStrictEqual(seen, ["0 honk late"])
    }))

  test("7.4: runs everything that is due, children at every depth included, without moving the clock", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).tripLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["0 honk a", "0 honk b", "0 parked", "0 honk c", "0 home"])
      assert.strictEqual((yield* recordOf(handle.id)).status, "succeeded")
      assert.strictEqual(yield* performDue, 0)
    }))

  test("7.4: nothing to do is fine", () => performSteppedActions())

  test("7.4: moves the clock to each wait, and no further than needed", () =>
    Effect.gen(function*() {
      yield* (yield* Cars.client)(1).stopoverLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["10000 waited"])
      assert.strictEqual(yield* Clock.currentTimeMillis, 10_000)
    }))

  test("7.4: moves the clock to each retry", () =>
    Effect.gen(function*() {
      failures = 2
      yield* (yield* Cars.client)(1).shakyLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["0 try", "3000 try", "6000 try"])
    }), { handledDefects: () => false, retry: Schedule.spaced("3 seconds") })

  test("7.4: when idle, calls the hook for each performing outbound action, and goes on with what it completed", () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      yield* client(1).talkLater()
      yield* client(2).askLater("way")
      yield* client(2).askLater("later")
      const asked: Array<string> = []
      yield* performSteppedActions({
        outbound: (action) => {
          asked.push(`${action.name} ${action.actorId} ${JSON.stringify(action.arguments)}`)
          return Stepped.complete(action.id, ask, Stepped.Outcome.succeededVoid)
        }
      })
      assert.deepStrictEqual([...asked].sort(), [
        "ask 1 [\"age\"]",
        "ask 1 [\"name\"]",
        "ask 2 [\"later\"]",
        "ask 2 [\"way\"]"
      ])
      assert.deepStrictEqual(seen.filter((text) => text.includes("talked")), ["0 talked"])
      assert.deepStrictEqual(yield* statusesOf("ask"), ["succeeded", "succeeded", "succeeded", "succeeded"])
    }))

  test("7.4: succeedOutbound is a hook that completes everything", () =>
    Effect.gen(function*() {
      yield* (yield* Cars.client)(1).talkLater()
      yield* performSteppedActions({ outbound: succeedOutbound })
      assert.deepStrictEqual(seen, ["0 ask name", "0 name succeeded", "0 ask age", "0 age succeeded", "0 talked"])
    }))

  test("7.4: the hook comes before the clock", () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      yield* client(1).stopoverLater()
      yield* client(2).askLater("way")
      yield* performSteppedActions({ outbound: succeedOutbound })
      assert.deepStrictEqual(seen, ["0 ask way", "0 way succeeded", "10000 waited"])
    }))

  test("7.4: when the hook completes nothing, the clock moves, and timeouts passed on the way fire at their time", () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      yield* client(1).stopoverLater()
      yield* client(2).askLater("way")
      let calls = 0
      yield* performSteppedActions({ outbound: () => Effect.sync(() => ++calls) })
      assert.deepStrictEqual(seen, ["0 ask way", "5000 way timed_out", "10000 waited"])
      assert.isAtLeast(calls, 2)
      assert.deepStrictEqual(yield* statusesOf("ask"), ["timed_out"])
    }))

  test("7.4: if only timeouts and outbound actions are left it fails with the list of live actions, at the same time", () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      yield* client(1).talkLater()
      yield* client(2).patientLater()
      yield* client(2).patientLater()
      const error = yield* Effect.flip(performSteppedActions())
      assert.instanceOf(error, NotDrained)
      assert.deepStrictEqual([...error.left].sort(), [
        "ask Car/1(\"name\") is performing, outbound",
        "patient Car/2() is pending, outbound",
        "patient Car/2() is performing, outbound",
        "talk Car/1() is performing"
      ])
      assert.match(error.message, /^4 actions are left:\n {2}/)
      assert.strictEqual(yield* Clock.currentTimeMillis, 0)
      assert.deepStrictEqual(yield* statusesOf("ask"), ["performing"])
    }))

  test("7.4: an action that nobody here defines is left, and listed", () =>
    Effect.gen(function*() {
      const boat = (yield* Boats.client)(1)
      yield* boat.elsewhereLater(1)
      yield* boat.elsewhereLater(2)
      yield* (yield* Cars.client)(1).honkLater("x")
      const error = yield* Effect.flip(performSteppedActions())
      assert.instanceOf(error, NotDrained)
      assert.deepStrictEqual([...error.left], ["Boat/elsewhere is queued 2 times, and not defined here"])
      assert.deepStrictEqual(seen, ["0 honk x"])
    }))

  test("7.4: a failure of the hook is the drain's", () =>
    Effect.gen(function*() {
      yield* (yield* Cars.client)(1).askLater("way")
      assert.strictEqual(
        yield* Effect.flip(performSteppedActions({ outbound: () => Effect.fail("no answer" as const) })),
        "no answer"
      )
      yield* performSteppedActions({ outbound: succeedOutbound })
      assert.deepStrictEqual(yield* statusesOf("ask"), ["succeeded"])
    }))

  test("performDue is one pass, and says how much there was", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      assert.strictEqual(yield* performDue, 0)
      yield* car.parkLater()
      assert.isAbove(yield* performDue, 0)
      assert.deepStrictEqual(yield* statusesOf("honk"), [])
      assert.isAbove(yield* performDue, 0)
      assert.deepStrictEqual(yield* statusesOf("honk"), ["succeeded", "succeeded"])
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* statusesOf("park"), ["succeeded"])
    }))
})
