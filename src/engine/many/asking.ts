/**
 * Asks for a verb on each of many actions: batch by batch, each of them once, and on from where an earlier worker has come to.
 *
 * Nothing is kept beside the records of operations. Each verb is recorded in its own transaction together with the action that asks
 * (`through`), which is unique for each target: a transition that would be done a second time fails, also that of a worker that has lost its
 * action and does not know. So what is recorded says how far this is, and what has come of it.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { ownActor } from "../../domain/reserved.ts"
import type { ManyOutcome, ManySummary } from "../../Many.ts"
import type { StorageError } from "../../SteppedError.ts"
import { operationOf, Through, withinOf } from "../../store/asked.ts"
import type { Records, Within } from "../../store/Records.ts"
import { tookTooLong } from "../../store/Store.ts"
import { log } from "../log.ts"
import type { Registered } from "../Registry.ts"
import { retryForCaller, retryWhileAway } from "../retrying.ts"
import { type Asked, Asking, forMany, Operator } from "./definition.ts"
import { asking, type Verbs } from "./verbs.ts"

/** How many are asked for at the same moment, where no rate is given. */
const besideMax = 4

/** The database answers nobody: that says nothing of whom it was asked for. */
class Away extends Data.TaggedError("Away")<{ readonly away: StorageError }> {}

export const make = (store: Records, verbs: Verbs, now: Effect.Effect<number>): Asking["Service"] => {
  const verbOn = asking(verbs)

  /** Unless it is recorded: then it was done, whatever this try says, or by who had this in hand before. */
  const once = (through: string, target: string, effect: Effect.Effect<unknown, StorageError | Away>) =>
    Effect.catchTag(effect, "StorageError", (error) =>
      Effect.flatMap(
        Effect.mapError(store.askedOf(through, [target]), (away) => new Away({ away })),
        (known) => known.has(target) ? Effect.void : Effect.fail(error)
      ))

  const record = (
    { by, id, reason }: Asked,
    verb: Asked["verb"]["verb"] | "Stepped.forMany",
    of: string,
    outcome: string
  ) =>
    once(
      id,
      of,
      Effect.flatMap(
        Effect.orDie(operationOf(now, verb, of, { by, reason })),
        (operation) => store.recordOutcome(operation, outcome)
      )
    )

  const askOf = (asked: Asked, id: string) => {
    const { verb } = asked.verb
    const tried = once(
      asked.id,
      id,
      Effect.flatMap(
        verbOn(asked, id),
        (unasked) => unasked === undefined ? Effect.void : record(asked, verb, id, unasked)
      )
    )
    // somebody has it locked for longer than this waits for one of many: each time the database has answered others
    return Effect.catchTag(
      retryForCaller(() => tried, (error) => !tookTooLong(error)),
      "StorageError",
      (error) => {
        if (error.isRetryable) return record(asked, verb, id, "busy")
        // it would be refused each time, and keep the others from their turn; where nothing can be recorded either, this fails
        return Effect.andThen(
          record(asked, verb, id, "failed"),
          log.trouble(`${verb} of ${id} has failed`, error, "it is left out, and the next ones are asked")
        )
      }
    )
  }

  /** Those that are meant, behind one of them. */
  const looking = (asked: Asked) =>
    Effect.gen(function*() {
      const { batch, filter } = asked
      const within = yield* Effect.orDie(withinOf("Stepped.forMany", filter))
      const bounds: Within | undefined = within && {
        ...within,
        ...filter.parent === undefined ? {} : { parent: (yield* store.actionsOf([filter.parent]))[0] },
        ...boundsOf(asked)
      }
      return (after: string) =>
        bounds === undefined ? Effect.succeed([]) : store.idsLike({ ...filter, after }, batch, bounds)
    })

  const askAll = (asked: Asked, progress: Parameters<Asking["Service"]["ask"]>[1]) =>
    Effect.gen(function*() {
      const { batch, count, id, rate } = asked
      const idsAfter = yield* looking(asked)
      // where no worker was, who has started it has not recorded that
      if (!(yield* store.askedOf(id, [id])).has(id)) yield* record(asked, "Stepped.forMany", id, "done")
      let sum = sumOf(yield* store.askedThrough(id))
      // of a batch all are recorded before the next one is looked for: the last one may be in part, whatever was before it is not
      let after = (yield* store.askedBefore(id, batch)) ?? id
      let due = yield* Clock.currentTimeMillis
      const beside = rate === undefined ? besideMax : 1
      while (true) {
        const ids = yield* idsAfter(after)
        const known = yield* store.askedOf(id, ids)
        const left = ids.filter((one) => !known.has(one))
        for (let at = 0; at < left.length; at += beside) {
          if (rate !== undefined) {
            const now = yield* Clock.currentTimeMillis
            if (due > now) yield* Effect.sleep(due - now)
            due = Math.max(due, now) + 1000 / rate
          }
          const some = left.slice(at, at + beside)
          yield* Effect.forEach(some, (one) => askOf(asked, one), { concurrency: "unbounded", discard: true })
          sum += some.length
          yield* progress({ asked: sum, of: count })
        }
        if (ids.length < batch) return summaryOf(yield* store.askedThrough(id))
        after = ids.at(-1)!
      }
    })

  return {
    ask: (asked, progress) =>
      // it goes on from what is recorded, here as after a crash
      Effect.provideService(
        retryWhileAway(
          Effect.catchTag(Effect.suspend(() => askAll(asked, progress)), "Away", ({ away }) => Effect.fail(away))
        ),
        Through,
        asked.id
      )
  }
}

/** What the engine itself registers. */
export const registration = (store: Records, verbs: Verbs, now: Effect.Effect<number>): Registered => ({
  actor: Operator,
  actions: [forMany],
  methods: {},
  context: Context.make(Asking, make(store, verbs, now))
})

/** What holds of those that are meant beside the filter: nothing of the engine's own, unless it is named, and of failures those until the plan. */
export const boundsOf = (
  { at, failedSince, filter }: Pick<Asked, "at" | "failedSince" | "filter">
): Pick<Within, "notOf" | "endedSince" | "endedBefore"> => ({
  ...filter.actorType === undefined ? { notOf: ownActor } : {},
  endedSince: failedSince,
  endedBefore: at + 1
})

const sumOf = (outcomes: ReadonlyArray<ManyOutcome>): number => outcomes.reduce((sum, { count }) => sum + count, 0)

const summaryOf = (outcomes: ReadonlyArray<ManyOutcome>): ManySummary => {
  const isGone = (outcome: string) => outcome === "none" || outcome === "over"
  return {
    done: sumOf(outcomes.filter(({ outcome }) => outcome === "done")),
    refused: outcomes.filter(({ outcome }) => outcome !== "done" && !isGone(outcome)),
    gone: sumOf(outcomes.filter(({ outcome }) => isGone(outcome)))
  }
}
