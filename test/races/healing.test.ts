/**
 * What no transition leaves behind, and a bug or somebody's hand does: upkeep gives it the job that continues it, says so, and touches
 * nothing that anybody else is about to continue.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Layer, Logger, Schema } from "effect"
import { type ActionHandle, type AfterStatus, Engine, PerformanceLane, Step, Stepped } from "stepped"
import { performDue } from "stepped/testing"
import { completedAs } from "../../src/domain/Failure.ts"
import { phaseCodes, statusCodes } from "../../src/domain/Phase.ts"
import { pagesOfPass } from "../../src/engine/maintenance/heal.ts"
import * as PostgresStore from "../../src/sql/PostgresStore.ts"
import { Storage } from "../../src/store/Storage.ts"
import { type Catalog, emptyCatalog, Store } from "../../src/store/Store.ts"
import { healthy, server } from "../harness/databases.ts"
import { takeHeals } from "../harness/heals.ts"
import { recordOf, stepsOf } from "../harness/observing.ts"
import { holding, holdingLane } from "../harness/racing.ts"
import { layerWorkers, until } from "../harness/workers.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const turn = Stepped.action("turn", { outbound: true }).step(() => Effect.void).after(() => Effect.void)
const rest = Stepped.action("rest").step("rest", () => Step.wait("1 hour")).step("go", () => Effect.void)
const both = Stepped.action("both").step("ask", () => Step.on([Car.ref(71), Car.ref(72)], turn))
const hall = Stepped.lane("hall", { whenBusy: "line" })
const assemble = Stepped.action("assemble", {
  arguments: [Schema.String],
  outbound: true,
  concurrency: (key) => hall(key)
}).step(() => Effect.void)
const Cars = Stepped.actions(Car, [turn, rest, both, assemble])

/** What the engines of a test say in error. */
const saying = (said: Array<string>) =>
  Logger.layer([
    Logger.make(({ logLevel, message }) => {
      if (logLevel === "Error") said.push(String(message))
    })
  ])

const performing = (handle: ActionHandle, phase: number) =>
  Effect.flatMap(PgClient.PgClient, (sql) =>
    until(
      "it performs, in nobody's hands",
      Effect.map(
        sql`select 1 from stepped.live_actions where id = ${handle.id} and status = 1 and phase = ${phase} and token is null`,
        (rows) => rows.length === 1
      )
    ))

