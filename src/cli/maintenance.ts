/** Commands that look after the tables and what is achieved: making and updating them, and forgetting. */
import { Console, Duration, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { AchievementStore } from "../AchievementStore.ts"
import { migrationStatus, script } from "../sql/Migrations.ts"
import { buildForSearch, missingForSearch, searchScript } from "../sql/searching.ts"
import { migrate as migrateTables } from "../Stepped.ts"
import { Storage } from "../store/Storage.ts"
import { unachieved, unachievedAll } from "../verbs/answers.ts"
import { targetOf } from "../verbs/asking.ts"
import { verbTable } from "../verbs/table.ts"
import { answer } from "./answer.ts"
import { Folder, SchemaName, Url, withClient, withEngine } from "./connection.ts"
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

const doneOf = (dryRun: boolean, names: ReadonlyArray<string>): string =>
  names.length === 0 ? "nothing to do" : `${dryRun ? "would run" : "has run"}: ${names.join(", ")}`

const up = Command.make("up", {
  dryRun: Flag.Boolean("dry-run").pipe(
    Flag.withDescription("Say what would run, and change nothing"),
    Flag.withDefault(false)
  ),
  sql: Flag.Boolean("sql").pipe(
    Flag.withDescription("Print the script for a database without the tables, and connect to none"),
    Flag.withDefault(false)
  ),
  search: Flag.Boolean("search").pipe(
    Flag.withDescription(
      "Then build the indexes of a long history by which lists of an actor, or by an action's name, go faster"
    ),
    Flag.withDefault(false)
  )
}, ({ dryRun, search, sql }) =>
  sql
    ? Effect.gen(function*() {
      if (Option.isSome(yield* Url) || Option.isSome(yield* Folder)) {
        return yield* usage("--sql asks no database: leave --url and --folder out")
      }
      const scripts = search ? Effect.map(Effect.all([script, searchScript]), (texts) => texts.join("\n")) : script
      const text = yield* Effect.mapError(Effect.provide(scripts, yield* storage), stoppedBy)
      yield* Console.log(text)
    })
    : withClient(Effect.gen(function*() {
      const output = yield* Output
      const ran = dryRun
        ? (yield* Effect.provide(migrationStatus, yield* storage)).missing
        : (yield* migrateTables({ schema: yield* SchemaName })).map(([id, name]) => ({ id, name }))
      const names = ran.map(({ id, name }) => `${id} ${name}`)
      if (!search) return yield* output.value(dryRun ? { missing: ran } : { ran }, doneOf(dryRun, names))
      if (dryRun) {
        const missing = yield* Effect.provide(missingForSearch, yield* storage)
        return yield* output.value({ missing: ran, search: missing }, doneOf(true, [...names, ...missing]))
      }
      const { building, built } = yield* Effect.provide(buildForSearch, yield* storage)
      yield* output.value(
        { ran, built, building },
        [doneOf(false, [...names, ...built]), ...building.map((name) => `${name} is being built by somebody else`)]
          .join("\n")
      )
    }))).pipe(Command.withDescription("Create or update the tables, in one transaction and beside running workers"))

const migrate = Command.make("migrate").pipe(
  Command.withDescription("The engine's tables"),
  Command.withSubcommands([status, up])
)

/** What of achievements is forgotten at a time. */
const forgottenMax = 10_000

const forget = Command.make("forget-achievement", {
  key: Argument.String("key").pipe(
    Argument.withDescription(
      "Its checksum key, as `show --json` has it of an action; of many by the flags there may be none"
    ),
    Argument.optional
  ),
  below: Flag.Boolean("below").pipe(
    Flag.withDescription("This key, and all that have its parts and more"),
    Flag.withDefault(false)
  ),
  actor: Flag.String("actor").pipe(Flag.withDescription("All by actors of a type"), Flag.optional),
  action: Flag.String("action").pipe(Flag.withDescription("All by actions of this name"), Flag.optional),
  before: time("before", "All that were achieved before"),
  reason,
  by
}, ({ action, actor, before, below, key, ...given }) =>
  withEngine(Effect.gen(function*() {
    const store = yield* AchievementStore
    const filter = {
      ...Option.isSome(before) ? { before: before.value } : {},
      ...Option.isSome(actor) ? { actorType: actor.value } : {},
      ...Option.isSome(action) ? { name: action.value } : {}
    }
    const isMany = below || Object.keys(filter).length > 0
    if (Option.isNone(key) && (below || !isMany)) {
      return yield* usage("which? Give a key, one with --below, or what is to hold: --actor, --action, --before")
    }
    if (Option.isSome(key) && isMany && !below) {
      return yield* usage("--actor, --action and --before are for many: with a key give --below, or none")
    }
    const asks = yield* operator(given)
    if (Option.isSome(key) && !below) {
      const done = yield* store.forget(key.value, asks)
      return yield* answer("AchievementStore.forget", key.value, unachieved(done))
    }
    const all = Option.isSome(key) ? { ...filter, below: key.value } : filter
    let forgotten = 0
    let page: number
    do {
      page = yield* store.forgetAll({ ...all, limit: forgottenMax, ...asks })
      forgotten += page
    } while (page === forgottenMax)
    yield* answer(
      "AchievementStore.forgetAll",
      targetOf("AchievementStore.forgetAll", all),
      unachievedAll(forgotten)
    )
  }))).pipe(Command.withDescription(verbTable["AchievementStore.forget"].description))

export const maintenanceCommands = [migrate, forget] as const
