/** The process that has started a generation, as the generation sees it: who types, and who is told. */
import { Effect, Option, Queue, Schema, type Scope } from "effect"
import { createInterface } from "node:readline"
import { type FromGeneration, startedBy, Typed } from "./messages.ts"

export interface Starter {
  /** Nobody has started this process but the shell. */
  readonly isAlone: boolean
  /** Whether it draws trees. */
  readonly draws: boolean
  readonly tell: (message: FromGeneration) => Effect.Effect<void>
  readonly typed: Queue.Dequeue<Typed>
  /** Ends when it is gone. */
  readonly gone: Effect.Effect<void>
}

const decode = Schema.decodeUnknownOption(Typed)

/** Who has started this process; by itself it reads what is typed, and tells nobody. */
export const starter: Effect.Effect<Starter, never, Scope.Scope> = Effect.suspend(() => {
  const by = process.env[startedBy]
  // what this program starts in turn was not started by that one
  delete process.env[startedBy]
  return by === undefined || process.send === undefined ? byItself : overseen(by === "terminal")
})

const byItself: Effect.Effect<Starter, never, Scope.Scope> = Effect.gen(function*() {
  const typed = yield* Queue.unbounded<Typed>()
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const lines = createInterface({ input: process.stdin })
      lines.on("line", (line) => Queue.offerUnsafe(typed, { _tag: "Typed", line }))
      return lines
    }),
    (lines) =>
      Effect.sync(() => {
        lines.close()
        // of a file there is nothing to let go of
        if ("unref" in process.stdin) process.stdin.unref()
      })
  )
  return { isAlone: true, draws: false, tell: () => Effect.void, typed, gone: Effect.never }
})

const overseen = (draws: boolean): Effect.Effect<Starter, never, Scope.Scope> =>
  Effect.gen(function*() {
    const typed = yield* Queue.unbounded<Typed>()
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        const listener = (message: unknown) => {
          const line = decode(message)
          if (Option.isSome(line)) Queue.offerUnsafe(typed, line.value)
        }
        process.on("message", listener)
        return listener
      }),
      (listener) =>
        Effect.sync(() => {
          process.off("message", listener)
          if (process.connected) process.disconnect()
        })
    )
    return {
      isAlone: false,
      draws,
      // one that is gone is told nothing
      tell: (message: FromGeneration) =>
        Effect.sync(() => void (process.connected && process.send!(message, () => {}))),
      typed,
      gone: Effect.callback<void>((resume) => {
        if (!process.connected) return resume(Effect.void)
        const listener = () => resume(Effect.void)
        process.once("disconnect", listener)
        return Effect.sync(() => process.off("disconnect", listener))
      })
    }
  })
