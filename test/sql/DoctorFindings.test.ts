/** Whatever the doctor says is said of whom it is true: a query that never finds anybody looks like one that has nobody to find. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import { checks } from "../../src/sql/Doctor.ts"
import { healthy, suite } from "../harness/databases.ts"
import { findings } from "./fixtures/findings.ts"

/** Undoes what was done: some of it is to the tables themselves. */
class Undone {
  readonly found: ReadonlyArray<string>
  constructor(found: ReadonlyArray<string>) {
    this.found = found
  }
}

suite("what the doctor finds", (engine) => {
  it("there is somebody in the list for each thing that it says", () => {
    assert.sameMembers(
      [...new Set(findings.map(([problem]) => problem))],
      checks.map(([, problem]) => problem)
    )
  })

  it.effect("each thing is found, of whom it is true and of nobody else, and nothing else is", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const foundIn = (statements: ReadonlyArray<string>) =>
        Effect.gen(function*() {
          for (const statement of statements) yield* sql.unsafe(statement)
          const found = yield* Stepped.doctor
          return yield* Effect.fail(new Undone(found.map(({ problem, subject }) => `${subject} ${problem}`).sort()))
        }).pipe(
          sql.withTransaction,
          Effect.catch((ended) => ended instanceof Undone ? Effect.succeed(ended.found) : Effect.fail(ended))
        )
      const all = yield* Effect.forEach(
        findings,
        ([problem, statements, ...subjects]) =>
          Effect.map(foundIn(statements), (found) => ({
            problem,
            found,
            wanted: subjects.map((one) => `${one} ${problem}`)
          }))
      )
      assert.deepStrictEqual(
        all.map(({ found, problem }) => ({ problem, found })),
        all.map(({ problem, wanted }) => ({ problem, found: wanted }))
      )
      yield* healthy
    }).pipe(Effect.provide(engine.layer())))
})
