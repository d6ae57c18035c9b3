/** What needs attention, found out from what the API tells: each finding with what to do about it. */
import {
  type Action,
  type ActionDetail,
  type Backlog,
  type Database,
  type Definition,
  type Failures,
  get,
  newest,
  type Pause,
  type Why,
  type Worker
} from "../api.ts"

/** How many of those that perform are looked at. */
export const lookedAt = 2000
/** How many of them are asked why. */
const askedWhy = 40

/** One that performs, with why it does not go on. */
export interface Stuck {
  readonly action: Action
  readonly why: Why
  readonly kind: "held" | "retries" | "overdue" | "slow" | "stranded"
  /** Since when it is so. */
  readonly since: string | undefined
}

export interface NotUndone {
  readonly action: ActionDetail
  readonly steps: ReadonlyArray<string>
}

/** Invocations that nobody takes. */
export interface Unserved {
  readonly backlog: Backlog
  readonly because: string
}

const ageOf = ({ enqueuedAt, startedAt }: Action): number => Date.now() - new Date(startedAt ?? enqueuedAt).getTime()

/** What was to be heard of, or to go on, by now and was not. */
const isLate = (at: string | undefined): boolean => at !== undefined && new Date(at).getTime() < Date.now() - 1000

const reasonsBelow = (why: Why): ReadonlyArray<Why["reasons"][number]> => why.reasons

const stuckOf = (action: Action, why: Why): Stuck | undefined => {
  const reasons = reasonsBelow(why)
  for (const reason of reasons) {
    switch (reason._tag) {
      case "Held":
        return { action, why, kind: "held", since: reason.since }
      case "Stranded":
        return { action, why, kind: "stranded", since: why.since }
      case "Retries":
        return { action, why, kind: "retries", since: why.since }
      case "Signal":
        if (isLate(reason.until) || isLate(reason.heartbeat.silentAt)) {
          return { action, why, kind: "overdue", since: reason.since }
        }
        break
      case "Outbound":
        if (isLate(reason.heartbeat.silentAt)) return { action, why, kind: "overdue", since: reason.since }
        break
      default:
    }
  }
  const { usual } = why
  if (usual === undefined || usual.count < 5 || ageOf(action) <= Math.max(usual.p95Ms * 2, usual.p95Ms + 1000)) return
  const [first] = reasons
  // who waits for somebody outside takes as long as that one does
  return {
    action,
    why,
    kind: first?._tag === "Signal" || first?._tag === "Outbound" ? "overdue" : "slow",
    since: why.since
  }
}

/** One of each definition that performs longest, and all that fail on their way. */
const candidatesOf = (performing: ReadonlyArray<Action>): ReadonlyArray<Action> => {
  const failing = performing.filter(({ lastFailure }) => lastFailure !== undefined)
  const oldest = [...Map.groupBy(performing, ({ actorType, name }) => `${actorType}/${name}`).values()]
    .flatMap((of) => of.toSorted((a, b) => ageOf(b) - ageOf(a)).slice(0, 3))
  const byAge = (actions: ReadonlyArray<Action>) => actions.toSorted((a, b) => ageOf(b) - ageOf(a))
  return [...new Set([...byAge(failing).slice(0, askedWhy / 2), ...byAge(oldest)])].slice(0, askedWhy)
}

/** Looks at what performs: what is held, tried again, late, or slower than others like it. */
export const stuck = async (signal: AbortSignal): Promise<ReadonlyArray<Stuck>> => {
  const performing = await newest({ status: ["performing"] }, lookedAt, signal)
  const found = await Promise.all(
    candidatesOf(performing).map(async (action) => {
      // it may have ended meanwhile, and be deleted
      const why = await get<Why>(`actions/${action.id}/why`, {}, signal).catch(() => undefined)
      return why === undefined ? undefined : stuckOf(action, why)
    })
  )
  const order = ["stranded", "held", "retries", "overdue", "slow"]
  return found.filter((one) => one !== undefined)
    .sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || ageOf(b.action) - ageOf(a.action))
}

