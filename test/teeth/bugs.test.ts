import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { patienceMs } from "../patience.ts"
import { bugs } from "./bugs.ts"
import { hasPlace, misspelt, refused } from "./checks.ts"

describe("planted bugs", () => {
  it("have the text in the code that they replace, and names of their own", () => {
    const gone = bugs.flatMap(({ name, plants }) =>
      plants.filter((plant) => !hasPlace(plant)).map(({ file }) => `${name}: ${file}`)
    )
    assert.deepStrictEqual(gone, [])
    assert.strictEqual(new Set(bugs.map(({ name }) => name)).size, bugs.length)
  })

  it("compile where they are planted", () => {
    assert.deepStrictEqual(misspelt(bugs), [])
    const wrong = { file: "src/engine/Wakeups.ts", find: "const quietMs = 20", replace: `const quietMs = "20"` }
    assert.lengthOf(misspelt([{ name: "wrong", plants: [wrong] }]), 1)
    // all of the types once, and each bug's file again: minutes beside other work
  }, patienceMs * 4)

  it.effect("are taken by the database where they are planted", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* refused(bugs), [])
      const wrong = { file: "src/sql/schema/functions/leased.sql", find: "begin", replace: "begin if" }
      assert.lengthOf(yield* refused([{ name: "wrong", plants: [wrong] }]), 1)
    }))
})
