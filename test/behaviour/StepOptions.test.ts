/** Rule 9.7: options of steps, and steps that are values. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { Step, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { note, seen } from "../harness/notes.ts"
import { kindsOf, stepsOf } from "../harness/observing.ts"

class Depot extends Stepped.Actor<Depot>()("Depot", { id: Schema.Int }) {}

const label = Stepped.action("label", { arguments: [Schema.String], success: Schema.String })
  .step((parcel) => Effect.succeed(`label of ${parcel}`))
const weigh = Stepped.step("weigh", (parcel: string) => Effect.as(note(`weigh ${parcel}`), parcel.length))
const stamp = Stepped.step("stamp", () => Effect.succeed(new Date(0)), { result: Schema.Date })
const print = Stepped.step("print", (parcel: string) => Step.do(label, parcel))

const send = Stepped.action("send", { arguments: [Schema.String, Schema.Int], success: Schema.String })
  .use(weigh)
  .use(stamp)
  .step("pack", (parcel) => note(`pack ${parcel}`))
  .use(print)
  .use(weigh.named("weighAgain"))
  .step((_parcel, count, { print, stamp, weigh, weighAgain }) =>
    Effect.succeed(`${count} of ${weigh} and ${weighAgain}, ${print}, ${stamp.toISOString()}`)
  )
const count = Stepped.action("count", { arguments: [Schema.String], success: Schema.Int }).use(weigh)
const Depots = Stepped.actions(Depot, [label, send, count])
const { layer: DepotsLive } = Depots

suite("options of steps", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>,
    live: typeof DepotsLive = DepotsLive
  ) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), live.pipe(Layer.provideMerge(engine.layer())))
    )

  test("9.7: a step that is a value runs where it is taken, as often as it has names, and later steps receive its result", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Depots.client)(1).sendLater("book", 3)
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "3 of 4 and 4, label of book, 1970-01-01T00:00:00.000Z")
      assert.deepStrictEqual(seen, ["weigh book", "pack book", "weigh book"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), [
        "weigh succeeded",
        "stamp succeeded",
        "pack succeeded",
        "print succeeded",
        "weighAgain succeeded",
        "6 succeeded"
      ])
      assert.deepStrictEqual((yield* kindsOf(handle.id)).slice(0, 2), ["own weigh", "own stamp"])
    }))

  test("9.7: several actions have it, and the last one's result is the success", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Depots.client)(1).countLater("letter")
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, 6)
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["weigh succeeded"])
    }))

  const Stamped = Stepped.prependStep(Depots, count, "stamped", () => Effect.succeed(new Date(0)), {
    result: Schema.Date,
    transactional: true
  })
  const Unfit = Stepped.prependStep(Depots, count, "unfit", () => Effect.succeed(1.5), {
    result: Schema.Int
  })

  test(
    "9.7: a prepended step has the same options: its result is what the schema holds",
    () =>
      Effect.gen(function*() {
        const handle = yield* (yield* Depots.client)(1).countLater("letter")
        yield* performSteppedActions()
        assert.strictEqual(yield* handle.await, 6)
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["stamped succeeded", "weigh succeeded"])
      }),
    Layer.provideMerge(Stamped, DepotsLive)
  )

  test(
    "9.7: what it does not hold fails a prepended step, too",
    () =>
      Effect.gen(function*() {
        const handle = yield* (yield* Depots.client)(1).countLater("letter")
        yield* performSteppedActions()
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["unfit failed"])
        assert.strictEqual((yield* Effect.flip(handle.await))._tag, "ActionFailed")
      }),
    Layer.provideMerge(Unfit, DepotsLive)
  )
})
