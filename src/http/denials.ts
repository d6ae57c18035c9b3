/** Which refusals are recorded: whoever is refused may go on asking for ever other things, and is not to fill a table with them. */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import { monotonic } from "../store/RealClock.ts"
import { makeRate } from "./rate.ts"

/** Of one person, in a process, at once and in an hour. */
export const deniedMost = 100

/** How many persons are known at a time, those who were refused first forgotten first. */
const personsMost = 1000

const hourMs = 3_600_000

/** Says of each refusal of a person's whether it is recorded. */
export const makeDenials = (nowMs = monotonic): { readonly isRecorded: (subject: string) => boolean } => {
  const persons = new Map<string, ReturnType<typeof makeRate>>()
  return {
    isRecorded: (subject) => {
      // a rate is told in seconds: here, one of them is an hour
      const rate = persons.get(subject) ?? makeRate(deniedMost, () => nowMs() * (1000 / hourMs))
      if (!persons.has(subject)) {
        const [first] = persons.keys()
        if (persons.size >= personsMost && first !== undefined) persons.delete(first)
        persons.set(subject, rate)
      }
      return rate.take()
    }
  }
}

/** The refusals of an API. */
export class Denials extends Context.Service<Denials, ReturnType<typeof makeDenials>>()("stepped/http/Denials") {
  static readonly layer: Layer.Layer<Denials> = Layer.sync(Denials, () => makeDenials())
}
