/** Workers that stop: told to, while bodies, hooks, callbacks and jobs run, or because their client is closed under them. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Latch, Layer, Schema, Scope } from "effect"
import { ActionRepo, type AnyAction, JobQueue, Stepped } from "stepped"
import { startProxy } from "../chaos/Proxy.ts"
import { healthy } from "../harness/databases.ts"
import { watched } from "../harness/heals.ts"
import { recordOf, stepsOf } from "../harness/observing.ts"
import { startProgram } from "../harness/Program.ts"
import { holding } from "../harness/racing.ts"
import { isPooled, layerUrl } from "../harness/Server.ts"
import { patienceMs } from "../patience.ts"
import { Car, Cars, layerCars, work } from "./Garage.ts"
import { alone, database, fast, startEngine, startWorker, startWorkerOf } from "./starting.ts"

const workerProgram = new URL("./worker.ts", import.meta.url).pathname

describe("a worker that is told to stop", () => {
  it.live("claims nothing more, lets bodies end within the grace period, and releases the rest without burning an attempt", () =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* startEngine(url)
      yield* Effect.gen(function*() {
        // nobody takes over because a lease has ended: it is longer than the test
        const program = yield* startProgram(workerProgram, { url, env: { LEASE_MS: "600000", GRACE_MS: "2500" } })
        yield* program.says("ready")
        const car = yield* Cars.client
        const ending = yield* car(1).workLater("gate")
        const staying = yield* Effect.forEach([2, 3], (id) => car(id).workLater("never"))
        const second = yield* car(4).tripLater("quick", "never")
        yield* program.says("started", 5)
        const stopped = performance.now()
        yield* program.signal("SIGTERM")
        yield* program.says("stopping")
        const late = yield* car(5).workLater("quick")
        yield* program.tell("go")
        assert.deepStrictEqual(yield* program.ended, { code: 130, signal: null })
        // those that stay have the whole period, and no more: by themselves they never end
        assert.isAtLeast(performance.now() - stopped, 2400)
        assert.isTrue(program.said.some(({ event, what }) => event === "done" && what === "gate"))
        assert.strictEqual(program.said.filter(({ event }) => event === "interrupted").length, 3)
        assert.strictEqual((yield* recordOf(ending.id)).status, "succeeded")
        assert.strictEqual((yield* late.status).status, "queued")
        for (const handle of [...staying, second]) {
          assert.deepInclude({ ...yield* recordOf(handle.id) }, { status: "performing", attempts: 0 })
        }
        assert.deepStrictEqual(yield* stepsOf(second.id), ["first succeeded", "second performing"])
        yield* healthy

        const ran: Array<string> = []
        yield* startWorker(url, (what) => Effect.sync(() => void ran.push(what)), { lease: "10 minutes" })
        yield* Effect.forEach([...staying, second, late], (handle) => handle.await)
        assert.deepStrictEqual(ran.sort(), ["never", "never", "never", "quick"])
        for (const handle of [ending, ...staying, second, late]) {
          assert.deepInclude({ ...yield* recordOf(handle.id) }, { status: "succeeded", attempts: 1 })
        }
        assert.deepStrictEqual(yield* stepsOf(second.id), ["first succeeded", "second succeeded"])
        yield* healthy
      }).pipe(Effect.provide(client))
    }))

  it.live("gives back at once what it has claimed and not begun", () =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* startEngine(url)
      yield* Effect.gen(function*() {
        const car = yield* Cars.client
        const scope = yield* Scope.make()
        const started = yield* Deferred.make<void>()
        const handles = yield* Effect.forEach(Array.from({ length: 20 }, (_, i) => i), (id) => car(id).workLater("x"))
        yield* Scope.provide(
          startWorker(url, () => Effect.andThen(Deferred.succeed(started, undefined), Effect.never), {
            concurrency: 5,
            gracePeriod: "10 millis",
            lease: "10 minutes"
          }),
          scope
        )
        yield* Deferred.await(started)
        yield* Scope.close(scope, yield* Effect.exit(Effect.void))
        const queue = yield* JobQueue
        assert.deepStrictEqual((yield* queue.backlog).map(({ due, held, later }) => ({ due, held, later })), [
          { due: 20, held: 0, later: 0 }
        ])
        yield* healthy
        yield* startWorker(url, () => Effect.void, { lease: "10 minutes" })
        yield* Effect.forEach(handles, (handle) => handle.await)
        for (const handle of handles) assert.strictEqual((yield* recordOf(handle.id)).attempts, 1)
        yield* healthy
      }).pipe(Effect.provide(client))
    }))
})

describe("a worker that is told to stop in the middle of", () => {
  class Ship extends Stepped.Actor<Ship>()("Ship", { id: Schema.Int }) {}
  const sail = Stepped.action("sail").step(() => Effect.void)
  /** Runs into `body` at one place of an action. */
  const cases: Readonly<Record<string, (body: Effect.Effect<void>) => AnyAction>> = {
    "a hook": (body) => Stepped.action("sail").before(() => body).step(() => Effect.void),
    "a key": (body) =>
      Stepped.action("sail", { concurrencyKey: () => Effect.as(body, "harbour") }).step(() => Effect.void),
    "a callback": (body) => Stepped.action("sail").step(() => Effect.void).succeeded(() => body),
    "a job": (body) => Stepped.action("sail", { job: (job) => Effect.andThen(body, job.succeeded()) }),
    "a transactional step": (body) => Stepped.action("sail").step(() => body, { transactional: true })
  }
  for (const [place, define] of Object.entries(cases)) {
    it.live(`${place} releases it without burning an attempt`, () =>
      Effect.gen(function*() {
        const url = yield* database
        const started = yield* Deferred.make<void>()
        const deploy = (body: Effect.Effect<void>) => Stepped.actions(Ship, [define(body) as typeof sail])
        const stuck = deploy(Effect.andThen(Deferred.succeed(started, undefined), Effect.never))
        const scope = yield* Scope.make()
        yield* Scope.provide(
          startWorkerOf(url, stuck.layer, { gracePeriod: "10 millis", lease: "10 minutes" }),
          scope
        )
        yield* Effect.gen(function*() {
          const handle = yield* (yield* stuck.client)(1).sailLater()
          yield* Deferred.await(started)
          yield* Scope.close(scope, Exit.void)
          yield* healthy
          yield* startWorkerOf(url, deploy(Effect.void).layer, { lease: "10 minutes" })
          yield* handle.await
          assert.deepInclude({ ...yield* recordOf(handle.id) }, {
            status: "succeeded",
            attempts: 1,
            callbacksSucceeded: place === "a callback" ? 1 : 0
          })
          yield* healthy
        }).pipe(Effect.provide(yield* startEngine(url)))
      }))
  }
})

