/** Workers that die, freeze, lose their lease, differ in what they know, and find out about work. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Latch, Layer, Logger, Option, Queue, Schema, Scope } from "effect"
import { type ActionHandle, ActionRepo, type AnyAction, JobQueue, Step, Stepped } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { watched } from "../harness/heals.ts"
import { type Program, startProgram } from "../harness/Program.ts"
import { isPooled, layerUrl } from "../harness/Server.ts"
import { until } from "../harness/workers.ts"
import { Cars, layerCars, layerVans, Vans } from "./Garage.ts"
import { alone, database, fast, startEngine, startWorker, startWorkerOf } from "./starting.ts"

const workerProgram = new URL("./worker.ts", import.meta.url).pathname

const recordOf = (handle: ActionHandle) =>
  Effect.map(Effect.flatMap(ActionRepo, (repo) => repo.find(handle.id)), Option.getOrThrow)

const stepsOf = (handle: ActionHandle) =>
  Effect.map(
    Effect.flatMap(ActionRepo, (repo) => repo.steps(handle.id)),
    (steps) => steps.map(({ name, status }) => `${name} ${status}`)
  )

/** Every ended action with all its times: what a stale worker must not change. */
const history = Effect.flatMap(
  PgClient.PgClient,
  (sql) =>
    Effect.all([
      sql`select id, status, attempts, result, started_at, ended_at from stepped.ended_actions order by id`,
      sql`select action, idx, name, status, started_at, ended_at from stepped.steps order by action, idx`
    ])
)

/** As by another worker that finds the leases of all over. */
const takenOver = (sql: PgClient.PgClient) =>
  sql`with late as (update stepped.workers set lease_until = clock_timestamp() - interval '1 second' returning token)
    select taken from stepped.recover(clock_timestamp(), array(select token from late), true)`

const nothing = () => Effect.void
const never = () => Effect.never

/** Of a process that is to lose its lease by its death alone, and not because the machine is busy. */
const dies = { LEASE_MS: "4000" }

describe("a worker that dies", () => {
  it.live("kill -9: another one goes on with the same action at the same step, and counts the attempt", () =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* startEngine(url)
      yield* Effect.gen(function*() {
        const program = yield* startProgram(workerProgram, { url, env: dies })
        const handle = yield* (yield* Cars.client)(1).tripLater("quick", "never")
        yield* program.says("started", 2)
        yield* program.signal("SIGKILL")
        yield* program.ended
        const ran: Array<string> = []
        yield* startWorker(url, (what) => Effect.sync(() => void ran.push(what)))
        yield* handle.await
        assert.deepStrictEqual(ran, ["never"])
        assert.deepInclude({ ...yield* recordOf(handle) }, { status: "succeeded", attempts: 2 })
        assert.deepStrictEqual(yield* stepsOf(handle), ["first succeeded", "second succeeded"])
        yield* healthy
      }).pipe(Effect.provide(client))
    }))

  it.live("kill -9 of a process with two workers: another process takes over from both, and does the rest once", () =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* startEngine(url)
      yield* Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const car = yield* Cars.client
        // who holds what: the worker's name, and the action that is under its token
        const held = Effect.map(
          sql<{ name: string; holds: string | null }>`
            select w.name, l.definition || ' ' || l.actor_id as holds
            from stepped.workers w left join stepped.live_actions l on l.token = w.token order by 1, 2`,
          (rows) => rows.map(({ holds, name }) => `${name}: ${holds}`)
        )
        const two = { ...dies, WORKERS: "left=default,right=heavy", CONCURRENCY: "1" }
        const first = yield* startProgram(workerProgram, { url, env: two })
        yield* first.says("ready")
        const convoy = yield* car(1).convoyLater("gate of a haul", "after the haul")
        yield* first.says("started")
        const trip = yield* car(2).tripLater("quick begin of a trip", "gate of a trip")
        yield* first.says("started", 3)
        // behind the trip in its lane, and behind all of them in the queues
        const rest = [yield* car(2).tripLater("quick", "quick too")]
        for (const id of [3, 4]) {
          rest.push(yield* car(id).workLater(`quick work ${id}`), yield* car(id).haulLater(`quick haul ${id}`))
        }
        // what they have taken ahead goes back, since these bodies are long
        yield* until(
          "each has what it runs alone",
          Effect.map(held, (all) => all.join() === "left: Car/trip 2,right: Car/haul 1")
        )
        yield* first.signal("SIGKILL")
        assert.deepInclude(yield* first.ended, { signal: "SIGKILL" })

        const second = yield* startProgram(workerProgram, { url })
        yield* second.tell("go")
        yield* Effect.forEach([convoy, trip, ...rest], (handle) => handle.await)
        const started = ({ said }: Program) => said.filter(({ event }) => event === "started").map(({ what }) => what)
        assert.deepStrictEqual(started(first), ["gate of a haul", "quick begin of a trip", "gate of a trip"])
        // what was running begins again, what has ended does not, and the rest runs once
        assert.deepStrictEqual(started(second).toSorted(), [
          "after the haul",
          "gate of a haul",
          "gate of a trip",
          "quick",
          "quick haul 3",
          "quick haul 4",
          "quick too",
          "quick work 3",
          "quick work 4"
        ])
        // what was in the hands of either counts an attempt, also what it had taken ahead once more just then
        const actions = yield* Effect.flatMap(ActionRepo, (repo) => repo.list())
        const twice = actions.filter(({ attempts }) => attempts === 2).map(({ actorId, name }) => `${name} ${actorId}`)
        assert.includeMembers(twice, ["haul 1", "trip 2"])
        assert.isTrue(actions.every(({ attempts }) => attempts === 1 || attempts === 2))
        assert.isTrue(actions.every(({ status }) => status === "succeeded"))
        assert.strictEqual(actions.length, 8)
        assert.deepStrictEqual(yield* stepsOf(convoy), ["hauled succeeded", "after succeeded"])
        assert.deepStrictEqual(yield* stepsOf(trip), ["first succeeded", "second succeeded"])
        // both are gone, and nothing is under the token of whoever is there
        assert.deepStrictEqual((yield* held).map((text) => text.replace(/^.*: /, "")), ["null"])
        yield* healthy
      }).pipe(Effect.provide(client))
    }))
})

