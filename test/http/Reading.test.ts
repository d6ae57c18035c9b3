/** What is asked over HTTP, and answered: on both databases, over a real port. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Option, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { ActionRepo, JobQueue, PerformanceLane, Stepped } from "stepped"
import * as Http from "stepped/http"
import { performSteppedActions } from "stepped/testing"
import { remoteServices } from "../../src/cli/remote.ts"
import { embedded, server, suite } from "../harness/databases.ts"
import { blocked, holding } from "../harness/racing.ts"
import { Car, Cars, outside, visit } from "./fixtures/cars.ts"
import { storeVersions } from "./fixtures/described.ts"
import { as, known, servingApi } from "./fixtures/serving.ts"
import { testing } from "./fixtures/testing.ts"

const none = "0199c2f0-0000-7000-8000-000000000000"

/** More than a page looks through: the oldest and the newest of them have a name of their own. */
const longHistory = `insert into stepped.ended_actions
    (id, definition, actor_id, arguments, status, depth, attempts, tags, enqueued_at, ended_at)
  select (lpad(to_hex(1700000000000 + n), 12, '0') || '70008000000000000000')::uuid,
    case when n in (1, 100050) then 'Car/wash' else 'Car/visit' end, n::text, '[]', 2, 0, 0,
    case when n = 1 then array['rare'] end, now(), now()
  from generate_series(1, 100050) n`

