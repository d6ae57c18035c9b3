/** When a worker looks for what time has brought: at each due time that it knows of, however rarely it polls. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { ActionRepo, Schedules, Step, Stepped, TimedOut } from "stepped"
import { embedded, healthy, server } from "../../harness/databases.ts"
import { layerIntercepted } from "../../harness/intercepting.ts"
import { statusesOf } from "../../harness/observing.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const rest = Stepped.action("rest", { arguments: [Schema.Int] }).step((millis) => Step.wait(millis))
// each never ends by itself
const work = Stepped.action("work", { timeout: "300 millis" }).step(() => Effect.never)
const ask = Stepped.action("ask", { outbound: true, timeout: "300 millis" }).step(() => Effect.void)
const take = Stepped.action("take", { timeout: "300 millis", concurrencyKey: () => "road" }).step(() => Effect.never)
const tow = Stepped.action("tow", { timeout: "300 millis", job: () => Effect.void })
const Cars = Stepped.actions(Car, [rest, work, ask, take, tow])

// neither polling nor upkeep comes to the rescue here: what the timers forget is not ended within a test
const Engine = Stepped.worker().pipe(
  Layer.provide(Cars.layer),
  Layer.provideMerge(embedded.layer({ pollInterval: "1 hour", lease: "1 hour" }))
)

/** Somebody has one of its schedules locked all the time: nobody fires it, and it stays due. */
const Locked = Stepped.worker({ connections: 2 }).pipe(
  Layer.provide(Cars.layer),
  Layer.provideMerge(layerIntercepted((store) => ({
    dueSchedules: (...given) =>
      Effect.map(store.dueSchedules(...given), (due) => due.filter(({ name }) => name !== "locked"))
  }), { pollInterval: Duration.hours(1), lease: Duration.hours(1) })),
  // an engine of its own, beside the one around it
  Layer.fresh,
  Layer.provideMerge(server.layer())
)

describe("a worker's timers", () => {
  it.live("end each wait when it is due, also those that become due one after another", () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      // of each two, the second becomes due after the first has been seen to
      yield* Effect.forEach([400, 40, 130, 300], (millis, i) => client(i).rest(millis), { concurrency: "unbounded" })
      assert.deepStrictEqual(yield* statusesOf("rest"), ["succeeded", "succeeded", "succeeded", "succeeded"])
      yield* healthy
    }).pipe(Effect.provide(Engine)))

  it.live(
    "7.1: end what has started when its time is over, however long it is until the next look",
    () =>
      Effect.gen(function*() {
        const client = yield* Cars.client
        // the second in its lane starts when the first has timed out
        const asked = [
          client(1).work(),
          client(1).ask(),
          client(1).tow(),
          client(1).take(),
          client(2).take(),
          Effect.flatMap(client(2).askNow(), (handle) => handle.await)
        ]
        const errors = yield* Effect.forEach(asked, Effect.flip, { concurrency: "unbounded" })
        for (const error of errors) assert.instanceOf(error, TimedOut)
        const records = yield* Effect.flatMap(ActionRepo, (repo) => repo.list({ limit: 100 }))
        assert.lengthOf(records, 6)
        for (const { endedAt, startedAt } of records) {
          assert.isAtLeast(endedAt!.getTime() - startedAt!.getTime(), 300)
        }
        yield* healthy
      }).pipe(Effect.provide(Engine))
  )

  it.live("20.5: know when the next schedule fires behind one that stays due, and when a wait ends", () =>
    Effect.gen(function*() {
      const schedules = yield* Schedules
      const sql = yield* SqlClient.SqlClient
      const client = yield* Cars.client
      const once = (millis: number) => ({
        at: new Date(Date.now() + millis),
        actions: Cars,
        actor: 1,
        action: rest,
        args: [0] as const
      })
      // a row that is put is known by its time: both at one moment, and the first one stays due
      yield* sql.withTransaction(Effect.andThen(
        schedules.put("locked", once(300)),
        schedules.put("other", once(900))
      ))
      const fired = (name: string) => Effect.map(schedules.history(name), ({ length }) => length)
      yield* client(2).rest(600)
      while ((yield* fired("other")) === 0) yield* Effect.sleep("20 millis")
      assert.strictEqual(yield* fired("locked"), 0)
    }).pipe(Effect.provide(Locked)))
})
