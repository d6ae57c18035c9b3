/** What happens, as whoever looks on is told: by the rows, from any process, and nobody is told who does not look. */
import { assert, it } from "@effect/vitest"
import { Clock, Deferred, type Duration, Effect, Fiber, Layer, Redacted, Ref, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { type ActionRecord, ActionRepo, Stepped } from "stepped"
import * as Http from "stepped/http"
import { Live } from "../../src/http/Live.ts"
import { server } from "../harness/databases.ts"
import { blocked, holding } from "../harness/racing.ts"
import { layerWorkers, until as comes } from "../harness/workers.ts"
import { Cars } from "./fixtures/cars.ts"
import { layerCounting, Sent as Statements } from "./fixtures/counting.ts"
import { as, known, servingApi } from "./fixtures/serving.ts"

interface Sent {
  readonly id: string | undefined
  readonly event: string
  readonly data: any
}

const sentOf = (text: string): Sent => {
  const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, "m").exec(text)?.[1]
  return { id: field("id"), event: field("event") ?? "message", data: JSON.parse(field("data") ?? "null") }
}

/** Looks on: what has come so far, and waits until that is enough. */
const connect = (url: string, headers: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function*() {
    const stop = new AbortController()
    yield* Effect.addFinalizer(() => Effect.sync(() => stop.abort()))
    const response = yield* Effect.promise(() =>
      fetch(`${url}/api/events`, { headers: { authorization: "Bearer vera", ...headers }, signal: stop.signal })
    )
    assert.strictEqual(response.status, 200)
    assert.include(response.headers.get("content-type"), "text/event-stream")
    assert.strictEqual(response.headers.get("x-accel-buffering"), "no")
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    const events: Array<Sent> = []
    const read = { rest: "" }
    const until = (isEnough: (events: ReadonlyArray<Sent>) => boolean) =>
      Effect.promise(async () => {
        while (!isEnough(events)) {
          const { done, value } = await reader.read()
          if (done) throw new Error("the stream has ended")
          const parts = (read.rest + value).split("\n\n")
          read.rest = parts.pop()!
          events.push(
            ...parts.filter((part) => part.includes("data:")).map(sentOf).filter(({ event }) =>
              event === "action" || event === "gap"
            )
          )
        }
      })
    return { events, until }
  })

const ofCar = (events: ReadonlyArray<Sent>, actorId: string) =>
  events.filter(({ data }) => data.actorId === actorId).map(({ data }) => `${data.kind} ${data.status}`)

it.live("21.2: who looks on is told what happens, and goes on with another process where the first has ended", () =>
  Effect.gen(function*() {
    const cars = yield* Cars.client
    const first = yield* servingApi({ authorization: known })
    const told = yield* Effect.scoped(Effect.gen(function*() {
      const { events, until } = yield* connect(first.url)
      yield* cars(1).visitLater("nowhere")
      yield* until((events) => ofCar(events, "1").includes("ended failed"))
      return events
    }))
    const last = told.find(({ data }) => data.kind === "ended")!
    assert.strictEqual(last.data.message.includes("Flat"), true)
    assert.notProperty(last.data, "arguments")
    assert.notInclude(JSON.stringify(told), "s3cret")
    // while nobody is connected
    const second = yield* cars(2).visitLater("London")
    yield* second.await
    const other = yield* servingApi({ authorization: known })
    const { events, until } = yield* connect(other.url, { "last-event-id": last.id! })
    yield* until((events) => ofCar(events, "2").includes("ended succeeded"))
    assert.notInclude(ofCar(events, "1"), "ended failed")
    assert.deepStrictEqual(ofCar(events, "2").sort(), ["ended succeeded", "enqueued succeeded", "started succeeded"])
    const strange = yield* other.get("/api/events?after=yesterday", as("vera"))
    assert.deepStrictEqual([strange.status, strange.body._tag], [400, "BadRequest"])
    assert.strictEqual((yield* other.get("/api/events")).status, 401)
  }).pipe(Effect.scoped, Effect.provide(layerWorkers(Cars.layer, { engines: 1 }))))

