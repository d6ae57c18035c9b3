/** Rules 9.4 and 9.7: steps with a time of their own, on the test's clock. */
import { assert, it } from "@effect/vitest"
import { Deferred, type Duration, Effect, Fiber, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionFailed, ActionRepo, DefinitionError, Step, Stepped, TimedOut } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { note, seen } from "../harness/notes.ts"
import { recordOf, recordsOf, slotsOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { ask, byMethod, Depot, Depots, DepotsLive, scene, Torn, towed } from "./fixtures/stepTimeouts.ts"

const failureOf = (id: string) =>
  Effect.map(Effect.flatMap(ActionRepo, (repo) => repo.steps(id)), ([step]) => step!.failure)

suite("timeouts of steps", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>,
    options: Stepped.EngineOptions = {},
    live: typeof DepotsLive = DepotsLive
  ) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), live.pipe(Layer.provideMerge(engine.layer(options))))
    )
  const depot = Effect.map(Depots.client, (depots) => depots(1))

  /** Performs in a fiber of its own, until the body is in the middle of it. */
  const begun = Effect.gen(function*() {
    const reached = yield* Deferred.make<void>()
    scene.body = Effect.onInterrupt(
      Effect.andThen(Deferred.succeed(reached, undefined), Effect.never),
      () => note("interrupted")
    )
    const fiber = yield* Effect.forkChild(performDue)
    yield* Deferred.await(reached)
    return fiber
  })

  test("9.4: a body is interrupted at its limit, not a moment earlier, and the step fails", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* depot).packLater()
      const fiber = yield* begun
      yield* TestClock.adjust("59999 millis")
      assert.deepStrictEqual(seen, [])
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(fiber)
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["interrupted", "pack failed"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["pack failed"])
      const error = yield* Effect.flip(handle.await)
      assert.instanceOf(error, ActionFailed)
      assert.strictEqual(error.kind, "step_timed_out")
      assert.include(error.message, "pack Depot/1 › pack: timed out after 60000 ms")
    }))

  test("9.4: a body that ends later than its limit has timed out, whatever it gives", () =>
    Effect.gen(function*() {
      const client = yield* depot
      const late = TestClock.adjust("1 minute")
      for (
        const end of [
          Effect.as(late, "late"),
          Effect.andThen(late, Effect.fail(new Torn())),
          Effect.uninterruptible(Effect.andThen(late, Effect.die("late"))),
          Effect.andThen(Effect.as(Effect.andThen(Step.on(Depot.ref(1), ask), late), "late"), Effect.succeed("later"))
        ]
      ) {
        scene.body = end
        const handle = yield* client.mayLater()
        yield* performSteppedActions()
        assert.strictEqual(yield* handle.await, "undefined")
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["pack failed", "2 succeeded"])
        assert.deepInclude(yield* failureOf(handle.id), { kind: "step_timed_out" })
      }
      assert.deepStrictEqual(yield* recordsOf("ask"), [])
      scene.body = Effect.as(TestClock.adjust("59999 millis"), "in time")
      const handle = yield* client.mayLater()
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "in time")
    }))

  it.live("9.4: a body that blocks its thread past its limit has timed out, though nobody could interrupt it", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* depot).blocksNow()
      assert.include((yield* Effect.flip(handle.await)).message, "blocks Depot/1 › block: timed out after 600 ms")
    }).pipe(Effect.provide(DepotsLive.pipe(Layer.provideMerge(engine.layer())))))

  test("9.4: it may be longer than what a timer holds", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* depot).longLater()
      const fiber = yield* begun
      yield* TestClock.adjust("59 days")
      assert.deepStrictEqual(seen, [])
      yield* TestClock.adjust("1 days")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(seen, ["interrupted"])
      assert.strictEqual((yield* recordOf(handle.id)).status, "failed")
    }))

  test(
    "9.4: a rerun has what is left of it, and with nothing left the body does not run",
    () =>
      Effect.gen(function*() {
        let tries = 0
        scene.body = Effect.suspend(() => {
          tries++
          return Effect.andThen(TestClock.adjust("25 seconds"), Effect.die("gone"))
        })
        const handle = yield* (yield* depot).packLater()
        yield* performSteppedActions()
        assert.strictEqual(tries, 3)
        const error = yield* Effect.flip(handle.await)
        assert.include(error.message, "timed out after 60000 ms")
      }),
    { handledDefects: () => false, attempts: 9, retry: Schedule.spaced("1 second") }
  )

  test("9.4: it counts from the claim, not from the place in the lane", () =>
    Effect.gen(function*() {
      const client = yield* depot
      const first = yield* client.packLater()
      const fiber = yield* begun
      const second = yield* client.packLater()
      yield* performIdle
      scene.body = Effect.as(TestClock.adjust("59 seconds"), "done")
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      yield* performSteppedActions()
      assert.strictEqual((yield* recordOf(first.id)).status, "failed")
      assert.strictEqual(yield* second.await, "done")
    }))

  test("9.4: children and waits count, too: what is open is cancelled", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* depot).waitsLater()
      yield* performIdle
      const { startedAt, stepTimeoutAt } = yield* recordOf(handle.id)
      assert.strictEqual(stepTimeoutAt!.getTime() - startedAt!.getTime(), 60_000)
      yield* TestClock.adjust("59999 millis")
      yield* performIdle
      assert.deepStrictEqual([yield* stepsOf(handle.id), yield* slotsOf(handle.id)], [["both performing"], [
        "succeeded",
        "open"
      ]])
      yield* TestClock.adjust("1 millis")
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* stepsOf(handle.id), yield* slotsOf(handle.id)], [["both failed"], [
        "succeeded",
        "cancelled"
      ]])
      const [child] = yield* recordsOf("ask")
      assert.strictEqual(child!.status, "cancelled")
      assert.deepStrictEqual(seen, ["asked", "unasked"])
      const error = yield* Effect.flip(handle.await)
      assert.instanceOf(error, ActionFailed)
      assert.strictEqual(error.message, "waits Depot/1 › both: timed out after 60000 ms")
    }))

  test("9.4: a limit and a wait that are due together: the limit counts", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* depot).pausesLater()
      yield* performIdle
      yield* TestClock.adjust("1 minute")
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* stepsOf(handle.id), yield* slotsOf(handle.id)], [["pause failed"], ["cancelled"]])
    }))

  test("9.4: what has come in time counts, however late its worker is", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* depot).waitsLater()
      yield* performIdle
      const [child] = yield* recordsOf("ask")
      yield* TestClock.adjust("30 seconds")
      yield* performIdle
      yield* Stepped.complete(child!.id, ask, Stepped.Outcome.succeededVoid)
      yield* TestClock.adjust("30 minutes")
      yield* performSteppedActions()
      yield* handle.await
      assert.deepStrictEqual(seen, ["asked", "next"])
    }))

  test("9.4: the action's own time comes first where both are over", () =>
    Effect.gen(function*() {
      const client = yield* depot
      scene.body = Effect.as(TestClock.adjust("1 minute"), "late")
      const handle = yield* client.bothLater()
      yield* performSteppedActions()
      assert.instanceOf(yield* Effect.flip(handle.await), TimedOut)
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["pack cancelled"])
    }))

  test("9.4: of a transactional body that has timed out nothing is left", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`drop table if exists bought`
      yield* sql`create table bought (what text)`
      scene.body = Effect.orDie(sql`insert into bought values ('gift')`).pipe(
        Effect.andThen(TestClock.adjust("1 minute")),
        Effect.as("late")
      )
      const handle = yield* (yield* depot).buysLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["buy failed"])
      assert.deepStrictEqual(yield* sql`select what from bought`, [])
      yield* sql`drop table bought`
    }))

  test("9.7: defaults hold for own steps and for methods that have no limit of their own, and not for a job", () =>
    Effect.gen(function*() {
      const client = yield* depot
      const lasting = (duration: Duration.Input) => {
        scene.body = Effect.as(TestClock.adjust(duration), "done")
      }
      lasting("1 minute")
      const first = yield* client.defaultedLater()
      const method = yield* client.byMethodLater()
      const job = yield* client.towedLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* stepsOf(first.id), ["first failed"])
      assert.deepStrictEqual(yield* stepsOf(method.id), ["byMethod failed"])
      assert.include((yield* Effect.flip(method.await)).message, "byMethod Depot/1: timed out after 60000 ms")
      yield* job.await
      let step = 0
      scene.body = Effect.suspend(() =>
        Effect.as(TestClock.adjust(["30 seconds", "90 seconds", "1 hour"][step++] as Duration.Input), "done")
      )
      const all = yield* client.defaultedLater()
      yield* performSteppedActions()
      yield* all.await
      assert.strictEqual(step, 3)
    }))

  const Prepended = Layer.mergeAll(
    Stepped.prependStep(Depots, byMethod, "unlimited", () => TestClock.adjust("1 hour")),
    Stepped.prependStep(Depots, towed, "limited", () => TestClock.adjust("1 minute"), { timeout: "1 minute" })
  )

  test(
    "9.7: nor for prepended steps, which may have one of their own",
    () =>
      Effect.gen(function*() {
        const client = yield* depot
        const unlimited = yield* client.byMethodLater()
        const limited = yield* client.towedLater()
        yield* performSteppedActions()
        yield* unlimited.await
        assert.deepStrictEqual(yield* stepsOf(limited.id), ["limited failed"])
      }),
    {},
    Layer.provideMerge(Prepended, DepotsLive)
  )

  it("9.4, 9.7: what no limit can be is refused, with its place and what it takes", () => {
    for (const timeout of [0, -1, Number.NaN, "soon", {}]) {
      for (
        const [define, of] of [
          [() => Stepped.action("tow").step("hook", () => Effect.void, { timeout: timeout as never }), "tow › hook"],
          [() => Stepped.step("hook", () => Effect.void, { timeout: timeout as never }), "Stepped.step › hook"],
          [() => Stepped.action("tow", { defaults: { timeout: timeout as never } }), "the steps of tow"]
        ] as const
      ) {
        const error = (() => {
          try {
            define()
          } catch (error) {
            return error
          }
        })()
        assert.instanceOf(error, DefinitionError)
        assert.include(error.message, `timeout of ${of}`)
        assert.include(error.message, "from 1 to")
      }
    }
  })
})