suite("reading over HTTP", (engine) => {
  const test = testing(engine)

  test(
    "21.1: actions come page by page, by a filter, without what programs have stored; they are counted",
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const first = yield* cars(1).with({ tags: ["blue"] }).visitLater("London")
      const others = [yield* cars(2).visitLater("nowhere"), yield* cars(3).visitLater("Paris")]
      yield* performSteppedActions()
      const { get } = yield* servingApi()
      const ids = ({ body }: { readonly body: any }) => body.items.map(({ id }: { readonly id: string }) => id)
      const newest = [...others.map(({ id }) => id).reverse(), first.id]
      const all = yield* get("/api/actions")
      assert.strictEqual(all.status, 200)
      assert.deepStrictEqual(
        ["cache-control", "x-content-type-options"].map((name) => all.headers.get(name)),
        ["no-store", "nosniff"]
      )
      assert.deepStrictEqual(ids(all), newest)
      assert.isNull(all.body.next)
      const page = yield* get("/api/actions?limit=2")
      assert.deepStrictEqual(ids(page), newest.slice(0, 2))
      assert.deepStrictEqual(ids(yield* get(`/api/actions?limit=2&after=${page.body.next}`)), [first.id])
      const failed = yield* get("/api/actions?status=failed&status=timed_out&actorType=Car")
      assert.deepStrictEqual(ids(failed), [others[0]!.id])
      assert.notProperty(failed.body.items[0], "arguments")
      assert.notInclude(JSON.stringify(failed.body), "s3cret")
      assert.deepStrictEqual(ids(yield* get("/api/actions?tag=blue&roots=true")), [first.id])
      assert.deepStrictEqual(ids(yield* get("/api/actions?since=2100-01-01T00:00:00Z")), [])
      const { body } = yield* get("/api/actions/count?name=visit")
      assert.deepStrictEqual([body.count, body.hasMore], [3, false])
      assert.deepStrictEqual(
        body.groups.map(({ count, status }: any) => [status, count]),
        [["succeeded", 2], ["failed", 1]]
      )
    })
  )

  test(
    "21.1: one action, its steps, its tree, and why it is not finished",
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const { id } = yield* cars(1).tourLater(["London", "Oslo"])
      const waits = yield* cars(2).outsideLater()
      yield* performSteppedActions({ until: "1 second", maxPasses: 10_000 }).pipe(Effect.exit)
      const { get } = yield* servingApi()
      const one = yield* get(`/api/actions/${id}`)
      assert.deepStrictEqual([one.status, one.body.name, one.body.status], [200, "tour", "succeeded"])
      const steps = yield* get(`/api/actions/${id}/steps`)
      assert.deepStrictEqual(steps.body.map(({ name, slots }: any) => [name, slots.length]), [["visits", 2]])
      const tree = yield* get(`/api/actions/${id}/tree`)
      assert.deepStrictEqual(tree.body.steps[0].slots.map(({ tree }: any) => tree?.action.name), ["visit", "visit"])
      const why = yield* get(`/api/actions/${waits.id}/why`)
      assert.strictEqual(why.body.reasons[0]._tag, "Outbound")
      assert.include(why.body.text, "outside Car/2")
      assert.deepStrictEqual((yield* get(`/api/actions/${id}/signals`)).body, [])
      for (const path of ["", "/steps", "/tree", "/why", "/signals"]) {
        const { body, status } = yield* get(`/api/actions/${none}${path}`)
        assert.deepStrictEqual([status, body._tag], [404, "NotFound"])
        assert.include(body.message, none)
      }
    })
  )

  test(
    "21.1: what waits for one that several wait for is in a tree once",
    Effect.gen(function*() {
      const cars = yield* Cars.client
      // two children of one lane: the second has superseded the first, and both slots wait for it
      const { id } = yield* cars(1).tourLater(["London", "Oslo"])
      yield* performSteppedActions()
      const { get } = yield* servingApi()
      const { body } = yield* get(`/api/actions/${id}/tree`)
      const shown = JSON.stringify(body).match(/"action":\{"id":"[^"]+"/g) ?? []
      assert.strictEqual(new Set(shown).size, shown.length)
    })
  )

  test(
    "21.1: the whole: lanes, queues, pauses, workers, errors, definitions, operations, the database, invariants",
    Effect.gen(function*() {
      const cars = yield* Cars.client
      yield* cars(1).outsideLater()
      yield* cars(2).visitLater("nowhere")
      yield* performSteppedActions({ until: "1 second", maxPasses: 10_000 }).pipe(Effect.exit)
      yield* Effect.flatMap(JobQueue, (queue) => queue.pause({ queue: "reports" }, { reason: "a test", by: "ada" }))
      yield* Effect.flatMap(PerformanceLane, (lanes) => lanes.pause("bay", { reason: "a test", by: "ada" }))
      yield* cars(3).with({ delay: "1 day" }).visitLater("Oslo")
      const { get } = yield* servingApi()
      const read = (path: string) =>
        Effect.map(get(path), ({ body, status }) => {
          assert.strictEqual(status, 200, `${path}: ${JSON.stringify(body)}`)
          return body
        })
      const lanes = yield* read("/api/lanes?limit=1")
      assert.deepStrictEqual(lanes.items.map(({ key }: any) => key), ["Car/1/outside"])
      assert.isNull(lanes.next)
      assert.deepStrictEqual((yield* read("/api/queues")).map(({ later, name }: any) => [name, later]), [["visit", 1]])
      assert.deepStrictEqual((yield* read("/api/queued")).items.map(({ name }: any) => name), ["visit"])
      assert.deepStrictEqual((yield* read("/api/pauses")).map(({ kind }: any) => kind).sort(), ["lane", "queue"])
      assert.deepStrictEqual((yield* read("/api/workers")).map(({ inHand }: any) => inHand), [0])
      const { groups } = yield* read("/api/errors?actorType=Car")
      assert.deepStrictEqual(groups.map(({ count, tag }: any) => [tag, count]), [["Flat", 1]])
      assert.deepStrictEqual(yield* read("/api/definitions"), { items: [], next: null })
      const operations = yield* read("/api/operations?by=ada&limit=1")
      assert.deepStrictEqual(operations.items.map(({ verb }: any) => verb), ["PerformanceLane.pause"])
      const next = yield* read(`/api/operations?by=ada&limit=1&after=${operations.next}`)
      assert.deepStrictEqual(next.items.map(({ target }: any) => target), ["queue reports"])
      assert.deepStrictEqual(yield* read("/api/achievements"), { items: [], next: null })
      assert.include((yield* read("/api/database")).text, "the database at")
      assert.deepStrictEqual(yield* read("/api/doctor"), [])
    })
  )

  test(
    "21.1: what is given wrong is refused, with what it takes",
    Effect.gen(function*() {
      const { get } = yield* servingApi()
      for (
        const [path, says] of [
          ["/api/actions?limit=0", "limit"],
          ["/api/actions?limit=1001", "limit"],
          ["/api/actions?limit=2.5", "limit"],
          ["/api/actions?status=gone", "status"],
          ["/api/actions?since=yesterday", "since"],
          ["/api/actions?after=last", "after"],
          ["/api/actions/1", "id"],
          ["/api/operations?after=x", "after"],
          ["/api/errors?limit=-1", "limit"],
          ["/api/actions?since=-271821-04-20T00:00:00Z", "since"]
        ] as const
      ) {
        const { body, status } = yield* get(path)
        assert.deepStrictEqual([status, body._tag], [400, "BadRequest"], path)
        assert.include(body.message, says)
      }
    })
  )

  test(
    "21.1: pages of lanes, and of what is queued, go on where they were, also where the last one has gone by then",
    Effect.gen(function*() {
      const cars = yield* Cars.client
      for (const n of [1, 2, 3, 4, 5]) yield* cars(n).outsideLater()
      yield* performSteppedActions({ until: "1 second", maxPasses: 10_000 }).pipe(Effect.exit)
      const waiting = yield* Effect.forEach([1, 2, 3, 4, 5], (n) => cars(n).with({ delay: "1 day" }).visitLater("Oslo"))
      const { get } = yield* servingApi()
      const lanes = yield* get("/api/lanes?limit=2")
      yield* Stepped.complete(Car.ref(2), outside, Stepped.Outcome.succeeded(1))
      const queued = yield* get("/api/queued?limit=2")
      assert.deepStrictEqual(queued.body.items.map(({ action }: any) => action), [waiting[0]!.id, waiting[1]!.id])
      yield* Stepped.cancel(waiting[1]!.id)
      yield* performSteppedActions({ until: "1 second", maxPasses: 10_000 }).pipe(Effect.exit)
      const more = yield* get(`/api/lanes?limit=2&after=${encodeURIComponent(lanes.body.next)}`)
      assert.deepStrictEqual(more.body.items.map(({ key }: any) => key), ["Car/3/outside", "Car/4/outside"])
      const further = yield* get(`/api/queued?limit=2&after=${queued.body.next}`)
      assert.deepStrictEqual(further.body.items.map(({ action }: any) => action), [waiting[2]!.id, waiting[3]!.id])
      const last = yield* get(`/api/queued?limit=2&after=${further.body.next}`)
      assert.deepStrictEqual([last.body.items.length, last.body.next], [1, null])
      for (const path of ["/api/lanes?after=first", "/api/lanes?after=[1]", "/api/queued?after=first"]) {
        assert.strictEqual((yield* get(path)).status, 400, path)
      }
    })
  )

  test(
    "21.1: pages of lanes go on beyond ten thousand, those that have a name behind all others",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* (yield* Cars.client)(1).outsideLater()
      yield* performSteppedActions({ until: "1 second" }).pipe(Effect.exit)
      yield* sql.unsafe(`insert into stepped.live_actions
        select r.* from stepped.live_actions l
        cross join generate_series(1, 10002) n
        cross join jsonb_populate_record(
          l, jsonb_build_object('id', gen_random_uuid(), 'lane', 'lane ' || to_char(n, 'FM00000'))) r`)
      yield* sql.unsafe(`with l as (
          insert into stepped.named_lanes (lane, settings)
          select x || U&'\\0001' || y, '{"limit": 2}' from unnest(array['b', 'Z', 'é']) x, unnest(array['2', 'a', '']) y
          returning lane)
        insert into stepped.seats (action, lane, "limit", priority, place) select gen_random_uuid(), lane, 2, 0, 1 from l`)
      const { get } = yield* servingApi()
      const shown = ({ key, name }: any) => `${name ?? "none"}:${key}`
      const named = ["Z", "b", "é"].flatMap((name) => ["", "2", "a"].map((key) => `${name}:${key}`))
      const found: Array<string> = []
      let after = JSON.stringify([null, "lane 09999"])
      for (const size of [2, 1, 4, 3, 2]) {
        const { body } = yield* get(`/api/lanes?limit=${size}&after=${encodeURIComponent(after)}`)
        found.push(...body.items.map(shown))
        after = body.next
      }
      assert.isNull(after)
      assert.deepStrictEqual(found, ["none:lane 10000", "none:lane 10001", "none:lane 10002", ...named])
      const all = yield* get("/api/lanes?limit=1000")
      assert.deepStrictEqual(all.body.items.slice(0, 2).map(shown), ["none:Car/1/outside", "none:lane 00001"])
      // nothing performs or waits there
      yield* sql`delete from stepped.live_actions where lane like 'lane %'`
      yield* Effect.all([sql`delete from stepped.seats`, sql`delete from stepped.named_lanes`])
    })
  )

  test(
    "21.1: achievements come page by page, in the order of their keys",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`insert into stepped.achievements (checksum_key, checksum, result, action, definition, achieved_at)
        select x, 'c', 'null', gen_random_uuid(), 'Car/visit', now() from unnest(array['b', 'Z', 'a', 'é', 'a/b']) x`
      const { get } = yield* servingApi()
      const keysOf = ({ body }: { readonly body: any }) => body.items.map(({ checksumKey }: any) => checksumKey)
      const first = yield* get("/api/achievements?limit=2")
      assert.deepStrictEqual([keysOf(first), first.body.next], [["Z", "a"], "a"])
      yield* sql`delete from stepped.achievements where checksum_key = 'a'`
      const second = yield* get("/api/achievements?limit=2&after=a")
      assert.deepStrictEqual([keysOf(second), second.body.next], [["a/b", "b"], "b"])
      const last = yield* get("/api/achievements?limit=2&after=b")
      assert.deepStrictEqual([keysOf(last), last.body.next], [["é"], null])
      assert.deepStrictEqual(keysOf(yield* get("/api/achievements?key=b")), ["b"])
      assert.strictEqual((yield* get("/api/achievements?after=a%00")).status, 400)
      assert.strictEqual((yield* get(`/api/lanes?after=${encodeURIComponent("[\"a\\u0000\",\"b\"]")}`)).status, 400)
      yield* sql`delete from stepped.achievements`
    })
  )

  test(
    "21.1: definitions come page by page, each version once, the newest of each first, also beyond a thousand",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      for (const [definition, count] of [["Car/visit", 2500], ["Car/a", 1], ["Car/Z", 1], ["Van/visit", 1]] as const) {
        yield* storeVersions(definition, count)
      }
      const { get } = yield* servingApi()
      const pageOf = (asked: string, after: string | null) =>
        Effect.map(
          get(`/api/definitions?${asked}${after === null ? "" : `&after=${encodeURIComponent(after)}`}`),
          ({ body }) => ({
            found: body.items.map(({ actorType, hash, name }: any) => `${actorType}/${name} ${hash}`) as Array<string>,
            next: body.next as string | null
          })
        )
      const all = (asked: string) =>
        Effect.gen(function*() {
          const pages: Array<ReadonlyArray<string>> = []
          let after: string | null = null
          do {
            const page: Effect.Success<ReturnType<typeof pageOf>> = yield* pageOf(asked, after)
            pages.push(page.found)
            after = page.next
          } while (after !== null)
          return pages
        })
      const pages = yield* all("name=visit&actorType=Car&limit=1000")
      assert.deepStrictEqual(pages.map(({ length }) => length), [1000, 1000, 500])
      // those of one millisecond by their hashes
      const ms = (n: number) => Math.floor((n + 2) / 4)
      assert.deepStrictEqual(
        pages.flat(),
        Array.from({ length: 2500 }, (_, n) => n)
          .sort((a, b) => ms(b) - ms(a) || a - b)
          .map((n) => `Car/visit ${String(n).padStart(4, "0")}`)
      )
      const few = yield* all("name=visit&limit=999")
      assert.deepStrictEqual(few.flat(), [...pages.flat(), "Van/visit 0000"])
      assert.deepStrictEqual((yield* all("newest=true&limit=1")).flat().map((text) => text.split(" ")[0]), [
        "Car/Z",
        "Car/a",
        "Car/visit",
        "Van/visit"
      ])
      // what it goes on behind may have gone
      const first = yield* pageOf("name=visit&limit=3", null)
      yield* sql`delete from stepped.definitions where hash = ${first.found.at(-1)!.split(" ")[1]!}`
      const second = yield* pageOf("name=visit&limit=3", first.next)
      assert.deepStrictEqual(second.found, pages.flat().slice(3, 6))
      for (const after of ["first", "[1]", "[\"Car\",\"visit\",1e300,\"a\"]", "[\"Car\",\"a\\u0000\",1,\"a\"]"]) {
        assert.strictEqual((yield* get(`/api/definitions?after=${encodeURIComponent(after)}`)).status, 400, after)
      }
      yield* sql`delete from stepped.definitions`
    })
  )

  test(
    "21.1: a lane's page goes on behind the last one of the page before",
    Effect.gen(function*() {
      const cars = yield* Cars.client
      for (const n of [1, 2, 3, 4, 5]) yield* cars(n).outsideLater()
      yield* performSteppedActions({ until: "1 second", maxPasses: 10_000 }).pipe(Effect.exit)
      const { get } = yield* servingApi()
      const found: Array<string> = []
      let after: string | null = ""
      while (after !== null) {
        const { body }: { readonly body: any } = yield* get(
          `/api/lanes?limit=2${after === "" ? "" : `&after=${encodeURIComponent(after)}`}`
        )
        found.push(...body.items.map(({ key }: any) => key))
        after = body.next
      }
      assert.deepStrictEqual(found, [1, 2, 3, 4, 5].map((n) => `Car/${n}/outside`))
    })
  )
})

