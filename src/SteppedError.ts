/**
 * Everything that can go wrong for a caller, a waiter or an operator, as typed errors. Each message names the field or
 * the definition, the limit where there is one, and what to do about it.
 *
 * @since 0.1.0
 */
import { Effect, Exit, Option, Redacted, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { failureKinds, line } from "./domain/Failure.ts"
import { adviceFor, innermostMessage } from "./domain/innermostMessage.ts"

const ended = {
  /** Name of the action's definition. */
  action: Schema.String,
  /** The actor as text, such as `Car/1`. */
  actor: Schema.String,
  actionId: Schema.String,
  /** Where in the tree it happened, such as `visit Car/1 › move › changeLocation Car/1`. */
  path: Schema.String
}

// -------------------------------------------------------------------------------------------------------------------
// storage
// -------------------------------------------------------------------------------------------------------------------

/**
 * The database could not do what an operation needed.
 *
 * **Details**
 *
 * `isRetryable` says whether the same operation may succeed later: a lost connection, a deadlock or a serialization
 * failure may, a missing privilege does not. Nor does what is asked of a `Stepped.layer` that has closed.
 *
 * @category errors
 * @since 0.1.0
 */
export class StorageError extends Schema.TaggedError<StorageError>("stepped/StorageError")("StorageError", {
  operation: Schema.String,
  isRetryable: Schema.Boolean,
  cause: Schema.Defect()
}) {
  override get message(): string {
    const advice = this.isRetryable ? "may succeed when tried again" : adviceFor(this.cause)
    return `${this.operation}: ${innermostMessage(this.cause)}${advice === undefined ? "" : ` (${advice})`}`
  }
}

/**
 * A transition was asked for in an open transaction whose isolation level does not allow it.
 *
 * **Details**
 *
 * Completing, cancelling and the end of a transactional step decide by what others have committed meanwhile, which a transaction at
 * `repeatable read` or `serializable` does not see. Enqueueing works at every level.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnsuitableIsolation
  extends Schema.TaggedError<UnsuitableIsolation>("stepped/UnsuitableIsolation")("UnsuitableIsolation", {
    /** What was asked for, in words. */
    operation: Schema.String,
    /** The transaction's isolation level. */
    level: Schema.String
  })
{
  override get message(): string {
    return `${this.operation} in a transaction at ${this.level}, which sees only what was committed when it began: ` +
      "use read committed, or do it after the transaction"
  }
}

// -------------------------------------------------------------------------------------------------------------------
// enqueueing
// -------------------------------------------------------------------------------------------------------------------

/**
 * The arguments do not fit the action's schemas.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidArguments extends Schema.TaggedError<InvalidArguments>("stepped/InvalidArguments")(
  "InvalidArguments",
  {
    action: Schema.String,
    /** What is wrong, with the path to it. */
    issue: Schema.String
  }
) {
  override get message(): string {
    return `The arguments of ${this.action} do not fit its schemas: ${this.issue}`
  }
}

/**
 * An id is none that an actor of this type can have.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidActorId extends Schema.TaggedError<InvalidActorId>("stepped/InvalidActorId")("InvalidActorId", {
  /** Type of the actor. */
  actor: Schema.String,
  /** What is wrong, and what to do. */
  issue: Schema.String
}) {
  override get message(): string {
    return `The id of ${this.actor} ${this.issue}`
  }
}

/**
 * A payload is larger than what one row may hold.
 *
 * @category errors
 * @since 0.1.0
 */
export class PayloadTooLarge extends Schema.TaggedError<PayloadTooLarge>("stepped/PayloadTooLarge")("PayloadTooLarge", {
  field: Schema.String,
  /** Bytes of the encoded value. */
  size: Schema.Number,
  /** Bytes that are allowed. */
  limit: Schema.Number
}) {
  override get message(): string {
    return `${this.field}: ${this.size} bytes, the limit is ${this.limit}: ` +
      "store the data elsewhere and pass a reference to it"
  }
}

/**
 * A text holds what Postgres cannot store: a NUL character or half of a surrogate pair.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnstorableText extends Schema.TaggedError<UnstorableText>("stepped/UnstorableText")("UnstorableText", {
  field: Schema.String
}) {
  override get message(): string {
    return `${this.field} holds a NUL character or a lone surrogate, which Postgres cannot store: ` +
      "remove it, or encode the text (as base64, for example)"
  }
}

/**
 * An action's key cannot be stored, which fails the action.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidKey extends Schema.TaggedError<InvalidKey>("stepped/InvalidKey")("InvalidKey", {
  action: Schema.String,
  field: Schema.Literals(["concurrencyKey", "concurrency", "checksumKey", "fairBy"]),
  /** What is wrong, and what to do. */
  issue: Schema.String
}) {
  override get message(): string {
    return `${this.field} of ${this.action} ${this.issue}`
  }
}

/**
 * What a checksum was to be made of holds something that JSON does not hold, so that different values would have one checksum. It fails
 * the action.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidChecksum extends Schema.TaggedError<InvalidChecksum>("stepped/InvalidChecksum")("InvalidChecksum", {
  /** Where in the value, such as `.tags[0]`; empty for the value itself. */
  place: Schema.String,
  /** What is there, such as `a Set`. */
  found: Schema.String,
  /** What to do. */
  advice: Schema.String
}) {
  override get message(): string {
    const where = this.place === ""
      ? `The checksum is made of ${this.found}`
      : `The checksum holds ${this.found} at ${this.place}`
    return `${where}, of which JSON does not say what it is: ${this.advice}`
  }
}

/**
 * An action would be deeper in its tree than the limit allows, which usually means a recursion without an end.
 *
 * @category errors
 * @since 0.1.0
 */
