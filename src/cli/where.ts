/** What is to hold of actions, as one text: `status=failed, since=2 hours`. */
import { Clock, Effect } from "effect"
import type { ActionFilter } from "../ActionRecord.ts"
import { isActionId } from "../domain/Phase.ts"
import { usage } from "./failures.ts"
import { actorOf, readStatuses, readTime } from "./given.ts"

const readers: Readonly<Record<string, (text: string, now: number) => ActionFilter | undefined>> = {
  actor: (text) => {
    const { actorId, actorType } = actorOf(text)
    return { actorType, ...actorId === undefined ? {} : { actorId } }
  },
  action: (name) => ({ name }),
  status: (text) => {
    const statuses = readStatuses(text, "|")
    return statuses && { statuses }
  },
  tag: (tag) => ({ tag }),
  failure: (failure) => ({ failure }),
  parent: (parent) => isActionId(parent) ? { parent } : undefined,
  since: (text, now) => {
    const since = readTime(text, now)
    return since && { since }
  },
  before: (text, now) => {
    const before = readTime(text, now)
    return before && { before }
  }
}

/** What holds, or does not. */
const words: Readonly<Record<string, ActionFilter>> = {
  held: { held: true },
  "to-resume": { toResume: true },
  "not-undone": { notUndone: true },
  "callbacks-failed": { callbacksFailed: true },
  roots: { roots: true }
}

/** What may be asked of, and what is said by a word. */
export const whereKeys = Object.keys(readers)
export const whereWords = Object.keys(words)

/** Reads a filter, which has to name something: no verb is for everything. */
export const where = (text: string) =>
  Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    let filter: ActionFilter = {}
    const said = new Map<string, string>()
    for (const part of text.split(",").map((part) => part.trim())) {
      if (Object.hasOwn(words, part)) {
        filter = { ...filter, ...words[part] }
        continue
      }
      const [, key, value] = /^(\w+)=(.+)$/.exec(part) ?? []
      if (key === undefined || value === undefined || !Object.hasOwn(readers, key)) {
        return yield* usage(
          `--where: ${JSON.stringify(part)} is not one of ${whereKeys.join(", ")} with = and a value, or ${
            whereWords.join(", ")
          }, such as "status=failed|timed_out, since=2 hours"`
        )
      }
      const before = said.get(key)
      if (before !== undefined) return yield* usage(`--where says two times for ${key}: ${before}, and ${value}`)
      said.set(key, value)
      const read = readers[key]!(value, now)
      if (read === undefined) return yield* usage(`--where: ${JSON.stringify(value)} is no ${key}`)
      filter = { ...filter, ...read }
    }
    return filter
  })
