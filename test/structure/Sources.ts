/**
 * The sources as TypeScript sees them: syntax trees and symbols of one project, read by the compiler's own parser, so
 * that a word within a comment or a string is never taken for code.
 */
import type { Node, SourceFile } from "typescript/unstable/ast"
import type { FileSystem } from "typescript/unstable/fs"
import { API, type Checker, type Symbol as TypeScriptSymbol, SymbolFlags } from "typescript/unstable/sync"

export interface Source {
  /** Relative to the root of the project. */
  readonly path: string
  readonly tree: SourceFile
}

export interface Sources extends Disposable {
  readonly files: ReadonlyArray<Source>
  readonly checker: Checker
}

/** Opens the project of `root`, whose files may as well exist only in `fs`. */
export const openSources = (root: string, fs?: FileSystem): Sources => {
  const api = new API({ cwd: root, ...(fs ? { fs } : {}) })
  const project = api.updateSnapshot({ openProjects: [`${root}/tsconfig.json`] }).getProjects()[0]
  if (project === undefined) throw new Error(`${root}/tsconfig.json is no project`)
  return {
    files: project.rootFiles.map((file) => {
      const tree = project.program.getSourceFile(file)
      if (tree === undefined) throw new Error(`${file} is not part of its own project`)
      return { path: file.slice(root.length + 1), tree }
    }),
    checker: project.checker,
    [Symbol.dispose]: () => api.close()
  }
}

/** Visits a node and everything below it. */
export const walk = (node: Node, visit: (node: Node) => void): void => {
  visit(node)
  node.forEachChild((child) => {
    walk(child, visit)
    return undefined
  })
}

/** Where a node stands, as editors write it. */
export const place = (source: Source, node: Node): string =>
  `${source.path}:${source.tree.getLineAndCharacterOfPosition(node.getStart()).line + 1}`

export interface Export {
  readonly name: string
  readonly symbol: TypeScriptSymbol
}

/** What a module exports, with what it exports as a namespace opened up, and every alias followed to its origin. */
export const exportsOf = ({ checker }: Sources, source: Source): ReadonlyArray<Export> => {
  const open = (module: TypeScriptSymbol, prefix: string): ReadonlyArray<Export> =>
    checker.getExportsOfModule(module).flatMap((symbol) => {
      const origin = symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
      const name = prefix + symbol.name
      return origin.flags & SymbolFlags.Module ? open(origin, `${name}.`) : [{ name, symbol: origin }]
    })
  const module = checker.getSymbolAtLocation(source.tree)
  return module === undefined ? [] : open(module, "")
}
