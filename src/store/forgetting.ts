/** Forgetting an actor: all of the history, page by page, and what has ended meanwhile. */
import * as Effect from "effect/Effect"
import type { ForgetOptions, Forgetting, ForgottenActor, StillThere } from "../Operation.ts"
import { InvalidQuery, type StorageError } from "../SteppedError.ts"
import { limitOf, operationOf, textOf } from "./asked.ts"
import type { ForgottenPage, NewOperation, Records } from "./Records.ts"

/** Actions, ended or not, or answers, that one transaction looks at. */
const pageMax = 1000

/** Of those that are not over, how many are looked at by their ids once they are. */
const holdersMax = 10_000

/** Of those that stay, how many are named. */
const namedMax = 100

/** How often it goes through all of the history, where actions of the actor end all the time. */
const roundsMax = 100

/** How many a dry run looks at, of what has ended, of what is not over, and of answers each: of one that has somebody's result handed on a look takes a tenth of a ms and more. */
const plannedLimit = { otherwise: 10_000, most: 100_000 }

/** Ids take the time of whoever enqueues, whose clock may be behind: by so much, in ms, later ones may lie before the beginning. */
const behindMs = 600_000

type Forgets = Pick<Records, "forgetEnded" | "forgetAnswers" | "forgetAchievements" | "holdersOf" | "recordOutcome">

type Sum = Omit<ForgottenPage, "next">

const none: Sum = { actions: 0, others: 0, achievements: 0, before: 0, stays: [] }

const plus = (a: Sum, b: Sum): Sum => ({
  actions: a.actions + b.actions,
  others: a.others + b.others,
  achievements: a.achievements + b.achievements,
  before: a.before,
  stays: [...a.stays, ...b.stays]
})

/** In pages. Called again it goes through all of it again, and finds what is left. */
export const forgettingOf =
  (store: Forgets, now: Effect.Effect<number>) =>
  (actor: ForgottenActor, options: ForgetOptions = {}): Effect.Effect<Forgetting, StorageError | InvalidQuery> =>
    Effect.gen(function*() {
      yield* textOf("actorType of ActionRepo.forget", actor.actorType, 100)
      yield* textOf("actorId of ActionRepo.forget", actor.actorId, 1000)
      const operation = yield* operationOf(now, "ActionRepo.forget", `${actor.actorType}/${actor.actorId}`, options)
      if (options.dryRun === true) {
        const most = yield* limitOf("limit of ActionRepo.forget", options.limit, plannedLimit)
        const live = yield* allHolders(store, actor, most)
        const found = yield* pages(store, actor, operation, { isPlan: true, most })
        const answers = yield* allAnswers(store, actor, operation, { isPlan: true, most })
        return answerOf(found, live, answers.count, live.hasMore || found.hasMore || answers.hasMore)
      }
      if (options.limit !== undefined) {
        const takes = "nothing without dryRun: all of the history is gone through"
        return yield* new InvalidQuery({ field: "limit of ActionRepo.forget", value: String(options.limit), takes })
      }
      const { left, sum } = yield* rounds(store, actor, operation)
      // what was achieved is gone before the last answer is looked at that somebody may have made of it
      const achievements = sum.achievements + (yield* allAchieved(store, actor, operation))
      const { count: answers } = yield* allAnswers(store, actor, operation, { isPlan: false })
      const answer = answerOf({ ...sum, achievements }, left, answers, false)
      const changed = answer.actions + answer.others + answers + achievements
      if (changed === 0 && answer.left.count > 0) yield* store.recordOutcome(operation, "live")
      return answer
    })

/**
 * Goes through all of the history until there is nothing new: what of an actor's result was handed on further is known once it is forgotten where it was
 * handed on first, and who is passed by while it lives may end with such a result.
 */
