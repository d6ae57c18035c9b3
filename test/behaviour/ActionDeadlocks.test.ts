/** Rules 2.5 a: nobody waits for somebody who waits for them, over any number of lanes and parents. */
import { assert, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { ActionRepo, PerformanceLane, Stepped } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import * as PostgresStore from "../../src/sql/PostgresStore.ts"
import { Storage } from "../../src/store/Storage.ts"
import { type Catalog, Store } from "../../src/store/Store.ts"
import { healthy, server, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { lanes, recordOf, recordsOf, slotsOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { blocked, holding } from "../harness/racing.ts"
import { nothing, stored } from "../harness/stored.ts"
import { Cars, hold, release, type Wants } from "./fixtures/deadlocks.ts"

suite("deadlocks", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Cars.layer.pipe(Layer.provideMerge(engine.layer())))
    )

  for (
    const [depth, wants] of [["child", ["a"]], ["grandchild", ["b", "a"]], ["great-grandchild", [
      "b",
      "c",
      "a"
    ]]] as const
  ) {
    test(`2.5 a: a ${depth} that wants its ancestor's lane is deadlocked, and not stored`, () =>
      Effect.gen(function*() {
        const handle = yield* (yield* Cars.client)(1).takeLater("a", wants as Wants)
        yield* performSteppedActions()
        const held = ["a", ...wants.slice(0, -1)]
        assert.deepStrictEqual(seen, [
          ...held.map((lane) => `take ${lane}`),
          ...[...held].reverse().map((lane) => `failed ${lane}`)
        ])
        assert.deepStrictEqual(yield* statusesOf("take"), held.map(() => "failed"))
        const records = yield* recordsOf("take")
        for (const record of records) {
          assert.deepStrictEqual(yield* stepsOf(record.id), ["begin succeeded", "want failed"])
        }
        assert.deepStrictEqual(yield* slotsOf(records.at(-1)!.id), ["deadlocked"])
        assert.deepStrictEqual(yield* stored, {
          ...nothing,
          actions: held.length,
          steps: 2 * held.length,
          slots: held.length
        })
        const error = yield* Effect.flip(handle.await)
        assert.strictEqual(error._tag, "ActionFailed")
        assert.include(error.message, `take Car/1 › want › `)
        assert.include(error.message, "deadlocked")
      }))
  }

  test("2.5 a: a deadlocked child of several fails the step after its siblings have ended", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const gate = yield* car.holdNow("gate")
      const handle = yield* car.afterLater("a", "gate", "a")
      yield* performIdle
      yield* Stepped.complete(gate.id, hold, Stepped.Outcome.succeeded("gate"))
      yield* performIdle
      yield* release("gate")
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["succeeded", "deadlocked"])
      assert.deepStrictEqual(yield* statusesOf("after"), ["failed"])
      assert.deepStrictEqual(yield* recordsOf("visit"), [])
    }))

  test("2.5 a: two trees that want each other's lane: the one that closes the cycle is deadlocked, the other goes on", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.afterNow("a", "gate 1", "b")
      const second = yield* car.afterNow("b", "gate 2", "a")
      yield* performIdle
      yield* release("gate 1")
      assert.deepStrictEqual(yield* statusesOf("visit"), ["pending"])
      yield* release("gate 2")
      yield* performSteppedActions()
      assert.strictEqual(yield* first.await, "a")
      assert.include((yield* Effect.flip(second.await)).message, "after Car/1 › want › visit Car/1: deadlocked")
      assert.deepStrictEqual(yield* slotsOf(second.id), ["succeeded", "deadlocked"])
      assert.deepStrictEqual(seen, ["visit b", "after a"])
      assert.deepStrictEqual(yield* lanes, [])
    }))

  test("2.5 a: a cycle over five lanes is found when its last edge arises", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const ring = ["a", "b", "c", "d", "e"]
      const handles = yield* Effect.forEach(ring, (lane, i) => car.afterNow(lane, `gate ${lane}`, ring[(i + 1) % 5]!))
      yield* performIdle
      for (const lane of ring) yield* release(`gate ${lane}`)
      yield* performSteppedActions()
      const ends = yield* Effect.forEach(handles, (handle) => Effect.map(handle.status, ({ status }) => status))
      assert.deepStrictEqual(ends, ["succeeded", "succeeded", "succeeded", "succeeded", "failed"])
      assert.deepStrictEqual(seen, [
        "visit e",
        "after d",
        "visit d",
        "after c",
        "visit c",
        "after b",
        "visit b",
        "after a"
      ])
    }))

  test("2.5 a: waiting behind somebody who waits for nobody here is no deadlock", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      // two wait for the same lane, whose holder waits for a third one
      const holder = yield* car.afterNow("b", "gate", "c")
      const waiting = [yield* car.takeLater("a", ["b"]), yield* car.takeLater("d", ["b"])]
      yield* performIdle
      yield* release("gate")
      yield* performSteppedActions()
      assert.strictEqual(yield* holder.await, "b")
      for (const handle of waiting) yield* handle.await
      assert.notInclude(yield* statusesOf("take"), "failed")
    }))

  test("2.5 a: a root waits for nobody, and is never deadlocked", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const holder = yield* car.afterNow("a", "gate", "b")
      const root = yield* car.visitNow("a")
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("visit"), ["pending"])
      yield* release("gate")
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* holder.await, yield* root.await], ["a", "a"])
    }))

  test("2.5 a: joining closes a cycle: who would join an action that waits for it is deadlocked", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const root = yield* car.sharedNow("s", "p")
      const joining = yield* car.wantsSharedNow("p", "s")
      yield* performIdle
      yield* release("gate of s")
      assert.deepStrictEqual(yield* statusesOf("visit"), ["pending"])
      // the same checksum as the one that performs in s: it would join, were that one not waiting for it
      yield* release("gate of p")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* slotsOf(joining.id), ["succeeded", "deadlocked"])
      assert.strictEqual((yield* joining.status).status, "failed")
      assert.strictEqual(yield* root.await, "s")
      assert.strictEqual((yield* recordsOf("shared")).length, 1)
      assert.deepStrictEqual(yield* lanes, [])
    }))

  test("2.5 a: an action that was joined may not want the lanes of those who joined it", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const root = yield* car.sharedNow("s", "p")
      const joining = yield* car.wantsSharedNow("p", "s")
      yield* performIdle
      yield* release("gate of p")
      const [, slot] = yield* Effect.flatMap(ActionRepo, (repo) => repo.slots(joining.id))
      assert.deepStrictEqual([slot!.child, slot!.status], [root.id, undefined])
      yield* release("gate of s")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* slotsOf(root.id), ["succeeded", "deadlocked"])
      assert.strictEqual((yield* root.status).status, "failed")
      assert.include((yield* Effect.flip(joining.await)).message, "visit Car/1: deadlocked")
      assert.deepStrictEqual(yield* lanes, [])
    }))

  test("2.5 a: a newcomer may not want the lanes of those who waited for whom it superseded", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const current = yield* car.holdNow("a")
      const parent = yield* car.takeLater("p", ["a"])
      yield* performIdle
      // it takes the place of the parent's child, and wants the parent's lane
      const newcomer = yield* car.takeNow("a", ["p"])
      assert.strictEqual((yield* recordsOf("take"))[1]!.supersededBy, newcomer.id)
      yield* Stepped.complete(current.id, hold, Stepped.Outcome.succeeded("a"))
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* slotsOf(newcomer.id), ["deadlocked"])
      assert.deepStrictEqual(yield* slotsOf(parent.id), ["failed"])
      assert.deepStrictEqual(yield* lanes, [])
    }))

  test("2.5 a: a deadlocked newcomer supersedes nobody", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const current = yield* car.afterNow("a", "gate", "a")
      const pending = yield* car.visitNow("a")
      yield* performIdle
      yield* release("gate")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* slotsOf(current.id), ["succeeded", "deadlocked"])
      assert.deepStrictEqual(yield* statusesOf("visit"), ["succeeded"])
      assert.strictEqual(yield* pending.await, "a")
    }))
})

