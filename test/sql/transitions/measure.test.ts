/** Rule 17.2: what asking how much waits may cost at most. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, Layer } from "effect"
import { Stepped } from "stepped"
import * as PostgresStore from "../../../src/sql/PostgresStore.ts"
import { Storage } from "../../../src/store/Storage.ts"
import { Store } from "../../../src/store/Store.ts"
import { layerServer } from "../../harness/Server.ts"

const client = layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 4 })
const storage = Storage.layer({ schema: "stepped", deadline: Duration.seconds(20), embedded: false })

it.live("17.2: counts have an end, however much waits, and the oldest is found behind it", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const store = yield* Store
    yield* sql`
      insert into stepped.jobs (queue, priority, kind, action, definition, actor_id, arguments, enqueued_at)
      select 'many', n % 2, 0, gen_random_uuid(), 'Car/drive', n::text, '[]', '2030-01-01'::timestamptz + n * interval '1 ms'
      from generate_series(1, 200500) n`
    yield* sql`update stepped.jobs set enqueued_at = '2029-01-01' where id = (select min(id) from stepped.jobs where priority = 1)`
    const { queues } = yield* store.measure(Date.UTC(2031, 0))
    assert.deepStrictEqual(queues, [{ queue: "many", due: 100_000, since: Date.UTC(2029, 0) }])
    yield* sql`delete from stepped.jobs`
  }).pipe(Effect.provide(PostgresStore.layer.pipe(Layer.provide(storage), Layer.provideMerge(client)))))

it.live("17.2: a database that keeps silent is waited for five seconds, and nothing is said then", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const locked = yield* Deferred.make<void>()
    const asked = yield* Deferred.make<void>()
    const locking = yield* Effect.forkChild(sql.withTransaction(Effect.gen(function*() {
      yield* sql`lock table stepped.jobs in access exclusive mode`
      yield* Deferred.succeed(locked, undefined)
      yield* Deferred.await(asked)
    })))
    yield* Deferred.await(locked)
    const error = yield* Effect.flip(Stepped.measure)
    yield* Deferred.succeed(asked, undefined)
    yield* Fiber.join(locking)
    assert.strictEqual(error.isRetryable, true)
    assert.include(error.message, "no answer within 5s")
  }).pipe(Effect.provide(Layer.provideMerge(Stepped.layer({ notify: false }), client))))
