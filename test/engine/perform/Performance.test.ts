/** Where a running action goes on: by the names of its steps, so that a deploy does not shift work in flight. */
import { assert, describe, it } from "@effect/vitest"
import { Context } from "effect"
import * as fc from "fast-check"
import type { StepKind } from "stepped"
import type { StepIdentity } from "../../../src/domain/Phase.ts"
import { nextStep } from "../../../src/engine/perform/Performance.ts"
import type { RunnableStep } from "../../../src/engine/Runnable.ts"

const steps = (...names: ReadonlyArray<string>): ReadonlyArray<RunnableStep> => names.map((name) => step("own", name))

const step = (kind: StepKind, name: string): RunnableStep => ({
  name,
  kind,
  of: "Car/visit",
  transactional: false,
  result: undefined,
  body: { run: () => undefined, context: Context.empty() }
})

const ofKind = (kind: StepKind) => (name: string): StepIdentity => ({ kind, name })

const next = (names: ReadonlyArray<string>, ran: ReadonlyArray<string>) =>
  nextStep(steps(...names), ran.map(ofKind("own")), [])?.name

describe("the next step", () => {
  it("is the first one at the start, then the one after the last that ran, then none", () => {
    assert.strictEqual(next(["a", "b", "c"], []), "a")
    assert.strictEqual(next(["a", "b", "c"], ["a"]), "b")
    assert.strictEqual(next(["a", "b", "c"], ["a", "b"]), "c")
    assert.isUndefined(next(["a", "b", "c"], ["a", "b", "c"]))
    assert.isUndefined(next([], []))
  })

  it("is an inserted one if it comes after the last that ran, and not if it comes before", () => {
    assert.strictEqual(next(["a", "new", "b"], ["a"]), "new")
    assert.strictEqual(next(["new", "a", "b"], ["a"]), "b")
    assert.strictEqual(next(["a", "new", "b", "c"], ["a", "b"]), "c")
  })

  it("is found from the last one that still exists, where steps were removed", () => {
    assert.strictEqual(next(["a", "c"], ["a", "b"]), "c")
    assert.strictEqual(next(["b", "c"], ["a"]), "b")
    assert.isUndefined(next(["a"], ["a", "b"]))
  })

  it("is none that ran already, where steps changed places", () => {
    assert.strictEqual(next(["b", "a", "c"], ["a"]), "c")
    assert.isUndefined(next(["c", "b", "a"], ["a"]))
    assert.isUndefined(next(["b", "c", "a"], ["a", "b"]))
  })

  it("leads through every step once, whatever the steps are", () => {
    fc.assert(fc.property(fc.uniqueArray(fc.string(), { maxLength: 8 }), (names) => {
      const ran: Array<string> = []
      for (let at = next(names, ran); at !== undefined; at = next(names, ran)) ran.push(at)
      assert.deepStrictEqual(ran, names)
    }))
  })

  it("has never run, and comes after every step that ran, whatever a deploy did", () => {
    fc.assert(fc.property(
      fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e", "f")),
      fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e", "f")),
      (names, ran) => {
        const at = next(names, ran)
        const last = Math.max(-1, ...ran.map((name) => names.indexOf(name)))
        if (at === undefined) assert.strictEqual(last, names.length - 1)
        else assert.strictEqual(names.findIndex((name) => name === at), last + 1)
      }
    ))
  })

  it("is no step of another kind that has the same name", () => {
    const ran = [ofKind("method")("visit")]
    assert.strictEqual(nextStep(steps("pack", "visit"), ran, [])?.name, "pack")
    assert.strictEqual(nextStep([step("method", "visit")], [ofKind("own")("visit")], [])?.kind, "method")
    assert.strictEqual(nextStep([step("job", "visit")], ran, [])?.kind, "job")
    assert.strictEqual(nextStep([step("prepended", "visit"), ...steps("visit")], [], ["visit"])?.kind, "prepended")
  })

  it("is first one of the prepended ones that the action started with, in their order then, where they still exist", () => {
    const all = [step("prepended", "b"), step("prepended", "a"), ...steps("own")]
    const name = (ran: ReadonlyArray<string>, prepended: ReadonlyArray<string>) =>
      nextStep(all, ran.map(ofKind("prepended")), prepended)?.name
    assert.strictEqual(name([], ["a", "b"]), "a")
    assert.strictEqual(name(["a"], ["a", "b"]), "b")
    assert.strictEqual(name(["b"], ["a", "b"]), "a")
    assert.strictEqual(name(["a", "b"], ["a", "b"]), "own")
    assert.strictEqual(name([], []), "own")
    assert.strictEqual(name(["gone"], ["gone", "gone too", "b"]), "b")
    assert.strictEqual(name(["a"], ["a"]), "own")
    // another version has begun with its own steps already
    assert.isUndefined(nextStep(all, [ofKind("prepended")("a"), ofKind("own")("own")], ["a", "b"]))
  })
})
