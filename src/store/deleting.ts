/** Deleting by age what has ended, what is kept as answers, and what operators have done: what is asked for is checked first. */
import * as Effect from "effect/Effect"
import type { Deletion, DeletionOptions } from "../ActionRecord.ts"
import type { OperatorOptions } from "../Operation.ts"
import type { InvalidQuery, StorageError } from "../SteppedError.ts"
import { deletionLimit, exportLimit, idOf, limitOf, operationOnOlder, timeOf } from "./asked.ts"
import type { Store } from "./Store.ts"

/** How many, of those from before a time. */
type Aged = OperatorOptions & { readonly before: Date; readonly limit?: number }

export const deletingOf = (store: Store["Service"]) => ({
  deleteEnded: <E = never, R = never>(
    { before, export: keep, from, limit, ...options }: DeletionOptions<E, R>
  ): Effect.Effect<Deletion, StorageError | InvalidQuery | E, R> =>
    Effect.gen(function*() {
      const at = yield* timeOf("before of ActionRepo.deleteEnded", before)
      const most = yield* limitOf(
        "limit of ActionRepo.deleteEnded",
        limit,
        keep === undefined ? deletionLimit : exportLimit
      )
      yield* idOf("from of ActionRepo.deleteEnded", from)
      const operation = yield* operationOnOlder("ActionRepo.deleteEnded", before, options)
      const { deleted, next } = keep === undefined
        ? yield* store.deleteEnded(at, most, from, operation)
        // committed when it is kept elsewhere, or not at all
        : yield* store.withTransaction(
          Effect.tap(store.deleteEnded(at, most, from, operation, true), ({ exported }) => keep(exported))
        )
      return { deleted, next }
    }),
  deletable: ({ before, from, limit }: Pick<DeletionOptions, "before" | "from" | "limit">) =>
    Effect.gen(function*() {
      const at = yield* timeOf("before of ActionRepo.deletable", before)
      const most = yield* limitOf("limit of ActionRepo.deletable", limit, deletionLimit)
      yield* idOf("from of ActionRepo.deletable", from)
      return yield* store.deletable(at, most, from)
    }),
  deleteOutcomes: ({ before, limit, ...options }: Aged) =>
    Effect.gen(function*() {
      const at = yield* timeOf("before of ActionRepo.deleteOutcomes", before)
      const most = yield* limitOf("limit of ActionRepo.deleteOutcomes", limit, deletionLimit)
      return yield* store.deleteOutcomes(
        at,
        most,
        yield* operationOnOlder("ActionRepo.deleteOutcomes", before, options)
      )
    }),
  deleteOperations: ({ before, limit, ...options }: Aged) =>
    Effect.gen(function*() {
      const at = yield* timeOf("before of ActionRepo.deleteOperations", before)
      const most = yield* limitOf("limit of ActionRepo.deleteOperations", limit, deletionLimit)
      return yield* store.deleteOperations(
        at,
        most,
        yield* operationOnOlder("ActionRepo.deleteOperations", before, options)
      )
    })
})
