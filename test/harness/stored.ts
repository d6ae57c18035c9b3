/**
 * How much is stored: for tests that say that nothing is.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** Rows of each table; `actions` counts live and ended ones, `jobs` what is queued. */
export interface Stored {
  readonly actions: number
  readonly steps: number
  readonly slots: number
  readonly achievements: number
  readonly outcomes: number
  readonly jobs: number
  /** Keys, signals and memos. */
  readonly beside: number
}

export const nothing: Stored = { actions: 0, steps: 0, slots: 0, achievements: 0, outcomes: 0, jobs: 0, beside: 0 }

export const stored = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.map(
    sql.unsafe<Stored>(`select
      ((select count(*) from stepped.live_actions) + (select count(*) from stepped.ended_actions))::int as actions,
      (select count(*) from stepped.steps)::int as steps, (select count(*) from stepped.slots)::int as slots,
      (select count(*) from stepped.achievements)::int as achievements, (select count(*) from stepped.outcomes)::int as outcomes,
      (select count(*) from stepped.jobs)::int as jobs,
      ((select count(*) from stepped.action_keys) + (select count(*) from stepped.signals) +
        (select count(*) from stepped.memos))::int as beside`),
    (rows) => rows[0]!
  ))
