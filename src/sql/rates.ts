/** What programs limit, by key: one statement for each time that somebody takes. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { AdaptiveConsumeResult, AdaptivePhase } from "effect/persistence/RateLimiter"
import type { StorageError } from "../SteppedError.ts"
import type { Calls } from "./call.ts"

const { float8, int4, text } = PgTypes

/** What `RateLimiterStore` asks of a database; times are user time in ms since 1970. */
export const ratesOf = ({ run }: Calls) => ({
  consumeWindow: (o: {
    readonly now: number
    readonly key: string
    readonly tokens: number
    readonly refillMs: number
    readonly limit: number | null
  }): Effect.Effect<readonly [taken: number, ttl: number], StorageError> =>
    Effect.map(
      run("consumeWindow", "consume_window", {
        p_now: float8(o.now),
        p_key: text(o.key),
        p_tokens: float8(o.tokens),
        p_refill_ms: float8(o.refillMs),
        p_limit: o.limit === null ? null : float8(o.limit)
      }, "taken, ttl"),
      ([row]) => [row![0] as number, row![1] as number]
    ),

  consumeBucket: (o: {
    readonly now: number
    readonly key: string
    readonly tokens: number
    readonly limit: number
    readonly refillMs: number
    readonly overflows: boolean
  }): Effect.Effect<readonly [remaining: number, elapsed: number], StorageError> =>
    Effect.map(
      run("consumeBucket", "consume_bucket", {
        p_now: float8(o.now),
        p_key: text(o.key),
        p_tokens: float8(o.tokens),
        p_limit: float8(o.limit),
        p_refill_ms: float8(o.refillMs),
        p_overflows: PgTypes.bool(o.overflows)
      }, "remaining, elapsed"),
      ([row]) => [row![0] as number, row![1] as number]
    ),

  adaptiveConsume: (o: {
    readonly now: number
    readonly key: string
    readonly tokens: number
    readonly fallbackMs: number
  }): Effect.Effect<AdaptiveConsumeResult, StorageError> =>
    Effect.map(
      run("adaptiveConsume", "adaptive_consume", {
        p_now: float8(o.now),
        p_key: text(o.key),
        p_tokens: float8(o.tokens),
        p_fallback_ms: float8(o.fallbackMs)
      }, "delay, epoch, phase"),
      ([row]) => ({
        delay: Duration.millis(row![0] as number),
        epoch: row![1] as number,
        phase: row![2] as AdaptivePhase
      })
    ),

  adaptiveFeedback: (o: {
    readonly now: number
    readonly key: string
    readonly epoch: number
    readonly tokens: number
    readonly retryMs: number
  }): Effect.Effect<void, StorageError> =>
    Effect.asVoid(run("adaptiveFeedback", "adaptive_feedback", {
      p_now: float8(o.now),
      p_key: text(o.key),
      p_epoch: int4(o.epoch),
      p_tokens: float8(o.tokens),
      p_retry_ms: float8(o.retryMs)
    })),

  /** Gives how many rows were deleted, at most `limit`. */
  forgetLimits: (now: number, limit: number): Effect.Effect<number, StorageError> =>
    Effect.map(
      run("forgetLimits", "forget_limits", { p_now: float8(now), p_limit: int4(limit) }),
      ([row]) => row![0] as number
    )
})
