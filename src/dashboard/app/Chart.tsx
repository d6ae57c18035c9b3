/** A chart over time, and in words what it says: of its last moment, and of each that somebody goes to, by mouse or by the keyboard. */
import { useEffect, useRef, useState } from "preact/hooks"
import uPlot from "uplot"
import { zone } from "./settings.ts"
import { clock, written } from "./time.tsx"

export interface Series {
  readonly label: string
  readonly tone: "live" | "good" | "bad" | "warn" | "calm"
  readonly values: ReadonlyArray<number | null>
}

export interface ChartProps {
  readonly title: string
  readonly unit: string
  /** In seconds. */
  readonly times: ReadonlyArray<number>
  readonly series: ReadonlyArray<Series>
  readonly format: (value: number) => string
  /** Whether there is nothing between a number and the next one. */
  readonly isWhole?: boolean
}

/** How far apart whole numbers stand. */
const wholes = Array.from({ length: 10 }, (_, i) => [1, 2, 5].map((one) => one * 10 ** i)).flat()
/** A chart of what has just begun is a minute wide. */
const leastSeconds = 60

const dark = matchMedia("(prefers-color-scheme: dark)")
const height = 180

const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()

const dataOf = ({ series, times }: ChartProps): uPlot.AlignedData => [
  [...times],
  ...series.map(({ values }) => [...values])
]

const optionsOf = (
  { format, isWhole = false, series }: ChartProps,
  width: number,
  left: ReadonlySet<string>
): uPlot.Options => ({
  width,
  height,
  ...zone.value === "utc" ? { tzDate: (at: number) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC") } : {},
  // what a drag would zoom into is shown anew with the next data, and no key does it: the window is chosen above
  cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
  legend: { live: true },
  axes: [
    {
      stroke: colour("soft"),
      grid: { stroke: colour("line"), width: 1 },
      ticks: { show: false },
      font: "12px system-ui",
      space: 70,
      values: (_, times) => times.map((at) => clock(at * 1000))
    },
    {
      stroke: colour("soft"),
      grid: { stroke: colour("line"), width: 1 },
      ticks: { show: false },
      font: "12px system-ui",
      size: 64,
      ...isWhole ? { incrs: wholes } : {},
      values: (_, values) => values.map((value) => format(value))
    }
  ],
  scales: {
    x: { range: (_, min, max) => [Math.min(min, max - leastSeconds), max] },
    y: { range: (_, __, max) => [0, max === null || max <= 0 ? 1 : max * 1.1] }
  },
  series: [
    { label: "", value: (_, at) => at === null ? "" : written(at * 1000, true) },
    ...series.map(({ label, tone }): uPlot.Series => ({
      label,
      show: !left.has(label),
      stroke: colour(tone),
      width: 1.5,
      spanGaps: false,
      points: { show: true, size: 4, fill: colour(tone) },
      value: (_, value) => value === null ? "" : format(value)
    }))
  ]
})

/** Which series are shown. */
const Choice = (
  { left, onChange, series, title }: Pick<ChartProps, "series" | "title"> & {
    readonly left: ReadonlySet<string>
    readonly onChange: (left: ReadonlySet<string>) => void
  }
) => (
  <div class="choice" role="group" aria-label={`What ${title} shows`}>
    {series.map(({ label }) => (
      <button
        key={label}
        type="button"
        class="small"
        aria-pressed={!left.has(label)}
        onClick={() => {
          const next = new Set(left)
          if (!next.delete(label)) next.add(label)
          onChange(next)
        }}
      >
        {label}
      </button>
    ))}
  </div>
)

export const Chart = (props: ChartProps) => {
  const { format, series, times, title, unit } = props
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const latest = useRef(props)
  latest.current = props
  /** The series that somebody does not want to see. */
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  /** The moment that somebody is at with the keyboard. */
  const [at, setAt] = useState<number>()
  const shape = `${title} ${series.map(({ label }) => label).join()} ${[...left].join()} ${zone.value}`
  useEffect(() => {
    const element = box.current!
    const draw = () => {
      plot.current?.destroy()
      plot.current = new uPlot(
        optionsOf(latest.current, Math.max(200, element.clientWidth), left),
        dataOf(latest.current),
        element
      )
    }
    draw()
    const sized = new ResizeObserver(() => {
      const width = Math.max(200, element.clientWidth)
      if (plot.current !== null && plot.current.width !== width) plot.current.setSize({ width, height })
    })
    sized.observe(element)
    dark.addEventListener("change", draw)
    return () => {
      sized.disconnect()
      dark.removeEventListener("change", draw)
      plot.current?.destroy()
      plot.current = null
    }
  }, [shape])
  useEffect(() => plot.current?.setData(dataOf(latest.current)), [times, series])
  useEffect(() => {
    if (at === undefined || plot.current === null) return
    plot.current.setCursor({ left: plot.current.valToPos(times[at] ?? 0, "x"), top: 0 })
  }, [at, times, series, shape])
  const last = times.length - 1
  const moment = Math.max(0, Math.min(at ?? last, last))
  const saidAt = series.filter(({ label }) => !left.has(label)).map(({ label, values }) => {
    const value = values[moment]
    return `${label}: ${value === undefined || value === null ? "nothing" : format(value)}`
  }).join(", ")
  const said = series.map(({ label, values }) => {
    const last = values.findLast((value) => value !== null)
    return `${label}: ${last === undefined || last === null ? "nothing" : format(last)}`
  }).join(", ")
  return (
    <figure class="chart">
      <figcaption>
        <b>{title}</b> <span class="soft">{unit}</span>
      </figcaption>
      {series.length < 2 ? null : <Choice series={series} title={title} left={left} onChange={setLeft} />}
      <div ref={box} class="plot" role="img" aria-label={`${title}, at last: ${said}`}></div>
      <input
        class="moment"
        type="range"
        aria-label={`${title}: when`}
        aria-valuetext={times[moment] === undefined ? "" : `${written(times[moment] * 1000, true)}, ${saidAt}`}
        min={0}
        max={Math.max(0, last)}
        value={moment}
        onFocus={() => setAt(moment)}
        onInput={({ currentTarget }) => setAt(Number(currentTarget.value))}
        onBlur={() => {
          setAt(undefined)
          plot.current?.setCursor({ left: -10, top: -10 })
        }}
      />
    </figure>
  )
}
