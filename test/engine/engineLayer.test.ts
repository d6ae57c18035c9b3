/** What a program's layers share, and what they do not. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Engine, Stepped } from "stepped"
import { layerServer } from "../harness/Server.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const Cars = Stepped.actions(Car, [
  Stepped.action("honk").step(() => Effect.void),
  Stepped.action("beep", { queue: "beeps" }).step(() => Effect.void)
])

it.live("two schemas in one program are two engines", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const honkIn = (schema: string) =>
      Layer.provide(
        Layer.effectDiscard(Effect.flatMap(Cars.client, (cars) => cars(1).honkLater())),
        Stepped.layer({ schema, migrate: true, notify: false })
      )
    yield* Layer.build(Layer.merge(honkIn("left"), honkIn("right")))
    assert.deepStrictEqual(
      yield* sql`select (select count(*) from "left".jobs)::int as "left", (select count(*) from "right".jobs)::int as "right"`,
      [{ left: 1, right: 1 }]
    )
  }).pipe(Effect.scoped, Effect.provide(layerServer())))

it.live("one layer is one engine, wherever it is provided", () =>
  Effect.gen(function*() {
    const layer = Stepped.layer({ migrate: true, notify: false })
    const seen: Array<Engine["Service"]> = []
    const looking = () =>
      Layer.provide(Layer.effectDiscard(Effect.map(Engine, (engine) => void seen.push(engine))), layer)
    yield* Layer.build(Layer.merge(looking(), looking()))
    assert.strictEqual(seen.length, 2)
    assert.strictEqual(seen[0], seen[1])
  }).pipe(Effect.scoped, Effect.provide(layerServer())))

it.live("a layer is given as it is, called, or called with settings", () =>
  Effect.gen(function*() {
    yield* Stepped.migrate()
    for (const layer of [Stepped.layer, Stepped.layer(), Stepped.layer({ notify: false })]) {
      assert.deepStrictEqual(yield* Effect.provide(Stepped.doctor, layer), [])
    }
  }).pipe(Effect.provide(layerServer())))

it.live("workers beside each other in one program are given as one layer, and as any number of them", () =>
  Effect.gen(function*() {
    const layer = Stepped.layer({ migrate: true, notify: false })
    const both = Layer.merge(Stepped.worker({ queues: ["default"] }), Stepped.worker({ queues: ["beeps"] }))
    const services = yield* Layer.build(both.pipe(Layer.provide(Cars.layer), Layer.provideMerge(layer)))
    const { beep, honk } = (yield* Effect.provide(Cars.client, services))(1)
    yield* Effect.all([beep(), honk()])
  }).pipe(Effect.scoped, Effect.provide(layerServer())))

it.live("a worker counts what the others over its layer keep of the client", () =>
  Effect.gen(function*() {
    const layer = Stepped.layer({ migrate: true, notify: false })
    const both = Layer.merge(Stepped.worker(), Stepped.worker({ connections: 3 }))
    const error = yield* Effect.flip(Layer.build(both.pipe(Layer.provide(Cars.layer), Layer.provide(layer))))
    assert.strictEqual(error._tag, "PoolTooSmall")
    assert.match(error.message, /maxConnections of the PgClient is 9, and a worker needs 10: .*for the other workers/)
  }).pipe(Effect.scoped, Effect.provide(layerServer({ maxConnections: 9 }))))
