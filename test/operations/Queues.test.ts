/** Jobs that a worker does not take: in queues that a deploy has renamed, and of definitions that nobody has. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Layer, Logger, Schema, Scope } from "effect"
import { type EnqueueError, JobQueue, Step, Stepped } from "stepped"
import { healthy } from "../harness/databases.ts"
import { statusesOf } from "../harness/observing.ts"
import { allEnded, until } from "../harness/workers.ts"
import { database, startEngine, startOver, startWorkerOf } from "./starting.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
class Van extends Stepped.Actor<Van>()("Van", { id: Schema.Int }) {}

/** Definitions whose queue has the name that this deploy gives it. */
const deploy = (queue: string, begun: Effect.Effect<unknown> = Effect.void) => {
  const part = Stepped.action("part", { queue, arguments: [Schema.Int] }).step(() => Effect.void)
  const trip = Stepped.action("trip", { queue })
    .step("parts", () => Effect.andThen(begun, Effect.all([Step.do(part, 1), Step.wait("1 second")])))
    .step("end", () => Effect.void)
  return Stepped.actions(Car, [part, trip])
}
const Vans = Stepped.actions(Van, [
  Stepped.action("parcel").step(() => Effect.void),
  Stepped.action("letter").step(() => Effect.void),
  Stepped.action("card").step(() => Effect.void)
])

const backlog = Effect.map(
  Effect.flatMap(JobQueue, (queue) => queue.backlog),
  (all) => all.map(({ actorType, due, name, queue }) => `${due} ${actorType}/${name} in ${queue}`)
)

/** Trips that a deploy has left: one that a worker of it has begun, which is gone, and so many that are queued. */
const leftBehind = (url: Parameters<typeof startWorkerOf>[0], queue: string, queued: number) =>
  Effect.gen(function*() {
    const begun = yield* Deferred.make<void>()
    const Old = deploy(queue, Deferred.succeed(begun, undefined))
    const old = yield* Old.client
    const scope = yield* Scope.make()
    yield* Scope.provide(startWorkerOf(url, Old.layer, { gracePeriod: "10 seconds" }), scope)
    const handles = [yield* old(1).tripLater()]
    yield* Deferred.await(begun)
    yield* Scope.close(scope, yield* Effect.exit(Effect.void))
    for (let n = 0; n < queued; n++) handles.push(yield* old(2 + n).tripLater())
    return handles
  })

describe("a queue that a deploy has renamed", () => {
  it.live("is emptied by the workers of the new deploy, which know the old name from its jobs alone", () =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* startEngine(url)
      yield* Effect.gen(function*() {
        const handles = yield* leftBehind(url, "old", 2)
        assert.include(yield* backlog, "2 Car/trip in old")

        const New = deploy("new")
        yield* startWorkerOf(url, New.layer)
        handles.push(yield* (yield* New.client)(4).tripLater())
        yield* Effect.forEach(handles, (handle) => handle.await)
        assert.deepStrictEqual(yield* statusesOf("trip"), ["succeeded", "succeeded", "succeeded", "succeeded"])
        assert.deepStrictEqual(yield* backlog, [])
        yield* healthy
      }).pipe(Effect.provide(client))
    }))

  it.live("15.7: what another deploy has queued in turns is taken where the definition has no tenants any more", () =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* startEngine(url)
      yield* Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const handle = yield* (yield* Vans.client)(1).parcelLater()
        yield* sql`update stepped.jobs set priority = 999, own_priority = 0, tenant = 'a', turn = 1`
        const scope = yield* Scope.make()
        yield* Scope.provide(startWorkerOf(url, Vans.layer, { queues: ["default"] }), scope)
        yield* until("it is taken", Effect.map(handle.status, ({ status }) => status === "succeeded"))
        yield* Scope.close(scope, yield* Effect.exit(Effect.void))
        yield* healthy
      }).pipe(Effect.provide(client))
    }))

  it.live("gives up to them also what has died with its worker before", () =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* startEngine(url)
      yield* Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const handle = yield* (yield* deploy("old").client)(1).tripLater()
        yield* sql`update stepped.jobs set priority = 1005, attempts = 2`
        yield* startWorkerOf(url, deploy("new").layer)
        yield* handle.await
        yield* healthy
      }).pipe(Effect.provide(client))
    }))

  it.live("is left alone by a worker that is restricted to others", () =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* startEngine(url)
      yield* Effect.gen(function*() {
        const [Old, New] = [deploy("old"), deploy("new")]
        yield* (yield* Old.client)(1).tripLater()
        // two of its looks at what is left behind are between these
        yield* startWorkerOf(url, New.layer, { queues: ["new"] })
        yield* (yield* New.client)(2).trip()
        assert.deepStrictEqual(yield* backlog, ["1 Car/trip in old"])
        yield* healthy
      }).pipe(Effect.provide(client))
    }))
})

