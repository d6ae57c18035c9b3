/** Which schedules that are stored a program would not fire, or would have enqueue what fails: page by page, and nothing of it is enqueued. */
import * as Effect from "effect/Effect"
import type { ScheduleMisfit } from "../../Check.ts"
import { argumentsCodec } from "../../domain/Codec.ts"
import { errorText } from "../../domain/Failure.ts"
import { checkCatchUp, slotsOf } from "../../domain/ScheduleSlots.ts"
import type { StorageError } from "../../SteppedError.ts"
import type { StoredSchedule } from "../../store/Scheduled.ts"
import * as BatchSize from "../BatchSize.ts"
import type { ClientContext } from "../client/context.ts"
import { refOf } from "../perform/Performance.ts"
import type { Registry } from "../Registry.ts"
import { errorIn } from "./fit.ts"
import { inTime } from "./pages.ts"
import { issueOf } from "./Problem.ts"
import { misfitsMost, type SchedulesFound } from "./Tally.ts"

/** Schedules of one page. */
const pageMost = 100

interface Problem extends Pick<ScheduleMisfit, "kind" | "means"> {
  readonly problem: string
  readonly payload?: unknown
}

type Problems = Effect.Effect<ReadonlyArray<Problem>>

const nothing: Problems = Effect.succeed([])

const problemsOf = (registry: Registry, declared: ReadonlySet<string>, schedule: StoredSchedule): Problems => {
  const isDeclared = declared.has(schedule.name)
  if (schedule.source === "code") {
    // what the program declares is put in its place as soon as a worker says so
    return isDeclared
      ? nothing
      : Effect.succeed([{ kind: "undeclared", means: "notice", problem: "no schedule of this program has its name" }])
  }
  const taken: ReadonlyArray<Problem> = isDeclared
    ? [{ kind: "taken", means: "waits", problem: "the schedule of this name that the program declares fires nothing" }]
    : []
  return Effect.map(rowProblems(registry, schedule), (problems) => [...taken, ...problems])
}

/** Of a row, as whoever fires it reads it. */
const rowProblems = (
  registry: Registry,
  { actorId, arguments: args, catchUp, definition, spec, until, zone }: StoredSchedule
): Problems =>
  Effect.gen(function*() {
    const runnable = registry.byKey(definition)
    if (runnable === undefined) {
      return [{ kind: "definition", means: "waits", problem: "no worker of this program fires it" }]
    }
    const found: Array<Problem> = []
    const times = yield* errorIn(() =>
      Effect.sync(() => {
        slotsOf(spec, zone, until)
        checkCatchUp(catchUp)
      })
    )
    if (times !== undefined) found.push({ kind: "times", means: "waits", problem: errorText(times) })
    const actor = yield* errorIn(() => Effect.sync(() => refOf(runnable.actor, actorId)))
    if (actor !== undefined) {
      found.push({ kind: "actor", means: "fails", problem: "the stored id cannot be read", payload: actorId })
    }
    const unread = yield* errorIn(() => argumentsCodec(runnable.definition.arguments).decode(args))
    if (unread !== undefined) {
      found.push({ kind: "arguments", means: "fails", problem: issueOf(unread), payload: args })
    }
    return found
  })

/** What a misfit is, of all schedules that have it. */
const textOf = ({ kind }: Problem, actorType: string, name: string): string => {
  switch (kind) {
    case "definition":
      return `the program has no action ${name} of ${actorType}: nobody fires them`
    case "times":
      return "when they fire cannot be read: they do not fire"
    case "actor":
      return "the actor's id does not fit its schema: what they enqueue fails"
    case "arguments":
      return "the arguments do not fit: what they enqueue fails"
    case "taken":
      return "the program declares schedules of these names, which are rows"
    case "undeclared":
      return "code has declared them, and the program does not: they fire no more"
  }
}

interface Counted extends Omit<ScheduleMisfit, "count" | "samples"> {
  count: number
  readonly samples: Array<ScheduleMisfit["samples"][number]>
}

export const checkSchedules = (
  { registry, store }: Pick<ClientContext, "registry" | "store">,
  shows: { readonly samples: number; readonly payloads: boolean }
): Effect.Effect<SchedulesFound, StorageError> =>
  Effect.gen(function*() {
    const declared = new Set(registry.schedules().map(({ name }) => name))
    const misfits = new Map<string, Counted>()
    const sums = { looked: 0, unfit: 0, leftOut: 0 }
    const size = BatchSize.make(pageMost)
    for (let after = "";;) {
      const page = yield* inTime(size, (limit) => store.readLive((reads) => reads.schedulesAfter(after, limit)))
      for (const schedule of page) {
        // no slot comes any more
        if (schedule.slot === null) continue
        sums.looked += 1
        const problems = yield* problemsOf(registry, declared, schedule)
        if (problems.some(({ means }) => means !== "notice")) sums.unfit += 1
        for (const problem of problems) {
          const misfit = countedIn(misfits, schedule, problem)
          if (misfit === undefined) {
            sums.leftOut += 1
            continue
          }
          misfit.count += 1
          if (misfit.samples.length >= shows.samples) continue
          misfit.samples.push({
            schedule: schedule.name,
            actorId: schedule.actorId,
            problem: problem.problem,
            ...shows.payloads && problem.payload !== undefined ? { payload: problem.payload } : {}
          })
        }
      }
      const last = page.at(-1)
      if (last === undefined) return { ...sums, misfits: [...misfits.values()].sort(byDefinition) }
      after = last.name
    }
  })

/** Where it is counted; nowhere, where there are too many. */
const countedIn = (misfits: Map<string, Counted>, { definition }: StoredSchedule, problem: Problem) => {
  const { kind, means } = problem
  const key = `${definition} ${kind}`
  const known = misfits.get(key)
  if (known !== undefined || misfits.size >= misfitsMost) return known
  const [actorType, name] = definition.split("/") as [string, string]
  const made: Counted = { kind, means, actorType, name, text: textOf(problem, actorType, name), count: 0, samples: [] }
  misfits.set(key, made)
  return made
}

const order: ReadonlyArray<ScheduleMisfit["means"]> = ["waits", "fails", "notice"]

const byDefinition = (a: ScheduleMisfit, b: ScheduleMisfit): number =>
  compare(`${a.actorType}/${a.name}`, `${b.actorType}/${b.name}`) ||
  order.indexOf(a.means) - order.indexOf(b.means) || compare(a.kind, b.kind)

const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0
