/** Transactional steps: the body's SQL, its result, its children and the consumed job commit together, or nothing of it. */
import { assert, beforeEach, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { ActionFailed, Step, Stepped } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import { healthy, server, suite } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import { lanes, recordOf, recordsOf, slotsOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"

const seen: Array<string> = []
const note = (text: string) => Effect.sync(() => void seen.push(text))
// what the body does after its insert
let body: Effect.Effect<unknown, any, any> = Effect.void
beforeEach(() => {
  seen.length = 0
  body = Effect.void
})
const rest = Effect.suspend(() => body) as Effect.Effect<unknown, never, Step>

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
class Sold extends Schema.TaggedError<Sold>()("Sold", {}) {}

const insert = (name: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => sql`insert into cars (name) values (${name})`)
const rows = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => Effect.map(sql<{ name: string }>`select name from cars order by id`, (all) => all.map((row) => row.name))
)

const leaf = Stepped.action("leaf", { arguments: [Schema.String], success: Schema.String }).step((name) =>
  Effect.as(note(name), name)
)
const buy = Stepped.action("buy", { arguments: [Schema.String], success: Schema.String, error: Sold })
  .step("store", (name) =>
    Effect.gen(function*() {
      yield* insert(name)
      const child = yield* Step.do(leaf, name)
      yield* rest
      return { child, twice: name + name }
    }), { transactional: true })
  .step("next", (name, { store }) => Effect.as(note(`next ${name}`), `${store.child} ${store.twice}`))
  .after((_, { status }) => note(status))
const last = Stepped.action("last", { arguments: [Schema.String], success: Schema.String })
  .step((name) => Effect.andThen(insert(name), Effect.as(rest, name)), { transactional: true })
  .succeeded((name) => note(`bought ${name}`))
const refused = Stepped.action("refused", { arguments: [Schema.String], success: Schema.Int })
  .step((name) => Effect.as(insert(name), 1.5), { transactional: true })
const enqueues = Stepped.action("enqueues", { arguments: [Schema.String] })
  .step((name) =>
    Effect.gen(function*() {
      yield* insert(name)
      yield* (yield* Others.client)(1).otherLater()
      yield* rest
    }), { transactional: true })
const leaving = Stepped.action("leave", { arguments: [Schema.String] })
const leave = leaving
  .step("store", (name) =>
    Effect.gen(function*() {
      yield* insert(name)
      yield* Step.do(leaf, name)
      yield* rest
    }), { transactional: true })
  .step("next", () => note("next"))
const hooked = Stepped.action("hooked", { arguments: [Schema.String] })
  .step("store", (name) => Effect.andThen(insert(name), Effect.asVoid(rest)), { transactional: true })
  .after((_, { status }) => note(status))
const ask = Stepped.action("ask", { success: Schema.String, outbound: true })
  .step("send", () => Effect.andThen(insert("asked"), Effect.asVoid(rest)), { transactional: true })
const asks = Stepped.action("asks", { success: Schema.String }).step("ask", () => Step.do(ask))
const parent = Stepped.action("parent").step("child", () => Step.do(leave, "mini")).step(() => note("goes on"))
class Other extends Stepped.Actor<Other>()("Other", { id: Schema.Int }) {}
const other = Stepped.action("other").step(() => note("other"))
const Others = Stepped.actions(Other, [other])

const renamesDeclared = Stepped.action("renames", { arguments: [Schema.String] })
const renames = renamesDeclared
  .step("rename", (name) => Effect.andThen(insert(name), Step.setArguments(renamesDeclared, "other")), {
    transactional: true
  })
  .step("then", (name) => note(`then ${name}`))
  .after((name, { status }) => note(`renames ${name}, ${status}`))

const Cars = Stepped.actions(Car, [leaf, buy, last, refused, enqueues, renames, leave, hooked, ask, asks, parent])
const Live = Layer.mergeAll(Cars.layer, Others.layer)

/** What a body does to end its own action, or another one. */
const cancel = (action: typeof leave | typeof hooked | typeof parent, id?: string) =>
  Effect.gen(function*() {
    const handle = yield* Stepped.handle(Car.ref(1), action as typeof leave, id ?? (yield* Step).actionId)
    yield* note(`cancelled ${yield* handle.cancel}`)
  }) as Effect.Effect<void>
const savepoint = (effect: Effect.Effect<unknown, any>) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => sql.withTransaction(effect))
const undone = (effect: Effect.Effect<unknown>) => Effect.ignore(savepoint(Effect.andThen(effect, Effect.fail("no"))))

const emptyTable = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.gen(function*() {
    yield* sql`drop table if exists cars`
    yield* sql`create table cars (id serial primary key, name text not null, constraint one_of_a_kind unique (name) deferrable initially deferred)`
  }))

