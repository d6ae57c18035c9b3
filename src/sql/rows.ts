/** From rows to answers: the only place that knows what the columns of a transition's answer mean. */
import type { FailureCause } from "../domain/Failure.ts"
import { phases, statusCodes, statuses, type StepKind, stepKinds } from "../domain/Phase.ts"
import {
  type Answer,
  type Detail,
  type News,
  nothingTaken,
  type SettledSlot,
  type StoredStep,
  type Taken,
  type Verdict,
  type Work
} from "../store/Answer.ts"

type Row = ReadonlyArray<unknown>

/** The kinds of the rows that a transition gives. */
export const Kind = {
  start: 0,
  continue: 1,
  prepare: 2,
  taken: -1,
  stale: -2,
  ended: -3,
  abandoned: -4,
  lostLease: -5,
  verdict: -6,
  interrupt: -7,
  queued: -8,
  blocked: -9,
  due: -10
} as const

/** What a completion has come to; `other` names another action or actor than was asked for. */
export const VerdictCode = { none: 0, done: 1, ambiguous: 2, busy: 3, over: 4, other: 5, notStarted: 6 } as const

/** The detail of a stale conclusion whose action was ended in the very transaction that it is in. */
const endedHere = "ended here"

interface RawDetail {
  readonly name: string | null
  readonly kind: number | null
  readonly prepended: string | null
  readonly outcome: number | null
  readonly result: unknown
  readonly cause: FailureCause | null
  readonly callbacks: ReadonlyArray<readonly [identity: string, succeeded: boolean]> | null
  readonly startedAt: number | null
  readonly timeoutAt: number | null
  readonly steps: ReadonlyArray<RawStep> | null
  readonly slots: ReadonlyArray<RawSlot> | null
}

type RawStep = readonly [index: number, name: string, status: number, marked: boolean, result: unknown, kind: number]

type RawSlot = readonly [
  step: number,
  slot: number,
  status: number | null,
  definition: string,
  actorId: string,
  result: unknown,
  cause: FailureCause | null,
  success: string | null,
  ran: readonly [definition: string, actorId: string] | null
]

interface RawHeld {
  readonly job: number
  readonly queue: string
  readonly lane: string | null
  readonly lanes: ReadonlyArray<string> | null
  readonly checksumKey: string | null
  readonly timeout: number | null
  readonly checksum?: string | null
  readonly achievement?: unknown
}

const kindOf = (code: number | null): StepKind | undefined => code === null ? undefined : stepKinds[code]

const toStep = ([index, name, , marked, result, kind]: RawStep): StoredStep => ({
  index,
  name,
  kind: stepKinds[kind]!,
  marked,
  result
})

const toSlot = ([step, slot, status, definition, actorId, result, cause, success, ran]: RawSlot): SettledSlot => ({
  step,
  slot,
  status: status === null ? undefined : statuses[status],
  definition,
  actorId,
  result,
  cause,
  success,
  ran: ran === null ? undefined : { definition: ran[0], actorId: ran[1] }
})

/** What `detail_of` gives. */
export const toDetail = (value: unknown): Detail => {
  const raw = value as RawDetail
  return {
    stepName: raw.name ?? undefined,
    stepKind: kindOf(raw.kind),
    stepStartedAt: raw.startedAt ?? undefined,
    prepended: raw.prepended?.split("/") ?? [],
    outcome: raw.outcome === null
      ? undefined
      : { status: statuses[raw.outcome]!, result: raw.result, cause: raw.cause },
    callbacks: raw.callbacks ?? [],
    timeoutAt: raw.timeoutAt ?? undefined,
    steps: (raw.steps ?? []).map(toStep),
    slots: raw.slots?.map(toSlot)
  }
}

const actionOf = (row: Row) => ({
  action: row[1] as string,
  definition: row[2] as string,
  actorId: row[3] as string,
  attempts: row[7] as number
})

const toWork = (row: Row): Work => {
  const kind = row[0] as number
  const detail = row[9]
  if (kind === Kind.start) {
    return {
      _tag: "Started",
      ...actionOf(row),
      arguments: row[4],
      depth: row[8] as number,
      timeoutAt: detail === null ? undefined : detail as number
    }
  }
  if (kind === Kind.continue) {
    return {
      _tag: "Continued",
      ...actionOf(row),
      arguments: row[4],
      step: row[5] as number,
      phase: phases[row[6] as number]!,
      depth: row[8] as number,
      detail: detail === null ? undefined : toDetail(detail)
    }
  }
  const held = detail as RawHeld
  return {
    _tag: "ToPrepare",
    ...actionOf(row),
    arguments: row[4],
    job: held.job,
    queue: held.queue,
    lane: held.lane,
    lanes: held.lanes,
    checksumKey: held.checksumKey,
    timeout: held.timeout,
    checksum: held.checksum ?? null,
    achievement: "achievement" in held ? { result: held.achievement } : undefined
  }
}

export const toWorks = (rows: ReadonlyArray<Row>): ReadonlyArray<Work> => rows.map(toWork)

/** A transition's answer; of a completion the row with its verdict is another's. */
export const toAnswer = (rows: ReadonlyArray<Row>): Answer => {
  const work: Array<Work> = []
  const news: Array<News> = []
  let taken = nothingTaken
  for (const row of rows) {
    const action = row[1] as string
    switch (row[0]) {
      case Kind.taken:
        taken = {
          count: row[5] as number,
          full: row[6] === 1,
          putBack: row[7] as number,
          last: row[9] as Taken["last"] | null ?? {}
        }
        break
      case Kind.stale:
        news.push({ _tag: "Stale", action, endedHere: row[9] === endedHere })
        break
      case Kind.ended:
        news.push(
          row[2] !== null && row[6] === statusCodes.timed_out && row[8] === 0
            ? { _tag: "Ended", action, late: { definition: row[2] as string, actorId: row[3] as string } }
            : { _tag: "Ended", action }
        )
        break
      case Kind.abandoned:
        news.push({ _tag: "AbandonedDue" })
        break
      case Kind.lostLease:
        news.push({ _tag: "LeaseLost" })
        break
      case Kind.interrupt:
        news.push({ _tag: "Interrupt", action })
        break
      case Kind.queued:
        news.push({ _tag: "Queued" })
        break
      case Kind.blocked:
        news.push({ _tag: "Blocked", action })
        break
      case Kind.due:
        news.push({ _tag: "Due", at: row[9] as number })
        break
      case Kind.verdict:
        break
      default:
        work.push(toWork(row))
    }
  }
  return { work, news, taken }
}

/** What a completion has come to; it is always said. */
export const toVerdict = (rows: ReadonlyArray<Row>): Verdict => {
  const row = rows.find(([kind]) => kind === Kind.verdict)!
  switch (row[5]) {
    case VerdictCode.none:
      return { _tag: "None" }
    case VerdictCode.done:
      return { _tag: "Done", action: row[1] as string, definition: row[2] as string, actorId: row[3] as string }
    case VerdictCode.ambiguous:
      return { _tag: "Ambiguous", actions: row[9] as ReadonlyArray<string> }
    case VerdictCode.busy:
      return { _tag: "Busy" }
    case VerdictCode.other:
      return { _tag: "Other", definition: row[2] as string, actorId: row[3] as string }
    case VerdictCode.notStarted:
      return { _tag: "NotStarted", definition: row[2] as string, actorId: row[3] as string }
    default:
      return { _tag: "Over" }
  }
}
