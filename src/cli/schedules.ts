/** Commands about what is enqueued by the clock. */
import { Clock, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { type ScheduleRecord, Schedules } from "../Schedules.ts"
import { textOf } from "../verbs/answers.ts"
import { type OneVerb, verbTable } from "../verbs/table.ts"
import { answer } from "./answer.ts"
import { withEngine } from "./connection.ts"
import { doing } from "./doing.ts"
import { usage } from "./failures.ts"
import { actorOf, by, limit, operator, reason, time } from "./given.ts"
import { Output, span } from "./Output.ts"

const name = Argument.String("name").pipe(Argument.withDescription("The name of a schedule, as `schedules` has it"))

const whenOf = ({ at, cron, everyMs, zone }: ScheduleRecord): string =>
  cron !== undefined
    ? `${cron} ${zone}`
    : everyMs !== undefined
    ? `every ${span(everyMs)}`
    : at !== undefined && !Number.isNaN(at.getTime())
    ? `at ${at.toISOString()}`
    : "unreadable"

const list = Command.make("list", {
  actor: Flag.String("actor").pipe(Flag.withDescription("Of an actor, Car/1, with --action"), Flag.optional),
  action: Flag.String("action").pipe(Flag.withDescription("Of this name, with --actor"), Flag.optional),
  after: Flag.String("after").pipe(Flag.withDescription("Behind the one of this name"), Flag.optional),
  limit
}, (given) =>
  withEngine(Effect.gen(function*() {
    const output = yield* Output
    const { list } = yield* Schedules
    const now = yield* Clock.currentTimeMillis
    const actor = Option.isSome(given.actor) ? actorOf(given.actor.value) : undefined
    const found = yield* list({
      actorType: actor?.actorType,
      actorId: actor?.actorId,
      action: Option.getOrUndefined(given.action),
      after: Option.getOrUndefined(given.after),
      limit: given.limit
    })
    yield* output.table(found, [
      ["schedule", ({ name }) => name],
      ["state", ({ state }) => state, ({ state }) => state === "active" ? "good" : state === "over" ? "quiet" : "bad"],
      ["when", whenOf],
      ["fires", ({ firesAt, state }) => {
        // none of its times is one at which it fires
        if (state === "paused") return undefined
        const isDue = state === "orphaned" && firesAt !== undefined && firesAt.getTime() <= now
        return isDue ? `due since ${output.ago(firesAt)}` : output.ago(firesAt)
      }],
      ["last", ({ lastSlot }) => output.ago(lastSlot)],
      ["action", ({ action, actorId, actorType }) => `${actorType}/${actorId} ${action}`],
      ["of", ({ source }) => source],
      ["paused", ({ pause }) => pause && `${pause.ofAll ? "all: " : ""}${pause.reason} (${pause.by})`, () => "bad"],
      ["trouble", ({ trouble }) => trouble, () => "bad"]
    ], "there are no schedules")
  }))).pipe(
    Command.withDescription("Schedules: when each fires next, and which do not"),
    Command.withAlias("ls")
  )

const next = Command.make("next", {
  name,
  count: Flag.Int("count").pipe(Flag.withDescription("How many: 5 if not given"), Flag.withDefault(5))
}, ({ count, name }) =>
  withEngine(Effect.gen(function*() {
    const output = yield* Output
    const { find, next } = yield* Schedules
    const { state, trouble } = yield* find(name)
    const slots = yield* next(name, count)
    yield* output.table(slots, [
      ["slot", ({ slot }) => output.time(slot)],
      ["fires", ({ firesAt }) => output.ago(firesAt)]
    ], trouble === undefined ? "none comes any more" : `it cannot be read, and fires nothing: ${trouble}`)
    if (slots.length > 0 && state !== "active") yield* output.remark(`it is ${state}: none of them fires as it is`)
  }))).pipe(Command.withDescription("The next times of a schedule"))

const history = Command.make(
  "history",
  { name, before: time("before", "Slots before"), limit },
  (given) =>
    withEngine(Effect.gen(function*() {
      const output = yield* Output
      const { history } = yield* Schedules
      const slots = yield* history(given.name, { limit: given.limit, before: Option.getOrUndefined(given.before) })
      yield* output.table(slots, [
        ["slot", ({ slot }) => output.time(slot)],
        ["enqueued", ({ at }) => output.ago(at)],
        ["status", ({ status }) => status ?? "not kept", ({ status }) => status === "failed" ? "bad" : "plain"],
        ["by hand", ({ byHand }) => byHand ? "yes" : undefined],
        ["id", ({ action }) => action]
      ], "nothing was enqueued, or its history has been deleted")
    }))
).pipe(Command.withDescription("What a schedule has enqueued, and what has become of that"))

const operated = { name, reason, by }

/** What the command says of itself. */
const says = (verb: OneVerb) => Command.withDescription(verbTable[verb].description)

/** A verb about one schedule. */
const asking = (
  verb: "Schedules.pause" | "Schedules.resume" | "Schedules.run" | "Schedules.remove",
  command: string
) =>
  Command.make(command, operated, ({ name, ...asked }) =>
    withEngine(
      Effect.gen(function*() {
        yield* answer(verb, name, yield* doing(verb, { name }, yield* operator(asked)))
      })
    )).pipe(says(verb))

const pause = asking("Schedules.pause", "pause")
const resume = asking("Schedules.resume", "resume")
const run = asking("Schedules.run", "run")
const remove = asking("Schedules.remove", "remove")

/** A verb about all of them. */
const askingAll = (verb: "Schedules.pauseAll" | "Schedules.resumeAll", command: string) =>
  Command.make(command, { reason, by }, (asked) =>
    withEngine(
      Effect.gen(function*() {
        yield* answer(verb, "schedules", yield* doing(verb, {}, yield* operator(asked)))
      })
    )).pipe(says(verb))

const pauseAll = askingAll("Schedules.pauseAll", "pause-all")
const resumeAll = askingAll("Schedules.resumeAll", "resume-all")

const backfill = Command.make("backfill", {
  ...operated,
  from: time("from", "Slots from"),
  to: time("to", "Slots to; until now, if not given"),
  dryRun: Flag.Boolean("dry-run").pipe(
    Flag.withDescription("Say which slots would be enqueued, and enqueue none"),
    Flag.withDefault(false)
  )
}, ({ dryRun, from, name, to, ...asked }) =>
  withEngine(Effect.gen(function*() {
    const verb = "Schedules.backfill"
    if (Option.isNone(from)) return yield* usage("from when on? Give --from")
    const input = { name, from: from.value, ...Option.isNone(to) ? {} : { to: to.value } }
    if (dryRun) {
      // nothing of it is recorded
      const plan = yield* doing(verb, { ...input, dryRun }, { by: "nobody", reason: "asked what it would do" })
      return yield* (yield* Output).value({ verb, target: name, outcome: plan.outcome, ...plan.more }, textOf(plan))
    }
    yield* answer(verb, name, yield* doing(verb, input, yield* operator(asked)))
  }))).pipe(says("Schedules.backfill"))

const schedules = Command.make("schedules").pipe(
  Command.withDescription(
    "What is enqueued by the clock: when each fires, what it has enqueued, and what to do about it"
  ),
  Command.withSubcommands([list, next, history, pause, resume, pauseAll, resumeAll, run, backfill, remove])
)

export const scheduleCommands = [schedules] as const
