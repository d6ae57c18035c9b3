/** How often history is gone through, in which much may be kept: looking at that takes a small part of a worker's time; and by which time it is old (rule 4.8). */
import { assert, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { retention } from "../../../src/engine/maintenance/retention.ts"
import { defaults } from "../../../src/engine/Settings.ts"
import type { WorkerContext } from "../../../src/engine/worker/context.ts"
import type { DeletionOptions } from "../../../src/Retention.ts"
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

/** What a turn asks for of the history, by a worker whose user time that is; each look at a page finds that there is one more. */
const askedAt = (now: number, pages: number) =>
  Effect.gen(function*() {
    const asked: Array<DeletionOptions> = []
    yield* retention(
      {
        ...workerOf(0, () => undefined),
        now: Effect.succeed(now),
        repo: {
          deleteEnded: (options: DeletionOptions) =>
            Effect.sync(() => ({ deleted: 0, next: asked.push(options) < pages ? `page ${asked.length}` : undefined }))
        }
      } as unknown as WorkerContext
    )
    return asked
  })

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

it.live("4.8: what is old of the history is told by user time, whatever this machine's clock says", () =>
  Effect.gen(function*() {
    const now = Date.parse("2026-05-01T12:00:00Z")
    const retained = { retention: "10 millis" as const, limit: 5000, asOf: new Date(now) }
    assert.deepStrictEqual(yield* askedAt(now, 2), [{ ...retained, from: undefined }, { ...retained, from: "page 1" }])
  }))
