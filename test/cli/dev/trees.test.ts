/** Which trees are drawn beside a program that is written. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { newestTrees } from "../../../src/cli/dev/newestTrees.ts"
import { garage } from "../fixtures/garage.ts"

it.live("what goes on still is drawn before what has ended, the newest first", () =>
  Effect.gen(function*() {
    const { client, objects, services } = yield* garage
    const waits = yield* client(1).askLater()
    const ended: Array<string> = []
    for (let i = 2; i < 9; i++) {
      const handle = yield* client(i).visitNow("London")
      yield* Effect.provide(handle.await, services)
      ended.push(handle.id)
    }
    while ((yield* objects("ls", "--status", "succeeded")).length < 7) yield* Effect.sleep("20 millis")
    const drawn = Effect.map(Effect.provide(newestTrees, services), (trees) => trees.map((text) => text.split("\n")[0]))
    assert.deepStrictEqual(yield* drawn, [...ended.slice(-4).toReversed(), waits.id])
    const others: Array<string> = []
    for (let i = 11; i < 17; i++) others.push((yield* client(i).askLater()).id)
    assert.deepStrictEqual(yield* drawn, others.slice(-5).toReversed())
  }))
