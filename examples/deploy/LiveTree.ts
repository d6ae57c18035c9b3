/**
 * The tree of actions while it performs, read from `ActionRepo` several times a second: redrawn in place in a terminal,
 * a line for each change elsewhere.
 */
import { Clock, Console, Effect, Option } from "effect"
import { type ActionRecord, ActionRepo, type ActionTree } from "stepped"

// -------------------------------------------------------------------------------------------------------------------
// the tree as it is shown
// -------------------------------------------------------------------------------------------------------------------

/** An action, or a wait between two steps. */
export interface Node {
  readonly key: string
  readonly label: string
  readonly isWait: boolean
  /** `reused` is an action that was not performed, because its checksum had been achieved before. */
  readonly status: ActionRecord["status"] | "reused"
  readonly note: string
  readonly startedAt: number | undefined
  readonly endedAt: number | undefined
  readonly children: ReadonlyArray<Node>
}

const isFailure = (status: Node["status"]) => status === "failed" || status === "timed_out" || status === "deadlocked"

export const toNode = ({ action, steps }: ActionTree): Node => {
  const children = steps.flatMap((step) =>
    step.slots.map(({ actorId, actorType, child, dueAt, name, slot, status, tree }): Node => {
      if (tree !== undefined) return toNode(tree)
      const key = child ?? `${action.id}/${step.index}/${slot}`
      const label = child === undefined ? `wait (${step.name})` : `${name} ${actorType}/${actorId}`
      const base = { key, label, isWait: child === undefined, note: "", children: [] }
      // stored nowhere, and yet it succeeded: there was nothing to do
      if (child !== undefined) {
        return {
          ...base,
          status: status === "succeeded" ? "reused" : status ?? "pending",
          startedAt: undefined,
          endedAt: step.endedAt?.getTime()
        }
      }
      return {
        ...base,
        status: status ?? "performing",
        startedAt: step.startedAt.getTime(),
        endedAt: status === undefined ? undefined : dueAt?.getTime()
      }
    })
  )
  return {
    key: action.id,
    label: `${action.name} ${action.actorType}/${action.actorId}`,
    isWait: false,
    status: action.status,
    note: noteOf(action, steps.at(-1)?.name),
    startedAt: action.startedAt?.getTime(),
    endedAt: action.endedAt?.getTime(),
    children
  }
}

const noteOf = (action: ActionRecord, step: string | undefined): string => {
  if (action.status === "performing") return step === undefined || step === action.name ? "" : `› ${step}`
  const { cause } = action
  if (!isFailure(action.status) || cause === undefined) return ""
  // told once, where it happened; above that the path says where to look
  return cause.kind === "child" ? `› ${cause.path.split(" › ").slice(1).join(" › ")}` : cause.message
}

// -------------------------------------------------------------------------------------------------------------------
// lines
// -------------------------------------------------------------------------------------------------------------------

const marks: Readonly<Record<Node["status"], readonly [mark: string, colour: number, word: string]>> = {
  queued: ["○", 90, "waits for a worker"],
  pending: ["○", 90, "waits for its turn"],
  performing: ["●", 36, "started"],
  succeeded: ["✔", 32, "succeeded"],
  reused: ["✔", 32, "nothing to do"],
  superseded: ["⊘", 33, "superseded"],
  cancelled: ["⊘", 33, "cancelled"],
  failed: ["✖", 31, "failed"],
  timed_out: ["✖", 31, "timed out"],
  deadlocked: ["✖", 31, "deadlocked"]
}

const paint = (colour: number, text: string): string =>
  process.stdout.isTTY && process.env.NO_COLOR === undefined ? `\u001b[${colour}m${text}\u001b[0m` : text

const seconds = (from: number, to: number): string => `${(Math.max(0, to - from) / 1000).toFixed(1)} s`

/** Which children are worth a line where there is little room. */
type Shown = (node: Node, parent: Node) => boolean

const isDone = (node: Node) => node.status === "succeeded" || node.status === "reused"

const levels: ReadonlyArray<Shown> = [
  (node) => !(node.isWait && isDone(node)),
  (node, parent) => !isDone(parent) && !(node.isWait && isDone(node)),
  (node, parent) => !isDone(parent) && !(node.children.length === 0 && isDone(node)),
  (node, parent) => !isDone(parent) && !isDone(node)
]

const noteAtEnd = (word: string, note: string): string =>
  word === "succeeded" ? note : `${word}${note === "" || note.startsWith("›") ? " " : ": "}${note}`.trimEnd()

