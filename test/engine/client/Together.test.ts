/** What many ask for at one moment is stored by one statement; whatever becomes of one of them is that one's own. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { ConnectionError, LockTimeoutError, SqlError, UnknownError } from "effect/sql/SqlError"
import { StorageError } from "stepped"
import * as Together from "../../../src/engine/client/Together.ts"

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)

/** What the database has said, and whether another try is worth it. */
const failed = (reason: SqlError["reason"], isRetryable: boolean) =>
  new StorageError({ operation: "test", isRetryable, cause: new SqlError({ reason }) })
const cause = new Error("as the test says")
const locked = failed(new LockTimeoutError({ cause }), true)
const refused = failed(new UnknownError({ cause }), false)
const away = failed(new ConnectionError({ cause }), true)

interface Call {
  readonly items: ReadonlyArray<number>
  readonly isPatient: boolean
}

/** Stores numbers, unless the test says what becomes of them; each is answered by its double. */
const recording = (outcome: (call: Call) => Effect.Effect<void, StorageError> = () => Effect.void) =>
  Effect.gen(function*() {
    const calls: Array<Call> = []
    const store = yield* Together.make<number, number>(
      (items, isPatient) => {
        calls.push({ items, isPatient })
        return Effect.as(outcome({ items, isPatient }), items.map((n) => 2 * n))
      },
      () => 1
    )
    return { calls, store }
  })

const all = (store: (n: number) => Effect.Effect<number, StorageError>, count: number) =>
  Effect.forEach(numbers(count), (n) => Effect.exit(store(n)), { concurrency: "unbounded" })

describe("what is stored together", () => {
  it.effect("is what comes while a statement is under way, and each is given its own answer", () =>
    Effect.gen(function*() {
      const go = yield* Deferred.make<void>()
      const { calls, store } = yield* recording(({ items }) => items.includes(100) ? Deferred.await(go) : Effect.void)
      const first = yield* Effect.forkChild(store(100), { startImmediately: true })
      while (calls.length === 0) yield* Effect.yieldNow
      const others = yield* Effect.forkChild(all(store, 50), { startImmediately: true })
      yield* Effect.yieldNow
      assert.strictEqual(calls.length, 1)
      yield* Deferred.succeed(go, undefined)
      assert.strictEqual(yield* Fiber.join(first), 200)
      assert.deepStrictEqual(yield* Fiber.join(others), numbers(50).map((n) => Exit.succeed(2 * n)))
      assert.deepStrictEqual(calls.map(({ items }) => items.length), [1, 50])
    }))

  it.effect("is stored without the one that the database refuses, or that cannot be sent to it", () =>
    Effect.gen(function*() {
      const { calls, store } = yield* recording(({ items }) => {
        if (items.includes(70)) throw new Error("cannot be encoded")
        return items.includes(7) ? Effect.fail(refused) : Effect.void
      })
      const exits = yield* all(store, 100)
      assert.deepStrictEqual(exits.flatMap((exit, n) => Exit.isFailure(exit) ? [n] : []), [7, 70])
      assert.isAtMost(calls.length, 40)
      // and what comes afterwards is stored
      assert.strictEqual(yield* store(1000), 2000)
    }))

  it.effect("waits for no lock: the one that is locked is stored alone, and waited for by its own caller", () =>
    Effect.gen(function*() {
      const go = yield* Deferred.make<void>()
      const { calls, store } = yield* recording(({ isPatient, items }) =>
        !items.includes(70) ? Effect.void : isPatient ? Deferred.await(go) : Effect.fail(locked)
      )
      const fibers = yield* Effect.forEach(numbers(100), (n) => Effect.forkChild(store(n), { startImmediately: true }))
      for (const [n, fiber] of fibers.entries()) if (n !== 70) assert.strictEqual(yield* Fiber.join(fiber), 2 * n)
      // who comes later does not wait, either
      assert.strictEqual(yield* store(1000), 2000)
      const patient = calls.filter(({ isPatient }) => isPatient)
      assert.isTrue(patient.every(({ items }) => items.length === 1))
      assert.isAtMost(patient.length, 8)
      yield* Deferred.succeed(go, undefined)
      assert.strictEqual(yield* Fiber.join(fibers[70]!), 140)
    }))

  it.effect("fails as one where the database is away", () =>
    Effect.gen(function*() {
      const { calls, store } = yield* recording(() => Effect.fail(away))
      const exits = yield* all(store, 10)
      assert.deepStrictEqual([exits.filter(Exit.isFailure).length, calls.length], [10, 1])
    }))

  it.effect("goes on alone where it closes in the middle, and afterwards", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { calls, store } = yield* Scope.provide(
        recording(({ isPatient }) => isPatient ? Effect.void : Effect.never),
        scope
      )
      const waiting = yield* Effect.forkChild(all(store, 3), { startImmediately: true })
      while (calls.length === 0) yield* Effect.yieldNow
      const later = yield* Effect.forkChild(store(3), { startImmediately: true })
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* Fiber.join(waiting), numbers(3).map((n) => Exit.succeed(2 * n)))
      assert.deepStrictEqual([yield* Fiber.join(later), yield* store(4)], [6, 8])
    }))
})
