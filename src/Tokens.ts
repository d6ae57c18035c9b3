/**
 * Tokens: texts that a step gives to a system outside, which answers with them.
 *
 * @since 0.1.0
 */
import { type Config, Context, type Duration, Effect, Layer, Redacted, type Schema } from "effect"
import * as Mac from "effect/crypto/Mac"
import * as SecureRandom from "effect/crypto/SecureRandom"
import { createHash } from "node:crypto"
import { type Claims, readToken, tokenOf, tokenText } from "./domain/tokenText.ts"
import { Engine } from "./Engine.ts"
import type { CompletionOutcome } from "./Outcome.ts"
import { InvalidOption, InvalidToken, type ReceiveError } from "./SteppedError.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * A key that tokens are signed with.
 *
 * @category models
 * @since 0.1.0
 */
export interface TokenKey {
  /** Stands in the token, so that what was signed with an earlier key is known: 1 to 32 letters, digits, `_` and `-`. */
  readonly name: string
  /** 32 characters or more, of chance: `openssl rand -base64 32`. */
  readonly secret: Redacted.Redacted<string>
}

/**
 * What a token says, all of which its signature covers.
 *
 * @category models
 * @since 0.1.0
 */
export type TokenClaims = Claims

/**
 * Options of `Step.token`.
 *
 * @category models
 * @since 0.1.0
 */
export interface TokenOptions {
  /** How long it is good, from when the body asks; as long as its attempt, if not given. */
  readonly expiresIn?: Duration.Input | undefined
}

/**
 * What an answer with a token has come to.
 *
 * **Details**
 *
 * `received`: it is stored, now or before: who repeats it is answered so again. `late`: the attempt that has given the token away is over, or its
 * action is. `none`: nothing is there any more that it could be for.
 *
 * @category models
 * @since 0.1.0
 */
export type Received = "received" | "late" | "none"

/**
 * The answer that comes with a token: what a signal brings, or how an outbound action ends, as JSON. A signal succeeds or fails.
 *
 * @category models
 * @since 0.1.0
 */
export type TokenOutcome = CompletionOutcome<Schema.Json | void, Schema.Json>

// -------------------------------------------------------------------------------------------------------------------
// markers
// -------------------------------------------------------------------------------------------------------------------

/**
 * A step gives away a token that completes its action, which has to be outbound.
 *
 * @category markers
 * @since 0.1.0
 */
export interface Completes {
  readonly "~stepped/completes": true
}

// -------------------------------------------------------------------------------------------------------------------
// service
// -------------------------------------------------------------------------------------------------------------------

/**
 * The keys of tokens: what signs them where a step gives them away, and knows them where they come back.
 *
 * **Details**
 *
 * `Step.token` and {@link receive} require it. Of several keys the first one signs, and all are known: to change keys, put the new one first, and
 * take the old one away when its tokens are over. Signed is by HMAC with SHA-256.
 *
 * **Example** (A step that gives a token away, and keys from the environment)
 *
 * ```ts
 * import { Config, Context, Effect, Schema } from "effect"
 * import { Step, Stepped } from "stepped"
 *
 * class Exporter extends Context.Service<Exporter, { readonly start: (month: string, answer: string) => Effect.Effect<void> }>()("Exporter") {}
 * const exported = Stepped.signal("exported", { payload: Schema.Struct({ url: Schema.String }) })
 *
 * const report = Stepped.action("report", { arguments: [Schema.String], signals: [exported] })
 *   .step("export", Effect.fn(function*(month) {
 *     const token = yield* Step.token(exported, { expiresIn: "1 hour" })
 *     yield* Effect.flatMap(Exporter, (exporter) => exporter.start(month, `https://app.example/receive/${token}`))
 *     return yield* Step.waitFor(exported, { timeout: "30 minutes" })
 *   }))
 *
 * const TokensLive = Stepped.Tokens.layerConfig([
 *   { name: "2026", secret: Config.Redacted("TOKENS_2026") },
 *   { name: "2025", secret: Config.Redacted("TOKENS_2025") }
 * ])
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class Tokens extends Context.Service<Tokens, {
  readonly sign: (claims: TokenClaims) => Effect.Effect<string>
  /** What a genuine token says; whether it has expired is for whoever asks. */
  readonly verify: (token: string) => Effect.Effect<TokenClaims, InvalidToken>
}>()("stepped/Tokens") {
  /** The tokens of these keys; the first one signs. */
  static readonly layer = (keys: ReadonlyArray<TokenKey>): Layer.Layer<Tokens, InvalidOption> =>
    Layer.effect(Tokens, make(keys)).pipe(
      Layer.provide(Mac.layerWebCrypto),
      Layer.provide(SecureRandom.layerWebCrypto)
    )

  /** The tokens of keys that come from the program's configuration. */
  static readonly layerConfig = (
    keys: ReadonlyArray<{ readonly name: string; readonly secret: Config.Config<Redacted.Redacted<string>> }>
  ): Layer.Layer<Tokens, InvalidOption | Config.ConfigError> =>
    Layer.unwrap(Effect.map(
      Effect.forEach(keys, ({ name, secret }) => Effect.map(secret, (secret) => ({ name, secret }))),
      (keys) => Tokens.layer(keys)
    ))
}

