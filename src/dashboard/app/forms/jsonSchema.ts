/** JSON Schema, as far as a form can be made of it. What it says is checked by the server; here it only says what there is to fill in. */

export interface JsonSchema {
  readonly [key: string]: unknown
}

export const isSchema = (value: unknown): value is JsonSchema =>
  value !== null && typeof value === "object" && !Array.isArray(value)

const definitionsOf = (root: JsonSchema): JsonSchema => {
  const { $defs, definitions } = root
  return { ...isSchema(definitions) ? definitions : {}, ...isSchema($defs) ? $defs : {} }
}

/** What a reference stands for; checks that stand beside a type are of no concern here. */
export const resolved = (schema: JsonSchema, root: JsonSchema, depth = 0): JsonSchema => {
  if (depth > 20) return {}
  const { $ref, allOf } = schema
  if (typeof $ref === "string") {
    const name = decodeURIComponent($ref.slice($ref.lastIndexOf("/") + 1)).replaceAll("~1", "/").replaceAll("~0", "~")
    const found = definitionsOf(root)[name]
    return isSchema(found) ? resolved(found, root, depth + 1) : {}
  }
  if (!Array.isArray(allOf)) return schema
  const { allOf: _, ...rest } = schema
  return Object.assign(
    {},
    ...(allOf as ReadonlyArray<unknown>).filter(isSchema).map((one) => resolved(one, root, depth + 1)),
    rest
  ) as JsonSchema
}

export const propertiesOf = (schema: JsonSchema): ReadonlyArray<readonly [name: string, schema: JsonSchema]> =>
  isSchema(schema.properties)
    ? Object.entries(schema.properties).filter((entry): entry is [string, JsonSchema] => isSchema(entry[1]))
    : []

export const requiredOf = (schema: JsonSchema): ReadonlyArray<string> =>
  Array.isArray(schema.required) ? schema.required.filter((one): one is string => typeof one === "string") : []

export const choicesOf = (schema: JsonSchema): ReadonlyArray<JsonSchema> => {
  const all = schema.anyOf ?? schema.oneOf
  return Array.isArray(all) ? all.filter(isSchema) : []
}

/** The values of which one is chosen, where it is so. */
export const valuesOf = (schema: JsonSchema, root: JsonSchema): ReadonlyArray<unknown> | undefined => {
  if ("const" in schema) return [schema.const]
  if (schema.type === "null") return [null]
  if (Array.isArray(schema.enum)) return schema.enum
  const choices = choicesOf(schema)
  if (choices.length === 0) return undefined
  const values = choices.map((one) => valuesOf(resolved(one, root), root))
  return values.every((one) => one !== undefined) ? values.flat() : undefined
}

/** What tells one of a union by its tag: `_tag`, or another field that each has a text of its own in. */
export const tagOf = (
  choices: ReadonlyArray<JsonSchema>
): { readonly field: string; readonly tags: ReadonlyArray<string> } | undefined => {
  const [first] = choices
  if (first === undefined || choices.length < 2) return undefined
  for (const [field] of propertiesOf(first)) {
    const tags = choices.map((one) => {
      const found = propertiesOf(one).find(([name]) => name === field)?.[1]
      const values = found === undefined ? undefined : valuesOf(found, {})
      return values?.length === 1 && typeof values[0] === "string" ? values[0] : undefined
    })
    if (tags.every((tag) => tag !== undefined) && new Set(tags).size === tags.length) {
      return { field, tags: tags as ReadonlyArray<string> }
    }
  }
  return undefined
}

export type Kind =
  | "text"
  | "number"
  | "integer"
  | "boolean"
  | "object"
  | "array"
  | "tuple"
  | "choice"
  | "union"
  | "nullable"
  | "json"

/** Which field a schema gets. */
export const kindOf = (schema: JsonSchema, root: JsonSchema): Kind => {
  if (valuesOf(schema, root) !== undefined) return "choice"
  const choices = choicesOf(schema).map((one) => resolved(one, root))
  if (choices.length > 0) {
    if (tagOf(choices) !== undefined) return "union"
    const others = choices.filter(({ type }) => type !== "null")
    return others.length === 1 && choices.length === 2 ? "nullable" : "json"
  }
  switch (schema.type) {
    case "string":
      return "text"
    case "number":
      return "number"
    case "integer":
      return "integer"
    case "boolean":
      return "boolean"
    case "object":
      return propertiesOf(schema).length > 0 ? "object" : "json"
    case "array":
      return isSchema(schema.items) ? "array" : Array.isArray(schema.prefixItems) ? "tuple" : "json"
    default:
      return "json"
  }
}

/** What is there before somebody has filled something in: the tags of objects, and nothing else. */
export const initialOf = (schema: JsonSchema, root: JsonSchema, depth = 0): unknown => {
  const own = resolved(schema, root)
  if (depth > 8) return undefined
  switch (kindOf(own, root)) {
    case "choice": {
      const values = valuesOf(own, root)!
      return values.length === 1 ? values[0] : undefined
    }
    case "object":
      return Object.fromEntries(
        propertiesOf(own).filter(([name]) => requiredOf(own).includes(name)).map((
          [name, below]
        ) => [name, initialOf(below, root, depth + 1)])
      )
    case "union":
      return initialOf(choicesOf(own)[0]!, root, depth + 1)
    case "tuple":
      return (own.prefixItems as ReadonlyArray<unknown>).map((one) =>
        isSchema(one) ? initialOf(one, root, depth + 1) : undefined
      )
    case "array":
      return []
    case "boolean":
      return false
    default:
      return undefined
  }
}
