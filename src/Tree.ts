/**
 * One action with all that is below it: read as a value, and written as text.
 *
 * @since 0.1.0
 */
import { Effect, Option } from "effect"
import type { AnyAction } from "./Action.ts"
import type {
  ActionRecord,
  ActionTree,
  AttemptRecord,
  FailureCause,
  Heartbeat,
  SlotRecord,
  TreeOptions
} from "./ActionRecord.ts"
import { ActionRepo } from "./ActionRepo.ts"
import { counted, drawn, joined, leaf, type Node, took } from "./domain/drawing.ts"
import { shown } from "./domain/shown.ts"
import { typed, type TypedRecord } from "./Listing.ts"
import type { InvalidQuery, StorageError } from "./SteppedError.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * A tree whose root is an action of a known definition.
 *
 * @category models
 * @since 0.1.0
 */
export interface TypedTree<A extends AnyAction> extends Omit<ActionTree, "action"> {
  readonly action: TypedRecord<A>
}

/**
 * What of a tree is written.
 *
 * @category models
 * @since 0.1.0
 */
export interface RenderTreeOptions {
  /** Whether what was said with heartbeats is written, which may be secret: it is, if not given. */
  readonly details?: boolean | undefined
}

type Steps = ActionTree["steps"][number]
type Slot = Steps["slots"][number]

// -------------------------------------------------------------------------------------------------------------------
// reading
// -------------------------------------------------------------------------------------------------------------------

/**
 * Reads an action, its steps, and the actions below it.
 *
 * **Details**
 *
 * With an action it reads trees of that one alone, and the root is typed: nothing, if the id is that of another action. Beyond the limit
 * slots have no tree, as those whose action was achieved, or is deleted.
 *
 * @category reading
 * @since 0.1.0
 */
export const tree: {
  (
    id: string,
    options?: TreeOptions
  ): Effect.Effect<Option.Option<ActionTree>, StorageError | InvalidQuery, ActionRepo>
  <A extends AnyAction>(
    action: A,
    id: string,
    options?: TreeOptions
  ): Effect.Effect<Option.Option<TypedTree<A>>, StorageError | InvalidQuery, ActionRepo>
} = (
  ...args:
    | readonly [id: string, options?: TreeOptions | undefined]
    | readonly [action: AnyAction, id: string, options?: TreeOptions | undefined]
): Effect.Effect<Option.Option<any>, StorageError | InvalidQuery, ActionRepo> => {
  const [action, id, options] = isById(args) ? [undefined, ...args] as const : args
  return Effect.flatMap(
    Effect.flatMap(ActionRepo, (repo) => repo.tree(id, options)),
    (found): Effect.Effect<Option.Option<ActionTree>> =>
      action === undefined || Option.isNone(found)
        ? Effect.succeed(found)
        : found.value.action.name === action.name
        ? Effect.map(typed(action, found.value.action), (root) => Option.some({ ...found.value, action: root }))
        : Effect.succeedNone
  )
}

const isById = (args: readonly [string | AnyAction, ...ReadonlyArray<unknown>]): args is readonly [
  id: string,
  options?: TreeOptions | undefined
] => typeof args[0] === "string"

// -------------------------------------------------------------------------------------------------------------------
// writing
// -------------------------------------------------------------------------------------------------------------------

/**
 * Writes a tree as text for a terminal: a line for each action, step, attempt that has failed, wait and signal, and of executions of workflows for each
 * activity, deferred and clock.
 *
 * **Details**
 *
 * Each says how far it is, how long it took or since when it is under way, and why it failed or does not go on; of what is undone also what
 * could not be, is uncertain, or was kept. What several steps wait for is written with all that is below it once. The same tree is the same
 * text: times are in UTC, and nothing is counted from now. Arguments and results are not shown, and no character that a terminal would
 * obey: what a program or a failure has put into texts is written as its code.
 *
 * **Example** (Showing what has become of a tree)
 *
 * ```ts
 * import { Console, Effect, Option } from "effect"
 * import { Stepped } from "stepped"
 *
 * const show = Effect.fn(function*(id: string) {
 *   const tree = yield* Stepped.tree(id)
 *   yield* Console.log(Option.match(tree, { onNone: () => "no such action", onSome: Stepped.renderTree }))
 * })
 * ```
 *
 * @category writing
 * @since 0.1.0
 */
export const renderTree = (tree: ActionTree, { details = true }: RenderTreeOptions = {}): string =>
  drawn(actionNode(tree, true, { written: new Set(), details }))

const nameOf = ({ actorId, actorType, name }: Pick<ActionRecord, "actorId" | "actorType" | "name">): string =>
  `${name} ${actorType}/${shown(actorId)}`

