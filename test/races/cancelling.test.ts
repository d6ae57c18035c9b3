/** Cancelling what no worker has taken yet, beside others that enqueue, take, prepare or cancel it (rule 4.1). */
import { assert } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Cancelled, Stepped } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import { retryForCaller } from "../../src/engine/retrying.ts"
import type { Invocation } from "../../src/store/Invocation.ts"
import { Store } from "../../src/store/Store.ts"
import { layerDeploy } from "../harness/deploying.ts"
import { note, seen } from "../harness/notes.ts"
import { recordOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { blocked, holdingLane } from "../harness/racing.ts"
import { until } from "../harness/workers.ts"
import { Cars, scene, test } from "./fixtures/cancelling.ts"

const honk = (action: string): Invocation => ({
  queue: "default",
  action,
  definition: "Car/honk",
  actorId: "1",
  arguments: [],
  lane: "Car/1/honk",
  checksumKey: "Car/1/honk",
  checksum: null,
  timeout: null,
  parent: null,
  parentStep: null,
  depth: 0
})

test(
  "4.1: one that a claim is just taking is cancelled as the live action that it becomes",
  Effect.gen(function*() {
    const car = (yield* Cars.client)(1)
    const current = yield* car.honkNow()
    const handle = yield* car.honkLater()
    const release = yield* holdingLane(current.id)
    const claim = yield* Effect.forkScoped(performDue)
    yield* blocked(1)
    const cancelling = yield* Effect.forkScoped(handle.cancel())
    assert.strictEqual((yield* handle.status).status, "queued")
    yield* release
    yield* Fiber.join(claim)
    assert.isTrue(yield* Fiber.join(cancelling))
    yield* performIdle
    assert.strictEqual((yield* recordOf(handle.id)).status, "cancelled")
    assert.deepStrictEqual(seen, ["honk", "honk cancelled"])
    yield* current.cancel()
    yield* performSteppedActions()
  })
)

test(
  "4.1: a worker of another process interrupts before, and somebody ends the action",
  Effect.gen(function*() {
    const reached = yield* Deferred.make<void>()
    scene.before = Effect.onInterrupt(
      Effect.andThen(Deferred.succeed(reached, undefined), Effect.never),
      () => note("interrupted")
    )
    const worker = Stepped.worker({ concurrency: 2, connections: 1 }).pipe(
      Layer.provide(layerDeploy(Cars.layer, { lease: "4 seconds", pollInterval: "20 millis" }))
    )
    yield* Layer.build(worker)
    const handle = yield* (yield* Cars.client)(1).carefulLater()
    yield* Deferred.await(reached)
    assert.isTrue(yield* handle.cancel())
    yield* until("it is interrupted", Effect.sync(() => seen.includes("interrupted")))
    yield* until("its callbacks have run", Effect.sync(() => seen.includes("careful cancelled")))
    assert.instanceOf(yield* Effect.flip(handle.await), Cancelled)
    assert.notInclude(seen, "careful")
  })
)

test(
  "4.1: an enqueueing whose answer was lost does not bring back what has been cancelled since",
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const store = yield* Store
    const handle = yield* (yield* Cars.client)(1).honkLater()
    assert.isTrue(yield* handle.cancel())
    yield* store.enqueue([honk(handle.id)], 0, [])
    // a first try that comes late, and that nobody listens to any more
    assert.isTrue(Exit.isFailure(yield* Effect.exit(store.enqueue([honk(handle.id)], 0, undefined))))
    assert.lengthOf(yield* sql`select 1 from stepped.jobs`, 1)
    yield* performSteppedActions()
    yield* store.enqueue([], 0, [])
    assert.deepStrictEqual(seen, ["honk cancelled"])
  })
)

test(
  "an invocation is stored once, although the first try, whose answer was lost, commits after the next one has looked",
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const store = yield* Store
    const handle = yield* (yield* Cars.client)(1).honkLater()
    yield* sql`delete from stepped.jobs`
    const stored = yield* Deferred.make<void>()
    const go = yield* Deferred.make<void>()
    const first = yield* Effect.forkScoped(sql.withTransaction(Effect.gen(function*() {
      yield* store.enqueue([honk(handle.id)], 0, undefined)
      yield* Deferred.succeed(stored, undefined)
      yield* Deferred.await(go)
    })))
    yield* Deferred.await(stored)
    const second = yield* Effect.forkScoped(retryForCaller(
      () => store.enqueue([honk(handle.id)], 0, []),
      () => true
    ))
    yield* blocked(1)
    yield* Deferred.succeed(go, undefined)
    yield* Fiber.join(first)
    yield* Fiber.join(second)
    yield* performDue
    yield* handle.cancel()
    yield* performSteppedActions()
    assert.deepStrictEqual(seen, ["honk", "honk cancelled"])
  })
)
