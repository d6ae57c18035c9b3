/** An action of the model: what it has come to so far, and what is still to be undone of it. */
import { type Saga, type stepNames } from "./SagaPlan.ts"

/** A step, or what undoes one, as it is stored. */
export interface SagaRow {
  readonly name: string
  readonly status: "succeeded" | "failed" | "cancelled"
}

/** What has undone a step, or its children. */
export interface Undone extends SagaRow {
  readonly index: number
  readonly isUnwinding: boolean
}

/** What a step waits for. */
export interface Slots {
  /** In the order of its plan. */
  readonly children: ReadonlyArray<Run>
  readonly dues: ReadonlyArray<number>
  /** Whether it has read the signal that it waits for; null: it waits for none. */
  readonly hasHeard: boolean | null
}

export interface Step {
  readonly index: number
  status: SagaRow["status"]
  /** Those that are its own, of all attempts: they are unwound with it. */
  readonly children: Array<Run>
  /** Of the last attempt whose body has done well; undefined: there is none. */
  slots: Slots | undefined
  /** It was to begin again when its action ended. */
  isBetween: boolean
  /** How often what undoes it was tried. */
  tries: number
  /** Its children are unwound, as far as they could be; it is undone itself. */
  areUnwound: boolean
  isUndone: boolean
}

/** What ran, when, and for which key of which step it did. */
export interface Entry {
  readonly at: number
  readonly text: string
  readonly step: (typeof stepNames)[number]
  readonly undoes: boolean
}

/** What is not undone of a step: itself, or something of a child. */
export interface Left {
  readonly index: number
  readonly child: Run | null
}

export interface Run {
  readonly saga: Saga
  readonly place: string
  readonly level: number
  readonly parent: Run | null
  /** What it goes on for, the first one of these (itself, if it is that), and how often which of its steps was compensated before. */
  readonly retryOf: Run | null
  readonly first: Run | null
  readonly compensated: ReadonlyArray<number>
  status: "succeeded" | "failed" | "cancelled" | "timed_out"
  /** It has got its lane. */
  hasBegun: boolean
  /** When it has ended, and when all of it that others wait for has. */
  endAt: number
  steps: Array<Step>
  undone: Array<Undone>
  log: Array<Entry>
  /** As of the last time that it was undone; of a child what that could not undo then: nobody tells its parent of it again. */
  left: Array<Left>
  uncertain: Array<string>
  /** Its parent has unwound it. */
  isUnwound: boolean
  /** It has read a signal, which further attempts have, too. */
  hasHeard: boolean
  /** What each body does once has come to. */
  readonly memos: Array<number | undefined>
  /** What is known of each place. */
  memory: Memory
}

export interface Remembered {
  /** How often each of its bodies has run, and has done what it does once. */
  readonly bodies: ReadonlyArray<number>
  /** When all that has performed there, and what has undone it, is over. */
  readonly freeAt: number
}

export type Memory = ReadonlyMap<string, Remembered>

const nothing: Remembered = { bodies: [0, 0, 0, 0, 0, 0], freeAt: -Infinity }

export const rememberedOf = (memory: Memory, place: string): Remembered => memory.get(place) ?? nothing

/** All runs of a tree, its own first. */
export function* runsOf(run: Run): Generator<Run> {
  yield run
  for (const { children } of run.steps) for (const child of children) yield* runsOf(child)
}

/** Whether something of it, or below it, is not undone. */
export const isLeft = (run: Run): boolean => run.left.some(({ child }) => child === null || isLeft(child))

/** Notes how these are, and gives what makes them so again: what is worked out for a time that does not come has not happened. */
export const noteOf = (runs: ReadonlyArray<Run>): () => void => {
  const notes = runs.map((run) =>
    [run, {
      ...run,
      undone: [...run.undone],
      log: [...run.log],
      left: [...run.left],
      uncertain: [...run.uncertain],
      steps: run.steps.map((step) => ({ ...step, children: [...step.children] }))
    }] as const
  )
  return () => {
    for (const [run, note] of notes) Object.assign(run, note)
  }
}
