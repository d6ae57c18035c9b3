/** Why an action is not finished: the chain of what it waits for, to its end. */
import type { Reason, Why, WhyAction } from "../api.ts"
import { Status, ToAction, WhyFailed } from "../parts.tsx"
import { Ago, lasting, Spoken, When } from "../time.tsx"

const othersOf = (reason: Reason): ReadonlyArray<WhyAction> => {
  switch (reason._tag) {
    case "Waits":
      return reason.behind
    case "Children":
    case "Suspended":
      return reason.children
    case "Sibling":
      return [reason.elder]
    case "Joins":
      return [reason.joined]
    default:
      return []
  }
}

const tones: Readonly<Record<string, string>> = {
  Held: "bad",
  Unserved: "bad",
  Stranded: "bad",
  Retries: "warn",
  Paused: "warn",
  Unwinding: "warn",
  Cancelled: "warn",
  Performs: "live"
}

const toneOf = (reason: Reason): string =>
  reason._tag === "Ended"
    ? reason.status === "succeeded"
      ? "good"
      : ["failed", "timed_out", "deadlocked"].includes(reason.status)
      ? "bad"
      : "calm"
    : tones[reason._tag] ?? "calm"

const One = ({ reason }: { readonly reason: Reason }) => {
  const others = othersOf(reason)
  return (
    <li class={`reason ${toneOf(reason)}`}>
      {reason._tag === "Ended"
        ? (
          <p>
            <Status status={reason.status} /> <When at={reason.at} />
          </p>
        )
        : (
          <p>
            <Spoken text={reason.text} />
          </p>
        )}
      {"failure" in reason && reason.failure !== undefined ? <WhyFailed failure={reason.failure} /> : null}
      {"cause" in reason && reason.cause !== undefined ? <WhyFailed failure={reason.cause} /> : null}
      {reason._tag === "Ended" && reason.supersededBy !== undefined
        ? (
          <p>
            By <ToAction id={reason.supersededBy} />
          </p>
        )
        : null}
      {others.length === 0 ? null : (
        <ul class="chain">
          {others.map((other, i) => <Other key={`${other.id} ${i}`} action={other} />)}
        </ul>
      )}
    </li>
  )
}

const Other = ({ action }: { readonly action: WhyAction }) => (
  <li>
    <p>
      <ToAction id={action.id}>{action.action}</ToAction>{" "}
      {action.status === undefined ? <span class="soft">not read</span> : <Status status={action.status} />}{" "}
      {action.since === undefined ? null : (
        <span class="soft">
          since <Ago at={action.since} />
        </span>
      )}
      {action.isAbove ? <span class="soft">see above</span> : null}
    </p>
    <Reasons reasons={action.reasons} />
  </li>
)

const Reasons = ({ reasons }: { readonly reasons: ReadonlyArray<Reason> }) =>
  reasons.length === 0 ? null : <ul class="reasons">{reasons.map((reason, i) => <One key={i} reason={reason} />)}</ul>

export const WhyView = ({ why }: { readonly why: Why }) => (
  <div class="why">
    <Reasons reasons={why.reasons} />
    <p class="soft">
      {why.usual === undefined
        ? null
        : `Such actions take ${lasting(why.usual.medianMs)}, 95 of 100 no more than ${
          lasting(why.usual.p95Ms)
        } (by ${why.usual.count} of them). `}
      {why.leftOut === 0 ? null : `The reasons of ${why.leftOut} further actions are left out. `}
    </p>
  </div>
)
