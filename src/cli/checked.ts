/** What is given to an action, held against what workers have said that it takes. */
import { Effect, JsonSchema, Option, Schema, SchemaRepresentation } from "effect"
import type { DefinitionDescription, SchemaDescription } from "../Catalogue.ts"
import { JobQueue } from "../JobQueue.ts"
import { usage } from "./failures.ts"

/** What workers have said last of an action's definition; none where nobody has. */
export const described = (of: { readonly actorType: string; readonly name: string }) =>
  Effect.map(
    Effect.flatMap(JobQueue, (queue) => queue.definitions({ actorType: of.actorType, name: of.name }, 1)),
    ([definition]): DefinitionDescription | undefined => definition?.description
  )

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
