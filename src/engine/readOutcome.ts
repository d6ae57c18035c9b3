/** What became of an action, as whoever waits for it gets it: its typed success, or the error that says why there is none. */
import * as Effect from "effect/Effect"
import { codecOf } from "../domain/Codec.ts"
import { actionText, actorText, tidyText } from "../domain/Failure.ts"
import type { PlainSchema } from "../domain/PlainSchema.ts"
import {
  Cancelled,
  Deadlocked,
  Forgotten,
  IncompatibleResult,
  LaneBusy,
  LaneFull,
  Superseded,
  TimedOut,
  type WaitError
} from "../SteppedError.ts"
import type { Found } from "../store/Store.ts"
import { errorOf } from "./causes.ts"

/** What the end of an action is read with. */
export interface OutcomeSchemas {
  readonly success: PlainSchema
  readonly error: PlainSchema
}

/** Reads what was found with the schemas of the action that was asked for: it may come from another definition, or an older deploy. */
export const readOutcome = (
  actorId: string,
  schemas: OutcomeSchemas,
  asked: string,
  found: Pick<Found, "final" | "status" | "result" | "cause" | "forgotten" | "definition" | "actorId">
): Effect.Effect<unknown, WaitError | unknown> => {
  const key = found.definition ?? asked
  const at = found.actorId ?? actorId
  const ended = {
    action: key.split("/")[1]!,
    actor: actorText(key, at),
    actionId: found.final,
    path: found.cause?.path ?? actionText(key, at)
  }
  if (found.forgotten) return Effect.fail(new Forgotten(ended))
  const lane = found.cause?.lane ?? ""
  switch (found.status) {
    case "succeeded":
      return Effect.mapError(
        codecOf(schemas.success).decode(found.result),
        (error) => new IncompatibleResult({ ...ended, issue: tidyText(error.message), schema: "success" })
      )
    case "failed":
      return Effect.flatMap(
        errorOf({ key, definition: schemas }, found.final, at, found.cause),
        (error) => Effect.fail(error)
      )
    case "timed_out":
      return Effect.fail(
        new TimedOut({
          ...ended,
          ...found.cause?.kind === "heartbeat_timed_out" ? { reason: found.cause.message } : {}
        })
      )
    case "deadlocked":
      return Effect.fail(
        new Deadlocked({
          ...ended,
          reason: found.cause?.message ?? "deadlocked",
          cycle: found.cause?.cycle ?? []
        })
      )
    case "superseded":
      return Effect.fail(new Superseded({ ...ended, lane }))
    default:
      return Effect.fail(
        found.cause?.kind === "lane_busy"
          ? new LaneBusy({ ...ended, lane })
          : found.cause?.kind === "lane_full"
          ? new LaneFull({ ...ended, lane })
          : new Cancelled({ ...ended, ...found.cause?.reason === undefined ? {} : { reason: found.cause.reason } })
      )
  }
}
