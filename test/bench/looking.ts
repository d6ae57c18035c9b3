/**
 * What the command takes to look, from its first query to its last line, where a million actions have ended in a month, some of them badly, and a
 * thousand are queued. In ms, five times one after the other; the same for what a process needs to start, and for what is asked over HTTP: a first page, and what is rare, whose oldest is the
 * oldest of all, in one look, to the end, and by an index.
 *
 * A few are performed; the others are copies of their rows, made in the database, at other times and of other actors.
 */
import { NodeHttpServer, NodeServices } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Console, Context, Effect, Layer, Redacted, Schema } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { execFileSync } from "node:child_process"
import { createServer } from "node:http"
import { ActionRepo, Stepped } from "stepped"
import { run } from "stepped/cli"
import * as Http from "stepped/http"
import { body, Car, Cars, convoy, drive, layer, tour } from "./Cars.ts"
import { say, settings } from "./Measured.ts"
import { startMeter } from "./Meter.ts"

const { count } = settings({ count: 1_000_000 })
const url = process.env.DATABASE_URL!

class Flat extends Schema.TaggedError<Flat>()("Flat", { tyre: Schema.Int }) {}
class Bus extends Stepped.Actor<Bus>()("Bus", { id: Schema.Int }) {}
const breakDown = Stepped.action("breakDown", { arguments: [Schema.Int], error: Flat }).step((n) =>
  Effect.andThen(body, Effect.fail(new Flat({ tyre: n % 4 })))
)
/** No worker has it: it stays queued. */
const park = Stepped.action("park").step(() => body)
/** There are two of them, with a tag. */
const tow = Stepped.action("tow").step(() => body)
const Buses = Stepped.actions(Bus, [breakDown, tow])
const Parked = Stepped.actions(Car, [park])

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

const dayMs = 86_400_000

/**
 * Adds copies of what has ended to the history, with their steps, so many of each: over the thirty days before, in the order of time, each of an actor
 * beyond those that there are. `kind` is a digit of its own in their ids.
 */
const copied = (kind: number, ids: ReadonlyArray<string>, copies: number) =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const columns = yield* sql<{ table: string; name: string }>`select table_name as table, column_name as name
      from information_schema.columns where table_schema = 'stepped' and table_name in ('ended_actions', 'steps')`
    const everyMs = 30 * dayMs / (copies * ids.length)
    for (const [i, id] of ids.entries()) {
      const number = `(n * ${ids.length} + ${i})`
      const earlier = `((60000 + ${number} * ${everyMs}::float8) * interval '1 millisecond')`
      const copy = (table: string, own: string, replaced: Readonly<Record<string, string>>) => {
        const names = columns.flatMap((column) => column.table === table ? [column.name] : [])
        const copied = names.map((name) =>
          replaced[name] ?? (name.endsWith("_at") ? `t.${name} - ${earlier}` : `t.${name}`)
        )
        return sql.unsafe(
          `insert into stepped.${table} (${names.join(", ")})
            select ${copied.join(", ")}
            from stepped.${table} t
            join stepped.ended_actions e on e.id = t.${own}
            cross join generate_series(1, ${copies}) n
            cross join lateral (
              select (lpad(to_hex((extract(epoch from e.enqueued_at - ${earlier}) * 1000)::bigint), 12, '0')
                || '7000800${kind}' || lpad(to_hex(${number}), 12, '0'))::uuid as id) c
            where t.${own} = '${id}'`
        )
      }
      yield* copy("ended_actions", "id", { id: "c.id", actor_id: `${number}::text` })
      yield* copy("steps", "action", { action: "c.id" })
    }
  })

/** Runs the command in this process, in which all that it loads is loaded. */
const took = (args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const silent: Console.Console = Object.assign(Object.create(globalThis.console), { log: () => {} })
    const began = performance.now()
    const code = yield* run([...args, "--url", url], { version: "0" }).pipe(
      Effect.provideService(Console.Console, silent),
      Effect.provide(NodeServices.layer)
    )
    // what shows its plan and can ask nobody ends with 2
    if (code > (args.includes("--reason") ? 2 : 1)) throw new Error(`${args.join(" ")}: code ${code}`)
    return Math.round(performance.now() - began)
  })

const served = HttpRouter.serve(Http.layer({ authorization: Http.loopback({ mayReadPayloads: true }) }), {
  disableLogger: true,
  disableListenLog: true
}).pipe(Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })))

interface Page {
  readonly items: ReadonlyArray<unknown>
  readonly next: string | null
  readonly lookedUntil: string | null
}

/** Asks over HTTP for as many pages as there are, or for the first one; gives how long that took, and how many actions were found. */
const askedFor = (origin: string, query: string, isWhole = false) =>
  Effect.promise(async () => {
    const began = performance.now()
    let found = 0
    let after: string | null = ""
    do {
      const answer = await fetch(`${origin}/api/actions?${query}${after === "" ? "" : `&after=${after}`}`)
      if (answer.status !== 200) throw new Error(`${query}: ${answer.status} ${await answer.text()}`)
      const page = await answer.json() as Page
      found += page.items.length
      after = page.next
    } while (isWhole && after !== null)
    return { ms: Math.round(performance.now() - began), found }
  })

