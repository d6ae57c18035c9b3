/** What a step's attempt of a child has come to, as later steps receive it: a success or a failure, both values (rule 9.9). */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Result from "effect/Result"
import { codecOf } from "../../domain/Codec.ts"
import { actionText, actorText, callbackFailed, errorText, type FailedChild, tidyText } from "../../domain/Failure.ts"
import { IncompatibleResult } from "../../SteppedError.ts"
import type { SettledSlot } from "../../store/Answer.ts"
import { type OutcomeSchemas, readOutcome } from "../readOutcome.ts"
import type { Surroundings } from "./Surroundings.ts"

/** The action that has settled a slot: another one than was asked for, where that one was superseded or joined it. */
export const ranFor = (slot: SettledSlot): FailedChild => ({ ...slot, ...slot.ran })

/** Of a schema that a deploy has taken away. */
export const notDeclared = (side: keyof OutcomeSchemas): string =>
  `no action of this name has the ${side} schema that was asked with`

/** Reads how a child has ended with the schemas that were asked with; what they do not fit is a failure of the child, too. */
export const attempted = (
  slot: SettledSlot,
  { child, error }: NonNullable<SettledSlot["asValue"]>,
  { registry }: Pick<Surroundings, "registry">
): Effect.Effect<Result.Result<unknown, unknown>> =>
  Effect.result(Effect.gen(function*() {
    const { actorId, cause: stored, definition, status } = ranFor(slot)
    const name = slot.definition.split("/")[1]!
    const path = actionText(definition, actorId)
    const incompatible = (schema: keyof OutcomeSchemas, issue: string) =>
      new IncompatibleResult({
        action: definition.split("/")[1]!,
        actor: actorText(definition, actorId),
        actionId: child,
        path: stored?.path ?? path,
        schema,
        issue
      })
    const schemas = {
      success: registry.schemaOf("success", name, slot.success),
      error: registry.schemaOf("error", name, error === "" ? null : error)
    }
    // a success whose callbacks have failed has no cause of its own
    const cause = stored ?? (status === "failed" ? callbackFailed(path) : null)
    if (schemas.success === undefined) return yield* incompatible("success", notDeclared("success"))
    if (schemas.error === undefined) return yield* incompatible("error", notDeclared("error"))
    if (status === "failed" && cause?.own === true) {
      // a schema may throw
      const read = yield* Effect.exit(codecOf(schemas.error).decode(cause.error))
      if (Exit.isFailure(read)) return yield* incompatible("error", tidyText(errorText(Cause.squash(read.cause))))
    }
    const found = { final: child, status, result: slot.result, cause, forgotten: false, definition, actorId }
    return yield* readOutcome(actorId, { success: schemas.success, error: schemas.error }, definition, found)
  }))
