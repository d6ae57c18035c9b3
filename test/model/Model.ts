/**
 * What test/RULES.md says, as a small machine in memory: no effects, no SQL, no concurrency.
 *
 * A scenario is invocations whose arguments carry a plan of all that they will do, and what somebody outside does to them. The machine
 * performs as one caller of `performSteppedActions` does: timers, then what is queued, each action as far as it goes at once. Where the
 * rules leave an order open, it asks; `outcomes` gives what follows from every answer. Workers beside each other have no such order:
 * `inTurns` lets whatever can go on do so in any.
 */

// ---------------------------------------------------------------------------------------------------------------------
// plans
// ---------------------------------------------------------------------------------------------------------------------

export type Ending = "succeeded" | "failed" | "cancelled" | "timed_out"
export type Status = "pending" | "performing" | "superseded" | "deadlocked" | Ending

/** What belongs to a definition, and cannot be said by arguments. */
export interface Shape {
  /** None: the actor's method performs the action. */
  readonly steps: 0 | 1 | 2
  readonly before: boolean
  readonly outbound: boolean
  /** `all`: one for every status and one for success and failure; `some`: one for success and one for cancellation. */
  readonly callbacks: "none" | "all" | "some"
  readonly success: "void" | "number"
}

/** One thing that a body does. */
export type Deed =
  /** Without actors on the action's own; actors by number, none of them twice, and a negative number for nobody. */
  | {
    readonly _tag: "Child"
    readonly plan: Plan
    readonly on: ReadonlyArray<number> | null
    /** Its failure is a value for the step. */
    readonly attempted: boolean
  }
  /** A tree of its own, for which nobody waits; actors as of a child. */
  | { readonly _tag: "Start"; readonly plan: Plan; readonly on: ReadonlyArray<number> | null }
  /** Does something once; where the step is transactional that fails it. */
  | { readonly _tag: "Once" }
  | { readonly _tag: "Wait"; readonly seconds: number }
  | { readonly _tag: "MarkFailed" }
  /** Replaces the arguments by `other`. */
  | { readonly _tag: "Replace" }

export interface StepPlan {
  readonly deeds: ReadonlyArray<Deed>
  readonly end: "well" | "fail" | "die"
  /** The body's value: a number, or the child in the first slot that holds one. */
  readonly gives: "number" | "child"
  /** What the step's condition says, if its definition has one (`isAsked`). */
  readonly skipped: boolean
}

/** The part of the arguments that a body or `before` may replace. */
export interface Replaceable {
  readonly steps: ReadonlyArray<StepPlan>
  /** Which callbacks fail, as bits by position. */
  readonly failing: number
  readonly checksum: number | string | boolean | null
}

export interface Plan extends Replaceable {
  readonly shape: Shape
  readonly lane: string | null
  readonly checksumKey: string | null
  readonly timeout: number | null
  /** Whether key functions give effects. */
  readonly effectful: boolean
  /** Which function of the definition throws. */
  readonly broken: "lane" | "checksum" | "timeout" | null
  readonly before: "go" | "cancel" | "complete" | "replace" | "fail" | "die"
  readonly other: Replaceable | null
  /** What its first callback starts if it ends well. */
  readonly afterwards: Plan | null
  readonly number: number
  /** How an outbound action is completed when everything is idle. */
  readonly outside: Ending | "ignored"
}

export type Op =
  | { readonly _tag: "Invoke"; readonly actor: number; readonly plan: Plan }
  /** One pass over what is due. */
  | { readonly _tag: "Perform" }
  | { readonly _tag: "Advance"; readonly seconds: number }
  /** Cancels the action of a handle, counted among the handles there are. */
  | { readonly _tag: "Cancel"; readonly handle: number }

/** After its last operation everything is performed; an hour later so is what waited for somebody outside. */
export type Scenario = ReadonlyArray<Op>

export const actorNames = ["One/1", "One/2", "Two/x"] as const

export const nameOf = (shape: Shape): string =>
  [
    "does",
    shape.steps,
    ...(shape.before ? ["before"] : []),
    ...(shape.outbound ? ["outbound"] : []),
    ...(shape.callbacks === "none" ? [] : [shape.callbacks]),
    shape.success
  ].join("_")

/** The statuses of a definition's callbacks, in the order of their definition. */
export const callbacksOf = (shape: Shape): ReadonlyArray<ReadonlyArray<Ending>> => {
  switch (shape.callbacks) {
    case "none":
      return []
    case "all":
      return [["succeeded", "failed", "cancelled", "timed_out"], ["succeeded", "failed"]]
    case "some":
      return [["succeeded"], ["cancelled"]]
  }
}

export const stepNames = (shape: Shape): ReadonlyArray<string> =>
  shape.steps === 0 ? [nameOf(shape)] : ["first", "second"].slice(0, shape.steps)

export const replaced = (plan: Plan): Plan => plan.other === null ? plan : { ...plan, ...plan.other, other: null }

/** Does the same as any other step, but in one commit. What goes on because of that commit is queued, not taken in hand. */
export const isTransactional = (shape: Shape, index: number): boolean => index === 1 && shape.success === "number"

/** Whether a step has a condition. The last one of two may be skipped where nothing is expected of it. */
export const isAsked = (shape: Shape, index: number): boolean =>
  shape.steps === 2 && (index === 0 || shape.success === "void")

/** Whether the next step follows although this one has failed. */
export const mayFail = (shape: Shape, index: number): boolean => isAsked(shape, index) && shape.callbacks === "some"

/** What a step does; a method does nothing but end. */
export const stepOf = (plan: Plan, index: number): StepPlan => {
  const step = plan.steps[index] ?? { deeds: [], end: "well", gives: "number", skipped: false }
  return plan.shape.steps === 0 ? { deeds: [], end: step.end, gives: "number", skipped: false } : step
}

export const isSkipped = (plan: Plan, index: number): boolean =>
  isAsked(plan.shape, index) && stepOf(plan, index).skipped

/**
 * Arguments say where in the tree their action was invoked: the handle, then step and slot of each parent. Children on several actors
 * have the same arguments, so that those end with `@`.
 */
export const childPlace = (
  parent: string,
  step: number,
  slot: number | string,
  deed: { readonly on: unknown }
): string => `${parent}.${step}:${slot}${deed.on === null ? "" : "@"}`

/** The same for what a step starts, the how-manieth of what it starts; and for what a callback starts. */
export const startPlace = (starter: string, step: number, start: number, deed: { readonly on: unknown }): string =>
  childPlace(starter, step, `s${start}`, deed)