/** The same as a sample, of which it is known how many there are. */
const sampled = (origin: string, query: string, expected: number, isWhole = false) =>
  Effect.map(askedFor(origin, query, isWhole), ({ found, ms }) => {
    if (found !== expected) throw new Error(`${query}: ${found} instead of ${expected}`)
    return ms
  })

const Main = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const repo = yield* ActionRepo
  const stop = yield* startMeter()
  const began = performance.now()
  const performed = yield* Effect.scoped(Effect.gen(function*() {
    const cars = yield* Cars.client
    const buses = yield* Buses.client
    yield* Layer.build(Stepped.worker())
    const handles = {
      drives: yield* cars.enqueueMany(drive, numbers(0, 20).map((id) => [id, id])),
      tours: yield* cars.enqueueMany(tour, numbers(0, 2).map((id) => [id, id])),
      breakdowns: yield* buses.enqueueMany(breakDown, numbers(0, 4).map((id) => [id, id])),
      convoys: yield* cars.enqueueMany(convoy, [[1, 1]]),
      tows: [yield* buses(1).with({ tags: ["towed"] }).towLater()]
    }
    yield* Effect.forEach(Object.values(handles).flat(), (handle) => Effect.exit(handle.await))
    return handles
  }))
  const idsOf = (handles: ReadonlyArray<{ readonly id: string }>) => handles.map(({ id }) => id)
  // one of a hundred has failed, and one of a hundred has five steps
  yield* copied(4, idsOf(performed.tows), 1)
  yield* copied(1, idsOf(performed.breakdowns), Math.ceil(count / 400))
  yield* copied(2, idsOf(performed.tours), Math.ceil(count / 200))
  yield* copied(3, idsOf(performed.drives), Math.ceil(count * 0.98 / 20))
  const parked = yield* (yield* Parked.client).enqueueMany(park, numbers(0, 1000).map((id) => [id]))
  yield* sql.unsafe("vacuum analyze")
  const seconds = (performance.now() - began) / 1000
  const reading = yield* stop
  const [failed] = yield* repo.list({ statuses: ["failed"], limit: 1 })
  const commands = {
    ls: ["ls"],
    "ls, failed": ["ls", "--status", "failed"],
    "ls, of an actor": ["ls", "--actor", `Car/${Math.floor(count * 0.9)}`],
    show: ["show", failed!.id],
    "show, fifty children": ["show", performed.convoys[0]!.id],
    why: ["why", parked.at(-1)!.id],
    errors: ["errors"],
    "errors, of a day": ["errors", "--since", "1 day"],
    queues: ["queues"],
    operations: ["operations"],
    // plans: of how many it looks at is bounded
    "forget, before it asks": ["forget", `Car/${Math.floor(count * 0.9)}`, "--reason", "a look"],
    "prune, before it asks": ["prune", "--before", "10 days", "--reason", "a look"]
  }
  const { address } = Context.get(yield* Layer.build(served), HttpServer.HttpServer)
  const origin = HttpServer.formatAddress(address)
  // more than a page looks through: the older one is not found by the first look
  const inOneLook = count > 200_000 ? 1 : 2
  const requests = {
    "over HTTP": sampled(origin, "limit=100", 100),
    "over HTTP, of an actor": sampled(
      origin,
      `actorType=Car&actorId=${Math.floor(count * 0.9)}&limit=100`,
      count > 200_000 ? 0 : 1
    ),
    "over HTTP, a rare name": sampled(origin, "name=tow&limit=100", inOneLook),
    "over HTTP, a rare name, to the end": sampled(origin, "name=tow&limit=100", 2, true),
    "over HTTP, a rare tag": sampled(origin, "tag=towed&limit=100", 2)
  }
  yield* Effect.forEach(Object.values(commands), took)
  yield* Effect.all(Object.values(requests))
  const samples: Array<Record<string, number>> = []
  for (let round = 0; round < 5; round++) {
    const sample: Record<string, number> = {}
    for (const [name, args] of Object.entries(commands)) sample[name] = yield* took(args)
    for (const [name, request] of Object.entries(requests)) sample[name] = yield* request
    const start = performance.now()
    execFileSync(process.execPath, [
      "--conditions=stepped-source",
      "--no-warnings",
      new URL("../../src/cli/main.ts", import.meta.url).pathname,
      "--version"
    ])
    sample["a process's start"] = Math.round(performance.now() - start)
    samples.push(sample)
  }
  yield* took(["migrate", "up", "--search"])
  const indexed = sampled(origin, "name=tow&limit=100", 2)
  yield* indexed
  for (const sample of samples) sample["over HTTP, a rare name by its index"] = yield* indexed
  say({ work: "looking", count, unit: "actions", seconds, actions: count, reading, samples })
})

await Effect.runPromise(
  Effect.scoped(Main).pipe(
    Effect.provide(
      Layer.mergeAll(layer, Buses.layer).pipe(
        Layer.provideMerge(Stepped.layer({ migrate: true, historyRetention: "Infinity" })),
        Layer.provideMerge(PgClient.layer({ url: Redacted.make(url) }))
      )
    )
  )
)
process.exit(0)
