/** Rules 2.5 c and d, 2.9, 2.10: who waits in a lane, who takes whose place, and what becomes of those who waited. */
import { assert, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { AchievementStore, ActionRepo, PerformanceLane, Step, Stepped } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import * as PostgresStore from "../../src/sql/PostgresStore.ts"
import { Storage } from "../../src/store/Storage.ts"
import { Store } from "../../src/store/Store.ts"
import { healthy, server, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { laneOf, lanes, recordOf, recordsOf, slotsOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { blocked } from "../harness/racing.ts"
import { until } from "../harness/workers.ts"
import { Car, Cars, CarsLive, finish, hold, paint } from "./fixtures/lanes.ts"

suite("superseding", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), CarsLive.pipe(Layer.provideMerge(engine.layer())))
    )

  test("2.9: of three children in one lane the first performs, and the third supersedes the second", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).tourLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["drive 1", "drive 3"])
      assert.deepStrictEqual(yield* handle.await, [1, 3, 3])
      assert.deepStrictEqual(yield* statusesOf("drive"), ["succeeded", "superseded", "succeeded"])
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["succeeded", "succeeded", "succeeded"])
    }))

  test("2.9: children of different names and actors join a shared lane in the order of the body", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).mixedLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["text first", "text fourth"])
      assert.deepStrictEqual(yield* statusesOf("text"), ["succeeded", "superseded", "succeeded"])
      assert.deepStrictEqual(yield* statusesOf("number"), ["superseded"])
      // the third slot waits for a number, and its newcomer gave a text
      const error = yield* Effect.flip(handle.await)
      assert.include(
        error.message,
        "mixed Car/1 › all: IncompatibleResult: text Car/1: the stored result does not fit"
      )
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["all failed"])
    }))

  test("2.9: children with a `before` keep their order", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).preparingLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen.filter((text) => text.startsWith("prepared")), ["prepared 1", "prepared 3"])
      assert.deepStrictEqual(yield* handle.await, [1, 3, 3])
    }))

  test("2.9: the same child started twice without a checksum performs twice", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).againLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["drive 7", "drive 7"])
      assert.deepStrictEqual(yield* handle.await, [7, 7])
    }))

  test("2.5 d: a free lane performs, an occupied one keeps the newcomer pending until it is free", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.holdLater("first")
      const second = yield* car.textLater("second")
      yield* performIdle
      const lane = yield* Effect.flatMap(PerformanceLane, (service) => service.find("depot"))
      assert.deepStrictEqual(lane, Option.some(laneOf("depot", first.id, second.id)))
      assert.deepStrictEqual(seen, ["hold first"])
      assert.isUndefined((yield* recordOf(second.id)).startedAt)
      yield* performSteppedActions({ outbound: finish })
      assert.deepStrictEqual(seen, ["hold first", "hold first succeeded", "text second"])
      assert.deepStrictEqual(yield* lanes, [])
    }))

  test("2.5 c: a newcomer supersedes the pending one at once, whatever its name and actor; no callbacks run", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const current = yield* cars(1).holdNow("current")
      const old = yield* cars(1).holdNow("old")
      const newcomer = yield* cars(2).textNow("newcomer")
      const record = yield* recordOf(old.id)
      assert.deepStrictEqual([record.status, record.supersededBy, record.startedAt], [
        "superseded",
        newcomer.id,
        undefined
      ])
      assert.isDefined(record.endedAt)
      assert.deepStrictEqual(yield* old.status, {
        id: old.id,
        status: "superseded",
        successor: newcomer.id,
        unwinding: false
      })
      assert.deepStrictEqual(yield* stepsOf(old.id), [])
      assert.deepStrictEqual(yield* statusesOf("hold"), ["performing", "superseded"])
      yield* performSteppedActions({ outbound: finish })
      assert.deepStrictEqual(seen, ["hold current", "hold current succeeded", "text newcomer"])
      assert.strictEqual(yield* current.await, "held")
      assert.strictEqual(yield* old.await, "text of newcomer")
    }))

  test("2.5 c: the current action is never superseded, however many come", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      for (const name of ["a", "b", "c", "d", "e"]) yield* car.holdLater(name)
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("hold"), [
        "performing",
        "superseded",
        "superseded",
        "superseded",
        "pending"
      ])
      // each is superseded by the next one
      const records = yield* recordsOf("hold")
      assert.deepStrictEqual(
        records.slice(1, 4).map((record) => record.supersededBy),
        records.slice(2, 5).map((record) => record.id)
      )
      yield* performSteppedActions({ outbound: finish })
      assert.deepStrictEqual(seen, ["hold a", "hold a succeeded", "hold e", "hold e succeeded"])
    }))

  test("2.5 c: all slots that waited for the superseded wait for the newcomer, and the tree keeps both links", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const current = yield* cars(1).holdNow("current")
      const parents = [yield* cars(1).askingLater("one"), yield* cars(2).askingLater("two")]
      yield* performIdle
      const newcomer = yield* cars(3).textNow("newcomer")
      assert.deepStrictEqual(yield* statusesOf("text"), ["superseded", "superseded", "pending"])
      const repo = yield* ActionRepo
      for (const parent of parents) {
        const [slot] = yield* repo.slots(parent.id)
        assert.deepStrictEqual([slot!.child, slot!.status], [newcomer.id, undefined])
      }
      const [one, two] = yield* recordsOf("text")
      assert.deepStrictEqual([one!.parent, one!.supersededBy], [parents[0]!.id, two!.id])
      assert.deepStrictEqual([two!.parent, two!.supersededBy], [parents[1]!.id, newcomer.id])
      const tree = yield* repo.tree(parents[0]!.id)
      assert.strictEqual(Option.getOrThrow(tree).steps[0]!.slots[0]!.tree!.action.id, newcomer.id)

      yield* finish(yield* recordOf(current.id))
      yield* performSteppedActions()
      assert.sameMembers(seen.slice(3), ["told text of newcomer", "told text of newcomer"])
      assert.strictEqual(yield* parents[0]!.await, "text of newcomer")
      assert.strictEqual(yield* parents[1]!.await, "text of newcomer")
    }))

  test("2.5 c: whoever waited for the superseded fails when the newcomer fails", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const current = yield* car.holdNow("current")
      const parent = yield* car.askingLater("one")
      yield* performIdle
      const newcomer = yield* car.brokenLater()
      yield* performIdle
      yield* finish(yield* recordOf(current.id))
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* slotsOf(parent.id), ["failed"])
      const error = yield* Effect.flip(parent.await)
      assert.include(error.message, "asking Car/1 › ask › broken Car/1 › break: it broke")
      assert.strictEqual((yield* newcomer.status).status, "failed")
    }))

  test("2.5 c: a newcomer whose result does not fit fails the slot, and the newcomer itself succeeds", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.holdNow("current")
      const parent = yield* car.askingLater("one")
      const root = yield* car.textLater("root")
      yield* performIdle
      const newcomer = yield* car.numberNow()
      yield* performSteppedActions({ outbound: finish })
      assert.strictEqual(yield* newcomer.await, 5)
      assert.include((yield* Effect.flip(parent.await)).message, "asking Car/1 › ask: IncompatibleResult")
      const error = yield* Effect.flip(root.await)
      assert.deepInclude(error, { _tag: "IncompatibleResult", action: "number", actionId: newcomer.id })
      assert.deepStrictEqual(yield* stepsOf(parent.id), ["ask failed"])
    }))

  test("2.10: a pending action performs when it is promoted, even if its checksum was achieved meanwhile", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const current = yield* car.paintNow("left", "white")
      const pending = yield* car.paintNow("left", "red")
      const elsewhere = yield* car.paintNow("right", "red")
      yield* Stepped.complete(elsewhere.id, paint, Stepped.Outcome.succeeded("done elsewhere"))
      const store = yield* AchievementStore
      assert.isTrue(Option.isSome(yield* store.find("paint")))
      // the end of the current one stores no achievement, so that the one of the other lane is there at the promotion
      yield* Stepped.complete(current.id, paint, Stepped.Outcome.failed())
      yield* performIdle
      assert.strictEqual((yield* pending.status).status, "performing")
      assert.deepStrictEqual(seen, ["paint left white", "paint right red", "paint left red"])
      assert.isTrue(Option.isNone(yield* store.find("paint")))
      yield* Stepped.complete(pending.id, paint, Stepped.Outcome.succeeded("done here"))
      assert.strictEqual(yield* pending.await, "done here")
    }))
})

