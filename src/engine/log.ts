/**
 * What the engine itself says in the program's log. A logger that fails, perhaps on what it was given, must not end what speaks: a loop
 * that is gone takes nothing any more, and nobody hears of it.
 */
import * as Effect from "effect/Effect"

export const logInfo = (...message: ReadonlyArray<unknown>): Effect.Effect<void> =>
  Effect.ignoreCause(Effect.logInfo(...message))

export const logWarning = (...message: ReadonlyArray<unknown>): Effect.Effect<void> =>
  Effect.ignoreCause(Effect.logWarning(...message))

export const logError = (...message: ReadonlyArray<unknown>): Effect.Effect<void> =>
  Effect.ignoreCause(Effect.logError(...message))
