/** Every block of code that a reader may copy compiles, and those that are shown from a file are equal to it. */
import { assert, describe, it } from "@effect/vitest"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { operatorVerbs } from "stepped"
import { verbTable } from "../../src/verbs/table.ts"
import { compile } from "./compile.ts"
import { anchorsOf, type Block, blocksOf, codeOf, commentsOf, type Link, linksOf, preludeFor } from "./Documents.ts"

const root = resolve(import.meta.dirname, "../..")
const read = (path: string) => ({ path, content: readFileSync(join(root, path), "utf8") })

// the front page, and the guides beside what they explain
const documents = [
  ...["README.md", "CHANGELOG.md"].filter((path) => existsSync(join(root, path))),
  ...["examples", "src", "test"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      // dependencies of the benchmarks, where somebody has installed them
      .filter((path) => path.endsWith(".md") && !path.includes("node_modules"))
      .map((path) => `${folder}/${path}`)
  )
]
const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => `src/${path}`)
const blocks = [...documents.map(read), ...sources.map((path) => commentsOf(read(path)))].flatMap(blocksOf)

const place = ({ document, line }: Block | Link) => `${document}:${line}`

describe("the documents", () => {
  it("show code in README.md", (context) => {
    if (!documents.includes("README.md")) context.skip("README.md does not exist yet")
    const shown = blocks.filter(({ document, language }) => document === "README.md" && language === "ts")
    assert.isAbove(shown.length, 0, "README.md has no ```ts block")
  })

  it("say of each block what language it is in", () => {
    const known = ["ts", "sh", "sql", "json", "text", "mermaid", "yaml"]
    assert.deepStrictEqual(
      blocks.filter(({ language }) => !known.includes(language)).map((block) => `${place(block)}: "${block.language}"`),
      []
    )
  })

  it("are equal to the files that they show", () => {
    for (const block of blocks) {
      if (block.file !== undefined) assert.strictEqual(block.code.trim(), codeOf(root, block.file), place(block))
    }
  })

  it("show files that are compiled with the rest", () => {
    const elsewhere = blocks.filter(({ file, language }) =>
      file !== undefined && language === "ts" && !/^(examples|test|src)\/.+\.ts(#|$)/.test(file)
    )
    assert.deepStrictEqual(elsewhere.map(place), [])
  })

  it("have one table of what operators can ask for, with all of it, and its commands", () => {
    const rows = documents.map(read).flatMap(({ content }) =>
      [...content.matchAll(/^\| `(\w+\.\w+)` \| .* \| .* \| `(.*)` \|$/gm)].map(([, verb, asked]) => [verb, asked])
    )
    assert.deepStrictEqual(rows, operatorVerbs.map((verb) => [verb, verbTable[verb].command]))
  })

  it("link to files and headings that are there", () => {
    const broken = documents.map(read).flatMap(linksOf).filter(({ anchor, path }) =>
      !existsSync(join(root, path)) || anchor !== undefined && !anchorsOf(read(path).content).includes(anchor)
    )
    assert.deepStrictEqual(broken.map((link) => `${place(link)}: ${link.path}#${link.anchor}`), [])
  })

  it("begin with front pages that are read in one go", () => {
    assert.isAtMost(read("README.md").content.split("\n").length, 350)
    assert.isAtMost(read("src/README.md").content.split("\n").length, 150)
  })

  it("compile", async () => {
    const own = blocks.filter(({ file, language }) => language === "ts" && file === undefined)
    assert.deepStrictEqual(await compile(root, own), [])
  })
})

describe("a link", () => {
  it("is found in prose, with the heading that it names", () => {
    const content = ["# A title", "[a](guides/RULES.md#steps-and-waits) [c](#a-title)", "```ts", "a[0](b)", "```"].join(
      "\n"
    )
    assert.deepStrictEqual(linksOf({ path: "examples/README.md", content }), [
      { document: "examples/README.md", line: 2, path: "examples/guides/RULES.md", anchor: "steps-and-waits" },
      { document: "examples/README.md", line: 2, path: "examples/README.md", anchor: "a-title" }
    ])
    assert.deepStrictEqual(anchorsOf("# A title\n```sh\n# no title\n```\n## `load`, and Rows!"), [
      "a-title",
      "load-and-rows"
    ])
  })
})

describe("a block", () => {
  const fence = "```"

  it("is found with its line, its language and its comments", () => {
    const content = [
      "# Title",
      "<!-- file: examples/a.ts#visit -->",
      "",
      `${fence}ts`,
      "const a = 1",
      fence,
      `${fence}sh`,
      "npm test",
      fence,
      "<!-- prelude: test/docs/prelude/car.ts -->",
      "prose between comment and block",
      `  ${fence}ts twoslash`,
      "  const b = 1",
      `  ${fence}`
    ]
    const common = { document: "README.md", file: undefined, prelude: undefined }
    assert.deepStrictEqual(blocksOf({ path: "README.md", content: content.join("\n") }), [
      { ...common, line: 5, language: "ts", code: "const a = 1", file: "examples/a.ts#visit" },
      { ...common, line: 8, language: "sh", code: "npm test" },
      { ...common, line: 13, language: "ts", code: "const b = 1" }
    ])
    assert.throws(
      () => blocksOf({ path: "README.md", content: `${fence}ts\nconst a = 1` }),
      "README.md:1: the block has no end"
    )
  })

  it("is found in the comments of a source", () => {
    const content = [
      "const a = 1",
      "/**",
      " * Adds.",
      " *",
      ` * ${fence}ts`,
      " * add(1,",
      " *   2)",
      ` * ${fence}`,
      " */",
      "const b = `"
    ]
    const [block] = blocksOf(commentsOf({ path: "src/a.ts", content: content.join("\n") }))
    assert.deepInclude(block, { document: "src/a.ts", line: 6, code: "add(1,\n  2)" })
  })

  it("is told where it does not compile, its prelude not counted", async () => {
    const block = { document: "README.md", line: 40, language: "ts", file: undefined, prelude: undefined }
    const prelude = "test/docs/fixture/prelude.ts"
    const errors = await compile(root, [
      { ...block, code: `import { Effect } from "effect"\nexport const a: Effect.Effect<string> = Effect.succeed(1)` },
      {
        ...block,
        line: 60,
        code: `import { Effect } from "effect"\nEffect.runFork(one)\none.wheels()`,
        prelude
      },
      { ...block, line: 80, code: `import * as Prelude from "./test/docs/fixture/prelude.ts"` }
    ])
    assert.lengthOf(errors.filter((line) => !line.startsWith(" ")), 2, errors.join("\n"))
    assert.match(errors.join("\n"), /^README\.md:41:14: error TS2375/m)
    assert.match(errors.join("\n"), /^README\.md:62:5: error TS2339/m)
  })

  it("imports what its prelude imports as well", () => {
    const prelude = `import { Effect, type Layer } from "effect"\nimport { Step } from "stepped"\nconst a = 1`
    assert.strictEqual(
      preludeFor(prelude, `import { Effect } from "effect"\nimport { Step, Stepped } from "stepped"`),
      `import { type Layer } from "effect"\n\nconst a = 1`
    )
  })
})
