/** Jobs out of the queue, and prepared invocations into their lanes. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import { statusCodes } from "../../domain/Phase.ts"
import type { PreparedInvocation } from "../../store/Invocation.ts"
import type { Claiming, Store } from "../../store/Store.ts"
import type { Calls } from "../call.ts"
import { at, type Child, childColumns, columns, packedOf, places, token, width } from "../columns.ts"
import { toAnswer } from "../rows.ts"

const passed = (after: Claiming["after"]) =>
  after === undefined || after.size === 0 ? null : JSON.stringify(Object.fromEntries(after))

/** With the short names of the function's record. */
const toJoin = (one: PreparedInvocation) => ({
  a: one.action,
  j: one.job,
  q: one.queue,
  args: one.arguments,
  l: one.lane,
  sk: one.checksumKey,
  cs: one.checksum,
  t: one.timeout,
  o: one.ended === undefined ? null : statusCodes[one.ended.status],
  r: one.ended?.result ?? null,
  c: one.ended?.cause ?? null,
  ig: one.ignoresAchievement
})

const of = ({ catalog, now, room, token: by }: Claiming) => {
  const { definitions, firstSteps, flags, prepare, queues } = packedOf(catalog)
  return [token(by), at(now), PgTypes.int4(room), queues, definitions, firstSteps, flags, prepare]
}

export const claimOf = ({ call, schema }: Calls): Pick<Store["Service"], "claim" | "enqueueAndClaim"> => {
  const textClaim = `select * from ${schema}.claim($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10, $11::jsonb)`
  const textBoth = `select * from ${schema}.enqueue_and_claim(${places(8)}, $9::jsonb, ${
    places(9 + width(childColumns), 10)
  })`
  return {
    claim: (o) =>
      Effect.map(
        call("claim", textClaim, [
          ...of(o),
          o.prepared.length === 0 ? null : JSON.stringify(o.prepared.map(toJoin)),
          PgTypes.uuid(o.only),
          passed(o.after)
        ]),
        toAnswer
      ),
    enqueueAndClaim: (o) =>
      Effect.map(
        call("enqueueAndClaim", textBoth, [...of(o), passed(o.after), ...columns<Child>(o.items, childColumns)]),
        toAnswer
      )
  }
}