// -------------------------------------------------------------------------------------------------------------------
// two edges at once
// -------------------------------------------------------------------------------------------------------------------

/** What a worker knows that can run `visit` alone. */
const visitor: Catalog = {
  queues: ["default"],
  definitions: [{ key: "Car/visit", steps: [{ kind: "unnamed", name: "1" }], flags: 0, prepare: false }]
}

/** The sweep, which has seen a cycle, waits before it locks the one that it has chosen: its id is the session's name meanwhile. */
const gatedBeforeLocking = Effect.acquireRelease(
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* sql.unsafe("alter function stepped.lock_waiting rename to lock_waiting_now")
    yield* sql.unsafe(`create function stepped.lock_waiting(p_id uuid) returns boolean language plpgsql as $$
      begin
        perform set_config('application_name', p_id::text, true), pg_advisory_xact_lock_shared(4711);
        return stepped.lock_waiting_now(p_id);
      end $$`)
    return sql
  }),
  (sql) =>
    Effect.orDie(Effect.andThen(
      sql.unsafe("drop function stepped.lock_waiting"),
      sql.unsafe("alter function stepped.lock_waiting_now rename to lock_waiting")
    ))
)

/** Closes rings of lanes: one transaction for each child, all of them open at the same time. */
const closeAtOnce = (ring: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const car = (yield* Cars.client)(1)
    const handles = yield* Effect.forEach(ring, (lane, i) =>
      car.afterNow(lane, `gate ${lane}`, ring[(i + 1) % ring.length]!))
    yield* performIdle
    for (const lane of ring) {
      const open = (yield* recordsOf("hold")).find((action) =>
        action.lane === `gate ${lane}`
      )
      yield* Stepped.complete(open!.id, hold, Stepped.Outcome.succeeded(lane))
    }
    // the parents go on and enqueue their children, which nobody has claimed yet
    yield* performDue
    assert.deepStrictEqual(yield* recordsOf("visit"), [])
    assert.strictEqual((yield* stored).jobs, ring.length)

    const store = yield* Store
    const claimed = yield* Effect.forEach(ring, () => Deferred.make<void>())
    const commit = yield* Deferred.make<void>()
    const workers = yield* Effect.forEach(ring, (_, i) =>
      Effect.gen(function*() {
        const token = yield* store.register(`worker ${i}`, Duration.minutes(1))
        const fiber = yield* Effect.forkChild(store.withTransaction(Effect.gen(function*() {
          const options = { token, now: 0, room: 1, catalog: visitor, prepared: [], only: null }
          const { news, taken, work } = yield* store.claim(options)
          assert.deepStrictEqual([work, news, taken.count], [[], [], 1])
          yield* Deferred.succeed(claimed[i]!, undefined)
          yield* Deferred.await(commit)
        })))
        yield* Deferred.await(claimed[i]!)
        return { token, fiber }
      }))
    yield* Deferred.succeed(commit, undefined)
    for (const worker of workers) yield* Fiber.join(worker.fiber)
    for (const worker of workers) yield* store.unregister(worker.token, 0)
    return handles
  })

