/** Going through something page by page, each within the time that a statement has. */
import * as Effect from "effect/Effect"
import { StorageError } from "../../SteppedError.ts"
import { tookTooLong } from "../../store/Store.ts"
import type { BatchSize } from "../BatchSize.ts"

/** Reads, or deletes, so many. A page that takes too long is asked for again, and smaller. */
export const inTime = <A, E = never, R = never>(
  size: BatchSize,
  read: (limit: number) => Effect.Effect<A, E | StorageError, R>
): Effect.Effect<A, E | StorageError, R> =>
  Effect.suspend(() => {
    const limit = size.get()
    return Effect.matchEffect(read(limit), {
      onFailure: (error) => {
        if (limit === 1 || !(error instanceof StorageError) || !tookTooLong(error)) return Effect.fail(error)
        size.refused(limit)
        return inTime(size, read)
      },
      onSuccess: (page) => Effect.as(Effect.sync(size.passed), page)
    })
  })
