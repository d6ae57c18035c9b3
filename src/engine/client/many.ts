/** Plans what is to be done with many actions, and has it done by an action of the engine's own (rule 18.4). */
import * as Effect from "effect/Effect"
import type { ActionHandle } from "../../ActionHandle.ts"
import { isName, nameRule } from "../../Actor.ts"
import { isActionId, priorityLimits } from "../../domain/Phase.ts"
import type { Engine } from "../../Engine.ts"
import {
  ManyAsked,
  type ManyFilter,
  type ManyOptions,
  type ManyPlan,
  type ManyPlanKey,
  type ManySummary,
  type ManyVerb
} from "../../Many.ts"
import { type EnqueueError, type InvalidActorId, InvalidQuery } from "../../SteppedError.ts"
import { byOf, limitOf, operationOf, textOf, timeOf, withinOf } from "../../store/asked.ts"
import { type Fields, knownOnly } from "../../store/strictly.ts"
import { encodeActorId } from "../invoke/invocation.ts"
import { boundsOf } from "../many/asking.ts"
import { type Asked, forMany, Operator } from "../many/definition.ts"
import type { ClientContext } from "./context.ts"

/** Up to how many are counted for a plan. */
const countedMax = 10_000
const samplesMax = 5
const batchLimit = { otherwise: 100, most: 1000 }
const rateMost = 10_000

type Client = Engine["Service"]["client"]
type Filter = Asked["filter"]
const conditions = ManyAsked.fields.filter.fields

export const make = (
  { newActionId, now, store }: Pick<ClientContext, "store" | "now" | "newActionId">,
  client: Client
): Engine["Service"]["forMany"] =>
(asked, verb, planned) =>
  Effect.gen(function*() {
    yield* checkVerb(verb)
    if (planned !== undefined) yield* checkPlanned(planned, yield* now)
    const filter = yield* filterOf(asked)
    const within = yield* withinOf("Stepped.forMany", filter)
    const at = planned?.at ?? (yield* now)
    const id = planned?.id ?? newActionId(at)
    // what is deleted of them must not let older ones in
    const failedSince = planned !== undefined
      ? planned.failedSince
      : filter.failure === undefined
      ? undefined
      : (yield* store.failures(
        { before: new Date(at + 1), actorType: undefined, name: undefined, since: undefined },
        1
      )).from?.getTime()
    const plan = { id, at, filter, verb, ...failedSince === undefined ? {} : { failedSince } }
    const bounds = within && {
      ...within,
      ...boundsOf(plan),
      ...filter.parent === undefined ? {} : { parent: (yield* store.actionsOf([filter.parent]))[0] }
    }
    const meant = { ...filter, after: id }
    const groups = bounds === undefined ? [] : yield* store.countLike(meant, countedMax + 1, bounds)
    const found = groups.reduce((sum, group) => sum + group.count, 0)
    const count = Math.min(found, countedMax)
    // an argument is the same however many are left of them when the plan is started again
    const countedThen = planned?.count ?? count
    const key: ManyPlanKey = { id, at, count: countedThen, ...failedSince === undefined ? {} : { failedSince } }
    const methods = client(Operator, [forMany])(verb.verb)["with"]!({ id })
    const calling = (method: "forManyNow" | "forManyLater", argument: Asked) =>
      methods[method](argument) as Effect.Effect<ActionHandle<ManySummary>, EnqueueError>
    const argumentFor = (options: ManyOptions) => argumentOf({ ...plan, count: countedThen }, options)
    const record = ({ by, reason }: Asked) =>
      Effect.gen(function*() {
        if ((yield* store.askedOf(id, [id])).has(id)) return
        const operation = yield* operationOf(now, "Stepped.forMany", id, { by, reason })
        yield* store.recordOutcome({ ...operation, through: id }, "done")
      })
    return {
      id,
      key,
      verb,
      count,
      hasMore: found > countedMax,
      groups,
      samples: bounds === undefined ? [] : yield* store.actionsLike(meant, samplesMax, bounds),
      start: (options) =>
        Effect.flatMap(
          argumentFor(options),
          (argument) => store.withTransaction(Effect.tap(calling("forManyLater", argument), () => record(argument)))
        ),
      startNow: (options) => Effect.flatMap(argumentFor(options), (argument) => calling("forManyNow", argument))
    } satisfies ManyPlan
  })

