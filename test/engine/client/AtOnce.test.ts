/** What an idle worker is asked for begins with the commit that stores it, without having been in the queue, as if a claim had taken it. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { JobQueue, Stepped } from "stepped"
import { healthy } from "../../harness/databases.ts"
import { layerIntercepted } from "../../harness/intercepting.ts"
import { layerServer } from "../../harness/Server.ts"
import { allEnded, idleWorker } from "../../harness/workers.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const done: Array<string> = []
const says = (what: string) => Effect.sync(() => void done.push(what))
const note = Stepped.action("note", { arguments: [Schema.String] }).step(says)
const wash = Stepped.action("wash", { checksumKey: () => "paint", checksum: () => "clean" }).step(() => says("wash"))
const spray = Stepped.action("spray", { checksumKey: () => "paint" }).step(() => says("spray"))
const guarded = Stepped.action("guarded", { success: Schema.Int }).before(() => Effect.succeed({ complete: 4 }))
  .step(() => Effect.as(says("guarded"), 5))
const stuck = Stepped.action("stuck", { timeout: "30 millis" }).step(() => Effect.never)
const Cars = Stepped.actions(Car, [note, wash, spray, guarded, stuck])

const counting = (pollInterval = Duration.seconds(1)) => {
  const calls = { together: 0 }
  const engine = layerIntercepted((store) => ({
    enqueueAndClaim: (options) => {
      calls.together++
      return store.enqueueAndClaim(options)
    }
  }), { pollInterval })
  const server = layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 12 })
  return { calls, engine: Cars.layer.pipe(Layer.provideMerge(engine), Layer.provideMerge(server)) }
}

describe("what an idle worker is asked for", () => {
  it.live("lets those begin first who were enqueued before, although it has not seen them", () => {
    // nor comes to see them by polling
    const { calls, engine } = counting(Duration.hours(1))
    done.length = 0
    return Effect.gen(function*() {
      yield* idleWorker()
      const sql = yield* SqlClient.SqlClient
      yield* sql`insert into stepped.jobs (
          queue, priority, kind, action, definition, actor_id, arguments, lane, checksum_key, enqueued_at)
        values ('default', 0, 0, gen_random_uuid(), 'Car/note', '1', '["first"]', 'Car/1/note', 'Car/1/note', now())`
      const cars = yield* Cars.client
      yield* cars(1).note("second")
      assert.deepStrictEqual([done, calls.together], [["first", "second"], 1])
      yield* allEnded
      yield* healthy
    }).pipe(Effect.scoped, Effect.provide(engine))
  })

  it.live("begins what it takes at once as a claim does: achievements, hooks, timeouts, tags", () => {
    const { calls, engine } = counting()
    done.length = 0
    return Effect.gen(function*() {
      yield* idleWorker()
      const sql = yield* SqlClient.SqlClient
      const cars = yield* Cars.client
      yield* cars(1).wash()
      yield* cars(1).wash()
      yield* cars(1).spray()
      yield* cars(1).wash()
      assert.deepStrictEqual(done, ["wash", "spray", "wash"])
      assert.strictEqual(yield* cars(1).guarded(), 4)
      assert.deepStrictEqual(done, ["wash", "spray", "wash"])
      assert.strictEqual((yield* Effect.flip(cars(1).stuck()))._tag, "TimedOut")
      yield* cars(2).with({ tags: ["red"], priority: 7 }).spray()
      assert.deepStrictEqual(yield* sql`select tags from stepped.actions where actor_id = '2'`, [{ tags: ["red"] }])
      assert.isAtLeast(calls.together, 5)
      yield* allEnded
      yield* healthy
    }).pipe(Effect.scoped, Effect.provide(engine))
  })

  it.live("leaves what is paused in the queue", () => {
    const { calls, engine } = counting()
    done.length = 0
    return Effect.gen(function*() {
      yield* idleWorker()
      const sql = yield* SqlClient.SqlClient
      const queue = yield* JobQueue
      const cars = yield* Cars.client
      yield* queue.pause("everything", { reason: "closed", by: "test" })
      const noted = yield* cars(1).noteLater("open")
      assert.strictEqual(calls.together, 1)
      assert.strictEqual((yield* sql`select from stepped.live_actions`).length, 0)
      assert.deepStrictEqual(done, [])
      yield* queue.resume("everything")
      yield* noted.await
      assert.deepStrictEqual(done, ["open"])
      yield* healthy
    }).pipe(Effect.scoped, Effect.provide(engine))
  })
})
