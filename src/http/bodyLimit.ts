/** How much a body may hold, and how deep it may go: what is more is refused before anything is made of it. */
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import { MaxBodySize } from "effect/http/HttpIncomingMessage"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"
import { firstRounded } from "../domain/exact.ts"
import { BadRequest, TooLarge } from "./HttpError.ts"
import { isTooDeep, nestingMost } from "./nesting.ts"
import { BodyLimit } from "./Operator.ts"

/** Bytes of a body: those of a result that a step is completed with, and what stands around it. */
const bodyMost = 2 * 1024 * 1024

/** How a number is written that may be too large. */
const mayRound = /\d{16}|\de\+?\d{3}/i

/** What is no JSON is told when it is read. */
const roundedIn = (body: string): string | undefined => {
  try {
    return firstRounded(body)
  } catch {
    return undefined
  }
}

const tooLarge = () => new TooLarge({ message: `a body has ${bodyMost} bytes at most` })

/** The text of a body, which is read once: whoever asks for it later is given the same. */
const bodyOf = Effect.gen(function*() {
  const { text } = yield* HttpServerRequest
  return yield* Effect.provideService(text, MaxBodySize, ByteSize.bytes(bodyMost)).pipe(
    Effect.mapError(({ reason }) =>
      "reason" in reason && reason.reason === "BodyTooLarge"
        ? tooLarge()
        : new BadRequest({ message: "the body has not come to its end", field: "body" })
    )
  )
})

export const BodyLimitLive = Layer.succeed(
  BodyLimit,
  BodyLimit.of((response) =>
    Effect.gen(function*() {
      const { headers, method } = yield* HttpServerRequest
      const length = headers["content-length"]
      if (method === "GET") return yield* response
      if (length === undefined && headers["transfer-encoding"] !== undefined) {
        return yield* new BadRequest({ message: "a body has its Content-Length", field: "content-length" })
      }
      if (Number(length ?? 0) > bodyMost) return yield* tooLarge()
      const body = yield* bodyOf
      if (isTooDeep(body)) {
        return yield* new BadRequest({ message: `a body is nested ${nestingMost} deep at most`, field: "body" })
      }
      const rounded = mayRound.test(body) ? roundedIn(body) : undefined
      if (rounded !== undefined) {
        const number = rounded.slice(0, 100)
        return yield* new BadRequest({
          message:
            `a body has the number ${number}, which is beyond 2^53 and would be rounded: where its schema takes a text, give that`,
          field: "body"
        })
      }
      return yield* response
    })
  )
)
