/**
 * Databases, roles and clients on which the engine cannot work, or could not: each is told at once, with what is wrong and what to do, and
 * works when that is done.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Logger, Redacted } from "effect"
import { InvalidOption, MissingPrivileges, SequenceBehind, Stepped, UnsuitableDatabase } from "stepped"
import { type ClientOptions, freshDatabase, layerUrl } from "../harness/Server.ts"
import { layerOf, performs, refusal, run, template, urlOf, withRole, workerOf } from "./fixtures/unsuitable.ts"
import { Cars } from "./Garage.ts"
import { alone, fast } from "./starting.ts"

describe("a database whose encoding cannot store every text", () => {
  it.live("is told by the migration, before anything is made, and by the layer", () =>
    Effect.gen(function*() {
      const { name } = yield* freshDatabase({ encoding: "LATIN1" })
      const url = urlOf(name)
      const client = yield* alone(layerUrl(url, { maxConnections: 1 }))
      for (const error of [yield* Effect.flip(Effect.provide(Stepped.migrate(), client)), yield* refusal(url)]) {
        assert.instanceOf(error, UnsuitableDatabase)
        assert.strictEqual(
          error.message,
          "The encoding of the database is LATIN1, which cannot store every text: stepped needs UTF8: " +
            "create the database with `encoding 'UTF8' template template0`"
        )
      }
      const sql = yield* Effect.provide(PgClient.PgClient, client)
      assert.lengthOf(yield* sql`select 1 from pg_namespace where nspname = 'stepped'`, 0)
    }))
})

describe("row security", () => {
  it.live(
    "that hides rows of the tables is told; with policies that hide none everything goes on",
    () =>
      Effect.gen(function*() {
        const { admin, role, url } = yield* withRole()
        yield* run(admin, [
          `grant usage on schema stepped to ${role}`,
          `grant select, insert, update, delete on all tables in schema stepped to ${role}`,
          "alter table stepped.jobs enable row level security",
          "alter table stepped.slots enable row level security",
          "create policy mine on stepped.slots using (step = 0)"
        ])
        const error = yield* refusal(url)
        assert.instanceOf(error, UnsuitableDatabase)
        assert.strictEqual(
          error.message,
          `Row security is on for ${role} in stepped.jobs, stepped.slots, so that rows are hidden from the engine: ` +
            "run `alter table … disable row level security`, or give the role a policy `using (true)` for all commands " +
            "or `bypassrls`"
        )
        // the owner is not concerned
        yield* performs(admin)
        yield* run(admin, [
          "drop policy mine on stepped.slots",
          `create policy everything on stepped.jobs to ${role} using (true)`,
          `create policy everything on stepped.slots using (true) with check (true)`
        ])
        yield* performs(url)
      })
  )
})

describe("a role", () => {
  it.live("without rights is told which of them it lacks, and what gives them", () =>
    Effect.gen(function*() {
      const { admin, role, url } = yield* withRole()
      const outside = yield* refusal(url)
      assert.instanceOf(outside, MissingPrivileges)
      assert.strictEqual(
        outside.message,
        `The role ${role} lacks usage on schema stepped: run \`grant usage on schema stepped to ${role}\` as the owner`
      )
      yield* run(admin, [
        `grant usage on schema stepped to ${role}`,
        `grant select on all tables in schema stepped to ${role}`,
        `revoke select on stepped.steps, stepped.actions from ${role}`,
        "revoke execute on all functions in schema stepped from public"
      ])
      const blind = yield* refusal(url)
      assert.instanceOf(blind, MissingPrivileges)
      assert.include(blind.message, "lacks select on stepped.actions, stepped.steps, execute on functions in stepped: ")
      assert.include(blind.message, `grant select on all tables in schema stepped to ${role}; `)
      assert.include(blind.message, `grant execute on all functions in schema stepped to ${role}`)
      yield* run(admin, blind.grants)

      // it may look, but not perform
      yield* Effect.scoped(alone(layerOf(url)))
      yield* run(admin, [
        `grant insert, update, delete on all tables in schema stepped to ${role}`,
        `revoke delete on stepped.jobs, stepped.abandoned_by from ${role}`
      ])
      const powerless = yield* Effect.flip(Effect.scoped(alone(workerOf(url))))
      assert.instanceOf(powerless, MissingPrivileges)
      assert.include(powerless.message, `The role ${role} lacks delete on stepped.abandoned_by, stepped.jobs: `)
      yield* run(admin, powerless.grants)
      yield* performs(url)
    }))

  it.live("whose rights are taken while it works hears what to do with what was refused", () =>
    Effect.gen(function*() {
      const { admin, role, url } = yield* withRole()
      yield* run(admin, [
        `grant usage on schema stepped to ${role}`,
        `grant select on all tables in schema stepped to ${role}`
      ])
      const services = yield* alone(layerOf(url))
      const error = yield* Effect.flip(
        Effect.provide(
          Effect.flatMap(Cars.client, (car) => car(1).workLater("x")),
          services
        )
      )
      assert.strictEqual(
        error.message,
        "enqueue: permission denied for table jobs (the role of the PgClient needs usage on the schema, and select, insert, update " +
          "and delete on its tables)"
      )
    }))

  it.live(
    "that may not create is told by the migration, and by the next one if it is not the owner",
    () =>
      Effect.gen(function*() {
        const { admin, database, role, url } = yield* withRole({})
        const client = yield* alone(layerUrl(url, { maxConnections: 1 }))
        const migrating = Effect.provide(Stepped.migrate(), client)
        const error = yield* Effect.flip(migrating)
        assert.instanceOf(error, MissingPrivileges)
        assert.strictEqual(
          error.message,
          `The role ${role} lacks create on database ${database}: run \`grant create on database ${database} to ${role}\` as the owner`
        )
        assert.instanceOf(yield* refusal(url, { migrate: true }), MissingPrivileges)
        yield* run(admin, ["create schema stepped"])
        const within = yield* Effect.flip(migrating)
        assert.instanceOf(within, MissingPrivileges)
        assert.include(within.message, "lacks create on schema stepped, usage on schema stepped: ")
        yield* run(admin, within.grants)
        assert.deepStrictEqual(yield* migrating, [[1, "initial"]])
        yield* performs(url)
        // where there is nothing to do, nothing is needed for it
        yield* run(admin, [`revoke create on schema stepped from ${role}`])
        assert.deepStrictEqual(yield* migrating, [])
      })
  )
})

describe("sequences that are behind their tables, as after logical replication", () => {
  it.live("are told by the layer, and set by the migration: everything goes on", () =>
    Effect.gen(function*() {
      const { name } = yield* freshDatabase({ template })
      const url = urlOf(name)
      // as a subscriber has it: rows, and sequences that never moved
      yield* run(url, [
        `insert into stepped.workers (token, name, lease_until, started_at) overriding system value
          values (1, 'old', now() - interval '1 hour', now()), (7, 'old', now() - interval '1 hour', now())`,
        `insert into stepped.jobs (id, queue, priority, kind, action, definition, actor_id, arguments, enqueued_at) overriding system value
          select n, q, p, 0, gen_random_uuid(), 'Boat/sail', '1', '[]', now() from generate_series(1, 3) n, unnest(array['a', 'b']) q, unnest(array[10, 100]) p`,
        `insert into stepped.jobs (id, queue, priority, kind, action, definition, actor_id, arguments, enqueued_at) overriding system value
          values (42, 'b', 100, 0, gen_random_uuid(), 'Boat/sail', '1', '[]', now())`,
        `insert into stepped.seats (action, lane, "limit", priority, place) values (gen_random_uuid(), 'boats', 1, 0, 5)`
      ])
      const error = yield* refusal(url)
      assert.instanceOf(error, SequenceBehind)
      assert.strictEqual(
        error.message,
        "The sequences of stepped.workers (at 0, its rows at 7), stepped.jobs (at 0, its rows at 42), stepped.seats (at 0, its rows at " +
          "5) are behind their tables, as after logical replication, so that what is inserted is refused as a duplicate: run the migrations (Stepped.migrate, or " +
          "{ migrate: true }), which set them"
      )
      const said: Array<string> = []
      const log = Logger.layer([Logger.make(({ message }) => void said.push(String(message)))])
      const client = yield* alone(layerUrl(url, { maxConnections: 1 }))
      assert.deepStrictEqual(yield* Effect.provide(Effect.provide(Stepped.migrate(), client), log), [])
      assert.deepStrictEqual(said, [
        "stepped: the sequence of stepped.workers was at 0, behind its rows, and is set to 7",
        "stepped: the sequence of stepped.jobs was at 0, behind its rows, and is set to 42",
        "stepped: the sequence of stepped.seats was at 0, behind its rows, and is set to 5"
      ])
      assert.deepStrictEqual(yield* Effect.provide(Effect.provide(Stepped.migrate(), client), log), [])
      assert.lengthOf(said, 3)
      yield* run(url, ["delete from stepped.seats"])
      yield* performs(url)
    }))

  it.live("are set while others work", () =>
    Effect.gen(function*() {
      const { name } = yield* freshDatabase({ template })
      const url = urlOf(name)
      const services = yield* alone(workerOf(url))
      yield* run(url, ["select setval('stepped.jobs_id_seq', 1, false)"])
      yield* Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const car = yield* Cars.client
        const load = yield* Effect.forkChild(Effect.forever(car(2).work("x")))
        yield* sql`insert into stepped.jobs (id, queue, priority, kind, action, definition, actor_id, arguments, enqueued_at)
          overriding system value values (1000, 'a', 100, 0, gen_random_uuid(), 'Boat/sail', '1', '[]', now())`
        yield* Stepped.migrate()
        const [row] = yield* sql<{ last: bigint }>`select last_value as last from stepped.jobs_id_seq`
        assert.isAtLeast(Number(row!.last), 1000)
        yield* car(1).work("x")
        assert.isUndefined(load.pollUnsafe())
      }).pipe(Effect.provide(services))
    }))
})

describe("a client", () => {
  it.live("that changes the case of what it gives changes nothing here", () =>
    Effect.gen(function*() {
      const { name } = yield* freshDatabase()
      const url = urlOf(name)
      const shouting: ClientOptions = {
        transformResultNames: (text) => text.toUpperCase(),
        transformQueryNames: (text) => text.toLowerCase()
      }
      const client = yield* alone(layerUrl(url, { maxConnections: 1, ...shouting }))
      assert.deepStrictEqual(yield* Effect.provide(Stepped.migrate(), client), [[1, "initial"]])
      assert.deepStrictEqual(yield* Effect.provide(Stepped.migrate(), client), [])
      yield* performs(url, shouting)
    }))

  it.live("that names two hosts is told at once, however it names them", () =>
    Effect.gen(function*() {
      for (
        const client of [
          { url: Redacted.make("postgres://app@one.invalid,two.invalid/garage") },
          { url: Redacted.make("postgres://app@one.invalid:5432,two.invalid:5433/garage") },
          { url: Redacted.make("postgres://app@/garage?host=one.invalid,two.invalid") },
          { host: "one.invalid,two.invalid" }
        ]
      ) {
        const said: Array<string> = []
        const log = Logger.layer([Logger.make(({ message }) => void said.push(String(message)))])
        const layer = Stepped.layer(fast).pipe(Layer.provide(PgClient.layer(client)), Layer.provide(log))
        const exit = yield* Effect.exit(Effect.scoped(alone(layer)))
        // it is not tried again
        assert.deepStrictEqual(said, [])
        const error = Exit.isFailure(exit)
          ? exit.cause.reasons.find((reason) => reason._tag === "Fail")?.error
          : undefined
        assert.instanceOf(error, InvalidOption)
        assert.match(
          error.message,
          /^the host of the PgClient is one\.invalid(:5432)?,two\.invalid(:5433)?: it takes one host, since the client connects to no other: /
        )
      }
    }))
})
