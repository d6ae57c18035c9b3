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
import { PerformanceLane } from "../PerformanceLane.ts"
import { Api } from "./Api.ts"
import { ask, askAll, Asking } from "./asking.ts"
import { makeAttention } from "./attention.ts"
import { BadRequest } from "./HttpError.ts"
import { openGroup } from "./messages.ts"
import { Operator } from "./Operator.ts"
import { DefinitionCursor, definitionCursor, LaneCursor, laneCursor, pageOtherwise } from "./paging.ts"
import { makePayloads } from "./payloads.ts"

/** Behind what a page is to go on: none is the first one. */
const cursorOf = <A>(cursor: Schema.Codec<A, string>) => {
  const read = Schema.decodeUnknownEffect(cursor)
  return (after: string | undefined): Effect.Effect<A | undefined, BadRequest> =>
    after === undefined ? Effect.undefined : Effect.mapError(
      read(after),
      () => new BadRequest({ field: "after", message: "after is the `next` of the page before" })
    )
}

const laneAt = cursorOf(LaneCursor)
const definitionAt = cursorOf(DefinitionCursor)

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
        const cursor = yield* laneAt(after)
        const behind = cursor && { name: cursor[0] ?? undefined, key: cursor[1] }
        const found = yield* ask(asking, lanes.list({ after: behind, limit: limit + 1 }))
        const items = found.slice(0, limit)
        return { items, next: found.length > limit ? laneCursor(items.at(-1)!) : undefined }
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
      definitions: Effect.fnUntraced(function*({ query: { after, limit = pageOtherwise, ...filter } }) {
        const cursor = yield* definitionAt(after)
        const behind = cursor && {
          actorType: cursor[0],
          name: cursor[1],
          firstSeen: new Date(cursor[2]),
          hash: cursor[3]
        }
        const found = yield* ask(asking, queue.definitions({ ...filter, after: behind, limit: limit + 1 }))
        const items = found.slice(0, limit)
        return { items, next: found.length > limit ? definitionCursor(items.at(-1)!) : undefined }
      }),
      asked: ({ query }) => ask(asking, repo.asked(query)),
      operations: ({ query: { limit = pageOtherwise, verb, ...filter } }) =>
        Effect.map(ask(asking, repo.operations({ ...filter, verbs: verb, limit })), (items) => ({
          items,
          next: items.length === limit ? items.at(-1)?.id : undefined
        })),
      achievements: Effect.fnUntraced(function*({ query: { after, key, limit = pageOtherwise } }) {
        const { mayReadPayloads } = yield* Operator
        const found = yield* ask(
          asking,
          key === undefined
            ? achievements.list({ after, limit: limit + 1 })
            : Effect.map(achievements.find(key), Option.toArray)
        )
        const items = yield* Effect.forEach(found.slice(0, limit), (achievement) =>
          Effect.map(
            ask(asking, payloads.of(achievement, mayReadPayloads)),
            (shows) => ({ ...achievement, result: shows.result(achievement.result) })
          ))
        return { items, next: found.length > limit ? items.at(-1)!.checksumKey : undefined }
      }),
      database: () =>
        Effect.map(ask(asking, engine.databaseHealth), (health) => ({ ...health, text: renderDatabaseHealth(health) })),
      doctor: () => examining.withPermit(askAll(engine.doctor))
    })
  })
)
