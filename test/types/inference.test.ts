/** What the compiler infers: read by `tsc`, and run so that nothing here is only a type. */
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { type Cause, Context, type Duration, Effect, type Layer, Option, Schedule, Schema, type Scope } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { Action, Job, JobAction, NoSteps, Outbound, OutboundMethod, Owns } from "../../src/Action.ts"
import type { ActionHandle } from "../../src/ActionHandle.ts"
import type { ActorRef } from "../../src/Actor.ts"
import type { Child, Settled } from "../../src/Child.ts"
import type { Explanation } from "../../src/Explanation.ts"
import type { StepFailure } from "../../src/Retry.ts"
import type { StepValue } from "../../src/StepDefinition.ts"
import type * as Errors from "../../src/SteppedError.ts"
import * as Stepped from "./surface.ts"
import { type Engine, Step } from "./surface.ts"

class Garage extends Context.Service<Garage, {
  readonly touch: (car: number) => Effect.Effect<void>
  readonly move: (car: number, to: string) => Effect.Effect<void>
}>()("Garage") {}
class Meter extends Context.Service<Meter, { readonly read: Effect.Effect<string> }>()("Meter") {}
class NoParking extends Schema.TaggedError<NoParking>()("NoParking", { at: Schema.String }) {}
class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
class Depot extends Stepped.Actor<Depot>()("Depot", { id: Schema.String }) {}

const Trip = Schema.Struct({ miles: Schema.Int, at: Schema.Date })
const drive = Stepped.action("drive", { arguments: [Schema.Int], success: Trip })
const honk = Stepped.action("honk")
const changeLocation = Stepped.action("changeLocation", {
  arguments: [Schema.String],
  error: NoParking,
  success: Schema.String
})

type WaitError = Errors.EnqueueError | Errors.WaitError
type ServicesOf<A> = A extends { readonly "~stepped/types": { readonly services: (_: never) => infer R } } ? R : never
type ResultsOf<A> = A extends { readonly "~stepped/types": { readonly results: infer R } }
  ? { readonly [K in keyof R]: R[K] }
  : never

describe("an action", () => {
  it("has its schemas as types", () => {
    expectTypeOf(honk).toEqualTypeOf<
      Action<"honk", [], Schema.Void, Schema.Never, NoSteps, {}, never>
    >()
    expectTypeOf(changeLocation.name).toEqualTypeOf<"changeLocation">()
    expectTypeOf(changeLocation.arguments).toEqualTypeOf<readonly [Schema.String]>()
    expectTypeOf(changeLocation.success.Type).toEqualTypeOf<string>()
    expectTypeOf(changeLocation.error.Type).toEqualTypeOf<NoParking>()
  })

  it("computes keys, checksums and timeouts from its arguments, and collects the services of effectful ones", () => {
    const measured = Stepped.action("measured", {
      arguments: [Schema.Int, Schema.String],
      checksum: (miles, at) => {
        expectTypeOf(miles).toEqualTypeOf<number>()
        expectTypeOf(at).toEqualTypeOf<string>()
        return Effect.flatMap(Meter, (meter) => meter.read)
      },
      concurrencyKey: (miles) => Effect.map(Car, (car) => ["Car", car.id, miles]),
      checksumKey: (_miles, at) => ["Car", at],
      timeout: (miles) => `${miles} seconds`
    })
    expectTypeOf<ServicesOf<typeof measured>>().toEqualTypeOf<Meter | Car>()
    const plain = Stepped.action("plain", {
      arguments: [Schema.Int],
      checksum: (miles) => ({ miles }),
      timeout: "1 hour"
    })
    expectTypeOf<ServicesOf<typeof plain>>().toEqualTypeOf<never>()
    Stepped.action("shared", {
      arguments: [Schema.String, Schema.Int],
      fairBy: (customer, count) => {
        expectTypeOf(count).toEqualTypeOf<number>()
        return customer
      }
    })
    // @ts-expect-error: the queue has to know of it before any worker does
    Stepped.action("shared", { fairBy: () => Effect.succeed("somebody") })
  })

  it("receives its arguments and the results of named steps, with children settled", () => {
    const visit = Stepped.action("visit", { arguments: [Schema.String], success: Schema.String })
      .step("move", (location) => {
        expectTypeOf(location).toEqualTypeOf<string>()
        return Step.do(changeLocation, location)
      })
      .step("trip", (location, { move }) => {
        expectTypeOf(move).toEqualTypeOf<string>()
        return Effect.gen(function*() {
          const own = yield* Step.do(drive, 5)
          const others = yield* Step.on([Car.ref(2), null], drive, 3)
          return { own, others, deep: { inside: [own] }, from: location, maybe: others[0] }
        })
      })
      .step((_location, results) => {
        type Miles = { readonly miles: number; readonly at: Date }
        expectTypeOf(results.trip.own).toEqualTypeOf<Miles>()
        expectTypeOf(results.trip.others).toEqualTypeOf<ReadonlyArray<Miles>>()
        expectTypeOf(results.trip.deep.inside[0]).toEqualTypeOf<Miles | undefined>()
        expectTypeOf(results.trip.maybe).toEqualTypeOf<Miles | undefined>()
        expectTypeOf(results.trip.from).toEqualTypeOf<string>()
        return Effect.succeed(results.move)
      })
    expectTypeOf<keyof ResultsOf<typeof visit>>().toEqualTypeOf<"move" | "trip">()
    expectTypeOf<ServicesOf<typeof visit>>().toEqualTypeOf<Step | Owns<"changeLocation"> | Owns<"drive">>()
    assert.deepStrictEqual(visit.definition.steps.map((step) => step.name), ["move", "trip", "3"])
  })

  it("takes bodies made with Effect.fn and Effect.gen", () => {
    const tour = Stepped.action("tour", { arguments: [Schema.Int], success: Schema.Int })
      .step(
        "first",
        Effect.fn("first")(function*(miles) {
          expectTypeOf(miles).toEqualTypeOf<number>()
          return yield* Step.do(drive, miles)
        })
      )
      .step(Effect.fn(function*(_miles, { first }) {
        expectTypeOf(first.miles).toEqualTypeOf<number>()
        yield* Meter
        return first.miles
      }))
    expectTypeOf<ServicesOf<typeof tour>>().toEqualTypeOf<Step | Owns<"drive"> | Meter>()
  })

  it("accepts failures of the infrastructure undeclared, and its own errors declared", () => {
    Stepped.action("park", { error: NoParking })
      .step(() => Effect.fail(new NoParking({ at: "London" })))
      .step(() => Effect.succeed(1) as Effect.Effect<number, SqlError | Schema.SchemaError | Errors.StorageError>)
    const parked = Stepped.action("park").step(() => Effect.succeed(1))
    // @ts-expect-error the error is not declared
    parked.step(() => Effect.fail(new NoParking({ at: "London" })))
    // @ts-expect-error nor is it beside a declared one
    Stepped.action("p", { error: NoParking }).step(() => Effect.fail("no" as string | NoParking))
    // @ts-expect-error nor in a body that reads results
    parked.step("a", () => Effect.succeed(1)).step(({ a }) => Effect.fail(a))
  })
})

