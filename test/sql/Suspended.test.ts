/** What the doctor says of executions that sleep though something should have woken them (rule 24.2). */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import { Adding, Order, testing, Trial } from "../behaviour/fixtures/workflows.ts"
import { suite } from "../harness/databases.ts"
import { performIdle } from "../harness/performing.ts"

const found = Effect.map(Stepped.doctor, (findings) => findings.map(({ problem }) => problem))

/** What is planted is found, and nothing of it stays. */
const finds = <E, R>(problem: string, planted: Effect.Effect<unknown, E, R>) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    assert.deepStrictEqual(yield* found, [])
    const seen = yield* Effect.flip(sql.withTransaction(
      Effect.flatMap(Effect.andThen(planted, found), (seen) => Effect.fail(seen))
    ))
    assert.deepStrictEqual(seen, [problem])
  })

/** One that waits for somebody. */
const suspended = Effect.andThen(Order.execute({ id: "a" }, { discard: true }), performIdle)

suite("the doctor, of executions", (engine) => {
  const test = testing(engine.layer())

  test("24.2: finds one that was woken while its body ran, and was suspended all the same", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* suspended
      const problem = "is suspended, though something has woken it while its body ran"
      yield* finds(problem, sql`update stepped.live_actions set flags = flags | 1024`)
      const failure = JSON.stringify({ message: "no paper" })
      yield* finds(
        problem,
        sql`update stepped.live_actions set flags = flags | 2048, failure = ${failure}::text::jsonb`
      )
      // one that has failed waits for somebody, whatever has come meanwhile
      yield* sql`update stepped.live_actions set flags = flags | 1024, failure = ${failure}::text::jsonb`
      assert.deepStrictEqual(yield* found, [])
      yield* sql`update stepped.live_actions set flags = flags & ~1024, failure = null`
    }))

  test("24.3: finds one that was sent something since, which nobody looks at", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* suspended
      const problem = "is suspended, was sent something since, and nobody looks at it"
      const send = (name: string) =>
        sql`insert into stepped.signals (action, name, target, key, payload, sent_at)
          select id, ${name}, id, '', '{}', to_timestamp(0) from stepped.live_actions`
      yield* finds(problem, send("approval"))
      // what was there when it was suspended it has seen
      yield* send("approval")
      yield* sql`update stepped.live_actions set flags = flags`
      assert.deepStrictEqual(yield* found, [])
      yield* sql`update stepped.live_actions set failure = '{"message": "no paper"}'`
      yield* finds(problem, send("~interrupt"))
      yield* sql`update stepped.live_actions set failure = null`
    }))

  test("24.3: finds one whose clock nobody looks at", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* Effect.andThen(Trial.execute({ user: "ada" }, { discard: true }), performIdle)
      yield* finds(
        "is suspended, has a clock that is to ring, and nobody looks at that",
        sql`delete from stepped.jobs where kind = 2`
      )
    }))

  test("24.5: finds one that waits for what has ended", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* suspended
      yield* Effect.andThen(Adding.execute({ a: 1, b: 1 }, { discard: true }), performIdle)
      const problem = "is suspended, what it waits for has ended since, and nobody looks at it"
      const linked = sql`insert into stepped.execution_parents (parent, child)
        select l.id, e.id from stepped.live_actions l, stepped.ended_actions e`
      yield* finds(problem, linked)
      // nobody forgets what somebody waits for
      yield* finds(
        problem,
        Effect.andThen(linked, sql`update stepped.ended_actions set forgotten = 3`)
      )
    }))
})
