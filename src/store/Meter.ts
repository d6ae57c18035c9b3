/**
 * What a process counts and measures, under names that stay: every metric of the engine is here, with its unit and its labels.
 *
 * Values of labels are names that programs have given (definitions, queues) and words of the engine's (statuses, statements): there are no
 * more of them than the program has. An id is in no label.
 */
import * as Context from "effect/Context"
import * as Metric from "effect/Metric"

/** What tells the series of a metric apart. */
export type Label = "definition" | "queue" | "status" | "statement"

/** A metric, of which each combination of values of its labels is a series. */
export interface Family {
  readonly id: string
  readonly type: "Counter" | "Gauge" | "Histogram"
  readonly description: string
  readonly unit: "seconds" | undefined
  readonly labels: ReadonlyArray<Label>
  readonly make: (attributes: Metric.Metric.AttributeSet) => Metric.Metric<number, unknown>
}

type Named = Pick<Family, "id" | "description" | "labels">

const counter = (id: string, description: string, ...labels: ReadonlyArray<Label>): Family => ({
  id,
  type: "Counter",
  description,
  unit: undefined,
  labels,
  make: (attributes) => Metric.counter(id, { description, attributes, incremental: true })
})

const gauge = ({ description, id, labels }: Named, unit?: "seconds"): Family => ({
  id,
  type: "Gauge",
  description,
  unit,
  labels,
  make: (attributes) => Metric.gauge(id, { description, attributes })
})

const histogram = (
  { description, id, labels }: Named,
  boundaries: ReadonlyArray<number>,
  unit?: "seconds"
): Family => ({
  id,
  type: "Histogram",
  description,
  unit,
  labels,
  make: (attributes) => Metric.histogram(id, { description, attributes, boundaries })
})

/** From a body that only computes to one that waits for people, in seconds. */
const ofBodies = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 1800, 3600]
const ofStatements = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const ofBatches = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]

export const families = {
  enqueued: counter("stepped_enqueued_total", "Actions that this process has enqueued, children too", "definition"),
  started: counter("stepped_started_total", "Actions that began to perform in this process", "definition"),
  ended: counter(
    "stepped_ended_total",
    "Actions that this process has ended, also without performing them",
    "definition",
    "status"
  ),
  retries: counter(
    "stepped_retries_total",
    "Attempts of this process that have failed and are made again: of steps, hooks, jobs, callbacks and compensations",
    "definition"
  ),
  compensations: counter(
    "stepped_compensations_total",
    "Compensations that have ended in this process, for good",
    "definition",
    "status"
  ),
  notUndone: counter(
    "stepped_not_undone_total",
    "Steps that could not be undone, for good, of actions that did not succeed",
    "definition"
  ),
  signals: counter(
    "stepped_signals_total",
    "Signals that this process has sent, by whom they were sent to",
    "definition"
  ),
  leasesLost: counter("stepped_leases_lost_total", "Leases that workers of this process have lost"),
  healed: counter(
    "stepped_healed_total",
    "Actions that nobody would have gone on with: something is wrong",
    "definition"
  ),
  running: gauge({ id: "stepped_bodies_running", description: "Bodies that run in this process now", labels: [] }),
  depth: gauge({
    id: "stepped_queue_depth",
    description: "Jobs of a queue that a worker may take now; 100000 stands for more, too",
    labels: ["queue"]
  }),
  oldest: gauge({
    id: "stepped_queue_oldest_due_seconds",
    description: "For how long the oldest job of a queue has been due; 0 where none is",
    labels: ["queue"]
  }, "seconds"),
  lanes: gauge({
    id: "stepped_lanes_occupied",
    description: "Lanes in which somebody performs or waits; 100000 stands for more, too",
    labels: []
  }),
  schedulesBroken: gauge({
    id: "stepped_schedules_broken",
    description: "Schedules that could not be read when they were due, and do not fire; 100000 stands for more, too",
    labels: []
  }),
  schedulesOrphaned: gauge({
    id: "stepped_schedules_orphaned",
    description: "Rows of schedules whose action no living worker has; 100000 stands for more, too",
    labels: []
  }),
  schedulesOldest: gauge({
    id: "stepped_schedules_oldest_due_seconds",
    description: "For how long a schedule that has not fired has been due, of all the longest; 0 where none is due",
    labels: []
  }, "seconds"),
  bodies: histogram(
    {
      id: "stepped_body_seconds",
      description: "How long bodies ran: steps, hooks, jobs, callbacks and compensations",
      labels: ["definition"]
    },
    ofBodies,
    "seconds"
  ),
  waits: histogram(
    {
      id: "stepped_wait_seconds",
      description: "How long actions waited to begin, in their queue and their lanes, from when they were due",
      labels: ["definition"]
    },
    ofBodies,
    "seconds"
  ),
  statements: histogram(
    {
      id: "stepped_statement_seconds",
      description: "How long the engine's statements took, with the way there and back",
      labels: ["statement"]
    },
    ofStatements,
    "seconds"
  ),
  batches: histogram(
    {
      id: "stepped_batch_size",
      description: "How many actions were in one statement: what was enqueued, claimed or concluded together",
      labels: ["statement"]
    },
    ofBatches
  )
} as const

