/** Schedules over HTTP: which there are, when one fires next, and what it has enqueued. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { TestClock } from "effect/testing"
import { Schedules } from "stepped"
import * as Http from "stepped/http"
import { performSteppedActions } from "stepped/testing"
import { suite } from "../harness/databases.ts"
import { Cars, visit } from "./fixtures/cars.ts"
import { as, known, type Serving, servingApi } from "./fixtures/serving.ts"
import { testing } from "./fixtures/testing.ts"

const hour = 3_600_000
const hourly = { every: "1 hour", actions: Cars, actor: 1, action: visit, args: ["London"] } as const
const put = (name: string, more: object = {}) =>
  Effect.flatMap(Schedules, (schedules) => schedules.put(name, { ...hourly, ...more }))
const api = servingApi({ authorization: known })
/** As any text is given in an address. */
const of = (name: string, more = "") => `name=${encodeURIComponent(name)}${more}`

/** All of a list, a page after the other; how many each page had. */
const paged = (get: Serving["get"], path: string, cursor: string) =>
  Effect.gen(function*() {
    const items: Array<any> = []
    const sizes: Array<number> = []
    let next: string | null = ""
    while (next !== null) {
      const { body }: { readonly body: any } = yield* get(
        `${path}${next === "" ? "" : `&${cursor}=${encodeURIComponent(next)}`}`,
        as("vera")
      )
      items.push(...body.items)
      sizes.push(body.items.length)
      next = body.next
    }
    return { items, sizes }
  })

