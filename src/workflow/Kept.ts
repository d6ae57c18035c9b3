/**
 * What runs have taken for their workflow's lifetime when they were suspended: it stays open in this process for a while, since most often
 * the next run begins here, and soon. It is closed with what that one takes, at the end.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { log } from "../engine/log.ts"
import { allOf, type Instance, keyOf } from "./Runs.ts"

/** As long as Effect's own engine keeps it. */
const keptFor = Duration.seconds(10)

/** Executions of which something is kept: with one more, that of the one that has waited longest is closed. */
const most = 1000

/** Runs of one execution: with one more, what the first one has taken is closed. */
const mostRuns = 100

interface Entry {
  readonly instances: ReadonlyArray<Instance>
  timer: Fiber.Fiber<void> | undefined
}

export interface Kept {
  /** What is kept of an execution is the caller's from now on. */
  readonly take: (workflow: string, execution: string) => ReadonlyArray<Instance>
  /** Keeps what is open of these runs, unless nothing goes on with it soon. */
  readonly keep: (workflow: string, execution: string, instances: ReadonlyArray<Instance>) => Effect.Effect<void>
}

/** Closes what earlier runs have left open, the last one first: that failed or not is what the last run is told. */
export const close = (instances: ReadonlyArray<Instance>): Effect.Effect<void> =>
  Effect.forEach(instances.toReversed(), ({ scope, workflow }) =>
    Effect.catchCause(
      Scope.close(scope, Exit.void),
      (cause) =>
        Cause.hasInterruptsOnly(cause)
          ? Effect.void
          : log.broken(`a finalizer of an earlier run of ${workflow._tag} failed`, cause)
    ), { discard: true })

/** The same for what goes on elsewhere, or later: finalizers of the workflow are not called. */
export const closeAbandoned = (instances: ReadonlyArray<Instance>): Effect.Effect<void> =>
  Effect.suspend(() => {
    for (const instance of instances.flatMap(allOf)) instance.abandoned = true
    return close(instances)
  })

const isOpen = ({ scope }: Instance): boolean => scope.state._tag === "Open"

export const make: Effect.Effect<Kept, never, Scope.Scope> = Effect.gen(function*() {
  const scope = yield* Effect.scope
  // invariant: what is in it is closed by whoever takes it out
  const kept = new Map<string, Entry>()
  let closed = false

  const takeOut = (key: string): ReadonlyArray<Instance> => {
    const entry = kept.get(key)
    if (entry === undefined) return []
    kept.delete(key)
    entry.timer?.interruptUnsafe()
    return entry.instances
  }

  yield* Effect.addFinalizer(() => {
    closed = true
    return Effect.forEach([...kept.keys()], (key) => closeAbandoned(takeOut(key)), { discard: true })
  })

  return {
    take: (workflow, execution) => takeOut(keyOf(workflow, execution)),
    keep: (workflow, execution, instances) =>
      Effect.suspend(() => {
        const open = instances.filter(isOpen)
        if (open.length === 0) return Effect.void
        if (closed) return closeAbandoned(open)
        const key = keyOf(workflow, execution)
        // of a run that was taken over, and has ended late
        const before = takeOut(key)
        const [oldest] = kept.size >= most ? kept.keys() : []
        const late = [
          ...before,
          ...open.slice(0, -mostRuns),
          ...oldest === undefined ? [] : takeOut(oldest)
        ]
        const entry: Entry = { instances: open.slice(-mostRuns), timer: undefined }
        kept.set(key, entry)
        const timing = Effect.andThen(
          Effect.sleep(keptFor),
          Effect.suspend(() => {
            if (kept.get(key) !== entry) return Effect.void
            kept.delete(key)
            return closeAbandoned(entry.instances)
          })
        )
        return Effect.andThen(
          Effect.map(Effect.forkIn(timing, scope), (timer) => {
            entry.timer = timer
          }),
          closeAbandoned(late)
        )
      })
  }
})
