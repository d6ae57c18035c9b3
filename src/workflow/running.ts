/** The body of an execution, as a step of Stepped runs it: to its exit, or until it is suspended. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Workflow from "effect/workflow/Workflow"
import { WorkflowEngine, WorkflowInstance } from "effect/workflow/WorkflowEngine"
import { storedName } from "../domain/executionNames.ts"
import { ExecutionName } from "../domain/Phase.ts"
import type { Replay, ReplayListener } from "../Execution.ts"
import { StorageError, UnsuitableIsolation } from "../SteppedError.ts"
import type { WorkflowCodecs } from "./codecs.ts"
import * as Kept from "./Kept.ts"
import { abandon, allOf, cutOff, type Instance, instancesOf, park, type Run, type Runs } from "./Runs.ts"

/** Whether somebody has asked for an end of the execution, and, if so, whether in the middle of what it does. */
const interruptOf = ({ replay }: Run): "none" | "safe" | "unsafe" => {
  const sent = replay.sent.get(ExecutionName.interrupt)
  return sent === undefined ? "none" : (sent as { readonly unsafe?: boolean }).unsafe === true ? "unsafe" : "safe"
}

/** What is to be interrupted is replayed for its compensations alone: before these nothing new begins. */
export const beginsNothing = (run: Run): boolean => !run.isEnding && interruptOf(run) !== "none"

/**
 * A run hears of an interruption, and says whether its body is cut off by that: not where it knows of one that is unsafe, as it has begun with it.
 * Whoever has asked for it may hear that it is stored after that. What it does at its end is not cut off either.
 */
export const takeInterrupt = (run: Run, payload: unknown): boolean => {
  if (interruptOf(run) === "unsafe") return false
  run.replay.sent.set(ExecutionName.interrupt, payload)
  if (run.isEnding || interruptOf(run) !== "unsafe") return false
  run.isPreempted = true
  return true
}

/** The body as it was registered. */
export type Execute = (
  payload: object,
  executionId: string
) => Effect.Effect<unknown, unknown, WorkflowInstance | WorkflowEngine>

/** What runs of a process have in common. */
export interface Surroundings {
  readonly runs: Runs
  readonly kept: Kept.Kept
  readonly engine: WorkflowEngine["Service"]
}

/** An interruption that somebody has asked for takes effect where the run would be suspended; one that is unsafe whatever the run comes to. */
const applyInterrupt = (run: Run, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> => {
  const { instance } = run
  if (run.isAbandoned) {
    instance.abandoned = true
    instance.suspended = false
    return Effect.void
  }
  // what it comes to is for its next run to say, which finds the interruption
  if (run.isPreempted && isInterrupted(exit) && !instance.suspended) {
    instance.suspended = true
    return Effect.void
  }
  const asked = interruptOf(run)
  // one that was parked beside another one, which has gone on, has suspended nothing
  const suspends = (instance.suspended && isInterrupted(exit)) ||
    (Context.get(instance.workflow.annotations, Workflow.SuspendOnFailure) && Exit.isFailure(exit))
  const interrupts = asked === "unsafe" || (asked === "safe" && suspends)
  if (interrupts) {
    end(run)
    for (const each of allOf(instance)) each.interrupted = true
    return Effect.withFiber((fiber) => Effect.interruptible(Fiber.interrupt(fiber)))
  }
  if (suspends) return Effect.void
  if (!isUncaptured(run, exit)) {
    end(run)
    return Effect.void
  }
  return Effect.flatMap(run.replay.isAnswer(exit.cause), (isAnswer) => {
    if (isAnswer) {
      end(run)
      return Effect.void
    }
    run.unanswered = exit.cause
    return cutOff(run)
  })
}

/** What it has come to does not depend any more on what comes. */
const end = (run: Run): void => {
  run.isEnding = true
  run.instance.awaitedDeferreds.clear()
  run.instance.suspended = false
  for (const instance of [...run.kept, run.instance]) watchFinalizers(run, instance)
}

type Finalizer = (exit: Exit.Exit<unknown, unknown>) => Effect.Effect<void>

/** Each finalizer says whether it has been suspended, as the body is: no other one goes on then where this one has not. */
const watchFinalizers = (run: Run, { scope: { state } }: Instance): void => {
  if (state._tag !== "Open") return
  const begun = (finalizer: Finalizer, exit: Exit.Exit<unknown, unknown>) =>
    Effect.suspend(() => {
      for (const each of instancesOf(run)) each.suspended = false
      return finalizer(exit)
    })
  const watched = (finalizer: Finalizer): Finalizer => (exit) =>
    Effect.onExit(begun(finalizer, exit), (ended) => {
      if (Exit.isFailure(ended) && Cause.hasInterrupts(ended.cause) && isWaiting(run)) park(run)
      return Effect.void
    })
  if (state.finalizer !== undefined) state.finalizer = watched(state.finalizer)
  for (const [key, finalizer] of state.finalizers ?? []) state.finalizers?.set(key, watched(finalizer))
}

/** Whether what it does at its end was suspended. */
const isWaiting = (run: Run): boolean => !run.isAbandoned && instancesOf(run).some(({ suspended }) => suspended)

/** It has died, and its workflow does not take that for an exit: whether that ends it, is for the engine to say. */
const isUncaptured = (
  { instance }: Run,
  exit: Exit.Exit<unknown, unknown>
): exit is Exit.Failure<unknown, unknown> =>
  Exit.isFailure(exit) && Cause.hasDies(exit.cause) &&
  !Context.get(instance.workflow.annotations, Workflow.CaptureDefects)

const isInterrupted = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)

