/** Indexes for whoever looks through a long history, which the command builds where that is asked for. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Redacted } from "effect"
import { Reactivity } from "effect/reactivity"
import { freshDatabase, isPooled } from "../harness/Server.ts"
import { printing, until } from "./fixtures/garage.ts"

const actor = "ended_actions_search_actor"
const byName = "ended_actions_search_name"

/** A database of its own, the command for it, and a client. */
const scene = Effect.gen(function*() {
  const { url } = yield* freshDatabase()
  const sql = yield* PgClient.makeClient({ url }).pipe(Effect.provide(Reactivity.layer))
  const migrate = (...args: ReadonlyArray<string>) =>
    printing({ out: [], err: [] }, ["migrate", "up", ...args, "--url", Redacted.value(url)])
  const valid = Effect.map(
    sql<{ name: string; valid: boolean }>`select c.relname as name, i.indisvalid as valid from pg_class c
      join pg_index i on i.indexrelid = c.oid where c.relname like 'ended_actions_search_%' order by c.relname`,
    (rows) => rows.map(({ name, valid }) => [name, valid])
  )
  return { sql, url, migrate, valid }
})

it.live("ls says how far it has looked for what is rare, and goes on from there; who reads lines alone has all of it", () =>
  Effect.gen(function*() {
    const { migrate, sql, url } = yield* scene
    yield* migrate()
    // more than a page looks through: the oldest has a name of its own, the newest another one
    yield* sql`insert into stepped.ended_actions
        (id, definition, actor_id, arguments, status, depth, attempts, enqueued_at, ended_at)
      select (lpad(to_hex(1700000000000 + n), 12, '0') || '70008000000000000000')::uuid,
        'Car/' || case n when 1 then 'wash' when 100050 then 'tow' else 'visit' end, n::text, '[]', 2, 0, 0, now(), now()
      from generate_series(1, 100050) n`
    const ls = (...args: ReadonlyArray<string>) =>
      Effect.map(
        printing({ out: [], err: [] }, ["ls", ...args, "--url", Redacted.value(url)]),
        ({ out }) => out
      )
    const first = yield* ls("--action", "wash")
    assert.match(
      first,
      /^no such actions since 2023-11-14 22:13:20Z\nlooked at what was enqueued since 2023-11-14 22:13:20Z; further back: --after \S+$/
    )
    assert.match(yield* ls("--action", "wash", "--after", first.split(" ").at(-1)!), /wash Car\/1 [^\n]*$/)
    assert.match(yield* ls("--action", "tow"), /tow Car\/100050 [^\n]*\nlooked at what was enqueued since/)
    for (const [name, actorId] of [["wash", "1"], ["tow", "100050"]] as const) {
      assert.strictEqual(JSON.parse(yield* ls("--action", name, "--json")).actorId, actorId)
    }
  }))

describe("migrate up --search", () => {
  it.live("builds what lists of an actor, or of a name, go by in a long history", () =>
    Effect.gen(function*() {
      const { migrate, sql, valid } = yield* scene
      assert.strictEqual(
        (yield* migrate("--search", "--dry-run")).out,
        `would run: 1 initial, ${actor}, ${byName}`
      )
      assert.strictEqual((yield* migrate()).out, "has run: 1 initial")
      assert.deepStrictEqual(yield* valid, [])
      assert.strictEqual((yield* migrate("--search", "--dry-run")).out, `would run: ${actor}, ${byName}`)
      assert.strictEqual((yield* migrate("--search")).out, `has run: ${actor}, ${byName}`)
      assert.deepStrictEqual(yield* valid, [[actor, true], [byName, true]])
      const again = yield* migrate("--search", "--json")
      assert.deepStrictEqual(JSON.parse(again.out), { ran: [], built: [], building: [] })
      // one in a thousand is of this name, another one of this actor
      yield* sql`insert into stepped.ended_actions
          (id, definition, actor_id, arguments, status, depth, attempts, enqueued_at, ended_at)
        select (lpad(to_hex(1700000000000 + n), 12, '0') || '70008000000000000000')::uuid,
          case when n % 1000 = 0 then 'Car/wash' else 'Car/visit' end,
          (n % 1000)::text, '[]', 2, 0, 0, now(), now()
        from generate_series(1, 20000) n`
      yield* sql`analyze stepped.ended_actions`
      for (
        const [where, index] of [["actor_type = 'Car' and actor_id = '7'", actor], ["name = 'wash'", byName]] as const
      ) {
        const plan = yield* sql.unsafe(
          `explain (format json) select id from stepped.actions where ${where} order by id desc limit 51`
        )
        assert.include(JSON.stringify(plan), index, where)
      }
    }))

  it.live(
    "makes anew what was left by a build that was cut off, and leaves alone what somebody else builds",
    () =>
      Effect.gen(function*() {
        const { migrate, sql, url, valid } = yield* scene
        yield* migrate()
        const [holder, other] = yield* Effect.all([PgClient.makeClient({ url }), PgClient.makeClient({ url })]).pipe(
          Effect.provide(Reactivity.layer)
        )
        // a build waits for transactions that have the table in use
        const session = yield* holder.reserve
        yield* session.executeRaw("begin", [])
        yield* session.executeRaw("lock table stepped.ended_actions in row exclusive mode", [])
        const build = yield* Effect.forkScoped(
          other.unsafe(`create index concurrently ${actor} on stepped.ended_actions (actor_id, id)`)
        )
        yield* until(
          "it is being built",
          Effect.map(
            sql`select 1 from pg_stat_progress_create_index where pid <> pg_backend_pid()`,
            (rows) => rows.length > 0
          )
        )
        const [builder] = yield* sql<{ pid: number }>`select pid from pg_stat_progress_create_index`
        const beside = yield* Effect.forkScoped(migrate("--search"))
        // one table is given one index at a time
        yield* until(
          "the other one waits",
          Effect.map(
            sql`select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like ${`create index%${byName}%`}`,
            (rows) => rows.length === 1
          )
        )
        yield* sql`select pg_cancel_backend(${builder!.pid})`
        yield* Fiber.await(build)
        yield* session.executeRaw("commit", [])
        assert.strictEqual(
          (yield* Fiber.join(beside)).out,
          `has run: ${byName}\n${actor} is being built by somebody else`
        )
        assert.deepStrictEqual(yield* valid, [[actor, false], [byName, true]])
        assert.strictEqual((yield* migrate("--search")).out, `has run: ${actor}`)
        assert.deepStrictEqual(yield* valid, [[actor, true], [byName, true]])
      }).pipe(Effect.scoped),
    { skip: isPooled }
  )

  it.live("is a script, too, for whoever runs it by other means", () =>
    Effect.gen(function*() {
      const { out } = yield* printing({ out: [], err: [] }, ["migrate", "up", "--search", "--sql"])
      assert.match(
        out,
        /commit;\n\n?create index concurrently ended_actions_search_actor on "?stepped"?\.ended_actions/
      )
    }))
})
