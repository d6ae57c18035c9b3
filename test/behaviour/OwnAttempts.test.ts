/** Rule 7.2: what an action says itself of what ends without an answer, in place of the engine's options. */
import type { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import type { Stepped } from "stepped"
import { performSteppedActions, withHandledDefects } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { recordOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { Counters, Desks, gone, Live, offline, places, scene } from "./fixtures/ownAttempts.ts"

/** In seconds. */
const times = () => scene.times.map((at) => at / 1000)
const desk = Effect.map(Desks.client, (client) => client(1))

suite("attempts of an action's own", (engine) => {
  const test = <A, E>(
    name: string,
    options: Stepped.EngineOptions,
    scenario: Effect.Effect<A, E, Stepped.Services | PgClient.PgClient | SqlClient.SqlClient>
  ) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario, healthy), Live.pipe(Layer.provideMerge(engine.layer(options))))
    )

  for (const { name } of places) {
    test(
      `7.2+: what ends without an answer in its ${name} is tried again as it says, as often as it says`,
      { retry: Schedule.spaced("1 second") },
      Effect.gen(function*() {
        const handle = yield* (yield* desk)[`${name}Later`]()
        yield* performSteppedActions()
        assert.deepStrictEqual(times(), [0, 60, 120])
        const status = (yield* handle.status).status
        assert.strictEqual(status, name === "callback" ? "succeeded" : "failed")
      })
    )
  }

  test(
    "7.2+: what its own handledDefects take fails it at once, though the engine's do not",
    { handledDefects: () => false },
    Effect.gen(function*() {
      scene.body = Effect.die(new Error("out of paper"))
      const handle = yield* (yield* desk).stepLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(times(), [0])
      assert.include((yield* Effect.flip(handle.await)).message, "step Desk/1 › send: out of paper")
      scene.body = offline
      yield* (yield* desk).choosyLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(times(), [0, 0])
    })
  )

  test(
    "7.2+: transient failures are tried again as it says, and once is once",
    { retry: Schedule.spaced("1 second") },
    Effect.gen(function*() {
      scene.body = gone
      yield* (yield* desk).stepLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(times(), [0, 60, 120])
      scene.times = []
      const handle = yield* (yield* desk).onceLater()
      yield* performSteppedActions()
      assert.deepStrictEqual([times(), (yield* recordOf(handle.id)).status], [[120], "failed"])
    })
  )

  for (
    const [name, expected] of [
      ["plain", [0, 10]],
      ["oftener", [0, 10, 20]],
      ["later", [0, 60]],
      ["choosy", [0]]
    ] as const
  ) {
    test(
      `7.2+: what an action does not say is the engine's (${name})`,
      { handledDefects: () => false, retry: Schedule.spaced("10 seconds"), attempts: 2 },
      Effect.gen(function*() {
        yield* (yield* desk)[`${name}Later`]()
        yield* performSteppedActions()
        assert.deepStrictEqual(times(), [...expected])
      })
    )
  }

  test(
    "7.2+: what has ended without any word as often as it says is not begun again: its step, nor its hook",
    {},
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const handle = yield* (yield* desk).stepLater()
      yield* performIdle
      yield* sql`update stepped.live_actions set attempts = 3`
      yield* performSteppedActions()
      assert.deepInclude((yield* recordOf(handle.id)).cause, { kind: "exhausted" })
      const hooked = yield* (yield* desk).hookLater()
      yield* performIdle
      yield* sql`update stepped.jobs set attempts = 3`
      yield* performSteppedActions()
      assert.include((yield* Effect.flip(hooked.await)).message, "hook Desk/1: ")
      assert.deepStrictEqual(times(), [0, 60])
    })
  )

  test(
    "7.2+, 9.1: retry of its defaults is another one: for what its steps fail with, and for what has ended without an answer too often",
    {},
    Effect.gen(function*() {
      scene.body = Effect.fail("no paper")
      yield* (yield* desk).stubbornLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(times(), [0, 0])
      Object.assign(scene, { body: offline, times: [] })
      yield* (yield* desk).stubbornLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(times(), [0, 60, 120, 120, 180, 240])
    })
  )

  test(
    "7.2+: it holds for what other modules add, and for heirs",
    { retry: Schedule.spaced("1 second") },
    Effect.gen(function*() {
      yield* (yield* desk).extendedLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(times(), [0, 60, 120])
      scene.times = []
      yield* (yield* Counters.client)(2).stepLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(times(), [120, 180, 240])
    })
  )

  test(
    "withHandledDefects is over what actions say, too",
    {},
    Effect.gen(function*() {
      yield* (yield* desk).stepLater()
      yield* withHandledDefects(() => true)(performSteppedActions())
      assert.deepStrictEqual(times(), [0])
    })
  )
})
