/** Indexes by which lists of the history go faster, for whoever wants them: each costs every action a little when it ends. */
import { PgClient } from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import { Storage } from "../store/Storage.ts"
import { storageError } from "./storageError.ts"

/** By what each leads to. */
export const searchIndexes = { actorId: "ended_actions_search_actor", name: "ended_actions_search_name" } as const

/** What each is on: as the views have it that lists are read from, in the order of ids, which is that of lists. */
const indexes = [
  { name: searchIndexes.actorId, columns: "actor_id, id" },
  { name: searchIndexes.name, columns: "split_part(definition, '/', 2), id" }
] as const

/** What is there of them, and who is building one. */
interface Found {
  readonly name: string
  readonly isValid: boolean
  /** The session that builds it. */
  readonly builder: number | null
}

const statementOf = (quoted: string, { columns, name }: typeof indexes[number]) =>
  `create index concurrently ${name} on ${quoted}.ended_actions (${columns})`

/** How they are made, for whoever runs it by other means: each outside a transaction. */
export const searchScript: Effect.Effect<string, never, Storage> = Effect.map(
  Storage,
  ({ quoted }) => indexes.map((index) => `${statementOf(quoted, index)};\n`).join("")
)

const look = Effect.gen(function*() {
  const sql = yield* PgClient
  const { schema } = yield* Storage
  const found = yield* sql.unsafe<Found>(
    `select c.relname as name, i.indisvalid as "isValid", b.pid as builder
      from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      join pg_catalog.pg_index i on i.indexrelid = c.oid
      left join pg_catalog.pg_stat_progress_create_index b on b.index_relid = c.oid and b.datname = current_database()
      where n.nspname = $1 and c.relname = any(string_to_array($2, ','))`,
    [schema, indexes.map(({ name }) => name).join(",")]
  ).withoutTransform
  return indexes.map((index) => ({ index, found: found.find(({ name }) => name === index.name) }))
})

/** Which of them are not there, or not whole. */
export const missingForSearch = Effect.map(
  look,
  (all) => all.flatMap(({ found, index }) => found?.isValid === true ? [] : [index.name])
).pipe(Effect.mapError(storageError("migrate")))

/**
 * Builds what is missing beside whoever works, one after the other: nothing but other changes of the table waits for it, and it waits for the
 * transactions that were open when it began. What was left by a build that was cut off is useless, and made anew; what somebody else is
 * building is left to them.
 */
export const buildForSearch = Effect.gen(function*() {
  const sql = yield* PgClient
  const { quoted } = yield* Storage
  const built: Array<string> = []
  const building: Array<string> = []
  for (const { found, index } of yield* look) {
    if (found?.isValid === true) continue
    if (found !== undefined && found.builder !== null) {
      building.push(index.name)
      continue
    }
    if (found !== undefined) yield* sql.unsafe(`drop index concurrently if exists ${quoted}.${index.name}`)
    yield* sql.unsafe(statementOf(quoted, index))
    built.push(index.name)
  }
  return { built, building }
}).pipe(Effect.mapError(storageError("migrate")))
