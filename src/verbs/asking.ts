/** Has each verb of the table done for one, by the service that has it, which records it: what is behind the command line and HTTP. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { AchievementStore } from "../AchievementStore.ts"
import { ActionRepo } from "../ActionRepo.ts"
import { laneShown, laneText } from "../domain/Key.ts"
import { Engine } from "../Engine.ts"
import { JobQueue, type PauseTarget } from "../JobQueue.ts"
import { type LaneKey, laneKeyNamed } from "../Lane.ts"
import type { StepAttempt, StepDecisionResult } from "../OperatorResult.ts"
import { PerformanceLane } from "../PerformanceLane.ts"
import { Schedules } from "../Schedules.ts"
import { InvalidQuery, type StorageError, type UnknownSchedule, type UnsuitableIsolation } from "../SteppedError.ts"
import {
  type Answer,
  backfilled,
  compensated,
  deleted,
  drained,
  forgotten,
  paused,
  planned,
  pruned,
  ranNow,
  resumed,
  resumedAll,
  retried,
  scheduled,
  unachieved,
  unachievedAll
} from "./answers.ts"
import { isOpen, misfitOfAll, resultOf } from "./fitting.ts"
import { inUse } from "./inUse.ts"
import type { Inputs, OneVerb } from "./table.ts"

/** Who asks, and why. */
export interface Asks {
  readonly by: string
  readonly reason: string
}

type Asked = Effect.Effect<Answer, StorageError | InvalidQuery>

type Verbs = { readonly [V in OneVerb]: (input: Inputs[V], asks: Asks) => Asked }

/** What one of the four kinds of pauses is about, as it is recorded. */
const pauseText = (target: PauseTarget): string =>
  target === "everything"
    ? target
    : "queue" in target
    ? `queue ${target.queue}`
    : `definition ${target.actorType}/${target.name}`

/** What a verb is asked of, as it is recorded. */
export const targetOf = <V extends OneVerb>(verb: V, input: Inputs[V]): string => {
  const given: Readonly<Record<string, unknown>> = input
  const text = (field: string) => String(given[field])
  switch (verb) {
    case "ActionRepo.forget":
      return `${text("actorType")}/${text("actorId")}`
    case "ActionRepo.deleteEnded":
    case "ActionRepo.deleteOutcomes":
    case "ActionRepo.deleteOperations":
      return `before ${(given["before"] as Date).toISOString()}`
    case "JobQueue.pause":
    case "JobQueue.resume":
      return pauseText(given["target"] as PauseTarget)
    case "JobQueue.drain":
      return `worker ${text("worker")}`
    case "PerformanceLane.pause":
    case "PerformanceLane.resume":
      return `lane ${given["name"] === undefined ? text("key") : laneShown(laneText(text("name"), text("key")))}`
    case "AchievementStore.forget":
      return text("checksumKey")
    case "Schedules.pause":
    case "Schedules.resume":
    case "Schedules.run":
    case "Schedules.backfill":
    case "Schedules.remove":
      return `schedule ${text("name")}`
    case "Schedules.pauseAll":
    case "Schedules.resumeAll":
      return "schedules"
    case "AchievementStore.forgetAll":
      return Object.entries(given).flatMap(([field, value]) =>
        value === undefined || field === "limit"
          ? []
          : [`${field} ${value instanceof Date ? value.toISOString() : value}`]
      ).join(", ")
    default:
      return text("id")
  }
}

