/** Lanes, queues, workers, definitions, failures, operations and the database, as they are sent. */
import * as Schema from "effect/Schema"
import { failureKinds } from "../../domain/Failure.ts"
import { stepKinds } from "../../domain/Phase.ts"
import { operatorVerbs } from "../../Operation.ts"
import { PauseView, Payload } from "./payloads.ts"

export const LaneView = Schema.Struct({
  name: Schema.optional(Schema.String),
  key: Schema.String,
  limit: Schema.Int,
  performing: Schema.Array(Schema.String),
  pending: Schema.Array(Schema.String),
  waiting: Schema.Int,
  dueAt: Schema.optional(Schema.Date),
  pause: Schema.optional(PauseView)
})

export const BacklogView = Schema.Struct({
  queue: Schema.String,
  actorType: Schema.String,
  name: Schema.String,
  due: Schema.Int,
  later: Schema.Int,
  held: Schema.Int,
  waiting: Schema.Int,
  waitsFor: Schema.optional(Schema.String),
  paused: Schema.Int,
  pause: Schema.optional(PauseView),
  cancelled: Schema.Int,
  oldestDueAt: Schema.optional(Schema.Date),
  oldestEnqueuedAt: Schema.Date,
  readAt: Schema.Date
})

/** An invocation that waits, without its arguments. */
export const QueuedView = Schema.Struct({
  action: Schema.String,
  place: Schema.Int,
  actorType: Schema.String,
  actorId: Schema.String,
  name: Schema.String,
  queue: Schema.String,
  priority: Schema.Int,
  dueAt: Schema.optional(Schema.Date),
  tags: Schema.Array(Schema.String),
  tenant: Schema.optional(Schema.String),
  cancelled: Schema.Boolean,
  waitsFor: Schema.optional(Schema.String),
  pause: Schema.optional(PauseView),
  enqueuedAt: Schema.Date
})

export const WorkerView = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  build: Schema.optional(Schema.String),
  queues: Schema.optional(Schema.Array(Schema.String)),
  definitions: Schema.optional(Schema.Record(Schema.String, Schema.String)),
  startedAt: Schema.Date,
  heardAt: Schema.Date,
  leaseUntil: Schema.Date,
  inHand: Schema.Int,
  drainingSince: Schema.optional(Schema.Date),
  readAt: Schema.Date
})

/** A schema, in JSON Schema's 2020-12 dialect. */
const SchemaView = Schema.Struct({
  schema: Schema.NullOr(Schema.Record(Schema.String, Schema.Unknown)),
  redacted: Schema.Array(Schema.Array(Schema.String)),
  fingerprint: Schema.NullOr(Schema.String)
})

export const DefinitionView = Schema.Struct({
  actorType: Schema.String,
  name: Schema.String,
  hash: Schema.String,
  firstSeen: Schema.Date,
  lastSeen: Schema.Date,
  description: Schema.Struct({
    arguments: Schema.Array(SchemaView),
    success: SchemaView,
    error: SchemaView,
    signals: Schema.Array(Schema.Struct({ name: Schema.String, payload: SchemaView, error: SchemaView })),
    steps: Schema.Array(Schema.Struct({
      name: Schema.String,
      kind: Schema.Literals(stepKinds),
      result: Schema.NullOr(SchemaView),
      timeoutMs: Schema.NullOr(Schema.Finite),
      options: Schema.Array(Schema.String)
    })),
    queue: Schema.String,
    timeoutMs: Schema.NullOr(Schema.Finite),
    heartbeatTimeoutMs: Schema.NullOr(Schema.Finite),
    achievementTtlMs: Schema.NullOr(Schema.Finite),
    version: Schema.NullOr(Schema.String),
    options: Schema.Array(Schema.String)
  })
})

/** What a step has asked for: a child of a definition, or a signal. */
export const AskedView = Schema.Struct({
  actorType: Schema.String,
  name: Schema.String,
  step: Schema.String,
  kind: Schema.Literals(stepKinds),
  child: Schema.optional(Schema.Struct({ actorType: Schema.String, name: Schema.String })),
  signal: Schema.optional(Schema.String),
  count: Schema.Int
})