export class TreeTooDeep extends Schema.TaggedError<TreeTooDeep>("stepped/TreeTooDeep")("TreeTooDeep", {
  depth: Schema.Number,
  limit: Schema.Number
}) {
  override get message(): string {
    return `The action would be ${this.depth} levels deep in its tree, the limit is ${this.limit}: ` +
      "end the recursion, or start a new tree"
  }
}

/**
 * One step enqueues more children than the limit allows.
 *
 * @category errors
 * @since 0.1.0
 */
export class TooManyChildren extends Schema.TaggedError<TooManyChildren>("stepped/TooManyChildren")("TooManyChildren", {
  count: Schema.Number,
  limit: Schema.Number
}) {
  override get message(): string {
    return `One step enqueues ${this.count} children, the limit is ${this.limit}: ` +
      "spread them over several steps or over child actions that enqueue a part each"
  }
}

/**
 * `enqueueMany` was given more invocations than it takes at once.
 *
 * @category errors
 * @since 0.1.0
 */
export class TooManyInvocations
  extends Schema.TaggedError<TooManyInvocations>("stepped/TooManyInvocations")("TooManyInvocations", {
    count: Schema.Number,
    limit: Schema.Number
  })
{
  override get message(): string {
    return `enqueueMany takes ${this.limit} invocations at once, not ${this.count}: enqueue them in several calls`
  }
}

/**
 * The actor has no such action here: no layer of this process registered it.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnknownDefinition extends Schema.TaggedError<UnknownDefinition>("stepped/UnknownDefinition")(
  "UnknownDefinition",
  {
    /** Type of the actor. */
    actor: Schema.String,
    action: Schema.String
  }
) {
  override get message(): string {
    return `${this.actor} has no action ${this.action} in this process: ` +
      `list it in the actions of ${this.actor} and provide their layer`
  }
}

/**
 * Waiting for the action inside the transaction that enqueues it would never end.
 *
 * @category errors
 * @since 0.1.0
 */
export class WouldWaitForItself extends Schema.TaggedError<WouldWaitForItself>("stepped/WouldWaitForItself")(
  "WouldWaitForItself",
  {
    action: Schema.String
  }
) {
  override get message(): string {
    return `${this.action} is enqueued by the open transaction and can start only after its commit: ` +
      `use ${this.action}Later inside the transaction and await the handle after it`
  }
}

/**
 * A setting of the engine or of a worker, or an option of an enqueueing, is not what it takes.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidOption extends Schema.TaggedError<InvalidOption>("stepped/InvalidOption")("InvalidOption", {
  option: Schema.String,
  value: Schema.String,
  /** What it takes. */
  takes: Schema.String
}) {
  override get message(): string {
    return `${this.option} is ${this.value}: it takes ${this.takes}`
  }
}

/**
 * An id or an idempotency key names an action already that was asked for otherwise: with other arguments, or, by an id, of another actor or
 * definition.
 *
 * @category errors
 * @since 0.1.0
 */
export class IdempotencyConflict
  extends Schema.TaggedError<IdempotencyConflict>("stepped/IdempotencyConflict")("IdempotencyConflict", {
    /** What was to be enqueued, with its actor, such as `visit Car/1`. */
    action: Schema.String,
    /** By which option. */
    option: Schema.Literals(["id", "idempotencyKey"]),
    value: Schema.String,
    /** What it names. */
    actionId: Schema.String
  })
{
  override get message(): string {
    return `${this.action} was not enqueued: its ${this.option} ${
      JSON.stringify(this.value)
    } names ${this.actionId}, ` +
      "which was asked for with something else: give what is another request a name of its own"
  }
}

/**
 * Why an action was not enqueued.
 *
 * @category errors
 * @since 0.1.0
 */
export const EnqueueErrorReason = Schema.Union([
  StorageError,
  InvalidArguments,
  InvalidActorId,
  PayloadTooLarge,
  UnstorableText,
  TreeTooDeep,
  TooManyChildren,
  TooManyInvocations,
  UnknownDefinition,
  WouldWaitForItself,
  InvalidOption,
  IdempotencyConflict
])

/**
 * Why an action was not enqueued.
 *
 * @category errors
 * @since 0.1.0
 */
export type EnqueueErrorReason = typeof EnqueueErrorReason.Type

/**
 * An action was not enqueued; `reason` says why.
 *
 * @category errors
 * @since 0.1.0
 */
export class EnqueueError extends Schema.TaggedError<EnqueueError>("stepped/EnqueueError")("EnqueueError", {
  reason: EnqueueErrorReason
}) {
  override readonly cause = this.reason

  override get message(): string {
    return this.reason.message
  }

  /** Whether the same call may succeed later. */
  get isRetryable(): boolean {
    return this.reason._tag === "StorageError" && this.reason.isRetryable
  }
}

// -------------------------------------------------------------------------------------------------------------------
// waiting
// -------------------------------------------------------------------------------------------------------------------

/**
 * The action failed with something other than one of its declared errors: a defect, a failed child, or a step that
 * was marked as failed.
 *
 * **Details**
 *
 * `path` leads to where it happened, `reason` says what happened there. Where that was a declared error of another action, a descendant of
 * this one, `errorOf` gives it back, typed.
 *
 * **Example** (Asking for a child's error)
 *
 * ```ts
 * import { Effect, Option, Schema } from "effect"
 * import { Step, Stepped } from "stepped"
 *
 * class Declined extends Schema.TaggedError<Declined>()("Declined", { code: Schema.Int }) {}
 * class Order extends Stepped.Actor<Order>()("Order", { id: Schema.Int }) {}
 * const charge = Stepped.action("charge", { error: Declined })
 * const place = Stepped.action("place").step(() => Step.do(charge))
 * const Orders = Stepped.actions(Order, [charge, place])
 *
 * const placed = Effect.gen(function*() {
 *   const order = (yield* Orders.client)(1)
 *   return yield* Effect.catchTag(order.place(), "ActionFailed", (failed) =>
 *     Option.match(failed.errorOf(charge), {
 *       onNone: () => Effect.fail(failed),
 *       onSome: ({ code }) => Effect.log(`declined with ${code}`)
 *     }))
 * })
 * ```
 *
 * @category errors
 * @since 0.1.0
 */
