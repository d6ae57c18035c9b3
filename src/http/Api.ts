/**
 * The API: what there is to ask, and what is answered. Who only calls it loads nothing else of `stepped/http`.
 */
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { isStorable } from "../domain/storable.ts"
import { ManyVerbSchema } from "../Many.ts"
import { operatorVerbs } from "../Operation.ts"
import { ActionId, isOneVerb, type OneVerb, roles, type VerbTable, verbTable, verbTargets } from "../verbs/table.ts"
import { Conflict, Forbidden, NotFound, queryErrors, Unprocessable } from "./HttpError.ts"
import {
  ActionCount,
  ActionSummary,
  ActionView,
  SignalView,
  StepResultView,
  StepView,
  TreeView
} from "./models/actions.ts"
import { AttentionView } from "./models/attention.ts"
import { StreamedEvent } from "./models/events.ts"
import { filter, ManyFilterView } from "./models/filter.ts"
import {
  AchievementView,
  AskedView,
  BacklogView,
  DatabaseView,
  DefinitionView,
  FailuresView,
  FindingView,
  LaneView,
  OperationView,
  QueuedView,
  WorkerView
} from "./models/overview.ts"
import { PauseView } from "./models/payloads.ts"
import { WhyView } from "./models/why.ts"
import { AsksForRole, Authorization, BodyLimit, OperatorView, RequestCheck } from "./Operator.ts"
import { Limit, page } from "./paging.ts"
import { SchedulesGroup } from "./SchedulesGroup.ts"

const byId = { id: ActionId }

const oneErrors = [...queryErrors, NotFound] as const

// -------------------------------------------------------------------------------------------------------------------
// who asks
// -------------------------------------------------------------------------------------------------------------------

/** Who asks: for programs that show what they may, and browsers, which get a cookie. */
export class SessionGroup extends HttpApiGroup.make("session").add(
  HttpApiEndpoint.get("me", "/api/session", { success: OperatorView }),
  /** With an `Authorization` header: sets the cookie with which a browser asks from then on. */
  HttpApiEndpoint.post("signIn", "/api/session", { success: OperatorView, error: Forbidden }),
  HttpApiEndpoint.post("signOut", "/api/session/end", { success: HttpApiSchema.NoContent, error: Forbidden })
).middleware(RequestCheck).middleware(Authorization).middleware(BodyLimit) {}

// -------------------------------------------------------------------------------------------------------------------
// looking
// -------------------------------------------------------------------------------------------------------------------

/** Actions: which there are, what has become of one, and why it is where it is. */
export class ActionsGroup extends HttpApiGroup.make("actions").add(
  HttpApiEndpoint.get("list", "/api/actions", {
    query: { ...filter, after: Schema.optional(ActionId), limit: Limit },
    success: Schema.Struct({
      ...page(ActionSummary, Schema.String).fields,
      /** What was enqueued before this was not looked at, as what is asked for is rare: the page is short, or empty, and `next` goes on from there. */
      lookedUntil: Schema.optional(Schema.Date)
    }),
    error: queryErrors
  }),
  HttpApiEndpoint.get("count", "/api/actions/count", {
    query: filter,
    success: ActionCount,
    error: queryErrors
  }),
  HttpApiEndpoint.get("get", "/api/actions/:id", { params: byId, success: ActionView, error: oneErrors }),
  HttpApiEndpoint.get("steps", "/api/actions/:id/steps", {
    params: byId,
    success: Schema.Array(StepView),
    error: oneErrors
  }),
  /** What its steps have given, of those whose result is kept. */
  HttpApiEndpoint.get("results", "/api/actions/:id/results", {
    params: byId,
    success: Schema.Array(StepResultView),
    error: oneErrors
  }),
  HttpApiEndpoint.get("tree", "/api/actions/:id/tree", {
    params: byId,
    query: { limit: Schema.optional(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 10_000 }))) },
    success: TreeView,
    error: oneErrors
  }),
  HttpApiEndpoint.get("why", "/api/actions/:id/why", { params: byId, success: WhyView, error: oneErrors }),
  HttpApiEndpoint.get("signals", "/api/actions/:id/signals", {
    params: byId,
    success: Schema.Array(SignalView),
    error: oneErrors
  })
).middleware(RequestCheck).middleware(Authorization).middleware(BodyLimit) {}

