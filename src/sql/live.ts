/** What is to be performed still, read page by page beside the pool, for who asks whether a program can perform it. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import { JobKind, phases } from "../domain/Phase.ts"
import type { StorageError } from "../SteppedError.ts"
import type { LiveReads, StoredLive, UnreadSignal } from "../store/Live.ts"
import type { Records } from "../store/Records.ts"
import type { Beside, Look } from "./beside.ts"
import type { Calls } from "./call.ts"
import { array } from "./columns.ts"
import { toDetail } from "./rows.ts"
import { readColumns, scheduleOf } from "./schedules.ts"
import { storageError } from "./storageError.ts"
import { piecesOf } from "./transitions/pieces.ts"
import { whatOf } from "./transitions/reads.ts"

/** Bytes of signals that one statement loads, and one of them more at most. */
const pieceBytes = 4 * 1024 * 1024

type Row = ReadonlyArray<unknown>

const operation = "check"

export const liveOf = ({ schema }: Calls, beside: Beside): Pick<Records, "lastLive" | "readLive"> => ({
  lastLive: beside.session(operation, (session) =>
    beside.look(session, ({ query }) =>
      Effect.map(
        query(`select id from (
            (select action as id from ${schema}.jobs where kind = ${JobKind.invocation} order by action desc limit 1)
            union all (select id from ${schema}.live_actions order by id desc limit 1)) x
          order by id desc limit 1`),
        ([row]) => row?.[0] as string | undefined
      ))),
  readLive: (use) =>
    beside.session(operation, (session) => beside.look(session, ({ query }) => use(readsOf(schema, query))))
})

const readsOf = (schema: string, query: Look["query"]): LiveReads => {
  const asked = (text: string, params: ReadonlyArray<unknown>) =>
    Effect.mapError(query(text, params), storageError(operation))
  const run: Calls["run"] = (_, name, args, columns = "*") => {
    const named = Object.keys(args).map((key, i) => `${key} => $${i + 1}`).join(", ")
    return asked(`select ${columns} from ${schema}.${name}(${named})`, Object.values(args))
  }
  const whole = whatOf(run)
  return {
    ...piecesOf(run),
    whatOf: (action) => whole(undefined, action),
    page: (from, until, limit) =>
      Effect.map(
        run(
          operation,
          "live_page",
          { p_from: PgTypes.uuid(from), p_until: PgTypes.uuid(until), p_limit: PgTypes.int4(limit) },
          "id, definition, actor_id, queue, lane, lanes, depth, attempts, is_live, begun, phase, step, is_retry, prepared, has_signals, is_apart, arguments, given, detail"
        ),
        (rows) => rows.map(toLive)
      ),
    schedulesAfter: (name, limit) =>
      Effect.map(
        asked(
          `select ${readColumns(schema)} from ${schema}.schedules s where s.name > $1 order by s.name limit $2`,
          [PgTypes.text(name), PgTypes.int4(limit)]
        ),
        (rows) => rows.map(scheduleOf)
      ),
    signalsAfter: (actions, after): Effect.Effect<ReadonlyArray<UnreadSignal>, StorageError> =>
      Effect.map(
        run(operation, "signals_after", {
          p_actions: array(actions, PgTypes.OID.uuid),
          p_name: PgTypes.text(after?.name ?? null),
          p_id: PgTypes.int8(after === undefined ? null : BigInt(after.id)),
          p_bytes: PgTypes.int4(pieceBytes)
        }, "action, name, id, payload, cause"),
        (rows) =>
          rows.map((row): UnreadSignal => ({
            action: row[0] as string,
            name: row[1] as string,
            id: Number(row[2]),
            payload: row[3],
            cause: row[4] as UnreadSignal["cause"]
          }))
      ),
    argumentsOf: (action) =>
      Effect.map(
        asked(
          `select arguments, given from ${schema}.jobs where kind = ${JobKind.invocation} and action = $1
            union all select arguments, null from ${schema}.live_actions where id = $1`,
          [PgTypes.uuid(action)]
        ),
        ([row]) => row && { arguments: row[0], given: row[1] }
      )
  }
}

const toLive = (row: Row): StoredLive => ({
  id: row[0] as string,
  definition: row[1] as string,
  actorId: row[2] as string,
  queue: row[3] as string,
  lane: row[4] as string | null,
  lanes: row[5] as StoredLive["lanes"],
  depth: row[6] as number,
  attempts: row[7] as number,
  state: row[8] === false ? "queued" : row[9] === false ? "pending" : "performing",
  begun: row[9] === false
    ? undefined
    : {
      phase: phases[row[10] as number]!,
      step: row[11] as number,
      detail: row[18] === null ? undefined : toDetail(row[18])
    },
  isRetry: row[12] as boolean,
  isPrepared: row[13] === true,
  hasSignals: row[14] as boolean,
  isApart: row[15] as boolean,
  arguments: row[16],
  given: row[17]
})
