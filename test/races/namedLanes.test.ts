/**
 * Lanes with policies, contended by several engines: never more than the limit, all lanes of an action or none, in order, and nobody is
 * forgotten (rules 15.2 to 15.6).
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import type { Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { JobQueue } from "stepped"
import { healthy } from "../harness/databases.ts"
import { recordsOf } from "../harness/observing.ts"
import { allEnded, layerWorkers, noDeadlock, until, type WorkersOptions } from "../harness/workers.ts"
import { begunIn, lastPlaces, neverTooMany, newestNumbers, watchLanes } from "./fixtures/crowds.ts"
import { actions, Cars, lanes, open, rate, roundOf, rounds, tooMany } from "./fixtures/namedLanes.ts"

describe("contended lanes with policies", () => {
  const race = <A, E>(
    name: string,
    options: WorkersOptions,
    scenario: () => Effect.Effect<A, E, Layer.Success<ReturnType<typeof layerWorkers>>>
  ) =>
    it.effect(name, () =>
      Effect.provide(
        Effect.andThen(
          Effect.andThen(watchLanes, scenario()),
          Effect.andThen(allEnded, Effect.andThen(neverTooMany, Effect.andThen(healthy, noDeadlock)))
        ),
        layerWorkers(Cars.layer, options)
      ))
  const numbers = Array.from({ length: actions }, (_, n) => n)
  const statuses = (name: string) =>
    Effect.map(recordsOf(name), (records) => [...new Set(records.map(({ status }) => status))].sort())
  const eachLane = (status: string) => Array.from({ length: lanes }, () => status)
  const empty = Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    assert.deepStrictEqual(
      yield* sql`select lane from stepped.seats union all select lane from stepped.named_lanes`,
      []
    )
  })

  const joined = until(
    "all have joined",
    Effect.flatMap(
      SqlClient.SqlClient,
      (sql) => Effect.orDie(Effect.map(sql`select 1 from stepped.jobs limit 1`, (rows) => rows.length === 0))
    )
  )

  race(
    "15.2, 15.3: a line lets in as many as its limit says, and forgets nobody",
    { engines: 4 },
    () =>
      Effect.gen(function*() {
        const client = yield* Cars.client
        yield* Effect.forEach(numbers, (n) => client(n).line(n), { concurrency: 200 })
        assert.deepStrictEqual(tooMany, [])
        assert.deepStrictEqual(yield* statuses("line"), ["succeeded"])
        assert.lengthOf(yield* recordsOf("line"), actions)
        yield* empty
      })
  )

  race("15.3: in a line of one they perform in the order of joining", { engines: 4 }, () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      const queue = yield* JobQueue
      const half = actions / 2
      const enqueue = (from: number, to: number) =>
        Effect.forEach(numbers.slice(from, to), (n) => client(n).queueLater(n), { concurrency: 40 })
      // many of each lane are there when they are taken, so that some wait in any case; the others come meanwhile
      yield* queue.pause({ queue: "default" }, { reason: "until many are there" })
      yield* enqueue(0, half)
      yield* queue.resume({ queue: "default" })
      yield* enqueue(half, actions)
      yield* allEnded
      assert.deepStrictEqual(tooMany, [])
      assert.deepStrictEqual(yield* statuses("queue"), ["succeeded"])
      const begun = yield* begunIn
      assert.lengthOf(begun, lanes)
      assert.lengthOf(begun.flatMap(({ places }) => places), actions)
      for (const { places, waited } of begun) {
        assert.isAbove(waited, 0)
        assert.deepStrictEqual(places, places.toSorted((a, b) => a - b))
      }
      yield* empty
    }))

  race(
    "14.1, 15.3: in a line the more urgent one is first, whenever it has joined",
    { engines: 4 },
    () =>
      Effect.gen(function*() {
        const client = yield* Cars.client
        const third = Math.floor((actions - lanes) / 3)
        const [patient, urgent] = [lanes + third, lanes + 2 * third]
        const enqueue = (from: number, to: number, priority: (n: number) => number) =>
          Effect.forEach(
            numbers.slice(from, to),
            (n) => client(n).with({ priority: priority(n) }).waitLater(n),
            { concurrency: 40 }
          )
        // each lane is occupied, and those that are patient have joined before those that are urgent
        yield* enqueue(0, lanes, () => 0)
        yield* joined
        yield* enqueue(lanes, patient, () => 10)
        yield* joined
        yield* enqueue(patient, urgent, () => -10)
        yield* joined
        yield* open
        yield* enqueue(urgent, actions, (n) => n % 7 - 3)
        yield* allEnded
        assert.deepStrictEqual(tooMany, [])
        assert.deepStrictEqual(yield* statuses("wait"), ["succeeded"])
        const begun = yield* begunIn
        assert.lengthOf(begun, lanes)
        assert.lengthOf(begun.flatMap(({ numbers }) => numbers), actions)
        for (const { numbers } of begun) {
          const kinds = numbers.filter((n) => n >= lanes && n < urgent).map((n) => n < patient ? "patient" : "urgent")
          assert.deepStrictEqual(kinds, kinds.toSorted().reverse())
        }
        yield* empty
      })
  )

  race(
    "15.3: a line takes no more than may wait, and whoever is turned away leaves nothing",
    { engines: 4 },
    () =>
      Effect.gen(function*() {
        const client = yield* Cars.client
        const ends = yield* Effect.forEach(
          numbers,
          (n) => Effect.match(client(n).park(n), { onFailure: (error) => error._tag, onSuccess: () => "done" }),
          { concurrency: 200 }
        )
        assert.deepStrictEqual(tooMany, [])
        assert.deepStrictEqual([...new Set(ends)].sort(), ["LaneFull", "done"])
        assert.deepStrictEqual(yield* statuses("park"), ["succeeded"])
        assert.lengthOf(yield* recordsOf("park"), ends.filter((end) => end === "done").length)
        yield* empty
      })
  )

  race(
    "15.4: where waiters are told, exactly those of superseded actions are, handles and slots",
    { engines: 4 },
    () =>
      Effect.gen(function*() {
        const client = yield* Cars.client
        const ends = yield* Effect.forEach(
          numbers,
          (n) =>
            Effect.match(n % 3 === 0 ? client(n).listen(n) : client(n).tell(n), {
              onFailure: (error) => error._tag,
              onSuccess: () => "done"
            }),
          { concurrency: 200 }
        )
        assert.deepStrictEqual(tooMany, [])
        const told = yield* recordsOf("tell")
        assert.lengthOf(told, actions)
        const seen = new Map(told.map(({ arguments: [n], status }: any): [number, string] => [n, status]))
        assert.deepStrictEqual(
          ends,
          numbers.map((n) => seen.get(n) === "succeeded" ? "done" : n % 3 === 0 ? "ActionFailed" : "Superseded")
        )
        assert.deepStrictEqual(yield* statuses("tell"), ["succeeded", "superseded"])
        assert.deepStrictEqual(yield* lastPlaces("Car/tell"), eachLane("succeeded"))
        assert.deepStrictEqual(yield* newestNumbers("Car/tell"), eachLane("succeeded"))
        yield* empty
      })
  )

  race(
    "15.3: a superseding lane with a limit never lets in more, and the newest performs",
    { engines: 4 },
    () =>
      Effect.gen(function*() {
        const client = yield* Cars.client
        yield* Effect.forEach(numbers, (n) => client(n).renew(n), { concurrency: 200 })
        assert.deepStrictEqual(tooMany, [])
        assert.includeMembers(["succeeded", "superseded"], yield* statuses("renew"))
        // who has come last has waited for nobody newer, and nobody newer has come than was enqueued last
        assert.deepStrictEqual(yield* lastPlaces("Car/renew"), eachLane("succeeded"))
        assert.deepStrictEqual(yield* newestNumbers("Car/renew"), eachLane("succeeded"))
        yield* empty
      })
  )

  race(
    "15.3: a lane that rejects never lets in more, and whoever is turned away leaves nothing",
    { engines: 4 },
    () =>
      Effect.gen(function*() {
        const client = yield* Cars.client
        const ends = yield* Effect.forEach(
          numbers,
          (n) => Effect.match(client(n).raise(n), { onFailure: (error) => error._tag, onSuccess: () => "done" }),
          { concurrency: 200 }
        )
        assert.deepStrictEqual(tooMany, [])
        assert.includeMembers(["done", "LaneBusy"], [...new Set(ends)])
        assert.lengthOf(yield* recordsOf("raise"), ends.filter((end) => end === "done").length)
        yield* empty
      })
  )

  race("15.3: where the running one is cancelled every invocation ends, and the last of a lane succeeds", {
    engines: 4
  }, () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      yield* Effect.forEach(numbers, (n) => Effect.exit(client(n).turn(n)), { concurrency: 200 })
      yield* allEnded
      assert.includeMembers(["cancelled", "succeeded", "superseded"], yield* statuses("turn"))
      // a body that is interrupted may end later than its action: how many perform is what the rows say, at the end of each race
      assert.deepStrictEqual(yield* lastPlaces("Car/turn"), eachLane("succeeded"))
      yield* empty
    }))

  const startsOf = (name: string) =>
    Effect.map(
      recordsOf(name),
      (records) =>
        records.flatMap(({ arguments: [n], startedAt }: any): ReadonlyArray<readonly [lane: number, at: number]> =>
          startedAt === undefined ? [] : [[n % lanes, startedAt.getTime()]]
        )
    )
  const begun = (name: string, count: number) =>
    until(`${count} of ${name} begin`, Effect.map(startsOf(name), (starts) => starts.length >= count))
  /** Long enough for workers that poll to begin what they may. */
  const aWhile = TestClock.withLive(Effect.sleep("300 millis"))

  race("15.6: with a rate no window sees more starts, to the millisecond, and nobody starts later than he may", {
    engines: 4
  }, () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      const round = rate * lanes
      const enqueue = (from: number, count: number) =>
        Effect.forEach(numbers.slice(from, from + count), (n) => client(n).callLater(n), { concurrency: 40 })
      yield* enqueue(0, 2 * round)
      for (const windows of [1, 2, 3]) {
        yield* begun("call", windows * round)
        yield* TestClock.adjust("999 millis")
        // these join while the window is full
        if (windows === 1) yield* enqueue(2 * round, round)
        yield* aWhile
        assert.lengthOf(yield* startsOf("call"), windows * round)
        yield* TestClock.adjust("1 millis")
      }
      yield* allEnded
      const starts = yield* startsOf("call")
      for (const lane of Array.from({ length: lanes }, (_, n) => n)) {
        const times = starts.filter(([its]) => its === lane).map(([, at]) => at).sort((a, b) => a - b)
        assert.deepStrictEqual(times, [0, 1000, 2000].flatMap((at) => Array.from({ length: rate }, () => at)))
      }
      yield* TestClock.adjust("1 second")
      yield* until("the lanes are forgotten", Effect.map(Effect.exit(empty), Exit.isSuccess))
    }))

  race("15.3: a start that many put off at once comes when it is due, to the millisecond, and of each lane once", {
    engines: 4
  }, () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      for (let round = 0; round < rounds; round++) {
        const those = numbers.slice(round * roundOf, (round + 1) * roundOf)
        yield* Effect.forEach(those, (n) => client(n).saveLater(n), { concurrency: 40 })
        yield* joined
        // each round is within the wait of the one before
        if (round < rounds - 1) yield* TestClock.adjust("700 millis")
      }
      // at 2,100; the first one has waited 2,500 before the last one has waited 1,000
      yield* TestClock.adjust("399 millis")
      yield* aWhile
      assert.deepStrictEqual(yield* startsOf("save"), [])
      yield* TestClock.adjust("1 millis")
      yield* allEnded
      const starts = yield* startsOf("save")
      assert.sameDeepMembers([...starts], Array.from({ length: lanes }, (_, lane) => [lane, 2500] as const))
      assert.includeMembers(["succeeded", "superseded"], yield* statuses("save"))
      yield* empty
    }))

  race("15.5: several lanes are taken all or none, and nobody starves", { engines: 4 }, () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      yield* Effect.forEach(numbers, (n) =>
        n % 3 === 0 ? client(n).haul(n) : n % 3 === 1 ? client(n).queue(n) : client(n).line(n), {
        concurrency: 200
      })
      assert.deepStrictEqual(tooMany, [])
      assert.deepStrictEqual(yield* statuses("haul"), ["succeeded"])
      yield* empty
    }))
})
