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
import type * as Scope from "effect/Scope"
import * as Workflow from "effect/workflow/Workflow"
import {
  type Encoded,
  makeDeferredState,
  makeUnsafe,
  type WorkflowEngine,
  WorkflowInstance
} from "effect/workflow/WorkflowEngine"
import { storedName } from "../domain/executionNames.ts"
import { ExecutionName } from "../domain/Phase.ts"
import { Engine } from "../Engine.ts"
import type { ExecutionOutcome } from "../Execution.ts"
import { runActivity } from "./activities.ts"
import { codecsOf, decodeExit, encodeExit, type WorkflowCodecs } from "./codecs.ts"
import { definitionOf, keyOf, Queue } from "./definitions.ts"
import { interruptOf, runBody, type Surroundings } from "./running.ts"
import * as Runs from "./Runs.ts"

type Service = WorkflowEngine["Service"]

/** What an execution has come to, as its caller is told. */
const resultOf = (
  codecs: WorkflowCodecs,
  { cause, result, status }: ExecutionOutcome
): Effect.Effect<Workflow.Result<unknown, unknown>> =>
  status === "succeeded"
    ? Effect.map(Effect.orDie(codecs.decodeExit(result)), (exit) => new Workflow.Complete({ exit }))
    // it has ended by what is Stepped's: somebody has cancelled it, or it has died too often
    : Effect.succeed(
      new Workflow.Complete({ exit: Exit.die(new Error(cause === null ? status : `${cause.path}: ${cause.message}`)) })
    )

