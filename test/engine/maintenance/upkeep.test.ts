/** What comes by itself, beside what takes long and what fails: each duty has its turn. */
import { assert, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { SqlError } from "effect/sql"
import { upkeep } from "../../../src/engine/maintenance/upkeep.ts"
import { defaults } from "../../../src/engine/Settings.ts"
import type { WorkerContext } from "../../../src/engine/worker/context.ts"
import { StorageError } from "../../../src/SteppedError.ts"
import { realSleep } from "../../../src/store/RealClock.ts"

const never = Duration.infinity
const failing = (cause: unknown) =>
  Effect.fail(new StorageError({ operation: "deleteOutcomes", isRetryable: true, cause }))
const tooLong = failing(
  new SqlError.SqlError({ reason: new SqlError.StatementTimeoutError({ cause: new Error("too long") }) })
)

/** A worker with nothing to do but to delete, and how often what it does was asked for. */
const workerOf = (repo: object, store: object = {}) => {
  const asked = { recovers: 0, announcements: 0 }
  const worker = {
    settings: {
      ...defaults,
      lease: Duration.millis(20),
      keyRetention: never,
      operationRetention: never,
      outcomeRetention: never,
      achievementRetention: never,
      historyRetention: { given: never, shortestMs: Infinity },
      ...("deleteOutcomes" in repo ? { outcomeRetention: Duration.millis(1) } : {}),
      ...("deleteEnded" in repo ? { historyRetention: { given: "10 millis", shortestMs: 10 } } : {})
    },
    now: Effect.succeed(0),
    log: {},
    peers: { answeredFor: new Set() },
    registry: { all: () => [] },
    catalogs: { own: () => ({}), taken: () => ({ definitions: [], queues: [] }) },
    connections: { ask: (effect: Effect.Effect<unknown>) => effect },
    failpoint: (_: string, effect: Effect.Effect<unknown>) => effect,
    claimer: { wake: () => {} },
    bodies: { pump: () => {} },
    inHand: {},
    timers: { tick: () => Effect.succeed(0), overlooking: () => Effect.ignore },
    workContext: () => ({}),
    store: {
      recover: () => Effect.sync(() => ({ actions: 0, workers: [], count: asked.recovers++ })),
      breakDeadlock: () => Effect.succeed(undefined),
      heal: () => Effect.succeed({ healed: [] }),
      neglected: () => Effect.succeed([]),
      ...store
    },
    repo
  }
  const announce = Effect.sync(() => void asked.announcements++)
  return { asked, upkeep: upkeep(worker as unknown as WorkerContext, announce) }
}

it.live("taking over comes again while a long history is deleted", () =>
  Effect.gen(function*() {
    let deletions = 0
    const worker = workerOf({
      deleteEnded: () =>
        Effect.andThen(
          realSleep("200 millis"),
          Effect.sync(() => ({ deleted: 5000, next: "more", count: deletions++ }))
        )
    })
    yield* until(worker.upkeep, () => worker.asked.recovers > 5)
    assert.isBelow(deletions, 5)
  }))

it.live("what fails keeps nothing else from its turn", () =>
  Effect.gen(function*() {
    let deletions = 0
    const worker = workerOf({
      deleteOutcomes: () => failing("refused"),
      deleteEnded: () => Effect.sync(() => ({ deleted: 0, next: undefined, count: deletions++ }))
    }, { breakDeadlock: () => failing("refused") })
    yield* until(worker.upkeep, () => worker.asked.announcements > 1 && deletions > 1)
  }))

it.live("4.8: what takes too long is deleted in smaller parts, and these grow again", () =>
  Effect.gen(function*() {
    const limits: Array<number> = []
    const worker = workerOf({
      deleteOutcomes: ({ limit }: { readonly limit: number }) =>
        Effect.suspend(() => {
          limits.push(limit)
          return limit > 2000 ? tooLong : Effect.succeed(limits.length < 6 ? limit : 0)
        })
    })
    yield* until(worker.upkeep, () => limits.length >= 6)
    assert.deepStrictEqual(limits.slice(0, 6), [5000, 2500, 1250, 1375, 1513, 1665])
  }))

/** Lets it work until it is so, which it never is where one duty keeps the others from their turn. */
function until(work: Effect.Effect<void>, isSo: () => boolean) {
  return Effect.gen(function*() {
    yield* Effect.forkChild(work)
    while (!isSo()) yield* realSleep("5 millis")
  })
}
