/** One generation of a program: its database, its worker, what it tells, and what is typed into it, until it is told to stop. */
import type { PgClient } from "@effect/sql-pg/PgClient"
import { Clock, type Context, Effect, Latch, Layer, Logger, Stream } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { App } from "../../App.ts"
import { engineLayer, type EngineOptions, type Services } from "../../engine/engineLayer.ts"
import { events } from "../../Events.ts"
import { worker } from "../../Stepped.ts"
import { realClock, realSleep } from "../../store/RealClock.ts"
import { output, schemaOf, workerClient } from "../connection.ts"
import { doesNotStart, load } from "../module.ts"
import { Output } from "../Output.ts"
import { dashboardAt } from "./dashboard.ts"
import { eventLine } from "./eventLine.ts"
import { newestTrees } from "./newestTrees.ts"
import { skippingWaits, userTime } from "./skipping.ts"
import { type Starter, starter } from "./starter.ts"
import { runningTyped } from "./typed.ts"

export interface GenerationOptions {
  readonly module: string
  /** The folder of its database; the server of the flags, if none is given. */
  readonly folder: string | undefined
  /** Whether tables of a server are made; those of a folder always are. */
  readonly migrate: boolean
  readonly skips: "nothing" | "waits" | "waits and timeouts"
  readonly json: boolean
  /** Where the dashboard is; nowhere, if not given. */
  readonly port: number | undefined
  /** Whether the dashboard shows what is stored. */
  readonly mayReadPayloads: boolean
  /** Flags of each command that is typed. */
  readonly flags: ReadonlyArray<string>
}

type Program = Services | PgClient | SqlClient

/** A program that is written just now is stopped often: what it has in hand goes on in the next generation, and soon if it was killed. */
const settings: EngineOptions = { lease: "5 seconds", pollInterval: "500 millis" }
const gracePeriod = "1 second"

const programOf = (app: App, options: GenerationOptions) =>
  Effect.gen(function*() {
    const { folder, migrate } = options
    const own = { ...settings, ...app.options, schema: yield* schemaOf(app) }
    const database: Layer.Layer<Program, unknown> = folder === undefined
      ? Layer.provideMerge(engineLayer(own, false, migrate), yield* workerClient)
      : (yield* Effect.promise(() => import("../../embedded/index.ts"))).layer({
        ...own,
        databaseClock: false,
        dataDir: folder
      })
    return worker({ gracePeriod }).pipe(Layer.provide(app.actions), Layer.provideMerge(database))
  })

/** Draws what has changed, soon after it has: ten times a second at most. */
const drawing = ({ tell }: Starter, changed: Latch.Latch) =>
  Effect.gen(function*() {
    let last = ""
    while (true) {
      changed.closeUnsafe()
      // who asks the database while it is away is told elsewhere
      const trees = yield* Effect.orElseSucceed(newestTrees, () => [])
      const text = trees.join("\n")
      if (text !== last) yield* tell({ _tag: "Trees", trees })
      last = text
      // what other processes do nobody tells
      yield* Effect.raceFirst(changed.await, realSleep("1 second"))
      yield* realSleep("100 millis")
    }
  })

/** What happens: a line for each event, or trees where somebody draws them. */
const telling = (to: Starter) =>
  Effect.gen(function*() {
    const { value } = yield* Output
    const changed = Latch.makeUnsafe(false)
    const heard = Stream.runForEach(
      events(),
      (event) =>
        to.draws ? Effect.sync(() => changed.openUnsafe()) : value({ event: event._tag, ...event }, eventLine(event))
    )
    yield* to.draws ? Effect.all([heard, drawing(to, changed)], { concurrency: "unbounded", discard: true }) : heard
  })

export const generation = (options: GenerationOptions) =>
  Effect.scoped(Effect.gen(function*() {
    const to = yield* starter
    const running = Effect.gen(function*() {
      const app = yield* load(options.module)
      const time = options.folder === undefined ? undefined : yield* userTime(options.folder)
      const program = yield* programOf(app, options)
      return yield* Effect.gen(function*() {
        const services: Context.Context<Program> = yield* Effect.mapError(
          Layer.build(program),
          doesNotStart(options.module)
        )
        yield* to.tell({ _tag: "Ready" })
        const parts = [
          Effect.provide(telling(to), services),
          runningTyped(to.typed, services, options.flags),
          ...options.port === undefined
            ? []
            : [Effect.provide(dashboardAt(options.port, options.mayReadPayloads, to), services)],
          ...time === undefined || options.skips === "nothing"
            ? []
            : [Effect.provide(skippingWaits(time, options.skips === "waits and timeouts"), services)]
        ]
        return yield* Effect.mapError(
          Effect.all(parts, { concurrency: "unbounded", discard: true }),
          doesNotStart(options.module)
        )
      }).pipe(Effect.provideService(Clock.Clock, time?.clock ?? realClock))
    })
    yield* Effect.raceFirst(running, to.gone)
  })).pipe(
    Effect.provide(Layer.merge(options.json ? Logger.layer([Logger.consoleJson]) : Layer.empty, Layer.unwrap(output)))
  )
