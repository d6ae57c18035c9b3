/**
 * Processes inside this one: a killed one's fibers never run again, not even to clean up, and its sessions end at the server. All of it
 * runs on a scheduler of its own, which runs nothing more once the process is dead.
 */
import type { PgClient } from "@effect/sql-pg"
import { type Cause, Clock, Context, Effect, Exit, Fiber, Latch, Layer, Metric, Scheduler, Scope } from "effect"
import type { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import type { Engine } from "stepped"
import { Failpoint } from "../../src/engine/Failpoint.ts"
import { layerFaulty } from "./FaultyClient.ts"
import type { Injection } from "./Injection.ts"

/** Runs what it is given until its process dies. */
export class MortalScheduler extends Scheduler.MixedScheduler {
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
  /** Ended, or buried. */
  readonly isOver: () => boolean
  readonly died: Effect.Effect<void>
  /** How many it has had. */
  readonly leases: () => number
  /** Runs an effect among the process's fibers; nothing comes of it if that dies before. */
  readonly run: <A, E>(effect: Effect.Effect<A, E, Services>) => Effect.Effect<Exit.Exit<A, E> | undefined>
  /** Waits until none of its sessions is in the middle of something. */
  readonly settled: Effect.Effect<void>
  /** Ends it as a program ends that was told to. */
  readonly end: Effect.Effect<void>
  /** Kills it, and has the server notice. */
  readonly bury: Effect.Effect<void>
}

/** The sessions of a process, which the next one takes over if there is nothing wrong with them. */
export interface Pool {
  readonly client: PgClient.PgClient
  /** Waits until no session is in the middle of something: what was sent and not answered may still be executed. */
  readonly settled: Effect.Effect<void>
  /** Ends the sessions at the server, and waits until they are gone; nobody uses the pool afterwards. */
  readonly discard: Effect.Effect<void>
}

export interface ProcessOptions {
  readonly pool: Pool
  readonly role: "worker" | "client"
  readonly works: boolean
  /** Whether its transactions may be those of a program, which has no deadlines. */
  readonly isPatient: boolean
  readonly injection: Injection
  /** User time. */
  readonly clock: Clock.Clock
  readonly settings: Stepped.EngineOptions
  readonly definitions: Layer.Layer<never, never, Engine | SqlClient.SqlClient>
  /** Upkeep has found something that no transition leaves behind. */
  readonly onHealed: () => void
  /** Somebody who lives. */
  readonly sql: SqlClient.SqlClient
}

/** Starts a process; it may fail to come up, or die on the way. */
export const startProcess = (options: ProcessOptions): Effect.Effect<Process, Cause.Cause<unknown>> =>
  Effect.gen(function*() {
    const { injection, pool, role, sql, works } = options
    const scheduler = new MortalScheduler()
    const died = Latch.makeUnsafe(false)
    // its own, which goes with it: a dead process takes back nothing of what it has said there
    const metrics: Metric.MetricRegistry = new Map()
    const scope = Scope.makeUnsafe()
    const tokens: Array<string> = []
    let over = false

    const kill = Effect.sync(() => {
      scheduler.isDead = true
      died.openUnsafe()
    })
    const die = Effect.andThen(kill, Effect.never)
    // not forked by the caller's fiber, which must not come to a scheduler that may be dead
    const alive = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<Exit.Exit<A, E> | undefined> =>
      Effect.contextWith((context: Context.Context<never>) => {
        const own = Context.make(Scheduler.Scheduler, scheduler).pipe(
          Context.add(Clock.Clock, options.clock),
          Context.add(Metric.MetricRegistry, metrics)
        )
        const fiber = Effect.runForkWith(Context.merge(context, own))(effect)
        return Effect.onInterrupt(
          Effect.raceFirst(Fiber.await(fiber), Effect.as(died.await, undefined)),
          () => scheduler.isDead ? Effect.void : Fiber.interrupt(fiber)
        )
      })

    const client = layerFaulty({
      real: pool.client,
      meet: (statement) => injection.meet(role, statement),
      isPatient: options.isPatient,
      die,
      executed: (statement, answer) => {
        if (statement === "register") tokens.push(String((answer as ReadonlyArray<ReadonlyArray<unknown>>)[0]![0]))
      }
    })
    const engine = Layer.provideMerge(options.definitions, Stepped.layer(options.settings))
    const worker = works
      ? Layer.provideMerge(Stepped.worker({ concurrency: 8, gracePeriod: "200 millis" }), engine)
      : engine
    const bury = Effect.andThen(
      Effect.andThen(kill, Effect.sync(() => void (over = true))),
      Effect.andThen(
        pool.discard,
        Effect.suspend(() =>
          Effect.orDie(sql`update stepped.workers set lease_until = clock_timestamp() - interval '1 second'
            where token::text = any(string_to_array(${tokens.join(",")}, ','))`)
        )
      )
    ).pipe(Effect.asVoid, Effect.uninterruptible)
    const building = alive(
      Layer.buildWithScope(Layer.provideMerge(worker, client), scope).pipe(
        Effect.provideService(Failpoint, (place) =>
          place === "healed" ? Effect.sync(options.onHealed) : Effect.flatMap(
            injection.meet(`${role}-place`, place),
            ({ fault, passed }) =>
              fault === undefined
                ? passed(false)
                : fault === "kill"
                ? die
                : Effect.andThen(Effect.sleep("30 millis"), passed(false))
          ))
      )
    )
    const built = yield* Effect.onInterrupt(building, () => bury)
    if (built !== undefined && Exit.isFailure(built)) {
      yield* bury
      return yield* Effect.fail(built.cause)
    }
    return {
      isDead: () => scheduler.isDead,
      isOver: () => over,
      died: died.await,
      leases: () => tokens.length,
      settled: pool.settled,
      run: (effect) => built === undefined ? Effect.undefined : alive(Effect.provideContext(effect, built.value)),
      end: Effect.map(alive(Scope.close(scope, Exit.void)), () => {
        over = true
      }),
      bury
    }
  })
