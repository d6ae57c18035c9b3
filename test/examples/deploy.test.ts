/**
 * The deployment example as a program of its own: what it prints, how it ends, what its proxy serves meanwhile, and that
 * no process is left of it, however it ends.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync } from "node:fs"
import { appendFile, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { drawing, type Node } from "../../examples/deploy/LiveTree.ts"
import { stepped } from "../cli/fixtures/garage.ts"
import { freshDatabase } from "../harness/Server.ts"
import {
  allEnd,
  childrenOf,
  deployedSites,
  type Entry,
  entry,
  example,
  get,
  isAlive,
  lineWith,
  listsProcesses,
  start,
  workspace
} from "./fixtures/deployment.ts"

// -------------------------------------------------------------------------------------------------------------------
// tests
// -------------------------------------------------------------------------------------------------------------------

describe.concurrent("the deployment example", () => {
  it.live("deploys, and builds only what has changed when it runs again", () =>
    Effect.gen(function*() {
      const folder = yield* workspace([entry("home"), entry("docs"), entry("shop")])

      const first = yield* start(folder, [])
      assert.strictEqual(yield* first.ended, 0, first.output())
      assert.include(first.output(), "Deployed 3 of 3 sites")
      assert.include(first.output(), "✔ build Site/docs succeeded")
      assert.match(first.output(), /visitors asked for \d+ pages, 0 of them in vain/)
      assert.include(first.output(), "All 6 server processes of this run have ended.")
      // what it says in the end is there to be asked
      const [, id, at] = /npm run -s stepped -- show (\S+) --folder (\S+)/.exec(first.output())!
      const shown = yield* stepped("show", id!, "--folder", at!)
      assert.match(shown.out, /^rollOut Fleet\/local {2}succeeded/, shown.err)
      const before = deployedSites(first.output())
      assert.deepStrictEqual(before.map(({ built, site }) => [site, built]), [
        ["home", "built, 3 files"],
        ["docs", "built, 4 files"],
        ["shop", "built, 4 files"]
      ])
      assert.deepStrictEqual(before.filter(({ pid }) => isAlive(pid)), [])

      yield* Effect.promise(() => appendFile(join(folder, "sites/docs/style.css"), "h1 { color: teal }\n"))
      const second = yield* start(folder, ["--keep"])
      const output = yield* second.prints("Serving at")
      // the dashboard is there while it is kept, and asks an API that answers
      const dashboard = new URL(/^Look: +(\S+)$/m.exec(output)![1]!)
      assert.include((yield* get(dashboard.href)).text, "<title>Stepped</title>")
      const listed = JSON.parse((yield* get(new URL("../api/actions?name=rollOut", dashboard).href)).text)
      assert.strictEqual(listed.items[0].actorId, "local")
      assert.include(output, "Deployed 3 of 3 sites")
      assert.include(output, "✔ build Site/home nothing to do")
      assert.notInclude(output, "build Site/home started")
      assert.include(output, "✔ build Site/docs succeeded")
      assert.include(output, "Nothing to build for 2 of 3")
      const after = deployedSites(output)
      assert.deepStrictEqual(after.map(({ built }) => built), ["already built", "built, 4 files", "already built"])
      assert.strictEqual(after[0]!.release, before[0]!.release)
      assert.notStrictEqual(after[1]!.release, before[1]!.release)

      // through the proxy, and from the new servers: the old ones are gone
      for (const { release, site, url } of after) {
        const page = yield* get(url)
        assert.deepInclude(page, { status: 200, release })
        assert.include(page.text, `<title>The ${site}</title>`)
        assert.include(page.text, `Release ${release}`)
      }
      assert.include((yield* get(`${after[1]!.url}style.css`)).text, "teal")
      assert.strictEqual((yield* get(`${after[1]!.url}nothing.html`)).status, 404)
      assert.strictEqual((yield* get(new URL("/elsewhere/", after[0]!.url).href)).status, 404)
      const servers = childrenOf(second.pid)
      if (listsProcesses) assert.sameMembers([...servers], after.map(({ pid }) => pid))

      yield* second.kill("SIGINT")
      assert.strictEqual(yield* second.ended, 130)
      assert.include(second.output(), "All 6 server processes of this run have ended.")
      assert.deepStrictEqual(after.filter(({ pid }) => isAlive(pid)), [])
    }))

  it.live("lets failures and timeouts travel up the tree while the other sites deploy", () =>
    Effect.gen(function*() {
      const { url } = yield* freshDatabase()
      const folder = yield* workspace([
        entry("home"),
        entry("docs"),
        entry("shop"),
        entry("blog"),
        entry("mirror", "blog")
      ])
      const program = yield* start(
        folder,
        ["--break", "shop", "--break", "docs:crash", "--break", "blog:build", "--break", "mirror:sick"],
        url,
        // the healthy ones, nine at once, need a second on an idle machine, and many on one that is busy
        "30 seconds"
      )
      assert.strictEqual(yield* program.ended, 1)
      const output = program.output()
      assert.include(output, "Database: the server of DATABASE_URL")
      assert.include(output, "Deployed 1 of 5 sites")
      assert.deepStrictEqual(deployedSites(output).map(({ site }) => site), ["home"])
      const paths = output.split("\n").map((line) => line.trim()).filter((line) => line.startsWith("deploy Site/"))
      assert.deepStrictEqual(paths, [
        "deploy Site/docs › server › boot Site/docs: " +
        "Crashed: the process ended before it was ready: cannot read the price list",
        "deploy Site/shop › server › boot Site/shop: timed out",
        "deploy Site/blog › release › build Site/blog: DeadLink: index.html links to style.css, which does not exist",
        "deploy Site/mirror › health › checkHealth Site/mirror › verdict: " +
        "Unhealthy: the last health check was answered with \"500 no connection to the stock\""
      ])
      for (const site of ["docs", "shop", "blog", "mirror"]) {
        assert.include(lineWith(output, `✖ ${site}`), "serves holding-page as before")
      }
      assert.match(lineWith(output, "boot Site/shop timed out"), /after \d\d+\.\d s/)
      assert.include(lineWith(output, "The rollout failed"), "rollOut Fleet/local › sites › deploy Site/docs › server")
      assert.match(output, /visitors asked for \d+ pages, 0 of them in vain/)
      assert.match(output, /All 9 server processes of this run have ended/)
    }))

  it.live(
    "leaves nothing behind when it is killed or interrupted, and goes on with the next run",
    () =>
      Effect.gen(function*() {
        const { url } = yield* freshDatabase()
        const folder = yield* workspace([entry("home"), entry("blog")])

        // no chance to clean up: the servers notice by themselves
        const killed = yield* start(folder, [], url)
        yield* killed.prints("✔ boot Site/home succeeded")
        const orphans = childrenOf(killed.pid)
        assert.strictEqual(orphans.length > 0, listsProcesses)
        yield* killed.kill("SIGKILL")
        assert.strictEqual(yield* killed.ended, "SIGKILL")
        yield* allEnd(orphans)

        const next = yield* start(folder, [], url)
        assert.strictEqual(yield* next.ended, 0, next.output())
        assert.include(next.output(), "Deployed 2 of 2 sites")

        const interrupted = yield* start(folder, [], url)
        yield* interrupted.prints("● deploy Site/home started")
        const servers = childrenOf(interrupted.pid)
        assert.strictEqual(servers.length > 0, listsProcesses)
        yield* interrupted.kill("SIGINT")
        assert.strictEqual(yield* interrupted.ended, 130)
        assert.include(interrupted.output(), "⊘ rollOut Fleet/local cancelled")
        assert.match(interrupted.output(), /All \d server processes of this run have ended/)
        assert.deepStrictEqual(servers.filter(isAlive), [])
      })
  )

  it.live("says what is wrong with its flags and its manifest", () =>
    Effect.gen(function*() {
      const folder = yield* workspace([entry("home")])
      const how = yield* start(folder, ["--break", "home:gently"])
      assert.strictEqual(yield* how.ended, 1)
      assert.include(how.output(), "silent, crash, sick, build")

      const site = yield* start(folder, ["--break", "hom"])
      assert.strictEqual(yield* site.ended, 1)
      assert.include(site.output(), "There is no site hom: it is one of home")

      yield* Effect.promise(() => writeFile(join(folder, "sites/manifest.json"), `{ "sites": [{ "name": "Home" }] }`))
      const manifest = yield* start(folder, [])
      assert.strictEqual(yield* manifest.ended, 1)
      assert.include(manifest.output(), `["sites"][0]["name"]`)
    }))

  it("draws the tree, and less of what is over where the window is small", () => {
    const node = (label: string, status: Node["status"], children: ReadonlyArray<Node> = [], note = ""): Node => ({
      key: label,
      label,
      isWait: false,
      status,
      note,
      startedAt: status === "reused" ? undefined : 0,
      endedAt: status === "performing" ? undefined : 1000,
      children
    })
    const tree = node("rollOut", "performing", [
      node("hold a", "succeeded", [node("boot a", "succeeded")]),
      node("deploy a", "performing", [node("build a", "reused"), node("boot a", "timed_out")], "› health"),
      node("deploy b", "failed", [node("boot b", "failed", [], "Crashed: no disk")], "› server › boot b")
    ], "› sites")
    const draw = (rows: number, isOver = false) =>
      drawing(tree, 2500, { columns: 100, rows }, isOver).map((line) => line.replaceAll(/(?<=[\w✔]) {2,}/g, "  "))
    const all = [
      "● rollOut  2.5 s  › sites",
      "├─ ✔ hold a  1.0 s",
      "│  └─ ✔ boot a  1.0 s",
      "├─ ● deploy a  2.5 s  › health",
      "│  ├─ ✔ build a  nothing to do",
      "│  └─ ✖ boot a  1.0 s  timed out",
      "└─ ✖ deploy b  1.0 s  failed › server › boot b",
      "   └─ ✖ boot b  1.0 s  failed: Crashed: no disk"
    ]
    assert.deepStrictEqual(draw(9), all)
    assert.deepStrictEqual(draw(5, true), all)
    assert.deepStrictEqual(draw(8), all.filter((line) => !line.startsWith("│  └─ ✔")))
    assert.deepStrictEqual(draw(6), [0, 3, 5, 6, 7].map((i) => all[i]!))
    assert.deepStrictEqual(draw(3), [0, 3].map((i) => all[i]!))
    const narrow = drawing(tree, 2500, { columns: 60, rows: 9 }, false)
    assert.isAtMost(Math.max(...narrow.map((line) => line.length)), 60)
    assert.isTrue(narrow.at(-1)!.endsWith("…"))
  })

  it.live("lists sites that have all their files", () =>
    Effect.gen(function*() {
      const manifest = JSON.parse(yield* Effect.promise(() => readFile(join(example, "sites/manifest.json"), "utf8")))
      const names = manifest.sites.map((site: Entry) => site.name)
      assert.deepStrictEqual(names, ["home", "docs", "shop", "blog"])
      for (const { folder } of manifest.sites) assert.isTrue(existsSync(join(example, "sites", folder, "index.html")))
    }))
})