export const afterwardsPlace = (starter: string): string => `${starter}.c`

/** How much a step does once. */
export const onceIn = ({ deeds }: StepPlan): number => deeds.filter(({ _tag }) => _tag === "Once").length

/** What a step receives of an attempt before it, in words; nothing is given where it has failed. */
export const attemptInWords = (given: { readonly result: unknown } | undefined): string =>
  given === undefined ? "no success" : `a success ${given.result ?? "of nothing"}`

/** What an action is called in outcomes. */
export const keyOf = (place: string, actor: string): string => place.endsWith("@") ? `${place}${actor}` : place

// ---------------------------------------------------------------------------------------------------------------------
// plans by hand
// ---------------------------------------------------------------------------------------------------------------------

/** A plan that simply ends well, but for what is given; its steps are as many as are given. */
export const plan = (given: Partial<Omit<Plan, "shape">> & { readonly shape?: Partial<Shape> } = {}): Plan => {
  const steps = given.steps ?? [step()]
  return {
    lane: null,
    checksumKey: null,
    checksum: null,
    timeout: null,
    effectful: false,
    broken: null,
    before: "go",
    other: null,
    afterwards: null,
    number: 1,
    outside: "succeeded",
    failing: 0,
    ...given,
    steps,
    shape: {
      steps: steps.length === 2 ? 2 : 1,
      before: given.before !== undefined,
      outbound: given.outside !== undefined,
      callbacks: "none",
      success: "void",
      ...given.shape
    }
  }
}

export const step = (...deeds: ReadonlyArray<Deed>): StepPlan => ({
  deeds,
  end: "well",
  gives: "number",
  skipped: false
})
export const failing = (...deeds: ReadonlyArray<Deed>): StepPlan => ({ ...step(...deeds), end: "fail" })
export const child = (plan: Plan, on: ReadonlyArray<number> | null = null): Deed => ({
  _tag: "Child",
  plan,
  on,
  attempted: false
})
export const attempt = (plan: Plan, on: ReadonlyArray<number> | null = null): Deed => ({
  _tag: "Child",
  plan,
  on,
  attempted: true
})
export const start = (plan: Plan, on: ReadonlyArray<number> | null = null): Deed => ({ _tag: "Start", plan, on })
export const once: Deed = { _tag: "Once" }
export const wait = (seconds: number): Deed => ({ _tag: "Wait", seconds })
export const invoke = (plan: Plan, actor = 0): Op & { readonly _tag: "Invoke" } => ({ _tag: "Invoke", actor, plan })

// ---------------------------------------------------------------------------------------------------------------------
// outcomes
// ---------------------------------------------------------------------------------------------------------------------

export interface StoredStep {
  readonly name: string
  readonly status: string
  /** `wait`, or the key of the child in the slot; then how the slot was settled. */
  readonly slots: ReadonlyArray<string>
}

export interface StoredAction {
  readonly key: string
  readonly definition: string
  readonly status: string
  readonly supersededBy: string | null
  /** Succeeded and failed ones. */
  readonly callbacks: readonly [number, number]
  readonly result: number | null
  readonly steps: ReadonlyArray<StoredStep>
}

/** All that can be seen of a scenario when it is over. */
export interface Outcome {
  /** Whether nothing was left before the last hour. */
  readonly drained: boolean
  /** By handle, what awaiting it gives: a result, or the name of an error. */
  readonly handles: ReadonlyArray<string>
  /** Of each cancellation, whether it ended its action. */
  readonly cancelled: ReadonlyArray<boolean>
  readonly actions: ReadonlyArray<StoredAction>
  /** Checksum key and the action whose success counts. */
  readonly achievements: ReadonlyArray<string>
  /** User code in the order in which it ran. */
  readonly log: ReadonlyArray<string>
}

/** A step whose body never ran has a row or not, depending on how far a worker had come: both are one outcome. */
export const begunOnly = (one: Outcome): Outcome => ({
  ...one,
  actions: one.actions.map((action) => ({
    ...action,
    steps: action.steps.filter(({ name, status }) =>
      status !== "cancelled" || one.log.some((entry) => `${entry} `.startsWith(`step ${action.key} ${name} `))
    )
  }))
})

/** Puts items whose order is open in one. */
export type Choose = <A>(items: ReadonlyArray<A>) => ReadonlyArray<A>

/** The outcomes that the rules allow; nothing if there are more than `limit` ways to get there. */
export const outcomes = (scenario: Scenario, limit = 200): ReadonlyArray<Outcome> | undefined => {
  const found: Array<Outcome> = []
  // the answers of the run to come, as numbers of permutations; of how many is known once the run has asked
  let answers: Array<number> = []
  for (let runs = 0; runs < limit; runs++) {
    const sizes: Array<number> = []
    found.push(begunOnly(outcome(scenario, (items) => {
      const n = sizes.length
      sizes.push(factorial(items.length))
      return permutation(items, answers[n] ?? 0)
    })))
    let last = sizes.length - 1
    while (last >= 0 && (answers[last] ?? 0) + 1 >= sizes[last]!) last--
    if (last < 0) return found
    answers = [...sizes.keys()].slice(0, last + 1).map((i) => (answers[i] ?? 0) + (i === last ? 1 : 0))
  }
  return undefined
}

/** What can go on: what kind of turn it is, and whose. No turn comes twice. */
export interface Turn {
  readonly kind:
    | "enqueueing"
    | "timeout"
    | "wait"
    | "abandoned"
    | "invocation"
    | "at once"
    | "broken up"
    | "continuation"
    | "body"
    | "commit"
    | "callbacks"
    | "join"
    | "outside"
  /** The action, and where it has several of this kind which one. */
  readonly whose: string
  /** How the log's entries begin for the user code that runs in it. */
  readonly runs?: string
}

/** Says which of the turns is next, by its number; the first is the one that a single performer takes. */
export type NextTurn = (turns: ReadonlyArray<Turn>) => number

/**
 * The outcome where everything that can go on does so in any order, one transition after another, until nothing can: as bodies, claims,
 * timers and the cancelling of abandoned children of several workers do beside each other. `Perform` means: to rest.
 */
export const inTurns = (scenario: Scenario, next: NextTurn): Outcome =>
  begunOnly(outcome(scenario, (items) => items, next))

const factorial = (n: number): number => n <= 1 ? 1 : n * factorial(n - 1)

const permutation = <A>(items: ReadonlyArray<A>, number: number): ReadonlyArray<A> => {
  if (items.length <= 1) return items
  const size = factorial(items.length - 1)
  const first = Math.floor(number / size)
  return [items[first]!, ...permutation(items.toSpliced(first, 1), number % size)]
}