/** Takes what is counted, into the registry and under the attributes of the layer that it belongs to. */
export interface Meter {
  /** Adds to a counter, sets a gauge, or takes something into a histogram. Values of labels are in the order in which the family has them. */
  readonly take: (family: Family, value: number, ...labels: ReadonlyArray<string>) => void
  /** Forgets a series: there is nothing to say of it. */
  readonly forget: (family: Family, ...labels: ReadonlyArray<string>) => void
  /** Adds somebody who is asked for a part of a gauge without labels, whenever that is read; gives how to leave. */
  readonly ask: (family: Family, value: () => number) => () => void
}

/** Who is asked for a gauge: engines of one process share a registry, and what they have is added up. */
const asked = new WeakMap<Metric.MetricRegistry, Map<string, Set<() => number>>>()

const askIn = (
  context: Context.Context<never>,
  series: Metric.Metric<number, unknown>,
  value: () => number
): () => void => {
  const registry = Context.get(context, Metric.MetricRegistry)
  const gauges = asked.get(registry) ?? new Map<string, Set<() => number>>()
  asked.set(registry, gauges)
  const key = `${series.id} ${JSON.stringify(Context.get(context, Metric.CurrentMetricAttributes))}`
  const others = gauges.get(key)
  const all = others ?? new Set()
  all.add(value)
  gauges.set(key, all)
  if (others === undefined) {
    const get = () => ({ value: [...all].reduce((sum, one) => sum + one(), 0) })
    Metric.registerUnsafe(series, context, { get, update: () => undefined, modify: () => undefined })
  }
  return () => {
    all.delete(value)
    if (all.size > 0) return
    gauges.delete(key)
    Metric.removeUnsafe(series, context)
  }
}

export const make = (context: Context.Context<never>): Meter => {
  // invariant: a series of each family for each combination of labels that has been used
  const known = new Map<Family, Map<string, Metric.Metric<number, unknown>>>()

  const seriesOf = (family: Family, labels: ReadonlyArray<string>): Metric.Metric<number, unknown> => {
    const key = labels.length === 1 ? labels[0]! : labels.join("\n")
    let series = known.get(family)
    if (series === undefined) known.set(family, series = new Map())
    let one = series.get(key)
    if (one === undefined) {
      const attributes = Object.fromEntries(family.labels.map((label, i) => [label, labels[i]!]))
      one = family.make(family.unit === undefined ? attributes : { ...attributes, unit: family.unit })
      series.set(key, one)
    }
    return one
  }

  return {
    take: (family, value, ...labels) => seriesOf(family, labels).updateUnsafe(value, context),
    forget: (family, ...labels) => Metric.removeUnsafe(seriesOf(family, labels), context),
    ask: (family, value) => askIn(context, seriesOf(family, []), value)
  }
}
