/**
 * What the four services read, and the writes that each of them may do alone. What changes several tables is a transition.
 */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import type { Achievement } from "../AchievementStore.ts"
import type { ActionFilter, ActionRecord, Heartbeat, SlotRecord, StepRecord } from "../ActionRecord.ts"
import type { ManyGroup } from "../Many.ts"
import type { Pause } from "../Pause.ts"
import type { Lane } from "../PerformanceLane.ts"
import type { StorageError } from "../SteppedError.ts"
import type { StoredAttempt } from "../store/Conclusion.ts"
import type { Records, Within } from "../store/Records.ts"
import type { ScheduleStore } from "../store/Scheduled.ts"
import { emptyCatalog } from "../store/Store.ts"
import type { Calls } from "./call.ts"
import { array, askedBy, at } from "./columns.ts"
import { deletingOf } from "./deleting.ts"
import { leftIn } from "./left.ts"
import { listed, lowestOf } from "./lists.ts"
import { operationParameter, operationsOf, recording } from "./operations.ts"
import { queueOf } from "./queue.ts"
import { type Columns, defined, reading } from "./reading.ts"
import { toAnswer } from "./rows.ts"
import { stepResultsOf } from "./stepResults.ts"

const { uuid } = PgTypes.OID

type Many<A> = Effect.Effect<ReadonlyArray<A>, StorageError>

/** As JSON has it. */
type StoredPause = Omit<Pause, "since"> & { readonly since: string }

/** As JSON has it. */
interface StoredHeartbeat {
  readonly heard_at: string | null
  readonly silent_at: string | null
  readonly details: unknown
}

const heartbeatOf = (stored: StoredHeartbeat | undefined): Heartbeat | undefined =>
  stored && {
    heardAt: stored.heard_at === null ? undefined : new Date(stored.heard_at),
    silentAt: stored.silent_at === null ? undefined : new Date(stored.silent_at),
    details: stored.details ?? undefined
  }

type StoredAction = Omit<ActionRecord, "pause" | "heartbeat"> & {
  readonly pause: StoredPause | undefined
  readonly heartbeat: StoredHeartbeat | undefined
}

const actionColumns: Columns<StoredAction> = {
  id: "id",
  actorType: "actor_type",
  actorId: "actor_id",
  name: "name",
  arguments: "arguments",
  status: "status",
  outbound: "outbound",
  unwinding: "unwinding",
  queue: "queue",
  lane: "lane",
  lanes: "lanes",
  checksumKey: "checksum_key",
  checksum: "checksum",
  parent: "parent",
  parentStep: "parent_step",
  startedBy: "started_by",
  startedByStep: "started_by_step",
  retryOf: "retry_of",
  depth: "depth",
  attempts: "attempts",
  lastFailure: "last_failure",
  priority: "priority",
  dueAt: "due_at",
  pause: "pause",
  timeoutMs: "timeout_ms::float8",
  timeoutAt: "timeout_at",
  stepTimeoutAt: "step_timeout_at",
  result: "result",
  cause: "cause",
  supersededBy: "superseded_by",
  unwound: "unwound",
  build: "build",
  callbacksSucceeded: "callbacks_succeeded",
  callbacksFailed: "callbacks_failed",
  tags: "coalesce(tags, '{}')",
  traceId: "trace_id",
  progress: "progress",
  heartbeat: "heartbeat",
  enqueuedAt: "enqueued_at",
  startedAt: "started_at",
  endedAt: "ended_at",
  forgotten: "forgotten"
}

/** The same without what programs have stored, which may be large. */
const briefColumns: Columns<StoredAction> = {
  ...actionColumns,
  arguments: "null",
  result: "null",
  progress: "null",
  heartbeat: "null"
}

/** As JSON has it. */
type StoredRecord = Omit<StepRecord, "attempts"> & { readonly attempts: ReadonlyArray<StoredAttempt> | undefined }

const stepColumns: Columns<StoredRecord> = {
  action: "action",
  index: "idx",
  name: "name",
  kind: "kind",
  status: "status",
  failure: "failure",
  undoes: "undoes",
  startedAt: "started_at",
  endedAt: "ended_at",
  attemptNumber: "attempt_number",
  attempts: "attempts",
  unchecked: "is_unchecked"
}

const slotColumns: Columns<Omit<SlotRecord, "heartbeat"> & { readonly heartbeat: StoredHeartbeat | undefined }> = {
  action: "action",
  step: "step",
  slot: "slot",
  child: "child",
  actorType: "actor_type",
  actorId: "actor_id",
  name: "name",
  dueAt: "due_at",
  status: "status",
  isAttempt: "is_attempt",
  attemptNumber: "attempt_number",
  signal: "signal",
  heartbeat: "heartbeat"
}

const timeAt = (millis: number | undefined) => millis === undefined ? undefined : new Date(millis)

