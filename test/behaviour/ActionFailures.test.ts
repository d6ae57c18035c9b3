/** Rule 7.2: what failures of user code mean, which are tried again, and that none leaves anything hanging. */
import type { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect, ErrorReporter, Layer, Schedule, Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionFailed, Engine, Step, Stepped } from "stepped"
import { performSteppedActions, withHandledDefects } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import { note, seen } from "../harness/notes.ts"
import { lanes, recordOf, recordsOf, slotsOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { nothing, stored } from "../harness/stored.ts"
import {
  boom,
  brokenActions,
  Car,
  Cars,
  failing,
  fragile,
  NoParking,
  retried,
  scene,
  tried
} from "./fixtures/failures.ts"

suite("failures", (engine) => {
  const test = <A, E>(
    name: string,
    options: Stepped.EngineOptions,
    scenario: () => Effect.Effect<A, E, Stepped.Services | PgClient.PgClient | SqlClient.SqlClient>
  ) =>
    it.effect(
      name,
      () =>
        Effect.provide(Effect.andThen(scenario(), healthy), Cars.layer.pipe(Layer.provideMerge(engine.layer(options))))
    )

  test(
    "7.2: a handled failure fails the step that it happened in, which enqueues nothing and keeps no arguments",
    {},
    () =>
      Effect.gen(function*() {
        scene.body = boom()
        const handle = yield* (yield* Cars.client)(1).workLater(1)
        yield* performSteppedActions()
        const { arguments: args, attempts, status } = yield* recordOf(handle.id)
        assert.deepStrictEqual([status, args, attempts], ["failed", [1], 1])
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["first succeeded", "second failed"])
        assert.deepStrictEqual([yield* recordsOf("leaf"), yield* slotsOf(handle.id)], [[], []])
        assert.deepStrictEqual(seen, ["first 1", "ended failed"])
        const error = yield* Effect.flip(handle.await)
        assert.instanceOf(error, ActionFailed)
        assert.strictEqual(error.message, "work Car/1 › second: boom")
      })
  )

  test("7.2: a body that interrupts itself has failed, too", {}, () =>
    Effect.gen(function*() {
      scene.body = Effect.interrupt
      const handle = yield* (yield* Cars.client)(1).workLater(1)
      yield* performSteppedActions()
      assert.strictEqual((yield* recordOf(handle.id)).status, "failed")
      assert.match((yield* Effect.flip(handle.await)).message, /^work Car\/1 › second: .*interrupt/)
    }))

  test(
    "7.2: declared errors are handled, whatever `handledDefects` says, and reach the waiter typed",
    retried,
    () =>
      Effect.gen(function*() {
        scene.body = Effect.andThen(note("try"), new NoParking({ at: "London" }))
        const car = (yield* Cars.client)(1)
        const handle = yield* car.workLater(1)
        yield* performSteppedActions()
        assert.strictEqual(tried(), 1)
        assert.deepStrictEqual(yield* Effect.flip(handle.await), new NoParking({ at: "London" }))
        const parent = yield* car.bossLater()
        yield* performSteppedActions()
        const error = yield* Effect.flip(parent.await)
        assert.match(error.message, /^boss Car\/1 › delegate › work Car\/1 › second: NoParking/)
      })
  )

  test(
    "7.2+: an unhandled failure is tried again after a while, as the same action and step",
    retried,
    () =>
      Effect.gen(function*() {
        scene.body = failing(2)
        const car = (yield* Cars.client)(1)
        const handle = yield* car.workLater(1)
        yield* performIdle
        assert.deepStrictEqual(seen, ["first 1", "try"])
        const first = yield* recordOf(handle.id)
        assert.deepStrictEqual([first.status, first.attempts, first.arguments], ["performing", 1, [1]])
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["first succeeded", "second performing"])
        assert.deepStrictEqual(yield* lanes, ["Car/1/work"])
        assert.deepStrictEqual((yield* Effect.flatMap(Engine, (engine) => engine.nextDue)).wait, 10_000)
        yield* healthy

        yield* TestClock.adjust("9 seconds")
        yield* performIdle
        assert.strictEqual(tried(), 1)
        yield* TestClock.adjust("1 second")
        yield* performIdle
        assert.strictEqual(tried(), 2)
        assert.strictEqual((yield* recordOf(handle.id)).attempts, 2)
        assert.deepStrictEqual(yield* recordsOf("leaf"), [])

        yield* performSteppedActions()
        assert.deepStrictEqual(seen, ["first 1", "try", "try", "try", "third 2", "ended succeeded"])
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["first succeeded", "second succeeded", "third succeeded"])
        assert.deepStrictEqual(yield* statusesOf("leaf"), ["succeeded"])
        assert.lengthOf(yield* recordsOf("work"), 1)
      })
  )

  test(
    "7.2+: at the limit it counts as handled: the action fails, its lane goes on, its parent is told",
    retried,
    () =>
      Effect.gen(function*() {
        scene.body = failing(3)
        const car = (yield* Cars.client)(1)
        const parent = yield* car.bossLater()
        yield* performIdle
        const next = yield* car.workLater(5)
        yield* performIdle
        assert.deepStrictEqual(yield* statusesOf("work"), ["performing", "pending"])
        yield* performSteppedActions()
        assert.deepStrictEqual(yield* statusesOf("work"), ["failed", "succeeded"])
        assert.deepStrictEqual(seen, [
          "first 1",
          "try",
          "try",
          "try",
          "ended failed",
          "first 5",
          "try",
          "third 6",
          "ended succeeded"
        ])
        assert.deepStrictEqual(yield* stepsOf(parent.id), ["delegate failed"])
        assert.strictEqual(
          (yield* Effect.flip(parent.await)).message,
          "boss Car/1 › delegate › work Car/1 › second: boom"
        )
        yield* next.await
        assert.deepStrictEqual(yield* lanes, [])
      })
  )

  test("7.2+: every step has the whole number of attempts", { ...retried, attempts: 2 }, () =>
    Effect.gen(function*() {
      let n = 0
      scene.body = Effect.suspend(() => Effect.andThen(note("try"), ++n % 2 === 1 ? boom() : Effect.void))
      const handle = yield* (yield* Cars.client)(1).twiceLater()
      yield* performSteppedActions()
      assert.strictEqual((yield* recordOf(handle.id)).status, "succeeded")
      assert.strictEqual(tried(), 4)
    }))

  test(
    "7.2+: the end of the retry schedule is the limit, too",
    { ...retried, attempts: 10, retry: Schedule.recurs(1) },
    () =>
      Effect.gen(function*() {
        scene.body = failing(5)
        const handle = yield* (yield* Cars.client)(1).twiceLater()
        yield* performSteppedActions()
        assert.deepStrictEqual([tried(), (yield* recordOf(handle.id)).status], [2, "failed"])
      })
  )

  test("7.2+: the schedule says how long to wait", {
    ...retried,
    attempts: 4,
    retry: Schedule.exponential("1 second", 3)
  }, () =>
    Effect.gen(function*() {
      const times: Array<number> = []
      scene.body = Effect.andThen(
        Effect.clockWith((clock) => Effect.sync(() => times.push(clock.currentTimeMillisUnsafe()))),
        boom()
      )
      yield* (yield* Cars.client)(1).twiceLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(times, [0, 1000, 4000, 13_000])
    }))

  test(
    "7.2: `handledDefects` decides defect by defect",
    { ...retried, handledDefects: (defect) => defect instanceof TypeError },
    () =>
      Effect.gen(function*() {
        const client = yield* Cars.client
        scene.body = failing(2)
        yield* client(1).twiceLater()
        yield* performSteppedActions()
        assert.strictEqual(tried(), 4)
        scene.body = failing(2, Effect.die(new TypeError("no")))
        yield* client(2).twiceLater()
        yield* performSteppedActions()
        assert.strictEqual(tried(), 5)
        assert.deepStrictEqual(yield* statusesOf("twice"), ["succeeded", "failed"])
      })
  )

  test("withHandledDefects says it for what it performs", retried, () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      scene.body = failing(1)
      yield* car.twiceLater()
      yield* withHandledDefects((defect) => defect instanceof Error)(performSteppedActions())
      assert.deepStrictEqual([tried(), yield* statusesOf("twice")], [1, ["failed"]])
      scene.body = failing(1)
      yield* car.twiceLater()
      yield* withHandledDefects(() => false)(performSteppedActions())
      assert.deepStrictEqual(yield* statusesOf("twice"), ["failed", "succeeded"])
      scene.body = failing(1)
      yield* withHandledDefects(() => true)(car.hookedLater())
      yield* withHandledDefects(() => true)(performSteppedActions())
      assert.deepStrictEqual(yield* recordsOf("hooked"), [])
    }))

  test(
    "7.2: a handled failure of `before` ends the action as failed, not stored, and tells its slot",
    {},
    () =>
      Effect.gen(function*() {
        scene.body = boom()
        const car = (yield* Cars.client)(1)
        const handle = yield* car.hookedLater()
        yield* performSteppedActions()
        assert.deepStrictEqual(yield* stored, { ...nothing, outcomes: 1 })
        assert.strictEqual((yield* Effect.flip(handle.await)).message, "hooked Car/1: boom")
        const parent = yield* car.wantsHookedLater()
        yield* performSteppedActions()
        assert.deepStrictEqual([yield* stepsOf(parent.id), yield* slotsOf(parent.id)], [["ask failed"], ["failed"]])
        assert.strictEqual((yield* Effect.flip(parent.await)).message, "wantsHooked Car/1 › ask › hooked Car/1: boom")
        assert.deepStrictEqual(seen, [])
      })
  )

  test("7.2+: an unhandled one is tried again, then counts as handled", retried, () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      scene.body = failing(2)
      const good = yield* car.hookedLater()
      yield* performIdle
      assert.deepStrictEqual([tried(), (yield* good.status).status], [1, "queued"])
      yield* TestClock.adjust("10 seconds")
      yield* performIdle
      assert.strictEqual(tried(), 2)
      yield* performSteppedActions()
      assert.deepStrictEqual([tried(), yield* good.await], [3, "done"])
      seen.length = 0
      scene.body = failing(3)
      const parent = yield* car.wantsHookedLater()
      yield* performSteppedActions()
      assert.strictEqual(tried(), 3)
      assert.strictEqual((yield* Effect.flip(parent.await)).message, "wantsHooked Car/1 › ask › hooked Car/1: boom")
    }))

  brokenActions.forEach((action, n) =>
    test(
      `7.2: ${action.name}: a key, checksum or timeout that fails ends the action as failed and tells its slot`,
      {},
      () =>
        Effect.gen(function*() {
          const client = yield* Cars.client
          const call = client(1)[`${action.name}Later`]
          const handle = yield* call()
          yield* performSteppedActions()
          const error = yield* Effect.flip(handle.await)
          assert.instanceOf(error, ActionFailed)
          assert.match(error.message, new RegExp(`^${action.name} Car/1: .`))
          assert.deepStrictEqual(yield* stored, { ...nothing, outcomes: 1 })
          const parent = yield* client(1).wantsBrokenLater(n)
          yield* performSteppedActions()
          assert.deepStrictEqual([yield* stepsOf(parent.id), yield* slotsOf(parent.id)], [["ask failed"], ["failed"]])
          assert.match(
            (yield* Effect.flip(parent.await)).message,
            new RegExp(`^wantsBroken Car/1 › ask › ${action.name} Car/2: .`)
          )
          assert.deepStrictEqual([yield* lanes, seen], [[], []])
        })
    )
  )

  test("7.2+: an unhandled failure of a key is tried again", retried, () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).laterTimeoutLater()
      yield* performIdle
      assert.strictEqual((yield* handle.status).status, "queued")
      yield* performSteppedActions()
      assert.strictEqual((yield* handle.status).status, "failed")
      assert.strictEqual(
        yield* Effect.map(TestClock.testClockWith((clock) => Effect.succeed(clock.currentTimeMillisUnsafe())), Number),
        20_000
      )
    }))

  test(
    "7.2: an actor that is gone: the loader's failure ends the action, in a step and in a key",
    {},
    () =>
      Effect.gen(function*() {
        const client = yield* Cars.client
        const here = yield* client(1).loadsLater()
        const step = yield* client(404).loadsLater()
        const key = yield* client(404).loadsKeyLater()
        yield* performSteppedActions()
        assert.deepStrictEqual(seen, ["loaded 1"])
        assert.strictEqual((yield* here.status).status, "succeeded")
        assert.match((yield* Effect.flip(step.await)).message, /^loads Car\/404 › load: ActorNotFound/)
        assert.match((yield* Effect.flip(key.await)).message, /^loadsKey Car\/404: ActorNotFound/)
        assert.deepStrictEqual(yield* lanes, [])
      })
  )

  test(
    "7.2: an actor whose stored id its schema no longer reads: the action fails, the lane and the parent go on",
    {},
    () =>
      Effect.gen(function*() {
        class Old extends Stepped.Actor<Old>()("Thing", { id: Schema.String }) {}
        class New extends Stepped.Actor<New>()("Thing", { id: Schema.Int }) {}
        const hold = Stepped.action("hold", { outbound: true, concurrencyKey: () => "thing" }).step(() => fragile)
        const hook = Stepped.action("hook").before(() => fragile).step(() => note("never"))
        const parent = Stepped.action("parent").step(
          "ask",
          () => Effect.all([Step.on(Old.ref("x"), hold), Step.on(Old.ref("x"), hook)])
        )
        const Olds = Stepped.actions(Old, [hold, hook])
        const News = Stepped.actions(New, [hold, hook])
        const Parents = Stepped.actions(Car, [parent])
        scene.body = boom()
        const root = yield* deployed(Layer.mergeAll(Olds.layer, Parents.layer), { handledDefects: () => false })(
          Effect.gen(function*() {
            const handle = yield* (yield* Parents.client)(1).parentLater()
            yield* performIdle
            return handle
          })
        )
        scene.body = Effect.void
        yield* TestClock.adjust("1 millis")
        yield* deployed(Layer.mergeAll(News.layer, Parents.layer))(Effect.gen(function*() {
          const next = yield* (yield* News.client)(1).holdLater()
          yield* performSteppedActions({
            outbound: () => Stepped.complete(New.ref(1), hold, Stepped.Outcome.succeededVoid)
          })
          yield* next.await
        }))
        assert.deepStrictEqual([...yield* statusesOf("hold"), ...yield* statusesOf("hook")], ["failed", "succeeded"])
        assert.deepStrictEqual([yield* stepsOf(root.id), yield* slotsOf(root.id)], [["ask failed"], [
          "failed",
          "failed"
        ]])
        assert.deepStrictEqual(yield* lanes, [])
      })
  )

  test("7.2: a step that is gone: the action fails, the lane and the parent go on", {}, () =>
    Effect.gen(function*() {
      const before = Stepped.action("shrinking").step("a", () => note("a")).step("b", () => fragile)
      const now = Stepped.action("shrinking").step("a", () => note("a"))
      const Befores = Stepped.actions(Car, [before, Stepped.action("asks").step("ask", () => Step.do(before))])
      const Nows = Stepped.actions(Car, [now, Stepped.action("asks").step("ask", () => Step.do(now))])
      scene.body = boom()
      const root = yield* deployed(Befores.layer, { handledDefects: () => false })(Effect.gen(function*() {
        const handle = yield* (yield* Befores.client)(1).asksLater()
        yield* performIdle
        return handle
      }))
      yield* TestClock.adjust("1 millis")
      yield* deployed(Nows.layer)(Effect.gen(function*() {
        yield* (yield* Nows.client)(1).shrinkingLater()
        yield* performSteppedActions()
      }))
      assert.deepStrictEqual(seen, ["a", "a"])
      assert.deepStrictEqual(yield* statusesOf("shrinking"), ["failed", "succeeded"])
      assert.deepStrictEqual(yield* stepsOf(root.id), ["ask failed"])
      const [record] = yield* recordsOf("shrinking")
      assert.deepStrictEqual(record!.cause, {
        kind: "defect",
        path: "shrinking Car/1 › b",
        message: "the definition has no step to go on with"
      })
    }))

  test(
    "7.2: every failure is told to the error reporters: of steps, tries, callbacks, hooks and keys",
    retried,
    () =>
      Effect.gen(function*() {
        const reported: Array<string> = []
        const reporter = ErrorReporter.make(({ error }) => void reported.push(error.message))
        const perform = Effect.provideService(
          performSteppedActions(),
          ErrorReporter.CurrentErrorReporters,
          new Set([reporter])
        )
        const client = yield* Cars.client
        const after = (
          failure: Effect.Effect<void, any>,
          invoke: Effect.Effect<unknown, unknown>,
          handle: boolean
        ) =>
          Effect.gen(function*() {
            scene.body = failure
            reported.length = 0
            yield* invoke
            yield* withHandledDefects(() => handle)(perform)
            return [...reported]
          })
        let n = 0
        const counting = Effect.suspend(() => boom(`no ${++n}`))
        assert.deepStrictEqual(yield* after(counting, client(1).twiceLater(), false), ["no 1", "no 2", "no 3"])
        assert.deepStrictEqual(yield* after(boom("handled"), client(2).twiceLater(), true), ["handled"])
        assert.lengthOf(yield* after(new NoParking({ at: "sea" }) as never, client(3).workLater(1), false), 1)
        assert.deepStrictEqual(yield* after(boom("callback"), client(4).calledLater(), true), ["callback"])
        assert.deepStrictEqual(yield* after(boom("hook"), client(5).hookedLater(), true), ["hook"])
        assert.deepStrictEqual(yield* after(Effect.void, client(6).concurrencyKeyLater(), true), ["boom"])
        assert.deepStrictEqual(yield* statusesOf("called"), ["succeeded"])
      })
  )

  test(
    "what was stored about a failure can be read: kind, path, message, and the error as data",
    {},
    () =>
      Effect.gen(function*() {
        scene.body = new NoParking({ at: "London" }) as never
        const parent = yield* (yield* Cars.client)(1).bossLater()
        yield* performSteppedActions()
        const [child] = yield* recordsOf("work")
        const own = child!.cause!
        assert.deepStrictEqual([own.kind, own.path, own.error], ["failure", "work Car/1 › second", {
          _tag: "NoParking",
          at: "London"
        }])
        const above = (yield* recordOf(parent.id)).cause!
        assert.deepStrictEqual([above.kind, above.path, above.error], [
          "child",
          "boss Car/1 › delegate › work Car/1 › second",
          { _tag: "NoParking", at: "London" }
        ])
      })
  )
})
