/** Rule 11: what actions wait for from outside. */
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, AmbiguousTarget, Engine, SignalConflict, SignalsFull, Stepped } from "stepped"
import { type NotDrained, performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, slotsOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import {
  Account,
  Accounts,
  Accounts2,
  approval,
  change,
  done,
  exported,
  ExportFailed,
  failing,
  inner,
  lenient,
  pair,
  reached,
  report,
  scene,
  told,
  turn
} from "./fixtures/signals.ts"

const nobody = "01900000-0000-7000-8000-000000000000"
const yes = { by: "Ada", approved: true }

suite("signals", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>
  ) =>
    it.effect(name, () =>
      Effect.provide(
        Effect.andThen(scenario(), healthy),
        Accounts.layer.pipe(Layer.provideMerge(engine.layer()))
      ))
  const account = Effect.map(Accounts.client, (accounts) => accounts(7))

  test("11.1: a step waits for a signal from outside, and the next one receives what it has brought", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* account).reportLater("May")
      yield* performIdle
      assert.deepStrictEqual([(yield* recordOf(handle.id)).status, yield* slotsOf(handle.id)], ["performing", ["open"]])
      assert.strictEqual(yield* handle.send(approval, yes), "sent")
      yield* performIdle
      assert.deepStrictEqual(seen, ["export May for Ada, attempt 1 of 36"])
      assert.strictEqual(yield* handle.send(exported, { url: "/may", at: new Date(7) }), "sent")
      yield* performIdle
      assert.strictEqual(yield* handle.await, "/may at 7")
      assert.strictEqual(yield* handle.send(approval, yes), "none")
    }))

  test("11.1: a signal that does not come in time fails the step, or is passed where it may be", () =>
    Effect.gen(function*() {
      const client = yield* account
      const handle = yield* client.reportLater("May")
      const passed = yield* client.lenientLater()
      const left = yield* Effect.flip(performSteppedActions())
      assert.deepStrictEqual((left as NotDrained).left, [
        "lenient Account/7() is performing, waits for the signal change",
        "report Account/7(\"May\") is performing, waits for the signal approval"
      ])
      yield* performSteppedActions({ timeouts: true })
      assert.strictEqual(yield* passed.await, "nobody")
      const error = yield* Effect.flip(handle.await)
      assert.deepInclude(error, {
        _tag: "ActionFailed",
        kind: "signal_timed_out",
        reason: "the signal approval has not come in time",
        path: "report Account/7 › ask"
      })
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["timed_out"])
    }))

  test("11.3: what is sent before anybody waits is read in the order in which it came, each once", () =>
    Effect.gen(function*() {
      const client = yield* account
      const handle = yield* client.pairLater()
      for (const text of ["a", "b", "c"]) assert.strictEqual(yield* handle.send(change, text), "sent")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* handle.await, ["a", "b"])
      const late = yield* client.pairLater()
      yield* performIdle
      yield* late.send(change, "d")
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(late.id), ["succeeded", "open", "open"])
      yield* late.send(change, "e")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* late.await, ["d", "e"])
    }))

  test("11.2: is sent by id, or by actor and action: to the one that performs, else to the one that waits or is queued", () =>
    Effect.gen(function*() {
      const client = yield* account
      const to = Account.ref(7)
      assert.strictEqual(yield* Stepped.send(to, turn, change, "nobody"), "none")
      const first = yield* client.turnLater("first")
      assert.strictEqual(yield* Stepped.send(to, turn, change, "queued"), "sent")
      yield* performIdle
      assert.strictEqual(yield* first.await, "first queued")
      const second = yield* client.turnLater("second")
      yield* performIdle
      const third = yield* client.turnLater("third")
      yield* performIdle
      assert.strictEqual(yield* Stepped.send(to, turn, change, "performs"), "sent")
      yield* performIdle
      assert.strictEqual(yield* second.await, "second performs")
      assert.strictEqual(yield* Stepped.send(third.id, change, "id"), "sent")
      yield* performIdle
      assert.strictEqual(yield* third.await, "third id")
      const handles = [yield* client.pairLater(), yield* client.pairLater()]
      const error = yield* Effect.flip(Stepped.send(to, pair, change, "which"))
      assert.deepStrictEqual(
        error,
        new AmbiguousTarget({ actor: "Account/7", action: "pair", actionIds: handles.map(({ id }) => id) })
      )
      for (const { cancel } of handles) yield* cancel()
      yield* performSteppedActions()
    }))

  test("11.3: an action that is over, unknown, cancelled, or does not list it takes none", () =>
    Effect.gen(function*() {
      const client = yield* account
      const nap = yield* client.napLater()
      assert.strictEqual(yield* Stepped.send(nap.id, change, "x"), "none")
      yield* performSteppedActions()
      for (const id of [nap.id, nobody, "no id at all", ""]) {
        assert.strictEqual(yield* Stepped.send(id, change, "x"), "none", id)
      }
      const queued = yield* client.lenientLater()
      yield* queued.cancel()
      assert.strictEqual(yield* queued.send(change, "x"), "none")
      const handle = yield* Stepped.handle(Account.ref(7), lenient, nap.id)
      assert.strictEqual((yield* Effect.flip(handle.send(change, "x")))._tag, "UnknownAction")
      const broken = yield* Stepped.handle(Account.ref(7), lenient, "no id")
      assert.strictEqual(yield* broken.send(change, "x"), "none")
      yield* performSteppedActions()
    }))

  test("11.3, 2.6: neither a signal nor a failure is for what has ended, is not stored, was told to others, or is deleted", () =>
    Effect.gen(function*() {
      const client = yield* account
      const repo = yield* ActionRepo
      const first = yield* client.reachedLater("a")
      yield* performIdle
      const achieved = yield* client.reachedLater("a")
      const deleted = yield* client.reachedLater("b")
      const deadlocked = yield* client.outerLater()
      const performing = [
        yield* client.rejectedLater("1"),
        yield* client.queuedLater("1"),
        yield* client.toldLater("1")
      ]
      yield* performIdle
      const waiting = yield* client.queuedLater("2")
      const superseded = yield* client.toldLater("2")
      yield* performIdle
      const busy = yield* client.rejectedLater("2")
      const full = yield* client.queuedLater("3")
      const newer = yield* client.toldLater("3")
      yield* performIdle
      yield* repo.delete(deleted.id)
      assert.isTrue(Option.isNone(yield* repo.find(deleted.id)))
      const [child] = yield* repo.slots(deadlocked.id)
      const targets = [first, achieved, busy, full, superseded]
      assert.deepStrictEqual(
        yield* Effect.forEach(targets, (handle) => Effect.map(handle.status, ({ status }) => status)),
        ["succeeded", "succeeded", "cancelled", "cancelled", "superseded"]
      )
      assert.strictEqual(child!.status, "deadlocked")
      const failed = new ExportFailed({ why: "nobody is there" })
      for (const id of [...targets.map(({ id }) => id), deleted.id, child!.child!, nobody, "no id at all", ""]) {
        assert.strictEqual(yield* Stepped.send(id, change, "x"), "none", id)
        assert.strictEqual(yield* Stepped.sendFailure(id, failing, failed), "none", id)
      }
      // by actor: to an action that it has never had, or that has ended
      for (
        const [to, action] of [[Account.ref(9), told], [Account.ref(7), reached], [Account.ref(7), inner]] as const
      ) {
        assert.strictEqual(yield* Stepped.send(to, action, change, "x"), "none", action.name)
        assert.strictEqual(yield* Stepped.sendFailure(to, action, failing, failed), "none", action.name)
      }
      const sql = yield* SqlClient.SqlClient
      assert.deepStrictEqual(yield* sql`select 1 from stepped.signals`, [])
      for (const { cancel } of [...performing, waiting, newer]) yield* cancel()
      yield* performSteppedActions()
    }))

  test("11.3, 4.7: what was sent to one that never begins, or joins one that takes none, goes with it", () =>
    Effect.gen(function*() {
      const client = yield* account
      const sql = yield* SqlClient.SqlClient
      yield* client.reachedLater("a")
      yield* performIdle
      const achieved = yield* client.reachedLater("a")
      assert.strictEqual(yield* achieved.send(change, "x", { key: "1" }), "sent")
      assert.lengthOf(yield* sql`select 1 from stepped.signals`, 1)
      yield* performIdle
      assert.strictEqual((yield* achieved.status).status, "succeeded")
      assert.deepStrictEqual(yield* sql`select 1 from stepped.signals`, [])
    }))

  test("11.4, 4.7: a key that counts for all actions of an actor is held as long as it says, also where its action never was", () =>
    Effect.gen(function*() {
      const client = yield* account
      const sql = yield* SqlClient.SqlClient
      yield* client.reachedLater("a")
      yield* performIdle
      const sent = Effect.flatMap(Engine, (engine) =>
        engine.send({
          target: achieved.id,
          action: reached,
          signal: change,
          value: "x",
          isFailure: false,
          options: { key: "1" },
          isOnce: true
        }))
      const keys = sql`select free_at = held_until as freed, held_until > ${new Date(0)} as held
        from stepped.action_keys where kind = 4`
      const achieved = yield* client.reachedLater("a")
      assert.strictEqual(yield* sent, "sent")
      assert.deepStrictEqual(yield* keys, [{ freed: null, held: true }])
      yield* performIdle
      assert.deepStrictEqual(yield* keys, [{ freed: true, held: true }])
      // another one's, too
      assert.strictEqual(yield* sent, "repeated")
      // who is answered with what somebody else has achieved is forgotten earlier
      yield* sql`update stepped.action_keys set free_at = null`
      yield* (yield* ActionRepo).deleteOutcomes({ before: new Date(1) })
      assert.deepStrictEqual(yield* keys, [{ freed: true, held: true }])
    }))

  test("11.4: of two with one key the one that was read counts, in whichever order they have come", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* account).pairLater()
      const sql = yield* SqlClient.SqlClient
      yield* performIdle
      assert.strictEqual(yield* handle.send(change, "second", { key: "1" }), "sent")
      yield* performIdle
      assert.lengthOf(yield* sql`select 1 from stepped.signals where step is not null`, 1)
      // as what was sent to one that this one has superseded, by whoever has committed that only now
      yield* sql`insert into stepped.signals (id, action, target, name, key, payload, sent_at)
        overriding system value
        select -1, action, ${nobody}, name, key, '"first"', sent_at from stepped.signals`
      yield* sql`insert into stepped.jobs (queue, priority, kind, action, definition, actor_id, enqueued_at)
        select 'default', -1000, 2, id, definition, actor_id, now() from stepped.live_actions where id = ${handle.id}`
      yield* performIdle
      assert.lengthOf(yield* sql`select 1 from stepped.signals where step is not null`, 1)
      yield* handle.cancel()
      yield* performSteppedActions()
    }))

  test("11.4: two with one key are one, another payload under it is a conflict, and keys are those of one signal", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* account).pairLater()
      assert.strictEqual(yield* handle.send(change, "a", { key: "1" }), "sent")
      assert.strictEqual(yield* handle.send(change, "a", { key: "1" }), "repeated")
      const conflict = new SignalConflict({ signal: "change", key: "1", actionId: handle.id })
      assert.deepStrictEqual(yield* Effect.flip(handle.send(change, "b", { key: "1" })), conflict)
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["succeeded", "open", "open"])
      // also when it was read
      assert.strictEqual(yield* handle.send(change, "a", { key: "1" }), "repeated")
      assert.strictEqual(yield* handle.send(change, "b", { key: "2" }), "sent")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* handle.await, ["a", "b"])
    }))

  test("11.2, 9.1: a failure that was sent is the step's, and a further attempt waits for another one", () =>
    Effect.gen(function*() {
      const client = yield* account
      const handle = yield* client.reportLater("May")
      yield* handle.send(approval, yes)
      yield* performIdle
      const failed = new ExportFailed({ why: "no disk" })
      assert.strictEqual(yield* handle.sendFailure(exported, failed, { key: "1" }), "sent")
      assert.strictEqual(yield* handle.sendFailure(exported, failed, { key: "1" }), "repeated")
      yield* performIdle
      assert.strictEqual(seen.length, 2)
      yield* handle.send(exported, { url: "/may", at: new Date(8) })
      yield* performIdle
      assert.strictEqual(yield* handle.await, "/may at 8")
      const fails = yield* client.reportLater("June")
      yield* fails.send(approval, yes)
      for (let i = 0; i < 3; i++) yield* Stepped.sendFailure(Account.ref(7), report, exported, failed)
      yield* performIdle
      assert.deepStrictEqual(yield* Effect.flip(fails.await), failed)
      assert.deepStrictEqual(yield* stepsOf(fails.id), ["ask succeeded", "export failed"])
    }))

  test("11.2: commits with the program's transaction, also with what enqueues its target, and goes with it", () =>
    Effect.gen(function*() {
      const client = yield* account
      const sql = yield* SqlClient.SqlClient
      const handle = yield* sql.withTransaction(
        Effect.tap(client.turnLater("both"), (handle) => handle.send(change, "together"))
      )
      yield* performIdle
      assert.strictEqual(yield* handle.await, "both together")
      const waits = yield* client.turnLater("waits")
      yield* performIdle
      yield* Effect.exit(sql.withTransaction(Effect.andThen(waits.send(change, "undone"), Effect.fail("back"))))
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(waits.id), ["open"])
      yield* sql.withTransaction(waits.send(change, "kept"))
      yield* performIdle
      assert.strictEqual(yield* waits.await, "waits kept")
    }))

  test("11.3: whoever takes the place of an action has what was sent to it and is unread", () =>
    Effect.gen(function*() {
      const client = yield* account
      const first = yield* client.turnLater("first")
      yield* performIdle
      const second = yield* client.turnLater("second")
      yield* performIdle
      yield* second.send(change, "to the second")
      yield* performIdle
      const third = yield* client.turnLater("third")
      yield* performIdle
      yield* first.send(change, "ends")
      yield* performIdle
      assert.strictEqual(yield* third.await, "third to the second")
      assert.strictEqual(yield* second.await, "third to the second")
      // one that has joined another, and is sent something before and afterwards
      const performs = yield* client.turnLater("same")
      yield* performIdle
      const joins = yield* client.turnLater("same")
      yield* joins.send(change, "by way of the other")
      yield* performIdle
      assert.strictEqual(yield* performs.await, "same by way of the other")
      assert.deepStrictEqual(yield* statusesOf("turn"), ["succeeded", "superseded", "succeeded", "succeeded"])
    }))

  test("11.3: sent to one that was superseded it goes to the successor, if that takes it", () =>
    Effect.gen(function*() {
      const client = yield* account
      const first = yield* client.turnLater("first")
      yield* performIdle
      const second = yield* client.turnLater("second")
      yield* performIdle
      const third = yield* client.turnLater("third")
      yield* performIdle
      assert.strictEqual(yield* second.send(change, "on"), "sent")
      assert.strictEqual(yield* second.send(change, "on", { key: "k" }), "sent")
      assert.strictEqual(yield* third.send(change, "on", { key: "k" }), "repeated")
      yield* client.deafLater()
      yield* performIdle
      assert.strictEqual(yield* second.send(change, "off"), "none")
      yield* first.send(change, "ends")
      yield* performIdle
    }))

  test("11.1: unread ones are given at once, and are read with the step's success", () =>
    Effect.gen(function*() {
      scene.failing = 1
      const handle = yield* (yield* account).cartLater()
      for (const text of ["a", "b"]) yield* handle.send(change, text)
      yield* handle.send(change, "b", { key: "b" })
      yield* handle.send(done)
      yield* performIdle
      yield* handle.send(change, "c")
      yield* performSteppedActions()
      // the step that failed has read nothing
      assert.strictEqual(yield* handle.await, "a b b c")
      assert.deepStrictEqual(seen, ["changes a b b", "changes a b b c"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["open succeeded", "pack failed", "3 succeeded"])
      const other = yield* (yield* account).cartLater()
      yield* other.send(change, "a")
      yield* other.send(done)
      yield* performSteppedActions()
      assert.strictEqual(yield* other.await, "")
    }))

  test("11.3: holds so many that nobody has read, and takes more when they are", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* account).cartLater()
      const sql = yield* SqlClient.SqlClient
      yield* sql`insert into stepped.signals (action, target, name, payload, sent_at)
        select ${handle.id}, ${handle.id}, 'change', '"x"', now() from generate_series(1, 999)`
      assert.strictEqual(yield* handle.send(done, undefined, { key: "d" }), "sent")
      assert.deepStrictEqual(
        yield* Effect.flip(handle.send(change, "y")),
        new SignalsFull({ signal: "change", actionId: handle.id, limit: 1000 })
      )
      assert.strictEqual(yield* handle.send(done, undefined, { key: "d" }), "repeated")
      yield* performIdle
      assert.strictEqual(yield* handle.send(change, "y"), "sent")
      yield* performSteppedActions()
    }))

  test("11.3, 13.1: what is cancelled, or undone, takes none any more, and what it waited for stays unread", () =>
    Effect.gen(function*() {
      const client = yield* account
      const handle = yield* client.undoneLater()
      yield* handle.send(change, "a")
      yield* performIdle
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["ask succeeded", "rest performing"])
      yield* handle.cancel()
      assert.strictEqual(yield* handle.send(change, "b"), "none")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["undoes ask"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["ask succeeded", "rest cancelled", "ask succeeded"])
    }))

  test("11.3: a child waits for signals as its root does", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* account).parentLater()
      yield* performIdle
      assert.strictEqual(yield* Stepped.send(Account.ref(7), lenient, change, "yes"), "sent")
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "the report says yes")
    }))

  test("11.5, 9.1: an attempt has what an earlier one has received, and waits anew for what has failed", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* account).insistLater()
      yield* handle.send(change, "a")
      yield* handle.send(change, "b")
      yield* handle.sendFailure(failing, new ExportFailed({ why: "no" }))
      yield* performIdle
      yield* handle.sendFailure(failing, new ExportFailed({ why: "no" }))
      yield* performIdle
      assert.strictEqual((yield* recordOf(handle.id)).status, "performing")
      yield* handle.send(failing, "yes")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* handle.await, ["a", "yes"])
      const signals = yield* Effect.flatMap(ActionRepo, (repo) => repo.signals(handle.id))
      assert.deepStrictEqual(signals.map(({ name, readBy }) => `${name} ${readBy ?? "unread"}`), [
        "change 0",
        "change unread",
        "failing 0",
        "failing 0",
        "failing 0"
      ])
    }))

  test("11.3: what another version cannot read fails the step", () =>
    Effect.gen(function*() {
      const client = yield* account
      const pair = yield* client.pairLater()
      const lenient = yield* client.lenientLater()
      yield* performIdle
      for (const handle of [pair, lenient]) yield* handle.send(change, "words")
      yield* pair.send(change, "words")
      yield* deployed(Accounts2.layer)(performSteppedActions())
      const kinds = yield* Effect.forEach([pair, lenient], (handle) =>
        Effect.map(recordOf(handle.id), ({ cause, status }) => [status, cause?.kind, cause?.message.slice(0, 18)]))
      assert.deepStrictEqual(kinds, [
        ["failed", "incompatible", "IncompatibleSignal"],
        ["failed", "incompatible", "IncompatibleSignal"]
      ])
    }))

  test("11.1: what a step cannot ask for fails it", () =>
    Effect.gen(function*() {
      const client = yield* account
      for (
        const [how, message] of [
          ["unlisted", /a step of wrong calls Step.waitFor of change, which wrong does not list/],
          ["for ever", /timeout of Step.waitFor of done is Infinity: it takes a duration from 1/],
          ["never", /timeout of Step.waitFor of done is "no time": it takes a duration from 1/]
        ] as const
      ) {
        const handle = yield* client.wrongLater(how)
        yield* performSteppedActions()
        const { cause } = yield* recordOf(handle.id)
        assert.match(cause?.message ?? "", message)
      }
    }))

  test("11.4: what was sent in time counts, whoever looks first", () =>
    Effect.gen(function*() {
      const client = yield* account
      const sql = yield* SqlClient.SqlClient
      const handle = yield* client.lenientLater()
      yield* performIdle
      yield* TestClock.adjust("59 minutes")
      yield* handle.send(change, "in time")
      // nobody has taken the job that it has left
      yield* sql`delete from stepped.jobs where kind = 2`
      yield* TestClock.adjust("2 minutes")
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "in time")
      const late = yield* client.lenientLater()
      yield* performIdle
      yield* TestClock.adjust("61 minutes")
      assert.strictEqual(yield* late.send(change, "too late"), "sent")
      yield* performSteppedActions()
      assert.strictEqual(yield* late.await, "nobody")
    }))

  test("11.2: what cannot be sent is refused before anything is stored", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* account).cartLater()
      const refused = <E extends { readonly _tag: string }>(sent: Effect.Effect<unknown, E>) =>
        Effect.map(Effect.flip(sent), ({ _tag }) => _tag)
      for (const key of ["", "x".repeat(201), "x".repeat(2000), "a\0b", "\ud800", 7 as never]) {
        assert.strictEqual(yield* refused(handle.send(change, "a", { key })), "InvalidOption")
      }
      assert.strictEqual(yield* refused(handle.send(change, "a\0b")), "UnstorableText")
      assert.strictEqual(yield* refused(handle.send(change, "x".repeat(20_000_000))), "PayloadTooLarge")
      assert.strictEqual(yield* refused(handle.send(change, 7 as never)), "InvalidSignal")
      assert.strictEqual(yield* handle.send(change, "x".repeat(100), { key: "x".repeat(200) }), "sent")
      const sql = yield* SqlClient.SqlClient
      assert.strictEqual((yield* sql`select 1 from stepped.signals`).length, 1)
      yield* handle.cancel()
      yield* performSteppedActions()
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(handle.status)))
    }))
})
