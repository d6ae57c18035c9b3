/** Every example is run as its header says, and prints what it is meant to show. */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { elsewhere, examples, outputOf, root } from "./fixtures/printed.ts"

describe("the examples", () => {
  for (const [name, expected] of Object.entries(examples)) {
    it(`${name} prints what it shows`, async () => assert.deepStrictEqual(await outputOf(name), expected))
  }

  it("are all run", () => {
    const folders = readdirSync(join(root, "examples"), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith("/main.ts")).map((path) => path.slice(0, -"/main.ts".length))
      .filter((name) => !elsewhere.includes(name))
    assert.deepStrictEqual(folders.sort(), Object.keys(examples).sort())
  })
})
