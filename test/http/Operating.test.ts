/** Who may what, from where, and what is recorded of it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { HttpRouter, HttpServerRequest } from "effect/http"
import { SqlClient } from "effect/sql"
import { ActionRepo, operatorVerbs, Stepped } from "stepped"
import * as Http from "stepped/http"
import { Api, Authorization, Operator } from "stepped/http"
import { performSteppedActions } from "stepped/testing"
import { isOneVerb, verbTable } from "../../src/verbs/table.ts"
import { embedded } from "../harness/databases.ts"
import { Cars } from "./fixtures/cars.ts"
import { verbInputs } from "./fixtures/inputs.ts"
import { as, known, type Serving, serving, servingApi, withHeaders } from "./fixtures/serving.ts"
import { testing } from "./fixtures/testing.ts"

const none = "0199c2f0-0000-7000-8000-000000000000"
const why = { reason: "a test" }

const test = testing()

const ofOne = operatorVerbs.filter(isOneVerb)
const inputOf = (verb: string) => ({ ...verbInputs[verb] ?? { id: none }, ...why })
const asking = (serving: Serving, verb: string, name: string) =>
  serving.post(`/api/verbs/${verb}`, inputOf(verb), as(name))

describe("the table of verbs", () => {
  // that each is a command, with all that it takes, is in cli/Table.test.ts
  it("has each verb once, and each is an endpoint", () => {
    assert.deepStrictEqual(Object.keys(verbTable).sort(), [...operatorVerbs].sort())
    assert.deepStrictEqual(Object.keys(Api.groups.verbs.endpoints).sort(), [...ofOne].sort())
  })
})

describe("21.3: who may", () => {
  it("is an admin, where something is deleted, forgotten or pruned, and where it goes on by the clock", () => {
    assert.deepStrictEqual(operatorVerbs.filter((verb) => verbTable[verb].role === "admin"), [
      "ActionRepo.forget",
      "ActionRepo.delete",
      "ActionRepo.deleteEnded",
      "ActionRepo.deleteOutcomes",
      "ActionRepo.deleteOperations",
      "AchievementStore.forget",
      "AchievementStore.forgetAll",
      "Schedules.pause",
      "Schedules.resume",
      "Schedules.run",
      "Schedules.backfill",
      "Schedules.remove",
      "Schedules.pauseAll",
      "Schedules.resumeAll"
    ])
  })

  test(
    "each verb has its role: who may less is refused, and that is recorded, once",
    Effect.gen(function*() {
      const serving = yield* servingApi({ authorization: known })
      const repo = yield* ActionRepo
      for (const verb of ofOne) {
        const { role } = verbTable[verb]
        const least = role === "admin" ? "olga" : "vera"
        const refused = yield* asking(serving, verb, least)
        assert.deepStrictEqual([refused.status, refused.body._tag], [403, "Forbidden"], verb)
        assert.include(refused.body.message, role)
        yield* asking(serving, verb, least)
        const denied = yield* repo.operations({ verbs: [verb], outcome: "denied" })
        assert.deepStrictEqual(denied.map(({ by, reason }) => [by, reason]), [[least, "a test"]], verb)
        const allowed = yield* asking(serving, verb, role === "admin" ? "ada" : "olga")
        assert.strictEqual(allowed.status, 200, `${verb}: ${JSON.stringify(allowed.body)}`)
        assert.strictEqual(allowed.body.target, denied[0]!.target, verb)
      }
    })
  )

  test(
    "a lane that this process has defined otherwise is paused by its name, and one that is named so may be defined later",
    Effect.gen(function*() {
      Stepped.lane("ramps", { limit: 3, whenBusy: "line" })
      const { post } = yield* servingApi({ authorization: known })
      for (const name of ["ramps", "ramps-of-tomorrow"]) {
        for (const verb of ["pause", "resume"]) {
          const { body, status } = yield* post(
            `/api/verbs/PerformanceLane.${verb}`,
            { key: "north", name, ...why },
            as("olga")
          )
          assert.deepStrictEqual([status, body.outcome, body.target], [200, "done", `lane ${name}:north`])
        }
      }
      Stepped.lane("ramps-of-tomorrow", { limit: 2 })
    })
  )

  test(
    "subject and reason are recorded with what is done",
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const { id } = yield* cars(1).with({ delay: "1 day" }).visitLater("London")
      const { get, post } = yield* servingApi({ authorization: known })
      const done = yield* post("/api/verbs/Stepped.cancel", { id, reason: "not today" }, as("olga"))
      assert.deepStrictEqual([done.body.outcome, done.body.text], ["done", "done"])
      const again = yield* post("/api/verbs/Stepped.cancel", { id, reason: "not today" }, as("olga"))
      assert.strictEqual(again.body.outcome, "over")
      const { body } = yield* get(`/api/operations?target=${id}&outcome=done`, as("vera"))
      assert.deepStrictEqual(
        body.items.map(({ by, reason, verb }: any) => [by, verb, reason]),
        [["olga", "Stepped.cancel", "not today"]]
      )
      yield* performSteppedActions()
    })
  )

  test(
    "who shows nothing, or what nobody knows, is refused; who has no role may not look",
    Effect.gen(function*() {
      const { get, post } = yield* servingApi({ authorization: known })
      for (const init of [{}, as("eve"), { headers: { authorization: "Basic YTpi" } }, as("")]) {
        const { body, headers, status } = yield* get("/api/actions", init)
        assert.deepStrictEqual([status, body._tag, headers.get("cache-control")], [401, "Unauthorized", "no-store"])
        assert.strictEqual((yield* post("/api/verbs/Stepped.cancel", inputOf("Stepped.cancel"), init)).status, 401)
      }
      assert.strictEqual((yield* get("/api/actions", as("nemo"))).status, 403)
      assert.deepStrictEqual((yield* get("/api/session", as("vera"))).body, {
        subject: "vera",
        roles: ["view"],
        mayReadPayloads: false
      })
    })
  )

  test(
    "without a middleware: this machine alone, by its own name, and not passed on",
    Effect.gen(function*() {
      const { get, url } = yield* servingApi()
      assert.strictEqual((yield* get("/api/actions")).status, 200)
      const port = new URL(url).port
      for (
        const headers of [
          { forwarded: "for=10.0.0.1" },
          { "x-forwarded-for": "10.0.0.1" },
          { "x-forwarded-host": "localhost" },
          { via: "1.1 proxy" },
          { host: "evil.example" },
          { host: `evil.example:${port}` },
          { host: "localhost.evil.example" },
          { host: "127.0.0.1.evil.example" }
        ]
      ) {
        const { body, status } = yield* withHeaders(`${url}/api/actions`, headers)
        assert.strictEqual(status, 403, JSON.stringify(headers))
        assert.include(body, "Forbidden")
      }
      assert.strictEqual((yield* withHeaders(`${url}/api/actions`, { host: `localhost:${port}` })).status, 200)
    })
  )

  test(
    "21.3: without a middleware an address of this machine alone, of who is connected and of whom it asks for",
    Effect.gen(function*() {
      const from = (addresses: { readonly remoteAddress?: string | undefined; readonly peerAddress?: string }) => {
        const options = {
          remoteAddress: Option.fromUndefinedOr(addresses.remoteAddress),
          ...addresses.peerAddress === undefined ? {} : { peerAddress: Option.some(addresses.peerAddress) }
        }
        const moved = HttpRouter.middleware(
          (answer) =>
            Effect.updateService(answer, HttpServerRequest.HttpServerRequest, (asked) => asked.modify(options)),
          { global: true }
        )
        return Effect.flatMap(serving(Layer.merge(Http.layer(), moved)), ({ get }) => get("/api/actions"))
      }
      for (const remoteAddress of ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"]) {
        assert.strictEqual((yield* from({ remoteAddress })).status, 200, remoteAddress)
      }
      const elsewhere = [
        "10.0.0.1",
        "192.168.1.7",
        "::ffff:10.0.0.1",
        "fe80::1",
        "1127.0.0.1",
        "127.0.0.1.evil",
        "",
        undefined
      ]
      for (const remoteAddress of elsewhere) {
        const { body, status } = yield* from({ remoteAddress })
        assert.deepStrictEqual([status, body._tag], [403, "Forbidden"], remoteAddress)
        assert.include(body.message, "only who is on this machine may ask")
      }
      // a proxy that the program trusts is on this machine, and asks for somebody who is not; or the other way round
      assert.strictEqual((yield* from({ remoteAddress: "10.0.0.1", peerAddress: "127.0.0.1" })).status, 403)
      assert.strictEqual((yield* from({ remoteAddress: "127.0.0.1", peerAddress: "10.0.0.1" })).status, 403)
    })
  )

  test(
    "a verb that a page of somebody else's sends is refused; a cookie is for its own pages",
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const { id } = yield* cars(1).with({ delay: "1 day" }).visitLater("London")
      const { post, url } = yield* servingApi({ authorization: known })
      const cancel = (headers: Record<string, string>) => post("/api/verbs/Stepped.cancel", { id, ...why }, { headers })
      const bearer = { authorization: "Bearer olga" }
      for (
        const headers of [
          { ...bearer, origin: "https://evil.example" },
          { ...bearer, origin: "null" },
          { ...bearer, "sec-fetch-site": "cross-site" },
          { ...bearer, "sec-fetch-site": "same-site" },
          { ...bearer, origin: url, "sec-fetch-site": "cross-site" },
          { cookie: "stepped=olga" }
        ]
      ) {
        const { body, status } = yield* cancel(headers)
        assert.deepStrictEqual([status, body._tag], [403, "Forbidden"], JSON.stringify(headers))
      }
      const signedIn = yield* post("/api/session", {}, { headers: { ...bearer, origin: url } })
      const cookie = signedIn.headers.get("set-cookie")!
      assert.match(cookie, /^stepped=olga; .*HttpOnly/i)
      assert.match(cookie, /SameSite=Strict/i)
      assert.strictEqual((yield* cancel({ cookie: "stepped=olga", origin: url })).body.outcome, "done")
      const out = yield* post("/api/session/end", {}, { headers: { cookie: "stepped=olga", origin: url } })
      assert.match(out.headers.get("set-cookie")!, /^stepped=;.*(Max-Age=0|Expires=Thu, 01 Jan 1970)/i)
      yield* performSteppedActions()
    })
  )
})

const everybody = Layer.succeed(
  Authorization,
  Authorization.of((response) =>
    Effect.provideService(response, Operator, { subject: "eve", roles: ["operate"], mayReadPayloads: false })
  )
)

describe("21.3: origins", () => {
  test(
    "are asked of who shows a cookie, whosever that is: a proxy may know by one of its own who asks",
    Effect.gen(function*() {
      const { post } = yield* servingApi({ authorization: everybody })
      const cancel = (headers: Record<string, string>) =>
        Effect.map(
          post("/api/verbs/Stepped.cancel", inputOf("Stepped.cancel"), { headers }),
          ({ status }) => status
        )
      assert.strictEqual(yield* cancel({ cookie: "session=1" }), 403)
      assert.strictEqual(yield* cancel({ cookie: "session=1", "sec-fetch-site": "cross-site" }), 403)
      assert.strictEqual(yield* cancel({ cookie: "session=1", "sec-fetch-site": "same-origin" }), 200)
      assert.strictEqual(yield* cancel({}), 200)
    })
  )

  it.effect("are a scheme and a host, as browsers write them: what is none is refused", () =>
    Effect.gen(function*() {
      for (
        const origin of ["https://ops.example.com/", "ops.example.com", "https://OPS.example.com", "*", "null", ""]
      ) {
        const error = yield* Effect.flip(servingApi({ origins: [origin] }))
        assert.strictEqual(error._tag, "InvalidOption")
        assert.include(error.message, JSON.stringify(origin))
      }
    }).pipe(Effect.scoped, Effect.provide(embedded.layer())))
})

describe("21.3: many", () => {
  test(
    "a plan first, then the same is started, once",
    Effect.gen(function*() {
      const cars = yield* Cars.client
      for (const n of [1, 2, 3]) yield* cars(n).with({ delay: "1 day" }).visitLater("London")
      const { post } = yield* servingApi({ authorization: known })
      const asked = { filter: { name: "visit" }, verb: { verb: "JobQueue.reprioritise", priority: 7 } }
      const { body: planned } = yield* post("/api/many/plan", asked, as("vera"))
      assert.deepStrictEqual([planned.count, planned.hasMore, planned.samples.length], [3, false, 3])
      const start = { ...asked, plan: planned.plan, ...why }
      assert.strictEqual((yield* post("/api/many/start", start, as("vera"))).status, 403)
      // what came after the plan is not meant
      yield* cars(4).with({ delay: "1 day" }).visitLater("Oslo")
      const started = yield* post("/api/many/start", start, as("olga"))
      assert.deepStrictEqual(started.body, { id: planned.plan.id })
      assert.deepStrictEqual((yield* post("/api/many/start", start, as("olga"))).body, { id: planned.plan.id })
      yield* performSteppedActions({ until: "1 hour" }).pipe(Effect.exit)
      const repo = yield* ActionRepo
      const found = yield* repo.list({ name: "visit" })
      assert.deepStrictEqual(found.map(({ actorId, priority }) => [actorId, priority]), [["4", 0], ["3", 7], ["2", 7], [
        "1",
        7
      ]])
      const wrong = yield* post("/api/many/start", { ...start, plan: { id: none, at: 1 } }, as("olga"))
      assert.deepStrictEqual([wrong.status, wrong.body._tag], [400, "BadRequest"])
      const all = yield* post("/api/many/plan", { ...asked, filter: {} }, as("olga"))
      assert.deepStrictEqual([all.status, all.body._tag], [400, "BadRequest"])
    })
  )

  test(
    "21.3: the same plan is the same, however many are still meant when it is asked for again",
    Effect.gen(function*() {
      const cars = yield* Cars.client
      for (const n of [1, 2, 3]) yield* cars(n).with({ delay: "1 day" }).visitLater("London")
      const { post } = yield* servingApi({ authorization: known })
      const asked = { filter: { name: "visit", statuses: ["queued"] }, verb: { verb: "Stepped.cancel" } }
      const { body: { plan } } = yield* post("/api/many/plan", asked, as("vera"))
      const start = () => post("/api/many/start", { ...asked, plan, ...why }, as("olga"))
      assert.deepStrictEqual((yield* start()).body, { id: plan.id })
      yield* performSteppedActions({ until: "1 hour" }).pipe(Effect.exit)
      const repo = yield* ActionRepo
      assert.strictEqual((yield* repo.count({ name: "visit", statuses: ["cancelled"] })).count, 3)
      assert.deepStrictEqual((yield* start()).body, { id: plan.id })
      // it is counted anew for who looks at it
      const { body: again } = yield* post("/api/many/plan", { ...asked, plan }, as("vera"))
      assert.deepStrictEqual([again.plan, again.count], [plan, 0])
    })
  )

  test(
    "21.3: where the database cannot be asked it is 503, and 409 where the plan was started with something else",
    Effect.gen(function*() {
      const cars = yield* Cars.client
      yield* cars(1).with({ delay: "1 day" }).visitLater("London")
      const sql = yield* SqlClient.SqlClient
      const { post } = yield* servingApi({ authorization: known })
      const asked = { filter: { name: "visit" }, verb: { verb: "JobQueue.reprioritise", priority: 7 } }
      const { body: { plan } } = yield* post("/api/many/plan", asked, as("olga"))
      const start = (more = {}) => post("/api/many/start", { ...asked, plan, ...why, ...more }, as("olga"))
      yield* sql`alter table stepped.action_keys rename to keys_elsewhere`
      const away = yield* start()
      yield* sql`alter table stepped.keys_elsewhere rename to action_keys`
      assert.deepStrictEqual([away.status, away.body._tag], [503, "DatabaseUnavailable"])
      assert.strictEqual((yield* start()).status, 200)
      const other = yield* start({ reason: "another one" })
      assert.deepStrictEqual([other.status, other.body._tag], [409, "Conflict"])
      yield* performSteppedActions({ until: "1 hour" }).pipe(Effect.exit)
    })
  )

  test(
    "21.3: what an admin has begun for many nobody has go on who may not begin it; who operates may stop it",
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const { post } = yield* servingApi({ authorization: known })
      const visits = { name: "visit" }
      const stopped = Effect.fnUntraced(function*(filter: object, verb: string) {
        const asked = { filter, verb: { verb } }
        const { body: { plan } } = yield* post("/api/many/plan", asked, as("ada"))
        const started = yield* post("/api/many/start", { ...asked, plan, ...why }, as("ada"))
        assert.strictEqual(started.status, 200, JSON.stringify(started.body))
        const stop = yield* post("/api/verbs/Stepped.cancel", { id: plan.id, ...why }, as("olga"))
        assert.strictEqual(stop.body.outcome, "done")
        yield* performSteppedActions({ until: "1 hour" }).pipe(Effect.exit)
        return plan.id as string
      })
      yield* cars(1).with({ delay: "1 day" }).visitLater("London")
      const retry = (id: string, name: string) => post("/api/verbs/ActionRepo.retry", { id, ...why }, as(name))
      const deleting = yield* stopped(visits, "ActionRepo.delete")
      const ofOwn = yield* stopped({ actorType: "Stepped" }, "ActionRepo.retry")
      for (const id of [deleting, ofOwn]) {
        const refused = yield* retry(id, "olga")
        assert.deepStrictEqual([refused.status, refused.body._tag], [403, "Forbidden"])
        assert.include(refused.body.message, "takes the role admin")
        const moved = yield* post("/api/verbs/JobQueue.reschedule", { id, at: new Date(0), ...why }, as("olga"))
        assert.strictEqual(moved.status, 403)
      }
      const repo = yield* ActionRepo
      const denied = yield* repo.operations({ verbs: ["ActionRepo.retry"], outcome: "denied" })
      assert.deepStrictEqual(denied.map(({ target }) => target).sort(), [deleting, ofOwn].sort())
      // for many, too, where they are named
      const own = { filter: { actorType: "Stepped" }, verb: { verb: "ActionRepo.retry" } }
      const { body: { plan } } = yield* post("/api/many/plan", own, as("olga"))
      assert.strictEqual((yield* post("/api/many/start", { ...own, plan, ...why }, as("olga"))).status, 403)
      // what who operates may begin
      const retrying = yield* stopped(visits, "ActionRepo.retry")
      assert.strictEqual((yield* retry(retrying, "olga")).body.outcome, "done")
      assert.strictEqual((yield* retry(deleting, "ada")).body.outcome, "done")
      yield* performSteppedActions({ until: "1 hour" }).pipe(Effect.exit)
    })
  )
})
