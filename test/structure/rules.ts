/**
 * The rules that hold the sources together. Each looks at the whole and names every place that breaks it, so that an
 * empty answer means that the rule holds.
 */
import {
  isCallExpression,
  isIdentifier,
  isNewExpression,
  isNoSubstitutionTemplateLiteral,
  isPropertyAccessExpression,
  isStringLiteral,
  isTaggedTemplateExpression,
  isTemplateExpression,
  type Node
} from "typescript/unstable/ast"
import { importsOf } from "./imports.ts"
import { exportsOf, place, type Source, type Sources, walk } from "./Sources.ts"

type Violations = ReadonlyArray<string>

/** The files that may look at the real clock: leases and deadlines must not follow a clock that tests move. */
export const realTimeFiles: ReadonlyArray<string> = ["src/store/RealClock.ts"]

const inSource = (sources: Sources): ReadonlyArray<Source> =>
  sources.files.filter(({ path }) => path.startsWith("src/"))

const find = (source: Source, finding: (node: Node) => string | undefined): Violations => {
  const found: Array<string> = []
  walk(source.tree, (node) => {
    const text = finding(node)
    if (text !== undefined) found.push(`${place(source, node)}: ${text}`)
  })
  return found
}

// -----------------------------------------------------------------------------
// SQL
// -----------------------------------------------------------------------------

const kinds = "table|schema|index|function|view|type|sequence|trigger|role|database|extension"

