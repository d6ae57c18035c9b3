/** Outcomes that somebody outside has decided: encoded and checked, and told from others. */
import * as Effect from "effect/Effect"
import type { AnyAction } from "../../Action.ts"
import type { PlainSchema } from "../../Actor.ts"
import { checkPayload, codecOf } from "../../domain/Codec.ts"
import { isEncrypting } from "../../domain/Encrypted.ts"
import { completedAs, completedWith, tidyText } from "../../domain/Failure.ts"
import { afterStatuses, type CompletionOutcome } from "../../Outcome.ts"
import { InvalidOutcome, type PayloadTooLarge, type UnstorableText } from "../../SteppedError.ts"
import type { GivenOutcome } from "../../store/Store.ts"

/** What tells an outcome from others. */
export interface Identity {
  readonly status: GivenOutcome["status"]
  readonly result: unknown
  readonly error: unknown
}

export const identityOf = (
  action: AnyAction,
  outcome: CompletionOutcome<unknown, unknown>,
  { cause, result, status }: GivenOutcome
): Effect.Effect<Identity> => {
  const error = cause?.error ?? null
  return outcome.status === "succeeded"
    ? Effect.map(codecOf(action.success).identify(outcome.result, result), (result) => ({ status, result, error }))
    : outcome.status === "failed" && outcome.cause !== undefined
    ? Effect.map(codecOf(action.error).identify(outcome.cause, error), (error) => ({ status, result, error }))
    : Effect.succeed({ status, result, error })
}

/** An outcome given from outside, encoded and checked against a limit in bytes. */
export const encodingOutcomes = (limit: number) =>
(
  action: AnyAction,
  outcome: CompletionOutcome<unknown, unknown>
): Effect.Effect<GivenOutcome, InvalidOutcome | PayloadTooLarge | UnstorableText> =>
  Effect.gen(function*() {
    const invalid = ({ message }: { readonly message: string }) =>
      new InvalidOutcome({ action: action.name, issue: tidyText(message) })
    const { status } = outcome
    if (!afterStatuses.includes(status)) {
      return yield* invalid({ message: `${String(status)} is none of ${afterStatuses.join(", ")}` })
    }
    const encoded = (what: string, schema: PlainSchema, value: unknown) =>
      Effect.mapError(codecOf(schema).encode(value), invalid).pipe(
        Effect.tap((json) => checkPayload(`${what} of ${action.name}`, json, limit)),
        Effect.catchTag("NotJson", (error) => Effect.fail(invalid(error)))
      )
    switch (outcome.status) {
      case "succeeded":
        return { status, result: yield* encoded("result", action.success, outcome.result), cause: null }
      case "failed": {
        if (outcome.cause === undefined) return { status, result: null, cause: completedAs(outcome.status) }
        const error = yield* encoded("error", action.error, outcome.cause)
        return { status, result: null, cause: completedWith(outcome.cause, error, isEncrypting(action.error)) }
      }
      default:
        return { status, result: null, cause: completedAs(outcome.status) }
    }
  })
