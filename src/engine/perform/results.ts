/** Results of steps and children: how they are loaded, read and stored. */
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Schema from "effect/Schema"
import type { PlainSchema } from "../../Actor.ts"
import { checkPayload, codecOf, NotJson } from "../../domain/Codec.ts"
import { actionText, errorText, type FailureCause } from "../../domain/Failure.ts"
import type { StepIdentity } from "../../domain/Phase.ts"
import { fromTemplate, holdsChild, holdsSlot, notJson, toTemplate } from "../../domain/ResultTemplate.ts"
import type { ResultsTooLarge, StorageError } from "../../SteppedError.ts"
import type { SettledSlot, StoredStep } from "../../store/Answer.ts"
import type { RunnableStep } from "../Runnable.ts"
import { attempted, notDeclared, ranFor } from "./attempted.ts"
import {
  findStep,
  isForCallbacks,
  isNoSuccess,
  nextAfter,
  type Performance,
  stepOf,
  withDetail
} from "./Performance.ts"
import { Loading, withPieces } from "./pieces.ts"
import { hasPassed, isSignalSlot, payloadOf } from "./signals.ts"
import { Fenced, type Reading, type Surroundings } from "./Surroundings.ts"

/** Loads what an action that did not travel is about: arguments, a decided outcome, its steps without their results. */
export const loadHead = (performance: Performance, env: Reading): Effect.Effect<Performance, StorageError> =>
  Effect.gen(function*() {
    const whole = yield* env.stored.whatOf(performance.id)
    if (whole === undefined) return yield* Effect.die(new Fenced())
    return { ...withDetail(performance, whole.detail, yield* env.now), encoded: whole.arguments }
  })

/**
 * Loads the results that an action's next step receives, in pieces, and no further than their limit; and what its body has done before. Of a
 * step that has failed nothing is loaded, and results that nobody receives are only looked at. What callbacks do not ask for is not loaded,
 * either (`isAtEnd`: one does).
 */
export const loadPieces = (
  performance: Performance,
  env: Reading,
  isAtEnd = false
): Effect.Effect<Performance, StorageError | ResultsTooLarge> =>
  Effect.gen(function*() {
    const head = performance.detail!
    const waits = performance.phase === "waiting"
    const row = head.steps.find(({ index }) => index === performance.step)
    const decided = (performance.phase === "callbacks" || performance.phase === "job") && !isAtEnd
    if (decided || (waits && (head.slots !== undefined || row?.marked === true))) {
      return { ...performance, apart: false }
    }

    const loading = new Loading(performance, env.settings.results)
    const whole = yield* withPieces(performance, env)
    const isLast = waits && nextAfter(performance, row ?? stepOf(performance)) === undefined
    const results = new Map<number, unknown>()
    for (let from = isLast ? performance.step : 0;;) {
      const piece = yield* env.stored.resultsAfter(performance.id, from)
      if (piece.length === 0) break
      for (const { result, step } of piece) results.set(step, loading.read(result))
      yield* loading.check
      from = piece.at(-1)!.step + 1
    }
    const slots: Array<SettledSlot> = []
    for (const [step, result] of results) {
      if (isEncoded(result) || !holdsSlot(result)) continue
      for (let after = -1;;) {
        const piece = yield* env.stored.slotsAfter(performance.id, step, after)
        if (piece.length === 0) break
        for (const slot of piece) {
          const value = slot.result === null ? null : loading.read(slot.result)
          const cause = slot.cause === null ? null : loading.read(slot.cause) as FailureCause
          slots.push({ ...slot, step, result: value, cause })
        }
        yield* loading.check
        after = piece.at(-1)!.slot
      }
    }
    const unread = waits && !slots.some(({ step }) => step === performance.step)
      ? yield* firstUnreadable(performance, env)
      : undefined
    return {
      ...whole,
      detail: {
        ...whole.detail!,
        steps: head.steps.map((step) => ({ ...step, result: results.get(step.index) ?? null })),
        slots: unread === undefined ? slots : [...slots, unread]
      },
      received: loading.size,
      apart: false
    }
  })