/** All verbs, over the services. */
export const makeVerbs = Effect.gen(function*() {
  const repo = yield* ActionRepo
  const queue = yield* JobQueue
  const lanes = yield* PerformanceLane
  const achievements = yield* AchievementStore
  const schedules = yield* Schedules
  const engine = yield* Engine

  /** The attempt that is seen now: once that has gone on, the verb changes nothing. */
  const attemptOf = (
    action: string,
    name: string | undefined
  ): Effect.Effect<StepAttempt | Answer, StorageError> =>
    Effect.gen(function*() {
      const steps = yield* repo.steps(action)
      const step = name === undefined
        ? steps.findLast(isOpen)
        : steps.findLast((step) => step.name === name && step.undoes === undefined)
      if (step !== undefined) return { action, index: step.index, attemptNumber: step.attemptNumber }
      if (Option.isNone(yield* repo.find(action))) {
        return { outcome: "none", text: `there is no action ${action}` }
      }
      return {
        outcome: "noStep",
        text: name === undefined
          ? `${action} has no step that is held or waits`
          : `${action} has not run a step ${name}: ${steps.map(({ name }) => name).join(", ")}`
      }
    })

  const deciding = (
    { id, step }: Inputs["ActionRepo.skipStep"],
    decide: (attempt: StepAttempt) => Effect.Effect<StepDecisionResult, StorageError | InvalidQuery>
  ): Asked =>
    Effect.gen(function*() {
      const attempt = yield* attemptOf(id, step)
      if ("outcome" in attempt) return attempt
      const { attemptNumber, index } = attempt
      return { outcome: yield* decide(attempt), more: { index, attemptNumber } }
    })

  /** Refuses what the step's schema refuses, as far as workers have said what that is. */
  const checkResult = ({ id, result, step }: Inputs["ActionRepo.completeStep"]) =>
    Effect.gen(function*() {
      const found = yield* repo.find(id)
      if (Option.isNone(found)) return
      const { actorType, name } = found.value
      const versions = yield* inUse(queue, { actorType, name })
      if (versions.length === 0) return
      const decided = step ?? (yield* repo.steps(id)).findLast(isOpen)?.name
      const wrong = yield* misfitOfAll(result, versions.map((version) => resultOf(version, decided)))
      if (wrong !== undefined) {
        return yield* new InvalidQuery({
          field: "result of ActionRepo.completeStep",
          value: typeof result,
          takes: `what the step gives: ${wrong}`
        })
      }
    })

  const laneOf = (
    { key, name }: Inputs["PerformanceLane.pause"]
  ): Effect.Effect<string | LaneKey, InvalidQuery> =>
    name === undefined ? Effect.succeed(key) : Effect.try({
      try: () => laneKeyNamed(name, key),
      catch: (error) => new InvalidQuery({ field: "name of a lane", value: JSON.stringify(name), takes: String(error) })
    })

  /** That there is none of this name is an answer, as of actions. */
  const ofSchedule = (
    asked: Effect.Effect<Answer, UnknownSchedule | UnsuitableIsolation | StorageError | InvalidQuery>
  ): Asked =>
    Effect.catchTags(asked, {
      UnknownSchedule: ({ message }) => Effect.succeed<Answer>({ outcome: "none", text: message }),
      // that is of a transaction of the program's
      UnsuitableIsolation: Effect.die
    })

  const verbs: Verbs = {
    "ActionRepo.tryStepAgain": (input, asks) => deciding(input, (step) => repo.tryStepAgain(step, asks)),
    "ActionRepo.skipStep": (input, asks) => deciding(input, (step) => repo.skipStep(step, asks)),
    "ActionRepo.completeStep": (input, asks) =>
      Effect.andThen(checkResult(input), deciding(input, (step) => repo.completeStep(step, input.result, asks))),
    "ActionRepo.failStep": (input, asks) => deciding(input, (step) => repo.failStep(step, asks)),
    "ActionRepo.abandonUnwinding": ({ id }, asks) =>
      Effect.map(repo.abandonUnwinding(id, asks), (outcome) => ({ outcome })),
    "ActionRepo.compensateAgain": ({ id }, asks) => Effect.map(repo.compensateAgain(id, asks), compensated),
    "ActionRepo.retry": ({ from, id, upwards }, asks) =>
      from !== undefined && upwards === true
        ? Effect.fail(
          new InvalidQuery({
            field: "from of ActionRepo.retry",
            value: from,
            takes: "nothing beside upwards: the step would be another action's"
          })
        )
        : Effect.map(
          repo.retry(id, { ...asks, ...from === undefined ? { upwards: upwards ?? false } : { from } }),
          retried
        ),
    "ActionRepo.resumeExecution": ({ id }, asks) =>
      Effect.map(repo.resumeExecution(id, asks), (outcome) => ({ outcome })),
    "ActionRepo.interruptExecution": ({ id }, asks) =>
      Effect.map(repo.interruptExecution(id, asks), (outcome) => ({ outcome })),
    "ActionRepo.forget": ({ actorId, actorType, dryRun, limit }, asks) =>
      Effect.map(
        repo.forget({ actorType, actorId }, { ...asks, dryRun, limit }),
        (done) => forgotten(done, dryRun === true)
      ),
    "ActionRepo.delete": ({ id }, asks) => Effect.map(repo.delete(id, asks), deleted),
    "ActionRepo.deleteEnded": ({ before, dryRun, from, limit }, asks) => {
      const page = { before, from, limit }
      if (dryRun === true) return Effect.map(repo.planDeletion(page), planned)
      return Effect.map(
        repo.deleteEnded({ ...page, ...asks }),
        ({ deleted, next }) => ({
          outcome: "done",
          text: `deleted: ${deleted}${next === undefined ? "" : `; there may be more: the same again from ${next}`}`,
          more: { deleted, next }
        })
      )
    },
    "ActionRepo.deleteOutcomes": ({ before, limit }, asks) =>
      Effect.map(repo.deleteOutcomes({ before, limit, ...asks }), pruned),
    "ActionRepo.deleteOperations": ({ before, limit }, asks) =>
      Effect.map(repo.deleteOperations({ before, limit, ...asks }), pruned),
    "JobQueue.reprioritise": ({ id, priority }, asks) =>
      Effect.map(queue.reprioritise(id, priority, asks), (outcome) => ({ outcome })),
    "JobQueue.reschedule": ({ at, id }, asks) => Effect.map(queue.reschedule(id, at, asks), (outcome) => ({ outcome })),
    "JobQueue.pause": ({ target }, asks) => Effect.map(queue.pause(target, asks), paused),
    "JobQueue.resume": ({ target }, asks) => Effect.map(queue.resume(target, asks), resumed),
    "JobQueue.drain": ({ worker }, asks) =>
      Effect.map(queue.drain(worker, asks), drained).pipe(
        Effect.catchTags({
          UnknownWorker: ({ message, reason }) => Effect.succeed({ outcome: reason, text: message }),
          AmbiguousWorker: ({ ids, message }) => Effect.succeed({ outcome: "ambiguous", text: message, more: { ids } })
        })
      ),
    "PerformanceLane.pause": (input, asks) =>
      Effect.flatMap(laneOf(input), (key) => Effect.map(lanes.pause(key, asks), paused)),
    "PerformanceLane.resume": (input, asks) =>
      Effect.flatMap(laneOf(input), (key) => Effect.map(lanes.resume(key, asks), resumed)),
    "AchievementStore.forget": ({ checksumKey }, asks) =>
      Effect.map(achievements.forget(checksumKey, asks), unachieved),
    "AchievementStore.forgetAll": (filter, asks) =>
      Effect.map(achievements.forgetAll({ ...filter, ...asks }), unachievedAll),
    "Schedules.pause": ({ name }, asks) => ofSchedule(Effect.map(schedules.pause(name, asks), scheduled)),
    "Schedules.resume": ({ name }, asks) => ofSchedule(Effect.map(schedules.resume(name, asks), scheduled)),
    "Schedules.run": ({ name }, asks) => ofSchedule(Effect.map(schedules.run(name, asks), ranNow)),
    "Schedules.backfill": ({ dryRun, from, name, to }, asks) =>
      ofSchedule(
        Effect.map(
          schedules.backfill(name, { from, to }, { ...asks, dryRun }),
          (done) => backfilled(done, dryRun === true)
        )
      ),
    "Schedules.remove": ({ name }, asks) => ofSchedule(Effect.map(schedules.remove(name, asks), scheduled)),
    "Schedules.pauseAll": (_, asks) => Effect.map(schedules.pauseAll(asks), scheduled),
    "Schedules.resumeAll": (_, asks) => Effect.map(schedules.resumeAll(asks), resumedAll),
    "Stepped.cancel": ({ compensate, id }, asks) =>
      engine.cancelById(id, { ...asks, compensate: compensate ?? true }).pipe(
        Effect.map((done): Answer => ({ outcome: done ? "done" : "over" })),
        Effect.catchTags({
          UnknownAction: ({ message }) => Effect.succeed<Answer>({ outcome: "none", text: message }),
          // that is of a transaction of the program's
          UnsuitableIsolation: Effect.die
        })
      )
  }
  return <V extends OneVerb>(verb: V, input: Inputs[V], asks: Asks): Asked => verbs[verb](input, asks)
})

/** Has a verb done. */
export type AskVerb = Effect.Success<typeof makeVerbs>
