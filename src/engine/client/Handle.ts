/** Handles: what whoever has enqueued an action, or knows its id, can ask of it. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { AnyAction } from "../../Action.ts"
import type { ActionHandle, ActionSnapshot, CancelOptions } from "../../ActionHandle.ts"
import type { ActionRecord } from "../../ActionRecord.ts"
import type { ActorRef } from "../../Actor.ts"
import { readDuration } from "../../domain/duration.ts"
import { actionText } from "../../domain/Failure.ts"
import { definitionKey } from "../../domain/Key.ts"
import { asStored, isActionId } from "../../domain/Phase.ts"
import type { Engine } from "../../Engine.ts"
import type { AnySignal, SendOptions, Sent } from "../../Signal.ts"
import {
  AwaitTimedOut,
  type InvalidDuration,
  type StorageError,
  UnknownAction,
  WouldWaitForItself
} from "../../SteppedError.ts"
import { realClock } from "../../store/RealClock.ts"
import { encodeActorId } from "../invoke/invocation.ts"
import { readOutcome } from "../readOutcome.ts"
import type { Completing } from "./complete.ts"
import type { ClientContext } from "./context.ts"
import type { Explaining } from "./explain.ts"
import { follow } from "./follow.ts"
import type { Check } from "./OutcomeWatcher.ts"
import type { SendTo } from "./send.ts"

/** How long the last look may take of who does not wait any longer, in ms. */
const lastLookMs = 1000

/** Makes the handle of an action, enqueued here. */
export type MakeHandle = (ref: ActorRef, actorId: string, action: AnyAction, id: string) => ActionHandle

export const make = (
  engine: ClientContext,
  completing: Completing,
  sendTo: SendTo,
  explaining: Pick<Explaining, "explainStored">
): MakeHandle => {
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

  const awaitedOutside = (key: string, actorId: string, action: AnyAction, id: string) =>
    Effect.flatMap(
      watcher.wait(id, asked(key, actorId, id)),
      (found) => readOutcome(actorId, action, key, found)
    )

  /** Inside a transaction nothing is waited for, and nothing cut off: an interrupted statement would take the program's own back. */
  const insideOr = (
    key: string,
    actorId: string,
    action: AnyAction,
    id: string,
    outside: Effect.Effect<unknown, unknown>
  ) => Effect.flatMap(store.inTransaction, (inside) => inside ? awaitInside(key, actorId, action, id) : outside)

  const awaited = (key: string, actorId: string, action: AnyAction, id: string) =>
    insideOr(key, actorId, action, id, awaitedOutside(key, actorId, action, id))

  /** What is over by now, if the database says so at once. */
  const overBy = (id: string, check: Check) =>
    Effect.map(
      Effect.provideService(
        Effect.timeoutOption(Effect.option(store.outcomes([id])), lastLookMs),
        Clock.Clock,
        realClock
      ),
      (answer) => {
        const found = Option.getOrUndefined(Option.flatten(answer))?.[0]
        return found?.state === "ended" && check(found) === undefined ? found : undefined
      }
    )

  const awaitedFor = (duration: unknown, key: string, actorId: string, action: AnyAction, id: string) =>
    Effect.suspend(() => {
      let waitedMs: number
      try {
        waitedMs = readDuration(`awaitFor of ${action.name}`, duration, { least: 0 })
      } catch (error) {
        return Effect.fail(error as InvalidDuration)
      }
      const outside = Effect.timeoutOrElse(awaitedOutside(key, actorId, action, id), {
        duration: waitedMs,
        orElse: () =>
          // who has heard nothing yet of the end may be told of it only with the next look
          Effect.flatMap(overBy(id, asked(key, actorId, id)), (found) =>
            found === undefined
              ? Effect.fail(new AwaitTimedOut({ action: actionText(key, actorId), actionId: id, waitedMs }))
              : readOutcome(actorId, action, key, found))
      })
      return insideOr(key, actorId, action, id, outside)
    })

  const statusOf = (key: string, actorId: string, id: string) =>
    Effect.flatMap(store.stateOf(id), (found): Effect.Effect<ActionSnapshot, UnknownAction | StorageError> => {
      if (found === undefined || found.state === "unknown") return Effect.fail(new UnknownAction({ actionId: id }))
      const other = asked(key, actorId, id)(found)
      if (other !== undefined) return Effect.fail(other)
      const successor = found.final === id ? undefined : found.final
      const own = found.own ?? (successor === undefined ? found.status : undefined)
      const status = own ?? (successor === undefined ? "queued" : "joined")
      const snapshot: ActionSnapshot = { id, status, successor, unwinding: found.unwinding }
      return found.saysMore
        ? Effect.map(store.actionsOf([found.final]), ([record]) => ({ ...snapshot, ...saidOf(record) }))
        : Effect.succeed(snapshot)
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
    get awaitFor() {
      return ((duration) => awaitedFor(duration, this.#key, this.#actorId, this.#action, this.id)) as ActionHandle[
        "awaitFor"
      ]
    }
    get #target() {
      return { id: this.id, definition: this.#key, actorId: this.#actorId }
    }
    get cancel() {
      const target = this.#target
      return (options?: CancelOptions) => completing.cancel(target, options)
    }
    get send() {
      const target = this.#target
      return (signal: AnySignal, value?: unknown, options?: SendOptions) =>
        sendTo(target, { signal, value, options, isFailure: false })
    }
    get sendFailure() {
      const target = this.#target
      return (signal: AnySignal, value: unknown, options?: SendOptions) =>
        sendTo(target, { signal, value, options, isFailure: true })
    }
    get explain() {
      return explaining.explainStored(this.id, {
        action: this.#action,
        definition: this.#key,
        actorId: this.#actorId
      })
    }
    get events() {
      return follow(this.id, asked(this.#key, this.#actorId, this.id), engine)
    }
    get status() {
      return statusOf(this.#key, this.#actorId, this.id)
    }
  }

  return (ref, actorId, action, id) => new Handle(ref, actorId, action, id)
}

/** What a step, or whoever it waits for, has said. */
const saidOf = (record: ActionRecord | undefined): Pick<ActionSnapshot, "progress" | "heartbeat"> => ({
  ...record?.progress === undefined ? {} : { progress: record.progress },
  ...record?.heartbeat === undefined ? {} : { heartbeat: record.heartbeat }
})

/** A handle of an action that was enqueued elsewhere, whose id may be anything. */
export const handleOf = (makeHandle: MakeHandle): Engine["Service"]["handle"] => (ref, action, id) =>
  Effect.map(encodeActorId(ref), (actorId) => {
    const made = makeHandle(ref, actorId, action, asStored(id))
    const unknown = Effect.fail(new UnknownAction({ actionId: id }))
    // one text that is no id would fail the look at all the others
    if (isActionId(id)) return made
    const none = () => Effect.succeed<Sent>("none")
    return {
      id,
      actor: ref,
      action: made.action,
      await: unknown,
      awaitFor: () => unknown,
      events: Stream.fromEffect(unknown),
      status: unknown,
      explain: unknown,
      cancel: () => unknown,
      send: none,
      sendFailure: none
    }
  })
