/** The package as its users get it: packed, installed beside its peers, compiled against and run. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { isBuiltin } from "node:module"
import { join } from "node:path"
import { rolldown } from "rolldown"
import { blocksOf, linksOf } from "../docs/Documents.ts"
import { freshDatabase, isPooled } from "../harness/Server.ts"
import { patienceMs } from "../patience.ts"
import { run, tsc, withoutLog } from "../run.ts"
import { env, files, folder, install, peers, project, root } from "./fixtures/installed.ts"

describe("the package", () => {
  it("holds what is built, its sources, its papers and its examples, and nothing else", () => {
    const papers = [
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "package.json",
      "src/README.md",
      "src/engine/README.md",
      "src/cli/template/README.md",
      "examples/README.md",
      "test/RULES.md",
      "test/bench/README.md"
    ]
    const strangers = files.filter((path) =>
      !papers.includes(path) && !/^(dist\/.+\.(js|d\.ts)(\.map)?|src\/.+\.ts|examples\/.+)$/.test(path)
    )
    assert.deepStrictEqual(strangers, [])
    assert.includeMembers([...files], [
      ...papers,
      "dist/index.js",
      "dist/index.d.ts",
      "dist/embedded/index.js",
      "dist/testing/index.js",
      "dist/cli/main.js"
    ])
    // all of it is in the module that is generated of it
    assert.include([...files], "src/sql/schema/generated.ts")
    // what is copied into new projects is not built
    assert.deepStrictEqual(files.filter((path) => path.startsWith("dist/cli/template")), [])
  })

  it("has beside its papers whatever they link to", () => {
    const papers = files.filter((path) => path.endsWith(".md"))
    const links = papers.flatMap((path) => linksOf({ path, content: readFileSync(join(root, path), "utf8") }))
    const has = (path: string) => files.some((file) => file === path || file.startsWith(`${path}/`))
    assert.deepStrictEqual(links.filter(({ path }) => !has(path)), [])
  })

  it("compiles in a project of its own, and so do declarations of what is made with it", async () => {
    assert.strictEqual(await run(process.execPath, [tsc(root), "--pretty", "false"], { cwd: project, env }), "")
  })

  it("runs", async () => {
    const output = await run(process.execPath, ["main.ts"], { cwd: project, env })
    assert.strictEqual(withoutLog(output), "moved to London\n0 findings\n")
  })

  it("does what the quick start says, with the files that it shows", async () => {
    const folder = join(project, "quickstart")
    mkdirSync(folder)
    const blocks = blocksOf({ path: "README.md", content: readFileSync(join(root, "README.md"), "utf8") })
    for (const name of ["cars.ts", "main.ts"]) {
      const block = blocks.find(({ file }) => file?.startsWith(`examples/quickstart/${name}`))
      writeFileSync(join(folder, name), block!.code)
    }
    const output = await run(process.execPath, ["main.ts"], { cwd: folder, env })
    assert.strictEqual(withoutLog(output).trim(), blocks.find(({ language }) => language === "text")?.code)
  })

  it("makes a project to start from, which compiles and whose tests pass", async () => {
    await run("npx", ["--no", "--", "stepped", "init", "shop"], { cwd: project, env })
    const shop = join(project, "shop")
    const modules = join(shop, "node_modules")
    mkdirSync(join(modules, "@effect"), { recursive: true })
    // the runner is this repository's; what it has of Effect is the project's
    symlinkSync(join(root, "node_modules/vitest"), join(modules, "vitest"))
    cpSync(join(root, "node_modules/@effect/vitest"), join(modules, "@effect/vitest"), { recursive: true })
    assert.strictEqual(await run(process.execPath, [tsc(root), "--pretty", "false"], { cwd: shop, env }), "")
    const vitest = join(root, "node_modules/vitest/vitest.mjs")
    assert.match(
      await run(process.execPath, [vitest, "run", `--testTimeout=${patienceMs}`], {
        cwd: shop,
        env: { ...env, NO_COLOR: "1" }
      }),
      /2 passed/
    )
  })

  describe("becomes one file, with a database in it,", () => {
    it("that says what a bundler has to leave outside", async () => {
      const { code, missing } = await bundle("main.ts")
      assert.deepStrictEqual(missing, [])
      const file = join(folder, "whole.mjs")
      writeFileSync(file, code)
      const output = await run(process.execPath, [file], { cwd: folder, env }).catch(String)
      assert.match(
        output,
        /The embedded database does not start in memory: \S+pglite\.data is missing, as where a bundler/
      )
      assert.include(output, "name that package external")
    })

    it("and runs where that is installed beside it", async () => {
      const { code, missing } = await bundle("main.ts", ["@electric-sql/pglite"])
      assert.deepStrictEqual(missing, ["@electric-sql/pglite"])
      const file = join(project, "bundle.mjs")
      writeFileSync(file, code)
      assert.match(await run(process.execPath, [file], { cwd: folder, env }), /^moved to London$/m)
    })
  })

  it.skipIf(isPooled)("has a command, for which a program is named that is missing", async () => {
    const version = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version
    assert.include(await run("npx", ["--no", "--", "stepped", "--version"], { cwd: project, env }), version)
    await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
      const { url } = yield* freshDatabase()
      const DATABASE_URL = Redacted.value(url)
      const stepped = (...args: ReadonlyArray<string>) =>
        Effect.promise(() =>
          run("npx", ["--no", "--", "stepped", ...args], { cwd: project, env: { ...env, DATABASE_URL } })
        )
      assert.match(yield* stepped("migrate", "up"), /^has run: 1 initial$/m)
      assert.match(yield* stepped("doctor"), /^every invariant holds$/m)
    })))
    const platform = join(project, "node_modules/@effect/platform-node")
    renameSync(platform, `${platform}-aside`)
    const [missing, help, made] = await Promise.all(
      [["ls"], ["--help"], ["init", "other"]].map((args) =>
        run("npx", ["--no", "--", "stepped", ...args], { cwd: project, env }).catch(String)
      )
    )
    renameSync(`${platform}-aside`, platform)
    // what asks nothing of it does without
    assert.include(help, "Durable trees of actions")
    assert.match(made!, /^a project is in other: \d+ files$/m)
    assert.include(missing, "the command needs the package @effect/platform-node")
  })

  describe("in a project without an embedded database", () => {
    beforeAll(() => rmSync(join(project, "node_modules/@electric-sql"), { recursive: true }))

    it("is imported all the same", async () => {
      const program = `import { Stepped } from "stepped"; import "stepped/embedded"; import "stepped/testing"; ` +
        "console.log(typeof Stepped.action)"
      assert.match(
        await run(process.execPath, ["--input-type=module", "--eval", program], { cwd: project, env }),
        /^function$/m
      )
    })

    it.skipIf(isPooled)("becomes one file, which needs nothing beside it and runs", async () => {
      const { code, missing } = await bundle("server.ts")
      assert.deepStrictEqual(missing, [])
      // the engine's SQL is two fifths of it; all of Schema, or PGlite, would be a quarter of a megabyte more, or half of one
      assert.isBelow(code.length, 1.3 * 1024 * 1024)
      // elsewhere, so that nothing can be found beside it
      const file = join(folder, "server.mjs")
      writeFileSync(file, code)
      await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
        const { url } = yield* freshDatabase()
        const DATABASE_URL = Redacted.value(url)
        const output = yield* Effect.promise(() =>
          run(process.execPath, [file], { cwd: folder, env: { ...env, DATABASE_URL } })
        )
        assert.match(output, /^moved to London$/m)
      })))
    })

    it("says to a bundler what the embedded one lacks", async () => {
      assert.deepStrictEqual((await bundle("main.ts")).missing, ["@electric-sql/pglite"])
    })
  })

  describe("is compiled against, and runs, beside its peers", () => {
    for (
      const [which, of] of [["lowest", (range: string) => range.slice(1)], [
        "newest",
        (range: string) => range
      ]] as const
    ) {
      it(`in the ${which} versions that it allows`, async () => {
        const into = join(folder, which)
        for (const range of Object.values(peers)) assert.match(range, /^\^\d+\.\d+\.\d+$/)
        await install(into, Object.entries(peers).map(([name, range]) => `${name}@${of(range)}`))
        const found = Object.keys(peers).map((name) => {
          const { version } = JSON.parse(readFileSync(join(into, "node_modules", name, "package.json"), "utf8"))
          return [name, version] as const
        })
        if (which === "lowest") {
          assert.deepStrictEqual(found, Object.entries(peers).map(([name, range]) => [name, of(range)] as const))
        }
        // there is one of each, and no other inside of another
        const listed = await run("npm", ["ls", "--all", "--parseable", ...Object.keys(peers)], { cwd: into, env })
        const places = listed.split("\n").filter((path) => Object.keys(peers).some((name) => path.endsWith(`/${name}`)))
        assert.strictEqual(new Set(places).size, found.length, listed)
        assert.strictEqual(await run(process.execPath, [tsc(root), "--pretty", "false"], { cwd: into, env }), "")
        assert.strictEqual(
          withoutLog(await run(process.execPath, ["main.ts"], { cwd: into, env })),
          "moved to London\n0 findings\n"
        )
        assert.include(await run("npx", ["--no", "--", "stepped", "--help"], { cwd: into, env }), "Durable trees")
      })
    }
  })
})

/** One file of a program of the project, and the packages that it would still look for. */
const bundle = async (
  program: string,
  external: Array<string> = []
): Promise<{ readonly code: string; readonly missing: ReadonlyArray<string> }> => {
  const made = await rolldown({
    input: join(project, program),
    cwd: project,
    platform: "node",
    logLevel: "silent",
    external
  })
  const { output } = await made.generate({ format: "esm", minify: true, codeSplitting: false })
  await made.close()
  const [{ code, dynamicImports, fileName, imports }] = output
  return { code, missing: [...imports, ...dynamicImports].filter((name) => name !== fileName && !isBuiltin(name)) }
}
