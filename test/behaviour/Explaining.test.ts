/** Rule 16.2: what would become of an action, for each answer, and that it comes true. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { DateTime, Deferred, Effect, Fiber, Layer } from "effect"
import type { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import {
  ActionFailed,
  type ActionHandle,
  ActionRepo,
  EnqueueError,
  type Explanation,
  IdempotencyConflict,
  JobQueue,
  PerformanceLane,
  Stepped,
  UnknownAction
} from "stepped"
import { performSteppedActions, succeedOutbound } from "stepped/testing"
import * as ActionId from "../../src/engine/ActionId.ts"
import { healthy, suite } from "../harness/databases.ts"
import { cameTrue } from "../harness/explained.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, recordsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { asking, bays, Car, Cars, drive, gate, visit } from "./fixtures/explained.ts"

const why = { reason: "the pump is broken", by: "ada" }

/** Everything that is stored, as it is written. */
const rows = Effect.flatMap(PgClient.PgClient, (sql) =>
  Effect.map(
    sql.unsafe<{ readonly all: string }>(
      `select string_agg(x, E'\\n' order by x) as all from (
        ${
        [
          "jobs",
          "live_actions",
          "ended_actions",
          "steps",
          "slots",
          "achievements",
          "outcomes",
          "named_lanes",
          "seats",
          "action_keys",
          "pauses",
          "abandoned_by",
          "resumed",
          "operations"
        ].map((table) =>
          `select '${table} ' || t.ctid::text || t.xmin::text || to_jsonb(t) as x from stepped.${table} t`
        ).join(
          " union all "
        )
      }) x`
    ),
    ([row]) => row!.all
  ))

