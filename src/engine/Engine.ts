/**
 * The engine of one process, put together: definitions, clients, and the workers that perform.
 */
import { PgClient } from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { AchievementStore } from "../AchievementStore.ts"
import { ActionRepo } from "../ActionRepo.ts"
import { errorText } from "../domain/Failure.ts"
import { Engine, type EngineDatabase } from "../Engine.ts"
import { JobQueue } from "../JobQueue.ts"
import { DefinitionError, type StorageError } from "../SteppedError.ts"
import { families, make as makeMeter, type Meter } from "../store/Meter.ts"
import { Storage } from "../store/Storage.ts"
import { Store } from "../store/Store.ts"
import type { UserTime } from "../store/UserTime.ts"
import * as ActionId from "./ActionId.ts"
import * as Client from "./client/Client.ts"
import * as Completing from "./client/complete.ts"
import type { ClientContext } from "./client/context.ts"
import * as Enqueue from "./client/enqueue.ts"
import * as Executions from "./client/executions.ts"
import * as Explain from "./client/explain.ts"
import * as Handle from "./client/Handle.ts"
import * as Hear from "./client/hear.ts"
import * as OnCall from "./client/onCall.ts"
import * as OutcomeWatcher from "./client/OutcomeWatcher.ts"
import * as Receive from "./client/receive.ts"
import * as Scheduling from "./client/scheduling.ts"
import * as Send from "./client/send.ts"
import * as Hub from "./events/Hub.ts"
import { observed } from "./events/observed.ts"
import { listening } from "./events/streaming.ts"
import { watching } from "./events/watching.ts"
import * as Failpoint from "./Failpoint.ts"
import { counted, log } from "./log.ts"
import { registration } from "./many/asking.ts"
import { measuring } from "./measuring.ts"
import { metered } from "./metered.ts"
import { Registry } from "./Registry.ts"
import { Settings } from "./Settings.ts"
import * as UserClock from "./UserClock.ts"
import * as Wakeups from "./Wakeups.ts"
import * as Workers from "./worker/Workers.ts"

/** Adds to the registry for as long as the scope is open. */
const defining = (add: () => () => void) =>
  Effect.asVoid(Effect.acquireRelease(
    Effect.try({
      try: add,
      catch: (error) => error instanceof DefinitionError ? error : new DefinitionError({ message: errorText(error) })
    }),
    (remove) => Effect.sync(remove)
  ))

/** Who reads the gauge of running bodies asks these workers, as long as the scope is open. */
const asking = (meter: Meter, workers: Workers.Workers) =>
  Effect.acquireRelease(
    Effect.sync(() => meter.ask(families.running, workers.running)),
    (leave) => Effect.sync(leave)
  )

/**
 * Nobody else has an embedded database: whatever is held is left from a process that died. What its definition says of its attempts nobody
 * knows yet.
 */
const takingOver = (
  store: Pick<Store["Service"], "recover">,
  { attempts }: Settings["Service"],
  now: Effect.Effect<number>
) =>
  Effect.gen(function*() {
    const { actions } = yield* store.recover(yield* now, [], { otherwise: attempts, own: new Map() })
    if (actions === 0) return
    yield* log.warning(`takes over from a process that has died: ${counted(actions, "action goes", "actions go")} on`)
  })

/** For what stands beside the engine. */
const databaseOf = (
  client: PgClient,
  { deadline, embedded, schema }: Storage["Service"],
  { lease, notify, payload, pollInterval }: Settings["Service"]
): EngineDatabase => ({
  client,
  schema,
  embedded,
  statementTimeout: deadline,
  pollInterval,
  lease,
  notify,
  payloadLimit: payload
})

export const layer: Layer.Layer<
  Engine,
  StorageError,
  PgClient | Storage | Settings | Store | UserTime | ActionRepo | AchievementStore | JobQueue
> = Layer.effect(
  Engine,
  Effect.gen(function*() {
    const sql = yield* PgClient
    const storage = yield* Storage
    const settings = yield* Settings
    const stored = yield* Store
    // of fibers that are told to end together: where nothing is answered, giving up a statement takes seconds
    const scope = yield* Scope.fork(yield* Effect.scope, "parallel")
    const registry = new Registry()
    const failpoint = yield* Failpoint.reach
    const now = yield* Scope.provide(UserClock.followed, scope)
    const hub = Hub.make()
    const meter = makeMeter(yield* Effect.context<never>())
    const counting = metered(stored, meter)
    const store = observed(counting, watching(counting, hub, scope), now)
    const sleeper: Wakeups.Sleeper = { wake: () => workers.wake(), check: () => workers.check() }
    const wakeups = yield* Scope.provide(Wakeups.make(sql, storage, settings, sleeper), scope)
    const watcher = yield* Scope.provide(OutcomeWatcher.make(store, settings.pollInterval), scope)
    const newActionId = ActionId.make()
    const repo = yield* ActionRepo
    const parts = { store, settings, registry, now, newActionId, watcher, wakeups, failpoint }
    const completing = Completing.make({
      ...parts,
      get workers() {
        return workers
      }
    })
    const workers: Workers.Workers = Workers.make({
      repo,
      wakeups,
      store,
      achievements: yield* AchievementStore,
      settings,
      registry,
      now,
      newActionId,
      embedded: storage.embedded,
      meter,
      onEnded: watcher.ended,
      onKnown: watcher.known,
      onQueued: wakeups.queued,
      complete: completing.completeHeld,
      scope,
      failpoint
    })
    yield* asking(meter, workers)
    yield* Effect.addFinalizer(() => hub.close)
    yield* Effect.addFinalizer((exit) => Effect.andThen(Scope.close(scope, exit), workers.close))
    if (storage.embedded) yield* takingOver(store, settings, now)

    const clients: ClientContext = { ...parts, workers, hub }
    const enqueue = yield* Scope.provide(Enqueue.make(clients), scope)
    const sender = Send.make(clients)
    const explaining = Explain.make(clients)
    const handle = Handle.make(clients, completing, sender.sendTo, explaining)
    registry.register(registration(store, { repo, queue: yield* JobQueue, cancelById: completing.cancelById }, now))

    return Engine.of({
      database: databaseOf(sql, storage, settings),
      register: (registration) => defining(() => registry.register(registration)),
      addCallback: (type, name, callback, context) =>
        defining(() => registry.addCallback(type, name, callback, context)),
      prependStep: (type, name, step, context) => defining(() => registry.prependStep(type, name, step, context)),
      ...Client.make(clients, enqueue, handle, explaining),
      explainStored: explaining.explainStored,
      handle: Handle.handleOf(handle),
      complete: completing.complete,
      cancelById: completing.cancelById,
      cancelAll: completing.cancelAll,
      send: sender.send,
      receive: Receive.make(clients, completing, sender.store),
      ...Hear.make(clients),
      work: workers.work,
      performDue: workers.performDue,
      find: (type, name) => registry.find(type, name)?.action,
      definitionOf: (type, name) => registry.find(type, name),
      ...OnCall.make(clients),
      executions: yield* Scope.provide(Executions.make(clients), scope),
      ...Scheduling.make(clients, defining),
      measure: measuring(store, registry, meter, now),
      ...listening(hub),
      now
    })
  })
)
