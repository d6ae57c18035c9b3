/** Verbs for one thing, over the services or over HTTP. */
import { Effect, Option } from "effect"
import { type Answer, textOf } from "../verbs/answers.ts"
import { makeVerbs } from "../verbs/asking.ts"
import type { Inputs, OneVerb } from "../verbs/table.ts"
import { nothing } from "./failures.ts"
import type { Asks } from "./given.ts"
import { RemoteVerbs } from "./RemoteVerbs.ts"

const isNothing = ({ outcome }: Answer): boolean => outcome === "none" || outcome === "noStep"

/** Has a verb done for one; that there is nothing to do it with is no answer of its own. */
export const doing = <V extends OneVerb>(verb: V, input: Inputs[V], asks: Asks) =>
  Effect.gen(function*() {
    const remote = yield* Effect.serviceOption(RemoteVerbs)
    const ask = Option.isSome(remote) ? remote.value.ask : yield* makeVerbs
    const answered = yield* ask(verb, input, asks)
    // over HTTP there are words for each outcome, and from the database for some
    return isNothing(answered) ? yield* nothing(textOf(answered)) : answered
  })
