/** Activities: what each has come to is stored under its name and attempt, and not done again (rule 24.4). */
import * as Cause from "effect/Cause"
import { WithTransaction } from "effect/cluster/ClusterSchema"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Activity from "effect/workflow/Activity"
import type * as DurableDeferred from "effect/workflow/DurableDeferred"
import * as Workflow from "effect/workflow/Workflow"
import { WorkflowInstance } from "effect/workflow/WorkflowEngine"
import { discreetly } from "../domain/discreet.ts"
import { storedName } from "../domain/executionNames.ts"
import { InvalidActorId, PayloadTooLarge, TooManyMemos, UnstorableText } from "../SteppedError.ts"
import { decodeExit, encodeExit } from "./codecs.ts"
import { closeAbandoned } from "./Kept.ts"
import { beginsNothing } from "./running.ts"
import { abandonFor, type Run, type Runs } from "./Runs.ts"

type Result = Workflow.Result<unknown, unknown>

/** What only somebody's fix can change: the execution is suspended until it is resumed. */
const failing = (run: Run, cause: Cause.Cause<never>): Result => {
  run.failure ??= cause
  return new Workflow.Suspended({ cause, failed: true })
}

const isLimit = (error: unknown): boolean =>
  error instanceof PayloadTooLarge || error instanceof TooManyMemos || error instanceof UnstorableText ||
  error instanceof InvalidActorId

/**
 * What a run asks of the database: where that is away the run is cut off, and tried again, as it is no end of the execution's; what cannot be
 * stored suspends it, until somebody has mended that. Whoever else asks dies with it.
 */
export const inRun = <A, E>(run: Run | undefined, effect: Effect.Effect<A, E>): Effect.Effect<A> =>
  run === undefined
    ? Effect.orDie(effect)
    : Effect.catch(effect, (error) =>
      isLimit(error) ? suspending(run, Cause.die(error)) : abandonFor(run, Cause.fail(error)))

/** Suspends the run at once. */
export const suspending = (run: Run, cause: Cause.Cause<never>): Effect.Effect<never> =>
  Effect.flatMap(Effect.serviceOption(WorkflowInstance), (instance) => {
    failing(run, cause)
    return Workflow.suspend(Option.getOrElse(instance, () => run.instance))
  })

/** What a deferred was given, as its schemas have it now. */
export const readDeferred = (
  run: Run,
  deferred: DurableDeferred.Any,
  stored: unknown
): Effect.Effect<Exit.Exit<unknown, unknown>> =>
  Effect.catch(
    Effect.flatMap(decodeExit(stored), (exit) => {
      // the contract knows deferreds without their schemas, which all of them have
      const schema = "exitSchema" in deferred ? deferred.exitSchema as Schema.Codec<unknown, unknown> : undefined
      return schema === undefined
        ? Effect.succeed(exit)
        : Effect.as(discreetly(schema, Schema.decodeUnknownEffect(schema))(exit), exit)
    }),
    (error) => suspending(run, Cause.die(new Error(`what ${deferred.name} was given cannot be read: ${error.message}`)))
  )

/** What is stored, as the activity has it now; where its schemas no longer read it, the execution is to be resumed after a fix. */
const read = (run: Run, activity: Activity.Any, stored: unknown): Effect.Effect<Result> =>
  Effect.map(
    Effect.exit(
      Effect.flatMap(decodeExit(stored), (exit) => {
        // the contract knows activities without their schemas, which all of them have
        const schema = "exitSchemaPartial" in activity
          ? activity.exitSchemaPartial as Schema.Codec<unknown, unknown>
          : undefined
        return schema === undefined
          ? Effect.succeed(exit)
          : Effect.as(discreetly(schema, Schema.decodeUnknownEffect(schema))(exit), exit)
      })
    ),
    (exit) =>
      Exit.isSuccess(exit)
        ? new Workflow.Complete({ exit: exit.value })
        : failing(
          run,
          Cause.die(
            new Error(
              `the stored result of the activity ${activity.name} cannot be read: ${String(Cause.squash(exit.cause))}`
            )
          )
        )
  )

/** Takes what an activity has done out of its transaction; `after` says what comes then. */
class RollBack {
  readonly after: Effect.Effect<Result>
  constructor(after: Effect.Effect<Result>) {
    this.after = after
  }
}

/**
 * An activity that is annotated with a transaction (`ClusterSchema.WithTransaction`): what it has come to commits with what it has done. Where it
 * fails, or is suspended, nothing of that stays; a failure is stored afterwards, and a defect that is no result is one of whoever runs it. Where
 * another one has stored what it has come to meanwhile, as one whose commit has come late, nothing stays either: that one has done it.
 */
