/**
 * What the body of an execution has when it runs again (rules 24.2 to 24.5): what its activities have come to, what was sent to it, and what the
 * executions have come to that it waits for. All of that came with the claim; what comes later wakes it.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { checkJson, weigh } from "../../domain/Codec.ts"
import { definitionKey } from "../../domain/Key.ts"
import type { ExecutionKey, ExecutionOutcome, Kept, Replay, ReplayListener } from "../../Execution.ts"
import { PayloadTooLarge, TooManyMemos } from "../../SteppedError.ts"
import type { RunnableStep } from "../Runnable.ts"
import type { Performance } from "./Performance.ts"
import { answerOf } from "./retry.ts"
import type { Surroundings } from "./Surroundings.ts"

/** Activities of one execution, every attempt of each. */
const memosMax = 10_000

type RememberError = Effect.Error<ReturnType<Replay["remember"]>>

const memoKey = (name: string, attempt: number): string => `${attempt} ${name}`
const childKey = (definition: string, execution: string): string => `${definition} ${execution}`

/** One run of an execution's body. */
export class Replaying implements Replay {
  readonly action: string
  readonly execution: string
  readonly sent = new Map<string, unknown>()
  readonly clocks = new Set<string>()
  readonly suspend: Replay["suspend"]
  readonly #children = new Map<string, ExecutionOutcome | undefined>()
  readonly #memos = new Map<string, unknown>()
  /** About how many bytes they take. */
  #bytes = 0
  readonly #performance: Performance
  readonly #step: RunnableStep
  readonly #env: Surroundings

  constructor(
    performance: Performance,
    step: RunnableStep,
    env: Surroundings,
    now: number,
    suspend: Replay["suspend"]
  ) {
    this.action = performance.id
    this.execution = performance.actorId
    this.suspend = suspend
    this.#performance = performance
    this.#step = step
    this.#env = env
    for (const memo of performance.memos ?? []) this.#keep(memo.name, memo.attempt, memo.result)
    const { children = [], signals = [] } = performance.detail?.replay ?? {}
    for (const { name, payload, ringsAt } of signals) {
      if (ringsAt === undefined || ringsAt <= now) this.sent.set(name, payload)
      else this.clocks.add(name)
    }
    for (const { definition, ended, execution } of children) {
      this.#children.set(childKey(definition, execution), ended)
    }
  }

  childOf({ actorType, execution, name }: ExecutionKey): ReturnType<Replay["childOf"]> {
    const key = childKey(definitionKey(actorType, name), execution)
    return this.#children.has(key) ? { ended: this.#children.get(key) } : undefined
  }

  memo(name: string, attempt: number): ReturnType<Replay["memo"]> {
    const key = memoKey(name, attempt)
    return this.#memos.has(key) ? { result: this.#memos.get(key) } : undefined
  }

  remember(name: string, attempt: number, result: unknown): ReturnType<Replay["remember"]> {
    const { remember } = this.#env
    // whoever was first, it has happened
    return this.#remember(
      name,
      attempt,
      result,
      (memo) => Effect.map(remember(memo), (result) => ({ result, isNew: true }))
    )
  }

  transaction<A, E, R>(activity: (remember: Replay["remember"]) => Effect.Effect<A, E, R>) {
    return this.#env.withTransaction(
      activity((name, attempt, result) => this.#remember(name, attempt, result, this.#env.rememberHere))
    )
  }

  isAnswer(cause: Cause.Cause<unknown>): Effect.Effect<boolean> {
    return Effect.isSuccess(answerOf(cause, this.#env.settings))
  }

  listen(listener: ReplayListener): () => void {
    return this.#env.listen(this.action, listener)
  }

  #remember(
    name: string,
    attempt: number,
    result: unknown,
    by: Surroundings["rememberHere"]
  ): ReturnType<Replay["remember"]> {
    const { payload, results } = this.#env.settings
    return Effect.gen({ self: this }, function*(): Effect.fn.Return<Kept, RememberError> {
      const count = this.#memos.size + 1
      if (count > memosMax) return yield* new TooManyMemos({ count, limit: memosMax })
      yield* checkJson(`what the activity ${name} gives`, result, payload)
      yield* checkSum(this.#bytes + weigh(result), results)
      const at = yield* this.#env.now
      const { actorId, id: action, runnable, step } = this.#performance
      const { kind, name: stepName } = this.#step
      const of = { definition: runnable.key, actorId }
      const memo = { action, step, kind, stepName, name, result, at, of }
      const kept = yield* by(attempt === 1 ? memo : { ...memo, attempt })
      this.#keep(name, attempt, kept.result)
      return kept
    })
  }

  #keep(name: string, attempt: number, result: unknown): void {
    this.#memos.set(memoKey(name, attempt), result)
    this.#bytes += weigh(result)
  }
}

const checkSum = (size: number, limit: number) =>
  size <= limit
    ? Effect.void
    : Effect.fail(new PayloadTooLarge({ field: "all that the activities of the execution have given", size, limit }))