// ---------------------------------------------------------------------------------------------------------------------
// the machine
// ---------------------------------------------------------------------------------------------------------------------

interface Parent {
  readonly key: string
  readonly step: number
}

interface Invocation {
  readonly key: string
  /** Counts invocations in the order in which they were made. */
  readonly order: number
  readonly actor: number
  readonly plan: Plan
  readonly parent: Parent | undefined
  /** Those that its body has enqueued before it (rule 2.9). */
  readonly elders: ReadonlyArray<Invocation>
}

/** An invocation whose keys are known. */
interface Keyed extends Invocation {
  readonly lane: string
  readonly checksumKey: string
  readonly checksum: string | null
  /** Who has achieved what it has found, and cannot read: for it that is none, and is there until it starts. */
  readonly passes?: string
}

interface Slot {
  /** The action that settles it; none for a wait. */
  child: string | undefined
  readonly asked: Shape | undefined
  readonly attempted: boolean
  readonly due: number
  status: Status | undefined
  result: number | null
}

interface Step {
  readonly name: string
  status: "performing" | "succeeded" | "failed" | "cancelled" | "skipped"
  marked: boolean
  value: number | "child" | undefined
  readonly slots: Array<Slot>
}

interface Decided {
  readonly status: Exclude<Status, "pending" | "performing">
  readonly result: number | null
}

interface Action extends Keyed {
  plan: Plan
  lane: string
  status: Status
  phase: "step" | "waiting" | "outside" | "callbacks"
  /** Whether a root invocation counts as waiting for it. */
  rooted: boolean
  timeoutAt: number
  decided: Decided | undefined
  result: number | null
  supersededBy: string | null
  good: number
  bad: number
  readonly steps: Array<Step>
}

/** What a performer has in hand. */
type Work =
  | { readonly _tag: "Prepare"; readonly invocation: Invocation; readonly hasRun?: boolean }
  /** Finds out whether an achievement's result can be read. */
  | { readonly _tag: "Read"; readonly invocation: Keyed; readonly result: number | null; readonly by: string }
  /** Counts only as long as the action is where it was. */
  | { readonly _tag: "Go"; readonly key: string; readonly phase: Action["phase"] | undefined }
  /** A body has run, and nothing of it is stored yet. */
  | { readonly _tag: "Commit"; readonly key: string; readonly step: number }

const hour = 3600