describe("a worker that loses its lease", () => {
  it.live("SIGSTOP beyond the lease, then SIGCONT: it commits nothing of what another has done, and is of use again", () =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* startEngine(url)
      yield* Effect.gen(function*() {
        const car = yield* Cars.client
        const program = yield* startProgram(workerProgram, { url, env: dies })
        const held = yield* Effect.forEach([1, 2, 3], (id) => car(id).workLater("gate"))
        yield* program.says("started", 3)
        yield* program.signal("SIGSTOP")
        const scope = yield* Scope.make()
        yield* Scope.provide(startWorker(url, nothing), scope)
        yield* Effect.forEach(held, (handle) => handle.await)
        const before = yield* history
        yield* Scope.close(scope, yield* Effect.exit(Effect.void))
        // its bodies are done the moment that it goes on
        yield* program.tell("go")
        yield* program.signal("SIGCONT")
        const after = yield* car(4).workLater("quick")
        yield* after.await
        assert.isTrue(program.said.some(({ event, what }) => event === "done" && what === "quick"))
        const [actions, steps] = yield* history
        assert.deepStrictEqual(actions.slice(0, 3), before[0])
        assert.deepStrictEqual(steps.slice(0, 3), before[1])
        for (const handle of held) {
          assert.deepInclude({ ...yield* recordOf(handle) }, { status: "succeeded", attempts: 2 })
        }
        yield* healthy
      }).pipe(Effect.provide(client))
    }))

  it.live("interrupts its bodies, and whoever takes over runs them again", () =>
    Effect.gen(function*() {
      const url = yield* database
      const started = yield* Latch.make(false)
      let runs = 0
      let interrupted = 0
      const body = () =>
        Effect.suspend(() => ++runs > 1 ? Effect.void : Effect.andThen(started.open, Effect.never)).pipe(
          Effect.onInterrupt(() => Effect.sync(() => interrupted++))
        )
      const worker = yield* startWorker(url, body, { lease: "4 seconds" })
      yield* Effect.gen(function*() {
        const handle = yield* (yield* Cars.client)(1).workLater("x")
        yield* started.await
        const sql = yield* PgClient.PgClient
        yield* takenOver(sql)
        yield* handle.await
        assert.strictEqual(runs, 2)
        assert.strictEqual(interrupted, 1)
        assert.deepInclude({ ...yield* recordOf(handle) }, { status: "succeeded", attempts: 2 })
        yield* healthy
      }).pipe(Effect.provide(worker))
    }))

  it.live("a body that cannot be interrupted ends without effect", () =>
    Effect.gen(function*() {
      const url = yield* database
      const started = yield* Latch.make(false)
      const gate = yield* Latch.make(false)
      let runs = 0
      // taken over by itself, it does not run into the same again
      const body = () => Effect.suspend(() => runs++ === 0 ? Effect.andThen(started.open, gate.await) : Effect.void)
      const stubborn = yield* startWorker(url, () => Effect.uninterruptible(body()))
      yield* Effect.gen(function*() {
        const handle = yield* (yield* Cars.client)(1).workLater("x")
        yield* started.await
        const sql = yield* PgClient.PgClient
        yield* sql`delete from stepped.workers`
        const scope = yield* Scope.make()
        yield* Scope.provide(startWorker(url, nothing), scope)
        yield* handle.await
        const before = yield* history
        yield* Scope.close(scope, yield* Effect.exit(Effect.void))
        yield* gate.open
        const other = yield* (yield* Cars.client)(2).workLater("x")
        yield* other.await
        const [actions, steps] = yield* history
        assert.deepStrictEqual(actions.slice(0, 1), before[0])
        assert.deepStrictEqual(steps.slice(0, 1), before[1])
        yield* healthy
      }).pipe(Effect.provide(stubborn))
    }))
})

