/** Rule 17.3: one trace for each root, across processes and waits. */
import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer, Logger, References, Tracer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import { Step, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { recordOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { Car, carried, Cars, collecting, honk, refuel, scene, shown, sign, tracesOf } from "./fixtures/tracing.ts"

const complete = performSteppedActions({
  outbound: ({ id, name }) =>
    name === "sign" ? Effect.orDie(Stepped.complete(id, sign, Stepped.Outcome.succeededVoid)) : Effect.void
})

suite("traces", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => {
        scene.body = Effect.void
        scene.states = []
        return Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Cars.layer, engine.layer()))
      }
    )
  const car = Effect.map(Cars.client, (client) => client(1))

  test("17.3: bodies, hooks, children, attempts and callbacks are of the trace of who has asked, linked over waits", () =>
    Effect.gen(function*() {
      const { visitLater } = yield* car
      const [asking, performing] = [collecting(), collecting()]
      const handle = yield* visitLater("London").pipe(Effect.withSpan("request"), asking.traced)
      yield* performSteppedActions().pipe(Effect.withSpan("somebody else"), performing.traced)
      assert.strictEqual((yield* recordOf(handle.id)).status, "succeeded")
      const spans = [...asking.spans, ...performing.spans.filter(({ name }) => name !== "somebody else")]
      assert.deepStrictEqual(shown(spans), [
        "request < nothing",
        "stepped.enqueue visit < request",
        "stepped.before visit < stepped.enqueue visit",
        "stepped.step visit.refuel < stepped.enqueue visit",
        "inner < stepped.step visit.refuel",
        "stepped.step refuel.pump < inner",
        "stepped.when visit.look < stepped.enqueue visit ~ stepped.step visit.refuel",
        "stepped.step visit.look < stepped.enqueue visit ~ stepped.step visit.refuel",
        "stepped.step visit.move < stepped.enqueue visit",
        "stepped.step visit.move < stepped.enqueue visit ~ stepped.step visit.move",
        "stepped.step visit.rest < stepped.enqueue visit",
        "stepped.step visit.park < stepped.enqueue visit ~ stepped.step visit.rest",
        "stepped.callback visit.Car:succeeded:1 < stepped.enqueue visit"
      ])
      assert.lengthOf(tracesOf(spans), 1)
      const attempts = spans.filter(({ name }) => name === "stepped.step visit.move")
      assert.deepStrictEqual(attempts.map(({ attributes }) => attributes.get("stepped.attempt_number")), [undefined, 2])
      assert.deepInclude(Object.fromEntries(spans[1]!.attributes), {
        "stepped.action": "Car/visit",
        "stepped.actor_id": "1",
        "stepped.action_id": handle.id
      })
      assert.strictEqual(spans[1]!.kind, "producer")
    }))

  test("17.3: without a span nothing is stored, whether there is a tracer or not", () =>
    Effect.gen(function*() {
      const { roamLater } = yield* car
      scene.body = Effect.asVoid(Step.do(refuel, 7))
      yield* roamLater()
      yield* performSteppedActions()
      yield* Effect.withSpan((yield* car).roamLater(), "for nobody")
      yield* performSteppedActions()
      yield* roamLater().pipe(collecting().traced)
      yield* roamLater().pipe(Effect.withSpan("unseen"), Effect.withTracerEnabled(false), collecting().traced)
      assert.deepStrictEqual([...new Set((yield* carried).map(({ trace }) => trace))], [null])
    }))

  test("17.3: whatever way an action takes, its trace goes with it", () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      const sql = yield* SqlClient.SqlClient
      const { spans, traced } = collecting()
      yield* Effect.gen(function*() {
        // superseded, achieved later, delayed, keyed, in bulk, in a transaction, in a line, outside, by a job
        yield* client(1).honkLater("first")
        yield* client(1).honkLater("second")
        yield* client(1).with({ delay: "1 hour" }).honkLater("third")
        yield* client(2).with({ idempotencyKey: "once" }).honkLater("fourth")
        yield* client.enqueueMany(honk, [[3, "fifth"], [4, "sixth"]])
        yield* sql.withTransaction(client(5).honkLater("seventh"))
        yield* client(6).honkNow("eighth")
        yield* client(1).washLater()
        yield* client(2).washLater()
        yield* client(1).signLater()
        yield* client(1).postLater()
        yield* client(1).brokenLater(1)
        yield* client(7).visitLater("London")
        const gone = yield* client(8).honkLater("ninth")
        yield* gone.cancel()
        scene.body = Effect.all([Step.on([Car.ref(9), Car.ref(10)], refuel, 7), Step.attempt(honk, "tenth")])
        yield* client(1).roamLater()
      }).pipe(Effect.withSpan("request"), traced)
      yield* complete.pipe(traced)
      const trace = spans.find(({ name }) => name === "request")!.traceId
      const all = yield* carried
      assert.isAtLeast(all.length, 20)
      for (const { name, trace: text } of all) {
        assert.match(String(text), new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`), name)
      }
      assert.deepStrictEqual(
        tracesOf(spans.filter(({ name }) => name.startsWith("stepped."))),
        [trace]
      )
      const names = new Set(spans.map(({ name }) => name))
      for (
        const name of [
          "stepped.compensation broken.wash",
          "stepped.compensation refuel.pump",
          "stepped.job post",
          "stepped.callback honk.Car:cancelled:1",
          "stepped.callback sign.Car:succeeded:1"
        ]
      ) assert.include([...names], name)
    }))

  test("17.3: what is started begins a trace of its own, linked to who has started it", () =>
    Effect.gen(function*() {
      const { spans, traced } = collecting()
      scene.body = Step.start(refuel, 7)
      yield* (yield* car).roamLater().pipe(Effect.withSpan("request"), traced)
      yield* performSteppedActions().pipe(traced)
      assert.includeMembers([...shown(spans)], [
        "stepped.start refuel < nothing ~ stepped.step roam.body",
        "stepped.step refuel.pump < stepped.start refuel"
      ])
      assert.lengthOf(tracesOf(spans), 2)
    }))

  test("17.3: what nobody had a span for when it was enqueued is one trace from its first body on", () =>
    Effect.gen(function*() {
      const [first, later] = [collecting(), collecting()]
      scene.body = Effect.all([Step.do(refuel, 7), Step.wait("1 day")])
      yield* (yield* car).roamLater()
      yield* performIdle.pipe(Effect.withSpan("somebody else"), first.traced)
      yield* TestClock.adjust("1 day")
      yield* performIdle.pipe(Effect.withSpan("somebody else"), later.traced)
      const spans = [...first.spans, ...later.spans].filter(({ name }) => name !== "somebody else")
      assert.deepStrictEqual(shown(spans), [
        "stepped.step roam.body < nothing",
        "stepped.step refuel.pump < stepped.step roam.body",
        "stepped.step roam.after < stepped.step roam.body"
      ])
      assert.lengthOf(tracesOf(spans), 1)
      assert.deepStrictEqual((yield* carried).map(({ trace }) => trace?.slice(3, 35)), [
        spans[0]!.traceId,
        spans[0]!.traceId
      ])
    }))

  test("17.3: a process without a tracer hands on what has come from outside, with its state", () =>
    Effect.gen(function*() {
      const { spans, traced } = collecting()
      const outside = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" }
      const asked = (sampled: boolean, state: string | undefined) =>
        Effect.flatMap(car, ({ roamLater }) => roamLater()).pipe(
          Effect.withSpan("nobody collects this"),
          Effect.withParentSpan(Tracer.externalSpan({ ...outside, sampled })),
          Effect.provideService(Stepped.TraceState, state)
        )
      scene.body = Effect.all([Step.do(refuel, 7), Step.wait("1 hour")])
      yield* asked(false, "vendor=1,other=a b")
      yield* performIdle
      yield* performSteppedActions().pipe(traced)
      assert.deepStrictEqual(scene.states, ["vendor=1,other=a b"])
      const parent = `00-${outside.traceId}-${outside.spanId}-00 vendor=1,other=a b`
      assert.deepStrictEqual((yield* carried).map(({ trace }) => trace), [parent, parent])
      assert.deepStrictEqual(spans.map(({ name, sampled, traceId }) => [name, sampled, traceId]), [
        ["stepped.step roam.after", false, outside.traceId]
      ])
      // what cannot be a state is none
      for (const state of ["", "a\u0000b", "ü=1", "x".repeat(513)]) yield* asked(true, state)
      const sql = yield* SqlClient.SqlClient
      assert.deepStrictEqual(
        yield* sql`select distinct trace from stepped.jobs`,
        [{ trace: `00-${outside.traceId}-${outside.spanId}-01` }]
      )
      yield* performSteppedActions()
    }))

  test("17.3: spans that others cannot name, and what is stored and is none, are no carriers", () =>
    Effect.gen(function*() {
      const { roamLater } = yield* car
      const named = (spanId: string, annotations: Context.Context<never> = Context.empty()) =>
        Effect.withParentSpan(
          roamLater(),
          Tracer.externalSpan({ traceId: "0af7651916cd43dd8448eb211c80319c", spanId, annotations })
        )
      yield* named("not a span's id")
      yield* named("b7ad6b7169203331", Context.make(Tracer.DisablePropagation, true))
      assert.deepStrictEqual((yield* carried).map(({ trace }) => trace), [null, null])
      const sql = yield* SqlClient.SqlClient
      yield* sql`update stepped.jobs set trace = 'somebody was here'`
      const { spans, traced } = collecting()
      yield* performSteppedActions().pipe(traced)
      assert.isNotEmpty(spans)
      assert.notInclude(tracesOf(spans).join(), "somebody")
    }))

  test("17.3: no arguments are in spans and log lines but those that the action says", () =>
    Effect.gen(function*() {
      const { spans, traced } = collecting()
      const lines: Array<readonly [unknown, Readonly<Record<string, unknown>>]> = []
      const logger = Logger.make(({ fiber, message }) => {
        lines.push([message, fiber.getRef(References.CurrentLogAnnotations)])
      })
      const { honkLater, secretLater } = yield* car
      yield* Effect.gen(function*() {
        yield* honkLater("a word of mine")
        yield* secretLater("a word of mine", 42)
        yield* performSteppedActions()
      }).pipe(Effect.withSpan("request"), traced, Effect.provide(Logger.layer([logger])))
      const everything = inspect([spans.map(({ attributes, events, name }) => [name, attributes, events]), lines], {
        depth: 10
      })
      assert.notInclude(everything, "a word of mine")
      const keep = spans.find(({ name }) => name === "stepped.step secret.keep")!
      assert.deepInclude(Object.fromEntries(keep.attributes), { number: 42, "stepped.action": "Car/secret" })
      assert.deepStrictEqual(
        lines.map(([message, { action, actorId, number }]) => [message, action, actorId, number]),
        [[["kept"], "Car/secret", "1", 42], [["told"], "Car/secret", "1", 42]]
      )
      // what cannot be said is logged, and changes nothing
      lines.length = 0
      const handle = yield* secretLater("a word of mine", -1)
      yield* performSteppedActions().pipe(Effect.provide(Logger.layer([logger])))
      assert.strictEqual((yield* recordOf(handle.id)).status, "succeeded")
      assert.match(inspect(lines, { depth: 10 }), /annotate of secret failed/)
      assert.notInclude(inspect(lines, { depth: 10 }), "a word of mine")
    }))
})
