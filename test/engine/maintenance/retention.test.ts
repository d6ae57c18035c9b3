/** How often history is gone through, in which much may be kept: looking at that takes a small part of a worker's time (rule 4.8). */
import { assert, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { retention } from "../../../src/engine/maintenance/retention.ts"
import { defaults } from "../../../src/engine/Settings.ts"
import type { WorkerContext } from "../../../src/engine/worker/context.ts"
import { realSleep } from "../../../src/store/RealClock.ts"

const never = Duration.infinity

/** A worker whose statements over the history take some time, and delete so many; of a history that is gone through every millisecond. */
const workerOf = (deleted: number, tell: () => void) =>
  ({
    settings: {
      ...defaults,
      keyRetention: never,
      outcomeRetention: never,
      operationRetention: never,
      historyRetention: { given: "10 millis", shortestMs: 10 }
    },
    now: Effect.succeed(0),
    connections: { ask: (effect: Effect.Effect<unknown>) => effect },
    workContext: () => ({}),
    repo: {
      deleteEnded: () =>
        Effect.as(Effect.andThen(Effect.sync(tell), realSleep("200 millis")), { deleted, next: undefined })
    }
  }) as unknown as WorkerContext

/** How many statements two turns come to, with more than the least pause between them. */
const statements = (deleted: number) =>
  Effect.gen(function*() {
    let asked = 0
    const turn = retention(workerOf(deleted, () => asked++))
    yield* turn
    yield* realSleep("10 millis")
    yield* turn
    return asked
  })

it.live("4.8: what has looked at much that is kept looks again later, and what has deleted does not", () =>
  Effect.gen(function*() {
    assert.strictEqual(yield* statements(0), 1)
    assert.strictEqual(yield* statements(5000), 2)
  }))
