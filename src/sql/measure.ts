/** Whether the database is there for work, and how much waits, as far as one look at any time of the day may cost: counts have an end, and rows are found by an index. */
import * as Effect from "effect/Effect"
import { Priority } from "../domain/Phase.ts"
import { mostMeasured, type Records } from "../store/Records.ts"
import type { Calls } from "./call.ts"
import { at } from "./columns.ts"
import { unfiredCounts } from "./unfired.ts"

/** Queues with a priority, which are looked at one after another. */
const mostPlaces = 1000

export const measureOf = ({ call, schema }: Calls): Pick<Records, "measure" | "takesWrites"> => {
  const counted = (rows: string) => `(select count(*) from (select 1 from ${rows} limit ${mostMeasured}) x)`
  const due = (priority: number) =>
    `(select queue, due_at from ${schema}.jobs where priority = ${priority} and due_at <= $1 order by due_at limit ${mostMeasured})`
  const [unfired, counts] = unfiredCounts(schema, "$1", mostMeasured)
  // the first one of a priority was enqueued first; what is delayed, or tried again, is due by its time before anybody has looked
  const text = `with recursive places(queue, priority, n) as (
      (select queue, priority, 1 from ${schema}.jobs order by queue, priority limit 1)
      union all
      select j.queue, j.priority, p.n + 1 from places p cross join lateral (
        select queue, priority from ${schema}.jobs where (queue, priority) > (p.queue, p.priority) order by queue, priority limit 1) j
      where p.n < ${mostPlaces}),
    waiting as (
      select p.queue, c.count, j.since from places p
      cross join lateral (
        select count(*) from (select 1 from ${schema}.jobs where queue = p.queue and priority = p.priority limit ${mostMeasured}) x) c
      cross join lateral (
        select greatest(enqueued_at, delayed_until) as since from ${schema}.jobs
        where queue = p.queue and priority = p.priority order by id limit 1) j
      where p.priority < ${Priority.later} or p.priority = ${Priority.alone}
      union all
      select queue, count(*), min(due_at) from (${due(Priority.later)} union all ${
    due(Priority.delayed)
  }) d group by queue),
    ${unfired}
    select 'queue', queue, least(sum(count), ${mostMeasured})::float8, (extract(epoch from min(since)) * 1000)::float8
    from waiting group by queue
    union all
    select v.kind, null, v.count, (extract(epoch from u.since) * 1000)::float8
    from (${counts}) u cross join lateral (values ('broken', u.broken), ('orphaned', u.orphaned)) v(kind, count)
    union all
    select 'lanes', null, least(${mostMeasured}, ${counted(`${schema}.live_actions where seat = 0`)} +
      ${
    counted(`${schema}.named_lanes n where exists (select 1 from ${schema}.seats s where s.lane = n.lane)`)
  })::float8, null`
  return {
    takesWrites: Effect.map(
      call(
        "takesWrites",
        `select not pg_is_in_recovery() and current_setting('transaction_read_only') = 'off', exists (select from ${schema}.workers)`,
        []
      ),
      ([row]) => row![0] as boolean
    ),
    measure: (now) =>
      Effect.map(call("measure", text, [at(now)]), (rows) => {
        const one = (kind: string) => rows.find((row) => row[0] === kind)
        const [broken, orphaned] = [one("broken"), one("orphaned")]
        return {
          lanes: one("lanes")![2] as number,
          queues: rows.flatMap(([kind, queue, due, since]) =>
            kind === "queue" ? [{ queue: queue as string, due: due as number, since: since as number }] : []
          ),
          schedules: broken && orphaned && {
            broken: broken[2] as number,
            orphaned: orphaned[2] as number,
            since: (broken[3] ?? undefined) as number | undefined
          }
        }
      })
  }
}