type Ended = Exit.Exit<Workflow.Result<unknown, unknown>, unknown>

/** Whether it is to run again here, since it waits for something, or something has come in the middle of it. */
const isSuspended = (run: Run, exit: Ended): boolean =>
  !run.isAbandoned && (run.isParked || (Exit.isSuccess(exit) && exit.value._tag === "Suspended"))

/** What others send to a body is for its next run, which begins at once where the body awaits it. */
const listenerOf = (run: Run, fiber: Fiber.Fiber<unknown, unknown>): ReplayListener => {
  const { instance, replay } = run
  return {
    awaited: () => [...instance.awaitedDeferreds.keys()].map(storedName),
    came: (name, payload) => {
      if (name === ExecutionName.interrupt) {
        if (takeInterrupt(run, payload)) fiber.interruptUnsafe()
        return
      }
      if (replay.sent.has(name)) return
      replay.sent.set(name, payload)
      if (!run.isEnding && [...instance.awaitedDeferreds.keys()].some((awaited) => storedName(awaited) === name)) {
        instance.suspended = true
        fiber.interruptUnsafe()
      }
    }
  }
}

/** At its end what earlier runs have left open is closed after what the last one has: they know as little as they did of how it ends. */
const closeKept = (run: Run): Effect.Effect<void> => {
  const { instance, kept } = run
  for (const earlier of kept.flatMap(allOf)) earlier.interrupted = instance.interrupted
  return Effect.forEach(
    kept.toReversed(),
    (earlier) => Effect.suspend(() => run.isParked ? Effect.void : Kept.close([earlier])),
    { discard: true }
  )
}

/** Runs the body in a fiber of its own, which what it awaits may interrupt, and answers what became of it. */
const running = (
  run: Run,
  execute: Effect.Effect<unknown, unknown, WorkflowInstance | WorkflowEngine>,
  { engine }: Surroundings
): Effect.Effect<Ended> => {
  // known before the body begins, which may end without waiting for anything
  const begun = Effect.withFiber((fiber: Fiber.Fiber<unknown, unknown>) => {
    run.cut = Effect.sync(() => fiber.interruptUnsafe())
    return body
  })
  const body = execute.pipe(
    Effect.onExit((exit) => applyInterrupt(run, exit)),
    Workflow.intoResult,
    Effect.onExit((exit) => isSuspended(run, exit) ? Effect.void : closeKept(run)),
    Effect.provideService(WorkflowEngine, engine),
    Effect.provideService(WorkflowInstance, run.instance)
  )
  return Effect.uninterruptibleMask((restore) =>
    // but for the body itself: whoever comes too late to interrupt that takes nothing of what it has come to
    Effect.flatMap(Effect.forkChild(begun, { startImmediately: true, uninterruptible: true }), (fiber) => {
      const leave = run.replay.listen(listenerOf(run, fiber))
      const waiting = Effect.onInterrupt(restore(Fiber.await(fiber)), () => {
        abandon(run)
        return Fiber.interrupt(fiber)
      })
      return Effect.ensuring(waiting, Effect.sync(leave))
    })
  )
}