suite("explaining", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient | PgClient.PgClient>
  ) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Cars.layer, engine.layer()))
    )

  /** Explains, which changes nothing and runs nothing of the program; then enqueues, performs as far as it goes, and looks. */
  const holds = <E, E2>(
    explaining: Effect.Effect<Explanation, E>,
    enqueueing: Effect.Effect<ActionHandle, E2>
  ): Effect.Effect<
    { readonly said: Explanation; readonly handle: ActionHandle },
    unknown,
    Stepped.Services | PgClient.PgClient
  > =>
    Effect.gen(function*() {
      const before = yield* rows
      const notes = [...seen]
      const said = yield* explaining
      assert.strictEqual(yield* rows, before)
      assert.deepStrictEqual(seen, notes)
      const handle = yield* enqueueing
      yield* performIdle
      yield* cameTrue(said, handle)
      return { said, handle }
    })
  const expects = <Tag extends Explanation["_tag"]>(said: { readonly _tag: string }, tag: Tag) => {
    assert.strictEqual(said._tag, tag)
    return said as Extract<Explanation, { readonly _tag: Tag }>
  }
  const car = Effect.map(Cars.client, (cars) => cars(1))
  const drained = performSteppedActions({
    outbound: (record) =>
      record.name === "visit"
        ? Stepped.complete(record.id, visit, Stepped.Outcome.succeeded(1))
        : succeedOutbound(record)
  })

  test("16.2: Runs, in a free lane; then Waits behind who performs, and its handle says since when", () =>
    Effect.gen(function*() {
      const it = yield* car
      const first = yield* holds(it.explain.drive("a"), it.driveLater("a"))
      assert.deepStrictEqual(first.said, { _tag: "Runs", text: "drive Car/1 begins as soon as a worker takes it" })
      const performs = yield* first.handle.explain
      assert.strictEqual(performs._tag, "Performs")
      yield* TestClock.adjust("5 seconds")
      const second = yield* holds(it.explain.drive("a"), it.driveLater("a"))
      const holder = { id: first.handle.id, action: "drive Car/1", since: new Date(0) }
      const waits = expects(second.said, "Waits")
      assert.deepStrictEqual(waits.places, [{ lane: "a", place: 1, performing: [holder] }])
      assert.strictEqual(waits.text, "drive Car/1 waits: number 1 in the lane a, where drive Car/1 performs")
      const stored = expects(yield* second.handle.explain, "Waits")
      assert.deepStrictEqual([stored.places, stored.since], [waits.places, new Date(5000)])
      assert.deepStrictEqual(yield* Stepped.explain(second.handle.id), stored)
      yield* drained
      assert.deepInclude(yield* first.handle.explain, { _tag: "Ended", status: "succeeded" })
    }))

  test("16.2: Supersedes, with who would wait for it, by inheriting and where waiters are told", () =>
    Effect.gen(function*() {
      const it = yield* car
      for (const which of ["renew", "tell"] as const) {
        yield* which === "renew" ? it.renewLater("first") : it.tellLater("first")
        const parent = yield* it.wantingLater(which)
        yield* performIdle
        const [, wanted] = yield* recordsOf(which)
        const { handle, said } = yield* which === "renew"
          ? holds(it.explain.renew("newer"), it.renewLater("newer"))
          : holds(it.explain.tell("newer"), it.tellLater("newer"))
        const { superseded, then } = expects(said, "Supersedes")
        assert.deepStrictEqual(superseded, [{
          id: wanted!.id,
          action: `${which} Car/1`,
          since: undefined,
          waiters: [{ id: parent.id, action: "wanting Car/1", since: new Date(0) }],
          toldIn: which === "tell" ? "tellingOnly:" : undefined
        }])
        assert.strictEqual(then._tag, "Waits")
        const old = yield* Stepped.explain(wanted!.id)
        const by = expects(old, "Superseded")
        assert.deepStrictEqual([by.by.id, by.toldIn], [handle.id, which === "tell" ? "tellingOnly:" : undefined])
        yield* drained
        seen.length = 0
      }
    }))

  test("16.2: Supersedes in a lane of a key, and in one of several lanes", () =>
    Effect.gen(function*() {
      const it = yield* car
      yield* it.driveLater("a")
      yield* it.driveLater("a")
      yield* performIdle
      expects((yield* holds(it.explain.drive("a"), it.driveLater("a"))).said, "Supersedes")
      yield* it.renewLater("holds")
      yield* it.towLater("north")
      yield* performIdle
      const { then } = expects((yield* holds(it.explain.tow("south"), it.towLater("south"))).said, "Supersedes")
      assert.deepStrictEqual(expects(then, "Waits").places.map(({ lane }) => lane), ["latestOnly:"])
      yield* drained
    }))

  test("16.2: Superseded, of one that was delayed and arrives when a newer one waits", () =>
    Effect.gen(function*() {
      const it = yield* car
      for (const enqueue of [(key: string) => it.driveLater(key), (key: string) => it.renewLater(key)]) {
        yield* enqueue("a")
        yield* performIdle
        const sql = yield* PgClient.PgClient
        const late = yield* enqueue("a")
        // as one that was delayed until then, and due before the next one was enqueued
        yield* sql`update stepped.jobs set delayed_until = ${new Date(-1000)} where action = ${late.id}`
        yield* sql`update stepped.jobs set priority = 1003, due_at = ${new Date(1e12)} where action = ${late.id}`
        const newer = yield* enqueue("a")
        yield* performIdle
        yield* sql`update stepped.jobs set priority = 0, due_at = null where action = ${late.id}`
        const { by } = expects(yield* late.explain, "Superseded")
        assert.strictEqual(by.id, newer.id)
        yield* performIdle
        assert.strictEqual((yield* recordOf(late.id)).supersededBy, newer.id)
        yield* drained
      }
    }))

  test("16.2: Joins who does the same, and what waits newest in a line", () =>
    Effect.gen(function*() {
      const it = yield* car
      const first = yield* it.visitLater("London")
      yield* performIdle
      const { handle, said } = yield* holds(it.explain.visit("London"), it.visitLater("London"))
      assert.strictEqual(expects(said, "Joins").joined.id, first.id)
      assert.strictEqual(expects(yield* handle.explain, "Joins").joined.id, first.id)
      const shared = yield* it.shareLater("x")
      yield* performIdle
      assert.strictEqual(
        expects((yield* holds(it.explain.share("x"), it.shareLater("x"))).said, "Joins").joined.id,
        shared.id
      )
      yield* Stepped.complete(first.id, visit, Stepped.Outcome.succeeded(1))
      yield* drained
    }))

  test("16.2: Achieved, with the result that the definition reads, until that is too old", () =>
    Effect.gen(function*() {
      const it = yield* car
      const first = yield* it.visitLater("London")
      yield* performIdle
      yield* Stepped.complete(first.id, visit, Stepped.Outcome.succeeded(7))
      yield* performIdle
      yield* TestClock.adjust("59 minutes")
      const { said } = yield* holds(it.explain.visit("London"), it.visitLater("London"))
      assert.deepInclude(said, { _tag: "Achieved", result: 7, achievedBy: first.id, achievedAt: new Date(0) })
      expects((yield* holds(it.explain.visit("Paris"), it.visitLater("Paris"))).said, "Runs")
      yield* drained
    }))

  test("16.2: what is achieved does not count when it is too old", () =>
    Effect.gen(function*() {
      const it = yield* car
      const first = yield* it.visitLater("London")
      yield* performIdle
      yield* Stepped.complete(first.id, visit, Stepped.Outcome.succeeded(7))
      yield* performIdle
      yield* TestClock.adjust("61 minutes")
      expects((yield* holds(it.explain.visit("London"), it.visitLater("London"))).said, "Runs")
      yield* drained
    }))

  test("16.2: in a line, the place: Waits in the third one, and a priority goes before others", () =>
    Effect.gen(function*() {
      const it = yield* car
      for (let n = 0; n < 4; n++) yield* it.repairLater("north")
      yield* performIdle
      const { handle, said } = yield* holds(it.explain.repair("north"), it.repairLater("north"))
      const [place] = expects(said, "Waits").places
      assert.deepStrictEqual([place!.lane, place!.place, place!.performing.length], ["stalls:north", 3, 2])
      assert.deepStrictEqual(expects(yield* handle.explain, "Waits").places, [place!])
      const urgent = it.with({ priority: -1 })
      const first = yield* holds(urgent.explain.repair("north"), urgent.repairLater("north"))
      assert.strictEqual(expects(first.said, "Waits").places[0]!.place, 1)
      yield* drained
    }))

  test("16.2: Rejected, by a busy lane and by a full line", () =>
    Effect.gen(function*() {
      const it = yield* car
      yield* it.raiseLater("a")
      yield* it.queueLater("a")
      yield* it.queueLater("b")
      yield* performIdle
      const busy = yield* holds(it.explain.raise("b"), it.raiseLater("b"))
      assert.deepStrictEqual(busy.said, {
        _tag: "Rejected",
        reason: "LaneBusy",
        lane: "oneLift:",
        text: "raise Car/1 is turned away by the busy lane oneLift:"
      })
      const full = yield* holds(it.explain.queue("c"), it.queueLater("c"))
      assert.deepInclude(full.said, { _tag: "Rejected", reason: "LaneFull", lane: "shortStall:" })
      yield* drained
    }))

  test("16.2, 18.1: Rejected, of one that goes on for another and would supersede somebody", () =>
    Effect.gen(function*() {
      const it = yield* car
      const sql = yield* PgClient.PgClient
      for (
        const [lane, enqueue] of [
          ["a", (key: string) => it.driveLater(key)],
          ["latestOnly:", (key: string) => it.renewLater(key)]
        ] as const
      ) {
        const first = yield* enqueue("a")
        yield* performIdle
        yield* first.cancel()
        yield* performIdle
        const verb = yield* (yield* ActionRepo).retry(first.id)
        assert(verb._tag === "Retried")
        // others come before it is taken, by whom it would be superseded if it stood before them in the queue
        yield* sql`update stepped.jobs set priority = 1003, due_at = ${new Date(1e12)} where action = ${verb.id}`
        yield* enqueue("a")
        yield* enqueue("a")
        yield* performIdle
        yield* sql`update stepped.jobs set id = default, priority = 0, due_at = null where action = ${verb.id}`
        assert.deepInclude(yield* Stepped.explain(verb.id), { _tag: "Rejected", reason: "LaneBusy", lane })
        yield* performIdle
        assert.deepInclude(yield* Stepped.explain(verb.id), { _tag: "Ended", status: "cancelled" })
        yield* drained
      }
    }))

  test("16.2: a lane that nobody is in is asked as well: paused, it rejects", () =>
    Effect.gen(function*() {
      const it = yield* car
      yield* holds(it.explain.raise("a"), it.raiseLater("a"))
      yield* drained
      yield* (yield* JobQueue).pause({ queue: "other" }, why)
      expects((yield* holds(it.explain.raise("a"), it.raiseLater("a"))).said, "Runs")
      yield* drained
      yield* (yield* PerformanceLane).pause(bays("north"), why)
      expects((yield* holds(it.explain.repair("north"), it.repairLater("north"))).said, "Paused")
      yield* (yield* PerformanceLane).resume(bays("north"))
      yield* drained
    }))

  test("16.2: Limited by a rate, and Debounced, until when", () =>
    Effect.gen(function*() {
      const it = yield* car
      expects((yield* holds(it.explain.call("a"), it.callLater("a"))).said, "Runs")
      yield* TestClock.adjust("20 seconds")
      const limited = yield* holds(it.explain.call("b"), it.callLater("b"))
      assert.deepInclude(limited.said, { _tag: "Limited", lane: "measuredOnly:", until: new Date(60_000) })
      assert.deepStrictEqual(yield* limited.handle.explain, limited.said)
      const debounced = yield* holds(it.explain.save("a"), it.saveLater("a"))
      assert.deepInclude(debounced.said, { _tag: "Debounced", lane: "calmOnly:", until: new Date(30_000) })
      yield* TestClock.adjust("9 seconds")
      const again = yield* holds(it.explain.save("b"), it.saveLater("b"))
      assert.deepInclude(expects(again.said, "Supersedes").then, { _tag: "Debounced", until: new Date(39_000) })
      yield* TestClock.adjust("9 seconds")
      const last = yield* holds(it.explain.save("c"), it.saveLater("c"))
      // 25 seconds after the first
      assert.deepInclude(expects(last.said, "Supersedes").then, { _tag: "Debounced", until: new Date(45_000) })
      yield* TestClock.adjust("1 hour")
      yield* drained
    }))

  test("16.2: who is cancelled for it, in a lane that cancels who performs", () =>
    Effect.gen(function*() {
      const it = yield* car
      const first = yield* it.hurryLater("a")
      yield* performIdle
      const { said } = yield* holds(it.explain.hurry("b"), it.hurryLater("b"))
      assert.deepStrictEqual(expects(said, "Waits").cancels.map(({ id }) => id), [first.id])
      yield* drained
    }))

  test("16.2: Paused, by everything, a queue, a definition, a lane of a key", () =>
    Effect.gen(function*() {
      const it = yield* car
      const queue = yield* JobQueue
      const lanes = yield* PerformanceLane
      for (const target of ["everything", { queue: "default" }, { actorType: "Car", name: "drive" }] as const) {
        yield* queue.pause(target, why)
        const { handle, said } = yield* holds(it.explain.drive("a"), it.driveLater("a"))
        assert.deepInclude(expects(said, "Paused").pause, why)
        assert.deepStrictEqual(yield* handle.explain, said)
        yield* queue.resume(target)
        yield* drained
      }
      yield* lanes.pause("a", why)
      const { handle, said } = yield* holds(it.explain.drive("a"), it.driveLater("a"))
      assert.match(
        expects(said, "Paused").text,
        /^drive Car\/1 does not begin: the lane a is paused by ada: the pump is broken$/
      )
      assert.deepStrictEqual(yield* handle.explain, said)
      const second = yield* holds(it.explain.drive("a"), it.driveLater("a"))
      assert.strictEqual(expects(second.said, "Supersedes").then._tag, "Paused")
      yield* lanes.resume("a")
      yield* drained
    }))

  test("16.2: Delayed, also where a pause would hold it", () =>
    Effect.gen(function*() {
      const later = (yield* car).with({ delay: "1 hour" })
      yield* (yield* JobQueue).pause("everything", why)
      const { handle, said } = yield* holds(later.explain.drive("a"), later.driveLater("a"))
      assert.deepInclude(said, { _tag: "Delayed", until: new Date(3_600_000) })
      assert.deepStrictEqual(yield* handle.explain, said)
      yield* (yield* JobQueue).resume("everything")
      yield* drained
    }))

  test("16.2: Unwinding, of what holds its lane", () =>
    Effect.gen(function*() {
      const it = yield* car
      const held = yield* it.undoneLater("a")
      yield* performIdle
      yield* held.cancel()
      yield* performIdle
      assert.isTrue((yield* recordOf(held.id)).unwinding)
      const { handle, said } = yield* holds(it.explain.drive("a"), it.driveLater("a"))
      const { unwinding } = expects(said, "Unwinding")
      assert.deepStrictEqual(unwinding.map(({ id }) => id), [held.id])
      assert.deepStrictEqual(expects(yield* handle.explain, "Unwinding").unwinding, unwinding)
      assert.strictEqual((yield* held.explain)._tag, "Unwinding")
      yield* drained
    }))

  test("16.2: Deadlocks, where a parent is given that performs in its lane; a parent that does not perform is unknown", () =>
    Effect.gen(function*() {
      const it = yield* car
      const parent = yield* it.askingLater("own")
      yield* performIdle
      const said = yield* it.explain({ parent: parent.id }).drive("own")
      const { cycle } = expects(said, "Deadlocks")
      assert.deepStrictEqual(cycle, [
        { action: "drive", actor: "Car/1", lane: "own" },
        { action: "asking", actor: "Car/1", step: "ask" }
      ])
      expects(yield* it.explain({ parent: parent.id }).drive("other"), "Runs")
      expects(yield* it.explain.drive("own"), "Waits")
      // in lanes with policies, too, and behind who waits for it in another lane
      const parked = yield* it.parkingLater("spot")
      yield* performIdle
      expects(yield* it.explain({ parent: parked.id }).parking("spot"), "Deadlocks")
      expects(yield* it.explain({ parent: parked.id }).asking("asked"), "Waits")
      expects(yield* it.explain({ parent: parent.id }).asking("asked"), "Waits")
      for (const id of ["no id", "00000000-0000-7000-8000-000000000000"]) {
        assert.instanceOf(yield* Effect.flip(it.explain({ parent: id }).drive("own")), UnknownAction)
      }
      yield* drained
      assert.instanceOf(yield* Effect.flip(it.explain({ parent: parent.id }).drive("own")), UnknownAction)
    }))

  test("16.2: Deadlocks comes true: the child that a step asks for meets the same cycle", () =>
    Effect.gen(function*() {
      const it = yield* car
      const reached = yield* Deferred.make<void>()
      const opened = yield* Deferred.make<void>()
      gate.asked = Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(opened))
      const parent = yield* it.knottedLater("spot")
      const performing = yield* Effect.forkChild(performIdle)
      yield* Deferred.await(reached)
      const { cycle } = expects(yield* it.explain({ parent: parent.id }).parking("spot"), "Deadlocks")
      expects(yield* it.explain({ parent: parent.id }).asking("spot"), "Runs")
      yield* Deferred.succeed(opened, undefined)
      yield* Fiber.join(performing)
      const error = yield* Effect.flip(parent.await)
      assert.instanceOf(error, ActionFailed)
      assert.deepStrictEqual((yield* recordOf(parent.id)).cause?.cycle, cycle)
      assert.deepStrictEqual(cycle.map(({ step }) => step), [undefined, "pull"])
    }))

  test("16.2: Duplicate, by key and id; what was asked for otherwise is a conflict, as when it is enqueued", () =>
    Effect.gen(function*() {
      const it = yield* car
      const named = it.with({ idempotencyKey: "order 7", id: ActionId.make()(0) })
      const first = yield* named.driveLater("a")
      const { said } = yield* holds(named.explain.drive("a"), named.driveLater("a"))
      assert.strictEqual(expects(said, "Duplicate").id, first.id)
      const conflict = yield* Effect.flip(named.explain.drive("b"))
      assert.instanceOf(conflict, EnqueueError)
      assert.deepStrictEqual(conflict, yield* Effect.flip(named.driveLater("b")))
      assert.instanceOf(conflict.reason, IdempotencyConflict)
      yield* drained
      yield* TestClock.adjust("25 hours")
      const keyed = it.with({ idempotencyKey: "order 7" })
      expects((yield* holds(keyed.explain.drive("b"), keyed.driveLater("b"))).said, "Runs")
      yield* drained
    }))

  test("16.2: Undecided, where a worker has to run something first, and what follows as far as it is known", () =>
    Effect.gen(function*() {
      const it = yield* car
      yield* it.driveLater("a")
      yield* performIdle
      for (
        const [explaining, by, then] of [
          [it.explain.prepared("a"), "before", "Waits"],
          [it.explain.prepared("b"), "before", "Runs"],
          [it.explain.summed("a"), "checksum", "Waits"],
          [it.explain.keyed("a"), "key", undefined]
        ] as const
      ) {
        const said = expects(yield* explaining, "Undecided")
        assert.deepStrictEqual([said.by, said.then?._tag], [by, then])
      }
      const handle = yield* it.preparedLater("a")
      const stored = expects(yield* handle.explain, "Undecided")
      assert.deepStrictEqual([stored.by, stored.then?._tag], ["before", "Waits"])
      assert.deepStrictEqual(expects(yield* (yield* it.keyedLater("c")).explain, "Undecided").by, "key")
      assert.deepStrictEqual(seen, ["drive a"])
      yield* drained
    }))

  test("16.2: what cannot be enqueued cannot be explained; an id names what it names, or nothing", () =>
    Effect.gen(function*() {
      const it = yield* car
      const error = yield* Effect.flip(it.explain.drive(7 as never))
      assert.deepStrictEqual(error, yield* Effect.flip(it.driveLater(7 as never)))
      assert.instanceOf(
        yield* Effect.flip(Stepped.explain("00000000-0000-7000-8000-000000000000")),
        UnknownAction
      )
      assert.instanceOf(yield* Effect.flip(Stepped.explain("no id")), UnknownAction)
      const handle = yield* it.driveLater("a")
      const other = yield* Stepped.handle(Car.ref(2), drive, handle.id)
      assert.strictEqual(
        (yield* Effect.flip(other.explain)).message,
        `${handle.id} is drive Car/1, not drive Car/2: use it with the actor and the action that were enqueued`
      )
      // without a client, and with options
      expects(yield* Stepped.explain(Car.ref(1), asking, "b"), "Runs")
      const at = yield* DateTime.now
      expects(
        yield* Stepped.with({ at: DateTime.add(at, { hours: 1 }) }).explain(Car.ref(1), drive, "b"),
        "Delayed"
      )
      yield* drained
    }))

  test("16.2: it is read by who may only read", () =>
    Effect.gen(function*() {
      const it = yield* car
      const sql = yield* PgClient.PgClient
      yield* it.renewLater("a")
      const waits = yield* it.renewLater("b")
      yield* performIdle
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* sql`set transaction read only`
        expects(yield* it.explain.drive("a"), "Runs")
        expects(yield* it.explain.renew("c"), "Supersedes")
        expects(yield* waits.explain, "Waits")
        expects(yield* it.with({ idempotencyKey: "x" }).explain.repair("north"), "Runs")
      }))
      yield* drained
    }))
})
