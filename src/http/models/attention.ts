/** What needs somebody, as it is sent. */
import * as Schema from "effect/Schema"
import { ActionSummary } from "./actions.ts"
import { BacklogView, DatabaseView, FailureGroupView } from "./overview.ts"
import { PauseView } from "./payloads.ts"
import { WhyView } from "./why.ts"

/** One that performs and does not go on: nothing continues it, its step is held, it is an execution that has failed and is suspended until somebody resumes it, it is tried again, somebody outside is late, or it is over its usual time. */
export const StuckView = Schema.Struct({
  action: ActionSummary,
  kind: Schema.Literals(["stranded", "held", "suspended", "retries", "overdue", "slow"]),
  since: Schema.optional(Schema.Date),
  /** Why it is not finished, in words: the first three reasons. */
  reasons: Schema.Array(Schema.String),
  usual: WhyView.fields.usual
})

export type StuckView = typeof StuckView.Type

export const AttentionView = Schema.Struct({
  at: Schema.Date,
  stuck: Schema.Array(StuckView),
  /** Of those that may be stuck, how many have not been looked at in the time that there is. */
  leftOut: Schema.Int,
  /** What was not undone, and what is uncertain. */
  notUndone: Schema.Array(Schema.Struct({
    action: ActionSummary,
    steps: Schema.Array(Schema.String),
    /** Whether something of it may be undone once more (`ActionRepo.compensateAgain`). */
    canBeUndone: Schema.Boolean
  })),
  /** Schedules that do not fire though they are to. What code declared, and no living worker declares any more, is none of them: it is meant to be over. */
  schedules: Schema.Array(Schema.Struct({
    name: Schema.String,
    actorType: Schema.String,
    actorId: Schema.String,
    /** The name of the action. */
    action: Schema.String,
    kind: Schema.Literals(["broken", "orphaned", "late"]),
    /** Since when the slot that comes next is due; none where it is still to come. */
    since: Schema.optional(Schema.Date),
    because: Schema.String
  })),
  /** What waits though it is due. */
  unserved: Schema.Array(Schema.Struct({ backlog: BacklogView, because: Schema.String })),
  /** What workers had to heal in a week: actions that nobody would have gone on with. */
  healed: Schema.Array(Schema.Struct({
    actorType: Schema.String,
    name: Schema.String,
    kind: Schema.Literals(["slots", "job", "lane"]),
    count: Schema.Int,
    firstAt: Schema.Date,
    lastAt: Schema.Date,
    /** The id of the last one. */
    lastAction: Schema.String,
    worker: Schema.optional(Schema.String),
    because: Schema.String
  })),
  /** What has failed in a day, in groups. */
  failing: Schema.Array(FailureGroupView),
  pauses: Schema.Array(PauseView),
  /** Workers whose lease is over. */
  gone: Schema.Array(Schema.Struct({
    id: Schema.String,
    name: Schema.String,
    inHand: Schema.Int,
    leaseUntil: Schema.Date
  })),
  /** What the database says of itself that is not fine; nothing where it cannot be asked. */
  notes: DatabaseView.fields.notes
})

export type AttentionView = typeof AttentionView.Type
