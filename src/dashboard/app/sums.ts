/** What the charts say of actions that have ended: how many in which time, how long they took, how long they had waited. */

/** An action, as far as it counts here. */
export interface Counted {
  readonly status: string
  readonly enqueuedAt: string
  readonly startedAt?: string | undefined
  readonly endedAt?: string | undefined
}

export type Outcome = "succeeded" | "failed" | "other"

/** A value for each bucket of time, the last of which has not passed yet. */
export interface Sums {
  readonly bucketMs: number
  /** When each begins, in seconds. */
  readonly times: ReadonlyArray<number>
  readonly outcomes: Readonly<Record<Outcome, ReadonlyArray<number>>>
  /** How many have ended a second. */
  readonly rate: ReadonlyArray<number>
  /** From start to end, in ms; nothing where none has ended. */
  readonly median: ReadonlyArray<number | null>
  readonly p95: ReadonlyArray<number | null>
  /** From enqueueing to start: 95 of 100 did not wait longer. */
  readonly waited: ReadonlyArray<number | null>
}

const buckets = 60

export const timeOf = (text: string): number => new Date(text).getTime()

/** The least of them that so large a share of all is not above. */
export const quantile = (values: ReadonlyArray<number>, share: number): number | null =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)] ?? null

const outcomeOf = (status: string): Outcome =>
  status === "succeeded" ? "succeeded" : ["failed", "timed_out", "deadlocked"].includes(status) ? "failed" : "other"

/** How many have ended in the time of all buckets. */
export const countEnded = ({ outcomes: { failed, other, succeeded } }: Sums): number =>
  [...succeeded, ...failed, ...other].reduce((sum, count) => sum + count, 0)

/** Of those that have ended in so many ms before now. */
export const sumsOf = (actions: ReadonlyArray<Counted>, ms: number, now: number): Sums => {
  const size = ms / buckets
  // they begin at full times, so that they stay what they are while time goes on
  const until = Math.ceil(now / size) * size
  const from = until - ms
  const zeros = () => Array.from({ length: buckets }, () => 0)
  const outcomes = { succeeded: zeros(), failed: zeros(), other: zeros() }
  const took: Array<Array<number>> = Array.from({ length: buckets }, () => [])
  const waits: Array<Array<number>> = Array.from({ length: buckets }, () => [])
  for (const { endedAt, enqueuedAt, startedAt, status } of actions) {
    if (endedAt === undefined) continue
    const at = Math.floor((timeOf(endedAt) - from) / size)
    if (at < 0 || at >= buckets) continue
    outcomes[outcomeOf(status)][at]!++
    if (startedAt === undefined) continue
    took[at]!.push(timeOf(endedAt) - timeOf(startedAt))
    waits[at]!.push(Math.max(0, timeOf(startedAt) - timeOf(enqueuedAt)))
  }
  // of the last one only what has passed of it, a second at least
  const passed = (at: number) => at < buckets - 1 ? size : Math.max(1000, now - (until - size))
  return {
    bucketMs: size,
    times: Array.from({ length: buckets }, (_, i) => (from + i * size) / 1000),
    outcomes,
    rate: outcomes.succeeded.map((count, i) => (count + outcomes.failed[i]! + outcomes.other[i]!) / (passed(i) / 1000)),
    median: took.map((values) => quantile(values, 0.5)),
    p95: took.map((values) => quantile(values, 0.95)),
    waited: waits.map((values) => quantile(values, 0.95))
  }
}
