/**
 * Whether a step that has failed begins again, and when (rules 9.1 to 9.3). What came of its attempts is all that is stored: a schedule is
 * stepped from its beginning, as often as it was asked, and only what it says last counts.
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import { longest, readDuration } from "../../domain/duration.ts"
import { actorText, broken, errorText, type FailureCause, line, ownText, typedErrorIn } from "../../domain/Failure.ts"
import { ownMessage } from "../../domain/ownMessage.ts"
import { mostRetries, type RetryDefinition } from "../../Retry.ts"
import { InvalidDuration, StepFailed } from "../../SteppedError.ts"
import { errorOf } from "../causes.ts"
import type { RunnableStep } from "../Runnable.ts"
import { dueAgain } from "./backoff.ts"
import type { Concluded } from "./concluding.ts"
import { decide } from "./decide.ts"
import type { Again, Event } from "./events.ts"
import { findStep, idsOf, type Performance, placeAt, stepOf } from "./Performance.ts"
import type { Surroundings } from "./Surroundings.ts"
import { atCompensation, isUnwinding, stepUnderWay, undoneUntil } from "./unwinding.ts"

/** What a step fails with, and what is known of it beside. */
export type StepFails = Omit<Event & { readonly _tag: "Failed" }, "_tag" | "again">

/** What has no policy of its own is counted under no tag. */
const untagged = ""

/**
 * What becomes of an action whose step has failed: it begins again, or that is its end. `cause` is what it failed with as its body has, if it
 * was that.
 */
export const stepEnds = (
  performance: Performance,
  fails: StepFails,
  env: Surroundings,
  cause?: Cause.Cause<unknown>
): Effect.Effect<Concluded> => {
  if (isUnwinding(performance)) return compensationEnds(performance, fails, env, cause)
  const step = performance.phase === "job" ? undefined : findStep(performance, stepOf(performance))
  const { onExhausted, retry } = step?.policy ?? {}
  if (step === undefined || (retry === undefined && onExhausted !== "hold")) {
    return Effect.succeed(decide(performance, { ...fails, _tag: "Failed" }))
  }
  return begunAgain(performance, step, fails, env, cause)
}

/** What undoes a step is tried again whatever it has failed with. If that was for good, nobody else may ever hear of it. */
const compensationEnds = (
  taken: Performance,
  fails: StepFails,
  env: Surroundings,
  cause: Cause.Cause<unknown> | undefined
): Effect.Effect<Concluded> =>
  Effect.gen(function*() {
    const performance = atCompensation(taken)
    const step = performance.stepKind === "compensation" ? stepUnderWay(performance) : undefined
    const concluded = step === undefined
      ? decide(performance, { ...fails, _tag: "Failed" })
      : yield* begunAgain(performance, step, fails, env, cause)
    if (performance.stepKind === "compensation" && concluded.conclusion._tag !== "StepRetries") {
      yield* env.log.error(`${line(fails.cause)} (what the step has done is not undone)`, idsOf(performance))
    }
    return concluded
  })

/** As its policy says; what undoes a step and has none is tried as often as the engine tries what fails. */
const begunAgain = (
  performance: Performance,
  step: RunnableStep,
  fails: StepFails,
  env: Surroundings,
  cause: Cause.Cause<unknown> | undefined
): Effect.Effect<Concluded> => {
  const { onExhausted, retry } = step.policy ?? {}
  return Effect.gen(function*() {
    const again: Exit.Exit<Again | undefined, unknown> = yield* Effect.exit(
      retry === undefined
        ? step.kind === "compensation" ? askEngine(performance, env) : Effect.undefined
        : askPolicy(performance, step, retry, fails.cause, cause, env)
    )
    const heldAt = onExhausted === "hold" ? yield* env.now : undefined
    const until = undoneUntil(performance)
    if (Exit.isSuccess(again)) {
      const isOver = again.value !== undefined && until !== undefined && again.value.due >= until
      return decide(performance, { ...fails, _tag: "Failed", again: isOver ? undefined : again.value, heldAt })
    }
    // the policy itself has failed: both are worth knowing
    yield* env.log.failure(again.cause, `retry of ${placeAt(performance, step)}`, idsOf(performance))
    const why = squash(again.cause)
    const { error, pretty } = fails.cause
    const had = cause !== undefined && error === undefined && pretty !== undefined
      ? ownText(squash(cause))
      : ownMessage(fails.cause)
    const said = (why: string, had: string) => `retry has failed (${why}), after the step had: ${had}`
    const broke = {
      ...broken(fails.cause.path, said(ownText(why), had)),
      pretty: said(errorText(why), fails.cause.message)
    }
    return decide(performance, { ...fails, _tag: "Failed", cause: broke, heldAt })
  })
}

