/** Why an action did not succeed: what is stored of it, where it happened, and a descendant's error, typed, for whoever waits. */
import { assert, it } from "@effect/vitest"
import { Cause, Effect, Layer, Logger, Option, Redacted, References, Schedule, Schema, Tracer } from "effect"
import type { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import { ActionFailed, Stepped } from "stepped"
import { NotDrained, performSteppedActions } from "stepped/testing"
import { words } from "../../src/domain/Failure.ts"
import { healthy, suite } from "../harness/databases.ts"
import { recordOf, recordsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import {
  Car,
  Cars,
  charge,
  Declined,
  declined,
  first,
  hold,
  hooked,
  other,
  place,
  secret,
  told
} from "./fixtures/failing.ts"

const { cancelled, failed, succeededVoid, timedOut } = Stepped.Outcome

suite("causes", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>,
    options: Stepped.EngineOptions = {}
  ) =>
    it.effect(
      name,
      () =>
        Effect.provide(Effect.andThen(scenario(), healthy), Cars.layer.pipe(Layer.provideMerge(engine.layer(options))))
    )

  const causeOf = (id: string) => Effect.map(recordOf(id), ({ cause }) => cause)
  const failureOf = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.map(Effect.flip(effect), (error) => {
      assert.instanceOf(error, ActionFailed)
      return error as ActionFailed
    })
  const cars = Cars.client

  /** A parent whose second child was superseded by its third, which performs. */
  const superseded = (by: "other" | "hooked") =>
    Effect.gen(function*() {
      const client = yield* cars
      const held = yield* client(1).holdNow()
      const parent = yield* client(1).meetsLater(by)
      yield* performIdle
      yield* Stepped.complete(held.id, hold, succeededVoid)
      const [asking] = yield* recordsOf("asked")
      assert.strictEqual(asking!.status, "superseded")
      return parent
    })

  test("the path leads through the action that superseded the one that was asked for", () =>
    Effect.gen(function*() {
      const parent = yield* superseded("other")
      yield* TestClock.adjust("1 minute")
      yield* performSteppedActions()
      const error = yield* failureOf(parent.await)
      assert.strictEqual(error.message, "meets Car/1 › all › other Car/3: timed out")
      assert.deepInclude(yield* causeOf(parent.id), { path: "meets Car/1 › all › other Car/3", message: "timed out" })
    }))

  test("and its error is its own, whoever was asked for", () =>
    Effect.gen(function*() {
      const parent = yield* superseded("other")
      yield* Stepped.complete(Car.ref(3), other, failed(declined(4)))
      yield* performSteppedActions()
      const error = yield* failureOf(parent.await)
      assert.strictEqual(error.path, "meets Car/1 › all › other Car/3")
      assert.deepInclude(error.error, { action: "other", actor: "Car/3" })
      assert.strictEqual(Option.getOrThrow(error.errorOf(other)).code, 4)
      assert.deepStrictEqual(error.errorOf(charge), Option.none())
    }))

  test("so does it where a callback of that one failed, or its result does not fit", () =>
    Effect.gen(function*() {
      const hookedOne = yield* superseded("hooked")
      yield* Stepped.complete(Car.ref(3), hooked, succeededVoid)
      yield* performSteppedActions()
      assert.strictEqual(
        (yield* failureOf(hookedOne.await)).message,
        "meets Car/1 › all › hooked Car/3: a callback failed"
      )
      const unfit = yield* superseded("other")
      yield* Stepped.complete(Car.ref(3), other, succeededVoid)
      yield* performSteppedActions()
      assert.include(
        (yield* failureOf(unfit.await)).message,
        "meets Car/1 › all: IncompatibleResult: other Car/3: the stored result does not fit"
      )
    }))

  test("the path leads through the action that was joined", () =>
    Effect.gen(function*() {
      const client = yield* cars
      const live = yield* client(9).firstNow()
      const parent = yield* client(1).joinsLater()
      yield* performIdle
      yield* Stepped.complete(live.id, first, failed(declined(5)))
      yield* performSteppedActions()
      const error = yield* failureOf(parent.await)
      assert.strictEqual(error.path, "joins Car/1 › all › first Car/9")
      assert.strictEqual(Option.getOrThrow(error.errorOf(first)).code, 5)
    }))

  test("a descendant's error comes back typed, at every level, to callbacks and to whoever waits", () =>
    Effect.gen(function*() {
      told.length = 0
      const root = yield* (yield* cars)(1).sellLater()
      yield* performSteppedActions()
      const error = yield* failureOf(root.await)
      assert.deepInclude(error, {
        action: "sell",
        actor: "Car/1",
        kind: "child",
        path: "sell Car/1 › order › place Car/1 › pay › charge Car/7 › 1"
      })
      const found = Option.getOrThrow(error.errorOf(charge))
      assert.instanceOf(found, Declined)
      assert.deepStrictEqual([found.code, Redacted.value(found.card)], [3, secret])
      assert.deepStrictEqual(error.errorOf(place), Option.none())
      assert.deepStrictEqual(told, [Option.some(found)])
      // it survives JSON, as an error that another action declares
      const codec = Schema.toCodecJson(ActionFailed)
      const json = JSON.parse(JSON.stringify(yield* Schema.encodeUnknownEffect(codec)(error)))
      const read = yield* Schema.decodeUnknownEffect(codec)(json)
      assert.deepStrictEqual(read.errorOf(charge), Option.some(found))
    }))

  test("every end without success has a cause with kind, path and message, whoever has decided it", () =>
    Effect.gen(function*() {
      const client = yield* cars
      const path = (id: number) => `hold Car/${id}`
      const ends = [
        [cancelled, "cancelled", "completed as cancelled"],
        [timedOut, "timed_out", "completed as timed out"],
        [failed(), "failure", "completed as failed"]
      ] as const
      for (const [outcome, kind, message] of ends) {
        const byName = yield* client(1).holdNow()
        yield* Stepped.complete(Car.ref(1), hold, outcome)
        assert.deepStrictEqual(yield* causeOf(byName.id), { kind, path: path(1), message })
        const byId = yield* client(2).holdNow()
        yield* Stepped.complete(byId.id, hold, outcome)
        assert.deepStrictEqual(yield* causeOf(byId.id), { kind, path: path(2), message })
      }
      const late = yield* client(3).holdNow()
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      assert.deepStrictEqual(yield* causeOf(late.id), { kind: "timed_out", path: path(3), message: words.timedOut })
      const completed = yield* client(4).holdNow()
      yield* TestClock.adjust("1 minute")
      // too late, and the first to notice
      assert.deepStrictEqual(yield* Stepped.complete(completed.id, hold, succeededVoid), Option.none())
      assert.deepStrictEqual(yield* causeOf(completed.id), {
        kind: "timed_out",
        path: path(4),
        message: words.timedOut
      })
      const performing = yield* client(5).holdNow()
      const pending = yield* client(6).holdNow()
      const queued = yield* client(7).holdLater()
      for (const handle of [pending, performing, queued]) yield* handle.cancel()
      yield* performSteppedActions()
      for (const [id, { id: action }] of [[5, performing], [6, pending], [7, queued]] as const) {
        assert.deepStrictEqual(yield* causeOf(action), { kind: "cancelled", path: path(id), message: words.cancelled })
      }
      const decided = yield* client(8).hookedNow()
      yield* decided.cancel()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* causeOf(decided.id), {
        kind: "cancelled",
        path: "hooked Car/8",
        message: words.cancelled
      })
    }))

  test("children whose parent is over say so, taken or not", () =>
    Effect.gen(function*() {
      const client = yield* cars
      const taken = yield* client(1).kidsLater()
      yield* performIdle
      yield* taken.cancel()
      yield* performSteppedActions()
      const children = [...yield* recordsOf("hold"), ...yield* recordsOf("asked")]
      assert.deepStrictEqual(
        children.map(({ actorId, cause, name }): readonly [string, unknown] => [`${name} ${actorId}`, cause]),
        [["hold", 2], ["asked", 3]].map(([name, id]) =>
          [`${name} ${id}`, {
            kind: "cancelled",
            path: `${name} Car/${id}`,
            message: words.parentIsOver
          }] as const
        )
      )
    }))

  test("an action that would wait for itself names itself and the lane", () =>
    Effect.gen(function*() {
      const root = yield* (yield* cars)(1).loopLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* causeOf(root.id), {
        kind: "child",
        path: "loop Car/1 › in › quiet Car/1",
        message: `${words.deadlocked}quiet Car/1 waits in lane "quiet" behind loop Car/1, ` +
          `which waits in step "in" for quiet Car/1`,
        cycle: [
          { action: "quiet", actor: "Car/1", lane: "quiet" },
          { action: "loop", actor: "Car/1", step: "in" }
        ]
      })
    }))

  test(
    "what before cancels, what fails in it or in a key, what is marked and what breaks",
    () =>
      Effect.gen(function*() {
        const client = yield* cars
        const asking = yield* client(1).asksLater()
        const breaking = yield* client(1).breaksLater()
        const marking = yield* client(1).marksLater()
        const byKey = yield* client(1).keyedLater()
        const inHook = yield* client(1).hookedFirstLater()
        yield* performSteppedActions()
        assert.deepStrictEqual(yield* causeOf(asking.id), {
          kind: "child",
          path: "asks Car/1 › ask › careful Car/1",
          message: "cancelled by before"
        })
        assert.deepInclude(yield* causeOf(breaking.id), { kind: "defect", path: "breaks Car/1 › 1", message: "no" })
        assert.deepInclude(yield* causeOf(marking.id), { kind: "marked", path: "marks Car/1 › look" })
        const own: unknown = yield* Effect.flip(byKey.await)
        assert.instanceOf(own, Declined)
        // at its limit what is retried is the failure that it is
        const error = yield* failureOf(inHook.await)
        assert.deepInclude(error, { kind: "defect", path: "hookedFirst Car/1", reason: "no" })
      }),
    { handledDefects: () => false, attempts: 2, retry: Schedule.spaced("1 second") }
  )

  test(
    "what a schema redacts is in no text: of errors, causes, logs, spans, and what is left",
    () =>
      Effect.gen(function*() {
        const texts: Array<unknown> = []
        const logger = Logger.make(({ cause, fiber, message }) => {
          texts.push(inspect(message, { depth: 10 }), Cause.pretty(cause), inspect(cause, { depth: 10 }))
          texts.push(inspect(fiber.getRef(References.CurrentLogAnnotations)))
        })
        const spans: Array<Tracer.NativeSpan> = []
        const tracer = Tracer.make({
          span: (options) => {
            const span = new Tracer.NativeSpan(options)
            spans.push(span)
            return span
          }
        })
        const client = yield* cars
        const root = yield* client(1).sellLater()
        yield* client(3).keyedLater()
        yield* performSteppedActions().pipe(
          Effect.provideService(Logger.CurrentLoggers, new Set([logger])),
          Effect.withTracer(tracer)
        )
        assert.isNotEmpty(spans)
        for (const span of spans) {
          texts.push(inspect([...span.attributes, ...span.events]), inspect(span.status, { depth: 10 }))
        }
        const error = yield* failureOf(root.await)
        const failure = Cause.fail(error)
        texts.push(error.message, String(error), inspect(error, { depth: 10 }), JSON.stringify(error))
        texts.push(Cause.pretty(failure), inspect(failure, { depth: 10 }))
        texts.push(inspect(Cause.prettyErrors(failure), { depth: 10 }))
        const [child] = yield* recordsOf("charge")
        for (const { message, path, pretty } of [child!.cause!, (yield* causeOf(root.id))!]) {
          texts.push(message, path, pretty)
        }
        // what is stored is in clear
        assert.deepInclude(child!.cause!.error, { card: secret })
        yield* client(2).dearLater(Redacted.make(secret), "plain")
        const left = yield* Effect.flip(performSteppedActions())
        assert.instanceOf(left, NotDrained)
        assert.deepStrictEqual(left.left, [`dear Car/2(<redacted>,"plain") is performing, outbound`])
        for (const text of texts) assert.notInclude(String(text), secret)
      }),
    { handledDefects: () => true }
  )
})