const raceLayer = Cars.layer.pipe(
  Layer.provideMerge(PostgresStore.layer),
  Layer.provideMerge(Storage.layer({ schema: "stepped", deadline: Duration.seconds(20), embedded: false })),
  // the doctor looks at each of thousands that wait, which takes its time beside other work
  Layer.provideMerge(server.layer({ statementTimeout: "3 minutes" }))
)

for (const ring of [["a", "b"], ["a", "b", "c"]]) {
  it.effect(`2.5 a: the sweep finds a cycle whose ${ring.length} edges arise at once, and ends one of its pending actions`, () =>
    Effect.gen(function*() {
      const handles = yield* closeAtOnce(ring)
      // nobody saw the others: this is what the sweep is there for
      assert.deepStrictEqual(yield* statusesOf("visit"), ring.map(() => "pending"))
      assert.include((yield* Stepped.doctor).map((finding) => finding.problem), "is in a cycle of waiting")
      yield* performSteppedActions()
      yield* healthy
      assert.sameMembers([...yield* statusesOf("visit")], ["deadlocked", ...ring.slice(1).map(() => "succeeded")])
      const ends = yield* Effect.forEach(handles, (handle) => Effect.map(handle.status, ({ status }) => status))
      assert.sameMembers([...ends], ["failed", ...ring.slice(1).map(() => "succeeded")])
      const failed = handles[ends.indexOf("failed" as never)]!
      assert.deepStrictEqual(yield* slotsOf(failed.id), ["succeeded", "deadlocked"])
      assert.deepStrictEqual(yield* stepsOf(failed.id), ["gate succeeded", "want failed"])
      assert.include((yield* Effect.flip(failed.await)).message, "after Car/1 › want › visit Car/1: deadlocked")
      assert.deepStrictEqual(yield* lanes, [])
    }).pipe(Effect.provide(raceLayer)))
}

it.effect("2.5 a: the sweep looks again once it has locked whom it ends: a cycle that has opened meanwhile ends nobody", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const ring = ["a", "b", "c"]
    const handles = yield* closeAtOnce(ring)
    yield* gatedBeforeLocking
    const release = yield* holding(sql`select pg_advisory_xact_lock(4711)`)
    const sweeping = yield* Effect.forkScoped(
      Effect.flatMap(Store, (store) => store.breakDeadlock(0))
    )
    yield* blocked(1)
    const [waiting] = yield* sql<{ id: string }>`select application_name as id from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`
    // two further on, so that the one that was found still waits behind somebody
    const { lane } = yield* recordOf(waiting!.id)
    yield* handles[(ring.indexOf(lane!) + 1) % 3]!.cancel()
    yield* release
    assert.strictEqual(yield* Fiber.join(sweeping), undefined)
    yield* performSteppedActions()
    const ends = yield* Effect.forEach(handles, (handle) => Effect.map(handle.status, ({ status }) => status))
    assert.sameMembers([...ends], ["cancelled", "succeeded", "succeeded"])
    yield* healthy
  }).pipe(Effect.scoped, Effect.provide(raceLayer)))

