/**
 * Contended lanes and several engines: never two performers at a time, nobody is forgotten (rules 2.5, 4.5).
 */
import { assert, beforeEach, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { Layer } from "effect"
import { Step, Stepped } from "stepped"
import type { ActionRecord } from "stepped"
import { healthy } from "../harness/databases.ts"
import { recordsOf, statusesOf } from "../harness/observing.ts"
import { allEnded, layerWorkers, noDeadlock, type WorkersOptions } from "../harness/workers.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

// who performs in which lane, as the bodies of all engines see it
const inside = new Map<number, number>()
const overlaps: Array<string> = []
const performed = new Map<number, number>()
beforeEach(() => {
  inside.clear()
  performed.clear()
  overlaps.length = 0
})

const occupy = (lane: number, rounds: number) =>
  Effect.gen(function*() {
    const now = (inside.get(lane) ?? 0) + 1
    inside.set(lane, now)
    performed.set(lane, (performed.get(lane) ?? 0) + 1)
    if (now > 1) overlaps.push(`${now} in lane ${lane}`)
    for (let n = 0; n < rounds; n++) yield* Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))
    inside.set(lane, inside.get(lane)! - 1)
  })

const lane = { arguments: [Schema.Int, Schema.Int], concurrencyKey: (n: number) => ["lane", n] } as const
const work = Stepped.action("work", lane)
  .step("a", (n, rounds) => occupy(n, rounds))
  .step("b", (n, rounds) => occupy(n, rounds))
  .succeeded((n, rounds) => occupy(n, rounds))
const failing = Stepped.action("failing", lane).step((n, rounds) =>
  Effect.andThen(occupy(n, rounds), Effect.die(new Error("no")))
)
const visits = Stepped.action("visits", { arguments: [Schema.Int] })
  .step("one", (n) => Step.do(work, n % 4, 1))
  .step("two", (n) => Step.on(Car.ref(n + 1), work, (n + 1) % 4, 1))
const chain = Stepped.action("chain", {
  arguments: [Schema.Int, Schema.Int],
  success: Schema.Int,
  concurrencyKey: (n) => ["lane", n]
})
  .step((n, left) => Effect.as(occupy(n, left % 3), left))
const places = [1, 2, 3, 4, 5]
const many = Stepped.action("many", { arguments: [Schema.Int], success: Schema.Array(Schema.Int) })
  .step((n) => Effect.forEach(places, (left) => Step.do(chain, n % 4, left)))
const Cars = Stepped.actions(Car, [work, failing, visits, chain, many])

describe("contended lanes", () => {
  const race = <A, E>(
    name: string,
    options: WorkersOptions,
    scenario: () => Effect.Effect<A, E, Layer.Success<ReturnType<typeof layerWorkers>>>
  ) =>
    it.effect(name, () =>
      Effect.provide(
        Effect.andThen(scenario(), Effect.andThen(allEnded, Effect.andThen(healthy, noDeadlock))),
        layerWorkers(Cars.layer, options)
      ))
  const ended = <E>(later: Effect.Effect<{ readonly await: Effect.Effect<unknown, unknown> }, E>) =>
    Effect.map(later, (handle) => Effect.exit(handle.await))
  const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)

  race(
    "of roots: four engines never perform two at a time, and every invocation ends",
    { engines: 4 },
    () =>
      Effect.gen(function*() {
        const client = yield* Cars.client
        const handles = yield* Effect.forEach(
          numbers(400),
          (n) => n % 5 === 0 ? ended(client(n).failingLater(n % 4, n % 3)) : ended(client(n).workLater(n % 4, n % 3)),
          { concurrency: 8 }
        )
        yield* Effect.forEach(handles, (end) => end, { concurrency: "unbounded" })
        yield* allEnded
        assert.deepStrictEqual(overlaps, [])
        const statuses = [...yield* statusesOf("work"), ...yield* statusesOf("failing")]
        assert.lengthOf(statuses, 400)
        assert.includeMembers(["succeeded", "superseded", "failed"], [...new Set(statuses)])
        // whoever was superseded was so by somebody who performed, or was superseded in turn
        const records = new Map(
          [...yield* recordsOf("work"), ...yield* recordsOf("failing")].map((record) => [record.id, record])
        )
        for (const record of records.values()) {
          assert.strictEqual(record.status === "superseded", record.supersededBy !== undefined)
          assert.strictEqual(record.startedAt === undefined, record.status === "superseded")
          if (record.supersededBy !== undefined) assert.strictEqual(records.get(record.supersededBy)!.lane, record.lane)
        }
      })
  )

  race(
    "of children: every parent goes on, whoever superseded what it waited for",
    { engines: 3 },
    () =>
      Effect.gen(function*() {
        const client = yield* Cars.client
        yield* Effect.forEach(numbers(120), (n) => client(n).visits(n), { concurrency: 40 })
        assert.deepStrictEqual(overlaps, [])
        assert.deepStrictEqual([...new Set(yield* statusesOf("visits"))], ["succeeded"])
      })
  )

  race(
    "2.9: children of one step join their lane in the order of the body, whichever engines take them",
    { engines: 4, concurrency: 3 },
    () =>
      Effect.gen(function*() {
        const client = yield* Cars.client
        const results = yield* Effect.forEach(numbers(150), (n) => client(n).many(n), { concurrency: 50 })
        assert.deepStrictEqual(overlaps, [])
        for (const result of results) assert.lengthOf(result, places.length)
        const records = new Map((yield* recordsOf("chain")).map((record) => [record.id, record]))
        assert.strictEqual(records.size, 150 * places.length)
        const place = (record: ActionRecord) => (record.arguments as ReadonlyArray<number>)[1]!
        const wrong = [...records.values()].flatMap((record) => {
          const by = records.get(record.supersededBy ?? "")
          return by !== undefined && by.parent === record.parent && place(by) < place(record)
            ? [`${place(by)} superseded ${place(record)}`]
            : []
        })
        assert.deepStrictEqual(wrong, [])
      })
  )
})