const said: Array<string> = []
it.live(
  "what nothing continues is healed once, and said; what somebody continues is left alone",
  () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const cars = yield* Cars.client
      const [settled, ahead, open, locked] = yield* Effect.all([1, 2, 3, 4].map((id) => cars(id).restLater()))
      const [decided, outside] = yield* Effect.all([5, 6].map((id) => cars(id).turnLater()))
      const parent = yield* cars(7).bothLater()
      for (const one of [settled, ahead, open, locked, parent]) yield* performing(one!, phaseCodes.waiting)
      for (const one of [decided, outside]) yield* performing(one!, phaseCodes.outbound)
      const settle = (id: string) =>
        sql`update stepped.slots set status = ${statusCodes.succeeded} where action = ${id}`

      const release = yield* holdingLane(locked!.id)
      yield* settle(locked!.id)
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* settle(settled!.id)
        yield* settle(ahead!.id)
        yield* sql`update stepped.steps set status = ${statusCodes.succeeded}, ended_at = now() where action = ${
          ahead!.id
        }`
        yield* sql`update stepped.live_actions set phase = 0, step = 1, step_name = 'go' where id = ${ahead!.id}`
        yield* sql`update stepped.live_actions set phase = 3, outcome = ${statusCodes.cancelled},
          cause = '{"kind": "cancelled", "path": "turn Car/1", "message": "cancelled"}' where id = ${decided!.id}`
      }))
      yield* Effect.all([settled!.await, ahead!.await, Effect.flip(decided!.await)])
      assert.strictEqual((yield* recordOf(decided!.id)).callbacksSucceeded, 1)
      assert.deepStrictEqual(yield* stepsOf(ahead!.id), ["rest succeeded", "go succeeded"])
      // more than one round of both workers
      yield* Effect.sleep("2500 millis")
      const about = (handle: ActionHandle) => said.filter((line) => line.includes(handle.id))
      assert.deepStrictEqual(
        [settled, ahead, decided, open, outside, parent, locked].map((one) => about(one!).length),
        [1, 1, 1, 0, 0, 0, 0]
      )
      assert.match(
        about(settled!)[0]!,
        /invariant 2 is broken: rest Car\/1 \(.*\) waits for slots that are all settled, and has no job; it has been given one/
      )
      assert.match(about(decided!)[0]!, /invariant 2 is broken: turn Car\/5 \(.*\) is to be continued and has no job/)
      assert.deepStrictEqual(
        yield* Effect.forEach(
          [open, outside, parent, locked],
          (one) => Effect.map(recordOf(one!.id), ({ status }) => status)
        ),
        ["performing", "performing", "performing", "performing"]
      )
      assert.deepStrictEqual(yield* sql`select 1 from stepped.jobs`, [])

      yield* release
      yield* locked!.await
      assert.strictEqual(about(locked!).length, 1)
      assert.isAtLeast(yield* takeHeals, 2)
      // who is on call is shown it
      const { healed } = yield* (yield* Engine).suspects
      assert.sameDeepMembers(
        healed.map(({ actorType, count, kind, name }) => [`${actorType}/${name}`, kind, count]),
        [["Car/rest", "slots", 2], ["Car/rest", "job", 1], ["Car/turn", "job", 1]]
      )
      for (const { firstAt, lastAt, worker } of healed) {
        assert.isString(worker)
        assert.isAtMost(firstAt.getTime(), lastAt.getTime())
      }
      for (const one of [open, outside, parent]) assert.isTrue(yield* one!.cancel())
      yield* until(
        "all have ended",
        Effect.map(
          sql`select 1 from stepped.live_actions union all select 1 from stepped.abandoned_by`,
          (rows) => rows.length === 0
        )
      )
      yield* healthy
    }).pipe(
      Effect.provide(Layer.provideMerge(layerWorkers(Cars.layer, { lease: "2 seconds" }), saying(said)))
    )
)

const layerStore = Layer.provide(
  PostgresStore.layer,
  Storage.layer({ schema: "stepped", deadline: Duration.seconds(20), embedded: false })
)

/** A transition that is under way: it has done everything but commit. */
const halfway = Effect.fnUntraced(function*(transition: Effect.Effect<unknown, unknown, Store>) {
  const services = yield* Effect.context<Store>()
  return yield* holding(Effect.provideContext(Effect.orDie(transition), services))
})

