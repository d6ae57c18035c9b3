import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { planted } from "./Bug.ts"
import { bugs } from "./bugs.ts"

describe("planted bugs", () => {
  it("have the text in the code that they replace, and names of their own", () => {
    for (const bug of bugs) {
      for (const plant of bug.plants) {
        const file = new URL(`../../${plant.file}`, import.meta.url)
        assert.doesNotThrow(() => planted(readFileSync(file, "utf8"), plant), undefined, `${bug.name}: ${plant.file}`)
      }
    }
    assert.strictEqual(new Set(bugs.map(({ name }) => name)).size, bugs.length)
  })
})
