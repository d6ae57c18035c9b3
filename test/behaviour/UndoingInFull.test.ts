/** Rules 10.1, 10.3 and 10.5 where they say with what something is undone, and who is asked. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { Step, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { note, seen } from "../harness/notes.ts"
import { recordOf, recordsOf, stepsOf } from "../harness/observing.ts"

class Shop extends Stepped.Actor<Shop>()("Shop", { id: Schema.Int }) {}
class Closed extends Schema.TaggedError<Closed>()("Closed", {}) {}
const said = (cause: { readonly _tag: string; readonly kind?: unknown }) => `${cause._tag} ${cause.kind}`

/** The step that ends it replaces the arguments, too. */
const renameDeclared = Stepped.action("rename", { arguments: [Schema.String] })
const rename = renameDeclared
  .step("open", (name) => note(`opens ${name}`), { compensate: (_, name) => note(`closes ${name}`) })
  .step("rename", (name) => Step.setArguments(renameDeclared, `${name} Ltd`))
  .step("mark", (name) => Effect.andThen(Step.setArguments(renameDeclared, `${name} & Sons`), Step.markFailed), {
    compensateFailed: (cause, name) => note(`wipes ${name}: ${said(cause)}`)
  })
  .after((name, { status }) => note(`${name} ${status}`))
/** Marked steps that are passed: one says what becomes of it, the other does not. */
const marked = Stepped.action("marked", { error: Closed })
  .step("said", () => Step.markFailed, {
    mayFail: true,
    compensate: () => note("never"),
    compensateFailed: (cause) => note(`wipes said: ${said(cause)}`)
  })
  .step("unsaid", () => Step.markFailed, { mayFail: true, compensate: () => note("never") })
  .step("end", () => Effect.fail(new Closed()))

const when = (name: string) => ({ compensateWhen: () => seen.push(`asks ${name}`) < 0 })
/** Neither would be undone if it was asked. */
const leaf = Stepped.action("leaf", when("leaf"))
  .step("set", () => note("sets leaf"), { compensate: () => note("undoes leaf") })
const child = Stepped.action("child", when("child"))
  .step("set", () => note("sets child"), { compensate: () => note("undoes child") })
  .step("leaf", () => Step.do(leaf), { unwind: true })
const parent = Stepped.action("parent", { error: Closed })
  .step("child", () => Step.do(child), { unwind: true })
  .step("end", () => Effect.fail(new Closed()))
const Shops = Stepped.actions(Shop, [rename, marked, leaf, child, parent])

suite("what undoes a step is given", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Shops.layer, engine.layer()))
    )
  const shop = Effect.map(Shops.client, (shops) => shops(1))

  test("10.1, 3.6: the arguments as they are at the end, whoever has replaced them; so do callbacks", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* shop).renameLater("Tea")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, [
        "opens Tea",
        "wipes Tea Ltd & Sons: ActionFailed marked",
        "closes Tea Ltd & Sons",
        "Tea Ltd & Sons failed"
      ])
      assert.deepStrictEqual((yield* recordOf(handle.id)).arguments, ["Tea Ltd & Sons"])
    }))

  test("10.3: of a step that was marked its failure, also where the action went on without it; else it is uncertain", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* shop).markedLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["wipes said: ActionFailed marked"])
      assert.instanceOf(yield* Effect.flip(handle.await), Closed)
      assert.deepStrictEqual((yield* recordOf(handle.id)).cause?.uncertain, ["unsaid"])
    }))

  test("10.5, 10.4: a parent that unwinds its children does not ask them, nor what is below them", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* shop).parentLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["sets child", "sets leaf", "undoes leaf", "undoes child"])
      assert.instanceOf(yield* Effect.flip(handle.await), Closed)
      const { cause } = yield* recordOf(handle.id)
      assert.deepStrictEqual([cause?.notUndone, cause?.kept], [undefined, undefined])
      const [stored] = yield* recordsOf("child")
      assert.deepStrictEqual(yield* stepsOf(stored!.id), [
        "set succeeded",
        "leaf succeeded",
        "leaf succeeded",
        "set succeeded"
      ])
    }))
})
