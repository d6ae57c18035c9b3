/** Why an action is not finished, with other reasons: with texts without what was said with heartbeats, for one, which may be secret, and which they have, too. */
import type { Reason, WhyAction } from "../../Why.ts"

/** What was said with a heartbeat, as a text has it. */
export const saidWith = (details: unknown): string => details === undefined ? "" : `: ${JSON.stringify(details)}`

/** The same with these reasons, also of those that it waits for. */
export const reasonsOf = <A extends WhyAction>(action: A, told: (reason: Reason) => Reason): A => ({
  ...action,
  reasons: action.reasons.map((reason) => below(told(reason), told))
})

const below = (reason: Reason, told: (reason: Reason) => Reason): Reason => {
  switch (reason._tag) {
    case "Waits":
      return { ...reason, behind: reason.behind.map((action) => reasonsOf(action, told)) }
    case "Children":
    case "Suspended":
      return { ...reason, children: reason.children.map((action) => reasonsOf(action, told)) }
    case "Sibling":
      return { ...reason, elder: reasonsOf(reason.elder, told) }
    case "Joins":
      return { ...reason, joined: reasonsOf(reason.joined, told) }
    default:
      return reason
  }
}

/** The same, with texts that do not have what was said with heartbeats; it is sent or printed apart, to whom it may be. */
export const quietly = <A extends WhyAction>(action: A): A =>
  reasonsOf(action, (reason) => ({ ...reason, text: quietText(reason) }))

const quietText = (reason: Reason): string => {
  if (reason._tag !== "Signal" && reason._tag !== "Outbound") return reason.text
  const { heartbeat: { details }, text } = reason
  // by a function: `$` in what was said is no pattern
  return details === undefined ? text : text.replace(saidWith(details), () => "")
}
