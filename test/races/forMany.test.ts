/** Rule 18.4 beside workers: two operators who mean the same actions, actions that end by themselves, and a worker that has lost what it does. */
import { assert, it } from "@effect/vitest"
import { Clock, Duration, Effect, Layer, Ref, Schema } from "effect"
import { type ActionHandle, ActionRepo, JobQueue, type ManySummary, Step, Stepped, StorageError } from "stepped"
import { make as makeAsking } from "../../src/engine/many/asking.ts"
import * as PostgresStore from "../../src/sql/PostgresStore.ts"
import { operationOf } from "../../src/store/asked.ts"
import { Storage } from "../../src/store/Storage.ts"
import { Store } from "../../src/store/Store.ts"
import { healthy } from "../harness/databases.ts"
import { holdingLane } from "../harness/racing.ts"
import { allEnded, layerWorkers, noDeadlock, until } from "../harness/workers.ts"

class Mill extends Stepped.Actor<Mill>()("Mill", { id: Schema.Int }) {}

/** How many actions: 60, or `STEPPED_ROUNDS`. */
const actions = Number(process.env.STEPPED_ROUNDS ?? 60)
const numbers = Array.from({ length: actions }, (_, n) => n)
const ada = { by: "ada", reason: "a test" }

const wait = Stepped.action("wait", { outbound: true }).step(() => Effect.void)
const grain = Stepped.action("grain", { arguments: [Schema.Int], concurrencyKey: (n) => ["grain", n] }).step(() =>
  Effect.void
)
const grind = Stepped.action("grind")
  .step("grind", () => Effect.forEach([1, 2, 3, 4, 5], (n) => Step.do(grain, n), { discard: true }))
const Mills = Stepped.actions(Mill, [wait, grain, grind])

/** All of them perform. */
const waiting = Effect.gen(function*() {
  const mills = yield* Mills.client
  const handles = yield* Effect.forEach(numbers, (n) => mills(n).waitLater())
  const repo = yield* ActionRepo
  yield* until(
    "all perform",
    Effect.map(repo.list({ statuses: ["performing"], name: "wait", limit: 10_000 }), ({ length }) => length === actions)
  )
  return handles
})

const cancelling = Effect.gen(function*() {
  const plan = yield* Stepped.forMany({ action: wait }, { verb: "Stepped.cancel" })
  const handle: ActionHandle<ManySummary> = yield* plan.start({ ...ada, batch: 7 })
  return yield* handle.await
})

const layer = PostgresStore.layer.pipe(
  Layer.provideMerge(Storage.layer({ schema: "stepped", deadline: Duration.seconds(20), embedded: false })),
  Layer.provideMerge(layerWorkers(Mills.layer))
)

it.live("18.4: of two that mean the same actions at the same moment one has done it with each of them", () =>
  Effect.gen(function*() {
    yield* waiting
    const both = yield* Effect.all([cancelling, cancelling], { concurrency: 2 })
    assert.strictEqual(both[0].done + both[1].done, actions, JSON.stringify(both))
    for (const { done, gone, refused } of both) assert.deepStrictEqual([done + gone, refused], [actions, []])
    const repo = yield* ActionRepo
    const recorded = yield* repo.operations({ verbs: ["Stepped.cancel"], outcome: "done", limit: 10_000 })
    assert.strictEqual(new Set(recorded.map(({ target }) => target)).size, actions)
    assert.lengthOf(recorded, actions)
    yield* allEnded
    yield* healthy
    yield* noDeadlock
  }).pipe(Effect.provide(layer)))

it.live("18.4: what ends by itself meanwhile has ended so, and is counted as gone on", () =>
  Effect.gen(function*() {
    const handles = yield* waiting
    const [summary] = yield* Effect.all([
      cancelling,
      Effect.forEach(handles, ({ id }) => Stepped.complete(id, wait, Stepped.Outcome.succeededVoid), {
        concurrency: 4,
        discard: true
      })
    ], { concurrency: 2 })
    yield* allEnded
    const found = yield* (yield* ActionRepo).list({ name: "wait", limit: 10_000 })
    const cancelled = found.filter(({ status }) => status === "cancelled").length
    assert.strictEqual(found.filter(({ status }) => status === "succeeded").length, actions - cancelled)
    assert.deepStrictEqual(summary, { done: cancelled, refused: [], gone: actions - cancelled })
    yield* healthy
    yield* noDeadlock
  }).pipe(Effect.provide(layer)))

