/**
 * What rules 9, 10, 11 and 13 say of steps that begin again, wait for signals, time out and are undone, worked out on a line of time: no
 * effects, no SQL.
 *
 * A saga has three steps, whose bodies take no time: what they wait for does. Nothing but a parent and its children meet, and no two
 * durations of a scenario are the same, so that what happens when can be said of each action alone, once it is known when it is ended from
 * above. Where that is found out later, the action is worked out anew.
 */

/** What belongs to a definition. `point`: its second step is one of no return; `stop`, `timed` and `keeps` say how it is undone. */
export const kinds = ["plain", "point", "stop", "timed", "keeps"] as const
export type Kind = (typeof kinds)[number]

export interface UndoPlan {
  /** How often it fails first, however often it is run again. */
  readonly fails: number
  readonly waits: ReadonlyArray<number>
}

export interface SagaStep {
  /** How often its body fails first, whoever runs it. */
  readonly fails: number
  readonly children: ReadonlyArray<Saga>
  readonly waits: ReadonlyArray<number>
  readonly undo: UndoPlan
}

export interface Saga {
  readonly kind: Kind
  readonly timeout: number | null
  /** When signals are sent to it, for one of which its second step waits; null: it waits for none. Of roots alone. */
  readonly hears: ReadonlyArray<number> | null
  readonly steps: readonly [SagaStep, SagaStep, SagaStep]
}

/** From the root to the leaves, or from the leaves to the root. */
export type Sweep = "down" | "up"

/** The root is cancelled, and its unwinding abandoned, at these times, if it is not over by then. */
export interface SagaScenario {
  readonly saga: Saga
  readonly cancelAt: number | null
  readonly abandonAt: number | null
  /** When all is over, an operator asks of one action after another, as often as there are sweeps, that what undoes it is run again. */
  readonly sweeps: ReadonlyArray<Sweep>
}

/** Of which action the operator has asked: the place, how many actions of that place were before it, and when. */
export interface Asked {
  readonly place: string
  readonly nth: number
  readonly at: number
}

export const stepNames = ["a", "b", "c"] as const

/** In milliseconds, by how deep in its tree an action is; what times out together would leave it open who comes first. */
export const timesAt = (level: number) => ({
  retry: 7_000_003 + 1_000_033 * level,
  stepTimeout: 61_000_027 - 13_000_019 * level,
  undoRetry: 3_000_017 + 100_019 * level,
  undoLimit: 31_000_079 - 1_000_003 * level
})

export const retries = 2
export const undoRetries = 1

/** What definitions say of their steps, by index. */
export const optionsOf = (kind: Kind, index: number) => ({
  retries: index > 0,
  timesOut: index === 1,
  compensatesFailed: index === 1,
  // whether children whose parent's time is over go on to be undone is not this model's
  unwinds: index === 1 && kind !== "timed",
  isPoint: index === 1 && kind === "point"
})

/** A step, or what undoes one, as it is stored. */
export interface SagaRow {
  readonly name: string
  readonly status: "succeeded" | "failed" | "cancelled"
}

export interface SagaOutcome {
  readonly status: "succeeded" | "failed" | "cancelled" | "timed_out"
  readonly rows: ReadonlyArray<SagaRow>
  /** Of its own. */
  readonly notUndone: ReadonlyArray<string>
  readonly uncertain: ReadonlyArray<string>
}

export interface SagaEnd {
  /** How many signals the root has read. */
  readonly read: number
  /** By place, the actions in the order in which they were asked for. */
  readonly actions: ReadonlyMap<string, ReadonlyArray<SagaOutcome>>
  /** By place, what ran, and when. */
  readonly log: ReadonlyMap<string, ReadonlyArray<string>>
  /** What the operator was answered: the steps that are undone again, or why none is. */
  readonly answers: ReadonlyArray<string>
}

export const placeOf = (parent: string, index: number, child: number): string => `${parent}.${stepNames[index]}${child}`

interface Step {
  readonly index: number
  status: SagaRow["status"]
  readonly children: Array<Run>
  /** How often what undoes it was tried. */
  tries: number
  /** Its children are unwound, as far as they could be; it is undone itself. */
  areUnwound: boolean
  isUndone: boolean
}

interface Run {
  readonly saga: Saga
  readonly place: string
  readonly level: number
  status: SagaOutcome["status"]
  /** When it has ended, and when all of it that others wait for has. */
  endAt: number
  readonly steps: Array<Step>
  readonly undone: Array<SagaRow>
  readonly log: Array<readonly [at: number, entry: string]>
  /** Of its own, as of the last time. */
  notUndone: ReadonlyArray<string>
  readonly uncertain: Array<string>
  /** Its children that could not be undone when it was: nobody tells it of them again. */
  readonly left: Array<Run>
  /** Its parent has unwound it. */
  isUnwound: boolean
  /** It has read a signal, which further attempts have, too. */
  hasHeard: boolean
  /** Of each place, how often each of its bodies has run. */
  memory: ReadonlyMap<string, ReadonlyArray<number>>
}

