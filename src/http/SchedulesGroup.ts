/** What is asked of schedules: which there are, when one fires next, and what it has enqueued. */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as Schema from "effect/Schema"
import { NotFound, queryErrors } from "./HttpError.ts"
import { FiredSlotView, NextSlotView, ScheduleDetail, ScheduleView } from "./models/schedules.ts"
import { Authorization, BodyLimit, RequestCheck } from "./Operator.ts"
import { Limit, page } from "./paging.ts"

/** Its name is any text, slashes and dots too, and longer than the parts of a path that routers take: so it stands in the query. */
const named = { name: Schema.String }

const oneErrors = [...queryErrors, NotFound] as const

/** What is enqueued by the clock. What can be done about it is with the verbs. */
export class SchedulesGroup extends HttpApiGroup.make("schedules").add(
  /** In the order of their names. */
  HttpApiEndpoint.get("list", "/api/schedules", {
    query: {
      /** With `action`, and the other way round. */
      actorType: Schema.optional(Schema.String),
      actorId: Schema.optional(Schema.String),
      action: Schema.optional(Schema.String),
      source: Schema.optional(Schema.Literals(["code", "row"])),
      after: Schema.optional(Schema.String),
      limit: Limit
    },
    success: page(ScheduleView, Schema.String),
    error: queryErrors
  }),
  HttpApiEndpoint.get("get", "/api/schedule", { query: named, success: ScheduleDetail, error: oneErrors }),
  /** The slots that come next: five if not given. */
  HttpApiEndpoint.get("next", "/api/schedule/next", {
    query: {
      ...named,
      /** From 1 to 1,000. */
      count: Schema.optional(Schema.Int)
    },
    success: Schema.Array(NextSlotView),
    error: oneErrors
  }),
  /** What was enqueued for its slots, the last slot first; also of one that was removed, as long as that is kept. */
  HttpApiEndpoint.get("history", "/api/schedule/history", {
    query: { ...named, before: Schema.optional(Schema.Date), limit: Limit },
    success: page(FiredSlotView, Schema.Date),
    error: oneErrors
  })
).middleware(RequestCheck).middleware(Authorization).middleware(BodyLimit) {}
