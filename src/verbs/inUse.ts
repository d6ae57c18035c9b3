/** The versions of a definition that are held against what is told to its actions. */
import type { Schema } from "effect"
import * as Effect from "effect/Effect"
import type { DefinitionDescription, SignalDescription } from "../Catalogue.ts"
import type { JobQueue } from "../JobQueue.ts"
import { misfit } from "./fitting.ts"

/** Of an actor all of its definitions, if no name is given. */
export interface Defined {
  readonly actorType: string
  readonly name?: string
}

/**
 * Those that workers have that run now, any of which may go on with an action, and after a deploy that was taken back these are not those that were seen first last; where
 * none runs that has it, the newest.
 */
export const inUse = ({ definitions }: JobQueue["Service"], { actorType, name }: Defined) =>
  Effect.gen(function*() {
    const current = yield* definitions({ actorType, name, current: true })
    const found = current.length > 0 ? current : yield* definitions({ actorType, name, newest: true, limit: 1 })
    return found.map(({ description }) => description)
  })

/** The first version that takes arguments; where none does, the first, which says why. */
export const taking = (versions: ReadonlyArray<DefinitionDescription>, values: ReadonlyArray<Schema.Json>) =>
  Effect.gen(function*() {
    for (const version of versions) {
      if (version.arguments.length !== values.length) continue
      const wrong = yield* Effect.forEach(values, (value, i) => misfit(value, version.arguments[i]))
      if (wrong.every((issue) => issue === undefined)) return version
    }
    return versions[0]
  })

/** The signals that one of the versions takes. */
export const signalsOf = (versions: ReadonlyArray<DefinitionDescription>): ReadonlyArray<SignalDescription> =>
  versions.flatMap(({ signals }) => signals)

/** Their names, each once. */
export const namesOf = (signals: ReadonlyArray<SignalDescription>): string =>
  [...new Set(signals.map(({ name }) => name))].join(", ")
