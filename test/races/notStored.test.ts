/** What the database refuses or loses again and again: whom it holds up, and how it ends. */
import { PgClient } from "@effect/sql-pg/PgClient"
import { assert, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Layer } from "effect"
import { ActionRepo, StorageError } from "stepped"
import type { Answer } from "../../src/store/Answer.ts"
import { healthy, server } from "../harness/databases.ts"
import { recordOf } from "../harness/observing.ts"
import { allEnded } from "../harness/workers.ts"
import { careful, Cars, drive, fails, halt, ids, lost, performed, said, working } from "./fixtures/refusing.ts"

it.live("what cannot be stored keeps nobody waiting: it is tried alone, ever less often, and fails its action", () => {
  const doomed = new Set<string>()
  const tried: Array<number> = []
  return Effect.gen(function*() {
    const cars = yield* Cars.client
    const handles = yield* cars.enqueueMany(drive, ids(40))
    // not among the first ones, whose batches may be small
    const [one, two] = [handles[20]!, handles[30]!]
    const others = handles.filter((handle) => handle !== one && handle !== two)
    // nothing is stored before it is said which of them cannot be
    doomed.add(one.id).add(two.id)
    yield* Deferred.succeed(halt.go, undefined)
    yield* Effect.forEach(others, (handle) => handle.await, { concurrency: "unbounded" })
    yield* Effect.forEach(ids(20, 100), ([id]) => cars(id).drive())
    for (const handle of [one, two]) {
      const error = yield* Effect.flip(handle.await)
      assert.include(error.message, "its end could not be stored")
      assert.include(error.message, "lost")
      assert.strictEqual((yield* recordOf(handle.id)).status, "failed")
    }
    // nobody's body has run twice
    assert.strictEqual(performed.length, 60)
    // together, then in halves, then each alone and ever later
    assert.isAbove(Math.max(...tried), 1)
    assert.isAtLeast(tried.filter((size) => size === 1).length, 6)
    assert.strictEqual(said("it is tried again in 1000 ms"), 2)
    assert.strictEqual(said("it is tried again in 2000 ms"), 2)
    assert.strictEqual(said("it fails, or is tried again"), 2)
    yield* allEnded
    yield* healthy
  }).pipe(Effect.provide(working((store) => ({
    finish: (options) =>
      Effect.gen(function*() {
        yield* halt.here
        const found = options.conclusions.some((one) => doomed.has(one.fence.action) && !fails(one))
        if (!found) return yield* store.finish(options)
        tried.push(options.conclusions.length)
        return yield* lost("finish")
      })
  }), { attempts: 3 })))
})

it.live("9.6: what has come of a step that may fail, and cannot be stored, is its failure, and the next one runs", () =>
  Effect.gen(function*() {
    const handle = yield* (yield* Cars.client)(5).passesLater()
    assert.strictEqual(yield* handle.await, -5)
    const [may, last] = yield* Effect.flatMap(ActionRepo, (repo) => repo.steps(handle.id))
    assert.deepStrictEqual([may!.status, last!.status], ["failed", "succeeded"])
    assert.include(may!.failure?.message, "its end could not be stored")
    assert.strictEqual(may!.failure?.path, "passes Car/5 › may")
    assert.deepStrictEqual(performed, [5, 5])
    yield* healthy
  }).pipe(Effect.provide(working((store) => ({
    finish: (options) =>
      options.conclusions.some((one) => one._tag === "StepEnded" && one.ended.status === "succeeded")
        ? Effect.fail(new StorageError({ operation: "finish", isRetryable: false, cause: new Error("refused") }))
        : store.finish(options)
  })))))

it.live("a database that is away fails no action and burns no attempt, however long it takes", () => {
  let isAway = false
  let tries = 0
  const away = <A>(operation: string, effect: Effect.Effect<A, StorageError>): Effect.Effect<A, StorageError> =>
    Effect.suspend((): Effect.Effect<A, StorageError> => isAway ? lost(operation) : effect)
  return Effect.gen(function*() {
    const handle = yield* (yield* Cars.client)(1).waitsLater()
    yield* Deferred.await(halt.reached)
    isAway = true
    yield* Deferred.succeed(halt.go, undefined)
    // longer than what cannot be stored would have for all its tries
    yield* Effect.sleep("4 seconds")
    while (tries <= 4) yield* Effect.sleep("20 millis")
    isAway = false
    yield* handle.await
    const { attempts, status } = yield* recordOf(handle.id)
    assert.deepStrictEqual([status, attempts], ["succeeded", 1])
    assert.deepStrictEqual(performed, [1])
    yield* healthy
  }).pipe(Effect.provide(working((store) => ({
    finish: (options) => {
      tries++
      return away("finish", store.finish(options))
    },
    claim: (options) => away("claim", store.claim(options)),
    heldBy: (token) => away("heldBy", store.heldBy(token)),
    nextDue: away("nextDue", store.nextDue),
    clockOffset: away("clockOffset", store.clockOffset)
  }), { attempts: 2 })))
})

it.live("what is set aside is stored when the worker stops, if it can be by then", () => {
  const doomed = new Set<string>()
  let isOpen = true
  return Effect.gen(function*() {
    const id = yield* Effect.scoped(Effect.gen(function*() {
      const context = yield* Layer.build(working((store) => ({
        finish: (options) =>
          isOpen && options.conclusions.some(({ fence }) => doomed.has(fence.action))
            ? lost("finish")
            : store.finish(options)
      })))
      return yield* Effect.gen(function*() {
        const handle = yield* (yield* Cars.client)(1).waitsLater()
        doomed.add(handle.id)
        yield* Deferred.succeed(halt.go, undefined)
        while (said("it is tried again in 2000 ms") === 0) yield* Effect.sleep("20 millis")
        isOpen = false
        return handle.id
      }).pipe(Effect.provide(context))
    }))
    const { attempts, status } = yield* recordOf(id)
    assert.deepStrictEqual([status, attempts], ["succeeded", 1])
    assert.deepStrictEqual(performed, [1])
    yield* healthy
  }).pipe(Effect.provide(server.layer()))
})

