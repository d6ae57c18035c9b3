/** Workflows that are registered: of several under one name the first runs, as on Effect's own engines, as long as it is there. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { log } from "../engine/log.ts"

/** Registers one for as long as the scope is open. */
type Begin = Effect.Effect<void, never, Scope.Scope>

interface Entry {
  readonly begin: Begin
  scope: Scope.Closeable | undefined
}

/** Adds a workflow under its name, as long as the caller's scope is open. */
export type Add = (name: string, begin: Begin) => Effect.Effect<void, never, Scope.Scope>

export const make = (): Add => {
  // invariant: of each name the first one, and no other, has been begun
  const entries = new Map<string, Array<Entry>>()

  const beginFirst = (all: ReadonlyArray<Entry>): Effect.Effect<void> => {
    const [first] = all
    if (first === undefined || first.scope !== undefined) return Effect.void
    const scope = Scope.makeUnsafe()
    first.scope = scope
    return Scope.provide(first.begin, scope)
  }

  const remove = (name: string, entry: Entry): Effect.Effect<void> =>
    Effect.suspend(() => {
      const left = (entries.get(name) ?? []).filter((other) => other !== entry)
      if (left.length > 0) entries.set(name, left)
      else entries.delete(name)
      return entry.scope === undefined
        ? Effect.void
        : Effect.andThen(Scope.close(entry.scope, Exit.void), beginFirst(left))
    })

  return (name, begin) =>
    Effect.flatMap(
      Effect.acquireRelease(
        Effect.sync(() => {
          const entry: Entry = { begin, scope: undefined }
          entries.set(name, [...entries.get(name) ?? [], entry])
          return entry
        }),
        (entry) => remove(name, entry)
      ),
      () => {
        const all = entries.get(name) ?? []
        return all.length > 1
          ? log.warning(
            `the workflow ${name} is registered a second time: the first definition runs as long as it is there`
          )
          : beginFirst(all)
      }
    )
}
