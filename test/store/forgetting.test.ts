/** Rule 18.5: the pages in which an actor is forgotten, over a storage of which the test decides what is there when. */
import { assert, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { TestClock } from "effect/testing"
import { forgettingOf } from "../../src/store/forgetting.ts"
import type { ForgottenPage, Records } from "../../src/store/Records.ts"

const actor = { actorType: "Customer", actorId: "1" }
const nothing: ForgottenPage = { actions: 0, others: 0, achievements: 0, before: 0, stays: [], next: undefined }

type Page = Parameters<Records["forgetEnded"]>[1]

/** Notes which pages are asked for; `holders` are those of each look. */
const storage = (
  holders: ReadonlyArray<ReadonlyArray<string>>,
  pageOf: (page: Page) => Partial<ForgottenPage> = () => ({})
) => {
  const asked: Array<Page> = []
  const refused: Array<string> = []
  const steps: Array<string> = []
  const looks = [...holders]
  const forget = forgettingOf({
    holdersOf: (_actor, { after, limit }) =>
      Effect.sync(() => {
        const all = looks[0]!
        const from = after === undefined ? 0 : all.indexOf(after) + 1
        const ids = all.slice(from, from + limit)
        const next = ids.length === limit ? ids.at(-1) : undefined
        if (next === undefined) looks.shift()
        return { ids, next }
      }),
    forgetEnded: (_actor, page) =>
      Effect.sync(() => {
        asked.push(page)
        steps.push("history")
        return { ...nothing, ...pageOf(page) }
      }),
    forgetAnswers: () =>
      Effect.sync(() => {
        steps.push("answers")
        return { answers: 0, next: undefined }
      }),
    forgetAchievements: () =>
      Effect.sync(() => {
        steps.push("achievements")
        return 0
      }),
    recordOutcome: (_operation, outcome) => Effect.sync(() => void refused.push(outcome))
  }, Clock.currentTimeMillis)
  return { asked, refused, steps, forget: forget(actor) }
}
const none: ReadonlyArray<string> = []

it.effect("18.5: what was live before and is not after it is looked at by its id, and all of the history once more", () =>
  Effect.gen(function*() {
    const { asked, forget } = storage(
      [["a", "b"], ["b"], ["b"]],
      ({ ids }) => ids === undefined ? {} : { actions: 1 }
    )
    const { actions, left } = yield* forget
    assert.deepStrictEqual(asked.flatMap(({ ids }) => ids ?? []), ["a"])
    assert.deepStrictEqual([actions, left], [1, { count: 1, first: [{ id: "b", because: "live" }] }])
    assert.lengthOf(asked.filter(({ below, ids }) => ids === undefined && below === undefined), 4)
  }))

it.effect("18.5: it goes through all of the history until nothing new is found there", () =>
  Effect.gen(function*() {
    yield* TestClock.adjust("1 hour")
    const found = [2, 1]
    const { asked, forget } = storage(
      [none, none, none, none],
      ({ since }) => since === undefined ? { others: found.shift() ?? 0, before: 3 } : {}
    )
    assert.deepInclude(yield* forget, { others: 3, before: 3, left: { count: 0, first: [] } })
    assert.lengthOf(asked.filter(({ since }) => since === undefined), 3)
  }))

it.effect("18.5: answers are gone through last, once nothing that was achieved can become one", () =>
  Effect.gen(function*() {
    const { forget, steps } = storage([none, none])
    yield* forget
    assert.deepStrictEqual(steps, ["history", "history", "achievements", "answers"])
  }))

it.effect("18.5: what had to stay is looked at again in the end, and listed only if it still has to", () =>
  Effect.gen(function*() {
    const stays = [{ id: "a", because: "parent" }, { id: "b", because: "locked" }] as const
    const { asked, forget } = storage(
      [none, none, none],
      ({ ids, since }) =>
        ids?.length === 2
          ? { actions: 1, stays: [stays[0]] }
          : ids !== undefined
          ? { stays: [stays[0]] }
          : since !== undefined
          ? {}
          : asked.length === 1
          ? { stays }
          : { stays: [stays[0]] }
    )
    assert.deepInclude(yield* forget, { actions: 1, left: { count: 1, first: [stays[0]] } })
    assert.deepStrictEqual(asked.flatMap(({ ids }) => ids === undefined ? [] : [ids]), [["a", "b"], ["a"]])
  }))

it.effect("18.5: what comes while it runs is gone through once more, and all of it where not all that is live is named", () =>
  Effect.gen(function*() {
    yield* TestClock.adjust("1 hour")
    const few = storage([none, none])
    yield* few.forget
    assert.deepStrictEqual(few.asked.map(({ since }) => since), [undefined, 3_000_000])
    const many = storage([Array.from({ length: 10_001 }, (_, i) => `${i}`), none, none])
    yield* many.forget
    // those of which it knows are looked at, in pages
    assert.deepStrictEqual(many.asked.slice(0, 2).map(({ ids, since }) => [ids, since]), [
      [undefined, undefined],
      [undefined, undefined]
    ])
    assert.lengthOf(many.asked.flatMap(({ ids }) => ids ?? []), 10_000)
  }))

it.effect("18.5: goes on below the page before, until there is none; what has changed nothing is recorded where something is left", () =>
  Effect.gen(function*() {
    const { asked, forget, refused } = storage(
      [["x"], ["x"]],
      ({ below, since }) => since === undefined && below === undefined ? { next: "f" } : {}
    )
    yield* forget
    assert.deepStrictEqual(asked.slice(0, 2).map(({ below }) => below), [undefined, "f"])
    assert.deepStrictEqual(refused, ["live"])
  }))
