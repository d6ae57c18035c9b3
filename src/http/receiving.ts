/** Takes answers that come with a token (rules 12.2 and 21.4). */
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { Engine } from "../Engine.ts"
import { Outcome } from "../Outcome.ts"
import type { InvalidOption } from "../SteppedError.ts"
import { claimsOf, receive, type TokenOutcome, type Tokens } from "../Tokens.ts"
import { answered, answering, jsonOf, type OutsideLimits, taking } from "./outside.ts"

/** What an answer may be beside a success, by the query's `outcome`. */
const outcomes = ["succeeded", "failed", "cancelled", "timed_out"] as const

const isJson = Schema.is(Schema.Json)

const outcomeOf = (
  outcome: string,
  body: Buffer
): Effect.Effect<TokenOutcome, HttpServerResponse.HttpServerResponse> =>
  Effect.gen(function*() {
    const given = body.length === 0 ? undefined : yield* jsonOf(body)
    const value = isJson(given) ? given : undefined
    switch (outcome) {
      case "succeeded":
        return Outcome.succeeded(value)
      case "failed":
        return Outcome.failed(value)
      case "cancelled":
        return Outcome.cancelled
      case "timed_out":
        return Outcome.timedOut
      default:
        return yield* Effect.fail(
          answered(400, "BadRequest", `outcome is one of ${outcomes.join(", ")}; succeeded, if not given`)
        )
    }
  })

/**
 * Takes the answers that systems outside send with a token that a step has given away: `POST /receive/<token>`, with what a signal brings, or how an action ends, as JSON.
 *
 * **Details**
 *
 * The body is the success, an empty one none; with `?outcome=failed` it is the error, and `cancelled` and `timed_out` take none. Nothing else is in its query. It is answered with `received` (200), or `late` or `none` (410). A token that
 * is not genuine is 401, which does not say what is wrong with it; a body that the schema refuses 422, and the action stays open; another one than before with the same token 409.
 *
 * @category layers
 * @since 0.1.0
 */
export const receiving = (
  options: OutsideLimits & {
    /** Where answers come, before the token: `/receive` if not given. */
    readonly path?: `/${string}`
  } = {}
): Layer.Layer<never, InvalidOption, HttpRouter.HttpRouter | Engine | Tokens> =>
  HttpRouter.use((router) =>
    Effect.gen(function*() {
      const services = yield* Effect.context<Engine | Tokens>()
      const taken = yield* taking(options, (request, read) =>
        Effect.gen(function*() {
          const { searchParams, pathname } = new URL(request.url, "http://localhost")
          const token = pathname.slice(pathname.lastIndexOf("/") + 1)
          // before its body is read
          yield* answering(Effect.provideContext(claimsOf(token), services))
          return Effect.gen(function*() {
            // one that is misspelt would be a success
            const strange = [...searchParams.keys()].find((name) => name !== "outcome")
            if (strange !== undefined) {
              const message = `a query has outcome alone, and not ${JSON.stringify(strange.slice(0, 100))}`
              return yield* Effect.fail(answered(400, "BadRequest", message))
            }
            const outcome = yield* outcomeOf(searchParams.get("outcome") ?? "succeeded", yield* read)
            const received = yield* answering(Effect.provideContext(receive(token, outcome), services))
            return HttpServerResponse.jsonUnsafe({ received }, { status: received === "received" ? 200 : 410 })
          })
        }))
      // all that follows: in a part of a path a router takes 100 characters, if nothing is said, and a token has up to 500
      yield* router.add("POST", `${options.path ?? "/receive"}/*`, Effect.flatMap(HttpServerRequest, taken))
    })
  )
