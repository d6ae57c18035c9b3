/**
 * The engine of one process: definitions, enqueueing, waiting, and the hands that perform.
 */
import { PgClient } from "@effect/sql-pg/PgClient"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import type { SqlError } from "effect/sql/SqlError"
import { AchievementStore } from "../AchievementStore.ts"
import type { AnyAction } from "../Action.ts"
import type { ActionHandle, ActionSnapshot } from "../ActionHandle.ts"
import { ActionRepo } from "../ActionRepo.ts"
import { actorId as actorIdOf, ActorRef, type AnyActorClass } from "../Actor.ts"
import { type ActionStatus, isActionId } from "../domain/Phase.ts"
import { Engine } from "../Engine.ts"
import { JobQueue } from "../JobQueue.ts"
import { afterStatuses, type CompletionOutcome } from "../Outcome.ts"
import { PerformanceLane } from "../PerformanceLane.ts"
import { examine } from "../sql/Doctor.ts"
import * as OwnConnections from "../sql/OwnConnections.ts"
import { checkUse } from "../sql/prerequisites.ts"
import { Storage } from "../sql/Storage.ts"
import { answered, impatiently, inOpenTransaction, patiently, realClock } from "../sql/storageError.ts"
import {
  AmbiguousCompletion,
  Cancelled,
  type CompletionError,
  Deadlocked,
  DefinitionError,
  EnqueueError,
  type EnqueueErrorReason,
  IncompatibleResult,
  InvalidArguments,
  InvalidOutcome,
  PayloadTooLarge,
  StorageError,
  TimedOut,
  TooManyInvocations,
  UnknownAction,
  UnknownDefinition,
  UnstorableText,
  type UnsuitableIsolation,
  type WaitError,
  WouldWaitForItself
} from "../SteppedError.ts"
import type { StoredCause, StoredOutcome } from "../store/Conclusion.ts"
import type { Invocation } from "../store/Invocation.ts"
import { type Catalog, type Found, Store } from "../store/Store.ts"
import * as Awaiter from "./Awaiter.ts"
import { actionText, errorOf, errorText, line } from "./causes.ts"
import { checkPayload, codecOf, tidyText } from "./codec.ts"
import { definitionKey, Definitions } from "./Definitions.ts"
import * as Enqueuer from "./Enqueuer.ts"
import * as Failpoint from "./Failpoint.ts"
import { encodeActorId, makeInvocation, newActionId } from "./invoke.ts"
import { logWarning } from "./log.ts"
import type { Performance } from "./perform/Performance.ts"
import { Settings } from "./Settings.ts"
import * as Worker from "./worker/Worker.ts"

/** Of many, the one to look at: what cannot be enqueued would not be found by what is wrong with it alone. */
const atInvocation = (index: number, error: InvalidArguments | PayloadTooLarge | UnstorableText) => {
  switch (error._tag) {
    case "InvalidArguments":
      return new InvalidArguments({ action: error.action, issue: `invocation [${index}]: ${error.issue}` })
    case "PayloadTooLarge":
      return new PayloadTooLarge({
        field: `${error.field}, invocation [${index}]`,
        size: error.size,
        limit: error.limit
      })
    case "UnstorableText":
      return new UnstorableText({ field: `${error.field}, invocation [${index}]` })
  }
}

/** Invocations of one `enqueueMany`. */
const bulkLimit = 100_000

/** How a worker works; see `Stepped.worker`. */
export interface WorkOptions {
  readonly concurrency: number
  readonly connections: number
  readonly grace: Duration.Duration
  readonly queues: ReadonlyArray<string> | undefined
}

export const layer: Layer.Layer<
  Engine,
  StorageError,
  PgClient | Storage | Settings | Store | ActionRepo | PerformanceLane | AchievementStore | JobQueue