export class ActionFailed extends Schema.TaggedError<ActionFailed>("stepped/ActionFailed")("ActionFailed", {
  ...ended,
  kind: Schema.Literals(failureKinds),
  /** What happened there, such as `NoParking at London`. */
  reason: Schema.String,
  /** The declared error that it comes from, if it comes from one: whose it is, and its encoded form, which no text shows. */
  error: Schema.optionalKey(Schema.Struct({
    /** Name of the action that declared it. */
    action: Schema.String,
    /** That action's actor as text. */
    actor: Schema.String,
    encoded: Schema.Redacted(Schema.Unknown)
  }))
}) {
  override get message(): string {
    return line({ path: this.path, message: this.reason })
  }

  /**
   * The typed error of the action, if that is what this failure comes from, however deep in the tree.
   *
   * **Gotchas**
   *
   * An action is known by its name: where actors of several types have one of this name, `error.actor` tells them apart. What takes an effect to be read, as what is
   * encrypted, is none here: {@link readErrorOf} has it.
   */
  errorOf<Failure extends Schema.ConstraintDecoder<unknown>>(
    action: { readonly name: string; readonly error: Failure }
  ): Option.Option<Failure["Type"]> {
    const exit = Effect.runSyncExit(this.readErrorOf(action))
    return Exit.isSuccess(exit) ? exit.value : Option.none()
  }

  /** The same, also where it takes an effect to be read. */
  readErrorOf<Failure extends Schema.ConstraintDecoder<unknown>>(
    action: { readonly name: string; readonly error: Failure }
  ): Effect.Effect<Option.Option<Failure["Type"]>> {
    const { error } = this
    return error === undefined || error.action !== action.name
      ? Effect.succeedNone
      : Effect.option(Schema.decodeUnknownEffect(Schema.toCodecJson(action.error))(Redacted.value(error.encoded)))
  }
}

/**
 * The action took longer than its timeout, or nothing was heard for too long of whoever was to complete it.
 *
 * @category errors
 * @since 0.1.0
 */
export class TimedOut extends Schema.TaggedError<TimedOut>("stepped/TimedOut")("TimedOut", {
  ...ended,
  /** Why, if it was not its `timeout`: `no heartbeat in time`. */
  reason: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    return `${this.path} (timed out${this.reason === undefined ? "" : `: ${this.reason}`})`
  }
}

/**
 * A step took longer than its timeout: what its `retry` is asked about. Whoever waits for the action receives an {@link ActionFailed} of this
 * kind.
 *
 * @category errors
 * @since 0.1.0
 */
export class StepTimedOut extends Schema.TaggedError<StepTimedOut>("stepped/StepTimedOut")("StepTimedOut", {
  ...ended,
  /** Its limit. */
  timeoutMs: Schema.Number
}) {
  override get message(): string {
    return `${this.path}: timed out after ${this.timeoutMs} ms`
  }
}

/**
 * A signal has not come in time, and the step that waited for it cannot go on without: what its `retry` is asked about. Whoever waits for the
 * action receives an {@link ActionFailed} of this kind.
 *
 * @category errors
 * @since 0.1.0
 */
export class SignalTimedOut extends Schema.TaggedError<SignalTimedOut>("stepped/SignalTimedOut")("SignalTimedOut", {
  ...ended,
  signal: Schema.String
}) {
  override get message(): string {
    return `${this.path}: the signal ${this.signal} has not come in time`
  }
}

/**
 * Nothing was heard for too long of whoever was to send a signal: what the `retry` of the step that waited for it is asked about. Whoever waits for the
 * action receives an {@link ActionFailed} of this kind.
 *
 * @category errors
 * @since 0.1.0
 */
export class HeartbeatTimedOut extends Schema.TaggedError<HeartbeatTimedOut>("stepped/HeartbeatTimedOut")(
  "HeartbeatTimedOut",
  {
    ...ended,
    signal: Schema.String,
    /** What he has said last (`Stepped.heartbeat`), if he has said something. */
    details: Schema.optionalKey(Schema.Unknown)
  }
) {
  override get message(): string {
    return `${this.path}: no heartbeat in time of the signal ${this.signal}`
  }
}

/**
 * What was sent with a signal does not fit its schemas any more: another version has sent it, or a deploy has changed them.
 *
 * @category errors
 * @since 0.1.0
 */
export class IncompatibleSignal
  extends Schema.TaggedError<IncompatibleSignal>("stepped/IncompatibleSignal")("IncompatibleSignal", {
    ...ended,
    signal: Schema.String,
    /** What does not fit. */
    issue: Schema.String
  })
{
  override get message(): string {
    return `${this.path}: what was sent as ${this.signal} cannot be read: ${this.issue}`
  }
}

/**
 * A step has failed with what is no typed error, no action that it has waited for, and not because of its time: a defect, a mark, a child's result
 * that does not fit, a body that has ended without an answer too often. What its `retry` is asked about.
 *
 * @category errors
 * @since 0.1.0
 */
