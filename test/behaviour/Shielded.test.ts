/** Rules 9.13 and 10.1: bodies whose end is waited for before anything is undone. */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, Cancelled, Stepped, TimedOut } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import { note, seen } from "../harness/notes.ts"
import { recordOf, recordsOf, slotsOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { actions, Declined, scene, Tills, voucher } from "./fixtures/shielding.ts"

/** Has the body say that it has begun, and go on when it may. */
const gate = (end: typeof scene.body) =>
  Effect.gen(function*() {
    const begun = yield* Deferred.make<void>()
    const go = yield* Deferred.make<void>()
    scene.body = Effect.andThen(
      note("charges"),
      Effect.andThen(Deferred.succeed(begun, undefined), Effect.andThen(Deferred.await(go), end))
    )
    return { begun: Deferred.await(begun), go: Deferred.succeed(go, undefined) }
  })

suite("shielded bodies", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>,
    options: Stepped.EngineOptions = {}
  ) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Tills.layer, engine.layer(options)))
    )
  const till = Effect.map(Tills.client, (tills) => tills(1))
  const statusesOf = (id: string) =>
    Effect.map(
      Effect.flatMap(ActionRepo, (repo) => repo.steps(id)),
      (steps) => steps.filter(({ kind }) => kind !== "compensation").map(({ name, status }) => `${name} ${status}`)
    )

  test("9.13: cancelling waits for its end: what it has done is known, and undone", () =>
    Effect.gen(function*() {
      const { begun, go } = yield* gate(Effect.succeed(500))
      const handle = yield* (yield* till).payLater()
      const drain = yield* Effect.forkChild(performSteppedActions())
      yield* begun
      assert.isTrue(yield* handle.cancel({ reason: "closing time" }))
      assert.isFalse(yield* handle.cancel())
      for (let i = 0; i < 20; i++) yield* Effect.yieldNow
      const { cause, status, unwinding } = yield* recordOf(handle.id)
      assert.deepStrictEqual([status, unwinding, cause?.reason], ["performing", true, "closing time"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["reserve succeeded", "charge performing"])
      assert.deepStrictEqual(seen, ["reserves", "charges"])
      yield* go
      yield* Fiber.join(drain)
      assert.deepStrictEqual(seen, ["reserves", "charges", "refunds 500", "frees 7", "cancelled"])
      assert.deepStrictEqual(yield* statusesOf(handle.id), ["reserve succeeded", "charge succeeded"])
      assert.deepInclude(yield* Effect.flip(handle.await), { _tag: "Cancelled", reason: "closing time" })
    }))

  test("9.13: so does the action's own time, noticed while it runs or when it has ended", () =>
    Effect.gen(function*() {
      const { begun, go } = yield* gate(Effect.succeed(500))
      const handle = yield* (yield* till).payLater()
      const drain = yield* Effect.forkChild(performSteppedActions())
      yield* begun
      yield* TestClock.adjust("2 hours")
      yield* performIdle
      assert.isTrue((yield* recordOf(handle.id)).unwinding)
      yield* go
      yield* Fiber.join(drain)
      const all = ["reserves", "charges", "refunds 500", "frees 7", "timed_out"]
      assert.deepStrictEqual(seen, all)
      assert.instanceOf(yield* Effect.flip(handle.await), TimedOut)
      scene.body = Effect.andThen(note("charges"), Effect.as(TestClock.adjust("2 hours"), 500))
      const other = yield* (yield* till).payLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, [...all, ...all])
      assert.deepStrictEqual(yield* statusesOf(other.id), ["reserve succeeded", "charge succeeded"])
    }))

  test("9.13, 9.6: what it has started and replaced counts, whoever notices first that the action's time is over", () =>
    Effect.gen(function*() {
      const { begun, go } = yield* gate(Effect.succeed(500))
      const handle = yield* (yield* till).billLater(1)
      const drain = yield* Effect.forkChild(performSteppedActions())
      yield* begun
      yield* TestClock.adjust("2 hours")
      yield* performIdle
      yield* go
      yield* Fiber.join(drain)
      const all = ["asks", "charges", "refunds 500 of 42", "42 timed_out"]
      assert.deepStrictEqual(seen.toSorted(), all.toSorted())
      scene.body = Effect.andThen(note("charges"), Effect.as(TestClock.adjust("2 hours"), 500))
      const other = yield* (yield* till).billLater(2)
      yield* performSteppedActions()
      assert.deepStrictEqual(seen.slice(4).toSorted(), all.toSorted())
      for (const { id } of [handle, other]) {
        assert.strictEqual((yield* recordOf(id)).status, "timed_out")
        const started = yield* Effect.flatMap(ActionRepo, (repo) => repo.list({ startedBy: id }))
        assert.deepStrictEqual(started.map(({ name }) => name), ["ask"])
      }
    }))

  test("9.13: the step's own time ends it", () =>
    Effect.gen(function*() {
      const { begun } = yield* gate(Effect.succeed(500))
      const handle = yield* (yield* till).shortLater()
      const drain = yield* Effect.forkChild(performSteppedActions())
      yield* begun
      yield* handle.cancel()
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(drain)
      assert.deepStrictEqual(seen, ["charges", "voids"])
      assert.deepStrictEqual(yield* statusesOf(handle.id), ["charge failed"])
      assert.instanceOf(yield* Effect.flip(handle.await), Cancelled)
    }))

  test("9.13: it does not begin again after a failure, nor after one that came before", () =>
    Effect.gen(function*() {
      const { begun, go } = yield* gate(Effect.fail(new Declined()))
      const handle = yield* (yield* till).againLater()
      const drain = yield* Effect.forkChild(performSteppedActions())
      yield* begun
      yield* handle.cancel()
      yield* go
      yield* Fiber.join(drain)
      assert.deepStrictEqual(seen, ["reserves", "charges", "voids", "frees 7"])
      assert.deepStrictEqual(yield* statusesOf(handle.id), ["reserve succeeded", "charge failed"])
      scene.body = Effect.fail(new Declined())
      const between = yield* (yield* till).againLater()
      yield* performIdle
      yield* between.cancel()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen.slice(4), ["reserves", "voids", "frees 7"])
      assert.deepStrictEqual(yield* statusesOf(between.id), ["reserve succeeded", "charge cancelled"])
    }))

  test("9.13: what goes wrong in it without an answer is tried again, to its end", () =>
    Effect.gen(function*() {
      const { begun, go } = yield* gate(Effect.die(new Error("no connection")))
      const handle = yield* (yield* till).payLater()
      const drain = yield* Effect.forkChild(performSteppedActions())
      yield* begun
      yield* handle.cancel()
      yield* go
      scene.body = Effect.as(note("charges again"), 300)
      yield* Fiber.join(drain)
      assert.deepStrictEqual(seen, ["reserves", "charges", "charges again", "refunds 300", "frees 7", "cancelled"])
    }), { handledDefects: () => false, attempts: 3 })

  test("9.13: a worker that dies meanwhile leaves it to another, which runs it to its end", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { begun } = yield* gate(Effect.succeed(500))
      const id = yield* deployed(Tills.layer)(Effect.gen(function*() {
        const handle = yield* (yield* Tills.client)(1).payLater()
        const drain = yield* Effect.forkChild(performSteppedActions())
        yield* begun
        yield* handle.cancel()
        yield* sql`select taken from stepped.recover(${new Date(0)}, array(select token from stepped.workers), true)`
        yield* Fiber.interrupt(drain)
        return handle.id
      }))
      scene.body = Effect.as(note("charges again"), 500)
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["reserves", "charges", "charges again", "refunds 500", "frees 7", "cancelled"])
      assert.deepStrictEqual(yield* statusesOf(id), ["reserve succeeded", "charge succeeded"])
    }))

  for (
    const [asks, then] of [
      ["received", ["has received 1", "refunds 500"]],
      ["waitFor", ["has asked to wait", "voids"]],
      ["token", ["has a token", "refunds 500"]],
      ["complete", ["has a token for the end", "refunds 500"]]
    ] as const
  ) {
    for (const end of ["cancelled", "timed out", "completed"] as const) {
      test(`9.13: one that runs again after its action was ${end} is given what it asks for: ${asks}`, () =>
        Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          const { begun } = yield* gate(Effect.succeed(500))
          scene.asks = asks
          yield* deployed(Tills.layer)(Effect.gen(function*() {
            const handle = yield* (yield* Tills.client)(1).calledLater()
            const drain = yield* Effect.forkChild(performSteppedActions())
            yield* begun
            yield* handle.send(voucher)
            if (end === "cancelled") yield* handle.cancel()
            if (end === "completed") yield* Stepped.complete(handle.id, actions.called, Stepped.Outcome.timedOut)
            if (end === "timed out") yield* Effect.andThen(TestClock.adjust("2 hours"), performIdle)
            yield* sql`select taken from stepped.recover(${new Date(
              0
            )}, array(select token from stepped.workers), true)`
            yield* Fiber.interrupt(drain)
          }))
          scene.body = Effect.as(note("charges again"), 500)
          yield* performSteppedActions()
          assert.deepStrictEqual(seen, ["charges", "charges again", ...then])
        }))
    }
  }

  for (
    const [name, what, shielded] of [
      ["payLater", "runs again to its end", ["charges again", "refunds 500", "frees 7", "cancelled"]],
      ["openLater", "does not run again if it is not shielded", ["voids", "frees 7"]]
    ] as const
  ) {
    test(`9.13: one whose worker has died before it is cancelled ${what}`, () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const { begun } = yield* gate(Effect.succeed(500))
        yield* deployed(Tills.layer)(Effect.gen(function*() {
          const handle = yield* (yield* Tills.client)(1)[name]()
          const drain = yield* Effect.forkChild(performSteppedActions())
          yield* begun
          yield* sql`select taken from stepped.recover(${new Date(0)}, array(select token from stepped.workers), true)`
          yield* Fiber.interrupt(drain)
          yield* handle.cancel()
        }))
        scene.body = Effect.as(note("charges again"), 500)
        yield* performSteppedActions()
        assert.deepStrictEqual(seen, ["reserves", "charges", ...shielded])
      }))
  }

  test("9.13: what it has enqueued does not begin", () =>
    Effect.gen(function*() {
      const { begun, go } = yield* gate(Effect.succeed(500))
      const handle = yield* (yield* till).asksLater()
      const drain = yield* Effect.forkChild(performSteppedActions())
      yield* begun
      yield* handle.cancel()
      yield* go
      yield* Fiber.join(drain)
      assert.deepStrictEqual(seen, ["charges", "voids"])
      assert.deepStrictEqual([yield* recordsOf("ask"), yield* slotsOf(handle.id)], [[], []])
    }))

  test("9.13: with compensate: false, and where nothing is undone, its end is waited for as well", () =>
    Effect.gen(function*() {
      const first = yield* gate(Effect.succeed(500))
      const handle = yield* (yield* till).payLater()
      const drain = yield* Effect.forkChild(performSteppedActions())
      yield* first.begun
      yield* handle.cancel({ compensate: false })
      assert.isFalse((yield* recordOf(handle.id)).unwinding)
      yield* first.go
      yield* Fiber.join(drain)
      assert.deepStrictEqual(seen, ["reserves", "charges", "cancelled"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["reserve succeeded", "charge succeeded"])
      const second = yield* gate(Effect.succeed(500))
      const plain = yield* (yield* till).plainLater()
      const other = yield* Effect.forkChild(performSteppedActions())
      yield* second.begun
      assert.isTrue(Option.isSome(yield* Stepped.complete(plain.id, actions.plain, Stepped.Outcome.succeededVoid)))
      assert.strictEqual((yield* recordOf(plain.id)).status, "performing")
      yield* second.go
      yield* Fiber.join(other)
      assert.deepStrictEqual(seen.slice(3), ["charges", "succeeded"])
      yield* plain.await
    }))

  test("9.13: what a transactional one has written commits with it, once", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`create table charges (cents int)`
      const writes = Effect.orDie(sql`insert into charges (cents) values (1)`)
      // it ends its own action
      const own: { cancel: Effect.Effect<unknown> } = { cancel: Effect.void }
      scene.body = Effect.as(Effect.andThen(writes, Effect.suspend(() => own.cancel)), 500)
      const handle = yield* (yield* till).writtenLater()
      own.cancel = Effect.orDie(handle.cancel())
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["refunds 500"])
      scene.body = Effect.as(Effect.andThen(writes, TestClock.adjust("2 hours")), 300)
      const late = yield* (yield* till).writtenLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["refunds 500", "refunds 300"])
      assert.strictEqual((yield* sql`select 1 from charges`).length, 2)
      assert.deepStrictEqual(
        [(yield* recordOf(handle.id)).status, (yield* recordOf(late.id)).status],
        ["cancelled", "timed_out"]
      )
    }))

  test("10.1: a body that is interrupted ends before anything is undone, its finalizers too", () =>
    Effect.gen(function*() {
      const begun = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      scene.body = Effect.andThen(Deferred.succeed(begun, undefined), Effect.never).pipe(
        Effect.ensuring(Effect.andThen(note("lets go"), Effect.andThen(Deferred.await(go), note("has let go"))))
      )
      const handle = yield* (yield* till).openLater()
      const drain = yield* Effect.forkChild(performSteppedActions())
      yield* Deferred.await(begun)
      yield* handle.cancel()
      for (let i = 0; i < 20; i++) yield* performIdle
      assert.deepStrictEqual(seen, ["reserves", "lets go"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["reserve succeeded", "charge performing"])
      yield* Deferred.succeed(go, undefined)
      // it may have found a job locked by one of the looks above, and have ended with what is left
      yield* Fiber.await(drain)
      // and what its body has come to may just be on its way
      yield* Effect.retry(performSteppedActions(), { times: 1000 })
      assert.deepStrictEqual(seen, ["reserves", "lets go", "has let go", "voids", "frees 7"])
      assert.deepStrictEqual(yield* statusesOf(handle.id), ["reserve succeeded", "charge cancelled"])
    }))
})
