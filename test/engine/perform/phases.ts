/**
 * Every pair of phase and event: where an action is after it, found by asking `decide` for whatever kinds of action there are. As a program,
 * `npm run phases`, it writes the table into src/README.md.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { resolve } from "node:path"
import type { FailureCause } from "../../../src/domain/Failure.ts"
import { type Phase, phases } from "../../../src/domain/Phase.ts"
import { type Concluded, decide, type Event, events } from "../../../src/engine/perform/decide.ts"
import { type Performance, stepOf, takeUp } from "../../../src/engine/perform/Performance.ts"
import type { Runnable } from "../../../src/engine/Registry.ts"
import { afterStatuses } from "../../../src/Outcome.ts"
import type { Conclusion } from "../../../src/store/Conclusion.ts"
import { ref, runnable } from "./runnables.ts"

const cause: FailureCause = { kind: "failure", path: "move Car/1", message: "no fuel" }

const passing = { when: () => true, mayFail: true }

/** With a step to come and without, one that may be passed and one that may not, outbound or with a job, with callbacks and without. */
const kinds: ReadonlyArray<Runnable> = [[], [afterStatuses]].flatMap((callbacks) => [
  ...[undefined, passing].flatMap((policy) => [
    runnable({ callbacks, steps: ["pack", "drive"], policyOf: () => policy }),
    runnable({ callbacks, steps: ["pack"], policyOf: () => policy }),
    runnable({ callbacks, steps: ["pack"], outbound: true, policyOf: () => policy })
  ]),
  runnable({ callbacks, job: true })
])

/** An action of this kind that has come to this phase, for the first time and after an attempt that failed. */
const performances = (phase: Phase): ReadonlyArray<Performance> =>
  kinds.flatMap((runnable) =>
    [0, 1].map((attempts) => ({
      ...takeUp(
        {
          _tag: "Started",
          action: "00000000-0000-7000-8000-000000000001",
          definition: runnable.key,
          actorId: "1",
          attempts,
          arguments: [],
          depth: 0,
          timeoutAt: undefined
        },
        runnable,
        ref,
        0
      ),
      phase,
      outcome: phase === "callbacks" ? { status: "succeeded", result: null, cause: null } : undefined
    }))
  )

const eventOf = (performance: Performance, tag: Event["_tag"]): Event => {
  switch (tag) {
    case "StepSucceeded":
      return { _tag: tag, step: stepOf(performance), value: undefined, stored: null, encoded: null }
    case "StepSkipped":
      return { _tag: tag, step: stepOf(performance) }
    case "StepWaits":
      return { _tag: tag, stored: null, slots: [], children: [], marked: false }
    case "Failed":
      return { _tag: tag, cause }
    case "CallbacksEnded":
      return { _tag: tag, succeeded: 1, failed: 0 }
    case "Again":
      return { _tag: tag, due: 0, burns: true }
    default:
      return { _tag: tag }
  }
}

export type Place = Phase | "ended"

/** Where an action is after this is committed. */
export const placeAfter = (conclusion: Conclusion): Place => {
  switch (conclusion._tag) {
    case "StepEnded":
      return "step"
    case "StepWaits":
      return "waiting"
    case "JobStarts":
      return "job"
    case "WaitsOutside":
      return "outbound"
    case "CallbacksDue":
      return "callbacks"
    case "ActionEnds":
      return "ended"
    case "TryAgain":
      return conclusion.phase
  }
}

export interface Pair {
  readonly phase: Phase
  readonly event: Event["_tag"]
  /** Where it can lead, in the order of the phases; nowhere where it cannot happen. */
  readonly leadsTo: ReadonlyArray<Place>
  readonly concluded: ReadonlyArray<Concluded>
}

export const pairs: ReadonlyArray<Pair> = phases.flatMap((phase) =>
  events.map((event) => {
    const concluded = performances(phase).flatMap((performance) => {
      // nobody asks whether a step without a condition is to run
      if (event === "StepSkipped" && performance.runnable.steps[0]!.policy === undefined) return []
      try {
        return [decide(performance, eventOf(performance, event))]
      } catch {
        return []
      }
    })
    const found = new Set(concluded.map(({ conclusion }) => placeAfter(conclusion)))
    return { phase, event, leadsTo: [...phases, "ended" as const].filter((place) => found.has(place)), concluded }
  })
)

/** Phases across, events down. */
const table = (): string => {
  const row = (cells: ReadonlyArray<string>) => `| ${cells.join(" | ")} |`
  return [
    row(["", ...phases]),
    row(["", ...phases].map(() => "---")),
    ...events.map((event) =>
      row([
        `\`${event}\``,
        ...phases.map((phase) => pairs.find((pair) => pair.phase === phase && pair.event === event)!.leadsTo.join(", "))
      ])
    )
  ].join("\n")
}

const page = resolve(import.meta.dirname, "../../../src/README.md")
const [begin, end] = ["<!-- phases and events -->", "<!-- end of phases and events -->"]

export const readPage = (): string => readFileSync(page, "utf8")

/** The page with the table as it is now. */
export const withTable = (text: string): string => {
  const [before, rest] = text.split(begin)
  const after = rest?.split(end)[1]
  if (after === undefined) throw new Error("src/README.md has no place for the table of phases and events")
  return `${before}${begin}\n\n${table()}\n\n${end}${after}`
}

if (import.meta.main) writeFileSync(page, withTable(readPage()))
