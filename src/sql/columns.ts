/** From values to statements' parameters: batches travel as columns, which costs a third of what JSON does. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Result from "effect/Result"
import { stepKindCodes } from "../domain/Phase.ts"
import type { NewSlot } from "../store/Conclusion.ts"
import type { Invocation } from "../store/Invocation.ts"
import type { Catalog } from "../store/Store.ts"

const { bool, float8, int2, int4, jsonb, text, timestamptz, uuid } = PgTypes.OID

export const array = (values: ReadonlyArray<unknown>, oid: number): PgTypes.Parameter =>
  Result.getOrThrow(PgTypes.array(values, oid))

/** Values of a function's parameters by their names; each call of a function gives all of them, in the same order. */
export type Arguments = Readonly<Record<string, PgTypes.Parameter | null>>

interface Column {
  readonly key: string
  readonly name: string
  readonly oid: number
}

// by a batch's types and what it is called
const known = new WeakMap<object, Map<string, ReadonlyArray<Column>>>()

const columnsOf = (prefix: string, types: Readonly<Record<string, number>>): ReadonlyArray<Column> => {
  let byPrefix = known.get(types)
  if (byPrefix === undefined) known.set(types, byPrefix = new Map())
  let made = byPrefix.get(prefix)
  if (made === undefined) {
    made = Object.entries(types).map(([key, oid]) => ({ key, name: nameOf(prefix, key), oid }))
    byPrefix.set(prefix, made)
  }
  return made
}

/** The type of a column of which each value is a list of texts; it travels as text, since arrays of arrays are rectangles. */
export const texts = -1

const listText = (values: ReadonlyArray<string>): string =>
  `{${values.map((value) => `"${value.replaceAll(/[\\"]/g, (it) => `\\${it}`)}"`).join(",")}}`

/** `p_started_at` for `startedAt` of a batch that is called `p`. */
const nameOf = (prefix: string, key: string) => `${prefix}_${key.replaceAll(/[A-Z]/g, (it) => `_${it.toLowerCase()}`)}`

/** A batch that becomes columns, filled value by value: nothing is made of what no row has something in. */
export class Batch<Row extends object> {
  private readonly filled: { [key: string]: Array<unknown> } = {}
  private readonly nothing: ReadonlyArray<unknown>

  constructor(rows: number) {
    this.nothing = Array.from({ length: rows }, () => null)
  }

  put<Key extends keyof Row & string>(row: number, key: Key, value: Row[Key] | null | undefined): void {
    if (value !== undefined && value !== null) (this.filled[key] ??= this.nothing.slice())[row] = value
  }

  /** As parameters that are called by the batch and the column; a column that no row has something in is null. */
  columns(prefix: string, types: { readonly [Name in keyof Required<Row>]: number }): Arguments {
    const found: Record<string, PgTypes.Parameter | null> = {}
    for (const { key, name, oid } of columnsOf(prefix, types)) {
      const values = this.filled[key]
      found[name] = values === undefined
        ? null
        : oid === texts
        ? array(values.map((value) => value === null ? null : listText(value as ReadonlyArray<string>)), text)
        : array(values, oid)
    }
    return found
  }
}

/** Rows as the columns of a batch. */
export const columns = <Row extends object>(
  prefix: string,
  rows: ReadonlyArray<Row>,
  types: { readonly [Name in keyof Required<Row>]: number }
): Arguments => {
  const batch = new Batch<Row>(rows.length)
  for (let i = 0; i < rows.length; i++) for (const key in rows[i]!) batch.put(i, key, rows[i]![key])
  return batch.columns(prefix, types)
}

export const slotColumns: { readonly [Name in keyof Required<NewSlot>]: number } = {
  action: uuid,
  step: int4,
  slot: int4,
  child: uuid,
  definition: text,
  actorId: text,
  due: timestamptz,
  success: text,
  error: text,
  attempt: int2,
  request: text,
  reuses: int4,
  signal: text,
  optional: bool,
  heartbeat: float8
}

export const receivedColumns = { action: uuid, step: int4, id: float8 }

/** What a conclusion enqueues; what clients do nobody has started. */
export type Child = Omit<Invocation, "token" | "named">
export type Asked = Omit<Child, "startedBy" | "startedByStep">

export const askedColumns: { readonly [Name in keyof Required<Asked>]: number } = {
  queue: text,
  action: uuid,
  definition: text,
  actorId: text,
  arguments: jsonb,
  lane: text,
  lanes: texts,
  checksumKey: text,
  checksum: text,
  timeout: float8,
  parent: uuid,
  parentStep: int4,
  depth: int2,
  ordered: bool,
  prepared: bool,
  priority: int2,
  due: timestamptz,
  tags: texts,
  trace: text,
  tenant: text
}

export const childColumns = { ...askedColumns, startedBy: uuid, startedByStep: int4 }

export const invocationColumns = { ...askedColumns, token: float8 }

interface Packed {
  readonly queues: PgTypes.Parameter
  readonly definitions: PgTypes.Parameter
  /** The name of the step that a starting action begins with, or, joined with `/`, those of its prepended steps. */
  readonly firstSteps: PgTypes.Parameter
  /** Flags; from the eleventh bit on, the kind of the first step. */
  readonly flags: PgTypes.Parameter
  readonly prepare: PgTypes.Parameter
  readonly lanes: PgTypes.Parameter | null
}

const packed = new WeakMap<Catalog, Packed>()

/** A catalog as parameters, made once for all calls. */
export const packedOf = (catalog: Catalog): Packed => {
  const known = packed.get(catalog)
  if (known !== undefined) return known
  const { definitions, lanes, queues } = catalog
  const fresh: Packed = {
    queues: array(queues, text),
    definitions: array(definitions.map(({ key }) => key), text),
    firstSteps: array(
      definitions.map(({ steps }) => {
        const prepended = steps.filter(({ kind }) => kind === "prepended")
        return prepended.length > 0 ? prepended.map(({ name }) => name).join("/") : steps[0]?.name ?? null
      }),
      text
    ),
    flags: array(
      definitions.map(({ flags, steps: [first] }) =>
        flags | (first === undefined ? 0 : stepKindCodes[first.kind] << 10)
      ),
      int2
    ),
    prepare: array(definitions.map(({ prepare }) => prepare), bool),
    lanes: lanes === undefined ? null : PgTypes.jsonb(lanes)
  }
  packed.set(catalog, fresh)
  return fresh
}

export const at = (millis: number) => PgTypes.timestamptz(millis)
export const token = (value: bigint | null) => PgTypes.int8(value)
/** What transitions that hand work over are told: who asks, when, and what may be handed over. */
export const askedBy = (by: bigint | null, now: number, catalog: Catalog) => {
  const { definitions, firstSteps, flags } = packedOf(catalog)
  return {
    p_token: token(by),
    p_now: at(now),
    p_definitions: definitions,
    p_first_steps: firstSteps,
    p_flags: flags
  }
}
export const json = (value: unknown) => value === undefined || value === null ? null : PgTypes.jsonb(value)
