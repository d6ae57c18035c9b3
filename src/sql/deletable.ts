/** What would be deleted of the history, and what stays. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import type { DeletableGroup } from "../ActionRecord.ts"
import type { Records } from "../store/Records.ts"
import type { Calls } from "./call.ts"
import { at } from "./columns.ts"

type StoredGroup = Omit<DeletableGroup, "because"> & { readonly because: DeletableGroup["because"] | null }

export const deletableOf = ({ call, schema }: Calls): Records["deletable"] => (before, limit, from) =>
  Effect.map(
    call(
      "deletable",
      `select below, groups from ${schema}.plan_deletion(p_before => $1, p_below => $2, p_limit => $3)`,
      [at(before), from === undefined ? null : PgTypes.uuid(from), PgTypes.int4(limit)]
    ),
    ([row]) => ({
      next: (row![0] ?? undefined) as string | undefined,
      groups: (row![1] as ReadonlyArray<StoredGroup>).map((group) => ({
        ...group,
        because: group.because ?? undefined
      }))
    })
  )
