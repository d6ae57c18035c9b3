/** What workers have said of themselves, read: who they are, and which definitions there are. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import type { DefinitionRecord, WorkerRecord } from "../Catalogue.ts"
import type { Records } from "../store/Records.ts"
import type { Calls } from "./call.ts"
import { defined, reading } from "./reading.ts"

const { text } = PgTypes

export const catalogueOf = (calls: Calls): Pick<Records, "definitions" | "workers"> => {
  const { schema } = calls
  const workers = reading(calls)<WorkerRecord>({
    name: "w.name",
    build: "w.build",
    queues: "w.queues",
    definitions: "case when w.definitions is not null then jsonb_object(w.definitions, w.hashes) end",
    startedAt: "w.started_at",
    leaseUntil: "w.lease_until",
    inHand: "coalesce(h.count, 0)::int"
  })
  const definitions = reading(calls)<DefinitionRecord>({
    ...defined,
    hash: "hash",
    description: "json",
    firstSeen: "first_seen",
    lastSeen: "last_seen"
  })
  return {
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
    definitions: ({ actorType, current, name }, limit) =>
      definitions(
        "definitions",
        `from (select key as definition, * from ${schema}.definitions) d
          where ($1::text is null or starts_with(definition, $1 || '/')) and ($2::text is null or split_part(definition, '/', 2) = $2)
            and (not $3 or hash = any(array(select h.hash from ${schema}.workers w cross join unnest(w.definitions, w.hashes) h(key, hash) where h.key = definition)))
          order by definition, first_seen desc, hash limit $4`,
        [
          actorType === undefined ? null : text(actorType),
          name === undefined ? null : text(name),
          PgTypes.bool(current ?? false),
          PgTypes.int4(limit)
        ]
      )
  }
}
