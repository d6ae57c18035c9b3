/** What an execution is replayed with, as `detail_of` gives it. */
import type { FailureCause } from "../domain/Failure.ts"
import { statuses } from "../domain/Phase.ts"
import type { StoredReplay } from "../store/Answer.ts"

export interface RawReplay {
  readonly signals: ReadonlyArray<readonly [name: string, payload: unknown, ringsAt: number | null]> | null
  readonly children:
    | ReadonlyArray<
      readonly [
        definition: string,
        execution: string,
        status: number | null,
        result: unknown,
        cause: FailureCause | null
      ]
    >
    | null
}

export const toReplay = ({ children, signals }: RawReplay): StoredReplay => ({
  signals: (signals ?? []).map(([name, payload, ringsAt]) => ({ name, payload, ringsAt: ringsAt ?? undefined })),
  children: (children ?? []).map(([definition, execution, status, result, cause]) => ({
    definition,
    execution,
    ended: status === null ? undefined : { status: statuses[status]!, result, cause }
  }))
})
