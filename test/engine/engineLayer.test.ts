/** What a program's layers share, and what they do not. */
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Layer, Schema, Scope } from "effect"
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

it.live("a second worker over one engine is refused, whatever it takes; after the first has stopped another one may start", () =>
  Effect.gen(function*() {
    const engine = yield* Layer.build(
      Cars.layer.pipe(Layer.provideMerge(Stepped.layer({ migrate: true, notify: false, pollInterval: "50 millis" })))
    )
    const start = (options: Stepped.WorkerOptions) =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        yield* Layer.buildWithScope(Layer.fresh(Stepped.worker(options)), scope).pipe(
          Effect.onError(() => Scope.close(scope, Exit.void))
        )
        return scope
      }).pipe(Effect.provide(engine))
    const { beep, honk } = (yield* Effect.provide(Cars.client, engine))(1)

    const first = yield* start({ queues: ["default"] })
    const refused = yield* Effect.flip(start({ concurrency: 4, queues: ["beeps"] }))
    assert.strictEqual(refused._tag, "DefinitionError")
    assert.strictEqual(
      refused.message,
      "Stepped.worker is given twice over one Stepped.layer, with concurrency 32 for the queues default, and with " +
        "concurrency 4 for the queues beeps: give one worker the concurrency and the queues of both, or each worker a " +
        "Stepped.layer(…) of its own"
    )
    // the refused one has changed nothing
    yield* honk()
    yield* Scope.close(first, Exit.void)

    const second = yield* start({ queues: ["beeps"] })
    yield* beep()
    assert.strictEqual((yield* Effect.flip(start({})))._tag, "DefinitionError")
    yield* Scope.close(second, Exit.void)
  }).pipe(Effect.scoped, Effect.provide(layerServer())))

it.live("of two workers beside each other in one program one is refused", () =>
  Effect.gen(function*() {
    const layer = Stepped.layer({ migrate: true, notify: false })
    const both = Layer.merge(Stepped.worker({ queues: ["default"] }), Stepped.worker({ queues: ["beeps"] }))
    const error = yield* Effect.flip(
      Layer.build(both.pipe(Layer.provide(Cars.layer), Layer.provide(layer)))
    )
    assert.strictEqual(error._tag, "DefinitionError")
  }).pipe(Effect.scoped, Effect.provide(layerServer())))
