/**
 * Transitions that want the same rows: one waits for the other, and never both for each other. The order in which rows are locked stands
 * at the top of the first migration.
 */
import { assert, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, Layer, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { PerformanceLane, Step, Stepped } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import * as PostgresStore from "../../src/sql/PostgresStore.ts"
import type { ActionEnds } from "../../src/store/Conclusion.ts"
import { Storage } from "../../src/store/Storage.ts"
import { emptyCatalog, Store } from "../../src/store/Store.ts"
import { healthy } from "../harness/databases.ts"
import { deployed, layerDeploy } from "../harness/deploying.ts"
import { recordsOf, statusesOf } from "../harness/observing.ts"
import { blocked, holdingLane } from "../harness/racing.ts"
import { layerServer, type TestDatabase } from "../harness/Server.ts"
import { noDeadlock } from "../harness/workers.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const turn = Stepped.action("turn", { arguments: [Schema.String], outbound: true, concurrencyKey: (lane) => lane })
  .step(() => Effect.void)
const flaky = Stepped.action("flaky", { arguments: [Schema.String], concurrencyKey: (lane) => lane })
  .step("work", () => Effect.die(new Error("not yet")))
const both = Stepped.action("both").step("ask", () => Effect.all([Step.do(flaky, "a"), Step.do(turn, "z")]))
const build = Stepped.action("build", {
  arguments: [Schema.String, Schema.String, Schema.Int],
  outbound: true,
  concurrencyKey: (lane) => lane,
  checksumKey: (_, key) => key,
  checksum: (_, __, version) => version
}).step(() => Effect.void)
const hall = Stepped.lane("hall", { whenBusy: "line" })
const assemble = Stepped.action("assemble", {
  arguments: [Schema.String, Schema.Int],
  outbound: true,
  concurrency: () => hall(),
  checksumKey: (key) => key,
  checksum: (_, version) => version
}).step(() => Effect.void)
const booth = Stepped.lane("booth", { whenBusy: "line" })
const paint = Stepped.action("paint", {
  arguments: [Schema.String, Schema.Int],
  outbound: true,
  concurrency: (key) => booth(key),
  checksumKey: (key) => key,
  checksum: (_, version) => version
}).step(() => Effect.void)
const Cars = Stepped.actions(Car, [turn, flaky, both, build, assemble, paint])
const engine: Stepped.EngineOptions = { handledDefects: () => false, attempts: 3, retry: Schedule.spaced("1 minute") }

const race = <A, E>(
  name: string,
  scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient | TestDatabase>
) =>
  it.effect(name, () =>
    Effect.andThen(scenario(), Effect.andThen(healthy, noDeadlock)).pipe(
      Effect.provide(
        layerDeploy(Cars.layer, engine).pipe(
          Layer.provideMerge(layerServer({ template: { name: "migrated", migrate: Stepped.migrate() } }))
        )
      )
    ))

race(
  "an action that ends does not wait for whoever has just claimed its job and waits for its lane",
  () =>
    Effect.scoped(Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const parent = yield* car.bothNow()
      yield* performDue
      // one child is to be tried again, the other one waits for somebody outside; both are to be cancelled
      yield* TestClock.adjust("1 minute")
      yield* car.turnLater("a")
      yield* parent.cancel()
      const [inZ] = yield* recordsOf("turn")
      const release = yield* holdingLane(inZ!.id)
      // this engine cancels: it has lane a, and waits for lane z
      const cancelling = yield* Effect.forkScoped(performDue)
      yield* blocked(1)
      // another one has taken the job of the one in lane a, and with it a newcomer, which waits for that lane
      const claiming = yield* Effect.forkScoped(deployed(Cars.layer, engine)(performDue))
      yield* blocked(2)
      yield* release
      yield* Fiber.join(cancelling)
      yield* Fiber.join(claiming)
      yield* performSteppedActions({
        outbound: (action) => Stepped.complete(action.id, turn, Stepped.Outcome.succeededVoid)
      })
      assert.deepStrictEqual([yield* statusesOf("flaky"), yield* statusesOf("turn")], [
        ["cancelled"],
        ["cancelled", "succeeded"]
      ])
    }))
)

