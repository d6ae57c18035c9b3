/** What may be deleted of the history: what nobody reads any more, whatever else is live (rules 2.5 c, 2.6, 4.7). */
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, Step, Stepped, UnknownAction } from "stepped"
import { healthy, suite } from "../harness/databases.ts"
import { slotsOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { nothing, stored } from "../harness/stored.ts"
import { until } from "../harness/workers.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

const honk = Stepped.action("honk", { success: Schema.Int }).step("honk", () => Effect.succeed(7))
const depot = { concurrencyKey: () => "depot" } as const
/** Performs in the depot until it is told to end, and so keeps others waiting. */
const hold = Stepped.action("hold", { ...depot, arguments: [Schema.String], success: Schema.String, outbound: true })
  .step("hold", () => Effect.void)
const text = Stepped.action("text", {
  ...depot,
  arguments: [Schema.String],
  success: Schema.String,
  checksum: (name) => name === "same" ? name : null,
  checksumKey: () => "text"
}).step("write", (name) => Effect.succeed(`text of ${name}`))
const sleeping = Stepped.action("sleeping", { arguments: [Schema.Int], success: Schema.Int })
  .step("ask", (on) => Step.on(Car.ref(on), honk))
  .step("sleep", () => Step.wait("365 days"))
  .step("tell", (_on, { ask }) => Effect.succeed(ask[0]!))
const asking = Stepped.action("asking", { arguments: [Schema.String], success: Schema.String })
  .step("ask", (name) => Step.do(text, name))
const askingAndSleeping = Stepped.action("askingAndSleeping", { arguments: [Schema.String], success: Schema.String })
  .step("ask", (name) => Step.do(text, name))
  .step("sleep", () => Step.wait("365 days"))
  .step("tell", (_name, { ask }) => Effect.succeed(ask))
const Cars = Stepped.actions(Car, [honk, hold, text, sleeping, asking, askingAndSleeping])

const release = (id: string, result = "held") => Stepped.complete(id, hold, Stepped.Outcome.succeeded(result))
const isThere = (id: string) => Effect.map(Effect.flatMap(ActionRepo, (repo) => repo.find(id)), Option.isSome)

/** Deletes what ended until now, looking at so many at a time; gives how many. */
const deleteAll = (limit = 1000) =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    yield* TestClock.adjust("1 second")
    const before = new Date(yield* Effect.clockWith((clock) => clock.currentTimeMillis))
    let all = 0
    let from: string | undefined
    do {
      const { deleted, next } = yield* repo.deleteEnded({ before, limit, from })
      all += deleted
      from = next
    } while (from !== undefined)
    return all
  })

