/** Durations as programs give them: what is read, and what is refused by name. */
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Layer, Schema } from "effect"
import { Engine, InvalidDuration, Stepped } from "stepped"
import { longest, readDuration } from "../../src/domain/duration.ts"
import { embedded } from "../harness/databases.ts"

const none = { least: 0 }
const isNone = [
  Number.NaN,
  -1,
  -Infinity,
  "soon",
  "5 sec",
  "NaN seconds",
  "-1 seconds",
  "Infinity seconds",
  "",
  null,
  undefined,
  true,
  {},
  { second: 5 },
  { seconds: Number.NaN },
  { seconds: "5" },
  [Number.NaN, 0],
  [1],
  longest * 2,
  "100000000000 days",
  Duration.days(1e11),
  Duration.infinity,
  Infinity,
  "Infinity",
  { days: Infinity }
]

it("a duration is read from everything that Effect takes for one", () => {
  const all = [5000, "5 seconds", 5_000_000_000n, [5, 0], { seconds: 4, milliseconds: 1000 }, Duration.seconds(5)]
  assert.deepStrictEqual(all.map((input) => readDuration("a field", input, none)), all.map(() => 5000))
  assert.deepStrictEqual([0, "0 millis", Duration.zero, { days: 0 }].map((i) => readDuration("a field", i, none)), [
    0,
    0,
    0,
    0
  ])
  assert.strictEqual(readDuration("a field", longest, none), longest)
  for (const input of [Infinity, "Infinity", Duration.infinity, { days: Infinity }, [Infinity, 0]]) {
    assert.strictEqual(readDuration("a field", input, { least: 1, infinity: "for none" }), Infinity)
  }
})

for (const input of isNone) {
  it(`what is none is refused: ${typeof input === "object" ? JSON.stringify(input) : String(input)}`, () => {
    try {
      readDuration("a field", input, none)
    } catch (error) {
      assert.instanceOf(error, InvalidDuration)
      assert.match(
        error.message,
        /^a field is .+: it takes a duration from 0 to 100000000000000 ms, as 1000 or "5 seconds"$/
      )
      return
    }
    assert.fail("it was read")
  })
}

it("a field that takes Infinity says what it means, and its least is in the message", () => {
  const refused = (input: unknown) => () => readDuration("timeout of drive", input, { least: 1, infinity: "for none" })
  assert.throws(
    refused("soon"),
    "timeout of drive is \"soon\": it takes a duration from 1 to 100000000000000 ms, as 1000 or \"5 seconds\", or Infinity for none"
  )
  for (const input of [0, 0.5, "1 micros", Number.NaN, -Infinity]) assert.throws(refused(input), InvalidDuration)
})

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const Cars = Stepped.actions(Car, [Stepped.action("drive", { timeout: Infinity }).step(() => Effect.void)])

it.effect("a worker's grace period is read before it starts", () =>
  Effect.gen(function*() {
    const layer = yield* Layer.build(Cars.layer.pipe(Layer.provideMerge(embedded.layer())))
    for (const gracePeriod of ["soon" as never, Number.NaN, -1, Infinity]) {
      const error = yield* Layer.build(Stepped.worker({ gracePeriod })).pipe(Effect.provide(layer), Effect.flip)
      assert.strictEqual(error._tag, "InvalidOption")
      assert.match(error.message, /^gracePeriod is .+: it takes a duration from 0 to/)
    }
    // and with a timeout of Infinity there is none
    const handle = yield* Effect.provide(Effect.flatMap(Cars.client, (car) => car(1).driveNow()), layer)
    yield* handle.await
    assert.isDefined(yield* Effect.provide(Effect.map(Engine, (engine) => engine.find("Car", "drive")), layer))
  }).pipe(Effect.scoped))
