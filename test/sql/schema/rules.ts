/** What holds of the schema's files. Each rule names every place that breaks it. */
import { words } from "../../../src/domain/Failure.ts"
import * as Phase from "../../../src/domain/Phase.ts"
import { Kind, SentCode, VerdictCode } from "../../../src/sql/rows.ts"
import { isolationState } from "../../../src/sql/storageError.ts"
import * as weight from "../../../src/store/weight.ts"
import { statementsOf } from "./Files.ts"

type Violations = ReadonlyArray<string>

/** The codes that TypeScript and SQL share, by what stands beside them in SQL. */
const codes: Readonly<Record<string, unknown>> = {
  Phase: Phase.phaseCodes,
  Status: Phase.statusCodes,
  StepKind: Phase.stepKindCodes,
  Flag: Phase.Flag,
  Undo: Phase.Undo,
  Undoable: Phase.Undoable,
  Forgotten: Phase.Forgotten,
  UndoSlot: Phase.UndoSlot,
  Priority: Phase.Priority,
  Seat: Phase.Seat,
  JobKind: Phase.JobKind,
  KeyKind: Phase.KeyKind,
  ExecutionName: Phase.ExecutionName,
  ScheduleSource: Phase.ScheduleSource,
  RateKind: Phase.RateKind,
  ElementState: Phase.ElementState,
  Kind,
  Verdict: VerdictCode,
  Sent: SentCode,
  words,
  statuses: Phase.statuses,
  stepKinds: Phase.stepKinds,
  StepStatus: Phase.stepStatusCodes,
  stepStatuses: Phase.stepStatuses,
  isolationState,
  travelling: weight.travelling,
  answering: weight.answering
}

const valueOf = (name: string): unknown =>
  name.split(".").reduce<unknown>((of, key) => (of as Readonly<Record<string, unknown>> | undefined)?.[key], codes)

/** A value as SQL writes it. */
const written = (value: unknown): string =>
  Array.isArray(value)
    ? `array[${value.map(written).join(", ")}]`
    : typeof value === "string"
    ? `'${value}'`
    : `${value}`

const onOneLine = (literal: string): string => literal.replaceAll(/(?<=\[)\s+|\s+(?=\])/g, "").replaceAll(/\s+/g, " ")

const named = /(-?\d+|'[^']*'|array\[[^\]]*\])\s*\/\* ([\w.]+) \*\//g

/** Every code is what its name says, and every name beside a value is one of a code. */
export const wrongCodes = (sql: string): Violations => {
  const found = [...sql.matchAll(named)]
  const wrong = found.filter(([, literal, name]) => onOneLine(literal!) !== written(valueOf(name!))).map(([text]) =>
    text
  )
  const remarks = sql.split("/*").length - 1 - found.length
  return remarks === 0 ? wrong : [...wrong, `${remarks} remarks that name no code`]
}

const functionsIn = (sql: string): ReadonlyArray<string> =>
  statementsOf(sql).filter((statement) => statement.startsWith("create function "))

/** Says that a function gets its search path from whoever calls it. */
export const isInner = (sql: string): boolean =>
  /^-- (For other functions only: it inherits their search path|Names nothing of the schema, and needs no search path)\b/m
    .test(sql)

/** A function states its search path, or says why it need not. */
export const pathless = (sql: string): Violations =>
  functionsIn(sql).filter((statement) => statement.includes("set search_path from current") === isInner(sql)).map((
    it
  ) => it.split("(", 1)[0]!)

/** Every table and view has a comment. */
export const uncommented = (sql: string): Violations =>
  statementsOf(sql).flatMap((statement) => {
    const [, kind, name] = /^create (table|view) (\w+)/.exec(statement) ?? []
    return kind === undefined || sql.includes(`\ncomment on ${kind} ${name} is`) ? [] : [`${kind} ${name}`]
  })

const withoutRemarks = (sql: string): string => sql.replaceAll(/--[^\n]*/g, "")

/** Where a number stands that is a code, without its name. */
export const bareCodes = (sql: string): Violations => {
  const columns = "(?:status|phase|kind|priority|outcome|seat)"
  const found = [
    new RegExp(`\\b${columns}\\s*(?:=|<>|<=?|>=?)\\s*-?\\d+\\b(?!\\s*/\\*)`, "g"),
    new RegExp(`\\b${columns}\\s+(?:not\\s+)?in\\s*\\([^)]*\\d(?!\\s*/\\*)`, "g"),
    /\b(?:flags|known)\)?\s*&\s*(?!1023\b)\d+\b(?!\s*\/\*)/g,
    /\bnews(?:_of)?\(\s*-?\d+\b(?!\s*\/\*)/g
  ].flatMap((it) => [...withoutRemarks(sql).matchAll(it)])
  return found.map(([text]) => text)
}

