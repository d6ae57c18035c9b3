/** What an actor's actions were given and have come to, forgotten: some of the history at a time. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import type { ForgottenActor, StillThere } from "../Operation.ts"
import type { Records } from "../store/Records.ts"
import type { Calls } from "./call.ts"
import { array, at } from "./columns.ts"
import { operationParameter } from "./operations.ts"

const { uuid } = PgTypes.OID

const idOf = (id: string | undefined) => id === undefined ? null : PgTypes.uuid(id)

const actorOf = ({ actorId, actorType }: ForgottenActor) => ({
  p_type: PgTypes.text(actorType),
  p_actor_id: PgTypes.text(actorId)
})

export const forgettingOf = ({ run }: Calls): Pick<Records, "forgetEnded" | "forgetAnswers" | "holdersOf"> => ({
  forgetEnded: (actor, { below, ids, isPlan, limit, since }, operation) =>
    Effect.map(
      run("forgetEnded", "forget_ended", {
        p_now: at(operation.at),
        ...actorOf(actor),
        p_below: idOf(below),
        p_since: since === undefined ? null : at(since),
        p_ids: ids === undefined ? null : array(ids, uuid),
        p_limit: PgTypes.int4(limit),
        p_is_plan: PgTypes.bool(isPlan),
        p_operation: operationParameter(operation)
      }, "forgotten, others, achieved, before, stays, below"),
      ([row]) => ({
        actions: row![0] as number,
        others: row![1] as number,
        achievements: row![2] as number,
        before: row![3] as number,
        stays: row![4] as ReadonlyArray<StillThere>,
        next: (row![5] ?? undefined) as string | undefined
      })
    ),
  forgetAnswers: (actor, { after, isPlan, limit }, operation) =>
    Effect.map(
      run("forgetAnswers", "forget_answers", {
        ...actorOf(actor),
        p_after: idOf(after),
        p_limit: PgTypes.int4(limit),
        p_is_plan: PgTypes.bool(isPlan),
        p_operation: operationParameter(operation)
      }, "forgotten, after"),
      ([row]) => ({ answers: row![0] as number, next: (row![1] ?? undefined) as string | undefined })
    ),
  holdersOf: (actor, { after, limit }) =>
    Effect.map(
      run("holdersOf", "holders_of", {
        ...actorOf(actor),
        p_after: idOf(after),
        p_limit: PgTypes.int4(limit)
      }, "ids, after"),
      ([row]) => ({ ids: row![0] as ReadonlyArray<string>, next: (row![1] ?? undefined) as string | undefined })
    )
})
