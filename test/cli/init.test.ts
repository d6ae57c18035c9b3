/** `stepped init`: a project that compiles, whose tests pass; and what it does not write over. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { patienceMs } from "../patience.ts"
import { run, tsc } from "../run.ts"
import { link, root } from "./fixtures/developing.ts"
import { stepped } from "./fixtures/garage.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "stepped-init-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

describe("a project to start from", () => {
  it.live("compiles, and its tests pass", () =>
    Effect.gen(function*() {
      const project = join(yield* folder, "My Shop")
      const made = yield* stepped("init", project)
      assert.deepStrictEqual([made.code, made.err], [0, ""])
      assert.include(made.out, "npm install")
      const manifest = JSON.parse(readFileSync(join(project, "package.json"), "utf8"))
      const own = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
      assert.strictEqual(manifest.name, "my-shop")
      assert.deepStrictEqual(manifest.dependencies, { ...own.peerDependencies, stepped: `^${own.version}` })
      assert.isTrue(Object.values(manifest.devDependencies).every((version) => /^\^\d/.test(String(version))))
      link(project)
      const compiled = yield* Effect.promise(() =>
        run(process.execPath, [tsc(root), "--customConditions", "stepped-source", "--pretty", "false"], {
          cwd: project
        })
      )
      assert.strictEqual(compiled, "")
      // the sources stand outside of the project's node_modules: they are found by their condition
      writeFileSync(
        join(project, "vitest.config.ts"),
        "export default { ssr: { resolve: { conditions: [\"stepped-source\"], externalConditions: [\"stepped-source\"] } }, " +
          "resolve: { conditions: [\"stepped-source\"] } }"
      )
      const vitest = join(root, "node_modules/vitest/vitest.mjs")
      const env = { ...process.env, VITEST: undefined, NO_COLOR: "1" }
      const tested = yield* Effect.promise(() =>
        run(process.execPath, [vitest, "run", `--testTimeout=${patienceMs}`], { cwd: project, env })
      )
      assert.match(tested, /Tests {2}2 passed/)
      const enqueue = () => run(process.execPath, ["src/enqueue.ts", "7"], { cwd: project, env })
      assert.match(yield* Effect.promise(enqueue), /^enqueued [0-9a-f-]{36}$/m)
      const listed = yield* stepped("queues", "--folder", join(project, ".stepped"), "--json")
      assert.deepInclude(JSON.parse(listed.out), { actorType: "Order", name: "fulfil" })
    }))

  it.live("is written where nothing of it is, and nothing else there is touched", () =>
    Effect.gen(function*() {
      const project = yield* folder
      writeFileSync(join(project, "notes.txt"), "mine")
      const made = yield* stepped("init", project, "--json")
      assert.strictEqual(made.code, 0)
      const { files } = JSON.parse(made.out)
      assert.includeMembers(files, ["package.json", "tsconfig.json", ".gitignore", "README.md", "src/app.ts"])
      for (const path of files) assert.isTrue(existsSync(join(project, path)), path)
      assert.strictEqual(readFileSync(join(project, "notes.txt"), "utf8"), "mine")
      writeFileSync(join(project, "README.md"), "mine, too")
      const again = yield* stepped("init", project)
      assert.deepStrictEqual([again.code, again.out], [2, ""])
      assert.match(again.err, /nothing was written: .* has .*README\.md.* already/)
      assert.strictEqual(readFileSync(join(project, "README.md"), "utf8"), "mine, too")
    }))

  it.live("is not left half written", () =>
    Effect.gen(function*() {
      const project = yield* folder
      // no folder can be made in its place
      writeFileSync(join(project, "test"), "mine")
      const made = yield* stepped("init", project)
      assert.deepStrictEqual([made.code, made.out], [2, ""])
      assert.match(made.err, /^stepped: nothing was written: .* cannot be: .*test/)
      assert.deepStrictEqual(readdirSync(project), ["test"])
      mkdirSync(join(project, "src"))
      yield* stepped("init", project)
      assert.deepStrictEqual(readdirSync(project), ["src", "test"])
      assert.deepStrictEqual(readdirSync(join(project, "src")), [])
    }))
})