export const FailureGroupView = Schema.Struct({
  id: Schema.String,
  actorType: Schema.String,
  name: Schema.String,
  status: Schema.Literals(["failed", "timed_out", "deadlocked"]),
  kind: Schema.Literals(failureKinds),
  tag: Schema.optional(Schema.String),
  path: Schema.String,
  message: Schema.String,
  count: Schema.Int,
  firstSeen: Schema.Date,
  lastSeen: Schema.Date,
  builds: Schema.Array(Schema.Struct({
    build: Schema.optional(Schema.String),
    count: Schema.Int,
    firstSeen: Schema.Date,
    lastSeen: Schema.Date
  })),
  samples: Schema.Array(Schema.String)
})

export const FailuresView = Schema.Struct({
  groups: Schema.Array(FailureGroupView),
  /** Since when they are complete; none where all that was asked for is in them. */
  from: Schema.optional(Schema.Date)
})

export const OperationView = Schema.Struct({
  id: Schema.Int,
  at: Schema.Date,
  by: Schema.String,
  verb: Schema.Literals(operatorVerbs),
  target: Schema.String,
  index: Schema.optional(Schema.Int),
  attemptNumber: Schema.optional(Schema.Int),
  reason: Schema.optional(Schema.String),
  counts: Schema.optional(Schema.Record(Schema.String, Schema.Finite)),
  outcome: Schema.String,
  through: Schema.optional(Schema.String)
})

export const AchievementView = Schema.Struct({
  checksumKey: Schema.String,
  checksum: Schema.String,
  result: Payload,
  action: Schema.String,
  achievedAt: Schema.Date,
  actorType: Schema.String,
  name: Schema.String
})

export const FindingView = Schema.Struct({
  invariant: Schema.Int,
  problem: Schema.String,
  subject: Schema.String,
  /** It took too long to check this. */
  isUnchecked: Schema.optional(Schema.Boolean)
})

export const DatabaseView = Schema.Struct({
  at: Schema.Date,
  isReplica: Schema.Boolean,
  snapshots: Schema.Array(Schema.Struct({
    kind: Schema.Literals(["session", "prepared", "slot", "replica"]),
    pid: Schema.optional(Schema.Int),
    name: Schema.String,
    user: Schema.optional(Schema.String),
    state: Schema.optional(Schema.String),
    since: Schema.optional(Schema.Date),
    transactions: Schema.Finite
  })),
  lockWaits: Schema.Array(Schema.Struct({
    pid: Schema.Int,
    application: Schema.String,
    tables: Schema.Array(Schema.String),
    mode: Schema.String,
    since: Schema.optional(Schema.Date),
    blockedBy: Schema.Array(Schema.Struct({
      pid: Schema.Int,
      application: Schema.String,
      state: Schema.optional(Schema.String),
      since: Schema.optional(Schema.Date)
    }))
  })),
  tables: Schema.Array(Schema.Struct({
    name: Schema.String,
    liveRows: Schema.Finite,
    deadRows: Schema.Finite,
    lastVacuum: Schema.optional(Schema.Date)
  })),
  connections: Schema.optional(Schema.Struct({ used: Schema.Finite, most: Schema.Finite })),
  replicas: Schema.Array(Schema.Struct({
    name: Schema.String,
    state: Schema.optional(Schema.String),
    isSynchronous: Schema.Boolean,
    lagMs: Schema.optional(Schema.Finite),
    lagBytes: Schema.optional(Schema.Finite)
  })),
  clockOffsetMs: Schema.Finite,
  roundTripMs: Schema.Finite,
  commitMs: Schema.optional(Schema.Finite),
  notes: Schema.Array(Schema.Struct({
    topic: Schema.Literals([
      "snapshots",
      "locks",
      "deadRows",
      "connections",
      "replicas",
      "clock",
      "roundTrip",
      "commitTime"
    ]),
    level: Schema.Literals(["fine", "watch", "bad", "unseen"]),
    text: Schema.String
  })),
  /** All of it as text for people. */
  text: Schema.String
})
