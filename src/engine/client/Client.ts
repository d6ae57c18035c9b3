/** Clients: the methods that an actor has for each of its actions (rule 2.1). */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { AnyAction } from "../../Action.ts"
import type { ActionHandle } from "../../ActionHandle.ts"
import type { ActorRef, AnyActorClass } from "../../Actor.ts"
import type { AnyClients, Engine } from "../../Engine.ts"
import type { EnqueueOptions } from "../../EnqueueOptions.ts"
import type { ExplainOptions } from "../../Explanation.ts"
import {
  EnqueueError,
  type EnqueueErrorReason,
  type IdempotencyConflict,
  InvalidActorId,
  InvalidArguments,
  InvalidOption,
  PayloadTooLarge,
  type StorageError,
  TooManyInvocations,
  UnknownDefinition,
  UnstorableText,
  WouldWaitForItself
} from "../../SteppedError.ts"
import type { Invocation } from "../../store/Invocation.ts"
import { isDelayed, over, readOptions } from "../invoke/options.ts"
import { readOutcome } from "../readOutcome.ts"
import { enqueueing, ofInvocation } from "../trace.ts"
import type { ClientContext } from "./context.ts"
import type { Enqueue } from "./enqueue.ts"
import type { Explaining } from "./explain.ts"
import type { MakeHandle } from "./Handle.ts"
import { conflictOf } from "./invoking.ts"
import * as Invoking from "./invoking.ts"
import * as ForMany from "./many.ts"

/** Invocations of one `enqueueMany`. */
const bulkLimit = 100_000

