/** Those who wait for elements of a queue, over a database that answers as a test says. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import type { Taken, TakenElement } from "../../src/sql/elements.ts"
import { StorageError } from "../../src/SteppedError.ts"
import * as Takers from "../../src/stores/Takers.ts"

const element = (number: number, token: string): TakenElement => ({
  number,
  token,
  id: `${number}`,
  element: "1",
  attempts: 1
})
const nothing: Taken = { elements: [], next: undefined }

const make = (
  take: (token: string, count: number) => Effect.Effect<Taken, StorageError>,
  pollMs = 1
) =>
  Effect.gen(function*() {
    const givenBack: Array<number> = []
    const taken: Array<number> = []
    const takers = yield* Takers.make({
      take: (_, token, count) => take(token, count),
      giveBack: (_, elements) =>
        Effect.sync(() => {
          for (const { number } of elements) givenBack.push(number)
        }),
      onTaken: (elements) => {
        for (const { number } of elements) taken.push(number)
      },
      now: Effect.succeed(0),
      pollMs
    })
    return {
      givenBack,
      taken,
      next: Effect.uninterruptibleMask((restore) => takers.next("queue", 1, restore))
    }
  })

describe("takers", () => {
  it.effect("23.6: who has gone while it was taken leaves it to others", () =>
    Effect.scoped(Effect.gen(function*() {
      const asked = yield* Deferred.make<void>()
      const answer = yield* Deferred.make<void>()
      const { givenBack, next, taken } = yield* make((token) =>
        Effect.as(
          Effect.andThen(Deferred.succeed(asked, undefined), Deferred.await(answer)),
          { elements: [element(1, token)], next: undefined }
        )
      )
      const waiting = yield* Effect.forkChild(next)
      yield* Deferred.await(asked)
      yield* Fiber.interrupt(waiting)
      yield* Deferred.succeed(answer, undefined)
      while (givenBack.length === 0) yield* Effect.yieldNow
      assert.deepStrictEqual([givenBack, taken], [[1], [1]])
    })))

  it.effect("23.5: those who wait at one moment are looked for by one statement", () =>
    Effect.scoped(Effect.gen(function*() {
      const counts: Array<number> = []
      const { next } = yield* make((token, count) =>
        Effect.sync(() => {
          counts.push(count)
          return { elements: Array.from({ length: count }, (_, n) => element(n, token)), next: undefined }
        })
      )
      const all = yield* Effect.forEach(Array.from({ length: 10 }), () => next, { concurrency: "unbounded" })
      assert.deepStrictEqual(
        all.map(({ number }) => number).sort((a, b) => a - b),
        Array.from({ length: 10 }, (_, n) => n)
      )
      assert.deepStrictEqual(counts, [10])
    })))

  it.effect("23.7: what an answer that was lost had taken is asked for under the same token", () =>
    Effect.scoped(Effect.gen(function*() {
      const tokens: Array<string> = []
      const { next } = yield* make((token) =>
        Effect.suspend(() => {
          tokens.push(token)
          return tokens.length < 3
            ? Effect.fail(new StorageError({ operation: "take", isRetryable: true, cause: new Error("lost") }))
            : Effect.succeed({ elements: [element(1, token)], next: undefined })
        })
      )
      assert.strictEqual((yield* next).token, tokens[0])
      assert.strictEqual(new Set(tokens).size, 1)
      // the next look has another one
      yield* next
      assert.strictEqual(new Set(tokens).size, 2)
    })))

  it.effect("23.7: what the database refuses for good is an error, and so is a store that closes", () =>
    Effect.gen(function*() {
      const refused = yield* Effect.scoped(Effect.gen(function*() {
        const { next } = yield* make(() =>
          Effect.fail(new StorageError({ operation: "take", isRetryable: false, cause: new Error("no such table") }))
        )
        return yield* Effect.exit(next)
      }))
      const closed = yield* Effect.scoped(Effect.gen(function*() {
        const looked = yield* Deferred.make<void>()
        const { next } = yield* make(() => Effect.as(Deferred.succeed(looked, undefined), nothing))
        const waiting = yield* Effect.forkDetach(Effect.exit(next))
        yield* Deferred.await(looked)
        return waiting
      }))
      assert.deepStrictEqual([Exit.isFailure(refused), Exit.isFailure(yield* Fiber.join(closed))], [true, true])
    }))

  for (
    const [who, leaves] of [
      ["whoever waited has gone", true],
      ["the store is closed", false]
    ] as const
  ) {
    it.effect(`23.6, 23.7: what an answer that was lost had taken is given back, where ${who} meanwhile`, () =>
      Effect.gen(function*() {
        const tokens: Array<string> = []
        const lost = yield* Deferred.make<void>()
        const scope = yield* Scope.make()
        const { givenBack, next } = yield* Scope.provide(
          make((token) => {
            tokens.push(token)
            return tokens.length === 1
              ? Effect.andThen(
                Deferred.succeed(lost, undefined),
                Effect.fail(new StorageError({ operation: "take", isRetryable: true, cause: new Error("lost") }))
              )
              : Effect.succeed({ elements: [element(1, token)], next: undefined })
          }),
          scope
        )
        const waiting = yield* Effect.forkChild(Effect.exit(next))
        yield* Deferred.await(lost)
        if (leaves) yield* Fiber.interrupt(waiting)
        else yield* Scope.close(scope, Exit.void)
        while (givenBack.length === 0) yield* Effect.promise(() => new Promise((resume) => setImmediate(resume)))
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual([givenBack, new Set(tokens).size, tokens.length], [[1], 1, 2])
      }))
  }
})
