/** Asking before much is changed. */
import { Console, Effect, Stdio } from "effect"
import { Prompt } from "effect/cli"
import { nothing, usage } from "./failures.ts"
import { Output } from "./Output.ts"

/** Asks a person; a program has to say `--yes`. `seen`: what is asked about, which was not printed where a program reads that. */
export const confirmed = (question: string, seen: string) =>
  Effect.gen(function*() {
    if (!(yield* (yield* Stdio.Stdio).stdinIsTerminal)) {
      return yield* usage(`${question.replace(/[^?.]$/, "$&.")} Nobody can be asked here: give --yes`)
    }
    if (seen !== "" && (yield* Output).isJson) yield* Console.error(seen)
    if (!(yield* Prompt.run(Prompt.Confirm({ message: question, initial: false })))) {
      return yield* nothing("nothing was changed")
    }
  })
