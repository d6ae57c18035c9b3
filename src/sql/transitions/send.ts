/** What comes from outside and ends nothing: signals, and heartbeats. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { SignalRecord } from "../../Signal.ts"
import type { SentHeartbeat, SentSignal } from "../../store/Sending.ts"
import type { Store } from "../../store/Store.ts"
import type { Calls } from "../call.ts"
import { array, at, json } from "../columns.ts"
import { operationParameter } from "../operations.ts"
import { reading } from "../reading.ts"
import { SentCode } from "../rows.ts"

const { text } = PgTypes.OID

const toSent = ([became, action, definition, actorId, candidates]: ReadonlyArray<unknown>): SentSignal => {
  switch (became) {
    case SentCode.sent:
      return { _tag: "Sent", action: action as string, definition: definition as string, actorId: actorId as string }
    case SentCode.repeated:
      return { _tag: "Repeated" }
    case SentCode.ambiguous:
      return { _tag: "Ambiguous", actions: candidates as ReadonlyArray<string> }
    case SentCode.conflict:
      return { _tag: "Conflict", action: action as string }
    case SentCode.full:
      return { _tag: "Full", action: action as string }
    case SentCode.late:
      return { _tag: "Late" }
    case SentCode.other:
      return { _tag: "Other", definition: definition as string, actorId: actorId as string }
    default:
      return { _tag: "None" }
  }
}

export const sendOf = ({ run }: Calls): Store["Service"]["send"] => (o) => {
  const asked = {
    p_now: at(o.now),
    p_id: o.id === null ? null : PgTypes.uuid(o.id),
    p_definition: o.definition === null ? null : PgTypes.text(o.definition),
    p_actor_id: o.actorId === null ? null : PgTypes.text(o.actorId),
    p_name: PgTypes.text(o.name),
    p_key: o.key === null ? null : PgTypes.text(o.key),
    p_payload: json(o.payload),
    p_cause: json(o.cause),
    p_unlisting: array(o.unlisting, text),
    p_limit: PgTypes.int4(o.limit),
    p_step: o.from === undefined ? null : PgTypes.int4(o.from.step),
    p_attempt: o.from === undefined ? null : PgTypes.int4(o.from.attempt),
    p_trace: o.trace === undefined ? null : PgTypes.text(o.trace),
    p_given: o.once === undefined ? null : PgTypes.text(o.once.given),
    // without an end it goes with the history
    p_held_until: o.once !== undefined && Duration.isFinite(o.once.kept)
      ? at(o.now + Duration.toMillis(o.once.kept))
      : null
  }
  const columns = "became, action, definition, actor_id, candidates"
  return Effect.map(
    o.operation === undefined
      ? run("send", "send_signal", asked, columns)
      : run("send", "send_recorded", { ...asked, p_operation: operationParameter(o.operation) }, columns),
    ([row]) => toSent(row!)
  )
}

const toHeard = ([became, candidates]: ReadonlyArray<unknown>): SentHeartbeat => {
  switch (became) {
    case SentCode.sent:
      return { _tag: "Heard" }
    case SentCode.ambiguous:
      return { _tag: "Ambiguous", actions: candidates as ReadonlyArray<string> }
    case SentCode.late:
      return { _tag: "Late" }
    default:
      return { _tag: "None" }
  }
}

export const hearOf = ({ run }: Calls): Store["Service"]["hear"] => (o) =>
  Effect.map(
    run("hear", "hear", {
      p_now: at(o.now),
      p_id: o.id === null ? null : PgTypes.uuid(o.id),
      p_definition: o.definition === null ? null : PgTypes.text(o.definition),
      p_actor_id: o.actorId === null ? null : PgTypes.text(o.actorId),
      p_signal: o.signal === null ? null : PgTypes.text(o.signal),
      p_step: o.from === undefined ? null : PgTypes.int4(o.from.step),
      p_attempt: o.from === undefined ? null : PgTypes.int4(o.from.attempt),
      p_details: json(o.details),
      p_by: o.by === undefined ? null : PgTypes.float8(o.by)
    }, "became, candidates"),
    ([row]) => toHeard(row!)
  )

export const signalsOf = (calls: Calls): Store["Service"]["signalsOf"] => {
  const signals = reading(calls)<SignalRecord>({
    action: "action",
    name: "name",
    key: "key",
    payload: "payload",
    failure: "failure",
    sentAt: "sent_at",
    readBy: "step"
  })
  return (action, limit) =>
    signals(
      "signals",
      `from (select * from ${calls.schema}.action_signals where action = $1 order by id desc limit $2) s order by id`,
      [PgTypes.uuid(action), PgTypes.int4(limit)]
    )
}
