/** Commands about what is enqueued by the clock. */
import { Clock, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type { OperatorVerb } from "../Operation.ts"
import { type ScheduleRecord, Schedules } from "../Schedules.ts"
import { type Answer, answer } from "./answer.ts"
import { withEngine } from "./connection.ts"
import { type LibraryError, usage } from "./failures.ts"
import { actorOf, by, limit, operator, reason, time } from "./given.ts"
import { Output } from "./Output.ts"

const name = Argument.String("name").pipe(Argument.withDescription("The name of a schedule, as `schedules` has it"))

const whenOf = ({ at, cron, every, zone }: ScheduleRecord): string =>
  cron !== undefined ? `${cron} ${zone}` : every !== undefined ? `every ${every} ms` : `at ${at!.toISOString()}`

const list = Command.make("list", {
  actor: Flag.String("actor").pipe(Flag.withDescription("Of an actor, Car/1, with --action"), Flag.optional),
  action: Flag.String("action").pipe(Flag.withDescription("Of this name, with --actor"), Flag.optional),
  after: Flag.String("after").pipe(Flag.withDescription("Behind the one of this name"), Flag.optional),
  limit
}, (given) =>
  withEngine(Effect.gen(function*() {
    const output = yield* Output
    const { list } = yield* Schedules
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
      ["fires", ({ firesAt }) => output.ago(firesAt)],
      ["last", ({ lastSlot }) => output.ago(lastSlot)],
      ["action", ({ action, actorId, actorType }) => `${actorType}/${actorId} ${action}`],
      ["of", ({ source }) => source],
      ["paused", ({ pause }) => pause && `${pause.reason} (${pause.by})`, () => "bad"],
      ["trouble", ({ trouble }) => trouble, () => "bad"]
    ], "there are no schedules")
  }))).pipe(Command.withDescription("Schedules: when each fires next, and which do not"))

const next = Command.make("next", {
  name,
  count: Flag.Int("count").pipe(Flag.withDescription("How many: 5 if not given"), Flag.withDefault(5))
}, ({ count, name }) =>
  withEngine(Effect.gen(function*() {
    const output = yield* Output
    const { find, next } = yield* Schedules
    const { state } = yield* find(name)
    yield* output.table(yield* next(name, count), [
      ["slot", ({ slot }) => output.time(slot)],
      ["fires", ({ firesAt }) => output.ago(firesAt)]
    ], "none comes any more")
    if (state !== "active") yield* output.remark(`it is ${state}: none of them fires as it is`)
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

type Operated = Command.Command.Config.Infer<
  { readonly name: typeof name; readonly reason: typeof reason; readonly by: typeof by }
>

/** A verb, and what it answers with. */
const asking = <E extends LibraryError>(
  verb: OperatorVerb,
  given: Operated,
  ask: (
    schedules: Schedules["Service"],
    asks: { readonly by: string; readonly reason: string }
  ) => Effect.Effect<Answer, E>
) =>
  withEngine(Effect.gen(function*() {
    const asks = yield* operator(given)
    const schedules = yield* Schedules
    yield* answer(verb, given.name, yield* ask(schedules, asks))
  }))

const operated = { name, reason, by }

const unchanged: Readonly<Record<string, string>> = {
  paused: "nothing was changed: it is paused already",
  notPaused: "nothing was changed: it is not paused",
  declared: "nothing was changed: a living worker declares it, and would again; deploy without it first",
  none: "there is no such schedule"
}

const answerOf = (outcome: string): Answer => ({ outcome, text: unchanged[outcome] })

const pause = Command.make(
  "pause",
  operated,
  (given) => asking("Schedules.pause", given, ({ pause }, asks) => Effect.map(pause(given.name, asks), answerOf))
).pipe(Command.withDescription("Fire none of its slots until somebody goes on with it"))

const resume = Command.make(
  "resume",
  operated,
  (given) => asking("Schedules.resume", given, ({ resume }, asks) => Effect.map(resume(given.name, asks), answerOf))
).pipe(Command.withDescription("Go on with a schedule, with the slot that comes next"))

const run = Command.make("run", operated, (given) =>
  asking("Schedules.run", given, ({ run }, asks) =>
    Effect.map(
      run(given.name, asks),
      (id): Answer => ({ outcome: "done", text: `done: it is enqueued as ${id}`, more: { id } })
    ))).pipe(Command.withDescription("Enqueue it once, now"))

const backfill = Command.make("backfill", {
  ...operated,
  from: time("from", "Slots from"),
  to: time("to", "Slots to; until now, if not given")
}, (given) =>
  asking("Schedules.backfill", given, ({ backfill }, asks) =>
    Effect.gen(function*() {
      if (Option.isNone(given.from)) return yield* usage("from when on? Give --from")
      const now = new Date(yield* Clock.currentTimeMillis)
      const range = { from: given.from.value, to: Option.getOrElse(given.to, () => now) }
      const { before, enqueued } = yield* backfill(given.name, range, asks)
      const isNew = enqueued.length > 0
      const text = isNew
        ? `done: ${enqueued.length} enqueued, and ${before} had been before`
        : `nothing was changed: ${before === 0 ? "there are no slots" : `all ${before} had been enqueued before`}`
      return { outcome: isNew ? "done" : "before", text, more: { enqueued, before } }
    }))).pipe(Command.withDescription("Enqueue what was missed: slots of a range, each once"))

const remove = Command.make(
  "remove",
  operated,
  (given) => asking("Schedules.remove", given, ({ remove }, asks) => Effect.map(remove(given.name, asks), answerOf))
).pipe(Command.withDescription("Remove a schedule; what it has enqueued stays"))

const schedules = Command.make("schedules").pipe(
  Command.withDescription(
    "What is enqueued by the clock: when each fires, what it has enqueued, and what to do about it"
  ),
  Command.withSubcommands([list, next, history, pause, resume, run, backfill, remove])
)

export const scheduleCommands = [schedules] as const
