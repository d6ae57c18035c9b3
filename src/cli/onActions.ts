/** A verb for one action, or for all that a filter finds. */
import { Effect, Option } from "effect"
import { isActionId } from "../domain/Phase.ts"
import type { ManyVerb } from "../Many.ts"
import type { Answer } from "../verbs/answers.ts"
import { answer } from "./answer.ts"
import { withEngine } from "./connection.ts"
import { type LibraryError, usage } from "./failures.ts"
import { type Asks, behindId, by, operator, optionalId, reason } from "./given.ts"
import { type GivenMany, manyFlags, onMany } from "./onMany.ts"

/** Of what a verb is: one action, or those of a filter. */
export const target = { id: optionalId, ...manyFlags, reason, by }

/** Those of a verb that takes something behind its target. */
export const targetAnd = (name: string, description: string) => ({
  ...behindId(name, description),
  ...manyFlags,
  reason,
  by
})

/** Takes the id and what is behind it apart: with a filter there is no id, and so it is the first. */
export const taken = <A>(
  given: GivenMany & { readonly id: Option.Option<string>; readonly value: Option.Option<string> },
  name: string,
  read: (text: string) => A | undefined
) =>
  Effect.gen(function*() {
    const isMany = Option.isSome(given.where)
    const { id, text } = isMany ? { id: Option.none(), text: given.id } : { id: given.id, text: given.value }
    if (isMany && Option.isSome(given.value)) {
      return yield* usage(`of which? With --where there is no id: the ${name} alone`)
    }
    if (Option.isSome(id) && !isActionId(id.value)) {
      return yield* usage(`${JSON.stringify(id.value)} is not the id of an action, such as 0199c2f0-…`)
    }
    const value = Option.isSome(text) ? read(text.value) : undefined
    return value === undefined
      ? yield* usage(`which ${name}? ${Option.isSome(text) ? `${JSON.stringify(text.value)} is none` : "Give one"}`)
      : { given: { ...given, id }, value }
  })

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
