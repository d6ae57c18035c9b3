/** One run of one work by the engine, in a process and on a database of its own. */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted, type Scope } from "effect"
import { Reactivity } from "effect/reactivity"
import { Stepped } from "stepped"
import { startProgram } from "../harness/Program.ts"
import { Cars, convoy, deliveries, drive, hear, layer, tour, tow, Vans } from "./Cars.ts"
import { counting, latency, type Measured, say, settings } from "./Measured.ts"
import { startMeter, uncounted } from "./Meter.ts"
import { analyse, bytesKept, meterMiddle } from "./steady.ts"

const { beside, concurrency, connections, count, inTurns, policy, processes, seconds, work, workers } = settings({
  work: "W1",
  count: 5000,
  concurrency: 500,
  connections: 2,
  // of workers, where those are not in this process
  processes: 1,
  // that have nothing to do, and for how long
  workers: 16,
  seconds: 30,
  // what becomes of whoever finds a lane busy
  policy: "superseding" as keyof typeof contended,
  // whether tenants take turns
  inTurns: true,
  // what makes a long backlog harder
  beside: "nothing" as "nothing" | "no vacuum" | "old snapshot" | "many queues" | "idle workers"
})

const url = Redacted.make(process.env.DATABASE_URL!)
const client = PgClient.makeClient({ url }).pipe(Effect.provide(Reactivity.layer))
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

/** Measures an effect, which may say when its time began and what else there is to say. */
const measure = <E, R>(
  { pids = [], ...named }: Pick<Measured, "work" | "count" | "unit"> & {
    readonly actions?: number
    /** The clients, if they are not this process. */
    readonly pids?: ReadonlyArray<number>
  },
  effect: Effect.Effect<Partial<Measured> & { readonly began?: number }, E, R>
) =>
  Effect.gen(function*() {
    const stop = yield* startMeter(pids)
    const start = performance.now()
    const { began = start, ...rest } = yield* effect
    const seconds = (performance.now() - began) / 1000
    const reading = yield* stop
    say({ ...named, seconds, actions: named.actions ?? named.count, reading, ...rest })
  })

const isTrue = (condition: string) =>
  Effect.flatMap(
    PgClient.PgClient,
    (sql) => Effect.map(sql.unsafe<{ so: boolean }>(`select ${uncounted} ${condition} as so`), ([row]) => row!.so)
  )

/** A run that has not done its work is none. */
const check = (condition: string) =>
  Effect.flatMap(isTrue(condition), (so) => so ? Effect.void : Effect.die(new Error(`not so: ${condition}`)))

const drained = Effect.gen(function*() {
  while (!(yield* isTrue("not exists (select from stepped.jobs) and not exists (select from stepped.live_actions)"))) {
    yield* Effect.sleep("3 millis")
  }
})

/** Works off what is queued, and counts the bodies that it takes. */
const drain = (
  named: Parameters<typeof measure>[0],
  { actions = named.count, bodies, part, sample }: {
    readonly actions?: number
    readonly bodies: number
    readonly part?: number
    readonly sample?: () => Readonly<Record<string, number>>
  }
) =>
  Effect.gen(function*() {
    const ran = counting(bodies, part, sample)
    hear(ran.ran)
    yield* measure(
      { ...named, actions },
      Effect.gen(function*() {
        yield* Layer.build(Stepped.worker({ concurrency, connections }))
        yield* Effect.promise(() => ran.all)
        yield* drained
        return { began: ran.began(), ...(ran.samples.length === 0 ? {} : { samples: ran.samples }) }
      })
    )
    yield* check(`(select count(*) = ${actions} from stepped.actions where status = 'succeeded')`)
  })

const each = (from: number, to: number, enqueue: (id: number) => Effect.Effect<unknown, unknown>) =>
  Effect.forEach(numbers(from, to), enqueue, { concurrency: 32, discard: true })

/** On how many lanes it is performed, by what becomes of whoever finds its lane busy. */
const contended = { superseding: 50, line: 50, limits: 1000 }
const trucks = work === "contention" && policy !== "superseding" ? await import("./Trucks.ts") : undefined

const ships = work === "cancelling" ? await import("./Ships.ts") : undefined

