/** Commands that change something: each asks why, is recorded, and says what has come of it. */
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type { StepRecord } from "../ActionRecord.ts"
import { ActionRepo } from "../ActionRepo.ts"
import { cancel as cancelAction } from "../Client.ts"
import { JobQueue } from "../JobQueue.ts"
import type { DeletionVerb } from "../Operation.ts"
import type { CompensationVerb, RetryVerb, StepAttempt, StepVerb } from "../StepVerb.ts"
import { type Answer, answer } from "./answer.ts"
import { checked, described } from "./checked.ts"
import { withEngine } from "./connection.ts"
import { type LibraryError, nothing, usage } from "./failures.ts"
import { type Asks, by, id, json, operator, readDate, reason } from "./given.ts"
import { onActions, taken, target, targetAnd } from "./onActions.ts"
import { whyNotCompensated, whyNotRetried } from "./refusals.ts"

const asked = { reason, by }

// -------------------------------------------------------------------------------------------------------------------
// actions
// -------------------------------------------------------------------------------------------------------------------

const cancel = Command.make("cancel", {
  ...target,
  keep: Flag.Boolean("no-compensate").pipe(
    Flag.withDescription("Leave what its steps have done, in place of undoing it"),
    Flag.withDefault(false)
  )
}, ({ keep, ...given }) =>
  onActions({ verb: "Stepped.cancel", compensate: !keep }, given, (id, asks) =>
    Effect.map(
      cancelAction(id, { ...asks, compensate: !keep }),
      (done): Answer => ({ outcome: done ? "done" : "over" })
    ))).pipe(Command.withDescription("Cancel actions, with all below them that nothing else waits for"))

const retry = Command.make("retry", {
  ...target,
  from: Flag.String("from").pipe(Flag.withDescription("Begin with this step, though it has succeeded"), Flag.optional),
  upwards: Flag.Boolean("upwards").pipe(
    Flag.withDescription("With the parents that have failed because of it"),
    Flag.withDefault(false)
  )
}, ({ from, upwards, ...given }) =>
  Option.isSome(from) && upwards
    ? usage("--from and --upwards exclude each other")
    : onActions(
      { verb: "ActionRepo.retry", ...Option.isSome(from) ? { from: from.value } : { upwards } },
      given,
      (id, asks) =>
        Effect.map(
          Effect.flatMap(
            ActionRepo,
            (repo) => repo.retry(id, { ...asks, ...Option.isSome(from) ? { from: from.value } : { upwards } })
          ),
          retried
        )
    )).pipe(Command.withDescription("Have new actions go on for ones that have failed, timed out or were cancelled"))

const retried = (verb: RetryVerb): Answer => {
  switch (verb._tag) {
    case "Retried": {
      const { id, retryOf } = verb
      return { outcome: "done", text: `done: ${id} goes on for ${retryOf}`, more: { id, retryOf } }
    }
    case "AlreadyRetried": {
      const text = `nothing was changed: ${verb.id} goes on for it already. If that has failed: retry ${verb.id}`
      return { outcome: "alreadyRetried", text, more: { id: verb.id } }
    }
    case "LaneBusy": {
      const { by, lane } = verb
      const text =
        `nothing was changed: ${by} is in lane ${lane}, and the new one would take its place, or be turned away`
      return { outcome: "laneBusy", text, more: { lane, by } }
    }
    case "NotRetryable": {
      const { action, reason, step } = verb
      return { outcome: reason, text: whyNotRetried(verb), more: { action, step } }
    }
    case "None":
      return { outcome: "none" }
  }
}

const remove = Command.make(
  "delete",
  target,
  (given) =>
    onActions({ verb: "ActionRepo.delete" }, given, (id, asks) =>
      Effect.map(
        Effect.flatMap(ActionRepo, (repo) => repo.delete(id, asks)),
        deleted
      ))
).pipe(Command.withDescription("Delete ended actions with all below them that nobody reads still"))

