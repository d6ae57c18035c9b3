/** Two that take jobs at the same time: neither waits for what the other one is just taking. */
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Stepped } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import * as PostgresStore from "../../src/sql/PostgresStore.ts"
import { Storage } from "../../src/store/Storage.ts"
import { type Catalog, Store } from "../../src/store/Store.ts"
import { healthy, server } from "../harness/databases.ts"
import { statusesOf } from "../harness/observing.ts"
import { blocked, holding } from "../harness/racing.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
let isReady = true
const honk = Stepped.action("honk").step(() => Effect.suspend(() => isReady ? Effect.void : Effect.die("not yet")))
const Cars = Stepped.actions(Car, [honk])

for (const due of ["at once", "later"] as const) {
  it.effect(`jobs that are due ${due} are passed by while somebody else takes them`, () =>
    Effect.scoped(Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const client = yield* Cars.client
      isReady = due === "at once"
      const handles = yield* Effect.forEach([1, 2], (id) => client(id).honkLater())
      if (due === "later") {
        yield* performDue
        isReady = true
        yield* TestClock.adjust("1 hour")
      }
      const [taken, free] = handles.map(({ status }) => Effect.map(status, ({ status }) => status))
      const release = yield* holding(sql`select 1 from stepped.jobs where action = ${handles[0]!.id} for update`)
      const performing = yield* Effect.forkScoped(performDue)
      yield* Effect.raceFirst(Fiber.await(performing), blocked(1))
      assert.isDefined(performing.pollUnsafe(), "the claim waits")
      assert.deepStrictEqual([yield* taken!, yield* free!], [due === "later" ? "performing" : "queued", "succeeded"])
      yield* release
      yield* performSteppedActions()
      assert.strictEqual(yield* taken!, "succeeded")
      yield* healthy
    })).pipe(Effect.provide(Layer.provideMerge(Cars.layer, server.layer({ handledDefects: () => false })))))
}

const catalog: Catalog = {
  queues: ["default"],
  definitions: [{ key: "Car/honk", steps: [{ kind: "own", name: "step 1" }], flags: 0, prepare: false }]
}
const layerStore = Layer.provide(
  PostgresStore.layer,
  Storage.layer({ schema: "stepped", deadline: Duration.seconds(20), embedded: false })
)

it.effect("2.5: of two claims that find a lane free at once one performs in it, and the other one waits there", () =>
  Effect.scoped(Effect.gen(function*() {
    const client = yield* Cars.client
    const store = yield* Store
    isReady = true
    // so many that they are not taken one by one
    const ids = [1, 1, ...Array.from({ length: 60 }, (_, i) => i + 2)]
    const [, second, ...elsewhere] = yield* Effect.forEach(ids, (id) => client(id).honkLater())
    const claiming = (name: string, room: number) =>
      Effect.flatMap(
        store.register(name, Duration.minutes(1)),
        (token) => store.claim({ token, now: 0, room, catalog, prepared: [], only: null })
      )
    const release = yield* holding(claiming("first", 1))
    const claimed = yield* Effect.forkScoped(claiming("second", 100))
    yield* blocked(1)
    yield* release
    const { taken, work } = yield* Fiber.join(claimed)
    assert.deepStrictEqual(work.map(({ action }) => action), elsewhere.map(({ id }) => id))
    assert.strictEqual(taken.count, 61)
    assert.strictEqual((yield* second!.status).status, "pending")
    yield* Effect.flatMap(SqlClient.SqlClient, (sql) => sql`delete from stepped.workers`)
    yield* store.recover(0)
    yield* performSteppedActions()
    assert.deepStrictEqual(yield* statusesOf("honk"), ids.map(() => "succeeded"))
    yield* healthy
  })).pipe(Effect.provide(Layer.provideMerge(layerStore, Layer.provideMerge(Cars.layer, server.layer())))))