const linesOf = (root: Node, now: number, columns: number, shown: Shown): ReadonlyArray<string> => {
  const lines: Array<string> = []
  const add = (node: Node, first: string, rest: string) => {
    const [mark, colour, word] = marks[node.status]
    const time = node.startedAt === undefined ? "" : seconds(node.startedAt, node.endedAt ?? now)
    const note = node.status === "performing"
      ? node.note
      : noteAtEnd(word, node.note)
    const left = `${node.label} `.padEnd(Math.max(0, 34 - first.length))
    const room = Math.max(0, columns - first.length - left.length - 12)
    const fitting = note.length > room ? `${note.slice(0, Math.max(0, room - 1))}…` : note
    lines.push(
      `${paint(90, first)}${paint(colour, mark)} ${left}${time.padStart(6)}  ${
        paint(isFailure(node.status) ? 31 : 90, fitting)
      }`.trimEnd()
    )
    const children = node.children.filter((child) => shown(child, node))
    children.forEach((child, i) => {
      const isLast = i === children.length - 1
      add(child, `${rest}${isLast ? "└─ " : "├─ "}`, `${rest}${isLast ? "   " : "│  "}`)
    })
  }
  add(root, "", "")
  return lines
}

// -------------------------------------------------------------------------------------------------------------------
// showing
// -------------------------------------------------------------------------------------------------------------------

/** Shows the tree of an action for as long as the effect runs, and once more when it is over. */
export const showing = Effect.fnUntraced(function*<A, E, R>(id: string, during: Effect.Effect<A, E, R>) {
  const repo = yield* ActionRepo
  const draw = process.stdout.isTTY ? redraw() : printChanges(yield* Clock.currentTimeMillis)
  const look = (isOver: boolean) =>
    Effect.gen(function*() {
      const tree = yield* repo.tree(id)
      if (Option.isSome(tree)) yield* draw(toNode(tree.value), yield* Clock.currentTimeMillis, isOver)
    }).pipe(Effect.ignore) // a look that fails ends nothing: there is another in a moment
  const watch = Effect.forever(Effect.andThen(look(false), Effect.sleep("100 millis")))
  return yield* Effect.raceFirst(during, watch).pipe(Effect.onExit(() => look(true)))
})

type Draw = (root: Node, now: number, isOver: boolean) => Effect.Effect<void>

/** The lines of a tree; while it performs, no more than fit into the window, since what is above it cannot be redrawn. */
export const drawing = (
  root: Node,
  now: number,
  window: { readonly columns: number; readonly rows: number },
  isOver: boolean
): ReadonlyArray<string> => {
  const versions = levels.map((shown) => linesOf(root, now, window.columns, shown))
  if (isOver) return versions[0]!
  return versions.find((lines) => lines.length < window.rows) ?? versions.at(-1)!.slice(0, window.rows - 1)
}

const redraw = (): Draw => {
  let drawn = 0
  return (root, now, isOver) =>
    Effect.sync(() => {
      const window = { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 }
      const lines = drawing(root, now, window, isOver)
      process.stdout.write(`${drawn === 0 ? "" : `\u001b[${drawn}A`}\u001b[0J${lines.join("\n")}\n`)
      drawn = lines.length
    })
}

const printChanges = (begin: number): Draw => {
  const known = new Map<string, Node["status"]>()
  return (root, now) =>
    Effect.suspend(() => {
      const news: Array<{ readonly at: number; readonly text: string }> = []
      const visit = (node: Node) => {
        if (node.isWait) return
        const before = known.get(node.key)
        known.set(node.key, node.status)
        const [mark, , word] = marks[node.status]
        // what began and ended since the last look is told twice, as anything else is
        if (before !== node.status && node.startedAt !== undefined && before !== "performing") {
          news.push({ at: node.startedAt, text: `● ${node.label} started` })
        }
        node.children.forEach(visit)
        if (before === node.status || node.status === "performing") return
        const time = node.startedAt === undefined || node.endedAt === undefined
          ? ""
          : ` after ${seconds(node.startedAt, node.endedAt)}`
        const note = node.note === "" ? "" : `${node.note.startsWith("›") ? " " : ": "}${node.note}`
        news.push({ at: node.endedAt ?? now, text: `${mark} ${node.label} ${word}${time}${note}` })
      }
      visit(root)
      news.sort((a, b) => a.at - b.at)
      return Effect.forEach(news, ({ at, text }) => Console.log(`${seconds(begin, at).padStart(7)}  ${text}`), {
        discard: true
      })
    })
}
