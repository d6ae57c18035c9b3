/** From where something is asked: a verb that a page of somebody else's sends is not the operator's. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import { InvalidOption } from "../SteppedError.ts"
import { Forbidden } from "./HttpError.ts"

/** From which pages verbs are asked for. */
export class Origins extends Context.Service<Origins, {
  /** Whether this is the API's own origin, or one that the program has named. */
  readonly isAllowed: (origin: string, request: HttpServerRequest) => boolean
  /** Whether the browser asks by way of TLS, so that its cookie can be kept to that. */
  readonly isSecure: (request: HttpServerRequest) => boolean
}>()("stepped/http/Origins") {}

const hostOf = (origin: string): string | undefined => URL.canParse(origin) ? new URL(origin).host : undefined

/** Whether it is written as a browser does: a scheme and a host, and nothing behind them. */
export const isOrigin = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text

/** The origins of a program: those that it names, or else the host that was asked. */
export const originsOf = (named: ReadonlyArray<string>): Effect.Effect<Origins["Service"], InvalidOption> => {
  const strange = named.find((origin) => !isOrigin(origin))
  return strange === undefined ? Effect.succeed(makeOrigins(named)) : Effect.fail(
    new InvalidOption({
      option: "origins",
      value: JSON.stringify(strange),
      takes: "a scheme and a host, such as https://ops.example.com"
    })
  )
}

const makeOrigins = (named: ReadonlyArray<string>): Origins["Service"] => ({
  isAllowed: (origin, { headers }) =>
    named.length > 0
      ? named.includes(origin)
      : origin !== "null" && hostOf(origin) !== undefined && hostOf(origin) === headers["host"],
  isSecure: ({ headers }) => {
    const own = headers["origin"] ?? named[0]
    return own?.startsWith("https:") === true
  }
})

/**
 * Refuses what a page of another origin has sent. A program sends neither header; who shows a cookie, whosever that is, is a browser, which sends one of them: a proxy may know by a cookie of its own
 * who asks.
 */
export const checkOrigin = (
  origins: Origins["Service"],
  request: HttpServerRequest
): Effect.Effect<void, Forbidden> => {
  const { origin, "sec-fetch-site": site } = request.headers
  const isCookie = request.headers["authorization"] === undefined && request.headers["cookie"] !== undefined
  const refusal = site !== undefined && site !== "same-origin" && site !== "none"
    ? `a page of another site has sent this (Sec-Fetch-Site: ${site.slice(0, 20)})`
    : origin !== undefined && !origins.isAllowed(origin, request)
    ? "a page of another origin has sent this: where a proxy changes Host, the API has to be told its origins"
    : isCookie && origin === undefined && site === undefined
    ? "a request with a cookie says where it comes from: Origin, or Sec-Fetch-Site"
    : undefined
  return refusal === undefined ? Effect.void : Effect.fail(new Forbidden({ message: refusal }))
}
