/** The newest trees as they are drawn beside a program that runs. */
import { Effect, Option } from "effect"
import { ActionRepo } from "../../ActionRepo.ts"
import { statuses } from "../../domain/Phase.ts"
import { renderTree, tree } from "../../Tree.ts"

/** So many trees, and of each so many actions: more than that is in no window. */
const most = { trees: 5, actions: 100 }

/** A terminal is narrow: of a time it shows the day and the second. */
const withShortTimes = (text: string): string => text.replace(/\b\d{4}-(\d\d-\d\d)T(\d\d:\d\d:\d\d)\.\d{3}Z/g, "$1 $2")

const isLive = ["queued", "pending", "performing"] as const
const hasEnded = statuses.filter((status) => status !== "pending" && status !== "performing")

/** What goes on still, before what has ended; the newest first, each with the id that commands take. */
export const newestTrees = Effect.gen(function*() {
  const repo = yield* ActionRepo
  const live = yield* repo.list({ roots: true, statuses: isLive, limit: most.trees })
  const ended = live.length === most.trees
    ? []
    : yield* repo.list({ roots: true, statuses: hasEnded, limit: most.trees - live.length })
  const roots = [...live, ...ended].toSorted((one, other) => one.id < other.id ? 1 : -1)
  const trees = yield* Effect.forEach(roots, ({ id }) => tree(id, { limit: most.actions }))
  return trees.flatMap((found) =>
    Option.isNone(found) ? [] : [`${found.value.action.id}\n${withShortTimes(renderTree(found.value))}`]
  )
})
