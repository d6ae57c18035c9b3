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
import { phaseCodes, statusCodes } from "../../src/domain/Phase.ts"
import * as PostgresStore from "../../src/sql/PostgresStore.ts"
import { type Answer, type News, nothingTaken } from "../../src/store/Answer.ts"
import type { ActionEnds, EndedBody, StepEnded, TryAgain, WaitsOutside } from "../../src/store/Conclusion.ts"
import type { Invocation } from "../../src/store/Invocation.ts"
import { Storage } from "../../src/store/Storage.ts"
import { type Catalog, emptyCatalog, Store } from "../../src/store/Store.ts"
import { healthy, server } from "../harness/databases.ts"
import { recordOf, stepsOf } from "../harness/observing.ts"
import { blocked, holding, holdingLane } from "../harness/racing.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const turn = Stepped.action("turn", { outbound: true }).step("turn", () => Effect.void)
const rest = Stepped.action("rest").step("rest", () => Step.wait("1 minute"))
const both = Stepped.action("both").step("ask", () => Step.on([Car.ref(1), Car.ref(2)], turn))
const Cars = Stepped.actions(Car, [turn, rest, both])
const layerStore = Layer.provide(
  PostgresStore.layer,
  Storage.layer({ schema: "stepped", deadline: Duration.seconds(20), embedded: false })
)

const stale = (action: string): News => ({ _tag: "Stale", action, endedHere: false, closing: false })

/** What a step has come to that has waited. */
const closed = (status: "succeeded" | "cancelled"): EndedBody => ({
  name: "rest",
  kind: "own",
  status,
  result: null,
  marked: false,
  startedAt: 0,
  waited: true
})

const byCallback = "01a1fb87-b1cd-7686-8591-01459439e629"

it.effect("1.2: a stale conclusion is stale beside a valid one of the same action", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const handle = yield* (yield* Cars.client)(1).turnNow()
    yield* Effect.provide(
      Effect.gen(function*() {
        const { finish, register } = yield* Store
        const token = yield* register("test", Duration.minutes(1))
        // its callbacks run here, since somebody has cancelled it during its second step
        yield* sql`update stepped.live_actions set token = ${token}, phase = ${phaseCodes.callbacks}, outcome = ${statusCodes.cancelled},
          cause = '{"kind": "cancelled", "path": "turn Car/1", "message": "cancelled"}'`
        const child = "01a1fb87-b1cd-7686-8591-01459439e627"
        const started = (action: string, startedByStep?: number): Invocation => ({
          queue: "default",
          action,
          definition: "Car/turn",
          actorId: "1",
          arguments: [],
          lane: "another lane",
          checksumKey: null,
          checksum: null,
          timeout: null,
          parent: null,
          parentStep: null,
          depth: 0,
          startedBy: handle.id,
          ...startedByStep === undefined ? {} : { startedByStep }
        })
        const { news } = yield* finish({
          token,
          now: 0,
          catalog: emptyCatalog,
          conclusions: [
            {
              _tag: "StepWaits",
              fence: { action: handle.id, step: 1, phase: "step" },
              waiting: {
                name: "late",
                kind: "own",
                status: "performing",
                result: null,
                marked: false,
                startedAt: 0,
                waited: false
              },
              slots: [{
                action: handle.id,
                step: 1,
                slot: 0,
                child,
                definition: "Car/turn",
                actorId: "1",
                due: null,
                success: null,
                error: null
              }],
              children: [{
                queue: "default",
                action: child,
                definition: "Car/turn",
                actorId: "1",
                arguments: [],
                lane: "lane",
                checksumKey: "key",
                checksum: null,
                timeout: null,
                parent: handle.id,
                parentStep: 1,
                depth: 1
              }],
              starts: [started("01a1fb87-b1cd-7686-8591-01459439e628", 1)]
            },
            {
              _tag: "ActionEnds",
              fence: { action: handle.id, step: 1, phase: "callbacks" },
              ended: undefined,
              outcome: { status: "cancelled", result: null, cause: null },
              callbacksSucceeded: 1,
              callbacksFailed: 0,
              starts: [started(byCallback)]
            }
          ]
        })
        // one of them, and what is stored says which
        assert.deepStrictEqual(news.filter(({ _tag }) => _tag === "Stale"), [stale(handle.id)])
      }),
      layerStore
    )
    assert.deepStrictEqual(yield* stepsOf(handle.id), ["turn succeeded"])
    const record = yield* recordOf(handle.id)
    assert.deepStrictEqual([record.status, record.callbacksSucceeded], ["cancelled", 1])
    assert.deepStrictEqual(yield* sql`select action from stepped.slots union all select action from stepped.jobs`, [
      { action: byCallback }
    ])
    yield* healthy
  }).pipe(Effect.provide(Layer.provideMerge(Cars.layer, server.layer()))))

