/** What a verb has come to, told to people, programs and the shell. */
import { Effect } from "effect"
import type { OperatorVerb } from "../Operation.ts"
import { type Answer, textOf } from "../verbs/answers.ts"
import { nothing } from "./failures.ts"
import { Output } from "./Output.ts"

/** Tells what has come of a verb; what has changed nothing ends the command so. */
export const answer = (verb: OperatorVerb, target: string, answered: Answer) =>
  Effect.gen(function*() {
    const { more = {}, outcome } = answered
    yield* (yield* Output).value({ verb, target, outcome, ...more }, textOf(answered))
    if (outcome !== "done") return yield* nothing()
  })
