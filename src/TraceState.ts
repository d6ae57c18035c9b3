/**
 * W3C's `tracestate`, which goes with a trace.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"

/**
 * What vendors add to a trace, the header `tracestate` of W3C: Effect's spans have no place for it.
 *
 * **When to use**
 *
 * To hand it on. Where it is provided around an enqueueing with an active span it is stored with the action, and the bodies of the whole tree are
 * given it, for what they send themselves. Beyond 512 characters, or with others than ASCII's, it is left out.
 *
 * **Example** (From a request's header to what an action sends)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { HttpClientRequest, HttpServerRequest } from "effect/http"
 * import { Stepped } from "stepped"
 *
 * const asReceived = <A, E, R>(handler: Effect.Effect<A, E, R>) =>
 *   Effect.flatMap(
 *     HttpServerRequest.HttpServerRequest,
 *     ({ headers }) => Effect.provideService(handler, Stepped.TraceState, headers.tracestate)
 *   )
 *
 * const request = Effect.map(
 *   Stepped.TraceState,
 *   (state) => HttpClientRequest.get("https://example.org", { headers: { tracestate: state } })
 * )
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export const TraceState = Context.Reference<string | undefined>("stepped/TraceState", {
  defaultValue: () => undefined
})
