/**
 * Workflows under chaos: charters that do something of which nobody knows the outcome before, pay in a transaction, wait for a value, for others
 * and for a time, and are undone where they do not succeed; some are interrupted, some cancelled. That whoever goes on with one has what it had,
 * that it pays once, and that nothing of its end is done where it goes on, is for the audit (`charterRules`).
 */
import { Cause, Effect, Exit, Layer, Schedule, Schema } from "effect"
import { ClusterSchema } from "effect/cluster"
import { SqlClient } from "effect/sql"
import { Activity, DurableClock, DurableDeferred, Workflow } from "effect/workflow"
import { WorkflowEngine } from "effect/workflow/WorkflowEngine"
import { type Engine, Stepped, StorageError } from "stepped"
import { StepWorkflow } from "stepped/workflow"

class Wreck extends Schema.TaggedError<Wreck>()("Wreck", {}) {}

export const charterTables: ReadonlyArray<string> = [
  // what bodies were given, and what they did at their ends
  "create table chaos.chartered (n int not null, what text not null, value text)",
  "create table chaos.paid (n int not null)"
]

const payload = { n: Schema.Int }
const idempotencyKey = ({ n }: { readonly n: number }) => `${n}`
const Wind = DurableDeferred.make("wind", { success: Schema.Int })
const Charter = Workflow.make("Charter", { payload, success: Schema.Int, error: Wreck, idempotencyKey })
/** Several charters wait for the same ones. */
const Pilot = Workflow.make("Pilot", { payload, idempotencyKey })

const takes = (millis: number) => Effect.suspend(() => Effect.sleep(Math.random() * millis))
const maybe = (chance: number) => Effect.suspend(() => Math.random() < chance ? Effect.fail(new Wreck()) : Effect.void)
/** Also where the database is away for a while. */
const tells = (n: number, what: string, value: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.asVoid(
      Effect.orDie(
        Effect.retry(sql`insert into chaos.chartered ${sql.insert({ n, what, value })}`, Schedule.spaced("100 millis"))
      )
    ))

const PilotLive = Pilot.toLayer(() => Activity.make({ name: "steer", execute: takes(300) }))
const CharterLive = Charter.toLayer(({ n }) =>
  Effect.gen(function*() {
    const weight = yield* Activity.make({
      name: "weigh",
      success: Schema.Number,
      execute: Effect.andThen(takes(200), Effect.sync(() => Math.random()))
    }).pipe(Charter.withCompensation(() => tells(n, "undone", "")))
    yield* tells(n, "weight", String(weight))
    yield* Activity.make({
      name: "pay",
      error: Wreck,
      execute: Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        yield* Effect.orDie(sql`insert into chaos.paid ${sql.insert({ n })}`)
        yield* takes(200)
        yield* maybe(0.1)
      })
    }).annotate(ClusterSchema.WithTransaction, true)
    const wind = yield* DurableDeferred.await(Wind)
    yield* tells(n, "wind", String(wind))
    if (n % 3 === 0) {
      const first = 2 * Math.floor(n / 6)
      yield* Effect.forEach([first, first + 1], (n) => Pilot.execute({ n }), { concurrency: "unbounded" })
    }
    yield* DurableClock.sleep({ name: "tide", duration: "200 millis", inMemoryThreshold: 0 })
    yield* Activity.make({ name: "sail", error: Wreck, execute: Effect.andThen(takes(300), maybe(0.2)) })
    return wind
  })
)

/** The workflows of a process, and its engine of them. */
export const layerCharters: Layer.Layer<WorkflowEngine, never, Engine | SqlClient.SqlClient> = Layer.merge(
  CharterLive,
  PilotLive
).pipe(Layer.provideMerge(StepWorkflow.layer))

type Tried = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A | undefined, never, R>

/** Again until there is an answer: each of these may be asked for twice. */
const untilAnswered = <A, E, R>(tried: Tried, effect: Effect.Effect<A, E, R>): Effect.Effect<A, never, R> =>
  Effect.flatMap(tried(Effect.map(effect, (value) => ({ value }))), (answer) =>
    answer === undefined
      ? Effect.andThen(Effect.sleep("200 millis"), untilAnswered(tried, effect))
      : Effect.succeed(answer.value))

