/** Rules 2.3 to 2.7: what is achieved is not done again, what is under way is shared, and what starts erases. */
import { assert, it } from "@effect/vitest"
import { Clock, Deferred, Duration, Effect, Fiber, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Stepped } from "stepped"
import { performSteppedActions, withHandledDefects } from "stepped/testing"
import { checksum } from "../../src/engine/checksum.ts"
import { asHeld } from "../../src/engine/invoke/prepare.ts"
import * as PostgresStore from "../../src/sql/PostgresStore.ts"
import type { Answer } from "../../src/store/Answer.ts"
import { Storage } from "../../src/store/Storage.ts"
import { type Catalog, Store } from "../../src/store/Store.ts"
import { embedded, healthy, server, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { lanes, recordOf, recordsOf, slotsOf, statusesOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { blocked } from "../harness/racing.ts"
import { nothing, stored } from "../harness/stored.ts"
import { achievement, asNumber, Car, Cars, hold, otherKey, otherLane, scene } from "./fixtures/checksums.ts"

suite("checksums", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Cars.layer.pipe(Layer.provideMerge(engine.layer())))
    )

  test("2.7: a pending action that ends together with the one before it has erased nothing", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.paveNow("granite")
      const achieved = yield* achievement("Car/1/pave")
      assert.isDefined(achieved)
      const parent = yield* car.worksLater()
      yield* performIdle
      const statuses = Effect.all([statusesOf("occupy"), statusesOf("pave")])
      assert.deepStrictEqual(yield* statuses, [["performing"], ["succeeded", "pending"]])
      yield* parent.cancel()
      yield* performIdle
      assert.deepStrictEqual(yield* statuses, [["cancelled"], ["succeeded", "cancelled"]])
      assert.deepStrictEqual(yield* achievement("Car/1/pave"), achieved)
    }))

  for (const value of [false, "", [], 0, "London", { a: [1] }]) {
    test(`2.3: ${JSON.stringify(value)} is a checksum`, () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)(1)
        const first = yield* car.washNow(value)
        const second = yield* car.washNow(value)
        assert.deepStrictEqual(yield* achievement("Car/1/wash"), { checksum: checksum(value)!, result: value })
        assert.deepStrictEqual(seen, [`wash ${JSON.stringify(value)}`, "callback"])
        assert.deepStrictEqual([yield* first.await, yield* second.await], [value, value])
      }))
  }

  test("2.3: what JSON does not hold has no checksum: the action fails at once, whatever defects are retried", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      for (const value of [new Set(["a"]), new Map([["a", 1]]), Redacted.make("a"), () => "a", Number.NaN]) {
        scene.tags = value
        const error = yield* Effect.flip((yield* car.tagNow()).await)
        assert.match(error.message, /^tag Car\/1: InvalidChecksum: The checksum holds .+ at \.tags\[0\], of which JSON/)
        const late = yield* Effect.flip((yield* car.tagLateNow()).await)
        assert.match(late.message, /^tagLate Car\/1: InvalidChecksum: The checksum is made of .+, of which JSON/)
      }
      assert.deepStrictEqual(seen, [])
      // a date and a class say what they are
      for (const at of [1, 2, 2]) {
        scene.tags = [
          new Date(at),
          new (class Made {
            readonly at = at
          })()
        ]
        yield* (yield* car.tagNow()).await
      }
      assert.deepStrictEqual(seen, ["tag", "tag"])
    }).pipe(withHandledDefects(() => false)))

  for (
    const [name, done] of [
      ["inspect", "inspect brakes"],
      ["inspectInBay", "inspect brakes in a bay"],
      ["quote", "quote brakes"],
      ["ask", "quote brakes"]
    ] as const
  ) {
    test(`16.1: what was achieved counts for as long as achievementTtl says, asked by ${name}`, () =>
      Effect.gen(function*() {
        const { [`${name}Later` as const]: enqueue } = (yield* Cars.client)(1)
        const results: Array<unknown> = []
        const asks = Effect.gen(function*() {
          const handle = yield* enqueue("brakes")
          yield* performIdle
          results.push(yield* handle.await)
        })
        yield* asks
        yield* TestClock.adjust("59 minutes")
        yield* asks
        assert.deepStrictEqual(seen, [done])
        yield* TestClock.adjust("1 minute")
        yield* asks
        assert.deepStrictEqual(seen, [done, done])
        // and from then on
        yield* TestClock.adjust("59 minutes")
        yield* asks
        assert.deepStrictEqual(seen, [done, done])
        assert.strictEqual(new Set(results).size, 1)
      }))
  }

  test("16.1: what is too old is done once where several ask for it", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.inspectNow("brakes")
      yield* TestClock.adjust("1 hour")
      const handles = yield* Effect.all([1, 2, 3].map(() => car.inspectLater("brakes")))
      yield* performIdle
      assert.deepStrictEqual(seen, ["inspect brakes", "inspect brakes"])
      for (const handle of handles) yield* handle.await
    }))

  test("16.1: who has passed by what is too old takes what has been achieved since then", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.quoteNow("brakes")
      yield* TestClock.adjust("1 hour")
      const handle = yield* car.quoteLater("brakes")
      const store = yield* Store
      const token = yield* store.register("slow", Duration.minutes(1))
      const now = yield* Clock.currentTimeMillis
      const catalog: Catalog = {
        queues: ["default"],
        definitions: [{ key: "Car/quote", steps: [{ kind: "own", name: "quote" }], flags: 0, prepare: false }]
      }
      const by = { token, now, catalog, only: null }
      const lookedAt = (answer: Answer) => answer.work.filter((work) => work._tag === "ToPrepare")
      const [held] = lookedAt(yield* store.claim({ ...by, room: 1, prepared: [] }))
      assert.isDefined(held?.achievement)
      yield* car.quoteNow("brakes")
      const returned = { ...asHeld(held!), passesBy: held!.achievement!.by }
      const [again] = lookedAt(yield* store.claim({ ...by, room: 0, prepared: [returned] }))
      assert.strictEqual(again?.achievement?.achievedAt, now)
      yield* store.unregister(token, now)
      yield* performIdle
      assert.strictEqual(yield* handle.await, "brakes".length)
      assert.deepStrictEqual(seen, ["quote brakes", "quote brakes"])
    }).pipe(
      Effect.provide(
        Layer.provide(
          PostgresStore.layer,
          Storage.layer({ schema: "stepped", deadline: Duration.seconds(20), embedded: engine === embedded })
        )
      ),
      Effect.orDie
    ))

  test("16.1: what another version has achieved is done again", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.renderAsBeforeNow("wheel")
      assert.strictEqual((yield* achievement("model"))?.checksum, Stepped.checksum(["1", "wheel"]))
      yield* car.renderNow("wheel")
      yield* car.renderNow("wheel")
      yield* car.renderAsBeforeNow("wheel")
      assert.deepStrictEqual(seen, ["render wheel as before", "render wheel", "render wheel as before"])
    }))

  test("2.3: null and undefined mean no reuse, and nothing is achieved", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      for (const value of [null, null, "undefined", "undefined"]) yield* car.maybeNow(value)
      assert.strictEqual(seen.length, 4)
      assert.deepStrictEqual(yield* statusesOf("maybe"), ["succeeded", "succeeded", "succeeded", "succeeded"])
      assert.isUndefined(yield* achievement("Car/1/maybe"))
    }))

  test("2.4, 2.6: what is achieved succeeds at once, with the stored result, and is not stored", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.washNow("warm")
      const before = yield* stored
      const second = yield* car.washLater("warm")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, [`wash "warm"`, "callback"])
      assert.deepStrictEqual(yield* stored, { ...before, outcomes: 1 })
      assert.deepStrictEqual(yield* second.status, {
        id: second.id,
        status: "succeeded",
        successor: undefined,
        unwinding: false
      })
      assert.strictEqual(yield* second.await, "warm")
      assert.deepStrictEqual((yield* recordsOf("wash")).map((action) => action.id), [first.id])
    }))

  test("2.4: another checksum is another work, and replaces what was achieved", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      for (const how of ["warm", "cold", "cold", "warm"]) yield* car.washNow(how)
      assert.deepStrictEqual(seen.filter((text) => text !== "callback"), [`wash "warm"`, `wash "cold"`, `wash "warm"`])
      assert.deepStrictEqual(yield* achievement("Car/1/wash"), { checksum: checksum("warm")!, result: "warm" })
      // each actor has its own
      yield* (yield* Cars.client)(2).washNow("warm")
      assert.strictEqual(seen.length, 8)
    }))

  test("2.4: a checksum key may be shared, by all actors and by several definitions", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      yield* cars(1).sharedNow(7)
      const other = yield* cars(2).sharedNow(7)
      const nobody = yield* cars(3).sharedVoidNow(7)
      assert.deepStrictEqual(seen, ["shared 7"])
      assert.strictEqual(yield* other.await, 7)
      assert.isUndefined(yield* nobody.await)
    }))

  test("2.4: an achievement whose result does not fit is ignored, and the work is done", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.sharedNow(7)
      const text = yield* car.sharedTextNow(7)
      assert.deepStrictEqual(seen, ["shared 7", "text 7"])
      assert.strictEqual(yield* text.await, "text 7")
      assert.deepStrictEqual(yield* achievement("Car/shared"), { checksum: checksum(7)!, result: "text 7" })
      // and the other way round, from a step
      const back = yield* car.sharedLater(7)
      yield* performSteppedActions()
      assert.strictEqual(yield* back.await, 7)
      const parent = yield* car.askTextLater(7)
      yield* performSteppedActions()
      assert.strictEqual(yield* parent.await, "text 7")
      assert.deepStrictEqual(seen, ["shared 7", "text 7", "shared 7", "text 7"])
    }))

  test("2.4: a child that is achieved settles its slot with the stored result", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.washNow({ with: "soap" })
      const handle = yield* car.washTwiceLater({ with: "soap" })
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* handle.await, [{ with: "soap" }, { with: "soap" }])
      assert.strictEqual((yield* recordsOf("wash")).length, 1)
      assert.strictEqual((yield* stored).outcomes, 0)
    }))

  test("2.5 b: a live action with the same checksum is joined while it performs", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.holdNow("x")
      const second = yield* car.holdLater("x")
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("hold"), ["performing"])
      assert.deepStrictEqual(yield* second.status, {
        id: second.id,
        status: "joined",
        successor: first.id,
        unwinding: false
      })
      yield* Stepped.complete(Car.ref(1), hold, Stepped.Outcome.succeeded("done"))
      assert.deepStrictEqual([yield* first.await, yield* second.await], ["done", "done"])
      assert.deepStrictEqual(seen, ["hold x"])
      assert.strictEqual((yield* stored).actions, 1)
    }))

  test("2.5 b: one that is pending is joined too, and joining supersedes nothing", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const [current, pending] = [yield* car.holdNow("x"), yield* car.holdNow("y")]
      const [joinsPending, joinsCurrent] = [yield* car.holdNow("y"), yield* car.holdNow("x")]
      assert.deepStrictEqual(yield* statusesOf("hold"), ["performing", "pending"])
      assert.strictEqual((yield* joinsPending.status).successor, pending.id)
      assert.strictEqual((yield* joinsCurrent.status).successor, current.id)
      yield* performSteppedActions({
        outbound: (action) => Stepped.complete(action.id, hold, Stepped.Outcome.succeeded(`end of ${action.arguments}`))
      })
      assert.deepStrictEqual(yield* statusesOf("hold"), ["succeeded", "succeeded"])
      assert.deepStrictEqual([yield* joinsPending.await, yield* joinsCurrent.await], ["end of y", "end of x"])
    }))

  test("2.5 b: several parents join one child, and all of them are told", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const root = yield* cars(1).holdLater("x")
      const parents = [yield* cars(1).holderLater("x")]
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(parents[0]!.id), ["open"])
      yield* Stepped.complete(root.id, hold, Stepped.Outcome.succeeded("done"))
      yield* performSteppedActions()
      assert.strictEqual(yield* parents[0]!.await, "done")
      assert.deepStrictEqual(seen, ["hold x", "told done"])
      assert.strictEqual((yield* recordsOf("hold")).length, 1)
    }))

  test("2.5 b: whoever joined fails with the one it joined", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.holdNow("x")
      const [second, parent] = [yield* car.holdNow("x"), yield* car.holderLater("x")]
      yield* performIdle
      yield* TestClock.adjust("1 minute")
      yield* performSteppedActions()
      for (const handle of [first, second]) {
        assert.deepInclude(yield* Effect.flip(handle.await), { _tag: "TimedOut", actionId: first.id })
      }
      assert.include((yield* Effect.flip(parent.await)).message, "holder Car/1 › hold › hold Car/1: timed out")
    }))

  test("2.5 b: whoever joined fails alone when the result does not fit", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const number = yield* car.asNumberNow()
      const text = yield* car.asTextLater()
      const parent = yield* car.wantsTextLater()
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("asText"), [])
      yield* Stepped.complete(number.id, asNumber, Stepped.Outcome.succeeded(5))
      yield* performSteppedActions()
      assert.strictEqual(yield* number.await, 5)
      const error = yield* Effect.flip(text.await)
      assert.deepInclude(error, { _tag: "IncompatibleResult", action: "asNumber", actionId: number.id })
      assert.include((yield* Effect.flip(parent.await)).message, "wantsText Car/1 › ask: IncompatibleResult")
    }))

  test("2.5 b: without a checksum, under another checksum key, or in another lane, nothing is joined", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.holdNow("x")
      yield* car.otherKeyNow()
      yield* car.otherLaneNow("x")
      assert.deepStrictEqual(yield* statusesOf("otherKey"), ["pending"])
      assert.deepStrictEqual(yield* statusesOf("otherLane"), ["performing"])
      yield* car.holdNow(null)
      yield* car.holdNow(null)
      assert.deepStrictEqual(yield* statusesOf("otherKey"), ["superseded"])
      assert.deepStrictEqual(yield* statusesOf("hold"), ["performing", "superseded", "pending"])
      yield* performSteppedActions({
        outbound: (action) =>
          Effect.andThen(
            Stepped.complete(Car.ref(1), hold, Stepped.Outcome.succeeded(action.name)),
            Stepped.complete(Car.ref(1), otherLane, Stepped.Outcome.succeeded(action.name))
          )
      })
      assert.deepStrictEqual(yield* statusesOf("hold"), ["succeeded", "superseded", "succeeded"])
      assert.deepStrictEqual(yield* lanes, [])
    }))

  test("2.5 b: the same child started twice by one step is two slots, settled by one transition", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).washTwiceLater("warm")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* handle.await, ["warm", "warm"])
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["succeeded", "succeeded"])
      assert.deepStrictEqual(seen, [`wash "warm"`, "callback"])
      assert.deepStrictEqual(yield* statusesOf("wash"), ["succeeded"])
    }))

  test("2.7: starting to perform sets started_at, and erases the achievement of the key until the end", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.holdNow("x")
      yield* Stepped.complete(first.id, hold, Stepped.Outcome.succeeded("done"))
      assert.deepStrictEqual(yield* achievement("Car/1/hold"), { checksum: checksum("x")!, result: "done" })
      yield* TestClock.adjust("1 hour")
      const second = yield* car.holdNow("y")
      assert.isUndefined(yield* achievement("Car/1/hold"))
      assert.deepStrictEqual((yield* recordOf(second.id)).startedAt, new Date(3_600_000))
      // it fails: what was there before does not come back
      yield* Stepped.complete(second.id, hold, Stepped.Outcome.failed())
      yield* performIdle
      const third = yield* car.holdNow("x")
      assert.strictEqual((yield* third.status).status, "performing")
      yield* third.cancel()
      yield* performIdle
      assert.isUndefined(yield* achievement("Car/1/hold"))
    }))

  test("2.7: an action without a checksum erases what is stored under its key", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.washNow("warm")
      yield* car.repaintNow()
      assert.isUndefined(yield* achievement("Car/1/wash"))
      yield* car.washNow("warm")
      assert.deepStrictEqual(seen, [`wash "warm"`, "callback", `wash "warm"`, "callback"])
    }))

  test("2.7: an action without a checksum erases what is stored under its key, also one of many that begin together", () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      for (const id of [1, 2, 3]) yield* client(id).washNow("warm")
      yield* Effect.forEach(
        Array.from({ length: 60 }, (_, id) => id),
        (id) => client(id).stainLater(id === 3 ? 60 : id)
      )
      yield* performIdle
      const left = yield* Effect.forEach([1, 2, 3], (id) => achievement(`Car/${id}/wash`))
      assert.deepStrictEqual(left.map((found) => found !== undefined), [false, false, true])
    }))

  test("2.7: so does one without a checksum whose key is its lane's, alone or one of many", () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      for (const id of [1, 2, 3]) yield* client(id).washNow("warm")
      yield* client(1).washNow(null)
      yield* Effect.forEach(
        Array.from({ length: 60 }, (_, id) => id),
        (id) => client(id === 3 ? 60 : id).washLater(null)
      )
      yield* performIdle
      const left = yield* Effect.forEach([1, 2, 3], (id) => achievement(`Car/${id}/wash`))
      assert.deepStrictEqual(left.map((found) => found !== undefined), [false, false, true])
    }))

  test("2.7, 2.9: what an elder sibling erases the younger one does not find, though they were claimed together", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.washNow("warm")
      const handle = yield* car.washAnewLater()
      yield* performIdle
      assert.deepStrictEqual(yield* handle.await, [null, "warm"])
      assert.deepStrictEqual(
        seen,
        [`wash "warm"`, "callback", "wash null", "callback", `wash "warm"`, "callback"]
      )
    }))

  test("2.7: what an action achieves is erased by the one that is promoted behind it", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const [first, second] = [yield* car.holdNow("x"), yield* car.holdNow("y")]
      yield* Stepped.complete(first.id, hold, Stepped.Outcome.succeeded("done"))
      assert.strictEqual((yield* second.status).status, "performing")
      assert.isUndefined(yield* achievement("Car/1/hold"))
    }))

  test("2.7: a pending action erases and is timed only when it is promoted", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const [first, second] = [yield* car.holdNow(null), yield* car.holdNow("y")]
      const other = yield* car.otherLaneNow("z")
      yield* Stepped.complete(other.id, otherLane, Stepped.Outcome.succeeded("z"))
      assert.isUndefined((yield* recordOf(second.id)).startedAt)
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual((yield* achievement("Car/1/hold"))?.result, "z")
      yield* Stepped.complete(first.id, hold, Stepped.Outcome.succeeded("done"))
      yield* performIdle
      assert.isUndefined(yield* achievement("Car/1/hold"))
      assert.deepStrictEqual((yield* recordOf(second.id)).startedAt, new Date(59_000))
      yield* TestClock.adjust("59 seconds")
      yield* performIdle
      assert.strictEqual((yield* second.status).status, "performing")
      yield* TestClock.adjust("1 second")
      yield* performIdle
      assert.strictEqual((yield* second.status).status, "timed_out")
    }))

  test("2.6: what is not stored erases nothing: achieved, joined or cancelled by `before`", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.washNow("warm")
      yield* car.cancelledNow()
      yield* car.washNow("warm")
      assert.deepStrictEqual(yield* achievement("Car/1/wash"), { checksum: checksum("warm")!, result: "warm" })
      assert.deepStrictEqual(seen, [`wash "warm"`, "callback"])
      const { actions, achievements, jobs } = yield* stored
      assert.deepStrictEqual([actions, achievements, jobs], [1, 1, nothing.jobs])
    }))

  test("2.6: nor does what is deadlocked, also where it has found what it cannot read", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.sharedNow(7)
      const parent = yield* car.asksInClosedLater(7)
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(parent.id), ["deadlocked"])
      assert.deepStrictEqual(yield* achievement("Car/shared"), { checksum: checksum(7)!, result: 7 })
      assert.deepStrictEqual(seen, ["shared 7"])
    }))
})

