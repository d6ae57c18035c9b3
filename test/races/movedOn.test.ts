/**
 * What moves on while somebody waits for it or looks at it: a lane whose performer ends, an achievement that is erased.
 */
import type { PgClient } from "@effect/sql-pg"
import { assert, beforeEach, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, Layer, Schema } from "effect"
import type { Scope } from "effect"
import { SqlClient } from "effect/sql"
import { Step, Stepped } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import * as PostgresStore from "../../src/sql/PostgresStore.ts"
import { Storage } from "../../src/store/Storage.ts"
import { emptyCatalog, Store } from "../../src/store/Store.ts"
import { healthy, server } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import { Halt } from "../harness/intercepting.ts"
import { note, seen } from "../harness/notes.ts"
import { recordOf, recordsOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { blocked, gated, gatedCommit, holdingLane } from "../harness/racing.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

let body = new Halt()
beforeEach(() => {
  body = new Halt()
})

const turn = Stepped.action("turn", { arguments: [Schema.String], outbound: true, concurrencyKey: (lane) => lane })
  .step(() => Effect.void)
const fails = Stepped.action("fails", {
  arguments: [Schema.String],
  error: Schema.String,
  concurrencyKey: (lane) => lane
})
  .step("work", () => Effect.andThen(Effect.suspend(() => body.here), Effect.fail("no")))
  .after((_, { status }) => note(`callback ${status}`))
const bays = Stepped.lane("bays", { limit: 2, whenBusy: "line" })
const inBay = Stepped.action("inBay", { concurrency: () => bays("x") })
  .step("work", () => Effect.suspend(() => body.here))
  .after(({ status }) => note(`callback ${status}`))
const asks = Stepped.action("asks").step("ask", () => Step.do(inBay))
const both = Stepped.action("both").step("ask", () => Effect.all([Step.do(fails, "a"), Step.do(turn, "z")]))
const build = Stepped.action("build", {
  arguments: [Schema.Int],
  outbound: true,
  concurrencyKey: () => "builds",
  checksum: (version) => version
}).step(() => Effect.void)
const wants = Stepped.action("wants", { arguments: [Schema.Int] }).step("ask", (version) => Step.do(build, version))
const places = Array.from({ length: 25 }, (_, n) => `lane ${n}`)
const many = Stepped.action("many").step(() => Effect.forEach(places, (lane) => Step.do(turn, lane)))
const once = Stepped.action("once", { checksum: () => 1 }).step(() => note("performs"))
const Cars = Stepped.actions(Car, [turn, fails, inBay, asks, both, build, wants, many, once])

const layerStore = Layer.provide(
  PostgresStore.layer,
  Storage.layer({ schema: "stepped", deadline: Duration.seconds(20), embedded: false })
)
const succeeds = (id: string) => Stepped.complete(id, turn, Stepped.Outcome.succeededVoid)

describe("moved on", () => {
  const race = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | PgClient.PgClient | SqlClient.SqlClient | Scope.Scope>
  ) =>
    it.effect(name, () =>
      Effect.andThen(Effect.scoped(scenario()), healthy).pipe(
        Effect.provide(Layer.provideMerge(Cars.layer, server.layer()))
      ))

  race(
    "1.2: a child that was promoted while its lane was waited for, and has just failed by itself, is not cancelled too",
    () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)(1)
        const first = yield* car.turnNow("a")
        const parent = yield* car.bothNow()
        yield* performDue
        assert.deepStrictEqual(yield* statusesOf("fails"), ["pending"])
        yield* parent.cancel()
        const inZ = (yield* recordsOf("turn")).find(({ lane }) => lane === "z")!
        const releaseZ = yield* holdingLane(inZ.id)
        const open = yield* gated(first.id)
        const ending = yield* Effect.forkScoped(succeeds(first.id))
        yield* blocked(1)
        // another engine cancels both children: it waits for lane a, whose performer is just ending, and then for lane z
        const abandoned = yield* Effect.forkScoped(deployed(Cars.layer)(performDue))
        yield* blocked(2)
        yield* open
        yield* Fiber.join(ending)
        const performing = yield* Effect.forkScoped(performDue)
        yield* Deferred.await(body.reached)
        const [child] = yield* recordsOf("fails")
        const openChild = yield* gated(child!.id)
        yield* Deferred.succeed(body.go, undefined)
        yield* blocked(2)
        yield* releaseZ
        // the end of the child is under way: whoever cancels waits for it
        yield* blocked(2)
        yield* openChild
        yield* Fiber.join(performing)
        yield* Fiber.join(abandoned)
        yield* performSteppedActions()
        assert.deepStrictEqual(seen, ["callback failed"])
        const { callbacksSucceeded, status } = yield* recordOf(child!.id)
        assert.deepStrictEqual([status, callbacksSucceeded], ["failed", 1])
        assert.deepStrictEqual(yield* stepsOf(child!.id), ["work failed"])
      })
  )

  race(
    "1.2: a child in a named lane whose end is just being stored is not cancelled too",
    () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)(1)
        const parent = yield* car.asksNow()
        const performing = yield* Effect.forkScoped(performDue)
        yield* Deferred.await(body.reached)
        const [child] = yield* recordsOf("inBay")
        const open = yield* gatedCommit(child!.id, "steps")
        yield* Deferred.succeed(body.go, undefined)
        // that it has succeeded is stored, and its callback is to run, when another engine cancels what its parent leaves behind
        yield* blocked(1)
        yield* parent.cancel()
        const abandoned = yield* Effect.forkScoped(deployed(Cars.layer)(performDue))
        yield* blocked(2)
        yield* open
        yield* Fiber.join(performing)
        yield* Fiber.join(abandoned)
        yield* performSteppedActions()
        assert.deepStrictEqual(seen, ["callback succeeded"])
        const { callbacksSucceeded, status } = yield* recordOf(child!.id)
        assert.deepStrictEqual([status, callbacksSucceeded], ["succeeded", 1])
        assert.deepStrictEqual(yield* stepsOf(child!.id), ["work succeeded"])
      })
  )

  for (const joinsFirst of [true, false]) {
    race(
      `2.5: whoever joins a pending action that is cancelled while its lane moves on is told (${
        joinsFirst ? "the newcomer" : "the cancellation"
      } comes first)`,
      () =>
        Effect.gen(function*() {
          const client = yield* Cars.client
          const first = yield* client(1).buildNow(1)
          const next = yield* client(1).buildNow(2)
          const parent = yield* client(1).wantsNow(2)
          const open = yield* gated(first.id)
          const ending = yield* Effect.forkScoped(Stepped.complete(first.id, build, Stepped.Outcome.succeededVoid))
          yield* blocked(1)
          const joining = Effect.asVoid(deployed(Cars.layer)(performDue))
          const cancelling = Effect.asVoid(next.cancel())
          const fibers = []
          for (const come of joinsFirst ? [joining, cancelling] : [cancelling, joining]) {
            fibers.push(yield* Effect.forkScoped(come))
            yield* blocked(1 + fibers.length)
          }
          yield* open
          yield* Fiber.join(ending)
          yield* Fiber.joinAll(fibers)
          yield* performSteppedActions({
            outbound: (action) => Stepped.complete(action.id, build, Stepped.Outcome.succeededVoid)
          })
          assert.strictEqual((yield* next.status).status, "cancelled")
          const { status } = yield* parent.status
          assert.include(["succeeded", "failed"], status)
        })
    )
  }

  race("2.4: an achievement that is erased between two looks at it loses no invocation", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const car = (yield* Cars.client)(1)
      yield* car.onceNow()
      // as if somebody erased it after the first look
      yield* sql.unsafe("create sequence stepped.looks")
      yield* sql.unsafe("alter table stepped.achievements rename to achieved")
      yield* sql.unsafe(
        "create view stepped.achievements as select * from stepped.achieved where nextval('stepped.looks') = 1"
      )
      const handle = yield* car.onceNow()
      yield* sql.unsafe("drop view stepped.achievements")
      yield* sql.unsafe("alter table stepped.achieved rename to achievements")
      yield* sql.unsafe("drop sequence stepped.looks")
      yield* performSteppedActions()
      yield* handle.await
      assert.deepStrictEqual(seen, ["performs"])
    }))

  race(
    "4.6: abandoned children are cancelled some at a time, and all of them in the end",
    () =>
      Effect.gen(function*() {
        const parent = yield* (yield* Cars.client)(1).manyNow()
        yield* performDue
        yield* parent.cancel()
        const { cancelAbandoned } = yield* Store
        const ended = Effect.map(
          cancelAbandoned(null, 0, emptyCatalog, 1),
          ({ news }) => news.filter(({ _tag }) => _tag === "Ended").length
        )
        assert.deepStrictEqual([yield* ended, yield* ended, yield* ended, yield* ended], [10, 10, 5, 0])
        assert.deepStrictEqual(new Set(yield* statusesOf("turn")), new Set(["cancelled"]))
      }).pipe(Effect.provide(layerStore))
  )
})
