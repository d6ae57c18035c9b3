/** A transactional step: the body's SQL, its result, its children and the consumed lease commit together, or nothing of it. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { UnsuitableIsolation } from "../../SteppedError.ts"
import type { RunnableStep } from "../Runnable.ts"
import type { Concluded } from "./concluding.ts"
import { decide } from "./decide.ts"
import type { Performance } from "./Performance.ts"
import { stepFailed, Unhandled } from "./retry.ts"
import type { BodyRun } from "./stepService.ts"
import type { Surroundings } from "./Surroundings.ts"
import { isShielded } from "./unwinding.ts"

/** Takes a failure out of its transaction, with what is to be concluded from it. */
class RollBack {
  readonly _tag = "RollBack"
  readonly after: Effect.Effect<Concluded, Unhandled>
  constructor(after: Effect.Effect<Concluded, Unhandled>) {
    this.after = after
  }
}

/** Whether the step has failed for another reason than the mark that its body has set. */
const isRefused = ({ conclusion }: Concluded, run: BodyRun): boolean =>
  (conclusion._tag === "StepRetries" || conclusion._tag === "StepHeld" ||
    ("ended" in conclusion && conclusion.ended?.status === "failed")) &&
  !run.effects.marked

export const transactional = (
  performance: Performance,
  step: RunnableStep,
  run: Effect.Effect<Exit.Exit<BodyRun, unknown>, Unhandled>,
  after: (exit: Exit.Exit<BodyRun, unknown>) => Effect.Effect<Concluded, Unhandled>,
  env: Surroundings
): Effect.Effect<Concluded | undefined, Unhandled> =>
  env.transaction(
    Effect.gen(function*(): Effect.fn.Return<Concluded, RollBack | Unhandled> {
      const exit = yield* run
      // a failed body takes its SQL back; the failure itself is stored afterwards, on its own
      if (Exit.isFailure(exit)) return yield* Effect.fail(new RollBack(after(exit)))
      const concluded = yield* after(exit)
      // so does one whose value cannot be stored
      if (isRefused(concluded, exit.value)) return yield* Effect.fail(new RollBack(Effect.succeed(concluded)))
      // and one that has come too late
      const { timeoutAt } = performance
      return timeoutAt === undefined || timeoutAt > (yield* env.now)
        ? concluded
        // what it has done is to be known, and stays
        : isShielded(performance)
        ? concluded.limit?.instead() ?? concluded
        : yield* Effect.fail(new RollBack(Effect.succeed(decide(performance, { _tag: "TimeIsOver" }))))
    })
  ).pipe(
    Effect.catch((error) =>
      error instanceof RollBack
        ? error.after
        // the body's doing, which would do the same again
        : error instanceof UnsuitableIsolation
        ? stepFailed(performance, step, Cause.fail(error), env)
        : Effect.fail(error instanceof Unhandled ? error : new Unhandled(Cause.fail(error), error.isRetryable))
    )
  )
