/** Reading what operators have done: what is asked for is checked first. */
import * as Effect from "effect/Effect"
import { asStored, isActionId } from "../domain/Phase.ts"
import { type OperationFilter, type OperationRecord, operatorVerbs } from "../Operation.ts"
import type { InvalidQuery, StorageError } from "../SteppedError.ts"
import { canBeStored, limitOf, timeOf, wordsOf } from "./asked.ts"
import type { Records } from "./Records.ts"

export const operationsOf =
  (store: Pick<Records, "operations">) =>
  (filter: OperationFilter = {}): Effect.Effect<ReadonlyArray<OperationRecord>, StorageError | InvalidQuery> =>
    Effect.gen(function*() {
      const { after, before, by, outcome, since, target, through, verbs } = filter
      const limit = yield* limitOf("limit of ActionRepo.operations", filter.limit)
      yield* wordsOf("verbs of ActionRepo.operations", verbs, operatorVerbs)
      if (after !== undefined) {
        yield* limitOf("after of ActionRepo.operations", after, { otherwise: after, most: Number.MAX_SAFE_INTEGER })
      }
      const from = since && (yield* timeOf("since of ActionRepo.operations", since))
      const until = before && (yield* timeOf("before of ActionRepo.operations", before))
      if (![target, by, outcome].every((text) => text === undefined || canBeStored(text))) return []
      if (through !== undefined && !isActionId(through)) return []
      return yield* store.operations(
        { ...filter, ...target === undefined ? {} : { target: asStored(target) } },
        limit,
        { from, until }
      )
    })
