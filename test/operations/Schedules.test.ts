/** Rule 20.5 with workers as processes: killed and started again while schedules are due, they fire each slot once. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { ActionRepo, Schedules } from "stepped"
import { healthy } from "../harness/databases.ts"
import { type Program, startProgram } from "../harness/Program.ts"
import { allEnded, until } from "../harness/workers.ts"
import { Clocks, each, tick } from "./fixtures/scheduling.ts"
import { database, startEngine } from "./starting.ts"

const program = new URL("./scheduling.ts", import.meta.url).pathname

describe("schedules of workers that are killed", () => {
  it.live("20.5: fire each of their slots once, declared ones and rows", () =>
    Effect.gen(function*() {
      const url = yield* database
      yield* Effect.gen(function*() {
        const schedules = yield* Schedules
        const start = Effect.tap(startProgram(program, { url }), (started) => started.says("ready"))
        const names = ["declared", ...Array.from({ length: 5 }, (_, n) => `row ${n}`)]
        for (const name of names.slice(1)) {
          yield* schedules.put(name, { ...each, actions: Clocks, actor: 1, action: tick, args: [name] })
        }
        const workers: Array<Program> = [yield* start, yield* start, yield* start]
        const slotsOf = (name: string) =>
          Effect.map(
            Effect.orElseSucceed(schedules.history(name, { limit: 1000 }), () => []),
            (slots) => slots.map(({ slot }) => slot.getTime() / 1000).toReversed()
          )
        const fired = (count: number) =>
          until(
            `${count} slots of each`,
            Effect.map(Effect.forEach(names, slotsOf), (all) => all.every((slots) => slots.length >= count))
          )
        // one after another dies, whatever it is at, and another one starts
        for (let kill = 1; kill <= 8; kill++) {
          yield* fired(2 * kill)
          const victim = workers.shift()!
          yield* victim.signal("SIGKILL")
          yield* victim.ended
          workers.push(yield* start)
        }
        for (const name of names) {
          yield* schedules.pause(name, { reason: "the test is over" })
          const slots = yield* slotsOf(name)
          assert.deepStrictEqual(slots, slots.map((_, n) => slots[0]! + n), name)
        }
        yield* allEnded
        const repo = yield* ActionRepo
        const actions = yield* repo.list({ name: "tick", limit: 10_000 })
        const counts = yield* Effect.forEach(names, slotsOf)
        assert.strictEqual(actions.length, counts.reduce((sum, slots) => sum + slots.length, 0))
        assert.isTrue(actions.every(({ status }) => status === "succeeded"))
        yield* healthy
      }).pipe(Effect.provide(yield* startEngine(url)))
    }).pipe(Effect.scoped))
})
