/** Rule 17.2: what a process counts and measures. */
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Metric, Scope } from "effect"
import type { SqlClient as Sql } from "effect/sql"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Stepped } from "stepped"
import { healthy, suite } from "../harness/databases.ts"
import { performIdle } from "../harness/performing.ts"
import { called, linesIn, Robots, standing } from "./fixtures/metered.ts"

const actions = ["stepped_enqueued_total", "stepped_started_total", "stepped_ended_total"]
const waiting = ["stepped_queue_depth", "stepped_queue_oldest_due_seconds", "stepped_lanes_occupied"]

suite("metrics", (engine) => {
  /** With a registry of its own. */
  const test = <A, E>(
    name: string,
    scenario: (
      lines: ReturnType<typeof linesIn>
    ) => Effect.Effect<A, E, Stepped.Services | Sql.SqlClient>
  ) =>
    it.effect(name, () =>
      Effect.suspend(() => {
        const registry: Metric.MetricRegistry = new Map()
        const layer = Robots.layer.pipe(
          Layer.provideMerge(engine.layer()),
          Layer.provide(Layer.succeed(Metric.MetricRegistry, registry))
        )
        return Effect.andThen(scenario(linesIn(registry)), healthy).pipe(Effect.provide(layer))
      }))
  const robot = Effect.map(Robots.client, (robots) => robots(1))

  test("17.2: actions are counted as they are enqueued, begin and end, by what they are: children too, and what begins never", (lines) =>
    Effect.gen(function*() {
      const client = yield* robot
      yield* client.coupleLater()
      yield* performIdle
      // done already
      yield* client.weldLater(7)
      yield* client.paintLater(3)
      yield* performIdle
      assert.deepStrictEqual(lines(...actions, "stepped_batch_size"), [
        "batch_size claim 3 of 5",
        "batch_size enqueue 3 of 3",
        "batch_size finish 5 of 5",
        "ended Robot/couple succeeded 1",
        "ended Robot/paint succeeded 1",
        "ended Robot/weld succeeded 3",
        "enqueued Robot/couple 1",
        "enqueued Robot/paint 1",
        "enqueued Robot/weld 3",
        "started Robot/couple 1",
        "started Robot/paint 1",
        "started Robot/weld 2"
      ])
      assert.deepStrictEqual(lines("stepped_body_seconds").map((line) => line.replace(/ of .*/, "")), [
        "body_seconds Robot/couple 2",
        "body_seconds Robot/paint 2",
        "body_seconds Robot/weld 2"
      ])
    }))

  test("17.2: ends are counted by their status, whoever has ended an action and whether it has begun or not", (lines) =>
    Effect.gen(function*() {
      const client = yield* robot
      yield* client.waitLater()
      yield* performIdle
      yield* client.waitLater()
      yield* performIdle
      const last = yield* client.waitLater()
      yield* performIdle
      yield* last.cancel()
      const queued = yield* client.weldLater(1)
      yield* queued.cancel()
      yield* TestClock.adjust("2 hours")
      yield* client.chaseLater()
      yield* client.jamLater()
      yield* performIdle
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      assert.deepStrictEqual(lines(...actions), [
        "ended Robot/chase deadlocked 1",
        "ended Robot/chase failed 1",
        "ended Robot/jam failed 1",
        "ended Robot/wait cancelled 1",
        "ended Robot/wait superseded 1",
        "ended Robot/wait timed_out 1",
        "ended Robot/weld cancelled 1",
        "enqueued Robot/chase 2",
        "enqueued Robot/jam 1",
        "enqueued Robot/wait 3",
        "enqueued Robot/weld 1",
        "started Robot/chase 1",
        "started Robot/jam 1",
        "started Robot/wait 1"
      ])
    }))

  test("17.2: what a transaction of the program enqueues and sends counts once that has committed", (lines) =>
    Effect.gen(function*() {
      const client = yield* robot
      const sql = yield* SqlClient.SqlClient
      const hear = yield* client.hearLater()
      const both = Effect.andThen(client.weldLater(1), hear.send(called, undefined))
      yield* Effect.exit(sql.withTransaction(Effect.andThen(both, Effect.fail("rolled back"))))
      const counted = () => lines("stepped_enqueued_total", "stepped_signals_total")
      assert.deepStrictEqual(counted(), ["enqueued Robot/hear 1"])
      yield* sql.withTransaction(
        Effect.tap(both, () => Effect.sync(() => assert.deepStrictEqual(counted(), ["enqueued Robot/hear 1"])))
      )
      assert.deepStrictEqual(counted(), ["enqueued Robot/hear 1", "enqueued Robot/weld 1", "signals Robot/hear 1"])
      // under a key that is taken nothing is stored
      const keyed = client.with({ idempotencyKey: "once" })
      yield* keyed.weldLater(2)
      yield* keyed.weldLater(2)
      assert.deepStrictEqual(lines("stepped_enqueued_total"), ["enqueued Robot/hear 1", "enqueued Robot/weld 2"])
      yield* performIdle
    }))

  test("17.2: attempts that are made again, compensations, and what was not undone", (lines) =>
    Effect.gen(function*() {
      const client = yield* robot
      yield* client.jamLater()
      yield* client.mountLater()
      yield* performIdle
      yield* TestClock.adjust("1 second")
      yield* performIdle
      yield* TestClock.adjust("1 second")
      yield* performIdle
      assert.deepStrictEqual(
        lines("stepped_retries_total", "stepped_compensations_total", "stepped_not_undone_total"),
        [
          "compensations Robot/mount failed 1",
          "compensations Robot/mount succeeded 1",
          "not_undone Robot/mount 1",
          "retries Robot/jam 2"
        ]
      )
    }))

  test("17.2: how long actions have waited since they were due, in the queue and in a lane", (lines) =>
    Effect.gen(function*() {
      const client = yield* robot
      yield* client.weldLater(1)
      yield* client.with({ delay: "1 minute" }).weldLater(2)
      const first = yield* client.waitLater()
      yield* TestClock.adjust("10 seconds")
      yield* performIdle
      yield* client.waitLater()
      yield* performIdle
      yield* TestClock.adjust("70 seconds")
      yield* first.cancel()
      yield* performIdle
      assert.deepStrictEqual(lines("stepped_wait_seconds"), [
        "wait_seconds Robot/wait 2 of 80",
        "wait_seconds Robot/weld 2 of 30"
      ])
    }))

  test("17.2: how much waits is asked for when somebody reads it: zero of known queues, and nothing of others that are empty", (lines) =>
    Effect.gen(function*() {
      const client = yield* robot
      assert.deepStrictEqual(lines(...waiting), [])
      yield* client.weldLater(1)
      yield* client.with({ priority: -5 }).weldLater(3)
      yield* client.with({ delay: "1 minute" }).weldLater(2)
      yield* client.waitLater()
      yield* TestClock.adjust("10 seconds")
      const sql = yield* SqlClient.SqlClient
      yield* sql`update stepped.jobs set queue = 'of others' where definition = 'Robot/wait'`
      yield* Stepped.measure
      assert.deepStrictEqual(lines(...waiting), [
        "lanes_occupied 0",
        "queue_depth default 0",
        "queue_depth of others 1",
        "queue_depth slow 2",
        "queue_oldest_due_seconds default 0",
        "queue_oldest_due_seconds of others 10",
        "queue_oldest_due_seconds slow 10"
      ])
      yield* sql`update stepped.jobs set queue = 'default' where definition = 'Robot/wait'`
      yield* performIdle
      // it is due, though nobody has looked at it yet
      yield* TestClock.adjust("70 seconds")
      yield* Stepped.measure
      assert.deepStrictEqual(lines(...waiting), [
        "lanes_occupied 1",
        "queue_depth default 0",
        "queue_depth slow 1",
        "queue_oldest_due_seconds default 0",
        "queue_oldest_due_seconds slow 20"
      ])
    }))

  test("17.2: where the database does not answer, nothing is said of what waits", (lines) =>
    Effect.gen(function*() {
      yield* Stepped.measure
      assert.lengthOf(lines(...waiting), 5)
      const sql = yield* SqlClient.SqlClient
      yield* sql`alter table stepped.named_lanes rename to away`
      const error = yield* Effect.flip(Stepped.measure).pipe(
        Effect.ensuring(Effect.orDie(sql`alter table stepped.away rename to named_lanes`))
      )
      assert.strictEqual(error._tag, "StorageError")
      assert.deepStrictEqual(lines(...waiting), [])
    }))

  test("17.2: bodies that run are counted when it is asked, and no more once the layer has closed", (lines) =>
    Effect.gen(function*() {
      const client = yield* robot
      yield* client.standLater()
      const performing = yield* Effect.forkChild(performIdle)
      yield* standing.begun
      assert.deepStrictEqual(lines("stepped_bodies_running"), ["bodies_running 1"])
      yield* standing.end
      yield* Fiber.join(performing)
      assert.deepStrictEqual(lines("stepped_bodies_running"), ["bodies_running 0"])
    }))

  it.effect("17.2: two engines of a process are counted together, under the attributes of each one's layer", () =>
    Effect.gen(function*() {
      const registry: Metric.MetricRegistry = new Map()
      const lines = linesIn(registry)
      const inRegistry = Layer.succeed(Metric.MetricRegistry, registry)
      const of = (attributes: Metric.Metric.AttributeSet) =>
        Robots.layer.pipe(
          Layer.provideMerge(engine.layer()),
          Layer.provide([inRegistry, Layer.succeed(Metric.CurrentMetricAttributes, attributes)]),
          Layer.fresh
        )
      const first = yield* Scope.make()
      yield* Effect.scoped(Effect.gen(function*() {
        const engineIn = (attributes: Metric.Metric.AttributeSet, scope: Scope.Scope) =>
          Layer.buildWithScope(of(attributes), scope)
        const scope = yield* Effect.scope
        const services = [
          yield* engineIn({}, first),
          yield* engineIn({}, scope),
          yield* engineIn({ shop: "north" }, scope)
        ] as const
        for (const one of services) {
          yield* Effect.provideContext(Effect.flatMap(robot, (client) => client.weldLater(1)), one)
        }
        assert.deepStrictEqual(lines("stepped_enqueued_total", "stepped_bodies_running"), [
          "bodies_running 0",
          "bodies_running north 0",
          "enqueued Robot/weld 2",
          "enqueued Robot/weld north 1"
        ])
        // what is left of two says what it runs
        const performing = yield* Effect.flatMap(robot, (client) => client.standLater()).pipe(
          Effect.andThen(performIdle),
          Effect.provideContext(services[1]),
          Effect.forkChild
        )
        yield* standing.begun
        assert.deepStrictEqual(lines("stepped_bodies_running"), ["bodies_running 1", "bodies_running north 0"])
        yield* Scope.close(first, Exit.void)
        assert.deepStrictEqual(lines("stepped_bodies_running"), ["bodies_running 1", "bodies_running north 0"])
        yield* standing.end
        yield* Fiber.join(performing)
      }))
      assert.deepStrictEqual(lines("stepped_bodies_running"), [])
    }))
})
