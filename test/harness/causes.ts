/** What is stored about failures is what the public type says: asked of every scenario, whatever it has stored. */
import { Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import { failureKinds } from "../../src/domain/Failure.ts"

interface Row {
  readonly place: string
  readonly needed: boolean
  readonly cause: Readonly<Record<string, unknown>> | null
}

const known = [
  "kind",
  "path",
  "message",
  "error",
  "own",
  "declaredBy",
  "pretty",
  "details",
  "lane",
  "reason",
  "cycle",
  "notUndone",
  "kept",
  "uncertain",
  "forgotten"
]

const problemOf = ({ cause, needed }: Row): string | undefined => {
  if (cause === null) return needed ? "has no cause" : undefined
  const { forgotten, kind, message, path } = cause
  // an answer that was a success
  if (forgotten === true && !needed && kind === undefined) return undefined
  if (!failureKinds.some((one) => one === kind)) return `has a cause of the kind ${JSON.stringify(kind)}`
  // an action with its actor, whatever comes behind it
  if (typeof path !== "string" || !/^[\w.-]+ [\w.-]+\/./.test(path)) return `has a cause at ${JSON.stringify(path)}`
  if (typeof message !== "string" || message === "") return "has a cause without a message"
  const unknown = Object.keys(cause).filter((key) => !known.includes(key))
  return unknown.length === 0 ? undefined : `has a cause with ${unknown.join(", ")}`
}

const asked = (schema: string) => `
  select 'the ended action ' || id as place, status in (4, 5, 6, 7) as needed, cause from "${schema}".ended_actions
  union all select 'the live action ' || id, outcome in (4, 5, 6, 7), cause from "${schema}".live_actions where outcome is not null
  union all select 'the last failure of ' || id, false, failure from "${schema}".live_actions where failure is not null
  union all select 'the last failure of ' || action, false, failure from "${schema}".jobs where failure is not null
  union all select 'the answer for ' || id, status in (4, 5, 6, 7), cause from "${schema}".outcomes where status is not null
  union all select 'a slot of ' || action, false, cause from "${schema}".slots where cause is not null and undo is null`

const wrongIn = (sql: SqlClient.SqlClient) =>
  Effect.gen(function*() {
    const schemas = yield* sql.unsafe<{ readonly schemaname: string }>(
      "select schemaname from pg_tables where tablename = 'ended_actions' and schemaname not like 'pg_temp%'"
    ).withoutTransform
    const wrong: Array<string> = []
    for (const { schemaname } of schemas) {
      for (const row of yield* sql.unsafe<Row>(asked(schemaname)).withoutTransform) {
        const problem = problemOf(row)
        if (problem !== undefined) wrong.push(`  ${row.place} ${problem}`)
      }
    }
    return wrong
  })

/** Stored causes that are not what `FailureCause` says, and ends that lack one; the layers of all suites have the client. */
export const wrongCauses = Effect.flatMap(
  Effect.serviceOption(SqlClient.SqlClient),
  Option.match({ onNone: () => Effect.succeed([]), onSome: (sql) => Effect.orDie(wrongIn(sql)) })
)
