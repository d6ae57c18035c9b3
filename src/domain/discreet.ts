/**
 * What is said of a value that does not fit its schema, where something in that is secret (`Schema.Redacted`, or encrypted): messages stand in causes, logs, spans and answers. What the
 * library itself says of a place names what is expected there, and nothing of the value; a check or a transformation of the program's may say anything, and a schema may be annotated to have its
 * input reported.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import * as SchemaIssue from "effect/SchemaIssue"
import { isEncrypted } from "./Encrypted.ts"
import { partsOf } from "./partsOf.ts"
import type { PlainSchema } from "./PlainSchema.ts"
import { isRedacted } from "./secrets.ts"

/** Marks what is said of a place by somebody who says nothing of its value. */
const discreetMark = "stepped/discreet"

/** An issue that may be told wherever its place is. */
export const toldAnyway = (message: string) =>
  new SchemaIssue.InvalidValue({ message, [discreetMark]: true }, undefined, {})

/** Whether something in it must not be told, anywhere. */
const isTouchy = (ast: SchemaAST.AST, seen: Set<SchemaAST.AST> = new Set()): boolean => {
  if (seen.has(ast)) return false
  seen.add(ast)
  return isRedacted(ast) || isEncrypted(ast) || partsOf(ast).some(([, part]) => isTouchy(part, seen)) ||
    (ast.encoding ?? []).some(({ to }) => isTouchy(to, seen))
}

/** Whether what stands at a path may have something in it that must not be told, or be made of such; in doubt it does. */
const hides = (ast: SchemaAST.AST, path: ReadonlyArray<PropertyKey>): boolean => {
  if (!isTouchy(ast)) return false
  const [key, ...below] = path
  if (key === undefined || isRedacted(ast) || isEncrypted(ast)) return true
  const parts = partsOf(ast.encoding?.at(-1)?.to ?? ast)
  const named = parts.filter(([name]) => name === String(key))
  const meant = named.length > 0 ? named : parts.filter(([name]) => name === "*")
  const inside = parts.filter(([name]) => name === undefined)
  return meant.length + inside.length === 0 || meant.some(([, part]) => hides(part, below)) ||
    inside.some(([, part]) => part === ast || hides(part, path))
}

const nothing = () => new SchemaIssue.InvalidValue()

/** The same issue without what is made of the value: of a check of the program's what it is called stays. */
const closed = (
  issue: SchemaIssue.Issue,
  top: SchemaAST.AST,
  path: ReadonlyArray<PropertyKey>
): SchemaIssue.Issue => {
  const below = (inner: SchemaIssue.Issue) => closed(inner, top, path)
  switch (issue._tag) {
    case "Pointer":
      return new SchemaIssue.Pointer(issue.path, closed(issue.issue, top, [...path, ...issue.path]))
    case "Composite": {
      const [first, ...others] = issue.issues
      return new SchemaIssue.Composite(issue.ast, [below(first), ...others.map(below)])
    }
    case "AnyOf":
      return new SchemaIssue.AnyOf(issue.ast, issue.issues.map(below))
    case "Encoding":
      return new SchemaIssue.Encoding(issue.ast, below(issue.issue))
    default:
  }
  if (!hides(top, path)) return issue
  switch (issue._tag) {
    case "Filter":
      return new SchemaIssue.Filter(issue.filter, below(issue.issue))
    case "InvalidType":
      return new SchemaIssue.InvalidType(issue.ast)
    case "UnexpectedKey":
      return new SchemaIssue.UnexpectedKey(issue.ast)
    case "OneOf":
      return new SchemaIssue.OneOf(issue.ast, issue.successes)
    case "InvalidValue":
      return issue.annotations?.[discreetMark] === true ? issue : nothing()
    case "Forbidden":
      return new SchemaIssue.Forbidden(undefined)
    default:
      return issue
  }
}

const touchy = new WeakMap<PlainSchema, SchemaAST.AST | null>()

/** What a schema stores, where something in that must not be told; looked at once. A schema may be one that cannot even be looked at. */
const touchyIn = (schema: PlainSchema): SchemaAST.AST | null => {
  const known = touchy.get(schema)
  if (known !== undefined) return known
  let found: SchemaAST.AST | null = null
  try {
    if (isTouchy(schema.ast)) found = Schema.toCodecJson(schema).ast
  } catch {
    // whoever reads or writes a value by it says what is wrong with it
  }
  touchy.set(schema, found)
  return found
}

/** Has what is read or written by a schema fail with no more than may be told: as it is, where nothing in it is secret. */
export const discreetly = <A, B>(
  schema: PlainSchema,
  reads: (value: A) => Effect.Effect<B, Schema.SchemaError>
): (value: A) => Effect.Effect<B, Schema.SchemaError> => {
  const top = touchyIn(schema)
  return top === null
    ? reads
    : (value) => Effect.mapErrorEager(reads(value), ({ issue }) => new Schema.SchemaError(closed(issue, top, [])))
}
