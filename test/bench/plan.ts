/** What is run: every system's works, with the fastest settings that its documentation offers and that were found to be so. */

export interface Entry {
  readonly system: string
  readonly work: string
  /** How it differs from another entry of the same system and work. */
  readonly variant?: string | undefined
  readonly program: string
  readonly settings: Readonly<Record<string, string | number | boolean>>
  /** Works on the same database, in a process of its own, before the one that is measured. */
  readonly before?: Readonly<Record<string, string | number | boolean>> | undefined
  /** A run that takes long is not repeated. */
  readonly once?: boolean
}

const entries = (
  system: string,
  program: string,
  works: Readonly<Record<string, Entry["settings"]>>
): ReadonlyArray<Entry> =>
  Object.entries(works).map(([name, settings]) => {
    const [work, variant] = name.split(": ") as [string, string | undefined]
    const { once, ...rest } = settings
    return {
      system,
      work,
      ...(variant === undefined ? {} : { variant }),
      program,
      settings: { work, ...rest },
      once: once === true
    }
  })

/** The same workflows by each engine, with as many executions at once as it is fastest with. */
const workflows = (
  system: string,
  engine: string,
  { counts: [one, five, fifty], ...settings }: {
    readonly counts: readonly [number, number, number]
    readonly concurrency: number
  }
): ReadonlyArray<Entry> =>
  entries(system, "workflows.ts", {
    "workflow of one activity": { engine, ...settings, count: one },
    "workflow of five activities": { engine, ...settings, count: five, activities: 5 },
    "workflow of fifty children": { engine, ...settings, count: fifty, children: 50 }
  })

/** A backlog that another process has made. */
const afterwards = (work: string, variant: string, settings: Entry["settings"]): Entry => ({
  system: "Stepped",
  work,
  variant,
  program: "stepped.ts",
  settings: { work, ...settings },
  before: { work: "queue", count: settings.count! },
  once: true
})

export const ours: ReadonlyArray<Entry> = [
  ...entries("Stepped", "stepped.ts", {
    W1: { count: 5000 },
    "W1: concurrency 32": { count: 5000, concurrency: 32 },
    W2: { count: 500 },
    W3: { count: 5000 },
    "W3: concurrency 32": { count: 5000, concurrency: 32 },
    W4: { count: 5000 },
    "W4: concurrency 32": { count: 5000, concurrency: 32 },
    W6: { count: 200_000 },
    W5: { count: 200_000, once: true },
    "W5: never analysed nor vacuumed": { count: 200_000, beside: "no vacuum", once: true },
    "W5: an old snapshot elsewhere": { count: 200_000, beside: "old snapshot", once: true },
    "W5: a hundred queues": { count: 200_000, beside: "many queues", once: true },
    "W5: sixteen idle workers": { count: 200_000, beside: "idle workers", once: true },
    "contention: superseding": { count: 5000, policy: "superseding" },
    "contention: a line": { count: 5000, policy: "line" },
    "contention: limits of ten": { count: 50_000, policy: "limits" },
    "tenants: a hundred, in turns": { count: 50_000 },
    "tenants: a hundred, as enqueued": { count: 50_000, inTurns: false },
    "fan-in": { count: 50_000 },
    "cancelling: 100,000 queued children": { count: 100_000, once: true },
    depth: { count: 10_000 },
    "idle: fifty workers": { workers: 50, seconds: 30, once: true }
  }),
  afterwards("processes", "1 worker process", { count: 100_000, processes: 1 }),
  afterwards("processes", "2 worker processes", { count: 100_000, processes: 2 }),
  afterwards("processes", "4 worker processes", { count: 100_000, processes: 4 }),
  afterwards("memory", "a million actions", { count: 1_000_000 }),
  ...entries("Stepped", "looking.ts", { "looking: a million actions": { count: 1_000_000, once: true } }),
  ...entries("Stepped", "http.ts", {
    "http: 200 requests a second beside an engine that is given 2,000 actions a second, in its process": {
      count: 12_000,
      given: 2000,
      once: true
    },
    "http: 200 requests a second beside an engine that is given 2,000 actions a second, in another process": {
      count: 12_000,
      given: 2000,
      apart: true,
      once: true
    },
    "http: 200 requests a second beside an engine at its limit": { count: 12_000, once: true }
  }),
  ...entries("Stepped", "history.ts", { "history: a month, a week of it kept": { count: 600_000, once: true } }),
  ...entries("Stepped", "history.ts", {
    "history: two years, a week of them kept, failures for 90 days": {
      count: 960_000,
      days: 24,
      daysOfOne: 30,
      failing: 5,
      failedDays: 90,
      once: true
    }
  })
]

/** What needs nothing installed beside the package's own dependencies. */
export const engines: ReadonlyArray<Entry> = [
  ...workflows("effect/workflow on a cluster", "cluster", { counts: [2000, 500, 2000], concurrency: 200 }),
  ...workflows("effect/workflow in memory", "memory", { counts: [20_000, 10_000, 20_000], concurrency: 500 }),
  ...workflows("Stepped", "stepped", { counts: [10_000, 5000, 10_000], concurrency: 500 })
]

export const peers: ReadonlyArray<Entry> = [
  ...entries("effect/workflow", "peers/effect-workflow.mjs", {
    W1: { count: 2000 },
    W2: { count: 200 },
    W3: { count: 2500 },
    W4: { count: 1600, concurrency: 16 }
  }),
  ...entries("DBOS", "peers/dbos.mjs", {
    W1: { count: 5000, connections: 10 },
    W2: { count: 500 },
    W3: { count: 5000 },
    W4: { count: 5000, concurrency: 16 },
    W6: { count: 200_000, drain: 20_000, workerConcurrency: 256, once: true }
  }),
  ...entries("graphile-worker, one by one", "peers/graphile-worker.mjs", {
    W1: { count: 5000, concurrency: 32 },
    W2: { count: 500, concurrency: 8 },
    W3: { count: 5000, concurrency: 32 },
    W6: { count: 200_000, concurrency: 32, once: true }
  }),
  ...entries("graphile-worker, batched", "peers/graphile-worker.mjs", {
    W1: { count: 5000, concurrency: 24, localQueue: 500, batchDelay: 0 },
    W2: { count: 500, concurrency: 24, localQueue: 500, batchDelay: 0 },
    W3: { count: 5000, concurrency: 64, localQueue: 500, batchDelay: 0 },
    W6: { count: 200_000, concurrency: 24, localQueue: 500, batchDelay: 0 }
  }),
  ...entries("pg-boss, one by one", "peers/pg-boss.mjs", {
    W1: { count: 5000, batch: 1, concurrency: 32 },
    W2: { count: 200, batch: 1, concurrency: 1 },
    W6: { count: 200_000, batch: 1, concurrency: 32, once: true }
  }),
  ...entries("pg-boss, batched", "peers/pg-boss.mjs", {
    W1: { count: 5000, batch: 500, concurrency: 4 },
    W3: { count: 5000, batch: 250, concurrency: 4 },
    W4: { count: 5000, batch: 250, concurrency: 4 },
    W6: { count: 200_000, batch: 500, concurrency: 4 }
  }),
  ...entries("bare SQL, one by one", "peers/bare-sql.mjs", {
    enqueue: { count: 10_000 },
    W1: { count: 5000 },
    W2: { count: 500 }
  }),
  ...entries("bare SQL, by the hundred", "peers/bare-sql.mjs", {
    bulk: { count: 200_000, batch: 100, connections: 4 },
    W1: { count: 100_000, batch: 100, connections: 4 }
  })
]