it.effect("1.2, 10.1: what was concluded of a step that waits is stale once its action's end is decided, for whoever has that", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const { id } = yield* (yield* Cars.client)(1).restNow()
    yield* Effect.provide(
      Effect.gen(function*() {
        const { finish, register } = yield* Store
        const token = yield* register("test", Duration.minutes(1))
        // by the worker that had it, and has it again
        yield* sql`update stepped.live_actions set token = ${token}, epoch = 1, outcome = ${statusCodes.cancelled},
          cause = '{"kind": "cancelled", "path": "rest Car/1", "message": "cancelled"}'`
        yield* sql`update stepped.slots set status = ${statusCodes.succeeded}`
        const ends = (fence: ActionEnds["fence"], status: "succeeded" | "cancelled"): ActionEnds => ({
          _tag: "ActionEnds",
          fence,
          ended: closed(status),
          outcome: { status, result: null, cause: null },
          callbacksSucceeded: 0,
          callbacksFailed: 0
        })
        const fence = { action: id, step: 0, phase: "waiting" } as const
        const asked = { token, now: 0, catalog: emptyCatalog }
        const early = yield* finish({ ...asked, conclusions: [ends(fence, "succeeded")] })
        assert.deepStrictEqual(early.news, [stale(id)])
        yield* finish({ ...asked, conclusions: [ends({ ...fence, epoch: 1 }, "cancelled")] })
      }),
      layerStore
    )
    assert.deepStrictEqual(yield* stepsOf(id), ["rest cancelled"])
    assert.strictEqual((yield* recordOf(id)).status, "cancelled")
    yield* healthy
  }).pipe(Effect.provide(Layer.provideMerge(Cars.layer, server.layer()))))

