/** Rules 15.1 to 15.5: lanes that are values, and what their policies do with whoever finds them busy. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import {
  ActionFailed,
  ActionRepo,
  Cancelled,
  Deadlocked,
  InvalidKey,
  JobQueue,
  LaneBusy,
  LaneFull,
  PerformanceLane,
  type Stepped,
  Superseded
} from "stepped"
import { performSteppedActions, succeedOutbound } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, recordsOf, slotsOf, statusesOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { bays, Cars, CarsLive } from "./fixtures/namedLanes.ts"

type Handle = { readonly id: string }
const statusOf = (handle: Handle) => Effect.map(recordOf(handle.id), ({ status }) => status)
const statuses = (handles: ReadonlyArray<Handle>) => Effect.forEach(handles, statusOf)
/** Completes one, and lets perform what follows. */
const end = (handle: Handle) => Effect.andThen(Effect.flatMap(recordOf(handle.id), succeedOutbound), performIdle)
/** Ends whoever performs, until nobody is left. */
const drained = performSteppedActions({ outbound: succeedOutbound })
/** What has been seen since it was asked last. */
const news = Effect.sync(() => seen.splice(0))

suite("named lanes", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), CarsLive.pipe(Layer.provideMerge(engine.layer())))
    )

  test("15.1, 15.3: two of a key perform at a time where the limit is two, the others wait in their order", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const handles = yield* Effect.forEach(["a", "b", "c", "d"], (name) => car.repairLater("north", name))
      yield* car.repairLater("south", "x")
      yield* performIdle
      assert.sameMembers(yield* news, ["repair a", "repair b", "repair x"])
      assert.deepStrictEqual(yield* statuses(handles), ["performing", "performing", "pending", "pending"])
      yield* end(handles[1]!)
      assert.deepStrictEqual(yield* news, ["repair c"])
      yield* drained
      assert.deepStrictEqual(yield* news, ["repair d"])
      assert.deepStrictEqual(yield* statuses(handles), ["succeeded", "succeeded", "succeeded", "succeeded"])
      const sql = yield* SqlClient.SqlClient
      assert.deepStrictEqual(
        yield* sql`select lane from stepped.named_lanes union all select lane from stepped.seats`,
        []
      )
    }))

  test("15.1: an empty key is the lane that all share, whatever their names and actors", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      yield* cars(1).lineLater("1")
      yield* cars(2).lineLater("2")
      yield* performIdle
      assert.deepStrictEqual(yield* news, ["line 1"])
      yield* drained
      assert.deepStrictEqual(yield* news, ["line 2"])
    }))

  test("15.1: an effect may give the lanes; a key that is too long with its lane's name fails the action", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const found = yield* car.searchLater("a")
      const long = yield* car.longLater()
      yield* performIdle
      assert.deepStrictEqual(yield* news, ["looked up a", "search a"])
      assert.deepStrictEqual((yield* recordOf(found.id)).lanes, ["latest:a"])
      const error = yield* Effect.flip(long.await)
      assert.instanceOf(error, ActionFailed)
      assert.include(error.message, "concurrency of long takes 1004 bytes with the lane's name, the limit is 1000")
      assert.isTrue(InvalidKey.name.length > 0)
      yield* drained
    }))

  test("15.3: a line takes no more than may wait: the newcomer is not stored, and its handle learns it", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.queueLater("1")
      yield* car.queueLater("2")
      const third = yield* car.queueLater("3")
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("queue"), ["performing", "pending"])
      const error = yield* Effect.flip(third.await)
      assert.instanceOf(error, LaneFull)
      assert.strictEqual(error.lane, "short:")
      assert.deepStrictEqual(yield* Effect.flatMap(ActionRepo, (repo) => repo.find(third.id)), Option.none())
      yield* drained
      assert.deepStrictEqual(yield* news, ["queue 1", "queue 2"])
    }))

  test("15.3: a lane that rejects turns away whoever finds it busy; handles and slots learn it, nothing of it runs", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.raiseLater("1")
      const second = yield* car.raiseLater("2")
      const parent = yield* car.raisingLater()
      yield* performIdle
      assert.deepStrictEqual(yield* news, ["raise 1"])
      assert.deepStrictEqual(yield* statusesOf("raise"), ["performing"])
      const error = yield* Effect.flip(second.await)
      assert.instanceOf(error, LaneBusy)
      assert.strictEqual(
        error.message,
        "raise Car/1 (the lane lift: is busy: ask again when it has room, or let it wait with whenBusy: \"line\")"
      )
      assert.deepStrictEqual(yield* slotsOf(parent.id), ["cancelled"])
      const failed = yield* Effect.flip(parent.await)
      assert.strictEqual(failed.message, "raising Car/1 › up › raise Car/1: turned away by the busy lane lift:")
      yield* end(first)
      yield* car.raiseLater("3")
      yield* performIdle
      assert.deepStrictEqual(yield* news, ["raise 3"])
      yield* drained
    }))

  test("15.3, 2.5 c: in a superseding lane the newest waits, and whoever waited for the older waits for it", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const handles = yield* Effect.forEach(["1", "2", "3"], (key) => car.renewLater(key))
      yield* performIdle
      assert.deepStrictEqual(yield* statuses(handles), ["performing", "superseded", "pending"])
      assert.strictEqual((yield* recordOf(handles[1]!.id)).supersededBy, handles[2]!.id)
      yield* drained
      assert.deepStrictEqual(yield* news, ["renew 1", "renew 3"])
      yield* Effect.forEach(handles, (handle) => handle.await)
    }))

  test("15.3, 14.2: in a superseding lane the one that was enqueued later waits, whatever the clocks of their processes say", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* TestClock.setTime(60_000)
      yield* car.renewLater("1")
      const older = yield* car.renewLater("2")
      yield* performIdle
      yield* TestClock.setTime(59_950)
      const newer = yield* car.renewLater("3")
      yield* performIdle
      assert.deepStrictEqual(yield* statuses([older, newer]), ["superseded", "pending"])
      yield* drained
      assert.deepStrictEqual(yield* news, ["renew 1", "renew 3"])
    }))

  test("15.4: where waiters are told, the handles and slots of a superseded action fail; its line can be followed", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.tellLater("1")
      yield* performIdle
      const parent = yield* car.tellingParentLater("2")
      yield* performIdle
      const third = yield* car.tellLater("3")
      const fourth = yield* car.tellLater("4")
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(parent.id), ["superseded"])
      const failed = yield* Effect.flip(parent.await)
      assert.strictEqual(
        failed.message,
        "tellingParent Car/1 › ask › tell Car/1: superseded by a newer action in the lane telling:"
      )
      assert.deepStrictEqual(yield* third.status, {
        id: third.id,
        status: "superseded",
        successor: undefined,
        unwinding: false
      })
      const error = yield* Effect.flip(third.await)
      assert.instanceOf(error, Superseded)
      assert.strictEqual(error.lane, "telling:")
      assert.strictEqual((yield* recordOf(third.id)).supersededBy, fourth.id)
      yield* end(first)
      yield* drained
      yield* fourth.await
      assert.deepStrictEqual(yield* news, ["tell 1", "tell 4"])
    }))

  test("15.4, 14.2: who is superseded as it arrives, by a newer one that waits already, tells its waiters, too", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.tellLater("1")
      yield* performIdle
      const parent = yield* car.tellingLaterLater("2")
      const root = yield* car.with({ delay: "1 minute" }).tellLater("3")
      yield* performIdle
      yield* TestClock.adjust("2 minutes")
      const newer = yield* car.with({ priority: -1 }).tellLater("4")
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(parent.id), ["superseded"])
      assert.strictEqual(
        (yield* Effect.flip(parent.await)).message,
        "tellingLater Car/1 › ask › tell Car/1: superseded by a newer action in the lane telling:"
      )
      const error = yield* Effect.flip(root.await)
      assert.instanceOf(error, Superseded)
      assert.strictEqual(error.lane, "telling:")
      assert.strictEqual((yield* recordOf(root.id)).supersededBy, newer.id)
      // nobody waits for the newer one but its own handle
      const children = (yield* recordsOf("tell")).filter((record) => record.parent === parent.id)
      assert.deepStrictEqual(children.map(({ supersededBy }) => supersededBy), [newer.id])
      yield* end(first)
      yield* drained
      assert.deepStrictEqual(yield* news, ["tell 1", "tell 4"])
    }))

  test("15.4, 15.5: of several lanes whoever is told hears in which it was superseded", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.reportLater("a")
      const second = yield* car.reportLater("b")
      yield* performIdle
      yield* car.reportLater("c")
      yield* performIdle
      const error = yield* Effect.flip(second.await)
      assert.instanceOf(error, Superseded)
      assert.strictEqual(error.lane, "telling:report")
      yield* drained
    }))

  test("15.3: a lane that cancels ends who has performed longest, and the newcomer performs when that has ended", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.swerveLater("1")
      yield* performIdle
      const second = yield* car.turnLater("2")
      yield* performIdle
      assert.deepStrictEqual(yield* news, ["swerve 1", "turn 2"])
      assert.instanceOf(yield* Effect.flip(first.await), Cancelled)
      assert.strictEqual(
        (yield* recordOf(first.id)).cause?.message,
        "cancelled for a newer action in the lane impatient:"
      )
      // its callbacks run first
      const third = yield* car.turnLater("3")
      yield* performIdle
      assert.deepStrictEqual(yield* news, ["turn 2 cancelled", "turn 3"])
      assert.deepStrictEqual(yield* statuses([second, third]), ["cancelled", "performing"])
      yield* drained
    }))

  test("15.3: of several who perform in a lane that cancels, who has performed longest is cancelled", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const handles = yield* Effect.forEach(["1", "2", "3"], (key) => Effect.tap(car.raceLater(key), () => performIdle))
      assert.deepStrictEqual(yield* statuses(handles), ["cancelled", "performing", "performing"])
      assert.deepStrictEqual(yield* news, ["race 1", "race 2", "race 1 cancelled", "race 3"])
      // the callbacks of one that is cancelled have not run when the next one comes
      yield* handles[2]!.cancel()
      const fourth = yield* car.raceLater("4")
      yield* performIdle
      assert.deepStrictEqual(yield* statuses(handles), ["cancelled", "performing", "cancelled"])
      assert.strictEqual(yield* statusOf(fourth), "performing")
      yield* drained
    }))

  test("15.3, 15.6: nobody is cancelled for one that waits for the rate, as long as a seat is free", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const handles = yield* Effect.forEach(["1", "2"], (key) => Effect.tap(car.sprintLater(key), () => performIdle))
      assert.deepStrictEqual(yield* statuses(handles), ["performing", "pending"])
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      assert.deepStrictEqual(yield* statuses(handles), ["performing", "performing"])
      // with no seat free the first has to go, whenever the rate lets the next one begin
      const third = yield* Effect.tap(car.sprintLater("3"), () => performIdle)
      assert.deepStrictEqual(yield* statuses([...handles, third]), ["cancelled", "performing", "pending"])
      yield* drained
      assert.deepStrictEqual(yield* news, ["sprint 1", "sprint 2", "sprint 3"])
    }))

  test("15.3: while one is ending, whoever waits there is superseded, and nobody further is cancelled", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.turnLater("1")
      yield* performIdle
      // claimed together: the callbacks of the first have not run yet
      const second = yield* car.turnLater("2")
      const third = yield* car.turnLater("3")
      yield* drained
      assert.deepStrictEqual(yield* news, ["turn 1", "turn 1 cancelled", "turn 3"])
      assert.deepStrictEqual(yield* statuses([second, third]), ["superseded", "succeeded"])
    }))

  test("15.3: a start is put off from the newest call on, no longer than maxWait from the first", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const go = (key: string) => Effect.andThen(car.saveLater(key), performIdle)
      yield* go("1")
      yield* TestClock.adjust("9 seconds")
      yield* performIdle
      assert.deepStrictEqual(yield* news, [])
      yield* go("2")
      yield* TestClock.adjust("9 seconds")
      yield* go("3")
      yield* TestClock.adjust("6999 millis")
      yield* performIdle
      assert.deepStrictEqual(yield* news, [])
      yield* TestClock.adjust("1 millis")
      yield* performIdle
      assert.deepStrictEqual(yield* news, ["save 3"])
      assert.deepStrictEqual(yield* statusesOf("save"), ["superseded", "superseded", "performing"])
      // the timer of an occupied lane runs on
      yield* go("4")
      yield* TestClock.adjust("11 seconds")
      yield* performIdle
      assert.deepStrictEqual(yield* news, [])
      yield* drained
      assert.deepStrictEqual(yield* news, ["save 4"])
    }))

  test("15.6: no more start in a window than the rate allows; who is over waits, until when is known", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.callLater("1")
      yield* performIdle
      yield* TestClock.adjust("20 seconds")
      yield* car.callLater("2")
      const third = yield* car.callLater("3")
      yield* car.callLater("4")
      yield* performIdle
      assert.deepStrictEqual(yield* news, ["call 1", "call 2"])
      assert.strictEqual((yield* recordOf(third.id)).dueAt?.getTime(), 60_000)
      yield* TestClock.adjust("39999 millis")
      yield* performIdle
      assert.deepStrictEqual(yield* news, [])
      yield* TestClock.adjust("1 millis")
      yield* performIdle
      assert.deepStrictEqual(yield* news, ["call 3"])
      yield* drained
      assert.deepStrictEqual(yield* news, ["call 4"])
      // the lane is remembered until its starts are past
      const sql = yield* SqlClient.SqlClient
      assert.lengthOf(yield* sql`select 1 from stepped.named_lanes`, 1)
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      assert.lengthOf(yield* sql`select 1 from stepped.named_lanes`, 0)
    }))

  test("15.6: starts do not go backwards with the clock of whoever lets one begin", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const go = (key: string) => Effect.andThen(car.callLater(key), performIdle)
      yield* TestClock.setTime(60_000)
      yield* go("1")
      // a worker whose clock is behind: its start counts as that of the one before
      yield* TestClock.setTime(30_000)
      yield* go("2")
      yield* TestClock.setTime(120_000)
      yield* go("3")
      assert.deepStrictEqual(yield* news, ["call 1", "call 2", "call 3"])
      yield* TestClock.setTime(100_000)
      const fourth = yield* car.callLater("4")
      yield* performIdle
      assert.deepStrictEqual(yield* news, [])
      assert.strictEqual((yield* recordOf(fourth.id)).dueAt?.getTime(), 120_000)
      yield* drained
    }))

  test("14.1, 15.3: in a line the more urgent one is first, then who joined first", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* Effect.andThen(car.lineLater("1"), performIdle)
      yield* Effect.andThen(car.lineLater("2"), performIdle)
      yield* Effect.andThen(car.with({ priority: 1 }).lineLater("3"), performIdle)
      yield* Effect.andThen(car.with({ priority: -1 }).haulLater("4"), performIdle)
      yield* Effect.andThen(car.with({ priority: -1 }).lineLater("5"), performIdle)
      assert.deepStrictEqual(yield* news, ["line 1"])
      yield* drained
      assert.deepStrictEqual(yield* news, ["haul 4", "line 5", "line 2", "line 3"])
    }))

  test("14.1: a delayed one joins its line when it is due, and has its tags in every state", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.lineLater("1")
      const delayed = yield* car.with({ delay: "1 minute", tags: ["late"] }).lineLater("2")
      yield* TestClock.adjust("30 seconds")
      yield* Effect.andThen(car.lineLater("3"), performIdle)
      assert.strictEqual((yield* recordOf(delayed.id)).status, "queued")
      yield* TestClock.adjust("30 seconds")
      yield* performIdle
      yield* Effect.andThen(car.lineLater("4"), performIdle)
      assert.deepInclude(yield* recordOf(delayed.id), { status: "pending", tags: ["late"] })
      yield* end(first)
      yield* drained
      assert.deepStrictEqual(yield* news, ["line 1", "line 3", "line 2", "line 4"])
      assert.deepInclude(yield* recordOf(delayed.id), { status: "succeeded", tags: ["late"] })
    }))

  test("14.2, 15.3: in a superseding lane a delayed one that waits is as new as it was due", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const jobs = yield* JobQueue
      yield* Effect.andThen(car.towLater("a"), performIdle)
      yield* jobs.pause({ actorType: "Car", name: "search" }, { reason: "it arrives late" })
      const newer = yield* car.with({ delay: "1 minute" }).towLater("b")
      const older = yield* car.with({ delay: "50 seconds" }).searchLater("tow")
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      assert.strictEqual(yield* statusOf(newer), "pending")
      yield* jobs.resume({ actorType: "Car", name: "search" })
      yield* performIdle
      assert.deepStrictEqual(yield* statuses([newer, older]), ["pending", "superseded"])
      yield* drained
    }))

  test("15.5: of several lanes all are taken or none; who waits for one holds up those behind it in the other", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const track = yield* car.lineLater("track")
      yield* performIdle
      const both = yield* car.haulLater("north")
      yield* performIdle
      // the bays are free, and its place there is before theirs
      const behind = yield* car.repairLater("north", "behind")
      yield* performIdle
      assert.deepStrictEqual(yield* news, ["line track"])
      assert.deepStrictEqual(yield* statuses([both, behind]), ["pending", "pending"])
      yield* end(track)
      assert.sameMembers(yield* news, ["haul north", "repair behind"])
      yield* drained
    }))

  test("15.5: who is first in one lane, and not in another one that is free, overtakes nobody there", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const bay = yield* car.repairLater("north", "a")
      yield* car.repairLater("north", "b")
      yield* performIdle
      // the track is free, and the first in line waits for a bay
      const first = yield* car.haulLater("north")
      const second = yield* car.haulLater("south")
      yield* performIdle
      assert.sameMembers(yield* news, ["repair a", "repair b"])
      assert.deepStrictEqual(yield* statuses([first, second]), ["pending", "pending"])
      yield* end(bay)
      assert.deepStrictEqual(yield* news, ["haul north"])
      yield* drained
      assert.deepStrictEqual(yield* news, ["haul south"])
    }))

  test("15.5: a pending one that is cancelled leaves all its lanes, and those behind it begin", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.lineLater("track")
      const both = yield* car.haulLater("north")
      yield* car.repairLater("north", "behind")
      yield* performIdle
      assert.deepStrictEqual(yield* news, ["line track"])
      yield* both.cancel()
      yield* performIdle
      assert.deepStrictEqual(yield* news, ["repair behind"])
      yield* drained
    }))

  test("15.5: who is superseded in one lane leaves all its lanes, and those behind it begin", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.towLater("a")
      const old = yield* car.towLater("b")
      yield* car.repairLater("b", "behind")
      yield* performIdle
      assert.deepStrictEqual(yield* news, ["tow a"])
      yield* car.towLater("c")
      yield* performIdle
      assert.deepStrictEqual(yield* news, ["repair behind"])
      assert.strictEqual(yield* statusOf(old), "superseded")
      yield* drained
    }))

  test("15.2, 15.3: who performs and who waits can be seen, in their order", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const ids = yield* Effect.forEach(["a", "b", "c", "d"], (name) =>
        Effect.map(car.repairLater("north", name), ({ id }) => id))
      yield* performIdle
      const lane = { name: "bays", key: "north", limit: 2, performing: ids.slice(0, 2), pending: ids.slice(2) }
      const service = yield* PerformanceLane
      assert.deepInclude(Option.getOrThrow(yield* service.find(bays("north"))), { ...lane, waiting: 2 })
      assert.deepStrictEqual(yield* service.find("north"), Option.none())
      assert.deepStrictEqual((yield* service.list()).map(({ key, name }) => [name, key]), [["bays", "north"]])
      yield* drained
    }))

  test("2.5 a: a child that would wait for the lane of its parent is deadlocked", () =>
    Effect.gen(function*() {
      const parent = yield* (yield* Cars.client)(1).outerLater()
      yield* performIdle
      const failed = yield* Effect.flip(parent.await)
      assert.include(
        failed.message,
        `deadlocked: inner Car/1 waits in lane "tracks:knot" behind outer Car/1, which waits for inner Car/1`
      )
      assert.isTrue(Deadlocked.name.length > 0)
    }))

  test("15.3, 2.5 b: in a line one joins only the newest", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const red = yield* car.paintLater("a", "red")
      const same = yield* car.paintLater("b", "red")
      const blue = yield* car.paintLater("c", "blue")
      const again = yield* car.paintLater("d", "red")
      yield* performIdle
      assert.strictEqual((yield* same.status).status, "joined")
      assert.deepStrictEqual(yield* statuses([red, blue, again]), ["performing", "pending", "pending"])
      yield* drained
      assert.deepStrictEqual(yield* news, ["paint a red", "paint c blue", "paint d red"])
    }))

  test("2.9: children of a step join a line in the order of the body", () =>
    Effect.gen(function*() {
      yield* (yield* Cars.client)(1).convoyLater()
      yield* drained
      assert.deepStrictEqual(yield* news, ["line 1", "line 2", "line 3"])
    }))
})
