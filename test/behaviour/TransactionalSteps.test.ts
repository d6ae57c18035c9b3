/** Transactional steps: the body's SQL, its result, its children and the consumed job commit together, or nothing of it. */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionFailed, ActionRepo, Step, Stepped } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import { healthy, server, suite } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import { note, seen } from "../harness/notes.ts"
import { lanes, recordOf, recordsOf, slotsOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import {
  ask,
  cancel,
  Car,
  Cars,
  emptyTable,
  hooked,
  insert,
  leave,
  Live,
  Moves,
  moves,
  MovesBefore,
  parent,
  rest,
  rows,
  savepoint,
  scene,
  Sold,
  undone
} from "./fixtures/transactional.ts"

suite("transactional steps", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>,
    options: Stepped.EngineOptions = {}
  ) =>
    it.effect(name, () =>
      Effect.provide(
        Effect.andThen(emptyTable, Effect.andThen(scenario(), healthy)),
        Layer.provideMerge(Live, engine.layer(options))
      ))

  test("the body's SQL, its result and its children are stored when it ends well", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).buyLater("mini")
      yield* performDue
      assert.deepStrictEqual(yield* rows, ["mini"])
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["open"])
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "mini minimini")
      assert.deepStrictEqual(seen, ["mini", "next mini", "succeeded"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["store succeeded", "next succeeded"])
    }))

  test("a last step commits the action's end, or its callbacks' turn, with its SQL", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).lastNow("mini")
      assert.deepStrictEqual([yield* rows, seen, yield* handle.await], [["mini"], ["bought mini"], "mini"])
    }))

  test("a failed body takes its SQL and its children back; the failure itself is stored", () =>
    Effect.gen(function*() {
      scene.body = Effect.die(new Error("no money"))
      const car = (yield* Cars.client)(1)
      const handle = yield* car.buyLater("mini")
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* rows, yield* recordsOf("leaf"), yield* slotsOf(handle.id)], [[], [], []])
      assert.deepStrictEqual([(yield* recordOf(handle.id)).status, yield* stepsOf(handle.id)], ["failed", [
        "store failed"
      ]])
      assert.strictEqual((yield* Effect.flip(handle.await)).message, "buy Car/1 › store: no money")
      assert.deepStrictEqual([seen, yield* lanes], [["failed"], []])
      scene.body = new Sold() as never
      const declared = yield* car.buyLater("mini")
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* Effect.flip(declared.await), yield* rows], [new Sold(), []])
    }))

  test("a step that is marked as failed has ended well: its SQL and its children stay", () =>
    Effect.gen(function*() {
      scene.body = Step.markFailed
      const handle = yield* (yield* Cars.client)(1).buyLater("mini")
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* rows, yield* statusesOf("leaf"), seen], [["mini"], ["succeeded"], [
        "mini",
        "failed"
      ]])
      assert.strictEqual((yield* recordOf(handle.id)).status, "failed")
    }))

  test("a value that cannot be stored fails the step and takes its SQL back", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).refusedLater("mini")
      yield* performSteppedActions()
      assert.instanceOf(yield* Effect.flip(handle.await), ActionFailed)
      assert.deepStrictEqual([yield* rows, yield* stepsOf(handle.id)], [[], ["1 failed"]])
    }))

  test("an unhandled failure is tried again, and what the tries did is there once", () =>
    Effect.gen(function*() {
      let left = 2
      scene.body = Effect.suspend(() => left-- > 0 ? Effect.die(new Error("no")) : Effect.void)
      const handle = yield* (yield* Cars.client)(1).buyLater("mini")
      yield* performIdle
      assert.deepStrictEqual([yield* rows, (yield* recordOf(handle.id)).attempts], [[], 1])
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "mini minimini")
      assert.deepStrictEqual([yield* rows, yield* statusesOf("leaf")], [["mini"], ["succeeded"]])
    }), { handledDefects: () => false, attempts: 3, retry: Schedule.spaced("1 second") })

  test(
    "what the COMMIT itself refuses is stored by nobody: tried again, then the action fails",
    () =>
      Effect.gen(function*() {
        yield* insert("mini")
        let tries = 0
        scene.body = Effect.sync(() => ++tries)
        const handle = yield* (yield* Cars.client)(1).buyLater("mini")
        yield* performSteppedActions()
        assert.deepStrictEqual([yield* rows, tries], [["mini"], 2])
        assert.deepStrictEqual([yield* recordsOf("leaf"), yield* slotsOf(handle.id)], [[], []])
        assert.deepStrictEqual([(yield* recordOf(handle.id)).status, yield* stepsOf(handle.id)], ["failed", [
          "store failed"
        ]])
        assert.deepStrictEqual(yield* lanes, [])
      }),
    { attempts: 2, retry: Schedule.spaced("1 second") }
  )

  test(
    "what the COMMIT itself refuses is in nobody's hands either: callbacks see the arguments as they are stored",
    () =>
      Effect.gen(function*() {
        yield* insert("taken")
        const handle = yield* (yield* Cars.client)(1).renamesNow("taken")
        assert.deepStrictEqual(seen, ["renames taken, failed"])
        assert.deepStrictEqual((yield* recordOf(handle.id)).arguments, ["taken"])
        seen.length = 0
        yield* (yield* Cars.client)(1).renamesNow("free")
        assert.deepStrictEqual(seen, ["then other", "renames other, succeeded"])
      }),
    { attempts: 1 }
  )

  test("a failed statement that the body hides does not commit half of it", () =>
    Effect.gen(function*() {
      scene.body = Effect.ignore(Effect.flatMap(SqlClient.SqlClient, (sql) => sql`select * from nowhere`))
      const handle = yield* (yield* Cars.client)(1).buyLater("mini")
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* rows, yield* recordsOf("leaf")], [[], []])
      assert.strictEqual((yield* recordOf(handle.id)).status, "failed")
      assert.deepStrictEqual(yield* lanes, [])
    }), { attempts: 2, retry: Schedule.spaced("1 second") })

  test("an inner transaction is a savepoint: what it takes back is gone, the rest stays", () =>
    Effect.gen(function*() {
      scene.body = Effect.flatMap(SqlClient.SqlClient, (sql) =>
        Effect.andThen(
          Effect.ignore(sql.withTransaction(Effect.andThen(insert("inner"), Effect.fail("no")))),
          sql.withTransaction(insert("kept"))
        ))
      const handle = yield* (yield* Cars.client)(1).buyLater("mini")
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "mini minimini")
      assert.deepStrictEqual(yield* rows, ["mini", "kept"])
    }))

  test("what the body enqueues with a client commits and rolls back with it", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      scene.body = Effect.die(new Error("no"))
      yield* car.enqueuesLater("a")
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* rows, seen], [[], []])
      scene.body = Effect.void
      yield* car.enqueuesLater("a")
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* rows, seen, yield* statusesOf("other")], [["a"], ["other"], ["succeeded"]])
    }))

  test("a worker that goes away in the middle leaves nothing; the next one does it once", () =>
    Effect.gen(function*() {
      const reached = yield* Deferred.make<void>()
      scene.body = Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
      const handle = yield* (yield* Cars.client)(1).buyLater("mini")
      const worker = yield* Effect.forkChild(performSteppedActions())
      yield* Deferred.await(reached)
      yield* Fiber.interrupt(worker)
      assert.deepStrictEqual(yield* rows, [])
      scene.body = Effect.void
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "mini minimini")
      assert.deepStrictEqual([yield* rows, yield* statusesOf("leaf")], [["mini"], ["succeeded"]])
    }))

  const ways: ReadonlyArray<readonly [how: string, body: () => Effect.Effect<unknown, any, any>]> = [
    ["", () => cancel(leave)],
    [" in a savepoint", () => savepoint(cancel(leave))],
    [" in one of two savepoints", () => Effect.andThen(undone(cancel(leave)), savepoint(cancel(leave)))]
  ]
  for (const [how, ends] of ways) {
    test(`a body that cancels its own action${how} commits with that: without its children and the steps after it`, () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)(1)
        scene.body = Effect.andThen(note("body"), ends())
        const statuses: Array<string> = []
        for (const handle of [yield* car.leaveLater("later"), yield* car.leaveNow("now")]) {
          yield* performSteppedActions()
          statuses.push((yield* handle.status).status)
          assert.deepStrictEqual(yield* stepsOf(handle.id), ["store cancelled"])
        }
        assert.deepStrictEqual(statuses, ["cancelled", "cancelled"])
        assert.sameMembers([...yield* rows], ["later", "now"])
        assert.lengthOf(seen.filter((text) => text === "body"), 2)
        assert.notInclude(seen, "next")
        assert.deepStrictEqual([yield* recordsOf("leaf"), yield* lanes, yield* performDue], [[], [], 0])
      }))
  }

  test("a body that cancels its own action, which has callbacks: they run afterwards", () =>
    Effect.gen(function*() {
      scene.body = cancel(hooked)
      const handle = yield* (yield* Cars.client)(1).hookedLater("mini")
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* rows, seen, (yield* handle.status).status], [
        ["mini"],
        ["cancelled true", "cancelled"],
        "cancelled"
      ])
    }))

  test("a body that completes its own action tells whoever waits for it", () =>
    Effect.gen(function*() {
      scene.body = Effect.gen(function*() {
        yield* Stepped.complete((yield* Step).actionId, ask, Stepped.Outcome.succeeded("yes"))
      })
      const handle = yield* (yield* Cars.client)(1).asksLater()
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* rows, yield* handle.await, yield* statusesOf("ask")], [["asked"], "yes", [
        "succeeded"
      ]])
    }))

  test("a body that cancels its parent commits, too", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).parentNow()
      scene.body = cancel(parent, handle.id)
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* rows, (yield* handle.status).status], [["mini"], "cancelled"])
      assert.deepStrictEqual([seen, yield* lanes], [["cancelled true"], []])
    }))

  /** Once: what would begin again and again ends the second time. */
  const once = (name: string, body: Effect.Effect<unknown, any, any>) =>
    Effect.suspend(() => seen.includes(name) ? Effect.die("again") : Effect.andThen(note(name), body))

  test("a body that cancels its own action commits, too, where a deploy has taken away what undoes that", () =>
    Effect.gen(function*() {
      const handle = yield* deployed(MovesBefore.layer)(Effect.gen(function*() {
        const begun = yield* (yield* MovesBefore.client)(1).movesLater()
        yield* performIdle
        return begun
      }))
      yield* TestClock.adjust("1 hour")
      scene.body = once(
        "stores",
        Effect.andThen(
          insert("mini"),
          Effect.flatMap(
            Effect.flatMap(Step, ({ actionId }) => Stepped.handle(Car.ref(1), moves, actionId)),
            (own) => own.cancel()
          )
        )
      )
      yield* deployed(Moves.layer)(performSteppedActions())
      assert.deepStrictEqual([yield* rows, seen, (yield* recordOf(handle.id)).status], [
        ["mini"],
        ["pays", "stores"],
        "cancelled"
      ])
      assert.include(yield* stepsOf(handle.id), "store succeeded")
    }))

  test("10.7: what undoes a step and abandons that, in a transaction, commits with it", () =>
    Effect.gen(function*() {
      scene.body = once(
        "undoes",
        Effect.gen(function*() {
          yield* insert("mini")
          const { actionId } = yield* Step
          yield* Effect.flatMap(ActionRepo, (repo) => repo.abandonUnwinding(actionId, { reason: "no hope" }))
        })
      )
      const handle = yield* (yield* Cars.client)(1).regretLater()
      yield* performSteppedActions()
      const { cause, status } = yield* recordOf(handle.id)
      assert.deepStrictEqual([yield* rows, seen, status], [["mini"], ["pays", "undoes"], "failed"])
      assert.deepStrictEqual(cause?.notUndone?.map(({ message, step }) => `${step}: ${message}`), [
        "pay: abandoned: no hope"
      ])
    }))

  test("a body that takes back that it has ended its action goes on", () =>
    Effect.gen(function*() {
      scene.body = undone(cancel(leave))
      const handle = yield* (yield* Cars.client)(1).leaveLater("mini")
      yield* performSteppedActions()
      yield* handle.await
      assert.deepStrictEqual([yield* rows, seen], [["mini"], ["cancelled true", "mini", "next"]])
    }))

  test("a body that fails after it has ended its action takes that back, too", () =>
    Effect.gen(function*() {
      scene.body = Effect.andThen(cancel(leave), Effect.die(new Error("no money")))
      const handle = yield* (yield* Cars.client)(1).leaveLater("mini")
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* rows, (yield* handle.status).status], [[], "failed"])
      assert.deepStrictEqual([seen, yield* lanes], [["cancelled true"], []])
    }))

  test("a prepended step can be transactional, too", () =>
    Effect.gen(function*() {
      const reached = Stepped.actions(Car, [Stepped.action("reached").step(() => rest as Effect.Effect<unknown>)])
      const live = Layer.provideMerge(
        Stepped.prependStep(
          reached,
          reached.own[0] as never,
          "check" as never,
          (() => Effect.andThen(insert("mini"), rest)) as never,
          {
            transactional: true
          }
        ),
        reached.layer
      )
      scene.body = Effect.die(new Error("no"))
      yield* Effect.gen(function*() {
        yield* (yield* reached.client)(1).reachedLater()
        yield* performSteppedActions()
        assert.deepStrictEqual([yield* rows, yield* statusesOf("reached")], [[], ["failed"]])
        scene.body = Effect.void
        yield* (yield* reached.client)(1).reachedLater()
        yield* performSteppedActions()
        assert.deepStrictEqual([yield* rows, yield* statusesOf("reached")], [["mini"], ["failed", "succeeded"]])
      }).pipe(Effect.provide(Layer.provideMerge(live as typeof reached.layer, engine.layer()), { local: true }))
    }))

  if (engine === server) {
    test("nobody sees any of it before the commit", () =>
      Effect.gen(function*() {
        const reached = yield* Deferred.make<void>()
        const go = yield* Deferred.make<void>()
        scene.body = Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(go))
        const handle = yield* (yield* Cars.client)(1).buyLater("mini")
        const worker = yield* Effect.forkChild(performSteppedActions())
        yield* Deferred.await(reached)
        assert.deepStrictEqual([yield* rows, yield* slotsOf(handle.id)], [[], []])
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["store performing"])
        yield* Deferred.succeed(go, undefined)
        yield* Fiber.join(worker)
        assert.deepStrictEqual(yield* rows, ["mini"])
      }))

    test("an action that is cancelled while its body runs keeps nothing of it", () =>
      Effect.gen(function*() {
        const reached = yield* Deferred.make<void>()
        const go = yield* Deferred.make<void>()
        // deaf to the interruption: the fence has to hold
        scene.body = Effect.uninterruptible(Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(go)))
        const handle = yield* (yield* Cars.client)(1).buyLater("mini")
        const worker = yield* Effect.forkChild(performSteppedActions())
        yield* Deferred.await(reached)
        assert.isTrue(yield* handle.cancel())
        yield* Deferred.succeed(go, undefined)
        yield* Fiber.join(worker)
        yield* performSteppedActions()
        assert.deepStrictEqual([yield* rows, yield* recordsOf("leaf"), seen], [[], [], ["cancelled"]])
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["store cancelled"])
      }))

    test("one that has taken back its own end keeps nothing, either", () =>
      Effect.gen(function*() {
        const reached = yield* Deferred.make<void>()
        const go = yield* Deferred.make<void>()
        scene.body = Effect.uninterruptible(Effect.andThen(
          undone(cancel(leave)),
          Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(go))
        ))
        const handle = yield* (yield* Cars.client)(1).leaveLater("mini")
        const worker = yield* Effect.forkChild(performSteppedActions())
        yield* Deferred.await(reached)
        assert.isTrue(yield* handle.cancel())
        yield* Deferred.succeed(go, undefined)
        yield* Fiber.join(worker)
        yield* performSteppedActions()
        assert.deepStrictEqual([yield* rows, yield* recordsOf("leaf")], [[], []])
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["store cancelled"])
      }))

    test("a body whose action others have taken over without its worker's knowing keeps nothing of it", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const reached = yield* Deferred.make<void>()
        const go = yield* Deferred.make<void>()
        scene.body = Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(go))
        const handle = yield* (yield* Cars.client)(1).buyLater("mini")
        const live = Layer.provide(Live, Layer.succeed(SqlClient.SqlClient, sql))
        yield* deployed(live)(Effect.gen(function*() {
          const worker = yield* Effect.forkChild(performDue)
          yield* Deferred.await(reached)
          yield* sql`select taken from stepped.recover(${new Date(0)}, array(select token from stepped.workers), true)`
          yield* Deferred.succeed(go, undefined)
          yield* Fiber.join(worker)
        }))
        assert.deepStrictEqual(yield* rows, [])
        scene.body = Effect.void
        yield* performSteppedActions()
        assert.strictEqual(yield* handle.await, "mini minimini")
        assert.deepStrictEqual(yield* rows, ["mini"])
      }))
  }
})
