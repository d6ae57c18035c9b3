/** What happens, as it is sent to who looks on. */
import * as Schema from "effect/Schema"
import { actionStatuses } from "./actions.ts"

/** What has become of an action. */
export const EventView = Schema.Struct({
  kind: Schema.Literals(["enqueued", "started", "ended"]),
  at: Schema.Date,
  /** The id of the action. */
  id: Schema.String,
  actorType: Schema.String,
  actorId: Schema.String,
  name: Schema.String,
  /** What it is now. */
  status: Schema.Literals(actionStatuses),
  parent: Schema.optional(Schema.String),
  /** Of what has ended and not succeeded: why, in words. */
  message: Schema.optional(Schema.String)
})

export type EventView = typeof EventView.Type

/**
 * An event of the stream. `beat`, without an id, comes every few seconds: who hears none is to connect again. `over`, without one, too, is the last: who wants more is to connect
 * again, and is asked who they are. `gap`, without one, too, says between which times more may have happened than is told: who wants all of it asks for the list of actions. The id is the time and
 * the action: with it as `Last-Event-ID` any process goes on behind it.
 */
export const StreamedEvent = Schema.Union([
  Schema.Struct({ id: Schema.String, event: Schema.Literal("action"), data: Schema.fromJsonString(EventView) }),
  Schema.Struct({
    id: Schema.optionalKey(Schema.String),
    event: Schema.Literal("gap"),
    data: Schema.fromJsonString(Schema.Struct({ since: Schema.Date, before: Schema.Date }))
  }),
  Schema.Struct({
    id: Schema.optionalKey(Schema.String),
    event: Schema.Literals(["beat", "over"]),
    data: Schema.fromJsonString(Schema.Struct({ at: Schema.Date }))
  })
])

export type StreamedEvent = typeof StreamedEvent.Type
