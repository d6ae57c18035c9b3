/** Rule 7.2: errors of the database that may be gone later are tried again wherever user code runs, typed or not. */
import type { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Cause, Effect, ErrorReporter, Layer, Logger } from "effect"
import { SqlClient, SqlError } from "effect/sql"
import { TestClock } from "effect/testing"
import { EnqueueError, Stepped, StorageError, TreeTooDeep } from "stepped"
import { performSteppedActions, withHandledDefects } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import {
  beside,
  Cars,
  failing,
  gone,
  places,
  refusal,
  refused,
  retried,
  scene,
  TooBusy,
  tow,
  transactional,
  tries,
  Van
} from "./fixtures/transient.ts"

suite("transient failures", (engine) => {
  const test = <A, E>(
    name: string,
    options: Stepped.EngineOptions,
    scenario: () => Effect.Effect<A, E, Stepped.Services | PgClient.PgClient | SqlClient.SqlClient>
  ) =>
    it.effect(
      name,
      () =>
        Effect.provide(Effect.andThen(scenario(), healthy), Cars.layer.pipe(Layer.provideMerge(engine.layer(options))))
    )

  test(
    "7.2+: what the database itself says of connections, itself and others is tried again, as the same step",
    retried,
    () =>
      Effect.gen(function*() {
        const client = yield* Cars.client
        const states = ["08000", "08006", "57P01", "57P02", "57P03", "57P05", "53300", "25006", "25P03"]
        for (const [n, state] of [...states, "40001", "40P01", "55P03"].entries()) {
          seen.length = 0
          scene.fragile = failing(1, refusal(state))
          const handle = yield* client(n).bodyLater()
          yield* performIdle
          assert.deepStrictEqual(seen, ["first", "try"], state)
          const { attempts, status } = yield* recordOf(handle.id)
          assert.deepStrictEqual([status, attempts], ["performing", 1], state)
          yield* TestClock.adjust("10 seconds")
          yield* performIdle
          assert.deepStrictEqual(seen, ["first", "try", "try", "ended succeeded"], state)
          assert.deepStrictEqual(yield* stepsOf(handle.id), ["first succeeded", "second succeeded"])
        }
      })
  )

  test("7.2: what it says of the program's own queries fails at once", retried, () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      // a query that takes too long or was cancelled, a violation, a privilege, a mistake, a full disk
      for (const [n, state] of ["57014", "23505", "40002", "42501", "42P01", "22012", "53100", "XX000"].entries()) {
        seen.length = 0
        scene.fragile = failing(1, refusal(state))
        const handle = yield* client(n).bodyLater()
        yield* performSteppedActions()
        assert.deepStrictEqual(seen, ["first", "try", "ended failed"], state)
        assert.match((yield* Effect.flip(handle.await)).message, /^body Car\/\d+ › second: SqlError: refused/)
      }
    }))

  const ways: ReadonlyArray<readonly [what: string, failure: Effect.Effect<never, unknown>, isTransient: boolean]> = [
    ["a failure", Effect.fail(gone), true],
    ["a defect", Effect.die(gone), true],
    [
      "what the engine could not store",
      Effect.fail(new StorageError({ operation: "enqueue", isRetryable: true, cause: gone })),
      true
    ],
    [
      "no answer at all",
      Effect.fail(new StorageError({ operation: "enqueue", isRetryable: true, cause: new Error("no answer") })),
      true
    ],
    [
      "a deadline of the engine's statement",
      Effect.fail(
        new StorageError({
          operation: "enqueue",
          isRetryable: true,
          cause: refused(new SqlError.StatementTimeoutError({ cause: new Error("too long") }))
        })
      ),
      false
    ],
    [
      "what could not be enqueued",
      Effect.fail(
        new EnqueueError({ reason: new StorageError({ operation: "enqueue", isRetryable: true, cause: gone }) })
      ),
      true
    ],
    [
      "what cannot be enqueued",
      Effect.die(new EnqueueError({ reason: new TreeTooDeep({ depth: 2, limit: 1 }) })),
      false
    ],
    ["a declared error because of it", Effect.fail(new TooBusy({ cause: gone })), false],
    ["a defect because of it", Effect.die(new Error("away", { cause: gone })), false],
    ["a connection of the program's own", Effect.die(Object.assign(new Error("reset"), { code: "ECONNRESET" })), false],
    ["an answer beside it", beside(Cause.fail(gone), Cause.fail(new TooBusy({ cause: 1 }))), false],
    ["a defect beside it", beside(Cause.die(gone), Cause.die(new Error("own"))), false],
    ["what cannot be let go of after it", beside(Cause.fail(gone), Cause.die(new Error("own"))), true],
    [
      "an answer, and what cannot be rolled back after it",
      beside(Cause.fail(new TooBusy({ cause: 1 })), Cause.die(gone)),
      false
    ]
  ]
  for (const [what, failure, isTransient] of ways) {
    test(
      `7.2: ${what} ${isTransient ? "is tried again" : "is the program's answer"}`,
      retried,
      () =>
        Effect.gen(function*() {
          scene.fragile = failing(1, failure as Effect.Effect<never>)
          yield* (yield* Cars.client)(1).bodyLater()
          yield* performSteppedActions()
          assert.deepStrictEqual(
            [tries(), yield* statusesOf("body")],
            isTransient ? [2, ["succeeded"]] : [1, ["failed"]]
          )
        })
    )
  }

  for (const action of places) {
    test(
      `7.2+: in the place ${action.name} it is tried again, and at the limit it counts as handled`,
      retried,
      () =>
        Effect.gen(function*() {
          const client = yield* Cars.client
          const call = (id: number) => client(id)[`${action.name}Later`]()
          scene.fragile = failing(2, refusal("40001"))
          const good = yield* call(1)
          yield* performIdle
          assert.strictEqual(tries(), 1)
          yield* performSteppedActions()
          assert.deepStrictEqual([tries(), (yield* good.status).status], [3, "succeeded"])
          scene.fragile = failing(4, refusal("40001"))
          const bad = yield* call(2)
          yield* performSteppedActions()
          assert.deepStrictEqual([tries(), (yield* bad.status).status], [6, "failed"])
          assert.match((yield* Effect.flip(bad.await)).message, /SqlError: refused/)
          // the transactional one has taken back what it wrote before it was tried again
          const sql = yield* SqlClient.SqlClient
          const written = yield* sql`delete from stepped.achievements where checksum_key like 'written %' returning 1`
          assert.lengthOf(written, action === transactional ? 1 : 0)
        })
    )
  }

  test("7.2: which errors are, the program may say itself, also of declared ones", {
    ...retried,
    transient: (error) => error instanceof TooBusy || Stepped.isTransient(error) && !(error instanceof StorageError)
  }, () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      for (
        const [failure, tried] of [
          [Effect.fail(new TooBusy({ cause: 1 })), 2],
          [Effect.die(new TooBusy({ cause: 1 })), 2],
          [refusal("40001"), 2],
          [Effect.fail(new StorageError({ operation: "enqueue", isRetryable: true, cause: gone })), 1]
        ] as const
      ) {
        seen.length = 0
        scene.fragile = failing(1, failure)
        yield* client(1).bodyLater()
        yield* performSteppedActions()
        assert.strictEqual(tries(), tried)
        seen.length = 0
        scene.fragile = failing(1, failure)
        yield* client(1).hookLater()
        yield* performSteppedActions()
        assert.strictEqual(tries(), tried)
      }
    }))

  test("7.2: a `transient` that throws is a failure that is not handled", {
    ...retried,
    transient: () => {
      throw new Error("the test is broken")
    }
  }, () =>
    Effect.gen(function*() {
      scene.fragile = failing(1, Effect.fail(new TooBusy({ cause: 1 })))
      const handle = yield* (yield* Cars.client)(1).bodyLater()
      yield* performSteppedActions()
      assert.deepStrictEqual([tries(), (yield* handle.status).status], [2, "succeeded"])
    }))

  test("withHandledDefects is about other defects", retried, () =>
    Effect.gen(function*() {
      scene.fragile = failing(1, Effect.die(gone))
      yield* (yield* Cars.client)(1).bodyLater()
      yield* withHandledDefects(() => true)(performSteppedActions())
      assert.deepStrictEqual([tries(), yield* statusesOf("body")], [2, ["succeeded"]])
    }))

  test("7.2: a job that has completed its action before is not run again", retried, () =>
    Effect.gen(function*() {
      const Towed = Stepped.actions(Van, [tow])
      const handle = yield* Effect.provide(
        Effect.gen(function*() {
          const handle = yield* (yield* Towed.client)(1).towLater()
          yield* performSteppedActions()
          return handle
        }),
        Towed.layer
      )
      assert.deepStrictEqual([tries(), (yield* handle.status).status], [1, "succeeded"])
    }))

  test(
    "7.2: a try that is not the last is a warning that says when the next one is; reporters hear of the last",
    retried,
    () => {
      const lines: Array<string> = []
      const reported: Array<unknown> = []
      const logger = Logger.make(({ logLevel, message }) => {
        lines.push(`${logLevel}: ${String(Array.isArray(message) ? message[0] : message)}`)
      })
      const reporter = ErrorReporter.make(({ error }) => void reported.push(error))
      return Effect.gen(function*() {
        const client = yield* Cars.client
        for (const call of [client(1).bodyLater, client(2).hookLater]) {
          // what was reported once is not reported again
          scene.fragile = failing(
            3,
            Effect.suspend(() => Effect.fail(refused(new SqlError.ConnectionError({ cause: new Error("gone") }))))
          )
          yield* call()
          yield* performSteppedActions()
        }
        assert.deepStrictEqual(lines, [
          "Warn: body Car/1 › second failed, and is tried again at 1970-01-01T00:00:10.000Z: gone",
          "Warn: body Car/1 › second failed, and is tried again at 1970-01-01T00:00:20.000Z: gone",
          "Error: body Car/1 › second failed: SqlError: gone",
          "Warn: hook Car/2 failed, and is tried again at 1970-01-01T00:00:30.000Z: gone",
          "Warn: hook Car/2 failed, and is tried again at 1970-01-01T00:00:40.000Z: gone",
          "Error: hook Car/2 failed: SqlError: gone"
        ])
        assert.lengthOf(reported, 2)
      }).pipe(
        Effect.provide(Logger.layer([logger])),
        Effect.provideService(ErrorReporter.CurrentErrorReporters, new Set([reporter]))
      )
    }
  )
})