/** The whole: what fails, what waits, who works, what was done by whom. */
export class OverviewGroup extends HttpApiGroup.make("overview").add(
  /** What needs somebody, each with the worst first. */
  HttpApiEndpoint.get("attention", "/api/attention", { success: AttentionView, error: queryErrors }),
  HttpApiEndpoint.get("lanes", "/api/lanes", {
    query: { after: Schema.optional(Schema.String), limit: Limit },
    success: page(LaneView, Schema.String),
    error: queryErrors
  }),
  HttpApiEndpoint.get("queues", "/api/queues", { success: Schema.Array(BacklogView), error: queryErrors }),
  HttpApiEndpoint.get("queued", "/api/queued", {
    query: { after: Schema.optional(Schema.Int), limit: Limit },
    success: page(QueuedView, Schema.Int),
    error: queryErrors
  }),
  HttpApiEndpoint.get("pauses", "/api/pauses", { success: Schema.Array(PauseView), error: queryErrors }),
  HttpApiEndpoint.get("workers", "/api/workers", { success: Schema.Array(WorkerView), error: queryErrors }),
  HttpApiEndpoint.get("errors", "/api/errors", {
    query: {
      actorType: Schema.optional(Schema.String),
      name: Schema.optional(Schema.String),
      since: Schema.optional(Schema.Date),
      before: Schema.optional(Schema.Date),
      /** Groups have no pages: they are counted in the 20,000 newest failures, and older ones are asked for `before` what `from` says. As many as there are to be, 10,000 at most. */
      limit: Schema.optional(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 10_000 })))
    },
    success: FailuresView,
    error: queryErrors
  }),
  /** By name, and of each its versions, the newest first. */
  HttpApiEndpoint.get("definitions", "/api/definitions", {
    query: {
      actorType: Schema.optional(Schema.String),
      name: Schema.optional(Schema.String),
      current: Schema.optional(Schema.Boolean),
      /** Of each definition one version: the newest of those that a worker has that runs now, or, where none has it, of all. */
      newest: Schema.optional(Schema.Boolean),
      after: Schema.optional(Schema.String),
      limit: Limit
    },
    success: page(DefinitionView, Schema.String),
    error: queryErrors
  }),
  /** What steps have asked for, in as many of the newest actions: 10,000 if not given. */
  HttpApiEndpoint.get("asked", "/api/asked", {
    query: {
      actorType: Schema.optional(Schema.String),
      name: Schema.optional(Schema.String),
      limit: Schema.optional(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100_000 })))
    },
    success: Schema.Array(AskedView),
    error: queryErrors
  }),
  HttpApiEndpoint.get("operations", "/api/operations", {
    query: {
      verb: Schema.optional(Schema.Array(Schema.Literals(operatorVerbs))),
      target: Schema.optional(Schema.String),
      by: Schema.optional(Schema.String),
      outcome: Schema.optional(Schema.String),
      through: Schema.optional(Schema.String),
      since: Schema.optional(Schema.Date),
      before: Schema.optional(Schema.Date),
      after: Schema.optional(Schema.Int),
      limit: Limit
    },
    success: page(OperationView, Schema.Int),
    error: queryErrors
  }),
  HttpApiEndpoint.get("achievements", "/api/achievements", {
    query: { key: Schema.optional(Schema.String), after: Schema.optional(Schema.String), limit: Limit },
    success: page(AchievementView, Schema.String),
    error: queryErrors
  }),
  HttpApiEndpoint.get("database", "/api/database", { success: DatabaseView, error: queryErrors }),
  /** Checks every invariant over all that is stored: it takes its time. */
  HttpApiEndpoint.get("doctor", "/api/doctor", { success: Schema.Array(FindingView), error: queryErrors })
).middleware(RequestCheck).middleware(Authorization).middleware(BodyLimit) {}

/** What happens, as server-sent events. */
export class LiveGroup extends HttpApiGroup.make("live").add(
  /** Goes on behind `Last-Event-ID`, or `after`, which is the same for who cannot set a header. */
  HttpApiEndpoint.get("events", "/api/events", {
    headers: { "last-event-id": Schema.optional(Schema.String) },
    query: { after: Schema.optional(Schema.String) },
    success: HttpApiSchema.StreamSse({ events: StreamedEvent })
  })
).middleware(RequestCheck).middleware(Authorization).middleware(BodyLimit) {}