it.effect("2.5 a: the handle of an action that the sweep ends says that it was deadlocked", () =>
  Effect.gen(function*() {
    yield* closeAtOnce(["a", "b"])
    // roots take the places of both children, and with them what waits for those
    const car = (yield* Cars.client)(1)
    const roots = [yield* car.visitLater("a"), yield* car.visitLater("b")]
    const store = yield* Store
    const token = yield* store.register("a worker without a sweep", Duration.minutes(1))
    yield* store.claim({ token, now: 0, room: 10, catalog: visitor, prepared: [], only: null })
    yield* store.unregister(token, 0)
    assert.deepStrictEqual(yield* statusesOf("visit"), ["superseded", "superseded", "pending", "pending"])
    yield* performSteppedActions()
    const ends = yield* Effect.forEach(roots, (root) => Effect.map(root.status, ({ status }) => status))
    assert.sameMembers([...ends], ["deadlocked", "succeeded"])
    const ended = roots[ends.indexOf("deadlocked")]!
    assert.deepInclude(yield* Effect.flip(ended.await), { _tag: "Deadlocked", action: "visit", actionId: ended.id })
    yield* healthy
  }).pipe(Effect.provide(raceLayer)))

it.effect("2.5 a: the sweep finds a cycle among any number of actions that wait", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const handles = yield* closeAtOnce(["a", "b"])
    // older than the cycle: lanes with one action performing outside and one pending, for which a parent waits
    yield* sql.unsafe(`insert into stepped.live_actions
        (id, definition, actor_id, queue, arguments, lane, seat, status, checksum_key, depth, rooted, flags, phase, step, enqueued_at)
      select ('00000000-0000-7000-800' || k || '-' || lpad(i::text, 12, '0'))::uuid, 'Car/hold', '1', 'default', '["x"]',
        case when k = 2 then 'parent ' else 'busy ' end || i, case when k = 1 then -1 else 0 end,
        case when k = 1 then 0 else 1 end, '-', 0, k <> 1,
        16, case when k = 2 then 1 else 2 end, 0, now()
      from generate_series(1, 1500) i, generate_series(0, 2) k`)
    yield* sql.unsafe(`insert into stepped.steps (action, idx, kind, name, status, started_at)
      select ('00000000-0000-7000-8002-' || lpad(i::text, 12, '0'))::uuid, 0, 1, '1', 1, now() from generate_series(1, 1500) i`)
    yield* sql.unsafe(`insert into stepped.slots (action, step, slot, child, definition, actor_id)
      select ('00000000-0000-7000-8002-' || lpad(i::text, 12, '0'))::uuid, 0, 0,
        ('00000000-0000-7000-8001-' || lpad(i::text, 12, '0'))::uuid, 'Car/hold', '1' from generate_series(1, 1500) i`)
    const statuses = Effect.forEach(handles, (handle) => Effect.map(handle.status, ({ status }) => status))
    for (let sweep = 0; sweep < 30 && (yield* statuses).includes("performing"); sweep++) yield* performDue
    assert.sameMembers([...yield* statuses], ["failed", "succeeded"])
    yield* healthy
  }).pipe(Effect.provide(raceLayer)))

it.effect("2.5 a: the sweep leaves those alone who wait for each other's lanes without a cycle", () =>
  Effect.gen(function*() {
    const car = (yield* Cars.client)(1)
    yield* car.holdNow("z")
    const chain = yield* Effect.forEach(
      [["a", "z"], ["b", "a"], ["c", "b"]] as const,
      ([lane, want]) => car.takeLater(lane, [want]).pipe(Effect.tap(() => performIdle))
    )
    yield* performIdle
    const lane = yield* Effect.flatMap(PerformanceLane, (service) => service.list({ limit: 10 }))
    assert.strictEqual(lane.length, 4)
    yield* release("z")
    yield* performSteppedActions()
    for (const handle of chain) yield* handle.await
    assert.strictEqual((yield* recordOf(chain[0]!.id)).status, "succeeded")
    yield* healthy
  }).pipe(Effect.provide(raceLayer)))
