/** Rule 9.10: what a step does once, however often its body runs. */
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, MemoError, Step, type StepContext, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import { note, seen } from "../harness/notes.ts"
import { recordOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { failing, retriedSettings } from "./fixtures/callbackRetries.ts"
import { Changed, Declined, doing, nap, Receipt, refuse, scene, Shops, ShopsLive } from "./fixtures/once.ts"

const ready = Stepped.signal("ready")
const memos = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.map(
    sql<{ name: string; result: unknown }>`select name, result from stepped.memos order by name`,
    (rows) => rows.map(({ name, result }) => [name, result])
  ))

suite("what a step does once", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>,
    options: Stepped.EngineOptions = retriedSettings
  ) =>
    it.effect(
      name,
      () =>
        Effect.provide(Effect.andThen(scenario(), healthy), ShopsLive.pipe(Layer.provideMerge(engine.layer(options))))
    )
  const shop = Effect.map(Shops.client, (shops) => shops(1))

  test("9.10: is not done again when the body runs again, and goes with the step's success", () =>
    Effect.gen(function*() {
      const boom = Effect.orDie(failing(2))
      scene.body = Effect.gen(function*() {
        const receipt = yield* Step.once("receipt", doing("receipt", { list: [null, "$"], cents: 5, to: undefined }))
        const none = yield* Step.once("none", doing("none", undefined))
        const nothing = yield* Step.once("nothing", doing("nothing", null))
        yield* note(JSON.stringify([receipt, none ?? "none", nothing]))
        yield* boom
      })
      const handle = yield* (yield* shop).payLater()
      yield* performIdle
      assert.deepStrictEqual((yield* memos).map(([name]) => name), ["none", "nothing", "receipt"])
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "paid")
      const told = `[{"list":[null,"$"],"cents":5},"none",null]`
      assert.deepStrictEqual(seen, ["does receipt", "does none", "does nothing", told, told, told])
      assert.deepStrictEqual(yield* memos, [])
    }))

  test("9.10: attempts share it, and who wants one for each puts the attempt into its name", () =>
    Effect.gen(function*() {
      scene.body = Effect.gen(function*() {
        const { attemptNumber } = yield* Step
        yield* Step.once("all", doing("all", 1))
        yield* Step.once(`attempt ${attemptNumber}`, doing(`attempt ${attemptNumber}`, 1))
        return yield* new Declined()
      })
      const handle = yield* (yield* shop).triesLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["charge failed", "then succeeded"])
      assert.deepStrictEqual(seen, ["does all", "does attempt 1", "does attempt 2", "does attempt 3"])
      // those of a step that has failed stay with the history
      assert.deepStrictEqual((yield* memos).map(([name]) => name), ["all", "attempt 1", "attempt 2", "attempt 3"])
    }))

  test("9.10: goes with the success of a step that waits, and stays where that begins again, or fails", () =>
    Effect.gen(function*() {
      const client = yield* shop
      scene.body = Step.once("receipt", doing("receipt", "red"))
      const waits = yield* client.waitsLater()
      yield* performIdle
      assert.deepStrictEqual(yield* memos, [["receipt", "red"]])
      yield* performSteppedActions()
      assert.strictEqual((yield* recordOf(waits.id)).status, "succeeded")
      assert.deepStrictEqual(yield* memos, [])
      const fails = yield* client.failsLater()
      yield* performSteppedActions()
      assert.strictEqual((yield* recordOf(fails.id)).status, "failed")
      assert.deepStrictEqual(seen, ["does receipt", "does receipt"])
      assert.deepStrictEqual(yield* memos, [["receipt", "red"]])
      const method = yield* client.methodLater()
      yield* performIdle
      assert.strictEqual((yield* recordOf(method.id)).status, "succeeded")
      assert.deepStrictEqual((yield* memos).length, 1)
    }))

  test("9.10, 10.2: a compensation does something once, too, and starts, and attempts", () =>
    Effect.gen(function*() {
      const boom = Effect.orDie(failing(1))
      scene.body = Effect.gen(function*() {
        yield* note(`refunds ${yield* Step.once("refund", doing("refund", 5))}`)
        yield* boom
        yield* (Step.start(nap) as Effect.Effect<string, never, any>)
        return yield* (Step.attempt(refuse) as Effect.Effect<unknown, never, Step>)
      })
      const handle = yield* (yield* shop).undoneLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* Effect.flip(handle.await), new Declined())
      assert.deepStrictEqual(seen, ["undoes 5", "does refund", "refunds 5", "undoes 5", "refunds 5"])
      assert.deepStrictEqual(yield* memos, [])
      assert.deepStrictEqual((yield* stepsOf(handle.id)).slice(0, 2), ["charge succeeded", "fails failed"])
      const [started] = yield* Effect.flatMap(ActionRepo, (repo) => repo.list({ startedBy: handle.id }))
      assert.deepStrictEqual([started?.name, started?.status], ["nap", "succeeded"])
    }))

  test("9.10: a failure is not kept, and is done again", () =>
    Effect.gen(function*() {
      let left = 2
      scene.body = Effect.gen(function*() {
        const charge = Effect.andThen(
          note("charges"),
          Effect.suspend(() => left-- > 0 ? Effect.fail(new Declined()) : Effect.succeed(7))
        )
        yield* note(`gives ${yield* Effect.retry(Step.once("charge", charge), { times: 5 })}`)
      })
      const handle = yield* (yield* shop).payLater()
      yield* performIdle
      assert.strictEqual(yield* handle.await, "paid")
      assert.deepStrictEqual(seen, ["charges", "charges", "charges", "gives 7"])
    }))

  test("9.10: has a schema for what JSON does not hold, by which it is read again", () =>
    Effect.gen(function*() {
      const boom = Effect.orDie(failing(1))
      scene.body = Effect.gen(function*() {
        const receipt = yield* Step.once("receipt", doing("receipt", { at: new Date(7), cents: 5n }), {
          result: Receipt
        })
        yield* note(`${receipt.at.toISOString()} ${typeof receipt.cents}`)
        yield* boom
      })
      const handle = yield* (yield* shop).payLater()
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "paid")
      const told = "1970-01-01T00:00:00.007Z bigint"
      assert.deepStrictEqual(seen, ["does receipt", told, told])
    }))

  test("9.10: of several at once under one name one does it, and who is interrupted leaves it to another", () =>
    Effect.gen(function*() {
      scene.body = Effect.gen(function*() {
        const slow = Effect.andThen(note("begins"), Effect.as(Effect.sleep("1 minute"), 1))
        const first = yield* Effect.forkChild(Step.once("one", slow))
        yield* Effect.yieldNow
        const others = yield* Effect.forkChild(
          Effect.all([Step.once("one", doing("one", 2)), Step.once("one", doing("another", 3))], {
            concurrency: "unbounded"
          })
        )
        // they wait by now
        yield* Effect.forEach(Array.from({ length: 50 }), () => Effect.yieldNow)
        yield* Fiber.interrupt(first)
        yield* note(JSON.stringify(Option.getOrNull(Exit.getSuccess(yield* Fiber.await(others)))))
        yield* note(String(yield* Step.once("one", doing("a last one", 4))))
      })
      const handle = yield* (yield* shop).payLater()
      yield* performIdle
      assert.strictEqual(yield* handle.await, "paid")
      assert.deepStrictEqual(seen, ["begins", "does one", "[2,2]", "2"])
    }))

  test("9.10: what many do at once is stored together", () =>
    Effect.gen(function*() {
      const boom = Effect.orDie(failing(1))
      const many = Array.from({ length: 300 }, (_, n) => n)
      scene.body = Effect.andThen(
        Effect.forEach(many, (n) => Step.once(`number ${n}`, doing("it", n)), { concurrency: "unbounded" }),
        boom
      )
      const handle = yield* (yield* shop).payLater()
      yield* performIdle
      assert.strictEqual((yield* memos).length, 300)
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "paid")
      assert.strictEqual(seen.length, 300)
    }))

  test("9.10: what does not travel is handed over all the same", () =>
    Effect.gen(function*() {
      const boom = Effect.orDie(failing(1))
      scene.body = Effect.gen(function*() {
        const large = yield* Step.once("large", doing("large", "x".repeat(200_000)))
        yield* boom
        return large.length
      })
      const handle = yield* (yield* shop).givesLater()
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, 200_000)
      assert.deepStrictEqual(seen, ["does large"])
    }))

  test("9.10: what cannot be kept, or asked for, fails the step with what is wrong", () =>
    Effect.gen(function*() {
      const client = yield* shop
      const sql = yield* SqlClient.SqlClient
      const reasons: Array<string> = []
      const cases: ReadonlyArray<Effect.Effect<unknown, any, Step>> = [
        Step.once("", doing("it", 1)),
        Step.once("a".repeat(201), doing("it", 1)),
        Step.once("\u0000", doing("it", 1)),
        Step.once("map", doing("it", new Map()) as Effect.Effect<any>),
        Step.once("date", doing("it", "no date") as Effect.Effect<any>, { result: Schema.Date }),
        Step.once("text", doing("it", "\u0000")),
        Step.once("large", doing("it", "x".repeat(20_000))),
        Effect.andThen(
          Step.once("half", doing("it", "x".repeat(6000))),
          Step.once("other", doing("it", "x".repeat(6000)))
        ),
        sql.withTransaction(Step.once("inside", doing("inside", 1))),
        Effect.forEach(Array.from({ length: 1001 }, (_, n) => n), (n) => Step.once(`n ${n}`, Effect.succeed(0)))
      ]
      for (const one of cases) {
        scene.body = Effect.tapError(one, (error) => Effect.sync(() => void reasons.push(error.reason._tag)))
        const handle = yield* client.payLater()
        yield* performIdle
        const { message } = yield* Effect.flip(handle.await)
        assert.match(message, /pay Shop\/1 › charge: MemoError: Step\.once\(/)
      }
      scene.body = Step.once("transactional", doing("transactional", 1))
      const handle = yield* client.storedLater()
      yield* performIdle
      assert.include((yield* Effect.flip(handle.await)).message, "whatever becomes of the transaction around it")
      assert.deepStrictEqual(reasons, [
        "InvalidMemo",
        "InvalidMemo",
        "InvalidMemo",
        "InvalidMemo",
        "InvalidMemo",
        "UnstorableText",
        "PayloadTooLarge",
        "PayloadTooLarge",
        "InvalidMemo",
        "TooManyMemos"
      ])
      assert.notInclude(seen, "does inside")
      assert.notInclude(seen, "does transactional")
    }), { payloadLimit: 10_000 })

  test("9.10: a memo that is read otherwise than it was written fails the step, and is not done again", () =>
    Effect.gen(function*() {
      const boom = Effect.orDie(failing(1))
      let runs = 0
      scene.body = Effect.suspend((): Effect.Effect<unknown, any, Step> =>
        runs++ === 0
          ? Effect.andThen(Step.once("receipt", doing("receipt", "red")), boom)
          : Step.once("receipt", doing("again", new Date(0)), { result: Schema.Date })
      )
      const handle = yield* (yield* shop).payLater()
      yield* performSteppedActions()
      assert.include((yield* Effect.flip(handle.await)).message, "written without a schema, and is read otherwise")
      assert.deepStrictEqual(seen, ["does receipt"])
    }))

  test("9.10: where Step is used in it, that is refused", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      scene.body = Effect.gen(function*() {
        const inside: ReadonlyArray<Effect.Effect<unknown, any, any>> = [
          Step.do(refuse),
          Step.attempt(refuse),
          Step.start(refuse),
          Step.wait("1 second"),
          Step.waitFor(ready),
          Step.received(ready),
          Step.token(ready),
          Step.progress(1),
          Step.setArguments(refuse),
          Step.markFailed,
          Step.once("inner", Effect.void)
        ]
        for (const [n, one] of inside.entries()) {
          // as a program that knows no types writes it
          const exit = yield* Effect.exit(Step.once(`n ${n}`, one as Effect.Effect<void>))
          told.push(exit._tag === "Failure" ? /calls (Step\.\w+)/.exec(String(exit.cause))?.[1] ?? "" : "success")
        }
        // what says which step it is says so there, too
        const facts = ({ actionId, attemptNumber, idempotencyKey, lastFailure, name }: StepContext) =>
          JSON.stringify([name, actionId, idempotencyKey, attemptNumber, lastFailure?.message])
        const within = Step.once("facts", Effect.map(Step, facts) as Effect.Effect<any>)
        told.push(yield* within, facts(yield* Step))
      })
      const handle = yield* (yield* shop).payLater()
      yield* performIdle
      assert.strictEqual(yield* handle.await, "paid")
      const [own, ...rest] = told.splice(-2)
      assert.deepStrictEqual([own], rest)
      assert.deepStrictEqual(
        told,
        ["do", "do", "start", "wait", "waitFor", "received", "token", "progress", "setArguments", "markFailed", "once"]
          .map((verb) => `Step.${verb}`)
      )
    }))

  test("9.10: a step that a deploy has put into the place of another does not have its memos", () =>
    Effect.gen(function*() {
      const boom = Effect.orDie(failing(1))
      scene.body = Effect.andThen(Step.once("receipt", doing("receipt", "red")), boom)
      const handle = yield* (yield* shop).payLater()
      yield* performIdle
      scene.body = Effect.flatMap(Step.once("receipt", doing("bill", "blue")), note)
      yield* TestClock.adjust("1 minute")
      yield* deployed(Changed.layer, retriedSettings)(performSteppedActions())
      assert.strictEqual(yield* handle.await, "billed")
      assert.deepStrictEqual(seen, ["does receipt", "does bill", "blue"])
      assert.deepStrictEqual(yield* memos, [])
    }))

  test("9.10: of an action that is over nothing is kept, and its body ends", () =>
    Effect.gen(function*() {
      const client = yield* shop
      const sql = yield* SqlClient.SqlClient
      scene.body = Effect.gen(function*() {
        yield* Effect.orDie(sql`update stepped.live_actions set token = null`)
        yield* Step.once("late", doing("late", 1))
        yield* note("goes on")
      })
      const handle = yield* client.payLater()
      yield* Effect.exit(performIdle)
      assert.deepStrictEqual(seen, ["does late"])
      assert.deepStrictEqual(yield* memos, [])
      yield* handle.cancel()
      yield* performIdle
    }))

  test("9.10: after the body's end it is refused", () =>
    Effect.gen(function*() {
      let late: Effect.Effect<unknown, unknown> = Effect.void
      scene.body = Effect.contextWith((context) =>
        Effect.sync(() => {
          late = Effect.provideContext(Step.once("late", doing("late", 1)), context)
        })
      )
      const handle = yield* (yield* shop).payLater()
      yield* performIdle
      yield* handle.await
      const told = yield* Effect.flip(Effect.catchDefect(late, Effect.fail))
      assert.include(String(told), "Step.once of late comes after the body of pay Shop/1 › charge has ended")
      assert.deepStrictEqual(seen, [])
      assert.isFalse(told instanceof MemoError)
    }))
})
