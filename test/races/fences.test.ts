/**
 * The fence of a transition: what an action has moved on from changes nothing, also beside its valid conclusion in one batch; and whoever
 * has lost its lease gets nothing.
 */
import type { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Schema } from "effect"
import type { Scope } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Step, Stepped } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import { Storage } from "../../src/sql/Storage.ts"
import {
  known,
  type Member,
  News,
  nothingKnown,
  Phase,
  Status,
  type Task,
  Transitions
} from "../../src/sql/Transitions.ts"
import { healthy, server } from "../harness/databases.ts"
import { recordOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { blocked, holding, holdingLane } from "../harness/racing.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const turn = Stepped.action("turn", { outbound: true }).step("turn", () => Effect.void)
const rest = Stepped.action("rest").step("rest", () => Step.wait("1 minute"))
const both = Stepped.action("both").step("ask", () => Step.on([Car.ref(1), Car.ref(2)], turn))
const Cars = Stepped.actions(Car, [turn, rest, both])
const transitions = Layer.provide(
  Transitions.layer,
  Storage.layer({ schema: "stepped", deadline: Duration.seconds(20), embedded: false })
)

it.effect("1.2: a stale conclusion is stale beside a valid one of the same action", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const handle = yield* (yield* Cars.client)(1).turnNow()
    yield* Effect.provide(
      Effect.gen(function*() {
        const { finish, register } = yield* Transitions
        const token = yield* register("test", Duration.minutes(1))
        // its callbacks run here, since somebody has cancelled it during its second step
        yield* sql`update stepped.live_actions set token = ${token}, phase = ${Phase.callbacks}, outcome = ${Status.cancelled}`
        const child = "01a1fb87-b1cd-7686-8591-01459439e627"
        const tasks = yield* finish({
          token,
          now: 0,
          known: nothingKnown,
          members: [
            { a: handle.id, s: 1, ph: Phase.step, sn: "late", ss: Status.performing, st: 0, np: Phase.waiting },
            { a: handle.id, s: 1, ph: Phase.callbacks, o: Status.cancelled, g: 1, b: 0, e: true }
          ],
          slots: [{ a: handle.id, st: 1, n: 0, ch: child, d: "Car/turn", ai: "1", due: null }],
          children: [{
            q: "default",
            a: child,
            d: "Car/turn",
            ai: "1",
            args: [],
            l: "lane",
            sk: "key",
            cs: null,
            t: null,
            p: handle.id,
            ps: 1,
            dp: 1
          }]
        })
        assert.deepStrictEqual(tasks.filter(({ kind }) => kind === News.stale).map(({ phase }) => phase), [Phase.step])
      }),
      transitions
    )
    assert.deepStrictEqual(yield* stepsOf(handle.id), ["turn succeeded"])
    const record = yield* recordOf(handle.id)
    assert.deepStrictEqual([record.status, record.callbacksSucceeded], ["cancelled", 1])
    assert.deepStrictEqual(yield* sql`select 1 from stepped.slots union all select 1 from stepped.jobs`, [])
    yield* healthy
  }).pipe(Effect.provide(Layer.provideMerge(Cars.layer, server.layer()))))

