/**
 * What ends an action, and what undoes its steps, from several sides at once on a server: one of them decides, each step that has succeeded
 * is undone once, from the last to the first, and whoever waits in the lane begins when all of that is over (rules 10.1, 10.2, 13.2).
 */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Option } from "effect"
import type { Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, Stepped } from "stepped"
import { healthy } from "../harness/databases.ts"
import { recordOf } from "../harness/observing.ts"
import { allEnded, layerWorkers, loseUndoing, noDeadlock, until, type WorkersOptions } from "../harness/workers.ts"
import { patienceMs } from "../patience.ts"
import {
  againstTime,
  allHaveCome,
  beforeTrains,
  beside,
  charged,
  ended,
  inTurn,
  ledger,
  leg,
  limo,
  moment,
  numbers,
  refunded,
  Ride,
  Rides,
  rounds,
  sailing,
  scene,
  taxi,
  undoneOrNot
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
      ), patienceMs + rounds * 300)
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
      const came = { cancelled: 0, succeeded: 0, timed_out: 0 }
      for (const [round, some] of inTurn.entries()) {
        const handles = yield* Effect.forEach(some, (n) => client(n).taxiLater(n), { concurrency: 20 })
        yield* performing("taxi", some.length)
        const said = yield* againstTime(round, "taxi", (isHeard) => {
          const heard = new Set<string>()
          const hears = (who: string) => (isTrue: boolean) => {
            if (isTrue) heard.add(who)
            return heard.size === 2 ? isHeard : Effect.void
          }
          return Effect.forEach(handles, (handle, i) => {
            const cancelling = Effect.tap(handle.cancel({ reason: "rain" }), hears("who cancels"))
            const completing = Stepped.complete(handle.id, taxi, Stepped.Outcome.succeededVoid).pipe(
              Effect.map(Option.isSome),
              Effect.tap(hears("who completes"))
            )
            const cancelled = i % 2 === 0
            // of each kind some come first for sure
            const ends = Effect.all(cancelled ? [cancelling, completing] : [completing, cancelling], {
              concurrency: i % 10 < 2 ? 1 : "unbounded"
            })
            const said = Effect.map(ends, ([one, other]) => cancelled ? [one, other] : [other, one])
            return i % 10 < 2 ? said : Effect.andThen(moment(12), said)
          }, { concurrency: "unbounded" })
        })
        yield* allEnded
        for (const [i, handle] of handles.entries()) {
          const [isCancelled, isCompleted] = said[i]!
          const { status } = yield* recordOf(handle.id)
          assert.isFalse(isCancelled! && isCompleted!)
          // who was told so has ended it, and nobody else
          assert.strictEqual(
            status,
            isCancelled ? "cancelled" : isCompleted ? "succeeded" : "timed_out",
            `taxi ${some[i]}`
          )
          came[status as keyof typeof came]++
          assert.strictEqual(refunded.filter((n) => n === some[i]).length, status === "succeeded" ? 0 : 1)
        }
      }
      allHaveCome(came)
    }))

  race(
    "10.1, 13.2: of a cancellation and its own end one decides; what was paid is refunded once",
    { engines: 3 },
    () =>
      Effect.gen(function*() {
        const client = yield* Rides.client
        const came = { cancelled: 0, succeeded: 0, failed: 0 }
        yield* Effect.forEach(numbers, (n) =>
          Effect.gen(function*() {
            const handle = yield* client(n).busLater(n)
            // some end by themselves for sure, well or not
            yield* n % 10 < 2 ? Effect.exit(handle.await) : moment(n % 10 * 2)
            const isCancelled = yield* handle.cancel()
            yield* Effect.exit(handle.await)
            const { status } = yield* recordOf(handle.id)
            const byItself = n % 2 === 0 ? "succeeded" : "failed"
            assert.strictEqual(status, isCancelled ? "cancelled" : byItself, `bus ${n}`)
            came[status as keyof typeof came]++
            const times = refunded.filter((one) => one === n).length
            // one that was cancelled in its first step may have paid, or not
            if (isCancelled) assert.isAtMost(times, 1, `bus ${n}`)
            else assert.strictEqual(times, status === "failed" ? 1 : 0, `bus ${n}`)
          }), { concurrency: 40 })
        allHaveCome(came)
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
    lease: "2 seconds",
    // whoever loses it has used one up
    attempts: 1000
  }, () =>
    Effect.gen(function*() {
      const client = yield* Rides.client
      let [losses, undoing] = [0, 0]
      for (const some of inTurn) {
        const handles = yield* Effect.forEach(some, (n) => client(n).taxiLater(n), { concurrency: 20 })
        yield* performing("taxi", some.length)
        // nothing is refunded before the first of them is lost
        const isLost = yield* Deferred.make<void>()
        scene.refund = Effect.andThen(Deferred.await(isLost), moment(8))
        const losing = Effect.gen(function*() {
          const before = yield* ended("taxi")
          // again and again, when another one is undone, until all are
          for (let [undone, last] = [before, -1]; undone < before + some.length; undone = yield* ended("taxi")) {
            const lost = undone > last ? yield* loseUndoing(2) : 0
            if (lost === 0) continue
            last = undone
            losses++
            undoing += lost
            yield* Deferred.succeed(isLost, undefined)
          }
        })
        yield* Effect.all([Effect.forEach(handles, (handle) => handle.cancel(), { concurrency: 10 }), losing], {
          concurrency: "unbounded"
        })
        yield* allEnded
      }
      assert.isAtLeast(losses, rounds / 20)
      assert.isAtLeast(undoing, losses)
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
        const repo = yield* ActionRepo
        const came = { undone: 0, notUndone: 0 }
        for (const [round, some] of inTurn.entries()) {
          const handles = yield* Effect.forEach(some, (n) => client(n).limoLater(n), { concurrency: 20 })
          yield* performing("limo", some.length)
          yield* Effect.forEach(handles, (handle) => handle.cancel(), { concurrency: 20 })
          yield* performing("leg", some.length)
          const answered = yield* againstTime(round, "limo", (isHeard) =>
            Effect.forEach(some, (n) =>
              moment(12).pipe(
                Effect.andThen(Stepped.complete(Ride.ref(n), leg, Stepped.Outcome.succeededVoid)),
                Effect.map(Option.isSome),
                Effect.tap((isTrue) => isTrue ? isHeard : Effect.void)
              ), { concurrency: "unbounded" }))
          yield* allEnded
          for (const [i, { id }] of handles.entries()) {
            const { cause, status } = yield* recordOf(id)
            const [child] = yield* repo.list({ parent: id })
            const [slot] = yield* repo.slots(id)
            assert.deepStrictEqual([status, child!.status], ["cancelled", answered[i] ? "succeeded" : "cancelled"])
            // an answer to a child that was given up, and was not cancelled yet, settles nothing
            const isUndone = cause?.notUndone === undefined
            assert.strictEqual(isUndone, slot!.status === "succeeded", `limo ${some[i]}`)
            if (isUndone) assert.isTrue(answered[i])
            came[isUndone ? "undone" : "notUndone"]++
          }
        }
        allHaveCome(came)
      }),
    undoneOrNot
  )
})