const refuse = (field: string, value: unknown, takes: string) =>
  new InvalidQuery({ field, value: String(value), takes })

/** How far clocks of processes may be apart, and ids of one engine before its clock. */
const planSlackMs = 60_000

/** The time of a plan is that of its id, it was made before now, and as many were counted as are. */
const checkPlanned = ({ at, count = 0, id }: ManyPlanKey, now: number): Effect.Effect<void, InvalidQuery> =>
  isActionId(id) && Math.abs(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) - at) <= planSlackMs &&
    at <= now + planSlackMs && Number.isInteger(count) && count >= 0 && count <= countedMax
    ? Effect.void
    : Effect.fail(
      refuse("plan of Stepped.forMany", JSON.stringify({ id, at, count }), "the key of a plan, as it has it")
    )

const checkVerb = (verb: ManyVerb): Effect.Effect<void, InvalidQuery> =>
  Effect.gen(function*() {
    switch (verb.verb) {
      case "ActionRepo.retry": {
        if (verb.from === undefined) return
        if (verb.upwards === true) {
          return yield* refuse(
            "from of Stepped.forMany",
            verb.from,
            "nothing beside upwards: the step would be another's"
          )
        }
        yield* stepOf("from", verb.from)
        return
      }
      case "ActionRepo.tryStepAgain":
      case "ActionRepo.skipStep":
      case "ActionRepo.failStep": {
        if (verb.step !== undefined) yield* stepOf("step", verb.step)
        return
      }
      case "JobQueue.reprioritise": {
        const { least, most } = priorityLimits
        if (Number.isInteger(verb.priority) && verb.priority >= least && verb.priority <= most) return
        return yield* refuse("priority of Stepped.forMany", verb.priority, `a whole number from ${least} to ${most}`)
      }
      case "JobQueue.reschedule": {
        yield* timeOf("at of Stepped.forMany", verb.at)
        return
      }
      default:
    }
  })

const stepOf = (field: string, name: string) =>
  isName(name) ? Effect.void : Effect.fail(refuse(`${field} of Stepped.forMany`, JSON.stringify(name), nameRule))

/** What is asked for, as it is stored. */
export const filterOf = (
  { action, actor, ...given }: ManyFilter
): Effect.Effect<Filter, InvalidQuery | InvalidActorId> =>
  Effect.gen(function*() {
    for (const [one, others] of [["actor", ["actorType", "actorId"]], ["action", ["name"]]] as const) {
      const other = others.find((field) => given[field] !== undefined)
      if ((one === "actor" ? actor : action) !== undefined && other !== undefined) {
        return yield* refuse(`${other} of Stepped.forMany`, given[other], `nothing beside ${one}`)
      }
    }
    yield* knownOnly("Stepped.forMany", given, conditions)
    const filter: Filter = {
      ...given,
      ...actor === undefined ? {} : { actorType: actor.type, actorId: yield* encodeActorId(actor) },
      ...action === undefined ? {} : { name: action.name }
    }
    const says = Object.values(filter).some((value) => value !== undefined && value !== false)
    if (!says) {
      return yield* refuse(
        "filter of Stepped.forMany",
        "{}",
        "at least one condition: no verb is for everything"
      )
    }
    return filter
  })

const optionFields: Fields<ManyOptions> = { reason: true, by: true, rate: true, batch: true }

const argumentOf = (
  plan: Pick<Asked, "id" | "at" | "count" | "verb" | "filter" | "failedSince">,
  options: ManyOptions
): Effect.Effect<Asked, InvalidQuery> =>
  Effect.gen(function*() {
    yield* knownOnly("Stepped.forMany", options, optionFields)
    const { batch, by, rate, reason } = options
    if (rate !== undefined && !(rate > 0 && rate <= rateMost)) {
      return yield* refuse(
        "rate of Stepped.forMany",
        rate,
        `a number of actions a second, above 0 and up to ${rateMost}`
      )
    }
    return {
      ...plan,
      by: yield* byOf("Stepped.forMany", by),
      reason: yield* textOf("reason of Stepped.forMany", reason, 1000),
      batch: yield* limitOf("batch of Stepped.forMany", batch, batchLimit),
      ...rate === undefined ? {} : { rate }
    }
  })
