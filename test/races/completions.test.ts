/**
 * Two ends for one action, each before the other: the first is held up in the middle of its transition, with its locks and not
 * committed, until the second has come. Exactly one wins, the callbacks run once, the lane moves on once, and the parent is told once
 * (rules 1.2, 4.4, 4.5); what comes later still, while the callbacks run or when all is over, finds nothing to end.
 *
 * Three actions share the lane: the current one, whose body runs; the next one, which is pending; a newcomer, where one comes. A newcomer
 * supersedes the next one and never the current one (rule 2.5 c), which all other ends need: there the two meet in the lane, whose
 * next performer is either superseded or begins. A pending action can be cancelled too: that end meets a newcomer at one action. Two ends
 * of one body are those of two workers: one that has lost its lease, and the one that has taken over.
 */
import { describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { healthy, server } from "../harness/databases.ts"
import { all, Cars, generations, isBody, meet, Race, release, type Requirements, takeOver } from "./fixtures/twoEnds.ts"

describe("two ends", () => {
  const test = (name: string, scenario: () => Effect.Effect<void, unknown, Requirements>) =>
    it.effect(name, () =>
      Effect.andThen(Effect.scoped(Effect.ensuring(scenario(), release)), healthy).pipe(
        Effect.provide(Layer.provideMerge(Cars.layer, server.layer()))
      ))

  for (const hasCallbacks of [false, true]) {
    const suffix = hasCallbacks ? ", with callbacks" : ""
    for (const first of all) {
      for (const second of all) {
        const race = new Race(first, second, hasCallbacks)
        const isTakenOver = isBody(first) && isBody(second)
        test(`${first}, then ${second}${suffix}`, (): Effect.Effect<void, unknown, Requirements> =>
          isTakenOver ? takeOver(race) : meet(race))
      }
    }
    const name = hasCallbacks ? "hooked" : "plain"
    test(`4.6: a parent's cancellation, then its child's last step${suffix}`, () => generations(name, true))
    test(`4.6: a child's last step, then its parent's cancellation${suffix}`, () => generations(name, false))
  }
})
