/** What is more than one statement takes: several statements, and still one transition. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Layer } from "effect"
import { ConnectionError, SqlError, UnknownError } from "effect/sql/SqlError"
import { Stepped } from "stepped"
import { healthy } from "../harness/databases.ts"
import { recordOf } from "../harness/observing.ts"
import { allEnded } from "../harness/workers.ts"
import { countOf, engine, jobs, large, Pages, read, scene, sum, working } from "./fixtures/inParts.ts"

it.live(
  "3.2: children beyond one statement are stored together with their step, or none of them",
  () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const page = (yield* Pages.client)(0)
      const seen: Array<number> = []
      scene.instead = (name) =>
        name !== "add_children" || countOf("add_children") > 1 ? Effect.void : Effect.andThen(
          // what is stored so far is nobody else's to see: looked at from outside of the transaction
          Effect.promise(() =>
            Effect.runPromise(Effect.provideService(jobs, PgClient.PgClient, sql)).then((n) => seen.push(n))
          ),
          new SqlError({
            reason: new ConnectionError({ cause: new Error("gone"), message: "gone", operation: "query" })
          })
        )
      const handle = yield* page.handLater(20)
      assert.strictEqual(yield* handle.await, 20)
      assert.deepStrictEqual(seen, [0])
      // three parts, of which the second was tried twice
      assert.strictEqual(countOf("add_children"), 3)
      yield* allEnded
      const [row] = yield* sql<{ n: number; bytes: number }>`
      select count(*)::int as n, sum((result)::int)::int as bytes from stepped.actions where name = 'read' and status = 'succeeded'`
      assert.deepStrictEqual(row, { n: 20, bytes: 20 * large.length })
      yield* healthy
    }).pipe(Effect.provide(working))
)

it.live("3.2: so are those of a transactional step", () =>
  Effect.gen(function*() {
    const handle = yield* (yield* Pages.client)(0).spreadLater()
    assert.strictEqual(yield* handle.await, 20)
    assert.strictEqual(countOf("add_children"), 2)
    yield* allEnded
    yield* healthy
  }).pipe(Effect.provide(working)))

it.live(
  "what enqueueMany stores by several statements is stored together, or nothing of it",
  () =>
    Effect.gen(function*() {
      const pages = yield* Pages.client
      scene.instead = (name) =>
        name !== "enqueue" || countOf("enqueue") !== 2
          ? Effect.void
          : Effect.fail(
            new SqlError({
              reason: new UnknownError({ cause: new Error("refused"), message: "refused", operation: "query" })
            })
          )
      const exit = yield* Effect.exit(
        pages.enqueueMany(read, Array.from({ length: 20 }, (_, id) => [id, large] as const))
      )
      assert.isTrue(Exit.isFailure(exit))
      assert.strictEqual(yield* jobs, 0)
    }).pipe(Effect.provide(engine))
)

it.live(
  "calls at once share statements as far as one takes them, and claims take as much as one answer holds",
  () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const pages = yield* Pages.client
      const ids = Array.from({ length: 30 }, (_, id) => id)
      const handles = yield* Effect.forEach(ids, (id) => pages(id).readLater(large), { concurrency: "unbounded" })
      assert.strictEqual(yield* jobs, 30)
      // 8 MiB are nine of them
      assert.isAtLeast(countOf("enqueue"), 4)
      assert.isAtMost(countOf("enqueue"), 12)

      const [worker] = yield* sql<{ token: number }>`
      insert into stepped.workers (name, lease_until, started_at) values ('claiming', 'infinity', now()) returning token::int`
      const claimed = sql<{ kind: number; bytes: number | null; full: number }>`
      select kind, octet_length(arguments::text) as bytes, phase as full from
        stepped.claim(${worker!.token}, now(), 500, '{default}', '{Page/read}', '{1}', '{0}', '{false}', null, null)`
      const first = yield* claimed
      assert.isAtMost(sum(first.map(({ bytes }) => bytes ?? 0)), 17 * 1024 * 1024 + 1)
      assert.deepStrictEqual(first.at(-1), { kind: -1, bytes: null, full: 1 })
      const second = yield* claimed
      assert.strictEqual(first.length + second.length, 30 + 2)
      assert.deepStrictEqual(second.at(-1), { kind: -1, bytes: null, full: 0 })
      yield* sql`delete from stepped.workers`
      yield* Effect.scoped(Effect.andThen(Layer.build(Stepped.worker()), allEnded))
      const results = yield* Effect.forEach(handles, (handle) => handle.await, { concurrency: "unbounded" })
      assert.strictEqual(sum(results), 30 * large.length)
      assert.strictEqual((yield* recordOf(handles[0]!.id)).attempts, 2)
    }).pipe(Effect.provide(engine))
)
