/** What a verb has come to, told to people, programs and the shell. */
import { Effect } from "effect"
import type { OperatorVerb } from "../Operation.ts"
import { nothing } from "./failures.ts"
import { Output } from "./Output.ts"

/** What has come of a verb, in few words: those of its documentation. */
const words: Readonly<Record<string, string>> = {
  done: "done",
  running: "nothing was changed: it runs just now",
  begun: "nothing was changed: it has begun",
  notStarted: "nothing was changed: it has not come to that",
  notUnwinding: "nothing was changed: nothing of it is being undone",
  over: "nothing was changed: that is over",
  none: "there is no such action",
  false: "nothing was changed"
}

/** What a verb has come to: by the name that it answers with, and in words. */
export interface Answer {
  readonly outcome: string
  readonly text?: string | undefined
  readonly more?: object | undefined
}

/** Tells what has come of a verb; what has changed nothing ends the command so. */
export const answer = (verb: OperatorVerb, target: string, { more = {}, outcome, text }: Answer) =>
  Effect.gen(function*() {
    yield* (yield* Output).value({ verb, target, outcome, ...more }, text ?? words[outcome] ?? outcome)
    if (outcome !== "done") return yield* nothing()
  })
