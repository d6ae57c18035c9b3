/**
 * The trees of a chaos run: what clients ask for, what workers perform, and which of them can be foretold.
 *
 * A group is what one client asks for at a time. Its trees have actors, lanes and checksum keys of their own; groups of one number meet.
 */
import { Layer, Predicate, Schedule } from "effect"
import type { SqlClient } from "effect/sql"
import * as fc from "fast-check"
import type { Engine, Stepped } from "stepped"
import { actorNames, type Deed, type Op, type Outcome, outcome, type Plan, type Replaceable } from "../model/Model.ts"
import { crowds, makeWorld, planOf, type WorldOptions } from "../model/Trees.ts"
import { makeBells } from "./Bells.ts"
import { layerCharters } from "./Charters.ts"
import { portsLive } from "./Ports.ts"
import { makeTrucks } from "./Trucks.ts"
import { makeVoyages, type Writes } from "./Voyages.ts"

/** What a database, or a role, gives its transactions by default. */
export type Isolation = "read committed" | "repeatable read"

/** What a worker's process is told to begin with. */
export interface WorkerBrief {
  readonly url: string
  readonly logFile: string
  readonly clockMs: number
  readonly isolation: Isolation
  readonly concurrency: number
  readonly second: number
  /** Of its program. */
  readonly version: number
}

/** What a plan's second takes: waits and timeouts of up to half a second. */
export const secondMs = 50

export const leaseMs = 2000

/** Of workers and clients. */
export const engineOptions: Stepped.EngineOptions = {
  lease: leaseMs,
  pollInterval: "250 millis",
  statementTimeout: "4 seconds",
  // a database that goes away in the middle of a transactional step is no reason to fail; neither are a thousand kills
  handledDefects: (defect) => !Predicate.isTagged(defect, "SqlError"),
  retry: Schedule.spaced("500 millis"),
  attempts: 10_000
}

export type Asked = Extract<Op, { readonly _tag: "Invoke" | "Cancel" }>

export interface Group {
  readonly name: string
  readonly asks: ReadonlyArray<Asked>
  /** What must come of it; nothing where that depends on who comes first. */
  readonly foretold: Outcome | undefined
  /** Enqueued in one transaction with an order. */
  readonly ordered: boolean
}

export const groupOf = (place: string): number => Number(/^\d+/.exec(place)?.[0] ?? 0)

/** What some results take: more than travels with an answer, and with that of a sibling or two more than a message holds. */
export const padding = 900_000

export const layerWorld = (
  options: Pick<WorldOptions, "second"> & {
    readonly ran: NonNullable<WorldOptions["ran"]>
    readonly writes: Writes
    readonly version: number
  }
): Layer.Layer<never, never, Engine | SqlClient.SqlClient> => {
  const bells = makeBells(options.ran)
  return Layer.mergeAll(
    makeWorld({ ...options, groupOf, padding }).layer,
    makeTrucks(options.ran).layer,
    makeVoyages(options.writes).layer,
    portsLive,
    layerCharters,
    bells.layer,
    bells.declared(options.version)
  )
}

/** How many numbers crowds have: with more of them than are under way at a time, a crowd mostly meets those that are over. */
const crowdNumbers = 200

export const isForetold = (place: string): boolean => groupOf(place) >= crowdNumbers

/** The group with this index, always the same for a seed. */
export const groupAt = (seed: number, index: number): Group =>
  index % 2 === 0 ? single(seed, index) : crowd(seed, index)

const sample = <A>(arbitrary: fc.Arbitrary<A>, seed: number, count: number): ReadonlyArray<A> =>
  fc.sample(arbitrary, { seed, numRuns: count })

const crowd = (seed: number, index: number): Group => {
  const number = index % crowdNumbers
  return {
    name: `${number}~${index}`,
    asks: sample(crowds, seed + index, 1)[0]!.map((ask) =>
      ask._tag === "Cancel" ? ask : { ...ask, plan: within(ask.plan, number) }
    ),
    foretold: undefined,
    ordered: false
  }
}