it.live("a worker that stops gives back what it prepares, although somebody looks at it just then", () =>
  Effect.scoped(Effect.gen(function*() {
    const url = yield* database
    const started = yield* Deferred.make<void>()
    class Ship extends Stepped.Actor<Ship>()("Ship", { id: Schema.Int }) {}
    const sail = Stepped.action("sail").before(() => Effect.andThen(Deferred.succeed(started, undefined), Effect.never))
      .step(() => Effect.void)
    const Ships = Stepped.actions(Ship, [sail])
    const scope = yield* Scope.make()
    yield* Scope.provide(startWorkerOf(url, Ships.layer, { gracePeriod: "10 millis", lease: "10 minutes" }), scope)
    yield* Effect.gen(function*() {
      const handle = yield* (yield* Ships.client)(1).with({ priority: 5 }).sailLater()
      yield* Deferred.await(started)
      const sql = yield* PgClient.PgClient
      // as a younger sibling does that is to wait for it
      const release = yield* holding(sql`select 1 from stepped.jobs where action = ${handle.id} for share`)
      const stopping = yield* Effect.forkScoped(Scope.close(scope, Exit.void))
      yield* Effect.sleep("300 millis")
      yield* release
      yield* Fiber.join(stopping)
      const [job] = yield* sql`select priority, token, attempts from stepped.jobs`
      assert.deepStrictEqual(job, { priority: 5, token: null, attempts: 0 })
      yield* healthy
    }).pipe(Effect.provide(yield* startEngine(url)))
  })))

