/** What is stored of executions of workflows, as who looks at them sees it (rule 24.9). */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import { namedOf, nameStored, workflowOf } from "../domain/executionNames.ts"
import { exitText, openExitText } from "../domain/exitText.ts"
import { ExecutionName, statuses } from "../domain/Phase.ts"
import type {
  ActivityRecord,
  ClockRecord,
  DeferredRecord,
  ExecutionChild,
  ExecutionRecord
} from "../ExecutionRecord.ts"
import type { Records } from "../store/Records.ts"
import type { Calls } from "./call.ts"
import { array } from "./columns.ts"

/** How much is shown of activities, of what was sent, and of children; one more is read, which says that there are more. */
const partsMax = 1000

type Maybe<A> = A | null

/** As the storage gives it: times in ms, names as they are stored. */
interface Found {
  readonly suspended: Maybe<
    { readonly suspendedAt: number; readonly awaits: Maybe<Readonly<Record<string, number>>> }
  >
  readonly activities: Maybe<
    ReadonlyArray<readonly [name: string, attempt: number, at: number, failed: boolean, failure: Maybe<string>]>
  >
  readonly sent: Maybe<
    ReadonlyArray<readonly [name: string, at: number, failed: Maybe<boolean>, failure: Maybe<string>]>
  >
  readonly children: Maybe<
    ReadonlyArray<readonly [id: string, definition: string, actorId: string, status: Maybe<number>]>
  >
}

/** In words, and in those that are for everybody, where they are others. */
const wordsOf = (failure: Maybe<string>): Pick<ActivityRecord, "message" | "openMessage"> => {
  if (failure === null) return { message: undefined }
  const [message, openMessage] = [exitText(failure), openExitText(failure)]
  return openMessage === message ? { message } : { message, openMessage }
}

const endOf = (failed: Maybe<boolean>) => failed === true ? "failed" : "succeeded"

const recordOf = (action: string, actorType: string, found: Found): ExecutionRecord => {
  const parts = [found.activities ?? [], found.sent ?? [], found.children ?? []] as const
  const [activities, sent, children] = [
    parts[0].slice(-partsMax),
    parts[1].slice(-partsMax),
    parts[2].slice(-partsMax)
  ] as const
  const awaited = new Map(Object.entries(found.suspended?.awaits ?? {}).map(([name, at]) => [name, new Date(at)]))
  const clocks: Array<ClockRecord> = []
  const deferreds: Array<DeferredRecord> = []
  const kindOf = (kind: "race" | "queue" | "own") => kind === "own" ? "deferred" : kind
  for (const [stored, at, failed, failure] of sent) {
    if (stored === ExecutionName.interrupt) continue
    const { kind, name } = namedOf(stored)
    const time = new Date(at)
    if (kind === "clock") clocks.push({ name, ringsAt: time, awaitedSince: awaited.get(stored) })
    else {
      deferreds.push({
        kind: kindOf(kind),
        name,
        status: endOf(failed),
        ...wordsOf(failure),
        awaitedSince: undefined,
        doneAt: time
      })
    }
    awaited.delete(stored)
  }
  for (const [stored, awaitedSince] of awaited) {
    const { kind, name } = namedOf(stored)
    // a clock that nobody has set is one of those that were left out
    if (kind === "clock") continue
    deferreds.push({
      kind: kindOf(kind),
      name,
      status: "awaited",
      message: undefined,
      awaitedSince,
      doneAt: undefined
    })
  }
  const done: Array<ActivityRecord> = []
  for (const [stored, attemptNumber, at, failed, failure] of activities) {
    const { kind, name } = namedOf(stored)
    const endedAt = new Date(at)
    // one that was too short for a clock is an activity for Effect
    if (kind === "clock") clocks.push({ name, ringsAt: endedAt, awaitedSince: undefined })
    else {
      done.push({
        name: nameStored(stored),
        attemptNumber,
        status: endOf(failed),
        ...wordsOf(failure),
        endedAt
      })
    }
  }
  const interrupted = sent.find(([name]) => name === ExecutionName.interrupt)
  return {
    action,
    workflow: workflowOf(actorType) ?? actorType,
    suspendedAt: found.suspended === null ? undefined : new Date(found.suspended.suspendedAt),
    interruptedAt: interrupted === undefined ? undefined : new Date(interrupted[1]),
    activities: done,
    deferreds,
    clocks: clocks.sort((a, b) => a.ringsAt.getTime() - b.ringsAt.getTime()),
    children: children.map(childOf),
    hasMore: parts.some(({ length }) => length > partsMax)
  }
}

const childOf = ([id, definition, actorId, status]: NonNullable<Found["children"]>[number]): ExecutionChild => {
  const slash = definition.indexOf("/")
  return {
    id,
    actorType: definition.slice(0, slash),
    actorId,
    name: definition.slice(slash + 1),
    status: status === null ? undefined : statuses[status]
  }
}

export const executionRecordsOf = ({ call, schema }: Calls): Pick<Records, "executionsOf"> => ({
  executionsOf: (actions) =>
    Effect.map(
      call(
        "executions",
        `select action, parts from ${schema}.executions_of(p_ids => $1, p_most => $2)`,
        [array(actions.map(({ id }) => id), PgTypes.OID.uuid), PgTypes.int4(partsMax + 1)]
      ),
      (rows) => {
        const types = new Map(actions.map(({ actorType, id }) => [id, actorType]))
        return rows.map(([id, found]) => recordOf(id as string, types.get(id as string) ?? "", found as Found))
      }
    )
})
