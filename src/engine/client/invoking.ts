/** What a client makes of a call, and what it says where the call's name is taken. */
import * as Effect from "effect/Effect"
import type { AnyAction } from "../../Action.ts"
import type { ActorRef } from "../../Actor.ts"
import { actionText } from "../../domain/Failure.ts"
import {
  IdempotencyConflict,
  type InvalidActorId,
  type InvalidArguments,
  type PayloadTooLarge,
  type UnstorableText
} from "../../SteppedError.ts"
import type { Invocation } from "../../store/Invocation.ts"
import type { Met } from "../../store/Store.ts"
import { encodeActorId, makeInvocation } from "../invoke/invocation.ts"
import type { Asked } from "../invoke/options.ts"
import type { ClientContext } from "./context.ts"

export type InvocationOf = (
  ref: ActorRef,
  action: AnyAction,
  args: ReadonlyArray<unknown>,
  at: number,
  asked: Asked
) => Effect.Effect<Invocation, InvalidArguments | InvalidActorId | PayloadTooLarge | UnstorableText>

/** At once, unless a schema takes an effect: the answer is an exit then. */
export const make =
  ({ newActionId, settings }: Pick<ClientContext, "newActionId" | "settings">): InvocationOf =>
  (ref, action, args, at, asked) =>
    Effect.flatMapEager(encodeActorId(ref), (actorId) =>
      makeInvocation({
        ref,
        actorId,
        action,
        // a client's methods are passed as functions too, as in `Effect.forEach(cities, car.visitLater)`, which gives them an index
        args: args.slice(0, action.arguments.length),
        id: asked.named?.id ?? newActionId(at),
        parent: undefined,
        limit: settings.payload,
        asked
      }))

export const conflictOf = (
  { actorId, definition, named }: Invocation,
  actionId: string,
  conflict: NonNullable<Met["conflict"]>
): IdempotencyConflict =>
  new IdempotencyConflict({
    action: actionText(definition, actorId),
    option: conflict === "id" ? "id" : "idempotencyKey",
    value: (conflict === "id" ? named?.id : named?.key) ?? "",
    actionId
  })
