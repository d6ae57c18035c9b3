/** What time brings, and what is cleaned up. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import { phases } from "../../domain/Phase.ts"
import type { Healed, Pass, Store } from "../../store/Store.ts"
import type { Calls } from "../call.ts"
import { array, askedBy, at, packedOf } from "../columns.ts"
import { toAnswer } from "../rows.ts"

type Upkeep = Pick<
  Store["Service"],
  "tick" | "cancelAbandoned" | "setAside" | "heal" | "adoptLanes"
>

export const upkeepOf = ({ run }: Calls): Upkeep => {
  const pass = (operation: keyof Upkeep, name: string): Pass => (by, now, catalog, limit = 500) =>
    Effect.map(run(operation, name, { ...askedBy(by, now, catalog), p_limit: PgTypes.int4(limit) }, "*"), toAnswer)
  return {
    tick: pass("tick", "tick"),
    cancelAbandoned: pass("cancelAbandoned", "cancel_abandoned"),
    setAside: (now, due, catalog) =>
      Effect.map(
        run("setAside", "set_aside", {
          p_now: at(now),
          p_due: at(due),
          p_queues: packedOf(catalog).queues,
          p_definitions: packedOf(catalog).definitions
        }),
        (rows) => rows[0]![0] as string | null
      ),
    adoptLanes: (now, lanes, seen) =>
      Effect.map(
        run("adoptLanes", "adopt_lanes", {
          p_now: at(now),
          p_lanes: PgTypes.jsonb(lanes),
          p_seen: seen === undefined ? null : array(seen, PgTypes.OID.int8),
          p_limit: PgTypes.int4(1000)
        }),
        (rows) => (rows[0]![0] as ReadonlyArray<bigint | number> | null)?.map(BigInt)
      ),
    heal: (now, page, pages, by) =>
      Effect.map(
        run("heal", "heal", {
          p_now: at(now),
          p_page: PgTypes.int4(page),
          p_pages: PgTypes.int4(pages),
          p_by: PgTypes.text(by)
        }, "action, definition, actor_id, phase, next"),
        (rows) => ({
          healed: rows.filter((row) => row[0] !== null).map((row): Healed => ({
            action: row[0] as string,
            definition: row[1] as string,
            actorId: row[2] as string,
            phase: row[3] === null ? undefined : phases[row[3] as number]!
          })),
          next: (rows.at(-1)?.[4] ?? undefined) as number | undefined
        })
      )
  }
}
