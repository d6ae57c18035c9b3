/** What is given to an action, held against what workers have said that it takes. */
import { Effect, Option } from "effect"
import type { DefinitionDescription, SchemaDescription } from "../Catalogue.ts"
import { idTextOfJson } from "../domain/IdText.ts"
import { JobQueue } from "../JobQueue.ts"
import { misfit, misfitOfAll } from "../verbs/fitting.ts"
import { inUse } from "../verbs/inUse.ts"
import { RunningProgram } from "./connection.ts"
import { usage } from "./failures.ts"

/** Whether a worker has said what it has, which it does some seconds after its start. */
const isSaid = Effect.map(
  Effect.flatMap(JobQueue, ({ workers }) => workers),
  (workers) => workers.some(({ definitions }) => definitions !== undefined)
)

/**
 * What workers have said of an action's definition, in the versions that are in use; none where nobody has. In a program that runs it is what that one has: its start is
 * waited for, and what it had before it was changed, and what was changed back, counts no more.
 */
export const described = (of: { readonly actorType: string; readonly name: string }) =>
  Effect.gen(function*() {
    const queue = yield* JobQueue
    const current = Option.isSome(yield* Effect.serviceOption(RunningProgram))
    for (let i = 0; current && i < 100 && !(yield* isSaid); i++) yield* Effect.sleep("100 millis")
    if (!current) return yield* inUse(queue, of)
    const found = yield* queue.definitions({ actorType: of.actorType, name: of.name, current })
    return found.map(({ description }) => description)
  })

/** Refuses what does not fit what workers have said that they take. */
export const checked = (what: string, value: unknown, descriptions: ReadonlyArray<SchemaDescription | undefined>) =>
  Effect.gen(function*() {
    const message = yield* misfitOfAll(value, descriptions)
    if (message !== undefined) return yield* usage(`${what} does not fit: ${message}`)
  })

const jsonOf = (text: string): Option.Option<unknown> => {
  try {
    return Option.some(JSON.parse(text))
  } catch {
    return Option.none()
  }
}

/** The id of an actor as its program writes it, by what workers have said of its schema, or why it is none. */
const idOf = (text: string, description: SchemaDescription) =>
  Effect.gen(function*() {
    const asText = yield* misfit(text, description)
    // one that nothing is known of is what was given
    if (asText === undefined) return { id: text }
    const value = jsonOf(text)
    if (Option.isNone(value) || typeof value.value === "string") return { message: asText }
    if (typeof value.value === "number" && Number.isInteger(value.value) && !Number.isSafeInteger(value.value)) {
      return { message: "it is a whole number beyond 2^53, which is not exact" }
    }
    const message = yield* misfit(value.value, description)
    return message === undefined ? { id: idTextOfJson(value.value) } : { message }
  })

/** The id of an actor, as its program writes it: refused where what workers have said of that does not take it. */
export const checkedId = (actorType: string, text: string, description: DefinitionDescription) =>
  Effect.gen(function*() {
    const found = yield* idOf(text, description.actorId)
    return found.id ?? (yield* usage(`${actorType}/${text} does not fit the id of ${actorType}: ${found.message}`))
  })

/**
 * What to say of an actor of whom nothing was found, where its id is one that no such actor has; else nothing. Rows that were stored under another schema
 * are found all the same: so it is asked afterwards.
 */
export const strangeId = (actorType: string | undefined, text: string | undefined) =>
  Effect.gen(function*() {
    if (actorType === undefined || text === undefined) return ""
    const [known] = yield* Effect.flatMap(JobQueue, (queue) => inUse(queue, { actorType }))
    if (known === undefined) return ""
    const found = yield* idOf(text, known.actorId)
    return found.id === text
      ? ""
      : found.id === undefined
      ? `: ${text} does not fit the id of ${actorType}: ${found.message}`
      : `: ${actorType}/${text} is stored as ${actorType}/${found.id}`
  })