it.effect("21.2: what is committed late is told, also to who comes back, and nothing twice to who stays", () =>
  Effect.gen(function*() {
    const cars = yield* Cars.client
    const sql = yield* SqlClient.SqlClient
    const enqueue = (n: number) => Effect.orDie(cars(n).with({ delay: "1 day" }).visitLater("London"))
    /** Enqueues it, and gives what commits that. */
    const held = (n: number) =>
      Effect.gen(function*() {
        const enqueued = yield* Deferred.make<void>()
        const commit = yield* Deferred.make<void>()
        const fiber = yield* Effect.forkScoped(sql.withTransaction(
          Effect.andThen(
            Effect.andThen(enqueue(n), Deferred.succeed(enqueued, undefined)),
            Deferred.await(commit)
          )
        ))
        yield* Deferred.await(enqueued)
        return Effect.andThen(Deferred.succeed(commit, undefined), Fiber.join(fiber))
      })
    const carsOf = (events: ReadonlyArray<Sent>) => events.map(({ data }) => data.actorId)
    yield* TestClock.adjust("1 hour")
    const api = yield* servingApi({ authorization: known })
    const [commitFirst, commitSecond] = [yield* held(1), yield* held(2)]
    yield* TestClock.adjust("1 second")
    const staying = yield* connect(api.url)
    const last = yield* Effect.scoped(Effect.gen(function*() {
      const { events, until } = yield* connect(api.url)
      yield* enqueue(3)
      yield* until((events) => events.length > 0)
      return events[0]!
    }))
    assert.strictEqual(last.data.actorId, "3")
    yield* commitFirst
    // of another process, which has told nothing so far
    const other = yield* servingApi({ authorization: known })
    const back = yield* connect(other.url, { "last-event-id": last.id! })
    yield* commitSecond
    for (const n of [4, 5]) {
      yield* enqueue(n)
      yield* Effect.all([back, staying].map(({ until }) => until((events) => carsOf(events).includes(String(n)))))
    }
    assert.deepStrictEqual(carsOf(back.events).sort(), ["1", "2", "4", "5"])
    assert.deepStrictEqual(carsOf(staying.events).sort(), ["1", "2", "3", "4", "5"])
  }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(Cars.layer, server.layer()))))

it.live("21.2: who looks beside another shares a look, once a second, and nobody asks where nobody looks", () =>
  Effect.gen(function*() {
    const cars = yield* Cars.client
    const sql = yield* SqlClient.SqlClient
    const sent = yield* Statements
    /** What was sent in so many ms, in which there are two looks or more, if there are any; and how long that took. */
    const sentIn = (ms: number) =>
      Effect.gen(function*() {
        sent.length = 0
        const began = performance.now()
        yield* Effect.sleep(ms)
        return { texts: [...sent], seconds: (performance.now() - began) / 1000 }
      })
    const api = yield* servingApi({ authorization: known })
    assert.strictEqual((yield* api.get("/api/session", as("vera"))).status, 200)
    assert.deepStrictEqual((yield* sentIn(2500)).texts, [], "nobody has looked so far")
    yield* Effect.scoped(Effect.gen(function*() {
      const lookers = [yield* connect(api.url), yield* connect(api.url), yield* connect(api.url)]
      yield* cars(1).with({ delay: "1 day" }).visitLater("London")
      yield* Effect.all(lookers.map(({ until }) => until((events) => events.length > 0)))
      const { seconds, texts } = yield* sentIn(4500)
      assert.isAtMost(texts.length, seconds + 1, "once a second")
      assert.isTrue(texts.every((text) => text.includes("greatest(enqueued_at, started_at, ended_at)")), texts.join())
      // the next look waits: were there one for each of them, each would wait
      const go = yield* holding(sql`lock table stepped.jobs in access exclusive mode`)
      yield* blocked(1)
      yield* Effect.sleep(2500)
      const [waiting] = yield* sql<{ n: number }>`select count(*)::int as n from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`
      assert.strictEqual(waiting!.n, 1)
      yield* go
    }))
    // that they have gone the server hears a little later
    let tries = 0
    while ((yield* sentIn(2500)).texts.length > 0) assert.isBelow(tries++, 10, "nobody looks any more")
  }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(Cars.layer, layerCounting))))

