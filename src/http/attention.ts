/**
 * What needs somebody, in one answer: what does not go on by itself, what was not undone, what nobody takes, what has failed, and what is around them. Each question has its limit,
 * and so has all of it: why actions do not go on is asked of some, one after the other, for as long as there is time.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ActionRecord } from "../ActionRecord.ts"
import { ActionRepo } from "../ActionRepo.ts"
import type { WorkerRecord } from "../Catalogue.ts"
import { Engine } from "../Engine.ts"
import { quietly } from "../engine/client/quietly.ts"
import { type Backlog, JobQueue } from "../JobQueue.ts"
import type { ScheduleRecord } from "../Schedules.ts"
import { monotonic } from "../store/RealClock.ts"
import { stranded } from "../store/Store.ts"
import { isWorking } from "../verbs/working.ts"
import type { Why } from "../Why.ts"
import { ask, Asking } from "./asking.ts"
import { openGroup, openRecord, openWhy } from "./messages.ts"
import type { AttentionView, StuckView } from "./models/attention.ts"
import { Operator } from "./Operator.ts"
import { summaryOf } from "./views.ts"

/** For how long what has failed is shown. */
const dayMs = 86_400_000
/** How many groups of it. */
const groupsMost = 50
/** For how long what is due may wait though workers take it. */
const patienceMs = 60_000

const ageOf = ({ enqueuedAt, startedAt }: ActionRecord, at: number): number => at - (startedAt ?? enqueuedAt).getTime()

/** What of an action does not go on; nothing where it does. */
const stuckOf = (action: ActionRecord, why: Why, mayRead: boolean): StuckView | undefined => {
  const at = why.at.getTime()
  const stuck = (kind: StuckView["kind"], since: Date | undefined): StuckView => ({
    action: summaryOf(action, mayRead),
    kind,
    since,
    reasons: (mayRead ? quietly(why) : openWhy(quietly(why))).reasons.slice(0, 3).map(({ text }) => text),
    usual: why.usual
  })
  // what was to be heard of, to go on, or to end by now
  const isLate = (time: Date | undefined) => time !== undefined && time.getTime() < at - 1000
  for (const reason of why.reasons) {
    switch (reason._tag) {
      case "Held":
        return stuck("held", reason.since)
      case "Suspended":
        if (reason.failure !== undefined) return stuck("suspended", reason.since)
        break
      case "Stranded":
        return stuck("stranded", why.since)
      case "Retries":
        return stuck("retries", why.since)
      case "Signal":
        if (isLate(reason.until) || isLate(reason.heartbeat.silentAt) || isLate(reason.timeoutAt)) {
          return stuck("overdue", reason.since)
        }
        break
      case "Timer":
        if (isLate(reason.until) || isLate(reason.timeoutAt)) return stuck("overdue", reason.since)
        break
      case "Children":
        if (isLate(reason.timeoutAt)) return stuck("overdue", reason.since)
        break
      case "Unserved":
        // beside what it waits for, where nobody lives who ends that: without a job it is in no backlog
        if (why.reasons.length > 1 && (reason.since === undefined || isLate(reason.since))) {
          return stuck("overdue", reason.since ?? why.since)
        }
        break
      case "Outbound":
        if (isLate(reason.heartbeat.silentAt)) return stuck("overdue", reason.since)
        break
      default:
    }
  }
  if (isLate(why.timeoutAt)) return stuck("overdue", why.since)
  const { usual } = why
  const isSlow = usual !== undefined && usual.count >= 5 &&
    ageOf(action, at) > Math.max(usual.p95Ms * 2, usual.p95Ms + 1000)
  if (!isSlow) return undefined
  const [first] = why.reasons
  switch (first?._tag) {
    // who waits for somebody outside takes as long as that one does
    case "Signal":
    case "Outbound":
      return stuck("overdue", why.since)
    // a clock rings when it does, and those that it waits for are looked at themselves
    case "Suspended":
      return first.deferreds.length > 0 ? stuck("overdue", first.since) : undefined
    default:
      return stuck("slow", why.since)
  }
}

/** There was no time to ask why. */
const leftOut = "leftOut" as const

const order: ReadonlyArray<StuckView["kind"]> = ["stranded", "held", "suspended", "retries", "overdue", "slow"]

/** Whether a worker has what a backlog takes, and serves its queue. */
const has = (worker: WorkerRecord, { actorType, name }: Backlog): boolean =>
  worker.definitions === undefined || `${actorType}/${name}` in worker.definitions

const serves = (worker: WorkerRecord, { queue }: Backlog): boolean =>
  worker.queues === undefined || worker.queues.includes(queue)

/** Why what is due waits: nobody has what it takes, or those who have do not come to it. */
const unservedBecause = (
  backlog: Backlog,
  working: ReadonlyArray<WorkerRecord>
): string | undefined => {
  const { oldestDueAt, pause, readAt } = backlog
  if (oldestDueAt === undefined || pause !== undefined) return undefined
  if (working.length === 0) return "no worker runs"
  const able = working.filter((worker) => has(worker, backlog))
  if (able.length === 0) return `none of ${working.length} workers has ${backlog.actorType}/${backlog.name}`
  const serving = able.filter((worker) => serves(worker, backlog))
  if (serving.length === 0) return `no worker that has it serves the queue ${backlog.queue}`
  if (serving.every(({ drainingSince }) => drainingSince !== undefined)) {
    const who = serving.length === 1 ? "the worker that takes it is" : `all ${serving.length} workers that take it are`
    return `${who} draining`
  }
  return readAt.getTime() - oldestDueAt.getTime() > patienceMs ? "workers do not come to it" : undefined
}

