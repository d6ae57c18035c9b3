/** Who asks, what they may, and how that is known. */
import * as Context from "effect/Context"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as Schema from "effect/Schema"
import { roles } from "../verbs/table.ts"
import { BadRequest, Forbidden, TooLarge, Unauthorized } from "./HttpError.ts"

/**
 * Who asks, as the program's middleware has found out.
 *
 * @category models
 * @since 0.1.0
 */
export const OperatorView = Schema.Struct({
  /** Who it is: 1 to 100 characters. Every verb is recorded with it. */
  subject: Schema.String,
  /** What they may: nothing, where there are none. `view`: look. `operate`: ask for verbs, but for those that take something away for good, and those of schedules. `admin`: all. */
  roles: Schema.Array(Schema.Literals(roles)),
  /**
   * Whether they are shown what programs have stored. Who is not is told of a failure what the error itself says (`message`), its tag where it says nothing, as a message made of its fields is theirs alone who may read
   * them, and a defect's message.
   */
  mayReadPayloads: Schema.Boolean
})

/**
 * Who asks.
 *
 * @category services
 * @since 0.1.0
 */
export class Operator extends Context.Service<Operator, typeof OperatorView.Type>()("stepped/http/Operator") {}

/**
 * Finds out who asks. The program provides it: `Http.authorization`, or a layer of its own.
 *
 * **Example** (A proxy in front knows who asks, and says so)
 *
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { HttpServerRequest } from "effect/http"
 * import * as Http from "stepped/http"
 *
 * // nobody but the proxy reaches the program, and nobody gets these headers past the proxy
 * const ByProxy = Layer.succeed(
 *   Http.Authorization,
 *   Http.Authorization.of((response) =>
 *     Effect.gen(function*() {
 *       const { headers } = yield* HttpServerRequest.HttpServerRequest
 *       const subject = headers["x-auth-user"]
 *       if (subject === undefined) return yield* new Http.Unauthorized({ message: "sign in first" })
 *       const isOnCall = headers["x-auth-groups"]?.split(",").includes("on-call") === true
 *       const operator = { subject, roles: [isOnCall ? "operate" : "view"] as const, mayReadPayloads: isOnCall }
 *       return yield* Effect.provideService(response, Http.Operator, operator)
 *     })
 *   )
 * )
 *
 * const Routes = Http.layer({ authorization: ByProxy })
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class Authorization extends HttpApiMiddleware.Service<Authorization, { provides: Operator }>()(
  "stepped/http/Authorization",
  { error: [Unauthorized, Forbidden] }
) {}

/**
 * Refuses a body that is larger than anything that is asked, before it is read, or nested deeper.
 *
 * @internal
 */
export class BodyLimit extends HttpApiMiddleware.Service<BodyLimit>()("stepped/http/BodyLimit", {
  error: [BadRequest, TooLarge]
}) {}

/**
 * Refuses whoever has no role at all, and says what is wrong with a request that does not fit its schema.
 *
 * @internal
 */
export class RequestCheck extends HttpApiMiddleware.Service<RequestCheck, { requires: Operator }>()(
  "stepped/http/RequestCheck",
  { error: [BadRequest, Forbidden] }
) {}

/**
 * Of endpoints that ask for a role themselves, which is recorded: whoever has none at all is let through to that.
 *
 * @internal
 */
export const AsksForRole = Context.Reference<boolean>("stepped/http/AsksForRole", { defaultValue: () => false })
