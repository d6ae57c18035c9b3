/** What holds of the schema's files. Each rule names every place that breaks it. */
import { words } from "../../../src/domain/Failure.ts"
import * as Phase from "../../../src/domain/Phase.ts"
import { Kind, VerdictCode } from "../../../src/sql/rows.ts"
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
  Priority: Phase.Priority,
  JobKind: Phase.JobKind,
  Kind,
  Verdict: VerdictCode,
  words,
  statuses: Phase.statuses,
  stepKinds: Phase.stepKinds,
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

const named = /(-?\d+|'[^']*'|array\[[^\]]*\])\s*\/\* ([\w.]+) \*\//g

/** Every code is what its name says, and every name beside a value is one of a code. */
export const wrongCodes = (sql: string): Violations => {
  const found = [...sql.matchAll(named)]
  const wrong = found.filter(([, literal, name]) => literal !== written(valueOf(name!))).map(([text]) => text)
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
