/**
 * The table of verbs: what operators can ask for, of what, and who may. The command line, HTTP and the dashboard are made of it, so that a verb that is added here is in
 * each of them.
 */
import * as Schema from "effect/Schema"
import { isActionId } from "../domain/Phase.ts"
import type { OperatorVerb } from "../Operation.ts"

/** What somebody may do: look, ask for verbs, or also for those that take something away for good, and of schedules. Who may more, may less. */
export const roles = ["view", "operate", "admin"] as const

export type Role = typeof roles[number]

/** What a verb is asked of. */
export const verbTargets = [
  "action",
  "actor",
  "queue",
  "lane",
  "worker",
  "achievement",
  "history",
  "schedule",
  "schedules",
  "many"
] as const

export type VerbTarget = typeof verbTargets[number]

/** A verb, as far as it is data. */
export interface VerbDefinition<Fields extends Schema.Struct.Fields = Schema.Struct.Fields> {
  /** What asks for it, behind `stepped`. */
  readonly command: string
  /** In one line, as people are shown it. */
  readonly description: string
  readonly role: Exclude<Role, "view">
  readonly of: VerbTarget
  /** Whether it can be asked for of many (`Stepped.forMany`). */
  readonly many: boolean
  /** What it takes, its target first; `reason` and who asks are those of every verb. */
  readonly fields: Fields
}

/** The id of an action. */
export const ActionId = Schema.String.check(
  Schema.makeFilter((text: string) => isActionId(text) || "the id of an action, such as 0199c2f0-…", {
    identifier: "ActionId"
  })
)

/** A text that is not empty. */
const Name = Schema.String.check(Schema.isBetweenLength(1, 1000))

const id = { id: ActionId }

/** The step that is meant; the one that is held, or waits, if none is given. */
const step = { ...id, step: Schema.optionalKey(Name) }

const lane = {
  /** The lane's key, as text. */
  key: Schema.String,
  /** Its name, if it is one of `Stepped.lane`. */
  name: Schema.optionalKey(Name)
}

const PauseTarget = Schema.Union([
  Schema.Literal("everything"),
  Schema.Struct({ queue: Name }),
  Schema.Struct({ actorType: Name, name: Name })
])

/** A schedule, by its name. */
const schedule = { name: Name }

const old = { before: Schema.Date, limit: Schema.optionalKey(Schema.Int) }

