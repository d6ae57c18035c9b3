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

export const make = (engine: ClientContext, completing: Completing): MakeHandle => {
  const { store, watcher } = engine

  /** Whether what the id names is what it was taken for. */
  const asked = (key: string, actorId: string, id: string): Check => ({ ownActorId, ownDefinition }) =>
    ownDefinition === null || ownActorId === null || (ownDefinition === key && ownActorId === actorId)
      ? undefined
      : new UnknownAction({
        actionId: id,
        asked: actionText(key, actorId),
        found: actionText(ownDefinition, ownActorId)
      })

  /** On the transaction's own connection: what it has not committed nobody can have performed. */
  const awaitInside = (key: string, actorId: string, action: AnyAction, id: string) =>
    Effect.flatMap(store.outcomes([id]), ([found]): Effect.Effect<unknown, unknown> => {
      const other = found === undefined ? undefined : asked(key, actorId, id)(found)
      return other !== undefined
        ? Effect.fail(other)
        : found?.state === "ended"
        ? readOutcome(actorId, action, key, found)
        : Effect.fail(new WouldWaitForItself({ action: action.name }))
    })

  const awaited = (key: string, actorId: string, action: AnyAction, id: string) =>
    Effect.flatMap(store.inTransaction, (inside) =>
      inside ? awaitInside(key, actorId, action, id) : Effect.flatMap(
        watcher.wait(id, asked(key, actorId, id)),
        (found) => readOutcome(actorId, action, key, found)
      ))

  const statusOf = (key: string, actorId: string, id: string) =>
    Effect.flatMap(store.outcomes([id]), ([found]): Effect.Effect<ActionSnapshot, UnknownAction> => {
      if (found === undefined || found.state === "unknown") return Effect.fail(new UnknownAction({ actionId: id }))
      const other = asked(key, actorId, id)(found)
      if (other !== undefined) return Effect.fail(other)
      const successor = found.final === id ? undefined : found.final
      const own = found.own ?? (successor === undefined ? found.status : undefined)
      const status = own ?? (successor === undefined ? "queued" : "joined")
      return Effect.succeed({ id, status, successor })
    })

  // what is asked of it is put together when it is: most handles are only kept, or not even that
  class Handle implements ActionHandle {
    readonly id: string
    readonly actor: ActorRef
    readonly action: string
    readonly #actorId: string
    readonly #action: AnyAction
    constructor(ref: ActorRef, actorId: string, action: AnyAction, id: string) {
      this.id = id
      this.actor = ref
      this.action = action.name
      this.#actorId = actorId
      this.#action = action
    }
    get #key(): string {
      return definitionKey(this.actor.type, this.action)
    }
    get await() {
      return awaited(this.#key, this.#actorId, this.#action, this.id) as ActionHandle["await"]
    }
    get cancel() {
      return completing.cancel({ id: this.id, definition: this.#key, actorId: this.#actorId })
    }
    get status() {
      return statusOf(this.#key, this.#actorId, this.id)
    }
  }

  return (ref, actorId, action, id) => new Handle(ref, actorId, action, id)
}

/** A handle of an action that was enqueued elsewhere, whose id may be anything. */
export const handleOf = (makeHandle: MakeHandle): Engine["Service"]["handle"] => (ref, action, id) =>
  Effect.map(encodeActorId(ref), (actorId) => {
    const made = makeHandle(ref, actorId, action, id)
    const unknown = Effect.fail(new UnknownAction({ actionId: id }))
    // one text that is no id would fail the look at all the others
    if (isActionId(id)) return made
    return { id, actor: ref, action: made.action, await: unknown, status: unknown, cancel: unknown }
  })
