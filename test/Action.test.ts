import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Schedule, Schema } from "effect"
import { action, isAction, JobRetry, makeJob } from "../src/Action.ts"
import { Actor } from "../src/Actor.ts"
import { type Child, isChild, makeChild } from "../src/Child.ts"
import { type CompletionOutcome, Outcome } from "../src/Outcome.ts"
import { Step, type StepContext } from "../src/Step.ts"
import { DefinitionError } from "../src/SteppedError.ts"
import type { Unanswered } from "../src/Unanswered.ts"

class Car extends Actor<Car>()("Car", { id: Schema.Int }) {}

describe("a definition", () => {
  it("refuses a timeout that is none, where it is written", () => {
    for (const timeout of ["soon" as never, Number.NaN, 0, -5, 1e30]) {
      assert.throws(() => action("drive", { timeout }), /^timeout of drive is .+: it takes a duration from 1 to/)
    }
    for (const timeout of [Infinity, "Infinity"] as const) {
      assert.isUndefined(action("drive", { timeout }).definition.timeout)
    }
    assert.strictEqual(action("drive", { timeout: "5 seconds" }).definition.timeout, 5000)
  })

  it("has defaults", () => {
    const { definition } = action("honk")
    assert.deepStrictEqual(definition, {
      name: "honk",
      arguments: [],
      success: Schema.Void,
      error: Schema.Never,
      outbound: false,
      queue: "default",
      timeout: undefined,
      heartbeatTimeout: undefined,
      checksum: undefined,
      achievementTtl: undefined,
      version: undefined,
      checksumKey: undefined,
      concurrencyKey: undefined,
      fairBy: undefined,
      annotate: undefined,
      concurrency: undefined,
      steps: [],
      job: undefined,
      before: undefined,
      callbacks: [],
      defaults: undefined,
      unanswered: undefined,
      compensate: undefined,
      undoing: undefined,
      signals: [],
      implements: undefined
    })
  })

  it("does not change when it is built upon", () => {
    const honk = action("honk")
    const twice = honk.step("once", () => Effect.void)
    const thrice = twice.step(() => Effect.void)
    assert.lengthOf(honk.definition.steps, 0)
    assert.lengthOf(twice.definition.steps, 1)
    assert.lengthOf(thrice.definition.steps, 2)
    assert.strictEqual(thrice.definition.implements, honk)
    assert.isTrue(isAction(thrice))
  })

  it("names steps without a name by their position", () => {
    const { steps } = action("tour")
      .step(() => Effect.void)
      .step("middle", () => Effect.void, { transactional: true })
      .step(() => Effect.void, { transactional: true })
      .step("last", () => Effect.succeed(1), { result: Schema.Int })
      .definition
    assert.deepStrictEqual(steps.map(({ name, transactional, result }) => [name, transactional, result]), [
      ["1", false, undefined],
      ["middle", true, undefined],
      ["3", true, undefined],
      ["last", false, Schema.Int]
    ])
  })

  it("keeps the latest hook, and callbacks in their order", () => {
    const first = () => Effect.void
    const second = () => Effect.void
    const { before, callbacks } = action("tour").before(first).before(second)
      .after(["failed", "cancelled", "failed"], first)
      .after(second)
      .timedOut(first)
      .definition
    assert.strictEqual(before, second)
    assert.deepStrictEqual(callbacks, [
      { statuses: ["failed", "cancelled"], run: first },
      { statuses: ["succeeded", "failed", "cancelled", "timed_out"], run: second },
      { statuses: ["timed_out"], run: first }
    ])
  })

  it("is outbound with a job", () => {
    assert.isTrue(action("tow", { job: () => Effect.void }).definition.outbound)
    assert.isTrue(action("tow", { outbound: true }).definition.outbound)
  })

  it("is refused where it contradicts itself", () => {
    assert.throws(() => action("a b"), DefinitionError, `"a b" cannot name an action`)
    for (const queue of ["", "a b", "a\u0000b", "q".repeat(101)]) {
      assert.throws(() => action("a", { queue }), DefinitionError, "cannot name a queue")
    }
    assert.throws(() => action("a").step("1", () => Effect.void), DefinitionError, `"1" cannot name a step`)
    assert.throws(
      () => action("a").step("b", () => Effect.void).step("b" as "c", () => Effect.void),
      DefinitionError,
      "a has two steps named b"
    )
  })
})

describe("what ends without an answer", () => {
  const refused = (options: unknown, message: string) =>
    assert.throws(() => action("a", options as Unanswered), DefinitionError, message)

  it("is the engine's to say, where an action says nothing", () => {
    for (const given of [undefined, {}, { attempts: undefined, handledDefects: undefined, retry: undefined }]) {
      assert.isUndefined(action("a", given).definition.unanswered)
    }
  })

  it("is what the action says, for all that is made of it", () => {
    for (const attempts of [1, 10_000]) {
      const said = { attempts, handledDefects: () => true, retry: Schedule.forever }
      const made = action("a", said).step(() => Effect.void).before(() => Effect.void)
      assert.deepStrictEqual(made.definition.unanswered, said)
    }
  })

  it("is refused where it can be none, with what it takes", () => {
    for (const attempts of [0, -1, 1.5, 10_001, Number.NaN, Infinity, "3", null]) {
      refused({ attempts }, `attempts of a is ${attempts}: it takes a whole number from 1 to 10000`)
    }
    for (const retry of ["never", { schedule: Schedule.forever, times: 2 }, 5, null]) {
      refused({ retry }, "retry of a takes a Schedule, for what ends without an answer: when its steps begin again")
    }
    for (const handledDefects of [true, [TypeError], null]) {
      refused({ handledDefects }, "handledDefects of a is no function")
    }
  })
})

