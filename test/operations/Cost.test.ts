/**
 * What an action costs in statements, commits and bytes of WAL, on a running engine: rates are noise on a test machine, counts are
 * not. `bench/` has the rates.
 */
import { PgClient } from "@effect/sql-pg"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { type Context, Effect, Exit, Layer, Scope } from "effect"
import { ActionRepo, JobQueue, Stepped } from "stepped"
import { performDue, recordEvents } from "stepped/testing"
import { healthy } from "../harness/databases.ts"
import { layerUrl, startServer } from "../harness/Server.ts"
import {
  absent,
  announced,
  approval,
  asking,
  beating,
  Car,
  careful,
  Cars,
  CarsLive,
  type Client,
  type Clients,
  cost,
  drive,
  fleet,
  given,
  noted,
  numbers,
  outbound,
  reporting,
  steps,
  still,
  TokensLive
} from "./fixtures/cost.ts"

/** On a machine that is busy with something else bodies look longer than they are, and are committed sooner: a few times, until it is so. */
const atBest = <A, E, R>(measured: Effect.Effect<A, E, R>, isSo: (spent: A) => boolean) =>
  Effect.repeat(measured, { until: isSo, times: 3 })

describe("the cost of actions", () => {
  const engine = Layer.unwrap(Effect.map(
    startServer({ flags: ["autovacuum=off", "fsync=off", "full_page_writes=off"] }),
    ({ url }) => {
      const client = layerUrl(url)
      const worker = Stepped.worker({ concurrency: 1000, connections: 1, queues: ["default"] }).pipe(
        Layer.provide(CarsLive),
        Layer.provideMerge(TokensLive),
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
          (context) =>
            Effect.provideContext(
              Effect.andThen(Effect.flatMap(Cars.client, (client) => client(1).convoy(2)), announced),
              context
            )
        ))
      )
      yield* Effect.provideContext(Effect.andThen(test, healthy), context)
    })

  const cases: ReadonlyArray<
    readonly [what: string, run: (car: Client) => Effect.Effect<unknown, unknown>, commits: number, finish: number]
  > = [
    [
      "a plain action takes two commits: an idle worker takes it with the one that stores it",
      (car) => car.drive(1),
      2,
      1
    ],
    ["one that is performed in the caller's fiber takes three", (car) => car.driveNow(1), 3, 1],
    ["every further step takes one", (car) => car.steps(), 4, 3],
    ["a hook before takes one", (car) => car.careful(), 3, 1],
    ["callbacks take one, however many they are", (car) => car.reporting(), 3, 2],
    [
      "a parent and its fifty children take five: the children are claimed and finished together",
      (car) => car.convoy(50),
      5,
      3
    ],
    ["so do children whose failure is a value", (car) => car.attempting(50), 5, 3],
    ["what a step and a callback start is stored with their ends", (car) => car.starting(), 3, 2]
  ]
  it.live("every compensation takes one, and the first one two looks at what was done", () =>
    counting(Effect.gen(function*() {
      const client = yield* Cars.client
      const spent = yield* cost(Effect.exit(client(1).undone()))
      const { finish = 0, results_after = 0, what_of = 0 } = spent.statements
      // three steps, two compensations, the last of which ends the action
      assert.deepStrictEqual([spent.commits, finish, what_of, results_after], [6, 5, 1, 2])
      assert.isAtMost(spent.walBytes, 3900)
    })))

  it.live("what unwinds children takes as much for fifty as for one, and nothing for those that have nothing to undo", () =>
    counting(Effect.gen(function*() {
      const client = yield* Cars.client
      const [none, one, fifty] = [
        yield* cost(Effect.exit(client(1).unwound(0))),
        yield* cost(Effect.exit(client(2).unwound(1))),
        yield* cost(Effect.exit(client(3).unwound(50)))
      ]
      // of a parent that fails three say that it does, that it unwinds its children, and that nothing is left
      assert.deepStrictEqual([none.statements.finish, none.statements.cancel_abandoned], [6, undefined])
      for (const { commits, statements } of [one, fifty]) {
        assert.strictEqual(statements.finish, 7)
        // how often it is looked for depends on how long it takes
        assert.isAtMost(statements.cancel_abandoned!, 5)
        assert.isAtMost(commits - statements.cancel_abandoned!, 12)
      }
      // each child is performed, and unwound
      assert.isAtMost((fifty.walBytes - one.walBytes) / 49, 4800)
    })))

  for (const [what, run, commits, finish] of cases) {
    it.live(what, () =>
      counting(Effect.gen(function*() {
        const client = yield* Cars.client
        const spent = yield* cost(run(client(1)))
        assert.strictEqual(spent.commits, commits)
        // how often the caller looks depends on how long it takes
        const { claim = 0, enqueue = 0, enqueue_and_claim = 0, outcomes_of: _looks, ...others } = spent.statements
        assert.deepStrictEqual([enqueue + enqueue_and_claim, others], [1, { finish }])
        // the last claim is the look that finds nothing
        assert.isAtMost(claim, commits - finish + 1)
      })))
  }

  it.live("a further attempt of a step takes two: one says when it begins, one claims it", () =>
    counting(Effect.gen(function*() {
      const client = yield* Cars.client
      const spent = yield* cost(client(1).again())
      assert.strictEqual(spent.commits, 4)
      assert.strictEqual(spent.statements.finish, 2)
      assert.isAtMost(spent.walBytes, 3600)
    })))

  it.live("what a step does once takes one, and what it does at once takes one together", () =>
    counting(Effect.gen(function*() {
      const client = yield* Cars.client
      const spent = yield* cost(client(1).paying())
      const { enqueue = 0, enqueue_and_claim = 0, finish, remember } = spent.statements
      assert.deepStrictEqual([enqueue + enqueue_and_claim, finish, remember, spent.commits], [1, 1, 2, 4])
    })))

  it.live("a signal takes two: one stores it, one hands over who has waited for it", () =>
    counting(Effect.gen(function*() {
      const client = yield* Cars.client
      const sql = yield* PgClient.PgClient
      const handle = yield* client(1).askingLater()
      const waits = Effect.map(
        sql`select from stepped.slots where signal = 'approval' and status is null`,
        (rows) => rows.length > 0
      )
      while (!(yield* waits)) yield* Effect.sleep("5 millis")
      // one look is all that is asked for of an action that has not said how far it is
      const { statements } = yield* cost(handle.status)
      const { claim: _claims, outcomes_of, ...more } = statements
      assert.deepStrictEqual([outcomes_of, more], [1, {}])
      const spent = yield* cost(Effect.andThen(handle.send(approval, 7), handle.await))
      assert.strictEqual(spent.result, 7)
      const { claim = 0, finish, outcomes_of: _looks, send_signal } = spent.statements
      // the third stores the action's end
      assert.deepStrictEqual([spent.commits, finish, send_signal], [3, 1, 1])
      assert.isAtMost(claim, 3)
      assert.isAtMost(spent.walBytes, 3500)
    })))

  it.live("a token takes no statement, and what comes with it is a signal; what is none asks for nothing", () =>
    counting(Effect.gen(function*() {
      const client = yield* Cars.client
      const sql = yield* PgClient.PgClient
      const waits = Effect.map(
        sql`select from stepped.slots where signal = 'approval' and status is null`,
        (rows) => rows.length > 0
      )
      /** But for those by which it is enqueued and begins, which hang on who is idle at the moment. */
      const waiting = (enqueued: Effect.Effect<unknown, unknown>) =>
        Effect.map(
          cost(Effect.andThen(enqueued, Effect.repeat(waits, { until: (so) => so }))),
          ({ statements: { claim: _claims, enqueue: _apart, enqueue_and_claim: _together, ...more } }) => more
        )
      assert.deepStrictEqual(yield* waiting(client(1).askingLater()), { finish: 1 })
      yield* Stepped.send(Car.ref(1), asking, approval, 7)
      yield* Effect.repeat(waits, { until: (so) => !so })
      assert.deepStrictEqual(yield* waiting(client(2).tokenedLater()), { finish: 1 })
      const { succeeded } = Stepped.Outcome
      const forged = yield* cost(Effect.flip(Stepped.receive(`${given[0]!}A`, succeeded(7))))
      assert.deepStrictEqual([forged.commits, forged.statements], [0, {}])
      const spent = yield* cost(Effect.gen(function*() {
        yield* Stepped.receive(given[0]!, succeeded(7))
        yield* Effect.repeat(waits, { until: (so) => !so })
      }))
      const { finish, send_signal } = spent.statements
      assert.deepStrictEqual([spent.commits, finish, send_signal], [3, 1, 1])
      assert.isAtMost(spent.walBytes, 3600)
      const again = yield* cost(Stepped.receive(given[0]!, succeeded(7)))
      assert.deepStrictEqual([again.commits, again.statements.send_signal], [0, 1])
    })))

  it.live("a heartbeat is one statement, which commits where it is due alone, and waiting for it costs nothing", () =>
    counting(Effect.gen(function*() {
      const client = yield* Cars.client
      const sql = yield* PgClient.PgClient
      const waits = Effect.map(
        sql`select from stepped.slots where signal = 'approval' and status is null`,
        (rows) => rows.length > 0
      )
      /** But for those by which it is enqueued and begins, which hang on who is idle at the moment. */
      const waiting = (enqueued: Effect.Effect<unknown, unknown>) =>
        Effect.map(
          cost(Effect.andThen(enqueued, Effect.repeat(waits, { until: (so) => so }))),
          ({ statements: { claim: _claims, enqueue: _apart, enqueue_and_claim: _together, ...more } }) => more
        )
      const answered = (id: number, action: typeof asking | typeof beating) =>
        Effect.andThen(Stepped.send(Car.ref(id), action, approval, 7), Effect.repeat(waits, { until: (so) => !so }))
      assert.deepStrictEqual(yield* waiting(client(1).askingLater()), { finish: 1 })
      yield* answered(1, asking)
      const handle = yield* client(2).beatingLater()
      yield* Effect.repeat(waits, { until: (so) => so })
      const first = yield* cost(Stepped.heartbeat(handle.id, { rows: 7 }))
      assert.deepStrictEqual([first.result, first.commits, first.statements], ["heard", 1, { hear: 1 }])
      assert.isAtMost(first.walBytes, 700)
      const second = yield* cost(Stepped.heartbeat(handle.id, { rows: 8 }))
      assert.deepStrictEqual([second.result, second.commits, second.statements], ["heard", 0, { hear: 1 }])
      yield* answered(2, beating)
      assert.deepStrictEqual(yield* waiting(client(3).beatingLater()), { finish: 1 })
      yield* answered(3, beating)
    })))

  it.live("five hundred actions at once share their commits", () =>
    counting(Effect.gen(function*() {
      const client = yield* Cars.client
      const ids = Array.from({ length: 500 }, (_, id) => id)
      const spent = yield* atBest(
        cost(Effect.forEach(ids, (id) => client(id).drive(id), { concurrency: "unbounded" })),
        ({ commits }) => commits <= 12
      )
      assert.deepStrictEqual(spent.result, ids)
      // two of each as a rule: the first comes alone, the others while it is under way
      assert.isAtMost(spent.commits, 12)
      const { outcomes_of: _looks, ...transitions } = spent.statements
      assert.deepStrictEqual(Object.keys(transitions).sort(), ["claim", "enqueue", "enqueue_and_claim", "finish"])
      assert.isAtMost(Object.values(transitions).reduce((sum, count) => sum + count), 20)
    })))

  // per action, for many at once, by a worker with the default concurrency: the rates rest on these
  const budgets: ReadonlyArray<
    readonly [
      what: string,
      actions: number,
      enqueue: (cars: Clients) => Effect.Effect<unknown, unknown>,
      budget: {
        readonly commits: number
        readonly statements: number
        readonly finish: number
        readonly walBytes: number
      }
    ]
  > = [
    [
      "an action of one step",
      8000,
      (cars) => cars.enqueueMany(drive, numbers(8000).map((id) => [id, 1])),
      { commits: 0.005, statements: 0.006, finish: 11, walBytes: 850 }
    ],
    [
      "an action of three steps",
      1000,
      (cars) => cars.enqueueMany(steps, numbers(1000).map((id) => [id])),
      { commits: 0.016, statements: 0.03, finish: 8, walBytes: 2350 }
    ],
    [
      "one of a parent's fifty children",
      200 * 51,
      (cars) => cars.enqueueMany(fleet, numbers(200).map((id) => [id])),
      { commits: 0.008, statements: 0.0075, finish: 40, walBytes: 2000 }
    ],
    [
      "an action with a hook and callbacks",
      1000,
      (cars) =>
        Effect.andThen(
          cars.enqueueMany(careful, numbers(500).map((id) => [id])),
          cars.enqueueMany(reporting, numbers(500).map((id) => [id]))
        ),
      { commits: 0.016, statements: 0.025, finish: 7, walBytes: 1600 }
    ]
  ]
  for (const [what, actions, enqueue, budget] of budgets) {
    it.live(`${what} costs ${budget.commits} commits and ${budget.walBytes} bytes of WAL at most under load`, () =>
      counting(Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const drained = Effect.gen(function*() {
          while (true) {
            const [row] = yield* sql<{ done: boolean }>`
              select not exists (select from loaded.jobs) and not exists (select from loaded.live_actions) as done`
            if (row!.done) return
            yield* Effect.sleep("5 millis")
          }
        })
        const perform = Effect.scoped(Effect.andThen(Layer.build(Stepped.worker()), drained))
        yield* Effect.gen(function*() {
          const cars = yield* Cars.client
          // the first ones bring the JavaScript engine up to speed, and show how long bodies take
          yield* cars.enqueueMany(drive, numbers(500).map((id) => [id, 1]))
          yield* perform
          const measured = Effect.andThen(enqueue(cars), cost(perform))
          const spent = yield* atBest(measured, ({ statements }) => statements.finish! <= budget.finish)
          const statements = Object.values(spent.statements).reduce((sum, count) => sum + count)
          assert.isAtMost(spent.commits / actions, budget.commits)
          assert.isAtMost(statements / actions, budget.statements)
          // what the bodies of one claim have come to is committed together, and nothing of it alone
          assert.isAtMost(spent.statements.finish!, budget.finish)
          assert.isAtMost(spent.walBytes / actions, budget.walBytes)
        }).pipe(Effect.provide(
          // the actions of this engine, not those of the one above
          Layer.fresh(CarsLive).pipe(
            Layer.provideMerge(Stepped.layer({ ...still, schema: "loaded", migrate: true })),
            Layer.provideMerge(Layer.effect(PgClient.PgClient, Effect.map(PgClient.PgClient, noted)))
          )
        ))
      })))
  }

  it.live("a call of its own for each of thousands costs a fortieth of a commit, in bulk nothing to speak of", () =>
    counting(Effect.gen(function*() {
      const client = yield* Cars.client
      const alone = yield* cost(Effect.forEach(numbers(3200), (id) => client(id).absentLater(), { concurrency: 80 }))
      assert.isAtMost(alone.commits / 3200, 1 / 40)
      assert.isAtMost(alone.walBytes / 3200, 600)
      const bulk = yield* cost(client.enqueueMany(absent, numbers(12_000).map((id) => [id])))
      assert.deepStrictEqual([bulk.commits, bulk.statements.enqueue], [1, 3])
      assert.isAtMost(bulk.walBytes / 12_000, 600)
      yield* Effect.flatMap(PgClient.PgClient, (sql) => sql`truncate stepped.jobs`)
    })))

  it.live("a key or an id costs its row: a call of its own takes one commit, in bulk nothing to speak of", () =>
    counting(Effect.gen(function*() {
      const client = yield* Cars.client
      const one = yield* cost(client(1).with({ idempotencyKey: "one" }).absentLater())
      // whoever takes it looks, and does not know it
      assert.deepStrictEqual([one.commits, { claim: 1, ...one.statements }], [1, { claim: 1, enqueue_keyed: 1 }])
      const again = yield* cost(client(1).with({ idempotencyKey: "one" }).absentLater())
      assert.deepStrictEqual({ claim: 1, ...again.statements }, { claim: 1, enqueue_keyed: 1 })
      assert.isAtMost(again.commits, 1)
      // two commits more than without: it is stored, and then claimed
      const performed = yield* cost(client(1).with({ idempotencyKey: "two" }).drive(1))
      assert.strictEqual(performed.commits, 3)
      const bulk = yield* cost(
        client.with({ idempotencyKey: "bulk" }).enqueueMany(absent, numbers(4000).map((id) => [id]))
      )
      assert.deepStrictEqual([bulk.commits, bulk.statements.enqueue_keyed], [1, 1])
      assert.isAtMost(bulk.walBytes / 4000, 1250)
      yield* Effect.flatMap(PgClient.PgClient, (sql) => sql`truncate stepped.jobs, stepped.action_keys`)
    })))

  it.live("a completion's key costs its row, and who comes with it again no commit", () =>
    counting(Effect.gen(function*() {
      const client = yield* Cars.client
      yield* client(1).outboundNow()
      const plain = yield* cost(Stepped.complete(Car.ref(1), outbound, Stepped.Outcome.succeededVoid))
      yield* client(1).outboundNow()
      const complete = Stepped.complete(Car.ref(1), outbound, Stepped.Outcome.succeededVoid, { key: "event" })
      const keyed = yield* cost(complete)
      const again = yield* cost(complete)
      const [one, two, three] = [plain, keyed, again].map((
        { commits, statements: { claim: _looks, ...statements } }
      ) => [
        commits,
        statements
      ])
      assert.deepStrictEqual([one, two, three], [[1, { complete: 1 }], [1, { complete_keyed: 1 }], [0, {
        complete_keyed: 1
      }]])
      assert.isAtMost(keyed.walBytes - plain.walBytes, 800)
    })))

  const ada = { by: "ada", reason: "a test" }
  /** Commits and statements of a verb, but for looks for work. */
  const spentOn = <A, E, R>(verb: Effect.Effect<A, E, R>, walMax = 2500) =>
    Effect.map(cost(verb), ({ commits, statements: { claim: _looks, ...statements }, walBytes }) => {
      assert.isAtMost(walBytes, walMax)
      return [commits, Object.values(statements).reduce((sum, count) => sum + count, 0)]
    })

  it.live("18: what an operator asks for is one statement and one commit, recorded with it; where there is nothing to do it is none", () =>
    counting(Effect.gen(function*() {
      const client = yield* Cars.client
      const queue = yield* JobQueue
      const repo = yield* ActionRepo
      const queued = yield* client(1).absentLater()
      const ended = yield* client(2).driveLater(1)
      yield* ended.await
      yield* client(3).outboundNow()
      const performing = (yield* repo.list({ name: "outbound", statuses: ["performing"] }))[0]!.id
      const later = new Date(Date.now() + 3_600_000)
      assert.deepStrictEqual(yield* spentOn(queue.reprioritise(queued.id, 7, ada)), [1, 1])
      assert.deepStrictEqual(yield* spentOn(queue.reschedule(queued.id, later, ada)), [1, 1])
      assert.deepStrictEqual(yield* spentOn(queue.pause({ queue: "absent" }, ada)), [1, 1])
      assert.deepStrictEqual(yield* spentOn(repo.delete(ended.id, ada)), [1, 1])
      assert.deepStrictEqual(yield* spentOn(Stepped.cancel(performing, ada)), [1, 1])
      assert.deepStrictEqual(yield* spentOn(repo.delete(ended.id, ada)), [0, 1])
      assert.deepStrictEqual(yield* spentOn(queue.reprioritise(ended.id, 7, ada)), [0, 1])
      yield* queue.resume({ queue: "absent" }, ada)
      yield* Effect.flatMap(PgClient.PgClient, (sql) => sql`truncate stepped.jobs, stepped.operations, stepped.resumed`)
    })))

  it.live("18: so is a retry, a further try of a held step, one that is skipped, and a compensation that is run again", () =>
    counting(Effect.gen(function*() {
      const client = yield* Cars.client
      const repo = yield* ActionRepo
      const { id: broken } = yield* client(1).brokenNow()
      const { id: tried } = yield* client(2).heldNow()
      const { id: skipped } = yield* client(3).heldNow()
      const { id: stuck } = yield* client(4).stuckNow()
      const heldStep = (id: string) => Effect.map(repo.steps(id), (steps) => steps[0]!)
      const [again, over] = [yield* heldStep(tried), yield* heldStep(skipped)]
      assert.deepStrictEqual(yield* spentOn(repo.retry(broken, ada), 4000), [1, 1])
      assert.deepStrictEqual(yield* spentOn(repo.tryStepAgain(again, ada)), [1, 1])
      assert.deepStrictEqual(yield* spentOn(repo.skipStep(over, ada)), [1, 1])
      assert.deepStrictEqual(yield* spentOn(repo.compensateAgain(stuck, ada)), [1, 1])
      // what follows from that is for a worker of their queue
      const [next] = yield* repo.list({ retryOf: broken })
      for (const id of [next!.id, tried]) yield* Stepped.cancel(id)
      const sql = yield* PgClient.PgClient
      const isOver = Effect.map(
        sql`select from stepped.jobs union all select from stepped.live_actions`,
        (rows) => rows.length === 0
      )
      const done = Effect.repeat(Effect.andThen(Effect.sleep("5 millis"), isOver), { until: (so) => so })
      yield* Effect.scoped(Effect.andThen(Layer.build(Stepped.worker({ queues: ["absent"] })), done))
    })))

  it.live("17.1: who listens to events costs no statement, commit or WAL; nobody listening is asked for nothing", () =>
    counting(Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const all = Effect.andThen(car.steps(), Effect.andThen(car.reporting(), car.convoy(3)))
      yield* all
      const both = Effect.gen(function*() {
        const alone = yield* cost(all)
        const heard = yield* Effect.scoped(Effect.gen(function*() {
          const recorder = yield* recordEvents()
          const spent = yield* cost(all)
          assert.isAtLeast((yield* recorder.all).length, 30)
          return spent
        }))
        return { alone, heard }
      })
      const { alone, heard } = yield* atBest(both, ({ alone, heard }) => alone.commits === heard.commits)
      // claims, and who waits for an answer, look again by the clock
      const byTheClock = { claim: 0, outcomes_of: 0 }
      assert.deepStrictEqual({ ...heard.statements, ...byTheClock }, { ...alone.statements, ...byTheClock })
      assert.strictEqual(heard.commits, alone.commits)
      assert.isAtMost(Math.abs(heard.walBytes - alone.walBytes), 2000)
    })))

  it.live("looking for work without finding any takes no commit", () =>
    counting(Effect.gen(function*() {
      // whoever looks beside a worker has a token of its own, from the first time on
      yield* performDue
      const spent = yield* cost(Effect.forEach(Array.from({ length: 10 }), () => performDue))
      assert.strictEqual(spent.commits, 0)
      assert.isAtLeast(spent.statements.claim!, 10)
    })))
})
