/** The plan of the house, held by the rules of `house.ts`: asked about this repository, and about a few planted lines. */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { afterAll } from "vitest"
import * as House from "./house.ts"
import { plant } from "./planting.ts"
import { openSources } from "./Sources.ts"

const root = resolve(import.meta.dirname, "../..")
const repository = openSources(root)
afterAll(() => repository[Symbol.dispose]())

const texts = readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name))
  .map((path) => ({ path: path.slice(root.length + 1), content: readFileSync(path, "utf8") }))

const but = (violations: ReadonlyArray<string>, exceptions: ReadonlyArray<string>) =>
  violations.filter((violation) => !exceptions.some((one) => violation.startsWith(one) || violation.endsWith(one)))

describe("sizes", () => {
  it("of files are at most 400 lines", () => assert.deepStrictEqual(House.largeFiles(texts), []))

  it("of functions are at most 80 lines", () => assert.deepStrictEqual(House.largeFunctions(repository), []))

  it("of functions in SQL are at most 150 lines", () => assert.deepStrictEqual(House.largeSqlFunctions(texts), []))

  it("of what stands before the first test are at most 60 lines", () => {
    // the cast is what it is about
    assert.deepStrictEqual(but(House.lateTests(repository), ["test/types/thirtyActions.test.ts"]), [])
    using planted = plant({
      "test/a.test.ts": `${"\n".repeat(60)}it("is early", () => {})`,
      "test/b.test.ts": `${"\n".repeat(61)}for (const n of [1]) {\n  it("is late", () => {})\n}\nit("later", () => {})`
    }, ["test"])
    assert.deepStrictEqual(House.lateTests(planted), ["test/b.test.ts: 61 lines before the first test"])
  })

  it("are counted without named functions within, and in SQL without the header", () => {
    const long = (n: number) => Array.from({ length: n }, () => "f()").join("\n")
    using planted = plant({
      "src/a.ts": `declare const f: (g?: () => void) => void; declare const Effect: any
        export const large = () => {\n${long(79)}\n}
        export const maker = () => {
          const part = () => {\n${long(70)}\n}
          const effect = Effect.gen(function*() {\n${long(70)}\n})
          ${long(20)}
          return { part, effect, other() {\n${long(70)}\n} }
        }
        export const wrapped = f(() => {\n${long(80)}\n})
        export class C { method() {\n${long(80)}\n} }`
    })
    assert.deepStrictEqual(House.largeFunctions(planted), [
      "src/a.ts:2: large: 81 lines",
      "src/a.ts:321: wrapped: 82 lines",
      "src/a.ts:403: method: 82 lines"
    ])
    const body = (n: number) => Array.from({ length: n }, () => "  x := 1;").join("\n")
    const content = `create function small(\n  p int\n) returns void language plpgsql as $$\n${body(150)}\n$$;
create or replace function large() returns void language plpgsql as $body$\n${body(151)}\n$body$;\n`
    assert.deepStrictEqual(House.largeSqlFunctions([{ path: "src/sql/schema/a.sql", content }]), [
      "src/sql/schema/a.sql: large: 151 lines"
    ])
    const lines = (n: number) => "\n".repeat(n)
    assert.deepStrictEqual(
      House.largeFiles([
        { path: "src/Action.ts", content: lines(900) },
        { path: "src/Step.ts", content: lines(400) },
        { path: "src/Actor.ts", content: lines(401) },
        { path: "src/sql/schema/claim.sql", content: lines(401) },
        { path: "src/sql/schema/tables.sql", content: lines(401) }
      ]),
      ["src/Actor.ts: 401 lines", "src/sql/schema/claim.sql: 401 lines"]
    )
  })
})

