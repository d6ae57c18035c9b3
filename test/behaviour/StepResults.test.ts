/** Rules 3: what a step receives from those before it and from their children, however much it is. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { ActionFailed, Stepped } from "stepped"
import { performSteppedActions, withHandledDefects } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { blocks, outcomeOf, Page, Pages, tear } from "./fixtures/results.ts"

suite("what a step receives", (engine) => {
  const live = (options?: Stepped.EngineOptions) => Pages.layer.pipe(Layer.provideMerge(engine.layer(options)))
  const page = Effect.map(Pages.client, (client) => client(0))

  it.effect("3.7: results that no message holds together reach the next steps", () =>
    Effect.gen(function*() {
      const few = yield* (yield* page).totalLater(20, 900_000)
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* outcomeOf(few.id), ["succeeded", 18_000_000])
      const many = yield* (yield* page).totalLater(200, 1500)
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* outcomeOf(many.id), ["succeeded", 300_000])
      yield* healthy
    }).pipe(Effect.provide(live())))

  it.effect("3.7: of many long failures the first one fails the parent", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* page).tornLater(20, 900_000)
      yield* performSteppedActions()
      const error = yield* Effect.flip(handle.await)
      assert.instanceOf(error, ActionFailed)
      assert.include(error.path, "torn Page/0 › pages › tear Page/0")
      assert.strictEqual(Option.getOrThrow(error.errorOf(tear)).page, 0)
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["pages failed"])
      assert.deepStrictEqual(seen, [])
      yield* healthy
    }).pipe(Effect.provide(live())))

  it.effect("3.7: beyond its limit, the step fails with ResultsTooLarge", () =>
    Effect.gen(function*() {
      const client = yield* page
      const fitting = yield* client.totalLater(20, 4000)
      const beyond = yield* client.totalLater(30, 4000)
      const plain = yield* client.hoardingLater(60_000, false)
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* outcomeOf(fitting.id), ["succeeded", 80_000])
      const error = yield* Effect.flip(beyond.await)
      assert.instanceOf(error, ActionFailed)
      assert.match(
        error.message,
        /^total Page\/0 › pages: ResultsTooLarge: total Page\/0 › pages: results of 1\d\d\d\d\d bytes at least, the limit is 100000: /
      )
      assert.include(error.reason, "resultsLimit")
      assert.deepInclude((yield* recordOf(beyond.id)).cause?.error, {
        _tag: "ResultsTooLarge",
        step: "pages",
        limit: 100_000
      })
      assert.deepStrictEqual(yield* stepsOf(beyond.id), ["pages failed"])
      // what is in memory already counts as well
      assert.include((yield* recordOf(plain.id)).cause?.message, "ResultsTooLarge")
      assert.deepStrictEqual(yield* stepsOf(plain.id), ["one succeeded", "two succeeded", "three failed"])
      assert.deepStrictEqual(seen, [])
      yield* healthy
    }).pipe(Effect.provide(live({ resultsLimit: 100_000 }))))

  it.effect("3.7: results that nobody receives have no limit", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* page).skimmingLater(30, 40_000)
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* outcomeOf(handle.id), ["succeeded", "skimmed"])
    }).pipe(Effect.provide(live({ resultsLimit: 100_000 }))))

  it.effect("3.7: of results that nobody receives, each must fit what was asked for", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* page).mixesLater()
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("says"), ["superseded"])
      yield* Stepped.complete(Page.ref(0), blocks, Stepped.Outcome.succeeded(undefined))
      yield* performSteppedActions()
      const { cause, status } = yield* recordOf(handle.id)
      assert.deepStrictEqual([status, cause?.kind], ["failed", "incompatible"])
      yield* healthy
    }).pipe(Effect.provide(live())))

  it.effect("3.7: a step that is tried again receives what it received before, also in parts that no answer carries", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* page).hoardingLater(300_000, true)
      yield* performSteppedActions().pipe(withHandledDefects(() => false))
      assert.deepStrictEqual(seen, ["three has 600000", "three has 600000"])
      assert.deepStrictEqual(yield* outcomeOf(handle.id), ["succeeded", 600_000])
      yield* healthy
    }).pipe(Effect.provide(live())))

  it.effect("3.7: long arguments reach an action that its lane promotes, and its callbacks", () =>
    Effect.gen(function*() {
      const client = yield* page
      yield* client.carriesLater("a")
      yield* performIdle
      seen.length = 0
      yield* Effect.forEach([1, 2], () => client.carriesLater("b".repeat(400_000)))
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["carries 400000", "carried 400000", "carries 400000", "carried 400000"])
      yield* healthy
    }).pipe(Effect.provide(live())))

  it.effect("3.7: what takes more room in the database than on its way there is measured as it is there", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const client = yield* Effect.map(Stepped.actions(Page, [numbers]).client, (of) => of(0))
      const fits = yield* client.numbersLater(300)
      const beyond = yield* client.numbersLater(400)
      yield* performSteppedActions()
      assert.strictEqual((yield* recordOf(fits.id)).status, "succeeded")
      const [row] = yield* sql<{ length: number }>`
        select octet_length(result::text) as length from stepped.ended_actions where id = ${fits.id}`
      assert.isAbove(row!.length, 300 * 300)
      assert.match(
        (yield* recordOf(beyond.id)).cause!.message,
        /PayloadTooLarge: .*: 12\d\d\d\d bytes, the limit is 100000/
      )
    }).pipe(Effect.provide(Layer.provideMerge(Numbers.layer, engine.layer({ payloadLimit: 100_000 })))))
})

const numbers = Stepped.action("numbers", { arguments: [Schema.Int], success: Schema.Array(Schema.Number) })
  .step((count) => Effect.succeed(Array.from({ length: count }, () => 1e300)))
const Numbers = Stepped.actions(Page, [numbers])
