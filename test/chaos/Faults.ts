/** What is done to workers, connections and the server, and in which proportions. */
import { Effect, type Scope } from "effect"
import { SqlClient } from "effect/sql"
import type { PostgresServer } from "../harness/PostgresServer.ts"
import type { Book } from "./Book.ts"
import { type Undisturbed, undisturbedName } from "./Database.ts"
import type { Loss, Proxy } from "./Proxy.ts"
import type { Random } from "./Random.ts"
import type { Workers } from "./Workers.ts"
import { leaseMs } from "./World.ts"

export interface Victims {
  readonly server: PostgresServer
  readonly workers: Workers
  /** Of workers and clients; the first is that of the worker that is never killed. */
  readonly proxies: ReadonlyArray<Proxy>
  readonly undisturbed: Undisturbed
}

interface Kind {
  /** For each kill. */
  readonly part: number
  readonly strike: (victims: Victims, random: Random, book: Book) => Effect.Effect<void, never, Scope.Scope>
}

const lose = (
  what: (random: Random) => Loss["what"],
  statements: ReadonlyArray<readonly [statement: RegExp, rows: number]>,
  counted: (counts: Book["counts"]) => void
): Kind["strike"] =>
({ proxies }, random, book) => {
  const [statement, rows] = random.oneOf(statements)
  // half of it to the worker that is never killed: nobody else makes up for what that one loses
  const proxy = random.below(2) < 1 ? proxies[0]! : random.oneOf(proxies)
  return proxy.lose({
    what: what(random),
    statement,
    rows,
    then: () => counted(book.counts)
  })
}

/** Most of them are transactions by themselves; the rows are how many an answer has that hands something over. */
const transitions: ReadonlyArray<readonly [statement: RegExp, rows: number]> = [
  [/\.finish\(/, 0],
  [/\.(enqueue|recover|release)\(|update "stepped"\.workers/, 0],
  [/\.(start_executions|send_to_executions|remember)\(/, 0],
  [/\.(claim|complete|tick|cancel_abandoned)\(/, 2]
]
const commit: typeof transitions = [[/^commit$/i, 0]]

const kinds: ReadonlyArray<Kind> = [
  {
    part: 1,
    strike: ({ workers }, _, book) =>
      Effect.map(workers.kill, () => {
        book.counts.kills++
      })
  },
  {
    part: 0.1,
    strike: ({ workers }, random, book) =>
      // it stands still for longer than its lease, and meanwhile other things happen
      Effect.asVoid(Effect.forkScoped(
        Effect.map(workers.freeze(leaseMs / 1000 + 0.5 + random.below(2)), () => {
          book.counts.stops++
        })
      ))
  },
  {
    part: 0.2,
    strike: ({ undisturbed }, random, book) =>
      Effect.map(
        undisturbed(Effect.flatMap(SqlClient.SqlClient, (sql) =>
          sql`select pg_terminate_backend(pid) from (select pid from pg_stat_activity where backend_type = 'client backend'
            and application_name <> ${undisturbedName} order by random() limit ${1 + Math.floor(random.below(4))}) x`)),
        (rows) => {
          book.counts.terminates += rows.length
        }
      )
  },
  {
    part: 0.025,
    strike: ({ server }, _, book) =>
      Effect.andThen(
        server.stop("immediate"),
        Effect.map(Effect.orDie(server.start), () => {
          book.counts.restarts++
        })
      )
  },
  {
    part: 0.1,
    strike: ({ proxies }, random, book) =>
      // a new worker has none yet
      Effect.map(random.oneOf(proxies.filter((proxy) => proxy.connections() > 0)).cut, (connections) => {
        book.counts.cuts += connections
      })
  },
  {
    part: 0.1,
    strike: ({ proxies }, random, book) =>
      Effect.map(random.oneOf(proxies).stall(200 + random.below(2 * leaseMs)), () => {
        book.counts.stalls++
      })
  },
  { part: 0.1, strike: lose(() => "delay", transitions, (counts) => counts["late statements"]++) },
  { part: 0.1, strike: lose(() => "statement", [...transitions, ...commit], (counts) => counts["lost statements"]++) },
  {
    part: 0.5,
    strike: lose(
      (random) => random.below(10) < 1 ? "silence" : "answer",
      transitions,
      (counts) => counts["swallowed answers"]++
    )
  },
  { part: 0.1, strike: lose(() => "answer", commit, (counts) => counts["swallowed commits"]++) },
  {
    part: 0.1,
    strike: ({ proxies }, random, book) =>
      Effect.forEach(proxies, (proxy) => proxy.deafen(random.below(2000), () => book.counts["lost notifies"]++), {
        discard: true
      })
  }
]

export type Fault = Kind["strike"]

/** At least one of each kind, in the order that chance has them. */
export const faultsFor = (kills: number, random: Random): ReadonlyArray<Fault> =>
  random.shuffled(
    kinds.flatMap(({ part, strike }) => Array.from({ length: Math.max(1, Math.round(kills * part)) }, () => strike))
  )
