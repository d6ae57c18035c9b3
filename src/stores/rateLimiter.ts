/**
 * The store of Effect's `RateLimiter` on Postgres.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { RateLimiterError, RateLimiterStore, RateLimitStoreError } from "effect/persistence/RateLimiter"
import type * as Scope from "effect/Scope"
import { keyLimit } from "../domain/Key.ts"
import { Engine } from "../Engine.ts"
import { log } from "../engine/log.ts"
import { ratesOf } from "../sql/rates.ts"
import type { StorageError } from "../SteppedError.ts"
import { canBeStored } from "../store/asked.ts"
import { realSleep } from "../store/RealClock.ts"
import { callsOf } from "./database.ts"

/** Rows that one statement deletes. */
const forgottenAtOnce = 1000

const hourMs = 60 * 60 * 1000

const refused = (message: string, cause?: StorageError) =>
  new RateLimiterError({
    reason: new RateLimitStoreError(cause === undefined ? { message } : { message, cause })
  })

const number = (field: string, value: number) =>
  Number.isFinite(value)
    ? Effect.void
    : Effect.fail(refused(`${field} is ${value}: give a finite number`))

const stored = (key: string) =>
  typeof key === "string" && Buffer.byteLength(key) <= keyLimit && canBeStored(key) ? Effect.void : Effect.fail(
    refused(`key: give a text of ${keyLimit} bytes at most that Postgres can store, without a NUL character`)
  )

/** A time that Postgres counts with; longer ones never come. */
const millisOf = (duration: Duration.Duration): number => Math.min(Duration.toMillis(duration), 1e15)

const make: Effect.Effect<RateLimiterStore["Service"], never, Engine | Scope.Scope> = Effect.gen(function*() {
  const { now } = yield* Engine
  const rates = ratesOf(yield* callsOf)

  /** Checks what is given, and asks at this time. */
  const asking = <A>(
    { key, tokens }: { readonly key: string; readonly tokens: number },
    ask: (now: number) => Effect.Effect<A, StorageError>
  ): Effect.Effect<A, RateLimiterError> =>
    Effect.andThen(
      Effect.andThen(stored(key), number("tokens", tokens)),
      Effect.mapError(Effect.flatMap(now, ask), (error) =>
        refused(`the database has not counted this: ${error.message}`, error))
    )

  // by each process that limits something: an index is looked at where there is nothing to delete
  const forgetting = Effect.gen(function*() {
    while ((yield* Effect.flatMap(now, (at) => rates.forgetLimits(at, forgottenAtOnce))) === forgottenAtOnce);
  }).pipe(
    Effect.catch((error) => log.trouble("limits that are over were not deleted", error, "trying again in a minute")),
    Effect.andThen(realSleep("1 minute")),
    Effect.forever
  )
  yield* Effect.forkScoped(forgetting)

  return RateLimiterStore.of({
    fixedWindow: (o) =>
      asking(o, (now) =>
        rates.consumeWindow({
          now,
          key: o.key,
          tokens: o.tokens,
          refillMs: millisOf(o.refillRate),
          limit: o.limit ?? null
        })),
    tokenBucket: (o) =>
      Effect.andThen(
        number("limit", o.limit),
        asking(o, (now) =>
          rates.consumeBucket({
            now,
            key: o.key,
            tokens: o.tokens,
            limit: o.limit,
            refillMs: millisOf(o.refillRate),
            overflows: o.allowOverflow
          }))
      ),
    adaptiveConsume: (o) =>
      asking(
        o,
        (now) => rates.adaptiveConsume({ now, key: o.key, tokens: o.tokens, fallbackMs: millisOf(o.fallbackWindow) })
      ),
    adaptiveFeedback: (o) => {
      // nothing else is learned from
      if (o.status !== 429 || o.retryAfter === undefined) return Effect.void
      const retryMs = Math.min(Math.max(Duration.toMillis(o.retryAfter), 1), hourMs)
      return asking(
        o,
        (now) => rates.adaptiveFeedback({ now, key: o.key, epoch: o.epoch, tokens: o.tokens, retryMs })
      )
    }
  })
})

/**
 * The store of Effect's `RateLimiter` in the engine's database: what all processes on it take of a key counts together.
 *
 * **Details**
 *
 * Each call is one statement. Who is refused by what is committed locks and writes nothing; of those who take of one key at one moment each
 * waits for the commit of the one before. Time is the engine's user time (rule 23.1). Inside an open transaction of the client what is taken
 * is taken with its commit, and nobody else takes of that key until then.
 *
 * What says nothing any more (a window that is over, a bucket that is full) is deleted, a minute later at the soonest, by the processes
 * that have this layer.
 *
 * Keys have 1,000 bytes at most; what cannot be stored or counted is a `RateLimiterError` with the reason `RateLimitStoreError`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRateLimiterStore: Layer.Layer<RateLimiterStore, never, Engine> = Layer.effect(RateLimiterStore, make)
