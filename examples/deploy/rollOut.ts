/** Enqueues the rollout, shows it, and says what came of it. */
import { Clock, Console, Effect, Exit, Fiber, Option, Schema } from "effect"
import { relative } from "node:path"
import { ActionRepo, type ActionTree } from "stepped"
import { DashboardUrl } from "./Dashboard.ts"
import { Fleets } from "./definitions.ts"
import { showing } from "./LiveTree.ts"
import { Manifest } from "./Manifest.ts"
import { Deployed } from "./models.ts"
import { Proxy } from "./Proxy.ts"
import { type Tally, visit } from "./Visitors.ts"

export interface Options {
  readonly breakages: ReadonlyArray<readonly [site: string, how: string]>
  readonly keep: boolean
  /** The folder of the embedded database, if it is one. */
  readonly folder: string | undefined
}

/** Says whether all sites were deployed. */
export const rollOut = Effect.fnUntraced(function*({ breakages, folder, keep }: Options) {
  const manifest = yield* Manifest
  const proxy = yield* Proxy
  const names = manifest.sites.map((site) => site.name)

  yield* Console.log(`Sites:    ${names.join(", ")}, behind ${proxy.url}`)
  yield* Console.log(`Look:     ${yield* DashboardUrl}`)
  for (const [site, how] of breakages) yield* Console.log(`Broken:   ${site} (${how})`)
  yield* Console.log("")

  const begin = yield* Clock.currentTimeMillis
  const tally: Tally = { answered: 0, failed: 0 }
  const visitors = yield* Effect.forkChild(visit(names, tally))
  const fleet = (yield* Fleets.client)("local")
  const handle = yield* fleet.rollOutLater(names)
  // Ctrl-C cancels the whole tree; otherwise the next run would go on with it
  const exit = yield* showing(handle.id, Effect.exit(handle.await).pipe(Effect.onInterrupt(() => handle.cancel())))
  const elapsed = (yield* Clock.currentTimeMillis) - begin
  yield* Fiber.interrupt(visitors)

  yield* summarise(handle.id, elapsed, tally)
  if (Exit.isFailure(exit)) yield* Console.log(`\nThe rollout failed: ${message(exit)}`)
  const where = folder === undefined ? "" : ` --folder ${relative("", folder)}`
  yield* Console.log(`\nAll that is stored of it:\n  npm run -s stepped -- show ${handle.id}${where}`)
  if (keep) {
    yield* Console.log(`\nServing at ${proxy.url} until Ctrl-C.`)
    return yield* Effect.never
  }
  return Exit.isSuccess(exit)
})

const message = (exit: Exit.Failure<unknown, { readonly message: string }>): string =>
  Option.match(Exit.findErrorOption(exit), { onNone: () => "", onSome: (error) => error.message })

const summarise = Effect.fnUntraced(function*(id: string, elapsed: number, tally: Tally) {
  const proxy = yield* Proxy
  const root = Option.getOrUndefined(yield* (yield* ActionRepo).tree(id))
  const deployments = root === undefined ? [] : childrenOf(root, "deploy")
  const lines: Array<string> = []
  let deployed = 0
  let reused = 0
  for (const tree of deployments) {
    const { action } = tree
    const site = action.actorId
    // an action that was not needed is stored nowhere: its step waited for it, and there is no tree of it
    const isReused = tree.steps.some((step) => step.name === "release" && step.slots[0]?.tree === undefined)
    if (isReused) reused++
    if (action.status === "succeeded") {
      const { release, server } = yield* Schema.decodeUnknownEffect(Deployed)(action.result)
      const built = isReused ? "already built" : `built, ${release.files} files`
      deployed++
      lines.push(
        `  ✔ ${
          site.padEnd(6)
        } release ${release.id} (${built}), process ${server.pid}, verified at ${proxy.url}/${site}/`
      )
    } else {
      const { cause } = action
      lines.push(`  ✖ ${site.padEnd(6)} serves ${yield* proxy.releaseOf(site)} as before`)
      if (cause !== undefined) lines.push(`      ${cause.path}: ${cause.message}`)
    }
  }
  yield* Console.log(`\nDeployed ${deployed} of ${deployments.length} sites in ${(elapsed / 1000).toFixed(1)} s.`)
  for (const line of lines) yield* Console.log(line)
  yield* Console.log(
    reused === 0
      ? "  Run it again: what was built now need not be built then."
      : `  Nothing to build for ${reused} of ${deployments.length}: an earlier run has built the same sources.\n` +
        "  (Servers end with the run that booted them, so each run boots its own.)"
  )
  yield* Console.log(
    `  Meanwhile visitors asked for ${tally.answered + tally.failed} pages, ${tally.failed} of them in vain.`
  )
})

const childrenOf = (tree: ActionTree, name: string): ReadonlyArray<ActionTree> =>
  tree.steps.flatMap((step) => step.slots.flatMap((slot) => slot.tree?.action.name === name ? [slot.tree] : []))
