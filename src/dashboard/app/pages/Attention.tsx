/** The first page: what needs somebody, the worst first. Where nothing does, it says so. */
import type { ComponentChildren } from "preact"
import { useEffect, useState } from "preact/hooks"
import {
  type Attention as Found,
  type FailureGroup,
  type Finding,
  get,
  messageOf,
  type Stuck,
  type Verb
} from "../api.ts"
import { useAsked } from "../live.ts"
import { Name, nameOf, Section, Shown, Status, Table, Trouble } from "../parts.tsx"
import { to, toAction } from "../route.ts"
import { Ago, Lasting, lasting, Spoken } from "../time.tsx"
import { Verbs } from "../verbs/Verbs.tsx"

const Builds = ({ builds }: Pick<FailureGroup, "builds">) => (
  <ul class="plain builds">
    {builds.map(({ build, count, firstSeen }) => (
      <li key={build ?? ""}>
        <b>{build ?? "no build"}</b> {count}×{" "}
        <span class="soft">
          since <Ago at={firstSeen} />
        </span>
      </li>
    ))}
  </ul>
)

const Failing = ({ group }: { readonly group: FailureGroup }) => (
  <li class="finding bad">
    <div class="what">
      <p>
        <Status status={group.status} />{" "}
        <a href={to(["actions"], { failure: group.id })}>
          <b>{group.count}×</b> {group.actorType}/{group.name}
        </a>
        {group.tag === undefined ? null : <span class="tag">{group.tag}</span>}
      </p>
      <p class="path">{group.path}</p>
      <p class="message">{group.message}</p>
    </div>
    <div class="since">
      <p>
        last <Ago at={group.lastSeen} />
      </p>
      <Builds builds={group.builds} />
      {group.samples[0] === undefined ? null : (
        <p>
          <a href={toAction(group.samples[0])}>the last one</a>
        </p>
      )}
    </div>
  </li>
)

const kinds: Readonly<Record<Stuck["kind"], { readonly title: string; readonly tone: string }>> = {
  stranded: { title: "Nothing continues it", tone: "bad" },
  held: { title: "Held: somebody is to decide", tone: "bad" },
  suspended: { title: "Has failed, and is suspended: somebody is to resume it", tone: "bad" },
  retries: { title: "Is tried again and again", tone: "warn" },
  overdue: { title: "Nobody has answered", tone: "warn" },
  slow: { title: "Over its usual time", tone: "warn" }
}

/** How the actors of workflows' executions begin, and of nothing else. */
const executions = "Workflow."

/** What has it go on, and what ends it with what it has done undone. */
const goesOnBy = (kind: Stuck["kind"], { actorType }: Stuck["action"]): Verb["verb"] =>
  kind === "suspended" || actorType.startsWith(executions) ? "ActionRepo.resumeExecution" : "ActionRepo.tryStepAgain"
const endsBy = (kind: Stuck["kind"]): Verb["verb"] =>
  kind === "suspended" ? "ActionRepo.interruptExecution" : "Stepped.cancel"

const StuckAction = (
  { one: { action, kind, reasons, since, usual }, then }: { readonly one: Stuck; readonly then: () => void }
) => (
  <li class={`finding ${kinds[kind].tone}`}>
    <div class="what">
      <p>
        <b>{kinds[kind].title}</b>{" "}
        <a href={toAction(action.id)}>
          <Name action={action} />
        </a>
      </p>
      {reasons.map((text, i) => (
        <p key={i} class="message">
          <Spoken text={text} />
        </p>
      ))}
      {kind === "slow" && usual !== undefined
        ? <p class="soft">95 of 100 such actions take no more than {lasting(usual.p95Ms)}.</p>
        : null}
    </div>
    <div class="since">
      <p>
        for <Lasting from={since ?? action.startedAt ?? action.enqueuedAt} />
      </p>
      {kind === "held" || kind === "suspended" || kind === "retries"
        ? (
          <Verbs
            of="action"
            target={{ given: { id: action.id }, text: nameOf(action), state: reasons[0] ?? "" }}
            only={(verb) => verb === goesOnBy(kind, action) || verb === endsBy(kind)}
            then={then}
          />
        )
        : null}
    </div>
  </li>
)

