/** Clients: the methods that an actor has for each of its actions (rule 2.1). */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { AnyAction } from "../../Action.ts"
import type { ActionHandle } from "../../ActionHandle.ts"
import type { ActorRef, AnyActorClass } from "../../Actor.ts"
import type { AnyClients, Engine } from "../../Engine.ts"
import type { EnqueueOptions } from "../../EnqueueOptions.ts"
import {
  EnqueueError,
  type EnqueueErrorReason,
  InvalidActorId,
  InvalidArguments,
  PayloadTooLarge,
  TooManyInvocations,
  UnknownDefinition,
  UnstorableText,
  WouldWaitForItself
} from "../../SteppedError.ts"
import type { Invocation } from "../../store/Invocation.ts"
import { encodeActorId, makeInvocation } from "../invoke/invocation.ts"
import { type Asked, isDelayed, over, readOptions } from "../invoke/options.ts"
import type { ClientContext } from "./context.ts"
import type { Enqueue } from "./enqueue.ts"
import type { MakeHandle } from "./Handle.ts"
import { readOutcome } from "./readOutcome.ts"

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
  handle: MakeHandle
): Pick<Engine["Service"], "client" | "enqueue"> => {
  const { newActionId, now, registry, settings, store, watcher, workers } = engine

  /** At once, unless a schema takes an effect: the answer is an exit then. */
  const invocationOf = (ref: ActorRef, action: AnyAction, args: ReadonlyArray<unknown>, at: number, asked: Asked) =>
    Effect.flatMapEager(encodeActorId(ref), (actorId) =>
      makeInvocation({
        ref,
        actorId,
        action,
        // a client's methods are passed as functions too, as in `Effect.forEach(cities, car.visitLater)`, which gives them an index
        args: args.slice(0, action.arguments.length),
        id: newActionId(at),
        parent: undefined,
        limit: settings.payload,
        asked
      }))

  const enqueueOne = <A>(
    ref: ActorRef,
    action: AnyAction,
    args: ReadonlyArray<unknown>,
    options: EnqueueOptions | undefined,
    then: (invocation: Invocation) => A
  ): Effect.Effect<A, EnqueueErrorReason> =>
    Effect.flatMap(
      now,
      (at) =>
        Effect.flatMapEager(
          Effect.flatMapEager(
            readOptions(action.name, options, at),
            (asked) => invocationOf(ref, action, args, at, asked)
          ),
          (invocation) => Effect.map(enqueue([invocation]), () => then(invocation))
        )
    )

  const enqueueLater = (
    ref: ActorRef,
    action: AnyAction,
    args: ReadonlyArray<unknown>,
    options?: EnqueueOptions
  ) =>
    Effect.mapError(
      enqueueOne(ref, action, args, options, ({ action: id, actorId }) => handle(ref, actorId, action, id)),
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
        const { action: id, actorId, queue } = invocation
        yield* workers.performNow(id, queue, (token) => enqueue([{ ...invocation, token: Number(token) }]), restore)
        return handle(ref, actorId, action, id)
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
          Effect.andThen(notInTransaction(action), enqueueOne(ref, action, args, options, (one) => one)),
          asEnqueueError
        ),
        ({ action: id, actorId, definition }) =>
          Effect.flatMap(watcher.waitForNew(id), (found) => readOutcome(actorId, action, definition, found))
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
      if (invocations.length > 0) yield* enqueue(invocations)
      return handles
    })

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
      return client
    }
    return Object.assign(client, {
      enqueueMany: (action: AnyAction, calls: Iterable<ReadonlyArray<unknown>>) =>
        Effect.mapError(enqueueMany(actor, action, calls, options), asEnqueueError),
      with: withMore
    })
  }

  return { enqueue: enqueueLater, client: (actor, actions) => clientsOf(actor, actions, undefined) }
}