/** A schedule that does not fire, and why. One that is not broken, and whose action somebody has, is due. */
const unfiredOf = ({ action, actorId, actorType, firesAt, name, slot, state, trouble }: ScheduleRecord, at: number) => {
  const due = state === "broken" ? slot : firesAt
  const isDue = due !== undefined && due.getTime() <= at
  const of = { name, actorType, actorId, action, ...isDue ? { since: due } : {} }
  switch (state) {
    case "broken":
      return { ...of, kind: "broken", because: trouble ?? "it cannot be read" } as const
    case "orphaned":
      return { ...of, kind: "orphaned", because: `no living worker has ${actorType}/${action}` } as const
    default:
      return { ...of, kind: "late", because: "it is due, and workers do not come to it" } as const
  }
}

/** What is not undone of one that has ended, in words. */
const leftOf = ({ cause, unwound }: ActionRecord): ReadonlyArray<string> => {
  const { notUndone = [], uncertain = [] } = unwound ?? cause ?? {}
  return [
    ...notUndone.map(({ message, step }) => `${step}: ${message}`),
    ...uncertain.map((step) => `${step} is uncertain`)
  ]
}

/** What was wrong with what had to be healed. */
const healedBecause = {
  slots: stranded.slots,
  job: stranded.job,
  lane: "waits in a lane that it could begin in"
} as const

export const makeAttention = Effect.gen(function*() {
  const asking = yield* Asking
  const engine = yield* Engine
  const repo = yield* ActionRepo
  const queue = yield* JobQueue

  /** Asks why of one after the other, two at a time, as each has a connection of its own. */
  const stuckAmong = (actions: ReadonlyArray<ActionRecord>, mayRead: boolean) =>
    Effect.gen(function*() {
      const last = monotonic() + Duration.toMillis(asking.limit) / 2
      const found = yield* Effect.forEach(actions, (action) =>
        Effect.gen(function*() {
          if (monotonic() > last) return leftOut
          // it may have ended meanwhile, and be deleted
          const asked = Effect.catchTag(engine.why(action.id), "UnknownAction", () => Effect.undefined)
          const why = yield* Effect.catchTag(ask(asking, asked), "QueryTimedOut", () => Effect.succeed(leftOut))
          return why === leftOut || why === undefined ? why : stuckOf(action, why, mayRead)
        }), { concurrency: 2 })
      return {
        stuck: found.filter((one) => one !== undefined && one !== leftOut).toSorted((a, b) =>
          order.indexOf(a.kind) - order.indexOf(b.kind) ||
          (a.action.startedAt ?? a.action.enqueuedAt).getTime() - (b.action.startedAt ?? b.action.enqueuedAt).getTime()
        ),
        leftOut: found.filter((one) => one === leftOut).length
      }
    })

  return Effect.gen(function*() {
    const { mayReadPayloads } = yield* Operator
    const userNow = yield* engine.now
    const { backlogs, database, failing, pauses, suspects, workers } = yield* Effect.all({
      suspects: ask(asking, engine.suspects),
      failing: ask(asking, repo.failures({ since: new Date(userNow - dayMs), limit: groupsMost })),
      backlogs: ask(asking, queue.backlog),
      workers: ask(asking, queue.workers),
      pauses: ask(asking, queue.pauses),
      // it says more to who may see it, and nothing on some databases
      database: Effect.orElseSucceed(ask(asking, engine.databaseHealth), () => undefined)
    }, { concurrency: 3 })
    // leases are on the database's clock, which need not be the one here
    const alive = workers.filter(({ leaseUntil, readAt }) => leaseUntil.getTime() > readAt.getTime())
    const working = workers.filter(isWorking)
    const answer: AttentionView = {
      at: new Date(userNow),
      ...yield* stuckAmong(suspects.performing, mayReadPayloads),
      notUndone: suspects.left.flatMap((action) => {
        const steps = leftOf(mayReadPayloads ? action : openRecord(action))
        const canBeUndone = (action.unwound ?? action.cause)?.notUndone?.some(({ child }) => child === undefined) ??
          false
        return steps.length === 0 ? [] : [{ action: summaryOf(action, mayReadPayloads), steps, canBeUndone }]
      }),
      unserved: backlogs.flatMap((backlog) => {
        const because = unservedBecause(backlog, working)
        return because === undefined ? [] : [{ backlog, because }]
      }),
      schedules: suspects.schedules.map((schedule) => unfiredOf(schedule, userNow)),
      healed: suspects.healed.map((heal) => ({ ...heal, because: healedBecause[heal.kind] })),
      failing: mayReadPayloads ? failing.groups : failing.groups.map(openGroup),
      pauses,
      gone: workers.filter((worker) => !alive.includes(worker)).map(({ id, inHand, leaseUntil, name }) => ({
        id,
        name,
        inHand,
        leaseUntil
      })),
      notes: (database?.notes ?? []).filter(({ level }) => level === "bad" || level === "watch")
    }
    return answer
  })
})
