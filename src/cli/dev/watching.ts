/** Watches the files of a project, and says which ones have changed. */
import { Effect, Queue, type Scope } from "effect"
import { type Dirent, type FSWatcher, readdirSync, watch } from "node:fs"
import { extname, join, relative, sep } from "node:path"
import { realSleep } from "../../store/RealClock.ts"

/** What programs are made of; what they write beside that, logs and data, is no change. */
const extensions = new Set([
  ".ts",
  ".mts",
  ".cts",
  ".tsx",
  ".js",
  ".mjs",
  ".cjs",
  ".jsx",
  ".json",
  ".wasm",
  ".sql",
  ".yaml",
  ".yml"
])

/** Where others write: packages, builds, and whatever is hidden. */
const isIgnoredFolder = (name: string): boolean => name === "node_modules" || name === "dist" || name.startsWith(".")

export const isOfProgram = (name: string): boolean =>
  name.startsWith(".env") || extensions.has(extname(name)) && !name.startsWith(".")

/** Editors save by several writes, and a checkout changes many files: what comes so soon after each other is one change. */
const quietMs = 100

export interface Watched {
  /** Waits for a change, and until there is none for a moment; gives the paths of what has changed. */
  readonly next: Effect.Effect<ReadonlyArray<string>>
  /** Forgets what has changed by now: whoever begins now finds it as it is. */
  readonly forget: Effect.Effect<void>
}

/** Watches a folder and those below it, but for where others write, and for `data`. */
export const watching = (root: string, data: string | undefined): Effect.Effect<Watched, never, Scope.Scope> =>
  Effect.gen(function*() {
    const changed = yield* Queue.unbounded<string>()
    const watchers = yield* Effect.acquireRelease(
      Effect.sync(() => new Map<string, FSWatcher>()),
      (watchers) =>
        Effect.sync(() => {
          for (const watcher of watchers.values()) watcher.close()
        })
    )

    const entries = (folder: string): ReadonlyArray<Dirent> => {
      try {
        return readdirSync(folder, { withFileTypes: true })
      } catch {
        return [] // it is gone
      }
    }
    const stop = (folder: string) => {
      watchers.get(folder)?.close()
      watchers.delete(folder)
    }
    const begin = (folder: string, isNew: boolean) => {
      if (watchers.has(folder) || folder === data) return
      let watcher: FSWatcher
      try {
        watcher = watch(folder, (_, name) => name === null ? undefined : look(folder, name))
      } catch {
        return // it is gone, or may not be read
      }
      watchers.set(folder, watcher)
      watcher.on("error", () => stop(folder))
      for (const entry of entries(folder)) {
        const path = join(folder, entry.name)
        if (entry.isDirectory()) {
          if (!isIgnoredFolder(entry.name)) begin(path, isNew)
        } else if (isNew && isOfProgram(entry.name)) Queue.offerUnsafe(changed, path) // nobody was told of it
      }
    }
    const look = (folder: string, name: string) => {
      const path = join(folder, name)
      if (isOfProgram(name)) Queue.offerUnsafe(changed, path)
      if (isIgnoredFolder(name)) return
      const entry = entries(folder).find((entry) => entry.name === name)
      if (entry === undefined) {
        for (const below of watchers.keys()) if (below === path || below.startsWith(path + sep)) stop(below)
      } else if (entry.isDirectory()) begin(path, true)
    }
    begin(root, false)

    const next = Effect.suspend(() => {
      const paths = new Set<string>()
      const take = (more: ReadonlyArray<string>) => {
        for (const path of more) paths.add(path)
      }
      return Effect.gen(function*() {
        take([yield* Queue.take(changed)])
        while (true) {
          yield* realSleep(quietMs)
          const more = yield* Queue.clear(changed)
          if (more.length === 0) return [...paths].map((path) => relative(root, path))
          take(more)
        }
      }).pipe(
        // who did not get to hear of them asks again
        Effect.onInterrupt(() => Effect.sync(() => Queue.offerAllUnsafe(changed, paths)))
      )
    })
    return { next, forget: Effect.asVoid(Queue.clear(changed)) }
  })
