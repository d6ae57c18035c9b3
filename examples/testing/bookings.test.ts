/** The tests of `bookings.ts`, as a program would have them: `npm test -- examples/testing` runs them. */
import { assert, it } from "@effect/vitest"
import { Clock, Context, Duration, Effect, Fiber, Latch, Layer, Ref } from "effect"
import { TestClock } from "effect/testing"
import { Stepped } from "stepped"
import {
  assertEnqueued,
  assertNotEnqueued,
  layer,
  performSteppedActions,
  succeedOutbound,
  withHandledDefects
} from "stepped/testing"
import { arrive, Booking, Bookings, BookingsLive, CardDeclined, Mail, pay, Payments, tell } from "./bookings.ts"

// #region fakes
/** What the fakes were asked to do, in order. */
class Asked extends Context.Service<Asked, Ref.Ref<ReadonlyArray<string>>>()("Asked") {
  static readonly layer = Layer.effect(Asked, Ref.make<ReadonlyArray<string>>([]))
}
const note = (asked: Asked["Service"], text: string) => Ref.update(asked, (all) => [...all, text])

const MailFake = Layer.effect(
  Mail,
  Effect.map(Asked, (asked) => ({ send: (_booking, text) => note(asked, `mail: ${text}`) }))
)

const PaymentsFake = Layer.effect(
  Payments,
  Effect.map(Asked, (asked) => ({
    charge: Effect.fn(function*(cents) {
      if (cents > 10_000) return yield* new CardDeclined({ reason: "limit" })
      yield* note(asked, `charge ${cents}`)
      const times = (yield* Ref.get(asked)).length
      return cents === 13 && times === 1 ? yield* Effect.die(new Error("the provider is away")) : `receipt ${cents}`
    })
  }))
)
// #endregion

// #region layer
// with an engine and a database of its own for each test that provides it
const Main = BookingsLive.pipe(
  Layer.provide([MailFake, PaymentsFake]),
  Layer.provideMerge([layer(), Asked.layer])
)
// #endregion

const asked = Effect.flatMap(Asked, Ref.get)

// #region steps
it.effect("a booking is paid and confirmed, and the guest is reminded a month later", () =>
  Effect.gen(function*() {
    const handle = yield* (yield* Bookings.client)(1).bookLater(8000)
    // nothing performs by itself
    yield* assertNotEnqueued(Booking.ref(1), pay)

    // everything: children, and the wait, which takes no time
    const began = yield* Clock.currentTimeMillis
    yield* performSteppedActions({ outbound: succeedOutbound })
    assert.strictEqual((yield* Clock.currentTimeMillis) - began, Duration.toMillis("30 days"))

    yield* assertEnqueued(Booking.ref(1), pay, 8000)
    yield* assertEnqueued(Booking.ref(1), tell, "see you tomorrow")
    assert.strictEqual(yield* handle.await, "receipt 8000")
    assert.deepStrictEqual(yield* asked, [
      "charge 8000",
      "mail: paid: receipt 8000",
      "mail: see you tomorrow",
      "mail: your room is ready"
    ])
  }).pipe(Effect.provide(Main)))
// #endregion

// #region slow
it.effect("a mail server that takes a while is waited for", () =>
  Effect.gen(function*() {
    const reached = yield* Latch.make()
    const SlowMail = Layer.succeed(Mail, { send: () => Effect.andThen(reached.open, Effect.sleep("10 seconds")) })
    const Slow = BookingsLive.pipe(
      Layer.provide([SlowMail, PaymentsFake]),
      Layer.provideMerge([layer(), Asked.layer])
    )
    yield* Effect.gen(function*() {
      const handle = yield* (yield* Bookings.client)(1).tellLater("welcome")
      const performing = yield* Effect.forkChild(performSteppedActions())
      yield* reached.await
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(performing)
      yield* handle.await
    }).pipe(Effect.provide(Slow))
  }))
// #endregion

// #region failure
it.effect("a card that is declined fails the booking, and nobody is told anything", () =>
  Effect.gen(function*() {
    const handle = yield* (yield* Bookings.client)(1).bookLater(99_000)
    yield* performSteppedActions()
    const error = yield* Effect.flip(handle.await)
    assert.strictEqual(error.message, "book Booking/1 › receipt › pay Booking/1 › charge: CardDeclined reason limit")
    assert.deepStrictEqual(yield* asked, [])
  }).pipe(Effect.provide(Main)))
// #endregion

// #region defects
it.effect("a provider that is away is asked again", () =>
  Effect.gen(function*() {
    const handle = yield* (yield* Bookings.client)(1).payLater(13)
    yield* performSteppedActions().pipe(withHandledDefects(() => false))
    assert.strictEqual(yield* handle.await, "receipt 13")
    assert.deepStrictEqual(yield* asked, ["charge 13", "charge 13"])
  }).pipe(Effect.provide(Main)))
// #endregion

// #region outbound
it.effect("a guest comes when the desk says so", () =>
  Effect.gen(function*() {
    const handle = yield* (yield* Bookings.client)(1).arriveLater()

    // nobody says anything: the error names what is left
    const left = yield* Effect.flip(performSteppedActions())
    assert.match(left.message, /arrive Booking\/1\(\) is performing, outbound/)

    yield* Stepped.complete(Booking.ref(1), arrive, Stepped.Outcome.succeededVoid)
    yield* performSteppedActions()
    yield* handle.await
  }).pipe(Effect.provide(Main)))
// #endregion

it.effect("three guests who are told the same at once are all told", () =>
  Effect.gen(function*() {
    const bookings = yield* Bookings.client
    for (const id of [1, 2, 3]) yield* bookings(id).tellLater("the lift is out of order")
    yield* performSteppedActions()
    assert.lengthOf(yield* asked, 3)
  }).pipe(Effect.provide(Main)))

// #region health
it.effect("nothing is left behind", () =>
  Effect.gen(function*() {
    yield* (yield* Bookings.client)(1).bookLater(8000)
    yield* performSteppedActions({ outbound: succeedOutbound })
    assert.deepStrictEqual(yield* Stepped.doctor, [])
  }).pipe(Effect.provide(Main)))
// #endregion