/** One tree, the largest of a few, in which nobody meets anybody: what comes of it is what the model says, whoever performs it. */
const single = (seed: number, index: number): Group => {
  const number = crowdNumbers + index
  const plans = sample(planOf(3), seed + index, 3).map((plan) => JSON.stringify(plan))
  const largest = plans.reduce((a, b) => a.length < b.length ? b : a)
  const ask: Asked = {
    _tag: "Invoke",
    actor: index % actorNames.length,
    plan: apart(JSON.parse(largest) as Plan, String(index))
  }
  const foretold = outcome([ask])
  // only what is stored can be looked for
  const ordered = index % 8 === 0 && foretold.actions.some(({ key }) => key === "0")
  return { name: `${number}~${index}`, asks: [ask], foretold, ordered }
}

const mapDeeds = <A extends Replaceable>(plan: A, change: (deed: Deed, at: string) => ReadonlyArray<Deed>): A => ({
  ...plan,
  steps: plan.steps.map((step, i) => ({ ...step, deeds: step.deeds.flatMap((deed, n) => change(deed, `${i}:${n}`)) }))
})

/** The same plan with lanes and keys of its own; in every other crowd what has two steps may complete itself. */
const within = (plan: Plan, number: number): Plan => {
  const prefix = `${number} `
  const { outbound, steps } = plan.shape
  const inside = (deed: Deed): ReadonlyArray<Deed> =>
    "plan" in deed ? [{ ...deed, plan: within(deed.plan, number) }] : [deed]
  return {
    ...mapDeeds(plan, inside),
    // with a number the second step is transactional
    shape: steps === 2 ? { ...plan.shape, success: "number", outbound: outbound || number % 4 === 1 } : plan.shape,
    lane: plan.lane === null ? null : prefix + plan.lane,
    checksumKey: plan.checksumKey === null ? null : prefix + plan.checksumKey,
    other: plan.other === null ? null : mapDeeds(plan.other, inside),
    afterwards: plan.afterwards === null ? null : within(plan.afterwards, number)
  }
}

/** The same plan with a lane and a checksum key for each of its actions, and without what depends on how long something takes. */
const apart = (plan: Plan, path: string): Plan => {
  const inside = (mark: string) => (deed: Deed, at: string): ReadonlyArray<Deed> => {
    // whoever completes an action does not ask how far its steps are: they are over at once
    if (plan.shape.outbound && ("plan" in deed || deed._tag === "Wait")) return []
    if (!("plan" in deed)) return [deed]
    // what several actors are asked for has one lane
    const on = deed.on === null ? null : [...deed.on.filter((n) => n < 0), ...deed.on.filter((n) => n >= 0).slice(0, 1)]
    return [{ ...deed, on, plan: apart(deed.plan, `${path}${mark}${at}`) }]
  }
  return {
    ...mapDeeds(plan, inside(".")),
    // with a number the second step is transactional
    shape: plan.shape.steps === 2 ? { ...plan.shape, success: "number" } : plan.shape,
    lane: `lane ${path}`,
    checksumKey: `key ${path}`,
    timeout: null,
    other: plan.other === null ? null : mapDeeds(plan.other, inside("'")),
    afterwards: plan.afterwards === null ? null : apart(plan.afterwards, `${path}!`)
  }
}

/** An outcome's names, once those of the group are replaced by the model's. */
export const inModelsWords = (name: string): (text: string) => string => {
  const number = groupOf(name)
  const names: ReadonlyArray<readonly [string, string]> = [
    [`One/${2 * number + 1}`, actorNames[0]],
    [`One/${2 * number + 2}`, actorNames[1]],
    [`Two/x${number}`, actorNames[2]],
    [`${name}-`, ""]
  ]
  return (text) => names.reduce((result, [from, to]) => result.replaceAll(from, to), text)
}
