/** Executions of workflows: starting them, sending to them, waiting for them (rules 24.1 to 24.5). */
import * as Effect from "effect/Effect"
import { checkJson } from "../../domain/Codec.ts"
import { defaultKey, definitionKey } from "../../domain/Key.ts"
import type { ExecutionKey, Executions } from "../../Execution.ts"
import { type StorageError, type UnsuitableIsolation, WouldWaitForItself } from "../../SteppedError.ts"
import { checkActorId } from "../invoke/invocation.ts"
import { retryForCaller } from "../retrying.ts"
import { carrierIn } from "../trace.ts"
import type { ClientContext } from "./context.ts"

const definitionOf = ({ actorType, name }: ExecutionKey): string => definitionKey(actorType, name)

export const make = (
  { newActionId, now, settings, store, wakeups, watcher, workers }: Pick<
    ClientContext,
    "newActionId" | "now" | "settings" | "store" | "wakeups" | "watcher" | "workers"
  >
): Executions => {
  /** What commits with the caller's transaction is not tried again; the same twice is the same. */
  const storing = <A>(
    operation: string,
    effect: Effect.Effect<A, StorageError>
  ): Effect.Effect<A, StorageError | UnsuitableIsolation> =>
    Effect.flatMap(
      store.inTransaction,
      (inside): Effect.Effect<A, StorageError | UnsuitableIsolation> =>
        inside
          ? Effect.mapError(effect, store.inOpenTransaction(operation))
          : retryForCaller(() => effect)
    )

  return {
    start: (asked) =>
      Effect.gen(function*() {
        const { actorType, name, parent, payload, queue } = asked
        const execution = yield* checkActorId(actorType, asked.execution)
        yield* checkJson(`payload of ${name}`, payload, settings.payload)
        const at = yield* now
        const stored = yield* storing(
          "starting an execution",
          store.startExecution({
            now: at,
            definition: definitionOf(asked),
            execution,
            action: newActionId(at),
            kept: settings.keyRetention,
            queue,
            lane: defaultKey(actorType, execution, name),
            arguments: [payload],
            trace: yield* Effect.withFiber((fiber) => Effect.succeed(carrierIn(fiber))),
            parent
          })
        )
        if (stored.isNew) yield* store.afterCommit(Effect.sync(wakeups.queued))
        return stored
      }),
    stateOf: (which, isWaitedFor = false) =>
      retryForCaller(() =>
        store.executionState(
          "action" in which ? which : { definition: definitionOf(which), execution: which.execution },
          isWaitedFor
        )
      ),
    ended: (action) =>
      Effect.gen(function*() {
        if (yield* store.inTransaction) return yield* new WouldWaitForItself({ action })
        const { cause, result, status } = yield* watcher.wait(action, () => undefined)
        return { status: status ?? "cancelled", result, cause }
      }),
    send: (asked) =>
      Effect.gen(function*() {
        const { after, again = false, onlyStarted = false, payload, sent, wakes = true } = asked
        const execution = yield* checkActorId(asked.actorType, asked.execution)
        yield* checkJson(`what ${sent} is given`, payload, settings.payload)
        const at = yield* now
        const due = after === undefined ? undefined : Math.ceil(at + after)
        const arrival = yield* storing(
          "sending to an execution",
          store.sendToExecution({
            now: at,
            definition: definitionOf(asked),
            execution,
            action: newActionId(at),
            kept: settings.keyRetention,
            name: sent,
            payload,
            due,
            onlyStarted,
            again,
            wakes
          })
        )
        if (arrival?.isFirst === true && wakes) {
          yield* store.afterCommit(Effect.sync(() => {
            if (due !== undefined) workers.know(due)
            // a body of another process may await it
            else wakeups.ended()
            wakeups.queued()
          }))
        }
        return arrival
      }),
    resume: (action) =>
      Effect.flatMap(
        retryForCaller(() => Effect.flatMap(now, (at) => store.resumeExecution(at, action))),
        (is) => is ? Effect.sync(wakeups.queued) : Effect.void
      )
  }
}