export class StepFailed extends Schema.TaggedError<StepFailed>("stepped/StepFailed")("StepFailed", {
  ...ended,
  kind: Schema.Literals(failureKinds),
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.path}: ${this.reason}`
  }
}

/**
 * The action was cancelled.
 *
 * @category errors
 * @since 0.1.0
 */
export class Cancelled extends Schema.TaggedError<Cancelled>("stepped/Cancelled")("Cancelled", {
  ...ended,
  /** Why, if whoever cancelled it has said so. */
  reason: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    return `${this.path} (cancelled${this.reason === undefined ? "" : `: ${this.reason}`})`
  }
}

/**
 * The action would have waited for an action that waits for it.
 *
 * @category errors
 * @since 0.1.0
 */
export class Deadlocked extends Schema.TaggedError<Deadlocked>("stepped/Deadlocked")("Deadlocked", {
  ...ended,
  /** Who waits for whom, in words: the text of a stored deadlock. */
  reason: Schema.String,
  /** The same as data, from this action on; each waits for the next one, and the last one for this. */
  cycle: Schema.Array(Schema.Struct({
    action: Schema.String,
    actor: Schema.String,
    lane: Schema.optionalKey(Schema.String),
    step: Schema.optionalKey(Schema.String)
  }))
}) {
  override get message(): string {
    return `${this.path}: ${this.reason} (give one of the actions another concurrency key)`
  }
}

/**
 * The lane is busy, and turns away who comes then (`whenBusy: "reject"`): the action was not stored, and nothing of it has run.
 *
 * @category errors
 * @since 0.1.0
 */
export class LaneBusy extends Schema.TaggedError<LaneBusy>("stepped/LaneBusy")("LaneBusy", {
  ...ended,
  /** The lane and its key, as `bays:north`. */
  lane: Schema.String
}) {
  override get message(): string {
    return `${this.path} (the lane ${this.lane} is busy: ask again when it has room, or let it wait with whenBusy: "line")`
  }
}

/**
 * As many wait in the lane's line as its `maxPending` allows: the action was not stored, and nothing of it has run.
 *
 * @category errors
 * @since 0.1.0
 */
export class LaneFull extends Schema.TaggedError<LaneFull>("stepped/LaneFull")("LaneFull", {
  ...ended,
  /** The lane and its key, as `bays:north`. */
  lane: Schema.String
}) {
  override get message(): string {
    return `${this.path} (the line of the lane ${this.lane} is full: ask again when it is shorter, or raise its maxPending)`
  }
}

/**
 * A newer action has superseded this one in a lane whose waiters do not wait for the newer one (`waiters: "fail"`).
 *
 * @category errors
 * @since 0.1.0
 */
export class Superseded extends Schema.TaggedError<Superseded>("stepped/Superseded")("Superseded", {
  ...ended,
  /** The lane and its key, as `bays:north`. */
  lane: Schema.String
}) {
  override get message(): string {
    return `${this.path} (superseded by a newer action in the lane ${this.lane})`
  }
}

/**
 * The action ended with a result that the waiter's schema does not accept, or with an error that a step's attempt of it does not.
 *
 * **Details**
 *
 * A joined or superseding action may come from another definition or from an older deploy.
 *
 * @category errors
 * @since 0.1.0
 */
export class IncompatibleResult extends Schema.TaggedError<IncompatibleResult>("stepped/IncompatibleResult")(
  "IncompatibleResult",
  {
    ...ended,
    /** What does not fit, with the path to it. */
    issue: Schema.String,
    /** Which of its schemas: of a declared error the one for errors. */
    schema: Schema.Literals(["success", "error"])
  }
) {
  override get message(): string {
    const stored = this.schema === "success" ? "result" : "error"
    return `${this.path}: the stored ${stored} does not fit the ${this.schema} schema that waits for it ` +
      `(wait with the action that gave it, or with a schema that takes what was stored): ${this.issue}`
  }
}

/**
 * The action has ended, and somebody has asked to forget its actor, or one whose result was a part of its own (`ActionRepo.forget`): what it has come to is gone.
 *
 * @category errors
 * @since 0.1.0
 */
export class Forgotten extends Schema.TaggedError<Forgotten>("stepped/Forgotten")("Forgotten", ended) {
  override get message(): string {
    return `${this.path} has ended, and what it has come to is forgotten: somebody has asked for that ` +
      "(`ActionRepo.operations` says who), and it cannot be read again"
  }
}

/**
 * The id does not name the action that was asked for: there is none (its transaction is open or was rolled back, or its history
 * has been pruned), or it is another one.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnknownAction extends Schema.TaggedError<UnknownAction>("stepped/UnknownAction")("UnknownAction", {
  actionId: Schema.String,
  /** What it was taken for, where it is something else: `visit Car/1`. */
  asked: Schema.optionalKey(Schema.String),
  /** What it is instead: `tow Car/2`. */
  found: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    return this.found === undefined
      ? `There is no action ${this.actionId}: its transaction is open or was rolled back, or its history has been pruned`
      : `${this.actionId} is ${this.found}, not ${this.asked}: use it with the actor and the action that were enqueued`
  }
}

/**
 * Why an action gave no success, where it did not fail with one of its own errors: what `Step.attempt` gives as a value.
 *
 * @category errors
 * @since 0.1.0
 */
export const AttemptError = Schema.Union([
  ActionFailed,
  TimedOut,
  Cancelled,
  Deadlocked,
  LaneBusy,
  LaneFull,
  Superseded,
  IncompatibleResult
])

/**
 * Why an action gave no success, where it did not fail with one of its own errors: what `Step.attempt` gives as a value.
 *
 * @category errors
 * @since 0.1.0
 */
export type AttemptError = typeof AttemptError.Type

/**
 * What waiting for an action can fail with, beside the action's own errors.
 *
 * @category errors
 * @since 0.1.0
 */
export type WaitError =
  | AttemptError
  | Forgotten
  | UnknownAction
  | WouldWaitForItself
  | StorageError

/**
 * The time is over that somebody was to wait for an action at most. The action goes on, and can be waited for again.
 *
 * @category errors
 * @since 0.1.0
 */
export class AwaitTimedOut extends Schema.TaggedError<AwaitTimedOut>("stepped/AwaitTimedOut")("AwaitTimedOut", {
  /** The action with its actor, such as `visit Car/1`. */
  action: Schema.String,
  actionId: Schema.String,
  /** How long was waited for it. */
  waitedMs: Schema.Number
}) {
  override get message(): string {
    return `${this.action} (${this.actionId}) has not ended within ${this.waitedMs} ms, and goes on: ` +
      "wait for it again by its handle, or by its id (Stepped.handle)"
  }
}

// -------------------------------------------------------------------------------------------------------------------
// completing from outside, actors
// -------------------------------------------------------------------------------------------------------------------

/**
 * Several outbound actions of one actor and name are performing, so that the name does not say which one is meant.
 *
 * @category errors
 * @since 0.1.0
 */
export class AmbiguousCompletion extends Schema.TaggedError<AmbiguousCompletion>("stepped/AmbiguousCompletion")(
  "AmbiguousCompletion",
  {
    /** The actor as text, such as `Car/1`. */
    actor: Schema.String,
    action: Schema.String,
    actionIds: Schema.Array(Schema.String)
  }
) {
  override get message(): string {
    return `${this.actor} performs ${this.actionIds.length} outbound actions ${this.action}: ` +
      `complete one by its id (${this.actionIds.join(", ")})`
  }
}

/**
 * A completion has a key with which another outcome was given, or another action was completed.
 *
 * @category errors
 * @since 0.1.0
 */
export class CompletionConflict extends Schema.TaggedError<CompletionConflict>("stepped/CompletionConflict")(
  "CompletionConflict",
  {
    /** The action with its actor, such as `charge User/1`. */
    action: Schema.String,
    key: Schema.String,
    /** What was completed with the key. */
    actionId: Schema.String
  }
) {
  override get message(): string {
    return `${this.action} was not completed: the key ${JSON.stringify(this.key)} has completed ${this.actionId}, ` +
      "which was another action, or with another outcome: what is given again is the same, or has a key of its own"
  }
}

/**
 * An actor has several actions of a name that a signal could be meant for.
 *
 * @category errors
 * @since 0.1.0
 */
export class AmbiguousTarget extends Schema.TaggedError<AmbiguousTarget>("stepped/AmbiguousTarget")("AmbiguousTarget", {
  /** The actor as text, such as `Car/1`. */
  actor: Schema.String,
  action: Schema.String,
  actionIds: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `${this.actor} has ${this.actionIds.length} actions ${this.action} that may be meant: ` +
      `name one by its id (${this.actionIds.slice(0, 20).join(", ")}${this.actionIds.length > 20 ? ", …" : ""})`
  }
}

/**
 * What is sent with a signal does not fit its schema.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidSignal extends Schema.TaggedError<InvalidSignal>("stepped/InvalidSignal")("InvalidSignal", {
  signal: Schema.String,
  /** What is wrong, with the path to it. */
  issue: Schema.String
}) {
  override get message(): string {
    return `What is sent as ${this.signal} does not fit its schema: ${this.issue}`
  }
}

/**
 * A signal was sent under a key under which something else was sent before.
 *
 * @category errors
 * @since 0.1.0
 */
export class SignalConflict extends Schema.TaggedError<SignalConflict>("stepped/SignalConflict")("SignalConflict", {
  signal: Schema.String,
  key: Schema.String,
  actionId: Schema.String
}) {
  override get message(): string {
    return `${this.signal} was sent to ${this.actionId} under the key ${
      JSON.stringify(this.key)
    } with something else: ` +
      "what is sent again is the same, or has a key of its own"
  }
}

/**
 * An action has as many signals that nobody has read as it may have.
 *
 * @category errors
 * @since 0.1.0
 */
export class SignalsFull extends Schema.TaggedError<SignalsFull>("stepped/SignalsFull")("SignalsFull", {
  signal: Schema.String,
  actionId: Schema.String,
  limit: Schema.Number
}) {
  override get message(): string {
    return `${this.actionId} has ${this.limit} signals that nobody has read, which is the limit, and takes no ${this.signal}: ` +
      "send again when its steps have read some (Step.waitFor, Step.received), or enqueue an action for each"
  }
}

/**
 * A token is none of the program's keys', was altered, or has expired; which of these nobody is told.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidToken extends Schema.TaggedError<InvalidToken>("stepped/InvalidToken")("InvalidToken", {}) {
  override get message(): string {
    return "The token is not valid: it counts as it was given away by Step.token, for as long as `expiresIn` says, and where " +
      "Stepped.Tokens has the key that has signed it"
  }
}

/**
 * What sending a signal can fail with.
 *
 * @category errors
 * @since 0.1.0
 */
export type SendError =
  | AmbiguousTarget
  | InvalidSignal
  | SignalConflict
  | SignalsFull
  | InvalidOption
  | InvalidActorId
  | PayloadTooLarge
  | UnstorableText
  | UnknownAction
  | UnsuitableIsolation
  | StorageError

/**
 * What a heartbeat, or moving a limit, can fail with.
 *
 * @category errors
 * @since 0.1.0
 */
export type HeartbeatError =
  | AmbiguousTarget
  | InvalidOption
  | InvalidActorId
  | PayloadTooLarge
  | UnstorableText
  | UnsuitableIsolation
  | StorageError

/**
 * The action that is to be completed waits for a worker, or for others in its lane: it can be completed once it performs, so that the same
 * call may succeed later.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotStarted extends Schema.TaggedError<NotStarted>("stepped/NotStarted")("NotStarted", {
  /** The action with its actor, such as `charge User/1`. */
  action: Schema.String,
  actionId: Schema.String
}) {
  /** The same call may succeed later. */
  readonly isRetryable = true

  override get message(): string {
    return `${this.action} (${this.actionId}) has not started: it waits for a worker or for others in its lane, ` +
      "and can be completed once it performs (may succeed when tried again)"
  }
}

/**
 * The outcome given to an outbound action does not fit its success or error schema.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidOutcome extends Schema.TaggedError<InvalidOutcome>("stepped/InvalidOutcome")("InvalidOutcome", {
  action: Schema.String,
  /** What is wrong, with the path to it. */
  issue: Schema.String
}) {
  override get message(): string {
    return `The outcome given to ${this.action} does not fit its schema: ${this.issue}`
  }
}

/**
 * What a job's completion of its action can fail with.
 *
 * @category errors
 * @since 0.1.0
 */
export type JobCompletionError =
  | InvalidOutcome
  | InvalidOption
  | CompletionConflict
  | PayloadTooLarge
  | UnstorableText
  | UnknownDefinition
  | UnsuitableIsolation
  | StorageError

/**
 * What cancelling can fail with.
 *
 * @category errors
 * @since 0.1.0
 */
export type CancelError = UnknownAction | UnsuitableIsolation | StorageError

/**
 * What completing an outbound action, by actor and name or by its id, can fail with.
 *
 * @category errors
 * @since 0.1.0
 */
export type CompleteError = AmbiguousCompletion | UnknownAction | NotStarted | InvalidActorId | JobCompletionError

/**
 * What receiving an answer with a token can fail with.
 *
 * @category errors
 * @since 0.1.0
 */
export type ReceiveError =
  | InvalidToken
  | InvalidSignal
  | InvalidOutcome
  | SignalConflict
  | CompletionConflict
  | SignalsFull
  | PayloadTooLarge
  | UnstorableText
  | UnsuitableIsolation
  | StorageError

/**
 * A step would receive more than the limit allows: results of earlier steps and of their children, and signals. It fails without having loaded them all.
 *
 * @category errors
 * @since 0.1.0
 */
export class ResultsTooLarge extends Schema.TaggedError<ResultsTooLarge>("stepped/ResultsTooLarge")("ResultsTooLarge", {
  /** The action with its actor, such as `visit Car/1`. */
  action: Schema.String,
  step: Schema.String,
  /** Bytes of those that were counted until the limit was passed. */
  size: Schema.Number,
  /** Bytes that are allowed. */
  limit: Schema.Number
}) {
  override get message(): string {
    return `${this.action} › ${this.step}: results of ${this.size} bytes at least, the limit is ${this.limit}: ` +
      "let children store what is large and return a reference to it, spread them over child actions that sum up a part each, " +
      "or set resultsLimit of Stepped.layer"
  }
}

/**
 * A step does more things once than the limit allows.
 *
 * @category errors
 * @since 0.1.0
 */
export class TooManyMemos extends Schema.TaggedError<TooManyMemos>("stepped/TooManyMemos")("TooManyMemos", {
  count: Schema.Number,
  limit: Schema.Number
}) {
  override get message(): string {
    return `A step does ${this.count} things once, the limit is ${this.limit}: ` +
      "spread them over several steps or over child actions that do a part each"
  }
}

/**
 * What a step was to do once cannot be kept, or read again.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidMemo extends Schema.TaggedError<InvalidMemo>("stepped/InvalidMemo")("InvalidMemo", {
  /** What is wrong, and what to do. */
  issue: Schema.String
}) {
  override get message(): string {
    return this.issue
  }
}

/**
 * `Step.once` could not do what it was asked; `reason` says why.
 *
 * @category errors
 * @since 0.1.0
 */
export class MemoError extends Schema.TaggedError<MemoError>("stepped/MemoError")("MemoError", {
  /** The action with its actor, such as `visit Car/1`. */
  action: Schema.String,
  step: Schema.String,
  /** The name that was given to `Step.once`. */
  memo: Schema.String,
  reason: Schema.Union([TooManyMemos, PayloadTooLarge, UnstorableText, InvalidMemo])
}) {
  override readonly cause = this.reason

  override get message(): string {
    return `Step.once(${JSON.stringify(this.memo)}) of ${this.action} › ${this.step}: ${this.reason.message}`
  }
}

/**
 * The loader found no row for an actor.
 *
 * @category errors
 * @since 0.1.0
 */
export class ActorNotFound extends Schema.TaggedError<ActorNotFound>("stepped/ActorNotFound")("ActorNotFound", {
  /** Type of the actor. */
  actor: Schema.String,
  /** Its id as text. */
  id: Schema.String
}) {
  override get message(): string {
    return `There is no ${this.actor}/${this.id}: its loader found no row`
  }
}

/**
 * Failures that a body may have without declaring them: the actor is gone, the database is in trouble, another action could
 * not be enqueued or has not succeeded, an id names none, or a service was asked for what cannot be. They reach a waiter as
 * {@link ActionFailed}.
 *
 * @category errors
 * @since 0.1.0
 */
export type InfrastructureError =
  | ActorNotFound
  | InvalidActorId
  | EnqueueError
  | MemoError
  | IncompatibleSignal
  | ResultsTooLarge
  | SendError
  | WaitError
  | InvalidQuery
  | UnsuitableIsolation
  | SqlError
  | Schema.SchemaError

// -------------------------------------------------------------------------------------------------------------------
// definitions, schema
// -------------------------------------------------------------------------------------------------------------------

/**
 * A definition contradicts itself or another one.
 *
 * **Details**
 *
 * A programming mistake: thrown where the definition is made, or the reason why a worker does not start.
 *
 * @category errors
 * @since 0.1.0
 */
export class DefinitionError extends Schema.TaggedError<DefinitionError>("stepped/DefinitionError")("DefinitionError", {
  message: Schema.String
}) {}

/**
 * Something was asked of `Step` after the body of its step had ended, by a fiber that went on or by a finalizer: nobody would store it.
 *
 * @category errors
 * @since 0.1.0
 */
export class BodyEnded extends Schema.TaggedError<BodyEnded>("stepped/BodyEnded")("BodyEnded", {
  /** The action as text, such as `visit Car/1`. */
  action: Schema.String,
  step: Schema.String,
  /** What was asked, such as `Step.wait`. */
  asked: Schema.String
}) {
  override get message(): string {
    return `${this.asked} comes after the body of ${this.action} › ${this.step} has ended, and is not stored: ` +
      "wait in the body for the fiber that asks, and ask in the body rather than in a finalizer"
  }
}

/**
 * A field that takes a duration was given something else: a text that is none, NaN, less or more than it takes.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidDuration extends Schema.TaggedError<InvalidDuration>("stepped/InvalidDuration")("InvalidDuration", {
  field: Schema.String,
  value: Schema.String,
  /** What it takes. */
  takes: Schema.String
}) {
  override get message(): string {
    return `${this.field} is ${this.value}: it takes ${this.takes}`
  }
}

/**
 * No worker that lives has this name or id, so that none can be drained: nobody has it (`unknown`), or its lease is over and others take over what it has (`dead`); or
 * the database is embedded, and ends with its process (`embedded`).
 *
 * @category errors
 * @since 0.1.0
 */
export class UnknownWorker extends Schema.TaggedError<UnknownWorker>("stepped/UnknownWorker")("UnknownWorker", {
  worker: Schema.String,
  reason: Schema.Literals(["unknown", "dead", "embedded"])
}) {
  override get message(): string {
    const { reason, worker } = this
    return reason === "unknown"
      ? `there is no worker ${worker}: JobQueue.workers has those that run, with their names and ids`
      : reason === "dead"
      ? `the worker ${worker} has not renewed its lease: it is dead, or cut off, and others take over what it has`
      : `the worker ${worker} has an embedded database, and nobody else sees that: stop its process`
  }
}

/**
 * Several workers that live have this name: one of them is meant by its id.
 *
 * @category errors
 * @since 0.1.0
 */
export class AmbiguousWorker extends Schema.TaggedError<AmbiguousWorker>("stepped/AmbiguousWorker")("AmbiguousWorker", {
  worker: Schema.String,
  /** The first hundred. */
  ids: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `several workers are named ${this.worker}: give the id of one of them, ${this.ids.join(", ")}`
  }
}

/**
 * No schedule has this name.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnknownSchedule extends Schema.TaggedError<UnknownSchedule>("stepped/UnknownSchedule")("UnknownSchedule", {
  schedule: Schema.String
}) {
  override get message(): string {
    return `there is no schedule ${JSON.stringify(this.schedule)}: Schedules.list has their names`
  }
}

/**
 * The name of a schedule that is to be put as a row is one that a program's code declares.
 *
 * @category errors
 * @since 0.1.0
 */
export class ScheduleTaken extends Schema.TaggedError<ScheduleTaken>("stepped/ScheduleTaken")("ScheduleTaken", {
  schedule: Schema.String
}) {
  override get message(): string {
    return `the schedule ${JSON.stringify(this.schedule)} is declared by code: put the row under another name, ` +
      "or, if no program declares it any more, remove it first"
  }
}

/**
 * A service was asked for what cannot be: a limit that is no number or beyond what it takes, a date that is none, a word that it does not
 * know.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidQuery extends Schema.TaggedError<InvalidQuery>("stepped/InvalidQuery")("InvalidQuery", {
  /** What was given, and to whom: `limit of ActionRepo.list`. */
  field: Schema.String,
  value: Schema.String,
  /** What it takes. */
  takes: Schema.String
}) {
  override get message(): string {
    return `${this.field} is ${this.value}: it takes ${this.takes}`
  }
}

/**
 * The client has fewer connections than a worker on it needs: what it would wait for, it would hold itself.
 *
 * @category errors
 * @since 0.1.0
 */
export class PoolTooSmall extends Schema.TaggedError<PoolTooSmall>("stepped/PoolTooSmall")("PoolTooSmall", {
  /** What the client has. */
  maxConnections: Schema.Number,
  /** What it needs at least. */
  needed: Schema.Number,
  /** What the worker has for its transitions. */
  connections: Schema.Number,
  /** What other workers of the program keep of the same client. */
  others: Schema.Number,
  listens: Schema.Boolean
}) {
  override get message(): string {
    const others = this.others > 0 ? `, ${this.others} for the other workers over this layer` : ""
    const listening = this.listens ? ", 1 for listening" : ""
    const fewer = this.listens ? ", or switch `notify` off" : ""
    return `maxConnections of the PgClient is ${this.maxConnections}, and a worker needs ${this.needed}: ` +
      `${this.connections} for its transitions, 1 for its timers, 1 for its lease${others}${listening}, and 1 at least for bodies and clients: ` +
      `give the client more, or the worker fewer \`connections\`${fewer}`
  }
}

