/** Connections that a worker keeps for the engine: bodies that use up the rest of the program's pool hold up neither the lease nor the work. */
import type * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import type { StorageError } from "../SteppedError.ts"

export interface OwnConnections {
  /** Runs a call of the engine on one of them. One is always left for what is urgent. */
  readonly use: <A, E>(call: Effect.Effect<A, E>, urgent?: boolean) => Effect.Effect<A, E | StorageError>
  /** Never gives anything; is interrupted when the client is closed under its worker, which would wait for them for ever. */
  readonly whileOpen: Effect.Effect<never>
}

/** What is kept, and who hears of it. */
export interface Keeping {
  /** Transitions at a time. */
  readonly connections: number
  /** What other workers keep of the same pool. */
  readonly others: number
  readonly listens: boolean
  /** Told when none can be opened, at first and each time that it has taken twice as long, and when one is open again, after so many ms. */
  readonly onTrouble: (cause: Cause.Cause<unknown>) => Effect.Effect<void>
  readonly onOpen: (afterMs: number) => Effect.Effect<void>
}

/** How many are kept for so many transitions at a time: one more each is for the timers and for the lease. */
export const countFor = (connections: number): number => connections + 2
