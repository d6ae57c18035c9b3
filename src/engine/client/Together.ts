/**
 * Group commit for whatever is asked for one by one: what comes while a statement is under way goes into the next one, together.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import type { StorageError } from "../../SteppedError.ts"
import { tookTooLong } from "../../store/Store.ts"
import { statementBytes } from "../../store/weight.ts"

/** Of one statement. */
const most = 1000

/** So few are not worth another try together. */
const few = 8

interface Waiting<Item, Answer> {
  readonly item: Item
  readonly done: (answer: Effect.Effect<Answer, StorageError>) => void
}

/**
 * `store` gives an answer for each item, in their order. With others beside it, an item must not wait for somebody else's lock: so it is asked
 * not to (`isPatient` is false), and where it has taken too long smaller parts are tried, and the last few alone, each by its own caller and
 * with patience.
 *
 * Whoever is interrupted does not wait for it any longer; what has gone into a statement is stored all the same.
 */
export const make = <Item, Answer>(
  store: (items: ReadonlyArray<Item>, isPatient: boolean) => Effect.Effect<ReadonlyArray<Answer>, StorageError>,
  weigh: (item: Item) => number
): Effect.Effect<(item: Item) => Effect.Effect<Answer, StorageError>, never, Scope.Scope> =>
  Effect.gen(function*() {
    // invariant: each of them is told once, by the statement that it goes into or at the end; nothing comes in once it is closed
    const waiting: Array<Waiting<Item, Answer>> = []
    let closed = false
    const latch = Latch.makeUnsafe(false)

    const alone = (item: Item) => Effect.map(store([item], true), ([answer]) => answer!)
    // what is stored twice by that is the same: its store fails where it is closed as well
    const leave = (batch: ReadonlyArray<Waiting<Item, Answer>>) =>
      Effect.sync(() => {
        for (const { done, item } of batch) done(alone(item))
      })

    const storing = (batch: ReadonlyArray<Waiting<Item, Answer>>): Effect.Effect<void> =>
      Effect.flatMap(Effect.exit(Effect.suspend(() => store(batch.map(({ item }) => item), false))), (exit) => {
        if (Exit.isSuccess(exit)) {
          for (const [n, { done }] of batch.entries()) done(Effect.succeed(exit.value[n]!))
          return Effect.void
        }
        const error = exit.cause.reasons.find(Cause.isFailReason)?.error
        const isCut = exit.cause.reasons.some(Cause.isInterruptReason)
        if (isCut || (tookTooLong(error) && batch.length <= few)) return leave(batch)
        // one that the database refuses must not take the others down
        if (batch.length > 1 && (tookTooLong(error) || error?.isRetryable !== true)) {
          const half = batch.length >> 1
          return Effect.andThen(storing(batch.slice(0, half)), storing(batch.slice(half)))
        }
        for (const { done } of batch) done(Effect.failCause(exit.cause))
        return Effect.void
      })

    const next = () => {
      let bytes = 0
      let count = 0
      while (count < waiting.length && count < most && bytes < statementBytes) bytes += weigh(waiting[count++]!.item)
      return waiting.splice(0, count)
    }

    yield* Effect.forkScoped(Effect.gen(function*() {
      while (true) {
        if (waiting.length === 0) {
          latch.closeUnsafe()
          yield* latch.await
        }
        const batch = next()
        yield* Effect.onInterrupt(storing(batch), () => leave(batch))
      }
    }))
    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        closed = true
        return leave(waiting.splice(0))
      })
    )

    return (item) =>
      Effect.suspend(() =>
        closed ? alone(item) : Effect.callback<Answer, StorageError>((resume) => {
          waiting.push({ item, done: resume })
          latch.openUnsafe()
        })
      )
  })
