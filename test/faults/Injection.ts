/**
 * Where faults strike: every statement that a process of the test sends, and the places of the engine where none is sent. Boundaries
 * are numbered by site as a run meets them; an injection says what happens at which.
 */

/** What a statement meets. `hang` and `kill` come before the server has it, `silence` and `kill-after` when it has been executed. */
export const statementFaults = ["fail", "lost-answer", "hang", "silence", "kill", "kill-after"] as const
/** What a place of the engine meets. */
export const placeFaults = ["kill", "pause"] as const

export type Fault = (typeof statementFaults)[number] | (typeof placeFaults)[number]

export const sites = ["worker", "worker-place", "client", "client-place"] as const
export type Site = (typeof sites)[number]

export const faultsOf = (site: Site): ReadonlyArray<Fault> => site.endsWith("place") ? placeFaults : statementFaults

export interface Boundary {
  readonly site: Site
  /** Counted from 1, each site for itself. */
  readonly number: number
  /** The statement or the place, such as `finish` or `claimed`. */
  readonly name: string
}

export interface Hit extends Boundary {
  readonly fault: Fault
}

export class Injection {
  readonly hits: Array<Hit> = []
  readonly #counts = new Map<Site, number>()
  #isOver = false
  readonly #decide: (boundary: Boundary, hits: number) => Fault | undefined

  constructor(decide: (boundary: Boundary, hits: number) => Fault | undefined) {
    this.#decide = decide
  }

  /** What happens at the boundary that a process has come to. */
  next(site: Site, name: string): Fault | undefined {
    if (this.#isOver) return undefined
    const number = (this.#counts.get(site) ?? 0) + 1
    this.#counts.set(site, number)
    const boundary = { site, number, name }
    const fault = this.#decide(boundary, this.hits.length)
    if (fault !== undefined) this.hits.push({ ...boundary, fault })
    return fault
  }

  /** From now on everything goes well. */
  stop(): void {
    this.#isOver = true
  }
}

/** No fault at all. */
export const clean = (): Injection => new Injection(() => undefined)

/** One fault, at one boundary. */
export const once = (site: Site, number: number, fault: Fault): Injection =>
  new Injection((boundary) => boundary.site === site && boundary.number === number ? fault : undefined)

/** One fault, where a statement or place of this name is met for the nth time. */
export const named = (site: Site, name: string, nth: number, fault: Fault): Injection => {
  let met = 0
  return new Injection((boundary) =>
    boundary.site === site && boundary.name === name && ++met === nth ? fault : undefined
  )
}

/** Faults here and there, the same ones at the same boundaries for one seed. */
export const sometimes = (
  seed: number,
  options: { readonly probability: number; readonly limit: number; readonly only?: Fault }
): Injection =>
  new Injection((boundary, hits) => {
    if (hits >= options.limit) return undefined
    const chance = chances(seed, boundary)
    if (chance() >= options.probability) return undefined
    const faults = faultsOf(boundary.site).filter((fault) => options.only === undefined || fault === options.only)
    return faults[Math.floor(chance() * faults.length)]
  })

/** Numbers below 1 that hang on the seed and the boundary, not on the order in which processes come to theirs. */
const chances = (seed: number, { number, site }: Boundary): () => number => {
  let state = (seed * 1_000_003 + number * 7919 + sites.indexOf(site) * 104_729) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