/** So many that are enqueued and end at once. */
const crowd = (count: number) => `
  insert into stepped.ended_actions (id, definition, actor_id, arguments, status, depth, attempts, enqueued_at, ended_at)
  select (lpad(to_hex(floor(extract(epoch from now()) * 1000)::bigint), 12, '0') || '70008000' || lpad(n::text, 12, '0'))::uuid,
    'Car/visit', 'crowd', '["London"]', 2, 0, 1, now(), now()
  from generate_series(1, ${count}) n`

it.live("21.2: where more happens than a look finds, it is said of which time something is missing, also to who comes back", () =>
  Effect.gen(function*() {
    const cars = yield* Cars.client
    const sql = yield* SqlClient.SqlClient
    const api = yield* servingApi({ authorization: known })
    const { events, until } = yield* connect(api.url)
    const enqueue = (n: number) => cars(n).with({ delay: "1 day" }).visitLater("London")
    yield* enqueue(1)
    yield* until((events) => events.length > 0)
    const [first] = events
    yield* sql.unsafe(crowd(6000))
    // each is enqueued and ends: all that a look has found is told
    yield* until((events) => ofCar(events, "crowd").length >= 10_000)
    const gaps = events.filter(({ event }) => event === "gap")
    assert.isAbove(gaps.length, 0)
    const times = events.filter(({ data }) => data.actorId === "crowd").map(({ data }) => data.at)
    for (const { data, id } of gaps) {
      assert.isUndefined(id)
      assert.isTrue(data.since < times[0] && times[0] <= data.before, JSON.stringify(data))
    }
    const other = yield* servingApi({ authorization: known })
    const back = yield* connect(other.url, { "last-event-id": first!.id! })
    yield* back.until((events) => ofCar(events, "crowd").length >= 10_000)
    assert.strictEqual(back.events[0]!.event, "gap")
    assert.isTrue(back.events[0]!.data.since <= first!.data.at)
  }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(Cars.layer, server.layer()))))

it.live("21.2: the end of one that was live for long is told, however many were enqueued and have ended since", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const { id } = yield* (yield* Cars.client)(1).askLater()
    const repo = yield* ActionRepo
    const begun = Effect.map(repo.list({ statuses: ["performing"] }), ([one]) => one?.id === id)
    yield* comes("it has begun", begun)
    yield* sql.unsafe(crowd(5001))
    yield* sql`update stepped.ended_actions set enqueued_at = enqueued_at - interval '1 hour', ended_at = ended_at - interval '1 hour'`
    const { until } = yield* connect((yield* servingApi({ authorization: known })).url)
    yield* Stepped.cancel(id)
    yield* until((events) => ofCar(events, "1").includes("ended cancelled"))
  }).pipe(Effect.scoped, Effect.provide(layerWorkers(Cars.layer, { engines: 1 }))))

