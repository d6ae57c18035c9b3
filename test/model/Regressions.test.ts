/**
 * Trees that once ended otherwise than the rules say, made small. They are performed as random ones are.
 */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { performDue } from "stepped/testing"
import { suite } from "../harness/databases.ts"
import { child, invoke, type Op, plan, type Scenario, step, wait } from "./Model.ts"
import { brokenRules, endsAsTheModelSays, makeWorld, observe, silent } from "./Trees.ts"

suite("trees that went wrong", (engine) => {
  const world = makeWorld({ second: 1000 })
  const layer = world.layer.pipe(Layer.provideMerge(engine.layer()), Layer.provideMerge(silent))

  const ends = (sentence: string, scenario: Scenario, check: () => void) =>
    it.effect(sentence, () =>
      Effect.gen(function*() {
        yield* endsAsTheModelSays(world)(scenario)
        check()
      }).pipe(Effect.provide(layer)))

  const drive = plan({ lane: "road" })
  const prepared = plan({ lane: "road", before: "go" })

  ends(
    "2.9: siblings of one lane join in turn, also if those that are prepared first have to wait for others",
    [invoke(plan({ steps: [step(child(prepared), child(drive), child(prepared), child(drive))] }))],
    () =>
      assert.deepStrictEqual(
        world.log.filter((entry) => entry.startsWith("step 0.")),
        ["step 0.0:0 first", "step 0.0:1 first", "step 0.0:2 first", "step 0.0:3 first"]
      )
  )

  const waiting = plan({ lane: "road", steps: [step(wait(9))] })
  const between = plan({ lane: "between", steps: [step(child(drive))] })

  ends(
    "4.6: what is cancelled together with what was before it in its lane does not begin",
    [invoke(plan({ timeout: 2, steps: [step(child(waiting), child(drive))] }))],
    () => assert.notInclude(world.log, "step 0.0:1 first")
  )

  ends(
    "4.6: neither does what is cancelled a level later, having been promoted by then",
    [invoke(plan({ timeout: 2, steps: [step(child(waiting), child(between))] }))],
    () => assert.notInclude(world.log, "step 0.0:1.0:0 first")
  )

  const shared = plan({ lane: "road", checksum: 1, steps: [step(wait(5))] })
  const pass: Op = { _tag: "Perform" }

  ends(
    "4.6: what a root invocation has joined goes on when its parent is cancelled",
    [
      invoke(plan({ steps: [step(child(shared))] })),
      pass,
      pass,
      invoke(shared),
      pass,
      { _tag: "Cancel", handle: 0 }
    ],
    () => assert.include(world.log, "step 0.0:0 first")
  )

  ends(
    "7.1: of a timeout and a wait that are due at one moment the timeout counts",
    [
      invoke(plan({ timeout: 2, steps: [step(wait(2)), step()] })),
      invoke(plan({ timeout: 2, shape: { callbacks: "all" }, steps: [step(wait(5))] }), 1)
    ],
    () => assert.deepStrictEqual(world.log.filter((entry) => entry.startsWith("step 0")), ["step 0 first"])
  )

  it.effect("3.1: what was promoted from outside and cancelled before it began has no step", () =>
    Effect.gen(function*() {
      const first = yield* world.invoke(invoke(plan({ lane: "road", outside: "ignored" })), "0")
      const second = yield* world.invoke(invoke(drive), "1")
      yield* performDue
      yield* first.cancel()
      yield* second.cancel()
      const { actions } = yield* observe(world, [first, second])
      assert.deepStrictEqual(actions.map(({ status, steps }) => [status, steps.length]), [["cancelled", 1], [
        "cancelled",
        0
      ]])
      assert.deepStrictEqual(yield* brokenRules({ oneClock: true }), [])
    }).pipe(Effect.provide(layer)))

  it.effect("4.4: two jobs of one action in one claim run its callbacks once", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      world.log.length = 0
      const handle = yield* world.invoke(invoke(plan({ outside: "ignored", shape: { callbacks: "all" } })), "0")
      yield* performDue
      yield* handle.cancel()
      // as when the action was locked while a claim looked at its first job
      yield* sql.unsafe(
        `insert into stepped.jobs (queue, priority, kind, action, definition, actor_id, enqueued_at)
          select queue, priority, kind, action, definition, actor_id, enqueued_at from stepped.jobs`
      )
      yield* performDue
      assert.deepStrictEqual(world.log, ["step 0 first", "callback 0 0 cancelled"])
      assert.deepStrictEqual(yield* brokenRules({ oneClock: true }), [])
    }).pipe(Effect.provide(layer)))
})
