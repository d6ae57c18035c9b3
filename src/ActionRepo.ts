/**
 * Actions, their steps, and who waits on whom: what exists, what happened, what waits.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type {
  ActionFilter,
  ActionRecord,
  ActionTree,
  AskedFilter,
  AskedRecord,
  Deletion,
  SlotRecord,
  StepRecord
} from "./ActionRecord.ts"
import { isActionId, statuses } from "./domain/Phase.ts"
import type { FailureFilter, FailureGroups } from "./Failures.ts"
import type { SignalRecord } from "./Signal.ts"
import { InvalidQuery, type StorageError } from "./SteppedError.ts"
import type { RetryOptions, RetryVerb, StepAttempt, StepVerb, UnwindingVerb } from "./StepVerb.ts"
import type { Abandoning, DecidedOf, StepDecision } from "./store/Answer.ts"
import { canBeStored, deletionLimit, idOf, isIndex, jsonOf, limitOf, textOf, timeOf, wordsOf } from "./store/asked.ts"
import { loadTree } from "./store/loadTree.ts"
import { Store } from "./store/Store.ts"

/** Actions of one tree, if nothing is said, and at most. */
const treeLimit = { otherwise: 1000, most: 100_000 }

/** Actions that are looked at for what their steps have asked for, if nothing is said, and at most. */
const askedLimit = { otherwise: 10_000, most: 100_000 }

/**
 * The actions: queued, live and ended.
 *
 * **Details**
 *
 * Under an id that is none, or that nobody has, there is nothing: no action, no steps, no slots.
 *
 * @category services
 * @since 0.1.0
 */
