/**
 * What an action costs in statements and commits, on a running engine: rates are noise on a test machine, counts are not. `bench/` has
 * the rates.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Schema } from "effect"
import { Step, Stepped } from "stepped"
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

  it.live("stays what it is", () =>
    Effect.gen(function*() {
      const services = yield* Layer.build(engine)
      yield* Effect.gen(function*() {
        const client = yield* Cars.client
        yield* client(1).drive(1)
        console.log(yield* cost(client(1).drive(1)))
        console.log(yield* cost(client(1).steps()))
        console.log(yield* cost(client(1).careful()))
        console.log(yield* cost(client(1).reporting()))
        console.log(yield* cost(client(1).convoy(50)))
        console.log(yield* cost(client(1).driveNow(1)))
        const all = Effect.forEach(Array.from({ length: 500 }, (_, id) => id), (id) => client(id).drive(1), {
          concurrency: "unbounded",
          discard: true
        })
        console.log(yield* cost(all))
        yield* healthy
        assert.isDefined(Context)
      }).pipe(Effect.provide(services))
    }))
})
