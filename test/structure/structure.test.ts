/**
 * Style held by tests: every rule is asked about this repository, where it finds nothing, and about a few planted lines,
 * where it finds all that it should.
 */
import { assert, describe, it } from "@effect/vitest"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { basename, join, resolve } from "node:path"
import { afterAll } from "vitest"
import { plant } from "./planting.ts"
import * as Rules from "./rules.ts"
import { openSources } from "./Sources.ts"

const root = resolve(import.meta.dirname, "../..")
const repository = openSources(root)
afterAll(() => repository[Symbol.dispose]())

const folders = ["src", "test", "examples", ".ci"].filter((folder) => existsSync(join(root, folder)))
const top = readdirSync(root)
const paths = [
  ...folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
      // what others wrote
      .filter((path) => !/(^|\/)(node_modules\/|package-lock\.json$|assets\.generated\.ts$)/.test(path))
  ),
  ...["README.md", "CHANGELOG.md", "package.json", "tsconfig.json", ".oxlintrc.json"].filter((name) =>
    top.includes(name)
  )
]

describe("SQL", () => {
  it("is written in src/sql only", () => assert.deepStrictEqual(Rules.sqlElsewhere(repository), []))

  it("is found in tagged templates and in texts", () => {
    using planted = plant({
      "src/Worker.ts": `
        const claim = (sql: any, id: string) => sql\`\${id}\`
        const text = "SELECT id\\nFROM jobs"
        const lock = \`\${text} FOR UPDATE SKIP LOCKED\`
        const end = "commit"
        // select this from those
        const prose = "an update of what is set, committed from the start"`,
      "src/testing/index.ts": `export const clean = "truncate actions"`,
      "src/sql/JobQueue.ts": "const text = `insert into jobs values (1)`"
    })
    assert.deepStrictEqual(Rules.sqlElsewhere(planted), [
      "src/Worker.ts:2: a statement",
      "src/Worker.ts:3: SQL in a text",
      "src/Worker.ts:4: SQL in a text",
      "src/Worker.ts:5: SQL in a text",
      "src/testing/index.ts:1: SQL in a text"
    ])
  })
})

describe("time and chance", () => {
  it("come from Clock and Random", () => assert.deepStrictEqual(Rules.realTimeElsewhere(repository), []))

  it("are exempted in files that exist", () =>
    assert.deepStrictEqual(Rules.realTimeFiles.filter((path) => !existsSync(join(root, path))), []))

  it("are found wherever they are taken from the machine", () => {
    using planted = plant({
      "src/Worker.ts": `
        const a = Date.now()
        const b = new Date()
        const c = new Date(0)
        const d = Math.random()
        setTimeout(() => {}, 1)
        const e = globalThis.setInterval
        const f = "Date.now()" // Date.now()`
    })
    assert.deepStrictEqual(Rules.realTimeElsewhere(planted), [
      "src/Worker.ts:2: Date.now",
      "src/Worker.ts:3: new Date()",
      "src/Worker.ts:5: Math.random",
      "src/Worker.ts:6: setTimeout",
      "src/Worker.ts:7: setInterval"
    ])
  })
})

describe("imports", () => {
  it("make no cycle in src", () => assert.deepStrictEqual(Rules.importCycles(repository), []))

  it("name files with their ending", () => assert.deepStrictEqual(Rules.importsWithoutEnding(repository), []))

  it("are followed through values, not through types or later loading", () => {
    using planted = plant({
      "src/a.ts": `import { b } from "./b.ts"; export const a = b`,
      "src/b.ts": `export { c as b } from "./engine/c.ts"; import type { D } from "./d.ts"; export type E = D`,
      "src/engine/c.ts": `import "../a.ts"; export const c = 1`,
      "src/d.ts": `import { b } from "./b.ts"; export type D = typeof b`,
      "src/e.ts": `export const f = () => import("./f.ts")`,
      "src/f.ts": `import { f } from "./e.ts"; export const g = f`
    })
    assert.deepStrictEqual(Rules.importCycles(planted), ["src/a.ts -> src/b.ts -> src/engine/c.ts -> src/a.ts"])
  })

  it("without their ending are found", () => {
    using planted = plant({ "src/Worker.ts": `import "./Step"`, "src/Step.ts": `export {}` })
    assert.deepStrictEqual(Rules.importsWithoutEnding(planted), ["src/Worker.ts:1: imports src/Step"])
  })
})

