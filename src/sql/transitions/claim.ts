/** Jobs out of the queue, and prepared invocations into their lanes. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import { statusCodes } from "../../domain/Phase.ts"
import type { PreparedInvocation } from "../../store/Invocation.ts"
import type { Claiming, Store } from "../../store/Store.ts"
import type { Calls } from "../call.ts"
import { type Asked, askedBy, askedColumns, columns, packedOf } from "../columns.ts"
import { toAnswer } from "../rows.ts"

const passed = (after: Claiming["after"]) =>
  after === undefined || after.size === 0 ? null : PgTypes.jsonb(Object.fromEntries(after))

/** With the names that `return_prepared` has for them. */
const toJoin = (one: PreparedInvocation) => ({
  action: one.action,
  job: one.job,
  queue: one.queue,
  arguments: one.arguments,
  lane: one.lane,
  lanes: one.lanes,
  checksum_key: one.checksumKey,
  checksum: one.checksum,
  timeout: one.timeout,
  status: one.ended === undefined ? null : statusCodes[one.ended.status],
  result: one.ended?.result ?? null,
  cause: one.ended?.cause ?? null,
  passes_by: one.passesBy
})

const claiming = ({ after, catalog, now, room, token }: Claiming) => ({
  ...askedBy(token, now, catalog),
  p_room: PgTypes.int4(room),
  p_queues: packedOf(catalog).queues,
  p_prepare: packedOf(catalog).prepare,
  p_after: passed(after),
  p_lanes: packedOf(catalog).lanes,
  p_in_turns: PgTypes.bool(catalog.inTurns === true)
})

export const claimOf = ({ run }: Calls): Pick<Store["Service"], "claim" | "enqueueAndClaim"> => ({
  claim: (o) =>
    Effect.map(
      run("claim", "claim", {
        ...claiming(o),
        p_prepared: o.prepared.length === 0 ? null : PgTypes.jsonb(o.prepared.map(toJoin)),
        p_only: PgTypes.uuid(o.only)
      }, "*"),
      toAnswer
    ),
  enqueueAndClaim: (o) =>
    Effect.map(
      run("enqueueAndClaim", "enqueue_and_claim", {
        ...claiming(o),
        ...columns<Asked>("invocation", o.items, askedColumns)
      }, "*"),
      toAnswer
    )
})