/** How it has ended, in a word; what the storage fails with is none of its. */
const ending = (exit: Exit.Exit<unknown, unknown>): Effect.Effect<string, StorageError> => {
  if (Exit.isSuccess(exit)) return Effect.succeed("succeeded")
  const error = Cause.squash(exit.cause)
  if (error instanceof StorageError) return Effect.fail(error)
  return Effect.succeed(
    error instanceof Wreck ? "Wreck" : Cause.hasInterruptsOnly(exit.cause) ? "interrupted" : String(error)
  )
}

/** Executes one, with all that comes from outside; gives how it has ended. */
export const charters = (n: number, tried: Tried) =>
  Effect.gen(function*() {
    const engine = yield* WorkflowEngine
    const sql = yield* SqlClient.SqlClient
    const executionId = yield* Charter.executionId({ n })
    const blows = (value: number) =>
      DurableDeferred.succeed(Wind, {
        token: DurableDeferred.tokenFromExecutionId(Wind, { workflow: Charter, executionId }),
        value
      })
    // of some before they are there
    if (n % 4 === 0) yield* tried(blows(10 * n))
    yield* untilAnswered(tried, Charter.execute({ n }, { discard: true }))
    yield* takes(1500)
    const chance = Math.random()
    if (chance < 0.1) yield* tried(Charter.interrupt(executionId))
    else if (chance < 0.15) yield* tried(engine.interruptUnsafe(Charter, executionId))
    else if (chance < 0.2) {
      const [action] = (yield* tried(
        sql<{ id: string }>`select id from stepped.actions where actor_id = ${executionId}`
      )) ?? []
      if (action !== undefined) yield* tried(Stepped.cancel(action.id))
    }
    // another one counts for nothing
    for (const value of [10 * n + 1, 10 * n + 2]) yield* untilAnswered(tried, blows(value))
    return yield* untilAnswered(tried, Effect.flatMap(Effect.exit(Charter.execute({ n })), ending))
  })

/** What a charter ends with; one that has lost its connection in the middle of its transaction has failed with that. */
export const isEnding = (gave: string): boolean =>
  ["succeeded", "Wreck", "interrupted"].includes(gave) || /cancelled|SqlError/.test(gave)

const ended = `select e.id, (e.arguments->0->>'n')::int as n, e.result->>'_tag' = 'Success' as succeeded
  from stepped.ended_actions e where e.definition like 'Workflow.Charter/%'`
const given = (what: string) =>
  `select e.id, string_agg(distinct c.value, ' ') from (${ended}) e join chaos.chartered c on c.n = e.n and c.what = '${what}'
    group by e.id having count(distinct c.value) > 1`

export const charterRules: ReadonlyArray<readonly [rule: string, query: string]> = [
  ["24.4: whoever replays an execution is given what an activity has come to", given("weight")],
  ["24.3: of a deferred the first value counts, for everybody", given("wind")],
  [
    "24.4: what an activity does in a transaction is there once, or not at all",
    `select e.id, (select count(*) from chaos.paid p where p.n = e.n) || ' times' from (${ended}) e
      where (select count(*) from chaos.paid p where p.n = e.n) not between case when e.succeeded then 1 else 0 end and 1`
  ],
  [
    // one that is interrupted where it would be suspended goes on if its worker dies at that, and what it waits for has come
    "24.6: nothing is undone of an execution that succeeds",
    `select e.id, null from (${ended}) e where e.succeeded and exists (select 1 from chaos.chartered c where c.n = e.n and c.what = 'undone')
      and not exists (select 1 from stepped.signals s where s.action = e.id and s.name = '~interrupt')`
  ],
  [
    "24.1: an execution is one action",
    `select min(id::text)::uuid, count(*) || ' times' from stepped.ended_actions where definition like 'Workflow.%' group by definition, actor_id having count(*) > 1`
  ]
]
