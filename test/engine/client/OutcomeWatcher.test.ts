/** Handles of a process that is told nothing: what others end is found by looking. */
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import * as OutcomeWatcher from "../../../src/engine/client/OutcomeWatcher.ts"
import type { Found, Store } from "../../../src/store/Store.ts"

const found = (id: string, state: "live" | "ended"): Found => ({
  id,
  final: id,
  own: undefined,
  state,
  status: state === "ended" ? "succeeded" : "performing",
  unwinding: false,
  result: null,
  cause: null,
  forgotten: false,
  definition: "Car/drive",
  actorId: "1",
  ownDefinition: "Car/drive",
  ownActorId: "1"
})
const isAsked = () => undefined

/** A database at some distance, which says of each action what `state` says; `times` is how often it was asked for one. */
const storage = (state: (id: string) => "live" | "ended") => {
  const looks: Array<ReadonlyArray<string>> = []
  const outcomes: Store["Service"]["outcomes"] = (ids) =>
    Effect.delay(
      Effect.sync(() => {
        looks.push(ids)
        return ids.map((id) => found(id, state(id)))
      }),
      "5 millis"
    )
  const times = (id: string) => looks.filter((ids) => ids.includes(id)).length
  return { looks, times, store: { outcomes } }
}

/** A handle after another, for about a second. */
const others = (watcher: OutcomeWatcher.OutcomeWatcher) =>
  Effect.forEach(Array.from({ length: 200 }, (_, n) => `other ${n}`), (id) => watcher.wait(id, isAsked), {
    discard: true
  })

it.live("a handle hears of its action's end however many others come and go meanwhile", () =>
  Effect.gen(function*() {
    const { store, times } = storage((id) => id === "slow" && times(id) === 1 ? "live" : "ended")
    const watcher = yield* OutcomeWatcher.make(store, Duration.millis(50))
    const slow = yield* Effect.forkChild(watcher.wait("slow", isAsked))
    yield* others(watcher)
    assert.isDefined(slow.pollUnsafe())
    yield* Fiber.join(slow)
  }))

it.live("it looks ever less often, whoever comes meanwhile", () =>
  Effect.gen(function*() {
    const { store, times } = storage((id) => id === "slow" ? "live" : "ended")
    const watcher = yield* OutcomeWatcher.make(store, Duration.minutes(1))
    const start = performance.now()
    const slow = yield* Effect.forkChild(watcher.wait("slow", isAsked))
    yield* others(watcher)
    // at once, and then 20, 40, 80 … ms apart
    assert.isAtMost(times("slow"), 2 + Math.log2((performance.now() - start) / 20 + 1))
    assert.isAtLeast(times("slow"), 4)
    yield* Fiber.interrupt(slow)
  }))

it.live("a thousand handles take one look between them", () =>
  Effect.gen(function*() {
    const { looks, store } = storage(() => "ended")
    const watcher = yield* OutcomeWatcher.make(store, Duration.seconds(1))
    yield* Effect.all(Array.from({ length: 1000 }, (_, n) => watcher.wait(`${n}`, isAsked)), {
      concurrency: "unbounded"
    })
    assert.deepStrictEqual(looks.map((ids) => ids.length), [1000])
  }))
