/** User time, for whoever asks the storage for something: the engine, and the services beside it. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/**
 * The time that programs see.
 *
 * @internal
 */
export class UserTime extends Context.Service<UserTime, {
  /** In whole ms. */
  readonly now: Effect.Effect<number>
  /** Goes on following the database's clock, where that is followed, until the scope ends. */
  readonly following: Effect.Effect<void, never, Scope.Scope>
}>()("stepped/store/UserTime") {}
