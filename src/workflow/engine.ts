/**
 * `WorkflowEngine` over Stepped's engine: what Effect asks of an engine, in terms of executions.
 *
 * What a run asks for is answered by what came with its claim (`Replay`): nothing is read for it. What comes later wakes the execution: where its
 * body runs in this process it is told at once, and everywhere the transition that would suspend it finds that, and it goes on instead.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Workflow from "effect/workflow/Workflow"
import { type Encoded, makeUnsafe, type WorkflowEngine, WorkflowInstance } from "effect/workflow/WorkflowEngine"
import { storedName } from "../domain/executionNames.ts"
import type { FailureCause } from "../domain/Failure.ts"
import { ExecutionName } from "../domain/Phase.ts"
import { Engine } from "../Engine.ts"
import type { ExecutionOutcome, ExecutionState } from "../Execution.ts"
import { realSleep } from "../store/RealClock.ts"
import { inRun, readDeferred, runActivity, suspending } from "./activities.ts"
import { codecsOf, encodeExit, type WorkflowCodecs } from "./codecs.ts"
import { definitionOf, keyOf, Queue } from "./definitions.ts"
import * as Kept from "./Kept.ts"
import * as Registrations from "./registrations.ts"
import { beginsNothing, runBody, type Surroundings, takeInterrupt } from "./running.ts"
import * as Runs from "./Runs.ts"

type Service = WorkflowEngine["Service"]
type Result = Workflow.Result<unknown, unknown>

/** What an execution has come to, as it can be read now. */
const exitOf = (
  codecs: WorkflowCodecs,
  { cause, result, status }: ExecutionOutcome
): Effect.Effect<Exit.Exit<unknown, unknown>, Schema.SchemaError> =>
  status === "succeeded"
    ? codecs.decodeExit(result)
    // it has ended by what is Stepped's: somebody has cancelled it, or it has died too often
    : Effect.succeed(Exit.die(new Error(cause === null ? status : `${cause.path}: ${cause.message}`)))

const complete = (exit: Exit.Exit<unknown, unknown>): Result => new Workflow.Complete({ exit })

/** What an execution has come to, as its caller is told; a run that cannot read it is suspended, until somebody has mended that. */
const resultOf = (
  codecs: WorkflowCodecs,
  ended: ExecutionOutcome,
  run: Runs.Run | undefined
): Effect.Effect<Result> => {
  const read = Effect.map(exitOf(codecs, ended), complete)
  return run === undefined
    ? Effect.orDie(read)
    : Effect.catch(read, (error) =>
      Effect.sync(() => {
        const cause = Cause.die(
          new Error(`what an execution has come to that this one waits for cannot be read: ${error.message}`)
        )
        run.failure ??= cause
        return new Workflow.Suspended({ cause, failed: true })
      }))
}

/** How an execution is suspended: what it waits for may have failed, and shows there as well. */
const suspendedBy = (
  { below, failure }: NonNullable<ExecutionState["suspended"]>
): Workflow.Suspended => {
  const causeOf = ({ message, path }: FailureCause) => Cause.die(new Error(`${path}: ${message}`))
  if (failure !== undefined) return new Workflow.Suspended({ failed: true, cause: causeOf(failure) })
  const [first, ...others] = below.map(causeOf)
  return new Workflow.Suspended(
    first === undefined
      ? {}
      : { cause: others.reduce<Cause.Cause<never>>((all, one) => Cause.combine(all, one), first) }
  )
}

/** Who waits for an execution by a schedule of its own is told that it is suspended, and asks again by that. */
const isScheduled = (workflow: Workflow.Any): boolean =>
  "suspendedRetrySchedule" in workflow && workflow.suspendedRetrySchedule !== undefined

const withinTransaction = (workflow: Workflow.Any) =>
  Cause.die(
    new Error(
      `${workflow._tag} is executed by the open transaction, and can begin only after its commit: execute it there ` +
        "with { discard: true }, and once more after the commit"
    )
  )

/** The transaction is taken back where its run is suspended: the clock would never ring. */
const clockWithinTransaction = ({ name }: { readonly name: string }) =>
  Cause.die(
    new Error(
      `the clock ${name} is set by the open transaction, and can begin only after its commit: sleep outside of the transaction`
    )
  )

