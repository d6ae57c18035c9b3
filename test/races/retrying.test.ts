/** Rule 18.1 where somebody else is at the same action, or in its lane, at the same moment. `STEPPED_ROUNDS=1000` makes it long. */
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Option, type Scope } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, CompletionConflict, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { outside, scene, Shop, Shops } from "../behaviour/fixtures/retrying.ts"
import { healthy, server } from "../harness/databases.ts"
import { recordOf, recordsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { blocked, holding, sidesOf, spread } from "../harness/racing.ts"
import { patienceMs } from "../patience.ts"

const rounds = Number(process.env.STEPPED_ROUNDS ?? 40)

const scenario = <A, E>(
  name: string,
  run: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient | Scope.Scope>
) =>
  it.effect(
    name,
    () =>
      Effect.provide(
        Effect.scoped(Effect.andThen(run(), healthy)),
        Layer.provideMerge(Shops.layer, server.layer())
      ),
    Math.max(patienceMs, rounds * 1500)
  )

const shop = (id: number) => Effect.map(Shops.client, (shops) => shops(id))
const retry = (id: string) => Effect.flatMap(ActionRepo, (repo) => repo.retry(id))

scenario(
  "18.1: of two who retry the same action one makes the new one, and the other is told which",
  () =>
    Effect.gen(function*() {
      const sides = sidesOf("first", "second")
      for (let round = 0; round < rounds; round++) {
        scene.failing = new Set(["only"])
        const handle = yield* (yield* shop(round)).onlyLater()
        yield* performSteppedActions()
        const verbs = yield* spread(round, retry(handle.id), retry(handle.id))
        const made = verbs.flatMap((verb) => verb._tag === "Retried" ? [verb.id] : [])
        const told = verbs.flatMap((verb) => verb._tag === "AlreadyRetried" ? [verb.id] : [])
        assert.strictEqual(made.length, 1, JSON.stringify(verbs))
        assert.deepStrictEqual(told, made)
        sides.won(verbs[0]._tag === "Retried" ? "first" : "second")
        scene.failing = new Set()
        yield* performSteppedActions()
        assert.strictEqual((yield* recordOf(made[0]!)).status, "succeeded")
        assert.strictEqual((yield* (yield* ActionRepo).list({ retryOf: handle.id })).length, 1)
      }
      yield* sides.each(rounds)
    })
)

scenario("18.1: who comes while another one retries waits for that, and is told which", () =>
  Effect.gen(function*() {
    scene.failing = new Set(["only"])
    const handle = yield* (yield* shop(1)).onlyLater()
    yield* performSteppedActions()
    let id = ""
    const repo = yield* ActionRepo
    const commit = yield* holding(Effect.tap(repo.retry(handle.id), (verb) =>
      Effect.sync(() => {
        assert(verb._tag === "Retried")
        id = verb.id
      })))
    const other = yield* Effect.forkScoped(retry(handle.id))
    yield* blocked(1)
    yield* commit
    assert.deepStrictEqual(yield* Fiber.join(other), { _tag: "AlreadyRetried", id })
    yield* performSteppedActions()
  }))

/** One whose child has failed, and that. */
const failedAbove = (n: number) =>
  Effect.gen(function*() {
    scene.failing = new Set(["charge 2"])
    const handle = yield* (yield* shop(n)).allLater()
    yield* performSteppedActions()
    const child = (yield* recordsOf("charge")).findLast(({ status }) => status === "failed")!
    scene.failing = new Set()
    scene.ran = []
    return { parent: handle.id, child: child.id }
  })

scenario(
  "18.1: of a child and its parent that are retried at once the child is done again once",
  () =>
    Effect.gen(function*() {
      const sides = sidesOf("Retried", "AlreadyRetried")
      const repo = yield* ActionRepo
      for (let round = 0; round < rounds; round++) {
        const { child, parent } = yield* failedAbove(round)
        const [alone, above] = yield* spread(
          round,
          Effect.tap(retry(child), performIdle),
          Effect.tap(retry(parent), performIdle)
        )
        yield* performSteppedActions()
        assert(above._tag === "Retried", JSON.stringify(above))
        assert(alone._tag === "Retried" || alone._tag === "AlreadyRetried", JSON.stringify(alone))
        sides.won(alone._tag)
        if (alone._tag === "AlreadyRetried") assert.strictEqual((yield* recordOf(alone.id)).status, "succeeded")
        assert.deepInclude(yield* recordOf(above.id), { status: "succeeded", result: 6 })
        assert.deepStrictEqual(scene.ran, ["charge 2"])
        assert.strictEqual((yield* repo.list({ retryOf: child })).length, 1)
      }
      yield* sides.each(rounds)
    })
)

scenario(
  "18.1: who retries a child while somebody retries what is above it waits for that, and the other way round",
  () =>
    Effect.gen(function*() {
      for (const isParentFirst of [true, false]) {
        const { child, parent } = yield* failedAbove(isParentFirst ? 1 : 2)
        const commit = yield* holding(retry(isParentFirst ? parent : child))
        const other = yield* Effect.forkScoped(retry(isParentFirst ? child : parent))
        yield* Effect.raceFirst(blocked(1), Fiber.await(other))
        yield* commit
        assert.strictEqual((yield* Fiber.join(other))._tag, isParentFirst ? "AlreadyRetried" : "Retried")
        yield* performSteppedActions()
        assert.deepStrictEqual(scene.ran, ["charge 2"])
        assert.strictEqual((yield* (yield* ActionRepo).list({ retryOf: child })).length, 1)
      }
    })
)

/** One whose child somebody has retried by itself, and which is to begin: where it takes over, it stands until it is let go. */
const standing = (before: string, of: string) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const handle = yield* (yield* shop(1)).asksLater()
    yield* performIdle
    const child = (yield* recordsOf("outside")).find(({ parent }) => parent === handle.id)!
    yield* Stepped.complete(child.id, outside, Stepped.Outcome.failed())
    yield* performSteppedActions()
    const alone = yield* retry(child.id)
    assert(alone._tag === "Retried")
    yield* performIdle
    const above = yield* retry(handle.id)
    assert(above._tag === "Retried")
    const source = yield* sql<{ text: string }>`select pg_get_functiondef(${of}::regproc) as text`
    const changed = source[0]!.text.replace(before, `perform pg_advisory_xact_lock_shared(7);\n${before}`)
    assert.notStrictEqual(changed, source[0]!.text)
    yield* sql.unsafe(changed)
    const open = yield* holding(sql`select pg_advisory_xact_lock(7)`)
    const performing = yield* Effect.forkScoped(performIdle)
    yield* blocked(1)
    const completing = yield* Effect.forkScoped(
      Stepped.complete(alone.id, outside, Stepped.Outcome.succeeded(7))
    )
    // it waits for the row, or has passed by
    yield* Effect.raceFirst(blocked(2), Fiber.await(completing))
    yield* open
    yield* Fiber.join(completing)
    yield* Fiber.join(performing)
    yield* sql.unsafe(source[0]!.text)
    yield* performIdle
    assert.deepInclude(yield* recordOf(above.id), { status: "succeeded", result: 7 })
    yield* performSteppedActions()
  })

