/**
 * User time that runs ahead: while nothing performs, it goes to what is due next. How far it is ahead is kept with the data, so that it never
 * goes back.
 */
import { type Clock, Effect, Option, Schema } from "effect"
import * as Fs from "node:fs/promises"
import { join } from "node:path"
import { Engine } from "../../Engine.ts"
import { type Backlog, JobQueue } from "../../JobQueue.ts"
import { realClock, realSleep } from "../../store/RealClock.ts"
import { type Stopped, usage } from "../failures.ts"
import { Output, span } from "../Output.ts"

export interface UserTime {
  /** The machine's clock, so far ahead. What sleeps on it sleeps as long as on any. */
  readonly clock: Clock.Clock
  /** Goes on to a time, in ms; the folder knows before anybody sees it. */
  readonly goTo: (at: number) => Effect.Effect<void, Stopped>
}

const Kept = Schema.fromJsonString(Schema.Struct({ aheadMs: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)) }))

const fileOf = (folder: string) => join(folder, "user-time.json")

const read = (folder: string): Effect.Effect<number, Stopped> =>
  Effect.gen(function*() {
    const path = fileOf(folder)
    const text = yield* Effect.promise(() =>
      Fs.readFile(path, "utf8").catch((error) => {
        if (error.code === "ENOENT") return undefined
        throw error
      })
    )
    if (text === undefined) return 0
    const kept = Schema.decodeOption(Kept)(text)
    return Option.isSome(kept)
      ? kept.value.aheadMs
      : yield* usage(
        `${path} does not say how far user time is ahead: remove it together with its folder, or write {"aheadMs":0}`
      )
  })

const write = (folder: string, aheadMs: number) =>
  Effect.promise(async () => {
    const path = fileOf(folder)
    await Fs.writeFile(`${path}.draft`, JSON.stringify({ aheadMs }))
    await Fs.rename(`${path}.draft`, path)
  })

/** User time as a folder knows it. */
export const userTime = (folder: string): Effect.Effect<UserTime, Stopped> =>
  Effect.map(read(folder), (kept) => {
    let aheadMs = kept
    const millis = () => realClock.currentTimeMillisUnsafe() + aheadMs
    const nanos = () => realClock.currentTimeNanosUnsafe() + BigInt(aheadMs) * 1_000_000n
    return {
      clock: {
        currentTimeMillisUnsafe: millis,
        currentTimeMillis: Effect.sync(millis),
        currentTimeNanosUnsafe: nanos,
        currentTimeNanos: Effect.sync(nanos),
        monotonicTimeNanosUnsafe: () => realClock.monotonicTimeNanosUnsafe(),
        monotonicTimeNanos: realClock.monotonicTimeNanos,
        sleep: (duration) => realClock.sleep(duration)
      },
      goTo: (at) =>
        Effect.suspend(() => {
          const next = Math.ceil(aheadMs + Math.max(0, at - millis()))
          return Effect.andThen(write(folder, next), Effect.sync(() => void (aheadMs = next)))
        })
    }
  })

/** The time to go on to. What is due already is being seen to: until it is, nothing is skipped. */
export const nextStop = (
  { resumes, timeout, wait }: {
    readonly wait: number | undefined
    readonly timeout: number | undefined
    readonly resumes: boolean
  },
  now: number,
  timeouts: boolean
): number | undefined => {
  const first = Math.min(wait ?? Infinity, timeout ?? Infinity)
  if (resumes || first <= now) return undefined
  // whoever waits for a signal or an answer is not given up for that: a timeout counts where it lies on the way
  return wait === undefined && !timeouts || first === Infinity ? undefined : first
}

/** Nobody performs, and nothing that this program could perform waits for a worker. */
const isIdle = Effect.gen(function*() {
  const queue = yield* JobQueue
  const engine = yield* Engine
  const isOurs = ({ actorType, due, name, pause }: Backlog) =>
    due > 0 && pause === undefined && engine.find(actorType, name) !== undefined
  if ((yield* queue.backlog).some(isOurs)) return false
  return (yield* queue.workers).every(({ inHand }) => inHand === 0)
})

/** How often it is looked whether something can be skipped: what renews itself comes no more often than that. */
const lookMs = 200

/** Goes on from each wait to the next, for as long as it runs. */
export const skippingWaits = (time: UserTime, timeouts: boolean) =>
  Effect.gen(function*() {
    const engine = yield* Engine
    const output = yield* Output
    const look = Effect.gen(function*() {
      const next = nextStop(yield* engine.nextDue, yield* engine.now, timeouts)
      if (next === undefined || !(yield* isIdle)) return
      const skipped = next - (yield* engine.now)
      yield* time.goTo(next)
      const at = new Date(next)
      yield* output.value(
        { event: "skipped", millis: skipped, at },
        `skipped ${span(skipped)}: user time is ${output.time(at)}`
      )
    })
    return yield* Effect.forever(
      Effect.andThen(realSleep(lookMs), Effect.catchTag(look, "StorageError", () => Effect.void))
    )
  })
