/** Actions, steps and trees, as they are sent: the records of `ActionRecord.ts`, with payloads that may be hidden. */
import * as Schema from "effect/Schema"
import { statuses, stepKinds } from "../../domain/Phase.ts"
import {
  type ChildEncoded,
  childFields,
  type ChildView,
  type ExecutionEncoded,
  type ExecutionFields,
  executionFields
} from "./executions.ts"
import { FailureBrief, FailureView, HeartbeatView, PauseView, Payload } from "./payloads.ts"

export const actionStatuses = ["queued", ...statuses] as const

const Status = Schema.Literals(actionStatuses)

const unwound = Schema.Struct({
  notUndone: FailureView.fields.notUndone,
  kept: FailureView.fields.kept,
  uncertain: FailureView.fields.uncertain
})

/** What there is of an action in a list. */
const fields = {
  id: Schema.String,
  actorType: Schema.String,
  actorId: Schema.String,
  name: Schema.String,
  status: Status,
  outbound: Schema.Boolean,
  unwinding: Schema.Boolean,
  queue: Schema.String,
  lane: Schema.optional(Schema.String),
  lanes: Schema.optional(Schema.Array(Schema.String)),
  checksumKey: Schema.optional(Schema.String),
  checksum: Schema.optional(Schema.String),
  parent: Schema.optional(Schema.String),
  parentStep: Schema.optional(Schema.Int),
  startedBy: Schema.optional(Schema.String),
  startedByStep: Schema.optional(Schema.Int),
  retryOf: Schema.optional(Schema.String),
  depth: Schema.Int,
  attempts: Schema.Int,
  priority: Schema.optional(Schema.Int),
  dueAt: Schema.optional(Schema.Date),
  pause: Schema.optional(PauseView),
  timeoutMs: Schema.optional(Schema.Finite),
  timeoutAt: Schema.optional(Schema.Date),
  stepTimeoutAt: Schema.optional(Schema.Date),
  supersededBy: Schema.optional(Schema.String),
  unwound: Schema.optional(unwound),
  build: Schema.optional(Schema.String),
  callbacksSucceeded: Schema.Int,
  callbacksFailed: Schema.Int,
  tags: Schema.Array(Schema.String),
  traceId: Schema.optional(Schema.String),
  enqueuedAt: Schema.Date,
  startedAt: Schema.optional(Schema.Date),
  endedAt: Schema.optional(Schema.Date),
  forgotten: Schema.optional(Schema.Literals(["whole", "inPart"]))
}

/** An action in a list: without what programs have stored. */
export const ActionSummary = Schema.Struct({
  ...fields,
  cause: Schema.optional(FailureBrief),
  lastFailure: Schema.optional(FailureBrief)
})

export type ActionSummary = typeof ActionSummary.Type

/** An action by itself. */
export const ActionView = Schema.Struct({
  ...fields,
  cause: Schema.optional(FailureView),
  lastFailure: Schema.optional(FailureView),
  arguments: Payload,
  result: Schema.optional(Payload),
  progress: Schema.optional(Payload),
  heartbeat: Schema.optional(HeartbeatView)
})

export type ActionView = typeof ActionView.Type

export const AttemptView = Schema.Struct({
  number: Schema.Int,
  startedAt: Schema.Date,
  endedAt: Schema.optional(Schema.Date),
  failure: Schema.optional(FailureBrief),
  nextAt: Schema.optional(Schema.Date)
})

const slotFields = {
  action: Schema.String,
  step: Schema.Int,
  slot: Schema.Int,
  child: Schema.optional(Schema.String),
  actorType: Schema.optional(Schema.String),
  actorId: Schema.optional(Schema.String),
  name: Schema.optional(Schema.String),
  dueAt: Schema.optional(Schema.Date),
  signal: Schema.optional(Schema.String),
  heartbeat: Schema.optional(HeartbeatView),
  status: Schema.optional(Schema.Literals(statuses)),
  isAttempt: Schema.Boolean,
  attemptNumber: Schema.Int
}

