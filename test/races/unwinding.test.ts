/**
 * What ends an action, and what undoes its steps, from several sides at once on a server: one of them decides, each step that has succeeded
 * is undone once, from the last to the first, and whoever waits in the lane begins when all of that is over (rules 10.1, 10.2, 13.2).
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Option } from "effect"
import type { Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, Stepped } from "stepped"
import { healthy } from "../harness/databases.ts"
import { allEnded, layerWorkers, noDeadlock, until, type WorkersOptions } from "../harness/workers.ts"
import {
  beforeTrains,
  beside,
  charged,
  ledger,
  leg,
  limo,
  numbers,
  refunded,
  Ride,
  Rides,
  rounds,
  sailing,
  taxi
} from "./fixtures/unwinding.ts"

/** Of all that has ended without success each step that has something for how it has ended is undone, once, and nothing else. */
const undoneOnce = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const wrong = yield* sql`
    select e.id, e.definition, e.status, t.name, count(c.idx)::int as undone
    from stepped.ended_actions e join stepped.steps t on t.action = e.id and t.undoes is null and t.undo is not null
    left join stepped.steps c on c.action = e.id and c.undoes = t.idx and c.status = 2
    group by e.id, e.definition, e.status, t.name, t.status, t.undo
    having count(c.idx) <> case when e.status <> 2 then sign(t.undo & case when t.status = 2 then 1 else 2 end) else 0 end`
  assert.deepStrictEqual(wrong, [])
  const late = yield* sql`
    select c.action from stepped.steps c join stepped.steps n on n.action = c.action and n.idx > c.idx
    where c.undoes <= n.undoes`
  assert.deepStrictEqual(late, [])
})

/** Of all that has ended without success each succeeded step is undone, once, or said not to be: never both, and never neither. */
const undoneOrNot = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const wrong = yield* sql`
    select e.id, e.definition, e.cause, t.idx, count(c.idx)::int as undone
    from stepped.ended_actions e join stepped.steps t on t.action = e.id and t.undoes is null and t.undo is not null and t.status = 2
    left join stepped.steps c on c.action = e.id and c.undoes = t.idx and c.status = 2
    where e.status <> 2
    group by e.id, e.definition, e.cause, t.idx
    having count(c.idx) + jsonb_array_length(
      jsonb_path_query_array(coalesce(e.cause -> 'notUndone', '[]'), '$[*] ? (@.index == $at)', jsonb_build_object('at', t.idx))) <> 1`
  assert.deepStrictEqual(wrong, [])
})

