/** Rule 12.3: what is heard of systems outside, who are silent for too long, and limits that move. */
import { assert, it } from "@effect/vitest"
import { Clock, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionFailed, ActionRepo, type Engine, InvalidToken, Stepped, TimedOut, type Tokens } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, slotsOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { Account, Accounts, approved, bind, exported, given, patient, print, scene } from "./fixtures/heartbeats.ts"
import { key } from "./fixtures/tokens.ts"

const { succeeded } = Stepped.Outcome

/** Time goes on, and has its effect. */
const passes = (duration: Parameters<typeof TestClock.adjust>[0]) =>
  Effect.andThen(TestClock.adjust(duration), performIdle)

/** Of the last wait of an action. */
const heartbeatOf = (id: string) =>
  Effect.map(Effect.flatMap(ActionRepo, (repo) => repo.slots(id)), (slots) => slots.at(-1)!.heartbeat)

suite("heartbeats", (engine) => {
  const layer = Accounts.layer.pipe(
    Layer.provideMerge(Layer.merge(engine.layer(), Layer.orDie(Stepped.Tokens.layer([key("a")]))))
  )
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient | Tokens>
  ) => it.effect(name, () => Effect.provide(Effect.andThen(scenario(), healthy), layer))
  const account = Effect.map(Accounts.client, (accounts) => accounts(7))
  const { extendTimeout, heartbeat } = Stepped

  test("12.3: who is silent for too long has failed, and the next attempt knows what was said last", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* account).reportLater()
      yield* performIdle
      yield* passes("59999 millis")
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["open"])
      assert.strictEqual(yield* heartbeat({ token: given[0]! }, { rows: 7 }), "heard")
      yield* passes("79999 millis")
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["open"])
      yield* passes("1 millis")
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["timed_out", "open"])
      assert.deepStrictEqual(seen, ["attempt 1 after undefined", `attempt 2 after {"rows":7}`])
      assert.strictEqual(yield* heartbeat({ token: given[0]! }), "late")
      yield* passes("1 minute")
      const error = yield* Effect.flip(handle.await)
      assert.instanceOf(error, ActionFailed)
      assert.strictEqual(error.kind, "heartbeat_timed_out")
      assert.strictEqual(error.message, "report Account/7 › export: no heartbeat in time of the signal exported")
      // nothing was said to the last attempt
      assert.notProperty((yield* recordOf(handle.id)).cause, "details")
    }))

  test("12.3: nobody is given up who is heard within the limit, however that falls on what is stored", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* account).patientLater()
      yield* performIdle
      // the second of each three comes too soon to be stored, and the third as late as may be after it
      for (let n = 0; n < 5; n++) {
        for (const [after, rows] of [["59999 millis", n], ["19999 millis", -1], ["59999 millis", n]] as const) {
          yield* passes(after)
          assert.strictEqual(yield* heartbeat(handle.id, rows), "heard")
          const heard = yield* heartbeatOf(handle.id)
          assert.strictEqual(heard?.details, n)
        }
      }
      yield* passes("80 seconds")
      assert.strictEqual((yield* recordOf(handle.id)).status, "failed")
    }))

  test("12.3: readers see when somebody was heard last, what was said, and until when the next one is waited for", () =>
    Effect.gen(function*() {
      const at = yield* Clock.currentTimeMillis
      const handle = yield* (yield* account).patientLater()
      yield* performIdle
      assert.deepStrictEqual(yield* heartbeatOf(handle.id), {
        heardAt: undefined,
        silentAt: new Date(at + 60_000),
        details: undefined
      })
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* heartbeat(handle.id, "begun"), "heard")
      assert.deepStrictEqual(yield* heartbeatOf(handle.id), {
        heardAt: new Date(at + 10_000),
        silentAt: new Date(at + 90_000),
        details: "begun"
      })
      // every third of the limit
      yield* TestClock.adjust("19999 millis")
      assert.strictEqual(yield* heartbeat(handle.id, "no"), "heard")
      assert.strictEqual((yield* heartbeatOf(handle.id))?.details, "begun")
      yield* TestClock.adjust("1 millis")
      // without details, and with a zero, which is one
      assert.strictEqual(yield* heartbeat(handle.id), "heard")
      assert.include(yield* heartbeatOf(handle.id), { details: "begun" })
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(yield* heartbeat(handle.id, 0), "heard")
      assert.deepStrictEqual(yield* heartbeatOf(handle.id), {
        heardAt: new Date(at + 50_000),
        silentAt: new Date(at + 130_000),
        details: 0
      })
      yield* Stepped.send(handle.id, exported, "/may")
      yield* performIdle
      assert.strictEqual(yield* handle.await, "/may")
      assert.deepStrictEqual(yield* heartbeatOf(handle.id), {
        heardAt: new Date(at + 50_000),
        silentAt: undefined,
        details: 0
      })
    }))

  test("12.3: the status of a handle says it, too: of its successor, of several waits the one heard last, and no longer than it waits", () =>
    Effect.gen(function*() {
      const client = yield* account
      const plain = yield* client.plainLater()
      yield* performIdle
      assert.notProperty(yield* plain.status, "heartbeat")
      yield* plain.cancel()
      const handle = yield* client.patientLater()
      yield* performIdle
      assert.instanceOf((yield* handle.status).heartbeat?.silentAt, Date)
      const replaced = yield* client.patientLater()
      yield* performIdle
      const newer = yield* client.patientLater()
      yield* performIdle
      assert.notProperty(yield* replaced.status, "heartbeat")
      yield* handle.cancel()
      assert.notProperty(yield* handle.status, "heartbeat")
      yield* performIdle
      yield* heartbeat(newer.id, { rows: 7 })
      const heard = yield* heartbeatOf(newer.id)
      assert.deepStrictEqual((yield* replaced.status).heartbeat, heard)
      yield* newer.cancel()

      const two = yield* client.bothLater()
      yield* performIdle
      yield* TestClock.adjust("50 seconds")
      // by the token the first one alone, which is given up later than the other one
      yield* heartbeat({ token: given.at(-1)! }, "a")
      assert.strictEqual((yield* two.status).heartbeat?.details, "a")
      assert.deepStrictEqual((yield* recordOf(two.id)).heartbeat, (yield* two.status).heartbeat)
      yield* two.cancel()

      const outside = yield* client.bindLater()
      yield* performIdle
      yield* heartbeat(outside.id, "binding")
      assert.strictEqual((yield* outside.status).heartbeat?.details, "binding")
      assert.deepStrictEqual((yield* recordOf(outside.id)).heartbeat, (yield* outside.status).heartbeat)
      yield* outside.cancel()
      yield* performIdle
      assert.notProperty(yield* outside.status, "heartbeat")
    }))

  test("12.3: the text of a tree says it where it is waited for", () =>
    Effect.gen(function*() {
      const client = yield* account
      const linesOf = (id: string) =>
        Effect.map(Stepped.tree(id), (tree) => Stepped.renderTree(Option.getOrThrow(tree)).split("\n"))
      const handle = yield* client.bothLater()
      yield* performIdle
      yield* TestClock.adjust("30 seconds")
      yield* heartbeat({ token: given[0]! }, { why: "\u001b[31m" })
      assert.deepStrictEqual(yield* linesOf(handle.id), [
        "both Account/7  performing  1970-01-01T00:00:00.000Z",
        "└─ both  performing  since 1970-01-01T00:00:00.000Z",
        "   ├─ signal exported  open  heard 1970-01-01T00:00:30.000Z: {\"why\":\"\\u001b[31m\"}  gives up 1970-01-01T00:01:50.000Z",
        "   └─ signal approved  open  gives up 1970-01-01T00:02:00.000Z"
      ])
      yield* passes("2 minutes")
      assert.include(
        (yield* linesOf(handle.id)).at(-2),
        "signal exported  timed_out  heard 1970-01-01T00:00:30.000Z: {"
      )
      const outside = yield* client.bindLater()
      yield* performIdle
      const at = "1970-01-01T00:02:30.000Z"
      const late = (seconds: number) => `gives up 1970-01-01T00:03:${seconds}.000Z`
      assert.strictEqual((yield* linesOf(outside.id))[0], `bind Account/7  performing  ${at}  ${late(30)}`)
      yield* heartbeat(outside.id, "page\u202e7")
      assert.strictEqual(
        (yield* linesOf(outside.id))[0],
        `bind Account/7  performing  ${at}  heard ${at}: "page\\u{202e}7"  ${late(50)}`
      )
      yield* outside.cancel()
      yield* performIdle
    }))

  test("12.3: without a limit of silence it is only seen, every second", () =>
    Effect.gen(function*() {
      const at = yield* Clock.currentTimeMillis
      const handle = yield* (yield* account).plainLater()
      yield* performIdle
      assert.isUndefined(yield* heartbeatOf(handle.id))
      for (const [n, after] of [0, 999, 1].entries()) {
        yield* TestClock.adjust(after)
        assert.strictEqual(yield* heartbeat(handle.id, n), "heard")
      }
      assert.deepStrictEqual(yield* heartbeatOf(handle.id), {
        heardAt: new Date(at + 1000),
        silentAt: undefined,
        details: 2
      })
      yield* passes(3_599_000)
      const error = yield* Effect.flip(handle.await)
      assert.include(error, { kind: "signal_timed_out" })
    }))

  test("12.3: being heard does not put off the time of the wait, which may pass, as silence may not", () =>
    Effect.gen(function*() {
      const at = yield* Clock.currentTimeMillis
      const client = yield* account
      const passed = yield* client.mayLater()
      yield* performIdle
      for (let n = 0; n < 10; n++) {
        assert.strictEqual(yield* heartbeat(passed.id), "heard")
        yield* passes("59 seconds")
      }
      assert.deepStrictEqual(yield* heartbeatOf(passed.id), {
        heardAt: new Date(at + 531_000),
        silentAt: undefined,
        details: undefined
      })
      yield* passes("10 seconds")
      assert.deepStrictEqual(yield* slotsOf(passed.id), ["timed_out"])
      assert.strictEqual(yield* passed.await, "nothing")

      const silent = yield* client.mayLater()
      yield* performIdle
      yield* passes("1 minute")
      assert.include(yield* Effect.flip(silent.await), { kind: "heartbeat_timed_out" })
    }))

  test("12.3: the time of silence begins when the wait does, and who has a token is heard before that", () =>
    Effect.gen(function*() {
      const context = yield* Effect.context<Engine | Tokens>()
      scene.body = Effect.gen(function*() {
        yield* TestClock.adjust("5 minutes")
        assert.strictEqual(yield* heartbeat({ token: given[0]! }, 1), "heard")
      }).pipe(Effect.orDie, Effect.provide(context))
      const handle = yield* (yield* account).reportLater()
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["open"])
      yield* passes("59999 millis")
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["open"])
      yield* Stepped.receive(given[0]!, succeeded("/may"))
      yield* performIdle
      assert.strictEqual(yield* handle.await, "/may")
      // it has what it waited for
      assert.strictEqual(yield* heartbeat({ token: given[0]! }), "late")
    }))

  test("12.3: a token is heard for its own signal alone, as long as its step has succeeded, or waits", () =>
    Effect.gen(function*() {
      const client = yield* account
      const handle = yield* client.laterLater()
      yield* performIdle
      const [token] = given
      assert.strictEqual(yield* heartbeat({ token: token! }, "a"), "heard")
      assert.strictEqual(yield* extendTimeout({ token: token! }, "1 day"), "none")
      assert.isUndefined((yield* heartbeatOf(handle.id))?.heardAt)
      yield* Stepped.send(handle.id, approved)
      yield* performIdle
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["ask succeeded", "approve succeeded", "export performing"])
      assert.strictEqual(yield* heartbeat({ token: token! }, "b"), "heard")
      assert.include(yield* heartbeatOf(handle.id), { details: "b" })
      yield* handle.cancel()
      assert.strictEqual(yield* heartbeat({ token: token! }), "late")
      assert.strictEqual(yield* extendTimeout({ token: token! }, "1 day"), "late")

      const two = yield* client.bothLater()
      yield* performIdle
      assert.strictEqual(yield* heartbeat({ token: given[1]! }, "c"), "heard")
      const slots = yield* Effect.flatMap(ActionRepo, (repo) => repo.slots(two.id))
      assert.deepStrictEqual(slots.map((slot) => slot.heartbeat?.details), ["c", undefined])
      // by its id both of them are
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* heartbeat(two.id, "d"), "heard")
      const after = yield* Effect.flatMap(ActionRepo, (repo) => repo.slots(two.id))
      assert.deepStrictEqual(after.map((slot) => slot.heartbeat?.details), ["d", "d"])
      // who has sent all that he is waited for
      yield* Stepped.receive(given[1]!, succeeded("/may"))
      yield* performIdle
      assert.strictEqual(yield* heartbeat({ token: given[1]! }), "late")
      assert.strictEqual(yield* heartbeat(two.id), "heard")
      yield* two.cancel()
      for (const forged of [`${token!}A`, "", "st1.a.b.c"]) {
        assert.instanceOf(yield* Effect.flip(heartbeat({ token: forged })), InvalidToken)
        assert.instanceOf(yield* Effect.flip(extendTimeout({ token: forged }, "1 second")), InvalidToken)
      }
    }))

  test("12.3: an outbound action whose steps have ended, and that is silent, has timed out", () =>
    Effect.gen(function*() {
      const at = yield* Clock.currentTimeMillis
      const handle = yield* (yield* account).orderLater()
      yield* performIdle
      const [slot] = yield* Effect.flatMap(ActionRepo, (repo) => repo.slots(handle.id))
      const printed = slot!.child!
      // its steps are not outside: nothing is waited for yet
      assert.strictEqual(yield* heartbeat({ token: given[0]! }, "early"), "heard")
      assert.strictEqual(yield* heartbeat(printed), "none")
      assert.isUndefined((yield* recordOf(printed)).heartbeat)
      yield* passes("10 minutes")
      assert.deepStrictEqual((yield* recordOf(printed)).heartbeat, {
        heardAt: undefined,
        silentAt: new Date(at + 660_000),
        details: undefined
      })
      for (let page = 1; page <= 3; page++) {
        yield* passes("59 seconds")
        assert.strictEqual(yield* heartbeat(Account.ref(7), print, { page }), "heard")
      }
      yield* passes("79999 millis")
      assert.strictEqual((yield* recordOf(printed)).status, "performing")
      yield* passes("1 millis")
      const record = yield* recordOf(printed)
      assert.include(record, { status: "timed_out" })
      assert.deepStrictEqual(record.cause, {
        kind: "heartbeat_timed_out",
        path: "print Account/7",
        message: "no heartbeat in time",
        details: { page: 3 }
      })
      assert.strictEqual(yield* heartbeat(printed), "late")
      assert.include(yield* Effect.flip(handle.await), { reason: "no heartbeat in time" })

      const own = yield* (yield* account).printLater()
      yield* performIdle
      yield* passes("10 minutes")
      yield* passes("1 minute")
      const error = yield* Effect.flip(own.await)
      assert.instanceOf(error, TimedOut)
      assert.strictEqual(error.message, "print Account/7 (timed out: no heartbeat in time)")
    }))

  test("12.3: one whose job has ended, too, with callbacks for it", () =>
    Effect.gen(function*() {
      const handles = yield* Effect.forEach([1, 2, 3], (id) =>
        Effect.flatMap(Accounts.client, (all) => all(id).bindLater()))
      yield* performIdle
      yield* heartbeat(handles[1]!.id, "a")
      yield* heartbeat(handles[2]!.id, "b")
      assert.strictEqual((yield* recordOf(handles[0]!.id)).status, "performing")
      yield* passes("2 minutes")
      const records = yield* Effect.forEach(handles, ({ id }) =>
        recordOf(id))
      assert.deepStrictEqual(records.map(({ status }) => status), ["timed_out", "timed_out", "timed_out"])
      assert.deepStrictEqual(records.map(({ cause }) => cause?.details), [undefined, "a", "b"])
      assert.deepStrictEqual(seen, ["given away", "given away", "given away", "silent", "silent", "silent"])
    }))

  test("12.3: who comes when the time is over comes too late, also where nobody has noticed", () =>
    Effect.gen(function*() {
      const client = yield* account
      const waits = yield* client.patientLater()
      const outside = yield* client.bindLater()
      yield* performIdle
      yield* TestClock.adjust("1 minute")
      for (const id of [waits.id, outside.id]) {
        assert.strictEqual(yield* heartbeat(id), "late")
        assert.strictEqual(yield* extendTimeout(id, "1 hour"), "late")
      }
      yield* Stepped.send(waits.id, exported, "/late")
      assert.isTrue(Option.isNone(yield* Stepped.complete(outside.id, bind, Stepped.Outcome.succeededVoid)))
      yield* performIdle
      assert.include(yield* Effect.flip(waits.await), { kind: "heartbeat_timed_out" })
      assert.include(yield* Effect.flip(outside.await), { reason: "no heartbeat in time" })
    }))

  test("12.3: in a transaction of the program it commits with that", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const handle = yield* (yield* account).patientLater()
      yield* performIdle
      yield* Effect.exit(sql.withTransaction(Effect.andThen(heartbeat(handle.id, "no"), Effect.fail("no"))))
      assert.isUndefined((yield* heartbeatOf(handle.id))?.heardAt)
      assert.strictEqual(yield* sql.withTransaction(heartbeat(handle.id, "yes")), "heard")
      assert.include(yield* heartbeatOf(handle.id), { details: "yes" })
      yield* handle.cancel()
    }))

  test("12.3: a drain takes the time of silence for a timeout", () =>
    Effect.gen(function*() {
      const client = yield* account
      yield* client.patientLater()
      const idle = yield* Effect.flip(performSteppedActions())
      assert.include(String(idle), "patient")
      yield* performSteppedActions({ timeouts: true })
      yield* client.bindLater()
      yield* performSteppedActions({ timeouts: true })
      assert.deepStrictEqual(seen, ["given away", "silent"])
      const ended = yield* Effect.flatMap(ActionRepo, (repo) => repo.list({ statuses: ["failed", "timed_out"] }))
      assert.deepStrictEqual(ended.map(({ name }) => name).sort(), [bind.name, patient.name])
    }))
})
