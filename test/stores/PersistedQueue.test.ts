/** Rules 23.5 to 23.8: what Effect's own stores do for its `PersistedQueue`, on Postgres. */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Schedule, Schema } from "effect"
import { PersistedQueue } from "effect/persistence"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { layerPersistedQueueStore } from "stepped/stores"
import { suite, type TestEngine } from "../harness/databases.ts"
import { until } from "../harness/workers.ts"
import { elements, mails, stateOf } from "./fixtures/mails.ts"

const queueing = (engine: TestEngine) =>
  PersistedQueue.layer.pipe(Layer.provideMerge(layerPersistedQueueStore()), Layer.provideMerge(engine.layer()))

suite("queues", (engine) => {
  it.effect("23.5: what is offered is taken in its order, once, with its id and its attempt", () =>
    Effect.gen(function*() {
      const queue = yield* mails()
      const first = yield* queue.offer({ to: "Ada" })
      yield* queue.offer({ to: "Bob" }, { id: "bob" })
      yield* queue.offer({ to: "Eve" })
      const taken: Array<unknown> = []
      for (let n = 0; n < 3; n++) {
        yield* queue.take(({ to }, { attempts, id }) => Effect.sync(() => taken.push([to, id === first, attempts])))
      }
      assert.deepStrictEqual(taken, [["Ada", true, 1], ["Bob", false, 1], ["Eve", false, 1]])
      assert.deepStrictEqual((yield* elements).map(({ state }) => state), ["completed", "completed", "completed"])
    }).pipe(Effect.provide(queueing(engine))))

  it.effect("23.5: an id is offered once, also after it was taken; another queue has ids of its own", () =>
    Effect.gen(function*() {
      const queue = yield* mails()
      const other = yield* PersistedQueue.make({ name: "other", schema: Schema.String })
      yield* queue.offer({ to: "Ada" }, { id: "a" })
      yield* queue.offer({ to: "Bob" }, { id: "a" })
      yield* other.offer("x", { id: "a" })
      assert.strictEqual(yield* queue.take(({ to }) => Effect.succeed(to)), "Ada")
      yield* queue.offer({ to: "Eve" }, { id: "a" })
      assert.strictEqual(yield* other.take(Effect.succeed), "x")
      assert.strictEqual((yield* elements).length, 2)
    }).pipe(Effect.provide(queueing(engine))))

  it.effect("23.5: who waits is given what is offered later, each of them another one", () =>
    Effect.gen(function*() {
      const queue = yield* mails()
      const waiting = yield* Effect.forkChild(
        Effect.forEach(["1", "2", "3"], () => queue.take(({ to }) => Effect.succeed(to)), { concurrency: "unbounded" })
      )
      yield* Effect.yieldNow
      for (const to of ["Ada", "Bob", "Eve"]) yield* queue.offer({ to })
      assert.deepStrictEqual([...yield* Fiber.join(waiting)].sort(), ["Ada", "Bob", "Eve"])
    }).pipe(Effect.provide(queueing(engine))))

  it.effect("23.5: one with a delay is taken when that is over and not before, to the millisecond", () =>
    Effect.gen(function*() {
      const queue = yield* mails()
      yield* queue.offer({ to: "Ada" }, { delay: "300 millis" })
      const waiting = yield* Effect.forkChild(queue.take(({ to }) => Effect.succeed(to)))
      yield* TestClock.adjust("299 millis")
      // another one that comes meanwhile wakes whoever waits, and passes it by
      yield* queue.offer({ to: "Bob" }, { delay: "1 hour" })
      yield* queue.offer({ to: "Eve" })
      assert.strictEqual(yield* Fiber.join(waiting), "Eve")
      const next = yield* Effect.forkChild(queue.take(({ to }) => Effect.succeed(to)))
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* Fiber.join(next), "Ada")
      // for ever is not at all, as the contract has it
      yield* queue.offer({ to: "Zoe" }, { delay: Infinity, id: "zoe" })
      assert.deepStrictEqual((yield* elements).map(({ state }) => state), ["completed", "waiting", "completed"])
    }).pipe(Effect.provide(queueing(engine))))

  it.effect("23.6: what fails is taken again after its delay, with another attempt, until none is left", () =>
    Effect.gen(function*() {
      const queue = yield* mails({ maxAttempts: 3, retrySchedule: Schedule.spaced("1 second") })
      yield* queue.offer({ to: "Ada" }, { id: "ada" })
      const attempt = queue.take((_, { attempts }) => Effect.fail(`no ${attempts}\u0000`))
      assert.strictEqual(yield* Effect.flip(attempt), "no 1\u0000")
      const again = yield* Effect.forkChild(Effect.flip(attempt))
      yield* TestClock.adjust("999 millis")
      yield* until(
        "it waits",
        Effect.map(stateOf("ada"), ({ attempts, state }) => state === "waiting" && attempts === 1)
      )
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* Fiber.join(again), "no 2\u0000")
      const last = yield* Effect.forkChild(Effect.flip(attempt))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(last), "no 3\u0000")
      const { attempts, failure, state } = yield* stateOf("ada")
      assert.deepStrictEqual([state, attempts], ["failed", 3])
      assert.include(failure, "no 3")
      // and is offered no more
      yield* queue.offer({ to: "Ada" }, { id: "ada" })
      assert.strictEqual((yield* elements).length, 1)
    }).pipe(Effect.provide(queueing(engine))))

  it.effect("23.6: what is interrupted is given back, as if it had not been taken", () =>
    Effect.gen(function*() {
      const queue = yield* mails({ maxAttempts: 1 })
      yield* queue.offer({ to: "Ada" }, { id: "ada" })
      const began = yield* Deferred.make<void>()
      const taking = yield* Effect.forkChild(
        queue.take(() => Effect.andThen(Deferred.succeed(began, undefined), Effect.never))
      )
      yield* Deferred.await(began)
      assert.deepStrictEqual((yield* stateOf("ada")).state, "taken")
      yield* Fiber.interrupt(taking)
      assert.deepStrictEqual(
        yield* Effect.map(stateOf("ada"), ({ attempts, state }) => [state, attempts]),
        ["waiting", 0]
      )
      assert.strictEqual(yield* queue.take((_, { attempts }) => Effect.succeed(attempts)), 1)
    }).pipe(Effect.provide(queueing(engine))))

  it.effect("23.6: who is interrupted while waiting takes nothing with it", () =>
    Effect.gen(function*() {
      const queue = yield* mails()
      const waiting = yield* Effect.forkChild(queue.take(() => Effect.void))
      yield* Effect.yieldNow
      yield* Fiber.interrupt(waiting)
      yield* queue.offer({ to: "Ada" }, { id: "ada" })
      assert.strictEqual(yield* queue.take((_, { attempts }) => Effect.succeed(attempts)), 1)
    }).pipe(Effect.provide(queueing(engine))))

  it.effect("23.6: what its schema refuses, or what is no JSON, is failed, and the next one is taken", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const raw = yield* PersistedQueue.make({ name: "mails", schema: Schema.Unknown })
      const queue = yield* mails()
      yield* raw.offer({ to: 7 }, { id: "number" })
      yield* queue.offer({ to: "Bob" }, { id: "broken" })
      yield* sql`update stepped.queue_elements set element = '{' where id = 'broken'`
      yield* queue.offer({ to: "Ada" })
      assert.strictEqual(yield* queue.take(({ to }) => Effect.succeed(to)), "Ada")
      for (const id of ["number", "broken"]) {
        const { attempts, failure, state } = yield* stateOf(id)
        assert.deepStrictEqual([state, attempts, failure !== null], ["failed", 1, true])
      }
    }).pipe(Effect.provide(queueing(engine))))

  it.effect("23.6: what was taken as often as it may be, by a program that allowed more, is failed", () =>
    Effect.gen(function*() {
      const patient = yield* mails({ maxAttempts: 5, retrySchedule: Schedule.spaced(1) })
      const strict = yield* mails({ maxAttempts: 1 })
      yield* patient.offer({ to: "Ada" }, { id: "ada" })
      yield* Effect.flip(patient.take(() => Effect.fail("no")))
      yield* TestClock.adjust("1 second")
      yield* patient.offer({ to: "Bob" })
      assert.strictEqual(yield* strict.take(({ to }) => Effect.succeed(to)), "Bob")
      assert.strictEqual((yield* stateOf("ada")).state, "failed")
    }).pipe(Effect.provide(queueing(engine))))

  it.effect("23.7: what was taken is the taker's as long as its lease lasts; what it says later changes nothing", () =>
    Effect.gen(function*() {
      const queue = yield* mails()
      const sql = yield* SqlClient.SqlClient
      yield* queue.offer({ to: "Ada" }, { id: "ada" })
      const go = yield* Deferred.make<void>()
      const began = yield* Deferred.make<void>()
      const slow = yield* Effect.forkChild(
        queue.take(() => Effect.andThen(Deferred.succeed(began, undefined), Deferred.await(go)))
      )
      yield* Deferred.await(began)
      // as if it had been silent for so long
      yield* sql`update stepped.queue_elements set lease_until = clock_timestamp() - interval '1 second'`
      const second = yield* Deferred.make<number>()
      const finish = yield* Deferred.make<void>()
      const other = yield* Effect.forkChild(
        queue.take((_, { attempts }) => Effect.andThen(Deferred.succeed(second, attempts), Deferred.await(finish)))
      )
      assert.strictEqual(yield* Deferred.await(second), 2)
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(slow)
      assert.strictEqual((yield* stateOf("ada")).state, "taken")
      yield* Deferred.succeed(finish, undefined)
      yield* Fiber.join(other)
      assert.strictEqual((yield* stateOf("ada")).state, "completed")
    }).pipe(Effect.provide(queueing(engine))))

  it.effect("23.7: what was lost in its last attempt is failed", () =>
    Effect.gen(function*() {
      const queue = yield* mails({ maxAttempts: 1 })
      const sql = yield* SqlClient.SqlClient
      yield* queue.offer({ to: "Ada" }, { id: "ada" })
      const began = yield* Deferred.make<void>()
      yield* Effect.forkChild(queue.take(() => Effect.andThen(Deferred.succeed(began, undefined), Effect.never)))
      yield* Deferred.await(began)
      yield* sql`update stepped.queue_elements set lease_until = clock_timestamp() - interval '1 second'`
      yield* queue.offer({ to: "Bob" })
      assert.strictEqual(yield* queue.take(({ to }) => Effect.succeed(to)), "Bob")
      const { failure, state } = yield* stateOf("ada")
      assert.deepStrictEqual([state, failure], ["failed", "its taker died in the last attempt"])
    }).pipe(Effect.provide(queueing(engine))))

  it.effect("23.7: a store that is closed gives up what waits", () =>
    Effect.gen(function*() {
      const store = Layer.fresh(PersistedQueue.layer.pipe(Layer.provide(layerPersistedQueueStore())))
      const ended = yield* Effect.scoped(Effect.gen(function*() {
        const queue = yield* Effect.provide(mails(), yield* Layer.build(store))
        const waiting = yield* Effect.forkDetach(Effect.exit(queue.take(() => Effect.void)))
        yield* Effect.yieldNow
        return waiting
      }))
      assert.isTrue(Exit.isFailure(yield* Fiber.join(ended)))
    }).pipe(Effect.provide(queueing(engine))))

  it.effect("23.8: what is offered in a transaction is there with its commit, and not without", () =>
    Effect.gen(function*() {
      const queue = yield* mails()
      const sql = yield* SqlClient.SqlClient
      const offer = (to: string) => queue.offer({ to })
      yield* Effect.flip(sql.withTransaction(Effect.andThen(offer("Ada"), Effect.fail("no" as const))))
      yield* sql.withTransaction(offer("Bob"))
      assert.strictEqual(yield* queue.take(({ to }) => Effect.succeed(to)), "Bob")
      assert.strictEqual((yield* elements).length, 1)
    }).pipe(Effect.provide(queueing(engine))))

  it.effect("23.8: what cannot be stored is refused: a name, an id, an element that is too large", () =>
    Effect.gen(function*() {
      const queue = yield* mails()
      const nameless = yield* PersistedQueue.make({ name: "", schema: Schema.String })
      const errors = [
        yield* Effect.flip(queue.offer({ to: "Ada" }, { id: "a\u0000" })),
        yield* Effect.flip(queue.offer({ to: "Ada" }, { id: "a".repeat(256) })),
        yield* Effect.flip(nameless.offer("x")),
        yield* Effect.flip(queue.offer({ to: "a".repeat(1024 * 1024) }))
      ]
      assert.deepStrictEqual(errors.map(({ message }) => message.split(" ").slice(0, 2).join(" ")), [
        "the id",
        "the id",
        "the name",
        "the element"
      ])
      // what JSON has and Postgres has not is an escape in its text
      yield* queue.offer({ to: "a\u0000b" })
      assert.strictEqual(yield* queue.take(({ to }) => Effect.succeed(to)), "a\u0000b")
      assert.strictEqual((yield* elements).length, 1)
    }).pipe(Effect.provide(queueing(engine))))

  it.effect("23.8: cleaning up forgets what is over, with its id; what has failed only where that is said", () =>
    Effect.gen(function*() {
      const queue = yield* mails({ maxAttempts: 1 })
      const store = yield* PersistedQueue.PersistedQueueStore
      const sql = yield* SqlClient.SqlClient
      yield* queue.offer({ to: "Ada" }, { id: "ada" })
      yield* queue.offer({ to: "Bob" }, { id: "bob" })
      yield* queue.take(() => Effect.void)
      yield* Effect.flip(queue.take(() => Effect.fail("no")))
      yield* queue.offer({ to: "Eve" }, { id: "eve" })
      yield* sql`insert into stepped.queue_elements (queue, id, element, state, due_at, offered_at, ended_at)
        select 'many', n::text, '1', 2, t, t, t from generate_series(1, 2500) n, to_timestamp(0) t`
      yield* TestClock.adjust("1 day")
      const left = Effect.map(elements, (found) => found.map(({ id }) => id).sort())
      const clean = (failed: boolean) =>
        Effect.provide(
          Layer.build(Layer.fresh(PersistedQueue.layerCleanup({
            timeToLive: "1 day",
            ...failed ? { failedTimeToLive: "1 day" } : {}
          }))),
          Layer.succeed(PersistedQueue.PersistedQueueStore, store)
        )
      yield* clean(false)
      yield* until("completed ones are gone", Effect.map(left, (ids) => ids.length === 2))
      assert.deepStrictEqual(yield* left, ["bob", "eve"])
      yield* clean(true)
      yield* until("failed ones are gone", Effect.map(left, (ids) => ids.length === 1))
      yield* queue.offer({ to: "Ada" }, { id: "ada" })
      assert.deepStrictEqual(yield* left, ["ada", "eve"])
    }).pipe(Effect.scoped, Effect.provide(queueing(engine))))
})
