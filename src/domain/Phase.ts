/**
 * The states of an action, with the codes that its rows have: the one table that TypeScript and SQL share.
 *
 * An action is live from the moment that it takes its lane, or waits for it, until it ends; then it is a row of the history.
 *
 * ```text
 *  queued ──▶ pending ──▶ performing ───────────────────────────────────────────────▶ ended: succeeded, failed, cancelled, timed_out
 *                │            │                                                          ▲
 *                ▼            │   ┌──────────── the next step ◀───────────┐              │
 *            superseded       └─▶ step ──▶ waiting (children, time) ──────┤              │
 *                                  │          │                           │              │
 *                                  ├──────────┴─▶ job ──▶ outbound ───────┤              │
 *                                  │                        ▲             │              │
 *                                  └────────────────────────┘             ▼              │
 *                                  every end that has callbacks ──▶ callbacks ───────────┘
 *
 *  an execution of a workflow:  step ──▶ suspended ──▶ step (from its beginning) ──▶ … ──▶ ended
 * ```
 *
 * An end that is no success comes by way of `unwinding` where something is to be undone: the outcome is fixed, and compensations run one after
 * another, each of which may wait as steps do. Before that comes `closing` where a body runs that is not to run beside those: it ends first.
 *
 * What is tried again stays where it is, and a step that is held is where its next attempt would begin; an action whose job a deploy has taken
 * away goes back to its steps.
 *
 * An invocation that would wait for an action that waits for it is never live: it is deadlocked.
 */
/** What an action is, in the order of the codes. */
export const statuses = [
  "pending",
  "performing",
  "succeeded",
  "superseded",
  "cancelled",
  "failed",
  "timed_out",
  "deadlocked"
] as const

/**
 * Where an action is in its life; all but the first two are final.
 *
 * @category models
 * @since 0.1.0
 */
export type ActionStatus = typeof statuses[number]

const codes = <Name extends string>(names: ReadonlyArray<Name>): { readonly [N in Name]: number } =>
  Object.fromEntries(names.map((name, code) => [name, code])) as { readonly [N in Name]: number }

/** The codes of the statuses. */
export const statusCodes = codes(statuses)

/**
 * What a step is. Those that actions can be, too, have the codes of these; the others come after them.
 */
export const stepStatuses = [...statuses, "skipped"] as const

export type StepStatus = typeof stepStatuses[number]

/** The codes of a step's statuses. */
export const stepStatusCodes = codes(stepStatuses)

/**
 * What a live action does next: its step, nothing until what its step waits for is there, nothing until somebody outside completes it,
 * its callbacks, its job, what undoes its steps, nothing until somebody decides of a step that has failed, or, its end being decided, nothing
 * until the body that runs has ended, or nothing until something wakes it, and then its step from the beginning.
 */
export const phases = [
  "step",
  "waiting",
  "outbound",
  "callbacks",
  "job",
  "unwinding",
  "held",
  "closing",
  "suspended"
] as const

export type Phase = typeof phases[number]

/** The codes of the phases. */
export const phaseCodes = codes(phases)

/** What a step is, in the order of the codes; `StepKind` says what each of them means. */
export const stepKinds = ["own", "unnamed", "prepended", "method", "job", "compensation", "replayed"] as const

/**
 * What a step is.
 *
 * **Details**
 *
 * `own`: one of the definition's, known by its name. `unnamed`: one of the definition's, known by its position among them: "1", "2", …
 * `prepended`: one from another module. `method` and `job`: the one that performs an action without steps, known by the action's name.
 * `compensation`: what undoes another one, whose name it has. `replayed`: the body of a workflow's execution, which is suspended and runs again
 * from its beginning.
 * Steps of different kinds have nothing to do with each other, whatever they are called.
 *
 * @category definitions
 * @since 0.1.0
 */
export type StepKind = typeof stepKinds[number]

/** The codes of the kinds of step. */
export const stepKindCodes = codes(stepKinds)

