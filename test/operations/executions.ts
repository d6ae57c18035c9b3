/** Workflows whose bodies are each process's own: tests and processes have the definitions in common. What is done is a row of `did`. */
import { Context, Effect, Layer, Schema } from "effect"
import { ClusterSchema } from "effect/cluster"
import { PersistedQueue } from "effect/persistence"
import { SqlClient } from "effect/sql"
import { Activity, DurableClock, DurableDeferred, DurableQueue, Workflow } from "effect/workflow"
import { layerPersistedQueueStore } from "stepped/stores"
import { StepWorkflow } from "stepped/workflow"

/** What activities do. */
export class Workshop extends Context.Service<Workshop, {
  readonly run: (what: string) => Effect.Effect<void>
}>()("test/Workshop") {}

export const numbers = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, n) => n)

const run = (what: string) => Effect.flatMap(Workshop, (workshop) => workshop.run(what))
const did = (what: string) => Activity.make({ name: what, execute: run(what) })
const idempotencyKey = ({ n }: { readonly n: number }) => `${n}`

/** Does three things, the second of them with what it does in the database, the third as its name says. */
export const Making = Workflow.make("Making", {
  payload: { n: Schema.Int, last: Schema.String },
  success: Schema.Int,
  idempotencyKey
})
const MakingLive = Making.toLayer(({ last, n }) =>
  Effect.gen(function*() {
    yield* Workflow.addFinalizer(() => run(`ends ${n}`))
    yield* did(`first ${n}`)
    yield* Activity.make({
      name: "booked",
      execute: Effect.flatMap(SqlClient.SqlClient, (sql) => Effect.orDie(sql`insert into booked (n) values (${n})`))
    }).annotate(ClusterSchema.WithTransaction, true)
    yield* did(`${last} ${n}`)
    return 2 * n
  })
)

const Parts = numbers(100).map((n) => DurableDeferred.make(`part ${n}`, { success: Schema.String }))
/** Waits for many values, all at once. */
export const Gathering = Workflow.make("Gathering", {
  payload: { n: Schema.Int, parts: Schema.Int },
  success: Schema.Int,
  idempotencyKey
})
const GatheringLive = Gathering.toLayer(({ n, parts }) =>
  Effect.gen(function*() {
    yield* did(`first ${n}`)
    const all = yield* Effect.forEach(Parts.slice(0, parts), (part) => DurableDeferred.await(part), {
      concurrency: "unbounded"
    })
    yield* did(`last ${n}`)
    return all.reduce((sum, part) => sum + part.length, 0)
  })
)

export const sendPart = (n: number, parts: number, part: number, value: string) =>
  Effect.flatMap(Gathering.executionId({ n, parts }), (executionId) =>
    DurableDeferred.succeed(Parts[part]!, {
      token: DurableDeferred.tokenFromExecutionId(Parts[part]!, { workflow: Gathering, executionId }),
      value
    }))

/** Sleeps without anybody. */
export const Sleeping = Workflow.make("Sleeping", {
  payload: { n: Schema.Int, millis: Schema.Int },
  success: Schema.Int,
  idempotencyKey
})
const SleepingLive = Sleeping.toLayer(({ millis, n }) =>
  Effect.gen(function*() {
    yield* did(`before ${n}`)
    yield* DurableClock.sleep({ name: "sleep", duration: millis, inMemoryThreshold: 0 })
    yield* did(`after ${n}`)
    return n
  })
)

/** Waits for many others, each of which sleeps a little. */
export const Family = Workflow.make("Family", {
  payload: { n: Schema.Int, children: Schema.Int },
  success: Schema.Int,
  idempotencyKey
})
const FamilyLive = Family.toLayer(({ children }) =>
  Effect.map(
    Effect.forEach(numbers(children), (n) => Sleeping.execute({ n, millis: 50 }), { concurrency: "unbounded" }),
    (all) => all.reduce((sum, one) => sum + one, 0)
  )
)

const Printing = DurableQueue.make({
  name: "printing",
  payload: { n: Schema.Int, page: Schema.Int },
  success: Schema.Int,
  idempotencyKey: ({ page }) => `${page}`
})
/** Has pages printed, one after the other. */
export const Book = Workflow.make("Book", {
  payload: { n: Schema.Int, pages: Schema.Int },
  success: Schema.Array(Schema.Int),
  idempotencyKey
})
const BookLive = Book.toLayer(({ n, pages }) =>
  Effect.forEach(numbers(pages), (page) => DurableQueue.process(Printing, { n, page }))
)
const printing = DurableQueue.worker(
  Printing,
  ({ n, page }) => Effect.as(run(`print ${n}.${page}`), 1000 * n + page),
  { concurrency: 8 }
)

/** The bodies of a process. */
export const layerExecutions = (body: (what: string) => Effect.Effect<void>) =>
  Layer.mergeAll(MakingLive, GatheringLive, SleepingLive, FamilyLive, BookLive, printing).pipe(
    Layer.provide(StepWorkflow.layer),
    Layer.provide(PersistedQueue.layer),
    Layer.provide(Layer.orDie(layerPersistedQueueStore())),
    Layer.provide(Layer.succeed(Workshop, { run: body }))
  )