/** Cancels a parent whose children no worker has taken: until it is answered, and until all of them have ended. */
const cancelQueued = Effect.gen(function*() {
  const { harbour, openSea, Ships } = ships!
  const handle = yield* (yield* Ships.client)(count).armadaLater(count)
  yield* Layer.build(Stepped.worker({ concurrency, connections, queues: [openSea] }))
  while (!(yield* isTrue("exists (select from stepped.live_actions where phase = 1)"))) yield* Effect.sleep("3 millis")
  yield* measure(
    { work, unit: "children", count, actions: count + 1 },
    Effect.gen(function*() {
      const began = performance.now()
      yield* handle.cancel()
      const answeredMs = Math.round(performance.now() - began)
      yield* Layer.build(Stepped.worker({ concurrency, connections, queues: [harbour] }))
      yield* drained
      return { began, samples: [{ answeredMs }] }
    })
  )
  yield* check(`(select count(*) = ${count + 1} from stepped.actions where status = 'cancelled')`)
})

const tenants = work === "tenants" ? await import("./Tenants.ts") : undefined

/** One tenant has nearly all, and ninety-nine come after it with ten each; how many have run when the last of these has. */
const perform100Tenants = Effect.gen(function*() {
  const { fair, FairSites, hearTenants, Sites, unfair } = tenants!
  const much = count - 990
  const enqueue = (tenant: (id: number) => number) => (ids: ReadonlyArray<number>) =>
    inTurns
      ? Effect.flatMap(FairSites.client, (client) => client.enqueueMany(fair, ids.map((id) => [id, tenant(id)])))
      : Effect.flatMap(Sites.client, (client) => client.enqueueMany(unfair, ids.map((id) => [id, tenant(id)])))
  yield* measure({ work: "bulk", unit: "actions", count: much }, Effect.as(bulk(much, enqueue(() => 0)), {}))
  yield* enqueue((id) => 1 + id % 99)(numbers(much, count))
  let all = 0
  let little = 0
  const samples: Array<Readonly<Record<string, number>>> = []
  hearTenants((tenant) => {
    all++
    if (tenant > 0 && ++little === 990) samples.push({ ranBeforeTheLastOfTheOthers: all - 990 })
  })
  const ran = counting(count)
  hear(ran.ran)
  yield* measure(
    { work, unit: "actions", count },
    Effect.gen(function*() {
      yield* Layer.build(Stepped.worker({ concurrency, connections }))
      yield* Effect.promise(() => ran.all)
      yield* drained
      return { began: ran.began(), samples }
    })
  )
  yield* check(`(select count(*) = ${count} from stepped.actions where status = 'succeeded')`)
})

/** Enqueues actions that are performed on few lanes. */
const contend = Effect.gen(function*() {
  const lanes = contended[policy]
  if (trucks === undefined) {
    const cars = yield* Cars.client
    return yield* bulk(count, (ids) => cars.enqueueMany(drive, ids.map((id) => [id % lanes, id])))
  }
  const { pass, Trucks, unload } = trucks
  const client = yield* Trucks.client
  yield* bulk(count, (ids) => client.enqueueMany(policy === "line" ? pass : unload, ids.map((id) => [id, id % lanes])))
})

/** As many in a call as other systems are given. */
const bulk = <R>(to: number, enqueue: (ids: ReadonlyArray<number>) => Effect.Effect<unknown, unknown, R>) => {
  const parts = numbers(0, Math.ceil(to / 5000)).map((part) => numbers(part * 5000, Math.min(to, (part + 1) * 5000)))
  return Effect.forEach(parts, enqueue, { discard: true })
}

/** How much memory is in use, with what is garbage and without. */
const memory = () => {
  const { heapUsed, rss } = process.memoryUsage()
  globalThis.gc?.()
  const megabytes = (bytes: number) => Math.round(bytes / 1e5) / 10
  return { rssMb: megabytes(rss), heapMb: megabytes(heapUsed), liveMb: megabytes(process.memoryUsage().heapUsed) }
}

