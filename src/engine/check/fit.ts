/** What of one action a program's definitions do not fit: asked with what a worker asks with, and nothing of it is performed. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { IncompatibleResult } from "../../SteppedError.ts"
import type { SettledSlot, StoredStep } from "../../store/Answer.ts"
import type { UnreadSignal } from "../../store/Live.ts"
import { attempted, notDeclared, ranFor } from "../perform/attempted.ts"
import { givenTo } from "../perform/compensate.ts"
import { argumentsOf, type Performance, stepOf } from "../perform/Performance.ts"
import { readResult, received, settledValues } from "../perform/results.ts"
import { outcomeFor } from "../perform/runCallbacks.ts"
import { isSignalSlot, readSent, unlisted } from "../perform/signals.ts"
import type { Reading } from "../perform/Surroundings.ts"
import { compensationFor, planFor } from "../perform/unwinding.ts"
import type { Runnable } from "../Runnable.ts"
import { issueOf, type Problem } from "./Problem.ts"
import { stepProblems } from "./stepFit.ts"

/** What reading fails with; a schema may throw. */
export const errorIn = (reading: () => Effect.Effect<unknown, unknown>): Effect.Effect<unknown> =>
  Effect.map(
    Effect.exit(Effect.suspend(reading)),
    (exit) => Exit.isSuccess(exit) ? undefined : Cause.squash(exit.cause)
  )

type Problems = Effect.Effect<ReadonlyArray<Problem>>

const nothing: Problems = Effect.succeed([])

/** The problem that reading something is, if it is one. */
const reads = (
  reading: () => Effect.Effect<unknown, unknown>,
  problem: Omit<Problem, "problem">
): Problems =>
  Effect.map(errorIn(reading), (error) => error === undefined ? [] : [{ ...problem, problem: issueOf(error) }])

const both = (all: ReadonlyArray<Problems>): Problems => Effect.map(Effect.all(all), (problems) => problems.flat())

/** What of an action does not fit, but for signals that it has not read, its lane and its queue. */
export const misfitsOf = (performance: Performance, env: Reading): Problems =>
  both([
    Effect.sync(() => stepProblems(performance)),
    reads(() => argumentsOf(performance), { kind: "arguments", means: "fails", payload: performance.encoded }),
    payloadProblems(performance),
    resultProblems(performance, env),
    undoingProblems(performance, env),
    outcomeProblems(performance)
  ])

/** What an execution of a workflow was given, which stands in its arguments as JSON: its body reads that first, by the workflow's schema and what that needs. */
const payloadProblems = (
  { encoded, outcome, runnable: { context, definition: { replays } } }: Performance
): Problems => {
  if (replays === undefined || outcome !== undefined) return nothing
  const payload: unknown = Array.isArray(encoded) ? encoded[0] : undefined
  return reads(
    () => Effect.provideContext(Schema.decodeUnknownEffect(replays.payload)(payload), context),
    { kind: "payload", means: "suspends", payload }
  )
}

// -------------------------------------------------------------------------------------------------------------------
// results
// -------------------------------------------------------------------------------------------------------------------

/** Those that its next step receives, and those of what its step waits for. */
const resultProblems = (performance: Performance, env: Reading): Problems => {
  const { detail, outcome, phase, step } = performance
  if (detail === undefined || outcome !== undefined || !["step", "held", "waiting"].includes(phase)) return nothing
  const slotsOf = (index: number) => (detail.slots ?? []).filter((slot) => slot.step === index)
  const row = detail.steps.find(({ index }) => index === step)
  return both([
    ...received(detail.steps, step).map((row) =>
      both([
        reads(() => readResult(performance, env, row, row.index, row.result), {
          kind: "result",
          means: "fails",
          of: row.name,
          payload: row.result
        }),
        ...slotsOf(row.index).map((slot) => valueProblems(slot, row.name, env))
      ])
    ),
    ...phase === "waiting"
      ? slotsOf(step).map((slot) => slotProblems(performance, slot, (row ?? stepOf(performance)).name, env))
      : []
  ])
}

/** What a step waits for, or has waited for. */
export const slotProblems = (performance: Performance, slot: SettledSlot, of: string, env: Reading): Problems => {
  const { runnable } = performance
  if (isSignalSlot(slot)) {
    const { name } = slot.signal
    switch (slot.status) {
      case undefined:
        return Effect.succeed(signalIsListed(runnable, name) ? [] : [waitsInVain(name)])
      case "succeeded":
      case "failed": {
        const side = slot.status === "succeeded" ? "payload" : "error"
        return sentProblems(runnable, name, side, side === "payload" ? slot.result : slot.cause?.error)
      }
      default:
        return nothing
    }
  }
  if (slot.status === undefined) return Effect.succeed(undeclared(slot, of, env))
  return both([
    valueProblems(slot, of, env),
    slot.asValue === undefined
      ? reads(() => settledValues(performance, stepOf(performance), [slot], env), {
        kind: "result",
        means: "fails",
        of,
        payload: slot.result
      })
      : nothing
  ])
}

