/** Rules 4.1 and 4.6: what cancelling answers and does, and what an end means for what is still under way below. */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionFailed, ActionRepo, Cancelled, Engine, JobQueue, PerformanceLane, Stepped } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { note, seen } from "../harness/notes.ts"
import { lanes, recordOf, recordsOf, slotsOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import {
  Buses,
  cancelled,
  Car,
  careful,
  Cars,
  failed,
  leaf,
  scene,
  shared,
  succeededVoid,
  timedOut,
  top,
  turn
} from "./fixtures/cancelling.ts"

suite("cancelling", (engine) => {
  const layer = Cars.layer.pipe(Layer.provideMerge(engine.layer()))
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(name, () => Effect.provide(Effect.andThen(scenario(), healthy), layer))

  test("4.6+: cancelling an action cancels its live descendants at every depth, with their cancelled callbacks", () =>
    Effect.gen(function*() {
      const root = yield* (yield* Cars.client)(1).topLater()
      yield* performIdle
      assert.deepStrictEqual(yield* lanes, ["Car/1/leaf", "Car/1/middle", "Car/1/top"])
      assert.isTrue(yield* root.cancel())
      yield* performSteppedActions()
      for (const name of ["top", "middle", "leaf"]) assert.deepStrictEqual(yield* statusesOf(name), ["cancelled"])
      assert.deepStrictEqual(seen, ["top cancelled", "leaf cancelled"])
      const [child] = yield* recordsOf("middle")
      const [grandchild] = yield* recordsOf("leaf")
      assert.deepStrictEqual(yield* stepsOf(root.id), ["hold cancelled"])
      assert.deepStrictEqual(yield* stepsOf(child!.id), ["hold cancelled"])
      assert.deepStrictEqual(yield* slotsOf(root.id), ["cancelled", "cancelled"])
      assert.deepStrictEqual(yield* slotsOf(child!.id), ["cancelled"])
      assert.deepStrictEqual([child!.endedAt, grandchild!.endedAt].map((date) => date === undefined), [false, false])
      assert.deepStrictEqual(yield* lanes, [])
      assert.instanceOf(yield* Effect.flip(root.await), Cancelled)
    }))

  for (const outcome of [succeededVoid, failed(), timedOut]) {
    test(`4.6+: an action that ends as ${outcome.status} while a child is live cancels it too`, () =>
      Effect.gen(function*() {
        const root = yield* (yield* Cars.client)(1).topLater()
        yield* performIdle
        yield* Stepped.complete(root.id, top, outcome)
        yield* performSteppedActions()
        assert.strictEqual((yield* recordOf(root.id)).status, outcome.status)
        assert.deepStrictEqual([...yield* statusesOf("middle"), ...yield* statusesOf("leaf")], [
          "cancelled",
          "cancelled"
        ])
        assert.deepStrictEqual(seen, [`top ${outcome.status}`, "leaf cancelled"])
        assert.deepStrictEqual(yield* stepsOf(root.id), ["hold cancelled"])
      }))
  }

  test("4.6+: a child that is still queued is never performed", () =>
    Effect.gen(function*() {
      const root = yield* (yield* Cars.client)(1).topNow()
      assert.deepStrictEqual(yield* recordsOf("middle"), [])
      assert.isTrue(yield* root.cancel())
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* statusesOf("middle"), yield* recordsOf("leaf")], [["cancelled"], []])
      assert.deepStrictEqual(yield* stepsOf((yield* recordsOf("middle"))[0]!.id), [])
      assert.deepStrictEqual(yield* slotsOf(root.id), ["cancelled", "cancelled"])
    }))

  test("4.6+: a child that a root invocation has joined goes on, and its end changes nothing at the parent that is over", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const parent = yield* car.oneLater()
      yield* performIdle
      const joined = yield* car.sharedLater()
      yield* performIdle
      const [child] = yield* recordsOf("shared")
      assert.deepStrictEqual(yield* joined.status, {
        id: joined.id,
        status: "joined",
        successor: child!.id,
        unwinding: false
      })
      assert.isTrue(yield* parent.cancel())
      yield* performIdle
      assert.strictEqual((yield* recordOf(child!.id)).status, "performing")
      const before = [yield* recordOf(parent.id), yield* stepsOf(parent.id), yield* slotsOf(parent.id)]
      yield* Stepped.complete(child!.id, shared, Stepped.Outcome.succeeded("done"))
      yield* performSteppedActions()
      assert.strictEqual(yield* joined.await, "done")
      assert.deepStrictEqual([yield* recordOf(parent.id), yield* stepsOf(parent.id), yield* slotsOf(parent.id)], before)
      assert.deepStrictEqual(yield* slotsOf(parent.id), ["cancelled"])
    }))

  test("4.6+: a child that began as a root goes on without the parent that joined it", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const root = yield* car.sharedNow()
      const parent = yield* car.oneLater()
      yield* performIdle
      assert.isTrue(yield* parent.cancel())
      yield* performIdle
      assert.strictEqual((yield* root.status).status, "performing")
      yield* Stepped.complete(root.id, shared, Stepped.Outcome.succeeded("done"))
      assert.strictEqual(yield* root.await, "done")
    }))

  test("4.6+: a child with a second parent is cancelled only when both are over", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.oneLater()
      yield* performIdle
      const second = yield* car.otherLater()
      yield* performIdle
      assert.lengthOf(yield* recordsOf("shared"), 1)
      assert.isTrue(yield* first.cancel())
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("shared"), ["performing"])
      assert.deepStrictEqual(yield* slotsOf(second.id), ["open"])
      assert.isTrue(yield* second.cancel())
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* statusesOf("shared"), ["cancelled"])
    }))

  test("4.6+: a pending descendant is cancelled, and the one that performs in its lane is not", () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      const current = yield* client(1).turnNow("current")
      const parent = yield* client(2).wantsTurnLater("next")
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("turn"), ["performing", "pending"])
      yield* healthy
      assert.isTrue(yield* parent.cancel())
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("turn"), ["performing", "cancelled"])
      assert.strictEqual((yield* current.status).status, "performing")
    }))

  test("4.6+: a child that superseded a root's invocation goes on for that root", () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      yield* client(1).turnNow("current")
      const waiting = yield* client(3).turnNow("waiting")
      const parent = yield* client(2).wantsTurnLater("next")
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("turn"), ["performing", "superseded", "pending"])
      assert.isTrue(yield* parent.cancel())
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("turn"), ["performing", "superseded", "pending"])
      yield* performSteppedActions({ outbound: (action) => Stepped.complete(action.id, turn, succeededVoid) })
      yield* waiting.await
      assert.deepStrictEqual(yield* statusesOf("turn"), ["succeeded", "superseded", "succeeded"])
    }))

  test("4.6+: a running body is interrupted, and its running step ends as cancelled", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const reached = yield* Deferred.make<void>()
      scene.body = Effect.onInterrupt(Effect.andThen(Deferred.succeed(reached, undefined), Effect.never), () =>
        note("interrupted"))
      const handle = yield* car.busyLater()
      const worker = yield* Effect.forkChild(performSteppedActions())
      yield* Deferred.await(reached)
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["work performing"])
      assert.isTrue(yield* handle.cancel())
      yield* Fiber.join(worker)
      assert.deepStrictEqual(seen, ["interrupted"])
      assert.strictEqual((yield* recordOf(handle.id)).status, "cancelled")
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["work cancelled"])
      assert.deepStrictEqual(yield* lanes, [])
    }))

  test("4.6+: the running body of a descendant is interrupted too", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const reached = yield* Deferred.make<void>()
      scene.body = Effect.onInterrupt(Effect.andThen(Deferred.succeed(reached, undefined), Effect.never), () =>
        note("interrupted"))
      const handle = yield* car.bossLater()
      const worker = yield* Effect.forkChild(performSteppedActions())
      yield* Deferred.await(reached)
      assert.isTrue(yield* handle.cancel())
      yield* performDue
      yield* Fiber.join(worker)
      assert.deepStrictEqual(seen, ["interrupted"])
      const [child] = yield* recordsOf("busy")
      assert.strictEqual(child!.status, "cancelled")
      assert.deepStrictEqual(yield* stepsOf(child!.id), ["work cancelled"])
    }))

  test("4.6+: what a body does after it was told to stop is not stored", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const reached = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      scene.body = Effect.uninterruptible(
        Effect.andThen(Deferred.succeed(reached, undefined), Effect.andThen(Deferred.await(go), note("ends well")))
      )
      const handle = yield* car.busyLater()
      const worker = yield* Effect.forkChild(performSteppedActions())
      yield* Deferred.await(reached)
      assert.isTrue(yield* handle.cancel())
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(worker)
      assert.deepStrictEqual(seen, ["ends well"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["work cancelled"])
      assert.strictEqual((yield* recordOf(handle.id)).status, "cancelled")
    }))

  test("4.1: an action that no worker has taken runs its cancelled callbacks and is stored; twice is once", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).topLater()
      assert.strictEqual((yield* handle.status).status, "queued")
      assert.isTrue(yield* handle.cancel())
      assert.isFalse(yield* handle.cancel())
      assert.strictEqual((yield* handle.status).status, "queued")
      yield* performSteppedActions()
      assert.isFalse(yield* handle.cancel())
      assert.deepStrictEqual(seen, ["top cancelled"])
      const record = yield* recordOf(handle.id)
      assert.deepStrictEqual(
        [record.status, record.lane, record.checksumKey, record.startedAt, record.attempts, record.callbacksSucceeded],
        ["cancelled", "Car/1/top", "Car/1/top", undefined, 0, 1]
      )
      assert.deepStrictEqual([yield* stepsOf(handle.id), yield* lanes], [[], []])
      assert.instanceOf(yield* Effect.flip(handle.await), Cancelled)
      assert.strictEqual((yield* handle.status).status, "cancelled")
    }))

  test("4.1: without cancelled callbacks it is stored all the same", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).turnLater("a")
      assert.isTrue(yield* handle.cancel())
      yield* performSteppedActions()
      const record = yield* recordOf(handle.id)
      assert.deepStrictEqual(
        [record.status, record.lane, record.arguments, record.startedAt, record.endedAt === undefined],
        ["cancelled", "turn", ["a"], undefined, false]
      )
      assert.deepStrictEqual([yield* stepsOf(handle.id), yield* lanes], [[], []])
      const error = yield* Effect.flip(handle.await)
      assert.instanceOf(error, Cancelled)
      assert.strictEqual(error.path, "turn Car/1")
    }))

  test("4.1: neither before nor keys run for it, its arguments are as given, and no timeout counts", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).carefulLater("given")
      assert.isTrue(yield* handle.cancel())
      yield* TestClock.adjust("1 minute")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["careful cancelled with given"])
      const record = yield* recordOf(handle.id)
      assert.deepStrictEqual([record.status, record.arguments, record.lane, record.checksumKey], [
        "cancelled",
        ["given"],
        "Car/1/careful",
        "Car/1/careful"
      ])
    }))

  test("4.1: who performs in its lane, who is pending there, and what is achieved do not matter to it", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const current = yield* car.leafNow()
      const pending = yield* car.leafNow()
      const handle = yield* car.leafLater()
      assert.isTrue(yield* handle.cancel())
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("leaf"), ["performing", "pending", "cancelled"])
      assert.deepStrictEqual(seen, ["leaf cancelled"])
      assert.strictEqual((yield* pending.status).status, "pending")
      yield* current.cancel()
      yield* pending.cancel()

      yield* car.countedNow()
      const again = yield* car.countedLater()
      assert.isTrue(yield* again.cancel())
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* statusesOf("counted"), ["succeeded", "cancelled"])
      // joins what is achieved
      const third = yield* car.countedNow()
      assert.strictEqual(yield* third.await, 1)
      assert.lengthOf(yield* recordsOf("counted"), 2)
    }))

  test("4.1: a child that no worker has taken tells the step that waits for it", () =>
    Effect.gen(function*() {
      const root = yield* (yield* Cars.client)(1).asksNow()
      const queued = yield* Effect.flatMap(JobQueue, (queue) => queue.queued({ limit: 10 }))
      for (const { action, name } of queued) {
        const handle = yield* Stepped.handle(Car.ref(1), name === "careful" ? careful : turn, action)
        assert.isTrue(yield* handle.cancel())
      }
      assert.deepStrictEqual(yield* slotsOf(root.id), ["open", "open"])
      yield* healthy
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* slotsOf(root.id), ["cancelled", "cancelled"])
      assert.deepStrictEqual([yield* stepsOf(root.id), (yield* root.status).status], [["ask failed"], "failed"])
      assert.deepStrictEqual(seen, ["careful cancelled with child"])
      assert.deepStrictEqual(yield* statusesOf("turn"), ["cancelled"])
      const error = yield* Effect.flip(root.await)
      assert.instanceOf(error, ActionFailed)
    }))

  test("4.1: a worker that prepares it hears of it: its before is interrupted", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const reached = yield* Deferred.make<void>()
      scene.body = Effect.onInterrupt(Effect.andThen(Deferred.succeed(reached, undefined), Effect.never), () =>
        note("interrupted"))
      const handle = yield* car.carefulLater("given")
      const worker = yield* Effect.forkChild(performDue)
      yield* Deferred.await(reached)
      assert.isTrue(yield* handle.cancel())
      assert.isFalse(yield* handle.cancel())
      yield* Fiber.join(worker)
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["key", "before", "interrupted", "careful cancelled with given"])
      assert.strictEqual((yield* recordOf(handle.id)).status, "cancelled")
    }))

  test("4.1: what before gives in spite of it does not count", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const reached = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      scene.body = Effect.uninterruptible(Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(go)))
      const handle = yield* car.carefulLater("given")
      const worker = yield* Effect.forkChild(performSteppedActions())
      yield* Deferred.await(reached)
      assert.isTrue(yield* handle.cancel())
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(worker)
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["key", "before", "careful cancelled with given"])
      assert.deepStrictEqual((yield* recordOf(handle.id)).arguments, ["given"])
    }))

  test("4.1: so it is with one that waits to be prepared again", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const car = (yield* Cars.client)(1)
      const handle = yield* car.carefulLater("given")
      yield* sql`update stepped.jobs set priority = 1000, attempts = 2, due_at = '3000-01-01'`
      assert.isTrue(yield* handle.cancel())
      assert.deepStrictEqual(yield* Effect.flatMap(Engine, (engine) => engine.nextDue), {
        wait: undefined,
        timeout: undefined,
        resumes: false
      })
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["careful cancelled with given"])
    }))

  test("4.1: enqueued and cancelled in one transaction of the program's", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const car = (yield* Cars.client)(1)
      const handle = yield* sql.withTransaction(Effect.gen(function*() {
        const made = yield* car.topLater()
        assert.isTrue(yield* made.cancel())
        assert.isFalse(yield* made.cancel())
        return made
      }))
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["top cancelled"])
      assert.instanceOf(yield* Effect.flip(handle.await), Cancelled)
      // what is rolled back has not happened
      const other = yield* car.leafLater()
      yield* Effect.flip(sql.withTransaction(Effect.andThen(other.cancel(), Effect.fail("undo"))))
      yield* performIdle
      assert.strictEqual((yield* other.status).status, "performing")
    }))

  test("4.1: performed now after it was cancelled, it ends in the caller's fiber", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const car = (yield* Cars.client)(1)
      // between being stored and being taken
      yield* sql.unsafe(
        `create function stepped.at_once() returns trigger language plpgsql as $$ begin new.cancelled_at := clock_timestamp(); return new; end $$`
      )
      yield* sql.unsafe(
        "create trigger at_once before insert on stepped.jobs for each row when (new.kind = 0) execute function stepped.at_once()"
      )
      const handle = yield* Effect.ensuring(
        car.topNow(),
        Effect.orDie(sql.unsafe("drop function stepped.at_once cascade"))
      )
      assert.deepStrictEqual([(yield* handle.status).status, ...seen], ["cancelled", "top cancelled"])
    }))

  test("4.1: where nobody has its definition, the doctor and the backlog show it", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const bus = (yield* Buses.client)(7)
      const handle = yield* bus.carefulLater("given")
      yield* bus.leafLater()
      assert.isTrue(yield* handle.cancel())
      yield* performIdle
      assert.strictEqual((yield* handle.status).status, "queued")
      const backlog = yield* Effect.flatMap(JobQueue, (queue) => queue.backlog)
      assert.deepStrictEqual(backlog.map(({ cancelled, due, name }) => [name, due, cancelled]), [
        ["careful", 1, 1],
        ["leaf", 1, 0]
      ])
      const queued = yield* Effect.flatMap(JobQueue, (queue) => queue.queued({ limit: 10 }))
      assert.deepStrictEqual(queued.map(({ cancelled, name }) => [name, cancelled]), [["careful", true], [
        "leaf",
        false
      ]])
      // a worker may be about to take it
      yield* healthy
      yield* sql`update stepped.jobs set cancelled_at = cancelled_at - interval '2 minutes'`
      assert.deepStrictEqual(yield* Stepped.doctor, [{
        invariant: 2,
        problem: "is cancelled, and no worker has ended it for a minute: does one have its definition?",
        subject: handle.id
      }])
      // with the deploy that has it
      yield* Effect.provide(performIdle, Buses.layer)
      assert.deepStrictEqual(seen, ["careful cancelled with given"])
    }))

  test("4.6+: queued children of an action that is over are cancelled the same way", () =>
    Effect.gen(function*() {
      const root = yield* (yield* Cars.client)(1).asksNow()
      assert.isTrue(yield* root.cancel())
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["careful cancelled with child"])
      assert.deepStrictEqual([...yield* statusesOf("careful"), ...yield* statusesOf("turn")], [
        "cancelled",
        "cancelled"
      ])
      for (const child of [...yield* recordsOf("careful"), ...yield* recordsOf("turn")]) {
        assert.deepStrictEqual([child.parent, child.startedAt, child.lane], [
          root.id,
          undefined,
          child.name === "turn" ? "turn" : "Car/1/careful"
        ])
      }
      assert.deepStrictEqual(yield* slotsOf(root.id), ["cancelled", "cancelled"])
    }))

  test("cancelling says whether it was this that ended the action: of a pending and of a performing one, once", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const performing = yield* car.turnNow("a")
      const pending = yield* car.turnNow("b")
      for (const handle of [pending, performing]) {
        assert.deepStrictEqual([yield* handle.cancel(), yield* handle.cancel()], [true, false])
        assert.strictEqual((yield* handle.status).status, "cancelled")
        assert.instanceOf(yield* Effect.flip(handle.await), Cancelled)
      }
      assert.deepStrictEqual(yield* lanes, [])
    }))

  test("a pending action that is cancelled gives its place free at once, before its callbacks run", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const current = yield* car.leafNow()
      const pending = yield* car.leafNow()
      assert.isTrue(yield* pending.cancel())
      const lane = Effect.map(
        Effect.flatMap(PerformanceLane, (service) => service.list({ limit: 10 })),
        (all) => all.map(({ key, pending, performing }) => [key, ...performing, ...pending])
      )
      assert.deepStrictEqual(yield* lane, [["Car/1/leaf", current.id]])
      assert.strictEqual((yield* recordOf(pending.id)).lane, "Car/1/leaf")
      const next = yield* car.leafNow()
      assert.deepStrictEqual(yield* lane, [["Car/1/leaf", current.id, next.id]])
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("leaf"), ["performing", "cancelled", "pending"])
      assert.deepStrictEqual(seen, ["leaf cancelled"])
      assert.strictEqual((yield* recordOf(pending.id)).lane, "Car/1/leaf")
    }))

  test("an action that has ended, was superseded or joined is not cancelled by its handle", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const current = yield* car.turnNow("a")
      const superseded = yield* car.turnNow("b")
      const pending = yield* car.turnNow("c")
      assert.isFalse(yield* superseded.cancel())
      assert.strictEqual((yield* pending.status).status, "pending")
      yield* Stepped.complete(current.id, turn, succeededVoid)
      assert.isFalse(yield* current.cancel())
      assert.strictEqual((yield* current.status).status, "succeeded")

      const live = yield* car.sharedNow()
      const joined = yield* car.sharedNow()
      assert.isFalse(yield* joined.cancel())
      assert.strictEqual((yield* live.status).status, "performing")
    }))

  test("a child that is cancelled fails the step that waits for it", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const root = yield* car.topLater()
      yield* performIdle
      const [grandchild] = yield* recordsOf("leaf")
      yield* Stepped.complete(grandchild!.id, leaf, cancelled)
      yield* performIdle
      const [child] = yield* recordsOf("middle")
      assert.deepStrictEqual([child!.status, ...yield* stepsOf(child!.id), ...yield* slotsOf(child!.id)], [
        "failed",
        "hold failed",
        "cancelled"
      ])
      // every slot is waited for, also after one failed
      assert.deepStrictEqual(yield* slotsOf(root.id), ["failed", "open"])
      assert.deepStrictEqual(yield* stepsOf(root.id), ["hold performing"])
      yield* TestClock.adjust("59 minutes")
      yield* performIdle
      assert.strictEqual((yield* root.status).status, "performing")
      yield* root.cancel()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* slotsOf(root.id), ["failed", "cancelled"])
      const tree = yield* Effect.flatMap(ActionRepo, (repo) => repo.tree(root.id))
      assert.strictEqual(tree._tag, "Some")
      assert.instanceOf(yield* Effect.flip(root.await), Cancelled)
      assert.notInstanceOf(yield* Effect.flip(root.await), ActionFailed)
    }))
})
