/** What somebody decides of a step that is held, waits, or is to begin again, or of an action that unwinds: what is asked for is checked first. */
import * as Effect from "effect/Effect"
import { isActionId } from "../domain/Phase.ts"
import type { OperatorOptions, OperatorVerb } from "../Operation.ts"
import type { AbandonUnwindingResult, StepAttempt, StepDecisionResult } from "../OperatorResult.ts"
import type { InvalidQuery, StorageError } from "../SteppedError.ts"
import type { Abandoning, DecidedOf, StepDecision } from "./Answer.ts"
import { isIndex, jsonOf, operationOf, textOf } from "./asked.ts"
import type { Store } from "./Store.ts"

type Deciding = Effect.Effect<StepDecisionResult, StorageError | InvalidQuery>

type WithReason = OperatorOptions & { readonly reason: string }

export const decidingOf = (store: Store["Service"]) => {
  const decide = (
    verb: OperatorVerb,
    of: DecidedOf,
    decision: StepDecision | Abandoning,
    options: OperatorOptions | undefined
  ): Deciding =>
    Effect.flatMap(
      operationOf(verb, of.action, options, of),
      (operation) =>
        isActionId(of.action) && (decision._tag === "abandon" || (isIndex(of.index) && isIndex(of.attemptNumber)))
          ? store.decideStep(operation.at, of, decision, operation)
          : Effect.succeed("none" as const)
    )
  return {
    tryStepAgain: (step: StepAttempt, options?: OperatorOptions) =>
      decide("ActionRepo.tryStepAgain", step, { _tag: "again" }, options),
    skipStep: (step: StepAttempt, options?: OperatorOptions) =>
      decide("ActionRepo.skipStep", step, { _tag: "skip" }, options),
    completeStep: (step: StepAttempt, result: unknown, options?: OperatorOptions) =>
      Effect.flatMap(
        jsonOf("result of ActionRepo.completeStep", result),
        (value) => decide("ActionRepo.completeStep", step, { _tag: "complete", value }, options)
      ),
    failStep: (step: StepAttempt, options: WithReason) =>
      Effect.flatMap(
        textOf("reason of ActionRepo.failStep", options.reason, 1000),
        (reason) => decide("ActionRepo.failStep", step, { _tag: "fail", reason }, options)
      ),
    abandonUnwinding: (action: string, options: WithReason) =>
      Effect.map(
        Effect.flatMap(
          textOf("reason of ActionRepo.abandonUnwinding", options.reason, 1000),
          (reason) => decide("ActionRepo.abandonUnwinding", { action }, { _tag: "abandon", reason }, options)
        ),
        // nobody's hands are waited for
        (result): AbandonUnwindingResult =>
          result === "done" || result === "over" || result === "none" ? result : "notUnwinding"
      )
  }
}
