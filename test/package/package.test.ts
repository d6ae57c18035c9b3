/** The package as its users get it: packed, installed beside its peers, compiled against and run. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { afterAll } from "vitest"
import { run, tsc } from "../run.ts"

const root = resolve(import.meta.dirname, "../..")
const folder = mkdtempSync(join(tmpdir(), "stepped-package-"))
const project = join(folder, "project")
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Manifest {
  readonly version: string
  readonly peerDependencies: Readonly<Record<string, string>>
}
const manifest = (path: string) => JSON.parse(readFileSync(join(root, path, "package.json"), "utf8")) as Manifest

// neither the condition that means the sources nor what npm tells a script about this package may reach the users' side
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) =>
    name !== "NODE_OPTIONS" && !/^npm_(?!config_)/.test(name) && name !== "npm_config_local_prefix"
  )
)

let files: ReadonlyArray<string> = []

beforeAll(async () => {
  const packed = await run("npm", ["pack", "--json", "--silent", "--pack-destination", folder], { cwd: root, env })
  // newer versions of npm answer by name, older ones with a list
  const [tarball] = Object.values(
    JSON.parse(packed) as Record<string, { filename: string; files: ReadonlyArray<{ path: string }> }>
  )
  assert(tarball !== undefined)
  files = tarball.files.map(({ path }) => path)

  mkdirSync(project)
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "garage", private: true, type: "module" }))
  const beside = [...Object.keys(manifest(".").peerDependencies), "@types/node"]
  const versions = beside.map((name) => `${name}@${manifest(`node_modules/${name}`).version}`)
  const flags = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"]
  await run("npm", ["install", ...flags, join(folder, tarball.filename), ...versions], { cwd: project, env })

  cpSync(join(import.meta.dirname, "consumer.ts"), join(project, "main.ts"))
  writeFileSync(
    join(project, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        module: "NodeNext",
        target: "ES2022",
        lib: ["ES2024", "ESNext.Disposable", "DOM"],
        strict: true,
        exactOptionalPropertyTypes: true,
        // the declarations of the package count, too
        skipLibCheck: false,
        noEmit: true,
        types: ["node"]
      },
      files: ["main.ts"]
    })
  )
}, 120_000)

describe("the package", () => {
  it("holds what is built, its sources and its papers, and nothing else", () => {
    const papers = ["CHANGELOG.md", "LICENSE", "README.md", "package.json", "src/README.md"]
    const strangers = files.filter((path) =>
      !papers.includes(path) && !/^(dist\/.+\.(js|d\.ts)(\.map)?|src\/.+\.ts)$/.test(path)
    )
    assert.deepStrictEqual(strangers, [])
    assert.includeMembers([...files], [...papers, "dist/index.js", "dist/index.d.ts", "dist/testing/index.js"])
  })

  it("compiles in a project of its own", async () => {
    assert.strictEqual(await run(process.execPath, [tsc(root), "--pretty", "false"], { cwd: project, env }), "")
  })

  it("runs", async () => {
    assert.strictEqual(await run(process.execPath, ["main.ts"], { cwd: project, env }), "moved to London\n0 findings\n")
  })

  it("needs no embedded database until it is asked for one", async () => {
    rmSync(join(project, "node_modules/@electric-sql"), { recursive: true })
    const program = `import { Stepped } from "stepped"; import "stepped/testing"; console.log(typeof Stepped.action)`
    assert.match(
      await run(process.execPath, ["--input-type=module", "--eval", program], { cwd: project, env }),
      /^function$/m
    )
  })
})
