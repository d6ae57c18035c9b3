/** Whether this process is alive and ready: what it knows of its workers, and, of the database, the answer to one look. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Engine } from "../Engine.ts"
import type { WorkerHealth, WorkerState } from "../Readiness.ts"
import { StorageError } from "../SteppedError.ts"
import { abandonAfter } from "../store/RealClock.ts"
import type { Store } from "../store/Store.ts"

/** How long the database is waited for. */
const limit = Duration.seconds(2)

const late = `it has not answered within ${Duration.format(limit)}`

const words: Readonly<Record<Exclude<WorkerState, "working">, string>> = {
  starting: "has not begun yet",
  withoutLease: "has no lease",
  stopping: "takes nothing new",
  failed: "has come to an end that is a fault: only a new process helps"
}

const problemOf = ({ name, state }: WorkerHealth): ReadonlyArray<string> =>
  state === "working" ? [] : [`the worker ${name} ${words[state]}`]

export const readiness = (
  store: Pick<Store["Service"], "takesWrites">,
  workers: { readonly health: () => ReadonlyArray<WorkerHealth> }
): Pick<Engine["Service"], "live" | "ready"> => ({
  live: Effect.sync(() => {
    const all = workers.health()
    return { isLive: all.every(({ state }) => state !== "failed"), workers: all }
  }),
  ready: Effect.map(
    // the process is asked as it is when the database has answered
    Effect.exit(abandonAfter(store.takesWrites, limit)),
    (exit) => {
      const all = workers.health()
      const reason = exit._tag === "Success" ? undefined : exit.cause.reasons.find((one) => one._tag === "Fail")?.error
      const database = exit._tag === "Success"
        ? exit.value ? [] : ["the database takes no writes: it is a replica, or set to be read only"]
        : [`the database does not answer: ${reason instanceof StorageError ? reason.message : late}`]
      const problems = [...database, ...all.flatMap(problemOf)]
      return { isReady: problems.length === 0, problems, workers: all }
    }
  )
})
