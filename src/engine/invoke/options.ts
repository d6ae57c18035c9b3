/** What is asked of an enqueueing beside the action itself (rule 14.1), as it is stored. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { readDuration } from "../../domain/duration.ts"
import { priorityLimits } from "../../domain/Phase.ts"
import { isStorable } from "../../domain/storable.ts"
import type { EnqueueOptions } from "../../EnqueueOptions.ts"
import { InvalidDuration, InvalidOption } from "../../SteppedError.ts"
import type { Invocation } from "../../store/Invocation.ts"
import { type Fields, strangeIn } from "../../store/strictly.ts"

/** With a name, what came with it is added when the arguments are known. */
export type Asked = Pick<Invocation, "priority" | "due" | "tags" | "named">

/** Characters of a key, which is part of index rows. */
const keyLimit = 255

/** How far an id of the caller's may be ahead, in ms: history is found by the time that ids begin with. */
const aheadMost = 24 * 60 * 60_000

const tagLimits = { count: 20, characters: 100 }

const nothing: Effect.Effect<Asked> = Effect.succeed({})

/** Options over earlier ones: of two times the later one given counts, so that one is left, which spreads do not show. */
export const over = (earlier: EnqueueOptions | undefined, later: EnqueueOptions): EnqueueOptions => {
  const isTimed = isDelayed(later)
  const { at: _at, delay: _delay, ...untimed } = earlier ?? {}
  return { ...isTimed ? untimed : earlier, ...later } as EnqueueOptions
}

/** Whether it is not to start at once. */
export const isDelayed = (options: EnqueueOptions | undefined): boolean =>
  options?.at !== undefined || options?.delay !== undefined

/** Reads options for an action, at a time; most often there are none. */
export const readOptions = (
  action: string,
  options: EnqueueOptions | undefined,
  now: number
): Effect.Effect<Asked, InvalidOption> =>
  options === undefined ? nothing : Effect.try({
    try: () => ({
      ...known(action, options),
      ...priorityOf(action, options),
      ...dueOf(action, options, now),
      ...tagsOf(action, options),
      ...namesOf(action, options, now)
    }),
    catch: (error) => error as InvalidOption
  })

const fields: Fields<EnqueueOptions> = {
  priority: true,
  tags: true,
  at: true,
  delay: true,
  id: true,
  idempotencyKey: true
}

/** One that is misspelt would be enqueued as if nothing was said. */
const known = (action: string, options: EnqueueOptions): Asked => {
  const strange = strangeIn(options, fields)
  if (strange === undefined) return {}
  throw new InvalidOption({ option: `${strange.field} of ${action}`, value: strange.value, takes: strange.takes })
}

const priorityOf = (action: string, { priority }: EnqueueOptions): Asked => {
  const { least, most } = priorityLimits
  if (priority === undefined || priority === 0) return {}
  if (Number.isInteger(priority) && priority >= least && priority <= most) return { priority }
  throw new InvalidOption({
    option: `priority of ${action}`,
    value: String(priority),
    takes: `a whole number from ${least}, which comes first, to ${most}`
  })
}

const dueOf = (action: string, { at, delay }: EnqueueOptions, now: number): Asked => {
  if (at !== undefined && delay !== undefined) {
    throw new InvalidOption({
      option: `delay of ${action}`,
      value: "beside at",
      takes: "one of both: leave out the other"
    })
  }
  if (delay !== undefined) return { due: Math.ceil(now + delayOf(action, delay)) }
  if (at === undefined) return {}
  const millis = DateTime.isDateTime(at) ? DateTime.toEpochMillis(at) : at instanceof Date ? at.getTime() : Number.NaN
  if (Number.isNaN(millis)) {
    throw new InvalidOption({
      option: `at of ${action}`,
      value: String(at),
      takes: "a Date or a DateTime that is one, such as new Date(\"2030-01-31T12:00:00Z\")"
    })
  }
  return { due: Math.max(0, Math.ceil(millis)) }
}

const delayOf = (action: string, delay: unknown): number => {
  try {
    return readDuration(`delay of ${action}`, delay, { least: 0 })
  } catch (error) {
    const { field, takes, value } = error as InvalidDuration
    throw error instanceof InvalidDuration ? new InvalidOption({ option: field, value, takes }) : error
  }
}

const tagsOf = (action: string, { tags }: EnqueueOptions): Asked => {
  if (tags === undefined || tags.length === 0) return {}
  const { characters, count } = tagLimits
  if (tags.length > count) {
    throw new InvalidOption({ option: `tags of ${action}`, value: `${tags.length} texts`, takes: `${count} at most` })
  }
  for (const [index, tag] of tags.entries()) {
    if (typeof tag === "string" && tag.length >= 1 && tag.length <= characters && isStorable(JSON.stringify(tag))) {
      continue
    }
    throw new InvalidOption({
      option: `tags[${index}] of ${action}`,
      value: JSON.stringify(tag) ?? String(tag),
      takes: `a text of 1 to ${characters} characters, without NUL and lone surrogates, which Postgres cannot store`
    })
  }
  return { tags: [...new Set(tags)] }
}

const namesOf = (action: string, { id, idempotencyKey: key }: EnqueueOptions, now: number): Asked => {
  if (id === undefined && key === undefined) return {}
  if (id !== undefined && !(isUuidV7(id) && Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) <= now + aheadMost)) {
    throw new InvalidOption({
      option: `id of ${action}`,
      value: textOf(id),
      takes: "a UUIDv7 whose time is a day ahead at most"
    })
  }
  readKey(`idempotencyKey of ${action}`, key)
  return {
    named: { ...id === undefined ? {} : { id: id.toLowerCase() }, ...key === undefined ? {} : { key }, given: "" }
  }
}

/** A key that somebody has given; throws an `InvalidOption`. */
export const readKey = (option: string, key: unknown): string | undefined => {
  if (key === undefined) return undefined
  if (typeof key === "string" && key.length >= 1 && key.length <= keyLimit && isStorable(JSON.stringify(key))) {
    return key
  }
  throw new InvalidOption({
    option,
    value: textOf(key),
    takes: `a text of 1 to ${keyLimit} characters, without NUL and lone surrogates, which Postgres cannot store: ` +
      "of a longer one use a digest"
  })
}

const isUuidV7 = (text: unknown): text is string =>
  typeof text === "string" && /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.test(text)

/** What was given, for people: of a long text the beginning. */
const textOf = (given: unknown): string =>
  typeof given === "string" && given.length > 100
    ? `${JSON.stringify(given.slice(0, 100))}…`
    : JSON.stringify(given) ?? String(given)

/** What is stored once anyway has no name of its own. */
export const unnamed = (action: string, asked: Asked): Effect.Effect<Asked, InvalidOption> =>
  asked.named === undefined ? Effect.succeed(asked) : Effect.fail(
    new InvalidOption({
      option: `${asked.named.id === undefined ? "idempotencyKey" : "id"} of ${action}`,
      value: textOf(asked.named.id ?? asked.named.key),
      takes: "nothing in a step or a callback: what they ask for is stored once, with their end"
    })
  )
