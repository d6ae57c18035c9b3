/**
 * Processes inside this one: a killed one's fibers never run again, not even to clean up, and its sessions end at the server. All of it
 * runs on a scheduler of its own, which runs nothing more once the process is dead.
 */
import { Cause, Clock, Effect, Exit, Fiber, Latch, Layer, type Redacted, Scheduler, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import type { Engine } from "stepped"
import { Failpoint } from "../../src/engine/Failpoint.ts"
import { type Executed, layerFaulty } from "./FaultyClient.ts"
import type { Injection } from "./Injection.ts"

/** Runs what it is given until its process dies. */
class MortalScheduler extends Scheduler.MixedScheduler {
  isDead = false

  override shouldYield(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    // a fiber that yields to a dead scheduler stays where it is
    return this.isDead || super.shouldYield(fiber)
  }

  override makeDispatcher() {
    const dispatcher = super.makeDispatcher()
    const scheduleTask = dispatcher.scheduleTask.bind(dispatcher)
    dispatcher.scheduleTask = (task, priority) => {
      if (this.isDead) return
      scheduleTask(() => {
        if (!this.isDead) task()
      }, priority)
    }
    return dispatcher
  }
}

export type Services = Stepped.Services | SqlClient.SqlClient

export interface Process {
  readonly isDead: () => boolean
  readonly died: Effect.Effect<void>
  /** Runs an effect among the process's fibers; nothing comes of it if that dies before. */
  readonly run: <A, E>(effect: Effect.Effect<A, E, Services>) => Effect.Effect<Exit.Exit<A, E> | undefined>
  /** Ends it as a program ends that was told to. */
  readonly end: Effect.Effect<void>
  /** Kills it, and has the server notice. */
  readonly bury: Effect.Effect<void>
}

export interface ProcessOptions {
  readonly url: Redacted.Redacted
  readonly name: string
  readonly role: "worker" | "client"
  readonly injection: Injection
  /** User time. */
  readonly clock: Clock.Clock
  readonly settings: Stepped.EngineOptions
  readonly definitions: Layer.Layer<never, never, Engine | SqlClient.SqlClient>
  /** Somebody who lives. */
  readonly sql: SqlClient.SqlClient
  readonly executed: Executed
}

/** Starts a process; it may fail to come up, or die on the way. */
export const startProcess = (options: ProcessOptions): Effect.Effect<Process, Cause.Cause<unknown>> =>
  Effect.gen(function*() {
    const { injection, name, role, sql } = options
    const scheduler = new MortalScheduler()
    const died = Latch.makeUnsafe(false)
    const scope = Scope.makeUnsafe()
    // a pool waits for what its sessions do: those of a process that has ended are ended at the server
    const pool = Scope.makeUnsafe()
    const tokens: Array<string> = []

    const kill = Effect.sync(() => {
      scheduler.isDead = true
      died.openUnsafe()
    })
    const die = Effect.andThen(kill, Effect.never)
    const alive = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<Exit.Exit<A, E> | undefined> =>
      Effect.flatMap(
        Effect.forkDetach(effect).pipe(
          Effect.provideService(Scheduler.Scheduler, scheduler),
          Effect.provideService(Clock.Clock, options.clock)
        ),
        (fiber) =>
          Effect.onInterrupt(
            Effect.raceFirst(Fiber.await(fiber), Effect.as(died.await, undefined)),
            () => scheduler.isDead ? Effect.void : Fiber.interrupt(fiber)
          )
      )

    const client = layerFaulty({
      url: options.url,
      name,
      next: (statement) => injection.next(role, statement),
      die,
      executed: (statement, params, answer) => {
        if (statement === "workers" && params.length === 2) {
          tokens.push(String((answer as ReadonlyArray<ReadonlyArray<unknown>>)[0]![0]))
        }
        options.executed(statement, params, answer)
      }
    })
    const engine = Layer.provideMerge(options.definitions, Stepped.layer(options.settings))
    const worker = role === "client"
      ? engine
      : Layer.provideMerge(Stepped.worker({ concurrency: 8, gracePeriod: "200 millis" }), engine)
    const built = yield* alive(
      Effect.flatMap(
        Layer.buildWithScope(client, pool),
        (services) => Layer.buildWithScope(Layer.provideMerge(worker, Layer.succeedContext(services)), scope)
      ).pipe(
        Effect.provideService(Failpoint, (place) => {
          const fault = injection.next(`${role}-place`, place)
          return fault === undefined ? Effect.void : fault === "kill" ? die : Effect.sleep("30 millis")
        })
      )
    )
    const bury = Effect.andThen(
      kill,
      Effect.orDie(Effect.gen(function*() {
        yield* sql`select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = ${name}`
        yield* sql`update stepped.workers set lease_until = clock_timestamp() - interval '1 second'
          where token::text = any(string_to_array(${tokens.join(",")}, ','))`
      }))
    )
    if (built !== undefined && Exit.isFailure(built)) {
      yield* bury
      return yield* Effect.fail(built.cause)
    }
    return {
      isDead: () => scheduler.isDead,
      died: died.await,
      run: (effect) => built === undefined ? Effect.undefined : alive(Effect.provideContext(effect, built.value)),
      end: Effect.andThen(alive(Scope.close(scope, Exit.void)), bury),
      bury
    }
  })