describe("where it is looked", () => {
  it.effect("21.1: may be another database than that of the verbs, such as a replica", () =>
    Effect.gen(function*() {
      const { id } = yield* (yield* Cars.client)(1).with({ delay: "1 day" }).visitLater("London")
      const { get, post } = yield* servingApi({ reads: server.layer() })
      assert.deepStrictEqual((yield* get("/api/actions")).body.items, [])
      const { body } = yield* post("/api/verbs/Stepped.cancel", { id, reason: "a test" })
      assert.strictEqual(body.outcome, "done")
      yield* performSteppedActions()
    }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(Cars.layer, embedded.layer()))))
})

describe("what is rare in a long history", () => {
  it.effect("21.1: is looked for so far, and further from there; what an index leads to is found at once", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql.unsafe(longHistory)
      const { get, url } = yield* servingApi({ authorization: known })
      const ask = (query: string) => Effect.map(get(`/api/actions?${query}`, as("vera")), ({ body }) => body)
      const numbers = ({ items }: { readonly items: ReadonlyArray<any> }) => items.map(({ actorId }) => actorId)
      const first = yield* ask("name=wash")
      assert.deepStrictEqual(numbers(first), ["100050"])
      assert.strictEqual(first.lookedUntil, "2023-11-14T22:13:20.051Z")
      const second = yield* ask(`name=wash&after=${first.next}`)
      assert.deepStrictEqual([numbers(second), second.next, second.lookedUntil], [["1"], null, null])
      // one that is full says where it goes on, as ever, and so does one that leaves nothing out
      const full = yield* ask("actorType=Car&limit=2")
      assert.deepStrictEqual([numbers(full), full.lookedUntil], [["100050", "100049"], null])
      assert.strictEqual(full.next, full.items[1].id)
      assert.isNull((yield* ask("limit=2")).lookedUntil)
      for (const query of ["tag=rare", `retryOf=${none}`, "failure=none", "held=true"]) {
        const { lookedUntil, next } = yield* ask(query)
        assert.deepStrictEqual([next, lookedUntil], [null, null], query)
      }
      assert.deepStrictEqual(numbers(yield* ask("tag=rare")), ["1"])
      const page = yield* Stepped.list({ roots: true, statuses: ["failed"] })
      assert.deepStrictEqual([page.items, page.lookedUntil], [[], new Date(first.lookedUntil)])
      const repo = Effect.flatMap(ActionRepo, (repo) => repo.page({ name: "wash", limit: 1500 }))
      const there = yield* Effect.provide(repo, remoteServices(url, Option.some(Redacted.make("vera"))))
      assert.deepStrictEqual(
        [there.items.length, there.next, there.lookedUntil],
        [1, first.next, new Date(first.lookedUntil)]
      )
      // whoever wants to have it at once builds an index
      yield* sql`create index ended_actions_search_name on stepped.ended_actions (split_part(definition, '/', 2), id)`
      const found = yield* ask("name=wash")
      yield* sql`drop index stepped.ended_actions_search_name`
      assert.deepStrictEqual([numbers(found), found.next], [["100050", "1"], null])
    }).pipe(Effect.scoped, Effect.provide(server.layer())))
})

