/** Deleting history beside transitions and readers (rule 4.7): nobody waits for it, and nothing that is still read goes. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { ActionRepo, Step, Stepped, UnknownAction } from "stepped"
import { performDue } from "stepped/testing"
import { healthy, server } from "../harness/databases.ts"
import { performIdle } from "../harness/performing.ts"
import { blocked, gated, holding } from "../harness/racing.ts"
import { allEnded, layerWorkers, noDeadlock } from "../harness/workers.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

const lane = {
  arguments: [Schema.Int, Schema.Int],
  success: Schema.Int,
  concurrencyKey: (n: number) => ["lane", n],
  checksumKey: (n: number) => ["lane", n]
} as const
/** A lane's children get one of the numbers that were asked for in it; those with one below 3 are joined. */
const work = Stepped.action("work", { ...lane, checksum: (_n, value) => value < 3 ? value : null })
  .step((n, value) => Effect.as(Effect.yieldNow, n * 100 + value))
const asking = Stepped.action("asking", { arguments: [Schema.Int], success: Schema.Array(Schema.Int) })
  .step("ask", (n) => Effect.forEach([n % 5, 1, 4], (value) => Step.do(work, n % 4, value)))
  // settled meanwhile are the slots of a step that has ended
  .step("rest", () => Step.do(rest))
  .step("tell", (_n, { ask }) => Effect.succeed(ask))
const rest = Stepped.action("rest").step(() => Effect.yieldNow)
const hold = Stepped.action("hold", { ...lane, outbound: true }).step("hold", () => Effect.void)
const Cars = Stepped.actions(Car, [work, asking, rest, hold])

/** Deletes all that has ended and may go; gives how much. */
const deletingAll = (count: (deleted: number) => void) =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    const before = new Date((yield* Clock.currentTimeMillis) + 3_600_000)
    let all = 0
    let from: string | undefined
    do {
      // what was deleted is counted, also by who is told to stop just then
      from = yield* Effect.uninterruptible(
        Effect.map(repo.deleteEnded({ before, limit: 50, from }), ({ deleted, next }) => {
          all += deleted
          count(deleted)
          return next
        })
      )
    } while (from !== undefined)
    return all
  })
const deleteAll = deletingAll(() => {})

describe("history", () => {
  it.effect("whatever is deleted all the time, parents get what their children, joined and superseded, have given", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const results = new Map<number, ReadonlyArray<number>>()
      const parents = yield* Effect.forEach(
        Array.from({ length: 120 }, (_, n) => n),
        (n) =>
          Effect.forkChild(Effect.gen(function*() {
            const handle = yield* cars(n).askingLater(n)
            const exit = yield* Effect.result(handle.await)
            if (exit._tag === "Success") results.set(n, exit.success)
            // its own end may be deleted before it has been looked at
            else assert.instanceOf(exit.failure, UnknownAction)
          }))
      )
      let deleted = 0
      const deleting = yield* Effect.forkChild(
        Effect.forever(deletingAll((count) => void (deleted += count)))
      )
      const reading = yield* Effect.forkChild(Effect.forever(Effect.gen(function*() {
        const repo = yield* ActionRepo
        for (const { id } of yield* repo.list({ roots: true, name: "asking", limit: 10 })) yield* repo.tree(id)
      })))
      yield* Effect.forEach(parents, Fiber.join, { discard: true })
      yield* allEnded
      yield* Effect.forEach([deleting, reading], Fiber.interrupt, { discard: true })
      deleted += yield* deleteAll
      const outcomes = yield* Effect.flatMap(ActionRepo, (repo) => repo.list({ statuses: ["failed", "deadlocked"] }))
      assert.deepStrictEqual(outcomes, [])
      assert.isAbove(results.size, 0)
      for (const [n, given] of results) {
        assert.deepStrictEqual(given.map((value) => Math.floor(value / 100)), [n % 4, n % 4, n % 4])
      }
      assert.isAbove(deleted, 240)
      const sql = yield* SqlClient.SqlClient
      assert.deepStrictEqual(
        yield* sql`select (select count(*) from stepped.steps)::int as steps, (select count(*) from stepped.slots)::int as slots`,
        [{ steps: 0, slots: 0 }]
      )
      yield* Effect.andThen(healthy, noDeadlock)
    }).pipe(Effect.provide(layerWorkers(Cars.layer, { engines: 4 }))))

  const alone = Cars.layer.pipe(Layer.provideMerge(server.layer()))

  it.effect("a claim that joins, held up in the middle, keeps what it joins, whenever that ends", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const holding = yield* cars(1).holdLater(1, 0)
      yield* performIdle
      const first = yield* cars(2).workLater(1, 1)
      yield* performIdle
      // it stops where it marks what it joins, before anybody can see that it has
      const go = yield* gated(first.id)
      const joined = yield* cars(3).workLater(1, 1)
      const joining = yield* Effect.forkChild(performDue)
      yield* blocked(1)
      assert.strictEqual(yield* deleteAll, 0)
      yield* go
      yield* Fiber.join(joining)
      yield* Stepped.complete(holding.id, hold, Stepped.Outcome.succeeded(0))
      yield* performIdle
      assert.strictEqual(yield* deleteAll, 1)
      assert.strictEqual(yield* joined.await, 101)
      assert.strictEqual(yield* first.await, 101)
      yield* healthy
    }).pipe(Effect.scoped, Effect.provide(alone)))

  it.effect("nobody waits for who deletes: not a transition, not a reader, not another one that deletes", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const repo = yield* ActionRepo
      const sql = yield* SqlClient.SqlClient
      const old = yield* cars(1).askingLater(1)
      yield* performIdle
      const count = (yield* repo.list()).length
      const before = new Date((yield* Clock.currentTimeMillis) + 3_600_000)
      const text =
        `select deleted from stepped.delete_ended(p_before => '${before.toISOString()}', p_below => null, p_limit => 1000)`
      const go = yield* holding(Effect.map(sql.unsafe<{ deleted: number }>(text), ([row]) => {
        assert.strictEqual(row!.deleted, count)
      }))
      // what is not committed is still there
      assert.strictEqual(yield* deleteAll, 0)
      assert.deepStrictEqual((yield* old.await).length, 3)
      assert.strictEqual(Option.getOrThrow(yield* repo.tree(old.id)).steps.length, 3)
      const young = yield* cars(1).askingLater(1)
      yield* performIdle
      assert.strictEqual((yield* young.await).length, 3)
      assert.isFalse(yield* young.cancel())
      yield* go
      assert.isTrue(Option.isNone(yield* repo.tree(old.id)))
      assert.instanceOf(yield* Effect.flip(old.await), UnknownAction)
      assert.strictEqual((yield* young.await).length, 3)
      yield* healthy
    }).pipe(Effect.scoped, Effect.provide(alone)))
})