/** Results that nobody receives must be readable all the same: the first one that is not fails the step. */
const firstUnreadable = (
  performance: Performance,
  env: Reading
): Effect.Effect<SettledSlot | undefined, StorageError> =>
  Effect.gen(function*() {
    const { id, step } = performance
    for (let after = -1;;) {
      const piece = yield* env.stored.slotsAfter(id, step, after)
      if (piece.length === 0) return undefined
      for (const slot of piece) {
        const result: unknown = slot.result === null ? null : JSON.parse(slot.result)
        const settled: SettledSlot = { ...slot, step, result, cause: null }
        // whatever it has ended with is a value
        if (settled.asValue !== undefined) continue
        if (
          Exit.isFailure(yield* Effect.exit(settledValues(performance, stepOf(performance), [settled], env)))
        ) return settled
      }
      after = piece.at(-1)!.slot
    }
  })

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null

/** The steps whose results one is given: the named ones before it that have one. */
export const received = (steps: ReadonlyArray<StoredStep>, before: number): ReadonlyArray<StoredStep> =>
  steps.filter(({ index, kind, result }) => index < before && result !== null && kind === "own" && !isFailure(result))

/** With the results of the named steps that ran before this worker had the action. */
export const withResults = (performance: Performance, env: Reading): Effect.Effect<Performance, unknown> => {
  const { detail } = performance
  if (detail === undefined || detail.steps.length === 0) return Effect.succeed(performance)
  return Effect.gen(function*() {
    const results: Array<readonly [name: string, result: unknown]> = []
    for (const step of received(detail.steps, performance.step)) {
      results.push([step.name, yield* readResult(performance, env, step, step.index, step.result)])
    }
    // made of entries: assigned, `__proto__` would be no step's name
    return { ...performance, results: Object.fromEntries(results), detail: undefined }
  })
}

/**
 * The results of the named steps before a step, for what undoes that. One that can no longer be read fails whoever looks at it: others are
 * undone without it.
 */
export const resultsBefore = (
  performance: Performance,
  before: number,
  env: Reading
): Effect.Effect<Readonly<Record<string, unknown>>> =>
  Effect.gen(function*() {
    const results = Object.create(null) as Record<string, unknown>
    for (const step of received(performance.detail?.steps ?? [], before)) {
      const { index, name, result } = step
      const read = yield* Effect.exit(readResult(performance, env, step, index, result))
      Object.defineProperty(results, name, {
        enumerable: true,
        get: () => {
          if (Exit.isSuccess(read)) return read.value
          throw Cause.squash(read.cause)
        }
      })
    }
    return results
  })

/** The results of the named steps that have succeeded, for a callback that asks for them. The last one's may be the action's success. */
export const resultsAtEnd = (
  performance: Performance,
  outcome: { readonly result?: unknown },
  env: Reading
): Effect.Effect<Readonly<Record<string, unknown>>> =>
  Effect.gen(function*() {
    const { definition, steps } = performance.runnable
    const head = yield* loadHead(performance, env)
    const { detail } = yield* loadPieces({ ...head, stepKind: "unnamed", stepName: "callbacks" }, env, true)
    const succeeded = detail!.steps.filter(({ status }) => status === "succeeded")
    const results = yield* resultsBefore({ ...performance, detail: { ...detail!, steps: succeeded } }, Infinity, env)
    const last = steps.at(-1)
    return performance.outcome?.status === "succeeded" && !definition.outbound && last?.kind === "own" &&
        !(last.name in results)
      ? Object.defineProperty(results, last.name, { enumerable: true, value: outcome.result })
      : results
  }).pipe(Effect.orDie)

/** Whether what is stored of a step is the failure that was passed. */
const isFailure = (stored: unknown): boolean => isObject(stored) && "$failure" in stored

/** Whether a step's stored result was encoded by a schema, and so holds no children. */
export const isEncoded = (stored: unknown): stored is { readonly $encoded: unknown } =>
  isObject(stored) && "$encoded" in stored

export const readResult = (
  performance: Performance,
  env: Reading,
  of: StepIdentity,
  index: number,
  stored: unknown
): Effect.Effect<unknown, unknown> => {
  const step = findStep(performance, of)
  if (isObject(stored) && "$encoded" in stored) {
    return codecOf(step?.result ?? performance.runnable.definition.success).decode(stored.$encoded)
  }
  const slots = (performance.detail?.slots ?? []).filter((slot) => slot.step === index)
  return Effect.map(
    settledValues(performance, of, slots, env),
    (values) => fromTemplate(stored, (slot) => values.get(slot))
  )
}

