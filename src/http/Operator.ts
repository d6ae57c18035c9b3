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
  /** What they may. `view`: look. `operate`: ask for verbs, but for those that take something away for good. `admin`: all. */
  roles: Schema.Array(Schema.Literals(roles)),
  /** Whether they are shown what programs have stored. */
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
 * @category services
 * @since 0.1.0
 */
export class Authorization extends HttpApiMiddleware.Service<Authorization, { provides: Operator }>()(
  "stepped/http/Authorization",
  { error: [Unauthorized, Forbidden] }
) {}

/**
 * Refuses a body that is larger than anything that is asked, before it is read.
 *
 * @internal
 */
export class BodyLimit extends HttpApiMiddleware.Service<BodyLimit>()("stepped/http/BodyLimit", {
  error: [BadRequest, TooLarge]
}) {}

/**
 * Says what is wrong with a request that does not fit its schema.
 *
 * @internal
 */
export class RequestCheck extends HttpApiMiddleware.Service<RequestCheck>()("stepped/http/RequestCheck", {
  error: BadRequest
}) {}
