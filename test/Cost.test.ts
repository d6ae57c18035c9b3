/**
 * What an action costs in statements and commits, on a running engine: rates are noise on a test machine, counts are not. `bench/` has
 * the rates.
 */
import { PgClient } from "@effect/sql-pg"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { type Context, Effect, Exit, Layer, Schema, Scope } from "effect"
import { Step, Stepped } from "stepped"
import { performDue } from "stepped/testing"
import { healthy } from "./harness/databases.ts"
import { layerUrl, startServer } from "./harness/Server.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const drive = Stepped.action("drive", { arguments: [Schema.Int], success: Schema.Int })
const steps = Stepped.action("steps").step(() => Effect.void).step(() => Effect.void).step(() => Effect.void)
const convoy = Stepped.action("convoy", { arguments: [Schema.Int], success: Schema.Array(Schema.Int) })
  .step((size) => Step.on(Array.from({ length: size }, (_, id) => Car.ref(id)), drive, size))
const careful = Stepped.action("careful").before(() => Effect.void).step(() => Effect.void)
const reporting = Stepped.action("reporting").step(() => Effect.void).succeeded(() => Effect.void)
const Cars = Stepped.actions(Car, [drive, steps, convoy, careful, reporting])
const CarsLive = Cars.toLayer(Effect.succeed({ drive: (miles) => Effect.succeed(miles) }))

type Client = ReturnType<Effect.Success<typeof Cars.client>>

/** The engine's statements by name, in the order of their execution. */
const executed: Array<string> = []

const nameOf = (text: string) => /"stepped"\.(\w+)\(/.exec(text)?.[1] ?? text

/** A client that notes every statement that the engine executes through it. */
const noted = (client: PgClient.PgClient): PgClient.PgClient =>
  new Proxy(client, {
    get: (target, key) => {
      if (key !== "unsafe") return Reflect.get(target, key)
      return (text: string, params?: ReadonlyArray<unknown>) => {
        const statement = target.unsafe(text, params)
        return new Proxy(statement, {
          get: (of, key) =>
            key === "values"
              ? Effect.suspend(() => {
                executed.push(nameOf(text))
                return of.values
              })
              : Reflect.get(of, key)
        })
      }
    }
  })

// nothing happens by the clock: what is counted is what the actions cause
const still: Stepped.EngineOptions = { lease: "1 hour", pollInterval: "1 hour", notify: false, databaseClock: false }

/** Statements and transactions of what happens in the effect, on a server that does nothing else. */
const cost = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const next = Effect.map(
      sql<{ next: string }>`select pg_snapshot_xmax(pg_current_snapshot())::text as next`,
      (rows) => Number(rows[0]!.next)
    )
    const idle = Effect.gen(function*() {
      // the worker's last look, which finds nothing, may come after the answer to whoever waits
      for (let seen = -1; seen !== executed.length;) {
        seen = executed.length
        yield* Effect.sleep("20 millis")
      }
    })
    yield* idle
    executed.length = 0
    const before = yield* next
    const result = yield* effect
    yield* idle
    return { result, commits: (yield* next) - before, statements: counted(executed) }
  })

const counted = (names: ReadonlyArray<string>): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

describe("the cost of actions", () => {
  const engine = Layer.unwrap(Effect.map(
    startServer({ flags: ["autovacuum=off", "fsync=off"] }),
    ({ url }) => {
      const client = layerUrl(url)
      const worker = Stepped.worker({ concurrency: 1000, connections: 1 }).pipe(
        Layer.provide(CarsLive),
        Layer.provideMerge(Stepped.layer({ ...still, migrate: true })),
        Layer.provide(Layer.effect(PgClient.PgClient, Effect.map(PgClient.PgClient, noted)))
      )
      return Layer.provideMerge(worker, client)
    }
  ))

  const scope = Scope.makeUnsafe()
  const services = Layer.buildWithScope(engine, scope)
  let built: Promise<Layer.Success<typeof engine> extends infer R ? Context.Context<R> : never> | undefined
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

  /** One worker for all tests, which has done everything once before anything is counted. */
  const counting = <A, E>(test: Effect.Effect<A, E, Layer.Success<typeof engine>>) =>
    Effect.gen(function*() {
      const context = yield* Effect.promise(() =>
        built ??= Effect.runPromise(Effect.tap(
          services,
          (context) => Effect.provideContext(Effect.flatMap(Cars.client, (client) => client(1).convoy(2)), context)
        ))
      )
      yield* Effect.provideContext(Effect.andThen(test, healthy), context)
    })

  const cases: ReadonlyArray<
    readonly [what: string, run: (car: Client) => Effect.Effect<unknown, unknown>, commits: number, finish: number]
  > = [
    ["a plain action takes three commits: it is enqueued, claimed and finished", (car) => car.drive(1), 3, 1],
    ["so does one that is performed in the caller's fiber", (car) => car.driveNow(1), 3, 1],
    ["every further step takes one", (car) => car.steps(), 5, 3],
    ["a hook before takes one", (car) => car.careful(), 4, 1],
    ["callbacks take one, however many they are", (car) => car.reporting(), 4, 2],
    [
      "a parent and its fifty children take six: the children are claimed and finished together",
      (car) => car.convoy(50),
      6,
      3
    ]
  ]
  for (const [what, run, commits, finish] of cases) {
    it.live(what, () =>
      counting(Effect.gen(function*() {
        const client = yield* Cars.client
        const spent = yield* cost(run(client(1)))
        assert.strictEqual(spent.commits, commits)
        // how often the caller looks depends on how long it takes
        const { claim, outcomes_of: _looks, ...others } = spent.statements
        assert.deepStrictEqual(others, { enqueue: 1, finish })
        // the last claim is the look that finds nothing
        assert.isAtMost(claim!, commits - finish + 1)
      })))
  }

  it.live("five hundred actions at once share their commits", () =>
    counting(Effect.gen(function*() {
      const client = yield* Cars.client
      const ids = Array.from({ length: 500 }, (_, id) => id)
      const spent = yield* cost(
        Effect.forEach(ids, (id) => client(id).drive(id), { concurrency: "unbounded" })
      )
      assert.deepStrictEqual(spent.result, ids)
      // two of each as a rule: the first comes alone, the others while it is under way
      assert.isAtMost(spent.commits, 12)
      assert.deepStrictEqual(Object.keys(spent.statements).sort(), ["claim", "enqueue", "finish", "outcomes_of"])
      const { claim, enqueue, finish } = spent.statements
      assert.isAtMost(claim! + enqueue! + finish!, 20)
    })))

  it.live("looking for work without finding any takes no commit", () =>
    counting(Effect.gen(function*() {
      const spent = yield* cost(Effect.forEach(Array.from({ length: 10 }), () => performDue))
      assert.strictEqual(spent.commits, 0)
      assert.isAtLeast(spent.statements.claim!, 10)
    })))
})
