/**
 * What the options of verbs and readers take, by one table for all of them: a field that is not known, as one that is misspelt, is refused with its name. It would say nothing, and more
 * would be meant than was asked for: all actions in place of those of an actor.
 */
import * as Effect from "effect/Effect"
import type { AchievementStore } from "../AchievementStore.ts"
import type { ActionFilter } from "../ActionRecord.ts"
import type { ActionRepo } from "../ActionRepo.ts"
import type { JobQueue } from "../JobQueue.ts"
import type { OperatorOptions } from "../Operation.ts"
import type { PauseOptions } from "../Pause.ts"
import type { PerformanceLane } from "../PerformanceLane.ts"
import type { Schedules } from "../Schedules.ts"
import { InvalidQuery } from "../SteppedError.ts"

type KeysOf<O> = O extends unknown ? keyof O & string : never

/** All fields of some options: one that is added to their type has to be added where these stand. */
export type Fields<O> = { readonly [Field in KeysOf<NonNullable<O>>]: true }

/** Where the options of a method are among what it is given, as the last of that, and what they are. */
type OptionsOf<Method> = Method extends (...given: infer Given) => Effect.Effect<unknown, infer E, infer _>
  ? InvalidQuery extends E
    ? Required<Given> extends readonly [...infer Before, infer Last]
      ? [NonNullable<Last>] extends [object] ? [NonNullable<Last>] extends [Date | ReadonlyArray<unknown>] ? never
        : readonly [at: Before["length"], fields: Fields<Last>]
      : never
    : never
  : never
  : never

/** What the methods of a service take: all of those that have options, and can say that these are wrong. */
export type Takes<Service> = {
  readonly [Method in keyof Service as [OptionsOf<Service[Method]>] extends [never] ? never : Method]: OptionsOf<
    Service[Method]
  >
}

/** What is wrong with some options: the first field that is not known, or that they are none. */
export interface Strange {
  readonly field: string
  readonly value: string
  readonly takes: string
}

/** A text may be long; of anything else its type is enough. */
const shown = (value: unknown): string =>
  typeof value === "string" ? JSON.stringify(value.slice(0, 100)) : value === null ? "null" : typeof value

const namesOf = (known: object): string => Object.keys(known).join(", ")

/** What of some options is not known. */
export const strangeIn = (options: unknown, known: object): Strange | undefined => {
  if (options === undefined) return undefined
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    return { field: "options", value: shown(options), takes: `an object with some of ${namesOf(known)}` }
  }
  const field = Object.keys(options).find((name) => !Object.hasOwn(known, name))
  return field === undefined ? undefined : {
    field: field.slice(0, 100),
    value: shown(Reflect.get(options, field)),
    takes: `nothing, as there is no such field: there are ${namesOf(known)}`
  }
}

/** Refuses options with a field that is not known. */
export const knownOnly = (verb: string, options: unknown, known: object): Effect.Effect<void, InvalidQuery> => {
  const strange = strangeIn(options, known)
  return strange === undefined
    ? Effect.void
    : Effect.fail(new InvalidQuery({ ...strange, field: `${strange.field} of ${verb}` }))
}

type Method = (...given: ReadonlyArray<unknown>) => Effect.Effect<unknown, unknown, unknown>

/** The methods of a service, whose options are looked at before anything else. */
export const strictly = <Service extends object>(
  name: string,
  takes: Takes<Service>,
  service: Service
): Service => {
  const strict = Object.entries<readonly [number, object]>(takes).map(([method, [at, known]]) => {
    const asked = Reflect.get(service, method) as Method
    const checked: Method = (...given) =>
      Effect.andThen(knownOnly(`${name}.${method}`, given[at], known), Effect.suspend(() => asked(...given)))
    return [method, checked] as const
  })
  return { ...service, ...Object.fromEntries(strict) }
}

const operator: Fields<OperatorOptions> = { by: true, reason: true }
const pausing: Fields<PauseOptions> = { by: true, reason: true }
const definition = { actorType: true, name: true } as const
const aged = { ...operator, before: true, limit: true } as const
const history = { before: true, retention: true, asOf: true, from: true, limit: true } as const

export const conditions: Fields<ActionFilter> = {
  ...definition,
  actorId: true,
  statuses: true,
  roots: true,
  parent: true,
  tag: true,
  since: true,
  before: true,
  after: true,
  startedBy: true,
  retryOf: true,
  callbacksFailed: true,
  held: true,
  notUndone: true,
  toResume: true,
  failure: true,
  brief: true,
  limit: true
}

export const ofRepo: Takes<ActionRepo["Service"]> = {
  list: [0, conditions],
  page: [0, conditions],
  count: [0, conditions],
  failures: [0, { ...definition, since: true, before: true, limit: true }],
  changed: [1, { limit: true, watched: true }],
  tree: [1, { limit: true }],
  asked: [0, { ...definition, limit: true }],
  tryStepAgain: [1, operator],
  skipStep: [1, operator],
  completeStep: [2, operator],
  failStep: [1, operator],
  abandonUnwinding: [1, operator],
  compensateAgain: [1, operator],
  retry: [1, { ...operator, from: true, upwards: true }],
  resumeExecution: [1, operator],
  interruptExecution: [1, operator],
  forget: [1, { ...operator, dryRun: true, limit: true }],
  delete: [1, operator],
  deleteEnded: [0, { ...operator, ...history, export: true }],
  planDeletion: [0, history],
  deleteOutcomes: [0, aged],
  operations: [0, {
    verbs: true,
    target: true,
    by: true,
    outcome: true,
    through: true,
    since: true,
    before: true,
    limit: true,
    after: true
  }],
  deleteOperations: [0, aged],
  recordDenied: [0, { ...operator, verb: true, target: true }]
}

export const ofQueue: Takes<JobQueue["Service"]> = {
  queued: [0, { after: true, limit: true }],
  reprioritise: [2, operator],
  reschedule: [2, operator],
  pause: [1, pausing],
  resume: [1, operator],
  drain: [1, operator],
  definitions: [0, { ...definition, current: true, newest: true, after: true, limit: true }]
}

export const ofLanes: Takes<PerformanceLane["Service"]> = {
  list: [0, { after: true, limit: true }],
  pause: [1, pausing],
  resume: [1, operator]
}

export const ofAchievements: Takes<AchievementStore["Service"]> = {
  list: [0, { after: true, limit: true }],
  forget: [1, operator],
  forgetAll: [0, { ...aged, ...definition, below: true }]
}

export const ofSchedules: Takes<Schedules["Service"]> = {
  remove: [1, operator],
  list: [0, { actorType: true, actorId: true, action: true, source: true, after: true, limit: true }],
  history: [1, { limit: true, before: true }],
  pause: [1, pausing],
  resume: [1, operator],
  pauseAll: [0, pausing],
  resumeAll: [0, operator],
  run: [1, operator],
  backfill: [2, { ...operator, dryRun: true }]
}
