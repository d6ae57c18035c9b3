/** One action: why it is where it is, what is below it, what its steps have come to, and what can be done. */
import { useState } from "preact/hooks"
import { ExecutionParts } from "../action/Execution.tsx"
import { GraphView } from "../action/GraphView.tsx"
import { Lineage } from "../action/Lineage.tsx"
import { Outline } from "../action/Outline.tsx"
import { Results } from "../action/Results.tsx"
import { Steps } from "../action/Steps.tsx"
import { Waterfall } from "../action/Waterfall.tsx"
import { WhyView } from "../action/WhyView.tsx"
import { type ActionDetail, get, type Operation, type Page, type Sign, type Tree, type Verb, type Why } from "../api.ts"
import { type Asked, useAsked } from "../live.ts"
import { Copy, Facts, Name, nameOf, Section, Shown, Status, Stored, Table, Trouble } from "../parts.tsx"
import { ask, place, to } from "../route.ts"
import { traceOf } from "../settings.ts"
import { TellForms } from "../telling/forms.tsx"
import { Ago, Lasting, lasting, When } from "../time.tsx"
import { Verbs } from "../verbs/Verbs.tsx"
import { OperationsTable } from "./Operations.tsx"

const views = ["outline", "waterfall", "graph"] as const

type View = typeof views[number]

const titles: Readonly<Record<View, string>> = { outline: "Outline", waterfall: "Waterfall", graph: "Graph" }

const isView = (text: string | undefined): text is View => views.some((view) => view === text)

const TreeViews = ({ asked }: { readonly asked: Asked<Tree> }) => {
  const chosen = place.value.query.view
  const view: View = isView(chosen) ? chosen : "outline"
  const walk = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0
    if (step === 0) return
    event.preventDefault()
    const next = views[(views.indexOf(view) + step + views.length) % views.length]!
    ask({ view: next })
    document.getElementById(`tab-${next}`)?.focus()
  }
  return (
    <Section
      id="tree"
      title="Tree"
      aside={
        <div role="tablist" aria-label="How the tree is shown" onKeyDown={walk}>
          {views.map((one) => (
            <button
              key={one}
              id={`tab-${one}`}
              type="button"
              role="tab"
              aria-selected={one === view}
              aria-controls="tree-panel"
              tabIndex={one === view ? 0 : -1}
              onClick={() => ask({ view: one })}
            >
              {titles[one]}
            </button>
          ))}
        </div>
      }
    >
      <div id="tree-panel" role="tabpanel" aria-labelledby={`tab-${view}`}>
        <Shown asked={asked} rows={6}>
          {(tree) =>
            view === "outline"
              ? <Outline tree={tree} />
              : view === "waterfall"
              ? <Waterfall tree={tree} />
              : <GraphView tree={tree} />}
        </Shown>
      </div>
    </Section>
  )
}

/** An action, why it is where it is, as far as that is known, and whether it is an execution of a workflow. */
interface Known {
  readonly action: ActionDetail
  readonly why: Why | undefined
  readonly isExecution: boolean
}

/** Whether an execution waits for somebody to resume it, or for its next try. */
const hasFailed = (why: Why | undefined): boolean =>
  why?.reasons.some((reason) =>
    reason._tag === "Suspended" ? reason.failure !== undefined : reason._tag === "Retries"
  ) ?? false

/** Which verbs of an action make sense as it is: the others answer that they change nothing, and are offered below. */
const fits = ({ action, isExecution, why }: Known) => (verb: Verb["verb"]): boolean => {
  const hasEnded = action.endedAt !== undefined
  switch (verb) {
    case "Stepped.cancel":
      return !hasEnded && !action.unwinding
    case "ActionRepo.retry":
      return hasEnded && ["failed", "timed_out", "cancelled"].includes(action.status)
    case "ActionRepo.delete":
      return hasEnded
    case "ActionRepo.abandonUnwinding":
      return action.unwinding
    case "ActionRepo.compensateAgain":
      return hasEnded && (action.cause?.notUndone !== undefined || action.unwound?.notUndone !== undefined)
    case "ActionRepo.resumeExecution":
      return isExecution && !hasEnded && hasFailed(why)
    case "ActionRepo.interruptExecution":
      return isExecution && !hasEnded
    case "JobQueue.reprioritise":
      return action.status === "queued"
    case "JobQueue.reschedule":
      return !hasEnded
    default:
      // those of steps stand with the step
      return false
  }
}

