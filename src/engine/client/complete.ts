/** Ending actions from outside: cancelling, completing by id or by name, and what a job says that has the action in hand. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { AnyAction } from "../../Action.ts"
import type { ActorRef, PlainSchema } from "../../Actor.ts"
import { checkPayload, codecOf } from "../../domain/Codec.ts"
import { actionText, cancelled, completedAs, completedWith, tidyText } from "../../domain/Failure.ts"
import { definitionKey } from "../../domain/Key.ts"
import { isActionId } from "../../domain/Phase.ts"
import type { Engine } from "../../Engine.ts"
import { afterStatuses, type CompletionOutcome } from "../../Outcome.ts"
import {
  AmbiguousCompletion,
  type CompletionError,
  InvalidOutcome,
  NotStarted,
  type PayloadTooLarge,
  StorageError,
  UnknownAction,
  type UnstorableText,
  type UnsuitableIsolation
} from "../../SteppedError.ts"
import type { Verdict } from "../../store/Answer.ts"
import type { Catalog, GivenOutcome } from "../../store/Store.ts"
import { encodeActorId } from "../invoke/invocation.ts"
import { log } from "../log.ts"
import type { Performance } from "../perform/Performance.ts"
import { retryAtStart, retryWhileBusy } from "../retrying.ts"
import type { ClientContext } from "./context.ts"

/** What is to be ended. */
interface Target {
  /** None means the performing outbound action of the definition and actor. */
  readonly id: string | null
  readonly definition: string
  readonly actorId: string | null
}

export interface Completing {
  readonly complete: Engine["Service"]["complete"]
  readonly cancel: (
    target: { readonly id: string; readonly definition: string; readonly actorId: string }
  ) => Effect.Effect<boolean, UnknownAction | StorageError | UnsuitableIsolation>
  /** For a body that has its action in hand; `completed` is told when that is certain. */
  readonly completeHeld: (
    performance: Performance,
    outcome: CompletionOutcome<unknown, unknown>,
    completed: () => void
  ) => Effect.Effect<boolean, CompletionError>
}

export const make = (
  engine: Pick<ClientContext, "store" | "settings" | "registry" | "now" | "wakeups" | "workers">
): Completing => {
  const { settings, store } = engine
  const encodeOutcome = encodingOutcomes(settings.payload)
  const end = ending(engine)

  const completeById = (id: string, action: AnyAction, outcome: CompletionOutcome<unknown, unknown>) =>
    Effect.gen(function*() {
      if (!isActionId(id)) return yield* new UnknownAction({ actionId: id })
      const encoded = yield* encodeOutcome(action, outcome)
      const verdict = yield* end({ id, definition: action.name, actorId: null }, encoded, true, undefined)
      if (verdict._tag === "NotStarted") {
        return yield* new NotStarted({ action: actionText(verdict.definition, verdict.actorId), actionId: id })
      }
      yield* refuseUnknown(id, action.name, verdict)
      return verdict._tag === "Done" ? Option.some(verdict.action) : Option.none()
    })

  const completeByName = (ref: ActorRef, action: AnyAction, outcome: CompletionOutcome<unknown, unknown>) =>
    Effect.gen(function*() {
      const key = definitionKey(ref.type, action.name)
      const text = yield* encodeActorId(ref)
      const encoded = yield* encodeOutcome(action, outcome)
      const verdict = yield* end({ id: null, definition: key, actorId: text }, encoded, true, undefined)
      if (verdict._tag === "Ambiguous") {
        return yield* new AmbiguousCompletion({
          actor: `${ref.type}/${text}`,
          action: action.name,
          actionIds: [...verdict.actions]
        })
      }
      return verdict._tag === "Done" ? Option.some(verdict.action) : Option.none()
    })

  return {
    complete: (target, action, outcome) =>
      typeof target === "string" ? completeById(target, action, outcome) : completeByName(target, action, outcome),
    cancel: (target) => {
      const text = actionText(target.definition, target.actorId)
      return Effect.flatMap(
        end(target, { status: "cancelled", result: null, cause: cancelled }, false, undefined),
        (verdict) => Effect.as(refuseUnknown(target.id, text, verdict), verdict._tag === "Done")
      )
    },
    completeHeld: ({ actorId, id, runnable }, outcome, completed) =>
      Effect.gen(function*() {
        const encoded = yield* encodeOutcome(runnable.action, outcome)
        // the job that completes its action is not ended for it; callbacks that begin here, or a comparison with the rows, may still
        const ended = end({ id, definition: runnable.key, actorId }, encoded, true, id)
        const inside = yield* store.inTransaction
        const verdict = yield* (inside ? ended : retryAtStart(ended))
        if (verdict._tag !== "Done") return false
        yield* store.afterCommit(Effect.sync(completed))
        return true
      })
  }
}