describe("an action that a deploy has moved to another queue", () => {
  it.live("is taken by who has the queue where it waits, also where each worker is restricted to one", () =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* startEngine(url)
      yield* Effect.gen(function*() {
        const handles = yield* leftBehind(url, "default", 1)
        assert.include(yield* backlog, "1 Car/trip in default")

        const New = deploy("reports")
        const workers = Layer.mergeAll(
          Stepped.worker({ queues: ["default"] }),
          Stepped.worker({ queues: ["reports"] })
        )
        yield* startOver(url, workers.pipe(Layer.provide(New.layer)))
        handles.push(yield* (yield* New.client)(3).tripLater())
        yield* Effect.forEach(handles, (handle) => handle.await)
        assert.deepStrictEqual(yield* statusesOf("trip"), ["succeeded", "succeeded", "succeeded"])
        assert.deepStrictEqual(yield* backlog, [])
        yield* healthy
      }).pipe(Effect.provide(client))
    }))
})

describe("queues of one worker", () => {
  it.live("have their turns: one that is always full keeps no other from being served", () =>
    Effect.gen(function*() {
      const url = yield* database
      yield* Effect.gen(function*() {
        let isServed = false
        let count = 0
        let refill: Effect.Effect<unknown, EnqueueError> = Effect.void
        const definitions = Stepped.actions(Car, [
          Stepped.action("much", { queue: "much" }).step(() => Effect.suspend(() => isServed ? Effect.void : refill)),
          Stepped.action("little", { queue: "little" }).step(() => Effect.sync(() => void (isServed = true)))
        ])
        const car = yield* definitions.client
        // for each that ends another one comes, and there are more than one claim takes
        refill = Effect.suspend(() => car(count++).muchLater())
        yield* Effect.forEach(Array.from({ length: 600 }), () => refill, { concurrency: "unbounded" })
        const little = yield* car(1).littleLater()
        yield* startWorkerOf(url, definitions.layer, { concurrency: 2 })
        yield* little.await
        yield* allEnded
        yield* healthy
      }).pipe(Effect.provide(yield* startEngine(url)))
    }))
})

describe("jobs that a worker does not take", () => {
  /** A logger, what it was told, and a wait until that was something. */
  const listening = () => {
    const said: Array<string> = []
    const log = Logger.layer([Logger.make(({ message }) => void said.push(String(message)))])
    const says = (what: string) =>
      Effect.gen(function*() {
        while (!said.some((line) => line.includes(what))) yield* Effect.promise(() => new Promise(setImmediate))
      })
    return { said, log, says }
  }
  const wait = (name: string, time: string) =>
    Effect.flatMap(
      PgClient.PgClient,
      (sql) => sql`update stepped.jobs set enqueued_at = enqueued_at - ${time}::interval where definition = ${name}`
    )

  it.live("are named by it when they have waited for minutes, once an hour", () =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* startEngine(url)
      const { log, said, says } = listening()
      yield* Effect.gen(function*() {
        const van = (yield* Vans.client)(1)
        yield* Effect.all([van.parcelLater(), van.letterLater(), van.cardLater()])
        yield* wait("Van/parcel", "10 minutes")
        yield* wait("Van/letter", "4 minutes")
        yield* Effect.provide(startWorkerOf(url, deploy("default").layer), log)
        yield* says("jobs of Van/parcel in the queue default wait since")
        assert.notInclude(said.join("\n"), "Van/letter")
        // by its next look
        yield* wait("Van/card", "1 hour")
        yield* says("Van/card")
        assert.deepStrictEqual(said.filter((line) => line.includes("Van/parcel")).length, 1)
        assert.notInclude(said.join("\n"), "Van/letter")
        assert.deepStrictEqual(yield* backlog, [
          "1 Van/card in default",
          "1 Van/letter in default",
          "1 Van/parcel in default"
        ])
        yield* healthy
      }).pipe(Effect.provide(client))
    }))

  it.live("are named where two workers of a process could each leave them to the other", () =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* startEngine(url)
      const { log, says } = listening()
      yield* Effect.gen(function*() {
        yield* (yield* Vans.client)(1).parcelLater()
        yield* wait("Van/parcel", "10 minutes")
        const workers = Layer.mergeAll(Stepped.worker(), Stepped.worker({ queues: ["default"] }))
        yield* Effect.provide(startOver(url, workers.pipe(Layer.provide(deploy("default").layer))), log)
        yield* says("jobs of Van/parcel in the queue default wait since")
        yield* healthy
      }).pipe(Effect.provide(client))
    }))
})
