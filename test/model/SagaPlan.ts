/** What a random saga is: three steps, what they wait for, how often they fail, and what happens to it from outside. */

/**
 * What belongs to a definition. `point`: its second step is one of no return, and its third one has nothing that undoes it but its
 * children; `stop`, `timed` and `keeps` say how it is undone.
 */
export const kinds = ["plain", "point", "stop", "timed", "keeps"] as const
export type Kind = (typeof kinds)[number]

export interface UndoPlan {
  /** How often it fails first, however often it is run again. */
  readonly fails: number
  readonly waits: ReadonlyArray<number>
}

export interface SagaStep {
  /** How often its body fails first, whoever runs it. */
  readonly fails: number
  readonly children: ReadonlyArray<Saga>
  readonly waits: ReadonlyArray<number>
  readonly undo: UndoPlan
}

export interface Saga {
  readonly kind: Kind
  readonly timeout: number | null
  /** When signals are sent to it, for one of which its second step waits; null: it waits for none. Of roots alone. */
  readonly hears: ReadonlyArray<number> | null
  readonly steps: readonly [SagaStep, SagaStep, SagaStep]
}

/** That what undoes it is run again, that a new action goes on for it, or that this does so from an earlier step on. */
export const verbs = ["undo", "retry", "from a", "from b"] as const
export type Verb = (typeof verbs)[number]

/** What an operator asks of one action after another, from the root to the leaves (`down`) or from the leaves to the root. */
export interface Sweep {
  readonly verb: Verb
  readonly direction: "down" | "up"
}

/** The root is cancelled, and its unwinding abandoned, at these times, if it is not over by then. */
export interface SagaScenario {
  readonly saga: Saga
  readonly cancelAt: number | null
  readonly abandonAt: number | null
  /** When all is over, an operator asks of all that has ended, as often as there are sweeps. */
  readonly sweeps: ReadonlyArray<Sweep>
}

/** What the operator has asked of which action: the place, how many actions of that place were before it, and when. */
export interface Asked {
  readonly verb: Verb
  readonly place: string
  readonly nth: number
  readonly at: number
}

export const stepNames = ["a", "b", "c"] as const

/** The step from which a verb has an action go on. */
export const fromOf = (verb: Verb): number | undefined => verb === "from a" ? 0 : verb === "from b" ? 1 : undefined

/** In milliseconds, by how deep in its tree an action is; what times out together would leave it open who comes first. */
export const timesAt = (level: number) => ({
  retry: 7_000_003 + 1_000_033 * level,
  stepTimeout: 61_000_027 - 13_000_019 * level,
  undoRetry: 3_000_017 + 100_019 * level,
  undoLimit: 31_000_079 - 1_000_003 * level
})

export const retries = 2
export const undoRetries = 1

/** What definitions say of their steps, by index. */
export const optionsOf = (kind: Kind, index: number) => ({
  retries: index > 0,
  timesOut: index === 1,
  compensatesFailed: index === 1,
  unwinds: index === 1 || (index === 2 && kind === "point"),
  isPoint: index === 1 && kind === "point"
})

export const placeOf = (parent: string, index: number, child: number): string => `${parent}.${stepNames[index]}${child}`
