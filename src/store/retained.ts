/** How long what has ended is kept, as it is given, and as the storage is asked by it. */
import * as Duration from "effect/Duration"
import { readDuration, type Takes, units } from "../domain/duration.ts"
import { statusCodes, statuses } from "../domain/Phase.ts"
import type { EndedStatus, HistoryRetention, StatusRetention } from "../Retention.ts"
import { InvalidDuration } from "../SteppedError.ts"

/** How long each status is kept, in ms, at its code; `Infinity`: for ever. */
type Periods = ReadonlyArray<number>

/** How long ended actions are kept. */
export interface Retained {
  /** The shortest time that something is kept, in ms; `Infinity`: all is, for ever. */
  readonly shortest: number
  /** By definition, and under the empty name all others; none: all are kept as long. */
  readonly rules: Readonly<Record<string, Periods>> | undefined
}

/** What is old by now: what has ended before a time (ms of user time), or before that of its definition and status; null: never. */
export interface Old {
  /** The latest of these times. */
  readonly before: number
  readonly rules?: Readonly<Record<string, ReadonlyArray<number | null>>> | undefined
}

const ended = statuses.filter((status): status is EndedStatus => status !== "pending" && status !== "performing")
const words: ReadonlyArray<string> = [...ended, "otherwise"]

const isDefinition = (key: string): boolean => /^[A-Za-z_][\w.-]*\/[A-Za-z_][\w.-]*$/.test(key)

const refuse = (field: string, value: string, takes: string) => new InvalidDuration({ field, value, takes })

/** A record by its fields; anything else is read as a duration. */
const isRecord = (given: unknown): given is Readonly<Record<string, unknown>> =>
  typeof given === "object" && given !== null && !Array.isArray(given) && !Duration.isDuration(given) &&
  !Object.keys(given).some((key) => units.includes(key))

const periodsOf = (field: string, given: StatusRetention, takes: Takes, otherwise: (status: EndedStatus) => number) => {
  const read = (word: keyof StatusRetention, missing: number): number =>
    given[word] === undefined ? missing : readDuration(`${field}.${word}`, given[word], takes)
  const strange = Object.keys(given).find((word) => !words.includes(word))
  if (strange !== undefined) throw refuse(`${field}.${strange}`, "no status of what has ended", words.join(", "))
  const periods: Array<number> = statuses.map(() => Infinity)
  for (const status of ended) {
    periods[statusCodes[status]] = read(status, read("otherwise", otherwise(status)))
  }
  return periods
}

/** Reads how long history is kept: one duration, or by status and action. Throws an {@link InvalidDuration}, which names the field. */
export const readRetention = (field: string, given: Duration.Input | HistoryRetention, takes: Takes): Retained => {
  if (!isRecord(given)) return { shortest: readDuration(field, given, takes), rules: undefined }
  const { actions = {}, ...statusRetention } = given as HistoryRetention
  const others = periodsOf(field, statusRetention, takes, () => Infinity)
  if (!isRecord(actions)) throw refuse(`${field}.actions`, String(actions), "a record by actions such as \"Car/visit\"")
  const own = Object.entries(actions).map(([key, period]): readonly [string, Periods] => {
    const name = `${field}.actions[${JSON.stringify(key)}]`
    if (!isDefinition(key)) throw refuse(name, "no action", "an actor's type and an action's name, as \"Car/visit\"")
    return [
      key,
      isRecord(period)
        ? periodsOf(name, period, takes, (status) => others[statusCodes[status]]!)
        : statuses.map(() => readDuration(name, period, takes))
    ]
  })
  const rules = Object.fromEntries([["", others], ...own])
  return { shortest: Math.min(...Object.values(rules).flat()), rules }
}

/** What is old at a time, in ms. */
export const oldAt = (now: number, { rules, shortest }: Retained): Old => ({
  before: now - shortest,
  rules: rules && Object.fromEntries(
    Object.entries(rules).map(([key, periods]) => [
      key,
      periods.map((period) => period === Infinity ? null : now - period)
    ])
  )
})
