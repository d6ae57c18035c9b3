/** What is queued, due and paused, read; and the pauses, written. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import { Priority } from "../domain/Phase.ts"
import type { Backlog, QueuedInvocation } from "../JobQueue.ts"
import type { Pause } from "../Pause.ts"
import type { Neglected, Records } from "../store/Records.ts"
import type { Calls } from "./call.ts"
import { array, at } from "./columns.ts"
import { operationParameter } from "./operations.ts"
import { defined, reading } from "./reading.ts"
import { fireable, nextScheduleOf } from "./schedules.ts"

const { text } = PgTypes.OID

type Jobs = Pick<
  Records,
  "queued" | "backlog" | "nextDue" | "nextDueWith" | "neglected" | "pause" | "resume" | "pauses" | "drainWorker"
>

/** Since when a job is due that a worker may take, or of which the time has come, whether or not a worker has seen that. */
const dueSince = `case when priority in (${Priority.later}, ${Priority.delayed}) then due_at
  else greatest(enqueued_at, delayed_until) end`

/** Of those that wait for their time, by the time of a parameter. */
const isDue = (now: string) =>
  `(priority < ${Priority.later} or priority = ${Priority.alone}
    or (priority in (${Priority.later}, ${Priority.delayed}) and due_at <= ${now}))`

const count = (condition: string) => `count(*) filter (where ${condition})::int`

export const queueOf = (calls: Calls): Jobs => {
  const { call, embedded, run, schema } = calls
  const read = reading(calls)
  const queued = read<Omit<QueuedInvocation, "pause">>({
    action: "action",
    place: "id::float8",
    ...defined,
    actorId: "actor_id",
    arguments: "coalesce(given, arguments)",
    queue: "queue",
    priority: "coalesce(own_priority, 0)",
    dueAt: "due_at",
    tags: "coalesce(tags, '{}')",
    tenant: "tenant",
    cancelled: "cancelled_at is not null",
    waitsFor: "elder",
    enqueuedAt: "enqueued_at"
  })
  const backlog = read<Omit<Backlog, "pause">>({
    queue: "queue",
    ...defined,
    due: count(isDue("$1")),
    later: count(`priority in (${Priority.later}, ${Priority.delayed}) and (due_at <= $1) is not true`),
    held: count(`priority = ${Priority.held}`),
    waiting: count(`priority = ${Priority.waiting}`),
    // ids take the time of enqueueing; that of the oldest is the lowest
    waitsFor: `min(elder::text) filter (where priority = ${Priority.waiting})`,
    paused: count(`priority = ${Priority.paused}`),
    cancelled: count("cancelled_at is not null"),
    oldestDueAt: `min(${dueSince}) filter (where ${isDue("$1")})`,
    oldestEnqueuedAt: "min(enqueued_at)",
    readAt: "$1::timestamptz"
  })
  const pauses = read<Pause>({ kind: "kind", subject: "subject", reason: "reason", by: "by", since: "since" })
  const neglected = read<Neglected>({ queue: "queue", ...defined, since: `min(${dueSince})` })
  const nextDue = (more: string, params: ReadonlyArray<unknown>) =>
    Effect.map(
      call(
        "nextDue",
        `select d.wait, d.timeout, d.resumed${more} from ${schema}.next_due() d`,
        params
      ),
      ([row]) => ({
        due: {
          wait: (row![0] ?? undefined) as number | undefined,
          timeout: (row![1] ?? undefined) as number | undefined,
          resumes: row![2] as boolean
        },
        schedule: (row![3] ?? undefined) as number | undefined
      })
    )
  return {
    queued: (limit, after) =>
      queued("queued", `from ${schema}.jobs where kind = 0 and id > $2 order by id limit $1`, [
        PgTypes.int4(limit),
        PgTypes.int8(BigInt(after))
      ]),
    pause: ({ by, kind, reason, subject }, operation) =>
      Effect.map(
        run("pause", "pause", {
          p_kind: PgTypes.text(kind),
          p_subject: PgTypes.text(subject),
          p_reason: PgTypes.text(reason),
          p_by: PgTypes.text(by),
          p_operation: operationParameter(operation)
        }),
        (rows) => rows[0]![0] as boolean
      ),
    resume: (kind, subject, operation) =>
      Effect.map(
        run("resume", "unpause", {
          p_kind: PgTypes.text(kind),
          p_subject: PgTypes.text(subject),
          p_operation: operationParameter(operation)
        }),
        (rows) => rows[0]![0] as boolean
      ),
    // nobody renews a lease there, and nobody else is to see it
    drainWorker: (worker, operation) =>
      embedded ? Effect.succeed({ became: "embedded", ids: [] }) : Effect.map(
        run("drainWorker", "drain_worker", {
          p_worker: PgTypes.text(worker),
          p_operation: operationParameter(operation)
        }, "became, tokens::text[]"),
        ([row]) => ({ became: row![0] as "done", ids: row![1] as ReadonlyArray<string> })
      ),
    pauses: pauses("pauses", `from ${schema}.pauses order by since, kind, subject limit 10000`, []),
    backlog: (now) =>
      backlog("backlog", `from ${schema}.jobs group by queue, definition order by queue, definition`, [at(now)]),
    nextDue: Effect.map(nextDue("", []), ({ due }) => due),
    nextDueWith: (of, after) =>
      Effect.map(
        after === undefined
          ? nextDue(`, ${nextScheduleOf(schema)}`, fireable(of))
          : nextDue(`, ${nextScheduleOf(schema, "and s.next_at > $3")}`, [...fireable(of), at(after)]),
        ({ due, schedule }) => ({ ...due, schedule })
      ),
    // what nobody takes stays at the front of its queue: a few rows of each show it, however long the queue
    neglected: (now, queues, definitions, inTurns) =>
      neglected(
        "neglected",
        `from (
            with recursive q(name) as (
              select min(queue) from ${schema}.jobs
              union all select (select min(j.queue) from ${schema}.jobs j where j.queue > q.name) from q where q.name is not null)
            select x.* from q cross join lateral (
              select queue, definition, enqueued_at, delayed_until, due_at, priority from ${schema}.jobs
              where queue = q.name and priority < ${Priority.later} order by priority, id limit 1000) x
            union all
            (select queue, definition, enqueued_at, delayed_until, due_at, priority from ${schema}.jobs
              where priority = ${Priority.later} and due_at <= $1 order by due_at limit 1000)
            union all
            (select queue, definition, enqueued_at, delayed_until, due_at, priority from ${schema}.jobs
              where priority = ${Priority.alone} order by id limit 1000)) j
          where not (queue = any($2) and definition = any($3) and ($4 or priority <> ${Priority.turns})) group by queue, definition order by queue, definition`,
        [at(now), array(queues, text), array(definitions, text), PgTypes.bool(inTurns)]
      )
  }
}
