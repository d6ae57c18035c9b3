/** What other systems send: signed webhooks, and answers with tokens. What is not genuine changes nothing. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer, Option, Redacted, Schema, type Scope } from "effect"
import { HttpServerResponse } from "effect/http"
import type { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { createHmac } from "node:crypto"
import { ActionRepo, Stepped, StorageError } from "stepped"
import * as Http from "stepped/http"
import { performSteppedActions } from "stepped/testing"
import { answering } from "../../src/http/outside.ts"
import { signedHeaders, verified } from "../../src/http/Webhook.ts"
import { embedded, healthy } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { charge, deliver, Order, Orders, paid } from "./fixtures/orders.ts"
import { type Serving, serving } from "./fixtures/serving.ts"

const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`
const older = `whsec_${Buffer.alloc(32, 8).toString("base64")}`
const keyOf = (text: string) => Buffer.from(text.replace("whsec_", ""), "base64")
const Tokens = Stepped.Tokens.layer([{ name: "one", secret: Redacted.make("0123456789abcdef0123456789abcdef") }])

const Routes = Layer.mergeAll(
  Http.webhook("/hooks/payments", {
    secrets: [Redacted.make(secret), Redacted.make(older)],
    body: Schema.Struct({ order: Schema.Int, receipt: Schema.String }),
    bodyLimit: 1000,
    to: ({ order, receipt }) => Http.completes(Order.ref(order), charge, Stepped.Outcome.succeeded({ receipt }))
  }),
  Http.webhook("/hooks/receipts", {
    secrets: [Redacted.make(secret)],
    body: Schema.Struct({ order: Schema.Union([Schema.Int, Schema.String]), receipt: Schema.String }),
    to: ({ order, receipt }) =>
      Http.sends(typeof order === "string" ? order : Order.ref(order), deliver, paid, { receipt })
  }),
  Http.receiving({ bodyLimit: 1000 })
)

const test = <A, E>(
  name: string,
  scenario: (serving: Serving) => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient | Scope.Scope>
) =>
  it.effect(name, () =>
    Effect.flatMap(serving(Routes), scenario).pipe(
      Effect.andThen(healthy),
      Effect.scoped,
      Effect.provide(Orders.layer.pipe(Layer.provideMerge(Tokens), Layer.provideMerge(embedded.layer())))
    ))

const vector = {
  secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  at: 1614265330,
  body: "{\"test\": 2432232314}",
  signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
}

describe("21.4: the Standard Webhooks scheme", () => {
  const body = Buffer.from(vector.body)
  const headers = signedHeaders([keyOf(vector.secret)], vector.id, vector.at * 1000, body)

  it("signs and knows its public vector", () => {
    assert.deepStrictEqual(headers, {
      "webhook-id": vector.id,
      "webhook-timestamp": String(vector.at),
      "webhook-signature": vector.signature
    })
    const knows = (change: object, seconds = 0, keys = [keyOf(vector.secret)], of = body) =>
      verified(keys, { ...headers, ...change }, of, (vector.at + seconds) * 1000)
    assert.strictEqual(knows({}), vector.id)
    assert.strictEqual(knows({}, 300), vector.id)
    assert.strictEqual(knows({}, -300), vector.id)
    assert.strictEqual(knows({}, 0, [keyOf(secret), keyOf(vector.secret)]), vector.id)
    assert.strictEqual(knows({ "webhook-signature": `v1a,AAAA v1,Zm9v ${vector.signature}` }), vector.id)
    assert.isUndefined(knows({}, 301))
    assert.isUndefined(knows({}, -301))
    assert.isUndefined(knows({}, 0, [keyOf(secret)]))
    assert.isUndefined(knows({}, 0, undefined, Buffer.from("{\"test\":2432232314}")))
  })
})

const valid = JSON.stringify({ order: 1, receipt: "r-1" })
const now = Clock.Clock.defaultValue().currentTimeMillis

/** Sends a body with these headers. */
const sending = (
  { url }: Serving,
  body: string | Buffer,
  headers: Readonly<Record<string, string>>,
  path = "/hooks/payments"
) =>
  Effect.promise(async () => {
    const response = await fetch(url + path, { method: "POST", body, headers })
    return { status: response.status, body: await response.json() as any }
  })