/** Characters of a secret, at least. */
const secretLeast = 32

const make = (keys: ReadonlyArray<TokenKey>): Effect.Effect<Tokens["Service"], InvalidOption, Mac.Mac> =>
  Effect.gen(function*() {
    const mac = yield* Mac.Mac
    const known = new Map<string, Mac.Key>()
    for (const { name, secret } of keys) {
      yield* checkKey(name, Redacted.value(secret), known.has(name))
      known.set(name, yield* Effect.orDie(Mac.key(Mac.hmacSha256, new TextEncoder().encode(Redacted.value(secret)))))
    }
    const [first] = known
    if (first === undefined) return yield* refused("the keys of Stepped.Tokens", "none", "one at least, which signs")
    const [signer, signingKey] = first
    return {
      sign: (claims) => {
        const text = tokenText(signer, claims)
        return Effect.map(Effect.orDie(mac.sign(signingKey, new TextEncoder().encode(text))), tokenOf(text))
      },
      verify: (token) =>
        Effect.suspend(() => {
          const read = readToken(token)
          const key = read === undefined ? undefined : known.get(read.key)
          if (read === undefined || key === undefined) return Effect.fail(new InvalidToken())
          return Effect.flatMap(
            Effect.orDie(mac.verify(key, read.mac, new TextEncoder().encode(read.text))),
            (isGenuine): Effect.Effect<TokenClaims, InvalidToken> => {
              const claims = isGenuine ? read.claims() : undefined
              return claims === undefined ? Effect.fail(new InvalidToken()) : Effect.succeed(claims)
            }
          )
        })
    }
  })

const refused = (option: string, value: string, takes: string) =>
  Effect.fail(new InvalidOption({ option, value, takes }))

/** Nothing of a secret is said. */
const checkKey = (name: string, secret: string, isTaken: boolean): Effect.Effect<void, InvalidOption> => {
  const key = `the key ${JSON.stringify(name)} of Stepped.Tokens`
  return !/^[\w-]{1,32}$/.test(name)
    ? refused("the name of a key of Stepped.Tokens", JSON.stringify(name), "1 to 32 letters, digits, _ and -")
    : isTaken
    ? refused(key, "there twice", "a name of its own")
    : secret.length < secretLeast
    ? refused(key, `a secret of ${secret.length} characters`, `${secretLeast} or more, as of openssl rand -base64 32`)
    : Effect.void
}

/**
 * What a token says that is genuine and has not expired.
 *
 * @internal
 */
export const claimsOf = (token: string): Effect.Effect<TokenClaims, InvalidToken, Engine | Tokens> =>
  Effect.gen(function*() {
    const { now } = yield* Engine
    const claims = yield* (yield* Tokens).verify(token)
    if (claims.expiresAt !== undefined && (yield* now) >= claims.expiresAt) return yield* new InvalidToken()
    return claims
  })

// -------------------------------------------------------------------------------------------------------------------
// receiving
// -------------------------------------------------------------------------------------------------------------------

/**
 * Takes the answer that comes with a token: sends its signal, or completes its action.
 *
 * **Details**
 *
 * The token says for which attempt of which step it was given away, and is checked before the database is asked: one that is forged, altered, of other keys or
 * has expired is an `InvalidToken`, which does not say what is wrong. A token is its own key: it counts once, whoever repeats it gets the same answer, and
 * another outcome with it is a conflict. The outcome is JSON, as a webhook has it; where this process has the definition it is checked by that one's
 * schema. In an open `sql.withTransaction` it commits with that.
 *
 * **Gotchas**
 *
 * `Http.receiving` of `stepped/http` is a route that does this. A token has 150 to 500 characters. As a part of a path, `HttpRouter` takes 100 if nothing is said, and answers a longer one with 404:
 * `HttpRouter.serve(routes, { routerConfig: { maxParamLength: 2000 } })`.
 *
 * **Example** (A webhook)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
 * import { Stepped } from "stepped"
 *
 * const Webhook = HttpRouter.add("POST", "/receive/:token", Effect.gen(function*() {
 *   const { token } = yield* HttpRouter.schemaPathParams(Schema.Struct({ token: Schema.String }))
 *   const file = yield* HttpServerRequest.schemaBodyJson(Schema.Struct({ url: Schema.String }))
 *   const received = yield* Stepped.receive(token, Stepped.Outcome.succeeded(file))
 *   return HttpServerResponse.text(received, { status: received === "received" ? 200 : 410 })
 * }))
 * ```
 *
 * @category receiving
 * @since 0.1.0
 */
export const receive = (
  token: string,
  outcome: TokenOutcome
): Effect.Effect<Received, ReceiveError, Engine | Tokens> =>
  Effect.gen(function*() {
    const engine = yield* Engine
    const claims = yield* claimsOf(token)
    // stored is a digest: no reader of the tables learns what would be taken for the token
    return yield* engine.receive(claims, createHash("sha256").update(token).digest("base64url"), outcome)
  })
