/** What running bodies have stored: what they have done once, which is handed over with their actions, and how far they are. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import { stepKindCodes } from "../../domain/Phase.ts"
import type { NewMemo, ProgressNote } from "../../store/Conclusion.ts"
import type { Store } from "../../store/Store.ts"
import type { Calls } from "../call.ts"
import { columns, token } from "../columns.ts"

const { int2, int4, jsonb, text, timestamptz, uuid } = PgTypes.OID

const memoColumns: { readonly [Name in keyof Required<Omit<NewMemo, "of">>]: number } = {
  action: uuid,
  step: int4,
  kind: int2,
  stepName: text,
  name: text,
  attempt: int4,
  result: jsonb,
  at: timestamptz
}

export const rememberOf = ({ run }: Calls): Store["Service"]["remember"] => (by, memos) =>
  Effect.map(
    run("remember", "remember", {
      p_token: token(by),
      ...columns("memo", memos.map(({ of: _, ...memo }) => ({ ...memo, kind: stepKindCodes[memo.kind] })), memoColumns)
    }, "n, result, is_new"),
    (rows) => ({
      lost: rows.some(([n]) => n === 0),
      stored: new Map(rows.map(([n, result]) => [n as number - 1, result])),
      isNew: rows.every(([, , isNew]) => isNew as boolean)
    })
  )

const noteColumns: { readonly [Name in keyof ProgressNote]: number } = {
  action: uuid,
  step: int4,
  attempt: int4,
  value: jsonb
}

export const noteProgressOf = ({ run }: Calls): Store["Service"]["noteProgress"] => (by, notes) =>
  Effect.asVoid(
    run("noteProgress", "note_progress", { p_token: token(by), ...columns("note", notes, noteColumns) })
  )
