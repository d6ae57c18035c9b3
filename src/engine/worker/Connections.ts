/** Which connection a call of the worker takes: one of its own, where there are some, or the program's pool. */
import * as Effect from "effect/Effect"
import type { StorageError } from "../../SteppedError.ts"
import type { OwnConnections } from "../../store/OwnConnections.ts"

export interface Connections {
  /** On a connection of the worker's own, where there is one. */
  readonly ask: <A, E>(call: Effect.Effect<A, E>) => Effect.Effect<A, E | StorageError>
  /** The same, before all others: what the lease hangs on. */
  readonly urgently: <A, E>(call: Effect.Effect<A, E>) => Effect.Effect<A, E | StorageError>
  /** From now on these, or none any more. */
  readonly keep: (own: OwnConnections | undefined) => void
}

export const make = (): Connections => {
  // invariant: set while the worker runs, from before its first call until after its last one
  let own: OwnConnections | undefined
  const asking = (urgent: boolean) => <A, E>(call: Effect.Effect<A, E>): Effect.Effect<A, E | StorageError> =>
    Effect.suspend((): Effect.Effect<A, E | StorageError> => own === undefined ? call : own.use(call, urgent))
  return {
    ask: asking(false),
    urgently: asking(true),
    keep: (given) => {
      own = given
    }
  }
}