describe("a process whose connections have died in silence", () => {
  class Boat extends Stepped.Actor<Boat>()("Boat", { id: Schema.Int }) {}

  /** How many tenths of a second this process has had meanwhile: where others keep it waiting, that is the machine's, and they are fewer. */
  const tenthsOf = (effect: Effect.Effect<void>) =>
    Effect.gen(function*() {
      let tenths = 0
      const counting = yield* Effect.forkChild(
        Effect.forever(Effect.andThen(Effect.sleep("100 millis"), Effect.sync(() => tenths++)))
      )
      yield* effect
      yield* Fiber.interrupt(counting)
      return tenths
    })

  /** Starts a process behind a proxy, has it begin with some bodies, and tells it to stop when nothing is answered any more. */
  const stops = (notify: boolean, bodies: number, body: Effect.Effect<void> = Effect.never) =>
    Effect.gen(function*() {
      const proxy = yield* startProxy(yield* database)
      const all = yield* Latch.make(bodies === 0)
      let begun = 0
      const run = Effect.andThen(Effect.suspend(() => ++begun === bodies ? all.open : Effect.void), body)
      const plain = Stepped.action("plain").step(() => run)
      const stored = Stepped.action("stored").step(() => run, { transactional: true })
      const Boats = Stepped.actions(Boat, [plain, stored])
      const scope = yield* Scope.make()
      const worker = yield* Scope.provide(
        startWorkerOf(proxy.url, Boats.layer, { notify, gracePeriod: "100 millis", lease: "10 minutes" }),
        scope
      )
      yield* Effect.gen(function*() {
        const client = yield* Boats.client
        for (let id = 0; id < bodies; id++) yield* id % 2 === 0 ? client(id).plainLater() : client(id).storedLater()
        yield* all.await
      }).pipe(Effect.provide(worker))
      // whatever is under way by then stays under way
      yield* Effect.sleep("500 millis")
      yield* proxy.stall(patienceMs + 600_000)
      yield* Effect.sleep("100 millis")
      // long before anybody answers again, which no test waits for
      assert.isBelow(yield* tenthsOf(Scope.close(scope, Exit.void)), 300)
    })

  for (const [how, notify] of Object.entries({ listens: !isPooled, polls: false })) {
    it.live(`comes to its end soon after the grace period, where it ${how}`, () =>
      // with nothing to do, with bodies that do not end, and with one that ends when nobody answers any more
      Effect.all([stops(notify, 0), stops(notify, 4), stops(notify, 1, Effect.sleep("550 millis"))], {
        concurrency: "unbounded"
      }))
  }
})

describe("a worker whose client is closed under it", () => {
  it.live("lets go of the connection that listens, and ends", () =>
    Effect.gen(function*() {
      const url = yield* database
      const pool = yield* Scope.make()
      const scope = yield* Scope.make()
      const client = yield* Scope.provide(alone(layerUrl(url)), pool)
      const started = yield* Deferred.make<void>()
      const worker = yield* Scope.provide(
        alone(
          Stepped.worker({ gracePeriod: "10 millis" }).pipe(
            Layer.provide(layerCars(() => Effect.andThen(Deferred.succeed(started, undefined), Effect.never))),
            Layer.provideMerge(Stepped.layer(fast)),
            Layer.provide(watched),
            Layer.provide(Layer.succeedContext(client))
          )
        ),
        scope
      )
      yield* Effect.provide(Effect.flatMap(Cars.client, (car) => car(1).workLater("x")), worker)
      yield* Deferred.await(started)
      yield* Scope.close(pool, Exit.void)
      yield* Scope.close(scope, Exit.void)
      // and others go on with what it held
      yield* startWorker(url, () => Effect.void)
      const engine = yield* startEngine(url)
      yield* Effect.gen(function*() {
        const [action] = yield* Effect.flatMap(ActionRepo, (repo) => repo.list())
        const handle = Stepped.handle(Car.ref(1), work, action!.id)
        yield* Effect.flatMap(handle, (handle) => handle.await)
        yield* healthy
      }).pipe(Effect.provide(engine))
    }))
})
