/** What of stored payloads is sent to whom: nothing secret, and nothing that nobody has described. */
import { assert, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { JobQueue, Stepped } from "stepped"
import { layerWorkers, until } from "../harness/workers.ts"
import { Cars, go } from "./fixtures/cars.ts"
import { as, known, servingApi } from "./fixtures/serving.ts"

const secret = "4111-1111"
const card = { owner: "Ann", number: Redacted.make(secret) }

const described = until(
  "workers have said what they have",
  Effect.map(Effect.flatMap(JobQueue, (queue) => queue.definitions({ actorType: "Car" })), ({ length }) => length > 0)
)

it.live("21.3: payloads are for who may read them, without what is secret in them", () =>
  Effect.gen(function*() {
    const cars = yield* Cars.client
    const paid = yield* cars(1).payLater(card, Redacted.make("pin-1234"))
    yield* paid.await
    const failed = yield* cars(2).visitLater("nowhere")
    yield* Effect.exit(failed.await)
    const asked = yield* cars(3).askLater()
    yield* asked.send(go, { by: "Bob", pin: Redacted.make("pin-5678") })
    assert.strictEqual(yield* asked.await, "Bob")
    const outside = yield* cars(4).outsideLater()
    yield* until(
      "it is heard of",
      Effect.map(Stepped.heartbeat(outside.id, { said: "Bob" }), (heard) => heard === "heard")
    )
    yield* described
    const { get } = yield* servingApi({ authorization: known })
    const paths = [paid, failed, asked, outside].flatMap(({ id }) =>
      ["", "/steps", "/tree", "/why", "/signals"].map((path) => `/api/actions/${id}${path}`)
    )
    for (const path of [...paths, "/api/actions", "/api/errors", "/api/queued", "/api/achievements"]) {
      for (const name of ["vera", "ada"]) {
        const { body, status } = yield* get(path, as(name))
        assert.strictEqual(status, 200, path)
        const text = JSON.stringify(body)
        for (const word of [secret, "pin-1234", "pin-5678", "s3cret"]) assert.notInclude(text, word, `${path} ${name}`)
        if (name === "vera") { for (const word of ["Ann", "Bob", "\"left\""]) assert.notInclude(text, word, path) }
      }
    }
    const seen = yield* get(`/api/actions/${paid.id}`, as("ada"))
    assert.deepStrictEqual(seen.body.arguments, {
      _tag: "Shown",
      value: [{ owner: "Ann", number: "<redacted>" }, "<redacted>"],
      isRedacted: true
    })
    assert.deepStrictEqual(seen.body.result.value, { owner: "Ann", number: "<redacted>" })
    const unseen = yield* get(`/api/actions/${paid.id}`, as("vera"))
    assert.deepStrictEqual(unseen.body.arguments, { _tag: "Hidden", because: "notAllowed" })
    const { body: { cause } } = yield* get(`/api/actions/${failed.id}`, as("ada"))
    assert.deepStrictEqual(cause.error.value, { _tag: "Flat", tyre: "left", code: "<redacted>" })
    const [signal] = (yield* get(`/api/actions/${asked.id}/signals`, as("ada"))).body
    assert.deepStrictEqual(signal.payload.value, { by: "Bob", pin: "<redacted>" })
  }).pipe(Effect.scoped, Effect.provide(layerWorkers(Cars.layer, { engines: 1 }))))

it.live("21.3: what nobody has described is hidden whole, and so is what no version of a definition takes", () =>
  Effect.gen(function*() {
    const cars = yield* Cars.client
    const { id } = yield* Effect.tap(cars(1).visitLater("London"), ({ await: ended }) => ended)
    yield* described
    const sql = yield* SqlClient.SqlClient
    yield* sql`update stepped.ended_actions set arguments = '["London", "more"]' where id = ${id}::uuid`
    const first = yield* servingApi({ authorization: known })
    const more = yield* first.get(`/api/actions/${id}`, as("ada"))
    assert.deepStrictEqual(more.body.arguments, { _tag: "Hidden", because: "unknown" })
    assert.strictEqual(more.body.result.value, "parked in London")
    yield* sql`delete from stepped.definitions`
    const second = yield* servingApi({ authorization: known })
    const { body } = yield* second.get(`/api/actions/${id}`, as("ada"))
    assert.deepStrictEqual([body.arguments, body.result], [{ _tag: "Hidden", because: "unknown" }, {
      _tag: "Hidden",
      because: "unknown"
    }])
  }).pipe(Effect.scoped, Effect.provide(layerWorkers(Cars.layer, { engines: 1 }))))
