/** Handles: what whoever has enqueued an action, or knows its id, can ask of it. */
import * as Effect from "effect/Effect"
import type { AnyAction } from "../../Action.ts"
import type { ActionHandle, ActionSnapshot } from "../../ActionHandle.ts"
import type { ActorRef } from "../../Actor.ts"
import { actionText } from "../../domain/Failure.ts"
import { definitionKey } from "../../domain/Key.ts"
import { isActionId } from "../../domain/Phase.ts"
import type { Engine } from "../../Engine.ts"
import { UnknownAction, WouldWaitForItself } from "../../SteppedError.ts"
import { encodeActorId } from "../invoke/invocation.ts"
import type { Completing } from "./complete.ts"
import type { ClientContext } from "./context.ts"
import type { Check } from "./OutcomeWatcher.ts"
import { readOutcome } from "./readOutcome.ts"

/** Makes the handle of an action, enqueued here. */
export type MakeHandle = (ref: ActorRef, actorId: string, action: AnyAction, id: string) => ActionHandle

export const make = (engine: ClientContext, completing: Completing): MakeHandle => (ref, actorId, action, id) => {
  const { store, watcher } = engine
  const key = definitionKey(ref.type, action.name)
  const text = actionText(key, actorId)

  /** Whether what the id names is what it was taken for. */
  const isAsked: Check = ({ ownActorId, ownDefinition }) =>
    ownDefinition === null || ownActorId === null || (ownDefinition === key && ownActorId === actorId)
      ? undefined
      : new UnknownAction({ actionId: id, asked: text, found: actionText(ownDefinition, ownActorId) })

  /** On the transaction's own connection: what it has not committed nobody can have performed. */
  const awaitInside = Effect.flatMap(store.outcomes([id]), ([found]): Effect.Effect<unknown, unknown> => {
    const other = found === undefined ? undefined : isAsked(found)
    return other !== undefined
      ? Effect.fail(other)
      : found?.state === "ended"
      ? readOutcome(actorId, action, key, found)
      : Effect.fail(new WouldWaitForItself({ action: action.name }))
  })

  return {
    id,
    actor: ref,
    action: action.name,
    await: Effect.flatMap(store.inTransaction, (inside) =>
      inside ? awaitInside : Effect.flatMap(
        watcher.wait(id, isAsked),
        (found) => readOutcome(actorId, action, key, found)
      )),
    cancel: completing.cancel({ id, definition: key, actorId }),
    status: Effect.flatMap(store.outcomes([id]), ([found]): Effect.Effect<ActionSnapshot, UnknownAction> => {
      if (found === undefined || found.state === "unknown") return Effect.fail(new UnknownAction({ actionId: id }))
      const other = isAsked(found)
      if (other !== undefined) return Effect.fail(other)
      const successor = found.final === id ? undefined : found.final
      const own = found.own ?? (successor === undefined ? found.status : undefined)
      const status = own ?? (successor === undefined ? "queued" : "joined")
      return Effect.succeed({ id, status, successor })
    })
  }
}

/** A handle of an action that was enqueued elsewhere, whose id may be anything. */
export const handleOf = (makeHandle: MakeHandle): Engine["Service"]["handle"] => (ref, action, id) =>
  Effect.map(encodeActorId(ref), (actorId) => {
    const made = makeHandle(ref, actorId, action, id)
    const unknown = Effect.fail(new UnknownAction({ actionId: id }))
    // one text that is no id would fail the look at all the others
    return isActionId(id) ? made : { ...made, await: unknown, status: unknown, cancel: unknown }
  })
