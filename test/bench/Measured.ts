/** What a run says of itself: the settings that it is given as JSON, and a line of JSON for each of its results. */
import type { Reading } from "./Meter.ts"

/** The works that are compared. `enqueue` is one call each, `bulk` as many in a call as the system takes. */
export type Work = "enqueue" | "bulk" | "W1" | "W2" | "W3" | "W4" | "W5" | "W6"

export interface Measured {
  readonly work: string
  /** How many of what. */
  readonly count: number
  readonly unit: string
  /** From the first body's start to the last durable result. */
  readonly seconds: number
  /** What the reading is divided by: actions, jobs or workflows, parents included. */
  readonly actions: number
  readonly reading: Reading
  readonly p50Ms?: number
  readonly p99Ms?: number
  /** On disk for an action that has ended, indexes included, where the system keeps it. */
  readonly bytesPerEnded?: number
  /** What was seen along the way: rates of the parts of a long drain, memory. */
  readonly samples?: ReadonlyArray<Readonly<Record<string, number>>>
}

export const say = (measured: Measured): void => console.log(JSON.stringify(measured))

/** The runs' settings; what is not given falls to the program's own default. */
export const settings = <S extends object>(defaults: S): S => ({
  ...defaults,
  ...JSON.parse(process.argv[2] ?? "{}") as Partial<S>
})

/** Percentiles of times in milliseconds. */
export const latency = (times: ReadonlyArray<number>): { readonly p50Ms: number; readonly p99Ms: number } => {
  const sorted = [...times].sort((a, b) => a - b)
  const percentile = (p: number) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))]! * 100) / 100
  return { p50Ms: percentile(0.5), p99Ms: percentile(0.99) }
}

/** Counts bodies, notes the start of the first, the rate of every part (with a further sample), and tells when all have run. */
export const counting = (
  total: number,
  part = Infinity,
  sample: () => Readonly<Record<string, number>> = () => ({})
) => {
  let done = 0
  let began = 0
  let partBegan = 0
  const samples: Array<Readonly<Record<string, number>>> = []
  const reached = new Map<number, (at: number) => void>()
  const { promise: all, resolve } = Promise.withResolvers<void>()
  const starts = (): void => {
    if (began === 0) began = partBegan = performance.now()
  }
  return {
    all,
    samples,
    /** When the first body started. */
    began: () => began,
    /** When this many have run, which are still more than have. */
    reaches: (count: number): Promise<number> => {
      if (count <= done) throw new Error(`${done} bodies have run already, it is too late to wait for ${count}`)
      const { promise, resolve } = Promise.withResolvers<number>()
      reached.set(count, resolve)
      return promise
    },
    /** A body starts; one that takes no time only needs to say that it ran. */
    starts,
    ran: (): void => {
      starts()
      done++
      reached.get(done)?.(performance.now())
      if (done % part === 0) {
        samples.push({ done, perSecond: Math.round(part / (performance.now() - partBegan) * 1000), ...sample() })
        partBegan = performance.now()
      }
      if (done === total) resolve()
    },
    done: () => done
  }
}
