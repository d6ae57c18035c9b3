/** Rule 24.11, and 24.6 where it is about finalizers and compensations: what runs have taken for the workflow's lifetime, and what is done at its end. */
import { assert } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Schema, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Activity, DurableDeferred, Workflow } from "effect/workflow"
import { WorkflowEngine, WorkflowInstance } from "effect/workflow/WorkflowEngine"
import { StepWorkflow } from "stepped/workflow"
import { suite } from "../harness/databases.ts"
import { note, seen } from "../harness/notes.ts"
import { performIdle } from "../harness/performing.ts"
import {
  flaky,
  Gate,
  loud,
  main,
  open,
  OtherGate,
  part,
  performedTo,
  ScriptedLive,
  suspended
} from "./fixtures/scripted.ts"
import { noted, polled, Refused, testing } from "./fixtures/workflows.ts"

/** Something that each run takes for the workflow's lifetime, and a finalizer of the workflow's. */
const holding = (run: number) =>
  Effect.gen(function*() {
    yield* Workflow.provideScope(Effect.acquireRelease(note(`opens ${run}`), () => note(`closes ${run}`)))
    yield* Workflow.addFinalizer((exit) => note(`ends ${run} ${exit._tag}`))
  })

/** Lets fibers go on that wait for nothing but the clock. */
const settle = Effect.repeat(Effect.yieldNow, { times: 50 })

