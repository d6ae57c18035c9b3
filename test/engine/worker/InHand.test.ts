/** Claiming beyond the concurrency: what a worker has in hand and does not come to goes back. */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import { healthy } from "../../harness/databases.ts"
import { allEnded, layerWorkers, until } from "../../harness/workers.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const wave = Stepped.action("wave").step(() => Effect.void)
const gate = Deferred.makeUnsafe<void>()
let parked = 0
const park = Stepped.action("park").step(() => Effect.andThen(Effect.sync(() => void parked++), Deferred.await(gate)))
const Cars = Stepped.actions(Car, [wave, park])

it.live("a worker whose bodies become long gives back what it has claimed ahead", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const cars = yield* Cars.client
    const held = Effect.map(
      sql<
        { held: number; queued: number; ended: number }
      >`select (select count(*) from stepped.live_actions where token is not null)::int as held,
        (select count(*) from stepped.jobs)::int as queued, (select count(*) from stepped.ended_actions)::int as ended`,
      (rows) => rows[0]!
    )
    yield* cars.enqueueMany(wave, Array.from({ length: 100 }, (_, id) => [id]))
    yield* cars.enqueueMany(park, Array.from({ length: 300 }, (_, id) => [id]))
    yield* until(
      "two are performed, the others can be claimed",
      // of two claims at once the second may be answered first: some waves may be behind the two
      Effect.map(held, (now) => parked === 2 && now.held === 2 && now.queued + now.ended === 398)
    )
    yield* Deferred.succeed(gate, undefined)
    yield* allEnded
    assert.strictEqual(parked, 300)
    assert.deepStrictEqual(yield* sql`select max(attempts) as attempts from stepped.ended_actions`, [{ attempts: 0 }])
    yield* healthy
  }).pipe(Effect.provide(layerWorkers(Cars.layer, { engines: 1, concurrency: 2 }))))