describe("what a worker takes", () => {
  const backlog = Effect.map(
    Effect.flatMap(JobQueue, (queue) => queue.backlog),
    (all) => all.map(({ actorType, due, name, queue }) => `${due} ${actorType}/${name} in ${queue}`)
  )

  it.live("are only jobs of definitions that it has; the others stay queued until somebody has them", () =>
    Effect.gen(function*() {
      const url = yield* database
      const worker = yield* startWorker(url, nothing)
      yield* Effect.gen(function*() {
        const parcels = yield* Effect.forEach(
          [1, 2, 3],
          (id) => Effect.flatMap(Vans.client, (van) => van(id).parcelLater("x"))
        )
        yield* (yield* Cars.client)(1).work("x")
        assert.deepStrictEqual(yield* backlog, ["3 Van/parcel in default"])
        yield* healthy
        yield* startWorkerOf(url, layerVans(nothing))
        yield* Effect.forEach(parcels, (handle) => handle.await)
        assert.deepStrictEqual(yield* backlog, [])
        yield* healthy
      }).pipe(Effect.provide(worker))
    }))

  it.live("are only jobs of its queues", () =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* startEngine(url)
      yield* Effect.gen(function*() {
        const car = yield* Cars.client
        const light: Array<string> = []
        const heavy: Array<string> = []
        const scope = yield* Scope.make()
        yield* Scope.provide(
          startWorker(url, (what) => Effect.sync(() => void light.push(what)), { queues: ["default"] }),
          scope
        )
        const hauls = yield* Effect.forEach([1, 2], (id) => car(id).haulLater("haul"))
        yield* car(1).work("work")
        assert.deepStrictEqual(yield* backlog, ["2 Car/haul in heavy"])
        yield* startWorker(url, (what) => Effect.sync(() => void heavy.push(what)), { queues: ["heavy"] })
        yield* Effect.forEach(hauls, (handle) => handle.await)
        assert.deepStrictEqual([light, heavy], [["work"], ["haul", "haul"]])
        // the other way round: light work waits for its own worker
        yield* Scope.close(scope, yield* Effect.exit(Effect.void))
        const work = yield* car(2).workLater("work")
        yield* car(3).haul("haul")
        assert.strictEqual((yield* work.status).status, "queued")
        yield* healthy
      }).pipe(Effect.provide(client))
    }))

  it.live("two workers share what there is, and nothing is performed twice", () =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* startEngine(url)
      yield* Effect.gen(function*() {
        const both = [yield* Latch.make(false), yield* Latch.make(false)] as const
        const runs = new Map<string, number>()
        const body = (mine: 0 | 1) => (what: string) =>
          Effect.suspend(() => {
            runs.set(what, (runs.get(what) ?? 0) + 1)
            // nobody goes on before both have begun
            return Effect.andThen(both[mine].open, both[mine === 0 ? 1 : 0].await)
          })
        // on a busy machine a short lease ends, and its bodies run again
        yield* startWorker(url, body(0), { concurrency: 4, lease: "10 minutes" })
        yield* startWorker(url, body(1), { concurrency: 4, lease: "10 minutes" })
        const car = yield* Cars.client
        const names = Array.from({ length: 300 }, (_, i) => i)
        const handles = yield* Effect.forEach(names, (id) => car(id).workLater(`work ${id}`), {
          concurrency: "unbounded"
        })
        yield* Effect.forEach(handles, (handle) => handle.await, { concurrency: "unbounded" })
        assert.deepStrictEqual([...runs.values()], names.map(() => 1))
        yield* healthy
      }).pipe(Effect.provide(client))
    }))
})