// -------------------------------------------------------------------------------------------------------------------
// acting
// -------------------------------------------------------------------------------------------------------------------

/** Why, for the record. */
const Reason = Schema.String.check(
  Schema.makeFilter((text: string) =>
    (text.trim().length > 0 && text.length <= 1000 && isStorable(JSON.stringify(text))) ||
    "a text of 1 to 1,000 characters that Postgres can store"
  )
)

/** What has come of a verb. */
export const VerbAnswer = Schema.Struct({
  verb: Schema.Literals(operatorVerbs),
  target: Schema.String,
  /** `done`, or why nothing was changed, by the name that the verb answers with. */
  outcome: Schema.String,
  /** The same in words. */
  text: Schema.String,
  /** What else the verb says: the id of the action that goes on, what stays. */
  more: Schema.Record(Schema.String, Schema.Json)
})

/** The verbs that are asked for of one thing: each has an endpoint of its own. */
export const verbsOfOne = operatorVerbs.filter(isOneVerb)

const verbEndpoint = <V extends OneVerb, F extends Schema.Struct.Fields>(verb: V, fields: F) =>
  HttpApiEndpoint.post(verb, `/api/verbs/${verb}`, {
    payload: Schema.Struct({ ...fields, reason: Reason }),
    success: VerbAnswer,
    error: [...queryErrors, Forbidden]
  }).annotate(OpenApi.Description, verbTable[verb].description)

type VerbEndpoint<V> = V extends OneVerb ? ReturnType<typeof verbEndpoint<V, VerbTable[V]["fields"]>> : never

// one for each entry of the table, in a tuple that the types cannot make of a loop
const verbEndpoints = verbsOfOne.map((verb) => verbEndpoint(verb, verbTable[verb].fields)) as unknown as [
  VerbEndpoint<OneVerb>,
  ...Array<VerbEndpoint<OneVerb>>
]

/** Every verb for one: an endpoint for each entry of the table. */
export class VerbsGroup extends HttpApiGroup.make("verbs").add(...verbEndpoints).annotate(AsksForRole, true)
  .middleware(RequestCheck).middleware(Authorization).middleware(BodyLimit)
{}

const tellingErrors = [...queryErrors, Forbidden, NotFound, Conflict, Unprocessable] as const

/** What is told to actions: that one is to run, a signal, how one ended outside. What workers have described is checked by that. */
export class TellingGroup extends HttpApiGroup.make("telling").add(
  /** Enqueues an action that a worker has; gives its id. */
  HttpApiEndpoint.post("run", "/api/run", {
    payload: Schema.Struct({
      actorType: Schema.String,
      /** As it is stored: text. */
      actorId: Schema.String,
      name: Schema.String,
      arguments: Schema.Array(Schema.Json),
      /** The action's own id: a UUIDv7 that the caller has made. A second call with it enqueues nothing more. */
      id: Schema.optionalKey(ActionId),
      idempotencyKey: Schema.optionalKey(Schema.String),
      /** When it is to start; not beside `delayMs`. */
      at: Schema.optionalKey(Schema.Date),
      delayMs: Schema.optionalKey(Schema.Finite),
      priority: Schema.optionalKey(Schema.Int),
      tags: Schema.optionalKey(Schema.Array(Schema.String))
    }),
    success: Schema.Struct({ id: Schema.String }),
    error: tellingErrors
  }),
  HttpApiEndpoint.post("signal", "/api/actions/:id/signal", {
    params: byId,
    payload: Schema.Struct({
      name: Schema.String,
      payload: Schema.optionalKey(Schema.Json),
      /** With the same key it is the same signal. */
      key: Schema.optionalKey(Schema.String),
      reason: Reason
    }),
    success: Schema.Struct({ outcome: Schema.Literals(["sent", "repeated", "none"]) }),
    error: tellingErrors
  }),
  HttpApiEndpoint.post("complete", "/api/actions/:id/complete", {
    params: byId,
    payload: Schema.Struct({
      outcome: Schema.Literals(["succeeded", "failed", "cancelled", "timed_out"]),
      /** The success, or the error. */
      value: Schema.optionalKey(Schema.Json),
      key: Schema.optionalKey(Schema.String),
      reason: Reason
    }),
    success: Schema.Struct({ outcome: Schema.Literals(["done", "none"]) }),
    error: tellingErrors
  })
).annotate(AsksForRole, true).middleware(RequestCheck).middleware(Authorization).middleware(BodyLimit) {}

