/** Why an action is not finished, with other texts: without what was said with heartbeats, for one, which may be secret, and which they have, too. */
import type { Reason, WhyAction } from "../../Why.ts"

/** What was said with a heartbeat, as a text has it. */
export const saidWith = (details: unknown): string => details === undefined ? "" : `: ${JSON.stringify(details)}`

/** The same with these texts, also of those that it waits for. */
export const textsOf = <A extends WhyAction>(action: A, text: (reason: Reason) => string): A => ({
  ...action,
  reasons: action.reasons.map((reason) => ({ ...below(reason, text), text: text(reason) }))
})

const below = (reason: Reason, text: (reason: Reason) => string): Reason => {
  switch (reason._tag) {
    case "Waits":
      return { ...reason, behind: reason.behind.map((action) => textsOf(action, text)) }
    case "Children":
    case "Suspended":
      return { ...reason, children: reason.children.map((action) => textsOf(action, text)) }
    case "Sibling":
      return { ...reason, elder: textsOf(reason.elder, text) }
    case "Joins":
      return { ...reason, joined: textsOf(reason.joined, text) }
    default:
      return reason
  }
}

/** The same, with texts that do not have what was said with heartbeats; it is sent or printed apart, to whom it may be. */
export const quietly = <A extends WhyAction>(action: A): A => textsOf(action, quietText)

const quietText = (reason: Reason): string => {
  if (reason._tag !== "Signal" && reason._tag !== "Outbound") return reason.text
  const { heartbeat: { details }, text } = reason
  // by a function: `$` in what was said is no pattern
  return details === undefined ? text : text.replace(saidWith(details), () => "")
}
