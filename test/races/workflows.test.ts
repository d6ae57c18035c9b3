/** Executions of workflows, and what wakes them, in every order that there is (chapter 24). */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Deferred, Effect, Exit } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { WorkflowEngine } from "effect/workflow/WorkflowEngine"
import { healthy } from "../harness/databases.ts"
import { allEnded, noDeadlock, until } from "../harness/workers.ts"
import {
  answer,
  Asking,
  asking,
  Book,
  First,
  Later,
  numbers,
  Racing,
  scene,
  Sleeping,
  Sum
} from "./fixtures/workflows.ts"

describe("executions of workflows", () => {
  it.live("24.2, 24.3: what is sent while it starts, runs, is suspended, or ends is lost nowhere", () =>
    Effect.gen(function*() {
      const count = 60
      yield* Effect.all([
        Effect.forEach(numbers(count), (n) => Asking.execute({ n }, { discard: true }), { concurrency: 8 }),
        Effect.forEach(numbers(count), (n) => answer(n, 1000), { concurrency: 8 })
      ], { concurrency: 2 })
      yield* allEnded
      for (const n of numbers(count)) assert.strictEqual(yield* Asking.execute({ n }), n + 1000)
      yield* healthy
      yield* noDeadlock
    }).pipe(Effect.provide(asking())))

  it.live("24.5: children that end at any moment wake the one that waits for all of them", () =>
    Effect.gen(function*() {
      const count = 30
      yield* Effect.all([
        Sum.execute({ count }, { discard: true }),
        Effect.forEach(numbers(count).toReversed(), (n) => answer(n, 1), { concurrency: 4 })
      ], { concurrency: 2 })
      yield* allEnded
      assert.strictEqual(yield* Sum.execute({ count }), count * (count - 1) / 2 + count)
      yield* healthy
      yield* noDeadlock
    }).pipe(Effect.provide(asking())))

  it.live("24.2: what comes while the body runs elsewhere has it go on in place of being suspended", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const reached = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      scene.during = Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(go))
      yield* Later.execute({ n: 1 }, { discard: true })
      yield* answer(1, 10, Later, First)
      yield* Deferred.await(reached)
      yield* answer(1, 5, Later)
      yield* until(
        "it is woken",
        Effect.map(
          sql<{ n: number }>`select count(*)::int as n from stepped.live_actions
            where flags & 1024 <> 0 and not exists (select 1 from stepped.jobs where kind = 2)`,
          (rows) => rows[0]!.n === 1
        )
      )
      yield* Deferred.succeed(go, undefined)
      yield* allEnded
      assert.strictEqual(yield* Later.execute({ n: 1 }), 16)
      yield* healthy
    }).pipe(Effect.provide(
      // whose process is told of nothing
      asking({ engines: 1, notify: false, lease: "10 minutes" })
    )))

  it.live("24.3: a body that awaits what comes elsewhere, and does something else beside, is told", () =>
    Effect.gen(function*() {
      const reached = yield* Deferred.make<void>()
      scene.during = Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
      yield* Racing.execute({ n: 1 }, { discard: true })
      yield* Deferred.await(reached)
      yield* answer(1, 7, Racing)
      assert.strictEqual(yield* Racing.execute({ n: 1 }), 7)
      yield* healthy
    }).pipe(Effect.provide(asking({ engines: 1 }))))

  it.live("24.6: an unsafe interruption reaches a body that runs elsewhere", () =>
    Effect.gen(function*() {
      const reached = yield* Deferred.make<void>()
      scene.during = Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
      const id = yield* Asking.execute({ n: 2 }, { discard: true })
      yield* Deferred.await(reached)
      yield* (yield* WorkflowEngine).interruptUnsafe(Asking, id)
      const exit = yield* Effect.exit(Asking.execute({ n: 2 }))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
      yield* healthy
    }).pipe(Effect.provide(asking({ engines: 1 }))))

  it.effect("24.3: a clock that has rung has rung, also by the clock of whoever goes on with it", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const reached = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      scene.during = Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(go))
      yield* Sleeping.execute({ n: 1 }, { discard: true })
      yield* Deferred.await(reached)
      const before = yield* Clock.currentTimeMillis
      yield* TestClock.adjust("2 hours")
      yield* until(
        "its clock has rung",
        Effect.map(
          sql<{ n: number }>`select count(*)::int as n from stepped.live_actions
            where flags & 1024 <> 0 and not exists (select 1 from stepped.jobs where kind = 2)`,
          (rows) => rows[0]!.n === 1
        )
      )
      yield* TestClock.setTime(before + 2 * 3_600_000 - 10)
      yield* Deferred.succeed(go, undefined)
      yield* allEnded
      assert.strictEqual(yield* Sleeping.execute({ n: 1 }), 1)
      yield* healthy
    }).pipe(Effect.provide(asking({ engines: 1, notify: false, lease: "10 minutes" }))))

  it.live("24.3: a durable queue gives back what its workers have made of each entry", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Book.execute({ pages: 5 }), numbers(5).map((page) => `page ${page}`))
      yield* healthy
    }).pipe(Effect.provide(asking({ engines: 1 }))))
})
