/**
 * Answers that are lost: a transition has happened, and the process that asked for it hears that it has not. Everything goes on without
 * waiting for a lease to end, and nothing happens twice.
 */
import { assert, beforeEach, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Schedule, Schema } from "effect"
import { Step, Stepped, StorageError } from "stepped"
import type { Answer, Completed } from "../../src/store/Answer.ts"
import { healthy } from "../harness/databases.ts"
import { layerIntercepted } from "../harness/intercepting.ts"
import { stepsOf } from "../harness/observing.ts"
import { layerServer } from "../harness/Server.ts"
import { allEnded, until } from "../harness/workers.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const part = Stepped.action("part", { arguments: [Schema.Int] }).before(() => Effect.void).step(() => Effect.void)
const turn = Stepped.action("turn", { outbound: true, concurrencyKey: () => "turns" }).step(() => Effect.void)
const visit = Stepped.action("visit")
  .step("parts", () => Effect.all([Step.on(Car.ref(1), part, 1), Step.on(Car.ref(2), part, 2)]))
  .step("wait", () => Step.wait("20 millis"))
  .step("store", () => Effect.void, { transactional: true })
  .after(() => Effect.void)
let jobs = 0
const tow = Stepped.action("tow", {
  success: Schema.String,
  job: (job) => Effect.andThen(Effect.sync(() => void jobs++), job.succeeded("home"))
})
const Cars = Stepped.actions(Car, [part, turn, visit, tow])

type Method = "enqueueAndClaim" | "claim" | "finish" | "complete" | "tick"
let lost = 0
beforeEach(() => {
  lost = 0
})

const handsOver = (given: Answer | Completed): boolean => ("answer" in given ? given.answer : given).work.length > 0

/** The engine that does not hear the `nth` answer of a transition that hands work over. */
const lossy = (method: Method, nth: number) => {
  let calls = 0
  return layerIntercepted((store) => ({
    [method]: (...args: ReadonlyArray<never>) =>
      Effect.flatMap(
        (store[method] as (...args: ReadonlyArray<never>) => Effect.Effect<Answer | Completed, StorageError>)(...args),
        (answer) => {
          if (!handsOver(answer) || ++calls !== nth) return Effect.succeed(answer)
          lost++
          return Effect.fail(new StorageError({ operation: method, isRetryable: true, cause: new Error("lost") }))
        }
      )
  }), { pollInterval: Duration.millis(20) }).pipe(
    Layer.provideMerge(layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 12 }))
  )
}

const scenarios = {
  enqueueAndClaim: Effect.flatMap(Cars.client, (client) => client(1).visit()),
  claim: Effect.flatMap(Cars.client, (client) => client(1).visit()),
  finish: Effect.flatMap(Cars.client, (client) => client(1).visit()),
  tick: Effect.flatMap(Cars.client, (client) => client(1).visit()),
  complete: Effect.gen(function*() {
    const client = yield* Cars.client
    const first = yield* client(1).turnNow()
    const second = yield* client(2).turnNow()
    yield* Effect.retry(Stepped.complete(first.id, turn, Stepped.Outcome.succeededVoid), { times: 1 })
    yield* until("the next one performs", Effect.map(stepsOf(second.id), (steps) => steps.includes("1 succeeded")))
    yield* Stepped.complete(second.id, turn, Stepped.Outcome.succeededVoid)
    yield* second.await
  })
}

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
          assert.strictEqual(lost, 1)
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
        lost++ < times
          ? Effect.fail(new StorageError({ operation: "complete", isRetryable: true, cause: new Error("away") }))
          : store.complete(options)
    }), { retry: Schedule.spaced("1 millis") }).pipe(
      Layer.provideMerge(
        layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 12 })
      )
    )

  for (const [what, times, runs] of [["asks again", 2, 1], ["is run again when it gives up", 9, 2]] as const) {
    it.live(`5.3: ${what}`, () => {
      jobs = 0
      return Effect.gen(function*() {
        assert.strictEqual(yield* (yield* Cars.client)(1).tow(), "home")
        assert.strictEqual(jobs, runs)
        yield* healthy
      }).pipe(Effect.provide(
        Layer.provideMerge(Stepped.worker({ concurrency: 8 }), Layer.provideMerge(Cars.layer, away(times)))
      ))
    })
  }
})