const inTransaction = (
  run: Run,
  activity: Activity.Any,
  attempt: number,
  body: Effect.Effect<Result, never, WorkflowInstance>
): Effect.Effect<Result, never, WorkflowInstance> =>
  Effect.matchCauseEffect(
    run.replay.transaction((remember) =>
      Effect.matchCauseEffect(body, {
        // an interruption is for whoever has interrupted it
        onFailure: (cause) =>
          Cause.hasInterruptsOnly(cause)
            ? Effect.failCause(cause)
            : Effect.fail(new RollBack(Effect.failCause(cause))),
        onSuccess: (result) =>
          result._tag === "Suspended"
            ? Effect.fail(new RollBack(Effect.succeed(result)))
            : Exit.isFailure(result.exit)
            ? Effect.fail(new RollBack(storeAlone(run, activity, attempt, result.exit)))
            : Effect.flatMap(
              store(run, activity, attempt, result.exit, remember),
              ({ isNew, result }) =>
                result._tag === "Suspended" || !isNew
                  ? Effect.fail(new RollBack(Effect.succeed(result)))
                  : Effect.succeed(result)
            )
      })
    ),
    {
      onSuccess: Effect.succeed,
      onFailure: (cause): Effect.Effect<Result> => {
        const error = Cause.squash(cause)
        if (error instanceof RollBack) return error.after
        // the run itself was cut off: that is for whoever has done so
        return Cause.hasInterruptsOnly(cause) ? Effect.interrupt : abandonFor(run, cause)
      }
    }
  )

type Remember = Run["replay"]["remember"]

/** What an activity has come to, as it is stored; and whether it was not stored before. */
interface Stored {
  readonly isNew: boolean
  readonly result: Result
}

const store = (
  run: Run,
  activity: Activity.Any,
  attempt: number,
  exit: Exit.Exit<unknown, unknown>,
  remember: Remember
): Effect.Effect<Stored> =>
  Effect.gen(function*() {
    // it was cut off: it has come to nothing, and is done again
    if (run.isAbandoned && Exit.isFailure(exit) && Cause.hasInterrupts(exit.cause)) return yield* Effect.interrupt
    const json = yield* Effect.exit(encodeExit(exit))
    if (Exit.isFailure(json)) return { isNew: true, result: failing(run, Cause.die(Cause.squash(json.cause))) }
    const stored = yield* Effect.exit(remember(storedName(activity.name), attempt, json.value))
    if (Exit.isSuccess(stored)) {
      return { isNew: stored.value.isNew, result: yield* read(run, activity, stored.value.result) }
    }
    const error = Cause.squash(stored.cause)
    if (!isLimit(error)) return yield* abandonFor(run, stored.cause)
    return { isNew: true, result: failing(run, Cause.die(error)) }
  })

/** The same, in no transaction: whoever was first, what counts is stored. */
const storeAlone = (
  run: Run,
  activity: Activity.Any,
  attempt: number,
  exit: Exit.Exit<unknown, unknown>
): Effect.Effect<Result> =>
  Effect.map(
    store(run, activity, attempt, exit, (...memo) => run.replay.remember(...memo)),
    ({ result }) => result
  )

/** Runs an activity of a run, unless it is known what it has come to. */
export const runActivity = (
  runs: Runs,
  activity: Activity.Any,
  attempt: number
): Effect.Effect<Result, never, WorkflowInstance> =>
  Effect.flatMap(WorkflowInstance, (instance) => {
    const run = runs.at(instance)
    if (run === undefined) {
      return Effect.die(new Error(`the activity ${activity.name} runs outside of its execution, which is over here`))
    }
    const known = run.replay.memo(storedName(activity.name), attempt)
    if (known !== undefined) return read(run, activity, known.result)
    if (beginsNothing(run)) return Effect.succeed(new Workflow.Suspended({}))
    const own = WorkflowInstance.initial(instance.workflow, instance.executionId, {
      awaitedDeferreds: run.awaitedByActivities
    })
    own.interrupted = run.instance.interrupted
    runs.adopt(own, run)
    run.activities.add(own)
    // what it needs beside these is in the fiber that calls it: the contract has no types for it
    const body = (activity.executeEncoded as Effect.Effect<unknown, unknown, WorkflowInstance>).pipe(
      Workflow.intoResult,
      // one that is suspended runs again as a whole
      Effect.tap((result) => result._tag === "Suspended" ? closeAbandoned([own]) : Effect.void),
      Effect.provideService(WorkflowInstance, own),
      Effect.provideService(Activity.CurrentAttempt, attempt),
      Effect.ensuring(Effect.sync(() => run.activities.delete(own)))
    )
    return Context.get(activity.annotations, WithTransaction)
      ? inTransaction(run, activity, attempt, body)
      : Effect.flatMap(body, (result) =>
        result._tag === "Suspended"
          ? Effect.succeed(result)
          : storeAlone(run, activity, attempt, result.exit))
  })