it.live("18.4: what somebody has locked for longer is left out, and the others are asked", () =>
  Effect.gen(function*() {
    const handles = yield* waiting
    const { id } = handles[3]!
    const release = yield* holdingLane(id)
    assert.deepStrictEqual(yield* cancelling, {
      done: actions - 1,
      refused: [{ outcome: "busy", count: 1, samples: [id] }],
      gone: 0
    })
    yield* release
    assert.deepStrictEqual(yield* cancelling, { done: 1, refused: [], gone: actions - 1 })
    yield* allEnded
    yield* healthy
  }).pipe(Effect.scoped, Effect.provide(layerWorkers(Mills.layer, { statementTimeout: "2 seconds" }))))

it.live("18.4: a worker that has lost the action and goes on with it all the same does nothing a second time", () =>
  Effect.gen(function*() {
    const mills = yield* Mills.client
    const queued = yield* Effect.forEach(numbers, (n) => mills(n).with({ delay: "1 day" }).waitLater())
    const plan = yield* Stepped.forMany({ action: wait }, { verb: "JobQueue.reprioritise", priority: 3 })
    const store = yield* Store
    const { ask } = makeAsking(store, {
      repo: yield* ActionRepo,
      queue: yield* JobQueue,
      cancelById: () => Effect.succeed(false)
    }, Clock.currentTimeMillis)
    const { count, id, verb } = plan
    const asked = { id, at: 0, count, verb, filter: { name: "wait", actorType: "Mill" }, ...ada, batch: 10 }
    const both = yield* Effect.all([ask(asked, () => Effect.void), ask(asked, () => Effect.void)], { concurrency: 2 })
    assert.deepStrictEqual(both[0], both[1])
    const repo = yield* ActionRepo
    const recorded = yield* repo.operations({ through: id, verbs: [verb.verb], limit: 10_000 })
    assert.deepStrictEqual(recorded.map(({ target }) => target).sort(), queued.map((handle) => handle.id))
    // what one of them had in hand may be refused to the other one first: then neither does it
    const found = yield* repo.list({ name: "wait", limit: 10_000 })
    assert.deepStrictEqual(
      found.filter(({ priority }) => priority === 3).map((one) => one.id).sort(),
      recorded.filter(({ outcome }) => outcome === "done").map(({ target }) => target).sort()
    )
    assert.isTrue(recorded.every(({ outcome }) => outcome === "done" || outcome === "running"))
  }).pipe(Effect.provide(layer)))

/** What one asks who goes on by itself, with a store and a way to cancel that stand for a database. */
const askingBy = (store: Store["Service"], cancelById: (id: string) => Effect.Effect<boolean, StorageError>) =>
  Effect.gen(function*() {
    const { ask } = makeAsking(
      store,
      { repo: yield* ActionRepo, queue: yield* JobQueue, cancelById },
      Clock.currentTimeMillis
    )
    const { count, id, verb } = yield* Stepped.forMany({ action: wait }, { verb: "Stepped.cancel" })
    const asked = { id, at: 0, count, verb, filter: { name: "wait", actorType: "Mill" }, ...ada, batch: 10 }
    return yield* ask(asked, () => Effect.void)
  })

