/**
 * Whether a program would still perform every action that is queued or live: what a deploy is asked before it is made.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { counted, drawn, joined, leaf, type Node } from "./domain/drawing.ts"
import { shown } from "./domain/shown.ts"
import { Engine } from "./Engine.ts"
import type { DefinitionError, InvalidOption, StorageError } from "./SteppedError.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * What of an action does not fit.
 *
 * **Details**
 *
 * - `definition`: the program has no such action.
 * - `actor`: the actor's id does not fit its schema.
 * - `arguments`: they do not fit their schemas.
 * - `payload`: what an execution of a workflow was given does not fit its schema.
 * - `nextStep`: the step that the action is in, or that is next, is not there; or no step is.
 * - `endedStep`: a step that has run is not there.
 * - `skippedStep`: a step has not run and is not run, since it stands before one that has.
 * - `job`: what its job was to do the program does by steps.
 * - `result`: what a step has given, or a child of it, cannot be read.
 * - `compensation`: what a step has done cannot be undone, since what undoes it is not there, or cannot read its result.
 * - `outcome`: the action's callbacks cannot read how it has ended.
 * - `signal`: what was sent and is not read yet cannot be read, or the action waits for a signal, or was sent one, that it does not list.
 * - `lane`: it has joined another lane than it would join now.
 * - `queue`: no action of the program has its queue.
 * - `unread`: it could not be looked at within the time that a statement has.
 *
 * @category models
 * @since 0.1.0
 */
export type MisfitKind =
  | "definition"
  | "actor"
  | "arguments"
  | "payload"
  | "nextStep"
  | "endedStep"
  | "skippedStep"
  | "job"
  | "result"
  | "compensation"
  | "outcome"
  | "signal"
  | "lane"
  | "queue"
  | "unread"

/**
 * What the engine does with an action that does not fit.
 *
 * **Details**
 *
 * `waits`: nobody goes on with it, as long as no worker has what is missing. `fails`: its step, or the action, fails. `suspends`: the execution is suspended, until somebody resumes it. `notUndone`: should it not
 * succeed, something stays done. `differs`: it goes on, and otherwise than one that is enqueued now. `unknown`: that is not known. `notice`: it goes on, and
 * somebody may want to know; alone, this is no misfit.
 *
 * @category models
 * @since 0.1.0
 */
export type MisfitMeaning = "waits" | "fails" | "suspends" | "notUndone" | "differs" | "unknown" | "notice"

/**
 * One of the actions that do not fit.
 *
 * @category models
 * @since 0.1.0
 */
export interface MisfitSample {
  readonly actionId: string
  readonly actorId: string
  readonly status: "queued" | "pending" | "performing"
  /** What does not fit and where, or what the engine does; without the values. */
  readonly problem: string
  /** What is stored and does not fit, as JSON; only where that was asked for, and there is such a thing. */
  readonly payload?: unknown
}

/**
 * Actions of a definition that do not fit in the same way.
 *
 * @category models
 * @since 0.1.0
 */
export interface Misfit {
  readonly kind: MisfitKind
  readonly means: MisfitMeaning
  readonly actorType: string
  readonly name: string
  /** The step, the signal or the queue that it is about; none of other kinds. */
  readonly of: string | undefined
  /** How many actions. */
  readonly count: number
  /** What it is, in words. */
  readonly text: string
  /** The first ones by their ids. */
  readonly samples: ReadonlyArray<MisfitSample>
}

/**
 * What of a stored schedule does not fit.
 *
 * **Details**
 *
 * - `definition`: the program has no such action.
 * - `times`: when it fires cannot be read, as where this machine does not know its zone.
 * - `actor`: the actor's id does not fit its schema.
 * - `arguments`: they do not fit their schemas.
 * - `taken`: the program declares a schedule under the name of a row.
 * - `undeclared`: it was declared by code, and the program does not declare it.
 *
 * @category models
 * @since 0.1.0
 */
export type ScheduleMisfitKind = "definition" | "times" | "actor" | "arguments" | "taken" | "undeclared"

/**
 * Schedules of an action that do not fit in the same way.
 *
 * @category models
 * @since 0.1.0
 */
export interface ScheduleMisfit {
  readonly kind: ScheduleMisfitKind
  /** `waits`: it does not fire. `fails`: what it enqueues fails. `notice`: it does not fire, and that is meant. */
  readonly means: "waits" | "fails" | "notice"
  readonly actorType: string
  /** The name of the action. */
  readonly name: string
  /** How many schedules. */
  readonly count: number
  /** What it is, in words. */
  readonly text: string
  /** The first ones by their names. */
  readonly samples: ReadonlyArray<{
    /** The name of the schedule. */
    readonly schedule: string
    readonly actorId: string
    /** What does not fit and where; without the values. */
    readonly problem: string
    /** What is stored and does not fit, as JSON; only where that was asked for, and there is such a thing. */
    readonly payload?: unknown
  }>
}

/**
 * Whether the program would perform what is queued and live, and what stored schedules enqueue.
 *
 * @category models
 * @since 0.1.0
 */
export interface Check {
  /** When it began. */
  readonly at: Date
  /** Whether nothing was found beyond notices. */
  readonly fits: boolean
  /** What was looked at. */
  readonly looked: {
    readonly queued: number
    readonly pending: number
    readonly performing: number
    /** Those that nobody has read yet. */
    readonly signals: number
    /** Those that have a slot to come. */
    readonly schedules: number
  }
  /** How many of these actions do not fit, in one way or several. */
  readonly unfit: number
  /** By definition; of one definition first what keeps it from going on. 1,000 at most. */
  readonly misfits: ReadonlyArray<Misfit>
  /** How many of the schedules do not fit. */
  readonly unfitSchedules: number
  /** By action, as above. */
  readonly schedules: ReadonlyArray<ScheduleMisfit>
  /** How often an action, or a schedule, does not fit in further ways. */
  readonly leftOut: number
  /** Of how many actions the lane could not be compared: a key takes an effect, or the arguments that it was computed from are not known any more. */
  readonly lanesLeftOut: number
}

