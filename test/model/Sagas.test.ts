/** Random sagas on a real engine: which steps begin again, when they time out, what is undone and what goes on, as the model says (rules 9, 10, 11, 13, 18). */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { suite } from "../harness/databases.ts"
import { patienceMs } from "../patience.ts"
import { sagaEnd } from "./SagaModel.ts"
import { type Asked, type Saga, timesAt } from "./SagaPlan.ts"
import { heldByAttempt, heldByParent, heldByUndone, never, saga, sagasByHand, step, thrice } from "./SagaScenarios.ts"
import { JourneysLive, sagaScenarios, showSaga, undoneAsTheModelSays } from "./SagaWorld.ts"
import { forAll, seed, silent, trees } from "./Trees.ts"

const runs = Math.ceil(trees / 2)
/** What is found in this time is told, however small it has become. */
const timeLimit = patienceMs + runs * 1000
console.log(`random sagas: STEPPED_TREES=${trees} STEPPED_SEED=${seed}`)

suite("random sagas", (engine) => {
  it.effect(
    "9, 10, 11, 13, 18: steps begin again, wait for signals, time out, are undone and gone on with as the model says",
    () =>
      forAll(sagaScenarios, undoneAsTheModelSays, {
        inWords: showSaga,
        numRuns: runs,
        interruptAfterTimeLimit: timeLimit,
        markInterruptAsFailure: true
      }).pipe(
        Effect.provide(JourneysLive.pipe(Layer.provideMerge(engine.layer()), Layer.provideMerge(silent)))
      ),
    timeLimit * 2
  )

  for (const [title, scenario] of sagasByHand) {
    it.effect(`${title}, as the model says`, () =>
      Effect.provide(
        undoneAsTheModelSays(scenario),
        JourneysLive.pipe(Layer.provideMerge(engine.layer()), Layer.provideMerge(silent))
      ))
  }
})