it.live("10.1, 9.13: what has come of a step counts, though it is put aside when its action is cancelled", () => {
  let isOpen = true
  return Effect.gen(function*() {
    const cars = yield* Cars.client
    const handles = [yield* cars(1).paysLater(), yield* cars(2).shieldsLater()]
    while (performed.length < 2) yield* Effect.sleep("20 millis")
    yield* Deferred.succeed(halt.go, undefined)
    while (said("it is tried again in 1000 ms") < 2) yield* Effect.sleep("20 millis")
    for (const handle of handles) yield* handle.cancel()
    isOpen = false
    yield* allEnded
    assert.deepStrictEqual([...performed].sort((a, b) => b - a), [2, 1, -1, -2])
    for (const { id } of handles) {
      assert.strictEqual((yield* recordOf(id)).status, "cancelled")
      const [step] = yield* Effect.flatMap(ActionRepo, (repo) => repo.steps(id))
      assert.strictEqual(step!.status, "succeeded")
    }
    yield* healthy
  }).pipe(Effect.provide(working((store) => ({
    finish: (options) => isOpen ? lost("finish") : store.finish(options)
  }))))
})

it.live("what cannot join its lane keeps no other claim waiting, and fails", () => {
  const doomed = new Set<string>()
  return Effect.gen(function*() {
    const cars = yield* Cars.client
    const [one, ...others] = yield* cars.enqueueMany(careful, ids(20))
    doomed.add(one!.id)
    yield* Deferred.succeed(halt.go, undefined)
    yield* Effect.forEach(others, (handle) => handle.await, { concurrency: "unbounded" })
    yield* Effect.forEach(ids(10, 100), ([id]) => cars(id).drive())
    const error = yield* Effect.flip(one!.await)
    assert.include(error.message, "it could not join its lane")
    yield* allEnded
    yield* healthy
  }).pipe(Effect.provide(working((store) => ({
    claim: (options) =>
      Effect.gen(function*() {
        if (options.prepared.length > 0) yield* halt.here
        return yield* options.prepared.some(({ action, ended }) => doomed.has(action) && ended === undefined)
          ? lost("claim")
          : store.claim(options)
      })
  }))))
})

it.live("timers that fail say why", () =>
  Effect.gen(function*() {
    while (said("cannot look after what is due") === 0) yield* Effect.sleep("20 millis")
    assert.strictEqual(yield* (yield* Cars.client)(1).drive(), 1)
  }).pipe(Effect.provide(working(() => ({ tick: () => lost("tick") })))))

it.live("a comparison with the rows that does not come about keeps nobody waiting", () => {
  let first = true
  return Effect.gen(function*() {
    const cars = yield* Cars.client
    assert.strictEqual(yield* cars(1).drive(), 1)
    for (const [id] of ids(20, 100)) assert.strictEqual(yield* cars(id).drive(), id)
    while (said("cannot compare with the rows") === 0) yield* Effect.sleep("20 millis")
    yield* healthy
  }).pipe(Effect.provide(working((store) => ({
    claim: (options) => {
      const fails = first
      first = false
      return fails ? lost("claim") : store.claim(options)
    },
    heldBy: () => lost("heldBy")
  }))))
})

it.live("what is put aside asks for the lease, as a commit does, before it gives it up", () => {
  let tries = 0
  let expire: Effect.Effect<unknown, StorageError> = Effect.void
  return Effect.gen(function*() {
    const sql = yield* PgClient
    // as after a body that has blocked the thread: nobody has taken over
    expire = Effect.orDie(sql`update stepped.workers set lease_until = clock_timestamp() - interval '1 millisecond'`)
    const handle = yield* (yield* Cars.client)(1).driveLater()
    assert.strictEqual(yield* handle.await, 1)
    assert.deepStrictEqual(performed, [1])
    assert.strictEqual((yield* recordOf(handle.id)).attempts, 1)
    yield* healthy
  }).pipe(Effect.provide(working((store) => ({
    finish: (options) =>
      Effect.suspend(() => {
        tries++
        if (tries <= 3) return lost("finish")
        return tries === 4 ? Effect.andThen(expire, store.finish(options)) : store.finish(options)
      })
  }))))
})

it.live("what a claim is handed after its lease was lost is begun by whoever has it by then, and by nobody else", () => {
  let late = false
  let takeOver: Effect.Effect<unknown, StorageError> = Effect.void
  const lateOnce = ({ work }: Answer) =>
    Effect.gen(function*() {
      if (late || work.length === 0) return
      late = true
      yield* takeOver
      while (said("the lease is lost") === 0) yield* Effect.sleep("20 millis")
    })
  return Effect.gen(function*() {
    const sql = yield* PgClient
    takeOver = Effect.orDie(
      sql`select taken from stepped.recover(clock_timestamp(), array(select token from stepped.workers), true)`
    )
    const handle = yield* (yield* Cars.client)(1).driveLater()
    assert.strictEqual(yield* handle.await, 1)
    assert.isTrue(late)
    assert.deepStrictEqual(performed, [1])
    yield* healthy
  }).pipe(Effect.provide(working((store) => ({
    claim: (options) => Effect.tap(store.claim(options), lateOnce),
    enqueueAndClaim: (options) => Effect.tap(store.enqueueAndClaim(options), lateOnce)
  }), { lease: Duration.seconds(1) })))
})
