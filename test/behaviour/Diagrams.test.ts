/** Rule 17.4: definitions as a picture, with what the history has seen of their steps. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, Stepped } from "stepped"
import { healthy, suite } from "../harness/databases.ts"
import { performIdle } from "../harness/performing.ts"
import { Hotels, paid, Pilots, scene, Traveller, Travellers, TripsLive } from "./fixtures/trips.ts"

const options = { handledDefects: () => false, retry: Schedule.spaced("10 seconds"), attempts: 3 }

const trip = [
  `  subgraph a0["Traveller/trip"]`,
  `    a0s0["prepare"]`,
  `    a0s1["pay"]`,
  `    a0s2["book"]`,
  `    a0s3["leave, point of no return"]`,
  `    a0s0 --> a0s1`,
  `    a0s1 --> a0s2`,
  `    a0s2 --> a0s3`,
  `    a0u1(["undo pay"])`,
  `    a0s1 -.->|"undo"| a0u1`,
  `    a0f1(["undo pay"])`,
  `    a0s1 -.->|"undo where it failed"| a0f1`,
  `    a0f2(["undo book"])`,
  `    a0s2 -.->|"undo where it failed"| a0f2`,
  `    a0w0[/"signal paid"/]`,
  `    a0w1[/"signal called"/]`,
  `  end`
]
const others = [
  `  subgraph a1["Traveller/wash"]`,
  `    a1s0["soap"]`,
  `  end`,
  `  subgraph a2["Traveller/pack"]`,
  `    a2s0["pack"]`,
  `    a2u0(["undo pack"])`,
  `    a2s0 -.->|"undo"| a2u0`,
  `  end`,
  `  subgraph a3["Traveller/rest"]`,
  `    a3s0["again"]`,
  `  end`,
  `  subgraph a4["Traveller/visa"]`,
  `    a4s0["ask"]`,
  `    a4s1["pick-up"]`,
  `    a4s2["3"]`,
  `    a4s0 --> a4s1`,
  `    a4s1 --> a4s2`,
  `  end`,
  `  subgraph a5["Traveller/tour"]`,
  `    a5s0["all"]`,
  `  end`
]

suite("diagrams", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>
  ) =>
    it.effect(name, () =>
      Effect.suspend(() => {
        Object.assign(scene, { isFull: true, failing: 0 })
        return Effect.andThen(scenario(), healthy)
      }).pipe(Effect.provide(TripsLive.pipe(Layer.provideMerge(engine.layer(options))))))
  const drawn = (...args: Parameters<typeof Stepped.diagram>) =>
    Effect.map(Stepped.diagram(...args), (text) => text.split("\n"))

  /** A trip that fails and is undone, nights that ask for each other, and a tour. */
  const history = Effect.gen(function*() {
    const ann = (yield* Travellers.client)("Ann")
    const handle = yield* ann.tripLater("May")
    yield* ann.restLater(2)
    yield* ann.tourLater()
    yield* performIdle
    yield* TestClock.adjust("1 minute")
    yield* performIdle
    yield* handle.send(paid, 5)
    yield* Effect.repeat(Effect.andThen(TestClock.adjust("1 hour"), performIdle), { times: 3 })
    yield* Effect.flip(handle.await)
    return handle.id
  })

  test("17.4: steps, signals and compensations are drawn, and what has been asked for by whom", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* drawn(Travellers), ["flowchart TB", ...trip, ...others])
      yield* history
      const edges = (release: string, reserve: string) => [
        `  a3s0 -->|"child"| a3s0`,
        `  a5s0 -->|"child"| ${release}`,
        `  a0s2 -->|"child"| ${reserve}`,
        `  a0u1 -->|"child"| ${release}`,
        `  a0w1 --> a0s1`,
        `  a0w0 --> a0s1`,
        `  a0s0 -->|"child, unwound"| a2s0`,
        `  a0s0 -->|"child, unwound"| a1s0`
      ]
      // a child whose definition is not given is drawn by its name
      assert.deepStrictEqual(yield* drawn(Travellers), [
        "flowchart TB",
        ...trip,
        ...others,
        `  o0[["Hotel/release"]]`,
        `  o1[["Hotel/reserve"]]`,
        ...edges("o0", "o1")
      ])
      assert.deepStrictEqual(yield* drawn([Travellers, Hotels]), [
        "flowchart TB",
        ...trip,
        ...others,
        `  subgraph a6["Hotel/reserve"]`,
        `    a6s0["reserve"]`,
        `  end`,
        `  subgraph a7["Hotel/release"]`,
        `    a7s0["release"]`,
        `  end`,
        ...edges("a7s0", "a6s0")
      ])
      // what is inherited is another definition, with a history of its own
      const own = ["trip", "wash", "pack", "rest", "visa", "tour", "fly"]
      assert.deepStrictEqual(
        (yield* drawn(Pilots)).filter((line) => /subgraph|child/.test(line)),
        own.map((name, i) => `  subgraph a${i}["Pilot/${name}"]`)
      )
    }))

  test("17.4: what a step has asked for that is not in the definition any more is drawn as such, whatever it was called", () =>
    Effect.gen(function*() {
      const id = yield* history
      const sql = yield* SqlClient.SqlClient
      yield* sql`update stepped.slots set definition = 'Hotel/a"] --> b' where definition = 'Hotel/reserve'`
      const Now = Stepped.actions(Traveller, [Stepped.action("trip").step("v1.2", () => Effect.void)])
      assert.deepStrictEqual(yield* drawn(Now), [
        "flowchart TB",
        `  subgraph a0["Traveller/trip"]`,
        `    a0s0["v1.2"]`,
        `  end`,
        `  o0[["Hotel/a#34;#93; --#62; b"]]`,
        `  o1[["Hotel/release"]]`,
        `  o2[["Traveller/pack"]]`,
        `  o3[["Traveller/wash"]]`,
        `  a0s0 -->|"child of book"| o0`,
        `  a0s0 -->|"child of pay"| o1`,
        `  a0s0 -->|"child of prepare"| o2`,
        `  a0s0 -->|"child of prepare"| o3`
      ])
      yield* sql`delete from stepped.slots where action = ${id}::uuid`
      assert.strictEqual((yield* drawn(Now)).length, 4)
    }))

  test("17.4: of the history the newest actions are read, and no more of them than is said", () =>
    Effect.gen(function*() {
      yield* history
      const repo = yield* ActionRepo
      const shown = (records: Effect.Success<ReturnType<typeof repo.asked>>) =>
        records.map(({ child, count, kind, name, signal, step }) =>
          `${name} ${kind} ${step}: ${count} ${child === undefined ? signal : child.name}`
        )
      assert.deepStrictEqual(shown(yield* repo.asked()), [
        "rest own again: 2 rest",
        "tour own all: 4 release",
        "trip own book: 2 reserve",
        "trip compensation pay: 1 release",
        "trip own pay: 1 called",
        "trip own pay: 1 paid",
        "trip own prepare: 1 pack",
        "trip own prepare: 2 wash"
      ])
      assert.deepStrictEqual(shown(yield* repo.asked({ actorType: "Traveller", name: "tour" })), [
        "tour own all: 4 release"
      ])
      assert.deepStrictEqual(yield* repo.asked({ actorType: "Travel" }), [])
      assert.deepStrictEqual(yield* repo.asked({ name: "tour\u0000" }), [])
      // the newest one is the room that the compensation has given back
      assert.deepStrictEqual(yield* repo.asked({ limit: 1 }), [])
      const live = yield* (yield* Travellers.client)("Bob").tripLater("May")
      yield* performIdle
      assert.deepStrictEqual(shown(yield* repo.asked({ limit: 1 })), [])
      assert.deepStrictEqual(shown(yield* repo.asked({ limit: 3 })), [
        "trip own prepare: 1 pack",
        "trip own prepare: 2 wash"
      ])
      yield* live.cancel()
      yield* performIdle
      const refused = yield* Effect.flip(Stepped.diagram(Travellers, { limit: 100_001 }))
      assert.deepInclude({ ...refused }, { _tag: "InvalidQuery", field: "limit of ActionRepo.asked" })
    }))
})
