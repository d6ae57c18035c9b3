/** Endpoints of actions, the document, and the typed client. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { ActionRepo, operatorVerbs } from "stepped"
import * as Http from "stepped/http"
import { performSteppedActions } from "stepped/testing"
import { isOneVerb } from "../../src/verbs/table.ts"
import { Cars, pay, visit } from "./fixtures/cars.ts"
import { as, known, servingApi } from "./fixtures/serving.ts"
import { testing } from "./fixtures/testing.ts"

const test = testing()

const serving = servingApi({ authorization: known, endpoints: [Http.endpoints(Cars, [visit, pay])] })

test(
  "21.4: an action's endpoint enqueues it, once for each key",
  Effect.gen(function*() {
    const { post } = yield* serving
    const keyed = (key: string) => ({ headers: { authorization: "Bearer olga", "idempotency-key": key } })
    const first = yield* post("/Car/1/visit", ["London"], keyed("a"))
    assert.strictEqual(first.status, 202)
    assert.deepStrictEqual((yield* post("/Car/1/visit", ["London"], keyed("a"))).body, first.body)
    const conflict = yield* post("/Car/1/visit", ["Oslo"], keyed("a"))
    assert.deepStrictEqual([conflict.status, conflict.body._tag], [409, "Conflict"])
    yield* performSteppedActions()
    const repo = yield* ActionRepo
    const found = yield* repo.list()
    assert.deepStrictEqual(found.map(({ actorId, id, result }) => [actorId, id, result]), [
      ["1", first.body.id, "parked in London"]
    ])
    assert.strictEqual((yield* post("/Car/1/visit", ["London"], as("vera"))).status, 403)
    assert.strictEqual((yield* post("/Car/1/visit", ["London"])).status, 401)
    assert.strictEqual((yield* post("/Car/1/ask", [], as("olga"))).status, 404)
    for (
      const [path, body] of [
        ["/Car/one/visit", ["London"]],
        ["/Car/1.5/visit", ["London"]],
        ["/Car/1/visit", []],
        ["/Car/1/visit", [1]],
        ["/Car/1/visit", ["London", "Oslo"]],
        ["/Car/1/visit", "London"],
        ["/Car/1/visit", { 0: "London" }],
        ["/Car/1/visit", null],
        ["/Car/1/pay", [{ owner: "Ann" }, "pin"]]
      ] as const
    ) {
      const { body: answer, status } = yield* post(path, body, as("olga"))
      assert.deepStrictEqual([status, answer._tag], [400, "BadRequest"], `${path} ${JSON.stringify(body)}`)
    }
    for (const key of ["", "k".repeat(256)]) {
      assert.strictEqual((yield* post("/Car/1/visit", ["London"], keyed(key))).status, 422, key)
    }
    assert.strictEqual((yield* post("/Car/1/visit", ["a\u0000b"], as("olga"))).status, 422)
    assert.lengthOf(yield* repo.list(), 1)
  })
)

test(
  "21.1: the document has every endpoint, and its page nothing from elsewhere",
  Effect.gen(function*() {
    const { get } = yield* serving
    const { body } = yield* get("/api/openapi.json", as("vera"))
    const paths = Object.keys(body.paths)
    assert.includeMembers(paths, [
      "/api/actions",
      "/api/actions/{id}/why",
      "/Car/{id}/visit",
      "/Car/{id}/pay",
      "/api/events"
    ])
    for (const verb of operatorVerbs) if (isOneVerb(verb)) assert.include(paths, `/api/verbs/${verb}`)
    assert.notInclude(JSON.stringify(body), "4111")
    const page = yield* get("/api/docs", as("vera"))
    assert.include(page.headers.get("content-type"), "text/html")
    assert.match(page.headers.get("content-security-policy")!, /^default-src 'none'; style-src 'sha256-/)
    assert.notMatch(page.body, /<script|src=|https?:\/\/(?!json-schema|spec)/)
    assert.include(page.body, "/Car/{id}/visit")
    assert.strictEqual((yield* get("/api/openapi.json")).status, 401)
  })
)

test(
  "21.1: the typed client reads and asks what the API answers",
  Effect.gen(function*() {
    const cars = yield* Cars.client
    const { id } = yield* cars(1).visitLater("nowhere")
    yield* performSteppedActions()
    const { url } = yield* serving
    const client = yield* HttpApiClient.make(Http.Api, {
      transformClient: (client) =>
        HttpClient.mapRequest(
          client,
          (request) => HttpClientRequest.bearerToken(HttpClientRequest.prependUrl(request, url), "olga")
        )
    }).pipe(Effect.provide(FetchHttpClient.layer))
    const { items } = yield* client.actions.list({ query: { status: ["failed"] } })
    assert.deepStrictEqual(items.map((item) => [item.id, item.endedAt instanceof Date, item.lane]), [
      [id, true, "Car/1/visit"]
    ])
    const why = yield* client.actions.why({ params: { id } })
    assert.strictEqual(why.reasons[0]?._tag, "Ended")
    const tree = yield* client.actions.tree({ params: { id }, query: {} })
    assert.strictEqual(tree.steps[0]?.name, "drive")
    const retried = yield* client.verbs["ActionRepo.retry"]({ payload: { id, reason: "a test" } })
    assert.strictEqual(retried.outcome, "done")
    const refused = yield* Effect.flip(client.verbs["ActionRepo.delete"]({ payload: { id, reason: "a test" } }))
    assert.strictEqual(refused._tag, "Forbidden")
    const missing = yield* Effect.flip(client.actions.get({ params: { id: "0199c2f0-0000-7000-8000-000000000000" } }))
    assert.strictEqual(missing._tag, "NotFound")
    yield* performSteppedActions()
  })
)
