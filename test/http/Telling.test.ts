/** What is told to actions over HTTP: that one is to run, a signal, how one ended outside; checked by what workers have described. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { ActionRepo, JobQueue } from "stepped"
import { layerWorkers, until } from "../harness/workers.ts"
import { Cars } from "./fixtures/cars.ts"
import { as, known, servingApi } from "./fixtures/serving.ts"

const reason = "a test"
const none = "0199c2f0-0000-7000-8000-000000000000"

it.live("21.1: an action is run, sent a signal, and completed; what does not fit is refused, and changes nothing", () =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    yield* (yield* Cars.client)(9).visit("London")
    yield* until(
      "workers have said what they have",
      Effect.map(
        Effect.flatMap(JobQueue, (queue) => queue.definitions({ actorType: "Car" })),
        ({ length }) => length > 0
      )
    )
    const before = (yield* repo.list()).length
    const { post } = yield* servingApi({ authorization: known })
    const car = { actorType: "Car", actorId: "1" }
    const refused = [
      ["/api/run", { ...car, name: "visit", arguments: [] }, 400],
      ["/api/run", { ...car, name: "visit", arguments: [1] }, 400],
      ["/api/run", { ...car, name: "fly", arguments: [] }, 400],
      ["/api/run", { ...car, actorType: "Stepped", name: "forMany", arguments: [{}] }, 400],
      ["/api/run", { ...car, name: "ask", arguments: [], priority: 101 }, 422],
      ["/api/run", { ...car, name: "ask", arguments: [], tags: "x" }, 400],
      [`/api/actions/${none}/signal`, { name: "go", reason }, 404],
      [`/api/actions/${none}/complete`, { outcome: "succeeded", reason }, 404],
      [`/api/actions/${none}/signal`, { name: "go" }, 400],
      [`/api/actions/${none}/complete`, { outcome: "succeeded" }, 400]
    ] as const
    for (const [path, body, status] of refused) {
      assert.strictEqual((yield* post(path, body, as("olga"))).status, status, `${path} ${JSON.stringify(body)}`)
    }
    assert.strictEqual((yield* post("/api/run", { ...car, name: "ask", arguments: [] }, as("vera"))).status, 403)
    assert.lengthOf(yield* repo.list(), before)

    const asked = yield* post("/api/run", { ...car, name: "ask", arguments: [], idempotencyKey: "k" }, as("olga"))
    assert.strictEqual(asked.status, 200, JSON.stringify(asked.body))
    const { id } = asked.body
    assert.deepStrictEqual(
      (yield* post("/api/run", { ...car, name: "ask", arguments: [], idempotencyKey: "k" }, as("olga"))).body,
      { id }
    )
    const signal = (body: object) => post(`/api/actions/${id}/signal`, body, as("olga"))
    assert.strictEqual((yield* signal({ name: "stop", reason })).status, 400)
    assert.strictEqual((yield* signal({ name: "go", payload: { by: 1 }, reason })).status, 400)
    assert.deepStrictEqual(
      (yield* signal({ name: "go", payload: { by: "Bob", pin: "1" }, key: "s", reason: "they ask" })).body,
      {
        outcome: "sent"
      }
    )
    yield* until("it has ended", Effect.map(repo.list({ name: "ask" }), ([record]) => record?.status === "succeeded"))

    const outside = (yield* post("/api/run", { ...car, name: "outside", arguments: [] }, as("olga"))).body
    yield* until(
      "it waits outside",
      Effect.map(repo.list({ name: "outside" }), ([record]) => record?.outbound === true)
    )
    const complete = (body: object) => post(`/api/actions/${outside.id}/complete`, body, as("olga"))
    assert.strictEqual((yield* complete({ outcome: "succeeded", value: "one", reason })).status, 400)
    assert.strictEqual((yield* complete({ outcome: "done", reason })).status, 400)
    assert.deepStrictEqual((yield* complete({ outcome: "succeeded", value: 1, reason })).body, { outcome: "done" })
    assert.deepStrictEqual((yield* complete({ outcome: "succeeded", value: 1, reason })).body, { outcome: "none" })
    assert.strictEqual((yield* complete({ outcome: "cancelled", reason: "" })).status, 400)
    const recorded = (yield* repo.operations({ by: "olga" })).filter(({ outcome }) => outcome === "done")
    assert.deepStrictEqual(recorded.map(({ reason, target, verb }) => [verb, target, reason]), [
      ["Stepped.complete", outside.id, reason],
      ["Stepped.send", id, "they ask"]
    ])
    for (
      const [path, body] of [
        ["signal", { name: "go", reason: "why not" }],
        ["complete", { outcome: "cancelled", reason }]
      ]
    ) {
      const denied = yield* post(`/api/actions/${outside.id}/${path}`, body, as("vera"))
      assert.deepStrictEqual([denied.status, denied.body._tag], [403, "Forbidden"])
    }
    const ofVera = yield* repo.operations({ by: "vera" })
    assert.deepStrictEqual(ofVera.map(({ outcome, reason, verb }) => [verb, outcome, reason]), [
      ["Stepped.complete", "denied", reason],
      ["Stepped.send", "denied", "why not"]
    ])
  }).pipe(Effect.scoped, Effect.provide(layerWorkers(Cars.layer, { engines: 1 }))))
