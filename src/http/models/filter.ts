/** Which actions are meant, as a query and as JSON. */
import * as Schema from "effect/Schema"
import type { ManyFilter } from "../../Many.ts"
import { ActionId } from "../../verbs/table.ts"
import { actionStatuses } from "./actions.ts"

/** What a filter has: what is left out of it here is left out of what is asked in silence, and more is meant. */
type Filters = { readonly [K in Exclude<keyof ManyFilter, "actor" | "action">]: Schema.Top }

/** Which actions: all of it has to be so. */
export const filter = {
  actorType: Schema.optional(Schema.String),
  actorId: Schema.optional(Schema.String),
  name: Schema.optional(Schema.String),
  /** One or several: `status=failed&status=timed_out`. */
  status: Schema.optional(Schema.Array(Schema.Literals(actionStatuses))),
  roots: Schema.optional(Schema.Boolean),
  parent: Schema.optional(ActionId),
  tag: Schema.optional(Schema.String),
  since: Schema.optional(Schema.Date),
  before: Schema.optional(Schema.Date),
  startedBy: Schema.optional(ActionId),
  retryOf: Schema.optional(ActionId),
  callbacksFailed: Schema.optional(Schema.Boolean),
  held: Schema.optional(Schema.Boolean),
  toResume: Schema.optional(Schema.Boolean),
  notUndone: Schema.optional(Schema.Boolean),
  failure: Schema.optional(Schema.String)
} satisfies Omit<Filters, "statuses"> & { readonly status: Schema.Top }

/** A filter for a verb, as JSON. */
export const ManyFilterView = Schema.Struct(
  {
    actorType: Schema.optionalKey(Schema.String),
    actorId: Schema.optionalKey(Schema.String),
    name: Schema.optionalKey(Schema.String),
    statuses: Schema.optionalKey(Schema.Array(Schema.Literals(actionStatuses))),
    roots: Schema.optionalKey(Schema.Boolean),
    parent: Schema.optionalKey(ActionId),
    tag: Schema.optionalKey(Schema.String),
    since: Schema.optionalKey(Schema.Date),
    before: Schema.optionalKey(Schema.Date),
    startedBy: Schema.optionalKey(ActionId),
    retryOf: Schema.optionalKey(ActionId),
    callbacksFailed: Schema.optionalKey(Schema.Boolean),
    held: Schema.optionalKey(Schema.Boolean),
    toResume: Schema.optionalKey(Schema.Boolean),
    notUndone: Schema.optionalKey(Schema.Boolean),
    failure: Schema.optionalKey(Schema.String)
  } satisfies Filters
)
