/**
 * What is heard of systems outside that perform something: that they are at it, how far they are, and that they need longer.
 *
 * @since 0.1.0
 */
import { type Duration, Effect, type Schema } from "effect"
import type { AnyAction } from "./Action.ts"
import type { ActorRef } from "./Actor.ts"
import { Engine } from "./Engine.ts"
import type { HeartbeatError, InvalidDuration, InvalidToken } from "./SteppedError.ts"
import { claimsOf, type Tokens } from "./Tokens.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * A token that a step has given away (`Step.token`), which says what it is for.
 *
 * @category models
 * @since 0.1.0
 */
export interface TokenTarget {
  readonly token: string
}

/**
 * What a heartbeat has come to.
 *
 * **Details**
 *
 * `heard`: it counts. `late`: what waited is over, its time too, or the token's attempt. `none`: nothing waits there, or not yet.
 *
 * @category models
 * @since 0.1.0
 */
export type Heard = "heard" | "late" | "none"

/**
 * What moving a limit has come to.
 *
 * **Details**
 *
 * `extended`: the limit is later by so much. `late`: what waited is over, its time too, or the token's attempt. `none`: nothing that has a limit waits there,
 * or not yet.
 *
 * @category models
 * @since 0.1.0
 */
export type Extended = "extended" | "late" | "none"

// -------------------------------------------------------------------------------------------------------------------
// heartbeats
// -------------------------------------------------------------------------------------------------------------------

/**
 * Says that whoever performs something outside is at it, and how far.
 *
 * **Details**
 *
 * It is for what waits outside: an outbound action whose steps have ended, or the waits for signals (`Step.waitFor`) of the step that an action is at. By an
 * action's id, by actor and action (several: `AmbiguousTarget`), or by the token of a step, which is for its own signal alone. Where a `heartbeatTimeout` is
 * given, whoever is not heard for so long has failed: the step with a `HeartbeatTimedOut`, the outbound action as `timed_out`.
 *
 * The details, JSON of 1,000 bytes at most, are what readers see (`heartbeat` of records and of `handle.status`), and what the next attempt finds in its `lastFailure`. A call without
 * them leaves the last ones.
 *
 * It may be called as often as one likes: it is stored every third of the `heartbeatTimeout` at most, every second without one, and costs a query in
 * between. Nobody is given up who is heard within the limit; who is silent from then on may have a third of it more.
 *
 * **Gotchas**
 *
 * With a token it is `heard`, too, before the body that has given it away has ended: there is nothing to store it with, and the time begins after that.
 *
 * **Example** (A webhook that an exporter calls as it goes)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
 * import { Stepped } from "stepped"
 *
 * const Heartbeats = HttpRouter.add("POST", "/alive/:token", Effect.gen(function*() {
 *   const { token } = yield* HttpRouter.schemaPathParams(Schema.Struct({ token: Schema.String }))
 *   const progress = yield* HttpServerRequest.schemaBodyJson(Schema.Struct({ rows: Schema.Int }))
 *   const heard = yield* Stepped.heartbeat({ token }, progress)
 *   // who is told so may stop
 *   return HttpServerResponse.text(heard, { status: heard === "heard" ? 200 : 410 })
 * }))
 * ```
 *
 * @category heartbeats
 * @since 0.1.0
 */
export const heartbeat: {
  (id: string, details?: Schema.Json): Effect.Effect<Heard, HeartbeatError, Engine>
  (target: TokenTarget, details?: Schema.Json): Effect.Effect<Heard, HeartbeatError | InvalidToken, Engine | Tokens>
  (actor: ActorRef, action: AnyAction, details?: Schema.Json): Effect.Effect<Heard, HeartbeatError, Engine>
} = (target: Target, ...rest: ReadonlyArray<any>): Effect.Effect<Heard, any, any> => {
  const [action, details] = isNamed(target) ? [rest[0] as AnyAction, rest[1]] : [undefined, rest[0]]
  return hearing(target, (engine, of) => engine.heartbeat(of, action, details))
}

/**
 * Gives whoever performs something outside longer: what waits for it has its limit moved by so much.
 *
 * **Details**
 *
 * Of a wait for a signal that is its `timeout`, of an outbound action whose steps have ended the action's. The step's own `timeout`, and for a wait that of the
 * action, stay as they are. Targets are those of {@link heartbeat}, and it counts as one.
 *
 * **Gotchas**
 *
 * Each call moves the limit: one that is made again after a lost answer moves it again.
 *
 * @category heartbeats
 * @since 0.1.0
 */
export const extendTimeout: {
  (id: string, by: Duration.Input): Effect.Effect<Extended, HeartbeatError | InvalidDuration, Engine>
  (
    target: TokenTarget,
    by: Duration.Input
  ): Effect.Effect<Extended, HeartbeatError | InvalidDuration | InvalidToken, Engine | Tokens>
  (
    actor: ActorRef,
    action: AnyAction,
    by: Duration.Input
  ): Effect.Effect<Extended, HeartbeatError | InvalidDuration, Engine>
} = (target: Target, ...rest: ReadonlyArray<any>): Effect.Effect<Extended, any, any> => {
  const [action, by] = isNamed(target) ? [rest[0] as AnyAction, rest[1]] : [undefined, rest[0]]
  return hearing(target, (engine, of) => engine.extendTimeout(of, action, by))
}

type Target = string | TokenTarget | ActorRef

const isNamed = (target: Target): target is ActorRef => typeof target === "object" && !("token" in target)

const hearing = <A>(
  target: Target,
  ask: (engine: Engine["Service"], of: Parameters<Engine["Service"]["heartbeat"]>[0]) => Effect.Effect<A, unknown>
): Effect.Effect<A, unknown, Engine | Tokens> =>
  Effect.flatMap(Engine, (engine) =>
    typeof target === "object" && "token" in target
      ? Effect.flatMap(claimsOf(target.token), (claims) => ask(engine, claims))
      : ask(engine, target))
