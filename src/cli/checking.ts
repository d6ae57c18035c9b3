/** The question before a deploy. */
import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { check as checkAll, renderCheck } from "../Check.ts"
import { withEngine, withProgram } from "./connection.ts"
import { nothing } from "./failures.ts"
import { doesNotStart, load, module } from "./module.ts"
import { Output } from "./Output.ts"

const samples = Flag.Int("samples").pipe(
  Flag.withDescription("How many actions, or schedules, are named of each misfit: 3 if not given, 100 at most"),
  Flag.withDefault(3)
)

/** Asks the program that is there, and says whether all of it fits. */
const asked = (samples: number) =>
  Effect.gen(function*() {
    const output = yield* Output
    const found = yield* checkAll({ samples, payloads: output.hasPayloads })
    yield* output.value(found, renderCheck(found))
    return found.fits
  })

const check = Command.make("check", { module, samples }, (given) =>
  Effect.gen(function*() {
    const app = yield* load(given.module)
    const fits = yield* Effect.mapError(withProgram(app, asked(given.samples)), doesNotStart(given.module))
    if (!fits) return yield* nothing()
  })).pipe(
    Command.withDescription(
      "Ask whether a module would still perform every action that is queued or live: before a deploy"
    )
  )

/** The same of a program that runs, where it is typed. */
export const checkRunning = Command.make("check", { samples }, (given) =>
  withEngine(Effect.gen(function*() {
    if (!(yield* asked(given.samples))) return yield* nothing()
  }))).pipe(Command.withDescription("Ask whether this program performs every action that is queued or live"))

export const checkingCommands = [check] as const
