/** Rule 18.2: what undoes an action that has ended is run again, where it has failed for good. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, type CompensateAgainResult, JobQueue, type NotCompensable, Stepped } from "stepped"
import { assertCompensated, performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, recordsOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { berth, Desks, DesksLive, guard, scene } from "./fixtures/compensatingAgain.ts"

const nobody = "0196a7a8-7e5c-7cc4-a7f5-0d2a3c6f1b11"

suite("what undoes an action, run again", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(DesksLive, engine.layer()))
    )
  const desk = Effect.map(Desks.client, (desks) => desks(1))
  const fails = (...names: ReadonlyArray<string>) => {
    scene.failing = new Set(names)
    scene.keys = []
    seen.length = 0
  }
  const ask = (id: string) => Effect.flatMap(ActionRepo, (repo) => repo.compensateAgain(id))
  const retry = (id: string) => Effect.flatMap(ActionRepo, (repo) => repo.retry(id))
  const refused = (reason: NotCompensable, action: string, step?: string): CompensateAgainResult => ({
    _tag: "NotCompensable",
    reason,
    action,
    step
  })
  /** Runs it again, with all that is due. */
  const again = (id: string, ...steps: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* ask(id), { _tag: "Compensating", steps })
      yield* performSteppedActions()
    })
  /** One that has ended, and of which that is not undone. */
  const ended = (
    name:
      | "bookLater"
      | "strictLater"
      | "groupLater"
      | "heavyLater"
      | "moorLater"
      | "slowLater"
      | "tourLater"
      | "fairLater"
  ) =>
    Effect.gen(function*() {
      const { id } = yield* (yield* desk)[name]()
      yield* performSteppedActions()
      return id
    })

  test("18.2: a failed compensation is run again, and no other; its record says what is left, and the end stays", () =>
    Effect.gen(function*() {
      fails("card", "undo flight seat 2", "undo card Refused")
      const id = yield* ended("bookLater")
      const before = yield* recordOf(id)
      assert.deepStrictEqual(before.cause?.notUndone?.map(({ step }) => step), ["card", "flight"])
      assert.strictEqual(seen.at(-1), "book failed")
      yield* TestClock.adjust("2 days")
      // one of them fails again
      fails("undo flight seat 2")
      yield* again(id, "card", "flight")
      assert.deepStrictEqual(seen, ["undo card Refused", "undo flight seat 2"])
      assert.deepStrictEqual(scene.keys, [`${id}/card/0/compensation`, `${id}/flight/0/compensation`])
      const after = yield* recordOf(id)
      assert.deepStrictEqual(after.unwound?.notUndone?.map(({ index, step }) => [index, step]), [[1, "flight"]])
      assert.deepStrictEqual({ ...after, unwound: undefined }, before)
      fails()
      yield* again(id, "flight")
      assert.deepStrictEqual(seen, ["undo flight seat 2"])
      assert.deepStrictEqual((yield* recordOf(id)).unwound, {})
      assert.deepStrictEqual(yield* stepsOf(id), [
        "hotel succeeded",
        "flight succeeded",
        "card failed",
        "card failed",
        "flight failed",
        "hotel succeeded",
        "card succeeded",
        "flight failed",
        "flight succeeded"
      ])
      yield* assertCompensated({ id }, ["hotel", "card", "flight"])
      assert.deepStrictEqual(yield* ask(id), refused("nothing", id))
    }))

  test("18.2: what has nothing that is not undone, has not ended, or is not there, is left as it is, and the answer says so", () =>
    Effect.gen(function*() {
      fails("card")
      const done = yield* ended("bookLater")
      assert.deepStrictEqual(yield* ask(done), refused("nothing", done))
      fails()
      const succeeded = yield* ended("bookLater")
      assert.deepStrictEqual(yield* ask(succeeded), refused("nothing", succeeded))
      const { id } = yield* (yield* desk).bookLater()
      assert.deepStrictEqual(yield* ask(id), refused("live", id))
      assert.deepStrictEqual([yield* ask(nobody), yield* ask("none")], [{ _tag: "None" }, { _tag: "None" }])
      yield* performSteppedActions()
      fails("b")
      const waits = yield* (yield* desk).slowLater()
      yield* performIdle
      assert.deepStrictEqual(yield* ask(waits.id), refused("live", waits.id))
      yield* performSteppedActions()
    }))

  test("18.2: while it is run again it is unwinding, nobody ends, retries, deletes or asks for it once more, and it may be abandoned", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      fails("b")
      const { cancel, id } = yield* (yield* desk).slowLater()
      yield* performIdle
      assert.strictEqual(yield* repo.abandonUnwinding(id, { reason: "rain" }), "done")
      yield* performSteppedActions()
      assert.deepStrictEqual((yield* recordOf(id)).cause?.uncertain, ["b"])
      assert.deepStrictEqual((yield* ask(id))._tag, "Compensating")
      yield* performIdle
      const record = yield* recordOf(id)
      assert.deepStrictEqual([record.status, record.unwinding, record.unwound], ["failed", true, undefined])
      assert.deepStrictEqual(yield* ask(id), refused("live", id))
      assert.deepStrictEqual(yield* retry(id), { _tag: "NotRetryable", reason: "live", action: id, step: undefined })
      assert.deepStrictEqual(yield* repo.delete(id), { _tag: "Kept", kept: [{ id, because: "unwinding" }] })
      assert.isFalse(yield* cancel())
      yield* healthy
      // whoever comes waits behind it
      yield* (yield* desk).quickLater()
      yield* performIdle
      assert.notInclude(seen, "quick")
      assert.strictEqual(yield* repo.abandonUnwinding(id, { reason: "snow" }), "done")
      yield* performSteppedActions()
      assert.strictEqual(seen.at(-1), "quick")
      const left = (yield* recordOf(id)).unwound
      assert.deepStrictEqual(left?.notUndone?.map(({ message, step }) => `${step} ${message}`), ["a abandoned: snow"])
      // what is uncertain is so, and said once
      assert.deepStrictEqual(left?.uncertain, ["b"])
      yield* ask(id)
      yield* performSteppedActions()
      assert.deepStrictEqual((yield* recordOf(id)).unwound, { uncertain: ["b"] })
    }))

  test("18.2: with onFailure it stops again, and the time for all of them begins anew", () =>
    Effect.gen(function*() {
      fails("c", "undo b")
      const id = yield* ended("strictLater")
      assert.deepStrictEqual(seen.slice(-1), ["undo b"])
      yield* TestClock.adjust("2 days")
      fails("undo b")
      yield* again(id, "b", "a")
      assert.deepStrictEqual(seen, ["undo b"])
      const message = "not tried, since what undoes b has failed"
      assert.deepStrictEqual((yield* recordOf(id)).unwound?.notUndone?.[1], { step: "a", index: 0, message })
      fails()
      yield* again(id, "b", "a")
      assert.deepStrictEqual(seen, ["undo b", "undo a"])
      assert.deepStrictEqual((yield* recordOf(id)).unwound, {})
    }))

  test("18.2: in named lanes it takes its place as any unwinding, before who waits there", () =>
    Effect.gen(function*() {
      fails("b", "undo a")
      const id = yield* ended("moorLater")
      const there = yield* (yield* desk).berthLater()
      yield* performIdle
      const other = yield* (yield* desk).berthLater()
      fails()
      assert.deepStrictEqual((yield* ask(id))._tag, "Compensating")
      yield* performIdle
      assert.deepStrictEqual(seen, [])
      yield* Stepped.complete(there.id, berth, Stepped.Outcome.succeededVoid)
      yield* performIdle
      assert.deepStrictEqual(seen, ["undo a", "berths"])
      yield* Stepped.complete(other.id, berth, Stepped.Outcome.succeededVoid)
    }))

  test("18.2: a pause does not hold it", () =>
    Effect.gen(function*() {
      fails("card", "undo hotel")
      const id = yield* ended("bookLater")
      const queue = yield* JobQueue
      yield* queue.pause("everything", { reason: "rain" })
      fails()
      yield* again(id, "hotel")
      assert.deepStrictEqual(seen, ["undo hotel"])
      yield* queue.resume("everything")
    }))

  test("18.2, 18.1: what was undone then is retried, with another key; what is retried is not undone again", () =>
    Effect.gen(function*() {
      fails("card", "undo flight seat 2")
      const id = yield* ended("bookLater")
      assert.deepInclude(yield* retry(id), { _tag: "NotRetryable", reason: "notUndone", step: "flight" })
      fails()
      yield* again(id, "flight")
      fails("card", "undo flight seat 2")
      const retried = yield* retry(id)
      assert(retried._tag === "Retried")
      assert.deepStrictEqual(yield* ask(id), refused("retried", retried.id))
      yield* performSteppedActions()
      assert.deepStrictEqual(seen.slice(0, 3), ["hotel", "flight", "card"])
      // of the chain's first action, and the next number
      fails()
      yield* again(retried.id, "flight")
      assert.deepStrictEqual(scene.keys, [`${id}/flight/1/compensation`])
    }))

  test("18.2, 18.1: who is retried from a later step is that one's to undo", () =>
    Effect.gen(function*() {
      fails("card", "undo hotel")
      const id = yield* ended("bookLater")
      fails()
      const retried = yield* retry(id)
      assert(retried._tag === "Retried")
      assert.deepStrictEqual(yield* ask(id), refused("retried", retried.id))
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["flight", "card", "book succeeded"])
      assert.deepStrictEqual(yield* ask(id), refused("retried", retried.id))
    }))

  test("18.2, 10.4: what a child could not undo is run again by its id, and then its parent can be retried, with all its children", () =>
    Effect.gen(function*() {
      fails("leave", "undo reserve 2", "undo key 3")
      const id = yield* ended("groupLater")
      const [one, two] = yield* recordsOf("room")
      const [third] = yield* recordsOf("key")
      assert.deepStrictEqual([one!.unwound, two!.unwound?.notUndone?.length], [{}, 1])
      assert.deepStrictEqual(yield* ask(one!.id), refused("nothing", one!.id))
      assert.deepStrictEqual(yield* ask(id), refused("child", third!.id, "rooms"))
      assert.deepInclude(yield* retry(id), { _tag: "NotRetryable", reason: "notUndone", action: id, step: "rooms" })
      fails()
      const { cause } = yield* recordOf(id)
      assert.sameMembers(cause!.notUndone!.map(({ child }) => child!), [two!.id, third!.id])
      const ofTwo = cause!.notUndone!.filter(({ child }) => child === two!.id)
      assert.isUndefined((yield* recordOf(id)).unwound)
      yield* again(third!.id, "key")
      assert.deepStrictEqual((yield* recordOf(id)).unwound, { notUndone: ofTwo })
      assert.deepStrictEqual(yield* ask(id), refused("child", two!.id, "rooms"))
      yield* again(two!.id, "reserve")
      // and nothing is left to do, which its record says, too
      assert.deepStrictEqual((yield* recordOf(id)).unwound, {})
      assert.deepStrictEqual((yield* recordOf(id)).cause, cause)
      assert.deepStrictEqual(seen, ["undo key 3", "undo reserve 2"])
      assert.deepStrictEqual([(yield* recordOf(two!.id)).unwound, (yield* recordOf(third!.id)).unwound], [{}, {}])
      assert.deepStrictEqual(yield* ask(id), refused("nothing", id))
      fails()
      const retried = yield* retry(id)
      assert.strictEqual(retried._tag, "Retried", JSON.stringify(retried))
      yield* performSteppedActions()
      assert.sameMembers(seen, ["reserve 1", "reserve 2", "key 3", "leave", "group succeeded"])
    }))

  test("18.2: what is undone then is left for nobody above it", () =>
    Effect.gen(function*() {
      fails("leave", "undo reserve 1", "undo reserve 2")
      const id = yield* ended("fairLater")
      const [one, two] = yield* recordsOf("room")
      const [stay] = yield* recordsOf("stay")
      const left = (of: string) =>
        Effect.map(recordOf(of), ({ cause, unwound }) => (unwound ?? cause)?.notUndone?.map(({ child }) => child))
      assert.deepStrictEqual(yield* left(id), [stay!.id, stay!.id])
      assert.sameMembers((yield* left(stay!.id))!, [one!.id, two!.id])
      const shows = Effect.map(Stepped.tree(id), (tree) => Stepped.renderTree(Option.getOrThrow(tree)))
      assert.include(yield* shows, "not undone")
      fails()
      yield* again(one!.id, "reserve")
      assert.deepStrictEqual(yield* left(stay!.id), [two!.id])
      assert.deepStrictEqual([...new Set(yield* left(id))], [stay!.id])
      yield* again(two!.id, "reserve")
      assert.deepStrictEqual([yield* left(stay!.id), yield* left(id)], [undefined, undefined])
      assert.notInclude(yield* shows, "not undone")
      // of what is deleted nobody knows
      fails("leave", "undo reserve 1")
      const other = yield* ended("fairLater")
      const last = (yield* recordsOf("room")).findLast(({ unwound }) => unwound?.notUndone !== undefined)!
      const sql = yield* SqlClient.SqlClient
      yield* sql`delete from stepped.ended_actions where id = ${last.id}`
      assert.lengthOf((yield* left(other))!, 1)
    }))

  test("18.1, 10.4: where one of a step's children could not be unwound, and others were, it is not taken over", () =>
    Effect.gen(function*() {
      fails("leave", "undo reserve 2", "undo rooms")
      const id = yield* ended("groupLater")
      const { cause } = yield* recordOf(id)
      assert.deepStrictEqual(cause?.notUndone?.map(({ child }) => child !== undefined), [true, false])
      assert.deepInclude(yield* retry(id), { _tag: "NotRetryable", reason: "notUndone", action: id, step: "rooms" })
      fails()
      // its own first; what the child has left stays told
      yield* again(id, "rooms")
      assert.deepStrictEqual(seen, ["undo rooms"])
      assert.deepStrictEqual((yield* recordOf(id)).unwound, { notUndone: [cause!.notUndone![0]!] })
    }))

  /** Abandoned once what undoes it waits, after so many hours. */
  const abandoned = (hours: number) =>
    Effect.gen(function*() {
      fails("leave", "undo reserve 2")
      const { id } = yield* (yield* desk).partyLater()
      yield* performIdle
      const { id: there } = yield* (yield* desk).guardLater()
      for (let n = 0; n < hours; n++) {
        yield* TestClock.adjust("1 hour")
        yield* performIdle
      }
      yield* Effect.flatMap(ActionRepo, (repo) => repo.abandonUnwinding(id, { reason: "rain" }))
      yield* performIdle
      assert.strictEqual((yield* recordOf(id)).status, "failed")
      return { id, release: Stepped.complete(there, guard, Stepped.Outcome.succeededVoid) }
    })

  test("18.2, 10.4: children that nobody has begun to unwind, as that was abandoned, are unwound then", () =>
    Effect.gen(function*() {
      const { id, release } = yield* abandoned(1)
      yield* release
      assert.notInclude(seen, "undo reserve 1")
      fails("undo reserve 2")
      yield* again(id, "sleep", "rooms")
      assert.sameMembers(seen, ["undo spa", "undo spa", "undo reserve 2", "undo reserve 1", "undo key 3", "undo rooms"])
      const [, two] = yield* recordsOf("room")
      assert.deepStrictEqual((yield* recordOf(id)).unwound?.notUndone?.map(({ child }) => child), [two!.id])
    }))

  test("18.2, 10.4: children that are unwound already, or just now, are waited for, and what they could not undo is told", () =>
    Effect.gen(function*() {
      const { id, release } = yield* abandoned(2)
      assert.include(seen, "undo reserve 2")
      assert.notInclude(seen, "undo key 3")
      fails()
      assert.deepStrictEqual(yield* ask(id), { _tag: "Compensating", steps: ["rooms"] })
      yield* performIdle
      assert.deepStrictEqual(seen, [])
      yield* release
      yield* performIdle
      assert.deepStrictEqual(seen, ["undo key 3", "undo rooms"])
      const [, two] = yield* recordsOf("room")
      assert.deepStrictEqual((yield* recordOf(id)).unwound?.notUndone?.map(({ child }) => child), [two!.id])
      assert.deepStrictEqual(yield* ask(id), refused("child", two!.id, "rooms"))
    }))

  test("18.2: where children that are still to be unwound were deleted, nothing is said to be undone", () =>
    Effect.gen(function*() {
      const { id, release } = yield* abandoned(1)
      yield* release
      const [one] = yield* recordsOf("room")
      assert.deepInclude(yield* Effect.flatMap(ActionRepo, (repo) => repo.delete(one!.id)), { _tag: "Deleted" })
      assert.deepStrictEqual(yield* ask(id), refused("deleted", id, "rooms"))
      yield* performSteppedActions()
    }))

  const before = new Date(10_000_000_000_000)
  const undoneRooms = () => seen.filter((text) => text.startsWith("undo reserve"))
  /** It has asked for its rooms, and waits for an hour; with `hours`, so many have passed. */
  const feasting = (hours: number) =>
    Effect.gen(function*() {
      fails("leave")
      const handle = yield* (yield* desk).feastLater()
      yield* performIdle
      for (let n = 0; n < hours; n++) {
        yield* TestClock.adjust("1 hour")
        yield* performIdle
      }
      return handle
    })
  /** It, or its child, is ended by somebody who wants nothing undone, and it is retried. */
  const retriedAfter = (hours: number, of: "feast" | "inn") =>
    Effect.gen(function*() {
      const handle = yield* feasting(hours)
      const [cancelled] = yield* recordsOf(of)
      assert.isTrue(yield* Stepped.cancel(cancelled!.id, { compensate: false }))
      yield* performIdle
      const verb = yield* retry(handle.id)
      assert(verb._tag === "Retried", JSON.stringify(verb))
      yield* performIdle
      return { old: handle.id, id: verb.id }
    })

  test("18.2, 10.4: what children that are still to be unwound are to unwind in turn, and was deleted, is told of as well", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const { id } = yield* feasting(2)
      assert.strictEqual(yield* repo.abandonUnwinding(id, { reason: "rain" }), "done")
      yield* performSteppedActions()
      const [one] = yield* recordsOf("room")
      assert.deepInclude(yield* repo.delete(one!.id), { _tag: "Deleted" })
      assert.deepStrictEqual(yield* ask(id), refused("deleted", id, "inn"))
    }))

  test("4.7, 10.4, 18.1: what a child that was taken over is to unwind is kept as long as the new action is live", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      yield* retriedAfter(1, "feast")
      const [one] = yield* recordsOf("room")
      assert.deepStrictEqual(yield* repo.delete(one!.id), {
        _tag: "Kept",
        kept: [{ id: one!.id, because: "unwinding" }]
      })
      // the old action alone
      assert.strictEqual((yield* repo.deleteEnded({ before })).deleted, 1)
      yield* performSteppedActions()
      assert.sameMembers(undoneRooms(), ["undo reserve 2", "undo reserve 1"])
      assert.strictEqual((yield* repo.deleteEnded({ before })).deleted, 4)
    }))

  test("4.7, 10.4, 18.1: what a child that is retried with its parent has taken over is kept, and what the old one was goes", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const { old } = yield* retriedAfter(0, "inn")
      yield* TestClock.adjust("1 hour")
      yield* performIdle
      assert.lengthOf(yield* recordsOf("inn"), 2)
      const kept = (yield* recordsOf("room")).map(({ id }) => ({ id, because: "unwinding" as const }))
      const deleted = yield* repo.delete(old)
      assert(deleted._tag === "Deleted")
      assert.strictEqual(deleted.deleted, 2)
      assert.sameDeepMembers([...deleted.kept], kept)
      assert.strictEqual((yield* repo.deleteEnded({ before })).deleted, 0)
      yield* performSteppedActions()
      assert.sameMembers(undoneRooms(), ["undo reserve 2", "undo reserve 1"])
    }))

  test("4.7, 18.1: what a child that was taken over is to unwind is kept for who is to go on for the new action", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const { id } = yield* retriedAfter(1, "feast")
      assert.isTrue(yield* Stepped.cancel(id, { compensate: false }))
      yield* performIdle
      assert.strictEqual((yield* retry(id))._tag, "Retried")
      const [one] = yield* recordsOf("room")
      assert.deepStrictEqual(yield* repo.delete(one!.id), { _tag: "Kept", kept: [{ id: one!.id, because: "retry" }] })
      yield* performSteppedActions()
      assert.sameMembers(undoneRooms(), ["undo reserve 2", "undo reserve 1"])
    }))

  test("18.1, 10.4: what is to be undone with the new action, and was deleted, is not taken over", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      for (const name of ["room", "inn"]) {
        const handle = yield* feasting(1)
        yield* handle.cancel({ compensate: false })
        yield* performIdle
        const [one] = (yield* recordsOf(name)).slice(name === "room" ? -2 : -1)
        assert.deepInclude(yield* repo.delete(one!.id), { _tag: "Deleted" })
        assert.deepStrictEqual(yield* retry(handle.id), {
          _tag: "NotRetryable",
          reason: "deleted",
          action: handle.id,
          step: "inn"
        })
      }
    }))

  test("18.2: what is too much to travel with an answer is read apart", () =>
    Effect.gen(function*() {
      fails("b", "undo a 200000")
      const id = yield* ended("heavyLater")
      fails()
      yield* again(id, "a")
      assert.deepStrictEqual(seen, ["undo a 200000"])
      assert.deepStrictEqual((yield* recordOf(id)).unwound, {})
    }))

  test("18.2: a child that has failed is undone again by its id, and its parent is not retried meanwhile", () =>
    Effect.gen(function*() {
      fails("card", "undo flight seat 2")
      const id = yield* ended("tourLater")
      const [child] = yield* recordsOf("book")
      assert.deepStrictEqual(yield* ask(id), refused("nothing", id))
      assert.deepInclude(yield* retry(id), { _tag: "NotRetryable", reason: "notUndone", action: child!.id })
      fails()
      assert.strictEqual((yield* ask(child!.id))._tag, "Compensating")
      assert.deepInclude(yield* retry(id), { _tag: "NotRetryable", reason: "ending", action: child!.id })
      yield* performSteppedActions()
      fails()
      assert.strictEqual((yield* retry(id))._tag, "Retried")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["hotel", "flight", "card", "book succeeded"])
    }))

  /** Retries it, and gives the id of what goes on for it. */
  const retried = (id: string) =>
    Effect.map(retry(id), (answer) => {
      assert(answer._tag === "Retried", JSON.stringify(answer))
      return answer.id
    })

  test("18.2, 18.1: while a retry of what is above it is to begin, that goes on for it, and it is not undone again", () =>
    Effect.gen(function*() {
      fails("card", "undo hotel")
      const id = yield* ended("tourLater")
      const [child] = yield* recordsOf("book")
      // it has gone on for it by itself, and is not undone either
      const alone = yield* retried(child!.id)
      yield* performSteppedActions()
      const next = yield* retried(id)
      assert.deepStrictEqual(yield* ask(alone), refused("retried", next))
      fails()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["flight", "card", "book succeeded"])
      assert.deepInclude(yield* recordOf(next), { status: "succeeded", result: "tour booked" })
      const [last] = yield* Effect.flatMap(ActionRepo, (repo) => repo.list({ retryOf: alone }))
      assert.deepStrictEqual(yield* ask(alone), refused("retried", last!.id))
    }))

  test("18.2, 18.1: so it is where what is retried has waited for what had gone on for its child by itself", () =>
    Effect.gen(function*() {
      fails("card")
      const id = yield* ended("tourLater")
      const [child] = yield* recordsOf("book")
      // the lane is held for an hour
      fails("b")
      yield* (yield* desk).slowLater()
      yield* performIdle
      const alone = yield* retried(child!.id)
      const between = yield* retried(id)
      yield* performIdle
      fails("card", "undo hotel")
      yield* performSteppedActions()
      assert.strictEqual((yield* recordOf(between)).status, "failed")
      const next = yield* retried(between)
      assert.deepStrictEqual(yield* ask(alone), refused("retried", next))
      assert.deepStrictEqual(yield* retry(alone), { _tag: "AlreadyRetried", id: next })
      fails()
      yield* performSteppedActions()
      assert.deepInclude(yield* recordOf(next), { status: "succeeded", result: "tour booked" })
    }))

  test("18.2, 18.1: a parent that is undone again is not retried meanwhile, from below either", () =>
    Effect.gen(function*() {
      fails("card")
      const { id } = yield* (yield* desk).cruiseLater()
      yield* performIdle
      assert.strictEqual(
        yield* Effect.flatMap(ActionRepo, (repo) => repo.abandonUnwinding(id, { reason: "rain" })),
        "done"
      )
      yield* performIdle
      const [child] = yield* recordsOf("book")
      assert.strictEqual((yield* ask(id))._tag, "Compensating")
      yield* performIdle
      const upwards = Effect.flatMap(ActionRepo, (repo) => repo.retry(child!.id, { upwards: true }))
      assert.deepInclude(yield* upwards, { _tag: "NotRetryable", reason: "live", action: id })
      yield* performSteppedActions()
      fails()
      assert.deepInclude(yield* upwards, { _tag: "Retried", retryOf: id })
      yield* performSteppedActions()
    }))

  test("18.2: what the engine ends while it is run again says what is left", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      fails("card", "undo flight seat 2")
      const id = yield* ended("bookLater")
      yield* sql`update stepped.ended_actions set actor_id = 'one' where id = ${id}`
      yield* again(id, "flight")
      const { notUndone } = (yield* recordOf(id)).unwound!
      assert.lengthOf(notUndone!, 1)
      assert.match(notUndone![0]!.message, /the actor's id cannot be read/)
      yield* sql`update stepped.ended_actions set actor_id = '1' where id = ${id}`
      fails()
      yield* again(id, notUndone![0]!.step)
      assert.deepStrictEqual(seen, ["undo flight seat 2"])
      assert.deepStrictEqual((yield* recordOf(id)).unwound, {})
    }))
})
