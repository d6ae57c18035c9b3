/** What is given to an action, held against what workers have said that it takes. */
import { Effect, JsonSchema, Option, Schema, SchemaRepresentation } from "effect"
import type { StepRecord } from "../ActionRecord.ts"
import type { DefinitionDescription, SchemaDescription } from "../Catalogue.ts"

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

/** Why a value fits none of some versions, as the first of them has it; nothing where one takes it, or there is none. */
export const misfitOfAll = (
  value: unknown,
  descriptions: ReadonlyArray<SchemaDescription | undefined>
): Effect.Effect<string | undefined> =>
  Effect.gen(function*() {
    let first: string | undefined
    for (const description of descriptions) {
      const wrong = yield* misfit(value, description)
      if (wrong === undefined) return
      first ??= wrong
    }
    return first
  })

/** Whether a step can be decided of: it is held, or waits. */
export const isOpen = ({ status, undoes }: StepRecord): boolean =>
  (status === "held" || status === "performing") && undoes === undefined

/** The schema of what a step gives, by its name, as workers have said it; none where they have said nothing of that. */
export const resultOf = (
  { options, steps, success }: DefinitionDescription,
  name: string | undefined
): SchemaDescription | undefined => {
  const said = steps.find((one) => one.name === name)
  if (said === undefined) return undefined
  // the last one gives the action's success, but where what undoes it is given something of its own
  const isSuccess = said === steps.at(-1) && !options.includes("outbound") &&
    !(said.result !== null && said.options.includes("compensate"))
  return isSuccess ? success : said.result ?? undefined
}
