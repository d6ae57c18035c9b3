/** Rule 15.1: what a lane may be given, and what is refused where it is defined. */
import { assert, describe, it } from "@effect/vitest"
import { DefinitionError, Stepped } from "stepped"
import { knownLanes } from "../src/Lane.ts"

/** Whatever a program without types gives. */
const define = (name: string, options?: unknown) => Stepped.lane(name, options as { readonly limit?: number })

const refusal = (define: () => unknown): string => {
  try {
    define()
  } catch (error) {
    assert.instanceOf(error, DefinitionError)
    return error.message
  }
  throw new Error("it was not refused")
}

describe("a lane", () => {
  const wrong: ReadonlyArray<readonly [name: string, options: unknown, message: string]> = [
    ["a b", {}, "\"a b\" cannot name a lane: use a letter or an underscore"],
    ["w1", { limit: 0 }, "The lane w1: limit is 0: give a whole number from 1 to 1000"],
    ["w2", { limit: 1001 }, "The lane w2: limit is 1001: give a whole number from 1 to 1000"],
    ["w3", { limit: 1.5 }, "The lane w3: limit is 1.5: give a whole number from 1 to 1000"],
    ["w4", { whenBusy: "wait" }, "The lane w4: whenBusy is wait: it takes supersede, line, reject, cancelRunning"],
    ["w5", { maxPending: 3 }, "The lane w5: maxPending is for whenBusy: \"line\", and whenBusy is supersede"],
    [
      "w6",
      { whenBusy: "line", maxPending: -1 },
      "The lane w6: maxPending is -1: give a whole number from 0 to 1000000"
    ],
    [
      "w7",
      { whenBusy: "line", waiters: "fail" },
      "The lane w7: waiters says what superseding does, and whenBusy is line"
    ],
    ["w8", { waiters: "some" }, "The lane w8: waiters is some: it takes inherit, fail"],
    ["w9", { whenBusy: "reject", debounce: { wait: 1 } }, "The lane w9: debounce is superseding with a start put off"],
    ["w10", { debounce: { wait: "soon" } }, "debounce.wait of the lane w10 is \"soon\": it takes a duration from 1"],
    [
      "w11",
      { debounce: { wait: 10, maxWait: 5 } },
      "The lane w11: debounce.maxWait is 5 ms, less than wait, which is 10 ms"
    ],
    ["w12", { rate: { limit: 1001, per: 1 } }, "The lane w12: rate.limit is 1001: give a whole number from 1 to 1000"],
    ["w13", { rate: { limit: 1, per: 0 } }, "rate.per of the lane w13 is 0: it takes a duration from 1"]
  ]
  for (const [name, options, message] of wrong) {
    it(`15.1: is refused with ${JSON.stringify(options)} as ${name}`, () => {
      assert.include(refusal(() => define(name, options)), message)
      assert.notProperty(knownLanes() ?? {}, name)
    })
  }

  it("15.1: has one setting in a program; defined again with the same, it is the same", () => {
    define("once", { limit: 2 })
    define("once", { limit: 2, whenBusy: "line" })
    assert.include(refusal(() => define("once", { limit: 3 })), "The lane once has two settings")
    assert.deepStrictEqual(knownLanes()?.once, { limit: 2, whenBusy: "line" })
  })

  it("15.3: supersedes by default where one performs, and is a line where more do, or a rate is given", () => {
    define("one")
    define("more", { limit: 2 })
    define("measured", { rate: { limit: 2, per: "1 second" } })
    assert.deepStrictEqual([knownLanes()?.one, knownLanes()?.more, knownLanes()?.measured], [
      { limit: 1, whenBusy: "supersede" },
      { limit: 2, whenBusy: "line" },
      { limit: 1, whenBusy: "line", rate: 2, per: 1000 }
    ])
  })

  it("15.1: is taken by an action with `concurrency` or `concurrencyKey`, never both", () => {
    const both: any = { concurrencyKey: () => "a", concurrency: () => define("one")() }
    assert.strictEqual(
      refusal(() => Stepped.action("ship", both)),
      "ship has both concurrency and concurrencyKey: give it the lanes of one of them"
    )
  })
})
