/** An actor with thirty actions, of which each enqueues another: what a grown program looks like to the compiler. */
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Context, Effect, type Layer, Schema } from "effect"
import * as Stepped from "./surface.ts"
import { type Engine, Step } from "./surface.ts"

class Garage extends Context.Service<Garage, { readonly touch: Effect.Effect<void> }>()("Garage") {}
class Broken extends Schema.TaggedError<Broken>()("Broken", { part: Schema.String }) {}
class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

const Report = Schema.Struct({ miles: Schema.Int, at: Schema.Date, notes: Schema.Array(Schema.String) })
const options = { arguments: [Schema.Int, Schema.String], success: Report, error: Broken } as const

const accelerate = Stepped.action("accelerate", options)
const brake = Stepped.action("brake", options)
  .step("first", (miles, at) => Step.do(accelerate, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], accelerate, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const clean = Stepped.action("clean", options)
  .step("first", (miles, at) => Step.do(brake, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], brake, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const drive = Stepped.action("drive", options)
  .step("first", (miles, at) => Step.do(clean, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], clean, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const enter = Stepped.action("enter", options)
  .step("first", (miles, at) => Step.do(drive, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], drive, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const fuel = Stepped.action("fuel", options)
  .step("first", (miles, at) => Step.do(enter, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], enter, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const greet = Stepped.action("greet", options)
  .step("first", (miles, at) => Step.do(fuel, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], fuel, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const honk = Stepped.action("honk", options)
  .step("first", (miles, at) => Step.do(greet, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], greet, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const idle = Stepped.action("idle", options)
  .step("first", (miles, at) => Step.do(honk, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], honk, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const jumpStart = Stepped.action("jumpStart", options)
  .step("first", (miles, at) => Step.do(idle, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], idle, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const kick = Stepped.action("kick", options)
  .step("first", (miles, at) => Step.do(jumpStart, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], jumpStart, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const load = Stepped.action("load", options)
  .step("first", (miles, at) => Step.do(kick, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], kick, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const measure = Stepped.action("measure", options)
  .step("first", (miles, at) => Step.do(load, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], load, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const navigate = Stepped.action("navigate", options)
  .step("first", (miles, at) => Step.do(measure, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], measure, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const open = Stepped.action("open", options)
  .step("first", (miles, at) => Step.do(navigate, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], navigate, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const park = Stepped.action("park", options)
  .step("first", (miles, at) => Step.do(open, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], open, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const queue = Stepped.action("queue", options)
  .step("first", (miles, at) => Step.do(park, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], park, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const repair = Stepped.action("repair", options)
  .step("first", (miles, at) => Step.do(queue, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], queue, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const signal = Stepped.action("signal", options)
  .step("first", (miles, at) => Step.do(repair, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], repair, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const tow = Stepped.action("tow", options)
  .step("first", (miles, at) => Step.do(signal, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], signal, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const unload = Stepped.action("unload", options)
  .step("first", (miles, at) => Step.do(tow, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], tow, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const visit = Stepped.action("visit", options)
  .step("first", (miles, at) => Step.do(unload, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], unload, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const wash = Stepped.action("wash", options)
  .step("first", (miles, at) => Step.do(visit, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], visit, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const examine = Stepped.action("examine", options)
  .step("first", (miles, at) => Step.do(wash, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], wash, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const yieldWay = Stepped.action("yieldWay", options)
  .step("first", (miles, at) => Step.do(examine, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], examine, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const zoom = Stepped.action("zoom", options)
  .step("first", (miles, at) => Step.do(yieldWay, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], yieldWay, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const lock = Stepped.action("lock", options)
  .step("first", (miles, at) => Step.do(zoom, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], zoom, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const unlock = Stepped.action("unlock", options)
  .step("first", (miles, at) => Step.do(lock, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], lock, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const inspect = Stepped.action("inspect", options)
  .step("first", (miles, at) => Step.do(unlock, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], unlock, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))
const sell = Stepped.action("sell", options)
  .step("first", (miles, at) => Step.do(inspect, miles, at))
  .step("second", (miles, at, { first }) => Step.on([Car.ref(first.miles), null], inspect, miles, at))
  .step((_miles, _at, { first, second }) => Effect.as(Garage, second[0] ?? first))

const Cars = Stepped.actions(Car, [
  accelerate,
  brake,
  clean,
  drive,
  enter,
  fuel,
  greet,
  honk,
  idle,
  jumpStart,
  kick,
  load,
  measure,
  navigate,
  open,
  park,
  queue,
  repair,
  signal,
  tow,
  unload,
  visit,
  wash,
  examine,
  yieldWay,
  zoom,
  lock,
  unlock,
  inspect,
  sell
])

describe("thirty actions on one actor", () => {
  it("give a client of ninety methods", () => {
    type CarClient = Effect.Success<typeof Cars.client> extends (id: number) => infer C ? C : never
    const later = (car: CarClient) => car.sellLater(1, "here")
    expectTypeOf<Parameters<CarClient["sell"]>>().toEqualTypeOf<[number, string]>()
    expectTypeOf<Effect.Success<ReturnType<CarClient["zoom"]>>>().toEqualTypeOf<typeof Report.Type>()
    // @ts-expect-error there is no such action
    const none = (car: CarClient) => car.fly(1, "here")
    assert.isFunction(later)
    assert.isFunction(none)
    assert.lengthOf(Cars.own, 30)
  })

  it("need one method and one service", () => {
    const live = Cars.toLayer(Effect.succeed({
      accelerate: (miles, at) => Effect.succeed({ miles, at: new Date(0), notes: [at] })
    }))
    expectTypeOf(live).toEqualTypeOf<Layer.Layer<never, never, Engine | Garage>>()
  })
})