/** Runs the body to what is stored of it; where it is suspended, that is said to the replay, and what it gives does not count. */
export const runBody = (
  workflow: Workflow.Any,
  codecs: WorkflowCodecs,
  execute: Execute,
  surroundings: Surroundings,
  json: unknown,
  replay: Replay
): Effect.Effect<unknown, unknown> =>
  Effect.gen(function*() {
    const { kept, runs } = surroundings
    const payload = yield* Effect.exit(codecs.decodePayload(json))
    if (Exit.isFailure(payload)) return failed(replay, payload.cause)
    const begin = Effect.sync(() => {
      const run: Run = {
        replay,
        instance: WorkflowInstance.initial(workflow, replay.execution),
        activities: new Set(),
        awaitedByActivities: new Map(),
        kept: kept.take(workflow._tag, replay.execution),
        cut: Effect.void,
        isAbandoned: false,
        isPreempted: false,
        isEnding: false,
        isParked: false,
        isOver: false,
        hasMissed: false,
        trouble: undefined,
        unanswered: undefined,
        failure: undefined
      }
      return { run, leave: runs.add(workflow._tag, run) }
    })
    const { exit, run } = yield* Effect.acquireUseRelease(
      begin,
      ({ run }) =>
        Effect.map(
          running(run, Effect.suspend(() => execute(payload.value, replay.execution)), surroundings),
          (exit) => ({ exit, run })
        ),
      ({ leave, run }, used) => {
        leave()
        const instances = [...run.kept, run.instance]
        return Exit.isSuccess(used) && isSuspended(run, used.value.exit)
          ? kept.keep(workflow._tag, replay.execution, instances)
          // most often all of it is closed
          : Kept.closeAbandoned(instances)
      }
    )
    if (run.trouble !== undefined) {
      // what does not go away by itself somebody is to mend
      return isLasting(Cause.squash(run.trouble))
        ? failed(replay, run.trouble)
        : yield* Effect.failCause(run.trouble)
    }
    if (run.unanswered !== undefined) return yield* Effect.failCause(run.unanswered)
    if (run.isParked) return run.failure === undefined ? suspended(run) : failed(replay, run.failure)
    const result = Exit.isSuccess(exit)
      ? exit.value
      // an interruption of its own, as that of an execution that it has waited for, is what it comes to
      : isInterrupted(exit)
      ? new Workflow.Complete({ exit })
      : yield* Effect.failCause(exit.cause)
    if (result._tag === "Suspended") {
      if (run.failure !== undefined) return failed(replay, run.failure)
      return result.failed === true
        ? failed(replay, result.cause ?? Cause.die(new Error("it has failed, and its workflow suspends on failure")))
        : suspended(run)
    }
    const stored = yield* Effect.exit(codecs.encodeExit(result.exit))
    return Exit.isSuccess(stored) ? stored.value : failed(replay, stored.cause)
  })

const isLasting = (error: unknown): boolean =>
  error instanceof StorageError ? !error.isRetryable : error instanceof UnsuitableIsolation

/** Until something wakes it. */
const suspended = ({ hasMissed, instance, replay }: Run): null => {
  // what it has been given it has awaited before
  const awaits = [...instance.awaitedDeferreds.keys()].map(storedName).filter((name) => !replay.sent.has(name))
  replay.suspend(undefined, awaits, hasMissed)
  return null
}

/** Until somebody resumes it. */
const failed = (replay: Replay, cause: Cause.Cause<unknown>): null => {
  replay.suspend(cause, [], false)
  return null
}
