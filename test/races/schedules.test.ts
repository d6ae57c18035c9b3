/** Rules 20.5, 20.6 and 20.8 where several fire, declare, pause and change the same schedules at one moment. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Schedules, Stepped } from "stepped"
import * as PostgresStore from "../../src/sql/PostgresStore.ts"
import { operationOf } from "../../src/store/asked.ts"
import type { Fire, NewSchedule } from "../../src/store/Scheduled.ts"
import { Storage } from "../../src/store/Storage.ts"
import { Store } from "../../src/store/Store.ts"
import { startBeside } from "../harness/beside.ts"
import { healthy } from "../harness/databases.ts"
import { blocked, holding } from "../harness/racing.ts"
import { layerServer } from "../harness/Server.ts"
import { allEnded, layerWorkers, until } from "../harness/workers.ts"

class Shop extends Stepped.Actor<Shop>()("Shop", { id: Schema.Int }) {}
const line = Stepped.lane("counter", { whenBusy: "line" })
const counter = Stepped.action("counter", {
  arguments: [Schema.String],
  concurrency: (name) => line(name)
}).step(() => Effect.void)
const Shops = Stepped.actions(Shop, [counter])
const hour = 3_600_000
const of = {
  every: "1 hour",
  actions: Shops,
  actor: 1,
  action: counter,
  catchUp: { max: 1000, window: "400 days" }
} as const

/** How often which slot was enqueued. */
const slots = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.map(
    sql<{ n: number; actions: number }>`select count(*)::int as n,
      (select count(*)::int from stepped.ended_actions where definition = 'Shop/counter') as actions
      from stepped.action_keys where kind = 3`,
    ([row]) => row!
  ))

describe("four workers", () => {
  it.effect("20.5: fire each slot of each schedule once, though one after another starts and stops", () =>
    Effect.scoped(Effect.gen(function*() {
      const schedules = yield* Schedules
      const names = Array.from({ length: 20 }, (_, n) => `schedule ${n}`)
      for (const name of names) yield* schedules.put(name, { ...of, args: [name] })
      const restarting = yield* Effect.forkScoped(Effect.forever(Effect.gen(function*() {
        const { stop } = yield* startBeside({ name: "restarting" })
        yield* Effect.flatMap(SqlClient.SqlClient, (sql) => sql`select pg_sleep(0.05)`)
        yield* stop
      })))
      for (let n = 1; n <= 25; n++) {
        yield* TestClock.adjust("1 hour")
        // now and then more than one slot is due
        if (n % 5 < 3) yield* until(`slots of hour ${n}`, Effect.map(slots, (found) => found.n === n * names.length))
      }
      yield* Fiber.interrupt(restarting)
      yield* until("all are over", Effect.map(slots, ({ actions }) => actions === 25 * names.length))
      yield* allEnded
      for (const name of names) {
        const history = yield* schedules.history(name)
        assert.deepStrictEqual(
          history.map(({ slot }) => slot.getTime() / hour),
          Array.from({ length: 25 }, (_, n) => 25 - n)
        )
      }
      yield* healthy
    })).pipe(Effect.provide(layerWorkers(Shops.layer, { engines: 4 }))))

  it.effect("20.5: what somebody is about to change waits for that, and keeps no other from firing", () =>
    Effect.scoped(Effect.gen(function*() {
      const schedules = yield* Schedules
      for (const name of ["changed", "other"]) yield* schedules.put(name, { ...of, args: [name] })
      const commit = yield* holding(schedules.put("changed", { ...of, args: ["new"] }))
      yield* TestClock.adjust("1 hour")
      yield* until("the other fires", Effect.map(schedules.history("other"), (history) => history.length === 1))
      assert.deepStrictEqual(yield* schedules.history("changed"), [])
      yield* commit
      yield* until("this one, too", Effect.map(schedules.history("changed"), (history) => history.length === 1))
      yield* until("both are over", Effect.map(slots, ({ actions }) => actions === 2))
      const sql = yield* SqlClient.SqlClient
      const given = yield* sql<{ given: string }>`select arguments ->> 0 as given from stepped.ended_actions order by 1`
      assert.deepStrictEqual(given.map((row) => row.given), ["new", "other"])
    })).pipe(Effect.provide(layerWorkers(Shops.layer, { engines: 2 }))))

  it.effect("20.5: however many somebody is about to change, what is due after them fires", () =>
    Effect.scoped(Effect.gen(function*() {
      const schedules = yield* Schedules
      const sql = yield* SqlClient.SqlClient
      yield* schedules.put("many", { ...of, catchUp: "latest", args: ["many"] })
      yield* sql`insert into stepped.schedules (name, spec, definition, actor_id, queue, arguments, catch_up, slot, next_at, source, hash, changed_at)
        select 'many ' || n, spec, definition, actor_id, queue, arguments, catch_up, slot, next_at, source, hash, changed_at
        from stepped.schedules cross join generate_series(1, 450) n`
      yield* schedules.put("after", { ...of, every: undefined, at: new Date(1.5 * hour), args: ["after"] })
      const commit = yield* holding(sql`select 1 from stepped.schedules where name like 'many%' for update`)
      yield* TestClock.adjust("2 hours")
      yield* until("the one after them fires", Effect.map(schedules.history("after"), ({ length }) => length === 1))
      yield* commit
      yield* until("and they, too", Effect.map(slots, ({ n }) => n === 452))
    })).pipe(Effect.provide(layerWorkers(Shops.layer, { engines: 1 }))))

  it.effect("20.7: one that cannot be read, and that somebody is about to change, keeps no other from firing", () =>
    Effect.scoped(Effect.gen(function*() {
      const schedules = yield* Schedules
      const sql = yield* SqlClient.SqlClient
      for (const name of ["broken", "other"]) yield* schedules.put(name, { ...of, args: [name] })
      yield* sql`update stepped.schedules set spec = '{"every": 0}' where name = 'broken'`
      const commit = yield* holding(sql`select 1 from stepped.schedules where name = 'broken' for update`)
      yield* TestClock.adjust("1 hour")
      yield* until("the other fires", Effect.map(schedules.history("other"), ({ length }) => length === 1))
      assert.strictEqual((yield* schedules.find("broken")).trouble, undefined)
      yield* commit
      yield* until("it is marked", Effect.map(schedules.find("broken"), ({ trouble }) => trouble !== undefined))
    })).pipe(Effect.provide(layerWorkers(Shops.layer, { engines: 1 }))))
})

