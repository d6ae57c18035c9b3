/** Ending actions from outside: cancelling, completing by id or by name, and what a job says that has the action in hand. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { AnyAction } from "../../Action.ts"
import type { CancelOptions } from "../../ActionHandle.ts"
import type { ActorRef } from "../../Actor.ts"
import { actionText, cancelled, tidyText } from "../../domain/Failure.ts"
import { definitionKey } from "../../domain/Key.ts"
import { isActionId } from "../../domain/Phase.ts"
import type { Engine } from "../../Engine.ts"
import type { CompletionOptions, CompletionOutcome } from "../../Outcome.ts"
import {
  AmbiguousCompletion,
  type CancelError,
  CompletionConflict,
  type InvalidOption,
  type JobCompletionError,
  NotStarted,
  StorageError,
  UnknownAction,
  type UnsuitableIsolation
} from "../../SteppedError.ts"
import type { Verdict } from "../../store/Answer.ts"
import { Through } from "../../store/asked.ts"
import type { NewOperation } from "../../store/Records.ts"
import type { AskedBy } from "../../store/Sending.ts"
import type { Catalog, CompletionKey, GivenOutcome } from "../../store/Store.ts"
import type { Received } from "../../Tokens.ts"
import { digestOf, encodeActorId } from "../invoke/invocation.ts"
import { readKey } from "../invoke/options.ts"
import { log } from "../log.ts"
import type { Performance } from "../perform/Performance.ts"
import { retryAtStart, retryWhileBusy } from "../retrying.ts"
import { carrierIn } from "../trace.ts"
import type { ClientContext } from "./context.ts"
import { namedFor } from "./named.ts"
import { encodingOutcomes, type Identity, identityOf } from "./outcomes.ts"

/** What is to be ended. */
interface Target {
  /** None means the performing outbound action of the definition and actor. */
  readonly id: string | null
  /** None means whatever the id names. */
  readonly definition: string | null
  readonly actorId: string | null
}

/** How many one call cancels of an actor's actions. */
const cancelMax = 1000

export interface Completing {
  readonly complete: Engine["Service"]["complete"]
  readonly cancel: (
    target: { readonly id: string; readonly definition: string; readonly actorId: string },
    options: CancelOptions | undefined
  ) => Effect.Effect<boolean, CancelError>
  /** By the id of an action, as its outcome is stored, for whoever has a key that an attempt of a step has given away. */
  readonly completeFor: (
    id: string,
    given: GivenOutcome,
    key: string,
    from: AskedBy
  ) => Effect.Effect<Received, CompletionConflict | StorageError | UnsuitableIsolation>
  readonly cancelById: Engine["Service"]["cancelById"]
  readonly cancelAll: Engine["Service"]["cancelAll"]
  /** For a body that has its action in hand; `completed` is told when that is certain. */
  readonly completeHeld: (
    performance: Performance,
    outcome: CompletionOutcome<unknown, unknown>,
    options: CompletionOptions | undefined,
    completed: () => void
  ) => Effect.Effect<boolean, JobCompletionError>
}

