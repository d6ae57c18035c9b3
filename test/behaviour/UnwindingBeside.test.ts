/** Rule 10.4: what is unwound, and what is left, beside others who use the same lanes, results and children. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Option, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { AchievementStore, ActionRepo, PerformanceLane, Stepped } from "stepped"
import { performSteppedActions, succeedOutbound } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import { note, seen } from "../harness/notes.ts"
import { lanes, recordOf, recordsOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { hold, Hotel, Hotels, HotelsLive, rooms, scene, Trips } from "./fixtures/unwindingChildren.ts"

const live = Layer.merge(HotelsLive, Trips.layer)
const desk = Effect.map(Hotels.client, (hotels) => hotels("Ritz"))
const guest = Effect.map(Trips.client, (guests) => guests(1))

const news = Effect.sync(() => seen.splice(0))
/** Completes the newest action of this name that is held. */
const give = (name: string, at = 5) =>
  Effect.gen(function*() {
    const held = (yield* recordsOf("hold")).filter((record) =>
      record.status === "performing" && (record.arguments as ReadonlyArray<unknown>)[0] === name
    )
    yield* Stepped.complete(held.at(-1)!.id, hold, Stepped.Outcome.succeeded(new Date(at)))
    yield* performIdle
  })
/** Lets the guest go on to the end of what it waits for, and fail. */
const leave = Effect.andThen(TestClock.adjust("1 hour"), performIdle)