scenario(
  "18.1: what a parent's retry is about to wait for, and ends meanwhile, is told to it",
  () => standing("insert into steps (", "stepped.wait_again")
)

scenario(
  "18.1: what ends while a parent's retry begins, between its looks, counts as what it has come to",
  () =>
    Effect.andThen(
      // before it is held, and after what has succeeded was taken
      standing("if g.waits then\n      perform hold_joined", "stepped.take_over"),
      standing("insert into memos", "stepped.take_over")
    )
)

scenario(
  "18.1: against a late completion: the action ends once, and is retried only where it has failed",
  () =>
    Effect.gen(function*() {
      const sides = sidesOf("live", "succeeded", "failed")
      for (let round = 0; round < rounds; round++) {
        const handle = yield* (yield* shop(round)).outsideLater()
        yield* performIdle
        const succeeds = round % 2 === 0
        const [completed, verb] = yield* spread(
          round,
          Stepped.complete(
            handle.id,
            outside,
            succeeds ? Stepped.Outcome.succeeded(1) : Stepped.Outcome.failed()
          ),
          retry(handle.id)
        )
        assert.isTrue(Option.isSome(completed))
        if (verb._tag === "NotRetryable") {
          assert.include(succeeds ? ["live", "status"] : ["live"], verb.reason)
          sides.won(verb.reason === "live" ? "live" : "succeeded")
        } else {
          assert.isFalse(succeeds)
          assert(verb._tag === "Retried")
          sides.won("failed")
          // what is late for the old one does nothing to the new one
          yield* performIdle
          assert.isTrue(Option.isNone(yield* Stepped.complete(handle.id, outside, Stepped.Outcome.succeeded(1))))
          assert.strictEqual((yield* recordOf(verb.id)).status, "performing")
          yield* Stepped.complete(verb.id, outside, Stepped.Outcome.succeeded(2))
        }
        yield* performSteppedActions()
      }
      yield* sides.each(rounds)
    })
)

