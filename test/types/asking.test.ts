/** What the compiler infers of what a body asks for: read by `tsc`, and run so that nothing here is only a type. */
import { describe, expectTypeOf, it } from "@effect/vitest"
import { Effect, type Layer, Option, Result, Schema } from "effect"
import type { Owns } from "../../src/Action.ts"
import type { Child } from "../../src/Child.ts"
import type { Engine } from "../../src/Engine.ts"
import type { Attempt, Starter } from "../../src/Step.ts"
import type * as Errors from "../../src/SteppedError.ts"
import * as Stepped from "./surface.ts"
import { Step } from "./surface.ts"

class NoParking extends Schema.TaggedError<NoParking>()("NoParking", { at: Schema.String }) {}
class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const Trip = Schema.Struct({ miles: Schema.Int, at: Schema.Date })
const drive = Stepped.action("drive", { arguments: [Schema.Int], success: Trip, error: NoParking })
const honk = Stepped.action("honk")
type Drives = Result.Result<typeof Trip["Type"], NoParking | Errors.AttemptError>

describe("an attempted child", () => {
  it("stands for its success, its own error, or why it gave neither", () => {
    const own = () => Step.attempt(drive, 5)
    expectTypeOf(own).returns.toEqualTypeOf<Effect.Effect<Child<Drives>, never, Step | Owns<"drive">>>()
    const others = () => Step.with({ priority: 1 }).attemptOn([Car.ref(1), null], drive, 5)
    expectTypeOf(others).returns.toEqualTypeOf<Effect.Effect<ReadonlyArray<Attempt<typeof drive>>, never, Step>>()
    expectTypeOf(() => Step.attempt(honk)).returns.toEqualTypeOf<
      Effect.Effect<Child<Result.Result<void, Errors.AttemptError>>, never, Step | Owns<"honk">>
    >()
    // @ts-expect-error it takes the action's arguments
    void (() => Step.attempt(drive, "far"))
  })

  it("settles anywhere in the value, and its errors may be passed on undeclared, but for its own", () => {
    const passing = Stepped.action("passing", { success: Schema.Int, error: NoParking })
      .step("tried", () =>
        Effect.map(
          Effect.all([Step.attempt(drive, 1), Step.attemptOn([], honk)]),
          ([mine, all]) => ({ deep: [{ mine }], all })
        ))
      .step(({ tried }) => {
        expectTypeOf(tried.deep[0]!.mine).toEqualTypeOf<Drives>()
        expectTypeOf(tried.all).toEqualTypeOf<ReadonlyArray<Result.Result<void, Errors.AttemptError>>>()
        return Effect.map(Effect.fromResult(tried.deep[0]!.mine), ({ miles }) => miles)
      })
    Stepped.actions(Car, [drive, honk, passing])
    Stepped.action("undeclared")
      .step("tried", () => Step.attempt(drive, 1))
      // @ts-expect-error the action does not declare NoParking
      .step(({ tried }) => Effect.fromResult(tried))
  })

  it("may be the last thing, for an action that gives how it went, in place too", () => {
    Stepped.actions(Car, [
      drive,
      Stepped.action("went", { success: Schema.Result(Trip, Schema.Union([NoParking, Schema.Never])) }).step(() =>
        Effect.succeed(Result.fail(new NoParking({ at: "here" })))
      ),
      Stepped.action("option", { success: Schema.Boolean })
        .step("tried", () => Step.attempt(drive, 1))
        .step(({ tried }) => Effect.succeed(Option.isSome(Result.getSuccess(tried))))
    ])
  })
})

describe("what a step does once", () => {
  const now = Effect.succeed(new Date(0))
  it("gives what it gives, with the effect's errors and services, and those of keeping it", () => {
    const fails = Effect.fail(new NoParking({ at: "here" })) as Effect.Effect<{ readonly miles: number }, NoParking>
    expectTypeOf(() => Step.once("trip", fails)).returns.toEqualTypeOf<
      Effect.Effect<{ readonly miles: number }, NoParking | Errors.MemoError | Errors.StorageError, Step>
    >()
    expectTypeOf(() => Step.once("at", now, { result: Schema.Date })).returns.toEqualTypeOf<
      Effect.Effect<Date, Errors.MemoError | Errors.StorageError, Step>
    >()
    Stepped.action("pay", { error: NoParking }).step("trip", () => Step.once("trip", fails))
  })

  it("is JSON, or fits its schema, and asks nothing of the step", () => {
    // @ts-expect-error JSON does not hold a date
    void (() => Step.once("at", now))
    // @ts-expect-error the schema does not hold it
    void (() => Step.once("at", now, { result: Schema.Int }))
    // @ts-expect-error the step is not there
    void (() => Step.once("child", Step.do(honk)))
    // @ts-expect-error nor is what starts
    void (() => Step.once("start", Step.start(honk)))
  })
})

describe("what is started", () => {
  it("gives its id, in bodies and callbacks", () => {
    expectTypeOf(() => Step.start(drive, 5)).returns.toEqualTypeOf<
      Effect.Effect<string, never, Starter | Owns<"drive">>
    >()
    expectTypeOf(() => Step.with({ delay: "1 hour" }).startOn([Car.ref(1), null], drive, 5)).returns.toEqualTypeOf<
      Effect.Effect<ReadonlyArray<string>, never, Starter>
    >()
  })

  it("asks for nothing that the engine does not give, in bodies, methods, callbacks and those of other modules", () => {
    const move = Stepped.action("move")
    const sell = Stepped.action("sell")
      .before(() => Effect.void)
      .step(() => Effect.andThen(Step.start(honk), Step.do(honk)))
      .succeeded(() => Step.start(honk))
      .after(["failed"], () => Step.startOn(Car.ref(1), honk))
      .cancelled((outcome) => Effect.andThen(Effect.log(outcome.status), Step.start(honk)))
    const Cars = Stepped.actions(Car, [
      sell,
      Stepped.action("honk").step(() => Effect.void).succeeded(() => Step.start(move)),
      move
    ])
    const live = Cars.toLayer(Effect.succeed({ move: () => Effect.asVoid(Step.start(honk)) }))
    expectTypeOf(live).toEqualTypeOf<Layer.Layer<never, never, Engine>>()
    const added = Stepped.after(Cars, sell, ["succeeded"], () => Step.start(honk))
    expectTypeOf(added).toEqualTypeOf<Layer.Layer<never, never, Engine>>()
    const prepended = Stepped.prependStep(Cars, sell, "first", () => Step.start(honk))
    expectTypeOf(prepended).toEqualTypeOf<Layer.Layer<never, never, Engine>>()
  })
})
