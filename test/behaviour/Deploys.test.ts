/**
 * What one version of a definition has enqueued or begun, and another one performs: whatever a deploy adds or drops, nothing waits for
 * ever, and nothing is done without what it was asked with.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, Layer, Option, Schema } from "effect"
import { ActionRepo, Stepped } from "stepped"
import type { Engine } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { fingerprintOf } from "../../src/domain/Codec.ts"
import * as PostgresStore from "../../src/sql/PostgresStore.ts"
import { Storage } from "../../src/store/Storage.ts"
import { type Catalog, Store } from "../../src/store/Store.ts"
import { makeTelling } from "../../src/verbs/telling.ts"
import { embedded, healthy, suite } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import { note, seen } from "../harness/notes.ts"
import { kindsOf, recordOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import {
  achieved,
  ask,
  Asking,
  AskingOne,
  Car,
  Effectful,
  ended,
  type Enqueued,
  Hearing,
  hears,
  Hooked,
  Inside,
  Keyed,
  MetersLive,
  Method,
  method,
  MethodLive,
  Outside,
  outside,
  Plain,
  scene,
  TwoSteps,
  Untimed,
  WithBefore,
  WithJob,
  WithoutBefore,
  WithResult
} from "./fixtures/versions.ts"

suite("deploys", (engine) => {
  const test = (name: string, scenario: Effect.Effect<unknown, unknown, Stepped.Services | PgClient.PgClient>) =>
    it.effect(name, () => Effect.provide(Effect.andThen(scenario, healthy), engine.layer()))

  test(
    "2.3: enqueued under a hook that the next version does not have, an action has its checksum all the same",
    Effect.gen(function*() {
      const enqueue = deployed(WithBefore.layer)(Effect.flatMap(WithBefore.client, (car) => car(1).paintLater("red")))
      const first = yield* enqueue
      yield* deployed(WithoutBefore.layer)(performSteppedActions())
      const { checksum } = yield* recordOf(first.id)
      assert.isString(checksum)
      assert.strictEqual((yield* achieved)?.checksum, checksum)
      const again = yield* enqueue
      yield* deployed(WithoutBefore.layer)(performSteppedActions())
      yield* ended(again)
      assert.deepStrictEqual(seen, ["red"])

      // two that wait together are one, and not one after the other
      seen.length = 0
      const both = yield* deployed(WithBefore.layer)(Effect.gen(function*() {
        const car = (yield* WithBefore.client)(1)
        return [yield* car.paintLater("blue"), yield* car.paintLater("blue")]
      }))
      yield* deployed(WithoutBefore.layer)(performSteppedActions())
      for (const handle of both) yield* ended(handle)
      assert.deepStrictEqual(seen, ["blue"])

      // a version that has the hook runs it, whoever has enqueued the action
      for (const version of [WithBefore, WithoutBefore]) {
        seen.length = 0
        yield* deployed(version.layer)(Effect.flatMap(version.client, (car) => car(2).paintLater("green")))
        yield* deployed(WithBefore.layer)(performSteppedActions())
        assert.deepStrictEqual(seen, version === WithBefore ? ["before green", "dark green"] : ["before green"])
      }
    })
  )

  test(
    "2.2: a hook does not run on what it has given, when its worker dies while it looks at an achievement",
    deployed(WithResult.layer)(Effect.gen(function*() {
      const car = (yield* WithResult.client)(1)
      yield* car.paintLater("red")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["before red", "dark red"])
      seen.length = 0

      const handle = yield* car.paintLater("red")
      const store = yield* Store
      const token = yield* store.register("soon dead", Duration.minutes(1))
      const catalog: Catalog = {
        queues: ["default"],
        definitions: [{ key: "Car/paint", steps: [{ kind: "own", name: "paint" }], flags: 0, prepare: true }]
      }
      const by = { token, now: 0, catalog, only: null }
      const [held] = (yield* store.claim({ ...by, room: 1, prepared: [] })).work
      assert(held?._tag === "ToPrepare")
      const { checksum, checksumKey } = (yield* achieved)!
      const looks = yield* store.claim({
        ...by,
        room: 0,
        prepared: [{
          action: handle.id,
          definition: held.definition,
          actorId: held.actorId,
          job: held.job,
          queue: held.queue,
          arguments: ["dark red"],
          lane: checksumKey,
          lanes: null,
          checksumKey,
          checksum,
          timeout: null,
          ended: undefined,
          passesBy: null
        }]
      })
      assert.deepInclude(looks.work.find(({ _tag }) => _tag === "ToPrepare"), {
        action: handle.id,
        arguments: ["dark red"]
      })
      yield* store.unregister(token, 0)

      yield* performSteppedActions()
      assert.deepStrictEqual([seen, yield* handle.await], [[], "dark red"])
    })).pipe(
      Effect.provide(
        Layer.provide(
          PostgresStore.layer,
          Storage.layer({ schema: "stepped", deadline: Duration.seconds(20), embedded: engine === embedded })
        )
      ),
      Effect.orDie
    )
  )

  test(
    "2.1: keys and checksum are those of the version that has enqueued the action, where they are no effects",
    Effect.gen(function*() {
      const versions = { plain: Plain, keyed: Keyed, effectful: Effectful, hooked: Hooked }
      const crossed = (from: keyof typeof versions, to: keyof typeof versions, colour: string) =>
        Effect.gen(function*() {
          const { client, layer } = versions[from]
          const handle = yield* deployed(layer)(Effect.flatMap(client, (car) => car(1).paintLater(colour)))
          yield* deployed(versions[to].layer)(performIdle)
          const { checksum, checksumKey, lane, status } = yield* recordOf(handle.id)
          assert.strictEqual(status, "succeeded")
          return [lane, checksumKey, checksum !== undefined]
        })
      const none = ["Car/1/paint", "Car/1/paint", false]
      assert.deepStrictEqual(yield* crossed("plain", "keyed", "a"), none)
      assert.deepStrictEqual(yield* crossed("plain", "effectful", "b"), none)
      assert.deepStrictEqual(yield* crossed("keyed", "plain", "c"), ["lane/c", "sum", true])
      assert.deepStrictEqual(yield* crossed("keyed", "effectful", "d"), ["lane/d", "sum", true])
      assert.deepStrictEqual((yield* crossed("keyed", "hooked", "i")).slice(0, 2), ["lane/i", "sum"])
      // an effect is run by the version that prepares the action
      assert.deepStrictEqual(yield* crossed("effectful", "plain", "e"), none)
      assert.deepStrictEqual(yield* crossed("effectful", "keyed", "f"), ["lane/f", "sum", true])
      assert.deepStrictEqual(yield* crossed("effectful", "effectful", "g"), ["other lane", "other sum", true])

      // what was asked for with a checksum is not done again by a version that has none
      seen.length = 0
      yield* crossed("keyed", "keyed", "h")
      yield* deployed(Keyed.layer)(Effect.flatMap(Keyed.client, (car) => car(1).paintLater("h")))
      yield* deployed(Plain.layer)(performIdle)
      assert.deepStrictEqual(seen, ["h"])
    })
  )

  test(
    "7.1: an action has the timeout that it was enqueued with",
    Effect.gen(function*() {
      const { client, layer } = Outside
      const timed = yield* deployed(layer)(Effect.flatMap(client, (car) => car(1).paintLater("red")))
      const untimed = yield* deployed(Untimed.layer)(Effect.flatMap(Untimed.client, (car) => car(2).paintLater("red")))
      const found: Array<number> = []
      for (const live of [layer, Untimed.layer]) {
        yield* deployed(live)(Effect.gen(function*() {
          yield* performIdle
          const sql = yield* PgClient.PgClient
          for (const { id } of [timed, untimed]) {
            found.push(
              (yield* sql`select from stepped.live_actions where id = ${id} and timeout_at is not null`).length
            )
          }
        }))
      }
      assert.deepStrictEqual(found, [1, 0, 1, 0])
    })
  )

  // -------------------------------------------------------------------------------------------------------------------
  // what somebody outside completes
  // -------------------------------------------------------------------------------------------------------------------

  /** Has a version begin actions of these cars, as far as they go at once. */
  const begun = (version: typeof Inside | typeof Outside, ...ids: ReadonlyArray<number>) =>
    deployed(version.layer)(Effect.gen(function*() {
      const client = yield* version.client
      const handles: Array<Enqueued> = []
      for (const id of ids) handles.push(yield* client(id).paintLater(`car ${id}`))
      yield* performIdle
      return handles
    }))
  const completed = (id: number) =>
    Effect.map(Stepped.complete(Car.ref(id), outside, Stepped.Outcome.succeededVoid), Option.isSome)
  const toTheEnd = performSteppedActions({ outbound: ({ actorId }) => completed(Number(actorId)) })

  test(
    "5.1: an action that a deploy has made outbound is found when it is completed, from the step on that its next version takes",
    Effect.gen(function*() {
      const [first, second] = yield* begun(Inside, 1, 2)
      yield* deployed(Outside.layer)(Effect.gen(function*() {
        assert.deepStrictEqual([yield* completed(1), seen], [false, []])
        const reached = yield* Deferred.make<void>()
        scene.body = Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
        const worker = yield* Effect.forkChild(performSteppedActions())
        yield* Deferred.await(reached)
        // while its step runs
        assert.isTrue(yield* completed(seen[0] === "car 1" ? 1 : 2))
        scene.body = Effect.void
        yield* Fiber.interrupt(worker)
        // and when all of them have run
        yield* toTheEnd
      }))
      for (const handle of [first!, second!]) yield* ended(handle)
      assert.sameMembers(seen, ["car 1", "car 2"])
    })
  )

  test(
    "5.1: one that a deploy has made an inner one ends after its last step; where it has run that already, when somebody says so",
    Effect.gen(function*() {
      const [parked] = yield* begun(Outside, 1)
      yield* deployed(Outside.layer)(Effect.exit(performSteppedActions()))
      const [waiting] = yield* begun(Outside, 2)
      yield* deployed(Inside.layer)(Effect.gen(function*() {
        yield* Effect.exit(performSteppedActions())
        yield* ended(waiting!)
        assert.strictEqual((yield* recordOf(parked!.id)).status, "performing")
        assert.deepStrictEqual([yield* completed(2), yield* completed(1)], [false, true])
        yield* ended(parked!)
      }))
      assert.deepStrictEqual(seen, ["car 1", "car 2"])
    })
  )

  test(
    "5.3: an action whose job a deploy has taken goes on with the steps of the next version",
    Effect.gen(function*() {
      const mask = Stepped.prependStep(Method, method, "mask", () => note("mask"))
      const cases: ReadonlyArray<readonly [Layer.Layer<never, never, Engine>, Array<string>, Array<string>]> = [
        [TwoSteps.layer, ["sand again", "again"], ["own sand", "own paint"]],
        [MethodLive, ["method again"], ["method paint"]]
      ]
      for (const [live, done, steps] of cases) {
        seen.length = 0
        const handle = yield* deployed(Layer.provideMerge(mask, WithJob.layer))(Effect.gen(function*() {
          const handle = yield* (yield* WithJob.client)(1).paintLater("again")
          yield* performIdle
          return handle
        }))
        yield* deployed(Layer.provideMerge(mask, live))(performSteppedActions())
        yield* ended(handle)
        assert.deepStrictEqual(seen, ["mask", "job again", ...done])
        assert.deepStrictEqual(yield* kindsOf(handle.id), ["prepended mask", "job paint", ...steps])
      }
    })
  )

  test(
    "5.3: one to which a deploy has given a job is performed by it, also where its method has begun",
    Effect.gen(function*() {
      const [begun, queued] = yield* deployed(MethodLive)(Effect.gen(function*() {
        const reached = yield* Deferred.make<void>()
        scene.body = Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
        const client = yield* Method.client
        const begun = yield* client(1).paintLater("red")
        const worker = yield* Effect.forkChild(performSteppedActions())
        yield* Deferred.await(reached)
        yield* Fiber.interrupt(worker)
        return [begun, yield* client(2).paintLater("blue")]
      }))
      yield* deployed(WithJob.layer)(performSteppedActions())
      for (const handle of [begun!, queued!]) {
        yield* ended(handle)
        assert.deepStrictEqual(yield* kindsOf(handle.id), ["job paint"])
      }
      assert.sameMembers(seen, ["method red", "job red", "job blue"])
    })
  )

  test(
    "4.1: callbacks are those of the version that ends the action, also where it waits since before the deploy",
    Effect.gen(function*() {
      // added: cancelled by a process that has them while nobody has the action, and by one that has none after the next step
      const [cancelled, late] = yield* begun(Outside, 1, 2)
      const cancel = ({ actor, id }: Enqueued) =>
        Effect.flatMap(Stepped.handle(actor, hears, id), (handle) => handle.cancel())
      yield* deployed(Hearing.layer)(Effect.gen(function*() {
        assert.isTrue(yield* cancel(cancelled!))
        yield* performIdle
      }))
      assert.deepStrictEqual(seen, ["cancelled car 1"])
      seen.length = 0
      yield* deployed(Hearing.layer)(Effect.exit(performSteppedActions()))
      yield* cancel(late!)
      yield* deployed(Hearing.layer)(performSteppedActions())
      assert.deepStrictEqual(seen, ["car 2", "cancelled car 2"])
      assert.strictEqual((yield* recordOf(late!.id)).callbacksSucceeded, 1)

      // dropped: decided for them, it ends without
      seen.length = 0
      const [dropped] = yield* begun(Hearing, 3)
      yield* cancel(dropped!)
      yield* deployed(Outside.layer)(performSteppedActions())
      const { callbacksSucceeded, status } = yield* recordOf(dropped!.id)
      assert.deepStrictEqual([seen, status, callbacksSucceeded], [[], "cancelled", 0])
    })
  )

  // -------------------------------------------------------------------------------------------------------------------
  // results of children
  // -------------------------------------------------------------------------------------------------------------------

  test(
    "2.5+: a child's result is read with the schema that this very slot was asked with, by whatever process",
    Effect.gen(function*() {
      const asked = yield* deployed(Asking.layer)(Effect.gen(function*() {
        const handle = yield* (yield* Asking.client)(1).askLater()
        yield* performIdle
        return handle
      }))
      yield* deployed(Layer.provideMerge(MetersLive, Asking.layer))(performSteppedActions())
      const handle = yield* Stepped.handle(asked.actor, ask, asked.id)
      assert.deepStrictEqual(yield* handle.await, ["date 2026", "text 2026-11-28T00:00:00.000Z", "date 2026"])
    })
  )

  test(
    "2.5+: a schema that a deploy has changed is the only one of its name, or the slot is incompatible",
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const outcomes: Array<unknown> = []
      for (const actions of [Asking, AskingOne]) {
        const id = yield* deployed(actions.layer)(Effect.gen(function*() {
          const { id } = yield* actions === Asking
            ? (yield* Asking.client)(1).askLater()
            : (yield* AskingOne.client)(1).askOneLater()
          yield* performIdle
          return id
        }))
        // as a version with another schema has left it
        yield* sql`update stepped.slots set success = ${fingerprintOf(Schema.Struct({ at: Schema.String }))}`
        yield* deployed(Layer.provideMerge(MetersLive, actions.layer))(performSteppedActions())
        const { cause, result, status } = yield* recordOf(id)
        outcomes.push([status, result, cause?.kind, cause?.message])
      }
      assert.deepStrictEqual(outcomes, [
        [
          "failed",
          null,
          "incompatible",
          "IncompatibleResult: read Meter/1: no action of this name has the success schema that was asked with"
        ],
        ["succeeded", 5, undefined, undefined]
      ])
    })
  )

  test(
    "2.5+: who tells actions by their names alone declares none: what a deploy has changed is still the only one of its name",
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const id = yield* deployed(AskingOne.layer)(Effect.gen(function*() {
        const { id } = yield* (yield* AskingOne.client)(1).askOneLater()
        yield* performIdle
        return id
      }))
      yield* sql`update stepped.slots set success = ${fingerprintOf(Schema.Struct({ at: Schema.String }))}`
      yield* deployed(Layer.provideMerge(MetersLive, AskingOne.layer))(Effect.gen(function*() {
        const [child] = yield* Effect.flatMap(ActionRepo, (repo) => repo.list({ name: "count" }))
        const telling = yield* makeTelling
        const none = yield* Effect.flip(telling.complete(child!.id, Stepped.Outcome.succeeded(7), { by: "Ada" }))
        assert.strictEqual(none._tag, "NotStarted")
        yield* performSteppedActions()
      }))
      assert.deepInclude(yield* recordOf(id), { status: "succeeded", result: 5 })
    })
  )
})
