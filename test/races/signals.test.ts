/**
 * Signals beside the waits that they settle, the times after which these pass, what ends their targets, and each other: of all that meet,
 * each signal is read once, and one of two ends wins (rules 11.3 and 11.4).
 */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, References, Result } from "effect"
import type { Scope } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { SignalConflict, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, server } from "../harness/databases.ts"
import { recordOf, slotsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { blocked, gatedCommit, holding, sidesOf, spread } from "../harness/racing.ts"
import { allEnded, layerWorkers, noDeadlock, until } from "../harness/workers.ts"
import { patienceMs } from "../patience.ts"
import {
  answer,
  Desk,
  Desks,
  gates,
  jobOfSignal,
  payloadsOf,
  rounds,
  sendOnce,
  signalsOf,
  turn,
  waiting
} from "./fixtures/signals.ts"

const numbers = Array.from({ length: rounds }, (_, n) => n)
describe("signals", () => {
  const meeting = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Layer.Success<ReturnType<typeof server.layer>> | Scope.Scope>
  ) =>
    it.effect(name, () =>
      Effect.provide(
        Effect.andThen(Effect.scoped(scenario()), healthy),
        Layer.provideMerge(Desks.layer, server.layer())
      ))

  meeting(
    "11.2: one that is sent while a wait is being stored meets it, whoever commits first",
    () =>
      Effect.gen(function*() {
        const client = yield* Desks.client
        for (const waitCommitsFirst of [true, false]) {
          const n = waitCommitsFirst ? 1 : 2
          const gate = yield* Deferred.make<void>()
          gates.set(n, gate)
          const handle = yield* client(n).askLater(n)
          const performing = yield* Effect.forkChild(performIdle)
          yield* until("its body waits", Effect.sync(() => waiting.has(n)))
          // sent, and not committed: whoever stores the wait does not see it
          const commit = yield* holding(handle.send(answer, n))
          if (waitCommitsFirst) {
            yield* Deferred.succeed(gate, undefined)
            yield* Fiber.join(performing)
            assert.deepStrictEqual(yield* slotsOf(handle.id), ["open"])
            yield* commit
          } else {
            // the wait is stored, and not committed: whoever looks for the signal's sake finds its action locked
            const goOn = yield* gatedCommit(handle.id)
            yield* Deferred.succeed(gate, undefined)
            yield* blocked(1)
            yield* commit
            const looking = yield* Effect.forkChild(performIdle)
            const [job] = yield* jobOfSignal(handle.id)
            yield* until(
              "somebody looks",
              Effect.map(jobOfSignal(handle.id), ([now]) => now !== job || job === undefined)
            )
            yield* goOn
            yield* Fiber.join(performing)
            yield* Fiber.join(looking)
          }
          yield* performIdle
          assert.strictEqual(yield* handle.await, n)
          assert.deepStrictEqual(yield* signalsOf(handle.id), ["read"])
        }
      })
  )

  meeting(
    "11.3: one that is sent to an action while that is superseded goes on with the newcomer",
    () =>
      Effect.gen(function*() {
        const client = yield* Desks.client
        const first = yield* client(1).turnLater()
        yield* performIdle
        const second = yield* client(1).turnLater()
        yield* performIdle
        const commit = yield* holding(second.send(answer, 7))
        const third = yield* client(1).turnLater()
        yield* performIdle
        assert.strictEqual((yield* recordOf(second.id)).status, "superseded")
        yield* commit
        yield* performIdle
        yield* first.send(answer, 1)
        yield* performIdle
        assert.strictEqual(yield* third.await, 7)
      })
  )

  meeting(
    "11.2: one that is sent by actor to an action that begins at that moment is for that one",
    () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const client = yield* Desks.client
        const first = yield* client(1).turnLater()
        const second = yield* client(2).turnLater()
        yield* performIdle
        assert.strictEqual((yield* recordOf(second.id)).status, "pending")
        // it begins, which nobody sees yet; whoever looks for those that wait comes later than that
        const commit = yield* holding(
          Effect.andThen(sql`lock table stepped.jobs in access exclusive mode`, first.cancel())
        )
        const sending = yield* Effect.forkChild(Stepped.send(Desk.ref(2), turn, answer, 7))
        yield* blocked(1)
        yield* commit
        assert.strictEqual(yield* Fiber.join(sending), "sent")
        yield* performIdle
        assert.strictEqual(yield* second.await, 7)
      })
  )

  meeting(
    "11.2: one that is sent by actor while the action that it is for ends goes to the one that performs then",
    () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const client = yield* Desks.client
        const first = yield* client(1).turnLater()
        const second = yield* client(1).turnLater()
        yield* performIdle
        // it is found, and has ended by the time that it is looked at
        const commit = yield* holding(
          Effect.andThen(sql`lock table stepped.action_keys in access exclusive mode`, first.cancel())
        )
        const sending = yield* Effect.forkChild(sendOnce(1, 7))
        yield* blocked(1)
        yield* commit
        assert.deepStrictEqual(yield* Fiber.join(sending), [{ became: 1, action: second.id }])
        yield* performIdle
        assert.strictEqual(yield* second.await, 7)
      })
  )

  meeting("11.4: of two with one key that are sent at one moment the first counts", () =>
    Effect.gen(function*() {
      const client = yield* Desks.client
      const handle = yield* client(3).askLater(3)
      const commit = yield* holding(handle.send(answer, 1, { key: "k" }))
      const same = yield* Effect.forkChild(handle.send(answer, 1, { key: "k" }))
      const other = yield* Effect.forkChild(Effect.exit(handle.send(answer, 2, { key: "k" })))
      yield* blocked(2)
      yield* commit
      assert.strictEqual(yield* Fiber.join(same), "repeated")
      assert.isTrue(Exit.isFailure(yield* Fiber.join(other)))
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, 1)
      assert.deepStrictEqual(yield* signalsOf(handle.id), ["read"])
    }))

  const race = <A, E>(
    name: string,
    scenario: Effect.Effect<A, E, Layer.Success<ReturnType<typeof layerWorkers>>>
  ) =>
    it.effect(
      name,
      () =>
        Effect.andThen(scenario, Effect.andThen(allEnded, Effect.andThen(healthy, noDeadlock))).pipe(
          Effect.provide(layerWorkers(Desks.layer, { engines: 3 })),
          Effect.provideService(References.MinimumLogLevel, "None")
        ),
      patienceMs + rounds * 300
    )

  race(
    `11.2: of ${rounds} signals that are sent while their targets begin to wait each is read`,
    Effect.gen(function*() {
      const client = yield* Desks.client
      yield* Effect.forEach(numbers, (n) =>
        Effect.gen(function*() {
          const handle = yield* client(n).askLater(n)
          for (let i = 0; i < n % 12; i++) yield* handle.status
          assert.strictEqual(yield* handle.send(answer, n), "sent")
          assert.strictEqual(yield* handle.await, n)
          assert.deepStrictEqual(yield* signalsOf(handle.id), ["read"])
        }), { concurrency: 24, discard: true })
    })
  )

  race(
    `11.4: of ${rounds} signals beside the time of the wait, and beside others with their key, each has one outcome`,
    Effect.gen(function*() {
      const client = yield* Desks.client
      const sides = sidesOf("read", "passed", "the same first", "the other first", "repeated", "conflict")
      yield* Effect.forEach(numbers, (n) =>
        Effect.gen(function*() {
          const handle = yield* client(n).askLater(n)
          if (n % 2 === 1) yield* until("it waits", Effect.map(slotsOf(handle.id), ([slot]) => slot !== undefined))
          // two who say the same, and one who says something else under the same key: each of them comes first in its turn
          const said = [n, n, n].with(n % 3, n + 1)
          const [told] = yield* spread(
            n,
            Effect.forEach(said, (one) => Effect.result(handle.send(answer, one, { key: "k" })), {
              concurrency: "unbounded"
            }),
            TestClock.adjust("61 minutes")
          )
          const result = yield* handle.await
          const stored = yield* signalsOf(handle.id)
          const [kept] = yield* payloadsOf(handle.id)
          sides.won(result === -1 ? "passed" : "read")
          // what came after its time is there, and nobody's
          assert.deepStrictEqual(stored, result !== -1 ? ["read"] : kept === undefined ? [] : ["unread"])
          if (result !== -1) assert.strictEqual(result, kept)
          if (kept === undefined) {
            assert.deepStrictEqual(told.map(Result.getOrThrow), ["none", "none", "none"])
            return
          }
          sides.won(kept === n ? "the same first" : "the other first")
          assert.strictEqual(told.filter((one) => Result.isSuccess(one) && one.success === "sent").length, 1)
          for (const [index, one] of told.entries()) {
            // it may have ended before the last of them came
            if (Result.isSuccess(one) && one.success === "none") continue
            if (said[index] === kept) {
              assert.include(["sent", "repeated"], Result.getOrThrow(one))
              if (Result.getOrThrow(one) === "repeated") sides.won("repeated")
            } else {
              assert.instanceOf(one._tag === "Failure" ? one.failure : one.success, SignalConflict)
              sides.won("conflict")
            }
          }
        }), { concurrency: 8, discard: true })
      yield* sides.each(rounds)
    })
  )

  race(
    `11.3: of ${rounds} signals beside a cancellation each is read once, in the slot that it has settled, or by nobody`,
    Effect.gen(function*() {
      const client = yield* Desks.client
      const sides = sidesOf("answered", "cancelled", "sent to nobody")
      yield* Effect.forEach(numbers, (n) =>
        Effect.gen(function*() {
          const handle = yield* client(n).askLater(n)
          for (let i = 0; i < n % 7; i++) yield* handle.status
          const [sent, isCancelled] = yield* spread(n, handle.send(answer, n), handle.cancel())
          const exit = yield* Effect.exit(handle.await)
          assert.strictEqual(Exit.isFailure(exit), isCancelled)
          if (!isCancelled) assert.strictEqual(sent, "sent")
          const stored = yield* signalsOf(handle.id)
          assert.lengthOf(stored, sent === "sent" ? 1 : 0)
          // it may be read, and its action cancelled before that has gone on
          const read = stored.filter((one) => one === "read")
          const settled = (yield* slotsOf(handle.id)).filter((one) => one === "succeeded")
          assert.lengthOf(settled, read.length)
          if (!isCancelled) assert.deepStrictEqual(stored, ["read"])
          if (Exit.isSuccess(exit)) assert.strictEqual(exit.value, n)
          sides.won(!isCancelled ? "answered" : sent === "none" ? "sent to nobody" : "cancelled")
        }), { concurrency: 24, discard: true })
      yield* sides.each(rounds)
    })
  )
})
