/**
 * Rule 17.1 where answers do not come, or come in another order than commits do: what has happened is told once, and of each action in its order.
 */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Layer } from "effect"
import type { ActionEvent } from "stepped"
import { Stepped, StorageError } from "stepped"
import { recordEvents } from "stepped/testing"
import { line, linesOf } from "../behaviour/fixtures/events.ts"
import { healthy } from "../harness/databases.ts"
import { Halt, layerIntercepted } from "../harness/intercepting.ts"
import { layerServer } from "../harness/Server.ts"
import { allEnded, layerWorkers, until } from "../harness/workers.ts"
import { load, Vans, whole } from "./fixtures/events.ts"

const database = layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 12 })
const working = (intercepted: ReturnType<typeof layerIntercepted>) =>
  Layer.provideMerge(
    Stepped.worker({ concurrency: 8 }),
    Layer.provideMerge(Vans.layer, Layer.provideMerge(intercepted, database))
  )

type Method = "enqueueAndClaim" | "claim" | "finish" | "tick"

/** The engine that does not hear the `nth` answer of a transition; what has happened stays. */
const lossy = (method: Method, nth: number) => {
  const scene = { calls: 0, lost: 0 }
  const layer = layerIntercepted((store) => ({
    [method]: (...args: ReadonlyArray<never>) =>
      Effect.gen(function*() {
        const call = store[method] as (
          ...args: ReadonlyArray<never>
        ) => Effect.Effect<{ readonly work: ReadonlyArray<unknown> }, StorageError>
        const answer = yield* call(...args)
        const isAsked = method === "claim" || method === "tick" ? answer.work.length > 0 : !(yield* store.inTransaction)
        if (!isAsked || ++scene.calls !== nth) return answer
        scene.lost++
        return yield* new StorageError({ operation: method, isRetryable: true, cause: new Error("lost") })
      })
  }), { pollInterval: Duration.millis(20) })
  return [scene, working(layer)] as const
}

describe("events whose transition is not answered", () => {
  const cases = [
    ["enqueueAndClaim", 1],
    ["claim", 1],
    ["tick", 1],
    ...Array.from({ length: 6 }, (_, n) => ["finish", n + 1] as const)
  ] as const
  for (const [method, nth] of cases) {
    const [scene, layer] = lossy(method, nth)
    it.live(`17.1: of ${method} ${nth} it is found out what has happened, and told once and in order`, () =>
      Effect.gen(function*() {
        const recorder = yield* recordEvents()
        yield* (yield* Vans.client)(1).trip()
        yield* allEnded
        assert.strictEqual(scene.lost, 1)
        let events: ReadonlyArray<ActionEvent> = []
        yield* until(
          "the last one is told",
          Effect.map(recorder.all, (all) => {
            events = all
            return all.filter(({ _tag }) => _tag === "ActionEnded").length === 3
          })
        )
        assert.deepStrictEqual(linesOf("trip", events), whole)
        for (const id of ["1", "2"]) {
          const own = events.filter((event) => event.name === "load" && event.actorId === id)
          assert.deepStrictEqual(own.map(line).map((text) => text.slice(6)), [
            "ActionEnqueued",
            "ActionStarted",
            "StepStarted lift",
            "StepEnded lift succeeded",
            "ActionEnded succeeded"
          ])
        }
        yield* healthy
      }).pipe(Effect.scoped, Effect.provide(layer)))
  }
})

describe("events whose answers come late", () => {
  it.live("17.1: the answer to a claim that is read after a cancelling: the action has begun before it has ended", () => {
    const halt = new Halt()
    const layer = working(layerIntercepted((store) => ({
      claim: (options) =>
        Effect.tap(store.claim(options), (answer) => answer.work.length > 0 ? halt.once : Effect.void),
      enqueueAndClaim: ({ items, now }) =>
        Effect.as(store.enqueue(items, now, undefined), {
          work: [],
          news: [],
          taken: { count: 0, full: false, putBack: 0, last: {} }
        })
    }), { pollInterval: Duration.millis(20) }))
    return Effect.gen(function*() {
      const recorder = yield* recordEvents({ action: load })
      const handle = yield* (yield* Vans.client)(1).loadLater()
      yield* Deferred.await(halt.reached)
      yield* handle.cancel()
      // whoever would look with what it has ended has the answer by now
      yield* Effect.repeat(handle.status, { times: 20 })
      yield* Deferred.succeed(halt.go, undefined)
      yield* allEnded
      let events: ReadonlyArray<ActionEvent> = []
      yield* until(
        "it is told",
        Effect.map(recorder.all, (all) => {
          events = all
          return all.some(({ _tag }) => _tag === "ActionEnded")
        })
      )
      assert.deepStrictEqual(linesOf("load", events), [
        "ActionEnqueued",
        "ActionStarted",
        "StepStarted lift",
        "ActionEnded cancelled"
      ])
      yield* healthy
    }).pipe(Effect.scoped, Effect.provide(layer))
  })

  it.live("17.1: events of many trees, by several workers at once, come in the order of each action", () =>
    Effect.gen(function*() {
      const recorder = yield* recordEvents()
      const vans = yield* Vans.client
      const handles = yield* Effect.forEach(
        Array.from({ length: 40 }, (_, n) => n + 10),
        (n) => vans(n).tripLater(),
        { concurrency: 8 }
      )
      yield* allEnded
      const events = yield* recorder.all
      for (const { id } of handles) {
        const own = events.filter((event) => event.id === id)
        assert.deepStrictEqual(own.map(line).map((text) => text.slice(6)), whole)
      }
      yield* healthy
    }).pipe(Effect.scoped, Effect.provide(layerWorkers(Vans.layer, { engines: 1, concurrency: 4 }))))
})