/**
 * The configured name of the Postgres schema is not an identifier.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidSchemaName extends Schema.TaggedError<InvalidSchemaName>("stepped/InvalidSchemaName")(
  "InvalidSchemaName",
  {
    name: Schema.String
  }
) {
  override get message(): string {
    return `${JSON.stringify(this.name)} cannot name a Postgres schema: ` +
      "use lower-case letters, digits and underscores, not starting with a digit or pg_, 51 characters at most"
  }
}

/**
 * The database cannot be worked on as it is: its encoding cannot store every text, or row security hides rows.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnsuitableDatabase
  extends Schema.TaggedError<UnsuitableDatabase>("stepped/UnsuitableDatabase")("UnsuitableDatabase", {
    problem: Schema.String,
    /** What to do. */
    advice: Schema.String
  })
{
  override get message(): string {
    return `${this.problem}: ${this.advice}`
  }
}

/**
 * The role of the client may not do what it needs to do.
 *
 * **Details**
 *
 * A program that enqueues, waits or looks needs usage on the schema, select on its tables and execute on its functions, and insert on
 * what it stores; a worker all of them. To make the tables takes create on the database, or on the schema if that is there, and to
 * change them takes their owner.
 *
 * @category errors
 * @since 0.1.0
 */
export class MissingPrivileges
  extends Schema.TaggedError<MissingPrivileges>("stepped/MissingPrivileges")("MissingPrivileges", {
    role: Schema.String,
    /** What it lacks, such as `select on stepped.jobs`. */
    missing: Schema.Array(Schema.String),
    /** Statements that give it that; none where it has to be another role. */
    grants: Schema.Array(Schema.String)
  })
{
  override get message(): string {
    const advice = this.grants.length === 0
      ? "let the owner run the migrations"
      : `run \`${this.grants.join("; ")}\` as the owner`
    return `The role ${this.role} lacks ${this.missing.join(", ")}: ${advice}`
  }
}