describe("a step's result", () => {
  interface Place {
    readonly name: string
    readonly near?: ReadonlyArray<Place>
  }
  class Sign extends Schema.Class<Sign>("Sign")({ text: Schema.String }) {
    get loud() {
      return this.text.toUpperCase()
    }
  }
  const read = Stepped.action("read", { success: Sign })
  const look = Stepped.action("look", { success: Schema.OptionFromNullOr(Schema.Date) })
  const start = Stepped.action("start")

  it("may be of an interface, a recursive one too, or hold children of any type", () => {
    const looked = start
      .step("place", () => Effect.succeed<Place>({ name: "London" }))
      .step("sign", () => Step.do(read))
      .step("both", () => Effect.all({ sign: Step.do(read), seen: Step.do(look) }))
      .step("pair", () => Effect.all([Step.do(read), Step.do(look)]))
      .step("nothing", () => Effect.void)
      .step("literal", () => Effect.succeed({ kind: "a" as "a" | "b", n: null, u: undefined as string | undefined }))
    type Results = ResultsOf<typeof looked>
    expectTypeOf<Results["place"]>().toEqualTypeOf<Place>()
    expectTypeOf<Results["sign"]>().toEqualTypeOf<Sign>()
    expectTypeOf<Results["both"]>().toEqualTypeOf<
      { readonly sign: Sign; readonly seen: Option.Option<Date> }
    >()
    expectTypeOf<Results["pair"]>().toEqualTypeOf<readonly [Sign, Option.Option<Date>]>()
    expectTypeOf<Results["nothing"]>().toEqualTypeOf<void>()
    expectTypeOf<Results["literal"]["kind"]>().toEqualTypeOf<"a" | "b">()
    expectTypeOf<Settled<Sign | Child<Sign> | undefined>>().toEqualTypeOf<Sign | undefined>()
  })

  it("is JSON, or has a schema", () => {
    const at = () => Effect.succeed(new Date(0))
    // @ts-expect-error a date is no JSON
    start.step("at", at)
    // @ts-expect-error nor inside an object
    start.step("at", () => Effect.map(at(), (date) => ({ date })))
    // @ts-expect-error nor is a map
    start.step("at", () => Effect.succeed(new Map<string, number>()))
    // @ts-expect-error nor a class with methods
    start.step("at", () => Effect.succeed(Option.some(1)))
    // @ts-expect-error nor a bigint
    start.step("at", () => Effect.succeed({ n: 1n }))
    // @ts-expect-error an array gives null for undefined
    start.step("at", () => Effect.succeed([1, undefined]))
    const stamped = start.step("at", at, { result: Schema.Date }).step("unnamed", ({ at }) => {
      expectTypeOf(at).toEqualTypeOf<Date>()
      return Effect.succeed(at.getTime())
    })
    expectTypeOf<ResultsOf<typeof stamped>["at"]>().toEqualTypeOf<Date>()
    // @ts-expect-error the schema holds something else
    start.step("at", at, { result: Schema.String })
    // @ts-expect-error also for a body that reads results
    stamped.step("again", ({ at }) => Effect.succeed(at), { result: Schema.String })
    // @ts-expect-error children settle in steps without a schema
    start.step("at", () => Step.do(read), { result: Sign })
    // without a name nobody receives it
    start.step(at)
  })

  it("may be anything in the last step, whose value is the success", () => {
    const timed = Stepped.action("timed", { success: Schema.Date }).step("now", () => Effect.succeed(new Date(0)))
    Stepped.actions(Car, [timed])
    // @ts-expect-error a later step does not receive what was not stored
    timed.step(({ now }) => Effect.succeed(now.getTime()))
  })

  it("keeps its type when it is any, unknown or never", () => {
    const loose = start
      .step("any", () => Effect.succeed<any>(1))
      .step("never", () => Effect.die("no"))
      .succeeded(() => Effect.void)
      .step(({ any }) => Effect.succeed(any))
    expectTypeOf<ResultsOf<typeof loose>["any"]>().toBeAny()
    Stepped.actions(Car, [loose])
  })
})

