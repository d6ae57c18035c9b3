/** Rule 19.1: why an action is not finished, for every reason, and to the end of the chain. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Schedule } from "effect"
import type { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, JobQueue, PerformanceLane, Stepped } from "stepped"
import { healthy, suite } from "../harness/databases.ts"
import { recordsOf, statusesOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { cleared, lastLink, Leak, scene, Ships, weather } from "./fixtures/why.ts"
import { linesOf, reasonsOf, tagsOf } from "./fixtures/whyLines.ts"

const options = { handledDefects: () => false, retry: Schedule.spaced("10 seconds"), attempts: 3, build: "v7" }
const broken = { reason: "the pump is broken", by: "ada" }
const ship = Effect.map(Ships.client, (ships) => ships(1))

/** Has bodies wait, enqueues and performs, asks while one runs, and lets it go on. */
const whileRunning = <A, E, R>(asking: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const begun = yield* Deferred.make<void>()
    const go = yield* Deferred.make<void>()
    scene.body = Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(go))
    const performing = yield* Effect.forkChild(performIdle)
    yield* Deferred.await(begun)
    const answer = yield* asking
    yield* Deferred.succeed(go, undefined)
    yield* Fiber.join(performing)
    return answer
  })

suite("why", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient | PgClient.PgClient>
  ) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Ships.layer, engine.layer(options)))
    )

  test("19.1: behind whom in which lane, and what that one waits for", () =>
    Effect.gen(function*() {
      const it = yield* ship
      yield* it.moorLater("quay")
      yield* performIdle
      yield* TestClock.adjust("65 seconds")
      const next = yield* it.moorLater("quay")
      yield* performIdle
      const at = "1970-01-01T00:01:05.000Z"
      assert.deepStrictEqual(yield* linesOf(next.id), [
        `moor Ship/1  pending  enqueued ${at} (0ms ago)  #0`,
        "└─ waits: number 1 in the lane quay, where 1 of 1 performs",
        "   └─ moor Ship/1  performing  since 1970-01-01T00:00:00.000Z (1m 5s ago)  #1",
        "      └─ waits to be completed from outside since 1970-01-01T00:00:00.000Z (1m 5s ago)"
      ])
      const why = yield* Stepped.why(next.id)
      const [reason] = why.reasons
      assert.deepInclude(reason, { _tag: "Waits", lane: "quay", place: 1, performing: 1, limit: 1 })
      assert.deepInclude(why, { status: "pending", isAbove: false, leftOut: 0, usual: undefined, at: new Date(at) })
    }))

  test("19.1: in named lanes, where they are full, and where the first in line does not begin either", () =>
    Effect.gen(function*() {
      const it = yield* ship
      yield* it.floatLater()
      const both = yield* it.passLater()
      yield* performIdle
      const behind = yield* it.dockLater("c")
      yield* performIdle
      assert.deepStrictEqual(yield* linesOf(behind.id), [
        "dock Ship/1  pending  enqueued now  #0",
        "└─ waits: number 2 in the lane docks:, where 0 of 2 perform, and does not begin before the first one in line",
        "   └─ pass Ship/1  pending  enqueued now  #1",
        "      └─ waits: number 1 in the lane canals:, where 1 of 1 performs",
        "         └─ float Ship/1  performing  since now  #2",
        "            └─ waits to be completed from outside since now"
      ])
      assert.deepStrictEqual(tagsOf(yield* Stepped.why(both.id)), ["Waits"])
    }))

  test("19.1: a chain of ten, each behind another one's lane as its parent's child", () =>
    Effect.gen(function*() {
      const it = yield* ship
      for (let n = lastLink; n >= 0; n--) {
        yield* it.linkLater(n)
        yield* performIdle
      }
      const [root] = (yield* recordsOf("link")).filter((record) => record.parent === undefined).slice(-1)
      const why = yield* Stepped.why(root!.id)
      const lines = Stepped.renderWhy(why).split("\n")
      assert.strictEqual(lines.length, 38)
      assert.include(lines[37], "└─ the step wait waits since")
      assert.deepStrictEqual(
        lines.flatMap((line) => /in the lane (link\/\d)/.exec(line)?.[1] ?? []),
        Array.from({ length: lastLink }, (_, n) => `link/${n + 1}`)
      )
      assert.strictEqual(why.leftOut, 0)
    }))

  test("19.1: until when a rate, a debounce or a delay puts it off", () =>
    Effect.gen(function*() {
      const it = yield* ship
      yield* it.sailLater()
      yield* performIdle
      const sail = yield* it.sailLater()
      const pilot = yield* it.pilotLater()
      yield* performIdle
      const late = yield* Ships.client.pipe(
        Effect.flatMap((ships) => ships.with({ delay: "1 hour" })(1).restLater())
      )
      assert.deepStrictEqual(yield* reasonsOf(sail.id), [
        "└─ waits in the lane tides:: its rate allows no start before 1970-01-01T00:01:00.000Z (in 1m)"
      ])
      assert.deepStrictEqual(yield* reasonsOf(pilot.id), [
        "└─ waits in the lane pilots:: it puts starts off until 1970-01-01T00:00:10.000Z (in 10s)"
      ])
      assert.deepStrictEqual(yield* linesOf(late.id), [
        "rest Ship/1  queued  enqueued now  #0",
        "└─ is not to start before 1970-01-01T01:00:00.000Z (in 1h)"
      ])
    }))

  test("19.1: what is paused, by whom and why, in its queue and in its lane", () =>
    Effect.gen(function*() {
      const it = yield* ship
      const lanes = yield* PerformanceLane
      const queue = yield* JobQueue
      yield* lanes.pause("closed", broken)
      const held = yield* it.moorLater("closed")
      yield* performIdle
      const next = yield* it.dockLater("a")
      const dock = { actorType: "Ship", name: "dock" }
      yield* queue.pause(dock, broken)
      for (const [id, subject] of [[held.id, "closed"], [next.id, "Ship/dock"]] as const) {
        const { reasons } = yield* Stepped.why(id)
        assert.deepStrictEqual(reasons.map(({ _tag }) => _tag), ["Paused"])
        assert.deepInclude(reasons[0]!._tag === "Paused" && reasons[0]!.pause, { ...broken, subject })
        assert.include(reasons[0]!.text, `${subject} is paused by ada: the pump is broken, since `)
      }
      yield* queue.resume(dock)
      yield* lanes.resume("closed")
      yield* performIdle
      assert.deepStrictEqual(tagsOf(yield* Stepped.why(held.id)), ["Outbound"])
    }))

  test("19.1: an elder sibling that is to join the lane before it, and who is to end what is cancelled", () =>
    Effect.gen(function*() {
      const it = yield* ship
      const sql = yield* PgClient.PgClient
      const [elder, younger] = [yield* it.moorLater("a"), yield* it.moorLater("a")]
      yield* sql`update stepped.jobs set priority = 1002, elder = ${elder.id} where action = ${younger.id}`
      yield* sql`update stepped.jobs set cancelled_at = clock_timestamp() where action = ${elder.id}`
      const why = yield* Stepped.why(younger.id)
      assert.deepStrictEqual(tagsOf(why), ["Sibling"])
      assert.strictEqual(why.reasons[0]!.text, "waits until its elder sibling has joined its lane")
      const [reason] = why.reasons
      assert(reason?._tag === "Sibling")
      assert.deepStrictEqual([reason.elder.id, ...tagsOf(reason.elder)], [elder.id, "Cancelled", "Unserved"])
      assert.match(reason.elder.reasons[0]!.text, /^is cancelled since .* and a worker is to end it$/)
      yield* sql`update stepped.jobs set priority = 0, elder = null, cancelled_at = null`
      yield* performIdle
    }))

  test("19.1: what a step waits for: children, times and signals, with their limits and heartbeats", () =>
    Effect.gen(function*() {
      const it = yield* ship
      const [fleet, rest, report] = [yield* it.fleetLater(22), yield* it.restLater(), yield* it.reportLater()]
      yield* performIdle
      const why = yield* Stepped.why(fleet.id)
      const [children] = why.reasons
      assert(children?._tag === "Children")
      assert.deepInclude(children, { step: "send", open: 22, undoing: false, closing: false, since: new Date(0) })
      assert.strictEqual(children.children.length, 20)
      assert.strictEqual(new Set(children.children.map(({ id }) => id)).size, 20)
      for (const child of children.children) assert.deepStrictEqual(tagsOf(child), ["Outbound"])
      const lines = yield* reasonsOf(fleet.id)
      assert.strictEqual(lines[0], "├─ the step send waits since now for 22 children, 20 of them here")
      assert.strictEqual(lines.at(-1), "└─ left out: the reasons of 2 further actions; ask for one by its id")
      assert.deepStrictEqual(yield* linesOf(rest.id), [
        "rest Ship/1  performing  since now  times out 1970-01-03T00:00:00.000Z (in 2d)  #0",
        "└─ the step sleep waits since now until 1970-01-01T02:00:00.000Z (in 2h), the last of 2 times; the step times out " +
        "1970-01-02T00:00:00.000Z (in 1d)"
      ])
      assert.deepStrictEqual(yield* reasonsOf(report.id), [
        "├─ the step ask waits since now for the signal cleared",
        "└─ the step ask waits since now for the signal weather, until 1970-01-01T01:00:00.000Z (in 1h); not heard of yet; " +
        "silent for too long at 1970-01-01T00:01:00.000Z (in 1m)"
      ])
      yield* Stepped.heartbeat(report.id, { rows: 7 })
      yield* report.send(cleared)
      yield* performIdle
      const [weather, ...none] = (yield* Stepped.why(report.id)).reasons
      assert(weather?._tag === "Signal" && none.length === 0)
      assert.deepInclude(weather.heartbeat, { heardAt: new Date(0), details: { rows: 7 } })
      assert.include(weather.text, `heard of last at 1970-01-01T00:00:00.000Z (0ms ago): {"rows":7}; silent`)
    }))

  test("19.1: what is heard of whoever is to complete it", () =>
    Effect.gen(function*() {
      const moored = yield* (yield* ship).moorLater("a")
      yield* performIdle
      yield* TestClock.adjust("1 minute")
      yield* Stepped.heartbeat(moored.id, "half")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* reasonsOf(moored.id), [
        "└─ waits to be completed from outside since 1970-01-01T00:00:00.000Z (2m ago); heard of last at " +
        `1970-01-01T00:01:00.000Z (1m ago): "half"`
      ])
    }))

  test("19.1: what is tried again, when and after what; and what is held, and who has decided of it", () =>
    Effect.gen(function*() {
      const it = yield* ship
      scene.body = Effect.fail(new Leak({ deck: "A" }))
      scene.after = Effect.die(new Error("no brush"))
      const [load, paint, drill] = [yield* it.loadLater(), yield* it.paintLater(), yield* it.drillLater()]
      yield* performIdle
      scene.before = Effect.die(new Error("no bucket"))
      const next = yield* it.paintLater()
      yield* performIdle
      const again = "1970-01-01T00:00:10.000Z (in 10s), as attempt 2, after:"
      assert.deepStrictEqual(
        [yield* reasonsOf(load.id), yield* reasonsOf(paint.id), yield* reasonsOf(drill.id), yield* reasonsOf(next.id)],
        [
          [`└─ the step pump is tried again at ${again} Leak deck A`],
          [`└─ its callbacks are tried again at ${again} no brush`],
          [`└─ its job is tried again at ${again} the job is not there`],
          [`└─ its before, or what computes its keys, is tried again at ${again} no bucket`]
        ]
      )
      scene.before = Effect.void
      scene.after = Effect.void
      yield* TestClock.adjust("10 seconds")
      yield* performIdle
      const held = (attempt: number) =>
        `└─ the step pump is held until somebody decides of its attempt ${attempt}, since 1970-01-01T00:00:10.000Z (0ms ago), after: Leak deck A`
      assert.deepStrictEqual(yield* reasonsOf(load.id), [held(3)])
      const repo = yield* ActionRepo
      const step = { action: load.id, index: 0, attemptNumber: 3 }
      assert.strictEqual(yield* repo.tryStepAgain(step, { by: "ada", reason: "patched" }), "done")
      yield* performIdle
      assert.deepStrictEqual(yield* reasonsOf(load.id), [
        `${held(4)}; ada has asked for ActionRepo.tryStepAgain at 1970-01-01T00:00:10.000Z (0ms ago) (patched)`
      ])
      yield* repo.failStep({ ...step, attemptNumber: 4 }, { reason: "enough" })
      yield* TestClock.adjust("1 minute")
      yield* performIdle
    }))

  test("19.1: under which worker it runs, since when; and where that is gone, or its lease is over", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const load = yield* (yield* ship).loadLater()
      const { gone, over, runs } = yield* whileRunning(Effect.gen(function*() {
        const look = Effect.map(Stepped.why(load.id), ({ reasons: [reason] }) => {
          assert(reason?._tag === "Performs")
          return reason
        })
        const [row] = yield* sql<{ readonly token: number; readonly lease: Date }>`
          select l.token, w.lease_until as lease from stepped.live_actions l join stepped.workers w on w.token = l.token`
        const runs = yield* look
        yield* sql`update stepped.workers set lease_until = clock_timestamp() - interval '1 hour'`
        const over = yield* look
        yield* sql`update stepped.workers set lease_until = ${row!.lease}`
        yield* sql`update stepped.live_actions set token = -1`
        const gone = yield* look
        yield* sql`update stepped.workers set lease_until = clock_timestamp() - interval '1 hour'`
        const { reasons: [, nobody] } = yield* Stepped.why(load.id)
        assert.include(nobody?.text, "is due in the queue default, and no worker lives")
        yield* sql`update stepped.workers set lease_until = ${row!.lease}`
        yield* sql`update stepped.live_actions set token = ${row!.token}`
        return { runs, over, gone }
      }))
      assert.deepInclude(runs, { what: "step", step: "pump", attempt: 1, since: new Date(0), progress: undefined })
      assert.deepInclude(runs.worker, { build: "v7", isOver: false })
      assert.match(
        runs.text,
        /^the step pump runs since 1970-.*, attempt 1, under \S+ \(v7\), which has started at .* and whose lease lasts until /
      )
      assert.include(over.text, "whose lease is over since")
      assert.strictEqual(gone.worker, undefined)
      assert.include(gone.text, "under a worker that is gone")
    }))

  test("19.1: what is due, and where it stands; and that no living worker takes it, and why", () =>
    Effect.gen(function*() {
      const it = yield* ship
      const sql = yield* PgClient.PgClient
      yield* it.moorLater("a")
      const second = yield* it.moorLater("b")
      const said = Effect.map(reasonsOf(second.id), ([line]) => line)
      const due = "└─ is due in the queue default since now"
      yield* sql`delete from stepped.workers`
      assert.strictEqual(yield* said, `${due}, and no worker lives`)
      const worker = (definitions: ReadonlyArray<string>, queues: ReadonlyArray<string> | null, started: string) =>
        sql.unsafe(
          `insert into stepped.workers (name, lease_until, started_at, definitions, hashes, queues)
            values ('w', clock_timestamp() + interval '1 hour', clock_timestamp() - $1::interval, $2::text[], $2::text[], $3::text[])`,
          [started, definitions.length === 0 ? null : `{${definitions.join(",")}}`, queues && `{${queues.join(",")}}`]
        )
      // a process that takes nothing from a queue, and one that has not said what it takes
      yield* worker([], null, "2 minutes")
      yield* worker(["Ship/dock"], null, "2 minutes")
      assert.strictEqual(yield* said, `${due}, and none of the 2 living workers has its definition`)
      yield* worker(["Ship/moor"], ["other"], "2 minutes")
      assert.strictEqual(
        yield* said,
        `${due}, and none of the 1 living worker that has its definition takes from that`
      )
      assert.deepInclude((yield* Stepped.why(second.id)).reasons[0], { _tag: "Unserved", missing: "queue", workers: 3 })
      yield* worker(["Ship/moor"], null, "2 minutes")
      yield* sql`update stepped.workers set lease_until = clock_timestamp() - interval '1 second'`
      yield* worker(["Ship/moor", "Ship/dock"], ["other", "default"], "2 minutes")
      yield* worker([], null, "0 minutes")
      assert.strictEqual(yield* said, `${due}, number 2 there: 2 workers take it`)
      // who drains ends what it has, and takes nothing new
      yield* sql`update stepped.workers set drained_at = clock_timestamp() where definitions is null`
      assert.strictEqual(yield* said, `${due}, number 2 there: 1 worker takes it`)
      yield* sql`update stepped.workers set drained_at = clock_timestamp()`
      assert.strictEqual(yield* said, `${due}, and the 2 workers that take it are draining`)
      assert.deepInclude((yield* Stepped.why(second.id)).reasons[0], {
        _tag: "Unserved",
        missing: "undrained",
        workers: 2
      })
      yield* sql`delete from stepped.workers where name = 'w'`
      yield* performIdle
    }))

  test("19.1: where no worker lives, that nobody ends what is late, and that nobody reads what was sent", () =>
    Effect.gen(function*() {
      const it = yield* ship
      const sql = yield* PgClient.PgClient
      const [rest, report] = [yield* it.restLater(), yield* it.reportLater()]
      const load = yield* it.loadLater()
      yield* performIdle
      const late = yield* it.reportLater()
      yield* sql`delete from stepped.workers`
      const nobody = (time: string, ago: string) =>
        `└─ is due in the queue default since 1970-01-01T${time}.000Z (${ago} ago), and no worker lives`
      const both = Effect.map(
        Effect.forEach([rest, report], ({ id }) => Stepped.why(id)),
        (whys) => whys.flatMap(tagsOf).join(" ")
      )
      // nothing is to happen yet
      assert.notMatch(yield* both, /Due|Unserved/)
      assert.deepStrictEqual(tagsOf(yield* Stepped.why(load.id)), ["Ended"])
      yield* report.send(cleared)
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual((yield* reasonsOf(report.id)).map((line) => line.replace(/; not heard.*/, "")), [
        "├─ the step ask waits since 1970-01-01T00:00:00.000Z (30s ago) for the signal cleared; 1 was sent and is not read, at " +
        "1970-01-01T00:00:00.000Z (30s ago)",
        "├─ the step ask waits since 1970-01-01T00:00:00.000Z (30s ago) for the signal weather, until 1970-01-01T01:00:00.000Z (in 59m 30s)",
        nobody("00:00:00", "30s")
      ])
      yield* TestClock.adjust("2 hours")
      yield* report.send(weather, "fog")
      yield* report.send(weather, "rain")
      const [, signal, unserved] = (yield* Stepped.why(report.id)).reasons
      assert(signal?._tag === "Signal")
      assert.deepStrictEqual([signal.unread, signal.unreadAt], [2, new Date(7_230_000)])
      assert.include(
        signal.text,
        "until 1970-01-01T01:00:00.000Z (1h ago); 2 were sent and are not read, the last one at 1970-01-01T02:00:30.000Z (0ms ago), after its time"
      )
      assert.deepInclude(unserved, { _tag: "Unserved", missing: "worker", workers: 0 })
      assert.strictEqual((yield* reasonsOf(rest.id)).at(-1), nobody("01:00:00", "1h"))
      // one that was never begun says it once
      assert.deepStrictEqual(tagsOf(yield* Stepped.why(late.id)), ["Unserved"])
      // who lives ends it, whatever it can run
      yield* sql`insert into stepped.workers (name, lease_until, started_at) values ('w', clock_timestamp() + interval '1 hour', clock_timestamp())`
      assert.notMatch(yield* both, /Due|Unserved/)
      // a process that performs for its own callers alone has a row, and is no worker
      yield* sql`update stepped.workers set started_at = started_at - interval '2 minutes' where name = 'w'`
      assert.strictEqual((yield* both).match(/Unserved/g)?.length, 2)
      yield* sql`update stepped.workers set definitions = '{}', hashes = '{}' where name = 'w'`
      assert.notMatch(yield* both, /Due|Unserved/)
      yield* sql`delete from stepped.workers where name = 'w'`
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("report"), ["failed", "performing"])
    }))
})