const rounds = (store: Forgets, actor: ForgottenActor, operation: NewOperation) =>
  Effect.gen(function*() {
    let sum = none
    let left = yield* allHolders(store, actor)
    for (let round = 0; round < roundsMax; round++) {
      const live = left
      const all = yield* pages(store, actor, operation, { isPlan: false })
      // what has come and gone meanwhile; where not all that was live is named, it may be anywhere
      const since = live.count > live.ids.length ? undefined : operation.at - behindMs
      const again = yield* pages(store, actor, operation, { isPlan: false, since })
      left = yield* allHolders(store, actor)
      const isLeft: ReadonlySet<string> = new Set(left.ids)
      const over = live.ids.filter((id) => !isLeft.has(id))
      // what was live, and what had to stay, as far as that is over by now
      let found: Sum = { ...plus(all, again), stays: [] }
      const looked = new Set([...over, ...all.stays.map(({ id }) => id), ...again.stays.map(({ id }) => id)])
      for (const ids of chunks([...looked])) {
        found = plus(found, yield* store.forgetEnded(actor, { ids, isPlan: false, limit: pageMax }, operation))
      }
      sum = { ...plus({ ...sum, stays: [] }, found), before: round === 0 ? all.before : sum.before }
      if (found.actions + found.others + over.length === 0) break
    }
    return { sum, left }
  })

const answerOf = (
  { achievements, actions, before, others, stays }: Sum,
  live: Holders,
  answers: number,
  hasMore: boolean
): Forgetting => ({
  actions,
  others,
  answers,
  achievements,
  before,
  hasMore,
  left: {
    count: live.count + stays.length,
    first: [...live.ids.map((id): StillThere => ({ id, because: "live" })), ...stays].slice(0, namedMax)
  }
})

const chunks = <A>(all: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(all.length / pageMax) }, (_, i) => all.slice(i * pageMax, (i + 1) * pageMax))

/** Adds page to page, until there are no more or so many were looked at; says whether there may be more. */
const adding = <P extends { readonly next: string | undefined }, A extends object, E>(
  most: number,
  none: A,
  ask: (from: string | undefined, limit: number) => Effect.Effect<P, E>,
  plus: (sum: A, page: P) => A
): Effect.Effect<A & { readonly hasMore: boolean }, E> =>
  Effect.gen(function*() {
    let sum = none
    let from: string | undefined
    for (let left = most; left > 0; left -= pageMax) {
      const page: P = yield* ask(from, Math.min(left, pageMax))
      sum = plus(sum, page)
      from = page.next
      if (from === undefined) return { ...sum, hasMore: false }
    }
    return { ...sum, hasMore: true }
  })

interface How {
  readonly isPlan: boolean
  /** How many are looked at: all, if not given. */
  readonly most?: number
}

const pages = (
  store: Forgets,
  actor: ForgottenActor,
  operation: NewOperation,
  { isPlan, most = Infinity, since }: How & { readonly since?: number | undefined }
) =>
  adding(
    most,
    none,
    (below, limit) => store.forgetEnded(actor, { below, since, isPlan, limit }, operation),
    (sum, page) => ({ ...plus(sum, page), before: sum.before + page.before })
  )

interface Holders {
  readonly ids: ReadonlyArray<string>
  readonly count: number
}

const nobody: Holders = { ids: [], count: 0 }

/** Who is not over and has something of the actor's: how many, and some of them. */
const allHolders = (store: Forgets, actor: ForgottenActor, most = Infinity) =>
  adding(
    most,
    nobody,
    (after, limit) => store.holdersOf(actor, { after, limit }),
    ({ count, ids }, page) => ({
      ids: [...ids, ...page.ids.slice(0, holdersMax - ids.length)],
      count: count + page.ids.length
    })
  )

const allAnswers = (
  store: Forgets,
  actor: ForgottenActor,
  operation: NewOperation,
  { isPlan, most = Infinity }: How
) =>
  adding(
    most,
    { count: 0 },
    (after, limit) => store.forgetAnswers(actor, { after, isPlan, limit }, operation),
    ({ count }, page) => ({ count: count + page.answers })
  )

/** What was achieved under the actor's own keys by actions that are not in the history any more. */
const allAchieved = (store: Forgets, { actorId, actorType }: ForgottenActor, operation: NewOperation) =>
  Effect.gen(function*() {
    const actor = `${actorType}/${actorId}`
    let achieved = 0
    while (true) {
      const page = yield* store.forgetAchievements({ actorType, below: actor, defaultOf: actor }, pageMax, operation)
      achieved += page
      if (page === 0) return achieved
    }
  })
