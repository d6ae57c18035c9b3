/** Workers that run: what they have in hand, and of which build they are. */
import { get, type Worker } from "../api.ts"
import { useAsked } from "../live.ts"
import { Shown, Table } from "../parts.tsx"
import { to } from "../route.ts"
import { Ago } from "../time.tsx"
import { Verbs } from "../verbs/Verbs.tsx"

const State = ({ worker }: { readonly worker: Worker }) => {
  // by the database's clock: the browser's may be another time
  const isOver = new Date(worker.leaseUntil).getTime() < new Date(worker.readAt).getTime()
  return (
    <span class={`status ${isOver ? "bad" : worker.drainingSince === undefined ? "good" : "warn"}`}>
      <span class="sign" aria-hidden="true">{isOver ? "✕" : worker.drainingSince === undefined ? "✓" : "‖"}</span>
      {isOver ? "gone: its lease is over" : worker.drainingSince === undefined ? "works" : "is draining"}
    </span>
  )
}

const Definitions = ({ definitions }: Pick<Worker, "definitions">) => {
  const names = Object.keys(definitions ?? {}).sort()
  return definitions === undefined ? <span class="soft">not said yet</span> : (
    <details>
      <summary>{names.length} actions</summary>
      <ul class="plain">
        {names.map((name) => (
          <li key={name}>
            <a href={to(["definitions", ...name.split("/")])}>{name}</a>
          </li>
        ))}
      </ul>
    </details>
  )
}

export const Workers = () => {
  const workers = useAsked<ReadonlyArray<Worker>>("workers", (signal) => get("workers", {}, signal))
  return (
    <>
      <h1>Workers</h1>
      <p class="lead">
        A worker says every few seconds that it lives. Others take over from one that has not said so in time.
      </p>
      <Shown asked={workers} empty="No worker runs: nothing that is due begins.">
        {(all) => (
          <Table
            caption="Workers"
            rows={all}
            keyOf={({ id }) => id}
            columns={[
              { name: "Worker", of: ({ name }) => <b class="break">{name}</b>, isWide: true },
              { name: "State", of: (worker) => <State worker={worker} /> },
              { name: "Build", of: ({ build }) => build ?? <span class="soft">none</span> },
              { name: "Since", of: ({ startedAt }) => <Ago at={startedAt} /> },
              { name: "Lease until", of: ({ leaseUntil }) => <Ago at={leaseUntil} /> },
              { name: "In hand", of: ({ inHand }) => inHand, isNumber: true },
              { name: "Queues", of: ({ queues }) => queues?.join(", ") ?? "all" },
              { name: "Actions", of: ({ definitions }) => <Definitions definitions={definitions} /> },
              {
                name: "Do",
                of: ({ drainingSince, inHand, name }) =>
                  drainingSince === undefined
                    ? (
                      <Verbs
                        of="worker"
                        target={{
                          given: { worker: name },
                          text: `worker ${name}`,
                          state: `It has ${inHand} in hand, which it finishes.`
                        }}
                        then={workers.refresh}
                      />
                    )
                    : null
              }
            ]}
          />
        )}
      </Shown>
    </>
  )
}