export const make = (
  engine: Pick<ClientContext, "store" | "settings" | "registry" | "now" | "wakeups" | "workers">
): Completing => {
  const { settings, store } = engine
  const encodeOutcome = encodingOutcomes(settings.payload)
  const tryToEnd = ending(engine)
  const end = (...asked: Parameters<typeof tryToEnd>) => Effect.flatMap(tryToEnd(...asked), unlessBusy)

  /** What is given from outside, and its key. */
  const readGiven = (
    target: string,
    action: AnyAction,
    outcome: CompletionOutcome<unknown, unknown>,
    options: CompletionOptions | undefined
  ) =>
    Effect.gen(function*() {
      const key = yield* keyOf(action, options)
      const encoded = yield* encodeOutcome(action, outcome)
      const operation = yield* namedFor(engine.now, "Stepped.complete", target, options)
      return {
        ...encoded,
        key: key === undefined ? undefined : keyFor(key, yield* identityOf(action, outcome, encoded)),
        ...operation && { operation }
      }
    })

  /** A failure's message is made of the error, by whatever version: the error is what counts. */
  const keyFor = (key: string, { error, result, status }: Identity): CompletionKey => ({
    key,
    given: digestOf([status, result, error]),
    kept: settings.keyRetention
  })

  /** The action that was completed, if it was. */
  const completedOf = (
    key: string | undefined,
    verdict: Exclude<Verdict, { readonly _tag: "Busy" }>
  ): Effect.Effect<Option.Option<string>, CompletionConflict> => {
    switch (verdict._tag) {
      case "Done":
      case "Repeated":
        return Effect.succeed(Option.some(verdict.action))
      case "Conflict":
        return Effect.fail(
          new CompletionConflict({
            action: actionText(verdict.definition, verdict.actorId),
            key: key ?? "",
            actionId: verdict.action
          })
        )
      default:
        return Effect.succeed(Option.none())
    }
  }

  const completeById = (
    id: string,
    action: AnyAction,
    outcome: CompletionOutcome<unknown, unknown>,
    options: CompletionOptions | undefined
  ) =>
    Effect.gen(function*() {
      if (!isActionId(id)) return yield* new UnknownAction({ actionId: id })
      const given = yield* readGiven(id, action, outcome, options)
      const verdict = yield* end({ id, definition: action.name, actorId: null }, given, true, undefined)
      if (verdict._tag === "NotStarted") {
        return yield* new NotStarted({ action: actionText(verdict.definition, verdict.actorId), actionId: id })
      }
      yield* refuseUnknown(id, action.name, verdict)
      return yield* completedOf(options?.key, verdict)
    })

  const completeByName = (
    ref: ActorRef,
    action: AnyAction,
    outcome: CompletionOutcome<unknown, unknown>,
    options: CompletionOptions | undefined
  ) =>
    Effect.gen(function*() {
      const key = definitionKey(ref.type, action.name)
      const text = yield* encodeActorId(ref)
      const given = yield* readGiven(key, action, outcome, options)
      const verdict = yield* end({ id: null, definition: key, actorId: text }, given, true, undefined)
      if (verdict._tag === "Ambiguous") {
        return yield* new AmbiguousCompletion({
          actor: `${ref.type}/${text}`,
          action: action.name,
          actionIds: [...verdict.actions]
        })
      }
      return yield* completedOf(options?.key, verdict)
    })

  const cancelledFor = (options: CancelOptions | undefined): GivenOutcome => ({
    status: "cancelled",
    result: null,
    cause: cancelled(options?.reason),
    unwinds: options?.compensate !== false
  })

  /** Who is named is recorded: as much as can be stored, since nobody is kept from cancelling by a text. */
  const cancelling = (id: string, options: CancelOptions | undefined, through?: string) => {
    const outcome = cancelledFor(options)
    if (options?.by === undefined) return outcome
    const by = tidyText(String(options.by).trim(), 100)
    const operation = {
      by: by === "" ? "unnamed" : by,
      verb: "Stepped.cancel",
      target: id,
      reason: outcome.cause?.reason,
      through
    } as const
    return { ...outcome, operation }
  }

  const cancelOne = (target: Target & { readonly id: string }, options: CancelOptions | undefined) =>
    Effect.flatMap(Through, (through) => end(target, cancelling(target.id, options, through), false, undefined))

  /** Each by itself, as by its handle: who ends at the same moment has ended by itself. */
  const cancelAll: Completing["cancelAll"] = (ref, action, options) =>
    Effect.gen(function*() {
      const definition = definitionKey(ref.type, action.name)
      const actorId = yield* encodeActorId(ref)
      const found = yield* store.cancellable(definition, actorId, cancelMax + 1)
      let count = 0
      let hasMore = found.length > cancelMax
      for (const id of found.slice(0, cancelMax)) {
        const verdict = yield* tryToEnd({ id, definition, actorId }, cancelling(id, options), false, undefined)
        if (verdict._tag === "Done") count++
        else if (verdict._tag === "Busy") hasMore = true
      }
      return { cancelled: count, hasMore }
    })

  return {
    complete: (target, action, outcome, options) =>
      typeof target === "string"
        ? completeById(target, action, outcome, options)
        : completeByName(target, action, outcome, options),
    completeFor: (id, given, key, from) =>
      Effect.gen(function*() {
        const target = { id, definition: null, actorId: null }
        const verdict = yield* end(
          target,
          { ...given, key: { ...keyFor(key, { ...given, error: given.cause?.error ?? null }), from } },
          true,
          undefined
        )
        if (Option.isSome(yield* completedOf(key, verdict))) return "received"
        return verdict._tag === "None" ? "none" : "late"
      }),
    cancel: (target, options) => {
      const text = actionText(target.definition, target.actorId)
      return Effect.flatMap(
        cancelOne(target, options),
        (verdict) => Effect.as(refuseUnknown(target.id, text, verdict), verdict._tag === "Done")
      )
    },
    cancelById: (id, options) =>
      isActionId(id)
        ? Effect.flatMap(
          cancelOne({ id, definition: null, actorId: null }, options),
          (verdict) => Effect.as(refuseUnknown(id, id, verdict), verdict._tag === "Done")
        )
        : Effect.fail(new UnknownAction({ actionId: id })),
    cancelAll,
    completeHeld: ({ actorId, id, runnable }, outcome, options, completed) =>
      Effect.gen(function*() {
        const given = yield* readGiven(id, runnable.action, outcome, options)
        // the job that completes its action is not ended for it; callbacks that begin here, or a comparison with the rows, may still
        let lost: StorageError | undefined
        const tried = Effect.tapError(
          tryToEnd({ id, definition: runnable.key, actorId }, given, true, id),
          (error) =>
            Effect.sync(() => {
              if (error instanceof StorageError) lost = error
            })
        )
        const ended = Effect.flatMap(tried, unlessBusy)
        const inside = yield* store.inTransaction
        const verdict = yield* (inside ? ended : retryAtStart(ended))
        if (Option.isNone(yield* completedOf(options?.key, verdict))) {
          // without a key the end that it meets may be its own, whose answer was lost: nobody can say whose
          return lost !== undefined && options?.key === undefined ? yield* lost : false
        }
        yield* store.afterCommit(Effect.sync(completed))
        return true
      })
  }
}