/** A failure that somebody outside has decided is nowhere else to be seen. */
const sayFailure = (
  { action, actorId, definition }: Extract<Verdict, { readonly _tag: "Done" }>,
  { cause, status }: GivenOutcome
) => {
  if (status !== "failed" && status !== "timed_out") return Effect.void
  const why = cause === null ? "" : `: ${cause.message}`
  return log.info(`${actionText(definition, actorId)} was completed as ${status.replaceAll("_", " ")}${why}`, {
    action: definition,
    actorId,
    actionId: action
  })
}

/** Ends one action; whoever holds its rows just now gets a moment to finish. `spare` is the action that asks. */
const ending = (engine: Pick<ClientContext, "store" | "registry" | "now" | "wakeups" | "workers">) => {
  const { now, registry, store, wakeups } = engine
  /** Where it is known whose it is. */
  const queueOf = ({ actorId, definition }: Target) =>
    actorId === null ? undefined : registry.byKey(definition)?.definition.queue
  return (
    target: Target,
    outcome: GivenOutcome,
    outbound: boolean,
    spare: string | undefined
  ): Effect.Effect<Exclude<Verdict, { readonly _tag: "Busy" }>, StorageError | UnsuitableIsolation> =>
    Effect.gen(function*() {
      const inside = yield* store.inTransaction
      const at = yield* now
      const complete = (token: bigint | null, catalog: Catalog) =>
        store.complete({ token, now: at, catalog, ...target, outcome, outbound })
      // an open transaction may roll back: nothing of it is handed over to this worker
      const once = Effect.suspend(() =>
        inside
          ? Effect.mapError(complete(null, registry.catalog()), store.inOpenTransaction("ending an action"))
          : engine.workers.fromOutside(complete, queueOf(target), spare)
      )
      const { answer, verdict } = yield* retryWhileBusy(once, ({ verdict }) => verdict._tag === "Busy")
      const tell = Effect.sync(wakeups.ended)
      const told = verdict._tag === "Done" ? Effect.andThen(tell, sayFailure(verdict, outcome)) : tell
      yield* inside ? store.afterCommit(Effect.andThen(engine.workers.take(answer, spare), told)) : told
      if (verdict._tag !== "Busy") return verdict
      return yield* new StorageError({
        operation: "complete",
        isRetryable: true,
        cause: new Error("the action is being changed by somebody else")
      })
    })
}

/** Refuses an id that names nothing, or something else than it was taken for. */
const refuseUnknown = (id: string, asked: string, verdict: Verdict): Effect.Effect<void, UnknownAction> =>
  verdict._tag === "Other"
    ? Effect.fail(new UnknownAction({ actionId: id, asked, found: actionText(verdict.definition, verdict.actorId) }))
    : verdict._tag === "None"
    ? Effect.fail(new UnknownAction({ actionId: id }))
    : Effect.void

/** An outcome given from outside, encoded and checked against a limit in bytes. */
const encodingOutcomes = (limit: number) =>
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
        return { status, result: null, cause: completedWith(outcome.cause, error) }
      }
      default:
        return { status, result: null, cause: completedAs(outcome.status) }
    }
  })