describe("what comes to the same step again", () => {
  const turns: Catalog = {
    queues: ["default"],
    definitions: [{ key: "Car/turn", steps: [{ kind: "own", name: "turn" }], flags: 0, prepare: false }]
  }
  const tried = (id: string, epoch?: number): TryAgain => ({
    _tag: "TryAgain",
    fence: { action: id, step: 0, phase: "step", epoch },
    phase: "step",
    due: undefined,
    burns: false
  })
  const ends = (id: string, epoch?: number): ActionEnds => ({
    _tag: "ActionEnds",
    fence: { action: id, step: 0, phase: "step", epoch },
    ended: undefined,
    outcome: { status: "succeeded", result: null, cause: null },
    callbacksSucceeded: 0,
    callbacksFailed: 0
  })
  const goesOn = (id: string, epoch?: number): StepEnded => ({
    _tag: "StepEnded",
    fence: { action: id, step: 0, phase: "step", epoch },
    ended: { name: "turn", kind: "own", status: "succeeded", result: null, marked: false, startedAt: 0, waited: false },
    next: { name: "second", kind: "own" },
    freshAttempts: false
  })
  const cases = [["that it is tried again", tried], ["how it ends", ends], ["that its step has ended", goesOn]] as const
  // ends alone are stored without being locked before, and steps alone
  for (const [what, conclusion] of cases) {
    it.effect(`1.2: ${what} is stale once its worker has it again`, () =>
      Effect.gen(function*() {
        const id = yield* Effect.map((yield* Cars.client)(1).turnLater(), ({ id }) => id)
        yield* Effect.provide(
          Effect.gen(function*() {
            const { claim, finish, register } = yield* Store
            const token = yield* register("test", Duration.minutes(1))
            const asked = { token, now: 0, catalog: turns }
            const claims = claim({ ...asked, room: 1, after: new Map(), prepared: [], only: null })
            const epochs = Effect.map(
              claims,
              ({ work }) => work.map((one) => one._tag === "Continued" ? one.epoch : one._tag)
            )
            assert.deepStrictEqual(yield* epochs, ["Started"])
            yield* finish({ ...asked, conclusions: [tried(id)] })
            assert.deepStrictEqual(yield* epochs, [1])
            // whoever has not heard that it is stored says it once more
            const late = yield* finish({ ...asked, conclusions: [conclusion(id)] })
            assert.deepStrictEqual(late.news, [stale(id)])
            yield* finish({ ...asked, conclusions: [tried(id, 1)] })
            assert.deepStrictEqual(yield* epochs, [2])
            yield* finish({ ...asked, conclusions: [ends(id, 2)] })
          }),
          layerStore
        )
        assert.strictEqual((yield* recordOf(id)).status, "succeeded")
        yield* healthy
      }).pipe(Effect.provide(Layer.provideMerge(Cars.layer, server.layer()))))
  }
})

describe.each(
  [
    ["waits", "waiting"],
    ["is to be tried", "unwinding"]
  ] as const
)("what undoes an action, and %s", (state, phase) => {
  it.effect(`10.7: what was concluded of what ${state} is stale once that is abandoned, for whoever has it`, () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { id } = yield* (yield* Cars.client)(1).restNow()
      yield* Effect.provide(
        Effect.gen(function*() {
          const { decideStep, finish, register } = yield* Store
          const token = yield* register("test", Duration.minutes(1))
          yield* sql`update stepped.live_actions set phase = ${phaseCodes[phase]}, outcome = ${statusCodes.cancelled},
            cause = '{"kind": "cancelled", "path": "rest Car/1", "message": "cancelled"}'`
          if (phase === "unwinding") yield* sql`delete from stepped.slots`
          assert.strictEqual(yield* decideStep(0, { action: id }, { _tag: "abandon", reason: "rain" }), "done")
          // by the worker that had it, and has it again
          yield* sql`update stepped.live_actions set token = ${token}, epoch = 1`
          const end = (epoch?: number): ActionEnds => ({
            _tag: "ActionEnds",
            fence: { action: id, step: 0, phase, epoch },
            ended: phase === "waiting" ? closed("cancelled") : undefined,
            outcome: { status: "cancelled", result: null, cause: null },
            callbacksSucceeded: 0,
            callbacksFailed: 0
          })
          const asked = { token, now: 0, catalog: emptyCatalog }
          const early = yield* finish({ ...asked, conclusions: [end()] })
          assert.deepStrictEqual(early.news, [stale(id)])
          yield* finish({ ...asked, conclusions: [end(1)] })
        }),
        layerStore
      )
      assert.strictEqual((yield* recordOf(id)).status, "cancelled")
    }).pipe(Effect.provide(Layer.provideMerge(Cars.layer, server.layer()))))
})

const concluded = {
  ends: (id: string): ActionEnds => ({
    _tag: "ActionEnds",
    fence: { action: id, step: 1, phase: "outbound" },
    ended: undefined,
    outcome: { status: "succeeded", result: null, cause: null },
    callbacksSucceeded: 0,
    callbacksFailed: 0
  }),
  waits: (id: string): WaitsOutside => ({
    _tag: "WaitsOutside",
    fence: { action: id, step: 1, phase: "outbound" },
    ended: undefined,
    freshAttempts: false
  }),
  goesOn: (id: string): StepEnded => ({
    _tag: "StepEnded",
    fence: { action: id, step: 1, phase: "step" },
    ended: {
      name: "second",
      kind: "own",
      status: "succeeded",
      result: null,
      marked: false,
      startedAt: 0,
      waited: false
    },
    next: { name: "third", kind: "own" },
    freshAttempts: false
  })
}