/** The last one has ended with its step. */
const attemptsOf = ({ attempts = [], endedAt }: StoredRecord): StepRecord["attempts"] =>
  attempts.map((attempt, i) => ({
    number: attempt.number,
    startedAt: new Date(attempt.startedAt),
    endedAt: timeAt(attempt.endedAt) ?? (i === attempts.length - 1 ? endedAt : undefined),
    failure: attempt.failure,
    nextAt: timeAt(attempt.nextAt)
  }))

type Actions = Pick<
  Records,
  | "actionsOf"
  | "briefOf"
  | "replacedArguments"
  | "actionsLike"
  | "countLike"
  | "idsLike"
  | "lowestLooked"
  | "stepsOf"
  | "stepResultsOf"
  | "slotsOf"
  | "deleteEnded"
  | "planDeletion"
  | "deleteOutcomes"
>

const actionsOf = (calls: Calls): Actions => {
  const { schema } = calls
  const read = reading(calls)
  const actionsBy =
    (rows: ReturnType<typeof read<StoredAction>>) =>
    (...args: Parameters<typeof rows>): Effect.Effect<ReadonlyArray<ActionRecord>, StorageError> =>
      Effect.flatMap(
        rows(...args),
        (records) =>
          leftIn(calls)(records.map(({ heartbeat, pause, ...record }) => ({
            ...record,
            heartbeat: heartbeatOf(heartbeat),
            pause: pause && { ...pause, since: new Date(pause.since) }
          })))
      )
  const actions = actionsBy(read(actionColumns))
  const briefly = actionsBy(read(briefColumns))
  const groups = read<ManyGroup>({ actorType: "actor_type", name: "name", status: "status", count: "count(*)::int" })
  const ids = read<{ readonly id: string }>({ id: "id" })
  /** The newest of those that are asked for, by columns of the views, and what is read of them. */
  const like = <A>(
    records: (operation: string, rest: string, params: ReadonlyArray<unknown>) => Many<A>,
    operation: string,
    columns: string,
    filter: ActionFilter,
    limit: number,
    within: Within,
    more = ""
  ): Many<A> => {
    const list = listed(schema, columns, filter, limit, within)
    if (list === undefined) return Effect.succeed([])
    const { params, rest } = list
    return records(operation, more === "" ? rest : `from (select ${columns} ${rest}) a ${more}`, params)
  }
  const replaced = read<{ readonly id: string; readonly given: unknown }>({ id: "id", given: "given" })
  const steps = read(stepColumns)
  const slots = read(slotColumns)
  return {
    actionsOf: (ids) => actions("find", `from ${schema}.actions where id = any($1)`, [array(ids, uuid)]),
    briefOf: (ids) => briefly("find", `from ${schema}.actions where id = any($1)`, [array(ids, uuid)]),
    replacedArguments: (ids) =>
      Effect.map(
        replaced(
          "find",
          ["live_actions", "ended_actions"].map((table) =>
            `from ${schema}.${table} where id = any($1) and given is not null`
          ).join(" union all select id, given "),
          [array(ids, uuid)]
        ),
        (found) => new Map(found.map(({ given, id }) => [id, given]))
      ),
    actionsLike: (filter, limit, within) =>
      like(filter.brief === true ? briefly : actions, "list", "*", filter, limit, within),
    lowestLooked: (filter, most, within) => {
      const lowest = lowestOf(schema, filter, most, within)
      return lowest === undefined
        ? Effect.undefined
        : Effect.map(ids("lowestLooked", lowest.rest, lowest.params), ([found]) => found?.id)
    },
    countLike: (filter, limit, within) =>
      like(
        groups,
        "countLike",
        "id, actor_type, name, status",
        filter,
        limit,
        within,
        "group by actor_type, name, status order by count(*) desc, actor_type, name, status"
      ),
    idsLike: (filter, limit, within) =>
      Effect.map(like(ids, "idsLike", "id", filter, limit, within), (found) => found.map(({ id }) => id)),
    stepsOf: (ids) =>
      Effect.map(
        steps("steps", `from ${schema}.action_steps where action = any($1) order by action, idx`, [array(ids, uuid)]),
        (records) => records.map((record) => ({ ...record, attempts: attemptsOf(record) }))
      ),
    slotsOf: (ids) =>
      Effect.map(
        slots("slots", `from ${schema}.action_slots where action = any($1) order by action, step, slot`, [
          array(ids, uuid)
        ]),
        (records) => records.map((record) => ({ ...record, heartbeat: heartbeatOf(record.heartbeat) }))
      ),
    ...stepResultsOf(calls),
    ...deletingOf(calls)
  }
}

type Lanes = Pick<Records, "laneOf" | "lanes" | "breakDeadlock">

