/** Runs what comes before an action's lane is taken: the hook and the effectful keys of an invocation that is held. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { actionText, exhausted, type FailureCause, unreadableActor } from "../../domain/Failure.ts"
import type { ToPrepare } from "../../store/Answer.ts"
import type { PreparedInvocation } from "../../store/Invocation.ts"
import { fromCause } from "../causes.ts"
import { asHeld, prepare, unjoinable } from "../invoke/prepare.ts"
import { backoff } from "../perform/backoff.ts"
import { settingsOf } from "../perform/own.ts"
import { refOf } from "../perform/Performance.ts"
import { answerOf, type Unhandled } from "../perform/retry.ts"
import { runUserCode } from "../perform/runUserCode.ts"
import { retryWhile } from "../retrying.ts"
import { inTrace, Tracing } from "../trace.ts"
import type { Ran, WorkerContext } from "./context.ts"

/** Puts a held invocation back until a time. Not to be forgotten: nobody sees when it is in nobody's hands. */
export const postpone = (
  worker: WorkerContext,
  { job, queue }: ToPrepare,
  due: number,
  failure?: FailureCause
): Effect.Effect<void> =>
  Effect.suspend(() => {
    const token = worker.lease.token()
    if (token === undefined) return Effect.void
    const call = worker.connections.ask(worker.store.postpone(token, queue, job, due, failure))
    return Effect.map(
      retryWhile(() => worker.lease.token() === token, call),
      (is) => is ? worker.peers.inCharge().timers.know(due) : undefined
    )
  })

/** An invocation that fails without being performed. */
const givenUp = (task: ToPrepare, cause: FailureCause): PreparedInvocation => ({
  ...unjoinable(asHeld(task)),
  ended: { status: "failed", result: null, cause }
})

export const prepareOf = (worker: WorkerContext) => {
  const { registry, now } = worker
  return (task: ToPrepare): Effect.Effect<Ran | void> =>
    Effect.gen(function*() {
      const runnable = registry.byKey(task.definition)
      if (runnable === undefined) return yield* worker.reconciler.giveBack([task.action])
      const settings = settingsOf(runnable, worker.settings)
      const ended = (cause: FailureCause): Ran => ({ _tag: "Prepared", prepared: givenUp(task, cause) })
      const { actorId, action: actionId } = task
      const place = actionText(task.definition, actorId)
      const refExit = yield* Effect.exit(Effect.sync(() => refOf(runnable.actor, task.actorId)))
      if (Exit.isFailure(refExit)) {
        return ended(unreadableActor(place, Cause.squash(refExit.cause)))
      }
      if (task.attempts >= settings.attempts) {
        return ended(exhausted(place, task.attempts))
      }
      const of = { action: task.definition, actorId, actionId }
      const code = { captured: runnable.context, kind: "before", runnable, ref: refExit.value, actorId, actionId }
      const tracing = task.trace === undefined ? undefined : new Tracing(task.trace)
      const stored = (cause: Cause.Cause<unknown>) =>
        fromCause(cause, { place, error: runnable.definition.error, limit: settings.payload })
      let unhandled: Unhandled | undefined
      const prepared = yield* prepare(
        task,
        runnable,
        (effect) => inTrace(tracing, runUserCode(effect, { ...code, tracing })),
        settings,
        now,
        (effect) =>
          Effect.catchCause(effect, (cause) =>
            Effect.matchEffect(answerOf(cause, settings), {
              onSuccess: (answer) => Effect.andThen(worker.log.failure(answer, place, of), Effect.failCause(answer)),
              onFailure: (failure) => {
                unhandled = failure
                return Effect.failCause(cause)
              }
            }))
      ).pipe(Effect.catchCause((cause) => Effect.map(stored(cause), (failed) => givenUp(task, failed))))
      if (unhandled !== undefined) {
        const at = yield* now
        const delay = task.attempts + 1 >= settings.attempts
          ? undefined
          : yield* backoff(settings.retry, task.attempts, at)
        if (delay !== undefined && worker.lease.token() !== undefined) {
          const due = Math.ceil(at + delay)
          yield* worker.log.retry(unhandled.cause, unhandled.isTransient, due, place, of)
          return yield* postpone(worker, task, due, yield* stored(unhandled.cause))
        }
        yield* worker.log.failure(unhandled.cause, place, of)
      }
      return { _tag: "Prepared", prepared }
    })
}
