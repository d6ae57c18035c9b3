/** What can be asked for: the table of verbs, as the server has it, and what is asked for just now. */
import { signal } from "@preact/signals"
import { get, type Verb } from "../api.ts"

export interface Target {
  /** What of the verb's fields is known by where it is asked for. */
  readonly given: Readonly<Record<string, unknown>>
  /** What it is, in words. */
  readonly text: string
  /** How it is with it now. */
  readonly state: string
  /** What other fields of a verb begin with. */
  readonly initial?: Readonly<Record<string, unknown>>
}

export interface Asking {
  readonly verb: Verb
  readonly label: string
  readonly target: Target
  readonly then: () => void
}

export const table = signal<ReadonlyArray<Verb> | undefined>(undefined)

const state = { isLoading: false }

export const loadTable = (): void => {
  if (state.isLoading || table.peek() !== undefined) return
  state.isLoading = true
  get<ReadonlyArray<Verb>>("verbs").then(
    (verbs) => {
      table.value = verbs
    },
    () => undefined
  ).finally(() => {
    state.isLoading = false
  })
}

export const asking = signal<Asking | undefined>(undefined)

/** `try-again` is `Try again`, and `schedules pause` is `Pause`, as it stands with the schedule. */
export const labelOf = ({ command }: Pick<Verb, "command">): string => {
  const words = command.replace(/ --.*/, "").replace(/^schedules /, "").replaceAll("-", " ")
  return words.charAt(0).toUpperCase() + words.slice(1)
}
