/** The command that deletes what is old: from before a time, or by how long each status and action is kept; first what it would come to. */
import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { ActionRepo } from "../ActionRepo.ts"
import { Engine } from "../Engine.ts"
import * as BatchSize from "../engine/BatchSize.ts"
import { inTime } from "../engine/check/pages.ts"
import type { DeletionScope, HistoryRetention, PlannedDeletion } from "../Retention.ts"
import { deletionLimit } from "../store/asked.ts"
import { confirmed } from "./confirmed.ts"
import { withEngine } from "./connection.ts"
import { type Export, exportTo } from "./exporting.ts"
import { nothing, usage } from "./failures.ts"
import { by, operator, reason, time } from "./given.ts"
import { type Column, Output } from "./Output.ts"

/** What grows. */
const kinds = {
  actions: "ended actions, but for what is still read",
  answers: "answers that are kept for what was never stored as an action",
  operations: "records of what operators have done"
} as const

const prune = Command.make("prune", {
  what: Flag.Literals("what", ["actions", "answers", "operations"]).pipe(
    Flag.withDescription(
      Object.entries(kinds).map(([kind, text]) => `${kind}: ${text}`).join("; ") + ". Actions, if not given"
    ),
    Flag.withDefault("actions" as const)
  ),
  before: time("before", "What ended before"),
  keep: Flag.String("keep").pipe(
    Flag.withDescription(
      "In place of --before, and as often as there are kinds: how long ended actions are kept, failed=\"90 days\", Car/visit=\"365 days\", " +
        "Car/visit:failed=\"730 days\" or otherwise=\"30 days\"; what is not named is kept for ever"
    ),
    Flag.withMetavar("kind=duration"),
    Flag.atLeast(0)
  ),
  dryRun: Flag.Boolean("dry-run").pipe(
    Flag.withDescription("Say what would be deleted, and what stays and why, and change nothing"),
    Flag.withDefault(false)
  ),
  export: Flag.String("export").pipe(
    Flag.withDescription(
      "A file that actions are added to before they are deleted, as JSON lines, with arguments and results"
    ),
    Flag.withMetavar("file"),
    Flag.optional
  ),
  yes: Flag.Boolean("yes").pipe(Flag.withDescription("Do not ask"), Flag.withDefault(false)),
  reason,
  by
}, (given) =>
  withEngine(
    Effect.gen(function*() {
      const output = yield* Output
      const scope = yield* scopeOf(given.before, given.keep)
      if (given.what !== "actions") {
        if (Option.isSome(given.export)) {
          return yield* usage(`--export keeps actions: of ${given.what} nothing is to be kept`)
        }
        if (given.dryRun) return yield* usage(`--dry-run counts actions: ${given.what} are deleted by their age alone`)
      }
      if (given.dryRun) {
        const { rows, text } = yield* planned(scope, Infinity)
        yield* output.table(rows, columns, nothingOld)
        return rows.length > 0 ? yield* output.remark(text) : undefined
      }
      const asks = yield* operator(given)
      const which = scope.before === undefined ? "by how long each is kept" : `from before ${output.time(scope.before)}`
      if (!given.yes) {
        const plan: Array<string> = []
        if (given.what === "actions") {
          const { hasMore, rows, text } = yield* planned(scope, plannedMax)
          if (rows.length === 0 && !hasMore) return yield* nothing(nothingOld)
          const most = `, of the newest ${plannedMax.toLocaleString("en")} that may be`
          plan.push(...rows.map(planLine), hasMore ? `${text}${most}` : text)
        }
        for (const line of plan) yield* output.remark(line)
        yield* confirmed(`delete ${kinds[given.what]}, ${which}?`, plan.join("\n"))
      }
      const kept = Option.isSome(given.export) ? yield* exportTo(given.export.value) : undefined
      if (kept !== undefined && kept.before > 0) {
        yield* output.remark(
          "there is something in the file already, and this is added to it: what was written there and not deleted, as after a crash, is in it twice"
        )
      }
      const deleted = yield* given.what === "actions"
        ? deletingActions({ ...scope, ...asks }, kept)
        : scope.before === undefined
        ? usage(`--keep says how long actions are kept: of ${given.what} give --before`)
        : deletingRows(given.what, { before: scope.before, ...asks })
      yield* output.value(
        {
          verb: verbs[given.what],
          ...scope.before === undefined ? { retention: scope.retention } : { before: scope.before },
          deleted,
          ...kept === undefined ? {} : { exported: Option.getOrThrow(given.export) }
        },
        `deleted: ${deleted}`
      )
    }).pipe(Effect.scoped)
  )).pipe(Command.withDescription("Delete what is old"))

const verbs = {
  actions: "ActionRepo.deleteEnded",
  answers: "ActionRepo.deleteOutcomes",
  operations: "ActionRepo.deleteOperations"
} as const

// -------------------------------------------------------------------------------------------------------------------
// what is old
// -------------------------------------------------------------------------------------------------------------------

