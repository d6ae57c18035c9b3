/** What may need somebody: those that somebody on call is shown first. */
import * as Effect from "effect/Effect"
import type { ActionRecord } from "../../ActionRecord.ts"
import type { Engine } from "../../Engine.ts"
import type { ClientContext } from "./context.ts"
import { recordOf } from "./schedules.ts"

/** How many of the oldest and of the newest are looked at. */
const looked = 5000

/** For how long what is uncertain is shown. */
const dayMs = 86_400_000

/** For how long a schedule may be due, and how many are given of each kind. */
const lateMs = 60_000
const schedulesMost = 20

/** For how long something that was healed is shown, and how much of it: that is what is wrong, and not how often. */
const healedMs = 7 * dayMs
const healedMost = 50

export const make = ({ now, store }: Pick<ClientContext, "now" | "store">): Engine["Service"]["suspects"] =>
  Effect.gen(function*() {
    const at = yield* now
    const { left, performing } = yield* store.suspects(at - dayMs, looked)
    const records = yield* store.briefOf([...performing, ...left])
    const byId = new Map(records.map((record) => [record.id, record]))
    // what has ended meanwhile is still there, and what was deleted is not
    const known = (ids: ReadonlyArray<string>): ReadonlyArray<ActionRecord> => ids.flatMap((id) => byId.get(id) ?? [])
    const schedules = yield* store.unfiredSchedules(at - lateMs, schedulesMost)
    const healed = yield* store.heals(at - healedMs, healedMost)
    return { performing: known(performing), left: known(left), schedules: schedules.map(recordOf), healed }
  })
