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
  ActionCount,
  ActionFilter,
  ActionRecord,
  ActionTree,
  AskedFilter,
  AskedRecord,
  ChangedAction,
  SlotRecord,
  StepRecord,
  StepResultRecord,
  TreeOptions
} from "./ActionRecord.ts"
import { asStored, isActionId } from "./domain/Phase.ts"
import type { ExecutionRecord } from "./ExecutionRecord.ts"
import type { FailureFilter, FailureGroups } from "./Failures.ts"
import {
  type DeleteResult,
  type ForgetOptions,
  type Forgetting,
  type ForgottenActor,
  type OperationFilter,
  type OperationRecord,
  type OperatorOptions,
  type OperatorVerb,
  operatorVerbs
} from "./Operation.ts"
import type {
  AbandonUnwindingResult,
  CompensateAgainResult,
  InterruptExecutionResult,
  ResumeExecutionResult,
  RetryOptions,
  RetryResult,
  StepAttempt,
  StepDecisionResult
} from "./OperatorResult.ts"
import type { Listing } from "./Page.ts"
import type { Deletion, DeletionOptions, DeletionPlan, PlanOptions } from "./Retention.ts"
import type { SignalRecord } from "./Signal.ts"
import { InvalidQuery, type StorageError } from "./SteppedError.ts"
import {
  askedLimit,
  canBeStored,
  deletionLimit,
  keyTextOf,
  limitOf,
  operationOf,
  textOf,
  timeOf,
  treeLimit,
  wordsOf
} from "./store/asked.ts"
import { decidingOf } from "./store/deciding.ts"
import { deletingOf } from "./store/deleting.ts"
import { forgettingOf } from "./store/forgetting.ts"
import { listingOf } from "./store/listing.ts"
import { loadExecution, loadTree } from "./store/loadTree.ts"
import { operationsOf } from "./store/operationsOf.ts"
import { Store } from "./store/Store.ts"
import { ofRepo, strictly } from "./store/strictly.ts"
import { UserTime } from "./store/UserTime.ts"

