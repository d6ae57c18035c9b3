/** What becomes of an action, without a database. */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { phases } from "../../../src/domain/Phase.ts"
import { events } from "../../../src/engine/perform/events.ts"
import { type Deed, inTurns, type Plan, type StepPlan } from "../../model/Model.ts"
import { planOf, seed, show } from "../../model/Trees.ts"
import { live } from "./lives.ts"
import { pairs, placeAfter, readPage, withTable } from "./phases.ts"

describe("every pair of phase and event", () => {
  it("leads somewhere, or cannot happen", () => {
    const ends = ["callbacks", "ended"]
    const onwards = ["step", "outbound", "callbacks", "job", "ended"]
    // what has a job has no step that may be passed before it
    const passed = ["step", "outbound", "callbacks", "ended"]
    const failed = ["step", "outbound", "callbacks", "unwinding", "held", "ended"]
    const undone = ["callbacks", "unwinding", "ended"]
    const expected: Readonly<Record<string, ReadonlyArray<string>>> = {
      "step StepSucceeded": onwards,
      "step StepSkipped": passed,
      "step StepWaits": ["waiting"],
      "step Failed": failed,
      "step Again": ["step"],
      "step TimeIsOver": undone,
      "step Suspended": ["suspended"],
      "waiting StepSucceeded": onwards,
      "waiting StepSkipped": passed,
      "waiting Failed": failed,
      "waiting Again": ["waiting"],
      "waiting TimeIsOver": ends,
      "waiting Compensated": undone,
      "waiting ChildrenUnwound": undone,
      "waiting Closed": undone,
      "waiting GivenUp": ends,
      "held StepSucceeded": onwards,
      "held StepSkipped": passed,
      "held Failed": failed,
      "held Again": ["held"],
      "held TimeIsOver": undone,
      "job Failed": undone,
      "job JobEnded": ["outbound"],
      "job JobDropped": ["step"],
      "job Again": ["job"],
      "job TimeIsOver": undone,
      "unwinding Compensated": undone,
      "unwinding Failed": undone,
      "unwinding StepWaits": ["waiting"],
      "unwinding UndoingBegins": ["unwinding"],
      "unwinding Kept": ends,
      "unwinding GivenUp": ends,
      "unwinding Unwound": ends,
      "unwinding Again": ["unwinding"],
      "closing StepSucceeded": ["unwinding"],
      "closing StepSkipped": ["unwinding"],
      "closing StepWaits": ["unwinding"],
      "closing Failed": ["unwinding"],
      "closing JobEnded": ["unwinding"],
      "closing JobDropped": ["unwinding"],
      "closing Closed": ["unwinding"],
      "closing Again": ["unwinding", "closing"],
      "callbacks CallbacksEnded": ["ended"],
      "callbacks Again": ["callbacks"]
    }
    for (const { event, leadsTo, phase } of pairs) {
      assert.deepStrictEqual(leadsTo, expected[`${phase} ${event}`] ?? [], `${event} in ${phase}`)
    }
    assert.strictEqual(pairs.length, phases.length * events.length)
  })

  it("is concluded under the fence of the action as it was performed", () => {
    for (const { concluded, fences } of pairs) {
      assert.deepStrictEqual(concluded.map(({ conclusion }) => conclusion.fence), fences)
    }
  })

  it("is unwound after its body, whatever that has come to, where its end was decided while that ran", () => {
    for (const { concluded, event, phase } of pairs) {
      if (phase !== "step" && phase !== "job") continue
      const closing = concluded.flatMap(({ closed }) => closed?.() ?? [])
      // an execution is suspended, and has nothing to undo
      assert.strictEqual(closing.length > 0, concluded.length > 0 && event !== "Suspended", `${event} in ${phase}`)
      for (const { conclusion } of closing) assert.include(["unwinding", "closing"], placeAfter(conclusion))
    }
  })

  it("keeps an action in hand exactly where it goes on at once, and ends it exactly where it says so", () => {
    for (const { concluded } of pairs) {
      for (const { conclusion, ended, next } of concluded) {
        assert.strictEqual(
          next !== undefined,
          ["StepEnded", "JobStarts", "CallbacksDue", "Unwinds"].includes(conclusion._tag)
        )
        assert.strictEqual(ended !== undefined, conclusion._tag === "ActionEnds")
      }
    }
  })

  it("is in the table of src/README.md: npm run phases", () => {
    assert.strictEqual(readPage(), withTable(readPage()))
  })
})