/** One thing that a step waits for. */
export const SlotView = Schema.Struct(slotFields)

export type SlotView = typeof SlotView.Type

const stepFields = {
  action: Schema.String,
  index: Schema.Int,
  name: Schema.String,
  kind: Schema.Literals(stepKinds),
  status: Schema.Literals(["pending", "performing", "held", "succeeded", "failed", "cancelled", "skipped"]),
  failure: Schema.optional(FailureView),
  undoes: Schema.optional(Schema.Int),
  startedAt: Schema.Date,
  endedAt: Schema.optional(Schema.Date),
  attemptNumber: Schema.Int,
  attempts: Schema.Array(AttemptView),
  unchecked: Schema.Boolean
}

/** A step with what it waits for. */
export const StepView = Schema.Struct({ ...stepFields, slots: Schema.Array(SlotView) })

export type StepView = typeof StepView.Type

/** What a step has given, as later steps receive it. */
export const StepResultView = Schema.Struct({ index: Schema.Int, name: Schema.String, result: Payload })

export type StepResultView = typeof StepResultView.Type

/** A slot of a tree, with the action in it. */
export interface TreeSlot extends SlotView {
  readonly tree?: TreeView | undefined
}

/** A step of a tree. */
export interface TreeStep extends Omit<StepView, "slots"> {
  readonly slots: ReadonlyArray<TreeSlot>
}

/** An action with all that is below it, without arguments and results. */
export interface TreeView {
  readonly action: ActionSummary
  readonly steps: ReadonlyArray<TreeStep>
  /** Of an execution of a workflow that has begun. */
  readonly execution?:
    | ExecutionFields & { readonly children: ReadonlyArray<ChildView & { readonly tree?: TreeView | undefined }> }
    | undefined
}

export interface TreeSlotEncoded extends Omit<typeof SlotView.Encoded, never> {
  readonly tree?: TreeEncoded | undefined
}

export interface TreeEncoded {
  readonly action: typeof ActionSummary.Encoded
  readonly steps: ReadonlyArray<
    Omit<typeof StepView.Encoded, "slots"> & { readonly slots: ReadonlyArray<TreeSlotEncoded> }
  >
  readonly execution?:
    | ExecutionEncoded & {
      readonly children: ReadonlyArray<ChildEncoded & { readonly tree?: TreeEncoded | undefined }>
    }
    | undefined
}

const Below = Schema.optional(Schema.suspend((): Schema.Codec<TreeView, TreeEncoded> => TreeView))

export const TreeView = Schema.Struct({
  action: ActionSummary,
  steps: Schema.Array(Schema.Struct({
    ...stepFields,
    slots: Schema.Array(Schema.Struct({ ...slotFields, tree: Below }))
  })),
  execution: Schema.optional(
    Schema.Struct({
      ...executionFields,
      children: Schema.Array(Schema.Struct({ ...childFields, tree: Below }))
    })
  )
}).annotate({ identifier: "TreeView" })

/** A signal that was sent to an action. */
export const SignalView = Schema.Struct({
  action: Schema.String,
  name: Schema.String,
  key: Schema.optional(Schema.String),
  /** None where a failure was sent. */
  payload: Schema.optional(Payload),
  failure: Schema.optional(Schema.Struct({
    kind: FailureView.fields.kind,
    message: Schema.String,
    error: Schema.optional(Payload)
  })),
  sentAt: Schema.Date,
  readBy: Schema.optional(Schema.Int)
})

export type SignalView = typeof SignalView.Type

/** How many actions there are, up to 10,000. */
export const ActionCount = Schema.Struct({
  count: Schema.Int,
  /** There are more than these 10,000. */
  hasMore: Schema.Boolean,
  /** Those that were counted, by definition and status, the most first. */
  groups: Schema.Array(Schema.Struct({
    actorType: Schema.String,
    name: Schema.String,
    status: Status,
    count: Schema.Int
  }))
})

export type ActionCount = typeof ActionCount.Type