suite("transactional steps", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>,
    options: Stepped.EngineOptions = {}
  ) =>
    it.effect(name, () =>
      Effect.provide(
        Effect.andThen(emptyTable, Effect.andThen(scenario(), healthy)),
        Layer.provideMerge(Live, engine.layer(options))
      ))

  test("the body's SQL, its result and its children are stored when it ends well", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).buyLater("mini")
      yield* performDue
      assert.deepStrictEqual(yield* rows, ["mini"])
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["open"])
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "mini minimini")
      assert.deepStrictEqual(seen, ["mini", "next mini", "succeeded"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["store succeeded", "next succeeded"])
    }))

  test("a last step commits the action's end, or its callbacks' turn, with its SQL", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).lastNow("mini")
      assert.deepStrictEqual([yield* rows, seen, yield* handle.await], [["mini"], ["bought mini"], "mini"])
    }))

  test("a failed body takes its SQL and its children back; the failure itself is stored", () =>
    Effect.gen(function*() {
      body = Effect.die(new Error("no money"))
      const car = (yield* Cars.client)(1)
      const handle = yield* car.buyLater("mini")
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* rows, yield* recordsOf("leaf"), yield* slotsOf(handle.id)], [[], [], []])
      assert.deepStrictEqual([(yield* recordOf(handle.id)).status, yield* stepsOf(handle.id)], ["failed", [
        "store failed"
      ]])
      assert.strictEqual((yield* Effect.flip(handle.await)).message, "buy Car/1 › store: no money")
      assert.deepStrictEqual([seen, yield* lanes], [["failed"], []])
      body = new Sold() as never
      const declared = yield* car.buyLater("mini")
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* Effect.flip(declared.await), yield* rows], [new Sold(), []])
    }))

  test("a step that is marked as failed has ended well: its SQL and its children stay", () =>
    Effect.gen(function*() {
      body = Step.markFailed
      const handle = yield* (yield* Cars.client)(1).buyLater("mini")
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* rows, yield* statusesOf("leaf"), seen], [["mini"], ["succeeded"], [
        "mini",
        "failed"
      ]])
      assert.strictEqual((yield* recordOf(handle.id)).status, "failed")
    }))

  test("a value that cannot be stored fails the step and takes its SQL back", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).refusedLater("mini")
      yield* performSteppedActions()
      assert.instanceOf(yield* Effect.flip(handle.await), ActionFailed)
      assert.deepStrictEqual([yield* rows, yield* stepsOf(handle.id)], [[], ["1 failed"]])
    }))

  test("an unhandled failure is tried again, and what the tries did is there once", () =>
    Effect.gen(function*() {
      let left = 2
      body = Effect.suspend(() => left-- > 0 ? Effect.die(new Error("no")) : Effect.void)
      const handle = yield* (yield* Cars.client)(1).buyLater("mini")
      yield* performIdle
      assert.deepStrictEqual([yield* rows, (yield* recordOf(handle.id)).attempts], [[], 1])
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "mini minimini")
      assert.deepStrictEqual([yield* rows, yield* statusesOf("leaf")], [["mini"], ["succeeded"]])
    }), { handle: () => false, attempts: 3, retry: Schedule.spaced("1 second") })

  test(
    "what the COMMIT itself refuses is stored by nobody: tried again, then the action fails",
    () =>
      Effect.gen(function*() {
        yield* insert("mini")
        let tries = 0
        body = Effect.sync(() => ++tries)
        const handle = yield* (yield* Cars.client)(1).buyLater("mini")
        yield* performSteppedActions()
        assert.deepStrictEqual([yield* rows, tries], [["mini"], 2])
        assert.deepStrictEqual([yield* recordsOf("leaf"), yield* slotsOf(handle.id)], [[], []])
        assert.deepStrictEqual([(yield* recordOf(handle.id)).status, yield* stepsOf(handle.id)], ["failed", [
          "store failed"
        ]])
        assert.deepStrictEqual(yield* lanes, [])
      }),
    { attempts: 2, retry: Schedule.spaced("1 second") }
  )

  test(
    "what the COMMIT itself refuses is in nobody's hands either: callbacks see the arguments as they are stored",
    () =>
      Effect.gen(function*() {
        yield* insert("taken")
        const handle = yield* (yield* Cars.client)(1).renamesNow("taken")
        assert.deepStrictEqual(seen, ["renames taken, failed"])
        assert.deepStrictEqual((yield* recordOf(handle.id)).arguments, ["taken"])
        seen.length = 0
        yield* (yield* Cars.client)(1).renamesNow("free")
        assert.deepStrictEqual(seen, ["then other", "renames other, succeeded"])
      }),
    { attempts: 1 }
  )

  test("a failed statement that the body hides does not commit half of it", () =>
    Effect.gen(function*() {
      body = Effect.ignore(Effect.flatMap(SqlClient.SqlClient, (sql) => sql`select * from nowhere`))
      const handle = yield* (yield* Cars.client)(1).buyLater("mini")
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* rows, yield* recordsOf("leaf")], [[], []])
      assert.strictEqual((yield* recordOf(handle.id)).status, "failed")
      assert.deepStrictEqual(yield* lanes, [])
    }), { attempts: 2, retry: Schedule.spaced("1 second") })

  test("an inner transaction is a savepoint: what it takes back is gone, the rest stays", () =>
    Effect.gen(function*() {
      body = Effect.flatMap(SqlClient.SqlClient, (sql) =>
        Effect.andThen(
          Effect.ignore(sql.withTransaction(Effect.andThen(insert("inner"), Effect.fail("no")))),
          sql.withTransaction(insert("kept"))
        ))
      const handle = yield* (yield* Cars.client)(1).buyLater("mini")
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "mini minimini")
      assert.deepStrictEqual(yield* rows, ["mini", "kept"])
    }))

  test("what the body enqueues with a client commits and rolls back with it", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      body = Effect.die(new Error("no"))
      yield* car.enqueuesLater("a")
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* rows, seen], [[], []])
      body = Effect.void
      yield* car.enqueuesLater("a")
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* rows, seen, yield* statusesOf("other")], [["a"], ["other"], ["succeeded"]])
    }))

  test("a worker that goes away in the middle leaves nothing; the next one does it once", () =>
    Effect.gen(function*() {
      const reached = yield* Deferred.make<void>()
      body = Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
      const handle = yield* (yield* Cars.client)(1).buyLater("mini")
      const worker = yield* Effect.forkChild(performSteppedActions())
      yield* Deferred.await(reached)
      yield* Fiber.interrupt(worker)
      assert.deepStrictEqual(yield* rows, [])
      body = Effect.void
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "mini minimini")
      assert.deepStrictEqual([yield* rows, yield* statusesOf("leaf")], [["mini"], ["succeeded"]])
    }))

  const ways: ReadonlyArray<readonly [how: string, body: () => Effect.Effect<unknown, any, any>]> = [
    ["", () => cancel(leave)],
    [" in a savepoint", () => savepoint(cancel(leave))],
    [" in one of two savepoints", () => Effect.andThen(undone(cancel(leave)), savepoint(cancel(leave)))]
  ]
  for (const [how, ends] of ways) {
    test(`a body that cancels its own action${how} commits with that: without its children and the steps after it`, () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)(1)
        body = Effect.andThen(note("body"), ends())
        const statuses: Array<string> = []
        for (const handle of [yield* car.leaveLater("later"), yield* car.leaveNow("now")]) {
          yield* performSteppedActions()
          statuses.push((yield* handle.status).status)
          assert.deepStrictEqual(yield* stepsOf(handle.id), ["store cancelled"])
        }
        assert.deepStrictEqual(statuses, ["cancelled", "cancelled"])
        assert.sameMembers([...yield* rows], ["later", "now"])
        assert.lengthOf(seen.filter((text) => text === "body"), 2)
        assert.notInclude(seen, "next")
        assert.deepStrictEqual([yield* recordsOf("leaf"), yield* lanes, yield* performDue], [[], [], 0])
      }))
  }

  test("a body that cancels its own action, which has callbacks: they run afterwards", () =>
    Effect.gen(function*() {
      body = cancel(hooked)
      const handle = yield* (yield* Cars.client)(1).hookedLater("mini")
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* rows, seen, (yield* handle.status).status], [
        ["mini"],
        ["cancelled true", "cancelled"],
        "cancelled"
      ])
    }))

  test("a body that completes its own action tells whoever waits for it", () =>
    Effect.gen(function*() {
      body = Effect.gen(function*() {
        yield* Stepped.complete((yield* Step).actionId, ask, Stepped.Outcome.succeeded("yes"))
      })
      const handle = yield* (yield* Cars.client)(1).asksLater()
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* rows, yield* handle.await, yield* statusesOf("ask")], [["asked"], "yes", [
        "succeeded"
      ]])
    }))

  test("a body that cancels its parent commits, too", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).parentNow()
      body = cancel(parent, handle.id)
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* rows, (yield* handle.status).status], [["mini"], "cancelled"])
      assert.deepStrictEqual([seen, yield* lanes], [["cancelled true"], []])
    }))

  test("a body that takes back that it has ended its action goes on", () =>
    Effect.gen(function*() {
      body = undone(cancel(leave))
      const handle = yield* (yield* Cars.client)(1).leaveLater("mini")
      yield* performSteppedActions()
      yield* handle.await
      assert.deepStrictEqual([yield* rows, seen], [["mini"], ["cancelled true", "mini", "next"]])
    }))

  test("a body that fails after it has ended its action takes that back, too", () =>
    Effect.gen(function*() {
      body = Effect.andThen(cancel(leave), Effect.die(new Error("no money")))
      const handle = yield* (yield* Cars.client)(1).leaveLater("mini")
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* rows, (yield* handle.status).status], [[], "failed"])
      assert.deepStrictEqual([seen, yield* lanes], [["cancelled true"], []])
    }))

  test("a prepended step can be transactional, too", () =>
    Effect.gen(function*() {
      const reached = Stepped.actions(Car, [Stepped.action("reached").step(() => rest as Effect.Effect<unknown>)])
      const live = Layer.provideMerge(
        Stepped.prependStep(
          reached,
          reached.own[0] as never,
          "check" as never,
          (() => Effect.andThen(insert("mini"), rest)) as never,
          {
            transactional: true
          }
        ),
        reached.layer
      )
      body = Effect.die(new Error("no"))
      yield* Effect.gen(function*() {
        yield* (yield* reached.client)(1).reachedLater()
        yield* performSteppedActions()
        assert.deepStrictEqual([yield* rows, yield* statusesOf("reached")], [[], ["failed"]])
        body = Effect.void
        yield* (yield* reached.client)(1).reachedLater()
        yield* performSteppedActions()
        assert.deepStrictEqual([yield* rows, yield* statusesOf("reached")], [["mini"], ["failed", "succeeded"]])
      }).pipe(Effect.provide(Layer.provideMerge(live as typeof reached.layer, engine.layer()), { local: true }))
    }))

  if (engine === server) {
    test("nobody sees any of it before the commit", () =>
      Effect.gen(function*() {
        const reached = yield* Deferred.make<void>()
        const go = yield* Deferred.make<void>()
        body = Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(go))
        const handle = yield* (yield* Cars.client)(1).buyLater("mini")
        const worker = yield* Effect.forkChild(performSteppedActions())
        yield* Deferred.await(reached)
        assert.deepStrictEqual([yield* rows, yield* slotsOf(handle.id)], [[], []])
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["store performing"])
        yield* Deferred.succeed(go, undefined)
        yield* Fiber.join(worker)
        assert.deepStrictEqual(yield* rows, ["mini"])
      }))

    test("an action that is cancelled while its body runs keeps nothing of it", () =>
      Effect.gen(function*() {
        const reached = yield* Deferred.make<void>()
        const go = yield* Deferred.make<void>()
        // deaf to the interruption: the fence has to hold
        body = Effect.uninterruptible(Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(go)))
        const handle = yield* (yield* Cars.client)(1).buyLater("mini")
        const worker = yield* Effect.forkChild(performSteppedActions())
        yield* Deferred.await(reached)
        assert.isTrue(yield* handle.cancel)
        yield* Deferred.succeed(go, undefined)
        yield* Fiber.join(worker)
        yield* performSteppedActions()
        assert.deepStrictEqual([yield* rows, yield* recordsOf("leaf"), seen], [[], [], ["cancelled"]])
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["store cancelled"])
      }))

    test("one that has taken back its own end keeps nothing, either", () =>
      Effect.gen(function*() {
        const reached = yield* Deferred.make<void>()
        const go = yield* Deferred.make<void>()
        body = Effect.uninterruptible(Effect.andThen(
          undone(cancel(leave)),
          Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(go))
        ))
        const handle = yield* (yield* Cars.client)(1).leaveLater("mini")
        const worker = yield* Effect.forkChild(performSteppedActions())
        yield* Deferred.await(reached)
        assert.isTrue(yield* handle.cancel)
        yield* Deferred.succeed(go, undefined)
        yield* Fiber.join(worker)
        yield* performSteppedActions()
        assert.deepStrictEqual([yield* rows, yield* recordsOf("leaf")], [[], []])
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["store cancelled"])
      }))

    test("a body whose action others have taken over without its worker's knowing keeps nothing of it", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const reached = yield* Deferred.make<void>()
        const go = yield* Deferred.make<void>()
        body = Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(go))
        const handle = yield* (yield* Cars.client)(1).buyLater("mini")
        const live = Layer.provide(Live, Layer.succeed(SqlClient.SqlClient, sql))
        yield* deployed(live)(Effect.gen(function*() {
          const worker = yield* Effect.forkChild(performDue)
          yield* Deferred.await(reached)
          yield* sql`select stepped.recover(${new Date(0)}, array(select token from stepped.workers), true)`
          yield* Deferred.succeed(go, undefined)
          yield* Fiber.join(worker)
        }))
        assert.deepStrictEqual(yield* rows, [])
        body = Effect.void
        yield* performSteppedActions()
        assert.strictEqual(yield* handle.await, "mini minimini")
        assert.deepStrictEqual(yield* rows, ["mini"])
      }))
  }
})