describe("a schema that says nothing of JSON", () => {
  const bare = Schema.instanceOf(Map)
  const refused = (define: () => unknown, field: string) =>
    assert.throws(define, DefinitionError, `the schema of ${field} says nothing of how its values become JSON`)

  it("is refused for arguments, results and errors", () => {
    refused(() => action("a", { arguments: [Schema.Int, bare] }), "arguments[1]")
    refused(() => action("a", { success: bare }), "success")
    refused(() => action("a", { error: Schema.declare((u): u is Set<string> => u instanceof Set) }), "error")
    refused(() => action("a").step("look", () => Effect.succeed(new Map()), { result: bare }), "the result of look")
  })

  it("is none that has a form of its own", () => {
    class Order extends Schema.Class<Order>("Order")({ id: Schema.Int }) {}
    const fine = [Schema.Date, Schema.Duration, Schema.ReadonlyMap(Schema.String, Schema.Int), Order, Schema.Json]
    for (const schema of [...fine, Schema.Redacted(Schema.String), Schema.Option(Schema.Int), Schema.Defect()]) {
      assert.isTrue(isAction(action("a", { arguments: [schema], success: schema })))
    }
  })
})

describe("a job", () => {
  const completions: Array<CompletionOutcome<unknown, unknown>> = []
  const job = makeJob(
    { actionId: "id", attemptNumber: 1, lastFailure: undefined },
    (outcome) => Effect.sync(() => completions.push(outcome) === 1)
  )

  it.effect("completes its action, and says whether it was this that ended it", () =>
    Effect.gen(function*() {
      assert.isTrue(yield* job.succeeded(5))
      assert.isFalse(yield* job.failed("no"))
      yield* job.failed()
      yield* job.cancelled
      yield* job.timedOut
      assert.deepStrictEqual(completions, [
        Outcome.succeeded(5),
        Outcome.failed("no"),
        Outcome.failed(),
        Outcome.cancelled,
        Outcome.timedOut
      ])
    }))

  it.effect("ends its run when it retries, past every handler of typed errors", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(Effect.ignore(job.retry("1 minute")))
      const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
      assert.instanceOf(defect, JobRetry)
      assert.strictEqual(defect.delayMs, 60_000)
    }))
})

describe("a step's body", () => {
  const drive = action("drive", { arguments: [Schema.Int], success: Schema.Int })

  it.effect("enqueues on its own actor, on others in their order, and skips nothing", () => {
    const enqueued: Array<ReadonlyArray<unknown>> = []
    const step: StepContext = {
      name: "1",
      actionId: "id",
      idempotencyKey: "id/1/0",
      attemptNumber: 1,
      lastFailure: undefined,
      enqueue: (actor, { name }, args) =>
        Effect.sync(() => makeChild(enqueued.push([actor === undefined ? "self" : String(actor), name, ...args]) - 1)),
      start: (actor, { name }, args) =>
        Effect.sync(() =>
          `id ${enqueued.push(["start", actor === undefined ? "self" : String(actor), name, ...args])}`
        ),
      once: (_name, effect) => effect,
      progress: () => Effect.void,
      wait: (duration) => Effect.sync(() => void enqueued.push(["wait", duration])),
      waitFor: ({ name }) => Effect.sync(() => makeChild(enqueued.push(["waitFor", name]) - 1)),
      received: ({ name }) => Effect.sync(() => [enqueued.push(["received", name])]),
      claims: () => Effect.die("no token is asked for"),
      markFailed: Effect.sync(() => void enqueued.push(["failed"])),
      setArguments: ({ name }, args) => Effect.sync(() => void enqueued.push(["arguments", name, ...args]))
    }
    return Effect.gen(function*() {
      const own: Child<number> = yield* Step.do(drive, 1) as Effect.Effect<Child<number>, never, Step>
      const others = yield* Step.on([Car.ref(2), null, undefined, Car.ref(1)], drive, 2)
      const one = yield* Step.on(Car.ref(3), drive, 3)
      assert.deepStrictEqual(yield* Step.on(null, drive, 4), [])
      assert.deepStrictEqual(yield* Step.on([], drive, 4), [])
      yield* Step.wait("5 seconds")
      yield* Step.markFailed
      yield* Step.setArguments(drive, 1)
      assert.isTrue([own, ...others, ...one].every(isChild))
      assert.deepStrictEqual([own, ...others, ...one].map((child) => child.slot), [0, 1, 2, 3])
      assert.deepStrictEqual(enqueued, [
        ["self", "drive", 1],
        ["Car/2", "drive", 2],
        ["Car/1", "drive", 2],
        ["Car/3", "drive", 3],
        ["wait", "5 seconds"],
        ["failed"],
        ["arguments", "drive", 1]
      ])
    }).pipe(Effect.provideService(Step, step))
  })
})
