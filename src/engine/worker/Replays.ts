/**
 * The executions of workflows whose bodies run here: what others send them meanwhile is looked for with each renewal of the lease, which comes at
 * once where somebody says that there is something (rule 24.3).
 */
import * as Effect from "effect/Effect"
import { ExecutionName } from "../../domain/Phase.ts"
import type { ReplayListener } from "../../Execution.ts"
import type { WorkerContext } from "./context.ts"

export interface Replays {
  /** Tells a body of what comes, until it has ended; answers how to leave. */
  readonly listen: (action: string, listener: ReplayListener) => () => void
  /** Looks for what has come, beside whoever asks for that. */
  readonly look: Effect.Effect<void>
}

export const make = (worker: Pick<WorkerContext, "connections" | "now" | "scope" | "store">): Replays => {
  const { connections, now, scope, store } = worker
  // invariant: of an action the body that began last is told, as long as it runs
  const listening = new Map<string, ReplayListener>()
  // a look at a time; what comes during one is found by the next, or where the body would be suspended
  let isLooking = false

  const looking = Effect.suspend(() => {
    const names = new Set<string>([ExecutionName.interrupt])
    for (const { awaited } of listening.values()) for (const name of awaited()) names.add(name)
    return Effect.flatMap(
      now,
      (at) =>
        Effect.map(connections.ask(store.sentTo([...listening.keys()], [...names], at)), (sent) => {
          for (const { action, name, payload } of sent) listening.get(action)?.came(name, payload)
        })
    )
  })

  return {
    listen: (action, listener) => {
      listening.set(action, listener)
      return () => {
        if (listening.get(action) === listener) listening.delete(action)
      }
    },
    look: Effect.suspend(() => {
      if (listening.size === 0 || isLooking) return Effect.void
      isLooking = true
      const ended = Effect.sync(() => {
        isLooking = false
      })
      return Effect.asVoid(Effect.forkIn(Effect.ensuring(Effect.ignore(looking), ended), scope))
    })
  }
}
