/** What a worker says of the fibers that it works by (rule 19.4). */
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import * as Parts from "../../../src/engine/worker/Parts.ts"

it.effect("19.4: a worker has failed once one of its parts has died, and not where that was ended", () =>
  Effect.gen(function*() {
    const parts = Parts.make()
    assert.strictEqual(parts.state(false, false), "starting")
    const scope = yield* Scope.make()
    const run = parts.begin(scope)
    const part = yield* run(Effect.never)
    assert.deepStrictEqual(
      [parts.state(true, true), parts.state(true, false), parts.state(false, true)],
      ["working", "withoutLease", "stopping"]
    )
    yield* Fiber.interrupt(part)
    yield* Fiber.await(yield* run(Effect.void))
    assert.strictEqual(parts.state(true, true), "working")
    yield* Fiber.await(yield* run(Effect.die("a fault")))
    assert.deepStrictEqual([parts.state(true, true), parts.state(false, false)], ["failed", "failed"])
    yield* Scope.close(scope, Exit.void)
  }))
