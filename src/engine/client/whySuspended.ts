/** Why an execution of a workflow is suspended (rule 24.9): what it awaits, by the names that programs know. */
import { counted, timeFrom } from "../../domain/drawing.ts"
import { namedOf } from "../../domain/executionNames.ts"
import { line } from "../../domain/Failure.ts"
import type { Other } from "../../store/Explained.ts"
import type { StoredReason } from "../../store/Reasons.ts"
import type { Reason, WhyAction } from "../../Why.ts"
import { dateOf } from "./explain.ts"

type Suspended = Extract<Reason, { readonly _tag: "Suspended" }>
type Said = Extract<StoredReason, { readonly tag: "Suspended" }>

/** How many of them the text names. */
const named = 5

export const isSuspended = (said: Said, at: Date, tell: (other: Other) => WhyAction): Suspended => {
  const failure = said.failure ?? undefined
  const since = dateOf(said.since)
  const until = dateOf(said.until)
  const children = said.others.map(tell)
  const deferreds: Array<Suspended["deferreds"][number]> = []
  const clocks: Array<Suspended["clocks"][number]> = []
  for (const { name: stored, rings, since } of said.awaits) {
    const { kind, name } = namedOf(stored)
    const from = new Date(since)
    if (kind !== "clock") deferreds.push({ kind: kind === "own" ? "deferred" : kind, name, since: from })
    // one that has rung by now is about to wake it
    else if (rings !== null) clocks.push({ name, since: from, ringsAt: new Date(rings) })
  }
  const from = since === undefined ? "" : ` since ${timeFrom(at, since)}`
  const text = failure === undefined
    ? `is suspended${from}${waitsText({ children, clocks, deferreds, until }, at)}`
    : `has failed, and is suspended${from} until somebody resumes it: ${
      failure.kind === "child" ? line(failure) : failure.message
    }`
  return { _tag: "Suspended", failure, since, deferreds, clocks, until, children, text }
}

const waitsText = (
  { children, clocks, deferreds, until }: Pick<Suspended, "children" | "clocks" | "deferreds" | "until">,
  at: Date
): string => {
  const parts = [
    ...deferreds.map(({ kind, name, since }) => `the ${kind} ${name}, since ${timeFrom(at, since)}`),
    ...clocks.map(({ name, ringsAt }) => `the clock ${name}, which rings at ${timeFrom(at, ringsAt)}`),
    ...children.length === 0
      ? []
      : [children.length === 1 ? "an execution" : counted(children.length, "execution")]
  ]
  const rest = parts.length > named ? `; and ${parts.length - named} more` : ""
  const also = until === undefined || clocks.length > 0 ? "" : `; a clock rings at ${timeFrom(at, until)}`
  return parts.length === 0
    ? `, until something wakes it${also}`
    : `: waits for ${parts.slice(0, named).join("; ")}${rest}${also}`
}