it.live("21.2: who takes what happens too slowly is told that something was lost, and of which time", () =>
  Effect.forEach([0, 1], (taken) =>
    Effect.gen(function*() {
      const start = yield* Clock.currentTimeMillis
      const looks = yield* Ref.make(0)
      const isFull = yield* Deferred.make<void>()
      // with each look as many as are not too many, three times each: more than is kept after three of them
      const changed = Effect.gen(function*() {
        const look = yield* Ref.getAndUpdate(looks, (n) => n + 1)
        if (look === 4) yield* Deferred.succeed(isFull, undefined)
        const at = new Date(start + look)
        return Array.from({ length: 4999 }, (_, n) => ({
          id: `00000000-0000-7000-8000-${String(look * 5000 + n).padStart(12, "0")}`,
          actorType: "Car",
          actorId: "1",
          name: "visit",
          status: "succeeded" as const,
          parent: undefined,
          message: undefined,
          enqueuedAt: at,
          startedAt: at,
          endedAt: at
        }))
      })
      const told = yield* Effect.gen(function*() {
        const events = yield* (yield* Live).events(undefined)
        if (taken === 0) yield* Deferred.await(isFull)
        // some are taken, and then none while the others come
        const slowly = Stream.mapEffect(events, (news, i) =>
          Effect.as(i === 0 ? Deferred.await(isFull) : Effect.void, news))
        return yield* Stream.runCollect(Stream.takeUntil(Stream.take(slowly, 40_000), (news) =>
          "gap" in news))
      }).pipe(
        Effect.provide(
          Layer.provide(Live.layer, Layer.mock(ActionRepo, { changed: () => changed, list: () => Effect.succeed([]) }))
        )
      )
      const gaps = told.flatMap((news) => "gap" in news ? [news.gap] : [])
      assert.lengthOf(gaps, 1)
      assert.strictEqual(told.length > 1, taken > 0)
      assert.isAtMost(gaps[0]!.since.getTime(), start)
      assert.isAtLeast(gaps[0]!.before.getTime(), start + 2)
    }).pipe(Effect.scoped), { discard: true }))

