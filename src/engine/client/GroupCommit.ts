/**
 * Group commit for enqueueing: what is asked for while a statement is under way goes into the next one, together.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import type { StorageError } from "../../SteppedError.ts"
import type { Invocation } from "../../store/Invocation.ts"
import { monotonic } from "../../store/RealClock.ts"
import { layerClosed, tookTooLong } from "../../store/Store.ts"
import { statementBytes, weighInvocation } from "../../store/weight.ts"
import * as BatchSize from "../BatchSize.ts"
import { retryForCaller, storingMs } from "../retrying.ts"

const batchMax = 1000

interface Waiting {
  readonly bytes: number
  readonly items: ReadonlyArray<Invocation>
  readonly done: (exit: Exit.Exit<void, StorageError>) => void
}

export const make = (
  /** Gives whether the invocations are taken already. */
  enqueue: (
    items: ReadonlyArray<Invocation>,
    now: number,
    again: boolean
  ) => Effect.Effect<boolean, StorageError>,
  now: Effect.Effect<number>,
  stored: () => void,
  limitMs = storingMs
): Effect.Effect<(items: ReadonlyArray<Invocation>) => Effect.Effect<void, StorageError>, never, Scope.Scope> =>
  Effect.gen(function*() {
    // invariant: each of them is told once, by the batch that it goes into or at the end; nothing comes in once it is closed
    const waiting: Array<Waiting> = []
    let closed = false
    const shut = Exit.fail(layerClosed("enqueue"))
    const latch = Latch.makeUnsafe(false)
    const size = BatchSize.make(batchMax)

    // `since`: when it was tried first, as a part of a batch of which a try whose answer was lost may have stored it
    const store = (batch: ReadonlyArray<Waiting>, since?: number): Effect.Effect<void> =>
      Effect.gen(function*() {
        const until = (since ?? monotonic()) + limitMs
        const isOver = () => monotonic() >= until
        const items = batch.length === 1 ? batch[0]!.items : batch.flatMap((one) => one.items)
        const isTooMuch = (error: unknown) => batch.length > 1 && tookTooLong(error)
        const exit = yield* Effect.exit(retryForCaller(
          (again) => Effect.flatMap(now, (at) => enqueue(items, at, since !== undefined || again)),
          (error) => !isTooMuch(error) && !isOver()
        ))
        if (Exit.isSuccess(exit)) {
          size.passed()
          if (!exit.value) stored()
          for (const one of batch) one.done(Exit.void)
          return
        }
        const error = exit.cause.reasons.find(Cause.isFailReason)?.error
        if (isTooMuch(error)) size.refused(items.length)
        const half = batch.length >> 1
        const parts = isTooMuch(error)
          ? [batch.slice(0, half), batch.slice(half)]
          // an invocation that the database refuses must not take the others down
          : batch.length > 1 && error?.isRetryable !== true
          ? batch.map((one) => [one])
          : []
        if (parts.length === 0) {
          for (const one of batch) one.done(Exit.asVoid(exit))
        }
        for (const part of parts) {
          if (!isOver()) yield* store(part, until - limitMs)
          else for (const one of part) one.done(Exit.asVoid(exit))
        }
      })

    const alone = (items: ReadonlyArray<Invocation>, bytes: number) =>
      Effect.suspend(() => {
        let exit: Exit.Exit<void, StorageError> = shut
        return Effect.andThen(
          store([{
            items,
            bytes,
            done: (known) => {
              exit = known
            }
          }]),
          Effect.suspend(() => exit)
        )
      })

    yield* Effect.forkScoped(Effect.gen(function*() {
      while (true) {
        if (waiting.length === 0) {
          latch.closeUnsafe()
          yield* latch.await
          continue
        }
        let length = 0
        let bytes = 0
        let count = 0
        while (count < waiting.length && length < size.get() && bytes < statementBytes) {
          length += waiting[count]!.items.length
          bytes += waiting[count++]!.bytes
        }
        const batch = waiting.splice(0, count)
        yield* Effect.onInterrupt(store(batch), () =>
          Effect.sync(() => {
            for (const one of batch) one.done(shut)
          }))
      }
    }))

    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        closed = true
        for (const one of waiting.splice(0)) one.done(shut)
      })
    )

    return (items) => {
      let bytes = 0
      for (const item of items) bytes += weighInvocation(item)
      // a statement of its own, and not a long wait for the others
      return (items.length >= batchMax || bytes >= statementBytes) && !closed
        ? alone(items, bytes)
        : Effect.callback<void, StorageError>((resume) => {
          if (closed) return resume(shut)
          waiting.push({ items, bytes, done: (exit) => resume(exit) })
          latch.openUnsafe()
        })
    }
  })