const deleted = (verb: DeletionVerb): Answer => {
  const kept = "kept" in verb ? verb.kept : []
  const stays = kept.map(({ because, id }) => `\n  ${id} stays: ${because}`).join("")
  switch (verb._tag) {
    case "Deleted": {
      const text = `${verb.deleted} deleted${verb.hasMore ? "; there are more: the same again" : ""}${stays}`
      return { outcome: "done", text, more: { deleted: verb.deleted, hasMore: verb.hasMore, kept } }
    }
    case "Kept":
      return { outcome: "kept", text: `nothing was deleted${stays}`, more: { kept } }
    case "NotEnded":
      return { outcome: "notEnded", text: "nothing was deleted: it has not ended" }
    case "None":
      return { outcome: "none" }
  }
}

const abandon = Command.make(
  "abandon-unwinding",
  target,
  (given) =>
    onActions({ verb: "ActionRepo.abandonUnwinding" }, given, (id, asks) =>
      Effect.map(
        Effect.flatMap(ActionRepo, (repo) => repo.abandonUnwinding(id, asks)),
        (outcome): Answer => ({ outcome })
      ))
).pipe(Command.withDescription("Undo nothing more of actions: what is left is listed as not undone"))

const compensate = Command.make(
  "compensate-again",
  target,
  (given) =>
    onActions({ verb: "ActionRepo.compensateAgain" }, given, (id, asks) =>
      Effect.map(
        Effect.flatMap(ActionRepo, (repo) => repo.compensateAgain(id, asks)),
        compensated
      ))
).pipe(Command.withDescription("Run again what undoes ended actions, where that has failed for good"))

const compensated = (verb: CompensationVerb): Answer => {
  switch (verb._tag) {
    case "Compensating":
      return { outcome: "done", text: `done: ${verb.steps.join(", ")}`, more: { steps: verb.steps } }
    case "NotCompensable": {
      const { action, reason, step } = verb
      return { outcome: reason, text: whyNotCompensated(verb), more: { action, step } }
    }
    case "None":
      return { outcome: "none" }
  }
}

const priority = Command.make(
  "reprioritise",
  targetAnd("priority", "From -100, which comes first, to 100"),
  (args) =>
    Effect.gen(function*() {
      const isWhole = /^-?\d+$/
      const { given, value } = yield* taken(args, "priority", (text) => isWhole.test(text) ? Number(text) : undefined)
      yield* onActions({ verb: "JobQueue.reprioritise", priority: value }, given, (id, asks) =>
        Effect.map(
          Effect.flatMap(JobQueue, (queue) => queue.reprioritise(id, value, asks)),
          (outcome): Answer => ({ outcome })
        ))
    })
).pipe(Command.withDescription("Say how urgent queued actions are"))

const reschedule = Command.make(
  "reschedule",
  targetAnd("at", "2026-05-01T12:00:00Z; one that has passed is now"),
  (args) =>
    Effect.gen(function*() {
      const { given, value } = yield* taken(args, "time", readDate)
      yield* onActions({ verb: "JobQueue.reschedule", at: value }, given, (id, asks) =>
        Effect.map(
          Effect.flatMap(JobQueue, (queue) => queue.reschedule(id, value, asks)),
          (outcome): Answer => ({ outcome })
        ))
    })
).pipe(Command.withDescription("Say when queued actions start, or what has failed is tried again"))

// -------------------------------------------------------------------------------------------------------------------
// steps
// -------------------------------------------------------------------------------------------------------------------

const stepFlag = {
  step: Flag.String("step").pipe(
    Flag.withDescription("Which step, by its name; the one that is held, or waits, if not given"),
    Flag.optional
  )
}

const isOpen = ({ status, undoes }: StepRecord) =>
  (status === "held" || status === "performing") && undoes === undefined

/** The attempt that is seen now: once that has gone on, the verb changes nothing. */
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

/** Decides of the steps that are seen now. */
const deciding = <E extends LibraryError>(
  decide: (
    repo: ActionRepo["Service"],
    step: StepAttempt,
    asks: Asks
  ) => Effect.Effect<StepVerb, E>,
  name: Option.Option<string>
) =>
(id: string, asks: Asks) =>
  Effect.gen(function*() {
    const step = yield* attemptOf(id, name)
    const outcome = yield* decide(yield* ActionRepo, step, asks)
    return { outcome, more: { index: step.index, attemptNumber: step.attemptNumber } } satisfies Answer
  })

