/** Why an action is not finished, without what was said with heartbeats: it may be secret, and its texts have it, too. */
import type { Reason, WhyAction } from "../../Why.ts"

/** What was said with a heartbeat, as a text has it. */
export const saidWith = (details: unknown): string => details === undefined ? "" : `: ${JSON.stringify(details)}`

/** The same, with texts that do not have it; it is sent or printed apart, to whom it may be. */
export const quietly = <A extends WhyAction>(action: A): A => ({ ...action, reasons: action.reasons.map(quietReason) })

const quietReason = (reason: Reason): Reason => {
  switch (reason._tag) {
    case "Waits":
      return { ...reason, behind: reason.behind.map(quietly) }
    case "Children":
    case "Suspended":
      return { ...reason, children: reason.children.map(quietly) }
    case "Sibling":
      return { ...reason, elder: quietly(reason.elder) }
    case "Joins":
      return { ...reason, joined: quietly(reason.joined) }
    case "Signal":
    case "Outbound": {
      const { heartbeat: { details }, text } = reason
      // by a function: `$` in what was said is no pattern
      return details === undefined ? reason : { ...reason, text: text.replace(saidWith(details), () => "") }
    }
    default:
      return reason
  }
}