/** The first action's end, written and not committed before somebody waits for its lane. */
const endUnderWay = (id: string) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const completed = yield* Deferred.make<void>()
    const release = yield* Deferred.make<void>()
    const ending = yield* Effect.forkChild(sql.withTransaction(Effect.gen(function*() {
      yield* Stepped.complete(id, hold, Stepped.Outcome.succeeded("done"))
      yield* Deferred.succeed(completed, undefined)
      yield* Deferred.await(release)
    })))
    yield* Deferred.await(completed)
    return Effect.gen(function*() {
      const performing = yield* Effect.forkChild(performIdle)
      yield* blocked(1)
      yield* Deferred.succeed(release, undefined)
      yield* Fiber.join(ending)
      yield* Fiber.join(performing)
    })
  })

it.effect("2.4: it is checked again under the lane's lock: an achievement that is committed meanwhile counts", () =>
  Effect.gen(function*() {
    const car = (yield* Cars.client)(1)
    const first = yield* car.holdNow("x")
    const second = yield* car.holdLater("x")
    const third = yield* car.holdLater("y")
    yield* Effect.flatten(endUnderWay(first.id))
    assert.deepStrictEqual(yield* second.status, {
      id: second.id,
      status: "succeeded",
      successor: undefined,
      unwinding: false
    })
    assert.strictEqual(yield* second.await, "done")
    // whoever came after it gets the lane that it did not need
    assert.strictEqual((yield* third.status).status, "performing")
    assert.deepStrictEqual(yield* statusesOf("hold"), ["succeeded", "performing"])
    assert.deepStrictEqual(seen, ["hold x", "hold y"])
    assert.isUndefined(yield* achievement("Car/1/hold"))
    yield* Stepped.complete(third.id, hold, Stepped.Outcome.succeeded("also done"))
    assert.strictEqual((yield* achievement("Car/1/hold"))?.result, "also done")
    yield* healthy
  }).pipe(Effect.provide(Cars.layer.pipe(Layer.provideMerge(server.layer())))))

it.effect("2.4: it is checked again also where the lane has passed on to another action meanwhile", () =>
  Effect.gen(function*() {
    const car = (yield* Cars.client)(1)
    const first = yield* car.holdNow("x")
    const other = yield* car.otherKeyNow()
    const second = yield* car.holdLater("x")
    yield* Effect.flatten(endUnderWay(first.id))
    assert.strictEqual((yield* second.status).status, "succeeded")
    assert.strictEqual(yield* second.await, "done")
    assert.strictEqual((yield* other.status).status, "performing")
    assert.deepStrictEqual(yield* statusesOf("hold"), ["succeeded"])
    assert.strictEqual((yield* achievement("Car/1/hold"))?.result, "done")
    yield* Stepped.complete(other.id, otherKey, Stepped.Outcome.succeededVoid)
    yield* healthy
  }).pipe(Effect.provide(Cars.layer.pipe(Layer.provideMerge(server.layer())))))