interface Writing {
  /** The actions that are in the text already. */
  readonly written: Set<string>
  readonly details: boolean
}

const actionNode = ({ action, execution, steps }: ActionTree, isRoot: boolean, writing: Writing): Node => {
  const isAbove = writing.written.has(action.id)
  writing.written.add(action.id)
  const { cause, endedAt, startedAt } = action
  // of a step that is held the same is said there
  const again = steps.some(({ status }) => status === "held") ? undefined : action.lastFailure
  const since = startedAt === undefined ? `enqueued ${action.enqueuedAt.toISOString()}` : startedAt.toISOString()
  const line = joined(
    nameOf(action),
    action.unwinding ? `${action.status}, unwinding` : action.status,
    isRoot || endedAt === undefined ? since : undefined,
    took(startedAt, endedAt),
    // its last step, its job or its callbacks: by whom that was begun before has died, or it was tried again
    action.attempts > 1 ? `begun ${action.attempts} times` : undefined,
    action.dueAt === undefined ? undefined : `goes on ${action.dueAt.toISOString()}`,
    execution?.suspendedAt === undefined ? undefined : `suspended ${execution.suspendedAt.toISOString()}`,
    execution?.interruptedAt === undefined ? undefined : `interrupted ${execution.interruptedAt.toISOString()}`,
    action.timeoutAt === undefined ? undefined : `times out ${action.timeoutAt.toISOString()}`,
    heardOf(outsideOf(action, steps), writing),
    action.unwound === undefined ? undefined : "undone",
    action.forgotten === "whole" ? "forgotten" : action.forgotten === undefined ? undefined : "forgotten in part",
    action.callbacksFailed === 0 ? undefined : `${counted(action.callbacksFailed, "callback")} failed`,
    isAbove ? "see above" : undefined
  )
  return {
    line,
    below: isAbove ? [] : [
      ...[
        ...notesOf(action, isRoot),
        ...again === undefined
          ? []
          : [
            `${execution?.suspendedAt === undefined ? "is tried again" : "waits to be resumed"}: ${
              shown(again.message)
            }`
          ],
        ...leftOf(action.unwound ?? cause ?? {})
      ].map(leaf),
      ...steps.flatMap((step) => stepNodes(step, writing)),
      ...execution === undefined ? [] : executionNodes(execution, writing)
    ]
  }
}

/** Of an action that waits outside; a wait of a step says it in its own line. */
const outsideOf = ({ heartbeat }: ActionRecord, steps: ReadonlyArray<Steps>): Heartbeat | undefined =>
  steps.every(({ endedAt }) => endedAt !== undefined) ? heartbeat : undefined

/** Why an action has failed, or does not go on. A failure that it has from a child is told there, and with the whole of its path at the root. */
const notesOf = (action: ActionRecord, isRoot: boolean): ReadonlyArray<string> => {
  const { cause, pause, retryOf, supersededBy } = action
  return [
    ...retryOf === undefined ? [] : [`goes on for ${retryOf}`],
    ...supersededBy === undefined ? [] : [`superseded by ${supersededBy}`],
    ...pause === undefined
      ? []
      : [`paused (${shown(`${pause.kind} ${pause.subject}`)}) by ${shown(pause.by)}: ${shown(pause.reason)}`],
    ...cause === undefined || (!isRoot && cause.kind === "child")
      ? []
      : [shown(isRoot ? `${cause.path}: ${cause.message}` : cause.message)]
  ]
}

const leftOf = (
  { kept = [], notUndone = [], uncertain = [] }: Pick<FailureCause, "kept" | "notUndone" | "uncertain">
): ReadonlyArray<string> => [
  ...notUndone.map(({ child, message, step }) =>
    `not undone: ${shown(step)}${child === undefined ? "" : ` (${child})`}: ${shown(message)}`
  ),
  ...uncertain.map((step) => `uncertain: ${shown(step)}`),
  ...kept.map(({ action, step }) => `kept: ${shown(action)}, of ${shown(step)}`)
]

/** The step that performs an action without steps is not shown, but what it has come to is. */
const stepNodes = (step: Steps, writing: Writing): ReadonlyArray<Node> => {
  const { attempts, failure } = step
  const below = [
    ...attempts.flatMap(attemptLine).map(leaf),
    ...failure === undefined ? [] : [leaf(`${becauseOf(step)}${shown(failure.message)}`)],
    ...slotNodes(step.slots, writing)
  ]
  if (step.kind === "method" || step.kind === "job" || step.kind === "replayed") return below
  const line = joined(
    step.undoes === undefined ? shown(step.name) : `undo ${shown(step.name)}`,
    step.status,
    took(step.startedAt, step.endedAt) ?? `since ${step.startedAt.toISOString()}`,
    step.attemptNumber > 1 ? `attempt ${step.attemptNumber}` : undefined,
    step.unchecked ? "its result was given" : undefined
  )
  return [{ line, below }]
}

