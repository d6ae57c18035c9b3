/**
 * What a process has in hand and what the rows say, compared while both are changing: nothing is taken up twice, and nothing is let
 * fall.
 */
import type { PgClient } from "@effect/sql-pg"
import { assert, beforeEach, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, Layer, Schema } from "effect"
import type { Scope } from "effect"
import { SqlClient } from "effect/sql"
import { Stepped, StorageError } from "stepped"
import { performDue } from "stepped/testing"
import { type Answer, nothingTaken } from "../../src/store/Answer.ts"
import type { Store } from "../../src/store/Store.ts"
import { healthy, server } from "../harness/databases.ts"
import { Halt, layerIntercepted } from "../harness/intercepting.ts"
import { recordsOf, statusesOf } from "../harness/observing.ts"
import { allEnded, until } from "../harness/workers.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

const seen: Array<string> = []
const note = (text: string) => Effect.sync(() => void seen.push(text))
let halts: Record<"body" | "other" | "before" | "callback" | "statement" | "answer", Halt>
beforeEach(() => {
  seen.length = 0
  halts = {
    body: new Halt(),
    other: new Halt(),
    before: new Halt(),
    callback: new Halt(),
    statement: new Halt(),
    answer: new Halt()
  }
})
const at = (place: keyof typeof halts) =>
  Effect.uninterruptible(Effect.suspend(() => Effect.andThen(note(place), halts[place].here)))

const hooked = Stepped.action("hooked").step("work", () => at("body")).after(() => at("callback"))
const other = Stepped.action("other").step("work", () => at("other"))
const prepared = Stepped.action("prepared").before(() => at("before")).step(() => note("done"))
const stores = Stepped.action("stores").step("store", () => at("body"), { transactional: true })
const asked = Stepped.action("asked", { outbound: true }).step(() => Effect.void).after(() => note("callback"))
const honk = Stepped.action("honk").step(() => Effect.void)
const Cars = Stepped.actions(Car, [hooked, other, prepared, stores, asked, honk])

/** A working engine that nobody wakes but by its own client. */
const working = (
  intercept: Parameters<typeof layerIntercepted>[0],
  options: Stepped.WorkerOptions = { connections: 4 },
  settings: Parameters<typeof layerIntercepted>[1] = {}
) =>
  Layer.build(
    Stepped.worker({ gracePeriod: 0, ...options }).pipe(
      Layer.provideMerge(Cars.layer),
      Layer.provideMerge(layerIntercepted(intercept, { pollInterval: Duration.hours(1), ...settings })),
      // an engine of its own, beside the one around it
      Layer.fresh
    )
  )

/** The first finish with a conclusion of `held` stops before it is sent; that of `stale` says when it was answered. */
const commits = (ids: { held: string; stale: string }) => (store: Store["Service"]) => ({
  finish: (options: Parameters<Store["Service"]["finish"]>[0]) => {
    const has = (id: string) => options.conclusions.some(({ fence }) => fence.action === id)
    return Effect.suspend(() => has(ids.held) ? halts.statement.once : Effect.void).pipe(
      Effect.andThen(store.finish(options)),
      Effect.tap(has(ids.stale) ? Deferred.succeed(halts.answer.reached, undefined) : Effect.void)
    )
  }
})

const nothing: Answer = { work: [], news: [], taken: nothingTaken }

/** Enough turns for whatever can go on by itself. */
const turns = Effect.promise(async () => {
  for (let i = 0; i < 50; i++) await new Promise<void>((resolve) => setImmediate(resolve))
})

/** Lets a worker's comparison begin: one of its bodies ends after its action was cancelled by another engine. */
const cancelOther = (id: string) =>
  Effect.gen(function*() {
    const handle = yield* Stepped.handle(Car.ref(1), other, id)
    assert.isTrue(yield* handle.cancel)
    yield* Deferred.succeed(halts.other.go, undefined)
    yield* Deferred.await(halts.answer.reached)
    yield* turns
  })