// a worker prepares several invocations side by side
it.live("2.9: children with a `before` join in the order of the body, also when the first one's takes longest", () =>
  Effect.gen(function*() {
    const handle = yield* (yield* Cars.client)(1).preparingLater()
    yield* Effect.scoped(Effect.gen(function*() {
      yield* Layer.build(Stepped.worker())
      yield* until("all three have joined", Effect.map(recordsOf("prepared"), (records) => records.length === 3))
    }))
    const records = [...yield* recordsOf("prepared")].sort((a, b) =>
      String(a.arguments).localeCompare(String(b.arguments))
    )
    assert.deepStrictEqual(
      records.map(({ arguments: args, status }) => `${args} ${status}`),
      ["1 performing", "2 superseded", "3 pending"]
    )
    yield* handle.cancel()
    yield* performIdle
    yield* healthy
  }).pipe(Effect.provide(CarsLive.pipe(Layer.provideMerge(server.layer())))))

const convoy = Stepped.action("convoy").step(() =>
  Effect.gen(function*() {
    yield* Step.do(hold, "child")
    for (const [lane, colour] of [["m", "red"], ["m", "green"], ["m", "blue"]] as const) {
      yield* Step.do(paint, lane, colour)
    }
  })
)
const Convoys = Stepped.actions(Car, [hold, paint, convoy])

