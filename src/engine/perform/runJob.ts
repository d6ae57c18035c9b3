/** Runs the job of a job-backed action: it completes the action itself, now or by whoever it has asked (rule 5.3). */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { JobRetry, makeJob } from "../../Action.ts"
import { StorageError } from "../../SteppedError.ts"
import { fromCause } from "../causes.ts"
import type { Concluded } from "./concluding.ts"
import { decide } from "./decide.ts"
import { actionOf, argumentsOf, idsOf, type Performance, userCodeOf } from "./Performance.ts"
import { answerOf, Unhandled } from "./retry.ts"
import { runUserCode } from "./runUserCode.ts"
import type { Surroundings } from "./Surroundings.ts"

/** Runs of a job that a row can count; later ones have this number, too. */
const lastCounted = 32_767

const isRetry = (reason: Cause.Reason<unknown>): reason is Cause.Die & { readonly defect: JobRetry } =>
  Cause.isDieReason(reason) && reason.defect instanceof JobRetry

export const runJob = (
  performance: Performance,
  env: Surroundings
): Effect.Effect<Concluded | undefined, Unhandled> =>
  Effect.gen(function*() {
    const { id, runnable } = performance
    const run = runnable.definition.job
    if (run === undefined) return decide(performance, { _tag: "JobDropped" })
    let completed = false
    let unanswered = false
    const job = makeJob(
      { actionId: id, attemptNumber: performance.attempt, lastFailure: performance.failure },
      (outcome, options) =>
        Effect.tapError(
          env.complete(performance, outcome, options, () => {
            completed = true
          }),
          (error) =>
            Effect.sync(() => {
              unanswered = unanswered || error instanceof StorageError
            })
        )
    )
    const exit = yield* Effect.exit(
      Effect.flatMap(argumentsOf(performance), (args) =>
        runUserCode(
          Effect.suspend(() => run(job, ...args) as Effect.Effect<unknown, unknown>),
          userCodeOf(performance, "job", args, { captured: runnable.context })
        ))
    )
    const report = (cause: Cause.Cause<unknown>) => env.log.failure(cause, actionOf(performance), idsOf(performance))
    if (completed) {
      if (Exit.isFailure(exit) && !exit.cause.reasons.some(isRetry)) yield* report(exit.cause)
      return undefined
    }
    if (Exit.isSuccess(exit)) return decide(performance, { _tag: "JobEnded" })
    // what the job has done may be done well: a database that is away decides nothing about it
    if (unanswered) return yield* Effect.fail(new Unhandled(exit.cause, true))
    const cause = yield* answerOf(exit.cause, env.settings)
    const again = cause.reasons.find(isRetry)
    if (again !== undefined) {
      const due = Math.ceil((yield* env.now) + again.defect.delayMs)
      return decide(performance, {
        _tag: "Again",
        due,
        burns: false,
        attempt: Math.min(performance.attempt + 1, lastCounted)
      })
    }
    yield* report(cause)
    const stored = yield* fromCause(cause, {
      place: actionOf(performance),
      error: runnable.definition.error,
      limit: env.settings.payload
    })
    return decide(performance, { _tag: "Failed", cause: stored })
  })
