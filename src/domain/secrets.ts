/** Which schemas hold something secret. */
import * as SchemaAST from "effect/SchemaAST"
import { partsOf } from "./partsOf.ts"

export const isRedacted = (ast: SchemaAST.AST): boolean => {
  const kind = SchemaAST.isDeclaration(ast) ? ast.annotations?.representation : undefined
  return typeof kind === "object" && kind !== null && "id" in kind && kind.id === "effect/schema/Redacted"
}

/** Whether something secret is in it, anywhere. */
export const isSecret = (ast: SchemaAST.AST, seen: Set<SchemaAST.AST> = new Set()): boolean => {
  if (seen.has(ast)) return false
  seen.add(ast)
  const stored = ast.encoding?.at(-1)?.to
  return isRedacted(ast) || partsOf(ast).some(([, part]) => isSecret(part, seen)) ||
    (stored !== undefined && isSecret(stored, seen))
}
