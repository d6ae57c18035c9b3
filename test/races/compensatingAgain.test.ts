/** Rule 18.2, a compensation that is run again, where somebody else asks for the same action at the same moment. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Option, type Scope } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, type Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { Desks, DesksLive, scene } from "../behaviour/fixtures/compensatingAgain.ts"
import { healthy, server } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, recordsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { blocked, holding } from "../harness/racing.ts"
import { allEnded, layerWorkers, noDeadlock } from "../harness/workers.ts"
import { patienceMs } from "../patience.ts"

const rounds = Number(process.env.STEPPED_ROUNDS ?? 60)

const scenario = <A, E>(
  name: string,
  run: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient | Scope.Scope>
) =>
  it.effect(
    name,
    () => Effect.provide(Effect.scoped(Effect.andThen(run(), healthy)), Layer.provideMerge(DesksLive, server.layer()))
  )
const repo = <A, E, R>(use: (repo: ActionRepo["Service"]) => Effect.Effect<A, E, R>) => Effect.flatMap(ActionRepo, use)
const again = (id: string) => repo((actions) => actions.compensateAgain(id))
/** One whose first step is not undone, and which can be retried all the same. */
const left = Effect.gen(function*() {
  scene.failing = new Set(["card", "undo hotel"])
  const { id } = yield* (yield* Desks.client)(1).bookLater()
  yield* performSteppedActions()
  scene.failing = new Set()
  return id
})
/** The second begins while the first one is still to commit. */
const meet = <A, B, E, F, R, S>(first: Effect.Effect<A, E, R>, second: Effect.Effect<B, F, S>) =>
  Effect.gen(function*() {
    const commit = yield* holding(first)
    const other = yield* Effect.forkScoped(second)
    yield* Effect.raceFirst(blocked(1), Fiber.await(other))
    yield* commit
    return yield* Fiber.join(other)
  })
const undone = () => seen.filter((text) => text === "undo hotel").length

scenario("18.2: of two who ask one runs it again, and the other is told so", () =>
  Effect.gen(function*() {
    const id = yield* left
    assert.deepInclude(yield* meet(again(id), again(id)), { _tag: "NotCompensable", reason: "live" })
    yield* performSteppedActions()
    assert.strictEqual(undone(), 2)
  }))

scenario(
  "18.2: who asks while it is retried is told who goes on for it; who retries while it is run again is told to wait",
  () =>
    Effect.gen(function*() {
      const one = yield* left
      assert.deepInclude(yield* meet(repo((actions) => actions.retry(one)), again(one)), {
        _tag: "NotCompensable",
        reason: "retried"
      })
      yield* performSteppedActions()
      assert.strictEqual(undone(), 1)
      const other = yield* left
      const retried = yield* meet(again(other), repo((actions) => actions.retry(other)))
      assert.deepInclude(retried, { _tag: "NotRetryable", reason: "live" })
      yield* performSteppedActions()
    })
)

scenario(
  "18.2: who deletes it just now has it, and while it is run again nobody deletes it",
  () =>
    Effect.gen(function*() {
      const one = yield* left
      const gone = yield* meet(repo((actions) => actions.delete(one)), again(one))
      assert.deepStrictEqual(gone, { _tag: "None" })
      const other = yield* left
      const commit = yield* holding(again(other))
      assert.deepStrictEqual(yield* repo((actions) => actions.delete(other)), {
        _tag: "Kept",
        kept: [{ id: other, because: "locked" }]
      })
      yield* commit
      yield* performSteppedActions()
      assert.deepStrictEqual((yield* recordOf(other)).unwound, {})
    })
)

scenario(
  "18.2: children that are still to be unwound are kept by who asks, and who deletes one just now is told of",
  () =>
    Effect.gen(function*() {
      scene.failing = new Set(["leave"])
      const { id } = yield* (yield* Desks.client)(1).partyLater()
      yield* performIdle
      yield* TestClock.adjust("1 hour")
      yield* performIdle
      yield* repo((actions) => actions.abandonUnwinding(id, { reason: "rain" }))
      yield* performIdle
      const [room] = yield* recordsOf("room")
      const commit = yield* holding(
        Effect.flatMap(
          SqlClient.SqlClient,
          (sql) => sql`select from stepped.ended_actions where id = ${room!.id} for update`
        )
      )
      assert.deepInclude(yield* again(id), { _tag: "NotCompensable", reason: "deleted", step: "rooms" })
      yield* commit
      const asked = yield* holding(again(id))
      const kept = yield* repo((actions) => actions.delete(room!.id))
      assert.deepStrictEqual(kept, { _tag: "Kept", kept: [{ id: room!.id, because: "locked" }] })
      yield* asked
      yield* performSteppedActions()
      assert.deepStrictEqual((yield* recordOf(id)).unwound, {})
      assert.strictEqual(seen.filter((text) => text.startsWith("undo reserve")).length, 2)
    })
)

