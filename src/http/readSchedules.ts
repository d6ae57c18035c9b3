/** Answers what is asked of schedules. */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Option from "effect/Option"
import { type ScheduleRecord, Schedules } from "../Schedules.ts"
import type { InvalidQuery, StorageError, UnknownSchedule } from "../SteppedError.ts"
import { Api } from "./Api.ts"
import { ask, Asking } from "./asking.ts"
import { NotFound } from "./HttpError.ts"
import { Operator } from "./Operator.ts"
import { pageOtherwise } from "./paging.ts"
import { makePayloads } from "./payloads.ts"

export const SchedulesLive = HttpApiBuilder.group(
  Api,
  "schedules",
  Effect.fnUntraced(function*(handlers) {
    const asking = yield* Asking
    const schedules = yield* Schedules
    const payloads = yield* makePayloads

    /** What is asked of one that may not be there. */
    const found = <A>(name: string, asked: Effect.Effect<A, UnknownSchedule | InvalidQuery | StorageError>) =>
      Effect.gen(function*() {
        const known = Effect.catchTag(Effect.asSome(asked), "UnknownSchedule", () => Effect.succeedNone)
        const answer: Option.Option<A> = yield* ask(asking, known)
        if (Option.isSome(answer)) return answer.value
        return yield* new NotFound({ message: `there is no schedule ${JSON.stringify(name)}` })
      })

    /** With what whoever asks may read of it. */
    const view = (record: ScheduleRecord, mayRead: boolean) =>
      Effect.map(
        payloads.of({ actorType: record.actorType, name: record.action }, mayRead),
        (shows) => ({ ...record, arguments: shows.arguments(record.arguments) })
      )

    return handlers.handleAll({
      list: Effect.fnUntraced(function*({ query: { limit = pageOtherwise, ...filter } }) {
        const { mayReadPayloads } = yield* Operator
        const found = yield* ask(asking, schedules.list({ ...filter, limit: limit + 1 }))
        const page = found.slice(0, limit)
        const items = yield* ask(asking, Effect.forEach(page, (record) => view(record, mayReadPayloads)))
        return { items, next: found.length > limit ? page.at(-1)?.name : undefined }
      }),
      get: Effect.fnUntraced(function*({ query: { name } }) {
        const { mayReadPayloads } = yield* Operator
        const [record, next] = yield* found(name, Effect.zip(schedules.find(name), schedules.next(name)))
        return { ...yield* ask(asking, view(record, mayReadPayloads)), next }
      }),
      next: ({ query: { count, name } }) => found(name, schedules.next(name, count)),
      history: Effect.fnUntraced(function*({ query: { before, limit = pageOtherwise, name } }) {
        const slots = yield* found(name, schedules.history(name, { before, limit: limit + 1 }))
        const last = slots[limit - 1]
        const behind = slots[limit]
        if (last === undefined || behind === undefined) return { items: slots, next: undefined }
        // what was run by hand at the very time of a slot is on one page with that: the next page is before that time
        const isOfOneTime = behind.slot.getTime() === last.slot.getTime()
        return { items: isOfOneTime ? slots : slots.slice(0, limit), next: last.slot }
      })
    })
  })
)
