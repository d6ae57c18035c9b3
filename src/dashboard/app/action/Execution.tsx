/** An execution of a workflow: what it has done, and what it waits for. */
import type { Execution } from "../api.ts"
import { Empty, Status, Table, ToAction } from "../parts.tsx"
import { Ago, When } from "../time.tsx"
import { type Part, partsOf } from "./lines.ts"

const titles: Readonly<Record<Part["kind"], string>> = {
  activity: "Activity",
  deferred: "Deferred",
  race: "Race",
  queue: "Queued",
  clock: "Clock",
  execution: "Execution"
}

const whenOf = ({ at, kind, status }: Part) => {
  if (at === undefined) return ""
  if (kind === "clock") {
    return (
      <>
        rings <Ago at={at} />
      </>
    )
  }
  return status === "waits"
    ? (
      <>
        since <Ago at={at} />
      </>
    )
    : <When at={at} />
}

/** Those that are in the tree, too. */
const withChildren = (execution: Execution): Execution => ({
  ...execution,
  children: execution.children.map((child) => ({ ...child, tree: undefined }))
})

export const ExecutionParts = ({ execution }: { readonly execution: Execution }) => {
  const { hasMore, interruptedAt, suspendedAt, workflow } = execution
  const parts = partsOf(withChildren(execution))
  return (
    <>
      <p>
        Workflow <b>{workflow}</b>
        {suspendedAt === undefined ? null : (
          <>
            , suspended <Ago at={suspendedAt} />
          </>
        )}
        {interruptedAt === undefined ? null : (
          <>
            , to be interrupted <Ago at={interruptedAt} />
          </>
        )}
        {hasMore ? ", earlier ones are left out" : ""}
      </p>
      {parts.length === 0 ? <Empty>It has done nothing yet that is stored.</Empty> : (
        <Table
          caption="What the execution has done and waits for"
          rows={parts}
          keyOf={({ attempt, kind, name }) => `${kind} ${attempt} ${name}`}
          columns={[
            { name: "What", of: ({ kind }) => titles[kind] },
            {
              name: "Name",
              of: ({ child, name }) => child === undefined ? <b>{name}</b> : <ToAction id={child}>{name}</ToAction>
            },
            { name: "State", of: ({ status }) => <Status status={status} /> },
            { name: "Attempt", of: ({ attempt, kind }) => kind === "activity" ? attempt : "", isNumber: true },
            { name: "When", of: whenOf },
            {
              name: "Failure",
              of: ({ message }) => message === undefined ? "" : <p class="message">{message}</p>,
              isWide: true
            }
          ]}
        />
      )}
    </>
  )
}
