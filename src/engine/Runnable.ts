/**
 * Definitions as they run: their own steps and callbacks and those that others have added, and what no two of them may share.
 */
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { AnyAction, CallbackDefinition, Definition } from "../Action.ts"
import type { AnyActorClass, PlainSchema } from "../Actor.ts"
import { type StepIdentity, Undo } from "../domain/Phase.ts"
import { type AfterStatus, afterStatuses } from "../Outcome.ts"
import type { StepDefinition } from "../StepDefinition.ts"
import { DefinitionError } from "../SteppedError.ts"
import { type StepDefaults, type StepPolicy, withDefaults } from "../StepPolicy.ts"

/** User code with the services that its layer captured. */
export interface Bound<A> {
  readonly run: A
  readonly context: Context.Context<never>
}

export type Body = (...args: ReadonlyArray<any>) => any

/** A step as it runs: the definition's own, a prepended one, or the one generated for a method or a job. */
export interface RunnableStep extends StepIdentity {
  /** The definition that it belongs to, or was prepended to. */
  readonly of: string
  readonly transactional: boolean
  readonly result: PlainSchema | undefined
  readonly policy?: StepPolicy | undefined
  readonly body: Bound<Body>
}

/** Steps that the engine has generated do not show in paths. */
export const isGenerated = ({ kind }: Pick<StepIdentity, "kind">): boolean =>
  kind === "method" || kind === "job" || kind === "replayed"

/** A callback as it runs: the definition's own, or one that was added to it. */
export interface RunnableCallback extends Bound<Body> {
  readonly statuses: ReadonlyArray<AfterStatus>
  /** An addition's own, and the definition that it was added to. */
  readonly name: string | undefined
  readonly of: string
  /** What it is known by, in every process and version, and whoever inherits it. */
  readonly identity: string
}

/** A definition that this process can run, additions included. */
export interface Runnable {
  readonly key: string
  readonly actor: AnyActorClass
  readonly action: AnyAction
  readonly definition: Definition
  readonly context: Context.Context<never>
  readonly steps: ReadonlyArray<RunnableStep>
  /** The names of the prepended ones among them. */
  readonly prepended: ReadonlyArray<string>
  readonly callbacks: ReadonlyArray<RunnableCallback>
  readonly flags: number
  /**
   * The action's success, encoded, where its last step is passed and gives none; nothing if it can have none then. What takes an effect, as
   * encrypting does, is encoded anew for each of them (`anew`).
   */
  readonly nothing: { readonly encoded: unknown; readonly anew?: Effect.Effect<unknown, unknown> } | undefined
  /** Hooks and effectful keys run in the worker before the lane is taken. */
  readonly prepare: boolean
}

/** A callback of a definition or of additions, before its place among the others is known. */
export type BoundCallback = Bound<Body> & Pick<CallbackDefinition, "name" | "statuses">

/** What a step's row says about undoing it: bits of `Undo`; nothing where there is nothing to say. */
export const undoOf = (policy: StepPolicy | undefined): number | undefined =>
  policy === undefined ? undefined : (policy.compensate === undefined ? 0 : Undo.compensate)
      | (policy.compensateFailed === undefined ? 0 : Undo.compensateFailed)
      | (policy.pointOfNoReturn === true ? Undo.pointOfNoReturn : 0) | (policy.unwind === true ? Undo.unwind : 0) ||
    undefined

export const mayBePassed = ({ policy }: RunnableStep): boolean => policy?.mayFail === true || policy?.when !== undefined

export const ownStep = (
  step: StepDefinition,
  of: string,
  context: Context.Context<never>,
  defaults?: StepDefaults
): RunnableStep => ({
  ...step,
  of,
  policy: withDefaults(step.policy, defaults),
  body: { run: step.body, context }
})

export const generatedStep = (
  kind: "method" | "job" | "replayed",
  name: string,
  of: string,
  body: Bound<Body>
): RunnableStep => ({
  name,
  kind,
  of,
  transactional: false,
  result: undefined,
  body
})

const originOf = ({ kind, name, of }: RunnableStep): string =>
  kind === "prepended"
    ? `${name} is prepended to ${of}`
    : isGenerated({ kind })
    ? `the ${kind} of ${of} is the step ${name}`
    : `${of} has a step ${name}`

/** A prepended step is known by its name, which no other step of the action may have. */
export const checkSteps = (key: string, steps: ReadonlyArray<RunnableStep>): void => {
  const named = new Map<string, RunnableStep>()
  // from the back: the definition first, then what was added to it, in its order
  for (const step of steps.toReversed()) {
    const other = named.get(step.name)
    if (other !== undefined) {
      throw new DefinitionError({
        message: `${key} has two steps named ${step.name}: ${originOf(other)}, and ${originOf(step)}` +
          `${other.of === step.of && other.kind === step.kind ? " again" : ""}. Give the prepended one another name`
      })
    }
    named.set(step.name, step)
  }
}

/** Their statuses, and a name or, among those without one, a position; what has other statuses may come and go before them. */
export const identified = (
  of: string,
  origin: string,
  callbacks: ReadonlyArray<BoundCallback>
): ReadonlyArray<RunnableCallback> => {
  const counts = new Map<string, number>()
  return callbacks.map(({ context, name, run, statuses }) => {
    const all = afterStatuses.filter((status) => statuses.includes(status)).join("+")
    if (name !== undefined) return { context, run, statuses, name, of, identity: `${origin}:${name}:${all}` }
    const position = (counts.get(all) ?? 0) + 1
    counts.set(all, position)
    return { context, run, statuses, name, of, identity: `${origin}:${all}:${position}` }
  })
}

/** A named callback is known by its name, which no other one of the action may have. */
export const checkCallbacks = (key: string, callbacks: ReadonlyArray<RunnableCallback>): void => {
  const named = new Map<string, RunnableCallback>()
  for (const callback of callbacks) {
    if (callback.name === undefined) continue
    const other = named.get(callback.name)
    if (other !== undefined) {
      throw new DefinitionError({
        message: `${key} has two callbacks named ${callback.name}: one is added to ${other.of}, ` +
          `${
            other.of === callback.of ? "and so is the other" : `the other to ${callback.of}`
          }. Give one of them another name`
      })
    }
    named.set(callback.name, callback)
  }
}