describe("a step that is a value", () => {
  const reserve = Stepped.step(
    "reserve",
    Effect.fn(function*(parcel: string) {
      if (parcel === "") return yield* new NoParking({ at: parcel })
      yield* Meter
      return new Date(0)
    }),
    { result: Schema.Date }
  )
  const weigh = Stepped.step("weigh", () => Step.do(drive, 5))

  it("has the types of its body", () => {
    expectTypeOf(reserve).toEqualTypeOf<StepValue<"reserve", [parcel: string], Date, NoParking, Meter>>()
    expectTypeOf(weigh.named("again")).toEqualTypeOf<
      StepValue<"again", [], { readonly miles: number; readonly at: Date }, never, Step | Owns<"drive">>
    >()
  })

  it("gives them to the actions that take it", () => {
    const send = Stepped.action("send", { arguments: [Schema.String, Schema.Int], error: NoParking })
      .use(reserve)
      .use(weigh)
      .use(reserve.named("again"))
      .step("wrap", (parcel, count, { again, reserve, weigh }) => {
        expectTypeOf(parcel).toEqualTypeOf<string>()
        expectTypeOf(count).toEqualTypeOf<number>()
        expectTypeOf(reserve).toEqualTypeOf<Date>()
        expectTypeOf(again).toEqualTypeOf<Date>()
        expectTypeOf(weigh.miles).toEqualTypeOf<number>()
        return Effect.asVoid(Garage)
      })
    expectTypeOf<ServicesOf<typeof send>>().toEqualTypeOf<Meter | Step | Owns<"drive"> | Garage>()
    const Sends = Stepped.actions(Car, [drive, send])
    expectTypeOf(Sends.toLayer(Effect.succeed({ drive: () => Effect.die("unused") }))).toEqualTypeOf<
      Layer.Layer<never, never, Engine | Meter | Garage>
    >()
  })

  it("gives the success where it is the last one, and keeps its types in actions that are written in place", () => {
    const Inline = Stepped.actions(Car, [
      Stepped.action("reserve", { arguments: [Schema.String], success: Schema.Date, error: NoParking }).use(reserve)
    ])
    expectTypeOf(Inline.layer).toEqualTypeOf<Layer.Layer<never, never, Engine | Meter>>()
    const named = Stepped.action("count", { success: Schema.Int }).use(Stepped.step("name", () => Effect.succeed("")))
    // @ts-expect-error the last step gives something else
    Stepped.actions(Car, [named])
    const outbound = Stepped.action("hand", { arguments: [Schema.String], error: NoParking, outbound: true }).use(
      reserve
    )
    expectTypeOf<(typeof outbound)["~stepped/types"]["last"]>().toEqualTypeOf<Outbound>()
    // @ts-expect-error it has a job
    assert.throws(() => Stepped.action("tow", { job: () => Effect.void }).use(weigh))
  })

  it("has the services and errors of its condition, and may give nothing", () => {
    const asked = Stepped.step("asked", (parcel: string) => Effect.succeed(parcel), {
      when: (parcel) => parcel === "" ? Effect.fail(new NoParking({ at: parcel })) : Effect.as(Meter, true)
    })
    expectTypeOf(asked).toEqualTypeOf<
      StepValue<"asked", [parcel: string], string | undefined, NoParking, Meter>
    >()
    const passed = Stepped.step("passed", () => Effect.succeed(1), { mayFail: true })
    expectTypeOf(passed).toEqualTypeOf<StepValue<"passed", [], number | undefined, never, never>>()
  })

  it("is known by a name", () => {
    assert.strictEqual(weigh.name, "weigh")
    assert.strictEqual(weigh.named("again").name, "again")
    assert.throws(() => weigh.named("no name"), /no name/)
    assert.throws(() => Stepped.step("no name", () => Effect.void), /no name/)
    // @ts-expect-error the action has a step of this name
    assert.throws(() => Stepped.action("tour").use(weigh).use(weigh), /tour has two steps named weigh/)
    // @ts-expect-error so it has
    assert.throws(() => Stepped.action("tour").use(weigh).step("weigh", () => Effect.void), /two steps named weigh/)
  })

  it("gives what its schema holds, and nothing else that JSON does not hold", () => {
    // @ts-expect-error the schema holds something else
    Stepped.step("at", () => Effect.succeed("now"), { result: Schema.Date })
    // @ts-expect-error a date is no JSON
    Stepped.step("at", () => Effect.succeed(new Date(0)))
  })
})

describe("hooks and callbacks", () => {
  it("receive the arguments and the outcome", () => {
    const hooked = changeLocation
      .before((location) => {
        expectTypeOf(location).toEqualTypeOf<string>()
        return Effect.succeed({ arguments: [location.trim()] as [string] })
      })
      .succeeded((location, { result, status }) => {
        expectTypeOf(location).toEqualTypeOf<string>()
        expectTypeOf(result).toEqualTypeOf<string>()
        expectTypeOf(status).toEqualTypeOf<"succeeded">()
        return Garage
      })
      .failed((_location, { cause }) => {
        expectTypeOf(cause).toEqualTypeOf<NoParking | Errors.ActionFailed>()
        return Meter
      })
      .cancelled(() => Effect.void)
      .timedOut(() => Effect.void)
      .after([], (_location, outcome) => {
        if (outcome.status === "failed") expectTypeOf(outcome.cause).toEqualTypeOf<NoParking | Errors.ActionFailed>()
        expectTypeOf(outcome.result).toEqualTypeOf<string | undefined>()
        return Effect.void
      })
      .after((_location, { status }) => Effect.log(status))
    expectTypeOf<ServicesOf<typeof hooked>>().toEqualTypeOf<Garage | Meter>()
    assert.deepStrictEqual(hooked.definition.callbacks.map((callback) => callback.statuses), [
      ["succeeded"],
      ["failed"],
      ["cancelled"],
      ["timed_out"],
      ["succeeded", "failed", "cancelled", "timed_out"],
      ["succeeded", "failed", "cancelled", "timed_out"]
    ])
  })

  it("are given the results of the steps before them, each of which may be missing", () => {
    const packed = Stepped.action("pack", { success: Schema.String })
      .succeeded(({ results }) => {
        expectTypeOf(results).toEqualTypeOf<Effect.Effect<{}>>()
        return Effect.void
      })
      .step("crates", () => Effect.succeed(3))
      .step("at", () => Effect.succeed(new Date(0)), { result: Schema.Date })
      .failed((outcome) =>
        Effect.map(outcome.results, ({ at, crates }) => {
          expectTypeOf(crates).toEqualTypeOf<number | undefined>()
          expectTypeOf(at).toEqualTypeOf<Date | undefined>()
        })
      )
      .step(({ crates }) => Effect.succeed(`${crates} crates`))
    const Packers = Stepped.actions(Car, [packed])
    Stepped.after(Packers, packed, ["failed"], ({ results }) =>
      Effect.map(results, ({ crates }) => {
        expectTypeOf(crates).toEqualTypeOf<number | undefined>()
      }))
    // @ts-expect-error there is no step of that name
    packed.after(({ results }) => Effect.map(results, ({ bags }) => bags))
  })

  it("decide with before whether and how the action performs", () => {
    changeLocation.before(() => Effect.void)
    changeLocation.before(() => Effect.succeed({ cancel: true }))
    changeLocation.before((location) => Effect.succeed({ complete: location }))
    changeLocation.before((location) => Effect.succeed({ arguments: [location] }))
    changeLocation.before((location) => location === "" ? Effect.succeed({ cancel: true }) : Effect.void)
    // @ts-expect-error the arguments are others
    changeLocation.before(() => Effect.succeed({ arguments: [1] }))
    // @ts-expect-error the result is another
    changeLocation.before(() => Effect.succeed({ complete: 1 }))
  })

  it("have no step", () => {
    // @ts-expect-error a callback runs after all steps
    honk.succeeded(() => Step.do(honk))
    // @ts-expect-error for any status
    honk.after(["failed"], () => Step.wait("1 second"))
    // @ts-expect-error a hook runs before them
    honk.before(() => Step.markFailed)
  })
})

