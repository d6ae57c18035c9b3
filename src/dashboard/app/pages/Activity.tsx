/** What happens, as charts: how much ends and how, how long it takes, how old what waits is. */
import { useMemo, useRef } from "preact/hooks"
import { type Action, type Backlog, get, newest } from "../api.ts"
import { Chart, type Series } from "../Chart.tsx"
import { useAsked } from "../live.ts"
import { Section, Shown } from "../parts.tsx"
import { ask, place } from "../route.ts"
import { lasting } from "../time.tsx"

const most = 5000

const windows = [
  { key: "15m", title: "15 min", ms: 900_000 },
  { key: "1h", title: "1 h", ms: 3_600_000 },
  { key: "6h", title: "6 h", ms: 21_600_000 },
  { key: "1d", title: "1 d", ms: 86_400_000 }
] as const

const buckets = 60

interface Sums {
  readonly times: ReadonlyArray<number>
  readonly outcomes: Readonly<Record<string, ReadonlyArray<number>>>
  readonly median: ReadonlyArray<number | null>
  readonly p95: ReadonlyArray<number | null>
  readonly waited: ReadonlyArray<number | null>
  readonly count: number
  readonly isComplete: boolean
}

const quantile = (values: ReadonlyArray<number>, share: number): number | null =>
  values.length === 0
    ? null
    : values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]!

const timeOf = (text: string): number => new Date(text).getTime()

const outcomeOf = ({ status }: Action): string =>
  status === "succeeded" ? "succeeded" : ["failed", "timed_out", "deadlocked"].includes(status) ? "failed" : "other"

const sumsOf = (actions: ReadonlyArray<Action>, ms: number): Sums => {
  const size = ms / buckets
  const until = Math.ceil(Date.now() / size) * size
  const from = until - ms
  const times = Array.from({ length: buckets }, (_, i) => (from + i * size) / 1000)
  const zeros = () => Array.from({ length: buckets }, () => 0)
  const outcomes: Record<string, Array<number>> = { succeeded: zeros(), failed: zeros(), other: zeros() }
  const took: Array<Array<number>> = Array.from({ length: buckets }, () => [])
  const waits: Array<Array<number>> = Array.from({ length: buckets }, () => [])
  for (const action of actions) {
    if (action.endedAt === undefined) continue
    const at = Math.floor((timeOf(action.endedAt) - from) / size)
    if (at < 0 || at >= buckets) continue
    outcomes[outcomeOf(action)]![at]!++
    if (action.startedAt === undefined) continue
    took[at]!.push(timeOf(action.endedAt) - timeOf(action.startedAt))
    waits[at]!.push(Math.max(0, timeOf(action.startedAt) - timeOf(action.enqueuedAt)))
  }
  return {
    times,
    outcomes,
    median: took.map((values) => quantile(values, 0.5)),
    p95: took.map((values) => quantile(values, 0.95)),
    waited: waits.map((values) => quantile(values, 0.95)),
    count: actions.length,
    isComplete: actions.length < most
  }
}

const Charts = ({ sums }: { readonly sums: Sums }) => {
  const { median, outcomes, p95, times, waited } = sums
  const perBucket = times[1]! - times[0]!
  const rate = outcomes.succeeded!.map((_, i) =>
    (outcomes.succeeded![i]! + outcomes.failed![i]! + outcomes.other![i]!) / perBucket
  )
  const ends: ReadonlyArray<Series> = [
    { label: "succeeded", tone: "good", values: outcomes.succeeded! },
    { label: "failed", tone: "bad", values: outcomes.failed! },
    { label: "other", tone: "calm", values: outcomes.other! }
  ]
  return (
    <div class="charts">
      <Chart
        title="Throughput"
        unit="ended a second"
        times={times}
        series={[{ label: "a second", tone: "live", values: rate }]}
        format={(value) => value.toFixed(value < 10 ? 2 : 0)}
      />
      <Chart
        title="Outcomes"
        unit={`in ${lasting(perBucket * 1000)}`}
        times={times}
        series={ends}
        isWhole
        format={(value) => value.toFixed(0)}
      />
      <Chart
        title="How long it takes"
        unit="from start to end"
        times={times}
        series={[{ label: "median", tone: "live", values: median }, { label: "95 of 100", tone: "warn", values: p95 }]}
        format={lasting}
      />
      <Chart
        title="How long it waits"
        unit="from enqueueing to start, 95 of 100"
        times={times}
        series={[{ label: "95 of 100", tone: "warn", values: waited }]}
        format={lasting}
      />
    </div>
  )
}

interface Sample {
  readonly at: number
  readonly age: number
  readonly due: number
}

/** Queues are not remembered anywhere: what is seen while the page is open is kept here. */
const QueueAge = () => {
  const samples = useRef<ReadonlyArray<Sample>>([])
  const queues = useAsked<ReadonlyArray<Sample>>("queue age", async (signal) => {
    const backlog = (await get<ReadonlyArray<Backlog>>("queues", {}, signal)).filter(({ due }) => due > 0)
    const at = Date.now()
    const age = Math.max(0, ...backlog.map(({ oldestEnqueuedAt }) => at - timeOf(oldestEnqueuedAt)))
    const due = backlog.reduce((sum, one) => sum + one.due, 0)
    samples.current = [...samples.current, { at: at / 1000, age, due }].slice(-600)
    return samples.current
  }, 2000)
  return (
    <Section id="queue-age" title="Queues, while this page is open">
      <Shown asked={queues}>
        {(all) => (
          <div class="charts">
            <Chart
              title="The oldest that is due"
              unit="age"
              times={all.map(({ at }) => at)}
              series={[{
                label: "age",
                tone: "warn",
                values: all.map(({ age }) => age)
              }]}
              isWhole
              format={lasting}
            />
            <Chart
              title="Due"
              unit="invocations"
              times={all.map(({ at }) => at)}
              series={[{
                label: "due",
                tone: "live",
                values: all.map(({ due }) => due)
              }]}
              isWhole
              format={(value) => value.toFixed(0)}
            />
          </div>
        )}
      </Shown>
    </Section>
  )
}

export const Activity = () => {
  const chosen = windows.find(({ key }) => key === place.value.query.window) ?? windows[0]
  const { key, ms } = chosen
  const actions = useAsked<ReadonlyArray<Action>>(
    `activity ${key}`,
    (signal) => newest({ since: new Date(Date.now() - ms).toISOString() }, most, signal),
    10_000
  )
  const sums = useMemo(() => actions.data === undefined ? undefined : sumsOf(actions.data, ms), [actions.data, ms])
  return (
    <>
      <h1>Activity</h1>
      <div class="choice" role="group" aria-label="How far back">
        {windows.map((one) => (
          <button
            key={one.key}
            type="button"
            class="small"
            aria-pressed={one === chosen}
            onClick={() => ask({ window: one.key })}
          >
            {one.title}
          </button>
        ))}
      </div>
      <Shown asked={{ ...actions, data: sums }} rows={9}>
        {(sums) => (
          <>
            <p class="lead">
              {sums.isComplete
                ? `Of ${sums.count} actions that were enqueued in ${chosen.title}.`
                : `Of the newest ${most} actions: there were more in ${chosen.title}.`}
            </p>
            <Charts sums={sums} />
          </>
        )}
      </Shown>
      <QueueAge />
    </>
  )
}