const statements: ReadonlyArray<RegExp> = [
  /\bselect\b[^]+\bfrom\b/i,
  /^\s*select\s+[\w."]+\(/i,
  /\binsert\s+into\b/i,
  /\bupdate\s+\S+\s+set\b/i,
  /\bdelete\s+from\b/i,
  /\bwith\s+\w+\s+as\s+(not\s+)?(materialized\s+)?\(/i,
  new RegExp(`\\b(create|alter|drop)\\s+(or\\s+replace\\s+|unlogged\\s+|temp\\s+|unique\\s+)*(${kinds})\\b`, "i"),
  /\bfor\s+(no\s+key\s+)?update\b/i,
  /\bskip\s+locked\b/i,
  /^\s*(begin|commit|rollback|BEGIN|COMMIT|ROLLBACK)\s*;?\s*$/,
  /^\s*(listen|unlisten|notify|savepoint|truncate|vacuum|analyze|lock table|set local|set session)\s+\S/i,
  /\bpg_\w+\s*\(/i
]

/** SQL is written under `src/sql` and nowhere else. */
export const sqlElsewhere = (sources: Sources): Violations =>
  inSource(sources).filter(({ path }) => !path.startsWith("src/sql/")).flatMap((source) =>
    find(source, (node) => {
      if (isTaggedTemplateExpression(node) && /\bsql\b/i.test(node.tag.getText())) return "a statement"
      const text = isStringLiteral(node) || isNoSubstitutionTemplateLiteral(node)
        ? node.text
        : isTemplateExpression(node)
        ? node.getText().slice(1, -1)
        : ""
      return statements.some((statement) => statement.test(text)) ? "SQL in a text" : undefined
    })
  )

// -----------------------------------------------------------------------------
// Time and chance
// -----------------------------------------------------------------------------

const realTime = new Set(["Date.now", "Math.random", "performance.now", "process.hrtime", "process.hrtime.bigint"])
const timers = new Set(["setTimeout", "setInterval"])

/** Time and chance come from Effect's `Clock` and `Random`, so that a test can move the one and repeat the other. */
export const realTimeElsewhere = (sources: Sources): Violations =>
  inSource(sources).filter(({ path }) => !realTimeFiles.includes(path)).flatMap((source) =>
    find(source, (node) => {
      if (isPropertyAccessExpression(node)) return realTime.has(node.getText()) ? node.getText() : undefined
      if (isNewExpression(node)) {
        return node.expression.getText() === "Date" && (node.arguments?.length ?? 0) === 0 ? "new Date()" : undefined
      }
      if (isCallExpression(node) && node.expression.getText() === "Date") return "Date()"
      if (isIdentifier(node) && timers.has(node.text)) return node.text
      return undefined
    })
  )

// -----------------------------------------------------------------------------
// Imports
// -----------------------------------------------------------------------------

/** No module waits at its loading for one that waits for it. */
export const importCycles = (sources: Sources): Violations => {
  const edges = new Map<string, ReadonlyArray<string>>()
  for (const source of inSource(sources)) {
    const loaded = importsOf(source).filter(({ node, typeOnly }) => !typeOnly && !isCallExpression(node))
    edges.set(source.path, loaded.map(({ to }) => to))
  }
  const cycles: Array<string> = []
  const done = new Set<string>()
  const visit = (file: string, path: ReadonlyArray<string>): void => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(" -> "))
    if (path.includes(file) || done.has(file)) return
    for (const next of edges.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of edges.keys()) visit(file, [])
  return cycles
}

/** A file that is meant to be there is there, and imports say its whole name. */
export const importsWithoutEnding = (sources: Sources): Violations =>
  sources.files.flatMap((source) =>
    importsOf(source).flatMap(({ node, to }) => to.endsWith(".ts") ? [] : [`${place(source, node)}: imports ${to}`])
  )

// -----------------------------------------------------------------------------
// Documentation
// -----------------------------------------------------------------------------

/** Every public name says in a sentence what it is, where it belongs and since when it is there. */
export const undocumented = (sources: Sources, entry: string): Violations => {
  const source = sources.files.find(({ path }) => path === entry)
  if (source === undefined) return [`${entry} does not exist`]
  // what comes from other packages is documented there
  const src = source.tree.fileName.slice(0, -entry.length).toLowerCase() + "src/"
  const exports = exportsOf(sources, source).filter(({ symbol }) =>
    symbol.declarations.some(({ path }) => path.toLowerCase().startsWith(src))
  )
  if (exports.length === 0) return [`${entry} exports nothing`]
  return exports.flatMap(({ name, symbol }) => {
    const tags = symbol.getJsDocTags(sources.checker)
    const missing = [
      ...(symbol.getDocumentationComment(sources.checker).trim() === "" ? ["a sentence"] : []),
      ...["category", "since"].filter((tag) => !tags.some(({ name, text }) => name === tag && text !== "")).map((tag) =>
        `@${tag}`
      )
    ]
    return missing.length === 0 ? [] : [`${entry}: ${name} lacks ${missing.join(", ")}`]
  })
}

// -----------------------------------------------------------------------------
// Names and words
// -----------------------------------------------------------------------------

export interface Text {
  readonly path: string
  readonly content: string
}

/** A file is named after what it holds. */
export const emptyNames = (paths: ReadonlyArray<string>): Violations =>
  paths.filter((path) => /(util|helper|common|manager|misc)s?\b/i.test(path.replaceAll(/([A-Z])/g, "-$1")))

const foreign: ReadonlyArray<readonly [RegExp, string]> = [
  [/\b(TODO|FIXME|XXX|HACK|WIP)\b/, "an unfinished mark"],
  [/(^|[\s"'`(])\/(work|root|home|Users)\//, "a path of one machine"],
  [/\b(issue|ticket|pull request|PR) ?#?\d+\b/i, "a number of another system"],
  [/\b(the lead|house rules?|helpers?|sub-?agents?|api[- ]sketch|the brief|reference engine)\b/i, "how it was written"],
  [/\b(claude|anthropic|openai|chatgpt|copilot|LLM)\b/i, "who wrote it"],
  [/(^|\s)§|\s\(\d+\.\d+(\.\d+)?\)/, "a section of a document that is not here"]
]

/** The repository speaks of the product alone, and of no document that a reader does not have. */
export const foreignWords = (texts: ReadonlyArray<Text>, documents: ReadonlyArray<string>): Violations =>
  texts.flatMap(({ content, path }) =>
    content.split("\n").flatMap((line, index) => {
      const missing = [...line.matchAll(/\b[\w-]+\.md\b/g)].map(([name]) => name).filter((name) =>
        !documents.includes(name)
      )
      const found = foreign.filter(([words]) => words.test(line)).map(([, what]) => what)
      return [...found, ...missing.map((name) => `${name} is not here`)].map((what) => `${path}:${index + 1}: ${what}`)
    })
  )

const topLevel =
  /^(\..+|package\.json|package-lock\.json|tsconfig\.json|src|test|examples|README\.md|LICENSE|CHANGELOG\.md|node_modules|dist)$/

/** The first thing that a visitor sees is short. */
export const strangersAtTop = (names: ReadonlyArray<string>): Violations => names.filter((name) => !topLevel.test(name))