describe("state", () => {
  it("lives in worker/, in client/ and where it is said what it is", () =>
    assert.deepStrictEqual(House.stateElsewhere(repository), []))

  it("is in each file that may have some", () => {
    const withState = repository.files.filter((source) => House.stateIn(source).length > 0).map(({ path }) => path)
    assert.deepStrictEqual(Object.keys(House.stateful).filter((path) => !withState.includes(path)), [])
  })

  it("is what outlives the function that changes it", () => {
    using planted = plant({
      "src/Lane.ts": "let free = 0; export const f = () => free++",
      "src/engine/worker/Gate.ts": "export const make = () => { let permits = 1; return () => permits-- }",
      "src/a.ts": `
        let count = 0
        export const next = () => count++
        export const sum = (all: ReadonlyArray<number>) => {
          let total = 0
          const seen = new Set<number>()
          for (const n of all) { total += n; seen.add(n) }
          all.forEach((n) => { total += n })
          return total
        }
        const known = new WeakMap<object, number>()
        export const remember = (o: object) => known.set(o, 1)
        export const make = () => {
          const names: Array<string> = []
          return { add: (name: string) => { names.push(name) } }
        }
        export const table = new Map<string, number>()
        export const put = () => { table.set("a", 1) }
        export class Loading { size = 0; readonly #all = new Map<string, number>(); readonly name = "n" }
        declare const Ref: any
        export const ref = Ref.make(0)`
    })
    assert.deepStrictEqual(House.stateElsewhere(planted), [
      "src/a.ts:19: size",
      "src/a.ts:19: #all",
      "src/a.ts:21: Ref.make",
      "src/a.ts:2: count",
      "src/a.ts:14: names",
      "src/a.ts:17: table"
    ])
  })
})

describe("the order", () => {
  it("of folders holds for all imports, those of types too", () =>
    assert.deepStrictEqual(House.importsOutOfOrder(repository), []))

  it("is broken by what imports upwards, and by a service that uses the driver outside its layer", () => {
    using planted = plant({
      "src/domain/Phase.ts": `import type { A } from "../Action.ts"; export type P = A`,
      "src/Action.ts": `import "./domain/Phase.ts"; export type A = 1`,
      "src/store/Store.ts":
        `import type { JobQueue } from "../JobQueue.ts"; import "../Action.ts"; export type S = JobQueue`,
      "src/JobQueue.ts": `
        import { jobs } from "./sql/jobs.ts"
        import "./store/Store.ts"
        export class JobQueue { static readonly layer = () => jobs }`,
      "src/ActionRepo.ts": `
        import { jobs } from "./sql/jobs.ts"
        export const all = jobs
        export const layer = jobs`,
      "src/sql/jobs.ts": `import { e } from "../engine/Engine.ts"; export const jobs = e`,
      "src/engine/Engine.ts": `import type {} from "../sql/jobs.ts"; import "../JobQueue.ts"; export const e = 1`,
      "src/Stepped.ts": `import "./engine/Engine.ts"; import "./sql/jobs.ts"; import "./testing/index.ts"`,
      "src/testing/index.ts": `import "../Stepped.ts"; import "../sql/jobs.ts"; import "../http/index.ts"`,
      "src/http/index.ts": ``
    })
    assert.deepStrictEqual([...House.importsOutOfOrder(planted)].sort(), [
      "src/ActionRepo.ts:2: services imports sql: src/sql/jobs.ts",
      "src/Stepped.ts:1: joining imports testing: src/testing/index.ts",
      "src/domain/Phase.ts:1: domain imports definitions: src/Action.ts",
      "src/engine/Engine.ts:1: engine imports sql: src/sql/jobs.ts",
      "src/sql/jobs.ts:1: sql imports engine: src/engine/Engine.ts",
      "src/testing/index.ts:1: testing imports http: src/http/index.ts"
    ])
  })

  it("has no cycle of types across folders", () => {
    assert.deepStrictEqual(House.knotsAcrossFolders(repository), [])
    using planted = plant({
      "src/store/Store.ts": `import type { A } from "../ActionRepo.ts"; export type S = A`,
      "src/ActionRepo.ts": `import type { S } from "./store/Store.ts"; export type A = S`,
      "src/engine/Wakeups.ts": `import type { W } from "./worker/Worker.ts"; export type E = W`,
      "src/engine/worker/Worker.ts": `import type { T } from "./Timers.ts"; export type W = T`,
      "src/engine/worker/Timers.ts": `import type { E } from "../Wakeups.ts"; export type T = E`
    })
    assert.deepStrictEqual(House.knotsAcrossFolders(planted), [
      "src/engine/Wakeups.ts, src/engine/worker/Timers.ts, src/engine/worker/Worker.ts"
    ])
  })
})