/** What workers have said of a step that is decided of, by its name, or of the one that is held, or waits. */
const describedStep = (action: string, name: Option.Option<string>) =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    const found = yield* repo.find(action)
    if (Option.isNone(found)) return undefined
    const steps = yield* repo.steps(action)
    const step = Option.getOrUndefined(name) ?? steps.findLast(isOpen)?.name
    const description = yield* described(found.value)
    const said = description?.steps.find((one) => one.name === step)
    if (description === undefined || said === undefined) return undefined
    return { description, said, isLast: said === description.steps.at(-1) }
  })

const named = (step: Option.Option<string>) => Option.isSome(step) ? { step: step.value } : {}

const again = Command.make("try-again", { ...target, ...stepFlag }, ({ step, ...given }) =>
  onActions(
    { verb: "ActionRepo.tryStepAgain", ...named(step) },
    given,
    deciding((repo, attempt, asks) => repo.tryStepAgain(attempt, asks), step)
  )).pipe(Command.withDescription("Have steps begin again now that are held, or wait"))

/** Refuses to skip what the worker would hold again: the last step, where the action has a success and nothing else gives it. */
const checkedForSkipping = (action: string, name: Option.Option<string>) =>
  Effect.gen(function*() {
    const found = yield* describedStep(action, name)
    if (found === undefined || !found.isLast) return
    const { options } = found.description
    if (options.includes("skippable") || options.includes("outbound")) return
    return yield* nothing(
      `nothing was changed: ${found.said.name} cannot be skipped: nothing else gives the action's success. complete-step says what it is, fail gives it up`
    )
  })

const skip = Command.make(
  "skip",
  { ...target, ...stepFlag },
  ({ step, ...given }) =>
    onActions({ verb: "ActionRepo.skipStep", ...named(step) }, given, (id, asks) =>
      Effect.andThen(
        checkedForSkipping(id, step),
        deciding((repo, attempt, asks) => repo.skipStep(attempt, asks), step)(id, asks)
      ))
).pipe(
  Command.withDescription("Skip steps that are held, or wait: the next ones run")
)

const fail = Command.make(
  "fail",
  { ...target, ...stepFlag },
  ({ step, ...given }) =>
    onActions(
      { verb: "ActionRepo.failStep", ...named(step) },
      given,
      deciding((repo, attempt, asks) => repo.failStep(attempt, asks), step)
    )
).pipe(
  Command.withDescription("Fail steps that are held, or wait, for good")
)

/** Refuses what the step's schema refuses, as far as workers have said what that is. */
const checkedForStep = (action: string, name: Option.Option<string>, value: unknown) =>
  Effect.gen(function*() {
    const found = yield* describedStep(action, name)
    if (found === undefined) return
    const { description, isLast, said } = found
    // the last one gives the action's success, but where what undoes it is given something of its own
    const isSuccess = isLast && !description.options.includes("outbound") &&
      !(said.result !== null && said.options.includes("compensate"))
    yield* checked("the result", value, isSuccess ? description.success : said.result ?? undefined)
  })

const completeStep = Command.make("complete-step", {
  id,
  result: Argument.String("result").pipe(Argument.withDescription("JSON, as the step's schema has it")),
  ...stepFlag,
  ...asked
}, ({ id, result, step, ...given }) =>
  withEngine(Effect.gen(function*() {
    const value = yield* json(result, "the result")
    yield* checkedForStep(id, step, value)
    const complete = deciding((repo, attempt, asks) => repo.completeStep(attempt, value, asks), step)
    yield* answer("ActionRepo.completeStep", id, yield* complete(id, yield* operator(given)))
  }))).pipe(Command.withDescription("Complete a step that is held, or waits, with a result"))

export const verbCommands = [
  cancel,
  retry,
  again,
  skip,
  fail,
  completeStep,
  abandon,
  compensate,
  priority,
  reschedule,
  remove
] as const
