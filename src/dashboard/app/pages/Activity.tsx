/** What happens, as charts: how much ends and how, how long it takes, how old what waits is. */
import { useMemo, useRef } from "preact/hooks"
import { type Action, type Backlog, get, newest } from "../api.ts"
import { Chart, type Series } from "../Chart.tsx"
import { useAsked } from "../live.ts"
import { Section, Shown } from "../parts.tsx"
import { ask, place } from "../route.ts"
import { countEnded, type Sums, sumsOf, timeOf } from "../sums.ts"
import { lasting } from "../time.tsx"

const most = 5000
/** What ends in a time may have been enqueued so long before it. */
const beforeMs = 86_400_000

const ends = ["succeeded", "failed", "timed_out", "cancelled", "superseded", "deadlocked"]

const windows = [
  { key: "15m", title: "15 min", ms: 900_000 },
  { key: "1h", title: "1 h", ms: 3_600_000 },
  { key: "6h", title: "6 h", ms: 21_600_000 },
  { key: "1d", title: "1 d", ms: 86_400_000 }
] as const

const Charts = ({ sums }: { readonly sums: Sums }) => {
  const { bucketMs, median, outcomes, p95, rate, times, waited } = sums
  const series: ReadonlyArray<Series> = [
    { label: "succeeded", tone: "good", values: outcomes.succeeded },
    { label: "failed", tone: "bad", values: outcomes.failed },
    { label: "other", tone: "calm", values: outcomes.other }
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
        unit={`in ${lasting(bucketMs)}`}
        times={times}
        series={series}
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
    // by the clock of who has read it: the browser's may be another
    const age = Math.max(
      0,
      ...backlog.map(({ oldestDueAt = "", readAt }) => oldestDueAt === "" ? 0 : timeOf(readAt) - timeOf(oldestDueAt))
    )
    const at = Date.now()
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
    (signal) => newest({ since: new Date(Date.now() - ms - beforeMs).toISOString(), status: ends }, most, signal),
    10_000
  )
  const { at = Date.now(), data } = actions
  const sums = useMemo(() => data === undefined ? undefined : sumsOf(data, ms, at), [data, actions.at, ms])
  const count = sums === undefined ? 0 : countEnded(sums)
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
              {(data?.length ?? 0) < most
                ? `Of ${count} actions that have ended in ${chosen.title}.`
                : `Of ${count} actions that have ended in ${chosen.title}, among the ${most} that were enqueued last: there were more.`}
            </p>
            <Charts sums={sums} />
          </>
        )}
      </Shown>
      <QueueAge />
    </>
  )
}