export const make: Effect.Effect<Service, never, Engine | Scope.Scope> = Effect.gen(function*() {
  const { executions, register } = yield* Engine
  const scope = yield* Effect.scope
  const runs = Runs.make()
  const kept = yield* Kept.make
  const add = Registrations.make()
  const codecs = new WeakMap<object, WorkflowCodecs>()

  const codecsFor = (workflow: Workflow.Any): WorkflowCodecs => {
    const known = codecs.get(workflow)
    if (known !== undefined) return known
    const made = codecsOf(workflow)
    codecs.set(workflow, made)
    return made
  }

  /** The run that asks for something, if it is one. */
  const asking = Effect.map(
    Effect.serviceOption(WorkflowInstance),
    Option.match({ onNone: () => undefined, onSome: (instance) => ({ instance, run: runs.at(instance) }) })
  )

  const registering: Encoded["register"] = (workflow, execute) =>
    Effect.gen(function*() {
      const { action, actor } = definitionOf(workflow)
      const surroundings: Surroundings = { runs, kept, engine }
      const method = (payload: unknown, replay: Runs.Run["replay"]) =>
        runBody(workflow, codecsFor(workflow), execute, surroundings, payload, replay)
      const context = yield* Effect.context<never>()
      yield* add(
        workflow._tag,
        Effect.orDie(
          register({ actor, inherits: undefined, actions: [action], methods: { [action.name]: method }, context })
        )
      )
    })

  /** Waits for an end; where the caller has a schedule for that, no longer than until it is suspended. */
  const endOf = (workflow: Workflow.Any, action: string, isNew: boolean): Effect.Effect<Result> => {
    const ended = executions.ended(action, isNew)
      .pipe(
        Effect.catchTag("WouldWaitForItself", () => Effect.failCause(withinTransaction(workflow))),
        Effect.orDie,
        Effect.flatMap((ended) => resultOf(codecsFor(workflow), ended, undefined))
      )
    if (!isScheduled(workflow)) return ended
    const suspended = Effect.gen(function*() {
      while ((yield* Effect.orDie(executions.stateOf({ action })))?.suspended === undefined) {
        yield* realSleep("500 millis")
      }
      return new Workflow.Suspended({})
    })
    return Effect.raceFirst(ended, suspended)
  }

  const executing = Effect.fnUntraced(function*(
    workflow: Workflow.Any,
    { detached, discard, executionId, parent, payload }: Parameters<Encoded["execute"]>[1]
  ): Effect.fn.Return<Result, never> {
    const key = keyOf(workflow._tag, executionId)
    const of = codecsFor(workflow)
    const run = parent === undefined ? undefined : runs.at(parent)
    const waits = parent !== undefined && detached !== true
    const known = waits ? run?.replay.childOf(key) : undefined
    if (known !== undefined) {
      // what it has come to is not read where nobody has asked for it
      return discard || known.ended === undefined
        ? new Workflow.Suspended({})
        : yield* resultOf(of, known.ended, run)
    }
    if (waits && run !== undefined && beginsNothing(run)) return new Workflow.Suspended({})
    const { action, isNew } = yield* inRun(
      run,
      executions.start({
        ...key,
        queue: Context.get(workflow.annotations, Queue),
        payload: yield* Effect.orDie(of.encodePayload(payload)),
        parent: run === undefined ? undefined : { action: run.replay.action, waits }
      })
    )
    if (discard) return new Workflow.Suspended({})
    if (run === undefined) return yield* endOf(workflow, action, isNew)
    // it was linked by now: what ends later wakes this one
    const state = isNew ? undefined : yield* inRun(run, executions.stateOf({ action }, true))
    if (state?.ended !== undefined) return yield* resultOf(of, state.ended, run)
    // it would wait for what is taken back as soon as it does
    if (yield* executions.inTransaction) return yield* suspending(run, withinTransaction(workflow))
    return new Workflow.Suspended({})
  })

  const interrupting = Effect.fnUntraced(function*(workflow: Workflow.Any, executionId: string, unsafe: boolean) {
    const known = (payload: unknown) =>
      Effect.suspend(() => {
        const run = runs.of(workflow._tag, executionId)
        return run !== undefined && takeInterrupt(run, payload) ? run.cut : Effect.void
      })
    yield* inRun(
      (yield* asking)?.run,
      executions.send({
        ...keyOf(workflow._tag, executionId),
        sent: ExecutionName.interrupt,
        payload: { unsafe },
        onlyStarted: true,
        again: unsafe,
        known
      })
    )
  })

  const sending = Effect.fnUntraced(function*(
    options: Pick<Parameters<Encoded["deferredDone"]>[0], "workflowName" | "executionId" | "deferredName" | "exit">
  ) {
    const { deferredName, executionId, workflowName } = options
    const sent = storedName(deferredName)
    const by = yield* asking
    const isOwn = by !== undefined && by.instance.executionId === executionId &&
      by.instance.workflow._tag === workflowName
    const target = () => isOwn ? by.run : runs.of(workflowName, executionId)
    // an earlier run has sent it, or somebody else has
    if (isOwn && by.run?.replay.sent.has(sent) === true) return
    // a run that has completed it itself, and awaits it later, finds it; one that has looked for it before is to run again
    const wakes = !(isOwn && by.run !== undefined &&
      by.instance.awaitedDeferreds === by.run.instance.awaitedDeferreds &&
      !Runs.awaits(by.run, deferredName))
    const preempting = Effect.suspend(() => Runs.preempt(target(), deferredName))
    // in a transaction not before its commit: what is taken back nobody has heard of
    const known = (stored: unknown) =>
      Effect.suspend(() => {
        const run = target()
        // One that has begun with it is past it by now, and nothing would wake it once more: what is committed another run may have before whoever
        // has sent it hears of that.
        if (run === undefined || run.replay.sent.has(sent)) return Effect.void
        run.replay.sent.set(sent, stored)
        if (!wakes) {
          // it knows: by the time that it would be cut off it may await it, and be at something else
          if (!Runs.awaits(run, deferredName)) return Effect.void
          // another fiber of it has looked for it while it was being sent
          run.hasMissed = true
        }
        // it is not cut off in the middle of this
        return isOwn ? Effect.asVoid(Effect.forkIn(preempting, scope)) : preempting
      })
    const payload = yield* Effect.orDie(encodeExit(options.exit))
    const storing = inRun(
      by?.run,
      executions.send({ ...keyOf(workflowName, executionId), sent, payload, wakes, known })
    )
    // what wakes nobody is known before the run is suspended
    yield* wakes ? storing : Effect.uninterruptible(storing)
  })

  const clockOf: Encoded["scheduleClock"] = (workflow, { clock, executionId }) =>
    Effect.gen(function*() {
      const by = yield* asking
      const run = by?.run ?? runs.of(workflow._tag, executionId)
      const sent = storedName(clock.deferred.name)
      if (run !== undefined && (run.replay.sent.has(sent) || run.replay.clocks.has(sent))) return
      if (by?.run !== undefined && by.instance.executionId === executionId && (yield* executions.inTransaction)) {
        return yield* suspending(by.run, clockWithinTransaction(clock))
      }
      yield* inRun(
        run,
        executions.send({
          ...keyOf(workflow._tag, executionId),
          sent,
          payload: yield* Effect.orDie(encodeExit(Exit.void)),
          after: Duration.toMillis(clock.duration)
        })
      )
    })

  const polling: Encoded["poll"] = (workflow, executionId) =>
    Effect.gen(function*() {
      const state = yield* Effect.orDie(executions.stateOf(keyOf(workflow._tag, executionId)))
      if (state === undefined) return Option.none()
      if (state.ended !== undefined) return Option.some(yield* resultOf(codecsFor(workflow), state.ended, undefined))
      return state.suspended === undefined ? Option.none() : Option.some(suspendedBy(state.suspended))
    })

  const contract = makeUnsafe({
    register: registering,
    execute: (workflow, options) => executing(workflow, options) as never,
    // where it is suspended, and its caller has a schedule of its own
    awaitComplete: (workflow, executionId) =>
      Effect.flatMap(
        Effect.orDie(executions.stateOf(keyOf(workflow._tag, executionId))),
        (state) =>
          state === undefined ? Effect.never : Effect.asVoid(Effect.orDie(executions.ended(state.action, false)))
      ),
    poll: polling,
    // what one that is interrupted waits for: not what is executed at its end, which is to be done
    interrupt: (workflow, executionId) =>
      Effect.flatMap(asking, (by) =>
        by?.run?.instance.scope.state._tag === "Closed"
          ? Effect.void
          : interrupting(workflow, executionId, false)),
    interruptUnsafe: (workflow, executionId) => interrupting(workflow, executionId, true),
    resume: (workflow, executionId) =>
      Effect.orDie(
        Effect.flatMap(
          executions.stateOf(keyOf(workflow._tag, executionId)),
          (state) => state === undefined || state.ended !== undefined ? Effect.void : executions.resume(state.action)
        )
      ),
    activityExecute: (activity, attempt) => runActivity(runs, activity, attempt),
    deferredResult: (deferred) =>
      Effect.flatMap(WorkflowInstance, (instance) => {
        const run = runs.at(instance)
        const name = storedName(deferred.name)
        return run === undefined || !run.replay.sent.has(name)
          ? Effect.succeedNone
          : Effect.map(readDeferred(run, deferred, run.replay.sent.get(name)), Option.some)
      }),
    deferredDone: sending,
    scheduleClock: clockOf
  })
  // whoever asks for it means it
  const engine: Service = {
    ...contract,
    interrupt: (workflow, executionId) => interrupting(workflow, executionId, false)
  }
  return engine
})