suite("history", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>,
    options: Stepped.EngineOptions = {}
  ) =>
    it.effect(name, () =>
      Effect.provide(
        Effect.andThen(scenario(), healthy),
        Cars.layer.pipe(Layer.provideMerge(engine.layer({ ...options, pollInterval: "20 millis" })))
      ))

  test("4.7: an action that waits for a year keeps its children's results, and nobody else's history", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const before = yield* cars(1).honkLater()
      yield* performIdle
      const year = yield* cars(2).sleepingLater(3)
      yield* performIdle
      const [slot] = yield* Effect.flatMap(ActionRepo, (repo) => repo.slots(year.id))
      const child = slot!.child!
      for (let month = 0; month < 3; month++) {
        yield* TestClock.adjust("30 days")
        const others = [yield* cars(4).honkLater(), yield* cars(5).textLater("other")]
        yield* performIdle
        assert.strictEqual(yield* deleteAll(), month === 0 ? 3 : 2)
        for (const other of [before, ...others]) assert.isFalse(yield* isThere(other.id))
        assert.isTrue(yield* isThere(child))
      }
      assert.deepStrictEqual(yield* stored, { ...nothing, actions: 2, steps: 2, slots: 2 })
      yield* TestClock.adjust("365 days")
      yield* performIdle
      assert.strictEqual(yield* year.await, 7)
      assert.strictEqual(yield* deleteAll(), 2)
      assert.deepStrictEqual(yield* stored, nothing)
    }))

  test("4.7: what another parent's child has joined is kept for that parent", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const holding = yield* cars(1).holdLater("on")
      yield* performIdle
      const first = yield* cars(2).askingLater("same")
      yield* performIdle
      const second = yield* cars(3).askingAndSleepingLater("same")
      yield* performIdle
      yield* release(holding.id)
      yield* performIdle
      assert.strictEqual(yield* first.await, "text of same")
      const [slot] = yield* Effect.flatMap(ActionRepo, (repo) => repo.slots(second.id))
      assert.deepStrictEqual(yield* slotsOf(second.id), ["succeeded", "open"])
      yield* TestClock.adjust("30 days")
      assert.strictEqual(yield* deleteAll(), 2)
      assert.isFalse(yield* isThere(first.id))
      assert.isTrue(yield* isThere(slot!.child!))
      yield* TestClock.adjust("365 days")
      yield* performIdle
      assert.strictEqual(yield* second.await, "text of same")
      assert.strictEqual(yield* deleteAll(), 2)
    }))

  test("4.7: what has superseded a child is kept for the child's parent, and the child as long as its successor", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const holding = yield* cars(1).holdLater("on")
      yield* performIdle
      const parent = yield* cars(2).askingAndSleepingLater("old")
      yield* performIdle
      const newcomer = yield* cars(3).textLater("new")
      yield* performIdle
      yield* release(holding.id)
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("text"), ["superseded", "succeeded"])
      yield* TestClock.adjust("30 days")
      assert.strictEqual(yield* deleteAll(), 1)
      assert.isTrue(yield* isThere(newcomer.id))
      assert.deepStrictEqual(yield* statusesOf("text"), ["superseded", "succeeded"])
      yield* TestClock.adjust("365 days")
      yield* performIdle
      assert.strictEqual(yield* parent.await, "text of new")
      assert.strictEqual(yield* deleteAll(), 3)
      assert.deepStrictEqual(yield* stepsOf(parent.id), [])
    }))

  test("2.5c, 2.6, 4.7: handles follow a chain of successors as long as its last one is there, also those who have joined", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const holding = yield* cars(1).holdLater("on")
      yield* performIdle
      const first = yield* cars(2).textLater("same")
      yield* performIdle
      const joined = yield* cars(3).textLater("same")
      yield* performIdle
      assert.strictEqual((yield* joined.status).status, "joined")
      yield* TestClock.adjust("1 day")
      const second = yield* cars(4).textLater("second")
      yield* performIdle
      yield* TestClock.adjust("30 days")
      const third = yield* cars(5).textLater("third")
      yield* performIdle
      yield* TestClock.adjust("365 days")
      const clearing = Effect.flatMap(ActionRepo, (repo) => repo.deleteOutcomes({ before: new Date(400 * 86_400_000) }))
      assert.strictEqual(yield* clearing, 0)
      assert.strictEqual(yield* deleteAll(), 0)
      assert.deepStrictEqual(yield* Effect.map(joined.status, ({ successor }) => successor), third.id)
      assert.deepStrictEqual(yield* Effect.map(first.status, ({ status, successor }) => [status, successor]), [
        "superseded",
        third.id
      ])
      const waiting = yield* Effect.forkChild(Effect.all([first, second, third, joined].map((handle) => handle.await)))
      yield* release(holding.id)
      yield* performIdle
      assert.deepStrictEqual(yield* Fiber.join(waiting), Array.from({ length: 4 }, () => "text of third"))
      // the answer is kept yet: what it follows is too, and who was superseded by that
      assert.strictEqual(yield* deleteAll(), 1)
      assert.strictEqual(yield* joined.await, "text of third")
      assert.strictEqual(yield* first.await, "text of third")
      assert.strictEqual(yield* clearing, 1)
      assert.strictEqual(yield* deleteAll(), 3)
      for (const handle of [first, second, third, joined]) {
        assert.instanceOf(yield* Effect.flip(handle.await), UnknownAction)
        assert.instanceOf(yield* Effect.flip(handle.status), UnknownAction)
      }
    }))

  test("4.7: what was superseded in one lane goes with the last of them, however few are looked at in a call", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      for (const limit of [1000, 7, 1]) {
        const holding = yield* cars(1).holdLater("on")
        yield* performIdle
        for (let n = 0; n < 20; n++) {
          yield* cars(n + 2).textLater(`text ${n}`)
          yield* performIdle
        }
        assert.strictEqual(yield* deleteAll(limit), 0)
        yield* release(holding.id)
        yield* performIdle
        assert.strictEqual(yield* deleteAll(limit), 21)
      }
      assert.deepStrictEqual(yield* Effect.map(stored, ({ actions }) => actions), 0)
    }))

  test("4.7: what ended later than a time stays, however long ago it was enqueued, and others go beside it", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const repo = yield* ActionRepo
      const long = yield* cars(1).holdLater("long")
      yield* performIdle
      yield* TestClock.adjust("1 day")
      yield* cars(2).honkLater()
      yield* performIdle
      yield* TestClock.adjust("10 days")
      yield* release(long.id)
      const before = new Date(10 * 86_400_000)
      assert.deepStrictEqual(yield* repo.deleteEnded({ before }), { deleted: 1, next: undefined })
      assert.strictEqual(yield* long.await, "held")
      assert.strictEqual(yield* deleteAll(), 1)
      // a time that no id can have
      for (const time of [-1, 4e14, 8.64e15]) {
        assert.deepStrictEqual(yield* repo.deleteEnded({ before: new Date(time) }), { deleted: 0, next: undefined })
      }
    }))

  test("4.7: what is kept elsewhere before it is deleted is a thousand actions in a call, if nothing is said", () =>
    Effect.gen(function*() {
      const { id } = yield* (yield* Cars.client)(1).honkNow()
      const sql = yield* SqlClient.SqlClient
      yield* sql`insert into stepped.ended_actions
        select r.* from stepped.ended_actions e cross join generate_series(1, 1000) n
        cross join lateral jsonb_populate_record(
          e, jsonb_build_object('id', '00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))) r
        where e.id = ${id}::uuid`
      const repo = yield* ActionRepo
      const kept: Array<number> = []
      const keep = (actions: ReadonlyArray<string>) => Effect.sync(() => kept.push(actions.length))
      const before = new Date(60_000)
      const { next } = yield* repo.deleteEnded({ before, export: keep })
      yield* repo.deleteEnded({ before, export: keep, from: next })
      assert.deepStrictEqual(kept, [1000, 1])
      assert.deepStrictEqual(yield* repo.list(), [])
    }))

  test("4.7: keys, signals and memos of what is deleted go with it, and those of others stay", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const sql = yield* SqlClient.SqlClient
      const over = yield* cars(1).honkLater()
      const year = yield* cars(2).sleepingLater(3)
      yield* performIdle
      for (const [n, { id }] of [over, year].entries()) {
        yield* sql`insert into stepped.action_keys (definition, actor_id, kind, key, action, created_at, free_at)
          values ('Car/honk', ${n}, 1, 'asked', ${id}, now(), null), ('Car/honk', ${n}, 2, 'held', ${id}, now(), 'infinity')`
        yield* sql`insert into stepped.signals (action, name, target, payload, sent_at, step, slot)
          values (${id}, 'approval', ${id}, '{"by": 7}', now(), 0, 0),
            (${id}, 'approval', ${id}, '{"by": 8}', now(), null, null)`
        yield* sql`insert into stepped.memos (action, step, step_kind, step_name, name, result, ended_at)
          values (${id}, 0, 0, 'honk', 'bill', '42', now())`
      }
      assert.strictEqual((yield* stored).beside, 10)
      assert.strictEqual(yield* deleteAll(), 1)
      assert.deepStrictEqual(
        yield* sql`select kind, action from stepped.action_keys order by actor_id, kind`,
        [{ kind: 2, action: over.id }, { kind: 1, action: year.id }, { kind: 2, action: year.id }]
      )
      for (const table of ["signals", "memos"]) {
        assert.deepStrictEqual(yield* sql`select distinct action from stepped.${sql.literal(table)}`, [{
          action: year.id
        }])
      }
      yield* TestClock.adjust("365 days")
      yield* performIdle
      assert.strictEqual(yield* deleteAll(), 2)
      yield* sql`delete from stepped.action_keys where free_at is not null`
      assert.deepStrictEqual(yield* stored, nothing)
    }))

  test("4.7: an id of what is deleted names nothing: nothing is completed or cancelled by it", () =>
    Effect.gen(function*() {
      const holding = yield* (yield* Cars.client)(1).holdLater("on")
      yield* performIdle
      yield* release(holding.id)
      yield* performIdle
      assert.strictEqual(yield* deleteAll(), 1)
      assert.instanceOf(yield* Effect.flip(release(holding.id)), UnknownAction)
      assert.instanceOf(yield* Effect.flip(holding.cancel()), UnknownAction)
    }))

  test("4.7: a worker deletes what is older than what is kept", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const old = yield* cars(1).honkLater()
      yield* performIdle
      yield* TestClock.adjust("6 days")
      const young = yield* cars(2).honkLater()
      yield* performIdle
      const working = Layer.build(Stepped.worker())
      yield* Effect.scoped(Effect.gen(function*() {
        yield* working
        for (let look = 0; look < 200; look++) assert.isTrue(yield* isThere(old.id))
      }))
      yield* TestClock.adjust("2 days")
      yield* Effect.scoped(Effect.andThen(
        working,
        until("it is deleted", Effect.map(isThere(old.id), (isThere) => !isThere))
      ))
      assert.isTrue(yield* isThere(young.id))
    }), { historyRetention: "7 days" })
})