it.live("18.4: nobody is left out for a database that was away, though it is back when that would be recorded", () =>
  Effect.gen(function*() {
    const { id } = yield* (yield* Mills.client)(1).with({ delay: "1 day" }).waitLater()
    const store = yield* Store
    const tries = yield* Ref.make(0)
    const isAway = yield* Ref.make(false)
    const back = Ref.set(isAway, false)
    const refused = new StorageError({ operation: "any", isRetryable: true, cause: new Error("refused") })
    const flaky: Store["Service"] = {
      ...store,
      // all is looked at from its beginning
      askedThrough: (through) => Effect.andThen(back, store.askedThrough(through)),
      askedOf: (through, targets) =>
        Effect.flatMap(
          Ref.get(isAway),
          (away) => away && targets.includes(id) ? Effect.fail(refused) : store.askedOf(through, targets)
        ),
      recordOutcome: (...recorded) => Effect.andThen(back, store.recordOutcome(...recorded))
    }
    const summary = yield* askingBy(flaky, (target) =>
      Effect.gen(function*() {
        if ((yield* Ref.getAndUpdate(tries, (n) => n + 1)) === 0) yield* Ref.set(isAway, true)
        if (yield* Ref.get(isAway)) return yield* refused
        yield* store.recordOutcome(
          yield* Effect.orDie(operationOf(Clock.currentTimeMillis, "Stepped.cancel", target, ada)),
          "done"
        )
        return true
      }))
    assert.deepStrictEqual(summary, { done: 1, refused: [], gone: 0 })
  }).pipe(Effect.provide(layer)))

it.live("18.4: a tree that is deleted in parts is deleted whole, where the answer of one of them is lost", () =>
  Effect.gen(function*() {
    const store = yield* Store
    const repo = yield* ActionRepo
    const handle = yield* (yield* Mills.client)(1).grindLater()
    yield* handle.await
    const { id } = handle
    const lost = yield* Ref.make(true)
    const inParts: typeof repo.delete = (target, options) =>
      Effect.gen(function*() {
        const part = yield* store.deleteTree(
          target,
          2,
          yield* operationOf(Clock.currentTimeMillis, "ActionRepo.delete", target, options)
        )
        if (!(yield* Ref.getAndSet(lost, false))) return part
        return yield* new StorageError({ operation: "deleteTree", isRetryable: true, cause: new Error("lost") })
      })
    const { ask } = makeAsking(store, {
      repo: { ...repo, delete: inParts },
      queue: yield* JobQueue,
      cancelById: () => Effect.succeed(false)
    }, Clock.currentTimeMillis)
    const plan = yield* Stepped.forMany({ action: grind }, { verb: "ActionRepo.delete" })
    const { count, verb } = plan
    const filter = { name: "grind", actorType: "Mill" }
    const summary = yield* ask({ id: plan.id, at: 0, count, verb, filter, ...ada, batch: 10 }, () => Effect.void)
    assert.deepStrictEqual(summary, { done: 1, refused: [], gone: 0 })
    assert.deepStrictEqual(yield* repo.list(), [])
    const records = yield* repo.operations({ target: id, outcome: "done" })
    assert.deepStrictEqual(records.map(({ counts, through }) => [counts, through]), [
      [{ deleted: 2 }, plan.id],
      [{ deleted: 2 }, undefined],
      [{ deleted: 2 }, undefined]
    ])
  }).pipe(Effect.provide(layer)))

it.live("18.4: whom the database refuses is left out as failed, and the others are asked", () =>
  Effect.gen(function*() {
    const mills = yield* Mills.client
    const ids: Array<string> = []
    for (const n of [1, 2, 3]) ids.push((yield* mills(n).with({ delay: "1 day" }).waitLater()).id)
    const store = yield* Store
    const summary = yield* askingBy(store, (target) =>
      Effect.gen(function*() {
        if (target === ids[1]) {
          const cause = new Error("its page is broken")
          return yield* new StorageError({ operation: "cancel", isRetryable: false, cause })
        }
        yield* store.recordOutcome(
          yield* Effect.orDie(operationOf(Clock.currentTimeMillis, "Stepped.cancel", target, ada)),
          "done"
        )
        return true
      }))
    assert.deepStrictEqual(summary, {
      done: 2,
      refused: [{ outcome: "failed", count: 1, samples: [ids[1]!] }],
      gone: 0
    })
  }).pipe(Effect.provide(layer)))
