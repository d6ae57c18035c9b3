/**
 * What is stored encrypted, as the rest of the engine needs to know it: which schemas encrypt something, and by what their values are told
 * apart, since what is stored of one value is another text each time.
 */
import * as Context from "effect/Context"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import { partsOf } from "./partsOf.ts"
import type { PlainSchema } from "./PlainSchema.ts"

/** Where it is set, encrypting gives a digest by key in place of the text: the same for the same value, and nothing that could be read again. */
export const Digesting = Context.Reference<boolean>("stepped/Digesting", { defaultValue: () => false })

/** Marks the stored side of a schema that encrypts, with its field. */
const encryptedMark = "stepped/encrypted"

/** The stored side of what is encrypted. */
export const sealed = (field: string) => Schema.String.annotate({ [encryptedMark]: field, description: "encrypted" })

/** Whether it is the stored side of what is encrypted. */
export const isEncrypted = (ast: SchemaAST.AST): boolean => typeof ast.annotations?.[encryptedMark] === "string"

/** What is encrypted in a value, each field once. */
export const fieldsIn = (schema: PlainSchema): ReadonlyArray<string> => [...new Set(fields(schema.ast, new Set()))]

function* fields(ast: SchemaAST.AST, seen: Set<SchemaAST.AST>): Generator<string> {
  if (seen.has(ast)) return
  seen.add(ast)
  const field = ast.annotations?.[encryptedMark]
  if (typeof field === "string") yield field
  for (const [, part] of partsOf(ast)) yield* fields(part, seen)
  for (const { to } of ast.encoding ?? []) yield* fields(to, seen)
}

const known = new WeakMap<PlainSchema, boolean>()

/** Whether something in it is stored encrypted; looked at once. A schema may be one that cannot even be looked at. */
export const isEncrypting = (schema: PlainSchema): boolean => {
  const before = known.get(schema)
  if (before !== undefined) return before
  let found = false
  try {
    found = fieldsIn(schema).length > 0
  } catch {
    // whoever reads or writes a value by it says what is wrong with it
  }
  known.set(schema, found)
  return found
}
