/**
 * The store over Postgres: one method for each transition, one statement each, over arrays.
 *
 * A transition is one statement and therefore one transaction; what it locks, and in which order, stands at the top of
 * `schema/tables.sql`.
 */
import { PgClient } from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { make as makeMeter } from "../store/Meter.ts"
import { Storage } from "../store/Storage.ts"
import { Store } from "../store/Store.ts"
import * as Beside from "./beside.ts"
import * as Calls from "./call.ts"
import { catalogueOf } from "./catalogue.ts"
import { examineOf } from "./examining.ts"
import { executionRecordsOf } from "./executionRecords.ts"
import { failuresOf } from "./failures.ts"
import { forgettingOf } from "./forgetting.ts"
import { healsOf } from "./heals.ts"
import { healthOf } from "./health.ts"
import { liveOf } from "./live.ts"
import { measureOf } from "./measure.ts"
import * as OwnConnections from "./OwnConnections.ts"
import { checkUse, databaseOf } from "./prerequisites.ts"
import { recentOf } from "./recent.ts"
import { recordsOf } from "./records.ts"
import { schedulesOf } from "./schedules.ts"
import { answered, inOpenTransaction } from "./storageError.ts"
import { suspectsOf } from "./suspects.ts"
import { claimOf } from "./transitions/claim.ts"
import { cancellableOf, compensateAgainOf, completeOf, decideStepOf, retryOf } from "./transitions/complete.ts"
import { enqueueKeyedOf, enqueueOf, freeKeysOf } from "./transitions/enqueue.ts"
import { executionsOf } from "./transitions/executions.ts"
import { explainOf } from "./transitions/explain.ts"
import { finishOf } from "./transitions/finish.ts"
import { leaseOf } from "./transitions/lease.ts"
import { readsOf } from "./transitions/reads.ts"
import { noteProgressOf, rememberOf } from "./transitions/remember.ts"
import { hearOf, sendOf, signalsOf } from "./transitions/send.ts"
import { upkeepOf } from "./transitions/upkeep.ts"
import { unfiredOf } from "./unfired.ts"
import { whyOf } from "./why.ts"

export const layer: Layer.Layer<Store, never, PgClient | Storage> = Layer.effect(
  Store,
  Effect.gen(function*() {
    const sql = yield* PgClient
    const storage = yield* Storage
    const calls = Calls.make(sql, storage, makeMeter(yield* Effect.context<never>()))
    const beside = Beside.make(sql, storage, calls)
    // after the engine, which is built of this: what it gives up last is still stored
    yield* Effect.addFinalizer(() => calls.close)
    return Store.of({
      ...claimOf(calls),
      ...leaseOf(calls),
      ...readsOf(calls),
      ...explainOf(calls),
      ...upkeepOf(calls),
      ...recordsOf(calls),
      ...catalogueOf(calls),
      ...schedulesOf(calls),
      ...failuresOf(calls),
      ...forgettingOf(calls),
      ...whyOf(calls, beside),
      ...liveOf(calls, beside),
      ...healthOf(storage, beside),
      ...measureOf(calls),
      ...recentOf(calls),
      ...suspectsOf(calls),
      ...healsOf(calls),
      ...unfiredOf(calls),
      ...executionsOf(calls),
      ...executionRecordsOf(calls),
      signalsOf: signalsOf(calls),
      examine: examineOf(calls),
      database: databaseOf(sql.config),
      checkOpen: calls.checkOpen,
      checkWorker: Effect.andThen(
        calls.checkOpen("checkWorker"),
        Effect.withTracerEnabled(answered("checkWorker", storage.deadline)(checkUse("worker")), false)
      ).pipe(
        Effect.provideService(PgClient, sql),
        Effect.provideService(Storage, storage)
      ),
      ownConnections: (keeping) => OwnConnections.make(sql, storage.deadline, keeping),
      enqueue: enqueueOf(calls),
      enqueueKeyed: enqueueKeyedOf(calls),
      freeKeys: freeKeysOf(calls),
      finish: finishOf(calls),
      remember: rememberOf(calls),
      send: sendOf(calls),
      hear: hearOf(calls),
      noteProgress: noteProgressOf(calls),
      complete: completeOf(calls),
      decideStep: decideStepOf(calls),
      retry: retryOf(calls),
      compensateAgain: compensateAgainOf(calls),
      cancellable: cancellableOf(calls),
      withTransaction: calls.withTransaction,
      inTransaction: calls.inTransaction,
      inOpenTransaction,
      afterCommit: sql.afterCommit
    })
  })
)
