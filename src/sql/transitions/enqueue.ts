/** Invocations into the queue. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { KeyKind } from "../../domain/Phase.ts"
import type { StorageError } from "../../SteppedError.ts"
import type { Invocation } from "../../store/Invocation.ts"
import type { Again, Met, Store } from "../../store/Store.ts"
import { countOf, partsOf, weighInvocation } from "../../store/weight.ts"
import type { Calls } from "../call.ts"
import { array, type Asked, at, columns, invocationColumns } from "../columns.ts"

/** Rows of one statement. */
export const enqueueMax = 5000

export const enqueueOf = ({ asOne, run }: Calls): Store["Service"]["enqueue"] => {
  const enqueue = (items: ReadonlyArray<Invocation>, now: number, again: Again) =>
    Effect.asVoid(run("enqueue", "enqueue", {
      p_now: at(now),
      p_again: again === undefined ? null : array(again, PgTypes.OID.int8),
      p_which: null,
      ...columns<Asked & Pick<Invocation, "token">>("invocation", items, invocationColumns)
    }))
  return (items, now, again) =>
    countOf(items, weighInvocation, enqueueMax) === items.length
      ? enqueue(items, now, again)
      : asOne(Effect.forEach(
        partsOf(items, weighInvocation, enqueueMax),
        (part) => enqueue(part, now, again),
        { discard: true }
      ))
}

interface Name {
  readonly ownId: boolean
  readonly key: string | undefined
  readonly given: string | undefined
}
const nameColumns: { readonly [Key in keyof Name]: number } = {
  ownId: PgTypes.OID.bool,
  key: PgTypes.OID.text,
  given: PgTypes.OID.text
}

/** For how long a key is kept; null for ever. */
export const keptMs = (kept: Duration.Duration) =>
  Duration.isFinite(kept) ? PgTypes.float8(Duration.toMillis(kept)) : null
const kinds = Object.keys(KeyKind) as ReadonlyArray<keyof typeof KeyKind>

/** What is stored of the others goes with it. */
class Refused {
  readonly met: ReadonlyMap<number, Met>
  constructor(index: number, met: Met) {
    this.met = new Map([[index, met]])
  }
}

export const enqueueKeyedOf =
  ({ run, withTransaction }: Calls): Store["Service"]["enqueueKeyed"] => (items, now, again, kept) => {
    const part = (rows: ReadonlyArray<Invocation>, from: number) =>
      Effect.map(
        run("enqueueKeyed", "enqueue_keyed", {
          p_now: at(now),
          p_again: again === undefined ? null : array(again, PgTypes.OID.int8),
          p_kept_ms: keptMs(kept),
          ...columns<Asked & Pick<Invocation, "token">>("invocation", rows, invocationColumns),
          ...columns<Name>(
            "name",
            rows.map(({ named }) => ({ ownId: named?.id !== undefined, key: named?.key, given: named?.given })),
            nameColumns
          )
        }, "n, action, conflict"),
        (found) =>
          found.map(([n, action, kind]): readonly [number, Met] => [
            from + (n as number) - 1,
            { action: action as string, conflict: kind === null ? undefined : kinds[kind as number] }
          ])
      )
    const parts = [...partsOf(items, weighInvocation, enqueueMax)]
    if (parts.length === 1) return Effect.map(part(items, 0), (found) => new Map(found))
    const all = Effect.gen(function*(): Effect.fn.Return<ReadonlyMap<number, Met>, StorageError | Refused> {
      const met = new Map<number, Met>()
      let from = 0
      for (const rows of parts) {
        for (const [index, one] of yield* part(rows, from)) {
          if (one.conflict !== undefined) return yield* Effect.fail(new Refused(index, one))
          met.set(index, one)
        }
        from += rows.length
      }
      return met
    })
    return Effect.catch(
      withTransaction(all),
      (error) => error instanceof Refused ? Effect.succeed(error.met) : Effect.fail(error)
    )
  }

export const freeKeysOf = ({ run }: Calls): Store["Service"]["freeKeys"] => (now, kept, limit) =>
  Effect.map(
    run("freeKeys", "free_keys", { p_now: at(now), p_kept_ms: keptMs(kept), p_limit: PgTypes.int4(limit) }),
    (rows) => rows[0]![0] as number
  )
