/**
 * Schedules that do not fire though they are to: those that nobody could read, rows whose action no living worker has, and those that are due and stay so. They are found by indexes, definition
 * by definition, however many there are that are not due. What code has declared, and nobody declares any more, is meant to be over; what is paused is, too, until somebody goes on with it, and so are all of them while all are.
 */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import { ScheduleSource } from "../domain/Phase.ts"
import type { ScheduleStore } from "../store/Scheduled.ts"
import type { Calls } from "./call.ts"
import { at } from "./columns.ts"
import { areAllPaused, readColumns, scheduleOf } from "./schedules.ts"

/** Definitions with schedules, which are looked at one after another. */
const mostDefinitions = 1000

const isOn = "s.next_at is not null and s.paused_at is null"

/** What living workers have and declare, and which definitions have schedules: parts of a `with recursive`. */
const surroundings = (schema: string): string =>
  `alive as materialized (select definitions, schedules from ${schema}.workers where lease_until > clock_timestamp()),
    had(definition) as materialized (select unnest(definitions) from alive),
    declared(hash) as materialized (select unnest(schedules) from alive),
    scheduled(definition, n) as (
      (select s.definition, 1 from ${schema}.schedules s where ${isOn} and not ${
    areAllPaused(schema)
  } order by s.definition limit 1)
      union all
      select x.definition, d.n + 1 from scheduled d cross join lateral (
        select s.definition from ${schema}.schedules s where ${isOn} and s.definition > d.definition
        order by s.definition limit 1) x
      where d.n < ${mostDefinitions})`

/** Those of each definition for which something holds, the one that was to fire first first. */
const ofEach = (schema: string, what: string, condition: string, limit: string): string =>
  `scheduled d cross join lateral (select ${what} from ${schema}.schedules s
    where s.definition = d.definition and ${isOn} and ${condition} order by s.next_at limit ${limit}) s`

const broken = (schema: string, limit: string): string =>
  `select b.name, b.slot from ${schema}.broken_schedules(p_limit => ${limit}) b`

const orphaned = (schema: string, limit: string): string =>
  `select s.name from ${ofEach(schema, "s.name", `s.source = ${ScheduleSource.row}`, limit)}
    where d.definition not in (select h.definition from had h) limit ${limit}`

/** Somebody is to fire it: it is a row, or a living worker declares it. */
const isMeant = `(s.source = ${ScheduleSource.row} or s.hash in (select c.hash from declared c))`

/** How many are broken and orphaned, and since when the first one is due; the time, and up to how many are counted. A part of a `with recursive`, and what is selected of it. */
export const unfiredCounts = (schema: string, now: string, most: number): readonly [parts: string, select: string] => {
  const limit = String(most)
  return [
    `${surroundings(schema)},
    broken as materialized (${broken(schema, limit)})`,
    `select (select count(*) from broken)::float8 as broken, (select count(*) from (${
      orphaned(schema, limit)
    }) o)::float8 as orphaned,
      (select min(x.since) from (
        select s.next_at as since from ${ofEach(schema, "s.next_at", `s.next_at <= ${now} and ${isMeant}`, "1")}
        union all select b.slot from broken b) x) as since
    from (select 1 from ${schema}.schedules limit 1) any_schedule`
  ]
}

/** Since when one that is due is late, and how many of each kind, are its parameters. */
export const unfiredStatement = (schema: string): string =>
  `with recursive ${surroundings(schema)}
    select ${readColumns(schema)} from ${schema}.schedules s where s.name = any(array(
      select b.name from (${broken(schema, "$2")}) b
      union (${orphaned(schema, "$2")})
      union (select s.name from ${ofEach(schema, "s.name", `s.next_at < $1 and ${isMeant}`, "$2")} limit $2)))
    order by s.name`

export const unfiredOf = ({ call, schema }: Calls): Pick<ScheduleStore, "unfiredSchedules"> => {
  const statement = unfiredStatement(schema)
  return {
    unfiredSchedules: (late, limit) =>
      Effect.map(
        call("unfiredSchedules", statement, [at(late), PgTypes.int4(limit)]),
        (rows) => rows.map(scheduleOf)
      )
  }
}
