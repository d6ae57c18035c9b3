/** What would become of invocations, and why stored actions do not begin: both read alone. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import type { Explained } from "../../store/Explained.ts"
import type { Store } from "../../store/Store.ts"
import type { Calls } from "../call.ts"
import { array, at, json, packedOf } from "../columns.ts"
import { keptMs } from "./enqueue.ts"

export const explainOf = ({ run }: Calls): Pick<Store["Service"], "explain" | "explainAction"> => ({
  explain: ({ invocation, parent, undecided }, now, kept, lanes) =>
    Effect.map(
      run("explain", "explain_invocation", {
        p_now: at(now),
        p_kept_ms: keptMs(kept),
        p_settings: json(lanes),
        p_parent: parent === null ? null : PgTypes.uuid(parent),
        p_queue: PgTypes.text(invocation.queue),
        p_action: PgTypes.uuid(invocation.action),
        p_definition: PgTypes.text(invocation.definition),
        p_actor_id: PgTypes.text(invocation.actorId),
        p_lane: PgTypes.text(invocation.lane),
        p_lanes: invocation.lanes === undefined ? null : array(invocation.lanes, PgTypes.OID.text),
        p_checksum_key: PgTypes.text(invocation.checksumKey),
        p_checksum: PgTypes.text(invocation.checksum),
        p_priority: PgTypes.int2(invocation.priority ?? 0),
        p_due: invocation.due === undefined ? null : at(invocation.due),
        p_own_id: PgTypes.bool(invocation.named?.id !== undefined),
        p_key: PgTypes.text(invocation.named?.key ?? null),
        p_given: PgTypes.text(invocation.named?.given ?? null),
        p_undecided: PgTypes.text(undecided)
      }),
      (rows) => rows[0]![0] as Explained | null
    ),
  explainAction: (id, now, catalog, lanes) => {
    const { definitions, prepare } = packedOf(catalog)
    return Effect.map(
      run("explainAction", "explain_action", {
        p_now: at(now),
        p_id: PgTypes.uuid(id),
        p_settings: json(lanes),
        p_definitions: definitions,
        p_prepare: prepare
      }, "definition, actor_id, answer"),
      ([row]) =>
        row?.[2] === null || row === undefined
          ? undefined
          : { definition: row[0] as string, actorId: row[1] as string, answer: row[2] as Explained }
    )
  }
})