const noneRan = [0, 0, 0]

/** What comes of an action that begins at a time, and is cancelled at another, unless it is over by then. */
const perform = (
  saga: Saga,
  place: string,
  level: number,
  startAt: number,
  cancelAt: number,
  memory: Run["memory"],
  abandonAt = Infinity
): Run => {
  const run: Run = {
    saga,
    place,
    level,
    status: "cancelled",
    endAt: cancelAt,
    steps: [],
    undone: [],
    log: [],
    notUndone: [],
    uncertain: [],
    left: [],
    isUnwound: false,
    hasHeard: false,
    memory
  }
  // it waits in its lane, and has nothing to undo
  if (cancelAt <= startAt) return run
  const timeoutAt = startAt + (saga.timeout ?? Infinity)
  const killAt = Math.min(cancelAt, timeoutAt)
  const killed = cancelAt < timeoutAt ? "cancelled" : "timed_out"
  let at = startAt
  for (const index of saga.steps.keys()) {
    const step: Step = {
      index,
      status: "cancelled",
      children: [],
      tries: 0,
      areUnwound: false,
      isUndone: false
    }
    run.steps.push(step)
    const ended = runStep(run, step, at, killAt)
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

const ranOf = (run: Run, place: string) => run.memory.get(place) ?? noneRan

const runStep = (
  run: Run,
  step: Step,
  beginAt: number,
  killAt: number
): { readonly status?: SagaRow["status"]; readonly at: number; readonly isKilled?: boolean } => {
  const { index } = step
  const { level, place, saga } = run
  const times = timesAt(level)
  const options = optionsOf(saga.kind, index)
  const plan = saga.steps[index]!
  /** The last of each child. */
  const last = new Map<number, Run>()
  let at = beginAt
  for (let attempt = 1;; attempt++) {
    if (killAt <= at) return { at: killAt, isKilled: true }
    const ran = ranOf(run, place)
    run.memory = new Map(run.memory).set(place, ran.map((n, i) => i === index ? n + 1 : n))
    run.log.push([at, `${stepNames[index]} ${attempt}`])
    let failedAt = at
    if (ran[index]! >= plan.fails) {
      const began = at
      const limitAt = options.timesOut ? at + times.stepTimeout : Infinity
      const cutAt = Math.min(limitAt, killAt)
      const children = plan.children.map((child, n) => {
        const earlier = last.get(n)
        if (earlier?.status === "succeeded") return earlier
        const begin = (cancelAt: number) =>
          perform(
            child,
            placeOf(place, index, n),
            level + 1,
            Math.max(began, earlier?.endAt ?? 0),
            cancelAt,
            run.memory
          )
        const whole = begin(Infinity)
        const one = whole.endAt < cutAt ? whole : begin(cutAt)
        last.set(n, one)
        step.children.push(one)
        return one
      })
      for (const child of children) run.memory = new Map([...run.memory, ...ownMemory(child)])
      const dues = plan.waits.map((ms) => began + ms)
      if (saga.hears !== null && index === 1) {
        const due = run.hasHeard ? began : Math.max(began, Math.min(...saga.hears))
        dues.push(due)
        run.hasHeard ||= due < cutAt
      }
      const endAt = Math.max(began, ...children.map((one) => one.endAt), ...dues)
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

/** What it knows of its own places. */
const ownMemory = (run: Run) => [...run.memory].filter(([place]) => place.startsWith(run.place))

/** Undoes what there is to undo, once its open step is closed. Somebody may give that up, from when it is decided how it ends. */
const unwind = (run: Run, fixedAt: number, closedAt: number, abandonAt: number): void => {
  const isLeft = abandonAt > fixedAt && abandonAt < closedAt
  if (isLeft) run.steps.at(-1)!.status = "cancelled"
  const beginAt = isLeft ? abandonAt : closedAt
  run.endAt = beginAt
  if (run.saga.kind !== "keeps" || isLeft) undo(run, beginAt, abandonAt > fixedAt ? abandonAt : Infinity)
  else {
    for (const { index, status } of run.steps.toReversed()) {
      if (status !== "succeeded" && !optionsOf(run.saga.kind, index).compensatesFailed) {
        run.uncertain.push(stepNames[index]!)
      }
    }
  }
}

/** Whether something of it, or below it, could not be undone when it was. */
const hasLeft = (run: Run): boolean => run.notUndone.length + run.left.length > 0

/** Undoes what there is to undo and is not undone; also once more, when all of it is over. */
const undo = (run: Run, beginAt: number, abandonAt: number): void => {
  const { level, saga } = run
  const times = timesAt(level)
  const notUndone: Array<string> = []
  let at = beginAt
  let limitAt = abandonAt
  let isStopped = false
  let isBegun = false
  for (const step of run.steps.toReversed()) {
    const { index, status } = step
    const name = stepNames[index]!
    const isDone = status === "succeeded"
    const options = optionsOf(saga.kind, index)
    if (isDone && options.isPoint) break
    if (!isBegun && saga.kind === "timed") {
      limitAt = Math.min(limitAt, at + times.undoLimit)
    }
    isBegun = true
    if (options.unwinds && !step.areUnwound && !isStopped) {
      if (at >= limitAt) isStopped = true
      else {
        const from = at
        const endAt = Math.max(at, ...step.children.map((child) => unwindChild(child, from)))
        const left = endAt < limitAt ? step.children.filter((child) => child.isUnwound && hasLeft(child)) : []
        run.undone.push({ name, status: endAt >= limitAt || left.length > 0 ? "failed" : "succeeded" })
        at = Math.min(endAt, limitAt)
        step.areUnwound = endAt < limitAt
        run.left.push(...left)
        isStopped = endAt >= limitAt || (left.length > 0 && saga.kind === "stop")
      }
    }
    if (!isDone && !options.compensatesFailed) {
      if (!run.uncertain.includes(name)) run.uncertain.push(name)
      continue
    }
    if (step.isUndone) continue
    if (isStopped) {
      notUndone.push(name)
      continue
    }
    const ended = compensate(run, step, at, limitAt)
    at = ended.at
    if (ended.status !== undefined) run.undone.push({ name, status: ended.status })
    step.isUndone = ended.status === "succeeded"
    if (step.isUndone) continue
    notUndone.push(name)
    isStopped ||= at >= limitAt || saga.kind === "stop"
  }
  run.notUndone = notUndone
  run.endAt = Math.min(at, abandonAt)
}

/** Of a child of a step whose children are unwound, when it is. */
const unwindChild = (child: Run, at: number): number => {
  const isPast = child.steps.some(({ index, status }) =>
    status === "succeeded" && optionsOf(child.saga.kind, index).isPoint
  )
  if (child.status !== "succeeded" || isPast || child.isUnwound) return child.endAt
  child.isUnwound = true
  undo(child, at, Infinity)
  return child.endAt
}

const compensate = (
  run: Run,
  step: Step,
  beginAt: number,
  limitAt: number
): { readonly at: number; readonly status?: SagaRow["status"] } => {
  const { fails, waits } = run.saga.steps[step.index]!.undo
  const entry = `${step.status === "succeeded" ? "undoes" : "mends"} ${stepNames[step.index]!}`
  let at = beginAt
  for (let attempt = 1; at < limitAt; attempt++) {
    run.log.push([at, `${entry} ${attempt}`])
    if (++step.tries > fails) {
      const endAt = at + Math.max(0, ...waits)
      return endAt < limitAt ? { at: endAt, status: "succeeded" } : { at: limitAt, status: "failed" }
    }
    const again = at + timesAt(run.level).undoRetry
    if (attempt > undoRetries) return { at, status: "failed" }
    at = again
  }
  return { at: limitAt, status: "failed" }
}

/** All runs of a tree, its own first. */
function* runsOf(run: Run): Generator<Run> {
  yield run
  for (const { children } of run.steps) for (const child of children) yield* runsOf(child)
}

/** What undoes an action that is over is run again, by an operator, of its own steps those that are not undone. */
const undoAgain = (run: Run, at: number): string => {
  const steps = run.notUndone
  if (steps.length > 0) {
    undo(run, at, Infinity)
    return `again ${steps.join()}`
  }
  const isLeft = ({ left, notUndone }: Run): boolean => notUndone.length > 0 || left.some(isLeft)
  return run.left.some(isLeft) ? "child" : "nothing"
}

/** What comes of a scenario, in which the operator has asked for these. */
export const sagaEnd = ({ abandonAt, cancelAt, saga }: SagaScenario, asked: ReadonlyArray<Asked> = []): SagaEnd => {
  const root = perform(saga, "0", 0, 0, cancelAt ?? Infinity, new Map(), abandonAt ?? Infinity)
  const runs = [...runsOf(root)]
  const byPlace = Map.groupBy(runs, ({ place }) => place)
  const answers = asked.map(({ at, nth, place }) => undoAgain(byPlace.get(place)![nth]!, at))
  return {
    read: root.hasHeard ? 1 : 0,
    answers,
    actions: new Map([...byPlace].map(([place, ones]) => [
      place,
      ones.map(({ notUndone, status, steps, uncertain, undone }) => ({
        status,
        rows: [...steps.map(({ index, status }) => ({ name: stepNames[index]!, status })), ...undone],
        notUndone,
        uncertain
      }))
    ])),
    log: new Map([...byPlace].map(([place, ones]) => [
      place,
      ones.flatMap(({ log }) => log).sort(([one], [other]) => one - other).map(([at, entry]) => `${at} ${entry}`)
    ]))
  }
}
