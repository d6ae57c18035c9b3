/** Programs under faults with schedules: each slot is enqueued once, whoever dies at it, and none is lost that is caught up with. */
import { Effect, Layer, Schema } from "effect"
import { Schedules, Stepped } from "stepped"
import { nobody, note, program } from "./Playing.ts"
import type { Services } from "./Process.ts"
import { type Stage, type Tree, userStart } from "./Trial.ts"

class Shop extends Stepped.Actor<Shop>()("Shop", { id: Schema.Int }) {}
/** None of what is counted supersedes another one. */
const desk = Stepped.lane("desk", { whenBusy: "line" })
const report = Stepped.action("report", {
  arguments: [Schema.String],
  concurrency: () => desk("reports")
}).step("write", note)
const Shops = Stepped.actions(Shop, [report])

const after = (seconds: number) => new Date(userStart + seconds * 1000)

/** 20 seconds after the start, and then each minute; four of them. */
const minutely = { every: "1 minute", until: after(210), actions: Shops, actor: 1, action: report } as const

const verb = <A, E>(stage: Stage, ask: (schedules: Schedules["Service"]) => Effect.Effect<A, E, Services>) =>
  stage.insist(Effect.flatMap(Schedules, ask))

/** Puts it, as often as there is no answer: the second time it is the same. */
const put = (stage: Stage, name: string, more: object) =>
  verb(stage, (schedules) => schedules.put(name, { ...minutely, args: [name], ...more }))

/** Its slots in seconds after the start, and where it is at. */
const fired = (stage: Stage, name: string) =>
  verb(
    stage,
    (schedules) =>
      Effect.map(Effect.all([schedules.history(name), schedules.find(name)]), ([slots, { state }]) =>
        [
          ...slots.toReversed().map(({ byHand, slot }) =>
            `${(slot.getTime() - userStart) / 1000}${byHand ? " by hand" : ""}`
          ),
          state
        ].join(", "))
  )

const written = (count: number) => Array.from({ length: count }, () => "Shop/1 report succeeded write succeeded")

const why = { reason: "a test", by: "ada" }

export const schedulePrograms: ReadonlyArray<Tree> = [
  program("20.1, 20.3: rows fire at each of their slots, until they end", {
    layer: Shops.layer,
    play: (stage) =>
      Effect.gen(function*() {
        yield* put(stage, "often", {})
        yield* put(stage, "once", { every: undefined, until: undefined, at: after(100) })
        yield* put(stage, "spread", { jitter: "30 seconds" })
        yield* stage.drain(nobody)
        return yield* Effect.forEach(["often", "once", "spread"], (name) => fired(stage, name))
      }),
    handles: ["20, 80, 140, 200, over", "100, over", "20, 80, 140, 200, over"],
    actions: written(9),
    notes: ["often", "once", "spread"]
  }),
  program("20.4: what was missed fires late, not at all, or each within limits", {
    layer: Shops.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const until = after(600)
        yield* put(stage, "latest", { until })
        yield* put(stage, "none", { every: "5 minutes", until, catchUp: "none" })
        yield* put(stage, "all", { until, catchUp: { max: 3, window: "1 hour" } })
        yield* stage.advance(600_000)
        yield* stage.drain(nobody)
        return yield* Effect.forEach(["latest", "none", "all"], (name) => fired(stage, name))
      }),
    handles: ["560, over", "over", "440, 500, 560, over"],
    actions: written(4),
    notes: ["all", "latest"]
  }),
  program("20.8: paused, run, filled up, changed and resumed", {
    layer: Shops.layer,
    play: (stage) =>
      Effect.gen(function*() {
        yield* put(stage, "often", {})
        yield* stage.advance(30_000)
        yield* stage.idle
        yield* verb(stage, (schedules) => schedules.pause("often", why))
        yield* stage.advance(70_000)
        yield* stage.idle
        const range = { from: after(0), to: after(100) }
        yield* verb(stage, (schedules) => schedules.backfill("often", range, why))
        yield* verb(stage, (schedules) => schedules.run("often", why))
        yield* put(stage, "often", { args: ["new"] })
        yield* verb(stage, (schedules) => schedules.resume("often", why))
        yield* stage.drain(nobody)
        const slots = yield* fired(stage, "often")
        yield* verb(stage, (schedules) => schedules.remove("often", why))
        return [slots]
      }),
    handles: ["20, 80, 100 by hand, 140, 200, over"],
    actions: written(5),
    notes: ["new", "often"]
  }),
  program("20.8: all of them are paused and gone on with, and none catches up with what has passed", {
    layer: Shops.layer,
    play: (stage) =>
      Effect.gen(function*() {
        for (const name of ["often", "spread"]) {
          yield* put(stage, name, {
            catchUp: { max: 10, window: "1 hour" },
            ...name === "often" ? {} : { jitter: "5 seconds" }
          })
        }
        yield* stage.advance(30_000)
        yield* stage.idle
        yield* verb(stage, (schedules) => schedules.pauseAll(why))
        yield* stage.advance(70_000)
        yield* stage.idle
        yield* verb(stage, (schedules) => schedules.resumeAll(why))
        yield* stage.drain(nobody)
        return yield* Effect.forEach(["often", "spread"], (name) => fired(stage, name))
      }),
    handles: ["20, 140, 200, over", "20, 140, 200, over"],
    actions: written(6),
    notes: ["often", "spread"]
  }),
  program("20.6: one that workers declare fires at each of its slots, whoever is left of them", {
    layer: Layer.merge(
      Shops.layer,
      Layer.orDie(Stepped.schedule("declared", { ...minutely, args: ["declared"] }))
    ),
    play: (stage) =>
      Effect.gen(function*() {
        // a worker says some time after its start what it declares, and may not come to that
        while ((yield* stage.sql`select 1 from stepped.schedules`).length === 0) {
          yield* Effect.sleep("20 millis")
        }
        yield* stage.drain(nobody)
        return [yield* fired(stage, "declared")]
      }),
    handles: ["20, 80, 140, 200, over"],
    actions: written(4),
    notes: ["declared"]
  })
]
