/**
 * Two ends for one action: of several completions exactly one wins, the callbacks run once, the lane moves on once, and the parent
 * is told once (rules 1.2, 4.4, 4.5).
 */
import { assert, beforeEach, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Option, Schema } from "effect"
import type { Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Step, Stepped } from "stepped"
import type { ActionRecord } from "stepped"
import { performDue } from "stepped/testing"
import { healthy } from "../harness/databases.ts"
import { recordsOf, slotsOf, stepsOf } from "../harness/observing.ts"
import { allEnded, layerWorkers, noDeadlock, until } from "../harness/workers.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

const seen: Array<string> = []
const note = (text: string) => Effect.sync(() => void seen.push(text))
const gates = new Map<number, { readonly started: Deferred.Deferred<void>; readonly go: Deferred.Deferred<void> }>()
const gate = (round: number) => gates.get(round)!
beforeEach(() => {
  seen.length = 0
  gates.clear()
})

// deaf to interruptions: it always comes to its end, also when that is too late
const bodyOf = (round: number) =>
  Effect.uninterruptible(
    Effect.andThen(Deferred.succeed(gate(round).started, undefined), Deferred.await(gate(round).go))
  )
const options = {
  arguments: [Schema.Int, Schema.Boolean],
  timeout: "1 minute",
  concurrencyKey: (n: number) => ["lane", n]
} as const
const contested = Stepped.action("contested", options)
  .step("body", (round, fails) => Effect.andThen(bodyOf(round), fails ? Effect.die(new Error("no")) : Effect.void))
  .after((round, _, { status }) => note(`callback ${round} ${status}`))
const outbound = Stepped.action("outbound", { ...options, outbound: true })
  .step("body", (round, fails) => Effect.andThen(bodyOf(round), fails ? Effect.die(new Error("no")) : Effect.void))
  .after((round, _, { status }) => note(`callback ${round} ${status}`))
const follower = Stepped.action("follower", { arguments: [Schema.Int], concurrencyKey: (n) => ["lane", n] })
  .step((round) => note(`follower ${round}`))
const parent = Stepped.action("parent", { arguments: [Schema.Int, Schema.Boolean, Schema.Boolean] })
  .step("wait", (round, fails, isOutbound) =>
    Effect.gen(function*() {
      if (isOutbound) yield* Step.do(outbound, round, fails)
      else yield* Step.do(contested, round, fails)
    }))
  .step("next", (round) => note(`next ${round}`))
  .after((round, _, __, { status }) => note(`parent ${round} ${status}`))
const Cars = Stepped.actions(Car, [contested, outbound, follower, parent])

/** Ways to end an action; the answer says whether it was this that ended it, where that is known at once. */
const sources = {
  "the last step": { status: "succeeded", fails: false, outbound: false },
  "a failed step": { status: "failed", fails: true, outbound: false },
  "a failed step of an outbound action": { status: "failed", fails: true, outbound: true },
  "a timeout": { status: "timed_out" },
  "a cancellation": { status: "cancelled" },
  "a completion from outside": { status: "succeeded", outbound: true },
  "another completion from outside": { status: "failed", outbound: true }
} as const
type Source = keyof typeof sources
type End = (action: ActionRecord) => Effect.Effect<boolean | undefined, unknown, Stepped.Services | SqlClient.SqlClient>

