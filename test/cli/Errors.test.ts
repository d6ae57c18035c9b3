/** Groups of failures, where there are more of these than one look takes: each is counted once, page by page. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { ActionRepo } from "stepped"
import { garage } from "./fixtures/garage.ts"

const many = 20_000

/** A garage where a visit has failed once, and so many copies of it. */
const failing = Effect.gen(function*() {
  const found = yield* garage
  yield* Effect.exit(found.client(1).visitNow("nowhere"))
  const sql = yield* Effect.provide(PgClient.PgClient, found.services)
  const [{ columns }] = (yield* sql<{ columns: string }>`select string_agg(attname, ', ') as columns from pg_attribute
    where attrelid = 'stepped.ended_actions'::regclass and attnum > 0 and attname not in ('id', 'ended_at', 'definition')`) as [
    { columns: string }
  ]
  /** Later ones, by how many ms each. */
  const copies = (count: number, ms: string, definition = "Car/visit") =>
    sql.unsafe(
      `insert into stepped.ended_actions (id, ended_at, definition, ${columns})
        select gen_random_uuid(), date_trunc('milliseconds', e.ended_at) + ${ms} * interval '1 millisecond', '${definition}', ${columns}
        from (select * from stepped.ended_actions order by ended_at limit 1) e, generate_series(1, ${count}) n`
    )
  return { ...found, copies, failures: yield* Effect.provide(ActionRepo, found.services) }
})

describe("errors", () => {
  it.live("17.6: of more than one look takes are all there, each once, though many have ended in one moment", () =>
    Effect.gen(function*() {
      const { copies, failures, objects, stepped } = yield* failing
      // the look ends among those of one millisecond, each at a microsecond of its own
      yield* copies(many - 5, "(1000 + n)")
      yield* copies(9, "(500 + n / 100.0)")
      const first = yield* stepped("errors")
      const [, from, before] = /older than (\S+ \S+): --before (\S+)$/.exec(first.out) ?? []
      assert.isDefined(from, first.out)
      assert.match(first.out, new RegExp(` ${many + 4} `))
      assert.deepStrictEqual((yield* objects("errors", "--before", before!)).map(({ count }) => count), [1])
      const last = yield* failures.failures({ before: new Date(before!) })
      assert.isUndefined(last.from)
    }))

  it.live("17.6: of a type that is rare are looked for among so many, and how far is said though there are none", () =>
    Effect.gen(function*() {
      const { copies, failures, stepped } = yield* failing
      yield* copies(1, "n", "Bus/visit")
      yield* copies(5 * many, "(1000 + n)")
      const none = yield* stepped("errors", "--actor", "Bus")
      const [, before] = /^nothing of that has failed since .*\nolder than .*: --before (\S+)$/.exec(none.out) ?? []
      assert.isDefined(before, none.out)
      const found = yield* stepped("errors", "--actor", "Bus", "--before", before!)
      assert.match(found.out, /Bus\/visit/)
      assert.notInclude(found.out, "older than")
      const { from, groups } = yield* failures.failures({ actorType: "Car", name: "visit" })
      assert.deepStrictEqual([from === undefined, groups.map(({ count }) => count)], [false, [many]])
    }))
})
