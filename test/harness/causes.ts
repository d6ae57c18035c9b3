/** What is stored about failures is what the public type says: asked of every scenario, whatever it has stored. */
import { Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import { failureKinds } from "../../src/domain/Failure.ts"

interface Row {
  readonly place: string
  readonly needed: boolean
  readonly cause: Readonly<Record<string, unknown>> | null
}

const known = ["kind", "path", "message", "error", "own", "declaredBy", "pretty"]

const problemOf = ({ cause, needed }: Row): string | undefined => {
  if (cause === null) return needed ? "has no cause" : undefined
  const { kind, message, path } = cause
  if (!failureKinds.some((one) => one === kind)) return `has a cause of the kind ${JSON.stringify(kind)}`
  // an action with its actor, whatever comes behind it
  if (typeof path !== "string" || !/^[\w.-]+ [\w.-]+\/./.test(path)) return `has a cause at ${JSON.stringify(path)}`
  if (typeof message !== "string" || message === "") return "has a cause without a message"
  const unknown = Object.keys(cause).filter((key) => !known.includes(key))
  return unknown.length === 0 ? undefined : `has a cause with ${unknown.join(", ")}`
}

/** Stored causes that are not what `FailureCause` says, and ends that lack one; the layers of all suites have the client. */
export const wrongCauses = Effect.flatMap(
  Effect.serviceOption(SqlClient.SqlClient),
  Option.match({
    onNone: () => Effect.succeed([]),
    onSome: (sql) =>
      Effect.map(
        Effect.orDie(
          sql.unsafe<Row>(`
      select 'the ended action ' || id as place, status in (4, 5, 6, 7) as needed, cause from stepped.ended_actions
      union all select 'the live action ' || id, outcome in (4, 5, 6, 7), cause from stepped.live_actions where outcome is not null
      union all select 'the last failure of ' || id, false, failure from stepped.live_actions where failure is not null
      union all select 'the last failure of ' || action, false, failure from stepped.jobs where failure is not null
      union all select 'the answer for ' || id, status in (4, 5, 6, 7), cause from stepped.outcomes where status is not null
      union all select 'a slot of ' || action, false, cause from stepped.slots where cause is not null`)
            .withoutTransform
        ),
        (rows) =>
          rows.flatMap((row) => {
            const problem = problemOf(row)
            return problem === undefined ? [] : [`  ${row.place} ${problem}`]
          })
      )
  })
)