/** Decodes settled slots with the schema that was asked with. */
export const settledValues = (
  performance: Performance,
  step: StepIdentity,
  slots: ReadonlyArray<SettledSlot>,
  env: Reading
) =>
  Effect.gen(function*() {
    const values = new Map<number, unknown>()
    for (const settled of slots) {
      const { asValue, definition, result, slot, status, success } = settled
      if (isSignalSlot(settled)) {
        if (status === "succeeded" || hasPassed(settled)) {
          values.set(slot, yield* payloadOf(performance, step, settled))
        }
        continue
      }
      if (asValue !== undefined) {
        values.set(slot, yield* attempted(settled, asValue, env))
        continue
      }
      if (status !== "succeeded") continue
      const schema = env.registry.schemaOf("success", definition.split("/")[1]!, success)
      const ran = ranFor(settled)
      const path = actionText(ran.definition, ran.actorId)
      if (schema === undefined) {
        return yield* new Unreadable({ path, issue: notDeclared("success") })
      }
      const read = Effect.mapError(codecOf(schema).decode(result), (error) =>
        new Unreadable({
          path,
          issue: `the stored result does not fit the success schema that waits for it: ${error.message}`,
          error
        }))
      values.set(slot, yield* read)
    }
    return values
  })

/** A child's result that cannot be read: it does not fit, or this process has several schemas and none is the one that was asked with. */
export class Unreadable extends Data.TaggedError("IncompatibleResult")<{
  readonly path: string
  readonly issue: string
  /** What its schema says. */
  readonly error?: Schema.SchemaError
}> {
  override get message(): string {
    return `${this.path}: ${this.issue}`
  }
}

/**
 * Whether what the last step has given is stored as its own, beside the action's success: what undoes the step is given that, and callbacks are,
 * and the success need not hold it. Where it waits, a schema of its own is enough: a deploy may bring either before it has ended.
 */
export const isItsOwn = (performance: Performance, step: RunnableStep, isLast: boolean, waits: boolean): boolean =>
  isLast && !performance.runnable.definition.outbound && isNoSuccess(performance, step) &&
  (step.policy?.compensate !== undefined || isForCallbacks(performance, step) || (waits && step.result !== undefined))

/** The action's success, of what its last step has given. */
export const successOf = (
  { runnable: { definition } }: Performance,
  value: unknown,
  env: Surroundings
): Effect.Effect<unknown, unknown> =>
  Effect.flatMapEager(
    codecOf(definition.success).encode(value),
    (json) => Effect.mapEager(checkPayload(`result of ${definition.name}`, json, env.settings.payload), () => json)
  )

/** The step's result as it is stored: encoded by a schema, or a template with places for children. At once, unless a schema takes an effect. */
export const storeResult = (
  performance: Performance,
  step: RunnableStep,
  isLast: boolean,
  waits: boolean,
  value: unknown,
  env: Surroundings
): Effect.Effect<unknown, unknown> => {
  const { definition } = performance.runnable
  const isReceived = step.policy?.compensate !== undefined
  // the limit is the value's own, not that of what it is wrapped in
  const checked = (json: unknown, stored: unknown) =>
    Effect.mapEager(
      checkPayload(`result of ${definition.name} › ${step.name}`, json, env.settings.payload),
      () => stored
    )
  const encoded = (schema: PlainSchema) =>
    Effect.flatMapEager(codecOf(schema).encode(value), (json) => checked(json, { $encoded: json }))
  const isOwn = isItsOwn(performance, step, isLast, waits)
  if (step.result !== undefined && (!isLast || definition.outbound || isOwn)) return encoded(step.result)
  if (isLast && !definition.outbound && !isOwn && !(waits && holdsChild(value))) return encoded(definition.success)
  // nobody can ask for it
  const isForNobody = isLast && definition.outbound && !isForCallbacks(performance, step)
  if (!isReceived && (isForNobody || step.kind === "unnamed" && !isLast || step.kind === "prepended")) {
    return Effect.succeed(null)
  }
  let template: unknown
  try {
    template = toTemplate(value)
  } catch (error) {
    // getters of the value's own may throw anything
    return Effect.fail(
      error instanceof NotJson ? error : notJson("", `a value that cannot be read (${errorText(error)})`)
    )
  }
  return checked(template, template)
}
