/** What bodies do beside what their plans say, in workers and in the clients' process. */
import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import { closeSync, openSync, writeSync } from "node:fs"
import type { WorldOptions } from "../model/Trees.ts"
import type { Writes } from "./Voyages.ts"
import { isForetold, leaseMs } from "./World.ts"

/** The log of a process. */
export const openLog = (path: string) =>
  Effect.acquireRelease(
    Effect.sync(() => openSync(path, "a")),
    (file) => Effect.sync(() => closeSync(file))
  )

/** In the file before anything else happens: nothing of it is lost with the process. */
export const writesTo = (file: number): Writes => (line) => void writeSync(file, `${line}\n`)

/** The part of an entry that names its step. */
const stepOf = (entry: string): string => entry.split(" ", 3).join(" ")

/** In a worker, which keeps its lease all the same, some use up what others need. */
export const bodies = (
  sql: SqlClient.SqlClient,
  file: number,
  { isWorker }: { readonly isWorker: boolean }
): NonNullable<WorldOptions["ran"]> =>
(entry, step) =>
  Effect.gen(function*() {
    // in the file before anything else happens: nothing of it is lost with the process
    writeSync(file, `${entry}\n`)
    const isTransactional = step?.transactional === true
    if (isWorker && isTransactional && Math.random() < 0.03) {
      // a body that lets nothing else run in its process, not even what keeps the lease
      writeSync(file, `blocked ${entry}\n`)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, leaseMs + 1000)
    }
    // at times more of them than the pool has connections for: by the true time, which is the same for all
    if (isWorker && (performance.timeOrigin + performance.now()) % 12_000 < 1200 && Math.random() < 0.6) {
      writeSync(file, `keeping ${entry}\n`)
      yield* Effect.orDie(sql`select pg_sleep(${(leaseMs + 500) / 1000})`)
    }
    if (isTransactional) yield* Effect.orDie(sql`insert into chaos.effects ${sql.insert({ entry })}`)
    // what takes no time leaves none to be killed in
    if (Math.random() < 0.7) yield* Effect.sleep(Math.random() * (isTransactional ? 1000 : 600))
    // nobody can foretell it: only where actions meet anyway
    if (isTransactional && !isForetold(entry.split(" ", 2)[1]!) && Math.random() < 0.5) {
      const { cancel, complete } = step
      const status = complete !== undefined && Math.random() < 0.7
        ? yield* complete
        : (yield* cancel)
        ? "cancelled"
        : undefined
      if (status !== undefined) {
        yield* Effect.orDie(sql`insert into chaos.ended ${sql.insert({ entry: stepOf(entry), status })}`)
      }
    }
  })