it.live("what another transaction is about to continue is left alone, before its commit and after", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const { claim, complete, finish, giveBack, heal, recover, register, tick } = yield* Store
    const catalog: Catalog = {
      queues: ["default"],
      definitions: [
        { key: "Car/turn", steps: [{ kind: "own", name: "1" }], flags: 31, prepare: false },
        { key: "Car/both", steps: [{ kind: "own", name: "ask" }], flags: 0, prepare: false },
        { key: "Car/rest", steps: [{ kind: "own", name: "rest" }], flags: 0, prepare: false }
      ]
    }
    const now = Date.now()
    const token = yield* register("test", Duration.minutes(1))
    const other = yield* register("other", Duration.minutes(1))
    const by = { token, now, catalog }
    const all = claim({ ...by, room: 10, prepared: [], only: null })
    const ending = (id: string, actorId: string, status: AfterStatus) =>
      Effect.map(
        complete({
          token: null,
          now,
          catalog: emptyCatalog,
          id,
          definition: "Car/turn",
          actorId,
          outcome: { status, result: null, cause: status === "succeeded" ? null : completedAs(status) },
          outbound: false
        }),
        ({ verdict }) => assert.strictEqual(verdict._tag, "Done")
      )
    const cars = yield* Cars.client
    const outbound = yield* cars(1).turnNow()
    const resting = yield* cars(3).restNow()
    const parent = yield* cars(4).bothNow()
    yield* performDue
    const children = yield* sql<
      { child: string }
    >`select child from stepped.slots where action = ${parent.id} order by slot`
    const retried = yield* cars(2).restLater()

    const steps: ReadonlyArray<readonly [string, Effect.Effect<unknown, unknown>]> = [
      ["claims", all],
      [
        "puts off",
        finish({
          ...by,
          conclusions: [{
            _tag: "TryAgain",
            fence: { action: retried.id, step: 0, phase: "step" },
            phase: "step",
            due: now,
            burns: true
          }]
        })
      ],
      ["claims again", all],
      ["releases", giveBack(token, [retried.id], now)],
      ["claims once more", claim({ ...by, token: other, room: 10, prepared: [], only: null })],
      [
        "takes over",
        Effect.andThen(
          sql`update stepped.workers set lease_until = now() - interval '1 hour' where token = ${Number(other)}`,
          recover(now)
        )
      ],
      ["decides", ending(outbound.id, "1", "cancelled")],
      ["ends a child", ending(children[0]!.child, "71", "succeeded")],
      ["lets time pass", tick(null, now + 7_200_000, emptyCatalog)]
    ]
    for (const [what, step] of steps) {
      const commit = yield* halfway(step)
      for (const when of ["before", "after"]) {
        assert.deepStrictEqual(yield* heal(now, 0, 100, "healer"), { healed: [], next: undefined }, `${what}, ${when}`)
        if (when === "before") yield* commit
      }
    }
    // its slot is settled by time
    assert.strictEqual((yield* sql`select 1 from stepped.jobs where action = ${resting.id}`).length, 1)
    assert.isAtLeast((yield* sql`select 1 from stepped.jobs`).length, 4)
  }).pipe(
    Effect.scoped,
    Effect.provide(Layer.provideMerge(layerStore, Layer.provideMerge(Cars.layer, server.layer())))
  ))

it.live("a pass looks at some pages, one worker at a time", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const { heal } = yield* Store
    // without the pages that others have left empty
    yield* sql`truncate stepped.live_actions`
    const ids = (yield* sql<{ id: string }>`insert into stepped.live_actions
        (id, definition, actor_id, queue, arguments, lane, checksum_key, seat, status, depth, rooted, flags, phase, enqueued_at)
      select gen_random_uuid(), 'Car/turn', n, 'default', '[]', 'lane ' || n, '', 0, 1, 0, true, 0, 4, now() from generate_series(1, 300) n
      returning id`).map(({ id }) => id)

    const commit = yield* halfway(heal(0, 0, 2, "healer"))
    assert.deepStrictEqual(yield* heal(0, 2, 2, "healer"), { healed: [], next: 2 })
    yield* commit
    const healed: Array<string> = []
    for (let page: number | undefined = 2; page !== undefined;) {
      const pass: Effect.Success<ReturnType<typeof heal>> = yield* heal(0, page, 2, "healer")
      assert.isAtMost(pass.healed.length, 150)
      assert.deepInclude(pass.healed[0]!, { definition: "Car/turn", phase: "job" })
      healed.push(...pass.healed.map(({ action }) => action))
      assert.isTrue(pass.next === undefined || pass.next === page + 2)
      page = pass.next
    }
    assert.isAbove(healed.length, 100)
    assert.isBelow(healed.length, 300)
    assert.deepStrictEqual(yield* heal(0, 0, 100, "healer"), { healed: [], next: undefined })
    const jobs = yield* sql<{ action: string }>`select action from stepped.jobs`
    assert.deepStrictEqual(jobs.map(({ action }) => action).sort(), ids.sort())
  }).pipe(
    Effect.scoped,
    Effect.provide(Layer.provideMerge(layerStore, Layer.provideMerge(Cars.layer, server.layer())))
  ))

