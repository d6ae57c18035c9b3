/** What logs and traces say of user code. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Cause, Effect, Layer, Logger, Option, Redacted, References, Schema, Tracer } from "effect"
import { TestClock } from "effect/testing"
import { Step, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import * as Log from "../../src/engine/log.ts"
import { StorageError } from "../../src/SteppedError.ts"
import { embedded } from "../harness/databases.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const visit = Stepped.action("visit", { arguments: [Schema.String] })
  .before(() => Effect.log("before"))
  .step("move", (where) => Effect.withSpan(Effect.log(`to ${where}`), "inner"))
  .succeeded(() => Effect.log("callback"))
const Cars = Stepped.actions(Car, [visit])

it.effect("what user code logs says which action it runs for", () => {
  const lines: Array<readonly [unknown, Readonly<Record<string, unknown>>]> = []
  const logger = Logger.make(({ fiber, message }) => {
    lines.push([message, fiber.getRef(References.CurrentLogAnnotations)])
  })
  return Effect.gen(function*() {
    const { id } = yield* (yield* Cars.client)(7).visitLater("London")
    yield* performSteppedActions()
    const of = { action: "Car/visit", actorId: "7", actionId: id }
    assert.deepStrictEqual(lines, [
      [["before"], of],
      [["to London"], { ...of, step: "move" }],
      [["callback"], { ...of, callback: "Car:succeeded:1" }]
    ])
  }).pipe(Effect.provide(Layer.mergeAll(Layer.provideMerge(Cars.layer, embedded.layer()), Logger.layer([logger]))))
})

it.effect("where there is a tracer, user code has a span, which is the parent of its own", () => {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  return Effect.gen(function*() {
    const { id } = yield* (yield* Cars.client)(7).visitLater("London")
    yield* performSteppedActions()
    const step = spans.find(({ name }) => name === "stepped.step visit.move")!
    assert.deepStrictEqual(Object.fromEntries(step.attributes), {
      "stepped.action": "Car/visit",
      "stepped.actor_id": "7",
      "stepped.action_id": id
    })
    const inner = spans.find(({ name }) => name === "inner")!
    assert.strictEqual(inner.traceId, step.traceId)
    assert.strictEqual(Option.getOrThrow(inner.parent).spanId, step.spanId)
    const names = spans.map(({ name }) => name)
    assert.includeMembers(names, ["stepped.before visit", "stepped.callback visit.Car:succeeded:1"])
  }).pipe(
    Effect.provide(Layer.provideMerge(Cars.layer, embedded.layer())),
    Effect.withTracer(tracer)
  )
})

class OutOfStock extends Schema.TaggedError<OutOfStock>()("OutOfStock", {
  sku: Schema.String,
  left: Schema.Int,
  supplier: Schema.Redacted(Schema.String)
}) {}
const outOfStock = new OutOfStock({ sku: "wheel", left: 0, supplier: Redacted.make("none of your business") })
const take = Stepped.action("take", { error: OutOfStock }).step("shelf", () => outOfStock)
const build = Stepped.action("build").step("parts", () => Step.do(take)).step(() => Effect.void)
const crash = Stepped.action("crash").step("boom", () => Effect.die(new Error("boom\nand more")))
const wait = Stepped.action("wait", { timeout: "1 minute" }).step("long", () => Step.wait("1 hour")).step(() =>
  Effect.void
)
const hurry = Stepped.action("hurry").step("first", () => Step.do(wait)).step(() => Effect.void)
const sign = Stepped.action("sign", { outbound: true, error: OutOfStock }).step(() => Effect.void)
const Parts = Stepped.actions(Car, [take, build, crash, wait, hurry, sign])

/** Lines with their level, and with the fields that differ from run to run left out. */
const logged = <A, E>(
  run: Effect.Effect<A, E, Stepped.Services | PgClient.PgClient>
): Effect.Effect<ReadonlyArray<readonly [level: string, line: string]>, E> => {
  const lines: Array<readonly [string, string]> = []
  const logger = Logger.make(({ cause, fiber, logLevel, message }) => {
    const { action, actorId } = fiber.getRef(References.CurrentLogAnnotations)
    const stack = cause.reasons.length === 0 ? "" : " with a cause"
    lines.push([logLevel, `${message}${stack} (${action} ${actorId})`])
  })
  return Effect.as(
    run.pipe(Effect.provide(Layer.mergeAll(Layer.provideMerge(Parts.layer, embedded.layer()), Logger.layer([logger])))),
    lines
  )
}

it.effect("a failure's line has its error's fields, but for what is redacted; a defect's has its stack", () =>
  Effect.gen(function*() {
    const lines = yield* logged(Effect.gen(function*() {
      const car = yield* Parts.client
      yield* car(1).takeLater()
      yield* performSteppedActions()
      yield* car(2).crashLater()
      yield* performSteppedActions()
    }))
    assert.deepStrictEqual(lines, [
      ["Info", `take Car/1 › shelf failed: OutOfStock sku wheel, left 0, supplier "<redacted>" (Car/take 1)`],
      ["Error", "crash Car/2 › boom failed: boom and more with a cause (Car/crash 2)"]
    ])
  }))

