/**
 * What rules 9, 10, 11, 13 and 18 say of steps that begin again, wait for signals, time out, are undone and are gone on with, worked out on a
 * line of time: no effects, no SQL.
 *
 * A saga has three steps, whose bodies take no time: what they wait for does. Nothing but a parent and its children meet, and those of one
 * place, one after the other in the lane of that; no two durations of a scenario are the same. So what happens when can be said of each action
 * alone, once it is known when it is ended from above. Where that is found out later, the action is worked out anew.
 */
import {
  type Asked,
  fromOf,
  optionsOf,
  placeOf,
  retries,
  type Saga,
  type SagaScenario,
  stepNames,
  timesAt
} from "./SagaPlan.ts"
import { compensatedIn, type GoesOn, goesOnAt, goneOnFor, memosOf, notUndoneFrom, originOf } from "./SagaRetrying.ts"
import { type Memory, noteOf, rememberedOf, type Run, runsOf, type SagaRow, type Step } from "./SagaRun.ts"
import { notUndoneOf, undoAgain, unwind } from "./SagaUndoing.ts"

/** Others are named by their place, and how many actions of that place were before them. */
export interface SagaOutcome {
  readonly status: Run["status"]
  readonly rows: ReadonlyArray<SagaRow>
  /** Of its own. */
  readonly notUndone: ReadonlyArray<string>
  readonly uncertain: ReadonlyArray<string>
  readonly parent: string | null
  readonly retryOf: string | null
}

export interface SagaEnd {
  /** How many signals the root has read. */
  readonly read: number
  /** By place, the actions in the order in which they were asked for. */
  readonly actions: ReadonlyMap<string, ReadonlyArray<SagaOutcome>>
  /** By place, what ran, when, and with which key. */
  readonly log: ReadonlyMap<string, ReadonlyArray<string>>
  /** What the operator was answered: the steps that are undone again, what goes on, or why nothing is done. */
  readonly answers: ReadonlyArray<string>
}

/** An action that begins at a time, and is cancelled at another, unless it is over by then. */
interface Beginning {
  readonly saga: Saga
  readonly place: string
  readonly level: number
  readonly parent: Run | null
  readonly startAt: number
  readonly cancelAt: number
  readonly memory: Memory
  readonly abandonAt?: number
  /** It goes on for this one, as an operator has asked when all that is known had ended. */
  readonly retryOf?: Run
  readonly from?: number | undefined
  readonly known: ReadonlyArray<Run>
}

const beginsNew: GoesOn = { index: 0, isAfresh: false, waits: false, becomes: [], isNew: true }

/** What has ended is not always over: a parent whose time is over does not wait for a child that is undone, which holds its lane. */
const perform = (given: Beginning): Run => {
  const run = performed(given)
  const freed = new Map(run.memory)
  for (const { endAt, place } of runsOf(run)) {
    const { bodies, freeAt } = rememberedOf(freed, place)
    freed.set(place, { bodies, freeAt: Math.max(freeAt, endAt) })
  }
  run.memory = freed
  return run
}

const performed = (given: Beginning): Run => {
  const { abandonAt = Infinity, cancelAt, known, level, memory, parent, place, retryOf, saga, startAt } = given
  const goesOn = retryOf === undefined ? beginsNew : goesOnAt(retryOf, known, given.from)
  const run: Run = {
    saga,
    place,
    level,
    parent,
    retryOf: retryOf ?? null,
    first: retryOf === undefined ? null : retryOf.first ?? retryOf,
    compensated: retryOf === undefined ? [0, 0, 0] : compensatedIn(retryOf),
    status: "cancelled",
    hasBegun: cancelAt > startAt,
    endAt: cancelAt,
    steps: [],
    undone: [],
    log: [],
    left: [],
    uncertain: [],
    isUnwound: false,
    hasHeard: retryOf !== undefined && !goesOn.isAfresh && goesOn.index > 0 && retryOf.hasHeard,
    memos: retryOf === undefined ? [undefined, undefined, undefined] : memosOf(retryOf),
    memory
  }
  // it waits in its lane, and has nothing to undo
  if (!run.hasBegun) return run
  if (retryOf !== undefined) run.steps.push(...retryOf.steps.slice(0, goesOn.index).map(takenOver))
  const timeoutAt = startAt + (saga.timeout ?? Infinity)
  const killAt = Math.min(cancelAt, timeoutAt)
  const killed = cancelAt < timeoutAt ? "cancelled" : "timed_out"
  let at = startAt
  for (const index of saga.steps.keys()) {
    if (index < goesOn.index) continue
    const step = begunStep(index)
    run.steps.push(step)
    const ended = runStep(run, step, at, killAt, index === goesOn.index ? goesOn : beginsNew, known)
    if (ended.status !== undefined) step.status = ended.status
    if (ended.isKilled || step.status !== "succeeded") {
      run.status = ended.isKilled ? killed : "failed"
      unwind(run, ended.isKilled ? killAt : ended.at, ended.at, abandonAt)
      return run
    }
    at = ended.at
  }
  run.status = "succeeded"
  run.endAt = at
  return run
}