/** Among how many of the newest it is looked for what has changed, and how many of these one call gives. */
const changedAmong = 5000
/** Bytes of results of steps that one answer has. */
const resultBytes = 4 * 1024 * 1024
const changedLimit = { otherwise: 1000, most: 5000 }

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
  /** The newest of those for which that holds. Where they are rare, all of a long history may have to be gone through for them: {@link page} looks so far, and says where it goes on. */
  readonly list: (filter?: ActionFilter) => Effect.Effect<ReadonlyArray<ActionRecord>, StorageError | InvalidQuery>
  /**
   * A page of the same, for which 100,000 actions at most are looked through of each kind, queued, live and ended: with a tag, of the ended ones those with that tag; of one actor or name those of it,
   * where their index is built (`stepped migrate up --search`). A page may be short, or empty, and go on (`next`): `lookedUntil` says how far it came then.
   */
  readonly page: (filter?: ActionFilter) => Effect.Effect<Listing<ActionRecord>, StorageError | InvalidQuery>
  /** How many there are for which that holds, 10,000 at most: those of the newest. `limit` is not asked. */
  readonly count: (filter?: ActionFilter) => Effect.Effect<ActionCount, StorageError | InvalidQuery>
  /**
   * What has failed, timed out or was deadlocked, in groups, with the builds that they were seen in: what is it, and since which deploy? Of those
   * that have ended last, 20,000 at most.
   */
  readonly failures: (filter?: FailureFilter) => Effect.Effect<FailureGroups, StorageError | InvalidQuery>
  /**
   * What was enqueued, has begun or has ended after a time, the newest change first: `limit` at most (1,000 if not given, 5,000 at most). It is looked for among the newest 5,000 actions each that are
   * queued, live, and ended, and among failures; what has begun and ended well long after it was enqueued may be missing, but for what is `watched`: the ids of actions that were live, the first 5,000 of them. Where there are as many as `limit`, there may be more.
   */
  readonly changed: (
    since: Date,
    options?: { readonly limit?: number | undefined; readonly watched?: Iterable<string> | undefined }
  ) => Effect.Effect<ReadonlyArray<ChangedAction>, StorageError | InvalidQuery>
  /** The steps of an action in the order in which they started. */
  readonly steps: (action: string) => Effect.Effect<ReadonlyArray<StepRecord>, StorageError>
  /**
   * What the steps of an action have given, of those whose result is kept: it may be large, and is read by itself. Nothing of an action's last step, or only one, whose result is the action's own, and of what
   * nobody receives.
   */
  readonly stepResults: (action: string) => Effect.Effect<ReadonlyArray<StepResultRecord>, StorageError>
  /** What the steps of an action wait or waited for. */
  readonly slots: (action: string) => Effect.Effect<ReadonlyArray<SlotRecord>, StorageError>
  /** What was sent to an action, read or not, in its order: the last 10,000. */
  readonly signals: (action: string) => Effect.Effect<ReadonlyArray<SignalRecord>, StorageError>
  /** What has become of an execution of a workflow, once it has begun: nothing of any other action. */
  readonly execution: (action: string) => Effect.Effect<Option.Option<ExecutionRecord>, StorageError>
  /** An action and everything below it, executions that it waits for included. */
  readonly tree: (
    id: string,
    options?: TreeOptions
  ) => Effect.Effect<Option.Option<ActionTree>, StorageError | InvalidQuery>
  /** Which children and signals the steps of definitions have asked for, in the newest actions that are stored: in the order of definitions, steps, and what was asked for. */
  readonly asked: (filter?: AskedFilter) => Effect.Effect<ReadonlyArray<AskedRecord>, StorageError | InvalidQuery>
  /**
   * Has a step begin again now: one that is held, or waits for its next attempt, or for children and times, which are cancelled.
   * Its record (`steps`) says which attempt is meant, here and below: once that has gone on, this changes nothing, and may be repeated where its answer was lost.
   */
  readonly tryStepAgain: (
    step: StepAttempt,
    options?: OperatorOptions
  ) => Effect.Effect<StepDecisionResult, StorageError | InvalidQuery>
  /**
   * Skips a step that is held, is to begin again, or waits: the next one runs, and receives `undefined` for its result.
   *
   * **Gotchas**
   *
   * One that has to give the action's success cannot be skipped: it is held then, and says so.
   */
  readonly skipStep: (
    step: StepAttempt,
    options?: OperatorOptions
  ) => Effect.Effect<StepDecisionResult, StorageError | InvalidQuery>
  /**
   * Completes a step that is held, is to begin again, or waits, with a result: JSON as the step's schema, or that of the action's
   * success, encodes it. Without a schema any JSON is taken and stored, and the record says that it is `unchecked`.
   *
   * **Gotchas**
   *
   * What does not fit completes nothing: the step is held then, and says so.
   */
  readonly completeStep: (
    step: StepAttempt,
    result: unknown,
    options?: OperatorOptions
  ) => Effect.Effect<StepDecisionResult, StorageError | InvalidQuery>
  /** Fails a step that is held, is to begin again, or waits, for good. */
  readonly failStep: (
    step: StepAttempt,
    options: OperatorOptions & { readonly reason: string }
  ) => Effect.Effect<StepDecisionResult, StorageError | InvalidQuery>
  /**
   * Ends what undoes an action's steps: what is left is not tried any more, and the action goes on to its callbacks, and to its end. Its cause says for
   * each step that it is `notUndone`, and why: by the first reason, if it is repeated. A compensation that runs just now may have been done all the same.
   */
  readonly abandonUnwinding: (
    action: string,
    options: OperatorOptions & { readonly reason: string }
  ) => Effect.Effect<AbandonUnwindingResult, StorageError | InvalidQuery>
  /**
   * Runs again what undoes an action that has ended, where that has failed for good (`notUndone`): what was undone stays so, and is not undone twice. Its record
   * says `unwinding` until then, and what could not be undone this time either (`unwound`); its status and its `cause` stay. What a child could not undo is run again by its id.
   */
  readonly compensateAgain: (
    action: string,
    options?: OperatorOptions
  ) => Effect.Effect<CompensateAgainResult, StorageError | InvalidQuery>
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
  readonly retry: (
    id: string,
    options?: RetryOptions & OperatorOptions
  ) => Effect.Effect<RetryResult, StorageError | InvalidQuery>
  /**
   * Has an execution of a workflow go on, by the id of its action, whatever it is suspended for: also one that has failed, and waits for this. A program without the workflow's code
   * may ask for it. What it awaits it still awaits then.
   */
  readonly resumeExecution: (
    id: string,
    options?: OperatorOptions
  ) => Effect.Effect<ResumeExecutionResult, StorageError | InvalidQuery>
  /**
   * Interrupts an execution of a workflow, by the id of its action, as `interrupt` of the workflow does: it runs once more for its compensations, and ends as
   * interrupted, and so do those that it waits for. `Stepped.cancel` ends it without that.
   */
  readonly interruptExecution: (
    id: string,
    options?: OperatorOptions
  ) => Effect.Effect<InterruptExecutionResult, StorageError | InvalidQuery>
  /**
   * Forgets what an actor's ended actions were given and have come to: `Stepped.forget`, by what is stored of the actor's id. What is live, or still needed, stays, and is listed.
   */
  readonly forget: (
    actor: ForgottenActor,
    options?: ForgetOptions
  ) => Effect.Effect<Forgetting, StorageError | InvalidQuery>
  /**
   * Deletes an action that has ended, with all that is below it and stored of it, as far as nobody reads it still: what stays is said, with why.
   * At most 10,000 actions of each level a call: as long as it says `hasMore`, the same call goes on.
   *
   * **Gotchas**
   *
   * What was superseded below it is not found by way of it, and goes with `deleteEnded`. What it has started (`Step.start`) is no part of it. As with `deleteEnded`, what has ended in the last
   * quarter of an hour may still be enqueued once more by whoever has lost an answer.
   */
  readonly delete: (
    id: string,
    options?: OperatorOptions
  ) => Effect.Effect<DeleteResult, StorageError | InvalidQuery>
  /**
   * Deletes what ended before a time, or longer ago than a `retention` says of its status and action, with its steps. Of as many ended actions as it looks at: `limit` (10,000 if not given, 1,000 with
   * `export`, 100,000 at most), newest first. The next call goes on from `next`, until there is none. With `export` a call deletes no more than what is 16 MiB as
   * JSON, one action at least.
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
  readonly deleteEnded: <E = never, R = never>(
    options: DeletionOptions<E, R>
  ) => Effect.Effect<Deletion, StorageError | InvalidQuery | E, R>
  /**
   * What {@link deleteEnded} would delete now, and what of those that are old enough would stay, and why: how many of each action and status. Of as many ended
   * actions as it looks at: `limit` (10,000 if not given, 100,000 at most), newest first. The next call goes on from `next`, until there is none. Nothing is
   * changed, locked or recorded.
   */
  readonly planDeletion: (options: PlanOptions) => Effect.Effect<DeletionPlan, StorageError | InvalidQuery>
  /**
   * Deletes the answers from before a time that are kept for handles of what was never stored as an action (achieved, joined, ended by its
   * `before`), oldest first, at most `limit` (10,000 if not given, 100,000 at most); gives how many. Who has joined an action is answered
   * as long as that is live, or has ended since.
   */
  readonly deleteOutcomes: (
    options: OperatorOptions & { readonly before: Date; readonly limit?: number | undefined }
  ) => Effect.Effect<number, StorageError | InvalidQuery>
  /**
   * What operators have done with any of the services, and what they were refused; newest first.
   *
   * **Details**
   *
   * Each verb records itself, in its own transaction, with who has asked (`by`) and why (`reason`); what workers do by themselves, too, deleting and
   * forgetting by age, and what programs do, cancelling, is recorded where `by` is given. What has changed nothing is recorded once for
   * who has asked for it, and not where the same is recorded of them already: an answer that was lost leaves nothing more. Where there was
   * nothing to do it with, no action of that id, no such pause, nothing to forget, nothing is recorded. Workers delete what is older than `operationRetention`.
   */
  readonly operations: (
    filter?: OperationFilter
  ) => Effect.Effect<ReadonlyArray<OperationRecord>, StorageError | InvalidQuery>
  /**
   * Deletes records of operations from before a time, oldest first, at most `limit` (10,000 if not given, 100,000 at most); gives how many.
   * What was asked through an action of `Stepped.forMany` stays until that is over: it goes on by these.
   */
  readonly deleteOperations: (
    options: OperatorOptions & { readonly before: Date; readonly limit?: number | undefined }
  ) => Effect.Effect<number, StorageError | InvalidQuery>
  /**
   * Records that the program has not let somebody do something (`denied`): once for each verb, target and person.
   */
  readonly recordDenied: (
    denied: OperatorOptions & { readonly verb: OperatorVerb; readonly target: string; readonly by: string }
  ) => Effect.Effect<void, StorageError | InvalidQuery>
}>()("stepped/ActionRepo") {
  /** The actions of the engine's storage. */
  static readonly layer: Layer.Layer<ActionRepo, never, Store | UserTime> = Layer.effect(
    ActionRepo,
    Effect.zipWith(Store, UserTime, (store, { now }) =>
      ActionRepo.of(strictly("ActionRepo", ofRepo, {
        ...decidingOf(store, now),
        ...listingOf(store),
        compensateAgain: (id, options) =>
          Effect.flatMap(
            operationOf(now, "ActionRepo.compensateAgain", id, options),
            (operation): Effect.Effect<CompensateAgainResult, StorageError> =>
              isActionId(id) ? store.compensateAgain(operation.at, id, operation) : Effect.succeed({ _tag: "None" })
          ),
        retry: (id, options = {}) =>
          Effect.gen(function*() {
            const { from, upwards = false } = options
            if (from !== undefined && upwards) {
              return yield* new InvalidQuery({
                field: "from of ActionRepo.retry",
                value: from,
                takes: "nothing beside upwards: the step would be another action's"
              })
            }
            if (from !== undefined) yield* textOf("from of ActionRepo.retry", from, 1000)
            const operation = yield* operationOf(now, "ActionRepo.retry", id, options)
            return isActionId(id)
              ? yield* store.retry(operation.at, { action: id, from, upwards }, operation)
              : { _tag: "None" }
          }),
        find: (id) =>
          isActionId(id)
            ? Effect.map(store.actionsOf([id]), ([action]) => Option.fromUndefinedOr(action))
            : Effect.succeedNone,
        changed: (since, { limit, watched = [] } = {}) =>
          Effect.gen(function*() {
            const from = yield* timeOf("since of ActionRepo.changed", since)
            const most = yield* limitOf("limit of ActionRepo.changed", limit, changedLimit)
            const ids = Array.from(watched).filter(isActionId).slice(0, changedAmong)
            return yield* store.changed(from, changedAmong, most, ids)
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
        stepResults: (action) => isActionId(action) ? store.stepResultsOf(action, resultBytes) : Effect.succeed([]),
        slots: (action) => isActionId(action) ? store.slotsOf([action]) : Effect.succeed([]),
        signals: (action) => isActionId(action) ? store.signalsOf(action, 10_000) : Effect.succeed([]),
        execution: (action) =>
          isActionId(action)
            ? Effect.map(loadExecution(store, action), Option.fromUndefinedOr)
            : Effect.succeedNone,
        tree: (id, { limit } = {}) =>
          Effect.flatMap(
            limitOf("limit of ActionRepo.tree", limit, treeLimit),
            (most) =>
              isActionId(id)
                ? Effect.map(loadTree(store, asStored(id), most), Option.fromUndefinedOr)
                : Effect.succeedNone
          ),
        asked: ({ limit, ...filter } = {}) =>
          Effect.flatMap(
            limitOf("limit of ActionRepo.asked", limit, askedLimit),
            (most) =>
              [filter.actorType, filter.name].every((text) => text === undefined || canBeStored(text))
                ? store.asked(filter, most)
                : Effect.succeed([])
          ),
        forget: forgettingOf(store, now),
        delete: (id, options) =>
          Effect.flatMap(
            operationOf(now, "ActionRepo.delete", id, options),
            (operation): Effect.Effect<DeleteResult, StorageError> =>
              isActionId(id)
                ? store.deleteTree(id, deletionLimit.otherwise, operation)
                : Effect.succeed({ _tag: "None" })
          ),
        ...deletingOf(store, now),
        operations: operationsOf(store),
        recordDenied: ({ target, verb, ...options }) =>
          Effect.gen(function*() {
            yield* wordsOf("verb of ActionRepo.recordDenied", [verb], operatorVerbs)
            yield* keyTextOf("target of ActionRepo.recordDenied", target)
            yield* store.recordOutcome(yield* operationOf(now, verb, target, options), "denied")
          })
      })))
  )
}