describe("outbound actions and jobs", () => {
  const charge = Stepped.action("charge", {
    arguments: [Schema.Int],
    success: Schema.String,
    error: NoParking,
    outbound: true
  })
  const tow = Stepped.action("tow", {
    arguments: [Schema.String],
    success: Schema.Int,
    error: NoParking,
    job: (job, location) => {
      expectTypeOf(job).toEqualTypeOf<Job<number, NoParking>>()
      expectTypeOf(location).toEqualTypeOf<string>()
      return location === "" ? job.retry("1 minute") : Effect.andThen(Meter, job.succeeded(5))
    }
  })

  it("are completed from outside, whatever their steps give", () => {
    expectTypeOf(charge).toEqualTypeOf<
      Action<"charge", readonly [Schema.Int], Schema.String, typeof NoParking, OutboundMethod, {}, never>
    >()
    const stepped = charge.step(() => Effect.succeed(5))
    expectTypeOf<(typeof stepped)["~stepped/types"]["last"]>().toEqualTypeOf<Outbound>()
    Stepped.actions(Car, [stepped])
    Stepped.actions(Car, [charge]).toLayer(Effect.succeed({ charge: () => Effect.void }))
    const completed = Stepped.complete(Car.ref(1), stepped, Stepped.Outcome.succeeded("receipt"))
    expectTypeOf(completed).toEqualTypeOf<Effect.Effect<Option.Option<string>, Errors.CompleteError, Engine>>()
    Stepped.complete("id", charge, Stepped.Outcome.failed(new NoParking({ at: "London" })))
    Stepped.complete("id", charge, Stepped.Outcome.failed())
    Stepped.complete("id", charge, Stepped.Outcome.cancelled)
    Stepped.complete("id", tow, Stepped.Outcome.timedOut)
    // @ts-expect-error it has a result
    Stepped.complete("id", charge, Stepped.Outcome.succeededVoid)
    // @ts-expect-error it has other errors
    Stepped.complete("id", charge, Stepped.Outcome.failed("no"))
    // @ts-expect-error it completes by itself
    Stepped.complete("id", honk, Stepped.Outcome.succeededVoid)
  })

  it("give a job made with Effect.fn its types, whatever schemas the action has", () => {
    const bare = Stepped.action("bare", {
      job: Effect.fn(function*(job) {
        expectTypeOf(job).toEqualTypeOf<Job<void, never>>()
        yield* Meter
        yield* job.succeeded()
      })
    })
    expectTypeOf(bare).toEqualTypeOf<JobAction<"bare", [], Schema.Void, Schema.Never, Meter>>()
    const paid = Stepped.action("paid", {
      success: Schema.String,
      arguments: [Schema.Int, Schema.Date],
      job: Effect.fn("pay")(function*(job, cents, at) {
        expectTypeOf(job).toEqualTypeOf<Job<string, never>>()
        expectTypeOf(cents).toEqualTypeOf<number>()
        expectTypeOf(at).toEqualTypeOf<Date>()
        // @ts-expect-error the result is a text
        yield* job.succeeded(1)
      })
    })
    expectTypeOf(paid).toEqualTypeOf<
      JobAction<"paid", readonly [Schema.Int, Schema.Date], Schema.String, Schema.Never, never>
    >()
    Stepped.action("towed", {
      arguments: [Schema.String],
      error: NoParking,
      job: Effect.fnUntraced(function*(job, location) {
        expectTypeOf(job).toEqualTypeOf<Job<void, NoParking>>()
        yield* location === "" ? new NoParking({ at: location }) : job.failed(new NoParking({ at: location }))
      })
    })
  })

  it("take the services of a job, and no steps", () => {
    expectTypeOf(tow).toEqualTypeOf<
      JobAction<"tow", readonly [Schema.String], Schema.Int, typeof NoParking, Meter>
    >()
    expectTypeOf(tow.succeeded(() => Garage)).toEqualTypeOf<
      JobAction<"tow", readonly [Schema.String], Schema.Int, typeof NoParking, Meter | Garage>
    >()
    // @ts-expect-error the job performs it
    assert.throws(() => tow.step(() => Effect.void))
    const endless = Stepped.action("endless", { job: (job) => job.retry("1 day" satisfies Duration.Input) })
    expectTypeOf(endless).toEqualTypeOf<JobAction<"endless", [], Schema.Void, Schema.Never, never>>()
    const loose = Stepped.action("loose", { job: () => Effect.succeed<any>(1) })
    expectTypeOf(loose).toEqualTypeOf<JobAction<"loose", [], Schema.Void, Schema.Never, never>>()
  })
})

describe("an actor", () => {
  it("is a tag whose value refers to the current one", () => {
    expectTypeOf(Car.ref(1)).toEqualTypeOf<ActorRef<"Car", number>>()
    expectTypeOf(Effect.map(Car, (car) => car.id)).toEqualTypeOf<Effect.Effect<number, never, Car>>()
    // @ts-expect-error ids are numbers
    const wrong = () => Car.ref("1")
    assert.isFunction(wrong)
  })

  it("travels as an argument", () => {
    const meet = Stepped.action("meet", { arguments: [Car.reference] }).step((other) => {
      expectTypeOf(other).toEqualTypeOf<ActorRef<"Car", number>>()
      return Step.on(other, honk)
    })
    Stepped.action("meetTwo", { arguments: [Car.reference] }).step((other) => Step.do(meet, other))
    // @ts-expect-error a depot is no car
    Stepped.action("meetDepot").step(() => Step.do(meet, Depot.ref("a")))
  })

  it("loads its row, of whatever shape the loader gives", () => {
    interface CarRow {
      readonly miles: number
    }
    const load = <A, E>() => (_id: number): Effect.Effect<A, E, Garage> => Effect.die("unused")
    class Optional extends Stepped.Actor<Optional>()("Optional", {
      id: Schema.Int,
      load: load<Option.Option<CarRow>, SqlError>()
    }) {}
    class Nullable
      extends Stepped.Actor<Nullable>()("Nullable", { id: Schema.Int, load: load<CarRow | null, never>() })
    {}
    class Found extends Stepped.Actor<Found>()("Found", {
      id: Schema.Int,
      load: load<CarRow, Cause.NoSuchElementError | Schema.SchemaError | SqlError>()
    }) {}
    expectTypeOf(Optional.row).toEqualTypeOf<
      Effect.Effect<CarRow, Errors.ActorNotFound | SqlError, Garage | Optional>
    >()
    expectTypeOf(Nullable.row).toEqualTypeOf<Effect.Effect<CarRow, Errors.ActorNotFound, Garage | Nullable>>()
    expectTypeOf(Found.row).toEqualTypeOf<
      Effect.Effect<CarRow, Errors.ActorNotFound | Schema.SchemaError | SqlError, Garage | Found>
    >()
    const measure = Stepped.action("measure", { success: Schema.Int }).step(() =>
      Effect.map(Found.row, (row) => row.miles)
    )
    expectTypeOf<ServicesOf<typeof measure>>().toEqualTypeOf<Garage | Found>()
    // @ts-expect-error it has no loader
    assert.isUndefined(Car.row)
  })
})

