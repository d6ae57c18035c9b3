/** What the steps of an action have given, read by itself: it may be large. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import type { StepResultRecord } from "../ActionRecord.ts"
import type { Records } from "../store/Records.ts"
import type { Calls } from "./call.ts"
import { reading } from "./reading.ts"

export const stepResultsOf = (calls: Calls): Pick<Records, "stepResultsOf"> => {
  const { schema } = calls
  const results = reading(calls)<StepResultRecord>({
    index: "idx",
    name: "name",
    result: "case when bytes <= $2 then result end",
    isLeftOut: "bytes > $2",
    isOfOthers: `exists (select from ${schema}.slots o where o.action = $1 and o.step = x.idx
      and (o.child is not null or o.signal is not null))`
  })
  return {
    stepResultsOf: (id, bytes) =>
      results(
        "stepResults",
        `from (select idx, name, result, sum(octet_length(result::text)) over (order by idx) as bytes
          from ${schema}.action_steps where action = $1 and result is not null and undoes is null) x order by idx`,
        [PgTypes.uuid(id), PgTypes.int4(bytes)]
      )
  }
}
