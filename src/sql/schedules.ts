/** What is enqueued by the clock: put, fired, operated and read. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import { KeyKind, ScheduleSource, statuses } from "../domain/Phase.ts"
import type { Invocation } from "../store/Invocation.ts"
import type {
  Fire,
  Fireable,
  Mark,
  Move,
  NewSchedule,
  PutAnswer,
  ScheduleStore,
  StoredSchedule,
  StoredSlot
} from "../store/Scheduled.ts"
import type { Calls } from "./call.ts"
import { array, at, columns, json, texts } from "./columns.ts"
import { operationParameter } from "./operations.ts"

const { float8, int2, jsonb, text, timestamptz, uuid } = PgTypes.OID

const scheduleColumns: { readonly [Name in keyof Required<NewSchedule>]: number } = {
  name: text,
  hash: text,
  spec: jsonb,
  zone: text,
  definition: text,
  actorId: text,
  queue: text,
  arguments: jsonb,
  catchUp: jsonb,
  jitter: float8,
  until: timestamptz,
  slot: timestamptz,
  nextAt: timestamptz
}

const moveColumns: { readonly [Name in keyof Required<Move>]: number } = {
  name: text,
  hash: text,
  slot: timestamptz,
  nextSlot: timestamptz,
  nextAt: timestamptz,
  last: timestamptz
}

const { last: _, ...passColumns } = moveColumns

const markColumns: { readonly [Name in keyof Required<Mark>]: number } = {
  name: text,
  hash: text,
  slot: timestamptz,
  trouble: text
}

/** Of an invocation what a schedule gives it: nobody is its parent, it is not delayed, and has no name of its own. */
type Scheduled = Pick<
  Invocation,
  | "queue"
  | "action"
  | "definition"
  | "actorId"
  | "arguments"
  | "lane"
  | "lanes"
  | "checksumKey"
  | "checksum"
  | "timeout"
  | "prepared"
  | "tenant"
  | "depth"
>

const invocationColumns: { readonly [Name in keyof Required<Scheduled>]: number } = {
  queue: text,
  action: uuid,
  definition: text,
  actorId: text,
  arguments: jsonb,
  lane: text,
  lanes: texts,
  checksumKey: text,
  checksum: text,
  timeout: float8,
  prepared: PgTypes.OID.bool,
  tenant: text,
  depth: int2
}

const firing = (fires: ReadonlyArray<Fire>) => ({
  ...columns("slot", fires.map(({ key, schedule }) => ({ schedule, key })), { schedule: text, key: text }),
  ...columns<Scheduled>("invocation", fires.map(({ invocation }) => invocation), invocationColumns)
})

const optional = (given: string | undefined) => given === undefined ? null : PgTypes.text(given)
const time = (given: number | null) => given === null ? null : at(given)
const millis = (column: string) => `(extract(epoch from ${column}) * 1000)::float8`

/** Whether all schedules are paused. */
export const areAllPaused = (schema: string): string =>
  `exists (select 1 from ${schema}.pauses p where p.kind = 'schedules')`

/** Beside its columns whether somebody lives who fires it, and the pause of all of them. */
export const readColumns = (schema: string) =>
  `s.name, s.hash, s.spec, s.zone, s.definition, s.actor_id, s.queue, s.arguments, s.catch_up, s.jitter_ms,
    ${millis("s.until")}, ${millis("s.slot")}, ${millis("s.next_at")}, ${millis("s.last_slot")}, s.source,
    ${millis("s.paused_at")}, s.paused_by, s.paused_reason, s.trouble,
    exists (select 1 from ${schema}.workers w where w.lease_until > clock_timestamp() and case s.source
      when ${ScheduleSource.code} then w.schedules @> array[s.hash] else w.definitions @> array[s.definition] end),
    (select jsonb_build_object('since', ${millis("p.since")}, 'by', p.by, 'reason', p.reason)
      from ${schema}.pauses p where p.kind = 'schedules')`

const objectOf = (json: unknown): unknown => typeof json === "object" && json !== null ? json : {}

/** Its own, or that of all of them. */
const pauseOf = (since: number | null, row: ReadonlyArray<unknown>): StoredSchedule["pause"] => {
  if (since !== null) return { since, by: row[16] as string, reason: row[17] as string, ofAll: false }
  const ofAll = row[20] as { readonly since: number; readonly by: string; readonly reason: string } | null
  return ofAll === null ? undefined : { ...ofAll, ofAll: true }
}

