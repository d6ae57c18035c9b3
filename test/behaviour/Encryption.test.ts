/** Rule 22: what is encrypted is in no table in clear, is told apart as what is not, and fails with the errors of its place where no key opens it. */
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Layer, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import {
  ActionFailed,
  ActionRepo,
  CompletionConflict,
  IdempotencyConflict,
  Schedules,
  SignalConflict,
  Stepped
} from "stepped"
import { performSteppedActions } from "stepped/testing"
import { fingerprintOf } from "../../src/domain/Codec.ts"
import { healthy, suite } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, slotsOf, statusesOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { key, Order, programWith, scene, secret, Tips } from "./fixtures/encryption.ts"

const [one, two] = [key("one", 1), key("two", 2)]
const program = programWith([one])
const { approved, collect, Declined, Orders } = program
const card = { owner: "Ada", number: secret }

/** Everything that is stored, as text. */
const everything = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.gen(function*() {
    const tables = yield* sql<{ name: string }>`
      select table_name as name from information_schema.tables where table_schema = 'stepped' and table_type = 'BASE TABLE'`
    const rows = yield* Effect.forEach(tables, ({ name }) =>
      sql.unsafe<{ row: string }>(`select to_jsonb(t)::text as row from stepped.${name} t`))
    return rows.flat().map(({ row }) =>
      row
    ).join("\n")
  }))

