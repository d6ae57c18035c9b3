/** Rule 24.9: failures of activities in words, without what may be secret in them. */
import { assert, describe, it } from "@effect/vitest"
import { exitText, openExitText } from "../../src/domain/exitText.ts"

const said = (reason: unknown) => exitText(JSON.stringify(reason))

describe("failures of activities", () => {
  it("24.9: say an error's tag and message, a text, or a defect's message, and no field", () => {
    assert.strictEqual(said({ _tag: "Fail", error: { _tag: "Declined", card: "4111" } }), "Declined")
    assert.strictEqual(said({ _tag: "Fail", error: { _tag: "Declined", message: "no money" } }), "Declined: no money")
    assert.strictEqual(said({ _tag: "Fail", error: "nobody is there" }), "nobody is there")
    assert.strictEqual(said({ _tag: "Fail", error: { card: "4111" } }), "an error")
    assert.strictEqual(said({ _tag: "Fail", error: null }), "an error")
    assert.strictEqual(said({ _tag: "Die", defect: { name: "Error", message: "broken" } }), "broken")
    assert.strictEqual(said({ _tag: "Interrupt", fiberId: 3 }), "interrupted")
    assert.strictEqual(exitText("{\"_tag\":\"Fail\",\"error\":{\"card\":\"41"), "an error that is too long to be shown")
  })

  it("24.9: to everybody say a declared error's tag alone, as what it says may be secret by its schema", () => {
    const open = (reason: unknown) => openExitText(JSON.stringify(reason))
    assert.strictEqual(open({ _tag: "Fail", error: { _tag: "Declined", message: "of 4111" } }), "Declined")
    assert.strictEqual(open({ _tag: "Fail", error: "4111" }), "an error")
    assert.strictEqual(open({ _tag: "Fail", error: { message: "of 4111" } }), "an error")
    assert.strictEqual(open({ _tag: "Die", defect: { name: "Error", message: "broken" } }), "broken")
    assert.strictEqual(open({ _tag: "Interrupt", fiberId: 3 }), "interrupted")
  })
})
