/** What has become of executions of workflows, as it is sent: the records of `ExecutionRecord.ts`. */
import * as Schema from "effect/Schema"
import { statuses } from "../../domain/Phase.ts"

/** What Effect makes of a deferred. */
export const deferredKinds = ["deferred", "race", "queue"] as const

const ActivityView = Schema.Struct({
  name: Schema.String,
  attemptNumber: Schema.Int,
  status: Schema.Literals(["succeeded", "failed"]),
  message: Schema.optional(Schema.String),
  /** To who may read payloads: what everybody is told, where that is not the message. */
  openMessage: Schema.optional(Schema.String),
  endedAt: Schema.Date
})

const DeferredView = Schema.Struct({
  kind: Schema.Literals(deferredKinds),
  name: Schema.String,
  status: Schema.Literals(["awaited", "succeeded", "failed"]),
  message: Schema.optional(Schema.String),
  /** To who may read payloads: what everybody is told, where that is not the message. */
  openMessage: Schema.optional(Schema.String),
  awaitedSince: Schema.optional(Schema.Date),
  doneAt: Schema.optional(Schema.Date)
})

const ClockView = Schema.Struct({
  name: Schema.String,
  ringsAt: Schema.Date,
  awaitedSince: Schema.optional(Schema.Date)
})

/** Which execution is waited for. */
export const childFields = {
  id: Schema.String,
  actorType: Schema.String,
  actorId: Schema.String,
  name: Schema.String,
  /** None where it has not ended. */
  status: Schema.optional(Schema.Literals(statuses))
}

const ChildView = Schema.Struct(childFields)

export type ChildView = typeof ChildView.Type
export type ChildEncoded = typeof ChildView.Encoded

/** What has become of an execution but for whom it waits for. */
export const executionFields = {
  action: Schema.String,
  workflow: Schema.String,
  suspendedAt: Schema.optional(Schema.Date),
  interruptedAt: Schema.optional(Schema.Date),
  activities: Schema.Array(ActivityView),
  deferreds: Schema.Array(DeferredView),
  clocks: Schema.Array(ClockView),
  hasMore: Schema.Boolean
}

const Execution = Schema.Struct(executionFields)

export type ExecutionFields = typeof Execution.Type
export type ExecutionEncoded = typeof Execution.Encoded
