/** Starting the worker of an engine. */
import { PgClient } from "@effect/sql-pg/PgClient"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as OwnConnections from "../../sql/OwnConnections.ts"
import { checkUse } from "../../sql/prerequisites.ts"
import { Storage } from "../../sql/Storage.ts"
import { answered } from "../../sql/storageError.ts"
import { DefinitionError, type WorkerError } from "../../SteppedError.ts"
import { logWarning } from "../log.ts"
import type { Registry } from "../Registry.ts"
import { retryAtStart } from "../retrying.ts"
import type { Wakeups } from "../Wakeups.ts"
import type { Worker } from "./Worker.ts"

/** How a worker works; see `Stepped.worker`. */
export interface WorkOptions {
  readonly concurrency: number
  readonly connections: number
  readonly grace: Duration.Duration
  readonly queues: ReadonlyArray<string> | undefined
}

export const make = (engine: {
  readonly sql: PgClient
  readonly storage: Storage["Service"]
  readonly registry: Registry
  readonly wakeups: Wakeups
  readonly worker: Worker
}): (options: WorkOptions) => Effect.Effect<void, WorkerError, Scope.Scope> => {
  const { registry, sql, storage, wakeups, worker } = engine
  // invariant: set while somebody works; the one who occupies it gives it up
  let working: WorkOptions | undefined
  /** One worker at a time: what an engine holds, and what it takes, is one worker's. */
  const occupy = (options: WorkOptions) =>
    Effect.acquireRelease(
      Effect.suspend(() => {
        if (working === undefined) {
          working = options
          return Effect.void
        }
        const what = ({ concurrency, queues }: WorkOptions) =>
          `with concurrency ${concurrency} for ${
            queues === undefined ? "all queues" : `the queues ${queues.join(", ")}`
          }`
        return new DefinitionError({
          message:
            `Stepped.worker is given twice over one Stepped.layer, ${what(working)}, and ${what(options)}: give ` +
            "one worker the concurrency and the queues of both, or each worker a Stepped.layer(…) of its own"
        })
      }),
      () => Effect.sync(() => {
        working = undefined
      })
    )

  return (options) =>
    Effect.gen(function*() {
      // first, so that it is given up last: when nothing of the worker runs any more
      yield* occupy(options)
      const missing = registry.missing()
      if (missing.length > 0) return yield* new DefinitionError({ message: missing.join("; ") })
      if (registry.all().length === 0) {
        yield* logWarning(
          "stepped: this worker has no definitions; provide the layers of your actions to Stepped.worker"
        )
      }
      registry.only(options.queues)
      const own = storage.embedded ? undefined : yield* OwnConnections.make({
        sql,
        deadline: storage.deadline,
        connections: options.connections,
        listens: wakeups.listens
      })
      yield* retryAtStart(answered("checkWorker", storage.deadline)(checkUse("worker"))).pipe(
        Effect.provideService(PgClient, sql),
        Effect.provideService(Storage, storage)
      )
      yield* worker.work({ ...options, own }, wakeups.listens ? wakeups.listening : Effect.never)
    })
}
