/** Rules 14 and 15.8 where two things meet: what is due, what is cancelled, what is promoted, what is resumed. */
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer, type Scope } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { PerformanceLane, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { Cars, crane, hoist, tow } from "../behaviour/fixtures/pauses.ts"
import { healthy, server } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { performIdle } from "../harness/performing.ts"
import { blocked, gated, holding } from "../harness/racing.ts"

const scenario = <A, E>(
  name: string,
  run: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient | Scope.Scope>
) =>
  it.effect(
    name,
    () =>
      Effect.provide(
        Effect.scoped(Effect.andThen(run(), healthy)),
        Layer.provideMerge(Cars.layer, server.layer())
      )
  )

const complete = (id: string) => Stepped.complete(id, tow, Stepped.Outcome.succeeded("in"))

scenario(
  "a lane that is resumed while somebody joins it, as paused, is not left to wait",
  () =>
    Effect.gen(function*() {
      const lanes = yield* PerformanceLane
      const car = (yield* Cars.client)(1)
      yield* lanes.pause("street", { reason: "a test" })
      const first = yield* car.driveLater("first")
      yield* performIdle
      const release = yield* gated(first.id)
      yield* car.driveLater("second")
      // has read that the lane is paused, and is about to supersede the first
      const joining = yield* Effect.forkScoped(performIdle)
      yield* blocked(1)
      yield* lanes.resume("street")
      yield* release
      yield* Fiber.join(joining)
      yield* performIdle
      assert.deepStrictEqual(seen, ["drive second"])
      assert.strictEqual(yield* first.await, "second")
    })
)

scenario(
  "a lane that is paused while its next one begins has begun, and holds the one after it",
  () =>
    Effect.gen(function*() {
      const lanes = yield* PerformanceLane
      const car = (yield* Cars.client)(1)
      const holder = yield* car.towLater("1")
      const next = yield* car.towLater("2")
      yield* performIdle
      const release = yield* gated(next.id)
      const promoting = yield* Effect.forkScoped(Effect.orDie(complete(holder.id)))
      yield* blocked(1)
      yield* lanes.pause("street", { reason: "a test" })
      yield* release
      yield* Fiber.join(promoting)
      yield* performIdle
      assert.strictEqual((yield* next.status).status, "performing")
      const last = yield* car.driveLater("3")
      yield* performIdle
      yield* complete(next.id)
      yield* performIdle
      assert.strictEqual((yield* last.status).status, "pending")
      yield* lanes.resume("street")
      yield* performIdle
      assert.strictEqual(yield* last.await, "3")
    })
)

scenario(
  "one that is due and arrives while the lane's next one is promoted is next after it",
  () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const delayed = yield* car.with({ delay: "1 minute" }).driveLater("delayed")
      const holder = yield* car.towLater("1")
      const next = yield* car.driveLater("2")
      yield* performIdle
      yield* TestClock.adjust("1 minute")
      const release = yield* gated(next.id)
      yield* Effect.forkScoped(Effect.orDie(complete(holder.id)))
      yield* blocked(1)
      const performing = yield* Effect.forkScoped(performIdle)
      yield* blocked(2)
      yield* release
      yield* Fiber.join(performing)
      yield* performIdle
      assert.deepStrictEqual([yield* next.await, yield* delayed.await], ["2", "delayed"])
    })
)

scenario("one that is cancelled while its time comes does not start", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const car = (yield* Cars.client)(1)
    const handle = yield* car.with({ delay: "1 minute" }).washLater("x")
    yield* TestClock.adjust("1 minute")
    const release = yield* holding(
      sql`select count(*) from stepped.tick(null, ${new Date(60_000)}, '{}', '{}', '{}', 10)`
    )
    const cancelling = yield* Effect.forkScoped(handle.cancel())
    yield* Effect.sleep("50 millis").pipe(TestClock.withLive)
    yield* release
    assert.isTrue(yield* Fiber.join(cancelling))
    yield* performSteppedActions()
    assert.deepStrictEqual([seen, (yield* handle.status).status], [[], "cancelled"])
  }))

scenario(
  "a named lane that is resumed while somebody's end promotes lets begin as many as it takes, each once",
  () =>
    Effect.gen(function*() {
      const lanes = yield* PerformanceLane
      const car = (yield* Cars.client)(1)
      const [first, second, third] = yield* Effect.forEach(["1", "2", "3", "4", "5"], (name) => car.hoistLater(name))
      const end = (id: string) => Stepped.complete(id, hoist, Stepped.Outcome.succeeded("in"))
      yield* performIdle
      yield* lanes.pause(crane(), { reason: "a test" })
      yield* end(first!.id)
      yield* performIdle
      assert.sameMembers(seen, ["hoist 1", "hoist 2"])
      const release = yield* gated(third!.id)
      yield* lanes.resume(crane())
      // has given two their seats, and is about to promote the first of them
      const ending = yield* Effect.forkScoped(Effect.orDie(end(second!.id)))
      yield* blocked(1)
      const resuming = yield* Effect.forkScoped(performIdle)
      yield* Effect.sleep("100 millis").pipe(TestClock.withLive)
      yield* release
      yield* Fiber.join(ending)
      yield* Fiber.join(resuming)
      yield* performIdle
      assert.sameMembers(seen, ["hoist 1", "hoist 2", "hoist 3", "hoist 4"])
      yield* end(third!.id)
      yield* performIdle
      assert.strictEqual(seen.at(-1), "hoist 5")
    })
)
