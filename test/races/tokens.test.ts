/**
 * Rule 12.2 beside the end of the attempt that has given a token away, and beside the same token: one outcome each. `STEPPED_ROUNDS=1000` makes
 * it long.
 */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, References, Result, Schedule, Schema } from "effect"
import { CompletionConflict, type Engine, Step, Stepped } from "stepped"
import { key } from "../behaviour/fixtures/tokens.ts"
import { healthy } from "../harness/databases.ts"
import { sidesOf, spread } from "../harness/racing.ts"
import { allEnded, layerWorkers, noDeadlock } from "../harness/workers.ts"
import { patienceMs } from "../patience.ts"

const rounds = Number(process.env.STEPPED_ROUNDS ?? 120)
const numbers = Array.from({ length: rounds }, (_, n) => n)

class Shop extends Stepped.Actor<Shop>()("Shop", { id: Schema.Int }) {}
const goes = Stepped.signal("goes", { error: Schema.String })
const answer = Stepped.signal("answer", { payload: Schema.Int })

/** The tokens that attempts have given away, by actors. */
const given = new Map<string, string>()
const give = (token: string) =>
  Effect.flatMap(
    Effect.all([Shop, Step]),
    ([{ id }, { attemptNumber, name }]) => Effect.sync(() => void given.set(`${name} ${id} ${attemptNumber}`, token))
  )
const pay = Stepped.action("pay", { success: Schema.Int, error: Schema.String, outbound: true, signals: [goes] })
  .step("pay", () => Effect.andThen(Effect.flatMap(Step.token("complete"), give), Effect.asVoid(Step.waitFor(goes))), {
    retry: Schedule.recurs(1)
  })
const ask = Stepped.action("ask", { success: Schema.Int, error: Schema.String, signals: [goes, answer] })
  .step(
    "ask",
    // what it asks for is not what it waits for: it may end without an answer
    () => Effect.andThen(Effect.flatMap(Step.token(answer), give), Effect.asVoid(Step.waitFor(goes))),
    { retry: { schedule: Schedule.recurs(1) }, fresh: true }
  )
  .step("have", () => Step.waitFor(answer))
  .step((results) => Effect.succeed(results.have))
const Shops = Stepped.actions(Shop, [pay, ask])

const race = <A, E>(name: string, run: Effect.Effect<A, E, Layer.Success<ReturnType<typeof layer>>>) =>
  it.effect(
    name,
    () =>
      Effect.andThen(run, Effect.andThen(allEnded, Effect.andThen(healthy, noDeadlock))).pipe(
        Effect.provide(layer()),
        Effect.provideService(References.MinimumLogLevel, "None")
      ),
    patienceMs + rounds * 300
  )
const layer = () =>
  Layer.provideMerge(
    layerWorkers(Layer.provide(Shops.layer, Layer.orDie(Stepped.Tokens.layer([key("a")]))), { engines: 3 }),
    Layer.orDie(Stepped.Tokens.layer([key("a")]))
  )

const tokenOf = (step: string, n: number, attempt: number): Effect.Effect<string, never, Engine> =>
  Effect.gen(function*() {
    while (!given.has(`${step} ${n} ${attempt}`)) yield* Effect.promise(() => new Promise(setImmediate))
    return given.get(`${step} ${n} ${attempt}`)!
  })

const { succeeded } = Stepped.Outcome

race(
  `12.2: ${rounds} times one token against itself: one outcome, which all that came with it are told`,
  Effect.gen(function*() {
    const sides = sidesOf("seven", "eight")
    yield* Effect.forEach(numbers, (n) =>
      Effect.gen(function*() {
        const handle = yield* (yield* Shops.client)(n).payLater()
        const token = yield* tokenOf("pay", n, 1)
        const told = yield* spread(
          n,
          Effect.result(Stepped.receive(token, succeeded(8))),
          Effect.forEach([7, 7, 7], (result) => Effect.result(Stepped.receive(token, succeeded(result))), {
            concurrency: "unbounded"
          })
        )
        const result = yield* handle.await
        sides.won(result === 7 ? "seven" : "eight")
        for (const [index, one] of told.flat().entries()) {
          if ((index === 0 ? 8 : 7) === result) assert.strictEqual(Result.getOrThrow(one), "received")
          else assert.instanceOf(one._tag === "Failure" ? one.failure : one.success, CompletionConflict)
        }
      }), { concurrency: 16, discard: true })
    yield* sides.each(rounds)
  })
)

race(
  `12.2: ${rounds} times a token that completes against the end of its attempt: it has completed the action, or is late`,
  Effect.gen(function*() {
    const sides = sidesOf("received", "late")
    yield* Effect.forEach(numbers, (n) =>
      Effect.gen(function*() {
        const handle = yield* (yield* Shops.client)(n + rounds).payLater()
        const token = yield* tokenOf("pay", n + rounds, 1)
        const [received] = yield* spread(
          n,
          Stepped.receive(token, succeeded(1)),
          Stepped.sendFailure(handle.id, goes, "no")
        )
        assert(received === "received" || received === "late", received)
        sides.won(received)
        if (received === "late") {
          const next = yield* tokenOf("pay", n + rounds, 2)
          assert.strictEqual(yield* Stepped.receive(token, succeeded(1)), "late")
          assert.strictEqual(yield* Stepped.receive(next, succeeded(2)), "received")
        }
        assert.strictEqual(yield* handle.await, received === "late" ? 2 : 1)
      }), { concurrency: 8, discard: true })
    yield* sides.each(rounds)
  })
)

race(
  `12.2: ${rounds} times a token that sends against the end of its attempt: no attempt has what another one has asked for`,
  Effect.gen(function*() {
    const sides = sidesOf("received", "late")
    yield* Effect.forEach(numbers, (n) =>
      Effect.gen(function*() {
        const handle = yield* (yield* Shops.client)(n).askLater()
        const token = yield* tokenOf("ask", n, 1)
        const [received] = yield* spread(
          n,
          Stepped.receive(token, succeeded(1)),
          Stepped.sendFailure(handle.id, goes, "no")
        )
        assert(received === "received" || received === "late", received)
        sides.won(received)
        const next = yield* tokenOf("ask", n, 2)
        assert.strictEqual(yield* Stepped.receive(next, succeeded(2)), "received")
        yield* Stepped.send(handle.id, goes)
        assert.strictEqual(yield* handle.await, 2)
      }), { concurrency: 8, discard: true })
    yield* sides.each(rounds)
  })
)
