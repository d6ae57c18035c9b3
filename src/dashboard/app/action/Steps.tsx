/** The steps of an action, with their attempts, their failures, and what they wait for. */
import type { Action, Tree, TreeStep } from "../api.ts"
import { Status, Stored, ToAction, WhyFailed } from "../parts.tsx"
import { Ago, Lasting, When } from "../time.tsx"
import { Verbs } from "../verbs/Verbs.tsx"

type Slots = TreeStep["slots"]

const Slot = ({ slot }: { readonly slot: Slots[number] }) => (
  <li>
    <Status status={slot.status ?? "waits"} /> {slot.child !== undefined
      ? <ToAction id={slot.child}>{slot.name} {slot.actorType}/{slot.actorId}</ToAction>
      : slot.signal !== undefined
      ? (
        <>
          signal <b>{slot.signal}</b>
        </>
      )
      : "wait"} {slot.dueAt === undefined || slot.status !== undefined ? null : (
      <span class="soft">
        until <Ago at={slot.dueAt} />
      </span>
    )}
    {slot.heartbeat?.heardAt === undefined ? null : (
      <span class="soft">
        heard <Ago at={slot.heartbeat.heardAt} />
      </span>
    )}
    <Stored label="What was heard" payload={slot.heartbeat?.details} />
  </li>
)

const Attempts = ({ attempts }: Pick<TreeStep, "attempts">) =>
  attempts.length === 0 ? null : (
    <ol class="attempts">
      {attempts.map(({ endedAt, failure, nextAt, number, startedAt }) => (
        <li key={number}>
          <b>Attempt {number}</b> <When at={startedAt} /> <Lasting from={startedAt} until={endedAt} />
          {nextAt === undefined ? null : (
            <span class="soft">
              , the next one <Ago at={nextAt} />
            </span>
          )}
          {failure === undefined ? null : (
            <p class="message">
              {failure.message} <span class="path">{failure.path}</span>
            </p>
          )}
        </li>
      ))}
    </ol>
  )

const many = 20

const One = (
  { action, step, then }: { readonly action: Action; readonly step: TreeStep; readonly then: () => void }
) => {
  // an execution is resumed as a whole
  const isOpen = step.undoes === undefined && step.kind !== "replayed" &&
    (step.status === "held" || step.status === "performing") &&
    action.endedAt === undefined
  return (
    <li class={`step ${step.status}`}>
      <div class="head">
        <h3>
          {step.undoes === undefined ? "" : "Undo "}
          {step.name} <Status status={step.status} />
        </h3>
        <span class="soft">
          {step.kind === "own" || step.kind === "unnamed" || step.undoes !== undefined ? "" : `${step.kind} `}
          {step.attemptNumber > 1 ? `attempt ${step.attemptNumber} ` : ""}
          <Lasting from={step.startedAt} until={step.endedAt} />
          {step.unchecked ? " its result was given, unchecked" : ""}
        </span>
        {isOpen
          ? (
            <Verbs
              of="action"
              target={{
                given: { id: action.id, step: step.name },
                text: `step ${step.name}`,
                state: `The step is ${step.status}, attempt ${step.attemptNumber}.`
              }}
              only={(verb) => /Step(Again)?$/.test(verb)}
              then={then}
            />
          )
          : null}
      </div>
      {step.failure === undefined ? null : <WhyFailed failure={step.failure} />}
      <Attempts attempts={step.attempts} />
      {step.slots.length === 0 ? null : (
        <ul class="plain slots">
          {step.slots.slice(0, many).map((slot) => <Slot key={slot.slot} slot={slot} />)}
          {step.slots.length > many ? <li class="soft">and {step.slots.length - many} more, in the tree</li> : null}
        </ul>
      )}
    </li>
  )
}

export const Steps = ({ then, tree: { action, steps } }: { readonly tree: Tree; readonly then: () => void }) =>
  steps.length === 0 ? <p class="empty">No step has begun.</p> : (
    <ol class="steps">
      {steps.map((step) => <One key={`${step.index} ${step.undoes ?? ""}`} action={action} step={step} then={then} />)}
    </ol>
  )
