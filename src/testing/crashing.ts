/** A worker that dies between a body's end and its commit, as far as the storage can tell. */
import type { PgClient } from "@effect/sql-pg/PgClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PostgresStore from "../sql/PostgresStore.ts"
import type { Answer } from "../store/Answer.ts"
import type { Conclusion } from "../store/Conclusion.ts"
import type { Storage } from "../store/Storage.ts"
import { Store } from "../store/Store.ts"

/** After which step the worker dies, and how often it is still to. */
interface Crash {
  readonly step: string
  left: number
}

/** The crash of whoever performs in this fiber; none, if not given. */
export const PlannedCrash = Context.Reference<Crash | undefined>("stepped/testing/PlannedCrash", {
  defaultValue: () => undefined
})

/** The step whose body has ended; none where it is none's. */
const stepOf = (conclusion: Conclusion): string | undefined => {
  switch (conclusion._tag) {
    case "StepWaits":
      return conclusion.waiting.name
    case "StepRetries":
    case "StepHeld":
      return conclusion.step.name
    case "TryAgain":
    case "Suspends":
      return undefined
    default:
      return conclusion.ended?.name
  }
}

/** What a worker hears whose rows others have taken over: its memory is empty from then on. */
const lost: Answer = {
  work: [],
  news: [{ _tag: "LeaseLost" }],
  taken: { count: 0, full: false, putBack: 0, last: {} }
}

/**
 * The store of an engine that can die. Nothing of the commit happens, and what its worker holds is taken over, as after a death: an attempt is
 * burnt. What a transactional step commits cannot be parted from its end, so there is no such moment.
 */
export const layerCrashing: Layer.Layer<Store, never, PgClient | Storage> = Layer.effect(
  Store,
  Effect.map(Store, (store) =>
    Store.of({
      ...store,
      finish: (options) =>
        Effect.flatMap(PlannedCrash, (crash) => {
          const { conclusions, now, token } = options
          if (crash === undefined || crash.left === 0) return store.finish(options)
          if (!conclusions.some((conclusion) => stepOf(conclusion) === crash.step)) return store.finish(options)
          return Effect.flatMap(store.inTransaction, (isInTransaction) => {
            if (isInTransaction) return store.finish(options)
            crash.left--
            return Effect.as(store.unregister(token, now, true), lost)
          })
        })
    }))
).pipe(Layer.provide(PostgresStore.layer))
