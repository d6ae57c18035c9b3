/** What stepped/testing has for signals: who waits for one is asked, and what was sent is expected. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Step, Stepped } from "stepped"
import { assertSignalled, layer, performSteppedActions, SignalExpectation } from "stepped/testing"

class Desk extends Stepped.Actor<Desk>()("Desk", { id: Schema.Int }) {}
const answer = Stepped.signal("answer", { payload: Schema.Struct({ yes: Schema.Boolean }) })
const done = Stepped.signal("done")
const ask = Stepped.action("ask", { success: Schema.Boolean, signals: [answer, done] })
  .step("ask", () => Step.waitFor(answer, { timeout: "1 day" }))
  .step("done", () => Step.waitFor(done))
  .step(({ ask }) => Effect.succeed(ask.yes))
const Desks = Stepped.actions(Desk, [ask])
const scene = Layer.provideMerge(Desks.layer, layer())

it.effect("a drain asks who waits for a signal, and what it sends goes on", () =>
  Effect.gen(function*() {
    const handle = yield* (yield* Desks.client)(1).askLater()
    const asked: Array<string> = []
    yield* performSteppedActions({
      signals: (signal, { id, name }) => {
        asked.push(`${name} ${signal}`)
        return signal === "answer" ? Stepped.send(id, answer, { yes: true }) : Stepped.send(id, done)
      }
    })
    assert.isTrue(yield* handle.await)
    assert.deepStrictEqual(asked, ["ask answer", "ask done"])
    yield* assertSignalled(handle, answer)
    yield* assertSignalled(handle, answer, { yes: true })
    yield* assertSignalled(handle, done)
  }).pipe(Effect.provide(scene)))

it.effect("what was not sent is said, with what was", () =>
  Effect.gen(function*() {
    const handle = yield* (yield* Desks.client)(1).askLater()
    const none = yield* Effect.flip(assertSignalled(handle, done))
    assert.instanceOf(none, SignalExpectation)
    assert.strictEqual(none.message, `done was not sent to ${handle.id}; nothing was sent to it`)
    yield* handle.send(answer, { yes: false })
    const other = yield* Effect.flip(assertSignalled(handle, answer, { yes: true }))
    assert.strictEqual(
      other.message,
      `answer {"yes":true} was not sent to ${handle.id}; sent so far:\n  answer {"yes":false}, unread`
    )
    yield* handle.cancel()
    yield* performSteppedActions()
  }).pipe(Effect.provide(scene)))
