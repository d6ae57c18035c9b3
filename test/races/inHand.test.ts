/**
 * What a process has in hand and what the rows say, compared while both are changing: nothing is taken up twice, and nothing is let
 * fall.
 */
import type { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, Layer } from "effect"
import type { Scope } from "effect"
import { SqlClient } from "effect/sql"
import { Stepped, StorageError } from "stepped"
import { performDue } from "stepped/testing"
import { type Answer } from "../../src/store/Answer.ts"
import { healthy, server } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { statusesOf } from "../harness/observing.ts"
import { allEnded, until } from "../harness/workers.ts"
import {
  asked,
  calling,
  cancelOther,
  Car,
  Cars,
  commits,
  halts,
  hooked,
  nothing,
  other,
  release,
  turns,
  working
} from "./fixtures/inHand.ts"

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
        assert.isTrue(yield* handle.cancel())
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
        assert.isTrue(yield* cancelled.cancel())
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
          enqueueAndClaim: ({ items, now }) => Effect.as(store.enqueue(items, now, undefined), nothing)
        }), { concurrency: 1, connections: 4 })
        const car = yield* Effect.provide(Effect.map(Cars.client, (client) => client(1)), worker)
        const handle = yield* (yield* Cars.client)(1).askedNow()
        cancelled = handle.id
        const here = yield* Effect.provide(Stepped.handle(Car.ref(1), asked, handle.id), worker)
        const cancelling = yield* Effect.forkScoped(here.cancel())
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
            return Effect.succeed<Answer>({
              ...nothing,
              news: [{ _tag: "Stale", action, endedHere: false, closing: false }]
            })
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
            enqueueAndClaim: ({ items, now }) => Effect.as(store.enqueue(items, now, undefined), nothing),
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