suite("what workflows take for their lifetime", (engine) => {
  const test = testing(engine.crashing, ScriptedLive)
  const withoutAny = testing(engine.crashing, StepWorkflow.layer)

  test("24.11: finalizers that were registered before a suspension are called at the end, after those of the last run", () =>
    Effect.gen(function*() {
      main.script.body = (_, run) => Effect.andThen(holding(run), DurableDeferred.await(Gate))
      const id = yield* suspended(main.workflow, "1")
      assert.deepStrictEqual(seen, ["opens 1"])
      yield* open(main.workflow, id)
      yield* performedTo(main.workflow, id, `succeeded "open"`)
      assert.deepStrictEqual(seen, [
        "opens 1",
        "opens 2",
        "ends 2 Success",
        "closes 2",
        "ends 1 Success",
        "closes 1"
      ])
    }))

  test("24.11: what is suspended for longer gives back what it has open, without finalizers of the workflow", () =>
    Effect.gen(function*() {
      main.script.body = (_, run) => Effect.andThen(holding(run), DurableDeferred.await(Gate))
      const id = yield* suspended(main.workflow, "1")
      yield* TestClock.adjust("9 seconds")
      yield* settle
      assert.deepStrictEqual(seen, ["opens 1"])
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.deepStrictEqual(seen, ["opens 1", "closes 1"])
      yield* open(main.workflow, id)
      yield* performedTo(main.workflow, id, `succeeded "open"`)
      assert.deepStrictEqual(seen.slice(2), ["opens 2", "ends 2 Success", "closes 2"])
    }))

  withoutAny(
    "24.11: an engine that is closed gives back what is open, without finalizers of the workflow",
    () =>
      Effect.gen(function*() {
        main.script.body = (_, run) => Effect.andThen(holding(run), DurableDeferred.await(Gate))
        const scope = yield* Scope.make()
        yield* Scope.provide(
          Effect.gen(function*() {
            const other = yield* Layer.build(Layer.fresh(ScriptedLive))
            yield* Effect.provide(suspended(main.workflow, "1"), other)
          }),
          scope
        )
        assert.deepStrictEqual(seen.at(-1), "opens 1")
        yield* Scope.close(scope, Exit.void)
        assert.include(seen, "closes 1")
        assert.deepStrictEqual(seen.filter((line) => line.startsWith("ends")), [])
      })
  )

  test("24.6: a deposited interruption shows in finalizers of the workflow, and not in those of its body", () =>
    Effect.gen(function*() {
      main.script.body = (_, run) =>
        Effect.gen(function*() {
          const instance = yield* WorkflowInstance
          if (run === 1) yield* Workflow.addFinalizer(() => Effect.suspend(() => note(`ends ${instance.interrupted}`)))
          return yield* Effect.onExit(
            DurableDeferred.await(Gate),
            () => Effect.suspend(() => note(`body ${instance.interrupted}`))
          )
        })
      const id = yield* suspended(main.workflow, "1")
      yield* main.workflow.interrupt(id)
      yield* performedTo(main.workflow, id, "failed Interrupt")
      assert.deepStrictEqual(seen, ["body false", "body false", "ends true"])
    }))

  test("24.7: a failure of its own compensates what it has done, the last first", () =>
    Effect.gen(function*() {
      main.script.body = () =>
        Effect.gen(function*() {
          yield* noted("a").pipe(Workflow.withCompensation((_, cause) => note(`undoes a: ${cause.reasons[0]?._tag}`)))
          yield* noted("b").pipe(Workflow.withCompensation(() => noted("undoes b")))
          return yield* new Refused({ why: "late" })
        })
      const id = yield* main.workflow.execute({ id: "1" }, { discard: true })
      yield* performedTo(main.workflow, id, "failed Fail")
      assert.deepStrictEqual(seen, ["a", "b", "undoes b", "undoes a: Fail"])
    }))

  test("24.6: a worker that stops in the middle of compensations begins no further one, and they go on where they were", () =>
    Effect.gen(function*() {
      const reached = yield* Deferred.make<void>()
      let during: Effect.Effect<void> = Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
      main.script.body = () =>
        Effect.gen(function*() {
          yield* Workflow.addFinalizer(() => note("ends"))
          yield* noted("a").pipe(Workflow.withCompensation(() => noted("undoes a")))
          yield* noted("b").pipe(Workflow.withCompensation(() =>
            Activity.make({ name: "undoes b", execute: Effect.andThen(note("undoes b"), Effect.suspend(() => during)) })
          ))
          yield* noted("c").pipe(Workflow.withCompensation(() =>
            noted("undoes c")
          ))
          return yield* DurableDeferred.await(Gate)
        })
      const id = yield* suspended(main.workflow, "1")
      yield* main.workflow.interrupt(id)
      const performing = yield* Effect.forkChild(performIdle)
      yield* Deferred.await(reached)
      yield* Fiber.interrupt(performing)
      assert.deepStrictEqual(seen.slice(3), ["undoes c", "undoes b"])
      during = Effect.void
      yield* performedTo(main.workflow, id, "failed Interrupt")
      assert.deepStrictEqual(seen.slice(3), ["undoes c", "undoes b", "undoes b", "undoes a", "ends"])
    }))

  test("24.6: what is cut off where its worker stops is not compensated, though its own cleaning up fails", () =>
    Effect.gen(function*() {
      const reached = yield* Deferred.make<void>()
      main.script.body = (_, run) =>
        Effect.gen(function*() {
          yield* noted("a").pipe(Workflow.withCompensation(() => note("undoes a")))
          if (run > 1) return "done"
          return yield* Effect.ensuring(
            Effect.andThen(Deferred.succeed(reached, undefined), Effect.never),
            Effect.die(new Error("it does not close"))
          )
        })
      const id = yield* main.workflow.execute({ id: "1" }, { discard: true })
      const performing = yield* Effect.forkChild(performIdle)
      yield* Deferred.await(reached)
      yield* Fiber.interrupt(performing)
      yield* performedTo(main.workflow, id, `succeeded "done"`)
      assert.deepStrictEqual(seen, ["a"])
    }))

  /** Two activities that are undone, of which the second one's undoing waits to be let go; then what it comes to. */
  const heldUndoing = Effect.gen(function*() {
    const [reached, go] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
    const held = Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(go))
    const body = Effect.gen(function*() {
      yield* noted("a").pipe(Workflow.withCompensation(() => noted("undoes a")))
      yield* noted("b").pipe(
        Workflow.withCompensation(() =>
          Activity.make({ name: "undoes b", execute: Effect.andThen(note("undoes b"), held) })
        )
      )
    })
    return { body, reached: Deferred.await(reached), go: Deferred.succeed(go, undefined) }
  })

  test("24.6, 24.7: an interruption that comes while a failure of its own is undone changes nothing of that", () =>
    Effect.gen(function*() {
      const { interruptUnsafe } = yield* WorkflowEngine
      const ways = {
        safe: main.workflow.interrupt,
        unsafe: (id: string) => interruptUnsafe(main.workflow, id)
      }
      for (const [name, interrupt] of Object.entries(ways)) {
        const { body, go, reached } = yield* heldUndoing
        main.script.body = () => Effect.andThen(body, new Refused({ why: "late" }))
        const id = yield* main.workflow.execute({ id: name }, { discard: true })
        const performing = yield* Effect.forkChild(performIdle)
        yield* reached
        yield* interrupt.call(main.workflow, id)
        yield* go
        yield* Fiber.join(performing)
        yield* performedTo(main.workflow, id, "failed Fail")
        assert.deepStrictEqual(seen.splice(0), ["a", "b", "undoes b", "undoes a"])
      }
    }))

  test("24.6: what is interrupted already is not cut off in the middle of its compensations by an unsafe interruption", () =>
    Effect.gen(function*() {
      const { interruptUnsafe } = yield* WorkflowEngine
      const { body, go, reached } = yield* heldUndoing
      main.script.body = () => Effect.andThen(body, DurableDeferred.await(Gate))
      const id = yield* suspended(main.workflow, "1")
      yield* main.workflow.interrupt(id)
      const performing = yield* Effect.forkChild(performIdle)
      yield* reached
      yield* interruptUnsafe(main.workflow, id)
      yield* go
      yield* Fiber.join(performing)
      yield* performedTo(main.workflow, id, "failed Interrupt")
      assert.deepStrictEqual(seen, ["a", "b", "undoes b", "undoes a"])
    }))

  test("24.6, 24.7: a worker that stops while a failure of its own is undone leaves that to the next, though it is interrupted meanwhile", () =>
    Effect.gen(function*() {
      const { body, go, reached } = yield* heldUndoing
      main.script.body = () => Effect.andThen(body, new Refused({ why: "late" }))
      const id = yield* main.workflow.execute({ id: "1" }, { discard: true })
      const performing = yield* Effect.forkChild(performIdle)
      yield* reached
      yield* main.workflow.interrupt(id)
      yield* Fiber.interrupt(performing)
      yield* go
      yield* performedTo(main.workflow, id, "failed Fail")
      assert.deepStrictEqual(seen, ["a", "b", "undoes b", "undoes b", "undoes a"])
    }))

  test("24.6: what a workflow does after its success is done, though an interruption comes in the middle of it", () =>
    Effect.gen(function*() {
      const [reached, go] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      main.script.body = () =>
        Effect.gen(function*() {
          yield* Workflow.addFinalizer(() => noted("says goodbye"))
          yield* Workflow.addFinalizer(() => Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(go)))
          return "done"
        })
      const id = yield* main.workflow.execute({ id: "1" }, { discard: true })
      const performing = yield* Effect.forkChild(performIdle)
      yield* Deferred.await(reached)
      yield* main.workflow.interrupt(id)
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(performing)
      yield* performedTo(main.workflow, id, `succeeded "done"`)
      assert.deepStrictEqual(seen, ["says goodbye"])
    }))

  test("24.6: what has died, and is tried again or is to be resumed, has undone nothing", () =>
    Effect.gen(function*() {
      let isBroken = true
      flaky.script.body = () =>
        Effect.gen(function*() {
          yield* Workflow.provideScope(Effect.acquireRelease(Effect.void, () => note("closes")))
          yield* Workflow.addFinalizer((exit) => note(`ends ${exit._tag}`))
          yield* noted("charge").pipe(Workflow.withCompensation(() => note("refund")))
          return isBroken ? yield* Effect.die(new Error("no light")) : "done"
        })
      const id = yield* flaky.workflow.execute({ id: "1" }, { discard: true })
      yield* performIdle
      assert.deepStrictEqual(seen, ["charge", "closes"])
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      yield* TestClock.adjust("1 minute")
      yield* performedTo(flaky.workflow, id, "failed")
      assert.deepStrictEqual(seen, ["charge", "closes", "closes", "closes"])
      isBroken = false
      yield* flaky.workflow.resume(id)
      yield* performedTo(flaky.workflow, id, `succeeded "done"`)
      assert.deepStrictEqual(seen.slice(4), ["ends Success", "closes"])
    }))

  test("24.7: a defect that is an answer undoes what was done", () =>
    Effect.gen(function*() {
      loud.script.body = () =>
        Effect.andThen(
          noted("a").pipe(Workflow.withCompensation(() => note("undoes a"))),
          Effect.die(new Error("a mistake"))
        )
      const id = yield* loud.workflow.execute({ id: "1" }, { discard: true })
      yield* performedTo(loud.workflow, id, "failed Die")
      assert.deepStrictEqual(seen, ["a", "undoes a"])
    }))

  /** Three steps, the second one of which is undone by what is given. */
  const threeUndone = (undoing: Effect.Effect<unknown, Refused, WorkflowEngine | WorkflowInstance>) =>
    Effect.gen(function*() {
      yield* noted("a").pipe(Workflow.withCompensation(() => note("undoes a")))
      yield* noted("b").pipe(Workflow.withCompensation(() => Effect.ignore(undoing)))
      yield* noted("c").pipe(Workflow.withCompensation(() => noted("undoes c")))
    })
  const threeUndoings = ["a", "b", "c", "undoes c", "undoes b", "undoes a"]

  test("24.5, 24.6: an execution that a compensation waits for is waited for, and the rest is undone after it", () =>
    Effect.gen(function*() {
      part.script.body = () => Effect.andThen(DurableDeferred.await(Gate), Effect.as(noted("undoes b"), "undone"))
      const ends = {
        "failed Fail": Effect.fail(new Refused({ why: "late" })),
        "failed Interrupt": DurableDeferred.await(OtherGate)
      }
      for (const [word, end] of Object.entries(ends)) {
        const undoing = Effect.scoped(part.workflow.execute({ id: word }))
        main.script.body = () => Effect.andThen(threeUndone(undoing), end)
        const id = yield* main.workflow.execute({ id: word }, { discard: true })
        yield* performIdle
        if (word === "failed Interrupt") {
          yield* main.workflow.interrupt(id)
          yield* performIdle
        }
        assert.strictEqual(polled(yield* main.workflow.poll(id)), "suspended")
        assert.deepStrictEqual(seen, ["a", "b", "c", "undoes c"])
        yield* open(part.workflow, yield* part.workflow.executionId({ id: word }))
        yield* performedTo(main.workflow, id, word)
        assert.deepStrictEqual(seen.splice(0), threeUndoings)
      }
    }))

  test("24.3, 24.6: what a compensation awaits comes, and the rest is undone after it", () =>
    Effect.gen(function*() {
      const undoing = Effect.andThen(DurableDeferred.await(Gate), noted("undoes b"))
      main.script.body = () => Effect.andThen(threeUndone(undoing), new Refused({ why: "late" }))
      const id = yield* suspended(main.workflow, "1")
      assert.deepStrictEqual(seen, ["a", "b", "c", "undoes c"])
      yield* open(main.workflow, id)
      yield* performedTo(main.workflow, id, "failed Fail")
      assert.deepStrictEqual(seen, threeUndoings)
    }))

  test("24.2, 24.6: a compensation that gives what cannot be stored waits until somebody has mended that", () =>
    Effect.gen(function*() {
      let given = "a\u0000"
      const undoing = Activity.make({
        name: "undoes b",
        success: Schema.String,
        execute: Effect.suspend(() => Effect.as(note("undoes b"), given))
      })
      main.script.body = () => Effect.andThen(threeUndone(undoing), new Refused({ why: "late" }))
      const id = yield* main.workflow.execute({ id: "1" }, { discard: true })
      yield* performedTo(main.workflow, id, "failed")
      assert.deepStrictEqual(seen, ["a", "b", "c", "undoes c", "undoes b"])
      given = "a"
      yield* main.workflow.resume(id)
      yield* performedTo(main.workflow, id, "failed Fail")
      assert.deepStrictEqual(seen.slice(5), ["undoes b", "undoes a"])
    }))

  /** A branch of a race that has another one, which waits for nothing that comes. */
  const raced = (
    branch: Effect.Effect<string, Refused, WorkflowEngine | WorkflowInstance | Scope.Scope>
  ) =>
    DurableDeferred.raceAll({
      name: "race",
      success: Schema.String,
      error: Refused,
      effects: [branch, DurableDeferred.await(OtherGate)]
    })

  test("24.6: what a branch of a race has done is undone by an interruption", () =>
    Effect.gen(function*() {
      main.script.body = () =>
        raced(Effect.andThen(
          noted("a").pipe(Workflow.withCompensation(() => noted("undoes a"))),
          DurableDeferred.await(Gate)
        ))
      const id = yield* suspended(main.workflow, "1")
      yield* main.workflow.interrupt(id)
      yield* performedTo(main.workflow, id, "failed Interrupt")
      assert.deepStrictEqual(seen, ["a", "undoes a"])
    }))

  test("24.6: what a branch of a race has done is not undone where its worker stops", () =>
    Effect.gen(function*() {
      const reached = yield* Deferred.make<void>()
      let during: Effect.Effect<void> = Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
      main.script.body = () =>
        raced(Effect.gen(function*() {
          yield* noted("a").pipe(Workflow.withCompensation(() => note("undoes a")))
          yield* Activity.make({ name: "held", execute: Effect.suspend(() => during) })
          return "done"
        }))
      const id = yield* main.workflow.execute({ id: "1" }, { discard: true })
      const performing = yield* Effect.forkChild(performIdle)
      yield* Deferred.await(reached)
      yield* Fiber.interrupt(performing)
      during = Effect.void
      yield* performedTo(main.workflow, id, `succeeded "done"`)
      assert.deepStrictEqual(seen, ["a"])
    }))

  test("24.11: what a branch of a race does at the end is not done for one that is suspended for longer", () =>
    Effect.gen(function*() {
      main.script.body = () =>
        raced(Effect.andThen(Workflow.addFinalizer(() => note("ends")), DurableDeferred.await(Gate)))
      const id = yield* suspended(main.workflow, "1")
      yield* TestClock.adjust("10 seconds")
      yield* settle
      assert.deepStrictEqual(seen, [])
      yield* open(main.workflow, id)
      yield* performedTo(main.workflow, id, `succeeded "open"`)
      assert.deepStrictEqual(seen, ["ends"])
    }))

  test("24.6: what a branch of a race waits for is interrupted with it", () =>
    Effect.gen(function*() {
      main.script.body = () => raced(part.workflow.execute({ id: "1" }))
      part.script.body = () => DurableDeferred.await(Gate)
      const id = yield* suspended(main.workflow, "1")
      yield* main.workflow.interrupt(id)
      yield* performedTo(main.workflow, id, "failed Interrupt")
      yield* performedTo(part.workflow, yield* part.workflow.executionId({ id: "1" }), "failed Interrupt")
    }))

  test("24.6: what an activity does at its end is not done where its worker stops", () =>
    Effect.gen(function*() {
      const reached = yield* Deferred.make<void>()
      let during: Effect.Effect<void> = Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
      const activity = Activity.make({
        name: "held",
        execute: Effect.andThen(Workflow.addFinalizer(() => note("ends")), Effect.suspend(() => during))
      })
      main.script.body = () => Effect.as(activity, "done")
      const id = yield* main.workflow.execute({ id: "1" }, { discard: true })
      const performing = yield* Effect.forkChild(performIdle)
      yield* Deferred.await(reached)
      yield* Fiber.interrupt(performing)
      assert.deepStrictEqual(seen, [])
      during = Effect.void
      yield* performedTo(main.workflow, id, `succeeded "done"`)
      assert.deepStrictEqual(seen, ["ends"])
    }))
})
