import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Option, Schema, Scope } from "effect"
import { action } from "../src/Action.ts"
import { actions, after, prependStep } from "../src/Actions.ts"
import { Actor } from "../src/Actor.ts"
import { complete } from "../src/Client.ts"
import { type AnyClients, Engine } from "../src/Engine.ts"
import { Outcome } from "../src/Outcome.ts"
import { Step } from "../src/Step.ts"
import { DefinitionError } from "../src/SteppedError.ts"

class Garage extends Context.Service<Garage, { readonly name: string }>()("Garage") {}
class Car extends Actor<Car>()("Car", { id: Schema.Int }) {}
class Van extends Actor<Van>()("Van", { extends: Car }) {}
const honk = action("honk")
const drive = action("drive", { arguments: [Schema.Int] })
const park = action("park").step(() => Step.do(honk))
const Cars = actions(Car, [honk, drive, park])

type Asked = Pick<Engine["Service"], "register" | "addCallback" | "prependStep" | "client" | "complete">
type Calls = { readonly [K in keyof Asked]: Array<Parameters<Asked[K]>> }

/** An engine that does nothing but write down what it is asked. */
const recording = () => {
  const calls: Calls = { register: [], addCallback: [], prependStep: [], client: [], complete: [] }
  const asked: Asked = {
    register: (...args) => Effect.sync(() => void calls.register.push(args)),
    addCallback: (...args) => Effect.sync(() => void calls.addCallback.push(args)),
    prependStep: (...args) => Effect.sync(() => void calls.prependStep.push(args)),
    client: (...args) => {
      calls.client.push(args)
      const clients: AnyClients = Object.assign((id: unknown) => ({ honk: () => Effect.succeed(id) }), {
        enqueueMany: () => Effect.succeed([]),
        with: () => clients
      })
      return clients
    },
    complete: (...args) =>
      Effect.sync(() => {
        calls.complete.push(args)
        return Option.some("id")
      })
  }
  const layer = Layer.succeed(Engine, asked as Engine["Service"])
  const build = <E>(other: Layer.Layer<never, E, Engine | Garage>) =>
    Effect.scoped(
      Layer.build(other.pipe(Layer.provide(layer), Layer.provide(Layer.succeed(Garage, { name: "north" }))))
    )
  return { calls, layer, build }
}

describe("the actions of an actor", () => {
  it.effect("are registered with their methods and the layer's services, but not its scope", () =>
    Effect.gen(function*() {
      const { build, calls } = recording()
      const methods = { honk: () => Effect.void, drive: () => Effect.void }
      yield* build(Cars.toLayer(Effect.as(Garage, methods)))
      const [registration] = calls.register[0]!
      assert.strictEqual(registration.actor.type, "Car")
      assert.deepStrictEqual(registration.actions, [honk, drive, park])
      assert.strictEqual(registration.methods, methods)
      assert.isUndefined(registration.inherits)
      assert.strictEqual(Context.getOrUndefined(registration.context, Garage)?.name, "north")
      assert.isUndefined(Context.getOrUndefined(registration.context, Scope.Scope))
    }))

  it.effect("need no methods when all have steps", () =>
    Effect.gen(function*() {
      const { build, calls } = recording()
      yield* build(actions(Car, [action("tour").step(() => Effect.void)]).layer)
      assert.deepStrictEqual(calls.register[0]![0].methods, {})
    }))

  it.effect("are called through a client", () =>
    Effect.gen(function*() {
      const { calls, layer } = recording()
      const client = yield* Effect.provide(Cars.client, layer)
      assert.strictEqual((yield* client(5).honk()) as unknown, 5)
      assert.deepStrictEqual(calls.client[0]!.map((argument) => Array.isArray(argument) ? argument.length : argument), [
        Car as never,
        3
      ])
    }))

  it("are refused where names meet", () => {
    const unchecked = actions as (actor: typeof Car, list: ReadonlyArray<unknown>) => unknown
    assert.throws(() => unchecked(Car, [honk, action("honk")]), DefinitionError, "Car lists the action honk twice")
    assert.throws(() => unchecked(Car, [honk, action("honkLater")]), DefinitionError, "Car cannot have honkLater")
    assert.throws(() => unchecked(Car, [action("honkNow"), honk]), DefinitionError, "Car cannot have honkNow")
  })

  it.effect("that contradict others are a defect of the layer", () =>
    Effect.gen(function*() {
      const error = new DefinitionError({ message: "twice" })
      const { layer } = recording()
      const refusing = Layer.effect(Engine, Effect.map(Engine, (engine) => ({ ...engine, register: () => error })))
        .pipe(
          Layer.provide(layer)
        )
      const methods = Effect.succeed({ honk: () => Effect.void, drive: () => Effect.void })
      const exit = yield* Effect.exit(Effect.scoped(Layer.build(Layer.provide(Cars.toLayer(methods), refusing))))
      assert.deepStrictEqual(exit, Exit.die(error))
    }))
})