const ends: Record<Source, End> = {
  "the last step": (action) =>
    Effect.asVoid(Deferred.succeed(gate(Number(action.actorId)).go, undefined)) as Effect.Effect<undefined>,
  "a failed step": (action) => ends["the last step"](action),
  "a failed step of an outbound action": (action) => ends["the last step"](action),
  "a timeout": () => Effect.as(performDue, undefined),
  "a cancellation": (action) =>
    Effect.map(
      Effect.flatMap(SqlClient.SqlClient, (sql) => cancelById(sql, action.id)),
      (done): boolean => done
    ),
  "a completion from outside": (action) =>
    Effect.map(Stepped.complete(action.id, outbound, Stepped.Outcome.succeededVoid), Option.isSome),
  "another completion from outside": (action) =>
    Effect.map(Stepped.complete(Car.ref(Number(action.actorId)), outbound, Stepped.Outcome.failed()), Option.isSome)
}
// a child has no handle: the transition behind `handle.cancel`, as another process would call it
const cancelById = (sql: SqlClient.SqlClient, id: string) =>
  Effect.map(
    sql<{ kind: number; step: number }>`select kind, step from stepped.complete(null, ${new Date(
      0
    )}, '{}'::text[], '{}'::text[], '{}'::smallint[],
      ${id}::uuid, null, null, 4::smallint, null, null, false)`,
    (rows) => rows.some((row) => row.kind === -6 && row.step === 1)
  )

const pairs: ReadonlyArray<readonly [Source, Source]> = [
  ["the last step", "a timeout"],
  ["the last step", "a cancellation"],
  ["a failed step", "a timeout"],
  ["a failed step", "a cancellation"],
  ["a timeout", "a cancellation"],
  ["a timeout", "a completion from outside"],
  ["a cancellation", "a completion from outside"],
  ["a completion from outside", "another completion from outside"],
  ["a completion from outside", "a failed step of an outbound action"]
]

const bodyEnds = (source: Source) => source.includes("step")

/** A parent that waits for the contested action, whose body runs, and a follower that waits for its lane. */
const begin = (round: number, pair: readonly [Source, Source]) =>
  Effect.gen(function*() {
    const fails = pair.some((source) => source.startsWith("a failed step"))
    const isOutbound = pair.some((source) => source.includes("outside"))
    gates.set(round, { started: yield* Deferred.make<void>(), go: yield* Deferred.make<void>() })
    const car = (yield* Cars.client)(round)
    const root = yield* car.parentLater(round, fails, isOutbound)
    yield* Deferred.await(gate(round).started)
    const next = yield* car.followerLater(round)
    yield* until("the follower is pending", Effect.map(next.status, ({ status }) => status === "pending"))
    const records = yield* recordsOf(isOutbound ? "outbound" : "contested")
    return { root, next, action: records.find((record) => record.actorId === String(round))! }
  })

/** Exactly one end: one callback, one turn of the lane, one word to the parent. */
const endedOnce = (round: number, id: string, root: { readonly id: string }, possible: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const records = [...yield* recordsOf("contested"), ...yield* recordsOf("outbound")]
    const { callbacksFailed, callbacksSucceeded, status } = records.find((record) => record.id === id)!
    assert.include(possible, status)
    assert.deepStrictEqual(seen.filter((text) => text.startsWith(`callback ${round} `)), [
      `callback ${round} ${status}`
    ])
    assert.deepStrictEqual([callbacksSucceeded, callbacksFailed], [1, 0])
    assert.deepStrictEqual(seen.filter((text) => text === `follower ${round}`), [`follower ${round}`])
    const well = status === "succeeded"
    assert.deepStrictEqual(seen.filter((text) => text === `next ${round}`), well ? [`next ${round}`] : [])
    assert.deepStrictEqual(seen.filter((text) => text.startsWith(`parent ${round} `)), [
      `parent ${round} ${well ? "succeeded" : "failed"}`
    ])
    assert.deepStrictEqual(yield* slotsOf(root.id), [status])
    assert.deepStrictEqual(yield* stepsOf(root.id), well ? ["wait succeeded", "next succeeded"] : ["wait failed"])
    return status
  })

