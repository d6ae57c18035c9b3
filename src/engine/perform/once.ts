/** What a body does once, however often it runs (rule 9.10): the value is stored under a name, and handed over with the action. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { isDeepStrictEqual } from "node:util"
import type { PlainSchema } from "../../Actor.ts"
import { checkPayload, codecOf, NotJson, weigh } from "../../domain/Codec.ts"
import { errorText, tidyText } from "../../domain/Failure.ts"
import { fromTemplate, holdsChild, toTemplate } from "../../domain/ResultTemplate.ts"
import { isStorable } from "../../domain/storable.ts"
import { Starter, Step, type StepContext } from "../../Step.ts"
import {
  DefinitionError,
  InvalidMemo,
  MemoError,
  PayloadTooLarge,
  type StorageError,
  TooManyMemos,
  UnstorableText
} from "../../SteppedError.ts"
import type { RunnableStep } from "../Runnable.ts"
import { actionOf, type Performance } from "./Performance.ts"
import { isEncoded } from "./results.ts"
import type { Surroundings } from "./Surroundings.ts"

/** Memos of one step. */
const memosMax = 1000
/** Characters of a name. */
const nameMax = 200

type Reason = MemoError["reason"]

/** What the body of a step does once: what earlier runs have done, and what this one has. */
export class Once {
  readonly #performance: Performance
  readonly #step: RunnableStep
  readonly #env: Surroundings
  readonly #kept = new Map<string, unknown>()
  readonly #running = new Map<string, Deferred.Deferred<any, any>>()
  /** How many there are, and about how many bytes they take. */
  #count = 0
  #bytes = 0

  constructor(performance: Performance, step: RunnableStep, env: Surroundings) {
    this.#performance = performance
    this.#step = step
    this.#env = env
    for (const memo of performance.memos ?? []) {
      // others are of steps that were passed, or that a deploy has taken away
      if (memo.kind !== step.kind || memo.step !== step.name) continue
      this.#kept.set(memo.name, memo.result)
      this.#count++
      this.#bytes += weigh(memo.result)
    }
  }

