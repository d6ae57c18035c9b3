/** What was explained of an action, and what then became of it: for tests that ask first and enqueue after that. */
import { assert } from "@effect/vitest"
import { Effect, Option } from "effect"
import { type ActionHandle, ActionRepo, type Explanation } from "stepped"

/** Fails where what has become of a handle, since it was explained, enqueued and performed as far as it goes, is something else. */
export const cameTrue = (said: Explanation, handle: ActionHandle): Effect.Effect<void, unknown, ActionRepo> =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    const find = (id: string) => Effect.map(repo.find(id), Option.getOrUndefined)
    const { status, successor } = yield* handle.status
    const record = yield* find(handle.id)
    const is = (...expected: ReadonlyArray<string>) => assert.include(expected, status, said.text)
    switch (said._tag) {
      case "Runs":
        assert.notStrictEqual(record?.startedAt, undefined, `${said.text}, and it is ${status}`)
        break
      case "Achieved":
        is("succeeded")
        assert.strictEqual(record, undefined, said.text)
        break
      case "Joins":
        is("joined")
        assert.strictEqual(successor, said.joined.id, said.text)
        break
      case "Supersedes":
        for (const { id } of said.superseded) {
          assert.strictEqual((yield* find(id))?.supersededBy, handle.id, said.text)
        }
        yield* cameTrue(said.then, handle)
        break
      case "Superseded":
        is("superseded")
        assert.strictEqual(record?.supersededBy, said.by.id, said.text)
        break
      case "Waits":
        for (const { id } of said.cancels) {
          const cancelled = yield* find(id)
          assert.isTrue(cancelled?.status === "cancelled" || cancelled?.unwinding || cancelled === undefined, said.text)
        }
        if (said.cancels.length === 0) is("pending")
        break
      case "Unwinding":
        is("pending")
        break
      case "Limited":
      case "Debounced":
        is("pending")
        assert.deepStrictEqual(record?.dueAt, said.until, said.text)
        break
      case "Rejected": {
        is("cancelled")
        const error = yield* Effect.flip(
          handle.await as Effect.Effect<unknown, { readonly _tag: string; readonly lane: string }>
        )
        assert.include(error, { _tag: said.reason, lane: said.lane }, said.text)
        break
      }
      case "Paused":
        is(said.pause.kind === "lane" ? "pending" : "queued")
        assert.deepStrictEqual(record?.pause, said.pause, said.text)
        break
      case "Delayed":
        is("queued")
        assert.deepStrictEqual(record?.dueAt, said.until, said.text)
        break
      case "Deadlocks":
        is("deadlocked")
        break
      case "Duplicate":
        assert.strictEqual(handle.id, said.id, said.text)
        break
      case "Undecided":
        break
    }
  })
