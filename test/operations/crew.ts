/** Processes that execute workflows, on a database with what they have done in it; some are killed in the middle. */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, type Redacted } from "effect"
import { Stepped } from "stepped"
import { StepWorkflow } from "stepped/workflow"
import { type Program, startProgram } from "../harness/Program.ts"
import { freshDatabase } from "../harness/Server.ts"
import { until } from "../harness/workers.ts"
import { numbers } from "./executions.ts"
import { startEngine } from "./starting.ts"

const template = {
  name: "executions",
  migrate: Effect.gen(function*() {
    yield* Stepped.migrate()
    const sql = yield* PgClient.PgClient
    yield* sql`create table did (seq bigint generated always as identity primary key, what text not null, pid int not null)`
    yield* sql`create table booked (n int not null)`
    // how much may be done, and who waits for more: see `underKills`
    yield* sql`create table allowed (n int not null)`
    yield* sql`create table held (pid int not null, what text not null)`
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

/** From now on no more than so many things are done, whoever does them: bodies wait before that. */
const allow = (n: number | undefined) =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    yield* n === undefined
      ? sql`delete from allowed`
      : sql`with old as (delete from allowed) insert into allowed values (${n})`
  })

/** Two workers, and others that wait: the one that is chosen is killed, and the next one of these takes its place. */
const crew = (url: Redacted.Redacted, spares: number) =>
  Effect.gen(function*() {
    let working = yield* Effect.forEach([0, 1], () => worker(url))
    const spare = yield* Effect.forEach(numbers(spares), () => program(url))
    return {
      working: Effect.sync(() => working),
      replace: (victim: Program) =>
        Effect.gen(function*() {
          const next = spare.shift()!
          yield* kill(victim)
          yield* next.tell("begin")
          working = [...working.filter((one) => one !== victim), next]
        })
    }
  })

/**
 * Of the workers one after another is killed in the middle of a body: each when so much is done that the others, too, do nothing more before that. Gives how
 * many were killed.
 */
export const underKills = (url: Redacted.Redacted, at: ReadonlyArray<number>) =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    yield* allow(at[0])
    const { replace, working } = yield* crew(url, at.length)
    let killed = 0
    for (const most of at) {
      yield* allow(most)
      const victims: Array<Program> = []
      yield* until(
        `one is in the middle of something, and ${most} things are done`,
        Effect.gen(function*() {
          const held = yield* sql<{ pid: number }>`
            select pid from held where (select count(distinct what) from did) >= ${most}`
          const found = (yield* working).filter(({ pid }) => held.some((row) => row.pid === pid))
          return victims.push(...found) > 0
        })
      )
      yield* replace(victims[0]!)
      killed += 1
    }
    yield* allow(undefined)
    return killed
  })

/** Two workers, one of which is killed, and replaced, each time that this is run, so many times at most. */
export const oneKilled = (url: Redacted.Redacted, times: number) =>
  Effect.map(crew(url, times), ({ replace, working }) => Effect.flatMap(working, ([oldest]) => replace(oldest!)))
