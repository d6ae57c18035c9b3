/** A definition as a picture: its steps from the top to the bottom, what undoes them beside them, and the signals it can be sent. */
import type { AskedFor, Definition } from "../api.ts"

const wide = 210
const high = 38
const gap = 26
const beside = wide + 70

const short = (text: string): string => text.length > 28 ? `${text.slice(0, 27)}…` : text

/** What undoes a step, by the options that it has of. */
const undoOf = (options: ReadonlyArray<string>): string | undefined =>
  options.includes("compensate")
    ? "undo"
    : options.includes("unwind")
    ? "unwinds its children"
    : options.includes("compensateFailed")
    ? "undo where it failed"
    : undefined

const Box = (
  { kind, text, x, y }: { readonly kind: string; readonly text: string; readonly x: number; readonly y: number }
) => (
  <g class={`box ${kind}`}>
    <rect x={x} y={y} width={wide} height={high} rx={kind === "undo" ? high / 2 : 4} />
    <text x={x + wide / 2} y={y + high / 2 + 4} text-anchor="middle">{short(text)}</text>
  </g>
)

export const Diagram = (
  { definition: { description: { options, signals, steps }, name } }: { readonly definition: Definition }
) => {
  const all = steps.length > 0 ? steps.map((step) => ({ name: step.name, options: step.options })) : [{ name, options }]
  const yOf = (i: number) => 2 + i * (high + gap)
  const height = yOf(all.length + Math.max(0, signals.length)) + 4
  const said = `${name}: ${all.map((step) => step.name).join(", then ")}${
    signals.length > 0 ? `; signals ${signals.map((one) => one.name).join(", ")}` : ""
  }`
  return (
    <div class="graph" tabIndex={0} role="group" aria-label="Diagram">
      <svg
        role="img"
        aria-label={said}
        width={beside + wide + 4}
        height={height}
        viewBox={`0 0 ${beside + wide + 4} ${height}`}
      >
        {all.map((step, i) => {
          const y = yOf(i)
          const undo = undoOf(step.options)
          const marks = step.options.filter((one) =>
            ["transactional", "hold", "mayFail", "retry", "shielded"].includes(one)
          )
          return (
            <g key={i}>
              {i === 0 ? null : <path class="edge" d={`M${wide / 2},${y - gap}V${y - 2}`} />}
              <Box kind={step.options.includes("pointOfNoReturn") ? "point" : "step"} text={step.name} x={2} y={y} />
              {undo === undefined ? null : (
                <>
                  <path class="edge join" d={`M${wide + 2},${y + high / 2}H${beside}`} />
                  <Box kind="undo" text={undo === "undo" ? `undo ${step.name}` : undo} x={beside} y={y} />
                </>
              )}
              {marks.length === 0 || undo !== undefined
                ? null
                : <text class="soft" x={wide + 14} y={y + high / 2 + 4}>{marks.join(", ")}</text>}
              {step.options.includes("pointOfNoReturn")
                ? <text class="soft" x={wide + 14} y={y + high + 14}>point of no return</text>
                : null}
            </g>
          )
        })}
        {signals.map((signal, i) => (
          <Box key={signal.name} kind="signal" text={`signal ${signal.name}`} x={2} y={yOf(all.length + i)} />
        ))}
      </svg>
    </div>
  )
}

/** As Mermaid has it within quotes: no name ends a text there, or means something. */
const quoted = (text: string): string =>
  `"${text.replaceAll(/[^\p{L}\p{N} _.,:/-]/gu, (character) => `#${character.codePointAt(0)};`)}"`

const keyOf = ({ actorType, name }: { readonly actorType: string; readonly name: string }): string =>
  `${actorType}/${name}`

/** With what its steps have asked for, as the history has it. */
export const mermaidOf = (
  { actorType, description: { options, signals, steps }, name }: Definition,
  asked: ReadonlyArray<AskedFor>
): string => {
  const all = steps.length > 0 ? steps.map((step) => ({ name: step.name, options: step.options })) : [{ name, options }]
  const nodeOf = ({ kind, step }: AskedFor): string | undefined => {
    const at = steps.length === 0 ? 0 : all.findIndex((one) => one.name === step)
    return at < 0 ? undefined : kind === "compensation" ? `u${at}` : `s${at}`
  }
  const children = [...new Set(asked.flatMap(({ child }) => child === undefined ? [] : [keyOf(child)]))]
  const edges = asked.flatMap((one) => {
    const from = nodeOf(one)
    if (from === undefined) return []
    if (one.child !== undefined) return [`  ${from} -->|child| c${children.indexOf(keyOf(one.child))}`]
    const at = signals.findIndex((signal) => signal.name === one.signal)
    return at < 0 ? [] : [`  w${at} --> ${from}`]
  })
  return [
    "flowchart TB",
    `  subgraph a0[${quoted(`${actorType}/${name}`)}]`,
    ...all.map((step, i) =>
      `    s${i}[${quoted(step.options.includes("pointOfNoReturn") ? `${step.name}, point of no return` : step.name)}]`
    ),
    ...all.slice(1).map((_, i) => `    s${i} --> s${i + 1}`),
    ...all.flatMap((step, i) => {
      const undo = undoOf(step.options)
      return undo === undefined
        ? []
        : [`    u${i}([${quoted(`undo ${step.name}`)}])`, `    s${i} -.->|${quoted(undo)}| u${i}`]
    }),
    ...signals.map((signal, i) => `    w${i}[/${quoted(`signal ${signal.name}`)}/]`),
    "  end",
    ...children.map((key, i) => `  c${i}[[${quoted(key)}]]`),
    ...new Set(edges)
  ].join("\n")
}
