/** Rule 12.3: limits that whoever performs outside has moved, whom heartbeats are for, and what is none. */
import { assert, it } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import {
  ActionRepo,
  AmbiguousTarget,
  DefinitionError,
  InvalidDuration,
  InvalidOption,
  PayloadTooLarge,
  Stepped,
  type Tokens,
  UnstorableText
} from "stepped"
import { healthy, suite } from "../harness/databases.ts"
import { recordOf, slotsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { Account, Accounts, bind, file, given, patient, print, report, scene } from "./fixtures/heartbeats.ts"
import { key } from "./fixtures/tokens.ts"

const { extendTimeout, heartbeat } = Stepped

/** Time goes on, and has its effect. */
const passes = (duration: Parameters<typeof TestClock.adjust>[0]) =>
  Effect.andThen(TestClock.adjust(duration), performIdle)

const dueOf = (id: string) =>
  Effect.map(Effect.flatMap(ActionRepo, (repo) => repo.slots(id)), (slots) => slots.at(-1)!.dueAt?.getTime())

suite("extended timeouts", (engine) => {
  const layer = Accounts.layer.pipe(
    Layer.provideMerge(Layer.merge(engine.layer(), Layer.orDie(Stepped.Tokens.layer([key("a")]))))
  )
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient | Tokens>
  ) => it.effect(name, () => Effect.provide(Effect.andThen(scenario(), healthy), layer))
  const account = Effect.map(Accounts.client, (accounts) => accounts(7))

  test("12.3: the limit of a wait moves by so much, each time, by id and by token", () =>
    Effect.gen(function*() {
      const at = yield* Clock.currentTimeMillis
      const handle = yield* (yield* account).plainLater()
      yield* performIdle
      assert.strictEqual(yield* extendTimeout(handle.id, "10 minutes"), "extended")
      assert.strictEqual(yield* extendTimeout({ token: given[0]! }, "5 minutes"), "extended")
      assert.strictEqual(yield* dueOf(handle.id), at + 75 * 60_000)
      yield* passes(75 * 60_000 - 1)
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["open"])
      yield* passes(1)
      assert.include(yield* Effect.flip(handle.await), { kind: "signal_timed_out" })
    }))

  test("12.3: where nothing may be silent, both limits hold, and who asks for more time is heard", () =>
    Effect.gen(function*() {
      const at = yield* Clock.currentTimeMillis
      const handle = yield* (yield* account).mayLater()
      yield* performIdle
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* extendTimeout(handle.id, "1 minute"), "extended")
      assert.strictEqual(yield* dueOf(handle.id), at + 660_000)
      const [slot] = yield* Effect.flatMap(ActionRepo, (repo) => repo.slots(handle.id))
      assert.deepStrictEqual(slot!.heartbeat, {
        heardAt: new Date(at + 30_000),
        silentAt: new Date(at + 110_000),
        details: undefined
      })
      for (let n = 0; n < 10; n++) {
        yield* passes("1 minute")
        assert.strictEqual(yield* heartbeat(handle.id), "heard")
      }
      yield* passes("29999 millis")
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["open"])
      yield* passes("1 millis")
      assert.strictEqual(yield* handle.await, "nothing")
    }))

  test("12.3: the timeout of an outbound action moves, once that is all that is waited for", () =>
    Effect.gen(function*() {
      const client = yield* account
      const handle = yield* client.printLater()
      yield* performIdle
      const { timeoutAt } = yield* recordOf(handle.id)
      for (const by of ["1 hour", 1] as const) {
        assert.strictEqual(yield* extendTimeout(handle.id, by), "none")
        assert.strictEqual(yield* extendTimeout({ token: given[0]! }, by), "none")
      }
      yield* passes("10 minutes")
      const at = yield* Clock.currentTimeMillis
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* extendTimeout(Account.ref(7), print, "1 hour"), "extended")
      assert.strictEqual(yield* extendTimeout({ token: given[0]! }, "1 minute"), "extended")
      const record = yield* recordOf(handle.id)
      assert.strictEqual(record.timeoutAt?.getTime(), timeoutAt!.getTime() + 61 * 60_000)
      assert.strictEqual(record.heartbeat?.silentAt?.getTime(), at + 110_000)
      yield* handle.cancel()

      const other = yield* client.fileLater(1)
      yield* performIdle
      assert.strictEqual(yield* extendTimeout(other.id, "30 minutes"), "extended")
      yield* passes(90 * 60_000 - 1)
      assert.strictEqual((yield* recordOf(other.id)).status, "performing")
      yield* passes(1)
      const ended = yield* recordOf(other.id)
      assert.include(ended, { status: "timed_out", timeoutMs: 3_600_000 })
      assert.include(ended.cause, { kind: "timed_out" })
    }))

  test("12.3: what has no limit has none to move, and no limit is further than the longest one", () =>
    Effect.gen(function*() {
      const client = yield* account
      const endless = [yield* client.patientLater(), yield* client.bindLater()]
      const limited = yield* client.plainLater()
      yield* performIdle
      for (const { id } of endless) assert.strictEqual(yield* extendTimeout(id, "1 hour"), "none")
      const at = yield* Clock.currentTimeMillis
      for (let n = 0; n < 3; n++) {
        assert.strictEqual(yield* extendTimeout(limited.id, 1e14), "extended")
        assert.strictEqual(yield* dueOf(limited.id), at + 1e14)
      }
      for (const handle of [...endless, limited]) yield* handle.cancel()
    }))

  test("12.3: of an actor's action it is the one that performs; of several nobody can say which, and none is no error", () =>
    Effect.gen(function*() {
      const client = yield* account
      const ref = Account.ref(7)
      assert.strictEqual(yield* heartbeat(ref, bind), "none")
      const first = yield* client.bindLater()
      assert.strictEqual(yield* heartbeat(ref, bind), "none")
      assert.strictEqual(yield* heartbeat(first.id), "none")
      yield* performIdle
      const second = yield* client.bindLater()
      yield* performIdle
      assert.strictEqual(yield* heartbeat(ref, bind, "first"), "heard")
      assert.strictEqual((yield* recordOf(first.id)).heartbeat?.details, "first")
      assert.strictEqual(yield* heartbeat(second.id), "none")
      yield* first.cancel()
      yield* second.cancel()
      assert.strictEqual(yield* heartbeat(ref, bind), "none")
      for (const id of [first.id, second.id]) assert.strictEqual(yield* heartbeat(id), "late")
      for (const id of ["", "no id", "0193e6d0-0000-7000-8000-000000000000"]) {
        assert.strictEqual(yield* heartbeat(id), "none")
        assert.strictEqual(yield* extendTimeout(id, "1 second"), "none")
      }

      const waits = yield* client.patientLater()
      yield* performIdle
      assert.strictEqual(yield* heartbeat(ref, patient, "waits"), "heard")
      assert.strictEqual(yield* heartbeat(ref, report), "none")
      yield* waits.cancel()
      const ids = yield* Effect.forEach(
        [1, 2],
        (n) => Effect.map(client.with({ tags: [String(n)] }).fileLater(n), ({ id }) => id)
      )
      yield* performIdle
      const error = yield* Effect.flip(heartbeat(ref, file))
      assert.instanceOf(error, AmbiguousTarget)
      assert.deepStrictEqual([...error.actionIds].sort(), ids.sort())
      for (const id of ids) yield* Stepped.cancel(id)
    }))

  test("12.3: what is none is refused before anything is asked", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* account).patientLater()
      yield* performIdle
      const large = yield* Effect.flip(heartbeat(handle.id, "a".repeat(1000)))
      assert.instanceOf(large, PayloadTooLarge)
      assert.strictEqual(yield* heartbeat(handle.id, "a".repeat(998)), "heard")
      assert.instanceOf(yield* Effect.flip(heartbeat(handle.id, { at: "a\u0000" })), UnstorableText)
      for (const details of [Number.NaN, () => 1, 1n, Symbol("a")]) {
        assert.instanceOf(yield* Effect.flip(heartbeat(handle.id, details as never)), InvalidOption)
      }
      for (const by of [0, -1, Number.NaN, Infinity, "soon", 1e15, undefined, {}]) {
        const error = yield* Effect.flip(extendTimeout(handle.id, by as never))
        assert.instanceOf(error, InvalidDuration)
        assert.include(error.message, "by of Stepped.extendTimeout")
      }
      yield* handle.cancel()
      for (const heartbeatTimeout of [0, -1, "never"] as const) {
        assert.throws(
          () => Stepped.action("print", { outbound: true, heartbeatTimeout: heartbeatTimeout as never }),
          DefinitionError,
          "heartbeatTimeout of print"
        )
        scene.limit = heartbeatTimeout
        const wrong = yield* (yield* account).wrongLater()
        yield* performIdle
        assert.include(
          (yield* Effect.flip(wrong.await)).message,
          "heartbeatTimeout of Step.waitFor of exported"
        )
      }
      assert.throws(() => Stepped.action("print", { heartbeatTimeout: "1 minute" }), DefinitionError, "is not outbound")
      assert.isUndefined(
        Stepped.action("print", { outbound: true, heartbeatTimeout: Infinity }).definition.heartbeatTimeout
      )
    }))
})
