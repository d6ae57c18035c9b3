/** Rule 5.3: actions that a job performs and completes. */
import { assert, beforeEach, it } from "@effect/vitest"
import { Cause, Effect, Layer, Logger, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionFailed, InvalidOutcome, Step, Stepped, StorageError } from "stepped"
import type { Job } from "stepped"
import { NotDrained, performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { layerIntercepted } from "../harness/intercepting.ts"
import { note, seen } from "../harness/notes.ts"
import { lanes, recordOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
class NoRoad extends Schema.TaggedError<NoRoad>()("NoRoad", { to: Schema.String }) {}

type TowJob = Job<string, NoRoad>
// what the job does in the current test
let run: (job: TowJob, to: string) => Effect.Effect<unknown, any> = () => Effect.void
beforeEach(() => {
  run = () => Effect.void
})

const tow = Stepped.action("tow", {
  arguments: [Schema.String],
  success: Schema.String,
  error: NoRoad,
  timeout: "1 hour",
  job: (job, to) => Effect.flatMap(Car, (car) => Effect.andThen(note(`tow ${car.id} ${to}`), run(job, to)))
}).after((to, outcome) => note(`${to} ${outcome.status}`))
const rescue = Stepped.action("rescue", { success: Schema.String }).step("tow", () => Step.do(tow, "home"))

const Cars = Stepped.actions(Car, [tow, rescue])

suite("job-backed actions", (engine) => {
  const layer = (options?: Stepped.EngineOptions) => Cars.layer.pipe(Layer.provideMerge(engine.layer(options)))
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>,
    options?: Stepped.EngineOptions
  ) => it.effect(name, () => Effect.provide(Effect.andThen(scenario(), healthy), layer(options)))

  for (
    const [what, key, isStored, answer] of [
      ["whose answer was lost is not answered, for all that it is asked again", undefined, true, "StorageError"],
      ["whose answer was lost says so under a key, asked again", "towed", true, "true"],
      ["that was not stored is asked again", undefined, false, "true"]
    ] as const
  ) {
    it.effect(`1.2, 5.3: a completion ${what}`, () => {
      let asked = 0
      const lossy = layerIntercepted(({ complete }) => ({
        complete: (given) => {
          if (++asked > 1) return complete(given)
          const lost = Effect.fail(
            new StorageError({ operation: "complete", isRetryable: true, cause: new Error("lost") })
          )
          return isStored ? Effect.andThen(complete(given), lost) : lost
        }
      }))
      return Effect.gen(function*() {
        run = (job, to) =>
          Effect.matchEffect(job.succeeded(to, key === undefined ? {} : { key }), {
            onFailure: ({ _tag }) => note(_tag),
            onSuccess: (ended) => note(String(ended))
          })
        const handle = yield* (yield* Cars.client)(4).towLater("home")
        yield* performSteppedActions()
        assert.strictEqual(yield* handle.await, "home")
        assert.sameMembers(seen, ["tow 4 home", answer, "home succeeded"])
        yield* healthy
      }).pipe(
        Effect.provide(Layer.fresh(Layer.provideMerge(Cars.layer, lossy)), { local: true }),
        Effect.provide(engine.layer())
      )
    })
  }

  test("5.3: the job receives the action and its arguments, and completes it", () =>
    Effect.gen(function*() {
      const ids: Array<string> = []
      run = (job, to) =>
        Effect.gen(function*() {
          ids.push(job.actionId)
          yield* note(String(yield* job.succeeded(`towed to ${to}`)))
          yield* note(String(yield* job.failed()))
        })
      const handle = yield* (yield* Cars.client)(4).rescueLater()
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "towed to home")
      // the one completion that ended the action says so
      assert.sameMembers(seen, ["tow 4 home", "true", "false", "home succeeded"])
      assert.deepStrictEqual(yield* statusesOf("tow"), ["succeeded"])
      assert.strictEqual((yield* recordOf(ids[0]!)).name, "tow")
      assert.deepStrictEqual(yield* stepsOf(ids[0]!), ["tow succeeded"])
    }))

  test("5.3: the job may end without completing: the action stays performing until somebody does", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).towLater("home")
      yield* performIdle
      assert.strictEqual((yield* recordOf(handle.id)).status, "performing")
      assert.isTrue((yield* recordOf(handle.id)).outbound)
      yield* performIdle
      assert.deepStrictEqual(seen, ["tow 1 home"])
      assert.deepStrictEqual(
        yield* Stepped.complete(Car.ref(1), tow, Stepped.Outcome.succeeded("ok")),
        Option.some(handle.id)
      )
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "ok")
    }))

  test("5.3: the job may run itself again after a delay, as the same action", () =>
    Effect.gen(function*() {
      let left = 2
      run = (job) => left-- > 0 ? job.retry("10 minutes") : job.succeeded("at last")
      const handle = yield* (yield* Cars.client)(1).towLater("home")
      yield* performIdle
      yield* TestClock.adjust("599 seconds")
      yield* performIdle
      assert.deepStrictEqual(seen, ["tow 1 home"])
      yield* TestClock.adjust("1 second")
      yield* performIdle
      assert.deepStrictEqual(seen, ["tow 1 home", "tow 1 home"])
      assert.strictEqual((yield* recordOf(handle.id)).attempts, 0)
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "at last")
      assert.deepStrictEqual(yield* statusesOf("tow"), ["succeeded"])
    }))

  test("5.3: running itself again has no limit of attempts", () =>
    Effect.gen(function*() {
      let left = 8
      run = (job) => left-- > 0 ? job.retry("1 second") : job.succeeded("at last")
      const handle = yield* (yield* Cars.client)(1).towLater("home")
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "at last")
      assert.lengthOf(seen.filter((text) => text.startsWith("tow")), 9)
    }), { attempts: 2 })

  test("5.3, 9.11: it runs itself again after more runs than are counted", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      let left = 3
      run = (job) =>
        Effect.andThen(note(`run ${job.attemptNumber}`), left-- > 0 ? job.retry("1 second") : job.succeeded("at last"))
      const handle = yield* (yield* Cars.client)(1).towLater("home")
      yield* performIdle
      yield* sql`update stepped.live_actions set step_attempt = 32766`
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "at last")
      assert.deepStrictEqual(seen.filter((text) => text.startsWith("run")), [
        "run 1",
        "run 32766",
        "run 32767",
        "run 32767"
      ])
    }))

  test("5.3: a job that fails ends the action as failed, with its declared error", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      run = (_, to) => Effect.fail(new NoRoad({ to }))
      const declared = yield* car.towLater("sea")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* Effect.flip(declared.await), new NoRoad({ to: "sea" }))
      run = (job, to) => job.failed(new NoRoad({ to }))
      const told = yield* car.towLater("moon")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* Effect.flip(told.await), new NoRoad({ to: "moon" }))
      run = () => Effect.die(new Error("no fuel"))
      const died = yield* car.towLater("home")
      yield* performSteppedActions()
      const error = yield* Effect.flip(died.await)
      assert.instanceOf(error, ActionFailed)
      assert.strictEqual(error.message, "tow Car/1: no fuel")
      assert.deepStrictEqual(seen.filter((text) => !text.startsWith("tow")), [
        "sea failed",
        "moon failed",
        "home failed"
      ])
      assert.deepStrictEqual(yield* lanes, [])
    }))

  test("5.3: cancelled and timed out are outcomes of a job, too", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      run = (job) => job.cancelled
      const first = yield* car.towNow("a")
      run = (job) => job.timedOut
      const second = yield* car.towLater("b")
      yield* performSteppedActions()
      assert.deepStrictEqual([(yield* first.status).status, (yield* second.status).status], ["cancelled", "timed_out"])
    }))

  test("5.3: a job that waits to run again can be cancelled and timed out", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      run = (job) => job.retry("2 hours")
      const first = yield* car.towLater("a")
      yield* performIdle
      assert.isTrue(yield* first.cancel())
      const second = yield* car.towLater("b")
      yield* performSteppedActions()
      assert.deepStrictEqual([(yield* first.status).status, (yield* second.status).status], ["cancelled", "timed_out"])
      assert.deepStrictEqual(seen, ["tow 1 a", "a cancelled", "tow 1 b", "b timed_out"])
    }))

  test("5.3: what a job says in a transaction counts once that is committed, and the job goes on", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      run = (job) =>
        Effect.andThen(sql.withTransaction(job.succeeded("home")), Effect.andThen(sql`select 1`, note("goes on")))
      const handle = yield* (yield* Cars.client)(1).towLater("home")
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "home")
      assert.sameMembers(seen, ["tow 1 home", "goes on", "home succeeded"])
      // whatever becomes of the job afterwards
      run = (job) => Effect.andThen(sql.withTransaction(job.succeeded("home")), Effect.fail(new NoRoad({ to: "sea" })))
      const failing = yield* (yield* Cars.client)(1).towLater("sea")
      yield* performSteppedActions()
      assert.strictEqual(yield* failing.await, "home")
    }))

  test("5.3: what a job says in a transaction that rolls back is not said: its failure is the action's", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const logged: Array<string> = []
      const logger = Logger.layer([Logger.make(({ cause, message }) => {
        logged.push(`${String(message)} ${Cause.pretty(cause)}`)
      })])
      const undone = (job: TowJob) =>
        sql.withTransaction(Effect.andThen(job.succeeded("home"), Effect.fail(new NoRoad({ to: "nowhere" }))))
      const cases: ReadonlyArray<typeof run> = [
        undone,
        // of a savepoint, in a transaction that commits
        (job) => Effect.andThen(sql.withTransaction(Effect.ignore(undone(job))), Effect.fail(new NoRoad({ to: "sea" })))
      ]
      for (const [n, job] of cases.entries()) {
        run = job
        const handle = yield* (yield* Cars.client)(1).towLater(`place ${n}`)
        yield* Effect.provide(performSteppedActions(), logger)
        assert.deepStrictEqual(yield* Effect.flip(handle.await), new NoRoad({ to: n === 0 ? "nowhere" : "sea" }))
      }
      assert.deepStrictEqual(seen, ["tow 1 place 0", "place 0 failed", "tow 1 place 1", "place 1 failed"])
      assert.lengthOf(logged.filter((line) => line.includes("tow Car/1 failed")), 2)
      assert.deepStrictEqual(yield* lanes, [])
    }))

  test("5.3: a job that hides that it was taken back leaves its action to somebody outside", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      run = (job) => Effect.ignore(sql.withTransaction(Effect.andThen(job.succeeded("home"), Effect.fail("no"))))
      const handle = yield* (yield* Cars.client)(1).towLater("home")
      yield* performIdle
      assert.strictEqual((yield* handle.status).status, "performing")
      yield* Stepped.complete(handle.id, tow, Stepped.Outcome.succeeded("ok"))
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "ok")
    }))

  test("7.2+: an unhandled failure of a job is tried again", () =>
    Effect.gen(function*() {
      let left = 2
      run = (job) => left-- > 0 ? Effect.die(new Error("no fuel")) : job.succeeded("at last")
      const handle = yield* (yield* Cars.client)(1).towLater("home")
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "at last")
      assert.lengthOf(seen.filter((text) => text.startsWith("tow")), 3)
    }), { handledDefects: () => false, attempts: 3 })

  test("an outcome that does not fit is refused, and the job can go on", () =>
    Effect.gen(function*() {
      run = (job) =>
        Effect.gen(function*() {
          const error = yield* Effect.flip(job.succeeded(5 as unknown as string))
          yield* note(error._tag)
          yield* job.succeeded("fits")
        })
      const handle = yield* (yield* Cars.client)(1).towLater("home")
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "fits")
      assert.include(seen, new InvalidOutcome({ action: "", issue: "" })._tag)
    }))

  test("draining says that a job-backed action waits for somebody outside", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).towLater("home")
      const error = yield* Effect.flip(performSteppedActions())
      assert.instanceOf(error, NotDrained)
      assert.deepStrictEqual([...error.left], ["tow Car/1(\"home\") is performing, outbound"])
      yield* handle.cancel()
      yield* performSteppedActions()
    }))
})
