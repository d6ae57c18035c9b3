/**
 * About how much room rows take in a statement. Batches are bounded by it as well as by their number of rows: a row holds a few hundred bytes as
 * a rule, and a megabyte if it has to.
 */
import type { Invocation, Member, NewSlot, Prepared } from "./Transitions.ts"

/** Bytes of one statement's rows; one row goes into it however large it is. */
export const statementBytes = 8 * 1024 * 1024

// of values whose text was made once: whoever wants to know again need not make it again
const known = new WeakMap<object, number>()

/** Remembers the size of a value's JSON text. */
export const remember = (json: unknown, size: number): void => {
  if (size > 1024 && typeof json === "object" && json !== null) known.set(json, size)
}

/** About how long a value's JSON text is. */
export const weigh = (json: unknown): number => {
  if (typeof json === "string") return json.length
  if (typeof json !== "object" || json === null) return 8
  const size = known.get(json)
  if (size !== undefined) return size
  let sum = 2
  if (Array.isArray(json)) { for (const item of json) sum += 1 + weigh(item) }
  else for (const key in json) sum += 4 + key.length + weigh((json as Readonly<Record<string, unknown>>)[key])
  return sum
}

export const weighInvocation = ({ ai, args, l, sk }: Invocation): number =>
  250 + ai.length + (l?.length ?? 0) + (sk?.length ?? 0) + weigh(args)

export const weighSlot = ({ ai, d }: NewSlot): number => 100 + (ai?.length ?? 0) + (d?.length ?? 0)

export const weighMember = ({ args, c, r, sr }: Member): number => 300 + weigh(sr) + weigh(args) + weigh(r) + weigh(c)

export const weighPrepared = ({ args, c, r }: Prepared): number => 500 + weigh(args) + weigh(r) + weigh(c)

/** How many rows from `from` on go into one statement: at most `most`, one at least. */
export const countOf = <Row>(
  rows: ReadonlyArray<Row>,
  weight: (row: Row) => number,
  most: number,
  from = 0
): number => {
  let count = 0
  let bytes = 0
  while (from + count < rows.length && count < most) {
    bytes += weight(rows[from + count]!)
    if (count > 0 && bytes > statementBytes) break
    count++
  }
  return count
}

/** Rows in parts of one statement each. */
export const partsOf = <Row>(
  rows: ReadonlyArray<Row>,
  weight: (row: Row) => number,
  most: number
): ReadonlyArray<ReadonlyArray<Row>> => {
  const parts: Array<ReadonlyArray<Row>> = []
  for (let from = 0; from < rows.length;) {
    const count = countOf(rows, weight, most, from)
    parts.push(count === rows.length ? rows : rows.slice(from, from + count))
    from += count
  }
  return parts
}