suite("unwinding beside others", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>,
    options: Stepped.EngineOptions = {}
  ) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(live, engine.layer(options)))
    )
  /** Somebody stays who holds this, and has it. */
  const staying = (name: string) =>
    Effect.gen(function*() {
      const handle = yield* (yield* guest).stayLater(name)
      yield* performIdle
      yield* give(name)
      yield* news
      return handle
    })

  test("10.4: what undoes an action that was completed from outside receives its success and its arguments; what it achieved is erased", () =>
    Effect.gen(function*() {
      scene.held = note("is held")
      const handle = yield* staying("bed")
      assert.strictEqual((yield* (yield* AchievementStore).list({ limit: 10 })).length, 1)
      yield* leave
      // its callbacks have run
      assert.deepStrictEqual(yield* news, ["gives up bed until 5", "failed"])
      assert.strictEqual((yield* (yield* AchievementStore).list({ limit: 10 })).length, 0)
      const [held] = yield* recordsOf("hold")
      assert.deepStrictEqual([held!.status, held!.unwinding, held!.unwound], ["succeeded", false, {}])
      assert.deepStrictEqual(yield* stepsOf(held!.id), ["1 succeeded", "hold succeeded"])
      assert.strictEqual((yield* recordOf(handle.id)).cause?.kept, undefined)
      // whoever asks for it now has it performed
      yield* (yield* desk).holdLater("bed")
      yield* performIdle
      assert.deepStrictEqual(yield* news, ["holds bed"])
      yield* give("bed")
    }))

  test("10.4: an achievement that is another's by now stays", () =>
    Effect.gen(function*() {
      yield* staying("bed")
      yield* (yield* desk).holdLater("sofa")
      yield* performIdle
      yield* give("sofa")
      yield* leave
      assert.deepStrictEqual(yield* news, ["holds sofa", "gives up bed until 5", "failed"])
      assert.strictEqual((yield* (yield* AchievementStore).list({ limit: 10 })).length, 1)
    }))

  test("10.4: a child that somebody has joined is left, and listed as kept", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* guest).stayLater("bed")
      yield* performIdle
      const other = yield* (yield* desk).holdLater("bed")
      yield* performIdle
      yield* give("bed")
      assert.strictEqual((yield* other.await).getTime(), 5)
      yield* leave
      assert.deepStrictEqual(yield* news, ["holds bed", "failed, kept: hold Hotel/Ritz"])
      const [held] = yield* recordsOf("hold")
      const kept = [{ step: "hold", index: 0, child: held!.id, action: "hold Hotel/Ritz" }]
      assert.deepStrictEqual((yield* recordOf(handle.id)).cause?.kept, kept)
      assert.deepStrictEqual([held!.unwinding, held!.unwound], [false, undefined])
    }))

  test("10.4: so is one that has not ended yet when its step is given up", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* guest).stayLater("bed")
      yield* performIdle
      const other = yield* (yield* desk).holdLater("bed")
      yield* performIdle
      assert.isTrue(yield* handle.cancel())
      yield* performIdle
      const [held] = yield* recordsOf("hold")
      const kept = [{ step: "hold", index: 0, child: held!.id, action: "hold Hotel/Ritz" }]
      assert.deepStrictEqual((yield* recordOf(handle.id)).cause?.kept, kept)
      yield* give("bed")
      assert.strictEqual((yield* other.await).getTime(), 5)
      assert.isUndefined((yield* recordOf(held!.id)).unwound)
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["hold cancelled", "hold succeeded"])
    }))

  test("10.4: so is one that has joined an action which nobody is the parent of", () =>
    Effect.gen(function*() {
      const other = yield* (yield* desk).holdLater("bed")
      yield* performIdle
      const handle = yield* (yield* guest).stayLater("bed")
      yield* performIdle
      yield* give("bed")
      assert.strictEqual((yield* other.await).getTime(), 5)
      yield* leave
      assert.deepStrictEqual(yield* news, ["holds bed", "failed, kept: hold Hotel/Ritz"])
      const kept = [{ step: "hold", index: 0, child: other.id, action: "hold Hotel/Ritz" }]
      assert.deepStrictEqual((yield* recordOf(handle.id)).cause?.kept, kept)
      assert.isUndefined((yield* recordOf(other.id)).unwound)
    }))

  test("10.4: a child that another action's step has joined is left by both", () =>
    Effect.gen(function*() {
      const first = yield* (yield* guest).stayLater("bed")
      const second = yield* (yield* Effect.map(Trips.client, (guests) => guests(2))).stayLater("bed")
      yield* performIdle
      yield* give("bed")
      yield* leave
      const kept = "failed, kept: hold Hotel/Ritz"
      assert.deepStrictEqual(yield* news, ["holds bed", kept, kept])
      assert.isDefined((yield* recordOf(first.id)).cause?.kept)
      assert.isDefined((yield* recordOf(second.id)).cause?.kept)
    }))

  test("10.4: what was reused is left: by whoever has begun it, and by whoever has reused it", () =>
    Effect.gen(function*() {
      yield* staying("bed")
      const second = yield* (yield* Effect.map(Trips.client, (guests) => guests(2))).stayLater("bed")
      yield* performIdle
      yield* leave
      const kept = "failed, kept: hold Hotel/Ritz"
      assert.deepStrictEqual(yield* news, [kept, kept])
      assert.isDefined((yield* recordOf(second.id)).cause?.kept)
      assert.strictEqual((yield* recordsOf("hold")).length, 1)
    }))

  test("18.1, 10.4: nor does it keep from being retried who has reused it", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      yield* staying("bed")
      const second = yield* (yield* Effect.map(Trips.client, (guests) => guests(2))).stayLater("bed")
      yield* performIdle
      yield* leave
      scene.leave = Effect.void
      const answer = yield* repo.retry(second.id)
      assert(answer._tag === "Retried", JSON.stringify(answer))
      yield* performIdle
      yield* leave
      assert.strictEqual((yield* recordOf(answer.id)).status, "succeeded")
      assert.strictEqual((yield* recordsOf("hold")).length, 1)
    }))

  test(
    "10.4: one that is still to end is undone before what was done in its lane before it",
    () =>
      Effect.gen(function*() {
        scene.held = Effect.die("not yet")
        const handle = yield* (yield* guest).desksLater()
        yield* performIdle
        scene.held = Effect.void
        yield* give("bed")
        scene.held = Effect.die("not yet")
        yield* give("sofa")
        // its callback is to be tried again
        yield* TestClock.adjust("2 hours")
        yield* performIdle
        assert.deepStrictEqual(yield* news, ["holds bed", "holds sofa"])
        scene.held = Effect.void
        yield* TestClock.adjust("2 hours")
        yield* performIdle
        assert.strictEqual((yield* recordOf(handle.id)).status, "failed")
        assert.deepStrictEqual(yield* news, ["gives up sofa until 5", "gives up bed until 5"])
      }),
    { handledDefects: () => false, retry: Schedule.spaced("3 hours") }
  )

  test("10.4: a handle's reuse counts, too", () =>
    Effect.gen(function*() {
      yield* staying("bed")
      const other = yield* (yield* desk).holdLater("bed")
      yield* performIdle
      yield* leave
      assert.strictEqual((yield* other.await).getTime(), 5)
      assert.deepStrictEqual(yield* news, ["failed, kept: hold Hotel/Ritz"])
    }))

  test("10.4: it is next in the child's lane: behind who performs, before who waits; a newcomer supersedes that one alone", () =>
    Effect.gen(function*() {
      yield* staying("bed")
      const car = yield* desk
      const [running, waiting] = [yield* car.holdLater("sofa"), yield* car.holdLater("floor")]
      yield* performIdle
      yield* leave
      const [bed] = yield* recordsOf("hold")
      assert.isTrue(bed!.unwinding)
      const last = yield* car.holdLater("hammock")
      yield* performIdle
      assert.strictEqual((yield* recordOf(waiting.id)).supersededBy, last.id)
      const lane = Option.getOrThrow(yield* (yield* PerformanceLane).find("the desk"))
      assert.deepStrictEqual(lane.performing, [running.id])
      assert.sameMembers([...lane.pending], [bed!.id, last.id])
      assert.deepStrictEqual(yield* news, ["holds sofa"])
      yield* give("sofa")
      const [first, ...rest] = yield* news
      assert.strictEqual(first, "gives up bed until 5")
      assert.sameMembers(rest, ["failed", "holds hammock"])
      yield* give("hammock")
      assert.deepStrictEqual(yield* lanes, [])
    }))

  test("10.4: a pause of its lane, its definition or everything does not hold it", () =>
    Effect.gen(function*() {
      yield* staying("bed")
      const waiting = yield* (yield* desk).holdLater("sofa")
      yield* (yield* PerformanceLane).pause("the desk", { reason: "full", by: "ada" })
      yield* performIdle
      yield* leave
      assert.deepStrictEqual(yield* news, ["gives up bed until 5", "failed"])
      assert.strictEqual((yield* recordOf(waiting.id)).status, "pending")
      yield* (yield* PerformanceLane).resume("the desk")
      yield* performIdle
      assert.deepStrictEqual(yield* news, ["holds sofa"])
      yield* give("sofa")
    }))

  test("10.4: in a named lane it counts for the limit, and goes before the line", () =>
    Effect.gen(function*() {
      yield* (yield* guest).visitLater(["ada", "bob"], "rooms")
      const end = (name: string) =>
        Effect.gen(function*() {
          const found = (yield* recordsOf("enter")).find(({ arguments: args, status }) =>
            status === "performing" && (args as ReadonlyArray<unknown>)[0] === name
          )
          yield* succeedOutbound(found!)
          yield* performIdle
        })
      yield* performIdle
      yield* end("ada")
      yield* end("bob")
      const others = ["eve", "fay", "gil"]
      yield* Effect.forEach(others, (name) => Effect.flatMap(desk, (hotel) => hotel.enterLater(name, "rooms")))
      yield* performIdle
      yield* leave
      assert.deepStrictEqual(yield* news, ["enters ada", "enters bob", "enters eve", "enters fay"])
      const lane = Option.getOrThrow(yield* (yield* PerformanceLane).find(rooms("Ritz")))
      assert.deepStrictEqual([lane.performing.length, lane.waiting], [2, 3])
      yield* end("eve")
      // both of them one after the other, as there is one place
      assert.deepStrictEqual(yield* news, ["leaves bob", "leaves ada", "enters gil"])
      yield* end("fay")
      yield* end("gil")
    }))

  test("10.4: it is no start in a lane with a rate", () =>
    Effect.gen(function*() {
      yield* (yield* guest).visitLater(["ada"], "door")
      yield* performIdle
      yield* succeedOutbound((yield* recordsOf("enter"))[0]!)
      yield* performIdle
      yield* leave
      assert.deepStrictEqual(yield* news, ["enters ada", "leaves ada"])
      const sql = yield* SqlClient.SqlClient
      const counted = yield* sql<{ count: number }>`select cardinality(starts) as count from stepped.named_lanes`
      assert.deepStrictEqual(counted.map(({ count }) => count), [1])
    }))

  test("10.4: in a superseding lane a newcomer leaves it alone", () =>
    Effect.gen(function*() {
      yield* (yield* guest).visitLater(["ada"], "latest")
      yield* performIdle
      yield* succeedOutbound((yield* recordsOf("enter"))[0]!)
      yield* performIdle
      const running = yield* (yield* desk).enterLater("bob", "latest")
      yield* performIdle
      yield* leave
      const waiting = yield* (yield* desk).enterLater("eve", "latest")
      yield* performIdle
      assert.deepStrictEqual(yield* news, ["enters ada", "enters bob"])
      yield* succeedOutbound(yield* recordOf(running.id))
      yield* performIdle
      assert.deepStrictEqual(yield* news, ["leaves ada", "enters eve"])
      yield* succeedOutbound(yield* recordOf(waiting.id))
      yield* performIdle
    }))

  test("10.4: where waiting for its lane would close a cycle it is not undone", () =>
    Effect.gen(function*() {
      const handle = yield* staying("bed")
      const escort = yield* (yield* guest).escortLater()
      yield* performIdle
      yield* leave
      const [held] = yield* recordsOf("hold")
      const { cause } = yield* recordOf(handle.id)
      assert.deepStrictEqual(cause?.notUndone?.map(({ child, step }) => [child, step]), [[held!.id, "hold"]])
      const message = cause!.notUndone![0]!.message
      assert.match(
        message,
        /^hold Hotel\/Ritz › hold: deadlocked: hold Hotel\/Ritz waits in lane "the desk" behind escort/
      )
      assert.deepStrictEqual(yield* news, [`failed, not undone: ${message}`])
      assert.deepStrictEqual([held!.unwinding, held!.unwound], [false, undefined])
      assert.strictEqual((yield* recordOf(escort.id)).status, "failed")
      assert.strictEqual((yield* (yield* AchievementStore).list({ limit: 10 })).length, 1)
      // nobody is retried over it; by its id it is undone now, where it is in nobody's way
      const repo = yield* ActionRepo
      assert.deepInclude(yield* repo.retry(handle.id, { from: "hold" }), { reason: "notUndone", action: handle.id })
      assert.deepStrictEqual(yield* repo.compensateAgain(held!.id), { _tag: "Compensating", steps: ["hold"] })
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* news, ["gives up bed until 5"])
      assert.deepStrictEqual((yield* recordsOf("hold"))[0]!.unwound, {})
      assert.strictEqual((yield* (yield* AchievementStore).list({ limit: 10 })).length, 0)
      assert.deepInclude(yield* repo.compensateAgain(held!.id), { reason: "nothing" })
    }))

  test("10.4, 10.7: when the time is over to undo an action it ends without its child, which is unwound all the same", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* guest).hurryLater()
      yield* performIdle
      // somebody else has the lane before it is wanted
      yield* (yield* desk).holdLater("sofa")
      yield* performIdle
      yield* give("bed")
      assert.isTrue((yield* recordOf(handle.id)).unwinding)
      yield* leave
      const message = "not tried, since the time to undo the action's steps is over"
      assert.deepStrictEqual((yield* recordOf(handle.id)).cause?.notUndone, [
        { step: "hold", index: 1, message: "timed out after 3600000 ms" },
        { step: "first", index: 0, message }
      ])
      assert.isTrue((yield* recordsOf("hold"))[0]!.unwinding)
      yield* give("sofa")
      assert.deepStrictEqual(yield* news, ["holds bed", "holds sofa", "gives up bed until 5"])
      assert.deepStrictEqual((yield* recordsOf("hold"))[0]!.unwound, {})
    }))

  test("10.4, 10.7: where the first that cannot be undone stops the others, a child's does", () =>
    Effect.gen(function*() {
      scene.release = Effect.die("no answer")
      const handle = yield* (yield* guest).strictLater()
      yield* performSteppedActions()
      const { cause } = yield* recordOf(handle.id)
      assert.deepStrictEqual(cause?.notUndone?.map(({ message, step }) => [step, message]), [
        ["book", "book Hotel/Ritz › reserve: no answer"],
        ["first", "not tried, since what undoes book has failed"]
      ])
    }))

  test("10.4, 10.7: the step's other children are undone all the same, also those that wait for their lanes; nothing else is tried", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* guest).severeLater()
      yield* performIdle
      yield* give("bed")
      yield* (yield* desk).holdLater("sofa")
      yield* performIdle
      yield* news
      scene.release = Effect.suspend(() => seen.at(-1) === "releases room 2" ? Effect.die("no answer") : Effect.void)
      yield* leave
      // all the tries that what undoes it has; another child is behind it in its lane, and one in a lane of its own
      for (let again = 0; again < 4; again++) yield* Effect.andThen(TestClock.adjust("1 hour"), performIdle)
      const undone = yield* news
      assert.deepStrictEqual(undone.filter((line) => !/^(makes|releases room 2)/.test(line)), [
        "refunds 200 of receipt 200",
        "refunds 100 of receipt 100",
        "releases room 1"
      ])
      const times = (line: string) => undone.filter((other) => other === line).length
      assert.deepStrictEqual([times("releases room 2"), times("makes a mess of 3")], [5, 1])
      // as long as one of them is to be undone it does not end
      assert.isTrue((yield* recordOf(handle.id)).unwinding)
      yield* give("sofa")
      assert.deepStrictEqual(yield* news, ["gives up bed until 5", "failed, book, book, first"])
      const [, second] = yield* recordsOf("book")
      const { cause } = yield* recordOf(handle.id)
      const message = "not tried, since what undoes book has failed"
      assert.deepStrictEqual(cause?.notUndone, [
        { step: "book", index: 1, child: second!.id, message: "book Hotel/Ritz › reserve: no answer" },
        { step: "book", index: 1, message },
        { step: "first", index: 0, message }
      ])
      const unwound = (name: string) => Effect.map(recordsOf(name), (all) => all.map(({ unwound }) => unwound))
      assert.deepStrictEqual((yield* unwound("book"))[0], {})
      assert.deepStrictEqual(yield* unwound("clean"), [{}])
      assert.deepStrictEqual((yield* unwound("hold"))[0], {})
    }))

  test("10.4: a child whose process no longer has what undoes it is not undone", () =>
    Effect.gen(function*() {
      const handle = yield* staying("bed")
      const Bare = Stepped.actions(Hotel, [
        Stepped.action("hold", { success: hold.success, arguments: hold.arguments, outbound: true })
          .step(() => Effect.void)
      ])
      yield* TestClock.adjust("1 hour")
      yield* deployed(Layer.merge(Bare.layer, Trips.layer))(performSteppedActions())
      const message = "hold Hotel/Ritz › hold: the definition no longer has what undoes the step"
      assert.deepStrictEqual(yield* news, [`failed, not undone: ${message}`])
      const [held] = yield* recordsOf("hold")
      assert.deepStrictEqual(held!.unwound?.notUndone?.map(({ step }) => step), ["hold"])
      assert.deepStrictEqual((yield* recordOf(handle.id)).cause?.notUndone, [
        { step: "hold", index: 0, child: held!.id, message }
      ])
    }))
})
