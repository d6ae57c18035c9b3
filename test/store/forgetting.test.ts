/** Rule 18.5: the pages in which an actor is forgotten, over a storage of which the test decides what is there when. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { forgettingOf } from "../../src/store/forgetting.ts"
import type { ForgottenPage, Records } from "../../src/store/Records.ts"

const actor = { actorType: "Customer", actorId: "1" }
const nothing: ForgottenPage = { actions: 0, others: 0, achievements: 0, before: 0, stays: [], next: undefined }

type Page = Parameters<Records["forgetEnded"]>[1]
type Holders = { readonly ids: ReadonlyArray<string>; readonly count: number }

/** Notes which pages are asked for; `holders` are those of the first look and of the last. */
const storage = (
  holders: ReadonlyArray<Holders>,
  pageOf: (page: Page) => Partial<ForgottenPage> = () => ({})
) => {
  const asked: Array<Page> = []
  const refused: Array<string> = []
  const looks = [...holders]
  const forget = forgettingOf({
    holdersOf: () => Effect.sync(() => looks.shift()!),
    forgetEnded: (_actor, page) =>
      Effect.sync(() => {
        asked.push(page)
        return { ...nothing, ...pageOf(page) }
      }),
    forgetAnswers: () => Effect.succeed({ answers: 0, next: undefined }),
    forgetAchievements: () => Effect.succeed(0),
    recordOutcome: (_operation, outcome) => Effect.sync(() => void refused.push(outcome))
  })
  return { asked, refused, forget: forget(actor) }
}
const none = { ids: [], count: 0 }

it.effect("18.5: what was live before and is not after it is looked at by its id", () =>
  Effect.gen(function*() {
    const { asked, forget } = storage(
      [{ ids: ["a", "b"], count: 2 }, { ids: ["b"], count: 1 }],
      ({ ids }) => ids === undefined ? {} : { actions: 1 }
    )
    const { actions, left } = yield* forget
    assert.deepStrictEqual(asked.flatMap(({ ids }) => ids ?? []), ["a"])
    assert.deepStrictEqual([actions, left], [1, { count: 1, first: [{ id: "b", because: "live" }] }])
  }))

it.effect("18.5: what had to stay is looked at again in the end, and listed only if it still has to", () =>
  Effect.gen(function*() {
    const stays = [{ id: "a", because: "parent" }, { id: "b", because: "locked" }] as const
    const { asked, forget } = storage(
      [none, none],
      ({ ids, since }) =>
        ids !== undefined ? { actions: 1, stays: [stays[0]] } : since === undefined ? { stays } : { stays: [stays[1]] }
    )
    assert.deepInclude(yield* forget, { actions: 1, left: { count: 1, first: [stays[0]] } })
    assert.deepStrictEqual(asked.flatMap(({ ids }) => ids ?? []), ["a", "b"])
  }))

it.effect("18.5: what comes while it runs is gone through once more, and all of it where not all that is live is named", () =>
  Effect.gen(function*() {
    yield* TestClock.adjust("1 hour")
    const few = storage([none, none])
    yield* few.forget
    assert.deepStrictEqual(few.asked.map(({ since }) => since), [undefined, 3_000_000])
    const many = storage([{ ids: ["a"], count: 10_001 }, none])
    yield* many.forget
    assert.deepStrictEqual(many.asked.map(({ ids, since }) => [ids, since]), [
      [undefined, undefined],
      [undefined, undefined],
      [["a"], undefined]
    ])
  }))

it.effect("18.5: goes on below the page before, until there is none; what has changed nothing is recorded where something is left", () =>
  Effect.gen(function*() {
    const { asked, forget, refused } = storage(
      [{ ids: ["x"], count: 1 }, { ids: ["x"], count: 1 }],
      ({ below, since }) => since === undefined && below === undefined ? { next: "f" } : {}
    )
    yield* forget
    assert.deepStrictEqual(asked.slice(0, 2).map(({ below }) => below), [undefined, "f"])
    assert.deepStrictEqual(refused, ["live"])
  }))
