/** Rule 14.3: finding actions, and going through them page by page. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import {
  ActionRepo,
  InvalidActorId,
  InvalidQuery,
  type ListFilter,
  type Listing,
  type Page,
  Step,
  Stepped,
  type TypedRecord
} from "stepped"
import { performSteppedActions } from "stepped/testing"
import * as ActionId from "../../src/engine/ActionId.ts"
import { healthy, suite } from "../harness/databases.ts"
import { performIdle } from "../harness/performing.ts"

class NoParking extends Schema.TaggedError<NoParking>()("NoParking", {}) {}
class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
class Van extends Stepped.Actor<Van>()("Van", { id: Schema.Int }) {}
const visit = Stepped.action("visit", {
  arguments: [Schema.Date],
  success: Schema.Date,
  error: NoParking,
  concurrencyKey: (on) => ["visit", on.getTime()]
}).step((on) => on.getTime() < 0 ? Effect.fail(new NoParking()) : Effect.succeed(on))
const hold = Stepped.action("hold", { arguments: [Schema.Int], outbound: true, concurrencyKey: (n) => ["hold", n] })
  .step(() => Effect.void)
const tour = Stepped.action("tour")
  .step("both", () => Effect.all([Step.do(visit, new Date(1)), Step.do(visit, new Date(2))]))
const stuck = Stepped.action("stuck", { error: NoParking })
  .step("park", () => Effect.fail(new NoParking()), { onExhausted: "hold" })
/** What its first step has done cannot be undone; of what is above it a child cannot be. */
const messy = Stepped.action("messy", { arguments: [Schema.Int], error: NoParking })
  .step("drive", () => Effect.void, { compensate: { run: () => Effect.fail(new NoParking()), retry: "never" } })
  .step("park", (n) => n === 0 ? Effect.fail(new NoParking()) : Effect.void)
const above = Stepped.action("above", { error: NoParking })
  .step("messy", () => Step.do(messy, 1), { unwind: true })
  .step("park", () => Effect.fail(new NoParking()))
/** Undone by a child, which is enqueued long after it has ended, and may fail. */
const refund = Stepped.action("refund", { arguments: [Schema.Boolean], error: NoParking })
  .step(() => Effect.void)
  .step((fails) => fails ? Effect.fail(new NoParking()) : Effect.asVoid(Step.wait("1 hour")))
const pay = Stepped.action("pay", { arguments: [Schema.Boolean] })
  .step("pay", () => Effect.void, { compensate: { run: (_, fails) => Step.do(refund, fails), retry: "never" } })
const book = Stepped.action("book", { arguments: [Schema.Boolean], error: NoParking })
  .step("pay", (fails) => Step.do(pay, fails), { unwind: true })
  .step("wait", () => Step.wait("2 hours"))
  .step("park", () => Effect.fail(new NoParking()))
const Cars = Stepped.actions(Car, [visit, hold, tour, stuck, messy, above, refund, pay, book])
const Vans = Stepped.actions(Van, [visit])

const idsOf = (filter?: ListFilter, page?: Page) =>
  Effect.map(Stepped.list(filter, page), ({ items }) => items.map(({ id }) => id))

