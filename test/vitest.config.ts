/**
 * How the suite runs: every `*.test.ts` of `test` and `examples`, files side by side, `stepped` resolved to the sources, and a closing
 * line that says how it went. Run through `npm test`, with a file's path behind it for that file alone.
 */
import { existsSync, readFileSync } from "node:fs"
import { availableParallelism, tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"
import { ClosingLine } from "./ClosingLine.ts"
import { patienceMs } from "./patience.ts"

const root = resolve(import.meta.dirname, "..")
const globalSetup = resolve(import.meta.dirname, "globalSetup.ts")
const condition = "stepped-source"

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly [condition]?: string }>>
}

/** The entry points of the package are written once, in `exports` of package.json. */
const { exports } = JSON.parse(readFileSync(resolve(root, "package.json"), "utf8")) as Manifest
const alias = Object.entries(exports).flatMap(([path, target]) =>
  typeof target === "object" && target[condition] !== undefined
    ? [{ find: new RegExp(`^stepped${path.slice(1)}$`), replacement: resolve(root, target[condition]) }]
    : []
)

/** Processes, crashes, races and random runs: a run of their own (`--mode processes`), because they take longer than all others. */
const processes = ["chaos", "cli", "dashboard", "examples", "faults", "model", "operations", "package", "races"].map((
  folder
) => `test/${folder}/**/*.test.ts`)
/** A file or a folder that is named is run, whatever it is of. */
const isNamed = process.argv.slice(2).some((argument) =>
  /^(\.?\/)?(test|examples)\b/.test(argument) && !argument.endsWith("vitest.config.ts")
)

/** Minutes of one file while nothing else is left to run are minutes of the whole: what takes long begins first. */
const takesLong = /\/test\/(chaos|dashboard|examples|faults|model|operations|races|teeth|check\.test)/

class LongFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>) {
    const bySize = await super.sort(files)
    const isLong = (file: TestSpecification) => takesLong.test(file.moduleId)
    return [...bySize.filter(isLong), ...bySize.filter((file) => !isLong(file))]
  }
}

// programs that tests start as processes of their own see the sources as well
process.env.NODE_OPTIONS = [process.env.NODE_OPTIONS, `--conditions=${condition}`].filter(Boolean).join(" ")

// they are many, and start in half the time with code that another one has compiled
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), "stepped-compile-cache")

export default defineConfig(({ mode }) => ({
  root,
  resolve: { alias },
  test: {
    include: !isNamed && mode === "processes" ? processes : ["test/**/*.test.ts", "examples/**/*.test.ts"],
    exclude: ["**/node_modules/**", ...(isNamed || mode === "processes" ? [] : processes)],
    ...(existsSync(globalSetup) ? { globalSetup } : {}),
    isolate: false,
    setupFiles: [resolve(import.meta.dirname, "freshModules.ts")],
    reporters: ["default", new ClosingLine()],
    sequence: { sequencer: LongFirst },
    testTimeout: patienceMs,
    hookTimeout: patienceMs,
    // they wait for the server a third of their time
    maxWorkers: Math.max(3, availableParallelism())
  }
}))
