/**
 * Answers that are lost: a transition has happened, and the process that asked for it hears that it has not. Everything goes on without
 * waiting for a lease to end, and nothing happens twice.
 */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { Stepped, StorageError } from "stepped"
import { healthy } from "../harness/databases.ts"
import { Halt, layerIntercepted } from "../harness/intercepting.ts"
import { blocked } from "../harness/racing.ts"
import { layerServer, layerUrl, TestDatabase } from "../harness/Server.ts"
import { allEnded } from "../harness/workers.ts"
import { Cars, lossy, scenarios, scene } from "./fixtures/lostAnswers.ts"

describe("an answer that is lost", () => {
  const answers = [
    ["enqueueAndClaim", 1],
    ["claim", 1],
    ["claim", 2],
    ["finish", 1],
    ["tick", 1],
    ["complete", 1]
  ] as const
  for (const [method, nth] of answers) {
    it.live(
      `8: what the ${nth === 1 ? "first" : "second"} ${method} has handed over is taken up`,
      () =>
        Effect.gen(function*() {
          yield* scenarios[method]
          assert.strictEqual(scene.lost, 1)
          yield* allEnded
          yield* healthy
        }).pipe(
          Effect.provide(Layer.provideMerge(
            Stepped.worker({ concurrency: 8 }),
            Layer.provideMerge(Cars.layer, lossy(method, nth))
          ))
        )
    )
  }
})

describe("what is enqueued and claimed with one commit", () => {
  const made = layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 12 })
  /** A database whose transactions are at this level by default. */
  const layerAt = (level: string) =>
    Layer.unwrap(Effect.gen(function*() {
      const { name, url } = yield* TestDatabase
      const sql = yield* SqlClient.SqlClient
      yield* sql.unsafe(`alter database "${name}" set default_transaction_isolation = '${level}'`)
      return layerUrl(url, { maxConnections: 12 })
    })).pipe(Layer.provide(made))

  /** The answer is lost, and the commit comes when the test lets it. */
  const hanging = (halt: Halt, stored: Deferred.Deferred<void>, isAtOnce: boolean, level: string | undefined) =>
    layerIntercepted((store) => {
      const enqueueAndClaim: typeof store.enqueueAndClaim = (options) =>
        isAtOnce
          ? store.enqueueAndClaim(options)
          : Effect.andThen(
            store.enqueue(options.items, options.now, undefined),
            store.claim({ ...options, prepared: [], only: null })
          )
      return {
        enqueue: (...args) => Effect.ensuring(store.enqueue(...args), Deferred.succeed(stored, undefined)),
        enqueueAndClaim: (options) =>
          Effect.gen(function*() {
            yield* Effect.forkDetach(store.withTransaction(Effect.andThen(enqueueAndClaim(options), halt.here)))
            yield* Deferred.await(halt.reached)
            return yield* new StorageError({
              operation: "enqueueAndClaim",
              isRetryable: true,
              cause: new Error("lost")
            })
          })
      }
    }, { lease: Duration.seconds(1), pollInterval: Duration.millis(20) }).pipe(
      Layer.provideMerge(level === undefined ? made : layerAt(level))
    )

  const ways = [
    ["begins at once", true, undefined],
    ["begins at once in a database at repeatable read", true, "repeatable read"],
    ["is queued and claimed", false, undefined]
  ] as const
  for (const [what, isAtOnce, level] of ways) {
    it.live(`is performed once, although it ${what} by a commit that comes when it is asked for again`, () => {
      const halt = new Halt()
      const stored = Deferred.makeUnsafe<void>()
      return Effect.gen(function*() {
        const asked = yield* Effect.forkChild((yield* Cars.client)(1).honk())
        yield* Deferred.await(halt.reached)
        yield* Effect.raceFirst(blocked(1), Deferred.await(stored))
        yield* Deferred.succeed(halt.go, undefined)
        yield* Fiber.join(asked)
        yield* allEnded
        assert.strictEqual(scene.honks, 1)
        yield* healthy
      }).pipe(Effect.provide(Layer.provideMerge(
        Stepped.worker({ concurrency: 8 }),
        Layer.provideMerge(Cars.layer, hanging(halt, stored, isAtOnce, level))
      )))
    })
  }
})

describe("a job whose completion is not answered", () => {
  /** A database that does not take completions as long as that is so. */
  const away = (isAway: () => boolean) =>
    layerIntercepted((store) => ({
      complete: (options) =>
        isAway()
          ? Effect.fail(new StorageError({ operation: "complete", isRetryable: true, cause: new Error("away") }))
          : store.complete(options)
    }), { retry: Schedule.spaced("1 millis") }).pipe(
      Layer.provideMerge(
        layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 12 })
      )
    )

  const cases = [
    ["asks again", 1, () => scene.lost++ < 2],
    ["is run again when it gives up", 2, () => scene.jobs < 2]
  ] as const
  for (const [what, runs, isAway] of cases) {
    it.live(`5.3: ${what}`, () => {
      scene.jobs = 0
      return Effect.gen(function*() {
        assert.strictEqual(yield* (yield* Cars.client)(1).tow(), "home")
        assert.strictEqual(scene.jobs, runs)
        yield* healthy
      }).pipe(Effect.provide(
        Layer.provideMerge(Stepped.worker({ concurrency: 8 }), Layer.provideMerge(Cars.layer, away(isAway)))
      ))
    })
  }
})
