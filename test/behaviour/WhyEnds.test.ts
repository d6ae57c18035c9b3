/** Rule 19.1: the ends of the chain: what is being undone, what nothing continues, what has ended, what is not there. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Stepped, UnknownAction } from "stepped"
import { healthy, suite } from "../harness/databases.ts"
import { recordsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { Leak, moor, scene, Ships, survey } from "./fixtures/why.ts"
import { linesOf, reasonsOf, tagsOf } from "./fixtures/whyLines.ts"

const ship = Effect.map(Ships.client, (ships) => ships(1))

suite("why, to the end", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient | PgClient.PgClient>
  ) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Ships.layer, engine.layer()))
    )

  test("19.1: what is being undone, by which compensation, and by which children", () =>
    Effect.gen(function*() {
      scene.body = Effect.fail(new Leak({ deck: "A" }))
      const cruise = yield* (yield* ship).cruiseLater()
      yield* performIdle
      const ends = "├─ is to end as failed, and what it has done is being undone, the step"
      assert.deepStrictEqual(yield* reasonsOf(cruise.id), [
        `${ends} paint now: Leak deck A`,
        "└─ what undoes the step paint waits since now until 1970-01-01T00:10:00.000Z (in 10m)"
      ])
      yield* TestClock.adjust("10 minutes")
      yield* performIdle
      const since = "1970-01-01T00:10:00.000Z (0ms ago)"
      assert.deepStrictEqual(yield* reasonsOf(cruise.id), [
        `${ends} charter now: Leak deck A`,
        `└─ what undoes the step charter waits since ${since} for 1 child to be undone`,
        `   └─ charter Ship/1  succeeded  since ${since}  #1`,
        "      ├─ has ended as succeeded, and what it has done is being undone, the step hire now",
        `      └─ what undoes the step hire waits since ${since} until 1970-01-01T01:10:00.000Z (in 1h)`
      ])
      yield* TestClock.adjust("1 hour")
      yield* performIdle
      assert.deepStrictEqual(tagsOf(yield* Stepped.why(cruise.id)), ["Ended"])
    }))

  test("19.1: what others have still to begin undoing", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      scene.body = Effect.fail(new Leak({ deck: "A" }))
      const cruise = yield* (yield* ship).cruiseLater()
      yield* performIdle
      yield* TestClock.adjust("10 minutes")
      yield* performIdle
      const [charter] = yield* recordsOf("charter")
      // as it is before anybody has begun
      yield* sql`create temp table before on commit preserve rows as select * from stepped.live_actions where id = ${
        charter!.id
      }`
      yield* sql`delete from stepped.live_actions where id = ${charter!.id}`
      const { reasons } = yield* Stepped.why(charter!.id)
      assert.deepStrictEqual(reasons.map(({ _tag }) => _tag), ["Ended", "Unwinding"])
      yield* sql`insert into stepped.live_actions select * from before`
      yield* sql`drop table before`
      yield* TestClock.adjust("1 hour")
      yield* performIdle
      assert.deepStrictEqual(tagsOf(yield* Stepped.why(cruise.id)), ["Ended"])
    }))

  test("19.1: what nothing continues is said to be that", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const rest = yield* (yield* ship).restLater()
      yield* performIdle
      yield* sql`update stepped.slots set status = 2`
      assert.deepStrictEqual(yield* reasonsOf(rest.id), [
        "└─ nothing continues it, which must not be: workers mend that, and say so"
      ])
      yield* sql`update stepped.slots set status = null`
    }))

  test("19.1: whoever waits for itself is named once", () =>
    Effect.gen(function*() {
      const it = yield* ship
      const sql = yield* PgClient.PgClient
      const fleet = yield* it.fleetLater(1)
      yield* performIdle
      const [child] = yield* recordsOf("moor")
      // as no transition lets it be: the child waits in a lane for its parent
      yield* sql`update stepped.live_actions set lane = 'moved' where id = ${child!.id}`
      const [parent] = yield* sql<{ lane: string }>`select lane from stepped.live_actions where id = ${fleet.id}`
      yield* sql`update stepped.live_actions set lane = ${parent!.lane}, seat = -1, status = 0 where id = ${child!.id}`
      assert.deepStrictEqual(yield* linesOf(fleet.id), [
        "fleet Ship/1  performing  since now  #0",
        "└─ the step send waits since now for 1 child",
        "   └─ moor Ship/1  pending  since now  #1",
        `      └─ waits: number 1 in the lane ${parent!.lane}, where 1 of 1 performs`,
        "         └─ fleet Ship/1  performing  since now  #0  see above"
      ])
      const why = yield* Stepped.why(fleet.id)
      const [children] = why.reasons
      assert(children?._tag === "Children")
      const [waits] = children.children[0]!.reasons
      assert(waits?._tag === "Waits")
      assert.deepInclude(waits.behind[0], { id: fleet.id, isAbove: true, reasons: [] })
      yield* sql`update stepped.live_actions set lane = 'berth 0', seat = 0, status = 1 where id = ${child!.id}`
    }))

  test("19.1: of one that has ended how, and how long such actions take", () =>
    Effect.gen(function*() {
      const it = yield* ship
      const first = yield* it.surveyLater()
      yield* performIdle
      const joined = yield* it.surveyLater()
      yield* performIdle
      assert.deepStrictEqual(yield* reasonsOf(joined.id), [
        "└─ has joined survey Ship/1, which does the same",
        "   └─ survey Ship/1  performing  since now  #1",
        "      └─ waits to be completed from outside since now"
      ])
      yield* TestClock.adjust("3 seconds")
      yield* Stepped.complete(first.id, survey, Stepped.Outcome.succeeded(undefined))
      yield* performIdle
      const at = "1970-01-01T00:00:03.000Z (0ms ago)"
      assert.deepStrictEqual(yield* linesOf(first.id), [
        "survey Ship/1  succeeded  started 1970-01-01T00:00:00.000Z (3s ago)  #0",
        "├─ such actions take 3s, 95 of 100 no more than 3s (by 1 action)",
        `└─ has ended at ${at}: succeeded`
      ])
      const achieved = yield* it.surveyLater()
      yield* performIdle
      assert.deepStrictEqual((yield* linesOf(achieved.id)).slice(-1), [`└─ has ended at ${at}: succeeded`])
      for (const key of ["a", "a", "a"]) {
        yield* it.moorLater(key)
        yield* performIdle
      }
      const [, old, newer] = yield* recordsOf("moor")
      assert.deepStrictEqual(yield* reasonsOf(old!.id), [`└─ has ended at ${at}: superseded by #1`])
      yield* Stepped.cancel(newer!.id, { reason: "storm" })
      yield* performIdle
      assert.deepStrictEqual(yield* reasonsOf(newer!.id), [
        `└─ has ended at ${at}: cancelled: moor Ship/1: cancelled: storm`
      ])
      for (const [after, n] of [["1 second", 1], ["2 seconds", 2], ["9 seconds", 3]] as const) {
        const action = yield* it.moorLater(`berth ${n}`)
        yield* performIdle
        yield* TestClock.adjust(after)
        yield* Stepped.complete(action.id, moor, Stepped.Outcome.succeeded(undefined))
        yield* performIdle
      }
      // by those that were enqueued no later: of what came after it, what takes long has not ended yet
      assert.strictEqual((yield* Stepped.why(newer!.id)).usual, undefined)
      const last = (yield* recordsOf("moor")).at(-1)!
      assert.deepStrictEqual((yield* Stepped.why(last.id)).usual, { count: 3, medianMs: 2000, p95Ms: 8300 })
      // what was enqueued hours ago is found beside thousands of the last minutes
      yield* TestClock.adjust("5 hours")
      const sql = yield* PgClient.PgClient
      const now = yield* Clock.currentTimeMillis
      yield* sql`insert into stepped.ended_actions
          (id, definition, actor_id, arguments, status, depth, attempts, enqueued_at, started_at, ended_at)
        select stepped.new_action_id(t), 'Ship/sail', '1', '[]', 2, 0, 1, t, t, t
        from (select to_timestamp(${now / 1000}::float8) as t from generate_series(1, 5000)) x`
      const later = yield* it.moorLater("berth 4")
      yield* performIdle
      assert.deepStrictEqual((yield* Stepped.why(later.id)).usual, { count: 3, medianMs: 2000, p95Ms: 8300 })
      yield* sql`delete from stepped.ended_actions where definition = 'Ship/sail'`
    }))

  test("19.1: an id that nobody has is an error", () =>
    Effect.gen(function*() {
      for (const id of ["00000000-0000-7000-8000-000000000000", "none", "", "\u0000"]) {
        const error = yield* Effect.flip(Stepped.why(id))
        assert.instanceOf(error, UnknownAction)
        assert.strictEqual(error.actionId, id)
      }
    }))

  test("19.1: no text of a program is obeyed by a terminal", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const moored = yield* (yield* ship).moorLater("\u001b[31mred\u202e")
      yield* performIdle
      const next = yield* (yield* ship).moorLater("\u001b[31mred\u202e")
      yield* performIdle
      assert.include((yield* linesOf(next.id)).join("\n"), "in the lane \\u{1b}[31mred\\u{202e}, where")
      yield* sql`select 1`
      yield* Stepped.cancel(moored.id)
      yield* performIdle
    }))
})