/** What an execution of a workflow has done, and waits for. */
const executionNodes = (
  { activities, children, clocks, deferreds, hasMore }: NonNullable<ActionTree["execution"]>,
  writing: Writing
): ReadonlyArray<Node> => [
  ...hasMore ? [leaf("earlier ones are left out")] : [],
  ...activities.map(({ attemptNumber, endedAt, message, name, status }) =>
    leaf(
      joined(
        `activity ${shown(name)}`,
        message === undefined ? status : `${status}: ${shown(message)}`,
        attemptNumber > 1 ? `attempt ${attemptNumber}` : undefined,
        endedAt.toISOString()
      )
    )
  ),
  ...deferreds.map(({ awaitedSince, doneAt, kind, message, name, status }) =>
    leaf(
      joined(
        `${kind} ${shown(name)}`,
        message === undefined ? status : `${status}: ${shown(message)}`,
        doneAt === undefined ? awaitedSince && `since ${awaitedSince.toISOString()}` : doneAt.toISOString()
      )
    )
  ),
  ...clocks.map(({ awaitedSince, name, ringsAt }) =>
    leaf(
      joined(
        `clock ${shown(name)}`,
        awaitedSince === undefined ? undefined : `awaited since ${awaitedSince.toISOString()}`,
        `rings ${ringsAt.toISOString()}`
      )
    )
  ),
  ...children.map(({ status, tree, ...child }) =>
    tree === undefined
      ? leaf(joined(nameOf(child), status ?? "not ended", writing.written.has(child.id) ? "see above" : "not read"))
      : actionNode(tree, false, writing)
  )
]

/** What has become of a step that has a failure of its own: it waits for a decision, or the action went on without it. */
const becauseOf = ({ status, undoes }: Steps): string =>
  status === "held" ? "held: " : undoes === undefined ? "passed: " : ""

const attemptLine = ({ endedAt, failure, nextAt, number, startedAt }: AttemptRecord): ReadonlyArray<string> =>
  failure === undefined
    ? []
    : [joined(`attempt ${number} failed: ${shown(failure.message)}`, took(startedAt, endedAt), nextOf(nextAt))]

const nextOf = (at: Date | undefined) => at === undefined ? undefined : `next at ${at.toISOString()}`

const slotNodes = (slots: ReadonlyArray<Slot>, writing: Writing): ReadonlyArray<Node> => {
  const missing = slots.filter((slot) => slot.child !== undefined && slot.tree === undefined)
  return [
    ...slots.flatMap((slot) =>
      slot.tree === undefined ? waitLine(slot, writing).map(leaf) : [actionNode(slot.tree, false, writing)]
    ),
    ...missingLines(missing).map(leaf)
  ]
}

const waitLine = ({ child, dueAt, heartbeat, signal, status }: SlotRecord, writing: Writing): ReadonlyArray<string> => {
  if (child !== undefined) return []
  // what has come in time did not wait until then
  const isRead = signal !== undefined && status === "succeeded"
  const until = dueAt === undefined || isRead ? undefined : `until ${dueAt.toISOString()}`
  return [
    joined(
      signal === undefined ? "wait" : `signal ${shown(signal)}`,
      status ?? "open",
      until,
      heardOf(heartbeat, writing)
    )
  ]
}

/** What was said may be anything: it is JSON in one line. */
const heardOf = (heartbeat: Heartbeat | undefined, writing: Writing): string | undefined => {
  if (heartbeat === undefined) return undefined
  const { details, heardAt, silentAt } = heartbeat
  const said = details === undefined || !writing.details ? "" : `: ${shown(JSON.stringify(details))}`
  return joined(
    heardAt === undefined ? undefined : `heard ${heardAt.toISOString()}${said}`,
    silentAt === undefined ? undefined : `gives up ${silentAt.toISOString()}`
  )
}

/** What is not in the tree, a line for all actions of a definition: of a large fan-out that is most of it. */
const missingLines = (slots: ReadonlyArray<SlotRecord>): ReadonlyArray<string> =>
  [...Map.groupBy(slots, ({ actorType, name }) => `${name} ${actorType}`).values()].map((of) => {
    const [{ actorId = "", actorType = "", name = "", status }] = of as [SlotRecord]
    if (of.length === 1) return joined(nameOf({ name, actorType, actorId }), status ?? "open", "not read")
    const statuses = Map.groupBy(of, (slot) => slot.status ?? "open")
    const counts = [...statuses].map(([status, { length }]) => `${length} ${status}`).sort()
    return joined(`${of.length} × ${name} ${actorType}`, counts.join(", "), "not read")
  })
