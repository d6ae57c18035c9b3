/** Why an action is not finished, as it is sent (`Why.ts`). */
import * as Schema from "effect/Schema"
import { statuses } from "../../domain/Phase.ts"
import { actionStatuses } from "./actions.ts"
import { deferredKinds } from "./executions.ts"
import { FailureView, HeartbeatView, PauseView, Payload } from "./payloads.ts"

const Doing = Schema.Literals(["preparing", "step", "concluding", "callbacks", "job", "undoing", "closing"])

/** An action in the answer. */
export interface WhyActionView {
  readonly id: string
  /** As `visit Car/1`; its id where it is not live any more. */
  readonly action: string
  readonly since?: Date | undefined
  readonly status?: typeof actionStatuses[number] | undefined
  readonly enqueuedAt?: Date | undefined
  readonly timeoutAt?: Date | undefined
  readonly reasons: ReadonlyArray<ReasonView>
  readonly isAbove: boolean
}

export interface WhyActionEncoded {
  readonly id: string
  readonly action: string
  readonly since?: Date | undefined
  readonly status?: typeof actionStatuses[number] | undefined
  readonly enqueuedAt?: Date | undefined
  readonly timeoutAt?: Date | undefined
  readonly reasons: ReadonlyArray<typeof ReasonView.Encoded>
  readonly isAbove: boolean
}

const Other = Schema.suspend((): Schema.Codec<WhyActionView, WhyActionEncoded> => WhyActionView)

const text = {
  /** The reason in words. */
  text: Schema.String
}

const waiting = {
  step: Schema.String,
  undoes: Schema.Boolean,
  since: Schema.Date,
  timeoutAt: Schema.optional(Schema.Date),
  open: Schema.Int
}

const tagged = <const Tag extends string, const Fields extends Schema.Struct.Fields>(tag: Tag, fields: Fields) =>
  Schema.TaggedStruct(tag, { ...fields, ...text })

/** Why it is not finished: the reasons of `Reason`. */
export const ReasonView = Schema.Union([
  tagged("Waits", {
    lane: Schema.String,
    place: Schema.Int,
    performing: Schema.Int,
    limit: Schema.Int,
    behind: Schema.Array(Other)
  }),
  tagged("Sibling", { elder: Other }),
  tagged("Paused", { pause: PauseView }),
  tagged("Limited", { lane: Schema.String, until: Schema.Date }),
  tagged("Debounced", { lane: Schema.String, until: Schema.Date }),
  tagged("Delayed", { until: Schema.Date }),
  tagged("Joins", { joined: Other }),
  tagged("Children", {
    ...waiting,
    undoing: Schema.Boolean,
    closing: Schema.Boolean,
    children: Schema.Array(Other)
  }),
  tagged("Timer", { ...waiting, until: Schema.Date }),
  tagged("Signal", {
    ...waiting,
    signal: Schema.String,
    optional: Schema.Boolean,
    until: Schema.optional(Schema.Date),
    unread: Schema.Int,
    unreadAt: Schema.optional(Schema.Date),
    heartbeat: HeartbeatView
  }),
  tagged("Outbound", { since: Schema.Date, heartbeat: HeartbeatView }),
  tagged("Held", {
    step: Schema.optional(Schema.String),
    attempt: Schema.Int,
    since: Schema.optional(Schema.Date),
    failure: Schema.optional(FailureView),
    decided: Schema.optional(Schema.Struct({
      verb: Schema.String,
      by: Schema.String,
      reason: Schema.optional(Schema.String),
      at: Schema.Date
    }))
  }),
  tagged("Suspended", {
    failure: Schema.optional(FailureView),
    since: Schema.optional(Schema.Date),
    deferreds: Schema.Array(
      Schema.Struct({ kind: Schema.Literals(deferredKinds), name: Schema.String, since: Schema.Date })
    ),
    clocks: Schema.Array(Schema.Struct({ name: Schema.String, since: Schema.Date, ringsAt: Schema.Date })),
    until: Schema.optional(Schema.Date),
    children: Schema.Array(Other)
  }),
  tagged("Retries", {
    what: Doing,
    step: Schema.optional(Schema.String),
    attempt: Schema.Int,
    at: Schema.Date,
    failure: Schema.optional(FailureView)
  }),
  tagged("Due", {
    queue: Schema.String,
    since: Schema.optional(Schema.Date),
    place: Schema.optional(Schema.Int),
    workers: Schema.Int
  }),
  tagged("Unserved", {
    queue: Schema.String,
    since: Schema.optional(Schema.Date),
    missing: Schema.Literals(["worker", "definition", "queue", "undrained"]),
    workers: Schema.Int
  }),
  tagged("Performs", {
    what: Doing,
    step: Schema.optional(Schema.String),
    attempt: Schema.Int,
    since: Schema.optional(Schema.Date),
    worker: Schema.optional(Schema.Struct({
      name: Schema.String,
      build: Schema.optional(Schema.String),
      startedAt: Schema.Date,
      leaseUntil: Schema.Date,
      isOver: Schema.Boolean
    })),
    progress: Schema.optional(Payload)
  }),
  tagged("Cancelled", { since: Schema.Date }),
  tagged("Unwinding", {
    status: Schema.Literals(statuses),
    hasEnded: Schema.Boolean,
    cause: Schema.optional(FailureView),
    step: Schema.optional(Schema.String)
  }),
  tagged("Stranded", {}),
  tagged("Ended", {
    status: Schema.Literals(statuses),
    at: Schema.Date,
    cause: Schema.optional(FailureView),
    supersededBy: Schema.optional(Schema.String),
    forgotten: Schema.Boolean
  })
])

export type ReasonView = typeof ReasonView.Type

const actionFields = {
  id: Schema.String,
  action: Schema.String,
  since: Schema.optional(Schema.Date),
  status: Schema.optional(Schema.Literals(actionStatuses)),
  enqueuedAt: Schema.optional(Schema.Date),
  timeoutAt: Schema.optional(Schema.Date),
  reasons: Schema.Array(ReasonView),
  isAbove: Schema.Boolean
}

const WhyActionView: Schema.Codec<WhyActionView, WhyActionEncoded> = Schema.Struct(actionFields).annotate({
  identifier: "WhyActionView"
})

/** The whole answer. */
export const WhyView = Schema.Struct({
  ...actionFields,
  at: Schema.Date,
  usual: Schema.optional(Schema.Struct({ count: Schema.Int, medianMs: Schema.Finite, p95Ms: Schema.Finite })),
  leftOut: Schema.Int,
  /** All of it as text for people. */
  text: Schema.String
})

export type WhyView = typeof WhyView.Type
