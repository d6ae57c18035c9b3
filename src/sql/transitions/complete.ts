/** Completing, cancelling, retrying, and undoing again, from outside. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { statusCodes } from "../../domain/Phase.ts"
import type { CompensateAgainResult, NotCompensable, NotRetryable, RetryResult } from "../../OperatorResult.ts"
import type { Store } from "../../store/Store.ts"
import type { Calls } from "../call.ts"
import { askedBy, at, json } from "../columns.ts"
import { operationParameter } from "../operations.ts"
import { toAnswer, toVerdict, VerdictCode } from "../rows.ts"

export const cancellableOf = ({ run }: Calls): Store["Service"]["cancellable"] => (definition, actorId, limit) =>
  Effect.map(
    run("cancellable", "cancellable", {
      p_definition: PgTypes.text(definition),
      p_actor_id: PgTypes.text(actorId),
      p_limit: PgTypes.int4(limit)
    }, "id"),
    (rows) => rows.map(([id]) => id as string)
  )

const decided = {
  [VerdictCode.none]: "none",
  [VerdictCode.done]: "done",
  [VerdictCode.repeated]: "done",
  [VerdictCode.busy]: "running",
  [VerdictCode.over]: "over",
  [VerdictCode.notStarted]: "notStarted",
  [VerdictCode.notSkippable]: "notSkippable"
} as const

export const decideStepOf = ({ run }: Calls): Store["Service"]["decideStep"] => (now, of, decision, operation) =>
  Effect.map(
    run("decideStep", "decide_recorded", {
      p_now: at(now),
      p_action: PgTypes.uuid(of.action),
      p_step: of.index === undefined ? null : PgTypes.int4(of.index),
      p_attempt: of.attemptNumber === undefined ? null : PgTypes.int4(of.attemptNumber),
      p_verdict: PgTypes.jsonb(decision),
      p_operation: operationParameter(operation)
    }),
    (rows) => decided[rows[0]![0] as keyof typeof decided]
  )

export const retryOf = ({ run }: Calls): Store["Service"]["retry"] => (now, o, operation) =>
  Effect.map(
    run("retry", "retry_recorded", {
      p_now: at(now),
      p_action: PgTypes.uuid(o.action),
      p_from: o.from === undefined ? null : PgTypes.text(o.from),
      p_is_upwards: PgTypes.bool(o.upwards),
      p_operation: operationParameter(operation)
    }, "became, action, lane, reason, step, retried"),
    ([row]): RetryResult => {
      const [became, action, lane, reason, step, retried] = row!
      switch (became) {
        case "done":
          return { _tag: "Retried", id: action as string, retryOf: retried as string }
        case "retried":
          return { _tag: "AlreadyRetried", id: action as string }
        case "laneBusy":
          return { _tag: "LaneBusy", lane: lane as string, by: action as string }
        case "notRetryable":
          return {
            _tag: "NotRetryable",
            reason: reason as NotRetryable,
            action: action as string,
            step: step as string | null ?? undefined
          }
        default:
          return { _tag: "None" }
      }
    }
  )

export const compensateAgainOf = ({ run }: Calls): Store["Service"]["compensateAgain"] => (now, id, operation) =>
  Effect.map(
    run("compensateAgain", "compensate_recorded", {
      p_now: at(now),
      p_action: PgTypes.uuid(id),
      p_operation: operationParameter(operation)
    }, "became, action, step, reason, steps"),
    ([row]): CompensateAgainResult => {
      const [became, action, step, reason, steps] = row!
      switch (became) {
        case "done":
          return { _tag: "Compensating", steps: steps as ReadonlyArray<string> }
        case "notCompensable":
          return {
            _tag: "NotCompensable",
            reason: reason as NotCompensable,
            action: action as string,
            step: step as string | null ?? undefined
          }
        default:
          return { _tag: "None" }
      }
    }
  )

export const completeOf = ({ run }: Calls): Store["Service"]["complete"] => (o) => {
  const asked = {
    ...askedBy(o.token, o.now, o.catalog),
    p_id: PgTypes.uuid(o.id),
    p_definition: o.definition === null ? null : PgTypes.text(o.definition),
    p_actor_id: PgTypes.text(o.actorId),
    p_status: PgTypes.int2(statusCodes[o.outcome.status]),
    p_result: json(o.outcome.result),
    p_cause: json(o.outcome.cause)
  }
  const p_trace = o.trace === undefined ? null : PgTypes.text(o.trace)
  const plain = {
    ...asked,
    p_outbound: PgTypes.bool(o.outbound),
    p_unwinds: PgTypes.bool(o.outcome.unwinds !== false)
  }
  const keyed = {
    ...asked,
    p_key: o.key === undefined ? null : PgTypes.text(o.key.key),
    p_given: o.key === undefined ? null : PgTypes.text(o.key.given),
    // without an end it goes with the history
    p_held_until: o.key !== undefined && Duration.isFinite(o.key.kept)
      ? at(o.now + Duration.toMillis(o.key.kept))
      : null,
    p_step: o.key?.from === undefined ? null : PgTypes.int4(o.key.from.step),
    p_attempt: o.key?.from === undefined ? null : PgTypes.int4(o.key.from.attempt),
    p_trace
  }
  const rows = o.operation !== undefined
    ? o.outbound
      ? run("complete", "complete_recorded", { ...keyed, p_operation: operationParameter(o.operation) }, "*")
      : run("complete", "cancel_recorded", { ...plain, p_operation: operationParameter(o.operation) }, "*")
    : o.key === undefined
    ? run("complete", "complete", { ...plain, p_trace }, "*")
    : run("complete", "complete_keyed", keyed, "*")
  return Effect.map(rows, (rows) => ({ verdict: toVerdict(rows), answer: toAnswer(rows) }))
}
