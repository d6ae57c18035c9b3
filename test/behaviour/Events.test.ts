/** Rule 17.1: what becomes of actions is told as it is committed, and one tree is followed by its rows. */
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Layer, Option, type Scope, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { ActionRepo, Stepped } from "stepped"
import { performSteppedActions, recordEvents } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { recordOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { checked, line, linesOf, nap, outside, ready, scene, short, Tour, Tours } from "./fixtures/events.ts"

suite("events", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient | Scope.Scope>
  ) =>
    it.effect(
      name,
      () =>
        Effect.scoped(Effect.andThen(scenario(), healthy)).pipe(
          Effect.provide(Layer.provideMerge(Tours.layer, engine.layer()))
        )
    )
  const tour = Effect.map(Tours.client, (tours) => tours(1))

  test("17.1: what this process commits of a tree is told, of each action in the order of its commits", () =>
    Effect.gen(function*() {
      scene.failures = 1
      const recorder = yield* recordEvents()
      const handle = yield* (yield* tour).wholeLater()
      yield* performIdle
      yield* handle.send(ready)
      yield* performSteppedActions()
      const events = yield* recorder.all
      assert.deepStrictEqual(linesOf("whole", events), [
        "ActionEnqueued",
        "ActionStarted",
        "StepStarted pack",
        "StepWaits pack",
        "SignalSent",
        "StepEnded pack succeeded",
        "StepStarted climb",
        "StepWaits climb",
        "StepEnded climb succeeded",
        "StepStarted go",
        "StepEnded go succeeded",
        "ActionEnded succeeded"
      ])
      assert.deepStrictEqual(linesOf("climb", events), [
        "ActionEnqueued",
        "ActionStarted",
        "StepStarted rope",
        "StepRetries rope",
        "StepStarted rope 2",
        "StepEnded rope 2 succeeded",
        "ActionEnded succeeded"
      ])
      const waits = events.filter((event) => event._tag === "StepWaits")
      assert.deepStrictEqual(waits.map(({ children, signals }) => [children.length, signals]), [[0, ["ready"]], [
        2,
        []
      ]])
      const children = events.filter((event) => event._tag === "ActionEnqueued" && event.parent === handle.id)
      assert.sameMembers(children.map(({ id }) => id), [...waits[1]!.children])
      const retries = events.find((event) => event._tag === "StepRetries")!
      assert.strictEqual(retries.failure?.message, "slipped")
      assert.strictEqual(retries.nextAt.getTime() - retries.at.getTime(), 60_000)
    }))

  test("17.1: a decided end, what is undone and what is held are told", () =>
    Effect.gen(function*() {
      const recorder = yield* recordEvents()
      yield* (yield* tour).lostLater()
      const held = yield* (yield* tour).heldLater()
      yield* performIdle
      const events = yield* recorder.all
      assert.deepStrictEqual(linesOf("lost", events), [
        "ActionEnqueued",
        "ActionStarted",
        "StepStarted pack",
        "StepEnded pack succeeded",
        "StepStarted fall",
        "StepEnded fall failed",
        "OutcomeDecided failed",
        "StepEnded undoing pack succeeded",
        "ActionEnded failed"
      ])
      const ended = events.find((event) => event._tag === "ActionEnded")!
      assert.strictEqual(ended.cause?.message, "fell")
      const undone = events.find((event) => event._tag === "StepEnded" && event.undoes !== undefined)
      assert.strictEqual(undone?._tag === "StepEnded" ? undone.undoes : undefined, 0)
      assert.deepStrictEqual(linesOf("held", events).slice(2), ["StepStarted ask", "StepHeld ask"])
      yield* held.cancel({ reason: "enough" })
      yield* performIdle
      const [last] = (yield* recorder.all).slice(-1)
      assert.strictEqual(line(last!), "held: ActionEnded cancelled")
      assert.strictEqual(last?._tag === "ActionEnded" ? last.cause?.reason : undefined, "enough")
    }))

  test("17.1: what ends without being performed is told with what it has ended: superseded, joined, achieved, cancelled, completed", () =>
    Effect.gen(function*() {
      const recorder = yield* recordEvents({ tags: ["ActionEnded", "ActionJoined", "ActionWaitsOutside"] })
      const car = yield* tour
      const [first, second, third] = [yield* car.napLater(), yield* car.napLater(), yield* car.napLater()]
      const [one, two] = [yield* car.checkedLater(1), yield* car.checkedLater(1)]
      yield* car.outsideLater()
      yield* performIdle
      const told = yield* recorder.news
      assert.sameMembers(told.map(line), [
        "nap: ActionEnded superseded",
        "checked: ActionJoined",
        "outside: ActionWaitsOutside"
      ])
      const superseded = told.find((event) => event._tag === "ActionEnded")!
      assert.deepStrictEqual([superseded.id, superseded.successor], [second.id, third.id])
      const joined = told.find((event) => event._tag === "ActionJoined")!
      assert.deepStrictEqual([joined.id, joined.successor], [two.id, one.id])
      yield* first.cancel()
      yield* Stepped.complete(Tour.ref(1), outside, Stepped.Outcome.succeededVoid)
      yield* performSteppedActions()
      assert.sameMembers((yield* recorder.news).map(line), [
        "nap: ActionEnded cancelled",
        "outside: ActionEnded succeeded",
        "nap: ActionEnded succeeded",
        "checked: ActionEnded succeeded"
      ])
      yield* car.checkedLater(1)
      yield* performIdle
      assert.deepStrictEqual((yield* recorder.news).map(line), ["checked: ActionEnded succeeded"])
    }))

  test("17.1: what is committed with the program's transaction is told after its commit, and not where it is rolled back", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const recorder = yield* recordEvents()
      const car = yield* tour
      yield* Effect.ignore(sql.withTransaction(Effect.andThen(car.shortLater(), Effect.fail("no"))))
      assert.deepStrictEqual(yield* recorder.news, [])
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* car.shelterLater()
        assert.deepStrictEqual(yield* recorder.news, [])
      }))
      assert.deepStrictEqual((yield* recorder.news).map(line), ["shelter: ActionEnqueued"])
      yield* performIdle
      // what a transactional step commits
      assert.deepStrictEqual(linesOf("shelter", yield* recorder.news), [
        "ActionStarted",
        "StepStarted close",
        "StepEnded close succeeded",
        "ActionEnded succeeded"
      ])
    }))

  test("17.1: a filter takes events of an actor, an action, an id and tags, all of which have to be so", () =>
    Effect.gen(function*() {
      const tours = yield* Tours.client
      const handle = yield* tours(2).shortLater()
      const byActor = yield* recordEvents({ actor: Tour.ref(2), tags: ["ActionStarted"] })
      const byAction = yield* recordEvents({ action: short, tags: ["ActionStarted"] })
      const byId = yield* recordEvents({ id: handle.id })
      const none = yield* recordEvents({ actor: Tour.ref(2), action: checked })
      yield* tours(1).shortLater()
      yield* tours(2).shelterLater()
      yield* performIdle
      assert.deepStrictEqual((yield* byActor.all).map(line), ["short: ActionStarted", "shelter: ActionStarted"])
      assert.deepStrictEqual((yield* byAction.all).map(({ actorId }) => actorId), ["2", "1"])
      assert.deepStrictEqual((yield* byId.all).map(line), [
        "short: ActionStarted",
        "short: StepStarted walk",
        "short: StepEnded walk succeeded",
        "short: ActionEnded succeeded"
      ])
      assert.deepStrictEqual(yield* none.all, [])
    }))

  test("17.1: a subscriber that is too slow loses the oldest events, and is told how many; others lose none", () =>
    Effect.gen(function*() {
      const tours = yield* Tours.client
      const recorder = yield* recordEvents({ tags: ["ActionEnqueued"] })
      const taken: Array<string> = []
      const gate = Latch.makeUnsafe(false)
      const fiber = yield* Stepped.events({ tags: ["ActionEnqueued"] }, { buffer: 3 }).pipe(
        Stream.map((event) => event._tag === "EventsLost" ? line(event) : event.actorId),
        Stream.tap((text) => Effect.andThen(Effect.sync(() => taken.push(text)), gate.await)),
        Stream.takeUntil((text) => text === "9"),
        Stream.runDrain,
        Effect.forkChild({ startImmediately: true })
      )
      yield* tours(0).shortLater()
      while (taken.length === 0) yield* Effect.yieldNow
      yield* Effect.forEach(Array.from({ length: 9 }, (_, i) => i + 1), (id) => tours(id).shortLater())
      yield* gate.open
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(taken, ["0", "lost 6", "7", "8", "9"])
      assert.lengthOf(yield* recorder.all, 10)
      yield* performIdle
    }))

  test("17.1: who subscribes hears of what comes from then on, and nothing once he has gone", () =>
    Effect.gen(function*() {
      const car = yield* tour
      yield* car.shortLater()
      const kept = yield* Effect.scoped(Effect.gen(function*() {
        const recorder = yield* recordEvents()
        assert.deepStrictEqual(yield* recorder.all, [])
        return recorder
      }))
      yield* performIdle
      assert.deepStrictEqual(yield* kept.all, [])
    }))

  test("17.1: a buffer that is none is refused", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Stream.runDrain(Stepped.events({}, { buffer: 0 })))
      assert.strictEqual(error._tag, "InvalidOption")
    }))

  test(
    "17.1: handle.events gives what has become of a tree, from the rows, and follows it to its end",
    () =>
      Effect.gen(function*() {
        scene.failures = 1
        const handle = yield* (yield* tour).wholeLater()
        yield* performIdle
        const told: Array<string> = []
        const following = yield* handle.events.pipe(
          Stream.runForEach((event) => Effect.sync(() => told.push(line(event)))),
          Effect.forkChild({ startImmediately: true })
        )
        yield* handle.send(ready)
        yield* performSteppedActions()
        yield* Fiber.join(following)
        const all = [
          "whole: ActionEnqueued",
          "whole: ActionStarted",
          "whole: StepStarted pack",
          "whole: StepEnded pack succeeded",
          "whole: StepStarted climb",
          "climb: ActionEnqueued",
          "rest: ActionEnqueued",
          "climb: ActionStarted",
          "rest: ActionStarted",
          "climb: StepStarted rope",
          "rest: StepStarted sleep",
          "climb: StepRetries rope",
          "rest: StepEnded sleep succeeded",
          "rest: ActionEnded succeeded",
          "climb: StepStarted rope 2",
          "climb: StepEnded rope 2 succeeded",
          "climb: ActionEnded succeeded",
          "whole: StepEnded climb succeeded",
          "whole: StepStarted go",
          "whole: StepEnded go succeeded",
          "whole: ActionEnded succeeded"
        ]
        assert.sameMembers(told, all)
        for (const name of ["whole", "climb", "rest"]) {
          const of = (lines: ReadonlyArray<string>) => lines.filter((text) => text.startsWith(`${name}:`))
          assert.deepStrictEqual(of(told), of(all))
        }
        // the same to whoever asks when all is over
        assert.sameMembers((yield* Stream.runCollect(handle.events)).map(line), all)
      })
  )

  test(
    "17.1: handle.events follows who has taken the place of a superseded or joined action",
    () =>
      Effect.gen(function*() {
        const car = yield* tour
        yield* car.napLater()
        const second = yield* car.napLater()
        yield* performIdle
        // while it is still pending
        const isFollowed = Latch.makeUnsafe(false)
        const following = yield* Effect.forkChild(
          Stream.runCollect(Stream.tap(second.events, () => Effect.sync(() => isFollowed.openUnsafe())))
        )
        yield* isFollowed.await
        yield* car.napLater()
        const [one, two] = [yield* car.checkedLater(1), yield* car.checkedLater(1)]
        yield* performSteppedActions()
        const superseded = (yield* Fiber.join(following)).map(line)
        assert.include(superseded, "nap: ActionEnded superseded")
        assert.include(superseded, "nap: ActionEnded succeeded")
        const joined = yield* Stream.runCollect(two.events)
        assert.deepStrictEqual([...new Set(joined.map(({ id }) => id))], [one.id])
        assert.include(joined.map(line), "checked: ActionEnded succeeded")
        // one that was achieved has no rows but its answer
        const achieved = yield* car.checkedLater(1)
        yield* performIdle
        assert.deepStrictEqual((yield* Stream.runCollect(achieved.events)).map(line), [
          "checked: ActionEnded succeeded"
        ])
      })
  )

  test("17.1: handle.events of what is no action fails as its other verbs do", () =>
    Effect.gen(function*() {
      const handles = [
        yield* Stepped.handle(Tour.ref(1), nap, "none"),
        yield* Stepped.handle(Tour.ref(1), nap, "00000000-0000-7000-8000-000000000000")
      ]
      for (const { events } of handles) {
        assert.strictEqual((yield* Effect.flip(Stream.runDrain(events)))._tag, "UnknownAction")
      }
      const real = yield* (yield* tour).shortLater()
      const other = yield* Stepped.handle(Tour.ref(1), nap, real.id)
      assert.strictEqual((yield* Effect.flip(Stream.runDrain(other.events)))._tag, "UnknownAction")
      yield* performIdle
      assert.strictEqual((yield* recordOf(real.id)).status, "succeeded")
      assert.isTrue(Option.isSome(yield* (yield* ActionRepo).find(real.id)))
    }))
})