const begunStep = (index: number): Step => ({
  index,
  status: "cancelled",
  children: [],
  slots: undefined,
  isBetween: false,
  tries: 0,
  areUnwound: false,
  isUndone: false
})

/** Its children are this action's, but for those that nobody's are. */
const takenOver = ({ children, index, slots, status }: Step): Step => ({
  ...begunStep(index),
  status,
  slots,
  children: [...children]
})

/** The body runs: what it does once, it has done, or does now. */
const runBody = (run: Run, index: number, at: number, attempt: number): number => {
  const { bodies: ran, freeAt } = rememberedOf(run.memory, run.place)
  const memo = run.memos[index]
  const once = stepNames.length + index
  run.memos[index] = memo ?? ran[once]!
  run.memory = new Map(run.memory).set(run.place, {
    bodies: ran.map((n, i) => i === index || (i === once && memo === undefined) ? n + 1 : n),
    freeAt
  })
  const step = stepNames[index]!
  run.log.push({ at, text: `${step} ${attempt} once ${run.memos[index]}`, step, undoes: false })
  return ran[index]!
}

const runStep = (
  run: Run,
  step: Step,
  beginAt: number,
  killAt: number,
  goesOn: GoesOn,
  known: ReadonlyArray<Run>
): { readonly status?: SagaRow["status"]; readonly at: number; readonly isKilled?: boolean } => {
  const { index } = step
  const { level, saga } = run
  const times = timesAt(level)
  const options = optionsOf(saga.kind, index)
  const plan = saga.steps[index]!
  /** The last of each child. */
  const last = new Map<number, Run>()
  for (const [n, [becomes, child]] of goesOn.becomes.entries()) {
    if (becomes !== "stays" && becomes !== "taken") continue
    last.set(n, child)
    if (becomes === "stays" && isOwnOf(run, index, child)) step.children.push(child)
  }
  let at = beginAt
  for (let attempt = 1;; attempt++) {
    if (killAt <= at) {
      step.isBetween = attempt > 1
      return { at: killAt, isKilled: true }
    }
    const waitsAgain = goesOn.waits && attempt === 1
    let failedAt = at
    if (waitsAgain || runBody(run, index, at, attempt) >= plan.fails) {
      const limitAt = options.timesOut ? at + times.stepTimeout : Infinity
      const cutAt = Math.min(limitAt, killAt)
      const children = performChildren(run, step, at, cutAt, last, waitsAgain ? goesOn : beginsNew, known)
      const earlier = waitsAgain ? run.retryOf!.steps[index]!.slots! : undefined
      const opens = earlier?.dues ?? plan.waits.map((ms) => failedAt + ms)
      const hears = saga.hears !== null && index === 1
      const dues = [...opens, ...hears ? [hearsAt(run, at)] : []]
      if (hears) run.hasHeard ||= dues.at(-1)! < cutAt
      step.slots = { children, dues: opens, hasHeard: hears ? run.hasHeard : null }
      const endAt = Math.max(at, ...children.map((one) => one.endAt), ...dues)
      const isWell = children.every(({ status }) => status === "succeeded")
      const isCut = children.some((one) => one.endAt >= cutAt) || dues.some((due) => due >= cutAt)
      if (isCut && killAt < limitAt) {
        // what it waits for is over, and it knows what its children have come to
        const isSettled = isWell && dues.every((due) => due < killAt)
        return {
          at: Math.max(killAt, ...children.map((one) => one.endAt)),
          status: isSettled ? "succeeded" : "cancelled",
          isKilled: true
        }
      }
      if (!isCut && isWell) return { at: endAt, status: "succeeded" }
      failedAt = isCut ? limitAt : endAt
    }
    if (!options.retries || attempt > retries) return { at: failedAt, status: "failed" }
    at = failedAt + times.retry
  }
}

const isOwnOf = ({ retryOf }: Run, index: number, child: Run): boolean =>
  retryOf!.steps[index]!.children.includes(child)

/** When the signal comes: to the first one alone is it sent. */
const hearsAt = ({ hasHeard, retryOf, saga }: Run, at: number): number =>
  hasHeard ? at : retryOf === null ? Math.max(at, Math.min(...saga.hears!)) : Infinity

