/** The newest trees as they are drawn beside a program that runs. */
import { Effect, Option } from "effect"
import { ActionRepo } from "../../ActionRepo.ts"
import { renderTree, tree } from "../../Tree.ts"

/** So many trees, and of each so many actions: more than that is in no window. */
const most = { trees: 5, actions: 100 }

/** A terminal is narrow: of a time it shows the day and the second. */
const withShortTimes = (text: string): string => text.replace(/\b\d{4}-(\d\d-\d\d)T(\d\d:\d\d:\d\d)\.\d{3}Z/g, "$1 $2")

/** The newest first; each with the id that commands take. */
export const newestTrees = Effect.gen(function*() {
  const repo = yield* ActionRepo
  const roots = yield* repo.list({ roots: true, limit: most.trees })
  const trees = yield* Effect.forEach(roots, ({ id }) => tree(id, { limit: most.actions }))
  return trees.flatMap((found) =>
    Option.isNone(found) ? [] : [`${found.value.action.id}\n${withShortTimes(renderTree(found.value))}`]
  )
})