export const scheduleOf = (row: ReadonlyArray<unknown>): StoredSchedule => {
  const number = (index: number) => (row[index] ?? null) as number | null
  return {
    name: row[0] as string,
    hash: row[1] as string,
    // a row that was written by hand may hold anything
    spec: objectOf(row[2]) as StoredSchedule["spec"],
    zone: row[3] as string | null,
    definition: row[4] as string,
    actorId: row[5] as string,
    queue: row[6] as string,
    arguments: row[7],
    catchUp: objectOf(row[8]) as StoredSchedule["catchUp"],
    jitter: number(9),
    until: number(10),
    slot: number(11),
    nextAt: number(12),
    lastSlot: number(13) ?? undefined,
    source: row[14] === ScheduleSource.code ? "code" : "row",
    pause: pauseOf(number(15), row),
    trouble: (row[18] ?? undefined) as string | undefined,
    isServed: row[19] as boolean
  }
}

export const fireable = ({ definitions, hashes }: Fireable) => [array(definitions, text), array(hashes, text)]

/** For each definition the rows that fire first, by the index: however many are not due, and however many are due and somebody else's. */
const first = (schema: string, what: string, condition: string, limit: string) =>
  `unnest($1::text[]) d(definition) cross join lateral (select ${what} from ${schema}.schedules s
    where s.definition = d.definition and s.next_at is not null and s.paused_at is null ${condition}
      and not ${areAllPaused(schema)}
      and (s.source = ${ScheduleSource.row} or s.hash = any($2)) order by s.next_at limit ${limit}) s`

/**
 * When the next schedule fires, as part of a statement whose first two parameters are those of `fireable`; where there are none it is not
 * looked for. Of those alone for which more holds, if that is given.
 */
export const nextScheduleOf = (schema: string, more = ""): string =>
  `case when exists (select 1 from ${schema}.schedules) then
    (select ${millis("min(s.next_at)")} from ${first(schema, "s.next_at", more, "1")}) end`

/** What is due: the first two parameters are those of `fireable`, behind them the time, how many, and how many before them are passed by. */
export const dueStatement = (schema: string): string =>
  `select ${readColumns(schema)} from (
      select s.name, s.next_at from ${first(schema, "s.name, s.next_at", "and s.next_at <= $3", "$4 + $5")}
      order by s.next_at limit $4 offset $5) n
    join ${schema}.schedules s on s.name = n.name order by n.next_at, s.name`

export const schedulesOf = (calls: Calls): Omit<ScheduleStore, "nextDueWith" | "unfiredSchedules"> => {
  const { call, run, schema } = calls
  return {
    putSchedule: (now, schedule) =>
      Effect.map(
        run("putSchedule", "put_schedule", {
          p_now: at(now),
          p_source: PgTypes.int4(ScheduleSource.row),
          p_name: PgTypes.text(schedule.name),
          p_hash: PgTypes.text(schedule.hash),
          p_spec: json(schedule.spec),
          p_zone: optional(schedule.zone ?? undefined),
          p_definition: PgTypes.text(schedule.definition),
          p_actor_id: PgTypes.text(schedule.actorId),
          p_queue: PgTypes.text(schedule.queue),
          p_arguments: json(schedule.arguments),
          p_catch_up: json(schedule.catchUp),
          p_jitter_ms: schedule.jitter === null ? null : PgTypes.float8(schedule.jitter),
          p_until: time(schedule.until),
          p_slot: time(schedule.slot),
          p_next_at: time(schedule.nextAt)
        }),
        (rows) => rows[0]![0] as PutAnswer
      ),
    declareSchedules: (token, now, schedules) =>
      Effect.map(
        run("declareSchedules", "declare_schedules", {
          p_token: token === undefined ? null : PgTypes.int8(token),
          p_now: at(now),
          ...columns<NewSchedule>("schedule", schedules, scheduleColumns)
        }, "name, became"),
        (rows) => new Map(rows.map(([name, became]) => [name as string, became as PutAnswer]))
      ),
    undeclaredSchedules: (schedules) =>
      Effect.map(
        run("undeclaredSchedules", "undeclared_schedules", {
          p_names: array(schedules.map(({ name }) => name), text),
          p_hashes: array(schedules.map(({ hash }) => hash), text)
        }),
        (rows) => rows[0]![0] as boolean
      ),
    dueSchedules: (now, of, limit, skip = 0) =>
      Effect.map(
        call(
          "dueSchedules",
          dueStatement(schema),
          [...fireable(of), at(now), PgTypes.int4(limit), PgTypes.int4(skip)]
        ),
        (rows) => rows.map(scheduleOf)
      ),
    fireSchedules: (now, moves, fires) =>
      Effect.map(
        run("fireSchedules", "fire_schedules", {
          p_now: at(now),
          ...columns<Move>("move", moves, moveColumns),
          ...firing(fires)
        }, "moved, enqueued::text[]"),
        ([row]) => ({ moved: row![0] as number, enqueued: row![1] as ReadonlyArray<string> })
      ),
    markSchedules: (again, marks) =>
      Effect.map(
        run(
          "markSchedules",
          "mark_schedules",
          { p_again: at(again), ...columns<Mark>("mark", marks, markColumns) },
          "name, is_new"
        ),
        (rows) => new Map(rows.map(([name, isNew]) => [name as string, isNew as boolean]))
      ),
    ...reads(calls),
    overdueSchedules: (now, after, limit) =>
      Effect.map(
        call(
          "overdueSchedules",
          `select ${readColumns(schema)} from ${schema}.schedules s where s.name > $2 and s.next_at <= $1
            and isfinite(s.slot) and s.paused_at is null and ${areAllPaused(schema)} order by s.name limit $3`,
          [at(now), PgTypes.text(after), PgTypes.int4(limit)]
        ),
        (rows) => rows.map(scheduleOf)
      ),
    passSchedules: (moves) =>
      Effect.map(
        run("passSchedules", "pass_schedules", columns<Omit<Move, "last">>("move", moves, passColumns)),
        (rows) => rows[0]![0] as number
      ),
    resumeSchedules: (passed, operation) =>
      Effect.map(
        run("resumeSchedules", "resume_schedules", {
          p_passed: PgTypes.int4(passed),
          p_operation: operationParameter(operation)
        }),
        (rows) => rows[0]![0] as boolean
      ),
    operateSchedule: (verb, name, operation, from, to) =>
      Effect.map(
        run("operateSchedule", "operate_schedule", {
          p_verb: PgTypes.text(verb),
          p_name: PgTypes.text(name),
          p_operation: operationParameter(operation),
          p_slot: time(from?.slot ?? null),
          p_next_slot: time(to?.slot ?? null),
          p_next_at: time(to?.nextAt ?? null)
        }),
        (rows) => rows[0]![0] as "done"
      ),
    enqueueForSchedule: (now, name, operation, fires) =>
      Effect.map(
        run("enqueueForSchedule", "enqueue_for_schedule", {
          p_now: at(now),
          p_name: PgTypes.text(name),
          p_operation: operationParameter(operation),
          ...firing(fires)
        }, "became, enqueued::text[], first_action::text"),
        ([row]) =>
          row![0] === "none"
            ? undefined
            : { enqueued: row![1] as ReadonlyArray<string>, first: (row![2] ?? undefined) as string | undefined }
      )
  }
}

