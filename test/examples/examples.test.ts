/** Every example is run as its header says, and prints what it is meant to show. */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync } from "node:fs"
import { join, resolve } from "node:path"
import { run } from "../run.ts"

const root = resolve(import.meta.dirname, "../..")

const outputOf = async (name: string): Promise<ReadonlyArray<string>> => {
  const output = await run("npm", ["run", "--silent", "example", `examples/${name}/main.ts`], { cwd: root })
  // the engine logs what fails, each time from a line with the time to a closing brace
  return output.replaceAll(/^\[\d\d:[^]*?^\}\n/gm, "").trim().split("\n")
}

// what each program prints, line by line
const examples: Readonly<Record<string, ReadonlyArray<string>>> = {
  quickstart: [
    "car 1 drives 5 miles",
    "car 1 drives 7 miles",
    "car 1 moves to London",
    "asked for London, got a place in London",
    "car 1 has arrived",
    "visited: a place in London",
    "visited: a place in London",
    "visit Car/1 › move › changeLocation Car/1: NoParking at Venice"
  ],
  car: [
    "an action without steps calls the method of its name",
    "mileage 12",
    "",
    "a step enqueues further actions; a checksum that is achieved saves the work",
    "location London",
    "after an achieved visit: location nowhere",
    "after another visit in between: location London",
    "",
    "a step waits for all that it enqueued",
    "honks 2, mileage 3",
    "",
    "a step waits for a time",
    "performing: honks 0",
    "succeeded: honks 1",
    "",
    "before replaces the arguments",
    "mileage 8",
    "",
    "a step can mark itself as failed; an actor without a row fails what needs it",
    "mileage 100000",
    "inspect Car/6 › read: marked as failed",
    "inspect Car/999 › read: ActorNotFound: There is no Car/999: its loader found no row",
    "",
    "an outbound action is completed from outside, and runs the callbacks of its status",
    "Drove 10 miles",
    "drive Taxi/7: completed as failed",
    "Cancelled, honks 2",
    "",
    "of the actions that wait for one lane the newest supersedes the others",
    "performing, superseded, pending",
    "succeeded, superseded, performing",
    "succeeded, superseded, succeeded",
    "restore Car/8 › 1 › paint Car/8: deadlocked",
    "",
    "a checksum key shares an achievement",
    "the map of Rome",
    "succeeded at once: the map of Rome",
    "",
    "an actor and a name say which outbound action is meant",
    "completed: true",
    "again: false",
    "",
    "a job performs an action and completes it, after the steps that others have prepended",
    "location the workshop, honks 1",
    "",
    "a timeout of a child fails its parent",
    "visit Taxi/14 › 1 › changeLocation Taxi/14: timed out",
    "",
    "typed errors come back typed, handled defects fail, others are tried again",
    "NoFuel at closed",
    "refuel Car/15: the pump is broken",
    "refuelled in the second attempt"
  ],
  "transactional-enqueue": [
    "order 2: too expensive",
    "orders: 1",
    "actions: confirm Order/1 succeeded",
    "booked in 2 attempts, balance 70",
    "confirm is enqueued by the open transaction and can start only after its commit: " +
    "use confirmLater inside the transaction and await the handle after it"
  ],
  webhook: [
    "the bank answers: 200 thank you",
    "and once more: 200 not waiting for that",
    "order 1: receipt over 1500",
    "the bank answers: 200 thank you",
    "and once more: 200 not waiting for that",
    "order 2: CardDeclined, limit"
  ],
  plain: [
    "mail about order 1: receipt over 1500 cents",
    "receipt over 1500 cents",
    "receipt over 800 cents",
    "succeeded",
    "declined: over the limit",
    "ActionFailed: checkOut Order/4 › receipt › pay Order/4 › charge: CardDeclined reason over the limit"
  ],
  recursion: [
    "ping pong ping pong ping pong",
    "returned: EnqueueError: The action would be 11 levels deep in its tree, the limit is 10: " +
    "end the recursion, or start a new tree"
  ]
}

/** Tested on its own: it needs more than itself. */
const elsewhere = ["deploy"]

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
