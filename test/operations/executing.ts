/** A worker of executions in a process of its own, or one who executes; see `Executions.test.ts`. */
import { NodeRuntime } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Config, Effect, Layer } from "effect"
import { createInterface } from "node:readline"
import { Stepped } from "stepped"
import { StepWorkflow } from "stepped/workflow"
import { layerExecutions, Making, numbers } from "./executions.ts"

const say = (event: string, what: unknown) => console.log(JSON.stringify({ event, what }))

const setting = (name: string, otherwise: string) => process.env[name] ?? otherwise
const isPooled = Boolean(process.env.STEPPED_PGBOUNCER)

// one line has it begin, another one opens its gate
const lines: Array<() => void> = []
const nextLine = () => new Promise<void>((resolve) => void lines.push(resolve))
createInterface({ input: process.stdin }).on("line", () => lines.shift()?.())
const begins = nextLine()
const opens = nextLine()

const Database = Stepped.layer({
  lease: `${Number(setting("LEASE_MS", "2000"))} millis`,
  attempts: 10_000,
  pollInterval: "50 millis",
  notify: !isPooled
}).pipe(Layer.provideMerge(PgClient.layerConfig({
  url: Config.Redacted("DATABASE_URL"),
  prepare: Config.succeed(!isPooled)
})))

/** Waits until more may be done. */
const allowed = (sql: PgClient.PgClient, what: string) =>
  Effect.gen(function*() {
    const isHeld = Effect.map(
      sql`select 1 from allowed where n <= (select count(distinct what) from did)`,
      (rows) => rows.length > 0
    )
    if (!(yield* isHeld)) return
    yield* sql`insert into held (pid, what) values (${process.pid}, ${what})`
    while (yield* isHeld) yield* Effect.sleep("20 millis")
    yield* sql`delete from held where pid = ${process.pid} and what = ${what}`
  })

/** `gate` waits until it is told to go on; everything else is done at once. */
const bodies = Layer.unwrap(Effect.map(PgClient.PgClient, (sql) =>
  layerExecutions((what) =>
    Effect.gen(function*() {
      yield* Effect.orDie(allowed(sql, what))
      yield* Effect.orDie(sql`insert into did (what, pid) values (${what}, ${process.pid})`)
      say("started", what)
      if (what.startsWith("gate")) yield* Effect.promise(() => opens)
    })
  )))

const working = Stepped.worker({ concurrency: 16, gracePeriod: "1 second" }).pipe(
  Layer.merge(Layer.effectDiscard(Effect.sync(() => say("ready", "")))),
  Layer.provide(bodies)
)

/** Executes so many, and waits for them. */
const calling = (count: number) =>
  Layer.effectDiscard(Effect.gen(function*() {
    say("calls", count)
    const all = yield* Effect.forEach(numbers(count), (n) => Making.execute({ n, last: "last" }), {
      concurrency: "unbounded"
    })
    say("called", all)
  })).pipe(Layer.provide(StepWorkflow.layer))

const calls = process.env.CALLS
const Main = (calls === undefined ? working : calling(Number(calls))).pipe(Layer.provide(Database))

say("loaded", "")
void begins.then(() => NodeRuntime.runMain(Layer.launch(Main)))
