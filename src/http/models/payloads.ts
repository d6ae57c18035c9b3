/** What programs have stored, as it is sent: shown without what is secret, or hidden. */
import * as Schema from "effect/Schema"
import { failureKinds } from "../../domain/Failure.ts"

/**
 * A value that a program has stored. `Hidden`: `notAllowed`, whoever asks may not read payloads; `unknown`, no worker has said what it is, or there are more than 100 versions of what it is of, so that nobody knows what of it is secret; `secret`, all of it is; `large`, it is more than one answer has.
 */
export const Payload = Schema.Union([
  Schema.TaggedStruct("Shown", {
    value: Schema.Json,
    /** Whether something in it is secret, and stands there as `<redacted>`. */
    isRedacted: Schema.Boolean
  }),
  Schema.TaggedStruct("Hidden", { because: Schema.Literals(["notAllowed", "unknown", "secret", "large"]) })
])

export type Payload = typeof Payload.Type

/** Why an action did not succeed. */
export const FailureView = Schema.Struct({
  kind: Schema.Literals(failureKinds),
  path: Schema.String,
  message: Schema.String,
  /** As who may not read payloads is told it; for who may, where that is another one. */
  openMessage: Schema.optional(Schema.String),
  error: Schema.optional(Payload),
  own: Schema.optional(Schema.Boolean),
  declaredBy: Schema.optional(Schema.Struct({ action: Schema.String, actor: Schema.String })),
  /** As Effect prints it; for who may read payloads. */
  pretty: Schema.optional(Schema.String),
  lane: Schema.optional(Schema.String),
  details: Schema.optional(Payload),
  reason: Schema.optional(Schema.String),
  notUndone: Schema.optional(Schema.Array(Schema.Struct({
    step: Schema.String,
    index: Schema.optional(Schema.Int),
    child: Schema.optional(Schema.String),
    message: Schema.String
  }))),
  kept: Schema.optional(Schema.Array(Schema.Struct({
    step: Schema.String,
    index: Schema.Int,
    child: Schema.String,
    action: Schema.String
  }))),
  uncertain: Schema.optional(Schema.Array(Schema.String)),
  cycle: Schema.optional(Schema.Array(Schema.Struct({
    action: Schema.String,
    actor: Schema.String,
    lane: Schema.optional(Schema.String),
    step: Schema.optional(Schema.String)
  }))),
  forgotten: Schema.optional(Schema.Boolean)
})

export type FailureView = typeof FailureView.Type

/** The same in few words. */
export const FailureBrief = Schema.Struct({
  kind: Schema.Literals(failureKinds),
  path: Schema.String,
  message: Schema.String,
  openMessage: FailureView.fields.openMessage
})

export const HeartbeatView = Schema.Struct({
  heardAt: Schema.optional(Schema.Date),
  silentAt: Schema.optional(Schema.Date),
  details: Schema.optional(Payload)
})

export type HeartbeatView = typeof HeartbeatView.Type

export const PauseView = Schema.Struct({
  kind: Schema.Literals(["everything", "schedules", "queue", "definition", "lane"]),
  subject: Schema.String,
  reason: Schema.String,
  by: Schema.String,
  since: Schema.Date
})