describe("how a worker finds out about work", () => {
  const slow: Stepped.EngineOptions = { lease: "10 minutes", pollInterval: "1 hour" }

  it.live.skipIf(isPooled)(
    "a notification wakes a worker that would not look for an hour",
    () =>
      Effect.gen(function*() {
        const url = yield* database
        const ran = yield* Deferred.make<void>()
        const again = yield* Deferred.make<void>()
        yield* startWorker(url, (what) => Deferred.succeed(what === "first" ? ran : again, undefined), slow)
        const client = yield* startEngine(url, slow)
        yield* Effect.gen(function*() {
          const car = yield* Cars.client
          // the first may have been found by looking once at the start
          yield* car(1).workLater("first")
          yield* Deferred.await(ran)
          const handle = yield* car(2).workLater("second")
          yield* Deferred.await(again)
          assert.include(["performing", "succeeded"], (yield* handle.status).status)
        }).pipe(Effect.provide(client))
      })
  )

  it.live.skipIf(isPooled)(
    "one that is enqueued in a transaction wakes it at the commit",
    () =>
      Effect.gen(function*() {
        const url = yield* database
        const ran = yield* Deferred.make<void>()
        const again = yield* Deferred.make<void>()
        yield* startWorker(url, (what) => Deferred.succeed(what === "first" ? ran : again, undefined), slow)
        const client = yield* startEngine(url, slow)
        yield* Effect.gen(function*() {
          const car = yield* Cars.client
          yield* car(1).workLater("first")
          yield* Deferred.await(ran)
          const sql = yield* PgClient.PgClient
          yield* sql.withTransaction(car(2).workLater("second"))
          yield* Deferred.await(again)
        }).pipe(Effect.provide(client))
      })
  )

  it.live("without notifications it looks for itself", () =>
    Effect.gen(function*() {
      const url = yield* database
      const quiet: Stepped.EngineOptions = { lease: "10 minutes", pollInterval: "50 millis", notify: false }
      yield* startWorker(url, nothing, quiet)
      const client = yield* startEngine(url, quiet)
      yield* Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        for (const id of [1, 2, 3]) yield* (yield* Cars.client)(id).work("x")
        assert.deepStrictEqual(
          yield* sql`select from pg_stat_activity where datname = current_database() and query ilike 'listen%'`,
          []
        )
        yield* healthy
      }).pipe(Effect.provide(client))
    }))
})

describe("a worker whose client hears nothing", () => {
  it.live("says so, and looks for itself", () =>
    Effect.gen(function*() {
      const url = yield* database
      const said: Array<string> = []
      const log = Logger.layer([Logger.make(({ message }) => {
        if (String(message).includes("no notification")) said.push(String(message))
      })])
      const deaf = Layer.effect(
        PgClient.PgClient,
        Effect.map(PgClient.PgClient, (sql) =>
          Object.assign(
            (...args: ReadonlyArray<never>) => Reflect.apply(sql, undefined, args),
            sql,
            {
              listen: () => Queue.unbounded<never>()
            }
          ) as PgClient.PgClient)
      )
      const worker = yield* alone(
        Stepped.worker().pipe(
          Layer.provide(layerCars(nothing)),
          Layer.provideMerge(Stepped.layer({ ...fast, notify: true })),
          Layer.provide(watched),
          Layer.provide(deaf),
          Layer.provide(log),
          Layer.provideMerge(layerUrl(url))
        )
      )
      yield* Effect.gen(function*() {
        const car = yield* Cars.client
        for (let id = 0; said.length === 0; id++) yield* car(id).work("x")
        assert.lengthOf(said, 1)
        assert.match(said[0]!, /no notification arrives.*every 50ms/)
        yield* car(1).work("after")
        yield* healthy
      }).pipe(Effect.provide(worker))
    }))
})

