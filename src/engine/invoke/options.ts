/** What is asked of an enqueueing beside the action itself (rule 14.1), as it is stored. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { readDuration } from "../../domain/duration.ts"
import { priorityLimits } from "../../domain/Phase.ts"
import { isStorable } from "../../domain/storable.ts"
import type { EnqueueOptions } from "../../EnqueueOptions.ts"
import { InvalidDuration, InvalidOption } from "../../SteppedError.ts"
import type { Invocation } from "../../store/Invocation.ts"

export type Asked = Pick<Invocation, "priority" | "due" | "tags">

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
    try: () => ({ ...priorityOf(action, options), ...dueOf(action, options, now), ...tagsOf(action, options) }),
    catch: (error) => error as InvalidOption
  })

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
