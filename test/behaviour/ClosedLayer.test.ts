/** What a program has kept of a layer after it has closed: whatever it asks, it is told so, and nothing is changed. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Schema, Scope } from "effect"
import { AchievementStore, ActionRepo, JobQueue, PerformanceLane, Stepped, StorageError } from "stepped"
import { performDue } from "stepped/testing"
import { startBeside } from "../harness/beside.ts"
import { suite } from "../harness/databases.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const honk = Stepped.action("honk").step(() => Effect.void)
const charge = Stepped.action("charge", { outbound: true }).step(() => Effect.void)
const Cars = Stepped.actions(Car, [honk, charge])

suite("after the layer has closed", (engine) => {
  /** A layer that has been open, with an action that waits for its completion and one that waits for a worker. */
  const closed = Effect.gen(function*() {
    const scope = yield* Scope.make()
    const services = yield* Layer.buildWithScope(Layer.provideMerge(Cars.layer, engine.layer()), scope)
    const kept = yield* Effect.provide(
      Effect.gen(function*() {
        const cars = yield* Cars.client
        const asked = yield* cars(1).chargeNow()
        return { cars, asked, queued: yield* cars(2).honkLater() }
      }),
      services
    )
    yield* Scope.close(scope, Exit.void)
    return { ...kept, services, sql: Context.get(services, PgClient.PgClient) }
  })

  const refused = (what: string, effect: Effect.Effect<unknown, unknown>) =>
    Effect.gen(function*() {
      const failed: any = yield* Effect.flip(effect)
      const error: unknown = failed._tag === "EnqueueError" ? failed.reason : failed
      assert.instanceOf(error, StorageError, what)
      assert.isFalse(error.isRetryable, what)
      assert.match(error.message, /^\w+: the Stepped\.layer is closed: /, what)
    })

  it.effect("every question is answered with that, at once", () =>
    Effect.gen(function*() {
      const { asked, cars, queued, services, sql } = yield* closed
      const car = cars(1)
      const on = <A, E>(effect: Effect.Effect<A, E, Stepped.Services>) => Effect.provide(effect, services)
      const questions: Record<string, Effect.Effect<unknown, unknown>> = {
        honk: car.honk(),
        honkLater: car.honkLater(),
        honkNow: car.honkNow(),
        enqueueMany: cars.enqueueMany(honk, [[1], [2]]),
        "enqueueMany of thousands": cars.enqueueMany(honk, Array.from({ length: 2000 }, (_, id) => [id] as const)),
        "Stepped.enqueue": on(Stepped.enqueue(Car.ref(1), honk)),
        "honkLater in a transaction": sql.withTransaction(car.honkLater()),
        "await": queued.await,
        "await in a transaction": sql.withTransaction(queued.await),
        status: queued.status,
        cancel: queued.cancel(),
        "cancel in a transaction": sql.withTransaction(queued.cancel()),
        "Stepped.complete by id": on(Stepped.complete(asked.id, charge, Stepped.Outcome.succeeded(undefined))),
        "Stepped.complete by name": on(Stepped.complete(Car.ref(1), charge, Stepped.Outcome.succeeded(undefined))),
        "await of Stepped.handle": on(
          Effect.flatMap(Stepped.handle(Car.ref(1), charge, asked.id), ({ await: end }) => end)
        ),
        performDue: on(performDue),
        doctor: on(Stepped.doctor),
        "ActionRepo.find": on(Effect.flatMap(ActionRepo, (repo) => repo.find(asked.id))),
        "ActionRepo.deleteEnded": on(Effect.flatMap(ActionRepo, (repo) => repo.deleteEnded({ before: new Date(0) }))),
        "PerformanceLane.list": on(Effect.flatMap(PerformanceLane, (lanes) => lanes.list())),
        "AchievementStore.list": on(Effect.flatMap(AchievementStore, (store) => store.list())),
        "JobQueue.backlog": on(Effect.flatMap(JobQueue, (queue) => queue.backlog)),
        "Stepped.worker": on(Effect.scoped(startBeside({})))
      }
      for (const [what, question] of Object.entries(questions)) yield* refused(what, question)
    }))

  it.effect("what was there goes on under the next layer, and nothing has come to it", () =>
    Effect.gen(function*() {
      const { asked, cars, queued, services } = yield* closed
      yield* Effect.exit(cars(3).honkLater())
      yield* Effect.exit(queued.cancel())
      yield* Effect.exit(
        Effect.provide(Stepped.complete(asked.id, charge, Stepped.Outcome.succeeded(undefined)), services)
      )
      const sql = Context.get(services, PgClient.PgClient)
      const jobs = yield* sql`select count(*)::int as count from stepped.jobs`
      const live = yield* sql`select count(*)::int as count from stepped.live_actions`
      assert.deepStrictEqual([jobs, live], [[{ count: 1 }], [{ count: 1 }]])
    }))
})
