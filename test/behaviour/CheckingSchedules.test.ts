/** Rule 19.3: whether a program would still fire the schedules that are stored, and have them enqueue what it performs. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { type Check, Schedules, Stepped } from "stepped"
import { healthy, suite } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import * as V from "./fixtures/checking.ts"

const hourly = { cron: "0 * * * *", zone: "Europe/Berlin", actions: V.First, actor: 1 } as const
const ofWash = { ...hourly, action: V.wash, args: ["a secret"] } as const
const declares = (name: string) => Layer.merge(V.First.layer, Layer.orDie(Stepped.schedule(name, ofWash)))

/** Rows of two actions, under these names. */
const put = (names: { readonly wash?: ReadonlyArray<string>; readonly tow?: ReadonlyArray<string> }) =>
  deployed(V.First.layer)(Effect.gen(function*() {
    const schedules = yield* Schedules
    for (const name of names.wash ?? []) yield* schedules.put(name, ofWash)
    for (const name of names.tow ?? []) yield* schedules.put(name, { ...hourly, action: V.tow })
  }))

const misfitsOf = ({ schedules }: Check) =>
  schedules.map(({ actorType, count, kind, means, name, samples }) =>
    `${means}: ${kind} of ${actorType}/${name}, ${count}: ${samples.map(({ schedule }) => schedule).join(", ")}`
  )

suite("checking schedules", (engine) => {
  const checkedBy = V.checkedOn(engine)
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>
  ) => it.effect(name, () => Effect.provide(Effect.andThen(scenario(), healthy), engine.layer()))

  test("19.3: a schedule whose action is gone waits, and what a schema refuses that it enqueues fails", () =>
    Effect.gen(function*() {
      yield* put({ wash: ["one", "two"], tow: ["heavy"] })
      const sql = yield* SqlClient.SqlClient
      // no slot of it comes any more
      yield* put({ tow: ["over"] })
      yield* sql`update stepped.schedules set slot = null, next_at = null where name = 'over'`
      const whole = yield* checkedBy(V.First.layer)
      assert.deepStrictEqual([whole.fits, whole.looked.schedules, whole.unfitSchedules, misfitsOf(whole)], [
        true,
        3,
        0,
        []
      ])
      assert.include(Stepped.renderCheck(whole), "0 unread signals); all of 3 schedules fit")
      const gone = yield* checkedBy(V.WithoutTow.layer)
      assert.deepStrictEqual([gone.fits, gone.unfit, gone.unfitSchedules], [false, 0, 1])
      assert.deepStrictEqual(misfitsOf(gone), ["waits: definition of Car/tow, 1: heavy"])
      const numbers = yield* checkedBy(V.ForNumbers.layer)
      assert.deepStrictEqual(misfitsOf(numbers), ["fails: arguments of Car/wash, 2: one, two"])
      assert.match(
        Stepped.renderCheck(numbers),
        /; 2 of 3 schedules do not fit\n└─ fails {2}Car\/wash {2}2 schedules {2}the arguments do not fit: what they enqueue fails\n {3}├─ one {2}Car\/1 {2}Expected object at \[0\]\n/
      )
      assert.notInclude(JSON.stringify(numbers), "a secret")
      const shown = yield* checkedBy(V.ForNumbers.layer, { payloads: true, samples: 1 })
      assert.deepStrictEqual(shown.schedules[0]!.samples.map(({ payload, schedule }) => [schedule, payload]), [
        ["one", ["a secret"]]
      ])
      assert.deepStrictEqual(misfitsOf(yield* checkedBy(V.ForNamed.layer)), [
        "fails: actor of Car/tow, 1: heavy",
        "fails: actor of Car/wash, 2: one, two"
      ])
    }))

  test("19.3: what throws while it reads what is stored says nothing of that", () =>
    Effect.gen(function*() {
      yield* put({ wash: ["one"] })
      for (const actions of V.ForSecrets) {
        const check = yield* checkedBy(actions.layer)
        assert.deepStrictEqual(misfitsOf(check), ["fails: arguments of Car/wash, 1: one"])
        assert.notInclude(JSON.stringify(check), "secret")
      }
    }))

  test("19.3: a zone that is not known waits, and so does a schedule of the program whose name a row has", () =>
    Effect.gen(function*() {
      yield* put({ wash: ["one", "mars"] })
      const sql = yield* SqlClient.SqlClient
      yield* sql`update stepped.schedules set zone = 'Mars/Base' where name = 'mars'`
      const check = yield* checkedBy(V.First.layer)
      assert.deepStrictEqual(misfitsOf(check), ["waits: times of Car/wash, 1: mars"])
      assert.include(check.schedules[0]!.samples[0]!.problem, "Mars/Base")
      yield* sql`update stepped.schedules set zone = 'UTC', catch_up = '{"policy": "some"}' where name = 'mars'`
      assert.deepStrictEqual(misfitsOf(yield* checkedBy(V.First.layer)), ["waits: times of Car/wash, 1: mars"])
      yield* sql`update stepped.schedules set catch_up = '{"policy": "none"}' where name = 'mars'`
      assert.deepStrictEqual(misfitsOf(yield* checkedBy(declares("one"))), ["waits: taken of Car/wash, 1: one"])
    }))

  test("19.3: what code has declared is put anew by the program that declares it, and is a notice elsewhere", () =>
    Effect.gen(function*() {
      yield* put({ wash: ["nightly"], tow: ["weekly"] })
      const sql = yield* SqlClient.SqlClient
      // as another build has declared them, whose arguments were other ones
      yield* sql`update stepped.schedules set source = 0, arguments = '[7]', hash = 'another one'`
      const check = yield* checkedBy(declares("nightly"))
      assert.deepStrictEqual([check.fits, check.looked.schedules, check.unfitSchedules, misfitsOf(check)], [
        true,
        2,
        0,
        [
          "notice: undeclared of Car/tow, 1: weekly"
        ]
      ])
    }))

  test("19.3: hundreds are looked at, once each, and some of them are named", () =>
    Effect.gen(function*() {
      yield* put({ tow: ["schedule 0"] })
      const sql = yield* SqlClient.SqlClient
      yield* sql`insert into stepped.schedules (name, spec, zone, definition, actor_id, queue, arguments, catch_up, slot, next_at, source, hash, changed_at)
        select 'schedule ' || n, spec, zone, definition, actor_id, queue, arguments, catch_up, slot, next_at, source, hash, changed_at
        from stepped.schedules, generate_series(1, 249) n`
      const check = yield* checkedBy(V.WithoutTow.layer)
      assert.deepStrictEqual([check.looked.schedules, check.unfitSchedules], [250, 250])
      assert.deepStrictEqual(misfitsOf(check), [
        "waits: definition of Car/tow, 250: schedule 0, schedule 1, schedule 10"
      ])
    }))
})