it.live("a pass of upkeep puts right a thousand actions at most, however small they are", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const { heal } = yield* Store
    yield* sql`truncate stepped.live_actions`
    // pages as full as updates make them, of rows that have nothing but what each has
    yield* sql`alter table stepped.live_actions set (fillfactor = 100)`
    yield* sql`insert into stepped.live_actions
        (id, definition, actor_id, queue, arguments, lane, seat, status, depth, rooted, flags, phase, enqueued_at, started_at)
      select gen_random_uuid(), 'C/t', '1', 'q', '[]', chr(64 + n / 50) || chr(48 + n % 50), 0, 1, 0, true, 0, 4, now(), now()
      from generate_series(1, 1500) n`
    const { healed, next } = yield* heal(0, 0, pagesOfPass, "healer")
    assert.strictEqual(next, pagesOfPass)
    assert.isAtMost(healed.length, 1000)
    assert.isAbove(healed.length, 900)
  }).pipe(
    Effect.scoped,
    Effect.provide(Layer.provideMerge(layerStore, Layer.provideMerge(Cars.layer, server.layer())))
  ))

it.live("who waits in a lane because of a pause that is gone, or that nobody would hear of, is looked at", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const { heal } = yield* Store
    const lanes = yield* PerformanceLane
    const cars = yield* Cars.client
    const pausing = { reason: "repairs" }
    const first = yield* cars(1).turnLater()
    const plain = ["Car/1/turn", "Car/2/turn"]
    const named = ["gone", "unmarked", "due", "paused", "paused and unmarked"]
    yield* performDue
    yield* Stepped.complete(first.id, turn, Stepped.Outcome.succeededVoid)
    for (const lane of plain) yield* lanes.pause(lane, pausing)
    for (const lane of named) yield* lanes.pause(hall(lane), pausing)
    const turns = yield* Effect.forEach([1, 2], (id) => cars(id).turnLater())
    const assembled = yield* Effect.forEach(named, (lane, n) => cars(n).assembleLater(lane))
    yield* performDue
    assert.deepStrictEqual(yield* heal(Date.now(), 0, 100, "healer"), { healed: [], next: undefined })
    yield* healthy

    // nobody has said that they are resumed
    yield* sql`delete from stepped.pauses where subject ~ '(Car/1/turn|gone|\\x01unmarked|due)$'`
    yield* sql`update stepped.named_lanes set paused = null where lane like '%unmarked'`
    yield* sql`update stepped.named_lanes set due_at = now() + interval '1 hour' where lane like '%due'`
    const wrong = [turns[0]!, assembled[0]!, assembled[1]!, assembled[4]!].map(({ id }) => id)
    assert.sameMembers([...new Set((yield* Stepped.doctor).map(({ subject }) => subject))], wrong)
    const { healed, next } = yield* heal(Date.now(), 0, 100, "healer")
    assert.isUndefined(next)
    assert.sameMembers(healed.map(({ action }) => action), wrong)
    assert.deepStrictEqual(healed.map(({ phase }) => phase), wrong.map(() => undefined))
    yield* healthy
    yield* performDue
    const statuses = Effect.forEach([...turns, ...assembled], ({ status }) => Effect.map(status, (of) => of.status))
    assert.deepStrictEqual(
      yield* statuses,
      ["performing", "pending", "performing", "performing", "pending", "pending", "pending"]
    )
    for (const lane of ["paused", "paused and unmarked"]) yield* lanes.resume(hall(lane))
    yield* lanes.resume("Car/2/turn")
    yield* performDue
    assert.deepStrictEqual(
      yield* statuses,
      ["performing", "performing", "performing", "performing", "pending", "performing", "performing"]
    )
    const recorded = yield* sql`select definition, kind, count::int, worker from stepped.heals order by 1`
    assert.deepStrictEqual(recorded, [
      { definition: "Car/assemble", kind: "lane", count: 3, worker: "healer" },
      { definition: "Car/turn", kind: "lane", count: 1, worker: "healer" }
    ])
    yield* takeHeals
  }).pipe(
    Effect.scoped,
    Effect.provide(Layer.provideMerge(layerStore, Layer.provideMerge(Cars.layer, server.layer())))
  ))