const visit = Stepped.action("visit", { arguments: [Schema.String], success: Schema.String, error: NoParking })
  .step("move", (location) => Step.do(changeLocation, location))
  .step((_location, { move }) => Effect.as(Meter, move))
  .succeeded(() => Effect.flatMap(Car, (car) => Effect.flatMap(Garage, (garage) => garage.touch(car.id))))
const Cars = Stepped.actions(Car, [drive, honk, changeLocation, visit])

describe("the actions of an actor", () => {
  it("give clients that are typed by name", () => {
    type CarClient = Effect.Success<typeof Cars.client> extends (id: number) => infer C ? C : never
    expectTypeOf<keyof CarClient>().toEqualTypeOf<
      `${"drive" | "honk" | "changeLocation" | "visit"}${"" | "Later" | "Now"}` | "with" | "explain"
    >()
    expectTypeOf<Parameters<CarClient["visit"]>>().toEqualTypeOf<[string]>()
    expectTypeOf<ReturnType<CarClient["visit"]>>().toEqualTypeOf<Effect.Effect<string, NoParking | WaitError>>()
    expectTypeOf<Parameters<CarClient["visitLater"]>>().toEqualTypeOf<[string]>()
    expectTypeOf<Parameters<CarClient["explain"]["visit"]>>().toEqualTypeOf<[string]>()
    expectTypeOf<ReturnType<CarClient["explain"]["visit"]>>().toEqualTypeOf<
      Effect.Effect<Explanation<string>, Errors.EnqueueError>
    >()
    expectTypeOf<keyof ReturnType<CarClient["explain"]>>().toEqualTypeOf<
      "drive" | "honk" | "changeLocation" | "visit"
    >()
    expectTypeOf<Effect.Error<ReturnType<ReturnType<CarClient["explain"]>["visit"]>>>().toEqualTypeOf<
      Errors.EnqueueError | Errors.UnknownAction
    >()
    type Enqueued = Effect.Effect<ActionHandle<string, NoParking>, Errors.EnqueueError>
    expectTypeOf<ReturnType<CarClient["visitLater"]>>().toEqualTypeOf<Enqueued>()
    expectTypeOf<ReturnType<CarClient["visitNow"]>>().toEqualTypeOf<Enqueued>()
    expectTypeOf<ActionHandle<string, NoParking>["await"]>().toEqualTypeOf<
      Effect.Effect<string, NoParking | Errors.WaitError>
    >()
    expectTypeOf<ReturnType<ActionHandle<string, NoParking>["awaitFor"]>>().toEqualTypeOf<
      Effect.Effect<string, NoParking | Errors.WaitError | Errors.AwaitTimedOut | Errors.InvalidDuration>
    >()
    expectTypeOf(Cars.client).toExtend<Effect.Effect<unknown, never, Engine>>()
  })

  it("of what is to start later nothing is performed now; with a priority and tags all is as without", () => {
    type Clients = Effect.Success<typeof Cars.client>
    type CarClient = Clients extends (id: number) => infer C ? C : never
    const later = (client: CarClient) => client.with({ delay: "1 hour" })
    type Delayed = ReturnType<typeof later>
    type Name = "drive" | "honk" | "changeLocation" | "visit"
    expectTypeOf<keyof Delayed>().toEqualTypeOf<`${Name}${"" | "Later"}` | "with" | "explain">()
    // nor whatever is said beside it, and of many at once
    const tagged = (client: CarClient) => client.with({ delay: "1 hour" }).with({ tags: ["late"] })
    expectTypeOf<ReturnType<typeof tagged>>().toEqualTypeOf<Delayed>()
    const at = (client: CarClient) => client.with({ at: new Date(0) })
    expectTypeOf<ReturnType<typeof at>>().toEqualTypeOf<Delayed>()
    const ofAll = (clients: Clients) => clients.with({ delay: "1 hour" })(1)
    expectTypeOf<ReturnType<typeof ofAll>>().toEqualTypeOf<Delayed>()
    const prompt = (client: CarClient) => client.with({ priority: -10, tags: ["soon"] })
    expectTypeOf<ReturnType<typeof prompt>>().toEqualTypeOf<CarClient>()
    // @ts-expect-error it is not performed now
    void ((client: CarClient) => client.with({ delay: "1 hour" }).visitNow("London"))
  })

  it("have parameters with names where their schemas have names", () => {
    const park = Stepped.action("park", {
      arguments: [Schema.String, Schema.Int] as [location: Schema.String, hours: Schema.Int]
    })
    const Parks = Stepped.actions(Car, [park])
    type Park = Effect.Success<typeof Parks.client> extends (id: number) => { readonly park: infer P } ? P : never
    expectTypeOf<Park>().parameters.toEqualTypeOf<[location: string, hours: number]>()
  })

  it("are enqueued by their actor and themselves", () => {
    const enqueued = Stepped.enqueue(Car.ref(1), visit, "London")
    expectTypeOf(enqueued).toEqualTypeOf<
      Effect.Effect<ActionHandle<string, NoParking>, Errors.EnqueueError, Engine>
    >()
    // @ts-expect-error the argument is a text
    Stepped.enqueue(Car.ref(1), visit, 1)
    // @ts-expect-error there is one argument
    Stepped.enqueue(Car.ref(1), visit)
    // neither a step nor a callback asks for more than the engine, and none goes in circles
    const charge = Stepped.action("charge", { arguments: [Schema.Int], outbound: true })
    const wash = Stepped.action("wash")
      .step(Effect.fn(function*() {
        yield* Stepped.enqueue(yield* Car, charge, 5)
      }))
      .succeeded(() => Stepped.enqueue(Car.ref(1), charge, 7))
    const Washes = Stepped.actions(Car, [charge.step(() => Effect.void), wash])
    expectTypeOf(Washes.layer).toEqualTypeOf<Layer.Layer<never, never, Engine>>()
  })

  it("need from a worker what steps, hooks and methods need, and nothing that the engine provides", () => {
    const live = Cars.toLayer(Effect.gen(function*() {
      const garage = yield* Garage
      return {
        drive: (miles) => {
          expectTypeOf(miles).toEqualTypeOf<number>()
          return Effect.succeed({ miles, at: new Date(0) })
        },
        honk: () => Effect.void,
        changeLocation: Effect.fn(function*(location) {
          const car = yield* Car
          if (location === "") return yield* new NoParking({ at: location })
          yield* garage.move(car.id, location)
          return location
        })
      }
    }))
    expectTypeOf(live).toEqualTypeOf<Layer.Layer<never, never, Engine | Garage | Meter>>()
    const scoped = Stepped.actions(Car, [
      Stepped.action("open").step(() => Effect.acquireRelease(Effect.succeed(1), () => Effect.void))
    ])
    expectTypeOf(scoped.layer).toEqualTypeOf<Layer.Layer<never, never, Engine>>()
    const failing = Stepped.actions(Car, [honk]).toLayer(
      Effect.fail("no garage" as const) as Effect.Effect<{ honk: () => Effect.Effect<void> }, "no garage", Scope.Scope>
    )
    expectTypeOf(failing).toEqualTypeOf<Layer.Layer<never, "no garage", Engine>>()
  })

  it("have a layer without more when all have steps", () => {
    const Tours = Stepped.actions(Car, [Stepped.action("tour").step(() => Effect.asVoid(Meter))])
    expectTypeOf(Tours.layer).toEqualTypeOf<Layer.Layer<never, never, Engine | Meter>>()
    expectTypeOf(Tours.toLayer(Effect.succeed({}))).toEqualTypeOf<Layer.Layer<never, never, Engine | Meter>>()
    // @ts-expect-error honk needs its method
    expectTypeOf(Stepped.actions(Car, [honk]).layer).toExtend<Layer.Layer<never, never, Engine>>()
  })

  it("keep the types of actions that are written in place", () => {
    const Inline = Stepped.actions(Car, [
      Stepped.action("honk", { arguments: [Schema.Int] }),
      Stepped.action("wash", { success: Schema.String })
    ])
    const live = Inline.toLayer(Effect.succeed({
      honk: (times) => {
        expectTypeOf(times).toEqualTypeOf<number>()
        return Effect.void
      },
      wash: () => Effect.succeed("clean")
    }))
    expectTypeOf(live).toEqualTypeOf<Layer.Layer<never, never, Engine>>()
  })

  it("check one another", () => {
    const start = Stepped.action("start", { success: Schema.String })
    // @ts-expect-error the last step gives something else
    Stepped.actions(Car, [start.step(() => Effect.succeed(1))])
    // @ts-expect-error a step enqueues what the actor does not have
    Stepped.actions(Car, [Stepped.action("tour").step(() => Step.do(honk))])
    // @ts-expect-error names meet on the client
    assert.throws(() => Stepped.actions(Car, [honk, Stepped.action("honkLater")]))
    // @ts-expect-error names meet on the client
    assert.throws(() => Stepped.actions(Car, [Stepped.action("honkNow"), honk]))
    // @ts-expect-error a name is listed twice
    assert.throws(() => Stepped.actions(Car, [honk, drive, Stepped.action("honk", { arguments: [Schema.Int] })]))
    Stepped.actions(Car, [Stepped.action("see"), Stepped.action("later"), Stepped.action("seeNowhere")])
  })

  it("take callbacks and steps from other modules", () => {
    const log = Stepped.after(Cars, visit, ["succeeded"], (location, { result }) => {
      expectTypeOf(location).toEqualTypeOf<string>()
      expectTypeOf(result).toEqualTypeOf<string | undefined>()
      return Effect.andThen(Car, Meter)
    })
    expectTypeOf(log).toEqualTypeOf<Layer.Layer<never, never, Engine | Meter>>()
    const first = Stepped.prependStep(Cars, visit, "check", (location) => {
      expectTypeOf(location).toEqualTypeOf<string>()
      return Effect.andThen(Step.do(honk), Garage)
    })
    expectTypeOf(first).toEqualTypeOf<Layer.Layer<never, never, Engine | Garage>>()
    // @ts-expect-error it is not among these actions
    Stepped.after(Cars, Stepped.action("park"), [], () => Effect.void)
    // @ts-expect-error it is not among these actions
    Stepped.prependStep(Cars, Stepped.action("park"), "check", () => Effect.void)
    // @ts-expect-error the action has a step of this name
    Stepped.prependStep(Cars, visit, "move", () => Effect.void)
  })
})

