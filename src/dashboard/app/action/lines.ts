/** A tree as lines, from the top to the bottom: what the outline and the waterfall are made of. */
import type { Action, Execution, Slot, Tree, TreeStep } from "../api.ts"

/** Something that an execution of a workflow has done, or waits for. */
export interface Part {
  readonly kind: "activity" | "deferred" | "race" | "queue" | "clock" | "execution"
  readonly name: string
  readonly status: string
  readonly message: string | undefined
  readonly attempt: number
  /** When it has ended, since when it is awaited, or when it rings. */
  readonly at: string | undefined
  /** It is another execution, which is not in the tree. */
  readonly child: string | undefined
}

/** What was done in its order, and then what is waited for; executions that are in the tree stand there. */
export const partsOf = ({ activities, children, clocks, deferreds }: Execution): ReadonlyArray<Part> => [
  ...activities.map(({ attemptNumber, endedAt, message, name, status }): Part => ({
    kind: "activity",
    name,
    status,
    message,
    attempt: attemptNumber,
    at: endedAt,
    child: undefined
  })),
  ...deferreds.map(({ awaitedSince, doneAt, kind, message, name, status }): Part => ({
    kind,
    name,
    status: status === "awaited" ? "waits" : status,
    message,
    attempt: 1,
    at: doneAt ?? awaitedSince,
    child: undefined
  })),
  ...clocks.map(({ awaitedSince, name, ringsAt }): Part => ({
    kind: "clock",
    name,
    status: awaitedSince === undefined ? "set" : "waits",
    message: undefined,
    attempt: 1,
    at: ringsAt,
    child: undefined
  })),
  ...children.flatMap(({ actorId, actorType, id, name, status, tree }): ReadonlyArray<Part> =>
    tree === undefined || tree === null
      ? [{
        kind: "execution",
        name: `${name} ${actorType}/${actorId}`,
        status: status ?? "waits",
        message: undefined,
        attempt: 1,
        at: undefined,
        child: id
      }]
      : []
  )
]

export interface Line {
  /** The same for the same thing, however often the tree is read. */
  readonly key: string
  readonly level: number
  readonly parent: string | undefined
  readonly hasBelow: boolean
  readonly place: number
  readonly of: number
  readonly what:
    | { readonly _tag: "Action"; readonly action: Action; readonly isAbove: boolean }
    | { readonly _tag: "Step"; readonly step: TreeStep; readonly action: Action }
    | { readonly _tag: "Slot"; readonly slot: Slot; readonly step: TreeStep }
    | { readonly _tag: "Part"; readonly part: Part }
}

/** The step that performs an action without steps is not shown: the action says it. */
const isOwn = ({ kind }: TreeStep): boolean => kind === "method" || kind === "job" || kind === "replayed"

interface Node {
  readonly key: string
  readonly what: Line["what"]
  readonly below: ReadonlyArray<Node>
}

const actionNode = (tree: Tree, path: string, above: Set<string>): Node => {
  const isAbove = above.has(tree.action.id)
  above.add(tree.action.id)
  const key = `${path}/${tree.action.id}`
  return {
    key,
    what: { _tag: "Action", action: tree.action, isAbove },
    below: isAbove ? [] : [...stepNodes(tree, key, above), ...executionNodes(tree.execution, key, above)]
  }
}

const stepNodes = (tree: Tree, key: string, above: Set<string>): ReadonlyArray<Node> =>
  tree.steps.flatMap((step) => {
    const at = `${key}:${step.index}${step.undoes === undefined ? "" : `u${step.undoes}`}`
    const slots = step.slots.map((slot, i) => slotNode(slot, step, `${at}.${i}`, above))
    return isOwn(step)
      ? slots
      : [{ key: at, what: { _tag: "Step", step, action: tree.action }, below: slots } as const]
  })

const executionNodes = (execution: Tree["execution"], key: string, above: Set<string>): ReadonlyArray<Node> =>
  execution === undefined || execution === null ? [] : [
    ...partsOf(execution).map((part): Node => ({
      key: `${key}:${part.kind} ${part.attempt} ${part.name}`,
      what: { _tag: "Part", part },
      below: []
    })),
    ...execution.children.flatMap(({ tree }) =>
      tree === undefined || tree === null ? [] : [actionNode(tree, key, above)]
    )
  ]

const slotNode = (slot: Slot, step: TreeStep, key: string, above: Set<string>): Node =>
  slot.tree === undefined || slot.tree === null
    ? { key, what: { _tag: "Slot", slot, step }, below: [] }
    : actionNode(slot.tree, key, above)

/** Only what is open is written, with what is below it. */
export const linesOf = (tree: Tree, isOpen: (key: string) => boolean): ReadonlyArray<Line> => {
  const lines: Array<Line> = []
  const write = (node: Node, level: number, parent: string | undefined, place: number, of: number): void => {
    lines.push({ key: node.key, level, parent, hasBelow: node.below.length > 0, place, of, what: node.what })
    if (isOpen(node.key)) node.below.forEach((below, i) => write(below, level + 1, node.key, i + 1, node.below.length))
  }
  write(actionNode(tree, "", new Set()), 1, undefined, 1, 1)
  return lines
}

/** Every action of a tree, once. */
export const actionsOf = (tree: Tree): ReadonlyArray<Action> => {
  const found = new Map<string, Action>()
  const visit = ({ action, execution, steps }: Tree): void => {
    if (found.has(action.id)) return
    found.set(action.id, action)
    for (const { slots } of steps) {
      for (const { tree: below } of slots) if (below !== undefined && below !== null) visit(below)
    }
    for (const { tree: below } of execution?.children ?? []) if (below !== undefined && below !== null) visit(below)
  }
  visit(tree)
  return [...found.values()]
}
