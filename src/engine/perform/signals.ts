/** Signals that a step waits for, or has been sent: how they are read, and what a step fails with that does not get one. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { Definition } from "../../Action.ts"
import { codecOf } from "../../domain/Codec.ts"
import { actorText, errorText, type FailureCause, tidyText } from "../../domain/Failure.ts"
import type { StepIdentity } from "../../domain/Phase.ts"
import type { AnySignal } from "../../Signal.ts"
import {
  HeartbeatTimedOut,
  IncompatibleSignal,
  type ResultsTooLarge,
  SignalTimedOut,
  type StorageError
} from "../../SteppedError.ts"
import type { SettledSlot } from "../../store/Answer.ts"
import type { UnreadPiece } from "../../store/Pieces.ts"
import { type Performance, placeAt, stepOf } from "./Performance.ts"
import { allPieces, Loading } from "./pieces.ts"
import type { Surroundings } from "./Surroundings.ts"

/** A slot that waits for a signal, settled. */
export type SettledSignal = SettledSlot & { readonly signal: NonNullable<SettledSlot["signal"]> }

export const isSignalSlot = (slot: SettledSlot): slot is SettledSignal => slot.signal !== undefined

/** A wait that may pass, and has: with a cause it is over since nothing was heard. */
export const hasPassed = ({ cause, signal, status }: SettledSlot): boolean =>
  signal?.isOptional === true && status === "timed_out" && cause === null

const about = (performance: Performance, step: StepIdentity, signal: string) => ({
  action: performance.runnable.definition.name,
  actor: actorText(performance.runnable.key, performance.actorId),
  actionId: performance.id,
  path: placeAt(performance, step),
  signal
})

/** What an action is sent that does not list it. */
export const unlisted = "the action does not list it any more"

/** Reads what was sent as a version of the action declares it; fails with what does not fit, or with `unlisted`. */
export const readSent = (
  { signals }: Pick<Definition, "signals">,
  name: string,
  schema: "payload" | "error",
  sent: unknown
): Effect.Effect<unknown, unknown> =>
  Effect.suspend(() => {
    const signal = signals.find((one) => one.name === name)
    if (signal === undefined) return Effect.fail(unlisted)
    // a schema may throw
    return Effect.catchCause(
      Effect.suspend(() => codecOf(signal[schema]).decode(sent)),
      (cause) => Effect.fail(Cause.squash(cause))
    )
  })

const read = (
  performance: Performance,
  step: StepIdentity,
  name: string,
  schema: "payload" | "error",
  sent: unknown
): Effect.Effect<unknown, IncompatibleSignal> =>
  Effect.mapError(
    readSent(performance.runnable.definition, name, schema, sent),
    (error) => new IncompatibleSignal({ ...about(performance, step, name), issue: tidyText(errorText(error)) })
  )

/** What a slot's signal has brought; nothing where it may pass, and has. */
export const payloadOf = (
  performance: Performance,
  step: StepIdentity,
  slot: SettledSignal
): Effect.Effect<unknown, IncompatibleSignal> =>
  hasPassed(slot)
    ? Effect.undefined
    : read(performance, step, slot.signal.name, "payload", slot.result)

/** What a step fails with whose signal has not brought its payload; nothing where its wait was cut short by something else. */
export const signalFailure = (
  performance: Performance,
  step: StepIdentity,
  slot: SettledSignal
): Effect.Effect<Cause.Cause<unknown> | undefined> => {
  const { name } = slot.signal
  switch (slot.status) {
    case "timed_out":
      return Effect.succeed(Cause.fail(
        slot.cause === null
          ? new SignalTimedOut(about(performance, step, name))
          : new HeartbeatTimedOut({
            ...about(performance, step, name),
            ...slot.cause.details === undefined ? {} : { details: slot.cause.details }
          })
      ))
    case "failed":
      return Effect.match(read(performance, step, name, "error", (slot.cause as FailureCause | null)?.error), {
        onFailure: Cause.fail,
        onSuccess: Cause.fail
      })
    default:
      return Effect.undefined
  }
}

/** What a body has been given by `Step.received`. */
export interface Received {
  readonly ids: Set<number>
  /** Bytes of what it was given last under each name. */
  readonly sizes: Map<string, number>
}

/**
 * What was sent to the action and nobody has read, noted in `received` where it can be read. With the results that the step was given it is no more
 * than their limit.
 */
export const receive = (
  performance: Performance,
  signal: AnySignal,
  received: () => Received,
  env: Surroundings
): Effect.Effect<ReadonlyArray<unknown>, IncompatibleSignal | ResultsTooLarge | StorageError> =>
  Effect.gen(function*() {
    const { name } = signal
    const { ids, sizes } = received()
    let before = performance.received
    for (const [other, size] of sizes) if (other !== name) before += size
    const loading = new Loading(performance, env.settings.results, before)
    const found = yield* allPieces(
      (last: UnreadPiece | undefined) => env.stored.unreadSignals(performance.id, name, last),
      ({ id, payload }) => ({ id, payload: payload === null ? null : loading.read(payload) }),
      loading.check
    )
    const payloads = yield* Effect.forEach(
      found,
      ({ payload }) => read(performance, stepOf(performance), name, "payload", payload)
    )
    for (const { id } of found) ids.add(id)
    sizes.set(name, loading.size - before)
    return payloads
  })