const isBody = ({ _tag }: Deed): boolean => _tag !== "Child" && _tag !== "Wait"

/**
 * A plan of which no two actions meet in a lane, reuse each other's success, or are ended by others. What is completed from outside is
 * completed as soon as nothing else can go on: it waits for nothing before that, or it is the root and is completed at last.
 */
const apart = (plan: Plan, lane: string): Plan => {
  const isRoot = lane === "lane"
  const { outbound } = plan.shape
  const steps = (all: ReadonlyArray<StepPlan>, where: string) =>
    all.map((step, i) => ({
      ...step,
      // what is started is nothing of its life
      deeds: step.deeds.filter((deed) =>
        (isRoot || !outbound || isBody(deed)) && deed._tag !== "Start" && deed._tag !== "Once"
      ).map((
        deed,
        j
      ) =>
        deed._tag === "Child"
          ? {
            ...deed,
            attempted: false,
            on: deed.on?.slice(0, 1) ?? null,
            plan: apart(deed.plan, `${where}.${i}:${j}`)
          }
          : deed
      )
    }))
  const mine = steps(plan.steps, lane)
  const other = plan.other === null
    ? null
    : { ...plan.other, checksum: null, steps: steps(plan.other.steps, `${lane}*`) }
  const isParent = [...mine, ...other?.steps ?? []].some(({ deeds }) => deeds.some(({ _tag }) => _tag === "Child"))
  return {
    ...plan,
    shape: { ...plan.shape, before: false },
    steps: mine,
    other,
    afterwards: null,
    lane,
    checksumKey: lane,
    checksum: null,
    effectful: false,
    broken: null,
    before: "go",
    timeout: isParent || (isRoot && outbound) ? null : plan.timeout,
    outside: isRoot ? "ignored" : plan.outside === "ignored" ? "succeeded" : plan.outside
  }
}

/** With timeouts that pass at once, too, and exactly when a wait does; every fourth is completed by a job, or by a method and somebody else. */
const plans: fc.Arbitrary<Plan> = fc.tuple(
  planOf(2),
  fc.constantFrom(null, 0, 1, 3),
  fc.nat(3)
).map(([plan, timeout, kind]) =>
  apart({
    ...plan,
    timeout: timeout ?? plan.timeout,
    shape: kind === 3 ? { ...plan.shape, steps: 0, outbound: true } : plan.shape
  }, "lane")
)

describe("a life of decisions", () => {
  it("is what the model says, whoever goes on with it and however often it is tried", () => {
    fc.assert(
      fc.property(plans, fc.infiniteStream(fc.boolean()), (plan, coins) => {
        const toss = () => coins.next().value === true
        const lived = live(plan, { hasJob: toss, isTakenOver: toss, failsFirst: toss, beginsAgain: toss, isHeld: toss })
        // bodies are faster than timeouts: what has run out of time by then is told so when it is committed
        const expected = inTurns(
          [{ _tag: "Invoke", actor: 0, plan }],
          (turns) => Math.max(0, turns.findIndex(({ kind }) => kind !== "timeout"))
        )
        assert.deepStrictEqual(lived.actions, expected.actions)
        for (const [key, log] of lived.log) {
          assert.deepStrictEqual(log, expected.log.filter((entry) => entry.split(" ")[1] === key))
        }
      }),
      {
        seed,
        numRuns: 300,
        reporter: (run) => {
          if (!run.failed) return
          const [smallest] = run.counterexample!
          throw new Error(`STEPPED_SEED=${run.seed}\n${show([{ _tag: "Invoke", actor: 0, plan: smallest }])}`, {
            cause: run.errorInstance
          })
        }
      }
    )
  })
})
