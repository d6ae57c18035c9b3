/** Fencing tokens and what is held under them. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { phaseCodes, Priority } from "../../domain/Phase.ts"
import type { AttemptLimits, Store } from "../../store/Store.ts"
import type { Calls } from "../call.ts"
import { array, at, json, packedOf, token } from "../columns.ts"
import { toWorks } from "../rows.ts"

type Lease = Pick<
  Store["Service"],
  "register" | "announce" | "renew" | "unregister" | "recover" | "reserveAlone" | "heldBy" | "giveBack" | "postpone"
>

const texts = (values: ReadonlyArray<string>) => array(values, PgTypes.OID.text)

const recovering = (
  now: number,
  tokens: ReadonlyArray<unknown>,
  burns: boolean,
  spared: ReadonlyArray<bigint>,
  limits?: AttemptLimits
) => ({
  p_now: at(now),
  p_tokens: array(tokens, PgTypes.OID.int8),
  p_burn: PgTypes.bool(burns),
  p_spared: array(spared, PgTypes.OID.int8),
  p_attempts: limits === undefined ? null : PgTypes.int4(limits.otherwise),
  p_own: texts([...limits?.own.keys() ?? []]),
  p_own_attempts: array([...limits?.own.values() ?? []], PgTypes.OID.int4)
})

/** Definitions in one statement, of 256 KiB each at most. */
const announcedMax = 20

export const leaseOf = ({ call, embedded, run, schema }: Calls): Lease => ({
  register: (name, lease, build) =>
    Effect.map(
      call(
        "register",
        `insert into ${schema}.workers (name, lease_until, started_at, build) values ($1, clock_timestamp() + $2 * interval '1 millisecond', clock_timestamp(), $3) returning token`,
        [
          PgTypes.text(name),
          PgTypes.float8(Duration.toMillis(lease)),
          build === undefined ? null : PgTypes.text(build)
        ]
      ),
      (rows) => BigInt(rows[0]![0] as bigint | number)
    ),
  announce: (by, { definitions, queues }) =>
    Effect.gen(function*() {
      // no two at one moment in another order than the other
      const sorted = definitions.toSorted((a, b) => a.key < b.key ? -1 : 1)
      for (let from = 0; from < sorted.length; from += announcedMax) {
        const some = sorted.slice(from, from + announcedMax)
        yield* call(
          "announce",
          `insert into ${schema}.definitions as d (key, hash, json, first_seen, last_seen)
           select key, hash, json, clock_timestamp(), clock_timestamp() from unnest($1::text[], $2::text[], $3::jsonb[]) x(key, hash, json)
           on conflict (key, hash) do update set last_seen = excluded.last_seen where d.last_seen < excluded.last_seen - interval '6 hours'`,
          [
            texts(some.map(({ key }) => key)),
            texts(some.map(({ hash }) => hash)),
            array(some.map(({ description }) => description), PgTypes.OID.jsonb)
          ]
        )
      }
      yield* call(
        "announce",
        `update ${schema}.workers set queues = $2, definitions = $3, hashes = $4 where token = $1`,
        [
          token(by),
          queues === undefined ? null : texts(queues),
          texts(sorted.map(({ key }) => key)),
          texts(sorted.map(({ hash }) => hash))
        ]
      )
    }),
  renew: (by, lease, running) =>
    Effect.map(
      call(
        "renew",
        `with w as (update ${schema}.workers set renewed_at = clock_timestamp(), lease_until = clock_timestamp() + $2 * interval '1 millisecond' where token = $1 returning drained_at)
         select (select count(*)::int from w), (select count(*)::int from unnest($3::uuid[]) x where not exists (select 1 from ${schema}.live_actions l where l.id = x and l.token = $1 and l.phase <> ${phaseCodes.closing})
            and not exists (select 1 from ${schema}.jobs j where j.action = x and j.kind = 0 and j.token = $1)), array(select id::text from ${schema}.live_actions where token = $1 union all select action::text from ${schema}.jobs where priority = ${Priority.held} and token = $1),
           exists (select 1 from w where drained_at is not null)`,
        [token(by), PgTypes.float8(Duration.toMillis(lease)), array(running, PgTypes.OID.uuid)]
      ),
      (rows) => ({
        lost: rows[0]![0] === 0,
        gone: rows[0]![1] as number,
        held: rows[0]![2] as ReadonlyArray<string>,
        drained: rows[0]![3] as boolean
      })
    ),
  unregister: (by, now, burns = false) =>
    Effect.asVoid(run("unregister", "recover", recovering(now, [by], burns, []), "gone, taken")),
  recover: (now, spared = [], limits = undefined) =>
    Effect.gen(function*() {
      // one process at a time has an embedded database: whoever is registered when it opens is dead, whatever its lease
      const dead = embedded ? yield* call("recover", `select token from ${schema}.workers`, []) : []
      const tokens = dead.map((row) => row[0])
      const [row] = yield* run("recover", "recover", recovering(now, tokens, true, spared, limits), "gone, taken")
      return { workers: row![0] as ReadonlyArray<string>, actions: row![1] as number }
    }),
  reserveAlone: (by, catalog) =>
    Effect.map(
      run("reserveAlone", "reserve_alone", {
        p_token: token(by),
        p_queues: packedOf(catalog).queues,
        p_definitions: packedOf(catalog).definitions
      }),
      (rows) => rows[0]![0] as string | null
    ),
  heldBy: (by, except = []) =>
    Effect.map(
      run("heldBy", "held_by", { p_token: token(by), p_except: array(except, PgTypes.OID.uuid) }, "*"),
      toWorks
    ),
  giveBack: (by, actions, now) =>
    Effect.map(
      run("giveBack", "give_back", {
        p_token: token(by),
        p_actions: array(actions, PgTypes.OID.uuid),
        p_now: at(now)
      }),
      (rows) => rows[0]![0] as ReadonlyArray<string>
    ),
  postpone: (by, queue, job, due, failure) =>
    Effect.asVoid(
      run("postpone", "postpone", {
        p_token: token(by),
        p_queue: PgTypes.text(queue),
        p_job: PgTypes.int8(BigInt(job)),
        p_due: at(due),
        p_failure: json(failure)
      })
    )
})
