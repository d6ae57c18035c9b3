/** What somebody has decided of a step that is held, waits, or is to begin again. What cannot be is not done: the step is held, and says why. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { PlainSchema } from "../../Actor.ts"
import { codecOf } from "../../domain/Codec.ts"
import { broken, errorText, type FailureCause } from "../../domain/Failure.ts"
import { uncheckedTemplate } from "../../domain/ResultTemplate.ts"
import type { StepDecision } from "../../store/Answer.ts"
import { squash } from "./attempts.ts"
import { canBePassed, type Concluded } from "./concluding.ts"
import { decide } from "./decide.ts"
import { atStep, findStep, nextAfter, type Performance, placeAt, stepOf } from "./Performance.ts"
import { isItsOwn, successOf, withResults } from "./results.ts"
import type { Surroundings } from "./Surroundings.ts"

/** What an attempt counts as that somebody has asked for: nothing that a policy counts. */
const asked = "asked for"

export const concludeDecision = (
  taken: Performance,
  decision: StepDecision,
  env: Surroundings
): Effect.Effect<Concluded> =>
  Effect.gen(function*() {
    const row = taken.detail?.steps.find(({ index }) => index === taken.step)
    const performance = atStep(taken, row ?? stepOf(taken))
    const step = stepOf(performance)
    const place = placeAt(performance, step)
    const now = yield* env.now
    const stays = (message: string) =>
      decide(performance, { _tag: "Failed", cause: broken(place, message), heldAt: now })
    switch (decision._tag) {
      case "again":
        return decide(performance, {
          _tag: "Failed",
          cause: byHand(place, "to be tried again, as somebody has decided"),
          again: { at: now, due: now, counts: asked }
        })
      case "skip":
        return canBePassed(performance, step)
          ? decide(performance, { _tag: "StepSkipped", step })
          : stays("it cannot be skipped: nothing else gives the action's success")
      case "fail":
        return decide(performance, { _tag: "Failed", cause: byHand(place, decision.reason) })
      case "complete": {
        const exit = yield* Effect.exit(completed(performance, decision.value, env))
        return Exit.isSuccess(exit)
          ? exit.value
          : stays(`it cannot be completed with this value: ${errorText(squash(exit.cause))}`)
      }
    }
  })

const byHand = (path: string, message: string): FailureCause => ({ kind: "failure", path, message })

/** As if the body had given what the value says. */
const completed = (taken: Performance, encoded: unknown, env: Surroundings): Effect.Effect<Concluded, unknown> =>
  Effect.gen(function*() {
    const performance = yield* withResults(taken, env)
    const step = stepOf(performance)
    const { definition } = performance.runnable
    const isLast = nextAfter(performance, step) === undefined
    const defined = findStep(performance, step)
    const isOwn = defined !== undefined && isItsOwn(performance, defined, isLast, false)
    const schema: PlainSchema | undefined = isLast && !definition.outbound && !isOwn
      ? definition.success
      : defined?.result
    const value = schema === undefined ? encoded : yield* codecOf(schema).decode(encoded)
    const stored = schema === undefined ? uncheckedTemplate(encoded) : { $encoded: encoded }
    const success = isOwn ? yield* successOf(performance, value, env) : encoded
    return decide(performance, { _tag: "StepSucceeded", step, value, stored, encoded: success })
  })
