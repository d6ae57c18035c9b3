/** Schemas whose own code throws. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema, SchemaTransformation } from "effect"
import { Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"

const throwing = (side: "decode" | "encode") => {
  const plain = (text: string) => text
  const broken = (_: string): string => {
    throw new Error(`${side} is broken`)
  }
  return Schema.String.pipe(Schema.decodeTo(
    Schema.String,
    SchemaTransformation.transform({
      decode: side === "decode" ? broken : plain,
      encode: side === "encode" ? broken : plain
    })
  ))
}

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const reads = Stepped.action("reads", { arguments: [throwing("decode")] }).step(() => Effect.void)
const writes = Stepped.action("writes", { success: throwing("encode") }).step(() => Effect.succeed("a"))
const fine = Stepped.action("fine").step(() => Effect.void)
const Cars = Stepped.actions(Car, [reads, writes, fine])

suite("a schema that throws", (engine) => {
  it.effect("fails its action, and nobody else's", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const read = yield* cars(1).readsLater("x")
      const written = yield* cars(2).writesLater()
      const other = yield* cars(3).fineLater()
      yield* performSteppedActions()
      yield* other.await
      assert.match((yield* Effect.flip(read.await)).message, /decode is broken/)
      assert.match((yield* Effect.flip(written.await)).message, /encode is broken/)
      yield* healthy
    }).pipe(Effect.provide(Cars.layer.pipe(Layer.provideMerge(engine.layer())))))
})
