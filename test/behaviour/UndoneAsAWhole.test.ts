/** Rules 10.3 and 10.4: what a method, a job or somebody outside has done of an action that does not succeed is undone, or uncertain. */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, recordsOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { actions, Refused, scene, Stall, Stalls, StallsLive } from "./fixtures/undoneAsAWhole.ts"

suite("actions that are undone as a whole", (engine) => {
  const test = <E>(name: string, scenario: Effect.Effect<unknown, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario, healthy), Layer.provideMerge(StallsLive, engine.layer()))
    )
  const stall = Effect.map(Stalls.client, (stalls) => stalls(1))
  const uncertain = (id: string) => Effect.map(recordOf(id), ({ cause, status }) => [status, ...cause?.uncertain ?? []])

  test(
    "10.4: a method that ends well while its action is cancelled is undone, with what it has given",
    Effect.gen(function*() {
      const handle = yield* (yield* stall).buyLater(3)
      scene.body = Effect.asVoid(Effect.orDie(handle.cancel()))
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["buys 3", "returns 7 of 3", "cancelled"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["buy succeeded", "buy succeeded"])
      assert.deepStrictEqual(yield* uncertain(handle.id), ["cancelled"])
    })
  )

  test(
    "10.4: so is one that ends well when its action's time is over",
    Effect.gen(function*() {
      const handle = yield* (yield* stall).buyLater(3)
      scene.body = TestClock.adjust("2 hours")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["buys 3", "returns 7 of 3", "timed_out"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["buy succeeded", "buy succeeded"])
    })
  )

  /** The id of the one that goes on. */
  const retried = (id: string) =>
    Effect.gen(function*() {
      const answer = yield* (yield* ActionRepo).retry(id)
      assert(answer._tag === "Retried", JSON.stringify(answer))
      return answer.id
    })

  test(
    "18.1, 10.4: a method that was undone as a whole is done again, with another key",
    Effect.gen(function*() {
      const day = yield* (yield* stall).dayLater()
      yield* performIdle
      yield* Stepped.complete(Stall.ref(1), actions.fetch, Stepped.Outcome.succeeded(1))
      yield* performSteppedActions()
      const [order] = yield* recordsOf("order")
      const next = yield* retried(day.id)
      yield* performIdle
      yield* Stepped.complete(Stall.ref(1), actions.fetch, Stepped.Outcome.succeeded(1))
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["succeeded", "sends back 8", "succeeded", "sends back 8"])
      assert.deepStrictEqual(scene.keys, [`${order!.id}/order/0`, `${order!.id}/order/1`])
      assert.deepStrictEqual((yield* recordsOf("order")).map(({ parent }) => parent), [day.id, next])
    })
  )

  test(
    "18.1, 10.4: so is one that somebody outside completes, with all of its steps",
    Effect.gen(function*() {
      const { id } = yield* (yield* stall).dwellLater()
      yield* performIdle
      scene.body = Effect.fail(new Refused())
      yield* Stepped.complete(Stall.ref(1), actions.lease, Stepped.Outcome.succeededVoid)
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["asks", "signs", "ends the lease"])
      const [lease] = yield* recordsOf("lease")
      seen.length = 0
      scene.body = Effect.void
      const next = yield* retried(id)
      yield* performIdle
      yield* Stepped.complete(Stall.ref(1), actions.lease, Stepped.Outcome.succeededVoid)
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["asks", "signs"])
      assert.deepStrictEqual(
        scene.keys,
        [0, 1].flatMap((n) => ["ask", "sign"].map((step) => `${lease!.id}/${step}/${n}`))
      )
      assert.strictEqual((yield* recordOf(next)).status, "succeeded")
    })
  )

  test(
    "18.1, 10.4: a child that was to be undone, and had nothing to undo, stays done",
    Effect.gen(function*() {
      scene.body = Effect.fail(new Refused())
      const { id } = yield* (yield* stall).visitLater()
      yield* performSteppedActions()
      const [look] = yield* recordsOf("look")
      assert.deepStrictEqual(look!.unwound, {})
      scene.body = Effect.void
      const next = yield* retried(id)
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["sees"])
      assert.strictEqual((yield* recordOf(next)).status, "succeeded")
    })
  )

  test(
    "10.3: one that is interrupted, or fails, is uncertain; with compensate: false nothing is said",
    Effect.gen(function*() {
      const begun = yield* Deferred.make<void>()
      scene.body = Effect.andThen(Deferred.succeed(begun, undefined), Effect.never)
      const cut = yield* (yield* stall).buyLater(3)
      const worker = yield* Effect.forkChild(performIdle)
      yield* Deferred.await(begun)
      yield* cut.cancel()
      yield* performIdle
      yield* Fiber.join(worker)
      scene.body = Effect.fail(new Refused())
      const failed = yield* (yield* stall).buyLater(4)
      yield* performSteppedActions()
      const kept = yield* (yield* stall).buyLater(5)
      scene.body = Effect.asVoid(Effect.orDie(kept.cancel({ compensate: false })))
      yield* performSteppedActions()
      const queued = yield* (yield* stall).buyLater(6)
      yield* queued.cancel()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, [
        "buys 3",
        "cancelled, uncertain: buy",
        "buys 4",
        "failed, uncertain: buy",
        "buys 5",
        "cancelled",
        "cancelled"
      ])
      assert.deepStrictEqual(
        yield* Effect.forEach([cut, failed, kept], ({ id }) => uncertain(id)),
        [["cancelled", "buy"], ["failed", "buy"], ["cancelled"]]
      )
    })
  )

  test(
    "10.4: of one that ends well nothing more is stored for that",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const handle = yield* (yield* stall).buyLater(3)
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["buys 3", "succeeded"])
      assert.deepStrictEqual(
        yield* sql`select result, undo from stepped.steps where action = ${handle.id}`,
        [{ result: null, undo: null }]
      )
    })
  )

  test(
    "10.4: one that has waited is undone once: with the step that has started it, or where its children have succeeded by its end",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const day = yield* (yield* stall).dayLater()
      yield* performIdle
      yield* Stepped.complete(Stall.ref(1), actions.fetch, Stepped.Outcome.succeeded(1))
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["succeeded", "sends back 8"])
      assert.deepStrictEqual((yield* recordsOf("order")).map(({ unwound }) => unwound), [{}])
      assert.strictEqual((yield* recordOf(day.id)).status, "failed")
      const alone = yield* (yield* stall).orderLater()
      yield* performIdle
      yield* alone.cancel()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen.slice(2), ["cancelled, uncertain: order"])
      const closed = yield* (yield* stall).orderLater()
      yield* performIdle
      yield* sql.withTransaction(Effect.andThen(
        closed.cancel(),
        Stepped.complete(Stall.ref(1), actions.fetch, Stepped.Outcome.succeeded(1))
      ))
      yield* performSteppedActions()
      assert.deepStrictEqual(seen.slice(3), ["sends back 8", "cancelled"])
    })
  )

  test(
    "10.3: what a job or somebody outside may have done of an action that does not succeed is uncertain",
    Effect.gen(function*() {
      scene.job = Effect.fail(new Refused())
      const cleaned = yield* (yield* stall).cleanLater()
      yield* performSteppedActions()
      scene.job = Effect.void
      const cut = yield* (yield* stall).cleanLater()
      yield* performIdle
      yield* cut.cancel()
      const rented = yield* (yield* stall).rentLater()
      yield* performIdle
      yield* rented.cancel()
      const refused = yield* (yield* stall).rentLater()
      yield* performIdle
      yield* Stepped.complete(refused.id, actions.rent, Stepped.Outcome.failed(new Refused()))
      const hired = yield* (yield* stall).hireLater()
      yield* performIdle
      yield* hired.cancel()
      yield* performSteppedActions()
      assert.deepStrictEqual(
        yield* Effect.forEach([cleaned, cut, rented, refused, hired], ({ id }) => uncertain(id)),
        [["failed", "clean"], ["cancelled", "clean"], ["cancelled", "rent"], ["failed", "rent"], ["cancelled", "hire"]]
      )
      assert.notInclude(seen, "never")
      scene.body = Effect.fail(new Refused())
      const broken = yield* (yield* stall).rentLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* uncertain(broken.id), ["failed", "rent"])
    })
  )
})
