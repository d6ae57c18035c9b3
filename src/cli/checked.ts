/** What is given to an action, held against what workers have said that it takes. */
import { Effect, JsonSchema, Option, Schema, SchemaRepresentation } from "effect"
import type { DefinitionDescription, SchemaDescription } from "../Catalogue.ts"
import { JobQueue } from "../JobQueue.ts"
import { RunningProgram } from "./connection.ts"
import { usage } from "./failures.ts"

/** Whether a worker has said what it has, which it does some seconds after its start. */
const isSaid = Effect.map(
  Effect.flatMap(JobQueue, ({ workers }) => workers),
  (workers) => workers.some(({ definitions }) => definitions !== undefined)
)

/**
 * What workers have said last of an action's definition; none where nobody has. In a program that runs it is what that one has: its start is
 * waited for, and what it had before it was changed, and what was changed back, counts no more.
 */
export const described = (of: { readonly actorType: string; readonly name: string }) =>
  Effect.gen(function*() {
    const queue = yield* JobQueue
    const current = Option.isSome(yield* Effect.serviceOption(RunningProgram))
    for (let i = 0; current && i < 100 && !(yield* isSaid); i++) yield* Effect.sleep("100 millis")
    const [definition] = yield* queue.definitions({ actorType: of.actorType, name: of.name, current }, 1)
    const description: DefinitionDescription | undefined = definition?.description
    return description
  })

/** The schema of what is stored: an opaque one takes any JSON. */
const schemaOf = ({ schema }: SchemaDescription): Schema.Codec<unknown, unknown> =>
  schema === null
    ? Schema.Json
    : Schema.make(SchemaRepresentation.fromJsonSchemaDocument(JsonSchema.fromSchemaDraft2020_12(schema)).ast)

/** Refuses what does not fit what workers have said that they take. */
export const checked = (what: string, value: unknown, description: SchemaDescription | undefined) =>
  Effect.gen(function*() {
    if (description === undefined) return
    const schema = yield* Effect.option(Effect.try({ try: () => schemaOf(description), catch: String }))
    // what cannot be checked here is checked by the worker
    if (Option.isNone(schema)) return
    yield* Effect.mapError(
      Schema.decodeUnknownEffect(schema.value)(value),
      ({ message }) => usage(`${what} does not fit: ${message}`)
    )
  })