it.live("21.2: who has ended and was not told of is watched no more, and those that are live are", () =>
  Effect.gen(function*() {
    const idOf = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, "0")}`
    const start = yield* Clock.currentTimeMillis
    const crowd = Array.from({ length: 5000 }, (_, n) => idOf(n))
    const looked: Array<ReadonlyArray<string>> = []
    const enough = yield* Deferred.make<void>()
    /** When it was looked for the first time, all of a crowd were live; with the first look after it more has happened than that finds, and another one is live. */
    const changed: ActionRepo["Service"]["changed"] = (_, options) =>
      Effect.gen(function*() {
        looked.push([...options?.watched ?? []])
        if (looked.length === 4) yield* Deferred.succeed(enough, undefined)
        if (looked.length !== 2) return []
        const at = new Date(start)
        return crowd.map((_, n) => ({
          id: idOf(10_000 + n),
          actorType: "Car",
          actorId: "1",
          name: "visit",
          status: "succeeded" as const,
          parent: undefined,
          message: undefined,
          enqueuedAt: at,
          startedAt: at,
          endedAt: at
        }))
      })
    const live = (ids: ReadonlyArray<string>) => ids.map((id) => ({ id }) as ActionRecord)
    const list: ActionRepo["Service"]["list"] = (filter) =>
      Effect.sync(() =>
        filter?.statuses?.includes("queued") === true
          ? live([idOf(1), idOf(20_001)])
          : live(looked.length === 0 ? crowd : [idOf(20_000)])
      )
    yield* Effect.gen(function*() {
      yield* Effect.asVoid((yield* Live).events(undefined))
      yield* Deferred.await(enough)
    }).pipe(Effect.provide(Layer.provide(Live.layer, Layer.mock(ActionRepo, { changed, list }))))
    assert.lengthOf(looked[1]!, 5000)
    // of those that are queued the one that was watched
    assert.deepStrictEqual(looked[3], [idOf(20_000), idOf(1)])
  }).pipe(Effect.scoped))

it.effect("21.2: a time that is still to come, by a clock that is wrong, keeps nobody from being told of now", () =>
  Effect.gen(function*() {
    const cars = yield* Cars.client
    const sql = yield* SqlClient.SqlClient
    yield* TestClock.adjust("1 hour")
    const { id } = yield* cars(1).with({ delay: "1 day" }).visitLater("London")
    yield* sql`update stepped.jobs set enqueued_at = enqueued_at + interval '1 hour' where action = ${id}::uuid`
    const { events, until } = yield* connect((yield* servingApi({ authorization: known })).url)
    for (const n of [2, 3]) {
      yield* cars(n).with({ delay: "1 day" }).visitLater("London")
      yield* until((events) => events.some(({ data }) => data.actorId === String(n)))
    }
    assert.deepStrictEqual(events.map(({ data }) => data.actorId), ["2", "3"])
  }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(Cars.layer, server.layer()))))

it.effect("21.2: who goes on behind a time that is still to come is told what happens now, and that something may be missing", () =>
  Effect.gen(function*() {
    const cars = yield* Cars.client
    const sql = yield* SqlClient.SqlClient
    yield* TestClock.adjust("1 hour")
    const enqueue = (n: number) => Effect.orDie(cars(n).with({ delay: "1 day" }).visitLater("London"))
    const carsOf = (events: ReadonlyArray<Sent>) => events.map(({ data }) => data.actorId)
    const api = yield* servingApi({ authorization: known })
    const last = yield* Effect.scoped(Effect.gen(function*() {
      const { events, until } = yield* connect(api.url)
      yield* sql.withTransaction(Effect.andThen(
        enqueue(1),
        sql`update stepped.jobs set enqueued_at = enqueued_at + interval '1 hour'`
      ))
      yield* until((events) => events.length > 0)
      return events[0]!
    }))
    yield* enqueue(2)
    const other = yield* servingApi({ authorization: known })
    const back = yield* connect(other.url, { "last-event-id": last.id! })
    yield* enqueue(3)
    yield* back.until((events) => carsOf(events).includes("3"))
    assert.includeMembers(carsOf(back.events), ["2", "3"])
    assert.isTrue(back.events.every(({ event }) => event === "action"))
    // an id that another clock has made
    const wrong = last.id!.replace(/^\d+/, String(Date.parse(last.data.at)))
    const late = yield* connect(other.url, { "last-event-id": wrong })
    yield* enqueue(4)
    yield* late.until((events) => carsOf(events).includes("4"))
    assert.strictEqual(late.events[0]!.event, "gap")
    assert.isTrue(late.events[0]!.data.since < late.events[0]!.data.before)
    assert.includeMembers(carsOf(late.events), ["2", "3", "4"])
  }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(Cars.layer, server.layer()))))

it.live("21.2: a stream ends after its time, and who goes on is asked again who they are", () =>
  Effect.gen(function*() {
    const cars = yield* Cars.client
    const may = new Set(["vera"])
    const authorization = Http.authorization((credential) =>
      Effect.succeed(
        may.has(Redacted.value(credential))
          ? { subject: Redacted.value(credential), roles: ["view"] as const, mayReadPayloads: false }
          : undefined
      )
    )
    const first = yield* servingApi({ authorization })
    const { events, until } = yield* connect(first.url)
    yield* cars(1).with({ delay: "1 day" }).visitLater("London")
    yield* until((events) => events.length > 0)
    const { get } = yield* servingApi({ authorization, streamTimeout: "1 second" })
    // the whole of it, as it ends by itself
    const goOn = get(`/api/events?after=${events[0]!.id}`, as("vera"))
    const { body, status } = yield* goOn
    assert.strictEqual(status, 200)
    const [last] = (body as string).split("\n\n").filter((part) => part.includes("data:")).map(sentOf).reverse()
    assert.strictEqual(last?.event, "over")
    assert.isUndefined(last?.id)
    assert.strictEqual((yield* goOn).status, 200)
    may.clear()
    assert.strictEqual((yield* goOn).status, 401)
  }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(Cars.layer, server.layer()))))

it.effect("21.2: the time of a stream is a duration, and finite", () =>
  Effect.gen(function*() {
    for (const [streamTimeout, value] of [[0, "0"], [Infinity, "Infinity"], ["soon", "\"soon\""]] as const) {
      const error = yield* Effect.flip(servingApi({ streamTimeout: streamTimeout as Duration.Input }))
      assert.strictEqual(error._tag, "InvalidOption")
      assert.include(error.message, `streamTimeout is ${value}: it takes a duration from 1`)
    }
  }).pipe(Effect.scoped, Effect.provide(server.layer())))