describe("21.4: a webhook", () => {
  test("completes its action once, under its id, by either secret", (serving) =>
    Effect.gen(function*() {
      const handle = yield* (yield* Orders.client)(1).chargeLater()
      yield* performSteppedActions({ until: "1 second" }).pipe(Effect.exit)
      const at = yield* now
      const headers = signedHeaders([keyOf(older)], "evt_1", at, Buffer.from(valid))
      assert.deepStrictEqual((yield* sending(serving, valid, headers)).body, { received: "evt_1" })
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* handle.await, { receipt: "r-1" })
      // it comes again, also where another one performs by then
      yield* (yield* Orders.client)(1).chargeLater()
      yield* performSteppedActions({ until: "1 second" }).pipe(Effect.exit)
      assert.strictEqual((yield* sending(serving, valid, headers)).status, 200)
      const other = JSON.stringify({ order: 1, receipt: "r-2" })
      const conflict = yield* sending(serving, other, signedHeaders([keyOf(secret)], "evt_1", at, Buffer.from(other)))
      assert.deepStrictEqual([conflict.status, conflict.body._tag], [409, "CompletionConflict"])
      const repo = yield* ActionRepo
      assert.deepStrictEqual((yield* repo.list()).map(({ status }) => status), ["performing", "succeeded"])
      yield* (yield* Orders.client)(1).chargeLater()
    }))

  test("that is a signal counts once for all actions of its actor, also where the action has ended by then", (serving) =>
    Effect.gen(function*() {
      const client = (yield* Orders.client)(1)
      const repo = yield* ActionRepo
      const perform = Effect.exit(performSteppedActions({ until: "1 second" }))
      const send = (order: number | string, receipt: string, id: string) =>
        Effect.gen(function*() {
          const body = JSON.stringify({ order, receipt })
          const headers = signedHeaders([keyOf(secret)], id, yield* now, Buffer.from(body))
          const answer = yield* sending(serving, body, headers, "/hooks/receipts")
          yield* perform
          return [answer.status, answer.body._tag ?? "received"]
        })
      const first = yield* client.deliverLater()
      yield* perform
      assert.deepStrictEqual(yield* send(1, "r-1", "evt_1"), [200, "received"])
      assert.strictEqual(yield* first.await, "r-1")
      // the answer was lost: nobody is there, and then another one
      assert.deepStrictEqual(yield* send(1, "r-1", "evt_1"), [200, "received"])
      assert.deepStrictEqual(yield* send(first.id, "r-1", "evt_1"), [200, "received"])
      assert.deepStrictEqual(yield* send(1, "r-9", "evt_9"), [404, "NotFound"])
      const second = yield* client.deliverLater()
      yield* perform
      assert.deepStrictEqual(yield* send(1, "r-1", "evt_1"), [200, "received"])
      assert.deepStrictEqual(yield* send(1, "r-2", "evt_1"), [409, "SignalConflict"])
      assert.strictEqual(Option.getOrThrow(yield* repo.find(second.id)).status, "performing")
      assert.deepStrictEqual(yield* send(second.id, "r-2", "evt_2"), [200, "received"])
      assert.strictEqual(yield* second.await, "r-2")
      assert.deepStrictEqual(yield* send(second.id, "r-2", "evt_2"), [200, "received"])
      assert.deepStrictEqual(yield* send(second.id, "r-3", "evt_3"), [404, "NotFound"])
      // its keys go with the history
      yield* TestClock.adjust("60 days")
      yield* repo.deleteEnded({ before: new Date(yield* Clock.currentTimeMillis) })
    }))

  test("that is forged, late, truncated or encoded anew is refused, each in the same words, and nothing is changed", (serving) =>
    Effect.gen(function*() {
      yield* (yield* Orders.client)(1).chargeLater()
      yield* performSteppedActions({ until: "1 second" }).pipe(Effect.exit)
      const at = yield* now
      const signed = (body: string | Buffer, id = "evt_1", ms = at, key = keyOf(secret)) =>
        signedHeaders([key], id, ms, Buffer.from(body))
      const genuine = signed(valid)
      const [, mac] = genuine["webhook-signature"]!.split(",") as [string, string]
      const hex = Buffer.from(mac, "base64").toString("hex")
      const timestamp = genuine["webhook-timestamp"]!
      const bare = createHmac("sha256", keyOf(secret)).update(valid).digest("base64")
      const asText = createHmac("sha256", secret).update(`evt_1.${timestamp}.${valid}`).digest("base64")
      const without = (name: string) => Object.fromEntries(Object.entries(genuine).filter(([key]) => key !== name))
      const forged: ReadonlyArray<readonly [string | Buffer, Readonly<Record<string, string>>]> = [
        // no signature, or none of this
        [valid, {}],
        ...["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => [valid, without(name)] as const),
        ...[
          "",
          " ",
          "v1",
          "v1,",
          "v1,,",
          mac,
          `v1,${hex}`,
          `v1,${mac.slice(0, -1)}`,
          `v1,${mac.slice(0, 20)}`,
          `v1,${mac}=`,
          `v1,${mac}A`,
          `V1,${mac}`,
          `v2,${mac}`,
          `v1a,${mac}`,
          `v1 ${mac}`,
          `v1=${mac}`,
          `v1,${mac.replaceAll("+", "-").replaceAll("/", "_").replace("=", "")}`,
          `v1,${Buffer.alloc(32).toString("base64")}`,
          `v1,${bare}`,
          `v1,${asText}`,
          `v1,${mac.split("").reverse().join("")}`,
          `${"v1,AAAA ".repeat(30)}v1,${mac}`
        ].map((signature) => [valid, { ...genuine, "webhook-signature": signature }] as const),
        // of another secret, of none
        [valid, signed(valid, "evt_1", at, Buffer.alloc(32, 9))],
        [valid, signed(valid, "evt_1", at, Buffer.alloc(0))],
        // another id, another time
        ...["evt_2", "evt_1,evt_1", "EVT_1", "evt_1.", "", "x".repeat(256)].map((id) =>
          [valid, { ...genuine, "webhook-id": id }] as const
        ),
        [valid, signed(valid, "x".repeat(201))],
        [valid, signed(valid, "evt 1")],
        ...[
          String(Number(timestamp) + 1),
          String(Number(timestamp) - 1),
          `${timestamp}.0`,
          `0${timestamp}`,
          `+${timestamp}`,
          "NaN",
          "Infinity",
          "",
          "0x10",
          "-1",
          "9".repeat(13)
        ].map((text) => [valid, { ...genuine, "webhook-timestamp": text }] as const),
        // replayed late, or sent ahead
        [valid, signed(valid, "evt_1", at - 301_000)],
        [valid, signed(valid, "evt_1", at - 86_400_000)],
        [valid, signed(valid, "evt_1", at + 310_000)],
        [valid, signed(valid, "evt_1", 0)],
        // another body, encoded anew, truncated
        ...[
          JSON.stringify({ order: 2, receipt: "r-1" }),
          JSON.stringify(JSON.parse(valid), null, 1),
          `${valid}\n`,
          ` ${valid}`,
          `\ufeff${valid}`,
          valid.slice(0, -1),
          valid.slice(0, 5),
          "",
          "null",
          valid.replace("r-1", "r\\u002d1"),
          valid.replace("1", "1.0")
        ].map((body) => [body, genuine] as const),
        [Buffer.from(valid, "utf16le"), genuine]
      ]
      assert.isAtLeast(forged.length, 60)
      for (const [i, [body, headers]] of forged.entries()) {
        const answer = yield* sending(serving, body, headers)
        assert.deepStrictEqual(
          [answer.status, answer.body],
          [401, { _tag: "InvalidWebhook", message: "this webhook is not genuine, or not of now" }],
          `${i}: ${body} ${JSON.stringify(headers)}`
        )
      }
      const repo = yield* ActionRepo
      const [record] = yield* repo.list()
      assert.deepStrictEqual([record?.status, record?.result ?? "none"], ["performing", "none"])
      yield* finish(serving)
    }))

  test("whose body does not fit is 422, and one that is too large 413; the action stays open", (serving) =>
    Effect.gen(function*() {
      yield* (yield* Orders.client)(1).chargeLater()
      yield* performSteppedActions({ until: "1 second" }).pipe(Effect.exit)
      const at = yield* now
      const send = (body: string) =>
        sending(serving, body, signedHeaders([keyOf(secret)], "evt_9", at, Buffer.from(body)))
      for (const body of ["{}", "[]", "1", "{\"order\":\"1\",\"receipt\":\"r\"}", "{\"order\":1,\"receipt\":2}"]) {
        assert.strictEqual((yield* send(body)).status, 422, body)
      }
      assert.strictEqual((yield* send("{")).status, 400)
      const deep = "[".repeat(400) + "]".repeat(400)
      assert.include((yield* send(deep)).body.message, "nested more than 200 deep")
      assert.strictEqual((yield* send(JSON.stringify({ order: 1, receipt: "r".repeat(1000) }))).status, 413)
      assert.strictEqual((yield* send(JSON.stringify({ order: 7, receipt: "r" }))).status, 404)
      const [record] = yield* Effect.flatMap(ActionRepo, (repo) => repo.list())
      assert.strictEqual(record?.status, "performing")
      yield* finish(serving)
    }))

  it.effect("is not taken where a secret is none", () =>
    Effect.gen(function*() {
      for (const secrets of [[], ["short"], ["whsec_"], ["whsec_!!!"], [secret, "whsec_AAAA"]]) {
        const error = yield* Effect.flip(serving(Http.webhook("/hook", {
          secrets: secrets.map((text) => Redacted.make(text)),
          body: Schema.Json,
          to: () => Http.ignores
        })))
        assert.include(String((error as any).message), "secrets of a webhook")
        assert.notInclude(String((error as any).message), "short")
      }
    }).pipe(Effect.scoped, Effect.provide(embedded.layer())))

  it.effect("that cannot be stored is 503: whoever sends it learns nothing of the database", () =>
    Effect.gen(function*() {
      const cause = new Error("no pg_hba.conf entry for host 10.1.2.3, user admin")
      const error = new StorageError({ operation: "completeKeyed", isRetryable: true, cause })
      const answer = HttpServerResponse.toWeb(yield* Effect.flip(answering(Effect.fail(error))))
      const body = yield* Effect.promise(() => answer.json())
      assert.deepStrictEqual([answer.status, body], [503, {
        _tag: "StorageError",
        message: "it cannot be stored just now: send it again"
      }])
    }))

  it.effect("is not taken where a limit is none: it would let everything through, or nothing", () =>
    Effect.gen(function*() {
      const wrong: ReadonlyArray<Http.OutsideLimits> = [
        { bodyLimit: NaN },
        { bodyLimit: 0 },
        { bodyLimit: 1.5 },
        { bodyLimit: Infinity },
        { rate: NaN },
        { rate: 0.5 },
        { rate: -1 },
        { rate: Infinity }
      ]
      for (const limits of wrong) {
        const [field = ""] = Object.keys(limits)
        const target = { secrets: [Redacted.make(secret)], body: Schema.Json, to: () => Http.ignores }
        const webhook = yield* Effect.flip(serving(Http.webhook("/hook", { ...target, ...limits })))
        const receiving = yield* Effect.flip(Effect.provide(serving(Http.receiving(limits)), Tokens))
        for (const error of [webhook, receiving]) {
          assert.strictEqual(error._tag, "InvalidOption")
          assert.include(error.message, `${field} is `)
        }
      }
    }).pipe(Effect.scoped, Effect.provide(embedded.layer())))
})