const Healed = (
  { one: { actorType, because, count, firstAt, lastAction, lastAt, name, worker } }: {
    readonly one: Found["healed"][number]
  }
) => (
  <li class="finding bad">
    <div class="what">
      <p>
        <b>{count}×</b> {actorType}/{name}
      </p>
      <p class="message">{because}</p>
      <p class="soft">It goes on. It should never come to that: the logs of that time say more.</p>
    </div>
    <div class="since">
      <p>
        last <Ago at={lastAt} />
        {count === 1 ? null : (
          <span class="soft">
            , first <Ago at={firstAt} />
          </span>
        )}
      </p>
      {worker === undefined ? null : <p class="soft">by {worker}</p>}
      <p>
        <a href={toAction(lastAction)}>the last one</a>
      </p>
    </div>
  </li>
)

/** Schedules that do not fire. */
const unfired: Readonly<Record<Found["schedules"][number]["kind"], string>> = {
  broken: "Cannot be read",
  orphaned: "Nobody fires it",
  late: "Late"
}

/** Lists findings; whether there are any is said at the top. */
function Findings<A>(
  { all, children, id, title }: {
    readonly id: string
    readonly title: string
    readonly all: ReadonlyArray<A>
    readonly children: (one: A) => ComponentChildren
  }
) {
  return all.length === 0 ? null : (
    <Section id={id} title={title} aside={<span class="count">{all.length}</span>}>
      <ul class="findings">{all.map(children)}</ul>
    </Section>
  )
}

const Invariants = () => {
  const [state, setState] = useState<
    { readonly findings?: ReadonlyArray<Finding>; readonly error?: string; readonly isAsking: boolean }
  >({ isAsking: false })
  const check = () => {
    if (state.isAsking) return
    setState({ isAsking: true })
    get<ReadonlyArray<Finding>>("doctor").then(
      (findings) => setState({ findings, isAsking: false }),
      (error: unknown) => setState({ error: messageOf(error), isAsking: false })
    )
  }
  return (
    <Section
      id="invariants"
      title="Invariants"
      aside={
        <button type="button" class="small" aria-disabled={state.isAsking} onClick={check}>
          Check all that is stored
        </button>
      }
    >
      <div role="status">
        {state.error === undefined ? null : <Trouble>{state.error}</Trouble>}
        {state.isAsking ? <p>It is checked. That takes a while.</p> : state.findings === undefined
          ? <p class="soft">What has to hold of everything that is stored. Checking reads all of it.</p>
          : state.findings.length === 0
          ? (
            <p>
              <Status status="succeeded" /> Every invariant holds.
            </p>
          )
          : (
            <Table
              caption="Invariants that do not hold, or could not be checked"
              rows={state.findings}
              keyOf={({ invariant, subject }) => `${invariant} ${subject}`}
              columns={[
                { name: "Invariant", of: ({ invariant }) => invariant, isNumber: true },
                { name: "Subject", of: ({ subject }) => <span class="break">{subject}</span> },
                { name: "Problem", of: ({ problem }) => problem, isWide: true }
              ]}
            />
          )}
      </div>
    </Section>
  )
}

/** What is around the actions: pauses, workers that are gone, the database. */
const Surroundings = ({ found: { gone, notes, pauses } }: { readonly found: Found }) => {
  if (gone.length + notes.length + pauses.length === 0) return null
  return (
    <Section id="around" title="Around them">
      <ul class="findings">
        {pauses.map(({ by, kind, reason, since, subject }) => (
          <li key={`${kind} ${subject}`} class="finding warn">
            <div class="what">
              <p>
                <b>Paused</b>{" "}
                <a href={kind === "lane" ? "#/lanes" : kind === "schedules" ? "#/schedules" : "#/queues"}>
                  {kind} {subject}
                </a>
              </p>
              <p class="message">{reason}</p>
            </div>
            <div class="since">
              <p>
                for <Lasting from={since} />
              </p>
              <p class="soft">by {by}</p>
            </div>
          </li>
        ))}
        {gone.map(({ id, inHand, leaseUntil, name }) => (
          <li key={id} class="finding bad">
            <div class="what">
              <p>
                <b>A worker is gone</b> <a href="#/workers">{name}</a>
              </p>
              <p class="message">It had {inHand} in hand: others take over.</p>
            </div>
            <div class="since">
              <p>
                its lease was over <Ago at={leaseUntil} />
              </p>
            </div>
          </li>
        ))}
        {notes.map(({ level, text, topic }) => (
          <li key={topic} class={`finding ${level === "bad" ? "bad" : "warn"}`}>
            <div class="what">
              <p>
                <b>The database</b>
              </p>
              <p class="message">{text}</p>
            </div>
          </li>
        ))}
      </ul>
    </Section>
  )
}