/** Runs a scenario to its end; in turns, if it is told whose is next. */
export const outcome = (
  scenario: Scenario,
  choose: Choose = (items) => items,
  nextTurn: NextTurn | undefined = undefined
): Outcome => {
  let now = 0
  let made = 0
  const actions = new Map<string, Action>()
  const live = new Map<string, Action>()
  const achievements = new Map<
    string,
    { readonly checksum: string; readonly result: number | null; readonly key: string }
  >()
  /** Answers for handles of invocations that were never stored (rule 2.6). */
  const answers = new Map<string, Decided | { readonly follows: string }>()
  let queued: Array<Invocation> = []
  /** Those of them that were cancelled before anybody took them. */
  const marked = new Set<string>()
  let toContinue: Array<string> = []
  const over = new Set<string>()
  /** Invocations that have neither joined nor been settled. */
  const onTheirWay = new Set<string>()
  /** Those that are prepared and wait for their elders in the queue. */
  const ready = new Map<string, Keyed>()
  /** Those that are not due before an elder sibling has joined or ended. */
  const parked = new Map<string, string>()
  const log: Array<string> = []
  const handles: Array<string> = []
  const cancelled: Array<boolean> = []

  const open = <A>(items: ReadonlyArray<A>): ReadonlyArray<A> => items.length > 1 ? choose(items) : items
  const current = (lane: string) => [...live.values()].find((a) => a.lane === lane && a.status === "performing")
  const pending = (lane: string) => [...live.values()].find((a) => a.lane === lane && a.status === "pending")
  const go = (key: string): Work => ({ _tag: "Go", key, phase: live.get(key)?.phase })

  function* openSlots(child?: string): Generator<readonly [Action, Step, Slot]> {
    for (const action of live.values()) {
      for (const step of action.steps) {
        for (const slot of step.slots) {
          if (slot.status === undefined && (child === undefined || slot.child === child)) yield [action, step, slot]
        }
      }
    }
  }

  // ---- 2 invoking ---------------------------------------------------------------------------------------------------

  /** Queues invocations of one body. */
  const enqueue = (all: ReadonlyArray<Invocation>) => {
    for (const [i, one] of all.entries()) {
      queued.push({ ...one, elders: all.slice(0, i) })
      onTheirWay.add(one.key)
    }
  }

  /** What a client has begun to enqueue: one after another, in its order, while what it has enqueued is performed already. */
  let begun: ReadonlyArray<Omit<Invocation, "order">> = []
  const enqueueNext = (): ReadonlyArray<Work> => {
    const [first, ...rest] = begun
    begun = rest
    enqueue([{ ...first!, order: made++ }])
    return []
  }
  function* clientTurns(): Generator<Possible> {
    if (begun.length > 0) yield { kind: "enqueueing", whose: begun[0]!.key, take: enqueueNext }
  }

  /** 9.6: queues a root that nobody has invoked. */
  const startTree = (key: string, actor: number, plan: Plan) =>
    enqueue([{ key, order: made++, actor, plan, parent: undefined, elders: [] }])

  /** The lane, if it can be known without running an effect. */
  const laneOf = (one: Invocation): string | undefined =>
    one.plan.effectful || (one.plan.broken !== null && !(one.plan.broken === "checksum" && one.plan.shape.before))
      ? undefined
      : keyed(one, one.plan).lane

  /** Whether something has to run before the lane is taken. */
  const needsPreparing = ({ plan }: Invocation) => plan.shape.before || plan.effectful || plan.broken !== null

  const keyed = (invocation: Invocation, args: Plan): Keyed => {
    const { actor, plan } = invocation
    const otherwise = `${actorNames[actor]}/${nameOf(plan.shape)}` // 2.8
    return {
      ...invocation,
      plan: args,
      // 2.1: from the arguments as given; 2.3: from those that `before` has left
      lane: plan.lane ?? otherwise,
      checksumKey: plan.checksumKey ?? otherwise,
      checksum: args.checksum === null ? null : JSON.stringify(args.checksum)
    }
  }

  /** 2.9: elder siblings that may be headed for the same lane, and have neither joined nor ended. */
  const eldersOf = ({ elders }: Invocation, lane: string): ReadonlyArray<Invocation> =>
    elders.filter(({ key, ...elder }) => {
      if (!onTheirWay.has(key)) return false
      const its = ready.get(key)?.lane ?? laneOf({ key, ...elder })
      return its === undefined || its === lane
    })
  const waits = (one: Invocation, lane: string) => eldersOf(one, lane).length > 0

  const isParked = (key: string) => onTheirWay.has(parked.get(key)!)

  /** It is due again when the youngest of its elders that does not wait itself has joined or ended. */
  const park = (one: Invocation, elders: ReadonlyArray<Invocation>) => {
    const elder = elders.findLast(({ key }) => !isParked(key))
    if (elder !== undefined) parked.set(one.key, elder.key)
    queued.push(one)
  }

  /** Joins what is prepared, or puts it back into the queue, to wait there. */
  const inTurn = (given: Invocation, keyed: Keyed): ReadonlyArray<Work> => {
    if (!waits(given, keyed.lane)) return join([keyed])
    ready.set(given.key, keyed)
    park(given, eldersOf(given, keyed.lane))
    return []
  }

  /** 2.2: what runs before anything is stored. */
  const prepare = (invocation: Invocation, hasRun = false): ReadonlyArray<Work> => {
    if (!hasRun && runsBefore(invocation)) log.push(`before ${invocation.key}`)
    const prepared = preparationOf(invocation)
    return "lane" in prepared ? inTurn(invocation, prepared) : settle([[invocation, prepared]])
  }

  const runsBefore = ({ plan: { broken, shape } }: Invocation) =>
    shape.before && broken !== "lane" && broken !== "timeout"

  /** Its keys, or an end without having joined a lane. */
  const preparationOf = (invocation: Invocation): Keyed | Decided => {
    const { plan } = invocation
    const short = (status: Decided["status"], result: number | null = null): Decided => ({ status, result })
    if (plan.broken === "lane" || plan.broken === "timeout") return short("failed")
    let args = plan
    if (plan.shape.before) {
      switch (plan.before) {
        case "fail":
        case "die":
          return short("failed")
        case "cancel":
          return short("cancelled")
        case "complete":
          return short("succeeded", plan.shape.success === "number" ? plan.number : null)
        case "replace":
          args = replaced(plan)
      }
    }
    return plan.broken === "checksum" ? short("failed") : keyed(invocation, args)
  }

  /** 2.6: invocations that are never stored tell their slots, and answer their handles. */
  const settle = (all: ReadonlyArray<readonly [Invocation, Decided]>): ReadonlyArray<Work> => {
    const told = new Set<string>()
    for (const [{ key, parent }, decided] of all) {
      onTheirWay.delete(key)
      if (parent === undefined) answers.set(key, decided)
      for (const [action, , slot] of openSlots(key)) {
        slot.status = decided.status
        slot.result = decided.result
        told.add(action.key)
      }
    }
    return resume(told, true)
  }

  const joinable = (lane: string, one: Keyed) =>
    [current(lane), pending(lane)].find((a) =>
      a !== undefined && one.checksum !== null && a.checksum === one.checksum && a.checksumKey === one.checksumKey
    )

  /** Everyone who waits for an action: parents of its slots, and whoever is pending behind them. */
  const waitersOf = (key: string): Set<string> => {
    const found = new Set<string>()
    const next = [key]
    while (next.length > 0) {
      const one = next.pop()!
      const behind = live.get(one)?.status === "performing" ? pending(live.get(one)!.lane) : undefined
      for (
        const waiter of [
          ...[...openSlots(one)].map(([action]) => action.key),
          ...behind === undefined ? [] : [behind.key]
        ]
      ) {
        if (!found.has(waiter)) next.push(waiter)
        found.add(waiter)
      }
    }
    return found
  }

  const wouldWaitForItself = (one: Keyed) => {
    const ahead = current(one.lane)
    return ahead !== undefined && waitersOf(one.key).has(ahead.key)
  }

  /** Those that may join at the same moment as the one that has joined just now, and do not see that they close a circle with it. */
  let unseen: ReadonlySet<string> = new Set()

  /** 2.4, 2.5 and 14.2. */
  const join = (all: ReadonlyArray<Keyed>, isBlind = false): ReadonlyArray<Work> => {
    const read: Array<Work> = []
    const short: Array<readonly [Invocation, Decided]> = []
    const started: Array<Work> = []
    const rest: Array<Keyed> = []
    for (const one of all) {
      const found = achievements.get(one.checksumKey)
      const achieved = found?.key === one.passes ? undefined : found
      // one that starts before it in the same lane erases what it would have found
      const isErased = current(one.lane) === undefined &&
        rest.find(({ lane }) => lane === one.lane)?.checksumKey === one.checksumKey
      if (one.checksum === null || achieved?.checksum !== one.checksum || isErased) rest.push(one)
      else if (one.plan.shape.success === "void") short.push([one, { status: "succeeded", result: achieved.result }])
      else read.push({ _tag: "Read", invocation: one, result: achieved.result, by: achieved.key })
    }
    for (const one of rest) {
      onTheirWay.delete(one.key)
      const ahead = current(one.lane)
      if (ahead === undefined) { // d
        store(one, "performing")
        started.push(go(one.key))
        continue
      }
      if (!isBlind && wouldWaitForItself(one)) { // a
        short.push([one, { status: "deadlocked", result: null }])
        continue
      }
      const same = joinable(one.lane, one)
      if (same !== undefined) { // b
        for (const [, , slot] of openSlots(one.key)) slot.child = same.key
        if (one.parent === undefined) {
          same.rooted = true
          answers.set(one.key, { follows: same.key })
        }
        continue
      }
      const old = pending(one.lane)
      const newcomer = store(one, "pending")
      if (old !== undefined) { // c; and 14.2, where the one that waits is newer
        const [superseded, by] = old.order > one.order ? [newcomer, old] : [old, newcomer]
        live.delete(superseded.key)
        superseded.status = "superseded"
        superseded.supersededBy = by.key
        by.rooted ||= superseded.rooted
        for (const [, , slot] of openSlots(superseded.key)) slot.child = by.key
      }
    }
    return [...read, ...settle(short), ...started]
  }

  const store = (one: Keyed, status: "pending" | "performing"): Action => {
    const action: Action = {
      ...one,
      status: "pending",
      phase: "step",
      rooted: one.parent === undefined,
      timeoutAt: Infinity,
      decided: undefined,
      result: null,
      supersededBy: null,
      good: 0,
      bad: 0,
      steps: []
    }
    actions.set(one.key, action)
    live.set(one.key, action)
    if (status === "performing") start(action)
    return action
  }

  /** 2.7 */
  const start = (action: Action) => {
    action.status = "performing"
    achievements.delete(action.checksumKey)
    if (action.plan.timeout !== null) action.timeoutAt = now + action.plan.timeout
    begin(action)
  }

  // ---- 3 steps ------------------------------------------------------------------------------------------------------

  /** A step's row is created when it starts. */
  const begin = (action: Action) => {
    const name = stepNames(action.plan.shape)[action.steps.length]!
    action.phase = "step"
    action.steps.push({ name, status: "performing", marked: false, value: undefined, slots: [] })
  }

  const runBody = (action: Action): void => {
    const index = action.steps.length - 1
    if (isSkipped(action.plan, index)) return // 9.5
    log.push(`step ${action.key} ${action.steps[index]!.name}${resultsBefore(action, index)}`)
    if (isTransactional(action.plan.shape, index)) return
    // 9.10: what runs once is done once
    for (let n = 0; n < onceIn(stepOf(action.plan, index)); n++) log.push(`once ${action.key} ${index}:${n}`)
  }

  const commitBody = (action: Action): ReadonlyArray<Work> => {
    const index = action.steps.length - 1
    const step = action.steps[index]!
    const { deeds, end, gives } = stepOf(action.plan, index)
    const inHand = !isTransactional(action.plan.shape, index)
    if (isSkipped(action.plan, index)) {
      step.status = "skipped"
      return goOn(action, step, inHand)
    }
    const isRefused = isTransactional(action.plan.shape, index) && onceIn(stepOf(action.plan, index)) > 0 // 9.10
    if (end !== "well" || isRefused) return failStep(action, step) // 3.2: nothing is enqueued, no arguments are kept
    const children: Array<Invocation> = []
    const starts: Array<() => void> = []
    for (const deed of deeds) {
      switch (deed._tag) {
        case "Start": {
          const place = startPlace(action.key, index, starts.length, deed)
          for (const actor of deed.on ?? [action.actor]) {
            if (actor < 0) continue
            const key = keyOf(place, actorNames[actor]!)
            starts.push(() => startTree(key, actor, deed.plan))
          }
          break
        }
        case "Child": {
          const place = childPlace(action.key, index, step.slots.length, deed)
          for (const actor of deed.on ?? [action.actor]) {
            if (actor < 0) continue
            const key = keyOf(place, actorNames[actor]!)
            step.slots.push({
              child: key,
              asked: deed.plan.shape,
              attempted: deed.attempted,
              due: Infinity,
              status: undefined,
              result: null
            })
            children.push({
              key,
              order: made++,
              actor,
              plan: deed.plan,
              parent: { key: action.key, step: index },
              elders: []
            })
          }
          break
        }
        case "Wait": // 3.3
          step.slots.push({
            child: undefined,
            asked: undefined,
            attempted: false,
            due: now + deed.seconds,
            status: undefined,
            result: null
          })
          break
        case "MarkFailed":
          step.marked = true
          break
        case "Replace": // 3.6
          action.plan = replaced(action.plan)
      }
    }
    enqueue(children)
    for (const start of starts) start() // 9.6: behind them
    step.value = gives === "child" && children.length > 0 ? "child" : action.plan.number
    if (step.slots.length > 0) {
      action.phase = "waiting"
      return []
    }
    return step.marked ? failStep(action, step, inHand) : succeedStep(action, step, inHand)
  }

  /** 3.4: every slot is settled. */
  const concludeStep = (action: Action): ReadonlyArray<Work> => {
    const step = action.steps.at(-1)!
    const well = !step.marked && step.slots.every((slot) => slot.attempted || isGood(slot)) // 9.9
    const last = action.steps.length === stepNames(action.plan.shape).length
    const fits = !last || action.plan.shape.outbound || action.plan.shape.success === "void" ||
      typeof valueOf(step) === "number"
    return well && fits ? succeedStep(action, step) : failStep(action, step)
  }

  /** A result is read with the schema of the definition that was asked for; void takes all. */
  const readable = (slot: Slot) => slot.asked === undefined || slot.asked.success === "void" || slot.result !== null

  const isGood = (slot: Slot) => slot.status === "succeeded" && readable(slot)

  const valueOf = (step: Step): number | string | undefined => {
    if (step.status === "failed") return undefined // 9.6
    if (step.value !== "child") return step.value
    const slot = step.slots.find(({ child }) => child !== undefined)!
    const result = slot.asked!.success === "void" ? undefined : slot.result!
    return slot.attempted ? attemptInWords(isGood(slot) ? { result } : undefined) : result // 9.9
  }

  /** What a body receives of the steps before it. */
  const resultsBefore = (action: Action, index: number): string =>
    action.plan.shape.steps === 0 || index === 0
      ? ""
      : ` after ${action.steps.slice(0, index).map((step) => valueOf(step) ?? "nothing").join(", ")}`

  const failStep = (action: Action, step: Step, inHand = true): ReadonlyArray<Work> => {
    step.status = "failed"
    return mayFail(action.plan.shape, action.steps.length - 1)
      ? goOn(action, step, inHand) // 9.6
      : end(action, { status: "failed", result: null }, inHand) // 3.5
  }

  const succeedStep = (action: Action, step: Step, inHand = true): ReadonlyArray<Work> => {
    step.status = "succeeded"
    return goOn(action, step, inHand)
  }

  const goOn = (action: Action, step: Step, inHand: boolean): ReadonlyArray<Work> => {
    const { shape } = action.plan
    if (action.steps.length < stepNames(shape).length) {
      begin(action)
      return [go(action.key)]
    }
    if (shape.outbound) {
      action.phase = "outside"
      return []
    }
    const result = shape.success === "void" ? null : valueOf(step) as number
    return end(action, { status: "succeeded", result }, inHand)
  }

  // ---- 4 completing -------------------------------------------------------------------------------------------------

  const callbacksFor = (action: Action, status: Status) =>
    [...callbacksOf(action.plan.shape).entries()].filter(([, statuses]) =>
      (statuses as ReadonlyArray<Status>).includes(status)
    )

  /** 4.4: the outcome is fixed, callbacks run, then it is written. */
  const end = (action: Action, decided: Decided, inHand: boolean): ReadonlyArray<Work> => {
    if (callbacksFor(action, decided.status).length === 0) return conclude([[action, decided]], inHand)
    action.phase = "callbacks"
    action.decided = decided
    return [go(action.key)]
  }

  const runCallbacks = (action: Action): ReadonlyArray<Work> => {
    const decided = action.decided!
    for (const [position] of callbacksFor(action, decided.status)) {
      log.push(`callback ${action.key} ${position} ${decided.status}`)
      const isGood = (action.plan.failing & (1 << position)) === 0
      if (isGood) action.good++
      else action.bad++
      const { afterwards } = action.plan
      // 10.6
      if (isGood && position === 0 && afterwards !== null) {
        startTree(afterwardsPlace(action.key), action.actor, afterwards)
      }
    }
    return conclude([[action, decided]], true)
  }

  /** Writes the ends of actions. What goes on because of them is taken in hand, or queued. */
  const conclude = (all: ReadonlyArray<readonly [Action, Decided]>, inHand: boolean): ReadonlyArray<Work> => {
    const freed: Array<string> = []
    const told = new Set<string>()
    for (const [action, decided] of all) {
      if (action.status === "performing") freed.push(action.lane)
      live.delete(action.key)
      action.status = decided.status
      action.result = decided.result
      abandon(action)
    }
    toContinue = toContinue.filter((key) => live.has(key))
    for (const [{ bad, checksum, checksumKey, key }, { result, status }] of all) {
      // 4.3
      if (checksum !== null && status === "succeeded" && bad === 0) {
        achievements.set(checksumKey, { checksum, result, key })
      }
    }
    // 4.5
    const promoted = freed.flatMap((lane) => pending(lane) ?? [])
    for (const action of promoted) start(action)
    for (const [{ bad, key }, { result, status }] of all) {
      for (const [action, , slot] of openSlots(key)) {
        slot.status = status === "succeeded" && bad > 0 ? "failed" : status
        slot.result = result
        told.add(action.key)
      }
    }
    return [...handOver(promoted.map(({ key }) => key), inHand), ...resume(told, inHand)]
  }

  /** Nobody waits for what an action has not waited for to the end (rule 4.6). */
  const abandon = (action: Action) => {
    for (const step of action.steps) {
      if (step.status === "performing") step.status = "cancelled"
      for (const slot of step.slots.filter(({ status }) => status === undefined)) {
        slot.status = "cancelled"
        if (slot.child !== undefined) over.add(action.key)
      }
    }
  }

  /** Parents of slots that were told go on if no other slot is open. */
  const resume = (told: ReadonlySet<string>, inHand: boolean): ReadonlyArray<Work> =>
    handOver(
      [...told].filter((key) => {
        const action = live.get(key)
        return action?.phase === "waiting" && action.steps.at(-1)!.slots.every(({ status }) => status !== undefined)
      }),
      inHand
    )

  const handOver = (keys: ReadonlyArray<string>, inHand: boolean): ReadonlyArray<Work> => {
    const inOrder = open(keys)
    if (inHand) return inOrder.map(go)
    toContinue.push(...inOrder)
    return []
  }

  /** 4.1, 5.1, 7.1: ends actions from outside, through their callbacks where they have some. */
  const endFromOutside = (all: ReadonlyArray<Action>, decided: Decided, inHand: boolean): ReadonlyArray<Work> => {
    const hooked = all.filter((action) => callbacksFor(action, decided.status).length > 0)
    for (const action of hooked) {
      toContinue = toContinue.filter((key) => key !== action.key)
      abandon(action)
      if (action.status === "pending") {
        // it is nobody's competitor any more: its lane is its own
        action.status = "performing"
        action.lane = `${action.lane} of ${action.key}`
      }
      action.phase = "callbacks"
      action.decided = decided
    }
    const works = conclude(
      all.filter((action) => !hooked.includes(action)).map((action) => [action, decided] as const),
      inHand
    )
    handOver(hooked.map(({ key }) => key), false)
    return works
  }

  /** 4.6: cancels what nothing else waits for: first what has callbacks, then, level by level, the rest. */
  const cancelAbandoned = (): ReadonlyArray<Work> => {
    const children = new Set(
      [...over].flatMap((key) => actions.get(key)!.steps.flatMap(({ slots }) => slots))
        .flatMap(({ child, status }) => status === "cancelled" && child !== undefined ? [child] : [])
    )
    const left = [...children].filter((child) => openSlots(child).next().done === true)
    for (const { key } of queued) if (left.includes(key)) mark(key)
    const doomed = left.flatMap((key) => live.get(key) ?? []).filter((action) =>
      action.decided === undefined && !action.rooted
    )
    const hooked = doomed.filter((action) => callbacksFor(action, "cancelled").length > 0)
    if (doomed.length === 0) over.clear()
    return endFromOutside(hooked.length > 0 ? hooked : doomed, { status: "cancelled", result: null }, true)
  }

  /** Stores what a body did, if its action is still where it was. */
  const commit = (key: string, step: number): ReadonlyArray<Work> => {
    const action = live.get(key)
    if (action?.phase !== "step" || action.steps.length - 1 !== step) return []
    return isLate(action) ? timeOut(action) : commitBody(action)
  }

  /** 7.1: whatever ends later than that has timed out. */
  const isLate = (action: Action) => action.timeoutAt <= now && action.decided === undefined
  const timeOut = (...late: ReadonlyArray<Action>) => endFromOutside(late, { status: "timed_out", result: null }, true)

  /** 4.1: what nobody has taken cannot start any more, and is ended by whoever takes it. */
  const mark = (key: string) => {
    marked.add(key)
    parked.delete(key)
  }

  /** They become actions: with callbacks for it as one that has nothing else to do, else that is over. */
  const endMarked = (all: ReadonlyArray<Invocation>): ReadonlyArray<Work> =>
    endFromOutside(
      // neither keys nor `before` run: what could not be computed when they were enqueued is the default
      all.map((one) => {
        onTheirWay.delete(one.key)
        return store({ ...keyed(one, one.plan), lane: `${one.key} alone` }, "pending")
      }),
      { status: "cancelled", result: null },
      true
    )

  // ---- 7 performing -------------------------------------------------------------------------------------------------

  const perform = (work: Work): ReadonlyArray<Work> => {
    if (work._tag === "Prepare") return prepare(work.invocation, work.hasRun)
    if (work._tag === "Read") {
      const { by, invocation, result } = work
      return result !== null
        ? settle([[invocation, { status: "succeeded", result }]])
        : inTurn(invocation, { ...invocation, passes: by })
    }
    if (work._tag === "Commit") return commit(work.key, work.step)
    const action = live.get(work.key)
    if (action?.phase !== work.phase) return []
    switch (action?.phase) {
      case "step":
        runBody(action)
        return commitBody(action)
      case "waiting":
        return concludeStep(action)
      case "callbacks":
        return runCallbacks(action)
      default:
        return []
    }
  }

  const performAll = (works: ReadonlyArray<Work>): boolean => {
    const stack = [...works]
    while (stack.length > 0) {
      const next = perform(stack.shift()!)
      stack.unshift(...next)
    }
    return works.length > 0
  }

  /** Timeouts, then waits, then what ended actions have left behind. */
  const tick = (): boolean => {
    const works: Array<Work> = []
    const late = [...live.values()].filter(isLate).sort((a, b) => a.timeoutAt - b.timeoutAt)
    works.push(...timeOut(...late))
    const told = new Set<string>()
    for (const [action, , slot] of openSlots()) {
      if (slot.due > now) continue
      slot.status = "succeeded"
      told.add(action.key)
    }
    works.push(...resume(told, true))
    let some = late.length + told.size > 0
    while (over.size > 0) {
      some = true
      works.push(...cancelAbandoned())
    }
    return performAll(works) || some
  }

  const pass = (): boolean => {
    const timers = tick()
    const continued = toContinue
    const unstarted = queued.filter(({ key }) => marked.has(key))
    const invoked = queued.filter(({ key }) => !marked.has(key) && !isParked(key))
    toContinue = []
    queued = queued.filter(({ key }) => !marked.has(key) && isParked(key))
    const ended = endMarked(unstarted)
    const callbacks = toContinue
    toContinue = []
    const prepared = invoked.filter((one) => !ready.has(one.key) && needsPreparing(one))
    const plain: Array<Keyed> = []
    const together = new Set(invoked.filter((one) => !prepared.includes(one)).map(({ key }) => key))
    const later: Array<() => void> = []
    for (const one of invoked.toSorted((a, b) => a.order - b.order)) {
      if (!together.has(one.key)) continue
      const mine = ready.get(one.key) ?? keyed(one, one.plan)
      const elders = eldersOf(one, mine.lane).filter(({ key }) => !together.has(key))
      if (elders.length > 0) later.push(() => park(one, elders))
      else plain.push(mine)
    }
    for (const put of later) put()
    const joined = join(plain)
    const isStarted = (work: Work) => work._tag === "Go" && plain.some(({ key }) => key === work.key)
    performAll([
      ...prepared.map((invocation): Work => ({ _tag: "Prepare", invocation })),
      ...joined.filter((work) => !isStarted(work)),
      ...callbacks.map(go),
      ...ended,
      ...continued.map(go),
      ...joined.filter(isStarted)
    ])
    return timers || continued.length + prepared.length + plain.length + unstarted.length > 0
  }

  // ---- in turns -----------------------------------------------------------------------------------------------------

  interface Possible extends Turn {
    readonly take: () => ReadonlyArray<Work>
  }

  /** What has been taken in hand and not been done. */
  let inHand: ReadonlyArray<Work> = []

  const placeOf = ({ key, phase, steps }: Action) => `${key} ${steps.length - 1} ${phase}`

  function* timerTurns(): Generator<Possible> {
    for (const action of live.values()) {
      if (isLate(action)) yield { kind: "timeout", whose: action.key, take: () => timeOut(action) }
    }
    for (const [action, step, slot] of openSlots()) {
      if (slot.due > now) continue
      yield {
        kind: "wait",
        whose: `${action.key} ${step.name}:${step.slots.indexOf(slot)}`,
        take: () => {
          slot.status = "succeeded"
          return resume(new Set([action.key]), true)
        }
      }
    }
  }

  /** 4.6, one child after another. */
  function* abandonedTurns(): Generator<Possible> {
    for (const dead of over) {
      let some = false
      for (const { child, status } of actions.get(dead)!.steps.flatMap(({ slots }) => slots)) {
        if (status !== "cancelled" || child === undefined || openSlots(child).next().done !== true) continue
        const action = live.get(child)
        const isDoomed = action === undefined
          ? onTheirWay.has(child) && !marked.has(child)
          : action.decided === undefined && !action.rooted
        if (!isDoomed) continue
        some = true
        yield { kind: "abandoned", whose: child, take: () => cancelOneAbandoned(child) }
      }
      if (!some) over.delete(dead)
    }
  }

  const cancelOneAbandoned = (child: string): ReadonlyArray<Work> => {
    const action = live.get(child)
    if (action !== undefined) return endFromOutside([action], { status: "cancelled", result: null }, true)
    const isHeld = (work: Work) => "invocation" in work && work.invocation.key === child
    for (const work of inHand.filter(isHeld)) if ("invocation" in work) queued.push(work.invocation)
    inHand = inHand.filter((work) => !isHeld(work))
    mark(child)
    return []
  }

  /** Its hook runs while a worker holds it: whatever ends it before it joins comes in between. */
  const begunToPrepare = (one: Invocation): ReadonlyArray<Work> => {
    if (runsBefore(one)) log.push(`before ${one.key}`)
    return [{ _tag: "Prepare", invocation: one, hasRun: true }]
  }

  const joinBesides = (one: Keyed): ReadonlyArray<Work> => {
    const others = queued.flatMap((other) =>
      ready.get(other.key) ?? (needsPreparing(other) ? [] : [keyed(other, other.plan)])
    )
      .filter((other) => !wouldWaitForItself(other))
    const works = join([one])
    unseen = new Set(others.map(({ key }) => key))
    return works
  }

  /** 2.5: circles that were closed at the same moment are found afterwards: one that waits in a circle is deadlocked. */
  function* circleTurns(): Generator<Possible> {
    for (const one of live.values()) {
      if (one.status !== "pending" || !waitersOf(one.key).has(current(one.lane)!.key)) continue
      yield {
        kind: "broken up",
        whose: one.key,
        take: () => {
          live.delete(one.key)
          actions.delete(one.key)
          return settle([[one, { status: "deadlocked", result: null }]])
        }
      }
    }
  }

  function* queueTurns(): Generator<Possible> {
    for (const one of queued) {
      const isMarked = marked.has(one.key)
      const prepared = ready.get(one.key) ?? (needsPreparing(one) ? undefined : keyed(one, one.plan))
      if (!isMarked && prepared !== undefined && waits(one, prepared.lane)) continue
      yield {
        kind: "invocation",
        whose: one.key,
        ...!isMarked && prepared === undefined && runsBefore(one) ? { runs: `before ${one.key}` } : {},
        take: () => {
          queued = queued.filter((other) => other !== one)
          return isMarked
            ? endMarked([one])
            : prepared === undefined
            ? begunToPrepare(one)
            : joinBesides(prepared)
        }
      }
      if (!isMarked && prepared !== undefined && unseen.has(one.key) && wouldWaitForItself(prepared)) {
        yield {
          kind: "at once",
          whose: one.key,
          take: () => {
            queued = queued.filter((other) => other !== one)
            return join([prepared], true)
          }
        }
      }
    }
    for (const key of toContinue) {
      yield {
        kind: "continuation",
        whose: placeOf(live.get(key)!),
        take: () => {
          toContinue = toContinue.filter((other) => other !== key)
          return [go(key)]
        }
      }
    }
  }

  function* handTurns(): Generator<Possible> {
    for (const work of inHand) {
      const take = (does: () => ReadonlyArray<Work>) => () => {
        inHand = inHand.filter((other) => other !== work)
        return does()
      }
      if (work._tag === "Commit") {
        yield { kind: "commit", whose: `${work.key} ${work.step}`, take: take(() => perform(work)) }
      } else if (work._tag !== "Go") {
        yield { kind: "join", whose: work.invocation.key, take: take(() => perform(work)) }
      } else {
        const { key, phase } = work
        const action = live.get(key)
        if (action === undefined || action.phase !== phase) continue
        const whose = placeOf(action)
        if (phase === "callbacks") {
          yield { kind: "callbacks", whose, runs: `callback ${key}`, take: take(() => perform(work)) }
        } else if (phase === "waiting") {
          yield { kind: "commit", whose, take: take(() => isLate(action) ? timeOut(action) : perform(work)) }
        } else if (phase === "step") {
          yield {
            kind: "body",
            whose,
            ...isSkipped(action.plan, action.steps.length - 1)
              ? {}
              : { runs: `step ${key} ${action.steps.at(-1)!.name}` },
            take: take(() => {
              runBody(action)
              return [{ _tag: "Commit", key, step: action.steps.length - 1 }]
            })
          }
        }
      }
    }
  }

  /** Until nothing can go on. */
  const toRest = (next: NextTurn): void => {
    while (true) {
      const turns = [
        ...clientTurns(),
        ...timerTurns(),
        ...abandonedTurns(),
        ...handTurns(),
        ...queueTurns(),
        ...circleTurns()
      ]
      if (turns.length === 0) break
      const turn = turns[next(turns)]!
      unseen = new Set()
      const works = turn.take()
      inHand = [...inHand, ...works]
    }
    inHand = []
  }

  const somePass = (): boolean => {
    if (nextTurn === undefined) return pass()
    toRest(nextTurn)
    return false
  }

  /** Whoever is outside completes in an order of their own. */
  function* outsideInTurn(ready: ReadonlyArray<Action>): Generator<Action> {
    const left = [...ready]
    while (left.length > 0) {
      const turn = nextTurn?.(left.map(({ key }): Turn => ({ kind: "outside", whose: key }))) ?? 0
      yield* left.splice(turn, 1)
    }
  }

  /** 7.4. Whether everything could be performed. */
  const drain = (everything: boolean): boolean => {
    while (true) {
      if (somePass()) continue
      const ready = [...live.values()].filter(({ plan, status }) => plan.shape.outbound && status === "performing")
        .filter(({ plan }) => everything || plan.outside !== "ignored")
        .sort((a, b) => b.order - a.order)
      for (const action of outsideInTurn(ready)) completeOutbound(action)
      if (ready.length > 0) continue
      const wait = Math.min(...[...openSlots()].map(([, , slot]) => slot.due), Infinity)
      if (wait === Infinity) return live.size + queued.length === 0
      now = Math.max(now, Math.min(wait, ...[...live.values()].map((action) => action.timeoutAt)))
    }
  }

  const completeOutbound = (action: Action) => {
    if (!live.has(action.key)) return
    const status = action.plan.outside === "ignored" ? "succeeded" : action.plan.outside
    const result = status === "succeeded" && action.plan.shape.success === "number" ? action.plan.number : null
    endFromOutside([action], { status, result }, false)
  }

  const cancel = (key: string): boolean => {
    const decided: Decided = { status: "cancelled", result: null }
    if (queued.some((invocation) => invocation.key === key)) {
      if (marked.has(key)) return false
      mark(key)
      return true
    }
    const action = live.get(key)
    if (action === undefined || action.decided !== undefined) return false
    endFromOutside([action], decided, false)
    return true
  }

  for (const op of scenario) {
    switch (op._tag) {
      case "Invoke": {
        const key = String(handles.length)
        handles.push(key)
        begun = [...begun, { key, actor: op.actor, plan: op.plan, parent: undefined, elders: [] }]
        if (nextTurn === undefined) enqueueNext()
        break
      }
      case "Perform":
        somePass()
        break
      case "Advance":
        while (begun.length > 0) enqueueNext()
        now += op.seconds
        break
      case "Cancel":
        while (begun.length > 0) enqueueNext()
        if (handles.length > 0) cancelled.push(cancel(handles[op.handle % handles.length]!))
    }
  }
  const drained = drain(false)
  now += hour
  drain(true)

  /** Follows superseding and joining to the end. */
  const finally_ = (key: string): Decided => {
    const answer = answers.get(key)
    if (answer !== undefined) return "follows" in answer ? finally_(answer.follows) : answer
    const { result, status, supersededBy } = actions.get(key)!
    return supersededBy === null ? { status: status as Decided["status"], result } : finally_(supersededBy)
  }
  const shapeOf = new Map(
    scenario.flatMap((op) => op._tag === "Invoke" ? [op.plan.shape] : []).map((shape, i) => [String(i), shape] as const)
  )
  return {
    drained,
    cancelled,
    handles: handles.map((key) => {
      const { result, status } = finally_(key)
      if (status !== "succeeded") return status
      return shapeOf.get(key)!.success === "void" ? "nothing" : result === null ? "incompatible" : String(result)
    }),
    actions: [...actions.values()].map((action) => ({
      key: action.key,
      definition: `${actorNames[action.actor]} ${nameOf(action.plan.shape)}`,
      status: action.status,
      supersededBy: action.supersededBy,
      callbacks: [action.good, action.bad] as const,
      result: action.result,
      steps: action.steps.map(({ name, slots, status }) => ({
        name,
        status,
        slots: slots.map(({ child, status }) =>
          `${child === undefined ? "wait" : actions.has(child) ? child : "unstored"} ${status ?? "open"}`
        )
      }))
    })).sort((a, b) => a.key < b.key ? -1 : 1),
    achievements: [...achievements].map(([key, { key: by }]) => `${key} by ${by}`).sort(),
    log
  }
}
