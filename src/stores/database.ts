/** The stores' way to the engine's database: the same client and schema, and calls that end with the store. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Engine } from "../Engine.ts"
import * as Calls from "../sql/call.ts"
import { make as makeMeter } from "../store/Meter.ts"
import { Storage } from "../store/Storage.ts"

export const callsOf: Effect.Effect<Calls.Calls, never, Engine | Scope.Scope> = Effect.gen(function*() {
  const { client, embedded, schema, statementTimeout } = (yield* Engine).database
  const storage = yield* Effect.orDie(Storage.make({ schema, embedded, deadline: statementTimeout }))
  const calls = Calls.make(client, storage, makeMeter(yield* Effect.context<never>()))
  yield* Effect.addFinalizer(() => calls.close)
  return calls
})
