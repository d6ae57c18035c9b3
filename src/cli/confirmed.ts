/** Asking before much is changed. */
import { Effect, Stdio } from "effect"
import { Prompt } from "effect/cli"
import { nothing, usage } from "./failures.ts"

/** Asks a person; a program has to say `--yes`. */
export const confirmed = (question: string) =>
  Effect.gen(function*() {
    if (!(yield* (yield* Stdio.Stdio).stdinIsTerminal)) {
      return yield* usage(`${question.replace(/[^?.]$/, "$&.")} Nobody can be asked here: give --yes`)
    }
    if (!(yield* Prompt.run(Prompt.Confirm({ message: question, initial: false })))) {
      return yield* nothing("nothing was changed")
    }
  })
