/** The question before a deploy. */
import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { check as checkAll, renderCheck } from "../Check.ts"
import { withProgram } from "./connection.ts"
import { nothing } from "./failures.ts"
import { doesNotStart, load, module } from "./module.ts"
import { Output } from "./Output.ts"

const check = Command.make("check", {
  module,
  samples: Flag.Int("samples").pipe(
    Flag.withDescription("How many actions are named of each misfit: 3 if not given, 100 at most"),
    Flag.withDefault(3)
  )
}, (given) =>
  Effect.gen(function*() {
    const app = yield* load(given.module)
    const asked = Effect.gen(function*() {
      const output = yield* Output
      const found = yield* checkAll({ samples: given.samples, payloads: output.hasPayloads })
      yield* output.value(found, renderCheck(found))
      return found.fits
    })
    const fits = yield* Effect.mapError(withProgram(app, asked), doesNotStart(given.module))
    if (!fits) return yield* nothing()
  })).pipe(
    Command.withDescription(
      "Ask whether a module would still perform every action that is queued or live: before a deploy"
    )
  )

export const checkingCommands = [check] as const
