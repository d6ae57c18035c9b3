/** A job that breaks every claim that it is in, which only a mistake of the engine or a hand in its tables makes. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { JobQueue, Stepped } from "stepped"
import { server } from "../../harness/databases.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const honk = Stepped.action("honk").step(() => Effect.void)
const prepared = Stepped.action("prepared").before(() => Effect.void).step(() => Effect.void)
const Cars = Stepped.actions(Car, [honk, prepared])

/** Beyond what an interval holds. */
const breakJob = (id: string) =>
  Effect.flatMap(
    PgClient.PgClient,
    (sql) => sql`UPDATE stepped.jobs SET timeout_ms = 9223372036854775807 WHERE action = ${id}::uuid`
  )

it.live("a job that no claim survives is set aside, and those around it perform", () =>
  Effect.gen(function*() {
    const cars = yield* Cars.client
    const before = yield* Effect.forEach([1, 2, 3, 4, 5], (id) => cars(id).honkLater())
    const broken = yield* cars(6).honkLater()
    const after = yield* Effect.forEach([7, 8, 9], (id) => cars(id).honkLater())
    yield* breakJob(broken.id)
    yield* Effect.scoped(Effect.gen(function*() {
      yield* Layer.build(Stepped.worker())
      yield* Effect.forEach([...before, ...after], (handle) => handle.await)
    }))
    assert.strictEqual((yield* broken.status).status, "queued")
    const queue = yield* JobQueue
    const [backlog] = yield* queue.backlog
    assert.deepInclude(backlog!, { name: "honk", due: 0, later: 1, held: 0 })
  }).pipe(Effect.provide(Cars.layer.pipe(Layer.provideMerge(server.layer())))))

it.live("a prepared invocation that cannot join fails, and those around it join", () =>
  Effect.gen(function*() {
    const cars = yield* Cars.client
    const before = yield* Effect.forEach([1, 2, 3], (id) => cars(id).preparedLater())
    const broken = yield* cars(6).preparedLater()
    const after = yield* Effect.forEach([7, 8, 9], (id) => cars(id).preparedLater())
    yield* breakJob(broken.id)
    yield* Effect.scoped(Effect.gen(function*() {
      yield* Layer.build(Stepped.worker())
      yield* Effect.forEach([...before, ...after], (handle) => handle.await)
      assert.include((yield* Effect.flip(broken.await)).message, "could not join its lane")
    }))
    assert.deepStrictEqual(yield* Stepped.doctor, [])
  }).pipe(Effect.provide(Cars.layer.pipe(Layer.provideMerge(server.layer())))))

it.live("so does one that is given up", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const broken = yield* (yield* Cars.client)(1).preparedLater()
    yield* breakJob(broken.id)
    yield* sql`UPDATE stepped.jobs SET attempts = 1000 WHERE action = ${broken.id}::uuid`
    yield* Effect.scoped(Effect.gen(function*() {
      yield* Layer.build(Stepped.worker())
      assert.include((yield* Effect.flip(broken.await)).message, "gave up after 1000 attempts")
    }))
    assert.deepStrictEqual(yield* Stepped.doctor, [])
  }).pipe(Effect.provide(Cars.layer.pipe(Layer.provideMerge(server.layer())))))
