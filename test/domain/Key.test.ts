/** Rule 2.8: keys as texts. */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { joinKey, parseKey } from "../../src/domain/Key.ts"

describe("keys", () => {
  it("2.8: nothing, the empty text, the empty list and one that joins to nothing are none", () => {
    for (const none of [null, undefined, "", [], [""]]) assert.strictEqual(joinKey(none), "")
  })

  it("2.8: a text is taken as it is, a list is joined with slashes", () => {
    assert.strictEqual(joinKey("Car/maintenance"), "Car/maintenance")
    assert.strictEqual(joinKey(["Car", 7, "maintenance"]), "Car/7/maintenance")
    assert.strictEqual(joinKey(["one"]), "one")
  })

  it("2.8: a part's own slash is escaped, so that different lists are different keys", () => {
    const lists = [["a/b", "c"], ["a", "b/c"], ["a", "b", "c"], ["a/b/c"], ["a\\", "b/c"], ["a\\/b", "c"], [
      "a\\",
      "b",
      "c"
    ]]
    const keys = lists.map(joinKey)
    assert.strictEqual(new Set(keys).size, lists.length)
    assert.strictEqual(keys[0], "a\\/b/c")
    assert.strictEqual(keys[1], "a/b\\/c")
  })

  it("come apart again into the parts that they were joined of, whatever those hold", () => {
    assert.deepStrictEqual(parseKey("Car/7/maintenance"), ["Car", "7", "maintenance"])
    const part = fc.string({ unit: fc.constantFrom("a", "/", "\\", " ", "é") })
    fc.assert(fc.property(fc.array(part, { minLength: 1 }), (parts) => {
      assert.deepStrictEqual(parseKey(joinKey(parts)), parts)
    }))
  })

  it("that were no lists come apart all the same", () => {
    assert.deepStrictEqual(parseKey("maintenance"), ["maintenance"])
    assert.deepStrictEqual(parseKey("a//b"), ["a", "", "b"])
    assert.deepStrictEqual(parseKey("a\\"), ["a\\"])
  })
})
