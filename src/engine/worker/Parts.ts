/** The fibers that a worker works by: whether they have begun, and whether one of them has come to an end that is a fault (rule 19.4). */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { WorkerState } from "../../Readiness.ts"

export interface Parts {
  /** The worker begins; gives what has each of its parts run, until the scope closes. */
  readonly begin: (scope: Scope.Scope) => (part: Effect.Effect<unknown>) => Effect.Effect<Fiber.Fiber<unknown>>
  readonly state: (claims: boolean, hasLease: boolean) => WorkerState
}

export const make = (): Parts => {
  let hasBegun = false
  // invariant: something has ended that was to run as long as the worker does, and nobody has ended it
  let hasFailed = false
  const noticing = (exit: Exit.Exit<unknown>) =>
    Effect.sync(() => {
      if (Exit.hasDies(exit)) hasFailed = true
    })
  return {
    begin: (scope) => {
      hasBegun = true
      return (part) => Effect.forkIn(Effect.onExit(part, noticing), scope)
    },
    state: (claims, hasLease) =>
      hasFailed ? "failed" : !hasBegun ? "starting" : !claims ? "stopping" : hasLease ? "working" : "withoutLease"
  }
}