describe("an actor that extends another", () => {
  class Van extends Stepped.Actor<Van>()("Van", { extends: Car }) {}
  const load = Stepped.action("load", { success: Schema.Int })
  const loudHonk = Stepped.action("honk", { success: Schema.Int }).step(() => Effect.as(Step.do(load), 1))
  const Vans = Cars.extend(Van, [load, loudHonk])

  it("has its actions and its own", () => {
    type VanClient = Effect.Success<typeof Vans.client> extends (id: number) => infer C ? C : never
    expectTypeOf<keyof VanClient>().toEqualTypeOf<
      `${"drive" | "honk" | "changeLocation" | "visit" | "load"}${"" | "Later" | "Now"}` | "with" | "explain"
    >()
    expectTypeOf<VanClient["honk"]>().toEqualTypeOf<() => Effect.Effect<number, WaitError>>()
    expectTypeOf<VanClient["visit"]>().toEqualTypeOf<
      (location: string) => Effect.Effect<string, NoParking | WaitError>
    >()
  })

  it("needs methods for its own actions only", () => {
    const live = Vans.toLayer(Effect.succeed({ load: () => Effect.andThen(Car, Effect.map(Van, (van) => van.id)) }))
    expectTypeOf(live).toEqualTypeOf<Layer.Layer<never, never, Engine>>()
    const fetch = Stepped.action("fetch").step(() => Step.do(drive, 1))
    expectTypeOf(
      Vans.extend(
        class Truck extends Stepped.Actor<Truck>()("Truck", { extends: Van }) {},
        [fetch]
      ).layer
    ).toEqualTypeOf<Layer.Layer<never, never, Engine>>()
    // @ts-expect-error names meet with inherited ones
    assert.throws(() => Cars.extend(Van, [Stepped.action("visitLater")]))
    // @ts-expect-error a step enqueues what neither has
    Cars.extend(Van, [Stepped.action("wash").step(() => Step.do(Stepped.action("soap")))])
  })
})

