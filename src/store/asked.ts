/**
 * What the services are asked for, by one rule for all of them: what nothing can be stored under is found nowhere, and what cannot be a
 * limit, a time or a status is refused with the name of the field.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { hostname } from "node:os"
import type { ActionFilter } from "../ActionRecord.ts"
import { keyLimit } from "../domain/Key.ts"
import { asStored, isActionId, statuses } from "../domain/Phase.ts"
import { isStorable } from "../domain/storable.ts"
import type { OperatorOptions, OperatorVerb } from "../Operation.ts"
import type { StepAttempt } from "../OperatorResult.ts"
import type { PauseOptions } from "../Pause.ts"
import { InvalidQuery } from "../SteppedError.ts"
import type { NewOperation, Within } from "./Records.ts"

/** Rows of a list, if nothing is said, and at most. */
export const listLimit = { otherwise: 100, most: 10_000 }

/** Rows that one call deletes, if nothing is said, and at most. */
export const deletionLimit = { otherwise: 10_000, most: 100_000 }

/** Actions that one call deletes once they are kept elsewhere: all that is stored of them is in one answer. */
export const exportLimit = { otherwise: 1000, most: 100_000 }

/** Actions of one tree, if nothing is said, and at most. */
export const treeLimit = { otherwise: 1000, most: 100_000 }

/** Actions that are looked at for what their steps have asked for, if nothing is said, and at most. */
export const askedLimit = { otherwise: 10_000, most: 100_000 }

/** A limit: a whole number from 1 to `most`. */
export const limitOf = (
  field: string,
  given: number | undefined,
  { most, otherwise }: { readonly otherwise: number; readonly most: number } = listLimit
): Effect.Effect<number, InvalidQuery> => {
  const limit = given ?? otherwise
  return Number.isInteger(limit) && limit >= 1 && limit <= most
    ? Effect.succeed(limit)
    : Effect.fail(new InvalidQuery({ field, value: String(given), takes: `a whole number from 1 to ${most}` }))
}

/** The first ms that Postgres has a date for, in 4714 BC. */
const earliestMillis = -210_866_803_200_000

/** A time, in ms. */
export const timeOf = (field: string, given: Date): Effect.Effect<number, InvalidQuery> => {
  const millis = given.getTime()
  return millis >= earliestMillis
    ? Effect.succeed(millis)
    : Effect.fail(new InvalidQuery({ field, value: String(given), takes: "a date that is one, since 4714 BC" }))
}

/** The id of an action, if there is one. */
export const idOf = (field: string, given: string | undefined): Effect.Effect<void, InvalidQuery> =>
  given === undefined || isActionId(given)
    ? Effect.void
    : Effect.fail(new InvalidQuery({ field, value: given, takes: "the id of an action" }))

/** A number that the place of a step, or an attempt, can have. */
export const isIndex = (given: number | undefined): boolean =>
  given !== undefined && Number.isInteger(given) && given >= 0 && given < 2 ** 31

/** One of some words. */
export const wordsOf = (
  field: string,
  given: ReadonlyArray<string> | undefined,
  known: ReadonlyArray<string>
): Effect.Effect<void, InvalidQuery> => {
  const strange = given?.find((word) => !known.includes(word))
  return strange === undefined
    ? Effect.void
    : Effect.fail(new InvalidQuery({ field, value: strange, takes: known.join(", ") }))
}

/** Whether something can be stored under a text; Postgres would refuse to look for what it cannot store. */
export const canBeStored = (text: string): boolean => isStorable(JSON.stringify(text))

/** Between which ids a list of actions looks; nothing, where what it asks for cannot be stored anywhere. */
export const withinOf = (
  verb: string,
  filter: ActionFilter
): Effect.Effect<Within | undefined, InvalidQuery> =>
  Effect.gen(function*() {
    const { actorId, actorType, after, before, failure, name, parent, retryOf, since, startedBy, tag } = filter
    yield* wordsOf(`statuses of ${verb}`, filter.statuses, ["queued", ...statuses])
    yield* idOf(`after of ${verb}`, after)
    const from = since && (yield* timeOf(`since of ${verb}`, since))
    const until = before && (yield* timeOf(`before of ${verb}`, before))
    const texts = [actorType, actorId, name, tag, failure]
    return texts.every((text) => text === undefined || canBeStored(text)) &&
        [startedBy, parent, retryOf].every((id) => id === undefined || isActionId(id))
      ? { from, until }
      : undefined
  })

