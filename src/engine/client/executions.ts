/** Executions of workflows: starting them, sending to them, waiting for them (rules 24.1 to 24.5). */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { checkJson } from "../../domain/Codec.ts"
import { defaultKey, definitionKey } from "../../domain/Key.ts"
import { ExecutionName } from "../../domain/Phase.ts"
import type { ExecutionKey, Executions } from "../../Execution.ts"
import { type StorageError, type UnsuitableIsolation, WouldWaitForItself } from "../../SteppedError.ts"
import type { Arrival, ExecutingOptions, NewExecution, NewSent, StartedExecution } from "../../store/Executing.ts"
import { tookTooLong } from "../../store/Store.ts"
import { weighExecution, weighSent } from "../../store/weight.ts"
import { checkActorId } from "../invoke/invocation.ts"
import { retryForCaller } from "../retrying.ts"
import { carrierIn } from "../trace.ts"
import type { ClientContext } from "./context.ts"
import * as Together from "./Together.ts"

const definitionOf = ({ actorType, name }: ExecutionKey): string => definitionKey(actorType, name)

type Parts = Pick<
  ClientContext,
  "failpoint" | "newActionId" | "now" | "settings" | "store" | "wakeups" | "watcher" | "workers"
>

/** How something is stored for an execution. */
interface Storing<Item, Answer> {
  readonly operation: string
  readonly store: (
    items: ReadonlyArray<Item>,
    options: ExecutingOptions
  ) => Effect.Effect<ReadonlyArray<Answer>, StorageError>
  readonly weigh: (item: Item) => number
  /** What this process is told of, once it is committed. */
  readonly committed: (items: ReadonlyArray<Item>, answers: ReadonlyArray<Answer>) => void
}

/**
 * Stores it with the caller's transaction, where there is one: what commits with that is not tried again. Else together with what others ask for
 * at the same moment, and once more where an answer is lost: the same twice is the same.
 */
const storing = <Item, Answer>(
  { failpoint, now, settings, store }: Parts,
  { committed, operation, store: storeAll, weigh }: Storing<Item, Answer>
): Effect.Effect<
  (item: Item) => Effect.Effect<Answer, StorageError | UnsuitableIsolation>,
  never,
  Scope.Scope
> => {
  const stored = (items: ReadonlyArray<Item>, isPatient: boolean) =>
    Effect.flatMap(now, (at) => storeAll(items, { now: at, kept: settings.keyRetention, isPatient }))
  const telling = (items: ReadonlyArray<Item>) => (answers: ReadonlyArray<Answer>) =>
    store.afterCommit(Effect.sync(() => committed(items, answers)))
  const inside = (item: Item) =>
    Effect.map(Effect.tap(stored([item], true), telling([item])), ([answer]) => answer!).pipe(
      Effect.mapError(store.inOpenTransaction(operation))
    )
  return Effect.map(
    Together.make<Item, Answer>(
      (items, isPatient) =>
        Effect.tap(
          retryForCaller(
            () => failpoint("executed", stored(items, isPatient)),
            (error) => isPatient || !tookTooLong(error)
          ),
          telling(items)
        ),
      weigh
    ),
    (together) => (item) =>
      Effect.flatMap(
        store.inTransaction,
        (isInside): Effect.Effect<Answer, StorageError | UnsuitableIsolation> =>
          isInside ? inside(item) : together(item)
      )
  )
}

export const make = (parts: Parts): Effect.Effect<Executions, never, Scope.Scope> =>
  Effect.gen(function*() {
    const { newActionId, now, settings, store, wakeups, watcher, workers } = parts
    const starting = yield* storing<NewExecution, StartedExecution>(parts, {
      operation: "starting an execution",
      store: store.startExecutions,
      weigh: weighExecution,
      committed: (_, answers) => {
        if (answers.some(({ isNew }) => isNew)) wakeups.queued()
      }
    })
    const sending = yield* storing<NewSent, Arrival | undefined>(parts, {
      operation: "sending to an execution",
      store: store.sendToExecutions,
      weigh: weighSent,
      committed: (items, answers) => {
        const wakes = items.filter(({ name, wakes }, n) =>
          // who is to be interrupted is woken each time
          wakes && (answers[n]?.isFirst === true || name === ExecutionName.interrupt)
        )
        for (const { due } of wakes) if (due !== undefined) workers.know(due)
        // a body of another process may await it
        if (wakes.some(({ due }) => due === undefined)) wakeups.ended()
        else if (wakes.length > 0) wakeups.queued()
      }
    })
    return {
      inTransaction: store.inTransaction,
      start: (asked) =>
        Effect.gen(function*() {
          const { actorType, name, parent, payload, queue } = asked
          const execution = yield* checkActorId(actorType, asked.execution)
          yield* checkJson(`payload of ${name}`, payload, settings.payload)
          return yield* starting({
            definition: definitionOf(asked),
            execution,
            action: newActionId(yield* now),
            queue,
            lane: defaultKey(actorType, execution, name),
            arguments: [payload],
            trace: yield* Effect.withFiber((fiber) => Effect.succeed(carrierIn(fiber))),
            parent
          })
        }),
      stateOf: (which, isWaitedFor = false) =>
        retryForCaller(() =>
          store.executionState(
            "action" in which ? which : { definition: definitionOf(which), execution: which.execution },
            isWaitedFor
          )
        ),
      ended: (action, isNew) =>
        Effect.gen(function*() {
          if (yield* store.inTransaction) return yield* new WouldWaitForItself({ action })
          const { cause, result, status } = yield* isNew
            ? watcher.waitForNew(action)
            : watcher.wait(action, () => undefined)
          return { status: status ?? "cancelled", result, cause }
        }),
      send: (asked) =>
        Effect.gen(function*() {
          const { after, again = false, known, onlyStarted = false, payload, sent, wakes = true } = asked
          const execution = yield* checkActorId(asked.actorType, asked.execution)
          yield* checkJson(`what ${sent} is given`, payload, settings.payload)
          const at = yield* now
          const answer = yield* sending({
            definition: definitionOf(asked),
            execution,
            action: newActionId(at),
            name: sent,
            payload,
            due: after === undefined ? undefined : Math.ceil(at + after),
            onlyStarted,
            again,
            wakes
          })
          if (known === undefined || answer === undefined) return
          if (answer.isFirst) yield* store.afterCommit(known(payload))
          else if (!wakes && answer.stored !== null) yield* store.afterCommit(known(answer.stored))
        }),
      resume: (action) =>
        Effect.flatMap(
          retryForCaller(() => Effect.flatMap(now, (at) => store.resumeExecution(at, action))),
          (became) => became === "done" ? Effect.sync(wakeups.queued) : Effect.void
        )
    }
  })
