/** A worker in a process of its own: it starts when it is told, and says how many bodies it has run, and when the first began. */
import { PgClient } from "@effect/sql-pg"
import { Config, Effect, Layer } from "effect"
import { createInterface } from "node:readline"
import { Stepped } from "stepped"
import { hear, layer } from "./Cars.ts"

const sayEvery = "10 millis"

let done = 0
let began = 0
hear(() => {
  if (done++ === 0) began = performance.timeOrigin + performance.now()
})

const say = (event: string) => Effect.sync(() => console.log(JSON.stringify({ event, done, began })))
const told = new Promise<void>((resolve) => createInterface({ input: process.stdin }).once("line", () => resolve()))

const saying = Effect.gen(function*() {
  for (let said = 0;; said = done) {
    yield* Effect.sleep(sayEvery)
    if (done !== said) yield* say("ran")
  }
})

const Main = Effect.gen(function*() {
  yield* say("ready")
  yield* Effect.promise(() => told)
  yield* Layer.build(Stepped.worker({ concurrency: Number(process.env.CONCURRENCY) }))
  return yield* saying
})

const live = layer.pipe(
  Layer.provideMerge(Stepped.layer),
  Layer.provideMerge(PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") }))
)

await Effect.runPromise(Effect.scoped(Main).pipe(Effect.provide(live)))