/**
 * Sequences have given less numbers than their tables have, as after logical replication, which copies rows alone: what is inserted is
 * refused as a duplicate.
 *
 * @category errors
 * @since 0.1.0
 */
export class SequenceBehind extends Schema.TaggedError<SequenceBehind>("stepped/SequenceBehind")("SequenceBehind", {
  /** Where the sequence of each table is, and the highest number among its rows. */
  tables: Schema.Array(Schema.Struct({ table: Schema.String, at: Schema.Number, rows: Schema.Number }))
}) {
  override get message(): string {
    const found = this.tables.map(({ at, rows, table }) => `${table} (at ${at}, its rows at ${rows})`)
    return `The sequences of ${
      found.join(", ")
    } are behind their tables, as after logical replication, so that what is ` +
      "inserted is refused as a duplicate: run the migrations (Stepped.migrate, or { migrate: true }), which set them"
  }
}

/**
 * Why a worker does not start.
 *
 * @category errors
 * @since 0.1.0
 */
export type WorkerError =
  | DefinitionError
  | InvalidOption
  | PoolTooSmall
  | MissingPrivileges
  | UnsuitableDatabase
  | StorageError

/**
 * The tables were in use for as long as a migration may wait for them.
 *
 * **Details**
 *
 * Nothing of the migration has happened.
 *
 * @category errors
 * @since 0.1.0
 */
