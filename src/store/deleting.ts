/** Deleting by age what has ended, what is kept as answers, and what operators have done: what is asked for is checked first. */
import * as Effect from "effect/Effect"
import type { OperatorOptions } from "../Operation.ts"
import type { Deletion, DeletionOptions, DeletionPlan, DeletionScope, PlanOptions } from "../Retention.ts"
import { type InvalidDuration, InvalidQuery, type StorageError } from "../SteppedError.ts"
import { deletionLimit, exportLimit, idOf, limitOf, operationIfNamed, operationOnOlder, timeOf } from "./asked.ts"
import { type Old, oldAt, readRetention } from "./retained.ts"
import type { Store } from "./Store.ts"

/** How many, of those from before a time. */
type Aged = OperatorOptions & { readonly before: Date; readonly limit?: number | undefined }

/** What of the history is old just now, by user time as all that is stored of it, or was at the time that is given. */
const oldOf = (
  now: Effect.Effect<number>,
  verb: string,
  { asOf, before, retention }: DeletionScope
): Effect.Effect<Old, InvalidQuery> =>
  retention === undefined
    ? Effect.map(timeOf(`before of ${verb}`, before), (at) => ({ before: at }))
    : Effect.flatMap(
      asOf === undefined ? now : timeOf(`asOf of ${verb}`, asOf),
      (at) =>
        Effect.try({
          try: () => oldAt(at, readRetention("retention", retention, { least: 0, infinity: "for ever" })),
          catch: (error) => {
            const { field, takes, value } = error as InvalidDuration
            return new InvalidQuery({ field: `${field} of ${verb}`, value, takes })
          }
        })
    )

export const deletingOf = (store: Store["Service"], now: Effect.Effect<number>) => ({
  deleteEnded: <E = never, R = never>(
    { export: keep, from, limit, ...options }: DeletionOptions<E, R>
  ): Effect.Effect<Deletion, StorageError | InvalidQuery | E, R> =>
    Effect.gen(function*() {
      const old = yield* oldOf(now, "ActionRepo.deleteEnded", options)
      const most = yield* limitOf(
        "limit of ActionRepo.deleteEnded",
        limit,
        keep === undefined ? deletionLimit : exportLimit
      )
      yield* idOf("from of ActionRepo.deleteEnded", from)
      // all is kept
      if (old.before === -Infinity) return { deleted: 0, next: undefined }
      const latest = `before ${new Date(old.before).toISOString()}`
      const operation = yield* operationIfNamed(
        now,
        "ActionRepo.deleteEnded",
        options.retention === undefined ? latest : `by retention, ${latest}`,
        options
      )
      const { deleted, next } = keep === undefined
        ? yield* store.deleteEnded(old, most, from, operation)
        // committed when it is kept elsewhere, or not at all
        : yield* store.withTransaction(
          Effect.tap(store.deleteEnded(old, most, from, operation, true), ({ exported }) => keep(exported))
        )
      return { deleted, next }
    }),
  planDeletion: ({ from, limit, ...scope }: PlanOptions): Effect.Effect<DeletionPlan, StorageError | InvalidQuery> =>
    Effect.gen(function*() {
      const old = yield* oldOf(now, "ActionRepo.planDeletion", scope)
      const most = yield* limitOf("limit of ActionRepo.planDeletion", limit, deletionLimit)
      yield* idOf("from of ActionRepo.planDeletion", from)
      return old.before === -Infinity ? { groups: [], next: undefined } : yield* store.planDeletion(old, most, from)
    }),
  deleteOutcomes: ({ before, limit, ...options }: Aged) =>
    Effect.gen(function*() {
      const at = yield* timeOf("before of ActionRepo.deleteOutcomes", before)
      const most = yield* limitOf("limit of ActionRepo.deleteOutcomes", limit, deletionLimit)
      return yield* store.deleteOutcomes(
        at,
        most,
        yield* operationOnOlder(now, "ActionRepo.deleteOutcomes", before, options)
      )
    }),
  deleteOperations: ({ before, limit, ...options }: Aged) =>
    Effect.gen(function*() {
      const at = yield* timeOf("before of ActionRepo.deleteOperations", before)
      const most = yield* limitOf("limit of ActionRepo.deleteOperations", limit, deletionLimit)
      return yield* store.deleteOperations(
        at,
        most,
        yield* operationOnOlder(now, "ActionRepo.deleteOperations", before, options)
      )
    })
})
