/** Rule 10.4 where a child ends at the moment at which it is to be unwound. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { performSteppedActions } from "stepped/testing"
import { HotelsLive, Trips } from "../behaviour/fixtures/unwindingChildren.ts"
import { healthy, server } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import { seen } from "../harness/notes.ts"
import { recordOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { holding } from "../harness/racing.ts"

it.effect("10.4: one that its step has given up, and that ends just now, is looked at once more by who unwinds", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const { id } = yield* (yield* Trips.client)(1).openLater()
    yield* performIdle
    // its step has no time left, and its children are in a queue from which nobody who is there takes them
    yield* TestClock.adjust("2 hours")
    yield* performIdle
    assert.isTrue((yield* recordOf(id)).unwinding)
    const isLookedAgain = sql.withTransaction(Effect.andThen(
      sql`set local search_path = stepped, pg_temp`,
      Effect.map(
        sql<{ more: boolean }>`select more from due_to_unwind(array[${id}::uuid], 10)`,
        ([row]) => row!.more
      )
    ))
    assert.isFalse(yield* isLookedAgain)
    // whoever ends it has not seen who waits for it since
    const commit = yield* holding(sql`select from stepped.jobs where parent = ${id} limit 1 for update`)
    assert.isTrue(yield* isLookedAgain)
    yield* commit
    assert.isFalse(yield* isLookedAgain)
    yield* deployed(Layer.merge(HotelsLive, Trips.layer))(performSteppedActions())
    assert.deepStrictEqual(seen, [])
    assert.isFalse((yield* recordOf(id)).unwinding)
  }).pipe(
    Effect.andThen(healthy),
    Effect.scoped,
    Effect.provide(Layer.provideMerge(Trips.layer, server.layer()))
  ))