/**
 * What of it is asked.
 *
 * @category models
 * @since 0.1.0
 */
export interface CheckOptions {
  /** How many actions, or schedules, are named of each misfit: 3 if not given, 100 at most. */
  readonly samples?: number | undefined
  /** Whether what is stored and does not fit is given: it may be secret. Not, if not given. */
  readonly payloads?: boolean | undefined
}

// -------------------------------------------------------------------------------------------------------------------
// asking
// -------------------------------------------------------------------------------------------------------------------

/**
 * Asks whether this program would still perform every action that is queued or live, by the definitions that it has: of each whether its definition and its
 * next step are there, its arguments, results and signals can be read, what it has done can be undone, and its lane is the one that it would join. And of each stored schedule
 * whether its action is there, and reads what is stored for it.
 *
 * **When to use**
 *
 * Before a deploy, with the new program and the database of the running one: `stepped check ./app.ts` does that from a shell. It is an answer about
 * the moment: what the running program enqueues afterwards is not in it.
 *
 * **Details**
 *
 * Nothing is performed, and nothing is written: it needs a role that may only select, and may ask a replica. What is stored is read page by page, by
 * statements of two seconds at most on connections of its own beside the pool, and decoded as a worker decodes it. An action is looked at once; one
 * that comes after it has begun is not.
 *
 * Schemas and plain key functions of the program run, and no effect of it. So not known is what only a body says: which children it enqueues
 * again, the schema of what `Step.once` has stored, and of a retried action that is queued where it goes on. Of a key that is computed from arguments only
 * those actions are compared whose arguments are still the given ones; of how many not is in the answer.
 *
 * Workers that are to go on with what others have begun need the same names: `endedStep`, `nextStep` and `skippedStep` say what a
 * renamed, dropped or moved step means for actions that are beyond it.
 *
 * **Gotchas**
 *
 * The definitions have to be there: provide their layers before. A worker of the same layer performs, as ever.
 *
 * **Example** (A gate before a deploy)
 *
 * ```ts
 * import { Console, Effect } from "effect"
 * import { Stepped } from "stepped"
 *
 * const gate = Effect.gen(function*() {
 *   const check = yield* Stepped.check()
 *   yield* Console.log(Stepped.renderCheck(check))
 *   return check.fits
 * })
 * ```
 *
 * @category asking
 * @since 0.1.0
 */
export const check = (
  options: CheckOptions = {}
): Effect.Effect<Check, StorageError | InvalidOption | DefinitionError, Engine> =>
  Effect.flatMap(Engine, (engine) => engine.check(options))

// -------------------------------------------------------------------------------------------------------------------
// writing
// -------------------------------------------------------------------------------------------------------------------

/**
 * Writes it as text for a terminal: a line for each misfit, with the actions that are named below it.
 *
 * @category writing
 * @since 0.1.0
 */
export const renderCheck = (check: Check): string =>
  drawn({
    line: headline(check),
    below: [
      ...check.misfits.map(misfitNode),
      ...check.schedules.map(scheduleNode),
      ...check.leftOut === 0 ? [] : [leaf(`${counted(check.leftOut, "time")} more, in further ways`)],
      ...check.lanesLeftOut === 0
        ? []
        : [leaf(`the lanes of ${counted(check.lanesLeftOut, "action")} could not be compared`)]
    ]
  })

const headline = ({ looked: { pending, performing, queued, schedules, signals }, unfit, unfitSchedules }: Check) => {
  const fitting = (unfit: number, count: number, one: string) => {
    const all = counted(count, one)
    return unfit > 0
      ? `${unfit} of ${all} ${unfit === 1 ? "does" : "do"} not fit`
      : count === 1
      ? `${all} fits`
      : `all of ${all} fit`
  }
  const of = `${queued} queued, ${pending} pending, ${performing} performing, ${counted(signals, "unread signal")}`
  const actions = `${fitting(unfit, queued + pending + performing, "action")} (${of})`
  return schedules === 0 ? actions : `${actions}; ${fitting(unfitSchedules, schedules, "schedule")}`
}

const words: Readonly<Record<MisfitMeaning, string>> = {
  waits: "waits",
  fails: "fails",
  suspends: "suspends",
  notUndone: "not undone",
  differs: "differs",
  unknown: "unknown",
  notice: "notice"
}

const misfitNode = ({ actorType, count, means, name, samples, text }: Misfit): Node => ({
  line: joined(words[means], `${actorType}/${name}`, counted(count, "action"), shown(text, 1000)),
  below: samples.map(({ actionId, actorId, payload, problem, status }) =>
    leaf(joined(
      actionId,
      shown(`${actorType}/${actorId}`),
      status,
      shown(problem, 1000),
      payload === undefined ? undefined : shown(JSON.stringify(payload) ?? "", 1000)
    ))
  )
})

const scheduleNode = ({ actorType, count, means, name, samples, text }: ScheduleMisfit): Node => ({
  line: joined(words[means], `${actorType}/${name}`, counted(count, "schedule"), shown(text, 1000)),
  below: samples.map(({ actorId, payload, problem, schedule }) =>
    leaf(joined(
      shown(schedule),
      shown(`${actorType}/${actorId}`),
      shown(problem, 1000),
      payload === undefined ? undefined : shown(JSON.stringify(payload) ?? "", 1000)
    ))
  )
})
