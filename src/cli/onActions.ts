/** A verb for one action, or for all that a filter finds. */
import { Effect, Option } from "effect"
import type { ManyVerb } from "../Many.ts"
import { type Answer, answer } from "./answer.ts"
import { withEngine } from "./connection.ts"
import { type LibraryError, usage } from "./failures.ts"
import { type Asks, by, operator, optionalId, reason } from "./given.ts"
import { type GivenMany, manyFlags, onMany } from "./onMany.ts"

/** Of what a verb is: one action, or those of a filter. */
export const target = { id: optionalId, ...manyFlags, reason, by }

/** Asks for a verb on its target, and tells what has come of it. */
export const onActions = <E extends LibraryError, R>(
  verb: ManyVerb,
  given: GivenMany & { readonly id: Option.Option<string> },
  run: (id: string, asks: Asks) => Effect.Effect<Answer, E, R>
) =>
  withEngine(Effect.gen(function*() {
    const { id } = given
    if (Option.isSome(id) === Option.isSome(given.where)) {
      return yield* usage("of which? Give the id of an action, or --where with what is to hold of those that are meant")
    }
    return Option.isSome(id)
      ? yield* answer(verb.verb, id.value, yield* run(id.value, yield* operator(given)))
      : yield* onMany(verb, given)
  }))
