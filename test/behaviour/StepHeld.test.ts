/** Rules 9.12 and 18.2: steps that are held, and what somebody decides of them. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionFailed, ActionRepo, DefinitionError, InvalidQuery, Stepped, TimedOut } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, recordsOf, slotsOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { ask, Depot, Depots, failing, ready, scene, Torn } from "./fixtures/stepHeld.ts"

const { layer: DepotsLive } = Depots

suite("steps that are held", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), DepotsLive.pipe(Layer.provideMerge(engine.layer())))
    )
  const depot = Effect.map(Depots.client, (depots) => depots(1))
  const stepOf = (id: string, index = 0) =>
    Effect.map(Effect.flatMap(ActionRepo, (repo) => repo.steps(id)), (steps) => steps[index]!)
  const lastStep = (id: string) =>
    Effect.map(Effect.flatMap(ActionRepo, (repo) => repo.steps(id)), (steps) => steps.at(-1)!)
  const held = Effect.gen(function*() {
    const handle = yield* (yield* depot).packLater()
    yield* performIdle
    yield* TestClock.adjust("1 second")
    yield* performIdle
    return handle
  })

  test("9.12: after its last attempt it is held, with its lane, and seen with its failure", () =>
    Effect.gen(function*() {
      scene.body = Effect.fail(new Torn())
      const handle = yield* held
      const second = yield* (yield* depot).packLater()
      yield* performIdle
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["first succeeded", "pack held"])
      const step = yield* stepOf(handle.id, 1)
      assert.deepInclude(step.failure, { kind: "failure", message: "Torn", path: "pack Depot/1 › pack" })
      assert.deepStrictEqual(step.attempts.map(({ number }) => number), [1, 2])
      assert.deepInclude(yield* recordOf(handle.id), { status: "performing", dueAt: undefined })
      assert.strictEqual((yield* recordOf(handle.id)).lastFailure?.message, "Torn")
      assert.strictEqual((yield* recordOf(second.id)).status, "pending")
      assert.strictEqual((yield* Effect.flip(performSteppedActions()))._tag, "NotDrained")
      const repo = yield* ActionRepo
      scene.body = Effect.succeed("gift")
      assert.strictEqual(yield* repo.tryStepAgain(yield* lastStep(handle.id)), "done")
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* handle.await, yield* second.await], ["gift 1", "gift 1"])
      assert.deepStrictEqual(
        (yield* stepOf(handle.id, 1)).attempts.map(({ failure, number }) => [number, failure?.message]),
        [
          [1, "Torn"],
          [2, "Torn"],
          [3, undefined]
        ]
      )
    }))

  test("9.12: it is held again where it fails again; its action's time and cancelling end it", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      scene.body = Effect.fail(new Torn())
      const first = yield* held
      yield* repo.tryStepAgain(yield* lastStep(first.id))
      yield* performIdle
      assert.deepStrictEqual(yield* stepsOf(first.id), ["first succeeded", "pack held"])
      yield* first.cancel()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* stepsOf(first.id), ["first succeeded", "pack cancelled"])
      assert.deepInclude(yield* stepOf(first.id, 1), { attemptNumber: 3 })
      const second = yield* held
      yield* TestClock.adjust("1 hour")
      yield* performSteppedActions()
      assert.instanceOf(yield* Effect.flip(second.await), TimedOut)
    }))

  test("9.12, 9.1: what has succeeded is not done again with any try: children, each in its turn, and the signal", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const handle = yield* (yield* depot).stowLater()
      yield* performIdle
      assert.strictEqual(yield* handle.send(ready, "now"), "sent")
      yield* performIdle
      const done = ["load bag 1", "load bag 3", "load box", "load crate", "load crate"]
      for (const attemptNumber of [2, 3, 4]) {
        assert.deepInclude(yield* lastStep(handle.id), { status: "held", attemptNumber })
        assert.deepStrictEqual(seen.toSorted(), done)
        assert.strictEqual(yield* repo.tryStepAgain(yield* lastStep(handle.id)), "done")
        yield* performIdle
      }
      yield* performSteppedActions()
      yield* handle.await
      assert.deepStrictEqual(seen.toSorted(), done)
    }))

  test("18.2, 9.1: of a step that waits, too, without any policy: only what has not succeeded, or is asked for otherwise", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const handle = yield* (yield* depot).fetchLater()
      yield* performIdle
      assert.strictEqual(yield* handle.send(ready, "now"), "sent")
      yield* performIdle
      for (const attemptNumber of [1, 2]) {
        assert.deepInclude(yield* lastStep(handle.id), { status: "performing", attemptNumber })
        assert.strictEqual(yield* repo.tryStepAgain(yield* lastStep(handle.id)), "done")
        yield* performIdle
      }
      assert.deepStrictEqual(seen.toSorted(), ["load box", "load box of 1", "load box of 2", "load box of 3"])
      assert.deepStrictEqual(
        (yield* recordsOf("ask")).map(({ status }) => status).toSorted(),
        ["cancelled", "cancelled", "performing"]
      )
      yield* Stepped.complete(Depot.ref(1), ask, Stepped.Outcome.succeeded("asked"))
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "now")
      seen.length = 0
      const { id, cancel } = yield* (yield* depot).dawdleLater()
      for (const attemptNumber of [1, 2, 3]) {
        yield* performIdle
        assert.deepInclude(yield* lastStep(id), { status: "performing", attemptNumber })
        if (attemptNumber < 3) yield* repo.tryStepAgain(yield* lastStep(id))
      }
      assert.deepStrictEqual(seen, ["load bag"])
      yield* cancel()
      yield* performSteppedActions()
    }))

  test("18.2, 9.1: what has succeeded is not done again, whatever its arguments were replaced by", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const handle = yield* (yield* depot).paysLater()
      yield* performIdle
      const done = ["book 20", "charge 11", "given", "load bag 1", "load bag 3", "tip 3"]
      for (const attemptNumber of [1, 2, 3]) {
        assert.deepInclude(yield* lastStep(handle.id), { status: "performing", attemptNumber })
        assert.deepStrictEqual(seen.toSorted(), done)
        assert.strictEqual(yield* repo.tryStepAgain(yield* lastStep(handle.id)), "done")
        yield* performIdle
      }
      yield* handle.cancel()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen.toSorted(), done)
    }))

  test("18.2: it is skipped, completed with a value, or fails for good", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      scene.body = Effect.fail(new Torn())
      const skipped = yield* held
      assert.strictEqual(yield* repo.skipStep(yield* lastStep(skipped.id)), "done")
      yield* performSteppedActions()
      assert.strictEqual(yield* skipped.await, "undefined 1")
      assert.deepStrictEqual(yield* stepsOf(skipped.id), ["first succeeded", "pack skipped", "3 succeeded"])
      assert.deepInclude(yield* stepOf(skipped.id, 1), { attemptNumber: 2 })
      const completed = yield* held
      assert.strictEqual(yield* repo.completeStep(yield* lastStep(completed.id), "by hand"), "done")
      yield* performSteppedActions()
      assert.strictEqual(yield* completed.await, "by hand 1")
      const failed = yield* held
      assert.strictEqual(yield* repo.failStep(yield* lastStep(failed.id), { reason: "nothing to be done" }), "done")
      yield* performSteppedActions()
      const error = yield* Effect.flip(failed.await)
      assert.instanceOf(error, ActionFailed)
      assert.strictEqual(error.message, "pack Depot/1 › pack: nothing to be done")
      assert.deepStrictEqual(yield* stepsOf(failed.id), ["first succeeded", "pack failed"])
      assert.deepStrictEqual(seen, ["pack succeeded", "pack succeeded", "pack failed"])
      assert.strictEqual(yield* repo.skipStep(yield* lastStep(failed.id)), "over")
    }))

  test("18.2: what does not fit, or cannot be skipped, is held on, and says why", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      scene.body = Effect.fail(new Torn())
      const handle = yield* (yield* depot).lastLater()
      yield* performIdle
      yield* repo.skipStep(yield* lastStep(handle.id))
      yield* performIdle
      assert.include((yield* stepOf(handle.id)).failure!.message, "it cannot be skipped")
      yield* repo.completeStep(yield* lastStep(handle.id), "no number")
      yield* performIdle
      const step = yield* stepOf(handle.id)
      assert.deepInclude(step, { status: "held", attemptNumber: 2 })
      assert.include(step.failure!.message, "it cannot be completed with this value")
      yield* repo.completeStep(yield* lastStep(handle.id), 5)
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, 5)
      const dated = yield* (yield* depot).datedLater()
      yield* performIdle
      yield* repo.completeStep(yield* lastStep(dated.id), "1970-01-01T00:00:00.000Z")
      yield* performSteppedActions()
      assert.strictEqual(yield* dated.await, 0)
    }))

  test("18.2: what cannot be skipped is left as it is, by the versions that living workers have, or else the newest", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const sql = yield* SqlClient.SqlClient
      const says = (hash: string, options: ReadonlyArray<string>, steps: ReadonlyArray<readonly [string, string]>) =>
        sql`insert into stepped.definitions (key, hash, json, first_seen, last_seen) values ('Depot/last', ${hash}, ${
          JSON.stringify({ options, steps: steps.map(([kind, name]) => ({ kind, name })) })
        }::text::jsonb, clock_timestamp(), clock_timestamp())`
      const lives = (hash: string) =>
        sql`insert into stepped.workers (name, lease_until, started_at, definitions, hashes)
          values (${hash}, clock_timestamp() + interval '1 hour', clock_timestamp(), '{Depot/last}', array[${hash}::text])`
      scene.body = Effect.fail(new Torn())
      const depots = yield* Depots.client
      const cases = [
        ["its last step", "notSkippable", [], [["unnamed", "1"], ["own", "count"]]],
        ["another of that name", "done", [], [["own", "count"], ["prepended", "count"]]],
        ["one before the last", "done", [], [["own", "count"], ["own", "more"]]],
        ["somebody outside gives it", "done", ["checksum", "outbound"], [["own", "count"]]],
        ["its success may be nothing", "done", ["skippable"], [["own", "count"]]]
      ] as const
      const ids: Array<string> = []
      for (const [hash, answer, options, steps] of cases) {
        const { id } = yield* depots(ids.push("")).lastLater()
        ids[ids.length - 1] = id
        yield* performIdle
        yield* says(hash, options, steps)
        assert.strictEqual(yield* repo.skipStep(yield* lastStep(id), { by: "ada" }), answer, hash)
      }
      const first = ids[0]!
      const before = yield* lastStep(first)
      const skip = repo.skipStep(before, { by: "ada" })
      yield* lives("its last step")
      assert.strictEqual(yield* skip, "notSkippable")
      yield* performIdle
      assert.deepStrictEqual(yield* lastStep(first), before)
      assert.deepStrictEqual(
        (yield* repo.operations({ target: first })).map(({ by, outcome, verb }) => [by, verb, outcome]),
        [["ada", "ActionRepo.skipStep", "notSkippable"]]
      )
      // one of those that live can
      yield* lives("its success may be nothing")
      assert.strictEqual(yield* skip, "done")
      yield* sql`delete from stepped.workers where name in ('its last step', 'its success may be nothing')`
    }))

  test("18.2: a value that no schema reads is stored as JSON, and the record says that it is unchecked", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const sql = yield* SqlClient.SqlClient
      const client = yield* depot
      scene.body = Effect.fail(new Torn())
      const unchecked = (id: string) =>
        Effect.map(repo.steps(id), (steps) => steps.map(({ name, unchecked }) => `${name} ${unchecked}`))
      for (const value of ["by hand", null, { $slot: 0, $unchecked: [1] }]) {
        const { id, await: awaited } = yield* held
        yield* repo.completeStep(yield* lastStep(id), value)
        yield* performSteppedActions()
        assert.strictEqual(yield* awaited, `${value} 1`)
        assert.deepStrictEqual(yield* unchecked(id), ["first false", "pack true", "3 false"])
        const shown = yield* sql<{ result: unknown; is_unchecked: boolean }>`
          select result, is_unchecked from stepped.action_steps where action = ${id} and name = 'pack'`
        assert.deepStrictEqual(shown[0], { result: value, is_unchecked: true })
      }
      const dial = yield* client.callLater()
      const counted = yield* client.lastLater()
      const dated = yield* client.datedLater()
      yield* performIdle
      yield* repo.completeStep(yield* lastStep(dial.id), { line: 3 })
      yield* repo.completeStep(yield* lastStep(counted.id), 5)
      yield* repo.completeStep(yield* lastStep(dated.id), "1970-01-01T00:00:00.000Z")
      yield* performIdle
      assert.deepStrictEqual(yield* unchecked(dial.id), ["dial true"])
      assert.deepStrictEqual(
        (yield* sql`select result from stepped.action_steps where action = ${dial.id}`)[0],
        { result: { line: 3 } }
      )
      assert.deepStrictEqual(yield* unchecked(counted.id), ["count false"])
      assert.deepStrictEqual(yield* unchecked(dated.id), ["date false", "2 false"])
      yield* dial.cancel()
      yield* performSteppedActions()
    }))

  test("18.2: of a step that waits, or is to begin again, too: what it waits for is cancelled", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const client = yield* depot
      const waiting = Effect.gen(function*() {
        const handle = yield* client.waitsLater()
        yield* performIdle
        assert.deepStrictEqual(yield* slotsOf(handle.id), ["open"])
        return handle
      })
      const skipped = yield* waiting
      assert.strictEqual(yield* repo.skipStep(yield* lastStep(skipped.id)), "done")
      yield* performSteppedActions()
      assert.strictEqual(yield* skipped.await, "undefined")
      assert.deepStrictEqual(yield* slotsOf(skipped.id), ["cancelled"])
      assert.deepStrictEqual((yield* recordsOf("ask")).map(({ status }) => status), ["cancelled"])
      const given = yield* client.pausesLater()
      yield* performIdle
      yield* repo.skipStep(yield* lastStep(given.id))
      yield* performSteppedActions()
      assert.strictEqual(yield* given.await, "undefined")
      const completed = yield* waiting
      yield* repo.completeStep(yield* lastStep(completed.id), "answer")
      yield* performSteppedActions()
      assert.strictEqual(yield* completed.await, "answer")
      const again = yield* waiting
      yield* repo.tryStepAgain(yield* lastStep(again.id))
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(again.id), ["cancelled", "open"])
      yield* repo.failStep(yield* lastStep(again.id), { reason: "enough" })
      yield* performSteppedActions()
      assert.include((yield* Effect.flip(again.await)).message, "waits Depot/1 › ask: enough")
      scene.body = failing(new Torn())
      const between = yield* client.packLater()
      yield* performIdle
      assert.strictEqual(yield* repo.tryStepAgain(yield* lastStep(between.id)), "done")
      yield* performIdle
      assert.strictEqual(yield* between.await, "gift 1")
      scene.body = failing(new Torn())
      const passed = yield* client.packLater()
      yield* performIdle
      yield* repo.skipStep(yield* lastStep(passed.id))
      yield* performSteppedActions()
      assert.strictEqual(yield* passed.await, "undefined 1")
      assert.deepInclude(yield* stepOf(passed.id, 1), { status: "skipped", attemptNumber: 1 })
    }))

  test("18.2: a decision is of the attempt that was seen: repeated, it changes nothing of what has come since", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      scene.body = Effect.fail(new Torn())
      const handle = yield* (yield* depot).twiceLater()
      yield* performIdle
      const first = yield* lastStep(handle.id)
      assert.deepInclude(first, { name: "pack", status: "held" })
      assert.strictEqual(yield* repo.skipStep(first), "done")
      // nobody has gone on with it yet
      assert.strictEqual(yield* repo.skipStep(first), "done")
      assert.strictEqual(yield* repo.failStep(first, { reason: "too late" }), "over")
      assert.strictEqual(yield* repo.tryStepAgain(first), "over")
      yield* performIdle
      const second = yield* lastStep(handle.id)
      assert.deepInclude(second, { name: "send", status: "held" })
      for (const verb of [repo.skipStep(first), repo.completeStep(first, 1), repo.tryStepAgain(first)]) {
        assert.strictEqual(yield* verb, "over")
      }
      yield* performIdle
      assert.deepStrictEqual(yield* lastStep(handle.id), second)
      assert.strictEqual(yield* repo.tryStepAgain(second), "done")
      assert.strictEqual(yield* repo.tryStepAgain(second), "done")
      yield* performIdle
      const again = yield* lastStep(handle.id)
      assert.deepInclude(again, { status: "held", attemptNumber: second.attemptNumber + 1 })
      for (const verb of [repo.tryStepAgain(second), repo.failStep(second, { reason: "seen before" })]) {
        assert.strictEqual(yield* verb, "over")
      }
      yield* performIdle
      assert.deepStrictEqual(yield* lastStep(handle.id), again)
      // as it is written down, and read again
      const { action, attemptNumber, index } = again
      assert.strictEqual(yield* repo.completeStep({ action, index, attemptNumber }, "by hand"), "done")
      assert.strictEqual(yield* repo.completeStep({ action, index, attemptNumber }, "by hand"), "done")
      assert.strictEqual(yield* repo.completeStep({ action, index, attemptNumber }, "by foot"), "over")
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "undefined by hand")
    }))

  test("18.2: so it is of an attempt that waits, and of one whose wait is over", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const client = yield* depot
      const handle = yield* client.waitsLater()
      yield* performIdle
      const first = yield* lastStep(handle.id)
      assert.strictEqual(yield* repo.tryStepAgain(first), "done")
      assert.strictEqual(yield* repo.tryStepAgain(first), "done")
      assert.strictEqual(yield* repo.skipStep(first), "over")
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["cancelled", "open"])
      assert.strictEqual(yield* repo.tryStepAgain(first), "over")
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["cancelled", "open"])
      yield* repo.skipStep(yield* lastStep(handle.id))
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "undefined")
    }))

  test("18.2: there is nothing to decide of what has not begun, runs, has ended, or is not there", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const handle = yield* (yield* depot).packLater()
      const first = (action: string) => ({ action, index: 0, attemptNumber: 1 })
      assert.strictEqual(yield* repo.skipStep(first(handle.id)), "notStarted")
      yield* performSteppedActions()
      assert.strictEqual(yield* repo.skipStep(first(handle.id)), "over")
      assert.strictEqual(yield* repo.skipStep(first("00000000-0000-7000-8000-000000000000")), "none")
      assert.strictEqual(yield* repo.skipStep(first("no id")), "none")
      const outside = yield* (yield* depot).askLater()
      yield* performIdle
      assert.strictEqual(yield* repo.failStep(first(outside.id), { reason: "no" }), "over")
      yield* outside.cancel()
      scene.body = Effect.fail(new Torn())
      const waits = yield* (yield* depot).lastLater()
      yield* performIdle
      const step = yield* lastStep(waits.id)
      assert.strictEqual(yield* repo.skipStep({ ...step, index: 1 }), "notStarted")
      assert.strictEqual(yield* repo.skipStep({ ...step, attemptNumber: 3 }), "notStarted")
      for (const index of [-1, 0.5, NaN, 2 ** 31]) {
        assert.strictEqual(yield* repo.skipStep({ ...step, index }), "none")
      }
      assert.deepStrictEqual(yield* lastStep(waits.id), step)
      yield* waits.cancel()
      yield* performSteppedActions()
      assert.instanceOf(yield* Effect.flip(repo.completeStep(first(handle.id), 1n)), InvalidQuery)
      assert.instanceOf(yield* Effect.flip(repo.failStep(first(handle.id), { reason: "" })), InvalidQuery)
    }))

  test("18.2: while its body runs nothing is changed", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const answers: Array<string> = []
      scene.body = Effect.gen(function*() {
        const [{ id } = { id: "" }] = yield* Effect.orDie(recordsOf("last"))
        answers.push(yield* Effect.orDie(repo.skipStep(yield* Effect.orDie(lastStep(id)))))
        return "gift"
      }).pipe(Effect.provide(yield* Effect.context<Stepped.Services | SqlClient.SqlClient>()))
      const handle = yield* (yield* depot).lastLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(answers, ["running"])
      assert.strictEqual(yield* handle.await, 1)
    }))

  it("9.12: what it cannot be is refused", () => {
    assert.throws(
      () => Stepped.action("tow").step("hook", () => Effect.void, { onExhausted: "wait" as never }),
      DefinitionError,
      "onExhausted of tow › hook is wait"
    )
  })
})
