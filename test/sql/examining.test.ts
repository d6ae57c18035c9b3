/** The invariants, where checking all of them takes longer than a statement may. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import type { Calls } from "../../src/sql/call.ts"
import { checks } from "../../src/sql/Doctor.ts"
import { examineOf } from "../../src/sql/examining.ts"
import { StorageError } from "../../src/SteppedError.ts"
import { server } from "../harness/databases.ts"
import { holding } from "../harness/racing.ts"
import { Cars } from "../http/fixtures/cars.ts"
import { as, known, servingApi } from "../http/fixtures/serving.ts"

const achieved = "is unwound, and has achieved something"
const beyond = "has a seat at or beyond the limit that it was admitted under"

it.effect("19: the invariants are checked one by one where all at once take too long, and what could not be is named", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const { get } = yield* servingApi({ authorization: known, queryTimeout: "1 second" })
    const [seat] = yield* sql<
      { action: string }
    >`insert into stepped.seats (action, lane, "limit", seat, priority, place)
      values (gen_random_uuid(), 'a', 1, 1, 0, 1) returning action`
    const all = yield* Stepped.doctor
    assert.isAbove(all.length, 1)
    assert.isTrue(all.every(({ isUnchecked }) => isUnchecked === undefined))
    const go = yield* holding(sql`lock table stepped.achievements in access exclusive mode`)
    const { body, status } = yield* get("/api/doctor", as("vera"))
    yield* go
    assert.strictEqual(status, 200)
    const found: ReadonlyArray<Record<string, unknown>> = body
    assert.deepInclude(found, { invariant: 4, problem: beyond, subject: seat!.action })
    assert.deepInclude(found, { invariant: 1, problem: achieved, subject: "not checked", isUnchecked: true })
    yield* sql`delete from stepped.seats`
    assert.deepStrictEqual(yield* Stepped.doctor, [])
  }).pipe(
    Effect.scoped,
    Effect.provide(Layer.provideMerge(Cars.layer, server.layer({ statementTimeout: "3 seconds" })))
  ))

/** Answers each statement by its text. */
const callsOf = (answer: (text: string) => Effect.Effect<ReadonlyArray<ReadonlyArray<unknown>>, StorageError>) =>
  ({ schema: "stepped", callUnprepared: (_: string, text: string) => answer(text) }) as unknown as Calls

it.effect("19: what goes wrong otherwise is an error, and not tried again in pieces", () =>
  Effect.gen(function*() {
    const asked: Array<string> = []
    const gone = new StorageError({
      operation: "doctor",
      isRetryable: true,
      cause: new Error("the connection is gone")
    })
    const calls = callsOf((text) => {
      asked.push(text)
      return Effect.fail(gone)
    })
    assert.strictEqual(yield* Effect.flip(examineOf(calls)(0)), gone)
    assert.lengthOf(asked, 1)
    assert.isAbove(checks.length, 30)
  }))
