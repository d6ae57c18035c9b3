/** What has failed, in groups. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import type { FailureBuild, FailureGroup } from "../Failures.ts"
import type { Records } from "../store/Records.ts"
import type { Calls } from "./call.ts"
import { at } from "./columns.ts"

/** Failures that one call looks at. */
const examinedMax = 20_000

/** The newest failures, or the newest of those of a time, each with the id of its group. */
export const failedOf = (schema: string, since = "null", before = "null") =>
  `${schema}.failed_actions(${since}, ${before}, null, null,
    ${schema}.failures_from(${since}, ${before}, null, null, ${examinedMax}), ${examinedMax})`

/** As JSON has it. */
type StoredBuild = {
  readonly build: string | null
  readonly count: number
  readonly firstSeen: number
  readonly lastSeen: number
}

const buildOf = ({ build, count, firstSeen, lastSeen }: StoredBuild): FailureBuild => ({
  build: build ?? undefined,
  count,
  firstSeen: new Date(firstSeen),
  lastSeen: new Date(lastSeen)
})

export const failuresOf = ({ run }: Calls): Pick<Records, "failures"> => ({
  failures: ({ actorType, before, name, since }, limit) =>
    Effect.map(
      run(
        "failures",
        "failure_groups",
        {
          p_since: since === undefined ? null : at(since.getTime()),
          p_until: before === undefined ? null : at(before.getTime()),
          p_actor_type: actorType === undefined ? null : PgTypes.text(actorType),
          p_name: name === undefined ? null : PgTypes.text(name),
          p_limit: PgTypes.int4(examinedMax),
          p_groups: PgTypes.int4(limit)
        },
        "failure, actor_type, name, status, kind, tag, path, message, count, first_seen, last_seen, samples, builds, complete_from"
      ),
      (rows) => {
        const from = rows[0]?.[13]
        return {
          // one that has no group says alone how far was looked
          groups: rows.filter(([id]) => id !== null).map((row): FailureGroup => ({
            id: row[0] as string,
            actorType: row[1] as string,
            name: row[2] as string,
            status: row[3] as FailureGroup["status"],
            kind: row[4] as FailureGroup["kind"],
            tag: (row[5] ?? undefined) as string | undefined,
            path: row[6] as string,
            message: row[7] as string,
            count: row[8] as number,
            firstSeen: row[9] as Date,
            lastSeen: row[10] as Date,
            samples: row[11] as ReadonlyArray<string>,
            builds: (row[12] as ReadonlyArray<StoredBuild>).map(buildOf)
          })),
          from: (from ?? undefined) as Date | undefined
        }
      }
    )
})
