/**
 * What the compiler says to the usual mistakes. Each program in `fixtures` holds one; they are compiled together, once.
 */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync } from "node:fs"
import { folder, messages, mistakes } from "./compiled.ts"

describe("the compiler's message", () => {
  for (const [name, [line, ...words]] of Object.entries(mistakes)) {
    it(`to ${name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)} says what is wrong`, () => {
      const message = messages.get(`${name}:${line}`) ?? ""
      for (const word of words) assert.include(message, word)
    })
  }

  it("is given for every mistake, and for nothing else", () => {
    const files = readdirSync(folder).filter((file) => file.endsWith(".ts") && file !== "Cars.ts")
    assert.sameMembers(files, Object.keys(mistakes).map((name) => `${name}.ts`))
    const places = [...messages.keys()].filter((place) => !place.startsWith("../"))
    assert.sameMembers(places, Object.entries(mistakes).map(([name, [line]]) => `${name}:${line}`))
  })

  it("to an async body is short", () => {
    for (
      const name of ["asyncBody", "asyncNamedBody", "asyncHook", "asyncCallback", "asyncAddition", "asyncPrepended"]
    ) {
      const message = messages.get(`${name}:${mistakes[name]![0]}`)!
      assert.isAtMost(message.trim().split("\n").length, 4, message)
      assert.notInclude(message, "[TypeId]")
    }
  })

  it("to an overload says only what is wrong with the one that was meant", () => {
    for (const name of ["stepTwice", "notJson", "asyncNamedBody"]) {
      const message = messages.get(`${name}:${mistakes[name]![0]}`)!
      assert.strictEqual(message.match(/Argument of type/g)?.length, 1)
    }
  })
})
