/** Executions of workflows: how they start, what is sent to them, and how far they are. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import type { FailureCause } from "../../domain/Failure.ts"
import { phaseCodes, statuses } from "../../domain/Phase.ts"
import type { InterruptExecutionResult, ResumeExecutionResult } from "../../OperatorResult.ts"
import type { Executing, ExecutingOptions, NewExecution, NewSent } from "../../store/Executing.ts"
import type { Calls } from "../call.ts"
import { array, at, columns } from "../columns.ts"
import { operationParameter } from "../operations.ts"
import { keptMs } from "./enqueue.ts"

const { bool, text, uuid } = PgTypes

interface StartRow extends Omit<NewExecution, "parent"> {
  readonly parent: string | undefined
  readonly waits: boolean | undefined
}

const which = { definition: PgTypes.OID.text, execution: PgTypes.OID.text, action: PgTypes.OID.uuid }

const startColumns: { readonly [Name in keyof Required<StartRow>]: number } = {
  ...which,
  queue: PgTypes.OID.text,
  lane: PgTypes.OID.text,
  arguments: PgTypes.OID.jsonb,
  trace: PgTypes.OID.text,
  parent: PgTypes.OID.uuid,
  waits: PgTypes.OID.bool
}

interface SendRow extends Omit<NewSent, "onlyStarted"> {
  readonly makes: boolean
}

const sendColumns: { readonly [Name in keyof Required<SendRow>]: number } = {
  ...which,
  name: PgTypes.OID.text,
  payload: PgTypes.OID.jsonb,
  due: PgTypes.OID.timestamptz,
  makes: PgTypes.OID.bool,
  again: PgTypes.OID.bool,
  wakes: PgTypes.OID.bool
}

const howOf = ({ isPatient, kept, now }: ExecutingOptions) => ({
  p_now: at(now),
  p_kept_ms: keptMs(kept),
  p_is_patient: bool(isPatient)
})

type Row = ReadonlyArray<unknown>

/** By their numbers, which begin with 1. */
const answersOf = <Answer>(asked: ReadonlyArray<unknown>, rows: ReadonlyArray<Row>, read: (row: Row) => Answer) => {
  const byNumber = new Map(rows.map((row) => [row[0], row]))
  return asked.map((_, n) => read(byNumber.get(n + 1)!))
}

/** That it was asked for before is recorded, and no answer of its own. */
const became = <Result extends string>(row: Row | undefined): Result | "done" => {
  const word = row![0] as Result | "already"
  return word === "already" ? "done" : word
}

const stateColumns = "action, phase, failure, below, status, result, cause"

export const executionsOf = ({ call, run, schema }: Calls): Executing => ({
  sentTo: (actions, names, now) =>
    Effect.map(
      call(
        "sentTo",
        `select x.action::text, s.name, s.payload from unnest($1::uuid[]) x(action)
        cross join lateral (select s.name, s.payload from ${schema}.signals s where s.action = x.action and s.name = any($2) and (s.to_ring is null or s.sent_at <= $3) offset 0) s`,
        [array(actions, PgTypes.OID.uuid), array(names, PgTypes.OID.text), at(now)]
      ),
      (rows) => rows.map(([action, name, payload]) => ({ action: action as string, name: name as string, payload }))
    ),
  startExecutions: (executions, options) =>
    Effect.map(
      run(options.isPatient ? "startExecution" : "startExecutions", "start_executions", {
        ...howOf(options),
        ...columns<StartRow>(
          "new",
          executions.map(({ parent, ...one }) => ({ ...one, parent: parent?.action, waits: parent?.waits })),
          startColumns
        )
      }, "n, action, is_new"),
      (rows) =>
        answersOf(executions, rows, ([, action, isNew]) => ({ action: action as string, isNew: isNew as boolean }))
    ),
  sendToExecutions: (sent, options) =>
    Effect.map(
      run(options.isPatient ? "sendToExecution" : "sendToExecutions", "send_to_executions", {
        ...howOf(options),
        ...columns<SendRow>(
          "sent",
          sent.map(({ onlyStarted, ...one }) => ({ ...one, makes: !onlyStarted })),
          sendColumns
        )
      }, "n, action, is_first, stored"),
      (rows) =>
        answersOf(sent, rows, ([, action, isFirst, stored]) =>
          action === null
            ? undefined
            : { action: action as string, isFirst: isFirst as boolean, stored })
    ),
  resumeExecution: (now, action, operation) =>
    Effect.map(
      run("resumeExecution", "resume_execution", {
        p_now: at(now),
        p_id: uuid(action),
        p_operation: operationParameter(operation)
      }),
      ([row]) => became<ResumeExecutionResult>(row)
    ),
  interruptExecution: (now, action, operation) =>
    Effect.map(
      run("interruptExecution", "interrupt_execution", {
        p_now: at(now),
        p_id: uuid(action),
        p_operation: operationParameter(operation)
      }, "became, definition, actor_id"),
      ([row]) => {
        const [, definition, actorId] = row!
        return {
          result: became<InterruptExecutionResult>(row),
          first: definition === null ? undefined : { definition: definition as string, actorId: actorId as string }
        }
      }
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
        const [action, phase, failure, below, status, result, cause] = row
        return {
          action: action as string,
          ended: status === null
            ? undefined
            : { status: statuses[status as number]!, result, cause: cause as FailureCause | null },
          suspended: phase === phaseCodes.suspended
            ? {
              failure: failure === null ? undefined : failure as FailureCause,
              below: (below ?? []) as ReadonlyArray<FailureCause>
            }
            : undefined
        }
      }
    )
})
