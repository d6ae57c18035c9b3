/** What workers have said of themselves, read: who they are, and which definitions there are; and what the history says of these. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import type { AskedRecord } from "../ActionRecord.ts"
import type { DefinitionRecord, WorkerRecord } from "../Catalogue.ts"
import { stepKinds } from "../domain/Phase.ts"
import type { Records } from "../store/Records.ts"
import type { Calls } from "./call.ts"
import { defined, reading } from "./reading.ts"

const optional = (text: string | undefined) => text === undefined ? null : PgTypes.text(text)

export const catalogueOf = (calls: Calls): Pick<Records, "asked" | "definitions" | "workers"> => {
  const { schema } = calls
  const workers = reading(calls)<WorkerRecord>({
    id: "w.token::text",
    name: "w.name",
    build: "w.build",
    queues: "w.queues",
    definitions: "case when w.definitions is not null then jsonb_object(w.definitions, w.hashes) end",
    startedAt: "w.started_at",
    heardAt: "w.renewed_at",
    leaseUntil: "w.lease_until",
    inHand: "coalesce(h.count, 0)::int",
    drainingSince: "w.drained_at",
    readAt: "clock_timestamp()"
  })
  const definitions = reading(calls)<DefinitionRecord>({
    ...defined,
    hash: "hash",
    description: "json",
    // as exactly as programs hold a time, so that a list goes on behind one
    firstSeen: "date_trunc('milliseconds', first_seen)",
    lastSeen: "last_seen"
  })
  const asked = reading(calls)<Omit<AskedRecord, "child"> & { readonly child: string | undefined }>({
    ...defined,
    step: "step",
    kind: "kind",
    child: "child",
    signal: "signal",
    count: "count"
  })
  const isCurrent = `((v.key, v.hash) in (select h.key, h.hash
    from ${schema}.workers w cross join unnest(w.definitions, w.hashes) h(key, hash) where h.hash is not null))`
  return {
    // the newest by their ids: of the history no more than these is read, however rare a definition is
    asked: ({ actorType, name }, limit) =>
      Effect.map(
        asked(
          "asked",
          `from (
              select a.definition, s.name as step, (array[${
            stepKinds.map((kind) => `'${kind}'`).join(", ")
          }])[s.kind + 1] as kind,
                o.definition as child, o.signal, count(*)::int
              from (
                select id, definition from (
                  (select id, definition from ${schema}.ended_actions order by id desc limit $3)
                  union all
                  (select id, definition from ${schema}.live_actions where unwinds is null order by id desc limit $3)) n
                order by id desc limit $3) a
              join ${schema}.steps s on s.action = a.id
              cross join lateral (select definition, signal, undo from ${schema}.slots
                where action = s.action and step = s.idx order by slot limit 1000) o
              where ($1::text is null or starts_with(a.definition, $1 || '/')) and ($2::text is null or split_part(a.definition, '/', 2) = $2)
                and o.undo is null and (o.definition is not null or o.signal is not null)
              group by 1, 2, 3, 4, 5) x
            order by definition, step collate "C", kind, child, signal`,
          [optional(actorType), optional(name), PgTypes.int4(limit)]
        ),
        (records) =>
          records.map(({ child, ...record }) => {
            const [childType, childName] = child?.split("/") ?? []
            return {
              ...record,
              child: childType === undefined || childName === undefined
                ? undefined
                : { actorType: childType, name: childName }
            }
          })
      ),
    workers: workers(
      "workers",
      `from ${schema}.workers w left join (
          select token, count(*) from (
            select token from ${schema}.live_actions where token is not null
            union all select token from ${schema}.jobs where token is not null) t
          group by token) h on h.token = w.token
        order by w.started_at, w.token limit 10000`,
      []
    ),
    definitions: ({ actorType, after, current, name, newest = false }, limit) =>
      definitions(
        "definitions",
        `from (
            select ${newest ? "distinct on (v.key)" : ""} v.key as definition, v.hash, v.json, v.first_seen, v.last_seen
            from ${schema}.definitions v
            where ($1::text is null or starts_with(v.key, $1 || '/')) and ($2::text is null or split_part(v.key, '/', 2) = $2)
              and (not $3 or ${isCurrent})
            ${newest ? `order by v.key, ${isCurrent} desc, v.last_seen desc, v.first_seen desc, v.hash` : ""}) d
          where $5::text is null or definition > $5 or (definition = $5 and (
            date_trunc('milliseconds', first_seen) < $6 or (date_trunc('milliseconds', first_seen) = $6 and hash > $7)))
          order by definition, date_trunc('milliseconds', first_seen) desc, hash limit $4`,
        [
          optional(actorType),
          optional(name),
          PgTypes.bool(current ?? false),
          PgTypes.int4(limit),
          optional(after && `${after.actorType}/${after.name}`),
          PgTypes.timestamptz(after?.firstSeen ?? null),
          optional(after?.hash)
        ]
      )
  }
}
