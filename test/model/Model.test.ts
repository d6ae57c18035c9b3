import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { child, failing, invoke, outcome, outcomes, plan, type Scenario, step, wait } from "./Model.ts"
import { scenarios } from "./Trees.ts"

/** What is stored, such as `0.0:1 superseded`. */
const statuses = (scenario: Scenario) => outcome(scenario).actions.map(({ key, status }) => `${key} ${status}`)

const slotsOf = (scenario: Scenario, key: string) =>
  outcome(scenario).actions.find((action) => action.key === key)!.steps.flatMap(({ slots }) => slots)

const drive = plan({ lane: "road" })
const clean = plan({ checksum: 1 })

describe("the model", () => {
  it("1.3: an action without steps performs and succeeds", () => {
    assert.deepStrictEqual(outcome([invoke(plan())]), {
      drained: true,
      cancelled: [],
      handles: ["nothing"],
      actions: [{
        key: "0",
        definition: "One/1 does_1_void",
        status: "succeeded",
        supersededBy: null,
        callbacks: [0, 0],
        result: null,
        steps: [{ name: "first", status: "succeeded", slots: [] }]
      }],
      achievements: [],
      log: ["step 0 first"]
    })
  })

  it("2.2: what `before` cancels or completes is not stored", () => {
    assert.deepStrictEqual(outcome([invoke(plan({ before: "cancel" }))]).handles, ["cancelled"])
    const completed = outcome([invoke(plan({ before: "complete", number: 7, shape: { success: "number" } }))])
    assert.deepStrictEqual(completed.handles, ["7"])
    assert.deepStrictEqual(completed.actions, [])
    assert.deepStrictEqual(completed.log, ["before 0"])
  })

  it("2.3: the checksum is that of the arguments that `before` has left", () => {
    const other = { steps: [step()], failing: 0, checksum: 1 }
    const replacing = plan({ before: "replace", checksum: 2, checksumKey: "key", other })
    assert.deepStrictEqual(
      statuses([invoke(plan({ checksum: 1, checksumKey: "key" })), { _tag: "Perform" }, invoke(replacing)]),
      ["0 succeeded"]
    )
  })

  it("2.4: what is achieved succeeds at once; 2.7: starting forgets it", () => {
    const again: Scenario = [invoke(clean), { _tag: "Perform" }, invoke(clean), { _tag: "Perform" }]
    assert.deepStrictEqual(outcome(again).log, ["step 0 first"])
    const otherwise = plan({ checksum: 2 })
    const forgotten = outcome([...again, invoke(otherwise), { _tag: "Perform" }, invoke(clean)])
    assert.deepStrictEqual(forgotten.log, ["step 0 first", "step 2 first", "step 3 first"])
    assert.deepStrictEqual(forgotten.achievements, ["One/1/does_1_void by 3"])
  })

  it("2.4: an achievement that cannot be read is no achievement", () => {
    const number = plan({ checksum: 1, checksumKey: "key", shape: { success: "number" } })
    const scenario = [invoke(plan({ checksum: 1, checksumKey: "key" })), { _tag: "Perform" } as const, invoke(number)]
    assert.deepStrictEqual(outcome(scenario).handles, ["nothing", "1"])
  })

  it("2.5 a: a child in the lane of an ancestor is deadlocked", () => {
    const grandchild = plan({ steps: [step(child(drive))] })
    const scenario = [invoke(plan({ lane: "road", steps: [step(child(grandchild))] }))]
    assert.deepStrictEqual(statuses(scenario), ["0 failed", "0.0:0 failed"])
    assert.deepStrictEqual(slotsOf(scenario, "0.0:0"), ["unstored deadlocked"])
  })

  it("2.5 a: so is one that closes a cycle over two lanes", () => {
    const there = plan({ lane: "there", steps: [step(wait(1)), step(child(plan({ lane: "here" })))] })
    const here = plan({ lane: "here", steps: [step(wait(1)), step(child(plan({ lane: "there" })))] })
    const [first, second] = outcome([invoke(there), invoke(here)]).handles
    assert.deepStrictEqual([first, second], ["nothing", "failed"])
  })

  it("2.5 b: the same checksum joins what is live, and supersedes nothing", () => {
    const same = plan({ lane: "road", checksum: 1 })
    const scenario = [invoke(drive), invoke(same), invoke(same)]
    assert.deepStrictEqual(statuses(scenario), ["0 succeeded", "1 succeeded"])
    assert.deepStrictEqual(outcome(scenario).log, ["step 0 first", "step 1 first"])
  })

  it("2.9: of three children in one lane the first performs, and the third supersedes the second", () => {
    const scenario = [invoke(plan({ steps: [step(child(drive), child(drive), child(drive))] }))]
    assert.deepStrictEqual(statuses(scenario), [
      "0 succeeded",
      "0.0:0 succeeded",
      "0.0:1 superseded",
      "0.0:2 succeeded"
    ])
    assert.deepStrictEqual(slotsOf(scenario, "0"), ["0.0:0 succeeded", "0.0:2 succeeded", "0.0:2 succeeded"])
  })

  it("2.9: a child joins after an elder sibling whose preparation takes longer", () => {
    const prepared = plan({ lane: "road", before: "go", steps: [step(wait(1))] })
    const scenario = [invoke(plan({ steps: [step(child(prepared), child(drive))] }))]
    assert.deepStrictEqual(outcome(scenario).log, [
      "step 0 first",
      "before 0.0:0",
      "step 0.0:0 first",
      "step 0.0:1 first"
    ])
  })

  it("3.2: a body that fails has enqueued nothing", () => {
    assert.deepStrictEqual(statuses([invoke(plan({ steps: [failing(child(drive))] }))]), ["0 failed"])
  })

  it("3.3: a wait holds the step open, not the body", () => {
    const scenario = [invoke(plan({ steps: [step(wait(5), child(drive)), step()] }))]
    assert.deepStrictEqual(outcome(scenario).log, ["step 0 first", "step 0.0:1 first", "step 0 second after 1"])
  })

  it("3.4: a marked step goes on to the end of its children, then fails", () => {
    const scenario = [invoke(plan({ steps: [step({ _tag: "MarkFailed" }, child(drive)), step()] }))]
    assert.deepStrictEqual(statuses(scenario), ["0 failed", "0.0:0 succeeded"])
  })

  it("3.6: replaced arguments are those of later steps and callbacks", () => {
    const other = { steps: [step(), failing()], failing: 1, checksum: null }
    const replacing = plan({ steps: [step({ _tag: "Replace" }), step()], other, shape: { callbacks: "all" } })
    assert.deepStrictEqual(outcome([invoke(replacing)]).actions[0]!.callbacks, [1, 1])
    assert.deepStrictEqual(statuses([invoke(replacing)]), ["0 failed"])
  })

  it("4.3: a child whose callback failed has succeeded, and fails its parent's step", () => {
    const sloppy = plan({ checksum: 1, failing: 1, shape: { callbacks: "some" } })
    const scenario = [invoke(plan({ steps: [step(child(sloppy))] }))]
    assert.deepStrictEqual(statuses(scenario), ["0 failed", "0.0:0 succeeded"])
    assert.deepStrictEqual(outcome(scenario).achievements, [])
  })

  it("4.5: the oldest live action of the lane goes on", () => {
    const scenario = [invoke(plan({ lane: "road", outside: "failed" })), invoke(drive)]
    assert.deepStrictEqual(statuses(scenario), ["0 failed", "1 succeeded"])
  })

  it("4.6: children that nobody waits for are cancelled, those of a joined root are not", () => {
    const long = plan({ lane: "road", checksum: 1, steps: [step(wait(5))] })
    const parent = invoke(plan({ steps: [step(child(long))] }))
    const cancel: Scenario = [{ _tag: "Perform" }, { _tag: "Perform" }, { _tag: "Cancel", handle: 0 }]
    assert.deepStrictEqual(statuses([parent, ...cancel]), ["0 cancelled", "0.0:0 cancelled"])
    assert.deepStrictEqual(
      statuses([parent, { _tag: "Perform" }, { _tag: "Perform" }, invoke(long), ...cancel]),
      ["0 cancelled", "0.0:0 succeeded"]
    )
  })

  it("5.1: an outbound action waits for somebody outside, also if nobody comes", () => {
    const scenario = [invoke(plan({ outside: "ignored" }))]
    assert.strictEqual(outcome(scenario).drained, false)
    assert.deepStrictEqual(outcome(scenario).handles, ["nothing"])
  })

  it("7.1: a timeout fails the slot, and so on upwards", () => {
    const late = plan({ timeout: 2, steps: [step(wait(3)), step()] })
    const scenario = [invoke(plan({ steps: [step(child(late))] }))]
    assert.deepStrictEqual(statuses(scenario), ["0 failed", "0.0:0 timed_out"])
    assert.deepStrictEqual(outcome(scenario).log, ["step 0 first", "step 0.0:0 first"])
  })

  it("7.2: a function of the definition that throws fails the action", () => {
    assert.deepStrictEqual(outcome([invoke(plan({ broken: "timeout" }))]).handles, ["failed"])
  })

  it("gives an outcome for each order that the rules leave open", () => {
    // both parents wait for one child, and go on when it ends
    const shared = plan({ lane: "road", checksum: 1, checksumKey: "key" })
    const parent = plan({ steps: [step(child(shared)), step()] })
    const other = plan({ steps: [step(child(shared)), step()], number: 2 })
    const logs = outcomes([invoke(parent), invoke(other, 1)])!.map(({ log }) => log.slice(-2))
    assert.deepStrictEqual(logs, [
      ["step 0 second after 1", "step 1 second after 2"],
      ["step 1 second after 2", "step 0 second after 1"]
    ])
  })

  it("ends everything, whatever the scenario", () => {
    fc.assert(
      fc.property(scenarios, (scenario) => {
        const { actions, handles } = outcome(scenario)
        const endings = ["succeeded", "superseded", "cancelled", "failed", "timed_out"]
        for (const { status, steps } of actions) {
          assert.include(endings, status)
          for (const { slots, status } of steps) {
            assert.include(["succeeded", "failed", "cancelled", "skipped"], status)
            for (const slot of slots) assert.notInclude(slot, "open")
          }
        }
        for (const handle of handles) assert.notInclude(["pending", "performing", "superseded"], handle)
      }),
      { numRuns: 300, seed: 1 }
    )
  })
})
