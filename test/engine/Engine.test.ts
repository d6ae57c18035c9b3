/** The engine is made of its services: put together by hand it works, and what is no transition it asks of whoever stands there. */
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Layer, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { AchievementStore, ActionRepo, JobQueue, PerformanceLane, Step, Stepped } from "stepped"
import { layer as layerEngine } from "../../src/engine/Engine.ts"
import { defaults, Settings } from "../../src/engine/Settings.ts"
import { layer as layerUserClock } from "../../src/engine/UserClock.ts"
import * as PostgresStore from "../../src/sql/PostgresStore.ts"
import { Storage } from "../../src/store/Storage.ts"
import { healthy } from "../harness/databases.ts"
import { layerServer } from "../harness/Server.ts"
import { until } from "../harness/workers.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const honk = Stepped.action("honk", { success: Schema.Int, checksum: () => "once" }).step(() => Effect.succeed(7))
const tour = Stepped.action("tour", { success: Schema.Int })
  .step("sound", () => Step.do(honk))
  .step(({ sound }) => Effect.succeed(sound))
const Cars = Stepped.actions(Car, [honk, tour])

const storage = PostgresStore.layer.pipe(
  Layer.provideMerge(Storage.layer({ schema: "stepped", deadline: Duration.seconds(20), embedded: false }))
)

type Services = ActionRepo | PerformanceLane | AchievementStore | JobQueue

const services = Layer.mergeAll(ActionRepo.layer, PerformanceLane.layer, AchievementStore.layer, JobQueue.layer)

/** An engine with these services, and its worker. */
const working = <E, R>(made: Layer.Layer<Services, E, R>, settings: Partial<Settings["Service"]> = {}) =>
  Stepped.worker().pipe(
    Layer.provide(Cars.layer),
    Layer.provideMerge(layerEngine),
    Layer.provideMerge(made),
    Layer.provide(layerUserClock),
    Layer.provideMerge(storage),
    Layer.provide(Layer.succeed(Settings, {
      ...defaults,
      transient: Stepped.isTransient,
      notify: false,
      databaseClock: false,
      pollInterval: Duration.millis(20),
      ...settings
    }))
  )

const database = layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 8 })

it.live("an engine that is put together by hand performs, and its services show what it has done", () =>
  Effect.gen(function*() {
    assert.strictEqual(yield* (yield* Cars.client)(1).tour(), 7)
    const repo = yield* ActionRepo
    const achievements = yield* AchievementStore
    const lanes = yield* PerformanceLane
    const queue = yield* JobQueue
    assert.deepStrictEqual((yield* repo.list()).map(({ name, status }) => [name, status]), [
      ["honk", "succeeded"],
      ["tour", "succeeded"]
    ])
    assert.deepStrictEqual(Option.map(yield* achievements.find("Car/1/honk"), ({ result }) => result), Option.some(7))
    assert.deepStrictEqual(yield* lanes.list(), [])
    assert.deepStrictEqual(yield* queue.backlog, [])
    yield* healthy
  }).pipe(Effect.provide(Layer.provideMerge(working(services), database))))

it.live("what is no transition the engine asks of its services, whoever has made them", () =>
  Effect.gen(function*() {
    const asked = new Set<string>()
    const asking =
      <A extends ReadonlyArray<unknown>, B>(name: string, answer: (...args: A) => B) => (...args: A): B => {
        asked.add(name)
        return answer(...args)
      }
    const doubles = Layer.mergeAll(
      Layer.effect(
        ActionRepo,
        Effect.map(ActionRepo, (repo) =>
          ActionRepo.of({
            ...repo,
            deleteEnded: asking("deleteEnded", () => Effect.succeed({ deleted: 0, next: undefined })),
            deleteOutcomes: asking("deleteOutcomes", () => Effect.succeed(0)),
            deleteOperations: asking("deleteOperations", () => Effect.succeed(0))
          }))
      ),
      PerformanceLane.layer,
      Layer.effect(
        AchievementStore,
        Effect.map(AchievementStore, (achievements) =>
          AchievementStore.of({ ...achievements, forgetAll: asking("forgetAll", () => Effect.succeed(0)) }))
      ),
      JobQueue.layer
    ).pipe(Layer.provide(services))
    const retention = {
      outcomeRetention: Duration.days(1),
      historyRetention: { given: Duration.days(1), shortestMs: 86_400_000 },
      achievementRetention: Duration.days(1)
    }
    yield* Effect.gen(function*() {
      assert.strictEqual(yield* (yield* Cars.client)(1).tour(), 7)
      yield* until(
        "the worker asks",
        Effect.sync(() =>
          asked.size === 4
        )
      )
      assert.sameMembers([...asked], [
        "deleteEnded",
        "deleteOutcomes",
        "deleteOperations",
        "forgetAll"
      ])
    }).pipe(Effect.provide(working(doubles, retention)))
  }).pipe(Effect.provide(database)))

it.live("achievements are forgotten when they are older than what is kept", () =>
  Effect.gen(function*() {
    yield* Effect.provide(
      Effect.flatMap(Cars.client, (cars) => Effect.all([cars(1).honk(), cars(2).honk()])),
      working(services)
    )
    const sql = yield* SqlClient.SqlClient
    yield* sql`update stepped.achievements set achieved_at = achieved_at - interval '61 minutes' where checksum_key = 'Car/1/honk'`
    yield* Effect.gen(function*() {
      const achievements = yield* AchievementStore
      yield* until("one is forgotten", Effect.map(achievements.list(), (left) => left.length < 2))
      assert.deepStrictEqual((yield* achievements.list()).map(({ checksumKey }) => checksumKey), ["Car/2/honk"])
    }).pipe(Effect.provide(working(services, { achievementRetention: Duration.hours(1) })))
  }).pipe(Effect.provide(database)))