describe("a batch of conclusions", () => {
  const ends = (id: string): Member => ({
    a: id,
    s: 1,
    ph: Phase.outbound,
    e: true,
    o: Status.succeeded,
    r: null,
    c: null
  })

  /** Two actions that wait for somebody outside, and a worker that may end them as its token says. */
  const test = (
    name: string,
    scenario: (by: {
      readonly ids: ReadonlyArray<string>
      readonly token: bigint
      readonly other: bigint
      readonly transitions: Transitions["Service"]
      readonly finish: Effect.Effect<ReadonlyArray<number>, unknown>
    }) => Effect.Effect<unknown, unknown, Stepped.Services | SqlClient.SqlClient | Scope.Scope>
  ) =>
    it.effect(name, () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const client = yield* Cars.client
        const ids = [(yield* client(1).turnNow()).id, (yield* client(2).turnNow()).id]
        const by = yield* Transitions
        const token = yield* by.register("test", Duration.minutes(1))
        const other = yield* by.register("other", Duration.minutes(1))
        yield* sql`update stepped.live_actions set token = ${token}`
        const options = { token, now: 0, known: nothingKnown, members: ids.map(ends), slots: [], children: [] }
        const finish = Effect.map(by.finish(options), (tasks) => tasks.map(({ kind }) => kind))
        yield* scenario({ ids, token, other, transitions: by, finish })
      }).pipe(
        Effect.scoped,
        Effect.provide(Layer.provideMerge(transitions, Layer.provideMerge(Cars.layer, server.layer())))
      ))

  test("8: stores nothing of what another worker has taken over, and all the rest", ({ finish, ids, other }) =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`update stepped.live_actions set token = ${other} where id = ${ids[0]}`
      assert.deepStrictEqual(yield* finish, [News.stale])
      assert.deepStrictEqual(yield* statusesOf("turn"), ["performing", "succeeded"])
    }))

  test("8: stores nothing when the lease is over, even if nobody has noticed", ({ finish, token }) =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`update stepped.workers set lease_until = clock_timestamp() - interval '1 second' where token = ${token}`
      assert.deepStrictEqual(yield* finish, [News.lostLease])
      assert.deepStrictEqual(yield* statusesOf("turn"), ["performing", "performing"])
    }))

  const cases: ReadonlyArray<readonly [what: string, column: string, news: ReadonlyArray<number>, status: string]> = [
    ["an action that somebody joins just then", "rooted = true", [], "succeeded"],
    ["none that somebody takes over just then", "token = null", [News.stale], "performing"]
  ]
  for (const [what, column, news, status] of cases) {
    test(`8: ends ${what}`, ({ finish, ids }) =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const release = yield* holding(sql`update stepped.live_actions set ${sql.literal(column)} where id = ${ids[0]}`)
        const finishing = yield* Effect.forkScoped(finish)
        yield* blocked(1)
        yield* release
        assert.deepStrictEqual(yield* Fiber.join(finishing), news)
        assert.deepStrictEqual(yield* statusesOf("turn"), [status, "succeeded"])
      }))
  }

  test("8: lets the lease be renewed while it is being stored", ({ finish, ids, token, transitions }) =>
    Effect.gen(function*() {
      const release = yield* holdingLane(ids[0]!)
      const finishing = yield* Effect.forkScoped(finish)
      yield* blocked(1)
      const renewing = yield* Effect.forkScoped(transitions.renew(token, Duration.minutes(1), ids))
      yield* Effect.raceFirst(Fiber.await(renewing), blocked(2))
      assert.isDefined(renewing.pollUnsafe(), "the renewal waits")
      yield* release
      yield* Fiber.join(finishing)
      assert.deepStrictEqual(yield* statusesOf("turn"), ["succeeded", "succeeded"])
    }))
})