/** What becomes of the children that a step asks for at a time, or that are retried. It is cut short at another. */
const performChildren = (
  run: Run,
  step: Step,
  at: number,
  cutAt: number,
  last: Map<number, Run>,
  { becomes }: GoesOn,
  known: ReadonlyArray<Run>
): ReadonlyArray<Run> => {
  const begun: Array<Run> = []
  const children = run.saga.steps[step.index]!.children.map((saga, n) => {
    const earlier = last.get(n)
    if (earlier?.status === "succeeded") return earlier
    const [, retried] = becomes[n] ?? []
    const place = placeOf(run.place, step.index, n)
    const begin = (cancelAt: number) =>
      perform({
        saga,
        place,
        level: run.level + 1,
        parent: run,
        startAt: Math.max(at, rememberedOf(run.memory, place).freeAt),
        cancelAt,
        memory: run.memory,
        known,
        ...retried === undefined ? {} : { retryOf: originOf(retried) }
      })
    const restore = noteOf(retried === undefined ? [] : known)
    const whole = begin(Infinity)
    const isWhole = whole.endAt < cutAt
    if (!isWhole) restore()
    const one = isWhole ? whole : begin(cutAt)
    last.set(n, one)
    step.children.push(one)
    begun.push(one)
    return one
  })
  for (const child of begun) run.memory = new Map([...run.memory, ...ownMemory(child)])
  return children
}

/** What it knows of its own places. */
const ownMemory = (run: Run) => [...run.memory].filter(([place]) => place.startsWith(run.place))

/** An answer names an action, of which it is not known yet how many were before it. */
type Answer = (nameOf: (run: Run) => string) => string

/** A new action goes on for one that has ended. */
const retry = (
  asked: Run,
  at: number,
  known: ReadonlyArray<Run>,
  memory: Memory,
  from: number | undefined
): { readonly answer: Answer; readonly next?: Run } => {
  const retryOf = originOf(asked)
  if (retryOf.status === "succeeded") return { answer: (nameOf) => `status ${nameOf(asked)}` }
  const gone = goneOnFor(retryOf, known)
  if (gone !== undefined) return { answer: (nameOf) => `already ${nameOf(gone)}` }
  if (from !== undefined && (retryOf.steps[from] === undefined || from > goesOnAt(retryOf, known).index)) {
    return { answer: (nameOf) => `noSuchStep ${nameOf(retryOf)} ${stepNames[from]}` }
  }
  const left = notUndoneFrom(retryOf, known, from)
  if (left !== undefined) return { answer: (nameOf) => `notUndone ${nameOf(left[0])} ${left[1]}` }
  const { level, place, saga } = retryOf
  const next = perform({
    saga,
    place,
    level,
    parent: null,
    startAt: at,
    cancelAt: Infinity,
    memory,
    retryOf,
    from,
    known
  })
  return { answer: (nameOf) => `retried ${nameOf(retryOf)} by ${nameOf(next)}`, next }
}

/** What comes of a scenario, in which the operator has asked for these. */
export const sagaEnd = ({ abandonAt, cancelAt, saga }: SagaScenario, asked: ReadonlyArray<Asked> = []): SagaEnd => {
  const root = perform({
    saga,
    place: "0",
    level: 0,
    parent: null,
    startAt: 0,
    cancelAt: cancelAt ?? Infinity,
    memory: new Map(),
    abandonAt: abandonAt ?? Infinity,
    known: []
  })
  const roots = [root]
  let { memory } = root
  // what is taken over has been there before
  const all = () => [...new Set(roots.flatMap((one) => [...runsOf(one)]))]
  const byPlace = () => Map.groupBy(all(), ({ place }) => place)
  const answers = asked.map(({ at, nth, place, verb }): Answer => {
    const known = all()
    const run = byPlace().get(place)![nth]!
    if (verb === "undo") {
      const answer = goneOnFor(run, known) === undefined ? undoAgain(run, at) : "retried"
      return () => answer
    }
    const { answer, next } = retry(run, at, known, memory, fromOf(verb))
    if (next !== undefined) {
      roots.push(next)
      memory = new Map([...memory, ...ownMemory(next)])
    }
    return answer
  })
  const places = byPlace()
  const nameOf = (run: Run) => `${run.place}#${places.get(run.place)!.indexOf(run)}`
  return {
    read: root.hasHeard ? 1 : 0,
    answers: answers.map((answer) => answer(nameOf)),
    actions: new Map([...places].map(([place, ones]) => [place, ones.map((one) => outcomeOf(one, nameOf))])),
    log: new Map([...places].map(([place, ones]) => [
      place,
      ones.flatMap((one) => one.log.map((entry) => ({ ...entry, one })))
        .sort((one, other) => one.at - other.at)
        .map(({ at, one, step, text, undoes }) => {
          const count = one.compensated[stepNames.indexOf(step)]
          return `${at} ${text} ${nameOf(one.first ?? one)}/${step}/${count}${undoes ? "/compensation" : ""}`
        })
    ]))
  }
}

const outcomeOf = (run: Run, nameOf: (run: Run) => string): SagaOutcome => ({
  status: run.status,
  rows: [
    ...run.steps.map(({ index, status }) => ({ name: stepNames[index]!, status })),
    ...run.undone.map(({ name, status }) => ({ name, status }))
  ],
  notUndone: notUndoneOf(run),
  uncertain: run.uncertain,
  parent: run.parent === null ? null : nameOf(run.parent),
  retryOf: run.retryOf === null ? null : nameOf(run.retryOf)
})