/** A verb, as it is shown to people. */
export const VerbView = Schema.Struct({
  verb: Schema.Literals(operatorVerbs),
  command: Schema.String,
  description: Schema.String,
  role: Schema.Literals(roles),
  of: Schema.Literals(verbTargets),
  many: Schema.Boolean,
  /** Whether who asks may. */
  isAllowed: Schema.Boolean,
  /** What it takes, as JSON Schema. */
  takes: Schema.Record(Schema.String, Schema.Unknown)
})

/** What a plan is known by, which `start` takes as it was given. */
export const PlanView = Schema.Struct({
  id: Schema.String,
  /** In ms of user time. */
  at: Schema.Finite,
  /** In ms of user time. */
  failedSince: Schema.optionalKey(Schema.Finite),
  /** How many were meant when it was made, as far as they were counted. */
  count: Schema.optionalKey(Schema.Int)
})

/** Verbs for many: what would be done to how many, and then an action of the engine's own that does it. */
export class ManyGroup extends HttpApiGroup.make("many").add(
  /** The table of verbs, with what whoever asks may. */
  HttpApiEndpoint.get("verbs", "/api/verbs", { success: Schema.Array(VerbView) }),
  HttpApiEndpoint.post("plan", "/api/many/plan", {
    payload: Schema.Struct({
      filter: ManyFilterView,
      verb: ManyVerbSchema,
      /** A plan that was made before, as it was given: it is counted anew. */
      plan: Schema.optionalKey(PlanView)
    }),
    success: Schema.Struct({
      plan: PlanView,
      ...ActionCount.fields,
      /** The newest five of them. */
      samples: Schema.Array(ActionSummary)
    }),
    error: [...queryErrors, Forbidden]
  }),
  HttpApiEndpoint.post("start", "/api/many/start", {
    payload: Schema.Struct({
      plan: PlanView,
      filter: ManyFilterView,
      verb: ManyVerbSchema,
      reason: Reason,
      /** At most so many actions a second. */
      rate: Schema.optionalKey(Schema.Finite),
      batch: Schema.optionalKey(Schema.Int)
    }),
    /** The id of the action that does it. */
    success: Schema.Struct({ id: Schema.String }),
    error: [...queryErrors, Forbidden, Conflict]
  }).annotate(AsksForRole, true)
).middleware(RequestCheck).middleware(Authorization).middleware(BodyLimit) {}

/** The document of all this. */
export class DocumentGroup extends HttpApiGroup.make("document").add(
  HttpApiEndpoint.get("openapi", "/api/openapi.json", { success: Schema.Json }),
  HttpApiEndpoint.get("page", "/api/docs", {
    success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/html" }))
  })
).middleware(RequestCheck).middleware(Authorization).middleware(BodyLimit) {}

// -------------------------------------------------------------------------------------------------------------------
// all of it
// -------------------------------------------------------------------------------------------------------------------

/** What is not known is refused: a field that is misspelt would say nothing, and more would be meant than was asked for. */
const strict = { onExcessProperty: "error" } as const

/**
 * The API: `HttpApiClient.make(Api)` is its client.
 *
 * @category api
 * @since 0.1.0
 */
export class Api extends HttpApi.make("stepped")
  .add(SessionGroup)
  .add(ActionsGroup)
  .add(OverviewGroup)
  .add(SchedulesGroup)
  .add(LiveGroup)
  .add(VerbsGroup)
  .add(ManyGroup)
  .add(TellingGroup)
  .add(DocumentGroup)
  .annotate(HttpApi.PayloadParseOptions, strict)
  .annotate(HttpApi.QueryParseOptions, strict)
  .annotateMerge(OpenApi.annotations({
    title: "Stepped",
    description: "Durable trees of actions: what is stuck and why, what failed and since when, and what to do about it"
  }))
{}