describe("a lease that is over", () => {
  const over = (token: bigint) =>
    Effect.flatMap(
      SqlClient.SqlClient,
      (sql) =>
        sql`update stepped.workers set lease_until = clock_timestamp() - interval '1 second' where token = ${token}`
    )
  const test = (
    name: string,
    scenario: (
      by: Transitions["Service"],
      token: bigint
    ) => Effect.Effect<unknown, unknown, SqlClient.SqlClient | Scope.Scope>
  ) =>
    it.effect(name, () =>
      Effect.gen(function*() {
        const by = yield* Transitions
        const token = yield* by.register("test", Duration.minutes(1))
        yield* over(token)
        yield* scenario(by, token)
      }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(transitions, server.layer()))))
  const lost = (by: Transitions["Service"], token: bigint) =>
    Effect.map(by.renew(token, Duration.minutes(1), []), (answer) => answer.lost)

  test("8: is renewed late, as long as nobody has taken over", (by, token) =>
    Effect.gen(function*() {
      assert.isFalse(yield* lost(by, token))
      yield* by.recover(0)
      assert.isFalse(yield* lost(by, token))
      yield* over(token)
      yield* by.recover(0)
      assert.isTrue(yield* lost(by, token))
    }))

  test("8: is not taken over by the process that has it", (by, token) =>
    Effect.gen(function*() {
      yield* by.recover(0, [token])
      assert.isFalse(yield* lost(by, token))
    }))

  test("8: is lost to who takes over just then", (by, token) =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const release = yield* holding(sql`select stepped.recover(${new Date(0)}, '{}', true)`)
      const renewing = yield* Effect.forkScoped(lost(by, token))
      yield* blocked(1)
      yield* release
      assert.isTrue(yield* Fiber.join(renewing))
    }))

  test("8: is passed over by who takes over while it is renewed", (by, token) =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const release = yield* holding(
        sql`update stepped.workers set lease_until = clock_timestamp() + interval '1 minute' where token = ${token}`
      )
      yield* by.recover(0)
      yield* release
      assert.isFalse(yield* lost(by, token))
    }))
})

describe("a worker whose lease is over", () => {
  const knows = known([
    { key: "Car/turn", queue: "default", steps: [{ kind: "own", name: "turn" }], flags: 16, prepare: false },
    { key: "Car/rest", queue: "default", steps: [{ kind: "own", name: "rest" }], flags: 0, prepare: false }
  ])

  /** Makes a transition as a process that was frozen since its lease was valid. */
  const test = (
    name: string,
    live: Effect.Effect<unknown, unknown, Stepped.Services | PgClient.PgClient>,
    transition: (by: Transitions["Service"], token: bigint) => Effect.Effect<ReadonlyArray<Task>, unknown>
  ) =>
    it.effect(`8: gets nothing of what ${name}`, () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        yield* live
        yield* Effect.provide(
          Effect.gen(function*() {
            const by = yield* Transitions
            const token = yield* by.register("test", Duration.minutes(1))
            yield* sql`update stepped.workers set lease_until = clock_timestamp() - interval '1 second' where token = ${token}`
            const tasks = yield* transition(by, token)
            assert.deepStrictEqual(tasks.filter(({ kind }) => kind >= 0), [])
            assert.include(tasks.map(({ kind }) => kind), News.queued)
          }),
          transitions
        )
        assert.deepStrictEqual(yield* sql`select 1 from stepped.live_actions where token is not null`, [])
        yield* performSteppedActions({
          outbound: (action) => Stepped.complete(action.id, turn, Stepped.Outcome.succeededVoid)
        })
        yield* healthy
      }).pipe(Effect.provide(Layer.provideMerge(Cars.layer, server.layer()))))

  const client = Effect.map(Cars.client, (client) => client(1))

  test(
    "a passing time resumes",
    Effect.flatMap(client, (car) => Effect.andThen(car.restNow(), TestClock.adjust("1 minute"))),
    (by, token) => by.tick(token, 60_000, knows, 500)
  )

  test(
    "a completion promotes",
    Effect.flatMap(client, (car) => Effect.andThen(car.turnNow(), car.turnNow())),
    (by, token) =>
      by.complete({
        token,
        now: 0,
        known: knows,
        id: null,
        definition: "Car/turn",
        actorId: "1",
        status: Status.succeeded,
        result: null,
        cause: null,
        outbound: true
      })
  )

  test(
    "the end of abandoned children promotes",
    Effect.gen(function*() {
      const car = yield* client
      const parent = yield* car.bothNow()
      yield* performDue
      yield* car.turnNow()
      yield* parent.cancel
    }),
    (by, token) => by.prune(token, 0, knows, 500)
  )
})
