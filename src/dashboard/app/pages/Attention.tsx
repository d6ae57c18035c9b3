/** The first page: what needs somebody, the worst first. Where nothing does, it says so. */
import type { ComponentChildren } from "preact"
import { useEffect, useState } from "preact/hooks"
import { type FailureGroup, type Finding, get, messageOf } from "../api.ts"
import { type Asked, now, useAsked } from "../live.ts"
import { Name, nameOf, Section, Shown, Status, Table, Trouble } from "../parts.tsx"
import { to, toAction } from "../route.ts"
import { Ago, Lasting, lasting, Spoken } from "../time.tsx"
import { Verbs } from "../verbs/Verbs.tsx"
import * as Find from "./findings.ts"

const hours = 24

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

const kinds: Readonly<Record<Find.Stuck["kind"], { readonly title: string; readonly tone: string }>> = {
  stranded: { title: "Nothing continues it", tone: "bad" },
  held: { title: "Held: somebody is to decide", tone: "bad" },
  retries: { title: "Is tried again and again", tone: "warn" },
  overdue: { title: "Nobody has answered", tone: "warn" },
  slow: { title: "Over its usual time", tone: "warn" }
}

const StuckAction = (
  { one: { action, kind, since, why }, then }: { readonly one: Find.Stuck; readonly then: () => void }
) => (
  <li class={`finding ${kinds[kind].tone}`}>
    <div class="what">
      <p>
        <b>{kinds[kind].title}</b>{" "}
        <a href={toAction(action.id)}>
          <Name action={action} />
        </a>
      </p>
      {why.reasons.slice(0, 3).map((reason, i) => (
        <p key={i} class="message">
          <Spoken text={reason.text} />
        </p>
      ))}
      {kind === "slow" && why.usual !== undefined
        ? <p class="soft">95 of 100 such actions take no more than {lasting(why.usual.p95Ms)}.</p>
        : null}
    </div>
    <div class="since">
      <p>
        for <Lasting from={since ?? action.startedAt ?? action.enqueuedAt} />
      </p>
      {kind === "held" || kind === "retries"
        ? (
          <Verbs
            of="action"
            target={{ given: { id: action.id }, text: nameOf(action), state: why.reasons[0]?.text ?? "" }}
            only={(verb) => verb === "ActionRepo.tryStepAgain" || verb === "Stepped.cancel"}
            then={then}
          />
        )
        : null}
    </div>
  </li>
)

/** Lists findings; whether there are any is said at the top. */
function Findings<A>(
  { asked, children, id, title }: {
    readonly id: string
    readonly title: string
    readonly asked: Asked<ReadonlyArray<A>>
    readonly children: (one: A) => ComponentChildren
  }
) {
  if (asked.data?.length === 0 && asked.error === undefined) return null
  return (
    <Section
      id={id}
      title={title}
      aside={asked.data === undefined ? null : <span class="count">{asked.data.length}</span>}
    >
      <Shown asked={asked}>{(all) => <ul class="findings">{all.map(children)}</ul>}</Shown>
    </Section>
  )
}

const Invariants = () => {
  const [state, setState] = useState<
    { readonly findings?: ReadonlyArray<Finding>; readonly error?: string; readonly isAsking: boolean }
  >({ isAsking: false })
  const check = () => {
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
        <button type="button" class="small" disabled={state.isAsking} onClick={check}>Check all that is stored</button>
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
              caption="Invariants that do not hold"
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
const Surroundings = ({ asked }: { readonly asked: Asked<Find.Surroundings> }) => {
  const { data } = asked
  if (data === undefined) return asked.error === undefined ? null : <Trouble>{asked.error}</Trouble>
  const gone = data.workers.filter(({ leaseUntil }) => new Date(leaseUntil).getTime() < now.value - 5000)
  const notes = (data.database?.notes ?? []).filter(({ level }) => level === "bad" || level === "watch")
  if (gone.length + notes.length + data.pauses.length === 0) return null
  return (
    <Section id="around" title="Around them">
      <ul class="findings">
        {data.pauses.map(({ by, kind, reason, since, subject }) => (
          <li key={`${kind} ${subject}`} class="finding warn">
            <div class="what">
              <p>
                <b>Paused</b> <a href={kind === "lane" ? "#/lanes" : "#/queues"}>{kind} {subject}</a>
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

const isAnswered = ({ data, error }: Asked<unknown>): boolean => data !== undefined || error !== undefined

/** In one sentence, once everything was asked. */
const verdict = (all: ReadonlyArray<Asked<unknown>>, count: number): string => {
  if (all.some(({ error }) => error !== undefined)) return "Some of it could not be asked."
  if (!all.every(isAnswered)) return "It is looked at."
  return count === 0
    ? "Nothing needs attention."
    : count === 1
    ? "One thing needs attention."
    : `${count} things need attention.`
}

export const Attention = () => {
  const failing = useAsked("failing", (signal) => Find.failures(signal, hours), 10_000)
  const stuck = useAsked("stuck", Find.stuck, 10_000)
  const unserved = useAsked("unserved", Find.unserved, 5000)
  const left = useAsked("left", Find.notUndone, 30_000)
  const around = useAsked("around", Find.surroundings, 10_000)
  const groups: Asked<ReadonlyArray<FailureGroup>> = { ...failing, data: failing.data?.groups }
  const all = [failing, stuck, unserved, left, around]
  const count = [groups, stuck, unserved, left].reduce((sum, { data }) => sum + (data?.length ?? 0), 0)
  const said = verdict(all, count)
  useEffect(() => {
    // it is seen in the tab of who has left it open
    document.title = `${count === 0 ? "" : `(${count}) `}Needs attention · Stepped`
  }, [count])
  return (
    <>
      <h1>Needs attention</h1>
      <p class="lead" role="status">{said}</p>
      {all.every(isAnswered)
        ? (
          <>
            <Findings id="unserved" title="Nobody takes it" asked={unserved}>
              {({ backlog: { actorType, due, name, oldestEnqueuedAt, queue }, because }) => (
                <li key={`${queue} ${actorType}/${name}`} class="finding bad">
                  <div class="what">
                    <p>
                      <b>{due}× due</b>{" "}
                      <a href={to(["actions"], { actorType, name, status: "queued" })}>{actorType}/{name}</a>{" "}
                      <span class="soft">in queue {queue}</span>
                    </p>
                    <p class="message">{because}</p>
                  </div>
                  <div class="since">
                    <p>
                      the oldest for <Lasting from={oldestEnqueuedAt} />
                    </p>
                  </div>
                </li>
              )}
            </Findings>
            <Findings id="stuck" title="Does not go on" asked={stuck}>
              {(one) => <StuckAction key={one.action.id} one={one} then={stuck.refresh} />}
            </Findings>
            <Findings id="left" title="Not undone" asked={left}>
              {({ action, steps }) => (
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
                      only={(verb) => verb === "ActionRepo.compensateAgain"}
                      then={left.refresh}
                    />
                  </div>
                </li>
              )}
            </Findings>
            <Findings id="failing" title={`Failed in ${hours} hours, by build`} asked={groups}>
              {(group) => <Failing key={group.id} group={group} />}
            </Findings>
            <Surroundings asked={around} />
          </>
        )
        // all of it at once: nothing moves when a part of it comes later
        : (
          <div class="waiting rows-9">
            <span class="unseen">Loading</span>
          </div>
        )}
      <Invariants />
    </>
  )
}