/** One whose child has failed, and of whose child the first step is not undone. */
const leftBelow = Effect.gen(function*() {
  scene.failing = new Set(["card", "undo hotel"])
  const { id } = yield* (yield* Desks.client)(1).tourLater()
  yield* performSteppedActions()
  const child = (yield* recordsOf("book")).findLast(({ parent }) => parent === id)!
  scene.failing = new Set()
  return { id, child: child.id }
})
const retry = (id: string) => repo((actions) => actions.retry(id))

scenario(
  "18.2: of who retries a parent and who has its child undone again the later one waits for the other, and is told so",
  () =>
    Effect.gen(function*() {
      const one = yield* leftBelow
      assert.deepInclude(yield* meet(retry(one.id), again(one.child)), { _tag: "NotCompensable", reason: "retried" })
      yield* performSteppedActions()
      const [next] = yield* repo((actions) => actions.list({ retryOf: one.id }))
      assert.deepInclude(next, { status: "succeeded", result: "tour booked" })
      const other = yield* leftBelow
      assert.deepInclude(yield* meet(again(other.child), retry(other.id)), {
        _tag: "NotRetryable",
        reason: "ending",
        action: other.child
      })
      yield* performSteppedActions()
    })
)

scenario(
  "18.2, 18.1: a child that is being undone where its parent's retry begins all the same has failed for that, and can be retried with it",
  () =>
    Effect.gen(function*() {
      const { child, id } = yield* leftBelow
      const sql = yield* SqlClient.SqlClient
      const source = yield* sql<{ text: string }>`
        select pg_get_functiondef('stepped.compensate_again'::regproc) as text`
      const changed = source[0]!.text.replace("retried_above(p_action)", "null")
      assert.notStrictEqual(changed, source[0]!.text)
      // whose undoing waits for its lane
      scene.failing = new Set(["b"])
      yield* (yield* Desks.client)(2).slowLater()
      yield* performIdle
      scene.failing = new Set()
      const next = yield* retry(id)
      assert(next._tag === "Retried")
      yield* sql.unsafe(changed)
      assert.deepInclude(yield* again(child), { _tag: "Compensating" })
      yield* sql.unsafe(source[0]!.text)
      yield* performSteppedActions()
      assert.strictEqual((yield* recordOf(next.id)).status, "failed")
      assert.strictEqual(undone(), 2)
      const last = yield* retry(next.id)
      assert(last._tag === "Retried", JSON.stringify(last))
      yield* performSteppedActions()
      assert.deepInclude(yield* recordOf(last.id), { status: "succeeded", result: "tour booked" })
    })
)

/** Abandoned while what undoes its first step waits for an hour, and run again: it waits anew, in its lane. */
const undoing = Effect.gen(function*() {
  scene.failing = new Set(["b"])
  const { id } = yield* (yield* Desks.client)(1).slowLater()
  yield* performIdle
  yield* repo((actions) => actions.abandonUnwinding(id, { reason: "rain" }))
  yield* performSteppedActions()
  assert.strictEqual((yield* again(id))._tag, "Compensating")
  yield* performIdle
  return id
})

const keepsNobody = <A extends object, E, R>(verb: (id: string) => Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const id = yield* undoing
    const commit = yield* holding(
      Effect.tap(verb(id), (answer) => Effect.sync(() => assert.include(JSON.stringify(answer), `"reason":"live"`)))
    )
    yield* TestClock.adjust("1 hour")
    const ending = yield* Effect.forkScoped(performIdle)
    const waits = yield* Effect.raceFirst(Effect.as(blocked(1), true), Effect.as(Fiber.await(ending), false))
    yield* commit
    yield* Fiber.join(ending)
    assert.isFalse(waits)
    assert.isDefined((yield* recordOf(id)).unwound)
  })
scenario(
  "18.2: who asks, or retries, while it is undone, is told so, and keeps nobody from ending that",
  () => Effect.andThen(keepsNobody(again), keepsNobody(retry))
)

