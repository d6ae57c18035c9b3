/** Rule 2.9 where the children of one step are in different queues, prepared, put off, cancelled, or nobody's yet. */
import { assert, it } from "@effect/vitest"
import { Clock, Effect, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, JobQueue, Step, Stepped } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, recordsOf, slotsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import {
  aside,
  Car,
  careful,
  Cars,
  fast,
  found,
  inOrder,
  parked,
  queued,
  scene,
  slow,
  sync,
  van,
  Vans,
  waiting,
  whoWaits,
  wide
} from "./fixtures/siblings.ts"

suite("siblings", (engine) => {
  const layer = Cars.layer.pipe(
    Layer.provideMerge(engine.layer({ handledDefects: () => false, retry: Schedule.spaced("1 hour") }))
  )
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(name, () => Effect.provide(Effect.andThen(scenario(), healthy), layer))

  test("2.9+: across queues, however long the elder's is", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      yield* cars.enqueueMany(
        slow,
        Array.from({ length: 2000 }, () => [2, "crowd", 0])
      )
      scene.delegates = Effect.all([Step.do(slow, "lane", 1), Step.do(fast, "lane", 2), Step.do(fast, "lane", 3)])
      const root = yield* cars(1).parentNow()
      for (let pass = 0; (yield* waiting).length < 2 && pass < 20; pass++) yield* performDue
      assert.deepStrictEqual(yield* whoWaits, ["2 for 1", "3 for 1"])
      const backlog = yield* Effect.flatMap(JobQueue, (queue) => queue.backlog)
      assert.deepStrictEqual(
        backlog.map(({ due, held, name, waiting, waitsFor }) => [name, due, held, waiting, waitsFor])
          .filter(([name]) => name !== "slow"),
        [["fast", 0, 0, 2, (yield* waiting)[0]!.waitsFor]]
      )
      yield* healthy
      yield* performIdle
      assert.deepStrictEqual(seen.filter((entry) => entry !== "0"), ["1", "2", "3"])
      assert.strictEqual((yield* root.status).status, "succeeded")
    }))

  test("2.9+: those of other lanes do not wait, nor do those of other parents", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      scene.delegates = Effect.all([Step.on(van, aside, "a", 1), Step.do(fast, "b", 2), Step.do(fast, "c", 3)])
      yield* car.parentLater()
      yield* performIdle
      yield* car.fastLater("a", 4)
      yield* performIdle
      assert.deepStrictEqual(seen, ["2", "3", "4"])
      assert.deepStrictEqual(yield* whoWaits, [])
      yield* Effect.provide(performSteppedActions(), Vans.layer)
      assert.deepStrictEqual(seen, ["2", "3", "4", "1"])
    }))

  test("2.9+: a worker without the elder's definition leaves the younger one to wait, and says for whom", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      scene.delegates = Effect.all([
        Step.on(van, aside, "lane", 1),
        Step.do(fast, "lane", 2),
        Step.do(careful, "lane", 3)
      ])
      const root = yield* car.parentLater()
      yield* performIdle
      assert.deepStrictEqual(seen, ["before 3"])
      assert.deepStrictEqual(yield* whoWaits, ["2 for 1", "3 for 1"])
      yield* healthy
      yield* performIdle
      yield* Effect.provide(performSteppedActions(), Vans.layer)
      // prepared once, to what it was prepared to
      assert.deepStrictEqual(seen, ["before 3", "1", "2", "103"])
      assert.strictEqual((yield* root.status).status, "succeeded")
    }))

  test("2.9+: while the elder is put off because its before has failed", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      scene.before = Effect.die(new Error("not yet"))
      scene.delegates = Effect.all([Step.do(careful, "lane", 1), Step.do(fast, "lane", 2)])
      yield* car.parentLater()
      yield* performIdle
      assert.deepStrictEqual([seen, yield* whoWaits], [["before 1"], ["2 for 1"]])
      scene.before = Effect.void
      yield* TestClock.adjust("1 hour")
      yield* performIdle
      assert.deepStrictEqual(seen, ["before 1", "before 1", "101", "2"])
    }))

  test("2.9+: an elder that ends without joining lets the younger one go, one in the middle does not let it overtake", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      scene.delegates = Effect.all([
        Step.on(van, aside, "lane", 1),
        Step.do(fast, "lane", 2),
        Step.do(careful, "lane", 3),
        Step.do(fast, "lane", 4)
      ])
      const root = yield* car.parentLater()
      yield* performIdle
      const cancel = (n: number) =>
        Effect.gen(function*() {
          const one = (yield* queued).find(({ arguments: args }) => (args as ReadonlyArray<unknown>)[1] === n)!
          const cancelled = one.name === "aside"
            ? (yield* Stepped.handle(van, aside, one.action)).cancel()
            : (yield* Stepped.handle(Car.ref(1), one.name === "fast" ? fast : careful, one.action)).cancel()
          assert.isTrue(yield* cancelled)
        })
      yield* cancel(2)
      yield* cancel(3)
      yield* performIdle
      // with the arguments as given
      assert.deepStrictEqual(seen, ["before 3", "2 cancelled", "3 cancelled"])
      assert.deepStrictEqual(yield* whoWaits, ["4 for 1"])
      yield* healthy
      yield* cancel(1)
      yield* Effect.provide(performSteppedActions(), Vans.layer)
      assert.deepStrictEqual(seen, ["before 3", "2 cancelled", "3 cancelled", "1 cancelled", "4"])
      assert.deepStrictEqual(yield* slotsOf(root.id), ["cancelled", "cancelled", "cancelled", "succeeded"])
    }))

  test("2.9, 18.2: those that wait for one that an operator puts off go without it, and it comes behind them", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      scene.delegates = Effect.all([
        Step.on(van, aside, "lane", 1),
        Step.do(fast, "lane", 2),
        Step.do(careful, "lane", 3)
      ])
      const root = yield* car.parentLater()
      yield* performIdle
      assert.deepStrictEqual(yield* whoWaits, ["2 for 1", "3 for 1"])
      const elder = (yield* queued).find(({ name }) => name === "aside")!
      const queue = yield* JobQueue
      assert.strictEqual(yield* queue.reschedule(elder.action, new Date(3_600_000), { by: "ada" }), "done")
      assert.deepStrictEqual(yield* whoWaits, [])
      yield* healthy
      yield* performIdle
      assert.deepStrictEqual(seen, ["before 3", "2", "103"])
      yield* TestClock.adjust("1 hour")
      yield* Effect.provide(performSteppedActions(), Vans.layer)
      assert.deepStrictEqual(seen, ["before 3", "2", "103", "1"])
      assert.strictEqual((yield* root.status).status, "succeeded")
    }))

  test("2.9, 18.2: upkeep lets go one that somebody had in hand when the one it waits for was put off", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const car = (yield* Cars.client)(1)
      const queue = yield* JobQueue
      for (const isDue of [false, true]) {
        seen.length = 0
        scene.delegates = Effect.all([Step.on(van, aside, "lane", 1), Step.do(fast, "lane", 2)])
        yield* car.parentLater()
        yield* performIdle
        const { action, waitsFor } = (yield* waiting)[0]!
        const hour = (yield* Clock.currentTimeMillis) + 3_600_000
        assert.strictEqual(yield* queue.reschedule(waitsFor!, new Date(hour), { by: "ada" }), "done")
        // as it stays where it is locked
        yield* sql`update stepped.jobs set priority = 1002, elder = ${waitsFor} where action = ${action}`
        if (isDue) {
          yield* TestClock.adjust("1 hour")
          yield* performIdle
        }
        assert.deepStrictEqual(yield* Effect.map(Stepped.doctor, (all) => all.map(({ subject }) => subject)), [action])
        yield* sql`select taken from stepped.recover(now(), '{}', true)`
        yield* healthy
        yield* performIdle
        assert.deepStrictEqual(seen, ["2"])
        yield* TestClock.adjust("1 hour")
        yield* Effect.provide(performSteppedActions(), Vans.layer)
        assert.deepStrictEqual(seen, ["2", "1"])
      }
    }))

  test("2.9+: one whose key takes an effect waits for all that may be in its lane, and those after it for it", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      scene.delegates = Effect.all([
        Step.on(van, aside, "a", 1),
        Step.do(fast, "b", 2),
        Step.do(found, "a", 3),
        Step.do(found, "b", 4),
        Step.do(fast, "a", 5)
      ])
      yield* car.parentLater()
      yield* performIdle
      assert.deepStrictEqual(seen.filter((entry) => !entry.startsWith("key")), ["2", "4"])
      assert.deepStrictEqual((yield* whoWaits).map((text) => text.split(" ")[0]), ["3", "5"])
      yield* Effect.provide(performSteppedActions(), Vans.layer)
      assert.deepStrictEqual(seen.filter((entry) => !entry.startsWith("key")), ["2", "4", "1", "3", "5"])
      assert.lengthOf(seen.filter((entry) => entry.startsWith("key")), 2)
    }))

  for (const [when, minutes] of [["is too old", 90], ["counts", 30]] as const) {
    test(`2.9, 16.1: one that is taken with an elder does not overtake it while what that has found is looked at, and ${when}`, () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)(1)
        yield* car.syncLater("lane", 1)
        yield* performIdle
        yield* TestClock.adjust(`${minutes} minutes`)
        scene.delegates = Effect.all([Step.do(sync, "lane", 1), Step.do(sync, "lane", 2), Step.do(sync, "other", 3)])
        const root = yield* car.parentLater()
        yield* performSteppedActions()
        assert.deepStrictEqual(seen.filter((entry) => entry !== "3"), minutes > 60 ? ["1", "1", "2"] : ["1", "2"])
        assert.deepStrictEqual(yield* slotsOf(root.id), ["succeeded", "succeeded", "succeeded"])
      }))
  }

  for (const end of ["joins", "is cancelled", "is put off"] as const) {
    test(`2.9+: one behind a sibling of two lanes waits for whom that one waits, as long as it is there: it ${end}`, () =>
      Effect.gen(function*() {
        scene.delegates = Effect.all([
          Step.on(van, parked, ["a"], 1),
          Step.do(wide, ["a", "b"], 2),
          Step.do(wide, ["b"], 3)
        ])
        yield* (yield* Cars.client)(1).parentLater()
        for (let pass = 0; pass < 3; pass++) yield* performDue
        assert.deepStrictEqual(yield* whoWaits, ["2 for 1", "3 for 1"])
        yield* healthy
        const middle = (yield* waiting).find(({ arguments: args }) => (args as ReadonlyArray<unknown>)[1] === 2)!
        if (end === "is cancelled") {
          assert.isTrue(yield* (yield* Stepped.handle(Car.ref(1), wide, middle.action)).cancel())
          yield* performIdle
          assert.sameMembers(seen, ["2 cancelled", "3"])
        }
        if (end === "is put off") {
          const queue = yield* JobQueue
          assert.strictEqual(yield* queue.reschedule(middle.action, new Date(3_600_000), { by: "ada" }), "done")
          yield* performIdle
          assert.deepStrictEqual(seen, ["3"])
          yield* TestClock.adjust("1 hour")
        }
        seen.length = 0
        yield* Effect.provide(performSteppedActions(), Vans.layer)
        assert.sameMembers(seen, { "joins": ["1", "2", "3"], "is cancelled": ["1"], "is put off": ["1", "2"] }[end])
        if (end === "joins") assert.deepStrictEqual(seen, ["1", "2", "3"])
      }))
  }

  test("2.9+: so does each that waits behind one that goes without joining, also by way of others", () =>
    Effect.gen(function*() {
      scene.delegates = Effect.all([
        Step.on(van, parked, ["a"], 1),
        Step.do(wide, ["a", "b"], 2),
        Step.do(wide, ["b", "c"], 3),
        Step.do(wide, ["c"], 4)
      ])
      yield* (yield* Cars.client)(1).parentLater()
      for (let pass = 0; pass < 3; pass++) yield* performDue
      assert.deepStrictEqual(yield* whoWaits, ["2 for 1", "3 for 1", "4 for 1"])
      const second = (yield* waiting).find(({ arguments: args }) => (args as ReadonlyArray<unknown>)[1] === 2)!
      assert.isTrue(yield* (yield* Stepped.handle(Car.ref(1), wide, second.action)).cancel())
      yield* performIdle
      assert.sameMembers(seen, ["2 cancelled", "3", "4"])
      yield* Effect.provide(performSteppedActions(), Vans.layer)
    }))

  test("2.9+: one that waits for whom nobody in its lanes waits for any more looks again", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      scene.delegates = Effect.all([
        Step.on(van, parked, ["a"], 1),
        Step.do(wide, ["a", "b"], 2),
        Step.do(wide, ["b"], 3)
      ])
      yield* (yield* Cars.client)(1).parentLater()
      for (let pass = 0; pass < 3; pass++) yield* performDue
      assert.deepStrictEqual(yield* whoWaits, ["2 for 1", "3 for 1"])
      yield* sql`select taken from stepped.recover(now(), '{}', true)`
      assert.deepStrictEqual(yield* whoWaits, ["2 for 1", "3 for 1"])
      // by somebody who does not see the other one yet
      yield* sql`update stepped.jobs set priority = 1003, elder = null, due_at = '2100-01-01'
        where arguments ->> 1 = '2'`
      yield* sql`select taken from stepped.recover(now(), '{}', true)`
      yield* performIdle
      assert.deepStrictEqual(seen, ["3"])
      yield* sql`update stepped.jobs set due_at = to_timestamp(0) where arguments ->> 1 = '2'`
      yield* Effect.provide(performSteppedActions(), Vans.layer)
      assert.sameMembers(seen, ["1", "2", "3"])
    }))

  test("2.9+, 18.1: the order holds among those that are retried with their parent", () =>
    Effect.gen(function*() {
      scene.aside = Step.wait("1 hour")
      scene.delegates = Effect.all([Step.on(van, aside, "lane", 1), Step.do(fast, "lane", 2)])
      const root = yield* (yield* Cars.client)(1).parentLater()
      yield* Effect.provide(performIdle, Vans.layer)
      assert.deepStrictEqual(seen, ["1"])
      assert.isTrue(yield* root.cancel())
      yield* Effect.provide(performSteppedActions(), Vans.layer)
      seen.length = 0
      scene.aside = Effect.void
      assert.strictEqual((yield* (yield* ActionRepo).retry(root.id))._tag, "Retried")
      yield* performIdle
      assert.deepStrictEqual([seen, yield* whoWaits], [[], ["2 for 1"]])
      yield* Effect.provide(performSteppedActions(), Vans.layer)
      assert.deepStrictEqual(seen, ["2"])
    }))

  test("2.1, 18.1: one that was prepared, and never began, is prepared anew to what it was asked for with", () =>
    Effect.gen(function*() {
      scene.aside = Step.wait("1 hour")
      scene.delegates = Effect.all([Step.on(van, aside, "lane", 1), Step.do(careful, "lane", 2)])
      const root = yield* (yield* Cars.client)(1).parentLater()
      yield* Effect.provide(performIdle, Vans.layer)
      assert.isTrue(yield* root.cancel())
      yield* Effect.provide(performSteppedActions(), Vans.layer)
      assert.sameMembers(seen.splice(0), ["1", "before 2", "1 cancelled", "102 cancelled"])
      scene.aside = Effect.void
      assert.strictEqual((yield* (yield* ActionRepo).retry(root.id))._tag, "Retried")
      yield* Effect.provide(performSteppedActions(), Vans.layer)
      assert.deepStrictEqual(seen, ["before 2", "102"])
    }))

  test("2.9+, 4.6: those that wait are cancelled with their parent", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      scene.delegates = Effect.all([
        Step.on(van, aside, "lane", 1),
        Step.do(fast, "lane", 2),
        Step.do(careful, "lane", 3)
      ])
      const root = yield* car.parentLater()
      yield* performIdle
      assert.lengthOf(yield* waiting, 2)
      assert.isTrue(yield* root.cancel())
      yield* performIdle
      yield* healthy
      assert.deepStrictEqual([seen, yield* whoWaits], [["before 3", "2 cancelled", "3 cancelled"], []])
      yield* Effect.provide(performSteppedActions(), Vans.layer)
      assert.deepStrictEqual([...yield* inOrder("aside"), ...yield* inOrder("careful")], ["1 cancelled", "3 cancelled"])
      assert.strictEqual((yield* recordOf(root.id)).status, "cancelled")
    }))

  test("2.9+: hundreds of one lane in two queues", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const numbers = Array.from({ length: 300 }, (_, n) => n)
      scene.delegates = Effect.forEach(numbers, (n) =>
        Step.do(n % 7 === 3 ? slow : n % 11 === 0 ? careful : fast, "lane", n))
      yield* car.parentLater()
      yield* performSteppedActions()
      const all = [...yield* recordsOf("slow"), ...yield* recordsOf("fast"), ...yield* recordsOf("careful")]
      const numberOf = (args: unknown) =>
        (args as ReadonlyArray<number>)[1]! % 1000
      assert.lengthOf(all, 300)
      // whoever is superseded is by a younger one
      const byId = new Map(all.map((one) => [one.id, one]))
      for (const { arguments: args, name, supersededBy } of all) {
        if (supersededBy === undefined) continue
        const mine = numberOf(args) - (name === "careful" ? 100 : 0)
        const by = byId.get(supersededBy)!
        assert.isBelow(mine, numberOf(by.arguments) - (by.name === "careful" ? 100 : 0))
      }
    }))

  test("the doctor finds one that waits for nobody, and upkeep lets it go", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const car = (yield* Cars.client)(1)
      scene.delegates = Effect.all([Step.on(van, aside, "lane", 1), Step.do(fast, "lane", 2)])
      const root = yield* car.parentLater()
      yield* performIdle
      const [one] = yield* waiting
      yield* sql`delete from stepped.jobs where elder is null`
      yield* sql`update stepped.slots set status = 4 where child <> ${one!.action}`
      assert.deepStrictEqual(yield* Stepped.doctor, [{
        invariant: 2,
        problem: "waits for an elder sibling that is not on its way",
        subject: one!.action
      }])
      yield* sql`select taken from stepped.recover(now(), '{}', true)`
      yield* performIdle
      assert.deepStrictEqual([seen, (yield* root.status).status], [["2"], "failed"])
    }))
})
