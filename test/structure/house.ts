/**
 * The rules of the house: how large a thing may be, where state may live, and who may import whom. As with the other rules, an empty answer
 * means that one holds.
 */
import {
  isArrayLiteralExpression,
  isArrowFunction,
  isBinaryExpression,
  isCallExpression,
  isDeleteExpression,
  isElementAccessExpression,
  isExpressionStatement,
  isForOfStatement,
  isFunctionLikeDeclaration,
  isIdentifier,
  isNewExpression,
  isNonNullExpression,
  isParenthesizedExpression,
  isPostfixUnaryExpression,
  isPrefixUnaryExpression,
  isPropertyAccessExpression,
  isPropertyAssignment,
  isPropertyDeclaration,
  isVariableDeclaration,
  isVariableDeclarationList,
  type Node,
  NodeFlags,
  SyntaxKind
} from "typescript/unstable/ast"
import { type Import, importsOf } from "./imports.ts"
import { place, type Source, type Sources, walk } from "./Sources.ts"

type Violations = ReadonlyArray<string>

const inSource = (sources: Sources): ReadonlyArray<Source> =>
  sources.files.filter(({ path }) => path.startsWith("src/"))

// -----------------------------------------------------------------------------
// Sizes
// -----------------------------------------------------------------------------

export const fileMax = 400
export const functionMax = 80
export const sqlFunctionMax = 150

const lines = (text: string): number => text.split("\n").length - (text.endsWith("\n") ? 1 : 0)

/** What is one list of many things, or is written by a script. */
export const longFiles: ReadonlyArray<string> = ["src/Action.ts", "src/SteppedError.ts", "src/sql/schema/generated.ts"]

export interface Text {
  readonly path: string
  readonly content: string
}

/** A file is read in one sitting. */
export const largeFiles = (texts: ReadonlyArray<Text>): Violations =>
  texts.filter(({ path }) => !longFiles.includes(path) && !/^src\/sql\/schema\/tables\b.*\.sql$/.test(path))
    .flatMap(({ content, path }) => {
      const count = lines(content)
      return count > fileMax ? [`${path}: ${count} lines`] : []
    })

/** What a function is called where it stands: by its own name, or by what it is given to. */
const nameOf = (node: Node): string => {
  const { parent } = node
  const own = (node as { readonly name?: Node }).name
  if (own !== undefined) return own.getText()
  if (parent !== undefined && isCallExpression(parent)) return nameOf(parent)
  const given = (parent as { readonly name?: Node } | undefined)?.name
  return given === undefined ? "a function" : given.getText()
}

/** What a function is given a name with: itself, or an effect that is made of it, as with `Effect.gen`. */
const namedWith = (node: Node): Node => {
  const { parent } = node
  return isCallExpression(parent) && parent.expression !== node && parent.expression.getText().startsWith("Effect.")
    ? parent
    : node
}

/** Whether a function has a name, and so can be read by itself: it counts for itself. What is given to another one counts to that. */
const isNamed = (node: Node): boolean => {
  if (!isFunctionLikeDeclaration(node)) return false
  const { parent } = namedWith(node)
  return (node as { readonly name?: Node }).name !== undefined || isVariableDeclaration(parent) ||
    isPropertyAssignment(parent) || isPropertyDeclaration(parent)
}

const sizeOf = (node: Node): number => {
  let count = lines(node.getText())
  const visit = (child: Node): void => {
    // its first and last line may be shared
    if (isNamed(child)) count -= Math.max(0, lines(child.getText()) - 1)
    else {
      child.forEachChild((next) => {
        visit(next)
        return undefined
      })
    }
  }
  node.forEachChild((child) => {
    visit(child)
    return undefined
  })
  return count
}

/**
 * A function fits a screen. Functions with a name within it count for themselves: what makes a part of the engine is a list of them, and is
 * no longer than a file may be.
 */
export const largeFunctions = (sources: Sources): Violations =>
  inSource(sources).flatMap((source) => {
    const found: Array<string> = []
    walk(source.tree, (node) => {
      if (!isFunctionLikeDeclaration(node)) return
      const count = sizeOf(node)
      if (count > functionMax) found.push(`${place(source, node)}: ${nameOf(node)}: ${count} lines`)
    })
    return found
  })

export const preambleMax = 60