describe("an actor that extends another", () => {
  const load = action("load")
  const ownPark = action("park").step(() => Step.do(load))
  const Vans = Cars.extend(Van, [load, ownPark])

  it.effect("registers its own actions, and names where the others come from", () =>
    Effect.gen(function*() {
      const { build, calls } = recording()
      yield* build(Vans.toLayer(Effect.succeed({ load: () => Effect.void })))
      const [registration] = calls.register[0]!
      assert.strictEqual(registration.actor.type, "Van")
      assert.deepStrictEqual(registration.actions, [load, ownPark])
      assert.strictEqual(registration.inherits, Cars)
    }))

  it.effect("has clients for all, where its own replace the inherited ones", () =>
    Effect.gen(function*() {
      const { calls, layer } = recording()
      yield* Effect.provide(Vans.client, layer)
      assert.deepStrictEqual(calls.client[0]![1], [honk, drive, load, ownPark])
    }))

  it("says so in its definition", () => {
    class Boat extends Actor<Boat>()("Boat", { id: Schema.Int }) {}
    assert.throws(() => Cars.extend(Boat, []), DefinitionError, "Boat does not extend Car")
  })
})

describe("another module", () => {
  it.effect("adds callbacks and steps with its own services", () =>
    Effect.gen(function*() {
      const { build, calls } = recording()
      const run = () => Effect.asVoid(Garage)
      yield* build(Layer.mergeAll(
        after(Cars, honk, [], run),
        after(Cars, drive, ["failed", "failed"], run, { name: "refund" }),
        prependStep(Cars, drive, "refuel", run),
        prependStep(Cars, drive, "check", run, { transactional: true })
      ))
      const all = ["succeeded", "failed", "cancelled", "timed_out"]
      assert.deepStrictEqual(calls.addCallback.map(([type, name, callback]) => [type, name, callback]), [
        ["Car", "honk", { name: undefined, statuses: all, run }],
        ["Car", "drive", { name: "refund", statuses: ["failed"], run }]
      ] as never)
      assert.deepStrictEqual(calls.prependStep.map(([type, name, step]) => [type, name, step]), [
        ["Car", "drive", {
          name: "refuel",
          kind: "prepended",
          body: run,
          transactional: false,
          result: undefined,
          policy: undefined
        }],
        ["Car", "drive", {
          name: "check",
          kind: "prepended",
          body: run,
          transactional: true,
          result: undefined,
          policy: undefined
        }]
      ])
      for (const [, , , context] of [...calls.addCallback, ...calls.prependStep]) {
        assert.strictEqual(Context.getOrUndefined(context, Garage)?.name, "north")
      }
    }))

  it.effect("completes outbound actions by actor and name, or by id", () =>
    Effect.gen(function*() {
      const { calls, layer } = recording()
      const charge = action("charge", { success: Schema.Int, outbound: true })
      const byName = complete(Car.ref(1), charge, Outcome.succeeded(5))
      assert.deepStrictEqual(yield* Effect.provide(byName, layer), Option.some("id"))
      yield* Effect.provide(complete("some-id", charge, Outcome.failed()), layer)
      assert.deepStrictEqual(calls.complete.map(([target, { name }, outcome]) => [String(target), name, outcome]), [
        ["Car/1", "charge", { status: "succeeded", result: 5 }],
        ["some-id", "charge", { status: "failed" }]
      ])
    }))
})
