/** Schedules and their slots, as they are sent. */
import * as Schema from "effect/Schema"
import { actionStatuses } from "./actions.ts"
import { Payload } from "./payloads.ts"

export const ScheduleView = Schema.Struct({
  name: Schema.String,
  state: Schema.Literals(["active", "paused", "orphaned", "broken", "over"]),
  source: Schema.Literals(["code", "row"]),
  /** One of the three. */
  cron: Schema.optional(Schema.String),
  everyMs: Schema.optional(Schema.Finite),
  at: Schema.optional(Schema.Date),
  zone: Schema.optional(Schema.String),
  actorType: Schema.String,
  actorId: Schema.String,
  /** The name of the action. */
  action: Schema.String,
  arguments: Payload,
  catchUp: Schema.Union([
    Schema.Literals(["none", "latest"]),
    Schema.Struct({ max: Schema.Int, windowMs: Schema.Finite })
  ]),
  jitterMs: Schema.optional(Schema.Finite),
  until: Schema.optional(Schema.Date),
  /** The slot that comes next, and when it fires. */
  slot: Schema.optional(Schema.Date),
  firesAt: Schema.optional(Schema.Date),
  /** The last slot that has fired. */
  lastSlot: Schema.optional(Schema.Date),
  /** Its own, or, where it has none, that of all schedules (`ofAll`). */
  pause: Schema.optional(
    Schema.Struct({ since: Schema.Date, by: Schema.String, reason: Schema.String, ofAll: Schema.Boolean })
  ),
  /** Why it is broken. */
  trouble: Schema.optional(Schema.String),
  hash: Schema.String
})

export type ScheduleView = typeof ScheduleView.Type

export const NextSlotView = Schema.Struct({ slot: Schema.Date, firesAt: Schema.Date })

/** One schedule, with the slots that come next: five of them at most. */
export const ScheduleDetail = Schema.Struct({ ...ScheduleView.fields, next: Schema.Array(NextSlotView) })

/** A slot that was enqueued. */
export const FiredSlotView = Schema.Struct({
  slot: Schema.Date,
  byHand: Schema.Boolean,
  at: Schema.Date,
  /** The id of the action. */
  action: Schema.String,
  /** None where its outcome is not kept any more. */
  status: Schema.optional(Schema.Literals(actionStatuses))
})
