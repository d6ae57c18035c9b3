/** What logs and traces say of user code. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Logger, Option, References, Schema, Tracer } from "effect"
import { Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { embedded } from "../harness/databases.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const visit = Stepped.action("visit", { arguments: [Schema.String] })
  .before(() => Effect.log("before"))
  .step("move", (where) => Effect.withSpan(Effect.log(`to ${where}`), "inner"))
  .succeeded(() => Effect.log("callback"))
const Cars = Stepped.actions(Car, [visit])

it.effect("what user code logs says which action it runs for", () => {
  const lines: Array<readonly [unknown, Readonly<Record<string, unknown>>]> = []
  const logger = Logger.make(({ fiber, message }) => {
    lines.push([message, fiber.getRef(References.CurrentLogAnnotations)])
  })
  return Effect.gen(function*() {
    const { id } = yield* (yield* Cars.client)(7).visitLater("London")
    yield* performSteppedActions()
    const of = { action: "Car/visit", actorId: "7", actionId: id }
    assert.deepStrictEqual(lines, [
      [["before"], of],
      [["to London"], { ...of, step: "move" }],
      [["callback"], { ...of, callback: "Car:succeeded:1" }]
    ])
  }).pipe(Effect.provide(Layer.mergeAll(Layer.provideMerge(Cars.layer, embedded.layer()), Logger.layer([logger]))))
})

it.effect("where there is a tracer, user code has a span, which is the parent of its own", () => {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  return Effect.gen(function*() {
    const { id } = yield* (yield* Cars.client)(7).visitLater("London")
    yield* performSteppedActions()
    const step = spans.find(({ name }) => name === "stepped.step visit.move")!
    assert.deepStrictEqual(Object.fromEntries(step.attributes), {
      "stepped.action": "Car/visit",
      "stepped.actor_id": "7",
      "stepped.action_id": id
    })
    const inner = spans.find(({ name }) => name === "inner")!
    assert.strictEqual(inner.traceId, step.traceId)
    assert.strictEqual(Option.getOrThrow(inner.parent).spanId, step.spanId)
    const names = spans.map(({ name }) => name)
    assert.includeMembers(names, ["stepped.before visit", "stepped.callback visit.Car:succeeded:1"])
  }).pipe(
    Effect.provide(Layer.provideMerge(Cars.layer, embedded.layer())),
    Effect.withTracer(tracer)
  )
})