describe("two ends for one action", () => {
  const race = <A, E>(name: string, scenario: Effect.Effect<A, E, Layer.Success<ReturnType<typeof layerWorkers>>>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario, Effect.andThen(healthy, noDeadlock)), layerWorkers(Cars.layer))
    )

  for (const pair of pairs) {
    for (const [first, second] of [pair, [pair[1], pair[0]] as const]) {
      race(
        `${first}, then ${second}`,
        Effect.gen(function*() {
          const { action, next, root } = yield* begin(1, pair)
          if (first === "a timeout") yield* TestClock.adjust("1 minute")
          const won = yield* ends[first](action)
          if (won !== undefined) assert.isTrue(won)
          yield* until(
            "the action ends",
            Effect.map(recordsOf(action.name), ([record]) => record!.status !== "performing")
          )
          if (second === "a timeout") yield* TestClock.adjust("1 minute")
          const late = yield* ends[second](action)
          if (late !== undefined) assert.isFalse(late)
          yield* Deferred.succeed(gate(1).go, undefined)
          yield* Effect.exit(root.await)
          yield* next.await
          yield* allEnded
          yield* endedOnce(1, action.id, root, [sources[first].status])
        })
      )
    }

    race(
      `${pair[0]} and ${pair[1]} at once`,
      Effect.gen(function*() {
        const rounds = Array.from({ length: 24 }, (_, n) => n)
        const begun = yield* Effect.forEach(rounds, (round) => begin(round, pair), { concurrency: 8 })
        const timed = pair.includes("a timeout")
        if (timed) {
          // one clock for all: everything else goes off as it strikes
          const fire = pair.filter((source) => source !== "a timeout")
          yield* Effect.all([
            Effect.andThen(TestClock.adjust("1 minute"), performDue),
            ...begun.flatMap(({ action }) => fire.map((source) => Effect.asVoid(ends[source](action))))
          ], { concurrency: "unbounded" })
        } else {
          const answers = yield* Effect.forEach(
            begun,
            ({ action }, n) =>
              Effect.all((n % 2 === 0 ? pair : [...pair].reverse()).map((source) => ends[source](action)), {
                concurrency: "unbounded"
              }),
            { concurrency: "unbounded" }
          )
          // where both know their answer at once, exactly one of them won
          if (!pair.some(bodyEnds)) {
            assert.deepStrictEqual(
              answers.map((both) => both.filter(Boolean).length),
              rounds.map(() => 1)
            )
          }
        }
        yield* Effect.forEach(rounds, (round) => Deferred.succeed(gate(round).go, undefined))
        yield* Effect.forEach(begun, ({ next, root }) => Effect.andThen(Effect.exit(root.await), next.await), {
          concurrency: "unbounded"
        })
        yield* allEnded
        for (const { action, root } of begun) {
          yield* endedOnce(Number(action.actorId), action.id, root, pair.map((source) => sources[source].status))
        }
      })
    )
  }

  race(
    "a parent that is cancelled while its child ends",
    Effect.gen(function*() {
      const rounds = Array.from({ length: 24 }, (_, n) => n)
      const begun = yield* Effect.forEach(rounds, (round) => begin(round, ["the last step", "a cancellation"]), {
        concurrency: 8
      })
      const cancelled = yield* Effect.forEach(begun, ({ action, root }, n) =>
        Effect.map(
          Effect.all(
            n % 2 === 0 ? [root.cancel, ends["the last step"](action)] : [ends["the last step"](action), root.cancel],
            {
              concurrency: "unbounded"
            }
          ),
          (answers) => answers.includes(true)
        ), { concurrency: "unbounded" })
      const exits = yield* Effect.forEach(begun, ({ root }) => Effect.exit(root.await), { concurrency: "unbounded" })
      yield* Effect.forEach(begun, ({ next }) => next.await)
      yield* allEnded
      for (const [n, { root }] of begun.entries()) {
        assert.strictEqual(Exit.isSuccess(exits[n]!), !cancelled[n])
        assert.lengthOf(seen.filter((text) => text.startsWith(`parent ${n} `)), 1)
        assert.lengthOf(seen.filter((text) => text.startsWith(`callback ${n} `)), 1)
        if (cancelled[n]!) assert.include(["wait cancelled", "next cancelled"], (yield* stepsOf(root.id)).at(-1)!)
      }
    })
  )
})
