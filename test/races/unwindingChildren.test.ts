/**
 * What is unwound, against newcomers in its lanes, whoever joins or reuses it, retention, and workers that lose their leases (rule 10.4): each
 * child of an action that has not succeeded is unwound once, or kept, and what somebody else has got of it is not undone.
 */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, type Stepped } from "stepped"
import { healthy } from "../harness/databases.ts"
import { allEnded, layerWorkers, loseUndoing, noDeadlock, until, type WorkersOptions } from "../harness/workers.ts"
import { patienceMs } from "../patience.ts"
import {
  Hotels,
  HotelsLive,
  inTurn,
  numbers,
  places,
  rounds,
  scene,
  Trips,
  unwoundOnce
} from "./fixtures/unwindingChildren.ts"

describe("unwinding children, from several sides", () => {
  const race = <A, E>(
    name: string,
    options: WorkersOptions,
    scenario: () => Effect.Effect<A, E, Layer.Success<ReturnType<typeof layerWorkers>> | Stepped.Services>
  ) =>
    it.effect(
      name,
      () =>
        Effect.provide(
          Effect.andThen(
            scenario(),
            Effect.andThen(allEnded, Effect.andThen(unwoundOnce, Effect.andThen(healthy, noDeadlock)))
          ),
          layerWorkers(Layer.merge(HotelsLive, Trips.layer), options)
        ),
      patienceMs + rounds * 300
    )

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
    lease: "2 seconds",
    // whoever loses it has used one up
    attempts: 1000
  }, () =>
    Effect.gen(function*() {
      places.are = false
      const sql = yield* SqlClient.SqlClient
      const repo = yield* ActionRepo
      let [losses, undoing, deleted] = [0, 0, 0]
      let deletes = true
      const trips = yield* Trips.client
      // of each ten trips nothing is undone before somebody who undoes something is lost; the next ten begin beside what is left of them
      const lost = Effect.forEach(inTurn, (some, i) =>
        Effect.gen(function*() {
          if (i === Math.ceil(inTurn.length / 2)) {
            // of the others all is to be seen at the end
            yield* until("something is deleted", Effect.sync(() => deleted > 0))
            deletes = false
          }
          const isLost = yield* Deferred.make<void>()
          scene.undo = Deferred.await(isLost)
          yield* Effect.forEach(some, (n) => trips(n).travelLater(n), { concurrency: 10 })
          for (let lost = 0; lost === 0; undoing += lost) lost = yield* loseUndoing(2)
          losses++
          yield* Deferred.succeed(isLost, undefined)
        }), { discard: true })
      const deleting = Effect.gen(function*() {
        // a root that lives keeps what is below it
        const wrong = yield* sql`
          with kept as (select o.child from stepped.slots o where o.undo is not null and o.status is null)
          select k.child from kept k where not exists (select 1 from stepped.ended_actions e where e.id = k.child)
          and not exists (select 1 from stepped.live_actions l where l.id = k.child)
          and not exists (select 1 from stepped.jobs j where j.action = k.child)`
        assert.deepStrictEqual(wrong, [])
        if (deletes) deleted += (yield* repo.deleteEnded({ before: new Date(86_400_000_000), limit: 20 })).deleted
        yield* TestClock.withLive(Effect.sleep("30 millis"))
      })
      const working = Effect.andThen(Effect.all([lost, others], { concurrency: "unbounded" }), allEnded)
      yield* Effect.raceFirst(working, Effect.forever(deleting))
      assert.isAtLeast(losses, rounds / 20)
      assert.isAtLeast(undoing, losses)
    }))
})
