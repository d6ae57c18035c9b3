/** What workers had to heal, for who is on call; `heal` writes it. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import type { HealRecord } from "../Engine.ts"
import type { Records } from "../store/Records.ts"
import type { Calls } from "./call.ts"
import { at } from "./columns.ts"
import { defined, reading } from "./reading.ts"

export const healsOf = (calls: Calls): Pick<Records, "heals"> => {
  const heals = reading(calls)<HealRecord>({
    ...defined,
    kind: "kind",
    count: "count::float8",
    firstAt: "first_at",
    lastAt: "last_at",
    lastAction: "action::text",
    worker: "worker"
  })
  return {
    heals: (since, limit) =>
      heals(
        "heals",
        `from ${calls.schema}.heals where last_at >= $1 order by last_at desc, definition, kind limit $2`,
        [at(since), PgTypes.int4(limit)]
      )
  }
}
