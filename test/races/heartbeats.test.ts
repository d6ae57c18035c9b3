/**
 * Heartbeats beside the time at which whoever is silent is given up, and beside what he waits to send: who is heard is not given up, who is given
 * up is told so, and one of two ends wins (rule 12.3).
 */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Fiber, Layer, Option, References } from "effect"
import type { Scope } from "effect"
import { TestClock } from "effect/testing"
import { type Engine, Stepped } from "stepped"
import { healthy, server } from "../harness/databases.ts"
import { recordOf, slotsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { blocked, gated, holding, sidesOf, spread } from "../harness/racing.ts"
import { allEnded, layerWorkers, noDeadlock, until } from "../harness/workers.ts"
import { patienceMs } from "../patience.ts"
import { Accounts, exported, print, rounds } from "./fixtures/heartbeats.ts"

const { extendTimeout, heartbeat } = Stepped
const numbers = Array.from({ length: rounds }, (_, n) => n)

describe("heartbeats", () => {
  const meeting = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Layer.Success<ReturnType<typeof server.layer>> | Scope.Scope>
  ) =>
    it.effect(name, () =>
      Effect.provide(
        Effect.andThen(Effect.scoped(scenario()), healthy),
        Layer.provideMerge(Accounts.layer, server.layer())
      ))

  meeting(
    "12.3: one that comes in time counts, whoever finds the time over before it is committed",
    () =>
      Effect.gen(function*() {
        const client = yield* Accounts.client
        const context = yield* Effect.context<Engine>()
        for (const heard of [(id: string) => heartbeat(id, 1), (id: string) => extendTimeout(id, "1 hour")]) {
          const waits = yield* client(1).reportLater()
          const outside = yield* client(1).printLater()
          yield* performIdle
          yield* TestClock.adjust("59 seconds")
          const commits = [
            yield* holding(Effect.provide(heartbeat(waits.id), context)),
            yield* holding(Effect.provide(heard(outside.id) as Effect.Effect<unknown, unknown, Engine>, context))
          ]
          yield* TestClock.adjust("1 second")
          yield* performIdle
          for (const commit of commits) yield* commit
          yield* performIdle
          assert.deepStrictEqual(yield* slotsOf(waits.id), ["open"])
          assert.strictEqual((yield* recordOf(outside.id)).status, "performing")
          yield* TestClock.adjust("79 seconds")
          yield* performIdle
          for (const { id } of [waits, outside]) assert.notStrictEqual((yield* recordOf(id)).status, "performing")
        }
      })
  )

  meeting(
    "12.3: one that meets whoever is giving it up waits for him, and comes too late",
    () =>
      Effect.gen(function*() {
        const client = yield* Accounts.client
        for (const isOutside of [false, true]) {
          for (const late of [(id: string) => heartbeat(id, 1), (id: string) => extendTimeout(id, "1 hour")]) {
            const { id } = yield* (isOutside ? client(1).printLater() : client(1).reportLater())
            yield* performIdle
            const at = yield* Clock.currentTimeMillis
            const goOn = yield* gated(id)
            const looking = yield* Effect.forkChild(
              Effect.andThen(TestClock.adjust("1 minute"), performIdle)
            )
            yield* blocked(1)
            // by the clock of whoever calls there is a second left
            yield* TestClock.setTime(at + 59_000)
            const calling = yield* Effect.forkChild(late(id))
            yield* blocked(2)
            yield* TestClock.setTime(at + 60_000)
            yield* goOn
            assert.strictEqual(yield* Fiber.join(calling), "late")
            yield* Fiber.join(looking)
            const record = yield* recordOf(id)
            assert.include(record.cause, { kind: "heartbeat_timed_out" })
            assert.isUndefined(record.cause?.details)
          }
        }
      })
  )

  const race = <A, E>(
    name: string,
    scenario: Effect.Effect<A, E, Layer.Success<ReturnType<typeof layerWorkers>>>
  ) =>
    it.effect(
      name,
      () =>
        Effect.andThen(scenario, Effect.andThen(allEnded, Effect.andThen(healthy, noDeadlock))).pipe(
          Effect.provide(layerWorkers(Accounts.layer, { engines: 3 })),
          Effect.provideService(References.MinimumLogLevel, "None")
        ),
      patienceMs + rounds * 300
    )

  /** A minute passes for one that nobody has said anything of, until it is given up. */
  const silent = ({ id }: { readonly id: string }) =>
    Effect.andThen(
      TestClock.adjust("70 seconds"),
      until("it is given up", Effect.map(recordOf(id), ({ endedAt }) => endedAt !== undefined))
    )

  race(
    `12.3: of ${rounds} waits beside heartbeats, their time and their signal each has one end, and all hear which one`,
    Effect.gen(function*() {
      const client = yield* Accounts.client
      const sides = sidesOf("sent", "silent")
      yield* Effect.forEach(numbers, (n) =>
        Effect.gen(function*() {
          const handle = yield* client(n).reportLater()
          yield* until("it waits", Effect.map(slotsOf(handle.id), ([slot]) => slot !== undefined))
          if (n % 12 === 9) yield* silent(handle)
          yield* spread(
            n,
            Effect.all([
              heartbeat(handle.id, n),
              n % 2 === 0 ? handle.send(exported, n) : Effect.void,
              heartbeat(handle.id, n)
            ], { concurrency: "unbounded" }),
            n % 3 === 0 ? TestClock.adjust("70 seconds") : Effect.void
          )
          if ((yield* heartbeat(handle.id, n)) !== "heard") {
            // it is over, or will be as soon as somebody looks
            yield* Effect.exit(handle.await)
          } else yield* handle.send(exported, n)
          const exit = yield* Effect.exit(handle.await)
          const { cause, status } = yield* recordOf(handle.id)
          assert.strictEqual(status, Exit.isSuccess(exit) ? "succeeded" : "failed")
          if (Exit.isFailure(exit)) assert.strictEqual(cause?.kind, "heartbeat_timed_out")
          sides.won(Exit.isSuccess(exit) ? "sent" : "silent")
          assert.strictEqual(yield* heartbeat(handle.id), "late")
        }), { concurrency: 8, discard: true })
      yield* sides.each(rounds)
    })
  )

  race(
    `12.3: of ${rounds} outbound actions beside heartbeats, their time and their completion each has one end`,
    Effect.gen(function*() {
      const client = yield* Accounts.client
      const sides = sidesOf("completed", "silent")
      yield* Effect.forEach(numbers, (n) =>
        Effect.gen(function*() {
          const handle = yield* client(n).printLater()
          yield* until(
            "it waits outside",
            Effect.map(recordOf(handle.id), ({ endedAt, heartbeat }) => (heartbeat ?? endedAt) !== undefined)
          )
          if (n % 12 === 9) yield* silent(handle)
          const [[heard, completed]] = yield* spread(
            n,
            Effect.all([
              heartbeat(handle.id, n),
              Stepped.complete(handle.id, print, Stepped.Outcome.succeededVoid),
              extendTimeout(handle.id, "1 hour")
            ], { concurrency: "unbounded" }),
            n % 3 === 0 ? TestClock.adjust("70 seconds") : Effect.void
          )
          assert.include(["heard", "late"], heard)
          const exit = yield* Effect.exit(handle.await)
          assert.strictEqual(Exit.isSuccess(exit), Option.isSome(completed))
          sides.won(Exit.isSuccess(exit) ? "completed" : "silent")
          assert.strictEqual(yield* heartbeat(handle.id), "late")
        }), { concurrency: 8, discard: true })
      yield* sides.each(rounds)
    })
  )
})
