/**
 * Forgetting an actor: a customer asks for it, and what is stored of what they gave and were given goes, while it stays known that it was.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { ActionRepo } from "./ActionRepo.ts"
import type { ActorRef } from "./Actor.ts"
import { encodeActorId } from "./engine/invoke/invocation.ts"
import type { ForgetOptions, Forgetting } from "./Operation.ts"
import type { InvalidActorId, InvalidQuery, StorageError } from "./SteppedError.ts"

/**
 * Forgets what an actor's ended actions were given, and what they have come to.
 *
 * **Details**
 *
 * Of these actions it stays known that they were: their ids, their actor and name, when, how they have ended, which steps they had, and who has waited for whom. Arguments,
 * results, what was said of failures, tags, keys, signals, and what bodies have stored are gone, in the history, in what is kept for handles, and in what parents of other
 * actors had of it (what their steps have waited for, with what these have failed, and a result that a step has handed on as it is). What they have achieved is forgotten,
 * so that the next such invocation performs. A record says `forgotten`; who waits for such an action fails with `Forgotten`; it can neither be retried nor undone again.
 *
 * What is queued or live stays, with all that is below it, and is listed (`left`): cancel it, or ask again once it has ended. Ids of actors, idempotency keys, and the keys of
 * lanes that are in use are names, which stay as long as they are needed: they are no place for what may have to be forgotten.
 *
 * It goes through the history in transactions of 1,000 actions each, again until nothing more is found, and waits for nobody; what stays is locked for nobody. Who retries,
 * deletes or reuses an action that is just being forgotten waits for that transaction, or is told that it is locked, or deleted, and may ask again. After a crash the same
 * call goes on with what is left, and says how much was forgotten `before`. With `dryRun` it only counts, among the newest
 * 10,000 of the history (`limit`), and says whether there may be more (`hasMore`); of actions that have a result handed on by others it may count some too few.
 *
 * What is still to be unwound is not forgotten. Where somebody begins just then to retry or to undo an action that is far above, and that cannot be seen yet, it is: then it
 * is not undone, and all above say so (`notUndone`, with `forgotten`).
 *
 * **Gotchas**
 *
 * What a program has put elsewhere is not known: arguments of actions of other actors, results that it has made of such, the names of steps. Forget those actors, too. Backups
 * and replicas that are behind have what they had.
 *
 * **Example** (A customer asks to be forgotten)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Stepped } from "stepped"
 *
 * class Customer extends Stepped.Actor<Customer>()("Customer", { id: Schema.Int }) {}
 *
 * const forgetCustomer = Effect.fn(function*(id: number) {
 *   const { actions, left } = yield* Stepped.forget(Customer.ref(id), { by: "ada", reason: "a letter of the 3rd" })
 *   yield* Effect.log(`${actions} actions are forgotten, ${left.count} are still to end`)
 * })
 * ```
 *
 * @category forgetting
 * @since 0.1.0
 */
export const forget = (
  actor: ActorRef,
  options?: ForgetOptions
): Effect.Effect<Forgetting, StorageError | InvalidQuery | InvalidActorId, ActionRepo> =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    return yield* repo.forget({ actorType: actor.type, actorId: yield* encodeActorId(actor) }, options)
  })
