/**
 * Who may, and from where (rule 21.3): by the program's own look at a credential; or, without one, only on this very machine.
 */
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { byOf } from "../store/asked.ts"
import { Forbidden, Unauthorized } from "./HttpError.ts"
import { Authorization, Operator } from "./Operator.ts"

type Request = HttpServerRequest.HttpServerRequest

/** The cookie that a browser asks with. */
export const cookieName = "stepped"

const bearer = (request: Request): string | undefined =>
  /^bearer +(\S+)$/i.exec(request.headers["authorization"] ?? "")?.[1]

/** What somebody shows of himself: a program by `Authorization`, a browser by its cookie. */
export const credentialOf = (request: Request): Redacted.Redacted<string> | undefined => {
  const shown = bearer(request) ?? request.cookies[cookieName]
  return shown === undefined || shown === "" ? undefined : Redacted.make(shown)
}

/**
 * Finds out by a credential who asks: the text behind `Authorization: Bearer`, or that of the cookie which `POST /api/session` has set.
 *
 * **Details**
 *
 * `find` gives nothing for a credential that it does not know. It is asked with every request: what costs something it keeps for itself. A stream of events is one request, for as long
 * as `streamTimeout` of `Http.layer` says.
 *
 * @category layers
 * @since 0.1.0
 */
export const authorization = <R = never>(
  find: (
    credential: Redacted.Redacted<string>,
    request: HttpServerRequest.HttpServerRequest
  ) => Effect.Effect<Operator["Service"] | undefined, never, R>
): Layer.Layer<Authorization, never, R> =>
  Layer.effect(
    Authorization,
    Effect.map(Effect.context<R>(), (context) =>
      Authorization.of((response) =>
        Effect.gen(function*() {
          const request = yield* HttpServerRequest.HttpServerRequest
          const credential = credentialOf(request)
          if (credential === undefined) {
            return yield* new Unauthorized({
              message: "who asks? Give Authorization: Bearer, or sign in with POST /api/session"
            })
          }
          const operator = yield* Effect.provideContext(find(credential, request), context)
          if (operator === undefined) return yield* new Unauthorized({ message: "nobody is known by this credential" })
          return yield* Effect.provideService(response, Operator, operator)
        })
      ))
  )

/** Addresses of this machine, also as IPv6 writes those of IPv4. */
const isLoopback = (address: string): boolean => /^(::ffff:)?127(\.\d{1,3}){3}$|^::1$/i.test(address)

/** What a browser asks for that looks at this machine: a name that somebody else's DNS points here is another one. */
const isOwnHost = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i.test(host)

/** Headers that only who passes a request on adds: then who asks is somewhere else. */
const isForwarded = (headers: Request["headers"]): boolean =>
  Object.keys(headers).some((name) =>
    name.startsWith("x-forwarded-") || ["forwarded", "via", "x-real-ip"].includes(name)
  )

/**
 * Lets in who asks on this very machine, as an admin: what there is where a program gives no other layer.
 *
 * **Details**
 *
 * The connection has to come from a loopback address, `Host` has to be `localhost` or such an address, and nobody may have passed the request on (`Forwarded`, `X-Forwarded-*`, `Via`). What programs have stored is
 * hidden, unless `mayReadPayloads` says otherwise.
 *
 * **Gotchas**
 *
 * A proxy on this machine that adds no such header, as nginx does not unless it is told to, asks as this machine does: then everybody is an admin whom it lets through. What stands behind a proxy has an
 * {@link authorization}.
 *
 * @category layers
 * @since 0.1.0
 */
export const loopback = (
  options: { readonly mayReadPayloads?: boolean } = {}
): Layer.Layer<Authorization> =>
  Layer.succeed(
    Authorization,
    Authorization.of((response) =>
      Effect.gen(function*() {
        const request = yield* HttpServerRequest.HttpServerRequest
        // who is connected, and where that is a proxy that the program trusts, for whom it asks
        const { peerAddress, remoteAddress } = request
        const refusal = ![peerAddress, remoteAddress].every((address) => Option.exists(address, isLoopback))
          ? "only who is on this machine may ask"
          : isForwarded(request.headers)
          ? "somebody has passed this request on"
          : !isOwnHost(request.headers["host"] ?? "")
          ? "Host has to be localhost, or the address of this machine"
          : undefined
        if (refusal !== undefined) {
          return yield* new Forbidden({
            message: `${refusal}: to let others in, give the program an authorization (examples/http)`
          })
        }
        const subject = yield* Effect.orDie(byOf("Stepped.cancel", undefined))
        const mayReadPayloads = options.mayReadPayloads ?? false
        return yield* Effect.provideService(response, Operator, { subject, roles: ["admin"], mayReadPayloads })
      })
    )
  )