export class MigrationBlocked extends Schema.TaggedError<MigrationBlocked>("stepped/MigrationBlocked")(
  "MigrationBlocked",
  {
    schema: Schema.String,
    /** How long it has waited. */
    waitedMs: Schema.Number,
    /** Sessions in whose transactions the tables are in use: the server's process id, what it calls itself, and since when (UTC). */
    by: Schema.Array(Schema.Struct({ pid: Schema.Int, application: Schema.String, since: Schema.String }))
  }
) {
  override get message(): string {
    const by = this.by.map(({ application, pid, since }) => `${application} (process ${pid}, since ${since})`)
    return `The migration of the Postgres schema ${this.schema} has waited ${this.waitedMs} ms for its tables` +
      (by.length === 0
        ? ": pg_stat_activity shows which transactions are open: let those"
        : `, in use by ${by.join(", ")}: let those`) +
      " come to their end, or give Stepped.migrate a longer lockTimeout"
  }
}

/**
 * The Postgres schema does not exist.
 *
 * @category errors
 * @since 0.1.0
 */
export class SchemaMissing extends Schema.TaggedError<SchemaMissing>("stepped/SchemaMissing")("SchemaMissing", {
  schema: Schema.String
}) {
  override get message(): string {
    return `The Postgres schema ${this.schema} does not exist: run the migrations (Stepped.migrate, or { migrate: true })`
  }
}

