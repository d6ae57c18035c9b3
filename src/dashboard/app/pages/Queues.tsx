/** What waits in the queues, by action, and what is paused. */
import { type Backlog, get, type Pause } from "../api.ts"
import { useAsked } from "../live.ts"
import { Paused, Section, Shown, Table } from "../parts.tsx"
import { to } from "../route.ts"
import { Ago } from "../time.tsx"
import { Verbs } from "../verbs/Verbs.tsx"

const count = (number: number) => number === 0 ? <span class="soft">0</span> : number

/** As the verbs take what is paused. */
const targetOf = ({ kind, subject }: Pause): unknown =>
  kind === "everything"
    ? "everything"
    : kind === "queue"
    ? { queue: subject }
    : { actorType: subject.slice(0, subject.indexOf("/")), name: subject.slice(subject.indexOf("/") + 1) }

/** A named lane is shown as `oven:north`, others by their key alone. */
const laneOf = (subject: string): { readonly key: string; readonly name?: string } => {
  const [, name, key] = /^([A-Za-z_][\w.-]*):(.*)$/s.exec(subject) ?? []
  return name === undefined || key === undefined ? { key: subject } : { key, name }
}

/** What goes on with it is asked of. */
const ofPause = ({ kind }: Pause) => kind === "lane" || kind === "schedules" ? kind : "queue"

const givenOf = (pause: Pause): Readonly<Record<string, unknown>> => {
  switch (pause.kind) {
    case "lane":
      return laneOf(pause.subject)
    case "schedules":
      return {}
    default:
      return { target: targetOf(pause) }
  }
}

export const Queues = () => {
  const queues = useAsked<ReadonlyArray<Backlog>>("queues", (signal) => get("queues", {}, signal))
  const pauses = useAsked<ReadonlyArray<Pause>>("pauses", (signal) => get("pauses", {}, signal))
  const refresh = () => {
    queues.refresh()
    pauses.refresh()
  }
  return (
    <>
      <h1>Queues</h1>
      <p class="lead">
        What was enqueued and has not begun, by action. What performs is with{" "}
        <a href="#/actions?status=performing">the actions</a>.
      </p>
      <Section
        id="pauses"
        title="Paused"
        aside={
          <Verbs
            of="queue"
            target={{
              given: { target: "everything" },
              text: "everything",
              state: "New invocations wait; what has begun goes on."
            }}
            only={(verb) => verb === "JobQueue.pause"}
            label={() => "Pause everything"}
            then={refresh}
          />
        }
      >
        <Shown asked={pauses} empty="Nothing is paused." rows={1}>
          {(all) => (
            <Table
              caption="Pauses"
              rows={all}
              keyOf={({ kind, subject }) => `${kind} ${subject}`}
              columns={[
                { name: "What", of: ({ kind, subject }) => <b class="break">{kind} {subject}</b> },
                { name: "Reason", of: ({ reason }) => reason, isWide: true },
                { name: "By", of: ({ by }) => by },
                { name: "Since", of: ({ since }) => <Ago at={since} /> },
                {
                  name: "Do",
                  of: (pause) => (
                    <Verbs
                      of={ofPause(pause)}
                      target={{
                        given: givenOf(pause),
                        text: `${pause.kind} ${pause.subject}`.trim(),
                        state: `Paused by ${pause.by}: ${pause.reason}`
                      }}
                      only={(verb) => /\.resume(All)?$/.test(verb)}
                      then={refresh}
                    />
                  )
                }
              ]}
            />
          )}
        </Shown>
      </Section>
      <Section id="backlog" title="Waiting">
        <Shown asked={queues} empty="Nothing is queued.">
          {(all) => (
            <Table
              caption="What waits in the queues"
              rows={all}
              keyOf={({ actorType, name, queue }) => `${queue} ${actorType}/${name}`}
              columns={[
                { name: "Queue", of: ({ queue }) => queue },
                {
                  name: "Action",
                  of: ({ actorType, name }) => (
                    <a href={to(["actions"], { actorType, name, status: "queued" })}>{actorType}/{name}</a>
                  ),
                  isWide: true
                },
                { name: "Due", of: ({ due }) => count(due), isNumber: true },
                { name: "Later", of: ({ later }) => count(later), isNumber: true },
                { name: "Held", of: ({ held }) => count(held), isNumber: true },
                { name: "Waiting", of: ({ waiting }) => count(waiting), isNumber: true },
                { name: "Paused", of: ({ paused }) => count(paused), isNumber: true },
                { name: "Oldest", of: ({ oldestEnqueuedAt }) => <Ago at={oldestEnqueuedAt} /> },
                { name: "State", of: ({ pause }) => <Paused pause={pause} /> },
                {
                  name: "Do",
                  of: ({ actorType, name, pause, queue }) => (
                    <>
                      <Verbs
                        of="queue"
                        target={{ given: { target: { queue } }, text: `queue ${queue}`, state: "" }}
                        only={(verb) => verb === (pause?.kind === "queue" ? "JobQueue.resume" : "JobQueue.pause")}
                        label={(label) => `${label} queue`}
                        then={refresh}
                      />
                      <Verbs
                        of="queue"
                        target={{
                          given: { target: { actorType, name } },
                          text: `definition ${actorType}/${name}`,
                          state: ""
                        }}
                        only={(verb) => verb === (pause?.kind === "definition" ? "JobQueue.resume" : "JobQueue.pause")}
                        label={(label) => `${label} action`}
                        then={refresh}
                      />
                    </>
                  )
                }
              ]}
            />
          )}
        </Shown>
      </Section>
    </>
  )
}
