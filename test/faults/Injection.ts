/**
 * Where faults strike: every statement that a process of the test sends, and the places of the engine where none is sent. Boundaries
 * are numbered by site as a run meets them; an injection says what happens at which. It also records in which order they were met, and
 * another one can have that order kept.
 */
import { Clock, Effect, Latch } from "effect"

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
  /** Counted from 1, each name of a site for itself. */
  readonly nth: number
}

export interface Hit extends Boundary {
  readonly fault: Fault
}

/** What a process meets at a boundary. */
export interface Meeting {
  readonly fault: Fault | undefined
  /** To be run when it has the answer; `idle` if that says that there was nothing to do. */
  readonly passed: (idle: boolean) => Effect.Effect<void>
}

/** What happened in a run: enough to have it once more. */
export interface Recording {
  readonly hits: ReadonlyArray<Hit>
  readonly events: ReadonlyArray<Event>
}

/** A process came to a boundary, or has its answer; both have the same number. */
export interface Event {
  readonly at: string
  readonly number: number
  readonly comes: boolean
  readonly fault?: Fault
}

/** The boundaries whose order decides what comes of a run; others come when time has passed, or tell what is stored already. */
const decisive = new Set([
  "enqueue",
  "enqueue_and_claim",
  "claim",
  "finish",
  "complete",
  "tick",
  "cancel_abandoned",
  "begin",
  "commit"
])
const isDecisive = (site: Site, name: string) =>
  site.endsWith("place") ? name === "performed" || name === "prepared" : decisive.has(name)

export class Injection {
  readonly hits: Array<Hit> = []
  /** Decisive boundaries in the order in which they were met; without those at which there was nothing to do. */
  readonly events: Array<Event> = []
  /** Whether an order is kept. */
  readonly isReplay: boolean
  readonly #counts = new Map<string, number>()
  #isOver = false
  readonly #decide: (boundary: Boundary, hits: number) => Fault | undefined
  readonly #order: Order | undefined

  constructor(decide: (boundary: Boundary, hits: number) => Fault | undefined, order?: ReadonlyArray<Event>) {
    this.#decide = decide
    this.isReplay = order !== undefined
    this.#order = order === undefined ? undefined : new Order(order)
  }

  #count(what: string): number {
    const count = (this.#counts.get(what) ?? 0) + 1
    this.#counts.set(what, count)
    return count
  }

  /** What happens at the boundary that a process has come to. */
  meet(site: Site, name: string): Effect.Effect<Meeting> {
    return Effect.suspend(() => {
      const nth = this.#count(`${site} ${name}`)
      const boundary = { site, number: this.#count(site), name, nth }
      const strike = (recorded: Fault | undefined): Fault | undefined => {
        const fault = this.#isOver ? undefined : recorded ?? this.#decide(boundary, this.hits.length)
        if (fault !== undefined) this.hits.push({ ...boundary, fault })
        return fault
      }
      if (!isDecisive(site, name)) return Effect.sync(() => ({ fault: strike(undefined), passed: () => Effect.void }))
      const order = this.#isOver ? undefined : this.#order
      const at = `${site} ${name}`
      return Effect.map(order === undefined ? Effect.undefined : order.comesTo(at), (turn): Meeting => {
        const fault = strike(turn?.fault)
        const met = { at, number: this.#count("") }
        const came: Event = { ...met, comes: true, ...fault === undefined ? {} : { fault } }
        this.events.push(came)
        return {
          fault,
          passed: (idle) => {
            if (idle) {
              return Effect.sync(() => {
                this.events.splice(this.events.indexOf(came), 1)
                if (turn !== undefined) order?.giveBack(turn)
              })
            }
            const ends = Effect.sync(() => void this.events.push({ ...met, comes: false }))
            return turn === undefined || order === undefined ? ends : Effect.andThen(order.passes(turn), ends)
          }
        }
      })
    })
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

/** What a run met, in the order in which it met it. */
export const again = ({ events, hits }: Recording): Injection =>
  new Injection(
    ({ name, nth, site }) =>
      isDecisive(site, name)
        ? undefined
        : hits.find((hit) => hit.site === site && hit.name === name && hit.nth === nth)?.fault,
    events
  )

/** How long a boundary is kept from coming before its turn: whoever runs once more may go another way. */
const patienceMs = 200
const realClock = Clock.Clock.defaultValue()

interface Planned extends Event {
  isDone: boolean
}

/** Boundaries one after another, as they were recorded. */
class Order {
  readonly #events: ReadonlyArray<Planned>
  readonly #waiting = new Map<Planned, Latch.Latch>()
  #at = 0

  constructor(events: ReadonlyArray<Event>) {
    this.#events = events.map((event) => ({ ...event, isDone: false }))
  }

  /** Waits for the turn of whoever comes to a boundary, and gives what was recorded; nothing, and at once, if nobody came any more. */
  comesTo(at: string): Effect.Effect<Event | undefined> {
    return this.#turnOf((event) => event.comes && event.at === at)
  }

  /** Waits for the turn of whoever has passed it. */
  passes({ number }: Event): Effect.Effect<unknown> {
    return this.#turnOf((event) => !event.comes && event.number === number)
  }

  #turnOf(is: (event: Event) => boolean): Effect.Effect<Event | undefined> {
    return Effect.suspend(() => {
      const event = this.#events.find((one) => !one.isDone && !this.#waiting.has(one) && is(one))
      if (event === undefined) return Effect.undefined
      const latch = Latch.makeUnsafe(this.#events[this.#at] === event)
      this.#waiting.set(event, latch)
      return Effect.as(
        Effect.ensuring(
          Effect.timeoutOption(latch.await, patienceMs),
          Effect.sync(() => {
            this.#waiting.delete(event)
            event.isDone = true
            this.#goOn()
          })
        ),
        event
      ).pipe(Effect.provideService(Clock.Clock, realClock))
    })
  }

  /** Where there was nothing to do the turn has not come. */
  giveBack(event: Event): void {
    const place = this.#events.findIndex((one) => one === event)
    this.#events[place]!.isDone = false
    this.#at = Math.min(this.#at, place)
  }

  #goOn(): void {
    while (this.#events[this.#at]?.isDone === true) this.#at++
    const next = this.#events[this.#at]
    if (next !== undefined) this.#waiting.get(next)?.openUnsafe()
  }
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
