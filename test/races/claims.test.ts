/** Two that take jobs at the same time: neither waits for what the other one is just taking. */
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Stepped } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import { healthy, server } from "../harness/databases.ts"
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
    })).pipe(Effect.provide(Layer.provideMerge(Cars.layer, server.layer({ handle: () => false })))))
}
