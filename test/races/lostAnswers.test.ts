/**
 * Answers that are lost: a transition has happened, and the process that asked for it hears that it has not. Everything goes on without
 * waiting for a lease to end, and nothing happens twice.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schedule } from "effect"
import { Stepped, StorageError } from "stepped"
import { healthy } from "../harness/databases.ts"
import { layerIntercepted } from "../harness/intercepting.ts"
import { layerServer } from "../harness/Server.ts"
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

describe("a job whose completion is not answered", () => {
  /** A database that does not take the first completions. */
  const away = (times: number) =>
    layerIntercepted((store) => ({
      complete: (options) =>
        scene.lost++ < times
          ? Effect.fail(new StorageError({ operation: "complete", isRetryable: true, cause: new Error("away") }))
          : store.complete(options)
    }), { retry: Schedule.spaced("1 millis") }).pipe(
      Layer.provideMerge(
        layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 12 })
      )
    )

  for (const [what, times, runs] of [["asks again", 2, 1], ["is run again when it gives up", 9, 2]] as const) {
    it.live(`5.3: ${what}`, () => {
      scene.jobs = 0
      return Effect.gen(function*() {
        assert.strictEqual(yield* (yield* Cars.client)(1).tow(), "home")
        assert.strictEqual(scene.jobs, runs)
        yield* healthy
      }).pipe(Effect.provide(
        Layer.provideMerge(Stepped.worker({ concurrency: 8 }), Layer.provideMerge(Cars.layer, away(times)))
      ))
    })
  }
})
