/** What a list of actions is asked for, as conditions on a view of them. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import type { ActionFilter } from "../ActionRecord.ts"
import { phaseCodes } from "../domain/Phase.ts"
import type { Within } from "../store/Records.ts"
import { array, at } from "./columns.ts"
import { failedOf } from "./failures.ts"

const { text } = PgTypes.OID

/** How far the clocks of two processes may be apart, in ms. */
const apartMs = 60_000

/** The first id of a time. */
export const firstIdOf = (millis: number): string => {
  const hex = Math.min(Math.max(0, Math.ceil(millis)), 2 ** 48 - 1).toString(16).padStart(12, "0")
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}

const idAt = (millis: number) => PgTypes.uuid(firstIdOf(millis))

/** What it has done is not undone, as its own compensations have failed, and not a child's: it may be run again. As the index has it. */
export const isLeft = `jsonb_path_exists(coalesce(e.unwound, e.cause), '$.notUndone[*] ? (!exists (@.child))')`

/** With their parameters, which are the statement's first, or come behind those that it has. */
export const conditions = (
  schema: string,
  filter: ActionFilter,
  { endedBefore, endedSince, from, lowest, notOf, parent, until }: Within,
  before: ReadonlyArray<PgTypes.Parameter | string> = []
) => {
  const params = [...before]
  const wanted = ["true"]
  const add = (condition: (place: string) => string, value: PgTypes.Parameter | string | undefined) => {
    if (value === undefined) return
    params.push(value)
    wanted.push(condition(`$${params.length}`))
  }
  add((place) => `actor_type = ${place}::text`, filter.actorType)
  add((place) => `actor_type <> ${place}::text`, notOf)
  add((place) => `actor_id = ${place}::text`, filter.actorId)
  add((place) => `name = ${place}::text`, filter.name)
  add((place) => `status = any(${place})`, filter.statuses && array(filter.statuses, text))
  if (filter.tag !== undefined) add((place) => `tags @> ${place}`, array([filter.tag], text))
  if (filter.after !== undefined) add((place) => `id < ${place}`, PgTypes.uuid(filter.after))
  if (lowest !== undefined) add((place) => `id >= ${place}`, PgTypes.uuid(lowest))
  if (from !== undefined) add((place) => `id >= ${place}`, idAt(from))
  if (until !== undefined) add((place) => `id < ${place}`, idAt(until))
  if (filter.parent !== undefined) add((place) => `parent = ${place}`, PgTypes.uuid(filter.parent))
  // no index leads to children: their ids do, which are made while their parent is live, or, since it has ended, undone
  if (parent !== undefined) {
    add((place) => `id >= ${place}`, idAt(parent.enqueuedAt.getTime() - apartMs))
    const { endedAt, unwinding, unwound } = parent
    const isUndone = unwinding || unwound !== undefined
    if (endedAt !== undefined && !isUndone) add((place) => `id < ${place}`, idAt(endedAt.getTime() + apartMs))
  }
  if (filter.retryOf !== undefined) add((place) => `retry_of = ${place}`, PgTypes.uuid(filter.retryOf))
  if (filter.startedBy !== undefined) add((place) => `started_by = ${place}`, PgTypes.uuid(filter.startedBy))
  // looked for by their index, and then by their ids
  if (filter.failure !== undefined) {
    const [since, before] = [endedSince, endedBefore].map((millis) =>
      millis === undefined ? undefined : `$${params.push(at(millis))}`
    )
    add(
      (place) => `id = any(array(select id from ${failedOf(schema, since, before)} where failure = ${place}))`,
      PgTypes.text(filter.failure)
    )
  }
  if (filter.roots === true) wanted.push("parent is null")
  // as the index has it
  if (filter.callbacksFailed === true) wanted.push("callbacks_failed > 0")
  if (filter.held === true) {
    wanted.push(`id = any(array(select id from ${schema}.live_actions where phase = ${phaseCodes.held}))`)
  }
  if (filter.toResume === true) {
    wanted.push(
      `id = any(array(select id from ${schema}.live_actions where phase = ${phaseCodes.suspended} and failure is not null))`
    )
  }
  if (filter.notUndone === true) {
    wanted.push(`id = any(array(select e.id from ${schema}.ended_actions e where ${isLeft}))`)
  }
  return { params, where: wanted.join(" and ") }
}
