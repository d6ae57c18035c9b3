/** The verbs that can be asked for of many, each as it is asked for of one: by the service that has it, which records it. */
import * as Effect from "effect/Effect"
import type { StepRecord } from "../../ActionRecord.ts"
import type { ActionRepo } from "../../ActionRepo.ts"
import type { Engine } from "../../Engine.ts"
import type { JobQueue } from "../../JobQueue.ts"
import type { OperatorOptions } from "../../Operation.ts"
import type { StepAttempt } from "../../OperatorResult.ts"
import type { InvalidQuery, StorageError } from "../../SteppedError.ts"
import type { Asked } from "./definition.ts"

export interface Verbs {
  readonly repo: ActionRepo["Service"]
  readonly queue: JobQueue["Service"]
  readonly cancelById: Engine["Service"]["cancelById"]
}

/** Why nothing was asked for, and so nothing is recorded: it is not stored, or has no step to decide of. */
export type Unasked = "none" | "noStep" | undefined

type Asks = OperatorOptions & { readonly by: string; readonly reason: string }

export const asking = ({ cancelById, queue, repo }: Verbs) => {
  const cancel = (id: string, asks: Asks, compensate = true) =>
    Effect.as(cancelById(id, { ...asks, compensate }), undefined).pipe(
      Effect.catchTag("UnknownAction", () => Effect.succeed<Unasked>("none")),
      // that is of a transaction of the program's
      Effect.catchTag("UnsuitableIsolation", Effect.die)
    )

  /** The attempt that is seen now: once that has gone on, the verb changes nothing. */
  const attemptOf = (action: string, name: string | undefined) =>
    Effect.map(repo.steps(action), (steps): StepAttempt | undefined => {
      const step = steps.findLast((one) =>
        one.undoes === undefined && (name === undefined ? isOpen(one) : one.name === name)
      )
      return step && { action, index: step.index, attemptNumber: step.attemptNumber }
    })

  const decide = (
    verb: "tryStepAgain" | "skipStep" | "failStep",
    action: string,
    name: string | undefined,
    asks: Asks
  ) =>
    Effect.flatMap(
      attemptOf(action, name),
      (attempt): Effect.Effect<Unasked, StorageError | InvalidQuery> =>
        attempt === undefined
          ? Effect.succeed("noStep")
          : Effect.map(repo[verb](attempt, asks), noneOf)
    )

  const remove = (id: string, asks: Asks): Effect.Effect<Unasked, StorageError | InvalidQuery> =>
    Effect.gen(function*() {
      let deleted = yield* repo.delete(id, asks)
      // of a large tree part by part: it is recorded as asked with the last one, so that whoever goes on after a crash goes on with it
      while (deleted._tag === "Deleted" && deleted.hasMore) deleted = yield* repo.delete(id, asks)
      return unlessNone(deleted)
    })

  return ({ by, reason, verb }: Asked, id: string): Effect.Effect<Unasked, StorageError> => {
    const asks = { by, reason }
    const asked = (): Effect.Effect<Unasked, StorageError | InvalidQuery> => {
      switch (verb.verb) {
        case "Stepped.cancel":
          return cancel(id, asks, verb.compensate)
        case "ActionRepo.retry":
          return Effect.map(
            repo.retry(id, {
              ...asks,
              ...verb.from === undefined ? { upwards: verb.upwards ?? false } : { from: verb.from }
            }),
            unlessNone
          )
        case "ActionRepo.tryStepAgain":
          return decide("tryStepAgain", id, verb.step, asks)
        case "ActionRepo.skipStep":
          return decide("skipStep", id, verb.step, asks)
        case "ActionRepo.failStep":
          return decide("failStep", id, verb.step, asks)
        case "ActionRepo.abandonUnwinding":
          return Effect.map(repo.abandonUnwinding(id, asks), noneOf)
        case "ActionRepo.compensateAgain":
          return Effect.map(repo.compensateAgain(id, asks), unlessNone)
        case "ActionRepo.resumeExecution":
          return Effect.map(repo.resumeExecution(id, asks), noneOf)
        case "ActionRepo.interruptExecution":
          return Effect.map(repo.interruptExecution(id, asks), noneOf)
        case "ActionRepo.delete":
          return remove(id, asks)
        case "JobQueue.reprioritise":
          return Effect.map(queue.reprioritise(id, verb.priority, asks), noneOf)
        case "JobQueue.reschedule":
          return Effect.map(queue.reschedule(id, verb.at, asks), noneOf)
      }
    }
    // what is asked was looked at with the plan
    return Effect.catchTag(asked(), "InvalidQuery", Effect.die)
  }
}

const unlessNone = ({ _tag }: { readonly _tag: string }): Unasked => _tag === "None" ? "none" : undefined

const noneOf = (answer: string): Unasked => answer === "none" ? "none" : undefined

const isOpen = ({ status }: StepRecord) => status === "held" || status === "performing"
