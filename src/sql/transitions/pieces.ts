/** What is read of one action in pieces. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import { statuses, stepKindCodes, stepKinds } from "../../domain/Phase.ts"
import type {
  AwaitedPiece,
  EarlierPiece,
  MemoPiece,
  Pieces,
  SentPiece,
  StoredResult,
  StoredSlot
} from "../../store/Pieces.ts"
import type { Calls } from "../call.ts"

/** Bytes that one statement loads, and one row more at most. */
const pieceBytes = PgTypes.int4(4 * 1024 * 1024)

const firstId = "00000000-0000-0000-0000-000000000000"

const statusOf = (code: unknown) => code === null ? undefined : statuses[code as number]

/** However that is asked. */
export const piecesOf = (run: Calls["run"]): Pieces => ({
  resultsAfter: (action, from) =>
    Effect.map(
      run("resultsAfter", "results_after", {
        p_action: PgTypes.uuid(action),
        p_from: PgTypes.int4(from),
        p_bytes: pieceBytes
      }, "idx, result"),
      (rows) => rows.map((row): StoredResult => ({ step: row[0] as number, result: row[1] as string }))
    ),
  slotsAfter: (action, step, slot) =>
    Effect.map(
      run(
        "slotsAfter",
        "slots_after",
        { p_action: PgTypes.uuid(action), p_step: PgTypes.int4(step), p_slot: PgTypes.int4(slot), p_bytes: pieceBytes },
        "slot, status, definition, actor_id, result, success, ran_definition, ran_actor_id, cause, error, child, signal, optional"
      ),
      (rows) => rows.map(toSlot)
    ),
  memosAfter: (action, last) =>
    Effect.map(
      run("memosAfter", "memos_after", {
        p_action: PgTypes.uuid(action),
        p_step: PgTypes.int4(last?.index ?? -1),
        p_kind: PgTypes.int2(last === undefined ? 0 : stepKindCodes[last.kind]),
        p_step_name: PgTypes.text(last?.step ?? ""),
        p_name: PgTypes.text(last?.name ?? ""),
        p_attempt: PgTypes.int4(last?.attempt ?? 0),
        p_bytes: pieceBytes
      }, "step, step_kind, step_name, name, attempt, result"),
      (rows) =>
        rows.map((row): MemoPiece => ({
          index: row[0] as number,
          kind: stepKinds[row[1] as number]!,
          step: row[2] as string,
          name: row[3] as string,
          attempt: row[4] as number,
          result: row[5] as string | null
        }))
    ),
  sentAfter: (action, last) =>
    Effect.map(
      run("sentAfter", "sent_after", {
        p_action: PgTypes.uuid(action),
        p_name: PgTypes.text(last?.name ?? ""),
        p_id: PgTypes.int8(BigInt(last?.id ?? 0)),
        p_bytes: pieceBytes
      }, "name, id, payload, rings_at"),
      (rows) =>
        rows.map((row): SentPiece => ({
          name: row[0] as string,
          id: Number(row[1]),
          payload: row[2] as string | null,
          ringsAt: row[3] as number | null
        }))
    ),
  awaitedAfter: (action, last) =>
    Effect.map(
      run("awaitedAfter", "awaited_after", {
        p_action: PgTypes.uuid(action),
        p_child: PgTypes.uuid(last?.action ?? firstId),
        p_bytes: pieceBytes
      }, "child, definition, execution, status, result, cause"),
      (rows) =>
        rows.map((row): AwaitedPiece => ({
          action: row[0] as string,
          definition: row[1] as string,
          execution: row[2] as string,
          status: statusOf(row[3]),
          result: row[4] as string | null,
          cause: row[5] as string | null
        }))
    ),
  earlierAfter: (action, step, slot) =>
    Effect.map(
      run("earlierAfter", "earlier_after", {
        p_action: PgTypes.uuid(action),
        p_step: PgTypes.int4(step),
        p_slot: PgTypes.int4(slot),
        p_bytes: pieceBytes
      }, "slot, request, definition, actor_id, arguments, signal"),
      (rows) =>
        rows.map((row): EarlierPiece => ({
          slot: row[0] as number,
          request: row[1] as string | null,
          definition: row[2] as string | null,
          actorId: row[3] as string | null,
          arguments: row[4] as string | null,
          signal: row[5] as string | null
        }))
    ),
  unreadSignals: (action, name, last) =>
    Effect.map(
      run("unreadSignals", "unread_signals", {
        p_action: PgTypes.uuid(action),
        p_name: PgTypes.text(name),
        p_after: PgTypes.int8(BigInt(last?.id ?? 0)),
        p_bytes: pieceBytes
      }, "id, payload"),
      (rows) => rows.map(([id, payload]) => ({ id: Number(id), payload: payload as string | null }))
    )
})

const toSlot = (row: ReadonlyArray<unknown>): StoredSlot => ({
  slot: row[0] as number,
  status: statusOf(row[1]),
  definition: row[2] as string,
  actorId: row[3] as string,
  result: row[4] as string | null,
  success: row[5] as string | null,
  ran: row[6] === null || (row[6] === row[2] && row[7] === row[3])
    ? undefined
    : { definition: row[6] as string, actorId: row[7] as string },
  cause: row[8] as string | null,
  asValue: row[9] === null ? undefined : { error: row[9] as string, child: row[10] as string },
  signal: row[11] === null ? undefined : { name: row[11] as string, isOptional: row[12] === true }
})
