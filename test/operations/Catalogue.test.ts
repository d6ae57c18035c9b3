/** What workers say of themselves and of their definitions, as those read it who do not have the program (rule 17.5). */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { JobQueue, Stepped } from "stepped"
import * as Embedded from "stepped/embedded"
import { layerUrl } from "../harness/Server.ts"
import { until } from "../harness/workers.ts"
import { alone, database, startEngine, startWorkerOf } from "./starting.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

/** A deploy: what takes longer with each of them. */
const deploy = (timeout: "1 hour" | "2 hours") =>
  Stepped.actions(Car, [
    Stepped.action("visit", { arguments: [Schema.Redacted(Schema.String)], timeout }).step("go", () => Effect.void),
    Stepped.action("wash").step(() => Effect.void)
  ])
const First = deploy("1 hour")
const Second = deploy("2 hours")

const said = Effect.map(
  Effect.flatMap(JobQueue, (queue) => queue.workers),
  (workers) =>
    workers.map(({ build, definitions, queues }) => ({ build, queues, names: Object.keys(definitions ?? {}).sort() }))
)
// with the engine's own
const all = ["Car/visit", "Car/wash", "Stepped/forMany"]

describe("the catalogue", () => {
  it.live("has each version of a definition once, and which worker has which", () =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* startEngine(url)
      yield* Effect.gen(function*() {
        const queue = yield* JobQueue
        const scope = yield* Scope.make()
        yield* startWorkerOf(url, First.layer, { build: "one", name: "first" })
        yield* Scope.provide(startWorkerOf(url, Second.layer, { build: "two", queues: ["default"] }), scope)
        yield* startWorkerOf(url, Second.layer, { build: "two" })
        yield* until("all have said it", Effect.map(said, (each) => each.every(({ names }) => names.length === 3)))
        assert.deepStrictEqual(
          (yield* said).map((worker) => JSON.stringify(worker)).sort(),
          [
            { build: "one", queues: undefined, names: all },
            { build: "two", queues: ["default"], names: all },
            { build: "two", queues: undefined, names: all }
          ].map((worker) => JSON.stringify(worker)).sort()
        )
        const found = yield* queue.definitions()
        assert.deepStrictEqual(found.map(({ actorType, name }) => `${actorType}/${name}`), [
          "Car/visit",
          "Car/visit",
          "Car/wash",
          "Stepped/forMany"
        ])
        const [first] = yield* Effect.map(queue.workers, (workers) => workers.filter(({ name }) => name === "first"))
        const visit = found.filter(({ name }) => name === "visit")
        assert.sameMembers(visit.map(({ description }) => description.timeoutMs), [3_600_000, 7_200_000])
        assert.strictEqual(
          first!.definitions!["Car/visit"],
          visit.find(({ description }) => description.timeoutMs === 3_600_000)!.hash
        )
        assert.deepStrictEqual(visit[0]!.description.arguments[0]!.redacted, [[]])
        assert.lengthOf(yield* queue.definitions({ actorType: "Car", name: "visit" }), 2)
        assert.lengthOf(yield* queue.definitions({ actorType: "Ca" }), 0)
        const sql = yield* PgClient.PgClient
        const newest = Effect.map(queue.definitions({ newest: true }), (each) =>
          each.map(({ actorType, description, name }) => [`${actorType}/${name}`, description.timeoutMs ?? "none"]))
        const withVisit = (timeoutMs: number) => [
          ["Car/visit", timeoutMs],
          ["Car/wash", "none"],
          ["Stepped/forMany", "none"]
        ]
        // of two that workers have the one that was said last, though it was there first
        yield* sql`update stepped.definitions set first_seen = first_seen - interval '1 day',
          last_seen = last_seen + interval '1 day' where hash = ${first!.definitions!["Car/visit"]!}`
        assert.deepStrictEqual(yield* newest, withVisit(3_600_000))
        assert.lengthOf(yield* queue.definitions({ newest: true, limit: 2 }), 2)
        // one deploy is gone, and what it had is still known; what others have is newer, though it was not said again
        yield* sql`delete from stepped.workers where name = 'first'`
        assert.lengthOf(yield* queue.definitions({ name: "visit" }), 2)
        const [current, ...more] = yield* queue.definitions({ name: "visit", current: true })
        assert.deepStrictEqual([current!.description.timeoutMs, more.length], [7_200_000, 0])
        assert.deepStrictEqual(yield* newest, withVisit(7_200_000))
        yield* Scope.close(scope, yield* Effect.exit(Effect.void))
      }).pipe(Effect.provide(client))
    }))

  it.live("is said again by who has lost its lease, under the new one", () =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* startEngine(url)
      yield* Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        yield* startWorkerOf(url, First.layer)
        const hasSaid = Effect.map(said, ([worker]) => worker?.names.length === 3)
        yield* until("it has said it", hasSaid)
        yield* sql`delete from stepped.workers`
        yield* until("it has said it again", hasSaid)
      }).pipe(Effect.provide(client))
    }))

  it.live("a worker that cannot say it works all the same", () =>
    Effect.gen(function*() {
      const url = yield* database
      const owner = yield* alone(layerUrl(url))
      yield* Effect.provide(
        Effect.flatMap(SqlClient.SqlClient, (sql) => sql`alter table stepped.definitions rename to others`),
        owner
      )
      const client = yield* startEngine(url)
      yield* startWorkerOf(url, First.layer)
      yield* Effect.gen(function*() {
        const handle = yield* (yield* First.client)(1).washLater()
        yield* handle.await
        yield* Effect.sleep("3 seconds")
        yield* (yield* First.client)(2).washLater().pipe(Effect.flatMap((other) => other.await))
      }).pipe(Effect.provide(client))
    }))

  it.live("is there in an embedded database, too", () =>
    Effect.gen(function*() {
      yield* until("it has said it", Effect.map(said, ([worker]) => worker?.names.length === 3))
      assert.deepStrictEqual(yield* said, [{ build: "one", queues: undefined, names: all }])
    }).pipe(
      Effect.provide(
        Stepped.worker().pipe(
          Layer.provide(First.layer),
          Layer.provideMerge(Embedded.layer({ build: "one" }))
        )
      )
    ))
})
