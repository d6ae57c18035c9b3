/**
 * Checks the invariants: all of them over one snapshot; and where that takes longer than a statement may, one after the other, so that what is found is told, and what could not be checked is named.
 */
import * as Effect from "effect/Effect"
import type { Finding } from "../Engine.ts"
import type { StorageError } from "../SteppedError.ts"
import { monotonic } from "../store/RealClock.ts"
import type { Calls } from "./call.ts"
import { at } from "./columns.ts"
import { type Check, checks } from "./Doctor.ts"
import { isCutOff } from "./storageError.ts"

/** Of each check at most. */
const findingsMost = 100

/** For how long checks are begun one by one: who asks over HTTP waits five minutes for the first word of an answer. */
const patienceMs = 180_000

/** At a time of the users'. */
export const examineOf = (
  { callUnprepared, schema }: Calls
): (now: number) => Effect.Effect<ReadonlyArray<Finding>, StorageError> => {
  const textOf = ([, , query]: Check, i: number) =>
    `select * from (select ${i} as n, x.subject collate "C" as subject from (${
      query(schema)
    }) x(subject) limit ${findingsMost}) q${i}`
  const ask = (text: string, now: number) =>
    // of a check by itself the time may be no part
    Effect.map(callUnprepared("doctor", text, text.includes("$1") ? [at(now)] : []), (rows) =>
      rows.map(([n, subject]): Finding => {
        const [invariant, problem] = checks[n as number]!
        return { invariant, problem, subject: subject as string }
      }))
  const all = checks.map(textOf).join("\nunion all\n")

  const oneByOne = (now: number) =>
    Effect.suspend(() => {
      const until = monotonic() + patienceMs
      return Effect.map(
        Effect.forEach(checks, (check, i) => {
          const [invariant, problem] = check
          const cut: ReadonlyArray<Finding> = [{ invariant, problem, subject: "not checked", isUnchecked: true }]
          return monotonic() > until
            ? Effect.succeed(cut)
            : Effect.catch(
              ask(textOf(check, i), now),
              (error) => isCutOff(error) ? Effect.succeed(cut) : Effect.fail(error)
            )
        }),
        (found) => found.flat()
      )
    })

  return (now) => Effect.catch(ask(all, now), (error) => isCutOff(error) ? oneByOne(now) : Effect.fail(error))
}