scenario(
  "18.1: beside a retry, what is late for the old one does nothing, and who comes by actor, under a key, completes the new one, once",
  () =>
    Effect.gen(function*() {
      const sides = sidesOf("came before it performed", "has completed it")
      for (let round = 0; round < rounds; round++) {
        const handle = yield* (yield* shop(round)).outsideLater()
        yield* performIdle
        yield* Stepped.complete(handle.id, outside, Stepped.Outcome.failed())
        yield* performIdle
        const keyed = (result: number) =>
          Stepped.complete(Shop.ref(round), outside, Stepped.Outcome.succeeded(result), { key: "k" })
        const [[late, ...answers], verb] = yield* spread(
          round,
          Effect.all([
            Stepped.complete(handle.id, outside, Stepped.Outcome.succeeded(1)),
            keyed(2),
            keyed(2)
          ], { concurrency: "unbounded" }),
          Effect.tap(retry(handle.id), performIdle)
        )
        assert(verb._tag === "Retried", JSON.stringify(verb))
        assert.deepStrictEqual(late, Option.none())
        for (const answer of answers) {
          assert.deepStrictEqual(answer, Option.isSome(answer) ? Option.some(verb.id) : Option.none())
        }
        sides.won(answers.some(Option.isSome) ? "has completed it" : "came before it performed")
        yield* performIdle
        // the key is held by the one that it has completed, or is free
        assert.deepStrictEqual(yield* keyed(2), Option.some(verb.id))
        assert.instanceOf(yield* Effect.flip(keyed(3)), CompletionConflict)
        yield* performSteppedActions()
        assert.deepInclude(yield* recordOf(verb.id), { status: "succeeded", result: 2 })
        assert.strictEqual((yield* recordOf(handle.id)).status, "failed")
      }
      yield* sides.each(rounds)
    })
)

scenario("18.1: of one that ends just now it is known that it has ended, or is to", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const repo = yield* ActionRepo
    const handle = yield* (yield* shop(1)).outsideLater()
    yield* performIdle
    // between its look at the history and the one at what is live
    const source = yield* sql<{ text: string }>`select pg_get_functiondef('stepped.retry_action'::regproc) as text`
    const changed = source[0]!.text.replace(
      "-- in one look: it may end just now",
      "perform pg_advisory_xact_lock_shared(7);"
    )
    assert.notStrictEqual(changed, source[0]!.text)
    yield* sql.unsafe(changed)
    const open = yield* holding(sql`select pg_advisory_xact_lock(7)`)
    const asking = yield* Effect.forkScoped(repo.retry(handle.id))
    yield* blocked(1)
    yield* Stepped.complete(handle.id, outside, Stepped.Outcome.failed())
    yield* performIdle
    yield* open
    const verb = yield* Fiber.join(asking)
    assert.strictEqual(verb._tag, "Retried", JSON.stringify(verb))
    yield* sql.unsafe(source[0]!.text)
    yield* performIdle
    yield* Stepped.cancel((yield* repo.list({ retryOf: handle.id }))[0]!.id)
    yield* performSteppedActions()
  }))

