/** Actions whose bodies are each worker's own: tests and worker processes have the definitions in common. */
import { Context, Effect, Layer, Schema } from "effect"
import { Step, Stepped } from "stepped"

/** What bodies do. */
export class Garage extends Context.Service<Garage, {
  readonly run: (what: string) => Effect.Effect<void>
}>()("test/Garage") {}

export class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
export class Van extends Stepped.Actor<Van>()("Van", { id: Schema.Int }) {}

const run = (what: string) => Effect.flatMap(Garage, (garage) => garage.run(what))

export const work = Stepped.action("work", { arguments: [Schema.String] }).step("only", (what) => run(what))
export const rush = Stepped.action("rush", { arguments: [Schema.String], timeout: "10 minutes" }).step(
  "only",
  (what) => run(what)
)
export const trip = Stepped.action("trip", { arguments: [Schema.String, Schema.String] })
  .step("first", (first) => run(first))
  .step("second", (_, second) => run(second))
export const haul = Stepped.action("haul", { arguments: [Schema.String], queue: "heavy" }).step(
  "only",
  (what) => run(what)
)
/** What it waits for is another queue's. */
export const convoy = Stepped.action("convoy", { arguments: [Schema.String, Schema.String] })
  .step("hauled", (first) => Step.do(haul, first))
  .step("after", (_, second) => run(second))
/** Fails once it has done two things, which are undone; what undoes the first one is said. */
export const lend = Stepped.action("lend", { arguments: [Schema.String] })
  .step("first", () => run("first"), { compensate: (_void, what) => run(what) })
  .step("second", () => run("second"), { compensate: () => run("undo second") })
  .step("third", () => Effect.die("no key"))
/** Has attempts of its own: fewer than the engine, and more. */
export const brittle = Stepped.action("brittle", { arguments: [Schema.String], attempts: 2 }).step(
  "only",
  (what) => run(what)
)
export const sturdy = Stepped.action("sturdy", { arguments: [Schema.String], attempts: 9 }).step(
  "only",
  (what) => run(what)
)
export const parcel = Stepped.action("parcel", { arguments: [Schema.String] }).step("only", (what) => run(what))

export const Cars = Stepped.actions(Car, [work, rush, trip, haul, convoy, lend, brittle, sturdy])
export const Vans = Stepped.actions(Van, [parcel])

export const layerCars = (body: (what: string) => Effect.Effect<void>) =>
  Cars.toLayer(Effect.succeed({})).pipe(Layer.provide(Layer.succeed(Garage, { run: body })))
export const layerVans = (body: (what: string) => Effect.Effect<void>) =>
  Vans.toLayer(Effect.succeed({})).pipe(Layer.provide(Layer.succeed(Garage, { run: body })))