describe("unwinding, from several sides", () => {
  const race = <A, E>(
    name: string,
    options: WorkersOptions,
    scenario: () => Effect.Effect<A, E, Layer.Success<ReturnType<typeof layerWorkers>>>,
    check: typeof undoneOnce = undoneOnce
  ) =>
    it.effect(name, () =>
      Effect.provide(
        Effect.andThen(
          scenario(),
          Effect.andThen(allEnded, Effect.andThen(check, Effect.andThen(healthy, noDeadlock)))
        ),
        layerWorkers(Rides.layer, options)
      ))
  const performing = (name: string, count: number) =>
    until(
      `${count} ${name} wait`,
      Effect.flatMap(SqlClient.SqlClient, (sql) =>
        Effect.map(
          sql<
            { n: number }
          >`select count(*)::int as n from stepped.live_actions where definition = ${`Ride/${name}`} and phase in (1, 2)`,
          ([row]) => row!.n === count
        ))
    )

  race("13.2: of a cancellation, a completion and a timeout one decides", { engines: 2 }, () =>
    Effect.gen(function*() {
      const client = yield* Rides.client
      const handles = yield* Effect.forEach(numbers, (n) => client(n).taxiLater(n), { concurrency: 50 })
      yield* performing("taxi", rounds)
      const ends = handles.map((handle, n) => {
        const cancelling = handle.cancel({ reason: "rain" })
        const completing = Effect.map(Stepped.complete(handle.id, taxi, Stepped.Outcome.succeededVoid), Option.isSome)
        return Effect.all(n % 2 === 0 ? [cancelling, completing] : [completing, cancelling], {
          concurrency: "unbounded"
        })
      })
      const late = Effect.andThen(TestClock.withLive(Effect.sleep("40 millis")), TestClock.adjust("1 hour"))
      const [said] = yield* Effect.all([Effect.all(ends, { concurrency: 20 }), late], {
        concurrency: "unbounded"
      })
      for (const [one, other] of said) assert.isFalse(one && other)
      yield* allEnded
      const exits = yield* Effect.forEach(handles, ({ await: result }) => Effect.exit(result), { concurrency: 50 })
      const succeeded = numbers.filter((n) => Exit.isSuccess(exits[n]!))
      assert.sameMembers(refunded, numbers.filter((n) => !succeeded.includes(n)))
    }))

  race(
    "10.1, 13.2: of a cancellation and its own end one decides; what was paid is refunded once",
    { engines: 3 },
    () =>
      Effect.gen(function*() {
        const client = yield* Rides.client
        yield* Effect.forEach(numbers, (n) =>
          Effect.gen(function*() {
            const handle = yield* client(n).busLater(n)
            yield* Effect.forEach(Array(n % 7), () => Effect.yieldNow)
            yield* handle.cancel()
            const exit = yield* Effect.exit(handle.await)
            // one that was cancelled in its first step may have paid, or not
            const times = refunded.filter((one) => one === n).length
            assert.isAtMost(times, Exit.isSuccess(exit) ? 0 : 1, `ride ${n}`)
          }), { concurrency: 40 })
      })
  )

  race(
    "10.1: nothing is undone beside a body that still runs, on whatever engine that is",
    { engines: 3 },
    () =>
      Effect.gen(function*() {
        const client = yield* Rides.client
        yield* Effect.forEach(numbers, (n) =>
          Effect.gen(function*() {
            const handle = yield* client(n).boatLater(n)
            yield* TestClock.withLive(Effect.sleep(n % 11))
            yield* handle.cancel()
            yield* Effect.exit(handle.await)
          }), { concurrency: 20 })
        assert.deepStrictEqual([beside, [...sailing]], [[], []])
      })
  )

  race(
    "9.13: of what is cancelled while it pays, shielded, all that was paid is refunded",
    { engines: 3 },
    () =>
      Effect.gen(function*() {
        const client = yield* Rides.client
        yield* Effect.forEach(numbers, (n) =>
          Effect.gen(function*() {
            const handle = yield* client(n).planeLater(n)
            yield* TestClock.withLive(Effect.sleep(n % 7))
            const [, ended] = yield* Effect.all([handle.cancel(), Effect.exit(handle.await)], { concurrency: 2 })
            const paid = charged.filter((one) => one === n).length
            assert.isAtMost(paid, 1)
            const back = refunded.filter((one) => one === n).length
            assert.strictEqual(back, Exit.isSuccess(ended) ? 0 : paid, `plane ${n}`)
          }), { concurrency: 20 })
        // none of them was interrupted
        assert.deepStrictEqual(beside, [])
      })
  )

  race("10.1: of a child's success and its parent's cancellation either way the parent is undone after it", {
    engines: 3
  }, () =>
    Effect.gen(function*() {
      const client = yield* Rides.client
      const handles = yield* Effect.forEach(numbers, (n) => client(n).trainLater(n), { concurrency: 50 })
      yield* performing("leg", rounds)
      // nobody completes every fourth one, so that some children are cancelled, and undone, in any case
      yield* Effect.forEach(
        handles,
        (handle, n) =>
          Effect.all([
            handle.cancel(),
            n % 4 === 0 ? Effect.void : Stepped.complete(Ride.ref(n), leg, Stepped.Outcome.succeededVoid)
          ], { concurrency: "unbounded" }),
        { concurrency: 20 }
      )
      yield* allEnded
      // a child that has succeeded stays so; one that was cancelled was undone before its parent was
      assert.isAtLeast(beforeTrains.length, rounds / 4)
      assert.deepStrictEqual(beforeTrains, beforeTrains.map(() => 0))
    }))

  race("10.2: workers that lose their leases while they undo leave that to others", {
    engines: 3,
    lease: "2 seconds"
  }, () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const client = yield* Rides.client
      const handles = yield* Effect.forEach(numbers, (n) => client(n).taxiLater(n), { concurrency: 50 })
      yield* performing("taxi", rounds)
      const lost = Effect.gen(function*() {
        for (let i = 0; i < 5; i++) {
          yield* sql`select taken from stepped.recover(${new Date(
            0
          )}, array(select token from stepped.workers order by random() limit 2), true)`
          yield* TestClock.withLive(Effect.sleep("30 millis"))
        }
      })
      yield* Effect.all([
        Effect.forEach(handles, (handle) => handle.cancel(), { concurrency: 10 }),
        lost
      ], { concurrency: "unbounded" })
      yield* until("all is undone", Effect.as(TestClock.adjust("10 minutes"), true))
      yield* allEnded
      assert.sameMembers([...new Set(refunded)], numbers)
    }))

  race(
    "10.1: whoever waits in the lane with the same checksum begins when all is undone",
    { engines: 3 },
    () =>
      Effect.gen(function*() {
        const client = yield* Rides.client
        yield* Effect.forEach(numbers, (n) => client(n).ferryLater(n), { concurrency: 30 })
        yield* allEnded
        // nobody in this lane is charged before whoever was charged there is refunded
        assert.isAbove(ledger.length, 0)
        assert.deepStrictEqual(ledger, charged.flatMap((n) => [["charged", n], ["refunded", n]] as const))
        assert.lengthOf(refunded, charged.length)
      })
  )

  race(
    "10.7: of abandoning and the end of the last compensation one counts",
    { engines: 3 },
    () =>
      Effect.gen(function*() {
        const client = yield* Rides.client
        const repo = yield* ActionRepo
        const handles = yield* Effect.forEach(numbers, (n) => client(n).taxiLater(n), { concurrency: 50 })
        yield* performing("taxi", rounds)
        const said = yield* Effect.forEach(handles, (handle, n) =>
          Effect.gen(function*() {
            yield* handle.cancel()
            yield* Effect.forEach(Array(n % 11), () => Effect.yieldNow)
            return yield* repo.abandonUnwinding(handle.id, { reason: "rain" })
          }), { concurrency: 20 })
        yield* allEnded
        const records = yield* Effect.forEach(handles, ({ id }) => repo.find(id), { concurrency: 20 })
        records.forEach((record, n) => {
          const { cause, status } = Option.getOrThrow(record)
          assert.strictEqual(status, "cancelled")
          assert.strictEqual(cause?.notUndone !== undefined, said[n] === "done", `ride ${n}: ${said[n]}`)
        })
      }),
    undoneOrNot
  )

  race(
    "10.7, 13.2: of abandoning, and the completion of what it waits for, one counts; the action itself is not completed any more",
    { engines: 3 },
    () =>
      Effect.gen(function*() {
        const client = yield* Rides.client
        const repo = yield* ActionRepo
        const handles = yield* Effect.forEach(numbers, (n) => client(n).limoLater(n), { concurrency: 50 })
        yield* performing("limo", rounds)
        yield* Effect.forEach(handles, (handle) => handle.cancel(), { concurrency: 20 })
        yield* performing("leg", rounds)
        const said = yield* Effect.forEach(handles, (handle, n) =>
          Effect.gen(function*() {
            const completes = Effect.map(
              Stepped.complete(Ride.ref(n), leg, Stepped.Outcome.succeededVoid),
              Option.isSome
            )
            const abandons = repo.abandonUnwinding(handle.id, { reason: "rain" })
            const [first, second, late] = yield* Effect.all([
              n % 2 === 0 ? completes : abandons,
              n % 2 === 0 ? abandons : completes,
              Stepped.complete(handle.id, limo, Stepped.Outcome.succeededVoid)
            ], { concurrency: "unbounded" })
            assert.isTrue(Option.isNone(late))
            return n % 2 === 0 ? { completed: first, abandoned: second } : { completed: second, abandoned: first }
          }), { concurrency: 20 })
        yield* allEnded
        for (const [n, { id }] of handles.entries()) {
          const { cause, status } = Option.getOrThrow(yield* repo.find(id))
          const [child] = yield* repo.list({ parent: id })
          assert.strictEqual(status, "cancelled")
          // its child has ended well before that, or was given up, and is undone itself
          assert.strictEqual(cause?.notUndone !== undefined, said[n]!.abandoned === "done", `limo ${n}`)
          assert.strictEqual(child!.status === "succeeded", said[n]!.completed)
          if (said[n]!.abandoned !== "done") assert.isTrue(said[n]!.completed)
        }
        assert.sameMembers(refunded, numbers.filter((n) => said[n]!.completed !== true))
      }),
    undoneOrNot
  )

  race(
    "10.7: of the end of what undoes a step and the end of the time for that one counts",
    { engines: 2 },
    () =>
      Effect.gen(function*() {
        const client = yield* Rides.client
        const handles = yield* Effect.forEach(numbers, (n) => client(n).limoLater(n), { concurrency: 50 })
        yield* performing("limo", rounds)
        yield* Effect.forEach(handles, (handle) => handle.cancel(), { concurrency: 20 })
        yield* performing("leg", rounds)
        const late = Effect.andThen(TestClock.withLive(Effect.sleep("30 millis")), TestClock.adjust("1 hour"))
        yield* Effect.all([
          Effect.forEach(numbers, (n) => Stepped.complete(Ride.ref(n), leg, Stepped.Outcome.succeededVoid), {
            concurrency: 10
          }),
          late
        ], { concurrency: "unbounded" })
      }),
    undoneOrNot
  )
})