/** A value that JSON holds and Postgres can store, of a megabyte at most. */
export const jsonOf = (field: string, given: unknown): Effect.Effect<unknown, InvalidQuery> => {
  const text = (() => {
    try {
      return JSON.stringify(given ?? null)
    } catch {
      return undefined
    }
  })()
  return text !== undefined && isStorable(text) && Buffer.byteLength(text) <= 1024 * 1024
    ? Effect.succeed(JSON.parse(text) as unknown)
    : Effect.fail(
      new InvalidQuery({ field, value: typeof given, takes: "JSON of a megabyte at most that Postgres can store" })
    )
}

/** A text that people read. */
export const textOf = (field: string, given: string, most: number): Effect.Effect<string, InvalidQuery> =>
  typeof given === "string" && given.trim().length > 0 && given.length <= most && canBeStored(given)
    ? Effect.succeed(given)
    : Effect.fail(
      new InvalidQuery({
        field,
        value: typeof given === "string" ? JSON.stringify(given.slice(0, 100)) : String(given),
        takes: `a text of 1 to ${most} characters that Postgres can store`
      })
    )

/** A text that a row of an index holds with certainty. */
export const keyTextOf = (field: string, given: string): Effect.Effect<string, InvalidQuery> =>
  Buffer.byteLength(given) > keyLimit
    ? Effect.fail(
      new InvalidQuery({
        field,
        value: JSON.stringify(given.slice(0, 100)),
        takes: `a text of ${keyLimit} bytes at most`
      })
    )
    : textOf(field, given, keyLimit)

/** The user and host of this process. */
const thisProcess = `${process.env.USER ?? "pid"}${process.env.USER === undefined ? ` ${process.pid}` : ""}@${
  process.env.HOSTNAME ?? hostname()
}`

/** Who asks for something: the process, if nobody is named. */
export const byOf = (verb: OperatorVerb, by: string | undefined): Effect.Effect<string, InvalidQuery> =>
  textOf(`by of ${verb}`, by ?? thisProcess, 100)

/** The action that asks for something of many: what is recorded meanwhile is recorded with it. */
export const Through = Context.Reference<string | undefined>("stepped/Through", { defaultValue: () => undefined })

/** What somebody asks for, as it is recorded, and when that is by user time: `now` is that, in whose terms the transition decides what is due. */
export const operationOf = (
  now: Effect.Effect<number>,
  verb: OperatorVerb,
  target: string,
  { by, reason }: OperatorOptions = {},
  of: Partial<StepAttempt> = {}
): Effect.Effect<NewOperation, InvalidQuery> =>
  Effect.gen(function*() {
    return {
      at: yield* now,
      by: yield* byOf(verb, by),
      verb,
      target: asStored(target),
      index: of.index,
      attemptNumber: of.attemptNumber,
      through: yield* Through,
      reason: reason === undefined ? undefined : yield* textOf(`reason of ${verb}`, reason, 1000)
    }
  })

/** The same of what workers do by themselves, too: of that only what somebody is named for is recorded. */
export const operationIfNamed = (
  now: Effect.Effect<number>,
  verb: OperatorVerb,
  target: string,
  options: OperatorOptions
): Effect.Effect<NewOperation | undefined, InvalidQuery> =>
  options.by === undefined ? Effect.undefined : operationOf(now, verb, target, options)

/** Of deleting what is older than that. */
export const operationOnOlder = (
  now: Effect.Effect<number>,
  verb: OperatorVerb,
  before: Date,
  options: OperatorOptions
): Effect.Effect<NewOperation | undefined, InvalidQuery> =>
  operationIfNamed(now, verb, `before ${before.toISOString()}`, options)

/** Why something is paused, and by whom. */
export const pauseOptionsOf = (
  verb: OperatorVerb,
  options: PauseOptions
): Effect.Effect<{ readonly reason: string; readonly by: string }, InvalidQuery> =>
  Effect.gen(function*() {
    const reason = yield* textOf(`reason of ${verb}`, options.reason, 1000)
    return { reason, by: yield* byOf(verb, options.by) }
  })