const signalIsListed = ({ definition }: Runnable, name: string): boolean =>
  definition.signals.some((signal) => signal.name === name)

const waitsInVain = (name: string): Problem => ({
  kind: "signal",
  means: "waits",
  of: name,
  problem: "it waits until the time of the step, or of the action, is over, if they have any"
})

/** A child that is not there yet: what it is to be read with. */
const undeclared = (slot: SettledSlot, of: string, { registry }: Reading): ReadonlyArray<Problem> => {
  const { asValue, definition, success } = slot
  const name = definition.split("/")[1]!
  const sides = [
    ["success", success],
    ...asValue === undefined ? [] : [["error", asValue.error === "" ? null : asValue.error] as const]
  ] as const
  return sides.flatMap(([side, fingerprint]) =>
    registry.schemaOf(side, name, fingerprint) !== undefined ? [] : [{
      kind: "result",
      means: asValue === undefined ? "fails" : "differs",
      of,
      problem: `${ranFor(slot).definition}: ${notDeclared(side)}`
    }]
  )
}

/** A child whose failure is a value: what cannot be read is one. */
const valueProblems = (slot: SettledSlot, of: string, env: Reading): Problems => {
  const { asValue } = slot
  if (asValue === undefined || slot.status === undefined) return nothing
  const ofChild = Effect.flatMap(
    attempted(slot, asValue, env),
    (value) =>
      value._tag === "Failure" && value.failure instanceof IncompatibleResult &&
        value.failure.actionId === asValue.child
        ? Effect.fail(value.failure)
        : Effect.void
  )
  return reads(() => ofChild, { kind: "result", means: "differs", of, payload: slot.result ?? slot.cause?.error })
}

// -------------------------------------------------------------------------------------------------------------------
// signals
// -------------------------------------------------------------------------------------------------------------------

const sentProblems = (runnable: Runnable, name: string, side: "payload" | "error", sent: unknown): Problems =>
  reads(() => readSent(runnable.definition, name, side, sent), {
    kind: "signal",
    means: "fails",
    of: name,
    payload: sent
  })

/** What was sent and is not read yet. */
export const unreadProblems = (runnable: Runnable, { cause, name, payload }: UnreadSignal): Problems =>
  signalIsListed(runnable, name)
    ? sentProblems(runnable, name, cause === null ? "payload" : "error", cause === null ? payload : cause.error)
    : Effect.succeed([{ kind: "signal", means: "differs", of: name, problem: unlisted }])

// -------------------------------------------------------------------------------------------------------------------
// undoing, and ends
// -------------------------------------------------------------------------------------------------------------------

/** What is undone should it not succeed, or is being undone. */
const undoingProblems = (performance: Performance, env: Reading): Problems => {
  if (performance.detail === undefined || performance.phase === "callbacks" || performance.phase === "job") {
    return nothing
  }
  return both(
    planFor(performance).all.map(({ children, name, row }): Problems => {
      // no code of the program's unwinds children
      if (children) return nothing
      const problem = { kind: "compensation", means: "notUndone", of: name } as const
      if (compensationFor(performance, row) === undefined) {
        return Effect.succeed([{ ...problem, problem: "the definition no longer has what undoes the step" }])
      }
      return isGiven(performance, row)
        ? reads(() => givenTo(performance, row, env), {
          ...problem,
          payload: row === undefined ? performance.outcome?.result : row.result
        })
        : nothing
    })
  )
}

/** Whether what undoes it is given its result: else it is given why there is none, which is read whatever it is. */
const isGiven = ({ outcome }: Performance, row: StoredStep | undefined): boolean =>
  row === undefined ? outcome !== undefined : row.status === "succeeded"

const outcomeProblems = (performance: Performance): Problems => {
  const { outcome, phase, runnable } = performance
  if (
    phase !== "callbacks" || outcome === undefined ||
    !runnable.callbacks.some(({ statuses }) => statuses.some((status) => status === outcome.status))
  ) return nothing
  return reads(() => outcomeFor(performance, outcome), {
    kind: "outcome",
    means: "fails",
    payload: outcome.result
  })
}