describe("documentation", () => {
  it("covers every name of stepped", () => assert.deepStrictEqual(Rules.undocumented(repository, "src/index.ts"), []))

  it("covers every name of stepped/embedded", () =>
    assert.deepStrictEqual(Rules.undocumented(repository, "src/embedded/index.ts"), []))

  it("covers every name of stepped/http", () =>
    assert.deepStrictEqual(Rules.undocumented(repository, "src/http/index.ts"), []))

  it("covers every name of stepped/cli", () =>
    assert.deepStrictEqual(Rules.undocumented(repository, "src/cli/index.ts"), []))

  it("covers every name of stepped/dashboard", () =>
    assert.deepStrictEqual(Rules.undocumented(repository, "src/dashboard/index.ts"), []))

  it("covers every name of stepped/ai", () =>
    assert.deepStrictEqual(Rules.undocumented(repository, "src/ai/index.ts"), []))

  it("covers every name of stepped/stores", () =>
    assert.deepStrictEqual(Rules.undocumented(repository, "src/stores/index.ts"), []))

  it("covers every name of stepped/workflow", () =>
    assert.deepStrictEqual(Rules.undocumented(repository, "src/workflow/index.ts"), []))

  it("covers every name of stepped/testing", () =>
    assert.deepStrictEqual(Rules.undocumented(repository, "src/testing/index.ts"), []))

  it("is missed on what is exported directly, by alias and in a namespace", () => {
    using planted = plant({
      "src/index.ts": `
        export * as Stepped from "./Stepped.ts"
        export { hidden as shown, type Documented } from "./Stepped.ts"
        /** Has no tags. */
        export const untagged = 1`,
      "src/Stepped.ts": `
        /**
         * Is documented.
         *
         * @category models
         * @since 0.1.0
         */
        export interface Documented {}
        /**
         * @category models
         * @since 0.1.0
         */
        export const hidden = 1`
    })
    assert.deepStrictEqual([...Rules.undocumented(planted, "src/index.ts")].sort(), [
      "src/index.ts: Stepped.hidden lacks a sentence",
      "src/index.ts: shown lacks a sentence",
      "src/index.ts: untagged lacks @category, @since"
    ])
    assert.deepStrictEqual(Rules.undocumented(planted, "src/cli.ts"), ["src/cli.ts does not exist"])
  })
})

describe("the lock file", () => {
  it("names the packages of every platform, without which npm ci refuses it", () => {
    const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
      readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>
    }
    const missing = Object.values(packages)
      .flatMap(({ optionalDependencies }) => Object.keys(optionalDependencies ?? {}))
      .filter((name) => !Object.keys(packages).some((path) => path.endsWith(`node_modules/${name}`)))
    assert.deepStrictEqual(missing, [])
  })
})

describe("names and words", () => {
  it("of files say what they hold", () => {
    assert.deepStrictEqual(Rules.emptyNames(paths), [])
    const bad = ["src/utils.ts", "src/helpers/a.ts", "src/JobManager.ts", "src/sql/common.ts"]
    assert.deepStrictEqual(Rules.emptyNames([...bad, "src/Engine.ts", "src/uncommonly.ts"]), bad)
  })

  it("speak of the product alone", () => {
    // this folder holds the very words, and a picture has none
    const worded = paths.filter((path) => !path.startsWith("test/structure/") && !path.endsWith(".png"))
    const texts = worded.map((path) => ({
      path,
      content: readFileSync(join(root, path), "utf8")
    }))
    const documents = ["README.md", "CHANGELOG.md", ...paths.map((path) => basename(path))]
    assert.deepStrictEqual(Rules.foreignWords(texts, documents), [])
  })

  it("of elsewhere are found", () => {
    const content = [
      "// TODO later",
      "see /work/notes",
      "as in issue #12",
      "the lead decides",
      "see NOTES.md and README.md",
      "waits for nothing (4.6)",
      "sleep(4.6) in a session of the database"
    ]
    assert.deepStrictEqual(Rules.foreignWords([{ path: "a.ts", content: content.join("\n") }], ["README.md"]), [
      "a.ts:1: an unfinished mark",
      "a.ts:2: a path of one machine",
      "a.ts:3: a number of another system",
      "a.ts:4: how it was written",
      "a.ts:5: NOTES.md is not here",
      "a.ts:6: a section of a document that is not here"
    ])
  })

  it("at the top are few", () => {
    assert.deepStrictEqual(Rules.strangersAtTop(top), [])
    assert.deepStrictEqual(Rules.strangersAtTop([".ci", "src", "docs", "vitest.config.ts"]), [
      "docs",
      "vitest.config.ts"
    ])
  })
})
