/** Sessions that the server ends under user code: whatever runs then is tried again, and ends well. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, References } from "effect"
import { healthy } from "../harness/databases.ts"
import { recordOf } from "../harness/observing.ts"
import { Cars, layer, places, seen } from "./fixtures/terminated.ts"

describe("a session that the server ends", () => {
  for (const action of places) {
    it.live(`7.2+: under user code (${action.name}), which is tried again`, () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)(1)
        const handle = yield* car[`${action.name}Later`]()
        yield* Effect.retry(handle.await, { while: (error) => error._tag === "StorageError" })
        const { callbacksFailed, status } = yield* recordOf(handle.id)
        assert.deepStrictEqual([status, callbacksFailed], ["succeeded", 0])
        assert.deepStrictEqual(seen, [action.name, action.name])
        yield* healthy
      }).pipe(
        Effect.provide(layer),
        Effect.provideService(References.MinimumLogLevel, "None")
      ))
  }
})
