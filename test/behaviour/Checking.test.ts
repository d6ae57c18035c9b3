/** Rule 19.3: whether a program would still perform what another one has enqueued and begun, for every kind of what does not fit. */
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { type Check, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { deployed, deployedOn } from "../harness/deploying.ts"
import { seen } from "../harness/notes.ts"
import { recordOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import * as V from "./fixtures/checking.ts"

const { begun, misfitsOf, problemsOf } = V
const fits = (check: Check) => assert.deepStrictEqual([check.fits, check.unfit, misfitsOf(check)], [true, 0, []])
const retried = { handledDefects: () => false, retry: Schedule.spaced("1 hour") }

suite("checking", (engine) => {
  const checkedBy = V.checkedOn(engine)
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>
  ) => it.effect(name, () => Effect.provide(Effect.andThen(scenario(), healthy), engine.layer()))

  test("19.3: the program that has begun what is there fits it, in each place that an action can be in", () =>
    Effect.gen(function*() {
      const nothing = yield* checkedBy(V.Whole.layer)
      fits(nothing)
      assert.strictEqual(
        Stepped.renderCheck(nothing),
        "all of 0 actions fit (0 queued, 0 pending, 0 performing, 0 unread signals)"
      )
      const { id } = yield* begun(
        V.Whole.layer,
        Effect.gen(function*() {
          const car = (yield* V.Whole.client)(1)
          yield* Effect.all([car.washLater("a"), car.towLater(), car.tripLater(), car.refuelLater(), car.polishLater()])
          yield* Effect.all([car.weighLater(), car.askLater(), car.payLater(), car.driveLater("a")])
          return yield* car.startLater()
        }),
        retried
      )
      yield* deployed(V.Whole.layer)(Effect.gen(function*() {
        const client = yield* V.Whole.client
        // it waits in the lane
        yield* client(1).washLater("b")
        yield* performIdle
        yield* client(2).with({ delay: "1 day" }).washLater("c")
        yield* Stepped.send(id, V.stop, "red")
      }))
      const sql = yield* SqlClient.SqlClient
      const before = yield* V.everything(sql)
      const check = yield* checkedBy(V.Whole.layer)
      fits(check)
      // those that wait, what one of them has asked for, and what has come and is read already
      assert.deepStrictEqual(check.looked, { queued: 1, pending: 1, performing: 11, signals: 1, schedules: 0 })
      assert.deepStrictEqual(yield* V.everything(sql), before)
    }))

  test("19.3: what the program does not have waits, what its schemas refuse fails", () =>
    Effect.gen(function*() {
      yield* begun(
        V.First.layer,
        Effect.flatMap(V.First.client, (car) =>
          Effect.all([car(1).washLater("a secret"), car(2).washLater("b"), car(2).towLater()]))
      )
      yield* deployed(V.First.layer)(Effect.flatMap(V.First.client, (car) =>
        car(3).towLater()))
      const gone = yield* checkedBy(V.WithoutTow.layer)
      assert.deepStrictEqual(misfitsOf(gone), ["waits: definition of Car/tow, 2"])
      assert.deepInclude(gone, { fits: false, unfit: 2 })
      assert.deepStrictEqual(gone.misfits[0]!.samples.map(({ actorId, status }) => [actorId, status]), [
        ["2", "performing"],
        ["3", "queued"]
      ])
      const none = yield* checkedBy(V.Trips.layer)
      assert.deepStrictEqual(misfitsOf(none), ["waits: definition of Car/tow, 2", "waits: definition of Car/wash, 2"])
      assert.deepStrictEqual(misfitsOf(yield* checkedBy(V.ForNamed.layer)), [
        "fails: actor of Car/tow, 2",
        "fails: actor of Car/wash, 2"
      ])
      const refused = yield* checkedBy(V.ForNumbers.layer, { samples: 1 })
      assert.deepStrictEqual(misfitsOf(refused), ["fails: arguments of Car/wash, 2"])
      assert.deepStrictEqual(refused.misfits[0]!.samples.map(({ problem }) => problem), [
        "Expected object at [0]"
      ])
    }))

  test("19.3: values are given where they are asked for, and are not in what is said", () =>
    Effect.gen(function*() {
      yield* begun(V.First.layer, Effect.flatMap(V.First.client, (car) => car(1).washLater("a secret")))
      for (const version of [V.ForNumbers, ...V.ForSecrets]) {
        const hidden = yield* checkedBy(version.layer)
        assert.isFalse(hidden.fits)
        assert.notInclude(JSON.stringify(hidden) + Stepped.renderCheck(hidden), "secret")
        const shown = yield* checkedBy(version.layer, { payloads: true })
        assert.deepStrictEqual(shown.misfits[0]!.samples[0]!.payload, ["a secret"])
        assert.include(Stepped.renderCheck(shown), "[\"a secret\"]")
        assert.deepStrictEqual(problemsOf(shown), problemsOf(hidden))
      }
      const few = yield* checkedBy(V.ForNumbers.layer, { samples: 0 })
      assert.deepStrictEqual([few.misfits[0]!.count, few.misfits[0]!.samples], [1, []])
      for (const samples of [-1, 1.5, 101, Number.NaN]) {
        const error = yield* Effect.flip(checkedBy(V.First.layer, { samples }))
        assert.include(error.message, "samples of Stepped.check")
      }
    }))

  test("19.3: a queue that no action of the program has is worth knowing, and no misfit", () =>
    Effect.gen(function*() {
      yield* deployed(V.First.layer)(Effect.flatMap(V.First.client, (car) => car(1).towLater()))
      const check = yield* checkedBy(V.Lighter.layer)
      assert.deepStrictEqual(misfitsOf(check), ["notice: queue of Car/tow heavy, 1"])
      assert.deepInclude(check, { fits: true, unfit: 0 })
    }))

  // -------------------------------------------------------------------------------------------------------------------
  // steps
  // -------------------------------------------------------------------------------------------------------------------

  const beginsTrip = begun(V.Trips.layer, Effect.flatMap(V.Trips.client, (car) => car(1).tripLater()))

  test("19.3: of steps that are renamed, dropped or moved it says what the engine then does", () =>
    Effect.gen(function*() {
      const versions = [
        // the step that waits is not known by its new name, under which it would run again
        [V.TripsWithSoar, ["differs: nextStep of Car/trip fly, 1"], [
          "when what it waits for has ended, the action goes on with the step soar"
        ], ["soar", "sleep"]],
        [V.TripsWithoutPack, ["differs: endedStep of Car/trip pack, 1"], ["the action goes on with the step sleep"], [
          "sleep"
        ]],
        [V.TripsReversed, ["differs: skippedStep of Car/trip sleep, 1"], [
          "no step comes after it: the action ends"
        ], []],
        [V.TripsLonger, [], [], ["eat", "sleep"]]
      ] as const
      for (const [version, misfits, problems, runs] of versions) {
        const handle = yield* beginsTrip
        const check = yield* checkedBy(version.layer)
        assert.deepStrictEqual([misfitsOf(check), problemsOf(check)], [[...misfits], [...problems]])
        seen.length = 0
        yield* deployed(version.layer)(performSteppedActions())
        assert.deepStrictEqual(seen, [...runs])
        assert.strictEqual((yield* recordOf(handle.id)).status, "succeeded")
      }
    }))

  test("19.3: of a step that is to begin again, and of a job, too", () =>
    Effect.gen(function*() {
      yield* begun(V.Refuelling.layer, Effect.flatMap(V.Refuelling.client, (car) => car(1).refuelLater()))
      fits(yield* checkedBy(V.Refuelling.layer))
      const without = yield* checkedBy(V.RefuellingOnce.layer)
      assert.deepStrictEqual(misfitsOf(without), ["fails: nextStep of Car/refuel fill, 1"])
      assert.deepStrictEqual(problemsOf(without), ["the definition has no step to go on with"])
      const other = yield* checkedBy(V.RefuellingTwice.layer)
      assert.deepStrictEqual(misfitsOf(other), ["differs: nextStep of Car/refuel fill, 1"])
      assert.deepStrictEqual(problemsOf(other), ["the action goes on with the step pump"])
    }))

  test("19.3: of an action whose job has become steps", () =>
    Effect.gen(function*() {
      yield* begun(V.Polishing.layer, Effect.flatMap(V.Polishing.client, (car) => car(1).polishLater()))
      fits(yield* checkedBy(V.Polishing.layer))
      assert.deepStrictEqual(misfitsOf(yield* checkedBy(V.PolishingByHand.layer)), ["differs: job of Car/polish, 1"])
    }))

  // -------------------------------------------------------------------------------------------------------------------
  // results
  // -------------------------------------------------------------------------------------------------------------------

  test("19.3: results that cannot be read, by later steps and by what undoes them, and what is not undone any more", () =>
    Effect.gen(function*() {
      const handle = yield* begun(V.Weighing.layer, Effect.flatMap(V.Weighing.client, (car) => car(1).weighLater()))
      fits(yield* checkedBy(V.Weighing.layer))
      assert.deepStrictEqual(misfitsOf(yield* checkedBy(V.WeighingForGood.layer)), [
        "notUndone: compensation of Car/weigh scale, 1"
      ])
      const texts = yield* checkedBy(V.WeighingTexts.layer, { payloads: true })
      assert.deepStrictEqual(misfitsOf(texts), [
        "fails: result of Car/weigh scale, 1",
        "notUndone: compensation of Car/weigh scale, 1"
      ])
      assert.deepStrictEqual(problemsOf(texts), ["Expected string", "Expected string"])
      assert.deepInclude(texts, { unfit: 1 })
      yield* deployed(V.WeighingTexts.layer)(performSteppedActions())
      assert.include((yield* recordOf(handle.id)).cause?.message, "Expected string")
    }))

  test("19.3: results of children that a waiting step has already, and schemas that nothing declares any more", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* begun(V.Asking.layer, Effect.flatMap(V.Asking.client, (car) => car(1).askLater()))
      fits(yield* checkedBy(V.Asking.layer))
      // as a version with other schemas has left it
      yield* sql`update stepped.ended_actions set result = '"five"' where definition = 'Car/counted'`
      const check = yield* checkedBy(V.Asking.layer, { payloads: true })
      assert.deepStrictEqual(misfitsOf(check), [
        "fails: result of Car/ask both, 1",
        "differs: result of Car/ask both, 1"
      ])
      assert.deepStrictEqual(problemsOf(check), [
        "counted Car/1: Expected number",
        "counted Car/1: it does not fit the success schema that waits for it"
      ])
      assert.deepStrictEqual(check.misfits[0]!.samples[0]!.payload, "five")
      yield* sql`update stepped.ended_actions set result = '5' where definition = 'Car/counted'`
      yield* sql`update stepped.slots set definition = 'Car/unheardOf' where definition = 'Car/slow'`
      const undeclared = yield* checkedBy(V.Asking.layer)
      assert.deepStrictEqual(problemsOf(undeclared), [
        "Car/unheardOf: no action of this name has the success schema that was asked with"
      ])
      yield* sql`update stepped.slots set definition = 'Car/slow' where definition = 'Car/unheardOf'`
    }))

  test("19.3: of an action that unwinds, what is left to undo and is not there", () =>
    Effect.gen(function*() {
      const { id } = yield* begun(V.Parking.layer, Effect.flatMap(V.Parking.client, (car) => car(1).parkLater()))
      yield* deployed(V.Parking.layer)(Effect.andThen(Stepped.cancel(id), performIdle))
      assert.isTrue((yield* recordOf(id)).unwinding)
      fits(yield* checkedBy(V.Parking.layer))
      const check = yield* checkedBy(V.ParkingForGood.layer)
      assert.deepStrictEqual(misfitsOf(check), ["notUndone: compensation of Car/park lock, 1"])
      assert.deepStrictEqual(problemsOf(check), ["the definition no longer has what undoes the step"])
    }))

  test("19.3: how an action has ended, for callbacks that are to run again", () =>
    Effect.gen(function*() {
      yield* begun(V.Paying.layer, Effect.flatMap(V.Paying.client, (car) => car(1).payLater()), retried)
      fits(yield* checkedBy(V.Paying.layer))
      assert.deepStrictEqual(misfitsOf(yield* checkedBy(V.PayingTexts.layer)), ["fails: outcome of Car/pay, 1"])
      // nobody asks
      fits(yield* checkedBy(V.PayingTextsUnheard.layer))
    }))

  // -------------------------------------------------------------------------------------------------------------------
  // signals
  // -------------------------------------------------------------------------------------------------------------------

  test("19.3: signals that have come and cannot be read, are not listed, or are waited for in vain", () =>
    Effect.gen(function*() {
      const [first, second, queued] = yield* begun(
        V.Starting.layer,
        Effect.flatMap(V.Starting.client, (car) => Effect.all([car(1).startLater(), car(2).startLater()]))
      ).pipe(Effect.flatMap((two) =>
        deployed(V.Starting.layer)(Effect.gen(function*() {
          const queued = yield* (yield* V.Starting.client)(3).with({ delay: "1 day" }).startLater()
          // one is settled, and another one of it unread
          yield* Stepped.send(two[0].id, V.go, 1)
          yield* performIdle
          yield* Stepped.send(two[0].id, V.go, 2)
          yield* Stepped.sendFailure(two[1].id, V.go, "no fuel")
          yield* queued.send(V.go, 3)
          yield* queued.sendFailure(V.go, "no fuel")
          yield* queued.send(V.stop, "red")
          return [...two, queued] as const
        }))
      ))
      assert.strictEqual((yield* checkedBy(V.Starting.layer)).looked.signals, 5)
      fits(yield* checkedBy(V.Starting.layer))
      const otherwise = yield* checkedBy(V.StartingOtherwise.layer)
      assert.deepStrictEqual(misfitsOf(otherwise), ["fails: signal of Car/start go, 3"])
      assert.deepStrictEqual(otherwise.misfits[0]!.samples.map(({ actionId }) => actionId), [
        first.id,
        second.id,
        queued.id
      ])
      assert.deepStrictEqual(problemsOf(otherwise), ["Expected object"])
      const without = yield* checkedBy(V.StartingWithoutStop.layer)
      assert.deepStrictEqual(misfitsOf(without), [
        "waits: signal of Car/start stop, 2",
        "differs: signal of Car/start stop, 1"
      ])
      assert.deepStrictEqual(without.misfits[1]!.samples.map(({ actionId }) => actionId), [queued.id])
    }))

  // -------------------------------------------------------------------------------------------------------------------
  // lanes
  // -------------------------------------------------------------------------------------------------------------------

  test("19.3: lanes are compared where plain functions give them, by the arguments as given", () =>
    Effect.gen(function*() {
      yield* begun(
        V.Driving.layer,
        Effect.flatMap(V.Driving.client, (car) => Effect.all([car(1).driveLater("a"), car(2).driveLater("a")]))
      )
      yield* deployed(V.Driving.layer)(Effect.flatMap(V.Driving.client, (car) => car(3).driveLater("b")))
      // the one that performs has run its step, which may have replaced its arguments
      const left = (check: Check) => [misfitsOf(check), check.lanesLeftOut]
      assert.deepStrictEqual(left(yield* checkedBy(V.Driving.layer)), [[], 1])
      const other = yield* checkedBy(V.DrivingFrom.layer, { payloads: true })
      assert.deepStrictEqual(left(other), [["differs: lane of Car/drive, 2"], 1])
      assert.deepStrictEqual(other.misfits[0]!.samples[0]!.payload, { stored: "to/a", now: "from/a" })
      assert.isFalse(other.fits)
      assert.deepStrictEqual(left(yield* checkedBy(V.DrivingInBays.layer)), [["differs: lane of Car/drive, 2"], 1])
      // no function of the arguments says so
      assert.deepStrictEqual(left(yield* checkedBy(V.DrivingAnywhere.layer)), [["differs: lane of Car/drive, 3"], 0])
      assert.deepStrictEqual(left(yield* checkedBy(V.DrivingByEffect.layer)), [[], 3])
      assert.deepStrictEqual(left(yield* checkedBy(V.DrivingBrokenly.layer)), [[], 3])
      assert.include(Stepped.renderCheck(other), "the lanes of 1 action could not be compared")
    }))

  test("19.3: a lane that is left to a worker differs from none", () =>
    Effect.gen(function*() {
      yield* deployed(V.DrivingByEffect.layer)(
        Effect.flatMap(V.DrivingByEffect.client, (car) => car(1).driveLater("a"))
      )
      const check = yield* checkedBy(V.Driving.layer)
      fits(check)
      assert.strictEqual(check.lanesLeftOut, 0)
    }))

  // -------------------------------------------------------------------------------------------------------------------
  // what is large
  // -------------------------------------------------------------------------------------------------------------------

  test("19.3: what a worker loads in pieces is looked at in pieces", () =>
    Effect.gen(function*() {
      const large = "x".repeat(300_000)
      yield* begun(V.First.layer, Effect.flatMap(V.First.client, (car) => car(1).washLater(large)))
      yield* deployed(V.First.layer)(Effect.flatMap(V.First.client, (car) => car(2).washLater(large)))
      fits(yield* checkedBy(V.First.layer))
      const check = yield* checkedBy(V.ForNumbers.layer)
      assert.deepStrictEqual(misfitsOf(check), ["fails: arguments of Car/wash, 2"])
      assert.deepStrictEqual(check.misfits[0]!.samples.map(({ status }) => status), ["performing", "queued"])
    }))

  test("19.3: results and waits that do not travel are looked at, too", () =>
    Effect.gen(function*() {
      yield* begun(V.Hauling.layer, Effect.flatMap(V.Hauling.client, (car) => car(1).haulLater()))
      fits(yield* checkedBy(V.Hauling.layer))
      assert.deepStrictEqual(misfitsOf(yield* checkedBy(V.HaulingNumbers.layer)), [
        "waits: signal of Car/haul go, 1",
        "fails: result of Car/haul load, 1"
      ])
    }))

  test("19.3: in a transaction of the program it sees what that sees where there is one session, and leaves it as it is", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* deployedOn(engine, V.First.layer)(Effect.gen(function*() {
        yield* sql.withTransaction(Effect.gen(function*() {
          yield* (yield* V.First.client)(1).washLater("a")
          const { looked } = yield* Stepped.check()
          assert.strictEqual(looked.queued, engine.name === "embedded" ? 1 : 0)
        }))
        assert.strictEqual((yield* Stepped.check()).looked.queued, 1)
      }))
    }))

  test("19.3: a definition that a worker would not start with is said, and nothing is asked", () =>
    Effect.gen(function*() {
      class Truck extends Stepped.Actor<Truck>()("Truck", { extends: V.Car }) {}
      const Trucks = V.First.extend(Truck, [])
      const exit = yield* Effect.exit(checkedBy(Trucks.layer))
      assert.isTrue(Exit.isFailure(exit))
      assert.include(String(JSON.stringify(exit)), "Truck extends Car, whose actions are not provided")
      yield* TestClock.adjust("1 second")
    }))
})
