/** Rule 18.5 where somebody else is at the same action at the same moment. `STEPPED_ROUNDS=1000` makes it long. */
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer, References, type Scope } from "effect"
import { SqlClient } from "effect/sql"
import { ActionRepo, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { Customer, customer, go, Order, order, scene, secret, Shop } from "../behaviour/fixtures/forgetting.ts"
import { healthy, server } from "../harness/databases.ts"
import { recordOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { blocked, holding } from "../harness/racing.ts"
import { allEnded, layerWorkers, noDeadlock } from "../harness/workers.ts"
import { patienceMs } from "../patience.ts"

const rounds = Number(process.env.STEPPED_ROUNDS ?? 30)

const scenario = <A, E>(
  name: string,
  run: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient | Scope.Scope>
) =>
  it.effect(
    name,
    () => Effect.provide(Effect.scoped(Effect.andThen(run(), healthy)), Layer.provideMerge(Shop, server.layer())),
    Math.max(patienceMs, rounds * 2000)
  )

const forget = Stepped.forget(Customer.ref("c1"))
const retry = (id: string) => Effect.flatMap(ActionRepo, (repo) => repo.retry(id))
const remove = (id: string) => Effect.flatMap(ActionRepo, (repo) => repo.delete(id))
/** What one transaction of forgetting does, kept open until the effect that it gives. */
const forgetting = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  holding(
    sql`select forgotten from stepped.forget_ended(p_now => now(), p_type => 'Customer', p_actor_id => 'c1', p_below => null,
      p_since => null, p_ids => null, p_limit => 1000, p_is_plan => false, p_operation => null)`
  ))
const failed = Effect.gen(function*() {
  const { id } = yield* (yield* customer).chargeLater(secret)
  yield* performSteppedActions()
  return id
})

scenario(
  "18.5: who retries, or deletes, while it is forgotten comes after that, and is told",
  () =>
    Effect.gen(function*() {
      const id = yield* failed
      const commit = yield* forgetting
      const retrying = yield* Effect.forkScoped(retry(id))
      yield* blocked(1)
      assert.deepStrictEqual(yield* remove(id), { _tag: "Kept", kept: [{ id, because: "locked" }] })
      yield* commit
      assert.deepInclude({ ...yield* Fiber.join(retrying) }, { _tag: "NotRetryable", reason: "forgotten" })
      assert.deepInclude({ ...yield* remove(id) }, { _tag: "Deleted", deleted: 1 })
    })
)

scenario(
  "18.5: who has begun to retry a parent keeps its children as they are; it is listed, and not waited for",
  () =>
    Effect.gen(function*() {
      const parent = yield* (yield* order).billLater("c1")
      yield* performSteppedActions()
      const [slot] = yield* Effect.flatMap(ActionRepo, (repo) => repo.slots(parent.id))
      const sql = yield* SqlClient.SqlClient
      const commit = yield* holding(
        sql`select became from stepped.retry_recorded(now(), ${parent.id}::uuid, null, false, null)`
      )
      const first = yield* forget
      assert.deepInclude(first, { actions: 0, others: 0 })
      assert.sameMembers(first.left.first.map(({ id }) => id), [parent.id, slot!.child!])
      yield* commit
      scene.isOpen = true
      yield* performSteppedActions()
      const [again] = yield* Effect.flatMap(ActionRepo, (repo) => repo.list({ retryOf: parent.id }))
      assert.strictEqual(again!.status, "succeeded")
      assert.deepInclude(yield* forget, { left: { count: 0, first: [] } })
    })
)

scenario(
  "18.5: who has begun to retry a parent keeps children as well that have given nothing: they may be undone",
  () =>
    Effect.gen(function*() {
      const handle = yield* (yield* order).travelLater("c1")
      yield* performIdle
      yield* handle.cancel({ compensate: false })
      yield* performSteppedActions()
      const sql = yield* SqlClient.SqlClient
      const commit = yield* holding(
        sql`select became from stepped.retry_recorded(now(), ${handle.id}::uuid, null, false, null)`
      )
      const { left, ...done } = yield* Stepped.forget(Order.ref(97))
      assert.deepInclude(done, { actions: 0 })
      assert.include(left.first.map(({ because }) => because), "locked")
      yield* commit
      yield* performIdle
      const [again] = yield* Effect.flatMap(ActionRepo, (repo) => repo.list({ retryOf: handle.id }))
      yield* Stepped.send(again!.id, go, "go")
      yield* performSteppedActions()
      assert.deepStrictEqual(scene.undone, [secret])
    })
)

scenario("18.5: who deletes it keeps it, and what is locked is listed", () =>
  Effect.gen(function*() {
    const id = yield* failed
    const sql = yield* SqlClient.SqlClient
    const commit = yield* holding(sql`select 1 from stepped.ended_actions where id = ${id}::uuid for key share`)
    assert.deepInclude(yield* forget, { actions: 0, left: { count: 1, first: [{ id, because: "locked" }] } })
    yield* commit
    assert.deepInclude(yield* forget, { actions: 1, left: { count: 0, first: [] } })
  }))

scenario(
  "18.5: what stays anyway is locked for nobody",
  () =>
    Effect.gen(function*() {
      const handle = yield* (yield* order).travelLater("c1")
      yield* performIdle
      const commit = yield* forgetting
      const sql = yield* SqlClient.SqlClient
      const free = yield* sql`select id from stepped.ended_actions for update skip locked`
      assert.lengthOf(free, 3)
      yield* commit
      yield* handle.send(go, "go")
      yield* performSteppedActions()
      assert.deepStrictEqual(scene.undone, [secret])
    })
)

scenario(
  "18.5: of two who forget the same actor at the same moment one counts each action",
  () =>
    Effect.gen(function*() {
      for (let round = 0; round < rounds; round++) {
        yield* failed
        yield* (yield* order).lookLater("c1")
        yield* performSteppedActions()
        const both = yield* Effect.all([forget, forget], { concurrency: 2 })
        assert.strictEqual(both[0].actions + both[1].actions, 2)
        assert.strictEqual(both[0].others + both[1].others, 1)
      }
    })
)

scenario(
  "18.5: what has been achieved and is just looked at stays with its action, and goes with it",
  () =>
    Effect.gen(function*() {
      const { id } = yield* (yield* customer).signUpLater(secret)
      yield* performSteppedActions()
      const sql = yield* SqlClient.SqlClient
      const commit = yield* holding(sql`select 1 from stepped.achievements where action = ${id}::uuid for update`)
      assert.deepInclude(yield* forget, { actions: 0, left: { count: 1, first: [{ id, because: "locked" }] } })
      yield* commit
      assert.deepInclude(yield* forget, { actions: 1, achievements: 1 })
      assert.deepStrictEqual(yield* sql`select 1 from stepped.achievements`, [])
    })
)

scenario(
  "18.5: of retrying and forgetting at the same moment one wins, and what goes on has what it goes on from",
  () =>
    Effect.gen(function*() {
      for (let round = 0; round < rounds; round++) {
        scene.isOpen = false
        const id = yield* failed
        const [verb, done] = yield* Effect.all([retry(id), forget], { concurrency: 2 })
        if (verb._tag === "Retried") {
          assert.strictEqual((yield* recordOf(id)).forgotten, undefined)
          assert.isAbove(done.left.count, 0)
          scene.isOpen = true
          yield* performSteppedActions()
          assert.deepInclude({ ...yield* recordOf(verb.id) }, { status: "succeeded", result: secret })
        } else {
          assert.deepInclude({ ...verb }, { _tag: "NotRetryable", reason: "forgotten" })
        }
        assert.strictEqual((yield* forget).left.count, 0)
        assert.strictEqual((yield* recordOf(id)).forgotten, "whole")
      }
    })
)

it.live(
  "18.5: while workers end actions each of them is forgotten or listed, and in the end nothing of them is stored",
  () =>
    Effect.gen(function*() {
      scene.isOpen = true
      const mine = yield* customer
      const orders = yield* order
      const sql = yield* SqlClient.SqlClient
      for (let round = 0; round < rounds; round++) {
        const handles = yield* Effect.all([
          mine.signUpLater(secret),
          mine.chargeLater(secret),
          orders.showLater("c1"),
          mine.profileLater()
        ])
        const { left } = yield* forget
        const listed = new Set(left.first.map(({ id }) => id))
        for (const { actor, id } of handles.filter(({ actor }) => actor.type === "Customer")) {
          // one that joined, or found what was achieved, is none
          const [found] = yield* sql<
            { forgotten: number | null }
          >`select forgotten from stepped.ended_actions where id = ${id}::uuid`
          assert.isTrue(found === undefined || found.forgotten === 3 || listed.has(id), `${actor.type} ${id}`)
        }
      }
      yield* allEnded
      assert.deepInclude(yield* forget, { left: { count: 0, first: [] } })
      for (const table of ["ended_actions", "steps", "slots", "achievements", "outcomes", "signals", "memos"]) {
        const rows = yield* sql<{ row: string }>`select t::text as row from ${
          sql(`stepped.${table}`)
        } t where t::text like ${`%${secret}%`}`
        assert.deepStrictEqual(rows, [], table)
      }
      yield* healthy
      yield* noDeadlock
    }).pipe(
      Effect.provide(layerWorkers(Shop, { engines: 2 })),
      Effect.provideService(References.MinimumLogLevel, "None")
    ),
  patienceMs + rounds * 3000
)