describe("recursion", () => {
  it("declares first and implements after", () => {
    const pongDeclared = Stepped.action("pong", { arguments: [Schema.Int], success: Schema.Int })
    const pingDeclared = Stepped.action("ping", { arguments: [Schema.Int], success: Schema.Int })
    const ping = pingDeclared
      .step("pong", (n) => Step.on(Depot.ref("a"), pongDeclared, n))
      .step((n, { pong }) => Effect.succeed(pong[0] ?? n))
    const pong = pongDeclared
      .step("ping", (n) => Step.on(Car.ref(1), pingDeclared, n))
      .step((n, { ping }) => Effect.succeed(ping[0] ?? n))
    const Pings = Stepped.actions(Car, [ping])
    const Pongs = Stepped.actions(Depot, [pong])
    expectTypeOf(Pings.layer).toEqualTypeOf<Layer.Layer<never, never, Engine>>()
    expectTypeOf(Pongs.layer).toEqualTypeOf<Layer.Layer<never, never, Engine>>()
    const countDeclared = Stepped.action("count", { arguments: [Schema.Int] })
    const count = countDeclared.step((n) => n === 0 ? Effect.void : Step.do(countDeclared, n - 1))
    expectTypeOf(Stepped.actions(Car, [count]).layer).toEqualTypeOf<Layer.Layer<never, never, Engine>>()
    assert.strictEqual(pong.definition.implements, pongDeclared)
    assert.strictEqual(pong.succeeded(() => Effect.void).definition.implements, pongDeclared)
  })
})

describe("a step that may be passed", () => {
  const start = Stepped.action("start", { arguments: [Schema.Boolean], error: NoParking })

  it("gives its result or undefined to later steps", () => {
    const mayFail = true as boolean
    const action = start
      .step("plain", () => Effect.succeed("plain"), { transactional: true })
      .step("asked", () => Effect.succeed(1), {
        when: (isAsked, { plain }) => {
          expectTypeOf(isAsked).toEqualTypeOf<boolean>()
          expectTypeOf(plain).toEqualTypeOf<string>()
          return isAsked
        }
      })
      .step("may", () => Effect.succeed(new Date(0)), { result: Schema.Date, mayFail: true })
      .step("perhaps", () => Effect.succeed(true), { mayFail })
      .step("mayNot", () => Effect.succeed(true), { mayFail: false })
      .step((_isAsked, { asked, may, mayNot, perhaps }) => {
        expectTypeOf(asked).toEqualTypeOf<number | undefined>()
        expectTypeOf(may).toEqualTypeOf<Date | undefined>()
        expectTypeOf(perhaps).toEqualTypeOf<boolean | undefined>()
        expectTypeOf(mayNot).toEqualTypeOf<boolean>()
        return Effect.void
      })
    expectTypeOf<ServicesOf<typeof action>>().toEqualTypeOf<never>()
  })

  it("needs the services of its condition, which may fail with declared errors", () => {
    const action = start.step("asked", () => Effect.succeed(1), {
      when: (isAsked) => isAsked ? Effect.as(Meter, true) : Effect.fail(new NoParking({ at: "here" }))
    })
    expectTypeOf<ServicesOf<typeof action>>().toEqualTypeOf<Meter>()
  })

  it("gives what undoes it what its body gives, and needs the services of that", () => {
    const undone = start.step("at", () => Effect.succeed(new Date(0)), {
      result: Schema.Date,
      compensate: (at, isAsked) => {
        expectTypeOf(at).toEqualTypeOf<Date>()
        expectTypeOf(isAsked).toEqualTypeOf<boolean>()
        return Effect.andThen(Meter, Effect.fail("anything"))
      },
      compensateFailed: (cause) => {
        expectTypeOf(cause).toEqualTypeOf<NoParking | Errors.ActionFailed | Errors.TimedOut | Errors.Cancelled>()
        return Effect.void
      }
    }).step("child", () => Step.do(drive, 5), {
      compensate: {
        run: (given, _isAsked, { at }) => Effect.as(Step.do(drive, at.getTime()), given),
        retry: {
          schedule: Schedule.spaced("1 second"),
          while: (failure: unknown) => failure !== null,
          errors: { Any: "never" }
        },
        timeout: "1 hour"
      }
    })
    expectTypeOf<ServicesOf<typeof undone>>().toEqualTypeOf<Meter | Step | Owns<"drive">>()
    const value = Stepped.step("value", (asked: boolean) => Effect.succeed([asked]), {
      compensate: ([asked], again) => Effect.as(Meter, asked === again)
    })
    expectTypeOf(value).toEqualTypeOf<StepValue<"value", [asked: boolean], Array<boolean>, never, Meter>>()
    const Inline = Stepped.actions(Car, [
      Stepped.action("count", { success: Schema.Int }).step(() => Effect.succeed(1), {
        compensate: (count) => Effect.as(Meter, count + 1)
      }),
      Stepped.action("wash", { success: Schema.Int }).step(() => Effect.succeed(1))
    ])
    expectTypeOf(Inline.layer).toEqualTypeOf<Layer.Layer<never, never, Engine | Meter>>()
    const tour = Stepped.action("tour").step("a", () => Effect.void, { compensate: () => Step.do(drive, 5) })
    // @ts-expect-error the actor does not have what undoes it
    Stepped.actions(Car, [tour])
  })

  it("gives what undoes an action as a whole its success and its arguments, and needs the services of that", () => {
    const reserve = Stepped.action("reserve", {
      arguments: [Schema.Int],
      success: Schema.Date,
      compensate: (at, room) => {
        expectTypeOf(at).toEqualTypeOf<Date>()
        expectTypeOf(room).toEqualTypeOf<number>()
        return Effect.andThen(Meter, Effect.fail("anything"))
      }
    })
    expectTypeOf<ServicesOf<typeof reserve>>().toEqualTypeOf<Meter>()
    const backed = Stepped.action("backed", {
      success: Schema.Int,
      job: (job) => job.succeeded(1),
      compensate: { run: (count) => Effect.as(Meter, count + 1), retry: Schedule.recurs(2), timeout: "1 minute" }
    })
    expectTypeOf<ServicesOf<typeof backed>>().toEqualTypeOf<Meter>()
    const nothing = Stepped.action("nothing", { compensate: (given) => Effect.sync(() => given) })
    expectTypeOf<ServicesOf<typeof nothing>>().toEqualTypeOf<never>()
    const asks = Stepped.action("asks", { compensate: () => Step.do(drive, 5) })
    // @ts-expect-error the actor does not have what undoes it
    Stepped.actions(Car, [asks])
  })

  it("keeps its types, and those of others, in actions that are written in place", () => {
    const Inline = Stepped.actions(Car, [
      Stepped.action("count", { arguments: [Schema.Boolean], success: Schema.Int })
        .step("first", () => Effect.succeed(1))
        .step("second", (_isAsked, { first }) => Effect.succeed(first), {
          when: (isAsked) => Effect.as(Meter, isAsked)
        })
        .step((_isAsked, { first, second }) => {
          expectTypeOf(first).toEqualTypeOf<number>()
          expectTypeOf(second).toEqualTypeOf<number | undefined>()
          return Effect.succeed(first)
        }),
      Stepped.action("wash", { success: Schema.Int }).step(() => Effect.succeed(1)),
      Stepped.action("rest").step(() => Effect.void, { mayFail: true })
    ])
    expectTypeOf(Inline.layer).toEqualTypeOf<Layer.Layer<never, never, Engine | Meter>>()
    // @ts-expect-error the actor does not have what one of them enqueues
    Stepped.actions(Car, [Stepped.action("tour").step(() => Step.do(drive, 5), { when: () => true })])
    Stepped.actions(Car, [
      Stepped.action("optional", { success: Schema.UndefinedOr(Schema.Int) }).step(() => Effect.succeed(1), {
        when: () => true
      })
    ])
  })
})

