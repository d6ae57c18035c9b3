/**
 * A readers-writer lock: transitions of a fencing token run beside each other, and comparing memory with the rows has all of them at rest,
 * their answers taken in. That is why a transition's work has its place before the gate is left.
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Semaphore from "effect/Semaphore"

export interface Gate {
  /** Beside the others. */
  readonly shared: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** Alone: whoever comes meanwhile waits until it has ended. */
  readonly exclusive: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
}

/** More than there ever are at a time. */
const permits = 64

export const make = (): Gate => {
  const semaphore = Semaphore.makeUnsafe(permits)
  const open = Latch.makeUnsafe(true)
  return {
    shared: (effect) => Effect.andThen(open.await, semaphore.withPermit(effect)),
    exclusive: (effect) =>
      Effect.suspend(() => {
        open.closeUnsafe()
        return Effect.ensuring(semaphore.withPermits(permits)(effect), Effect.sync(() => open.openUnsafe()))
      })
  }
}
