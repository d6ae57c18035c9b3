/** Rules 18.5 and 10.4: of an actor that is forgotten something may still be to undo. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import type { Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { recordOf, recordsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { go, order, scene, Shop } from "./fixtures/forgetting.ts"

suite("forgetting what may still be undone", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(name, () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Shop, engine.layer())))
  /** It has reserved at the customer, through two others, and waits. */
  const travelling = Effect.gen(function*() {
    const handle = yield* (yield* order).travelLater("c1")
    yield* performIdle
    return { handle, reserved: (yield* recordsOf("reserve"))[0]! }
  })

  test("18.5: what is forgotten nonetheless is not undone: everybody above it is told so, and nobody waits", () =>
    Effect.gen(function*() {
      const { handle, reserved } = yield* travelling
      const sql = yield* SqlClient.SqlClient
      // as by somebody who has come between two of the locks
      yield* sql.withTransaction(Effect.andThen(
        sql`set local search_path to stepped, pg_catalog, pg_temp`,
        sql`select forget_whole(p_now => now(), p_ids => array[${reserved.id}::uuid])`
      ))
      yield* handle.send(go, "go")
      yield* performSteppedActions()
      assert.deepStrictEqual(scene.undone, [])
      const { cause, status } = yield* recordOf(handle.id)
      const [toured] = yield* recordsOf("tour")
      assert.strictEqual(status, "failed")
      assert.deepStrictEqual(cause?.notUndone, [{
        step: "tour",
        index: 0,
        child: toured!.id,
        message: "tour Order/97 › plan: plan Order/98 › reserve: reserve Customer/c1 › reserve: forgotten"
      }])
      assert.deepStrictEqual((yield* recordOf(reserved.id)).unwound, {
        notUndone: [{ step: "reserve", message: "forgotten" }]
      })
    }))
})