const verdict = (count: number): string =>
  count === 0
    ? "Nothing needs attention."
    : count === 1
    ? "One thing needs attention."
    : `${count} things need attention.`

const All = ({ found, then }: { readonly found: Found; readonly then: () => void }) => (
  <>
    {found.leftOut === 0
      ? null
      : <p class="soft">The database is slow: {found.leftOut} that may not go on were not looked at.</p>}
    <Findings id="unserved" title="Nobody takes it" all={found.unserved}>
      {({ backlog: { actorType, due, name, oldestDueAt, oldestEnqueuedAt, queue }, because }) => (
        <li key={`${queue} ${actorType}/${name}`} class="finding bad">
          <div class="what">
            <p>
              <b>{due}× due</b> <a href={to(["actions"], { actorType, name, status: "queued" })}>{actorType}/{name}</a>
              {" "}
              <span class="soft">in queue {queue}</span>
            </p>
            <p class="message">{because}</p>
          </div>
          <div class="since">
            <p>
              the oldest for <Lasting from={oldestDueAt ?? oldestEnqueuedAt} />
            </p>
          </div>
        </li>
      )}
    </Findings>
    <Findings id="stuck" title="Does not go on" all={found.stuck}>
      {(one) => <StuckAction key={one.action.id} one={one} then={then} />}
    </Findings>
    <Findings id="schedules" title="Does not fire" all={found.schedules}>
      {({ action, actorId, actorType, because, kind, name, since }) => (
        <li key={name} class={`finding ${kind === "late" ? "warn" : "bad"}`}>
          <div class="what">
            <p>
              <b>{unfired[kind]}</b> <a class="break" href={to(["schedules", name])}>{name}</a>{" "}
              <Name action={{ name: action, actorId, actorType }} />
            </p>
            <p class="message">{because}</p>
          </div>
          <div class="since">
            {since === undefined ? <p class="soft">not due yet</p> : (
              <p>
                due for <Lasting from={since} />
              </p>
            )}
          </div>
        </li>
      )}
    </Findings>
    <Findings id="left" title="Not undone" all={found.notUndone}>
      {({ action, canBeUndone, steps }) => (
        <li key={action.id} class="finding bad">
          <div class="what">
            <p>
              <Status status={action.status} />{" "}
              <a href={toAction(action.id)}>
                <Name action={action} />
              </a>
            </p>
            {steps.map((step) => <p key={step} class="message">{step}</p>)}
          </div>
          <div class="since">
            <p>
              <Ago at={action.endedAt} />
            </p>
            <Verbs
              of="action"
              target={{ given: { id: action.id }, text: nameOf(action), state: steps.join("; ") }}
              only={(verb) => canBeUndone && verb === "ActionRepo.compensateAgain"}
              then={then}
            />
          </div>
        </li>
      )}
    </Findings>
    <Findings id="healed" title="Healed in 7 days" all={found.healed}>
      {(one) => <Healed key={`${one.actorType}/${one.name} ${one.kind}`} one={one} />}
    </Findings>
    <Findings id="failing" title="Failed in 24 hours, by build" all={found.failing}>
      {(group) => <Failing key={group.id} group={group} />}
    </Findings>
    <Surroundings found={found} />
  </>
)

export const Attention = () => {
  const attention = useAsked<Found>("attention", (signal) => get("attention", {}, signal), 10_000)
  const { data, error } = attention
  const count = data === undefined
    ? 0
    : [data.unserved, data.stuck, data.schedules, data.notUndone, data.healed, data.failing]
      .reduce((sum, all) => sum + all.length, 0)
  useEffect(() => {
    // it is seen in the tab of who has left it open
    document.title = `${count === 0 ? "" : `(${count}) `}Needs attention · Stepped`
  }, [count])
  return (
    <>
      <h1>Needs attention</h1>
      <p class="lead" role="status">
        {data === undefined ? error === undefined ? "It is looked at." : "It could not be asked." : verdict(count)}
      </p>
      <Shown asked={attention} rows={9}>{(found) => <All found={found} then={attention.refresh} />}</Shown>
      <Invariants />
    </>
  )
}
