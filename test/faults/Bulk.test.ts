/** Faults at the one transaction of a client: a bulk that takes several statements. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Stepped } from "stepped"
import { layerDeploy } from "../harness/deploying.ts"
import { layerServer } from "../harness/Server.ts"
import { layerFaulty } from "./FaultyClient.ts"
import type { Fault } from "./Injection.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const honk = Stepped.action("honk").step(() => Effect.void)
const Cars = Stepped.actions(Car, [honk])
const size = 5001

/** The fault at the first statement of this name. */
const once = (name: string, fault: Fault) => {
  let met = false
  return (statement: string): Fault | undefined => {
    if (met || statement !== name) return undefined
    met = true
    return fault
  }
}

const faults: ReadonlyArray<readonly [Fault, at: string]> = [
  // with the connection, on which nothing can be rolled back any more
  ["fail", "enqueue"],
  ["fail", "commit"],
  ["lost-answer", "commit"]
]
for (const [fault, statement] of faults) {
  it.live(`8: after ${fault} at its ${statement} a bulk is there once, and its caller hears of nothing`, () =>
    Effect.gen(function*() {
      const real = yield* PgClient.PgClient
      const strike = once(statement, fault)
      const faulty = layerFaulty({
        real,
        meet: (name) => Effect.sync(() => ({ fault: strike(name), passed: () => Effect.void })),
        die: Effect.never,
        executed: () => {}
      })
      const handles = yield* Effect.flatMap(
        Cars.client,
        (cars) => cars.enqueueMany(honk, Array.from({ length: size }, (_, id) => [id]))
      ).pipe(Effect.provide(layerDeploy(Cars.layer).pipe(Layer.provide(faulty))))
      assert.lengthOf(handles, size)
      const [stored] = yield* real<{ jobs: number; cars: number }>`
        select count(*)::int as jobs, count(distinct actor_id)::int as cars from stepped.jobs`
      assert.deepStrictEqual({ ...stored }, { jobs: size, cars: size })
    }).pipe(Effect.provide(layerServer({ template: { name: "migrated", migrate: Stepped.migrate() } }))))
}
