/** Conclusions that are stored together: what the database refuses of one action, for whatever reason, is that action's alone. */
import { assert, it } from "@effect/vitest"
import { Effect, Latch, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import { healthy, server } from "../../harness/databases.ts"
import { recordsOf } from "../../harness/observing.ts"
import { allEnded, until } from "../../harness/workers.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const gate = Latch.makeUnsafe(false)
let begun = 0
const honk = Stepped.action("honk").step(() => Effect.andThen(Effect.sync(() => void begun++), gate.await))
const Cars = Stepped.actions(Car, [honk])

it.live("what cannot be stored of one action fails that one, and none of those that ended with it", () =>
  Effect.scoped(Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const client = yield* Cars.client
    yield* Effect.acquireRelease(
      Effect.andThen(
        sql.unsafe(`create function stepped.refuse() returns trigger language plpgsql as $$
          begin raise exception 'no room for this one'; end $$`),
        sql.unsafe(`create trigger refuse before insert on stepped.ended_actions for each row
          when (new.actor_id = '7' and new.status = 2) execute function stepped.refuse()`)
      ),
      () => Effect.orDie(sql.unsafe("drop function stepped.refuse cascade"))
    )
    yield* Effect.forEach(Array.from({ length: 12 }, (_, id) => id), (id) => client(id).honkLater())
    yield* Layer.build(Stepped.worker({ concurrency: 12, connections: 1 }))
    yield* until("all of them perform", Effect.sync(() => begun === 12))
    yield* gate.open
    yield* allEnded
    const records = yield* recordsOf("honk")
    const failed = records.filter(({ status }) => status !== "succeeded")
    assert.deepStrictEqual(failed.map(({ actorId, status }) => [actorId, status]), [["7", "failed"]])
    assert.include(failed[0]!.cause?.message, "its end could not be stored: StorageError: finish: no room for this one")
    assert.strictEqual(begun, 12)
    yield* healthy
  })).pipe(Effect.provide(Layer.provideMerge(Cars.layer, server.layer()))))
