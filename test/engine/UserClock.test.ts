/** User time on a machine whose clock is five minutes ahead of the database's: whatever asks by what is now asks by the database's. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { ActionRepo, JobQueue, Stepped } from "stepped"
import { Engine } from "../../src/Engine.ts"
import { layerIntercepted } from "../harness/intercepting.ts"
import { layerServer } from "../harness/Server.ts"
import { until } from "../harness/workers.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const visit = Stepped.action("visit").step(() => Effect.void)
const drive = Stepped.action("drive").step(() => Effect.die(new Error("the road is closed")))
const Cars = Stepped.actions(Car, [visit, drive])

const database = layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 8 })
const ahead = layerIntercepted(
  () => ({ clockOffset: Effect.succeed({ millis: -300_000, uncertainty: 0 }) }),
  { databaseClock: true, handledDefects: () => false, retry: Schedule.spaced("1 hour") }
)

it.live("the services ask by user time, too: what is due by then, is old by then, and was asked for then", () =>
  Effect.gen(function*() {
    const [repo, queue, sql] = [yield* ActionRepo, yield* JobQueue, yield* SqlClient.SqlClient]
    const { now } = yield* Engine
    const client = yield* Cars.client
    const dueAt = (id: string) =>
      Effect.map(
        sql<{ readonly at: number }>`select (extract(epoch from due_at) * 1000)::float8 as at from stepped.jobs
          where action = ${id}::uuid and due_at is not null`,
        ([row]) => row?.at
      )
    const { id } = yield* Effect.gen(function*() {
      yield* client(1).visit()
      const handle = yield* client(2).driveLater()
      yield* until("it is to be tried again", Effect.map(dueAt(handle.id), (at) => at !== undefined))
      return handle
    }).pipe(Effect.provide(Stepped.worker()))
    assert.strictEqual(yield* queue.reschedule(id, new Date(0), { by: "ada" }), "done")
    assert.isAtMost((yield* dueAt(id))!, yield* now)
    const [operation] = yield* repo.operations({ target: id })
    assert.isAtMost(operation!.at.getTime(), yield* now)
    assert.deepInclude(yield* repo.deleteEnded({ retention: "1 minute" }), { deleted: 0 })
    yield* client(3).with({ delay: "2 minutes" }).visitLater()
    const [backlog] = (yield* queue.backlog).filter(({ name }) => name === "visit")
    assert.deepInclude(backlog, { due: 0, later: 1 })
  }).pipe(Effect.provide(Layer.provideMerge(Cars.layer, Layer.provideMerge(ahead, database)))))
