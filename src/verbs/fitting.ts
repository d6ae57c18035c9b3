/** What is given to an action, held against what workers have said that it takes. */
import { Effect, JsonSchema, Option, Schema, SchemaRepresentation } from "effect"
import type { SchemaDescription } from "../Catalogue.ts"

/** The schema of what is stored: an opaque one takes any JSON. */
const schemaOf = ({ schema }: SchemaDescription): Schema.Codec<unknown, unknown> =>
  schema === null
    ? Schema.Json
    : Schema.make(SchemaRepresentation.fromJsonSchemaDocument(JsonSchema.fromSchemaDraft2020_12(schema)).ast)

/** Why a value does not fit what workers have said that they take; nothing where it fits, or cannot be checked here: then the worker does. */
export const misfit = (value: unknown, description: SchemaDescription | undefined): Effect.Effect<string | undefined> =>
  Effect.gen(function*() {
    if (description === undefined) return
    const schema = yield* Effect.option(Effect.try({ try: () => schemaOf(description), catch: String }))
    if (Option.isNone(schema)) return
    return yield* Effect.match(Schema.decodeUnknownEffect(schema.value)(value), {
      onFailure: ({ message }) => message,
      onSuccess: () => undefined
    })
  })