> = Layer.effect(
  Engine,
  Effect.gen(function*() {
    const sql = yield* PgClient
    const storage = yield* Storage
    const settings = yield* Settings
    const store = yield* Store
    // of fibers that are told to end together: where nothing is answered, giving up a statement takes seconds
    const scope = yield* Scope.fork(yield* Effect.scope, "parallel")
    const definitions = new Definitions()
    const reach = yield* Failpoint.reach

    // ---------------------------------------------------------------------------------------------------------------
    // time
    // ---------------------------------------------------------------------------------------------------------------

    let offset = 0
    const measureOffset = Effect.map(store.clockOffset, ({ millis, uncertainty }) => {
      // within the network's uncertainty the machine's own clock, or what was known of it, is the better one: an answer may be late
      if (Math.abs(millis - offset) > Math.max(20, uncertainty)) offset = Math.abs(millis) < 20 ? 0 : millis
    })
    const follow = settings.databaseClock && !storage.embedded
    if (follow) {
      yield* patiently(measureOffset)
      yield* Effect.forkIn(
        Effect.forever(Effect.andThen(Effect.sleep("1 minute"), Effect.ignore(measureOffset))).pipe(
          Effect.provideService(Clock.Clock, realClock)
        ),
        scope
      )
    }
    const now = Effect.map(Clock.currentTimeMillis, (millis) => Math.round(millis + offset))

    // ---------------------------------------------------------------------------------------------------------------
    // waking
    // ---------------------------------------------------------------------------------------------------------------

    const channel = `stepped_${storage.schema}`
    const notifying = settings.notify && !storage.embedded
    const notifyLatch = Latch.makeUnsafe(false)
    let hasEnded = false
    if (notifying) {
      // one NOTIFY for all that happens within a moment: in every commit it would serialise them
      yield* Effect.forkIn(
        Effect.gen(function*() {
          while (true) {
            yield* notifyLatch.await
            notifyLatch.closeUnsafe()
            const news = hasEnded ? "ended" : ""
            hasEnded = false
            yield* Effect.ignore(Effect.timeout(sql.notify(channel, news), storage.deadline))
            yield* Effect.sleep(20)
          }
        }).pipe(Effect.provideService(Clock.Clock, realClock), Effect.withTracerEnabled(false)),
        scope
      )
    }
    const signal = () => {
      worker.wake()
      if (notifying) notifyLatch.openUnsafe()
    }

    const awaiter = yield* Scope.provide(Awaiter.make(store, settings.pollInterval), scope)

    // ---------------------------------------------------------------------------------------------------------------
    // completing from outside
    // ---------------------------------------------------------------------------------------------------------------

    type Verdict =
      | { readonly _tag: "None" }
      | { readonly _tag: "Other"; readonly found: string }
      | { readonly _tag: "Done"; readonly id: string }
      | { readonly _tag: "Over" }
      | { readonly _tag: "Ambiguous"; readonly ids: ReadonlyArray<string> }

    /** Ends one action; whoever holds its rows just now gets a moment to finish. */
    const endFromOutside = (
      target: {
        /** None means the performing outbound action of the definition and actor. */
        readonly id: string | null
        readonly definition: string
        readonly actorId: string | null
      },
      outcome: StoredOutcome,
      outbound: boolean,
      spare: string | undefined
    ): Effect.Effect<Verdict, StorageError | UnsuitableIsolation> =>
      Effect.gen(function*() {
        const inside = yield* store.inTransaction
        const at = yield* now
        const complete = (token: bigint | null, catalog: Catalog) =>
          store.complete({ token, now: at, catalog, ...target, outcome, outbound })
        for (let attempt = 0;; attempt++) {
          // an open transaction may roll back: nothing of it is handed over to this worker
          const { answer, verdict } = yield* inside
            ? Effect.mapError(complete(null, definitions.present()), inOpenTransaction("ending an action"))
            : worker.fromOutside(complete, spare)
          if (verdict._tag === "Busy" && attempt < 50) {
            yield* Effect.provideService(Effect.sleep(20), Clock.Clock, realClock)
            continue
          }
          const tell = Effect.sync(() => {
            // a body of another process may be running for it
            hasEnded = true
            signal()
          })
          yield* inside ? store.afterCommit(Effect.andThen(worker.take(answer, spare), tell)) : tell
          switch (verdict._tag) {
            case "Done":
              return { _tag: "Done", id: verdict.action }
            case "Ambiguous":
              return { _tag: "Ambiguous", ids: verdict.actions }
            case "Other":
              return { _tag: "Other", found: actionText(verdict.definition, verdict.actorId) }
            case "Busy":
              return yield* new StorageError({
                operation: "complete",
                isRetryable: true,
                cause: new Error("the action is being changed by somebody else")
              })
            default:
              return verdict
          }
        }
      })

    /** Refuses an id that names nothing, or something else than it was taken for. */
    const refuseUnknown = (id: string, asked: string, verdict: Verdict): Effect.Effect<void, UnknownAction> =>
      verdict._tag === "Other"
        ? Effect.fail(new UnknownAction({ actionId: id, asked, found: verdict.found }))
        : verdict._tag === "None"
        ? Effect.fail(new UnknownAction({ actionId: id }))
        : Effect.void

    /** An outcome given from outside, encoded and checked. */
    const encodeOutcome = (
      action: AnyAction,
      key: string,
      actorId: string | undefined,
      outcome: CompletionOutcome<unknown, unknown>
    ) =>
      Effect.gen(function*() {
        const invalid = (error: { readonly message: string }) =>
          new InvalidOutcome({ action: action.name, issue: tidyText(error.message) })
        if (!afterStatuses.includes(outcome.status)) {
          return yield* invalid({ message: `${String(outcome.status)} is none of ${afterStatuses.join(", ")}` })
        }
        const status: ActionStatus = outcome.status
        const path = actorId === undefined ? action.name : actionText(key, actorId)
        switch (outcome.status) {
          case "succeeded": {
            const result = yield* Effect.mapError(codecOf(action.success).encode(outcome.result), invalid)
            yield* checkPayload(`result of ${action.name}`, result, settings.payload)
            return { status, result, cause: null }
          }
          case "failed": {
            if (outcome.cause === undefined) {
              return {
                status,
                result: null,
                cause: { kind: "failure", path, message: "completed as failed" } satisfies StoredCause
              }
            }
            const error = yield* Effect.mapError(codecOf(action.error).encode(outcome.cause), invalid)
            yield* checkPayload(`error of ${action.name}`, error, settings.payload)
            return {
              status,
              result: null,
              cause: {
                kind: "failure",
                path,
                message: errorText(outcome.cause),
                error,
                own: true
              } satisfies StoredCause
            }
          }
          default:
            return { status, result: null, cause: null }
        }
      })

    const completeHeld = (
      performance: Performance,
      outcome: CompletionOutcome<unknown, unknown>,
      completed: () => void
    ): Effect.Effect<boolean, CompletionError> =>
      Effect.gen(function*() {
        const encoded = yield* encodeOutcome(
          performance.runnable.action,
          performance.runnable.key,
          performance.actorId,
          outcome
        )
        // the job that completes its action is not ended for it; callbacks that begin here, or a comparison with the rows, may still
        const ending = endFromOutside(
          { id: performance.id, definition: performance.runnable.key, actorId: performance.actorId },
          encoded,
          true,
          performance.id
        )
        const inside = yield* store.inTransaction
        const verdict = yield* (inside ? ending : patiently(ending))
        if (verdict._tag !== "Done") return false
        yield* store.afterCommit(Effect.sync(completed))
        return true
      })

    const worker: Worker.Worker = Worker.make({
      store,
      repo: yield* ActionRepo,
      lanes: yield* PerformanceLane,
      achievements: yield* AchievementStore,
      queue: yield* JobQueue,
      settings,
      definitions,
      now,
      name: `${process.env.HOSTNAME ?? "stepped"}:${process.pid}`,
      embedded: storage.embedded,
      onEnded: awaiter.ended,
      onKnown: awaiter.known,
      onQueued: signal,
      complete: completeHeld,
      scope,
      failpoint: reach
    })
    yield* Effect.addFinalizer((exit) => Effect.andThen(Scope.close(scope, exit), worker.close))

    if (storage.embedded) {
      // nobody else has this database: whatever is held is left from a process that died
      yield* Effect.flatMap(now, store.recover)
    }

    const enqueueTogether = yield* Scope.provide(
      Enqueuer.make(
        (items, at, again) => {
          const plainly = (repeated: boolean) => Effect.as(store.enqueue(items, at, repeated), false)
          const idle = again ? Option.none() : worker.enqueueIdle(items)
          return reach(
            "enqueued",
            // what the claim meets is not the caller's: stored alone if it was not yet
            Option.isNone(idle) ? plainly(again) : Effect.catch(idle.value, () => plainly(true))
          )
        },
        now,
        signal
      ),
      scope
    )

    const enqueue = (items: ReadonlyArray<Invocation>): Effect.Effect<void, StorageError> =>
      Effect.flatMap(store.inTransaction, (inside) =>
        inside
          ? Effect.flatMap(now, (at) =>
            Effect.andThen(store.enqueue(items, at, false), store.afterCommit(Effect.sync(signal))))
          : enqueueTogether(items))

    // ---------------------------------------------------------------------------------------------------------------
    // clients
    // ---------------------------------------------------------------------------------------------------------------

    const asEnqueueError = (reason: EnqueueErrorReason) => new EnqueueError({ reason })

    const invocationOf = (ref: ActorRef, action: AnyAction, args: ReadonlyArray<unknown>) =>
      Effect.flatMap(encodeActorId(action.name, ref), (actorId) =>
        makeInvocation({
          ref,
          actorId,
          action,
          // a client's methods are passed as functions too, as in `Effect.forEach(cities, car.visitLater)`, which gives them an index
          args: args.slice(0, action.arguments.length),
          id: newActionId(),
          parent: undefined,
          limit: settings.payload
        }))

    const enqueueOne = (
      ref: ActorRef,
      action: AnyAction,
      args: ReadonlyArray<unknown>
    ): Effect.Effect<Invocation, EnqueueErrorReason> =>
      Effect.tap(invocationOf(ref, action, args), (invocation) => enqueue([invocation]))

    const invoke = (
      ref: ActorRef,
      action: AnyAction,
      args: ReadonlyArray<unknown>
    ): Effect.Effect<ActionHandle<AnyAction>, EnqueueErrorReason> =>
      Effect.map(enqueueOne(ref, action, args), ({ action: id, actorId }) => handle(ref, actorId, action, id))

    /** Whether what an id names is what it was taken for. */
    const isAsked = (ref: ActorRef, actorId: string, action: AnyAction, id: string): Awaiter.Check => (found) => {
      const key = definitionKey(ref.type, action.name)
      const { ownActorId, ownDefinition } = found
      return ownDefinition === null || ownActorId === null || (ownDefinition === key && ownActorId === actorId)
        ? undefined
        : new UnknownAction({
          actionId: id,
          asked: actionText(key, actorId),
          found: actionText(ownDefinition, ownActorId)
        })
    }

    const handle = (ref: ActorRef, actorId: string, action: AnyAction, id: string): ActionHandle<AnyAction> => ({
      id,
      actor: ref,
      action: action.name,
      await: Effect.flatMap(store.inTransaction, (inside) =>
        inside
          // on the transaction's own connection: what it has not committed nobody can have performed
          ? Effect.flatMap(
            store.outcomes([id]),
            ([found]): Effect.Effect<unknown, unknown> => {
              const other = found === undefined ? undefined : isAsked(ref, actorId, action, id)(found)
              return other !== undefined
                ? Effect.fail(other)
                : found?.state === "ended"
                ? resultOf(actorId, action, definitionKey(ref.type, action.name), found)
                : Effect.fail(new WouldWaitForItself({ action: action.name }))
            }
          )
          : Effect.flatMap(
            awaiter.wait(id, isAsked(ref, actorId, action, id)),
            (found) => resultOf(actorId, action, definitionKey(ref.type, action.name), found)
          )),
      cancel: Effect.flatMap(
        endFromOutside(
          { id, definition: definitionKey(ref.type, action.name), actorId },
          {
            status: "cancelled",
            result: null,
            cause: {
              kind: "cancelled",
              path: actionText(definitionKey(ref.type, action.name), actorId),
              message: "cancelled"
            }
          },
          false,
          undefined
        ),
        (verdict) =>
          Effect.as(
            refuseUnknown(id, actionText(definitionKey(ref.type, action.name), actorId), verdict),
            verdict._tag === "Done"
          )
      ),
      status: Effect.flatMap(store.outcomes([id]), ([found]): Effect.Effect<ActionSnapshot, UnknownAction> => {
        if (found === undefined || found.state === "unknown") return Effect.fail(new UnknownAction({ actionId: id }))
        const other = isAsked(ref, actorId, action, id)(found)
        if (other !== undefined) return Effect.fail(other)
        const successor = found.final === id ? undefined : found.final
        const own = found.own ?? (successor === undefined ? found.status : undefined)
        const status = own ?? (successor === undefined ? "queued" : "joined")
        return Effect.succeed({ id, status, successor })
      })
    })

    const resultOf = (
      actorId: string,
      action: AnyAction,
      asked: string,
      found: Found
    ): Effect.Effect<unknown, WaitError | unknown> => {
      const key = found.definition ?? asked
      const at = found.actorId ?? actorId
      const [type, name] = key.split("/") as [string, string]
      const cause = found.cause as StoredCause | null
      const ended = {
        action: name,
        actor: `${type}/${at}`,
        actionId: found.final,
        path: line(cause, actionText(key, at), found.status ?? "failed")
      }
      switch (found.status) {
        case "succeeded":
          return Effect.mapError(
            codecOf(action.success).decode(found.result),
            (error) => new IncompatibleResult({ ...ended, path: actionText(key, at), issue: tidyText(error.message) })
          )
        case "failed":
          return Effect.flatMap(
            errorOf({ key, definition: action.definition }, found.final, at, cause),
            (error) => Effect.fail(error)
          )
        case "timed_out":
          return Effect.fail(new TimedOut({ ...ended, path: actionText(key, at) }))
        case "deadlocked":
          return Effect.fail(new Deadlocked({ ...ended, path: actionText(key, at) }))
        default:
          return Effect.fail(new Cancelled({ ...ended, path: cause?.path ?? actionText(key, at) }))
      }
    }

    const notInTransaction = (action: AnyAction) =>
      Effect.flatMap(
        store.inTransaction,
        (inside) => inside ? Effect.fail(new WouldWaitForItself({ action: action.name })) : Effect.void
      )

    const methodsOf = (ref: ActorRef, action: AnyAction) => ({
      [action.name]: (...args: ReadonlyArray<unknown>) =>
        Effect.flatMap(
          Effect.mapError(Effect.andThen(notInTransaction(action), enqueueOne(ref, action, args)), asEnqueueError),
          ({ action: id, actorId, definition }) =>
            Effect.flatMap(awaiter.waitForNew(id), (found) => resultOf(actorId, action, definition, found))
        ),
      [`${action.name}Later`]: (...args: ReadonlyArray<unknown>) =>
        Effect.mapError(invoke(ref, action, args), asEnqueueError),
      [`${action.name}Now`]: (...args: ReadonlyArray<unknown>) =>
        // from the enqueueing on, this process holds the action: it must not be forgotten
        Effect.uninterruptibleMask((restore) =>
          Effect.mapError(
            Effect.gen(function*() {
              yield* notInTransaction(action)
              if (definitions.find(ref.type, action.name) === undefined) {
                return yield* new UnknownDefinition({ actor: ref.type, action: action.name })
              }
              const invocation = yield* invocationOf(ref, action, args)
              const { action: id, actorId } = invocation
              yield* worker.performNow(id, (token) => enqueue([{ ...invocation, token: Number(token) }]), restore)
              return handle(ref, actorId, action, id)
            }),
            asEnqueueError
          )
        )
    })

    /** All are looked at before any is stored. */
    const enqueueMany = (
      actor: AnyActorClass,
      action: AnyAction,
      calls: Iterable<ReadonlyArray<unknown>>
    ): Effect.Effect<ReadonlyArray<ActionHandle<AnyAction>>, EnqueueErrorReason> =>
      Effect.gen(function*() {
        const all = [...calls]
        if (all.length > bulkLimit) return yield* new TooManyInvocations({ count: all.length, limit: bulkLimit })
        const invocations: Array<Invocation> = []
        const handles: Array<ActionHandle<AnyAction>> = []
        for (const [index, [actorId, ...args]] of all.entries()) {
          const ref = actor.ref(actorId)
          const invocation = yield* Effect.mapError(invocationOf(ref, action, args), (error) =>
            atInvocation(index, error))
          invocations.push(invocation)
          handles.push(handle(ref, invocation.actorId, action, invocation.action))
        }
        if (invocations.length > 0) {
          yield* enqueue(invocations)
        }
        return handles
      })

    const client: Engine["Service"]["client"] = (actor, actions) =>
      Object.assign(
        (id: unknown) => {
          const ref = actor.ref(id)
          // made of entries: assigned, `__proto__` would be no method
          return Object.fromEntries(actions.flatMap((action) => Object.entries(methodsOf(ref, action))))
        },
        {
          enqueueMany: (action: AnyAction, calls: Iterable<ReadonlyArray<unknown>>) =>
            Effect.mapError(enqueueMany(actor, action, calls), asEnqueueError)
        }
      )

    // ---------------------------------------------------------------------------------------------------------------
    // definitions
    // ---------------------------------------------------------------------------------------------------------------

    const defining = (add: () => () => void) =>
      Effect.asVoid(Effect.acquireRelease(
        Effect.try({
          try: add,
          catch: (error) =>
            error instanceof DefinitionError ? error : new DefinitionError({ message: errorText(error) })
        }),
        (remove) => Effect.sync(remove)
      ))

    // ---------------------------------------------------------------------------------------------------------------
    // the worker
    // ---------------------------------------------------------------------------------------------------------------

    /** Whether what is sent arrives: a pooler in transaction mode takes a LISTEN, and nothing ever comes. */
    const hears = (notifications: Queue.Dequeue<unknown, SqlError>) =>
      Effect.gen(function*() {
        for (let attempt = 0; attempt < 3; attempt++) {
          yield* sql.notify(channel, "")
          if (Option.isSome(yield* Effect.timeoutOption(Queue.peek(notifications), "1 second"))) return true
        }
        return false
      })

    /**
     * UNLISTEN cannot be interrupted, and gets no answer where the connection has died in silence: then all that closing the scope does is
     * done at once, and giving back a connection that has something under way ends it.
     */
    const deafen = (
      connection: Scope.Closeable,
      notifications: Queue.Dequeue<unknown, SqlError> | undefined,
      exit: Exit.Exit<unknown, unknown>
    ) =>
      Effect.gen(function*() {
        const answers = notifications === undefined ? Effect.void : Effect.andThen(
          Queue.clear(notifications),
          Effect.andThen(sql.notify(channel, ""), Queue.peek(notifications))
        )
        const alive = yield* Effect.exit(impatiently(answers, "1 second"))
        yield* Scope.close(Exit.isSuccess(alive) ? connection : { ...connection, strategy: "parallel" }, exit)
      })

    /** Is woken for as long as the connection lasts; ends only where nothing can be heard. */
    const listen = Effect.suspend(() => {
      let notifications: Queue.Dequeue<{ readonly payload: string }, SqlError> | undefined
      return Effect.acquireUseRelease(
        Scope.make(),
        (connection) =>
          Effect.gen(function*() {
            notifications = yield* Effect.timeout(Scope.provide(sql.listen(channel), connection), storage.deadline)
            worker.wake()
            if (!(yield* hears(notifications))) return
            while (true) {
              const { payload } = yield* Queue.take(notifications)
              worker.wake()
              if (payload === "ended") worker.check()
            }
          }),
        (connection, exit) => deafen(connection, notifications, exit)
      )
    })

    const listening = Effect.gen(function*() {
      // a connection that is lost: polling goes on meanwhile
      while (Exit.isFailure(yield* Effect.exit(listen))) yield* Effect.sleep("5 seconds")
      yield* logWarning(
        `stepped: no notification arrives, as behind PgBouncer in transaction mode: this worker looks for work every ${
          Duration.format(settings.pollInterval)
        }. Give Stepped.layer \`notify: false\` there, and the client \`prepare: false\``
      )
      return yield* Effect.never
    }).pipe(Effect.provideService(Clock.Clock, realClock))

    let working: WorkOptions | undefined
    /** One worker at a time: what an engine holds, and what it takes, is one worker's. */
    const occupy = (options: WorkOptions) =>
      Effect.acquireRelease(
        Effect.suspend(() => {
          if (working === undefined) {
            working = options
            return Effect.void
          }
          const what = ({ concurrency, queues }: WorkOptions) =>
            `with concurrency ${concurrency} for ${
              queues === undefined ? "all queues" : `the queues ${queues.join(", ")}`
            }`
          return new DefinitionError({
            message:
              `Stepped.worker is given twice over one Stepped.layer, ${what(working)}, and ${what(options)}: give ` +
              "one worker the concurrency and the queues of both, or each worker a Stepped.layer(…) of its own"
          })
        }),
        () =>
          Effect.sync(() => {
            working = undefined
          })
      )

    const work = (options: WorkOptions) =>
      Effect.gen(function*() {
        // first, so that it is given up last: when nothing of the worker runs any more
        yield* occupy(options)
        const missing = definitions.missing()
        if (missing.length > 0) return yield* new DefinitionError({ message: missing.join("; ") })
        if (definitions.all().length === 0) {
          yield* logWarning(
            "stepped: this worker has no definitions; provide the layers of your actions to Stepped.worker"
          )
        }
        definitions.only(options.queues)
        const own = storage.embedded ? undefined : yield* OwnConnections.make({
          sql,
          deadline: storage.deadline,
          connections: options.connections,
          listens: notifying
        })
        yield* patiently(answered("checkWorker", storage.deadline)(checkUse("worker"))).pipe(
          Effect.provideService(PgClient, sql),
          Effect.provideService(Storage, storage)
        )
        yield* worker.work({ ...options, own }, notifying ? listening : Effect.never)
      })

    return Engine.of({
      register: (registration) => defining(() => definitions.register(registration)),
      addCallback: (type, name, callback, context: Context.Context<never>) =>
        defining(() => definitions.addCallback(type, name, callback, context)),
      prependStep: (type, name, step, context) => defining(() => definitions.prependStep(type, name, step, context)),
      client,
      handle: (ref, action, id) => {
        const made = handle(ref, actorIdOf(ActorRef.actorOf(ref), ref.id), action, id)
        const unknown = Effect.fail(new UnknownAction({ actionId: id }))
        // one text that is no id would fail the look at all the others
        return isActionId(id) ? made : { ...made, await: unknown, status: unknown, cancel: unknown }
      },
      complete: (target, action, outcome) =>
        Effect.gen(function*() {
          if (typeof target === "string") {
            if (!isActionId(target)) return yield* new UnknownAction({ actionId: target })
            const encoded = yield* encodeOutcome(action, action.name, undefined, outcome)
            // a failure says whose it is
            const found = encoded.cause === null ? undefined : (yield* store.outcomes([target]))[0]
            const { ownActorId = null, ownDefinition = null } = found ?? {}
            const cause = encoded.cause === null || ownDefinition === null || ownActorId === null
              ? encoded.cause
              : { ...encoded.cause, path: actionText(ownDefinition, ownActorId) }
            const verdict = yield* endFromOutside(
              { id: target, definition: action.name, actorId: null },
              { ...encoded, cause },
              true,
              undefined
            )
            yield* refuseUnknown(target, action.name, verdict)
            return verdict._tag === "Done" ? Option.some(verdict.id) : Option.none()
          }
          const key = definitionKey(target.type, action.name)
          const text = actorIdOf(ActorRef.actorOf(target), target.id)
          const encoded = yield* encodeOutcome(action, key, text, outcome)
          const verdict = yield* endFromOutside({ id: null, definition: key, actorId: text }, encoded, true, undefined)
          if (verdict._tag === "Ambiguous") {
            return yield* new AmbiguousCompletion({
              actor: `${target.type}/${text}`,
              action: action.name,
              actionIds: [...verdict.ids]
            })
          }
          return verdict._tag === "Done" ? Option.some(verdict.id) : Option.none()
        }),
      work,
      performDue: worker.performDue,
      find: (type, name) => definitions.find(type, name)?.action,
      doctor: Effect.provideService(Effect.provideService(examine, PgClient, sql), Storage, storage),
      now
    })
  })
)
