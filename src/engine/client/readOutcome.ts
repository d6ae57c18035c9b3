/** What became of an action, as whoever waits for it gets it: its typed success, or the error that says why there is none. */
import * as Effect from "effect/Effect"
import type { AnyAction } from "../../Action.ts"
import { codecOf, tidyText } from "../../domain/Codec.ts"
import { Cancelled, Deadlocked, IncompatibleResult, TimedOut, type WaitError } from "../../SteppedError.ts"
import type { StoredCause } from "../../store/Conclusion.ts"
import type { Found } from "../../store/Store.ts"
import { actionText, errorOf, line } from "../causes.ts"

/** Reads what was found with the schemas of the action that was asked for: it may come from another definition, or an older deploy. */
export const readOutcome = (
  actorId: string,
  action: AnyAction,
  asked: string,
  found: Found
): Effect.Effect<unknown, WaitError | unknown> => {
  const key = found.definition ?? asked
  const at = found.actorId ?? actorId
  const [type, name] = key.split("/") as [string, string]
  const cause = found.cause as StoredCause | null
  const ended = {
    action: name,
    actor: `${type}/${at}`,
    actionId: found.final,
    path: line(cause, actionText(key, at), found.status ?? "failed")
  }
  switch (found.status) {
    case "succeeded":
      return Effect.mapError(
        codecOf(action.success).decode(found.result),
        (error) => new IncompatibleResult({ ...ended, path: actionText(key, at), issue: tidyText(error.message) })
      )
    case "failed":
      return Effect.flatMap(
        errorOf({ key, definition: action.definition }, found.final, at, cause),
        (error) => Effect.fail(error)
      )
    case "timed_out":
      return Effect.fail(new TimedOut({ ...ended, path: actionText(key, at) }))
    case "deadlocked":
      return Effect.fail(new Deadlocked({ ...ended, path: actionText(key, at) }))
    default:
      return Effect.fail(new Cancelled({ ...ended, path: cause?.path ?? actionText(key, at) }))
  }
}
