/**
 * About how much room rows take in a statement. Batches are bounded by it as well as by their number of rows: a row holds a few hundred bytes as
 * a rule, and a megabyte if it has to.
 */
import { weigh } from "../domain/Codec.ts"
import type { Conclusion, EndedBody, NewMemo, NewSlot } from "./Conclusion.ts"
import type { NewExecution, NewSent } from "./Executing.ts"
import type { Invocation, PreparedInvocation } from "./Invocation.ts"

/** Bytes of one statement's rows; one row goes into it however large it is. */
export const statementBytes = 8 * 1024 * 1024

/** Bytes of arguments, results and causes that travel with a transition's answer, for each of the actions that it hands over. */
export const travelling = 128 * 1024

/** Bytes of arguments, or of results, that one claim takes, and one of them more at most. */
export const answering = 16 * 1024 * 1024

export const weighInvocation = (
  { actorId, arguments: args, checksumKey, lane, lanes, tags, trace }: Invocation
): number =>
  250 + actorId.length + (lane?.length ?? lanes?.join().length ?? 0) + (checksumKey?.length ?? 0) +
  (tags?.join().length ?? 0) + (trace?.length ?? 0) + weigh(args)

export const weighSlot = ({ actorId, definition }: NewSlot): number =>
  100 + (actorId?.length ?? 0) + (definition?.length ?? 0)

export const weighPrepared = ({ arguments: args, ended }: PreparedInvocation): number =>
  500 + weigh(args) + (ended === undefined ? 0 : weigh(ended.result) + weigh(ended.cause))

export const weighMemo = ({ name, result, stepName }: NewMemo): number =>
  200 + name.length + stepName.length + weigh(result)

export const weighExecution = ({ arguments: args, execution, lane, trace }: NewExecution): number =>
  300 + execution.length + lane.length + (trace?.length ?? 0) + weigh(args)

export const weighSent = ({ execution, name, payload }: NewSent): number =>
  200 + execution.length + name.length + weigh(payload)

const weighStep = (step: EndedBody | undefined): number => step === undefined ? 0 : weigh(step.result)

export const weighConclusion = (conclusion: Conclusion): number => {
  let bytes = 300 + (conclusion.arguments === undefined ? 0 : weigh(conclusion.arguments.encoded))
  if (conclusion.starts !== undefined) { for (const one of conclusion.starts) bytes += weighInvocation(one) }
  switch (conclusion._tag) {
    case "StepWaits": {
      let sum = bytes + weighStep(conclusion.waiting)
      for (const slot of conclusion.slots) sum += weighSlot(slot)
      for (const child of conclusion.children) sum += weighInvocation(child)
      return sum
    }
    case "StepRetries":
    case "StepHeld":
      return bytes + weigh(conclusion.failure) + weigh(conclusion.attempts)
    case "TryAgain":
      return bytes + (conclusion.failure === undefined ? 0 : weigh(conclusion.failure))
    case "Suspends":
      return bytes + weigh(conclusion.awaits) + (conclusion.failure === undefined ? 0 : weigh(conclusion.failure))
    case "ActionEnds":
    case "CallbacksDue":
      return bytes + weighStep(conclusion.ended) + weigh(conclusion.outcome.result) + weigh(conclusion.outcome.cause)
    default:
      return bytes + weighStep(conclusion.ended)
  }
}

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
