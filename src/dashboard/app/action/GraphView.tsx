/** The tree as a graph: who asked for whom, and in curves of their own those who wait for what others wait for already. */
import { hierarchy, tree as layout } from "d3-hierarchy"
import type { Action, Tree } from "../api.ts"
import { signOf, toneOf } from "../parts.tsx"
import { toAction } from "../route.ts"

interface Node {
  readonly action: Action
  readonly below: ReadonlyArray<Node>
}

interface Join {
  readonly from: string
  readonly to: string
}

const most = 300

/** The tree with each action once, and what joins it a second time. */
const graphOf = (
  tree: Tree
): { readonly root: Node; readonly joins: ReadonlyArray<Join>; readonly leftOut: number } => {
  const seen = new Set<string>()
  const joins: Array<Join> = []
  const left = { out: 0 }
  const nodeOf = ({ action, execution, steps }: Tree): Node => {
    seen.add(action.id)
    const below: Array<Node> = []
    for (const { tree } of [...steps.flatMap(({ slots }) => slots), ...execution?.children ?? []]) {
      if (tree === undefined || tree === null) continue
      if (seen.has(tree.action.id)) joins.push({ from: action.id, to: tree.action.id })
      else if (seen.size >= most) left.out++
      else below.push(nodeOf(tree))
    }
    return { action, below }
  }
  const root = nodeOf(tree)
  return { root, joins, leftOut: left.out }
}

const wide = 230
const high = 46

const short = (text: string): string => text.length > 30 ? `${text.slice(0, 29)}…` : text

export const GraphView = ({ tree }: { readonly tree: Tree }) => {
  const { joins, leftOut, root } = graphOf(tree)
  const laid = layout<Node>().nodeSize([high, wide])(hierarchy(root, ({ below }) => below))
  const nodes = laid.descendants()
  const places = new Map(nodes.map((node) => [node.data.action.id, node]))
  const xs = nodes.map(({ x }) => x)
  const top = Math.min(...xs) - high
  const height = Math.max(...xs) - top + high
  const width = (Math.max(...nodes.map(({ depth }) => depth)) + 1) * wide
  const curve = (
    from: { readonly x: number; readonly y: number },
    to: { readonly x: number; readonly y: number },
    bow = 0
  ) => {
    const start = from.y + 196
    const middle = (start + to.y) / 2
    return `M${start},${from.x - top}C${middle + bow},${from.x - top} ${middle - bow},${to.x - top} ${to.y},${
      to.x - top
    }`
  }
  return (
    <div class="graph" tabIndex={0} role="group" aria-label="Graph of the tree">
      <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
        {laid.links().map(({ source, target }) => (
          <path key={target.data.action.id} class="edge" d={curve(source, target)} />
        ))}
        {joins.map(({ from, to }, i) => {
          const [start, end] = [places.get(from), places.get(to)]
          return start === undefined || end === undefined
            ? null
            : <path key={i} class="edge join" d={curve(start, end, 40)} />
        })}
        {nodes.map(({ data: { action }, x, y }) => (
          <a key={action.id} href={toAction(action.id)} class={`node ${toneOf(action.status)}`}>
            <rect x={y + 1} y={x - top - 16} width={195} height={32} rx={4} />
            <text x={y + 10} y={x - top - 2}>{signOf(action.status)} {short(action.name)}</text>
            <text class="soft" x={y + 10} y={x - top + 11}>{short(`${action.actorType}/${action.actorId}`)}</text>
          </a>
        ))}
      </svg>
      {leftOut === 0 ? null : <p class="soft">{leftOut} further actions are not drawn: the outline has them.</p>}
      {joins.length === 0 ? null : <p class="soft">Dashed: it waits for what another one has asked for.</p>}
    </div>
  )
}