suite("schedules over HTTP", (engine) => {
  const test = testing(engine)

  test(
    "21.1: they come page by page, by actor, action and source; one is found by its name, whatever text that is",
    Effect.gen(function*() {
      const names = ["../a?b=c&d#e%2f", "nightly", "once", "z".repeat(200)]
      for (const name of names) yield* put(name, name === "once" ? { every: undefined, at: new Date(5 * hour) } : {})
      yield* put("other", { actor: 2 })
      const schedules = yield* Schedules
      yield* schedules.pause("nightly", { reason: "a strike", by: "anna" })
      const { get } = yield* api
      const { items, sizes } = yield* paged(get, "/api/schedules?actorType=Car&actorId=1&action=visit&limit=2", "after")
      assert.deepStrictEqual([items.map(({ name }) => name), sizes], [names, [2, 2]])
      assert.deepStrictEqual(items[1].pause, {
        reason: "a strike",
        by: "anna",
        since: new Date(0).toISOString(),
        ofAll: false
      })
      assert.strictEqual(items[1].state, "paused")
      assert.strictEqual(items[2].at, new Date(5 * hour).toISOString())
      assert.deepStrictEqual((yield* get("/api/schedules?source=code", as("vera"))).body, { items: [], next: null })
      for (const name of names) {
        const { body, status } = yield* get(`/api/schedule?${of(name)}`, as("vera"))
        assert.deepStrictEqual([status, body.name], [200, name])
        const slots = name === "once" ? [5] : [1, 2, 3, 4, 5]
        assert.deepStrictEqual(
          body.next.map(({ slot }: any) => slot),
          slots.map((at) => new Date(at * hour).toISOString())
        )
      }
      const { body } = yield* get(`/api/schedule/next?${of("nightly", "&count=7")}`, as("vera"))
      assert.lengthOf(body, 7)
    })
  )

  test(
    "21.1: what one has enqueued comes page by page, nothing twice, and nothing left out; also of one that was removed",
    Effect.gen(function*() {
      yield* put("hourly")
      yield* put("weekly", { every: "7 days" })
      yield* performSteppedActions({ schedules: true, until: "3 hours" })
      const schedules = yield* Schedules
      // at the very time of a slot, and of another schedule
      const byHand = yield* schedules.run("hourly", { by: "anna" })
      yield* schedules.run("weekly", { by: "anna" })
      yield* performSteppedActions()
      const { get } = yield* api
      const expected: ReadonlyArray<readonly [number, ReadonlyArray<number>]> = [[1, [2, 1, 1]], [2, [2, 2]], [50, [4]]]
      for (const [limit, pages] of expected) {
        const { items, sizes } = yield* paged(get, `/api/schedule/history?${of("hourly")}&limit=${limit}`, "before")
        assert.deepStrictEqual(
          items.map(({ byHand, slot, status }) => [new Date(slot).getTime() / hour, byHand, status]),
          [[3, true, "succeeded"], [3, false, "succeeded"], [2, false, "succeeded"], [1, false, "succeeded"]]
        )
        assert.strictEqual(items[0].action, byHand)
        assert.deepStrictEqual(sizes, pages)
      }
      yield* schedules.remove("hourly")
      assert.strictEqual((yield* get(`/api/schedule?${of("hourly")}`, as("vera"))).status, 404)
      assert.lengthOf((yield* get(`/api/schedule/history?${of("hourly")}`, as("vera"))).body.items, 4)
    })
  )

  test(
    "21.1, 21.3: who may look sees them without what programs have stored; what is wrong, or not there, is said",
    Effect.gen(function*() {
      yield* put("nightly")
      const { get, post } = yield* api
      const pause = { name: "nightly", reason: "a test" }
      for (const [name, status] of [["vera", 403], ["olga", 403], ["ada", 200]] as const) {
        assert.strictEqual((yield* post("/api/verbs/Schedules.pause", pause, as(name))).status, status)
      }
      // who was not let is found with those who were
      const { body } = yield* get("/api/operations?target=schedule%20nightly", as("vera"))
      assert.deepStrictEqual(body.items.map(({ by, outcome }: any) => [by, outcome]), [
        ["ada", "done"],
        ["olga", "denied"],
        ["vera", "denied"]
      ])
      const view = (name: string) => Effect.map(get(`/api/schedule?${of("nightly")}`, as(name)), ({ body }) => body)
      assert.deepStrictEqual((yield* view("vera")).arguments, { _tag: "Hidden", because: "notAllowed" })
      // no worker has said yet what an action takes
      assert.deepStrictEqual((yield* view("ada")).arguments, { _tag: "Hidden", because: "unknown" })
      for (const path of ["/api/schedules", "/api/schedule?name=nightly", "/api/schedule/history?name=nightly"]) {
        assert.notInclude(JSON.stringify((yield* get(path, as("ada"))).body), "London", path)
        assert.strictEqual((yield* get(path)).status, 401, path)
        assert.strictEqual((yield* get(path, as("nemo"))).status, 403, path)
      }
      for (const path of ["/api/schedule", "/api/schedule/next", "/api/schedule/history"]) {
        const { body, status } = yield* get(`${path}?name=none`, as("vera"))
        assert.deepStrictEqual([status, body.message], [404, "there is no schedule \"none\""], path)
        assert.strictEqual((yield* get(path, as("vera"))).status, 400, path)
      }
      for (
        const [path, says] of [
          ["/api/schedules?action=visit", "actorType"],
          ["/api/schedules?limit=0", "limit"],
          ["/api/schedules?limit=1001", "limit"],
          ["/api/schedules?source=elsewhere", "source"],
          ["/api/schedule/next?name=nightly&count=0", "count"],
          ["/api/schedule/next?name=nightly&count=1001", "count"],
          ["/api/schedule/history?name=nightly&before=yesterday", "before"]
        ] as const
      ) {
        const { body, status } = yield* get(path, as("vera"))
        assert.deepStrictEqual([status, body._tag], [400, "BadRequest"], path)
        assert.include(body.message, says, path)
      }
    })
  )

  test(
    "20.8, 21.1: all of them are paused and gone on with by an admin, and say so",
    Effect.gen(function*() {
      yield* put("nightly")
      const { get, post } = yield* api
      const why = { reason: "a copy of production" }
      assert.strictEqual((yield* post("/api/verbs/Schedules.pauseAll", why, as("olga"))).status, 403)
      const paused = yield* post("/api/verbs/Schedules.pauseAll", why, as("ada"))
      assert.deepStrictEqual([paused.body.outcome, paused.body.target], ["done", "schedules"])
      assert.strictEqual((yield* post("/api/verbs/Schedules.pauseAll", why, as("ada"))).body.outcome, "paused")
      const { body } = yield* get("/api/schedule?name=nightly", as("vera"))
      assert.deepStrictEqual([body.state, body.pause.ofAll, body.pause.by], ["paused", true, "ada"])
      const { body: attention } = yield* get("/api/attention", as("vera"))
      assert.deepStrictEqual(attention.pauses.map(({ kind, subject }: any) => [kind, subject]), [["schedules", ""]])
      assert.deepStrictEqual(attention.schedules, [])
      yield* TestClock.adjust("3 hours")
      const resumed = yield* post("/api/verbs/Schedules.resumeAll", why, as("ada"))
      assert.deepStrictEqual([resumed.body.outcome, resumed.body.more], ["done", { passed: 1 }])
      assert.strictEqual((yield* post("/api/verbs/Schedules.resumeAll", why, as("ada"))).body.outcome, "notPaused")
    })
  )

  test(
    "21.1: the typed client has them, with times as times",
    Effect.gen(function*() {
      yield* put("nightly", { every: undefined, cron: "30 2 * * *", zone: "Europe/Berlin" })
      const { url } = yield* api
      const client = yield* HttpApiClient.make(Http.Api, {
        transformClient: HttpClient.mapRequest((request) =>
          HttpClientRequest.bearerToken(HttpClientRequest.prependUrl(request, url), "ada")
        )
      }).pipe(Effect.provide(FetchHttpClient.layer))
      const { items: [first] } = yield* client.schedules.list({ query: {} })
      assert.deepStrictEqual([first?.cron, first?.zone, first?.firesAt], [
        "30 2 * * *",
        "Europe/Berlin",
        new Date("1970-01-01T01:30:00Z")
      ])
      const ran = yield* client.verbs["Schedules.run"]({ payload: { name: "nightly", reason: "a test" } })
      const { items: [slot] } = yield* client.schedules.history({ query: { name: "nightly" } })
      assert.deepStrictEqual([slot?.action, slot?.slot, slot?.status], [ran.more["id"], new Date(0), "queued"])
      const missing = yield* Effect.flip(client.schedules.get({ query: { name: "none" } }))
      assert.strictEqual(missing._tag, "NotFound")
      yield* performSteppedActions()
    })
  )
})