describe("one schedule", () => {
  const given = (name: string, hash: string, more: Partial<NewSchedule> = {}): NewSchedule => ({
    name,
    hash,
    spec: { every: hour },
    zone: null,
    definition: "Shop/counter",
    actorId: "1",
    queue: "default",
    arguments: [hash],
    catchUp: { policy: "latest" },
    jitter: null,
    until: null,
    slot: hour,
    nextAt: hour,
    ...more
  })
  let id = 0
  const fire = (key: string): Fire => ({
    schedule: "often",
    key,
    invocation: {
      queue: "default",
      action: `00000000-0000-7000-8000-${String(id++).padStart(12, "0")}`,
      definition: "Shop/counter",
      actorId: "1",
      arguments: ["often"],
      lane: null,
      checksumKey: null,
      checksum: null,
      timeout: null,
      parent: null,
      parentStep: null,
      depth: 0
    }
  })
  const test = <A, E>(name: string, scenario: (store: Store["Service"]) => Effect.Effect<A, E, SqlClient.SqlClient>) =>
    it.effect(name, () =>
      Effect.flatMap(Store, scenario).pipe(Effect.provide(
        PostgresStore.layer.pipe(
          Layer.provide(Storage.layer({ schema: "stepped", deadline: Duration.seconds(20), embedded: false })),
          Layer.provideMerge(
            layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 12 })
          )
        )
      )))
  const inForce = (store: Store["Service"]) => Effect.map(store.schedules({}, 10), (all) => all.map(({ hash }) => hash))

  test("20.5: of many who have read the same slot one fires it, and who comes late moves nothing", (store) =>
    Effect.gen(function*() {
      yield* store.putSchedule(0, given("often", "one"))
      const move = { name: "often", hash: "one", slot: hour, nextSlot: 2 * hour, nextAt: 2 * hour, last: hour }
      const fired = yield* Effect.forEach(
        Array.from({ length: 20 }, () => [fire("1")]),
        (fires) => store.fireSchedules(hour, [move], fires),
        { concurrency: 10 }
      )
      assert.deepStrictEqual(
        [fired.reduce((sum, { moved }) => sum + moved, 0), fired.flatMap(({ enqueued }) => enqueued).length],
        [1, 1]
      )
      const late = yield* store.fireSchedules(hour, [move], [fire("other")])
      assert.deepStrictEqual(late, { moved: 0, enqueued: [] })
    }))

  test("20.5: what was changed while it was read is not fired as it was", (store) =>
    Effect.gen(function*() {
      yield* store.putSchedule(0, given("often", "one"))
      const move = { name: "often", hash: "one", slot: hour, nextSlot: 2 * hour, nextAt: 2 * hour, last: hour }
      yield* store.putSchedule(0, given("often", "two"))
      assert.deepStrictEqual(yield* store.fireSchedules(hour, [move], [fire("1")]), { moved: 0, enqueued: [] })
      const [due] = yield* store.dueSchedules(hour, { definitions: ["Shop/counter"], hashes: [] }, 10)
      assert.deepStrictEqual([due?.hash, due?.slot], ["two", hour])
    }))

  const why = { reason: "a copy", by: "ada" }
  const paused = (store: Store["Service"]) =>
    Effect.flatMap(
      operationOf(Clock.currentTimeMillis, "Schedules.pauseAll", "schedules", why),
      (operation) => store.pause({ kind: "schedules", subject: "", ...why }, operation)
    )
  const resumed = (store: Store["Service"]) =>
    Effect.flatMap(
      operationOf(Clock.currentTimeMillis, "Schedules.resumeAll", "schedules", why),
      (operation) => store.resumeSchedules(0, operation)
    )

  test("20.8: what was read before all were paused does not fire, in the pause or after it", (store) =>
    Effect.gen(function*() {
      yield* store.putSchedule(0, given("often", "one"))
      const move = { name: "often", hash: "one", slot: hour, nextSlot: 2 * hour, nextAt: 2 * hour, last: hour }
      yield* paused(store)
      assert.deepStrictEqual(yield* store.fireSchedules(hour, [move], [fire("1")]), { moved: 0, enqueued: [] })
      const [due, ...others] = yield* store.overdueSchedules(hour, "", 10)
      assert.deepStrictEqual([due?.name, others], ["often", []])
      assert.strictEqual(yield* store.passSchedules([{ ...move, nextSlot: 3 * hour, nextAt: 3 * hour }]), 1)
      yield* resumed(store)
      assert.deepStrictEqual(yield* store.fireSchedules(hour, [move], [fire("1")]), { moved: 0, enqueued: [] })
    }))

  test("20.8: once somebody has gone on with all of them, nobody has one pass by what it is to fire", (store) =>
    Effect.gen(function*() {
      yield* store.putSchedule(0, given("often", "one"))
      yield* paused(store)
      const move = { name: "often", hash: "one", slot: hour, nextSlot: 2 * hour, nextAt: 2 * hour }
      yield* resumed(store)
      assert.strictEqual(yield* store.passSchedules([move]), 0)
      assert.deepStrictEqual(yield* store.overdueSchedules(hour, "", 10), [])
      assert.isFalse(yield* resumed(store))
    }))

  test("20.8: who has one locked is waited for, so that it does not catch up once all go on", (store) =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* store.putSchedule(0, given("often", "one"))
      yield* paused(store)
      const commit = yield* holding(sql`update stepped.schedules set arguments = '[]' where name = 'often'`)
      const move = { name: "often", hash: "one", slot: hour, nextSlot: 2 * hour, nextAt: 2 * hour }
      const passing = yield* Effect.forkScoped(store.passSchedules([move]))
      yield* blocked(1)
      yield* commit
      assert.strictEqual(yield* Fiber.join(passing), 1)
    }).pipe(Effect.scoped))

  test("20.5: a slot is enqueued once, also where its schedule comes to it a second time", (store) =>
    Effect.gen(function*() {
      yield* store.putSchedule(0, given("often", "one"))
      const there = { name: "often", slot: hour, nextSlot: 2 * hour, nextAt: 2 * hour, last: hour }
      yield* store.fireSchedules(hour, [{ ...there, hash: "one" }], [fire("1")])
      // changed to other times and back, by a clock that is behind
      yield* store.putSchedule(0, given("often", "two", { spec: { every: hour / 2 } }))
      const again = yield* store.fireSchedules(hour, [{ ...there, hash: "two" }], [fire("1")])
      assert.deepStrictEqual(again, { moved: 1, enqueued: [] })
    }))

  test("20.6: of two versions that workers declare the one that was seen first later is in force, whoever comes when", (store) =>
    Effect.gen(function*() {
      const register = store.register("worker", Duration.minutes(1))
      const declare = (token: bigint, hash: string) =>
        Effect.map(store.declareSchedules(token, 0, [given("nightly", hash)]), (became) => became.get("nightly"))
      const [old, next] = [yield* register, yield* register]
      assert.deepStrictEqual([yield* declare(old, "old"), yield* declare(next, "new")], ["created", "changed"])
      // a worker of the old version starts again, in the middle of the deploy
      const restarted = yield* register
      assert.strictEqual(yield* declare(restarted, "old"), "older")
      assert.isFalse(yield* store.undeclaredSchedules([given("nightly", "old")]))
      for (let n = 0; n < 20; n++) {
        yield* Effect.all([declare(old, "old"), declare(next, "new"), declare(restarted, "old")], {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(yield* inForce(store), ["new"])
      }
      // the deploy is taken back: nobody has the new one any more
      yield* store.unregister(next, 0)
      assert.isTrue(yield* store.undeclaredSchedules([given("nightly", "old")]))
      assert.strictEqual(yield* declare(old, "old"), "changed")
      assert.deepStrictEqual((yield* store.schedules({}, 10)).map(({ isServed }) => isServed), [true])
      const again = yield* register
      assert.strictEqual(yield* declare(again, "new"), "changed")
      for (const token of [old, restarted, again]) yield* store.unregister(token, 0)
      assert.deepStrictEqual((yield* store.schedules({}, 10)).map(({ isServed }) => isServed), [false])
    }))

  test("20.6: whose workers were taken for dead for a moment has its version in force again, if it is the later one", (store) =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const register = store.register("worker", Duration.minutes(1))
      const [old, next] = [yield* register, yield* register]
      const declare = (token: bigint, hash: string) =>
        Effect.map(store.declareSchedules(token, 0, [given("nightly", hash)]), (became) => became.get("nightly"))
      const lease = (token: bigint, seconds: number) =>
        sql`update stepped.workers set lease_until = clock_timestamp() + ${seconds}::int * interval '1 second' where token = ${
          String(token)
        }::bigint`
      yield* declare(old, "old")
      yield* declare(next, "new")
      yield* lease(next, -1)
      assert.isTrue(yield* store.undeclaredSchedules([given("nightly", "old")]))
      assert.strictEqual(yield* declare(old, "old"), "changed")
      // it was late, and nobody has taken over
      yield* lease(next, 60)
      assert.isTrue(yield* store.undeclaredSchedules([given("nightly", "new")]))
      assert.strictEqual(yield* declare(next, "new"), "changed")
      assert.isFalse(yield* store.undeclaredSchedules([given("nightly", "old")]))
      assert.deepStrictEqual(yield* inForce(store), ["new"])
    }))

  test("20.6: of the versions that nobody declares any more the last ones stay, and what was seen within a day", (store) =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const register = store.register("worker", Duration.minutes(1))
      const [kept, next] = [yield* register, yield* register]
      const declare = (token: bigint, hash: string) =>
        Effect.map(store.declareSchedules(token, 0, [given("nightly", hash)]), (became) => became.get("nightly"))
      const versions = Effect.map(
        sql<{ hash: string }>`select hash from stepped.schedule_versions order by first_seen, hash`,
        (rows) => rows.map(({ hash }) => hash)
      )
      yield* store.declareSchedules(next, 0, [given("other", "its own")])
      yield* declare(kept, "kept")
      // each start says another time
      const starts = Array.from({ length: 30 }, (_, n) => `start ${n}`)
      for (const hash of starts) yield* declare(next, hash)
      assert.deepStrictEqual(yield* versions, ["its own", "kept", ...starts])
      yield* sql`update stepped.schedule_versions set first_seen = first_seen - interval '25 hours'`
      yield* declare(next, "today")
      assert.deepStrictEqual(yield* versions, ["its own", "kept", ...starts.slice(11), "today"])
      // who starts again has been seen before, and is not the one that was seen first later
      const restarted = yield* register
      assert.strictEqual(yield* declare(restarted, "start 29"), "older")
      assert.deepStrictEqual(yield* inForce(store), ["today", "its own"])
    }))

  test("20.6: who declares beside somebody who has not committed waits for that, and sees what it is", (store) =>
    Effect.scoped(Effect.gen(function*() {
      const [old, next] = [
        yield* store.register("old", Duration.minutes(1)),
        yield* store.register("new", Duration.minutes(1))
      ]
      const declare = (token: bigint, hash: string) => store.declareSchedules(token, 0, [given("nightly", hash)])
      yield* declare(old, "old")
      const commit = yield* holding(declare(next, "new"))
      const beside = yield* Effect.forkScoped(declare(old, "old"))
      yield* blocked(1)
      yield* commit
      assert.strictEqual((yield* Fiber.join(beside)).get("nightly"), "older")
      assert.deepStrictEqual(yield* inForce(store), ["new"])
    })))

  test("20.6: two who put one name at one moment meet: the second changes what the first has put", (store) =>
    Effect.scoped(Effect.gen(function*() {
      const commit = yield* holding(store.putSchedule(0, given("often", "one")))
      const second = yield* Effect.forkScoped(store.putSchedule(0, given("often", "two")))
      yield* blocked(1)
      yield* commit
      assert.strictEqual(yield* Fiber.join(second), "changed")
      assert.deepStrictEqual(yield* inForce(store), ["two"])
    })))
})
