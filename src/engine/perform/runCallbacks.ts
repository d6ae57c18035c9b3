/**
 * Runs the callbacks of the decided status one after another; failing ones are counted and stop nobody (rule 4.1, 4.2). One that is to be
 * tried again keeps the action where it is, with what has ended stored: whoever goes on runs only the others, and those that a deploy has
 * brought. What it has dropped is forgotten.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { codecOf } from "../../domain/Codec.ts"
import { placeOf } from "../../domain/Failure.ts"
import type { StoredOutcome } from "../../store/Conclusion.ts"
import type { Invocation } from "../../store/Invocation.ts"
import { errorOf, fromCause } from "../causes.ts"
import type { RunnableCallback } from "../Runnable.ts"
import { dueAgain } from "./backoff.ts"
import type { Concluded } from "./concluding.ts"
import { decide } from "./decide.ts"
import { actionOf, argumentsOf, idsOf, type Performance, userCodeOf } from "./Performance.ts"
import { resultsAtEnd } from "./results.ts"
import { exitOf, Unhandled } from "./retry.ts"
import { runUserCode } from "./runUserCode.ts"
import { starter, type Starting } from "./starter.ts"
import type { Surroundings } from "./Surroundings.ts"

export const runCallbacks = (performance: Performance, env: Surroundings): Effect.Effect<Concluded> =>
  Effect.gen(function*() {
    const { attempts, runnable } = performance
    const outcome = performance.outcome!
    const callbacks = runnable.callbacks.filter(({ statuses }) => statuses.some((name) => name === outcome.status))
    const ended = new Map(callbacks.flatMap(({ identity }) => {
      const succeeded = performance.callbacks.get(identity)
      return succeeded === undefined ? [] : [[identity, succeeded] as const]
    }))
    const left = callbacks.filter(({ identity }) => !ended.has(identity))
    const starts: Array<Invocation> = []
    if (left.length > 0) {
      const unhandled = attempts < env.settings.attempts
        ? yield* runEach(performance, outcome, left, ended, starts, env)
        : new Map(left.map(({ identity }) => [identity, gaveUp(performance)]))
      if (unhandled.size > 0) {
        const now = yield* env.now
        const due = attempts + 1 >= env.settings.attempts
          ? undefined
          : yield* dueAgain(env, attempts, now)
        for (const [identity, { cause, isTransient }] of unhandled) {
          const place = placeOf(actionOf(performance), `callback ${identity}`)
          const of = { ...idsOf(performance), callback: identity }
          if (due === undefined) ended.set(identity, false)
          yield* due === undefined
            ? env.log.failure(cause, place, of)
            : env.log.retry(cause, isTransient, due, place, of)
        }
        if (due !== undefined) {
          const failure = yield* lastOf(unhandled, performance, env)
          return decide(performance, { _tag: "Again", due, burns: true, callbacks: [...ended], failure, starts })
        }
      }
    }
    const succeeded = [...ended.values()].filter((good) => good).length
    return decide(performance, { _tag: "CallbacksEnded", succeeded, failed: ended.size - succeeded, starts })
  })

/** The failure of the last callback that is tried again, as it is stored. */
const lastOf = (unhandled: ReadonlyMap<string, Unhandled>, performance: Performance, env: Surroundings) => {
  const [identity, { cause }] = [...unhandled].at(-1)!
  return fromCause(cause, {
    place: placeOf(actionOf(performance), `callback ${identity}`),
    error: performance.runnable.definition.error,
    limit: env.settings.payload
  })
}

/** Adds what has ended, and what that has started, and gives what is to be tried again. */
const runEach = (
  performance: Performance,
  decided: StoredOutcome,
  callbacks: ReadonlyArray<RunnableCallback>,
  ended: Map<string, boolean>,
  starts: Array<Invocation>,
  env: Surroundings
): Effect.Effect<ReadonlyMap<string, Unhandled>> =>
  Effect.gen(function*() {
    const unhandled = new Map<string, Unhandled>()
    const prepared = yield* Effect.exit(Effect.all([
      argumentsOf(performance),
      Effect.map(outcomeFor(performance, decided), (outcome) => withResults(performance, outcome, env))
    ]))
    for (const { context, identity, run } of callbacks) {
      const effects: Starting = { starts: [], over: false }
      const exit = yield* Effect.exit(exitOf(
        Effect.flatMap(prepared, ([args, outcome]) =>
          runUserCode(
            Effect.suspend(() => run(...args, outcome) as Effect.Effect<unknown, unknown>),
            userCodeOf(performance, "callback", args, {
              captured: context,
              callback: identity,
              starter: starter(performance, `callback ${identity}`, undefined, effects, env),
              ended: () => {
                effects.over = true
              }
            })
          )),
        env.settings
      ))
      if (Exit.isFailure(exit)) {
        // `handledDefects` or `transient` of the program may have failed itself
        const failure = exit.cause.reasons.find(Cause.isFailReason)?.error
        unhandled.set(identity, failure ?? new Unhandled(exit.cause, false))
        continue
      }
      ended.set(identity, Exit.isSuccess(exit.value))
      if (Exit.isSuccess(exit.value)) starts.push(...effects.starts)
      if (Exit.isFailure(exit.value)) {
        yield* env.log.failure(exit.value.cause, placeOf(actionOf(performance), `callback ${identity}`), {
          ...idsOf(performance),
          callback: identity
        })
      }
    }
    return unhandled
  })

/** The outcome with what steps have given, which is loaded for whoever asks; what is made of it as data does not hold that. */
const withResults = (performance: Performance, outcome: object, env: Surroundings): object =>
  Object.defineProperty(outcome, "results", { value: resultsAtEnd(performance, outcome, env) })

/** For callbacks whose workers died. */
const gaveUp = ({ attempts }: Performance): Unhandled =>
  new Unhandled(Cause.die(new Error(`gave up after ${attempts} attempts that ended without an answer`)), false)

/** The outcome as callbacks receive it. */
export const outcomeFor = (
  performance: Performance,
  decided: StoredOutcome
): Effect.Effect<object, unknown> => {
  const { kept, notUndone, uncertain } = decided.cause ?? {}
  const read = withoutUndoing(performance, decided)
  const isWhole = [kept, notUndone, uncertain].every((part) => part === undefined)
  return isWhole ? read : Effect.map(read, (outcome) => ({
    ...outcome,
    ...kept === undefined ? {} : { kept },
    ...notUndone === undefined ? {} : { notUndone },
    ...uncertain === undefined ? {} : { uncertain }
  }))
}

const withoutUndoing = (
  { actorId, id, runnable }: Performance,
  { cause, result, status }: StoredOutcome
): Effect.Effect<object, unknown> => {
  switch (status) {
    case "succeeded":
      return Effect.map(
        codecOf(runnable.definition.success).decode(result),
        (result) => ({ actionId: id, status, result })
      )
    case "failed":
      return Effect.map(errorOf(runnable, id, actorId, cause), (cause) => ({ actionId: id, status, cause }))
    case "timed_out":
      return Effect.succeed({ actionId: id, status })
    default: {
      const reason = cause?.reason
      return Effect.succeed({ actionId: id, status: "cancelled", ...reason === undefined ? {} : { reason } })
    }
  }
}
