/**
 * The plans of the statements that claim jobs, as a working worker gets them: `auto_explain` logs what is executed inside of the
 * functions, with the parameters and the plan cache of the real thing.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, type Redacted } from "effect"
import { Reactivity } from "effect/reactivity"
import { readFileSync, statSync } from "node:fs"
import { startProgram } from "../harness/Program.ts"

interface Plan {
  readonly milliseconds: number
  readonly statement: string
  readonly text: string
}

const ofNoUse = /^\s*(Storage|Sort Method|Sort Key|Index Searches):/

/** What `auto_explain` wrote since the log had this length. */
const plansSince = (logFile: string, from: number): ReadonlyArray<Plan> =>
  readFileSync(logFile).subarray(from).toString().split(/^(?=\S)/m).flatMap((entry) => {
    const [, ms, indented] = /duration: ([\d.]+) ms {2}plan:\n([^]*)/.exec(entry) ?? []
    if (ms === undefined || indented === undefined) return []
    const lines = indented.trimEnd().split("\n").map((line) => line.replace(/^\t/, "")).filter((line) =>
      !ofNoUse.test(line)
    )
    const first = lines.findIndex((line) => /\(cost=/.test(line))
    const statement = lines.slice(0, first).join(" ").replace("Query Text: ", "").replaceAll(/\s+/g, " ")
    return [{ milliseconds: Number(ms), statement, text: lines.slice(first).join("\n") }]
  })

// whatever is taken into a worker's hands is limited by the room that it has
const claims = ({ statement }: Plan) => /\bjobs\b.*\bp_room\b/.test(statement)

/** Of each claiming statement the plan whose duration is in the middle. */
const typical = (plans: ReadonlyArray<Plan>): ReadonlyArray<Plan & { readonly calls: number }> =>
  [...Map.groupBy(plans.filter(claims), ({ statement }) => statement).values()].map((same) => {
    const sorted = [...same].sort((a, b) => a.milliseconds - b.milliseconds)
    return { ...sorted[sorted.length >> 1]!, calls: same.length }
  })

const explained = [
  "session_preload_libraries = 'auto_explain'",
  "auto_explain.log_min_duration = 0",
  "auto_explain.log_analyze = on",
  "auto_explain.log_buffers = on",
  "auto_explain.log_nested_statements = on"
]

/** Lets a worker perform some of what is queued, and gives the plans that it got meanwhile. */
export const watchClaims = (
  { logFile, url }: { readonly logFile: string; readonly url: Redacted.Redacted },
  { bodies }: { readonly bodies: number }
) =>
  Effect.gen(function*() {
    const sql = yield* PgClient.makeClient({ url })
    const [row] = yield* sql<{ name: string }>`select quote_ident(current_database()) as name`
    for (const setting of explained) yield* sql.unsafe(`alter database ${row!.name} set ${setting}`)
    const from = statSync(logFile).size
    yield* Effect.scoped(Effect.gen(function*() {
      const worker = yield* startProgram(new URL("./worker.ts", import.meta.url).pathname, {
        url,
        env: { CONCURRENCY: "500" }
      })
      yield* worker.says("ready")
      yield* worker.tell("go")
      // without anything to perform it looks now and then
      if (bodies === 0) yield* Effect.sleep("3 seconds")
      while (Number(worker.said.at(-1)!.done) < bodies) yield* Effect.sleep("10 millis")
    }))
    for (const setting of explained) yield* sql.unsafe(`alter database ${row!.name} reset ${setting.split(" ")[0]}`)
    return typical(plansSince(logFile, from))
  }).pipe(Effect.scoped, Effect.provide(Reactivity.layer))

export const showPlans = (condition: string, plans: Effect.Success<ReturnType<typeof watchClaims>>): string =>
  [
    `${condition}:`,
    ...plans.map(({ calls, milliseconds, statement, text }) =>
      `\`\`\`text\n-- ${statement}\n-- ${milliseconds} ms, in the middle of ${calls}\n${text}\n\`\`\``
    )
  ].join("\n\n")