/** Starts workers in processes of their own on what is queued: the time runs from the first body of any to the last durable end. */
const drainElsewhere = Effect.gen(function*() {
  const path = new URL("./worker.ts", import.meta.url).pathname
  const programs = yield* Effect.forEach(
    numbers(0, processes),
    () => startProgram(path, { url, env: { CONCURRENCY: String(concurrency) } })
  )
  yield* Effect.forEach(programs, (program) => program.says("ready"))
  const stop = yield* startMeter(programs.map(({ pid }) => pid))
  yield* Effect.forEach(programs, (program) => program.tell("go"), { discard: true })
  const last = () =>
    programs.map(({ said }) => said.at(-1) as unknown as { readonly done: number; readonly began: number })
  while (last().reduce((sum, { done }) => sum + done, 0) < count) yield* Effect.sleep("3 millis")
  yield* drained
  const began = Math.min(...last().filter(({ done }) => done > 0).map(({ began }) => began)) - performance.timeOrigin
  const seconds = (performance.now() - began) / 1000
  const reading = yield* stop
  say({
    work,
    count,
    unit: "actions",
    seconds,
    actions: count,
    reading,
    samples: last().map(({ done }, i) => ({ process: i + 1, done }))
  })
  yield* check(`(select count(*) = ${count} from stepped.actions where status = 'succeeded')`)
})

/** Workers in a process of its own, which find nothing to do. */
const idleWorkers = Effect.gen(function*() {
  const path = new URL("./idle.ts", import.meta.url).pathname
  const program = yield* startProgram(path, { url, env: { WORKERS: String(workers) } })
  yield* program.says("ready")
  return program
})

/** Whatever is to happen elsewhere while a long backlog is worked off. */
const besides = {
  nothing: Effect.void,
  "no vacuum": Effect.void,
  "old snapshot": Effect.gen(function*() {
    const sql = yield* client
    yield* sql`begin isolation level repeatable read`
    yield* sql`select from stepped.jobs limit 1`
  }),
  "many queues": Effect.void,
  "idle workers": idleWorkers
}

const noVacuum = Effect.flatMap(PgClient.PgClient, (sql) =>
  sql.unsafe(`do $$ declare t regclass; begin
    for t in select c.oid from pg_class c where relkind = 'r' and relnamespace = 'stepped'::regnamespace loop
      execute format('alter table %s set (autovacuum_enabled = off)', t);
    end loop; end $$`))

