/** What is loaded in pieces of an action that did not travel, beside results: counted, so that no more is in memory than the limit allows. */
import * as Effect from "effect/Effect"
import { argumentsCodec } from "../../domain/Codec.ts"
import type { FailureCause } from "../../domain/Failure.ts"
import { isSameStep } from "../../domain/Phase.ts"
import { ResultsTooLarge, type StorageError } from "../../SteppedError.ts"
import type { EarlierSlots, StoredMemo, StoredReplay } from "../../store/Answer.ts"
import type { AwaitedPiece, EarlierPiece, MemoPiece, SentPiece } from "../../store/Pieces.ts"
import { actionOf, type Performance, stepOf } from "./Performance.ts"
import { requestIn } from "./requests.ts"
import type { Reading } from "./Surroundings.ts"

/** How many bytes of what a step receives are in memory by now. */
export class Loading {
  size: number
  readonly #performance: Performance
  readonly #limit: number
  constructor(performance: Performance, limit: number, size = 0) {
    this.#performance = performance
    this.#limit = limit
    this.size = size
  }
  read(text: string): unknown {
    this.size += Buffer.byteLength(text)
    return JSON.parse(text)
  }
  readonly check: Effect.Effect<void, ResultsTooLarge> = Effect.suspend(() => {
    if (this.size <= this.#limit) return Effect.void
    const { name } = stepOf(this.#performance)
    const action = actionOf(this.#performance)
    return Effect.fail(new ResultsTooLarge({ action, step: name, size: this.size, limit: this.#limit }))
  })
}

/** Piece after piece, until there is none. */
const inPieces = <Row, E>(
  next: (last: Row | undefined) => Effect.Effect<ReadonlyArray<Row>, StorageError>,
  take: (row: Row) => void,
  check: Effect.Effect<void, E>
): Effect.Effect<void, StorageError | E> =>
  Effect.gen(function*() {
    for (let last: Row | undefined;;) {
      const piece = yield* next(last)
      if (piece.length === 0) return
      for (const row of piece) take(row)
      yield* check
      last = piece.at(-1)!
    }
  })

/** What each row says, in their order. */
export const allPieces = <Row, A, E>(
  next: (last: Row | undefined) => Effect.Effect<ReadonlyArray<Row>, StorageError>,
  read: (row: Row) => A,
  check: Effect.Effect<void, E>
): Effect.Effect<ReadonlyArray<A>, StorageError | E> =>
  Effect.gen(function*() {
    const all: Array<A> = []
    yield* inPieces(next, (row) => void all.push(read(row)), check)
    return all
  })

/**
 * With what the body that runs next has done before, what an execution is replayed with, and what earlier attempts have asked for. What was done
 * has a limit of its own where it is stored.
 */
export const withPieces = (
  performance: Performance,
  env: Reading
): Effect.Effect<Performance, StorageError | ResultsTooLarge> => {
  const { detail, earlier, memos } = performance
  // nobody runs a body
  if (performance.phase === "waiting") return Effect.succeed(performance)
  const loading = new Loading(performance, env.settings.results)
  return Effect.gen(function*() {
    return {
      ...performance,
      memos: memos === undefined ? undefined : yield* memosOf(performance, env),
      earlier: earlier === undefined ? undefined : yield* earlierOf(performance, earlier.next, loading, env),
      detail: detail?.replay === undefined ? detail : { ...detail, replay: yield* replayOf(performance, loading, env) }
    }
  })
}

/** Those of the step that runs, as far as it is known which one that is. */
const memosOf = (performance: Performance, env: Reading) =>
  Effect.gen(function*() {
    const memos: Array<StoredMemo> = []
    const next = stepOf(performance)
    yield* inPieces(
      (last: MemoPiece | undefined) => env.stored.memosAfter(performance.id, last),
      ({ attempt, kind, name, result, step }) => {
        if (performance.phase === "step" && !isSameStep(next, { kind, name: step })) return
        memos.push({ kind, step, name, attempt, result: result === null ? null : JSON.parse(result) })
      },
      Effect.void
    )
    return memos
  })

const replayOf = ({ id }: Performance, loading: Loading, env: Reading) =>
  Effect.gen(function*() {
    const signals: Array<StoredReplay["signals"][number]> = []
    const children: Array<StoredReplay["children"][number]> = []
    const read = (text: string | null) => text === null ? null : loading.read(text)
    yield* inPieces(
      (last: SentPiece | undefined) => env.stored.sentAfter(id, last),
      ({ name, payload, ringsAt }) => {
        signals.push({ name, payload: read(payload), ringsAt: ringsAt ?? undefined })
      },
      loading.check
    )
    yield* inPieces(
      (last: AwaitedPiece | undefined) => env.stored.awaitedAfter(id, last),
      ({ cause, definition, execution, result, status }) => {
        const ended = status && { status, result: read(result), cause: read(cause) as FailureCause | null }
        children.push({ definition, execution, ended })
      },
      loading.check
    )
    return { signals, children }
  })

const earlierOf = ({ id, step }: Performance, next: number, loading: Loading, env: Reading) =>
  Effect.gen(function*() {
    const succeeded: Array<EarlierSlots["succeeded"][number]> = []
    yield* inPieces<EarlierPiece, ResultsTooLarge>(
      (last) => env.stored.earlierAfter(id, step, last?.slot ?? -1),
      ({ actorId, arguments: args, definition, request, signal, slot }) => {
        if (request !== null) {
          succeeded.push([slot, request])
          return
        }
        const known = definition === null ? undefined : env.registry.byKey(definition)
        // what its arguments were is known by a digest from now on, unless they are encrypted, or nobody here knows
        const digest = known !== undefined && !argumentsCodec(known.definition.arguments).isEncrypting
          ? requestIn([slot, null, definition, actorId, args === null ? null : JSON.parse(args), signal])
          : undefined
        succeeded.push(
          digest === undefined
            ? [slot, null, definition, actorId, args === null ? null : loading.read(args), signal]
            : [slot, digest]
        )
      },
      loading.check
    )
    return { next, succeeded }
  })