it.effect("2.9: children join in the order of the body, also when two workers claim them and the first is held up", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const store = yield* Store
    yield* (yield* Convoys.client)(2).holdNow("current")
    const handle = yield* (yield* Convoys.client)(1).convoyLater()
    yield* performDue
    // somebody has the lane of the first child in hand
    const locked = yield* Deferred.make<void>()
    const release = yield* Deferred.make<void>()
    const other = yield* Effect.forkChild(sql.withTransaction(Effect.gen(function*() {
      yield* sql`select from stepped.live_actions where lane = 'depot' for update`
      yield* Deferred.succeed(locked, undefined)
      yield* Deferred.await(release)
    })))
    yield* Deferred.await(locked)
    // one worker takes the first two children and waits for that lane, another one takes the rest
    const token = yield* store.register("held up", Duration.minutes(1))
    const claim = yield* Effect.forkChild(store.claim({
      token,
      now: 0,
      room: 2,
      catalog: {
        queues: ["default"],
        definitions: ["hold", "paint"].map((name) => ({
          key: `Car/${name}`,
          steps: [{ kind: "unnamed", name: "1" }],
          flags: 16,
          prepare: false
        }))
      },
      prepared: [],
      only: null
    }))
    yield* blocked(1)
    const rest = yield* Effect.forkChild(performIdle)
    for (let look = 0; look < 50; look++) yield* sql`select 1`
    yield* Deferred.succeed(release, undefined)
    yield* Fiber.join(other)
    yield* Fiber.join(claim)
    yield* store.unregister(token, 0)
    yield* Fiber.join(rest)
    yield* performIdle
    assert.deepStrictEqual(
      (yield* recordsOf("paint")).map(({ arguments: args, status }) => `${args} ${status}`),
      ["m,red performing", "m,green superseded", "m,blue pending"]
    )
    yield* handle.cancel()
    yield* performIdle
    yield* healthy
  }).pipe(Effect.provide(Convoys.layer.pipe(
    Layer.provideMerge(PostgresStore.layer),
    Layer.provideMerge(Storage.layer({ schema: "stepped", deadline: Duration.seconds(20), embedded: false })),
    Layer.provideMerge(server.layer())
  ))))
