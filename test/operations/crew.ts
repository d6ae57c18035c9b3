/** Processes that execute workflows, on a database with what they have done in it; some are killed in the middle. */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, type Redacted } from "effect"
import { Stepped } from "stepped"
import { StepWorkflow } from "stepped/workflow"
import { type Program, startProgram } from "../harness/Program.ts"
import { freshDatabase } from "../harness/Server.ts"
import { until } from "../harness/workers.ts"
import { startEngine } from "./starting.ts"

const template = {
  name: "executions",
  migrate: Effect.gen(function*() {
    yield* Stepped.migrate()
    const sql = yield* PgClient.PgClient
    yield* sql`create table did (seq bigint generated always as identity primary key, what text not null, pid int not null)`
    yield* sql`create table booked (n int not null)`
  })
}
export const database = Effect.map(freshDatabase({ template }), ({ url }) => url)

/** Who executes in this process, in which nobody performs. */
export const caller = (url: Redacted.Redacted) =>
  Effect.map(startEngine(url), (services) => Layer.provideMerge(StepWorkflow.layer, Layer.succeedContext(services)))

/** One that is loaded, and does nothing until it is told to begin. */
export const program = (url: Redacted.Redacted, env: Readonly<Record<string, string>> = {}) =>
  startProgram(new URL("./executing.ts", import.meta.url).pathname, { url, env })

export const worker = (url: Redacted.Redacted, env?: Readonly<Record<string, string>>) =>
  Effect.gen(function*() {
    const one = yield* program(url, env)
    yield* one.tell("begin")
    yield* one.says("ready")
    return one
  })

export const kill = ({ ended, signal }: Program) => Effect.andThen(signal("SIGKILL"), ended)

/** What was done, as often as it was. */
export const done = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<{ what: string; times: number }>`select what, count(*)::int as times from did group by what`
  return new Map(rows.map(({ times, what }) => [what, times]))
})

/** Of these the processes that have something in hand; all of them, where nothing is left. */
const inTheMiddle = (programs: ReadonlyArray<Program>) =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const rows = yield* sql<{ pid: string | null }>`
      select split_part(w.name, ':', 2) as pid from stepped.live_actions l left join stepped.workers w on w.token = l.token
      union all select null from stepped.jobs`
    return programs.filter(({ pid }) => rows.length === 0 || rows.some((row) => row.pid === String(pid)))
  })

/** Of the workers one after another is killed, each when so much is done; one that waited for that takes its place. */
export const underKills = <E, R>(
  url: Redacted.Redacted,
  { at, many }: { readonly at: ReadonlyArray<number>; readonly many: Effect.Effect<number, E, R> }
) =>
  Effect.gen(function*() {
    let working = yield* Effect.forEach([0, 1], () => worker(url))
    const spare = yield* Effect.forEach(at, () => program(url))
    for (const [i, next] of spare.entries()) {
      yield* until(`${at[i]} of them are there`, Effect.map(many, (n) => n >= at[i]!))
      const victims: Array<Program> = []
      yield* until(
        "one has something in hand",
        Effect.map(inTheMiddle(working), (found) => victims.push(...found) > 0)
      )
      yield* kill(victims[0]!)
      yield* next.tell("begin")
      working = [...working.filter((one) => one !== victims[0]), next]
    }
  })
