/** What somebody decides of a step that is held, waits, or is to begin again, of an action that unwinds, or of an execution: what is asked for is checked first. */
import * as Effect from "effect/Effect"
import { isActionId } from "../domain/Phase.ts"
import type { OperatorOptions, OperatorVerb } from "../Operation.ts"
import type {
  AbandonUnwindingResult,
  InterruptExecutionResult,
  ResumeExecutionResult,
  StepAttempt,
  StepDecisionResult
} from "../OperatorResult.ts"
import type { InvalidQuery, StorageError } from "../SteppedError.ts"
import type { Abandoning, DecidedOf, StepDecision } from "./Answer.ts"
import { isIndex, jsonOf, operationOf, textOf } from "./asked.ts"
import type { NewOperation } from "./Records.ts"
import type { Store } from "./Store.ts"

type Refused = StorageError | InvalidQuery

type Deciding = Effect.Effect<StepDecisionResult, Refused>

type WithReason = OperatorOptions & { readonly reason: string }

export const decidingOf = (store: Store["Service"], now: Effect.Effect<number>) => {
  const decide = (
    verb: OperatorVerb,
    of: DecidedOf,
    decision: StepDecision | Abandoning,
    options: OperatorOptions | undefined
  ): Deciding =>
    Effect.flatMap(
      operationOf(now, verb, of.action, options, of),
      (operation) =>
        isActionId(of.action) && (decision._tag === "abandon" || (isIndex(of.index) && isIndex(of.attemptNumber)))
          ? store.decideStep(operation.at, of, decision, operation)
          : Effect.succeed("none" as const)
    )
  const execution = <A>(
    verb: "ActionRepo.resumeExecution" | "ActionRepo.interruptExecution",
    id: string,
    options: OperatorOptions | undefined,
    ask: (operation: NewOperation) => Effect.Effect<A, StorageError>
  ): Effect.Effect<A | "none", StorageError | InvalidQuery> =>
    Effect.flatMap(
      operationOf(now, verb, id, options),
      (operation): Effect.Effect<A | "none", StorageError> => isActionId(id) ? ask(operation) : Effect.succeed("none")
    )
  return {
    resumeExecution: (id: string, options?: OperatorOptions): Effect.Effect<ResumeExecutionResult, Refused> =>
      execution("ActionRepo.resumeExecution", id, options, (asked) => store.resumeExecution(asked.at, id, asked)),
    interruptExecution: (id: string, options?: OperatorOptions): Effect.Effect<InterruptExecutionResult, Refused> =>
      execution(
        "ActionRepo.interruptExecution",
        id,
        options,
        (asked) => Effect.map(store.interruptExecution(asked.at, id, asked), ({ result }) => result)
      ),
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
