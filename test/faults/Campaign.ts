/**
 * Many trials, and what is counted of them.
 */
import { Effect } from "effect"
import { clean, type Fault, faultsOf, type Injection, once, type Site } from "./Injection.ts"
import { runTrial, type Slot, type Tree, type Trial } from "./Trial.ts"

export interface Numbered {
  readonly number: number
  readonly tree: Tree
}

export interface Choice {
  readonly sites: ReadonlyArray<Site>
  readonly fault: Fault | undefined
  readonly boundary: number | undefined
}

export interface Failure {
  /** How to have it again. */
  readonly command: string
  readonly what: string
  readonly problem: string
}

export interface Campaign {
  trees: number
  runs: number
  /** Boundaries that were hit, each by any fault. */
  boundaries: number
  readonly faults: Map<Fault, number>
  readonly failures: Array<Failure>
  /** The longest ways back to rest. */
  slowest: Array<{ readonly millis: number; readonly what: string }>
}

export const begin = (): Campaign => ({
  trees: 0,
  runs: 0,
  boundaries: 0,
  faults: new Map(),
  failures: [],
  slowest: []
})

const describe = ({ number, tree }: Numbered, injection: Injection): string =>
  `tree ${number} (${tree.name})${
    injection.hits.map(({ fault, name, number, site }) => `, ${fault} at ${site} ${number} (${name})`).join("")
  }`

/** Counts a trial. */
export const count = (campaign: Campaign, of: Numbered, trial: Trial, command: string): void => {
  campaign.runs++
  const { hits } = trial.injection
  for (const { fault } of hits) campaign.faults.set(fault, (campaign.faults.get(fault) ?? 0) + 1)
  const what = describe(of, trial.injection)
  if (process.env.STEPPED_TRIALS !== undefined) console.log(Math.round(trial.millis), what)
  campaign.slowest = [...campaign.slowest, { millis: Math.round(trial.millis), what }]
    .sort((a, b) => b.millis - a.millis).slice(0, 10)
  if (trial.problem !== undefined) campaign.failures.push({ command, what, problem: trial.problem })
}

/** Hits every boundary of the trees with every fault, unless one of them is chosen. */
export const everywhere = (
  slots: ReadonlyArray<Slot>,
  trees: ReadonlyArray<Numbered>,
  choice: Choice,
  onFailure: (failure: Failure) => void
): Effect.Effect<Campaign> =>
  Effect.gen(function*() {
    const campaign = begin()
    const free = [...slots]
    const run = (of: Numbered, injection: Injection, command: string) =>
      Effect.acquireUseRelease(
        Effect.sync(() => free.pop()!),
        (slot) =>
          Effect.map(runTrial(slot, of.tree, injection), (trial) => {
            const before = campaign.failures.length
            count(campaign, of, trial, command)
            for (const failure of campaign.failures.slice(before)) onFailure(failure)
          }),
        (slot) => Effect.sync(() => void free.push(slot))
      )
    const jobs = trees.flatMap((of) => {
      campaign.trees++
      const atClean = run(of, clean(), `npm run test:faults -- --tree ${of.number} --boundary 0`)
      const series = choice.sites.flatMap((site) =>
        faultsOf(site).filter((fault) => choice.fault === undefined || choice.fault === fault).map((fault) =>
          Effect.gen(function*() {
            // boundaries differ a little from run to run: on until one is not met
            for (let boundary = choice.boundary ?? 1;; boundary++) {
              const injection = once(site, boundary, fault)
              const command =
                `npm run test:faults -- --tree ${of.number} --site ${site} --boundary ${boundary} --fault ${fault}`
              yield* run(of, injection, command)
              if (injection.hits.length === 0 || choice.boundary !== undefined) {
                break
              }
              if (fault === faultsOf(site)[0]) campaign.boundaries++
            }
          })
        )
      )
      return [atClean, ...series]
    })
    yield* Effect.forEach(jobs, (job) => job, { concurrency: slots.length, discard: true })
    return campaign
  })
