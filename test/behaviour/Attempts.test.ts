/** Rule 9.9: children whose failure is a value. */
import { assert, it } from "@effect/vitest"
import { type Context, DateTime, Effect, Layer, Option, Result, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { ActionRepo, BodyEnded, Step, Stepped } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import { fingerprintOf } from "../../src/domain/Codec.ts"
import { healthy, suite } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, slotsOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { breaks, NoPaper, scene, Shop, Shops, slow, Torn } from "./fixtures/attempts.ts"

const noPaper = new NoPaper({ at: DateTime.makeUnsafe("2026-11-28") })

suite("attempted children", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>,
    options: Stepped.EngineOptions = {}
  ) =>
    it.effect(
      name,
      () =>
        Effect.provide(Effect.andThen(scenario(), healthy), Shops.layer.pipe(Layer.provideMerge(engine.layer(options))))
    )
  const shop = Effect.map(Shops.client, (shops) => shops(1))

  test("9.9: whatever they end with is a value, anywhere in that of the step, which succeeds", () =>
    Effect.gen(function*() {
      const client = yield* shop
      const handle = yield* client.orderLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* handle.await, [
        `gives "red"`,
        "ActionFailed: refuse Shop/1 › 1: refused",
        "ActionFailed: below Shop/1 › 1 › breaks Shop/1 › 1: Torn: 2 pieces",
        "ActionFailed: sorry Shop/1: a callback failed",
        `gives "red"`,
        `gives "red"`
      ])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["gift succeeded", "2 succeeded"])
      assert.deepStrictEqual(yield* slotsOf(handle.id), [
        "succeeded",
        "failed",
        "failed",
        "failed",
        "succeeded",
        "succeeded"
      ])
      const slots = yield* Effect.flatMap(ActionRepo, (repo) => repo.slots(handle.id))
      assert.isTrue(slots.every(({ isAttempt }) => isAttempt))
    }))

  test("9.9: its own error comes decoded; passed on, it is the action's, and the engine's errors compile", () =>
    Effect.gen(function*() {
      const client = yield* shop
      scene.wraps = Effect.fail(noPaper)
      const typed = yield* client.typedLater()
      const last = yield* client.lastLater()
      const passes = yield* client.passesLater()
      const lower = yield* client.lowerLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* Effect.flip(typed.await), noPaper)
      assert.deepStrictEqual(yield* last.await, Result.fail(noPaper))
      const error = yield* Effect.flip(passes.await)
      assert.deepInclude(error, { _tag: "ActionFailed", kind: "failure", path: "passes Shop/1 › 2" })
      const given = yield* Effect.flip(Effect.fromResult(yield* lower.await))
      assert.strictEqual(given.message, "below Shop/1 › 1 › breaks Shop/1 › 1: Torn: 2 pieces")
      for (const failed of [error, given]) {
        assert(failed._tag === "ActionFailed")
        assert.deepStrictEqual(failed.errorOf(breaks), Option.some(new Torn({ pieces: 2 })))
      }
    }))

  test("9.9: a child beside it that was not attempted fails the step all the same", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* shop).bothLater()
      yield* performSteppedActions()
      assert.include((yield* Effect.flip(handle.await)).message, "both Shop/1 › both › refuse Shop/1 › 1: refused")
    }))

  test("9.9: time that is over, cancelling, and what waits for itself are values", () =>
    Effect.gen(function*() {
      const client = yield* shop
      const late = yield* client.waitsLater()
      yield* performSteppedActions({ timeouts: true, outbound: () => Effect.void })
      assert.strictEqual(yield* late.await, "TimedOut: slow Shop/1 (timed out)")
      const waits = yield* client.waitsLater()
      yield* performIdle
      const [slot] = yield* Effect.flatMap(ActionRepo, (repo) => repo.slots(waits.id))
      const child = yield* Stepped.handle(Shop.ref(1), slow, slot!.child!)
      assert.isTrue(yield* child.cancel())
      yield* performIdle
      assert.strictEqual(yield* waits.await, "Cancelled: slow Shop/1 (cancelled)")
      const itself = yield* client.itselfLater()
      yield* performIdle
      assert.match(yield* itself.await, /^Deadlocked: looped Shop\/1: deadlocked: /)
    }))

  test("9.9: what lanes refuse, and what is superseded where its waiters are told, are values", () =>
    Effect.gen(function*() {
      const client = yield* shop
      yield* client.askedLater()
      yield* client.servedLater(0)
      yield* performIdle
      const meets = yield* client.meetsLater()
      yield* performIdle
      yield* client.servedLater(2)
      yield* performSteppedActions()
      assert.deepStrictEqual((yield* meets.await).map((text) => text.split(" (")[0]), [
        "LaneBusy: asked Shop/1",
        "Superseded: served Shop/1"
      ])
    }))

  test("9.9: what a successor gives is read with the schemas of the one that was asked for", () =>
    Effect.gen(function*() {
      const client = yield* shop
      const shelves = yield* client.shelvesLater()
      yield* performSteppedActions()
      const [first, second, third] = yield* shelves.await
      assert.deepStrictEqual([first, third], ["gives 1", `gives "name"`])
      assert.match(
        second!,
        /^IncompatibleResult: named Shop\/1: the stored result does not fit the success schema that waits for it/
      )
      const papers = yield* client.papersLater()
      yield* performSteppedActions()
      const [counted, papered, nameless] = yield* papers.await
      assert.deepStrictEqual([counted, nameless], ["gives 1", "Torn: 3 pieces"])
      assert.match(
        papered!,
        /^IncompatibleResult: nameless Shop\/1 › 1: the stored error does not fit the error schema that waits for it/
      )
    }))

  test("9.9: one that was achieved, and two that join, succeed as they do without", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* shop).sumsLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* handle.await, ["gives 7", "gives 7", "gives 7"])
      assert.deepStrictEqual(seen, ["sums"])
    }))

  test("9.9, 9.1: a further attempt of the step attempts again what has failed, and that alone", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* shop).triesLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* handle.await, ["gives 5", "Torn: 2 pieces"])
      assert.deepStrictEqual(seen.toSorted(), ["later", "once", "twice", "twice"])
    }))

  test("9.9: results and failures that do not travel are loaded in pieces", () =>
    Effect.gen(function*() {
      scene.wraps = Effect.succeed("x".repeat(150_000))
      const handle = yield* (yield* shop).largeLater()
      yield* performSteppedActions()
      const [text, wrapped, ...rest] = yield* handle.await
      assert.deepStrictEqual([text, wrapped!.length, ...rest], [
        "200000",
        150_008,
        "ActionFailed: refuse Shop/1 › 1: refused",
        "Torn: 2 pieces"
      ])
    }))

  test("9.9: a transactional step attempts, too", () =>
    Effect.gen(function*() {
      scene.wraps = Effect.fail(noPaper)
      const handle = yield* (yield* shop).storedLater()
      yield* performSteppedActions()
      assert.match(yield* handle.await, /^NoPaper: /)
    }))

  test("9.9: it is abandoned with its parent, as any child", () =>
    Effect.gen(function*() {
      const client = yield* shop
      const waits = yield* client.waitsLater()
      yield* performIdle
      const [slot] = yield* Effect.flatMap(ActionRepo, (repo) => repo.slots(waits.id))
      yield* waits.cancel()
      yield* performIdle
      const { cause, status } = yield* recordOf(slot!.child!)
      assert.deepStrictEqual([status, cause?.message], ["cancelled", "its parent is over"])
    }))

  test("9.9: the view shows what the step receives", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const client = yield* shop
      const results = (id: string) =>
        Effect.map(
          sql<{ result: unknown }>`select result from stepped.action_steps where action = ${id} and idx = 0`,
          (rows) => rows[0]!.result
        )
      const good = yield* client.typedLater()
      yield* performIdle
      assert.deepStrictEqual(yield* results(good.id), { _tag: "Success", success: "red" })
      scene.wraps = Effect.fail(noPaper)
      const bad = yield* client.typedLater()
      yield* performIdle
      assert.containSubset(yield* results(bad.id), { _tag: "Failure", failure: { kind: "failure", own: true } })
      const open = yield* client.waitsLater()
      yield* performIdle
      assert.isNull(yield* results(open.id))
      const attempted = yield* sql<{ is_attempt: boolean }>`select is_attempt from stepped.action_slots`
      assert.isTrue(attempted.every(({ is_attempt }) => is_attempt))
      yield* open.cancel()
      yield* performIdle
    }))

  test("9.9: attempted after the body's end is said to be refused", () =>
    Effect.gen(function*() {
      let late: Effect.Effect<unknown> = Effect.void
      const leave = Stepped.action("leave").step("leave", () =>
        Effect.contextWith((context: Context.Context<Step>) =>
          Effect.sync(() => {
            late = Effect.provideContext(
              Effect.andThen(Effect.exit(Step.attemptOn(Shop.ref(2), slow)), Step.attempt(slow)),
              context
            ) as Effect.Effect<unknown>
          })
        ))
      const Leavers = Stepped.actions(Shop, [leave, slow])
      yield* deployed(Leavers.layer)(Effect.gen(function*() {
        const handle = yield* (yield* Leavers.client)(1).leaveLater()
        yield* performIdle
        yield* handle.await
      }))
      const refused = yield* Effect.flip(Effect.catchDefect(late, Effect.fail))
      assert.instanceOf(refused, BodyEnded)
      assert.include(
        (refused as BodyEnded).message,
        "Step.attempt of slow comes after the body of leave Shop/1 › leave"
      )
    }))

  test("9.9: a schema that a deploy has changed is the only one of its name, or the end cannot be read", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const sql = yield* SqlClient.SqlClient
      const client = yield* shop
      for (const handle of [yield* client.brushLater(), yield* client.mixLater()]) {
        yield* performDue
        yield* sql`update stepped.slots set error = ${fingerprintOf(Schema.Struct({ at: Schema.String }))}`
        yield* performIdle
        told.push(yield* handle.await)
      }
      assert.strictEqual(told[0], "Torn: 4 pieces")
      assert.match(
        told[1]!,
        /^IncompatibleResult: dye Shop\/1 › 1: .*no action of this name has the error schema that was asked with$/
      )
    }))
})