export class ActionRepo extends Context.Service<ActionRepo, {
  readonly find: (id: string) => Effect.Effect<Option.Option<ActionRecord>, StorageError>
  readonly list: (filter?: ActionFilter) => Effect.Effect<ReadonlyArray<ActionRecord>, StorageError | InvalidQuery>
  /**
   * What has failed, timed out or was deadlocked, in groups, with the builds that they were seen in: what is it, and since which deploy? Of those
   * that have ended last, 20,000 at most.
   */
  readonly failures: (filter?: FailureFilter) => Effect.Effect<FailureGroups, StorageError | InvalidQuery>
  /** The steps of an action in the order in which they started. */
  readonly steps: (action: string) => Effect.Effect<ReadonlyArray<StepRecord>, StorageError>
  /** What the steps of an action wait or waited for. */
  readonly slots: (action: string) => Effect.Effect<ReadonlyArray<SlotRecord>, StorageError>
  /** What was sent to an action, read or not, in its order: the last 10,000. */
  readonly signals: (action: string) => Effect.Effect<ReadonlyArray<SignalRecord>, StorageError>
  /** An action and everything below it, at most `limit` actions (1,000 if not given, 100,000 at most). */
  readonly tree: (
    id: string,
    limit?: number
  ) => Effect.Effect<Option.Option<ActionTree>, StorageError | InvalidQuery>
  /** Which children and signals the steps of definitions have asked for, in the newest actions that are stored: in the order of definitions, steps, and what was asked for. */
  readonly asked: (filter?: AskedFilter) => Effect.Effect<ReadonlyArray<AskedRecord>, StorageError | InvalidQuery>
  /**
   * Has a step begin again now: one that is held, or waits for its next attempt, or for children and times, which are cancelled.
   * Its record (`steps`) says which attempt is meant, here and below: once that has gone on, this changes nothing, and may be repeated where its answer was lost.
   */
  readonly tryStepAgain: (step: StepAttempt) => Effect.Effect<StepVerb, StorageError>
  /**
   * Skips a step that is held, is to begin again, or waits: the next one runs, and receives `undefined` for its result.
   *
   * **Gotchas**
   *
   * One that has to give the action's success cannot be skipped: it is held then, and says so.
   */
  readonly skipStep: (step: StepAttempt) => Effect.Effect<StepVerb, StorageError>
  /**
   * Completes a step that is held, is to begin again, or waits, with a result: JSON as the step's schema, or that of the action's
   * success, encodes it. Without a schema any JSON is taken and stored, and the record says that it is `unchecked`.
   *
   * **Gotchas**
   *
   * What does not fit completes nothing: the step is held then, and says so.
   */
  readonly completeStep: (step: StepAttempt, result: unknown) => Effect.Effect<StepVerb, StorageError | InvalidQuery>
  /** Fails a step that is held, is to begin again, or waits, for good. */
  readonly failStep: (
    step: StepAttempt,
    options: { readonly reason: string }
  ) => Effect.Effect<StepVerb, StorageError | InvalidQuery>
  /**
   * Ends what undoes an action's steps: what is left is not tried any more, and the action goes on to its callbacks, and to its end. Its cause says for
   * each step that it is `notUndone`, and why: by the first reason, if it is repeated. A compensation that runs just now may have been done all the same.
   */
  readonly abandonUnwinding: (
    action: string,
    options: { readonly reason: string }
  ) => Effect.Effect<UnwindingVerb, StorageError | InvalidQuery>
  /**
   * Has a new action go on for one that has failed, timed out or was cancelled (`retryOf`): with its arguments as they were at the end, the results of its
   * steps and what they have done once, up to the first step that has ended it, or was compensated. There it goes on, with a new timeout. Children of that step
   * that have succeeded stay, the others are retried in the same way; where its own body has failed, or only that can ask again, it runs again, and what has
   * succeeded is not done again. `idempotencyKey` of its steps stays the same.
   *
   * **Details**
   *
   * The old one stays as it has ended, and its handles do not follow: `Stepped.handle` of the new one's id does. The new one is a root, supersedes and cancels
   * nobody, and begins where its lane lets it: should somebody have come to wait there before it arrives, it ends as `cancelled`, with `LaneBusy`. Asked again,
   * also after an answer that was lost, this says which one goes on for it.
   *
   * **Gotchas**
   *
   * What the failed one has sent, received signals included, is not taken over. A step that it goes on with again may have been done all the same:
   * that is what `idempotencyKey` is for.
   */
  readonly retry: (id: string, options?: RetryOptions) => Effect.Effect<RetryVerb, StorageError | InvalidQuery>
  /**
   * Deletes what ended before a time, with its steps. Of as many ended actions as it looks at: `limit` (10,000 if not given, 100,000 at
   * most), newest first. The next call goes on from `next`, until there is none.
   *
   * **Details**
   *
   * Keeps what is still read: the results of a live action's children; what somebody's answer follows who has joined it, as long as that
   * answer is kept (`deleteOutcomes`); what was superseded, as long as its successor is there; and what has left behind children that
   * are still to be cancelled.
   *
   * **Gotchas**
   *
   * What has ended in the last quarter of an hour may be that of an enqueueing whose answer was lost, and which is tried again: where it is
   * deleted, that stores it a second time.
   */
  readonly deleteEnded: (
    options: { readonly before: Date; readonly limit?: number; readonly from?: string | undefined }
  ) => Effect.Effect<Deletion, StorageError | InvalidQuery>
  /**
   * Deletes the answers from before a time that are kept for handles of what was never stored as an action (achieved, joined, ended by its
   * `before`), oldest first, at most `limit` (10,000 if not given, 100,000 at most); gives how many. Who has joined an action is answered
   * as long as that is live, or has ended since.
   */
  readonly deleteOutcomes: (
    options: { readonly before: Date; readonly limit?: number }
  ) => Effect.Effect<number, StorageError | InvalidQuery>
}>()("stepped/ActionRepo") {
  /** The actions of the engine's storage. */
  static readonly layer: Layer.Layer<ActionRepo, never, Store> = Layer.effect(
    ActionRepo,
    Effect.map(Store, (store) => {
      const decide = (of: DecidedOf, decision: StepDecision | Abandoning) =>
        isActionId(of.action) && (decision._tag === "abandon" || (isIndex(of.index) && isIndex(of.attemptNumber)))
          ? Effect.flatMap(
            Effect.clockWith((clock) => clock.currentTimeMillis),
            (now) => store.decideStep(now, of, decision)
          )
          : Effect.succeed("none" as const)
      return ActionRepo.of({
        tryStepAgain: (step) => decide(step, { _tag: "again" }),
        skipStep: (step) => decide(step, { _tag: "skip" }),
        completeStep: (step, result) =>
          Effect.flatMap(
            jsonOf("result of ActionRepo.completeStep", result),
            (value) => decide(step, { _tag: "complete", value })
          ),
        failStep: (step, { reason }) =>
          Effect.flatMap(
            textOf("reason of ActionRepo.failStep", reason, 1000),
            (text) => decide(step, { _tag: "fail", reason: text })
          ),
        abandonUnwinding: (action, { reason }) =>
          Effect.map(
            Effect.flatMap(
              textOf("reason of ActionRepo.abandonUnwinding", reason, 1000),
              (text) => decide({ action }, { _tag: "abandon", reason: text })
            ),
            // nobody's hands are waited for
            (verb) => verb === "notStarted" || verb === "running" ? "notUnwinding" : verb
          ),
        retry: (id, { from, upwards = false } = {}) =>
          Effect.gen(function*() {
            if (from !== undefined && upwards) {
              return yield* new InvalidQuery({
                field: "from of ActionRepo.retry",
                value: from,
                takes: "nothing beside upwards: the step would be another action's"
              })
            }
            if (from !== undefined) yield* textOf("from of ActionRepo.retry", from, 1000)
            if (!isActionId(id)) return { _tag: "None" }
            const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
            return yield* store.retry(now, { action: id, from, upwards })
          }),
        find: (id) =>
          isActionId(id)
            ? Effect.map(store.actionsOf([id]), ([action]) => Option.fromUndefinedOr(action))
            : Effect.succeedNone,
        list: (filter = {}) =>
          Effect.gen(function*() {
            const limit = yield* limitOf("limit of ActionRepo.list", filter.limit)
            yield* wordsOf("statuses of ActionRepo.list", filter.statuses, ["queued", ...statuses])
            const texts = [filter.actorType, filter.actorId, filter.name]
            if (!texts.every((text) => text === undefined || canBeStored(text))) return []
            const { after, before, failure, parent, retryOf, since, startedBy, tag } = filter
            yield* idOf("after of ActionRepo.list", after)
            const from = since && (yield* timeOf("since of ActionRepo.list", since))
            const until = before && (yield* timeOf("before of ActionRepo.list", before))
            if ([tag, failure].some((text) => text !== undefined && !canBeStored(text))) return []
            if ([startedBy, parent, retryOf].some((id) => id !== undefined && !isActionId(id))) return []
            return yield* store.actionsLike(filter, limit, {
              from,
              until,
              ...parent === undefined ? {} : { parent: (yield* store.actionsOf([parent]))[0] }
            })
          }),
        failures: ({ actorType, before, limit, name, since } = {}) =>
          Effect.gen(function*() {
            const most = yield* limitOf("limit of ActionRepo.failures", limit)
            if (since !== undefined) yield* timeOf("since of ActionRepo.failures", since)
            if (before !== undefined) yield* timeOf("before of ActionRepo.failures", before)
            return [actorType, name].every((text) => text === undefined || canBeStored(text))
              ? yield* store.failures({ actorType, before, name, since }, most)
              : { groups: [], from: undefined }
          }),
        steps: (action) => isActionId(action) ? store.stepsOf([action]) : Effect.succeed([]),
        slots: (action) => isActionId(action) ? store.slotsOf([action]) : Effect.succeed([]),
        signals: (action) => isActionId(action) ? store.signalsOf(action, 10_000) : Effect.succeed([]),
        tree: (id, limit) =>
          Effect.flatMap(
            limitOf("limit of ActionRepo.tree", limit, treeLimit),
            (most) =>
              isActionId(id) ? Effect.map(loadTree(store, id, most), Option.fromUndefinedOr) : Effect.succeedNone
          ),
        asked: ({ limit, ...filter } = {}) =>
          Effect.flatMap(
            limitOf("limit of ActionRepo.asked", limit, askedLimit),
            (most) =>
              [filter.actorType, filter.name].every((text) => text === undefined || canBeStored(text))
                ? store.asked(filter, most)
                : Effect.succeed([])
          ),
        deleteEnded: ({ before, from, limit }) =>
          Effect.gen(function*() {
            const at = yield* timeOf("before of ActionRepo.deleteEnded", before)
            const most = yield* limitOf("limit of ActionRepo.deleteEnded", limit, deletionLimit)
            yield* idOf("from of ActionRepo.deleteEnded", from)
            return yield* store.deleteEnded(at, most, from)
          }),
        deleteOutcomes: ({ before, limit }) =>
          Effect.gen(function*() {
            const at = yield* timeOf("before of ActionRepo.deleteOutcomes", before)
            const most = yield* limitOf("limit of ActionRepo.deleteOutcomes", limit, deletionLimit)
            return yield* store.deleteOutcomes(at, most)
          })
      })
    })
  )
}
