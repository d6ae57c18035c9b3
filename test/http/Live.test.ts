/** What happens, as whoever looks on is told: by the rows, from any process, and nobody is told who does not look. */
import { assert, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
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

/** Reads a stream until that has come. */
const hearing = (
  url: string,
  headers: Readonly<Record<string, string>>,
  isEnough: (events: ReadonlyArray<Sent>) => boolean,
  then: Effect.Effect<void> = Effect.void
): Effect.Effect<ReadonlyArray<Sent>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const stop = new AbortController()
    yield* Effect.addFinalizer(() => Effect.sync(() => stop.abort()))
    const response = yield* Effect.promise(() => fetch(url, { headers, signal: stop.signal }))
    assert.strictEqual(response.status, 200)
    assert.include(response.headers.get("content-type"), "text/event-stream")
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    yield* then
    const events: Array<Sent> = []
    let rest = ""
    while (!isEnough(events)) {
      const { done, value } = yield* Effect.promise(() => reader.read())
      if (done) break
      const parts = (rest + value).split("\n\n")
      rest = parts.pop()!
      events.push(
        ...parts.filter((part) => part.includes("data:")).map(sentOf).filter(({ event }) => event === "action")
      )
    }
    return events
  })

it.live("21.2: who looks on is told what happens, and goes on with another process where the first has ended", () =>
  Effect.gen(function*() {
    const cars = yield* Cars.client
    const first = yield* servingApi({ authorization: known })
    const headers = { authorization: "Bearer vera" }
    const ofCar = (events: ReadonlyArray<Sent>, actorId: string) =>
      events.filter(({ data }) => data.actorId === actorId).map(({ data }) => `${data.kind} ${data.status}`)
    const told = yield* Effect.scoped(hearing(
      `${first.url}/api/events`,
      headers,
      (events) => ofCar(events, "1").includes("ended failed"),
      Effect.asVoid(Effect.orDie(cars(1).visitLater("nowhere")))
    ))
    const last = told.find(({ data }) => data.kind === "ended")!
    assert.strictEqual(last.data.message.includes("Flat"), true)
    assert.notProperty(last.data, "arguments")
    assert.notInclude(JSON.stringify(told), "s3cret")
    // while nobody is connected
    const second = yield* Effect.orDie(cars(2).visitLater("London"))
    yield* second.await
    const other = yield* servingApi({ authorization: known })
    const resumed = yield* Effect.scoped(hearing(
      `${other.url}/api/events`,
      { ...headers, "last-event-id": last.id! },
      (events) => ofCar(events, "2").includes("ended succeeded")
    ))
    assert.deepStrictEqual(ofCar(resumed, "1"), [])
    assert.deepStrictEqual(ofCar(resumed, "2").sort(), ["ended succeeded", "enqueued succeeded", "started succeeded"])
    const strange = yield* other.get("/api/events?after=yesterday", as("vera"))
    assert.deepStrictEqual([strange.status, strange.body._tag], [400, "BadRequest"])
    assert.strictEqual((yield* other.get("/api/events")).status, 401)
  }).pipe(Effect.scoped, Effect.provide(layerWorkers(Cars.layer, { engines: 1 }))))
