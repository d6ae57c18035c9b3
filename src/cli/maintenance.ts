/** Commands that look after the tables: making and updating them, and deleting what is old. */
import { Console, Duration, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { AchievementStore } from "../AchievementStore.ts"
import type { DeletableGroup } from "../ActionRecord.ts"
import { ActionRepo } from "../ActionRepo.ts"
import { migrationStatus, script } from "../sql/Migrations.ts"
import { migrate as migrateTables } from "../Stepped.ts"
import { Storage } from "../store/Storage.ts"
import { answer } from "./answer.ts"
import { confirmed } from "./confirmed.ts"
import { SchemaName, withClient, withEngine } from "./connection.ts"
import { type Export, exportTo } from "./exporting.ts"
import { nothing, stoppedBy, usage } from "./failures.ts"
import { by, operator, reason, time } from "./given.ts"
import { Output } from "./Output.ts"

const storage = Effect.map(
  SchemaName,
  (schema) => Storage.layer({ schema, deadline: Duration.seconds(20), embedded: false })
)

const status = Command.make("status", {}, () =>
  withClient(Effect.gen(function*() {
    const output = yield* Output
    const found = yield* Effect.provide(migrationStatus, yield* storage)
    const names = found.missing.map(({ id, name }) => `${id} ${name}`)
    yield* output.value(
      found,
      names.length === 0
        ? `schema ${found.schema} is up to date: migration ${found.ran}`
        : `schema ${found.schema} is at migration ${found.ran} of ${found.latest}; missing: ${names.join(", ")}`
    )
    if (names.length > 0) return yield* nothing()
  }))).pipe(Command.withDescription("Which migrations have run, and which are missing"))

const up = Command.make("up", {
  dryRun: Flag.Boolean("dry-run").pipe(
    Flag.withDescription("Say what would run, and change nothing"),
    Flag.withDefault(false)
  ),
  sql: Flag.Boolean("sql").pipe(
    Flag.withDescription("Print the script for a database without the tables, and connect to none"),
    Flag.withDefault(false)
  )
}, ({ dryRun, sql }) =>
  sql
    ? Effect.gen(function*() {
      const text = yield* Effect.mapError(Effect.provide(script, yield* storage), stoppedBy)
      yield* Console.log(text)
    })
    : withClient(Effect.gen(function*() {
      const output = yield* Output
      const ran = dryRun
        ? (yield* Effect.provide(migrationStatus, yield* storage)).missing
        : (yield* migrateTables({ schema: yield* SchemaName })).map(([id, name]) => ({ id, name }))
      const names = ran.map(({ id, name }) => `${id} ${name}`).join(", ")
      yield* output.value(
        dryRun ? { missing: ran } : { ran },
        names === "" ? "nothing to do" : dryRun ? `would run: ${names}` : `has run: ${names}`
      )
    }))).pipe(Command.withDescription("Create or update the tables, in one transaction and beside running workers"))

const migrate = Command.make("migrate").pipe(
  Command.withDescription("The engine's tables"),
  Command.withSubcommands([status, up])
)

/** What grows, and how a page of what is old of it is deleted. */
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
  export: Flag.String("export").pipe(
    Flag.withDescription(
      "A file that actions are added to before they are deleted, as JSON lines, with arguments and results"
    ),
    Flag.withMetavar("file"),
    Flag.optional
  ),
  dryRun: Flag.Boolean("dry-run").pipe(
    Flag.withDescription("Say what would be deleted, by action and status, and what stays; change nothing"),
    Flag.withDefault(false)
  ),
  yes: Flag.Boolean("yes").pipe(Flag.withDescription("Do not ask"), Flag.withDefault(false)),
  reason,
  by
}, (given) =>
  withEngine(
    Effect.gen(function*() {
      const output = yield* Output
      if (Option.isNone(given.before)) return yield* usage("since when is it old? Give --before")
      const before = given.before.value
      if (Option.isSome(given.export) && given.what !== "actions") {
        return yield* usage(`--export keeps actions: of ${given.what} nothing is to be kept`)
      }
      if (given.dryRun && given.what !== "actions") return yield* usage("--dry-run is of actions")
      if (given.dryRun) return yield* planned(before)
      const asks = yield* operator(given)
      // who does not ask beforehand has seen it, or is a program
      if (!given.yes && given.what === "actions") yield* planned(before)
      if (!given.yes) yield* confirmed(`delete ${kinds[given.what]}, from before ${output.time(before)}?`)
      const kept = Option.isSome(given.export) ? yield* exportTo(given.export.value) : undefined
      if (kept !== undefined && kept.before > 0) {
        yield* output.remark(
          "there is something in the file already, and this is added to it: what was written there and not deleted, as after a crash, is in it twice"
        )
      }
      const deleted = yield* deletingAll(given.what, { before, ...asks }, kept)
      yield* output.value(
        {
          verb: verbs[given.what],
          before,
          deleted,
          ...kept === undefined ? {} : { exported: Option.getOrThrow(given.export) }
        },
        `deleted: ${deleted}`
      )
    }).pipe(Effect.scoped)
  )).pipe(Command.withDescription("Delete what is old"))