/** What can be done with it as it is; and behind that all else that there is, which says for itself that it changes nothing. */
const Asked = (
  { then, ...known }: Known & { readonly then: () => void }
) => {
  const { action, why } = known
  const { actorId, actorType, checksumKey, id } = action
  const state = why?.reasons[0]?.text ?? `It is ${action.status}.`
  const target = { given: { id }, text: nameOf(action), state }
  const isFit = fits(known)
  return (
    <div class="asked">
      <Verbs of="action" target={target} only={isFit} then={then} />
      <details>
        <summary>More</summary>
        <p>
          <Verbs of="action" target={target} only={(verb) => !isFit(verb)} then={then} />{" "}
          <Verbs
            of="actor"
            target={{
              given: { actorType, actorId },
              text: `${actorType}/${actorId}`,
              state: "All of its actions that have ended are meant."
            }}
            label={(label) => `${label} ${actorType}/${actorId}`}
            then={then}
          />{" "}
          {checksumKey === undefined ? null : (
            <Verbs
              of="achievement"
              target={{
                given: { checksumKey },
                text: `the achievement ${checksumKey}`,
                state: "It is done again when it is asked for."
              }}
              only={(verb) => verb === "AchievementStore.forget"}
              then={then}
            />
          )}
        </p>
      </details>
    </div>
  )
}

const when = (at: string | undefined) => at === undefined ? undefined : <When at={at} />

const About = ({ action }: { readonly action: ActionDetail }) => {
  const trace = action.traceId === undefined ? undefined : traceOf(action.traceId)
  return (
    <Facts
      facts={[
        { name: "Enqueued", value: <When at={action.enqueuedAt} /> },
        { name: "Started", value: when(action.startedAt) },
        { name: "Ended", value: when(action.endedAt) },
        { name: "Goes on", value: when(action.dueAt) },
        { name: "Times out", value: when(action.timeoutAt) },
        { name: "Queue", value: action.queue },
        { name: "Lanes", value: action.lanes?.join(", ") ?? action.lane },
        { name: "Priority", value: action.priority },
        { name: "Tags", value: action.tags.join(", ") },
        { name: "Begun", value: action.attempts > 1 ? `${action.attempts} times` : undefined },
        { name: "May take", value: action.timeoutMs === undefined ? undefined : lasting(action.timeoutMs) },
        {
          name: "Checksum",
          value: action.checksum === undefined ? undefined : <code class="break">{action.checksum}</code>
        },
        { name: "Build", value: action.build },
        {
          name: "Callbacks",
          value: action.callbacksFailed > 0
            ? `${action.callbacksFailed} failed, ${action.callbacksSucceeded} succeeded`
            : undefined
        },
        { name: "Heard of", value: when(action.heartbeat?.heardAt) },
        {
          name: "Trace",
          value: action.traceId === undefined
            ? undefined
            : trace === undefined
            ? <code class="break">{action.traceId}</code>
            : <a href={trace} rel="noreferrer" target="_blank">{action.traceId}</a>
        },
        { name: "Forgotten", value: action.forgotten }
      ]}
    />
  )
}

const Signals = ({ signals }: { readonly signals: ReadonlyArray<Sign> }) => (
  <Table
    caption="Signals"
    rows={signals}
    keyOf={({ key, name, sentAt }) => `${name} ${sentAt} ${key ?? ""}`}
    columns={[
      { name: "Signal", of: ({ name }) => <b>{name}</b> },
      { name: "Sent", of: ({ sentAt }) => <Ago at={sentAt} /> },
      { name: "Key", of: ({ key }) => key ?? "" },
      { name: "Read", of: ({ readBy }) => readBy === undefined ? "not yet" : `by step ${readBy + 1}` },
      {
        name: "What",
        of: ({ failure, payload }) =>
          failure === undefined
            ? <Stored label="Payload" payload={payload} />
            : <p class="message">{failure.message}</p>,
        isWide: true
      }
    ]}
  />
)

