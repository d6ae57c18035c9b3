/**
 * Every pair of phase and event: where an action is after it, found by asking `decide` for whatever kinds of action there are. As a program,
 * `npm run phases`, it writes the table into src/README.md.
 */
import { Effect } from "effect"
import { readFileSync, writeFileSync } from "node:fs"
import { resolve } from "node:path"
import type { FailureCause } from "../../../src/domain/Failure.ts"
import { type Phase, phases, type StepKind, Undo } from "../../../src/domain/Phase.ts"
import type { Concluded } from "../../../src/engine/perform/concluding.ts"
import { decide } from "../../../src/engine/perform/decide.ts"
import { type Event, events } from "../../../src/engine/perform/events.ts"
import { fenceOf, type Performance, stepOf, takeUp } from "../../../src/engine/perform/Performance.ts"
import type { Runnable } from "../../../src/engine/Runnable.ts"
import { afterStatuses } from "../../../src/Outcome.ts"
import type { Detail, StoredStep } from "../../../src/store/Answer.ts"
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

const compensate = { run: () => Effect.void, transactional: false, retry: undefined, timeout: undefined }

/** With compensations: two steps have succeeded. */
const undone: ReadonlyArray<Runnable> = [[], [afterStatuses]].map((callbacks) =>
  runnable({
    callbacks,
    steps: ["pack", "drive", "rest"],
    policyOf: () => ({ mayFail: false, when: undefined, compensate })
  })
)

/** Whoever ends it waits for its body. */
const shielded = runnable({
  callbacks: [],
  steps: ["pack", "drive"],
  policyOf: () => ({ ...passing, shielded: true })
})

const rows = ["pack", "drive"].map((name, index): StoredStep => ({
  index,
  name,
  kind: "own",
  status: "succeeded",
  marked: false,
  result: null,
  undo: Undo.compensate,
  undoes: undefined
}))

const detail = (steps: ReadonlyArray<StoredStep>): Detail => ({
  stepName: undefined,
  stepKind: undefined,
  stepStartedAt: 0,
  prepended: [],
  outcome: undefined,
  callbacks: [],
  timeoutAt: undefined,
  trace: undefined,
  steps,
  slots: undefined
})

/** An action that unwinds: it undoes its second step, or its first as the last one, or nothing more; or it closes its third. */
const unwinding = (phase: "unwinding" | "waiting"): ReadonlyArray<Performance> =>
  undone.flatMap((runnable) =>
    [2, 1, 0].flatMap((count) => {
      const left = rows.slice(0, count)
      const of = (stepKind: StepKind, stepName: string, row: Partial<StoredStep> | undefined): Performance => ({
        ...begun(runnable, 0),
        phase,
        step: 2,
        stepKind,
        stepName,
        outcome: { status: "cancelled", result: null, cause },
        detail: detail(row === undefined ? left : [...left, { ...rows[0]!, index: 2, status: "performing", ...row }])
      })
      const undoing = (name: string) => {
        const row = { name, kind: "compensation", undo: undefined, undoes: count - 1 } as const
        return of("compensation", name, phase === "waiting" ? row : undefined)
      }
      return [
        ...count > 0 ? [undoing(left.at(-1)!.name)] : [],
        ...phase === "waiting"
          ? [of("own", "rest", { name: "rest", undo: undefined })]
          : count === 0
          ? [of("own", "rest", undefined)]
          : []
      ]
    })
  )

/** An action of this kind that has come to this phase, for the first time and after an attempt that failed. */
const performances = (phase: Phase): ReadonlyArray<Performance> => [
  ...phase === "unwinding" ? [] : plain(phase),
  ...phase === "unwinding" || phase === "waiting" ? unwinding(phase) : [],
  ...phase === "step" || phase === "job" || phase === "held" || phase === "closing"
    ? [...undone, shielded].map((runnable) => ({ ...begun(runnable, 0), phase }))
    : []
]

const begun = (runnable: Runnable, attempts: number): Performance =>
  takeUp(
    {
      _tag: "Started",
      action: "00000000-0000-7000-8000-000000000001",
      definition: runnable.key,
      actorId: "1",
      attempts,
      arguments: [],
      depth: 0,
      waitedMs: 0,
      timeoutAt: undefined,
      trace: undefined
    },
    runnable,
    ref,
    0
  )

const plain = (phase: Phase): ReadonlyArray<Performance> =>
  kinds.flatMap((runnable) =>
    [0, 1].map((attempts) => ({
      ...begun(runnable, attempts),
      phase,
      outcome: phase === "callbacks" ? { status: "succeeded", result: null, cause: null } : undefined
    }))
  )

/** What happens, and what else may be known of it. */
const eventsOf = (performance: Performance, tag: Event["_tag"]): ReadonlyArray<Event> => {
  const event = eventOf(performance, tag)
  // its policy has another attempt
  return event._tag === "Failed" && performance.phase !== "job"
    ? [event, { ...event, again: { at: 1, due: 2, counts: "" } }, { ...event, heldAt: 1 }]
    : [event]
}

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
    case "Closed":
      return { _tag: tag, succeeded: false }
    case "ChildrenUnwound":
      return { _tag: tag, left: {} }
    case "UndoingBegins":
      return { _tag: tag, until: 1 }
    case "GivenUp":
      return { _tag: tag, message: "no time" }
    case "Suspended":
      return { _tag: tag, failure: undefined }
    case "Compensated":
    case "JobDropped":
    case "JobEnded":
    case "Kept":
    case "TimeIsOver":
    case "Unwound":
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
    case "StepRetries":
      return conclusion.step.kind === "compensation" ? "unwinding" : "step"
    case "StepHeld":
      return "held"
    case "Suspends":
      return "suspended"
    case "TryAgain":
      return conclusion.phase
    case "Unwinds":
      return "unwinding"
  }
}

export interface Pair {
  readonly phase: Phase
  readonly event: Event["_tag"]
  /** Where it can lead, in the order of the phases; nowhere where it cannot happen. */
  readonly leadsTo: ReadonlyArray<Place>
  readonly concluded: ReadonlyArray<Concluded>
  /** Under which of them each was. */
  readonly fences: ReadonlyArray<Conclusion["fence"]>
}

export const pairs: ReadonlyArray<Pair> = phases.flatMap((phase) =>
  events.map((event) => {
    const fences: Array<Conclusion["fence"]> = []
    const concluded = performances(phase).flatMap((performance) => {
      // nobody asks whether a step without a condition is to run
      if (event === "StepSkipped" && performance.runnable.steps[0]!.policy === undefined) return []
      return eventsOf(performance, event).flatMap((event) => {
        try {
          const one = decide(performance, event)
          fences.push(fenceOf(performance))
          return [one]
        } catch {
          return []
        }
      })
    })
    const found = new Set(concluded.map(({ conclusion }) => placeAfter(conclusion)))
    return {
      phase,
      event,
      leadsTo: [...phases, "ended" as const].filter((place) => found.has(place)),
      concluded,
      fences
    }
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
