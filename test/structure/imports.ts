/** What modules import, by value or by type. */
import { dirname, join, normalize } from "node:path"
import {
  isCallExpression,
  isExportDeclaration,
  isImportDeclaration,
  isStringLiteral,
  type Node,
  SyntaxKind
} from "typescript/unstable/ast"
import { type Source, walk } from "./Sources.ts"

export interface Import {
  readonly from: Source
  readonly to: string
  readonly node: Node
  /** An import of types alone leaves nothing behind at run time. */
  readonly typeOnly: boolean
}

export const importsOf = (source: Source): ReadonlyArray<Import> => {
  const found: Array<Import> = []
  walk(source.tree, (node) => {
    const specifier = isImportDeclaration(node) || isExportDeclaration(node)
      ? node.moduleSpecifier
      : isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword
      ? node.arguments[0]
      : undefined
    if (specifier === undefined || !isStringLiteral(specifier) || !specifier.text.startsWith(".")) return
    found.push({
      from: source,
      to: normalize(join(dirname(source.path), specifier.text)),
      node,
      typeOnly: (isImportDeclaration(node) && node.importClause?.phaseModifier === SyntaxKind.TypeKeyword) ||
        (isExportDeclaration(node) && node.isTypeOnly)
    })
  })
  return found
}
