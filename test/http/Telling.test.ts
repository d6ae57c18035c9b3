/** What is told to actions over HTTP: that one is to run, a signal, how one ended outside; checked by what workers have described. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { ActionRepo, JobQueue } from "stepped"
import { performIdle } from "../harness/performing.ts"
import { layerWorkers, until } from "../harness/workers.ts"
import { Cars } from "./fixtures/cars.ts"
import { as, known, servingApi } from "./fixtures/serving.ts"
import { testing } from "./fixtures/testing.ts"

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

testing()(
  "17.5, 21.1: after a deploy that was taken back it is checked by the versions that workers have who live, and not by the one that was seen first last",
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    const sql = yield* SqlClient.SqlClient
    const [text, int] = ["string", "number"].map((type) => ({ schema: { type }, redacted: [], fingerprint: null }))
    const says = (key: string, hash: string, ageHours: number, queue: string, takes: typeof text, signal: string) =>
      sql`insert into stepped.definitions (key, hash, json, first_seen, last_seen) values (${key}, ${hash}, ${
        JSON.stringify({
          actorId: int,
          arguments: [takes],
          success: takes,
          error: text,
          signals: [{ name: signal, payload: takes, error: text }],
          steps: [{ name: "lift", kind: "own", result: takes, options: [] }, {
            name: "last",
            kind: "own",
            options: []
          }],
          queue,
          options: []
        })
      }::text::jsonb, clock_timestamp() - make_interval(hours => ${ageHours}), clock_timestamp())`
    const keys = ["Car/visit", "Car/ask", "Car/repair", "Car/outside"]
    for (const key of keys) {
      yield* says(key, "older", 100, "garage", text, "go")
      yield* says(key, "newer", 1, "hangar", int, "start")
    }
    const lives = (name: string) =>
      sql`insert into stepped.workers (name, lease_until, started_at, definitions, hashes)
        select ${name}, clock_timestamp() + interval '1 hour', clock_timestamp(), k, array_fill(${name}::text, array[cardinality(k)])
        from (select string_to_array(${keys.join(",")}, ',') as k) x`
    const { post } = yield* servingApi({ authorization: known })
    const statusOf = (path: string, body: object) =>
      Effect.map(post(path, { ...body, reason }, as("olga")), ({ status }) => status)
    const enqueued = (name: string) => Effect.map(repo.list({ name, limit: 1 }), ([record]) => record!)
    const cars = (yield* Cars.client)(1)
    const [asked, repaired, outside] = [yield* cars.askLater(), yield* cars.repairLater(), yield* cars.outsideLater()]
    yield* performIdle
    const visit = (...values: ReadonlyArray<string | number>) =>
      post("/api/run", { actorType: "Car", actorId: "1", name: "visit", arguments: values }, as("olga"))
    const told = (value: string | number, signal: string) =>
      Effect.all([
        Effect.map(visit(value), ({ status }) => status),
        statusOf(`/api/actions/${asked.id}/signal`, { name: signal, payload: value }),
        statusOf("/api/verbs/ActionRepo.completeStep", { id: repaired.id, step: "lift", result: value }),
        statusOf(`/api/actions/${outside.id}/complete`, { outcome: "succeeded", value })
      ])
    const refused = [400, 400, 400, 400]
    yield* lives("older")
    assert.deepStrictEqual(yield* told(1, "start"), refused)
    assert.deepStrictEqual(yield* told("one", "go"), [200, 200, 200, 200])
    assert.strictEqual((yield* enqueued("visit")).queue, "garage")
    // where workers of both live, either takes it
    yield* lives("newer")
    assert.strictEqual((yield* visit(1)).status, 200)
    assert.strictEqual((yield* enqueued("visit")).queue, "hangar")
    assert.strictEqual((yield* visit("one")).status, 200)
    assert.strictEqual((yield* enqueued("visit")).queue, "garage")
    assert.strictEqual((yield* visit("one", "two")).status, 400)
    for (const { id } of yield* repo.list()) yield* post("/api/verbs/Stepped.cancel", { id, reason }, as("olga"))
    yield* sql`delete from stepped.workers where name in ('older', 'newer')`
    yield* performIdle
  })
)