describe("the model of sagas", () => {
  /** What is asked: the place, with which of its actions, to be undone again or retried. */
  const asks = (words: string, i: number): Asked => {
    const [, verb, place, nth] = /^(?:(retry) )?(.*?)(?:#(\d+))?$/.exec(words)!
    return { verb: verb === "retry" ? verb : "undo", place: place!, nth: Number(nth ?? 0), at: (i + 1) * 1e9 }
  }
  const end = (
    saga: Saga,
    cancelAt: number | null = null,
    abandonAt: number | null = null,
    ...places: ReadonlyArray<string>
  ) => {
    const { actions, answers, log, read } = sagaEnd({ saga, cancelAt, abandonAt, sweeps: [] }, places.map(asks))
    return {
      answers,
      read,
      of: (place: string) => actions.get(place)!,
      ran: (place: string) => log.get(place)!.map(withoutKey),
      keys: (place: string) => log.get(place)!.map((entry) => entry.split(" ").at(-1))
    }
  }
  /** Nor what a body has done once. */
  const withoutKey = (entry: string) => entry.replace(/( once \d+)? \S+$/, "")
  const { retry, stepTimeout, undoRetry } = timesAt(0)

  it("9.1, 10.1: a step is tried three times, and then the others are undone from the last to the first", () => {
    const { of, ran } = end(saga([step(), step(), never]))
    assert.deepStrictEqual(ran("0"), [
      "0 a 1",
      "0 b 1",
      "0 c 1",
      `${retry} c 2`,
      `${2 * retry} c 3`,
      `${2 * retry} undoes b 1`,
      `${2 * retry} undoes a 1`
    ])
    assert.deepStrictEqual(of("0").map(({ status, uncertain }) => [status, uncertain]), [["failed", ["c"]]])
  })

  it("9.1: a child that has succeeded is not performed again, one that has not is", () => {
    const well = saga([step(), step(), step()])
    const badly = saga([step({ fails: 1 }), step(), step()])
    const { of } = end(saga([step(), step({ children: [well, badly] }), step()]))
    assert.deepStrictEqual(of("0.b0").map(({ status }) => status), ["succeeded"])
    assert.deepStrictEqual(of("0.b1").map(({ status }) => status), ["failed", "succeeded"])
  })

  it("9.4, 10.3: a step whose time is over is mended", () => {
    const { ran } = end(saga([step(), step({ waits: [stepTimeout] }), step()]))
    assert.strictEqual(ran("0")!.at(-2), `${3 * stepTimeout + 2 * retry} mends b 1`)
  })

  it("9.4, 10.1: what is undone holds its lane, also when its parent goes on without it", () => {
    const began = (tree: Saga, place: string) => {
      const { of, ran } = end(tree)
      return [of(place).length, ran(place).filter((text) => text.endsWith(" a 1") && !text.includes("undoes"))]
    }
    const [own, below] = [timesAt(0), timesAt(1)]
    assert.deepStrictEqual(began(heldByAttempt, "0.b0"), [3, ["0 a 1", `${own.stepTimeout + 80_000_000} a 1`]])
    const [, starts] = began(heldByParent, "0.c0.b0")
    const third = 3 * below.stepTimeout + 2 * below.retry
    assert.deepStrictEqual((starts as Array<string>).slice(2, 4), [
      `${2 * below.stepTimeout + below.retry + 40_000_000} a 1`,
      `${third + 40_000_000} a 1`
    ])
    const undone = 2 * below.retry + 50_000_000
    assert.isAbove(undone, 2 * below.retry + below.undoLimit + own.retry)
    assert.deepStrictEqual(began(heldByUndone, "0.c0.b0"), [2, ["0 a 1", `${undone} a 1`]])
  })

  it("11.1, 9.1: a signal comes in time or the attempt fails; the next one has what was read", () => {
    const never = end(saga([step(), step(), step()], { hears: [] }))
    assert.deepStrictEqual(never.of("0").map(({ rows, status }) => [status, rows[1]!.status]), [["failed", "failed"]])
    assert.strictEqual(never.read, 0)
    const late = end(saga([step(), step(), step()], { hears: [stepTimeout + retry + 5, stepTimeout + retry + 9] }))
    assert.deepStrictEqual(late.ran("0"), [
      "0 a 1",
      "0 b 1",
      `${stepTimeout + retry} b 2`,
      `${stepTimeout + retry + 5} c 1`
    ])
    assert.strictEqual(late.read, 1)
    // its child fails at first, when the signal is read
    const badly = saga([step({ fails: 1 }), step(), step()])
    const again = end(saga([step(), step({ children: [badly] }), step()], { hears: [0] }))
    assert.deepStrictEqual([again.ran("0")!.slice(1), again.read], [["0 b 1", `${retry} b 2`, `${retry} c 1`], 1])
  })

  it("10.5: nothing is undone before a point of no return", () => {
    const { of } = end(saga([step(), step(), never], { kind: "point" }))
    assert.deepStrictEqual(of("0")[0]!.rows.map(({ name }) => name), ["a", "b", "c", "c"])
  })

  it("10.7: what cannot be undone stops the others, where the action says so", () => {
    const steps: Saga["steps"] = [step(), step({ undo: { fails: 2, waits: [] } }), never]
    assert.deepStrictEqual(end(saga(steps)).of("0")[0]!.notUndone, ["b"])
    assert.deepStrictEqual(end(saga(steps, { kind: "stop" })).of("0")[0]!.notUndone, ["b", "a"])
  })

  it("10.1, 13.2: cancelled while a child performs, it is undone after that child", () => {
    const child = saga([step({ undo: { fails: 1, waits: [5] } }), step({ waits: [100] }), step()])
    const { of, ran } = end(saga([step(), step({ children: [child] }), step()]), 50)
    assert.deepStrictEqual(of("0").concat(of("0.b0")).map(({ status }) => status), ["cancelled", "cancelled"])
    const undone = 50 + timesAt(1).undoRetry + 5
    assert.deepStrictEqual(ran("0")!.slice(2), [`${undone} mends b 1`, `${undone} undoes a 1`])
  })

  it("10.7: what is abandoned is not undone", () => {
    const { of } = end(saga([step({ undo: { fails: 1, waits: [] } }), step(), never]), null, 2 * retry + undoRetry - 1)
    assert.deepStrictEqual(of("0")[0]!.notUndone, ["a"])
  })

  it("18.2: what is not undone is undone again, as often as somebody asks, and what is undone is not", () => {
    const stubborn = step({ undo: { fails: 4, waits: [] } })
    const tree = saga([step(), stubborn, never], { kind: "stop" })
    const { answers, of, ran } = end(tree, null, null, "0", "0", "0")
    assert.deepStrictEqual(answers, ["again b,a", "again b,a", "nothing"])
    assert.deepStrictEqual([of("0")[0]!.notUndone, of("0")[0]!.uncertain], [[], ["c"]])
    const tries = [1e9, 1e9 + undoRetry].map((at, i) => `${at} undoes b ${i + 1}`)
    assert.deepStrictEqual(ran("0")!.slice(-4), [...tries, `${2e9} undoes b 1`, `${2e9} undoes a 1`])
  })

  it("18.2: what a child could not undo is its own; children that nobody has unwound are then", () => {
    const child = saga([step({ undo: { fails: 2, waits: [] } }), step(), step()])
    const parent = step({ children: [child] })
    const told = end(saga([step(), parent, never]), null, null, "0", "0.b0", "0")
    assert.deepStrictEqual(told.answers, ["child", "again a", "nothing"])
    // abandoned while the child is undone, of which its parent has heard nothing then
    const slow = saga([step({ undo: { fails: 2, waits: [100] } }), step(), step()])
    const left = end(
      saga([step(), step({ children: [slow] }), never]),
      null,
      2 * retry + timesAt(1).undoRetry / 2,
      "0",
      "0.b0",
      "0"
    )
    assert.deepStrictEqual(left.answers, ["again b,a", "again a", "nothing"])
    assert.deepStrictEqual(left.of("0")[0]!.rows.slice(3).map(({ name, status }) => `${name} ${status}`), [
      "b failed",
      "b failed",
      "b succeeded",
      "a succeeded"
    ])
  })

  it("18.1: a new one goes on with what was compensated first, under keys of the first one", () => {
    const { answers, keys, of, ran } = end(
      saga([step(), step(), thrice]),
      null,
      null,
      "retry 0",
      "retry 0",
      "retry 0#1"
    )
    assert.deepStrictEqual(answers, ["retried 0#0 by 0#1", "already 0#1", "status 0#1"])
    assert.deepStrictEqual(ran("0").slice(-3), ["1000000000 a 1", "1000000000 b 1", "1000000000 c 1"])
    // of its children, and itself: that counts twice
    assert.deepStrictEqual(keys("0").slice(-3), ["0#0/a/1", "0#0/b/2", "0#0/c/0"])
    assert.deepStrictEqual(of("0").map(({ retryOf, status }) => [status, retryOf]), [["failed", null], [
      "succeeded",
      "0#0"
    ]])
  })

  it("18.1: what was kept is taken over, and the step that has failed begins again", () => {
    const { ran } = end(saga([step(), step(), thrice], { kind: "keeps" }), null, null, "retry 0")
    assert.deepStrictEqual(ran("0").slice(5), ["1000000000 c 1"])
  })

  it("18.1: children that have failed are retried, without the body; what was retried by itself is taken", () => {
    const badly = saga([thrice, step(), step()])
    const parent = saga([step(), step({ children: [saga([step(), step(), step()]), badly] }), step()], {
      kind: "keeps"
    })
    const together = end(parent, null, null, "retry 0")
    assert.deepStrictEqual(together.ran("0").slice(-2), [`${2 * retry} b 3`, "1000000000 c 1"])
    assert.deepStrictEqual(together.of("0.b1").at(-1)!.retryOf, "0.b1#2")
    const alone = end(parent, null, null, "retry 0.b1#2", "retry 0")
    assert.deepStrictEqual(alone.answers, ["retried 0.b1#2 by 0.b1#3", "retried 0#0 by 0#1"])
    assert.deepStrictEqual([alone.of("0.b1").length, alone.of("0.b1")[3]!.parent], [4, null])
    assert.deepStrictEqual(alone.ran("0").at(-1), "2000000000 c 1")
  })

  it("18.1: while it is not undone, it is not retried", () => {
    const stubborn = step({ undo: { fails: 2, waits: [] } })
    const { answers } = end(saga([step(), stubborn, never]), null, null, "retry 0", "0", "retry 0")
    assert.deepStrictEqual(answers, ["notUndone 0#0 b", "again b", "retried 0#0 by 0#1"])
  })
})
