/** Notifications: one for all that happens within a moment, since commits that notify wait for each other. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Stepped } from "stepped"
import { layerIntercepted } from "../harness/intercepting.ts"
import { layerServer } from "../harness/Server.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const honk = Stepped.action("honk").step(() => Effect.void)
const Cars = Stepped.actions(Car, [honk])
const momentMs = 20

it.live("what is enqueued one after another is told in one notification for each moment", () =>
  Effect.gen(function*() {
    let told = 0
    const silent = Layer.effect(
      PgClient.PgClient,
      Effect.map(PgClient.PgClient, (real) =>
        Object.assign(Object.create(real) as PgClient.PgClient, {
          notify: () => Effect.sync(() => void told++)
        }))
    )
    // nothing is stored, so that there are many of them in a moment
    const engine = layerIntercepted(() => ({ enqueue: () => Effect.void }), { notify: true })
    yield* Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const began = performance.now()
      for (let n = 0; n < 200 || performance.now() - began < 10 * momentMs; n++) {
        yield* car.honkLater()
        // whoever tells has a turn after each of them
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      }
      assert.isAtLeast(told, 1)
      assert.isAtMost(told, (performance.now() - began) / momentMs + 2)
    }).pipe(Effect.provide(Layer.provideMerge(Cars.layer, engine).pipe(Layer.provide(silent))))
  }).pipe(Effect.provide(layerServer({ template: { name: "migrated", migrate: Stepped.migrate() } }))))
