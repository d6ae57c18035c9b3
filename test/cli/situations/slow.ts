/** It goes on, and takes too long. */
import { PgClient } from "@effect/sql-pg"
import { Effect, Redacted } from "effect"
import { Reactivity } from "effect/reactivity"
import { remind } from "../fixtures/orders.ts"
import { endsAs, type Situation } from "./Situation.ts"

const session = (url: string, applicationName: string) =>
  PgClient.makeClient({ url: Redacted.make(url), applicationName }).pipe(
    Effect.provide(Reactivity.layer)
  )

export const slow: ReadonlyArray<Situation> = [
  {
    name: "one of ours before theirs",
    arrange: ({ order }) =>
      Effect.gen(function*() {
        yield* order.enqueueMany(remind, Array.from({ length: 300 }, (_, i) => [1000 + i]))
        return [(yield* order(7).thankLater()).id]
      }),
    then: (shop, ids) => Effect.andThen(shop.work(), endsAs("succeeded")(shop, ids))
  },
  {
    name: "too few workers",
    arrange: ({ order, queue, repo, until, work, world }) =>
      Effect.gen(function*() {
        world.courier = Effect.never
        yield* work({ name: "shop-1", concurrency: 2, gracePeriod: 0 })
        for (const id of [1, 2, 3, 4, 5]) yield* order(id).packLater(`city ${id}`)
        // which two it has taken is not said
        yield* until("two bodies run", Effect.map(queue.workers, ([one]) => one?.inHand === 2))
        const [waits] = yield* repo.list({ statuses: ["queued"] })
        return [waits!.id]
      })
  },
  {
    name: "a transaction that nobody ends",
    arrange: ({ sql, url }) =>
      Effect.gen(function*() {
        const report = yield* session(url, "monthly-report")
        yield* report`begin isolation level repeatable read`
        yield* report`select count(*) from stepped.jobs`
        yield* sql`select 1`
        return []
      })
  },
  {
    name: "behind a lock",
    arrange: ({ order, sql, url }) =>
      Effect.gen(function*() {
        const migration = yield* session(url, "shop-migration")
        yield* migration`begin`
        yield* migration`lock table stepped.jobs in access exclusive mode`
        yield* Effect.forkScoped(Effect.ignore(order(1).remindLater()))
        // others are on that server as well
        const waits = sql`select from pg_locks where not granted and relation = 'stepped.jobs'::regclass
          and database = (select oid from pg_database where datname = current_database())`
        while ((yield* waits).length === 0) yield* Effect.sleep("20 millis")
        return []
      })
  }
]