/** Has the open one end. */
const finish = (serving: Serving) =>
  Effect.gen(function*() {
    const headers = signedHeaders([keyOf(secret)], "evt_end", yield* now, Buffer.from(valid))
    assert.strictEqual((yield* sending(serving, valid, headers)).status, 200)
    yield* performSteppedActions()
  })

describe("12.2, 21.4: an answer with a token", () => {
  test("is received once; what is not genuine changes nothing", (serving) =>
    Effect.gen(function*() {
      seen.length = 0
      const handle = yield* (yield* Orders.client)(1).deliverLater()
      yield* performSteppedActions({ until: "1 second" }).pipe(Effect.exit)
      const [token] = seen as ReadonlyArray<string>
      const send = (text: string, body: unknown, query = "") => serving.post(`/receive/${text}${query}`, body)
      const flipped = (i: number) => `${token!.slice(0, i)}${token![i] === "A" ? "B" : "A"}${token!.slice(i + 1)}`
      for (
        const text of [
          "x",
          token!.slice(0, -1),
          token!.slice(1),
          `${token}A`,
          token!.toUpperCase(),
          flipped(0),
          flipped(40),
          flipped(token!.length - 10),
          encodeURIComponent(`${token} `),
          "%00",
          `${token}.${token}`
        ]
      ) {
        const { status } = yield* send(text, { receipt: "r" })
        assert.include([401, 404], status, text)
      }
      for (const body of [{}, { receipt: 1 }, [], 1]) assert.strictEqual((yield* send(token!, body)).status, 422)
      assert.strictEqual((yield* send(token!, { receipt: "r".repeat(1000) })).status, 413)
      assert.strictEqual((yield* send(token!, {}, "?outcome=done")).status, 400)
      for (const query of ["?outcom=failed", "?outcome=failed&reason=x", "?Outcome=failed"]) {
        const { body, status } = yield* send(token!, { receipt: "r" }, query)
        assert.deepStrictEqual([status, body._tag], [400, "BadRequest"], query)
      }
      const deep = yield* send(token!, JSON.parse("[".repeat(400) + "]".repeat(400)))
      assert.deepStrictEqual([deep.status, deep.body._tag], [400, "BadRequest"])
      const [open] = yield* Effect.flatMap(ActionRepo, (repo) => repo.list())
      assert.strictEqual(open?.status, "performing")
      assert.deepStrictEqual((yield* send(token!, { receipt: "r-1" })).body, { received: "received" })
      assert.deepStrictEqual((yield* send(token!, { receipt: "r-1" })).body, { received: "received" })
      assert.strictEqual((yield* send(token!, { receipt: "r-2" })).status, 409)
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "r-1")
    }))
})
