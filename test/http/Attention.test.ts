/** What needs somebody, over HTTP: in one answer, the worst first. */
import { assert } from "@effect/vitest"
import { Clock, Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { DurableClock, DurableDeferred } from "effect/workflow"
import { PerformanceLane, Schedules, Step, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { nobody, worker } from "../behaviour/fixtures/schedules.ts"
import { careful, Gate, main, part, performedTo, ScriptedLive, suspended } from "../behaviour/fixtures/scripted.ts"
import { suite } from "../harness/databases.ts"
import { performIdle } from "../harness/performing.ts"
import { Cars, visit } from "./fixtures/cars.ts"
import { as, known, servingApi } from "./fixtures/serving.ts"
import { testing } from "./fixtures/testing.ts"

class Boat extends Stepped.Actor<Boat>()("Boat", { id: Schema.Int }) {}
const sail = Stepped.action("sail", { error: Schema.String })
  .step("load", () => Effect.void, {
    compensate: { run: () => Effect.fail("the crane is stuck"), retry: "never" }
  })
  .step("leave", () => Effect.fail("a storm"))
const rest = Stepped.action("rest").step("rest", () => Step.wait("1 hour"))
const Boats = Stepped.actions(Boat, [sail, rest])

suite("what needs attention, over HTTP", (engine) => {
  const test = testing(engine)

  test(
    "21.1: what does not go on, what was not undone, what has failed, what nobody takes, what is paused",
    Effect.gen(function*() {
      const { get } = yield* servingApi({ authorization: known })
      const look = Effect.map(get("/api/attention", as("vera")), ({ body, status }) => {
        assert.strictEqual(status, 200)
        return body
      })
      const nothing = yield* look
      assert.deepInclude(nothing, {
        stuck: [],
        leftOut: 0,
        notUndone: [],
        unserved: [],
        schedules: [],
        healed: [],
        failing: [],
        pauses: [],
        gone: []
      })
      const cars = yield* Cars.client
      yield* cars(4).visitLater("London")
      assert.deepStrictEqual(
        (yield* look).unserved.map(({ backlog, because }: any) => [backlog.name, backlog.due, because]),
        [["visit", 1, "no worker runs"]]
      )
      const held = yield* cars(1).repairLater()
      const failed = yield* cars(2).visitLater("nowhere")
      const waits = yield* cars(3).askLater()
      yield* performSteppedActions({ until: "1 second" }).pipe(Effect.exit)
      const boats = yield* Boats.client
      const sailed = yield* boats(1).sailLater()
      yield* performSteppedActions({ until: "1 second" }).pipe(Effect.exit)
      yield* (yield* PerformanceLane).pause("Car/9/visit", { reason: "it is washed", by: "anna" })
      const found = yield* look
      assert.deepStrictEqual(found.stuck.map(({ action, kind }: any) => [action.id, kind]), [[held.id, "held"]])
      assert.match(found.stuck[0].reasons[0], /held/)
      assert.deepStrictEqual(found.notUndone.map(({ action, steps }: any) => [action.id, steps.length]), [[
        sailed.id,
        1
      ]])
      assert.isTrue(found.notUndone[0].canBeUndone)
      assert.match(found.notUndone[0].steps[0], /^load: .*the crane is stuck/)
      assert.deepStrictEqual(
        found.failing.map(({ name, samples }: any) => [name, samples]).sort(),
        [["sail", [sailed.id]], ["visit", [failed.id]]]
      )
      assert.deepStrictEqual(found.unserved, [])
      assert.deepStrictEqual(found.pauses.map(({ reason }: any) => reason), ["it is washed"])
      // who may not read what programs store, does not here
      for (const word of ["s3cret", "\"left\"", "London"]) assert.notInclude(JSON.stringify(found), word)
      assert.strictEqual((yield* get("/api/attention")).status, 401)
      yield* Stepped.cancel(waits.id, { by: "anna" })
      yield* performSteppedActions({ until: "1 second" }).pipe(Effect.exit)
    }).pipe(Effect.provide(Boats.layer))
  )

  test(
    "21.1: what waits for its time is due from then on, whether or not a worker has seen it, and as old as that",
    Effect.gen(function*() {
      const { get } = yield* servingApi({ authorization: known })
      const look = Effect.map(
        get("/api/attention", as("vera")),
        ({ body }) => body.unserved.map(({ backlog, because }: any) => [backlog.due, backlog.later, because])
      )
      const cars = yield* Cars.client
      const delayed = yield* cars(4).with({ delay: "1 hour" }).visitLater("London")
      assert.deepStrictEqual(yield* look, [])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* look, [[1, 0, "no worker runs"]])
      yield* worker(["Car/visit"])
      assert.deepStrictEqual(yield* look, [])
      const other = yield* cars(5).visitLater("London")
      yield* TestClock.adjust("59 seconds")
      assert.deepStrictEqual(yield* look, [])
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* look, [[2, 0, "workers do not come to it"]])
      yield* nobody
      for (const handle of [delayed, other]) yield* handle.cancel()
    })
  )

  test(
    "21.1: workers that drain take nothing, and those whose lease is over by the database's clock are gone",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { get } = yield* servingApi({ authorization: known })
      const look = Effect.map(get("/api/attention", as("vera")), ({ body }) => [
        body.unserved.map(({ because }: any) => because),
        body.gone.map(({ name }: any) => name)
      ])
      const handle = yield* (yield* Cars.client)(4).visitLater("London")
      yield* worker(["Car/visit"])
      assert.deepStrictEqual(yield* look, [[], []])
      yield* sql`update stepped.workers set drained_at = clock_timestamp()`
      assert.deepStrictEqual(yield* look, [["the worker that takes it is draining"], []])
      yield* worker(["Car/visit"])
      assert.deepStrictEqual(yield* look, [[], []])
      yield* sql`update stepped.workers set drained_at = clock_timestamp()`
      assert.deepStrictEqual(yield* look, [["all 2 workers that take it are draining"], []])
      yield* sql`update stepped.workers set lease_until = clock_timestamp() - interval '1 second'`
      const [unserved, gone] = yield* look
      assert.deepStrictEqual([unserved, gone!.length], [["no worker runs"], 2])
      yield* nobody
      yield* handle.cancel()
    })
  )

  test(
    "21.1: a timer that is over, and nobody ends; and that a process which performs for its callers alone is no worker",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { get } = yield* servingApi({ authorization: known })
      const look = Effect.map(get("/api/attention", as("vera")), ({ body }) => [
        body.stuck.map(({ action, kind }: any) => [action.id, kind]),
        body.unserved.map(({ because }: any) => because)
      ])
      const { id } = yield* (yield* Boats.client)(1).restLater()
      yield* performIdle
      // the one that has just performed it
      yield* sql`update stepped.workers set started_at = started_at - interval '2 minutes'`
      assert.deepStrictEqual(yield* look, [[], []])
      yield* TestClock.adjust("2 hours")
      assert.deepStrictEqual(yield* look, [[[id, "overdue"]], []])
      const queued = yield* (yield* Cars.client)(4).visitLater("London")
      assert.deepStrictEqual((yield* look)[1], ["no worker runs"])
      yield* sql`delete from stepped.workers`
      assert.deepStrictEqual(yield* look, [[[id, "overdue"]], ["no worker runs"]])
      yield* queued.cancel()
      yield* performIdle
      assert.deepStrictEqual(yield* look, [[], []])
    }).pipe(Effect.provide(Boats.layer))
  )

  test(
    "21.1: what a worker had to heal: how often, and when last; a week later no more",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { get } = yield* servingApi({ authorization: known })
      const look = Effect.map(get("/api/attention", as("vera")), ({ body }) => body.healed)
      const heal = (by: string) =>
        Effect.flatMap(
          Clock.currentTimeMillis,
          (now) => sql`select action from stepped.heal(${new Date(now)}, 0, 100000, ${by})`
        )
      const cars = yield* Cars.client
      const [first, second] = [yield* cars(1).outsideLater(), yield* cars(2).outsideLater()]
      yield* performSteppedActions({ until: "1 second" }).pipe(Effect.exit)
      // what nothing leaves behind: it is to be continued, and nobody does
      const strand = (id: string) =>
        sql`update stepped.live_actions set phase = 3, outcome = 4,
          cause = '{"kind": "cancelled", "path": "outside Car/1", "message": "cancelled"}' where id = ${id}`
      yield* heal("north")
      assert.deepStrictEqual(yield* look, [])
      yield* strand(first.id)
      yield* heal("north")
      const at = yield* Clock.currentTimeMillis
      yield* TestClock.adjust("1 hour")
      yield* strand(second.id)
      yield* heal("south")
      yield* heal("north")
      assert.deepStrictEqual(yield* look, [{
        actorType: "Car",
        name: "outside",
        kind: "job",
        count: 2,
        firstAt: new Date(at).toISOString(),
        lastAt: new Date(at + 3_600_000).toISOString(),
        lastAction: second.id,
        worker: "south",
        because: "is to be continued and has no job"
      }])
      yield* performSteppedActions({ until: "1 second" }).pipe(Effect.exit)
      yield* TestClock.adjust("6 days")
      yield* heal("north")
      assert.lengthOf(yield* look, 1)
      yield* TestClock.adjust("1 day")
      // nobody is shown what is older, and with the next look of a worker it is gone
      assert.deepStrictEqual(yield* look, [])
      assert.lengthOf(yield* sql`select kind from stepped.heals`, 1)
      yield* heal("north")
      assert.lengthOf(yield* sql`select kind from stepped.heals`, 0)
    })
  )

  test(
    "21.1: an execution that has failed is to be resumed, one that nobody answers is late, and one that sleeps or waits for another one is neither",
    Effect.gen(function*() {
      const { get, post } = yield* servingApi({ authorization: known })
      const look = Effect.map(get("/api/attention", as("vera")), ({ body }) => body.stuck)
      careful.script.body = (_, run) => run === 1 ? Effect.die(new Error("no light")) : Effect.succeed("lit")
      main.script.body = (id) =>
        id === "asks"
          ? DurableDeferred.await(Gate)
          : id === "sleeps"
          ? Effect.as(DurableClock.sleep({ name: "night", duration: "3 days" }), "awake")
          : id === "waits"
          ? part.workflow.execute({ id: "1" })
          : Effect.succeed(id)
      part.script.body = () => DurableDeferred.await(Gate)
      // how long such executions take is known then
      for (let n = 0; n < 5; n++) yield* main.workflow.execute({ id: `${n}` }, { discard: true })
      yield* performIdle
      for (const id of ["asks", "sleeps", "waits"]) yield* suspended(main.workflow, id)
      const failed = yield* careful.workflow.execute({ id: "1" }, { discard: true })
      yield* performedTo(careful.workflow, failed, "failed")
      yield* TestClock.adjust("1 day")
      const found = yield* look
      assert.deepStrictEqual(found.map(({ action, kind }: any) => [action.actorType, action.actorId, kind]), [
        ["Workflow.Cautious", failed, "suspended"],
        ["Workflow.Main", yield* main.workflow.executionId({ id: "asks" }), "overdue"]
      ])
      assert.match(found[0].reasons[0], /^has failed, and is suspended .* until somebody resumes it/)
      const { id } = found[0].action
      const listed = Effect.map(
        get("/api/actions?toResume=true", as("vera")),
        ({ body }) => body.items.map((one: any) => one.id)
      )
      assert.deepStrictEqual(yield* listed, [id])
      const answer = yield* post("/api/verbs/ActionRepo.resumeExecution", { id, reason: "it is lit" }, as("otto"))
      assert.deepInclude(answer.body, { outcome: "done" })
      assert.deepStrictEqual([yield* listed, (yield* look).length], [[], 1])
      yield* performedTo(careful.workflow, failed, `succeeded "lit"`)
    }).pipe(Effect.provide(ScriptedLive))
  )

  test(
    "20.11: schedules that do not fire, and why",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { get } = yield* servingApi({ authorization: known })
      const look = Effect.map(get("/api/attention", as("vera")), ({ body }) => body.schedules)
      const schedules = yield* Schedules
      yield* schedules.put("washing", { every: "1 hour", actions: Cars, actor: 1, action: visit, args: ["London"] })
      const of = { name: "washing", actorType: "Car", actorId: "1", action: "visit" }
      assert.deepStrictEqual(yield* look, [{ ...of, kind: "orphaned", because: "no living worker has Car/visit" }])
      yield* worker(["Car/visit"])
      assert.deepStrictEqual(yield* look, [])
      yield* TestClock.adjust("2 hours")
      const since = new Date(3_600_000).toISOString()
      assert.deepStrictEqual(yield* look, [
        { ...of, kind: "late", since, because: "it is due, and workers do not come to it" }
      ])
      yield* sql`update stepped.schedules set trouble = 'the zone Mars/Base is not known here', next_at = next_at + interval '2 hours'`
      assert.deepStrictEqual(yield* look, [
        { ...of, kind: "broken", since, because: "the zone Mars/Base is not known here" }
      ])
      yield* nobody
      yield* schedules.remove("washing")
    })
  )
})