/** A condition of what is asked for, with its parameter; none where it is not. */
const asked = <A>(
  condition: string,
  value: A | undefined,
  parameter: (value: A) => PgTypes.Parameter
): ReadonlyArray<readonly [condition: string, parameter: PgTypes.Parameter]> =>
  value === undefined ? [] : [[condition, parameter(value)]]

const reads = ({ call, schema }: Calls): Pick<ScheduleStore, "schedules" | "slotsOfSchedule"> => ({
  // what is not asked for is no part of the statement: its plan is kept, and would be one for whatever may be asked
  schedules: ({ actorId, after, definition, name, source }, limit) => {
    const wanted = [
      ...asked("s.name =", name, PgTypes.text),
      ...asked("s.definition =", definition, PgTypes.text),
      ...asked("s.actor_id =", actorId, PgTypes.text),
      ...asked("s.source =", source, (one) => PgTypes.int2(ScheduleSource[one])),
      ...asked("s.name >", after, PgTypes.text)
    ]
    const where = ["true", ...wanted.map(([condition], n) => `${condition} $${n + 1}`)].join(" and ")
    return Effect.map(
      call(
        "schedules",
        `select ${readColumns(schema)} from ${schema}.schedules s where ${where} order by s.name limit $${
          wanted.length + 1
        }`,
        [...wanted.map(([, parameter]) => parameter), PgTypes.int4(limit)]
      ),
      (rows) => rows.map(scheduleOf)
    )
  },
  // what was never stored as an action has an outcome that is kept for a while
  slotsOfSchedule: (name, limit, before) =>
    Effect.map(
      call(
        "slotsOfSchedule",
        `select k.key, k.action, ${millis("k.created_at")}, coalesce(
            (select 'queued' from ${schema}.jobs j where j.action = k.action and j.kind = 0 /* JobKind.invocation */),
            (array[${statuses.map((status) => `'${status}'`).join(", ")}])[1 + coalesce(
              (select l.status from ${schema}.live_actions l where l.id = k.action and l.unwinds is null),
              (select e.status from ${schema}.ended_actions e where e.id = k.action),
              (select o.status from ${schema}.outcomes o where o.id = k.action))])
          from ${schema}.action_keys k
          where k.definition = '' and k.actor_id = $1 and k.kind = ${KeyKind.schedule} and ($2::text is null or k.key < $2)
          order by k.key desc limit $3`,
        [PgTypes.text(name), optional(before), PgTypes.int4(limit)]
      ),
      (rows) =>
        rows.map(([key, action, created, status]): StoredSlot => ({
          key: key as string,
          action: action as string,
          at: created as number,
          status: (status ?? undefined) as string | undefined
        }))
    )
})