describe("a worker whose machine's clock is an hour ahead", () => {
  const hour = 3_600_000

  /** By how many ms the times that it writes differ from the database's clock. */
  const deviation = (databaseClock: "yes" | "no") =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* startEngine(url)
      return yield* Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        yield* startProgram(workerProgram, { url, env: { CLOCK_MS: String(hour), DATABASE_CLOCK: databaseClock } })
        yield* (yield* Cars.client)(1).trip("quick", "quick")
        const rows = yield* sql<{ off: number }>`
          select max(abs(extract(epoch from t - clock_timestamp())) * 1000)::float8 as off from (
            select unnest(array[started_at, ended_at]) as t from stepped.ended_actions
            union all select unnest(array[started_at, ended_at]) from stepped.steps) x`
        yield* healthy
        return rows[0]!.off
      }).pipe(Effect.provide(client))
    })

  it.live("writes the database's time", () =>
    Effect.gen(function*() {
      assert.isBelow(yield* deviation("yes"), 60_000)
      assert.isAbove(yield* deviation("no"), hour - 60_000)
    }))

  /** How an action with a timeout of ten minutes fares beside it. */
  const beside = (databaseClock: "yes" | "no") =>
    Effect.gen(function*() {
      const url = yield* database
      // it looks neither after what is due nor after others: the program alone ends what is late
      const worker = yield* startWorker(url, never, {
        gracePeriod: "10 millis",
        lease: "1 hour",
        pollInterval: "1 hour"
      })
      return yield* Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const car = yield* Cars.client
        const [handle, late] = [yield* car(1).rushLater("never"), yield* car(2).rushLater("never")]
        const status = ({ status }: ActionHandle) => Effect.map(status, (snapshot) => snapshot.status)
        yield* until("both perform", Effect.map(status(handle), (now) => now === "performing"))
        yield* until("both perform", Effect.map(status(late), (now) => now === "performing"))
        // by everybody's clock
        yield* sql`update stepped.live_actions set timeout_at = clock_timestamp() - interval '1 minute' where id = ${late.id}`
        yield* startProgram(workerProgram, {
          url,
          env: { CLOCK_MS: String(hour), DATABASE_CLOCK: databaseClock }
        })
        // what was due by then has ended with the same look
        yield* until("it has looked", Effect.map(status(late), (now) => now === "timed_out"))
        const after = yield* status(handle)
        yield* healthy
        return after
      }).pipe(Effect.provide(worker))
    })

  it.live("ends no timeout of others too early", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* beside("yes"), "performing")
      assert.strictEqual(yield* beside("no"), "timed_out")
    }))
})

