/** Rule 24.11: what suspended runs have open, and how much of it is kept. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Scope } from "effect"
import { Workflow } from "effect/workflow"
import { WorkflowInstance } from "effect/workflow/WorkflowEngine"
import * as Kept from "../../src/workflow/Kept.ts"
import { note, seen } from "../harness/notes.ts"

const Any = Workflow.make("Any", { payload: { id: Schema.String }, idempotencyKey: ({ id }) => id })

/** A run that has something open. */
const opened = (name: string) => {
  const instance = WorkflowInstance.initial(Any, name)
  return Effect.as(
    Scope.addFinalizer(instance.scope, Effect.suspend(() => note(`${name} ${instance.abandoned}`))),
    instance
  )
}

describe("what suspended runs have open", () => {
  it.effect("24.11: is whoever's who takes it, and no longer there", () =>
    Effect.gen(function*() {
      const kept = yield* Kept.make
      const [first, second] = [yield* opened("first"), yield* opened("second")]
      yield* kept.keep("Any", "1", [first, WorkflowInstance.initial(Any, "nothing"), second])
      assert.deepStrictEqual(kept.take("Other", "1"), [])
      assert.deepStrictEqual(kept.take("Any", "1"), [first, second])
      assert.deepStrictEqual(kept.take("Any", "1"), [])
      yield* Kept.close([first, second])
      assert.deepStrictEqual(seen, ["second false", "first false"])
    }).pipe(Effect.scoped))

  it.effect("24.11: is closed of a thousand and first execution, and of a hundred and first run", () =>
    Effect.gen(function*() {
      const kept = yield* Kept.make
      for (let n = 0; n < 1000; n++) yield* kept.keep("Any", `${n}`, [yield* opened(`${n}`)])
      assert.deepStrictEqual(seen, [])
      const runs = yield* Effect.forEach(Array.from({ length: 101 }, (_, n) => `run ${n}`), opened)
      yield* kept.keep("Any", "one more", runs)
      assert.deepStrictEqual(seen.toSorted(), ["0 true", "run 0 true"])
      assert.deepStrictEqual([kept.take("Any", "0"), kept.take("Any", "one more").length], [[], 100])
    }).pipe(Effect.scoped))

  it.effect("24.11: is closed at once where nothing is kept any more", () =>
    Effect.gen(function*() {
      const kept = yield* Effect.scoped(Kept.make)
      yield* kept.keep("Any", "1", [yield* opened("late")])
      assert.deepStrictEqual(seen, ["late true"])
    }))
})
