/** What is done with many actions goes on where the process that did it was killed. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { ActionRepo, Stepped } from "stepped"
import { healthy } from "../harness/databases.ts"
import { startProgram } from "../harness/Program.ts"
import { until } from "../harness/workers.ts"
import { Cars, work } from "./Garage.ts"
import { database, startEngine, startWorker } from "./starting.ts"

const workerProgram = new URL("./worker.ts", import.meta.url).pathname
const count = 600

it.live("18.4: kill -9 in the middle: another process goes on with the rest, and nobody is asked a second time", () =>
  Effect.gen(function*() {
    const url = yield* database
    const client = yield* startEngine(url)
    yield* Effect.gen(function*() {
      const cars = yield* Cars.client
      const queued = yield* cars.with({ delay: "1 day" }).enqueueMany(
        work,
        Array.from({ length: count }, (_, n) => [n, "quick"] as const)
      )
      const plan = yield* Stepped.forMany({ action: work }, { verb: "JobQueue.reprioritise", priority: 5 })
      assert.strictEqual(plan.count, count)
      const handle = yield* plan.start({ by: "ada", reason: "a test", rate: 100, batch: 50 })
      const sql = yield* PgClient.PgClient
      const asked = Effect.map(
        sql<{ n: number; of: number }>`select count(*)::int as n, count(distinct target)::int as of
          from stepped.operations where through = ${plan.id}::uuid and verb <> 'Stepped.forMany' and outcome = 'done'`,
        (rows) => rows[0]!
      )
      const program = yield* startProgram(workerProgram, { url })
      // the others would take it five seconds
      yield* until("some are asked", Effect.map(asked, ({ n }) => n >= 60))
      yield* program.signal("SIGKILL")
      yield* program.ended
      assert.isBelow((yield* asked).n, count)
      yield* startWorker(url, () => Effect.void)
      assert.deepStrictEqual(yield* handle.await, { done: count, refused: [], gone: 0 })
      assert.deepStrictEqual(yield* asked, { n: count, of: count })
      const repo = yield* ActionRepo
      const found = yield* repo.list({ name: "work", limit: count })
      assert.deepStrictEqual(new Set(found.map(({ priority }) => priority)), new Set([5]))
      assert.lengthOf(found, queued.length)
      yield* healthy
    }).pipe(Effect.provide(client))
  }))
