/** What records say that is not undone: what a child could not undo, and has undone since, is left for nobody above it. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import type { ActionRecord } from "../ActionRecord.ts"
import type { StorageError } from "../SteppedError.ts"
import type { Calls } from "./call.ts"
import { array } from "./columns.ts"

const tellsOfChildren = ({ cause, unwound }: ActionRecord): boolean =>
  ((unwound ?? cause)?.notUndone ?? []).some(({ child }) => child !== undefined)

/** The same records by what their children have come to by now. Where none tells of children nothing is asked. */
export const leftIn =
  ({ call, schema }: Calls) =>
  (records: ReadonlyArray<ActionRecord>): Effect.Effect<ReadonlyArray<ActionRecord>, StorageError> => {
    const ids = records.filter(tellsOfChildren).map(({ id }) => id)
    if (ids.length === 0) return Effect.succeed(records)
    return Effect.map(
      call("left", `select id, unwound from ${schema}.left_of(p_ids => $1)`, [array(ids, PgTypes.OID.uuid)]),
      (rows) => {
        const left = new Map(rows.map(([id, unwound]) => [id as string, unwound as ActionRecord["unwound"]]))
        return records.map((record) => left.has(record.id) ? { ...record, unwound: left.get(record.id) } : record)
      }
    )
  }