/** Has somebody delete an action, who looks at it, and locks it once something else is done. */
const deletedAround = <A, E, R>(id: string, between: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const source = yield* sql<{ text: string }>`select pg_get_functiondef('stepped.delete_tree'::regproc) as text`
    const locking = "gone := (select h.gone from delete_history("
    const changed = source[0]!.text.replace(locking, `perform pg_advisory_xact_lock_shared(7);\n${locking}`)
    assert.notStrictEqual(changed, source[0]!.text)
    yield* sql.unsafe(changed)
    const open = yield* holding(sql`select pg_advisory_xact_lock(7)`)
    const deleting = yield* Effect.forkScoped(repo((actions) => actions.delete(id)))
    yield* blocked(1)
    yield* between
    yield* open
    assert.deepStrictEqual(yield* Fiber.join(deleting), { _tag: "Kept", kept: [{ id, because: "locked" }] })
    yield* sql.unsafe(source[0]!.text)
  })

scenario("4.7, 18.2: what is to be unwound since who deletes it has looked stays", () =>
  Effect.gen(function*() {
    scene.failing = new Set(["leave"])
    const { id } = yield* (yield* Desks.client)(1).partyLater()
    yield* performIdle
    yield* TestClock.adjust("1 hour")
    yield* performIdle
    yield* repo((actions) => actions.abandonUnwinding(id, { reason: "rain" }))
    yield* performIdle
    const [room] = yield* recordsOf("room")
    yield* deletedAround(room!.id, again(id))
    yield* performSteppedActions()
    assert.deepStrictEqual((yield* recordOf(id)).unwound, {})
    assert.strictEqual(seen.filter((text) => text.startsWith("undo reserve")).length, 2)
  }))

scenario("4.7, 18.1: what a retry has taken over since who deletes it has looked stays", () =>
  Effect.gen(function*() {
    const handle = yield* (yield* Desks.client)(1).dinnerLater()
    yield* performIdle
    yield* handle.cancel()
    yield* performIdle
    const [dish] = yield* recordsOf("dish")
    yield* deletedAround(dish!.id, Effect.andThen(repo((actions) => actions.retry(handle.id)), performIdle))
    yield* performSteppedActions()
    assert.deepInclude((yield* recordsOf("dinner"))[1]!, { status: "succeeded", result: "soup" })
  }))

describe("run again, from several sides", () => {
  it.effect(
    "18.2: of those who ask, retry and delete at once each sees what the others have done",
    () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const desks = yield* Desks.client
        const said = { undone: 0, retried: 0, deleted: 0 }
        for (let round = 0; round < rounds; round++) {
          scene.failing = new Set(["card", "undo hotel"])
          const handle = yield* desks(round).bookLater()
          yield* Effect.exit(handle.await)
          scene.failing = new Set()
          seen.length = 0
          const isAsked = yield* Deferred.make<void>()
          // which is refused before all is undone; now and then it comes after that
          const retrying = Effect.andThen(
            round % 12 === 1 ? Effect.andThen(Deferred.await(isAsked), allEnded) : Effect.void,
            repo((actions) => actions.retry(handle.id))
          )
          const [first, second, retry, deletion] = yield* Effect.all([
            Effect.ensuring(again(handle.id), Deferred.succeed(isAsked, undefined)),
            again(handle.id),
            round % 3 === 0 ? Effect.undefined : retrying,
            round % 3 === 1 ? Effect.undefined : repo((actions) =>
              round % 2 === 0
                ? Effect.map(actions.delete(handle.id), ({ _tag }) => _tag === "Deleted")
                : Effect.map(
                  actions.deleteEnded({ before: new Date(86_400_000_000), limit: 100 }),
                  ({ deleted }) => deleted > 0
                )
            )
          ], { concurrency: "unbounded" })
          yield* allEnded
          const times = [first, second].filter(({ _tag }) => _tag === "Compensating").length
          assert.isAtMost(times, 1)
          assert.strictEqual(undone(), times, JSON.stringify([first, second, retry, deletion]))
          // who is retried after that begins with what was undone
          const hotels = seen.filter((text) => text === "hotel").length
          if (retry?._tag === "Retried") {
            const before =
              yield* sql`select 1 from stepped.action_steps where action = ${handle.id} and undoes = 0 and status = 'succeeded'`
            assert.isAtMost(hotels, times)
            if (deletion !== true) assert.strictEqual(hotels, before.length)
            said.retried++
          } else assert.strictEqual(hotels, 0)
          said.undone += times
          if (deletion === true) said.deleted++
          else if (times === 1) {
            assert.deepStrictEqual(Option.getOrThrow(yield* repo((actions) => actions.find(handle.id))).unwound, {})
          }
        }
        assert.isAbove(Math.min(said.undone, said.retried, said.deleted), 0, JSON.stringify(said))
      }).pipe(
        Effect.andThen(healthy),
        Effect.andThen(noDeadlock),
        Effect.provide(layerWorkers(DesksLive, { engines: 2 }))
      ),
    patienceMs + rounds * 500
  )
})