describe("a question that takes too long", () => {
  it.effect("21.1: ends, and is answered with what to do", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { get, post } = yield* servingApi({
        queryTimeout: "200 millis",
        endpoints: [Http.endpoints(Cars, [visit])]
      })
      const asked = yield* sql.withTransaction(
        Effect.andThen(
          sql`lock table stepped.ended_actions, stepped.jobs in access exclusive mode`,
          Effect.zip(get("/api/actions"), post("/Car/1/visit", ["London"]))
        )
      )
      const [{ body, status }, enqueued] = asked
      assert.deepStrictEqual([enqueued.status, enqueued.body._tag], [504, "QueryTimedOut"])
      assert.deepStrictEqual([status, body._tag, body.limitMs], [504, "QueryTimedOut", 200])
      assert.include(body.message, "ask for less")
      assert.strictEqual((yield* get("/api/actions")).status, 200)
    }).pipe(Effect.scoped, Effect.provide(server.layer())))

  it.effect("21.1: has none where it goes through all that is stored: forgetting, and checking the invariants", () =>
    Effect.gen(function*() {
      yield* (yield* Cars.client)(1).visitLater("London")
      yield* performSteppedActions()
      const sql = yield* SqlClient.SqlClient
      const { get, post } = yield* servingApi({ queryTimeout: "200 millis" })
      const go = yield* holding(sql`lock table stepped.ended_actions in access exclusive mode`)
      const examined = yield* Effect.forkScoped(
        Effect.all([get("/api/doctor"), get("/api/doctor")], { concurrency: 2 })
      )
      yield* blocked(1)
      const forget = { actorType: "Car", actorId: "1", reason: "a test" }
      const forgotten = yield* Effect.forkScoped(post("/api/verbs/ActionRepo.forget", forget))
      yield* blocked(2)
      // it has begun after them, and so their time would be over by now
      assert.strictEqual((yield* get("/api/actions")).status, 504)
      const [waiting] = yield* sql<{ n: number }>`select count(*)::int as n from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like '%as subject%'`
      assert.strictEqual(waiting!.n, 1, "one checks at a time")
      yield* go
      for (const { body, status } of yield* Fiber.join(examined)) assert.deepStrictEqual([status, body], [200, []])
      const { body, status } = yield* Fiber.join(forgotten)
      assert.deepStrictEqual([status, body.outcome, body.more.actions], [200, "done", 1], JSON.stringify(body))
    }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(Cars.layer, server.layer()))))
})