const scopeOf = (before: Option.Option<Date>, keep: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    if (Option.isSome(before)) {
      if (keep.length > 0) return yield* usage("since when is it old? Give --before or --keep, not both")
      return { before: before.value } satisfies DeletionScope
    }
    if (keep.length === 0) return yield* usage("since when is it old? Give --before, or --keep for each kind")
    // what is shown before it is asked for, and all pages of it, are of one time
    const asOf = new Date(yield* (yield* Engine).now)
    return { retention: yield* retentionOf(keep), asOf } satisfies DeletionScope
  })

/** `failed=90 days`, `Car/visit=365 days`, `Car/visit:failed=730 days`. What is no status, action or duration is refused where it is read. */
const retentionOf = (keep: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const statuses: Record<string, string> = {}
    const actions: Record<string, Record<string, string>> = {}
    for (const text of keep) {
      const [kind, period] = cut(text, "=")
      if (period === undefined) {
        return yield* usage(`--keep ${text} says no time: give a kind and a duration, as failed="90 days"`)
      }
      const [action, status = "otherwise"] = cut(kind, ":")
      const at = action.includes("/") ? actions[action] ??= {} : statuses
      const word = action.includes("/") ? status : kind
      if (at[word] !== undefined) return yield* usage(`--keep says two times for ${kind}: ${at[word]}, and ${period}`)
      at[word] = period
    }
    return { ...statuses, actions } as HistoryRetention
  })

const cut = (text: string, at: string): readonly [string, string | undefined] => {
  const place = text.indexOf(at)
  return place < 0 ? [text, undefined] : [text.slice(0, place), text.slice(place + 1)]
}

// -------------------------------------------------------------------------------------------------------------------
// what it comes to
// -------------------------------------------------------------------------------------------------------------------

/** Actions that one statement looks at. */
const plannedMax = 20_000

const nothingOld = "nothing is old enough"

const becomes = ({ because }: PlannedDeletion) => because === undefined ? "would be deleted" : `stays: ${because}`

const columns: ReadonlyArray<Column<PlannedDeletion>> = [
  ["action", ({ actorType, name }) => `${actorType}/${name}`],
  ["status", ({ status }) => status],
  ["count", ({ count }) => String(count)],
  ["", becomes],
  ["newest", ({ newest }) => newest]
]

const planLine = (row: PlannedDeletion) => `  ${row.actorType}/${row.name}, ${row.status}: ${row.count} ${becomes(row)}`

/** What would be deleted and what would stay, the most first; of so many that are looked at, and whether there may be more. */
const planned = (scope: DeletionScope, most: number) =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    const groups = new Map<string, PlannedDeletion>()
    let from: string | undefined
    let left = most
    do {
      const page = yield* repo.planDeletion({ ...scope, from, limit: plannedMax })
      for (const group of page.groups) {
        const key = JSON.stringify([group.actorType, group.name, group.status, group.because])
        const before = groups.get(key)
        // pages come newest first
        groups.set(key, before === undefined ? group : { ...before, count: before.count + group.count })
      }
      from = page.next
      left -= plannedMax
    } while (from !== undefined && left > 0)
    const rows = [...groups.values()].sort((a, b) => b.count - a.count)
    const goes = rows.reduce((sum, { because, count }) => because === undefined ? sum + count : sum, 0)
    const all = rows.reduce((sum, { count }) => sum + count, 0)
    return { rows, hasMore: from !== undefined, text: `would be deleted: ${goes}; stays: ${all - goes}` }
  })

// -------------------------------------------------------------------------------------------------------------------
// deleting
// -------------------------------------------------------------------------------------------------------------------

/** Actions that are in memory at a time, to be written. */
const exportedMax = 100

interface Asks {
  readonly reason: string
  readonly by: string
}

/** In pages, until there are no more, smaller ones where they take too long; gives how many. */
const deletingActions = (options: DeletionScope & Asks, kept: Export | undefined) =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    const size = BatchSize.make(kept === undefined ? deletionLimit.otherwise : exportedMax)
    let deleted = 0
    let from: string | undefined
    do {
      const page = yield* inTime(size, (limit) =>
        kept === undefined
          ? repo.deleteEnded({ ...options, from, limit })
          : repo.deleteEnded({ ...options, from, limit, export: kept.add }))
      deleted += page.deleted
      from = page.next
    } while (from !== undefined)
    return deleted
  })

const deletingRows = (what: "answers" | "operations", options: Asks & { readonly before: Date }) =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    const size = BatchSize.make(deletionLimit.otherwise)
    let deleted = 0
    while (true) {
      const page = yield* inTime(size, (limit) =>
        what === "answers"
          ? repo.deleteOutcomes({ ...options, limit })
          : repo.deleteOperations({ ...options, limit }))
      deleted += page
      if (page === 0) return deleted
    }
  })

export const pruneCommands = [prune] as const
