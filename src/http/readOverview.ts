/** Answers what is asked of the whole: lanes, queues, workers, failures, operations, the database. */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Option from "effect/Option"
import { AchievementStore } from "../AchievementStore.ts"
import { ActionRepo } from "../ActionRepo.ts"
import { renderDatabaseHealth } from "../DatabaseHealth.ts"
import { Engine } from "../Engine.ts"
import { JobQueue } from "../JobQueue.ts"
import { type Lane, PerformanceLane } from "../PerformanceLane.ts"
import { Api } from "./Api.ts"
import { ask, Asking } from "./asking.ts"
import { makeAttention } from "./attention.ts"
import { Operator } from "./Operator.ts"
import { pageOtherwise } from "./paging.ts"
import { makePayloads } from "./payloads.ts"

/** How far lists reach that are read from their beginning each time. */
const farthest = 10_000

/** What tells a lane from all others, in their order. */
const laneCursor = ({ key, name }: Lane): string => JSON.stringify([name ?? null, key])

/** The page of a list behind the item that a cursor names; from its beginning where that has gone. */
const pageBehind = <A>(
  items: ReadonlyArray<A>,
  cursorOf: (item: A) => string,
  after: string | undefined,
  limit: number
) => {
  const start = after === undefined ? 0 : items.findIndex((item) => cursorOf(item) === after) + 1
  const page = items.slice(start, start + limit)
  const last = page.at(-1)
  return { items: page, next: start + limit < items.length && last !== undefined ? cursorOf(last) : undefined }
}

/** The same without what was not asked for. */
const given = <A extends object>(options: A): { readonly [K in keyof A]: Exclude<A[K], undefined> } =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof A]: Exclude<A[K], undefined>
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

    return handlers.handleAll({
      attention: () => attention,
      lanes: ({ query: { after, limit = pageOtherwise } }) =>
        Effect.map(
          ask(asking, lanes.list(after === undefined ? limit + 1 : farthest)),
          (found) => pageBehind(found, laneCursor, after, limit)
        ),
      queues: () => ask(asking, queue.backlog),
      queued: ({ query: { after, limit = pageOtherwise } }) =>
        Effect.map(
          ask(asking, queue.queued(after === undefined ? limit + 1 : farthest)),
          (found) => pageBehind(found, ({ action }) => action, after, limit)
        ),
      pauses: () => ask(asking, queue.pauses),
      workers: () => ask(asking, queue.workers),
      errors: ({ query }) => ask(asking, repo.failures(given(query))),
      definitions: ({ query: { limit, ...filter } }) => ask(asking, queue.definitions(filter, limit ?? pageOtherwise)),
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
            ? achievements.list(limit)
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
      doctor: () => ask(asking, engine.doctor)
    })
  })
)
