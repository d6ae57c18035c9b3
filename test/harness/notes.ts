/** What user code has done in the current test, in its order. */
import { beforeEach } from "@effect/vitest"
import { Effect } from "effect"

export const seen: Array<string> = []

export const note = (text: string) => Effect.sync(() => void seen.push(text))

beforeEach(() => {
  seen.length = 0
})
