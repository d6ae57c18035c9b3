/** From rows to answers: the only place that knows what the columns of a transition's answer mean. */
import type { FailureCause } from "../domain/Failure.ts"
import { phases, statusCodes, statuses, type StepKind, stepKinds, stepStatuses, UndoSlot } from "../domain/Phase.ts"
import {
  type Answer,
  type DecidedOutside,
  type Detail,
  type EarlierSlots,
  type News,
  nothingTaken,
  type RetriedBefore,
  type SettledSlot,
  type StepVerdict,
  type StoredMemo,
  type StoredStep,
  type Taken,
  type UnwoundChild,
  type Verdict,
  type Work
} from "../store/Answer.ts"
import type { StoredAttempts } from "../store/Conclusion.ts"
import { type RawReplay, toReplay } from "./replay.ts"

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
  due: -10,
  closing: -11
} as const

/** What a completion has come to, or a decision; `other` names another action or actor than was asked for. */
export const VerdictCode = {
  none: 0,
  done: 1,
  ambiguous: 2,
  busy: 3,
  over: 4,
  other: 5,
  notStarted: 6,
  repeated: 7,
  conflict: 8,
  notSkippable: 9
} as const

/** What sending a signal has come to. */
export const SentCode = {
  none: 0,
  sent: 1,
  repeated: 2,
  ambiguous: 3,
  conflict: 4,
  full: 5,
  other: 6,
  late: 7
} as const

/** The detail of a stale conclusion whose action was ended in the very transaction that it is in, or waits for its body to end. */
const endedHere = "ended here"
const isClosing = "closing"

interface RawDetail {
  readonly name: string | null
  readonly kind: number | null
  readonly epoch?: number | null
  readonly prepended: string | null
  readonly outcome: number | null
  readonly unwinds: number | null
  readonly unwound: ReadonlyArray<RawUnwound> | null
  readonly result: unknown
  readonly cause: FailureCause | null
  readonly callbacks: ReadonlyArray<readonly [identity: string, succeeded: boolean]> | null
  readonly startedAt: number | null
  readonly waited: number | null
  readonly verdict: StepVerdict | null
  readonly attempt: number | null
  readonly attempts: StoredAttempts | null
  readonly failure: FailureCause | null
  readonly earlier: EarlierSlots | Pick<EarlierSlots, "next"> | null
  readonly retries: RetriedBefore | null
  readonly memos: ReadonlyArray<RawMemo> | true | null
  readonly replay?: RawReplay | true | null
  readonly timeoutAt: number | null
  readonly trace: string | null
  readonly after: string | null
  readonly senders: ReadonlyArray<string> | null
  readonly steps: ReadonlyArray<RawStep> | null
  readonly slots: ReadonlyArray<RawSlot> | null
}

type RawStep = readonly [
  index: number,
  name: string,
  status: number,
  marked: boolean,
  result: unknown,
  kind: number,
  undo?: number | null,
  undoes?: number | null,
  stays?: true | null
]

type RawSlot = readonly [
  step: number,
  slot: number,
  status: number | null,
  definition: string,
  actorId: string,
  result: unknown,
  cause: FailureCause | null,
  success: string | null,
  ran: readonly [definition: string, actorId: string] | null,
  asValue: readonly [error: string, child: string] | null,
  signal?: readonly [name: string, isOptional: boolean | null] | null
]

type RawUnwound = readonly [
  definition: string,
  actorId: string,
  child: string,
  undo: number,
  left: UnwoundChild["left"] | null
]

type RawMemo = readonly [kind: number, step: string, name: string, result: unknown, attempt?: number | null]

interface RawHeld {
  readonly job: number
  readonly queue: string
  readonly lane: string | null
  readonly lanes: ReadonlyArray<string> | null
  readonly checksumKey: string | null
  readonly timeout: number | null
  readonly trace: string | null
  readonly checksum?: string | null
  readonly achievement?: unknown
  readonly achievedAt?: number
  readonly achievedBy?: string
}

const kindOf = (code: number | null): StepKind | undefined => code === null ? undefined : stepKinds[code]

const toStep = ([index, name, status, marked, result, kind, undo, undoes, stays]: RawStep): StoredStep => ({
  index,
  name,
  kind: stepKinds[kind]!,
  status: stepStatuses[status]!,
  marked,
  result,
  undo: undo ?? undefined,
  undoes: undoes ?? undefined,
  stays: stays ?? undefined
})

const toSlot = (
  [step, slot, status, definition, actorId, result, cause, success, ran, asValue, signal]: RawSlot
): SettledSlot => ({
  step,
  slot,
  status: status === null ? undefined : statuses[status],
  definition,
  actorId,
  result,
  cause,
  success,
  ran: ran === null ? undefined : { definition: ran[0], actorId: ran[1] },
  asValue: asValue === null ? undefined : { error: asValue[0], child: asValue[1] },
  signal: signal === undefined || signal === null ? undefined : { name: signal[0], isOptional: signal[1] === true }
})

const toUnwound = ([definition, actorId, child, undo, left]: RawUnwound): UnwoundChild => ({
  child,
  definition,
  actorId,
  isKept: undo === UndoSlot.kept,
  left: left ?? {}
})

const toMemo = ([kind, step, name, result, attempt]: RawMemo): StoredMemo => ({
  kind: stepKinds[kind]!,
  step,
  name,
  attempt: attempt ?? 1,
  result
})

/** What comes in pieces. */
const nothingYet: RawReplay = { signals: null, children: null }