it.effect("a root that fails by what is not its own, or whose time is over, says so; its children do not", () =>
  Effect.gen(function*() {
    const lines = yield* logged(Effect.gen(function*() {
      const car = yield* Parts.client
      yield* car(1).buildLater()
      yield* performSteppedActions()
      yield* car(2).waitLater()
      yield* performSteppedActions()
      yield* car(3).hurryLater()
      yield* performSteppedActions()
      yield* TestClock.adjust("2 minutes")
      yield* performSteppedActions()
    }))
    const found = `OutOfStock sku wheel, left 0, supplier "<redacted>"`
    assert.deepStrictEqual(lines.slice(0, 2), [
      ["Info", `take Car/1 › shelf failed: ${found} (Car/take 1)`],
      [
        "Warn",
        `stepped: build Car/1 has failed: build Car/1 › parts › take Car/1 › shelf: ${found} (Car/build 1)`
      ]
    ])
    assert.deepStrictEqual(lines.slice(2).map(([level, line]) => `${level} ${line}`).sort(), [
      "Warn stepped: hurry Car/3 has failed: hurry Car/3 › first › wait Car/3: timed out (Car/hurry 3)",
      "Warn stepped: wait Car/2 has timed out (Car/wait 2)"
    ])
  }))

it.effect("a failure that is decided outside is said once it is certain", () =>
  Effect.gen(function*() {
    const lines = yield* logged(Effect.gen(function*() {
      const car = yield* Parts.client
      const sql = yield* PgClient.PgClient
      const [first, second, third] = [yield* car(1).signLater(), yield* car(2).signLater(), yield* car(3).signLater()]
      yield* Effect.exit(performSteppedActions())
      const failing = Stepped.complete(first.id, sign, Stepped.Outcome.failed(outOfStock))
      yield* Effect.exit(sql.withTransaction(Effect.andThen(failing, Effect.fail("no"))))
      yield* sql.withTransaction(Stepped.complete(second.id, sign, Stepped.Outcome.failed(outOfStock)))
      yield* Stepped.complete(Car.ref(3), sign, Stepped.Outcome.failed(outOfStock))
      yield* Stepped.complete(first.id, sign, Stepped.Outcome.succeeded(undefined))
      assert.strictEqual((yield* third.status).status, "failed")
    }))
    assert.deepStrictEqual(lines, [
      [
        "Info",
        `stepped: sign Car/2 was completed as failed: OutOfStock sku wheel, left 0, supplier "<redacted>" (Car/sign 2)`
      ],
      [
        "Info",
        `stepped: sign Car/3 was completed as failed: OutOfStock sku wheel, left 0, supplier "<redacted>" (Car/sign 3)`
      ]
    ])
  }))

it.effect("trouble with the database is one line with its code, whatever the error is made of", () =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    const logger = Logger.make(({ fiber, message }) => {
      lines.push(`${message} ${JSON.stringify(fiber.getRef(References.CurrentLogAnnotations))}`)
    })
    const log = Log.make({ worker: "one" })
    const trouble = (cause: unknown) =>
      log.trouble("cannot claim", new StorageError({ operation: "claim", isRetryable: true, cause }), "trying again")
    // a name with two addresses: an error of several that says nothing itself
    const refused = (address: string) =>
      Object.assign(new Error(`connect ECONNREFUSED ${address}:5432`), { code: "ECONNREFUSED" })
    const several = Object.assign(new AggregateError([refused("::1"), refused("127.0.0.1")]), { code: "ECONNREFUSED" })
    yield* trouble(new Error("Failed to connect", { cause: several })).pipe(Effect.provide(Logger.layer([logger])))
    const shutdown = Object.assign(new Error("the database system is shutting down"), { code: "57P03" })
    yield* trouble(new Error("Query failed", { cause: shutdown })).pipe(Effect.provide(Logger.layer([logger])))
    assert.deepStrictEqual(lines, [
      `stepped: cannot claim (connect ECONNREFUSED ::1:5432, connect ECONNREFUSED 127.0.0.1:5432): trying again {"worker":"one","code":"ECONNREFUSED"}`,
      `stepped: cannot claim (57P03 the database system is shutting down): trying again {"worker":"one","code":"57P03"}`
    ])
  }))

it.effect("an error that cannot be looked at is no end of what speaks", () =>
  Effect.gen(function*() {
    const hostile = new Proxy({}, {
      get: () => {
        throw new Error("no")
      }
    })
    const log = Log.make({})
    yield* log.failure(Cause.die(hostile), "here", { action: "a", actorId: "1", actionId: "2" })
    yield* log.retry(Cause.fail(hostile), true, 0, "here", { action: "a", actorId: "1", actionId: "2" })
    yield* log.trouble("cannot claim", hostile, "trying again")
  }))