export const failures = (signal: AbortSignal, hours: number): Promise<Failures> =>
  get("errors", { since: new Date(Date.now() - hours * 3_600_000).toISOString(), limit: 50 }, signal)

const canBeUndone = ({ description: { options, steps } }: Definition): boolean =>
  options.includes("compensate") ||
  steps.some((step) =>
    step.options.includes("compensate") || step.options.includes("unwind") || step.options.includes("compensateFailed")
  )

/** Of the newest that have not succeeded, of definitions that undo: what was left. */
export const notUndone = async (signal: AbortSignal): Promise<ReadonlyArray<NotUndone>> => {
  const definitions = await get<ReadonlyArray<Definition>>("definitions", { limit: 1000 }, signal)
  const keys = [
    ...new Set(definitions.filter(canBeUndone).map(({ actorType, name }) => JSON.stringify({ actorType, name })))
  ]
  const ended = await Promise.all(
    keys.slice(0, 20).map((key) =>
      newest({ ...JSON.parse(key) as object, status: ["failed", "timed_out", "cancelled"] }, 10, signal)
    )
  )
  const details = await Promise.all(
    ended.flat().slice(0, 60).map(({ id }) => get<ActionDetail>(`actions/${id}`, {}, signal).catch(() => undefined))
  )
  return details.filter((one) => one !== undefined).flatMap((action) => {
    const left = action.unwound ?? action.cause ?? {}
    const steps = [
      ...(left.notUndone ?? []).map(({ message, step }) => `${step}: ${message}`),
      ...(left.uncertain ?? []).map((step) => `${step} is uncertain`)
    ]
    return steps.length === 0 ? [] : [{ action, steps }]
  })
}

/** Whether a worker takes actions of a definition from a queue. */
const takes = (worker: Worker, { actorType, name, queue }: Backlog): boolean =>
  (worker.definitions === undefined || `${actorType}/${name}` in worker.definitions) &&
  (worker.queues === undefined || worker.queues.includes(queue))

/** What waits though it is due: since nobody has what it takes, or since those who have do not come to it. */
export const unserved = async (signal: AbortSignal): Promise<ReadonlyArray<Unserved>> => {
  const [backlogs, workers] = await Promise.all([
    get<ReadonlyArray<Backlog>>("queues", {}, signal),
    get<ReadonlyArray<Worker>>("workers", {}, signal)
  ])
  const alive = workers.filter(({ leaseUntil }) => new Date(leaseUntil).getTime() > Date.now() - 5000)
  return backlogs.filter(({ due, pause }) => due > 0 && pause === undefined).flatMap((backlog) => {
    const { actorType, name, oldestEnqueuedAt, queue } = backlog
    if (alive.length === 0) return [{ backlog, because: "no worker runs" }]
    if (!alive.some((worker) => worker.definitions === undefined || `${actorType}/${name}` in worker.definitions)) {
      return [{ backlog, because: `none of ${alive.length} workers has ${actorType}/${name}` }]
    }
    if (!alive.some((worker) => takes(worker, backlog))) {
      return [{ backlog, because: `no worker that has it serves the queue ${queue}` }]
    }
    return Date.now() - new Date(oldestEnqueuedAt).getTime() > 60_000
      ? [{ backlog, because: "workers do not come to it" }]
      : []
  })
}

export interface Surroundings {
  readonly pauses: ReadonlyArray<Pause>
  readonly workers: ReadonlyArray<Worker>
  readonly database: Database | undefined
}

export const surroundings = async (signal: AbortSignal): Promise<Surroundings> => {
  const [pauses, workers, database] = await Promise.all([
    get<ReadonlyArray<Pause>>("pauses", {}, signal),
    get<ReadonlyArray<Worker>>("workers", {}, signal),
    // it says more to who may see it, and nothing on some databases
    get<Database>("database", {}, signal).catch(() => undefined)
  ])
  return { pauses, workers, database }
}