/** What `detail_of` gives, or `what_of`, which says of what comes in pieces only that there is some. */
export const toDetail = (value: unknown): Detail => {
  const raw = value as RawDetail
  return {
    stepName: raw.name ?? undefined,
    stepKind: kindOf(raw.kind),
    stepStartedAt: raw.startedAt ?? undefined,
    waitedMs: raw.waited ?? undefined,
    verdict: raw.verdict ?? undefined,
    attempt: raw.attempt ?? undefined,
    attempts: raw.attempts ?? undefined,
    failure: raw.failure ?? undefined,
    earlier: raw.earlier === null ? undefined : { succeeded: [], ...raw.earlier },
    retries: raw.retries ?? undefined,
    memos: raw.memos === null ? undefined : raw.memos === true ? [] : raw.memos.map(toMemo),
    replay: raw.replay === undefined || raw.replay === null
      ? undefined
      : toReplay(raw.replay === true ? nothingYet : raw.replay),
    prepended: raw.prepended?.split("/") ?? [],
    outcome: raw.outcome === null
      ? undefined
      : { status: statuses[raw.outcome]!, result: raw.result, cause: raw.cause },
    unwinds: raw.unwinds ?? undefined,
    unwound: raw.unwound?.map(toUnwound) ?? [],
    callbacks: raw.callbacks ?? [],
    timeoutAt: raw.timeoutAt ?? undefined,
    trace: raw.trace ?? undefined,
    after: raw.after ?? undefined,
    senders: raw.senders ?? undefined,
    steps: (raw.steps ?? []).map(toStep),
    slots: raw.slots?.map(toSlot)
  }
}

/** When the time of an action is over that starts, and where its trace goes on. */
const toStart = (detail: unknown): readonly [timeoutAt: number | undefined, trace: string | undefined] => {
  if (!Array.isArray(detail)) return [detail === null ? undefined : detail as number, undefined]
  const [timeoutAt, trace] = detail as ReadonlyArray<unknown>
  return [timeoutAt === null ? undefined : timeoutAt as number, trace as string]
}

// each written out: what is put together by spreads takes several times as long to make
const toWork = (row: Row): Work => {
  const kind = row[0] as number
  const detail = row[9]
  if (kind === Kind.start) {
    const [timeoutAt, trace] = toStart(detail)
    return {
      _tag: "Started",
      action: row[1] as string,
      definition: row[2] as string,
      actorId: row[3] as string,
      attempts: row[7] as number,
      arguments: row[4],
      depth: row[8] as number,
      waitedMs: row[5] as number,
      timeoutAt,
      trace
    }
  }
  if (kind === Kind.continue) {
    // of one whose detail is to be loaded its epoch comes alone
    const came = detail as RawDetail | number | null
    const isApart = came === null || typeof came === "number"
    return {
      _tag: "Continued",
      action: row[1] as string,
      definition: row[2] as string,
      actorId: row[3] as string,
      attempts: row[7] as number,
      arguments: row[4],
      step: row[5] as number,
      phase: phases[row[6] as number]!,
      depth: row[8] as number,
      epoch: (isApart ? came : came.epoch) ?? undefined,
      detail: isApart ? undefined : toDetail(came)
    }
  }
  const held = detail as RawHeld
  return {
    _tag: "ToPrepare",
    action: row[1] as string,
    definition: row[2] as string,
    actorId: row[3] as string,
    attempts: row[7] as number,
    arguments: row[4],
    job: held.job,
    queue: held.queue,
    lane: held.lane,
    lanes: held.lanes,
    checksumKey: held.checksumKey,
    timeout: held.timeout,
    trace: held.trace ?? undefined,
    checksum: held.checksum ?? null,
    achievement: "achievement" in held
      ? { result: held.achievement, achievedAt: held.achievedAt!, by: held.achievedBy! }
      : undefined
  }
}

export const toWorks = (rows: ReadonlyArray<Row>): ReadonlyArray<Work> => rows.map(toWork)

const decidedIn = (row: Row): { readonly decided?: DecidedOutside } =>
  row[2] === null
    ? {}
    : { decided: { definition: row[2] as string, actorId: row[3] as string, status: statuses[row[6] as number]! } }

/** Whose end it is, and whether that is a root whose time was over. */
const endIn = (row: Row): Pick<Extract<News, { readonly _tag: "Ended" }>, "of" | "isLate"> =>
  row[2] === null ? {} : {
    of: { definition: row[2] as string, actorId: row[3] as string, status: statuses[row[6] as number]! },
    isLate: row[6] === statusCodes.timed_out && row[8] === 0
  }

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
        news.push({ _tag: "Stale", action, endedHere: row[9] === endedHere, closing: row[9] === isClosing })
        break
      case Kind.ended:
        news.push({ _tag: "Ended", action, ...endIn(row) })
        break
      case Kind.abandoned:
        news.push({ _tag: "AbandonedDue" })
        break
      case Kind.lostLease:
        news.push({ _tag: "LeaseLost" })
        break
      case Kind.interrupt:
        news.push({ _tag: "Interrupt", action, ...decidedIn(row) })
        break
      case Kind.closing:
        news.push({ _tag: "Closing", action, ...decidedIn(row) })
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
    case VerdictCode.repeated:
      return { _tag: "Repeated", action: row[1] as string }
    case VerdictCode.conflict:
      return { _tag: "Conflict", action: row[1] as string, definition: row[2] as string, actorId: row[3] as string }
    case VerdictCode.notStarted:
      return { _tag: "NotStarted", definition: row[2] as string, actorId: row[3] as string }
    default:
      return { _tag: "Over" }
  }
}
