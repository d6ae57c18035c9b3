/** What time brings, and what is cleaned up. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import { phases } from "../../domain/Phase.ts"
import type { Healed, Pass, Store } from "../../store/Store.ts"
import type { Calls } from "../call.ts"
import { askedBy, at, packedOf } from "../columns.ts"
import { toAnswer } from "../rows.ts"

type Upkeep = Pick<
  Store["Service"],
  "tick" | "prune" | "setAside" | "heal"
>

export const upkeepOf = ({ call, schema }: Calls): Upkeep => {
  const pass = (name: string): Pass => {
    const text = `select * from ${schema}.${name}($1, $2, $3, $4, $5, $6)`
    return (by, now, catalog, limit = 500) =>
      Effect.map(call(name, text, [...askedBy(by, now, catalog), PgTypes.int4(limit)]), toAnswer)
  }
  return {
    tick: pass("tick"),
    prune: pass("prune"),
    setAside: (now, due, catalog) =>
      Effect.map(
        call("setAside", `select ${schema}.set_aside($1, $2, $3, $4)`, [
          at(now),
          at(due),
          packedOf(catalog).queues,
          packedOf(catalog).definitions
        ]),
        (rows) => rows[0]![0] as string | null
      ),
    heal: (now, page, pages) =>
      Effect.map(
        call("heal", `select action, definition, actor_id, phase, next from ${schema}.heal($1, $2, $3)`, [
          at(now),
          PgTypes.int4(page),
          PgTypes.int4(pages)
        ]),
        (rows) => ({
          healed: rows.filter((row) => row[0] !== null).map((row): Healed => ({
            action: row[0] as string,
            definition: row[1] as string,
            actorId: row[2] as string,
            phase: phases[row[3] as number]!
          })),
          next: (rows.at(-1)?.[4] ?? undefined) as number | undefined
        })
      )
  }
}
