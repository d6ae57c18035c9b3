/** How much other systems may send, and that nobody is kept out by others who send what is not genuine. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer, Redacted, Schema } from "effect"
import { Stepped } from "stepped"
import * as Http from "stepped/http"
import { makeRate } from "../../src/http/rate.ts"
import { signedHeaders } from "../../src/http/Webhook.ts"
import { embedded } from "../harness/databases.ts"
import { type Serving, serving } from "./fixtures/serving.ts"

const key = Buffer.alloc(32, 7)
const Tokens = Stepped.Tokens.layer([{ name: "one", secret: Redacted.make("0123456789abcdef0123456789abcdef") }])

const now = Clock.Clock.defaultValue().currentTimeMillis

const send = ({ url }: Serving, body: string, headers: Readonly<Record<string, string>>) =>
  Effect.promise(async () => {
    const response = await fetch(`${url}/hook`, { method: "POST", body, headers })
    await response.text()
    return { status: response.status }
  })

describe("21.4: a rate", () => {
  it("lets so many through in a second, and then more by and by", () => {
    const clock = { ms: 0 }
    const { take } = makeRate(2, () => clock.ms)
    const times = (ms: number) => {
      clock.ms = ms
      return [take(), take(), take()]
    }
    assert.deepStrictEqual(times(0), [true, true, false])
    assert.deepStrictEqual(times(499), [false, false, false])
    assert.deepStrictEqual(times(999), [true, false, false])
    assert.deepStrictEqual(times(60_000), [true, true, false])
  })
})

it.effect("21.4: what is genuine is not kept out by what is not, which has a rate of its own", () =>
  Effect.gen(function*() {
    const api = yield* serving(Layer.mergeAll(
      Http.webhook("/hook", {
        secrets: [Redacted.make(`whsec_${key.toString("base64")}`)],
        body: Schema.Json,
        rate: 1,
        to: () => Http.ignores
      }),
      Http.receiving({ rate: 1 })
    ))
    const token = yield* Effect.flatMap(Stepped.Tokens, ({ sign }) =>
      sign({
        definition: "Order/deliver",
        action: "0199c2f0-0000-7000-8000-000000000000",
        step: 0,
        attempt: 1,
        signal: "paid",
        number: 0,
        expiresAt: undefined
      }))
    const times = <A>(one: Effect.Effect<A>) => Effect.all(Array.from({ length: 50 }, () => one), { concurrency: 50 })
    const headers = signedHeaders([key], "evt_1", yield* now, Buffer.from("1"))
    for (
      const [genuine, forged, status] of [
        [send(api, "1", headers), send(api, "2", headers), 200],
        [api.post(`/receive/${token}`, {}), api.post(`/receive/${token}A`, {}), 410]
      ] as const
    ) {
      // so many at a time are never of 50 seconds
      const refused = new Set((yield* times<{ readonly status: number }>(forged)).map(({ status }) => status))
      assert.deepStrictEqual([...refused].toSorted(), [401, 429])
      assert.strictEqual((yield* genuine).status, status)
      const taken = new Set((yield* times<{ readonly status: number }>(genuine)).map(({ status }) => status))
      assert.isTrue(taken.has(429))
    }
  }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(Tokens, embedded.layer()))))
