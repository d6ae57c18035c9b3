/** Rule 12.2: tokens that steps give away, and the answers that come with them. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import {
  ActionRepo,
  CompletionConflict,
  type Engine,
  InvalidOption,
  InvalidOutcome,
  InvalidSignal,
  InvalidToken,
  SignalConflict,
  Stepped,
  type TokenKey,
  type Tokens
} from "stepped"
import { healthy, suite } from "../harness/databases.ts"
import { layerDeploy } from "../harness/deploying.ts"
import { slotsOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { forgeries } from "./fixtures/forgeries.ts"
import { Accounts, exported, ExportFailed, given, key, scene } from "./fixtures/tokens.ts"

const { cancelled, failed, succeeded, succeededVoid, timedOut } = Stepped.Outcome
const file = { url: "/may", at: "2026-01-02T03:04:05.678Z" }
const why = { _tag: "ExportFailed", why: "no disk" }
const day = new Date(file.at)

suite("tokens", (engine) => {
  const layer = Accounts.layer.pipe(
    Layer.provideMerge(Layer.merge(engine.layer(), Layer.orDie(Stepped.Tokens.layer([key("a")]))))
  )
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient | Tokens>
  ) => it.effect(name, () => Effect.provide(Effect.andThen(scenario(), healthy), layer))
  const account = Effect.map(Accounts.client, (accounts) => accounts(7))
  const withKeys = (...keys: ReadonlyArray<TokenKey>) => <A, E>(effect: Effect.Effect<A, E, Engine | Tokens>) =>
    Effect.provide(effect, Stepped.Tokens.layer(keys), { local: true })

  test("12.2: who has a token sends its signal, as JSON, and whoever repeats it gets the same answer", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* account).reportLater()
      yield* performIdle
      assert.strictEqual(yield* Stepped.receive(given[0]!, succeeded(file)), "received")
      assert.strictEqual(yield* Stepped.receive(given[0]!, succeeded(file)), "received")
      yield* performIdle
      assert.strictEqual(yield* handle.await, `/may at ${day.getTime()}`)
      assert.strictEqual(yield* Stepped.receive(given[0]!, succeeded(file)), "received")
      const signals = yield* Effect.flatMap(ActionRepo, (repo) => repo.signals(handle.id))
      assert.deepStrictEqual(signals.map(({ name, payload }) => [name, payload]), [["exported", file]])
      // who reads the tables learns nothing that counts as the token, or of its signature
      assert.notInclude(JSON.stringify(signals), given[0]!.slice(-43))
      const error = yield* Effect.flip(Stepped.receive(given[0]!, succeeded({ ...file, url: "/june" })))
      assert.instanceOf(error, SignalConflict)
    }))

  test("12.2: a failure that comes with a token is the step's, and the next attempt has a token of its own", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* account).reportLater()
      yield* performIdle
      assert.strictEqual(yield* Stepped.receive(given[0]!, failed(why)), "received")
      yield* performIdle
      assert.strictEqual(given.length, 2)
      assert.strictEqual(yield* Stepped.receive(given[0]!, failed(why)), "received")
      assert.strictEqual(yield* Stepped.receive(given[1]!, failed({ ...why, why: "still" })), "received")
      yield* performIdle
      const error = yield* Effect.flip(handle.await)
      assert.instanceOf(error, ExportFailed)
      assert.include(error, { why: "still" })
    }))

  test("12.2: who has a token completes its action, once, also with an error of its own", () =>
    Effect.gen(function*() {
      const client = yield* account
      const ends = [succeeded(file.at), failed(why), failed(), cancelled, timedOut]
      for (const [index, end] of ends.entries()) {
        const handle = yield* client.chargeNow()
        const token = given[index]!
        assert.strictEqual(yield* Stepped.receive(token, end), "received")
        assert.strictEqual(yield* Stepped.receive(token, end), "received")
        assert.instanceOf(
          yield* Effect.flip(Stepped.receive(token, index === 0 ? cancelled : succeeded(file.at))),
          CompletionConflict
        )
        const { status } = yield* handle.status
        assert.strictEqual(status, end.status)
        if (index === 0) assert.deepStrictEqual(yield* handle.await, day)
        if (index === 1) assert.instanceOf(yield* Effect.flip(handle.await), ExportFailed)
      }
    }))

  test("12.2: forged, truncated, re-encoded, altered, of other keys, expired: none gets through, and all have one answer", () =>
    Effect.gen(function*() {
      const client = yield* account
      const handle = yield* client.reportLater()
      yield* client.chargeLater()
      yield* (yield* Accounts.client)(8).reportLater()
      yield* performIdle
      const all = forgeries(given[0]!, given[1]!)
      assert.isAtLeast(all.length, 60)
      const answers = new Set<string>()
      const receive = (token: unknown) => Stepped.receive(token as string, succeeded(file))
      const refused = <R>(received: Effect.Effect<unknown, { readonly _tag: string; readonly message: string }, R>) =>
        Effect.map(Effect.flip(received), (error) => {
          assert.instanceOf(error, InvalidToken)
          answers.add(JSON.stringify([error._tag, error.message, Object.keys(error)]))
        })
      for (const forged of all) yield* refused(receive(forged))
      // of other keys, with the same name or another one
      const other = { name: "a", secret: Redacted.make("another secret of thirty-two characters") }
      for (const keys of [[key("b")], [other], [key("b"), other]]) yield* refused(withKeys(...keys)(receive(given[0]!)))
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["open"])
      assert.strictEqual(yield* receive(given[0]!), "received")
      // expired: one that has been received, one that nobody has come with, and one that is altered
      yield* TestClock.adjust("1 hour")
      for (const expired of [given[0]!, given[2]!, `${given[2]!}A`]) yield* refused(receive(expired))
      assert.strictEqual(answers.size, 1)
      yield* performIdle
    }))

  test("12.2: nothing is asked of the database for one that is not valid, and an expired one is not", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* account).reportLater()
      yield* performIdle
      yield* TestClock.adjust("1 hour")
      const sql = yield* SqlClient.SqlClient
      // in a transaction that has failed nothing can be asked
      const error = yield* Effect.flip(sql.withTransaction(Effect.gen(function*() {
        yield* Effect.exit(sql`select 1 / 0`)
        const forged = yield* Effect.flip(Stepped.receive(`${given[0]!}A`, succeeded(file)))
        assert.instanceOf(forged, InvalidToken)
        return yield* Stepped.receive(given[0]!, succeeded(file))
      })))
      assert.instanceOf(error, InvalidToken)
      yield* performIdle
      yield* handle.cancel()
    }))

  test("12.2: a token counts until it expires, to the millisecond", () =>
    Effect.gen(function*() {
      yield* Effect.flatMap(account, (client) => client.chargeLater())
      const client = yield* account
      yield* client.reportLater()
      yield* performIdle
      const token = given.find((text) => text !== given[0])!
      yield* TestClock.adjust(3_599_999)
      // nobody has looked at the time of the wait yet: what comes after it stays unread
      assert.strictEqual(yield* Stepped.receive(token, succeeded(file)), "received")
      yield* TestClock.adjust(1)
      assert.instanceOf(yield* Effect.flip(Stepped.receive(token, succeeded(file))), InvalidToken)
    }))

  test("12.2: one whose attempt is over is late, and settles nothing", () =>
    Effect.gen(function*() {
      const client = yield* account
      const handle = yield* client.reportLater()
      yield* performIdle
      yield* TestClock.adjust("30 minutes")
      yield* performIdle
      assert.strictEqual(given.length, 2)
      assert.strictEqual(yield* Stepped.receive(given[0]!, succeeded(file)), "late")
      assert.strictEqual(yield* Stepped.receive(given[0]!, failed(why)), "late")
      yield* performIdle
      assert.deepStrictEqual((yield* slotsOf(handle.id)).at(-1), "open")
      assert.strictEqual(yield* Stepped.receive(given[1]!, succeeded(file)), "received")
      yield* performIdle
      assert.strictEqual(yield* handle.await, `/may at ${day.getTime()}`)
    }))

  test("12.2: what came for an attempt that has failed since is not the next one's", () =>
    Effect.gen(function*() {
      const client = yield* account
      const handle = yield* client.hastyLater()
      const cart = yield* client.cartLater()
      yield* performIdle
      assert.strictEqual(yield* Stepped.receive(given[0]!, failed(why)), "received")
      assert.strictEqual(yield* Stepped.receive(given[1]!, succeeded(file)), "received")
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["export performing"])
      assert.deepStrictEqual((yield* slotsOf(handle.id)).at(-1), "open")
      // which nobody is to look at
      yield* healthy
      assert.strictEqual(yield* cart.await, 0)
      assert.strictEqual(yield* handle.send(exported, { url: "/june", at: day }), "sent")
      yield* performIdle
      yield* handle.await
    }))

  test("12.2: one of a step that has succeeded counts for what waits later", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* account).earlyLater()
      yield* performIdle
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["ask succeeded", "wait performing"])
      assert.strictEqual(yield* Stepped.receive(given[0]!, succeededVoid), "received")
      yield* performIdle
      yield* handle.await
    }))

  test("12.2: one that completes is late with its attempt, and counts once that has succeeded", () =>
    Effect.gen(function*() {
      scene.fails = 1
      const handle = yield* (yield* account).chargeLater()
      yield* performIdle
      assert.strictEqual(given.length, 2)
      assert.strictEqual(yield* Stepped.receive(given[0]!, succeeded(file.at)), "late")
      assert.strictEqual((yield* handle.status).status, "performing")
      assert.strictEqual(yield* Stepped.receive(given[1]!, succeeded(file.at)), "received")
      assert.strictEqual(yield* Stepped.receive(given[0]!, succeeded(file.at)), "late")
      assert.deepStrictEqual(yield* handle.await, day)
    }))

  test("12.2: one whose action is over is late, and one whose action nobody knows any more is for none", () =>
    Effect.gen(function*() {
      const client = yield* account
      const handles = [yield* client.reportLater(), yield* client.chargeLater()]
      yield* performIdle
      for (const handle of handles) yield* handle.cancel()
      yield* performIdle
      const tokens = [...given]
      const outcomes = tokens.map((token) => {
        const [, , claims] = token.split(".") as [string, string, string]
        return Buffer.from(claims, "base64url").toString().includes("exported") ? succeeded(file) : succeeded(file.at)
      })
      for (const [index, token] of tokens.entries()) {
        assert.strictEqual(yield* Stepped.receive(token, outcomes[index]!), "late")
      }
      yield* TestClock.adjust("30 minutes")
      yield* Effect.flatMap(ActionRepo, (repo) => repo.deleteEnded({ before: new Date(1_800_000) }))
      for (const [index, token] of tokens.entries()) {
        assert.strictEqual(yield* Stepped.receive(token, outcomes[index]!), "none")
      }
    }))

  test("12.2: what does not fit its schema is refused, and nothing is stored", () =>
    Effect.gen(function*() {
      const client = yield* account
      const handle = yield* client.reportLater()
      yield* performIdle
      const token = given[0]!
      for (
        const outcome of [
          succeededVoid,
          succeeded({ url: 7 }),
          failed(),
          failed("no"),
          cancelled,
          timedOut,
          { status: "sent" } as never,
          {} as never
        ]
      ) {
        assert.instanceOf(yield* Effect.flip(Stepped.receive(token, outcome)), InvalidSignal)
      }
      yield* client.chargeLater()
      yield* performIdle
      for (const outcome of [succeededVoid, succeeded("no date"), failed("no"), { status: "pending" } as never]) {
        assert.instanceOf(yield* Effect.flip(Stepped.receive(given[1]!, outcome)), InvalidOutcome)
      }
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["open"])
      assert.strictEqual(yield* Stepped.receive(token, succeeded(file)), "received")
    }))

  test("12.2: a process without the definition takes it as it is, and who performs the action reads it", () =>
    Effect.gen(function*() {
      const client = yield* account
      const [good, bad] = [yield* client.reportLater(), yield* client.chargeLater()]
      yield* performIdle
      const tokens = [...given]
      const isSignal = (token: string) => Buffer.from(token.split(".")[2]!, "base64url").toString().includes("exported")
      const elsewhere = <A, E>(effect: Effect.Effect<A, E, Engine | Tokens>) =>
        Effect.provide(effect, layerDeploy(Layer.empty), { local: true })
      for (const token of tokens) {
        const outcome = isSignal(token) ? succeeded(file) : succeeded(file.at)
        assert.strictEqual(yield* elsewhere(Stepped.receive(token, outcome)), "received")
      }
      yield* performIdle
      assert.strictEqual(yield* good.await, `/may at ${day.getTime()}`)
      assert.deepStrictEqual(yield* bad.await, day)
    }))

  test("12.2: of several keys the first one signs, and all are known", () =>
    Effect.gen(function*() {
      const [old, next] = [key("a"), key("b")]
      yield* Effect.flatMap(account, (client) => client.earlyLater())
      yield* performIdle
      const [token] = given
      assert.include(token, "st1.a.")
      assert.instanceOf(yield* Effect.flip(withKeys(next)(Stepped.receive(token!, succeededVoid))), InvalidToken)
      assert.strictEqual(yield* withKeys(next, old)(Stepped.receive(token!, succeededVoid)), "received")
      yield* performIdle
    }))

  test("12.2: what is received in a transaction commits with it", () =>
    Effect.gen(function*() {
      const client = yield* account
      const [first, second] = [yield* client.earlyLater(), yield* client.chargeLater()]
      yield* performIdle
      const tokens = [...given].map((token) => [token, token.split(".")[2]!] as const).map(([token, claims]) =>
        [
          token,
          Buffer.from(claims, "base64url").toString().includes("done") ? succeededVoid : succeeded(file.at)
        ] as const
      )
      const sql = yield* SqlClient.SqlClient
      const both = Effect.forEach(tokens, ([token, outcome]) => Stepped.receive(token, outcome))
      yield* Effect.exit(sql.withTransaction(Effect.andThen(both, Effect.fail("no"))))
      yield* performIdle
      assert.deepStrictEqual([(yield* first.status).status, (yield* second.status).status], [
        "performing",
        "performing"
      ])
      assert.deepStrictEqual(yield* sql.withTransaction(both), ["received", "received"])
      yield* performIdle
      assert.deepStrictEqual([(yield* first.status).status, (yield* second.status).status], ["succeeded", "succeeded"])
    }))

  test("12.2: two tokens of one attempt are two, each of which counts", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* account).twiceLater()
      yield* performIdle
      assert.notStrictEqual(given[0], given[1])
      for (const token of given) assert.strictEqual(yield* Stepped.receive(token, succeeded(file)), "received")
      yield* performIdle
      assert.strictEqual(yield* handle.await, 2)
    }))

  test("12.2: a step gives away what its action has, for a time that is one", () =>
    Effect.gen(function*() {
      const client = yield* account
      for (
        const [how, words] of [
          ["unlisted", "which wrong does not list"],
          ["complete", "which is not outbound"],
          ["no time", "expiresIn of Step.token"]
        ] as const
      ) {
        const handle = yield* client.wrongNow(how)
        assert.include(yield* Effect.map(Effect.flip(handle.await), ({ message }) => message), words)
      }
    }))

  it.effect("12.2: keys are named, secret, and there", () =>
    Effect.gen(function*() {
      const secret = Redacted.make("of thirty-two characters or more")
      const short = Redacted.make("swordfish")
      for (
        const keys of [
          [],
          [{ name: "", secret }],
          [{ name: "a.b", secret }],
          [{ name: "a".repeat(33), secret }],
          [{ name: "a", secret: short }],
          [key("a"), { name: "a", secret }]
        ]
      ) {
        const error = yield* Effect.flip(Layer.build(Stepped.Tokens.layer(keys)).pipe(Effect.scoped))
        assert.instanceOf(error, InvalidOption)
        assert.notInclude(error.message, "swordfish")
      }
      yield* Effect.scoped(Layer.build(Stepped.Tokens.layer([key("a")])))
    }))
})
