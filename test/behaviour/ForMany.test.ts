/** Rule 18.4: verbs for many actions, planned, done by an action of the engine's own, one after the other. */
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, type ManyFilter, type ManyOutcome, type ManyVerb, Stepped } from "stepped"
import { crashAfter } from "stepped/testing"
import { Through } from "../../src/store/asked.ts"
import { healthy, suite } from "../harness/databases.ts"
import { recordOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { ada, asked, dock, done, fleet, mend, sail, sea, Ship, Ships, whileTimePasses } from "./fixtures/many.ts"

const nobody = "0196a7a8-7e5c-7cc4-a7f5-0d2a3c6f1b11"

type Services = Stepped.Services | SqlClient.SqlClient

suite("for many", (engine) => {
  const testOn =
    (layer: Layer.Layer<Services>) => <A, E>(name: string, scenario: () => Effect.Effect<A, E, Services>) =>
      it.effect(
        name,
        () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Ships.layer, layer))
      )
  const test = testOn(engine.layer())
  const statuses = (ids: ReadonlyArray<string>) =>
    Effect.map(Effect.forEach(ids, recordOf), (records) => records.map(({ status }) => status))
  const inOrder = (refused: ReadonlyArray<ManyOutcome>) =>
    refused.map(({ samples, ...one }) => ({ ...one, samples: [...samples].sort() }))
  const retry = { verb: "ActionRepo.retry" } as const
  const cancel = { verb: "Stepped.cancel" } as const

  test("18.4: a plan says how many there are, of what, and such as which, and changes nothing", () =>
    Effect.gen(function*() {
      const sunk = yield* fleet("sail", 7)
      yield* fleet("dock", 2)
      yield* performIdle
      const repo = yield* ActionRepo
      const before = yield* repo.list()
      const plan = yield* Stepped.forMany({ actorType: "Ship" }, cancel)
      assert.deepInclude({ ...plan }, { count: 9, hasMore: false, verb: cancel })
      assert.deepStrictEqual(plan.groups, [
        { actorType: "Ship", name: "sail", status: "failed", count: 7 },
        { actorType: "Ship", name: "dock", status: "performing", count: 2 }
      ])
      assert.lengthOf(plan.samples, 5)
      const typed = yield* Stepped.forMany({ actor: Ship.ref(3), action: sail, statuses: ["failed"] }, retry)
      assert.deepStrictEqual(typed.samples.map(({ id }) => id), [sunk[3]])
      assert.deepInclude({ ...yield* Stepped.forMany({ name: "fly" }, retry) }, { count: 0, groups: [], samples: [] })
      assert.deepStrictEqual(yield* repo.list(), before)
      assert.deepStrictEqual(yield* repo.operations(), [])
    }))

  test("18.4: a plan that is made again by its key is started once, however many are still meant by then", () =>
    Effect.gen(function*() {
      yield* fleet("dock", 3)
      const plan = yield* Stepped.forMany({ action: dock, statuses: ["queued"] }, cancel)
      yield* plan.start(ada)
      yield* performIdle
      const again = yield* Stepped.forMany({ action: dock, statuses: ["queued"] }, cancel, plan.key)
      assert.deepStrictEqual([plan.count, again.count, again.key], [3, 0, plan.key])
      assert.strictEqual((yield* again.start(ada)).id, plan.id)
      assert.strictEqual((yield* again.startNow(ada)).id, plan.id)
      for (const count of [-1, 0.5, 10_001, NaN]) {
        const key = { ...plan.key, count }
        const error = yield* Effect.flip(Stepped.forMany({ action: dock }, cancel, key))
        assert.strictEqual(error._tag, "InvalidQuery")
      }
    }))

  test("18.4: a plan counts to ten thousand, and says that there are more", () =>
    Effect.gen(function*() {
      const ships = yield* Ships.client
      yield* ships.enqueueMany(sail, Array.from({ length: 10_001 }, (_, n) => [n, "the north"] as const))
      const { count, groups, hasMore } = yield* Stepped.forMany({ action: sail }, cancel)
      assert.deepStrictEqual([count, hasMore, groups.length], [10_000, true, 1])
    }))

  test("18.4: it is done by an action of the engine's own, once, which shows as what it is", () =>
    Effect.gen(function*() {
      const sunk = yield* fleet("sail", 5)
      yield* performIdle
      sea.isRough = false
      const plan = yield* Stepped.forMany({ statuses: ["failed"] }, retry)
      const handle = yield* plan.start({ ...ada, batch: 2 })
      assert.strictEqual((yield* plan.start({ ...ada, batch: 2 })).id, plan.id)
      assert.strictEqual(handle.id, plan.id)
      assert.deepInclude(yield* recordOf(plan.id), {
        actorType: "Stepped",
        actorId: "ActionRepo.retry",
        name: "forMany",
        queue: "stepped",
        status: "queued"
      })
      assert.include(Stepped.renderWhy(yield* Stepped.why(plan.id)), "forMany Stepped/ActionRepo.retry")
      yield* performIdle
      assert.deepStrictEqual(yield* handle.await, { done: 5, refused: [], gone: 0 })
      const repo = yield* ActionRepo
      for (const id of sunk) {
        assert.deepStrictEqual((yield* repo.list({ retryOf: id })).map(({ status }) => status), ["succeeded"])
      }
      const operations = yield* asked(plan.id)
      assert.deepStrictEqual(operations.map(({ target }) => target).sort(), sunk)
      for (const one of operations) assert.deepInclude(one, { ...ada, verb: "ActionRepo.retry", outcome: "done" })
      const own = yield* repo.operations({ target: plan.id })
      assert.deepStrictEqual(own.map(({ by, verb }) => [by, verb]), [["ada", "Stepped.forMany"]])
    }))

  // of those of executions says the file of what operators ask of them
  type OfActions = Exclude<ManyVerb["verb"], "ActionRepo.resumeExecution" | "ActionRepo.interruptExecution">
  const verbs: Readonly<Record<OfActions, readonly ["sail" | "dock" | "mend" | "load", ManyVerb, string]>> = {
    "Stepped.cancel": ["dock", cancel, "cancelled"],
    "ActionRepo.retry": ["sail", retry, "failed"],
    "ActionRepo.tryStepAgain": ["mend", { verb: "ActionRepo.tryStepAgain" }, "succeeded"],
    "ActionRepo.skipStep": ["mend", { verb: "ActionRepo.skipStep", step: "plug" }, "succeeded"],
    "ActionRepo.failStep": ["mend", { verb: "ActionRepo.failStep" }, "failed"],
    "ActionRepo.abandonUnwinding": ["load", { verb: "ActionRepo.abandonUnwinding" }, "failed"],
    "ActionRepo.compensateAgain": ["load", { verb: "ActionRepo.compensateAgain" }, "failed"],
    "ActionRepo.delete": ["sail", { verb: "ActionRepo.delete" }, "gone"],
    "JobQueue.reprioritise": ["dock", { verb: "JobQueue.reprioritise", priority: -7 }, "queued"],
    "JobQueue.reschedule": ["dock", { verb: "JobQueue.reschedule", at: new Date(3_600_000) }, "queued"]
  }
  for (const [action, verb, status] of Object.values(verbs)) {
    test(`18.4: ${verb.verb} for many`, () =>
      Effect.gen(function*() {
        const repo = yield* ActionRepo
        const waits = verb.verb.startsWith("JobQueue")
        const ids = yield* fleet(action, 3)
        if (!waits) yield* performIdle
        if (verb.verb === "ActionRepo.compensateAgain") {
          for (const id of ids) yield* repo.abandonUnwinding(id, { by: "bob", reason: "before" })
          yield* performIdle
        }
        sea.isRough = false
        // performed alone, where the others wait
        const plan = yield* Stepped.forMany({ actorType: "Ship" }, verb)
        const handle = yield* waits ? plan.startNow(ada) : plan.start(ada)
        if (!waits) yield* performIdle
        assert.deepStrictEqual(yield* handle.await, { done: 3, refused: [], gone: 0 })
        const found = yield* Effect.forEach(ids, (id) => Effect.map(repo.find(id), Option.getOrUndefined))
        assert.deepStrictEqual(found.map((one) => one?.status ?? "gone"), [status, status, status])
        if (verb.verb === "JobQueue.reprioritise") {
          assert.deepStrictEqual(found.map((one) => one?.priority), [-7, -7, -7])
        }
        if (verb.verb === "JobQueue.reschedule") assert.deepStrictEqual(found[0]?.dueAt, verb.at)
        if (verb.verb === "ActionRepo.compensateAgain") assert.isTrue(found[0]?.unwinding)
        const operations = yield* asked(plan.id)
        assert.deepStrictEqual(operations.map((one) => one.verb), [verb.verb, verb.verb, verb.verb])
        yield* TestClock.adjust("2 hours")
        yield* performIdle
      }))
  }

  test("18.4: whom the verb does not fit is left, and counted by the reason; who has gone on is counted as that", () =>
    Effect.gen(function*() {
      const sunk = yield* fleet("sail", 3)
      const docked = yield* fleet("dock", 2)
      yield* performIdle
      yield* (yield* ActionRepo).retry(sunk[0]!)
      yield* performIdle
      // ids of the database's own are not in the order of this process within a millisecond
      yield* TestClock.adjust("1 second")
      const { done: count, gone, refused } = yield* done({ actorType: "Ship" }, retry)
      assert.deepStrictEqual([count, gone], [3, 0], JSON.stringify(refused))
      assert.deepStrictEqual(inOrder(refused), [
        { outcome: "live", count: 2, samples: docked },
        { outcome: "alreadyRetried", count: 1, samples: [sunk[0]!] }
      ])
      yield* TestClock.adjust("1 second")
      const steps = yield* done({ action: dock }, { verb: "ActionRepo.skipStep", step: "sink" })
      assert.deepStrictEqual(
        { ...steps, refused: inOrder(steps.refused) },
        { done: 0, refused: [{ outcome: "noStep", count: 2, samples: docked }], gone: 0 }
      )
      const cancelled = yield* done({ actorType: "Ship", statuses: ["failed", "performing"] }, cancel)
      assert.deepInclude(cancelled, { done: 2, refused: [] })
      assert.isAbove(cancelled.gone, 2)
    }))

  test("18.4: whose step cannot be skipped is told apart from who was skipped", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const held = yield* fleet("mend", 3)
      yield* performIdle
      yield* sql`insert into stepped.definitions (key, hash, json, first_seen, last_seen) values ('Ship/mend', 'one',
        '{"options": [], "steps": [{"kind": "own", "name": "plug"}]}', clock_timestamp(), clock_timestamp())`
      const { refused, ...left } = yield* done({ action: mend }, { verb: "ActionRepo.skipStep" })
      assert.deepStrictEqual(left, { done: 0, gone: 0 })
      assert.deepStrictEqual(inOrder(refused), [{ outcome: "notSkippable", count: 3, samples: [...held].sort() }])
      yield* sql`delete from stepped.definitions`
      yield* TestClock.adjust("1 second")
      assert.deepInclude(yield* done({ action: mend }, { verb: "ActionRepo.skipStep" }), { done: 3, refused: [] })
    }))

  test("18.4: what is enqueued after the plan is not meant, nor what does not fit any more, nor the engine's own", () =>
    Effect.gen(function*() {
      const early = yield* fleet("dock", 3)
      yield* performIdle
      const own = yield* Stepped.forMany({ actorType: "Ship" }, cancel)
      const other = yield* Stepped.forMany({ statuses: ["queued", "performing"] }, cancel)
      yield* own.start({ ...ada, rate: 0.001 })
      const plan = yield* Stepped.forMany({ statuses: ["queued", "performing"] }, cancel)
      assert.strictEqual(plan.count, 3)
      const late = yield* fleet("dock", 2)
      yield* Stepped.complete(early[0]!, dock, Stepped.Outcome.succeededVoid)
      yield* Stepped.cancel(own.id)
      const handle = yield* plan.start(ada)
      yield* performIdle
      assert.deepStrictEqual(yield* handle.await, { done: 2, refused: [], gone: 0 })
      assert.deepStrictEqual(yield* statuses([...early, ...late]), [
        "succeeded",
        "cancelled",
        "cancelled",
        "performing",
        "performing"
      ])
      assert.strictEqual(other.count, 3)
      const named = yield* Stepped.forMany({ actorType: "Stepped" }, { verb: "ActionRepo.delete" })
      assert.strictEqual(named.count, 2)
    }))

  test("18.4: a group of failures, of those that have failed before the plan", () =>
    Effect.gen(function*() {
      const north = yield* fleet("sail", 2, "the north")
      yield* performIdle
      yield* fleet("mend", 1)
      yield* performIdle
      const repo = yield* ActionRepo
      const { groups } = yield* repo.failures()
      assert.strictEqual(groups.length, 1)
      const waiting = yield* fleet("sail", 2, "the south")
      const plan = yield* Stepped.forMany({ failure: groups[0]!.id }, retry)
      assert.deepStrictEqual(plan.groups, [{ actorType: "Ship", name: "sail", status: "failed", count: 2 }])
      yield* TestClock.adjust("1 second")
      yield* performIdle
      sea.isRough = false
      const handle = yield* plan.start(ada)
      yield* performIdle
      assert.deepStrictEqual(yield* handle.await, { done: 2, refused: [], gone: 0 })
      assert.deepStrictEqual((yield* asked(plan.id)).map(({ target }) => target).sort(), north)
      assert.deepStrictEqual(yield* statuses(waiting), ["failed", "failed"])
    }))

  // so many rows: once is enough
  if (engine.name === "server") {
    test("18.4: of a group of failures none is meant that was too old for the plan, whatever is deleted of the others", () =>
      Effect.gen(function*() {
        yield* TestClock.adjust("1 hour")
        const [old] = yield* fleet("sail", 1)
        yield* performIdle
        yield* TestClock.adjust("1 second")
        const [late] = yield* fleet("sail", 1)
        yield* performIdle
        const sql = yield* SqlClient.SqlClient
        // with the late one as many as are looked at
        yield* sql`insert into stepped.ended_actions
        select r.* from stepped.ended_actions e cross join generate_series(1, 19999) n
        cross join lateral jsonb_populate_record(
          e, jsonb_build_object('id', '00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))) r
        where e.id = ${late!}::uuid`
        const { groups } = yield* (yield* ActionRepo).failures()
        const plan = yield* Stepped.forMany({ failure: groups[0]!.id }, { verb: "ActionRepo.delete" })
        yield* sql`delete from stepped.ended_actions where id < '00000001-0000-7000-8000-000000000000'`
        const handle = yield* plan.start(ada)
        yield* performIdle
        assert.deepStrictEqual(yield* handle.await, { done: 1, refused: [], gone: 0 })
        assert.deepStrictEqual(yield* statuses([old!]), ["failed"])
      }))
  }

  test("18.4: with a rate they are so far apart at least, and each of them is asked once", () =>
    Effect.gen(function*() {
      const docked = yield* fleet("dock", 5)
      yield* performIdle
      const plan = yield* Stepped.forMany({ action: dock }, cancel)
      const handle = yield* plan.start({ ...ada, rate: 2, batch: 2 })
      const performing = yield* Effect.forkChild(performIdle)
      yield* whileTimePasses(Effect.map(recordOf(plan.id), ({ endedAt }) => endedAt !== undefined))
      yield* Fiber.join(performing)
      assert.deepStrictEqual(yield* handle.await, { done: 5, refused: [], gone: 0 })
      const operations = yield* asked(plan.id)
      assert.deepStrictEqual(operations.map(({ target }) => target), [...docked].reverse())
      for (let n = 1; n < operations.length; n++) {
        assert.isAtLeast(operations[n]!.at.getTime() - operations[n - 1]!.at.getTime(), 500)
      }
    }))

  test("18.4: cancelled in the middle it stops, and a retry of it goes on with the rest", () =>
    Effect.gen(function*() {
      const docked = yield* fleet("dock", 6)
      yield* performIdle
      const plan = yield* Stepped.forMany({ action: dock }, cancel)
      const handle = yield* plan.start({ ...ada, rate: 1, batch: 4 })
      const performing = yield* Effect.forkChild(performIdle)
      yield* whileTimePasses(Effect.map(asked(plan.id), ({ length }) => length >= 3))
      assert.isTrue(yield* handle.cancel({ reason: "enough" }))
      yield* Fiber.join(performing)
      const some = yield* asked(plan.id)
      assert.isBelow(some.length, 6)
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      assert.deepStrictEqual((yield* statuses(docked)).filter((status) => status === "cancelled").length, some.length)
      assert.strictEqual((yield* recordOf(plan.id)).status, "cancelled")

      const verb = yield* (yield* ActionRepo).retry(plan.id)
      assert(verb._tag === "Retried")
      const again = yield* Effect.forkChild(performIdle)
      yield* whileTimePasses(Effect.map(recordOf(verb.id), ({ endedAt }) => endedAt !== undefined))
      yield* Fiber.join(again)
      assert.deepStrictEqual((yield* recordOf(verb.id)).result, { done: 6, refused: [], gone: 0 })
      assert.deepStrictEqual((yield* asked(plan.id)).map(({ target }) => target), [...docked].reverse())
    }))

  testOn(engine.crashing)(
    "18.4: who goes on after a crash asks nobody a second time, and counts all of them",
    () =>
      Effect.gen(function*() {
        const held = yield* fleet("mend", 5)
        yield* performIdle
        const plan = yield* Stepped.forMany({ name: "mend" }, { verb: "ActionRepo.tryStepAgain" })
        const handle = yield* plan.start({ ...ada, batch: 2 })
        // what was tried again is held anew, and fits the condition as before
        yield* performIdle.pipe(crashAfter("ask", { times: 2 }))
        assert.deepStrictEqual(yield* handle.await, { done: 5, refused: [], gone: 0 })
        assert.deepStrictEqual((yield* asked(plan.id)).map(({ target }) => target).sort(), held)
        const steps = yield* Effect.forEach(held, (id) => Effect.flatMap(ActionRepo, (repo) => repo.steps(id)))
        assert.deepStrictEqual(steps.map(([plug]) => plug?.attempts.length), [2, 2, 2, 2, 2])
      })
  )

  test("18.4: who goes on begins with the batch that somebody has died in", () =>
    Effect.gen(function*() {
      const docked = yield* fleet("dock", 7)
      yield* performIdle
      const plan = yield* Stepped.forMany({ action: dock }, cancel)
      // three in their order, and of the next two the second one
      for (const n of [6, 5, 4, 2]) {
        assert.isTrue(yield* Effect.provideService(Stepped.cancel(docked[n]!, ada), Through, plan.id))
      }
      const handle = yield* plan.start({ ...ada, batch: 2 })
      yield* performIdle
      assert.deepStrictEqual(yield* handle.await, { done: 7, refused: [], gone: 0 })
      assert.deepStrictEqual((yield* asked(plan.id)).map(({ target }) => target).sort(), docked)
    }))

  test("18.4: what it goes on by is not deleted as too old, as long as it is not over", () =>
    Effect.gen(function*() {
      const docked = yield* fleet("dock", 3)
      yield* performIdle
      const repo = yield* ActionRepo
      const plan = yield* Stepped.forMany({ action: dock }, cancel)
      assert.isTrue(yield* Effect.provideService(Stepped.cancel(docked[2]!, ada), Through, plan.id))
      const handle = yield* plan.start(ada)
      const clear = Effect.andThen(TestClock.adjust("1 hour"), repo.deleteOperations({ before: new Date(8.64e15) }))
      assert.strictEqual(yield* clear, 0)
      yield* handle.cancel()
      yield* performIdle
      const verb = yield* repo.retry(plan.id)
      assert(verb._tag === "Retried")
      // that of the retry
      assert.strictEqual(yield* clear, 1)
      assert.lengthOf(yield* asked(plan.id), 1)
      yield* performIdle
      assert.deepStrictEqual((yield* recordOf(verb.id)).result, { done: 3, refused: [], gone: 0 })
      assert.strictEqual(yield* clear, 4)
    }))

  test("18.4: what was done through it is not done again, whoever asks", () =>
    Effect.gen(function*() {
      const [id] = yield* fleet("mend", 1)
      yield* performIdle
      const repo = yield* ActionRepo
      const tryAgain = Effect.gen(function*() {
        const [step] = yield* repo.steps(id!)
        return yield* Effect.provideService(repo.tryStepAgain(step!, ada), Through, nobody)
      })
      assert.strictEqual(yield* tryAgain, "done")
      yield* performIdle
      assert.strictEqual((yield* Effect.flip(tryAgain))._tag, "StorageError")
      yield* performIdle
      const [step] = yield* repo.steps(id!)
      assert.deepStrictEqual([step!.status, step!.attempts.length], ["held", 2])
      assert.lengthOf(yield* asked(nobody), 1)
    }))

  test("18.4: nothing is half done where what is asked for is wrong", () =>
    Effect.gen(function*() {
      for (
        const [filter, verb, field] of [
          [{}, cancel, "filter"],
          [{ roots: false }, cancel, "filter"],
          [{ statuses: ["open" as "failed"] }, cancel, "statuses"],
          [{ action: sail, status: ["failed"] } as ManyFilter, cancel, "status"],
          [{ action: sail, limit: 1 } as ManyFilter, cancel, "limit"],
          [{ since: new Date(NaN) }, cancel, "since"],
          [{ actor: Ship.ref(1), actorType: "Ship" }, cancel, "actorType"],
          [{ action: sail, name: "sail" }, cancel, "name"],
          [{ action: sail }, { verb: "ActionRepo.retry", from: "sail", upwards: true }, "from"],
          [{ action: sail }, { verb: "ActionRepo.skipStep", step: "" }, "step"],
          [{ action: sail }, { verb: "JobQueue.reprioritise", priority: 101 }, "priority"],
          [{ action: sail }, { verb: "JobQueue.reschedule", at: new Date(NaN) }, "at"]
        ] as const
      ) {
        const error = yield* Effect.flip(Stepped.forMany(filter, verb))
        assert(error._tag === "InvalidQuery")
        assert.strictEqual(error.field, `${field} of Stepped.forMany`)
      }
      const plan = yield* Stepped.forMany({ action: sail }, cancel)
      for (
        const [options, field] of [
          [{ rate: 0 }, "rate"],
          [{ rate: NaN }, "rate"],
          [{ rate: 10_001 }, "rate"],
          [{ batch: 0 }, "batch"],
          [{ batch: 1001 }, "batch"],
          [{ reason: " " }, "reason"],
          [{ by: "" }, "by"]
        ] as const
      ) {
        for (const start of [plan.start, plan.startNow]) {
          const error = yield* Effect.flip(start({ ...ada, ...options }))
          assert(error._tag === "InvalidQuery")
          assert.strictEqual(error.field, `${field} of Stepped.forMany`)
        }
      }
      assert.deepStrictEqual(yield* (yield* ActionRepo).list(), [])
    }))

  test("18.4: names of the engine's own are nobody else's", () =>
    Effect.gen(function*() {
      assert.throws(() => Stepped.Actor<Ship>()("Stepped", { id: Ship.idSchema }), /cannot name an actor/)
      assert.throws(() => Stepped.Actor<Ship>()("Workflow.Order", { id: Ship.idSchema }), /those of workflows/)
      const spare = Stepped.actions(Ship, [Stepped.action("swim", { queue: "stepped" }).step(() => Effect.void)])
      const exit = yield* Effect.exit(Layer.build(spare.layer))
      assert.include(String(exit), "cannot be in the queue stepped")
    }).pipe(Effect.scoped, Effect.provide(engine.layer())))
})
