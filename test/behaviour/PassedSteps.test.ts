/** Rules 9.5 and 9.6: steps that are skipped, and steps that fail and are passed. */
import { assert, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { ActionRepo, DefinitionError, Step, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { note, seen } from "../harness/notes.ts"
import { recordOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { Depot, Depots, hands, scene, Torn, towed } from "./fixtures/passed.ts"

const { layer: DepotsLive } = Depots

const failureOf = (id: string, index: number) =>
  Effect.map(Effect.flatMap(ActionRepo, (repo) => repo.steps(id)), (steps) => steps[index]!.failure)

suite("steps that are passed", (engine) => {
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

  test("9.5, 9.6: they are recorded, with a failure where there is one, and later steps receive undefined for them", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* depot).wrapLater(false)
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "blue undefined undefined undefined")
      const steps = ["paper succeeded", "gift skipped", "card failed", "bow failed", "5 succeeded"]
      assert.deepStrictEqual(yield* stepsOf(handle.id), steps)
      assert.strictEqual((yield* failureOf(handle.id, 2))?.path, "wrap Depot/1 › card › refuse Depot/1 › 1")
      assert.deepInclude(yield* failureOf(handle.id, 3), {
        kind: "defect",
        path: "wrap Depot/1 › bow",
        message: "no bow"
      })
      assert.isUndefined(yield* failureOf(handle.id, 1))
      assert.isUndefined(yield* failureOf(handle.id, 4))
      const run = yield* (yield* depot).wrapLater(true)
      yield* performSteppedActions()
      assert.strictEqual(yield* run.await, "blue blue undefined undefined")
    }))

  test("9.5: the only step is skipped with a row, and the action succeeds, with its callbacks and without", () =>
    Effect.gen(function*() {
      const client = yield* depot
      scene.when = Effect.succeed(false)
      const skipped = yield* client.onlyLater()
      yield* performSteppedActions()
      yield* skipped.await
      assert.deepStrictEqual(yield* stepsOf(skipped.id), ["only skipped"])
      const plain = yield* client.plainLater()
      yield* performSteppedActions()
      yield* plain.await
      assert.deepStrictEqual(yield* stepsOf(plain.id), ["only skipped"])
      scene.when = true
      const run = yield* client.onlyLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* stepsOf(run.id), ["only succeeded"])
      assert.deepStrictEqual(seen, ["succeeded", "only", "succeeded"])
    }))

  test("9.5: a condition receives arguments and results, and its failure is the step's", () =>
    Effect.gen(function*() {
      const client = yield* depot
      const asked = yield* client.asksLater("one")
      yield* performSteppedActions()
      assert.strictEqual(yield* asked.await, "then gift")
      scene.when = Effect.fail(new Torn())
      const failed = yield* client.asksLater("two")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* Effect.flip(failed.await), new Torn())
      assert.deepStrictEqual(yield* stepsOf(failed.id), ["first succeeded", "asked failed"])
      assert.deepStrictEqual(seen, ["asked one 1", "asked two 1"])
      const passed = yield* client.mayLater("three")
      yield* performSteppedActions()
      assert.strictEqual(yield* passed.await, "three undefined")
      assert.deepInclude(yield* failureOf(passed.id, 0), { kind: "failure", own: true, message: "Torn" })
      scene.when = "yes" as never
      const broken = yield* client.onlyLater()
      yield* performSteppedActions()
      assert.include((yield* Effect.flip(broken.await)).message, "when of only Depot/1 › only gives true or false")
    }))

  test(
    "9.5: it is asked again until its answer, or what the body has come to, is stored",
    () =>
      Effect.gen(function*() {
        let left = 2
        scene.body = Effect.suspend(() => left-- > 0 ? Effect.die("gone") : Effect.succeed("gift"))
        const handle = yield* (yield* depot).asksLater("one")
        yield* performIdle
        scene.when = false
        yield* performSteppedActions()
        assert.strictEqual(yield* handle.await, "then undefined")
        assert.deepStrictEqual(seen, ["asked one 1", "asked one 1"])
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["first succeeded", "asked skipped", "3 succeeded"])
        assert.strictEqual((yield* recordOf(handle.id)).attempts, 1)
      }),
    { handledDefects: () => false, attempts: 3, retry: Schedule.spaced("1 second") }
  )

  test("9.6: it is passed after its last try, and the next step has all of its own", () =>
    Effect.gen(function*() {
      let tries = 0
      scene.body = Effect.suspend(() => Effect.die(`gone ${++tries}`))
      const handle = yield* (yield* depot).mayLater("one")
      yield* performIdle
      assert.deepStrictEqual([tries, (yield* recordOf(handle.id)).attempts, seen], [1, 1, []])
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "one undefined")
      assert.deepStrictEqual([tries, seen], [3, ["next"]])
      assert.deepInclude(yield* failureOf(handle.id, 0), { message: "gone 3" })
      assert.strictEqual((yield* recordOf(handle.id)).attempts, 1)
    }), { handledDefects: () => false, attempts: 3, retry: Schedule.spaced("1 second") })

  test(
    "9.6: so is one that has ended without an answer too often, under the name that it has by now",
    () =>
      Effect.gen(function*() {
        scene.body = Effect.die("gone")
        const handle = yield* (yield* depot).mayLater("one")
        yield* performIdle
        const sql = yield* SqlClient.SqlClient
        yield* sql`update stepped.live_actions set attempts = 3, step_name = 'renamed'`
        yield* performSteppedActions()
        assert.strictEqual(yield* handle.await, "one undefined")
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["may failed", "2 succeeded"])
        assert.deepInclude(yield* failureOf(handle.id, 0), { kind: "exhausted" })
      }),
    { handledDefects: () => false, attempts: 3, retry: Schedule.spaced("1 second") }
  )

  test("9.6: a failed body keeps no arguments; one that is marked as failed does", () =>
    Effect.gen(function*() {
      const client = yield* depot
      scene.body = Effect.fail(new Torn())
      const failed = yield* client.replacesLater("old")
      yield* performSteppedActions()
      assert.strictEqual(yield* failed.await, "old")
      scene.body = Effect.as(Step.markFailed, "gift")
      const marked = yield* client.replacesLater("old")
      yield* performSteppedActions()
      assert.strictEqual(yield* marked.await, "new")
      assert.deepStrictEqual(yield* stepsOf(marked.id), ["may failed", "2 succeeded"])
      assert.deepInclude(yield* failureOf(marked.id, 0), { kind: "marked" })
      const waits = yield* client.mayLater("old")
      scene.body = Effect.as(Effect.andThen(Step.wait("1 second"), Step.markFailed), "gift")
      yield* performSteppedActions()
      assert.strictEqual(yield* waits.await, "old undefined")
      assert.deepStrictEqual(yield* stepsOf(waits.id), ["may failed", "2 succeeded"])
    }))

  test("9.6: a value that cannot be stored is a failure like any", () =>
    Effect.gen(function*() {
      scene.body = Effect.succeed(Symbol("gift") as never)
      const handle = yield* (yield* depot).mayLater("one")
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "one undefined")
      assert.include((yield* failureOf(handle.id, 0))?.message, "give the step a schema")
    }))

  test("9.5, 9.6: of a transactional step nothing is left where it fails, and all where it is marked", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`drop table if exists bought`
      yield* sql`create table bought (what text)`
      const bought = Effect.map(sql<{ what: string }>`select what from bought`, (rows) => rows.map(({ what }) => what))
      const client = yield* depot
      scene.body = Effect.fail(new Torn())
      const failed = yield* client.buysLater("failed")
      yield* performSteppedActions()
      scene.body = Effect.succeed(Symbol("gift") as never)
      const unstored = yield* client.buysLater("unstored")
      yield* performSteppedActions()
      scene.when = false
      const skipped = yield* client.buysLater("skipped")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* bought, [])
      scene.when = true
      scene.body = Effect.as(Step.markFailed, "gift")
      const marked = yield* client.buysLater("marked")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* bought, ["marked"])
      for (const handle of [failed, unstored, skipped, marked]) {
        assert.strictEqual(yield* handle.await, "undefined")
        assert.deepStrictEqual(yield* stepsOf(handle.id), [
          `store ${handle === skipped ? "skipped" : "failed"}`,
          "2 succeeded"
        ])
      }
      assert.deepInclude(yield* failureOf(failed.id, 0), { own: true })
      yield* sql`drop table bought`
    }))

  test("9.5, 9.6: an outbound action waits to be completed although its last step was passed", () =>
    Effect.gen(function*() {
      const client = yield* depot
      for (const [when, status] of [[false, "skipped"], [true, "failed"]] as const) {
        scene.when = when
        scene.body = Effect.fail(new Torn())
        const handle = yield* client.handsLater()
        yield* performIdle
        assert.deepStrictEqual(yield* stepsOf(handle.id), [`may ${status}`])
        assert.strictEqual((yield* recordOf(handle.id)).status, "performing")
        yield* Stepped.complete(handle.id, hands, Stepped.Outcome.succeeded(5))
        assert.strictEqual(yield* handle.await, 5)
      }
    }))

  const Prepended = Layer.merge(
    Stepped.prependStep(Depots, towed, "checked", () => note("checked"), { when: () => scene.when }),
    Stepped.prependStep(Depots, towed, "logged", () => Effect.asVoid(Effect.suspend(() => scene.body)), {
      mayFail: true
    })
  )

  test(
    "9.5, 9.6: prepended steps have the same options, and the job begins after them",
    () =>
      Effect.gen(function*() {
        scene.when = false
        scene.body = Effect.die("no log")
        const handle = yield* (yield* depot).towedLater()
        yield* performSteppedActions()
        yield* handle.await
        assert.deepStrictEqual((yield* stepsOf(handle.id)).sort(), [
          "checked skipped",
          "logged failed",
          "towed succeeded"
        ])
        assert.deepStrictEqual(seen, ["job"])
      }),
    {},
    Layer.provideMerge(Prepended, DepotsLive)
  )

  test("9.5, 9.6: what does not travel is loaded for conditions and for the steps after them, whoever goes on", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* depot).largeLater()
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "200000 200000 undefined undefined undefined")
      assert.deepStrictEqual(yield* stepsOf(handle.id), [
        "text succeeded",
        "page succeeded",
        "card failed",
        "gift skipped",
        "bow failed",
        "6 succeeded"
      ])
    }))

  it.effect("9.5: what has to give the action's success cannot be passed", () =>
    Effect.gen(function*() {
      const must = Stepped.action("must", { success: Schema.Int }).step("last", () => Effect.succeed(1), {
        mayFail: true
      })
      const Musts = Stepped.actions(Depot, [must as never])
      const exit = yield* Effect.exit(Effect.scoped(
        Layer.build(Musts.layer.pipe(Layer.provideMerge(engine.layer()), Layer.fresh) as Layer.Layer<never>)
      ))
      const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
      assert.instanceOf(error, DefinitionError)
      assert.include(error.message, "Depot/must: the last step, last, may be passed without a result")
    }))
})
