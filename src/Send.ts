/**
 * Sending signals to actions, by id or by actor and action.
 *
 * @since 0.1.0
 */
import { Effect } from "effect"
import type { AnyAction } from "./Action.ts"
import type { SignalsOf, Taking } from "./ActionChecks.ts"
import type { ActorRef } from "./Actor.ts"
import { Engine } from "./Engine.ts"
import { type AnySignal, isSignal, type Sending, type SendOptions, type Sent } from "./Signal.ts"
import type { SendError } from "./SteppedError.ts"

/**
 * Sends a signal to an action, and says what has become of it.
 *
 * **Details**
 *
 * By an action's id, or by actor and action: then to the one that performs, else to the one that waits or is queued; of several nobody can
 * say which is meant (`AmbiguousTarget`). A handle does the same for its action: `handle.send(approval, payload)`.
 *
 * It is stored while the action is queued or live, before anybody waits for it, and read once, in the order in which signals came. Of an action
 * that is superseded, or joins another one, the successor has what is unread. In an open `sql.withTransaction` it is sent with that, also
 * together with the enqueueing of its target.
 *
 * **Gotchas**
 *
 * `none` is no error: an action that is over, or unknown, takes no signals. By an id nothing checks that the action lists the signal.
 *
 * **Example** (What a form has sent)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Step, Stepped } from "stepped"
 *
 * class Account extends Stepped.Actor<Account>()("Account", { id: Schema.Int }) {}
 * const approval = Stepped.signal("approval", { payload: Schema.Boolean })
 * const report = Stepped.action("report", { signals: [approval] }).step("ask", () => Step.waitFor(approval))
 *
 * const approve = (account: number, request: string) =>
 *   Effect.gen(function*() {
 *     const sent = yield* Stepped.send(Account.ref(account), report, approval, true, { key: request })
 *     return sent === "none" ? "there is nothing to approve" : "thank you"
 *   })
 * ```
 *
 * @category signals
 * @since 0.1.0
 */
export const send: {
  <S extends AnySignal>(id: string, signal: S, ...sending: Sending<S>): Effect.Effect<Sent, SendError, Engine>
  <A extends AnyAction, S extends AnySignal>(
    actor: ActorRef,
    action: A,
    signal: S & Taking<S, SignalsOf<A>, A["name"]>,
    ...sending: Sending<S>
  ): Effect.Effect<Sent, SendError, Engine>
} = (...args: ReadonlyArray<any>): Effect.Effect<Sent, SendError, Engine> => sendTo(args, false)

/**
 * Sends a signal's error in its place: the step that waits fails with it, as if its body had.
 *
 * **Details**
 *
 * As {@link send} in all else. A step that is tried again waits for another one.
 *
 * @category signals
 * @since 0.1.0
 */
export const sendFailure: {
  <S extends AnySignal>(
    id: string,
    signal: S,
    error: S["error"]["Type"],
    options?: SendOptions
  ): Effect.Effect<Sent, SendError, Engine>
  <A extends AnyAction, S extends AnySignal>(
    actor: ActorRef,
    action: A,
    signal: S & Taking<S, SignalsOf<A>, A["name"]>,
    error: S["error"]["Type"],
    options?: SendOptions
  ): Effect.Effect<Sent, SendError, Engine>
} = (...args: ReadonlyArray<any>): Effect.Effect<Sent, SendError, Engine> => sendTo(args, true)

const sendTo = (args: ReadonlyArray<any>, isFailure: boolean): Effect.Effect<Sent, SendError, Engine> => {
  const [target, of, ...rest] = args
  const [action, signal, value, options] = isSignal(of)
    ? [undefined, of, ...rest]
    : [of as AnyAction, rest[0] as AnySignal, rest[1], rest[2]]
  return Effect.flatMap(Engine, (engine) => engine.send({ target, action, signal, value, isFailure, options }))
}
