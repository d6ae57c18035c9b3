/** What explaining costs (rule 16.2): a few look-ups, however much there is, and by whom nothing may be written. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { randomBytes } from "node:crypto"
import { action, fill, invocation } from "../fixtures/explain.ts"
import { buffers, engine } from "../fixtures/pauses.ts"

const asked: ReadonlyArray<readonly [tag: string, statement: string]> = [
  ["Runs", invocation({ lane: "'free'" })],
  ["Achieved", invocation({ lane: "'free'", checksum_key: "'done 9'", checksum: "'same'" })],
  ["Supersedes", invocation({ lane: "'lane 7'" })],
  ["Joins", invocation({ lane: "'lane 9'", checksum: "'same'" })],
  ["Waits", invocation({ lanes: "array['line' || chr(1) || 'x']" })],
  ["Duplicate", invocation({ lane: "'free'", key: "'key 9'" })],
  ["Deadlocks", invocation({ lane: "'lane 9'", parent: "'00000000-0000-7000-8000-000000000009'" })],
  ["Waits", action("10000000-0000-7000-8000-000000000007")],
  ["Waits", action("00000000-0000-7000-9000-000000019999")],
  ["Supersedes", action("20000000-0000-7000-8000-000000000011")]
]

interface Answer {
  readonly tag: string
  readonly places?: ReadonlyArray<{ readonly place: number }>
}

it.live("16.2: explaining looks at a few rows of many, whatever it answers, with and without statistics", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    yield* fill
    for (const analysed of [false, true]) {
      if (analysed) yield* sql`analyze`
      for (const [tag, statement] of asked) {
        const [row] = yield* sql.unsafe<{ readonly answer: Answer }>(statement)
        assert.strictEqual(row!.answer.tag, tag, statement)
        // a line is counted as far as a thousand, and of thousands who wait for one a hundred are named
        for (const { place } of row!.answer.places ?? []) assert.isAtMost(place, 1001)
        assert.isBelow(yield* buffers(statement), 1500, statement)
      }
    }
    // who may only read
    yield* sql.unsafe(`create role ${looker}`)
    for (
      const grant of [
        "usage on schema stepped",
        "select on all tables in schema stepped",
        "execute on all functions in schema stepped"
      ]
    ) yield* sql.unsafe(`grant ${grant} to ${looker}`)
    yield* sql.withTransaction(Effect.gen(function*() {
      yield* sql.unsafe(`set local role ${looker}`)
      for (const [tag, statement] of asked) {
        const [row] = yield* sql.unsafe<{ readonly answer: { readonly tag: string } }>(statement)
        assert.strictEqual(row!.answer.tag, tag, statement)
      }
    }))
  }).pipe(Effect.ensuring(dropped), Effect.provide(engine)))

/** Roles are the server's, which other files and runs share. */
const looker = `looker_${randomBytes(4).toString("hex")}`
const dropped = Effect.ignore(
  Effect.flatMap(
    PgClient.PgClient,
    (sql) => Effect.andThen(sql.unsafe(`drop owned by ${looker}`), sql.unsafe(`drop role ${looker}`))
  )
)
