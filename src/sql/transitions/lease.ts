/** Fencing tokens and what is held under them. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Store } from "../../store/Store.ts"
import type { Calls } from "../call.ts"
import { array, at, json, token } from "../columns.ts"
import { toWorks } from "../rows.ts"

type Lease = Pick<
  Store["Service"],
  "register" | "renew" | "unregister" | "recover" | "heldBy" | "release" | "postpone"
>

export const leaseOf = ({ call, embedded, schema }: Calls): Lease => ({
  register: (name, lease) =>
    Effect.map(
      call(
        "register",
        `insert into ${schema}.workers (name, lease_until, started_at) values ($1, clock_timestamp() + $2 * interval '1 millisecond', clock_timestamp()) returning token`,
        [PgTypes.text(name), PgTypes.float8(Duration.toMillis(lease))]
      ),
      (rows) => BigInt(rows[0]![0] as bigint | number)
    ),
  renew: (by, lease, running) =>
    Effect.map(
      call(
        "renew",
        `with w as (update ${schema}.workers set lease_until = clock_timestamp() + $2 * interval '1 millisecond' where token = $1 returning 1)
         select (select count(*)::int from w), (select count(*)::int from unnest($3::uuid[]) x where not exists (select 1 from ${schema}.live_actions l where l.id = x and l.token = $1)
            and not exists (select 1 from ${schema}.jobs j where j.action = x and j.kind = 0 and j.token = $1)), array(select id::text from ${schema}.live_actions where token = $1 union all select action::text from ${schema}.jobs where priority = 101 and token = $1)`,
        [token(by), PgTypes.float8(Duration.toMillis(lease)), array(running, PgTypes.OID.uuid)]
      ),
      (rows) => ({
        lost: rows[0]![0] === 0,
        gone: rows[0]![1] as number,
        held: rows[0]![2] as ReadonlyArray<string>
      })
    ),
  unregister: (by, now, burns = false) =>
    Effect.asVoid(
      call("unregister", `select ${schema}.recover($1, $2, $3)`, [
        at(now),
        array([by], PgTypes.OID.int8),
        PgTypes.bool(burns)
      ])
    ),
  recover: (now, spared) =>
    Effect.map(
      call(
        "recover",
        // one process at a time has an embedded database: whoever is registered when it opens is dead, whatever its lease
        `select ${schema}.recover($1, ${embedded ? `array(select token from ${schema}.workers)` : "'{}'"}, true, $2)`,
        [at(now), array(spared ?? [], PgTypes.OID.int8)]
      ),
      (rows) => rows[0]![0] as number
    ),
  heldBy: (by, except = []) =>
    Effect.gen(function*() {
      const live = yield* call(
        "heldBy",
        `select 1::smallint, id, definition, actor_id, case when x.d is not null then arguments end, step, phase, attempts, depth, x.d
          from ${schema}.live_actions cross join lateral (select case when id <> all($2) then ${schema}.detail_of(id) end as d offset 0) x where token = $1`,
        [token(by), array(except, PgTypes.OID.uuid)]
      )
      const held = yield* call(
        "heldBy",
        `select 2::smallint, action, definition, actor_id, case when action <> all($2) then arguments end, 0, 0::smallint, attempts, depth, ${schema}.held_detail(j)
          from ${schema}.jobs j where priority = 101 and token = $1`,
        [token(by), array(except, PgTypes.OID.uuid)]
      )
      return toWorks([...live, ...held])
    }),
  release: (by, actions, now) =>
    Effect.asVoid(
      call("release", `select ${schema}.release($1, $2, $3)`, [
        token(by),
        array(actions, PgTypes.OID.uuid),
        at(now)
      ])
    ),
  postpone: (by, queue, job, due, failure) =>
    Effect.asVoid(
      call(
        "postpone",
        `update ${schema}.jobs set priority = 100, token = null, attempts = attempts + 1, due_at = $4, failure = coalesce($5, failure) where queue = $2 and priority = 101 and id = $3 and token = $1`,
        [token(by), PgTypes.text(queue), PgTypes.int8(BigInt(job)), at(due), json(failure)]
      )
    )
})
