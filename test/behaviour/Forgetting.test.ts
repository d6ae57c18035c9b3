/** Rule 18.5: an actor is forgotten. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { AchievementStore, ActionRepo, type Forgetting, Forgotten, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { recordOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import {
  approve,
  code,
  Customer,
  customer,
  Declined,
  go,
  order,
  other,
  profile,
  scene,
  secret,
  Shop,
  show,
  signUp,
  tablesWith
} from "./fixtures/forgetting.ts"

const forget = (options?: Parameters<typeof Stepped.forget>[1]) => Stepped.forget(Customer.ref("c1"), options)
const nothing: Forgetting = {
  actions: 0,
  others: 0,
  answers: 0,
  achievements: 0,
  before: 0,
  hasMore: false,
  left: { count: 0, first: [] }
}

suite("forgetting", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(name, () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Shop, engine.layer())))
  const repo = <A, E>(use: (repo: ActionRepo["Service"]) => Effect.Effect<A, E>) => Effect.flatMap(ActionRepo, use)
  const tagged = { tags: [secret] }

  test("18.5: nothing of what an actor was given and has come to is stored anywhere, and it is known that it was", () =>
    Effect.gen(function*() {
      const mine = yield* customer
      const orders = yield* order
      const signed = yield* mine.with(tagged).signUpLater(secret)
      yield* performSteppedActions()
      const again = yield* mine.signUpLater(secret)
      const charged = yield* mine.chargeLater(secret)
      const confirmed = yield* mine.confirmLater()
      const refused = yield* mine.confirmLater()
      const booked = yield* mine.bookLater()
      const approved = yield* mine.approveLater()
      const shown = yield* orders.showLater("c1")
      const looked = yield* orders.lookLater("c1")
      const billed = yield* orders.billAllLater("c1")
      const tried = yield* orders.tryBillLater("c1")
      yield* performIdle
      yield* confirmed.send(code, secret, { key: secret })
      yield* refused.send(code, secret)
      yield* Stepped.complete(approved.id, approve, Stepped.Outcome.succeeded(secret), { key: "a webhook" })
      yield* performSteppedActions()
      const ids = [signed, again, charged, confirmed, refused, booked, approved, shown, looked, billed, tried].map(
        ({ id }) => id
      )
      const places = new Set((yield* tablesWith(secret)).map((row) => row.split(":")[0]))
      assert.deepStrictEqual([...places], [
        "achievements",
        "ended_actions",
        "memos",
        "outcomes",
        "signals",
        "slots",
        "steps"
      ])
      const before = yield* Effect.forEach(ids.filter((id) => id !== again.id), recordOf)

      const plan = yield* forget({ dryRun: true })
      const done = yield* forget({ by: "ada", reason: "they have asked" })
      assert.deepStrictEqual({ ...done, achievements: plan.achievements }, plan)
      assert.deepStrictEqual(yield* tablesWith(secret), [])
      assert.deepStrictEqual(done.left, nothing.left)
      assert.strictEqual(done.answers, 1)
      assert.deepStrictEqual({ ...yield* forget(), before: 0 }, nothing)
      assert.strictEqual((yield* forget()).before, done.actions)

      for (const old of before) {
        const { actorId, actorType, endedAt, forgotten, id, name, parent, startedAt, status } = yield* recordOf(old.id)
        assert.deepStrictEqual(
          { actorId, actorType, endedAt, id, name, parent, startedAt, status },
          {
            actorId: old.actorId,
            actorType: old.actorType,
            endedAt: old.endedAt,
            id,
            name: old.name,
            parent: old.parent,
            startedAt: old.startedAt,
            status: old.status
          }
        )
        assert.strictEqual(forgotten, actorType === "Customer" ? "whole" : "inPart", name)
      }
      assert.deepStrictEqual(yield* stepsOf(charged.id), ["note succeeded", "charge failed"])
      assert.deepStrictEqual(
        (yield* repo((repo) => repo.operations({ verbs: ["ActionRepo.forget"] }))).map((
          { by, counts, reason, target }
        ) => [
          by,
          reason,
          target,
          counts?.forgotten
        ]).at(-1),
        ["ada", "they have asked", "Customer/c1", done.actions]
      )
    }))

  test("18.5: a dry run looks at so many, the newest of the history, and says whether there is more", () =>
    Effect.gen(function*() {
      const mine = yield* customer
      const first = yield* mine.signUpLater(secret)
      yield* performSteppedActions()
      yield* TestClock.adjust("1 second")
      const later = yield* (yield* order).forwardLater("c2")
      yield* performSteppedActions()
      const plan = (limit?: number) => forget({ dryRun: true, limit })
      assert.deepInclude(yield* plan(1), { actions: 0, hasMore: true })
      assert.deepInclude(yield* plan(5), { actions: 1, hasMore: false })
      const waits = yield* mine.confirmLater()
      yield* performIdle
      const all = yield* plan()
      assert.deepInclude(all, { actions: 1, hasMore: false })
      assert.deepStrictEqual(all.left, { count: 1, first: [{ id: waits.id, because: "live" }] })
      assert.deepStrictEqual(yield* plan(100_000), all)
      for (const options of [{ dryRun: true, limit: 0 }, { dryRun: true, limit: 100_001 }, { limit: 10 }]) {
        const error = yield* Effect.flip(forget(options))
        assert.deepInclude(error, { _tag: "InvalidQuery", field: "limit of ActionRepo.forget" })
      }
      assert.deepStrictEqual(yield* repo((repo) => repo.operations()), [])
      // more is queued than is looked at
      for (let n = 0; n < 6; n++) yield* mine.with({ delay: "1 day" }).approveLater()
      assert.deepInclude(yield* plan(5), { actions: 1, hasMore: true })
      assert.deepInclude((yield* plan(10)).left, { count: 7 })
      assert.strictEqual((yield* forget({ by: "ada", reason: "they have asked" })).actions, 1)
      for (const { id } of [first, later]) assert.isDefined(yield* recordOf(id))
    }))

  test("18.5: a result that several actions have handed on one after another is gone from all of them", () =>
    Effect.gen(function*() {
      const forwarded = yield* (yield* order).forwardLater("c1")
      yield* performSteppedActions()
      yield* TestClock.adjust("1 day")
      assert.deepInclude(yield* forget(), { actions: 1, others: 2, left: { count: 0, first: [] } })
      assert.deepStrictEqual(yield* tablesWith(secret), [])
      assert.strictEqual((yield* recordOf(forwarded.id)).forgotten, "inPart")
      assert.instanceOf(yield* Effect.flip(forwarded.await), Forgotten)
    }))

  test("18.5: what an action has given and nobody could read is said by none of those who have tried", () =>
    Effect.gen(function*() {
      const shipped = yield* (yield* order).shipAllLater("c1")
      yield* performSteppedActions()
      assert.include((yield* recordOf(shipped.id)).cause?.message, `${secret} is no address`)
      assert.deepInclude(yield* forget(), { actions: 1, others: 2, left: { count: 0, first: [] } })
      assert.deepStrictEqual(yield* tablesWith(secret), [])
      const { cause } = yield* recordOf(shipped.id)
      assert.deepInclude({ ...cause }, { kind: "child", message: "forgotten", forgotten: true })
      assert.deepInclude(yield* forget(), { actions: 0, others: 0 })
    }))

  test("18.5: readers say that it is forgotten, and who waits for it is told so", () =>
    Effect.gen(function*() {
      const mine = yield* customer
      const orders = yield* order
      const signed = yield* mine.signUpLater(secret)
      yield* performSteppedActions()
      const achieved = yield* mine.signUpLater(secret)
      const charged = yield* mine.chargeLater(secret)
      const shown = yield* orders.showLater("c1")
      const looked = yield* orders.lookLater("c1")
      const billed = yield* orders.billLater("c1")
      yield* performSteppedActions()
      yield* forget()

      for (const handle of [signed, achieved, charged, shown]) {
        const error = yield* Effect.flip(handle.await as typeof charged.await)
        assert.instanceOf(error, Forgotten)
        assert.include(error.message, "is forgotten")
      }
      // what is their own they still have
      assert.strictEqual(yield* looked.await, 7)
      assert.deepInclude({ ...yield* Effect.flip(billed.await) }, { _tag: "ActionFailed", reason: "forgotten" })
      assert.deepInclude({ ...yield* signed.status }, { status: "succeeded" })
      const typed = Option.getOrThrow(yield* Stepped.find(signUp, signed.id))
      assert.deepInclude({ ...typed }, {
        forgotten: "whole",
        given: Option.none(),
        success: Option.none(),
        arguments: []
      })
      const inPart = Option.getOrThrow(yield* Stepped.find(show, shown.id))
      assert.deepStrictEqual([inPart.forgotten, inPart.success], ["inPart", Option.none()])
      assert.deepStrictEqual(Option.getOrThrow(inPart.given), ["c1"])
      const { items } = yield* Stepped.list({ actor: Customer.ref("c1"), action: profile })
      assert.deepStrictEqual(items.map(({ forgotten, success }) => [forgotten, success]), [
        ["whole", Option.none()],
        ["whole", Option.none()]
      ])
      const tree = Stepped.renderTree(Option.getOrThrow(yield* Stepped.tree(shown.id)))
      assert.match(
        tree,
        /^show Order\/1 {2}succeeded.*forgotten in part[\s\S]*profile Customer\/c1 {2}succeeded.*forgotten/
      )
      const said = Stepped.renderWhy(yield* Stepped.why(signed.id))
      assert.include(said, "succeeded, and what it has come to is forgotten")
      assert.include(Stepped.renderWhy(yield* Stepped.why(achieved.id)), "is forgotten")
      assert.deepStrictEqual((yield* recordOf(billed.id)).cause, {
        kind: "child",
        path: "bill Order/1 › charge › charge Customer/c1 › charge",
        message: "forgotten",
        forgotten: true
      })
    }))

  test("18.5: what is forgotten, or has waited for such, is neither retried nor undone again", () =>
    Effect.gen(function*() {
      const mine = yield* customer
      const charged = yield* mine.chargeLater(secret)
      const booked = yield* mine.bookLater()
      const billed = yield* (yield* order).billAllLater("c1")
      yield* performSteppedActions()
      const [child] = yield* repo((repo) => repo.slots(billed.id))
      yield* forget()
      scene.isOpen = true
      for (const id of [charged.id, billed.id, child!.child!]) {
        const verb = yield* repo((repo) => repo.retry(id))
        assert.deepInclude({ ...verb }, { _tag: "NotRetryable", reason: "forgotten" })
      }
      assert.deepStrictEqual(yield* repo((repo) => repo.compensateAgain(booked.id)), {
        _tag: "NotCompensable",
        reason: "forgotten",
        action: booked.id,
        step: undefined
      })
      assert.deepStrictEqual((yield* recordOf(booked.id)).cause?.notUndone, [
        { step: "book", index: 0, message: "forgotten" }
      ])
    }))

  test("18.5: what is live stays with all that is below it, is listed, and is forgotten once it has ended", () =>
    Effect.gen(function*() {
      const mine = yield* customer
      const waiting = yield* mine.confirmLater()
      const ended = yield* mine.chargeLater(secret)
      const holding = yield* (yield* order).holdLater("c1")
      yield* performIdle
      const queued = yield* mine.chargeLater(secret)
      const [child] = yield* repo((repo) => repo.slots(holding.id))
      const first = yield* forget()
      assert.deepInclude(first, { actions: 1, others: 0 })
      assert.sameDeepMembers([...first.left.first], [
        { id: waiting.id, because: "live" },
        { id: holding.id, because: "live" },
        { id: queued.id, because: "live" },
        { id: child!.child!, because: "parent" }
      ])
      assert.strictEqual(first.left.count, 4)
      assert.strictEqual((yield* recordOf(ended.id)).forgotten, "whole")
      // nothing was changed, and why
      assert.deepInclude(yield* forget({ by: "ada" }), { actions: 0, before: 1 })
      const [record] = yield* repo((repo) => repo.operations({ by: "ada" }))
      assert.deepInclude({ ...record }, { verb: "ActionRepo.forget", outcome: "live" })

      yield* holding.send(go, "go")
      yield* waiting.send(code, secret)
      yield* performSteppedActions()
      assert.strictEqual(yield* holding.await, "go")
      assert.deepInclude(yield* forget(), { actions: 3, others: 1, before: 1, left: { count: 0, first: [] } })
      assert.strictEqual((yield* recordOf(holding.id)).forgotten, "inPart")
      assert.strictEqual(yield* holding.await, "go")
      assert.deepStrictEqual(yield* tablesWith(secret), [])
    }))

  test("18.5: a retry that is to begin keeps what it goes on from; that one and its new one are forgotten after it", () =>
    Effect.gen(function*() {
      const charged = yield* (yield* customer).chargeLater(secret)
      yield* performSteppedActions()
      const verb = yield* repo((repo) => repo.retry(charged.id))
      assert(verb._tag === "Retried")
      const first = yield* forget()
      assert.deepInclude(first, { actions: 0 })
      assert.sameDeepMembers([...first.left.first], [
        { id: verb.id, because: "live" },
        { id: charged.id, because: "retry" }
      ])
      scene.isOpen = true
      yield* performSteppedActions()
      assert.deepInclude({ ...yield* recordOf(verb.id) }, { status: "succeeded", result: secret })
      assert.deepInclude(yield* forget(), { actions: 2, left: { count: 0, first: [] } })
    }))

  test("18.5: what was achieved is forgotten, and is done again", () =>
    Effect.gen(function*() {
      const mine = yield* customer
      yield* mine.signUpLater(secret)
      yield* performSteppedActions()
      const sql = yield* SqlClient.SqlClient
      // of one whose history is gone: under the actor's own key
      yield* sql`insert into stepped.achievements (checksum_key, checksum, action, achieved_at, definition)
        values ('Customer/c1/greet', 'x', gen_random_uuid(), now(), 'Customer/greet'),
          ('Customer/c10/greet', 'x', gen_random_uuid(), now(), 'Customer/greet'),
          ('Customer/c1/b/greet', 'x', gen_random_uuid(), now(), 'Customer/greet')`
      assert.strictEqual((yield* forget()).achievements, 2)
      const left = yield* Effect.flatMap(AchievementStore, (store) => store.list())
      assert.deepStrictEqual(left.map(({ checksumKey }) => checksumKey), ["Customer/c1/b/greet", "Customer/c10/greet"])
      const again = yield* mine.signUpLater(secret)
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* again.await, { email: secret })
      assert.deepInclude({ ...yield* recordOf(again.id) }, { status: "succeeded", forgotten: undefined })
    }))

  test("18.5: of all others nothing is changed", () =>
    Effect.gen(function*() {
      const theirs = yield* other
      const orders = yield* order
      const signed = yield* theirs.with(tagged).signUpLater(secret)
      const charged = yield* theirs.chargeLater(secret)
      const shown = yield* orders.showLater("c2")
      const billed = yield* orders.billAllLater("c2")
      yield* performSteppedActions()
      const all = Effect.gen(function*() {
        return yield* Effect.forEach([signed, charged, shown, billed], ({ id }) =>
          Effect.map(Stepped.tree(id), Option.getOrThrow))
      })
      const [trees, stored] = [yield* all, yield* tablesWith(secret)]
      assert.deepStrictEqual(yield* forget(), nothing)
      assert.deepStrictEqual(yield* all, trees)
      assert.deepStrictEqual(yield* tablesWith(secret), stored)
      assert.deepStrictEqual(yield* signed.await, { email: secret })
      assert.instanceOf(yield* Effect.flip(charged.await), Declined)
    }))

  test("18.5: it may be given up between any two of its transactions, and goes on when it is asked again", () =>
    Effect.gen(function*() {
      const mine = yield* customer
      const sql = yield* SqlClient.SqlClient
      const handles = yield* Effect.forEach(Array.from({ length: 5 }), () => mine.approveLater())
      yield* performIdle
      for (const { id } of handles) {
        yield* Stepped.complete(id, approve, Stepped.Outcome.succeeded(secret))
        yield* performIdle
      }
      yield* performSteppedActions()
      // as after a crash that came behind the newest of them
      yield* sql`select * from stepped.forget_ended(p_now => now(), p_type => 'Customer', p_actor_id => 'c1', p_below => null,
        p_since => null, p_ids => null, p_limit => 2, p_is_plan => false, p_operation => null)`
      assert.deepStrictEqual(
        (yield* Effect.forEach(handles, ({ id }) => recordOf(id))).flatMap(({ forgotten }) => forgotten ?? []).length,
        2
      )
      assert.deepInclude(yield* forget(), { before: 2, actions: 3 })
      assert.deepStrictEqual(yield* tablesWith(secret), [])
    }))
})