/** Lines of a function's body that are allowed. */
const longest = 150

/** Functions whose bodies are too long to be read. */
export const longFunctions = (sql: string): Violations =>
  functionsIn(sql).flatMap((statement) => {
    const lines = statement.slice(statement.indexOf(" as $$")).split("\n").length - 1
    return lines > longest ? [`${statement.split("(", 1)[0]} has ${lines} lines`] : []
  })

/** Lines that are too wide. */
export const wideLines = (sql: string): Violations => sql.split("\n").filter((line) => line.length > 120)

const keywords = new Set([
  "where",
  "on",
  "set",
  "order",
  "using",
  "limit",
  "for",
  "cross",
  "left",
  "join",
  "do",
  "returning"
])

/**
 * Where a function depends on all columns of a table, by its row's type, `*`, or an insert without columns: a later version adds some, and
 * this one goes on beside it.
 */
export const wholeRows = (sql: string, tables: ReadonlyArray<string>): Violations => {
  const names = tables.join("|")
  const text = withoutRemarks(sql)
  const bound = [
    ...text.matchAll(new RegExp(`\\b(?:from|join|update|into|using)\\s+(?:${names})\\s+(?:as\\s+)?(\\w+)`, "g"))
  ]
    .map(([, alias]) => alias!).filter((alias) => !keywords.has(alias))
  const stars = new Set([...tables, ...bound])
  const all = (pattern: string) => [...text.matchAll(new RegExp(pattern, "g"))]
  return [
    all(`(?:\\*\\s+from|\\breturning)\\s+(?:${names})\\b(?!\\.)|\\breturning\\s+\\*`),
    all("\\b(\\w+)\\.\\*").filter(([, alias]) => stars.has(alias!)),
    all(`::\\s*(?:${names})\\b|%rowtype`),
    all(`\\b(\\w+)\\s+(?:${names})(?:\\[\\])?\\s*(?:;|,|\\)|:=)`)
      .filter(([, word]) => !["from", "join", "into", "update", "using", "of"].includes(word!)),
    all(`\\binsert\\s+into\\s+(?:${names})\\s+(?!\\()\\w+`)
  ].flat().map(([found]) => found)
}

/** The text within the parentheses that end before `from`. */
const within = (text: string, from: number): string => {
  let depth = 1
  let to = from
  for (; depth > 0 && to < text.length; to++) depth += text[to] === "(" ? 1 : text[to] === ")" ? -1 : 0
  return text.slice(from, to - 1)
}

/**
 * Where a look-up may be turned around: a table that is joined by what rows of another one have, and a subquery that asks of each row
 * whether there is another one. Either side may come first, or all of a table be hashed, and a session keeps such a plan that it made while
 * the tables were small. What stands in a subquery with an offset, or locks its rows, is asked for each row; one that a variable names, and a
 * place (`ctid`), are few whatever comes first.
 */
export const reversible = (sql: string, tables: ReadonlyArray<string>): Violations => {
  const names = tables.join("|")
  const text = withoutRemarks(sql)
  const aliases = (query: string) =>
    new Set([...query.matchAll(/\b(?:from|join)\s+\w+\s+(\w+)/g)].map(([, alias]) => alias!))
  const bound = aliases(text)
  const isFew = (join: string) =>
    /\bctid\b|=\s*(?:[pv]_\w+|\w+\[\w+\])/.test(join) ||
    [...join.matchAll(/=\s*(\w+)\.\w/g)].some(([, alias]) => !bound.has(alias!))
  const joined = [
    ...text.matchAll(
      new RegExp(`\\bjoin\\s+(?:${names})\\b[^;]*?(?=\\bcross\\b|\\bleft\\b|\\bjoin\\b|\\bwhere\\b|;|$)`, "g")
    )
  ]
    .map(([found]) => found.trim())
    .filter((found) => !isFew(found))
  const asked = [...text.matchAll(/\bexists\s*\(/g)].flatMap((match) => {
    const query = within(text, match.index + match[0].length)
    const isOfTable = new RegExp(`^\\s*select(?:\\s+1)?\\s+from\\s+(?:${names})\\s`).test(query)
    const isForEach = /\boffset 0\b|\blimit\b|\bunion\b|\bfor (?:no key )?(?:update|key share)\b/.test(query)
    const own = aliases(query)
    const others = [...query.matchAll(/\b([a-z_]\w*)\.[a-z_]/g)].map(([, alias]) => alias!)
    return isOfTable && !isForEach && others.some((alias) => !own.has(alias)) ? [query.trim()] : []
  })
  return [...joined, ...asked].map((found) => found.replaceAll(/\s+/g, " "))
}

/** The names of the tables and views. */
export const tablesIn = (sql: string): ReadonlyArray<string> =>
  [...sql.matchAll(/^create (?:table|view) (\w+)/gm)].map(([, name]) => name!)