suite("a deploy while work is in flight", (engine) => {
  class Train extends Stepped.Actor<Train>()("Train", { id: Schema.Int }) {}
  const ran: Array<string> = []
  const note = (what: string) => Effect.sync(() => void ran.push(what))
  const declared = Stepped.action("ride", { success: Schema.Void })
  const wait = (what: string) => Effect.andThen(note(what), Step.wait("1 hour"))

  const before = declared.step("board", () => wait("board")).step("seat", () => note("seat")).step(
    "leave",
    () => note("leave")
  )

  /** Begins with the first version, goes as far as its first wait, and goes on with the second. */
  const deployed = (after: AnyAction) =>
    Effect.gen(function*() {
      ran.length = 0
      const provide = (action: AnyAction) => {
        const Trains = Stepped.actions(Train, [action as typeof before])
        return [Trains, Trains.toLayer(Effect.succeed({}))] as const
      }
      const [Trains, first] = provide(before)
      const handle = yield* Effect.gen(function*() {
        const handle = yield* (yield* Trains.client)(1).rideLater()
        while ((yield* performDue) > 0) { /* as far as it goes at once */ }
        return handle
      }).pipe(Effect.provide(first))
      assert.deepStrictEqual(ran, ["board"])
      yield* Effect.provide(performSteppedActions(), provide(after)[1])
      yield* healthy
      return [ran.slice(1), yield* stepsOf(handle), yield* Effect.exit(handle.await)] as const
    })

  const cases: ReadonlyArray<readonly [string, AnyAction, ReadonlyArray<string>]> = [
    ["unchanged", before, ["seat", "leave"]],
    [
      "with a step added before the place where work is",
      declared.step("check", () => note("check")).step("board", () => wait("board")).step("seat", () => note("seat"))
        .step("leave", () => note("leave")),
      ["seat", "leave"]
    ],
    [
      "with a step added after it",
      declared.step("board", () => wait("board")).step("greet", () => note("greet")).step("seat", () => note("seat"))
        .step("leave", () => note("leave")),
      ["greet", "seat", "leave"]
    ],
    [
      "with the next step removed",
      declared.step("board", () => wait("board")).step("leave", () => note("leave")),
      ["leave"]
    ],
    [
      "with the next step renamed",
      declared.step("board", () => wait("board")).step("sit", () => note("sit")).step("leave", () => note("leave")),
      ["sit", "leave"]
    ],
    [
      "with all later steps removed",
      declared.step("board", () => wait("board")),
      []
    ],
    [
      "with the waiting step removed: what is left has not run",
      declared.step("seat", () => note("seat")).step("leave", () => note("leave")),
      ["seat", "leave"]
    ],
    [
      "with the order changed",
      declared.step("seat", () => note("seat")).step("board", () => wait("board")).step("leave", () => note("leave")),
      ["leave"]
    ]
  ]
  for (const [what, after, expected] of cases) {
    it.effect(`goes on by the names of steps: ${what}`, () =>
      Effect.gen(function*() {
        const [rest, steps, exit] = yield* deployed(after)
        assert.deepStrictEqual(rest, expected)
        assert.deepStrictEqual(steps, ["board succeeded", ...expected.map((name) => `${name} succeeded`)])
        assert.strictEqual(exit._tag, "Success")
      }).pipe(Effect.provide(engine.layer())))
  }

  it.effect("a definition that is gone leaves its work waiting, visible, until it is back", () =>
    Effect.gen(function*() {
      ran.length = 0
      const Trains = Stepped.actions(Train, [before])
      const layer = Trains.toLayer(Effect.succeed({}))
      const handle = yield* Effect.gen(function*() {
        const handle = yield* (yield* Trains.client)(1).rideLater()
        while ((yield* performDue) > 0) { /* as far as it goes at once */ }
        return handle
      }).pipe(Effect.provide(layer))
      const error = yield* Effect.flip(performSteppedActions())
      assert.include(error.message, "is performing")
      assert.strictEqual((yield* handle.status).status, "performing")
      yield* healthy
      yield* Effect.provide(performSteppedActions(), layer)
      yield* handle.await
      assert.deepStrictEqual(ran, ["board", "seat", "leave"])
      yield* healthy
    }).pipe(Effect.provide(engine.layer())))
})

describe("a worker without anything to do", () => {
  it.live("does not start when it has no definition of what it inherits, and says what is missing", () =>
    Effect.gen(function*() {
      const url = yield* database
      class Vehicle extends Stepped.Actor<Vehicle>()("Vehicle", { id: Schema.Int }) {}
      class Bus extends Stepped.Actor<Bus>()("Bus", { extends: Vehicle }) {}
      const Vehicles = Stepped.actions(Vehicle, [Stepped.action("go").step(() => Effect.void)])
      const Buses = Vehicles.extend(Bus, [Stepped.action("stop").step(() => Effect.void)])
      const error = yield* Effect.flip(
        alone(
          Stepped.worker().pipe(
            Layer.provide(Buses.toLayer(Effect.succeed({}))),
            Layer.provide(Stepped.layer(fast)),
            Layer.provide(layerUrl(url))
          )
        )
      )
      assert.include(String(error), "Bus extends Vehicle, whose actions are not provided")
    }))

  it.live("stops at once", () =>
    Effect.gen(function*() {
      const url = yield* database
      const worker = yield* startEngine(url)
      yield* Effect.scoped(startWorker(url, never, { gracePeriod: "1 hour" }))
      const rows = yield* Effect.provide(
        Effect.flatMap(PgClient.PgClient, (sql) => sql`select from stepped.workers`),
        Context.pick(PgClient.PgClient)(worker)
      )
      assert.strictEqual(rows.length, 0)
    }))
})
