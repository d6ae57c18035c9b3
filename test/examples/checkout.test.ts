/** The checkout example as a program of its own: each of its stories, by what is in the services' books in the end. */
import { assert, describe, it } from "@effect/vitest"
import { run, withoutLog } from "../run.ts"
import { stories } from "./fixtures/checkout.ts"
import { root } from "./fixtures/printed.ts"

describe.concurrent("a checkout", () => {
  for (const [name, { books, flags, tells }] of Object.entries(stories)) {
    it(name, async () => {
      const args = ["run", "--silent", "example", "examples/checkout/main.ts", "--", ...flags]
      const lines = withoutLog(await run("npm", args, { cwd: root })).trim().split("\n")
      // what the carrier hears ends the checkout: which of the two is told first is open
      const ofCarrier = (line: string) => line.includes("the carrier is answered")
      for (const told of [tells.filter(ofCarrier), tells.filter((line) => !ofCarrier(line))]) {
        let from = 0
        for (const line of told) {
          const at = lines.indexOf(line, from)
          assert.isAtLeast(at, 0, `${line}\nis missing from line ${from} on in\n${lines.join("\n")}`)
          from = at + 1
        }
      }
      assert.deepStrictEqual(lines.slice(lines.indexOf("The books:") + 1), books)
    })
  }
})
