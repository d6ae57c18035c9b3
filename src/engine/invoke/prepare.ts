/**
 * Preparing: what of an invocation takes effects runs in a worker, before the lane is taken (rule 2.2).
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Definition } from "../../Action.ts"
import { argumentsCodec, checkPayload, codecOf, encodeArguments } from "../../domain/Codec.ts"
import { actionText, cancelledByBefore } from "../../domain/Failure.ts"
import { InvalidChecksum, InvalidDuration, InvalidKey } from "../../SteppedError.ts"
import type { ToPrepare } from "../../store/Answer.ts"
import type { StoredOutcome } from "../../store/Conclusion.ts"
import type { PreparedInvocation } from "../../store/Invocation.ts"
import { fromCause } from "../causes.ts"
import { checksumOf } from "../checksum.ts"
import type { Runnable } from "../Runnable.ts"
import type { Settings } from "../Settings.ts"
import { type Keys, maybe, rawKeys, tenantOf, toKeys } from "./invocation.ts"

/** What cannot be stored is a failure, and no defect: whatever defects are retried, the same would come of it again. */
const checked = <A>(make: () => A): Effect.Effect<A, InvalidKey | InvalidChecksum | InvalidDuration> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(make())
    } catch (error) {
      return error instanceof InvalidKey || error instanceof InvalidChecksum || error instanceof InvalidDuration
        ? Effect.fail(error)
        : Effect.die(error)
    }
  })

const asEffect = (value: unknown): Effect.Effect<unknown, unknown> =>
  Effect.isEffect(value) ? value as Effect.Effect<unknown, unknown> : Effect.succeed(value)

/** A held invocation as it is, without anything run for it; one that ends needs no key. */
export const asHeld = (held: ToPrepare): PreparedInvocation => ({
  action: held.action,
  definition: held.definition,
  actorId: held.actorId,
  job: held.job,
  queue: held.queue,
  arguments: held.arguments,
  lane: held.lanes === null ? held.lane ?? "" : null,
  lanes: held.lanes,
  checksumKey: held.checksumKey ?? "",
  checksum: held.checksum,
  timeout: held.timeout,
  ended: undefined,
  passesBy: null
})

/** What ends without a lane is stored without what it would join by: that may be what cannot be stored. */
export const unjoinable = (one: PreparedInvocation): PreparedInvocation => ({
  ...one,
  lane: "",
  lanes: null,
  checksumKey: "",
  checksum: null,
  timeout: null
})

/** What was achieved counts if it is not too old, and its result can be read: that, decoded. */
export const achievedResult = (
  definition: Definition,
  { achievedAt, result }: { readonly achievedAt: number; readonly result: unknown },
  now: number
): Effect.Effect<Option.Option<unknown>> =>
  Effect.map(
    Effect.option(codecOf(definition.success).decode(result)),
    Option.filter(() => now - achievedAt < (definition.achievementTtl ?? Infinity))
  )

/** The join found an achievement. */
const achieved = (
  base: PreparedInvocation,
  definition: Definition,
  { achievedAt, by, result }: NonNullable<ToPrepare["achievement"]>,
  now: number
): Effect.Effect<PreparedInvocation> =>
  Effect.map(
    achievedResult(definition, { achievedAt, result }, now),
    (counts) =>
      Option.isSome(counts)
        ? { ...base, ended: { status: "succeeded", result, cause: null } }
        : { ...base, passesBy: by }
  )

/**
 * Runs what has to run before the lane is taken: effectful keys with the arguments as given, then `before`, then the checksum with the
 * arguments as they then are. Fails only with what is unhandled; a handled failure is an outcome.
 */
export const prepare = (
  held: ToPrepare,
  runnable: Runnable,
  /** Runs what is the program's own. */
  run: <A>(effect: Effect.Effect<A, unknown>) => Effect.Effect<A, unknown>,
  settings: Settings["Service"],
  /** User time in ms. */
  now: Effect.Effect<number>,
  handled: <A>(effect: Effect.Effect<A, unknown>) => Effect.Effect<A, unknown>
): Effect.Effect<PreparedInvocation, unknown> =>
  Effect.gen(function*() {
    const { definition } = runnable
    const base = asHeld(held)
    const place = actionText(held.definition, held.actorId)

    if (held.achievement !== undefined) return yield* achieved(base, definition, held.achievement, yield* now)

    const attempt = Effect.gen(function*(): Effect.fn.Return<PreparedInvocation, unknown> {
      const given = (yield* argumentsCodec(definition.arguments).decode(held.arguments)) as ReadonlyArray<unknown>
      let keys: Keys | undefined
      if (held.lane === null && held.lanes === null) {
        const raw = rawKeys(definition, given)
        const [lane, lanes, checksumKey, timeout] = yield* Effect.all([
          asEffect(raw.lane),
          asEffect(raw.lanes),
          asEffect(raw.checksumKey),
          asEffect(raw.timeout)
        ])
        // it has stood in the queue without one, if whoever enqueued it could not say who its tenant is
        yield* checked(() => tenantOf(definition, given))
        keys = yield* checked(() =>
          toKeys(runnable.actor.type, held.actorId, definition, {
            lane,
            lanes,
            checksumKey,
            timeout: timeout as Duration.Input
          })
        )
      }
      const { lane, lanes } = keys ?? held
      const checksumKey = keys?.checksumKey ?? held.checksumKey!
      const timeout = keys === undefined ? held.timeout : keys.timeout

      let args = given
      let encoded = held.arguments
      const stored = { ...base, lane, lanes, checksumKey, timeout }
      const ends = (ended: StoredOutcome) => ({ ...stored, ended })
      if (definition.before !== undefined) {
        const decision = (yield* definition.before(...given) as Effect.Effect<unknown, unknown>) as
          | undefined
          | Record<string, unknown>
        if (decision !== undefined && decision !== null) {
          if ("cancel" in decision && decision.cancel === true) {
            return ends({ status: "cancelled", result: null, cause: cancelledByBefore(place) })
          }
          if ("complete" in decision) {
            const result = yield* codecOf(definition.success).encode(decision.complete)
            yield* checkPayload(`result of ${definition.name}`, result, settings.payload)
            return ends({ status: "succeeded", result, cause: null })
          }
          if ("arguments" in decision) {
            args = decision.arguments as ReadonlyArray<unknown>
            encoded = yield* encodeArguments(definition.name, definition.arguments, args, settings.payload)
          }
        }
      }
      const summed = yield* asEffect(maybe(definition.checksum, args))
      const sum = yield* checked(() => checksumOf(definition, summed))
      return { ...stored, arguments: encoded, checksum: sum }
    })

    const exit = yield* Effect.exit(
      handled(run(attempt))
    )
    if (exit._tag === "Success") return exit.value
    const cause = yield* fromCause(exit.cause, {
      place,
      error: definition.error,
      limit: settings.payload
    })
    return { ...base, ended: { status: "failed", result: null, cause } }
  })