/**
 * The Postgres schema is older than what this version needs, or was made by a version that was never released (`unreleased`), from which
 * no migration leads anywhere.
 *
 * @category errors
 * @since 0.1.0
 */
export class SchemaOutdated extends Schema.TaggedError<SchemaOutdated>("stepped/SchemaOutdated")("SchemaOutdated", {
  schema: Schema.String,
  found: Schema.Number,
  required: Schema.Number,
  unreleased: Schema.Boolean
}) {
  override get message(): string {
    if (this.unreleased) {
      return `The Postgres schema ${this.schema} was made by an unreleased version of stepped: ` +
        `delete it with all that is in it, and run the migrations (Stepped.migrate, or { migrate: true })`
    }
    return `The Postgres schema ${this.schema} is at migration ${this.found}, ` +
      `this version of stepped needs ${this.required}: run the migrations (Stepped.migrate, or { migrate: true })`
  }
}

/**
 * The Postgres schema is newer than what this version can work with.
 *
 * @category errors
 * @since 0.1.0
 */
export class SchemaTooNew extends Schema.TaggedError<SchemaTooNew>("stepped/SchemaTooNew")("SchemaTooNew", {
  schema: Schema.String,
  found: Schema.Number,
  supported: Schema.Number
}) {
  override get message(): string {
    return `The Postgres schema ${this.schema} is at migration ${this.found}, ` +
      `this version of stepped knows ${this.supported} at most: upgrade stepped`
  }
}
