/** Rule 10.4: children of a step are unwound with it. */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, Stepped } from "stepped"
import { assertCompensated, performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import { seen } from "../harness/notes.ts"
import { lanes, recordOf, recordsOf, slotsOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { until } from "../harness/workers.ts"
import { hold, HotelsLive, scene, Stranded, Trips } from "./fixtures/unwindingChildren.ts"

const live = Layer.merge(HotelsLive, Trips.layer)

const booked = ["looks at 1", "reserves 1", "pays 100", "confirms room 1", "reserves 2", "pays 200", "confirms room 2"]
const unwound = [
  "refunds 200 of receipt 200",
  "releases room 2",
  "refunds 100 of receipt 100",
  "releases room 1",
  "tears up the plan"
]

suite("unwinding children", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>,
    options: Stepped.EngineOptions = {}
  ) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(live, engine.layer(options)))
    )
  const trip = Effect.map(Trips.client, (trips) => trips(1))
  const guest = Effect.map(Trips.client, (guests) => guests(1))

  test("10.4: children that have succeeded are unwound, those of one lane in reverse order, before their step and the callbacks", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* trip).travelLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, [...booked, "leaves", ...unwound, "failed"])
      assert.instanceOf(yield* Effect.flip(handle.await), Stranded)
      assert.deepStrictEqual(yield* stepsOf(handle.id), [
        "book succeeded",
        "leave failed",
        "book succeeded",
        "book succeeded"
      ])
      assert.deepStrictEqual((yield* slotsOf(handle.id)).length, 5)
      for (const { endedAt, status, unwinding, unwound } of yield* recordsOf("book")) {
        assert.deepStrictEqual([status, unwinding, unwound, endedAt !== undefined], ["succeeded", false, {}, true])
      }
      const { cause, status } = yield* recordOf(handle.id)
      assert.deepStrictEqual([status, cause?.notUndone, cause?.kept], ["failed", undefined, undefined])
      assert.deepStrictEqual(yield* lanes, [])
    }))

  test("10.4: of an action that succeeds no child is unwound", () =>
    Effect.gen(function*() {
      scene.leave = Effect.void
      const handle = yield* (yield* trip).travelLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, [...booked, "leaves", "succeeded"])
      assert.strictEqual((yield* recordOf(handle.id)).status, "succeeded")
      assert.deepStrictEqual((yield* recordsOf("book")).map(({ unwound }) => unwound), [undefined, undefined])
    }))

  test("10.4: what a child cannot undo is listed by all above it; the others are unwound, and the child's end stays", () =>
    Effect.gen(function*() {
      scene.release = Effect.suspend(() => seen.at(-1) === "releases room 2" ? Effect.die("no answer") : Effect.void)
      const handle = yield* (yield* trip).travelLater()
      yield* performSteppedActions()
      const of = (name: string) => seen.filter((line) => line === name).length
      assert.deepStrictEqual([of("releases room 2"), of("releases room 1"), of("refunds 200 of receipt 200")], [
        5,
        1,
        1
      ])
      const [first, second] = yield* recordsOf("book")
      assert.deepStrictEqual([first!.unwound, first!.status, second!.status], [{}, "succeeded", "succeeded"])
      assert.deepStrictEqual(second!.unwound?.notUndone, [{ step: "reserve", index: 0, message: "no answer" }])
      const message = "book Hotel/Ritz › reserve: no answer"
      const { cause } = yield* recordOf(handle.id)
      assert.deepStrictEqual(cause?.notUndone, [{ step: "book", index: 0, child: second!.id, message }])
      assert.deepStrictEqual(seen.slice(-2), ["tears up the plan", `failed, not undone: ${message}`])
      assert.instanceOf(yield* Effect.flip(handle.await), Stranded)
      assert.deepStrictEqual(yield* stepsOf(handle.id), [
        "book succeeded",
        "leave failed",
        "book failed",
        "book succeeded"
      ])
    }))

  test("10.3, 10.4: what is uncertain of a child is so for all above it: in its record, their causes, callbacks and trees", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* trip).dineLater()
      yield* performSteppedActions()
      const [called] = yield* recordsOf("call")
      const [lunch] = yield* recordsOf("lunch")
      // they have ended well, and nobody could say so before they were to be undone
      assert.deepStrictEqual([called!.status, called!.cause, called!.unwound], [
        "succeeded",
        undefined,
        { uncertain: ["ring"] }
      ])
      const below = "call Hotel/Ritz › ring"
      assert.deepStrictEqual([lunch!.status, lunch!.unwound], ["succeeded", { uncertain: [below] }])
      const { cause, status } = yield* recordOf(handle.id)
      assert.deepStrictEqual([status, cause?.uncertain, cause?.notUndone], [
        "failed",
        [`lunch Trip/1 › ${below}`],
        undefined
      ])
      assert.deepStrictEqual(seen, ["is hungry", `failed, uncertain: lunch Trip/1 › ${below}`])
      assert.instanceOf(yield* Effect.flip(handle.await), Stranded)
      // it stands in the way of nothing else: what unwinds the children has succeeded
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["lunch succeeded", "leave failed", "lunch succeeded"])
      const text = Stepped.renderTree(Option.getOrThrow(yield* Stepped.tree(handle.id)))
      for (const step of ["ring", below, `lunch Trip/1 › ${below}`]) assert.include(text, `─ uncertain: ${step}\n`)
      const error = yield* Effect.flip(assertCompensated({ id: lunch!.id }, ["eat", "call"]))
      assert.include(error.message, `${below}: uncertain`)
    }))

  test("10.3: of a child that has failed by itself its own cause says what is uncertain, and no other's", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* trip).engagedLater()
      yield* performSteppedActions()
      const [called] = yield* recordsOf("call")
      assert.deepStrictEqual([called!.status, called!.cause?.uncertain, called!.unwound], [
        "failed",
        ["ring"],
        undefined
      ])
      const { cause } = yield* recordOf(handle.id)
      assert.deepStrictEqual([cause?.kind, cause?.uncertain], ["child", undefined])
      assert.deepStrictEqual(seen, ["failed"])
    }))

  test("10.4: what undoes a job's action receives its success; what is past its point of no return is kept", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* guest).tidyLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["signs", "makes a mess of 3"])
      const [signed] = yield* recordsOf("sign")
      assert.deepStrictEqual((yield* recordOf(handle.id)).cause?.kept, [
        { step: "clean", index: 0, child: signed!.id, action: "sign Hotel/Ritz" }
      ])
    }))

  test("10.4: children of all attempts of a step that has failed are unwound, each once", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* guest).halfLater()
      yield* performSteppedActions()
      // those of one lane one after another, the last one first
      const counted = seen.filter((line) => line !== "makes a mess of 3")
      assert.deepStrictEqual(counted, ["counts 1", "counts 2", "counts 3", "uncounts 3", "uncounts 2", "uncounts 1"])
      assert.lengthOf(seen, 7)
      assert.deepStrictEqual((yield* recordsOf("clean")).map(({ unwound }) => unwound), [{}])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["ask failed", "ask succeeded"])
      assert.strictEqual((yield* recordsOf("broken")).length, 3)
    }))

  test("10.4: an open step is closed first; then its children are unwound that have succeeded", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* guest).openLater()
      yield* performIdle
      assert.isTrue(yield* handle.cancel())
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["holds bed", "makes a mess of 3"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["ask cancelled", "ask succeeded"])
      assert.deepStrictEqual((yield* recordsOf("hold")).map(({ status }) => status), ["cancelled"])
    }))

  test("10.4: a child that succeeds while the step is closed is unwound, too", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const handle = yield* (yield* guest).openLater()
      yield* performIdle
      const [child] = yield* recordsOf("hold")
      yield* sql.withTransaction(Effect.andThen(
        handle.cancel(),
        Stepped.complete(child!.id, hold, Stepped.Outcome.succeeded(new Date(7)))
      ))
      yield* performSteppedActions()
      assert.deepStrictEqual(seen[0], "holds bed")
      assert.sameMembers(seen.slice(1), ["makes a mess of 3", "gives up bed until 7"])
    }))

  test("10.4: a child that its step has given up, and that ends well all the same, is waited for and unwound", () =>
    Effect.gen(function*() {
      const go = yield* Deferred.make<void>()
      const handle = yield* (yield* guest).openLater()
      yield* performIdle
      const [child] = yield* recordsOf("hold")
      // its callbacks run when its time is over for the step that waits
      const reached = yield* Deferred.make<void>()
      scene.held = Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(go))
      yield* Stepped.complete(child!.id, hold, Stepped.Outcome.succeeded(new Date(7)))
      const worker = yield* Effect.forkChild(performIdle)
      yield* Deferred.await(reached)
      yield* TestClock.adjust("2 hours")
      const other = yield* Effect.forkChild(performIdle)
      const openSlots = Effect.map(slotsOf(handle.id), (slots) => slots.filter((status) => status === "open").length)
      const isUnwound = Effect.map(openSlots, (count) => count === 1 && seen.includes("makes a mess of 3"))
      yield* until("the other child is unwound", isUnwound)
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.joinAll([worker, other])
      yield* performIdle
      assert.deepStrictEqual(seen, ["holds bed", "makes a mess of 3", "gives up bed until 7"])
    }))

  test("10.4: cancelled without undoing, children stay", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* guest).openLater()
      yield* performIdle
      yield* handle.cancel({ compensate: false })
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["holds bed"])
    }))

  test("10.4: while a child is unwound its record says so, and nobody may end it", () =>
    Effect.gen(function*() {
      const reached = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      scene.release = Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(go))
      const handle = yield* (yield* trip).travelLater()
      const worker = yield* Effect.forkChild(performSteppedActions())
      yield* Deferred.await(reached)
      const [, second] = yield* recordsOf("book")
      assert.deepStrictEqual([second!.status, second!.unwinding, second!.unwound], ["succeeded", true, undefined])
      assert.isFalse(yield* Stepped.cancel(second!.id))
      assert.strictEqual((yield* recordOf(handle.id)).status, "performing")
      assert.deepStrictEqual((yield* stepsOf(second!.id)).at(-1), "reserve performing")
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(worker)
      assert.deepStrictEqual(seen.slice(-7), ["leaves", ...unwound, "failed"])
    }))

  test("10.4: the history of what may still be unwound is kept, however old it is", () =>
    Effect.gen(function*() {
      const reached = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      scene.leave = Effect.andThen(
        Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(go)),
        Effect.fail(new Stranded())
      )
      yield* (yield* trip).travelLater()
      const worker = yield* Effect.forkChild(performSteppedActions())
      yield* Deferred.await(reached)
      const { deleted } = yield* (yield* ActionRepo).deleteEnded({ before: new Date(10_000_000_000_000) })
      assert.strictEqual(deleted, 0)
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(worker)
      assert.deepStrictEqual(seen, [...booked, "leaves", ...unwound, "failed"])
    }))

  it.effect("10.4: who dies while a child is unwound leaves that to another worker; what is undone is not undone again", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const reached = yield* Deferred.make<void>()
      scene.release = Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
      const id = yield* deployed(live)(Effect.gen(function*() {
        const handle = yield* (yield* trip).travelLater()
        const worker = yield* Effect.forkChild(performSteppedActions())
        yield* Deferred.await(reached)
        yield* sql`select taken from stepped.recover(${new Date(0)}, array(select token from stepped.workers), true)`
        yield* Fiber.interrupt(worker)
        return handle.id
      }))
      scene.release = Effect.void
      yield* deployed(live)(performSteppedActions())
      assert.deepStrictEqual(seen.slice(-8), ["leaves", ...unwound.slice(0, 2), ...unwound.slice(1), "failed"])
      assert.strictEqual((yield* recordOf(id)).status, "failed")
    }).pipe(Effect.andThen(healthy), Effect.provide(engine.layer())))

  it("compensate of an action that its steps perform is refused", () => {
    assert.throws(
      () => Stepped.action("move", { compensate: () => Effect.void }).step(() => Effect.void),
      "move is performed by its steps: give compensate to those that have something to undo"
    )
  })
})
