/** Rules 9.1 to 9.3, 9.8 and 9.11: steps that begin again, on the test's clock. */
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionFailed, ActionRepo, DefinitionError, Step, Stepped, TimedOut } from "stepped"
import { crashAfter, performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, recordsOf, slotsOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { ask, Busy, Depots, failing, NoFuel, scene, Torn } from "./fixtures/stepRetries.ts"

const { layer: DepotsLive } = Depots

const stepOf = (id: string, index = 0) =>
  Effect.map(Effect.flatMap(ActionRepo, (repo) => repo.steps(id)), (steps) => steps[index]!)

suite("steps that begin again", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>,
    options: Stepped.EngineOptions = {}
  ) =>
    it.effect(
      name,
      () =>
        Effect.provide(Effect.andThen(scenario(), healthy), DepotsLive.pipe(Layer.provideMerge(engine.layer(options))))
    )
  const depot = Effect.map(Depots.client, (depots) => depots(1))
  /** In how many seconds it goes on. */
  const dueIn = (id: string) =>
    Effect.gen(function*() {
      const { dueAt } = yield* recordOf(id)
      return dueAt === undefined
        ? undefined
        : (dueAt.getTime() - (yield* Effect.clockWith((c) => c.currentTimeMillis))) / 1000
    })
  /** Performs until nothing is due, and the clock stands where the next attempt begins: by how much, each time. */
  const delays = (id: string, most = 10) =>
    Effect.gen(function*() {
      const found: Array<number> = []
      yield* performIdle
      while (found.length < most) {
        const due = yield* dueIn(id)
        if (due === undefined) break
        found.push(due)
        yield* TestClock.adjust(Duration.seconds(due))
        yield* performIdle
      }
      return found
    })

  test("9.1, 9.2: a job that was left over does not begin the next attempt before its time", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      let n = 0
      // as one that was passed by while a claim had it, and that nobody has taken yet
      scene.body = Effect.suspend(() =>
        n++ > 0 ? Effect.succeed("gift") : Effect.andThen(
          Effect.orDie(sql`
            insert into stepped.jobs (queue, priority, kind, action, definition, actor_id, enqueued_at)
            select queue, -1000, 1, id, definition, actor_id, now() from stepped.live_actions`),
          Effect.fail(new Torn())
        )
      )
      const handle = yield* (yield* depot).packLater()
      yield* performIdle
      assert.deepStrictEqual([n, yield* dueIn(handle.id)], [1, 1])
      yield* TestClock.adjust("1 second")
      yield* performSteppedActions()
      assert.strictEqual((yield* recordOf(handle.id)).status, "succeeded")
      assert.strictEqual(n, 2)
    }))

  test("9.1, 9.11: it begins again after the delays of its schedule, knows why, and what ran before it does not", () =>
    Effect.gen(function*() {
      scene.body = failing(new Torn(), new NoFuel())
      const handle = yield* (yield* depot).packLater()
      yield* performIdle
      assert.strictEqual(yield* dueIn(handle.id), 1)
      assert.deepInclude(yield* recordOf(handle.id), { status: "performing", attempts: 0 })
      assert.strictEqual((yield* recordOf(handle.id)).lastFailure?.message, "Torn")
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["first succeeded", "pack performing"])
      assert.strictEqual((yield* stepOf(handle.id, 1)).attemptNumber, 2)
      yield* TestClock.adjust("999 millis")
      yield* performIdle
      assert.deepStrictEqual(seen, ["first", "attempt 1"])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* delays(handle.id), [2])
      assert.strictEqual(yield* handle.await, "gift")
      assert.deepStrictEqual(seen, [
        "first",
        "attempt 1",
        "attempt 2 after Torn",
        "attempt 3 after NoFuel",
        "last 1",
        "pack succeeded"
      ])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["first succeeded", "pack succeeded", "last succeeded"])
      const step = yield* stepOf(handle.id, 1)
      const from = step.startedAt.getTime()
      const seconds = (at: Date | undefined) => at === undefined ? undefined : (at.getTime() - from) / 1000
      assert.deepStrictEqual(
        step.attempts.map(({ endedAt, failure, nextAt, number, startedAt }) => [
          number,
          seconds(startedAt),
          seconds(endedAt),
          failure?.message,
          seconds(nextAt)
        ]),
        [[1, 0, 0, "Torn", 1], [2, 1, 1, "NoFuel", 3], [3, 3, 3, undefined, undefined]]
      )
      assert.strictEqual(step.attemptNumber, 3)
      assert.isUndefined((yield* recordOf(handle.id)).lastFailure)
    }))

  test("9.1: where the schedule ends, it has failed, with its last failure", () =>
    Effect.gen(function*() {
      scene.body = failing(new Torn(), new Torn(), new Torn(), new NoFuel(), new Torn())
      const handle = yield* (yield* depot).packLater()
      assert.deepStrictEqual(yield* delays(handle.id), [1, 2, 4])
      assert.deepStrictEqual(yield* Effect.flip(handle.await), new NoFuel())
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["first succeeded", "pack failed"])
      assert.strictEqual((yield* stepOf(handle.id, 1)).attempts.length, 4)
      assert.strictEqual(seen.at(-1), "pack failed")
    }))

  test("9.1: an action's only step has a row then, with all of its attempts", () =>
    Effect.gen(function*() {
      scene.body = failing(new Torn())
      const handle = yield* (yield* depot).onlyLater()
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "gift")
      const step = yield* stepOf(handle.id)
      assert.deepInclude(step, { status: "succeeded", attemptNumber: 2 })
      assert.deepStrictEqual(step.attempts.map(({ failure }) => failure?.kind), ["failure", undefined])
      const plain = yield* (yield* depot).onlyLater()
      yield* performSteppedActions()
      assert.deepInclude(yield* stepOf(plain.id), { status: "succeeded", attemptNumber: 1, attempts: [] })
    }))

  test("9.1: between attempts its lane is held, and nothing supersedes it; cancelling and its time end it", () =>
    Effect.gen(function*() {
      const client = yield* depot
      scene.body = failing(new Torn())
      const first = yield* client.onlyLater()
      yield* performIdle
      const second = yield* client.onlyLater()
      yield* performIdle
      assert.deepStrictEqual([(yield* recordOf(first.id)).status, (yield* recordOf(second.id)).status], [
        "performing",
        "pending"
      ])
      yield* first.cancel()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* stepsOf(first.id), ["pack cancelled"])
      assert.deepInclude(yield* stepOf(first.id), { attemptNumber: 1 })
      assert.strictEqual((yield* stepOf(first.id)).attempts.length, 1)
      assert.strictEqual(yield* second.await, "gift")
      scene.body = Effect.fail(new NoFuel())
      const timed = yield* client.kindsLater()
      yield* performIdle
      yield* TestClock.adjust("1 day")
      yield* performIdle
      assert.instanceOf(yield* Effect.flip(timed.await), TimedOut)
    }))

  test("9.1: by tag, each of which counts its own; and by a condition and a number for all others", () =>
    Effect.gen(function*() {
      const client = yield* depot
      const attempts = (
        body: typeof scene.body
      ): Effect.Effect<ReadonlyArray<number>, unknown, Stepped.Services | SqlClient.SqlClient> =>
        Effect.gen(function*() {
          scene.body = body
          const handle = yield* client.kindsLater()
          return yield* delays(handle.id)
        })
      const [minute, hour] = [60, 3600]
      assert.deepStrictEqual(yield* attempts(Effect.fail(new Torn())), [])
      assert.deepStrictEqual(yield* attempts(Effect.fail(new NoFuel())), [hour, hour])
      assert.deepStrictEqual(yield* attempts(Effect.fail(new Busy({ retryAfter: undefined }))), [minute, minute])
      assert.deepStrictEqual(yield* attempts(Effect.die("no type")), [minute, minute])
      assert.deepStrictEqual(yield* attempts(Effect.as(Step.markFailed, "marked")), [])
      assert.deepStrictEqual(yield* attempts(Effect.as(TestClock.adjust("10 seconds"), "late")), [2 * hour])
      const busy = new Busy({ retryAfter: undefined })
      assert.deepStrictEqual(
        yield* attempts(failing(new NoFuel(), busy, new NoFuel(), busy, busy)),
        [hour, minute, hour, minute]
      )
    }))

  test(
    "9.2: a delay is drawn once and stored; a rerun is the same attempt, and draws nothing",
    () =>
      Effect.gen(function*() {
        let runs = 0
        scene.body = Effect.suspend(() => runs++ === 1 ? Effect.die("gone") : Effect.fail(new Torn()))
        const handle = yield* (yield* depot).drawsLater()
        yield* performIdle
        assert.deepStrictEqual([scene.draws, yield* dueIn(handle.id)], [1, 60])
        scene.delay = "2 minutes"
        yield* TestClock.adjust("30 seconds")
        yield* performIdle
        assert.deepStrictEqual([scene.draws, yield* dueIn(handle.id)], [1, 30])
        yield* TestClock.adjust("30 seconds")
        yield* performIdle
        // the engine's own: the same attempt runs again
        assert.deepStrictEqual([scene.draws, yield* dueIn(handle.id)], [1, 7])
        assert.deepInclude(yield* stepOf(handle.id), { attemptNumber: 2 })
        yield* TestClock.adjust("7 seconds")
        yield* performIdle
        // stepped from its beginning, of which only the last counts
        assert.deepStrictEqual([scene.draws, yield* dueIn(handle.id), runs], [3, 120, 3])
        assert.deepInclude(yield* stepOf(handle.id), { attemptNumber: 3 })
      }),
    { handledDefects: () => false, attempts: 3, retry: Schedule.spaced("7 seconds") }
  )

  test(
    "9.2: what has ended without an answer too often has failed, and begins again with all of the engine's tries",
    () =>
      Effect.gen(function*() {
        let runs = 0
        scene.body = Effect.suspend(() => ++runs < 4 ? Effect.die("gone") : Effect.succeed("gift"))
        const handle = yield* (yield* depot).onlyLater()
        yield* performSteppedActions()
        assert.deepStrictEqual([yield* handle.await, runs], ["gift", 4])
        assert.deepInclude(yield* stepOf(handle.id), { attemptNumber: 2 })
      }),
    { handledDefects: () => false, attempts: 3, retry: Schedule.spaced("1 second") }
  )

  test("9.2: a schedule that never ends has an end, and the last hundred attempts can be read", () =>
    Effect.gen(function*() {
      scene.body = Effect.fail(new Torn())
      const handle = yield* (yield* depot).drawsLater()
      assert.strictEqual((yield* delays(handle.id, 110)).length, 110)
      const { attempts } = yield* stepOf(handle.id)
      assert.deepStrictEqual([attempts.length, attempts[0]!.number, attempts.at(-1)!.number], [100, 12, 111])
      const sql = yield* SqlClient.SqlClient
      yield* sql`update stepped.live_actions set step_attempts = jsonb_set(step_attempts, '{counts}', '{"": 9999}')`
      assert.strictEqual((yield* delays(handle.id)).length, 2)
      assert.strictEqual((yield* recordOf(handle.id)).status, "failed")
    }))

  test("9.2: so has one of a tag's own, and all schedules together", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const counts = (text: string) =>
        sql`update stepped.live_actions set step_attempts = jsonb_set(step_attempts, '{counts}', ${text}::text::jsonb)`
      for (
        const [failure, counted] of [[new NoFuel(), `{"NoFuel": 9999}`], [
          new Torn(),
          `{"NoFuel": 5000, "": 4999}`
        ]] as const
      ) {
        scene.body = Effect.fail(failure)
        const handle = yield* (yield* depot).endlessLater()
        assert.lengthOf(yield* delays(handle.id, 3), 3)
        yield* counts(counted)
        assert.lengthOf(yield* delays(handle.id), 2)
        assert.strictEqual((yield* recordOf(handle.id)).status, "failed")
      }
    }))

  test("9.3: a failure may ask for more time, and not for less; what is no duration is passed over", () =>
    Effect.gen(function*() {
      const client = yield* depot
      for (
        const [retryAfter, seconds] of [
          ["1 hour", 3600],
          [Duration.minutes(2), 120],
          ["1 second", 60],
          [90_000, 90],
          ["soon", 60],
          [Infinity, 60],
          [-5, 60],
          [null, 60]
        ] as const
      ) {
        scene.body = failing(new Busy({ retryAfter }))
        const handle = yield* client.drawsLater()
        assert.deepStrictEqual(yield* delays(handle.id), [seconds], String(retryAfter))
      }
    }))

  test("9.2: a delay that is none fails the step, with its failure and with what is wrong", () =>
    Effect.gen(function*() {
      for (const delay of [Infinity, -1]) {
        scene.body = Effect.fail(new Torn())
        scene.delay = Duration.millis(delay)
        const handle = yield* (yield* depot).drawsLater()
        yield* performSteppedActions()
        const error = yield* Effect.flip(handle.await)
        assert.instanceOf(error, ActionFailed)
        assert.include(error.message, "draws Depot/1 › pack")
        assert.include(error.message, "after the step had: Torn")
        assert.include(error.message, "delay of retry of draws Depot/1 › pack")
      }
    }))

  test("9.1: children that have succeeded are not performed again, others are; alike ones in their order", () =>
    Effect.gen(function*() {
      let fails = 1
      let n = 0
      scene.child = Effect.suspend(() => n++ === 1 && fails-- > 0 ? Effect.die("broken") : Effect.succeed(`of ${n}`))
      const handle = yield* (yield* depot).loadsLater(["a", "b", "c"])
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["succeeded", "failed", "succeeded"])
      assert.deepStrictEqual(seen, ["attempt 1", "load a", "load b", "load c"])
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      assert.deepStrictEqual(seen.slice(4), ["attempt 2 after broken", "load b"])
      assert.deepStrictEqual(yield* handle.await, ["a of 1", "b of 4", "c of 3"])
      const slots = yield* Effect.flatMap(ActionRepo, (repo) => repo.slots(handle.id))
      assert.deepStrictEqual(
        slots.map(({ attemptNumber, slot, status }) => [slot, attemptNumber, status]),
        [[0, 1, "succeeded"], [1, 1, "failed"], [2, 1, "succeeded"], [3, 2, "succeeded"], [4, 2, "succeeded"], [
          5,
          2,
          "succeeded"
        ]]
      )
      assert.strictEqual(slots[0]!.child, slots[3]!.child)
      assert.notStrictEqual(slots[1]!.child, slots[4]!.child)
    }))

  test("9.1: an action between two attempts is well, with the children of the first one", () =>
    Effect.gen(function*() {
      scene.child = Effect.die("broken")
      const handle = yield* (yield* depot).loadsLater(["a"])
      yield* performIdle
      assert.strictEqual(yield* dueIn(handle.id), 60)
      assert.deepStrictEqual(yield* Stepped.doctor, [])
      yield* handle.cancel()
    }))

  test("9.1: of several alike each is used once", () =>
    Effect.gen(function*() {
      let n = 0
      scene.child = Effect.suspend(() => n++ === 1 ? Effect.die("broken") : Effect.succeed(`of ${n}`))
      const handle = yield* (yield* depot).loadsLater(["a", "a", "a"])
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* handle.await, ["a of 1", "a of 3", "a of 4"])
    }))

  test("9.1: with `fresh` all of them are performed anew", () =>
    Effect.gen(function*() {
      let n = 0
      scene.child = Effect.suspend(() => n++ === 1 ? Effect.die("broken") : Effect.succeed(`of ${n}`))
      const handle = yield* (yield* depot).anewLater(["a", "b"])
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* handle.await, ["a of 3", "b of 4"])
    }))

  test("9.1: what a marked attempt has enqueued is waited for, and used again: a step may wait for nothing new", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* depot).marksLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* handle.await, ["one child"])
      assert.deepStrictEqual(seen, ["load one"])
      assert.deepInclude(yield* stepOf(handle.id), { status: "succeeded", attemptNumber: 3 })
    }))

  test("9.1, 9.4: an attempt that times out leaves nothing behind: its children are cancelled, and settle nothing later", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* depot).lateLater()
      yield* performIdle
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      assert.deepStrictEqual((yield* recordsOf("ask")).map(({ status }) => status), ["cancelled"])
      assert.strictEqual(yield* dueIn(handle.id), 300)
      yield* TestClock.adjust("5 minutes")
      yield* performIdle
      const asked = yield* recordsOf("ask")
      assert.deepStrictEqual(asked.map(({ status }) => status).sort(), ["cancelled", "performing"])
      // the delay does not count
      yield* TestClock.adjust("59 seconds")
      yield* performIdle
      yield* Stepped.complete(
        asked.find(({ status }) => status === "performing")!.id,
        ask,
        Stepped.Outcome.succeededVoid
      )
      yield* performSteppedActions()
      yield* handle.await
      assert.deepStrictEqual(seen, ["attempt 1", "asked", "attempt 2 after timed out after 60000 ms", "asked"])
    }))

  test("9.5, 9.1: a condition is asked until it has answered, and not for further attempts", () =>
    Effect.gen(function*() {
      scene.when = Effect.fail(new Torn())
      const first = yield* (yield* depot).asksLater()
      yield* performIdle
      scene.when = Effect.succeed(true)
      scene.body = failing(new NoFuel())
      yield* performSteppedActions()
      assert.strictEqual(yield* first.await, "gift")
      assert.deepStrictEqual(seen, ["asked", "asked"])
      assert.deepInclude(yield* stepOf(first.id), { attemptNumber: 3 })
    }))

  test("9.6, 9.1: a step that may fail is passed after its last attempt", () =>
    Effect.gen(function*() {
      scene.body = Effect.fail(new Torn())
      const handle = yield* (yield* depot).mayLater()
      assert.deepStrictEqual(yield* delays(handle.id), [1, 2, 4])
      assert.strictEqual(yield* handle.await, "undefined")
      assert.deepInclude(yield* stepOf(handle.id), { status: "failed", attemptNumber: 4 })
      assert.deepInclude((yield* stepOf(handle.id)).failure, { kind: "failure", message: "Torn" })
    }))

  test("9.1: of a transactional attempt that fails nothing is left", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`drop table if exists bought`
      yield* sql`create table bought (what text)`
      scene.body = failing(new Torn(), new Torn())
      const handle = yield* (yield* depot).buysLater()
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "gift")
      assert.strictEqual((yield* sql`select what from bought`).length, 1)
      yield* sql`drop table bought`
    }))

  test("9.1: nor of one whose value cannot be stored", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`drop table if exists bought`
      yield* sql`create table bought (what text)`
      let attempts = 0
      scene.body = Effect.sync(() => attempts++ === 0 ? Symbol("gift") as never : "gift")
      const handle = yield* (yield* depot).buysLater()
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "gift")
      assert.strictEqual((yield* sql`select what from bought`).length, 1)
      yield* sql`drop table bought`
    }))

  test("9.7, 9.3: defaults hold for steps that say nothing, and `never` switches them off", () =>
    Effect.gen(function*() {
      scene.body = failing(new Torn(), new Torn())
      const handle = yield* (yield* depot).defaultedLater()
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "gift")
      assert.deepStrictEqual(seen, ["attempt 1", "attempt 2 after Torn", "attempt 3 after Torn", "never"])
      scene.body = failing(new Torn())
      const client = yield* depot
      const second = yield* client.defaultedLater()
      yield* performIdle
      scene.body = Effect.suspend(() => seen.at(-1) === "never" ? Effect.fail(new NoFuel()) : Effect.succeed("gift"))
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* Effect.flip(second.await), new NoFuel())
    }))

  it.effect("9.8: a step that has ended is not run again: not by whoever takes over, nor after a pause, a decision, or what undoes another", () =>
    Effect.gen(function*() {
      let undone = 0
      scene.when = Effect.suspend(() => undone++ === 0 ? Effect.fail(new Torn()) : Effect.succeed(true))
      scene.body = failing(new Torn(), new Torn(), new Torn())
      const handle = yield* (yield* depot).aroundLater()
      // its worker dies in the middle of the fourth step, and at its decision
      yield* performSteppedActions({ until: "5 seconds" }).pipe(crashAfter("pack"))
      const held = yield* stepOf(handle.id, 3)
      assert.strictEqual(held.status, "held")
      assert.strictEqual(yield* Effect.flatMap(ActionRepo, (repo) => repo.tryStepAgain(held)), "done")
      yield* performSteppedActions().pipe(crashAfter("pack", { times: 2 }))
      assert.deepStrictEqual(yield* Effect.flip(handle.await), new NoFuel())
      const times = (text: string) => seen.filter((line) => line.startsWith(text)).length
      const ended = ["done", "failed", "asked", "undoes done"].map(times)
      assert.deepStrictEqual(ended, [1, 1, 1, 1])
      // and those have run as often as that, and more
      assert.isAbove(Math.min(times("attempt 1"), times("attempt 3"), times("unpacks")), 1)
      assert.deepStrictEqual(yield* stepsOf(handle.id), [
        "done succeeded",
        "failed failed",
        "skipped skipped",
        "pack succeeded",
        "5 failed",
        "pack succeeded",
        "done succeeded"
      ])
    }).pipe(
      Effect.andThen(healthy),
      Effect.provide(Layer.provideMerge(DepotsLive, engine.crashing))
    ))

  test("9.11: a job knows which of its runs this is", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* depot).towedLater()
      yield* performSteppedActions()
      yield* handle.await
      assert.deepStrictEqual(seen, ["job 1 ", "job 2 ", "job 3 "])
    }))

  it("9.1: what no policy can be is refused, with its place and what it takes", () => {
    const refused = (retry: unknown) => {
      try {
        Stepped.action("tow").step("hook", () => Effect.void, { retry: retry as never })
        return "nothing"
      } catch (error) {
        assert.instanceOf(error, DefinitionError)
        return error.message
      }
    }
    const schedule = Schedule.forever
    assert.include(refused("always"), "retry of tow › hook takes a Schedule")
    assert.include(refused(5), "retry of tow › hook takes a Schedule")
    assert.include(refused({ times: 5 }), "(schedule) takes a Schedule")
    for (const times of [-1, 1.5, Number.NaN, Infinity, 10_001, "3"]) {
      assert.include(refused({ schedule, times }), "a whole number from 0 to 10000")
    }
    assert.include(refused({ schedule, NoFuel: "never" }), "NoFuel: what holds for one tag belongs under errors")
    assert.include(refused({ schedule, errors: { NoFuel: 5 } }), "(errors.NoFuel) takes a Schedule")
    assert.include(refused({ schedule, while: true }), "while that is no function")
  })
})
