/** Schedules over an API: looked at here. What is done about them is asked for as every verb is. */
import { Effect } from "effect"
import type { FiredSlot, NextSlot, ScheduleRecord, Schedules } from "../Schedules.ts"
import { type InvalidQuery, type StorageError, UnknownSchedule } from "../SteppedError.ts"
import { type Failure, notThere, recordOf, told, toldOfStorage } from "./remoteAnswers.ts"
import { type Client, given, pages } from "./remoteClient.ts"

/** What has gone wrong where one is asked for by its name. */
const toldOf =
  (operation: string, schedule: string) => (error: Failure): UnknownSchedule | InvalidQuery | StorageError =>
    error._tag === "NotFound" ? new UnknownSchedule({ schedule }) : told(operation)(error)

export const schedulesOf = ({ schedules }: Client): Schedules["Service"] =>
  notThere<Schedules["Service"]>("Schedules", {
    list: ({ after, limit, ...filter } = {}) =>
      Effect.map(
        pages("Schedules.list", limit, after, (after, limit) =>
          Effect.mapError(
            schedules.list({ query: given({ ...filter, after, limit }) }),
            told("Schedules.list")
          )),
        (found) => found.map((schedule) => recordOf<ScheduleRecord>(schedule))
      ),
    find: (name) =>
      Effect.map(
        Effect.mapError(
          schedules.get({ query: { name } }),
          (error: Failure) =>
            error._tag === "NotFound"
              ? new UnknownSchedule({ schedule: name })
              : toldOfStorage("Schedules.find")(error)
        ),
        ({ next: _, ...schedule }) => recordOf<ScheduleRecord>(schedule)
      ),
    next: (name, count) =>
      Effect.map(
        Effect.mapError(schedules.next({ query: { name, ...given({ count }) } }), toldOf("Schedules.next", name)),
        (found) => found.map((slot) => recordOf<NextSlot>(slot))
      ),
    history: (name, { before, limit } = {}) =>
      Effect.map(
        pages("Schedules.history", limit, before, (before, limit) =>
          Effect.mapError(
            schedules.history({ query: { name, ...given({ before, limit }) } }),
            toldOf("Schedules.history", name)
          )),
        (found) => found.map((slot) => recordOf<FiredSlot>(slot))
      )
  })
