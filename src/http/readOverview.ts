/** Answers what is asked of the whole: lanes, queues, workers, failures, operations, the database. */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import { AchievementStore } from "../AchievementStore.ts"
import { ActionRepo } from "../ActionRepo.ts"
import { renderDatabaseHealth } from "../DatabaseHealth.ts"
import { Engine } from "../Engine.ts"
import { JobQueue } from "../JobQueue.ts"
import { type Lane, PerformanceLane } from "../PerformanceLane.ts"
import { Api } from "./Api.ts"
import { ask, askAll, Asking } from "./asking.ts"
import { makeAttention } from "./attention.ts"
import { BadRequest } from "./HttpError.ts"
import { openGroup } from "./messages.ts"
import { Operator } from "./Operator.ts"
import { pageOtherwise } from "./paging.ts"
import { makePayloads } from "./payloads.ts"

/** How far the list of lanes reaches, which is read from its beginning each time. */
const farthest = 10_000

/** What tells a lane from all others, in their order: its name, if it has one, and its key. */
const LaneCursor = Schema.fromJsonString(Schema.Tuple([Schema.NullOr(Schema.String), Schema.String]))
type LaneCursor = typeof LaneCursor.Type

const readLaneCursor = Schema.decodeUnknownEffect(LaneCursor)

const laneCursor = ({ key, name }: Lane): LaneCursor => [name ?? null, key]

/** As Postgres compares them: what has no name first, texts by their bytes. */
const compareText = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
const compareLanes = ([name, key]: LaneCursor, [otherName, otherKey]: LaneCursor): number =>
  name === otherName
    ? compareText(key, otherKey)
    : name === null
    ? -1
    : otherName === null
    ? 1
    : compareText(name, otherName)

/** The page behind a lane, which may have gone by now. */
const pageOfLanes = (lanes: ReadonlyArray<Lane>, after: LaneCursor | undefined, limit: number) => {
  const rest = after === undefined ? lanes : lanes.filter((lane) => compareLanes(laneCursor(lane), after) > 0)
  const items = rest.slice(0, limit)
  const last = items.at(-1)
  return { items, next: rest.length > limit && last !== undefined ? JSON.stringify(laneCursor(last)) : undefined }
}

export const OverviewLive = HttpApiBuilder.group(
  Api,
  "overview",
  Effect.fnUntraced(function*(handlers) {
    const asking = yield* Asking
    const repo = yield* ActionRepo
    const queue = yield* JobQueue
    const lanes = yield* PerformanceLane
    const achievements = yield* AchievementStore
    const engine = yield* Engine
    const payloads = yield* makePayloads
    const attention = yield* makeAttention
    // everybody who looks may ask for it, and it has no end but its own: one at a time, so that it takes one connection
    const examining = yield* Semaphore.make(1)

    return handlers.handleAll({
      attention: () => attention,
      lanes: Effect.fnUntraced(function*({ query: { after, limit = pageOtherwise } }) {
        const cursor = after === undefined ? undefined : yield* Effect.mapError(
          readLaneCursor(after),
          () => new BadRequest({ field: "after", message: "after is the `next` of the page before" })
        )
        const found = yield* ask(asking, lanes.list({ limit: cursor === undefined ? limit + 1 : farthest }))
        return pageOfLanes(found, cursor, limit)
      }),
      queues: () => ask(asking, queue.backlog),
      queued: ({ query: { after, limit = pageOtherwise } }) =>
        Effect.map(ask(asking, queue.queued({ after, limit: limit + 1 })), (found) => ({
          items: found.slice(0, limit),
          next: found.length > limit ? found[limit - 1]?.place : undefined
        })),
      pauses: () => ask(asking, queue.pauses),
      workers: () => ask(asking, queue.workers),
      errors: Effect.fnUntraced(function*({ query }) {
        const { mayReadPayloads } = yield* Operator
        const found = yield* ask(asking, repo.failures(query))
        return mayReadPayloads ? found : { ...found, groups: found.groups.map(openGroup) }
      }),
      definitions: ({ query: { limit, ...filter } }) =>
        ask(asking, queue.definitions({ ...filter, limit: limit ?? pageOtherwise })),
      asked: ({ query }) => ask(asking, repo.asked(query)),
      operations: ({ query: { limit = pageOtherwise, verb, ...filter } }) =>
        Effect.map(ask(asking, repo.operations({ ...filter, verbs: verb, limit })), (items) => ({
          items,
          next: items.length === limit ? items.at(-1)?.id : undefined
        })),
      achievements: Effect.fnUntraced(function*({ query: { key, limit = pageOtherwise } }) {
        const { mayReadPayloads } = yield* Operator
        const found = yield* ask(
          asking,
          key === undefined
            ? achievements.list({ limit })
            : Effect.map(achievements.find(key), Option.toArray)
        )
        return yield* Effect.forEach(found, (achievement) =>
          Effect.map(
            ask(asking, payloads.of(achievement, mayReadPayloads)),
            (shows) => ({ ...achievement, result: shows.result(achievement.result) })
          ))
      }),
      database: () =>
        Effect.map(ask(asking, engine.databaseHealth), (health) => ({ ...health, text: renderDatabaseHealth(health) })),
      doctor: () => examining.withPermit(askAll(engine.doctor))
    })
  })
)