/** The key of a completion, which is part of index rows. */
const keyOf = (
  action: AnyAction,
  options: CompletionOptions | undefined
): Effect.Effect<string | undefined, InvalidOption> =>
  Effect.try({
    try: () => readKey(`key of ${action.name}`, options?.key),
    catch: (error) => error as InvalidOption
  })

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
    actorId === null || definition === null ? undefined : registry.byKey(definition)?.definition.queue
  return (
    target: Target,
    { key, operation, ...outcome }: GivenOutcome & {
      readonly key?: CompletionKey | undefined
      readonly operation?: Omit<NewOperation, "at">
    },
    outbound: boolean,
    spare: string | undefined
  ): Effect.Effect<Verdict, StorageError | UnsuitableIsolation> =>
    Effect.gen(function*() {
      const inside = yield* store.inTransaction
      const at = yield* now
      // who has it in hand goes on with it: that is linked to nobody outside
      const trace = outbound && spare === undefined
        ? yield* Effect.withFiber((fiber) => Effect.succeed(carrierIn(fiber)))
        : undefined
      const complete = (token: bigint | null, catalog: Catalog) =>
        store.complete({
          token,
          now: at,
          catalog,
          ...target,
          outcome,
          outbound,
          key,
          trace,
          operation: operation && { ...operation, at }
        })
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
      return verdict
    })
}

/** Fails for a caller who is to know what became of one action. */
const unlessBusy = (verdict: Verdict): Effect.Effect<Exclude<Verdict, { readonly _tag: "Busy" }>, StorageError> =>
  verdict._tag !== "Busy" ? Effect.succeed(verdict) : Effect.fail(
    new StorageError({
      operation: "complete",
      isRetryable: true,
      cause: new Error("the action is being changed by somebody else")
    })
  )

/** Refuses an id that names nothing, or something else than it was taken for. */
const refuseUnknown = (id: string, asked: string, verdict: Verdict): Effect.Effect<void, UnknownAction> =>
  verdict._tag === "Other"
    ? Effect.fail(new UnknownAction({ actionId: id, asked, found: actionText(verdict.definition, verdict.actorId) }))
    : verdict._tag === "None"
    ? Effect.fail(new UnknownAction({ actionId: id }))
    : Effect.void