const lanesOf = (calls: Calls): Lanes => {
  const { run, schema } = calls
  const lanes = reading(calls)<Omit<Lane, "pause">>({
    name: "name",
    key: "key",
    limit: "\"limit\"",
    performing: "performing",
    pending: "pending",
    waiting: "waiting::float8",
    dueAt: "due_at"
  })
  return {
    laneOf: (name, key) =>
      Effect.map(
        lanes("lane", `from ${schema}.lanes where key = $1::text and name is not distinct from $2::text`, [
          key,
          PgTypes.text(name)
        ]),
        (found) => found[0]
      ),
    // whom a lane has is read of those alone that are on the page
    lanes: (limit, after) => {
      const behind = after === undefined
        ? "true"
        : after.name === undefined
        ? "(name is not null or key > $2::text)"
        : "(name, key) > ($3::text, $2::text)"
      const page = `order by name nulls first, key limit $1`
      return lanes(
        "lanes",
        `from ${schema}.lanes
          where ${behind} and key = any(array(select key from ${schema}.lanes where ${behind} ${page})) ${page}`,
        [
          PgTypes.int4(limit),
          ...after === undefined ? [] : [after.key],
          ...after?.name === undefined ? [] : [after.name]
        ]
      )
    },
    breakDeadlock: (now) =>
      Effect.map(
        run("breakDeadlock", "break_deadlocks", askedBy(null, now, emptyCatalog), "*"),
        (rows) => toAnswer(rows).news.find((news) => news._tag === "Ended")
      )
  }
}

type Achievements = Pick<Records, "achievementOf" | "achievements" | "forgetAchievement" | "forgetAchievements">

const achievementsOf = (calls: Calls): Achievements => {
  const { call, schema } = calls
  const achievements = reading(calls)<Achievement>({
    checksumKey: "checksum_key",
    checksum: "checksum",
    result: "result",
    action: "action",
    achievedAt: "achieved_at",
    ...defined
  })
  return {
    achievementOf: (key) =>
      Effect.map(
        achievements("achievement", `from ${schema}.achievements where checksum_key = $1::text`, [key]),
        (found) => found[0]
      ),
    achievements: (limit, after) =>
      achievements(
        "achievements",
        `from ${schema}.achievements
          where ${after === undefined ? "true" : "checksum_key > $2::text"} order by checksum_key limit $1`,
        [PgTypes.int4(limit), ...after === undefined ? [] : [after]]
      ),
    forgetAchievement: (key, operation) =>
      Effect.map(
        call(
          "forget",
          `with gone as (delete from ${schema}.achievements where checksum_key = $1::text returning 1)
            select ${schema}.record_operation($2, 'done') from gone`,
          [key, operationParameter(operation)]
        ),
        (rows) => rows.length > 0
      ),
    forgetAchievements: ({ actorType, before, below, defaultOf, name }, limit, operation) => {
      // of what is below a key the text goes on with a slash, behind which `0` comes next
      const isBelow = "checksum_key = $::text or (checksum_key > $::text || '/' and checksum_key < $::text || '0')"
      const asked = [
        { condition: "achieved_at < $", value: before === undefined ? undefined : at(before) },
        { condition: isBelow, value: below },
        // nothing is escaped in these: what is below the key of the actor `a` may be of the actor `a/b`
        { condition: `checksum_key = $::text || '/' || ${defined.name}`, value: defaultOf },
        { condition: `${defined.actorType} = $`, value: actorType },
        { condition: `${defined.name} = $`, value: name }
      ].filter(({ value }) => value !== undefined)
      const where = asked.map(({ condition }, i) => `(${condition.replaceAll("$", `$${i + 3}`)})`).join(" and ")
      return Effect.map(
        call(
          "forgetAll",
          `with gone as (delete from ${schema}.achievements where ctid = any(array(
              select ctid from ${schema}.achievements where ${where} limit $1 for update skip locked)) returning 1)
            select n, ${recording(schema, "n", "forgotten", "$2")} from (select count(*)::int as n from gone) c`,
          [PgTypes.int4(limit), operationParameter(operation), ...asked.map(({ value }) => value)]
        ),
        (rows) => rows[0]![0] as number
      )
    }
  }
}

export const recordsOf = (
  calls: Calls
): Omit<
  Records,
  | "asked"
  | "changed"
  | "measure"
  | "takesWrites"
  | "examine"
  | "executionsOf"
  | "failures"
  | "forgetAnswers"
  | "forgetEnded"
  | "heals"
  | "holdersOf"
  | "health"
  | "lastLive"
  | "readLive"
  | "signalsOf"
  | "suspects"
  | "why"
  | "workers"
  | "definitions"
  | Exclude<keyof ScheduleStore, "nextDueWith">
> => ({
  ...actionsOf(calls),
  ...lanesOf(calls),
  ...achievementsOf(calls),
  ...queueOf(calls),
  ...operationsOf(calls)
})