  /** Gives what is kept under the name, or does it now. Of several who ask at once one does it. */
  ask<A, E, R>(
    name: string,
    effect: Effect.Effect<A, E, R>,
    schema: PlainSchema | undefined
  ): Effect.Effect<any, E | MemoError | StorageError, R> {
    const failing = Effect.mapError((reason: Reason) => this.#failure(name, reason))
    return Effect.gen({ self: this }, function*(): Effect.fn.Return<any, E | MemoError | StorageError, R> {
      yield* failing(this.#checked(name))
      for (let other = this.#running.get(name); other !== undefined; other = this.#running.get(name)) {
        const exit: Exit.Exit<any, any> = yield* Effect.exit(Deferred.await(other))
        if (Exit.isSuccess(exit)) return exit.value
        // who was interrupted has left it to others
        if (!Cause.hasInterruptsOnly(exit.cause)) return yield* exit
      }
      if (this.#kept.has(name)) return yield* failing(read(this.#kept.get(name), schema))
      const mine = Deferred.makeUnsafe<any, any>()
      this.#running.set(name, mine)
      return yield* Effect.onExit(this.#run(name, effect, schema), (exit) =>
        Effect.sync(() => {
          if (Exit.isFailure(exit)) this.#running.delete(name)
          Deferred.doneUnsafe(mine, exit)
        }))
    })
  }

  #failure(name: string, reason: Reason): MemoError {
    const action = actionOf(this.#performance)
    return new MemoError({ action, step: this.#step.name, memo: tidyText(String(name), nameMax), reason })
  }

  #checked(name: string): Effect.Effect<void, Reason> {
    return Effect.flatMap(
      this.#env.inTransaction,
      (inside) =>
        typeof name !== "string" || name.length === 0 || name.length > nameMax || !isStorable(JSON.stringify(name))
          ? invalid(`a name has 1 to ${nameMax} characters, none of them a NUL or a lone surrogate`)
          : this.#step.transactional || inside
          ? invalid("it would be kept whatever becomes of the transaction around it: ask for it outside")
          : Effect.void
    )
  }

  #run<A, E, R>(
    name: string,
    effect: Effect.Effect<A, E, R>,
    schema: PlainSchema | undefined
  ): Effect.Effect<any, E | MemoError | StorageError, R> {
    const failing = Effect.mapError((reason: Reason) => this.#failure(name, reason))
    return Effect.gen({ self: this }, function*(): Effect.fn.Return<any, E | MemoError | StorageError, R> {
      const count = this.#count + 1
      if (count > memosMax) return yield* this.#failure(name, new TooManyMemos({ count, limit: memosMax }))
      const value = yield* Effect.updateContext(
        effect,
        (context: Context.Context<R>) => without(context, name, this.#step)
      )
      const result = yield* failing(this.#written(value, schema))
      const at = yield* this.#env.now
      const { id: action, step } = this.#performance
      const { kind, name: stepName } = this.#step
      const stored = yield* this.#env.remember({ action, step, kind, stepName, name, result, at })
      this.#count++
      this.#bytes += weigh(result)
      // an earlier run may have been first, and nobody has heard of it
      return isDeepStrictEqual(stored, result) ? value : yield* failing(read(stored, schema))
    })
  }

  #written(value: unknown, schema: PlainSchema | undefined): Effect.Effect<unknown, Reason> {
    const limit = this.#env.settings.payload
    return Effect.gen({ self: this }, function*(): Effect.fn.Return<unknown, unknown> {
      const json = schema === undefined ? yield* toPlain(value) : yield* codecOf(schema).encode(value)
      yield* checkPayload("what it gives", json, limit)
      const size = this.#bytes + weigh(json)
      if (size > limit) {
        return yield* new PayloadTooLarge({ field: "all that the step has done by Step.once", size, limit })
      }
      return schema === undefined ? json : { $encoded: json }
    }).pipe(Effect.mapError(reasonOf))
  }
}

const reasonOf = (error: unknown): PayloadTooLarge | UnstorableText | InvalidMemo =>
  error instanceof PayloadTooLarge || error instanceof UnstorableText || error instanceof InvalidMemo
    ? error
    : new InvalidMemo({ issue: tidyText(errorText(error)) })

const invalid = (issue: string): Effect.Effect<never, Reason> => Effect.fail(new InvalidMemo({ issue }))

/** JSON that is marked as a step's result is, without places for children. */
const toPlain = (value: unknown) =>
  Effect.try({
    try: () => {
      if (holdsChild(value)) throw new NotJson({ place: "it", issue: "gives a stand-in for a child" })
      return toTemplate(value)
    },
    // getters of the value's own may throw anything
    catch: reasonOf
  })

const read = (stored: unknown, schema: PlainSchema | undefined): Effect.Effect<unknown, Reason> => {
  if (isEncoded(stored) !== (schema !== undefined)) {
    return invalid(
      `what is kept was written ${schema === undefined ? "with" : "without"} a schema, and is read otherwise`
    )
  }
  return schema === undefined
    ? Effect.succeed(fromTemplate(stored, () => undefined))
    : Effect.catch(
      codecOf(schema).decode((stored as { readonly $encoded: unknown }).$encoded),
      (error) => invalid(`what is kept does not fit its schema: ${tidyText(error.message)}`)
    )
}

/** Its own services but for those of the step: what it would ask for is of a run that may not be the last. */
const without = <R>(context: Context.Context<R>, name: string, step: RunnableStep): Context.Context<R> => {
  const no = (verb: string) =>
    Effect.suspend(() =>
      Effect.die(
        new DefinitionError({
          message:
            `Step.once(${
              JSON.stringify(name)
            }) of ${step.name} calls Step.${verb}: what it does is not done again, so that ` +
            "nothing of it may be asked of the step: ask before it or after it"
        })
      )
    )
  const { actionId, attemptNumber, idempotencyKey, lastFailure } = Context.get(context as Context.Context<Step>, Step)
  const refusing: StepContext = {
    name: step.name,
    actionId,
    attemptNumber,
    idempotencyKey,
    lastFailure,
    enqueue: () => no("do"),
    start: () => no("start"),
    wait: () => no("wait"),
    waitFor: () => no("waitFor"),
    received: () => no("received"),
    claims: () => no("token"),
    progress: () => no("progress"),
    markFailed: no("markFailed"),
    setArguments: () => no("setArguments"),
    once: () => no("once")
  }
  return Context.add(Context.add(context, Step, refusing), Starter, refusing) as Context.Context<R>
}
