/**
 * What is unwound, against newcomers in its lanes, whoever joins or reuses it, retention, and workers that lose their leases (rule 10.4): each
 * child of an action that has not succeeded is unwound once, or kept, and what somebody else has got of it is not undone.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, type Stepped } from "stepped"
import { healthy } from "../harness/databases.ts"
import { allEnded, layerWorkers, noDeadlock, until, type WorkersOptions } from "../harness/workers.ts"
import { crowded, Hotels, HotelsLive, numbers, places, Trips } from "./fixtures/unwindingChildren.ts"

/** Of all children below what has not succeeded. */
const unwoundOnce = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const wrong = yield* sql`
    with recursive below as (
      select c.id, p.id as root, p.status <> 2 as fails
      from stepped.ended_actions p join stepped.ended_actions c on c.parent = p.id
      where p.parent is null
      union all
      select c.id, b.root, b.fails from below b join stepped.ended_actions c on c.parent = b.id
    )
    select e.id, e.definition, e.undo, e.unwound, b.fails, u.count::int
    from below b
    join stepped.ended_actions e on e.id = b.id
    join stepped.ended_actions r on r.id = b.root
    cross join lateral (
      select count(*) filter (where s.status = 2 and s.undo is null) as count from stepped.steps s where s.action = e.id and s.kind = 5
    ) u
    where
      -- what succeeds is not unwound; of what does not each child is, once, or is kept
      (not b.fails and e.unwound is not null)
      or (b.fails and e.status = 2 and e.definition <> 'Trip/leg' and u.count <> (case when e.unwound is not null then 1 else 0 end))
      or (b.fails and e.status = 2 and e.unwound is null and not exists (
        select 1 from jsonb_array_elements(r.cause -> 'kept') k where k ->> 'child' = e.id::text))
      or e.unwound ? 'notUndone'`
  assert.deepStrictEqual(wrong, [])
  // what a root that has joined it has got, and what a child of a trip that has succeeded has
  const lost = yield* sql`
    select e.id from stepped.ended_actions e join stepped.outcomes o on o.follows = e.id where e.unwound is not null
    union all
    select e.id from stepped.slots o join stepped.ended_actions e on e.id = o.child
    join stepped.ended_actions p on p.id = o.action
    where o.moved and p.status = 2 and e.unwound is not null`
  assert.deepStrictEqual(lost, [])
  assert.deepStrictEqual(crowded, [])
  // all of it has happened
  const [all] = yield* sql<{ unwound: number; kept: number }>`
    select count(*) filter (where unwound is not null)::int as unwound, count(*) filter (where cause ? 'kept')::int as kept
    from stepped.ended_actions`
  assert.isAbove(all!.unwound, 10)
  assert.isAbove(all!.kept, 1)
})

describe("unwinding children, from several sides", () => {
  const race = <A, E>(
    name: string,
    options: WorkersOptions,
    scenario: () => Effect.Effect<A, E, Layer.Success<ReturnType<typeof layerWorkers>> | Stepped.Services>
  ) =>
    it.effect(name, () =>
      Effect.provide(
        Effect.andThen(
          scenario(),
          Effect.andThen(allEnded, Effect.andThen(unwoundOnce, Effect.andThen(healthy, noDeadlock)))
        ),
        layerWorkers(Layer.merge(HotelsLive, Trips.layer), options)
      ))

  const travellers = Effect.gen(function*() {
    const trips = yield* Trips.client
    yield* Effect.forEach(numbers, (n) => trips(n).travelLater(n), { concurrency: 40 })
  })
  const others = Effect.gen(function*() {
    const hotels = yield* Hotels.client
    yield* Effect.forEach(
      numbers,
      (n) => Effect.all([hotels(1).bookLater(n), hotels(1).parkLater(n)]),
      { concurrency: 4 }
    )
  })

  race(
    "10.4: against newcomers in its lanes, and who joins and reuses it",
    { engines: 3 },
    () =>
      Effect.gen(function*() {
        places.are = true
        yield* Effect.all([travellers, others], { concurrency: "unbounded" })
      })
  )

  race("10.4: while workers lose their leases, and the history is deleted as far as it may be", {
    engines: 3,
    lease: "2 seconds"
  }, () =>
    Effect.gen(function*() {
      places.are = false
      const sql = yield* SqlClient.SqlClient
      const repo = yield* ActionRepo
      // a root that lives keeps what is below it
      const lost = Effect.gen(function*() {
        for (let i = 0; i < 5; i++) {
          yield* sql`select taken from stepped.recover(${new Date(
            0
          )}, array(select token from stepped.workers order by random() limit 2), true)`
          yield* TestClock.withLive(Effect.sleep("60 millis"))
        }
      })
      const deleting = Effect.gen(function*() {
        for (let i = 0; i < 10; i++) {
          const wrong = yield* sql`
            with kept as (select o.child from stepped.slots o where o.undo is not null and o.status is null)
            select k.child from kept k where not exists (select 1 from stepped.ended_actions e where e.id = k.child)
            and not exists (select 1 from stepped.live_actions l where l.id = k.child)
            and not exists (select 1 from stepped.jobs j where j.action = k.child)`
          assert.deepStrictEqual(wrong, [])
          yield* repo.deleteEnded({ before: new Date(0), limit: 20 })
          yield* TestClock.withLive(Effect.sleep("30 millis"))
        }
      })
      yield* Effect.all([travellers, others, lost, deleting], { concurrency: "unbounded" })
      yield* until("what is tried again is due", Effect.as(TestClock.adjust("10 minutes"), true))
    }))
})
