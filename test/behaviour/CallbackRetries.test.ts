/** Rule 4.2: callbacks that fail unhandled or transiently are tried again, each by itself, and known by what they are. */
import type { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Cause, Effect, Layer, Logger, Option, References, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { AchievementStore, ActionRepo, DefinitionError, Engine, Stepped, StorageError } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import { layerIntercepted } from "../harness/intercepting.ts"
import { seen } from "../harness/notes.ts"
import { lanes, recordOf, recordsOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import {
  boom,
  callback,
  Car,
  Cars,
  counts,
  failing,
  gone,
  parked,
  pay,
  Refused,
  retried,
  retriedSettings,
  scene,
  Van,
  Vans,
  visit
} from "./fixtures/callbackRetries.ts"

suite("callbacks that are tried again", (engine) => {
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

  for (
    const [what, options, failure] of [
      ["an unhandled defect", retried, boom],
      ["a transient failure", { ...retried, handledDefects: () => true }, gone]
    ] as const
  ) {
    test(
      `4.2+: after ${what} it runs again later, alone, while the lane is held and nobody is told`,
      options,
      () =>
        Effect.gen(function*() {
          scene.does = { b: failing(2, failure) }
          const car = (yield* Cars.client)(1)
          const handle = yield* car.tourLater()
          yield* performIdle
          assert.deepStrictEqual(seen, ["a", "b", "c"])
          const [child] = yield* recordsOf("visit")
          assert.deepStrictEqual([child!.status, child!.attempts], ["performing", 1])
          assert.deepStrictEqual(yield* lanes, ["Car/1/tour", "Car/1/visit"])
          assert.deepStrictEqual(yield* stepsOf(handle.id), ["visit performing"])
          assert.strictEqual((yield* Effect.flatMap(Engine, (engine) => engine.nextDue)).wait, 10_000)
          yield* healthy

          yield* TestClock.adjust("9 seconds")
          yield* performIdle
          assert.deepStrictEqual(seen, ["a", "b", "c"])
          yield* TestClock.adjust("1 second")
          yield* performIdle
          assert.deepStrictEqual(seen, ["a", "b", "c", "b"])
          assert.strictEqual((yield* recordOf(child!.id)).status, "performing")

          // 7.4: a drain moves the clock to the next try
          yield* performSteppedActions()
          assert.deepStrictEqual(seen, ["a", "b", "c", "b", "b"])
          assert.deepStrictEqual(yield* counts(child!.id), ["succeeded", 3, 0])
          assert.deepStrictEqual((yield* recordOf(handle.id)).status, "succeeded")
          assert.isTrue(Option.isSome(yield* Effect.flatMap(AchievementStore, (store) => store.find("Car/1/visit"))))
          assert.deepStrictEqual(yield* lanes, [])
        })
    )
  }

  test(
    "4.2: a handled failure counts at once, also beside one that is tried again",
    retried,
    () =>
      Effect.gen(function*() {
        scene.does = { a: Effect.fail("no"), c: failing(1) }
        const handle = yield* (yield* Cars.client)(1).visitLater()
        yield* performSteppedActions()
        assert.deepStrictEqual(seen, ["a", "b", "c", "c"])
        assert.deepStrictEqual(yield* counts(handle.id), ["succeeded", 2, 1])
      })
  )

  test("4.2+: each is tried again by itself, for as long as it fails", retried, () =>
    Effect.gen(function*() {
      scene.does = { a: failing(1), b: failing(2), c: failing(3) }
      const handle = yield* (yield* Cars.client)(1).visitLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["a", "b", "c", "a", "b", "c", "b", "c"])
      assert.deepStrictEqual(yield* counts(handle.id), ["succeeded", 2, 1])
    }))

  test(
    "4.2+: at the limit it counts as failed; the status stays, and whoever looks for such actions finds them",
    retried,
    () =>
      Effect.gen(function*() {
        scene.does = { refund: boom }
        const car = (yield* Cars.client)(1)
        const handle = yield* car.payLater()
        const other = yield* car.tourLater()
        yield* performSteppedActions()
        assert.deepStrictEqual(seen, ["refund", "a", "b", "c", "refund", "refund"])
        assert.deepStrictEqual(yield* counts(handle.id), ["failed", 0, 1])
        assert.instanceOf(yield* Effect.flip(handle.await), Refused)
        assert.strictEqual((yield* recordOf(other.id)).status, "succeeded")
        const repo = yield* ActionRepo
        assert.deepStrictEqual((yield* repo.list({ callbacksFailed: true })).map(({ id }) => id), [handle.id])
        assert.deepStrictEqual(yield* repo.list({ callbacksFailed: true, name: "tour" }), [])
      })
  )

  test(
    "4.2+: the end of the retry schedule is the limit, too",
    { ...retried, retry: Schedule.recurs(1) },
    () =>
      Effect.gen(function*() {
        scene.does = { b: boom }
        const handle = yield* (yield* Cars.client)(1).visitLater()
        yield* performSteppedActions()
        assert.deepStrictEqual(seen, ["a", "b", "c", "b"])
        assert.deepStrictEqual(yield* counts(handle.id), ["succeeded", 2, 1])
      })
  )

  test(
    "4.2+: what its steps have used up of their attempts is not the callbacks', nor the other way round",
    retried,
    () =>
      Effect.gen(function*() {
        const drive = Stepped.action("drive").step("go", () => callback("go")()).after(callback("after"))
        const Drives = Stepped.actions(Car, [drive])
        scene.does = { go: failing(2), after: failing(2) }
        yield* deployed(Drives.layer, retried)(Effect.gen(function*() {
          const handle = yield* (yield* Drives.client)(1).driveLater()
          yield* performSteppedActions()
          assert.deepStrictEqual(seen, ["go", "go", "go", "after", "after", "after"])
          assert.deepStrictEqual(yield* counts(handle.id), ["succeeded", 1, 0])
        }))
      })
  )

  test(
    "4.2+: after workers that died so often it counts as failed, and what has succeeded before does not",
    retried,
    () =>
      Effect.gen(function*() {
        scene.does = { b: boom }
        const sql = yield* SqlClient.SqlClient
        const handle = yield* (yield* Cars.client)(1).visitLater()
        yield* performIdle
        yield* sql`update stepped.live_actions set attempts = 3`
        yield* performSteppedActions()
        assert.deepStrictEqual(seen, ["a", "b", "c"])
        assert.deepStrictEqual(yield* counts(handle.id), ["succeeded", 2, 1])
      })
  )

  test(
    "4.4: the outcome is fixed meanwhile: neither cancelling nor a timeout changes it",
    retried,
    () =>
      Effect.gen(function*() {
        scene.does = { refund: failing(1) }
        const handle = yield* (yield* Cars.client)(1).payLater()
        yield* performIdle
        assert.isFalse(yield* handle.cancel())
        yield* TestClock.adjust("2 hours")
        yield* performSteppedActions()
        assert.deepStrictEqual(seen, ["refund", "refund"])
        assert.deepStrictEqual(yield* counts(handle.id), ["failed", 1, 0])
      })
  )

  test(
    "4.2+: so are those of what was ended from outside, performed now or not",
    retried,
    () =>
      Effect.gen(function*() {
        scene.does = { "let go": failing(2) }
        const handle = yield* (yield* Cars.client)(1).parkedNow()
        assert.isTrue(yield* handle.cancel())
        yield* performIdle
        assert.isFalse(yield* handle.cancel())
        assert.deepStrictEqual(yield* Stepped.complete(handle.id, parked, Stepped.Outcome.succeededVoid), Option.none())
        yield* performSteppedActions()
        assert.deepStrictEqual(seen, ["let go", "let go", "let go"])
        assert.deepStrictEqual(yield* counts(handle.id), ["cancelled", 1, 0])
      })
  )

  test("4.2+: so are those of what no worker had taken when it was cancelled", retried, () =>
    Effect.gen(function*() {
      scene.does = { "let go": failing(2) }
      const handle = yield* (yield* Cars.client)(1).parkedLater()
      assert.isTrue(yield* handle.cancel())
      yield* performIdle
      assert.strictEqual((yield* recordOf(handle.id)).status, "performing")
      yield* healthy
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["let go", "let go", "let go"])
      assert.deepStrictEqual(yield* counts(handle.id), ["cancelled", 1, 0])
    }))

  test("4.2: a `handledDefects` that throws is a failure that is not handled", {
    ...retried,
    handledDefects: () => {
      throw new Error("the test is broken")
    }
  }, () =>
    Effect.gen(function*() {
      scene.does = { b: boom }
      const handle = yield* (yield* Cars.client)(1).visitLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["a", "b", "c", "b", "b"])
      assert.deepStrictEqual(yield* counts(handle.id), ["succeeded", 2, 1])
    }))

  test("4.2: a `retry` that fails puts it off all the same", {
    ...retried,
    retry: Schedule.fromStep(Effect.succeed(() => {
      throw new Error("the schedule is broken")
    }))
  }, () =>
    Effect.gen(function*() {
      scene.does = { b: failing(1) }
      const handle = yield* (yield* Cars.client)(1).visitLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["a", "b", "c", "b"])
      assert.deepStrictEqual(yield* counts(handle.id), ["succeeded", 3, 0])
    }))

  test(
    "4.2: what is so large that it is loaded apart is remembered, too, and a load that fails ends nothing",
    retried,
    () =>
      Effect.gen(function*() {
        const drive = Stepped.action("drive", { arguments: [Schema.String] }).step(() => Effect.void)
          .succeeded(callback("a")).succeeded(callback("b"))
        const Drives = Stepped.actions(Car, [drive])
        scene.does = { b: failing(2) }
        let loads = 0
        const lossy = layerIntercepted(({ whatOf }) => ({
          whatOf: (...args) =>
            ++loads % 2 === 1
              ? Effect.fail(new StorageError({ operation: "whatOf", isRetryable: true, cause: new Error("lost") }))
              : whatOf(...args)
        }), { ...retriedSettings, attempts: 5 })
        yield* Effect.provide(
          Effect.gen(function*() {
            const handle = yield* (yield* Drives.client)(1).driveLater("x".repeat(300_000))
            yield* performSteppedActions()
            assert.deepStrictEqual([seen, loads], [["a", "b", "b", "b"], 4])
            assert.deepStrictEqual(yield* counts(handle.id), ["succeeded", 2, 0])
          }),
          Layer.fresh(Layer.provideMerge(Drives.layer, lossy)),
          { local: true }
        )
      })
  )

  test("4.2: the log speaks of the callback: a warning while it is tried again, an error when it has failed", {
    ...retried,
    handledDefects: () => true
  }, () => {
    const lines: Array<string> = []
    const logger = Logger.make(({ cause, fiber, logLevel, message }) => {
      const { callback } = fiber.getRef(References.CurrentLogAnnotations)
      lines.push(`${logLevel} ${String(message)} (${String(callback)}) ${Cause.squash(cause) instanceof Error}`)
    })
    return Effect.gen(function*() {
      scene.does = { refund: gone }
      yield* (yield* Cars.client)(1).payLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(lines, [
        "Info pay Car/1 › charge failed: Refused (undefined) true",
        "Warn pay Car/1 › callback Car:failed:1 failed, and is tried again at 1970-01-01T00:00:10.000Z: gone (Car:failed:1) true",
        "Warn pay Car/1 › callback Car:failed:1 failed, and is tried again at 1970-01-01T00:00:20.000Z: gone (Car:failed:1) true",
        "Error pay Car/1 › callback Car:failed:1 failed: SqlError: gone (Car:failed:1) true"
      ])
    }).pipe(Effect.provide(Logger.layer([logger])))
  })

  test("4.2: the log tells the tries of an unhandled defect from its end", retried, () => {
    const lines: Array<string> = []
    const logger = Logger.make(({ logLevel, message }) => {
      lines.push(`${logLevel} ${String(message)}`)
    })
    return Effect.gen(function*() {
      scene.does = { refund: boom }
      yield* (yield* Cars.client)(1).payLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(lines.slice(1), [
        "Error pay Car/1 › callback Car:failed:1 failed, and is tried again at 1970-01-01T00:00:10.000Z: boom",
        "Error pay Car/1 › callback Car:failed:1 failed, and is tried again at 1970-01-01T00:00:20.000Z: boom",
        "Error pay Car/1 › callback Car:failed:1 failed: boom"
      ])
    }).pipe(Effect.provide(Logger.layer([logger])))
  })

  // -----------------------------------------------------------------------------------------------------------------
  // what a callback is known by
  // -----------------------------------------------------------------------------------------------------------------

  type Live = Layer.Layer<never, never, Engine>
  /** Invokes under one deploy, goes on under the next; gives what each has run, and the end. */
  const across = (before: Live, after: Live, invoke = Effect.flatMap(Cars.client, (client) => client(1).payLater())) =>
    Effect.gen(function*() {
      const first = yield* deployed(before, retried)(Effect.gen(function*() {
        const { id } = yield* Effect.orDie(invoke)
        yield* performIdle
        return { id, ran: seen.splice(0) }
      }))
      yield* deployed(after, retried)(performSteppedActions())
      return { ran: first.ran, then: seen.splice(0), end: yield* counts(first.id) }
    })
  const payLike = (
    ...callbacks: ReadonlyArray<readonly [statuses: ReadonlyArray<"failed" | "cancelled">, name: string]>
  ) =>
    Stepped.actions(Car, [
      callbacks.reduce(
        (action, [statuses, name]) => action.after(statuses, callback(name)),
        Stepped.action("pay", { error: Refused }).step("charge", () => Effect.fail(new Refused()))
      )
    ])
  const base = payLike([["failed"], "first"], [["failed"], "second"]).layer
  const added = (name: string, options?: { readonly name?: string }, actions: typeof Cars | typeof Vans = Cars) =>
    Stepped.after(actions as typeof Cars, pay, ["failed"], callback(name), options)
  /** In this order. */
  const withAdded = (live: Live, ...additions: ReadonlyArray<Live>): Live =>
    additions.reduce((below, addition) => Layer.provideMerge(addition, below), live)

  test("4.2: whoever goes on runs only what has not ended", retried, () =>
    Effect.gen(function*() {
      scene.does = { second: failing(1) }
      assert.deepStrictEqual(yield* across(base, base), {
        ran: ["first", "second"],
        then: ["second"],
        end: ["failed", 2, 0]
      })
    }))

  test(
    "4.2: after a deploy one that is new runs, whose place in the definition moves no other's of other statuses",
    retried,
    () =>
      Effect.gen(function*() {
        scene.does = { second: failing(1) }
        const next = payLike([["failed", "cancelled"], "new"], [["failed"], "first"], [["failed"], "second"]).layer
        assert.deepStrictEqual(yield* across(base, next), {
          ran: ["first", "second"],
          then: ["new", "second"],
          end: ["failed", 3, 0]
        })
      })
  )

  test("4.2: one that a deploy has dropped is forgotten, and not counted", retried, () =>
    Effect.gen(function*() {
      scene.does = { second: failing(1), other: failing(1) }
      assert.deepStrictEqual(
        yield* across(
          payLike([["failed", "cancelled"], "other"], [["failed"], "first"]).layer,
          payLike([["failed"], "first"]).layer
        ),
        { ran: ["other", "first"], then: [], end: ["failed", 1, 0] }
      )
    }))

  test(
    "4.2: named additions are known by their names, in whatever order their layers are built",
    retried,
    () =>
      Effect.gen(function*() {
        scene.does = { two: failing(1) }
        const one = added("one", { name: "one" })
        const two = added("two", { name: "two" })
        const three = added("three", { name: "three" })
        assert.deepStrictEqual(yield* across(withAdded(base, one, two), withAdded(base, three, two, one)), {
          ran: ["first", "second", "one", "two"],
          then: ["three", "two"],
          end: ["failed", 5, 0]
        })
      })
  )

  test("4.2: unnamed ones by their position among the unnamed", retried, () =>
    Effect.gen(function*() {
      scene.does = { two: failing(1) }
      const named = added("named", { name: "named" })
      assert.deepStrictEqual(
        yield* across(withAdded(base, added("one"), added("two")), withAdded(base, named, added("two"), added("one"))),
        // the second of them has not run, whichever it is now
        { ran: ["first", "second", "one", "two"], then: ["named", "one"], end: ["failed", 5, 0] }
      )
    }))

  test("4.2: what an heir inherits is known by whom it is inherited from", retried, () =>
    Effect.gen(function*() {
      scene.does = { two: failing(1) }
      const vans = Layer.provideMerge(Vans.layer, Cars.layer)
      const next = withAdded(vans, added("own", undefined, Vans), added("one"), added("two"))
      assert.deepStrictEqual(
        yield* across(
          withAdded(vans, added("one"), added("two")),
          next,
          Effect.flatMap(Vans.client, (client) => client(1).payLater())
        ),
        { ran: ["refund", "one", "two"], then: ["two", "own"], end: ["failed", 4, 0] }
      )
    }))

  test(
    "4.2: two additions of one name to one action are refused, also to an ancestor's and an heir's",
    retried,
    () =>
      Effect.gen(function*() {
        const vans = Layer.provideMerge(Vans.layer, Cars.layer)
        const refusal = (...additions: ReadonlyArray<Live>) =>
          Effect.map(
            Effect.exit(deployed(withAdded(vans, ...additions))(Effect.void)),
            (exit) => exit._tag === "Failure" ? Cause.squash(exit.cause) : undefined
          )
        const one = added("one", { name: "refund" })
        for (
          const additions of [
            [one, added("two", { name: "refund" })],
            [one, added("two", { name: "refund" }, Vans)],
            [added("two", { name: "refund" }, Vans), one]
          ]
        ) {
          const error = yield* refusal(...additions)
          assert.instanceOf(error, DefinitionError)
          assert.match(error.message, /^(Car|Van)\/pay has two callbacks named refund: .* another name/)
        }
        assert.isUndefined(yield* refusal(one, added("two", { name: "other" }), added("three"), added("four")))
        assert.isUndefined(yield* refusal(one, Stepped.after(Cars, visit, [], callback("x"), { name: "refund" })))
        // what replaces the inherited action has none of its additions
        const OwnVans = Cars.extend(Van, [Stepped.action("pay", { error: Refused }).step(() => Effect.void)])
        const owned = Layer.provideMerge(OwnVans.layer, Cars.layer)
        yield* deployed(
          withAdded(owned, one, Stepped.after(OwnVans, pay, ["failed"], callback("y"), { name: "refund" }))
        )(
          Effect.void
        )
        assert.throws(() => added("one", { name: "a name" }), DefinitionError, /cannot name a callback/)
      })
  )
})
