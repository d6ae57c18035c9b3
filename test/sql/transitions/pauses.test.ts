/** What pauses cost: a look with many lanes that are held, what is resumed among them, and that all of it goes on. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { Engine, JobQueue, PerformanceLane } from "stepped"
import { holding } from "../../harness/racing.ts"
import { bays, begun, buffers, engine, forgotten, holdLanes, look, tick, ticked, why } from "../fixtures/pauses.ts"

it.live("15.8: a look touches nothing of ten thousand lanes that are held, and what is resumed among them begins with the next tick", () =>
  Effect.gen(function*() {
    const lanes = yield* PerformanceLane
    yield* holdLanes(10_000)
    assert.isBelow(yield* buffers(look), 20)
    assert.isBelow(yield* buffers(tick(500)), 100)
    yield* lanes.resume("07000")
    yield* lanes.resume(bays("07000"))
    assert.isBelow(yield* buffers(look), 20)
    assert.isBelow(yield* buffers(tick(500)), 1500)
    yield* ticked(500)
    assert.deepStrictEqual(yield* begun, ["07000", "bays:07000"])
    yield* forgotten
  }).pipe(Effect.provide(engine)))

it.live("15.8: of what is resumed nobody starves, however few a tick looks at and however many are held before them", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const jobs = yield* JobQueue
    yield* holdLanes(60)
    yield* jobs.pause({ queue: "default" }, why)
    // in lanes behind and between those that are held
    yield* sql`delete from stepped.pauses where kind = 'lane' and (subject like '%7' or subject like '%60')`
    assert.isTrue(yield* jobs.resume({ queue: "default" }))
    yield* ticked(5)
    const all = ["00007", "00017", "00027", "00037", "00047", "00057", "00060"]
    assert.deepStrictEqual(yield* begun, [...all, ...all.map((lane) => `bays:${lane}`)])
    yield* forgotten
  }).pipe(Effect.provide(engine)))

it.live("15.8: who is held by a transaction that has not heard of the resuming goes on when that has ended", () =>
  Effect.scoped(Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const lanes = yield* PerformanceLane
    const jobs = yield* JobQueue
    const held = (lane: string) =>
      sql`insert into stepped.live_actions (id, definition, actor_id, queue, arguments, lane, checksum_key, seat, status, depth, rooted, flags,
          enqueued_at)
        values (gen_random_uuid(), 'Car/drive', '1', 'default', '[]', ${lane}, 'Car/drive', 0, 0, 0, true, 0, now())`
    for (
      const [lane, pause, resume] of [
        ["a", lanes.pause("a", why), lanes.resume("a")],
        ["b", jobs.pause("everything", why), jobs.resume("everything")]
      ] as const
    ) {
      yield* pause
      const commit = yield* holding(held(lane))
      assert.isTrue(yield* resume)
      yield* ticked(500)
      yield* ticked(500)
      assert.strictEqual((yield* (yield* Engine).nextDue).resumes, true)
      yield* commit
      yield* ticked(500)
      assert.include(yield* begun, lane)
    }
    yield* forgotten
  })).pipe(Effect.provide(engine)))