const isTest = (statement: Node): boolean => {
  const text = statement.getText()
  return isForOfStatement(statement)
    ? /\b(describe|it|suite|scenario)[.(]/.test(text)
    : isExpressionStatement(statement) && /^(describe|it|suite|scenario)\b/.test(text)
}

/** A file of tests begins with tests: a large cast is a fixture with a name. */
export const lateTests = (sources: Sources): Violations =>
  sources.files.filter(({ path }) => /^test\/.*\.test\.ts$/.test(path)).flatMap((source) => {
    const first = source.tree.statements.find(isTest)
    const before = first === undefined ? 0 : Number(place(source, first).split(":")[1]) - 1
    return before > preambleMax ? [`${source.path}: ${before} lines before the first test`] : []
  })

/** A function in SQL as well, without its header. */
export const largeSqlFunctions = (texts: ReadonlyArray<Text>): Violations =>
  texts.filter(({ path }) => path.endsWith(".sql")).flatMap(({ content, path }) =>
    [...content.matchAll(/\bcreate\s+(?:or\s+replace\s+)?(?:function|procedure)\s+([\w.]+)[^]*?(\$\w*\$)([^]*?)\2/gi)]
      .flatMap(([, name, , body]) => {
        const count = lines(body!.trim())
        return count > sqlFunctionMax ? [`${path}: ${name}: ${count} lines`] : []
      })
  )

// -----------------------------------------------------------------------------
// State
// -----------------------------------------------------------------------------

/** Where state may live besides `worker/` and `client/`, and what it is there. */
export const stateful: Readonly<Record<string, string>> = {
  "src/Lane.ts": "one name has one setting in a program, and a claim tells the database what it is",
  "src/domain/Offsets.ts": "when clocks of zones are changed, as far as somebody has looked",
  "src/store/loadTree.ts": "what of a tree is shown already, while it is read",
  "src/engine/ActionId.ts": "the last id",
  "src/engine/BatchSize.ts": "how large the next batch is",
  "src/engine/Registry.ts": "what this process can run",
  "src/engine/check/Tally.ts": "what one check has found",
  "src/engine/UserClock.ts": "how far the machine's clock is off",
  "src/engine/Wakeups.ts": "who is to be woken",
  "src/engine/events/Hub.ts": "who listens, and what is still to be told",
  "src/engine/events/watching.ts": "which changes are in doubt",
  "src/engine/events/streaming.ts": "what is kept for one subscriber",
  "src/testing/events.ts": "what one test has recorded",
  "src/http/Live.ts": "what was told of the last seconds",
  "src/http/messages.ts": "what of a tree is opened already, while it is printed",
  "src/http/views.ts": "what of a tree is shown already, while it is sent",
  "src/http/denials.ts": "who was refused of late",
  "src/http/rate.ts": "how much was asked in the last second",
  "src/stores/Takers.ts": "who waits at which queue",
  "src/stores/calling.ts": "of which queues others are to be told",
  "src/stores/persistedQueue.ts": "what this process has taken",
  "src/cli/dev/Screen.ts": "what is drawn, and what has no end of line yet",
  "src/cli/dev/skipping.ts": "how far user time is ahead",
  "src/cli/dev/watching.ts": "which folders are watched, and what has changed",
  "src/engine/maintenance/adoptLanes.ts": "whom its last look found",
  "src/engine/maintenance/heal.ts": "where its next look begins",
  "src/engine/maintenance/neglected.ts": "what it has warned of",
  "src/engine/maintenance/cancelAbandoned.ts": "whether there is something to look at",
  "src/engine/maintenance/retention.ts": "when it looks again",
  "src/engine/perform/once.ts": "what one body has done once",
  "src/engine/perform/pieces.ts": "how much one action has loaded",
  "src/engine/perform/replay.ts": "what one run of an execution has done",
  "src/workflow/Kept.ts": "what suspended runs have left open",
  "src/workflow/Runs.ts": "which executions run in this process",
  "src/workflow/registrations.ts": "which workflows this process has",
  "src/engine/perform/runJob.ts": "whether the job has completed its action",
  "src/engine/perform/stepService.ts": "what one body has asked for",
  "src/engine/measuring.ts": "of which queues its gauges say something",
  "src/store/Meter.ts": "its series, and who is asked for gauges",
  "src/engine/trace.ts": "what has run of one action in hand",
  "src/engine/retrying.ts": "whether what is waited for has happened",
  "src/sql/EmbeddedDatabase.ts": "the one session of a database in this process",
  "src/sql/OwnConnections.ts": "the connections, and who waits for one",
  "src/sql/call.ts": "which texts are prepared",
  "src/sql/conditions.ts": "the parameters of one query",
  "src/sql/transaction.ts": "how far one transaction is"
}

const mutating = new Set([
  "add",
  "clear",
  "copyWithin",
  "delete",
  "fill",
  "pop",
  "push",
  "reverse",
  "set",
  "shift",
  "sort",
  "splice",
  "unshift"
])
const collections = new Set(["Map", "Set", "Array"])
const references =
  /^(Ref|SynchronizedRef|SubscriptionRef|MutableRef|MutableHashMap|MutableHashSet|MutableList)\.(make|empty)$/

const isCollection = (node: Node | undefined): boolean =>
  node !== undefined &&
  (isArrayLiteralExpression(node) || isNewExpression(node) && collections.has(node.expression.getText()))

/** What an expression begins with: of `a.b[c]!` it is `a`. */
const rootOf = (node: Node): Node =>
  isPropertyAccessExpression(node) || isElementAccessExpression(node) || isNonNullExpression(node) ||
    isParenthesizedExpression(node)
    ? rootOf(node.expression)
    : node

const isAssignment = (kind: SyntaxKind): boolean =>
  kind >= SyntaxKind.FirstAssignment && kind <= SyntaxKind.LastAssignment

/** What a node changes, if it changes something. */
const changed = (node: Node): Node | undefined => {
  if (isBinaryExpression(node)) return isAssignment(node.operatorToken.kind) ? rootOf(node.left) : undefined
  if (isPrefixUnaryExpression(node) || isPostfixUnaryExpression(node)) {
    return node.operator === SyntaxKind.PlusPlusToken || node.operator === SyntaxKind.MinusMinusToken
      ? rootOf(node.operand)
      : undefined
  }
  if (isDeleteExpression(node)) return rootOf(node.expression)
  return isCallExpression(node) && isPropertyAccessExpression(node.expression) &&
      mutating.has(node.expression.name.text)
    ? rootOf(node.expression.expression)
    : undefined
}

const within = new Set(["every", "filter", "flatMap", "forEach", "map", "reduce", "some"])

/** Whether a function is a part of the expression in which it stands: it runs there, and nowhere else. */
const isPartOfIts = (node: Node): boolean =>
  isArrowFunction(node) && isCallExpression(node.parent) && isPropertyAccessExpression(node.parent.expression) &&
  within.has(node.parent.expression.name.text) && node.parent.expression.expression.getText() !== "Effect"

const functionOf = (node: Node): Node | undefined => {
  let at: Node | undefined = node.parent
  while (at !== undefined && (!isFunctionLikeDeclaration(at) || isPartOfIts(at))) at = at.parent
  return at
}

/** Where a variable is seen: the nearest block, loop or function around it. */
const scopeOf = (node: Node): Node => {
  let at = node.parent
  if (isVariableDeclarationList(at)) at = at.parent
  while (at.kind === SyntaxKind.VariableStatement) at = at.parent
  return at
}

const isWithin = (node: Node, outer: Node): boolean => {
  for (let at: Node | undefined = node; at !== undefined; at = at.parent) if (at === outer) return true
  return false
}

const isMutable = (node: Node): boolean =>
  isVariableDeclaration(node) && (isCollection(node.initializer) || (node.parent.flags & NodeFlags.Let) !== 0)

/**
 * What is kept from one call to the next: a variable or a collection that a function changes which did not declare it, fields that are not
 * read-only, and references.
 */
export const stateIn = (source: Source): Violations => {
  const declared = new Map<string, Array<Node>>()
  const changes: Array<readonly [name: string, at: Node]> = []
  const found = new Map<string, Node>()
  walk(source.tree, (node) => {
    if (isVariableDeclaration(node) && isIdentifier(node.name)) {
      declared.set(node.name.text, [...declared.get(node.name.text) ?? [], node])
    }
    if (
      isPropertyDeclaration(node) &&
      (isCollection(node.initializer) || !node.modifiers?.some(({ kind }) => kind === SyntaxKind.ReadonlyKeyword))
    ) found.set(`${node.name.getText()}`, node)
    if (isCallExpression(node) && references.test(node.expression.getText())) found.set(node.expression.getText(), node)
    const target = changed(node)
    if (target !== undefined && isIdentifier(target)) changes.push([target.text, node])
  })
  for (const [name, at] of changes) {
    const inner = (declared.get(name) ?? []).filter((node) => isWithin(at, scopeOf(node))).at(-1)
    if (inner === undefined || !isMutable(inner)) continue
    const owner = functionOf(inner)
    if (owner === undefined || functionOf(at) !== owner) found.set(name, inner)
  }
  return [...found].map(([name, node]) => `${place(source, node)}: ${name}`)
}

/** State has an owner: it lives where one looks for it. */
export const stateElsewhere = (sources: Sources): Violations =>
  inSource(sources).filter(({ path }) =>
    !/^src\/engine\/(worker|client)\//.test(path) && !Object.hasOwn(stateful, path)
  )
    .flatMap(stateIn)

// -----------------------------------------------------------------------------
// Order
// -----------------------------------------------------------------------------

const services = /^src\/(ActionRepo|PerformanceLane|AchievementStore|JobQueue)\.ts$/
/** Where everything is put together. */
const joining = /^src\/(App|Stepped|Forget|Listing|Tree|Diagram|index|engine\/engineLayer)\.ts$/
/** What is asked of the whole, in the words that all who stand above share. */
const verbs = /^src\/verbs\//
const upper = /^src\/(embedded|testing|cli|http|dashboard|workflow|stores|ai)\//

const storeyOf = (path: string): string =>
  path === "src/SteppedError.ts"
    ? "errors"
    // what users hold of a step's result, and nothing else
    : path === "src/Child.ts"
    ? "domain"
    : joining.test(path)
    ? "joining"
    : services.test(path)
    ? "services"
    : verbs.test(path)
    ? "verbs"
    : upper.exec(path)?.[1] ?? /^src\/(domain|store|engine|sql)\//.exec(path)?.[1] ?? "definitions"

/**
 * What stands below each storey. Errors stand beside the domain, which says with them what it refuses. The records that the services give
 * are theirs and public: the storage makes them, and so may import their types.
 */
const below: Readonly<Record<string, ReadonlyArray<string>>> = {
  errors: ["domain"],
  domain: ["errors"],
  definitions: ["errors", "domain"],
  store: ["errors", "domain", "definitions"],
  services: ["errors", "domain", "definitions", "store"],
  engine: ["errors", "domain", "definitions", "store", "services"],
  sql: ["errors", "domain", "definitions", "store"],
  joining: ["errors", "domain", "definitions", "store", "services", "engine", "sql"],
  verbs: ["errors", "domain", "definitions", "services"]
}

const all = Object.keys(below)

/** What stands above all of that knows the others there only where it is made for them. */
const beside: Readonly<Record<string, ReadonlyArray<string>>> = { cli: ["embedded", "http", "dashboard"] }

const namesOf = ({ node }: Import): ReadonlyArray<string> => {
  const found: Array<string> = []
  walk(node, (child) => {
    if (isIdentifier(child)) found.push(child.text)
  })
  return found
}

/** Whether a service uses it in its `layer` and nowhere else. */
const isForLayer = (one: Import): boolean => {
  const names = new Set(namesOf(one))
  let elsewhere = false
  const visit = (node: Node): void => {
    const name = (node as { readonly name?: Node }).name
    if (
      node === one.node || (isPropertyDeclaration(node) || isVariableDeclaration(node)) && name?.getText() === "layer"
    ) {
      return
    }
    if (isIdentifier(node) && names.has(node.text)) elsewhere = true
    node.forEachChild((child) => {
      visit(child)
      return undefined
    })
  }
  visit(one.from.tree)
  return !elsewhere
}

/** Everything imports what stands below it, not even a type of what stands above. */
export const importsOutOfOrder = (sources: Sources): Violations =>
  inSource(sources).flatMap((source) => {
    const own = storeyOf(source.path)
    return importsOf(source).flatMap((one) => {
      const to = storeyOf(one.to)
      const allowed = to === own || (below[own] ?? [...all, ...beside[own] ?? []]).includes(to) ||
        own === "services" && to === "sql" && isForLayer(one) ||
        (own === "store" || own === "sql") && to === "services" && one.typeOnly
      return allowed ? [] : [`${place(source, one.node)}: ${own} imports ${to}: ${one.to}`]
    })
  })

// -----------------------------------------------------------------------------
// Cycles
// -----------------------------------------------------------------------------

/** Files that import each other, be it for types alone: in any number of steps, each of them every other. */
const knots = (sources: Sources): ReadonlyArray<ReadonlyArray<string>> => {
  const edges = new Map(inSource(sources).map((source) => [source.path, importsOf(source).map(({ to }) => to)]))
  const reached = new Map([...edges.keys()].map((from) => {
    const seen = new Set<string>()
    const next = [from]
    while (next.length > 0) {
      for (const to of edges.get(next.pop()!) ?? []) {
        if (!seen.has(to)) next.push(to)
        seen.add(to)
      }
    }
    return [from, seen] as const
  }))
  const found = new Map<string, ReadonlyArray<string>>()
  for (const [file, seen] of reached) {
    const knot = [...seen].filter((other) => reached.get(other)?.has(file) === true).sort()
    if (knot.length > 1) found.set(knot.join(), knot)
  }
  return [...found.values()]
}

/**
 * Types may know each other within a folder: the parts of a worker, an action and its checks. A worker knows its duties, and they what it
 * is made of. The records that the services give are made by the store, and so these two know each other's types.
 */
export const knotsAcrossFolders = (sources: Sources): Violations =>
  knots(sources).flatMap((files) => {
    const folders = new Set(files.map((path) =>
      services.test(path)
        ? "src/store"
        : path.slice(0, path.lastIndexOf("/")).replace("engine/maintenance", "engine/worker")
    ))
    return folders.size === 1 ? [] : [files.join(", ")]
  })
