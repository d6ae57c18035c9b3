/** Temporary tables with the names of the engine's own, in every session: nobody takes one for the other. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import {
  AchievementStore,
  ActionRepo,
  type DefinitionDescription,
  JobQueue,
  PerformanceLane,
  type SchemaDescription,
  Stepped
} from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import * as PostgresStore from "../../src/sql/PostgresStore.ts"
import type { Invocation, PreparedInvocation } from "../../src/store/Invocation.ts"
import type { NewSchedule } from "../../src/store/Scheduled.ts"
import { Storage } from "../../src/store/Storage.ts"
import { type Catalog, Store } from "../../src/store/Store.ts"
import { healthy } from "../harness/databases.ts"
import { layerServer } from "../harness/Server.ts"
import { Car, Cars, databases, options, turn } from "./fixtures/temporaryTables.ts"

const nothing: SchemaDescription = { schema: { type: "null" }, redacted: [], fingerprint: null }
const described: DefinitionDescription = {
  actorId: nothing,
  arguments: [],
  success: nothing,
  error: nothing,
  signals: [],
  steps: [],
  queue: "default",
  timeoutMs: null,
  heartbeatTimeoutMs: null,
  achievementTtlMs: null,
  version: null,
  options: []
}

for (const [name, { embedded, layer }] of Object.entries(databases)) {
  describe(`beside temporary tables (${name})`, () => {
    it.effect("everything goes on as without them", () =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const repo = yield* ActionRepo
        const cars = yield* Cars.client
        const inside = yield* sql.withTransaction(cars(1).tourLater())
        yield* performSteppedActions()
        assert.deepStrictEqual(yield* inside.await, [1, 2, 2])
        assert.strictEqual(
          yield* cars(1).driveLater(2).pipe(
            Effect.tap(() => performDue),
            Effect.flatMap((handle) => handle.await)
          ),
          2
        )
        const turning = yield* cars(2).turnNow()
        assert.isTrue(yield* turning.cancel())
        yield* cars(3).turnNow()
        yield* Stepped.complete(Car.ref(3), turn, Stepped.Outcome.succeededVoid)
        yield* cars(4).towNow()
        yield* TestClock.adjust("2 hours")
        yield* performSteppedActions()
        assert.deepStrictEqual(
          (yield* repo.list()).map((action) => `${action.name} ${action.status}`).sort(),
          [
            "drive succeeded",
            "drive succeeded",
            "store succeeded",
            "tour succeeded",
            "tow timed_out",
            "turn cancelled",
            "turn succeeded"
          ]
        )
        yield* healthy
        for (const table of ["jobs", "live_actions", "ended_actions", "steps", "slots", "outcomes", "abandoned_by"]) {
          assert.deepStrictEqual(yield* sql`select * from ${sql(`pg_temp.${table}`)}`, [])
        }
      }).pipe(Effect.provide(layer)))

    it.effect("each look and each transition finds the engine's tables", () =>
      Effect.gen(function*() {
        const repo = yield* ActionRepo
        const lanes = yield* PerformanceLane
        const achievements = yield* AchievementStore
        const queue = yield* JobQueue
        const cars = yield* Cars.client
        const { id } = yield* cars(1).turnNow()
        const asked = yield* cars(1).towLater()
        for (
          const look of [
            repo.find(id),
            repo.list({ roots: true, actorId: "1", name: "turn", statuses: ["performing"] }),
            repo.steps(id),
            repo.slots(id),
            repo.tree(id),
            repo.deleteEnded({ before: new Date(0) }),
            lanes.find("Car/1/turn"),
            lanes.list({ limit: 10 }),
            achievements.find("none"),
            achievements.forget("none"),
            queue.queued({ limit: 10 }),
            queue.backlog,
            Stepped.doctor
          ]
        ) yield* look
        assert.strictEqual((yield* asked.status).status, "queued")

        const store = yield* Store
        const catalog: Catalog = {
          queues: ["default"],
          definitions: [{ key: "Car/turn", steps: [{ kind: "unnamed", name: "1" }], flags: 16, prepare: false }]
        }
        const item = (actorId: string, more: Partial<Invocation> = {}): Invocation => ({
          queue: "default",
          action: `00000000-0000-7000-8000-00000000000${actorId}`,
          definition: "Car/turn",
          actorId,
          arguments: [],
          lane: `lane ${actorId}`,
          checksumKey: "key",
          checksum: null,
          timeout: null,
          parent: null,
          parentStep: null,
          depth: 0,
          ...more
        })
        const { action: first } = item("1")
        const { action: second } = item("2")
        const { action: third } = item("3")
        const { action: child } = item("4")
        const schedule: NewSchedule = {
          name: "often",
          hash: "one",
          spec: { every: 1000 },
          zone: null,
          definition: "Car/turn",
          actorId: "1",
          queue: "default",
          arguments: [],
          catchUp: { policy: "latest" },
          jitter: null,
          until: null,
          slot: 0,
          nextAt: 0
        }
        const step = { name: "1", kind: "unnamed", marked: false, startedAt: 0, waited: false } as const
        const token = yield* store.register("test", Duration.minutes(1), "one")
        const by = { token, now: 0, room: 10, catalog }
        const operation = { at: 0, by: "test", verb: "JobQueue.pause", target: "lane 9", reason: undefined } as const
        const execution = { definition: "Workflow.A/execute", execution: "w", action: item("a").action }
        const executing = { now: 0, kept: Duration.days(1), isPatient: false }
        const parent = { action: item("b").action, waits: true }
        const calls: { readonly [Name in keyof typeof store]: Effect.Effect<unknown, unknown> | undefined } = {
          enqueue: store.enqueue([item("1"), item("2", { token: Number(token) })], 0, []),
          enqueueKeyed: Effect.map(
            store.enqueueKeyed(
              [{ ...item("5", { queue: "other" }), named: { key: "once", given: "" } }],
              0,
              undefined,
              Duration.days(1)
            ),
            (met) => assert.strictEqual(met.size, 0)
          ),
          startExecutions: Effect.map(
            store.startExecutions(
              [{ ...execution, queue: "other", lane: "w", arguments: [], trace: undefined, parent }],
              executing
            ),
            ([started]) => assert.isTrue(started?.isNew)
          ),
          sendToExecutions: Effect.map(
            store.sendToExecutions([{
              ...execution,
              name: "approval",
              payload: null,
              due: undefined,
              onlyStarted: true,
              again: false,
              wakes: true
            }], executing),
            ([arrival]) => assert.isTrue(arrival?.isFirst)
          ),
          sentTo: Effect.map(
            store.sentTo([execution.action], ["approval"], 0),
            (sent) => assert.strictEqual(sent.length, 1)
          ),
          resumeExecution: Effect.map(
            store.resumeExecution(0, execution.action, operation),
            (became) => assert.strictEqual(became, "notStarted")
          ),
          interruptExecution: Effect.map(
            store.interruptExecution(0, execution.action, operation),
            ({ result }) => assert.strictEqual(result, "done")
          ),
          executionState: Effect.map(
            store.executionState({ definition: execution.definition, execution: execution.execution }, true),
            (state) => assert.strictEqual(state?.action, execution.action)
          ),
          explain: Effect.map(
            store.explain({ invocation: item("6"), parent: null, undecided: null }, 0, Duration.days(1), undefined),
            (said) => assert.strictEqual(said?.tag, "Runs")
          ),
          explainAction: Effect.map(
            store.explainAction(first, 0, catalog, undefined),
            (found) => assert.strictEqual(found?.answer.tag, "Runs")
          ),
          why: Effect.map(store.why(first, 0), (found) => assert.strictEqual(found?.actions[0].id, first)),
          health: Effect.map(store.health, ({ tables }) => assert.isAbove(tables.length, 10)),
          lastLive: Effect.map(store.lastLive, (id) => assert.isString(id)),
          readLive: store.readLive((reads) =>
            Effect.gen(function*() {
              const page = yield* reads.page(
                "00000000-0000-0000-0000-000000000000",
                "ffffffff-ffff-ffff-ffff-ffffffffffff",
                100
              )
              assert.include(page.map(({ id }) => id), first)
              assert.deepStrictEqual(yield* reads.signalsAfter([first], undefined), [])
            })
          ),
          freeKeys: store.freeKeys(0, Duration.days(1), 10),
          heldBy: Effect.map(
            store.heldBy(token),
            (works) => assert.deepStrictEqual(works.map(({ _tag, action }) => [_tag, action]), [["ToPrepare", second]])
          ),
          unreadSignals: store.unreadSignals(first, "approval", undefined),
          memosAfter: store.memosAfter(first, undefined),
          sentAfter: store.sentAfter(first, undefined),
          awaitedAfter: store.awaitedAfter(first, undefined),
          earlierAfter: store.earlierAfter(first, 0, -1),
          send: Effect.map(
            store.send({
              now: 0,
              id: first,
              definition: "Car/turn",
              actorId: "1",
              name: "approval",
              key: "key",
              payload: 7,
              cause: null,
              from: undefined,
              trace: undefined,
              unlisting: [],
              limit: 10
            }),
            ({ _tag }) => assert.strictEqual(_tag, "Sent")
          ),
          hear: Effect.map(
            store.hear({
              now: 0,
              id: first,
              definition: null,
              actorId: null,
              from: undefined,
              signal: null,
              details: 7,
              by: undefined
            }),
            ({ _tag }) => assert.strictEqual(_tag, "None")
          ),
          cancellable: store.cancellable("Car/visit", "1", 10),
          decideStep: Effect.map(
            store.decideStep(0, { action: first, index: 0, attemptNumber: 1 }, { _tag: "skip" }, operation),
            (said) => assert.strictEqual(said, "notStarted")
          ),
          compensateAgain: Effect.map(
            store.compensateAgain(0, first, operation),
            ({ _tag }) => assert.strictEqual(_tag, "NotCompensable")
          ),
          retry: Effect.map(
            store.retry(0, { action: first, from: undefined, upwards: false }, operation),
            (said) => assert.deepInclude(said, { _tag: "NotRetryable", reason: "live" })
          ),
          claim: Effect.flatMap(store.heldBy(token), ([held]) => {
            assert(held?._tag === "ToPrepare")
            const join: PreparedInvocation = {
              action: second,
              definition: held.definition,
              actorId: held.actorId,
              job: held.job,
              queue: held.queue,
              arguments: [],
              lane: "lane 2",
              lanes: null,
              checksumKey: "key",
              checksum: null,
              timeout: null,
              ended: undefined,
              passesBy: null
            }
            return Effect.map(
              store.claim({ ...by, prepared: [join], only: null }),
              ({ work }) => assert.strictEqual(work.filter(({ _tag }) => _tag === "Started").length, 2)
            )
          }),
          noteProgress: store.noteProgress(token, [{ action: first, step: 0, attempt: 1, value: 7 }]),
          remember: Effect.map(
            store.remember(token, [
              { action: first, step: 0, kind: "unnamed", stepName: "1", name: "memo", result: 7, at: 0 }
            ]),
            ({ lost, stored }) => assert.deepStrictEqual([lost, ...stored], [false, [0, 7]])
          ),
          enqueueAndClaim: Effect.map(
            store.enqueueAndClaim({ ...by, items: [item("3")] }),
            ({ work }) => assert.strictEqual(work.filter(({ _tag }) => _tag === "Started").length, 1)
          ),
          finish: store.finish({
            ...by,
            conclusions: [
              {
                _tag: "StepWaits",
                fence: { action: first, step: 0, phase: "step" },
                waiting: { ...step, status: "performing", result: "kept" },
                slots: [{
                  action: first,
                  step: 0,
                  slot: 0,
                  child,
                  definition: "Car/turn",
                  actorId: "4",
                  due: null,
                  success: null,
                  error: null
                }],
                children: [item("4", { parent: first, parentStep: 0, depth: 1 })]
              },
              {
                _tag: "ActionEnds",
                fence: { action: second, step: 0, phase: "step" },
                ended: { ...step, status: "succeeded", result: null },
                outcome: { status: "succeeded", result: null, cause: null },
                callbacksSucceeded: 0,
                callbacksFailed: 0
              }
            ]
          }),
          whatOf: Effect.map(store.whatOf(token, third), (whole) => assert.deepStrictEqual(whole?.arguments, [])),
          resultsAfter: Effect.map(
            store.resultsAfter(first, 0),
            (results) => assert.deepStrictEqual(results, [{ step: 0, result: `"kept"` }])
          ),
          slotsAfter: Effect.map(
            store.slotsAfter(first, 0, -1),
            (slots) => assert.strictEqual(slots.length, 1)
          ),
          complete: store.complete({
            token,
            now: 0,
            catalog,
            id: first,
            definition: "turn",
            actorId: null,
            outcome: { status: "cancelled", result: null, cause: null },
            outbound: false
          }),
          pause: store.pause({ kind: "lane", subject: "lane 9", reason: "a test", by: "test" }, operation),
          announce: store.announce(token, {
            queues: ["default"],
            definitions: [{ key: "Car/turn", hash: "abc", description: described }]
          }),
          changed: store.changed(0, 10, 10, [first]),
          suspects: store.suspects(0, 10),
          heals: store.heals(0, 10),
          briefOf: store.briefOf([first]),
          replacedArguments: store.replacedArguments([first]),
          failures: store.failures({ actorType: "Car", name: undefined, since: undefined, before: undefined }, 10),
          workers: Effect.map(
            store.workers,
            (workers) => assert.include(workers.map(({ build }) => build), "one")
          ),
          definitions: Effect.map(
            store.definitions({ current: true }, 10),
            ([found]) => assert.deepStrictEqual(found?.description, described)
          ),
          pauses: Effect.map(store.pauses, (pauses) => assert.strictEqual(pauses.length, 1)),
          resume: store.resume("lane", "lane 9", operation),
          adoptLanes: store.adoptLanes(0, { bays: { limit: 2, whenBusy: "line" } }),
          tick: store.tick(token, 0, catalog),
          cancelAbandoned: store.cancelAbandoned(token, 0, catalog),
          breakDeadlock: store.breakDeadlock(0),
          outcomes: store.outcomes([first, third]),
          stateOf: store.stateOf(first),
          renew: Effect.map(
            store.renew(token, Duration.minutes(1), []),
            (answer) => assert.isFalse(answer.lost)
          ),
          postpone: store.postpone(token, "default", 1, 0),
          nextDue: store.nextDue,
          nextDueWith: Effect.map(
            store.nextDueWith({ definitions: ["Car/turn"], hashes: [] }),
            ({ schedule }) => assert.strictEqual(schedule, undefined)
          ),
          declareSchedules: Effect.map(
            store.declareSchedules(token, 0, [{ ...schedule, name: "declared", hash: "other" }]),
            (became) => assert.deepStrictEqual([...became], [["declared", "created"]])
          ),
          undeclaredSchedules: Effect.map(
            store.undeclaredSchedules([{ ...schedule, name: "missing" }]),
            (is) => assert.isTrue(is)
          ),
          putSchedule: Effect.map(store.putSchedule(0, schedule), (became) => assert.strictEqual(became, "created")),
          dueSchedules: Effect.map(
            store.dueSchedules(0, { definitions: ["Car/turn"], hashes: ["other"] }, 10),
            (due) => assert.deepStrictEqual(due.map(({ name }) => name), ["declared", "often"])
          ),
          fireSchedules: Effect.map(
            store.fireSchedules(
              0,
              [{ name: "often", hash: "one", slot: 0, nextSlot: 1000, nextAt: 1000, last: 0 }],
              [{ schedule: "often", key: "1", invocation: item("7") }]
            ),
            ({ enqueued, moved }) => assert.deepStrictEqual([moved, enqueued], [1, [item("7").action]])
          ),
          enqueueForSchedule: Effect.map(
            store.enqueueForSchedule(0, "often", operation, [{ schedule: "often", key: "2", invocation: item("8") }]),
            (answer) => assert.deepStrictEqual(answer, { enqueued: [item("8").action], first: item("8").action })
          ),
          operateSchedule: Effect.map(
            store.operateSchedule("pause", "often", operation),
            (became) => assert.strictEqual(became, "done")
          ),
          schedules: Effect.map(store.schedules({}, 10), (all) => assert.strictEqual(all.length, 2)),
          slotsOfSchedule: Effect.map(
            store.slotsOfSchedule("often", 10, undefined),
            (slots) =>
              assert.deepStrictEqual(slots.map(({ key, status }) => [key, status]), [["2", "queued"], ["1", "queued"]])
          ),
          // one that is paused by now is not marked
          markSchedules: Effect.map(
            store.markSchedules(2000, [
              { name: "often", hash: "one", slot: 1000, trouble: "a test" },
              { name: "declared", hash: "other", slot: 0, trouble: "a test" }
            ]),
            (marked) => assert.deepStrictEqual([...marked], [["declared", true]])
          ),
          overdueSchedules: Effect.map(
            store.overdueSchedules(0, "", 10),
            (none) => assert.deepStrictEqual(none, [])
          ),
          passSchedules: Effect.map(
            store.passSchedules([{ name: "declared", hash: "other", slot: 0, nextSlot: 1000, nextAt: 1000 }]),
            (passed) => assert.strictEqual(passed, 0)
          ),
          resumeSchedules: Effect.map(store.resumeSchedules(0, operation), (is) => assert.isFalse(is)),
          neglected: store.neglected(0, [], [], true),
          deleteOutcomes: store.deleteOutcomes(0, 10),
          actionsOf: store.actionsOf([first]),
          actionsLike: store.actionsLike({}, 10, { from: undefined, until: undefined }),
          countLike: store.countLike({}, 10, { from: undefined, until: undefined }),
          lowestLooked: store.lowestLooked({ actorId: "1" }, 10, { from: undefined, until: undefined }),
          idsLike: store.idsLike({ failure: "none" }, 10, {
            from: undefined,
            until: undefined,
            endedBefore: 0,
            notOf: "Car"
          }),
          stepsOf: store.stepsOf([first]),
          stepResultsOf: store.stepResultsOf(first, 1000),
          executionsOf: Effect.map(
            store.executionsOf([{ id: execution.action, actorType: "Workflow.W" }]),
            ([found]) => assert.strictEqual(found?.workflow, "W")
          ),
          slotsOf: store.slotsOf([first]),
          asked: store.asked({}, 10),
          measure: store.measure(0),
          unfiredSchedules: store.unfiredSchedules(0, 10),
          signalsOf: store.signalsOf(first, 10),
          laneOf: store.laneOf(null, "lane 1"),
          lanes: store.lanes(10, { name: "a", key: "b" }),
          achievementOf: store.achievementOf("none"),
          achievements: store.achievements(10),
          forgetAchievement: store.forgetAchievement("none", operation),
          forgetAchievements: store.forgetAchievements({ before: 0 }, 10),
          reprioritise: store.reprioritise(third, 7, operation),
          reschedule: store.reschedule(third, 0, operation),
          forgetEnded: Effect.map(
            store.forgetEnded({ actorType: "Car", actorId: "none" }, { isPlan: false, limit: 10 }, operation),
            (page) => assert.strictEqual(page.actions, 0)
          ),
          forgetAnswers: store.forgetAnswers(
            { actorType: "Car", actorId: "none" },
            { after: undefined, isPlan: false, limit: 10 },
            operation
          ),
          holdersOf: Effect.map(
            store.holdersOf({ actorType: "Car", actorId: "1" }, { after: undefined, limit: 10 }),
            (holders) => assert.strictEqual(holders.next, undefined)
          ),
          drainWorker: store.drainWorker("none", operation),
          deleteTree: store.deleteTree(third, 10, operation),
          recordOutcome: store.recordOutcome({ ...operation, through: second }, "none"),
          askedThrough: Effect.map(
            store.askedThrough(second),
            (found) => assert.deepStrictEqual(found, [{ outcome: "none", count: 1, samples: ["lane 9"] }])
          ),
          askedOf: Effect.map(
            store.askedOf(second, ["lane 9", "lane 8"]),
            (found) => assert.strictEqual(found.size, 1)
          ),
          askedBefore: Effect.map(store.askedBefore(second, 0), (found) => assert.strictEqual(found, "lane 9")),
          operations: Effect.map(
            store.operations({}, 10, { from: undefined, until: undefined }),
            (found) => assert.include(found.map(({ outcome }) => outcome), "notStarted")
          ),
          deleteOperations: store.deleteOperations(0, 10),
          queued: store.queued(10, 0),
          backlog: store.backlog(0),
          examine: store.examine(0),
          checkWorker: store.checkWorker,
          checkOpen: store.checkOpen("checkOpen"),
          setAside: store.setAside(0, 0, catalog),
          deleteEnded: store.deleteEnded({ before: 0 }, 10),
          takesWrites: store.takesWrites,
          planDeletion: store.planDeletion({ before: 0 }, 10),
          heal: store.heal(0, 0, 10, "one"),
          clockOffset: store.clockOffset,
          giveBack: store.giveBack(token, [third], 0),
          recover: store.recover(0),
          reserveAlone: store.reserveAlone(token, catalog),
          unregister: store.unregister(token, 0),
          // the first one, and what has no statement of its own
          register: undefined,
          withTransaction: undefined,
          database: undefined,
          ownConnections: undefined,
          inTransaction: undefined,
          inOpenTransaction: undefined,
          afterCommit: undefined
        }
        assert.sameMembers(Object.keys(calls), Object.keys(store))
        for (const [call, effect] of Object.entries(calls)) {
          if (effect === undefined) continue
          yield* Effect.catch(effect, (error) => Effect.die(new Error(`${call}: ${String(error)}`)))
        }
      }).pipe(Effect.provide(
        PostgresStore.layer.pipe(
          Layer.provide(Storage.layer({ schema: "stepped", deadline: Duration.seconds(20), embedded })),
          Layer.provideMerge(layer)
        )
      )))

    it.effect("every search path that a function sets names them last", () =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const paths = yield* sql<{ name: string; path: string }>`select proname as name, setting as path from pg_proc p
          join pg_namespace n on n.oid = p.pronamespace cross join lateral unnest(p.proconfig) setting
          where n.nspname = 'stepped' and setting like 'search_path=%'`
        assert.isAbove(paths.length, 10)
        assert.deepStrictEqual(paths.filter(({ path }) => !path.endsWith(", pg_temp")), [])
      }).pipe(Effect.provide(layer)))
  })
}

it.effect("beside temporary tables the tables are made as without them", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    for (const name of ["jobs", "live_actions", "ended_actions", "steps", "slots", "migrations"]) {
      yield* sql`create temporary table ${sql(name)} (line text)`
    }
    assert.deepStrictEqual(yield* Stepped.migrate(), [[1, "initial"]])
    assert.deepStrictEqual(yield* Stepped.migrate(), [])
    yield* Effect.provide(Effect.flatMap(Cars.client, (cars) => cars(1).turnLater()), Stepped.layer(options))
    assert.strictEqual((yield* sql`select 1 from stepped.jobs`).length, 1)
  }).pipe(Effect.provide(layerServer({ maxConnections: 1 }))))
