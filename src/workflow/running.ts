/** The body of an execution, as a step of Stepped runs it: to its exit, or until it is suspended. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Workflow from "effect/workflow/Workflow"
import { type DeferredState, WorkflowEngine, WorkflowInstance } from "effect/workflow/WorkflowEngine"
import { storedName } from "../domain/executionNames.ts"
import { ExecutionName } from "../domain/Phase.ts"
import type { Replay, ReplayListener } from "../Execution.ts"
import type { WorkflowCodecs } from "./codecs.ts"
import type { Run, Runs } from "./Runs.ts"

/** Whether somebody has asked for an end of the execution, and, if so, whether in the middle of what it does. */
export const interruptOf = ({ replay }: Run): "none" | "safe" | "unsafe" => {
  const sent = replay.sent.get(ExecutionName.interrupt)
  return sent === undefined ? "none" : (sent as { readonly unsafe?: boolean }).unsafe === true ? "unsafe" : "safe"
}

/** The body as it was registered. */
export type Execute = (
  payload: object,
  executionId: string
) => Effect.Effect<unknown, unknown, WorkflowInstance | WorkflowEngine>

/** What runs of a process have in common. */
export interface Surroundings {
  readonly runs: Runs
  readonly deferreds: DeferredState
  readonly engine: WorkflowEngine["Service"]
}

/** An interruption that somebody has asked for takes effect where the run would be suspended; one that is unsafe whatever the run comes to. */
const applyInterrupt = (run: Run, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> => {
  const { instance } = run
  const asked = interruptOf(run)
  const isCut = Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause) && !instance.suspended
  // what was cut off without being asked to goes on elsewhere: nothing of it ends here
  if (run.trouble !== undefined || (isCut && asked !== "unsafe")) {
    instance.abandoned = true
    instance.suspended = false
    return Effect.void
  }
  // what it comes to is for its next run to say, which finds the interruption
  if (isCut) {
    instance.suspended = true
    return Effect.void
  }
  const suspendsOnFailure = Context.get(instance.workflow.annotations, Workflow.SuspendOnFailure) &&
    Exit.isFailure(exit)
  if (asked === "none" || (asked === "safe" && !instance.suspended && !suspendsOnFailure)) return Effect.void
  instance.interrupted = true
  instance.suspended = false
  return Effect.withFiber((fiber) => Effect.interruptible(Fiber.interrupt(fiber)))
}

/** What others send to a body is for its next run, which begins at once where the body awaits it. */
const listenerOf = ({ instance, replay }: Run, fiber: Fiber.Fiber<unknown, unknown>): ReplayListener => ({
  awaited: () => [...instance.awaitedDeferreds.keys()].map(storedName),
  came: (name, payload) => {
    if (replay.sent.has(name)) return
    replay.sent.set(name, payload)
    if (name === ExecutionName.interrupt) {
      if ((payload as { readonly unsafe?: boolean }).unsafe === true) fiber.interruptUnsafe()
    } else if ([...instance.awaitedDeferreds.keys()].some((awaited) => storedName(awaited) === name)) {
      instance.suspended = true
      fiber.interruptUnsafe()
    }
  }
})

/** Runs the body to what is stored of it; where it is suspended, that is said to the replay, and what it gives does not count. */
export const runBody = (
  workflow: Workflow.Any,
  codecs: WorkflowCodecs,
  execute: Execute,
  { deferreds, engine, runs }: Surroundings,
  json: unknown,
  replay: Replay
): Effect.Effect<unknown, unknown> =>
  Effect.gen(function*() {
    const payload = yield* Effect.exit(codecs.decodePayload(json))
    if (Exit.isFailure(payload)) return failed(replay, payload.cause)
    const instance = WorkflowInstance.initial(workflow, replay.execution)
    const run: Run = { replay, instance, cut: Effect.void, trouble: undefined }
    const body = Effect.suspend(() => execute(payload.value, replay.execution)).pipe(
      Effect.onExit((exit) => applyInterrupt(run, exit)),
      Workflow.intoResult,
      Effect.provideService(WorkflowEngine, engine),
      (effect) => deferreds.trackRun(instance, effect)
    )
    // in a fiber of its own, which what it awaits may interrupt
    const exit = yield* Effect.acquireUseRelease(
      Effect.sync(() => runs.add(workflow._tag, run)),
      () =>
        Effect.flatMap(
          Effect.forkChild(body, { startImmediately: true }),
          (fiber) => {
            run.cut = Effect.sync(() => fiber.interruptUnsafe())
            const leave = replay.listen(listenerOf(run, fiber))
            return Effect.ensuring(
              Effect.onInterrupt(Fiber.await(fiber), () => Fiber.interrupt(fiber)),
              Effect.sync(leave)
            )
          }
        ),
      (leave) => Effect.sync(leave)
    )
    if (run.trouble !== undefined) return yield* Effect.failCause(run.trouble)
    if (Exit.isFailure(exit)) {
      if (!instance.suspended || !Cause.hasInterruptsOnly(exit.cause)) return yield* Effect.failCause(exit.cause)
      yield* released(instance)
      return suspended(run)
    }
    const result = exit.value
    if (result._tag === "Suspended") {
      yield* released(instance)
      return result.failed === true
        ? failed(replay, result.cause ?? Cause.die(new Error("it has failed, and its workflow suspends on failure")))
        : suspended(run)
    }
    const stored = yield* Effect.exit(codecs.encodeExit(result.exit))
    return Exit.isSuccess(stored) ? stored.value : failed(replay, stored.cause)
  })

/** What a suspended run has taken for the workflow's lifetime is given back, and taken again by the next one; what it does at its end is not done. */
const released = (instance: WorkflowInstance["Service"]): Effect.Effect<void> =>
  Effect.suspend(() => {
    instance.abandoned = true
    return Scope.close(instance.scope, Exit.void)
  })

/** Until something wakes it. */
const suspended = ({ instance, replay }: Run): null => {
  replay.suspend(undefined, [...instance.awaitedDeferreds.keys()].map(storedName))
  return null
}

/** Until somebody resumes it. */
const failed = (replay: Replay, cause: Cause.Cause<unknown>): null => {
  replay.suspend(cause, [])
  return null
}
