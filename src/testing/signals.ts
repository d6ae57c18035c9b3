/** Signals in tests: who waits for one, and what was sent. */
import * as Effect from "effect/Effect"
import * as Formatter from "effect/Formatter"
import * as Schema from "effect/Schema"
import type { ActionHandle } from "../ActionHandle.ts"
import type { ActionRecord } from "../ActionRecord.ts"
import { ActionRepo } from "../ActionRepo.ts"
import { codecOf } from "../domain/Codec.ts"
import { Engine } from "../Engine.ts"
import type { AnySignal } from "../Signal.ts"
import type { StorageError } from "../SteppedError.ts"
import { isSameJson } from "./sameJson.ts"

/**
 * An expectation about what was sent to an action does not hold.
 *
 * @category errors
 * @since 0.1.0
 */
export class SignalExpectation extends Schema.TaggedError<SignalExpectation>("stepped/testing/SignalExpectation")(
  "SignalExpectation",
  { message: Schema.String }
) {}

/**
 * Fails unless the signal was sent to the action, with this payload if one is given, whether anybody has read it or not.
 *
 * **Example** (What a form has sent)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { type ActionHandle, Stepped } from "stepped"
 * import { assertSignalled } from "stepped/testing"
 *
 * const approval = Stepped.signal("approval", { payload: Schema.Boolean })
 * const isApproved = (handle: ActionHandle) => assertSignalled(handle, approval, true)
 * ```
 *
 * @category expectations
 * @since 0.1.0
 */
export const assertSignalled = <S extends AnySignal>(
  { id }: Pick<ActionHandle, "id">,
  signal: S,
  ...payload: [payload?: S["payload"]["Type"]]
): Effect.Effect<void, SignalExpectation | StorageError, ActionRepo> =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    const sent = yield* repo.signals(id)
    const codec = codecOf(signal.payload)
    const encoded = payload.length === 0 ? undefined : yield* Effect.mapError(
      codec.encode(payload[0]),
      ({ message }) => new SignalExpectation({ message: `no payload of ${signal.name}: ${message}` })
    )
    for (const { failure, name, payload: is } of sent) {
      if (name !== signal.name) continue
      if (payload.length === 0) return
      if (failure === undefined && (yield* isSameJson(codec, payload[0], encoded, is))) return
    }
    const lines = sent.map(({ failure, name, payload, readBy }) =>
      `\n  ${name} ${failure === undefined ? Formatter.format(payload) : `failed: ${failure.message}`}${
        readBy === undefined ? ", unread" : ""
      }`
    )
    const asked = `${signal.name}${
      payload.length === 0 ? "" : ` ${Formatter.format(payload[0])}`
    } was not sent to ${id}`
    const listing = lines.length === 0 ? "nothing was sent to it" : `sent so far:${lines.join("")}`
    return yield* new SignalExpectation({ message: `${asked}; ${listing}` })
  })

/** What an action waits for, in words. */
export const waitsFor = (action: ActionRecord): Effect.Effect<string, StorageError, ActionRepo> =>
  Effect.map(awaited([action]), (signals) => signals.map(([signal]) => `, waits for the signal ${signal}`).join(""))

/** The open waits for signals of live actions. */
const awaited = (
  live: ReadonlyArray<ActionRecord>
): Effect.Effect<ReadonlyArray<readonly [signal: string, action: ActionRecord]>, StorageError, ActionRepo> =>
  Effect.flatMap(ActionRepo, (repo) =>
    Effect.map(
      Effect.forEach(live, (action) =>
        Effect.map(repo.slots(action.id), (slots) =>
          slots.flatMap(({ signal, status }): ReadonlyArray<readonly [string, ActionRecord]> =>
            signal === undefined || status !== undefined ? [] : [[signal, action]]
          ))),
      (found) =>
        found.flat()
    ))

/** Calls the hook for each signal that is waited for; says whether that made a difference. */
export const sendAwaited = Effect.fnUntraced(
  function*<E, R>(
    live: ReadonlyArray<ActionRecord>,
    hook: (signal: string, action: ActionRecord) => Effect.Effect<unknown, E, R>
  ) {
    for (const [signal, action] of yield* awaited(live)) yield* hook(signal, action)
    return (yield* Effect.flatMap(Engine, ({ performDue }) => performDue)) > 0
  }
)