const workloads: Record<string, Effect.Effect<void, unknown, Stepped.Services | PgClient.PgClient | Scope.Scope>> = {
  W1: Effect.gen(function*() {
    const cars = yield* Cars.client
    const warm = count / 10
    const enqueue = (id: number) => cars(id).driveLater(id)
    yield* each(0, warm, enqueue)
    yield* measure(
      { work: "enqueue", unit: "actions", count: count - warm },
      Effect.as(each(warm, count, enqueue), {})
    )
    yield* drain({ work, unit: "actions", count }, { bodies: count })
  }),
  W2: Effect.gen(function*() {
    const cars = yield* Cars.client
    yield* Layer.build(Stepped.worker())
    const once = (id: number) =>
      Effect.gen(function*() {
        const began = performance.now()
        yield* cars(id).drive(id)
        return performance.now() - began
      })
    yield* Effect.forEach(numbers(0, 50), once)
    yield* measure(
      { work, unit: "actions", count },
      Effect.map(Effect.forEach(numbers(50, 50 + count), once), latency)
    )
  }),
  W3: Effect.gen(function*() {
    const cars = yield* Cars.client
    const tours = count / 5
    yield* bulk(tours, (ids) => cars.enqueueMany(tour, ids.map((id) => [id, id])))
    yield* drain({ work, unit: "steps", count }, { actions: tours, bodies: count })
  }),
  W4: Effect.gen(function*() {
    const cars = yield* Cars.client
    const parents = count / 50
    yield* bulk(parents, (ids) => cars.enqueueMany(convoy, ids.map((id) => [id, id])))
    yield* drain({ work, unit: "children", count }, { actions: count + parents, bodies: count + parents })
  }),
  W5: Effect.gen(function*() {
    const cars = yield* Cars.client
    const vans = yield* Vans.client
    if (beside === "no vacuum") yield* noVacuum
    const enqueue = (ids: ReadonlyArray<number>) => cars.enqueueMany(drive, ids.map((id) => [id, id]))
    const spread = (ids: ReadonlyArray<number>) =>
      Effect.forEach(deliveries, (deliver, i) => {
        const own = ids.filter((id) => id % deliveries.length === i)
        return vans.enqueueMany(deliver, own.map((id) => [id, id]))
      }, { concurrency: 10 })
    yield* bulk(count, beside === "many queues" ? spread : enqueue)
    yield* besides[beside]
    yield* drain({ work, unit: "actions", count }, { bodies: count, part: count / 4 })
    if (beside === "no vacuum") {
      yield* check(`(select bool_and(last_analyze is null and last_autoanalyze is null and last_autovacuum is null)
        from pg_stat_user_tables where schemaname = 'stepped')`)
    }
  }),
  W6: Effect.gen(function*() {
    const cars = yield* Cars.client
    const enqueue = (ids: ReadonlyArray<number>) => cars.enqueueMany(drive, ids.map((id) => [id, id]))
    yield* measure({ work: "bulk", unit: "actions", count }, Effect.as(bulk(count, enqueue), {}))
    yield* analyse("stepped")
    const bodies = counting(count, count / 8)
    hear(bodies.ran)
    const [middle] = yield* Effect.all([
      meterMiddle(bodies, count),
      Layer.build(Stepped.worker({ concurrency, connections }))
    ], { concurrency: 2 })
    yield* Effect.promise(() => bodies.all)
    yield* drained
    yield* check(`(select count(*) = ${count} from stepped.actions where status = 'succeeded')`)
    const bytes = yield* bytesKept("stepped")
    say({ work, unit: "actions", ...middle, bytesPerEnded: bytes / count, samples: bodies.samples })
  }),
  contention: Effect.gen(function*() {
    yield* contend
    const ran = counting(count)
    hear(ran.ran)
    yield* measure(
      { work, unit: "invocations", count },
      Effect.gen(function*() {
        yield* Layer.build(Stepped.worker({ concurrency, connections }))
        yield* drained
        return { began: ran.began(), samples: [{ performed: ran.done(), superseded: count - ran.done() }] }
      })
    )
    if (policy !== "superseding") yield* check(`${ran.done()} = ${count}`)
    yield* check(`(select (count(*) filter (where status = 'succeeded'), count(*) filter (where status = 'superseded'))
      = (${ran.done()}, ${count - ran.done()}) from stepped.actions)`)
  }),
  tenants: perform100Tenants,
  "fan-in": Effect.gen(function*() {
    const cars = yield* Cars.client
    yield* cars(count).fleetLater(count)
    yield* drain({ work, unit: "children", count }, { actions: count + 1, bodies: count + 1 })
  }),
  cancelling: cancelQueued,
  depth: Effect.gen(function*() {
    const cars = yield* Cars.client
    const [levels, chains] = [100, count / 100]
    yield* bulk(chains, (ids) => cars.enqueueMany(tow, ids.map((id) => [id * levels, id * levels + 1, levels - 1])))
    yield* drain({ work, unit: "levels", count }, { bodies: count })
  }),
  idle: Effect.gen(function*() {
    const { pid } = yield* idleWorkers
    // what it takes to start is no part of it
    yield* Effect.sleep("5 seconds")
    yield* measure(
      { work, unit: "seconds", count: seconds, pids: [pid] },
      Effect.as(Effect.sleep(`${seconds} seconds`), {})
    )
  }),
  queue: Effect.gen(function*() {
    const cars = yield* Cars.client
    yield* bulk(count, (ids) => cars.enqueueMany(drive, ids.map((id) => [id, id])))
  }),
  processes: drainElsewhere,
  memory: drain({ work, unit: "actions", count }, { bodies: count, part: count / 10, sample: memory })
}

const further = trucks?.Trucks.layer ?? ships?.Ships.layer ?? (inTurns ? tenants?.FairSites : tenants?.Sites)?.layer ??
  (beside === "many queues" ? Vans.layer : Layer.empty)
const Main = Layer.merge(layer, further).pipe(
  Layer.provideMerge(Stepped.layer({ migrate: true })),
  Layer.provideMerge(PgClient.layer({ url }))
)

await Effect.runPromise(Effect.scoped(workloads[work]!).pipe(Effect.provide(Main)))
process.exit(0)
