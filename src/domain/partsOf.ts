import type * as SchemaAST from "effect/SchemaAST"

/** What a value of a schema has in it, each with the name of its place, or none where that may be anywhere. */
export const partsOf = (ast: SchemaAST.AST): ReadonlyArray<readonly [string | undefined, SchemaAST.AST]> => {
  switch (ast._tag) {
    case "Objects":
      return [
        ...ast.propertySignatures.map(({ name, type }) => [String(name), type] as const),
        ...ast.indexSignatures.map(({ type }) => ["*", type] as const)
      ]
    case "Arrays":
      return [
        ...ast.elements.map((type, i) => [ast.rest.length === 0 ? String(i) : "*", type] as const),
        ...ast.rest.map((type) => ["*", type] as const)
      ]
    case "Union":
      return ast.types.map((type) => [undefined, type] as const)
    case "Suspend":
      return [[undefined, ast.thunk()]]
    case "Declaration":
      return ast.typeParameters.map((type) => [undefined, type] as const)
    default:
      return []
  }
}
