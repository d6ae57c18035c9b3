/** What is found, action by action, added up: how many of each misfit, and the first ones. */
import type { Check, Misfit, MisfitMeaning, ScheduleMisfit } from "../../Check.ts"
import type { StoredLive } from "../../store/Live.ts"
import { type Problem, textOf } from "./Problem.ts"

/** Misfits that one answer has of actions, and of schedules. */
export const misfitsMost = 1000

/** What was found of schedules. */
export interface SchedulesFound {
  readonly looked: number
  readonly unfit: number
  readonly misfits: ReadonlyArray<ScheduleMisfit>
  readonly leftOut: number
}

interface Counted extends Omit<Misfit, "count" | "samples"> {
  count: number
  readonly samples: Array<Misfit["samples"][number]>
}

export interface Tally {
  readonly looked: (live: StoredLive) => void
  readonly signal: () => void
  readonly laneLeftOut: () => void
  /** Of an action, which counts once for each misfit, however often it has it. */
  readonly found: (live: StoredLive, problems: ReadonlyArray<Problem>) => void
  /** No more of these actions is to come. */
  readonly pageEnds: () => void
  readonly check: (at: Date, ofSchedules: SchedulesFound) => Check
}

const order: ReadonlyArray<MisfitMeaning> = ["waits", "fails", "suspends", "notUndone", "differs", "unknown", "notice"]

export const make = ({ payloads, samples }: { readonly samples: number; readonly payloads: boolean }): Tally => {
  const misfits = new Map<string, Counted>()
  const looked = { queued: 0, pending: 0, performing: 0, signals: 0 }
  const unfitOfPage = new Set<string>()
  const foundOfPage = new Set<string>()
  let unfit = 0
  let leftOut = 0
  let lanesLeftOut = 0

  const counted = (key: string, live: StoredLive, problem: Problem): Counted | undefined => {
    const { kind, means, of } = problem
    const known = misfits.get(key)
    if (known !== undefined || misfits.size >= misfitsMost) return known
    const [actorType, name] = live.definition.split("/") as [string, string]
    const text = textOf(problem, actorType, name)
    const made: Counted = { kind, means, actorType, name, of, text, count: 0, samples: [] }
    misfits.set(key, made)
    return made
  }

  return {
    looked: ({ state }) => {
      looked[state] += 1
    },
    signal: () => {
      looked.signals += 1
    },
    laneLeftOut: () => {
      lanesLeftOut += 1
    },
    found: (live, problems) => {
      for (const problem of problems) {
        if (problem.means !== "notice") unfitOfPage.add(live.id)
        const key = JSON.stringify([live.definition, problem.kind, problem.means, problem.of])
        if (foundOfPage.has(`${live.id} ${key}`)) continue
        foundOfPage.add(`${live.id} ${key}`)
        const misfit = counted(key, live, problem)
        if (misfit === undefined) {
          leftOut += 1
          continue
        }
        misfit.count += 1
        if (misfit.samples.length < samples) {
          misfit.samples.push({
            actionId: live.id,
            actorId: live.actorId,
            status: live.state,
            problem: problem.problem,
            ...payloads && problem.payload !== undefined ? { payload: problem.payload } : {}
          })
        }
      }
    },
    pageEnds: () => {
      unfit += unfitOfPage.size
      unfitOfPage.clear()
      foundOfPage.clear()
    },
    check: (at, ofSchedules) => ({
      at,
      fits: unfit + ofSchedules.unfit === 0,
      looked: { ...looked, schedules: ofSchedules.looked },
      unfit,
      misfits: [...misfits.values()].sort(byDefinition),
      unfitSchedules: ofSchedules.unfit,
      schedules: ofSchedules.misfits,
      leftOut: leftOut + ofSchedules.leftOut,
      lanesLeftOut
    })
  }
}

const byDefinition = (a: Misfit, b: Misfit): number =>
  compare(`${a.actorType}/${a.name}`, `${b.actorType}/${b.name}`) ||
  order.indexOf(a.means) - order.indexOf(b.means) || compare(a.kind, b.kind) || compare(a.of ?? "", b.of ?? "")

const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0
