/**
 * A Vitest that stays, in a process of its own: for each message with tests it runs these and answers with what they came to. To begin anew
 * takes as long as most tests: the server of Postgres, the configuration, what is not changed by a bug.
 */
import { Redacted } from "effect"
import { existsSync, statSync } from "node:fs"
import { join } from "node:path"
import { createVitest, type TestCase, type TestModule } from "vitest/node"
import { dropDatabases } from "../globalSetup.ts"

/** Files with the names of tests in them. */
export type Tests = Readonly<Record<string, ReadonlyArray<string>>>

/** A test that ran. */
export interface Ran {
  readonly file: string
  readonly name: string
  /** What it said, where it failed. */
  readonly failure: string | undefined
}

const folder = process.argv[2]!
const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")
const firstLine = (text: string): string => text.trim().split("\n", 1)[0]!

const vitest = await createVitest({
  root: folder,
  config: join(folder, "test/vitest.config.ts"),
  watch: false,
  // a further process has to load everything once more
  maxWorkers: 1,
  reporters: [{}]
})
await vitest.standalone()

const ofTest = (file: string) => (test: TestCase): ReadonlyArray<Ran> => {
  const { errors, state } = test.result()
  if (state !== "passed" && state !== "failed") return []
  const failure = state === "passed" ? undefined : firstLine(errors?.[0]?.message ?? "failed")
  return [{ file, name: test.fullName.replaceAll(" > ", " "), failure }]
}

const ofModule = (module: TestModule): ReadonlyArray<Ran> => {
  const file = module.relativeModuleId
  const ran = [...module.children.allTests()].flatMap(ofTest(file))
  const [error] = [...module.errors(), ...[...module.children.allSuites()].flatMap((suite) => suite.errors())]
  return ran.length === 0 && error !== undefined ? [{ file, name: file, failure: firstLine(error.message) }] : ran
}

/** When each of the files was written that have been loaded here. */
const written = new Map<string, number>()

/** A bug has come or gone since: what has been written anew is loaded anew. */
const forgetChanged = (): void => {
  const loaded = vitest.projects.flatMap(({ vite }) =>
    Object.values(vite.environments).flatMap(({ moduleGraph }) => [...moduleGraph.fileToModulesMap.keys()])
  )
  for (const file of new Set(loaded)) {
    if (file.includes("/node_modules/") || !existsSync(file)) continue
    const { mtimeMs } = statSync(file)
    if (written.get(file) !== mtimeMs) vitest.invalidateFile(file)
    written.set(file, mtimeMs)
  }
}

const run = async (tests: Tests): Promise<ReadonlyArray<Ran>> => {
  forgetChanged()
  const titles = Object.values(tests).flat().map(escaped)
  vitest.setGlobalTestNamePattern(new RegExp(`^(?!.*\\(embedded\\)).*(${titles.join("|")})`))
  const { testModules } = await vitest.runTestFiles(Object.keys(tests).map((file) => join(folder, file)))
  const { databasePrefix, databaseUrl } = vitest.getProvidedContext()
  // what is migrated once in a run is migrated anew: a bug may be in a migration
  await dropDatabases(Redacted.make(databaseUrl), databasePrefix)
  return testModules.flatMap(ofModule)
}

const end = async () => {
  await vitest.close()
  process.exit()
}

process.on("message", (tests: Tests) => {
  run(tests).then(
    (ran) => process.send!(ran),
    (error: unknown) => process.send!([{ file: "", name: "Vitest", failure: String(error) }])
  )
})
process.once("disconnect", end)
process.once("SIGTERM", end)