type Method = (...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, unknown>

const asEnqueueError = (reason: EnqueueErrorReason) => new EnqueueError({ reason })

/** Of many, the one to look at: what cannot be enqueued would not be found by what is wrong with it alone. */
const atInvocation = (index: number, error: InvalidArguments | InvalidActorId | PayloadTooLarge | UnstorableText) => {
  const at = `invocation [${index}]`
  switch (error._tag) {
    case "InvalidArguments":
      return new InvalidArguments({ action: error.action, issue: `${at}: ${error.issue}` })
    case "InvalidActorId":
      return new InvalidActorId({ actor: error.actor, issue: `${error.issue}, ${at}` })
    case "PayloadTooLarge":
      return new PayloadTooLarge({ field: `${error.field}, ${at}`, size: error.size, limit: error.limit })
    case "UnstorableText":
      return new UnstorableText({ field: `${error.field}, ${at}` })
  }
}

export const make = (
  engine: ClientContext,
  enqueue: Enqueue,
  handle: MakeHandle,
  explaining: Explaining
): Pick<Engine["Service"], "client" | "enqueue" | "explain" | "forMany"> => {
  const invocationOf = Invoking.make(engine)
  const { now, registry, store, watcher, workers } = engine

  /** Those that have names: gives their ids, in the same order, whether this call has stored them or an earlier one. */
  const enqueueKeyed = (
    invocations: ReadonlyArray<Invocation>
  ): Effect.Effect<ReadonlyArray<string>, StorageError | IdempotencyConflict> =>
    Effect.flatMap(enqueue.keyed(invocations), (met) => {
      for (const [index, { action, conflict }] of met) {
        if (conflict !== undefined) return Effect.fail(conflictOf(invocations[index]!, action, conflict))
      }
      return Effect.succeed(invocations.map((one, index) => met.get(index)?.action ?? one.action))
    })

  /** With what they carry, where a span is active. */
  const tracing = <A, E>(
    action: AnyAction,
    invocations: ReadonlyArray<Invocation>,
    attributes: Readonly<Record<string, unknown>>,
    store: (invocations: ReadonlyArray<Invocation>) => Effect.Effect<A, E>
  ) =>
    enqueueing(
      action.name,
      attributes,
      (trace) => store(trace === undefined ? invocations : invocations.map((one) => ({ ...one, trace })))
    )

  /** `id` is that of an earlier one, if that has its key. */
  const enqueueOne = <A>(
    ref: ActorRef,
    action: AnyAction,
    args: ReadonlyArray<unknown>,
    options: EnqueueOptions | undefined,
    then: (invocation: Invocation, id: string) => A
  ): Effect.Effect<A, EnqueueErrorReason> =>
    Effect.flatMap(
      now,
      (at) =>
        Effect.flatMapEager(
          Effect.flatMapEager(
            readOptions(action.name, options, at),
            (asked) => invocationOf(ref, action, args, at, asked)
          ),
          (made): Effect.Effect<A, EnqueueErrorReason> =>
            tracing(action, [made], ofInvocation(made), ([invocation]) =>
              made.named === undefined
                ? Effect.map(enqueue.plain([invocation!]), () => then(made, made.action))
                : Effect.map(enqueueKeyed([invocation!]), ([id]) => then(made, id!)))
        )
    )

  const enqueueLater = (
    ref: ActorRef,
    action: AnyAction,
    args: ReadonlyArray<unknown>,
    options?: EnqueueOptions
  ) =>
    Effect.mapError(
      enqueueOne(ref, action, args, options, ({ actorId }, id) => handle(ref, actorId, action, id)),
      asEnqueueError
    )

  const notInTransaction = (action: AnyAction) =>
    Effect.flatMap(
      store.inTransaction,
      (inside) => inside ? Effect.fail(new WouldWaitForItself({ action: action.name })) : Effect.void
    )

  const performNow = (
    ref: ActorRef,
    action: AnyAction,
    args: ReadonlyArray<unknown>,
    options: EnqueueOptions | undefined
  ) =>
    // from the enqueueing on, this process holds the action: it must not be forgotten
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*(): Effect.fn.Return<ActionHandle, EnqueueErrorReason> {
        yield* notInTransaction(action)
        if (registry.find(ref.type, action.name) === undefined) {
          // with the layer its definitions have gone
          yield* store.checkOpen("enqueue")
          return yield* new UnknownDefinition({ actor: ref.type, action: action.name })
        }
        const at = yield* now
        const asked = yield* readOptions(action.name, options, at)
        const invocation = yield* invocationOf(ref, action, args, at, asked)
        const { action: id, actorId, named, queue } = invocation
        let stored = id
        const storing = (token: bigint): Effect.Effect<void, StorageError | IdempotencyConflict> => {
          const all = [{ ...invocation, token: Number(token) }]
          return tracing(action, all, ofInvocation(invocation), (held) =>
            named === undefined ? enqueue.plain(held) : Effect.map(enqueueKeyed(held), ([first]) => {
              stored = first!
            }))
        }
        yield* workers.performNow(id, queue, storing, restore)
        return handle(ref, actorId, action, stored)
      })
    )

  /** A function of its own for each actor: it may be passed on. */
  const methodsOf = (
    action: AnyAction,
    options: EnqueueOptions | undefined
  ): ReadonlyArray<readonly [name: string, of: (ref: ActorRef) => Method]> => [
    [action.name, (ref) => (...args) =>
      Effect.flatMap(
        Effect.mapError(
          Effect.andThen(
            notInTransaction(action),
            enqueueOne(ref, action, args, options, (one, id) => one.named === undefined ? one : { ...one, action: id })
          ),
          asEnqueueError
        ),
        ({ action: id, actorId, definition, named }) =>
          Effect.flatMap(
            // an earlier one may have ended long ago
            named === undefined ? watcher.waitForNew(id) : watcher.wait(id, () => undefined),
            (found) => readOutcome(actorId, action, definition, found)
          )
      )],
    [`${action.name}Later`, (ref) => (...args) => enqueueLater(ref, action, args, options)],
    // what is to start later is not performed now
    ...isDelayed(options) ? [] : [
      [
        `${action.name}Now`,
        (ref: ActorRef) => (...args: ReadonlyArray<unknown>) =>
          Effect.mapError(performNow(ref, action, args, options), asEnqueueError)
      ] as const
    ]
  ]

  /** All are looked at before any is stored. */
  const enqueueMany = (
    actor: AnyActorClass,
    action: AnyAction,
    calls: Iterable<ReadonlyArray<unknown>>,
    options: EnqueueOptions | undefined
  ): Effect.Effect<ReadonlyArray<ActionHandle>, EnqueueErrorReason> =>
    Effect.gen(function*() {
      const all = [...calls]
      if (all.length > bulkLimit) return yield* new TooManyInvocations({ count: all.length, limit: bulkLimit })
      const at = yield* now
      const asked = yield* readOptions(action.name, options, at)
      if (asked.named?.id !== undefined && all.length > 1) {
        return yield* new InvalidOption({
          option: `id of ${action.name}`,
          value: `that of ${all.length} actions`,
          takes:
            "the id of one: enqueue them one by one, or give them an idempotencyKey, which each actor has its own of"
        })
      }
      const invocations: Array<Invocation> = []
      const handles: Array<ActionHandle> = []
      for (let index = 0; index < all.length; index++) {
        const call = all[index]!
        const ref = actor.ref(call[0])
        const made = Effect.mapBothEager(invocationOf(ref, action, call.slice(1), at, asked), {
          onFailure: (error) => atInvocation(index, error),
          onSuccess: (invocation) => {
            invocations.push(invocation)
            handles.push(handle(ref, invocation.actorId, action, invocation.action))
          }
        })
        // a step of the generator takes as long as making one
        if (!Exit.isExit(made) || Exit.isFailure(made)) yield* made
      }
      if (invocations.length === 0) return handles
      const attributes = { "stepped.action": invocations[0]!.definition, "stepped.count": invocations.length }
      const ids = yield* tracing(action, invocations, attributes, (all) =>
        asked.named === undefined ? Effect.as(enqueue.plain(all), undefined) : enqueueKeyed(all))
      return ids === undefined ?
        handles :
        handles.map(({ actor, id }, index) =>
          ids[index] === id ? handles[index]! : handle(actor, invocations[index]!.actorId, action, ids[index]!)
        )
    })

  const explainLater = (
    ref: ActorRef,
    action: AnyAction,
    args: ReadonlyArray<unknown>,
    options?: EnqueueOptions,
    parent?: string
  ) =>
    Effect.mapError(
      explaining.explain(ref, action, args, options, parent),
      (error) => error._tag === "UnknownAction" ? error : asEnqueueError(error)
    )

  /** A method for each action, whatever it is called: a function has names of its own. */
  const explainsOf = (ref: ActorRef, actions: ReadonlyArray<AnyAction>, options: EnqueueOptions | undefined) => {
    const add = <To extends object>(to: To, parent: string | undefined): To => {
      for (const action of actions) {
        const value: Method = (...args) => explainLater(ref, action, args, options, parent)
        Object.defineProperty(to, action.name, { value, enumerable: true })
      }
      return to
    }
    return add(({ parent }: ExplainOptions) => add({}, parent), undefined)
  }

  const clientsOf = (
    actor: AnyActorClass,
    actions: ReadonlyArray<AnyAction>,
    options: EnqueueOptions | undefined
  ): AnyClients => {
    const withMore = (more: EnqueueOptions) => clientsOf(actor, actions, over(options, more))
    const methods = actions.flatMap((action) => methodsOf(action, options))
    const client = (id: unknown) => {
      const ref = actor.ref(id)
      const client: Record<string, (...args: ReadonlyArray<any>) => any> = {}
      for (const [name, of] of methods) {
        // assigned, it would be no method
        if (name === "__proto__") Object.defineProperty(client, name, { value: of(ref), enumerable: true })
        else client[name] = of(ref)
      }
      client.with = (more: EnqueueOptions) => withMore(more)(id)
      client.explain = explainsOf(ref, actions, options)
      return client
    }
    return Object.assign(client, {
      enqueueMany: (action: AnyAction, calls: Iterable<ReadonlyArray<unknown>>) =>
        Effect.mapError(enqueueMany(actor, action, calls, options), asEnqueueError),
      with: withMore
    })
  }

  const client: Engine["Service"]["client"] = (actor, actions) => clientsOf(actor, actions, undefined)
  return { enqueue: enqueueLater, explain: explainLater, client, forMany: ForMany.make(engine, client) }
}