suite("listing", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(name, () =>
      Effect.provide(
        Effect.andThen(scenario(), healthy),
        Layer.mergeAll(Cars.layer, Vans.layer).pipe(Layer.provideMerge(engine.layer()))
      ))

  test("14.3: a filter's parts have all to be so, and what it finds is newest first, queued, live and ended", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const van = (yield* Vans.client)(1)
      const old = yield* car.with({ tags: ["a", "b"] }).visitLater(new Date(5))
      const failed = yield* car.with({ tags: ["a"] }).visitLater(new Date(-5))
      yield* performSteppedActions()
      yield* TestClock.adjust("1 hour")
      const live = yield* car.with({ tags: ["b"] }).holdLater(1)
      yield* performIdle
      const parent = yield* car.tourLater()
      yield* performIdle
      yield* TestClock.adjust("1 hour")
      const other = yield* van.with({ tags: ["a"] }).visitLater(new Date(6))
      const late = yield* car.with({ delay: "1 day", tags: ["late"] }).visitLater(new Date(7))
      const children = (yield* idsOf({ parent: parent.id })).toReversed()
      assert.strictEqual(children.length, 2)
      const all = [old, failed, live, parent].map(({ id }) => id)
      const expected: ReadonlyArray<readonly [ListFilter, ReadonlyArray<string>]> = [
        [{}, [...all, ...children, other.id, late.id]],
        [{ actor: Car.ref(1) }, [...all, ...children, late.id]],
        [{ action: visit }, [old.id, failed.id, ...children, other.id, late.id]],
        [{ action: visit, actor: Van.ref(1) }, [other.id]],
        [{ actor: Car.ref(2) }, []],
        [{ statuses: ["failed"] }, [failed.id]],
        [{ statuses: ["queued", "performing"] }, [live.id, other.id, late.id]],
        [{ tag: "a" }, [old.id, failed.id, other.id]],
        [{ tag: "b" }, [old.id, live.id]],
        [{ tag: "b", statuses: ["succeeded"] }, [old.id]],
        [{ tag: "late" }, [late.id]],
        [{ tag: "c" }, []],
        [{ tag: "a\u0000" }, []],
        [{ since: new Date(3_600_000) }, [live.id, parent.id, ...children, other.id, late.id]],
        [{ before: new Date(3_600_000) }, [old.id, failed.id]],
        [{ since: new Date(1), before: new Date(7_200_000) }, [live.id, parent.id, ...children]],
        [{ parent: live.id }, []],
        [{ parent: "none" }, []],
        [{ roots: true, tag: "a" }, [old.id, failed.id, other.id]]
      ]
      for (const [filter, ids] of expected) {
        assert.deepStrictEqual(yield* idsOf(filter), ids.toReversed(), JSON.stringify(filter))
      }
      yield* late.cancel()
      yield* live.cancel()
      yield* performSteppedActions()
      for (const [index, found] of (yield* idsOf({ parent: parent.id })).toReversed().entries()) {
        assert.strictEqual(found, children[index])
      }
    }))

  test("14.3: of what was undone after its end those are found that its compensations have asked for", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const [well, badly] = [yield* cars(1).bookLater(false), yield* cars(2).bookLater(true)]
      yield* performSteppedActions({ until: "1 minute" }).pipe(Effect.exit)
      const [paid] = yield* idsOf({ parent: well.id })
      const [paidBadly] = yield* idsOf({ parent: badly.id })
      assert.deepStrictEqual(yield* idsOf({ parent: paid! }), [])
      yield* TestClock.adjust("3 hours")
      yield* performIdle
      // while it is undone, and since then
      const refunds = yield* idsOf({ action: refund })
      const first = yield* idsOf({ parent: paid! })
      assert.lengthOf(first, 1)
      const failed = yield* idsOf({ parent: paidBadly! })
      assert.sameMembers([...first, ...failed], [...refunds])
      const repo = yield* ActionRepo
      assert.strictEqual((yield* repo.count({ parent: paid! })).count, 1)
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* idsOf({ parent: paid! }), first)
      yield* TestClock.adjust("3 hours")
      yield* repo.compensateAgain(paidBadly!, { by: "ada" })
      yield* performSteppedActions()
      assert.lengthOf(yield* idsOf({ parent: paidBadly! }), 2)
    }))

  test("14.3: what is held, and what could not be undone, is found, as long as that is so", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const [held, own, parent] = [yield* car.stuckLater(), yield* car.messyLater(0), yield* car.aboveLater()]
      yield* car.visitLater(new Date(5))
      yield* performIdle
      const [child] = yield* idsOf({ parent: parent.id })
      assert.deepStrictEqual(yield* idsOf({ held: true }), [held.id])
      assert.deepStrictEqual(yield* idsOf({ held: true, statuses: ["failed"] }), [])
      // those that `compensateAgain` is for: the parent could not undo its child
      assert.sameMembers([...yield* idsOf({ notUndone: true })], [own.id, child!])
      assert.deepStrictEqual(yield* idsOf({ notUndone: true, roots: true }), [own.id])
      assert.deepStrictEqual(yield* idsOf({ notUndone: false, held: false, action: stuck }), [held.id])
      yield* Effect.flatMap(
        ActionRepo,
        (repo) => repo.failStep({ action: held.id, index: 0, attemptNumber: 2 }, { reason: "enough" })
      )
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* idsOf({ held: true }), [])
    }))

  test("14.3: pages follow each other, whatever is enqueued, begins and ends meanwhile", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const handles = yield* cars.enqueueMany(
        hold,
        Array.from({ length: 25 }, (_, n): readonly [number, number] => [1, n])
      )
      const found: Array<string> = []
      let after: string | undefined
      let pages = 0
      do {
        const page: Listing<TypedRecord<typeof hold>> = yield* Stepped.list({ action: hold }, { limit: 10, after })
        found.push(...page.items.map(({ id }) => id))
        after = page.next
        pages++
        // some begin, some end, and new ones come
        yield* performIdle
        yield* Stepped.complete(handles[pages]!.id, hold, Stepped.Outcome.succeededVoid)
        yield* handles[24 - pages]!.cancel()
        yield* cars(1).holdLater(100 + pages)
      } while (after !== undefined)
      assert.strictEqual(pages, 3)
      assert.deepStrictEqual(found, handles.map(({ id }) => id).toReversed())
      const { items, next } = yield* Stepped.list({ action: hold }, { limit: 28, after: undefined })
      assert.strictEqual(items.length, 28)
      assert.deepStrictEqual(yield* Stepped.list({ action: hold }, { after: next! }), {
        items: [],
        next: undefined,
        lookedUntil: undefined
      })
      yield* Effect.forEach(items, ({ id }) => Stepped.cancel(id))
      yield* performSteppedActions()
    }))

  test("14.3: with the action given, arguments and success are decoded, where it reads what is stored", () =>
    Effect.gen(function*() {
      // the same name after a deploy
      const newer = Stepped.action("visit", { arguments: [Schema.Int, Schema.Int], success: Schema.Int })
      const car = (yield* Cars.client)(1)
      const done = yield* car.visitLater(new Date(5))
      yield* car.visitLater(new Date(-5))
      yield* performSteppedActions()
      const { items: [failed, succeeded] } = yield* Stepped.list({ action: visit })
      assert.deepStrictEqual(succeeded!.given, Option.some([new Date(5)] as const))
      assert.deepStrictEqual(succeeded!.success, Option.some(new Date(5)))
      assert.deepStrictEqual([failed!.given, failed!.success], [Option.some([new Date(-5)] as const), Option.none()])
      const found = Option.getOrThrow(yield* Stepped.find(visit, done.id))
      assert.deepStrictEqual(found.success, Option.some(new Date(5)))
      assert.strictEqual(Option.getOrThrow(yield* Stepped.find(done.id)).result, "1970-01-01T00:00:00.005Z")
      const { items: [, other] } = yield* Stepped.list({ action: newer })
      assert.deepStrictEqual([other!.id, other!.given, other!.success], [done.id, Option.none(), Option.none()])
      assert.isTrue(Option.isNone(yield* Stepped.find(hold, done.id)))
      assert.isTrue(Option.isNone(yield* Stepped.find("none")))
      assert.isTrue(Option.isNone(yield* Stepped.find(ActionId.make()(0))))
    }))

  test("14.3: what cannot be asked is refused by name", () =>
    Effect.gen(function*() {
      const refused: ReadonlyArray<readonly [ListFilter, Page, string]> = [
        [{}, { limit: 0 }, "limit of"],
        [{}, { limit: 10_001 }, "limit of"],
        [{}, { after: "yesterday" }, "after of"],
        [{ statuses: ["done" as "failed"] }, {}, "statuses of"],
        [{ since: new Date(Number.NaN) }, {}, "since of"],
        [{ before: new Date(Number.NaN) }, {}, "before of"]
      ]
      for (const [filter, page, words] of refused) {
        const error = yield* Effect.flip(Stepped.list(filter, page))
        assert.instanceOf(error, InvalidQuery)
        assert.include(error.message, words)
      }
      assert.instanceOf(yield* Effect.flip(Stepped.list({ actor: Car.ref(0.5) })), InvalidActorId)
    }))

  if (engine.name === "server") {
    test("14.3: an index leads to what has tags, and nothing has an entry there that has none", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        yield* sql`insert into stepped.ended_actions (id, definition, actor_id, arguments, status, depth, attempts, enqueued_at, ended_at, tags)
          select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'Car/hold', '1', '[1]', 2, 0, 0, now(), now(),
            case when n % 5000 = 1 then array['rare'] end
          from generate_series(1, 20000) n`
        yield* sql`analyze stepped.ended_actions`
        const plan = yield* sql<{ "QUERY PLAN": string }>`explain
          select id from stepped.actions where tags @> array['rare'] order by id desc limit 100`
        assert.include(plan.map((row) => row["QUERY PLAN"]).join("\n"), "ended_actions_tags")
        assert.strictEqual((yield* idsOf({ tag: "rare" })).length, 4)
        const [size] = yield* sql<{ pages: number }>`
          select (pg_relation_size('stepped.ended_actions_tags') / 8192)::int as pages`
        assert.isAtMost(size!.pages, 4)
        yield* sql`delete from stepped.ended_actions`
      }))
  }
})
