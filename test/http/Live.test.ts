/** What happens, as whoever looks on is told: by the rows, from any process, and nobody is told who does not look. */
import { assert, it } from "@effect/vitest"
import { Deferred, type Duration, Effect, Fiber, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as Http from "stepped/http"
import { server } from "../harness/databases.ts"
import { layerWorkers } from "../harness/workers.ts"
import { Cars } from "./fixtures/cars.ts"
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
            ...parts.filter((part) => part.includes("data:")).map(sentOf).filter(({ event }) => event === "action")
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