/** Why something stays that is old. */
const stays: Readonly<Record<NonNullable<DeletableGroup["because"]>, string>> = {
  unwinding: "what it did is being undone, or may still be",
  key: "a key names it, as long as that is held",
  children: "children of it are still to be cancelled",
  parent: "a live action may read its result",
  answer: "an answer follows it: prune --what answers",
  retry: "a retry of it, or of what is above it, is to begin",
  successor: "what has superseded it stays"
}

/** Says how much there is, by action and status, and why what stays does. */
const planned = (before: Date) =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    const output = yield* Output
    const found = new Map<string, DeletableGroup>()
    let from: string | undefined
    do {
      const page = yield* repo.deletable({ before, from })
      for (const group of page.groups) {
        const key = [group.actorType, group.name, group.status, group.because].join("/")
        const count = group.count + (found.get(key)?.count ?? 0)
        found.set(key, { ...group, count })
      }
      from = page.next
    } while (from !== undefined)
    const groups = [...found.values()].toSorted((one, other) => other.count - one.count)
    yield* output.table(groups, [
      ["count", ({ count }) => String(count)],
      ["status", ({ status }) => status],
      ["action", ({ actorType, name }) => `${actorType}/${name}`],
      ["stays", ({ because }) => because && stays[because]],
      ["such as", ({ because, sample }) => because && sample]
    ], `nothing has ended before ${output.time(before)}`)
    const of = (is: (group: DeletableGroup) => boolean) => groups.filter(is).reduce((sum, { count }) => sum + count, 0)
    if (groups.length > 0) {
      yield* output.remark(
        `${of(({ because }) => because === undefined)} would be deleted, ${
          of(({ because }) => because !== undefined)
        } stay`
      )
    }
  })

const verbs = {
  actions: "ActionRepo.deleteEnded",
  answers: "ActionRepo.deleteOutcomes",
  operations: "ActionRepo.deleteOperations"
} as const

/** Actions that are in memory at a time, to be written. */
const exportedMax = 100

/** In pages, until there are no more; gives how many. */
const deletingAll = (
  what: keyof typeof kinds,
  options: { readonly before: Date; readonly reason: string; readonly by: string },
  kept: Export | undefined
) =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    let deleted = 0
    if (what === "actions") {
      let from: string | undefined
      do {
        const page = yield* kept === undefined
          ? repo.deleteEnded({ ...options, from })
          : repo.deleteEnded({ ...options, from, limit: exportedMax, export: kept.add })
        deleted += page.deleted
        from = page.next
      } while (from !== undefined)
      return deleted
    }
    while (true) {
      const page = yield* what === "answers" ? repo.deleteOutcomes(options) : repo.deleteOperations(options)
      deleted += page
      if (page === 0) return deleted
    }
  })

const forget = Command.make("forget-achievement", {
  key: Argument.String("key").pipe(Argument.withDescription("Its checksum key, as `show --json` has it of an action")),
  below: Flag.Boolean("below").pipe(
    Flag.withDescription("This key, and all that have its parts and more"),
    Flag.withDefault(false)
  ),
  reason,
  by
}, ({ below, key, ...given }) =>
  withEngine(Effect.gen(function*() {
    const store = yield* AchievementStore
    const asks = yield* operator(given)
    if (!below) {
      const done = yield* store.forget(key, asks)
      return yield* answer("AchievementStore.forget", key, {
        outcome: done ? "done" : "none",
        text: done ? "done" : "nothing is achieved under this key"
      })
    }
    const forgotten = yield* store.forgetAll({ below: key, ...asks })
    yield* answer("AchievementStore.forgetAll", key, {
      outcome: forgotten > 0 ? "done" : "none",
      text: forgotten > 0 ? `forgotten: ${forgotten}` : "nothing is achieved under such keys",
      more: { forgotten }
    })
  }))).pipe(Command.withDescription("Forget that work is achieved, so that it is done again"))

export const maintenanceCommands = [migrate, prune, forget] as const