export const make: Effect.Effect<Service, never, Engine | Scope.Scope> = Effect.gen(function*() {
  const { executions, register } = yield* Engine
  const scope = yield* Effect.scope
  const runs = Runs.make()
  const deferreds = makeDeferredState()
  const codecs = new WeakMap<object, WorkflowCodecs>()

  const codecsFor = (workflow: Workflow.Any): WorkflowCodecs => {
    const known = codecs.get(workflow)
    if (known !== undefined) return known
    const made = codecsOf(workflow)
    codecs.set(workflow, made)
    return made
  }

  const registering: Encoded["register"] = (workflow, execute) =>
    Effect.gen(function*() {
      const { action, actor } = definitionOf(workflow)
      const surroundings: Surroundings = { runs, deferreds, engine }
      const method = (payload: unknown, replay: Runs.Run["replay"]) =>
        runBody(workflow, codecsFor(workflow), execute, surroundings, payload, replay)
      yield* Effect.orDie(
        register({
          actor,
          inherits: undefined,
          actions: [action],
          methods: { [action.name]: method },
          context: yield* Effect.context<never>()
        })
      )
    })

  const executing = Effect.fnUntraced(function*(
    workflow: Workflow.Any,
    { detached, discard, executionId, parent, payload }: Parameters<Encoded["execute"]>[1]
  ): Effect.fn.Return<Workflow.Result<unknown, unknown>> {
    const key = keyOf(workflow._tag, executionId)
    const of = codecsFor(workflow)
    const run = parent === undefined ? undefined : runs.of(parent.workflow._tag, parent.executionId)
    const waits = parent !== undefined && detached !== true
    const known = waits ? run?.replay.childOf(key) : undefined
    if (known !== undefined) {
      return known.ended === undefined
        ? new Workflow.Suspended({})
        : yield* resultOf(of, known.ended)
    }
    // what is to be interrupted is replayed for its compensations alone
    if (waits && run !== undefined && interruptOf(run) !== "none" && parent?.interrupted !== true) {
      return new Workflow.Suspended({})
    }
    const { action, isNew } = yield* Effect.orDie(executions.start({
      ...key,
      queue: Context.get(workflow.annotations, Queue),
      payload: yield* Effect.orDie(of.encodePayload(payload)),
      parent: run === undefined ? undefined : { action: run.replay.action, waits }
    }))
    if (discard) return new Workflow.Suspended({})
    if (parent === undefined || run === undefined) {
      const ended = Effect.catchTag(executions.ended(action, isNew), "WouldWaitForItself", () =>
        Effect.die(
          new Error(
            `${workflow._tag} is executed by the open transaction, and can begin only after its commit: execute it there ` +
              "with { discard: true }, and once more after the commit"
          )
        ))
      return yield* resultOf(of, yield* Effect.orDie(ended))
    }
    // it was linked by now: what ends later wakes this one
    const state = isNew ? undefined : yield* Effect.orDie(executions.stateOf({ action }, true))
    return state?.ended === undefined ? new Workflow.Suspended({}) : yield* resultOf(of, state.ended)
  })

  const interrupting = Effect.fnUntraced(function*(workflow: Workflow.Any, executionId: string, unsafe: boolean) {
    const payload = { unsafe }
    const sent = { sent: ExecutionName.interrupt, payload, onlyStarted: true, again: unsafe }
    const arrival = yield* Effect.orDie(executions.send({ ...keyOf(workflow._tag, executionId), ...sent }))
    if (arrival?.isFirst !== true) return
    const run = runs.of(workflow._tag, executionId)
    run?.replay.sent.set(ExecutionName.interrupt, payload)
  })

  const sending = Effect.fnUntraced(function*(
    options: Pick<Parameters<Encoded["deferredDone"]>[0], "workflowName" | "executionId" | "deferredName" | "exit">
  ) {
    const { deferredName, executionId, workflowName } = options
    const sent = storedName(deferredName)
    const payload = yield* Effect.orDie(encodeExit(options.exit))
    const instance = yield* Effect.serviceOption(WorkflowInstance)
    const run = runs.of(workflowName, executionId)
    const isOwn = Option.isSome(instance) && instance.value.executionId === executionId &&
      instance.value.workflow._tag === workflowName
    // a run that has completed it itself, and awaits it later, finds it; one that has looked for it before is to run again
    const wakes = !(isOwn && run !== undefined && instance.value.awaitedDeferreds === run.instance.awaitedDeferreds &&
      !run.instance.awaitedDeferreds.has(deferredName))
    const arrival = yield* Effect.orDie(executions.send({ ...keyOf(workflowName, executionId), sent, payload, wakes }))
    if (arrival?.isFirst !== true) {
      // its own that was stored, though the answer was lost, or that a body has sent that had this execution before: nothing else tells of it
      if (arrival?.before !== undefined) run?.replay.sent.set(sent, arrival.before)
      return
    }
    run?.replay.sent.set(sent, payload)
    const preempting = deferreds.deferredDone(executionId, deferredName)
    // a run's own finalizer cannot wait for the end of that run
    yield* isOwn ? Effect.asVoid(Effect.forkIn(preempting, scope)) : preempting
  })

  const engine: Service = makeUnsafe({
    register: registering,
    execute: (workflow, options) => executing(workflow, options) as never,
    poll: (workflow, executionId) =>
      Effect.gen(function*() {
        const state = yield* Effect.orDie(executions.stateOf(keyOf(workflow._tag, executionId)))
        if (state === undefined) return Option.none()
        if (state.ended !== undefined) return Option.some(yield* resultOf(codecsFor(workflow), state.ended))
        if (state.suspended === undefined) return Option.none()
        const { failure } = state.suspended
        return Option.some(
          new Workflow.Suspended(
            failure === undefined ? {} : { failed: true, cause: Cause.die(new Error(failure.message)) }
          )
        )
      }),
    interrupt: (workflow, executionId) => interrupting(workflow, executionId, false),
    interruptUnsafe: (workflow, executionId) =>
      Effect.andThen(
        interrupting(workflow, executionId, true),
        Effect.suspend(() => {
          const run = runs.of(workflow._tag, executionId)
          return run === undefined ? Effect.void : run.cut
        })
      ),
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
        const sent = runs.of(instance.workflow._tag, instance.executionId)?.replay.sent
        const name = storedName(deferred.name)
        return sent === undefined || !sent.has(name)
          ? Effect.succeedNone
          : Effect.map(Effect.orDie(decodeExit(sent.get(name))), Option.some)
      }),
    deferredDone: sending,
    scheduleClock: (workflow, { clock, executionId }) => {
      const replay = runs.of(workflow._tag, executionId)?.replay
      const sent = storedName(clock.deferred.name)
      if (replay !== undefined && (replay.sent.has(sent) || replay.clocks.has(sent))) return Effect.void
      return Effect.flatMap(Effect.orDie(encodeExit(Exit.void)), (payload) =>
        Effect.asVoid(Effect.orDie(
          executions.send({
            ...keyOf(workflow._tag, executionId),
            sent,
            payload,
            after: Duration.toMillis(clock.duration)
          })
        )))
    }
  })
  return engine
})