/**
 * Bits of a live action's flags: which statuses have callbacks, whether somebody outside completes the action, whether what it has achieved
 * counts without a worker's having looked at it, whether a step of it has a compensation, whether it is undone as a whole, once it has
 * ended well, whether a step of it is shielded, and whether it lists signals. The last two are of an execution whose body runs, and of no
 * definition: something has woken it meanwhile, or somebody has asked to resume it; whoever takes it next forgets them.
 */
export const Flag = {
  succeeded: 1,
  failed: 2,
  cancelled: 4,
  timed_out: 8,
  outbound: 16,
  takenAsIs: 32,
  compensates: 64,
  undone: 128,
  shields: 256,
  signals: 512,
  woken: 1024,
  resumed: 2048
} as const

/**
 * Bits of what a step's row says about undoing it, as the version had it that ran it: what it has, whether nothing before it is undone, and whether
 * its children are unwound. A compensation's row has the last one where it is the children that it undoes.
 */
export const Undo = { compensate: 1, compensateFailed: 2, pointOfNoReturn: 4, unwind: 8 } as const

/** Bits of what the history says of an action that has ended well: it may have something to undo; others than its parent count on it, too, as on each root; it is undone as a whole. */
export const Undoable = { undoable: 1, shared: 2, whole: 4 } as const

/** What a slot says about undoing: it waits until its child is unwound; or its child is left as it is. `reused`: of a step, what it found was achieved. */
export const UndoSlot = { waits: 1, reused: 2, kept: 3 } as const

/** Bits of what the history says is forgotten of an action: all of it, its result, what it has had of actions of another actor. */
export const Forgotten = { whole: 1, result: 2, part: 4 } as const

/** Where an action is in its lane: who performs in it, or is the first in a paused one, and who is next. One that is decided without having performed has no seat. */
export const Seat = { performing: 0, pending: -1 } as const

/**
 * Where a job stands in its queue. Before the others what goes on, is cancelled or has come back; then invocations by the priority that
 * they were enqueued with, and in the order in which they were enqueued; beside those, in an order of their own, what tenants take turns
 * with; and out of this order what is tried again at its time, what a worker prepares, what waits for an elder sibling, what is not to
 * start before its time, what a claim has met and left since it is paused, and what is to be performed with nothing beside it.
 */
export const Priority = {
  first: -1000,
  inOrder: 0,
  turns: 999,
  later: 1000,
  held: 1001,
  waiting: 1002,
  delayed: 1003,
  paused: 1004,
  alone: 1005
} as const

/** What programs may give: the lower, the sooner. */
export const priorityLimits = { least: -100, most: 100 } as const

/** What a job is: an invocation, the continuation of a live action, or a signal that somebody is to look at. */
export const JobKind = { invocation: 0, continuation: 1, signal: 2 } as const

/**
 * What names an action beside its own id: the id that a caller has chosen, a key under which it is enqueued once, one under which it was
 * completed, a slot of a schedule, a signal that counts once for an actor, or the id of a workflow's execution.
 */
export const KeyKind = { id: 0, idempotency: 1, completion: 2, schedule: 3, signal: 4, execution: 5 } as const

/** What is sent to an execution under a name of the engine's own, which no deferred has: those begin with another character, or two of these. */
export const ExecutionName = { interrupt: "~interrupt" } as const

/** Where a schedule comes from: declared by a program's code, or a row that it has put. */
export const ScheduleSource = { code: 0, row: 1 } as const

/** What a row of `rate_limits` counts. */
export const RateKind = { window: 0, bucket: 1, adaptive: 2 } as const

/** What has become of an element of a queue. */
export const ElementState = { waiting: 0, taken: 1, completed: 2, failed: 3 } as const

/** Whether a text can be an action's id; one that cannot would fail a statement for all the others in it. */
export const isActionId = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)

/** The id as the database has it, which takes it in capitals, too; what is none, as it is. */
export const asStored = (id: string): string => isActionId(id) ? id.toLowerCase() : id

/** What a step of an action is known by, in every process and version. */
export interface StepIdentity {
  readonly kind: StepKind
  readonly name: string
}

/** Whether two identities are those of the same step. */
export const isSameStep = (a: StepIdentity, b: StepIdentity): boolean => a.name === b.name && a.kind === b.kind
