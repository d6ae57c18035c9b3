/** Answers that come with tokens: signals that are sent, and actions that are completed. */
import * as Effect from "effect/Effect"
import type { PlainSchema } from "../../Actor.ts"
import { checkPayload, codecOf } from "../../domain/Codec.ts"
import { isEncrypting } from "../../domain/Encrypted.ts"
import { completedAs, completedWith, tidyText } from "../../domain/Failure.ts"
import type { Engine } from "../../Engine.ts"
import { afterStatuses } from "../../Outcome.ts"
import { InvalidOutcome, InvalidSignal, type ReceiveError } from "../../SteppedError.ts"
import type { GivenOutcome } from "../../store/Store.ts"
import type { Received, TokenClaims, TokenOutcome } from "../../Tokens.ts"
import type { Completing } from "./complete.ts"
import type { ClientContext } from "./context.ts"
import { refusedBy, type StoreSignal } from "./send.ts"

export const make = (
  { registry, settings }: Pick<ClientContext, "registry" | "settings">,
  { completeFor }: Pick<Completing, "completeFor">,
  storeSignal: StoreSignal
): Engine["Service"]["receive"] => {
  /** Checked where this process has the definition: what it writes itself is how the same is told from something else. */
  const stored = (
    field: string,
    schema: PlainSchema | undefined,
    given: unknown,
    invalid: (error: { readonly message: string }) => InvalidSignal | InvalidOutcome
  ) =>
    Effect.gen(function*() {
      const value = schema === undefined ? given : yield* Effect.mapError(codecOf(schema).decode(given), invalid)
      const json = schema === undefined ? given ?? null : yield* Effect.mapError(codecOf(schema).encode(value), invalid)
      yield* checkPayload(field, json, settings.payload)
      return { value, json }
    }).pipe(Effect.catchTag("NotJson", (error) => Effect.fail(invalid(error))))

  const send = (
    { action, attempt, definition, step }: TokenClaims,
    name: string,
    key: string,
    outcome: TokenOutcome
  ): Effect.Effect<Received, ReceiveError> =>
    Effect.gen(function*() {
      const invalid = ({ message }: { readonly message: string }) =>
        new InvalidSignal({ signal: name, issue: tidyText(message) })
      if (outcome.status !== "succeeded" && outcome.status !== "failed") {
        return yield* invalid({ message: `it comes with succeeded or failed, and not with ${String(outcome.status)}` })
      }
      const isFailure = outcome.status === "failed"
      if (isFailure && outcome.cause === undefined) {
        return yield* invalid({ message: "as a failure it has the signal's error as its cause" })
      }
      const signal = registry.byKey(definition)?.definition.signals.find((one) => one.name === name)
      const side = isFailure ? "error" : "payload"
      const given = isFailure ? outcome.cause : outcome.result
      const { json, value } = yield* stored(`${side} of ${name}`, signal?.[side], given, invalid)
      const sent = yield* storeSignal({ id: action, definition: null, actorId: null }, {
        name,
        key,
        payload: isFailure ? null : json,
        cause: isFailure ? completedWith(value, json, signal !== undefined && isEncrypting(signal.error)) : null,
        from: { step, attempt }
      })
      switch (sent._tag) {
        case "Sent":
        case "Repeated":
          return "received"
        case "Late":
          return "late"
        case "Conflict":
        case "Full":
          return yield* refusedBy(sent, name, key)
        default:
          return "none"
      }
    })

  const complete = (
    { action, attempt, definition, step }: TokenClaims,
    key: string,
    outcome: TokenOutcome
  ): Effect.Effect<Received, ReceiveError> =>
    Effect.gen(function*() {
      const name = definition.split("/")[1] ?? definition
      const invalid = ({ message }: { readonly message: string }) =>
        new InvalidOutcome({ action: name, issue: tidyText(message) })
      const { status } = outcome
      if (!afterStatuses.includes(status)) {
        return yield* invalid({ message: `${String(status)} is none of ${afterStatuses.join(", ")}` })
      }
      const schemas = registry.byKey(definition)?.action
      let given: GivenOutcome
      if (outcome.status === "succeeded") {
        const { json } = yield* stored(`result of ${name}`, schemas?.success, outcome.result, invalid)
        given = { status, result: json, cause: null }
      } else if (outcome.status === "failed" && outcome.cause !== undefined) {
        const { json, value } = yield* stored(`error of ${name}`, schemas?.error, outcome.cause, invalid)
        given = {
          status,
          result: null,
          cause: completedWith(value, json, schemas !== undefined && isEncrypting(schemas.error))
        }
      } else {
        given = { status, result: null, cause: completedAs(outcome.status) }
      }
      return yield* completeFor(action, given, key, { step, attempt })
    })

  return (claims, key, outcome) =>
    claims.signal === undefined ? complete(claims, key, outcome) : send(claims, claims.signal, key, outcome)
}
