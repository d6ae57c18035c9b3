/**
 * Reading rows as records, whose fields come from columns.
 */
import * as Effect from "effect/Effect"
import type { StorageError } from "../SteppedError.ts"
import type { Calls } from "./call.ts"

/** Where a record's fields come from: a column, or an expression, for each of them. */
export type Columns<A> = { readonly [Field in keyof A]-?: string }

/** What is JSON may be null; of everything else null is nothing. */
const json: ReadonlySet<string> = new Set(["arguments", "result", "payload"])

/** Records of a kind: what follows `select …` says which ones. */
export const reading =
  ({ call }: Calls) =>
  <A>(columns: Columns<A>) =>
  (operation: string, rest: string, params: ReadonlyArray<unknown>): Effect.Effect<ReadonlyArray<A>, StorageError> => {
    const fields = Object.keys(columns)
    return Effect.map(
      call(operation, `select ${Object.values(columns).join(", ")} ${rest}`, params),
      (rows) =>
        rows.map((values) =>
          Object.fromEntries(
            fields.map((field, i) => [field, values[i] === null && !json.has(field) ? undefined : values[i]])
          ) as A
        )
    )
  }

/** The two halves of a definition's key. */
export const defined = { actorType: "split_part(definition, '/', 1)", name: "split_part(definition, '/', 2)" } as const
