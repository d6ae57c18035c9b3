/** Commands that change something: each asks why, is recorded, and says what has come of it. */
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type { StepRecord } from "../ActionRecord.ts"
import { ActionRepo } from "../ActionRepo.ts"
import { cancel as cancelAction } from "../Client.ts"
import { JobQueue } from "../JobQueue.ts"
import type { OperatorVerb } from "../Operation.ts"
import type { StepAttempt, StepVerb } from "../StepVerb.ts"
import { answer, words } from "./answer.ts"
import { withEngine } from "./connection.ts"
import { nothing, usage } from "./failures.ts"
import { by, id, json, operator, reason } from "./given.ts"

const asked = { reason, by }

// -------------------------------------------------------------------------------------------------------------------
// actions
// -------------------------------------------------------------------------------------------------------------------

const cancel = Command.make("cancel", {
  id,
  ...asked,
  keep: Flag.Boolean("no-compensate").pipe(
    Flag.withDescription("Leave what its steps have done, in place of undoing it"),
    Flag.withDefault(false)
  )
}, ({ id, keep, ...given }) =>
  withEngine(Effect.gen(function*() {
    const done = yield* cancelAction(id, { ...yield* operator(given), compensate: !keep })
    yield* answer("Stepped.cancel", id, done ? "done" : "over")
  }))).pipe(Command.withDescription("Cancel an action, with all below it that nothing else waits for"))

const retry = Command.make("retry", {
  id,
  ...asked,
  from: Flag.String("from").pipe(Flag.withDescription("Begin with this step, though it has succeeded"), Flag.optional),
  upwards: Flag.Boolean("upwards").pipe(
    Flag.withDescription("With the parents that have failed because of it"),
    Flag.withDefault(false)
  )
}, ({ from, id, upwards, ...given }) =>
  withEngine(Effect.gen(function*() {
    const repo = yield* ActionRepo
    if (Option.isSome(from) && upwards) return yield* usage("--from and --upwards exclude each other")
    const how = Option.isSome(from) ? { from: from.value } : { upwards }
    const verb = yield* repo.retry(id, { ...how, ...yield* operator(given) })
    switch (verb._tag) {
      case "Retried":
        return yield* answer("ActionRepo.retry", id, "done", `done: ${verb.id} goes on for ${verb.retryOf}`, {
          id: verb.id,
          retryOf: verb.retryOf
        })
      case "AlreadyRetried":
        return yield* answer(
          "ActionRepo.retry",
          id,
          "alreadyRetried",
          `nothing was changed: ${verb.id} goes on for it already. If that has failed: retry ${verb.id}`,
          { id: verb.id }
        )
      case "LaneBusy":
        return yield* answer(
          "ActionRepo.retry",
          id,
          "laneBusy",
          `nothing was changed: ${verb.by} is in lane ${verb.lane}, and the new one would take its place, or be turned away`,
          { lane: verb.lane, by: verb.by }
        )
      case "NotRetryable":
        return yield* answer(
          "ActionRepo.retry",
          id,
          verb.reason,
          `nothing was changed: ${verb.reason}, of ${verb.action}${
            verb.step === undefined ? "" : `, step ${verb.step}`
          }`,
          { action: verb.action, step: verb.step }
        )
      case "None":
        return yield* answer("ActionRepo.retry", id, "none")
    }
  }))).pipe(Command.withDescription("Have a new action go on for one that has failed, timed out or was cancelled"))

const remove = Command.make("delete", { id, ...asked }, ({ id, ...given }) =>
  withEngine(Effect.gen(function*() {
    const repo = yield* ActionRepo
    const verb = yield* repo.delete(id, yield* operator(given))
    const kept = "kept" in verb ? verb.kept : []
    const stays = kept.map(({ because, id }) => `\n  ${id} stays: ${because}`).join("")
    switch (verb._tag) {
      case "Deleted":
        return yield* answer(
          "ActionRepo.delete",
          id,
          "done",
          `${verb.deleted} deleted${verb.hasMore ? "; there are more: the same again" : ""}${stays}`,
          { deleted: verb.deleted, hasMore: verb.hasMore, kept }
        )
      case "Kept":
        return yield* answer("ActionRepo.delete", id, "kept", `nothing was deleted${stays}`, { kept })
      case "NotEnded":
        return yield* answer("ActionRepo.delete", id, "notEnded", "nothing was deleted: it has not ended")
      case "None":
        return yield* answer("ActionRepo.delete", id, "none")
    }
  }))).pipe(Command.withDescription("Delete an ended action with all below it that nobody reads still"))

