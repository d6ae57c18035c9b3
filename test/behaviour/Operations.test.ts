/** Rule 18.3: what operators ask for is recorded. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, type Scope } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { AchievementStore, ActionRepo, InvalidQuery, JobQueue, operatorVerbs, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { performIdle } from "../harness/performing.ts"
import { until } from "../harness/workers.ts"
import {
  achieved,
  ada,
  bell,
  failed,
  held,
  late,
  listen,
  Mine,
  mine,
  Mines,
  scene,
  survey,
  verbs
} from "./fixtures/operations.ts"

type Services = Stepped.Services | SqlClient.SqlClient | Scope.Scope

suite("operations", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Services>) =>
    it.effect(
      name,
      () =>
        Effect.provide(
          Effect.scoped(Effect.andThen(scenario(), healthy)),
          Layer.provideMerge(Mines.layer, engine.layer())
        )
    )
  const operations = (filter?: Parameters<ActionRepo["Service"]["operations"]>[0]) =>
    Effect.flatMap(ActionRepo, (repo) => repo.operations(filter))

  // nobody sees in an embedded database that its worker is drained
  for (const verb of operatorVerbs.filter((verb) => engine.name === "server" || verb !== "JobQueue.drain")) {
    test(`18.3: ${verb} is recorded with who has asked, and why, and once where it is repeated`, () =>
      Effect.gen(function*() {
        const { ask, more = {}, target } = yield* verbs[verb]
        const at = new Date(yield* Effect.clockWith((clock) => clock.currentTimeMillis))
        yield* ask
        const [record, ...others] = yield* operations({ by: "ada" })
        assert.deepStrictEqual(others, [])
        assert.deepStrictEqual(record, {
          index: undefined,
          attemptNumber: undefined,
          counts: undefined,
          through: undefined,
          ...more,
          id: record!.id,
          at,
          ...ada,
          verb,
          target,
          outcome: "done"
        })
        yield* ask
        yield* performIdle
        yield* ask
        assert.deepStrictEqual(yield* operations({ by: "ada" }), [record!])
      }))
  }

  test("18.3: what is sent, or completed, by actor and action is recorded of the action that it was for, and only where somebody is named", () =>
    Effect.gen(function*() {
      const listens = yield* (yield* mine).listenLater()
      const surveys = yield* (yield* mine).surveyLater()
      yield* performIdle
      const answers = (key: string, by?: { readonly by: string }) =>
        Effect.exit(Effect.all([
          Stepped.send(Mine.ref(1), listen, bell, key === "other" ? 2 : 1, { key: "one", ...by }),
          Stepped.complete(Mine.ref(1), survey, Stepped.Outcome.succeeded(key === "other" ? 2 : 1), {
            key: "one",
            ...by
          })
        ], { mode: "result" }))
      yield* Stepped.send(Mine.ref(2), listen, bell, 1, { by: "ada" })
      yield* Stepped.complete(Mine.ref(2), survey, Stepped.Outcome.succeeded(1), { by: "ada" })
      yield* answers("one")
      assert.deepStrictEqual(yield* operations(), [])
      const outcomes = Effect.map(
        operations(),
        (found) => found.map(({ by, outcome, target, verb }) => [by, verb, target, outcome]).toSorted()
      )
      yield* answers("one", { by: "ada" })
      yield* answers("other", { by: "bob" })
      yield* performIdle
      assert.deepStrictEqual(yield* outcomes, [
        ["ada", "Stepped.complete", surveys.id, "already"],
        ["ada", "Stepped.send", listens.id, "already"],
        ["bob", "Stepped.complete", surveys.id, "conflict"],
        ["bob", "Stepped.send", listens.id, "conflict"]
      ])
      for (const by of ["", "a".repeat(101), "\u0000"]) {
        const refused = [
          Stepped.send(listens.id, bell, 1, { by }),
          Stepped.complete(surveys.id, survey, Stepped.Outcome.succeeded(1), { by })
        ]
        for (const one of refused) {
          assert.deepInclude(yield* Effect.flip(Effect.asVoid<unknown, unknown, Stepped.Services>(one)), {
            _tag: "InvalidOption",
            takes: "a text of 1 to 100 characters that Postgres can store"
          })
        }
      }
    }))

  test("18.3: what has changed nothing is recorded once for each who has asked, with why; of what is not there, nothing", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const queue = yield* JobQueue
      const { id, step } = yield* held
      const bob = { by: "bob" }
      const next = { ...step, attemptNumber: 3 }
      for (let n = 0; n < 3; n++) {
        yield* repo.skipStep(next, ada)
        yield* repo.skipStep(next, bob)
        yield* repo.abandonUnwinding(id, ada)
        yield* repo.retry(id, ada)
      }
      yield* queue.pause("everything", ada)
      yield* queue.pause("everything", { ...bob, reason: "me, too" })
      yield* repo.skipStep(step, ada)
      yield* repo.failStep(step, { ...bob, reason: "no, fail" })
      yield* repo.skipStep(step, bob)
      const nothing = "00000000-0000-7000-8000-000000000000"
      yield* repo.tryStepAgain({ ...step, action: nothing }, ada)
      yield* repo.abandonUnwinding(nothing, ada)
      for (const unknown of [nothing, "none"]) yield* repo.retry(unknown, ada)
      yield* Effect.flip(Stepped.cancel(nothing, ada))
      yield* queue.resume({ queue: "default" }, ada)
      const achievements = yield* AchievementStore
      yield* achievements.forget("nothing", ada)
      yield* achievements.forgetAll({ name: "nothing", ...ada })
      yield* repo.deleteEnded({ before: new Date(0), ...ada })
      assert.deepStrictEqual(
        (yield* operations()).map(({ attemptNumber, by, outcome, verb }) =>
          [verb.replace(/^.*\./, ""), attemptNumber, by, outcome].join(" ")
        ).reverse(),
        [
          "skipStep 3 ada notStarted",
          "skipStep 3 bob notStarted",
          "abandonUnwinding  ada notUnwinding",
          "retry  ada live",
          "pause  ada done",
          "pause  bob already",
          "skipStep 2 ada done",
          "failStep 2 bob over",
          "skipStep 2 bob already"
        ]
      )
      yield* queue.resume("everything")
      yield* performSteppedActions()
    }))

  test("18.3: a step that is tried again is recorded once for all who ask before it begins", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const { step } = yield* held
      assert.strictEqual(yield* repo.tryStepAgain(step, ada), "done")
      assert.strictEqual(yield* repo.tryStepAgain(step, ada), "done")
      assert.strictEqual(yield* repo.tryStepAgain(step, { by: "bob" }), "done")
      assert.deepStrictEqual((yield* operations()).map(({ by, outcome }) => `${by} ${outcome}`), [
        "bob already",
        "ada done"
      ])
      scene.isWet = false
      yield* performSteppedActions()
    }))

  test("18.3: it is done and recorded in one transaction, also in the program's own", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { ask } = yield* verbs["ActionRepo.retry"]
      yield* Effect.flip(sql.withTransaction(Effect.andThen(ask, Effect.fail("rolled back"))))
      assert.deepStrictEqual(yield* operations(), [])
      yield* sql.withTransaction(ask)
      assert.strictEqual((yield* operations()).length, 1)
    }))

  test("18.3: what actions, programs and workers do by themselves is not recorded", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const { id } = yield* held
      yield* Stepped.cancel(id, { reason: "by the program" })
      yield* achieved
      yield* failed
      yield* (yield* AchievementStore).forgetAll({ before: late })
      yield* repo.deleteOutcomes({ before: late })
      assert.strictEqual((yield* repo.deleteEnded({ before: late })).deleted, 3)
      assert.deepStrictEqual(yield* operations(), [])
    }))

  test("18.3: who is not named is the process; whatever they are called nobody is kept from cancelling", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const one = yield* held
      yield* repo.skipStep(one.step)
      for (const by of ["x".repeat(1000), "no\u0000body", " "]) {
        const { id } = yield* (yield* mine).digLater()
        assert.isTrue(yield* Stepped.cancel(id, { by }))
      }
      const [nobody, odd, long, skipped] = yield* operations()
      assert.match(skipped!.by, /@/)
      assert.deepStrictEqual([nobody!.by, odd!.by, long!.by], ["unnamed", "no\ufffdbody", `${"x".repeat(100)}…`])
      yield* performSteppedActions()
      const two = yield* held
      for (const options of [{ by: "" }, { by: "x".repeat(101) }, { reason: "" }, { reason: "\u0000" }]) {
        const error = yield* Effect.flip(repo.skipStep(two.step, options))
        assert.instanceOf(error, InvalidQuery)
        assert.strictEqual(error.field, `${Object.keys(options)[0]} of ActionRepo.skipStep`)
      }
      assert.strictEqual(yield* repo.skipStep(two.step), "done")
      yield* performSteppedActions()
    }))

  test("18.3: they are listed page by page, newest first, by what, verb, who, outcome and time", () =>
    Effect.gen(function*() {
      const queue = yield* JobQueue
      for (let n = 0; n < 5; n++) {
        yield* queue.pause({ queue: `q${n % 2}` }, { by: `by ${n}`, reason: "test" })
        yield* TestClock.adjust("1 minute")
      }
      const found = (filter: Parameters<typeof operations>[0]) =>
        Effect.map(operations(filter), (records) => records.map(({ by }) => Number(by.slice(3))))
      assert.deepStrictEqual(yield* found({}), [4, 3, 2, 1, 0])
      const first = yield* operations({ limit: 2 })
      assert.deepStrictEqual(yield* found({ after: first[1]!.id, limit: 2 }), [2, 1])
      assert.deepStrictEqual(yield* found({ target: "queue q1" }), [3, 1])
      assert.deepStrictEqual(yield* found({ by: "by 2" }), [2])
      assert.deepStrictEqual(yield* found({ outcome: "already" }), [4, 3, 2])
      assert.deepStrictEqual(yield* found({ verbs: ["JobQueue.pause"] }), [4, 3, 2, 1, 0])
      assert.deepStrictEqual(yield* found({ verbs: ["JobQueue.resume"] }), [])
      assert.deepStrictEqual(yield* found({ since: new Date(60_000), before: new Date(180_000) }), [2, 1])
      assert.deepStrictEqual(yield* found({ target: "\u0000" }), [])
      for (
        const [field, filter] of [
          ["verbs", { verbs: ["JobQueue.stop" as "JobQueue.pause"] }],
          ["after", { after: 0.5 }],
          ["since", { since: new Date(NaN) }],
          ["before", { before: new Date(NaN) }],
          ["limit", { limit: 0 }]
        ] as const
      ) {
        const error = yield* Effect.flip(operations(filter))
        assert.instanceOf(error, InvalidQuery)
        assert.strictEqual(error.field, `${field} of ActionRepo.operations`)
      }
    }))

  test("18.3: what a program has not let somebody do is recorded, once", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const denied = { verb: "ActionRepo.retry", target: "42", by: "eve", reason: "no operator" } as const
      for (let n = 0; n < 3; n++) yield* repo.recordDenied(denied)
      const [record, ...others] = yield* operations()
      assert.deepInclude({ ...record }, { ...denied, outcome: "denied" })
      assert.deepStrictEqual(others, [])
      for (
        const [field, wrong] of [
          ["verb", { ...denied, verb: "no verb" as "JobQueue.pause" }],
          ["target", { ...denied, target: "x".repeat(1001) }],
          ["target", { ...denied, target: "\u4e16".repeat(1000) }],
          ["by", { ...denied, by: "" }]
        ] as const
      ) {
        const error = yield* Effect.flip(repo.recordDenied(wrong))
        assert.instanceOf(error, InvalidQuery)
        assert.match(error.field, new RegExp(`^${field} of`))
      }
    }))

  it.live("18.3: workers delete what is older than it is kept", () =>
    Effect.gen(function*() {
      const queue = yield* JobQueue
      const sql = yield* SqlClient.SqlClient
      yield* queue.pause({ queue: "other" }, { by: "old", reason: "test" })
      yield* queue.pause({ queue: "another" }, { by: "young", reason: "test" })
      yield* sql`update stepped.operations set at = at - interval '8 days' where by = 'old'`
      yield* Effect.scoped(Effect.andThen(
        Layer.build(Stepped.worker()),
        until("it is deleted", Effect.map(operations({ by: "old" }), (left) => left.length === 0))
      ))
      assert.strictEqual((yield* operations()).length, 1)
      yield* healthy
    }).pipe(
      Effect.provide(Layer.provideMerge(Mines.layer, engine.layer({ operationRetention: "7 days" })))
    ))
})
