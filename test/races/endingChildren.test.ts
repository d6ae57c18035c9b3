/** Rule 10.4 where a child ends, or is in somebody's hands, at the moment at which it is to be unwound. */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, type Scope } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Stepped } from "stepped"
import { performSteppedActions, succeedOutbound } from "stepped/testing"
import { nothingTaken } from "../../src/store/Answer.ts"
import type { Store } from "../../src/store/Store.ts"
import { enter, HotelsLive, Trips } from "../behaviour/fixtures/unwindingChildren.ts"
import { healthy, server } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import { Halt, layerIntercepted } from "../harness/intercepting.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, recordsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { blocked, holding } from "../harness/racing.ts"
import { layerServer } from "../harness/Server.ts"

/** What is there to be begun, of the children that this action waits to have unwound. */
const look = (id: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    sql.withTransaction(Effect.andThen(
      sql`set local search_path = stepped, pg_temp`,
      Effect.map(
        sql<{ ids: ReadonlyArray<string> | null; more: boolean }>`
          select ids, more from due_to_unwind(array[${id}::uuid], 10)`,
        ([row]) => row!
      )
    )))

it.effect("10.4: one that its step has given up, and that ends just now, is looked at once more by who unwinds", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const { id } = yield* (yield* Trips.client)(1).openLater()
    yield* performIdle
    // its step has no time left, and its children are in a queue from which nobody who is there takes them
    yield* TestClock.adjust("2 hours")
    yield* performIdle
    assert.isTrue((yield* recordOf(id)).unwinding)
    const isLookedAgain = Effect.map(look(id), ({ more }) => more)
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

/** Nobody begins to unwind children before `open`; what is done first where a step is to wait for that is `before`. */
const withheld = (before: Effect.Effect<void>) => {
  const opened = Deferred.makeUnsafe<void>()
  const looked = Deferred.makeUnsafe<void>()
  const open = Deferred.succeed(opened, undefined)
  const intercept = (store: Store["Service"]): Partial<Store["Service"]> => ({
    finish: (options) =>
      options.conclusions.some((one) => one._tag === "StepWaits" && one.waiting.kind === "compensation")
        ? Effect.andThen(before, store.finish(options))
        : store.finish(options),
    cancelAbandoned: (...asked) =>
      Deferred.isDoneUnsafe(opened)
        ? Effect.tap(store.cancelAbandoned(...asked), () => Deferred.succeed(looked, undefined))
        : Effect.succeed({ work: [], news: [], taken: nothingTaken })
  })
  const run = <A, E>(
    scenario: Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient | Scope.Scope>
  ) =>
    scenario.pipe(
      Effect.andThen(healthy),
      Effect.scoped,
      Effect.provide(
        Layer.merge(HotelsLive, Trips.layer).pipe(
          Layer.provideMerge(layerIntercepted(intercept)),
          Layer.provideMerge(layerServer({ template: { name: "migrated", migrate: Stepped.migrate() } }))
        )
      )
    )
  return { looked: Deferred.await(looked), open, run }
}

it.effect("10.4: of one that ends well just as its parent comes to wait for its unwinding, neither having seen the other", () => {
  const halt = new Halt()
  const { looked, open, run } = withheld(halt.once)
  return run(Effect.gen(function*() {
    const { id } = yield* (yield* Trips.client)(1).dozeLater()
    yield* performIdle
    const [child] = yield* recordsOf("enter")
    yield* TestClock.adjust("2 hours")
    const worker = yield* Effect.forkScoped(performIdle)
    yield* Deferred.await(halt.reached)
    const commit = yield* holding(Stepped.complete(child!.id, enter, Stepped.Outcome.succeededVoid))
    yield* Deferred.succeed(halt.go, undefined)
    yield* open
    yield* Effect.raceFirst(looked, blocked(1))
    yield* commit
    yield* Fiber.join(worker)
    yield* performIdle
    assert.deepStrictEqual(seen, ["enters ada", "leaves ada"])
    assert.deepStrictEqual([(yield* recordOf(child!.id)).unwound, (yield* recordOf(id)).unwinding], [{}, false])
  }))
})

it.effect("10.4: one that somebody has in hand is left for the next look, with those that are undone after it", () => {
  const { open, run } = withheld(Effect.void)
  return run(Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const { id } = yield* (yield* Trips.client)(1).visitLater(["ada", "bob"], "rooms")
    yield* performIdle
    const children = (yield* recordsOf("enter")).map((record) => record.id)
    for (const record of yield* recordsOf("enter")) yield* succeedOutbound(record)
    yield* performIdle
    yield* TestClock.adjust("1 hour")
    yield* performIdle
    const [ada, bob] = children
    assert.deepStrictEqual(yield* look(id), { ids: [bob!, ada!], more: false })
    // as whoever reuses it
    const commit = yield* holding(sql`select from stepped.ended_actions where id = ${bob!} for no key update`)
    assert.deepStrictEqual(yield* look(id), { ids: null, more: true })
    yield* commit
    const other = yield* holding(sql`select from stepped.ended_actions where id = ${ada!} for no key update`)
    assert.deepStrictEqual(yield* look(id), { ids: [bob!], more: true })
    yield* other
    yield* open
    yield* performIdle
    assert.deepStrictEqual(seen.filter((text) => text.startsWith("leaves")), ["leaves bob", "leaves ada"])
  }))
})
