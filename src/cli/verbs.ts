/** Commands that change something: each asks why, is recorded, and says what has come of it. What they are is in the table of verbs. */
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { ActionRepo } from "../ActionRepo.ts"
import type { ManyVerb } from "../Many.ts"
import { isOpen, resultOf } from "../verbs/fitting.ts"
import { type Inputs, type OneVerb, verbTable } from "../verbs/table.ts"
import { answer } from "./answer.ts"
import { checked, described } from "./checked.ts"
import { withEngine } from "./connection.ts"
import { doing } from "./doing.ts"
import { usage } from "./failures.ts"
import { by, id, json, operator, readDate, reason } from "./given.ts"
import { onActions, taken, target, targetAnd } from "./onActions.ts"

const asked = { reason, by }

/** What the command says of itself. */
const says = (verb: OneVerb) => Command.withDescription(verbTable[verb].description)

type Given = Parameters<typeof onActions>[1]

/** A verb for one action, or for all that a filter finds. */
const verbOn = <V extends OneVerb & ManyVerb["verb"]>(
  verb: ManyVerb & { readonly verb: V },
  given: Given,
  input: (id: string) => Inputs[V]
) => onActions(verb, given, (id, asks) => doing(verb.verb, input(id), asks))

// -------------------------------------------------------------------------------------------------------------------
// actions
// -------------------------------------------------------------------------------------------------------------------

const cancel = Command.make("cancel", {
  ...target,
  keep: Flag.Boolean("no-compensate").pipe(
    Flag.withDescription("Leave what its steps have done, in place of undoing it"),
    Flag.withDefault(false)
  )
}, ({ keep, ...given }) => {
  const options = { compensate: !keep }
  return verbOn({ verb: "Stepped.cancel", ...options }, given, (id) => ({ id, ...options }))
}).pipe(says("Stepped.cancel"))

const retry = Command.make("retry", {
  ...target,
  from: Flag.String("from").pipe(Flag.withDescription("Begin with this step, though it has succeeded"), Flag.optional),
  upwards: Flag.Boolean("upwards").pipe(
    Flag.withDescription("With the parents that have failed because of it"),
    Flag.withDefault(false)
  )
}, ({ from, upwards, ...given }) => {
  if (Option.isSome(from) && upwards) return usage("--from and --upwards exclude each other")
  const options = Option.isSome(from) ? { from: from.value } : { upwards }
  return verbOn({ verb: "ActionRepo.retry", ...options }, given, (id) => ({ id, ...options }))
}).pipe(says("ActionRepo.retry"))

const remove = Command.make(
  "delete",
  target,
  (given) => verbOn({ verb: "ActionRepo.delete" }, given, (id) => ({ id }))
).pipe(says("ActionRepo.delete"))

const abandon = Command.make(
  "abandon-unwinding",
  target,
  (given) => verbOn({ verb: "ActionRepo.abandonUnwinding" }, given, (id) => ({ id }))
).pipe(says("ActionRepo.abandonUnwinding"))

const compensate = Command.make(
  "compensate-again",
  target,
  (given) => verbOn({ verb: "ActionRepo.compensateAgain" }, given, (id) => ({ id }))
).pipe(says("ActionRepo.compensateAgain"))

/** A verb about an execution of a workflow. */
const onExecution = (verb: "ActionRepo.resumeExecution" | "ActionRepo.interruptExecution", name: string) =>
  Command.make(name, target, (given) => verbOn({ verb }, given, (id) => ({ id }))).pipe(says(verb))

const resumeExecution = onExecution("ActionRepo.resumeExecution", "resume-execution")
const interruptExecution = onExecution("ActionRepo.interruptExecution", "interrupt-execution")

const priority = Command.make(
  "reprioritise",
  targetAnd("priority", "From -100, which comes first, to 100"),
  (args) =>
    Effect.gen(function*() {
      const isWhole = /^-?\d+$/
      const { given, value } = yield* taken(args, "priority", (text) => isWhole.test(text) ? Number(text) : undefined)
      const options = { priority: value }
      yield* verbOn({ verb: "JobQueue.reprioritise", ...options }, given, (id) => ({ id, ...options }))
    })
).pipe(says("JobQueue.reprioritise"))

const reschedule = Command.make(
  "reschedule",
  targetAnd("at", "2026-05-01T12:00:00Z; one that has passed is now"),
  (args) =>
    Effect.gen(function*() {
      const { given, value } = yield* taken(args, "time", readDate)
      const options = { at: value }
      yield* verbOn({ verb: "JobQueue.reschedule", ...options }, given, (id) => ({ id, ...options }))
    })
).pipe(says("JobQueue.reschedule"))

// -------------------------------------------------------------------------------------------------------------------
// steps
// -------------------------------------------------------------------------------------------------------------------

const stepFlag = {
  step: Flag.String("step").pipe(
    Flag.withDescription("Which step, by its name; the one that is held, or waits, if not given"),
    Flag.optional
  )
}

const named = (step: Option.Option<string>) => Option.isSome(step) ? { step: step.value } : {}

/** A verb about a step. */
const onStep = (verb: "ActionRepo.tryStepAgain" | "ActionRepo.skipStep" | "ActionRepo.failStep", name: string) =>
  Command.make(
    name,
    { ...target, ...stepFlag },
    ({ step, ...given }) => verbOn({ verb, ...named(step) }, given, (id) => ({ id, ...named(step) }))
  ).pipe(says(verb))

const again = onStep("ActionRepo.tryStepAgain", "try-again")
const skip = onStep("ActionRepo.skipStep", "skip")
const fail = onStep("ActionRepo.failStep", "fail")

/** Refuses what the step's schema refuses, as far as workers have said what that is: of one by its name, or of the one that is held, or waits. */
const checkedForStep = (action: string, name: Option.Option<string>, value: unknown) =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    const found = yield* repo.find(action)
    if (Option.isNone(found)) return
    const step = Option.getOrUndefined(name) ?? (yield* repo.steps(action)).findLast(isOpen)?.name
    const versions = yield* described(found.value)
    yield* checked("the result", value, versions.map((version) => resultOf(version, step)))
  })

const completeStep = Command.make("complete-step", {
  id,
  result: Argument.String("result").pipe(Argument.withDescription("JSON, as the step's schema has it")),
  ...stepFlag,
  ...asked
}, ({ id, result: given, step, ...asked }) =>
  withEngine(Effect.gen(function*() {
    const result = yield* json(given, "the result")
    yield* checkedForStep(id, step, result)
    const input = { id, result, ...named(step) }
    yield* answer("ActionRepo.completeStep", id, yield* doing("ActionRepo.completeStep", input, yield* operator(asked)))
  }))).pipe(says("ActionRepo.completeStep"))

export const verbCommands = [
  cancel,
  retry,
  again,
  skip,
  fail,
  completeStep,
  abandon,
  compensate,
  resumeExecution,
  interruptExecution,
  priority,
  reschedule,
  remove
] as const
