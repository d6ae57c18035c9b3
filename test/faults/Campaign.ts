/**
 * Many trials, and what is counted of them.
 */
import { Effect } from "effect"
import {
  again,
  clean,
  type Fault,
  faultsOf,
  type Injection,
  once,
  type Recording,
  type Site,
  sometimes
} from "./Injection.ts"
import { runTrial, type Slot, type Tree, type Trial } from "./Trial.ts"

export interface Numbered {
  readonly number: number
  readonly tree: Tree
}

export interface Choice {
  readonly sites: ReadonlyArray<Site>
  readonly fault: Fault | undefined
  readonly boundary: number | undefined
  /** Each boundary with one fault only, in turn. */
  readonly inTurn: boolean
}

export interface Failure {
  /** How to have it again. */
  readonly command: string
  readonly what: string
  readonly problem: string
  readonly of: Numbered
  readonly seen: unknown
  /** To have it again in the order of this time. */
  readonly recording: Recording
}

export interface Campaign {
  trees: number
  runs: number
  /** Boundaries that were hit, each by any fault. */
  boundaries: number
  /** How many they are of each tree, by its number; of none where faults come at random. */
  readonly boundariesOf: Map<number, number>
  readonly faults: Map<Fault, number>
  readonly failures: Array<Failure>
  /** Runs whose outcome takes another order than a single performer's, by the kinds of turns that come sooner or later in it. */
  readonly orders: Map<string, number>
  /** The longest ways back to rest. */
  slowest: Array<Way>
}

/** How long a trial took. */
export interface Way {
  readonly millis: number
  readonly what: string
}

/**
 * The boundaries of each tree in one line, in the order of their numbers, to be compared with another commit's: where they are fewer, faults no
 * longer come where they did. They differ a little from run to run.
 */
export const boundariesInWords = ({ boundariesOf }: Pick<Campaign, "boundariesOf">): string =>
  [...boundariesOf].sort(([a], [b]) => a - b).map(([number, count]) => `${number}:${count}`).join(" ")

/** Those of the longest ways to rest that took longer than so many seconds. */
export const tooLong = ({ slowest }: Pick<Campaign, "slowest">, seconds: number): ReadonlyArray<Way> =>
  slowest.filter(({ millis }) => millis > seconds * 1000)

/** Who hears of a campaign while it goes on. */
export interface Reporter {
  readonly trial: (millis: number, what: string) => void
  readonly failure: (failure: Failure) => void
}

const describe = ({ number, tree }: Numbered, injection: Injection): string =>
  `tree ${number} (${tree.name})${
    injection.hits.map(({ fault, name, number, site }) => `, ${fault} at ${site} ${number} (${name})`).join("")
  }`

/** Runs trials beside each other, one in each slot at a time, and counts them. */
const bench = (slots: ReadonlyArray<Slot>, trees: number, reporter: Reporter) => {
  const campaign: Campaign = {
    trees,
    runs: 0,
    boundaries: 0,
    boundariesOf: new Map(),
    faults: new Map(),
    failures: [],
    orders: new Map(),
    slowest: []
  }
  const free = [...slots]
  const run = (of: Numbered, injection: Injection): Effect.Effect<Trial> =>
    Effect.acquireUseRelease(
      Effect.sync(() => free.pop()!),
      (slot) => runTrial(slot, of.tree, injection),
      (slot) => Effect.sync(() => void free.push(slot))
    )
  const count = (of: Numbered, { injection, millis, order, problem, seen }: Trial, command: string): void => {
    campaign.runs++
    if (order !== undefined) {
      const name = [...new Set(order.map((turn) => turn.replace(/ .* /, " ")))].sort().join(", ")
      campaign.orders.set(name, (campaign.orders.get(name) ?? 0) + 1)
    }
    for (const { fault } of injection.hits) campaign.faults.set(fault, (campaign.faults.get(fault) ?? 0) + 1)
    const what = describe(of, injection)
    reporter.trial(millis, what)
    campaign.slowest = [...campaign.slowest, { millis, what }].sort((a, b) => b.millis - a.millis).slice(0, 10)
    if (problem === undefined) return
    const failure = { command, what, problem, of, seen, recording: { hits: injection.hits, events: injection.events } }
    campaign.failures.push(failure)
    reporter.failure(failure)
  }
  const all = (jobs: ReadonlyArray<Effect.Effect<void>>) =>
    Effect.as(Effect.forEach(jobs, (job) => job, { concurrency: slots.length, discard: true }), campaign)
  return { campaign, run, count, all }
}

/** Hits every boundary of the trees with every fault, unless one of them is chosen. */
export const everywhere = (
  slots: ReadonlyArray<Slot>,
  trees: ReadonlyArray<Numbered>,
  choice: Choice,
  reporter: Reporter
): Effect.Effect<Campaign> => {
  const { all, campaign, count, run } = bench(slots, trees.length, reporter)
  const met = new Set<string>()
  return all(trees.flatMap((of) => [
    Effect.map(
      run(of, clean()),
      (trial) => count(of, trial, `npm run test:faults -- --tree ${of.number} --boundary 0`)
    ),
    ...(choice.boundary === 0 ? [] : choice.sites).flatMap((site) => {
      const faults = faultsOf(site).filter((fault) => choice.fault === undefined || choice.fault === fault)
      const series = (faultAt: (boundary: number) => Fault) =>
        Effect.gen(function*() {
          // boundaries differ a little from run to run: on until one is not met
          for (let boundary = choice.boundary ?? 1;; boundary++) {
            const fault = faultAt(boundary)
            const injection = once(site, boundary, fault)
            const command =
              `npm run test:faults -- --tree ${of.number} --site ${site} --boundary ${boundary} --fault ${fault}`
            count(of, yield* run(of, injection), command)
            if (injection.hits.length === 0) return
            const which = `${of.number} ${site} ${boundary}`
            if (!met.has(which)) campaign.boundariesOf.set(of.number, (campaign.boundariesOf.get(of.number) ?? 0) + 1)
            met.add(which)
            campaign.boundaries = met.size
            if (choice.boundary !== undefined) return
          }
        })
      return choice.inTurn
        ? [series((boundary) => faults[(boundary + of.number) % faults.length]!)]
        : faults.map((fault) => series(() => fault))
    })
  ]))
}

/** How often a random tree meets faults. */
const samples = 6

/** Random trees under several faults each. The outcome of some hangs on who is faster: of these any that some order leads to is right. */
export const atRandom = (
  slots: ReadonlyArray<Slot>,
  trees: ReadonlyArray<Numbered>,
  reporter: Reporter
): Effect.Effect<Campaign> => {
  const { all, campaign, count, run } = bench(slots, trees.length, reporter)
  return all(trees.map((of) =>
    Effect.gen(function*() {
      for (let n = 0; n < samples; n++) {
        const injection = sometimes(of.number * samples + n, { probability: 0.08, limit: 3 })
        count(of, yield* run(of, injection), `npm run test:faults -- --random 1 --seed ${of.number}`)
        campaign.boundaries += injection.hits.length
      }
    })
  ))
}

/** Runs one tree as it was recorded, so many times. */
export const replayed = (
  slots: ReadonlyArray<Slot>,
  of: Numbered,
  recording: Recording,
  times: number,
  reporter: Reporter
): Effect.Effect<Campaign> => {
  const { all, count, run } = bench(slots, 1, reporter)
  return all(
    Array.from({ length: times }, () => Effect.map(run(of, again(recording)), (trial) => count(of, trial, "once more")))
  )
}