/** Who is not let do something is told by role; what takes something away for good is an admin's, and what goes on by the clock. */
export const verbTable = {
  "ActionRepo.tryStepAgain": {
    command: "try-again",
    description: "Have steps begin again now that are held, or wait",
    role: "operate",
    of: "action",
    many: true,
    fields: step
  },
  "ActionRepo.skipStep": {
    command: "skip",
    description: "Skip steps that are held, or wait: the next ones run",
    role: "operate",
    of: "action",
    many: true,
    fields: step
  },
  "ActionRepo.completeStep": {
    command: "complete-step",
    description: "Complete a step that is held, or waits, with a result",
    role: "operate",
    of: "action",
    many: false,
    fields: { ...step, result: Schema.Json }
  },
  "ActionRepo.failStep": {
    command: "fail",
    description: "Fail steps that are held, or wait, for good",
    role: "operate",
    of: "action",
    many: true,
    fields: step
  },
  "ActionRepo.abandonUnwinding": {
    command: "abandon-unwinding",
    description: "Undo nothing more of actions: what is left is listed as not undone",
    role: "operate",
    of: "action",
    many: true,
    fields: id
  },
  "ActionRepo.compensateAgain": {
    command: "compensate-again",
    description: "Run again what undoes ended actions, where that has failed for good",
    role: "operate",
    of: "action",
    many: true,
    fields: id
  },
  "ActionRepo.retry": {
    command: "retry",
    description: "Have new actions go on for ones that have failed, timed out or were cancelled",
    role: "operate",
    of: "action",
    many: true,
    fields: { ...id, upwards: Schema.optionalKey(Schema.Boolean), from: Schema.optionalKey(Name) }
  },
  "ActionRepo.resumeExecution": {
    command: "resume-execution",
    description: "Have executions of workflows go on, also ones that are suspended since they have failed",
    role: "operate",
    of: "action",
    many: true,
    fields: id
  },
  "ActionRepo.interruptExecution": {
    command: "interrupt-execution",
    description: "Interrupt executions of workflows, which do what they do then, and end",
    role: "operate",
    of: "action",
    many: true,
    fields: id
  },
  "ActionRepo.forget": {
    command: "forget",
    description: "Forget what an actor's ended actions were given, and have come to",
    role: "admin",
    of: "actor",
    many: false,
    fields: {
      actorType: Name,
      actorId: Name,
      dryRun: Schema.optionalKey(Schema.Boolean),
      limit: Schema.optionalKey(Schema.Int)
    }
  },
  "ActionRepo.delete": {
    command: "delete",
    description: "Delete ended actions with all below them that nobody reads still",
    role: "admin",
    of: "action",
    many: true,
    fields: id
  },
  "ActionRepo.deleteEnded": {
    command: "prune",
    description: "Delete ended actions that are old, but for what is still read",
    role: "admin",
    of: "history",
    many: false,
    fields: { ...old, from: Schema.optionalKey(ActionId), dryRun: Schema.optionalKey(Schema.Boolean) }
  },
  "ActionRepo.deleteOutcomes": {
    command: "prune --what answers",
    description: "Delete old answers that are kept for what was never stored as an action",
    role: "admin",
    of: "history",
    many: false,
    fields: old
  },
  "ActionRepo.deleteOperations": {
    command: "prune --what operations",
    description: "Delete old records of what operators have done",
    role: "admin",
    of: "history",
    many: false,
    fields: old
  },
  "JobQueue.reprioritise": {
    command: "reprioritise",
    description: "Say how urgent queued actions are",
    role: "operate",
    of: "action",
    many: true,
    fields: { ...id, priority: Schema.Int }
  },
  "JobQueue.reschedule": {
    command: "reschedule",
    description: "Say when queued actions start, or what has failed is tried again",
    role: "operate",
    of: "action",
    many: true,
    fields: { ...id, at: Schema.Date }
  },
  "JobQueue.pause": {
    command: "pause",
    description: "Begin nothing new of a queue, of an action, or of anything",
    role: "operate",
    of: "queue",
    many: false,
    fields: { target: PauseTarget }
  },
  "JobQueue.resume": {
    command: "resume",
    description: "Go on with what was paused",
    role: "operate",
    of: "queue",
    many: false,
    fields: { target: PauseTarget }
  },
  "JobQueue.drain": {
    command: "drain",
    description: "Have a worker finish what it has in hand, and stop",
    role: "operate",
    of: "worker",
    many: false,
    fields: { worker: Name }
  },
  "PerformanceLane.pause": {
    command: "pause --lane",
    description: "Begin nothing new in a lane",
    role: "operate",
    of: "lane",
    many: false,
    fields: lane
  },
  "PerformanceLane.resume": {
    command: "resume --lane",
    description: "Go on in a lane that was paused",
    role: "operate",
    of: "lane",
    many: false,
    fields: lane
  },
  "AchievementStore.forget": {
    command: "forget-achievement",
    description: "Forget that work is achieved, so that it is done again",
    role: "admin",
    of: "achievement",
    many: false,
    fields: { checksumKey: Name }
  },
  "AchievementStore.forgetAll": {
    command: "forget-achievement --below",
    description: "Forget that all work is achieved for which this holds, so that it is done again",
    role: "admin",
    of: "achievement",
    many: false,
    fields: {
      below: Schema.optionalKey(Name),
      before: Schema.optionalKey(Schema.Date),
      actorType: Schema.optionalKey(Name),
      name: Schema.optionalKey(Name),
      limit: Schema.optionalKey(Schema.Int)
    }
  },
  "Schedules.pause": {
    command: "schedules pause",
    description: "Fire none of a schedule's slots until somebody goes on with it",
    role: "admin",
    of: "schedule",
    many: false,
    fields: schedule
  },
  "Schedules.resume": {
    command: "schedules resume",
    description: "Go on with a schedule, with the slot that comes next",
    role: "admin",
    of: "schedule",
    many: false,
    fields: schedule
  },
  "Schedules.run": {
    command: "schedules run",
    description: "Enqueue what a schedule enqueues once, now",
    role: "admin",
    of: "schedule",
    many: false,
    fields: schedule
  },
  "Schedules.backfill": {
    command: "schedules backfill",
    description: "Enqueue what a schedule has missed: slots of a range, each once",
    role: "admin",
    of: "schedule",
    many: false,
    fields: {
      ...schedule,
      from: Schema.Date,
      to: Schema.optionalKey(Schema.Date),
      dryRun: Schema.optionalKey(Schema.Boolean)
    }
  },
  "Schedules.remove": {
    command: "schedules remove",
    description: "Remove a schedule; what it has enqueued stays",
    role: "admin",
    of: "schedule",
    many: false,
    fields: schedule
  },
  "Schedules.pauseAll": {
    command: "schedules pause-all",
    description: "Fire no schedule until somebody goes on with all of them",
    role: "admin",
    of: "schedules",
    many: false,
    fields: {}
  },
  "Schedules.resumeAll": {
    command: "schedules resume-all",
    description: "Go on with all schedules, each with the slot that comes next",
    role: "admin",
    of: "schedules",
    many: false,
    fields: {}
  },
  "Stepped.cancel": {
    command: "cancel",
    description: "Cancel actions, with all below them that nothing else waits for",
    role: "operate",
    of: "action",
    many: true,
    fields: { ...id, compensate: Schema.optionalKey(Schema.Boolean) }
  },
  "Stepped.send": {
    command: "signal",
    description: "Send an action a signal",
    role: "operate",
    of: "action",
    many: false,
    fields: {}
  },
  "Stepped.complete": {
    command: "complete",
    description: "Say how an action ended that somebody outside performs",
    role: "operate",
    of: "action",
    many: false,
    fields: {}
  },
  "Stepped.forMany": {
    command: "cancel --where",
    description: "Ask for a verb of all actions for which something holds",
    role: "operate",
    of: "many",
    many: false,
    fields: {}
  }
} as const satisfies { readonly [V in OperatorVerb]: VerbDefinition }

export type VerbTable = typeof verbTable

/** What is asked for of many, and what an action is told (`telling.ts`): these have shapes of their own. */
const others = ["Stepped.forMany", "Stepped.send", "Stepped.complete"] as const satisfies ReadonlyArray<OperatorVerb>

/** The verbs that are asked for of one thing, by its name and what they take. */
export type OneVerb = Exclude<OperatorVerb, typeof others[number]>

export const isOneVerb = (verb: OperatorVerb): verb is OneVerb => !others.some((other) => other === verb)

/** What each verb takes, decoded. */
export type Inputs = { readonly [V in OneVerb]: Schema.Struct<VerbTable[V]["fields"]>["Type"] }
