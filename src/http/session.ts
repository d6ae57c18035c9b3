/** Who asks, and the cookie with which browsers do. */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpEffect from "effect/http/HttpEffect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Redacted from "effect/Redacted"
import { Api } from "./Api.ts"
import { cookieName, credentialOf } from "./authorization.ts"
import { Operator } from "./Operator.ts"
import { checkOrigin, Origins } from "./origin.ts"

export const SessionLive = HttpApiBuilder.group(
  Api,
  "session",
  Effect.fnUntraced(function*(handlers) {
    const origins = yield* Origins
    return handlers.handleAll({
      me: () => Operator,
      signIn: Effect.fnUntraced(function*({ request }) {
        yield* checkOrigin(origins, request)
        const credential = credentialOf(request)
        if (credential !== undefined) {
          yield* HttpEffect.appendPreResponseHandler((_, response) =>
            Effect.orDie(HttpServerResponse.setCookie(response, cookieName, Redacted.value(credential), {
              httpOnly: true,
              sameSite: "strict",
              secure: origins.isSecure(request),
              path: "/"
            }))
          )
        }
        return yield* Operator
      }),
      signOut: Effect.fnUntraced(function*({ request }) {
        yield* checkOrigin(origins, request)
        yield* HttpEffect.appendPreResponseHandler((_, response) =>
          Effect.succeed(HttpServerResponse.expireCookieUnsafe(response, cookieName, { path: "/" }))
        )
      })
    })
  })
)