suite("encryption", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Orders.layer.pipe(Layer.provideMerge(engine.layer())))
    )
  const order = Effect.map(Orders.client, (orders) => orders(1))

  it.effect("9.6, 22.1: where the last step is passed, a success that may be nothing is encrypted, each time anew", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const orders = yield* Tips.client
      scene.gate = Effect.succeed("none")
      for (const id of [1, 2]) {
        const handle = yield* orders(id).tipLater()
        yield* performSteppedActions()
        assert.isUndefined(yield* handle.await)
      }
      const stored = yield* sql<{ result: unknown }>`select result from stepped.ended_actions`
      const texts = stored.map(({ result }) => String(result))
      for (const text of texts) assert.match(text, /^stepped1\./)
      assert.strictEqual(new Set(texts).size, 2)
      scene.gate = Effect.succeed("5 cents")
      assert.strictEqual(yield* orders(3).tipNow().pipe(Effect.flatMap((handle) => handle.await)), "5 cents")
      yield* healthy
    }).pipe(Effect.provide(Layer.provideMerge(Tips.layer, engine.layer()))))

  test("22.1: arguments, results of steps, children and actions, errors, memos, signals and outcomes are in no table in clear", () =>
    Effect.gen(function*() {
      const orders = yield* order
      // what is queued, live, and has ended
      const paid = yield* orders.payLater(card, 7)
      const refused = yield* orders.payLater({ ...card, owner: "Bob" }, -7)
      const waiting = yield* orders.waitLater(card)
      const pending = yield* orders.payLater(card, 8)
      yield* orders.collectLater(card)
      assert.notInclude(yield* everything, secret)
      yield* performIdle
      assert.notInclude(yield* everything, secret)
      assert.strictEqual(yield* waiting.send(approved, { by: secret }), "sent")
      assert.notInclude(yield* everything, secret)
      yield* performIdle
      assert.isTrue(Option.isSome(yield* Stepped.complete(Order.ref(1), collect, Stepped.Outcome.succeeded(secret))))
      yield* performIdle
      const all = yield* everything
      for (const text of [secret, "reserved with", "with 4111"]) assert.notInclude(all, text)
      assert.include(all, "stepped1.one.")
      // and for the program all of it is there
      assert.strictEqual(yield* paid.await, `7 with ${secret}, reserved with ${secret}`)
      assert.strictEqual(yield* pending.await, `8 with ${secret}, reserved with ${secret}`)
      assert.strictEqual(yield* waiting.await, `${secret} by ${secret}`)
      const error = yield* Effect.flip(refused.await)
      assert.instanceOf(error, Declined)
      assert.strictEqual((error as { number: string }).number, secret)
      assert.strictEqual((yield* recordOf(refused.id)).cause?.message, "Declined, encrypted")
      assert.deepStrictEqual(seen.filter((line) => line === `reserve ${secret}`).length, 3)
    }))

  test("22.2: keys of lanes and checksums are of the values, and the same is the same however it is encrypted", () =>
    Effect.gen(function*() {
      const orders = yield* order
      const first = yield* orders.payLater(card, 7)
      const busy = yield* orders.payLater(card, 8)
      yield* performIdle
      yield* first.await
      yield* busy.await
      const records = yield* Effect.flatMap(ActionRepo, (repo) => repo.list({ name: "pay" }))
      assert.deepStrictEqual(
        records.map(({ lane }) => lane),
        ["owner/Ada", "owner/Ada"].map((lane) => records[0]!.lane ?? lane)
      )
      // achieved: the last one's checksum
      const achieved = yield* orders.payLater(card, 8)
      yield* performIdle
      assert.strictEqual(yield* achieved.await, yield* busy.await)
      assert.deepStrictEqual(yield* statusesOf("pay"), ["succeeded", "succeeded"])

      const once = (yield* Orders.client).with({ idempotencyKey: "order 7" })
      const named = yield* once(1).payLater(card, 9)
      assert.strictEqual((yield* once(1).payLater({ number: secret, owner: "Ada" }, 9)).id, named.id)
      const another = yield* Effect.flip(once(1).payLater({ ...card, number: "5500" }, 9))
      assert.instanceOf(another.reason, IdempotencyConflict)
      // a new first key changes nothing
      const later = programWith([two, one])
      yield* deployed(later.Orders.layer)(Effect.gen(function*() {
        const again = (yield* later.Orders.client).with({ idempotencyKey: "order 7" })
        assert.strictEqual((yield* again(1).payLater(card, 9)).id, named.id)
      }))
      yield* performIdle
      yield* named.await

      yield* orders.collectLater(card)
      yield* performIdle
      const complete = (result: string) =>
        Stepped.complete(Order.ref(1), collect, Stepped.Outcome.succeeded(result), { key: "event 1" })
      const completed = yield* complete(secret)
      assert.isTrue(Option.isSome(completed))
      assert.deepStrictEqual(yield* complete(secret), completed)
      assert.instanceOf(yield* Effect.flip(complete("another")), CompletionConflict)

      const waiting = yield* orders.waitLater(card)
      yield* performIdle
      const send = (by: string) => waiting.send(approved, { by }, { key: "mail 1" })
      assert.deepStrictEqual([yield* send("Bob"), yield* send("Bob")], ["sent", "repeated"])
      assert.instanceOf(yield* Effect.flip(send("Eve")), SignalConflict)
      yield* performIdle
      assert.strictEqual(yield* waiting.await, `${secret} by Bob`)
    }))

  test("22.2, 20.6: a schedule is the same however its arguments were encrypted, and is stored as they were last", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const of = ({ Orders, pay }: typeof program) =>
        ({ every: "1 hour", actions: Orders, actor: 1, action: pay, args: [card, 7] }) as const
      const put = Effect.fnUntraced(function*(by: typeof program) {
        return yield* (yield* Schedules).put("row", of(by))
      })
      const stored = sql<{ hash: string; text: string }>`
        select hash, arguments ->> 0 as text from stepped.schedules order by name`
      const declared = Effect.fnUntraced(function*(by: typeof program) {
        const layer = Layer.orDie(Stepped.schedule("code", of(by)))
        yield* deployed(Layer.provideMerge(layer, by.Orders.layer))(performSteppedActions({ schedules: true }))
      })
      assert.strictEqual(yield* put(program), "created")
      yield* declared(program)
      const before = yield* stored
      for (const { text } of before) assert.match(text, /^stepped1\.one\./)
      // the same program, and one whose first key is a new one
      for (const [by, name] of [[program, "one"], [programWith([two, one]), "two"]] as const) {
        assert.strictEqual(yield* put(by), "same")
        yield* declared(by)
        const now = yield* stored
        assert.deepStrictEqual(now.map(({ hash }) => hash), before.map(({ hash }) => hash))
        assert.isTrue(now[1]!.text.startsWith(`stepped1.${name}.`))
      }
      assert.strictEqual(
        yield* Effect.flatMap(Schedules, (schedules) => schedules.put("row", { ...of(program), args: [card, 8] })),
        "changed"
      )
    }))

  test("22.2: a failed signal that comes twice under its key is one", () =>
    Effect.gen(function*() {
      const waiting = yield* (yield* order).waitLater(card)
      yield* performIdle
      const send = (why: string) => waiting.sendFailure(approved, why, { key: "mail 1" })
      assert.deepStrictEqual([yield* send(secret), yield* send(secret)], ["sent", "repeated"])
      assert.instanceOf(yield* Effect.flip(send("another")), SignalConflict)
      yield* performIdle
      assert.notInclude(yield* everything, secret)
      assert.strictEqual(yield* Effect.flip(waiting.await), secret)
    }))

  test("22.2, 9.1, 18.1: further attempts, and who goes on for what has failed, find children that have succeeded", () =>
    Effect.gen(function*() {
      const orders = yield* order
      scene.gate = Effect.die("broken")
      const handle = yield* orders.pairLater(card)
      yield* performIdle
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      yield* Effect.flip(handle.await)
      const performed = () => seen.filter((line) => line === `reserve ${secret}`).length
      assert.strictEqual(performed(), 1)
      scene.gate = Effect.succeed("open")
      const verb = yield* Effect.flatMap(ActionRepo, (repo) => repo.retry(handle.id))
      assert.strictEqual(verb._tag, "Retried")
      yield* performIdle
      assert.strictEqual(performed(), 1)
      const [latest] = yield* Effect.flatMap(ActionRepo, (repo) => repo.list({ name: "pair" }))
      assert.strictEqual(latest!.status, "succeeded")
    }))

  test("22.1: a descendant's encrypted error is read by who has waited, and by nobody at once", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* order).outerLater(card)
      yield* performIdle
      const failed = yield* Effect.flip(handle.await)
      assert.instanceOf(failed, ActionFailed)
      assert.include(failed.message, "Declined, encrypted")
      assert.deepStrictEqual(failed.errorOf(program.pay), Option.none())
      assert.strictEqual(Option.getOrThrow(yield* failed.readErrorOf(program.pay)).number, secret)
      assert.notInclude(yield* everything, secret)
    }))

  it("22.1: of two fields that are encrypted one is not read as the other, also where they look alike", () => {
    const { encrypted } = Stepped.encryption([one])
    const print = (field: string) => fingerprintOf(encrypted(field, Schema.String))
    assert.strictEqual(print("Order.card"), print("Order.card"))
    assert.notStrictEqual(print("Order.card"), print("Order.iban"))
    assert.notStrictEqual(print("Order.card"), fingerprintOf(Schema.String))
  })

  test("22.2, 18.1: of what was taken over it is found out what it was, also where nobody has noted that", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* order).bothLater(card)
      yield* performIdle
      yield* TestClock.adjust("2 hours")
      yield* performIdle
      yield* Effect.flip(handle.await)
      const verb = yield* Effect.flatMap(ActionRepo, (repo) => repo.retry(handle.id))
      assert.strictEqual(verb._tag, "Retried")
      yield* performIdle
      // its body asks again, for the signal and for the same child
      assert.deepStrictEqual(seen, [`reserve ${secret}`])
      const [latest] = yield* Effect.flatMap(ActionRepo, (repo) => repo.list({ name: "both" }))
      assert.strictEqual(yield* Stepped.send(latest!.id, approved, { by: "Bob" }), "sent")
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("both"), ["failed", "succeeded"])
    }))

  test("22.1: what no key opens fails with the error of its place, and says nothing of what it was", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const orders = yield* order
      const queued = yield* orders.collectLater(card)
      const other = programWith([two], "Order.other")
      const later = yield* deployed(other.Orders.layer)(
        Effect.flatMap(other.Orders.client, (orders) => orders(3).payLater({ owner: "Cy", number: secret }, 1))
      )
      const swapped = yield* orders.payLater({ owner: "Di", number: secret }, 1)
      // the ciphertext of one argument in another field's place
      yield* sql`update stepped.jobs set arguments = jsonb_build_array('stepped1.one.AAAA', 1) where action = ${swapped.id}::uuid`
      yield* performIdle
      for (const { id } of [later, swapped]) {
        const { cause, status } = yield* recordOf(id)
        assert.strictEqual(status, "failed")
        assert.include(cause!.message, "Order.card is not what one of the keys has encrypted for it")
        assert.notInclude(JSON.stringify(cause), secret)
      }
      assert.strictEqual((yield* recordOf(queued.id)).status, "performing")
      yield* Stepped.complete(Order.ref(1), collect, Stepped.Outcome.succeeded(secret))

      const signalled = yield* orders.waitLater(card)
      yield* performIdle
      yield* signalled.send(approved, { by: "Bob" })
      yield* sql`update stepped.signals set payload = '"stepped1.one.AAAA"' where action = ${signalled.id}::uuid`
      yield* performIdle
      assert.include((yield* recordOf(signalled.id)).cause!.message, "Order.approval is not what one of the keys")

      const paid = yield* orders.payLater(card, 3)
      yield* performIdle
      yield* sql`update stepped.ended_actions set result = '"stepped1.one.AAAA"' where id = ${paid.id}::uuid`
      const read = yield* Effect.exit(paid.await)
      assert.isTrue(Exit.isFailure(read))
      assert.include(JSON.stringify(read), "IncompatibleResult")
      assert.notInclude(JSON.stringify(read), secret)
      assert.isNotEmpty(yield* slotsOf(paid.id))
    }))
})