describe("a step that begins again", () => {
  const metered = Schedule.forever.pipe(Schedule.addDelay(() => Effect.as(Meter, "1 second")))

  it("knows what it may have failed with, by tag and in its condition, and needs the services of its schedules", () => {
    const action = Stepped.action("start", { error: NoParking })
      .step("plain", () => Effect.succeed(1), { retry: Schedule.forever })
      .step("asked", () => Effect.succeed(2), {
        retry: {
          schedule: metered,
          while: (failure) => {
            expectTypeOf(failure).toEqualTypeOf<StepFailure<NoParking>>()
            return failure._tag === "NoParking" && failure.at === "here"
          },
          errors: {
            NoParking: Schedule.identity<NoParking>().pipe(Schedule.upTo({ times: 3 })),
            ActionFailed: "never",
            StepTimedOut: Schedule.forever,
            StepFailed: "never"
          }
        }
      })
      .step((results) => {
        expectTypeOf(results).toEqualTypeOf<{ readonly plain: number } & { readonly asked: number }>()
        return Effect.void
      })
    expectTypeOf<ServicesOf<typeof action>>().toEqualTypeOf<Meter>()
    const defaulted = Stepped.action("start", { error: NoParking, defaults: { retry: metered } }).step(() =>
      Effect.void
    )
    expectTypeOf<ServicesOf<typeof defaulted>>().toEqualTypeOf<Meter>()
  })

  it("is another thing than an action that is begun again without an answer, of which nothing is known", () => {
    const action = Stepped.action("start", {
      error: NoParking,
      handledDefects: (defect) => {
        expectTypeOf(defect).toEqualTypeOf<unknown>()
        return defect instanceof TypeError
      },
      retry: Schedule.exponential("1 second").pipe(Schedule.jittered),
      attempts: 3
    }).step(() => Effect.void)
    expectTypeOf<ServicesOf<typeof action>>().toEqualTypeOf<never>()
    // @ts-expect-error it has no services
    Stepped.action("start", { retry: metered })
    // @ts-expect-error nor conditions
    assert.throws(() => Stepped.action("start", { retry: { schedule: Schedule.forever, times: 3 } }))
    // @ts-expect-error nor failures of the action's
    Stepped.action("start", { error: NoParking, retry: Schedule.identity<NoParking>() })
    // @ts-expect-error it is a number of times
    assert.throws(() => Stepped.action("start", { attempts: "3" }))
    // @ts-expect-error nobody waits for an answer
    Stepped.action("start", { handledDefects: () => Promise.resolve(true) })
  })

  it("is one as a value, too, and in actions that are written in place", () => {
    const park = Stepped.step("park", (at: string) => Effect.fail(new NoParking({ at })), {
      retry: {
        schedule: metered,
        while: (failure) => {
          expectTypeOf(failure).toEqualTypeOf<StepFailure<NoParking>>()
          return true
        }
      }
    })
    const action = Stepped.action("start", { arguments: [Schema.String], error: NoParking }).use(park)
    expectTypeOf<ServicesOf<typeof action>>().toEqualTypeOf<Meter>()
    const Inline = Stepped.actions(Car, [
      Stepped.action("count", { success: Schema.Int }).step(() => Effect.succeed(1), { retry: metered }),
      Stepped.action("wash").step(() => Effect.void, { retry: "never" })
    ])
    expectTypeOf(Inline.layer).toEqualTypeOf<Layer.Layer<never, never, Engine | Meter>>()
    // @ts-expect-error the actor does not have what one of them enqueues
    Stepped.actions(Car, [Stepped.action("tour").step(() => Step.do(drive, 5), { retry: Schedule.forever })])
  })
})
