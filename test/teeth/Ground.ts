/**
 * A copy of the repository to plant bugs in, with the packages of the original; gone afterwards, whatever happens.
 */
import { Effect } from "effect"
import type { Scope } from "effect"
import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { generated } from "../sql/schema/Files.ts"
import { type Bug, plantedFiles } from "./Bug.ts"

const root = resolve(import.meta.dirname, "../..")

export interface Ground {
  readonly folder: string
  /** Throws where what a bug replaces is not there. */
  readonly find: (bug: Bug) => void
  /** Plants a bug for as long as the scope is open. */
  readonly plant: (bug: Bug) => Effect.Effect<void, never, Scope.Scope>
}

/** Sources that git knows or would know; not those that are deleted and not committed. */
const sources = (): ReadonlyArray<string> =>
  execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root, encoding: "utf8" })
    .split("\0").filter((path) => path !== "" && Fs.existsSync(join(root, path)))

const isOfPage = (file: string): boolean => file.startsWith("src/dashboard/app/")

export const ground: Effect.Effect<Ground, never, Scope.Scope> = Effect.gen(function*() {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "stepped-teeth-"))),
    (folder) => Effect.sync(() => Fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  )
  for (const path of sources()) {
    Fs.mkdirSync(dirname(join(folder, path)), { recursive: true })
    Fs.copyFileSync(join(root, path), join(folder, path))
  }
  Fs.symlinkSync(join(root, "node_modules"), join(folder, "node_modules"))
  /** The dashboard as it is served is made of its sources, and not known to git. */
  const bundle = () =>
    void execFileSync(process.execPath, ["--no-warnings", "test/dashboard/bundle.ts"], { cwd: folder, stdio: "ignore" })
  bundle()
  const read = (file: string) => Fs.readFileSync(join(folder, file), "utf8")
  /** The module that is made from the schema's files follows them. */
  const generate = () =>
    void execFileSync(process.execPath, ["--no-warnings", "test/sql/schema/main.ts"], { cwd: folder })
  return {
    folder,
    find: (bug) => void plantedFiles(bug, read),
    plant: (bug) =>
      Effect.asVoid(Effect.acquireRelease(
        Effect.sync(() => {
          const files = plantedFiles(bug, read)
          const originals = new Map([...files.keys(), generated].map((file) => [file, read(file)]))
          for (const [file, text] of files) Fs.writeFileSync(join(folder, file), text)
          if ([...files.keys()].some((file) => file.endsWith(".sql"))) generate()
          if ([...files.keys()].some(isOfPage)) bundle()
          return originals
        }),
        (originals) =>
          Effect.sync(() => {
            for (const [file, text] of originals) Fs.writeFileSync(join(folder, file), text)
            if ([...originals.keys()].some(isOfPage)) bundle()
          })
      ))
  }
})