const askEngine = (performance: Performance, env: Surroundings): Effect.Effect<Again | undefined> =>
  Effect.gen(function*() {
    const at = yield* env.now
    const tries = performance.attempts + (performance.attempted?.counts[untagged] ?? 0)
    const due = tries + 1 >= env.settings.attempts ? undefined : yield* dueAgain(env, tries, at)
    return due === undefined ? undefined : { at, counts: untagged, due }
  })

/** The error of a cause that says most. */
export const squash = (cause: Cause.Cause<unknown>): unknown => {
  const failure = typedErrorIn(cause)
  if (failure !== undefined) return failure.error
  const [reason] = cause.reasons
  return reason?._tag === "Die" ? reason.defect : new Error("interrupted itself")
}

const askPolicy = (
  performance: Performance,
  step: RunnableStep,
  retry: RetryDefinition,
  stored: FailureCause,
  cause: Cause.Cause<unknown> | undefined,
  env: Surroundings
): Effect.Effect<Again | undefined, unknown> =>
  Effect.gen(function*() {
    const failure = yield* failureOf(performance, stored, cause)
    const tag = tagOf(failure)
    const counts = tag !== undefined && retry.errors.has(tag) ? tag : untagged
    const schedule = counts === untagged ? retry.schedule : retry.errors.get(counts)
    const earlier = performance.attempted
    const count = (earlier?.counts[counts] ?? 0) + 1
    const total = Object.values(earlier?.counts ?? {}).reduce((sum, others) => sum + others, 1)
    if (schedule === undefined || total > mostRetries || (counts === untagged && count > retry.times)) return undefined
    if (counts === untagged && retry.while !== undefined && !retry.while(failure)) return undefined
    const at = yield* env.now
    const delay = yield* delayAfter(schedule, step.body.context, failure, [
      // its time runs from the first attempt's start
      ...count === 1 ? [] : [earlier!.since],
      ...Array.from({ length: Math.max(0, count - 2) }, () => earlier!.last.at(-1)?.endedAt ?? earlier!.since),
      at
    ])
    if (delay === undefined) return undefined
    const place = placeAt(performance, step)
    const own = readDuration(`delay of retry of ${place}`, delay, { least: 0 })
    return { at, counts, due: Math.ceil(at + Math.min(longest, Math.max(own, yield* askedFor(failure, place, env)))) }
  })

/** How long the failure itself asks for. */
const askedFor = (failure: unknown, place: string, env: Surroundings): Effect.Effect<number> =>
  Effect.suspend(() => {
    const given = typeof failure === "object" && failure !== null && "retryAfter" in failure
      ? failure.retryAfter
      : undefined
    if (given === undefined || given === null) return Effect.succeed(0)
    return Effect.succeed(readDuration(`retryAfter of ${place}`, given, { least: 0 }))
  }).pipe(
    // an error of somebody else's may have a field of that name
    Effect.catchCause((cause) => {
      const error = squash(cause)
      const text = error instanceof InvalidDuration ? error.message : `retryAfter of ${place} cannot be read`
      return Effect.as(env.log.warning(text), 0)
    })
  )

const tagOf = (failure: unknown): string | undefined =>
  typeof failure === "object" && failure !== null && "_tag" in failure && typeof failure._tag === "string"
    ? failure._tag
    : undefined

/** What the step has failed with, as policies receive it. */
const failureOf = (
  performance: Performance,
  stored: FailureCause,
  cause: Cause.Cause<unknown> | undefined
): Effect.Effect<unknown> => {
  const typed = cause === undefined ? undefined : typedErrorIn(cause)
  if (typed !== undefined) return Effect.succeed(typed.error)
  const { actorId, id, runnable } = performance
  return stored.kind === "child"
    ? errorOf(runnable, id, actorId, stored)
    : Effect.succeed(
      new StepFailed({
        action: runnable.definition.name,
        actor: actorText(runnable.key, actorId),
        actionId: id,
        path: stored.path,
        kind: stored.kind,
        reason: stored.message
      })
    )
}

/** What a schedule says after having been asked at these times; nothing where it has ended by then. */
const delayAfter = (
  schedule: NonNullable<RetryDefinition["schedule"]>,
  context: Context.Context<never>,
  failure: unknown,
  times: ReadonlyArray<number>
): Effect.Effect<Duration.Duration | undefined, unknown> =>
  Effect.gen(function*() {
    const step = yield* Schedule.toStep(schedule as Schedule.Schedule<unknown, any, unknown, never>)
    let delay: Duration.Duration | undefined
    for (const at of times) {
      const exit: Exit.Exit<[unknown, Duration.Duration], unknown> = yield* Effect.exit(
        step(at, failure) as Pull.Pull<[unknown, Duration.Duration]>
      )
      if (Exit.isSuccess(exit)) delay = exit.value[1]
      else if (Pull.isDoneCause(exit.cause)) return undefined
      else return yield* Effect.failCause(exit.cause)
    }
    return delay
  }).pipe(Effect.updateContext((ambient: Context.Context<never>) => Context.merge(ambient, context)))
