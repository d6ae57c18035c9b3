/** Executions of workflows: how they start, what is sent to them, and how far they are. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import type { FailureCause } from "../../domain/Failure.ts"
import { phaseCodes, statuses } from "../../domain/Phase.ts"
import type { Executing } from "../../store/Executing.ts"
import type { Calls } from "../call.ts"
import { array, at, json } from "../columns.ts"
import { keptMs } from "./enqueue.ts"

const { bool, text, uuid } = PgTypes

const stateColumns = "action, phase, failure, status, result, cause"

export const executionsOf = ({ call, run, schema }: Calls): Executing => ({
  sentTo: (actions, names, now) =>
    Effect.map(
      call(
        "sentTo",
        `select x.action::text, s.name, s.payload from unnest($1::uuid[]) x(action)
        cross join lateral (select s.name, s.payload from ${schema}.signals s where s.action = x.action and s.name = any($2) and s.sent_at <= $3 offset 0) s`,
        [array(actions, PgTypes.OID.uuid), array(names, PgTypes.OID.text), at(now)]
      ),
      (rows) => rows.map(([action, name, payload]) => ({ action: action as string, name: name as string, payload }))
    ),
  startExecution: (o) =>
    Effect.map(
      run("startExecution", "start_execution", {
        p_now: at(o.now),
        p_definition: text(o.definition),
        p_execution: text(o.execution),
        p_id: uuid(o.action),
        p_kept_ms: keptMs(o.kept),
        p_queue: text(o.queue),
        p_lane: text(o.lane),
        p_arguments: json(o.arguments),
        p_trace: o.trace === undefined ? null : text(o.trace),
        p_parent: o.parent === undefined ? null : uuid(o.parent.action),
        p_waits: bool(o.parent?.waits === true)
      }, "action, is_new"),
      ([row]) => ({ action: row![0] as string, isNew: row![1] as boolean })
    ),
  sendToExecution: (o) =>
    Effect.map(
      run("sendToExecution", "send_to_execution", {
        p_now: at(o.now),
        p_definition: text(o.definition),
        p_execution: text(o.execution),
        p_id: uuid(o.action),
        p_kept_ms: keptMs(o.kept),
        p_name: text(o.name),
        p_payload: json(o.payload),
        p_due: o.due === undefined ? null : at(o.due),
        p_makes: bool(!o.onlyStarted),
        p_again: bool(o.again),
        p_wakes: bool(o.wakes)
      }, "action, is_first, stored"),
      ([row]) =>
        row![0] === null
          ? undefined
          : { action: row![0] as string, isFirst: row![1] as boolean, before: row![2] ?? undefined }
    ),
  resumeExecution: (now, action) =>
    Effect.map(
      run("resumeExecution", "resume_execution", { p_now: at(now), p_id: uuid(action) }),
      ([row]) => row![0] as boolean
    ),
  executionState: (which, isWaitedFor) =>
    Effect.map(
      run("executionState", "execution_state", {
        p_id: "action" in which ? uuid(which.action) : null,
        p_definition: "action" in which ? null : text(which.definition),
        p_execution: "action" in which ? null : text(which.execution),
        p_waits: bool(isWaitedFor)
      }, stateColumns),
      ([row]) => {
        if (row === undefined) return undefined
        const [action, phase, failure, status, result, cause] = row
        return {
          action: action as string,
          ended: status === null
            ? undefined
            : { status: statuses[status as number]!, result, cause: cause as FailureCause | null },
          suspended: phase === phaseCodes.suspended
            ? { failure: failure === null ? undefined : failure as FailureCause }
            : undefined
        }
      }
    )
})
