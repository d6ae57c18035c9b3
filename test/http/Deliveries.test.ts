/** Webhooks that a program sends: signed, once for each id, tried again, and to nobody in its own network. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted, Schema } from "effect"
import { ActionRepo, PerformanceLane, Step, Stepped } from "stepped"
import * as Http from "stepped/http"
import { performSteppedActions } from "stepped/testing"
import { isPublic } from "../../src/http/addresses.ts"
import { readUrl } from "../../src/http/posting.ts"
import { verified } from "../../src/http/Webhook.ts"
import { embedded, healthy } from "../harness/databases.ts"
import { receiver } from "./fixtures/receiver.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const visit = Stepped.action("visit", { arguments: [Schema.String] })
  .step(() => Effect.void)
  .succeeded((where) => Step.startOn(Http.Receiver.ref("fleet"), Http.deliver, "car.arrived", { where }))
const Cars = Stepped.actions(Car, [visit])

const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`
const key = Buffer.alloc(32, 7)

const delivering = (url: string, allowPrivate: boolean) =>
  Effect.gen(function*() {
    yield* (yield* Cars.client)(1).visitLater("London")
    yield* performSteppedActions()
    const repo = yield* ActionRepo
    const [delivery] = yield* repo.list({ name: "deliver" })
    yield* healthy
    return delivery
  }).pipe(Effect.provide(
    Layer.mergeAll(
      Cars.layer,
      Http.deliveries({ receivers: { fleet: { url, secrets: [Redacted.make(secret)] } }, allowPrivate })
    ).pipe(Layer.provideMerge(embedded.layer()))
  ))

describe("21.5: a delivery", () => {
  it.effect("is signed, and sent under one id until it is taken", () =>
    Effect.gen(function*() {
      const { got, url } = yield* receiver(500, 302, 204)
      const delivery = yield* delivering(url, true)
      assert.deepStrictEqual([delivery?.status, delivery?.result], ["succeeded", 204])
      assert.lengthOf(got, 3)
      const ids = got.map(({ body, headers }) => {
        const one = (name: string) => String(headers[name])
        const at = Number(one("webhook-timestamp")) * 1000
        return verified(
          [key],
          {
            "webhook-id": one("webhook-id"),
            "webhook-timestamp": one("webhook-timestamp"),
            "webhook-signature": one("webhook-signature")
          },
          body,
          at
        )
      })
      assert.isDefined(ids[0])
      assert.lengthOf(new Set(ids), 1)
      assert.lengthOf(new Set(got.map(({ body }) => body.toString())), 1)
      const { data, timestamp, type } = JSON.parse(got[0]!.body.toString())
      assert.deepStrictEqual([type, data], ["car.arrived", { where: "London" }])
      // user time, which the test's clock is: when it came to be, and not when it is tried
      assert.strictEqual(timestamp, delivery!.enqueuedAt.toISOString())
    }).pipe(Effect.scoped))

  it.effect("to one that does not answer holds up nobody else's, however many they are", () =>
    Effect.gen(function*() {
      const dead = yield* receiver(503)
      const alive = yield* receiver(204)
      const secrets = [Redacted.make(secret)]
      const receivers = { dead: { url: dead.url, secrets }, alive: { url: alive.url, secrets } }
      yield* Effect.gen(function*() {
        const deliver = (name: string) => Stepped.enqueue(Http.Receiver.ref(name), Http.deliver, "car.arrived", {})
        yield* Effect.forEach(Array.from({ length: 120 }), () => deliver("dead"))
        const { id } = yield* deliver("alive")
        // none of the dead one's is tried again by then
        yield* performSteppedActions({ until: "1 second", maxPasses: 10_000 })
        const repo = yield* ActionRepo
        assert.strictEqual(Option.getOrThrow(yield* repo.find(id)).status, "succeeded")
        assert.lengthOf(dead.got, 100)
        const lanes = yield* Effect.flatMap(PerformanceLane, (lanes) => lanes.list())
        assert.deepStrictEqual(lanes.map(({ key, waiting }) => [key, waiting]), [["dead", 20]])
        const open = yield* repo.list({ statuses: ["pending", "performing"], limit: 1000 })
        yield* Effect.forEach(open, (one) => Stepped.cancel(one.id))
        yield* performSteppedActions()
        yield* healthy
      }).pipe(Effect.provide(
        Http.deliveries({ receivers, allowPrivate: true }).pipe(
          Layer.provideMerge(embedded.layer())
        )
      ))
    }).pipe(Effect.scoped))

  it.effect("to a private address, by name or by number, is refused, and not tried again", () =>
    Effect.gen(function*() {
      const { got, url } = yield* receiver(204)
      const https = url.replace("http:", "https:")
      for (const address of [https, https.replace("127.0.0.1", "localhost"), url, "https://[::1]/", "no url"]) {
        const delivery = yield* delivering(address, false)
        assert.strictEqual(delivery?.status, "failed", address)
        assert.include(delivery?.cause?.message, "DeliveryRefused", address)
        assert.strictEqual(delivery?.attempts, 1)
      }
      assert.deepStrictEqual(got, [])
    }).pipe(Effect.scoped))
})

describe("21.5: an address", () => {
  it("is public, or is refused, however it is written", () => {
    for (const address of ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700::1111", "100.128.0.1"]) {
      assert.isTrue(isPublic(address), address)
    }
    for (
      const address of [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.255",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "fe80::1%lo",
        "2606:4700::1111%lo",
        "ff02::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2001::1",
        "localhost",
        "",
        "127.1"
      ]
    ) assert.isFalse(isPublic(address), address)
    for (
      const url of [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:1",
        "//example.com",
        "",
        "https://user:pw@example.com/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://169.254.169.254/latest",
        "https://10.0.0.1:443/"
      ]
    ) assert.instanceOf(readUrl(url, false), Error, url)
    assert.instanceOf(readUrl("https://example.com/hook", false), URL)
  })
})
