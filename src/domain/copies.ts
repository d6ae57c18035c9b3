/**
 * Whether something was made by the copy of `effect` that this package uses. Types do not tell copies of one version apart, and what
 * another one has made is taken for something else: a text would be stored as nothing.
 */
import * as Context from "effect/Context"
import type * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"

/** What to do about several copies. */
export const oneCopy = "`npm ls effect` lists the copies: have all packages use one version, so that one is installed"

/** What all parts of a schema are instances of. */
const Node: abstract new() => object = Object.getPrototypeOf(SchemaAST.Any)

// what was looked at, by whichever definitions
const own = new WeakSet<SchemaAST.AST>()

const partsOf = (ast: SchemaAST.AST): ReadonlyArray<SchemaAST.AST> => {
  const encoded = ast.encoding?.map(({ to }) => to) ?? []
  switch (ast._tag) {
    case "Declaration":
      return [...encoded, ...ast.typeParameters]
    case "Objects":
      return [
        ...encoded,
        ...ast.propertySignatures.map(({ type }) => type),
        ...ast.indexSignatures.flatMap(({ parameter, type }) => [parameter, type])
      ]
    case "Arrays":
      return [...encoded, ...ast.elements, ...ast.rest]
    case "Union":
      return [...encoded, ...ast.types]
    // what is suspended may not be there yet
    default:
      return encoded
  }
}

const isOwn = (ast: SchemaAST.AST): boolean => {
  if (own.has(ast)) return true
  if (!(ast instanceof Node) || !partsOf(ast).every(isOwn)) return false
  own.add(ast)
  return true
}

/** Whether a schema and all of its parts are of this copy. */
export const isOwnSchema = ({ ast }: Schema.Top): boolean => isOwn(ast)

const ownKey: object = Object.getPrototypeOf(Context.Service("stepped/copies"))

/** Whether a key of a service is of this copy. */
export const isOwnKey = (key: object): boolean => Object.prototype.isPrototypeOf.call(ownKey, key)