/** What is asked of the API for the page: often while the action is live, rarely afterwards. */
const useAction = (id: string) => {
  const [hasEnded, setEnded] = useState(false)
  const every = hasEnded ? 15_000 : 2000
  const action = useAsked<ActionDetail>(`action ${id}`, async (signal) => {
    const found = await get<ActionDetail>(`actions/${id}`, {}, signal)
    setEnded(found.endedAt !== undefined && !found.unwinding)
    return found
  }, every)
  const why = useAsked<Why>(`why ${id}`, (signal) => get(`actions/${id}/why`, {}, signal), every)
  const tree = useAsked<Tree>(`tree ${id}`, (signal) => get(`actions/${id}/tree`, { limit: 2000 }, signal), every)
  const signals = useAsked<ReadonlyArray<Sign>>(
    `signals ${id}`,
    (signal) => get(`actions/${id}/signals`, {}, signal),
    every * 2
  )
  const operations = useAsked<Page<Operation>>(
    `operations of ${id}`,
    (signal) => get("operations", { target: id, limit: 50 }, signal),
    every * 2
  )
  const refresh = () => [action, why, tree, operations].forEach((one) => one.refresh())
  return { action, why, tree, signals, operations, refresh }
}

export const ActionPage = ({ id }: { readonly id: string }) => {
  const { action: asked, operations, refresh, signals, tree, why } = useAction(id)
  const action = asked.data
  const execution = tree.data?.execution ?? undefined
  if (action === undefined) {
    return (
      <>
        <h1>Action</h1>
        <p class="id">{id}</p>
        {asked.error === undefined
          ? (
            <div class="waiting rows-9" role="status">
              <span class="unseen">Loading</span>
            </div>
          )
          : <Trouble>{asked.error}</Trouble>}
      </>
    )
  }
  return (
    <>
      <div class="title">
        <h1>
          <Name action={action} />
        </h1>
        <p>
          <Status status={action.status} unwinding={action.unwinding} />{" "}
          <Lasting from={action.startedAt} until={action.endedAt} /> <code class="id">{id}</code>{" "}
          <Copy label="Copy id" text={id} />
        </p>
        <Asked action={action} why={why.data} isExecution={execution !== undefined} then={refresh} />
      </div>
      {asked.error === undefined ? null : <Trouble>{asked.error}</Trouble>}
      <Section id="why" title={action.endedAt === undefined ? "Why it is not finished" : "How it ended"}>
        <Shown asked={why}>{(why) => <WhyView why={why} />}</Shown>
        <TellForms action={action} then={refresh} />
      </Section>
      <TreeViews asked={tree} />
      <Section id="steps" title={execution === undefined ? "Steps" : "Activities, deferreds, clocks"}>
        <Shown asked={tree}>
          {(tree) =>
            execution === undefined
              ? <Steps tree={tree} then={refresh} />
              : <ExecutionParts execution={execution} />}
        </Shown>
      </Section>
      <Section id="payloads" title="What is stored">
        <Stored label="Arguments" payload={action.arguments} />
        <Results id={action.id} />
        {action.endedAt === undefined ? null : <Stored label="Result" payload={action.result} />}
        <Stored label="Progress" payload={action.progress} />
        <Stored label="Heartbeat" payload={action.heartbeat?.details} />
      </Section>
      <Section
        id="about"
        title="About it"
        aside={<a href={to(["definitions", action.actorType, action.name])}>its definition</a>}
      >
        <About action={action} />
      </Section>
      <Section id="lineage" title="Lineage">
        <Lineage action={action} />
      </Section>
      {signals.data === undefined || signals.data.length === 0 || execution !== undefined ?
        null :
        (
          <Section id="signals" title="Signals">
            <Signals signals={signals.data} />
          </Section>
        )}
      {operations.data === undefined || operations.data.items.length === 0 ?
        null :
        (
          <Section id="operations" title="What operators have done">
            <OperationsTable rows={operations.data.items} />
          </Section>
        )}
    </>
  )
}