/** An engine without a worker, in which a body ends after another engine has cancelled its action; it compares when that is told to end. */
const calling = (
  intercept: (store: Store["Service"], staleId: () => string) => Partial<Store["Service"]>
) =>
  Effect.gen(function*() {
    let id = ""
    const engine = yield* Layer.build(Layer.fresh(Layer.provideMerge(
      Cars.layer,
      layerIntercepted((store) => ({
        heldBy: (token) => Effect.tap(store.heldBy(token), () => Deferred.succeed(halts.answer.reached, undefined)),
        ...intercept(store, () => id)
      }), { pollInterval: Duration.hours(1) })
    )))
    const car = yield* Effect.provide(Effect.map(Cars.client, (client) => client(1)), engine)
    yield* Effect.forkScoped(car.otherNow())
    yield* Deferred.await(halts.other.reached)
    id = (yield* Effect.provide(recordsOf("other"), engine))[0]!.id
    const compared = Effect.andThen(cancelOther(id), turns)
    return { car, compared, engine }
  })

const release = Effect.suspend(() =>
  Effect.forEach(Object.values(halts), ({ go }) => Deferred.succeed(go, undefined), { discard: true })
)

describe("in hand", () => {
  // the engine around a scenario only asks
  const race = <A, E>(
    name: string,
    scenario: () => Effect.Effect<
      A,
      E,
      Stepped.Services | PgClient.PgClient | SqlClient.SqlClient | Scope.Scope
    >
  ) =>
    it.effect(name, () =>
      Effect.andThen(Effect.scoped(Effect.ensuring(scenario(), release)), healthy).pipe(
        Effect.provide(Layer.provideMerge(Cars.layer, server.layer()))
      ))

  race(
    "4.4: callbacks whose conclusion waits to be stored do not run again because an older conclusion is let go",
    () =>
      Effect.gen(function*() {
        const ids = { held: "", stale: "" }
        const worker = yield* working(commits(ids))
        const car = yield* Effect.provide(Effect.map(Cars.client, (client) => client(1)), worker)
        ids.held = (yield* car.hookedLater()).id
        ids.stale = (yield* car.otherLater()).id
        yield* Deferred.await(halts.body.reached)
        yield* Deferred.await(halts.other.reached)
        // the body's conclusion is on its way when another engine cancels the action, whose callbacks this worker takes too
        yield* Deferred.succeed(halts.body.go, undefined)
        yield* Deferred.await(halts.statement.reached)
        const handle = yield* Stepped.handle(Car.ref(1), hooked, ids.held)
        assert.isTrue(yield* handle.cancel)
        yield* car.honkLater()
        yield* Deferred.await(halts.callback.reached)
        // a comparison waits for what is under way, and the callbacks' conclusion for the comparison
        yield* cancelOther(ids.stale)
        yield* Deferred.succeed(halts.callback.go, undefined)
        yield* turns
        yield* Deferred.succeed(halts.statement.go, undefined)
        yield* allEnded
        assert.sameMembers(seen, ["body", "other", "callback"])
      })
  )

  race(
    "2.2: an invocation that waits to be joined is not prepared again because a comparison comes first",
    () =>
      Effect.gen(function*() {
        const ids = { held: "", stale: "" }
        const worker = yield* working(commits(ids))
        const car = yield* Effect.provide(Effect.map(Cars.client, (client) => client(1)), worker)
        ids.held = (yield* car.hookedLater()).id
        ids.stale = (yield* car.otherLater()).id
        yield* car.preparedLater()
        yield* Deferred.await(halts.body.reached)
        yield* Deferred.await(halts.other.reached)
        yield* Deferred.await(halts.before.reached)
        // a comparison waits for what is under way, and the invocation for the comparison
        yield* Deferred.succeed(halts.body.go, undefined)
        yield* Deferred.await(halts.statement.reached)
        yield* cancelOther(ids.stale)
        yield* Deferred.succeed(halts.before.go, undefined)
        yield* turns
        yield* Deferred.succeed(halts.statement.go, undefined)
        yield* Deferred.await(halts.callback.reached)
        yield* Deferred.succeed(halts.callback.go, undefined)
        yield* allEnded
        assert.sameMembers(seen, ["body", "other", "before", "done", "callback"])
      })
  )

  race(
    "a transactional body that commits while memory and rows are compared is not taken up again",
    () =>
      Effect.gen(function*() {
        const worker = yield* working((store) => ({
          heldBy: (token) => Effect.tap(store.heldBy(token), () => halts.answer.once)
        }))
        const car = yield* Effect.provide(Effect.map(Cars.client, (client) => client(1)), worker)
        yield* car.storesLater()
        const second = yield* car.otherLater()
        yield* Deferred.await(halts.body.reached)
        yield* Deferred.await(halts.other.reached)
        // the rows have been read, and not yet been looked at, when the body's transaction commits
        const cancelled = yield* Stepped.handle(Car.ref(1), other, second.id)
        assert.isTrue(yield* cancelled.cancel)
        yield* Deferred.succeed(halts.other.go, undefined)
        yield* Deferred.await(halts.answer.reached)
        yield* Deferred.succeed(halts.body.go, undefined)
        yield* allEnded
        yield* Deferred.succeed(halts.answer.go, undefined)
        yield* turns
        yield* (yield* car.honkLater()).await
        assert.sameMembers(seen, ["body", "other"])
      })
  )

  race(
    "callbacks that are in hand and not begun are not let fall when the news of their cancellation comes late",
    () =>
      Effect.gen(function*() {
        let cancelled = ""
        const worker = yield* working((store) => ({
          complete: (options) => Effect.tap(store.complete(options), () => halts.answer.once),
          claim: (options) =>
            Effect.tap(
              store.claim(options),
              ({ work }) => work.some(({ action }) => action === cancelled) ? halts.statement.once : Effect.void
            ),
          // what is asked for is claimed by itself
          enqueueAndClaim: ({ items, now }) => Effect.as(store.enqueue(items, now, false), nothing)
        }), { concurrency: 1, connections: 4 })
        const car = yield* Effect.provide(Effect.map(Cars.client, (client) => client(1)), worker)
        const handle = yield* (yield* Cars.client)(1).askedNow()
        cancelled = handle.id
        const here = yield* Effect.provide(Stepped.handle(Car.ref(1), asked, handle.id), worker)
        const cancelling = yield* Effect.forkScoped(here.cancel)
        yield* Deferred.await(halts.answer.reached)
        // its callbacks are claimed, and so is a body that leaves no room for them
        yield* car.honkLater()
        yield* Deferred.await(halts.statement.reached)
        yield* car.otherLater()
        yield* Deferred.await(halts.other.reached)
        yield* Deferred.succeed(halts.statement.go, undefined)
        yield* turns
        yield* Deferred.succeed(halts.answer.go, undefined)
        assert.isTrue(yield* Fiber.join(cancelling))
        yield* Deferred.succeed(halts.other.go, undefined)
        yield* allEnded
        assert.deepStrictEqual(seen, ["other", "callback"])
      })
  )

  race(
    "7.3: what is stored to be performed now is not given to others because a comparison comes before its claim",
    () =>
      Effect.gen(function*() {
        const { car, compared, engine } = yield* calling((store) => ({
          enqueue: (items, now, again) =>
            Effect.tap(
              store.enqueue(items, now, again),
              () => items.some(({ definition }) => definition === "Car/honk") ? halts.statement.once : Effect.void
            )
        }))
        const honking = yield* Effect.forkScoped(car.honkNow())
        yield* Deferred.await(halts.statement.reached)
        yield* compared
        assert.strictEqual(yield* performDue, 0)
        yield* Deferred.succeed(halts.statement.go, undefined)
        const handle = yield* Fiber.join(honking)
        assert.strictEqual((yield* Effect.provide(handle.status, engine)).status, "succeeded")
      })
  )

  race(
    "7.3: an action whose caller was interrupted is not given to others before its body has let go",
    () =>
      Effect.gen(function*() {
        const { car, compared } = yield* calling(() => ({}))
        const working = yield* Effect.forkScoped(car.storesNow())
        yield* Deferred.await(halts.body.reached)
        const interrupting = yield* Effect.forkScoped(Fiber.interrupt(working))
        yield* turns
        yield* compared
        assert.strictEqual(yield* performDue, 0)
        assert.deepStrictEqual(seen, ["other", "body"])
        yield* Deferred.succeed(halts.body.go, undefined)
        yield* Fiber.join(interrupting)
        assert.isAbove(yield* performDue, 0)
        assert.deepStrictEqual(seen, ["other", "body", "body"])
      })
  )

  race("an action whose transactional body was fenced is gone on with as its row says", () =>
    Effect.gen(function*() {
      let fences = 1
      const worker = yield* working((store) => ({
        finish: (options) =>
          Effect.suspend(() => {
            const [conclusion] = options.conclusions
            const isStore = conclusion?._tag === "ActionEnds" && conclusion.ended?.name === "store"
            if (!isStore || fences-- <= 0) return store.finish(options)
            const { action } = conclusion.fence
            return Effect.succeed<Answer>({ ...nothing, news: [{ _tag: "Stale", action, endedHere: false }] })
          })
      }))
      const car = yield* Effect.provide(Effect.map(Cars.client, (client) => client(1)), worker)
      yield* car.storesLater()
      yield* Deferred.await(halts.body.reached)
      yield* Deferred.succeed(halts.body.go, undefined)
      yield* allEnded
      assert.deepStrictEqual(seen, ["body", "body"])
    }))

  race(
    "what is under the token and in nobody's hands is found, whatever else is in hand",
    () =>
      Effect.gen(function*() {
        let claims = 1
        const worker = yield* working(
          (store) => ({
            // one that is on its way to the rows is in hand, and has none
            enqueue: (items, now, again) =>
              items.some(({ definition }) => definition === "Car/other")
                ? halts.statement.here
                : store.enqueue(items, now, again),
            enqueueAndClaim: ({ items, now }) => Effect.as(store.enqueue(items, now, false), nothing),
            // a claim that comes to the server after its sender has given it up
            claim: (options) =>
              Effect.map(
                store.claim(options),
                (answer) => answer.work.length > 0 && claims-- > 0 ? nothing : answer
              )
          }),
          { connections: 4 },
          { lease: Duration.seconds(1) }
        )
        const car = yield* Effect.provide(Effect.map(Cars.client, (client) => client(1)), worker)
        const asking = yield* Effect.forkScoped(car.otherNow())
        yield* Deferred.await(halts.statement.reached)
        // in a transaction, which does not wait for the one before
        const sql = yield* SqlClient.SqlClient
        const handle = yield* sql.withTransaction(car.honkLater())
        yield* handle.await
        assert.isUndefined(asking.pollUnsafe())
        yield* Fiber.interrupt(asking).pipe(Effect.forkScoped)
      })
  )

  race("7.3: what was stored to be performed now, without an answer, is left to others", () =>
    Effect.gen(function*() {
      const { car } = yield* calling((store) => ({
        enqueue: (items, now, again) =>
          items.some(({ definition }) => definition === "Car/honk")
            ? Effect.andThen(
              store.enqueue(items, now, again),
              new StorageError({ operation: "enqueue", isRetryable: false, cause: new Error("no answer") })
            )
            : store.enqueue(items, now, again)
      }))
      assert.instanceOf((yield* Effect.flip(car.honkNow())).reason, StorageError)
      yield* Deferred.await(halts.answer.reached)
      yield* turns
      yield* Deferred.succeed(halts.other.go, undefined)
      yield* until("it is performed", Effect.map(performDue, (count) => count > 0))
      assert.deepStrictEqual(yield* statusesOf("honk"), ["succeeded"])
    }))
})
