import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { bugs } from "./bugs.ts"

describe("planted bugs", () => {
  it("have the text in the code that they replace, and names of their own", () => {
    const places = bugs.flatMap(({ name, plants }) => plants.map((plant) => ({ name, plant })))
    const gone = places.filter(({ plant }) =>
      readFileSync(new URL(`../../${plant.file}`, import.meta.url), "utf8").split(plant.find).length !== 2
    )
    assert.deepStrictEqual(gone.map(({ name, plant }) => `${name}: ${plant.file}`), [])
    assert.strictEqual(new Set(bugs.map(({ name }) => name)).size, bugs.length)
  })
})
