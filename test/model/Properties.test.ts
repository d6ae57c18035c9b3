/**
 * Random trees on real engines: what the model says must come of them, and what must hold whatever comes of them.
 */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Stepped } from "stepped"
import { suite } from "../harness/databases.ts"
import { takeHeals, watched } from "../harness/heals.ts"
import { layerServer, layerUrl, TestDatabase } from "../harness/Server.ts"
import { patienceMs } from "../patience.ts"
import {
  brokenRules,
  crowds,
  endsAsTheModelSays,
  forAll,
  letPerform,
  makeWorld,
  scenarios,
  seed,
  show,
  silent,
  trees
} from "./Trees.ts"

console.log(`random trees: STEPPED_TREES=${trees} STEPPED_SEED=${seed}`)

const template = { name: "migrated", migrate: Stepped.migrate() }

const timeout = patienceMs + trees * 1000

suite("random trees", (engine) => {
  const world = makeWorld({ second: 1000 })
  const layer = world.layer.pipe(Layer.provideMerge(engine.layer()))

  it.effect(
    "performed one by one, they end as the model says",
    () =>
      forAll(scenarios, endsAsTheModelSays(world), { inWords: show }).pipe(Effect.provide(Layer.merge(layer, silent))),
    timeout
  )
})

it.live("random trees: performed by two workers beside each other, they break no rule", () => {
  const world = makeWorld({ second: 4 })
  const worker = Layer.fresh(
    Stepped.worker({ concurrency: 8 }).pipe(
      Layer.provide(world.layer),
      Layer.provideMerge(Stepped.layer({ databaseClock: false, notify: true, pollInterval: "50 millis" })),
      Layer.provide(watched)
    )
  )
  return Effect.gen(function*() {
    const { url } = yield* TestDatabase
    const first = yield* Layer.build(worker)
    yield* Layer.build(Layer.provide(worker, layerUrl(url, { maxConnections: 8 })))
    let name = 0
    yield* forAll(crowds, (crowd) =>
      Effect.gen(function*() {
        yield* letPerform(world, `crowd ${name++}`, crowd)
        assert.deepStrictEqual(yield* brokenRules({ oneClock: false }), [])
        assert.strictEqual(yield* takeHeals, 0)
        // while nobody dies
        const twice = world.log.filter((entry, i) => world.log.indexOf(entry) !== i)
        assert.deepStrictEqual(twice, [])
        // chance has a part in it: a smaller crowd that passes says nothing
      }), { inWords: show, endOnFailure: true }).pipe(Effect.provide(first))
  }).pipe(
    Effect.scoped,
    Effect.provide(Layer.merge(silent, layerServer({ template, maxConnections: 10 })))
  )
}, timeout)
