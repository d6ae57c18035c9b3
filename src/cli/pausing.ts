/** Commands that hold up what is new, and go on with it, and that have a worker stop. */
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type { ActionKey } from "../Action.ts"
import { JobQueue, type PauseTarget } from "../JobQueue.ts"
import { type LaneKey, laneKeyNamed } from "../Lane.ts"
import { PerformanceLane } from "../PerformanceLane.ts"
import { Schedules } from "../Schedules.ts"
import { drained, paused as pausedAnswer, resumed } from "../verbs/answers.ts"
import { verbTable } from "../verbs/table.ts"
import { answer } from "./answer.ts"
import { withEngine } from "./connection.ts"
import { nothing, type Stopped, usage } from "./failures.ts"
import { by, operator, reason } from "./given.ts"
import { Output } from "./Output.ts"

const paused = {
  lane: Flag.String("lane").pipe(Flag.withDescription("A lane, by its key"), Flag.optional),
  named: Flag.String("lane-name").pipe(Flag.withDescription("With --lane: its name, if it has one"), Flag.optional),
  queue: Flag.String("queue").pipe(Flag.withDescription("A queue"), Flag.optional),
  definition: Flag.String("definition").pipe(Flag.withDescription("An action of an actor: Car/visit"), Flag.optional),
  all: Flag.Boolean("all").pipe(Flag.withDescription("Everything"), Flag.withDefault(false)),
  reason,
  by
}

type Paused = Command.Command.Config.Infer<typeof paused>

const laneOf = (key: string, name: Option.Option<string>): Effect.Effect<ActionKey | LaneKey, Stopped> =>
  Option.isNone(name)
    ? Effect.succeed(key)
    : Effect.try({ try: () => laneKeyNamed(name.value, key), catch: (error) => usage(`--lane-name: ${String(error)}`) })

const definitionOf = (text: string): Effect.Effect<PauseTarget, Stopped> => {
  const [actorType, name, ...more] = text.split("/")
  return actorType && name && more.length === 0
    ? Effect.succeed({ actorType, name })
    : usage(`--definition ${text}: an actor's type and an action's name, such as Car/visit`)
}

/** What one of four flags names, as text and as who pauses or resumes it. */
const subjectOf = (given: Paused) =>
  Effect.gen(function*() {
    const lanes = yield* PerformanceLane
    const queue = yield* JobQueue
    const subjects = [
      ...Option.isSome(given.lane)
        ? [{ of: "PerformanceLane", on: lanes, target: yield* laneOf(given.lane.value, given.named) } as const]
        : [],
      ...Option.isSome(given.queue)
        ? [{ of: "JobQueue", on: queue, target: { queue: given.queue.value } } as const]
        : [],
      ...Option.isSome(given.definition)
        ? [{ of: "JobQueue", on: queue, target: yield* definitionOf(given.definition.value) } as const]
        : [],
      ...given.all ? [{ of: "JobQueue", on: queue, target: "everything" } as const] : []
    ]
    const [subject] = subjects
    if (subject === undefined || subjects.length > 1) {
      return yield* usage("which one? Give one of --lane, --queue, --definition, --all")
    }
    return subject
  })

const textOf = (given: Paused): string =>
  [...Option.toArray(given.lane), ...Option.toArray(given.queue), ...Option.toArray(given.definition)][0] ??
    "everything"

/** What no worker has said that it has may still come, or be a typing error. */
const saidOf = ({ definition, queue, ...given }: Paused) =>
  Effect.gen(function*() {
    if (Option.isNone(definition) && Option.isNone(queue)) return
    const output = yield* Output
    const [actorType, ...name] = Option.getOrElse(definition, () => "").split("/")
    const known = yield* Effect.flatMap(JobQueue, ({ definitions }) =>
      Option.isSome(definition)
        ? definitions({ actorType, name: name.join("/"), limit: 1 })
        : definitions({ limit: 10_000 }))
    const isKnown = Option.isSome(definition)
      ? known.length > 0
      : Option.isNone(queue) || known.some(({ description }) => description.queue === queue.value)
    if (!isKnown) {
      const what = textOf({ definition, queue, ...given })
      yield* output.remark(`no worker has said that it has ${what}: \`definitions\` lists what they have`)
    }
  })

/** Whoever pauses everything is told that schedules go on. */
const saidOfSchedules = Effect.gen(function*() {
  const schedules = yield* Schedules
  const [first] = yield* schedules.list({ limit: 1 })
  const pauses = yield* Effect.flatMap(JobQueue, (queue) => queue.pauses)
  if (first === undefined || pauses.some(({ kind }) => kind === "schedules")) return
  yield* (yield* Output).remark("schedules go on firing, and what they fire waits: `schedules pause-all` pauses them")
})

/** Pauses or resumes, and says whether that has changed something. */
const changing = (verb: "pause" | "resume", given: Paused) =>
  withEngine(Effect.gen(function*() {
    const subject = yield* subjectOf(given)
    const options = yield* operator(given)
    const changed = subject.of === "JobQueue"
      ? yield* subject.on[verb](subject.target, options)
      : yield* subject.on[verb](subject.target, options)
    yield* answer(`${subject.of}.${verb}`, textOf(given), verb === "pause" ? pausedAnswer(changed) : resumed(changed))
    if (verb === "pause") yield* given.all ? saidOfSchedules : saidOf(given)
  }))

const pause = Command.make(
  "pause",
  paused,
  (given) => changing("pause", given)
).pipe(Command.withDescription("Begin nothing new in a lane, of a queue, of an action, or of anything"))

const resume = Command.make(
  "resume",
  paused,
  (given) => changing("resume", given)
).pipe(Command.withDescription(verbTable["JobQueue.resume"].description))

/** What is to be known of a worker that has missed a renewal of its lease: it may be dead, and nobody knows before the lease is over. */
const silentOf = (worker: string) =>
  Effect.gen(function*() {
    const output = yield* Output
    const workers = yield* Effect.flatMap(JobQueue, (queue) => queue.workers)
    const found = workers.find(({ id, name }) => name === worker || id === worker)
    if (found === undefined) return undefined
    const { heardAt, leaseUntil, readAt } = found
    const missed = heardAt.getTime() + (leaseUntil.getTime() - heardAt.getTime()) * 2 / 3
    return readAt.getTime() < missed ? undefined : {
      heardAt,
      text:
        `nothing is heard of it since ${
          output.ago(heardAt, readAt)
        }. If it is dead, others take over what it has in hand ` +
        `once its lease is over, at ${output.ago(leaseUntil, readAt)}; if it is heard again before, it stops`
    }
  })

const drain = Command.make("drain", {
  worker: Argument.String("worker").pipe(Argument.withDescription("A worker's name or id, as `workers` has it")),
  reason,
  by
}, ({ worker, ...given }) =>
  withEngine(Effect.gen(function*() {
    const queue = yield* JobQueue
    const outcome = yield* Effect.catchTags(queue.drain(worker, yield* operator(given)), {
      UnknownWorker: ({ message }) => nothing(message),
      AmbiguousWorker: ({ message }) => usage(message)
    })
    const silent = yield* silentOf(worker)
    const done = drained(outcome)
    const asks = outcome === "done" ? "it is asked to stop" : "nothing was changed: it is draining already"
    yield* answer(
      "JobQueue.drain",
      worker,
      silent === undefined ? done : {
        ...done,
        more: { heardAt: silent.heardAt },
        text: `${asks}, but ${silent.text}`
      }
    )
  }))).pipe(Command.withDescription(verbTable["JobQueue.drain"].description))

export const pauseCommands = [pause, resume, drain] as const
