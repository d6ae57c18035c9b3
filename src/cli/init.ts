/** The command that makes a project to start from. */
import { Effect, Layer, Schema } from "effect"
import { Argument, Command } from "effect/cli"
import * as Fs from "node:fs/promises"
import { basename, dirname, join, relative, resolve } from "node:path"
import { output } from "./connection.ts"
import { usage } from "./failures.ts"
import { Output } from "./Output.ts"

/** The package's own root, from where this file is written as from where it is built. */
const root = resolve(import.meta.dirname, "../..")
/** What is copied; what depends on versions and names is written below. */
const template = join(root, "src/cli/template")

const Versions = Schema.Record(Schema.String, Schema.String)
const Manifest = Schema.fromJsonString(Schema.Struct({
  version: Schema.String,
  engines: Versions,
  peerDependencies: Versions,
  devDependencies: Versions
}))

/** A name that npm takes. */
const nameOf = (folder: string): string =>
  basename(folder).toLowerCase().replace(/[^a-z0-9._-]+/g, "-").replace(/^[._-]+|-+$/g, "").slice(0, 200) ||
  "stepped-project"

const packageOf = (name: string, { devDependencies, engines, peerDependencies, version }: typeof Manifest.Type) => ({
  name,
  private: true,
  type: "module",
  engines,
  scripts: {
    dev: "stepped dev src/app.ts",
    worker: "stepped worker src/app.ts",
    enqueue: "node src/enqueue.ts",
    // the first one makes a database
    test: "vitest run --testTimeout=60000",
    check: "tsc"
  },
  dependencies: { ...peerDependencies, stepped: `^${version}` },
  devDependencies: Object.fromEntries(
    ["@effect/vitest", "@types/node", "typescript", "vitest"].map((name) => [name, devDependencies[name]])
  )
})

const tsconfig = {
  compilerOptions: {
    target: "ES2022",
    lib: ["ES2024", "ESNext.Disposable"],
    module: "NodeNext",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    // Node runs the files as they are
    erasableSyntaxOnly: true,
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
    types: ["node"]
  },
  include: ["src", "test"]
}

const jsonOf = (value: object): string => `${JSON.stringify(value, null, 2)}\n`

/** The project's files, by their paths in it. */
const filesOf = async (name: string): Promise<ReadonlyMap<string, string>> => {
  const manifest = Schema.decodeUnknownSync(Manifest)(await Fs.readFile(join(root, "package.json"), "utf8"))
  const entries = await Fs.readdir(template, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const copied = await Promise.all(
    paths.map(async (path) => [relative(template, path), await Fs.readFile(path, "utf8")] as const)
  )
  return new Map([
    ["package.json", jsonOf(packageOf(name, manifest))],
    ["tsconfig.json", jsonOf(tsconfig)],
    [".gitignore", "node_modules\n.stepped\n"],
    ...copied
  ])
}

const isThere = (path: string): Promise<boolean> => Fs.lstat(path).then(() => true, () => false)

/** Writes all of them or none: what was made is taken away where one cannot be. None takes the place of one that is there. */
const writeAll = async (folder: string, files: ReadonlyMap<string, string>): Promise<void> => {
  const made: Array<string> = []
  try {
    for (const [path, text] of files) {
      const to = join(folder, path)
      // gives the topmost folder that it had to make
      const topmost = await Fs.mkdir(dirname(to), { recursive: true })
      if (topmost !== undefined) made.push(topmost)
      await Fs.writeFile(to, text, { flag: "wx" })
      made.push(to)
    }
  } catch (error) {
    for (const path of made.reverse()) await Fs.rm(path, { recursive: true, force: true })
    throw error
  }
}

const init = Command.make("init", {
  folder: Argument.String("folder").pipe(
    Argument.withDescription("Where the project is to be; this folder, if not given"),
    Argument.withDefault(".")
  )
}, (given) =>
  Effect.gen(function*() {
    const output = yield* Output
    const folder = resolve(given.folder)
    const files = yield* Effect.promise(() => filesOf(nameOf(folder)))
    const there = yield* Effect.promise(async () => {
      const found = await Promise.all(
        [...files.keys()].map(async (path) => await isThere(join(folder, path)) ? [path] : [])
      )
      return found.flat()
    })
    if (there.length > 0) {
      return yield* usage(
        `nothing was written: ${folder} has ${
          there.join(", ")
        } already. Name a folder that has not: stepped init my-project`
      )
    }
    yield* Effect.tryPromise({
      try: () => writeAll(folder, files),
      catch: (error) =>
        usage(`nothing was written: ${folder} cannot be: ${error instanceof Error ? error.message : String(error)}`)
    })
    const paths = [...files.keys()]
    const path = relative(process.cwd(), folder)
    const here = path.startsWith("..") ? folder : path
    yield* output.value(
      { folder, files: paths },
      [
        `a project is in ${here === "" ? "this folder" : here}: ${paths.length} files`,
        "",
        ...here === "" ? [] : [`  cd ${here}`],
        "  npm install",
        "  npm run dev      then type: run Order/1 fulfil 4200",
        "  npm test",
        "",
        "README.md says what is where"
      ].join("\n")
    )
  }).pipe(Effect.provide(Layer.unwrap(output)))).pipe(
    Command.withDescription("Make a project to start from: an actor, its actions, a worker, and a test")
  )

export const initCommands = [init] as const