scenario("18.1: against a newcomer in the lane: nobody is superseded by what is retried", () =>
  Effect.gen(function*() {
    const sides = sidesOf("Retried", "LaneBusy")
    for (let round = 0; round < rounds; round++) {
      scene.failing = new Set(["quick"])
      const handle = yield* (yield* shop(round)).quickLater()
      yield* performSteppedActions()
      scene.failing = new Set()
      const performing = yield* (yield* shop(round)).slowLater()
      yield* performIdle
      const [newcomer, verb] = yield* spread(
        round,
        Effect.tap(Effect.flatMap(shop(round), (one) => one.slowLater()), performIdle),
        Effect.tap(retry(handle.id), performIdle)
      )
      yield* performIdle
      const record = yield* recordOf(newcomer.id)
      assert(verb._tag === "Retried" || verb._tag === "LaneBusy", JSON.stringify(verb))
      sides.won(verb._tag)
      assert.strictEqual(record.status, "pending")
      assert.isUndefined(record.supersededBy)
      yield* performing.cancel()
      yield* newcomer.cancel()
      yield* performSteppedActions()
      // it was superseded by the newcomer, or turned away
      if (verb._tag === "Retried") {
        const [found] = yield* (yield* ActionRepo).list({ retryOf: handle.id })
        assert.include(["superseded", undefined], found?.status)
      }
    }
    yield* sides.each(rounds)
  }))

scenario("18.1: against deleteEnded: it is there and goes on, or nothing of it is", () =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    const sides = sidesOf("retried", "deleted")
    for (let round = 0; round < rounds; round++) {
      scene.failing = new Set(["charge 2"])
      const handle = yield* (yield* shop(round)).allLater()
      yield* performSteppedActions()
      yield* TestClock.adjust("1 day")
      const before = new Date(yield* Effect.clockWith((clock) => clock.currentTimeMillis))
      const [, verb] = yield* spread(round, repo.deleteEnded({ before }), retry(handle.id))
      scene.failing = new Set()
      scene.ran = []
      yield* performSteppedActions()
      sides.won(verb._tag === "Retried" ? "retried" : "deleted")
      if (verb._tag === "Retried") {
        assert.deepInclude(yield* recordOf(verb.id), { status: "succeeded", result: 6 })
        assert.deepStrictEqual(scene.ran, ["charge 2"])
      } else {
        // its children may have gone first
        assert(
          verb._tag === "None" || (verb._tag === "NotRetryable" && verb.reason === "deleted"),
          JSON.stringify(verb)
        )
        assert.deepStrictEqual(yield* repo.list({ retryOf: handle.id }), [])
      }
      yield* TestClock.adjust("1 day")
      yield* repo.deleteEnded({ before: new Date(yield* Effect.clockWith((clock) => clock.currentTimeMillis)) })
      assert.deepStrictEqual(yield* recordsOf("charge"), [])
    }
    yield* sides.each(rounds)
  }))

scenario("18.1: what deleteEnded has looked at, and a retry takes meanwhile, stays", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const repo = yield* ActionRepo
    scene.failing = new Set(["charge 2"])
    const handle = yield* (yield* shop(1)).allLater()
    yield* performSteppedActions()
    yield* TestClock.adjust("1 day")
    const before = new Date(yield* Effect.clockWith((clock) => clock.currentTimeMillis))
    // it stands between its look and its locks
    yield* sql.unsafe(`create function stepped.wait_here() returns trigger language plpgsql as $$
      begin perform pg_advisory_xact_lock_shared(7); return null; end $$`)
    yield* sql.unsafe(`create trigger wait_here before delete on stepped.slots for each statement
      execute function stepped.wait_here()`)
    const open = yield* holding(sql`select pg_advisory_xact_lock(7)`)
    const deleting = yield* Effect.forkScoped(repo.deleteEnded({ before }))
    yield* blocked(1)
    // the rows are locked by then, and whoever retries waits
    const verb = yield* Effect.forkScoped(retry(handle.id))
    yield* blocked(2)
    yield* open
    assert.isAbove((yield* Fiber.join(deleting)).deleted, 0)
    assert.deepStrictEqual(yield* Fiber.join(verb), { _tag: "None" })
    yield* sql.unsafe("drop trigger wait_here on stepped.slots")
    yield* sql.unsafe("drop function stepped.wait_here()")
  }))
