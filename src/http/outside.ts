/** What other systems send: read with limits, and answered by what has come of it. */
import * as Effect from "effect/Effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Stream from "effect/Stream"
import { InvalidOption } from "../SteppedError.ts"
import { isTooDeep, nestingMost } from "./nesting.ts"
import { makeRate } from "./rate.ts"

/**
 * How much other systems may send.
 *
 * @category models
 * @since 0.1.0
 */
export interface OutsideLimits {
  /** Bytes of a body: 256 KiB if not given; a whole number from 1 on. */
  readonly bodyLimit?: number
  /** Genuine requests a second, of all senders together, in this process: 100 if not given; 1 at least. What is not genuine is counted by itself: so nobody keeps genuine ones out. */
  readonly rate?: number
}

/** Says it as JSON, with its tag and a sentence. */
export const answered = (status: number, tag: string, message: string): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe({ _tag: tag, message }, { status })

const tooLarge = (limit: number) => answered(413, "TooLarge", `the body is larger than ${limit} bytes`)

/** A body as it was sent, as far as it is no larger than this. */
const bodyOf = (request: HttpServerRequest, limit: number) =>
  Number(request.headers["content-length"] ?? 0) > limit
    ? Effect.fail(tooLarge(limit))
    : Stream.runFoldEffect(
      request.stream,
      () => ({ parts: [] as Array<Uint8Array>, size: 0 }),
      ({ parts, size }, part) => {
        if (size + part.length > limit) return Effect.fail(tooLarge(limit))
        // not copied: it may come a byte at a time
        parts.push(part)
        return Effect.succeed({ parts, size: size + part.length })
      }
    ).pipe(
      Effect.map(({ parts }) => Buffer.concat(parts)),
      Effect.mapError((error) =>
        HttpServerResponse.isHttpServerResponse(error)
          ? error
          : answered(400, "BadRequest", "the body has not come to its end")
      )
    )

type Answered<A = HttpServerResponse.HttpServerResponse> = Effect.Effect<A, HttpServerResponse.HttpServerResponse>

const tooMany = HttpServerResponse.setHeader(
  answered(429, "TooManyRequests", "more than may be sent"),
  "retry-after",
  "1"
)

/**
 * Takes what is sent within the limits. `known` says whether it is genuine, for which it may read the raw body, and gives what is done then; what fails with an answer is answered so. It is not known before
 * which bucket a request is counted in, so all are looked at: that is the reading of a body within its limit, and a comparison, and asks no database.
 */
export const taking = (
  { bodyLimit = 256 * 1024, rate = 100 }: OutsideLimits,
  known: (request: HttpServerRequest, body: Answered<Buffer>) => Answered<Answered>
) =>
  Effect.gen(function*() {
    if (!Number.isSafeInteger(bodyLimit) || bodyLimit < 1) {
      return yield* new InvalidOption({
        option: "bodyLimit",
        value: String(bodyLimit),
        takes: "a whole number from 1 on"
      })
    }
    if (!Number.isFinite(rate) || rate < 1) {
      return yield* new InvalidOption({ option: "rate", value: String(rate), takes: "a finite number, 1 at least" })
    }
    const genuine = makeRate(rate)
    const others = makeRate(rate)
    return (request: HttpServerRequest): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
      known(request, bodyOf(request, bodyLimit)).pipe(
        Effect.mapError((answer) => others.take() ? answer : tooMany),
        Effect.flatMap((take) => genuine.take() ? take : Effect.fail(tooMany)),
        Effect.catch(Effect.succeed)
      )
  })

const decoder = new TextDecoder("utf-8", { fatal: true })

/** JSON in UTF-8; an answer where it is none. */
export const jsonOf = (body: Buffer): Effect.Effect<unknown, HttpServerResponse.HttpServerResponse> =>
  Effect.gen(function*() {
    const refuse = (message: string) => answered(400, "BadRequest", message)
    const catchIt = () => refuse("the body is no JSON in UTF-8")
    const text = yield* Effect.try({ try: () => decoder.decode(body), catch: catchIt })
    if (isTooDeep(text)) return yield* Effect.fail(refuse(`the body is nested more than ${nestingMost} deep`))
    return yield* Effect.try({ try: (): unknown => JSON.parse(text), catch: catchIt })
  })

/** Of the errors of completing and sending, how they are answered. What may succeed later is 503, so that the sender tries again. */
const statuses: Readonly<Record<string, number>> = {
  InvalidToken: 401,
  UnknownAction: 404,
  AmbiguousCompletion: 409,
  AmbiguousTarget: 409,
  CompletionConflict: 409,
  SignalConflict: 409,
  IdempotencyConflict: 409,
  PayloadTooLarge: 413,
  InvalidOutcome: 422,
  InvalidSignal: 422,
  InvalidActorId: 422,
  UnstorableText: 422,
  SignalsFull: 429,
  NotStarted: 503
}

/** Has it done; an error of the library is answered. What the database says is in the log: whoever is outside learns nothing of it. */
export const answering = <A, R>(
  asked: Effect.Effect<A, { readonly _tag: string; readonly message: string }, R>
): Effect.Effect<A, HttpServerResponse.HttpServerResponse, R> =>
  Effect.catch(asked, ({ _tag, message }) =>
    _tag === "StorageError"
      ? Effect.andThen(
        Effect.logError(message),
        Effect.fail(answered(503, _tag, "it cannot be stored just now: send it again"))
      )
      : Effect.fail(answered(statuses[_tag] ?? 400, _tag, message)))