const abandon = Command.make(
  "abandon-unwinding",
  { id, ...asked },
  ({ id, ...given }) =>
    withEngine(Effect.gen(function*() {
      const repo = yield* ActionRepo
      yield* answer("ActionRepo.abandonUnwinding", id, yield* repo.abandonUnwinding(id, yield* operator(given)))
    }))
).pipe(Command.withDescription("Undo nothing more of an action: what is left is listed as not undone"))

const priority = Command.make("reprioritise", {
  id,
  priority: Argument.Int("priority").pipe(Argument.withDescription("From -100, which comes first, to 100")),
  ...asked
}, ({ id, priority, ...given }) =>
  withEngine(Effect.gen(function*() {
    const queue = yield* JobQueue
    yield* answer("JobQueue.reprioritise", id, yield* queue.reprioritise(id, priority, yield* operator(given)))
  }))).pipe(Command.withDescription("Say how urgent a queued action is"))

const reschedule = Command.make("reschedule", {
  id,
  at: Argument.Date("at").pipe(Argument.withDescription("2026-05-01T12:00:00Z; one that has passed is now")),
  ...asked
}, ({ at, id, ...given }) =>
  withEngine(Effect.gen(function*() {
    const queue = yield* JobQueue
    yield* answer("JobQueue.reschedule", id, yield* queue.reschedule(id, at, yield* operator(given)))
  }))).pipe(Command.withDescription("Say when a queued action starts, or what has failed is tried again"))

// -------------------------------------------------------------------------------------------------------------------
// steps
// -------------------------------------------------------------------------------------------------------------------

const ofStep = {
  id,
  step: Flag.String("step").pipe(
    Flag.withDescription("Which step, by its name; the one that is held, or waits, if not given"),
    Flag.optional
  ),
  ...asked
}

const isOpen = ({ status, undoes }: StepRecord) =>
  (status === "held" || status === "performing") && undoes === undefined

/** The attempt that a person sees now: once that has gone on, the verb changes nothing. */
const attemptOf = (action: string, name: Option.Option<string>) =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    const steps = yield* repo.steps(action)
    const step = Option.isSome(name)
      ? steps.findLast((step) => step.name === name.value && step.undoes === undefined)
      : steps.findLast(isOpen)
    if (step !== undefined) return { action, index: step.index, attemptNumber: step.attemptNumber }
    if (Option.isNone(yield* repo.find(action))) return yield* nothing(`there is no action ${action}`)
    return yield* nothing(
      Option.isSome(name)
        ? `${action} has not run a step ${name.value}: ${steps.map(({ name }) => name).join(", ")}`
        : `${action} has no step that is held or waits`
    )
  })

/** A verb that decides of the step which is seen now. */
const decide = <E extends { readonly _tag: string; readonly message: string }>(
  verb: OperatorVerb,
  given: { readonly id: string; readonly step: Option.Option<string> } & Parameters<typeof operator>[0],
  run: (
    repo: ActionRepo["Service"],
    step: StepAttempt,
    asks: { readonly reason: string; readonly by: string }
  ) => Effect.Effect<StepVerb, E>
) =>
  withEngine(Effect.gen(function*() {
    const repo = yield* ActionRepo
    const step = yield* attemptOf(given.id, given.step)
    const outcome = yield* run(repo, step, yield* operator(given))
    yield* answer(verb, given.id, outcome, words[outcome], { index: step.index, attemptNumber: step.attemptNumber })
  }))

const again = Command.make(
  "try-again",
  ofStep,
  (given) => decide("ActionRepo.tryStepAgain", given, (repo, step, asks) => repo.tryStepAgain(step, asks))
).pipe(Command.withDescription("Have a step begin again now that is held, or waits"))

const skip = Command.make(
  "skip",
  ofStep,
  (given) => decide("ActionRepo.skipStep", given, (repo, step, asks) => repo.skipStep(step, asks))
).pipe(Command.withDescription("Skip a step that is held, or waits: the next one runs"))

const fail = Command.make(
  "fail",
  ofStep,
  (given) => decide("ActionRepo.failStep", given, (repo, step, asks) => repo.failStep(step, asks))
).pipe(Command.withDescription("Fail a step that is held, or waits, for good"))

const completeStep = Command.make("complete-step", {
  ...ofStep,
  result: Argument.String("result").pipe(Argument.withDescription("JSON, as the step's schema has it"))
}, ({ result, ...given }) =>
  Effect.flatMap(
    json(result, "the result"),
    (value) => decide("ActionRepo.completeStep", given, (repo, step, asks) => repo.completeStep(step, value, asks))
  )).pipe(Command.withDescription("Complete a step that is held, or waits, with a result"))

export const verbCommands = [
  cancel,
  retry,
  again,
  skip,
  fail,
  completeStep,
  abandon,
  priority,
  reschedule,
  remove
] as const