race(
  "achievements that are granted and erased at once are locked in the order of their keys",
  () =>
    Effect.scoped(Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const car = (yield* Cars.client)(1)
      const [first, second, third] = [
        yield* car.buildNow("1", "a", 1),
        yield* car.buildNow("2", "a", 1),
        yield* car.buildNow("3", "c", 1)
      ]
      for (const { id } of [yield* car.buildNow("4", "a", 0), yield* car.buildNow("5", "c", 0)]) {
        yield* Stepped.complete(id, build, Stepped.Outcome.succeededVoid)
      }
      const next = yield* car.buildNow("1", "c", 2)
      assert.strictEqual((yield* next.status).status, "pending")
      // whoever waits for the first key must not have the last one by now
      const achieved = (key: string) =>
        sql`select 1 from stepped.achievements where checksum_key = ${key} for update nowait`
      const locked = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      const other = yield* Effect.forkScoped(sql.withTransaction(Effect.gen(function*() {
        yield* achieved("a")
        yield* Deferred.succeed(locked, undefined)
        yield* Deferred.await(go)
        return yield* achieved("c")
      })))
      yield* Deferred.await(locked)
      // grants a, and erases c for the next one in its lane
      const one = yield* Effect.forkScoped(Stepped.complete(first.id, build, Stepped.Outcome.succeededVoid))
      yield* blocked(1)
      // grants a and c in one batch
      const conclusions = [third, second].map(({ id }): ActionEnds => ({
        _tag: "ActionEnds",
        fence: { action: id, step: 1, phase: "outbound" },
        ended: undefined,
        outcome: { status: "succeeded", result: null, cause: null },
        callbacksSucceeded: 0,
        callbacksFailed: 0
      }))
      const two = yield* Effect.forkScoped(
        Effect.gen(function*() {
          const { finish, register } = yield* Store
          const token = yield* register("test", Duration.minutes(1))
          yield* sql`update stepped.live_actions set token = ${token} where id in (${second.id}, ${third.id})`
          return yield* finish({ token, now: 0, catalog: emptyCatalog, conclusions })
        }).pipe(Effect.provide(Layer.provide(
          PostgresStore.layer,
          Storage.layer({ schema: "stepped", deadline: Duration.seconds(20), embedded: false })
        )))
      )
      yield* blocked(2)
      yield* Deferred.succeed(go, undefined)
      assert.lengthOf(yield* Fiber.join(other), 1)
      yield* Fiber.join(one)
      yield* Fiber.join(two)
      yield* Stepped.complete(next.id, build, Stepped.Outcome.succeededVoid)
      assert.deepStrictEqual(yield* statusesOf("build"), Array.from({ length: 6 }, () => "succeeded"))
      const keys = yield* sql<{ k: string }>`select checksum_key as k from stepped.achievements order by 1`
      assert.deepStrictEqual(keys.map(({ k }) => k), ["a", "c"])
    }))
)

race(
  "what is resumed in lanes and in named ones erases achievements by their order, too",
  () =>
    Effect.scoped(Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const lanes = yield* PerformanceLane
      const car = (yield* Cars.client)(1)
      const built = yield* car.buildNow("1", "z", 1)
      const assembled = yield* car.assembleNow("a", 1)
      yield* Stepped.complete(built.id, build, Stepped.Outcome.succeededVoid)
      yield* Stepped.complete(assembled.id, assemble, Stepped.Outcome.succeededVoid)
      yield* lanes.pause("1", { reason: "repairs" })
      yield* lanes.pause(hall(), { reason: "repairs" })
      yield* car.buildNow("1", "z", 2)
      yield* car.assembleNow("a", 2)
      yield* lanes.resume("1")
      yield* lanes.resume(hall())
      const achieved = (key: string) => sql`select 1 from stepped.achievements where checksum_key = ${key} for update`
      const locked = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      const other = yield* Effect.forkScoped(sql.withTransaction(Effect.gen(function*() {
        yield* achieved("a")
        yield* Deferred.succeed(locked, undefined)
        yield* Deferred.await(go)
        // whoever waits for the first key must not have the last one by now
        yield* achieved("z")
      })))
      yield* Deferred.await(locked)
      const resuming = yield* Effect.forkScoped(performDue)
      yield* blocked(1)
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(other)
      yield* Fiber.join(resuming)
      yield* performSteppedActions({
        outbound: ({ id, name }) =>
          Stepped.complete(id, name === "build" ? build : assemble, Stepped.Outcome.succeededVoid)
      })
      assert.deepStrictEqual([yield* statusesOf("build"), yield* statusesOf("assemble")], [
        ["succeeded", "succeeded"],
        ["succeeded", "succeeded"]
      ])
    }))
)

race(
  "a claim erases achievements by their order, of plain lanes and of named ones",
  () =>
    Effect.scoped(Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const car = (yield* Cars.client)(1)
      const done = ({ id, name }: { readonly id: string; readonly name: string }) =>
        Stepped.complete(id, name === "build" ? build : paint, Stepped.Outcome.succeededVoid)
      const begin = (version: number) =>
        Effect.all([car.paintLater("z", version), car.buildLater("1", "m", version), car.paintLater("a", version)])
      yield* begin(1)
      yield* performSteppedActions({ outbound: done })
      yield* begin(2)
      const locked = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      const other = yield* Effect.forkScoped(sql.withTransaction(Effect.gen(function*() {
        yield* sql`select 1 from stepped.achievements where checksum_key = 'a' for update`
        yield* Deferred.succeed(locked, undefined)
        yield* Deferred.await(go)
        // whoever waits for the first key must not have one of the others by now
        return yield* sql`select 1 from stepped.achievements where checksum_key in ('m', 'z') for update nowait`
      })))
      yield* Deferred.await(locked)
      const claiming = yield* Effect.forkScoped(performDue)
      yield* blocked(1)
      yield* Deferred.succeed(go, undefined)
      assert.lengthOf(yield* Fiber.join(other), 2)
      yield* Fiber.join(claiming)
      assert.lengthOf(yield* sql`select 1 from stepped.achievements`, 0)
      yield* performSteppedActions({ outbound: done })
    }))
)
