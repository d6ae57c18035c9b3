/** What belongs to one action, and is together more than one message holds (16 MiB by the driver): rules 3.7, 4.7, 11.1, 18.1, 24.3 to 24.5. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, type Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { StepWorkflow } from "stepped/workflow"
import { healthy, suite } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import { seen } from "../harness/notes.ts"
import { recordOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import {
  add,
  deferredOf,
  Gathering,
  GatheringLive,
  go,
  Heavy,
  HeavyLive,
  isMended,
  PartLive,
  send,
  Warehouses
} from "./fixtures/large.ts"
import { polled } from "./fixtures/workflows.ts"

const many = 20
const size = 900_000

suite("more than one message holds", (engine) => {
  const live = (options?: Stepped.EngineOptions) => Warehouses.layer.pipe(Layer.provideMerge(engine.layer(options)))
  const workflows = Layer.mergeAll(HeavyLive, GatheringLive, PartLive).pipe(Layer.provideMerge(StepWorkflow.layer))
  const running = (options?: Stepped.EngineOptions) => workflows.pipe(Layer.provideMerge(engine.layer(options)))
  const warehouse = Effect.map(Warehouses.client, (client) => client(0))

  it.effect("24.4: what many activities have come to is not done again by whoever goes on", () =>
    Effect.gen(function*() {
      const id = yield* Heavy.execute({ count: many, size }, { discard: true })
      yield* performIdle
      assert.deepStrictEqual([polled(yield* Heavy.poll(id)), seen.length], ["suspended", many])
      yield* send(Heavy, id, go, "now")
      yield* performIdle
      assert.deepStrictEqual([polled(yield* Heavy.poll(id)), seen.length], [`succeeded ${many * size}`, many])
      yield* healthy
    }).pipe(Effect.provide(running())))

  it.effect("24.3, 24.5: an execution has all that was sent to it, and all that it has waited for", () =>
    Effect.gen(function*() {
      const id = yield* Gathering.executionId({ count: many / 2, size })
      for (let n = 0; n < many / 2; n++) yield* send(Gathering, id, deferredOf(n), "s".repeat(size))
      yield* Gathering.execute({ count: many / 2, size }, { discard: true })
      yield* performIdle
      assert.strictEqual(polled(yield* Gathering.poll(id)), "suspended")
      yield* send(Gathering, id, go, "now")
      yield* performIdle
      assert.strictEqual(polled(yield* Gathering.poll(id)), `succeeded ${many * size}`)
      assert.strictEqual(seen.filter((text) => text === "part").length, many / 2)
      yield* healthy
    }).pipe(Effect.provide(running())))

  it.effect("3.7, 24.2: where that is beyond the limit of what a step receives, it is suspended, and goes on with a higher one", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const id = yield* Gathering.executionId({ count: 3, size: 50_000 })
      yield* Effect.gen(function*() {
        for (let n = 0; n < 3; n++) yield* send(Gathering, id, deferredOf(n), "s".repeat(50_000))
        yield* Gathering.execute({ count: 3, size: 50_000 }, { discard: true })
        yield* performIdle
        assert.strictEqual(polled(yield* Gathering.poll(id)), "failed")
        const [failure] = yield* sql<{ text: string }>`
          select failure ->> 'message' as text from stepped.live_actions where failure is not null`
        assert.include(failure?.text, "ResultsTooLarge")
        yield* healthy
      }).pipe(deployed(workflows, { resultsLimit: 100_000 }))
      yield* Gathering.resume(id)
      yield* performIdle
      yield* send(Gathering, id, go, "now")
      yield* performIdle
      assert.strictEqual(polled(yield* Gathering.poll(id)), "succeeded 300000")
      yield* healthy
    }).pipe(Effect.provide(running())))

  it.effect("18.1: what a step of a retried action has asked for is found again, however large it was", () =>
    Effect.gen(function*() {
      isMended.value = false
      const handle = yield* (yield* warehouse).storeLater(many, size)
      yield* performSteppedActions()
      assert.deepStrictEqual([(yield* recordOf(handle.id)).status, seen.length], ["failed", many])
      isMended.value = true
      const retried = yield* Effect.flatMap(ActionRepo, (repo) => repo.retry(handle.id))
      assert(retried._tag === "Retried")
      yield* performSteppedActions()
      assert.strictEqual((yield* recordOf(retried.id)).status, "succeeded")
      // none of what has succeeded is done again
      assert.strictEqual(seen.length, many)
      yield* healthy
    }).pipe(Effect.provide(live())))

  it.effect("3.7, 11.1: a step is given all signals that nobody has read, within the limit of what it receives", () =>
    Effect.gen(function*() {
      const client = yield* warehouse
      const handle = yield* client.takeLater()
      for (let n = 0; n < many; n++) yield* handle.send(add, "a".repeat(size))
      yield* performSteppedActions()
      assert.deepInclude(yield* recordOf(handle.id), { status: "succeeded", result: many * size })
      // the same ones once more are no more, those under another name are
      yield* Effect.gen(function*() {
        const twice = yield* (yield* warehouse).takeTwiceLater()
        for (let n = 0; n < 9; n++) yield* twice.send(add, "a".repeat(10_000))
        yield* performSteppedActions()
        assert.deepInclude(yield* recordOf(twice.id), { status: "succeeded", result: 180_000 })
        const beyond = yield* (yield* warehouse).takeTwiceLater()
        for (let n = 0; n < 11; n++) yield* beyond.send(add, "a".repeat(10_000))
        yield* performSteppedActions()
        assert.match(
          (yield* recordOf(beyond.id)).cause!.message,
          /takeTwice Warehouse\/0 › take: .* 1[01]\d{4} bytes at least, the limit is 100000/
        )
      }).pipe(deployed(Warehouses.layer, { resultsLimit: 100_000 }))
      yield* healthy
    }).pipe(Effect.provide(live())))

  it.effect("4.7: what is exported before it is deleted is as much as an answer is to hold, and the rest comes with the next call", () =>
    Effect.gen(function*() {
      const clients = yield* Warehouses.client
      yield* Effect.forEach(Array.from({ length: many }), (_, n) => clients(n).keepLater("k".repeat(size)))
      yield* performSteppedActions()
      const exported = yield* deletedAll
      // what is nearest to 16 MiB
      assert.deepStrictEqual(exported.map((part) => part.length), [18, 2])
      assert.strictEqual(new Set(exported.flat().map((text) => JSON.parse(text).id)).size, many)
      assert.isTrue(exported.flat().every((text) => JSON.parse(text).arguments[0].length === size))
      assert.deepStrictEqual(yield* Effect.flatMap(ActionRepo, (repo) => repo.list()), [])
      yield* healthy
    }).pipe(Effect.provide(live())))

  it.effect("4.7: an action of which more is stored than a message holds is exported whole", () =>
    Effect.gen(function*() {
      const id = yield* Heavy.execute({ count: many, size }, { discard: true })
      yield* send(Heavy, id, go, "now")
      yield* performIdle
      assert.strictEqual(polled(yield* Heavy.poll(id)), `succeeded ${many * size}`)
      const [exported, ...more] = yield* deletedAll
      assert.deepStrictEqual([exported?.length, more], [1, []])
      const { memos } = JSON.parse(exported![0]!) as { readonly memos: ReadonlyArray<{ readonly result: unknown }> }
      assert.strictEqual(memos.filter(({ result }) => JSON.stringify(result).length > size).length, many)
      yield* healthy
    }).pipe(Effect.provide(running())))
})

/** Deletes all that has ended, by a call after the other, and gives what each has exported. */
const deletedAll = Effect.gen(function*() {
  const repo = yield* ActionRepo
  yield* TestClock.adjust("1 second")
  const before = new Date(yield* Effect.clockWith((clock) => clock.currentTimeMillis))
  const exported: Array<ReadonlyArray<string>> = []
  let from: string | undefined
  do {
    const { next } = yield* repo.deleteEnded({ before, from, export: (part) => Effect.sync(() => exported.push(part)) })
    from = next
  } while (from !== undefined)
  return exported
})
