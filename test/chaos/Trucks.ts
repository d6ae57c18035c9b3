/**
 * Named lanes under chaos: trucks that meet in lanes of every policy, more and less urgent, at once or later, with children and in several
 * lanes, while lanes, definitions and everything are paused and resumed at random moments. What comes of them hangs on who comes first; that
 * limits and lines are kept, that all lanes are taken or none, and nothing begins against a pause, is for the audit.
 */
import { Effect, type Layer, Schedule, Schema } from "effect"
import {
  type ActionHandle,
  type AnyAction,
  type Engine,
  type EnqueueOptions,
  JobQueue,
  PerformanceLane,
  Step,
  Stepped
} from "stepped"
import type { WorldOptions } from "../model/Trees.ts"

const below = (limit: number) => Math.floor(Math.random() * limit)
const oneOf = <A>(values: ReadonlyArray<A>): A => values[below(values.length)]!

class Truck extends Stepped.Actor<Truck>()("Truck", { id: Schema.Int }) {}

const bays = Stepped.lane("bays", { limit: 2, whenBusy: "line" })
const track = Stepped.lane("track", { whenBusy: "line" })
const ramp = Stepped.lane("ramp", { whenBusy: "line", maxPending: 1 })
const lift = Stepped.lane("lift", { limit: 2, whenBusy: "reject" })
const latest = Stepped.lane("latest")
const telling = Stepped.lane("telling", { limit: 2, waiters: "fail" })
const hasty = Stepped.lane("hasty", { limit: 2, whenBusy: "cancelRunning" })
const calm = Stepped.lane("calm", { debounce: { wait: "200 millis", maxWait: "500 millis" } })
const gate = Stepped.lane("gate", { limit: 5, rate: { limit: 3, per: "1 second" } })
/** Of an ordinary concurrency key. */
const lot = (key: string) => `lot ${key}`

const keys = ["0", "1"]
/** The key under which a place's truck takes its lanes. */
const keyOf = (place: string): string => keys[Number(place.at(-1)) % 2]!

export interface Trucks {
  readonly layer: Layer.Layer<never, never, Engine>
  /** Enqueues a truck of any kind, in any way; its place is a tag of it. */
  readonly send: (place: string) => Effect.Effect<ActionHandle, unknown, Engine>
}

export const makeTrucks = (ran: NonNullable<WorldOptions["ran"]>): Trucks => {
  const body = (place: string) => ran(`step ${place} 1`, undefined)
  const options = { arguments: [Schema.String] } as const
  const queue = Stepped.action("queue", { ...options, concurrency: (place) => bays(keyOf(place)) }).step(body)
  const shunt = Stepped.action("shunt", { ...options, concurrency: (place) => track(keyOf(place)) }).step(body)
  const haul = Stepped.action("haul", { ...options, concurrency: (place) => [track(keyOf(place)), bays("0")] }).step(
    body
  )
  const tow = Stepped.action("tow", { ...options, concurrency: (place) => [latest(keyOf(place)), bays("1")] }).step(
    body
  )
  const load = Stepped.action("load", { ...options, concurrency: (place) => ramp(keyOf(place)) }).step(body)
  const raise = Stepped.action("raise", { ...options, concurrency: (place) => lift(keyOf(place)) }).step(body)
  const renew = Stepped.action("renew", { ...options, concurrency: (place) => latest(keyOf(place)) })
    .before((place) => ran(`before ${place}`, undefined)).step(body)
  const tell = Stepped.action("tell", { ...options, concurrency: (place) => telling(keyOf(place)) }).step(body)
  const turn = Stepped.action("turn", { ...options, concurrency: (place) => hasty(keyOf(place)) }).step(body)
    .cancelled((place) => ran(`cancelled ${place}`, undefined))
  const save = Stepped.action("save", { ...options, concurrency: (place) => calm(keyOf(place)) }).step(body)
  const enter = Stepped.action("enter", { ...options, concurrency: (place) => gate(keyOf(place)) }).step(body)
  const late = Stepped.action("late", {
    ...options,
    concurrency: (place) => [track(keyOf(place)), bays(keyOf(place))],
    timeout: "300 millis"
  }).step(body)
  const paint = Stepped.action("paint", {
    ...options,
    concurrency: (place) => track(keyOf(place)),
    checksum: (place) => place.length,
    checksumKey: (place) => `paint ${keyOf(place)}`
  }).step(body)
  const park = Stepped.action("park", { ...options, concurrencyKey: (place) => lot(keyOf(place)) }).step(body)
  const children: ReadonlyArray<AnyAction> = [queue, shunt, haul, raise, renew, tell, turn, save, enter, paint, park]
  // in a lane itself, and so at times in a cycle
  const convoy = Stepped.action("convoy", { ...options, concurrency: (place) => track(`convoy ${keyOf(place)}`) })
    .step("send", (place) =>
      Effect.andThen(
        ran(`step ${place} send`, undefined),
        Effect.forEach([0, 1, 2], (n) => {
          const child = `${place}.${n}`
          const which = oneOf(children) as typeof queue
          return Step.with({ priority: n - 1, tags: [child] }).on(Truck.ref(n), which, child)
        })
      ))
  const all = [queue, shunt, haul, tow, load, raise, renew, tell, turn, save, enter, late, paint, park, convoy] as const
  return {
    layer: Stepped.actions(Truck, all).layer,
    send: (place) => {
      const options: EnqueueOptions = {
        tags: [place],
        ...below(2) === 0 ? { priority: below(201) - 100 } : {},
        ...below(4) === 0 ? { delay: `${below(1500)} millis` } : {}
      }
      return Stepped.with(options).enqueue(Truck.ref(below(5)), oneOf(all) as typeof queue, place)
    }
  }
}

const why = { reason: "chaos" }

/** Something is paused for a while, and goes on in the end, however often that is asked for. */
export const pauseSomething = (
  tried: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A | undefined, never, R>
) =>
  Effect.gen(function*() {
    const jobs = yield* JobQueue
    const lanes = yield* PerformanceLane
    const key = oneOf(keys)
    const lane = oneOf([bays, track, ramp, lift, latest, telling, gate])(key)
    const name = oneOf(["queue", "haul", "renew", "convoy"])
    const sole = oneOf([hasty, calm])(key)
    const [pause, resume] = oneOf([
      [lanes.pause(lane, why), lanes.resume(lane)],
      [lanes.pause(lane, why), lanes.resume(lane)],
      [lanes.pause(sole, why), lanes.resume(sole)],
      [lanes.pause(lot(key), why), lanes.resume(lot(key))],
      [jobs.pause({ actorType: "Truck", name }, why), jobs.resume({ actorType: "Truck", name })],
      [jobs.pause({ queue: "default" }, why), jobs.resume({ queue: "default" })],
      [jobs.pause("everything", why), jobs.resume("everything")]
    ])
    yield* tried(pause)
    yield* Effect.sleep(below(1000))
    yield* Effect.orDie(Effect.retry(resume, Schedule.spaced("200 millis")))
  })
