/** Rules 9.6 and 10.6: what is started and nobody waits for. */
import { assert, it } from "@effect/vitest"
import { type Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, BodyEnded, type Engine, type Starter, Step, Stepped } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, recordsOf, slotsOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { boom, failing, retriedSettings } from "./fixtures/callbackRetries.ts"
import { Car, Cars, dry, inspect, park, plate, scene, wash } from "./fixtures/starts.ts"

const startedBy = (id: string) =>
  Effect.map(Effect.flatMap(ActionRepo, (repo) => repo.list({ startedBy: id })), (found) => found.toReversed())

suite("what is started", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>,
    options: Stepped.EngineOptions = {},
    live: Layer.Layer<never, never, Engine | SqlClient.SqlClient> = Cars.layer
  ) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), live.pipe(Layer.provideMerge(engine.layer(options))))
    )
  const car = Effect.map(Cars.client, (cars) => cars(1))

  test("9.6: is a root of its own, with a link to its step, for which the step does not wait", () =>
    Effect.gen(function*() {
      let ids: ReadonlyArray<string> = []
      scene.body = Effect.gen(function*() {
        ids = [
          yield* Step.start(inspect, "this"),
          ...yield* Step.startOn([Car.ref(2), null, undefined, Car.ref(3)], inspect, "others"),
          yield* Step.with({ delay: "1 hour", tags: ["later"], priority: 7 }).start(wash, 1)
        ]
      })
      const handle = yield* (yield* car).sellLater()
      yield* performIdle
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["first succeeded", "sign succeeded"])
      assert.deepStrictEqual(yield* slotsOf(handle.id), [])
      assert.strictEqual((yield* recordOf(handle.id)).status, "succeeded")
      const records = yield* Effect.forEach(ids, recordOf)
      assert.deepStrictEqual(
        records.map((one) => [one.name, one.actorId, one.parent, one.depth, one.startedBy, one.startedByStep]),
        [["inspect", "1"], ["inspect", "2"], ["inspect", "3"], ["wash", "1"]].map((
          [name, actor]
        ) => [name, actor, undefined, 0, handle.id, 1])
      )
      assert.deepStrictEqual(records.map(({ status }) => status), ["succeeded", "succeeded", "succeeded", "queued"])
      assert.deepInclude(records[3], { tags: ["later"], priority: 7 })
      assert.deepStrictEqual((yield* startedBy(handle.id)).map(({ id }) => id), ids)
      assert.deepStrictEqual(yield* startedBy("none"), [])
      yield* performSteppedActions()
      assert.deepStrictEqual((yield* recordOf(ids[3]!)).startedBy, handle.id)
      const roots = yield* Effect.flatMap(ActionRepo, (repo) => repo.list({ roots: true, name: "inspect" }))
      assert.strictEqual(roots.length, 3)
      const sql = yield* SqlClient.SqlClient
      assert.deepStrictEqual(
        yield* sql`select distinct started_by, started_by_step from stepped.actions where started_by is not null`,
        [{ started_by: handle.id, started_by_step: 1 }]
      )
    }))

  test("9.6: neither fails nor is cancelled with who has started it, nor the other way round", () =>
    Effect.gen(function*() {
      const client = yield* car
      scene.body = Effect.all([Step.start(inspect, "broken"), Step.start(dry, -1), Step.wait("1 hour")])
      const handle = yield* client.sellLater()
      yield* performIdle
      const [broken, waits] = yield* startedBy(handle.id)
      assert.deepStrictEqual([broken!.status, waits!.status], ["failed", "performing"])
      yield* handle.cancel()
      yield* performIdle
      assert.strictEqual((yield* recordOf(handle.id)).status, "cancelled")
      assert.strictEqual((yield* recordOf(waits!.id)).status, "performing")
      yield* performSteppedActions()
      assert.strictEqual((yield* recordOf(waits!.id)).status, "succeeded")
    }))

  test("9.6: of a body that fails nothing is started, of one that is marked it is", () =>
    Effect.gen(function*() {
      const client = yield* car
      scene.body = Effect.andThen(Step.start(inspect, "never"), Effect.die("no"))
      for (const handle of [yield* client.plainLater(), yield* client.mayLater()]) {
        yield* performIdle
        assert.deepStrictEqual(yield* startedBy(handle.id), [])
      }
      scene.body = Effect.andThen(Step.start(inspect, "marked"), Step.markFailed)
      for (const handle of [yield* client.plainLater(), yield* client.sellLater(), yield* client.mayLater()]) {
        yield* performIdle
        assert.deepStrictEqual((yield* startedBy(handle.id)).map(({ status }) => status), ["succeeded"])
      }
      scene.body = Effect.andThen(Step.start(inspect, "beside"), Effect.andThen(Step.markFailed, Step.do(wash, 1)))
      const waits = yield* client.plainLater()
      yield* performIdle
      assert.deepStrictEqual((yield* startedBy(waits.id)).map(({ status }) => status), ["succeeded"])
    }))

  test("9.6: a body that is tried again has started once", () =>
    Effect.gen(function*() {
      scene.body = Effect.andThen(Step.start(inspect, "once"), Effect.orDie(failing(2)))
      const handle = yield* (yield* car).plainLater()
      yield* performSteppedActions()
      assert.strictEqual((yield* recordOf(handle.id)).status, "succeeded")
      assert.strictEqual((yield* startedBy(handle.id)).length, 1)
    }), retriedSettings)

  test("9.6, 9.1: each attempt of a step starts its own", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* car).triesLater()
      yield* performSteppedActions()
      const started = yield* startedBy(handle.id)
      assert.deepStrictEqual(started.map((one) => [one.arguments, one.startedByStep]), [[[1], 0], [[2], 0], [[3], 0]])
    }))

  test("9.6: a transactional body starts with its SQL, or not at all", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`create table if not exists sold (n int)`
      yield* sql`delete from sold`
      const client = yield* car
      scene.body = Effect.andThen(Step.start(inspect, "sold"), Effect.die("no"))
      const failed = yield* client.paidLater()
      yield* performIdle
      assert.deepStrictEqual(yield* startedBy(failed.id), [])
      scene.body = Step.start(inspect, "sold")
      const sold = yield* client.paidLater()
      yield* performIdle
      assert.deepStrictEqual((yield* startedBy(sold.id)).map(({ status }) => status), ["succeeded"])
      assert.strictEqual((yield* sql`select from sold`).length, 1)
      yield* sql`drop table sold`
    }))

  test("9.6: keeps its link on every way into the history", () =>
    Effect.gen(function*() {
      const client = yield* car
      yield* client.dryLater(-1)
      yield* client.parkLater(0)
      yield* client.plateLater()
      yield* performIdle
      scene.body = Effect.gen(function*() {
        yield* Step.start(wash, 1)
        yield* Step.startOn(Car.ref(1), dry, -1)
        yield* Step.start(dry, -1)
        yield* Step.start(park, 1)
        yield* Step.start(park, 2)
        yield* Step.with({ delay: "1 minute" }).start(wash, 3)
        yield* Step.start(plate)
      })
      const handle = yield* client.plainLater()
      yield* performIdle
      const [, , , , , delayed] = yield* startedBy(handle.id)
      yield* (yield* Stepped.handle(Car.ref(1), wash, delayed!.id)).cancel()
      yield* performSteppedActions()
      assert.deepStrictEqual((yield* startedBy(handle.id)).map(({ name, status }) => `${name} ${status}`), [
        "wash succeeded",
        "dry superseded",
        "dry succeeded",
        "park superseded",
        "park succeeded",
        "wash cancelled"
      ])
      // what is achieved already is stored nowhere
      assert.deepStrictEqual(yield* statusesOf("plate"), ["succeeded"])
    }))

  test("9.6: one older than who waits is superseded as it arrives, and keeps its link", () =>
    Effect.gen(function*() {
      const client = yield* car
      yield* client.parkLater(0)
      yield* client.dryLater(-1)
      yield* performIdle
      yield* client.with({ delay: "2 seconds" }).parkLater(1)
      yield* client.with({ delay: "2 seconds" }).dryLater(-1)
      scene.body = Effect.all([
        Step.with({ delay: "1 second" }).start(park, 2),
        Step.with({ delay: "1 second" }).start(dry, -1)
      ])
      const handle = yield* client.plainLater()
      yield* performIdle
      yield* TestClock.adjust("3 seconds")
      yield* performIdle
      assert.deepStrictEqual((yield* startedBy(handle.id)).map(({ status }) => status), ["superseded", "superseded"])
      yield* performSteppedActions()
    }))

  test("9.6: more than a statement takes are started together", () =>
    Effect.gen(function*() {
      const client = yield* car
      const many = Array.from({ length: 6000 }, (_, n) => n)
      scene.body = Effect.forEach(many, (n) => Step.start(dry, n), { discard: true })
      const handle = yield* client.plainLater()
      yield* performDue
      const count = () =>
        Effect.flatMap(SqlClient.SqlClient, (sql) =>
          sql<{ count: number }>`select count(*)::int as count from stepped.actions where started_by = ${handle.id}`)
      assert.deepStrictEqual(yield* count(), [{ count: 6000 }])
    }))

  test("9.6: more than a step may have of children fails it", () =>
    Effect.gen(function*() {
      scene.body = Effect.forEach([1, 2, 3], (n) => Step.start(dry, n))
      const handle = yield* (yield* car).plainLater()
      yield* performIdle
      assert.include((yield* Effect.flip(handle.await)).message, "One step enqueues 3 children, the limit is 2")
      assert.deepStrictEqual(yield* startedBy(handle.id), [])
    }), { childrenLimit: 2 })

  test("10.6: callbacks start with the transition that stores their end, those that fail do not", () =>
    Effect.gen(function*() {
      scene.callbacks = {
        a: Step.start(inspect, "a"),
        b: Effect.andThen(Step.start(inspect, "b"), Effect.fail("no")),
        c: Step.startOn([Car.ref(2), Car.ref(3)], inspect, "c")
      }
      const handle = yield* (yield* car).sellLater()
      yield* performIdle
      const started = yield* startedBy(handle.id)
      assert.deepStrictEqual(
        started.map(({ actorId, arguments: args, startedByStep }) => [actorId, ...args as [string], startedByStep]),
        [["1", "a", undefined], ["2", "c", undefined], ["3", "c", undefined]]
      )
      const { callbacksFailed, callbacksSucceeded } = yield* recordOf(handle.id)
      assert.deepStrictEqual([callbacksSucceeded, callbacksFailed], [2, 1])
    }))

  test("10.6: what has ended while others are tried again has started, once", () =>
    Effect.gen(function*() {
      scene.callbacks = {
        a: Step.start(inspect, "a"),
        b: Effect.andThen(Step.start(inspect, "b"), failing(2)),
        c: Step.start(inspect, "c")
      }
      const handle = yield* (yield* car).sellLater()
      yield* performIdle
      assert.deepStrictEqual(seen.filter((one) => one.length === 1), ["a", "b", "c"])
      const now = (yield* startedBy(handle.id)).map(({ arguments: args, status }) =>
        `${(args as [string])[0]} ${status}`
      )
      assert.deepStrictEqual(now, ["a succeeded", "c succeeded"])
      assert.strictEqual((yield* recordOf(handle.id)).status, "performing")
      yield* performSteppedActions()
      assert.strictEqual((yield* startedBy(handle.id)).length, 3)
      assert.strictEqual((yield* recordOf(handle.id)).callbacksSucceeded, 3)
    }), retriedSettings)

  test("10.6: one that does not end well in the end has started nothing", () =>
    Effect.gen(function*() {
      scene.callbacks = { a: Effect.andThen(Step.start(inspect, "a"), boom) }
      const handle = yield* (yield* car).sellLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* startedBy(handle.id), [])
      assert.strictEqual((yield* recordOf(handle.id)).callbacksFailed, 1)
    }), { ...retriedSettings, attempts: 2 })

  test(
    "10.6: so do callbacks from another module, and of what was cancelled before it was taken",
    () =>
      Effect.gen(function*() {
        const handle = yield* (yield* car).inspectLater("it")
        yield* handle.cancel()
        yield* performIdle
        assert.deepStrictEqual((yield* startedBy(handle.id)).map(({ name }) => name), ["wash"])
      }),
    {},
    Stepped.after(Cars, inspect, ["cancelled"], () => Step.start(wash, 1)).pipe(Layer.provideMerge(Cars.layer))
  )

  test("10.6: a body that performs another action at once starts what is its own", () =>
    Effect.gen(function*() {
      const client = yield* car
      const inner: Array<string> = []
      scene.callbacks = { a: Step.start(inspect, "inner") }
      scene.body = Effect.suspend(() => {
        scene.body = Effect.void
        return Effect.gen(function*() {
          inner.push((yield* Effect.orDie(client.sellNow())).id)
          yield* Step.start(inspect, "outer")
        })
      })
      const outer = yield* client.plainLater()
      yield* performIdle
      assert.deepStrictEqual((yield* startedBy(outer.id)).map((one) => one.arguments), [["outer"]])
      assert.deepStrictEqual((yield* startedBy(inner[0]!)).map((one) => one.arguments), [["inner"]])
    }))

  test("9.6, 10.6: started after the end, it is said to be refused", () =>
    Effect.gen(function*() {
      const late: Array<Effect.Effect<unknown>> = []
      const keep = (what: Effect.Effect<unknown, never, any>) =>
        Effect.contextWith((context: Context.Context<Starter>) =>
          Effect.sync(() =>
            void late.push(Effect.provideContext(what as Effect.Effect<unknown, never, Starter>, context))
          )
        )
      scene.body = keep(Step.startOn(Car.ref(2), wash, 1))
      scene.callbacks = { a: keep(Step.start(wash, 1)) }
      const handle = yield* (yield* car).sellLater()
      yield* performIdle
      const told = yield* Effect.forEach(late, (one) => Effect.flip(Effect.catchDefect(one, Effect.fail)))
      assert.isTrue(told.every((one) => one instanceof BodyEnded))
      assert.deepStrictEqual(told.map((one) => (one as BodyEnded).message.split(" has ended")[0]), [
        "Step.startOn of wash and Car/2 comes after the body of sell Car/1 › sign",
        "Step.start of wash comes after the body of sell Car/1 › callback Car:succeeded:1"
      ])
      assert.deepStrictEqual(yield* startedBy(handle.id), [])
      assert.deepStrictEqual(yield* recordsOf("wash"), [])
    }))
})
