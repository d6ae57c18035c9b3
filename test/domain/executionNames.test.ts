/** Rule 24.8: names of workflows, activities and deferreds as they are stored, and back. */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { actorTypeOf, namedOf, nameStored, storedName, workflowOf } from "../../src/domain/executionNames.ts"

/** Any text at all, lone surrogates included, and more often than by chance what is a sign of the encoding. */
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: fc.constantFrom("a", "-", "~", "#", ".", "2", "f", "é", "/", " ", "\u0000", "\ud800", "\ud801") }),
  fc.string({ unit: fc.constantFrom("a", "-", "é", "~"), minLength: 60, maxLength: 400 })
)

describe("names of executions", () => {
  it("24.8: whatever a workflow is called, its actor's type is one that can be, and nobody else's", () => {
    fc.assert(fc.property(text, text, (one, other) => {
      const type = actorTypeOf(one)
      assert.match(type, /^Workflow\.[A-Za-z0-9_.-]*$/)
      assert.isAtMost(type.length, 100)
      if (one !== other) assert.notStrictEqual(type, actorTypeOf(other))
    }))
    // in UTF-8 these are the same
    assert.notStrictEqual(actorTypeOf("\ud800"), actorTypeOf("\ud801"))
    assert.notStrictEqual(actorTypeOf("\ud800"), actorTypeOf("\ufffd"))
  })

  it("24.8: a workflow's name is read back from its actor's type, of a long one its beginning", () => {
    fc.assert(fc.property(text, (name) => {
      const type = actorTypeOf(name)
      const read = workflowOf(type)!
      if (/--[0-9a-f]{24}$/.test(type)) {
        const [, first] = /^([^]*)… \([0-9a-f]{24}\)$/.exec(read)!
        assert.isTrue(name.toWellFormed().startsWith(first!), `${JSON.stringify(first)} of ${JSON.stringify(name)}`)
      } else assert.strictEqual(read, name)
    }))
    assert.strictEqual(workflowOf("Car"), undefined)
    assert.strictEqual(workflowOf(actorTypeOf("a/b: ä~")), "a/b: ä~")
  })

  it("24.8: a name is stored as one that Postgres takes, nobody else's and none of the engine's own, and read back", () => {
    fc.assert(fc.property(text, text, (one, other) => {
      const stored = storedName(one)
      assert.isAtMost(stored.length, 301)
      assert.notInclude(stored, "\u0000")
      assert.notStrictEqual(stored, "~interrupt")
      assert.isTrue(stored.isWellFormed())
      if (one !== other) assert.notStrictEqual(stored, storedName(other))
      assert.strictEqual(nameStored(stored), stored.startsWith("~#") ? stored : one)
    }))
    assert.strictEqual(storedName("~interrupt"), "~~interrupt")
    assert.notStrictEqual(storedName("\ud800"), storedName("\ud801"))
  })

  it("24.9: what Effect makes deferreds and activities of is told by how it names them", () => {
    assert.deepStrictEqual(
      ["DurableClock/trial", "raceAll/either", "DurableQueue/mails/a/b", "approval", "~~x"].map(namedOf),
      [
        { kind: "clock", name: "trial" },
        { kind: "race", name: "either" },
        { kind: "queue", name: "mails/a/b" },
        { kind: "own", name: "approval" },
        { kind: "own", name: "~x" }
      ]
    )
  })
})
