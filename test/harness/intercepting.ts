/**
 * An engine whose transitions pass through the test: it can lose their answers, or hold them up until something else has happened.
 */
import { Deferred, Duration, Effect, Layer } from "effect"
import { AchievementStore, ActionRepo, JobQueue, PerformanceLane, Schedules, Stepped } from "stepped"
import { layer as layerEngine } from "../../src/engine/Engine.ts"
import { defaults, Settings } from "../../src/engine/Settings.ts"
import { layer as layerUserClock } from "../../src/engine/UserClock.ts"
import * as PostgresStore from "../../src/sql/PostgresStore.ts"
import { Storage } from "../../src/store/Storage.ts"
import { Store } from "../../src/store/Store.ts"
import { watched } from "./heals.ts"

type Service = Store["Service"]

/** An engine on the client around it, with some transitions of the test's own. Nobody tells it anything, and its lease is long. */
export const layerIntercepted = (
  intercept: (store: Service) => Partial<Service>,
  settings: Partial<Settings["Service"]> = {}
) =>
  Schedules.layer.pipe(
    Layer.provideMerge(layerEngine),
    Layer.provideMerge(Layer.mergeAll(
      ActionRepo.layer,
      PerformanceLane.layer,
      AchievementStore.layer,
      JobQueue.layer
    )),
    Layer.provide(layerUserClock),
    Layer.provide(
      Layer.effect(
        Store,
        Effect.map(Store, (store) => Store.of({ ...store, ...intercept(store) }))
      ).pipe(Layer.provide(PostgresStore.layer))
    ),
    Layer.provide(Layer.succeed(Settings, {
      ...defaults,
      transient: Stepped.isTransient,
      databaseClock: false,
      notify: false,
      // beyond what a test waits for
      lease: Duration.minutes(2),
      ...settings
    })),
    Layer.provide(Storage.layer({ schema: "stepped", deadline: Duration.seconds(20), embedded: false })),
    Layer.provide(watched)
  )

/** A place where somebody stops until the test lets him go on. */
export class Halt<A = void> {
  readonly reached = Deferred.makeUnsafe<void>()
  readonly go = Deferred.makeUnsafe<A>()
  readonly here: Effect.Effect<A> = Effect.andThen(Deferred.succeed(this.reached, undefined), Deferred.await(this.go))

  /** Stops whoever comes first; the others pass. */
  get once(): Effect.Effect<void> {
    return Effect.suspend(() => Deferred.isDoneUnsafe(this.reached) ? Effect.void : Effect.asVoid(this.here))
  }
}
