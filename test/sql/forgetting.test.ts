/** Rule 18.5: of each column it is decided what becomes of it when an actor is forgotten, and what is decided is so. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { code, Customer, customer, secret, Shop } from "../behaviour/fixtures/forgetting.ts"
import { healthy, suite } from "../harness/databases.ts"
import { performIdle } from "../harness/performing.ts"
import { fates } from "./fixtures/forgotten.ts"

suite("columns of who is forgotten", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(name, () => Effect.provide(scenario(), Layer.provideMerge(Shop, engine.layer())))

  test("18.5: there is none of which nothing is decided", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const columns = yield* sql<{ table: string; name: string }>`select c.table_name as table, c.column_name as name
        from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
        where c.table_schema = 'stepped' and t.table_type = 'BASE TABLE'`
      const stored = columns.map(({ name, table }) => `${table}.${name}`)
      const decided = Object.entries(fates).flatMap(([table, of]) => Object.keys(of).map((name) => `${table}.${name}`))
      assert.deepStrictEqual(decided.sort(), stored.sort())
    }))

  test("18.5: what is to go, and says nothing of how things are, is null, or says that it is forgotten", () =>
    Effect.gen(function*() {
      const mine = yield* customer
      const sql = yield* SqlClient.SqlClient
      yield* mine.with({ tags: [secret] }).signUpLater(secret)
      yield* mine.chargeLater(secret)
      yield* mine.bookLater()
      const confirmed = yield* mine.confirmLater()
      yield* performIdle
      yield* confirmed.send(code, secret, { key: secret })
      yield* performSteppedActions()
      // in each place, as whatever else might have put something there
      yield* sql`update stepped.ended_actions set arguments = '["x"]', lane = 'x', lanes = '{x}', checksum_key = 'x', checksum = 'x', result = '"x"',
        cause = '{"kind":"failure","path":"a B/1","message":"x"}', tags = '{x}', trace = rpad('00-', 55, '0') || ' x', unwound = '{"notUndone":[{"step":"a","message":"x"}]}'`
      yield* sql`update stepped.steps set result = '"x"', attempts = '{"last":[{"number":1,"failure":{"message":"x"}}],"drawn":"x"}'`
      yield* sql`update stepped.slots set result = '"x"', cause = '{"kind":"failure","path":"a B/1","message":"x","error":"x"}', request = 'x', details = '"x"', trace = rpad('00-', 55, '0') || ' x'`
      yield* sql`update stepped.signals set payload = '"x"', cause = '{"kind":"failure","path":"a B/1","message":"x"}', key = 'x' || id, trace = rpad('00-', 55, '0') || ' x'`
      yield* Stepped.forget(Customer.ref("c1"))
      const left: Array<string> = []
      for (const [table, of] of Object.entries(fates)) {
        for (const [name] of Object.entries(of).filter(([, fate]) => fate === "gone")) {
          const rows = yield* sql<{ value: string }>`select ${sql(name)}::text as value from ${
            sql(`stepped.${table}`)
          } where ${sql(name)} is not null`
          for (const { value } of rows) {
            if (/"?x"?/.test(value.replaceAll(/"(index|next\w*)"/g, ""))) left.push(`${table}.${name}: ${value}`)
          }
        }
      }
      assert.deepStrictEqual(left, [])
      assert.deepStrictEqual(
        (yield* sql<{ arguments: unknown }>`select arguments from stepped.ended_actions`).map((row) => row.arguments),
        [[], [], [], []]
      )
    }))

  test("18.5: the doctor finds nothing, whatever is forgotten", () =>
    Effect.gen(function*() {
      const mine = yield* customer
      yield* mine.signUpLater(secret)
      yield* mine.bookLater()
      yield* performSteppedActions()
      yield* Stepped.forget(Customer.ref("c1"))
      yield* healthy
    }))
})
