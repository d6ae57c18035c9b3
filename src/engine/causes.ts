/** Failures on their way into storage and back: a typed error is encoded with its schema, and comes back typed. */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { PlainSchema } from "../Actor.ts"
import { codecOf, fits, jsonText } from "../domain/Codec.ts"
import { isEncrypting } from "../domain/Encrypted.ts"
import {
  actionText,
  actorText,
  errorText,
  type FailureCause,
  fromBody,
  heartbeatTimedOut,
  incompatible,
  signalTimedOut,
  stepTimedOut,
  tidyText,
  typedErrorIn,
  unexplained
} from "../domain/Failure.ts"
import {
  ActionFailed,
  Deadlocked,
  HeartbeatTimedOut,
  IncompatibleSignal,
  ResultsTooLarge,
  SignalTimedOut,
  StepTimedOut
} from "../SteppedError.ts"

/** Stores what user code failed with: typed failures with their schema, everything else by its text. */
export const fromCause = (
  cause: Cause.Cause<unknown>,
  options: {
    readonly place: string
    readonly error: PlainSchema
    readonly limit: number
    /** It is what undoes something that has failed, which declares no errors: nothing but its message says why. */
    readonly isLeft?: boolean
  }
): Effect.Effect<FailureCause> => {
  const { error: schema, isLeft = false, limit, place } = options
  const failure = typedErrorIn(cause)
  if (failure === undefined) return Effect.succeed(fromBody(cause, place, {}))
  const { error } = failure
  if (error instanceof StepTimedOut) return Effect.succeed(stepTimedOut(place, error.timeoutMs))
  if (error instanceof SignalTimedOut) return Effect.succeed(signalTimedOut(place, error.signal))
  if (error instanceof HeartbeatTimedOut) {
    return Effect.succeed(heartbeatTimedOut(place, error.signal, error.details))
  }
  if (error instanceof IncompatibleSignal) return Effect.succeed(incompatible(place, tidyText(errorText(error))))
  const asData = error instanceof ResultsTooLarge
    ? { error: { ...error } }
    : error instanceof ActionFailed && error.error !== undefined
    // it is still that action's, whoever passes it on
    ? {
      error: Redacted.value(error.error.encoded),
      declaredBy: { action: error.error.action, actor: error.error.actor }
    }
    : error instanceof Deadlocked
    ? { cycle: error.cycle }
    : {}
  return Effect.map(
    // what its schema refuses, or is no JSON, is described all the same
    Effect.exit(
      Effect.map(codecOf(schema).encode(error), (encoded) => ({ encoded, text: jsonText("error", encoded) }))
    ),
    (exit) =>
      fromBody(
        cause,
        place,
        exit._tag === "Success" && fits(exit.value.encoded, exit.value.text, limit)
          ? { error: exit.value.encoded, own: true }
          : asData,
        { isEncrypted: isEncrypting(schema) && exit._tag === "Success", isLeft }
      )
  )
}

/** A stored failure as whoever waits gets it: the action's own typed error, or `ActionFailed` with the path. */
export const errorOf = (
  of: { readonly key: string; readonly definition: { readonly error: PlainSchema } },
  id: string,
  actorId: string,
  stored: FailureCause | null
): Effect.Effect<unknown> => {
  const name = of.key.split("/")[1]!
  const actor = actorText(of.key, actorId)
  const cause = stored ?? unexplained(actionText(of.key, actorId), "failed")
  const declaredBy = cause.own === true ? { action: name, actor } : cause.declaredBy
  const other = new ActionFailed({
    action: name,
    actor,
    actionId: id,
    path: cause.path,
    kind: cause.kind,
    reason: cause.message,
    ...declaredBy === undefined ? {} : { error: { ...declaredBy, encoded: Redacted.make(cause.error) } }
  })
  return cause.own === true
    ? Effect.catchCause(codecOf(of.definition.error).decode(cause.error), () => Effect.succeed(other))
    : Effect.succeed(other)
}