/** Ends alone are stored without being locked before, and steps alone; beside an action that waits they are locked with it. */
describe.each(
  [
    ["of ends", ["ends", "ends"]],
    ["of ends, and one that waits", ["ends", "ends", "waits"]],
    ["of steps", ["goesOn", "goesOn"]],
    ["of steps, and one that waits", ["goesOn", "goesOn", "waits"]],
    ["of steps, and one that ends", ["goesOn", "goesOn", "ends"]]
  ] as const
)("a batch %s", (_batch, kinds) => {
  const only = (...news: ReadonlyArray<News>): Answer => ({ work: [], news, taken: nothingTaken })

  /** Actions that have run a step, and a worker that may store what they have come to as its token says. */
  const test = (
    name: string,
    scenario: (by: {
      readonly ids: ReadonlyArray<string>
      readonly token: bigint
      readonly other: bigint
      readonly store: Store["Service"]
      readonly finish: Effect.Effect<Answer, unknown>
      /** Of the first two. */
      readonly isStored: Effect.Effect<ReadonlyArray<boolean>, unknown>
    }) => Effect.Effect<unknown, unknown, Stepped.Services | SqlClient.SqlClient | Scope.Scope>
  ) =>
    it.effect(name, () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const client = yield* Cars.client
        const ids = (yield* Effect.forEach(kinds, (_, i) => client(i + 1).turnNow())).map(({ id }) => id)
        const by = yield* Store
        const token = yield* by.register("test", Duration.minutes(1))
        const other = yield* by.register("other", Duration.minutes(1))
        const conclusions = ids.map((id, i) => concluded[kinds[i]!](id))
        yield* Effect.forEach(conclusions, ({ fence }) =>
          sql`update stepped.live_actions set token = ${token}, phase = ${
            phaseCodes[fence.phase]
          } where id = ${fence.action}`)
        const finish = by.finish({ token, now: 0, catalog: emptyCatalog, conclusions })
        const isStored = Effect.map(
          sql<{ id: string }>`select id from stepped.live_actions where step = 1`,
          (left) =>
            ids.slice(0, 2).map((id) => left.every((one) => one.id !== id))
        )
        yield* scenario({ ids, token, other, store: by, finish, isStored })
      }).pipe(
        Effect.scoped,
        Effect.provide(Layer.provideMerge(layerStore, Layer.provideMerge(Cars.layer, server.layer())))
      ))

  test("8: stores nothing of what another worker has taken over, and all the rest", ({ finish, ids, isStored, other }) =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`update stepped.live_actions set token = ${other} where id = ${ids[0]}`
      assert.deepStrictEqual(yield* finish, only(stale(ids[0]!)))
      assert.deepStrictEqual(yield* isStored, [false, true])
    }))

  test("1.2: stores nothing twice", ({ finish, ids, isStored }) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* finish, only())
      assert.deepStrictEqual(yield* finish, only(...ids.map(stale)))
      assert.deepStrictEqual(yield* isStored, [true, true])
    }))

  test("8: stores nothing when the lease is over, even if nobody has noticed", ({ finish, isStored, token }) =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`update stepped.workers set lease_until = clock_timestamp() - interval '1 second' where token = ${token}`
      assert.deepStrictEqual(yield* finish, only({ _tag: "LeaseLost" }))
      assert.deepStrictEqual(yield* isStored, [false, false])
    }))

  const cases: ReadonlyArray<readonly [what: string, column: string, isStale: boolean]> = [
    ["what is of an action that somebody joins just then", "rooted = true", false],
    ["nothing of one that somebody takes over just then", "token = null", true]
  ]
  for (const [what, column, isStale] of cases) {
    test(`8: stores ${what}`, ({ finish, ids, isStored }) =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const release = yield* holding(sql`update stepped.live_actions set ${sql.literal(column)} where id = ${ids[0]}`)
        const finishing = yield* Effect.forkScoped(finish)
        yield* blocked(1)
        yield* release
        assert.deepStrictEqual(yield* Fiber.join(finishing), isStale ? only(stale(ids[0]!)) : only())
        assert.deepStrictEqual(yield* isStored, [!isStale, true])
      }))
  }

  test("8: lets the lease be renewed while it is being stored", ({ finish, ids, isStored, store, token }) =>
    Effect.gen(function*() {
      const release = yield* holdingLane(ids[0]!)
      const finishing = yield* Effect.forkScoped(finish)
      yield* blocked(1)
      const renewing = yield* Effect.forkScoped(store.renew(token, Duration.minutes(1), ids))
      yield* Effect.raceFirst(Fiber.await(renewing), blocked(2))
      assert.isDefined(renewing.pollUnsafe(), "the renewal waits")
      yield* release
      yield* Fiber.join(finishing)
      assert.deepStrictEqual(yield* isStored, [true, true])
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
      by: Store["Service"],
      token: bigint
    ) => Effect.Effect<unknown, unknown, SqlClient.SqlClient | Scope.Scope>
  ) =>
    it.effect(name, () =>
      Effect.gen(function*() {
        const by = yield* Store
        const token = yield* by.register("test", Duration.minutes(1))
        yield* over(token)
        yield* scenario(by, token)
      }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(layerStore, server.layer()))))
  const lost = (by: Store["Service"], token: bigint) =>
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
      const release = yield* holding(sql`select taken from stepped.recover(${new Date(0)}, '{}', true)`)
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
  const catalog: Catalog = {
    queues: ["default"],
    definitions: [
      { key: "Car/turn", steps: [{ kind: "own", name: "turn" }], flags: 16, prepare: false },
      { key: "Car/rest", steps: [{ kind: "own", name: "rest" }], flags: 0, prepare: false }
    ]
  }

  /** Makes a transition as a process that was frozen since its lease was valid. */
  const test = (
    name: string,
    live: Effect.Effect<unknown, unknown, Stepped.Services | PgClient.PgClient>,
    transition: (by: Store["Service"], token: bigint) => Effect.Effect<Answer, unknown>
  ) =>
    it.effect(`8: gets nothing of what ${name}`, () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        yield* live
        yield* Effect.provide(
          Effect.gen(function*() {
            const by = yield* Store
            const token = yield* by.register("test", Duration.minutes(1))
            yield* sql`update stepped.workers set lease_until = clock_timestamp() - interval '1 second' where token = ${token}`
            const { news, work } = yield* transition(by, token)
            assert.deepStrictEqual(work, [])
            assert.include(news.map(({ _tag }) => _tag), "Queued")
          }),
          layerStore
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
    (by, token) => by.tick(token, 60_000, catalog, 500)
  )

  test(
    "a completion promotes",
    Effect.flatMap(client, (car) => Effect.andThen(car.turnNow(), car.turnNow())),
    (by, token) =>
      Effect.map(
        by.complete({
          token,
          now: 0,
          catalog,
          id: null,
          definition: "Car/turn",
          actorId: "1",
          outcome: { status: "succeeded", result: null, cause: null },
          outbound: true
        }),
        ({ answer }) => answer
      )
  )

  test(
    "the end of abandoned children promotes",
    Effect.gen(function*() {
      const car = yield* client
      const parent = yield* car.bothNow()
      yield* performDue
      yield* car.turnNow()
      yield* parent.cancel()
    }),
    (by, token) => by.cancelAbandoned(token, 0, catalog, 500)
  )
})
