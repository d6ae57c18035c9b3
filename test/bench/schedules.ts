/**
 * What a million schedules cost a worker that looks: the statement that says when the next one fires, the one that reads what is due, and, for
 * comparison, the same where the table is empty. Then what it takes until ten thousand that are due at one moment are enqueued.
 *
 * `node --conditions=stepped-source --no-warnings test/bench/schedules.ts`. `COUNT=10000` is for trying whether it works.
 */
import { PgClient } from "@effect/sql-pg"
import { Console, Effect, Layer, Schema } from "effect"
import { Schedules, Stepped } from "stepped"
import { nextScheduleOf } from "../../src/sql/schedules.ts"
import { startServer } from "../harness/PostgresServer.ts"

const count = Number(process.env["COUNT"] ?? 1_000_000)
const dueAtOnce = Math.min(10_000, count)

class User extends Stepped.Actor<User>()("User", { id: Schema.Int }) {}
/** As many definitions as a larger program has, one of which has the schedules. */
const remind = Stepped.action("remind", { arguments: [Schema.String] }).step(() => Effect.void)
const Users = Stepped.actions(User, [remind])

const definitions = ["User/remind", ...Array.from({ length: 29 }, (_, n) => `User/other${n}`)]

/** Buffers and time of a statement, the last of three looks. */
const looked = (sql: PgClient.PgClient, statement: string, params: ReadonlyArray<unknown>) =>
  Effect.gen(function*() {
    let text = ""
    for (let look = 0; look < 3; look++) {
      const rows = yield* sql.unsafe<{ "QUERY PLAN": string }>(`explain (analyze, buffers) ${statement}`, params)
      text = rows.map((row) => row["QUERY PLAN"]).join("\n")
    }
    const buffers = /Buffers: (.*)/.exec(text)?.[1] ?? "none"
    return `${buffers}, ${/Execution Time: (.*)/.exec(text)?.[1]}`
  })

const program = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const schedules = yield* Schedules
  const next = `select ${nextScheduleOf("\"stepped\"")}`
  const params = [definitions, []]
  yield* Console.log(`without schedules: ${yield* looked(sql, next, params)}`)
  // one by the program's own way, and the others as copies of it
  yield* schedules.put("user 0", {
    cron: "0 9 * * *",
    zone: "Europe/Berlin",
    actions: Users,
    actor: 0,
    action: remind,
    args: ["water the plants"]
  })
  yield* sql`insert into stepped.schedules (name, spec, zone, definition, actor_id, queue, arguments, catch_up, slot, next_at, source, hash, changed_at)
    select 'user ' || n, spec, zone, definition, n::text, queue, arguments, catch_up, slot, next_at + n * interval '1 second', source, hash, changed_at
    from stepped.schedules cross join generate_series(1, ${count - 1}) n`
  yield* sql`vacuum (analyze) stepped.schedules`
  const [size] = yield* sql<
    { table: string; keys: string }
  >`select pg_size_pretty(pg_table_size('stepped.schedules')) as table,
    pg_size_pretty(pg_indexes_size('stepped.schedules')) as keys`
  yield* Console.log(`${count} schedules: ${size!.table}, and ${size!.keys} of indexes`)
  yield* Console.log(`when the next one fires: ${yield* looked(sql, next, params)}`)
  // what nobody here has is due for a year, and in nobody's way
  yield* sql`insert into stepped.schedules (name, spec, zone, definition, actor_id, queue, arguments, catch_up, slot, next_at, source, hash, changed_at)
    select 'gone ' || n, spec, zone, 'Gone/remind', n::text, queue, arguments, catch_up, slot, next_at - interval '1 year', source, hash, changed_at
    from stepped.schedules cross join generate_series(1, ${Math.min(count, 100_000)}) n where name = 'user 0'`
  yield* Console.log(`beside due ones of an action that no worker has: ${yield* looked(sql, next, params)}`)

  yield* sql`update stepped.schedules set slot = now() - interval '1 hour', next_at = now() - interval '1 hour'
    where name in (select 'user ' || n from generate_series(0, ${dueAtOnce - 1}) n)`
  const began = performance.now()
  yield* Effect.scoped(Effect.gen(function*() {
    yield* Layer.build(Layer.provide(Stepped.worker(), Users.layer))
    const fired = Effect.map(
      sql<{ n: number }>`select count(*)::int as n from stepped.action_keys where kind = 3`,
      ([row]) => row!.n
    )
    while ((yield* fired) < dueAtOnce) yield* Effect.sleep("20 millis")
    yield* Console.log(`${dueAtOnce} that are due: ${Math.round(performance.now() - began)} ms until all are enqueued`)
  }))
})

await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
  const { url } = yield* startServer({ flags: [] })
  const engine = Layer.provideMerge(Stepped.layer({ migrate: true }), PgClient.layer({ url, maxConnections: 12 }))
  yield* Effect.provide(program, engine)
})))
