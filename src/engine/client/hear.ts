/** What is heard of systems outside: by id, by actor and action, or by a token that a step has given away. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { AnyAction } from "../../Action.ts"
import type { ActorRef } from "../../Actor.ts"
import { checkPayload } from "../../domain/Codec.ts"
import { readDuration } from "../../domain/duration.ts"
import { definitionKey } from "../../domain/Key.ts"
import { isActionId } from "../../domain/Phase.ts"
import type { Engine } from "../../Engine.ts"
import {
  AmbiguousTarget,
  type HeartbeatError,
  type InvalidActorId,
  type InvalidDuration,
  InvalidOption
} from "../../SteppedError.ts"
import type { NewHeartbeat } from "../../store/Sending.ts"
import type { TokenClaims } from "../../Tokens.ts"
import { encodeActorId } from "../invoke/invocation.ts"
import type { ClientContext } from "./context.ts"

/** Bytes of what is said with a heartbeat. */
const detailsLimit = 1000

type Target = string | ActorRef | TokenClaims

/** Who is heard. */
type Whom = Pick<NewHeartbeat, "id" | "definition" | "actorId" | "from" | "signal">

export const make = (
  { now, store }: Pick<ClientContext, "now" | "store">
): Pick<Engine["Service"], "heartbeat" | "extendTimeout"> => {
  const hear = (
    whom: Whom,
    said: Pick<NewHeartbeat, "details" | "by">
  ): Effect.Effect<"Heard" | "Late" | "None", HeartbeatError> =>
    Effect.gen(function*() {
      // no id of an action
      if (whom.id !== null && !isActionId(whom.id)) return "None"
      const stored = store.hear({ ...whom, ...said, now: yield* now })
      const inside = yield* store.inTransaction
      const heard = yield* inside
        ? Effect.mapError(stored, store.inOpenTransaction("a heartbeat"))
        : stored
      if (heard._tag !== "Ambiguous") return heard._tag
      const [type, action] = whom.definition!.split("/") as [string, string]
      return yield* new AmbiguousTarget({ actor: `${type}/${whom.actorId}`, action, actionIds: heard.actions })
    })

  return {
    heartbeat: (target, action, details) =>
      Effect.gen(function*() {
        yield* checkDetails(details)
        const heard = yield* hear(yield* whomOf(target, action), { details, by: undefined })
        return heard === "Heard" ? "heard" : heard === "Late" ? "late" : "none"
      }),
    extendTimeout: (target, action, by) =>
      Effect.gen(function*() {
        const millis = yield* readBy(by)
        const heard = yield* hear(yield* whomOf(target, action), { details: undefined, by: millis })
        return heard === "Heard" ? "extended" : heard === "Late" ? "late" : "none"
      })
  }
}

const nobody: Whom = { id: null, definition: null, actorId: null, from: undefined, signal: null }

const whomOf = (target: Target, action: AnyAction | undefined): Effect.Effect<Whom, InvalidActorId> => {
  if (typeof target === "string") return Effect.succeed({ ...nobody, id: target })
  if ("attempt" in target) {
    const { attempt, signal = null, step } = target
    return Effect.succeed({ ...nobody, id: target.action, from: { step, attempt }, signal })
  }
  return Effect.map(
    encodeActorId(target),
    (actorId) => ({ ...nobody, definition: definitionKey(target.type, action!.name), actorId })
  )
}

const isJson = Schema.is(Schema.Json)

const checkDetails = (details: unknown): Effect.Effect<void, HeartbeatError> => {
  const option = "details of Stepped.heartbeat"
  const refused = Effect.fail(
    new InvalidOption({
      option,
      value: typeof details,
      takes: "JSON: texts, finite numbers, true and false, lists of them"
    })
  )
  return details === undefined
    ? Effect.void
    : isJson(details)
    ? Effect.catchTag(checkPayload(option, details, detailsLimit), "NotJson", () => refused)
    : refused
}

const readBy = (by: Duration.Input): Effect.Effect<number, InvalidDuration> =>
  Effect.try({
    try: () => Math.ceil(readDuration("by of Stepped.extendTimeout", by, { least: 1 })),
    catch: (error) => error as InvalidDuration
  })
